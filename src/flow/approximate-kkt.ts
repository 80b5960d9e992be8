/**
 * How nearly a point is a KKT point of (P), in floating point, as Lyu and Li (2019) measure it: an (ε, δ)-KKT point has multipliers λ ≥ 0
 * and Clarke subgradients g_i of the margins q_i with ‖θ − Σ λ_i g_i‖ ≤ ε, and Σ λ_i (q_i − 1) ≤ δ.
 */

import { combination, distance, dot, joined, norm, scaled } from "../numeric/matrix.js";
import type { Kink } from "./field.js";
import { type Forward, forward, hasKink, type Model, type Pattern, passesAt, patternAt } from "./model.js";
import { nonNegativeLeastSquares } from "./non-negative.js";

export interface ApproximateKkt {
  /** c of θ̂ = cθ, whose least margin is 1. */
  readonly scale: number;
  /** ‖θ̂‖: at a KKT point its square is L Σ λ_i. */
  readonly norm: number;
  /** ‖θ̂ − Σ λ_i g_i‖ at the best λ ≥ 0 and g_i. */
  readonly epsilon: number;
  /** Σ λ_i (q_i − 1) there. */
  readonly delta: number;
  /** λ, one per margin of the model. */
  readonly multipliers: Float64Array;
}

export interface Allowance {
  /**
   * A pre-activation below this fraction of the lengths of its weights and inputs counts as a kink: by default what rounding leaves of one.
   * With more, the subgradients are those near θ, not only at it.
   */
  readonly kink?: number;
  /** ε² + (this δ)² is made least: by default so small that it only decides between multipliers of the same ε. */
  readonly slack?: number;
}

const KINK = 1e-12;
const SLACK = 1e-3;
/** Relative to θ̂: a subgradient that gains less is not taken in. */
const GAIN = 1e-13;
const MAX_ROUNDS = 1000;

/** A subgradient of a margin, with its slack below: a column of the least squares. */
interface Subgradient {
  readonly margin: number;
  readonly column: Float64Array;
}

/**
 * The least ε, and the least δ beside it, of θ scaled to least margin 1; null where a margin is not positive.
 *
 * Each kink is taken to have its sides freely, as it has where the gradients of a sample's kinks are independent; else ε is a lower bound.
 * With kinks above each other the best sides are found by ascent, one at a time.
 */
export function approximateKkt(
  model: Model,
  theta: Float64Array,
  { kink = KINK, slack: weight = SLACK }: Allowance = {},
): ApproximateKkt | null {
  const pattern = patternAt(model, theta);
  const numbers = [...model.margins.keys()];
  const values = passesAt(model, pattern, numbers, theta).map(({ margin }) => margin);
  const least = Math.min(...values);
  if (!(least > 0)) return null;
  const scale = least ** (-1 / model.degree);
  const point = scaled(scale, theta);
  const slack = Float64Array.from(values, (value) => value / least - 1);
  const kinks = kinksAt(model, pattern, point, kink);
  const subgradient = (margin: number, slopes: Pattern): Subgradient => {
    const [pass] = passesAt(model, slopes, [margin], point);
    return { margin, column: joined(pass!.gradient, Float64Array.of(weight * slack[margin]!)) };
  };
  const target = joined(point, Float64Array.of(0));
  const columns = numbers.map((margin) => subgradient(margin, pattern));
  let weights: Float64Array = new Float64Array(0);
  for (let round = 0; ; round++) {
    const vectors = columns.map(({ column }) => column);
    weights = nonNegativeLeastSquares(vectors, target, weights);
    const sum = combination(target.length, weights, vectors);
    const rest = target.map((x, j) => x - sum[j]!);
    const better = numbers.flatMap((margin) => {
      const found = steepest(model, pattern, kinks[model.margins[margin]!.sample]!, (slopes) => {
        const candidate = subgradient(margin, slopes);
        return { candidate, gain: dot(candidate.column, rest) };
      });
      return found !== null && found.gain > GAIN * norm(found.candidate.column) * norm(point) ? [found.candidate] : [];
    });
    const fresh = better.filter(({ margin, column }) =>
      columns.every((one) => one.margin !== margin || distance(one.column, column) > GAIN * norm(column)),
    );
    if (fresh.length === 0 || round === MAX_ROUNDS) {
      const multipliers = new Float64Array(numbers.length);
      columns.forEach(({ margin }, k) => {
        multipliers[margin]! += weights[k]!;
      });
      const epsilon = norm(rest.subarray(0, model.size));
      return { scale, norm: norm(point), epsilon, delta: dot(multipliers, slack), multipliers };
    }
    columns.push(...fresh);
  }
}

/** The sides of a sample's kinks from which the rest gains most, beginning at the given ones; null without kinks. */
function steepest<T extends { readonly gain: number }>(
  model: Model,
  pattern: Pattern,
  kinks: readonly Kink[],
  evaluate: (slopes: Pattern) => T,
): T | null {
  if (kinks.length === 0) return null;
  let slopes = pattern;
  let best = evaluate(slopes);
  for (let changed = true; changed; ) {
    changed = false;
    for (const { sample, neuron } of kinks) {
      const other = slopes[sample]![neuron] === 1 ? model.neurons[neuron]!.off : 1;
      const turned = slopes.map((row, i) => (i === sample ? row.with(neuron, other) : row));
      const found = evaluate(turned);
      if (found.gain <= best.gain) continue;
      [slopes, best, changed] = [turned, found, true];
    }
  }
  return best;
}

/**
 * Per sample the hidden neurons on a kink at θ: pre-activations below the fraction `kink` of the lengths of their weights and inputs. A neuron
 * whose weights or inputs are zero is on a kink at every sample.
 */
export function kinksAt(model: Model, pattern: Pattern, theta: Float64Array, kink: number): Kink[][] {
  return pattern.map((slopes, sample) => {
    const pass = forward(model, sample, slopes, theta);
    return model.neurons.flatMap((neuron, index) =>
      hasKink(neuron) && Math.abs(pass.pre[index]!) <= kink * reachOf(model, pass, index)
        ? [{ sample, neuron: index }]
        : [],
    );
  });
}

/** ‖weights‖ ‖inputs‖ of a hidden neuron: what its pre-activation could be at most. */
export function reachOf(model: Model, { weights, values }: Forward, neuron: number): number {
  const { layer, unit } = model.neurons[neuron]!;
  const row = model.layers[layer]![unit]!;
  const length = (value: (k: number) => number) => Math.hypot(...row.map((_, k) => value(k)));
  return length((k) => weights[row[k]!.weight]!) * length((k) => values[layer]![row[k]!.from]!);
}
