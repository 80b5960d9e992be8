/**
 * Finds what `kernel/statements/not-global.ts` checks: a feasible point of smaller norm. A multi-start ascent of the least margin on
 * the sphere through θ looks for one above 1, and rounding makes a shorter point on its ray exact and plain.
 */

import { dot, type Field, squaredNorm } from "../exact/field.js";
import {
  constant,
  constantTerm,
  type MultivariatePolynomial,
  multivariateRing,
  shiftedVariable,
} from "../exact/multivariate.js";
import type { Facts } from "../kernel/facts.js";
import { forward, type Pass, passAt } from "../kernel/forward.js";
import type { Of } from "../kernel/statements/index.js";
import { verifyStatement } from "../kernel/verify.js";
import { type Instance, type Margin, marginOf, weightsOf } from "../network/instance.js";
import { isLinear, isLinearLayer, parametersOf, type Scope } from "../network/network.js";
import { gaussian, uniform } from "../numeric/random.js";
import type { Search } from "./effort.js";
import { addGradient, approximate } from "./search/approximate.js";
import { combined, quadraticAscent } from "./search/conic.js";
import { dotNumbers, normOf } from "./search/numeric.js";
import { independentRows, solveSystem } from "./search/solve.js";
import { fraction, roundTo } from "./search/vectors.js";

type NotGlobal<E> = Of<"not-global", E>;

const STARTS = 48;
const STEPS = 600;
const MAX_PARAMETERS = 4000;
const DENOMINATORS = [
  1n,
  2n,
  3n,
  4n,
  5n,
  6n,
  8n,
  10n,
  12n,
  16n,
  24n,
  32n,
  64n,
  128n,
  1024n,
  65536n,
  1n << 24n,
  1n << 40n,
];
const STRETCHES = [1, 1 + 1 / 1024, 1 + 1 / 64, 1 + 1 / 16, 1 + 1 / 8, 1 + 1 / 4];

/** The least margin, at the norm of θ, from which on an ascent is sharpened, and how many are. */
const NEARLY_BETTER = 0.9;
const MAX_SHARPENED = 4;

/** The weight of a margin that has no part in an ascent; the least margin's is 1. */
const NEGLIGIBLE = 1e-9;

/** The problem of a scope in floating point. */
interface Shadow {
  readonly instance: Instance<number>;
  readonly margins: readonly Margin[];
  readonly moving: readonly number[];
  readonly scope: Scope;
  /** The norm of the moving part of θ. */
  readonly size: number;
}

/** Searches a feasible point of the scope with smaller norm than the feasible θ; the hints, points nearly so, are tried first, then ascents from these starts. */
export function findBetter<E>(
  facts: Facts<E>,
  scope: Scope,
  { effort, progress, reached }: Search,
  hints: readonly (readonly number[])[] = [],
  ownStarts: readonly (readonly number[])[] = [],
): NotGlobal<E> | null {
  const { instance, margins } = facts;
  const moving = parametersOf(instance.network, scope);
  if (moving.length > MAX_PARAMETERS * effort) {
    reached(`${MAX_PARAMETERS * effort} parameters of a better point`);
    return null;
  }
  const near = approximate(instance);
  const shadow: Shadow = { instance: near, margins, moving, scope, size: normOf(moving.map((k) => near.point[k]!)) };
  if (shadow.size === 0) return null;
  const random = uniform(11);
  // Fewer starts where each costs more; the work stays of one order.
  const starts = effort * Math.max(6, Math.min(STARTS, Math.floor(60_000 / (moving.length * instance.data.length))));
  function* candidates() {
    yield* hints;
    for (const start of ownStarts) yield sharpened(shadow, start, gaussian(random));
    let [done, nearly] = [0, 0];
    for (const start of startingPoints(shadow, starts, random)) {
      progress("better point", done++, starts);
      const end = ascend(shadow, start);
      yield end;
      if (leastMargin(shadow, end) < NEARLY_BETTER || nearly++ >= MAX_SHARPENED * effort) continue;
      yield sharpened(shadow, end, gaussian(random));
    }
  }
  for (const end of candidates()) {
    const better = betterAlong(facts, shadow, end);
    if (better !== null) return better;
  }
  return null;
}

