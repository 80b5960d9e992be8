/**
 * `follow`: where gradient flow is after a finite time, from every start in a small ball. (`proofs/theory.md`, §13.6.)
 *
 * All solutions are kept in one Euclidean ball. While no unit changes its sign, the ball moves along a polynomial curve of the certificate that
 * nearly solves the equation: it grows by the curve's defect, and at most like e^{μt}, μ a bound on the eigenvalues of Σ p_j ∇²q_j, however stiff
 * the flow is; for the field is −∇G, and G is convex in the margins q. Nothing wraps. Where units change their signs, the ball moves by an
 * enclosure of both fields, in a step as short as the certificate makes it.
 */
import { type Dual, dualNumbers } from "../exact/dual.js";
import { dot, type Ring } from "../exact/field.js";
import { hull, type Interval, type IntervalRing, intervalRing } from "../exact/interval.js";
import { Q, type Rational, rational } from "../exact/rational.js";
import { type TaylorModel, type TaylorModelRing, taylorModels } from "../exact/taylor-model.js";
import { byKey, type Codec, listOf, objectOf, rationalNumber, word } from "../network/codec.js";
import { InputError, integer } from "../network/decode.js";
import { marginOf } from "../network/instance.js";
import { isLinearLayer, isUnshared, type Network } from "../network/network.js";
import type { Context } from "./certificate.js";
import { ensure } from "./ensure.js";
import { keyOf } from "./explore.js";
import { type Facts, spendNetwork } from "./facts.js";
import { backpropagate, type Pass, type Pattern, propagate, type UnitAtSample, unitText } from "./forward.js";

/**
 * L = Σ e^{−q} over the margins, or Σ log(1 + Σ e^{−q}), the inner sum over the margins of a sample. The flow is followed in the time in which
 * it is the gradient flow of G = log L, or log(e^L − 1).
 */
export type Loss = "exponential" | "logistic";

/** One by which no unit changes its sign: per parameter a polynomial in s, in units of 2^−precision; from s = −1 to 1 the time of `duration`. */
export interface Smooth {
  readonly duration: Rational;
  readonly curve: readonly (readonly bigint[])[];
}

/** One in which these units change their sign. */
export interface Crossing {
  readonly duration: Rational;
  readonly crossing: readonly UnitAtSample[];
}

export type Step = Smooth | Crossing;

export interface Path {
  readonly loss: Loss;
  /** Bits of the interval arithmetic. */
  readonly precision: number;
  /** Of the Taylor models. */
  readonly degree: number;
  readonly steps: readonly Step[];
}

/** All θ within the radius of the point. */
export interface Starts<E> {
  readonly point: readonly E[];
  readonly radius: Rational;
}

/** All solutions are within the radius of the centre, in units of 2^−precision. */
export interface Reached {
  readonly centre: readonly bigint[];
  readonly radius: bigint;
  /** Per sample: z ≥ 0 for the units that are on, z ≤ 0 for those that are off. Of no meaning where a layer is linear. */
  readonly patterns: readonly Pattern[];
}

export const pathClauses = [
  "path.start",
  "path.duration",
  "path.shape",
  "path.tube",
  "path.box",
  "path.range",
  "path.sign",
  "path.push",
  "path.crossing",
] as const;

const MAX_PRECISION = 1024;
const MAX_DEGREE = 64;
const MAX_STEPS = 10_000;
/** Boxes that are tried for one that no solution leaves. */
const MAX_TRIALS = 10;
/** All numbers are below 2^precision, so that none is much work. */
const bound = (precision: number): bigint => 1n << BigInt(2 * precision);
/** Exponentials are computed up to here. */
const MAX_EXPONENT = 64n;

export function pathCodec<E>({ unit }: Context<E>): Codec<Path> {
  const count = (low: number, high: number): Codec<number> => ({ read: integer(low, high), write: (n) => n });
  const duration = rationalNumber;
  const curve = listOf(listOf(wholeNumber, 1, MAX_DEGREE + 1), 1);
  return objectOf<Path>({
    loss: word("exponential", "logistic"),
    precision: count(32, MAX_PRECISION),
    degree: count(1, MAX_DEGREE),
    steps: listOf(
      byKey<Step>({
        curve: objectOf<Smooth>({ duration, curve }),
        crossing: objectOf<Crossing>({ duration, crossing: listOf(unit, 1) }),
      }),
      0,
      MAX_STEPS,
    ),
  });
}

