import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FamilyError } from "../../src/exact/family.js";
import { type Field, largerBound, sizeBound } from "../../src/exact/field.js";
import { functionField, type RationalFunction, valueAt } from "../../src/exact/function-field.js";
import {
  commonDivisor,
  compareRoots,
  type IntegerPolynomial,
  quotient,
  type RealRoot,
  rationalRoot,
  rootsBetween,
  squareFree,
  timesPolynomial,
  trimmed,
} from "../../src/exact/integer-polynomial.js";
import { numberField } from "../../src/exact/number-field.js";
import { Q, type Rational, rational } from "../../src/exact/rational.js";

const ROOT_2 = {
  minimalPolynomial: [-2n, 0n, 1n].map((c) => rational(c)),
  interval: [rational(1n), rational(2n)],
} as const;
const at = (n: bigint, d = 1n) => rationalRoot(n, d);
const over = (from: RealRoot, to: RealRoot, constants: typeof ROOT_2 | null = null) =>
  functionField({ parameter: "s", interval: [from, to] }, constants);
const polynomial = fc
  .array(fc.bigInt({ min: -9n, max: 9n }), { maxLength: 5 })
  .map((c) => trimmed([...c]) as IntegerPolynomial);
const nonZero = polynomial.filter((p) => p.length > 0);

/** A fraction, wherever its poles are. */
const fraction = (K: Field<RationalFunction>) =>
  fc
    .tuple(
      fc.array(polynomial, { minLength: K.description === null ? 1 : 2, maxLength: K.description === null ? 1 : 2 }),
      nonZero,
    )
    .map(([numerators, denominator]) => ({ numerators, denominator }));

