/**
 * Finds what `kernel/statements/bound.ts` checks. Three ways, after what the multipliers are common to: all paths of a network (a chain), all
 * of its blocks (parts), or nothing (one joint tree). Where one layer moves, the problem of each cell is convex, and is solved.
 */
import { dot, type Field, squaredNorm, sum } from "../exact/field.js";
import { solve } from "../exact/linear.js";
import type { MultivariatePolynomial } from "../exact/multivariate.js";
import { type Cell, cellOf, type Frame, type Signed, type Tree } from "../kernel/explore.js";
import type { Facts } from "../kernel/facts.js";
import { forward, gradient, type Pattern } from "../kernel/forward.js";
import {
  type Block,
  blocksOf,
  chainOf,
  chainShares,
  hasStrands,
  isChainable,
  type Placing,
  placing,
  rowsOf,
  type Shape,
  shapeOf,
  signatures,
  wholeOf,
} from "../kernel/shape.js";
import type { BoundLeaf, BoundPart, Form, FormProduct } from "../kernel/statements/bound.js";
import type { Of } from "../kernel/statements/index.js";
import { verifyStatement } from "../kernel/verify.js";
import { type Instance, marginOf, weightsOf } from "../network/instance.js";
import { isLinear, isLinearLayer, type Network, parametersOf, type Scope } from "../network/network.js";
import { branch, growTree, leavesOf, mapLeaves } from "./cells.js";
import type { Search } from "./effort.js";
import {
  byStrand,
  type LeafFrame,
  type LeafOutcome,
  NOTHING,
  type PathForms,
  pathSign,
  type UnitForm,
  unitForms,
} from "./leaf.js";
import { type LowPoint, relaxableForms, relaxedLeaf } from "./relaxed.js";
import { combine, onlyWeights } from "./search/combine.js";
import { intoBall, pairWeights, quadraticAscent } from "./search/conic.js";
import { mayCount, nextOpen } from "./search/local.js";
import { type LinearRow, solveLp } from "./search/lp.js";
import { dotNumbers, normOf, orthonormalBasis, symmetricEigen } from "./search/numeric.js";
import { binaryScale, combinationRows, fraction, plus, roundTo, scaleBy, sizeOf, toNumbers } from "./search/vectors.js";

type Bound<E> = Of<"bound", E>;
type Reach = "local" | "global";

const MAX_CELLS = 4096;
/** So few are split, and not relaxed. */
const FEW_CELLS = 32;
const MAX_SPLITS = 2000;
const MAX_JOINT_CELLS = 600;
const MAX_LAYER_CELLS = 1024;
const MAX_ROUNDS = 24;
const MAX_CUTS = 3;
const MAX_COLUMNS = 256;
const MAX_CUTTING_ROUNDS = 40;
const MAX_POOL = 8;

/** α by margin, from the multipliers of a KKT certificate. */
export function multipliersOf<E>({ instance: { field: K }, margins }: Facts<E>, kkt: Of<"kkt", E>): E[] {
  return margins.map((_, j) =>
    sum(
      K,
      kkt.terms.flatMap((t) => (t.margin === j ? [t.multiplier] : [])),
    ),
  );
}

/** A certificate with multipliers that are common to all paths or blocks that the KKT point θ is a local or global optimum, or null. */
export function findCommonBound<E>(facts: Facts<E>, kkt: Of<"kkt", E>, reach: Reach, search: Search): Bound<E> | null {
  const shape = shapeOf(facts.instance, null);
  if (shape === null || shape.layers.length < 2) return null;
  const multipliers = multipliersOf(facts, kkt);
  const parts = () => findParts(facts, shape, multipliers, reach, search);
  if (reach === "local") return parts();
  const chain = () => findChain(facts, shape, kkt, search);
  // Labels with paths of their own have bounds of their own, which parts do not.
  const isSeparate =
    isChainable(facts.instance, shape, multipliers) && chainShares(facts.instance, multipliers).size > 0;
  return isSeparate ? (chain() ?? parts()) : (parts() ?? chain());
}

// ---------------------------------------------------------------- chains

/** The bound for all paths at once: with the multipliers of the linear predictor, of θ, or a single one. */
function findChain<E>(facts: Facts<E>, shape: Shape<E>, kkt: Of<"kkt", E>, search: Search): Bound<E> | null {
  const { instance, margins, active } = facts;
  const { field: K } = instance;
  const single = active.map((j) => margins.map((_, k) => (k === j ? K.one : K.zero)));
  if (!single.some((alpha) => isChainable(instance, shape, alpha))) return null;
  const linear = isLinear(instance.network) ? predictorMultipliers(facts) : null;
  for (const multipliers of [...(linear === null ? [] : [linear]), multipliersOf(facts, kkt), ...single]) {
    const chain = isChainable(instance, shape, multipliers) ? chainTree(facts, multipliers, shape.scale, search) : null;
    if (chain === null) continue;
    const statement: Bound<E> = { kind: "bound", scope: null, reach: "global", by: { multipliers, chain } };
    if (verifyStatement(instance, statement).accepted) return statement;
  }
  return null;
}

/** α ≥ 0 on the active samples with u = Σ α_i y_i x_i, u being the linear predictor, or null. */
function predictorMultipliers<E>({ instance, margins, active }: Facts<E>): E[] | null {
  const { field: K, network, data, point } = instance;
  const weights = weightsOf(instance, point);
  const axes = Array.from({ length: network.inputs }, (_, k) => k);
  const unit = (k: number) => axes.map((j) => (j === k ? K.one : K.zero));
  const predictor = axes.map(
    (k) =>
      forward(
        K,
        instance,
        (c) => c,
        weights,
        unit(k),
        () => true,
      ).outputs[0]!,
  );
  const vectors = active.map((j) => data[margins[j]!.sample]!).map(({ x, y }) => (y === 1 ? x : x.map(K.neg)));
  const found = combine(K, vectors, predictor);
  return found.kind === "found" ? spread(K, margins.length, active, found.weights) : null;
}

