/**
 * The vector field of the flow, in a form that survives both the stiffness and the cancellation of huge margins.
 *
 * The path of dθ/dt = −∇L does not depend on the clock. With the weights p_i ∝ −∂L/∂q_i of the margins q_i, Σp_i = 1, and
 * g = Σ p_i ∇q_i we run it by its length:
 *
 *     dθ/dτ = g/‖g‖.
 *
 * Unlike s = log‖θ‖ this clock also runs where margins are negative and θ shrinks. A straight ray is linear in it, so near the
 * limit a step may be as long as the whole path before it, with no error at all. A parameter without gradient (a dead neuron)
 * does not move, not even by rounding.
 *
 * At large ‖θ‖ the weights p cannot be had from θ: the differences q_i − q_k stay of order 1 while the margins themselves are beyond
 * 10^16. So they are variables of their own, a_i = q_r − q_i for a reference r among the margins, with
 *
 *     da_i/dτ = −(∇q_i − ∇q_r)·dθ/dτ,    p = softmax(a) (with the factors of `logSlopes`),
 *
 * which is a stiff system: the weights relax at a rate that grows like S = ‖θ‖^L. An implicit stiffly accurate method then
 * finds the equilibrium p by itself (there the path is that of the differential inclusion of the smallest margin), and in it
 * an error of rounding in ∇q_i·dθ/dτ is an error of the same size in p: nothing cancels. Past S = 10^13 the equilibrium is
 * exact to rounding, so the stiffness is held there.
 *
 * Of three formulations the third is kept (`bench/flow.ts` runs the first beside it). An explicit adaptive Runge–Kutta method is
 * held by stability to steps of 1/S: its time grows like log(1/L), and with two margins or more it is spent near 10^5. The implicit
 * method with p computed from θ has no such limit, but the rounding of margins does not let its steps be accepted from about 10^8
 * on, and leaves a KKT residual near 10^{−8}. With a as variables the reach has no limit but the largest floating-point number, and
 * the direction none but its own rounding, 10^{−15}.
 *
 * θ is held as y·2^k with ‖y‖ near 1; only S = 2^{kL} ever sees k. Margins and gradients below are those of y.
 */

import type { Margin } from "../network/instance.js";
import { addTo, combination, distance, dot, norm, orthonormal, scaled, vector } from "../numeric/matrix.js";
import type { Loss } from "../problem/problem.js";
import { bySample, logSlopes, reciprocalSlopes } from "./loss.js";
import { hessian, kinkNormal, type Model, type Pass, type Pattern, passesAt } from "./model.js";

/** A neuron on a sample, both counted from 0; neurons over all hidden layers. */
export interface Kink {
  readonly sample: number;
  readonly neuron: number;
}

/** What is fixed during a step. */
export interface Regime {
  readonly model: Model;
  readonly loss: Loss;
  readonly pattern: Pattern;
  /** Kinks along which the flow slides: their pre-activations are held at zero. */
  readonly slides: readonly Kink[];
  /** The numbers of the margins whose weight is not negligible; the first is the reference r. */
  readonly carried: readonly number[];
  /** k of θ = y·2^k. */
  readonly exponent: number;
}

/** y, followed by a_i for each carried margin but the first. */
export type State = Float64Array;

export interface Field {
  readonly rate: State;
  /** Of the carried margins, in their order. */
  readonly passes: readonly Pass[];
  /** log p, up to a common term. */
  readonly logs: Float64Array;
  /** p */
  readonly weights: Float64Array;
  /** g, projected on the tangent space of the slides: the element of the subdifferential that the flow follows. */
  readonly gradient: Float64Array;
  /** The gradient before the projection. */
  readonly free: Float64Array;
  readonly normals: readonly Float64Array[];
  readonly independent: readonly Float64Array[] | null;
}

const MAX_STIFFNESS = 1e13;

/** S = 2^{kL}: what the margins of y are to be multiplied by to give those of θ. */
export function marginScale({ model, exponent }: Regime): number {
  return 2 ** (exponent * model.degree);
}

export function fieldAt(regime: Regime, state: State): Field {
  const { model, loss, pattern, carried, slides } = regime;
  const y = state.subarray(0, model.size);
  const passes = passesAt(model, pattern, carried, y);
  const logs = vector(carried.length, (k) => logDifference(regime, state, k));
  if (loss !== "exponential") addTo(logs, 1, logSlopes(loss, carriedMargins(regime), trueMargins(regime, passes)));
  const top = Math.max(...logs);
  const heights = logs.map((log) => Math.exp(log - top));
  const total = heights.reduce((sum, height) => sum + height, 0);
  const weights = heights.map((height) => height / total);

  const free = combination(
    model.size,
    weights,
    passes.map((one) => one.gradient),
  );
  const normals = slides.map(({ sample, neuron }) => kinkNormal(model, sample, neuron, pattern[sample]!, y));
  const gradient = slides.length === 0 ? free : project(orthonormal(normals), free);

  const speed = 1 / norm(gradient);
  const rate = new Float64Array(state.length);
  for (let j = 0; j < model.size; j++) rate[j] = speed * gradient[j]!;
  const stiffness = Math.min(marginScale(regime), MAX_STIFFNESS);
  const independent = independentDifferences(passes);
  const differences = vector(passes.length - 1, (k) =>
    differenceDot(passes[k + 1]!.gradient, passes[0]!.gradient, gradient),
  );
  rate.set(scaled(-stiffness * speed, within(independent, differences)), model.size);
  return { rate, passes, logs, weights, gradient, free, normals, independent };
}

