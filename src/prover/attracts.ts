/**
 * Finds what `attracts` needs: a space that the flow does not leave, a ball around the point that traps it, and a start. (`proofs/theory.md`,
 * §13.) Everything here is a proposal: the kernel's own functions say which ball and which start will do.
 */
import { dot, squaredNorm } from "../exact/field.js";
import { nullspace, rowReduce, solve } from "../exact/linear.js";
import { derivative, evaluate, type MultivariatePolynomial, multivariateRing } from "../exact/multivariate.js";
import { Q, type Rational } from "../exact/rational.js";
import { type Ball, type Basin, basinOf, basinRing } from "../kernel/attraction/basin.js";
import { coordinates, type Reduced, type Reduction, reduce } from "../kernel/attraction/reduction.js";
import { ensureTrapped, marginBounds, type Starts } from "../kernel/attraction/trap.js";
import { Rejection } from "../kernel/ensure.js";
import type { Facts } from "../kernel/facts.js";
import { type Pattern, passUnder } from "../kernel/forward.js";
import { type Attracts, exactTarget, patternsAt, type StartBall, startsAround } from "../kernel/statements/attracts.js";
import type { Instance } from "../network/instance.js";
import { marginOf, marginsOf } from "../network/instance.js";
import { eigen } from "../numeric/eigen.js";
import type { Search } from "./effort.js";
import { FLOATS } from "./search/approximate.js";
import { middleOf, roundTo, sparse } from "./search/vectors.js";

export type AttractsOutcome<E> =
  | { readonly kind: "found"; readonly statement: Attracts<E> }
  | { readonly kind: "open"; readonly reason: string };

const PRECISION = 96;

/** Clauses in the order in which attempts come to them. */
const STAGES = [
  "attracts.basis",
  "attracts.reduction",
  "attracts.degree",
  "attracts.point",
  "attracts.stationarity",
  "attracts.multiplier",
  "attracts.inactive",
  "attracts.slack",
  "attracts.growth",
  "attracts.unique",
  "attracts.sign",
  "attracts.level",
  "attracts.start",
  "attracts.trap",
];

/** A coordinate of a start, which is written in floating point: a fraction of few digits where it looks like one. */
function exactly<E>({ instance: { field: K } }: Facts<E>, x: number): E {
  for (let d = 1; d <= 1000; d++)
    if (Math.abs(x * d - Math.round(x * d)) < 1e-9) return K.fromRational(roundTo(x, BigInt(d)));
  return K.fromRational(roundTo(x, 1n << 32n));
}

/** What a stage found, or why the kernel would not have it. */
export function attempt<T>(step: () => T): T | Rejection {
  try {
    return step();
  } catch (error) {
    if (error instanceof Rejection) return error;
    throw error;
  }
}

/** A start as it is given: numbers that were read in floating point, or exact ones. */
export function startOf<E>(facts: Facts<E>, given: readonly (number | Rational)[]): E[] {
  return given.map((x) => (typeof x === "number" ? exactly(facts, x) : facts.instance.field.fromRational(x)));
}

/** A certificate that the flow converges to the point, from a given start if that is trapped, and otherwise from one of its own. */
export function findAttraction<E>(facts: Facts<E>, given: readonly E[] | null, search: Search): AttractsOutcome<E> {
  let reason = "no space was found that the flow does not leave";
  let reached = -1;
  // The reason is that of the attempt that went farthest.
  const refuse: Refuse = ({ clause, message }) => {
    const stage = STAGES.indexOf(clause);
    if (stage > reached) [reason, reached] = [message, stage];
  };
  for (const start of given === null ? [null] : [given, null]) {
    const patterns = patternsAt(facts, start ?? facts.instance.point); // units at 0 are off
    for (const { basin, multipliers } of basins(facts, patterns, search, refuse)) {
      const found = attempt(() => (start === null ? ownStart(basin) : grown(basin, start)));
      if (found instanceof Rejection) {
        refuse(found);
        continue;
      }
      const { range, idle } = basin.reduced.reduction;
      return {
        kind: "found",
        statement: { kind: "attracts", range, idle, multipliers, ball: basin.ball, start: found, path: null },
      };
    }
  }
  return { kind: "open", reason };
}

/** Hears why a space, a ball or a start would not do. */
type Refuse = (rejection: Rejection) => void;

