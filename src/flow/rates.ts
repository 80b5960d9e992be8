/**
 * How fast the flow should converge, and how fast it does.
 *
 * Near a KKT direction u, with λ its multipliers, a small deviation e from it obeys de/ds = −e + Σλ_iH_i e on the tangent space of
 * the tied margins, and decays as e^{−Ls} in the gradients' differences, where the margins differ by O(1) of ‖θ‖^L. So the modes of
 * the Lagrangian's Hessian I − Σλ_iH_i, reduced to that space, are the rates: a positive definite one (a strict local optimum)
 * attracts, a negative eigenvalue is a way out. As log(1/L) grows like e^{Ls}, a rate μ is seen as the exponent −μ/L.
 */
import { eigen } from "../numeric/eigen.js";
import { combination, dot, norm, orthonormal } from "../numeric/matrix.js";
import { fieldAt } from "./field.js";
import { hessian } from "./model.js";
import type { Position } from "./position.js";

/** A weight below this does not tie its margin to the others. */
const SUPPORT = 1e-9;

/**
 * The exponent of log(1/L) at which each given deviation should decay from the position on: that of the mode which carries most
 * of it. Deviations have length p, in units of the direction; null for a zero one.
 */
export function predictedExponents(
  { regime, state }: Position,
  deviations: readonly Float64Array[],
): (number | null)[] {
  const { model, pattern, carried } = regime;
  const { passes, weights, gradient, normals } = fieldAt(regime, state);
  const y = state.slice(0, model.size);
  const tied = carried.flatMap((_, k) => (weights[k]! > SUPPORT ? [k] : []));
  const multiplier = dot(y, gradient) / dot(gradient, gradient);
  const axes = Array.from({ length: model.size }, (_, j) => new Float64Array(model.size).with(j, 1));
  const hessians = tied.map((k) => {
    const margin = model.margins[carried[k]!]!;
    return hessian(model, margin, pattern[margin.sample]!, y);
  });
  const coefficients = [1, ...tied.map((k) => -multiplier * weights[k]!)];
  const lagrangian = axes.map((axis, j) =>
    combination(model.size, coefficients, [axis, ...hessians.map((h) => h[j]!)]),
  );
  // At the equilibrium of the weights, differences of gradients are orthogonal to g. They decay as the margins tie.
  const differences = orthonormal(
    tied.slice(1).map((k) => passes[k]!.gradient.map((x, j) => x - passes[tied[0]!]!.gradient[j]!)),
  );
  const normal = orthonormal([...normals, gradient, ...differences]);
  const tangent = orthonormal(
    axes.map((axis) => axis),
    normal,
  );
  const reduced = tangent.map((u) => {
    const image = Float64Array.from(lagrangian, (row) => dot(row, u));
    return Float64Array.from(tangent, (v) => dot(v, image));
  });
  const modes = eigen(reduced).map(({ value, vector }) => ({
    rate: value,
    space: [combination(model.size, vector, tangent)],
  }));
  const all = [...modes, { rate: model.degree, space: differences }];
  return deviations.map((deviation) => {
    if (norm(deviation) === 0) return null;
    const size = ({ space }: { space: readonly Float64Array[] }) => Math.hypot(...space.map((u) => dot(u, deviation)));
    return -all.reduce((best, mode) => (size(mode) > size(best) ? mode : best)).rate / model.degree;
  });
}

/** The slope of log(value) against log(log(1/L)), by least squares; null for fewer than four samples. */
export function fittedExponent(samples: readonly { logInverseLoss: number; value: number }[]): number | null {
  if (samples.length < 4) return null;
  const points = samples.map(({ logInverseLoss, value }) => [Math.log(logInverseLoss), Math.log(value)] as const);
  const mean = (k: 0 | 1) => points.reduce((sum, point) => sum + point[k], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const over = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return over / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}
