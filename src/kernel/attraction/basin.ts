/**
 * A ball around the point, in V, in which it is the only KKT point of the margins q, and every feasible φ has
 * ½|φ|² ≥ ½|φ*|² + ½κ|φ − φ*|². Both follow from Hessians of augmented Lagrangians, weighted means over the ball, being positive definite: for
 * growth with the point's multipliers, for uniqueness with all that a KKT point in the ball can have. (`proofs/theory.md`, §13.4.)
 */
import { type Interval, type IntervalRing, intervalRing, isPositiveDefinite } from "../../exact/interval.js";
import { derivative, evaluate, type MultivariatePolynomial } from "../../exact/multivariate.js";
import { Q, type Rational, rational } from "../../exact/rational.js";
import { marginsOf, marginText } from "../../network/instance.js";
import { ensure } from "../ensure.js";
import { ensureRoom } from "../facts.js";
import type { Reduced } from "./reduction.js";

export interface Ball {
  /** Bits of the interval arithmetic. */
  readonly precision: number;
  /** ρ, in the norm of the parameters. */
  readonly radius: Rational;
  /** κ */
  readonly growth: Rational;
  /** By how much the squares of the active constraints count: μ > 0 for growth, and μ ≥ 0 for uniqueness. */
  readonly penalties: readonly [Rational, Rational];
  /** Nearly a left inverse of the transposed Jacobian of the active margins at φ*, a row per active margin. */
  readonly inverse: readonly (readonly Rational[])[];
}

type Polynomial = MultivariatePolynomial<Interval>;

/** A margin with its derivatives, as polynomials with enclosed coefficients. */
interface Smooth {
  readonly q: Polynomial;
  readonly slopes: readonly Polynomial[];
  /** Second and third derivatives, by u ≥ v ≥ w. */
  readonly bends: readonly (readonly Polynomial[])[];
  readonly twists: readonly (readonly (readonly Polynomial[])[])[];
}

/** A KKT point of the problem of the q in V, enclosed, whose active margins have positive multipliers. */
export interface Target {
  readonly phi: readonly Interval[];
  /** Ascending. */
  readonly active: readonly number[];
  readonly multipliers: readonly Interval[];
  /** Of the active margins. */
  readonly smooth: readonly Smooth[];
}

/** The target with what its check asks of the margins. */
export function targetOf<E>(reduced: Reduced<E>, ring: IntervalRing, target: Omit<Target, "smooth">): Target {
  const { problem, margins, spend } = reduced;
  const { field: K } = problem;
  // Of many variables most derivatives are zero: one object stands for all of these.
  const zero: MultivariatePolynomial<E> = new Map();
  const none: Polynomial = new Map();
  const by = (p: MultivariatePolynomial<E>, v: number) => (p.size === 0 ? zero : derivative(K, p, v));
  const enclosed = (p: MultivariatePolynomial<E>): Polynomial =>
    p.size === 0
      ? none
      : new Map(
          [...p].map(([key, { variables, coefficient }]) => [
            key,
            { variables, coefficient: K.bounds(coefficient, ring.precision) },
          ]),
        );
  const d = target.phi.length;
  ensureRoom(reduced, d);
  const smooth = target.active.map((j) => {
    const q = margins[j]!;
    spend(20 * (q.size * d ** 2 + d ** 3));
    const slopes = target.phi.map((_, v) => by(q, v));
    const bends = slopes.map((p, u) => slopes.slice(0, u + 1).map((_, v) => by(p, v)));
    const twists = bends.map((row) => row.map((p, v) => slopes.slice(0, v + 1).map((_, w) => by(p, w))));
    return {
      q: enclosed(q),
      slopes: slopes.map(enclosed),
      bends: bends.map((row) => row.map(enclosed)),
      twists: twists.map((plane) => plane.map((row) => row.map(enclosed))),
    };
  });
  return { ...target, smooth };
}

/** A ball in which the point is trapping. */
export interface Basin<E> {
  readonly reduced: Reduced<E>;
  readonly target: Target;
  readonly ball: Ball;
  readonly ring: IntervalRing;
  /** A box that holds the ball. */
  readonly box: readonly Interval[];
  /** The squared lengths of the basis vectors, enclosed. */
  readonly squares: readonly Interval[];
  /** |φ*|² */
  readonly norm: Interval;
  /** Of every KKT point in the ball, of the active margins. */
  readonly multipliers: readonly Interval[];
}

export const basinClauses = [
  "attracts.ball",
  "attracts.inactive",
  "attracts.multiplier",
  "attracts.slack",
  "attracts.growth",
  "attracts.unique",
] as const;

export function basinRing<E>({ spend }: Reduced<E>, { precision }: Ball): IntervalRing {
  return intervalRing(precision, spend);
}

