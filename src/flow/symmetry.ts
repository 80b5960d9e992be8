/**
 * Some limits are reached from a thin set of starts only: those with a zero weight, or with equal weights, that the flow keeps.
 * Such a subspace is often unstable, and rounding would leave it. So it is found, and every step is put back onto it exactly.
 *
 * The subspace is one of equalities θ_a = ±θ_b and θ_a = 0. It is found as an equitable partition is: begin with the equalities that
 * the start has, test at random points with them whether the gradient has them too, and split what differs.
 */
import { addTo } from "./matrix.js";
import { type Model, pass, patternAt } from "./model.js";
import { uniform } from "./random.js";

/** The parameters that are tied to each other, with their signs; those that stay zero are in no class. */
export type Ties = readonly (readonly Tied[])[];

interface Tied {
  readonly parameter: number;
  readonly sign: number;
}

const PROBES = 6;
const TOLERANCE = 1e-9;

/** The finest equalities of the point that the flow near it keeps. */
export function tiesOf(model: Model, theta: Float64Array): Ties {
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
      const gradient = probeGradient(model, point);
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

/** Σ w(q_i) ∇q_i for a positive decreasing w: what holds of it for every such w holds of the flow of every loss. */
function probeGradient(model: Model, point: Float64Array): Float64Array {
  const pattern = patternAt(model, point);
  const passes = pattern.map((slopes, sample) => pass(model, sample, slopes, point));
  const scale = Math.max(...passes.map(({ margin }) => Math.abs(margin))) || 1;
  const sum = new Float64Array(model.size);
  for (const { margin, gradient } of passes) addTo(sum, 1 / (1 + Math.exp(margin / scale)), gradient);
  return sum;
}
