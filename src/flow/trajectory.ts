/**
 * The flow from a start, with everything that happens on the way: kinks crossed or followed, samples whose weight becomes or
 * ceases to matter. Between events the regime is fixed and the field is smooth; events are located and then decided by the
 * differential inclusion (semantics §7).
 */
import type { Loss } from "../problem/problem.js";
import { type Conserved, evaluateForm, formGradient } from "./conserved.js";
import { fieldAt, jacobian, type Kink, logDifference, marginScale, type Regime, type State } from "./field.js";
import { addTo, combination, dot, factor, norm, scaled } from "./matrix.js";
import { kinkNormal, type Model, pass, patternAt } from "./model.js";
import { depart, MAX_ITERATIONS, radauStep, type System } from "./radau.js";
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
/** A pre-activation counts as zero below this fraction of its terms, and of a hundredth of what its terms could be. */
const KINK = 1e-13;
/** Regularisation of the correction that restores what is conserved. */
const RIDGE = 1e-10;
const MAX_STEPS = 200_000;
/** A sample is carried while its weight is above e^{−80} of the largest, and taken back at e^{−50}. */
const DROP = 80;
const JOIN = 50;
/** Gradients below this fraction of their bound by the inputs are zero. */
const REST = 1e-9;
/** Margins of y below this many ulps of each other cannot be told apart. */
const ROUNDING = 2 ** -46;
/** While margins are below this, their differences are exact from θ, and the log weights are set by them. */
const RESOLVED = 1e3;

