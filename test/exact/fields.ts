/** The table of fields that the laws are tested on, each with its generator in decimals that owe nothing to the code under test. */
import fc from "fast-check";
import type { Field } from "../../src/exact/field.js";
import { numberField } from "../../src/exact/number-field.js";
import { parseRational, Q, type Rational, rational } from "../../src/exact/rational.js";

/** Fixed-point numbers: integers over this. */
export const SCALE = 10n ** 400n;

export interface FieldRow {
  readonly name: string;
  readonly field: Field<unknown>;
  /** ⌊generator · SCALE⌋, up to a few units. */
  readonly generator: bigint;
}

function rationals(texts: readonly string[]): Rational[] {
  return texts.map((text) => parseRational(text)!);
}

export function field(polynomial: readonly string[], low: string, high: string): Field<unknown> {
  const [from, to] = rationals([low, high]) as [Rational, Rational];
  return numberField({ minimalPolynomial: rationals(polynomial), interval: [from, to] });
}

/** ⌊radicand^{1/k} · SCALE⌋, by bisection. */
function root(radicand: bigint, k: bigint): bigint {
  let low = 0n;
  let high = (radicand + 1n) * SCALE;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle ** k <= radicand * SCALE ** k) low = middle;
    else high = middle;
  }
  return low;
}

export const FIELDS: readonly FieldRow[] = [
  { name: "ℚ", field: Q, generator: 0n },
  { name: "ℚ(√2)", field: field(["-2", "0", "1"], "1", "2"), generator: root(2n, 2n) },
  { name: "ℚ(√3)", field: field(["-3", "0", "1"], "3/2", "7/4"), generator: root(3n, 2n) },
  { name: "ℚ(−√2)", field: field(["-2", "0", "1"], "-3/2", "-4/3"), generator: -root(2n, 2n) },
  { name: "ℚ(2^{1/3})", field: field(["-2", "0", "0", "1"], "1", "2"), generator: root(2n, 3n) },
  { name: "ℚ(2^{1/4})", field: field(["-2", "0", "0", "0", "1"], "1", "2"), generator: root(2n, 4n) },
  { name: "ℚ(√2+√3)", field: field(["1", "0", "-10", "0", "1"], "3", "4"), generator: root(2n, 2n) + root(3n, 2n) },
  { name: "ℚ(√2−√3)", field: field(["1", "0", "-10", "0", "1"], "-1", "0"), generator: root(2n, 2n) - root(3n, 2n) },
];

export const rationalNumber = fc
  .tuple(fc.oneof(fc.bigInt(-9n, 9n), fc.bigInt(-(10n ** 30n), 10n ** 30n)), fc.bigInt(1n, 12n))
  .map(([n, d]) => rational(n, d));

/** Small enough that sums of products stay quick. */
export const smallRational = fc.tuple(fc.bigInt(-6n, 6n), fc.bigInt(1n, 4n)).map(([n, d]) => rational(n, d));

export function element(K: Field<unknown>, coordinate = rationalNumber): fc.Arbitrary<unknown> {
  const coordinates = fc.array(coordinate, { minLength: K.degree, maxLength: K.degree });
  return coordinates.map((q) => K.fromCoordinates(q));
}

/** The value in fixed point, with an error far below 10^−300 for the elements of the tests. */
export function fixedPoint({ field: K, generator }: FieldRow, value: unknown): bigint {
  let power = SCALE;
  let total = 0n;
  for (const q of K.coordinates(value)) {
    total += (q.s * q.n * power) / q.d;
    power = (power * generator) / SCALE;
  }
  return total;
}
