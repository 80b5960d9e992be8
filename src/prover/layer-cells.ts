/**
 * Finds what `kernel/layer-cells.ts` checks: a dual bound of ½‖θ_l‖² on every cell of a hidden layer's problem. The problem is a
 * convex quadratic programme on each cell, so where there are few cells this decides the layer.
 */
import type { DualCell, Instance, Of, Orientation } from "../certificate/format.js";
import { dot, squaredNorm } from "../exact/field.js";
import { solve } from "../exact/linear.js";
import { cellGradients, cellUnits, decidedSign } from "../kernel/layer-cells.js";
import { verifyStatement } from "../kernel/verify.js";
import { parametersOf } from "../problem/network.js";
import { combine } from "./kkt.js";
import { solveLp } from "./lp.js";
import { dotNumbers } from "./numeric.js";
import { realizableChoices } from "./pieces.js";
import { binaryScale, combinationRows, plus, roundTo, scaleBy, sizeOf, toNumbers } from "./vectors.js";

const FEW_CELLS = 400;
const MAX_CELLS = 1024;

export type LayerCellsOutcome<E> =
  | { readonly kind: "global"; readonly statement: Of<"layer-cells", E> }
  | {
      readonly kind: "open";
      readonly reason: string;
      /** The solution, nearly, on a cell without a bound, which may be better than θ. */
      readonly hints: readonly (readonly number[])[];
      /** The exact solution there, where it is better. */
      readonly better: Of<"not-global", E> | null;
    };

/** Tries to certify that θ solves the problem of a hidden layer of a network with a piecewise linear activation. */
export function decideLayerCells<E>(instance: Instance<E>, layer: number): LayerCellsOutcome<E> {
  const { network } = instance;
  const open = (
    reason: string,
    hints: readonly (readonly number[])[] = [],
    better: Of<"not-global", E> | null = null,
  ) => ({ kind: "open", reason, hints, better }) as const;
  if (network.activation.kind === "linear" || layer === network.layers.length - 1) {
    return open("its convex problem has no multipliers");
  }
  const units = cellUnits(instance, layer);
  // All sign choices where they are few; else only those that agree with what the signs below decide.
  const choices =
    realizableChoices(instance, units, [], layer, FEW_CELLS) ??
    realizableChoices(instance, units, [], layer, MAX_CELLS, decidedSign(instance, layer, units));
  if (choices === null) return open(`it has more than ${MAX_CELLS} cells`);
  const cells: DualCell<E>[] = [];
  for (const choice of choices.choices) {
    const bound = cellBound(instance, layer, choice, cellGradients(instance, layer, units, choice));
    if (bound.kind === "none") {
      const reason = "a cell of its problem has no bound, and no better point was found";
      const moving = parametersOf(network, layer);
      const hint = toNumbers(instance.field, instance.point);
      for (const [j, k] of moving.entries()) hint[k] = bound.solution[j]!;
      if (bound.exact === null) return open(reason, [hint]);
      const better = [...instance.point];
      for (const [j, k] of moving.entries()) better[k] = bound.exact[j]!;
      const statement: Of<"not-global", E> = { kind: "not-global", scope: layer, better };
      return open(reason, [hint], verifyStatement(instance, statement).accepted ? statement : null);
    }
    cells.push(bound.cell);
  }
  const statement: Of<"layer-cells", E> = { kind: "layer-cells", layer, excluded: choices.excluded, cells };
  const verdict = verifyStatement(instance, statement);
  return verdict.accepted ? { kind: "global", statement } : open(`the bounds of its cells fail: ${verdict.found}`);
}

type CellOutcome<E> =
  | { readonly kind: "bound"; readonly cell: DualCell<E> }
  /** The least point of the cell, in floating point, and exactly where its tight constraints are found. */
  | { readonly kind: "none"; readonly solution: readonly number[]; readonly exact: readonly E[] | null };

