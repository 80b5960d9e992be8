/** A bound on work, so that no certificate can make the kernel run for ever. */
import type { Field } from "../exact/field.js";

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
  /** The field without a budget. */
  readonly unmetered: Field<E>;
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
  // Euclid's algorithm is quadratic, and goes through one coordinate at a time; so many as there are, they are multiplied in less.
  const coordinates = K.functions === null ? K.degree : 1;
  const charge = (result: E): E => {
    if (++operations % SAMPLE === 0) spend(SAMPLE * (1 + wordsOf(result) ** 2 / coordinates));
    return result;
  };
  // An inverse in a field of degree n is Euclid's algorithm with n² products of numbers that grow n-fold: charged before it is carried out.
  const inverting = (a: E): E => {
    const dimension = K.functions === null ? K.degree : wordsOf(a);
    spend(1 + (dimension > 1 ? (dimension * wordsOf(a)) ** 2 : 0));
    return a;
  };
  // The sign of a function is looked for by counting zeros, whose cost is known afterwards, and bounded for each.
  const { functions } = K;
  let counted = 0;
  const counting = <T>(question: () => T): T => {
    if (functions === null) return question();
    try {
      return question();
    } finally {
      const before = counted;
      counted = functions.work();
      spend(counted - before);
    }
  };
  return {
    ...K,
    sign: (a) => counting(() => K.sign(a)),
    functions: functions && {
      ...functions,
      fromParts: (numerators, denominator) => {
        const digits = [...numerators, denominator].flat().reduce((n, c) => n + c.toString(16).length, 0);
        spend((digits / 16) ** 2);
        return counting(() => functions.fromParts(numerators, denominator));
      },
    },
    add: (a, b) => charge(K.add(a, b)),
    sub: (a, b) => charge(K.sub(a, b)),
    mul: (a, b) => charge(K.mul(a, b)),
    div: (a, b) => charge(counting(() => K.div(a, inverting(b)))),
    ...(K.dot !== undefined && {
      // In stretches, so that numbers that grow are seen to: as products and sums one by one would cost, of numbers of the size of the total.
      dot: (u: readonly E[], v: readonly E[]) => {
        let total = K.zero;
        for (let from = 0; from < u.length; from += SAMPLE) {
          const [some, others] = [u.slice(from, from + SAMPLE), v.slice(from, from + SAMPLE)];
          total = K.add(total, K.dot!(some, others));
          spend(2 * some.length * (1 + wordsOf(total) ** 2));
        }
        return total;
      },
    }),
    inv: (a) => charge(counting(() => K.inv(inverting(a)))),
    bounds: (a, precision) => {
      spend(wordsOf(a) * (1 + precision / 64));
      return K.bounds(a, precision);
    },
    spend: (n) => spend(n),
    unmetered: K,
  };
}
