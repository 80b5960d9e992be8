/** Where a unit gains more than multipliers allow: there they fail on every tree, which is found without one. */

import { highestPeak, peakFrom, type UnitGain } from "../search/steepest.js";
import { unitGain } from "./relaxed.js";
import type { LeafFrame } from "./strands.js";

/** Random directions that lead to maxima, where they are cheap; and at the least. */
const MAX_STARTS = 40;
const MIN_STARTS = 4;
const START_WORK = 160_000;
/** What is more than the bound by less is rounding. */
const ROUNDING = 1e-9;

/** A direction of a unit's low variables, with the sign of the weights above under which it gains too much. */
export interface Excess {
  readonly direction: ReadonlyMap<number, number>;
  readonly sign: number;
}

/**
 * On a strand of a single path: the highest maxima that random directions lead to, at the first call, and those next to a direction, where they
 * exceed the bound. The leaf is without conditions: the weights above may have either sign.
 */
export function peaksOf<E>(
  leaf: LeafFrame<E>,
  multipliers: readonly E[],
  squaredBound: E,
): (near?: ReadonlyMap<number, number>) => Excess[] {
  const found = unitGain(leaf, multipliers, squaredBound);
  if (found === null) return () => [];
  const { gain, lows } = found;
  const sides = [1, -1].map((sign) => ({ sign, gain: signed(gain, sign) }));
  const work = gain.kinks.length ** 2 * lows.length;
  const starts = Math.min(MAX_STARTS, Math.max(MIN_STARTS, Math.floor(START_WORK / Math.max(1, work))));
  const excess = (sign: number, peak: ReturnType<typeof peakFrom>): Excess[] =>
    peak === null || peak.value <= 1 + ROUNDING
      ? []
      : [{ direction: new Map(lows.map((v, k) => [v, peak.direction[k]!] as const)), sign }];
  let highest: Excess[] | null = null;
  return (near) => {
    if (highest === null) {
      highest = sides.flatMap((side) => excess(side.sign, highestPeak(side.gain, starts)));
      if (highest.length > 0) return highest;
    }
    if (near === undefined) return highest;
    const direction = lows.map((v) => near.get(v) ?? 0);
    return sides.flatMap((side) =>
      [1, -1].flatMap((to) =>
        excess(
          side.sign,
          peakFrom(
            side.gain,
            direction.map((c) => to * c),
          ),
        ),
      ),
    );
  };
}

function signed({ linear, kinks }: UnitGain, sign: number): UnitGain {
  return {
    linear: linear.map((c) => sign * c),
    kinks: kinks.map((one) => ({ ...one, factor: sign * one.factor })),
  };
}
