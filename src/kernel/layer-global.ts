/**
 * `layer-global`: θ is the global optimum of one layer's problem, where that is a convex quadratic programme with linear
 * constraints: any layer of a linear network, the last layer of any. (`proofs/theory.md`.)
 */
import type { Instance, Of } from "../certificate/format.js";
import { equals } from "../exact/field.js";
import { parametersOf } from "../problem/network.js";
import { ensure } from "./ensure.js";
import { ensureFeasible } from "./feasible.js";
import { gradient, passAt } from "./forward.js";
import { combination, withOrientations } from "./pieces.js";

export function checkLayerGlobal<E>(instance: Instance<E>, { layer, multipliers }: Of<"layer-global", E>): void {
  const { network, field: K, point, data } = instance;
  const convex = network.activation.kind === "linear" || layer === network.layers.length - 1;
  ensure(convex, "layer-global.class", `the problem of layer ${layer + 1} is not convex`);
  const slack = ensureFeasible(instance, point, "layer-global.feasible");
  for (const [i, lambda] of multipliers.entries()) {
    ensure(K.sign(lambda) >= 0, "layer-global.multiplier", `the multiplier of sample ${i + 1} is negative`);
    ensure(
      K.sign(lambda) === 0 || slack[i] === 0,
      "layer-global.multiplier",
      `sample ${i + 1} has a multiplier and is not active`,
    );
  }
  const gradients = data.map(({ y }, i) => {
    if (K.isZero(multipliers[i]!)) return [K.zero, point] as const;
    const pattern = withOrientations(instance, passAt(instance, i, point), [], []);
    return [y === 1 ? multipliers[i]! : K.neg(multipliers[i]!), gradient(instance, i, pattern)] as const;
  });
  const total = combination(K, point.length, gradients);
  const stationary = parametersOf(network, layer).every((k) => equals(K, total[k]!, point[k]!));
  ensure(
    stationary,
    "layer-global.stationarity",
    "the multipliers do not combine the gradients to the layer's weights",
  );
}
