/**
 * Where a unit gains most: local maxima of h on the unit sphere, in floating point. On a cone where the forms keep their signs h is linear, and
 * its maximum is along the projection of its gradient onto the cone.
 */
import { gaussian, uniform } from "../../numeric/random.js";
import { quadraticAscent } from "./conic.js";
import { dotNumbers, normOf } from "./numeric.js";

/** h(w) = linear·w + Σ factor σ(form·w), with σ of that slope below 0. */
export interface UnitGain {
  readonly linear: readonly number[];
  readonly kinks: readonly { readonly form: readonly number[]; readonly factor: number; readonly slope: number }[];
}

export interface Peak {
  readonly direction: readonly number[];
  readonly value: number;
}

const MAX_CONES = 60;
/** What is less than this is rounding. */
const ROUNDING = 1e-9;

/** The local maximum to which a direction leads; null where h falls to 0 or below. */
export function peakFrom({ linear, kinks }: UnitGain, start: readonly number[]): Peak | null {
  const isOn = kinks.map(({ form }) => dotNumbers(form, start) > 0);
  for (let cone = 0; cone < MAX_CONES; cone++) {
    const slopes = kinks.map(({ slope }, k) => (isOn[k] ? 1 : slope));
    const gradient = linear.map((c, j) =>
      kinks.reduce((t, { form, factor }, k) => t + factor * slopes[k]! * form[j]!, c),
    );
    const inward = kinks.map(({ form }, k) => (isOn[k] ? form : form.map((c) => -c)));
    const weights = quadraticAscent(
      inward,
      inward.map((v) => -dotNumbers(v, gradient)),
    );
    const projected = gradient.map((c, j) => inward.reduce((t, v, k) => t + weights[k]! * v[j]!, c));
    const value = normOf(projected);
    if (!(value > ROUNDING)) return null;
    // A cone ends where the next has more, unless some slope of σ's at the kink between keeps h stationary.
    const crossed = kinks.flatMap(({ factor, slope }, k) => {
      if (weights[k]! <= ROUNDING) return [];
      const between = slopes[k]! + ((isOn[k] ? 1 : -1) * weights[k]!) / factor;
      return between > 1 + ROUNDING || between < slope - ROUNDING ? [k] : [];
    });
    if (crossed.length === 0) return { direction: projected.map((c) => c / value), value };
    for (const k of crossed) isOn[k] = !isOn[k];
  }
  return null;
}

/** The highest maximum that so many random directions lead to, or null where there is none. */
export function highestPeak(gain: UnitGain, starts: number): Peak | null {
  const normal = gaussian(uniform(17));
  let best: Peak | null = null;
  for (let k = 0; k < starts; k++) {
    const peak = peakFrom(gain, gain.linear.map(normal));
    if (peak !== null && peak.value > (best?.value ?? 0)) best = peak;
  }
  return best;
}
