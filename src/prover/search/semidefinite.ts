/**
 * Small semidefinite programmes, in floating point: the least ε such that Q − Σ x_k ½(g_i g_jᵀ + g_j g_iᵀ) + ε I is positive semidefinite,
 * each column k being a pair (i, j) of forms, with x_k ≥ 0 or free. Newton's method follows the central path, from a strictly feasible start
 * (ε large), and columns enter when the dual solution asks for them. What it finds is made exact, and proved, elsewhere.
 */
import { dotNumbers } from "./numeric.js";

/** A pair of forms, by number. */
export interface Column {
  readonly first: number;
  readonly second: number;
  readonly isFree: boolean;
}

/** A point near the central path. */
export interface Centre {
  readonly columns: readonly Column[];
  readonly x: readonly number[];
  readonly epsilon: number;
}

export type SemidefiniteOutcome<T> =
  | { readonly kind: "found"; readonly result: T }
  /** Nothing was found; a matrix of trace 1, positive semidefinite, that shows why: its product with Q is about −ε. */
  | { readonly kind: "none"; readonly epsilon: number; readonly moment: readonly (readonly number[])[] };

/** x stays below this in size; forms are expected to be of unit length, and Q of ordinary size. */
const BOX = 1e4;
const MOST_STEPS = 600;
/** A centre is one from which a Newton step promises less. */
const CENTRED = 1e-2;
const MOST_PRECISE = 1e10;
const ENTERING = 32;

/**
 * Follows the path from the columns of `start`, which may be joined by those of `others`; after each centre, `accept` may end the search
 * with what it makes of it.
 */
export function followPath<T>(
  Q: readonly (readonly number[])[],
  forms: readonly (readonly number[])[],
  start: readonly Column[],
  others: readonly Column[],
  accept: (centre: Centre) => T | null,
): SemidefiniteOutcome<T> {
  const n = Q.length;
  const columns = [...start];
  const waiting = new Set(others);
  let x: number[] = start.map(({ isFree }) => (isFree ? 0 : 1e-3));
  const reach = Q.reduce(
    (most, row) =>
      Math.max(
        most,
        row.reduce((t, c) => t + Math.abs(c), 0),
      ),
    0,
  );
  let epsilon = reach + start.length * 1e-3 + 1;
  let inverse: Float64Array[] = [];
  let steps = 0;
  for (let T = 1; T <= MOST_PRECISE && steps < MOST_STEPS; ) {
    let state = barrier(Q, forms, columns, x, epsilon, T);
    if (state === null) throw new Error("the central path was left: this is a bug");
    for (; steps < MOST_STEPS; steps++) {
      const { move, decrement } = newton(state, forms, columns, x, T);
      if (decrement < CENTRED) break;
      let length = 1;
      let next: BarrierState | null = null;
      for (; length > 1e-10; length /= 2) {
        const [x2, e2] = [x.map((c, k) => c + length * move[k + 1]!), epsilon + length * move[0]!];
        next = barrier(Q, forms, columns, x2, e2, T);
        if (next !== null && next.value < state.value - 0.1 * length * decrement) {
          [x, epsilon] = [x2, e2];
          break;
        }
        next = null;
      }
      if (next === null) break;
      state = next;
    }
    inverse = state.inverse;
    const gap = (n + columns.length) / T;
    if (epsilon > 2 * gap) {
      // These columns alone do not suffice.
      const trace = inverse.reduce((t, row, k) => t + row[k]!, 0);
      const gram = gramOf(inverse, forms);
      const entering = [...waiting]
        .map((column) => ({ column, gain: gram[column.first]![column.second]! / trace }))
        .filter(({ gain }) => gain < -1e-7)
        .sort((a, b) => a.gain - b.gain)
        .slice(0, ENTERING);
      if (entering.length === 0 && epsilon > 1e-6) break; // the dual solution proves that no columns at all bring ε to 0
      if (entering.length > 0) {
        const size = 1 / (4 * trace * entering.length);
        for (const { column } of entering) {
          waiting.delete(column);
          columns.push(column);
          x = [...x, size];
        }
        // Back to where the path is wide.
        T = Math.max(1, (n + columns.length) / (2 * epsilon));
        continue;
      }
    }
    const result = accept({ columns, x, epsilon });
    if (result !== null) return { kind: "found", result };
    if (epsilon < -1e-3 * reach) break; // well inside, and not accepted: no better centre will be
    T *= 8;
  }
  const trace = inverse.reduce((t, row, k) => t + row[k]!, 0);
  return { kind: "none", epsilon, moment: inverse.map((row) => [...row].map((c) => c / trace)) };
}