/** With the signs of all samples, where the paths are of one kind and the signs make few cells; else with open units relaxed. */
function chainTree<E>(
  facts: Facts<E>,
  multipliers: readonly E[],
  scale: E,
  search: Search,
): Tree<E, BoundLeaf<E>> | null {
  const { field: K, network, point } = facts.instance;
  const { frame, place, shares } = chainOf(facts.instance, facts.spend, chainShares(facts.instance, multipliers));
  const support = multipliers.flatMap((c, j) => (K.isZero(c) ? [] : [j]));
  const total = sum(K, multipliers);
  const squaredBound = K.div(K.mul(total, total), scale);
  const cells = cellsOf(frame, place, multipliers);
  if (shares.size === 0 && cells <= MAX_CELLS * search.effort) {
    const split = growTree(
      frame,
      openUnits(frame, support),
      (cell) => {
        const outcome = leafFor({ frame, cell, place }, multipliers, squaredBound);
        return outcome.kind === "leaf" ? outcome.leaf : null;
      },
      MAX_CELLS * search.effort,
    );
    if (split !== null || cells <= FEW_CELLS) return split;
  }
  const tight = network.layers[0]!.map(
    (row): LowPoint<E> => new Map(row.map(({ from, weight }) => [from, point[weight]!])),
  );
  return relaxedTree({ frame, place, shares }, multipliers, squaredBound, tight, search);
}

// ---------------------------------------------------------------- parts

/** A violated cell as a condition on α: Σ α_j gains_j ≤ limit, from a point of the cell. */
interface Cut<E> {
  readonly limit: E;
  readonly gains: readonly E[];
}

/**
 * A tree per block, from the multipliers of the KKT certificate; where others exist, each failing cell cuts off the multipliers that
 * fail there, and the search goes on with what is left.
 */
function findParts<E>(
  facts: Facts<E>,
  shape: Shape<E>,
  start: readonly E[],
  reach: Reach,
  search: Search,
): Bound<E> | null {
  const { field: K, point } = facts.instance;
  const single = shape.layers.length === 1;
  const groups = new Map<string, Group<E>>();
  const moving = new Set(parametersOf(facts.instance.network, shape.scope));
  const textOf = signatures(facts, shape, reach);
  const blocks = blocksOf(facts.instance, shape);
  const pointsOn = tightPoints(facts, shape, blocks);
  for (const [b, block] of blocks.entries()) {
    const first = block.rows.flatMap(({ layer, row }) => (layer === shape.layers[0] ? row : []));
    const own = [...new Set(first.map(({ weight }) => weight))].filter((k) => moving.has(k));
    const size = squaredNorm(
      K,
      own.map((k) => point[k]!),
    );
    const signature = `${single ? K.key(size) : ""} ${textOf(block)}`;
    const group = groups.get(signature);
    if (group === undefined) groups.set(signature, { block, blocks: [b], size, tight: pointsOn(block) });
    else group.blocks.push(b);
  }
  const cuts: Cut<E>[] = [];
  let columns: readonly { margin: number; vector: readonly E[] }[] | null | undefined;
  let multipliers = start;
  for (let round = 0; round < MAX_ROUNDS * search.effort; round++) {
    const parts: BoundPart<E>[] = [];
    let failed = false;
    const total = sum(K, multipliers);
    if (K.sign(total) === 0) return null;
    const whole = K.div(K.mul(total, total), shape.scale);
    for (const group of groups.values()) {
      // Where one layer moves, each block has at θ the share of C² that it has of ‖θ‖².
      const share = single ? K.div(K.mul(whole, group.size), shape.scale) : null;
      const outcome = partOf(facts, shape, group, multipliers, share ?? whole, reach, search);
      if (outcome.kind === "too-large") return null;
      if (outcome.kind === "found") parts.push({ blocks: group.blocks, share, tree: outcome.tree });
      else {
        failed = true;
        cuts.push(...outcome.cuts);
        if (outcome.cuts.length === 0) return null;
      }
    }
    if (!failed) {
      const statement: Bound<E> = { kind: "bound", scope: shape.scope, reach, by: { multipliers, parts } };
      return verifyStatement(facts.instance, statement).accepted ? statement : null;
    }
    if (columns === undefined) columns = subgradients(facts, shape.scope, search);
    const next = columns === null ? null : recut(facts, shape.scope, columns, cuts);
    if (next === null) return null;
    multipliers = next;
  }
  search.reached(`${MAX_ROUNDS * search.effort} choices of multipliers`);
  return null;
}

/** The first moving layer's weights at θ of each block that is built like a given one, in its place; each direction once. */
function tightPoints<E>(facts: Facts<E>, shape: Shape<E>, blocks: readonly Block[]): (block: Block) => LowPoint<E>[] {
  const { field: K, point } = facts.instance;
  const [first] = shape.layers;
  const textOf = signatures(facts, shape, "global");
  const lows = ({ rows }: Block) =>
    rows.flatMap(({ layer, row }) => (layer === first ? row.map(({ weight }) => weight) : []));
  const live = blocks.flatMap((block) => {
    const values = lows(block).map((k) => point[k]!);
    const floats = toNumbers(K, values);
    const norm = normOf(floats);
    return norm === 0
      ? []
      : [{ values, built: textOf(block), direction: floats.map((c) => Math.round((c / norm) * 1e9)).join() }];
  });
  return (block) => {
    const built = textOf(block);
    const own = lows(block);
    const distinct = new Map(
      live.filter((one) => one.built === built).map(({ direction, values }) => [direction, values]),
    );
    return [...distinct.values()].map((values) => new Map(own.map((k, place) => [k, values[place]!])));
  };
}

