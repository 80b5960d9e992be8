/** Every operation on intervals contains the exact results at all points of its arguments, and is rounded outwards by at most one unit. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { power } from "../../src/exact/field.js";
import { endsOf, type Interval, intervalRing } from "../../src/exact/interval.js";
import { Q, type Rational, rational } from "../../src/exact/rational.js";

const free = () => {};
const precisions = fc.constantFrom(16, 17, 64, 200);
const numbers = fc
  .tuple(fc.bigInt(-(10n ** 12n), 10n ** 12n), fc.bigInt(1n, 10n ** 9n))
  .map(([n, d]) => rational(n, d));
const fractions = fc.integer({ min: 0, max: 8 }).map((n) => rational(BigInt(n), 8n));

const least = (a: Rational, b: Rational) => (Q.sign(Q.sub(a, b)) <= 0 ? a : b);
const most = (a: Rational, b: Rational) => (Q.sign(Q.sub(a, b)) <= 0 ? b : a);

/** An interval with a point of it. */
const inside = (precision: number) => {
  const { enclose } = intervalRing(precision, free);
  return fc.tuple(numbers, numbers, fractions).map(([a, b, t]) => ({
    interval: { low: enclose(least(a, b)).low, high: enclose(most(a, b)).high },
    point: Q.add(Q.mul(a, t), Q.mul(b, Q.sub(Q.one, t))),
  }));
};

function contains(interval: Interval, precision: number, q: Rational): boolean {
  const [low, high] = endsOf(interval, precision);
  return Q.sign(Q.sub(q, low)) >= 0 && Q.sign(Q.sub(high, q)) >= 0;
}

const withPrecision = <T>(make: (precision: number) => fc.Arbitrary<T>) =>
  precisions.chain((precision) => make(precision).map((value) => ({ precision, value })));

const pairs = withPrecision((precision) => fc.tuple(inside(precision), inside(precision)));

