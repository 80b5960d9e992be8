/**
 * `not-kkt`: a direction d that separates θ from the cone of the Clarke subgradients of the active margins: θ·d < 0, and no active
 * margin decreases along d under any pattern that is consistent at θ and not gone. (`proofs/theory.md`, §3.)
 */
import { sum } from "../../exact/field.js";
import { listOf, objectOf, type SparseVector, word } from "../../network/codec.js";
import { type Margin, marginText, weightsOf } from "../../network/instance.js";
import { isLinearLayer, type Network } from "../../network/network.js";
import { ensure } from "../ensure.js";
import { type Cell, explore, type Frame, type Tree } from "../explore.js";
import type { Facts } from "../facts.js";
import { type UnitAtSample, unitText } from "../forward.js";
import type { Kind } from "../statement.js";

/** Nothing has to be said at a leaf. */
export type Nothing = Record<never, never>;

export interface NotKkt<E> {
  readonly kind: "not-kkt";
  readonly direction: SparseVector<E>;
  /** The tree of a sample's kinks; a sample without one has a single leaf. */
  readonly trees: readonly { readonly sample: number; readonly tree: Tree<E, Nothing> }[];
}

export const notKkt = <E>(): Kind<E, NotKkt<E>, null> => ({
  clauses: ["not-kkt.descent", "not-kkt.trees", "not-kkt.open", "not-kkt.ascent"],
  codec: ({ vector, sample, tree }) =>
    objectOf<NotKkt<E>>({
      kind: word("not-kkt"),
      direction: vector,
      trees: listOf(objectOf<NotKkt<E>["trees"][number]>({ sample, tree: tree(objectOf<Nothing>({})) })),
    }),
  check: (facts, { direction, trees }) => {
    const { instance, margins, active } = facts;
    const { field: K, point } = instance;
    const rate = sum(
      K,
      [...direction].map(([k, c]) => K.mul(c, point[k]!)),
    );
    ensure(K.sign(rate) < 0, "not-kkt.descent", "the direction does not decrease the norm");
    const samples = new Set(active.map((j) => margins[j]!.sample));
    const own = new Set(trees.map(({ sample }) => sample));
    const fit = own.size === trees.length && [...own].every((sample) => samples.has(sample));
    ensure(
      fit,
      "not-kkt.trees",
      "a tree belongs to a sample without active margins, or to one that has a tree already",
    );
    const frame = kinksAt(facts);
    for (const sample of samples) {
      const tree = trees.find((one) => one.sample === sample)?.tree ?? { leaf: {} };
      explore(frame, tree, (cell) => {
        for (const j of active) {
          const margin = margins[j]!;
          if (margin.sample !== sample) continue;
          const lowest = lowestRate(frame, cell, margin, direction);
          const open = lowest.kind === "open" ? lowest.at : null;
          ensure(
            lowest.kind === "rate",
            "not-kkt.open",
            () =>
              `${marginText(margin)} depends on an open kink and, above it, on ${unitText(open!)}, which is open too`,
          );
          const ascends = K.sign(lowest.rate) >= 0;
          ensure(
            ascends,
            "not-kkt.ascent",
            () => `on a pattern the direction decreases the margin of ${marginText(margin)}`,
          );
        }
      });
    }
    return null;
  },
  meaning: () => ({
    about: "kkt",
    scope: null,
    answer: "no",
    radius: null,
    because: "a direction decreases the norm and no active margin, on any pattern",
  }),
});

/** The cells of the patterns that are consistent at θ. */
export function kinksAt<E>(facts: Facts<E>): Frame<E> {
  return { facts, layers: facts.instance.network.layers, scope: null, reach: "near", from: "point" };
}

export type LowestRate<E> =
  /** With the worse sides of the open kinks that it takes, per layer by unit: whether on. */
  | { readonly kind: "rate"; readonly rate: E; readonly sides: readonly ReadonlyMap<number, boolean>[] }
  /** A kink without a sign above another one. */
  | { readonly kind: "open"; readonly at: UnitAtSample };