function cellBound<E>(
  { network, field: K, point }: Instance<E>,
  layer: number,
  orientations: readonly Orientation[],
  { margins, signs }: { margins: E[][]; signs: E[][] },
): CellOutcome<E> {
  // All in the layer's own unit of length, and every margin and sign in its own.
  const own = parametersOf(network, layer).map((k) => point[k]!);
  const unit = binaryScale(K, sizeOf(K, own));
  const theta = scaleBy(K, own, unit);
  const norm = squaredNorm(K, theta);
  const n = margins.length;
  const raw = [...margins.map((v) => scaleBy(K, v, K.inv(unit))), ...signs];
  const scales = raw.map((v) => binaryScale(K, sizeOf(K, v)));
  const vectors = raw.map((v, k) => scaleBy(K, v, scales[k]!));
  const bounds = scales.map((scale, k) => (k < n ? scale : K.zero));
  const combined = (weights: readonly E[]) =>
    vectors.reduce(
      (total, v, k) => plus(K, total, scaleBy(K, v, weights[k]!)),
      theta.map(() => K.zero),
    );
  const enough = (weights: readonly E[]) => {
    const total = dot(K, weights, bounds);
    return K.sign(K.sub(K.sub(K.add(total, total), squaredNorm(K, combined(weights))), norm)) >= 0;
  };
  const cell = (weights: readonly E[]): CellOutcome<E> => ({
    kind: "bound",
    cell: {
      orientations,
      multipliers: weights.slice(0, n).map((w, k) => K.div(K.mul(w, scales[k]!), K.mul(unit, unit))),
      signMultipliers: weights.slice(n).map((w, k) => K.div(K.mul(w, scales[n + k]!), unit)),
    },
  });

  // The cell is empty: a combination with Σλ = 1 that vanishes, made as large as needed.
  const vanishing = combinationRows(
    K,
    vectors,
    theta.map(() => K.zero),
  );
  const normalized = { coefficients: bounds, sense: "=" as const, bound: K.one };
  const empty = solveLp(K, { objective: vectors.map(() => K.zero), rows: [...vanishing, normalized], free: false });
  if (empty.kind === "optimal") return cell(scaleBy(K, empty.x, K.add(norm, K.one)));

  // θ may itself be the solution here: multipliers on the tight constraints.
  const values = vectors.map((v, k) => K.sub(dot(K, v, theta), bounds[k]!));
  if (values.every((c) => K.sign(c) >= 0)) {
    const tight = values.flatMap((c, k) => (K.sign(c) === 0 ? [k] : []));
    const own = combine(
      { field: K, point: theta },
      tight.map((k) => vectors[k]!),
    );
    if (own.kind === "found") {
      const weights = vectors.map((_, k) => (tight.includes(k) ? own.weights[tight.indexOf(k)]! : K.zero));
      if (enough(weights)) return cell(weights);
    }
  }

  const approximate = dualAscent(
    vectors.map((v) => toNumbers(K, v)),
    toNumbers(K, bounds),
  );
  for (const denominator of [1n, 2n, 4n, 8n, 64n, 1024n, 1n << 20n]) {
    const rounded = approximate.map((x) => K.fromRational(roundTo(x, denominator)));
    if (enough(rounded)) return cell(rounded);
  }
  const support = approximate.flatMap((x, k) => (x > 1e-7 ? [k] : []));
  const exact = solve(
    K,
    support.map((i) => support.map((j) => dot(K, vectors[i]!, vectors[j]!))),
    support.map((k) => bounds[k]!),
  );
  const weights = exact && vectors.map((_, k) => (support.includes(k) ? exact[support.indexOf(k)]! : K.zero));
  if (weights?.every((c) => K.sign(c) >= 0) && enough(weights)) return cell(weights);
  return {
    kind: "none",
    exact: weights && scaleBy(K, combined(weights), K.inv(unit)),
    solution: toNumbers(
      K,
      scaleBy(K, combined(approximate.map((x) => K.fromRational(roundTo(x, 1n << 40n)))), K.inv(unit)),
    ),
  };
}

/** max Σ a_k bound_k − ½‖Σ a_k v_k‖² over a ≥ 0, by coordinate ascent. */
function dualAscent(vectors: readonly (readonly number[])[], bounds: readonly number[]): number[] {
  const weights = vectors.map(() => 0);
  const total = new Array<number>(vectors[0]?.length ?? 0).fill(0);
  const squares = vectors.map((v) => dotNumbers(v, v));
  for (let round = 0; round < 3000; round++) {
    let change = 0;
    for (const [k, v] of vectors.entries()) {
      if (squares[k] === 0) continue;
      const slope = bounds[k]! - dotNumbers(v, total);
      const next = Math.max(0, Math.min(1e6, weights[k]! + slope / squares[k]!));
      const step = next - weights[k]!;
      if (step === 0) continue;
      weights[k] = next;
      for (const j of total.keys()) total[j]! += step * v[j]!;
      change = Math.max(change, Math.abs(step));
    }
    if (change < 1e-13) break;
  }
  return weights;
}
