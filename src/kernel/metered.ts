/** A bound on work, so that no certificate can make the kernel run for ever. */
import type { Field } from "../exact/field.js";

/** The check needs more arithmetic than is allowed. */
export class LimitError extends Error {}

/** Every so many operations one result is measured, as a sample of what the others cost. */
const SAMPLE = 64;
/** In operations on numbers of 64 bits. */
const BUDGET = 20_000_000;

/** The field K, whose operations throw LimitError once they have cost more than the budget. */
export function metered<E>(K: Field<E>): Field<E> {
  let operations = 0;
  let cost = 0;
  const charge = (result: E): E => {
    if (++operations % SAMPLE === 0) {
      const words = K.coordinates(result).reduce(
        (n, q) => n + (q.n.toString(16).length + q.d.toString(16).length) / 16,
        0,
      );
      cost += SAMPLE * (1 + words * words); // Euclid's algorithm on every result is quadratic
      if (cost > BUDGET) throw new LimitError("the check needs more arithmetic than the kernel allows");
    }
    return result;
  };
  return {
    ...K,
    add: (a, b) => charge(K.add(a, b)),
    sub: (a, b) => charge(K.sub(a, b)),
    mul: (a, b) => charge(K.mul(a, b)),
    div: (a, b) => charge(K.div(a, b)),
    inv: (a) => charge(K.inv(a)),
  };
}
