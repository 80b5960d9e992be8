/**
 * KKT points in floating point, on any network: from a guess of pattern, kinks and active margins by Newton's method, and from what a
 * solution contradicts in the guess to the next guess. Each has the radius of a ball that holds one zero of its system, up to what the
 * system leaves free.
 */
import { eigen } from "../numeric/eigen.js";
import { addTo, combination, distance, dot, factor, joined, norm, orthonormal, vector } from "../numeric/matrix.js";
import { reachOf } from "./approximate-kkt.js";
import type { Kink } from "./field.js";
import { forward, hasKink, hessian, kinkNormal, type Model, marginsAt, type Pattern, passesAt } from "./model.js";

/** A KKT point under a pattern: θ, λ of the margins that hold it, and σ' of the neurons on the kinks that it is on. */
export interface KktGuess {
  readonly model: Model;
  /** The slopes at `kinks` in it do not count. */
  readonly pattern: Pattern;
  readonly kinks: readonly Kink[];
  /** The numbers of the margins. */
  readonly margins: readonly number[];
  readonly theta: Float64Array;
  readonly lambda: Float64Array;
  readonly slopes: Float64Array;
}

/** A solution that contradicts nothing. */
export interface KktPoint extends KktGuess {
  /** Newton's method bounds the distance to the zero next to θ by this: twice its last step, and what rounding leaves. */
  readonly radius: number;
}

/** What is solved is zero up to this, beside ‖θ‖. */
const SOLVED = 1e-13;
/** Signs, multipliers and slopes may be on the wrong side by this. */
const ROUNDING = 1e-9;
/**
 * Of the squares of the Jacobian's rows: where the limit is one of many, as neurons share, the correction is the shortest. With the square of
 * what is left beside it, steps stay short where the system is nearly singular, and converge as fast (Yamashita and Fukushima, 2001).
 */
const RIDGE = 1e-12;
const MAX_ROUNDS = 30;
const NOISE = 2 ** -48;
/** Guesses that are tried. */
const MAX_GUESSES = 12;

/** The solution of the guess's system to which Newton's method leads, with zeros where rounding has left something; null where to none. */
export function solved(start: KktGuess): KktPoint | null {
  let best = start;
  let rest = residual(best);
  let least = norm(rest);
  let radius = Number.POSITIVE_INFINITY;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { next, length } = corrected(best, rest);
    const moved = residual(next);
    const size = norm(moved);
    if (!(size < least / 2)) {
      radius = 2 * length;
      break;
    }
    [best, rest, least] = [next, moved, size];
  }
  const length = norm(best.theta);
  if (!(length > 0) || !(least <= SOLVED * Math.max(1, length))) return null;
  const theta = best.theta.map((x) => (Math.abs(x) <= SOLVED * length ? 0 : x));
  // What rounding can do to the residual, as far as the system lets it through.
  const noise = rest.map((_, i) => (i % 2 === 0 ? 1 : -1) * NOISE * (1 + length ** 2));
  return { ...best, theta, radius: radius + 2 * corrected(best, noise).length + NOISE * length };
}

/** A KKT point to which the guess leads, by way of others where a solution contradicts it; null where to none. */
export function kktPointNear(guess: KktGuess): KktPoint | null {
  const queue = [guess];
  const tried = new Set<string>();
  for (let count = 0; queue.length > 0 && count < MAX_GUESSES; ) {
    const one = queue.shift()!;
    if (one.margins.length === 0) continue;
    const key = keyOf(one);
    if (tried.has(key)) continue;
    tried.add(key);
    count++;
    const found = solved(one);
    if (found === null) {
      queue.push(...simpler(one));
      continue;
    }
    const others = contradictions(found);
    if (others.length === 0) return found;
    // From where the guesses began: a solution of a wrong system may be far from everything.
    const isFar = distance(found.theta, guess.theta) > 0.5 * norm(guess.theta);
    queue.unshift(...(isFar ? others.map((other) => ({ ...other, theta: guess.theta })) : others));
  }
  return null;
}

function keyOf({ pattern, kinks, margins }: KktGuess): string {
  const open = patternOf({ pattern, kinks, slopes: new Float64Array(kinks.length).fill(Number.NaN) });
  return `${margins.join()} ${open.map((row) => row.join()).join(";")}`;
}

function same(a: Kink, b: Kink): boolean {
  return a.sample === b.sample && a.neuron === b.neuron;
}

function withoutKink(at: KktGuess, k: number, slope: number): KktGuess {
  const { sample, neuron } = at.kinks[k]!;
  return {
    ...at,
    pattern: at.pattern.map((row, i) => (i === sample ? row.with(neuron, slope) : (row as Float64Array))),
    kinks: at.kinks.toSpliced(k, 1),
    slopes: at.slopes.filter((_, other) => other !== k),
  };
}

