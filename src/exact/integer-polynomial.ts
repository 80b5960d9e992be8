/** Polynomials with integer coefficients, and their real roots. Coefficients from the constant term up, without trailing zeros. */
import type { Sign } from "./field.js";
import { gcd } from "./rational.js";

export type IntegerPolynomial = readonly bigint[];

export function trimmed(coefficients: bigint[]): IntegerPolynomial {
  while (coefficients.at(-1) === 0n) coefficients.pop();
  return coefficients;
}

/** factor p + other q */
export function combined(
  p: IntegerPolynomial,
  q: IntegerPolynomial,
  factor: IntegerPolynomial,
  other: IntegerPolynomial,
): IntegerPolynomial {
  const [left, right] = [timesPolynomial(p, factor), timesPolynomial(q, other)];
  return trimmed(
    Array.from({ length: Math.max(left.length, right.length) }, (_, k) => (left[k] ?? 0n) + (right[k] ?? 0n)),
  );
}

export function timesPolynomial(p: IntegerPolynomial, q: IntegerPolynomial): IntegerPolynomial {
  if (p.length === 0 || q.length === 0) return [];
  if (q.length === 1) return q[0] === 1n ? p : p.map((c) => c * q[0]!);
  if (p.length === 1) return p[0] === 1n ? q : q.map((c) => c * p[0]!);
  const product = new Array<bigint>(p.length + q.length - 1).fill(0n);
  for (let i = 0; i < p.length; i++) {
    const c = p[i]!;
    if (c !== 0n) for (let j = 0; j < q.length; j++) product[i + j]! += c * q[j]!;
  }
  return product;
}

/** p / q, or null where q does not divide p over ℤ; q is not zero. */
export function quotient(p: IntegerPolynomial, q: IntegerPolynomial): IntegerPolynomial | null {
  const lead = q.at(-1)!;
  if (q.length === 1) {
    if (lead === 1n) return p;
    return p.every((c) => c % lead === 0n) ? p.map((c) => c / lead) : null;
  }
  const rest = [...p];
  const result = new Array<bigint>(Math.max(0, p.length - q.length + 1)).fill(0n);
  for (let k = result.length - 1; k >= 0; k--) {
    const top = rest[k + q.length - 1]!;
    if (top === 0n) continue;
    if (top % lead !== 0n) return null;
    const c = top / lead;
    result[k] = c;
    for (let j = 0; j < q.length; j++) rest[k + j]! -= c * q[j]!;
  }
  return rest.every((c) => c === 0n) ? trimmed(result) : null;
}

/** The greatest common divisor of the coefficients, not negative. */
export function contentOf(p: IntegerPolynomial): bigint {
  let content = 0n;
  for (const c of p) {
    content = gcd(content, c);
    if (content === 1n) break;
  }
  return content;
}

function isUnit(p: IntegerPolynomial): boolean {
  return p.length === 1 && (p[0] === 1n || p[0] === -1n);
}

function primitive(p: IntegerPolynomial): IntegerPolynomial {
  const content = contentOf(p);
  return content <= 1n ? p : p.map((c) => c / content);
}

function height(p: IntegerPolynomial): bigint {
  return p.reduce((most, c) => (c > most ? c : -c > most ? -c : most), 0n);
}

/**
 * A greatest common divisor in ℤ[s]. First by the gcd of the values at a large integer, whose digits there are the coefficients, which is
 * proved by division (B. W. Char, K. O. Geddes, G. H. Gonnet, GCDHEU, J. Symbolic Comput. 7, 1989); else by Euclid's algorithm.
 */
export function commonDivisor(p: IntegerPolynomial, q: IntegerPolynomial): IntegerPolynomial {
  if (p.length === 0) return q;
  if (q.length === 0) return p;
  if (isUnit(p) || isUnit(q)) return [1n];
  const content = gcd(contentOf(p), contentOf(q));
  if (p.length === 1 || q.length === 1) return [content];
  const [a, b] = [primitive(p), primitive(q)];
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  const found = divisorModulo(short, long);
  if (found === 1) return [content];
  if (found === short.length && quotient(long, short) !== null) return short.map((c) => c * content);
  return (byValues(a, b) ?? euclid(a, b)).map((c) => c * content);
}

/** A prime; nothing rests on which one. */
const PRIME = 2n ** 31n - 1n;

/**
 * The number of coefficients of the greatest common divisor modulo a prime, which is at least that of the one over ℚ; 0 where the prime is of
 * no use.
 */
