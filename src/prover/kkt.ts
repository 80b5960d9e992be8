/** Finds what `kernel/statements/kkt.ts` and `not-kkt.ts` check, by column generation over the realizable patterns. */
import { compare, sum } from "../exact/field.js";
import { type Cell, cellOf, keyOf, type Tree } from "../kernel/explore.js";
import type { Facts } from "../kernel/facts.js";
import { gradient, type Pattern, type UnitAtSample } from "../kernel/forward.js";
import type { Of } from "../kernel/statements/index.js";
import { kinksAt } from "../kernel/statements/not-kkt.js";
import { verifyStatement } from "../kernel/verify.js";
import { type Margin, weightsOf } from "../network/instance.js";
import { isLinearLayer, type Network } from "../network/network.js";
import { growTree, leavesOf, mapLeaves } from "./cells.js";
import type { Search } from "./effort.js";
import { combine, nearlySeparating } from "./search/combine.js";
import { type Counts, countsNow, mayCount, nextOpen } from "./search/local.js";
import { type Realization, realize } from "./search/realize.js";
import { sparse } from "./search/vectors.js";

/** A subgradient of an active margin: the column of the linear programme. */
interface Column<E> {
  readonly margin: number;
  readonly pattern: Pattern;
  readonly vector: readonly E[];
}

export type KktOutcome<E> =
  | { readonly kind: "kkt"; readonly statement: Of<"kkt", E> }
  | { readonly kind: "not-kkt"; readonly statement: Of<"not-kkt", E> }
  | { readonly kind: "undecided"; readonly reason: string };

const MAX_ROUNDS = 2000;
/** Of the kinks of one sample. */
const MAX_CELLS = 1 << 16;

/** Decides whether the feasible θ is a KKT point. Undecided only where a pattern in deeper layers is neither realized nor excluded. */
export function decideKkt<E>(facts: Facts<E>, search: Search): KktOutcome<E> {
  const { instance, margins, active } = facts;
  const { field: K, network, point } = instance;
  const most = MAX_CELLS * search.effort;
  const rounds = MAX_ROUNDS * search.effort;
  const tooMany = `the kinks at a sample have more than ${most} cells`;
  const trees = kinkTrees(facts, most);
  const realizations = new Map<string, Realization<E>>();
  const columns = new Map<string, Column<E>>();
  let unknown = 0;

  const propose = (margin: number, pattern: Pattern): boolean => {
    const key = `${margin} ${JSON.stringify(pattern)}`;
    if (columns.has(key) || realizations.has(key)) return false;
    columns.set(key, { margin, pattern, vector: gradient(instance, margins[margin]!, pattern) });
    return true;
  };

  /** Proposes what a direction that separates θ from the columns finds on its other side. */
  const proposeAlong = (direction: Of<"not-kkt", E>["direction"]): "progress" | "nothing" | "too many" => {
    let progress = false;
    for (const j of active) {
      const lowest = trees.lowest(margins[j]!, direction);
      if (lowest === null) return "too many";
      if (K.sign(lowest.rate) < 0) progress = propose(j, lowest.pattern) || progress;
    }
    return progress ? "progress" : "nothing";
  };

  // In a field each programme is dear: all margins that have one gradient enter at once.
  if (K.degree > 1)
    for (const j of active) {
      const { preactivations } = facts.passes[margins[j]!.sample]!;
      const signs = preactivations.map((units, layer) =>
        units.map((z) => (isLinearLayer(network, layer) ? 1 : K.sign(z))),
      );
      if (signs.flat().every((sign) => sign !== 0))
        propose(
          j,
          signs.map((units) => units.map((sign) => sign > 0)),
        );
    }
  for (let round = 0; round < rounds; round++) {
    const list = [...columns];
    const vectors = list.map(([, { vector }]) => vector);
    const near = K.degree > 1 ? nearlySeparating(K, vectors, point) : null;
    if (near !== null && proposeAlong(sparse(K, near)) === "progress") continue;
    const combination = combine(K, vectors, point);
    if (combination.kind === "found") {
      const used = list.flatMap(([key, column], k) => {
        const multiplier = combination.weights[k]!;
        return K.isZero(multiplier) ? [] : [{ key, ...column, multiplier }];
      });
      let allRealized = true;
      const terms = used.flatMap(({ key, margin, pattern, multiplier }) => {
        const realization = realizations.get(key) ?? realize(facts, margins[margin]!, pattern);
        realizations.set(key, realization);
        if (realization.kind === "realizable") return [{ margin, multiplier, witness: realization.witness }];
        allRealized = false;
        columns.delete(key);
        if (realization.kind === "excluded") trees.split(realization.kinks);
        else unknown++;
        return [];
      });
      if (!allRealized) continue;
      terms.sort((a, b) => a.margin - b.margin);
      return { kind: "kkt", statement: { kind: "kkt", terms } };
    }
    const direction = sparse(K, combination.separating);
    const proposed = proposeAlong(direction);
    if (proposed === "too many") return { kind: "undecided", reason: tooMany };
    if (proposed === "progress") continue;
    if (unknown > 0)
      return {
        kind: "undecided",
        reason: "a pattern of kinks in deeper layers could be neither realized nor excluded",
      };
    const evidence = trees.evidence();
    if (evidence === null) return { kind: "undecided", reason: tooMany };
    const statement: Of<"not-kkt", E> = { kind: "not-kkt", direction, trees: evidence };
    const verdict = verifyStatement(instance, statement);
    if (verdict.accepted) return { kind: "not-kkt", statement };
    return { kind: "undecided", reason: `the direction that separates the point was refused: ${verdict.found}` };
  }
  return { kind: "undecided", reason: `no decision after ${rounds} rounds of column generation` };
}

