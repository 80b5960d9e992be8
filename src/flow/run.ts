/** One run of the gradient flow, from a start to a verdict. Floating point throughout: evidence, never a proof. */
import { InputError } from "../network/decode.js";
import { marginText, type Problem } from "../network/instance.js";
import { distance, norm, scaled } from "../numeric/matrix.js";
import type { Loss, ProblemFile } from "../problem/problem.js";
import { type Conserved, conservedQuantities, evaluateForm } from "./conserved.js";
import { exponentsOf, type Observed, print, ROUNDING, type RunExponents, shortfalls, startsOnRay } from "./judge.js";
import { ensureLoss } from "./loss.js";
import { kktResidual, type Observation, observe } from "./measure.js";
import { type Model, marginsAt, modelOf } from "./model.js";
import type { Position } from "./position.js";
import { type EventKind, Halt, type Trajectory, trajectory } from "./trajectory.js";

/** One element of `margincert flow --json`. Samples and neurons count from 1, neurons through all hidden layers. */
export interface FlowResult {
  readonly name: string;
  readonly loss: Loss;
  readonly verdict: "confirmed" | "not-confirmed";
  /** ‖θ/‖θ‖ − point/‖point‖‖ at the end; null without a point. */
  readonly directionError: number | null;
  readonly logInverseLoss: number;
  readonly normalizedMargin: number;
  /** Null where the data is not separated at the end. */
  readonly kktResidual: number | null;
  readonly events: readonly {
    readonly s: number;
    readonly sample: number;
    readonly neuron: number;
    readonly kind: EventKind;
  }[];
}

export interface FlowRun {
  readonly result: FlowResult;
  readonly start: readonly number[];
  readonly accuracy: number;
  /** Why the verdict is not `confirmed`, in words; empty where it is. */
  readonly reasons: readonly string[];
  /** What else is to be known: dead neurons, a start on the limit ray, how far the loss was from separating. */
  readonly remarks: readonly string[];
  readonly observations: readonly Observed[];
  /** Where the run ended. */
  readonly end: Position;
  readonly exponents: RunExponents;
  /** The largest relative decrease of each margin between observations, from L < ℓ(0) on; 0 if it never decreases. */
  readonly decrease: { readonly normalizedMargin: number; readonly smoothedMargin: number };
  /** The largest change of a conserved quantity, relative to the terms it is the difference of. */
  readonly conservedDrift: number;
}

export interface FlowOptions {
  /** What direction error and KKT residual are to reach; default 1e-8. */
  readonly accuracy?: number;
  readonly loss?: Loss;
  readonly start?: readonly number[];
  /** Ends the run at an observation that is enough for whoever asked; then the verdict may be short of the accuracy. */
  readonly until?: (observation: Observed) => boolean;
}

export const ACCURACY = 1e-8;
/** Observations are this far apart on the path, in units of ‖θ‖, and later further: some hundred for a run. */
const INTERVAL = 1 / 8;
const DOUBLING = 160;
/** Numbers as large as e^690 exist; log(1/L) is one of them. */
const MAX_LOG = 690;
const MAX_OBSERVATIONS = 1000;
/** The verdict is looked at once in so many observations. */
const PATIENCE = 4;
/** No run ends before log(1/L) is this large: an early small residual may not last. */
const FAR = 1e6;
/**
 * Runs the flow until direction error and KKT residual are ten times below the accuracy and the rates agree, or until neither can
 * improve.
 * Throws InputError where the network is not homogeneous, the loss is not one for its outputs, or there is no start, or one that is zero
 * or of the wrong length.
 */
