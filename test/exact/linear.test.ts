import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dot, type Field, sum } from "../../src/exact/field.js";
import { isPositiveSemidefinite, type Matrix, nullspace, rank, solve, solveIntegers } from "../../src/exact/linear.js";
import { Q, rational } from "../../src/exact/rational.js";
import { element, FIELDS, smallRational } from "./fields.js";

/** A x */
function timesVector<E>(K: Field<E>, A: readonly (readonly E[])[], x: readonly E[]): E[] {
  return A.map((row) => dot(K, row, x));
}

const RUNS = { numRuns: 40 };

describe.each(FIELDS.filter(({ name }) => ["ℚ", "ℚ(√2)", "ℚ(2^{1/3})"].includes(name)))(
  "linear algebra over $name",
  ({ field: K }) => {
    const entry = fc.oneof(fc.constant(K.zero), fc.constant(K.one), element(K, smallRational));
    const vector = (n: number) => fc.array(entry, { minLength: n, maxLength: n });
    const matrix = (m: number, n: number) => fc.array(vector(n), { minLength: m, maxLength: m });
    const sizes = fc.tuple(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 4 }),
    );
    /** m×n of rank at most r, so that singular ones are common. */
    const singular = sizes.chain(([m, n, r]) => fc.tuple(matrix(m, r), matrix(r, n)).map(([L, R]) => times(L, R, n)));
    const times = (A: Matrix<unknown>, B: Matrix<unknown>, n: number) =>
      A.map((row) =>
        Array.from({ length: n }, (_, j) =>
          dot(
            K,
            row,
            B.map((b) => b[j]!),
          ),
        ),
      );
    const transpose = (A: Matrix<unknown>) => A[0]!.map((_, j) => A.map((row) => row[j]!));
    const isZero = (v: readonly unknown[]) => v.every(K.isZero);
    const minus = (u: readonly unknown[], v: readonly unknown[]) => u.map((a, k) => K.sub(a, v[k]!));

    test("solve finds a solution where there is one", () => {
      fc.assert(
        fc.property(
          singular.chain((A) => fc.tuple(fc.constant(A), vector(A[0]!.length))),
          ([A, x]) => {
            const b = timesVector(K, A, x);
            const found = solve(K, A, b);
            expect(found).not.toBeNull();
            expect(isZero(minus(timesVector(K, A, found!), b))).toBe(true);
          },
        ),
        RUNS,
      );
    });

    test("solve says null exactly when a combination of the rows refutes", () => {
      fc.assert(
        fc.property(
          singular.chain((A) => fc.tuple(fc.constant(A), vector(A.length))),
          ([A, b]) => {
            const found = solve(K, A, b);
            const refuted = nullspace(K, transpose(A), A.length).some((y) => !K.isZero(dot(K, y, b)));
            expect(found === null).toBe(refuted);
          },
        ),
        RUNS,
      );
      expect(solve(K, [], [])).toEqual([]);
      expect(solve(K, [[]], [K.zero])).toEqual([]);
      expect(solve(K, [[]], [K.one])).toBeNull();
    });

    test("rank and nullspace add up, and the nullspace is a basis of solutions", () => {
      fc.assert(
        fc.property(singular, (A) => {
          const n = A[0]!.length;
          const basis = nullspace(K, A, n);
          expect(basis.every((x) => isZero(timesVector(K, A, x)))).toBe(true);
          expect(basis.length).toBe(n - rank(K, A));
          expect(rank(K, basis)).toBe(basis.length);
          expect(rank(K, transpose(A))).toBe(rank(K, A));
        }),
        RUNS,
      );
      expect(nullspace(K, [], 2).length).toBe(2);
    });

    test("a Gram matrix is positive semidefinite", () => {
      fc.assert(
        fc.property(singular, (B) => {
          const gram = B.map((u) => B.map((v) => dot(K, u, v)));
          expect(isPositiveSemidefinite(K, gram)).toBe(true);
        }),
        RUNS,
      );
    });

    test("P D Pᵀ is positive semidefinite iff D is (Sylvester), singular D included", () => {
      const cases = fc.integer({ min: 1, max: 4 }).chain((n) => fc.tuple(vector(n), matrix(n, n)));
      fc.assert(
        fc.property(cases, ([d, M]) => {
          // A product of unit triangular matrices is invertible.
          const n = d.length;
          const unit = (keep: (i: number, j: number) => boolean) =>
            M.map((row, i) => row.map((c, j) => (i === j ? K.one : keep(i, j) ? c : K.zero)));
          const P = times(
            unit((i, j) => i > j),
            unit((i, j) => i < j),
            n,
          );
          const A = P.map((u) =>
            P.map((v) =>
              sum(
                K,
                d.map((c, k) => K.mul(c, K.mul(u[k]!, v[k]!))),
              ),
            ),
          );
          expect(isPositiveSemidefinite(K, A)).toBe(d.every((c) => K.sign(c) >= 0));
        }),
        { numRuns: 100 },
      );
    });

    test("borderline matrices", () => {
      const n = (rows: number[][]) => rows.map((row) => row.map((c) => K.fromRational(rational(BigInt(c)))));
      expect(isPositiveSemidefinite(K, [])).toBe(true);
      expect(isPositiveSemidefinite(K, n([[0]]))).toBe(true);
      expect(
        isPositiveSemidefinite(
          K,
          n([
            [0, 1],
            [1, 0],
          ]),
        ),
      ).toBe(false); // zero pivot, non-zero row
      expect(
        isPositiveSemidefinite(
          K,
          n([
            [0, 1],
            [1, 5],
          ]),
        ),
      ).toBe(false);
      expect(
        isPositiveSemidefinite(
          K,
          n([
            [1, 1],
            [1, 1],
          ]),
        ),
      ).toBe(true);
      expect(
        isPositiveSemidefinite(
          K,
          n([
            [1, 1, 0],
            [1, 1, 1],
            [0, 1, 1],
          ]),
        ),
      ).toBe(false); // the zero pivot comes second
      expect(
        isPositiveSemidefinite(
          K,
          n([
            [1, 2],
            [2, 3],
          ]),
        ),
      ).toBe(false);
    });
  },
);

test("the fraction-free solution solves, and is missing exactly for a singular matrix", () => {
  const entry = fc.bigInt(-3n, 3n);
  const square = fc.integer({ min: 1, max: 4 }).chain((n) => {
    const rows = fc.array(fc.array(entry, { minLength: n + 2, maxLength: n + 2 }), { minLength: n, maxLength: n });
    return rows.map((augmented) => ({ n, augmented }));
  });
  fc.assert(
    fc.property(square, ({ n, augmented }) => {
      const rationals = augmented.map((row) => row.map((c) => rational(c)));
      const found = solveIntegers(augmented);
      const A = rationals.map((row) => row.slice(0, n));
      expect(found === null).toBe(rank(Q, A) < n);
      if (found === null) return;
      [0, 1].forEach((column) => {
        const x = found.numerators.map((row) => rational(row[column]!, found.denominator));
        expect(timesVector(Q, A, x).map(String)).toEqual(rationals.map((row) => String(row[n + column]!)));
      });
    }),
  );
});
