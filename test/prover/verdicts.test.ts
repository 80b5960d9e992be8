/** Known answers, generic and degenerate: what `check` decides about each point. */
import { describe, expect, it } from "vitest";
import type { Instance } from "../../src/network/instance.js";
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
  [
    "one neuron between two labels, each cell with its own multipliers",
    full([2, 1, 1], { "leaky-relu": "1/2" }),
    [
      [["-3/10", "2/5"], 1],
      [["5/44", "-5/22"], -1],
    ],
    ["6/5", "-8/5", "-2"],
    { kkt: "yes", strict: true, global: "yes" },
  ],
  [
    "a filter at two samples",
    { kind: "convolutional", input: 2, filter: 2, stride: 1, activation: "relu" },
    [
      [["13/2", "-13"], 1],
      [["0", "13/5"], 1],
    ],
    ["12/13", "5/13", "1"],
    { kkt: "yes", strict: true, global: "yes" },
  ],
  [
    "one direction spread over the second layer, on the leaky side",
    full([1, 1, 2, 1], { "leaky-relu": "1/10" }),
    [[["800"], -1]],
    ["-1/2", "5/26", "6/13", "5/26", "6/13"],
    { kkt: "yes", local: "yes", strict: null, global: "no" },
  ],
  [
    "two live branches of a deep diagonal network",
    diagonal(2, 3, "relu"),
    [
      [["1", "-3"], 1],
      [["9/25", "54/25"], 1],
    ],
    ["1", "2/3", "1", "2/3", "1", "2/3"],
    { kkt: "yes", strict: true, global: "yes" },
  ],
  [
    "two live branches as good as one",
    diagonal(2, 4, "linear"),
    [
      [["16/15", "-16/15"], 1],
      [["16/25", "144/25"], 1],
    ],
    ["1", "1/2", "1", "1/2", "1", "1/2", "1", "1/2"],
    { kkt: "yes", strict: true, global: "yes" },
  ],
  [
    "a branch of a deep diagonal network that another sign serves better",
    diagonal(3, 4, "relu"),
    [
      [["1", "2", "1"], 1],
      [["16/25", "-64/25", "-144/25"], 1],
    ],
    ["1", "0", "-1/2", "1", "0", "1/2", "1", "0", "1/2", "1", "0", "1/2"],
    { kkt: "yes", strict: true, global: "no" },
  ],
  [
    "huge data",
    full([2, 2, 1], "relu"),
    [
      [["10^20", "0"], 1],
      [["-5/13*10^20", "12/13*10^20"], 1],
    ],
    ["1/10^10", "0", "-5/13*1/10^10", "12/13*1/10^10", "1/10^10", "1/10^10"],
    { kkt: "yes", strict: true, global: "no" },
  ],
  [
    "tiny data",
    full([2, 2, 1], "relu"),
    [
      [["1/10^20", "0"], 1],
      [["-5/13*1/10^20", "12/13*1/10^20"], 1],
    ],
    ["10^10", "0", "-5/13*10^10", "12/13*10^10", "10^10", "10^10"],
    { kkt: "yes", strict: true, global: "no" },
  ],
];

describe("the verdict on", () => {
  it.each(CASES)("%s", (_, network, data, point, expected) => {
    const verdict = decide(network, data, point);
    expect(verdict).toMatchObject(expected);
    expect(verdict.undecided).toEqual([]);
  });
});
