/**
 * The flow from a start, with everything that happens on the way: kinks crossed or followed, samples whose weight becomes or
 * ceases to matter. Between events the regime is fixed and the field is smooth; events are located and then decided by the
 * differential inclusion.
 */
import type { Loss } from "../problem/problem.js";
import { type Condition, conditionsAt, JOIN, KINK, locate } from "./conditions.js";
import { type Conserved, evaluateForm } from "./conserved.js";
import { fieldAt, jacobian, type Kink, logDifference, marginScale, type Regime, type State } from "./field.js";
import { dot, norm } from "./matrix.js";
import { kinkNormal, type Model, pass, patternAt } from "./model.js";
import { depart, MAX_ITERATIONS, radauStep, type System } from "./radau.js";
import { restored } from "./restore.js";
import { impose, respects, type Ties, tiesOf } from "./symmetry.js";

export type EventKind = "switched-on" | "switched-off" | "slides";

export interface FlowEvent extends Kink {
  /** log‖θ‖ */
  readonly s: number;
  readonly kind: EventKind;
}

/** Where the flow is. */
export interface Position {
  readonly regime: Regime;
  readonly state: State;
}

/** Why the flow cannot go on: the gradient has vanished, or no step is short enough. */
export class Halt extends Error {}

const RELATIVE = 1e-9;
const ABSOLUTE = 1e-10;
/** Of the log weights. */
const LOGARITHMIC = 1e-10;
const MIN_STEP = 1e-24;
const MAX_EVENTS = 10_000;
const MAX_STEPS = 200_000;
/** A sample is carried while its log weight, relative to the largest, is above this. */
const DROP = -80;
/** Gradients below this fraction of their bound by the inputs are zero. */
const REST = 1e-9;
/** While margins are below this, their differences are exact from θ, and the log weights are set by them. */
const RESOLVED = 1e3;

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
): Trajectory {
  const theta = Float64Array.from(start);
  const exponent = Math.floor(Math.log2(norm(theta)));
  const y = theta.map((x) => x * 2 ** -exponent);
  const largestInput = Math.max(...model.inputs.map(norm));
  const every = model.inputs.map((_, sample) => sample);
  const invariants = forms.map((form) => ({ form, value: evaluateForm(form, y).value, exponent }));
  const events: FlowEvent[] = [];
  const undecided: Kink[] = [];
  let steps = 0;
  let step = 1e-3;
  let ties: Ties = tiesOf(model, y);
  let regime: Regime = { model, loss, pattern: patternAt(model, y), slides: [], carried: every, exponent };
  let state: State = y;
  carryAll();
  settleStart();

  /** Carries every sample anew, at the log weights that θ gives. */
  function carryAll(): void {
    const here = state.subarray(0, model.size);
    const scale = marginScale(regime);
    const margins = every.map((sample) => pass(model, sample, regime.pattern[sample]!, here).margin);
    const least = Math.min(...margins);
    const carried = every
      .filter((i) => scale * (least - margins[i]!) > DROP)
      .sort((i, j) => margins[i]! - margins[j]! || i - j);
    regime = { ...regime, carried };
    state = Float64Array.from([...here, ...carried.slice(1).map((i) => -scale * (margins[i]! - least))]);
  }

  /** At a start on kinks: leaves each of them to the side to which the flow pushes, off first; else follows it. */
  function settleStart(): void {
    const here = state.subarray(0, model.size);
    for (const sample of every) {
      const { pre, scale } = pass(model, sample, regime.pattern[sample]!, here);
      pre.forEach((value, neuron) => {
        if (scale[neuron] === 0 || Math.abs(value) > KINK * scale[neuron]! || model.off === 1) return;
        const kink = { sample, neuron };
        const [off, on] = [push(kink, model.off), push(kink, 1)];
        if (off > 0) switchTo(kink, on > 0 ? "switched-on" : "slides");
        else if (on > 0) undecided.push(kink);
      });
    }
  }

  /** The rate of a pre-activation at its kink, if the neuron has the given slope there. */
  function push(kink: Kink, slope: number): number {
    const trial = { ...regime, pattern: withSlope(regime.pattern, kink, slope) };
    const normal = kinkNormal(
      model,
      kink.sample,
      kink.neuron,
      trial.pattern[kink.sample]!,
      state.subarray(0, model.size),
    );
    return dot(normal, fieldAt(trial, state).gradient);
  }

  function switchTo(kink: Kink, kind: EventKind): void {
    const slides = regime.slides.filter(({ sample, neuron }) => sample !== kink.sample || neuron !== kink.neuron);
    regime = {
      ...regime,
      pattern: withSlope(regime.pattern, kink, kind === "switched-on" ? 1 : model.off),
      slides: kind === "slides" ? [...slides, kink] : slides,
    };
    events.push({ ...kink, s: logNorm({ regime, state }), kind });
    if (events.length > MAX_EVENTS) throw new Halt(`more than ${MAX_EVENTS} events`);
  }

  function system(): System {
    const { size } = model;
    return {
      rate: (at) => fieldAt(regime, at).rate,
      jacobian: (at) => jacobian(regime, at, fieldAt(regime, at)),
      tolerance: (at) => {
        const absolute = ABSOLUTE * norm(at.subarray(0, size));
        return at.map((x, j) => (j < size ? absolute + RELATIVE * Math.abs(x) : LOGARITHMIC));
      },
    };
  }

  function advance(fraction: number): void {
    let rest = fraction * norm(state.subarray(0, model.size));
    const end = 1e-12 * rest;
    while (rest > end) {
      ensureMoving();
      if (++steps > MAX_STEPS) throw new Halt(`more than ${MAX_STEPS} steps`);
      const here = system();
      const from = depart(here, state);
      const trial = (h: number) => radauStep(here, from, h);
      let h = Math.min(step, rest);
      let next = trial(h);
      for (; next === null || next.error > 1; next = trial(h)) {
        h *= next === null ? 0.25 : Math.max(0.1, 0.8 * next.error ** -0.25);
        if (h < MIN_STEP) throw new Halt("no step is short enough: the gradient changes its direction at once");
      }
      const safety = (0.9 * (2 * MAX_ITERATIONS + 1)) / (2 * MAX_ITERATIONS + next.iterations);
      step = h * Math.min(8, safety * Math.max(next.error, 1e-8) ** -0.25);

      const broken = conditionsAt(regime, next.state).filter(({ value }) => value < -1);
      if (broken.length === 0) state = next.state;
      else {
        const end = locate(regime, state, trial, h, broken);
        h = end.h;
        state = end.state;
        end.touched.forEach(happen);
        step = Math.min(step, Math.max(h, 1e-6));
      }
      rest -= h;
      const before = regime.exponent;
      tidy();
      // Lengths are in units of 2^exponent.
      rest *= 2 ** (before - regime.exponent);
      step *= 2 ** (before - regime.exponent);
    }
  }

  /** By Euler's relation only a flow that does not separate the data can come to rest. */
  function ensureMoving(): void {
    const { gradient, passes } = fieldAt(regime, state);
    const speed = norm(gradient) / (largestInput * norm(state.subarray(0, model.size)) ** (model.degree - 1));
    if (!(speed > REST) && passes.some(({ margin }) => margin <= 0)) throw new Halt("the gradient vanishes");
  }

  function happen(condition: Condition): void {
    if (condition.kind === "kink") cross(condition.kink, condition.on);
    else if (condition.kind === "slide") switchTo(condition.kink, condition.ends);
    else {
      regime = { ...regime, carried: [...regime.carried, condition.sample] };
      state = Float64Array.from([...state, JOIN]);
    }
  }

  /** A pre-activation has reached zero: it goes on through, or the flow follows the kink. */
  function cross(kink: Kink, wasOn: boolean): void {
    const onward = push(kink, wasOn ? model.off : 1);
    // Where the other side does not push at all (a neuron that is off on every sample), it is where the flow stays.
    if (wasOn) switchTo(kink, onward <= 0 ? "switched-off" : "slides");
    else switchTo(kink, onward >= 0 ? "switched-on" : "slides");
  }

  /** Keeps ‖y‖ near 1, the heaviest sample as the reference, only samples that matter, and the structure of the flow. */
  function tidy(): void {
    let y = state.slice(0, model.size);
    if (!respects(ties, fieldAt(regime, state).gradient)) ties = tiesOf(model, y);
    const logs = regime.carried.map((sample, k) => ({ sample, log: logDifference(regime, state, k) }));
    const shift = Math.floor(Math.log2(norm(y)));
    if (!Number.isFinite(shift)) throw new Halt("the weights have vanished");
    if (shift !== 0) {
      y = y.map((x) => x * 2 ** -shift);
      regime = { ...regime, exponent: regime.exponent + shift };
    }
    state = y;
    const [reference] = regime.carried;
    const { margin } = pass(model, reference!, regime.pattern[reference!]!, y);
    if (Math.abs(marginScale(regime) * margin) < RESOLVED) carryAll();
    else {
      const top = logs.reduce((best, one) => (one.log > best.log ? one : best));
      // The reference changes only when it must: a tie would have it change at every step.
      const first = top.log > 2 ? top : logs[0]!;
      const kept = logs.filter((one) => one !== first && one.log - first.log > DROP);
      regime = { ...regime, carried: [first.sample, ...kept.map(({ sample }) => sample)] };
      state = Float64Array.from([...y, ...kept.map(({ log }) => log - first.log)]);
    }
    state = restored(regime, state, invariants);
    impose(ties, state.subarray(0, model.size));
  }

  return { events, undecided, position: () => ({ regime, state }), advance };
}

function withSlope(pattern: Regime["pattern"], { sample, neuron }: Kink, slope: number): Float64Array[] {
  return pattern.map((slopes, i) => (i === sample ? slopes.with(neuron, slope) : (slopes as Float64Array)));
}

/** s = log‖θ‖ */
export function logNorm({ regime, state }: Pick<Position, "regime" | "state">): number {
  return Math.log(norm(state.subarray(0, regime.model.size))) + regime.exponent * Math.LN2;
}
