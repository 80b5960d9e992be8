/** Linear programmes in equality form, and the rings that they are solved in. */
import type { Field, Ring, Sign } from "../../../exact/field.js";
import { gcd, rational } from "../../../exact/rational.js";

/** The values that a variable may take: all, the non-negative ones, or only 0. */
export type Kind = "free" | "nonnegative" | "fixed";

export interface Entry<T> {
  readonly row: number;
  readonly value: T;
}

/** minimise Σ_j costs[j] z_j subject to Σ_j columns[j] z_j = bounds, z_j of its kind. */
export interface Program<T> {
  readonly columns: readonly (readonly Entry<T>[])[];
  readonly costs: readonly T[];
  readonly kinds: readonly Kind[];
  readonly bounds: readonly T[];
}

/** The vector numerators / denominator, denominator > 0. */
export interface Ratios<R> {
  readonly numerators: readonly R[];
  readonly denominator: R;
}

/**
 * An ordered integral domain R in the field K of the elements E, such that every element times some integer is in R.
 */
export interface Integers<E, R> extends Ring<R> {
  sign(a: R): Sign;
  /** e · scale, for an integer `scale` that clears the denominators of e. */
  scaled(e: E, scale: bigint): R;
  /** a ↦ a/d, for multiples a of d. */
  dividedBy(d: R): (a: R) => R;
  /** a ↦ a/d in K. */
  over(d: R): (a: R) => E;
}

/** ℤ in a field that is ℚ. */
export function rationalIntegers<E>(K: Field<E>): Integers<E, bigint> {
  return {
    zero: 0n,
    one: 1n,
    add: (a, b) => a + b,
    sub: (a, b) => a - b,
    mul: (a, b) => a * b,
    neg: (a) => -a,
    isZero: (a) => a === 0n,
    sign: (a) => (a > 0n ? 1 : a < 0n ? -1 : 0),
    scaled: (e, scale) => {
      const { numerators, denominator } = K.integers(e);
      return numerators[0]! * (scale / denominator);
    },
    dividedBy: (d) => (a) => a / d,
    over: (d) => (a) => K.fromRational(rational(a, d)),
  };
}

/** The field as a ring over itself. After scaling, its elements lie in ℤ[a], where no denominators swell. */
export function fieldIntegers<E>(K: Field<E>): Integers<E, E> {
  const dividedBy = (d: E) => {
    const inverse = K.inv(d);
    return (a: E) => K.mul(a, inverse);
  };
  return {
    ...K,
    scaled: (e, scale) => K.mul(e, K.fromRational(rational(scale))),
    dividedBy,
    over: dividedBy,
  };
}

export function mapProgram<S, T>({ columns, costs, kinds, bounds }: Program<S>, f: (value: S) => T): Program<T> {
  return {
    columns: columns.map((column) => column.map(({ row, value }) => ({ row, value: f(value) }))),
    costs: costs.map(f),
    kinds,
    bounds: bounds.map(f),
  };
}

/** A programme over R: each row, and the costs, of one over K times a positive integer. */
export interface ScaledProgram<R> {
  readonly program: Program<R>;
  readonly rowScales: readonly bigint[];
  readonly costScale: bigint;
}

export function scaledProgram<E, R>(
  K: Field<E>,
  ring: Integers<E, R>,
  { columns, costs, kinds, bounds }: Program<E>,
  rowScales: readonly bigint[],
): ScaledProgram<R> {
  const costScale = commonDenominator(K, costs);
  const program = {
    columns: columns.map((column) =>
      column.map(({ row, value }) => ({ row, value: ring.scaled(value, rowScales[row]!) })),
    ),
    costs: costs.map((c) => ring.scaled(c, costScale)),
    kinds,
    bounds: bounds.map((bound, i) => ring.scaled(bound, rowScales[i]!)),
  };
  return { program, rowScales, costScale };
}

export function clearDenominators<E, R>(K: Field<E>, ring: Integers<E, R>, vector: readonly E[]): Ratios<R> {
  const scale = commonDenominator(K, vector);
  return { numerators: vector.map((e) => ring.scaled(e, scale)), denominator: ring.scaled(K.one, scale) };
}

/** The least positive integer that clears the denominators of all entries; 1 for functions. */
export function commonDenominator<E>(K: Field<E>, vector: readonly E[]): bigint {
  let common = 1n;
  if (K.functions !== null) return common; // their denominators are polynomials
  for (const e of vector) common = leastCommonMultiple(common, K.integers(e).denominator);
  return common;
}

/** Of two positive integers. */
export function leastCommonMultiple(a: bigint, b: bigint): bigint {
  return a % b === 0n ? a : a * (b / gcd(a, b));
}

/** The sign by which a variable of this sign is not of its kind, or 0. */
export function violation(kind: Kind, sign: Sign): Sign {
  return kind === "fixed" || (kind === "nonnegative" && sign < 0) ? sign : 0;
}

/** column · vector */
export function times<R>(ring: Ring<R>, column: readonly Entry<R>[], vector: readonly R[]): R {
  let total = ring.zero;
  for (const { row, value } of column) total = ring.add(total, ring.mul(value, vector[row]!));
  return total;
}
