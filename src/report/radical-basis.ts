/**
 * Numbers in the radicals that their author typed, where the certificate has only the minimal polynomial of one generator.
 *
 * Up to rational factors the positive radicals c^{1/k} of a real field K form a finite abelian group; different elements are linearly
 * independent over ℚ. (M. Kneser, Lineare Abhängigkeit von Wurzeln, Acta Arith. 26, 1975.) Where there are as many as K has dimensions
 * they are a basis. The group is guessed from finitely many primes, and the generator as a short sum of the radicals from its digits;
 * then it is proved that this sum is the root of the minimal polynomial in the isolating interval, and so all the rest.
 */
import { compare, type Field, type FieldDescription } from "../exact/field.js";
import { Q, type Rational, rational } from "../exact/rational.js";
import { reduceLattice } from "../problem/lattice.js";
import { integerRoot, primeFactors } from "../problem/roots.js";

/** radicand^{power/degree} */
export interface Root {
  readonly radicand: bigint;
  readonly degree: number;
  readonly power: number;
}

export interface RadicalBasis {
  /** The first is 1. */
  readonly roots: readonly Root[];
  /** Rational coordinates in the roots. */
  readonly coordinates: (inPowers: readonly Rational[]) => readonly Rational[];
}

const known = new WeakMap<FieldDescription, RadicalBasis | null>();

/** The basis of K by radicals, or null where K has none that is found. */
export function radicalBasis<E>({ description }: Field<E>): RadicalBasis | null {
  if (description === null) return null;
  const found = known.get(description);
  if (found !== undefined) return found;
  const basis = pureBasis(description) ?? basisOf(description);
  known.set(description, basis);
  return basis;
}

/** The powers of the generator, if that is itself the positive root of an integer. */
function pureBasis({ minimalPolynomial, interval }: FieldDescription): RadicalBasis | null {
  const [constant, ...others] = minimalPolynomial;
  if (!others.slice(0, -1).every(Q.isZero) || Q.sign(interval[0]) < 0) return null;
  const [radicand, degree] = [-constant!.s * constant!.n, others.length];
  return { roots: others.map((_, power) => ({ radicand, degree, power })), coordinates: (inPowers) => inPowers };
}

function basisOf(description: FieldDescription): RadicalBasis | null {
  const m = description.minimalPolynomial.map((c) => c.s * c.n);
  const degree = m.length - 1;
  const places = placesOf(m);
  const primes = ramified(m);
  // The orders of radicals divide the degree, and have all its prime factors. Small ones first: 16 is an eighth power modulo every prime.
  const least = primeFactors(degree).reduce((product, p) => product * p, 1);
  for (let order = least; order <= degree; order += least) {
    if (degree % order !== 0) continue;
    const exponents = groupOf(primes, order, degree, places);
    if (exponents === null) continue;
    const basis = expressed(description, m, primes, order, exponents);
    if (basis !== null) return basis;
  }
  return null;
}

// ---------------------------------------------------------------- which radicals

const LARGEST_PRIME = 2000;
const LARGEST_PLACE = 12000;
/** Places that say nothing new, until no more are asked: when the group is as large as it has to be, and before. */
const ENOUGH = 6;
const MANY = 24;
/** Smaller primes than this make for few different powers. */
const SMALL = 40;

const PRIMES: readonly number[] = Array.from({ length: LARGEST_PLACE }, (_, k) => k).filter((n) => {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return n > 1;
});

/** The k-th prime modulo which the polynomial has a simple root, each of which is a homomorphism from ℤ[a]; sought as far as asked for. */
function placesOf(m: readonly bigint[]): (k: number) => number | null {
  const places: number[] = [];
  let next = PRIMES.findIndex((p) => p > SMALL);
  return (k) => {
    for (; places.length <= k && next < PRIMES.length; next++)
      if (hasSimpleRoot(m, PRIMES[next]!)) places.push(PRIMES[next]!);
    return places[k] ?? null;
  };
}

/** Whether the polynomial has a root modulo p and no multiple one: then it has a factor in common with x^p − x. */
function hasSimpleRoot(m: readonly bigint[], p: number): boolean {
  const reduced = m.map((c) => residue(c, p));
  if (haveCommonFactor(reduced, derivative(reduced, p), p)) return false;
  let power = [1];
  for (const bit of p.toString(2)) {
    const square = new Array<number>(2 * power.length - 1).fill(0);
    for (let i = 0; i < power.length; i++)
      for (let j = 0; j < power.length; j++) square[i + j] = (square[i + j]! + power[i]! * power[j]!) % p;
    power = remainder(bit === "1" ? [0, ...square] : square, reduced, p);
  }
  const less = [...power, 0, 0].map((c, k) => (k === 1 ? (c + p - 1) % p : c));
  return haveCommonFactor(reduced, less, p);
}

function derivative(polynomial: readonly number[], p: number): number[] {
  return polynomial.map((c, k) => (c * k) % p).slice(1);
}

