/** Known answers, generic and degenerate: what `check` decides about each point. */
import { describe, expect, it } from "vitest";
import type { Instance } from "../../src/certificate/format.js";
import { parseProblem } from "../../src/problem/problem.js";
import { certify } from "../../src/prover/certify.js";
import { type Verdict, verdictOf } from "../../src/report/verdict.js";

function decide(network: object, data: [string[], 1 | -1][], point: string[]): Verdict {
  const text = JSON.stringify({
    format: "margincert/problem/1",
    name: "case",
    network,
    data: data.map(([x, y]) => ({ x, y })),
    point,
  });
  const { problem } = parseProblem(text);
  const instance: Instance<unknown> = { ...problem, point: problem.point! };
  return verdictOf(instance, certify(instance).accepted, new Map(), null);
}

const full = (widths: number[], activation: unknown) => ({ kind: "fully-connected", widths, activation });
const diagonal = (width: number, depth: number, activation: string) => ({ kind: "diagonal", width, depth, activation });
const zeros = (n: number) => Array.from({ length: n }, () => "0");

const S = "sqrt(2)";
const XOR: [string[], 1 | -1][] = [
  [[S, S], 1],
  [[`-${S}`, `-${S}`], 1],
  [[S, `-${S}`], -1],
  [[`-${S}`, S], -1],
];
const FC_RELU: [string[], 1 | -1][] = [
  [["1", "1/4"], 1],
  [["-1", "1/4"], 1],
];

const CASES: [string, object, [string[], 1 | -1][], string[], Partial<Verdict>][] = [
  [
    "two neurons that share one direction",
    full([2, 2, 1], "relu"),
    [[["1", "0"], 1]],
    ["3/5", "0", "4/5", "0", "3/5", "4/5"],
    { kkt: "yes", local: "yes", global: "yes" },
  ],
  [
    "a rotation of a linear network",
    full([2, 2, 1], "linear"),
    [[["1", "0"], 1]],
    ["3/5", "0", "4/5", "0", "3/5", "4/5"],
    { kkt: "yes", local: "yes", global: "yes" },
  ],
  [
    "a dead neuron exactly at the edge",
    full([2, 2, 1], "relu"),
    [[["1", "0"], 1]],
    ["1", "0", "0", "0", "1", "0"],
    { kkt: "yes", local: "yes", strict: null, global: "yes" },
  ],
  [
    "the same with leaky ReLU",
    full([2, 2, 1], { "leaky-relu": "1/10" }),
    [[["1", "0"], 1]],
    ["1", "0", "0", "0", "1", "0"],
    { kkt: "yes", local: "yes", strict: null, global: "yes" },
  ],
  [
    "kinks whose multiplier is a strict convex combination",
    full([2, 2, 1], "relu"),
    [
      [["3", "4"], 1],
      [["5", "0"], -1],
    ],
    ["0", "1/2", "2/5", "-3/10", "1/2", "-1/2"],
    { kkt: "yes", local: "yes", strict: true },
  ],
  [
    "XOR on four samples with four neurons: eight kinks",
    full([2, 4, 1], "relu"),
    XOR,
    ["1/2", "1/2", "-1/2", "-1/2", "1/2", "-1/2", "-1/2", "1/2", `${S}/2`, `${S}/2`, `-${S}/2`, `-${S}/2`],
    { kkt: "yes", local: "yes", strict: true, global: "yes" },
  ],
  ...(["linear", "relu"] as const).map((activation): (typeof CASES)[number] => [
    `a dead branch of depth 3, ${activation}`,
    diagonal(2, 3, activation),
    [[["1", "8"], 1]],
    ["1", "0", "1", "0", "1", "0"],
    { kkt: "yes", local: "yes", strict: true, global: "no" },
  ]),
  [
    "one live and 32 dead neurons",
    full([2, 33, 1], "relu"),
    FC_RELU,
    ["0", "2", ...zeros(64), "2", ...zeros(32)],
    { kkt: "yes", local: "no", global: "no" },
  ],
  [
    "twenty neurons at kinks with weights that are not zero",
    full([2, 20, 1], "relu"),
    [[["1", "0"], 1]],
    ["1", "0", ...zeros(38), ...Array.from({ length: 20 }, () => "1")],
    { kkt: "no", local: "no", global: "no" },
  ],
  [
    "a linear classifier, depth 1",
    full([2, 1], "relu"),
    [[["1", "0"], 1]],
    ["1", "0"],
    { kkt: "yes", local: "yes", global: "yes" },
  ],
  [
    "a rank-one ReLU network of depth 3 with spare units",
    full([2, 2, 2, 1], "relu"),
    [[["1", "0"], 1]],
    ["1", "0", "0", "0", "1", "0", "0", "0", "1", "0"],
    { kkt: "yes", local: "yes", strict: null, global: "yes" },
  ],
  [
    "a feasible point that is not KKT",
    full([2, 2, 1], "relu"),
    [[["1", "0"], 1]],
    ["2", "0", "0", "0", "1", "0"],
    { kkt: "no", local: "no", global: "no" },
  ],
  [
    "an infeasible point",
    full([2, 2, 1], "relu"),
    [[["1", "0"], 1]],
    ["1/2", "0", "0", "0", "1", "0"],
    { feasible: false, kkt: "no", local: "no", global: "no", layers: [] },
  ],
];

describe("the verdict on", () => {
  it.each(CASES)("%s", (_, network, data, point, expected) => {
    const verdict = decide(network, data, point);
    expect(verdict).toMatchObject(expected);
    expect(verdict.undecided).toEqual([]);
  });
});
