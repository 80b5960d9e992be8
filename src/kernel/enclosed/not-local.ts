/** An enclosed point is no local optimum: a curve of shorter feasible points ends there. (`proofs/theory.md`, §8.6.) */
import { squaredNorm } from "../../exact/field.js";
import { gramOf, type Interval, isPositiveDefinite } from "../../exact/interval.js";
import { Q, type Rational } from "../../exact/rational.js";
import { byKey, index, objectOf, word } from "../../network/codec.js";
import { ensure } from "../ensure.js";
import { ensureRoom } from "../facts.js";
import { type UnitAtSample, unitText } from "../forward.js";
import { type Bend, ensureBending } from "./curvature.js";
import { hiddenUnits, type LiveUnit } from "./depth-two.js";
import { type EnclosedKind, ensureKkt, isZero } from "./kkt.js";
import type { EnclosedFacts, UnitState } from "./system.js";

/** A curve that descends: across a kink, by waking a dead unit in a direction, or bent along the active margins. */
export interface EnclosedNotLocal {
  readonly kind: "not-local";
  readonly by:
    | { readonly kink: UnitAtSample }
    | { readonly dead: number; readonly direction: readonly Rational[]; readonly side: "positive" | "negative" }
    | { readonly bend: Bend };
}

export const enclosedNotLocal: EnclosedKind<EnclosedNotLocal> = {
  clauses: [
    "enclosed-not-local.class",
    "enclosed-not-local.independence",
    "enclosed-not-local.kink",
    "enclosed-not-local.dead",
    "enclosed-not-local.gain",
    "enclosed-not-local.least",
    "enclosed-not-local.zero",
    "enclosed-not-local.curvature",
  ],
  codec: ({ unit, number, numbers, point }) => {
    const by = byKey<EnclosedNotLocal["by"]>({
      kink: objectOf<{ kink: UnitAtSample }>({ kink: unit }),
      dead: objectOf<{ dead: number; direction: readonly Rational[]; side: "positive" | "negative" }>({
        dead: index(100_000),
        direction: numbers,
        side: word("positive", "negative"),
      }),
      bend: objectOf<{ bend: Bend }>({ bend: objectOf<Bend>({ direction: point, least: number }) }),
    });
    return objectOf<EnclosedNotLocal>({ kind: word("not-local"), by });
  },
  check: (facts, { by }) => {
    ensureKkt(facts);
    if ("bend" in by) return ensureBending(facts, by.bend);
    const hidden = hiddenUnits(facts, "enclosed-not-local.class");
    ensureIndependent(facts, hidden);
    if ("kink" in by) ensureCrossing(facts, hidden, by.kink);
    else ensureWaking(facts, hidden, by);
  },
  meaning: ({ by }) => ({
    about: "local",
    scope: null,
    answer: "no",
    radius: null,
    because:
      "kink" in by
        ? "a margin gains across a kink, and a line of feasible points with smaller norm ends there"
        : "bend" in by
          ? "the Lagrangian curves down along the active margins, and a curve of feasible points with smaller norm ends there"
          : "a dead unit can be woken, and a curve of feasible points with smaller norm ends there",
  }),
};

