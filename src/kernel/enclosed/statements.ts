/**
 * What is said about an enclosed point, and when it is accepted. (`proofs/theory.md`, §8.) Zeros of pre-activations, kinks or identical on the
 * range of B, are admitted in the first hidden layer of a network that shares no weights there, where every choice of their sides is realizable.
 */
import { compare, squaredNorm } from "../../exact/field.js";
import { type Interval, type IntervalRing, isPositiveDefinite } from "../../exact/interval.js";
import { Q, type Rational } from "../../exact/rational.js";
import { byKey, type Codec, index, listOf, objectOf, word } from "../../network/codec.js";
import { at, InputError } from "../../network/decode.js";
import { type Instance, marginOf, marginText } from "../../network/instance.js";
import { isLinear, isLinearLayer, isUnshared } from "../../network/network.js";
import type { Context } from "../certificate.js";
import { ensure } from "../ensure.js";
import { type Cell, explore, type Frame, type Tree } from "../explore.js";
import { ensureRoom } from "../facts.js";
import { passAt, propagate, type UnitAtSample, unitText } from "../forward.js";
import { chainOf } from "../shape.js";
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
/** What a leaf says of one sign of the outgoing weight: which live unit's stationarity proves it, or multipliers of the signs. */
export type Side =
  | { readonly live: number }
  | { readonly weights: readonly { readonly at: UnitAtSample; readonly weight: Rational }[] };
export interface EnclosedLeaf {
  /** For outgoing weights that are positive, and for negative ones. */
  readonly positive: Side;
  readonly negative: Side;
}
/** Global by the cells of a tree, or because the network is linear; local because no unit is dead and no margin gains across a zero. */
export interface EnclosedBound {
  readonly kind: "bound";
  readonly reach: "global" | "local";
  readonly by: { readonly tree: Tree<Rational, EnclosedLeaf> } | { readonly linear: "yes" } | { readonly live: "yes" };
}
/** A curve that descends: across a kink, or by waking a dead unit in a direction. */
export interface EnclosedNotLocal {
  readonly kind: "not-local";
  readonly by:
    | { readonly kink: UnitAtSample }
    | { readonly dead: number; readonly direction: readonly Rational[]; readonly side: "positive" | "negative" };
}
export interface EnclosedNotGlobal {
  readonly kind: "not-global";
  readonly better: readonly Rational[];
}
export type EnclosedStatement = EnclosedFeasible | EnclosedKkt | EnclosedBound | EnclosedNotLocal | EnclosedNotGlobal;

// ---------------------------------------------------------------- feasible, kkt

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

