/** Multipliers: θ as a combination of gradients, or a direction that separates it from them. */
import { dot, type Field } from "../../exact/field.js";
import { solveLp } from "./lp.js";
import { combinationRows } from "./vectors.js";

export type Combination<E> =
  | { readonly kind: "found"; readonly weights: readonly E[] }
  | { readonly kind: "separated"; readonly separating: readonly E[] };

/** Weights ≥ 0 that combine the vectors to the target, or a direction d with target·d < 0 and vector·d ≥ 0 for each. */
export function combine<E>(K: Field<E>, vectors: readonly (readonly E[])[], target: readonly E[]): Combination<E> {
  const rows = combinationRows(K, vectors, target);
  const result = solveLp(K, { objective: vectors.map(() => K.zero), rows, free: false });
  if (result.kind === "optimal") return { kind: "found", weights: result.x };
  if (result.kind === "unbounded") throw new Error("a programme without objective is not unbounded");
  const separating = target.map(() => K.zero);
  for (const [j, { index }] of rows.entries()) separating[index] = result.farkas[j]!;
  // The sign of a Farkas ray is a convention; here it has to descend.
  const descends = K.sign(dot(K, separating, target)) < 0;
  return { kind: "separated", separating: descends ? separating : separating.map(K.neg) };
}