/** Per sample the trees of its kinks below the last hidden layer that matter there, and of those that patterns were excluded by. */
function kinkTrees<E>(facts: Facts<E>, most: number) {
  const { instance, margins, active } = facts;
  const { field: K, network } = instance;
  const frame = kinksAt(facts);
  const top = network.layers.length - 2;
  // To first order only weights that are not zero carry a kink up, however many dead units there are; polynomials need more.
  const now = countsNow(frame);
  const ever = mayCount(frame);
  const determined: Counts = (weight, layer) => (layer > top ? now : ever)(weight, layer);
  const named = new Map<string, UnitAtSample>();

  const grow = (sample: number, counts: Counts): Tree<E, Cell<E>> | null => {
    const own = [...named.values()].filter((kink) => kink.sample === sample);
    const activeOnes = active.flatMap((j) => (margins[j]!.sample === sample ? [margins[j]!] : []));
    const deeper = nextOpen(frame, activeOnes, counts, ({ layer }) => layer < top);
    const next = (cell: Cell<E>) => own.find((kink) => cell.form(kink).sign === null) ?? deeper(cell);
    return growTree<E, Cell<E>>(frame, next, (cell) => cell, most);
  };
  const trees = new Map<number, Tree<E, Cell<E>> | null>();
  const grown = (sample: number) => {
    if (!trees.has(sample)) trees.set(sample, grow(sample, now));
    return trees.get(sample)!;
  };

  return {
    /** From now on, signs are chosen at these kinks of a sample. */
    split: (kinks: readonly UnitAtSample[]): void => {
      for (const kink of kinks) {
        named.set(keyOf(kink), kink);
        trees.delete(kink.sample);
      }
    },
    /** The least rate of a margin along the direction over all cells, with a pattern; null where there are too many. */
    lowest: (margin: Margin, direction: Of<"not-kkt", E>["direction"]): { rate: E; pattern: Pattern } | null => {
      const tree = grown(margin.sample);
      if (tree === null) return null;
      const [first, ...others] = leavesOf(tree).map((cell) => ({ cell, ...lowestOn(facts, cell, margin, direction) }));
      const least = others.reduce((best, one) => (compare(K, one.rate, best.rate) < 0 ? one : best), first!);
      if (K.sign(least.rate) >= 0) return { rate: least.rate, pattern: [] };
      // The kinks that do not matter are on, as far as those are that they depend on.
      const next = nextOpen(frame, [margin], determined, ({ layer }) => layer < top);
      let { cell } = least;
      for (let at = next(cell); at !== null; at = next(cell))
        cell = cellOf(frame, [...cell.conditions, { at, orientation: 1 }]);
      const pattern = cell
        .sample(margin.sample)
        .layers.map((units, layer) => units.map(({ sign }, unit) => (layer === top ? least.on.has(unit) : sign === 1)));
      return { rate: least.rate, pattern };
    },
    /** The trees with any split, of all kinks below the last hidden layer whose polynomials a rate depends on; null where they are too large. */
    evidence: (): Of<"not-kkt", E>["trees"] | null => {
      const samples = [...new Set(active.map((j) => margins[j]!.sample))];
      const all = samples.map((sample) => ({ sample, tree: grow(sample, determined) }));
      return all.some(({ tree }) => tree === null)
        ? null
        : all.flatMap(({ sample, tree }) =>
            tree === null || !("split" in tree) ? [] : [{ sample, tree: mapLeaves(tree, () => ({})) }],
          );
    },
  };
}

