/** The field ℚ, on fraction.js. */
import Fraction from "fraction.js";
import type { Field, Sign } from "./field.js";

export type Rational = Fraction;

const PATTERN = /^(-?\d+)(?:\/(\d+))?$/;

/**
 * Reads an integer or a fraction in decimal digits, such as `-3/4`; null for anything else, a zero denominator included.
 * The only ways into ℚ are this and BigInt: fraction.js rounds JavaScript numbers.
 */
export function parseRational(text: string): Rational | null {
  const match = PATTERN.exec(text);
  if (match === null) return null;
  const denominator = BigInt(match[2] ?? "1");
  return denominator === 0n ? null : rational(BigInt(match[1]!), denominator);
}

/** numerator / denominator; the denominator is not zero. */
export function rational(numerator: bigint, denominator = 1n): Rational {
  return new Fraction(numerator, denominator);
}

/** The canonical text: lowest terms, `n` or `n/d`, read back by `parseRational`. */
export function formatRational(q: Rational): string {
  const integer = `${q.s < 0n ? "-" : ""}${q.n}`;
  return q.d === 1n ? integer : `${integer}/${q.d}`;
}

/** The greatest common divisor, not negative. */
export function gcd(a: bigint, b: bigint): bigint {
  let x = a < 0n ? -a : a;
  let y = b < 0n ? -b : b;
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** The quotient of two integers of any size, the second positive, as a floating-point number. */
export function ratioToNumber(numerator: bigint, denominator: bigint): number {
  const [above, below] = [bitLength(numerator), bitLength(denominator)];
  if (Math.max(above, below) < 1000) return Number(numerator) / Number(denominator);
  const shift = BigInt(above - below - 68); // leaves at least 60 bits of the quotient
  const leading = shift < 0n ? (numerator << -shift) / denominator : numerator / (denominator << shift);
  return Number(leading) * 2 ** Number(shift);
}

function bitLength(n: bigint): number {
  return n.toString(16).length * 4;
}

const ZERO = rational(0n);
const ONE = rational(1n);

/** Over one common denominator, which few terms make larger, and reduced once. */
function dot(u: readonly Rational[], v: readonly Rational[]): Rational {
  let numerator = 0n;
  let denominator = 1n;
  for (let i = 0; i < u.length; i++) {
    const [a, b] = [u[i]!, v[i]!];
    if (a.n === 0n || b.n === 0n) continue;
    const d = a.d * b.d;
    const n = a.n * b.n;
    const term = a.s === b.s ? n : -n;
    if (d === denominator) numerator += term;
    else {
      const common = gcd(denominator, d);
      numerator = numerator * (d / common) + term * (denominator / common);
      denominator *= d / common;
    }
  }
  return rational(numerator, denominator);
}

const isOne = (a: Rational) => a.n === 1n && a.d === 1n && a.s > 0n;

export const Q: Field<Rational> = {
  degree: 1,
  description: null,
  functions: null,
  zero: ZERO,
  one: ONE,
  // With 0 or 1 nothing new has to be made, and most elements of large problems are.
  add: (a, b) => (a.n === 0n ? b : b.n === 0n ? a : a.add(b)),
  sub: (a, b) => (b.n === 0n ? a : a.sub(b)),
  mul: (a, b) => (isOne(a) ? b : isOne(b) ? a : a.mul(b)),
  neg: (a) => a.neg(),
  inv: (a) => {
    if (a.n === 0n) throw new RangeError("division by zero");
    return a.inverse();
  },
  div: (a, b) => {
    if (b.n === 0n) throw new RangeError("division by zero");
    return a.div(b);
  },
  isZero: (a) => a.n === 0n,
  dot,
  sign: (a) => (a.n === 0n ? 0 : a.s < 0n ? -1 : 1) as Sign,
  fromRational: (q) => q,
  coordinates: (a) => [a],
  integers: ({ s, n, d }) => ({ numerators: [s * n], denominator: d }),
  fromCoordinates: ([a]) => a ?? ZERO,
  bounds: ({ s, n, d }, precision) => {
    const scaled = (s * n) << BigInt(precision);
    const low = (scaled - (((scaled % d) + d) % d)) / d;
    return { low, high: low * d === scaled ? low : low + 1n };
  },
  toNumber: (a) => Number(a.s) * ratioToNumber(a.n, a.d),
  size: (a) => (a.n.toString(16).length + a.d.toString(16).length) / 16,
  key: (a) => a.toFraction(),
};
