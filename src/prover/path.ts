/**
 * Proposes the steps of a path of the flow and tries each on the kernel's own step. A curve is the polynomial that solves the equation of the flow
 * at Chebyshev's points, by Newton's method in floating point, so that the stiffness of large margins does not shorten it. Towards a unit's change
 * of sign steps become shorter, until it is crossed in as short a time as is enough.
 */
import { type Rational, rational, ratioToNumber } from "../exact/rational.js";
import { Rejection } from "../kernel/ensure.js";
import { keyOf } from "../kernel/explore.js";
import type { Facts } from "../kernel/facts.js";
import { backpropagate, type Pattern, propagate, type UnitAtSample } from "../kernel/forward.js";
import { advance, depart, flowOf, type Loss, type Path, type Reached, type Starts, type Step } from "../kernel/path.js";
import { marginOf } from "../network/instance.js";
import { isLinearLayer } from "../network/network.js";
import { factor } from "../numeric/matrix.js";
import { FLOATS } from "./search/approximate.js";

export interface PathOptions {
  readonly precision: number;
  readonly degree: number;
  readonly maxSteps: number;
  /** The error that a step may add. */
  readonly tolerance: number;
}

export const PATH_OPTIONS: PathOptions = { precision: 64, degree: 10, maxSteps: 150, tolerance: 1e-10 };

export type Traced =
  | { readonly path: Path; readonly reached: Reached }
  /** Why the flow could not be followed any further. */
  | { readonly failed: string };

const SHORTEST = 2 ** -50;
/** The largest radius of a ball, in parts of ‖θ‖. */
const WIDEST = 2 ** -6;
/** A unit that needs less time than this is made to cross. */
const NEAR = 2 ** -32;

/** A unit that goes towards zero, and the time that it needs. */
interface Approach {
  readonly at: UnitAtSample;
  readonly time: number;
}

/** Follows the flow until it has arrived. `kept` are the units that must have signs. */
export function tracePath<E>(
  facts: Facts<E>,
  loss: Loss,
  starts: Starts<E>,
  arrived: (reached: Reached) => boolean,
  kept: (at: UnitAtSample) => boolean = () => true,
  { precision, degree, maxSteps, tolerance }: PathOptions = PATH_OPTIONS,
): Traced {
  const flow = flowOf(facts, loss, precision, degree, kept);
  const field = fieldOf(facts, loss, kept);
  const unit = 1n << BigInt(precision);
  const toNumbers = ({ centre }: Reached) => centre.map((c) => ratioToNumber(c, unit));
  const attempt = <T>(work: () => T): T | string => {
    try {
      return work();
    } catch (error) {
      if (error instanceof Rejection) return error.message;
      throw error;
    }
  };
  const first = attempt(() => depart(flow, starts));
  if (typeof first === "string") return { failed: first };
  let reached: Reached = first;
  let failure = "no step is short enough";
  const steps: Step[] = [];
  const settled = new Set<string>(); // units that have crossed, and may rest at zero
  const move = (step: Step, from = reached): Reached | null => {
    const next = attempt(() => advance(flow, from, step, `step ${steps.length + 1}`));
    if (typeof next !== "string") return next;
    failure = next;
    return null;
  };
  const cross = ({ at, time }: Approach): boolean => {
    for (let duration = 2 * time; duration < 2 ** 10 * time; duration *= 2) {
      const step = { duration: dyadic(duration), crossing: [at] };
      const next = move(step);
      if (next === null) continue;
      settled.add(keyOf(at));
      steps.push(step);
      reached = next;
      return true;
    }
    return false;
  };
  let longest = 2 ** -8;
  while (steps.length < maxSteps) {
    if (arrived(reached)) return { path: { loss, precision, degree, steps }, reached };
    const theta = toNumbers(reached);
    if (ratioToNumber(reached.radius, unit) > WIDEST * Math.hypot(...theta))
      return { failed: "the enclosure of the flow has become too wide" };
    const approach = field.approach(theta, reached.patterns, settled);
    if (approach !== null && approach.time < NEAR && cross(approach)) continue;
    let duration = Math.min(2 * longest, approach === null ? Number.POSITIVE_INFINITY : 0.9 * approach.time);
    for (;;) {
      if (duration < SHORTEST) return { failed: failure };
      const time = dyadic(duration);
      const curve = collocation(field, reached.patterns, theta, ratioToNumber(time.n, time.d), degree, tolerance);
      const step = curve && { duration: time, curve: curve.map((one) => fixed(one, precision)) };
      const alone = step && move(step, { ...reached, radius: 0n });
      const isExact = alone && ratioToNumber(alone.radius, unit) <= tolerance * (1 + Math.hypot(...theta));
      const next = isExact ? move(step!) : null;
      if (next !== null) {
        steps.push(step!);
        reached = next;
        longest = duration;
        break;
      }
      if (approach !== null && duration < approach.time / 16 && cross(approach)) break;
      duration *= 0.7;
    }
  }
  return { failed: `it takes more than ${maxSteps} steps` };
}

