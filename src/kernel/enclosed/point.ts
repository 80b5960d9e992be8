/**
 * An enclosed point: θ = Bφ, where φ, with multipliers λ of the active margins and slopes τ of the kinks, is the only zero of an explicit
 * polynomial system in an explicit box. (`proofs/theory.md`, §8.)
 */
import type { Rational } from "../../exact/rational.js";
import { type Codec, listOf, objectOf, rationalNumber, type SparseVector, string } from "../../network/codec.js";
import { InputError, integer } from "../../network/decode.js";
import type { Context } from "../certificate.js";
import type { UnitAtSample } from "../forward.js";

/** The pattern of a sample with active margins: per hidden layer a string with a place per unit. */
export interface SamplePattern {
  readonly sample: number;
  /** `+` on, `-` off, `?` a kink, whose slope is unknown; of no meaning where a layer is linear. */
  readonly layers: readonly string[];
}

export interface EnclosedPoint {
  /** The columns of B, over the parameters. */
  readonly range: readonly SparseVector<Rational>[];
  /** The numbers of the active margins, ascending. */
  readonly active: readonly number[];
  readonly patterns: readonly SamplePattern[];
  /** The kinks in classes whose pre-activations are proportional on the range of B: one unknown slope each. */
  readonly kinks: readonly (readonly UnitAtSample[])[];
  /** Bits of the interval arithmetic. */
  readonly precision: number;
  /** Of the box, in the order φ, λ, τ. */
  readonly centre: readonly Rational[];
  readonly radius: readonly Rational[];
  /** Nearly the inverse of the system's Jacobian at the centre, by rows. */
  readonly inverse: readonly (readonly Rational[])[];
}

const MAX_UNKNOWNS = 400;
const MAX_PRECISION = 8192;

export function enclosedPointCodec({ margin, sample, unit, vector }: Context<Rational>): Codec<EnclosedPoint> {
  const numbers = listOf(rationalNumber, 1, MAX_UNKNOWNS);
  const bits: Codec<number> = { read: integer(16, MAX_PRECISION), write: (n) => n };
  const units: Codec<string> = {
    read: (value, where) => {
      const states = string.read(value, where);
      if (!/^[+?-]*$/.test(states)) throw new InputError(where, "expected a string of +, - and ?");
      return states;
    },
    write: string.write,
  };
  return objectOf<EnclosedPoint>({
    range: listOf(vector, 1, MAX_UNKNOWNS),
    active: listOf(margin, 1, MAX_UNKNOWNS),
    patterns: listOf(objectOf<SamplePattern>({ sample, layers: listOf(units) })),
    kinks: listOf(listOf(unit, 1), 0, MAX_UNKNOWNS),
    precision: bits,
    centre: numbers,
    radius: numbers,
    inverse: listOf(numbers, 1, MAX_UNKNOWNS),
  });
}
