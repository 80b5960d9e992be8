/** What a Taylor model stands for, at every s in [−1, 1]: functions of models contain the functions of what they stand for. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dualNumbers } from "../../src/exact/dual.js";
import { power } from "../../src/exact/field.js";
import { hull, type Interval, intervalRing, rescaled } from "../../src/exact/interval.js";
import { Q, rational, ratioToNumber } from "../../src/exact/rational.js";
import { type TaylorModel, taylorModels } from "../../src/exact/taylor-model.js";

const PRECISION = 80;
const ring = intervalRing(PRECISION, () => {});
const UNIT = 1n << BigInt(PRECISION);
const number = (n: bigint) => ratioToNumber(n, UNIT);

/** The values that a model has at s. */
function at(model: TaylorModel, s: bigint): Interval {
  const place = { low: s, high: s };
  return model.reduceRight((sum, c) => ring.add(ring.mul(sum, place), c), ring.zero);
}

const coefficient = fc.integer({ min: -1000, max: 1000 }).map((n) => ring.enclose(rational(BigInt(n), 256n)));
const polynomial = fc.array(coefficient, { maxLength: 6 });
const degree = fc.integer({ min: 1, max: 8 });
const place = fc.integer({ min: -64, max: 64 }).map((n) => (BigInt(n) * UNIT) / 64n);

/** Whether an interval contains a number known to so many digits. */
function holds({ low, high }: Interval, value: number): boolean {
  const slack = 1e-13 * (1 + Math.abs(value));
  return number(low) <= value + slack && value - slack <= number(high);
}

describe("Taylor models", () => {
  it.each(["add", "sub", "mul"] as const)("%s", (operation) => {
    fc.assert(
      fc.property(polynomial, polynomial, degree, place, (f, g, n, s) => {
        const models = taylorModels(ring, n);
        const [x, y] = [at(f, s), at(g, s)].map(({ low }) => number(low)) as [number, number];
        const exact = operation === "add" ? x + y : operation === "sub" ? x - y : x * y;
        const result = models[operation](f, g);
        expect(holds(at(result, s), exact)).toBe(true);
        const { low, high } = models.range(result);
        expect(low <= at(result, s).low && at(result, s).high <= high).toBe(true);
      }),
    );
  });

  it("exp", () => {
    fc.assert(
      fc.property(polynomial, degree, place, (f, n, s) => {
        const { exp } = taylorModels(ring, n);
        expect(holds(at(exp(f), s), Math.exp(number(at(f, s).low)))).toBe(true);
      }),
    );
  });

  it("inv, where all values are positive", () => {
    fc.assert(
      fc.property(polynomial, degree, place, fc.integer({ min: 1, max: 4000 }), (f, n, s, more) => {
        const { range, inv, add } = taylorModels(ring, n);
        const lowest = range(f).low - (BigInt(more) * UNIT) / 1000n;
        const positive = add(f, [{ low: -lowest, high: -lowest }]);
        expect(holds(at(inv(positive), s), 1 / number(at(positive, s).low))).toBe(true);
      }),
    );
    expect(() => taylorModels(ring, 3).inv([ring.zero, ring.one])).toThrow(RangeError);
  });

  it("are narrow where the degree is high enough", () => {
    const { exp, inv, range, sub } = taylorModels(ring, 20);
    const tenth = ring.enclose(rational(1n, 10n));
    const f = [ring.one, tenth];
    const { low, high } = range(sub(exp(f), inv(exp([ring.neg(ring.one), ring.neg(tenth)]))));
    expect(number(high - low)).toBeLessThan(1e-15);
  });
});

describe("intervals", () => {
  it("exp", () => {
    fc.assert(
      fc.property(fc.integer({ min: -40_000, max: 9000 }), fc.constantFrom(16, 64, 200), (n, precision) => {
        const own = intervalRing(precision, () => {});
        const { low, high } = own.exp(own.enclose(rational(BigInt(n), 1000n)));
        const [a, b] = [low, high].map((end) => ratioToNumber(end, 1n << BigInt(precision))) as [number, number];
        const exact = Math.exp(n / 1000);
        expect(a <= exact * (1 + 1e-14) && exact * (1 - 1e-14) <= b).toBe(true);
        expect(b - a).toBeLessThanOrEqual(exact * 1e-13 + (4 + 2 * exact) * 2 ** -precision);
      }),
    );
    expect(ring.exp(ring.zero)).toMatchObject({ low: expect.any(BigInt) });
    expect(() => ring.exp({ low: 0n, high: 1025n * UNIT })).toThrow(RangeError);
  });

  it("hull, and other units", () => {
    expect(hull({ low: 1n, high: 2n }, { low: -3n, high: 0n })).toEqual({ low: -3n, high: 2n });
    expect(rescaled({ low: -5n, high: 5n }, 4, 6)).toEqual({ low: -20n, high: 20n });
    expect(rescaled({ low: -5n, high: 5n }, 6, 4)).toEqual({ low: -2n, high: 2n });
  });
});

it("dual numbers differentiate: (xⁿ)' = n xⁿ⁻¹", () => {
  const duals = dualNumbers(Q);
  fc.assert(
    fc.property(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 9 }), (x, n) => {
      const value = rational(BigInt(x), 7n);
      const { rate } = power(duals, { value, rate: Q.one }, BigInt(n));
      const expected = Q.mul(rational(BigInt(n)), power(Q, value, BigInt(n - 1)));
      expect(Q.isZero(Q.sub(rate, expected))).toBe(true);
    }),
  );
});
