/** The exact simplex method, started from any basis, over an ordered integral domain. */
import type { Ring, Sign } from "../../../exact/field.js";
import { type Integers, type Kind, type Program, type Ratios, times, violation } from "./program.js";

export type Outcome<R> =
  | { readonly kind: "optimal"; readonly x: Ratios<R>; readonly dual: Ratios<R> }
  | { readonly kind: "infeasible"; readonly farkas: Ratios<R> }
  | { readonly kind: "unbounded"; readonly x: Ratios<R>; readonly ray: Ratios<R> };

/**
 * Row i of `inverse` is det·(B⁻¹ | B⁻¹ bounds)_i, for the basis matrix B and det = |det B|: in the ring, by Cramer's
 * rule.
 */
interface Vertex<R> {
  /** The basic variable of each row. */
  readonly basis: readonly number[];
  readonly inverse: readonly (readonly R[])[];
  readonly determinant: R;
}

/**
 * Solves the programme, whose last columns are ± the unit vectors, after driving the columns of `start` into the
 * basis, the first ones first, as far as they are independent.
 *
 * While basic variables are not of their kind, the sum of their violations is minimised, then the cost. The steepest
 * variable enters, but after a degenerate step the first one does, so that Bland's rule ends every sequence of
 * degenerate steps, during which the violations stay the same; every other step makes progress for good.
 * (R. G. Bland, New finite pivoting rules for the simplex method, Math. Oper. Res. 2, 1977.)
 */
export function simplex<E, R>(ring: Integers<E, R>, program: Program<R>, start: readonly number[]): Outcome<R> {
  const { columns, costs, kinds, bounds } = program;
  let vertex = driveIn(ring, program, logicalVertex(ring, program), start);
  let stalled = false;
  for (;;) {
    const { basis, inverse, determinant } = vertex;
    const values = inverse.map((row) => row[bounds.length]!);
    const signs = values.map(ring.sign);
    const violations = signs.map((sign, i) => violation(kinds[basis[i]!]!, sign));
    const feasible = violations.every((v) => v === 0);
    const weights = feasible ? basis.map((j) => costs[j]!) : violations.map((v) => withSign(ring, ring.one, v));
    const dual = bounds.map((_, k) => weightedColumn(ring, weights, inverse, k));
    const slope = (j: number) => {
      const cost = feasible ? ring.mul(determinant, costs[j]!) : ring.zero;
      return ring.sub(cost, times(ring, columns[j]!, dual));
    };
    const spread = (entries: readonly R[]): R[] => {
      const all = columns.map(() => ring.zero);
      for (const [i, j] of basis.entries()) all[j] = entries[i]!;
      return all;
    };
    const over = (numerators: R[]): Ratios<R> => ({ numerators, denominator: determinant });

    const entering: number = enteringVariable(ring, kinds, basis, slope, stalled);
    if (entering === -1) {
      return feasible
        ? { kind: "optimal", x: over(spread(values)), dual: over(dual) }
        : { kind: "infeasible", farkas: over(dual) };
    }
    const column = inverse.map((row) => times(ring, columns[entering]!, row));
    const direction: Sign = ring.sign(slope(entering)) < 0 ? 1 : -1;
    const falls = column.map((a) => withSign(ring, a, direction));
    const row = leavingRow(ring, kinds, basis, values, signs, falls);
    if (row === -1) {
      const ray = spread(falls.map(ring.neg));
      ray[entering] = withSign(ring, determinant, direction);
      return { kind: "unbounded", x: over(spread(values)), ray: over(ray) };
    }
    stalled = signs[row] === 0;
    vertex = pivot(ring, vertex, row, entering, column);
  }
}

/** The basis of the last columns, ± the unit vectors, which are their own inverse. */
function logicalVertex<R>(ring: Ring<R>, { columns, bounds }: Program<R>): Vertex<R> {
  const first = columns.length - bounds.length;
  const inverse = bounds.map((bound, i) => {
    const { value } = columns[first + i]![0]!;
    return [...bounds.map((_, k) => (k === i ? value : ring.zero)), ring.mul(value, bound)];
  });
  return { basis: bounds.map((_, i) => first + i), inverse, determinant: ring.one };
}

