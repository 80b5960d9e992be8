/** Which sign to split next. */
import type { Cell, Frame, Signed } from "../../kernel/explore.js";
import type { Shape } from "../../kernel/shape.js";
import type { Instance } from "../../network/instance.js";
import { isLinearLayer, type Network, parametersOf } from "../../network/network.js";
import { mayCount, nextOpen } from "../search/local.js";

/** The units of some margins without a sign, from the lowest layer up; with `lowest` only those of the first layer with kinks. */
export function openUnits<E>(
  frame: Frame<E>,
  margins: readonly number[],
  lowest = false,
): (cell: Cell<E>) => Signed | null {
  const { margins: all, instance } = frame.facts;
  const own = margins.map((j) => all[j]!);
  const first = instance.network.slopes.findIndex((_, l) => !isLinearLayer(instance.network, l));
  return nextOpen(frame, own, mayCount(frame), lowest ? ({ layer }) => layer === first : undefined);
}

/** The first of several ways to find a sign that finds one. */
export function firstOf<E>(...ways: readonly ((cell: Cell<E>) => Signed | null)[]): (cell: Cell<E>) => Signed | null {
  return (cell) => {
    for (const way of ways) {
      const at = way(cell);
      if (at !== null) return at;
    }
    return null;
  };
}

export function openWeight<E>(weights: readonly number[]): (cell: Cell<E>) => Signed | null {
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
