/** The point that a run tends to, scaled to least margin 1, with its active samples and kinks. */
import { kinksAt, reachOf } from "./approximate-kkt.js";
import { onParts } from "./conditions.js";
import { fieldAt, type Kink } from "./field.js";
import { addTo, combination, distance, dot, factor, joined, norm, scaled, vector } from "./matrix.js";
import {
  forward,
  hasKink,
  hessian,
  kinkNormal,
  type Model,
  marginsAt,
  type Pattern,
  passesAt,
  patternAt,
} from "./model.js";
import { type Position, weightsAt } from "./position.js";
import type { FlowRun } from "./run.js";

/** Samples and units count from 1, units through all hidden layers. */
export interface FlowLimit {
  /** In the order of the parameters, to 16 digits. */
  readonly point: readonly number[];
  /** The samples with a margin of 1. */
  readonly active: readonly number[];
  /** The units that are on a kink at an active sample, dead ones aside. */
  readonly kinks: readonly { readonly sample: number; readonly unit: number }[];
}

/** A margin counts as active, and a pre-activation as zero, below this; a unit as dead at this fraction of the point. */
const CLOSE = 1e-6;
/** A margin whose weight is below this does not hold the limit. */
const SUPPORT = 1e-9;
/** What is solved is zero up to this, beside ‖θ‖. */
const SOLVED = 1e-13;
/** The limit is as near as this to where the run ended, beside ‖θ‖. */
const NEAR = 1e-3;
/** Signs, multipliers and slopes may be on the wrong side by this. */
const ROUNDING = 1e-9;
/** Of the squares of the Jacobian's rows: where the limit is one of many, as neurons share, the correction is the shortest. */
const RIDGE = 1e-12;
const MAX_ROUNDS = 30;

/**
 * The limit of a run, or null where its KKT residual has not come down to the accuracy. From where the run ended, Newton's method goes to
 * the nearest KKT point with the same pattern, kinks and active margins; where there is none near by, the end of the run itself stands.
 */
export function limitOf({ end, result, accuracy }: FlowRun): FlowLimit | null {
  if (result.kktResidual === null || result.kktResidual > accuracy) return null;
  const { model } = end.regime;
  const start = unknownsAt(end);
  const point = refined(start) ?? start.theta;
  const margins = marginsAt(model, patternAt(model, point), point);
  const active = new Set(model.margins.flatMap(({ sample }, k) => (margins[k]! <= 1 + CLOSE ? [sample] : [])));
  const pattern = patternAt(model, point);
  const dead = CLOSE * norm(point);
  const kinks = [...active].flatMap((sample) => {
    const pass = forward(model, sample, pattern[sample]!, point);
    return kinksAt(model, pattern, point, CLOSE)[sample]!.filter(({ neuron }) => reachOf(model, pass, neuron) > dead);
  });
  return {
    point: [...point].map((x) => Number(x.toPrecision(16))),
    active: [...active].map((sample) => sample + 1),
    kinks: kinks.map(({ sample, neuron }) => ({ sample: sample + 1, unit: neuron + 1 })),
  };
}

/** A KKT point under a pattern: θ, λ of the margins that hold it, and σ' of the neurons on the kinks that it is on. */
interface Unknowns {
  readonly model: Model;
  /** The slopes at `kinks` in it do not count. */
  readonly pattern: Pattern;
  readonly kinks: readonly Kink[];
  /** The numbers of the margins. */
  readonly margins: readonly number[];
  readonly theta: Float64Array;
  readonly lambda: Float64Array;
  readonly slopes: Float64Array;
}

function unknownsAt({ regime, state }: Position): Unknowns {
  const { model, pattern, slides, carried } = regime;
  const y = weightsAt({ regime, state });
  const { weights, gradient } = fieldAt(regime, state);
  const least = Math.min(...marginsAt(model, pattern, y));
  const shrink = least ** (-1 / model.degree);
  const multiplier = (dot(y, gradient) / dot(gradient, gradient)) * shrink ** (2 - model.degree);
  const held = [...carried.keys()].filter((k) => weights[k]! > SUPPORT);
  const parts = onParts(regime, state);
  return {
    model,
    pattern,
    kinks: slides,
    margins: held.map((k) => carried[k]!),
    theta: scaled(shrink, y),
    lambda: Float64Array.from(held, (k) => multiplier * weights[k]!),
    slopes: Float64Array.from(slides, ({ neuron }, k) => {
      const { off } = model.neurons[neuron]!;
      return off + (1 - off) * parts[k]!;
    }),
  };
}

/** The θ of the KKT point that Newton's method finds, with zeros where rounding has left something; null where it finds none near by. */
function refined(start: Unknowns): Float64Array | null {
  let best = start;
  let least = norm(residual(start));
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = corrected(best);
    const size = norm(residual(next));
    if (!(size < least / 2)) break;
    [best, least] = [next, size];
  }
  const length = norm(best.theta);
  const isNear = distance(best.theta, start.theta) <= NEAR * length;
  if (!(least <= SOLVED * Math.max(1, length)) || !isNear || !isConsistent(best)) return null;
  return best.theta.map((x) => (Math.abs(x) <= SOLVED * length ? 0 : x));
}