interface BarrierState {
  readonly value: number;
  readonly inverse: Float64Array[];
}

/** T ε − log det(M) − Σ log x_k − the logarithms of the box, and M⁻¹; null outside. */
function barrier(
  Q: readonly (readonly number[])[],
  forms: readonly (readonly number[])[],
  columns: readonly Column[],
  x: readonly number[],
  epsilon: number,
  T: number,
): BarrierState | null {
  let value = T * epsilon;
  for (const [k, c] of x.entries()) {
    const { isFree } = columns[k]!;
    if (c >= BOX || c <= (isFree ? -BOX : 0)) return null;
    value -= Math.log(1 - c / BOX) + (isFree ? Math.log(1 + c / BOX) : Math.log(c));
  }
  const factor = cholesky(matrixAt(Q, forms, columns, x, epsilon));
  if (factor === null) return null;
  for (const [k, row] of factor.entries()) value -= 2 * Math.log(row[k]!);
  return { value, inverse: inverseOf(factor) };
}

/** Q − Σ x_k ½(g_i g_jᵀ + g_j g_iᵀ) + ε I */
export function matrixAt(
  Q: readonly (readonly number[])[],
  forms: readonly (readonly number[])[],
  columns: readonly Column[],
  x: readonly number[],
  epsilon: number,
): Float64Array[] {
  const M = Q.map((row, i) => {
    const copy = Float64Array.from(row);
    copy[i]! += epsilon;
    return copy;
  });
  // Σ_i g_i (Σ_j x_ij g_j)ᵀ, form by form.
  const sums = new Map<number, Float64Array>();
  for (const [k, { first, second }] of columns.entries()) {
    if (x[k] === 0) continue;
    const total = sums.get(first) ?? new Float64Array(Q.length);
    sums.set(first, total);
    const g = forms[second]!;
    for (let j = 0; j < g.length; j++) total[j]! += x[k]! * g[j]!;
  }
  for (const [first, total] of sums) {
    const g = forms[first]!;
    for (let i = 0; i < g.length; i++) {
      if (g[i] === 0) continue;
      for (let j = 0; j < g.length; j++) {
        const c = (g[i]! * total[j]!) / 2;
        M[i]![j]! -= c;
        M[j]![i]! -= c;
      }
    }
  }
  return M;
}