/** Proves the ball, for a target that is known to be a KKT point. */
export function basinOf<E>(reduced: Reduced<E>, ring: IntervalRing, target: Target, ball: Ball): Basin<E> {
  const { problem, margins, spend } = reduced;
  const { field: K } = problem;
  const { phi, active, multipliers, smooth } = target;
  const d = phi.length;
  const lift = (c: E) => K.bounds(c, ring.precision);
  const { growth, penalties, radius, inverse } = ball;
  const positive = [growth, radius, penalties[0]].every((c) => Q.sign(c) > 0) && Q.sign(penalties[1]) >= 0;
  ensure(positive, "attracts.ball", "the radius, the growth or a penalty is not positive");
  const fits = inverse.length === active.length && inverse.every((row) => row.length === d);
  ensure(fits, "attracts.ball", () => `the inverse is not a ${active.length} × ${d} matrix`);
  spend(active.length * d ** 3 * 20);

  const squares = reduced.squares.map(lift);
  const isLong = [...squares, ...reduced.idleSquares.map(lift)].every(({ low }) => low > 0n);
  ensure(isLong, "attracts.basis", "a basis vector is too short for this precision");
  const reach = ring.enclose(radius);
  const box = phi.map(({ low, high }, k) => {
    const width = ring.mul(reach, ring.inv(ring.root(squares[k]!, 2))).high;
    return { low: low - width, high: high + width };
  });
  const places = marginsOf(problem);
  for (const [j, margin] of places.entries()) {
    if (active.includes(j)) continue;
    const stays = evaluate(ring, lift, margins[j]!, (v) => box[v]!).low > ring.one.high;
    ensure(stays, "attracts.inactive", () => `the margin of ${marginText(margin)} may become active in the ball`);
  }

  const variables = Array.from({ length: d }, (_, k) => k);
  const sum = (terms: readonly Interval[]) => terms.reduce(ring.add, ring.zero);
  const dot = (f: readonly Interval[], g: readonly Interval[]) => sum(f.map((x, k) => ring.mul(x, g[k]!)));
  const matrix = (entry: (u: number, v: number) => Interval) => variables.map((u) => variables.map((v) => entry(u, v)));
  /** The most that |f·δ| can be in the ball. */
  const swing = (f: readonly Interval[]) => ring.mul(reach, dualLength(ring, squares, f)).high;
  const either = (bound: bigint): Interval => ({ low: -bound, high: bound });
  const here = smooth.map((one) => valuesOf(ring, one, phi));
  const near = smooth.map((one) => valuesOf(ring, one, box));

  // With J the Jacobian at a KKT point φ* + δ of the ball, Jᵀ(λ − λ*) = (G − Σ λ*∇²q)δ; so λ − λ* = M(G − Σ λ*∇²q)δ + (I − MJᵀ)(λ − λ*).
  const M = inverse.map((row) => row.map(ring.enclose));
  const curved = matrix((u, v) => {
    const bent = sum(near.map(({ bend }, i) => ring.mul(multipliers[i]!, bend(u, v))));
    return ring.sub(u === v ? squares[u]! : ring.zero, bent);
  });
  const change = M.map((row) => swing(curved.map((column) => dot(row, column))));
  const defects = M.map((row, i) =>
    sum(
      near.map(({ bend }, j) => {
        const there = ring.sub(i === j ? ring.one : ring.zero, dot(row, here[j]!.slope));
        const moves = swing(variables.map((u) => sum(row.map((c, v) => ring.mul(c, bend(u, v))))));
        return absolute(ring.add(there, either(moves)));
      }),
    ),
  );
  const worst = defects.reduce((most, { high }) => (high > most ? high : most), 0n);
  ensure(worst < ring.one.low, "attracts.multiplier", "the gradients of the active margins are not shown independent");
  const largest = change.reduce((most, high) => (high > most ? high : most), 0n);
  const rest = ring.inv({ low: ring.one.low - worst, high: ring.one.low - worst });
  const size = ring.mul({ low: 0n, high: largest }, rest);
  const changes = change.map((high, i) => either(high + ring.mul({ low: 0n, high: defects[i]!.high }, size).high));
  const lambda = multipliers.map((x, i) => ring.add(x, changes[i]!));
  const isPositive = lambda.every(({ low }) => low > 0n);
  ensure(isPositive, "attracts.multiplier", "a multiplier is not shown to be positive throughout the ball");

  const heights = near.map(({ slope }) => swing(slope));
  const [mu, nu] = penalties.map(ring.enclose) as [Interval, Interval];
  const isSlack = heights.every((high) => ring.mul(mu, { low: 0n, high }).high <= 2n * ring.one.low);
  ensure(isSlack, "attracts.slack", "an active margin may exceed 1 by more than 2/μ in the ball");
  const h = near.map(({ q }, i) => {
    const { low, high } = ring.sub(q, ring.one);
    const most = heights[i]!;
    return { low: low < -most ? -most : low, high: high > most ? most : high };
  });
  /**
   * Encloses means of the Hessian of ½|φ|² − Σ λψ(q), ψ(q) = h − μh²/2, h = q − 1, on the way from the centre to a point of the ball, plus
   * `factor` G: at the centre, and with λ*, it is G + Σ λA, A = μ∇q∇qᵀ − (1 − μh)∇²q; by the mean value theorem its entries change in
   * proportion to the way, of which `share` is the mean; and λ may differ by the `changes`.
   */
  const mean = (mu: Interval, share: Rational, factor: Interval, changes: readonly Interval[] | null) =>
    matrix((u, v) => {
      const square = (slope: readonly Interval[]) =>
        u === v ? squareOf(ring, slope[u]!) : ring.mul(slope[u]!, slope[v]!);
      const falls = h.map((x) => ring.sub(ring.one, ring.mul(mu, x)));
      const centre = here.map(({ slope, bend }, i) =>
        ring.mul(multipliers[i]!, ring.sub(ring.mul(mu, square(slope)), bend(u, v))),
      );
      const gradient = variables.map((w) =>
        sum(
          near.map(({ slope, bend, twist }, i) => {
            const products = sum([
              ring.mul(bend(u, w), slope[v]!),
              ring.mul(bend(v, w), slope[u]!),
              ring.mul(bend(u, v), slope[w]!),
            ]);
            return ring.mul(multipliers[i]!, ring.sub(ring.mul(mu, products), ring.mul(falls[i]!, twist(u, v, w))));
          }),
        ),
      );
      const changed = (changes ?? []).map((x, i) => {
        const { slope, bend } = near[i]!;
        return ring.mul(x, ring.sub(ring.mul(mu, square(slope)), ring.mul(falls[i]!, bend(u, v))));
      });
      const varied = ring.mul(ring.enclose(share), either(swing(gradient)));
      const diagonal = u === v ? [ring.mul(ring.add(ring.one, factor), squares[u]!)] : [];
      return sum([...diagonal, ...centre, varied, ...changed]);
    });
  // From the centre outwards 2∫(1 − t)t dt = 1/3, and from another KKT point inwards 2∫t² dt = 2/3.
  const kappa = ring.enclose(growth);
  const outwards = mean(mu, rational(1n, 3n), ring.neg(kappa), null);
  ensure(isPositiveDefinite(ring, outwards), "attracts.growth", "the ball is not shown to have this growth");
  // Another KKT point would be shorter than growth allows.
  const inwards = mean(nu, rational(2n, 3n), kappa, changes);
  ensure(isPositiveDefinite(ring, inwards), "attracts.unique", "the ball is not shown to have no other KKT point");
  const norm = squaredLength(ring, squares, phi);
  return { reduced, target, ball, ring, box, squares, norm, multipliers: lambda };
}