/** Blocks that are alike, with the squared size of the first moving layer in each. */
interface Group<E> {
  readonly block: Block;
  readonly blocks: number[];
  readonly size: E;
  /** The weights at θ of all blocks that are built alike, as if they were this one's. */
  readonly tight: readonly LowPoint<E>[];
}

type PartOutcome<E> =
  | { readonly kind: "found"; readonly tree: Tree<E, BoundLeaf<E>> }
  | { readonly kind: "failed"; readonly cuts: readonly Cut<E>[] }
  | { readonly kind: "too-large" };

/** Where the signs make few cells, all of these; else with open units relaxed, and the cells where that fails. */
function partOf<E>(
  facts: Facts<E>,
  shape: Shape<E>,
  group: Group<E>,
  multipliers: readonly E[],
  squaredBound: E,
  reach: Reach,
  search: Search,
): PartOutcome<E> {
  const frame: Frame<E> = {
    facts,
    layers: rowsOf(facts.instance, shape, group.block),
    scope: shape.scope,
    reach: reach === "local" ? "near" : "everywhere",
    from: "origin",
  };
  const place = placing(facts.instance, shape, [group.block], hasStrands(facts.instance, shape));
  const cells = cellsOf(frame, place, multipliers);
  const split = () => splitPart(facts, shape, group, multipliers, squaredBound, reach, search);
  const relax = () => relaxedPart({ frame, place }, shape, group, multipliers, squaredBound, search);
  if (cells > MAX_CELLS * search.effort) return relax();
  // Both ways fail with cuts where the multipliers do; it is enough that one finds a tree.
  const outcomes: PartOutcome<E>[] = [];
  for (const way of cells <= FEW_CELLS ? [split, relax] : [relax, split]) {
    const outcome = way();
    if (outcome.kind === "found") return outcome;
    outcomes.push(outcome);
    if (outcome.kind === "failed" && outcome.cuts.length > 0 && cells > FEW_CELLS) return outcome;
  }
  return outcomes.find((outcome) => outcome.kind === "failed" && outcome.cuts.length > 0) ?? { kind: "too-large" };
}

/** How many cells the signs of the units that can be relaxed make at the most: those of hyperplanes in the span of their forms. */
function cellsOf<E>(frame: Frame<E>, place: Placing, multipliers: readonly E[]): number {
  const K = frame.facts.instance.field;
  const forms = relaxableForms({ frame, cell: cellOf(frame, []), place }, multipliers);
  const lows = [...new Set(forms.flatMap((form) => [...form.keys()]))];
  const rank = orthonormalBasis(
    forms.map((form) => {
      const vector = lows.map((v) => K.toNumber(form.get(v) ?? K.zero));
      const norm = normOf(vector) || 1;
      return vector.map((c) => c / norm);
    }),
  ).length;
  let [total, binomial] = [0, 1];
  for (let k = 0; k < rank; k++) {
    total += 2 * binomial;
    binomial = (binomial * (forms.length - 1 - k)) / (k + 1);
  }
  return Math.max(1, total);
}

/** With open units relaxed; where that fails, the multipliers may be at fault. */
function relaxedPart<E>(
  { frame, place }: Omit<LeafFrame<E>, "cell">,
  shape: Shape<E>,
  { size, tight }: Group<E>,
  multipliers: readonly E[],
  squaredBound: E,
  search: Search,
): PartOutcome<E> {
  const { facts } = frame;
  const nextWeight = openWeight<E>(weightsAbove(facts.instance, shape, frame.layers));
  const cuts: Cut<E>[] = [];
  const isHopeless = (direction: ReadonlyMap<number, number>) => {
    const violation = violationNear(facts, shape, frame.layers, size, multipliers, direction);
    if (violation !== null) cuts.push(violation);
    return violation !== null;
  };
  const tree = relaxedTree({ frame, place }, multipliers, squaredBound, tight, search, { nextWeight, isHopeless });
  if (tree !== null) return { kind: "found", tree };
  return cuts.length > 0 ? { kind: "failed", cuts } : { kind: "too-large" };
}

interface Branching<E> {
  /** A weight above whose sign is to be split first. */
  readonly nextWeight: (cell: Cell<E>) => Signed | null;
  /** Whether the multipliers fail at a direction where the relaxation is the loosest. */
  readonly isHopeless: (direction: ReadonlyMap<number, number>) => boolean;
}

/** Branch and bound: a cell whose relaxation fails is split, first by the signs of the weights above, then where it is the loosest. */
function relaxedTree<E>(
  leaf: Omit<LeafFrame<E>, "cell">,
  multipliers: readonly E[],
  squaredBound: E,
  tight: readonly LowPoint<E>[],
  { effort, progress, reached }: Search,
  { nextWeight, isHopeless }: Branching<E> = { nextWeight: () => null, isHopeless: () => false },
): Tree<E, BoundLeaf<E>> | null {
  const most = MAX_SPLITS * effort;
  let splits = 0;
  return branch<E, BoundLeaf<E>>(leaf.frame, (cell) => {
    const outcome = relaxedLeaf({ ...leaf, cell }, multipliers, squaredBound, tight);
    if (outcome.kind === "leaf") return { leaf: outcome.leaf };
    if (outcome.direction !== null && isHopeless(outcome.direction)) return null;
    const at = outcome.split === null ? null : (nextWeight(cell) ?? outcome.split);
    if (at === null) return null;
    if (++splits > most) {
      reached(`relaxations with ${most} splits of signs`);
      return null;
    }
    progress("relaxing signs", splits, most);
    return { split: at };
  });
}

