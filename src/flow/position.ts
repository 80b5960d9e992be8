/** Where the flow is, and the steps in its description that leave it where it is: another scale, reference, or side of a kink. */
import { dot, joined, norm } from "../numeric/matrix.js";
import { type Field, fieldAt, type Kink, logDifference, marginScale, type Regime, type State } from "./field.js";
import { logSlopes } from "./loss.js";
import { kinkNormal, marginsAt } from "./model.js";

export interface Position {
  readonly regime: Regime;
  readonly state: State;
}

/** The log weight, relative to the reference's, at which a margin matters again. */
export const JOIN = -50;
/** A margin is carried while its log weight, relative to the largest, is above this. */
const DROP = -80;
/** While the reference is below this, differences of margins are exact from θ, and the log weights are set by them. */
const RESOLVED = 1e3;

/** θ = y·2^exponent */
export function weightsAt({ regime: { model }, state }: Position): Float64Array {
  return state.subarray(0, model.size);
}

/** s = log‖θ‖ */
export function logNorm(position: Position): number {
  return Math.log(norm(weightsAt(position))) + position.regime.exponent * Math.LN2;
}

/** The margins of y, and the log slopes of the loss at those of θ. */
function marginsHere(position: Position) {
  const { regime } = position;
  const { model, loss, pattern } = regime;
  const scale = marginScale(regime);
  const margins = marginsAt(model, pattern, weightsAt(position));
  const trueMargins = margins.map((margin) => scale * margin);
  return { scale, margins, slopes: logSlopes(loss, model.margins, trueMargins) };
}

/** Carries every margin anew, at the log weights that θ gives. */
export function carryAll(position: Position): Position {
  const { scale, margins, slopes } = marginsHere(position);
  const least = Math.min(...margins);
  const logs = slopes.map((slope, i) => scale * (least - margins[i]!) + slope);
  const top = Math.max(...logs);
  const carried = [...logs.keys()]
    .filter((i) => logs[i]! - top > DROP)
    .sort((i, j) => margins[i]! - margins[j]! || i - j);
  const differences = carried.slice(1).map((i) => -scale * (margins[i]! - least));
  return {
    regime: { ...position.regime, carried },
    state: joined(weightsAt(position), Float64Array.from(differences)),
  };
}

/** Carries one more margin, whose weight has come to `JOIN`. */
export function carryToo(position: Position, margin: number): Position {
  const { regime, state } = position;
  const [reference] = regime.carried;
  const { slopes } = marginsHere(position);
  return {
    regime: { ...regime, carried: [...regime.carried, margin] },
    state: joined(state, Float64Array.of(JOIN + slopes[reference!]! - slopes[margin]!)),
  };
}

/** The same with ‖y‖ near 1, the heaviest margin as the reference, and only margins that matter; null where θ has vanished. With the field there. */
export function normalised(position: Position, { logs, passes }: Field): Position | null {
  const { regime, state } = position;
  const y = weightsAt(position);
  const shift = Math.floor(Math.log2(norm(y)));
  if (!Number.isFinite(shift)) return null;
  const scaled = { ...regime, exponent: regime.exponent + shift };
  const small = y.map((x) => x * 2 ** -shift);
  if (Math.abs(marginScale(regime) * passes[0]!.margin) < RESOLVED) return carryAll({ regime: scaled, state: small });
  const known = regime.carried.map((margin, k) => {
    return { margin, log: logs[k]! - logs[0]!, difference: logDifference(regime, state, k) };
  });
  const top = known.reduce((best, one) => (one.log > best.log ? one : best));
  // The reference changes only when it must: a tie would have it change at every step.
  const first = top.log > 2 ? top : known[0]!;
  const kept = known.filter((one) => one !== first && one.log - first.log > DROP);
  const differences = kept.map(({ difference }) => difference - first.difference);
  return {
    regime: { ...scaled, carried: [first.margin, ...kept.map(({ margin }) => margin)] },
    state: joined(small, Float64Array.from(differences)),
  };
}

/** The rate of a pre-activation at its kink, if the neuron has the given slope there. */
export function push(position: Position, kink: Kink, slope: number): number {
  const { regime, state } = position;
  const { sample, neuron } = kink;
  const trial = { ...regime, pattern: withSlope(regime.pattern, kink, slope) };
  const normal = kinkNormal(regime.model, sample, neuron, trial.pattern[sample]!, weightsAt(position));
  return dot(normal, fieldAt(trial, state).gradient);
}

export function withSlope(pattern: Regime["pattern"], { sample, neuron }: Kink, slope: number): Float64Array[] {
  return pattern.map((slopes, i) => (i === sample ? slopes.with(neuron, slope) : (slopes as Float64Array)));
}
