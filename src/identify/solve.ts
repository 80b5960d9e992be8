/**
 * From a guess of a point's structure to an enclosed point: damped Newton steps in floating point, then as many digits as asked for, then
 * a box. What is guessed wrongly ends as a zero that is not there, or as a refusal of the kernel.
 */
import { intervalRing } from "../exact/interval.js";
import { derivative, evaluate, type MultivariatePolynomial } from "../exact/multivariate.js";
import { Q, type Rational, rational } from "../exact/rational.js";
import type { EnclosedPoint } from "../kernel/enclosed/point.js";
import { systemOf } from "../kernel/enclosed/system.js";
import { marginsOf, type Problem } from "../network/instance.js";
import { dotNumbers, normOf } from "../prover/search/numeric.js";

/** The part of an enclosed point that is guessed, and where its unknowns nearly are. */
export interface Guess extends Pick<EnclosedPoint, "range" | "active" | "patterns" | "kinks"> {
  readonly start: readonly number[];
}

/** The kernel's system of a guess. */
export interface System {
  readonly guess: Guess;
  readonly equations: readonly MultivariatePolynomial<Rational>[];
}

/** A zero in floating point; `inverse` is the Jacobian's, null where that is singular or nearly so. */
export interface Zero {
  readonly values: readonly number[];
  readonly inverse: readonly (readonly number[])[] | null;
}

const MAX_STEPS = 80;
/** Squared singular values below this, of a Jacobian of ordinary size, count as zero. */
const RIDGE = 1e-13;
const SINGULAR = 1e8;
/** Bits of the entries of the approximate inverse: behind the point, and kept. */
const INVERSE_BITS = 60;
const KEPT_BITS = 45;

const DOUBLES = {
  zero: 0,
  one: 1,
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
  neg: (a: number) => -a,
  isZero: (a: number) => a === 0,
};

/** Equations in floating point: their values at a point, and their Jacobian by rows. */
export interface Equations {
  readonly values: (x: readonly number[]) => number[];
  readonly jacobian: (x: readonly number[]) => number[][];
}

export function systemFor(problem: Problem<Rational>, guess: Guess): System {
  const point: EnclosedPoint = { ...guess, precision: 64, centre: [], radius: [], inverse: [] };
  return { guess, equations: systemOf(problem, point, marginsOf(problem)).equations };
}

/** The kernel's own system in floating point. */
export function equationsOf({ equations }: System): Equations {
  const toNumber = memoized();
  const value = (p: MultivariatePolynomial<Rational>, x: readonly number[]) =>
    evaluate(DOUBLES, toNumber, p, (v) => x[v]!);
  const slopes = equations.map((p) => {
    const variables = [...new Set([...p.values()].flatMap((term) => term.variables))];
    return variables.map((v) => [v, derivative(Q, p, v)] as const);
  });
  return {
    values: (x) => equations.map((p) => value(p, x)),
    jacobian: (x) =>
      slopes.map((row) => {
        const dense = new Array<number>(x.length).fill(0);
        for (const [v, p] of row) dense[v] = value(p, x);
        return dense;
      }),
  };
}

/**
 * A zero near the start, by Gauss–Newton steps that are shortened where they do not lead down: where the zeros form a continuum, one that
 * is nearly the nearest. Null where there is none.
 */
export function zeroNear({ values, jacobian }: Equations, start: readonly number[]): Zero | null {
  let x = [...start];
  let G = values(x);
  let size = normOf(G);
  const reach = 1e3 * (1 + normOf(x));
  for (let step = 0; step < MAX_STEPS; step++) {
    const J = jacobian(x);
    const columns = x.map((_, k) => J.map((row) => row[k]!));
    const normal = columns.map((u, a) => columns.map((v, b) => dotNumbers(u, v) + (a === b ? RIDGE : 0)));
    const image = columns.map((u) => dotNumbers(u, G));
    const move = inverseOf(normal)?.map((row) => dotNumbers(row, image));
    if (move === undefined) return null;
    const small = normOf(move) <= 1e-14 * (1 + normOf(x));
    let next = x;
    let found = G;
    for (let t = 1; t > 1e-3; t /= 2) {
      next = x.map((c, k) => c - t * move[k]!);
      found = values(next);
      if (normOf(found) < size || small) break;
    }
    const now = normOf(found);
    if (!Number.isFinite(now) || normOf(next) > reach) return null;
    const stalls = now >= size * (1 - 1e-3);
    if (now <= size) [x, G] = [next, found];
    size = Math.min(now, size);
    if (small || stalls || size === 0) break;
  }
  if (size > 1e-11 * (1 + normOf(x))) return null;
  const inverse = inverseOf(jacobian(x));
  const isRegular = inverse !== null && Math.max(...inverse.flat().map(Math.abs)) < SINGULAR;
  return { values: x, inverse: isRegular ? inverse : null };
}