/** A cut that these multipliers violate, at the best point that fixed patterns lead to from a direction or its opposite, or null. */
function violationNear<E>(
  facts: Facts<E>,
  shape: Shape<E>,
  block: Network["layers"],
  size: E,
  multipliers: readonly E[],
  direction: ReadonlyMap<number, number>,
): Cut<E> | null {
  const K = facts.instance.field;
  const paths = weightsAbove(facts.instance, shape, block);
  // One unit: its weights w, and at most one weight above of either sign.
  if (paths.length > 1 || shape.layers.length > 2) return null;
  for (const side of [1, -1])
    for (const sign of paths.length === 0 ? [1] : [1, -1]) {
      const norm = normOf([...direction.values()]) || 1;
      const point = new Map([...direction].map(([v, c]) => [v, (side * c) / norm] as const));
      for (const k of paths) point.set(k, sign);
      const cut = cutAt(facts, shape, block, size, point);
      const gain = dot(K, multipliers, cut.gains);
      const total = K.toNumber(sum(K, multipliers));
      const scale = K.toNumber(shape.scale) ** (1 / shape.layers.length);
      // The limit is for multipliers of sum ‖θ‖²/m.
      if (K.toNumber(gain) * scale > K.toNumber(cut.limit) * total * (1 + 1e-7)) return cut;
    }
  return null;
}

/** Without a split by the signs of the weights above where no products are needed; else with it. */
function splitPart<E>(
  facts: Facts<E>,
  shape: Shape<E>,
  { block, size }: Group<E>,
  multipliers: readonly E[],
  squaredBound: E,
  reach: Reach,
  { effort, reached }: Search,
): PartOutcome<E> {
  const { instance } = facts;
  const K = instance.field;
  const layers = rowsOf(instance, shape, block);
  const frame: Frame<E> = {
    facts,
    layers,
    scope: shape.scope,
    reach: reach === "local" ? "near" : "everywhere",
    from: "origin",
  };
  const place = placing(instance, shape, [block], hasStrands(instance, shape));
  const support = multipliers.flatMap((c, j) => (K.isZero(c) ? [] : [j]));
  const above = weightsAbove(instance, shape, layers);
  const tries = [
    openUnits(frame, support),
    firstOf(openUnits(frame, support, true), openWeight(above), openUnits(frame, support)),
    firstOf(openWeight(above), openUnits(frame, support)),
  ];
  const most = MAX_CELLS * effort;
  // Plain first: no signs of weights and no products.
  const plain = growTree<E, BoundLeaf<E>>(
    frame,
    tries[0]!,
    (cell) => {
      const outcome = leafFor({ frame, cell, place }, multipliers, squaredBound, false);
      return outcome.kind === "leaf" ? outcome.leaf : null;
    },
    most,
  );
  if (plain !== null) return { kind: "found", tree: plain };
  const cuts: Cut<E>[] = [];
  const next = frame.layers[shape.layers[0]!]!.some((row) => row.length > 1) ? tries[1]! : tries[2]!;
  const tree = growTree<E, BoundLeaf<E>>(
    frame,
    next,
    (cell) => {
      const outcome = leafFor({ frame, cell, place }, multipliers, squaredBound);
      if (outcome.kind === "leaf") return outcome.leaf;
      // These multipliers have failed; a few cuts are enough to choose the next.
      if (outcome.point !== null) cuts.push(cutAt(facts, shape, layers, size, outcome.point));
      return cuts.length < MAX_CUTS && outcome.point !== null ? { ...NOTHING } : null;
    },
    most,
  );
  if (cuts.length > 0) return { kind: "failed", cuts };
  if (tree === null) reached(`${most} cells of a block`);
  return tree === null ? { kind: "too-large" } : { kind: "found", tree };
}

/** Σ α_j gains_j ≤ C (‖p‖²/m)^{m/2} at a point p of the block, with the scale of α that makes C a number: Σα = ‖θ‖²/m. */
function cutAt<E>(
  facts: Facts<E>,
  shape: Shape<E>,
  block: Network["layers"],
  size: E,
  point: ReadonlyMap<number, number>,
): Cut<E> {
  const { instance, margins } = facts;
  const { field: K, data, frozen } = instance;
  const moving = new Set(parametersOf(instance.network, shape.scope));
  const own = instance.point.map((_, k) => K.fromRational(roundTo(point.get(k) ?? 0, 1n << 16n)));
  const p = own.map((c, k) => (moving.has(k) ? c : instance.point[k]!));
  const part: Instance<E> = { ...instance, network: { ...instance.network, layers: block } };
  const passes = data.map(({ x }) =>
    forward(
      K,
      part,
      (c) => c,
      [...p, ...frozen],
      x,
      (z) => K.sign(z) > 0,
    ),
  );
  const m = shape.layers.length;
  const norm =
    K.toNumber(
      squaredNorm(
        K,
        [...moving].map((k) => instance.point[k]!),
      ),
    ) / m;
  const squared = squaredNorm(K, own);
  // C = Σα/√scale = (‖θ‖²/m)^{1 − m/2}; where one layer moves, the block's own is the size of its weights.
  const bound = m === 1 ? Math.sqrt(K.toNumber(size)) : norm ** (1 - m / 2);
  const limit = bound * (K.toNumber(squared) / m) ** (m / 2);
  return {
    limit: m === 2 ? K.div(squared, fraction(K, 2n)) : K.fromRational(roundTo(limit, 1n << 40n)),
    gains: margins.map((margin) => marginOf(K, margin, passes[margin.sample]!.outputs)),
  };
}

