/**
 * Interval arithmetic with outward rounding on dyadic numbers: an interval [low, high] stands for low/2^p ≤ x ≤ high/2^p, p being the
 * precision of the ring that it belongs to.
 *
 * Contract of every operation: if x ∈ X and y ∈ Y, then x ∘ y ∈ X ∘ Y. Nothing is assumed about the ends being tight.
 */
import type { Ring, Sign } from "./field.js";
import { type Rational, rational } from "./rational.js";

export interface Interval {
  readonly low: bigint;
  readonly high: bigint;
}

/** An entry of a column of an interval matrix. */
export interface Entry {
  readonly row: number;
  readonly value: Interval;
}

/** The arithmetic of intervals of one precision. */
export interface IntervalRing extends Ring<Interval> {
  readonly precision: number;
  /** Encloses a rational number, in an interval of at most one unit in the last place. */
  readonly enclose: (q: Rational) => Interval;
  /** Encloses Σ factor/2^p · entry over the entries, each with the factor of its row. The sum is exact, and rounded once. */
  readonly combine: (factors: readonly bigint[], entries: readonly Entry[]) => Interval;
  /** 1 or −1 where the interval excludes 0; 0 where it is [0, 0]; null where it says nothing. */
  readonly sign: (x: Interval) => Sign | null;
  /** Throws RangeError for an interval that contains 0. */
  readonly inv: (x: Interval) => Interval;
  /** The n-th root, n ≥ 1, of an interval whose low end is not negative; otherwise throws RangeError. */
  readonly root: (x: Interval, n: number) => Interval;
  /** Encloses eˣ. Throws RangeError beyond e^1024. */
  readonly exp: (x: Interval) => Interval;
  /** Encloses max(x, slope · x) for the slope of a unit that is off, 0 ≤ slope ≤ 1: the image under σ. */
  readonly activate: (x: Interval, slope: Interval) => Interval;
}

/** `spend` is charged what products and quotients cost. */
export function intervalRing(precision: number, spend: (words: number) => void): IntervalRing {
  const shift = BigInt(precision);
  const unit = 1n << shift;
  const down = (n: bigint) => n >> shift; // towards −∞
  const up = (n: bigint) => -(-n >> shift);
  const words = precision / 64;
  const product = 4 + words ** 2 / 16; // short ones cost by their number, long ones by their length
  const mul = (x: Interval, y: Interval): Interval => {
    spend(product);
    if (x.low >= 0n && y.low >= 0n) return { low: down(x.low * y.low), high: up(x.high * y.high) };
    const corners = [x.low * y.low, x.low * y.high, x.high * y.low, x.high * y.high];
    let [least, most] = [corners[0]!, corners[0]!];
    for (const c of corners) {
      if (c < least) least = c;
      if (c > most) most = c;
    }
    return { low: down(least), high: up(most) };
  };
  const zero = { low: 0n, high: 0n };
  return {
    precision,
    zero,
    one: { low: unit, high: unit },
    add: (x, y) => ({ low: x.low + y.low, high: x.high + y.high }),
    sub: (x, y) => ({ low: x.low - y.high, high: x.high - y.low }),
    neg: (x) => ({ low: -x.high, high: -x.low }),
    mul,
    isZero: (x) => x.low === 0n && x.high === 0n,
    enclose: (q) => {
      spend(1 + ((words + wordsOf(q.n)) * wordsOf(q.d)) / 16);
      const n = (q.s * q.n) << shift;
      return { low: floor(n, q.d), high: -floor(-n, q.d) };
    },
    combine: (factors, entries) => {
      spend((product / 2) * entries.length);
      let [low, high] = [0n, 0n];
      for (const { row, value } of entries) {
        const factor = factors[row]!;
        low += factor * (factor < 0n ? value.high : value.low);
        high += factor * (factor < 0n ? value.low : value.high);
      }
      return { low: down(low), high: up(high) };
    },
    sign: (x) => (x.low > 0n ? 1 : x.high < 0n ? -1 : x.low === 0n && x.high === 0n ? 0 : null),
    inv: (x) => {
      if (x.low <= 0n && x.high >= 0n) throw new RangeError("division by an interval that contains 0");
      spend(product);
      const square = unit * unit;
      return { low: floor(square, x.high), high: -floor(-square, x.low) };
    },
    root: (x, n) => {
      if (x.low < 0n) throw new RangeError("the root of an interval that reaches below 0");
      spend(product * n * 64);
      const scale = shift * BigInt(n - 1);
      const [low, high] = [floorRoot(x.low << scale, n), floorRoot(x.high << scale, n)];
      return { low, high: high ** BigInt(n) === x.high << scale ? high : high + 1n };
    },
    exp: ({ low, high }) => ({
      low: exponential(low, precision, spend).low,
      high: exponential(high, precision, spend).high,
    }),
    activate: (x, slope) => {
      if (x.low >= 0n) return x;
      const off = mul(slope, { low: x.low, high: x.high < 0n ? x.high : 0n });
      return { low: off.low, high: x.high > 0n ? x.high : off.high };
    },
  };
}