/**
 * The least rate of a margin along d over the patterns of a cell. Open kinks of which none is above another enter the rate one by one, so
 * that the worse side is taken of each.
 */
export function lowestRate<E>(
  { facts: { instance, passes } }: Frame<E>,
  cell: Cell<E>,
  { sample, plus, minus }: Margin,
  direction: SparseVector<E>,
): LowestRate<E> {
  const { field: K, network, point, data } = instance;
  const weights = weightsOf(instance, point);
  const last = network.layers.length - 1;
  const { preactivations } = passes[sample]!;
  const slopes = network.slopes.map(K.fromRational);
  const valueAt = (l: number, unit: number): E => {
    if (l < 0) return data[sample]!.x[unit]!;
    const z = preactivations[l]![unit]!;
    return isLinearLayer(network, l) || K.sign(z) > 0 ? z : K.mul(slopes[l]!, z);
  };
  // Upwards: the rate of each unit's z, null above an open kink; and σ' there, null where it is open.
  const rates: (E | null)[][] = [];
  const factors: (E | null)[][] = [];
  const rateOf = (l: number, row: Network["layers"][number][number]): E | null => {
    let total = K.zero;
    for (const { from, weight } of row) {
      total = K.add(total, K.mul(direction.get(weight) ?? K.zero, valueAt(l - 1, from)));
      if (l === 0 || K.isZero(weights[weight]!)) continue;
      const [rate, factor] = [rates[l - 1]![from]!, factors[l - 1]![from]!];
      if (rate === null || factor === null) return null;
      total = K.add(total, K.mul(weights[weight]!, K.mul(factor, rate)));
    }
    return total;
  };
  for (const [l, rows] of network.layers.slice(0, last).entries()) {
    const units = cell.sample(sample).layers[l]!;
    rates.push(rows.map((row) => rateOf(l, row)));
    factors.push(
      rows.map((_, unit) => {
        if (isLinearLayer(network, l)) return K.one;
        const { sign } = units[unit]!;
        return sign === null ? null : sign === 1 ? K.one : sign === 0 ? K.zero : slopes[l]!;
      }),
    );
  }
  // Downwards, with what each unit's value counts in the margin.
  let total = K.zero;
  const sides: Map<number, boolean>[] = rates.map(() => new Map());
  let counts = new Map<number, E>();
  const put = (into: Map<number, E>, unit: number, c: E) => into.set(unit, K.add(into.get(unit) ?? K.zero, c));
  if (plus !== null) put(counts, plus, K.one);
  if (minus !== null) put(counts, minus, K.neg(K.one));
  for (let l = last; l >= 0; l--) {
    const below = new Map<number, E>();
    for (const [unit, count] of counts) {
      if (K.isZero(count)) continue;
      const rate = l === last ? rateOf(l, network.layers[l]![unit]!) : rates[l]![unit]!;
      const factor = l === last ? K.one : factors[l]![unit]!;
      if (rate !== null && factor !== null) total = K.add(total, K.mul(count, K.mul(factor, rate)));
      else if (rate !== null) {
        const whenOn = K.mul(count, rate);
        sides[l]!.set(unit, K.sign(whenOn) < 0);
        total = K.add(total, K.sign(whenOn) < 0 ? whenOn : K.mul(slopes[l]!, whenOn));
      } else if (factor !== null) {
        const passed = K.mul(count, factor);
        for (const { from, weight } of network.layers[l]![unit]!) {
          total = K.add(total, K.mul(passed, K.mul(direction.get(weight) ?? K.zero, valueAt(l - 1, from))));
          put(below, from, K.mul(passed, weights[weight]!));
        }
      } else return { kind: "open", at: { sample, layer: l, unit } };
    }
    counts = below;
  }
  return { kind: "rate", rate: total, sides };
}