/** What the search for the balls of one pattern may cost, in the kernel's words: twice what the kernel may spend on the one that is found. */
const MAX_WORK = 2e9;

/** The search for balls has cost all that it may. */
class Exhausted extends Error {}

/** In each space that the flow does not leave under the patterns, the largest ones first, a ball that traps the point. */
export function* basins<E>(
  facts: Facts<E>,
  patterns: readonly Pattern[],
  { effort, reached }: Search,
  refuse: Refuse = () => {},
): Generator<{ readonly basin: Basin<E>; readonly multipliers: readonly E[] }> {
  let left = MAX_WORK * effort;
  const spend = (words: number): void => {
    left -= words;
  };
  const go = () => {
    if (left < 0) throw new Exhausted();
  };
  try {
    for (const reduction of reductions(facts, patterns)) {
      const found = attempt(() => largestBasin(facts, reduce(facts.instance, reduction, patterns, spend), go));
      if (found instanceof Rejection) refuse(found);
      else yield found;
    }
  } catch (error) {
    if (!(error instanceof Exhausted)) throw error;
    reached(`${(MAX_WORK * effort) / 1e9} billion words in the search for a ball`);
  }
}

// ---------------------------------------------------------------- spaces

/** Candidates for V and E, the largest W first. */
function* reductions<E>({ instance }: Facts<E>, patterns: readonly Pattern[]): Generator<Reduction<E>> {
  const { network, field: K, point } = instance;
  const n = network.parameters.length;
  const all = Array.from({ length: n }, (_, w) => unitVector(instance, w));
  yield withIdle(instance, patterns, all);
  const free = outsideZeroBranches(instance);
  if (free.length < n) {
    const inside = free.map((w) => unitVector(instance, w));
    yield withIdle(instance, patterns, inside);
    yield { range: orthogonal(instance, inside), idle: [] };
  }
  // Parameters of a layer that are equal up to sign at the point move together; those that are 0 stay 0.
  const groups = new Map<string, number[]>();
  for (const [w, value] of point.entries()) {
    if (K.isZero(value)) continue;
    const key = `${network.parameters[w]!.layers.join()} ${K.coordinates(K.mul(value, value))
      .map((q) => `${q.s * q.n}/${q.d}`)
      .join()}`;
    groups.set(key, [...(groups.get(key) ?? []), w]);
  }
  const together = [...groups.values()].map((group) =>
    Array.from({ length: n }, (_, w) => (group.includes(w) ? K.fromRational(roundTo(K.sign(point[w]!), 1n)) : K.zero)),
  );
  yield { range: orthogonal(instance, together), idle: [] };
  yield { range: orthogonal(instance, [[...point]]), idle: [] };
}

function unitVector<E>({ network, field: K }: Instance<E>, at: number): E[] {
  return network.parameters.map((_, w) => (w === at ? K.one : K.zero));
}

/** The parameters that touch no unit all of whose weights, in and out, are 0 at the point. */
function outsideZeroBranches<E>({ network, field: K, point }: Instance<E>): number[] {
  const isZero = (weight: number) => weight < point.length && K.isZero(point[weight]!);
  const touched = new Set<number>();
  for (const [l, layer] of network.layers.slice(0, -1).entries()) {
    for (const [unit, row] of layer.entries()) {
      const out = network.layers[l + 1]!.flat().filter(({ from }) => from === unit);
      const weights = [...row, ...out].map(({ weight }) => weight);
      if (weights.every(isZero)) for (const weight of weights) touched.add(weight);
    }
  }
  return point.flatMap((_, w) => (touched.has(w) ? [] : [w]));
}

/** Within the span of these vectors: E, the directions along which no margin changes under the patterns; V, what is orthogonal to them. */
function withIdle<E>(instance: Instance<E>, patterns: readonly Pattern[], vectors: readonly E[][]): Reduction<E> {
  const { field: K } = instance;
  const rows: E[][] = [];
  const ring = multivariateRing(K);
  for (const margin of marginsOf(instance)) {
    const { outputs } = passUnder(instance, margin.sample, patterns[margin.sample]!);
    const value = marginOf(ring, margin, outputs);
    const slopes = instance.point.map((_, w) => derivative(K, value, w));
    const monomials = new Set(slopes.flatMap((p) => [...p.keys()]));
    for (const monomial of monomials) {
      const g = slopes.map((p) => p.get(monomial)?.coefficient ?? K.zero);
      rows.push(vectors.map((b) => dot(K, b, g)));
    }
  }
  const reduced = rowReduce(K, rows, vectors.length).rows;
  const inSpan = (x: readonly E[]) =>
    instance.point.map((_, w) =>
      dot(
        K,
        x,
        vectors.map((b) => b[w]!),
      ),
    );
  return {
    range: orthogonal(instance, reduced.map(inSpan)),
    idle: orthogonal(instance, nullspace(K, reduced, vectors.length).map(inSpan)),
  };
}

