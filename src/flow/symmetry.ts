/**
 * Some limits are reached from a thin set of starts only: those with a zero weight, or with equal weights, that the flow keeps.
 * Such a subspace is often unstable, and rounding would leave it. So it is found, and every step is put back onto it exactly.
 *
 * The subspace is one of equalities θ_a = ±θ_b and θ_a = 0. It is found as an equitable partition is: begin with the equalities that
 * the start has, test at random points with them whether the gradient has them too, and split what differs.
 */

import { combination } from "../numeric/matrix.js";
import { uniform } from "../numeric/random.js";
import type { Loss } from "../problem/problem.js";
import { reciprocalSlopes } from "./loss.js";
import { type Model, passesAt, patternAt } from "./model.js";

/** The parameters that are tied to each other, with their signs; those that stay zero are in no class. */
export type Ties = readonly (readonly Tied[])[];

interface Tied {
  readonly parameter: number;
  readonly sign: number;
}

const PROBES = 6;
const TOLERANCE = 1e-9;

/** The finest equalities of the point that the flow of the loss near it keeps. */
export function tiesOf(model: Model, loss: Loss, theta: Float64Array): Ties {
  const random = uniform(1);
  let zero = [...theta.keys()].filter((j) => theta[j] === 0);
  let classes = split(
    [...theta.keys()].filter((j) => theta[j] !== 0),
    (j) => theta[j]!,
    0,
  );
  for (;;) {
    const before = [classes.length, zero.length];
    for (let probe = 0; probe < PROBES; probe++) {
      const point = new Float64Array(theta.length);
      for (const members of classes) {
        const value = (Math.abs(theta[members[0]!.parameter]!) || 1e-3) * (1 + 1e-3 * random());
        for (const { parameter, sign } of members) point[parameter] = sign * value;
      }
      const gradient = probeGradient(model, loss, point);
      const tolerance = TOLERANCE * Math.max(...gradient.map(Math.abs));
      const woken = zero.filter((j) => Math.abs(gradient[j]!) > tolerance);
      zero = zero.filter((j) => !woken.includes(j));
      classes = [
        ...classes.flatMap((members) => {
          const signs = new Map(members.map(({ parameter, sign }) => [parameter, sign]));
          const parts = groups([...signs.keys()], (j) => signs.get(j)! * gradient[j]!, tolerance);
          return parts.map((part) => part.map((parameter) => ({ parameter, sign: signs.get(parameter)! })));
        }),
        ...split(woken, (j) => gradient[j]!, tolerance),
      ];
    }
    if (classes.length === before[0] && zero.length === before[1]) return classes;
  }
}

/** The vector with the ties: the mean over each class, and zero elsewhere. */
export function impose(ties: Ties, vector: Float64Array): void {
  const tied = new Float64Array(vector.length);
  for (const members of ties) {
    const first = members[0]!.sign * vector[members[0]!.parameter]!;
    // Relative to the first, so that equal values have exactly their value as the mean.
    const mean =
      first +
      members.reduce((sum, { parameter, sign }) => sum + (sign * vector[parameter]! - first), 0) / members.length;
    for (const { parameter, sign } of members) tied[parameter] = sign * mean;
  }
  vector.set(tied);
}

/** Whether the vector has the ties, up to 1e-9 of its size. */
export function respects(ties: Ties, vector: Float64Array): boolean {
  const tied = Float64Array.from(vector);
  impose(ties, tied);
  const size = Math.max(...vector.map(Math.abs));
  return tied.every((x, j) => Math.abs(x - vector[j]!) <= TOLERANCE * size);
}

/** Groups equal sizes, with the signs that make the values equal. */
function split(parameters: readonly number[], value: (j: number) => number, tolerance: number): Tied[][] {
  return groups(parameters, (j) => Math.abs(value(j)), tolerance).map((part) =>
    part.map((parameter) => ({ parameter, sign: value(parameter) < 0 ? -1 : 1 })),
  );
}

/** Chains of values, each within the tolerance of the next. */
function groups(parameters: readonly number[], value: (j: number) => number, tolerance: number): number[][] {
  const sorted = [...parameters].sort((i, j) => value(i) - value(j));
  const parts: number[][] = [];
  sorted.forEach((j, at) => {
    if (at > 0 && value(j) - value(sorted[at - 1]!) <= tolerance) parts.at(-1)!.push(j);
    else parts.push([j]);
  });
  return parts;
}

/**
 * Σ w_i ∇q_i with the weights of the logistic loss of each margin alone, which stand for those of every loss that is a sum over margins; or
 * with those of cross-entropy, which depend on all margins of the sample.
 */
function probeGradient(model: Model, loss: Loss, point: Float64Array): Float64Array {
  const passes = passesAt(model, patternAt(model, point), [...model.margins.keys()], point);
  const scale = Math.max(...passes.map(({ margin }) => Math.abs(margin))) || 1;
  const q = Float64Array.from(passes, ({ margin }) => margin / scale);
  const alone = model.margins.map((margin, sample) => ({ ...margin, sample }));
  return combination(
    model.size,
    reciprocalSlopes(loss === "cross-entropy" ? model.margins : alone, q).map((reciprocal) => 1 / reciprocal),
    passes.map(({ gradient }) => gradient),
  );
}
