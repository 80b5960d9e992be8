/** Multipliers: θ as a combination of gradients, or a direction that separates it from them. */
import { dot, equals, type Field } from "../../exact/field.js";
import { quadraticAscent } from "./conic.js";
import { solveLp } from "./lp.js";
import { dotNumbers, normalized, normOf, orthonormalBasis, pivotColumns } from "./numeric.js";
import { solveSystem } from "./solve.js";
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

/** Weights in floating point, and the exact ones when they are asked for. */
export interface Weights<E> {
  readonly floats: readonly number[];
  /** Null where there turn out to be none. */
  readonly exact: () => readonly E[] | null;
}

/** The weights that `combine` finds, or null where it finds a direction; in a number field floating point tells which, where that is clear. */
export function combinationWeights<E>(
  K: Field<E>,
  vectors: readonly (readonly E[])[],
  target: readonly E[],
): Weights<E> | null {
  const find = () => {
    const combination = combine(K, vectors, target);
    return combination.kind === "found" ? combination.weights : null;
  };
  if (K.degree > 1 && K.functions === null) {
    const { weights, distance } = nearestCombination(K, vectors, target);
    if (distance > FAR) return null;
    if (distance <= CLOSE) {
      let exact: readonly E[] | null | undefined;
      return {
        floats: weights,
        exact: () => {
          if (exact === undefined) exact = find();
          return exact;
        },
      };
    }
  }
  const weights = find();
  return weights && { floats: toNumbers(K, weights), exact: () => weights };
}

/** The same on the support of the nearest combination in floating point. */
function supportedWeights<E>(K: Field<E>, vectors: readonly (readonly E[])[], target: readonly E[]): E[] | null {
  if (isQuick(K, vectors, target)) return null;
  const { weights, distance } = nearestCombination(K, vectors, target);
  if (distance > CLOSE) return null;
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

/** Distances, relative to the target, of what is a combination and of what is none. */
const CLOSE = 1e-7;
const FAR = 1e-3;

/**
 * A direction, nearly one that separates the target from the vectors as `combine` finds it, rounded: good for proposing further vectors. Null
 * where the target is nearly a combination.
 */
export function nearlySeparating<E>(K: Field<E>, vectors: readonly (readonly E[])[], target: readonly E[]): E[] | null {
  const { residual, distance } = nearestCombination(K, vectors, target);
  if (distance <= CLOSE) return null;
  const size = Math.max(...residual.map(Math.abs));
  return residual.map((c) => K.fromRational(roundTo(-c / size, 1n << 20n)));
}

/** The least distance of the target from the cone of the vectors, in floating point. */
function nearestCombination<E>(K: Field<E>, vectors: readonly (readonly E[])[], target: readonly E[]) {
  const floats = vectors.map((v) => toNumbers(K, v));
  const goal = toNumbers(K, target);
  // All of length 1, whatever their scales.
  const sizes = floats.map((v) => normOf(v) || 1);
  const size = normOf(goal) || 1;
  const units = floats.map((v, k) => v.map((c) => c / sizes[k]!));
  const weights = quadraticAscent(
    units,
    units.map((v) => dotNumbers(v, goal) / size),
  ).map((w, k) => (w * size) / sizes[k]!);
  const residual = goal.map((c, k) => floats.reduce((t, v, j) => t - weights[j]! * v[k]!, c));
  return { weights, residual, distance: normOf(residual) / size };
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
  const weights = solveSystem(
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
