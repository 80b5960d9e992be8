/**
 * The vector field of the flow, in a form that survives both the stiffness and the cancellation of huge margins.
 *
 * The path of dθ/dt = −∇L does not depend on the clock. With weights p_i ∝ −ℓ'(q_i), Σp_i = 1, and g = Σ p_i ∇q_i we
 * run it by its length:
 *
 *     dθ/dτ = g/‖g‖.
 *
 * Unlike s = log‖θ‖ this clock also runs where margins are negative and θ shrinks. A straight ray is linear in it, so near the
 * limit a step may be as long as the whole path before it, with no error at all. A parameter without gradient (a dead neuron)
 * does not move, not even by rounding.
 *
 * At large ‖θ‖ the weights p cannot be had from θ: the differences q_i − q_k stay of order 1 while the margins themselves are beyond
 * 10^16. So they are variables of their own, a_i = q_r − q_i for a reference sample r, with
 *
 *     da_i/dτ = −(∇q_i − ∇q_r)·dθ/dτ,    p = softmax(a),
 *
 * which is a stiff system: the weights relax at a rate that grows like S = ‖θ‖^m. An implicit stiffly accurate method then
 * finds the equilibrium p by itself (there the path is that of the differential inclusion of the smallest margin), and in it
 * an error of rounding in ∇q_i·dθ/dτ is an error of the same size in p: nothing cancels. Past S = 10^13 the equilibrium is
 * exact to rounding, so the stiffness is held there.
 *
 * Of three formulations the third is kept (`bench/flow.ts` runs the first beside it). An explicit adaptive Runge–Kutta method is
 * held by stability to steps of 1/S: its time grows like log(1/L), and with two samples or more it is spent near 10^5. The implicit
 * method with p computed from θ has no such limit, but the rounding of margins does not let its steps be accepted from about 10^8
 * on, and leaves a KKT residual near 10^{−8}. With a as variables the reach has no limit but the largest floating-point number, and
 * the direction none but its own rounding, 10^{−15}.
 *
 * θ is held as y·2^k with ‖y‖ near 1; only S = 2^{km} ever sees k. Margins and gradients below are those of y.
 */

import type { Loss } from "../problem/problem.js";
import { addTo, combination, dot, norm, orthonormal, scaled } from "./matrix.js";
import { hessian, kinkNormal, type Model, type Pass, type Pattern, pass } from "./model.js";

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
  /** The samples whose weight is not negligible; the first is the reference r. */
  readonly carried: readonly number[];
  /** k of θ = y·2^k. */
  readonly exponent: number;
}

/** y, followed by a_i for each carried sample but the first. */
export type State = Float64Array;

export interface Field {
  readonly rate: State;
  /** Of the carried samples, in their order. */
  readonly passes: readonly Pass[];
  readonly weights: Float64Array;
  /** g, projected on the tangent space of the slides: the element of the subdifferential that the flow follows. */
  readonly gradient: Float64Array;
  /** The gradient before the projection. */
  readonly free: Float64Array;
  readonly normals: readonly Float64Array[];
  readonly independent: readonly Float64Array[] | null;
}

const MAX_STIFFNESS = 1e13;

/** S = 2^{km}: what the margins of y are to be multiplied by to give those of θ. */
export function marginScale({ model, exponent }: Regime): number {
  return 2 ** (exponent * model.degree);
}

export function fieldAt(regime: Regime, state: State): Field {
  const { model, pattern, carried, slides } = regime;
  const y = state.subarray(0, model.size);
  const passes = carried.map((sample) => pass(model, sample, pattern[sample]!, y));
  const logits = Float64Array.from(carried, (_, k) => logDifference(regime, state, k) + logSlope(regime, passes[k]!));
  const top = Math.max(...logits);
  const heights = logits.map((logit) => Math.exp(logit - top));
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
  const differences = Float64Array.from(passes.slice(1), (one) =>
    differenceDot(one.gradient, passes[0]!.gradient, gradient),
  );
  rate.set(scaled(-stiffness * speed, within(independent, differences)), model.size);
  return { rate, passes, weights, gradient, free, normals, independent };
}

/** a of the k-th carried sample. */
export function logDifference({ model }: Regime, state: State, k: number): number {
  return k === 0 ? 0 : state[model.size + k - 1]!;
}

/** log(−ℓ'(q)) + q, at the true margin q. */
function logSlope(regime: Regime, { margin }: Pass): number {
  if (regime.loss === "exponential") return 0;
  const q = marginScale(regime) * margin;
  return q > 0 ? -Math.log1p(Math.exp(-q)) : q - Math.log1p(Math.exp(q));
}

/** (u − v)·w */
function differenceDot(u: Float64Array, v: Float64Array, w: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < w.length; j++) sum += (u[j]! - v[j]!) * w[j]!;
  return sum;
}

/**
 * Where gradients depend on each other (tied samples in a plane, say), so do the margins' rates: their span, orthonormal, or null for
 * all of it. Rounding would leave it, and S would make that large.
 */
function independentDifferences(passes: readonly Pass[]): Float64Array[] | null {
  if (passes.length < 3) return null;
  const rates = Array.from(passes[0]!.gradient, (reference, j) =>
    Float64Array.from(passes.slice(1), ({ gradient }) => gradient[j]! - reference),
  );
  const basis = orthonormal(rates);
  return basis.length === passes.length - 1 ? null : basis;
}

/** The projection of the vector on the span. */
function within(span: readonly Float64Array[] | null, vector: Float64Array): Float64Array {
  if (span === null) return vector;
  return combination(
    vector.length,
    span.map((unit) => dot(unit, vector)),
    span,
  );
}

/** The part of the vector that is orthogonal to the orthonormal basis. */
function project(basis: readonly Float64Array[], vector: Float64Array): Float64Array {
  const rest = Float64Array.from(vector);
  for (let round = 0; round < 2; round++) for (const unit of basis) addTo(rest, -dot(unit, rest), unit);
  return rest;
}

/** The derivative of `rate` in the state, row by row; normals of slides are taken as constant. */
export function jacobian(regime: Regime, state: State, field: Field): Float64Array[] {
  const { model, pattern, carried, loss } = regime;
  const { size } = model;
  const { passes, weights, gradient, free } = field;
  const y = state.subarray(0, size);
  const length = norm(gradient);
  const unit = gradient.map((x) => x / length);
  const flat = orthonormal(field.normals);
  const hessians = carried.map((sample) => hessian(model, sample, pattern[sample]!, y));
  /** The column of every carried sample's Hessian, by parameter. */
  const bends = Array.from({ length: size }, (_, j) => hessians.map((rows) => rows[j]!));
  const scale = marginScale(regime);

  // Column by column: the change of g, then of dθ/dτ, then of da/dτ.
  const columns = Array.from(state, (_, column) => {
    const k = column - size + 1;
    const change =
      column < size
        ? combination(size, weights, bends[column]!)
        : combination(size, [weights[k]!, -weights[k]!], [passes[k]!.gradient, free]);
    if (column < size && loss === "logistic") {
      const slopes = passes.map(({ margin, gradient: g }) => (scale * g[column]!) / (1 + Math.exp(scale * margin)));
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
    const changes = Float64Array.from(passes.slice(1), ({ gradient: g }, k) => {
      const turn = j < size ? dot(hessians[k + 1]![j]!, rate) - dot(hessians[0]![j]!, rate) : 0;
      return turn + differenceDot(g, passes[0]!.gradient, column.subarray(0, size));
    });
    column.set(scaled(-stiffness, within(field.independent, changes)), size);
  });
  return columns.map((_, row) => Float64Array.from(columns, (column) => column[row]!));
}
