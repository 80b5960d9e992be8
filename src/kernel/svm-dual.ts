/** `svm-dual`: global optimality in linear networks without shared weights, through the linear predictor u. (`proofs/theory.md`.) */
import type { Instance, Of } from "../certificate/format.js";
import { dot, equals, squaredNorm } from "../exact/field.js";
import { rational } from "../exact/rational.js";
import { isUnshared } from "../problem/network.js";
import { ensure } from "./ensure.js";
import { ensureFeasible } from "./feasible.js";
import { forward } from "./forward.js";
import { combination } from "./pieces.js";

export function checkSvmDual<E>(instance: Instance<E>, { multipliers }: Of<"svm-dual", E>): void {
  const { network, field: K, data, point } = instance;
  const depth = network.layers.length;
  ensure(
    network.activation.kind === "linear" && isUnshared(network),
    "svm-dual.class",
    "the network is not linear without shared weights",
  );
  const slack = ensureFeasible(instance, point, "svm-dual.feasible");
  for (const [i, alpha] of multipliers.entries()) {
    ensure(K.sign(alpha) >= 0, "svm-dual.multiplier", `the multiplier of sample ${i + 1} is negative`);
    ensure(
      K.sign(alpha) === 0 || slack[i] === 0,
      "svm-dual.multiplier",
      `sample ${i + 1} has a multiplier and is not active`,
    );
  }
  const axes = Array.from({ length: network.inputs }, (_, k) => k);
  const u = axes.map(
    (k) =>
      forward(
        K,
        network,
        K.one,
        point,
        axes.map((j) => (j === k ? K.one : K.zero)),
        () => true,
      ).output,
  );
  const combined = combination(
    K,
    network.inputs,
    data.map(({ x, y }, i) => [y === 1 ? multipliers[i]! : K.neg(multipliers[i]!), x] as const),
  );
  ensure(
    u.every((c, k) => equals(K, c, combined[k]!)),
    "svm-dual.combination",
    "the linear predictor is not Σ α_i y_i x_i",
  );
  const mean = K.div(dot(K, point, point), K.fromRational(rational(BigInt(depth))));
  let power = K.one;
  for (let l = 0; l < depth; l++) power = K.mul(power, mean);
  ensure(equals(K, power, squaredNorm(K, u)), "svm-dual.norm", "(‖θ‖²/m)^m differs from ‖u‖²");
}
