/** Floating-point shadows of exact values, for searching: the exact algorithms run on them through a `Field<number>`. */
import type { Field } from "../../exact/field.js";
import { Q, rational } from "../../exact/rational.js";
import type { Pass } from "../../kernel/forward.js";
import type { Instance } from "../../network/instance.js";

const nearby = (a: number) => rational(BigInt(Math.round(a * 2 ** 40)), 1n << 40n);

/** Double precision as if it were a field. Only a search may use it. */
export const FLOATS: Field<number> = {
  degree: 1,
  description: null,
  functions: null,
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
  coordinates: (a) => [nearby(a)],
  integers: (a) => Q.integers(nearby(a)),
  fromCoordinates: ([q]) => (q === undefined ? 0 : Q.toNumber(q)),
  bounds: (a, precision) => {
    const scaled = a * 2 ** precision;
    return { low: BigInt(Math.floor(scaled)), high: BigInt(Math.ceil(scaled)) };
  },
  toNumber: (a) => a,
  size: () => 1,
  key: String,
};

export function approximate<E>(instance: Instance<E>): Instance<number> {
  const K = instance.field;
  return {
    ...instance,
    field: FLOATS,
    frozen: instance.frozen.map(K.toNumber),
    data: instance.data.map(({ x, y }) => ({ x: x.map(K.toNumber), y })),
    point: instance.point.map(K.toNumber),
  };
}

/** Adds the gradient of Σ_k factor_k · output_k of a sample to the total, by the chain rule backwards from a pass at the point. */
export function addGradient(
  { network, frozen, data, point }: Instance<number>,
  sample: number,
  { preactivations }: Pass<number>,
  factors: readonly number[],
  total: number[],
): void {
  const weights = [...point, ...frozen];
  let adjoints = factors;
  for (let l = network.layers.length - 1; l >= 0; l--) {
    const z = l === 0 ? null : preactivations[l - 1]!;
    const slope = l === 0 ? 1 : Q.toNumber(network.slopes[l - 1]!);
    const below = z === null ? data[sample]!.x : z.map((c) => (c > 0 ? c : slope * c));
    const next = new Array<number>(below.length).fill(0);
    for (const [unit, row] of network.layers[l]!.entries()) {
      const adjoint = adjoints[unit]!;
      if (adjoint === 0) continue;
      for (const { from, weight } of row) {
        if (weight < point.length) total[weight]! += adjoint * below[from]!;
        next[from]! += adjoint * weights[weight]!;
      }
    }
    adjoints = z === null ? next : next.map((a, unit) => (z[unit]! > 0 ? a : slope * a));
  }
}
