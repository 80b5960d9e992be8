/** What `identify` answers for crude trainings, against code that shares nothing with it. */
import { describe, expect, it } from "vitest";
import { Q } from "../../src/exact/rational.js";
import { identify } from "../../src/identify/index.js";
import { verifyCertificate } from "../../src/kernel/verify.js";
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
