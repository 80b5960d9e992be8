/**
 * Finds what `kernel/not-local.ts` checks: a curve of feasible points of smaller norm that ends in θ. First order: a straight
 * line across a piece whose multipliers do not exist. Second order: a critical direction of negative curvature, bent so that
 * every active margin has slack.
 */
import type { Curve, Instance, Of, Orientation, Scope, SparseVector, UnitAtSample } from "../certificate/format.js";
import { dot, squaredNorm } from "../exact/field.js";
import { influentialUnits } from "../kernel/pieces.js";
import { verifyStatement } from "../kernel/verify.js";
import { criticalDirections } from "./critical.js";
import { combine } from "./kkt.js";
import { solveLp } from "./lp.js";
import { activeSamples, frameOf, type LocalPiece, localPiece, realizableChoices } from "./pieces.js";
import { generator } from "./random.js";
import { deadUnits, liftCurve, type Reduction, withoutUnits } from "./reduce.js";
import { fraction, longestCurve, plus, powerOfTwoNear, scaleBy, sparse, toNumbers } from "./vectors.js";

export type DescentOutcome<E> =
  | { readonly kind: "found"; readonly statement: Of<"not-local", E> }
  /** Nothing found; `complete` lists what kept the search from being exhaustive at its order. */
  | { readonly kind: "none"; readonly gaps: readonly string[] };

const MAX_PIECES = 1024;
const SAMPLED_PIECES = 40;
const MAX_SECOND_ORDER_PIECES = 128;
const MAX_SECOND_ORDER_PARAMETERS = 100;
const MAX_SINGLE_REVIVALS = 12;

/** Searches a descent of the scope at a feasible θ. */
export function findDescent<E>(instance: Instance<E>, scope: Scope): DescentOutcome<E> {
  const gaps = new Set<string>();
  const dead = deadUnits(instance);
  const alive = withoutUnits(instance, dead);
  const straight = firstOrder(alive, scope, gaps);
  const found = straight ?? (scope === null ? bent(instance, dead, gaps) : null);
  if (found === null) return { kind: "none", gaps: [...gaps] };
  const statement: Of<"not-local", E> = { kind: "not-local", scope, curve: liftCurve(found.reduction, found.curve) };
  if (verifyStatement(instance, statement).accepted) return { kind: "found", statement };
  throw new Error("a descent of the live units is not one of the whole network");
}

interface Found<E> {
  readonly reduction: Reduction<E>;
  readonly curve: Curve<E>;
}

function accepted<E>(reduction: Reduction<E>, scope: Scope, steps: readonly SparseVector<E>[]): Found<E> | null {
  const { instance } = reduction;
  const curve = longestCurve(
    instance,
    steps,
    (one) => verifyStatement(instance, { kind: "not-local", scope, curve: one }).accepted,
  );
  return curve === null ? null : { reduction, curve };
}

/** On each piece, multipliers or a separating direction; in a single layer's problem this is exhaustive. */
function firstOrder<E>(reduction: Reduction<E>, scope: Scope, gaps: Set<string>): Found<E> | null {
  const { instance } = reduction;
  const frame = frameOf(instance, scope);
  // Where everything may move, a unit whose path to the output is zero has no part in first-order changes.
  const moves = scope === null ? influentialUnits(instance, -1) : frame.influential;
  const units = frame.kinks.filter(({ layer, unit }) => moves[layer]![unit]!);
  const choices = realizableChoices(instance, units, [], scope, MAX_PIECES)?.choices ?? null;
  if (choices === null) gaps.add(`more than ${MAX_PIECES} pieces meet at the point`);
  const reduced = { ...frame, kinks: units };
  for (const choice of choices ?? sampledChoices(units)) {
    const piece = localPiece(instance, reduced, choice);
    const combination = combine(scopeOnly(instance, frame.scopeParameters), piece.gradients);
    if (combination.kind === "found") continue;
    const found = alongLine(reduction, scope, frame.scopeParameters, combination.separating);
    if (found !== null) return found;
    gaps.add("a first-order descent direction could not be turned into a curve");
  }
  return null;
}

/** Some sign choices, where there are too many to try them all: all on, all off, and random ones. Any of them may show a descent. */
function sampledChoices(units: readonly UnitAtSample[]): Orientation[][] {
  const random = generator(3);
  const mixed = Array.from({ length: SAMPLED_PIECES }, () => units.map((): Orientation => (random() < 0.5 ? 1 : -1)));
  return [units.map(() => 1), units.map(() => -1), ...mixed];
}

function scopeOnly<E>({ field, point }: Instance<E>, parameters: readonly number[]) {
  return { field, point: parameters.map((k) => point[k]!) };
}

/** θ + t (d + εθ): by Euler the part along θ raises every active margin. */
function alongLine<E>(
  reduction: Reduction<E>,
  scope: Scope,
  parameters: readonly number[],
  d: readonly E[],
): Found<E> | null {
  const { field: K, point } = reduction.instance;
  const theta = parameters.map((k) => point[k]!);
  const rate = dot(K, d, theta);
  const unit = scaleBy(K, d, powerOfTwoNear(K, 1 / Math.max(...toNumbers(K, d).map(Math.abs))));
  const scaledRate = dot(K, unit, theta);
  if (K.sign(rate) >= 0) return null;
  for (const tilt of [K.zero, shrink(K, K.neg(scaledRate), squaredNorm(K, theta))]) {
    const step = plus(K, unit, scaleBy(K, theta, tilt));
    const found = accepted(reduction, scope, [sparse(K, step, parameters)]);
    if (found !== null) return found;
  }
  return null;
}