export function runFlow(
  { problem, flow }: Pick<ProblemFile<unknown>, "problem" | "flow">,
  options: FlowOptions = {},
): FlowRun {
  const start = options.start ?? flow?.start ?? null;
  const model = modelOf(problem);
  const loss = options.loss ?? flow?.loss ?? "exponential";
  ensureLoss(loss, problem.network.outputs);
  if (start === null) {
    throw new InputError(
      flow === null ? "flow" : "flow.start",
      'missing: give "flow": {"start": […]} with one number per parameter, or use --starts',
    );
  }
  if (start.length !== model.size) {
    throw new InputError("flow.start", `expected ${model.size} numbers, one per parameter, found ${start.length}`);
  }
  if (start.every((x) => x === 0)) throw new InputError("flow.start", "the zero vector has no direction to flow from");
  if (start.some((x) => Math.abs(x) > 1e100)) throw new InputError("flow.start", "a number is beyond 1e100");
  if (start.every((x) => Math.abs(x) < 1e-100)) throw new InputError("flow.start", "all numbers are below 1e-100");
  const accuracy = options.accuracy ?? ACCURACY;
  const target = directionOf(problem);

  const forms = conservedQuantities(model);
  const path = trajectory(model, loss, start, forms);
  const origin = path.position();
  const observations = [look(path.position())];
  let conservedDrift = 0;
  let halt: string | null = null;

  function look(position: Position) {
    const observation = observe(position);
    return { ...observation, directionError: target === null ? null : distance(observation.direction, target) };
  }
  function judged() {
    const exponents = exponentsOf(path.position(), observations, target);
    return { exponents, reasons: shortfalls(observations, exponents, accuracy) };
  }
  function done(): boolean {
    const { directionError, kkt, logInverseLoss, s } = observations.at(-1)!;
    if (options.until?.(observations.at(-1)!)) return true;
    if (s * model.degree > MAX_LOG || observations.length > MAX_OBSERVATIONS) return true;
    if (kkt === null) return false;
    const residual = kktResidual(kkt);
    if (logInverseLoss < FAR) return false;
    const near = Math.max(residual, directionError ?? 0) <= accuracy / 10;
    if (near && observations.length % PATIENCE === 0 && judged().reasons.length === 0) return true;
    // Another limit: stationary to rounding, so the direction no longer moves.
    if (residual <= accuracy * 1e-6 || norm(kkt.stationarity) <= ROUNDING / 10) return true;
    // So slow that floating point has no numbers as large as log(1/L) would become.
    const half = observations.find((one) => one.kkt !== null && one.s >= s / 2);
    if (s * model.degree < MAX_LOG / 3 || half === undefined) return false;
    const rate = Math.log(kktResidual(half.kkt!) / residual) / (s - half.s);
    return !(rate > 0) || (s + Math.log(residual / accuracy) / rate) * model.degree > MAX_LOG;
  }
  try {
    while (!done()) {
      path.advance(INTERVAL * 2 ** Math.floor(observations.length / DOUBLING));
      observations.push(look(path.position()));
      conservedDrift = Math.max(conservedDrift, drift(forms, origin, path.position()));
    }
  } catch (error) {
    if (!(error instanceof Halt)) throw error;
    observations.push(look(path.position()));
    halt = error.message;
  }

  const last = observations.at(-1)!;
  const residual = last.kkt === null ? null : kktResidual(last.kkt);
  const { exponents, reasons: short } = judged();
  const reasons =
    last.normalizedMargin > 0
      ? [...(halt === null ? [] : [halt]), ...short]
      : [`${halt ?? "the run has reached its limit"}; ${unseparated(path, model, last)}`];
  const separated = observations.filter((one) => one.smoothedMargin !== null);
  const decrease = {
    normalizedMargin: largestDecrease(separated.map((one) => one.normalizedMargin)),
    smoothedMargin: largestDecrease(separated.map((one) => one.smoothedMargin!)),
  };
  return {
    result: {
      name: problem.name,
      loss,
      verdict: reasons.length === 0 ? "confirmed" : "not-confirmed",
      directionError: last.directionError,
      logInverseLoss: last.logInverseLoss,
      normalizedMargin: last.normalizedMargin,
      kktResidual: residual,
      events: path.events.map(({ s, sample, neuron, kind }) => ({ s, sample: sample + 1, neuron: neuron + 1, kind })),
    },
    start,
    accuracy,
    reasons,
    remarks: [...remarks(path, observations, reasons.length === 0), ...marginRemarks(decrease)],
    observations,
    end: path.position(),
    exponents,
    decrease,
    conservedDrift,
  };
}

