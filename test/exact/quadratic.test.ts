/** Forms in factors against their matrices. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Field } from "../../src/exact/field.js";
import { isPositiveSemidefinite } from "../../src/exact/linear.js";
import { isSemidefiniteForm, matrixOf, type QuadraticForm } from "../../src/exact/quadratic.js";
import { type Rational, rational } from "../../src/exact/rational.js";
import { FIELDS } from "./fields.js";

describe.each(FIELDS.slice(0, 2))("quadratic forms over $name", ({ field }) => {
  const K = field as Field<unknown>;
  const number = (n: number, d = 1) => K.fromRational(rational(BigInt(n), BigInt(d)) as Rational);
  const small = fc.integer({ min: -3, max: 3 }).map((n) => number(n, 2));
  const sparse = (n: number) =>
    fc
      .dictionary(fc.nat(n - 1).map(String), small, { maxKeys: 4 })
      .map((entries) => new Map(Object.entries(entries).map(([k, c]) => [Number(k), c])));
  const form: fc.Arbitrary<QuadraticForm<unknown>> = fc.integer({ min: 1, max: 9 }).chain((n) =>
    fc.record({
      diagonal: fc
        .tuple(fc.array(fc.constantFrom(-1, 0, 1, 2), { minLength: n, maxLength: n }), fc.constantFrom(-1, 0, 1, 2))
        .map(([own, common]) => own.map((c, k) => number(k % 3 === 0 ? c : common))),
      products: fc
        .array(fc.record({ first: sparse(n), second: sparse(n), weight: small, isSquare: fc.boolean() }), {
          maxLength: 3,
        })
        .map((all) => all.map((one) => ({ ...one, second: one.isSquare ? one.first : one.second }))),
    }),
  );

  test("are semidefinite as their matrices are, and take no more rows", () => {
    const seen = { yes: 0, no: 0, fewer: 0 };
    fc.assert(
      fc.property(form, (one) => {
        let rows = 0;
        const found = isSemidefiniteForm(K, one, (count) => {
          rows = count;
        });
        expect(found).toBe(isPositiveSemidefinite(K, matrixOf(K, one)));
        expect(rows).toBeLessThanOrEqual(one.diagonal.length);
        seen[found ? "yes" : "no"]++;
        if (rows < one.diagonal.length) seen.fewer++;
      }),
      { numRuns: 400, seed: 5 },
    );
    // All of it happens.
    expect(Math.min(seen.yes, seen.no, seen.fewer)).toBeGreaterThan(20);
  });

  test("on the border: c |x|² − (f·x)² with |f|² = c, and a little more", () => {
    const ones = new Map(Array.from({ length: 16 }, (_, k) => [k, K.one] as const));
    const less = (weight: unknown): QuadraticForm<unknown> => ({
      diagonal: [...ones.keys()].map(() => number(16)),
      products: [{ first: ones, second: ones, weight }],
    });
    const rows: number[] = [];
    const room = (count: number) => rows.push(count);
    expect(isSemidefiniteForm(K, less(number(-1)), room)).toBe(true);
    expect(isSemidefiniteForm(K, less(number(-1001, 1000)), room)).toBe(false);
    expect(rows).toEqual([1, 1]);
    // A negative diagonal that few products cannot lift.
    const negative = [...ones.keys()].map(() => number(-1));
    const lifted = { diagonal: negative, products: [{ first: ones, second: ones, weight: number(9) }] };
    expect(isSemidefiniteForm(K, lifted, room)).toBe(false);
  });

  test("of no variables", () => {
    expect(isSemidefiniteForm(K, { diagonal: [], products: [] }, () => {})).toBe(true);
    expect(isSemidefiniteForm(K, { diagonal: [number(-1)], products: [] }, () => {})).toBe(false);
    expect(isSemidefiniteForm(K, { diagonal: [number(0)], products: [] }, () => {})).toBe(true);
  });
});
