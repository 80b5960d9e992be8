/** What may help where a verdict alone does not: margins, how nearly the point is a KKT point, what to do. Never part of a verdict. */
import { formatRational, Q } from "../exact/rational.js";
import type { Facts } from "../kernel/facts.js";
import { type Instance, marginOf, marginText } from "../network/instance.js";
import { isLinear } from "../network/network.js";
import type { Verdict } from "./verdict.js";

/** How nearly the point, scaled to least margin 1, is a KKT point: see `flow/approximate-kkt.ts`, from which it comes. */
export interface Closeness {
  readonly norm: number;
  readonly epsilon: number;
  readonly delta: number;
}

/** What is known in floating point about the point of a homogeneous network. */
export interface Approximation {
  /** L: outputs at cθ are c^L times those at θ. */
  readonly degree: number;
  /** With the subgradients at θ; null where a margin is not positive. */
  readonly exact: Closeness | null;
  /** With those of pre-activations that are nearly zero as well. */
  readonly near: Closeness | null;
}

/** So many samples have their margins listed one by one, and so many contradictions. */
const LISTED = 12;
const LISTED_CONTRADICTIONS = 4;
/** A margin that is this near to 1, but is not 1, looks rounded. */
const NEARLY_ONE = 1e-6;
/** Of ‖θ‖ and of its square: ε and δ below it are small. */
const SMALL = 1e-2;
/** Of the same: below it they are zero, up to rounding. */
const ZERO = 1e-12;

/** Lines to follow those of the verdict: none where the point is a KKT point and every question is decided. */
export function helpText<E>(facts: Facts<E>, verdict: Verdict, approximation: Approximation | null): string[] {
  const { feasible, kkt, undecided } = verdict;
  if (feasible && kkt === "yes" && undecided.length === 0) return [];
  const excess = excessOf(facts);
  const contradictions = feasible ? [] : contradictionsIn(facts.instance);
  const { exact, near } = approximation ?? { exact: null, near: null };
  const residual = kkt === "yes" || exact === null ? [] : [residualText(exact, near)];
  const scaling =
    approximation === null || contradictions.length > 0
      ? null
      : scalingText(facts, feasible === true, approximation.degree);
  const hint = kkt === "yes" || exact === null || near === null ? null : hintText(facts, excess, exact, near);
  return [
    line("margins", marginsText(facts, excess)),
    ...contradictions.map((text) => line("data", text)),
    ...(scaling === null ? [] : [line("scaling", scaling)]),
    ...residual.map((text) => line("KKT residual", text)),
    ...(hint === null ? [] : [line("hint", hint)]),
  ];
}

function line(label: string, text: string): string {
  return `  ${label.padEnd(16)}${text}`;
}

/** Each margin less 1: exactly zero where it is. */
function excessOf<E>({ instance: { field: K }, margins, passes }: Facts<E>): number[] {
  return margins.map((margin) => K.toNumber(K.sub(marginOf(K, margin, passes[margin.sample]!.outputs), K.one)));
}

/** The margins of few samples, of each the least; of many samples the extremes. */
function marginsText<E>({ instance: { data, network }, margins, active }: Facts<E>, excess: readonly number[]): string {
  if (data.length <= LISTED) {
    const least = data.map((_, sample) => Math.min(...excess.filter((__, k) => margins[k]!.sample === sample)));
    return `${least.map(excessText).join(", ")}${network.outputs > 1 ? " (of each sample the least)" : ""}`;
  }
  const place = (value: number) => `${excessText(value)} at ${marginText(margins[excess.indexOf(value)]!)}`;
  const [least, most] = [excess, excess].map((values, k) =>
    values.reduce((a, b) => (k === 0 ? Math.min(a, b) : Math.max(a, b))),
  );
  return `least ${place(least!)}, most ${place(most!)}; ${active.length} of ${margins.length} are 1`;
}

/** A margin, from what it exceeds 1 by. */
function excessText(value: number): string {
  if (value === 0) return "1";
  if (Math.abs(value) < 1e-3) return `1 ${value < 0 ? "-" : "+"} ${digits(Math.abs(value), 3)}`;
  return digits(1 + value, 6);
}

function digits(value: number, count: number): string {
  return `${Number(value.toPrecision(count))}`;
}