/** About so long, with eight binary digits. */
function dyadic(duration: number): Rational {
  const exponent = Math.floor(Math.log2(duration)) - 7;
  const digits = BigInt(Math.floor(duration / 2 ** exponent));
  return exponent >= 0 ? rational(digits << BigInt(exponent)) : rational(digits, 1n << BigInt(-exponent));
}

/** In units of 2^−precision, without zeros at the end. */
function fixed(coefficients: readonly number[], precision: number): bigint[] {
  const all = coefficients.map((c) => BigInt(Math.round(c * 2 ** precision)));
  while (all.length > 1 && all.at(-1) === 0n) all.pop();
  return all;
}

// ---------------------------------------------------------------- the field, in floating point

interface NumericField {
  /** −∇G under the patterns. */
  readonly rates: (theta: readonly number[], patterns: readonly Pattern[]) => number[];
  /** The unit that will be the first to lose its sign, were all to go on as now; not one that has crossed and rests at zero. */
  readonly approach: (
    theta: readonly number[],
    patterns: readonly Pattern[],
    settled: ReadonlySet<string>,
  ) => Approach | null;
}

function fieldOf<E>({ instance, margins }: Facts<E>, loss: Loss, kept: (at: UnitAtSample) => boolean): NumericField {
  const { network, data, field } = instance;
  const inputs = data.map(({ x }) => x.map(field.toNumber));
  const frozen = instance.frozen.map(field.toNumber);
  const slopes = network.slopes.map((slope) => Number(slope.n) / Number(slope.d));
  const activate = (pattern: Pattern) => (z: number, layer: number, unit: number) =>
    pattern[layer]![unit]! ? z : slopes[layer]! * z;
  const passesAt = (weights: readonly number[], patterns: readonly Pattern[]) =>
    inputs.map((x, i) => propagate(FLOATS, network, weights, x, activate(patterns[i]!)));
  const rates = (theta: readonly number[], patterns: readonly Pattern[]): number[] => {
    const weights = [...theta, ...frozen];
    const passes = passesAt(weights, patterns);
    const q = margins.map((margin) => marginOf(FLOATS, margin, passes[margin.sample]!.outputs));
    const least = Math.min(...q);
    const u = q.map((one) => Math.exp(least - one));
    const U = inputs.map((_, i) => u.reduce((sum, one, j) => sum + (margins[j]!.sample === i ? one : 0), 0));
    const D = U.map((sum) => (loss === "logistic" ? 1 + Math.exp(-least) * sum : 1));
    const others = D.map((_, i) => D.reduce((product, d, k) => (k === i ? product : product * d), 1));
    const total = U.reduce((sum, one, i) => sum + one * D.slice(0, i).reduce((a, b) => a * b, 1), 0);
    const result = theta.map(() => 0);
    for (const [i, x] of inputs.entries()) {
      const factors = passes[i]!.outputs.map(() => 0);
      for (const [j, { sample, plus, minus }] of margins.entries()) {
        if (sample !== i) continue;
        const share = (u[j]! * others[i]!) / total;
        if (plus !== null) factors[plus]! += share;
        if (minus !== null) factors[minus]! -= share;
      }
      const own = backpropagate(FLOATS, network, weights, x, passes[i]!, activate(patterns[i]!), factors);
      for (const [k, c] of own.entries()) result[k]! += c;
    }
    return result;
  };
  const approach: NumericField["approach"] = (theta, patterns, settled) => {
    const v = rates(theta, patterns);
    const step = 1e-7 / (1 + Math.hypot(...v));
    const now = passesAt([...theta, ...frozen], patterns);
    const soon = passesAt([...theta.map((c, k) => c + step * v[k]!), ...frozen], patterns);
    let first: Approach | null = null;
    for (const [sample, pattern] of patterns.entries())
      for (const [layer, row] of pattern.entries()) {
        if (isLinearLayer(network, layer)) continue;
        for (const [unit, on] of row.entries()) {
          const at = { sample, layer, unit };
          const z = (on ? 1 : -1) * now[sample]!.preactivations[layer]![unit]!;
          const speed = (z - (on ? 1 : -1) * soon[sample]!.preactivations[layer]![unit]!) / step;
          if (speed <= 0 || !kept(at) || (settled.has(keyOf(at)) && z < 1e-6)) continue;
          if (first === null || z / speed < first.time) first = { at, time: z / speed };
        }
      }
    return first;
  };
  return { rates, approach };
}

// ---------------------------------------------------------------- collocation

/** s_j = −cos(πj/d), the derivatives at s_i of the polynomial with values v_k at s_k as Σ_k D[i][k] v_k. */
function chebyshev(d: number): { nodes: number[]; derivative: number[][] } {
  const nodes = Array.from({ length: d + 1 }, (_, j) => -Math.cos((Math.PI * j) / d));
  const weight = (j: number) => (j === 0 || j === d ? 2 : 1) * (j % 2 === 0 ? 1 : -1);
  const derivative = nodes.map((s, i) => nodes.map((t, k) => (i === k ? 0 : weight(i) / weight(k) / (s - t))));
  for (const [i, row] of derivative.entries()) row[i] = -row.reduce((a, b) => a + b, 0);
  return { nodes, derivative };
}

