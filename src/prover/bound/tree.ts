/** Trees of relaxed leaves, by branch and bound. */
import { type Cell, cellOf, type Frame, type Signed, type Tree } from "../../kernel/explore.js";
import type { Placing } from "../../kernel/shape.js";
import type { BoundLeaf } from "../../kernel/statements/bound.js";
import { branch } from "../cells.js";
import type { Search } from "../effort.js";
import { normalized, orthonormalBasis } from "../search/numeric.js";
import { type LowPoint, relaxableForms, relaxedLeaf } from "./relaxed.js";
import type { LeafFrame } from "./strands.js";

/** So many cells at most are split by all their signs. */
export const MAX_CELLS = 4096;
/** So few are split, and not relaxed. */
export const FEW_CELLS = 32;
const MAX_SPLITS = 2000;

/** How many cells the signs of the units that can be relaxed make at the most: those of hyperplanes in the span of their forms. */
export function cellsOf<E>(frame: Frame<E>, place: Placing, multipliers: readonly E[]): number {
  const K = frame.facts.instance.field;
  const forms = relaxableForms({ frame, cell: cellOf(frame, []), place }, multipliers);
  const lows = [...new Set(forms.flatMap((form) => [...form.keys()]))];
  const rank = orthonormalBasis(
    forms.map((form) => normalized(lows.map((v) => K.toNumber(form.get(v) ?? K.zero)))),
  ).length;
  let [total, binomial] = [0, 1];
  for (let k = 0; k < rank; k++) {
    total += 2 * binomial;
    binomial = (binomial * (forms.length - 1 - k)) / (k + 1);
  }
  return Math.max(1, total);
}

interface Branching<E> {
  /** A weight above whose sign is to be split first. */
  readonly nextWeight: (cell: Cell<E>) => Signed | null;
  /** Whether the multipliers fail at a direction where the relaxation is the loosest. */
  readonly isHopeless: (direction: ReadonlyMap<number, number>) => boolean;
}

/** Branch and bound: a cell whose relaxation fails is split, first by the signs of the weights above, then where it is the loosest. */
export function relaxedTree<E>(
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
