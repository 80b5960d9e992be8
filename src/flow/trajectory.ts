/**
 * The flow from a start, with everything that happens on the way: kinks crossed or followed, margins whose weight becomes or
 * ceases to matter. Between events the regime is fixed and the field is smooth; events are located and then decided by the
 * differential inclusion.
 */

import { norm } from "../numeric/matrix.js";
import type { Loss } from "../problem/problem.js";
import { type Condition, conditionsAt, KINK, locate } from "./conditions.js";
import { type Conserved, evaluateForm } from "./conserved.js";
import { fieldAt, jacobian, type Kink, likeness, type Regime } from "./field.js";
import { forward, hasKink, type Model, patternAt } from "./model.js";
import { carryAll, carryToo, logNorm, normalised, type Position, push, weightsAt, withSlope } from "./position.js";
import { MAX_ITERATIONS, radauStep, type System } from "./radau.js";
import { restored } from "./restore.js";
import { impose, respects, type Ties, tiesOf } from "./symmetry.js";

export type EventKind = "switched-on" | "switched-off" | "slides";

export interface FlowEvent extends Kink {
  /** log‖θ‖ */
  readonly s: number;
  readonly kind: EventKind;
}

/** Why the flow cannot go on: the gradient has vanished, or no step is short enough. */
export class Halt extends Error {
  /** Whether it might, with more steps. */
  readonly isEarly: boolean;

  constructor(message: string, isEarly = false) {
    super(message);
    this.isEarly = isEarly;
  }
}

const RELATIVE = 1e-9;
const ABSOLUTE = 1e-10;
/** Of the log weights. */
const LOGARITHMIC = 1e-10;
const MIN_STEP = 1e-24;
const MAX_EVENTS = 10_000;
/** Steps that are tried. */
const MAX_TRIALS = 500_000;
/** How a flow is followed: its errors are so many times the ordinary ones, and so many steps are tried before it halts. */
export interface Thrift {
  readonly coarser: number;
  readonly trials: number;
}
const NO_THRIFT: Thrift = { coarser: 1, trials: MAX_TRIALS };
/** Gradients below this fraction of their bound by the inputs and frozen weights are zero. */
const REST = 1e-9;

/** A flow that has been started, and can be moved on. */
export interface Trajectory {
  readonly events: readonly FlowEvent[];
  /** Kinks of the start that the inclusion lets the flow leave or not. */
  readonly undecided: readonly Kink[];
  readonly position: () => Position;
  /** Moves on by a fraction of ‖θ‖ along the path; throws Halt. */
  readonly advance: (fraction: number) => void;
}

/**
 * The flow from a start, which is not zero and has the model's length; `forms` are conserved quantities to keep exactly. Everything that
 * changes on the way lives in here.
 */