/**
 * The least rate of a margin along a direction over the patterns of a cell, with the units of the last hidden layer that are on there: its
 * kinks take the side that is worse. Those without a sign below do not matter.
 */
function lowestOn<E>(
  { instance, passes }: Facts<E>,
  cell: Cell<E>,
  { sample, plus, minus }: Margin,
  direction: Of<"not-kkt", E>["direction"],
): { readonly rate: E; readonly on: ReadonlySet<number> } {
  const { field: K, network, point, data } = instance;
  const weights = weightsOf(instance, point);
  const last = network.layers.length - 1;
  const { layers } = cell.sample(sample);
  const on = new Set<number>();
  let values: readonly E[] = data[sample]!.x;
  let rates: readonly E[] = values.map(() => K.zero);
  const rateOf = (row: Network["layers"][number][number]) => {
    let rate = K.zero;
    for (const { from, weight } of row) {
      const along = direction.get(weight);
      if (along !== undefined && !K.isZero(values[from]!)) rate = K.add(rate, K.mul(along, values[from]!));
      if (!K.isZero(rates[from]!) && !K.isZero(weights[weight]!))
        rate = K.add(rate, K.mul(weights[weight]!, rates[from]!));
    }
    return rate;
  };
  /** Of the outputs of the margin, with its sign. */
  const atOutputs = (value: (row: Network["layers"][number][number]) => E): E => {
    const [raised, lowered] = [plus, minus].map((output) =>
      output === null ? K.zero : value(network.layers[last]![output]!),
    );
    return K.sub(raised!, lowered!);
  };
  for (const [l, units] of layers.entries()) {
    const slope = K.fromRational(network.slopes[l]!);
    rates = network.layers[l]!.map((row, unit) => {
      const rate = rateOf(row);
      let { sign } = units[unit]!;
      if (sign === null && l === last - 1 && !isLinearLayer(network, l)) {
        const factor = atOutputs((above) =>
          sum(
            K,
            above.flatMap(({ from, weight }) => (from === unit ? [weights[weight]!] : [])),
          ),
        );
        sign = K.sign(K.mul(factor, rate)) < 0 ? 1 : -1;
      }
      if (l === last - 1 && sign === 1) on.add(unit);
      return sign === 1 ? rate : K.mul(slope, rate);
    });
    values = passes[sample]!.preactivations[l]!.map((z) => (K.sign(z) > 0 ? z : K.mul(slope, z)));
  }
  return { rate: atOutputs(rateOf), on };
}