const wholeNumber: Codec<bigint> = {
  read: (value, where) => {
    const { s, n, d } = rationalNumber.read(value, where);
    if (d !== 1n) throw new InputError(where, "expected an integer");
    return s * n;
  },
  write: String,
};

/**
 * Throws a Rejection by one of the clauses, or tells where the flow is at the end of the path. `kept` tells which units must have a sign; others
 * are of no account where the flow runs.
 */
export function follow<E>(
  facts: Facts<E>,
  starts: Starts<E>,
  { loss, precision, degree, steps }: Path,
  kept: (at: UnitAtSample) => boolean,
): Reached {
  const flow = flowOf(facts, loss, precision, degree, kept);
  return steps.reduce((from, step, k) => advance(flow, from, step, `step ${k + 1}`), depart(flow, starts));
}

/** What is the same in all steps. */
export interface Flow<E> {
  readonly facts: Facts<E>;
  readonly loss: Loss;
  readonly degree: number;
  readonly kept: (at: UnitAtSample) => boolean;
  readonly ring: IntervalRing;
  readonly models: TaylorModelRing;
  readonly enclose: (a: E) => Interval;
  /** Per sample. */
  readonly inputs: readonly (readonly Interval[])[];
  readonly frozen: readonly Interval[];
  /** Per hidden layer, σ' where a unit is off. */
  readonly slopes: readonly Interval[];
}

export function flowOf<E>(
  facts: Facts<E>,
  loss: Loss,
  precision: number,
  degree: number,
  kept: (at: UnitAtSample) => boolean,
): Flow<E> {
  const { field, data, frozen, network } = facts.instance;
  const ring = intervalRing(precision, facts.spend);
  const enclose = (a: E) => {
    const x = field.bounds(a, precision);
    ensure(
      sizeOf(x) < bound(precision),
      "path.range",
      () => `a number of the problem or the start exceeds 2^${precision}`,
    );
    return x;
  };
  return {
    facts,
    loss,
    degree,
    kept,
    ring,
    models: taylorModels(ring, degree),
    enclose,
    inputs: data.map(({ x }) => x.map(enclose)),
    frozen: frozen.map(enclose),
    slopes: network.slopes.map(ring.enclose),
  };
}

/** The ball of the starts, at none of which a unit that is kept is at zero. */
export function depart<E>(flow: Flow<E>, { point, radius }: Starts<E>): Reached {
  const { ring, enclose, facts, inputs, frozen, slopes, kept } = flow;
  const { network } = facts.instance;
  ensure(Q.sign(radius) >= 0, "path.start", "the radius of the starts is negative");
  const { centre, error } = middleOf(point.map(enclose));
  const ball = { centre, radius: error + ring.enclose(radius).high };
  ensure(ball.radius < bound(ring.precision), "path.range", "the radius of the starts is too large");
  const patterns = inputs.map((x, sample) => {
    const pattern = network.layers.slice(0, -1).map((layer) => layer.map(() => true));
    propagate(ring, network, [...boxOf(ball), ...frozen], x, (z, layer, unit) => {
      const at = { sample, layer, unit };
      const sign = ring.sign(z);
      const found = () => `${unitText(at)} is not shown to have one strict sign at all starts`;
      ensure(sign === 1 || sign === -1 || !kept(at), "path.start", found);
      pattern[layer]![unit] = sign === 1;
      return sign === 1 ? z : ring.mul(slopes[layer]!, z);
    });
    return pattern;
  });
  return { ...ball, patterns };
}

/** The bounding box of a ball. */
export function boxOf({ centre, radius }: Pick<Reached, "centre" | "radius">): Interval[] {
  return centre.map((c) => ({ low: c - radius, high: c + radius }));
}

/** One step of all solutions; `where` names it. */
export function advance<E>(flow: Flow<E>, from: Reached, step: Step, where: string): Reached {
  spendNetwork(flow.facts);
  const lasts = Q.sign(step.duration) > 0 && flow.ring.enclose(step.duration).high < bound(flow.ring.precision);
  ensure(lasts, "path.duration", () => `${where} does not last, or too long`);
  return "curve" in step ? along(flow, from, step, where) : across(flow, from, step, where);
}