function divisorModulo(p: IntegerPolynomial, q: IntegerPolynomial): number {
  let [a, b] = [q, p].map((one) => one.map((c) => c % PRIME)) as [bigint[], bigint[]];
  if (a.at(-1) === 0n || b.at(-1) === 0n) return 0;
  while (b.length > 1) {
    const lead = b.at(-1)!;
    while (a.length >= b.length) {
      const top = a.pop()!;
      const shift = a.length - b.length + 1;
      for (let j = 0; j < a.length; j++) a[j] = (a[j]! * lead - (j >= shift ? top * b[j - shift]! : 0n)) % PRIME;
      while (a.at(-1) === 0n) a.pop();
    }
    [a, b] = [b, a];
  }
  return b.length === 1 ? 1 : a.length;
}

function byValues(a: IntegerPolynomial, b: IntegerPolynomial): IntegerPolynomial | null {
  const [first, second] = [height(a), height(b)];
  let at = 2n * (first < second ? first : second) + 29n;
  for (let attempt = 0; attempt < 4; attempt++, at = (at * 73794n) / 27011n) {
    const value = (p: IntegerPolynomial) => p.reduceRight((total, c) => total * at + c, 0n);
    const digits: bigint[] = [];
    for (let rest = gcd(value(a), value(b)); rest !== 0n; ) {
      let digit = rest % at;
      if (2n * digit > at) digit -= at;
      else if (2n * digit < -at) digit += at;
      digits.push(digit);
      rest = (rest - digit) / at;
    }
    if (digits.length <= 1) return [1n];
    const candidate = primitive(digits);
    if (quotient(a, candidate) !== null && quotient(b, candidate) !== null) return candidate;
  }
  return null;
}

function euclid(p: IntegerPolynomial, q: IntegerPolynomial): IntegerPolynomial {
  let [a, b] = p.length >= q.length ? [p, q] : [q, p];
  while (b.length > 1) {
    const rest = [...a];
    const lead = b.at(-1)!;
    for (let k = a.length - b.length; k >= 0; k--) {
      const top = rest[k + b.length - 1]!;
      for (let j = 0; j < rest.length; j++) rest[j]! *= lead;
      for (let j = 0; j < b.length; j++) rest[k + j]! -= top * b[j]!;
    }
    [a, b] = [b, primitive(trimmed(rest))];
  }
  return b.length === 0 ? a : [1n];
}

function derivativeOf(p: IntegerPolynomial): IntegerPolynomial {
  return p.slice(1).map((c, k) => c * BigInt(k + 1));
}

/** The product of the different irreducible factors. */
export function squareFree(p: IntegerPolynomial): IntegerPolynomial {
  if (p.length <= 2) return p;
  const repeated = commonDivisor(p, derivativeOf(p));
  return repeated.length <= 1 ? p : quotient(p, repeated)!;
}

/** d^deg p(n/d) */
export function homogenisedValue(p: IntegerPolynomial, n: bigint, d: bigint): bigint {
  let scale = 1n;
  let total = 0n;
  for (let k = p.length - 1; k >= 0; k--) {
    total = total * n + p[k]! * scale;
    scale *= d;
  }
  return total;
}

/** The sign of p(n/d), d > 0. */
export function signAt(p: IntegerPolynomial, n: bigint, d: bigint): Sign {
  return signOf(homogenisedValue(p, n, d));
}

export function signOf(n: bigint): Sign {
  return n > 0n ? 1 : n < 0n ? -1 : 0;
}

/** The coefficients of p(x + by), by Horner's rule. */
export function shifted(p: IntegerPolynomial, by: bigint): bigint[] {
  const result = [...p];
  for (let done = 0; done < p.length; done++) {
    for (let k = p.length - 2; k >= done; k--) result[k]! += by * result[k + 1]!;
  }
  return result;
}

/**
 * The coefficients of (d(1+x))ⁿ p((low + high·x)/(d(1+x))), n the degree. By Descartes' rule their sign variations bound the
 * number of roots of p between low/d and high/d, and 0 and 1 are exact; the first and the last are dⁿ p at the two ends.
 */
export function overInterval(p: IntegerPolynomial, low: bigint, high: bigint, d: bigint): bigint[] {
  // With u = 1/(1+x), the argument is (high − (high−low)u)/d.
  let scale = 1n;
  const cleared = [...p];
  for (let k = p.length - 1; k >= 0; k--, scale *= d) cleared[k]! *= scale;
  scale = 1n;
  const inU = shifted(cleared, high).map((c) => {
    const scaled = c * scale;
    scale *= low - high;
    return scaled;
  });
  return shifted(inU.reverse(), 1n);
}

/** What `overInterval` takes, about: additions of long numbers, of which eight words count as one product. */
export function workOfOver(p: IntegerPolynomial, d: bigint): number {
  return p.length ** 2 * (1 + (wordsOf(p) / p.length + (p.length * d.toString(16).length) / 16) / 8);
}

/** Words of 64 bits of the coefficients. */
export function wordsOf(p: IntegerPolynomial): number {
  return p.reduce((words, c) => words + 1 + c.toString(16).length / 16, 0);
}

