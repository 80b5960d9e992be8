import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { approximateKkt } from "../../src/flow/approximate-kkt.js";
import { modelOf, passesAt, patternAt } from "../../src/flow/model.js";
import { nonNegativeLeastSquares } from "../../src/flow/non-negative.js";
import { combination, dot, norm } from "../../src/numeric/matrix.js";
import { gaussian, uniform } from "../../src/numeric/random.js";
import { parseProblem } from "../../src/problem/problem.js";

const model = (network: unknown, data: unknown) =>
  modelOf(parseProblem(JSON.stringify({ format: "margincert/problem/1", name: "near", network, data })).problem);
const relu = (...widths: readonly number[]) => ({ kind: "fully-connected", widths, activation: "relu" });

describe("nonNegativeLeastSquares", () => {
  it("meets the conditions of optimality, dependent columns or not", () => {
    const vectors = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 8 })).chain(([height, count]) =>
      fc.array(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: height, maxLength: height }), {
        minLength: count + 1,
        maxLength: count + 1,
      }),
    );
    fc.assert(
      fc.property(vectors, (rows) => {
        const [target, ...columns] = rows.map((row) => Float64Array.from(row)) as [Float64Array, ...Float64Array[]];
        const weights = nonNegativeLeastSquares(columns, target);
        const sum = combination(target.length, weights, columns);
        const rest = target.map((x, j) => x - sum[j]!);
        columns.forEach((column, k) => {
          expect(weights[k]).toBeGreaterThanOrEqual(0);
          expect(dot(column, rest)).toBeLessThan(1e-11);
          if (weights[k]! > 0) expect(Math.abs(dot(column, rest))).toBeLessThan(1e-11);
        });
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});

describe("approximateKkt", () => {
  const TWO = [
    { x: ["1", "1/4"], y: 1 },
    { x: ["-1", "1/4"], y: 1 },
  ];

  it("is zero at a KKT point of any scale, with its multipliers", () => {
    const { epsilon, delta, scale, multipliers } = approximateKkt(
      model(relu(2, 2, 1), TWO),
      Float64Array.of(0, 6, 0, 0, 6, 0),
    )!;
    expect(scale).toBeCloseTo(1 / 3, 14);
    expect(Math.max(epsilon, delta)).toBeLessThan(1e-14);
    expect([...multipliers].map((one) => Number(one.toFixed(12)))).toEqual([2, 2]);
  });

  it("takes the best subgradient at a kink", () => {
    // Sample 1 is on the kink of neuron 1, sample 2 on that of neuron 2.
    const given = model(relu(2, 2, 1), [
      { x: ["1", "0"], y: -1 },
      { x: ["1/2", "1"], y: 1 },
    ]);
    const t = 1.25 ** -0.25;
    const point = Float64Array.of(0, 1, t, -t / 2, 1, -1 / t);
    expect(approximateKkt(given, point)!.epsilon).toBeLessThan(1e-14);
    const aside = Float64Array.of(1e-9, 1, t, -t / 2, 1, -1 / t);
    expect(approximateKkt(given, aside)!.epsilon).toBeGreaterThan(0.1);
    const { epsilon, delta } = approximateKkt(given, aside, { kink: 1e-3 })!;
    expect(Math.max(epsilon, delta)).toBeLessThan(1e-8);
  });

  it("is none where a margin is not positive", () => {
    expect(approximateKkt(model(relu(2, 2, 1), TWO), Float64Array.of(1, 0, 0, 0, 1, 0))).toBeNull();
  });

  it("takes, of multipliers with the same ε, those with the least δ", () => {
    // Both samples serve a point along (1, 0), but only the first is active.
    const given = model({ kind: "layers", activation: "linear", layers: [[["a", "b"]]] }, [
      { x: ["1", "0"], y: 1 },
      { x: ["2", "0"], y: 1 },
    ]);
    const { epsilon, delta } = approximateKkt(given, Float64Array.of(1, 0))!;
    expect(epsilon).toBeLessThan(1e-12);
    expect(delta).toBeLessThan(1e-12);
  });

  it("is the distance to the cone of the gradients where there are no kinks", () => {
    const random = gaussian(uniform(7));
    for (let round = 0; round < 40; round++) {
      const data = Array.from({ length: 4 }, () => ({ x: [random().toFixed(6), random().toFixed(6)], y: 1 }));
      const given = model(relu(2, 4, 1), data);
      const theta = Float64Array.from({ length: 12 }, (_, j) => (j < 8 ? random() : Math.abs(random())));
      const found = approximateKkt(given, theta);
      if (found === null) continue;
      const point = theta.map((x) => found.scale * x);
      const passes = passesAt(given, patternAt(given, point), [0, 1, 2, 3], point);
      const gradients = passes.map(({ gradient }) => gradient);
      const weights = nonNegativeLeastSquares(gradients, point);
      const sum = combination(12, weights, gradients);
      const distance = norm(point.map((x, j) => x - sum[j]!));
      expect(found.epsilon).toBeGreaterThanOrEqual(distance - 1e-12);
      expect(found.epsilon).toBeLessThan(distance + 1e-4);
      const delta = passes.reduce((total, { margin }, k) => total + found.multipliers[k]! * (margin - 1), 0);
      expect(found.delta).toBeCloseTo(delta, 12);
    }
  });
});