/** What the point may be instead of what was asked for: a KKT point in too few digits, or weights as training leaves them. */
function hintText<E>({ slack }: Facts<E>, excess: readonly number[], exact: Closeness, near: Closeness): string | null {
  const isNearlyOne = excess.some((value) => value !== 0 && Math.abs(value) <= NEARLY_ONE);
  const isZero = isBelow(exact, ZERO);
  if (isBelow(near, SMALL) && (!isZero || isNearlyOne))
    return "looks like a rounded KKT point, try `margincert identify`";
  if (!isZero && slack.every((sign) => sign > 0))
    return "no margin is 1; if these are weights from training, try `margincert identify`";
  return null;
}

/** ε and δ at the point, and, where kinks close by would make much of the difference, with those. */
function residualText(exact: Closeness, near: Closeness | null): string {
  const shown = (value: number, size: number) => (value <= ZERO * size ? "0" : digits(value, 3));
  const both = ({ norm, epsilon, delta }: Closeness) => `ε = ${shown(epsilon, norm)}, δ = ${shown(delta, norm ** 2)}`;
  const withKinks =
    near !== null && near.epsilon < exact.epsilon / 10 && isBelow(near, SMALL)
      ? `; on the kinks close by ${both(near)}`
      : "";
  return `${both(exact)} (scaled to least margin 1)${withKinks}`;
}

function isBelow({ norm, epsilon, delta }: Closeness, fraction: number): boolean {
  return epsilon <= fraction * norm && delta <= fraction * norm ** 2;
}

/** What takes the least margin to 1 where none is 1, or that nothing does; null where one is 1 and none below. */
function scalingText<E>(
  { instance: { field: K }, margins, passes, active }: Facts<E>,
  feasible: boolean,
  degree: number,
): string | null {
  const values = margins.map((margin) => marginOf(K, margin, passes[margin.sample]!.outputs));
  const lost = values.findIndex((value) => K.sign(value) <= 0);
  if (lost !== -1) return `none makes the point feasible: the margin of ${marginText(margins[lost]!)} is not positive`;
  if (feasible && active.length > 0) return null;
  const least = values.reduce((a, b) => (K.sign(K.sub(b, a)) < 0 ? b : a));
  const inverse = K.inv(least);
  const coordinates = K.coordinates(inverse);
  const decimal = digits(K.toNumber(inverse) ** (1 / degree), 16);
  if (decimal === "1") return null;
  const text = formatRational(coordinates[0]!);
  const isShort = coordinates.every((q, k) => k === 0 || Q.isZero(q)) && text.length <= 40;
  const base = text.includes("/") ? `(${text})` : text;
  const power = degree === 1 ? text : `${base}^(1/${degree})`;
  const factor = !isShort || power === decimal ? decimal : `${power} = ${decimal}`;
  return `times ${factor} ${feasible ? "the least margin is 1" : "the point is feasible"}`;
}

/**
 * Why no point at all is feasible, as far as single samples and pairs show it: networks here have no biases, so that the outputs at c·x are
 * c times those at x for every c ≥ 0, and for every c where the network is linear.
 */
function contradictionsIn<E>({ field: K, data, network }: Instance<E>): string[] {
  const linear = isLinear(network);
  const found: string[] = [];
  /** By direction up to sign: the first sample of each sign and label. */
  const seen = new Map<string, { sample: number; sign: number; y: number; leading: E }[]>();
  for (const [sample, { x, y }] of data.entries()) {
    const leading = x.find((value) => !K.isZero(value));
    if (leading === undefined) {
      found.push(`the input of sample ${sample + 1} is zero, and so is every output there`);
      continue;
    }
    const inverse = K.inv(leading);
    const key = x.map((value) => K.coordinates(K.mul(value, inverse)).map(formatRational).join()).join(";");
    const own = { sample, sign: K.sign(leading), y, leading };
    const others = seen.get(key) ?? [];
    const other = others.find((one) => (one.sign === own.sign ? one.y !== y : linear && one.y === y));
    if (other !== undefined) {
      const pair = `samples ${other.sample + 1} and ${sample + 1} have`;
      if (other.sign !== own.sign)
        found.push(`${pair} opposite directions and the same label, and the network is linear`);
      else if (K.isZero(K.sub(other.leading, leading))) found.push(`${pair} the same input and different labels`);
      else found.push(`${pair} the same direction and different labels, and outputs scale with the input`);
    }
    if (!others.some((one) => one.sign === own.sign && one.y === y)) seen.set(key, [...others, own]);
  }
  const shown = found.slice(0, LISTED_CONTRADICTIONS).map((text) => `no point is feasible: ${text}`);
  const more = found.length - shown.length;
  return more === 0 ? shown : [...shown, `and ${more} more such samples`];
}
