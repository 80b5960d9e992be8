/**
 * The one interface that all exact arithmetic is written against.
 *
 * A value of type `E` is an element of an ordered field K inside the real numbers: ℚ, or a number field ℚ(a); or of a field of functions of
 * a parameter on an interval, which is only partially ordered: `sign` and `inv` throw there where no answer holds on all of the interval.
 * Elements are immutable plain data; every operation is exact.
 */
import { type FamilyDescription, FamilyError } from "./family.js";
import type { IntegerPolynomial } from "./integer-polynomial.js";
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
  /** Σ u_i v_i, in rings where that is quicker than one by one; see `dot`. */
  dot?(u: readonly R[], v: readonly R[]): R;
}

/** An ordered field K ⊂ ℝ with decidable order. */
export interface Field<E> extends Ring<E> {
  /** [K:ℚ]; infinite for functions. */
  readonly degree: number;
  /** The name-free description of K, or of the field of its constants: null for ℚ. */
  readonly description: FieldDescription | null;
  /** Where the elements are functions of a parameter: their parts. */
  readonly functions: Functions<E> | null;
  /** Throws RangeError for 0. */
  inv(a: E): E;
  div(a: E, b: E): E;
  /** The sign of the real number `a`. */
  sign(a: E): Sign;
  fromRational(q: Rational): E;
  /** The coordinates of `a` in the basis 1, a, a², … of the constants over ℚ, `degree` many. Throws RangeError for functions that are not constant. */
  coordinates(a: E): readonly Rational[];
  /** The same over one denominator, in lowest terms. */
  integers(a: E): { readonly numerators: readonly bigint[]; readonly denominator: bigint };
  /** The inverse of `coordinates`; at most `degree` many. */
  fromCoordinates(coordinates: readonly Rational[]): E;
  /** An interval that contains the real number `a`: low/2^precision ≤ a ≤ high/2^precision. Throws RangeError for functions. */
  bounds(a: E, precision: number): { readonly low: bigint; readonly high: bigint };
  /** A nearby floating-point number, for searching and printing only: no decision may rest on it. */
  toNumber(a: E): number;
  /** Words of 64 bits that it takes to write `a` down, about. */
  size(a: E): number;
  /** A text that is the same for equal elements only. */
  key(a: E): string;
}

/** The view of elements as fractions of polynomials in a parameter: (Σ_k numerators[k] a^k) / denominator, a generating the constants. */
export interface Functions<E> {
  readonly family: FamilyDescription;
  /** What it has cost so far to count zeros, in operations on words. */
  work(): number;
  parts(a: E): { readonly numerators: readonly IntegerPolynomial[]; readonly denominator: IntegerPolynomial };
  /** Throws FamilyError where the denominator has a zero in the interval, whether it cancels or not. */
  fromParts(numerators: readonly IntegerPolynomial[], denominator: IntegerPolynomial): E;
}

/** A real number field: the root of `minimalPolynomial` in the open interval. Coefficients from the constant term up. */
export interface FieldDescription {
  readonly minimalPolynomial: readonly Rational[];
  readonly interval: readonly [Rational, Rational];
}

export function abs<E>(K: Field<E>, a: E): E {
  return K.sign(a) < 0 ? K.neg(a) : a;
}

/** At least |a|: exactly that where a has a sign; where a function has no constant one, (a² + 1)/2. */
export function sizeBound<E>(K: Field<E>, a: E): E {
  try {
    return abs(K, a);
  } catch (error) {
    if (!(error instanceof FamilyError)) throw error;
    return K.div(K.add(K.mul(a, a), K.one), K.add(K.one, K.one));
  }
}

/** At least a and b, both ≥ 0: the larger one where that is the same one throughout, else their sum. */
export function largerBound<E>(K: Field<E>, a: E, b: E): E {
  try {
    return K.sign(K.sub(a, b)) >= 0 ? a : b;
  } catch (error) {
    if (!(error instanceof FamilyError)) throw error;
    return K.add(a, b);
  }
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
  if (K.dot !== undefined) return K.dot(u, v);
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
