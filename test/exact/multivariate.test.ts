import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { abs, compare, dot, type Ring, sum } from "../../src/exact/field.js";
import {
  accumulate,
  constant,
  constantTerm,
  gradientAtOrigin,
  hessianEntries,
  type MultivariatePolynomial,
  multivariateRing,
  scaled,
  shiftedVariable,
  sumOfProducts,
  tailBound,
} from "../../src/exact/multivariate.js";
import { polynomialRing } from "../../src/exact/polynomial.js";
import { rational } from "../../src/exact/rational.js";
import { element, FIELDS, smallRational } from "./fields.js";

const VARIABLES = 3;
const ALL = Array.from({ length: VARIABLES }, (_, v) => v);

/** p with a value of a ring R ⊃ K for each variable. */
function substitute<E, R>(R: Ring<R>, lift: (c: E) => R, p: MultivariatePolynomial<E>, values: readonly R[]): R {
  const terms = [...p.values()].map((t) => t.variables.reduce((r, v) => R.mul(r, values[v]!), lift(t.coefficient)));
  return sum(R, terms);
}

describe.each(FIELDS.filter(({ name }) => ["ℚ", "ℚ(√2)", "ℚ(2^{1/3})"].includes(name)))(
  "polynomials in several variables over $name",
  ({ field: K }) => {
    const ring = multivariateRing(K);
    const small = element(K, smallRational);
    const point = fc.array(small, { minLength: VARIABLES, maxLength: VARIABLES });
    // Sums of products of shifted variables: what a forward pass makes.
    const factor = fc.tuple(small, fc.nat(VARIABLES - 1)).map(([c, v]) => shiftedVariable(K, c, v));
    const product = fc
      .tuple(small, fc.array(factor, { maxLength: 3 }))
      .map(([c, f]) => f.reduce(ring.mul, constant(K, c)));
    const any = fc.array(product, { maxLength: 3 }).map((terms) => sum(ring, terms));
    const at = (p: MultivariatePolynomial<unknown>, x: readonly unknown[]) => substitute(K, (c) => c, p, x);
    const same = (a: unknown, b: unknown) => K.isZero(K.sub(a, b));
    const holds = (
      law: Parameters<
        typeof fc.property<[MultivariatePolynomial<unknown>, MultivariatePolynomial<unknown>, unknown[]]>
      >[3],
    ) => fc.assert(fc.property(any, any, point, law), { numRuns: 40 });

    test("the operations are those of the values", () => {
      holds((p, q, x) => {
        expect(same(at(ring.add(p, q), x), K.add(at(p, x), at(q, x)))).toBe(true);
        expect(same(at(ring.sub(p, q), x), K.sub(at(p, x), at(q, x)))).toBe(true);
        expect(same(at(ring.mul(p, q), x), K.mul(at(p, x), at(q, x)))).toBe(true);
        expect(same(at(ring.neg(p), x), K.neg(at(p, x)))).toBe(true);
      });
    });

    test("multiples and sums of products are those of the ring", () => {
      holds((p, q, x) => {
        const [c, d] = [x[0], x[1]];
        expect(same(at(scaled(K, p, c), x), K.mul(c, at(p, x)))).toBe(true);
        const pairs = [
          [p, q],
          [q, q],
        ] as const;
        expect(ring.isZero(ring.sub(sumOfProducts(K, pairs), ring.add(ring.mul(p, q), ring.mul(q, q))))).toBe(true);
        const target = new Map(p);
        accumulate(K, target, q, d);
        expect(ring.isZero(ring.sub(target, ring.add(p, scaled(K, q, d))))).toBe(true);
        expect(constantTerm(K, p)).toEqual(at(p, [K.zero, K.zero, K.zero]));
      });
    });

    test("no coefficient is zero, and equal polynomials cancel", () => {
      holds((p, q) => {
        const square = ring.mul(ring.add(p, q), ring.sub(p, q));
        expect([...square.values()].some(({ coefficient }) => K.isZero(coefficient))).toBe(false);
        expect(ring.isZero(ring.sub(square, ring.sub(ring.mul(p, p), ring.mul(q, q))))).toBe(true);
        expect(ring.isZero(ring.sub(ring.mul(p, ring.one), p))).toBe(true);
      });
    });

    test("gradient and Hessian at the origin are the first coefficients along every line", () => {
      holds((p, _, u) => {
        const line = polynomialRing(K);
        const along = substitute(
          line,
          (c) => (K.isZero(c) ? [] : [c]),
          p,
          u.map((c) => line.add([K.zero, c], line.zero)),
        );
        expect(same(along[1] ?? K.zero, dot(K, gradientAtOrigin(K, p, ALL), u))).toBe(true);
        const twice = K.fromRational(rational(2n));
        const curvature = sum(
          K,
          hessianEntries(K, p).map(({ u: i, v: j, entry }) =>
            K.mul(i === j ? entry : K.mul(twice, entry), K.mul(u[i], u[j])),
          ),
        );
        expect(same(K.mul(twice, along[2] ?? K.zero), curvature)).toBe(true);
      });
    });

    test("the tail bound bounds the tail", () => {
      holds((p, _, d) => {
        const r = d.map((c) => abs(K, c)).reduce((a, b) => (compare(K, a, b) > 0 ? a : b));
        for (const lowest of [0, 1, 2, 3]) {
          const tail = new Map([...p].filter(([, { variables }]) => variables.length >= lowest));
          let bound = tailBound(K, p, lowest, r);
          for (let k = 0; k < lowest; k++) bound = K.mul(bound, r);
          expect(compare(K, abs(K, at(tail, d)), bound)).not.toBe(1);
        }
      });
    });
  },
);

test("one polynomial in numbers: (2 + x₀)(x₁ − 3)x₁", () => {
  const K = FIELDS[0]!.field;
  const n = (value: bigint) => K.fromRational(rational(value));
  const ring = multivariateRing(K);
  const x1 = shiftedVariable(K, K.zero, 1);
  const p = ring.mul(ring.mul(shiftedVariable(K, n(2n), 0), shiftedVariable(K, n(-3n), 1)), x1);
  expect(gradientAtOrigin(K, p, ALL).map(K.toNumber)).toEqual([0, -6, 0]);
  expect(gradientAtOrigin(K, p, [1]).map(K.toNumber)).toEqual([-6]);
  expect(hessianEntries(K, p).map(({ u, v, entry }) => [u, v, K.toNumber(entry)])).toEqual([
    [1, 1, 4],
    [0, 1, -3],
  ]);
  // −6x₁ + 2x₁² − 3x₀x₁ + x₀x₁²
  expect([0, 1, 2, 3, 4].map((lowest) => K.toNumber(tailBound(K, p, lowest, n(10n))))).toEqual([1560, 156, 15, 1, 0]);
});
