import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Polynomial, polynomialRing, signOnInterval } from "../../src/exact/polynomial.js";
import { rational } from "../../src/exact/rational.js";
import { evaluatePolynomial } from "./evaluate.js";
import { element, FIELDS, smallRational } from "./fields.js";

const RUNS = { numRuns: 40 };

describe.each(FIELDS.filter(({ field }) => field.degree <= 3))("polynomials over $name", ({ field: K }) => {
  const ring = polynomialRing(K);
  const small = element(K, smallRational);
  const any: fc.Arbitrary<Polynomial<unknown>> = fc
    .tuple(fc.nat(2), fc.array(small, { maxLength: 4 }))
    .map(([order, p]) => ring.add([...new Array<unknown>(order).fill(K.zero), ...p], ring.zero));
  const at = (p: Polynomial<unknown>, t: unknown) => evaluatePolynomial(K, p, t);
  const same = (a: unknown, b: unknown) => K.isZero(K.sub(a, b));

  test("the operations are those of the values", () => {
    fc.assert(
      fc.property(any, any, small, (p, q, t) => {
        expect(same(at(ring.add(p, q), t), K.add(at(p, t), at(q, t)))).toBe(true);
        expect(same(at(ring.sub(p, q), t), K.sub(at(p, t), at(q, t)))).toBe(true);
        expect(same(at(ring.mul(p, q), t), K.mul(at(p, t), at(q, t)))).toBe(true);
        expect(same(at(ring.neg(p), t), K.neg(at(p, t)))).toBe(true);
      }),
      RUNS,
    );
  });

  test("results have no trailing zeros, so that zero is recognised", () => {
    fc.assert(
      fc.property(any, any, any, (p, q, r) => {
        for (const result of [ring.sub(ring.add(p, q), q), ring.mul(p, q)]) {
          expect(result.length === 0 || !K.isZero(result.at(-1))).toBe(true);
        }
        expect(ring.isZero(ring.sub(p, p))).toBe(true);
        expect(ring.isZero(ring.sub(ring.mul(p, ring.add(q, r)), ring.add(ring.mul(p, q), ring.mul(p, r))))).toBe(true);
        expect(ring.isZero(ring.sub(ring.mul(p, ring.one), p))).toBe(true);
      }),
      RUNS,
    );
  });

  test("a sign on (0, T] is that of every sample, and some T has one", () => {
    fc.assert(
      fc.property(any, fc.bigInt(1n, 5n), (p, start) => {
        let T = K.fromRational(rational(start));
        let sign = signOnInterval(K, p, T);
        // |q_0| > Σ|q_j| T^j holds from some T on; here coefficients are neither tiny nor huge.
        for (let halvings = 0; sign === null && halvings < 60; halvings++) {
          T = K.mul(T, K.fromRational(rational(1n, 2n)));
          sign = signOnInterval(K, p, T);
        }
        expect(sign).not.toBeNull();
        expect(sign === 0).toBe(ring.isZero(p));
        for (let k = 1n; k <= 16n; k++) {
          expect(K.sign(at(p, K.mul(T, K.fromRational(rational(k, 16n)))))).toBe(sign);
        }
      }),
      RUNS,
    );
  });
});

test("the sign test on (0, T] in numbers", () => {
  const K = FIELDS[0]!.field;
  const p = (...coefficients: bigint[]) => coefficients.map((c) => K.fromRational(rational(c)));
  const T = (n: bigint, d = 1n) => K.fromRational(rational(n, d));
  expect(signOnInterval(K, [], T(1n))).toBe(0);
  expect(signOnInterval(K, p(0n, 0n, -3n), T(100n))).toBe(-1);
  expect(signOnInterval(K, p(1n, -1n), T(1n))).toBeNull(); // zero at T itself
  expect(signOnInterval(K, p(1n, -1n), T(99n, 100n))).toBe(1);
  expect(signOnInterval(K, p(0n, 2n, -1n, -1n), T(1n))).toBeNull(); // 2t − t² − t³ vanishes at 1
  expect(signOnInterval(K, p(0n, 2n, -1n, -1n), T(9n, 10n))).toBe(1);
});