/** Along a curve: what its defect adds to the distance of a solution, and how much the distance may grow. */
function along<E>(flow: Flow<E>, from: Reached, { duration, curve }: Smooth, where: string): Reached {
  const { ring, models, degree, facts } = flow;
  const { patterns } = from;
  const fits =
    curve.length === facts.instance.network.parameters.length && curve.every((one) => one.length <= degree + 1);
  ensure(fits, "path.shape", () => `${where} is no polynomial of degree at most ${degree} per parameter`);
  const isSmall = curve.every((one) => one.every((c) => absolute(c) < bound(ring.precision)));
  ensure(isSmall, "path.range", () => `a coefficient of ${where} exceeds 2^${ring.precision}`);
  const slopes = slopesOf(flow, patterns);
  const thin = (n: bigint): Interval => ({ low: n, high: n });
  const P = curve.map((one) => one.map(thin));
  const { margins } = viewOf(flow, models, models.constant, P, slopes);
  const leader = leastOf(margins.map(models.range));
  // s runs from −1 to 1: half the duration is the time of a unit of s.
  const regime = { slopes, leader, duration: ring.enclose(Q.div(duration, rational(2n))), where };

  const defects = ratesOf(flow, P, regime).map((rate, k) => {
    const slope = curve[k]!.slice(1).map((c, n) => thin(BigInt(n + 1) * c));
    return sizeOf(models.range(models.sub(rate, slope)));
  });
  const offset = curve.reduce((sum, one, k) => {
    const start = one.reduce((total, c, n) => total + (n % 2 === 0 ? c : -c), 0n);
    return sum + absolute(start - from.centre[k]!);
  }, 0n);
  const drift = from.radius + offset + 2n * defects.reduce((sum, size) => sum + size, 0n);

  // Nobody leaves the tube of four times that radius, if from drift no distance grows beyond.
  const reach = 4n * drift + 4n;
  const tube = P.map((one) => models.add(one, [{ low: -reach, high: reach }]));
  const stretch = 2n * stretchOf(flow, tube, regime);
  const isShort = stretch <= 64n * ring.one.low;
  ensure(isShort, "path.tube", () => `${where} is too long for the solutions to be shown to stay together`);
  const radius = ring.mul(thin(drift), ring.exp({ low: 0n, high: stretch })).high;
  ensure(radius < reach, "path.tube", () => `${where} is too long for the solutions to be shown to stay together`);
  ensureSigns(flow, tube, patterns, new Map(), regime);
  const centre = curve.map((one) => one.reduce((sum, c) => sum + c, 0n));
  return { centre, radius, patterns };
}

/** Across kinks: all that may happen is enclosed. */
function across<E>(flow: Flow<E>, from: Reached, { duration, crossing }: Crossing, where: string): Reached {
  const { ring, models, facts } = flow;
  const { network } = facts.instance;
  for (const at of crossing) {
    const hasKink =
      at.layer < network.slopes.length &&
      !isLinearLayer(network, at.layer) &&
      at.unit < network.layers[at.layer]!.length;
    ensure(hasKink, "path.crossing", () => `${unitText(at)}, in ${where}, is not there, or has no kink`);
  }
  const crossed = new Set(crossing.map(keyOf));
  const patterns = from.patterns.map((pattern, sample) =>
    pattern.map((units, layer) => units.map((on, unit) => on !== crossed.has(keyOf({ sample, layer, unit })))),
  );
  const slopes = slopesOf(flow, patterns, (key) => (crossed.has(key) ? "either" : null));
  const ball = boxOf(from);
  const { passes, margins } = viewOf(flow, ring, (x) => x, ball, slopes);
  const regime = { slopes, leader: leastOf(margins), duration: ring.enclose(duration), where };
  const ratesIn = (box: readonly Interval[]) => ratesOf(flow, box.map(models.constant), regime).map(models.range);
  const reach = (v: readonly Interval[]) => ball.map((x, k) => ring.add(x, hull(ring.zero, v[k]!)));
  const isInside = (inner: readonly Interval[], outer: readonly Interval[]) =>
    inner.every(({ low, high }, k) => outer[k]!.low < low && high < outer[k]!.high);
  let [box, rates] = [ball, ratesIn(ball)];
  for (let n = 0; n < MAX_TRIALS && !isInside(reach(rates), box); n++) {
    box = reach(rates).map(widened);
    rates = ratesIn(box);
  }
  const stays = isInside(reach(rates), box);
  ensure(stays, "path.box", () => `${where} is too long for a box to be shown that no solution leaves`);
  const starts = new Map(
    crossing.map((at) => [keyOf(at), passes[at.sample]!.preactivations[at.layer]![at.unit]!] as const),
  );
  ensureSigns(flow, box.map(models.constant), patterns, starts, regime);
  const { centre, error } = middleOf(rates);
  return { centre: from.centre.map((c, k) => c + centre[k]!), radius: from.radius + error, patterns };
}