function withoutMargin(at: KktGuess, k: number): KktGuess {
  const { sample } = at.model.margins[at.margins[k]!]!;
  const margins = at.margins.toSpliced(k, 1);
  const next = { ...at, margins, lambda: at.lambda.filter((_, other) => other !== k) };
  // A kink at a sample without active margins pulls nothing.
  if (margins.some((m) => at.model.margins[m]!.sample === sample)) return next;
  return at.kinks.reduceRight<KktGuess>(
    (rest, kink, place) =>
      kink.sample === sample
        ? withoutKink(rest, place, at.slopes[place]! > 0.5 ? 1 : at.model.neurons[kink.neuron]!.off)
        : rest,
    next,
  );
}

/** Neighbours of a guess whose system has no solution near by: a kink less, or an active margin less. */
function simpler(at: KktGuess): KktGuess[] {
  const kinks = at.kinks.flatMap((kink, k) => {
    const off = at.model.neurons[kink.neuron]!.off;
    return (at.slopes[k]! > (1 + off) / 2 ? [1, off] : [off, 1]).map((slope) => withoutKink(at, k, slope));
  });
  const order = [...at.margins.keys()].sort((a, b) => at.lambda[a]! - at.lambda[b]!);
  return [...kinks, ...(at.margins.length > 1 ? order.map((k) => withoutMargin(at, k)) : [])];
}

/** The guesses to try instead of a solution that contradicts itself: none where multipliers, slopes, signs and margins are as assumed. */
export function contradictions(at: KktGuess): KktGuess[] {
  const { model, kinks, theta, lambda, slopes } = at;
  const weakest = lambda.indexOf(Math.min(...lambda));
  if (lambda[weakest]! < -ROUNDING) return [withoutMargin(at, weakest)];
  const outside = kinks.findIndex(
    ({ neuron }, k) => slopes[k]! < model.neurons[neuron]!.off - ROUNDING || slopes[k]! > 1 + ROUNDING,
  );
  if (outside !== -1)
    return [withoutKink(at, outside, slopes[outside]! > 0.5 ? 1 : model.neurons[kinks[outside]!.neuron]!.off)];
  const pattern = patternOf(at);
  const length = norm(theta);
  const active = new Set(at.margins.map((m) => model.margins[m]!.sample));
  for (const [sample, row] of pattern.entries()) {
    const pass = forward(model, sample, row, theta);
    for (const [index, neuron] of model.neurons.entries()) {
      if (!hasKink(neuron) || kinks.some((kink) => same(kink, { sample, neuron: index }))) continue;
      const isOn = row[index] === 1;
      const along = isOn ? pass.pre[index]! : -pass.pre[index]!;
      if (along >= -ROUNDING * (length + reachOf(model, pass, index))) continue;
      const turned = at.pattern.map((one, i) =>
        i === sample ? one.with(index, isOn ? neuron.off : 1) : (one as Float64Array),
      );
      const flipped: KktGuess = { ...at, pattern: turned };
      if (!active.has(sample)) return [flipped];
      const kink: KktGuess = {
        ...at,
        kinks: [...kinks, { sample, neuron: index }],
        slopes: joined(slopes, Float64Array.of((1 + neuron.off) / 2)),
      };
      return [kink, flipped];
    }
  }
  const values = marginsAt(model, pattern, theta);
  const lowest = values.indexOf(Math.min(...values));
  if (values[lowest]! < 1 - ROUNDING && !at.margins.includes(lowest))
    return [{ ...at, margins: [...at.margins, lowest], lambda: joined(lambda, Float64Array.of(0)) }];
  return [];
}

/** Whether the flow within the pattern and along the kinks is drawn to the point: no direction of the second order leads down. */
export function isAttracting(at: KktPoint): boolean {
  const { model, kinks, margins, theta, lambda } = at;
  const pattern = patternOf(at);
  const passes = passesAt(model, pattern, margins, theta);
  const held = orthonormal([
    ...passes.map(({ gradient }) => gradient),
    ...kinks.map(({ sample, neuron }) => kinkNormal(model, sample, neuron, pattern[sample]!, theta)),
  ]);
  const form = Array.from({ length: model.size }, (_, j) => new Float64Array(model.size).with(j, 1));
  margins.forEach((m, i) => {
    const margin = model.margins[m]!;
    hessian(model, margin, pattern[margin.sample]!, theta).forEach((row, j) => {
      addTo(form[j]!, -lambda[i]!, row);
    });
  });
  const project = (u: Float64Array) => {
    const rest = u.slice();
    for (const one of held) addTo(rest, -dot(one, rest), one);
    return rest;
  };
  const rows = form.map(project);
  const columns = rows.map((_, j) => project(vector(model.size, (i) => rows[i]![j]!)));
  return eigen(columns)[0]!.value > -1e-7;
}

