/**
 * Finds what `kernel/statements/not-local.ts` checks: a curve of feasible points of smaller norm that ends in θ. First order: a
 * straight line across a cell whose multipliers do not exist. Second order: a critical direction of negative curvature, bent so
 * that every active margin has slack. Where many pieces meet at θ, `search/pieces.ts` chooses among them.
 */
import { dot, type Field, squaredNorm } from "../exact/field.js";
import { type Cell, cellOf, type Frame, memoryOf } from "../kernel/explore.js";
import { type Facts, factsOf } from "../kernel/facts.js";
import { gradient, type UnitAtSample } from "../kernel/forward.js";
import type { Of } from "../kernel/statements/index.js";
import { verifyStatement } from "../kernel/verify.js";
import type { SparseVector } from "../network/codec.js";
import type { Instance } from "../network/instance.js";
import { parametersOf, type Scope } from "../network/network.js";
import { growTree, leavesOf } from "./cells.js";
import type { Search } from "./effort.js";
import { combine } from "./search/combine.js";
import { criticalDirections } from "./search/critical.js";
import {
  type Counts,
  countsNow,
  firstOrderCell,
  type LocalCell,
  localCell,
  mayCount,
  nearPoint,
  nextOpen,
  openKinks,
} from "./search/local.js";
import { solveLp } from "./search/lp.js";
import { orthonormalBasis } from "./search/numeric.js";
import { bentDirections, kinkModel, signsAlong, steepDirections } from "./search/pieces.js";
import { deadUnits, type HiddenUnit, liftVector, type Reduction, withoutUnits } from "./search/reduce.js";
import { fraction, longestCurve, plus, powerOfTwoNear, scaleBy, sparse, toNumbers } from "./search/vectors.js";

type NotLocal<E> = Of<"not-local", E>;

export type DescentOutcome<E> =
  | { readonly kind: "found"; readonly statement: NotLocal<E> }
  /** Nothing found; `gaps` lists what kept the search from being exhaustive at its order. */
  | { readonly kind: "none"; readonly gaps: readonly string[] };

/** So few pieces are all tried, in exact arithmetic; of more some are chosen in floating point. */
const FEW_CELLS = 32;
/** In a second-order search of all pieces. */
const FEW_PARAMETERS = 100;
const FEW_REVIVALS = 12;
/** Splits of the search that chooses pieces, and how many of those that it ends at are searched to second order. */
const MAX_SPLITS = 200;
/** Splits times the entries of a square matrix in parameters and kinks. */
const MOST_ENTRIES = 1e6;
const MAX_FLAT = 50;
/** Parameters and kinks that are searched together, and dead units of one layer among them. */
const MAX_VARIABLES = 1000;
const MAX_REVIVED = 3;

/** A reduced instance, with what holds at its point. */
interface Part<E> {
  readonly whole: Instance<E>;
  readonly reduction: Reduction<E>;
  readonly facts: Facts<E>;
  readonly scope: Scope;
}

/** Searches a descent of the scope at a feasible θ. */
export function findDescent<E>({ instance }: Facts<E>, scope: Scope, search: Search): DescentOutcome<E> {
  const gaps = new Set<string>();
  const dead = deadUnits(instance);
  const found = searched(instance, dead, scope, gaps, search);
  return found === null ? { kind: "none", gaps: [...gaps] } : { kind: "found", statement: found };
}

/** On all pieces where they are few, else on those that are chosen. */
function searched<E>(
  instance: Instance<E>,
  dead: readonly HiddenUnit[],
  scope: Scope,
  gaps: Set<string>,
  search: Search,
): NotLocal<E> | null {
  const straight = straightOnAll(partWithout(instance, dead, scope), gaps);
  if (straight.kind === "found") return straight.statement;
  const bent = scope === null && straight.kind === "none" ? bentOnAll(instance, dead) : straight;
  if (bent.kind === "found") return bent.statement;
  return bent.kind === "none" ? null : onChosen(instance, dead, scope, gaps, search);
}