/** The gradients of the active margins and of the zero pre-activations of live units are linearly independent: their Gram matrix is positive definite. */
function ensureIndependent(facts: EnclosedFacts, hidden: readonly LiveUnit[]): void {
  const { problem, point, ring, theta, margins, units, unitAt, tau } = facts;
  const { network, data } = problem;
  const live = new Set(hidden.flatMap(({ unit, sign }) => (sign === null ? [] : [unit])));
  const outgoing = new Map(network.layers[1]![0]!.map(({ from, weight }) => [from, weight]));
  const slopeOf = ({ state, kink }: UnitState): Interval => {
    const off = ring.enclose(network.slopes[0]!);
    if (kink !== null) return ring.add(off, ring.mul(ring.sub(ring.one, off), tau[kink]!));
    return state === "+" ? ring.one : off;
  };
  const gradients: Map<number, Interval>[] = point.active.map((j) => {
    const { sample } = margins[j]!;
    const { x, y } = data[sample]!;
    const g = new Map<number, Interval>();
    for (const unit of live) {
      const row = network.layers[0]![unit]!;
      const v = outgoing.get(unit)!;
      const state = unitAt({ sample, layer: 0, unit });
      const slope = state === undefined ? ring.one : slopeOf(state);
      const signed = y === 1 ? slope : ring.neg(slope);
      let z = ring.zero;
      for (const { from, weight } of row) {
        const input = ring.enclose(x[from]!);
        z = ring.add(z, ring.mul(theta[weight]!, input));
        g.set(weight, ring.mul(signed, ring.mul(theta[v]!, input)));
      }
      g.set(v, ring.mul(signed, z));
    }
    return g;
  });
  for (const state of units) {
    if (!live.has(state.at.unit) || !isZero(state)) continue;
    const { x } = data[state.at.sample]!;
    const g = new Map(network.layers[0]![state.at.unit]!.map(({ from, weight }) => [weight, ring.enclose(x[from]!)]));
    if (![...g.values()].every(ring.isZero)) gradients.push(g);
  }
  ensureRoom(facts, gradients.length);
  facts.spend(gradients.length * gradients.reduce((total, g) => total + g.size, 0));
  const found = "the gradients of active margins and zero pre-activations are not shown to be independent";
  ensure(isPositiveDefinite(ring, gramOf(ring, gradients)), "enclosed-not-local.independence", found);
}

/** A live unit's kink at which the sample's margin gains on both sides: a_k = λ y v > 0. */
function ensureCrossing({ problem, unitAt }: EnclosedFacts, hidden: readonly LiveUnit[], kink: UnitAtSample): void {
  const state = unitAt(kink);
  const live = hidden.find(({ unit }) => unit === kink.unit);
  const gains =
    state !== undefined &&
    isZero(state) &&
    live?.sign != null &&
    problem.data[kink.sample]!.y * live.sign > 0 &&
    hasInput(problem, kink);
  ensure(
    gains,
    "enclosed-not-local.kink",
    () => `${unitText(kink)} is not a zero of a live unit across which its margin gains`,
  );
}

function hasInput({ network, data }: EnclosedFacts["problem"], { sample, unit }: UnitAtSample): boolean {
  return network.layers[0]![unit]!.some(({ from }) => !Q.isZero(data[sample]!.x[from]!));
}

/** ±Σ λ_i y_i σ(u·x_i) > |u| for a direction u in which a dead unit is woken. */
function ensureWaking(
  { problem, point, ring, lambda, margins }: EnclosedFacts,
  hidden: readonly LiveUnit[],
  {
    dead,
    direction,
    side,
  }: { readonly dead: number; readonly direction: readonly Rational[]; readonly side: "positive" | "negative" },
): void {
  const { network, data, field: K } = problem;
  const row = network.layers[0]![dead] ?? [];
  const fits = hidden.some(({ unit, sign }) => unit === dead && sign === null) && direction.length === row.length;
  ensure(fits, "enclosed-not-local.dead", () => `unit ${dead + 1} is not dead, or the direction is not of its inputs`);
  let total = ring.zero;
  for (const [k, j] of point.active.entries()) {
    const { sample } = margins[j]!;
    const { x, y } = data[sample]!;
    let z = Q.zero;
    for (const [i, { from }] of row.entries()) z = K.add(z, K.mul(direction[i]!, x[from]!));
    const output = K.sign(z) > 0 ? z : K.mul(network.slopes[0]!, z);
    const gain = ring.mul(lambda[k]!, ring.enclose(output));
    total = y === 1 ? ring.add(total, gain) : ring.sub(total, gain);
  }
  const gained = side === "positive" ? total : ring.neg(total);
  const size = squaredNorm(K, direction);
  const excess = ring.sub(ring.mul(gained, gained), ring.enclose(size));
  const gains = ring.sign(gained) === 1 && ring.sign(excess) === 1;
  ensure(gains, "enclosed-not-local.gain", "the direction is not shown to gain more than its length");
}
