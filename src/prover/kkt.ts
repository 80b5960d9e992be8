/** Finds what `kernel/statements/kkt.ts` and `not-kkt.ts` check, by column generation over the realizable patterns. */
import { compare } from "../exact/field.js";
import { type Cell, cellOf, keyOf, type Tree } from "../kernel/explore.js";
import type { Facts } from "../kernel/facts.js";
import { gradient, type Pattern, type UnitAtSample } from "../kernel/forward.js";
import type { Of } from "../kernel/statements/index.js";
import { kinksAt, lowestRate } from "../kernel/statements/not-kkt.js";
import { verifyStatement } from "../kernel/verify.js";
import type { Margin } from "../network/instance.js";
import { isLinearLayer } from "../network/network.js";
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
const MANY_ENTRIES = 10_000;
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
  // Nor are programmes of many long columns cheap: along −θ every active margin falls.
  if (K.degree === 1 && active.length * point.length > MANY_ENTRIES) proposeAlong(sparse(K, point.map(K.neg)));
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
    const statement: Of<"not-kkt", E> = { kind: "not-kkt", direction, trees: trees.evidence() };
    const verdict = verifyStatement(instance, statement);
    if (verdict.accepted) return { kind: "not-kkt", statement };
    return { kind: "undecided", reason: `the direction that separates the point was refused: ${verdict.found}` };
  }
  return { kind: "undecided", reason: `no decision after ${rounds} rounds of column generation` };
}

/** Per sample the tree of its kinks: those above others that are open, and those that patterns were excluded by. */
function kinkTrees<E>(facts: Facts<E>, most: number) {
  const { instance, margins, active } = facts;
  const { field: K, network } = instance;
  const frame = kinksAt(facts);
  const top = network.layers.length - 2;
  const [now, ever] = [countsNow(frame), mayCount(frame)];
  // To first order only weights that are not zero carry a kink up, however many dead units there are; polynomials need more.
  const determined: Counts = (weight, layer) => (layer > top ? now : ever)(weight, layer);
  const named = new Map<string, UnitAtSample>();
  const trees = new Map<number, Tree<E, Cell<E>> | null>();

  const grown = (sample: number): Tree<E, Cell<E>> | null => {
    const known = trees.get(sample);
    if (known !== undefined) return known;
    const own = [...named.values()].filter((kink) => kink.sample === sample);
    const next = (cell: Cell<E>): UnitAtSample | null => {
      for (const kink of own) if (cell.form(kink).sign === null) return kink;
      for (const j of active) {
        if (margins[j]!.sample !== sample) continue;
        const lowest = lowestRate(frame, cell, margins[j]!, new Map());
        if (lowest.kind === "open") return lowest.at;
      }
      return null;
    };
    const tree = growTree<E, Cell<E>>(frame, next, (cell) => cell, most);
    trees.set(sample, tree);
    return tree;
  };
  const lowestOn = (cell: Cell<E>, margin: Margin, direction: Of<"not-kkt", E>["direction"]) => {
    const lowest = lowestRate(frame, cell, margin, direction);
    if (lowest.kind === "open") throw new Error("the rate of a margin depends on a kink that the tree does not split");
    return { cell, ...lowest };
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
      const [first, ...others] = leavesOf(tree).map((cell) => lowestOn(cell, margin, direction));
      const least = others.reduce((best, one) => (compare(K, one.rate, best.rate) < 0 ? one : best), first!);
      if (K.sign(least.rate) >= 0) return { rate: least.rate, pattern: [] };
      // The kinks that do not matter are on, as far as those are that they depend on.
      const next = nextOpen(frame, [margin], determined, ({ layer }) => layer < top);
      let { cell } = least;
      for (let at = next(cell); at !== null; at = next(cell)) {
        const orientation = least.sides[at.layer]!.get(at.unit) === false ? -1 : 1;
        cell = cellOf(frame, [...cell.conditions, { at, orientation }]);
      }
      const pattern = cell
        .sample(margin.sample)
        .layers.map((units, layer) =>
          units.map(({ sign }, unit) => sign === 1 || (layer === top && least.sides[top]!.get(unit) === true)),
        );
      return { rate: least.rate, pattern };
    },
    /** The trees with any split. */
    evidence: (): Of<"not-kkt", E>["trees"] =>
      [...trees].flatMap(([sample, tree]) =>
        tree === null || !("split" in tree) ? [] : [{ sample, tree: mapLeaves(tree, () => ({})) }],
      ),
  };
}
