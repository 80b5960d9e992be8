import type { Ring } from "../../src/exact/field.js";
import type { Polynomial } from "../../src/exact/polynomial.js";

/** p(t), by Horner's rule. */
export function evaluatePolynomial<E>(K: Ring<E>, p: Polynomial<E>, t: E): E {
  return p.reduceRight((value, c) => K.add(K.mul(value, t), c), K.zero);
}
