/** Parts: a tree for each block of a network, under common multipliers. */
import { dot, squaredNorm, sum } from "../../exact/field.js";
import { cellOf, type Frame, type Tree } from "../../kernel/explore.js";
import type { Facts } from "../../kernel/facts.js";
import { type Block, blocksOf, hasStrands, placing, rowsOf, type Shape, signatures } from "../../kernel/shape.js";
import type { BoundLeaf, BoundPart } from "../../kernel/statements/bound.js";
import type { Of } from "../../kernel/statements/index.js";
import { verifyStatement } from "../../kernel/verify.js";
import { type Network, parametersOf } from "../../network/network.js";
import { growTree } from "../cells.js";
import type { Search } from "../effort.js";
import { normOf } from "../search/numeric.js";
import { toNumbers } from "../search/vectors.js";
import { leafFor } from "./leaf.js";
import { type Cut, cutAt, recut, subgradients } from "./multipliers.js";
import { peaksOf } from "./peaks.js";
import type { LowPoint } from "./relaxed.js";
import { firstOf, openUnits, openWeight, weightsAbove } from "./signs.js";
import { type LeafFrame, NOTHING } from "./strands.js";
import { cellsOf, FEW_CELLS, MAX_CELLS, relaxedTree } from "./tree.js";

type Bound<E> = Of<"bound", E>;
type Reach = "local" | "global";

const MAX_ROUNDS = 24;
const MAX_CUTS = 3;

/**
 * A tree per block, from the multipliers of the KKT certificate; where others exist, each failing cell cuts off the multipliers that
 * fail there, and the search goes on with what is left.
 */
export function findParts<E>(
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
  const peaks = peaksOf({ frame, cell: cellOf(frame, []), place }, multipliers, squaredBound);
  const isHopeless = (direction: ReadonlyMap<number, number>) => {
    for (const candidate of [...peaks(direction).map((one) => one.direction), direction]) {
      const violation = violationNear(facts, shape, frame.layers, size, multipliers, candidate);
      if (violation === null) continue;
      cuts.push(violation);
      return true;
    }
    return false;
  };
  const tree = relaxedTree({ frame, place }, multipliers, squaredBound, tight, search, { nextWeight, isHopeless });
  if (tree !== null) return { kind: "found", tree };
  return cuts.length > 0 ? { kind: "failed", cuts } : { kind: "too-large" };
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
