/** From a start to the KKT point to which its flow leads: the coarse flow until a point is settled, Newton's method at once. */
import type { Problem } from "../network/instance.js";
import { addTo, distance, dot, norm, scaled } from "../numeric/matrix.js";
import type { Loss } from "../problem/problem.js";
import { type CoarseView, coarseFlow } from "./coarse.js";
import {
  contradictions,
  isAttracting,
  type KktGuess,
  type KktPoint,
  kktPointNear,
  patternOf,
  solved,
} from "./kkt-point.js";
import { guessAt } from "./limit.js";
import { type Model, modelOf, passesAt } from "./model.js";
import { runFlow } from "./run.js";

export type Settled =
  | { readonly point: KktPoint; readonly reason: null }
  | { readonly point: null; readonly reason: Unsettled };

/** Why a start has no limit. */
export type Unsettled =
  | "the loss does not go to zero"
  | "the flow chatters at kinks above each other"
  | "no KKT point was settled on";

/** The flow is looked at when the least margin is this, and then whenever it has grown by the factor. */
const FIRST_LOOK = 256;
const LOOK_AGAIN = 3;
const LAST_LOOK = 1e5;
/** A margin with less weight than this is not taken for active. */
const LIGHT = 1e-3;
/** The flow tends to a point when it comes nearer by this factor from look to look, and to one that does not draw it when it is as near as this. */
const NEARER = 0.999;
const CLOSE = 1e-3;
const FAR = 0.3;

/**
 * Settles starts of one problem, one after the other. A flow that the coarse one leaves on its way past a point that does not draw it may need
 * a log(1/L) beyond all bounds: the accurate one goes on from there.
 */
export function settler(problem: Problem<unknown>, loss: Loss): (start: ArrayLike<number>) => Settled {
  const model = modelOf({ ...problem, point: null });
  const flow = coarseFlow(model, loss);
  return (start) => {
    let known: KktPoint | null = null;
    let away = Number.POSITIVE_INFINITY;
    let point: KktPoint | null = null;
    let last: readonly number[] | null = null;
    const visit = (view: CoarseView): number | null => {
      const guess = guessNear(model, view);
      const again: KktPoint | null = known === null || !isAttracting(known) ? null : againAt(known, guess);
      const found = again ?? kktPointNear(guess);
      if (found !== null) {
        const now = distance(found.theta, guess.theta) / norm(found.theta);
        const isSame =
          again !== null || (known !== null && distance(known.theta, found.theta) < 1e-6 * norm(found.theta));
        const comes = isSame && now < NEARER * away && now < FAR;
        if ((now < CLOSE && isSame) || (comes && isAttracting(found))) {
          point = found;
          return null;
        }
        away = now;
      }
      known = found;
      const wanted = view.least * LOOK_AGAIN;
      if (wanted <= LAST_LOOK) return wanted;
      last = [...view.theta];
      return null;
    };
    const end = flow.run(start, FIRST_LOOK, visit);
    if (point !== null) return { point, reason: null };
    if (end === "unseparated") return { point: null, reason: "the loss does not go to zero" };
    if (end === "chatters") return { point: null, reason: "the flow chatters at kinks above each other" };
    return continued(problem, loss, last ?? [...flow.theta]);
  };
}

/** Where the accurate flow leads from there. */
function continued(problem: Problem<unknown>, loss: Loss, start: readonly number[]): Settled {
  const none = (reason: Unsettled): Settled => ({ point: null, reason });
  const { end, result, accuracy } = runFlow({ problem: { ...problem, point: null }, flow: { loss, start } });
  if (!(result.normalizedMargin > 0)) return none("the loss does not go to zero");
  if (result.kktResidual === null || result.kktResidual > accuracy) return none("no KKT point was settled on");
  const guess = guessAt(end);
  const found = kktPointNear(guess);
  return found !== null && distance(found.theta, guess.theta) <= CLOSE * norm(found.theta)
    ? { point: found, reason: null }
    : none("no KKT point was settled on");
}

/** The solution of the same system from where the flow is now, if it still is one: it may be another one of a continuum. */
function againAt(known: KktPoint, guess: KktGuess): KktPoint | null {
  const found = solved({ ...known, theta: guess.theta });
  return found === null || contradictions(found).length > 0 ? null : found;
}

/** What the flow's place suggests: its pattern and kinks, the margins that weigh, and the multipliers in these proportions. */
function guessNear(model: Model, { theta, slopes, followed, parts, weights, least }: CoarseView): KktGuess {
  const units = model.neurons.length;
  const pattern = model.inputs.map((_, i) => slopes.slice(i * units, (i + 1) * units));
  const heavy = model.margins.map((_, m) => m).filter((m) => weights[m]! > LIGHT);
  const samples = new Set(heavy.map((m) => model.margins[m]!.sample));
  const kinks = [...followed.keys()].flatMap((kink) => {
    const sample = Math.floor(kink / units);
    return followed[kink] === 1 && samples.has(sample) ? [{ sample, neuron: kink % units }] : [];
  });
  const at = scaled(least ** (-1 / model.degree), theta);
  const sides = Float64Array.from(kinks, ({ sample, neuron }) => {
    const { off } = model.neurons[neuron]!;
    return off + (1 - off) * parts[sample * units + neuron]!;
  });
  const guess: KktGuess = {
    model,
    pattern,
    kinks,
    margins: heavy,
    theta: at,
    lambda: new Float64Array(0),
    slopes: sides,
  };
  const pull = new Float64Array(model.size);
  passesAt(model, patternOf(guess), heavy, at).forEach(({ gradient }, k) => {
    addTo(pull, weights[heavy[k]!]!, gradient);
  });
  const size = Math.max(0, dot(at, pull)) / (dot(pull, pull) || 1);
  return { ...guess, lambda: Float64Array.from(heavy, (m) => size * weights[m]!) };
}
