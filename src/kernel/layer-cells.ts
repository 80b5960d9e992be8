/**
 * `layer-cells`: θ is a global optimum of one hidden layer's problem. On each cell of the layer's sign patterns the problem is
 * a convex quadratic programme, and its Lagrangian dual bounds it below by ½‖θ_l‖². (`proofs/theory.md`.)
 */
import type { Instance, Of, Orientation, UnitAtSample } from "../certificate/format.js";
import { squaredNorm, sum } from "../exact/field.js";
import { gradientAtOrigin } from "../exact/multivariate.js";
import { parametersOf } from "../problem/network.js";
import { ensure } from "./ensure.js";
import { ensureFeasible } from "./feasible.js";
import { linearForms, passAt, passOnPiece, unitText } from "./forward.js";
import {
  combination,
  ensureExclusions,
  influentialUnits,
  orientations,
  signOfSum,
  withOrientations,
} from "./pieces.js";

/** The hidden units whose signs the cells choose: those that move with the layer and can influence the output. */
export function cellUnits<E>(instance: Instance<E>, layer: number): UnitAtSample[] {
  const influential = influentialUnits(instance, layer);
  return instance.data.flatMap((_, sample) => {
    const forms = linearForms(instance, sample, layer);
    return influential.flatMap((units, l) =>
      units.flatMap((matters, unit) =>
        l < layer || !matters || (l === layer && forms[unit]!.size === 0) ? [] : [{ sample, layer: l, unit }],
      ),
    );
  });
}

/**
 * The sign of the next unit where the signs before decide it: above the layer a pre-activation is a sum of fixed weights times
 * outputs below. One that is zero on the cell counts as on.
 */
export function decidedSign<E>(instance: Instance<E>, layer: number, units: readonly UnitAtSample[]) {
  const { network, field: K, point } = instance;
  const off = network.activation.kind === "relu" ? 0 : -1;
  const position = new Map(units.map((unit, k) => [unitText(unit), k]));
  return (before: readonly Orientation[]): Orientation | null => {
    const next = units[before.length]!;
    if (next.layer === layer) return null;
    const terms = network.layers[next.layer]![next.unit]!.map(({ from, parameter }) => {
      const below = before[position.get(unitText({ ...next, layer: next.layer - 1, unit: from })) ?? -1] ?? 0;
      return K.sign(point[parameter]!) * (below < 0 ? off : below);
    });
    const sign = signOfSum(terms);
    return sign === null ? null : sign < 0 ? -1 : 1;
  };
}

/** On a cell: the gradients in the layer's weights of y_iΦ, per sample, and of the oriented pre-activations, per unit. */
export function cellGradients<E>(
  instance: Instance<E>,
  layer: number,
  units: readonly UnitAtSample[],
  chosen: readonly (1 | -1)[],
) {
  const { network, field: K, point, data } = instance;
  const moving = parametersOf(network, layer);
  const base = point.map((c, k) => (network.parameters[k]!.layer === layer ? K.zero : c));
  const passes = data.map((_, sample) => {
    const own = units.flatMap((unit, k) => (unit.sample === sample ? [k] : []));
    const pattern = withOrientations(
      instance,
      passAt(instance, sample, point),
      own.map((k) => units[k]!),
      own.map((k) => chosen[k]!),
    );
    return passOnPiece(instance, sample, pattern, moving, base);
  });
  const oriented = (sign: 1 | -1, g: E[]) => (sign > 0 ? g : g.map(K.neg));
  return {
    margins: data.map(({ y }, i) => oriented(y, gradientAtOrigin(K, passes[i]!.output, moving.length))),
    signs: units.map((at, k) =>
      oriented(chosen[k]!, gradientAtOrigin(K, passes[at.sample]!.preactivations[at.layer]![at.unit]!, moving.length)),
    ),
  };
}

export function checkLayerCells<E>(instance: Instance<E>, { layer, excluded, cells }: Of<"layer-cells", E>): void {
  const { network, field: K, point } = instance;
  const hidden = layer < network.layers.length - 1 && network.activation.kind !== "linear";
  ensure(hidden, "layer-cells.class", `layer ${layer + 1} is not a hidden layer with a piecewise linear activation`);
  ensureFeasible(instance, point, "layer-cells.feasible");
  ensureExclusions(instance, excluded, layer);
  const units = cellUnits(instance, layer);
  const norm = squaredNorm(
    K,
    parametersOf(network, layer).map((k) => point[k]!),
  );
  const given = new Set(cells.map(({ orientations: chosen }) => chosen.join()));
  const distinct = given.size === cells.length && cells.every((cell) => cell.orientations.length === units.length);
  ensure(distinct, "layer-cells.cells", "there is evidence for a cell that is not there, or twice");
  for (const chosen of orientations(units, [], excluded, decidedSign(instance, layer, units))) {
    ensure(
      given.has(chosen.join()),
      "layer-cells.cells",
      () => `no evidence for the cell ${chosen.map((s) => (s > 0 ? "+" : "-")).join("")}`,
    );
  }
  for (const { orientations: chosen, multipliers, signMultipliers } of cells) {
    ensure(signMultipliers.length === units.length, "layer-cells.shape", `a cell has ${units.length} signs`);
    ensure(
      [...multipliers, ...signMultipliers].every((c) => K.sign(c) >= 0),
      "layer-cells.multiplier",
      "a multiplier is negative",
    );
    const { margins, signs } = cellGradients(instance, layer, units, chosen);
    const combined = combination(K, margins[0]!.length, [
      ...margins.map((g, i) => [multipliers[i]!, g] as const),
      ...signs.map((g, k) => [signMultipliers[k]!, g] as const),
    ]);
    // min over the cell ≥ Σλ_i − ½‖Σ λ_i ∇ + Σ ν_k ∇‖²
    const total = sum(K, multipliers);
    const bound = K.sub(K.add(total, total), squaredNorm(K, combined));
    ensure(K.sign(K.sub(bound, norm)) >= 0, "layer-cells.bound", "a cell's dual bound is below ½‖θ_l‖²");
  }
}
