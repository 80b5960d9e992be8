/** The point that a run tends to, scaled to least margin 1, with its active samples and kinks. */

import { distance, dot, norm, scaled } from "../numeric/matrix.js";
import { kinksAt, reachOf } from "./approximate-kkt.js";
import { onParts } from "./conditions.js";
import { fieldAt } from "./field.js";
import { contradictions, type KktGuess, solved } from "./kkt-point.js";
import { forward, marginsAt, patternAt } from "./model.js";
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
/** The limit is as near as this to where the run ended, beside ‖θ‖. */
const NEAR = 1e-3;

/**
 * The limit of a run, or null where its KKT residual has not come down to the accuracy. From where the run ended, Newton's method goes to
 * the nearest KKT point with the same pattern, kinks and active margins; where there is none near by, the end of the run itself stands.
 */
export function limitOf({ end, result, accuracy }: FlowRun): FlowLimit | null {
  if (result.kktResidual === null || result.kktResidual > accuracy) return null;
  const { model } = end.regime;
  const start = guessAt(end);
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

/** What the end of a run suggests: its pattern and kinks, and the margins that hold it. */
export function guessAt({ regime, state }: Position): KktGuess {
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
function refined(start: KktGuess): Float64Array | null {
  const found = solved(start);
  if (found === null || distance(found.theta, start.theta) > NEAR * norm(found.theta)) return null;
  return contradictions(found).length === 0 ? found.theta : null;
}
