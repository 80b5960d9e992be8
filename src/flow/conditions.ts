/** What holds as long as a regime does, and where along a step it ceases to. */

import { dot, factor, norm } from "../numeric/matrix.js";
import { fieldAt, type Kink, marginScale, type Regime, type State } from "./field.js";
import { logSlopes } from "./loss.js";
import { forward, hasKink, marginAt } from "./model.js";
import { JOIN } from "./position.js";

/** A kink keeps its side; a slide keeps both sides pushing towards it; a margin that is not carried keeps its weight negligible. */
export type Condition = {
  readonly id: string;
  /** Not negative while the condition holds, in units of what is taken as zero. */
  readonly value: number;
} & (
  | { readonly kind: "kink"; readonly kink: Kink; readonly on: boolean }
  | { readonly kind: "slide"; readonly kink: Kink; readonly ends: "switched-on" | "switched-off" }
  | { readonly kind: "margin"; readonly margin: number }
);

/** A pre-activation counts as zero below this fraction of its terms, and of a hundredth of what they could be at most. */
export const KINK = 1e-13;
/** Differences of margins below this fraction of them are lost to rounding. */
const ROUNDING = 2 ** -46;
/** Of the part of the on side in a slide, between 0 and 1. */
const PART = 1e-9;

export function conditionsAt(regime: Regime, state: State): Condition[] {
  const { model, pattern, carried, slides } = regime;
  const y = state.subarray(0, model.size);
  const radius = norm(y);
  const passes = pattern.map((slopes, sample) => forward(model, sample, slopes, y));
  const kinks = passes.flatMap(({ pre, scale }, sample) => {
    const input = norm(model.inputs[sample]!);
    return model.neurons.flatMap((one, neuron): Condition[] => {
      if (!hasKink(one) || scale[neuron] === 0) return [];
      if (slides.some((slide) => slide.sample === sample && slide.neuron === neuron)) return [];
      const on = pattern[sample]![neuron] === 1;
      const zero = KINK * (scale[neuron]! + (input * radius ** one.degree) / 100);
      const value = (on ? pre[neuron]! : -pre[neuron]!) / zero;
      return [{ id: `kink ${sample} ${neuron}`, value, kind: "kink", kink: { sample, neuron }, on }];
    });
  });
  const scale = marginScale(regime);
  const margins = model.margins.map((margin) => marginAt(margin, passes[margin.sample]!));
  const slopes = logSlopes(
    regime.loss,
    model.margins,
    Float64Array.from(margins, (margin) => scale * margin),
  );
  const [first] = carried;
  const reference = margins[first!]!;
  const noise = ROUNDING * Math.abs(reference);
  const waiting = margins.flatMap((value, margin): Condition[] => {
    if (carried.includes(margin)) return [];
    const lead = scale * (value - reference + noise) + (slopes[first!]! - slopes[margin]!);
    return [{ id: `margin ${margin}`, value: (lead + JOIN) / (10 + scale * noise), kind: "margin", margin }];
  });
  return [...kinks, ...slideConditions(regime, state), ...waiting];
}

/** Some convex combination of the two sides of each followed kink moves along it: the part of the on side is in [0,1]. */
function slideConditions(regime: Regime, state: State): Condition[] {
  const parts = onParts(regime, state);
  return regime.slides.flatMap((kink, k): Condition[] => {
    const on = parts[k]!;
    const id = `slide ${kink.sample} ${kink.neuron}`;
    return [
      { id: `${id} off`, value: on / PART, kind: "slide", kink, ends: "switched-off" },
      { id: `${id} on`, value: (1 - on) / PART, kind: "slide", kink, ends: "switched-on" },
    ];
  });
}

/** The part of the on side in the subgradient that the flow follows, at each followed kink. */
export function onParts(regime: Regime, state: State): number[] {
  const { model, slides, carried } = regime;
  if (slides.length === 0) return [];
  const { free, normals, weights, passes } = fieldAt(regime, state);
  const parts = Float64Array.from(normals, (n) => -dot(n, free));
  factor(normals.map((n) => Float64Array.from(normals, (other) => dot(n, other))))(parts);
  return slides.map((kink, k) => {
    const influence = carried.reduce(
      (sum, margin, i) =>
        sum + (model.margins[margin]!.sample === kink.sample ? weights[i]! * passes[i]!.influence[kink.neuron]! : 0),
      0,
    );
    const jump = influence * (1 - model.neurons[kink.neuron]!.off);
    return parts[k]! / jump;
  });
}

/**
 * The end of the regime within a step that breaks conditions: the last state, by the Illinois method, at which each of `broken`
 * still holds up to 1 in value, and those that are at their end there. `trial` makes the step from `state` with a length.
 */
export function locate(
  regime: Regime,
  state: State,
  trial: (h: number) => { readonly state: State } | null,
  h: number,
  broken: readonly Condition[],
): { readonly h: number; readonly state: State; readonly touched: readonly Condition[] } {
  const ids = new Set(broken.map(({ id }) => id));
  const watched = (at: State) => conditionsAt(regime, at).filter(({ id }) => ids.has(id));
  const least = (conditions: readonly Condition[]) => Math.min(...conditions.map(({ value }) => value));
  let [low, high] = [0, h];
  let [atLow, atHigh] = [least(watched(state)), least(broken)];
  let found = { h: 0, state };
  // At once where a condition is at its end already.
  for (let round = 0; atLow > 1 && round < 200 && high - low > 1e-15 * high; round++) {
    const secant = high - ((high - low) * atHigh) / (atHigh - atLow);
    const middle = secant > low && secant < high && round % 8 !== 7 ? secant : (low + high) / 2;
    const candidate = trial(middle);
    const value = candidate === null ? -2 : least(watched(candidate.state));
    if (candidate !== null && value >= -1) found = { h: middle, state: candidate.state };
    if (Math.abs(value) <= 1) break;
    if (value > 0) [low, atLow, atHigh] = [middle, value, atHigh / 2];
    else [high, atHigh, atLow] = [middle, value, atLow / 2];
  }
  const end = watched(found.state);
  // Where rounding keeps the least from its end, it is there all the same.
  return { ...found, touched: end.filter(({ value }) => value <= Math.max(1, least(end))) };
}
