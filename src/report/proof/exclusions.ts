/** Why some sign choices are left out, by Gordan's theorem. */
import type { Exclusion, Instance } from "../../certificate/format.js";
import { type Block, items, text } from "./document.js";
import { preactivationLatex } from "./notation.js";
import { sumLatex } from "./typeset.js";

/** One item per exclusion; nothing where there is none. */
export function excludedText<E>({ network, field: K }: Instance<E>, excluded: readonly Exclusion<E>[]): Block[] {
  if (excluded.length === 0) return [];
  return [
    text(
      "Some sign choices occur at most on the boundary of others, because forms with a sum that vanishes are not all positive; the closed cells of the other choices cover everything:",
    ),
    items(
      excluded.map((members) => {
        const conditions = members.map(
          ({ sample, layer, unit, orientation }) =>
            `${preactivationLatex(network, sample, layer, unit)} ${orientation > 0 ? ">" : "<"} 0`,
        );
        const sum = sumLatex(
          K,
          members.map(({ sample, layer, unit, orientation, weight }) => ({
            coefficient: orientation > 0 ? weight : K.neg(weight),
            factor: preactivationLatex(network, sample, layer, unit),
          })),
        );
        return `not all of $${conditions.join(",\\; ")}$, as $${sum} = 0$ identically.`;
      }),
    ),
  ];
}
