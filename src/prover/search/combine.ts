/** Multipliers: θ as a combination of gradients, or a direction that separates it from them. */
import { dot, equals, type Field } from "../../exact/field.js";
import { solve } from "../../exact/linear.js";
import { quadraticAscent } from "./conic.js";
import { solveLp } from "./lp.js";
import { dotNumbers, normalized, normOf, orthonormalBasis, pivotColumns } from "./numeric.js";
import { combinationRows, roundTo, toNumbers } from "./vectors.js";

export type Combination<E> =
  | { readonly kind: "found"; readonly weights: readonly E[] }
  | { readonly kind: "separated"; readonly separating: readonly E[] };

/** Weights ≥ 0 that combine the vectors to the target, or a direction d with target·d < 0 and vector·d ≥ 0 for each. */
export function combine<E>(K: Field<E>, vectors: readonly (readonly E[])[], target: readonly E[]): Combination<E> {
  const only = onlyWeights(K, vectors, target) ?? supportedWeights(K, vectors, target);
  if (only !== null) return { kind: "found", weights: only };
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

/** The same on the support of the nearest combination in floating point. */
function supportedWeights<E>(K: Field<E>, vectors: readonly (readonly E[])[], target: readonly E[]): E[] | null {
  if (isQuick(K, vectors, target)) return null;
  const { weights, residual } = nearestCombination(K, vectors, target);
  if (normOf(residual) > CLOSE * normOf(toNumbers(K, target))) return null;
  const support = weights.flatMap((c, k) => (c > 0 ? [k] : []));
  const exact = onlyWeights(
    K,
    support.map((k) => vectors[k]!),
    target,
  );
  return exact && vectors.map((_, k) => (support.includes(k) ? exact[support.indexOf(k)]! : K.zero));
}

/** So many entries of vectors over ℚ make a linear programme that is quick. */
const QUICK = 20_000;

function isQuick<E>(K: Field<E>, vectors: readonly unknown[], target: readonly unknown[]): boolean {
  return K.degree === 1 && vectors.length * target.length <= QUICK;
}

/** Relative to the target. */
const CLOSE = 1e-7;

/**
 * A direction, nearly one that separates the target from the vectors as `combine` finds it, rounded: good for proposing further vectors. Null
 * where the target is nearly a combination.
 */
export function nearlySeparating<E>(K: Field<E>, vectors: readonly (readonly E[])[], target: readonly E[]): E[] | null {
  const { residual } = nearestCombination(K, vectors, target);
  const size = Math.max(...residual.map(Math.abs));
  if (size <= CLOSE * normOf(toNumbers(K, target))) return null;
  return residual.map((c) => K.fromRational(roundTo(-c / size, 1n << 20n)));
}

/** The least distance of the target from the cone of the vectors, in floating point. */
function nearestCombination<E>(K: Field<E>, vectors: readonly (readonly E[])[], target: readonly E[]) {
  const floats = vectors.map((v) => toNumbers(K, v));
  const goal = toNumbers(K, target);
  const weights = quadraticAscent(
    floats,
    floats.map((v) => dotNumbers(v, goal)),
  );
  return { weights, residual: goal.map((c, k) => floats.reduce((t, v, j) => t - weights[j]! * v[k]!, c)) };
}

/** Whether unit vectors along these are independent, in floating point. */
export function areIndependent(vectors: readonly (readonly number[])[]): boolean {
  return orthonormalBasis(vectors.map(normalized)).length === vectors.length;
}

/**
 * The weights, where the vectors are independent: floating point says which equations determine them, so that the field, in which inverses are
 * dear, has to solve only these. Null where there are none, where that is not clear, and where linear programmes are quick.
 */
export function onlyWeights<E>(K: Field<E>, vectors: readonly (readonly E[])[], target: readonly E[]): E[] | null {
  if (vectors.length === 0 || isQuick(K, vectors, target)) return null;
  const floats = vectors.map((v) => toNumbers(K, v));
  if (!areIndependent(floats)) return null;
  const rows = pivotColumns(floats);
  const weights = solve(
    K,
    rows.map((k) => vectors.map((v) => v[k]!)),
    rows.map((k) => target[k]!),
  );
  if (weights === null || weights.some((c) => K.sign(c) < 0)) return null;
  const isCombination = target.every((c, k) =>
    equals(
      K,
      c,
      dot(
        K,
        weights,
        vectors.map((v) => v[k]!),
      ),
    ),
  );
  return isCombination ? weights : null;
}
