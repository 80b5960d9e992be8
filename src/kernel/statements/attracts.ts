/**
 * `attracts`: from every start θ_0 of an explicit ball in an explicit space W, gradient flow of the exponential and of the logistic loss (with
 * classes: cross-entropy) exists for all time, is unique, drives the loss to 0, and its direction converges to that of θ.
 * (`proofs/theory.md`, §13.)
 */
import { dot, equals } from "../../exact/field.js";
import { type IntervalRing, rescaled } from "../../exact/interval.js";
import { derivative, evaluate } from "../../exact/multivariate.js";
import type { Rational } from "../../exact/rational.js";
import { type Codec, listOf, objectOf, rationalNumber, type SparseVector, word } from "../../network/codec.js";
import { integer } from "../../network/decode.js";
import { type Ball, type Basin, basinClauses, basinOf, basinRing, type Target, targetOf } from "../attraction/basin.js";
import { coordinates, isCombination, type Reduced, reduce, reductionClauses } from "../attraction/reduction.js";
import { ensureTrapped, type Starts, startsIn, trapClauses } from "../attraction/trap.js";
import type { Context } from "../certificate.js";
import { ensure } from "../ensure.js";
import { keyOf } from "../explore.js";
import type { Facts } from "../facts.js";
import { type Pattern, passAt, type UnitAtSample } from "../forward.js";
import { boxOf, follow, type Path, pathClauses, pathCodec, restsOff } from "../path.js";
import type { Kind } from "../statement.js";

/** All points of W at most so far from a point of W. */
export interface StartBall<E> {
  readonly point: readonly E[];
  readonly radius: Rational;
  /** Λ > 0: at every start, or at the end of the path from it, the loss is at most that of a single margin Λ. */
  readonly level: Rational;
}

export interface Attracts<E> {
  readonly kind: "attracts";
  /** Orthogonal bases of V, in which the flow runs, and of the directions in which it stands still; W is their span. */
  readonly range: readonly SparseVector<E>[];
  readonly idle: readonly SparseVector<E>[];
  /** Of the active margins, in order. */
  readonly multipliers: readonly E[];
  readonly ball: Ball;
  readonly start: StartBall<E>;
  /** Along which the flow goes from the starts into the trap; then the statement is about its loss alone. */
  readonly path: Path | null;
}

/** The ball in V, and the starts in its coordinates, or the ends of the path from them. */
export interface AttractsProof<E> {
  readonly basin: Basin<E>;
  readonly starts: Starts;
}

export function ballCodec(): Codec<Ball> {
  const bits: Codec<number> = { read: integer(16, 8192), write: (n) => n };
  return objectOf<Ball>({
    precision: bits,
    radius: rationalNumber,
    growth: rationalNumber,
    penalties: listOf(rationalNumber, 2, 2) as unknown as Codec<Ball["penalties"]>,
    inverse: listOf(listOf(rationalNumber)),
  });
}

export function startCodec<E>({ point }: Context<E>): Codec<StartBall<E>> {
  return objectOf<StartBall<E>>({ point, radius: rationalNumber, level: rationalNumber });
}

export const attracts = <E>(): Kind<E, Attracts<E>, AttractsProof<E>> => ({
  clauses: [
    "attracts.numbers",
    "attracts.point",
    "attracts.stationarity",
    ...reductionClauses,
    ...basinClauses,
    ...trapClauses,
    ...pathClauses,
    "path.space",
  ],
  codec: (context) =>
    objectOf<Attracts<E>>(
      {
        kind: word("attracts"),
        range: listOf(context.vector),
        idle: listOf(context.vector),
        multipliers: context.numbers,
        ball: ballCodec(),
        start: startCodec(context),
      },
      { path: pathCodec(context) },
    ),
  check: (facts, { range, idle, multipliers, ball, start, path }) => {
    const { instance, spend } = facts;
    ensure(instance.field.functions === null, "attracts.numbers", "the numbers are functions of a parameter");
    const isWhole = range.length + idle.length === instance.network.parameters.length;
    const reduceUnder = (patterns: readonly Pattern[]) => reduce(instance, { range, idle }, patterns, spend);
    const first = path === null || !isWhole ? reduceUnder(patternsAt(facts, start.point)) : null;
    const reached = path === null ? null : follow(facts, start, path, first === null ? () => true : keptBy(first));
    const reduced = first ?? reduceUnder(reached!.patterns);
    const ring = basinRing(reduced, ball);
    const basin = basinOf(reduced, ring, exactTarget(facts, reduced, ring, multipliers), ball);
    const starts = startsAround(basin, start);
    if (path === null || reached === null) {
      ensureTrapped(basin, starts, start.level);
      return { basin, starts };
    }
    const isOne = isWhole || path.steps.every((step) => "curve" in step);
    const found = "a unit changes its sign on the way, and W is only known to hold the flow under the first pattern";
    ensure(isOne, "path.space", found);
    const box = boxOf(reached).map((x) => rescaled(x, path.precision, ring.precision));
    const ends = startsIn(basin, box);
    ensureTrapped(basin, ends, start.level, restsOff(facts, ring, box, reached.patterns));
    return { basin, starts: ends };
  },
  meaning: ({ range, idle, start, path }, { instance: { network, field } }) => ({
    about: "attracts",
    scope: null,
    answer: "yes",
    radius: field.fromRational(start.radius),
    loss: path?.loss ?? null,
    dimension: range.length + idle.length < network.parameters.length ? range.length + idle.length : null,
    because: `${path === null ? "" : "the flow is followed along a tube; from there on "}the flow is that of polynomial margins, whose smoothed margin never falls, and a ball with no other KKT point traps it`,
  }),
});