/** In how many directions of θ its system leaves the point free: those in which units share, and those of a continuum of KKT points. */
export function freedomOf(at: KktPoint): number {
  const rows = jacobian(at);
  const others = rows.map((row) => row.slice(at.theta.length));
  return at.theta.length - orthonormal(rows).length + orthonormal(others).length;
}

/** The pattern with the slopes at the kinks. */
export function patternOf({ pattern, kinks, slopes }: Pick<KktGuess, "pattern" | "kinks" | "slopes">): Pattern {
  if (kinks.length === 0) return pattern;
  const rows = pattern.map((row) => row.slice());
  kinks.forEach(({ sample, neuron }, k) => {
    rows[sample]![neuron] = slopes[k]!;
  });
  return rows;
}

/** θ − Σ λ_i ∇q_i, then q_i − 1, then the pre-activations at the kinks. */
function residual(at: KktGuess): Float64Array {
  const { model, kinks, margins, theta, lambda } = at;
  const pattern = patternOf(at);
  const passes = passesAt(model, pattern, margins, theta);
  const stationarity = theta.slice();
  passes.forEach(({ gradient }, i) => {
    addTo(stationarity, -lambda[i]!, gradient);
  });
  const slack = Float64Array.from(passes, ({ margin }) => margin - 1);
  const zeros = Float64Array.from(
    kinks,
    ({ sample, neuron }) => forward(model, sample, pattern[sample]!, theta).pre[neuron]!,
  );
  return joined(stationarity, joined(slack, zeros));
}

/** After one step of Newton's method, the shortest where the system leaves a choice, and the length of the step. */
function corrected(at: KktGuess, rest: Float64Array): { next: KktGuess; length: number } {
  const { theta, lambda, slopes } = at;
  const rows = jacobian(at);
  const squares = rows.map((u) => Float64Array.from(rows, (v) => dot(u, v)));
  const ridge = RIDGE * Math.max(...squares.map((row, i) => row[i]!)) + dot(rest, rest);
  squares.forEach((row, i) => {
    row[i]! += ridge;
  });
  const shares = rest.slice();
  factor(squares)(shares);
  const step = combination(theta.length + lambda.length + slopes.length, shares, rows);
  const moved = (from: Float64Array, offset: number) => from.map((x, j) => x - step[offset + j]!);
  const next: KktGuess = {
    ...at,
    theta: moved(theta, 0),
    lambda: moved(lambda, theta.length),
    slopes: moved(slopes, theta.length + lambda.length),
  };
  return { next, length: norm(step) };
}

/** Of `residual`, row by row, in θ, λ and the slopes; pre-activations on kinks are zero, and so are their products with slopes. */
function jacobian(at: KktGuess): Float64Array[] {
  const { model, kinks, margins, theta, lambda } = at;
  const pattern = patternOf(at);
  const passes = passesAt(model, pattern, margins, theta);
  const hessians = margins.map((k) => {
    const margin = model.margins[k]!;
    return hessian(model, margin, pattern[margin.sample]!, theta);
  });
  // The gradient is affine in each slope alone.
  const turns = kinks.map(({ sample, neuron }) => {
    const steeper = pattern.map((row, i) => (i === sample ? row.with(neuron, row[neuron]! + 1) : row));
    const turned = passesAt(model, steeper, margins, theta);
    const turn = new Float64Array(model.size);
    margins.forEach((k, i) => {
      if (model.margins[k]!.sample !== sample) return;
      addTo(turn, lambda[i]!, turned[i]!.gradient);
      addTo(turn, -lambda[i]!, passes[i]!.gradient);
    });
    return turn;
  });
  const width = model.size + margins.length + kinks.length;
  const stationarity = Array.from({ length: model.size }, (_, j) => {
    const row = new Float64Array(width).with(j, 1);
    hessians.forEach((h, i) => {
      addTo(row.subarray(0, model.size), -lambda[i]!, h[j]!);
      row[model.size + i] = -passes[i]!.gradient[j]!;
    });
    turns.forEach((turn, k) => {
      row[model.size + margins.length + k] = -turn[j]!;
    });
    return row;
  });
  const zeros = kinks.map(({ sample, neuron }) => kinkNormal(model, sample, neuron, pattern[sample]!, theta));
  const padded = (u: Float64Array) => vector(width, (j) => u[j] ?? 0);
  return [...stationarity, ...passes.map(({ gradient }) => padded(gradient)), ...zeros.map(padded)];
}