/** All realizable subgradients of the active margins, or null when there are too many. */
function subgradients<E>(
  facts: Facts<E>,
  scope: Scope,
  { effort, reached }: Search,
): { margin: number; vector: readonly E[] }[] | null {
  const { instance, margins, active } = facts;
  const frame: Frame<E> = { facts, layers: instance.network.layers, scope, reach: "near", from: "point" };
  const moving = parametersOf(instance.network, scope);
  const columns: { margin: number; vector: readonly E[] }[] = [];
  for (const j of active) {
    const margin = margins[j]!;
    const tree = growTree<E, Pattern>(
      frame,
      openUnits(frame, [j]),
      (cell) => cell.sample(margin.sample).layers.map((layer) => layer.map(({ sign }) => sign === 1)),
      MAX_COLUMNS * effort,
    );
    if (tree === null) {
      reached(`${MAX_COLUMNS * effort} subgradients of a margin`);
      return null;
    }
    for (const pattern of leavesOf(tree)) {
      const whole = gradient(instance, margin, pattern);
      columns.push({ margin: j, vector: moving.map((k) => whole[k]!) });
    }
    if (columns.length > MAX_COLUMNS * effort) {
      reached(`${MAX_COLUMNS * effort} subgradients`);
      return null;
    }
  }
  return columns;
}

/** Multipliers of the KKT conditions that satisfy all cuts, with as much room as possible, or null. */
function recut<E>(
  { instance, margins }: Facts<E>,
  scope: Scope,
  columns: readonly { margin: number; vector: readonly E[] }[],
  cuts: readonly Cut<E>[],
): E[] | null {
  const { field: K, network } = instance;
  const point = parametersOf(network, scope).map((k) => instance.point[k]!);
  const vectors = columns.map(({ vector }) => vector);
  const byMargin = (weights: readonly E[]) =>
    margins.map((_, j) =>
      sum(
        K,
        columns.flatMap(({ margin }, k) => (margin === j ? [weights[k]!] : [])),
      ),
    );
  const only = onlyWeights(K, vectors, point);
  if (only !== null) return cuts.length === 0 ? byMargin(only) : null;
  const result = solveLp(K, {
    objective: [...columns.map(() => K.zero), K.neg(K.one)],
    rows: [
      ...combinationRows(K, vectors, point).map((row) => ({ ...row, coefficients: [...row.coefficients, K.zero] })),
      ...cuts.map(({ limit, gains }) => ({
        coefficients: [...columns.map(({ margin }) => gains[margin]!), K.one],
        sense: "<=" as const,
        bound: limit,
      })),
      { coefficients: [...columns.map(() => K.zero), K.one], sense: "<=" as const, bound: K.one },
    ],
    free: [...columns.map(() => false), true],
  });
  return result.kind !== "optimal" || K.toNumber(result.value) > 1e-6 ? null : byMargin(result.x);
}

// ---------------------------------------------------------------- which sign to split next

/** The units of some margins without a sign, from the lowest layer up; with `lowest` only those of the first layer with kinks. */
function openUnits<E>(frame: Frame<E>, margins: readonly number[], lowest = false): (cell: Cell<E>) => Signed | null {
  const { margins: all, instance } = frame.facts;
  const own = margins.map((j) => all[j]!);
  const first = instance.network.slopes.findIndex((_, l) => !isLinearLayer(instance.network, l));
  return nextOpen(frame, own, mayCount(frame), lowest ? ({ layer }) => layer === first : undefined);
}

/** The first of several ways to find a sign that finds one. */
function firstOf<E>(...ways: readonly ((cell: Cell<E>) => Signed | null)[]): (cell: Cell<E>) => Signed | null {
  return (cell) => {
    for (const way of ways) {
      const at = way(cell);
      if (at !== null) return at;
    }
    return null;
  };
}

function openWeight<E>(weights: readonly number[]): (cell: Cell<E>) => Signed | null {
  return (cell) => {
    const weight = weights.find((k) => cell.weightSign(k) === null);
    return weight === undefined ? null : { weight };
  };
}

/** The moving weights of a block above the first moving layer. */
export function weightsAbove<E>(
  { network, point }: Instance<E>,
  { scope, layers: moving }: Shape<E>,
  block: Network["layers"],
): number[] {
  const own = new Set(parametersOf(network, scope));
  const above = block
    .slice(moving[0]! + 1)
    .flat(2)
    .map(({ weight }) => weight);
  return [...new Set(above)].filter((k) => k < point.length && own.has(k)).sort((a, b) => a - b);
}

// ---------------------------------------------------------------- a leaf, for given multipliers

/** The evidence on a cell for given multipliers. */
function leafFor<E>(
  leaf: LeafFrame<E>,
  multipliers: readonly E[],
  squaredBound: E,
  withProducts = true,
): LeafOutcome<E> {
  const { frame, cell, place } = leaf;
  const { instance, margins } = frame.facts;
  const K = instance.field;
  const strands = new Map<string, { home: string; paths: PathForms<E> }>();
  for (const [j, c] of multipliers.entries()) {
    if (K.isZero(c)) continue;
    const p = cell.margin(margins[j]!);
    if (p === null) return { kind: "failed", point: null };
    for (const [strand, { home, paths }] of byStrand(place, p)) {
      if (!strands.has(strand)) strands.set(strand, { home, paths: new Map() });
      const all = strands.get(strand)!.paths;
      for (const [key, { path, form }] of paths) {
        if (!all.has(key)) all.set(key, { path, form: new Map() });
        const total = all.get(key)!.form;
        for (const [v, one] of form) total.set(v, K.add(total.get(v) ?? K.zero, K.mul(c, one)));
      }
    }
  }
  const products: FormProduct<E>[] = [];
  let units: UnitForm<E>[] | undefined;
  for (const { home, paths } of strands.values()) {
    const isShort = paths.size === 1 && squaredNorm(K, [...[...paths.values()][0]!.form.values()]);
    if (isShort !== false && K.sign(K.sub(isShort, squaredBound)) <= 0) continue;
    if (withProducts) units ??= unitForms(leaf);
    const own = (units ?? []).filter((one) => one.home === home);
    const found =
      paths.size === 1
        ? onPath(leaf, [...paths.values()][0]!, own, squaredBound)
        : onPaths(leaf, [...paths.values()], own, squaredBound);
    if (found.kind === "failed") return found;
    products.push(...found.products);
  }
  return { kind: "leaf", leaf: { ...NOTHING, products: products.length === 0 ? null : products } };
}