/** a of the k-th carried margin. */
export function logDifference({ model }: Regime, state: State, k: number): number {
  return k === 0 ? 0 : state[model.size + k - 1]!;
}

function carriedMargins({ model, carried }: Regime): Margin[] {
  return carried.map((k) => model.margins[k]!);
}

function trueMargins(regime: Regime, passes: readonly Pass[]): Float64Array {
  const scale = marginScale(regime);
  return vector(passes.length, (k) => scale * passes[k]!.margin);
}

/** Gradients that differ by less than this fraction are alike. */
const ALIKE = 1e-3;

/**
 * How alike the gradients of two margins are: above 1, they move θ much the same way. Then their weights matter less, and are known less
 * well, as the rounding of the difference is multiplied by S.
 */
export function likeness(gradient: Float64Array, reference: Float64Array): number {
  const apart = distance(gradient, reference);
  return apart === 0 ? Number.POSITIVE_INFINITY : (ALIKE * norm(reference)) / apart;
}

/** (u − v)·w */
function differenceDot(u: Float64Array, v: Float64Array, w: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < w.length; j++) sum += (u[j]! - v[j]!) * w[j]!;
  return sum;
}

/**
 * Where gradients depend on each other (tied margins in a plane, say), so do the margins' rates: their span, orthonormal, or null for
 * all of it. Rounding would leave it, and S would make that large.
 */
function independentDifferences(passes: readonly Pass[]): Float64Array[] | null {
  if (passes.length < 3) return null;
  const { gradient: reference } = passes[0]!;
  const rates = Array.from(reference, (x, j) => vector(passes.length - 1, (k) => passes[k + 1]!.gradient[j]! - x));
  const basis = orthonormal(rates);
  return basis.length === passes.length - 1 ? null : basis;
}

/** The projection of the vector on the span. */
function within(span: readonly Float64Array[] | null, whole: Float64Array): Float64Array {
  if (span === null) return whole;
  return combination(
    whole.length,
    span.map((unit) => dot(unit, whole)),
    span,
  );
}

/** The part of the vector that is orthogonal to the orthonormal basis. */
function project(basis: readonly Float64Array[], whole: Float64Array): Float64Array {
  const rest = whole.slice();
  for (let round = 0; round < 2; round++) for (const unit of basis) addTo(rest, -dot(unit, rest), unit);
  return rest;
}

/** The derivative of `rate` in the state, row by row; normals of slides are taken as constant. */
export function jacobian(regime: Regime, state: State, field: Field): Float64Array[] {
  const { model, pattern, loss } = regime;
  const { size } = model;
  const { passes, weights, gradient, free } = field;
  const y = state.subarray(0, size);
  const length = norm(gradient);
  const unit = gradient.map((x) => x / length);
  const flat = orthonormal(field.normals);
  const margins = carriedMargins(regime);
  const hessians = margins.map((margin) => hessian(model, margin, pattern[margin.sample]!, y));
  /** The column of every carried margin's Hessian, by parameter. */
  const bends = Array.from({ length: size }, (_, j) => hessians.map((rows) => rows[j]!));
  const scale = marginScale(regime);
  const reciprocals = loss === "exponential" ? null : reciprocalSlopes(margins, trueMargins(regime, passes));
  const groups = bySample(margins);

  // Column by column: the change of g, then of dθ/dτ, then of da/dτ.
  const columns = Array.from(state, (_, column) => {
    const k = column - size + 1;
    const change =
      column < size
        ? combination(size, weights, bends[column]!)
        : combination(size, [weights[k]!, -weights[k]!], [passes[k]!.gradient, free]);
    if (column < size && reciprocals !== null) {
      const slopes = new Float64Array(passes.length);
      for (const group of groups) {
        const slope = group.reduce((sum, i) => sum + (scale * passes[i]!.gradient[column]!) / reciprocals[i]!, 0);
        for (const i of group) slopes[i] = slope;
      }
      const mean = slopes.reduce((sum, slope, i) => sum + weights[i]! * slope, 0);
      passes.forEach((one, i) => {
        addTo(change, weights[i]! * (slopes[i]! - mean), one.gradient);
      });
    }
    const tangent = project([...flat, unit], change);
    const result = new Float64Array(state.length);
    for (let j = 0; j < size; j++) result[j] = tangent[j]! / length;
    return result;
  });
  const stiffness = Math.min(scale, MAX_STIFFNESS);
  const rate = field.rate.subarray(0, size);
  columns.forEach((column, j) => {
    const moved = column.subarray(0, size);
    const changes = vector(passes.length - 1, (k) => {
      const turn = j < size ? dot(hessians[k + 1]![j]!, rate) - dot(hessians[0]![j]!, rate) : 0;
      return turn + differenceDot(passes[k + 1]!.gradient, passes[0]!.gradient, moved);
    });
    column.set(scaled(-stiffness, within(field.independent, changes)), size);
  });
  return columns.map((_, row) => vector(columns.length, (j) => columns[j]![row]!));
}