describe.each([
  ["ℚ(s)", null, Q],
  ["ℚ(√2)(s)", ROOT_2, numberField(ROOT_2)],
] as const)("%s", (_, constants, base) => {
  const B = base as Field<unknown>;
  const K = over(at(5n), at(6n), constants);
  const read = ({ numerators, denominator }: { numerators: IntegerPolynomial[]; denominator: IntegerPolynomial }) => {
    try {
      return K.functions!.fromParts(numerators, denominator);
    } catch (error) {
      if (error instanceof FamilyError) return null;
      throw error;
    }
  };
  const element = fraction(K)
    .map(read)
    .filter((a) => a !== null);
  const point = fc.bigInt({ min: 51n, max: 59n }).map((n) => rational(n, 10n));
  const value = (a: RationalFunction, s: Rational) => valueAt(B, a, s)!;

  it("computes what the values are, and keeps one form", () => {
    fc.assert(
      fc.property(element, element, point, (a, b, s) => {
        for (const op of ["add", "sub", "mul"] as const)
          expect(B.isZero(B.sub(value(K[op](a, b), s), B[op](value(a, s), value(b, s))))).toBe(true);
        expect(K.key(K.sub(K.add(a, b), b))).toBe(K.key(a));
        expect(K.isZero(K.sub(K.mul(a, b), K.mul(b, a)))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it("inverts what has no zero, and names the zeros of what has some", () => {
    fc.assert(
      fc.property(element, (a) => {
        if (K.isZero(a)) return;
        try {
          expect(K.key(K.mul(a, K.inv(a)))).toBe(K.key(K.one));
        } catch (error) {
          if (!(error instanceof FamilyError)) throw error;
          expect(error.clause).toBe("pole");
          expect(error.places.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("gives a sign only where all values have it, and misses none", () => {
    fc.assert(
      fc.property(element, (a) => {
        const signs = new Set(
          Array.from({ length: 199 }, (_, k) => B.sign(value(a, rational(1000n + BigInt(k + 1), 200n)))),
        );
        let sign: number | null;
        try {
          sign = K.sign(a);
        } catch (error) {
          if (!(error instanceof FamilyError)) throw error;
          sign = null;
          for (const { low, high, d } of error.places) {
            expect(low * 1n >= 5n * d && high <= 6n * d).toBe(true);
          }
        }
        if (sign !== null) expect([...signs]).toEqual([sign]);
        else if (constants === null) {
          // A zero really is there.
          const places = rootsBetween(squareFree(a.numerators[0]!), 5n, 6n, 1n);
          expect(places.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("bounds sizes whatever the sign", () => {
    fc.assert(
      fc.property(element, element, point, (a, b, s) => {
        const size = (c: unknown) => (B.sign(c) < 0 ? B.neg(c) : c);
        const [left, right] = [sizeBound(K, a), sizeBound(K, b)];
        expect(B.sign(B.sub(value(left, s), size(value(a, s))))).toBeGreaterThanOrEqual(0);
        const larger = value(largerBound(K, left, right), s);
        for (const one of [left, right]) expect(B.sign(B.sub(larger, value(one, s)))).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 150 },
    );
  });
});

describe("the interval", () => {
  const s = (K: Field<RationalFunction>, ...c: bigint[]) => K.functions!.fromParts([c], [1n]);
  /** 3^(-1/4) */
  const root: RealRoot = { polynomial: [-1n, 0n, 0n, 0n, 3n], low: 0n, high: 1n, d: 1n };

  it("is open: what vanishes at an end only has a sign, at an algebraic one too", () => {
    expect(over(at(0n), at(1n)).sign(s(over(at(0n), at(1n)), 0n, 1n))).toBe(1);
    const below = over(at(0n), root);
    expect(below.sign(s(below, -1n, 0n, 0n, 0n, 3n))).toBe(-1);
    const above = over(root, at(2n));
    expect(above.sign(s(above, -1n, 0n, 0n, 0n, 3n))).toBe(1);
    // (3s⁴ − 1)(1 − s²) shares a factor with the end, and has another zero.
    expect(() => above.sign(s(above, -1n, 0n, 1n, 0n, 3n, 0n, -3n))).toThrow(FamilyError);
    const between = over(root, at(1n));
    expect(between.sign(s(between, -1n, 0n, 1n, 0n, 3n, 0n, -3n))).toBe(1);
  });

  it("tells zeros next to an algebraic end from the end", () => {
    const near = 759835685651n; // 3^(-1/4) = 0.7598356856515925…
    const above = over(root, at(2n));
    expect(() => above.sign(s(above, -(near + 1n), 10n ** 12n))).toThrow(FamilyError);
    expect(above.sign(s(above, -near, 10n ** 12n))).toBe(1);
  });

  it("refuses a zero without a change of sign", () => {
    const K = over(at(0n), at(1n));
    expect(() => K.sign(s(K, 1n, -4n, 4n))).toThrow("s = 1/2");
    expect(() => K.inv(s(K, 1n, -4n, 4n))).toThrow("s = 1/2");
  });

  it("refuses a pole that cancels where it is read", () => {
    const K = over(at(0n), at(1n));
    expect(() => K.functions!.fromParts([[-1n, 2n]], [-1n, 2n])).toThrow("s = 1/2");
    expect(() => K.functions!.fromParts([[1n]], [])).toThrow(FamilyError);
  });

  it.each([
    ["empty", at(1n), at(1n)],
    ["backwards", at(1n), at(0n)],
    ["without a root", at(0n), { polynomial: [1n, 0n, 1n], low: 0n, high: 1n, d: 1n }],
    ["with two roots", at(-5n), { polynomial: [-2n, 0n, 1n], low: -2n, high: 2n, d: 1n }],
  ] as const)("is refused where it is %s", (_, from, to) => {
    expect(() => over(from, to as RealRoot)).toThrow(FamilyError);
  });
});

describe("polynomials with integer coefficients", () => {
  it("have common divisors that divide, and contain every common factor", () => {
    fc.assert(
      fc.property(nonZero, nonZero, nonZero, (p, q, r) => {
        const [a, b] = [timesPolynomial(p, r), timesPolynomial(q, r)];
        const divisor = commonDivisor(a, b);
        expect(quotient(a, divisor)).not.toBeNull();
        expect(quotient(b, divisor)).not.toBeNull();
        expect(quotient(divisor, r)).not.toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  it("have the roots that they were made from, in order", () => {
    const roots = fc.uniqueArray(fc.tuple(fc.bigInt({ min: -30n, max: 30n }), fc.bigInt({ min: 1n, max: 7n })), {
      maxLength: 5,
      selector: ([n, d]) => rational(n, d).toFraction(),
    });
    fc.assert(
      fc.property(roots, (given) => {
        const p = given.map(([n, d]): IntegerPolynomial => [-n, d]).reduce(timesPolynomial, [1n, 0n, 1n]);
        const inside = given
          .map(([n, d]) => rational(n, d))
          .filter((q) => Q.sign(Q.sub(rational(3n), q)) > 0 && Q.sign(Q.add(rational(3n), q)) > 0);
        const found = rootsBetween(squareFree(p), -3n, 3n, 1n);
        expect(found.length).toBe(inside.length);
        const sorted = inside.sort((a, b) => Q.sign(Q.sub(a, b)));
        for (const [k, place] of found.entries())
          expect(compareRoots(place, rationalRoot(sorted[k]!.s * sorted[k]!.n, sorted[k]!.d))).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
