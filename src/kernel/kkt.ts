/** `kkt`: θ is a KKT point in the sense of Clarke: θ = Σ μ y_i ∇Φ^s(θ; x_i), μ ≥ 0, i active, s realizable. (`proofs/theory.md`.) */
import type { Curve, Instance, Of } from "../certificate/format.js";
import { equals } from "../exact/field.js";
import { ensure } from "./ensure.js";
import { ensureFeasible } from "./feasible.js";
import { ensureCurve, gradient, type Pattern, passAlong, passOnPiece, unitText } from "./forward.js";
import { combination } from "./pieces.js";

export function checkKkt<E>(instance: Instance<E>, { terms }: Of<"kkt", E>): void {
  const { field: K, point, data } = instance;
  const slack = ensureFeasible(instance, point, "kkt.feasible");
  const vectors = terms.map(({ sample, multiplier, witness }) => {
    ensure(K.sign(multiplier) >= 0, "kkt.multiplier", `a multiplier of sample ${sample + 1} is negative`);
    ensure(slack[sample] === 0, "kkt.active", `sample ${sample + 1} has a multiplier and is not active`);
    const pattern = realizedPattern(instance, witness, sample);
    const signed = data[sample]!.y === 1 ? multiplier : K.neg(multiplier);
    return [signed, gradient(instance, sample, pattern)] as const;
  });
  const total = combination(K, point.length, vectors);
  const off = point.findIndex((c, k) => !equals(K, c, total[k]!));
  ensure(
    off === -1,
    "kkt.stationarity",
    () => `the combination of gradients differs from the point at ${instance.network.parameters[off]!.name}`,
  );
}

/**
 * The pattern of a sample on the curve, which is realizable at θ: on (0, end] every pre-activation is of one strict sign, or is
 * identically zero around each point of the curve, not only along it.
 */
export function realizedPattern<E>(instance: Instance<E>, witness: Curve<E>, sample: number): Pattern {
  ensureCurve(instance, witness, null);
  const { pattern, preactivations } = passAlong(instance, witness, sample);
  if (
    instance.network.activation.kind !== "linear" &&
    preactivations.some((layer) => layer.some((z) => z.length === 0))
  ) {
    const everything = instance.point.map((_, k) => k);
    const around = passOnPiece(instance, sample, pattern, everything, instance.point).preactivations;
    for (const [layer, units] of preactivations.entries()) {
      for (const [unit, z] of units.entries()) {
        ensure(
          z.length > 0 || around[layer]![unit]!.size === 0,
          "kkt.witness",
          () => `${unitText({ sample, layer, unit })} stays at its kink along the witness`,
        );
      }
    }
  }
  return pattern;
}