/** The number of the interval that begins first. */
function leastOf(intervals: readonly Interval[]): number {
  return intervals.reduce((least, { low }, j) => (low < intervals[least]!.low ? j : least), 0);
}

// ---------------------------------------------------------------- the field

/** σ' of a unit at a sample: 1, the slope of its layer, or an interval that holds both. */
type SlopeAt = (at: UnitAtSample) => Interval;

function slopesOf<E>(
  { ring, slopes }: Flow<E>,
  patterns: readonly Pattern[],
  choose: (key: string) => boolean | "either" | null = () => null,
): SlopeAt {
  const both = slopes.map((slope) => hull(slope, ring.one));
  return (at) => {
    const on = choose(keyOf(at)) ?? patterns[at.sample]![at.layer]![at.unit]!;
    return on === "either" ? both[at.layer]! : on ? ring.one : slopes[at.layer]!;
  };
}

/** What fixes the field of a step. */
interface Regime {
  readonly slopes: SlopeAt;
  /** By which the field is multiplied. */
  readonly duration: Interval;
  /** The number of a margin from which the others are measured; any would do. */
  readonly leader: number;
  readonly where: string;
}

interface View<R> {
  /** Per sample. */
  readonly passes: readonly Pass<R>[];
  readonly margins: readonly R[];
  /** The gradient of a sum of pre-activations or outputs of a sample's layer with these factors. */
  readonly pull: (sample: number, factors: readonly R[], top?: number) => R[];
}

function viewOf<E, R>(
  { facts: { instance, margins }, inputs, frozen }: Flow<E>,
  ring: Ring<R>,
  lift: (x: Interval) => R,
  theta: readonly R[],
  slopes: SlopeAt,
): View<R> {
  const { network } = instance;
  const weights = [...theta, ...frozen.map(lift)];
  const read = inputs.map((x) => x.map(lift));
  const activate = (sample: number) => (z: R, layer: number, unit: number) =>
    ring.mul(lift(slopes({ sample, layer, unit })), z);
  const passes = read.map((x, sample) => propagate(ring, network, weights, x, activate(sample)));
  return {
    passes,
    margins: margins.map((margin) => marginOf(ring, margin, passes[margin.sample]!.outputs)),
    pull: (sample, factors, top) =>
      backpropagate(ring, network, weights, read[sample]!, passes[sample]!, activate(sample), factors, top),
  };
}

/** Σ p_j ∇q_j. */
function combine<E, R>(
  { facts: { margins } }: Flow<E>,
  ring: Ring<R>,
  { passes, pull }: View<R>,
  p: readonly R[],
): R[] {
  const add = (factors: R[], k: number | null, c: R) => {
    if (k !== null) factors[k] = ring.add(factors[k]!, c);
  };
  return passes
    .map(({ outputs }, sample) => {
      const factors = outputs.map(() => ring.zero);
      for (const [j, margin] of margins.entries()) {
        if (margin.sample !== sample) continue;
        add(factors, margin.plus, p[j]!);
        add(factors, margin.minus, ring.neg(p[j]!));
      }
      return pull(sample, factors);
    })
    .reduce((total, one) => total.map((c, k) => ring.add(c, one[k]!)));
}

/**
 * p_j = −∂G/∂q_j. With u_j = e^{q_r − q_j}, r being the leader, U_i their sum over the margins of sample i and D_i = 1 + e^{−q_r} U_i (1 for
 * the exponential loss), G = −q_r + log Σ_i U_i Π_{k<i} D_k.
 */
