/** Exact linear algebra over a field. A matrix is a list of rows, all of one length. */
import type { Field } from "./field.js";
import { intervalRing, isPositiveDefinite } from "./interval.js";

export type Vector<E> = readonly E[];
export type Matrix<E> = readonly Vector<E>[];

/** What elimination needs of a field. */
export type Eliminable<E> = Pick<Field<E>, "isZero" | "sub" | "mul" | "inv">;

/** Reduced row echelon form, with the column of each pivot. */
export function rowReduce<E>(
  K: Eliminable<E>,
  A: Matrix<E>,
  columns = A[0]?.length ?? 0,
): { rows: E[][]; pivots: number[] } {
  const rows = A.map((row) => [...row]);
  const pivots: number[] = [];
  for (let column = 0; column < columns && pivots.length < rows.length; column++) {
    const top = pivots.length;
    const found = rows.findIndex((row, k) => k >= top && !K.isZero(row[column]!));
    if (found === -1) continue;
    [rows[top], rows[found]] = [rows[found]!, rows[top]!];
    const scale = K.inv(rows[top]![column]!);
    const pivotRow = rows[top]!.map((c) => (K.isZero(c) ? c : K.mul(c, scale)));
    rows[top] = pivotRow;
    rows.forEach((row, k) => {
      const factor = row[column]!;
      if (k === top || K.isZero(factor)) return;
      for (let j = column; j < row.length; j++) {
        if (!K.isZero(pivotRow[j]!)) row[j] = K.sub(row[j]!, K.mul(factor, pivotRow[j]!));
      }
    });
    pivots.push(column);
  }
  return { rows: rows.slice(0, pivots.length), pivots };
}

/** Some x with A x = b (the free unknowns are 0), or null when there is none. */
export function solve<E>(K: Field<E>, A: Matrix<E>, b: Vector<E>): E[] | null {
  const columns = A[0]?.length ?? 0;
  const { rows, pivots } = rowReduce(
    K,
    A.map((row, k) => [...row, b[k]!]),
  );
  if (pivots.at(-1) === columns) return null;
  const x = new Array<E>(columns).fill(K.zero);
  pivots.forEach((column, k) => {
    x[column] = rows[k]![columns]!;
  });
  return x;
}

export function rank<E>(K: Field<E>, A: Matrix<E>): number {
  return rowReduce(K, A).pivots.length;
}

/** An integral domain, with division where it leaves no rest. */
interface Domain<R> {
  readonly one: R;
  isZero(a: R): boolean;
  mul(a: R, b: R): R;
  sub(a: R, b: R): R;
  divide(a: R, b: R): R;
}

const INTEGERS: Domain<bigint> = {
  one: 1n,
  isZero: (a) => a === 0n,
  mul: (a, b) => a * b,
  sub: (a, b) => a - b,
  divide: (a, b) => a / b,
};

/** The solution of A X = B in integers over one denominator, the rows being those of (A | B), A square. null when A is singular. */
export function solveIntegers(A: Matrix<bigint>): { numerators: bigint[][]; denominator: bigint } | null {
  return solveDomain(INTEGERS, A);
}

/**
 * The same over an integral domain: fraction-free elimination, since fractions would swell. The denominator is ± the determinant of A.
 * (E. H. Bareiss, Sylvester's identity and multistep integer-preserving Gaussian elimination, Math. Comp. 22, 1968.)
 */
export function solveDomain<R>(domain: Domain<R>, A: Matrix<R>): { numerators: R[][]; denominator: R } | null {
  const rows = A.map((row) => [...row]);
  const n = rows.length;
  let previous = domain.one;
  for (let k = 0; k < n; k++) {
    const found = rows.findIndex((row, i) => i >= k && !domain.isZero(row[k]!));
    if (found === -1) return null;
    [rows[k], rows[found]] = [rows[found]!, rows[k]!];
    const top = rows[k]!;
    const pivot = top[k]!;
    rows.forEach((row, i) => {
      if (i === k) return;
      const factor = row[k]!;
      for (let j = k + 1; j < row.length; j++)
        row[j] = domain.divide(domain.sub(domain.mul(pivot, row[j]!), domain.mul(factor, top[j]!)), previous);
    });
    previous = pivot;
  }
  return { numerators: rows.map((row) => row.slice(n)), denominator: previous };
}

/** A basis of {x ∈ K^dimension : A x = 0}. */
export function nullspace<E>(K: Field<E>, A: Matrix<E>, dimension: number): E[][] {
  const { rows, pivots } = rowReduce(K, A, dimension);
  const free = Array.from({ length: dimension }, (_, j) => j).filter((j) => !pivots.includes(j));
  return free.map((j) => {
    const x = new Array<E>(dimension).fill(K.zero);
    x[j] = K.one;
    pivots.forEach((column, k) => {
      x[column] = K.neg(rows[k]![j]!);
    });
    return x;
  });
}

/** Bits of the intervals in which a definite matrix mostly shows itself. */
const PRECISION = 256;

/**
 * Whether the symmetric matrix A is positive semidefinite. One that is definite with room is shown to be so in intervals, where numbers do not
 * swell; `spend` is charged what that costs.
 */
export function isPositiveSemidefinite<E>(
  K: Field<E>,
  A: Matrix<E>,
  spend: (words: number) => void = () => {},
): boolean {
  if (K.functions === null && K.degree > 1) {
    const enclosed = A.map((row) => row.map((a) => K.bounds(a, PRECISION)));
    if (isPositiveDefinite(intervalRing(PRECISION, spend), enclosed)) return true;
  }
  return isSemidefiniteExactly(K, A);
}

/** By LDLᵀ without square roots: a negative pivot refutes it, and so does a zero pivot whose row has a non-zero entry left. */
function isSemidefiniteExactly<E>(K: Field<E>, A: Matrix<E>): boolean {
  const S = A.map((row) => [...row]);
  const n = S.length;
  for (let k = 0; k < n; k++) {
    const pivot = S[k]![k]!;
    const sign = K.sign(pivot);
    if (sign < 0) return false;
    if (sign === 0) {
      for (let j = k + 1; j < n; j++) if (!K.isZero(S[k]![j]!)) return false;
      continue;
    }
    const inverse = K.inv(pivot);
    for (let i = k + 1; i < n; i++) {
      if (K.isZero(S[k]![i]!)) continue;
      const factor = K.mul(S[k]![i]!, inverse);
      for (let j = i; j < n; j++) {
        if (!K.isZero(S[k]![j]!)) S[i]![j] = K.sub(S[i]![j]!, K.mul(factor, S[k]![j]!));
      }
    }
  }
  return true;
}
