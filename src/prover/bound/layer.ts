/** One moving layer: a convex quadratic programme on each cell. */
import { dot, squaredNorm } from "../../exact/field.js";
import type { MultivariatePolynomial } from "../../exact/multivariate.js";
import type { Cell, Frame } from "../../kernel/explore.js";
import type { Facts } from "../../kernel/facts.js";
import { blocksOf, placing, shapeOf, wholeOf } from "../../kernel/shape.js";
import type { BoundLeaf, FormProduct } from "../../kernel/statements/bound.js";
import type { Of } from "../../kernel/statements/index.js";
import { verifyStatement } from "../../kernel/verify.js";
import { parametersOf, type Scope } from "../../network/network.js";
import { growTree, leavesOf, mapLeaves } from "../cells.js";
import type { Search } from "../effort.js";
import { combine } from "../search/combine.js";
import { quadraticAscent } from "../search/conic.js";
import { hasMoreCells } from "../search/local.js";
import { solveLp } from "../search/lp.js";
import { solveSystem } from "../search/solve.js";
import { binaryScale, combinationRows, plus, roundTo, scaleBy, sizeOf, toNumbers } from "../search/vectors.js";
import { recut, subgradients } from "./multipliers.js";
import { findParts } from "./parts.js";
import { openUnits } from "./signs.js";
import { type LeafFrame, unitForms } from "./strands.js";

type Bound<E> = Of<"bound", E>;
type Reach = "local" | "global";

const MAX_LAYER_CELLS = 1024;

export type LayerOutcome<E> =
  | { readonly kind: "global"; readonly statement: Bound<E> }
  | {
      readonly kind: "open";
      readonly reason: string;
      /** The solution, nearly, on a cell without a bound, which may be better than θ. */
      readonly hints: readonly (readonly number[])[];
      /** The exact solution there, where it is better. */
      readonly better: Of<"not-global", E> | null;
    };

/** Tries to certify that θ solves a problem in which one layer moves: it is a convex quadratic programme on each cell. */
export function decideOneLayer<E>(facts: Facts<E>, scope: Scope, reach: Reach, search: Search): LayerOutcome<E> {
  const { instance } = facts;
  const open = (
    reason: string,
    hints: readonly (readonly number[])[] = [],
    better: Of<"not-global", E> | null = null,
  ) => ({ kind: "open", reason, hints, better }) as const;
  const shape = shapeOf(instance, scope);
  if (shape === null || shape.layers.length !== 1) return open("the bound asks for one moving weight on every path");
  const columns = blocksOf(instance, shape).length > 1 ? subgradients(facts, scope, search) : null;
  const start = columns === null ? null : recut(facts, scope, columns, []);
  const parts = start === null ? null : findParts(facts, shape, start, reach, search);
  if (parts !== null) return { kind: "global", statement: parts };
  const frame: Frame<E> = {
    facts,
    layers: instance.network.layers,
    scope,
    reach: reach === "local" ? "near" : "everywhere",
    from: "origin",
  };
  const place = placing(instance, shape, [wholeOf(instance, shape)], false);
  const every = facts.margins.map((_, j) => j);
  const most = MAX_LAYER_CELLS * search.effort;
  const tree = hasMoreCells(frame, every, most)
    ? null
    : growTree<E, { readonly cell: Cell<E> }>(frame, openUnits(frame, every), (cell) => ({ cell }), most);
  if (tree === null) {
    search.reached(`${most} cells of the layer`);
    return open("relaxing its signs did not decide it");
  }
  const moving = parametersOf(instance.network, scope);
  const found = new Map<Cell<E>, BoundLeaf<E>>();
  for (const { cell } of leavesOf(tree)) {
    const outcome = convexLeaf({ frame, cell, place }, moving);
    if (outcome.kind === "leaf") {
      found.set(cell, outcome.leaf);
      continue;
    }
    const reason = "a cell of its problem has no bound, and no better point was found";
    if (outcome.solution === null) return open(reason);
    const hint = toNumbers(instance.field, instance.point);
    for (const [k, v] of moving.entries()) hint[v] = outcome.solution[k]!;
    if (outcome.exact === null) return open(reason, [hint]);
    const better = [...instance.point];
    for (const [k, v] of moving.entries()) better[v] = outcome.exact[k]!;
    const statement: Of<"not-global", E> = { kind: "not-global", scope, better };
    return open(reason, [hint], verifyStatement(instance, statement).accepted ? statement : null);
  }
  const statement: Bound<E> = {
    kind: "bound",
    scope,
    reach,
    by: { tree: mapLeaves(tree, ({ cell }) => found.get(cell)!) },
  };
  const verdict = verifyStatement(instance, statement);
  return verdict.accepted ? { kind: "global", statement } : open(`the bounds of its cells fail: ${verdict.found}`);
}

type ConvexOutcome<E> =
  | { readonly kind: "leaf"; readonly leaf: BoundLeaf<E> }
  /** The least point of the cell, in floating point, and exactly where its tight constraints are found. */
  | { readonly kind: "none"; readonly solution: readonly number[] | null; readonly exact: readonly E[] | null };

