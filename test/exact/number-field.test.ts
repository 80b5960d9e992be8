import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compare, equals, type Field } from "../../src/exact/field.js";
import { FieldError, FieldLimitError, numberField } from "../../src/exact/number-field.js";
import { Q, type Rational, rational } from "../../src/exact/rational.js";
import { integerRoot } from "../../src/problem/roots.js";
import { evaluatePolynomial } from "./evaluate.js";
import { field } from "./fields.js";

/** Σ coefficients[k] a^k */
function polynomial(K: Field<unknown>, ...coefficients: bigint[]): unknown {
  return K.fromCoordinates(coefficients.map((c) => rational(c)));
}

const x33 = ["-2", ...new Array<string>(32).fill("0"), "1"];

describe("a description that does not define a real number field is refused", () => {
  test.each([
    ["not monic", ["-1", "0", "2"], "0", "1", /not monic/],
    ["a fraction for a coefficient", ["-1/2", "0", "1"], "0", "1", /coefficient -1\/2, not an integer/],
    ["degree 33", x33, "1", "2", /degree 33, not 2 to 32/],
    ["degree 1", ["-2", "1"], "1", "3", /degree 1,/],
    ["no polynomial", [], "1", "3", /degree -1,/],
    ["no root in the interval", ["-2", "0", "1"], "2", "3", /exactly one root/],
    ["two roots in the interval", ["-2", "0", "1"], "-2", "2", /exactly one root/],
    ["a double root in the interval", ["4", "0", "-4", "0", "1"], "1", "2", /exactly one root/],
    ["an empty interval", ["-2", "0", "1"], "2", "1", /interval is empty/],
    ["an interval of one point", ["-2", "0", "1"], "1", "1", /interval is empty/],
    ["a root at the lower end", ["0", "-2", "0", "1"], "0", "2", /rational root/],
    ["a root at the upper end", ["0", "-2", "0", "1"], "-2", "0", /rational root/],
  ])("%s", (_, coefficients, low, high, message) => {
    expect(() => field(coefficients, low, high)).toThrow(FieldError);
    expect(() => field(coefficients, low, high)).toThrow(message);
  });
});

describe("a reducible polynomial never yields a wrong sign", () => {
  test.each([
    ["x² − 4, a = 2, the bisection meets the root", ["-4", "0", "1"], "1", "3"],
    ["x² − 4, a = 2, the bisection misses the root", ["-4", "0", "1"], "1", "7/2"],
  ])("%s", (_, coefficients, low, high) => {
    const K = field(coefficients, low, high);
    const zero = polynomial(K, -2n, 1n);
    expect(K.isZero(zero)).toBe(false);
    expect(() => K.sign(zero)).toThrow(FieldError);
    expect(() => K.inv(zero)).toThrow(FieldError);
  });

  test("(x² − 2)(x² − 3), a = √2", () => {
    const K = field(["6", "0", "-5", "0", "1"], "1", "3/2");
    const zero = polynomial(K, -2n, 0n, 1n);
    const minusOne = polynomial(K, -3n, 0n, 1n);
    expect(() => K.sign(zero)).toThrow(FieldError);
    expect(() => K.inv(zero)).toThrow(FieldError);
    expect(() => K.inv(minusOne)).toThrow(FieldError);
    expect(K.sign(minusOne)).toBe(-1);
    expect(K.sign(polynomial(K, -1n, 1n))).toBe(1);
    expect(K.isZero(K.mul(zero, minusOne))).toBe(true);
  });
});

test("a degree of 32 is supported, and its inverses are quick", () => {
  const K = field(["-2", ...new Array<string>(31).fill("0"), "1"], "1", "2");
  const dense = K.fromCoordinates(
    Array.from({ length: 32 }, (_, k) => rational(BigInt(7 * k * k + 3) ** 9n, BigInt(k + 1))),
  );
  expect(equals(K, K.mul(dense, K.inv(dense)), K.one)).toBe(true);
  expect(K.sign(dense)).toBe(1);
  const generator = K.fromCoordinates([Q.zero, Q.one]);
  expect(K.toNumber(generator)).toBeCloseTo(2 ** (1 / 32), 14);
});

