/** Floating-point shadows of exact values, for searching: the exact algorithms run on them through a `Field<number>`. */
import type { Instance } from "../certificate/format.js";
import type { Field } from "../exact/field.js";
import { Q, rational } from "../exact/rational.js";

/** Double precision as if it were a field. Only a search may use it. */
export const FLOATS: Field<number> = {
  degree: 1,
  description: null,
  zero: 0,
  one: 1,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  neg: (a) => -a,
  inv: (a) => 1 / a,
  div: (a, b) => a / b,
  isZero: (a) => a === 0,
  sign: (a) => (a > 0 ? 1 : a < 0 ? -1 : 0),
  fromRational: Q.toNumber,
  coordinates: (a) => [rational(BigInt(Math.round(a * 2 ** 40)), 1n << 40n)],
  fromCoordinates: ([q]) => (q === undefined ? 0 : Q.toNumber(q)),
  toNumber: (a) => a,
};

export function approximate<E>(instance: Instance<E>): Instance<number> {
  const K = instance.field;
  return {
    ...instance,
    field: FLOATS,
    data: instance.data.map(({ x, y }) => ({ x: x.map(K.toNumber), y })),
    point: instance.point.map(K.toNumber),
  };
}
