/**
 * ℚ(a) modulo a power of a prime: ℤ[x]/(m, q). Numbers do not swell there, and small ones can be read off what they are modulo q. That
 * is a guess, and whoever makes it has to prove it.
 */
import type { Ring } from "./field.js";

/** Σ_k residue[k] a^k, as many as m has degrees, each from 0 to q − 1. */
export type Residue = readonly bigint[];

export interface Residues extends Ring<Residue> {
  readonly modulus: bigint;
  from(coefficients: readonly bigint[]): Residue;
  /** Null for what is no unit. */
  inv(a: Residue): Residue | null;
}

/** Nothing rests on which prime it is. */
const PRIME = 2n ** 61n - 1n;

/** ℤ[x]/(m, q) for the monic m with integer coefficients from the constant term up, and q the prime to the power 2^doublings. */
export function residues(m: readonly bigint[], doublings: number): Residues {
  const modulus = PRIME ** (1n << BigInt(doublings));
  const reduced = (c: bigint) => remainder(c, modulus);
  const constant = (c: bigint): Residue => m.slice(1).map((_, k) => (k === 0 ? c : 0n));
  const inv = (a: Residue): Residue | null => {
    for (const { inverse, modulus: reached } of inverses(m, a)) if (reached === modulus) return inverse;
    return null;
  };
  return {
    modulus,
    zero: constant(0n),
    one: constant(1n),
    add: (a, b) => a.map((c, k) => reduced(c + b[k]!)),
    sub: (a, b) => a.map((c, k) => reduced(c - b[k]!)),
    mul: (a, b) => productModulo(m, a, b).map(reduced),
    neg: (a) => a.map((c) => reduced(-c)),
    isZero: (a) => a.every((c) => c === 0n),
    from: (coefficients) => coefficients.map(reduced),
    inv,
  };
}

/** The inverses of a modulo the prime, its square, the square of that, and so on; none where it is no unit. */
export function* inverses(
  m: readonly bigint[],
  a: readonly bigint[],
): Generator<{ readonly inverse: Residue; readonly modulus: bigint }> {
  let inverse = inverseModuloPrime(a, m);
  if (inverse === null) return;
  for (let modulus = PRIME; ; ) {
    yield { inverse, modulus };
    // Newton: where s a = 1 modulo √q, s (2 − s a) a = 1 modulo q.
    modulus *= modulus;
    const known: Residue = inverse;
    const times = (u: Residue, v: Residue) => productModulo(m, u, v).map((c) => remainder(c, modulus));
    const rest = times(
      a.map((c) => c % modulus),
      known,
    ).map((c, k) => (k === 0 ? 2n - c : -c));
    inverse = times(known, rest);
  }
}

/** From 0 to q − 1. */
function remainder(c: bigint, q: bigint): bigint {
  const rest = c % q;
  return rest < 0n ? rest + q : rest;
}

/** The product of two elements of ℤ[x]/(m), m monic. */
export function productModulo(m: readonly bigint[], a: readonly bigint[], b: readonly bigint[]): bigint[] {
  const degree = m.length - 1;
  const product = new Array<bigint>(2 * degree - 1).fill(0n);
  for (let i = 0; i < degree; i++) {
    const left = a[i]!;
    if (left === 0n) continue;
    for (let j = 0; j < degree; j++) if (b[j] !== 0n) product[i + j]! += left * b[j]!;
  }
  for (let k = product.length - 1; k >= degree; k--) {
    const excess = product[k]!;
    if (excess === 0n) continue;
    for (let j = 0; j < degree; j++) if (m[j] !== 0n) product[k - degree + j]! -= excess * m[j]!;
  }
  return product.slice(0, degree);
}

/** Euclid's algorithm for a and m modulo the prime. */
function inverseModuloPrime(a: Residue, m: readonly bigint[]): Residue | null {
  // s a ≡ p and t a ≡ q modulo m.
  let [p, q] = [m, a].map((one) => withoutZeros(one.map((c) => remainder(c, PRIME)))) as [bigint[], bigint[]];
  let [s, t]: bigint[][] = [[], [1n]];
  while (q.length > 1) {
    const inverse = inverseOf(q.at(-1)!);
    for (let shift = p.length - q.length; shift >= 0; shift--) {
      const factor = ((p[shift + q.length - 1] ?? 0n) * inverse) % PRIME;
      if (factor === 0n) continue;
      subtract(p, q, factor, shift);
      subtract(s!, t!, factor, shift);
    }
    [p, q, s, t] = [q, withoutZeros(p), t, s];
  }
  if (q.length === 0) return null;
  const scale = inverseOf(q[0]!);
  return Array.from({ length: m.length - 1 }, (_, k) => ((t![k] ?? 0n) * scale) % PRIME);
}

/** p − factor x^shift q modulo the prime, in place. */
function subtract(p: bigint[], q: readonly bigint[], factor: bigint, shift: number): void {
  for (const [k, c] of q.entries()) {
    while (p.length < shift + k) p.push(0n);
    p[shift + k] = remainder((p[shift + k] ?? 0n) - factor * c, PRIME);
  }
}

function withoutZeros(p: bigint[]): bigint[] {
  while (p.at(-1) === 0n) p.pop();
  return p;
}

/** Modulo the prime, by Euclid's algorithm. */
function inverseOf(c: bigint): bigint {
  let [r, s, u, v] = [PRIME, c, 0n, 1n];
  while (s !== 0n) {
    const quotient = r / s;
    [r, s, u, v] = [s, r - quotient * s, v, u - quotient * v];
  }
  return u < 0n ? u + PRIME : u;
}

/**
 * The rational numbers over one denominator that are congruent to the residues, with numerators and denominator so small against the modulus that
 * chance is ruled out for practical purposes; null if there are none.
 */
export function reconstruct(
  residues: readonly bigint[],
  modulus: bigint,
): { numerators: bigint[]; denominator: bigint } | null {
  const bits = BigInt(modulus.toString(16).length * 2 - 16);
  const limit = 1n << (bits > 0n ? bits : 0n);
  let denominator = 1n;
  for (const residue of residues) {
    const factor = smallDenominator((residue * denominator) % modulus, modulus, limit);
    denominator *= factor;
    if (denominator > limit) return null;
  }
  const numerators = residues.map((residue) => symmetric(residue * denominator, modulus));
  return numerators.every((n) => -limit <= n && n <= limit) ? { numerators, denominator } : null;
}

/** The d > 0 for which d · residue is at most `limit` in size modulo the modulus, by Euclid's algorithm. */
function smallDenominator(residue: bigint, modulus: bigint, limit: bigint): bigint {
  let [a, b, s, t] = [modulus, residue, 0n, 1n];
  while (b > limit) {
    const q = a / b;
    [a, b, s, t] = [b, a - q * b, t, s - q * t];
  }
  return t < 0n ? -t : t;
}

function symmetric(a: bigint, modulus: bigint): bigint {
  const r = a % modulus;
  if (2n * r > modulus) return r - modulus;
  return 2n * r < -modulus ? r + modulus : r;
}