function sharesOf<E>(
  { facts, loss, ring, models }: Flow<E>,
  margins: readonly TaylorModel[],
  { leader, where }: Regime,
): TaylorModel[] {
  const { zero, one, add, mul } = models;
  const exp = (f: TaylorModel) => {
    const isSmall = models.range(f).high >> BigInt(ring.precision) < MAX_EXPONENT;
    ensure(isSmall, "path.range", () => `${where} is too long, or a margin too low: e^${MAX_EXPONENT} is exceeded`);
    return models.exp(f);
  };
  const lead = margins[leader]!;
  const u = margins.map((q, j) => (j === leader ? one : exp(models.sub(lead, q))));
  const own = facts.instance.data.map((_, sample) => u.filter((__, j) => facts.margins[j]!.sample === sample));
  const U = own.map((terms) => terms.reduce(add, zero));
  const scale = loss === "logistic" ? exp(models.neg(lead)) : zero;
  const D = U.map((sum) => add(one, mul(scale, sum)));
  const before = [one];
  for (const d of D) before.push(mul(before.at(-1)!, d));
  const after = [one];
  for (const d of D.toReversed()) after.unshift(mul(d, after[0]!));
  const total = U.map((sum, i) => mul(sum, before[i]!)).reduce(add, zero);
  const isPositive = models.range(total).low > 0n;
  ensure(isPositive, "path.range", () => `${where} is too long: a positive sum is not shown to be positive`);
  const share = models.inv(total);
  const shares = U.map((_, i) => mul(share, mul(before[i]!, after[i + 1]!)));
  return u.map((one, j) => mul(one, shares[facts.margins[j]!.sample]!));
}

/** −∇G, times the duration. */
function ratesOf<E>(flow: Flow<E>, theta: readonly TaylorModel[], regime: Regime): TaylorModel[] {
  const { models } = flow;
  const view = viewOf(flow, models, models.constant, theta, regime.slopes);
  const rates = combine(flow, models, view, sharesOf(flow, view.margins, regime));
  return rates.map((rate) => models.mul(models.constant(regime.duration), rate));
}

/** At least the largest eigenvalue of Σ p_j ∇²q_j along a tube, times the duration, by Gershgorin's discs; not negative. */
function stretchOf<E>(flow: Flow<E>, tube: readonly TaylorModel[], regime: Regime): bigint {
  const { ring, models } = flow;
  const duals = dualNumbers(ring);
  const lift = (value: Interval): Dual<Interval> => ({ value, rate: ring.zero });
  const { margins } = viewOf(flow, models, models.constant, tube, regime.slopes);
  const p = sharesOf(flow, margins, regime).map((share) => lift(models.range(share)));
  const box = tube.map((one) => lift(models.range(one)));
  const most = box.reduce((largest, { value }, k) => {
    const theta = box.with(k, { value, rate: ring.one });
    const column = combine(flow, duals, viewOf(flow, duals, lift, theta, regime.slopes), p);
    const disc = column.reduce((sum, { rate }, i) => sum + (i === k ? rate.high : sizeOf(rate)), 0n);
    return disc > largest ? disc : largest;
  }, 0n);
  return ring.mul({ low: 0n, high: most }, regime.duration).high;
}

// ---------------------------------------------------------------- signs

/**
 * In the tube each unit has the strict sign of its pattern. Or it had that sign, perhaps weakly, when the step began, or is to go to it, and the
 * field pushes it there on the other side, and does not push it back on its own: then it keeps it, or has it from some moment on. `crossed` has
 * the pre-activations with which units begin that are to go to it, and have to have it at the end.
 */