/** A power of two at most a/(2b), for a, b > 0. */
function shrink<E>(K: Instance<E>["field"], a: E, b: E): E {
  return powerOfTwoNear(K, K.toNumber(K.div(a, b)) / 4);
}

/** The second-order search: among the live units alone, then with one or two dead units revived. */
function bent<E>(
  instance: Instance<E>,
  dead: readonly (readonly [number, number])[],
  gaps: Set<string>,
): Found<E> | null {
  const alike = instance.network.source.kind === "fully-connected";
  const first = [...new Map(dead.map((unit) => [alike ? unit[0] : String(unit), unit])).values()].slice(
    0,
    MAX_SINGLE_REVIVALS,
  );
  const revivals: (readonly (readonly [number, number])[])[] = [[], ...first.map((unit) => [unit])];
  if (dead.length > 1) revivals.push(dead.slice(0, 2));
  if (dead.length > 2 && dead.length <= 4) revivals.push(dead);
  for (const revived of revivals) {
    const kept = new Set(revived.map(String));
    const reduction = withoutUnits(
      instance,
      dead.filter((unit) => !kept.has(String(unit))),
    );
    const found = secondOrder(reduction, gaps);
    if (found !== null) return found;
  }
  return null;
}

function secondOrder<E>(reduction: Reduction<E>, gaps: Set<string>): Found<E> | null {
  const { instance } = reduction;
  if (instance.point.length > MAX_SECOND_ORDER_PARAMETERS) {
    gaps.add(`more than ${MAX_SECOND_ORDER_PARAMETERS} parameters for a second-order search`);
    return null;
  }
  if (activeSamples(instance).length === 0) return null;
  const frame = frameOf(instance, null);
  const choices = realizableChoices(instance, frame.kinks, [], null, MAX_SECOND_ORDER_PIECES);
  if (choices === null) {
    gaps.add(`more than ${MAX_SECOND_ORDER_PIECES} pieces for a second-order search`);
    return null;
  }
  for (const choice of choices.choices) {
    const found = secondOrderOnPiece(reduction, localPiece(instance, frame, choice));
    if (found !== null) return found;
  }
  return null;
}

/**
 * Searches d in the critical cone of a piece with dᵀ(I − Σω_jH_j)d < 0 for every multiplier ω: the multipliers that are known are
 * cut into the search one by one, each refuted direction giving the next.
 */
function secondOrderOnPiece<E>(reduction: Reduction<E>, piece: LocalPiece<E>): Found<E> | null {
  const { instance } = reduction;
  const { field: K, point } = instance;
  const combination = combine(instance, piece.gradients);
  if (combination.kind === "separated") {
    const parameters = point.map((_, k) => k);
    return alongLine(reduction, null, parameters, combination.separating);
  }
  const multipliers = [combination.weights];
  for (let round = 0; round < 6; round++) {
    const candidates = criticalDirections(instance, piece, multipliers);
    let cut: E[] | null = null;
    for (const d of candidates) {
      const bend = bendOf(instance, piece, d);
      if (bend.kind === "refuted") {
        cut ??= bend.multipliers;
        continue;
      }
      const found = accepted(reduction, null, [sparse(K, d), sparse(K, bend.step)]);
      if (found !== null) return found;
    }
    if (cut === null) return null;
    const known = multipliers.some((w) => w.every((c, k) => K.isZero(K.sub(c, cut[k]!))));
    if (known) return null;
    multipliers.push(cut);
  }
  return null;
}

/**
 * The second-order step: c minimising θ·c with ∇h_j·c + ½dᵀH_jd ≥ 0 for the constraints that d leaves tight. If θ·c + ½|d|² < 0,
 * c tilted towards θ is the step; otherwise the dual multipliers refute d.
 */
function bendOf<E>(
  { field: K, point }: Instance<E>,
  piece: LocalPiece<E>,
  d: readonly E[],
): { kind: "step"; step: E[] } | { kind: "refuted"; multipliers: E[] } {
  const half = fraction(K, 1n, 2n);
  const tight = piece.gradients.flatMap((g, j) => (K.sign(dot(K, g, d)) === 0 ? [j] : []));
  const result = solveLp(K, {
    objective: point,
    rows: tight.map((j) => ({
      coefficients: piece.gradients[j]!,
      sense: ">=" as const,
      bound: K.neg(K.mul(half, piece.curvature(j, d))),
    })),
    free: true,
  });
  if (result.kind === "infeasible")
    throw new Error("the second-order programme is feasible: θ itself raises every margin");
  const step = result.kind === "optimal" ? result.x : plus(K, result.x, scaleBy(K, result.ray, fraction(K, 1000n)));
  const gain = K.add(dot(K, point, step), K.mul(half, squaredNorm(K, d)));
  if (K.sign(gain) >= 0) {
    const multipliers = piece.gradients.map(() => K.zero);
    if (result.kind === "optimal") for (const [k, j] of tight.entries()) multipliers[j] = result.dual[k]!;
    return { kind: "refuted", multipliers };
  }
  const tilt = shrink(K, K.neg(gain), squaredNorm(K, point));
  return { kind: "step", step: plus(K, step, scaleBy(K, point, tilt)) };
}
