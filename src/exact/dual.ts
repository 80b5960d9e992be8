/** Dual numbers x + x'ε with ε² = 0 over a ring: what is computed with them is differentiated along the way. */
import type { Ring } from "./field.js";

export interface Dual<R> {
  readonly value: R;
  readonly rate: R;
}

export function dualNumbers<R>(ring: Ring<R>): Ring<Dual<R>> {
  const { zero, one, add, sub, neg, isZero } = ring;
  const mul = (a: R, b: R) => (isZero(a) || isZero(b) ? zero : ring.mul(a, b));
  return {
    zero: { value: zero, rate: zero },
    one: { value: one, rate: zero },
    add: (a, b) => ({ value: add(a.value, b.value), rate: add(a.rate, b.rate) }),
    sub: (a, b) => ({ value: sub(a.value, b.value), rate: sub(a.rate, b.rate) }),
    neg: (a) => ({ value: neg(a.value), rate: neg(a.rate) }),
    mul: (a, b) => ({ value: mul(a.value, b.value), rate: add(mul(a.rate, b.value), mul(a.value, b.rate)) }),
    isZero: (a) => isZero(a.value) && isZero(a.rate),
  };
}
