/**
 * `not-kkt`: a direction d that separates θ from the cone of the Clarke subgradients of the active margins: θ·d < 0, and no active
 * margin decreases along d under any pattern that is consistent at θ and not gone. (`proofs/theory.md`, §3.)
 */
import { type Field, sum } from "../../exact/field.js";
import { gradientAtOrigin, type MultivariatePolynomial } from "../../exact/multivariate.js";
import { listOf, objectOf, type SparseVector, word } from "../../network/codec.js";
import { type Margin, marginText, weightsOf } from "../../network/instance.js";
import { ensure } from "../ensure.js";
import { type Cell, explore, type Frame, type Tree } from "../explore.js";
import type { Facts } from "../facts.js";
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
          ensure(
            lowest !== null,
            "not-kkt.open",
            () => `${marginText(margin)} depends on a kink that the tree does not split`,
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

/**
 * The least rate of a margin along d over the patterns of a cell, with the units of the last hidden layer that are on there; null where
 * a kink below is open. The kinks of the last hidden layer enter the rate one by one, so there the worst side is taken of each.
 */
export function lowestRate<E>(
  { facts: { instance, passes } }: Frame<E>,
  cell: Cell<E>,
  { sample, plus, minus }: Margin,
  direction: SparseVector<E>,
): { readonly rate: E; readonly on: ReadonlySet<number> } | null {
  const { field: K, network, point, data } = instance;
  const weights = weightsOf(instance, point);
  const last = network.layers.length - 1;
  const units = last === 0 ? [] : cell.sample(sample).layers[last - 1]!;
  const slope = last === 0 ? K.one : K.fromRational(network.slopes[last - 1]!);
  const atPoint = (unit: number) => {
    const z = passes[sample]!.preactivations[last - 1]![unit]!;
    return K.sign(z) > 0 ? z : K.mul(slope, z);
  };
  const on = new Set(units.flatMap(({ sign }, unit) => (sign === 1 ? [unit] : [])));
  let total = K.zero;
  const open = new Map<number, E>(); // the weight of each unit whose output is not determined, in the margin
  for (const [output, side] of [
    [plus, K.one],
    [minus, K.neg(K.one)],
  ] as const) {
    if (output === null) continue;
    for (const { from, weight } of network.layers[last]![output]!) {
      const factor = K.mul(side, weights[weight]!);
      const moved = K.mul(side, direction.get(weight) ?? K.zero);
      total = K.add(total, K.mul(moved, last === 0 ? data[sample]!.x[from]! : atPoint(from)));
      if (last === 0) continue;
      const { output: known } = units[from]!;
      if (known === null) open.set(from, K.add(open.get(from) ?? K.zero, factor));
      else total = K.add(total, K.mul(factor, rateOf(K, known, direction)));
    }
  }
  for (const [unit, factor] of open) {
    if (K.isZero(factor)) continue;
    const { z } = units[unit]!;
    if (z === null) return null;
    const whenOn = K.mul(factor, rateOf(K, z, direction));
    if (K.sign(whenOn) < 0) on.add(unit);
    total = K.add(total, K.sign(whenOn) < 0 ? whenOn : K.mul(slope, whenOn));
  }
  return { rate: total, on };
}

function rateOf<E>(K: Field<E>, p: MultivariatePolynomial<E>, direction: SparseVector<E>): E {
  const variables = [...direction.keys()];
  const slopes = gradientAtOrigin(K, p, variables);
  return sum(
    K,
    variables.map((k, j) => K.mul(direction.get(k)!, slopes[j]!)),
  );
}