export interface Trajectory {
  readonly events: readonly FlowEvent[];
  readonly position: () => Position;
  /** Moves on by a fraction of ‖θ‖ along the path; throws Halt. */
  readonly advance: (fraction: number) => void;
}

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
  const conserved = forms.map((form) => ({ form, value: evaluateForm(form, y).value }));
  const events: FlowEvent[] = [];
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
      .filter((i) => scale * (margins[i]! - least) < DROP)
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
        if (push(kink, model.off) <= 0) return;
        if (push(kink, 1) > 0) switchTo(kink, "switched-on");
        else switchTo(kink, "slides");
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

      const broken = conditions(next.state).filter(({ value }) => value < -1);
      if (broken.length > 0) {
        const located = locate(trial, h, broken);
        h = located.h;
        state = located.state;
        const now = conditions(state).filter((one) => broken.some(({ id }) => id === one.id));
        const least = Math.min(...now.map(({ value }) => value));
        for (const { value, happen } of now) if (value <= Math.max(1, least)) happen();
        step = Math.min(step, Math.max(h, 1e-6));
      } else {
        state = next.state;
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

  /** The first h in (0, h] at which the least condition is met with equality, by the Illinois method. */
  function locate(
    trial: (h: number) => { state: State } | null,
    h: number,
    broken: readonly Condition[],
  ): { h: number; state: State } {
    const ids = new Set(broken.map(({ id }) => id));
    const least = (at: State) => Math.min(...conditions(at).flatMap(({ id, value }) => (ids.has(id) ? [value] : [])));
    let [low, high] = [0, h];
    let [atLow, atHigh] = [least(state), Math.min(...broken.map(({ value }) => value))];
    if (atLow <= 1) return { h: 0, state };
    let found = { h: 0, state };
    for (let round = 0; round < 200 && high - low > 1e-15 * high; round++) {
      const secant = high - ((high - low) * atHigh) / (atHigh - atLow);
      const middle = secant > low && secant < high && round % 8 !== 7 ? secant : (low + high) / 2;
      const candidate = trial(middle);
      const value = candidate === null ? -2 : least(candidate.state);
      if (candidate !== null && value >= -1) found = { h: middle, state: candidate.state };
      if (Math.abs(value) <= 1) break;
      if (value > 0) {
        [low, atLow, atHigh] = [middle, value, atHigh / 2];
      } else {
        [high, atHigh, atLow] = [middle, value, atLow / 2];
      }
    }
    return found;
  }

  interface Condition {
    readonly id: string;
    /** Not negative while the regime holds, in units of what is taken as zero. */
    readonly value: number;
    readonly happen: () => void;
  }

  function conditions(at: State): Condition[] {
    const here = at.subarray(0, model.size);
    const radius = norm(here);
    const result: Condition[] = [];
    const passes = every.map((sample) => pass(model, sample, regime.pattern[sample]!, here));
    if (model.off !== 1) {
      for (const sample of every) {
        const { pre, scale } = passes[sample]!;
        pre.forEach((value, neuron) => {
          if (scale[neuron] === 0 || slideIndex({ sample, neuron }) >= 0) return;
          const on = regime.pattern[sample]![neuron] === 1;
          const relative = value / (KINK * (scale[neuron]! + bound(sample, neuron, radius) / 100));
          result.push({
            id: `kink ${sample} ${neuron}`,
            value: on ? relative : -relative,
            happen: () => cross({ sample, neuron }, on),
          });
        });
      }
    }
    result.push(...slideConditions(at));
    const scale = marginScale(regime);
    const reference = passes[regime.carried[0]!]!.margin;
    const noise = ROUNDING * Math.abs(reference);
    for (const sample of every) {
      if (regime.carried.includes(sample)) continue;
      const lead = passes[sample]!.margin - reference;
      result.push({
        id: `sample ${sample}`,
        value: (scale * (lead + noise) - JOIN) / (10 + scale * noise),
        happen: () => join(sample),
      });
    }
    return result;
  }

  /** What a pre-activation can be at most, up to the size of σ'. */
  function bound(sample: number, neuron: number, radius: number): number {
    return norm(model.inputs[sample]!) * radius ** (model.neurons[neuron]!.layer + 1);
  }

  function slideIndex(kink: Kink): number {
    return regime.slides.findIndex(({ sample, neuron }) => sample === kink.sample && neuron === kink.neuron);
  }

  /** Following a kink asks that some convex combination of its two sides moves along it. */
  function slideConditions(at: State): Condition[] {
    const { slides, carried } = regime;
    if (slides.length === 0) return [];
    const { free, normals, weights, passes } = fieldAt(regime, at);
    const solve = factor(normals.map((n) => Float64Array.from(normals, (other) => dot(n, other))));
    const parts = Float64Array.from(normals, (n) => -dot(n, free));
    solve(parts);
    return slides.flatMap((kink, k) => {
      const place = carried.indexOf(kink.sample);
      const jump = place < 0 ? 0 : weights[place]! * passes[place]!.influence[kink.neuron]! * (1 - model.off);
      const on = parts[k]! / jump;
      const id = `slide ${kink.sample} ${kink.neuron}`;
      return [
        { id: `${id} off`, value: on / 1e-9, happen: () => switchTo(kink, "switched-off") },
        { id: `${id} on`, value: (1 - on) / 1e-9, happen: () => switchTo(kink, "switched-on") },
      ];
    });
  }

  /** A pre-activation has reached zero: it goes on through, or the flow follows the kink. */
  function cross(kink: Kink, wasOn: boolean): void {
    const onward = push(kink, wasOn ? model.off : 1);
    // Where the other side does not push at all (a neuron that is off on every sample), it is where the flow stays.
    if (wasOn) switchTo(kink, onward <= 0 ? "switched-off" : "slides");
    else switchTo(kink, onward >= 0 ? "switched-on" : "slides");
  }

  function join(sample: number): void {
    regime = { ...regime, carried: [...regime.carried, sample] };
    state = Float64Array.from([...state, -JOIN]);
  }

  /** Keeps ‖y‖ near 1, the ties exact, the heaviest sample as the reference, and only samples that matter. */
  function tidy(): void {
    const { size } = model;
    let here = state.slice(0, size);
    if (!respects(ties, fieldAt(regime, state).gradient)) ties = tiesOf(model, here);
    impose(ties, here);
    const shift = Math.floor(Math.log2(norm(here)));
    if (!Number.isFinite(shift)) throw new Halt("the weights have vanished");
    if (shift !== 0) {
      regime = { ...regime, exponent: regime.exponent + shift };
      here = here.map((x) => x * 2 ** -shift);
    }
    const scale = marginScale(regime);
    const logs = regime.carried.map((sample, k) => ({ sample, log: logDifference(regime, state, k) }));
    state = here;
    const margin = pass(model, regime.carried[0]!, regime.pattern[regime.carried[0]!]!, here).margin;
    if (Math.abs(scale * margin) < RESOLVED) {
      carryAll();
      restore();
      return;
    }
    const top = logs.reduce((best, one) => (one.log > best.log ? one : best));
    // The reference changes only when it must: a tie would have it change at every step.
    const first = top.log > 2 ? top : logs[0]!;
    const kept = logs.filter((one) => one !== first && one.log - first.log > -DROP);
    regime = { ...regime, carried: [first.sample, ...kept.map(({ sample }) => sample)] };
    state = Float64Array.from([...here, ...kept.map(({ log }) => log - first.log)]);
    restore();
  }

  /**
   * Takes back the part of a step's error that can be told: the shortest correction to first order that gives the conserved
   * quantities their values, margins the differences that the log weights say, and followed kinks their zero.
   */
  function restore(): void {
    const here = state.subarray(0, model.size);
    const { passes, normals } = fieldAt(regime, state);
    const scale = marginScale(regime);
    const constraints = [
      ...conserved.map(({ form, value }) => ({
        row: formGradient(form, here),
        excess: evaluateForm(form, here).value - value * 4 ** (exponent - regime.exponent),
      })),
      ...passes.slice(1).map(({ margin, gradient }, k) => ({
        row: gradient.map((x, j) => x - passes[0]!.gradient[j]!),
        excess: margin - passes[0]!.margin + logDifference(regime, state, k + 1) / scale,
      })),
      ...normals.map((row, k) => {
        const { sample, neuron } = regime.slides[k]!;
        return { row, excess: pass(model, sample, regime.pattern[sample]!, here).pre[neuron]! };
      }),
    ].flatMap(({ row, excess }) => {
      const length = norm(row);
      return length === 0 ? [] : [{ row: scaled(1 / length, row), excess: excess / length }];
    });
    const rows = constraints.map(({ row }) => row);
    const shares = Float64Array.from(constraints, ({ excess }) => excess);
    // Constraints may depend on each other: the ridge lets them share the correction.
    factor(rows.map((u, i) => Float64Array.from(rows, (v, j) => dot(u, v) + (i === j ? RIDGE : 0))))(shares);
    addTo(here, -1, combination(model.size, shares, rows));
  }

  return { events, position: () => ({ regime, state }), advance };
}

function withSlope(pattern: Regime["pattern"], { sample, neuron }: Kink, slope: number): Float64Array[] {
  return pattern.map((slopes, i) => (i === sample ? slopes.with(neuron, slope) : (slopes as Float64Array)));
}

/** s = log‖θ‖ */
export function logNorm({ regime, state }: Pick<Position, "regime" | "state">): number {
  return Math.log(norm(state.subarray(0, regime.model.size))) + regime.exponent * Math.LN2;
}