function residue(c: bigint, p: number): number {
  const r = Number(c % BigInt(p));
  return r < 0 ? r + p : r;
}

/** The primes modulo which the polynomial has a multiple factor: all that stand under radicals of the field are among them. */
function ramified(m: readonly bigint[]): number[] {
  return PRIMES.filter((p) => {
    if (p > LARGEST_PRIME) return false;
    const reduced = m.map((c) => residue(c, p));
    return haveCommonFactor(reduced, derivative(reduced, p), p);
  });
}

/** Whether two polynomials modulo p have a common factor. */
function haveCommonFactor(u: readonly number[], v: readonly number[], p: number): boolean {
  let [a, b] = [trimmed(u), trimmed(v)];
  while (b.length > 0) [a, b] = [b, trimmed(remainder(a, b, p))];
  return a.length > 1;
}

/** u modulo v and p; the leading coefficient of v is not 0. */
function remainder(u: readonly number[], v: readonly number[], p: number): number[] {
  const rest = [...u];
  const inverse = modularPower(v.at(-1)!, p - 2, p);
  while (rest.length >= v.length) {
    const quotient = p - ((rest.at(-1)! * inverse) % p);
    const shift = rest.length - v.length;
    for (let k = 0; k < v.length; k++) rest[k + shift] = (rest[k + shift]! + quotient * v[k]!) % p;
    rest.pop();
  }
  return rest;
}

function trimmed(polynomial: readonly number[]): number[] {
  const result = [...polynomial];
  while (result.at(-1) === 0) result.pop();
  return result;
}

function modularPower(base: number, exponent: number, p: number): number {
  let [result, square] = [1, base % p];
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = (result * square) % p;
    square = (square * square) % p;
  }
  return result;
}

/**
 * The exponents e modulo N = order for which Π p^{e_p/N} may lie in the field, if there are as many as the field has dimensions: those
 * for which Π p^{e_p} is an N-th power modulo every place, which is a linear equation modulo N for each.
 */
function groupOf(
  primes: readonly number[],
  order: number,
  size: number,
  placeOf: (k: number) => number | null,
): number[][] | null {
  let basis: number[][] = primes.map((_, k) => primes.map((_, j) => (j === k ? 1 : 0)));
  const target = BigInt(order) ** BigInt(primes.length) / BigInt(size);
  let index = 1n;
  for (let k = 0, silent = 0; silent < (index === target ? ENOUGH : MANY) && index <= target; k++, silent++) {
    const place = placeOf(k);
    if (place === null) break;
    // Where not all powers differ from others a place has little to say, and its silence means nothing.
    if ((place - 1) % order !== 0) silent--;
    if (primes.some((p) => p % place === 0)) continue;
    const logarithms = logarithmsOf(primes, order, place);
    const values = basis.map((row) => row.reduce((sum, e, k) => (sum + e * logarithms[k]!) % order, 0));
    // Euclid's algorithm on the rows leaves one value that is not 0.
    for (;;) {
      const left = values.map((v, k) => ({ v, k })).filter(({ v }) => v !== 0);
      if (left.length === 0) break;
      const { v: least, k: pivot } = left.reduce((a, b) => (b.v < a.v ? b : a));
      if (left.length === 1) {
        const factor = order / gcdOf(least, order);
        basis = basis.map((row, k) => (k === pivot ? row.map((e) => (e * factor) % order) : row));
        index *= BigInt(factor);
        silent = -1;
        break;
      }
      for (const { v, k } of left) {
        if (k === pivot) continue;
        const times = Math.floor(v / least);
        basis[k] = basis[k]!.map((e, j) => (((e - times * basis[pivot]![j]!) % order) + order) % order);
        values[k] = v - times * least;
      }
    }
  }
  if (BigInt(order) ** BigInt(primes.length) !== index * BigInt(size)) return null;
  const elements = [primes.map(() => 0)];
  const seen = new Set(elements.map(String));
  for (let k = 0; k < elements.length && elements.length <= size; k++) {
    for (const row of basis) {
      const next = elements[k]!.map((e, j) => (e + row[j]!) % order);
      if (seen.has(String(next))) continue;
      seen.add(String(next));
      elements.push(next);
    }
  }
  return elements.length === size ? elements : null;
}

/** Logarithms of the primes modulo a place, as they are modulo the order. */
function logarithmsOf(primes: readonly number[], order: number, place: number): number[] {
  const common = gcdOf(order, place - 1);
  const exponent = (place - 1) / common;
  // The values of x^exponent form a group of that many elements; a generator of it is as good as any.
  let generator = 1;
  for (let x = 2; !isGenerator(generator, common, place); x++) generator = modularPower(x, exponent, place);
  return primes.map((p) => {
    const target = modularPower(p, exponent, place);
    let power = 1;
    for (let k = 0; k < common; k++) {
      if (power === target) return k * (order / common);
      power = (power * generator) % place;
    }
    throw new Error("a power is not in the group of powers");
  });
}