const MAX_ITERATIONS = 20;

/**
 * Per parameter the coefficients of the polynomial P on [−1, 1] with P(−1) = start and P' = duration/2 · rates(P) at the other Chebyshev points; null
 * where Newton's method does not find it, or the last coefficients do not fall below the tolerance.
 */
function collocation(
  { rates }: NumericField,
  patterns: readonly Pattern[],
  start: readonly number[],
  duration: number,
  degree: number,
  tolerance: number,
): number[][] | null {
  const { nodes, derivative } = chebyshev(degree);
  const half = duration / 2;
  const first = rates(start, patterns);
  const moving = [...start.keys()].filter((k) => first[k] !== 0);
  const n = moving.length;
  const values = nodes.map((s) => start.map((c, k) => c + half * (s + 1) * first[k]!)); // by node
  const scale = 1 + Math.hypot(...start);
  let solve: ((b: Float64Array) => void) | null = null;
  let last = Number.POSITIVE_INFINITY;
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    const here = values.map((one, j) => (j === 0 ? first : rates(one, patterns)));
    // Newton's method keeps its matrix as long as it converges fast.
    solve ??= factor(newtonMatrix(rates, patterns, moving, values, here, derivative, half, 1e-7 * scale));
    const right = new Float64Array(n * degree);
    for (let j = 1; j <= degree; j++)
      for (const [a, m] of moving.entries())
        right[(j - 1) * n + a] = values.reduce(
          (sum, one, k) => sum + derivative[j]![k]! * one[m]!,
          -half * here[j]![m]!,
        );
    solve(right);
    for (let j = 1; j <= degree; j++) for (const [a, m] of moving.entries()) values[j]![m]! -= right[(j - 1) * n + a]!;
    const change = right.reduce((most, c) => Math.max(most, Math.abs(c)), 0);
    if (!(change < scale)) return null;
    if (change < 1e-13 * scale || (change < 1e-11 * scale && change > last / 4)) {
      const coefficients = start.map((_, k) =>
        monomials(
          values.map((row) => row[k]!),
          tolerance * scale,
        ),
      );
      return coefficients.includes(null) ? null : (coefficients as number[][]);
    }
    if (change > last / 16) solve = null;
    last = change;
  }
  return null;
}

/** The matrix of the linear equations for what is to be taken from the values, node by node. */
function newtonMatrix(
  rates: NumericField["rates"],
  patterns: readonly Pattern[],
  moving: readonly number[],
  values: readonly number[][],
  here: readonly (readonly number[])[],
  derivative: readonly (readonly number[])[],
  half: number,
  step: number,
): Float64Array[] {
  const n = moving.length;
  const degree = values.length - 1;
  const rows: Float64Array[] = [];
  for (let j = 1; j <= degree; j++) {
    const slopes = moving.map((k) => {
      const beside = rates(values[j]!.with(k, values[j]![k]! + step), patterns);
      return moving.map((m) => (beside[m]! - here[j]![m]!) / step);
    });
    for (const [a] of moving.entries()) {
      const row = new Float64Array(n * degree);
      for (let k = 1; k <= degree; k++) row[(k - 1) * n + a]! += derivative[j]![k]!;
      for (const b of moving.keys()) row[(j - 1) * n + b]! -= half * slopes[b]![a]!;
      rows.push(row);
    }
  }
  return rows;
}

/** The coefficients of the polynomial with these values at Chebyshev's points; null unless its last parts are below the tolerance. */
function monomials(values: readonly number[], tolerance: number): number[] | null {
  const d = values.length - 1;
  if (values.every((v) => v === values[0])) return [values[0]!];
  const end = (j: number) => (j === 0 || j === d ? 0.5 : 1);
  // Of Chebyshev's polynomials, whose values at s_j = cos(π(d − j)/d) are cosines.
  const chebyshevs = values.map((_, k) => {
    const sum = values.reduce((total, v, j) => total + end(j) * v * Math.cos((Math.PI * k * (d - j)) / d), 0);
    return (2 / d) * end(k) * sum;
  });
  if (Math.abs(chebyshevs[d]!) + Math.abs(chebyshevs[d - 1]!) > tolerance) return null;
  const result = new Array<number>(d + 1).fill(0);
  let [before, now] = [[0], [1]]; // T_{k−1}, T_k
  const noise = 1e-15 * Math.max(...values.map(Math.abs));
  for (const [k, c] of chebyshevs.entries()) {
    if (Math.abs(c) > noise) for (const [i, t] of now.entries()) result[i]! += c * t;
    const next = [0, ...now.map((t) => (k === 0 ? t : 2 * t))].map((t, i) => t - (k === 0 ? 0 : (before[i] ?? 0)));
    [before, now] = [now, next];
  }
  return result;
}