function ensureKkt(facts: EnclosedFacts): void {
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
 * Every zero pre-activation at a sample with active margins is in the first hidden layer, where each weight is a parameter that stands in no
 * other place.
 */
function ensureRegular({ problem: { network }, units }: EnclosedFacts): void {
  const zeros = units.filter(isZero);
  if (zeros.length === 0) return;
  const [first, ...others] = network.layers.map((layer) => layer.flat().map(({ weight }) => weight));
  const own = new Set(first);
  const isOwn =
    own.size === first!.length &&
    first!.every((weight) => weight < network.parameters.length) &&
    others.every((weights) => weights.every((weight) => !own.has(weight)));
  ensure(isOwn, "enclosed-kkt.regular", "there are kinks, and the first layer shares weights or holds constants");
  for (const { at } of zeros)
    ensure(at.layer === 0, "enclosed-kkt.regular", () => `${unitText(at)} is zero, and not in the first layer`);
}

function isZero({ state, z }: UnitState): boolean {
  return state === "?" || z.size === 0;
}

// ---------------------------------------------------------------- depth 2

interface LiveUnit {
  readonly unit: number;
  /** The sign of its outgoing weight; null where the unit is dead: all its weights are zero on the range of B. */
  readonly sign: 1 | -1 | null;
}

const CLASS = "the network is not of depth 2 with one output, without shared or frozen weights, and linear above";

/** The hidden units of a network of depth 2, live or dead. */
function hiddenUnits(facts: EnclosedFacts, clause: string): LiveUnit[] {
  const { problem, point, ring, theta } = facts;
  const { network } = problem;
  const fits =
    network.layers.length === 2 && network.outputs === 1 && network.frozen.length === 0 && isUnshared(network);
  ensure(fits, clause, CLASS);
  const named = new Set(point.range.flatMap((column) => [...column.keys()]));
  const outgoing = new Map(network.layers[1]![0]!.map(({ from, weight }) => [from, weight]));
  return network.layers[0]!.flatMap((row, unit): LiveUnit[] => {
    const own = outgoing.get(unit);
    if (own === undefined) return []; // nothing reads it
    if (![own, ...row.map(({ weight }) => weight)].some((k) => named.has(k))) return [{ unit, sign: null }];
    const sign = ring.sign(theta[own]!);
    ensure(
      sign === 1 || sign === -1,
      clause,
      () => `the outgoing weight of unit ${unit + 1} is not shown to be of one sign, nor zero`,
    );
    return [{ unit, sign }];
  });
}

/** Σ over the active samples of λ y (slope) x, as an enclosed vector. */
function weighted(facts: EnclosedFacts, slopeAt: (sample: number) => Interval | null): Interval[] | null {
  const { problem, point, ring, lambda, margins } = facts;
  const total = new Array<Interval>(problem.network.inputs).fill(ring.zero);
  for (const [k, j] of point.active.entries()) {
    const { sample } = margins[j]!;
    const { x, y } = problem.data[sample]!;
    const slope = slopeAt(sample);
    if (slope === null) return null;
    const factor = ring.mul(y === 1 ? lambda[k]! : ring.neg(lambda[k]!), slope);
    for (const [i, c] of x.entries())
      if (!Q.isZero(c)) total[i] = ring.add(total[i]!, ring.mul(factor, ring.enclose(c)));
  }
  return total;
}

function squared(ring: IntervalRing, v: readonly Interval[]): Interval {
  return v.reduce((total, c) => ring.add(total, ring.mul(c, c)), ring.zero);
}

// ---------------------------------------------------------------- bound

export const enclosedBound: EnclosedKind<EnclosedBound> = {
  clauses: [
    "enclosed-bound.class",
    "enclosed-bound.open",
    "enclosed-bound.live",
    "enclosed-bound.form",
    "enclosed-bound.weight",
    "enclosed-bound.value",
  ],
  codec: ({ tree, unit, number }) => {
    const side = byKey<Side>({
      live: objectOf<{ live: number }>({ live: index(100_000) }),
      weights: objectOf<{ weights: readonly { at: UnitAtSample; weight: Rational }[] }>({
        weights: listOf(objectOf<{ at: UnitAtSample; weight: Rational }>({ at: unit, weight: number })),
      }),
    });
    const leaf = objectOf<EnclosedLeaf>({ positive: side, negative: side });
    const by = byKey<EnclosedBound["by"]>({
      tree: objectOf<{ tree: Tree<Rational, EnclosedLeaf> }>({ tree: tree(leaf) }),
      linear: objectOf<{ linear: "yes" }>({ linear: word("yes") }),
      live: objectOf<{ live: "yes" }>({ live: word("yes") }),
    });
    const { read, write } = objectOf<EnclosedBound>({ kind: word("bound"), reach: word("global", "local"), by });
    return {
      read: (value, where) => {
        const statement = read(value, where);
        const expected = "live" in statement.by ? "local" : "global";
        if (statement.reach !== expected)
          throw new InputError(at(where, "reach"), `expected "${expected}" with this evidence`);
        return statement;
      },
      write,
    };
  },
  check: (facts, { by }) => {
    ensureKkt(facts);
    if ("linear" in by) ensureLinear(facts);
    else if ("tree" in by) ensureCells(facts, by.tree);
    else ensureLive(facts);
  },
  meaning: ({ reach }) => ({
    about: reach,
    scope: null,
    answer: "yes",
    radius: null,
    because: "its multipliers bound the norm of every feasible point from below, and the point attains the bound",
  }),
};

/** A KKT point of a fully connected linear network with one output is a global optimum. */
function ensureLinear({ problem: { network } }: EnclosedFacts): void {
  const fits =
    network.source.kind === "fully-connected" &&
    isLinear(network) &&
    network.outputs === 1 &&
    network.frozen.length === 0;
  ensure(
    fits,
    "enclosed-bound.class",
    "the network is not fully connected and linear, with one output and all of it trained",
  );
}

/** Locally, where no unit is dead: no margin gains across a zero pre-activation. */
function ensureLive(facts: EnclosedFacts): void {
  const { problem, units } = facts;
  const hidden = hiddenUnits(facts, "enclosed-bound.class");
  for (const { unit, sign } of hidden) {
    ensure(sign !== null, "enclosed-bound.live", () => `unit ${unit + 1} is dead, so the bound is asked on all cells`);
    for (const state of units) {
      if (state.at.unit !== unit || !isZero(state)) continue;
      const loses = problem.data[state.at.sample]!.y * sign < 0;
      ensure(loses, "enclosed-bound.live", () => `${unitText(state.at)} gains across its zero`);
    }
  }
}

/** |Σ λ_i y_i σ(u·x_i)| ≤ |u| for every u, cell by cell, for outgoing weights of both signs. */
function ensureCells(facts: EnclosedFacts, tree: Tree<Rational, EnclosedLeaf>): void {
  const { problem, spend } = facts;
  const hidden = hiddenUnits(facts, "enclosed-bound.class");
  const { network } = problem;
  const complete = network.layers[0]!.every((row) => row.length === network.inputs);
  ensure(complete, "enclosed-bound.class", "a hidden unit does not read every input");
  const { frame } = chainOf(problem, spend);
  explore(frame, tree, (cell, leaf) => {
    for (const [side, evidence] of [
      [1, leaf.positive],
      [-1, leaf.negative],
    ] as const) {
      if ("live" in evidence) ensureIdentity(facts, hidden, cell, side, evidence.live);
      else ensureShort(facts, frame, cell, side, evidence.weights);
    }
  });
}

/** The sign of u·x_i on the cell. */
function signAt({ spend }: EnclosedFacts, cell: Cell<Rational>, sample: number): 1 | -1 | 0 | null {
  spend(10 + cell.conditions.length);
  return cell.sample(sample).layers[0]![0]!.sign;
}

/** ‖Σ λ y σ' x + Σ ν (±x)‖ < 1, by intervals. */
function ensureShort(
  facts: EnclosedFacts,
  frame: Frame<Rational>,
  cell: Cell<Rational>,
  side: 1 | -1,
  weights: readonly { readonly at: UnitAtSample; readonly weight: Rational }[],
): void {
  const { problem, ring } = facts;
  const { field: K } = problem;
  const off = ring.enclose(problem.network.slopes[0]!);
  const linear = isLinearLayer(problem.network, 0);
  const f = weighted(facts, (sample) => {
    const sign = signAt(facts, cell, sample);
    return linear || sign === 1 ? ring.one : sign === null ? null : sign === 0 ? ring.zero : off;
  });
  ensure(f !== null, "enclosed-bound.open", "a sample with active margins has no sign on a cell");
  const total = side === 1 ? [...f] : f.map(ring.neg);
  for (const { at, weight } of weights) {
    const sign = at.layer === 0 && at.unit === 0 ? signAt(facts, cell, at.sample) : null;
    ensure(sign === 1 || sign === -1, "enclosed-bound.form", () => `${unitText(at)} has no known sign on the cell`);
    ensure(Q.sign(weight) >= 0, "enclosed-bound.weight", "a weight of a sign is negative");
    for (const [i, c] of frame.facts.instance.data[at.sample]!.x.entries()) {
      const term = ring.enclose(K.mul(weight, c));
      total[i] = sign > 0 ? ring.add(total[i]!, term) : ring.sub(total[i]!, term);
    }
  }
  const short = ring.sign(ring.sub(ring.one, squared(ring, total))) === 1;
  ensure(short, "enclosed-bound.value", "a cell is not shown to be bounded by 1");
}

/** The cell's form differs from w/v of a live unit, of norm 1, by forms that are not negative there: by stationarity, identically. */
function ensureIdentity(
  facts: EnclosedFacts,
  hidden: readonly LiveUnit[],
  cell: Cell<Rational>,
  side: 1 | -1,
  unit: number,
): void {
  const { problem, point, margins, unitAt } = facts;
  const found = (why: string) => `unit ${unit + 1} does not prove the bound on a cell: ${why}`;
  const isSide = hidden.some((one) => one.unit === unit && one.sign === side);
  ensure(isSide, "enclosed-bound.live", () => found("its outgoing weight is not of this sign"));
  if (isLinearLayer(problem.network, 0)) return;
  for (const j of point.active) {
    const { sample } = margins[j]!;
    const own = unitAt({ sample, layer: 0, unit })!;
    const sign = signAt(facts, cell, sample);
    ensure(sign !== null, "enclosed-bound.open", "a sample with active margins has no sign on a cell");
    if (sign === 0) continue; // the sample's form is zero
    const isOn = sign === 1;
    if (!isZero(own)) {
      ensure((own.state === "+") === isOn, "enclosed-bound.live", () =>
        found(`it lies on the other side at sample ${sample + 1}`),
      );
    } else if (own.state !== (isOn ? "+" : "-")) {
      const loses = problem.data[sample]!.y * side < 0;
      ensure(loses, "enclosed-bound.live", () =>
        found(`the margin of sample ${sample + 1} gains across the unit's zero`),
      );
    }
  }
}

// ---------------------------------------------------------------- not-local, not-global

export const enclosedNotLocal: EnclosedKind<EnclosedNotLocal> = {
  clauses: [
    "enclosed-not-local.class",
    "enclosed-not-local.independence",
    "enclosed-not-local.kink",
    "enclosed-not-local.dead",
    "enclosed-not-local.gain",
  ],
  codec: ({ unit, numbers }) => {
    const by = byKey<EnclosedNotLocal["by"]>({
      kink: objectOf<{ kink: UnitAtSample }>({ kink: unit }),
      dead: objectOf<{ dead: number; direction: readonly Rational[]; side: "positive" | "negative" }>({
        dead: index(100_000),
        direction: numbers,
        side: word("positive", "negative"),
      }),
    });
    return objectOf<EnclosedNotLocal>({ kind: word("not-local"), by });
  },
  check: (facts, { by }) => {
    ensureKkt(facts);
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
  const gram = gradients.map((f) =>
    gradients.map((g) =>
      [...f].reduce((total, [k, c]) => (g.has(k) ? ring.add(total, ring.mul(c, g.get(k)!)) : total), ring.zero),
    ),
  );
  const found = "the gradients of active margins and zero pre-activations are not shown to be independent";
  ensure(isPositiveDefinite(ring, gram), "enclosed-not-local.independence", found);
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

export const enclosedNotGlobal: EnclosedKind<EnclosedNotGlobal> = {
  clauses: ["enclosed-not-global.feasible", "enclosed-not-global.norm"],
  codec: ({ point }) => objectOf<EnclosedNotGlobal>({ kind: word("not-global"), better: point }),
  check: ({ problem, ring, theta, margins, spend }, { better }) => {
    const { field: K, data, network } = problem;
    const instance: Instance<Rational> = { ...problem, point: better };
    const passes = data.map((_, sample) => {
      spend(passCost(network));
      return passAt(instance, sample, better);
    });
    for (const margin of margins) {
      const value = marginOf(K, margin, passes[margin.sample]!.outputs);
      const holds = compare(K, value, K.one) >= 0;
      ensure(
        holds,
        "enclosed-not-global.feasible",
        () => `the margin of ${marginText(margin)} is below 1 at the better point`,
      );
    }
    const shorter = ring.sign(ring.sub(squared(ring, theta), ring.enclose(squaredNorm(K, better)))) === 1;
    ensure(shorter, "enclosed-not-global.norm", "the other point is not shown to be of smaller norm");
  },
  meaning: () => ({
    about: "global",
    scope: null,
    answer: "no",
    radius: null,
    because: "a feasible point of smaller norm is given",
  }),
};

export const enclosedKinds = {
  feasible: enclosedFeasible,
  kkt: enclosedKkt,
  bound: enclosedBound,
  "not-local": enclosedNotLocal,
  "not-global": enclosedNotGlobal,
} as const;