/** An orthogonal basis of the span, by Gram and Schmidt. */
function orthogonal<E>({ field: K }: Instance<E>, vectors: readonly E[][]) {
  const basis: E[][] = [];
  for (const vector of vectors) {
    let rest = [...vector];
    for (const b of basis) {
      const c = K.div(dot(K, rest, b), squaredNorm(K, b));
      rest = rest.map((value, w) => K.sub(value, K.mul(c, b[w]!)));
    }
    if (rest.some((c) => !K.isZero(c))) basis.push(rest);
  }
  return basis.map((b) => sparse(K, b));
}

// ---------------------------------------------------------------- the ball

/** Fractions of the point's norm that are tried as radii, and of the growth at the point itself as growth. */
const RADII = [0.3, 0.2, 0.16, 0.13, 0.1, 0.08, 0.06, 0.045, 0.03, 0.02, 0.01, 0.003, 0.001];
const GROWTHS = [0.85, 0.65, 0.45, 0.3, 0.15];
const PENALTIES = [1 / 4, 1 / 2, 3 / 4, 1, 3 / 2, 2, 4, 16, 64];

/** The ball with the greatest κρ² that the kernel accepts; `go` is asked before each attempt. */
function largestBasin<E>(
  facts: Facts<E>,
  reduced: Reduced<E>,
  go: () => void,
): { readonly basin: Basin<E>; readonly multipliers: readonly E[] } {
  const { instance, active } = facts;
  const K = instance.field;
  const { squares, margins, reduction } = reduced;
  const phi = coordinates(reduced, reduction.range, squares, instance.point);
  const slopes = active.map((j) => phi.map((_, k) => derivative(K, margins[j]!, k)));
  const exact = slopes.map((row) =>
    row.map((p) =>
      evaluate(
        K,
        (c) => c,
        p,
        (v) => phi[v]!,
      ),
    ),
  );
  const multipliers =
    active.length === 0
      ? null
      : solve(
          K,
          phi.map((_, k) => exact.map((row) => row[k]!)),
          phi.map((value, k) => K.mul(squares[k]!, value)),
        );
  if (multipliers === null)
    throw new Rejection("attracts.stationarity", "the point is not a KKT point of the problem in that space");
  const J = exact.map((row) => row.map(K.toNumber));
  const inverse = leftInverse(J).map((row) => row.map((c) => roundTo(c, 1n << 24n)));
  const precision = PRECISION;
  const make = (radius: number, growth: number, penalties: readonly [number, number]): Ball => ({
    precision,
    radius: short(radius),
    growth: short(growth),
    penalties: [short(penalties[0]), short(penalties[1])],
    inverse,
  });
  const numbers = phi.map(K.toNumber);
  const G = squares.map(K.toNumber);
  const size = Math.sqrt(numbers.reduce((total, x, k) => total + G[k]! * x * x, 0));
  const at = (p: MultivariatePolynomial<E>) => evaluate(FLOATS, K.toNumber, p, (v) => numbers[v]!);
  const bends = slopes.map((row) => row.map((p) => numbers.map((_, v) => at(derivative(K, p, v)))));
  const lambda = multipliers.map(K.toNumber);
  // The growth at the point itself with each penalty, in the norm of the parameters.
  const growthAt = (mu: number) => {
    const H = numbers.map((_, u) =>
      numbers.map((__, v) => {
        const bent = active.reduce(
          (total, ___, i) => total + lambda[i]! * (mu * J[i]![u]! * J[i]![v]! - bends[i]![u]![v]!),
          u === v ? G[u]! : 0,
        );
        return bent / Math.sqrt(G[u]! * G[v]!);
      }),
    );
    return eigen(H)[0]!.value;
  };
  const candidates = PENALTIES.map((mu) => ({ mu, growth: growthAt(mu) })).filter(({ growth }) => growth > 1e-9);
  const most = Math.max(0, ...candidates.map(({ growth }) => growth));
  if (most === 0) throw new Rejection("attracts.growth", "the point is not a strict local optimum in that space");
  const ring = basinRing(reduced, make(1, 1, [1, 0]));
  let best = null as { readonly basin: Basin<E>; readonly value: number } | null;
  let refused: Rejection | null = null;
  const target = exactTarget(facts, reduced, ring, multipliers);
  const useful = candidates.filter(({ growth }) => growth > 0.4 * Math.min(most, 2)).slice(0, 5);
  /** Whether the kernel accepts some ball of this radius with μ and growth, or why the first was refused. */
  const accepts = (radius: number, mu: number, growth: number): Rejection | null => {
    let why: Rejection | null = null;
    for (const nu of [0, mu / 2, mu]) {
      go();
      const ball = make(radius, growth, [mu, nu]);
      const basin = attempt(() => basinOf(reduced, ring, target, ball));
      if (!(basin instanceof Rejection)) {
        best = { basin, value: growth * radius ** 2 };
        return null;
      }
      why ??= basin;
      if (basin.clause !== "attracts.unique") break;
    }
    refused = why;
    return why;
  };
  radii: for (const fraction of RADII) {
    for (const { mu, growth } of useful) {
      for (const part of GROWTHS) {
        if (best !== null && best.value >= part * growth * (fraction * size) ** 2) break;
        const why = accepts(fraction * size, mu, part * growth);
        if (why === null || why.clause === "attracts.slack") break;
        if (why.clause !== "attracts.growth" && why.clause !== "attracts.unique") continue radii;
      }
    }
  }
  if (best === null) throw refused!;
  return { basin: best.basin, multipliers };
}