/** The dual of min ½‖w‖² over margins ≥ 1 and signs ≥ 0, which are linear on the cell. */
function convexLeaf<E>(leaf: LeafFrame<E>, moving: readonly number[]): ConvexOutcome<E> {
  const { frame, cell } = leaf;
  const { instance, margins } = frame.facts;
  const { field: K, point } = instance;
  const dense = (p: MultivariatePolynomial<E>) => moving.map((v) => p.get(String(v))?.coefficient ?? K.zero);
  const gradients: E[][] = [];
  for (const margin of margins) {
    const p = cell.margin(margin);
    if (p === null) return { kind: "none", solution: null, exact: null };
    gradients.push(dense(p));
  }
  const units = unitForms(leaf);
  const signs = units.map(({ form }) => moving.map((v) => form.get(v) ?? K.zero));
  // All in the layer's own unit of length, and every margin and sign in its own.
  const own = moving.map((k) => point[k]!);
  const unit = binaryScale(K, sizeOf(K, own));
  const theta = scaleBy(K, own, unit);
  const norm = squaredNorm(K, theta);
  const n = gradients.length;
  const raw = [...gradients.map((v) => scaleBy(K, v, K.inv(unit))), ...signs];
  const scales = raw.map((v) => binaryScale(K, sizeOf(K, v)));
  const vectors = raw.map((v, k) => scaleBy(K, v, scales[k]!));
  const bounds = scales.map((scale, k) => (k < n ? scale : K.zero));
  const combinedOf = (weights: readonly E[]) =>
    vectors.reduce(
      (total, v, k) => (K.isZero(weights[k]!) ? total : plus(K, total, scaleBy(K, v, weights[k]!))),
      theta.map(() => K.zero),
    );
  const enough = (weights: readonly E[]) => {
    const total = dot(K, weights, bounds);
    return (
      K.sign(total) > 0 && K.sign(K.sub(K.mul(total, total), K.mul(norm, squaredNorm(K, combinedOf(weights))))) >= 0
    );
  };
  const leafOf = (weights: readonly E[]): ConvexOutcome<E> => {
    const multipliers = weights.slice(0, n).map((w, k) => K.div(K.mul(w, scales[k]!), K.mul(unit, unit)));
    const products = weights
      .slice(n)
      .flatMap((w, k): FormProduct<E>[] =>
        K.isZero(w)
          ? []
          : [{ first: { unit: units[k]!.unit }, second: { path: [] }, weight: K.div(K.mul(w, scales[n + k]!), unit) }],
      );
    return { kind: "leaf", leaf: { multipliers, relaxed: null, products: products.length === 0 ? null : products } };
  };

  // θ may itself be the solution here: multipliers on the tight constraints.
  const values = vectors.map((v, k) => K.sub(dot(K, v, theta), bounds[k]!));
  if (values.every((c) => K.sign(c) >= 0)) {
    const tight = values.flatMap((c, k) => (K.sign(c) === 0 ? [k] : []));
    const ownMultipliers = combine(
      K,
      tight.map((k) => vectors[k]!),
      theta,
    );
    if (ownMultipliers.kind === "found") {
      const weights = vectors.map((_, k) => (tight.includes(k) ? ownMultipliers.weights[tight.indexOf(k)]! : K.zero));
      if (enough(weights)) return leafOf(weights);
    }
  } else {
    // The cell may be empty: a combination with Σα = 1 that vanishes.
    const vanishing = combinationRows(
      K,
      vectors,
      theta.map(() => K.zero),
    );
    const normalized = { coefficients: bounds, sense: "=" as const, bound: K.one };
    const empty = solveLp(K, { objective: vectors.map(() => K.zero), rows: [...vanishing, normalized], free: false });
    if (empty.kind === "optimal") return leafOf(empty.x);
  }
  const approximate = quadraticAscent(
    vectors.map((v) => toNumbers(K, v)),
    toNumbers(K, bounds),
  );
  for (const denominator of [1n, 2n, 4n, 8n, 64n, 1024n, 1n << 20n]) {
    const rounded = approximate.map((x) => K.fromRational(roundTo(x, denominator)));
    if (enough(rounded)) return leafOf(rounded);
  }
  const support = approximate.flatMap((x, k) => (x > 1e-9 ? [k] : []));
  const exact = solveSystem(
    K,
    support.map((i) => support.map((j) => dot(K, vectors[i]!, vectors[j]!))),
    support.map((k) => bounds[k]!),
  );
  const weights = exact && vectors.map((_, k) => (support.includes(k) ? exact[support.indexOf(k)]! : K.zero));
  if (weights?.every((c) => K.sign(c) >= 0) && enough(weights)) return leafOf(weights);
  const rounded = approximate.map((x) => K.fromRational(roundTo(x, 1n << 40n)));
  return {
    kind: "none",
    exact: weights && scaleBy(K, combinedOf(weights), K.inv(unit)),
    solution: toNumbers(K, scaleBy(K, combinedOf(rounded), K.inv(unit))),
  };
}