type AllPieces<E> =
  | { readonly kind: "found"; readonly statement: NotLocal<E> }
  | { readonly kind: "none" }
  | { readonly kind: "too many" };

function partWithout<E>(whole: Instance<E>, removed: readonly HiddenUnit[], scope: Scope): Part<E> {
  const reduction = withoutUnits(whole, removed);
  return { whole, reduction, facts: factsOf(reduction.instance), scope };
}

/** The longest curve with these steps that the kernel accepts in the whole network, or null. */
function accepted<E>({ whole, reduction, scope }: Part<E>, steps: readonly SparseVector<E>[]): NotLocal<E> | null {
  const statementOf = (curve: NotLocal<E>["curve"]): NotLocal<E> => ({ kind: "not-local", scope, curve });
  const lifted = steps.map((step) => liftVector(reduction, step));
  const curve = longestCurve(whole.field, lifted, (one) => verifyStatement(whole, statementOf(one)).accepted);
  return curve === null ? null : statementOf(curve);
}

/** On each cell, multipliers or a separating direction. */
function straightOnAll<E>(part: Part<E>, gaps: Set<string>): AllPieces<E> {
  const frame = nearPoint(part.facts, part.scope);
  const tree = growTree<E, Cell<E>>(frame, nextKink(frame, firstOrderCounts(frame)), (cell) => cell, FEW_CELLS);
  if (tree === null) return { kind: "too many" };
  for (const cell of leavesOf(tree)) {
    const statement = straightOn(part, frame, cell, gaps);
    if (statement !== null) return { kind: "found", statement };
  }
  return { kind: "none" };
}

/** Where everything may move, a unit whose path to the output is zero has no part in first-order changes. */
function firstOrderCounts<E>(frame: Frame<E>): Counts {
  return frame.scope === null ? countsNow(frame) : mayCount(frame);
}

function straightOn<E>(part: Part<E>, frame: Frame<E>, cell: Cell<E>, gaps: Set<string>): NotLocal<E> | null {
  const { field: K, point, network } = part.facts.instance;
  const moving = parametersOf(network, part.scope);
  const theta = moving.map((k) => point[k]!);
  const { gradients } = firstOrderCell(frame, cell);
  const combination = combine(K, gradients, theta);
  if (combination.kind === "found") return null;
  const found = alongLine(part, moving, gradients, combination.separating);
  if (found === null) gaps.add("a first-order descent direction could not be turned into a curve");
  return found;
}

type Next<E> = (cell: Cell<E>) => UnitAtSample | null;

function nextKink<E>(frame: Frame<E>, counts: Counts): Next<E> {
  const { margins, active } = frame.facts;
  const own = active.map((j) => margins[j]!);
  return nextOpen(frame, own, counts);
}

/** The cell that a direction points into. */
function cellAlong<E>(frame: Frame<E>, next: Next<E>, d: readonly number[]): Cell<E> {
  const memory = memoryOf(frame);
  const orientationOf = signsAlong(frame.facts, parametersOf(frame.facts.instance.network, frame.scope), d);
  let cell = cellOf(frame, [], memory);
  for (let at = next(cell); at !== null; at = next(cell))
    cell = cellOf(frame, [...cell.conditions, { at, orientation: orientationOf(at) }], memory);
  return cell;
}

/** θ + t (d + εe), where d separates θ, and e is nothing, or raises the constraints. */
function alongLine<E>(
  part: Part<E>,
  moving: readonly number[],
  gradients: readonly (readonly E[])[],
  d: readonly E[],
): NotLocal<E> | null {
  const { field: K, point } = part.facts.instance;
  const theta = moving.map((k) => point[k]!);
  const unit = scaleBy(K, d, powerOfTwoNear(K, 1 / Math.max(...toNumbers(K, d).map(Math.abs))));
  const gain = K.neg(dot(K, unit, theta));
  if (K.sign(gain) <= 0) return null;
  const line = (step: readonly E[]) => accepted(part, [sparse(K, step, moving)]);
  const straight = line(unit);
  if (straight !== null) return straight;
  for (const step of tilted(K, theta, gradients, unit, gain)) {
    const found = line(step);
    if (found !== null) return found;
  }
  return null;
}