function isGenerator(element: number, size: number, place: number): boolean {
  return primeFactors(size).every((q) => modularPower(element, size / q, place) !== 1);
}

function gcdOf(a: number, b: number): number {
  return b === 0 ? a : gcdOf(b, a % b);
}

// ---------------------------------------------------------------- the generator in them

/** Bits of the generator's digits, for each unknown coefficient of it. */
const BITS = 14;

function expressed(
  { interval }: FieldDescription,
  m: readonly bigint[],
  primes: readonly number[],
  order: number,
  group: readonly (readonly number[])[],
): RadicalBasis | null {
  const bits = BigInt(64 + BITS * group.length);
  const roots = group
    .map((exponents) => ({
      exponents,
      radicand: exponents.reduce((n, e, k) => n * BigInt(primes[k]!) ** BigInt(e), 1n),
    }))
    .sort((a, b) => (a.radicand < b.radicand ? -1 : 1));
  const index = new Map(roots.map(({ exponents }, k) => [String(exponents), k]));
  const digits = roots.map(({ radicand }) => integerRoot(radicand << (bits * BigInt(order)), order));
  const target = rootDigits(m, interval, bits);
  const multiplied = (u: readonly Rational[], v: readonly Rational[]): Rational[] => {
    const product = roots.map(() => Q.zero);
    for (const [i, x] of u.entries()) {
      if (Q.isZero(x)) continue;
      for (const [j, y] of v.entries()) {
        if (Q.isZero(y)) continue;
        const sum = roots[i]!.exponents.map((e, k) => e + roots[j]!.exponents[k]!);
        const factor = sum.reduce((n, e, k) => (e < order ? n : n * BigInt(primes[k]!)), 1n);
        const place = index.get(String(sum.map((e) => e % order)))!;
        product[place] = product[place]!.add(x.mul(y).mul(rational(factor)));
      }
    }
    return product;
  };
  const zeros = roots.map(() => Q.zero);
  // A generator is mostly the sum of few radicals, and a small lattice is reduced in no time.
  for (let count = Math.min(8, roots.length); count <= roots.length; count *= 2) {
    const generator = generatorIn(digits.slice(0, count), target);
    if (generator === null) continue;
    const powers = [zeros.with(0, Q.one)];
    while (powers.length < m.length) powers.push(multiplied(powers.at(-1)!, generator));
    const coordinates = (coefficients: readonly Rational[]) =>
      coefficients.reduce<readonly Rational[]>(
        (sum, c, k) => (Q.isZero(c) ? sum : sum.map((s, j) => s.add(c.mul(powers[k]![j]!)))),
        zeros,
      );
    const isRoot = coordinates(m.map((c) => rational(c))).every(Q.isZero);
    if (isRoot && liesIn(interval, generator, digits, bits))
      return { roots: roots.map(({ radicand }) => ({ radicand, degree: order, power: 1 })), coordinates };
    if (count < roots.length && 2 * count > roots.length) count = roots.length / 2;
  }
  return null;
}

/** The integer part of 2^bits times the root of the polynomial in the interval, by bisection. */
function rootDigits(m: readonly bigint[], [from, to]: readonly [Rational, Rational], bits: bigint): bigint {
  const at = (n: bigint) => m.reduceRight((value, c, k) => value * n + (c << (bits * BigInt(m.length - 1 - k))), 0n);
  const floor = (q: Rational) => {
    const n = (q.s * q.n) << bits;
    return n % q.d < 0n ? n / q.d - 1n : n / q.d;
  };
  let [low, high] = [floor(from), floor(to) + 1n];
  const rising = at(high) > 0n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (at(middle) > 0n === rising) high = middle;
    else low = middle;
  }
  return low;
}

/** Rational coefficients of the roots whose sum has the digits of the generator, by reduction of a lattice; a guess. */
function generatorIn(digits: readonly bigint[], target: bigint): Rational[] | null {
  const columns = [target, ...digits];
  const [relation] = reduceLattice(columns.map((digit, k) => [...columns.map((_, j) => (j === k ? 1n : 0n)), digit]));
  const [scale, ...coefficients] = relation!.slice(0, -1);
  if (scale === 0n) return null;
  return coefficients.map((c) => rational(-c).div(rational(scale!)));
}

/** Whether Σ coefficient · root lies in the interval, from the digits of the roots. */
function liesIn(
  [from, to]: readonly [Rational, Rational],
  coefficients: readonly Rational[],
  digits: readonly bigint[],
  bits: bigint,
): boolean {
  let [low, high] = [Q.zero, Q.zero];
  for (const [k, c] of coefficients.entries()) {
    const [floor, ceiling] = [digits[k]!, digits[k]! + 1n].map((d) => c.mul(rational(d, 1n << bits)));
    low = low.add(c.s < 0n ? ceiling! : floor!);
    high = high.add(c.s < 0n ? floor! : ceiling!);
  }
  return compare(Q, from, low) < 0 && compare(Q, high, to) < 0;
}
