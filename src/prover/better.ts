/**
 * Finds what `kernel/not-global.ts` checks: a feasible point of smaller norm. By homogeneity that is a direction of larger
 * normalised margin, so a multi-start ascent looks for one, and rounding makes it exact and plain.
 */
import type { Instance, Of, Scope } from "../certificate/format.js";
import { squaredNorm } from "../exact/field.js";
import { gradient, marginAt, passAt } from "../kernel/forward.js";
import { withOrientations } from "../kernel/pieces.js";
import { verifyStatement } from "../kernel/verify.js";
import { parametersOf } from "../problem/network.js";
import { approximate } from "./approximate.js";
import { normOf } from "./numeric.js";
import { gaussian, generator } from "./random.js";
import { fraction, roundTo } from "./vectors.js";

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

/** Searches a feasible point of the scope with smaller norm than the feasible θ; the hints, points nearly so, are tried first. */
export function findBetter<E>(
  instance: Instance<E>,
  scope: Scope,
  hints: readonly (readonly number[])[] = [],
): Of<"not-global", E> | null {
  const moving = parametersOf(instance.network, scope);
  if (moving.length > MAX_PARAMETERS) return null;
  const shadow = approximate(instance);
  const own = normOf(moving.map((k) => shadow.point[k]!));
  if (own === 0) return null;
  const random = generator(11);
  // Fewer starts where each costs more; the work stays of one order.
  const starts = Math.max(6, Math.min(STARTS, Math.floor(60_000 / (moving.length * instance.data.length))));
  function* candidates() {
    yield* hints;
    // On the unit sphere the margins are then of ordinary size.
    const unit = own ** (scope === null ? instance.network.layers.length : 1);
    for (const start of startingPoints(shadow, moving, scope, starts, random))
      yield ascend(shadow, moving, start, unit);
  }
  for (const end of candidates()) {
    const better = betterAlong(
      instance,
      shadow,
      scope,
      moving.map((k) => end[k]!),
    );
    if (better !== null) return better;
  }
  return null;
}

/** The better point on the ray of some values of the scope's parameters, given in floating point, where there is one. */
export function betterAlong<E>(
  instance: Instance<E>,
  shadow: Instance<number>,
  scope: Scope,
  direction: readonly number[],
): Of<"not-global", E> | null {
  const moving = parametersOf(instance.network, scope);
  const degree = scope === null ? instance.network.layers.length : 1;
  const end = [...shadow.point];
  for (const [j, k] of moving.entries()) end[k] = direction[j]!;
  const margin = Math.min(...margins(shadow, end));
  if (margin <= 0) return null;
  const size = normOf(direction) / margin ** (1 / degree);
  if (size > normOf(moving.map((k) => shadow.point[k]!)) * (1 - 1e-9)) return null;
  return roundPoint(instance, moving, direction, margin, degree, scope);
}

function margins(shadow: Instance<number>, at: readonly number[]): number[] {
  return shadow.data.map((_, i) => marginAt(shadow, i, at));
}

/** Merged units first (one serves what two did), then random perturbations of θ, then random points. */
function* startingPoints(
  { network, point }: Instance<number>,
  moving: readonly number[],
  scope: Scope,
  count: number,
  random: () => number,
): Generator<number[]> {
  const noisy = (base: readonly number[], size: number) => {
    const moved = [...base];
    for (const k of moving) moved[k]! += size * gaussian(random);
    return moved;
  };
  const size = normOf(moving.map((k) => point[k]!)) / Math.sqrt(moving.length);
  const blank = [...point];
  for (const k of moving) blank[k] = 0;
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
    for (const [j, { parameter }] of network.layers[l]![a]!.entries()) {
      merged[into[j]!.parameter]! += point[parameter]!;
      merged[parameter] = 0;
    }
    yield noisy(merged, 0.01 * size);
  }
  for (let k = 0; k < count; k++)
    yield k % 2 === 0
      ? noisy(point, size)
      : noisy(
          point.map((c, j) => (moving.includes(j) ? 0 : c)),
          size,
        );
  // Most random points of a deep ReLU network are dead; with positive hidden weights they are not.
  const isHidden = (j: number) => network.parameters[j]!.layer < network.layers.length - 1;
  for (let k = 0; k < count / 4 && network.activation.kind !== "linear"; k++)
    yield noisy(blank, size).map((c, j) => (moving.includes(j) && isHidden(j) ? Math.abs(c) : c));
}