/** The better point on the ray of the moving part of a point, where there is one. */
function betterAlong<E>(facts: Facts<E>, shadow: Shadow, end: readonly number[]): NotGlobal<E> | null {
  const { moving, size } = shadow;
  const direction = moving.map((k) => end[k]!);
  const factor = leastFactor(
    (s) => Math.min(...marginsAt(shadow, scaledPart(shadow, end, s))),
    (size * (1 - 1e-9)) / normOf(direction),
  );
  return factor === null
    ? null
    : roundPoint(
        facts,
        shadow,
        direction.map((x) => x * factor),
      );
}

function passesAt({ instance }: Shadow, point: readonly number[]): Pass<number>[] {
  return instance.data.map((_, sample) => passAt(instance, sample, point));
}

function marginsAt(shadow: Shadow, point: readonly number[]): number[] {
  const passes = passesAt(shadow, point);
  return shadow.margins.map((margin) => marginOf(shadow.instance.field, margin, passes[margin.sample]!.outputs));
}

function leastMargin(shadow: Shadow, point: readonly number[]): number {
  return Math.min(...marginsAt(shadow, point));
}

/** The point with its moving part times a factor, and the rest as in θ. */
function scaledPart({ instance, moving }: Shadow, point: readonly number[], factor: number): number[] {
  const result = [...instance.point];
  for (const k of moving) result[k] = point[k]! * factor;
  return result;
}

/** By bisection, nearly the least factor ≤ `most` from which on, as it seems, the function is at least 1; null where it is not at `most`. */
function leastFactor(f: (factor: number) => number, most: number): number | null {
  if (!(f(most) >= 1)) return null;
  let [low, high] = [0, most];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (f(middle) >= 1) high = middle;
    else low = middle;
  }
  return high;
}

/** Merged units first (one serves what two did), then random perturbations of θ, then random points. */
function* startingPoints(
  { instance, moving, scope, size }: Shadow,
  count: number,
  random: () => number,
): Generator<number[]> {
  const { network, point } = instance;
  const typical = size / Math.sqrt(moving.length);
  const normal = gaussian(random);
  const noisy = (base: readonly number[], noise: number) => {
    const moved = [...base];
    for (const k of moving) moved[k]! += noise * normal();
    return moved;
  };
  const isMoving = new Set(moving);
  const blank = point.map((c, k) => (isMoving.has(k) ? 0 : c));
  const merges = network.layers
    .slice(0, -1)
    .flatMap((layer, l) =>
      scope !== null && scope !== l
        ? []
        : layer.flatMap((row, a) =>
            layer.slice(0, a).flatMap((other, b) => (row.length === other.length ? [{ l, a, b }] : [])),
          ),
    );
  for (const { l, a, b } of merges.slice(0, Math.floor(count / 3))) {
    const merged = [...point];
    const into = network.layers[l]![b]!;
    for (const [j, { weight }] of network.layers[l]![a]!.entries()) {
      const target = into[j]!.weight;
      if (!isMoving.has(weight) || !isMoving.has(target)) continue;
      merged[target]! += point[weight]!;
      merged[weight] = 0;
    }
    yield noisy(merged, 0.01 * typical);
  }
  for (let k = 0; k < count; k++) yield noisy(k % 2 === 0 ? point : blank, typical);
  // Most random points of a deep ReLU network are dead; with positive hidden weights they are not.
  const isHidden = (k: number) => network.parameters[k]!.layers[0]! < network.layers.length - 1;
  for (let k = 0; k < count / 4 && !isLinear(network); k++)
    yield noisy(blank, typical).map((c, j) => (isMoving.has(j) && isHidden(j) ? Math.abs(c) : c));
}

/** Gradient ascent of the smoothed minimum of the margins on the sphere through θ. */
function ascend(shadow: Shadow, start: readonly number[]): number[] {
  const { instance, margins, moving, size } = shadow;
  const onSphere = (point: readonly number[]) =>
    scaledPart(shadow, point, size / (normOf(moving.map((k) => point[k]!)) || 1));
  let point = onSphere(start);
  let sharpness = 2;
  let rate = 0.2;
  let value = -Infinity;
  for (let step = 0; step < STEPS; step++) {
    const passes = passesAt(shadow, point);
    const m = margins.map((margin) => marginOf(instance.field, margin, passes[margin.sample]!.outputs));
    const least = Math.min(...m);
    const scale = Math.max(Math.abs(least), 1e-3);
    if (least < value - 1e-12) rate = Math.max(rate * 0.7, 1e-6);
    value = least;
    const weights = m.map((x) => Math.exp((-sharpness * (x - least)) / scale)).map((w) => (w < NEGLIGIBLE ? 0 : w));
    // Per sample and output, its part in the smoothed minimum.
    const parts = passes.map(({ outputs }) => outputs.map(() => 0));
    for (const [j, { sample, plus, minus }] of margins.entries()) {
      if (plus !== null) parts[sample]![plus]! += weights[j]!;
      if (minus !== null) parts[sample]![minus]! -= weights[j]!;
    }
    const slope = new Array<number>(point.length).fill(0);
    for (const [sample, pass] of passes.entries())
      addGradient({ ...instance, point }, sample, pass, parts[sample]!, slope);
    const length = normOf(moving.map((k) => slope[k]!)) || 1;
    point = onSphere(point.map((x, k) => x + (rate * size * slope[k]!) / length));
    if (step % 25 === 24) sharpness *= 1.5;
    rate = Math.min(rate * 1.01, 0.2);
  }
  return point;
}

