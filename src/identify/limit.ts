/** Where weights of depth 2 lead: near them as they are where they look rounded, else along the flow, until a structure settles. */
import type { Rational } from "../exact/rational.js";
import { runFlow } from "../flow/index.js";
import { kktResidual, type Observation } from "../flow/measure.js";
import type { Problem } from "../network/instance.js";
import { normOf } from "../prover/search/numeric.js";
import { type Candidate, type Structure, structureNear } from "./structure.js";

export interface Limit {
  readonly candidate: Candidate;
  /** The θ, of least margin 1, near which it was found. */
  readonly near: readonly number[];
  /** Whether the flow was stopped before it had come close to the point. */
  readonly early: boolean;
}

/** The flow is looked at when log(1/L) is this, and then whenever it has grown by the factor. */
const FIRST_LOOK = 64;
const LOOK_AGAIN = 6;
/** A structure has settled when it is found twice and the distance has shrunk by this or is small, or when it has come nearer so many times. */
const SHRINKING = 0.7;
const CLOSE = 1e-4;
const TIMES = 5;
/** log(1/L) at the end of a search for a better point. */
const SHORT_WHILE = 1e5;
/** Relative distances beyond which a point is not taken for the limit. */
const FAR = 0.2;
/** Systems to try at a look, and at the last one. */
const EFFORT = { look: 40, last: 200 } as const;

/** Near the weights, whose least margin is 1, as they are; null where no point is as near as the residual, relative to θ, suggests. */
export function limitAt(problem: Problem<Rational>, theta: readonly number[], residual: number): Limit | null {
  const found = structureNear(problem, theta, residual, EFFORT.last);
  if ("reason" in found || found.distance > Math.max(10 * residual, 1e-9) * normOf(theta)) return null;
  return { candidate: found, near: theta, early: false };
}

/** Near a KKT point that is known to rounding, up to how its groups share: the nearest in plain numbers is as good. */
export function limitNear(problem: Problem<Rational>, theta: readonly number[]): Limit | null {
  const found = structureNear(problem, theta, 1e-9, EFFORT.look);
  if ("reason" in found || found.distance > FAR * normOf(theta)) return null;
  return { candidate: found, near: theta, early: false };
}

/** Along the flow from the weights; `thorough` lets it run until it is close to a point, if it comes so. */
export function limitOfFlow(
  problem: Problem<Rational>,
  weights: readonly number[],
  thorough: boolean,
): Limit | { readonly reason: string } {
  let look = FIRST_LOOK;
  let last: Limit | null = null;
  let nearer = 0;
  let reason = "the flow from the weights does not settle";
  let done = false;
  const lookAt = ({ direction, normalizedMargin, kkt }: Observation, effort: number): void => {
    const near = [...direction].map((c) => c / Math.sqrt(normalizedMargin));
    const found = structureNear(problem, near, kktResidual(kkt!) * Math.sqrt(normalizedMargin), effort);
    if ("reason" in found) {
      reason = found.reason;
      nearer = 0;
      return;
    }
    const before = last;
    const relative = found.distance / normOf(near);
    const isSame = before !== null && sameStructure(before.candidate.structure, found.structure);
    nearer = isSame && found.distance < before.candidate.distance ? nearer + 1 : 0;
    const shrinks = isSame && found.distance < SHRINKING * before.candidate.distance;
    const isClose = isSame && relative < CLOSE;
    done = isClose || (!thorough && relative < FAR && (shrinks || nearer >= TIMES));
    last = { candidate: found, near, early: done && !isClose };
  };
  const run = runFlow(
    { problem: { ...problem, point: null } as Problem<unknown>, flow: { loss: "exponential", start: weights } },
    {
      until: (observation) => {
        if (observation.kkt === null || observation.logInverseLoss < look) return false;
        look = observation.logInverseLoss * LOOK_AGAIN;
        lookAt(observation, EFFORT.look);
        return done;
      },
    },
  );
  const end = run.observations.at(-1)!;
  if (end.kkt === null) return { reason: `the flow from the weights ends early: ${run.reasons.join("; ")}` };
  if (!done) lookAt(end, EFFORT.last);
  const found = last as Limit | null;
  if (found === null) return { reason };
  if (found.candidate.distance > FAR * normOf(found.near))
    return { reason: "the flow from the weights does not come near a point with a structure that was found" };
  return found;
}

/** Where the flow from a point of least margin about 1 comes in a short while: its margin grows on the way. Null where it does not separate. */
export function flowEnd(problem: Problem<Rational>, theta: readonly number[]): number[] | null {
  const start = theta.map((c) => c * Math.sqrt(FIRST_LOOK));
  const run = runFlow(
    { problem: { ...problem, point: null } as Problem<unknown>, flow: { loss: "exponential", start } },
    { until: ({ logInverseLoss }) => logInverseLoss > SHORT_WHILE },
  );
  const { direction, normalizedMargin } = run.observations.at(-1)!;
  return normalizedMargin > 0 ? [...direction].map((c) => c / Math.sqrt(normalizedMargin)) : null;
}

/** Whether two structures differ in nothing but the order and the sharing of groups. */
export function sameStructure(a: Structure, b: Structure): boolean {
  const key = ({ active, groups, sides, idle }: Structure) =>
    JSON.stringify([active, groups.map(({ units }, g) => [units, active.map((i) => sides[g]![i])]).sort(), idle]);
  return key(a) === key(b);
}