/** The box of radius 10^−digits around a regular zero. Throws RangeError where the steps towards its digits lead away. */
export function enclosed(
  { guess, equations }: System,
  values: readonly number[],
  inverse: readonly (readonly number[])[],
  digits: number,
): EnclosedPoint {
  const bits = Math.ceil((digits + 12) * Math.log2(10));
  const precision = 2 * bits + 64;
  // z − Y G(z) with the same Y, each step some twelve digits.
  const ring = intervalRing(precision, () => {});
  const unit = 1n << BigInt(precision);
  const Y = inverse.map((row) => row.map(shortDyadic));
  const enclosedY = Y.map((row) => row.map(ring.enclose));
  let centre = values.map((c) => scaledInteger(c, precision));
  for (let step = 0; step < Math.ceil(digits / 8) + 6; step++) {
    const at = centre.map((n) => ({ low: n, high: n }));
    const G = equations.map((p) => evaluate(ring, ring.enclose, p, (v) => at[v]!));
    centre = centre.map((n, i) => {
      const moved = enclosedY[i]!.reduce(
        (total, y, k) => (ring.isZero(y) ? total : ring.add(total, ring.mul(y, G[k]!))),
        ring.zero,
      );
      return n - (moved.low + moved.high) / 2n;
    });
    if (centre.some((n) => (n < 0n ? -n : n) > unit << 40n)) throw new RangeError("the digits do not settle");
  }
  // Inflated absolutely, not relative to a coordinate, which may be 0.
  const radius = rational(1n, 10n ** BigInt(digits));
  const short = 1n << BigInt(precision - bits);
  const rounded = centre.map((n) => rational((n + short / 2n) / short, unit / short));
  const { range, active, patterns, kinks } = guess;
  return { range, active, patterns, kinks, precision, centre: rounded, radius: rounded.map(() => radius), inverse: Y };
}

function memoized(): (q: Rational) => number {
  const known = new Map<Rational, number>();
  return (q) => {
    let value = known.get(q);
    if (value === undefined) {
      value = Q.toNumber(q);
      known.set(q, value);
    }
    return value;
  };
}

/** x · 2^precision, nearly. */
function scaledInteger(x: number, precision: number): bigint {
  return BigInt(Math.round(x * 2 ** INVERSE_BITS)) << BigInt(precision - INVERSE_BITS);
}

function shortDyadic(x: number): Rational {
  if (x === 0) return Q.zero;
  const drop = Math.max(0, Math.ceil(Math.log2(Math.abs(x))) + INVERSE_BITS - KEPT_BITS);
  const n = BigInt(Math.round(x * 2 ** (INVERSE_BITS - drop)));
  return drop < INVERSE_BITS
    ? rational(n, 1n << BigInt(INVERSE_BITS - drop))
    : rational(n << BigInt(drop - INVERSE_BITS));
}

/** The inverse of a matrix by Gauss–Jordan with partial pivoting, or null where a pivot all but vanishes. */
export function inverseOf(A: readonly (readonly number[])[]): number[][] | null {
  const n = A.length;
  const scale = A.map((row) => Math.max(...row.map(Math.abs)));
  if (!scale.every((c) => c > 0 && Number.isFinite(c))) return null;
  const M = A.map((row, i) => [...row.map((c) => c / scale[i]!), ...row.map((_, k) => (k === i ? 1 / scale[i]! : 0))]);
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(M[i]![k]!) > Math.abs(M[pivot]![k]!)) pivot = i;
    if (Math.abs(M[pivot]![k]!) < 1e-15) return null;
    [M[k], M[pivot]] = [M[pivot]!, M[k]!];
    const head = M[k]![k]!;
    for (let j = 0; j < 2 * n; j++) M[k]![j]! /= head;
    for (let i = 0; i < n; i++) {
      if (i === k || M[i]![k] === 0) continue;
      const factor = M[i]![k]!;
      for (let j = k; j < 2 * n; j++) M[i]![j]! -= factor * M[k]![j]!;
    }
  }
  return M.map((row) => row.slice(n));
}
