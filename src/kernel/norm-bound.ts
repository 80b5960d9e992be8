/**
 * `norm-bound`: global optimality in networks without shared weights, because Σ α_i y_i Φ(θ'; x_i) ≤ C (‖θ'‖²/m)^{m/2} for every θ',
 * with equality at θ. C is a bound over networks whose layers have norm 1. (`proofs/theory.md`.)
 */
import type { Instance, Of } from "../certificate/format.js";
import { abs, compare, equals, type Field, squaredNorm, sum } from "../exact/field.js";
import { rational } from "../exact/rational.js";
import { isUnshared, offSlope } from "../problem/network.js";
import { ensure } from "./ensure.js";
import { ensureFeasible } from "./feasible.js";

/** A branch of a deeper diagonal network has too many sign patterns to try. */
const MAX_BRANCH_DEPTH = 12;

export function checkNormBound<E>(instance: Instance<E>, { multipliers }: Of<"norm-bound", E>): void {
  const { network, field: K, data, point } = instance;
  const depth = network.layers.length;
  ensure(isUnshared(network), "norm-bound.class", "the network shares weights");
  ensureFeasible(instance, point, "norm-bound.feasible");
  const total = sum(K, multipliers);
  const valid = multipliers.every((alpha) => K.sign(alpha) >= 0) && K.sign(total) > 0;
  ensure(valid, "norm-bound.multiplier", "a multiplier is negative, or all are 0");
  const support = multipliers.flatMap((alpha, i) => (K.sign(alpha) > 0 ? [i] : []));
  const diagonal = network.source.kind === "diagonal" && depth >= 2 && depth <= MAX_BRANCH_DEPTH;
  ensure(
    diagonal || support.length === 1,
    "norm-bound.class",
    "several samples have multipliers, and the network is not diagonal of depth 2 to 12",
  );
  // One sample alone: |σ(z)| ≤ |z| and Cauchy–Schwarz, layer by layer.
  const C2 = diagonal
    ? branchBound(instance, multipliers)
    : K.mul(K.mul(total, total), squaredNorm(K, data[support[0]!]!.x));
  const mean = K.div(squaredNorm(K, point), K.fromRational(rational(BigInt(depth))));
  let power = C2;
  for (let l = 0; l < depth; l++) power = K.mul(power, mean);
  ensure(equals(K, power, K.mul(total, total)), "norm-bound.value", "C²(‖θ‖²/m)^m differs from (Σα)²");
}

/** max over branches j and signs τ of (Σ α_i y_i g_τ(x_ij))², where g_τ runs an input through weights of the signs τ and size 1. */
function branchBound<E>({ network, field: K, data }: Instance<E>, multipliers: readonly E[]): E {
  const slope = K.fromRational(offSlope(network.activation));
  const activate = (z: E) => (K.sign(z) < 0 ? K.mul(slope, z) : z);
  let largest = K.zero;
  for (let branch = 0; branch < network.inputs; branch++) {
    for (let signs = 0; signs < 1 << (network.layers.length - 1); signs++) {
      const value = sum(
        K,
        data.map(({ x, y }, i) => {
          let h: E = x[branch]!;
          for (let l = 0; l < network.layers.length - 1; l++) h = activate((signs >> l) & 1 ? K.neg(h) : h);
          return K.mul(y === 1 ? multipliers[i]! : K.neg(multipliers[i]!), h);
        }),
      );
      largest = maximum(K, largest, abs(K, value));
    }
  }
  return K.mul(largest, largest);
}

function maximum<E>(K: Field<E>, a: E, b: E): E {
  return compare(K, a, b) >= 0 ? a : b;
}