test("inverses in degree 8 and 12, of small and large numbers, and of those with small inverses", () => {
  const eighth = field(["-3", ...new Array<string>(7).fill("0"), "1"], "1", "2");
  const twelfth = field(["-2", "0", "0", "3", "0", "0", "0", "-1", "0", "0", "5", "0", "1"], "0", "1");
  const coordinate = fc.oneof(fc.constant(0n), fc.bigInt(-9n, 9n), fc.bigInt(-(10n ** 60n), 10n ** 60n));
  for (const K of [eighth, twelfth]) {
    const element = fc
      .tuple(fc.array(coordinate, { minLength: K.degree, maxLength: K.degree }), fc.bigInt(1n, 10n ** 30n))
      .map(([numerators, d]) => K.fromCoordinates(numerators.map((n) => rational(n, d))));
    fc.assert(
      fc.property(element, (a) => {
        fc.pre(!K.isZero(a));
        const inverse = K.inv(a);
        expect(equals(K, K.mul(a, inverse), K.one)).toBe(true);
        // The inverse of a large one is small.
        expect(equals(K, K.inv(inverse), a)).toBe(true);
      }),
      { numRuns: 60 },
    );
  }
});

test("a zero divisor of degree 8 has no inverse", () => {
  // (x⁴ − 2)(x⁴ − 3), at the fourth root of 2.
  const K = field(["6", "0", "0", "0", "-5", "0", "0", "0", "1"], "1", "5/4");
  expect(() => K.inv(polynomial(K, -2n, 0n, 0n, 0n, 1n))).toThrow(/reducible/);
  expect(() => K.inv(polynomial(K, -3n, 0n, 0n, 0n, 1n))).toThrow(/reducible/);
  expect(equals(K, K.mul(K.inv(polynomial(K, 1n, 1n)), polynomial(K, 1n, 1n)), K.one)).toBe(true);
});

/** Descartes' count in the interval, from the definition: the sign variations of Σ c_k (low + high·x)^k (1 + x)^{n−k}. */
function variations(polynomial: readonly Rational[], low: Rational, high: Rational): number {
  const times = (p: readonly Rational[], q: readonly Rational[]): Rational[] =>
    Array.from({ length: p.length + q.length - 1 }, (_, k) =>
      p.reduce((sum, c, i) => sum.add(c.mul(q[k - i] ?? Q.zero)), Q.zero),
    );
  const power = (p: readonly Rational[], n: number) =>
    new Array(n).fill(p).reduce<readonly Rational[]>((product, factor) => times(product, factor), [Q.one]);
  const n = polynomial.length - 1;
  const terms = polynomial.map((c, k) => times([c], times(power([low, high], k), power([Q.one, Q.one], n - k))));
  const signs = terms[0]!
    .map((_, k) => Q.sign(terms.reduce((sum, t) => sum.add(t[k]!), Q.zero)))
    .filter((s) => s !== 0);
  return signs.filter((s, k) => k > 0 && s !== signs[k - 1]).length;
}

const end = fc.tuple(fc.bigInt(-40n, 40n), fc.bigInt(1n, 9n)).map(([n, d]) => rational(n, d));
const description = fc.record({
  minimalPolynomial: fc
    .array(fc.bigInt(-9n, 9n), { minLength: 2, maxLength: 6 })
    .map((coefficients) => [...coefficients, 1n].map((c) => rational(c))),
  interval: fc.tuple(end, end).map(([p, q]): [Rational, Rational] => (p.compare(q) < 0 ? [p, q] : [q, p])),
});

function outcome(build: () => unknown): string {
  try {
    build();
    return "accepted";
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    return error.message;
  }
}

test("fields are accepted exactly when rational arithmetic says so", () => {
  fc.assert(
    fc.property(description, ({ minimalPolynomial, interval }) => {
      const expected = (): string => {
        const [low, high] = interval;
        if (low.equals(high)) return "the isolating interval is empty";
        if (variations(minimalPolynomial, low, high) !== 1) {
          return "the interval is not shown to contain exactly one root of the minimal polynomial";
        }
        return interval.some((q) => Q.isZero(evaluatePolynomial(Q, minimalPolynomial, q)))
          ? "the minimal polynomial has a rational root, so it is reducible"
          : "accepted";
      };
      expect(outcome(() => numberField({ minimalPolynomial, interval }))).toBe(expected());
    }),
    { numRuns: 1000 },
  );
});