type StrandOutcome<E> =
  | { readonly kind: "products"; readonly products: readonly FormProduct<E>[] }
  | { readonly kind: "failed"; readonly point: ReadonlyMap<number, number> | null };

/** A single path: ‖f + Σ ν_k (± z_k)‖ ≤ C, the signs of units and of the path's weights together. */
function onPath<E>(
  { frame, cell }: LeafFrame<E>,
  { path, form }: { path: readonly number[]; form: ReadonlyMap<number, E> },
  units: readonly UnitForm<E>[],
  squaredBound: E,
): StrandOutcome<E> {
  const K = frame.facts.instance.field;
  const sign = pathSign(cell, path);
  const usable = sign === 0 ? [] : units;
  const rows = [...new Set([form, ...usable.map((one) => one.form)].flatMap((f) => [...f.keys()]))].sort(
    (a, b) => a - b,
  );
  const target = rows.map((v) => form.get(v) ?? K.zero);
  const vectors = usable.map((one) =>
    rows.map((v) => (sign > 0 ? (one.form.get(v) ?? K.zero) : K.neg(one.form.get(v) ?? K.zero))),
  );
  const { weights, approximate } = intoBall(K, target, vectors, squaredBound);
  if (weights !== null) {
    const products = weights.flatMap((weight, k): FormProduct<E>[] =>
      K.isZero(weight) ? [] : [{ first: { unit: usable[k]!.unit }, second: { path }, weight }],
    );
    return { kind: "products", products };
  }
  // The residual is the direction of the cell in which the path gains most; its weights are of size 1.
  const floats = vectors.map((v) => toNumbers(K, v));
  const residual = toNumbers(K, target).map((c, k) => c + floats.reduce((t, v, j) => t + approximate[j]! * v[k]!, 0));
  const norm = normOf(residual) || 1;
  // The form is that of Σ α margin with weights of the path of any sign; the gain is positive where their product has this sign.
  const point = new Map(rows.map((v, k) => [v, residual[k]! / norm]));
  const own = path.map((k) => cell.weightSign(k) ?? 1);
  for (const [k, weight] of path.entries()) point.set(weight, own[k]! || 1);
  const product = own.reduce<number>((p, s) => p * (s || 1), 1);
  if (product < 0) for (const v of rows) point.set(v, -point.get(v)!);
  return { kind: "failed", point };
}

/** Several paths: the matrix [[C² I, −F], [−Fᵀ, I]] less products of any two forms. */
function onPaths<E>(
  { frame, cell }: LeafFrame<E>,
  paths: readonly { readonly path: readonly number[]; readonly form: ReadonlyMap<number, E> }[],
  units: readonly UnitForm<E>[],
  squaredBound: E,
): StrandOutcome<E> {
  const K = frame.facts.instance.field;
  const lows = [
    ...new Set([...paths.map(({ form }) => form), ...units.map(({ form }) => form)].flatMap((f) => [...f.keys()])),
  ].sort((a, b) => a - b);
  const n = lows.length + paths.length;
  const Q = Array.from({ length: n }, (_, u) =>
    Array.from({ length: n }, (__, v) => (u !== v ? K.zero : u < lows.length ? squaredBound : K.one)),
  );
  for (const [t, { form }] of paths.entries())
    for (const [v, c] of form) {
      const [row, column] = [lows.indexOf(v), lows.length + t];
      Q[row]![column] = K.neg(c);
      Q[column]![row] = K.neg(c);
    }
  const signed = paths.flatMap(({ path }, t) =>
    pathSign(cell, path) === 0 ? [] : [{ path, t, sign: pathSign(cell, path) }],
  );
  const forms: { form: Form; vector: E[]; isPath: boolean }[] = [
    ...units.map(({ unit, form }) => ({
      form: { unit },
      vector: [...lows.map((v) => form.get(v) ?? K.zero), ...paths.map(() => K.zero)],
      isPath: false,
    })),
    ...signed.map(({ path, t, sign }) => ({
      form: { path },
      vector: Array.from({ length: n }, (_, k) => (k === lows.length + t ? fraction(K, BigInt(sign)) : K.zero)),
      isPath: true,
    })),
  ];
  const pairs = forms.flatMap((first, k) => forms.slice(k).map((second) => ({ first, second })));
  const outcome = pairWeights(
    K,
    Q,
    forms.map(({ vector }) => vector),
    pairs.map(({ first, second }) => ({ first: first.vector, second: second.vector })),
  );
  if (outcome.kind === "weights") {
    const half = fraction(K, 1n, 2n);
    const products = outcome.weights.flatMap((weight, k): FormProduct<E>[] => {
      if (K.isZero(weight)) return [];
      const { first, second } = pairs[k]!;
      // A unit with a path adds to F, which stands twice in the matrix.
      return [
        {
          first: first.form,
          second: second.form,
          weight: first.isPath === second.isPath ? weight : K.mul(half, weight),
        },
      ];
    });
    return { kind: "products", products };
  }
  const point = new Map(lows.map((v, k) => [v, outcome.direction[k]! * Math.sqrt(K.toNumber(squaredBound))]));
  for (const [t, { path }] of paths.entries())
    if (path.length === 1) point.set(path[0]!, outcome.direction[lows.length + t]!);
  return { kind: "failed", point: paths.every(({ path }) => path.length === 1) ? point : null };
}