/** The pattern with the slopes at the kinks. */
function patternOf({ pattern, kinks, slopes }: Unknowns): Pattern {
  return pattern.map((row, sample) =>
    kinks.reduce((own, kink, k) => (kink.sample === sample ? own.with(kink.neuron, slopes[k]!) : own), row),
  );
}

/** θ − Σ λ_i ∇q_i, then q_i − 1, then the pre-activations at the kinks. */
function residual(at: Unknowns): Float64Array {
  const { model, kinks, margins, theta, lambda } = at;
  const pattern = patternOf(at);
  const passes = passesAt(model, pattern, margins, theta);
  const stationarity = theta.slice();
  passes.forEach(({ gradient }, i) => {
    addTo(stationarity, -lambda[i]!, gradient);
  });
  const slack = Float64Array.from(passes, ({ margin }) => margin - 1);
  const zeros = Float64Array.from(
    kinks,
    ({ sample, neuron }) => forward(model, sample, pattern[sample]!, theta).pre[neuron]!,
  );
  return joined(stationarity, joined(slack, zeros));
}

/** After one step of Newton's method, the shortest where the system leaves a choice. */
function corrected(at: Unknowns): Unknowns {
  const { theta, lambda, slopes } = at;
  const rows = jacobian(at);
  const squares = rows.map((u) => Float64Array.from(rows, (v) => dot(u, v)));
  const ridge = RIDGE * Math.max(...squares.map((row, i) => row[i]!));
  squares.forEach((row, i) => {
    row[i]! += ridge;
  });
  const shares = residual(at);
  factor(squares)(shares);
  const step = combination(theta.length + lambda.length + slopes.length, shares, rows);
  const moved = (from: Float64Array, offset: number) => from.map((x, j) => x - step[offset + j]!);
  return {
    ...at,
    theta: moved(theta, 0),
    lambda: moved(lambda, theta.length),
    slopes: moved(slopes, theta.length + lambda.length),
  };
}

/** Of `residual`, row by row, in θ, λ and the slopes; pre-activations on kinks are zero, and so are their products with slopes. */
function jacobian(at: Unknowns): Float64Array[] {
  const { model, kinks, margins, theta, lambda } = at;
  const pattern = patternOf(at);
  const passes = passesAt(model, pattern, margins, theta);
  const hessians = margins.map((k) => {
    const margin = model.margins[k]!;
    return hessian(model, margin, pattern[margin.sample]!, theta);
  });
  // The gradient is affine in each slope alone.
  const turns = kinks.map(({ sample, neuron }) => {
    const steeper = pattern.map((row, i) => (i === sample ? row.with(neuron, row[neuron]! + 1) : row));
    const turned = passesAt(model, steeper, margins, theta);
    const turn = new Float64Array(model.size);
    margins.forEach((k, i) => {
      if (model.margins[k]!.sample !== sample) return;
      addTo(turn, lambda[i]!, turned[i]!.gradient);
      addTo(turn, -lambda[i]!, passes[i]!.gradient);
    });
    return turn;
  });
  const width = model.size + margins.length + kinks.length;
  const stationarity = Array.from({ length: model.size }, (_, j) => {
    const row = new Float64Array(width).with(j, 1);
    hessians.forEach((h, i) => {
      addTo(row.subarray(0, model.size), -lambda[i]!, h[j]!);
      row[model.size + i] = -passes[i]!.gradient[j]!;
    });
    turns.forEach((turn, k) => {
      row[model.size + margins.length + k] = -turn[j]!;
    });
    return row;
  });
  const zeros = kinks.map(({ sample, neuron }) => kinkNormal(model, sample, neuron, pattern[sample]!, theta));
  const padded = (u: Float64Array) => vector(width, (j) => u[j] ?? 0);
  return [...stationarity, ...passes.map(({ gradient }) => padded(gradient)), ...zeros.map(padded)];
}

/** Whether the solution is what it was solved for: multipliers, slopes, signs and the other margins are as they were assumed. */
function isConsistent(at: Unknowns): boolean {
  const { model, kinks, theta, lambda, slopes } = at;
  const pattern = patternOf(at);
  if (lambda.some((one) => one < -ROUNDING)) return false;
  if (marginsAt(model, pattern, theta).some((margin) => margin < 1 - ROUNDING)) return false;
  const isBetween = ({ neuron }: Kink, k: number) =>
    slopes[k]! >= model.neurons[neuron]!.off - ROUNDING && slopes[k]! <= 1 + ROUNDING;
  if (!kinks.every(isBetween)) return false;
  return pattern.every((row, sample) => {
    const pass = forward(model, sample, row, theta);
    return model.neurons.every((neuron, index) => {
      if (!hasKink(neuron) || kinks.some((kink) => kink.sample === sample && kink.neuron === index)) return true;
      const along = row[index] === 1 ? pass.pre[index]! : -pass.pre[index]!;
      return along >= -ROUNDING * (norm(theta) + reachOf(model, pass, index));
    });
  });
}