function driveIn<E, R>(ring: Integers<E, R>, { columns }: Program<R>, logical: Vertex<R>, start: readonly number[]) {
  let vertex = logical;
  const settled = new Set<number>();
  for (const j of start) {
    if (settled.size === vertex.basis.length) break;
    const position = vertex.basis.indexOf(j);
    if (position >= 0) {
      settled.add(position);
      continue;
    }
    const column = vertex.inverse.map((row) => times(ring, columns[j]!, row));
    const row = column.findIndex((a, i) => !settled.has(i) && !ring.isZero(a));
    if (row === -1) continue;
    vertex = pivot(ring, vertex, row, j, column);
    settled.add(row);
  }
  return vertex;
}

/**
 * The non-basic variable with the steepest slope that its kind lets it follow down, or the first with any; −1 for
 * none.
 */
function enteringVariable<E, R>(
  ring: Integers<E, R>,
  kinds: readonly Kind[],
  basis: readonly number[],
  slope: (j: number) => R,
  takeFirst: boolean,
): number {
  const basic = new Set(basis);
  let entering = -1;
  let steepest = ring.zero;
  for (const [j, kind] of kinds.entries()) {
    if (kind === "fixed" || basic.has(j)) continue;
    const own = slope(j);
    const sign = ring.sign(own);
    if (sign === 0 || (sign > 0 && kind !== "free")) continue;
    if (takeFirst) return j;
    const steepness = withSign(ring, own, sign);
    if (ring.sign(ring.sub(steepness, steepest)) <= 0) continue;
    entering = j;
    steepest = steepness;
  }
  return entering;
}

/**
 * The row of the basic variable that is the first to reach zero and has to stop there, the least variable among equals;
 * −1 if there is none. A variable at zero that would become a violation stops at once.
 */
function leavingRow<E, R>(
  ring: Integers<E, R>,
  kinds: readonly Kind[],
  basis: readonly number[],
  values: readonly R[],
  signs: readonly Sign[],
  falls: readonly R[],
): number {
  let first = -1;
  for (const [i, j] of basis.entries()) {
    const fall = ring.sign(falls[i]!);
    if (fall === 0 || kinds[j] === "free") continue;
    const stops = signs[i] === 0 ? fall > 0 || kinds[j] === "fixed" : fall === signs[i];
    if (!stops) continue;
    if (first >= 0) {
      // values_i / falls_i − values_first / falls_first, both ratios being non-negative.
      const later = ring.sign(ring.sub(ring.mul(values[i]!, falls[first]!), ring.mul(values[first]!, falls[i]!)));
      const order = later * fall * ring.sign(falls[first]!);
      if (order > 0 || (order === 0 && j > basis[first]!)) continue;
    }
    first = i;
  }
  return first;
}

/**
 * Puts variable j in the place of the basic variable of `row`; `column` is det·B⁻¹ times its column. The entries stay
 * minors of the programme, so the division leaves no remainder.
 * (E. H. Bareiss, Sylvester's identity and multistep integer-preserving Gaussian elimination, Math. Comp. 22, 1968.)
 */
function pivot<E, R>(
  ring: Integers<E, R>,
  { basis, inverse, determinant }: Vertex<R>,
  row: number,
  j: number,
  column: readonly R[],
): Vertex<R> {
  const sign = ring.sign(column[row]!);
  const head = withSign(ring, column[row]!, sign);
  const top = inverse[row]!.map((a) => withSign(ring, a, sign));
  const divided = ring.dividedBy(determinant);
  return {
    basis: basis.with(row, j),
    inverse: inverse.map((entries, i) => {
      if (i === row) return top;
      const factor = column[i]!;
      return entries.map((a, k) => divided(ring.sub(ring.mul(head, a), ring.mul(factor, top[k]!))));
    }),
    determinant: head,
  };
}

function withSign<R>(ring: Ring<R>, a: R, sign: Sign): R {
  return sign > 0 ? a : sign < 0 ? ring.neg(a) : ring.zero;
}

/** Σ_i weights_i matrix_ik */
function weightedColumn<R>(ring: Ring<R>, weights: readonly R[], matrix: readonly (readonly R[])[], k: number): R {
  let total = ring.zero;
  for (const [i, weight] of weights.entries()) {
    if (!ring.isZero(weight)) total = ring.add(total, ring.mul(weight, matrix[i]![k]!));
  }
  return total;
}
