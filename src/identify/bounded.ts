/** A bound on the work of a proof in exact numbers, the same on every machine. */
import type { Field } from "../exact/field.js";

/** The work is more than was allowed. */
export class TooMuchWork extends Error {}

/** The field K, whose operations throw TooMuchWork once they have cost more than the budget, in products of rational numbers, nearly. */
export function boundedField<E>(K: Field<E>, budget: number): Field<E> {
  let cost = 0;
  const charge = (n: number) => {
    cost += n;
    if (cost > budget) throw new TooMuchWork();
  };
  const product = K.degree ** 2;
  const inverse = K.degree ** 3;
  return {
    ...K,
    add: (a, b) => {
      charge(K.degree);
      return K.add(a, b);
    },
    sub: (a, b) => {
      charge(K.degree);
      return K.sub(a, b);
    },
    mul: (a, b) => {
      charge(product);
      return K.mul(a, b);
    },
    div: (a, b) => {
      charge(product + inverse);
      return K.div(a, b);
    },
    inv: (a) => {
      charge(inverse);
      return K.inv(a);
    },
  };
}
