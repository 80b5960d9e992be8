/** Starts from which the flow cannot leave a ball, with either loss, and so converges to its centre. (`proofs/theory.md`, §13.2, §13.3, §13.5.) */
import { power } from "../../exact/field.js";
import type { Interval, IntervalRing } from "../../exact/interval.js";
import { derivative, evaluate, type MultivariatePolynomial, type Term } from "../../exact/multivariate.js";
import type { Rational } from "../../exact/rational.js";
import { marginsOf } from "../../network/instance.js";
import { ensure } from "../ensure.js";
import { type UnitAtSample, unitText } from "../forward.js";
import { type Basin, dualLength, squaredLength } from "./basin.js";
import { encloseCoordinates, type Reduced } from "./reduction.js";

/** The points Bφ + Cη of W with |φ − centre| ≤ radius for a centre in the box, and η in its box. */
export interface Starts {
  readonly centre: readonly Interval[];
  readonly radius: Interval;
  readonly eta: readonly Interval[];
}

export const trapClauses = ["attracts.level", "attracts.start", "attracts.trap", "attracts.sign"] as const;

/** All points of W in a box of parameters. */
export function startsIn<E>({ reduced, ring, squares }: Basin<E>, box: readonly Interval[]): Starts {
  const { reduction, idleSquares } = reduced;
  const phi = encloseCoordinates(reduced, ring, reduction.range, reduced.squares, box);
  const centre = phi.map(({ low, high }) => {
    const middle = (low + high) / 2n;
    return { low: middle, high: middle };
  });
  const offset = phi.map((x, k) => ring.sub(x, centre[k]!));
  return {
    centre,
    radius: ring.root(squaredLength(ring, squares, offset), 2),
    eta: encloseCoordinates(reduced, ring, reduction.idle, idleSquares, box),
  };
}

/**
 * Ensures that each of the starts is trapped. `level` is a number Λ > 0 with L ≤ ℓ(Λ). `held` answers, of a unit at a sample whose sign is
 * not shown to stay strict, whether it is known to be kept for another reason.
 */
export function ensureTrapped<E>(
  basin: Basin<E>,
  { centre, radius: spread, eta }: Starts,
  level: Rational,
  held: (at: UnitAtSample) => boolean = () => false,
): void {
  const { reduced, target, ball, ring, squares, norm } = basin;
  const { degree } = reduced;
  const values = marginBounds(reduced, ring, squares, centre, spread);
  const Lambda = ring.enclose(level);
  const isLow = Lambda.low > 0n && values.every(({ low }) => low > 0n) && hasLevel(basin, values, Lambda);
  ensure(isLow, "attracts.level", "the loss is not shown to be as low as the level at every start");

  // φ/q^{1/m}, q the least margin, lies in the open ball.
  const least = values.reduce((a, b) => ({
    low: a.low < b.low ? a.low : b.low,
    high: a.high < b.high ? a.high : b.high,
  }));
  const scale = ring.inv(ring.root(least, degree));
  const offset = centre.map((x, k) => ring.sub(ring.mul(x, scale), target.phi[k]!));
  const distance = ring.add(ring.root(squaredLength(ring, squares, offset), 2), ring.mul(spread, scale));
  const radius = ring.enclose(ball.radius);
  const square = ring.mul(radius, radius);
  const isInside = distance.high < radius.low;
  ensure(isInside, "attracts.start", "a start, scaled to margin 1, is not shown to lie in the ball");

  // Λ/|φ|^m > (|φ*|² + κρ²)^{−m/2}
  const m = BigInt(degree);
  const sphere = ring.add(norm, ring.mul(ring.enclose(ball.growth), square));
  const reached = ring.mul(ring.mul(Lambda, Lambda), power(ring, sphere, m));
  const length = ring.add(ring.root(squaredLength(ring, squares, centre), 2), spread);
  const isTrapped = reached.low > power(ring, length, 2n * m).high;
  ensure(
    isTrapped,
    "attracts.trap",
    "the smoothed margin does not exceed the normalised margin on the ball's boundary",
  );

  const growing = ring.root(Lambda, degree);
  for (const { at, on, z } of reduced.signs) {
    const kept = keepsSign(basin, z, on, eta, growing) || held(at);
    ensure(kept, "attracts.sign", () => `${unitText(at)} is not shown to stay ${on ? "on" : "off"}`);
  }
}