/** Whether a unit must have a sign where the flow runs in the space of a reduction. */
export function keptBy<E>({ signs }: Reduced<E>): (at: UnitAtSample) => boolean {
  const keys = new Set(signs.map(({ at }) => keyOf(at)));
  return (at) => keys.has(keyOf(at));
}

/** Which units are on at each sample at a point of the parameters. */
export function patternsAt<E>(
  { instance, spend }: Pick<Facts<E>, "instance" | "spend">,
  point: readonly E[],
): Pattern[] {
  const { field: K, data } = instance;
  return data.map((_, sample) => {
    spend(100 * point.length);
    return passAt(instance, sample, point).preactivations.map((layer) => layer.map((z) => K.sign(z) > 0));
  });
}

/** The point as a KKT point of the problem in V, by exact arithmetic. */
export function exactTarget<E>(
  { instance: { field: K, point }, active }: Facts<E>,
  reduced: Reduced<E>,
  ring: IntervalRing,
  multipliers: readonly E[],
): Target {
  const { reduction, squares, margins } = reduced;
  const phi = coordinates(reduced, reduction.range, squares, point);
  ensure(isCombination(reduced, reduction.range, phi, point), "attracts.point", "the point is not in the range");
  const one = active.every((j) =>
    K.isZero(
      K.sub(
        evaluate(
          K,
          (c) => c,
          margins[j]!,
          (v) => phi[v]!,
        ),
        K.one,
      ),
    ),
  );
  ensure(one, "attracts.point", "an active margin of the point is not 1 under the pattern of the start");
  const fits = multipliers.length === active.length && multipliers.every((c) => K.sign(c) > 0);
  ensure(fits, "attracts.stationarity", () => `${active.length} positive multipliers are needed`);
  for (const [k, value] of phi.entries()) {
    const slopes = active.map((j) =>
      evaluate(
        K,
        (c) => c,
        derivative(K, margins[j]!, k),
        (v) => phi[v]!,
      ),
    );
    const holds = equals(K, K.mul(squares[k]!, value), dot(K, multipliers, slopes));
    ensure(holds, "attracts.stationarity", "the multipliers do not combine the gradients to the point");
  }
  const enclose = (c: E) => K.bounds(c, ring.precision);
  return targetOf(reduced, ring, { phi: phi.map(enclose), active, multipliers: multipliers.map(enclose) });
}

/** The ball of starts, by coordinates: a coordinate is at most radius/|b| from the centre's. */
export function startsAround<E>({ reduced, ring }: Basin<E>, { point, radius }: StartBall<E>): Starts {
  const { problem, reduction, squares, idleSquares } = reduced;
  const K = problem.field;
  const values = coordinates(reduced, reduction.range, squares, point);
  const idleValues = coordinates(reduced, reduction.idle, idleSquares, point);
  const inside = isCombination(reduced, [...reduction.range, ...reduction.idle], [...values, ...idleValues], point);
  ensure(inside, "attracts.start", "the start is not in the span of the range and the idle directions");
  const reach = ring.enclose(radius);
  ensure(reach.low > 0n, "attracts.start", "the radius of the starts is not shown to be positive");
  const eta = idleValues.map((value, k) => {
    const { low, high } = K.bounds(value, ring.precision);
    const length = ring.root(K.bounds(idleSquares[k]!, ring.precision), 2);
    const width = ring.mul(reach, ring.inv(length)).high;
    return { low: low - width, high: high + width };
  });
  return { centre: values.map((value) => K.bounds(value, ring.precision)), radius: reach, eta };
}