/** Beyond, eˣ is refused: its digits would have no end. */
const MAX_EXPONENT = 1024n;

/** Encloses e^(x/2^p): the series at x/2^k, where it converges at once, squared k times. */
function exponential(x: bigint, p: number, spend: (words: number) => void): Interval {
  if (x > MAX_EXPONENT << BigInt(p)) throw new RangeError(`the exponential of more than ${MAX_EXPONENT}`);
  const size = (x < 0n ? -x : x).toString(2).length - p; // |x/2^p| < 2^size
  const halvings = Math.max(0, size + 4);
  const digits = x > 0n ? 2 ** ((x >> BigInt(p)).toString(2).length + 1) : 0; // at least those of the result before its point
  const ring = intervalRing(p + 2 * halvings + digits + 16, spend);
  const y = x << BigInt(ring.precision - p - halvings);
  let [sum, term] = [ring.one, ring.one];
  for (let n = 1n; term.low < -1n || term.high > 1n; n++) {
    term = ring.mul(ring.mul(term, { low: y, high: y }), ring.enclose(rational(1n, n)));
    sum = ring.add(sum, term);
  }
  // What is left out is less than the last term, since |y| < 1/16.
  sum = { low: sum.low - 1n, high: sum.high + 1n };
  for (let k = 0; k < halvings; k++) sum = ring.mul(sum, sum);
  const rest = BigInt(ring.precision - p);
  return { low: sum.low >> rest, high: -(-sum.high >> rest) };
}

const WORD = 1n << 64n;

function wordsOf(n: bigint): number {
  return n < WORD ? 1 : n.toString(16).length / 16;
}

/** ⌊a^{1/n}⌋ for a ≥ 0, by Newton's method from above. */
function floorRoot(a: bigint, n: number): bigint {
  if (a < 2n || n === 1) return a;
  const power = BigInt(n);
  let x = 1n << BigInt(Math.floor((4 * a.toString(16).length) / n) + 1);
  for (;;) {
    const next = ((power - 1n) * x + a / x ** (power - 1n)) / power;
    if (next >= x) return x;
    x = next;
  }
}

/** ⌊n/d⌋, for d of either sign. */
function floor(n: bigint, d: bigint): bigint {
  const [a, b] = d < 0n ? [-n, -d] : [n, d];
  return a % b < 0n ? a / b - 1n : a / b;
}

/** Whether every symmetric matrix with entries in these intervals is shown to be positive definite, by LDLᵀ: every pivot is positive. */
export function isPositiveDefinite(ring: IntervalRing, A: readonly (readonly Interval[])[]): boolean {
  const S = A.map((row) => [...row]);
  for (let k = 0; k < S.length; k++) {
    if (ring.sign(S[k]![k]!) !== 1) return false;
    const inverse = ring.inv(S[k]![k]!);
    for (let i = k + 1; i < S.length; i++) {
      const factor = ring.mul(S[k]![i]!, inverse);
      for (let j = i; j < S.length; j++) S[i]![j] = ring.sub(S[i]![j]!, ring.mul(factor, S[k]![j]!));
    }
  }
  return true;
}

/** The inner products of sparse vectors with one another. */
export function gramOf(ring: IntervalRing, vectors: readonly ReadonlyMap<number, Interval>[]): Interval[][] {
  return vectors.map((f) =>
    vectors.map((g) =>
      [...f].reduce((total, [k, c]) => (g.has(k) ? ring.add(total, ring.mul(c, g.get(k)!)) : total), ring.zero),
    ),
  );
}

/** The least interval that contains both. */
export function hull(x: Interval, y: Interval): Interval {
  return { low: x.low < y.low ? x.low : y.low, high: x.high > y.high ? x.high : y.high };
}

/** An interval of one precision in units of another, rounded outwards. */
export function rescaled({ low, high }: Interval, from: number, to: number): Interval {
  const shift = BigInt(Math.max(to - from, from - to));
  return to >= from ? { low: low << shift, high: high << shift } : { low: low >> shift, high: -(-high >> shift) };
}

/** The rational ends of an interval. */
export function endsOf({ low, high }: Interval, precision: number): readonly [Rational, Rational] {
  const unit = 1n << BigInt(precision);
  return [rational(low, unit), rational(high, unit)];
}
