/** Solves a proposed basis exactly over a number field, by way of residues. */
import type { Field } from "../../../exact/field.js";
import { independentRows, solveSystem } from "../solve.js";
import type { Program, Ratios } from "./program.js";

/**
 * The basic solution and its dual, each computed when it is called for. The basis is made of the candidates, the first ones first, as far
 * as they are independent, and filled up with the last columns, which are ± the unit vectors. Null where chance had independent columns look
 * dependent. The caller checks what the solutions are worth.
 */
export function solveBasisIn<E>(K: Field<E>) {
  return (
    { columns, costs, bounds }: Program<E>,
    candidates: readonly number[],
  ): { x: () => Ratios<E>; dual: () => Ratios<E> } | null => {
    const order = [...new Set([...candidates, ...bounds.map((_, i) => columns.length - bounds.length + i)])];
    const vectors = order.map((j) => {
      const vector = bounds.map(() => K.zero);
      for (const { row, value } of columns[j]!) vector[row] = value;
      return vector;
    });
    const basis = independentRows(K, vectors);
    if (basis.length < bounds.length) return null;
    const own = basis.map((k) => vectors[k]!);
    const solved = (A: readonly (readonly E[])[], b: readonly E[]): readonly E[] => {
      const solution = solveSystem(K, A, b);
      if (solution === null) throw new Error("a basis is singular: this is a bug");
      return solution;
    };
    const x = () => {
      const basic = solved(
        bounds.map((_, i) => own.map((vector) => vector[i]!)),
        bounds,
      );
      const numerators = columns.map(() => K.zero);
      for (const [k, at] of basis.entries()) numerators[order[at]!] = basic[k]!;
      return { numerators, denominator: K.one };
    };
    const dual = () => ({
      numerators: [
        ...solved(
          own,
          basis.map((k) => costs[order[k]!]!),
        ),
      ],
      denominator: K.one,
    });
    return { x, dual };
  };
}
