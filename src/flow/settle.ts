/** From a start to the KKT point to which its flow leads: the coarse flow until a point is settled, Newton's method at once. */
import type { Problem } from "../network/instance.js";
import { isUnshared, type Network } from "../network/network.js";
import { addTo, distance, dot, norm, scaled } from "../numeric/matrix.js";
import type { Loss } from "../problem/problem.js";
import { type CoarseView, coarseFlow } from "./coarse.js";
import { conservedQuantities } from "./conserved.js";
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
import { type Model, marginsAt, modelOf, passesAt } from "./model.js";
import { logNorm, type Position, weightsAt } from "./position.js";
import { Halt, trajectory } from "./trajectory.js";

export type Settled =
  | { readonly point: KktPoint; readonly reason: null }
  | { readonly point: null; readonly reason: Unsettled };

/** Why a start has no limit. */
export type Unsettled =
  | "the loss does not go to zero"
  | "the flow chatters at kinks above each other"
  | "no KKT point was settled on"
  | "the flow was not followed to its end";

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
/** Beside ‖θ‖, what a unit's weights are at most while it may be on its way to zero. */
const WEAK = 0.5;
/** The accurate flow is as accurate as its looks need, and goes no further than this; log(1/L) is e^690 at its end. */
const THRIFT = { coarser: 100, trials: 5000 } as const;
const MAX_LOG = 690;
/** It is moved on by so many ‖θ‖ at a time, and looked at when log‖θ‖ has grown by this, later less often. */
const STRIDE = 1;
const LOOK_APART = 1;

/**
 * Settles starts of one problem, one after the other. A flow that the coarse one leaves on its way past a point that does not draw it may need
 * a log(1/L) beyond all bounds: the accurate one goes on from there, for so many steps.
 */
export function settler(problem: Problem<unknown>, loss: Loss): (start: ArrayLike<number>) => Settled {
  const model = modelOf({ ...problem, point: null });
  const flow = coarseFlow(model, loss);
  const weak = weakening(problem.network, model);
  return (start) => {
    const lookAt = limitSeeker(weak);
    let point: KktPoint | null = null;
    let last: readonly number[] | null = null;
    const visit = (view: CoarseView): number | null => {
      point = lookAt(guessNear(model, view));
      if (point !== null) return null;
      const wanted = view.least * LOOK_AGAIN;
      if (wanted <= LAST_LOOK) return wanted;
      last = [...view.theta];
      return null;
    };
    const end = flow.run(start, FIRST_LOOK, visit);
    if (point !== null) return { point, reason: null };
    if (end === "unseparated") return { point: null, reason: "the loss does not go to zero" };
    if (end === "chatters") return { point: null, reason: "the flow chatters at kinks above each other" };
    return continued(model, loss, last ?? [...flow.theta], lookAt);
  };
}

/** Where the accurate flow leads from there. */
function continued(
  model: Model,
  loss: Loss,
  start: readonly number[],
  lookAt: (guess: KktGuess) => KktPoint | null,
): Settled {
  const none = (reason: Unsettled): Settled => ({ point: null, reason });
  const path = trajectory(model, loss, start, conservedQuantities(model), THRIFT);
  let look = Number.NEGATIVE_INFINITY;
  try {
    for (;;) {
      path.advance(STRIDE);
      const position = path.position();
      const s = logNorm(position);
      if (s * model.degree > MAX_LOG) return none("no KKT point was settled on");
      if (s < look || !(leastMargin(position) > 0)) continue;
      look = s + Math.max(LOOK_APART, s / 4);
      const point = lookAt(guessAt(position));
      if (point !== null) return { point, reason: null };
    }
  } catch (error) {
    if (!(error instanceof Halt)) throw error;
    if (error.isEarly) return none("the flow was not followed to its end");
    return none(leastMargin(path.position()) > 0 ? "no KKT point was settled on" : "the loss does not go to zero");
  }
}

function leastMargin(position: Position): number {
  const { model, pattern } = position.regime;
  return Math.min(...marginsAt(model, pattern, weightsAt(position)));
}

/**
 * What looks at a flow from time to time, at guesses at its limit, and answers with the limit once it is settled: it is found again, nearer than
 * before, and draws the flow, or is very near.
 */
function limitSeeker(weakened: (guess: KktGuess) => KktGuess[]): (guess: KktGuess) => KktPoint | null {
  let known: KktPoint | null = null;
  let away = Number.POSITIVE_INFINITY;
  return (guess) => {
    const again: KktPoint | null = known === null || !isAttracting(known) ? null : againAt(known, guess);
    const gap = (found: KktPoint) => distance(found.theta, guess.theta) / norm(found.theta);
    let found = again ?? kktPointNear(guess);
    // A unit may vanish so slowly that its remains hide the point that the others are near.
    for (const other of found === null || gap(found) > FAR ? weakened(guess) : []) {
      const near = kktPointNear(other);
      if (near !== null && (found === null || gap(near) < gap(found))) found = near;
    }
    if (found !== null) {
      const now = gap(found);
      const isSame =
        again !== null || (known !== null && distance(known.theta, found.theta) < 1e-6 * norm(found.theta));
      const comes = isSame && now < NEARER * away && now < FAR;
      if ((now < CLOSE && isSame) || (comes && isAttracting(found))) return found;
      away = now;
    }
    known = found;
    return null;
  };
}

/** The guesses with the weakest units at zero: one of them, two, and so on, as far as units are weak. None where weights are frozen or shared. */
function weakening(network: Network, model: Model): (guess: KktGuess) => KktGuess[] {
  if (!isUnshared(network) || model.frozen.length > 0) return () => [];
  const weights = model.neurons.map(({ layer, unit }) => {
    const incoming = model.layers[layer]![unit]!.map(({ weight }) => weight);
    const outgoing = model.layers[layer + 1]!.flat().flatMap(({ from, weight }) => (from === unit ? [weight] : []));
    return [...incoming, ...outgoing];
  });
  return (guess) => {
    const size = norm(guess.theta);
    const order = weights
      .map((own, neuron) => ({ own, neuron, share: Math.hypot(...own.map((k) => guess.theta[k]!)) / size }))
      .filter(({ share }) => share < WEAK)
      .sort((a, b) => a.share - b.share);
    return order.map((_, last) => {
      const gone = order.slice(0, last + 1);
      const theta = guess.theta.slice();
      for (const { own } of gone) for (const k of own) theta[k] = 0;
      const kept = guess.kinks.map(({ neuron }) => !gone.some((one) => one.neuron === neuron));
      return {
        ...guess,
        theta,
        kinks: guess.kinks.filter((_kink, k) => kept[k]),
        slopes: guess.slopes.filter((_slope, k) => kept[k]),
      };
    });
  };
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
