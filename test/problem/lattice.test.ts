import fc from "fast-check";
import { expect, test } from "vitest";
import { dot } from "../../src/exact/field.js";
import { rank, solve } from "../../src/exact/linear.js";
import { Q, type Rational, rational } from "../../src/exact/rational.js";
import { reduceLattice } from "../../src/problem/lattice.js";

const matrix = fc.integer({ min: 1, max: 5 }).chain((n) => {
  const entry = fc.oneof(fc.bigInt(-9n, 9n), fc.bigInt(-(10n ** 12n), 10n ** 12n));
  return fc.array(fc.array(entry, { minLength: n, maxLength: n }), { minLength: n, maxLength: n });
});
const rationals = (rows: readonly (readonly bigint[])[]) => rows.map((row) => row.map((c) => rational(c)));
const transpose = (rows: Rational[][]) => rows.map((_, j) => rows.map((row) => row[j]!));

/** Whether the first rows span a lattice that contains the second ones. */
function spans(rows: Rational[][], others: Rational[][]): boolean {
  return others.every((other) => solve(Q, transpose(rows), other)!.every((c) => c.d === 1n));
}

test("the reduced basis spans the same lattice and satisfies the conditions of Lenstra, Lenstra and Lovász", () => {
  fc.assert(
    fc.property(matrix, (given) => {
      const rows = rationals(given);
      fc.pre(rank(Q, rows) === rows.length);
      const reduced = rationals(reduceLattice(given));
      expect(spans(rows, reduced) && spans(reduced, rows)).toBe(true);

      const orthogonal: Rational[][] = [];
      reduced.forEach((row, k) => {
        const mu = orthogonal.map((o) => Q.div(dot(Q, row, o), dot(Q, o, o)));
        for (const m of mu) expect(m.abs().compare(rational(1n, 2n))).toBeLessThanOrEqual(0);
        orthogonal.push(row.map((c, i) => mu.reduce((rest, m, j) => rest.sub(m.mul(orthogonal[j]![i]!)), c)));
        if (k === 0) return;
        const [before, now] = [orthogonal[k - 1]!, orthogonal[k]!].map((o) => dot(Q, o, o));
        const bound = before!.mul(rational(3n, 4n).sub(mu[k - 1]!.mul(mu[k - 1]!)));
        expect(now!.compare(bound)).toBeGreaterThanOrEqual(0);
      });
    }),
  );
});