test("rationals lie on the side of the generator where the polynomial says so", () => {
  fc.assert(
    fc.property(description, end, ({ minimalPolynomial, interval }, q) => {
      const [low, high] = interval;
      const signAt = (x: Rational) => Q.sign(evaluatePolynomial(Q, minimalPolynomial, x));
      const integers = Array.from({ length: 81 }, (_, k) => rational(BigInt(k - 40)));
      // Without a rational root in between, which is an integer, no sign is refused.
      fc.pre(!integers.some((n) => low.compare(n) <= 0 && n.compare(high) <= 0 && signAt(n) === 0));
      fc.pre(outcome(() => numberField({ minimalPolynomial, interval })) === "accepted");
      const K = numberField({ minimalPolynomial, interval });
      const below = q.compare(low) <= 0 || (q.compare(high) < 0 && signAt(q) === signAt(low));
      expect(compare(K, K.fromRational(q), K.fromCoordinates([Q.zero, Q.one]))).toBe(below ? -1 : 1);
    }),
    { numRuns: 300 },
  );
});

test("two roots close to each other, x⁵ = 2(10x − 1)², are told apart by the ends of the interval", () => {
  const mignotte = ["-2", "40", "-200", "0", "0", "1"];
  const side = (K: Field<unknown>, n: bigint) => K.sign(K.fromCoordinates([rational(-n, 10_000n), Q.one]));
  const [lower, upper] = [field(mignotte, "1/20", "1/10"), field(mignotte, "1/10", "1/5")];
  expect([0n, 900n, 997n, 998n, 1000n, 1003n, 5000n].map((n) => side(lower, n))).toEqual([1, 1, 1, -1, -1, -1, -1]);
  expect([0n, 900n, 998n, 1002n, 1003n, 5000n].map((n) => side(upper, n))).toEqual([1, 1, 1, 1, -1, -1]);
});

describe("numbers of absurd size", () => {
  const x32 = [rational(-2n), ...new Array<Rational>(31).fill(Q.zero), Q.one];
  const large = 10n ** 5000n;

  test("an interval with ends of 5,000 digits, degree 32", () => {
    const K = numberField({
      minimalPolynomial: x32,
      interval: [rational(large + 3n, large + 1n), rational(3n * large + 1n, 2n * large + 7n)],
    });
    const plain = numberField({ minimalPolynomial: x32, interval: [Q.one, rational(2n)] });
    for (const [n, d] of [
      [1n, 1n],
      [1021n, 1000n],
      [1022n, 1000n],
      [large + 1n, large],
    ] as const) {
      const coordinates = [rational(-n, d), Q.one];
      expect(K.sign(K.fromCoordinates(coordinates))).toBe(plain.sign(plain.fromCoordinates(coordinates)));
    }
    expect(K.toNumber(K.fromCoordinates([Q.zero, Q.one]))).toBe(2 ** (1 / 32));
  });

  test("an element within 2^−20000 of zero", () => {
    const K = numberField({ minimalPolynomial: x32, interval: [Q.one, rational(2n)] });
    const below = integerRoot(2n << (32n * 20_000n), 32);
    expect(K.sign(K.fromCoordinates([rational(-below, 1n << 20_000n), Q.one]))).toBe(1);
  });

  test("an interval that reaches too far out", () => {
    const interval: [Rational, Rational] = [Q.one, rational(large)];
    expect(() => numberField({ minimalPolynomial: x32, interval })).toThrow(FieldLimitError);
    expect(() => numberField({ minimalPolynomial: x32, interval })).toThrow(/reaches too far out/);
  });
});

test("the inverse needs a row exchange", () => {
  const K = field(["-2", "0", "1"], "1", "2");
  expect(K.coordinates(K.inv(polynomial(K, 0n, 1n))).map(String)).toEqual(["0", "0.5"]);
});
