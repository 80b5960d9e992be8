/**
 * The one interface that all exact arithmetic is written against.
 *
 * A value of type `E` is an element of an ordered field K inside the real numbers: ℚ, or a number field ℚ(a).
 * Elements are immutable plain data; every operation is exact.
 */
import type { Rational } from "./rational.js";

export type Sign = -1 | 0 | 1;

/** Addition and multiplication: all that a forward pass through a linear layer needs. */
export interface Ring<R> {
  readonly zero: R;
  readonly one: R;
  add(a: R, b: R): R;
  sub(a: R, b: R): R;
  mul(a: R, b: R): R;
  neg(a: R): R;
  /** Whether `a` is the zero of the ring. */
  isZero(a: R): boolean;
}

/** An ordered field K ⊂ ℝ with decidable order. */
export interface Field<E> extends Ring<E> {
  /** [K:ℚ] */
  readonly degree: number;
  /** The name-free description of K: null for ℚ. */
  readonly description: FieldDescription | null;
  /** Throws RangeError for 0. */
  inv(a: E): E;
  div(a: E, b: E): E;
  /** The sign of the real number `a`. */
  sign(a: E): Sign;
  fromRational(q: Rational): E;
  /** The coordinates of `a` in the basis 1, a, a², … of K over ℚ; `degree` many. */
  coordinates(a: E): readonly Rational[];
  /** The inverse of `coordinates`; at most `degree` many. */
  fromCoordinates(coordinates: readonly Rational[]): E;
  /** A nearby floating-point number, for searching and printing only: no decision may rest on it. */
  toNumber(a: E): number;
}

/** A real number field: the root of `minimalPolynomial` in the open interval. Coefficients from the constant term up. */
export interface FieldDescription {
  readonly minimalPolynomial: readonly Rational[];
  readonly interval: readonly [Rational, Rational];
}

export function abs<E>(K: Field<E>, a: E): E {
  return K.sign(a) < 0 ? K.neg(a) : a;
}

/** The sign of a − b. */
export function compare<E>(K: Field<E>, a: E, b: E): Sign {
  return K.sign(K.sub(a, b));
}

export function equals<E>(K: Ring<E>, a: E, b: E): boolean {
  return K.isZero(K.sub(a, b));
}

export function sum<E>(K: Ring<E>, terms: Iterable<E>): E {
  let total = K.zero;
  for (const term of terms) total = K.add(total, term);
  return total;
}

/** Σ u_i v_i; the two have the same length. */
export function dot<E>(K: Ring<E>, u: readonly E[], v: readonly E[]): E {
  let total = K.zero;
  for (let i = 0; i < u.length; i++) {
    const a = u[i]!;
    const b = v[i]!;
    if (!K.isZero(a) && !K.isZero(b)) total = K.add(total, K.mul(a, b));
  }
  return total;
}

/** aⁿ, n ≥ 0. */
export function power<E>(K: Ring<E>, a: E, n: bigint): E {
  let result = K.one;
  let square = a;
  for (let rest = n; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = K.mul(result, square);
    if (rest > 1n) square = K.mul(square, square);
  }
  return result;
}

/** ‖v‖² */
export function squaredNorm<E>(K: Ring<E>, v: readonly E[]): E {
  return dot(K, v, v);
}