// ---------------------------------------------------------------- joint trees

/** A certificate with multipliers of their own on each cell of a joint tree, or null. */
export function findJointBound<E>(
  facts: Facts<E>,
  kkt: Of<"kkt", E>,
  reach: Reach,
  { effort, reached }: Search,
): Bound<E> | null {
  const { instance, margins } = facts;
  const { field: K, network } = instance;
  const shape = shapeOf(instance, null);
  if (shape === null || shape.layers.length < 2) return null;
  const frame: Frame<E> = {
    facts,
    layers: network.layers,
    scope: null,
    reach: reach === "local" ? "near" : "everywhere",
    from: "origin",
  };
  const blocks = blocksOf(instance, shape);
  const place = placing(instance, shape, blocks, hasStrands(instance, shape));
  const every = margins.map((_, j) => j);
  const above = weightsAbove(instance, shape, network.layers);
  const next = isLinear(network)
    ? () => null
    : firstOf(openUnits(frame, every, true), openWeight(above), openUnits(frame, every));
  const most = MAX_JOINT_CELLS * effort;
  const tree = growTree<E, { readonly cell: Cell<E> }>(frame, next, (cell) => ({ cell }), most);
  if (tree === null) {
    reached(`${most} cells of the whole network`);
    return null;
  }
  const own = multipliersOf(facts, kkt);
  const single = every.map((j) => every.map((k) => (k === j ? K.one : K.zero)));
  const pool: (readonly E[])[] = [own, ...single];
  const cells = leavesOf(tree).map(({ cell }) => ({ cell, touching: touches(facts, cell) }));
  const found = new Map<Cell<E>, BoundLeaf<E>>();
  for (const { cell, touching } of [...cells].sort((a, b) => Number(b.touching) - Number(a.touching))) {
    const leaf = jointLeaf({ frame, cell, place }, shape, pool, touching);
    if (leaf === null) return null;
    if (pool.length < MAX_POOL + margins.length && !pool.includes(leaf.multipliers!)) pool.push(leaf.multipliers!);
    found.set(cell, leaf);
  }
  const statement: Bound<E> = {
    kind: "bound",
    scope: null,
    reach,
    by: { tree: mapLeaves(tree, ({ cell }) => found.get(cell)!) },
  };
  return verifyStatement(instance, statement).accepted ? statement : null;
}

/** Whether θ lies in the closed cell. */
function touches<E>({ instance, passes }: Facts<E>, { conditions }: Cell<E>): boolean {
  const { field: K, point } = instance;
  return conditions.every(({ at, orientation }) => {
    const value = "weight" in at ? point[at.weight]! : passes[at.sample]!.preactivations[at.layer]![at.unit]!;
    return K.sign(value) * orientation >= 0;
  });
}

function jointLeaf<E>(
  leaf: LeafFrame<E>,
  shape: Shape<E>,
  pool: readonly (readonly E[])[],
  touching: boolean,
): BoundLeaf<E> | null {
  const K = leaf.frame.facts.instance.field;
  const withProducts = (multipliers: readonly E[]): BoundLeaf<E> | null => {
    const total = sum(K, multipliers);
    const outcome = leafFor(leaf, multipliers, K.div(K.mul(total, total), shape.scale));
    return outcome.kind === "leaf" ? { ...outcome.leaf, multipliers } : null;
  };
  for (const multipliers of pool) {
    const accepted = withProducts(multipliers);
    if (accepted !== null) return accepted;
  }
  const alpha = byCuts(leaf, shape, touching);
  if (alpha === null) return null;
  const exact = withProducts(alpha);
  if (exact !== null) return exact;
  // A cell as good as that of θ leaves no room, and what the cuts come close to has to be guessed.
  const total = K.toNumber(sum(K, alpha));
  for (const denominator of [1n, 2n, 3n, 4n, 5n, 6n, 8n, 12n, 24n]) {
    const guess = alpha.map((c) => K.fromRational(roundTo(K.toNumber(c) / total, denominator)));
    if (guess.every((c) => K.sign(c) === 0)) continue;
    const accepted = withProducts(guess);
    if (accepted !== null) return accepted;
  }
  return null;
}

/**
 * α with Σα = ‖θ‖²/m, and weights of the products of a unit with a path, by cutting planes pᵀFq ≤ C for unit vectors p and q, with as much
 * room as possible; where the cell touches θ, with F φ(θ) along θ, as it has to be there. Null where there are none.
 */