/** A step that shortens θ by `gain`, tilted somewhat: towards θ, by Euler, as far as margins are homogeneous, or by all gradients. */
function* tilted<E>(
  K: Field<E>,
  theta: readonly E[],
  gradients: readonly (readonly E[])[],
  step: readonly E[],
  gain: E,
): Generator<readonly E[]> {
  const towards = (e: readonly E[]) => {
    const cost = dot(K, e, theta);
    return plus(K, step, scaleBy(K, e, K.sign(cost) > 0 ? shrink(K, gain, cost) : K.one));
  };
  yield towards(theta);
  const rising = risingDirection(K, gradients);
  if (rising !== null) yield towards(rising);
}

/** A direction in which all constraints with a gradient rise, or null. */
function risingDirection<E>(K: Field<E>, gradients: readonly (readonly E[])[]): readonly E[] | null {
  const rows = gradients.flatMap((coefficients) =>
    coefficients.every(K.isZero) ? [] : [{ coefficients, sense: ">=" as const, bound: K.one }],
  );
  if (rows.length === 0) return null;
  const result = solveLp(K, { objective: rows[0]!.coefficients.map(() => K.zero), rows, free: true });
  return result.kind === "optimal" ? result.x : null;
}

/** A power of two at most a/(2b), for a, b > 0; of functions a/(4b), which is small wherever a is. */
function shrink<E>(K: Field<E>, a: E, b: E): E {
  if (K.functions !== null) return K.div(a, K.mul(fraction(K, 4n), b));
  return powerOfTwoNear(K, K.toNumber(K.div(a, b)) / 4);
}

/** To second order, among the live units alone, then with dead ones revived. */
function bentOnAll<E>(instance: Instance<E>, dead: readonly HiddenUnit[]): AllPieces<E> {
  const alike = instance.network.source.kind === "fully-connected";
  const distinct = new Map(dead.map((unit) => [alike ? unit[0] : String(unit), unit]));
  const first = [...distinct.values()].slice(0, FEW_REVIVALS);
  const revivals: (readonly HiddenUnit[])[] = [[], ...first.map((unit) => [unit])];
  if (dead.length > 1) revivals.push(dead.slice(0, 2));
  if (dead.length > 2 && dead.length <= 4) revivals.push(dead);
  let areFew = first.length === distinct.size;
  for (const revived of revivals) {
    const outcome = bentOnCells(partWithout(instance, without(dead, revived), null));
    if (outcome.kind === "found") return outcome;
    areFew &&= outcome.kind === "none";
  }
  return { kind: areFew ? "none" : "too many" };
}

function bentOnCells<E>(part: Part<E>): AllPieces<E> {
  const { instance, active } = part.facts;
  if (active.length === 0) return { kind: "none" };
  if (instance.point.length > FEW_PARAMETERS) return { kind: "too many" };
  const frame = nearPoint(part.facts, null);
  const tree = growTree<E, Cell<E>>(frame, nextKink(frame, mayCount(frame)), (cell) => cell, FEW_CELLS);
  if (tree === null) return { kind: "too many" };
  for (const cell of leavesOf(tree)) {
    const statement = bentOn(part, localCell(frame, cell));
    if (statement !== null) return { kind: "found", statement };
  }
  return { kind: "none" };
}

function without(units: readonly HiddenUnit[], kept: readonly HiddenUnit[]): HiddenUnit[] {
  const names = new Set(kept.map(String));
  return units.filter((unit) => !names.has(String(unit)));
}