/** The margins at the starts: by the mean value theorem |q(φ) − q(centre)| ≤ |∇q| · radius, in the dual norm. */
export function marginBounds<E>(
  { problem: { field: K }, margins }: Reduced<E>,
  ring: IntervalRing,
  squares: readonly Interval[],
  centre: readonly Interval[],
  radius: Interval,
): Interval[] {
  const lift = (c: E) => K.bounds(c, ring.precision);
  const box = centre.map(({ low, high }, k) => {
    const width = ring.mul(radius, ring.inv(ring.root(squares[k]!, 2))).high;
    return { low: low - width, high: high + width };
  });
  return margins.map((q) => {
    const slope = box.map((_, k) => evaluate(ring, lift, derivative(K, q, k), (v) => box[v]!));
    const change = ring.mul(radius, dualLength(ring, squares, slope)).high;
    const { low, high } = evaluate(ring, lift, q, (v) => centre[v]!);
    return { low: low - change, high: high + change };
  });
}

/**
 * Π_i (1 + Σ_j e^{−q_ij}) − 1 ≤ e^{−Λ}, i being the sample of margin j: so L ≤ ℓ(Λ) for the logistic loss (and cross-entropy), and, since the
 * left side is at least Σ e^{−q}, for the exponential loss.
 */
function hasLevel<E>({ reduced, ring }: Basin<E>, values: readonly Interval[], level: Interval): boolean {
  const bySample = new Map<number, Interval>();
  let total = ring.zero; // e^Λ (Π (1 + E_i) − 1) over the samples so far
  let reach = ring.one; // Π (1 + E_i)
  for (const [j, { sample }] of marginsOf(reduced.problem).entries()) {
    const excess = values[j]!.low - level.high;
    if (excess < 0n) return false;
    const term = { low: 0n, high: decay(ring, excess) };
    bySample.set(sample, ring.add(bySample.get(sample) ?? ring.zero, term));
  }
  for (const scaled of bySample.values()) {
    total = ring.add(total, ring.mul(scaled, reach));
    reach = ring.add(reach, ring.mul(reach, ring.mul(scaled, { low: 0n, high: decay(ring, level.low) })));
  }
  return total.high <= ring.one.low;
}

/** An upper bound of e^{−x}, x ≥ 0: for y = x/2^s ≤ 1, e^{−y} ≤ Σ_{k ≤ 24} (−y)^k/k!, squared s times. */
function decay(ring: IntervalRing, x: bigint): bigint {
  let halvings = 0;
  let y = x;
  while (y > ring.one.low) {
    y >>= 1n; // downwards: e^{−y} only becomes larger
    halvings++;
  }
  const point = { low: y, high: y };
  let sum = ring.one;
  for (let k = 24; k > 0; k--) {
    const factor = ring.mul(point, ring.inv({ low: ring.one.low * BigInt(k), high: ring.one.high * BigInt(k) }));
    sum = ring.sub(ring.one, ring.mul(factor, sum));
  }
  let value: Interval = { low: 0n, high: sum.high };
  for (let k = 0; k < halvings; k++) value = ring.mul(value, value);
  return value.high;
}

/**
 * The sign of z(sφ + η) for all s ≥ s_0 and φ in the ball: the parts of z of positive degree in φ have that sign or are 0, and so the whole
 * sum is strict at every s if it is at s_0.
 */
function keepsSign<E>(
  { reduced, ring, box }: Basin<E>,
  z: MultivariatePolynomial<E>,
  on: boolean,
  eta: readonly Interval[],
  least: Interval,
): boolean {
  const d = box.length;
  const lift = (c: E) => reduced.problem.field.bounds(c, ring.precision);
  const parts = new Map<number, Map<string, Term<E>>>();
  for (const [key, term] of z) {
    const degree = term.variables.filter((v) => v < d).length;
    parts.set(degree, (parts.get(degree) ?? new Map<string, Term<E>>()).set(key, term));
  }
  let total = ring.zero;
  for (const [degree, part] of parts) {
    const value = evaluate(ring, lift, part, (v) => (v < d ? box[v]! : eta[v - d]!));
    const signed = on ? value : ring.neg(value);
    if (degree > 0 && signed.low < 0n) return false;
    const low = { low: signed.low, high: signed.low };
    total = ring.add(total, ring.mul(low, power(ring, least, BigInt(degree))));
  }
  return total.low > 0n;
}
