/** Crude trainings: gradient descent on the exponential loss of fully connected networks without biases, in code of its own. */
import { Q, type Rational, rational } from "../../src/exact/rational.js";
import type { Instance } from "../../src/network/instance.js";
import { gaussian, uniform } from "../../src/numeric/random.js";
import { parseProblem } from "../../src/problem/problem.js";

/** Matrices, a row per unit, from the input to the output. */
export type Net = readonly (readonly number[][])[];

export interface Task {
  readonly name: string;
  readonly X: readonly (readonly number[])[];
  readonly y: readonly number[];
  /** σ' where a unit is off: 0 for ReLU, 1 for linear networks. */
  readonly slope: number;
}

export function randomNet(widths: readonly number[], size: number, random: () => number): Net {
  const normal = gaussian(random);
  return widths
    .slice(1)
    .map((rows, l) => Array.from({ length: rows }, () => Array.from({ length: widths[l]! }, () => size * normal())));
}

/** Pre-activations of all layers; the last is the output. */
function forward(net: Net, x: readonly number[], slope: number): number[][] {
  const all: number[][] = [];
  let below = x;
  for (const matrix of net) {
    const z = matrix.map((row) => row.reduce((total, c, k) => total + c * below[k]!, 0));
    all.push(z);
    below = z.map((c) => (c > 0 ? c : slope * c));
  }
  return all;
}

export function marginsOfNet(net: Net, { X, y, slope }: Task): number[] {
  return X.map((x, i) => y[i]! * forward(net, x, slope).at(-1)![0]!);
}

/** Adds rate · Σ_i weight_i ∇margin_i. */
export function ascend(net: Net, { X, y, slope }: Task, weights: readonly number[], rate: number): void {
  const steps = net.map((matrix) => matrix.map((row) => row.map(() => 0)));
  for (const [i, x] of X.entries()) {
    const zs = forward(net, x, slope);
    let adjoint = [weights[i]! * y[i]!];
    for (let l = net.length - 1; l >= 0; l--) {
      const below = l === 0 ? x : zs[l - 1]!.map((c) => (c > 0 ? c : slope * c));
      const next = below.map(() => 0);
      for (const [j, a] of adjoint.entries())
        for (const k of below.keys()) {
          steps[l]![j]![k]! += a * below[k]!;
          next[k]! += a * net[l]![j]![k]!;
        }
      adjoint = l === 0 ? next : next.map((a, k) => (zs[l - 1]![k]! > 0 ? a : slope * a));
    }
  }
  for (const [l, matrix] of net.entries())
    for (const [j, row] of matrix.entries()) for (const k of row.keys()) row[k]! += rate * steps[l]![j]![k]!;
}

/** Trains until log(1/L) is the target; false where it does not come so far. */
export function train(net: Net, task: Task, target: number, steps = 60_000): boolean {
  for (let step = 0; step < steps; step++) {
    const q = marginsOfNet(net, task);
    const least = Math.min(...q);
    const p = q.map((c) => Math.exp(least - c));
    const sum = p.reduce((a, b) => a + b, 0);
    const logInverse = least - Math.log(sum);
    if (logInverse >= target) return true;
    // Gradient descent with a step that grows as 1/L.
    const weights = p.map((c) => c / sum);
    ascend(net, task, weights, 0.02 / Math.max(1, logInverse));
  }
  return false;
}

/** A float as the dyadic rational that it is. */
export function dyadic(x: number): Rational {
  let [n, d] = [x, 1n];
  while (!Number.isInteger(n)) [n, d] = [n * 2, d * 2n];
  return rational(BigInt(n), d);
}

/** The problem with the trained weights as its point. */
export function instanceOf(net: Net, { name, X, y }: Task, activation: unknown = "relu"): Instance<Rational> {
  const source = {
    format: "margincert/problem/1",
    name,
    network: {
      kind: "fully-connected",
      widths: [net[0]![0]!.length, ...net.map((matrix) => matrix.length)],
      activation,
    },
    data: X.map((x, i) => ({ x: x.map((c) => dyadic(c).toFraction()), y: y[i] })),
  };
  const { problem } = parseProblem(JSON.stringify(source));
  return { ...(problem as Instance<Rational>), field: Q, point: net.flat(2).map(dyadic) };
}

export const KINDS = ["gaussian", "integers", "orthogonal"] as const;
export type Kind = (typeof KINDS)[number];

/** Samples on different rays. */
export function dataOf(kind: Kind, inputs: number, samples: number, random: () => number): number[][] {
  const normal = gaussian(random);
  const rays: number[][] = [];
  const isNew = (x: number[]) =>
    x.some((c) => c !== 0) &&
    rays.every((r) => r.reduce((t, c, k) => t + c * x[k]!, 0) < (1 - 1e-9) * Math.hypot(...r) * Math.hypot(...x));
  while (rays.length < (kind === "orthogonal" ? Math.min(samples, 2 * inputs) : samples)) {
    const axis = Math.floor(random() * inputs);
    const size = (1 + Math.floor(random() * 3)) * (random() < 0.5 ? 1 : -1);
    const entry = {
      gaussian: () => Math.round(normal() * 100) / 100,
      integers: () => Math.floor(random() * 7) - 3,
      orthogonal: (k: number) => (k === axis ? size : 0),
    }[kind];
    const x = Array.from({ length: inputs }, (_, k) => entry(k));
    if (isNew(x)) rays.push(x);
  }
  return rays;
}

/** A task of the kind with a network from a small random start; null where training does not separate its data. */
export function randomTraining(
  kind: Kind,
  seed: number,
  slope: number,
): { readonly task: Task; readonly net: Net } | null {
  const random = uniform(seed);
  const inputs = 2 + Math.floor(random() * 2);
  const hidden = 3 + Math.floor(random() * 6);
  const samples = 3 + Math.floor(random() * 4);
  const X = dataOf(kind, inputs, samples, random);
  const y = X.map(() => (random() < 0.5 ? 1 : -1));
  const task = { name: `${kind}-${seed}`, X, y, slope };
  const net = randomNet([inputs, hidden, 1], 0.3, random);
  return train(net, task, 18) ? { task, net } : null;
}

/** The least ½‖θ‖² that random restarts find at depth 2: ascent of the smoothed least margin on the sphere. */
export function bestHalfNorm(like: Net, task: Task, restarts: number, seed: number): number {
  const random = uniform(seed);
  const widths = [like[0]![0]!.length, ...like.map((matrix) => matrix.length)];
  let best = Infinity;
  for (let k = 0; k < restarts; k++) {
    const net = randomNet(widths, 1, random);
    for (let step = 0; step < 3000; step++) {
      const size = Math.hypot(...net.flat(2));
      for (const row of net.flat()) for (const j of row.keys()) row[j]! /= size;
      const q = marginsOfNet(net, task);
      const least = Math.min(...q);
      if (least > 0) best = Math.min(best, least ** (-2 / net.length) / 2);
      const p = q.map((c) => Math.exp(Math.max(-700, -20 * 1.003 ** step * (c - least))));
      const sum = p.reduce((a, b) => a + b, 0);
      ascend(
        net,
        task,
        p.map((c) => c / sum),
        0.3 / (1 + step / 30),
      );
    }
  }
  return best;
}
