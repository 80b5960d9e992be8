/** A bound on work, so that no certificate can make the kernel run for ever. */
import type { Field, Sign } from "../exact/field.js";

/** The check needs more work than is allowed. */
export class LimitError extends Error {}

/** Every so many operations one result is measured, as a sample of what the others cost. */
const SAMPLE = 64;
/** Of one certificate, in products of words of 64 bits. */
const BUDGET = 1_000_000_000;

/** A field whose operations draw on a budget, as does whatever else is spent. */
export interface Metered<E> extends Field<E> {
  /** Charges so many simple operations. */
  readonly spend: (operations: number) => void;
}

/** The field K, whose operations throw LimitError once they have cost more than the budget. */
export function metered<E>(K: Field<E>): Metered<E> {
  let operations = 0;
  let cost = 0;
  const spend = (words: number) => {
    cost += words;
    if (cost > BUDGET) throw new LimitError("the check needs more work than the kernel allows");
  };
  const wordsOf = K.size;
  const charge = (result: E): E => {
    if (++operations % SAMPLE === 0) spend(SAMPLE * (1 + wordsOf(result) ** 2)); // Euclid's algorithm is quadratic
    return result;
  };
  // An inverse in a field of degree n is an elimination with n³ products of numbers that grow: charged before it is carried out.
  const inverting = (a: E): E => {
    const dimension = K.functions === null ? K.degree : wordsOf(a);
    spend(1 + (dimension > 1 ? (dimension * wordsOf(a)) ** 2 : 0));
    return a;
  };
  // The zeros of a function are those of its norm, and are counted once, in halvings of the interval: charged before that.
  const { functions } = K;
  const constants = (K.description?.minimalPolynomial.length ?? 2) - 1;
  const counted = new Set<string>();
  const counting = (length: number, words: number): void => spend(4 * length ** 3 * (1 + words));
  const sign = (a: E): Sign => {
    if (functions !== null && !counted.has(K.key(a))) {
      const { numerators, denominator } = functions.parts(a);
      counting(constants * Math.max(denominator.length, ...numerators.map((p) => p.length)), wordsOf(a));
      counted.add(K.key(a));
    }
    return K.sign(a);
  };
  return {
    ...K,
    sign,
    functions: functions && {
      ...functions,
      fromParts: (numerators, denominator) => {
        const digits = [...numerators, denominator].flat().reduce((n, c) => n + c.toString(16).length, 0);
        spend((digits / 16) ** 2);
        counting(denominator.length, digits / 16);
        return functions.fromParts(numerators, denominator);
      },
    },
    add: (a, b) => charge(K.add(a, b)),
    sub: (a, b) => charge(K.sub(a, b)),
    mul: (a, b) => charge(K.mul(a, b)),
    div: (a, b) => charge(K.div(a, inverting(b))),
    inv: (a) => charge(K.inv(inverting(a))),
    spend: (n) => spend(n),
  };
}