describe("intervals", () => {
  it("enclose a number, in one unit or exactly", () => {
    fc.assert(
      fc.property(precisions, numbers, (precision, q) => {
        const interval = intervalRing(precision, free).enclose(q);
        expect(contains(interval, precision, q)).toBe(true);
        const isDyadic = (1n << BigInt(precision)) % q.d === 0n;
        expect(interval.high - interval.low).toBe(isDyadic ? 0n : 1n);
      }),
    );
  });

  it.each(["add", "sub", "mul"] as const)("%s contains what it stands for", (operation) => {
    fc.assert(
      fc.property(pairs, ({ precision, value: [x, y] }) => {
        const result = intervalRing(precision, free)[operation](x.interval, y.interval);
        expect(result.low <= result.high).toBe(true);
        expect(contains(result, precision, Q[operation](x.point, y.point))).toBe(true);
      }),
    );
  });

  it("roots contain what they stand for, in one unit more at either end", () => {
    fc.assert(
      fc.property(pairs, fc.integer({ min: 1, max: 6 }), ({ precision, value: [{ interval, point }] }, n) => {
        const ring = intervalRing(precision, free);
        if (interval.low < 0n) {
          expect(() => ring.root(interval, n)).toThrow(RangeError);
          return;
        }
        const [low, high] = endsOf(ring.root(interval, n), precision);
        expect(Q.sign(Q.sub(power(Q, low, BigInt(n)), point)) <= 0).toBe(true);
        expect(Q.sign(Q.sub(power(Q, high, BigInt(n)), point)) >= 0).toBe(true);
        const unit = rational(1n, 1n << BigInt(precision));
        const [least, most] = endsOf(interval, precision);
        expect(Q.sign(Q.sub(power(Q, Q.add(low, unit), BigInt(n)), least))).toBe(1);
        if (Q.sign(high) > 0) expect(Q.sign(Q.sub(power(Q, Q.sub(high, unit), BigInt(n)), most)) <= 0).toBe(true);
      }),
    );
  });

  it("products end less than a unit beyond the products of the ends", () => {
    fc.assert(
      fc.property(pairs, ({ precision, value: [x, y] }) => {
        const { low, high } = intervalRing(precision, free).mul(x.interval, y.interval);
        const unit = 1n << BigInt(precision);
        const corners = [x.interval.low, x.interval.high].flatMap((a) =>
          [y.interval.low, y.interval.high].map((b) => a * b),
        );
        const [first, ...others] = corners as [bigint, ...bigint[]];
        const lowest = others.reduce((a, b) => (b < a ? b : a), first);
        const highest = others.reduce((a, b) => (b > a ? b : a), first);
        expect(low * unit <= lowest && lowest < (low + 1n) * unit).toBe(true);
        expect((high - 1n) * unit < highest && highest <= high * unit).toBe(true);
      }),
    );
  });

  it("neg, and the sign where it shows", () => {
    fc.assert(
      fc.property(withPrecision(inside), ({ precision, value: { interval, point } }) => {
        const { neg, sign } = intervalRing(precision, free);
        expect(contains(neg(interval), precision, Q.neg(point))).toBe(true);
        const shown = sign(interval);
        if (shown !== null) expect(shown).toBe(Q.sign(point));
        else expect(interval.low <= 0n && interval.high >= 0n).toBe(true);
      }),
    );
  });

  it("inv, of intervals without 0", () => {
    fc.assert(
      fc.property(withPrecision(inside), ({ precision, value: { interval, point } }) => {
        const { inv, sign } = intervalRing(precision, free);
        if (sign(interval) === 1 || sign(interval) === -1)
          expect(contains(inv(interval), precision, Q.inv(point))).toBe(true);
        else expect(() => inv(interval)).toThrow(RangeError);
      }),
    );
  });

  it("activate: z where z ≥ 0, slope z where z ≤ 0", () => {
    fc.assert(
      fc.property(withPrecision(inside), fractions, ({ precision, value: { interval, point } }, slope) => {
        const { activate, enclose } = intervalRing(precision, free);
        const image = Q.sign(point) >= 0 ? point : Q.mul(slope, point);
        const result = activate(interval, enclose(slope));
        expect(contains(result, precision, image)).toBe(true);
        expect(result.low <= result.high).toBe(true);
        expect(result.low >= interval.low || interval.low >= 0n).toBe(true);
      }),
    );
  });

  it("combine: a sum of products with numbers, rounded once", () => {
    const columns = withPrecision((precision) =>
      fc.array(fc.tuple(fc.bigInt(-(2n ** 70n), 2n ** 70n), inside(precision)), { maxLength: 6 }),
    );
    fc.assert(
      fc.property(columns, ({ precision, value }) => {
        const { combine, zero, add, mul } = intervalRing(precision, free);
        const factors = value.map(([factor]) => factor);
        const entries = value.map(([, { interval }], row) => ({ row, value: interval }));
        const unit = 1n << BigInt(precision);
        const exact = value.reduce((sum, [f, { point }]) => Q.add(sum, Q.mul(rational(f, unit), point)), Q.zero);
        const result = combine(factors, entries);
        expect(contains(result, precision, exact)).toBe(true);
        const termwise = value.reduce((sum, [f, { interval }]) => add(sum, mul({ low: f, high: f }, interval)), zero);
        expect(termwise.low <= result.low && result.high <= termwise.high).toBe(true);
      }),
    );
  });

  it("charge what they cost", () => {
    let spent = 0;
    const ring = intervalRing(64, (words) => {
      spent += words;
    });
    const steps = [
      () => ring.enclose(rational(1n, 3n)),
      () => ring.mul(ring.one, ring.one),
      () => ring.inv(ring.one),
      () => ring.combine([1n], [{ row: 0, value: ring.one }]),
      () => ring.activate(ring.neg(ring.one), ring.one),
    ];
    for (const step of steps) {
      const before = spent;
      step();
      expect(spent).toBeGreaterThan(before);
    }
    const long = 10n ** 4000n + 1n;
    const before = spent;
    ring.enclose(rational(long + 2n, long));
    expect(spent - before).toBeGreaterThan(1000);
  });
});
