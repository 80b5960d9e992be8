/**
 * Plain numbers, ±q^{1/k} with q rational: products, quotients, powers and roots of plain numbers are plain. To read nested
 * radicals as plain ones, where they are, keeps the field small and its generator simple.
 */
import { Q, type Rational } from "../exact/rational.js";
import { exactRoot, primeFactors } from "./roots.js";

/** sign(value) · |value|^{1/degree}, the degree being the least that it takes: 1 for rationals, and for them only. */
export interface Plain {
  readonly value: Rational;
  readonly degree: number;
}

/** Beyond these sizes an irrational number is not treated as plain. */
const MAX_BITS = 512;
const MAX_DEGREE = 1024;

export function isRational(a: Plain | null): a is Plain & { readonly degree: 1 } {
  return a?.degree === 1;
}

export function plainRational(value: Rational): Plain {
  return { value, degree: 1 };
}

/** The product; null where it is too large to be treated as plain, which that of rationals never is. */
export function plainProduct(a: Plain, b: Plain): Plain | null {
  if (a.degree === 1 && b.degree === 1) return plainRational(a.value.mul(b.value));
  const degree = (a.degree / common(a.degree, b.degree)) * b.degree;
  if (degree > MAX_DEGREE) return null;
  const left = powerWithin(a.value.abs(), BigInt(degree / a.degree), MAX_BITS);
  const right = powerWithin(b.value.abs(), BigInt(degree / b.degree), MAX_BITS);
  if (left === null || right === null) return null;
  return small(simplified(signed(left.mul(right), a.value.s * b.value.s), degree));
}

/** 1/a, a not 0. */
export function plainInverse({ value, degree }: Plain): Plain {
  return { value: value.inverse(), degree };
}

/** aⁿ, n ≥ 0, irrational a; null where it is too large to be treated as plain. */
export function plainPower({ value, degree }: Plain, n: bigint): Plain | null {
  const power = powerWithin(value.abs(), n, MAX_BITS);
  return power === null ? null : small(simplified(signed(power, n % 2n === 0n ? 1n : value.s), degree));
}

/** The k-th root of a positive number. */
export function plainRoot({ value, degree }: Plain, k: number): Plain {
  return simplified(value, degree * k);
}

function simplified(value: Rational, degree: number): Plain {
  let plain: Plain = { value, degree };
  for (const p of primeFactors(degree)) {
    while (plain.degree % p === 0) {
      const root = exactRoot(plain.value.abs(), p);
      if (root === null) break;
      plain = { value: signed(root, value.s), degree: plain.degree / p };
    }
  }
  return plain;
}

function small(a: Plain): Plain | null {
  return a.degree === 1 || bitLength(a.value) <= MAX_BITS ? a : null;
}

function signed(magnitude: Rational, sign: bigint): Rational {
  return sign < 0n ? magnitude.neg() : magnitude;
}

function common(a: number, b: number): number {
  return b === 0 ? a : common(b, a % b);
}

/** qⁿ, n ≥ 0, or null when it has more bits than that. */
export function powerWithin(q: Rational, n: bigint, bits: number): Rational | null {
  let result = Q.one;
  let square = q;
  for (let rest = n; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = result.mul(square);
    if (rest > 1n) square = square.mul(square);
    if (bitLength(result) > bits || bitLength(square) > bits) return null;
  }
  return result;
}

/** The bits of the numerator or the denominator, rounded up to a multiple of four. */
export function bitLength(q: Rational): number {
  return 4 * Math.max(q.n.toString(16).length, q.d.toString(16).length);
}