function byCuts<E>({ frame, cell, place }: LeafFrame<E>, shape: Shape<E>, touching: boolean): E[] | null {
  const { instance, margins } = frame.facts;
  const { field: K, network, point } = instance;
  const depth = shape.layers.length;
  const first = shape.layers[0]!;
  const rows = parametersOf(network, first);
  type Column = Map<string, { path: readonly number[]; strand: string; form: Map<number, E> }>;
  const columnOf = (p: MultivariatePolynomial<E>): Column =>
    new Map(
      [...byStrand(place, p)].flatMap(([strand, { paths }]) =>
        [...paths].map(([key, { path, form }]) => [key, { path, strand, form }] as const),
      ),
    );
  const columns: Column[] = [];
  for (const margin of margins) {
    const p = cell.margin(margin);
    if (p === null) return null;
    columns.push(columnOf(p));
  }
  const paths = new Map(
    columns.flatMap((column) => [...column].map(([key, { path, strand }]) => [key, { path, strand }] as const)),
  );
  for (const { home, form } of unitForms({ frame, cell, place })) {
    for (const [key, { path, strand }] of paths) {
      const sign = pathSign(cell, path);
      if (sign === 0 || place.path(path)?.home !== home) continue;
      const signed = sign > 0 ? form : new Map([...form].map(([v, c]) => [v, K.neg(c)]));
      columns.push(new Map([[key, { path, strand, form: new Map(signed) }]]));
    }
  }
  const keys = [...paths.keys()];
  const sumOfAlpha = K.div(squaredNorm(K, point), fraction(K, BigInt(depth)));
  const bound = K.toNumber(sumOfAlpha) ** (1 - depth / 2);
  const values = keys.map((key) => paths.get(key)!.path.reduce((product, k) => K.mul(product, point[k]!), K.one));
  const live = values.map((value) => touching && !K.isZero(value));
  const A = columns.map((column) => keys.map((key) => rows.map((v) => column.get(key)?.form.get(v) ?? K.zero)));
  const floats = A.map((column) => column.map((c) => toNumbers(K, c)));
  const isAlpha = columns.map((_, k) => k < margins.length);
  const programRows: LinearRow<E>[] = [
    { coefficients: [...isAlpha.map((own) => (own ? K.one : K.zero)), K.zero], sense: "=", bound: sumOfAlpha },
    {
      coefficients: [...columns.map(() => K.zero), K.one],
      sense: "<=",
      bound: K.fromRational(roundTo(bound / 8, 1n << 40n)),
    },
  ];
  const separate = hasStrands(instance, shape) && network.outputs === 1;
  const theta = rows.map((k) => point[k]!);
  if (touching) {
    const along = K.div(sumOfAlpha, squaredNorm(K, theta));
    for (const [r, c] of theta.entries())
      programRows.push({
        coefficients: [
          ...A.map((column) =>
            dot(
              K,
              values,
              column.map((v) => v[r]!),
            ),
          ),
          K.zero,
        ],
        sense: "=",
        bound: K.mul(along, c),
      });
    if (!separate) {
      const back = K.div(sumOfAlpha, squaredNorm(K, values));
      for (const [t, value] of values.entries())
        programRows.push({
          coefficients: [...A.map((column) => dot(K, theta, column[t]!)), K.zero],
          sense: "=",
          bound: K.mul(back, value),
        });
    }
  }
  const limit = K.fromRational(roundTo(bound * (1 + 2 ** -24), 1n << 40n));
  const strands = [...new Set(keys.map((key) => paths.get(key)!.strand))].map((strand) =>
    keys.flatMap((key, t) => (paths.get(key)!.strand === strand ? [t] : [])),
  );
  const floatTheta = toNumbers(K, theta);
  for (let round = 0; round < MAX_CUTTING_ROUNDS; round++) {
    const result = solveLp(K, {
      objective: [...columns.map(() => K.zero), K.neg(K.one)],
      rows: programRows,
      free: [...columns.map(() => false), true],
    });
    if (result.kind !== "optimal" || K.toNumber(result.value) > 1e-9 * bound) return null;
    const weights = result.x.slice(0, columns.length);
    const w = toNumbers(K, weights);
    const M = keys.map((_, t) => rows.map((__, r) => w.reduce((total, c, j) => total + c * floats[j]![t]![r]!, 0)));
    const cuts = strands.flatMap((own) => violated(M, own, live, bound, touching ? floatTheta : null));
    if (cuts.length === 0) return weights.slice(0, margins.length);
    for (const { p, q } of cuts)
      programRows.push({
        coefficients: [
          ...floats.map((column) =>
            K.fromRational(
              roundTo(
                column.reduce((total, c, t) => total + q[t]! * dotNumbers(p, c), 0),
                1n << 30n,
              ),
            ),
          ),
          K.one,
        ],
        sense: "<=",
        bound: limit,
      });
  }
  return null;
}

/** Unit vectors p, q with pᵀMq above the bound, M given by its columns, of which a strand has `own`; the part at θ is left out. */
function violated(
  M: readonly (readonly number[])[],
  own: readonly number[],
  live: readonly boolean[],
  most: number,
  theta: readonly number[] | null,
): { p: number[]; q: number[] }[] {
  if (own.length === 1) {
    const [t] = own as [number];
    const norm = normOf(M[t]!);
    return live[t]! || norm <= most ? [] : [{ p: M[t]!.map((c) => c / norm), q: M.map((_, s) => (s === t ? 1 : 0)) }];
  }
  const n = M[0]!.length;
  const gram = Array.from({ length: n }, (_, u) =>
    Array.from({ length: n }, (__, v) => own.reduce((total, t) => total + M[t]![u]! * M[t]![v]!, 0)),
  );
  const { values, vectors } = symmetricEigen(gram);
  return values.flatMap((value, k) => {
    const sigma = Math.sqrt(Math.max(0, value));
    const p = vectors[k]!;
    const atTheta = theta !== null && Math.abs(dotNumbers(p, theta)) > 0.999 * normOf(theta);
    return sigma <= most || atTheta
      ? []
      : [{ p, q: M.map((column, t) => (own.includes(t) ? dotNumbers(column, p) / sigma : 0)) }];
  });
}

// ---------------------------------------------------------------- one moving layer

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
  const tree = growTree<E, { readonly cell: Cell<E> }>(frame, openUnits(frame, every), (cell) => ({ cell }), most);
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
  const exact = solve(
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

/** Multipliers of some margins as a list over all. */
function spread<E>(K: Field<E>, count: number, own: readonly number[], weights: readonly E[]): E[] {
  const all = new Array<E>(count).fill(K.zero);
  for (const [k, j] of own.entries()) all[j] = weights[k]!;
  return all;
}
