/** What `identify` answers for crude trainings, against code that shares nothing with it. */
import { describe, expect, it } from "vitest";
import { Q, type Rational } from "../../src/exact/rational.js";
import { identify } from "../../src/identify/index.js";
import { passAt } from "../../src/kernel/forward.js";
import { verifyCertificate } from "../../src/kernel/verify.js";
import { type Instance, marginOf } from "../../src/network/instance.js";
import { gaussian, uniform } from "../../src/numeric/random.js";
import { parseProblem } from "../../src/problem/problem.js";
import { bestHalfNorm, dyadic, instanceOf, KINDS, type Net, randomTraining, type Task } from "./training.js";

const XOR: Task = {
  name: "xor",
  X: [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ],
  y: [1, 1, -1, -1],
  slope: 0,
};
/** Each unit on one sample: all margins equal 1, rounded to floats. */
const onXor = (size: number): Net => [
  XOR.X.map((x) => x.map((c) => c * size * 1.0001)),
  [XOR.y.map((c) => (c * 0.9999) / size)],
];

describe("the four axes with a unit each", () => {
  const found = identify(instanceOf(onXor(1), XOR));

  it("are recognised exactly, a global optimum with half norm 4", () => {
    expect(found.kind).toBe("exact");
    expect(found.verdict).toMatchObject({ feasible: true, kkt: "yes", local: "yes", global: "yes" });
    expect(found.halfNorm).toBeCloseTo(4, 12);
    expect(found.certificate).not.toBeNull();
  });

  it("lead to the same point at any scale of the weights", () => {
    const problem = instanceOf(onXor(1), XOR);
    const scaled = identify({ ...problem, point: problem.point.map((c) => Q.mul(c, dyadic(1024))) });
    expect(scaled.kind).toBe("exact");
    expect(scaled.certificate).toBe(found.certificate);
  });
});

it("names the samples that the weights do not separate, and proves nothing", () => {
  const net = onXor(1);
  const broken = identify(instanceOf([net[0]!, [net[1]![0]!.map((c, j) => (j === 2 ? -c : c))]], XOR));
  expect(broken).toMatchObject({ kind: "none", certificate: null, halfNorm: null });
  expect(broken.reasons.join("; ")).toMatch(/do not separate the data: the margin of sample 3 is not positive/);
});

describe("random trainings", () => {
  const cases = Array.from({ length: 9 }, (_, k) => ({ kind: KINDS[k % KINDS.length]!, seed: k + 1 })).flatMap(
    ({ kind, seed }) => {
      const training = randomTraining(kind, seed, 0);
      return training === null ? [] : [{ name: training.task.name, seed, ...training }];
    },
  );

  it("separate their data, most of them", () => expect(cases.length).toBeGreaterThan(3));

  it.each(cases)("$name", ({ net, task, seed }) => {
    const { kind, verdict, halfNorm, certificate, reasons } = identify(instanceOf(net, task));
    if (kind === "none") {
      expect(reasons).not.toEqual([]);
      expect(certificate).toBeNull();
      return;
    }
    expect(verdict).toMatchObject({ feasible: true, kkt: "yes" });
    const checked = verifyCertificate(JSON.parse(certificate!));
    expect(checked.readable && checked.statements.map(({ accepted }) => accepted)).not.toContain(false);
    expect(checked.readable).toBe(true);
    if (verdict.global === "yes") expect(bestHalfNorm(net, task, 4, seed)).toBeGreaterThan(halfNorm! * (1 - 1e-6));
  });
});

describe("networks beyond depth 2, and of several classes", () => {
  const apart = [
    { x: ["1", "1/3"], y: 1 },
    { x: ["-1/2", "1"], y: -1 },
    { x: ["3/4", "-1/5"], y: 1 },
  ];
  const paths = ["1", "1/5", "-3/10", "1", "1", "1/10", "1/10", "1"];
  const fully = (widths: readonly number[], activation: unknown = "relu") => ({
    kind: "fully-connected",
    widths,
    activation,
  });
  const source = (network: unknown, data: unknown, point: readonly string[]) =>
    JSON.stringify({ format: "margincert/problem/1", name: "near", network, data, point });
  const layer = (scope: number, global: string) => ({ layer: scope, local: "yes", strict: true, global });

  it.each([
    ["depth 3, a path for each label", fully([2, 2, 2, 1]), apart, [...paths, "1", "-1"]],
    ["depth 3, leaky", fully([2, 2, 2, 1], { "leaky-relu": "1/4" }), apart, [...paths, "1", "-1"]],
    [
      "three classes",
      fully([2, 3, 3]),
      apart.map(({ x }, k) => ({ x: k === 2 ? ["-3/4", "-4/5"] : x, y: k + 1 })),
      ["1", "0", "0", "1", "-1", "-1", "1", "0", "0", "0", "1", "0", "0", "0", "1"],
    ],
  ])("%s: a strict local optimum, each layer too, the last one globally", (_, network, data, point) => {
    const { problem } = parseProblem(source(network, data, point));
    const instance = problem as Instance<Rational>;
    const found = identify(instance);
    const count = instance.network.layers.length;
    expect(found.kind).toBe("enclosed");
    expect(found.verdict).toMatchObject({ kkt: "yes", local: "yes", strict: true, radius: null });
    expect(found.verdict.layers).toEqual(
      Array.from({ length: count }, (__, l) => layer(l + 1, l === count - 1 ? "yes" : "undecided")),
    );
    const checked = verifyCertificate(JSON.parse(found.certificate!));
    if (!checked.readable || checked.sort !== "enclosed") throw new RangeError("the certificate is refused");
    // Random points nearby, scaled to be feasible, are longer.
    const { theta, ring, margins } = checked.enclosed;
    const here = theta.map(({ low, high }) => Number(low + high) / 2 ** (ring.precision + 1));
    const normal = gaussian(uniform(5));
    for (let k = 0; k < 300; k++) {
      const size = 2 ** -(2 + (k % 10));
      const away = here.map((c) => c + size * normal());
      const at = { ...instance, point: away.map((c) => dyadic(c)) };
      const least = Math.min(
        ...margins.map((margin) => Q.toNumber(marginOf(Q, margin, passAt(at, margin.sample, at.point).outputs))),
      );
      if (least <= 0) continue;
      const scale = Math.max(1, least ** (-1 / count));
      expect(Math.hypot(...away) * scale).toBeGreaterThan(Math.hypot(...here));
    }
  });
});
