/** An enclosed point is feasible, or a KKT point. (`proofs/theory.md`, §8.3.) */
import type { Interval } from "../../exact/interval.js";
import { Q, type Rational } from "../../exact/rational.js";
import { type Codec, objectOf, word } from "../../network/codec.js";
import { marginOf, marginText } from "../../network/instance.js";
import type { Network } from "../../network/network.js";
import type { Context } from "../certificate.js";
import { ensure } from "../ensure.js";
import { propagate, type UnitAtSample, unitText } from "../forward.js";
import type { Meaning } from "../statement.js";
import { type EnclosedFacts, isResidualInRange, passCost, type UnitState } from "./system.js";

/** A kind of statement about an enclosed point. */
export interface EnclosedKind<S> {
  readonly clauses: readonly string[];
  readonly codec: (context: Context<Rational>) => Codec<S>;
  readonly check: (facts: EnclosedFacts, statement: S) => void;
  readonly meaning: (statement: S) => Meaning<Rational>;
}

export interface EnclosedFeasible {
  readonly kind: "feasible";
}
export interface EnclosedKkt {
  readonly kind: "kkt";
}

export const enclosedFeasible: EnclosedKind<EnclosedFeasible> = {
  clauses: ["enclosed-feasible.margin"],
  codec: () => objectOf<EnclosedFeasible>({ kind: word("feasible") }),
  check: (facts) => ensureFeasible(facts, "enclosed-feasible.margin"),
  meaning: () => ({
    about: "feasible",
    scope: null,
    answer: "yes",
    radius: null,
    because: "every margin is at least 1",
  }),
};

/** The active margins are 1 by the system; the others are more, by a pass over intervals. */
function ensureFeasible({ problem, ring, theta, margins, point, spend }: EnclosedFacts, clause: string): void {
  const { network, data, frozen } = problem;
  const weights = [...theta, ...frozen.map(ring.enclose)];
  const slopes = network.slopes.map(ring.enclose);
  const active = new Set(point.active);
  const outputs = new Map<number, readonly Interval[]>();
  for (const [j, margin] of margins.entries()) {
    if (active.has(j)) continue;
    if (!outputs.has(margin.sample)) {
      spend(passCost(network));
      const inputs = data[margin.sample]!.x.map(ring.enclose);
      const pass = propagate(ring, network, weights, inputs, (z, layer) => ring.activate(z, slopes[layer]!));
      outputs.set(margin.sample, pass.outputs);
    }
    const value = marginOf(ring, margin, outputs.get(margin.sample)!);
    const isMore = ring.sign(ring.sub(value, ring.one)) === 1;
    ensure(isMore, clause, () => `the margin of ${marginText(margin)} is not shown to exceed 1`);
  }
}

export const enclosedKkt: EnclosedKind<EnclosedKkt> = {
  clauses: [
    "enclosed-kkt.feasible",
    "enclosed-kkt.invariance",
    "enclosed-kkt.multiplier",
    "enclosed-kkt.slope",
    "enclosed-kkt.regular",
  ],
  codec: () => objectOf<EnclosedKkt>({ kind: word("kkt") }),
  check: ensureKkt,
  meaning: () => ({
    about: "kkt",
    scope: null,
    answer: "yes",
    radius: null,
    because: "it is a combination of Clarke subgradients of active margins, with positive multipliers",
  }),
};

export function ensureKkt(facts: EnclosedFacts): void {
  const { problem, ring, lambda, tau, spend } = facts;
  spend(passCost(problem.network));
  ensureFeasible(facts, "enclosed-kkt.feasible");
  ensure(isResidualInRange(facts), "enclosed-kkt.invariance", "the residual leaves the range of B");
  for (const [k, value] of lambda.entries())
    ensure(ring.sign(value) === 1, "enclosed-kkt.multiplier", `multiplier ${k + 1} is not shown to be positive`);
  for (const [k, value] of tau.entries()) {
    const isInside = ring.sign(value) === 1 && ring.sign(ring.sub(ring.one, value)) === 1;
    ensure(isInside, "enclosed-kkt.slope", `the slope of kink class ${k + 1} is not shown to lie between 0 and 1`);
  }
  ensureRegular(facts);
}

/**
 * At every zero pre-activation at a sample with active margins either side can be reached, independently of all others: its layer has weights
 * of its own, and something that is not zero comes in. Units that nothing reads, or that stay zero near θ, have no part in gradients.
 */
function ensureRegular(facts: EnclosedFacts): void {
  const { network } = facts.problem;
  const zeros = facts.units.filter((unit) => isZero(unit) && !isUnread(facts, unit) && !isIdle(facts, unit.at));
  const uses = new Map<number, number>();
  for (const { weight } of network.layers.flat(2)) uses.set(weight, (uses.get(weight) ?? 0) + 1);
  for (const layer of new Set(zeros.map(({ at }) => at.layer))) {
    const entries = network.layers[layer]!.flat();
    const isOwn = entries.every(({ weight }) => weight < network.parameters.length && uses.get(weight) === 1);
    ensure(
      isOwn,
      "enclosed-kkt.regular",
      () => `there are kinks in layer ${layer + 1}, which shares weights or holds constants`,
    );
  }
  for (const { at } of zeros)
    ensure(
      isReached(facts, at),
      "enclosed-kkt.regular",
      () => `${unitText(at)} is zero, and nothing that it reads is shown not to be zero`,
    );
}

/** Whether a unit reads something that is shown not to be zero at the sample. */
function isReached({ problem, unitAt }: EnclosedFacts, { sample, layer, unit }: UnitAtSample): boolean {
  const { network, data } = problem;
  return network.layers[layer]![unit]!.some(({ from }) => {
    if (layer === 0) return !Q.isZero(data[sample]!.x[from]!);
    const below = unitAt({ sample, layer: layer - 1, unit: from });
    if (below === undefined || isZero(below)) return false;
    return below.state === "+" || !Q.isZero(network.slopes[layer - 1]!);
  });
}

/** Whether a unit is zero at the sample wherever the weights are, near θ: it reads only inputs that are 0, or units that are off and put out 0. */
export function isIdle({ problem, unitAt }: EnclosedFacts, { sample, layer, unit }: UnitAtSample): boolean {
  const { network, data } = problem;
  return network.layers[layer]![unit]!.every(({ from }) => {
    if (layer === 0) return Q.isZero(data[sample]!.x[from]!);
    const below = unitAt({ sample, layer: layer - 1, unit: from });
    return below?.state === "-" && !isZero(below) && Q.isZero(network.slopes[layer - 1]!);
  });
}

/** Whether a pre-activation is 0 at the point: a kink, or identically zero on the range of B. */
export function isZero({ state, z }: UnitState): boolean {
  return state === "?" || z.size === 0;
}

/** The weights with which a row of the next layer reads a unit. */
export function weightsReading({ layers }: Network, { at }: UnitState, row: number): number[] {
  return layers[at.layer + 1]![row]!.flatMap(({ from, weight }) => (from === at.unit ? [weight] : []));
}

/** Whether all weights with which the next layer reads the unit are parameters that are zero on the range of B. */
export function isUnread({ problem: { network }, named }: EnclosedFacts, unit: UnitState): boolean {
  const weights = network.layers[unit.at.layer + 1]!.flatMap((_, row) => weightsReading(network, unit, row));
  return weights.every((k) => k < network.parameters.length && !named.has(k));
}
