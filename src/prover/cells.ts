/** Growing the trees that `kernel/explore.ts` walks: which cells there are, and a Gordan certificate for each that is gone. */
import type { MultivariatePolynomial } from "../exact/multivariate.js";
import { type Cell, type Condition, cellOf, type Frame, memoryOf, type Signed, type Tree } from "../kernel/explore.js";
import { solveLp } from "./search/lp.js";

/** What becomes of a cell: a leaf, a split, or nothing, which ends the search. */
export type Visit<L> = { readonly leaf: L } | { readonly split: Signed } | null;

/** Grows a tree from the root, cell by cell; cells that are gone are not visited. */
export function branch<E, L>(frame: Frame<E>, visit: (cell: Cell<E>) => Visit<L>): Tree<E, L> | null {
  const memory = memoryOf(frame);
  const grow = (conditions: readonly Condition[], before: readonly LinearCondition<E>[]): Tree<E, L> | null => {
    const cell = cellOf(frame, conditions, memory);
    const last = conditions.length === 0 ? null : linearCondition(frame, cell, conditions.at(-1)!);
    const all = last === null ? before : [...before, last];
    const gone = last === null ? null : emptiness(frame, all, last);
    if (gone !== null) return { gone };
    const next = visit(cell);
    if (next === null || "leaf" in next) return next;
    const { split: at } = next;
    const on = grow([...conditions, { at, orientation: 1 }], all);
    const off = on === null ? null : grow([...conditions, { at, orientation: -1 }], all);
    return on === null || off === null ? null : { split: at, on, off };
  };
  return grow([], []);
}

/** A tree of at most so many leaves, all of whose signs are split; leaves may be functions of the cell, and be searched later. */
export function growTree<E, L>(
  frame: Frame<E>,
  next: (cell: Cell<E>) => Signed | null,
  leaf: (cell: Cell<E>) => L | null,
  limit: number,
): Tree<E, L> | null {
  let leaves = 0;
  return branch<E, L>(frame, (cell) => {
    const at = next(cell);
    if (at !== null) return { split: at };
    const evidence = ++leaves > limit ? null : leaf(cell);
    return evidence === null ? null : { leaf: evidence };
  });
}

interface LinearCondition<E> {
  readonly at: Signed;
  /** The coefficients of the form, oriented. */
  readonly form: ReadonlyMap<number, E>;
}

/** The condition with its form where that is linear and not zero, or null. */
function linearCondition<E>(frame: Frame<E>, cell: Cell<E>, { at, orientation }: Condition): LinearCondition<E> | null {
  const K = frame.facts.instance.field;
  const { z } = cell.form(at);
  if (z === null || z.size === 0 || !isLinearForm(z)) return null;
  const form = new Map(
    [...z.values()].map(({ variables: [v], coefficient: c }) => [v!, orientation > 0 ? c : K.neg(c)]),
  );
  return { at, form };
}

function isLinearForm<E>(z: MultivariatePolynomial<E>): boolean {
  return [...z.values()].every(({ variables }) => variables.length === 1);
}

/** Weights of conditions that cannot all be strict, where the last one is among them; null where there are none. */
function emptiness<E>(
  frame: Frame<E>,
  all: readonly LinearCondition<E>[],
  last: LinearCondition<E>,
): { at: Signed; weight: E }[] | null {
  const K = frame.facts.instance.field;
  // What the cell was before is not empty: only forms that hang together with the last one can make it so.
  const connected = component(all, all.indexOf(last));
  if (connected.length < 2) return null;
  const parameters = [...new Set(connected.flatMap(({ form }) => [...form.keys()]))].sort((a, b) => a - b);
  const result = solveLp(K, {
    objective: parameters.map(() => K.zero),
    rows: connected.map(({ form }) => ({
      coefficients: parameters.map((k) => form.get(k) ?? K.zero),
      sense: ">=" as const,
      bound: K.one,
    })),
    free: true,
  });
  if (result.kind !== "infeasible") return null;
  return connected.flatMap(({ at }, k) => (K.isZero(result.farkas[k]!) ? [] : [{ at, weight: result.farkas[k]! }]));
}

/** The forms that share variables with the one at `start`, directly or through others. */
function component<E>(all: readonly LinearCondition<E>[], start: number): LinearCondition<E>[] {
  const variables = new Set(all[start]!.form.keys());
  const inside = new Set([start]);
  for (let grew = true; grew; ) {
    grew = false;
    for (const [k, { form }] of all.entries()) {
      if (inside.has(k) || ![...form.keys()].some((v) => variables.has(v))) continue;
      inside.add(k);
      for (const v of form.keys()) variables.add(v);
      grew = true;
    }
  }
  return all.filter((_, k) => inside.has(k));
}

/** The evidence of the leaves, from the first to the last. */
export function leavesOf<E, L>(tree: Tree<E, L>): L[] {
  if ("split" in tree) return [...leavesOf(tree.on), ...leavesOf(tree.off)];
  return "leaf" in tree ? [tree.leaf] : [];
}

/** The tree with other evidence at its leaves. */
export function mapLeaves<E, L, M>(tree: Tree<E, L>, f: (leaf: L) => M): Tree<E, M> {
  if ("split" in tree) return { split: tree.split, on: mapLeaves(tree.on, f), off: mapLeaves(tree.off, f) };
  return "leaf" in tree ? { leaf: f(tree.leaf) } : tree;
}