function ensureSigns<E>(
  flow: Flow<E>,
  tube: readonly TaylorModel[],
  patterns: readonly Pattern[],
  crossed: ReadonlyMap<string, Interval>,
  regime: Regime,
): void {
  const { models, facts, kept } = flow;
  const { network } = facts.instance;
  const { passes } = viewOf(flow, models, models.constant, tube, regime.slopes);
  const open = unitsOf(network, patterns).filter(({ at, on }) => {
    if (!kept(at)) return false;
    const { low, high } = models.range(passes[at.sample]!.preactivations[at.layer]![at.unit]!);
    return crossed.has(keyOf(at)) || !(on ? low > 0n : high < 0n);
  });
  const isOpen = new Set(open.map(({ at }) => keyOf(at)));
  for (const { at } of open) {
    const isLowest = open.every(({ at: other }) => other.sample !== at.sample || other.layer >= at.layer);
    ensure(isLowest, "path.sign", () => `${unitText(at)}, in ${regime.where}, has no sign, nor has a unit below it`);
  }
  for (const { at, on } of open) {
    const { sample, layer } = at;
    const text = `${unitText(at)}, in ${regime.where},`;
    /** How fast z goes to the sign that it is to have, at least, where it is on or off. */
    const push = (side: boolean): bigint => {
      const choose = (key: string) => (key === keyOf(at) ? side : isOpen.has(key) ? "either" : null);
      const slopes = slopesOf(flow, patterns, choose);
      const rates = ratesOf(flow, tube, { ...regime, slopes });
      const unit = network.layers[layer]!.map((_, k) => (k === at.unit ? models.one : models.zero));
      const normal = viewOf(flow, models, models.constant, tube, slopes).pull(sample, unit, layer);
      const { low, high } = models.range(dot(models, normal, rates));
      return on ? low : -high;
    };
    const towards = push(!on);
    const isPushed = towards > 0n && push(on) >= 0n;
    ensure(isPushed, "path.push", () => `${text} is not shown to be ${on ? "on" : "off"}, nor to be pushed there`);
    const z = crossed.get(keyOf(at));
    const arrives = z === undefined || (on ? z.low : -z.high) + towards >= 0n;
    ensure(arrives, "path.crossing", () => `${text} is not shown to have crossed zero at the end`);
  }
}

/** The units of layers with kinks. */
function unitsOf(network: Network, patterns: readonly Pattern[]): { at: UnitAtSample; on: boolean }[] {
  return patterns.flatMap((pattern, sample) =>
    pattern.flatMap((row, layer) =>
      isLinearLayer(network, layer) ? [] : row.map((on, unit) => ({ at: { sample, layer, unit }, on })),
    ),
  );
}

/**
 * Of a unit that is off at a sample, perhaps only weakly, anywhere in a box: whether it stays off for ever, because it is off at all samples, so
 * that nothing moves it, and where it may be at zero, being on would push it back. Only for networks of depth 2 with one output, in which no
 * weight stands twice.
 */
export function restsOff<E>(
  { instance: { network, data, field: K } }: Facts<E>,
  ring: IntervalRing,
  box: readonly Interval[],
  patterns: readonly Pattern[],
): (at: UnitAtSample) => boolean {
  const fits = network.layers.length === 2 && network.outputs === 1 && isUnshared(network);
  return ({ unit }) => {
    const outgoing = network.layers[1]?.[0]?.find(({ from }) => from === unit)?.weight;
    const row = network.layers[0]![unit]!;
    const isFree = [outgoing, ...row.map(({ weight }) => weight)].every((k) => k !== undefined && k < box.length);
    const isOff = Q.isZero(network.slopes[0]!) && patterns.every(([first]) => !first![unit]!);
    const side = fits && isFree && isOff ? ring.sign(box[outgoing!]!) : null;
    if (side === null) return false;
    const read = data.map(({ x }) => row.map(({ from }) => x[from]!));
    const open = read.flatMap((x, sample) => {
      const terms = x.map((c, k) => ring.mul(K.bounds(c, ring.precision), box[row[k]!.weight]!));
      return terms.reduce(ring.add, ring.zero).high < 0n ? [] : [sample];
    });
    /** The sign of the rate at which sample j, where the unit is on there, moves its pre-activation at sample i. */
    const push = (i: number, j: number) => side * data[j]!.y * K.sign(dot(K, read[i]!, read[j]!));
    return open.every((i) => push(i, i) < 0 && open.every((j) => push(i, j) <= 0));
  };
}

// ---------------------------------------------------------------- intervals

/** A quarter wider, and a little more. */
function widened({ low, high }: Interval): Interval {
  const more = (high - low) / 8n + 64n;
  return { low: low - more, high: high + more };
}

/** A ball that contains the box. */
function middleOf(box: readonly Interval[]): { readonly centre: bigint[]; readonly error: bigint } {
  const centre = box.map(({ low, high }) => (low + high) >> 1n);
  return { centre, error: box.reduce((sum, { high }, k) => sum + high - centre[k]!, 0n) };
}

function absolute(n: bigint): bigint {
  return n < 0n ? -n : n;
}

/** The largest absolute value. */
function sizeOf({ low, high }: Interval): bigint {
  return high > -low ? high : -low;
}