/** (J Jᵀ)^{-1} J */
function leftInverse(J: readonly (readonly number[])[]): number[][] {
  const gram = J.map((f) => J.map((g) => f.reduce((total, c, k) => total + c * g[k]!, 0)));
  const n = J.length;
  const rows = gram.map((row, i) => [...row, ...J[i]!]);
  for (let k = 0; k < n; k++) {
    const pivot = rows[k]![k]!;
    if (!(Math.abs(pivot) > 1e-12))
      throw new Rejection("attracts.multiplier", "the gradients of the active margins are dependent");
    rows[k] = rows[k]!.map((c) => c / pivot);
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = rows[i]![k]!;
      rows[i] = rows[i]!.map((c, j) => c - factor * rows[k]![j]!);
    }
  }
  return rows.map((row) => row.slice(n));
}

/** A positive number below x, of few digits. */
function short(x: number): Rational {
  if (x === 0) return Q.zero;
  const places = Math.max(0, 3 - Math.floor(Math.log2(x)));
  const unit = 2 ** places;
  return Q.fromRational(roundTo(Math.floor(x * unit) / unit, 1n << BigInt(places)));
}

// ---------------------------------------------------------------- the start

/** How far the point is scaled up, at most. */
const LARGEST_SCALE = 2 ** 24;

/** Steps of the scale beyond the first that will do: the later, the larger the ball of starts. */
const FURTHER = 3;

/** The point scaled up until it is trapped, in few digits, with idle parts that keep units off. */
function ownStart<E>(basin: Basin<E>): StartBall<E> {
  const { reduced, target, ring } = basin;
  const { problem, reduction, degree } = reduced;
  const K = problem.field;
  const phi = target.phi.map((x) => middleOf(x, ring.precision));
  const eta = idlePart(reduced, basin);
  let refused: Rejection | null = null;
  let best: StartBall<E> | null = null;
  let further = 0;
  const size = Math.max(...phi.map(Math.abs));
  for (let scale = 4 ** (1 / degree); scale * size < LARGEST_SCALE && further <= FURTHER; scale *= 1.25) {
    const digits = scale * size > 8 ? 2n : 8n;
    const rounded = phi.map((x) => K.fromRational(roundTo(x * scale, digits)));
    const point = pointOf(reduced, [...reduction.range, ...reduction.idle], [...rounded, ...eta]);
    const start = attempt(() => grown(basin, point));
    if (start instanceof Rejection) refused = start;
    else if (best === null || Q.sign(start.radius.sub(best.radius)) > 0) best = start;
    if (best !== null) further++;
  }
  if (best !== null) return best;
  throw refused ?? new Rejection("attracts.trap", "no start was found that is trapped");
}