/** Points around one at which gradients are taken, and how far they are, in turn, beside its norm. */
const SAMPLED = 6;
const RADII = [0.05, 0.02, 0.008, 0.003, 0.001, 0.0003];
const MAX_STEPS_PER_RADIUS = 6;
/** The share of a step that is tried at the least. */
const LEAST_STEP = 1 / 64;

/**
 * A local maximum of the least margin on the sphere, where smoothing comes near only slowly: the shortest point over the margins' linear models,
 * with gradients from around the point, so that kinks are seen from both sides (Burke, Lewis and Overton, A robust gradient sampling
 * algorithm, 2005).
 */
function sharpened(shadow: Shadow, start: readonly number[], normal: () => number): readonly number[] {
  const { instance, margins, moving, size } = shadow;
  const onSphere = (point: readonly number[]) =>
    scaledPart(shadow, point, size / (normOf(moving.map((k) => point[k]!)) || 1));
  let point: readonly number[] = onSphere(start);
  let least = leastMargin(shadow, point);
  for (const radius of RADII) {
    for (let step = 0; step < MAX_STEPS_PER_RADIUS && least > 0; step++) {
      const around = Array.from({ length: SAMPLED }, (_, k) => {
        const moved = [...point];
        if (k > 0) for (const v of moving) moved[v]! += (radius * size * normal()) / Math.sqrt(moving.length);
        return moved;
      });
      const rows = around.flatMap((at) => {
        const passes = passesAt(shadow, at);
        return margins.map((margin) => {
          const { outputs } = passes[margin.sample]!;
          const parts = outputs.map((_, k) => (k === margin.plus ? 1 : k === margin.minus ? -1 : 0));
          const slope = new Array<number>(at.length).fill(0);
          addGradient({ ...instance, point: at }, margin.sample, passes[margin.sample]!, parts, slope);
          const own = moving.map((v) => slope[v]!);
          const value = marginOf(instance.field, margin, outputs);
          return {
            own,
            bound:
              least -
              value +
              dotNumbers(
                own,
                moving.map((v) => at[v]!),
              ),
          };
        });
      });
      const weights = quadraticAscent(
        rows.map(({ own }) => own),
        rows.map(({ bound }) => bound),
      );
      const target = combined(
        rows.map(({ own }) => own),
        weights,
      );
      let next: readonly number[] | null = null;
      for (let share = 1; share >= LEAST_STEP && next === null; share /= 2) {
        const moved = [...point];
        for (const [j, v] of moving.entries()) moved[v]! += share * (target[j]! - point[v]!);
        const candidate = onSphere(moved);
        const value = leastMargin(shadow, candidate);
        if (value > least + 1e-9 * Math.abs(least)) [next, least] = [candidate, value];
      }
      if (next === null) break;
      point = next;
    }
  }
  return point;
}

/**
 * The plainest rational point near the values of the moving parameters that is feasible and still of smaller norm: rounded,
 * somewhat stretched, as it is; or else scaled by what is missing.
 */