/** Directions that are found in floating point, to first and then to second order, made exact on their pieces. */
function onChosen<E>(
  instance: Instance<E>,
  dead: readonly HiddenUnit[],
  scope: Scope,
  gaps: Set<string>,
  { effort, progress }: Search,
): NotLocal<E> | null {
  const revived = scope === null ? revivedUnits(instance, dead, gaps, effort) : [];
  const part = partWithout(instance, without(dead, revived), scope);
  if (part.facts.active.length === 0) return null;
  const frame = nearPoint(part.facts, scope);
  const kinks = openKinks(frame, cellOf(frame, []), mayCount(frame));
  const variables = parametersOf(part.facts.instance.network, scope).length + kinks.length;
  if (variables > MAX_VARIABLES * effort) {
    gaps.add(`more than ${MAX_VARIABLES * effort} parameters and kinks together`);
    return null;
  }
  const model = kinkModel(frame, kinks);
  const most = Math.max(1, Math.round(effort * Math.min(MAX_SPLITS, MOST_ENTRIES / variables ** 2)));
  const tried = new Set<string>();
  const along = (d: readonly number[], counts: (frame: Frame<E>) => Counts, on: OnCell<E>) => {
    const small = partAlong(part, dead, d);
    const own = nearPoint(small.part.facts, scope);
    const cell = cellAlong(own, nextKink(own, counts(own)), small.d);
    const key = JSON.stringify([on.name, small.part.reduction.parameters, cell.conditions]);
    if (tried.has(key)) return null;
    tried.add(key);
    return on(small.part, own, cell, small.d);
  };
  const straight: OnCell<E> = (own, at, cell) => straightOn(own, at, cell, gaps);
  const bent: OnCell<E> = (own, at, cell, d) => bentOn(own, localCell(at, cell), [d]);

  const directions = steepDirections(model, most, (splits) => progress("descent", splits, most));
  let step = directions.next();
  for (; !step.done; step = directions.next()) {
    const found = along(step.value, firstOrderCounts, straight);
    if (found !== null) return found;
  }
  const { flat, isComplete } = step.value;
  if (!isComplete) gaps.add(`not all pieces refuted to first order by ${most} splits`);
  if (scope !== null) return null;
  const families = MAX_FLAT * effort;
  for (const [k, pieces] of flat.slice(0, families).entries()) {
    progress("descent to second order", k, Math.min(flat.length, families));
    const bends = bentDirections(model, pieces);
    for (const d of bends.directions) {
      const found = along(d, mayCount, bent);
      if (found !== null) return found;
    }
    if (!bends.isComplete || bends.directions.length > 0) gaps.add(SAMPLED);
  }
  if (flat.length > families) gaps.add(`curvature searched on ${families} of ${flat.length} families of pieces`);
  return null;
}

type OnCell<E> = (part: Part<E>, frame: Frame<E>, cell: Cell<E>, d: readonly number[]) => NotLocal<E> | null;

const SAMPLED = "pieces were chosen to second order by descent from many directions, which need not find all";

/** The dead units that may be needed: all that differ, and of those that are alike one more than multipliers have freedom. */
function revivedUnits<E>(
  instance: Instance<E>,
  dead: readonly HiddenUnit[],
  gaps: Set<string>,
  effort: number,
): HiddenUnit[] {
  if (instance.network.source.kind !== "fully-connected") return [...dead];
  const { passes, margins, active } = factsOf(instance);
  const { field: K } = instance;
  const gradients = active.map((j) => {
    const { preactivations } = passes[margins[j]!.sample]!;
    return toNumbers(
      K,
      gradient(
        instance,
        margins[j]!,
        preactivations.map((units) => units.map((z) => K.sign(z) > 0)),
      ),
    );
  });
  const wanted = 1 + active.length - orthonormalBasis(gradients).length;
  const most = MAX_REVIVED * effort;
  const layers = [...new Set(dead.map(([layer]) => layer))];
  return layers.flatMap((layer) => {
    const own = dead.filter((unit) => unit[0] === layer);
    if (Math.min(own.length, wanted) > most) gaps.add(`only ${most} dead units of a layer revived`);
    return own.slice(0, Math.min(wanted, most));
  });
}