/** Gradient ascent of the smoothed minimum of the margins on the sphere of the moving parameters. */
function ascend(shadow: Instance<number>, moving: readonly number[], start: readonly number[], unit: number): number[] {
  let point = normalized(start, moving);
  let sharpness = 2;
  let rate = 0.2;
  let value = -Infinity;
  for (let step = 0; step < STEPS; step++) {
    const at = { ...shadow, point };
    const m = margins(shadow, point).map((x) => x * unit);
    const least = Math.min(...m);
    const scale = Math.max(Math.abs(least), 1e-3);
    if (least < value - 1e-12) rate = Math.max(rate * 0.7, 1e-6);
    value = least;
    const weights = m.map((x) => Math.exp((-sharpness * (x - least)) / scale));
    const total = weights.reduce((a, b) => a + b, 0);
    const slope = new Array<number>(point.length).fill(0);
    for (const [i, weight] of weights.entries()) {
      const share = (weight / total) * shadow.data[i]!.y;
      if (Math.abs(share) < 1e-9) continue;
      const g = gradient(at, i, withOrientations(at, passAt(at, i, point), [], []));
      for (const k of moving) slope[k]! += share * g[k]!;
    }
    const size = normOf(slope) || 1;
    point = normalized(
      point.map((x, k) => x + (rate * slope[k]!) / size),
      moving,
    );
    if (step % 25 === 24) sharpness *= 1.5;
    rate = Math.min(rate * 1.01, 0.2);
  }
  return point;
}

function normalized(point: readonly number[], moving: readonly number[]): number[] {
  const size = normOf(moving.map((k) => point[k]!)) || 1;
  const result = [...point];
  for (const k of moving) result[k]! /= size;
  return result;
}

/**
 * The plainest rational point near the direction that is feasible and still of smaller norm: rounded, somewhat stretched, as it
 * is; or else scaled by what is missing.
 */
function roundPoint<E>(
  instance: Instance<E>,
  moving: readonly number[],
  direction: readonly number[],
  margin: number,
  degree: number,
  scope: Scope,
): Of<"not-global", E> | null {
  const { field: K, point } = instance;
  const natural = margin ** (-1 / degree);
  const own = squaredNorm(K, point);
  const largest = Math.max(...direction.map(Math.abs));
  // Small points are rounded on their own scale.
  const magnitude = Math.log2(largest * natural);
  const refinement = 1n << BigInt(magnitude < -3 ? Math.ceil(-magnitude) : 0);
  // First without the small entries, which are often only what the ascent has not yet brought to zero.
  const sparse = direction.map((x) => (Math.abs(x) < largest / 4 ? 0 : x));
  const attempts = [
    { from: sparse, scaled: false },
    { from: direction, scaled: false },
    { from: direction, scaled: true },
  ];
  for (const { from, scaled } of attempts) {
    for (const denominator of DENOMINATORS) {
      for (const stretch of STRETCHES) {
        const rounded = [...point];
        for (const [j, k] of moving.entries())
          rounded[k] = K.fromRational(roundTo(from[j]! * natural * stretch, denominator * refinement));
        const better = scaled ? scaledUp(instance, rounded, moving, degree) : rounded;
        if (K.sign(K.sub(squaredNorm(K, better), own)) >= 0) continue;
        const statement: Of<"not-global", E> = { kind: "not-global", scope, better };
        if (verifyStatement(instance, statement).accepted) return statement;
      }
    }
  }
  return null;
}

/** The point with its moving part multiplied by a factor that makes it feasible, where its margins are positive. */
function scaledUp<E>(
  instance: Instance<E>,
  point: readonly E[],
  moving: readonly number[],
  degree: number,
): readonly E[] {
  const K = instance.field;
  const least = Math.min(...instance.data.map((_, i) => K.toNumber(marginAt(instance, i, point))));
  if (least >= 1 || least <= 0.25) return point;
  const factor = fraction(K, BigInt(Math.ceil(least ** (-1 / degree) * 4096)) + 1n, 4096n);
  const scaled = [...point];
  for (const k of moving) scaled[k] = K.mul(point[k]!, factor);
  return scaled;
}
