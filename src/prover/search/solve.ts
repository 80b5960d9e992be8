/**
 * Linear algebra over a number field by way of residues, where numbers do not swell: there it is found out which rows are independent, and
 * what solves a system, which is proved by putting it in. Over other fields all is done in the field itself.
 */
import { dot, equals, type Field } from "../../exact/field.js";
import { type Eliminable, rowReduce, solve } from "../../exact/linear.js";
import { rational } from "../../exact/rational.js";
import { type Residue, type Residues, reconstruct, residues } from "../../exact/residues.js";
import { commonDenominator } from "./lp/program.js";

/** The prime to the power 2^14 has a million bits; a solution is mostly found with some hundreds. */
const MAX_DOUBLINGS = 14;

type Rows<E> = readonly (readonly E[])[];

/** Some x with A x = b (free unknowns are 0), or null where there is none; chance could have it null where there is one. */
export function solveSystem<E>(K: Field<E>, A: Rows<E>, b: readonly E[]): E[] | null {
  const columns = A[0]?.length ?? 0;
  const rows = A.map((row, k) => [...row, b[k]!]);
  for (let doublings = 0; doublings <= MAX_DOUBLINGS; doublings++) {
    const reduced = inResidues(K, rows, doublings, rowReduce);
    if (reduced === null) break;
    const { pivots } = reduced.result;
    if (pivots.at(-1) === columns) return null;
    const x = new Array<E>(columns).fill(K.zero);
    const isGuessed = pivots.every((column, k) => {
      const guess = reconstruct(reduced.result.rows[k]![columns]!, reduced.modulus);
      if (guess !== null) x[column] = K.fromCoordinates(guess.numerators.map((n) => rational(n, guess.denominator)));
      return guess !== null;
    });
    if (isGuessed && A.every((row, k) => equals(K, dot(K, row, x), b[k]!))) return x;
  }
  return solve(K, A, b);
}

/** The positions of a maximal linearly independent set of rows, the earliest possible; chance could have it too small. */
export function independentRows<E>(K: Field<E>, rows: Rows<E>): number[] {
  return inResidues(K, rows, 0, independentIn)?.result ?? independentIn(K, rows);
}

function independentIn<R>(ring: Eliminable<R>, rows: Rows<R>): number[] {
  const basis: { pivot: number; row: R[] }[] = [];
  const chosen: number[] = [];
  for (const [k, row] of rows.entries()) {
    const rest = [...row];
    for (const { pivot, row: reducer } of basis) {
      const factor = rest[pivot]!;
      if (ring.isZero(factor)) continue;
      for (let j = 0; j < rest.length; j++)
        if (!ring.isZero(reducer[j]!)) rest[j] = ring.sub(rest[j]!, ring.mul(factor, reducer[j]!));
    }
    const pivot = rest.findIndex((c) => !ring.isZero(c));
    if (pivot === -1) continue;
    const scale = ring.inv(rest[pivot]!);
    basis.push({ pivot, row: rest.map((c) => (ring.isZero(c) ? c : ring.mul(c, scale))) });
    chosen.push(k);
    if (basis.length === row.length) break;
  }
  return chosen;
}

/** What an elimination comes to on multiples of the rows, modulo a power of the prime; null over other fields, and where a pivot is no unit. */
function inResidues<E, T>(
  K: Field<E>,
  rows: Rows<E>,
  doublings: number,
  eliminate: (ring: Eliminable<Residue>, rows: Rows<Residue>) => T,
): { readonly result: T; readonly modulus: bigint } | null {
  if (K.description === null || K.functions !== null) return null;
  const ring = residues(
    K.description.minimalPolynomial.map(({ s, n }) => s * n),
    doublings,
  );
  const images = rows.map((row) => {
    const scale = commonDenominator(K, row);
    return row.map((e) => {
      const { numerators, denominator } = K.integers(e);
      return ring.from(numerators.map((n) => n * (scale / denominator)));
    });
  });
  try {
    return { result: eliminate(dividing(ring), images), modulus: ring.modulus };
  } catch (error) {
    if (error instanceof NoUnit) return null;
    throw error;
  }
}

class NoUnit extends Error {}

function dividing(ring: Residues): Eliminable<Residue> {
  return {
    ...ring,
    inv: (a) => {
      const inverse = ring.inv(a);
      if (inverse === null) throw new NoUnit();
      return inverse;
    },
  };
}