/** The part without the dead units that a direction leaves alone, and the direction there. */
function partAlong<E>(
  { whole, reduction, scope }: Part<E>,
  dead: readonly HiddenUnit[],
  d: readonly number[],
): { readonly part: Part<E>; readonly d: readonly number[] } {
  const moving = parametersOf(reduction.instance.network, scope);
  const change = new Map(moving.map((k, at) => [reduction.parameters[k]!, d[at]!]));
  const { layers } = whole.network;
  const isUsed = ([layer, unit]: HiddenUnit) =>
    [...layers[layer]![unit]!, ...layers[layer + 1]!.flat().filter(({ from }) => from === unit)].some(
      ({ weight }) => Math.abs(change.get(weight) ?? 0) > NEGLIGIBLE,
    );
  const part = partWithout(whole, without(dead, dead.filter(isUsed)), scope);
  const { network } = part.facts.instance;
  const own = parametersOf(network, scope).map((k) => change.get(part.reduction.parameters[k]!) ?? 0);
  return { part, d: own };
}

/** Of a unit direction. */
const NEGLIGIBLE = 1e-6;

/**
 * Searches d in the critical cone of a cell with dᵀ(I − Σω_jH_j)d < 0 for every multiplier ω: the multipliers that are known are
 * cut into the search one by one, each refuted direction giving the next.
 */
function bentOn<E>(part: Part<E>, cell: LocalCell<E>, hints: readonly (readonly number[])[] = []): NotLocal<E> | null {
  const { instance } = part.facts;
  const { field: K, point } = instance;
  const combination = combine(K, cell.gradients, point);
  if (combination.kind === "separated")
    return alongLine(part, parametersOf(instance.network, null), cell.gradients, combination.separating);
  const multipliers: (readonly E[])[] = [combination.weights];
  for (let round = 0; round < 6; round++) {
    const candidates = criticalDirections(instance, cell, multipliers, hints);
    let cut: readonly E[] | null = null;
    for (const d of candidates) {
      const bend = bendOf(instance, cell, d);
      if (bend.kind === "refuted") {
        cut ??= bend.multipliers;
        continue;
      }
      for (const step of bend.steps) {
        const found = accepted(part, [sparse(K, d), sparse(K, step)]);
        if (found !== null) return found;
      }
    }
    if (cut === null) return null;
    const next = cut;
    if (multipliers.some((w) => w.every((c, k) => K.isZero(K.sub(c, next[k]!))))) return null;
    multipliers.push(next);
  }
  return null;
}

/**
 * The second-order step: c minimising θ·c with ∇h_j·c + ½dᵀH_jd ≥ 0 for the constraints that d leaves tight. If θ·c + ½|d|² < 0,
 * c tilted towards a direction that raises them is the step; otherwise the dual multipliers refute d.
 */
function bendOf<E>(
  { field: K, point }: Instance<E>,
  cell: LocalCell<E>,
  d: readonly E[],
): { kind: "steps"; steps: Iterable<readonly E[]> } | { kind: "refuted"; multipliers: readonly E[] | null } {
  const half = fraction(K, 1n, 2n);
  const tight = cell.gradients.flatMap((g, j) => (K.sign(dot(K, g, d)) === 0 ? [j] : []));
  const gradients = tight.map((j) => cell.gradients[j]!);
  const bounds = tight.map((j) => K.neg(K.mul(half, cell.curvature(j, d))));
  const rows = gradients.map((coefficients, k) => ({ coefficients, sense: ">=" as const, bound: bounds[k]! }));
  const result = solveLp(K, { objective: point, rows, free: true });
  // Homogeneous margins always leave room, as θ raises them; others need not.
  if (result.kind === "infeasible") return { kind: "refuted", multipliers: null };
  const step = result.kind === "optimal" ? result.x : plus(K, result.x, scaleBy(K, result.ray, fraction(K, 1000n)));
  const gain = K.neg(K.add(dot(K, point, step), K.mul(half, squaredNorm(K, d))));
  if (K.sign(gain) > 0) return { kind: "steps", steps: tilted(K, point, gradients, step, gain) };
  const multipliers = cell.gradients.map(() => K.zero);
  if (result.kind === "optimal") for (const [k, j] of tight.entries()) multipliers[j] = result.dual[k]!;
  return { kind: "refuted", multipliers };
}