/** Σ value_k b_k */
function pointOf<E>(
  { problem: { network, field: K } }: Reduced<E>,
  basis: Reduction<E>["range"],
  values: readonly E[],
): E[] {
  return network.parameters.map((_, w) =>
    dot(
      K,
      basis.map((b) => b.get(w) ?? K.zero),
      values,
    ),
  );
}

/** Coordinates of E at which the units whose signs depend on them alone have the right ones, by the perceptron's rule. */
function idlePart<E>({ problem: { field: K }, signs, reduction }: Reduced<E>, { box }: Basin<E>): E[] {
  const d = box.length;
  const count = reduction.idle.length;
  const rows = signs.flatMap(({ on, z }) => {
    const own = [...z.values()].filter(({ variables }) => variables.length === 1 && variables[0]! >= d);
    if (own.length === 0) return [];
    const row = new Array<number>(count).fill(0);
    for (const { variables, coefficient } of own) row[variables[0]! - d] = (on ? 1 : -1) * K.toNumber(coefficient);
    return [row];
  });
  const eta = new Array<number>(count).fill(0);
  for (let round = 0; round < 2000; round++) {
    const failing = rows.find((row) => {
      const length = Math.hypot(...row);
      return row.reduce((total, c, k) => total + c * eta[k]!, 0) < length;
    });
    if (failing === undefined) {
      const keeps = (values: readonly number[]) =>
        rows.every((row) => row.reduce((total, c, k) => total + c * values[k]!, 0) >= Math.hypot(...row) / 2);
      const digits = [1, 2, 4, 8].find((d) => keeps(eta.map((x) => Math.round(x * d) / d))) ?? 64;
      return eta.map((x) => K.fromRational(roundTo(x, BigInt(digits))));
    }
    const square = failing.reduce((total, c) => total + c * c, 0);
    const value = failing.reduce((total, c, k) => total + c * eta[k]!, 0);
    const step = (Math.sqrt(square) * 1.5 - value) / square;
    failing.forEach((c, k) => {
      eta[k]! += step * c;
    });
  }
  throw new Rejection("attracts.sign", "no idle part of a start was found that keeps the units off");
}

/** The start with the largest radius and the highest level, roughly, that the kernel accepts; it has to accept radius 0. */
function grown<E>(basin: Basin<E>, point: readonly E[]): StartBall<E> {
  const { reduced } = basin;
  const accepts = (start: StartBall<E>) => {
    const starts = startsAround(basin, start);
    return attempt(() => ensureTrapped(basin, starts, start.level));
  };
  const at = (radius: Rational): StartBall<E> => {
    const start = { point, radius, level: Q.one };
    const level = levelAt(basin, startsAround(basin, start));
    return { ...start, level };
  };
  const K = reduced.problem.field;
  const size = Math.hypot(...point.map(K.toNumber));
  const least = size * 2 ** -24;
  const refused = accepts(at(roundTo(least, 1n << 64n)));
  if (refused instanceof Rejection) throw refused;
  for (let radius = 2 ** Math.floor(Math.log2(size)); radius > least; radius /= 2) {
    const start = at(roundTo(radius, 1n << 32n));
    if (Q.sign(start.level) > 0 && accepts(start) === undefined) return start;
  }
  throw new Rejection("attracts.trap", "no ball of starts around the start is trapped");
}

/** A level below the smoothed margin of all starts, from floating point. */
export function levelAt<E>({ reduced, ring, squares }: Basin<E>, { centre, radius }: Starts): Rational {
  const values = marginBounds(reduced, ring, squares, centre, radius).map(({ low }) =>
    middleOf({ low, high: low }, ring.precision),
  );
  const least = Math.min(...values);
  // e^L − 1 for the logistic loss, in units of e^{−least}
  const groups = new Map<number, number>();
  for (const [j, { sample }] of marginsOf(reduced.problem).entries())
    groups.set(sample, (groups.get(sample) ?? 0) + Math.exp(least - values[j]!));
  let total = 0;
  for (const scaled of groups.values()) total += scaled * (1 + total * Math.exp(-least));
  const level = least - Math.log(total);
  return level > 0 ? roundTo(Math.floor(level * 1024 - 0.5) / 1024, 1024n) : Q.zero;
}
