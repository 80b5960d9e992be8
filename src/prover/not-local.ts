/**
 * Finds what `kernel/statements/not-local.ts` checks: a curve of feasible points of smaller norm that ends in θ. First order: a
 * straight line across a cell whose multipliers do not exist. Second order: a critical direction of negative curvature, bent so
 * that every active margin has slack.
 */

import { dot, type Field, squaredNorm } from "../exact/field.js";
import { type Cell, cellOf, type Frame, memoryOf } from "../kernel/explore.js";
import { type Facts, factsOf } from "../kernel/facts.js";
import type { UnitAtSample } from "../kernel/forward.js";
import type { Of } from "../kernel/statements/index.js";
import { verifyStatement } from "../kernel/verify.js";
import type { SparseVector } from "../network/codec.js";
import type { Instance } from "../network/instance.js";
import { parametersOf, type Scope } from "../network/network.js";
import { uniform } from "../numeric/random.js";
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
} from "./search/local.js";
import { solveLp } from "./search/lp.js";
import { deadUnits, type HiddenUnit, liftVector, type Reduction, withoutUnits } from "./search/reduce.js";
import { fraction, longestCurve, plus, powerOfTwoNear, scaleBy, sparse, toNumbers } from "./search/vectors.js";

type NotLocal<E> = Of<"not-local", E>;

export type DescentOutcome<E> =
  | { readonly kind: "found"; readonly statement: NotLocal<E> }
  /** Nothing found; `gaps` lists what kept the search from being exhaustive at its order. */
  | { readonly kind: "none"; readonly gaps: readonly string[] };

const MAX_CELLS = 1024;
const SAMPLED_CELLS = 40;
const MAX_SECOND_ORDER_CELLS = 128;
const MAX_SECOND_ORDER_PARAMETERS = 100;
const MAX_SINGLE_REVIVALS = 12;

/** A reduced instance, with what holds at its point. */
interface Part<E> {
  readonly whole: Instance<E>;
  readonly reduction: Reduction<E>;
  readonly facts: Facts<E>;
  readonly scope: Scope;
}

/** Searches a descent of the scope at a feasible θ. */
export function findDescent<E>({ instance }: Facts<E>, scope: Scope, { effort }: Search): DescentOutcome<E> {
  const gaps = new Set<string>();
  const dead = deadUnits(instance);
  const straight = firstOrder(partWithout(instance, dead, scope), gaps, effort);
  const statement = straight ?? (scope === null ? bent(instance, dead, gaps, effort) : null);
  return statement === null ? { kind: "none", gaps: [...gaps] } : { kind: "found", statement };
}

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

/** On each cell, multipliers or a separating direction; in a single layer's problem this is exhaustive. */
function firstOrder<E>(part: Part<E>, gaps: Set<string>, effort: number): NotLocal<E> | null {
  const { instance } = part.facts;
  const { field: K, point, network } = instance;
  const frame = nearPoint(part.facts, part.scope);
  // Where everything may move, a unit whose path to the output is zero has no part in first-order changes.
  const next = nextKink(frame, part.scope === null ? countsNow(frame) : mayCount(frame));
  const tree = growTree<E, Cell<E>>(frame, next, (cell) => cell, MAX_CELLS * effort);
  if (tree === null) gaps.add(`more than ${MAX_CELLS * effort} cells meet at the point`);
  const moving = parametersOf(network, part.scope);
  const theta = moving.map((k) => point[k]!);
  for (const cell of tree === null ? sampledCells(frame, next, SAMPLED_CELLS * effort) : leavesOf(tree)) {
    const { gradients } = firstOrderCell(frame, cell);
    const combination = combine(K, gradients, theta);
    if (combination.kind === "found") continue;
    const found = alongLine(part, moving, gradients, combination.separating);
    if (found !== null) return found;
    gaps.add("a first-order descent direction could not be turned into a curve");
  }
  return null;
}

type Next<E> = (cell: Cell<E>) => UnitAtSample | null;

function nextKink<E>(frame: Frame<E>, counts: Counts): Next<E> {
  const { margins, active } = frame.facts;
  const own = active.map((j) => margins[j]!);
  return nextOpen(frame, own, counts);
}

/** Some cells, where there are too many to try them all: all on, all off, and random ones. Any of them may show a descent. */
function* sampledCells<E>(frame: Frame<E>, next: Next<E>, count: number): Generator<Cell<E>> {
  const random = uniform(3);
  const memory = memoryOf(frame);
  for (let k = 0; k < count + 2; k++) {
    let cell = cellOf(frame, [], memory);
    for (let at = next(cell); at !== null; at = next(cell)) {
      const orientation = k === 0 || (k > 1 && random() < 0.5) ? 1 : -1;
      cell = cellOf(frame, [...cell.conditions, { at, orientation }], memory);
    }
    yield cell;
  }
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

/** The second-order search: among the live units alone, then with one or two dead units revived. */
function bent<E>(
  instance: Instance<E>,
  dead: readonly HiddenUnit[],
  gaps: Set<string>,
  effort: number,
): NotLocal<E> | null {
  const alike = instance.network.source.kind === "fully-connected";
  const distinct = new Map(dead.map((unit) => [alike ? unit[0] : String(unit), unit]));
  const first = [...distinct.values()].slice(0, MAX_SINGLE_REVIVALS * effort);
  const revivals: (readonly HiddenUnit[])[] = [[], ...first.map((unit) => [unit])];
  if (dead.length > 1) revivals.push(dead.slice(0, 2));
  if (dead.length > 2 && dead.length <= 4) revivals.push(dead);
  for (const revived of revivals) {
    const kept = new Set(revived.map(String));
    const removed = dead.filter((unit) => !kept.has(String(unit)));
    const found = secondOrder(partWithout(instance, removed, null), gaps, effort);
    if (found !== null) return found;
  }
  return null;
}

function secondOrder<E>(part: Part<E>, gaps: Set<string>, effort: number): NotLocal<E> | null {
  const { instance, active } = part.facts;
  const cells = MAX_SECOND_ORDER_CELLS * effort;
  const parameters = MAX_SECOND_ORDER_PARAMETERS * effort;
  if (instance.point.length > parameters) {
    gaps.add(`more than ${parameters} parameters for a second-order search`);
    return null;
  }
  if (active.length === 0) return null;
  const frame = nearPoint(part.facts, null);
  const tree = growTree<E, Cell<E>>(frame, nextKink(frame, mayCount(frame)), (cell) => cell, cells);
  if (tree === null) {
    gaps.add(`more than ${cells} cells for a second-order search`);
    return null;
  }
  for (const cell of leavesOf(tree)) {
    const found = secondOrderOnCell(part, localCell(frame, cell));
    if (found !== null) return found;
  }
  return null;
}

/**
 * Searches d in the critical cone of a cell with dᵀ(I − Σω_jH_j)d < 0 for every multiplier ω: the multipliers that are known are
 * cut into the search one by one, each refuted direction giving the next.
 */
function secondOrderOnCell<E>(part: Part<E>, cell: LocalCell<E>): NotLocal<E> | null {
  const { instance } = part.facts;
  const { field: K, point } = instance;
  const combination = combine(K, cell.gradients, point);
  if (combination.kind === "separated")
    return alongLine(part, parametersOf(instance.network, null), cell.gradients, combination.separating);
  const multipliers: (readonly E[])[] = [combination.weights];
  for (let round = 0; round < 6; round++) {
    const candidates = criticalDirections(instance, cell, multipliers);
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
