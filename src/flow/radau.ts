/**
 * One step of the three-stage Radau IIA method: implicit, of order 5, stiffly accurate, with an error estimate of order 3.
 * (E. Hairer, G. Wanner, Solving Ordinary Differential Equations II, IV.8.)
 */
import { addTo, combination, factor, joined, scaled, vector } from "../numeric/matrix.js";

export interface System {
  readonly rate: (state: Float64Array) => Float64Array;
  /** All that the steps from a state share, however long. */
  readonly depart: (state: Float64Array) => Departure;
}

export interface Departure {
  readonly state: Float64Array;
  readonly rate: Float64Array;
  readonly jacobian: readonly Float64Array[];
  /** The size of error in each component that counts as 1. */
  readonly tolerance: Float64Array;
}

export interface Step {
  readonly state: Float64Array;
  /** The estimated local error, in units of the tolerance (root mean square). */
  readonly error: number;
  /** Iterations that Newton's method took. */
  readonly iterations: number;
}

/**
 * The change of variables Z = T W that makes the inverse of the method's matrix block diagonal: the real eigenvalue MU, and the
 * pair ALPHA ± i·BETA. Columns of T beyond the first, and rows of its inverse, hold real and imaginary parts.
 */
const T = [
  [0.09443876248897524, -0.14125529502095421, 0.030029194105147424],
  [0.25021312296533332, 0.20412935229379994, -0.38294211275726192],
  [1, 1, 0],
] as const;
const T_INVERSE = [
  [4.178718591551904, 0.32768282076106237, 0.52337644549944951],
  [-4.178718591551904, -0.32768282076106237, 0.47662355450055044],
  [0.50287263494578682, -2.5719269498556052, 0.59603920482822492],
] as const;
const MU = 3 + 3 ** (2 / 3) - 3 ** (1 / 3);
const ALPHA = 3 + (3 ** (1 / 3) - 3 ** (2 / 3)) / 2;
const BETA = -(3 ** (5 / 6) + 3 ** (7 / 6)) / 2;
/** The weights of the error estimate. */
const E = [(-13 - 7 * Math.sqrt(6)) / 3, (-13 + 7 * Math.sqrt(6)) / 3, -1 / 3] as const;
export const MAX_ITERATIONS = 10;
const NEWTON_TOLERANCE = 1e-4;

/** A step of length h, or null where Newton's method does not converge (the caller tries a shorter one). */
export function radauStep(system: System, from: Departure, h: number): Step | null {
  const { state, rate, jacobian, tolerance } = from;
  const n = state.length;
  const shifted = (shift: number) =>
    jacobian.map((row, i) => {
      const negative = scaled(-1, row);
      negative[i]! += shift;
      return negative;
    });
  const solveReal = factor(shifted(MU / h));
  const diagonal = (value: number, i: number) => vector(n, (j) => (i === j ? value : 0));
  const solvePair = factor([
    ...shifted(ALPHA / h).map((row, i) => joined(row, diagonal(-BETA / h, i))),
    ...shifted(ALPHA / h).map((row, i) => joined(diagonal(BETA / h, i), row)),
  ]);
  let w: Float64Array[] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  let z: readonly Float64Array[] = w;
  let previous = Number.NaN;
  for (let iterations = 1; iterations <= MAX_ITERATIONS; iterations++) {
    const rates = z.map((increment) => system.rate(state.map((x, i) => x + increment[i]!)));
    const [real, first, second] = T_INVERSE.map((row) => combination(n, row, rates));
    addTo(real!, -MU / h, w[0]!);
    addTo(first!, -ALPHA / h, w[1]!);
    addTo(first!, BETA / h, w[2]!);
    addTo(second!, -BETA / h, w[1]!);
    addTo(second!, -ALPHA / h, w[2]!);
    const pair = joined(first!, second!);
    solveReal(real!);
    solvePair(pair);
    const changes = [real!, pair.slice(0, n), pair.slice(n)];
    w = w.map((part, k) => part.map((x, i) => x + changes[k]![i]!));
    z = T.map((row) => combination(n, row, w));
    const change = Math.sqrt(changes.reduce((sum, one) => sum + size(one, tolerance) ** 2, 0) / 3);
    const contraction = change / previous;
    if (!Number.isFinite(change) || contraction > 2) return null;
    if (
      change < NEWTON_TOLERANCE ||
      (contraction < 1 && (contraction / (1 - contraction)) * change < NEWTON_TOLERANCE)
    ) {
      const error = combination(
        n,
        E.map((weight) => weight / h),
        z,
      );
      addTo(error, 1, rate);
      solveReal(error);
      return { state: state.map((x, i) => x + z[2]![i]!), error: size(error, tolerance), iterations };
    }
    previous = change;
  }
  return null;
}

/** The root mean square in units of the tolerance. */
function size(one: Float64Array, tolerance: Float64Array): number {
  return Math.sqrt(one.reduce((sum, x, i) => sum + (x / tolerance[i]!) ** 2, 0) / one.length);
}
