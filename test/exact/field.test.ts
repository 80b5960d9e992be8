import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { abs, compare, dot, equals, squaredNorm, sum } from "../../src/exact/field.js";
import { formatRational, parseRational, Q, rational } from "../../src/exact/rational.js";
import { element, FIELDS, fixedPoint, SCALE } from "./fields.js";

const RUNS = { numRuns: 60 };

describe.each(FIELDS)("the field $name", (row) => {
  const K = row.field;
  const any = element(K);
  const holds = (law: (a: unknown, b: unknown, c: unknown) => boolean) =>
    fc.assert(fc.property(any, any, any, law), RUNS);

  test("addition is an abelian group", () => {
    holds((a, b, c) => equals(K, K.add(a, b), K.add(b, a)) && equals(K, K.add(K.add(a, b), c), K.add(a, K.add(b, c))));
    holds(
      (a, b) => equals(K, K.add(a, K.zero), a) && K.isZero(K.add(a, K.neg(a))) && equals(K, K.sub(K.add(a, b), b), a),
    );
  });

  test("multiplication is an abelian group off zero, and distributes", () => {
    holds((a, b, c) => equals(K, K.mul(a, b), K.mul(b, a)) && equals(K, K.mul(K.mul(a, b), c), K.mul(a, K.mul(b, c))));
    holds((a, b, c) => equals(K, K.mul(a, K.add(b, c)), K.add(K.mul(a, b), K.mul(a, c))));
    holds((a) => equals(K, K.mul(a, K.one), a) && (K.isZero(a) || equals(K, K.mul(a, K.inv(a)), K.one)));
    holds((a, b) => K.isZero(b) || equals(K, K.mul(K.div(a, b), b), a));
  });

  test("zero has no inverse", () => {
    expect(() => K.inv(K.zero)).toThrow(RangeError);
    expect(() => K.div(K.one, K.sub(K.one, K.one))).toThrow(RangeError);
  });

  test("the order is total and compatible with the operations", () => {
    holds((a, b) => compare(K, a, b) === -compare(K, b, a) && (compare(K, a, b) === 0) === equals(K, a, b));
    holds((a, b) => K.sign(K.mul(a, b)) === K.sign(a) * K.sign(b));
    holds((a, b, c) => compare(K, K.add(a, c), K.add(b, c)) === compare(K, a, b));
    holds((a) => K.sign(abs(K, a)) === Math.abs(K.sign(a)));
  });

  test("signs and floating-point values agree with decimals of 400 digits", () => {
    holds((a) => {
      const value = fixedPoint(row, a);
      const sign = value === 0n ? 0 : value < 0n ? -1 : 1;
      const approximate = Number((value * 10n ** 20n) / SCALE) / 1e20;
      return K.sign(a) === sign && Math.abs(K.toNumber(a) - approximate) <= 1e-15 * Math.abs(approximate) + 1e-19;
    });
  });

  test.each([16, 64, 200])("bounds of %i bits hold decimals of 400 digits, and are narrow", (precision) => {
    holds((a) => {
      const { low, high } = K.bounds(a, precision);
      const scaled = fixedPoint(row, a) << BigInt(precision);
      const slack = 1n << BigInt(precision + 20); // fixedPoint is right up to a few units
      return low * SCALE - slack <= scaled && scaled <= high * SCALE + slack && high - low <= 2n;
    });
  });

  test.each([1, 20, 90, 300])("elements within 10^−%i of zero have the right sign", (digits) => {
    const unit = 10n ** BigInt(digits);
    const below = K.fromRational(rational((row.generator * unit) / SCALE - 1n, unit));
    const above = K.fromRational(rational((row.generator * unit) / SCALE + 2n, unit));
    const generator = K.fromCoordinates([Q.zero, Q.one]);
    if (K.degree === 1) return;
    expect(compare(K, below, generator)).toBe(-1);
    expect(compare(K, above, generator)).toBe(1);
    expect(K.toNumber(K.sub(above, generator)) * 10 ** digits).toBeGreaterThan(0);
  });

  test("coordinates and their text determine the element", () => {
    holds((a, b) => {
      const texts = K.coordinates(a).map(formatRational);
      const back = K.fromCoordinates(texts.map((text) => parseRational(text)!));
      return (
        texts.length === K.degree &&
        equals(K, back, a) &&
        (equals(K, a, b) || String(K.coordinates(b)) !== String(texts))
      );
    });
  });

  test("rationals embed", () => {
    const q = rational(-22n, 7n);
    expect(K.coordinates(K.fromRational(q)).map(formatRational)).toEqual([
      "-22/7",
      ...new Array(K.degree - 1).fill("0"),
    ]);
    expect(K.isZero(K.fromCoordinates([]))).toBe(true);
    expect(equals(K, sum(K, [K.one, K.one]), K.fromRational(rational(2n)))).toBe(true);
    expect(equals(K, dot(K, [K.one, K.zero], [K.one, K.one]), squaredNorm(K, [K.one]))).toBe(true);
  });
});