/** The Newton step in (ε, x), and the decrease that it promises, doubled. */
function newton(
  { inverse }: BarrierState,
  forms: readonly (readonly number[])[],
  columns: readonly Column[],
  x: readonly number[],
  T: number,
): { readonly move: Float64Array; readonly decrement: number } {
  const images = forms.map((g) => applied(inverse, g));
  const gram = forms.map((g) => images.map((image) => dotNumbers(g, image as unknown as number[])));
  const gram2 = (i: number, j: number) =>
    dotNumbers(images[i] as unknown as number[], images[j] as unknown as number[]);
  const m = columns.length + 1;
  const H = Array.from({ length: m }, () => new Float64Array(m));
  const slope = new Float64Array(m);
  slope[0] = T - inverse.reduce((t, row, k) => t + row[k]!, 0);
  H[0]![0] = inverse.reduce((t, row) => t + row.reduce((s, c) => s + c * c, 0), 0);
  for (const [k, { first: i, second: j, isFree }] of columns.entries()) {
    const c = x[k]!;
    const above = 1 / (BOX - c);
    const below = isFree ? 1 / (BOX + c) : 1 / c;
    slope[k + 1] = gram[i]![j]! + above - below;
    H[0]![k + 1] = -gram2(i, j);
    H[k + 1]![0] = H[0]![k + 1]!;
    const [gi, gj] = [gram[i]!, gram[j]!];
    for (let l = 0; l <= k; l++) {
      const { first, second } = columns[l]!;
      const c = (gi[first]! * gj[second]! + gi[second]! * gj[first]!) / 2;
      H[k + 1]![l + 1] = c;
      H[l + 1]![k + 1] = c;
    }
    H[k + 1]![k + 1]! += above * above + below * below;
  }
  for (let damping = 1e-13; ; damping *= 100) {
    const damped = H.map((row, k) => {
      const copy = Float64Array.from(row);
      copy[k]! *= 1 + damping;
      return copy;
    });
    const factor = cholesky(damped);
    if (factor === null) continue;
    const move = solveWith(factor, slope).map((c) => -c);
    return { move, decrement: -dotNumbers(move as unknown as number[], slope as unknown as number[]) };
  }
}

function gramOf(inverse: readonly Float64Array[], forms: readonly (readonly number[])[]): number[][] {
  const images = forms.map((g) => applied(inverse, g));
  return forms.map((g) => images.map((image) => dotNumbers(g, image as unknown as number[])));
}

function applied(A: readonly Float64Array[], v: readonly number[]): Float64Array {
  const result = new Float64Array(A.length);
  for (let i = 0; i < A.length; i++) {
    const c = v[i]!;
    if (c === 0) continue;
    const row = A[i]!;
    for (let j = 0; j < row.length; j++) result[j]! += c * row[j]!;
  }
  return result;
}

/** L with A = L Lᵀ, or null where A is not positive definite. */
export function cholesky(A: readonly ArrayLike<number>[]): Float64Array[] | null {
  const n = A.length;
  const L = Array.from({ length: n }, () => new Float64Array(n));
  for (let i = 0; i < n; i++) {
    const Li = L[i]!;
    for (let j = 0; j <= i; j++) {
      const Lj = L[j]!;
      let c = A[i]![j]!;
      for (let k = 0; k < j; k++) c -= Li[k]! * Lj[k]!;
      if (i === j) {
        if (!(c > 0)) return null;
        Li[i] = Math.sqrt(c);
      } else Li[j] = c / Lj[j]!;
    }
  }
  return L;
}

/** A⁻¹ b */
export function solveWith(L: readonly Float64Array[], b: ArrayLike<number>): Float64Array {
  const n = L.length;
  const y = Float64Array.from({ length: n }, (_, k) => b[k]!);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) y[i]! -= L[i]![k]! * y[k]!;
    y[i]! /= L[i]![i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    y[i]! /= L[i]![i]!;
    for (let k = 0; k < i; k++) y[k]! -= L[i]![k]! * y[i]!;
  }
  return y;
}

function inverseOf(L: readonly Float64Array[]): Float64Array[] {
  const n = L.length;
  // The columns of L⁻¹ as rows, then L⁻ᵀ L⁻¹.
  const R = Array.from({ length: n }, () => new Float64Array(n));
  for (let c = 0; c < n; c++) {
    const row = R[c]!;
    row[c] = 1 / L[c]![c]!;
    for (let i = c + 1; i < n; i++) {
      let total = 0;
      const Li = L[i]!;
      for (let k = c; k < i; k++) total -= Li[k]! * row[k]!;
      row[i] = total / Li[i]!;
    }
  }
  const A = Array.from({ length: n }, () => new Float64Array(n));
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let total = 0;
      for (let k = i; k < n; k++) total += R[i]![k]! * R[j]![k]!;
      A[i]![j] = total;
      A[j]![i] = total;
    }
  return A;
}