export function trajectory(
  model: Model,
  loss: Loss,
  start: readonly number[],
  forms: readonly Conserved[] = [],
  { coarser, trials: most }: Thrift = NO_THRIFT,
): Trajectory {
  const theta = Float64Array.from(start);
  const exponent = Math.floor(Math.log2(norm(theta)));
  const y = theta.map((x) => x * 2 ** -exponent);
  const invariants = forms.map((form) => ({ form, value: evaluateForm(form, y).value, exponent }));
  const events: FlowEvent[] = [];
  const undecided: Kink[] = [];
  let trials = 0;
  let step = 1e-3;
  let ties: Ties = tiesOf(model, loss, y);
  let position = carryAll({
    regime: { model, loss, pattern: patternAt(model, y), slides: [], carried: [], exponent },
    state: y,
  });
  settleStart();

  /** At a start on kinks: leaves each of them to the side to which the flow pushes, off first; else follows it. */
  function settleStart(): void {
    for (const sample of model.inputs.keys()) {
      const { pre, scale } = forward(model, sample, position.regime.pattern[sample]!, weightsAt(position));
      model.neurons.forEach((neuron, number) => {
        if (!hasKink(neuron) || Math.abs(pre[number]!) > KINK * scale[number]!) return;
        const kink = { sample, neuron: number };
        const [off, on] = [push(position, kink, neuron.off), push(position, kink, 1)];
        if (off > 0) switchTo(kink, on > 0 ? "switched-on" : "slides");
        else if (on > 0) undecided.push(kink);
      });
    }
  }

  function switchTo(kink: Kink, kind: EventKind): void {
    const { regime, state } = position;
    const slides = regime.slides.filter(({ sample, neuron }) => sample !== kink.sample || neuron !== kink.neuron);
    const slope = kind === "switched-on" ? 1 : model.neurons[kink.neuron]!.off;
    position = {
      regime: {
        ...regime,
        pattern: withSlope(regime.pattern, kink, slope),
        slides: kind === "slides" ? [...slides, kink] : slides,
      },
      state,
    };
    events.push({ ...kink, s: logNorm(position), kind });
    if (events.length > MAX_EVENTS) throw new Halt(`more than ${MAX_EVENTS} events`, true);
  }

  function advance(fraction: number): void {
    let rest = fraction * norm(weightsAt(position));
    const end = 1e-12 * rest;
    while (rest > end) {
      ensureMoving(position);
      rest -= stepOn(rest);
      const before = position.regime.exponent;
      tidy();
      // Lengths are in units of 2^exponent.
      rest *= 2 ** (before - position.regime.exponent);
      step *= 2 ** (before - position.regime.exponent);
    }
  }

  /** One step, or less where something happens within it; its length, which is at most the given one. */
  function stepOn(longest: number): number {
    const { regime, state } = position;
    const here = systemOf(regime, coarser);
    const from = here.depart(state);
    const trial = (h: number) => {
      if (++trials > most) throw new Halt(`more than ${most} steps`, true);
      return radauStep(here, from, h);
    };
    let h = Math.min(step, longest);
    let next = trial(h);
    for (; next === null || next.error > 1; next = trial(h)) {
      h *= next === null ? 0.25 : Math.max(0.1, 0.8 * next.error ** -0.25);
      if (h < MIN_STEP) throw new Halt("no step is short enough: the gradient changes its direction at once");
    }
    const safety = (0.9 * (2 * MAX_ITERATIONS + 1)) / (2 * MAX_ITERATIONS + next.iterations);
    step = h * Math.min(8, safety * Math.max(next.error, 1e-8) ** -0.25);
    const broken = conditionsAt(regime, next.state).filter(({ value }) => value < -1);
    if (broken.length === 0) {
      position = { regime, state: next.state };
      return h;
    }
    const end = locate(regime, state, trial, h, broken);
    position = { regime, state: end.state };
    end.touched.forEach(happen);
    step = Math.min(step, Math.max(end.h, 1e-6));
    return end.h;
  }

  function happen(condition: Condition): void {
    if (condition.kind === "kink") cross(condition.kink, condition.on);
    else if (condition.kind === "slide") switchTo(condition.kink, condition.ends);
    else position = carryToo(position, condition.margin);
  }

  /** A pre-activation has reached zero: it goes on through, or the flow follows the kink. */
  function cross(kink: Kink, wasOn: boolean): void {
    const onward = push(position, kink, wasOn ? model.neurons[kink.neuron]!.off : 1);
    // Where the other side does not push at all (a neuron that is off on every sample), it is where the flow stays.
    if (wasOn) switchTo(kink, onward <= 0 ? "switched-off" : "slides");
    else switchTo(kink, onward >= 0 ? "switched-on" : "slides");
  }

  /** Keeps the numbers in range, only margins that matter, and the structure of the flow. */
  function tidy(): void {
    const field = fieldAt(position.regime, position.state);
    if (!respects(ties, field.gradient)) ties = tiesOf(model, loss, weightsAt(position));
    const next = normalised(position, field);
    if (next === null) throw new Halt("the weights have vanished");
    position = { ...next, state: restored(next.regime, next.state, invariants) };
    impose(ties, weightsAt(position));
  }

  return { events, undecided, position: () => position, advance };
}

function systemOf(regime: Regime, coarser: number): System {
  const { size } = regime.model;
  return {
    rate: (at) => fieldAt(regime, at).rate,
    depart: (state) => {
      const field = fieldAt(regime, state);
      const absolute = coarser * ABSOLUTE * norm(state.subarray(0, size));
      const [reference, ...others] = field.passes.map(({ gradient }) => gradient);
      const tolerance = state.map((x, j) => {
        if (j < size) return absolute + coarser * RELATIVE * Math.abs(x);
        return coarser * LOGARITHMIC * Math.max(1, likeness(others[j - size]!, reference!));
      });
      return { state, rate: field.rate, jacobian: jacobian(regime, state, field), tolerance };
    },
  };
}

/** By Euler's relation only a flow that does not separate the data can come to rest. */
function ensureMoving(position: Position): void {
  const { model } = position.regime;
  const { gradient, passes } = fieldAt(position.regime, position.state);
  const speed = norm(gradient) / (model.steepness * norm(weightsAt(position)) ** (model.degree - 1));
  if (!(speed > REST) && passes.some(({ margin }) => margin <= 0)) throw new Halt("the gradient vanishes");
}
