/**
 * One step of the three-stage Radau IIA method: implicit, of order 5, stiffly accurate, with an error estimate of order 3.
 * (E. Hairer, G. Wanner, Solving Ordinary Differential Equations II, IV.8.)
 */
import { factor } from "./matrix.js";

export interface System {
  readonly rate: (state: Float64Array) => Float64Array;
  readonly jacobian: (state: Float64Array) => Float64Array[];
  /** The size of error in each component that counts as 1. */
  readonly tolerance: (state: Float64Array) => Float64Array;
}

export interface Step {
  readonly state: Float64Array;
  /** The estimated local error, in units of the tolerance (root mean square). */
  readonly error: number;
  /** Iterations that Newton's method took. */
  readonly iterations: number;
}

const R = Math.sqrt(6);
const A = [
  [(88 - 7 * R) / 360, (296 - 169 * R) / 1800, (-2 + 3 * R) / 225],
  [(296 + 169 * R) / 1800, (88 + 7 * R) / 360, (-2 - 3 * R) / 225],
  [(16 - R) / 36, (16 + R) / 36, 1 / 9],
] as const;
/** The real eigenvalue of the inverse of A, and the weights of the error estimate. */
const MU = 3 + 3 ** (2 / 3) - 3 ** (1 / 3);
const E = [(-13 - 7 * R) / 3, (-13 + 7 * R) / 3, -1 / 3] as const;
export const MAX_ITERATIONS = 10;
const NEWTON_TOLERANCE = 1e-4;

/** The linear algebra of all steps from one state: the rate and the Jacobian there are shared between trials. */
export interface Departure {
  readonly state: Float64Array;
  readonly rate: Float64Array;
  readonly jacobian: readonly Float64Array[];
  readonly tolerance: Float64Array;
}

export function depart(system: System, state: Float64Array): Departure {
  return {
    state,
    rate: system.rate(state),
    jacobian: system.jacobian(state),
    tolerance: system.tolerance(state),
  };
}

/** A step of length h, or null where Newton's method does not converge (the caller tries a shorter one). */
export function radauStep(system: System, from: Departure, h: number): Step | null {
  const { state, jacobian, tolerance } = from;
  const n = state.length;
  const matrix = Array.from({ length: 3 * n }, (_, row) => {
    const line = new Float64Array(3 * n);
    const [stage, i] = [Math.floor(row / n), row % n];
    const source = jacobian[i]!;
    for (let other = 0; other < 3; other++) {
      const weight = -h * A[stage]![other]!;
      for (let j = 0; j < n; j++) line[other * n + j] = weight * source[j]!;
    }
    line[row]! += 1;
    return line;
  });
  const solve = factor(matrix);
  const increments = new Float64Array(3 * n);
  let previous = Number.NaN;
  for (let iterations = 1; iterations <= MAX_ITERATIONS; iterations++) {
    const rates = [0, 1, 2].map((stage) => {
      const at = Float64Array.from(state);
      for (let i = 0; i < n; i++) at[i]! += increments[stage * n + i]!;
      return system.rate(at);
    });
    const residual = new Float64Array(3 * n);
    for (let stage = 0; stage < 3; stage++) {
      const [a, b, c] = A[stage]!;
      for (let i = 0; i < n; i++) {
        residual[stage * n + i] =
          h * (a * rates[0]![i]! + b * rates[1]![i]! + c * rates[2]![i]!) - increments[stage * n + i]!;
      }
    }
    solve(residual);
    let square = 0;
    for (let row = 0; row < 3 * n; row++) {
      increments[row]! += residual[row]!;
      square += (residual[row]! / tolerance[row % n]!) ** 2;
    }
    const change = Math.sqrt(square / (3 * n));
    const contraction = change / previous;
    if (!Number.isFinite(change) || contraction > 2) return null;
    if (
      change < NEWTON_TOLERANCE ||
      (contraction < 1 && (contraction / (1 - contraction)) * change < NEWTON_TOLERANCE)
    ) {
      const next = Float64Array.from(state, (x, i) => x + increments[2 * n + i]!);
      return { state: next, error: estimate(from, h, increments), iterations };
    }
    previous = change;
  }
  return null;
}

function estimate({ state, rate, jacobian, tolerance }: Departure, h: number, increments: Float64Array): number {
  const n = state.length;
  const solve = factor(jacobian.map((row, i) => Float64Array.from(row, (x, j) => (i === j ? MU / h : 0) - x)));
  const error = Float64Array.from(rate, (x, i) => {
    return x + (E[0] * increments[i]! + E[1] * increments[n + i]! + E[2] * increments[2 * n + i]!) / h;
  });
  solve(error);
  return Math.sqrt(error.reduce((sum, x, i) => sum + (x / tolerance[i]!) ** 2, 0) / n);
}