/** A margin and its derivatives on a box. */
function valuesOf(ring: IntervalRing, { q, slopes, bends, twists }: Smooth, box: readonly Interval[]) {
  const at = (p: Polynomial) =>
    evaluate(
      ring,
      (c) => c,
      p,
      (v) => box[v]!,
    );
  const second = bends.map((row) => row.map(at));
  const third = twists.map((plane) => plane.map((row) => row.map(at)));
  return {
    q: at(q),
    slope: slopes.map(at),
    bend: (u: number, v: number): Interval => second[Math.max(u, v)]![Math.min(u, v)]!,
    twist: (u: number, v: number, w: number): Interval => {
      const [c, b, a] = [u, v, w].sort((x, y) => x - y) as [number, number, number];
      return third[a]![b]![c]!;
    },
  };
}

function absolute({ low, high }: Interval): Interval {
  if (low >= 0n) return { low, high };
  if (high <= 0n) return { low: -high, high: -low };
  return { low: 0n, high: -low > high ? -low : high };
}

/** |φ|² = Σ |b_k|² φ_k² */
export function squaredLength(ring: IntervalRing, squares: readonly Interval[], phi: readonly Interval[]): Interval {
  return phi.reduce((total, x, k) => ring.add(total, ring.mul(squares[k]!, squareOf(ring, x))), ring.zero);
}

/** The most that |f·δ| can be for |δ| = 1. */
export function dualLength(ring: IntervalRing, squares: readonly Interval[], f: readonly Interval[]): Interval {
  const terms = f.map((x, k) => ring.mul(squareOf(ring, x), ring.inv(squares[k]!)));
  return ring.root(terms.reduce(ring.add, ring.zero), 2);
}

function squareOf(ring: IntervalRing, x: Interval): Interval {
  const size = absolute(x);
  return ring.mul(size, size);
}
