/** Small helpers of the search, over K. Nothing here is trusted. */
import type { Field } from "../../exact/field.js";
import type { Interval } from "../../exact/interval.js";
import { type Rational, rational, ratioToNumber } from "../../exact/rational.js";
import type { Curve } from "../../kernel/forward.js";
import type { SparseVector } from "../../network/codec.js";
import { independentRows } from "./solve.js";

export function fraction<E>(K: Field<E>, numerator: bigint, denominator = 1n): E {
  return K.fromRational(rational(numerator, denominator));
}

export function sparse<E>(K: Field<E>, vector: readonly E[], parameters?: readonly number[]): SparseVector<E> {
  return new Map(vector.flatMap((c, k) => (K.isZero(c) ? [] : [[parameters?.[k] ?? k, c] as const])));
}

export function scaleBy<E>(K: Field<E>, vector: readonly E[], factor: E): E[] {
  return vector.map((c) => (K.isZero(c) ? c : K.mul(c, factor)));
}

export function plus<E>(K: Field<E>, u: readonly E[], v: readonly E[]): E[] {
  return u.map((c, k) => K.add(c, v[k]!));
}

export function toNumbers<E>(K: Field<E>, vector: readonly E[]): number[] {
  return vector.map(K.toNumber);
}

/** A power of two near x > 0. */
export function powerOfTwoNear<E>(K: Field<E>, x: number): E {
  const exponent = Math.max(-1000, Math.min(1000, Math.round(Math.log2(x))));
  return exponent >= 0 ? fraction(K, 1n << BigInt(exponent)) : fraction(K, 1n, 1n << BigInt(-exponent));
}

/** Numbers up to this, or its inverse, are of ordinary size, and are left as they are, so that plain problems have plain evidence. */
const ORDINARY = 16;

/** A power of two that brings numbers of the given size to ordinary size; 1 where they are. */
export function binaryScale<E>(K: Field<E>, size: number): E {
  const ordinary = size === 0 || !Number.isFinite(size) || (size >= 1 / ORDINARY && size <= ORDINARY);
  return ordinary ? K.one : powerOfTwoNear(K, 1 / size);
}

/** The largest |c|, nearly. */
export function sizeOf<E>(K: Field<E>, vector: Iterable<E>): number {
  return Math.max(0, ...[...vector].map((c) => Math.abs(K.toNumber(c))));
}

/** The nearest fraction with the given denominator. */
export function roundTo(x: number, denominator: bigint): Rational {
  return rational(BigInt(Math.round(x * Number(denominator))), denominator);
}

/** The middle of an interval in units of 2^-precision. */
export function middleOf({ low, high }: Interval, precision: number): number {
  return ratioToNumber(low + high, 1n << BigInt(precision + 1));
}

/** The rows of Σ_k x_k vector_k = target for a linear programme, without the redundant ones. */
export function combinationRows<E>(K: Field<E>, vectors: readonly (readonly E[])[], target: readonly E[]) {
  const all = target.map((bound, k) => [...vectors.map((v) => v[k]!), bound]);
  return independentRows(K, all).map((k) => ({
    coefficients: all[k]!.slice(0, -1),
    sense: "=" as const,
    bound: target[k]!,
    index: k,
  }));
}

/**
 * The curve with the largest end 1, 1/2, 1/4, … that the test accepts, or null when it does not accept even a tiny one.
 */
export function longestCurve<E>(
  K: Field<E>,
  steps: readonly SparseVector<E>[],
  accepts: (curve: Curve<E>) => boolean,
): Curve<E> | null {
  const curve = (halvings: number): Curve<E> => ({ end: fraction(K, 1n, 1n << BigInt(halvings)), steps });
  const tiny = [48, 160, 640].find((halvings) => accepts(curve(halvings)));
  if (tiny === undefined) return null;
  for (let halvings = 0; halvings < tiny; halvings++) if (accepts(curve(halvings))) return curve(halvings);
  return curve(tiny);
}