function roundPoint<E>({ instance }: Facts<E>, shadow: Shadow, values: readonly number[]): NotGlobal<E> | null {
  const { field: K, point } = instance;
  const { moving, scope } = shadow;
  if (K.functions !== null) {
    const exact = leastPoint(instance, shadow, values);
    if (exact !== null) return exact;
  }
  const own = squaredNorm(K, point);
  const largest = Math.max(...values.map(Math.abs));
  // Small points are rounded on their own scale.
  const magnitude = Math.log2(largest);
  const refinement = 1n << BigInt(magnitude < -3 ? Math.ceil(-magnitude) : 0);
  // First without the small entries, which are often only what the ascent has not yet brought to zero.
  const sparse = values.map((x) => (Math.abs(x) < largest / 4 ? 0 : x));
  const attempts = [
    { from: sparse, scaled: false },
    { from: values, scaled: false },
    { from: values, scaled: true },
  ];
  for (const { from, scaled } of attempts) {
    for (const denominator of DENOMINATORS) {
      for (const stretch of STRETCHES) {
        const rounded = [...point];
        for (const [j, k] of moving.entries())
          rounded[k] = K.fromRational(roundTo(from[j]! * stretch, denominator * refinement));
        const better = scaled ? scaledUp(K, shadow, rounded) : rounded;
        if (K.sign(K.sub(squaredNorm(K, better), own)) >= 0) continue;
        const statement: NotGlobal<E> = { kind: "not-global", scope, better };
        if (verifyStatement(instance, statement).accepted) return statement;
      }
    }
  }
  return null;
}

/** How far, relative to 1, a margin may be from 1, or a pre-activation from 0, to count as if it were that. */
const NEARLY = [1e-6, 1e-4, 1e-2];

/**
 * The point of least norm in one layer's problem at which what is nearly tight at the given values is tight, exactly: among the points of one
 * pattern the margins are linear, and it is rational in the numbers of the problem. Over functions it is better wherever such a point is.
 */
function leastPoint<E>(instance: Instance<E>, shadow: Shadow, values: readonly number[]): NotGlobal<E> | null {
  const { field: K, point, network, data } = instance;
  const { moving, scope, margins } = shadow;
  if (scope === null) return null;
  const near = [...shadow.instance.point];
  for (const [j, k] of moving.entries()) near[k] = values[j]!;
  const passes = passesAt(shadow, near);
  for (const tolerance of NEARLY) {
    const rows: { coefficients: E[]; bound: E }[] = [];
    const addRow = (p: MultivariatePolynomial<E>, value: E) =>
      rows.push({
        coefficients: moving.map((k) => p.get(String(k))?.coefficient ?? K.zero),
        bound: K.sub(value, constantTerm(K, p)),
      });
    const weights = weightsOf(instance, point).map((value, k) =>
      moving.includes(k) ? shiftedVariable(K, K.zero, k) : constant(K, value),
    );
    const ring = multivariateRing(K);
    for (const [sample, { x }] of data.entries()) {
      const signs = passes[sample]!.preactivations;
      const isOn = (_: unknown, layer: number, unit: number) => signs[layer]![unit]! > 0;
      const pass = forward(
        ring,
        instance,
        (c) => constant(K, c),
        weights,
        x.map((c) => constant(K, c)),
        isOn,
      );
      for (const [layer, units] of pass.preactivations.entries())
        for (const [unit, z] of units.entries())
          if (!isLinearLayer(network, layer) && z.size > 0 && Math.abs(signs[layer]![unit]!) < tolerance)
            addRow(z, K.zero);
      for (const margin of margins)
        if (
          margin.sample === sample &&
          marginOf(shadow.instance.field, margin, passes[sample]!.outputs) < 1 + tolerance
        )
          addRow(marginOf(ring, margin, pass.outputs), K.one);
    }
    const independent = independentRows(
      K,
      rows.map(({ coefficients }) => coefficients),
    ).map((k) => rows[k]!);
    const gram = independent.map(({ coefficients: a }) => independent.map(({ coefficients: b }) => dot(K, a, b)));
    const multipliers = solveSystem(
      K,
      gram,
      independent.map(({ bound }) => bound),
    );
    if (multipliers === null || independent.length === 0) continue;
    const better = [...point];
    for (const [j, k] of moving.entries())
      better[k] = dot(
        K,
        multipliers,
        independent.map(({ coefficients }) => coefficients[j]!),
      );
    const statement: NotGlobal<E> = { kind: "not-global", scope, better };
    if (verifyStatement(instance, statement).accepted) return statement;
  }
  return null;
}

/** The point with its moving part multiplied by a factor that makes it feasible, where not much is missing. */
function scaledUp<E>(K: Field<E>, shadow: Shadow, point: readonly E[]): readonly E[] {
  const approximate = point.map(K.toNumber);
  const leastAt = (factor: number) => Math.min(...marginsAt(shadow, scaledPart(shadow, approximate, factor)));
  const least = leastFactor(leastAt, 2);
  if (least === null || least <= 1) return point;
  const factor = fraction(K, BigInt(Math.ceil(least * 4096)) + 1n, 4096n);
  const scaled = [...point];
  for (const k of shadow.moving) scaled[k] = K.mul(point[k]!, factor);
  return scaled;
}