/** Sign variations among the coefficients that are not zero. */
export function variations(coefficients: readonly bigint[]): number {
  const signs = coefficients.filter((c) => c !== 0n).map((c) => c < 0n);
  return signs.filter((negative, k) => k > 0 && negative !== signs[k - 1]).length;
}

/** A real algebraic number: low/d where low = high, else the only root of the polynomial between low/d and high/d, which are none; d > 0. */
export interface RealRoot {
  readonly polynomial: IntegerPolynomial;
  readonly low: bigint;
  readonly high: bigint;
  readonly d: bigint;
}

/** n/d, d > 0 */
export function rationalRoot(n: bigint, d: bigint): RealRoot {
  const common = gcd(n, d);
  const [low, scale] = [n / common, d / common];
  return { polynomial: [-low, scale], low, high: low, d: scale };
}

/** The same number in half the interval. */
export function halved({ polynomial, low, high, d }: RealRoot): RealRoot {
  if (low === high) return { polynomial, low, high, d };
  const middle = low + high;
  const sign = signAt(polynomial, middle, 2n * d);
  if (sign === 0) return rationalRoot(middle, 2n * d);
  return sign === signAt(polynomial, low, d)
    ? { polynomial, low: middle, high: 2n * high, d: 2n * d }
    : { polynomial, low: 2n * low, high: middle, d: 2n * d };
}

/** Roots that are not told apart by so many halvings of the interval are too close. */
const MAX_DEPTH = 512;

/**
 * The roots between low/d and high/d, in order, of a polynomial without multiple ones; throws RangeError where they are too close to each
 * other. (By Descartes' rule and bisection: G. E. Collins, A. G. Akritas, SYMSAC 1976.)
 */
export function rootsBetween(
  p: IntegerPolynomial,
  low: bigint,
  high: bigint,
  d: bigint,
  spend: (operations: number) => void = () => {},
  depth = 0,
): RealRoot[] {
  spend(workOfOver(p, d));
  if (depth > MAX_DEPTH) throw new RangeError("roots of a polynomial are too close to be told apart");
  const over = overInterval(p, low, high, d);
  const count = variations(over);
  if (count === 0) return [];
  if (count === 1 && over[0] !== 0n && over.at(-1) !== 0n)
    return [
      p.length === 2
        ? rationalRoot(p[1]! < 0n ? p[0]! : -p[0]!, p[1]! < 0n ? -p[1]! : p[1]!)
        : { polynomial: p, low, high, d },
    ];
  const middle = low + high;
  const own = signAt(p, middle, 2n * d) === 0 ? [rationalRoot(middle, 2n * d)] : [];
  return [
    ...rootsBetween(p, 2n * low, middle, 2n * d, spend, depth + 1),
    ...own,
    ...rootsBetween(p, middle, 2n * high, 2n * d, spend, depth + 1),
  ];
}

/** Whether p vanishes at the root. */
export function vanishesAt(p: IntegerPolynomial, { polynomial, low, high, d }: RealRoot): boolean {
  if (low === high) return signAt(p, low, d) === 0;
  const shared = commonDivisor(p, polynomial);
  // The polynomial has one simple root between the ends, and none at them; so has a divisor, if it changes its sign.
  return shared.length > 1 && signAt(shared, low, d) !== signAt(shared, high, d);
}

/** Halvings after which two numbers count as too close to be told apart. */
const MAX_COMPARISON = 4096;

/** The sign of a − b. Throws RangeError where they are too close to be told apart. */
export function compareRoots(a: RealRoot, b: RealRoot): Sign {
  let [left, right] = [a, b];
  let mayBeEqual = true;
  for (let k = 0; ; k++) {
    if (k > MAX_COMPARISON) throw new RangeError("two numbers are too close to be told apart");
    if (left.low === left.high && right.low === right.high) return signOf(left.low * right.d - right.low * left.d);
    if (left.high * right.d <= right.low * left.d) return -1;
    if (right.high * left.d <= left.low * right.d) return 1;
    if (mayBeEqual && areEqual(left, right)) return 0;
    mayBeEqual = false;
    [left, right] = [halved(left), halved(right)];
  }
}

function areEqual(a: RealRoot, b: RealRoot): boolean {
  if (a.low === a.high) return b.low !== b.high && vanishesAt(b.polynomial, a) && isInside(a, b);
  if (b.low === b.high) return areEqual(b, a);
  const shared = squareFree(commonDivisor(a.polynomial, b.polynomial));
  if (shared.length <= 1) return false;
  const d = a.d * b.d;
  const low = a.low * b.d > b.low * a.d ? a.low * b.d : b.low * a.d;
  const high = a.high * b.d < b.high * a.d ? a.high * b.d : b.high * a.d;
  return low < high && rootsBetween(shared, low, high, d).length > 0;
}

function isInside(a: RealRoot, b: RealRoot): boolean {
  return a.low * b.d > b.low * a.d && a.low * b.d < b.high * a.d;
}
