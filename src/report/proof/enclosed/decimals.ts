/** Decimals of enclosed numbers in LaTeX: every digit that is shown is certain. */
import type { Interval } from "../../../exact/interval.js";
import type { Rational } from "../../../exact/rational.js";

/** Decimals of a number at which an interval around it is told from one that has no such number in it. */
const SHORT = 12;

/**
 * The decimals that all numbers of an interval have in common, at most so many behind the point, with dots after them; around a short
 * decimal, where the digits on its two sides differ, that number ± a power of ten. The interval is of this precision.
 */
export function digitsLatex({ low, high }: Interval, precision: number, most: number): string {
  const unit = 1n << BigInt(precision);
  const sign = high <= 0n && low < 0n ? "-" : "";
  const [least, largest] = high <= 0n ? [-high, -low] : [low, high];
  const full = least * 10n ** BigInt(most);
  if (low === high && full % unit === 0n) return `${sign}${trimmed(decimal(full / unit, most))}`;
  for (let places = 0; low < high && places <= Math.min(most, SHORT); places++) {
    const scale = 10n ** BigInt(places);
    const middle = round((low + high) * scale, 2n * unit);
    const reach = max(high * scale - middle * unit, middle * unit - low * scale);
    if (low * scale > middle * unit || middle * unit > high * scale) continue;
    return `${middle < 0n ? "-" : ""}${decimal(middle < 0n ? -middle : middle, places)} \\pm ${powerAtLeast(reach, scale * unit)}`;
  }
  let [a, b] = [least, largest].map((n) => (n * 10n ** BigInt(most)) / unit) as [bigint, bigint];
  let places = most;
  for (; a !== b && places > 0; places--) [a, b] = [a / 10n, b / 10n];
  return `${sign}${decimal(a, places)}\\ldots`;
}

/** n · 10^−places, with all its places. */
function decimal(n: bigint, places: number): string {
  if (places === 0) return `${n}`;
  const text = `${n}`.padStart(places + 1, "0");
  return `${text.slice(0, -places)}.${text.slice(-places)}`;
}

function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** n/d to the nearest integer, away from zero in the middle, for d > 0. */
function round(n: bigint, d: bigint): bigint {
  return n < 0n ? -round(-n, d) : (2n * n + d) / (2n * d);
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** The least power of ten that is at least n/d > 0. */
function powerAtLeast(n: bigint, d: bigint): string {
  let exponent = 0;
  for (; n > d * 10n ** BigInt(exponent); exponent++);
  for (; exponent <= 0 && n * 10n ** BigInt(1 - exponent) <= d; exponent--);
  return exponent === 0 ? "1" : `10^{${exponent}}`;
}

/** A short decimal of one digit that is at least q ≥ 0: 3·10⁻¹². */
export function atMostLatex(q: Rational): string {
  if (q.n === 0n) return "0";
  let exponent = 0;
  for (; q.n * 10n ** BigInt(exponent) < q.d; exponent++);
  let digit = (q.n * 10n ** BigInt(exponent) + q.d - 1n) / q.d;
  if (digit === 10n && exponent > 0) [digit, exponent] = [1n, exponent - 1];
  if (exponent < 3) return trimmed(decimal(digit, exponent));
  return digit === 1n ? `10^{-${exponent}}` : `${digit} \\cdot 10^{-${exponent}}`;
}

/** Decimals of a number that is at most q ≥ 0. */
export function atLeastLatex(q: Rational, most: number): string {
  return trimmed(decimal((q.n * 10n ** BigInt(most)) / q.d, most));
}

/** Decimals of a number that is at least √q, and below 1 where q is. */
export function rootAtMostLatex(q: Rational, least: number): string {
  for (let places = least; ; places++) {
    const scale = 10n ** BigInt(places);
    const root = ceilingOfRoot((q.n * scale * scale + q.d - 1n) / q.d);
    if (root < scale || q.n >= q.d) return trimmed(decimal(root, places));
  }
}

/** The least integer whose square is at least n. (Newton) */
function ceilingOfRoot(n: bigint): bigint {
  if (n < 2n) return n;
  let root = 1n << BigInt(Math.ceil(n.toString(2).length / 2));
  for (;;) {
    const next = (root + n / root) / 2n;
    if (next >= root) break;
    root = next;
  }
  return root * root === n ? root : root + 1n;
}