/** point/‖point‖, or null. */
export function directionOf({ point, field }: Problem<unknown>): Float64Array | null {
  if (point === null) return null;
  const values = Float64Array.from(point, (value) => field.toNumber(value));
  const length = norm(values);
  return length === 0 ? null : scaled(1 / length, values);
}

function drift(forms: readonly Conserved[], origin: Position, now: Position): number {
  const size = now.regime.model.size;
  const shrink = 4 ** (origin.regime.exponent - now.regime.exponent);
  return forms.reduce((worst, form) => {
    const before = evaluateForm(form, origin.state.subarray(0, size)).value * shrink;
    const after = evaluateForm(form, now.state.subarray(0, size));
    return after.size === 0 ? worst : Math.max(worst, Math.abs(after.value - before) / after.size);
  }, 0);
}

/** What keeps the loss from going to zero. */
function unseparated(path: Trajectory, model: Model, { logInverseLoss }: Observation): string {
  const { regime, state } = path.position();
  const margins = marginsAt(model, regime.pattern, state.subarray(0, model.size));
  const behind = model.margins.filter((_, k) => margins[k]! <= 0).map(marginText);
  const which = behind.length === 0 ? "" : `, with no positive margin on ${behind.slice(0, 8).join(", ")}`;
  return `the loss is ${print(Math.exp(-logInverseLoss))} and does not go to zero${which}`;
}

function remarks(path: Trajectory, observations: readonly Observed[], confirmed: boolean): string[] {
  const { regime } = path.position();
  const result: string[] = [];
  for (const { sample, neuron } of path.undecided) {
    const place = `neuron ${neuron + 1} on sample ${sample + 1}`;
    result.push(`the solution is not unique: the start lies on a repelling kink, of ${place}; this run stays off`);
  }
  if (startsOnRay(observations))
    result.push("the start lies on the ray of the point: the direction is the limit's from the beginning");
  if (observations[0]!.normalizedMargin <= 0) {
    const from = observations.find((one) => one.smoothedMargin !== null);
    const when = from === undefined ? "and never reaches it" : `which it reaches by s = ${print(from.s)}`;
    result.push(`the start has a margin that is not positive: not yet in the separating regime, ${when}`);
  }
  regime.model.neurons.forEach(({ off, degree }, neuron) => {
    if (off !== 0 || degree === 0 || regime.pattern.some((slopes) => slopes[neuron] === 1)) return;
    if (regime.slides.some((slide) => slide.neuron === neuron)) return;
    const since = path.events.findLast((event) => event.neuron === neuron);
    const when = since === undefined ? "from the start" : `from s = ${print(since.s)} on`;
    result.push(`neuron ${neuron + 1} is off on every sample ${when}: it is dead and no longer moves`);
  });
  if (confirmed && regime.slides.length > 0) {
    const kinks = regime.slides.map(({ sample, neuron }) => `neuron ${neuron + 1} on sample ${sample + 1}`);
    result.push(`the limit is reached along the kink of ${kinks.join(", ")}`);
  }
  return result;
}

/** The smoothed margin never decreases in theory, the normalised one only up to 1/‖θ‖^L. */
function marginRemarks({ normalizedMargin, smoothedMargin }: FlowRun["decrease"]): string[] {
  const said = (what: string, by: number) =>
    by === 0 ? [] : [`the ${what} margin decreases, by ${print(by)} of it at most`];
  return [...said("normalised", normalizedMargin), ...said("smoothed", smoothedMargin)];
}

function largestDecrease(values: readonly number[]): number {
  let largest = 0;
  for (let i = 1; i < values.length; i++) largest = Math.max(largest, 1 - values[i]! / values[i - 1]!);
  // Below the accuracy of a margin in floating point, a decrease is none.
  return largest > 1e-12 ? largest : 0;
}
