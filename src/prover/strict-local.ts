/** Finds what `kernel/statements/strict-local.ts` checks: multipliers, ρ, κ, products per cell, and the largest radius r = 2^{−k}. */
import type { Field } from "../exact/field.js";
import {
  type Grade,
  gradeOf,
  gradientAtOrigin,
  hessianEntries,
  type MultivariatePolynomial,
  type Term,
  tailBound,
} from "../exact/multivariate.js";
import { Q as rationals } from "../exact/rational.js";
import type { Cell, Frame, Signed, Tree } from "../kernel/explore.js";
import type { Facts } from "../kernel/facts.js";
import type { UnitAtSample } from "../kernel/forward.js";
import type { Of } from "../kernel/statements/index.js";
import { localOn, type Product, type StrictLeaf } from "../kernel/statements/strict-local.js";
import { verifyStatement } from "../kernel/verify.js";
import { parametersOf, type Scope } from "../network/network.js";
import { branch, growTree, leavesOf, mapLeaves } from "./cells.js";
import type { Search } from "./effort.js";
import { FLOATS } from "./search/approximate.js";
import { areIndependent, combinationWeights, type Weights } from "./search/combine.js";
import { hasMoreCells, mayCount, nearPoint, nextOpen, openKinks } from "./search/local.js";
import { solveLp } from "./search/lp.js";
import { applyMatrix, dotNumbers, normOf, orthonormalBasis, restrict, symmetricEigen } from "./search/numeric.js";
import { type Column, cholesky, followPath } from "./search/semidefinite.js";
import {
  binaryScale,
  combinationRows,
  fraction,
  powerOfTwoNear,
  roundTo,
  sizeOf,
  toNumbers,
} from "./search/vectors.js";

/** So few cells are all that is tried before kinks are relaxed. */
const FEW_CELLS = 32;
const MAX_CELLS = 600;
const MAX_PARAMETERS = 1000;
const MAX_SPLITS = 200;
/** So many variables may have a part in gradients or Hessians; the others only add to the norm. */
const MAX_TOUCHED = 400;
/** Of constraints. */
const MANY = 16;
const MAX_HALVINGS = 240;
const MAX_REFUSALS = 40;
const TOLERANCE = 1e-11;
/** What asks for a smaller radius: a sign that is open or a bound missed by rounding. */
const TOO_LARGE = ["strict-local.open", "strict-local.remainder", "strict-local.slack"];

/** A certificate that θ is a strict local optimum of the scope, or null when none is found. */
export function findStrictLocal<E>(facts: Facts<E>, scope: Scope, search: Search): Of<"strict-local", E> | null {
  const { instance, margins, active } = facts;
  const { field: K, network, point } = instance;
  if (active.length === 0) return null;
  const parameters = MAX_PARAMETERS * search.effort;
  if (scope === null && point.length > parameters) {
    search.reached(`${parameters} parameters of a strict local optimum`);
    return null;
  }
  const frame = nearPoint(facts, scope);
  const moving = parametersOf(network, scope);
  const next = nextOpen(
    frame,
    active.map((j) => margins[j]!),
    mayCount(frame),
  );
  const cellsUpTo = (most: number) => {
    if (hasMoreCells(frame, active, most)) return null;
    return growTree<E, Candidates<E>>(
      frame,
      next,
      (cell) => hopeful(candidatesFor(frame, moving, cell, [], search)),
      most,
    );
  };
  // The search starts at 1, or at the size of a large point.
  const start = Math.max(0, -Math.log2(K.toNumber(binaryScale(K, sizeOf(K, point)))));
  const withRadius = (cells: Tree<E, Candidates<E>> | null) => {
    let refusals = 0;
    if (cells === null) return null;
    for (let halvings = -start; halvings <= MAX_HALVINGS && refusals < MAX_REFUSALS; halvings++) {
      const r = 2 ** -halvings;
      const fitting = leavesOf(cells).map((all) => [all, all.options.find((option) => fits(all, option, r))] as const);
      if (fitting.some(([, option]) => option === undefined)) continue;
      const leaves = new Map(fitting.map(([all, option]) => [all, option!.leaf()] as const));
      if ([...leaves.values()].includes(null)) return null;
      const tree = mapLeaves(cells, (all) => leaves.get(all)!);
      const statement: Of<"strict-local", E> = { kind: "strict-local", scope, radius: powerOfTwoNear(K, r), tree };
      const verdict = verifyStatement(instance, statement);
      if (verdict.accepted) return statement;
      if (!TOO_LARGE.includes(verdict.clause)) return null;
      refusals++;
    }
    return null;
  };
  const most = MAX_CELLS * search.effort;
  return (
    withRadius(cellsUpTo(FEW_CELLS)) ?? withRadius(relaxedCells(frame, moving, search)) ?? withRadius(cellsUpTo(most))
  );
}

const hopeful = <E>(found: Candidates<E>) => (found.options.length === 0 ? null : found);

/** Kinks enter as variables, but those are split whose values raise a margin to first order, and those where this fails and is the loosest. */
function relaxedCells<E>(frame: Frame<E>, moving: readonly number[], search: Search): Tree<E, Candidates<E>> | null {
  const { effort, progress, reached } = search;
  const counts = mayCount(frame);
  const most = MAX_SPLITS * effort;
  let splits = 0;
  return branch<E, Candidates<E>>(frame, (cell) => {
    const relaxed = openKinks(frame, cell, counts);
    const found = candidatesFor(frame, moving, cell, relaxed, search);
    if (found.options.length > 0) return { leaf: found };
    if (found.split === null) return null;
    if (++splits > most) {
      reached(`strict local optima with ${most} splits`);
      return null;
    }
    progress("strict local optimum", splits, most);
    return { split: found.split };
  });
}

interface Option<E> {
  /** Exactly; null where the multipliers, in floating point, are none. */
  readonly leaf: () => StrictLeaf<E> | null;
  readonly omega: readonly number[];
  readonly rho: number;
  readonly kappa: number;
  readonly products: readonly WeighedPair[];
}

interface WeighedPair {
  readonly first: number;
  readonly second: number;
  readonly weight: number;
}

interface Candidates<E> {
  readonly options: readonly Option<E>[];
  /** Where there are none: what to split, if anything. */
  readonly split: Signed | null;
  /** L, C and D of the constraints at a radius, in floating point. */
  readonly sizesAt: (r: number) => readonly { readonly L: number; readonly C: number; readonly D: number }[];
}

/** A cell, with the kinks that are relaxed on it. */
interface RelaxedCell<E> {
  readonly constraints: readonly MultivariatePolynomial<E>[];
  /** In the moving parameters, then in the values of all relaxed units. */
  readonly gradients: readonly (readonly E[])[];
  /** The moving parameters, then the variables of values of order 1. */
  readonly variables: readonly number[];
  readonly moving: number;
  /** The variables of values of relaxed units. */
  readonly values: readonly number[];
  readonly relaxed: readonly UnitAtSample[];
}

function candidatesFor<E>(
  frame: Frame<E>,
  moving: readonly number[],
  cell: Cell<E>,
  relaxed: readonly UnitAtSample[],
  search: Search,
): Candidates<E> {
  const { instance } = frame.facts;
  const { field: K, point } = instance;
  const { constraints, grades } = localOn(frame, cell, relaxed);
  const own = [...grades.keys()].sort((a, b) => a - b);
  const all = [...moving, ...own];
  const sizesAt = sizesOf(K, constraints, own);
  const gradients = constraints.map((h) => gradientAtOrigin(K, h, all));
  const raising = raisingUnit(K, gradients, moving.length, relaxed.length);
  if (raising !== null) return { options: [], split: relaxed[raising]!, sizesAt };
  const theta = all.map((k, v) => (v < moving.length ? point[k]! : K.zero));
  const local: RelaxedCell<E> = {
    constraints,
    gradients,
    variables: [...moving, ...own.filter((v) => grades.get(v)!.order === 1)],
    moving: moving.length,
    values: own,
    relaxed,
  };
  const isLinear = constraints.every((h) => [...h.values()].every(({ variables }) => variables.length < 2));
  if (isLinear) {
    // The problem on the cell is convex, and any multipliers with any κ ≤ 1 will do.
    const multipliers = combinationWeights(K, gradients, theta);
    if (multipliers === null) return { options: [], split: null, sizesAt };
    const leaf = () => leafOf(K, relaxed, multipliers.exact(), K.zero, K.one, []);
    return {
      options: [{ leaf, omega: multipliers.floats, rho: 0, kappa: 1, products: [] }],
      split: null,
      sizesAt,
    };
  }
  let split: Signed | null = null;
  for (const omega of multiplierChoices(K, theta, gradients)) {
    const found = curvedOptions(K, local, omega, search);
    if (found.options.length > 0) return { options: found.options, split: null, sizesAt };
    split ??= found.split;
  }
  return { options: [], split, sizesAt };
}

function leafOf<E>(
  K: Field<E>,
  relaxed: readonly UnitAtSample[],
  multipliers: readonly E[] | null,
  rho: E,
  kappa: E,
  products: readonly Product<E>[],
): StrictLeaf<E> | null {
  return (
    multipliers && {
      relaxed: relaxed.length === 0 ? null : relaxed,
      multipliers,
      rho,
      kappa,
      products: products.filter(({ weight }) => !K.isZero(weight)),
    }
  );
}

/**
 * A relaxed unit whose value raises a constraint to first order, so that no multipliers bound it: a margin, a chosen sign, or a form of a unit
 * whose value lowers one of these.
 */
function raisingUnit<E>(
  K: Field<E>,
  gradients: readonly (readonly E[])[],
  moving: number,
  units: number,
): number | null {
  const forms = gradients.length - 2 * units;
  const used = new Set(Array.from({ length: forms }, (_, j) => j));
  // A set is walked together with what is added on the way.
  for (const j of used)
    for (let unit = 0; unit < units; unit++) {
      const own = forms + 2 * unit;
      if (j === own || j === own + 1) continue;
      const sign = K.sign(gradients[j]![moving + unit]!);
      if (sign > 0) return unit;
      if (sign < 0) used.add(own).add(own + 1);
    }
  return null;
}

/** In floating point, where the radius enters the sizes of values. */
function sizesOf<E>(
  K: Field<E>,
  constraints: readonly MultivariatePolynomial<E>[],
  own: readonly number[],
): Candidates<E>["sizesAt"] {
  const values = new Set(own);
  const floats = constraints.map((h): MultivariatePolynomial<number> => {
    const terms = new Map<string, Term<number>>();
    // Of linear terms in parameters, of which there may be many, only the sum of their sizes counts.
    let linear = null as Term<number> | null;
    for (const [key, { variables, coefficient }] of h) {
      const c = K.toNumber(coefficient);
      const isLinear = variables.length === 1 && !values.has(variables[0]!);
      if (isLinear) linear = { variables, coefficient: (linear?.coefficient ?? 0) + Math.abs(c) };
      else terms.set(key, { variables, coefficient: c });
    }
    return linear === null ? terms : terms.set("linear", linear);
  });
  const first = constraints.length - 2 * own.length;
  return (r) => {
    const grades = new Map<number, Grade<number>>();
    // A value is at most |z|, and its form is a − z; those of lower layers come first.
    for (const [k, v] of own.entries()) {
      const z = new Map(floats[first + 2 * k]!);
      z.delete(String(v));
      grades.set(v, gradeOf(FLOATS, z, r, grades));
    }
    return floats.map((h) => {
      const all = tailBound(FLOATS, h, 1, r, grades);
      const C = tailBound(FLOATS, h, 2, r, grades);
      const curved = new Map([...h].filter(([, { variables }]) => variables.length > 1));
      return { L: all - C * r, C, D: tailBound(FLOATS, curved, 3, r, grades) };
    });
  };
}

/** Multipliers of the cell: the average of extreme ones (of largest support), then each extreme one. */
function* multiplierChoices<E>(
  K: Field<E>,
  theta: readonly E[],
  gradients: readonly (readonly E[])[],
): Generator<Weights<E>> {
  const used = usedConstraints(K, gradients, theta);
  const own = used.map((j) => gradients[j]!);
  const spread = <T>(weights: readonly T[], zero: T) => {
    const omega = gradients.map(() => zero);
    for (const [k, j] of used.entries()) omega[j] = weights[k]!;
    return omega;
  };
  const spreadExactly = (weights: readonly E[] | null) => weights && spread(weights, K.zero);
  const known = (weights: readonly E[]): Weights<E> => ({
    floats: spread(toNumbers(K, weights), 0),
    exact: () => spreadExactly(weights),
  });
  const first = combinationWeights(K, own, theta);
  if (first === null) return;
  const isOnly = areIndependent(own.map((g) => toNumbers(K, g)));
  // With many constraints extreme ones are dear, and seldom needed.
  if (isOnly || own.length > MANY) yield { floats: spread(first.floats, 0), exact: () => spreadExactly(first.exact()) };
  const start = isOnly ? null : first.exact();
  if (start === null) return;
  const rows = combinationRows(K, own, theta);
  const extremes = own.flatMap((_, j) => {
    const objective = own.map((__, k) => (k === j ? K.neg(K.one) : K.zero));
    const result = solveLp(K, { objective, rows, free: false });
    return result.kind === "optimal" ? [result.x] : [];
  });
  const distinct = [...new Map([start, ...extremes].map((w) => [toNumbers(K, w).join(), w])).values()];
  if (distinct.length > 1) {
    const share = fraction(K, 1n, BigInt(distinct.length));
    yield known(start.map((_, j) => distinct.reduce((total, w) => K.add(total, K.mul(share, w[j]!)), K.zero)));
  }
  for (const one of distinct) yield known(one);
}

/** All but those that raise a coordinate which θ leaves at zero and nothing lowers, again and again. */
function usedConstraints<E>(K: Field<E>, gradients: readonly (readonly E[])[], theta: readonly E[]): number[] {
  let used = [...gradients.keys()];
  for (;;) {
    const lowered = theta.map((c, v) => !K.isZero(c) || used.some((j) => K.sign(gradients[j]![v]!) < 0));
    const left = used.filter((j) => gradients[j]!.every((c, v) => lowered[v] || K.sign(c) <= 0));
    if (left.length === used.length) return used;
    used = left;
  }
}

/** The options for κ, with the least ρ each and, where the kinks must help, products. */
function curvedOptions<E>(
  K: Field<E>,
  { constraints, variables, values, moving, relaxed }: RelaxedCell<E>,
  { floats: w, exact }: Weights<E>,
  { effort, reached }: Search,
): Pick<Candidates<E>, "options" | "split"> {
  const none = { options: [], split: null };
  const unneeded = unneededValues(constraints, w, values);
  const touched = touchedCoordinates(constraints, variables).filter((k) => !unneeded.has(variables[k]!));
  const position = new Map(touched.map((j, at) => [variables[j]!, at]));
  const n = touched.length;
  if (n > MAX_TOUCHED * effort) {
    reached(`${MAX_TOUCHED * effort} variables of curvature`);
    return none;
  }
  const G = constraints.map((h) => touched.map((k) => K.toNumber(h.get(String(variables[k]!))?.coefficient ?? K.zero)));
  const units = G.map((g) => K.toNumber(binaryScale(K, Math.max(0, ...g.map(Math.abs)))));
  const isMoving = touched.map((k) => k < moving);
  const base = touched.map((_, u) => touched.map((__, v) => (u === v && isMoving[u] ? 1 : 0)));
  for (const [j, h] of constraints.entries()) {
    if (w[j] === 0) continue;
    for (const { u, v, entry } of hessianEntries(K, h)) {
      const [a, b] = [position.get(u), position.get(v)];
      if (a === undefined || b === undefined) continue;
      const c = w[j]! * K.toNumber(entry);
      base[a]![b]! -= c;
      if (a !== b) base[b]![a]! -= c;
    }
  }
  const inUnits = G.map((g, j) => g.map((c) => c * units[j]!));
  const J = G.filter((_, j) => w[j]! > 0);
  const forms = constraints.length - 2 * relaxed.length;
  const isEquation = (i: number, j: number) => i >= forms && (i - forms) % 2 === 0 && j === i + 1;
  const products: WeighedPair[] = [];
  let ceiling = 1;
  for (const part of components(base, inUnits)) {
    const here = (g: readonly number[]) => part.map((k) => g[k]!);
    const own = [...constraints.keys()].filter((j) => part.some((k) => inUnits[j]![k] !== 0));
    const flat = complement(
      own.filter((j) => w[j]! > 0).map((j) => here(inUnits[j]!)),
      part.length,
    );
    if (flat.length === 0) continue;
    const isLeft = (j: number) => [...unneeded].some((v) => constraints[j]!.has(String(v)));
    const loose = own.filter((j) => !(w[j]! > 0) && !isLeft(j));
    const found = productsFor(
      part.map((u) => here(base[u]!)),
      flat,
      loose.map((j) => here(inUnits[j]!)),
      (i, j) => isEquation(loose[i]!, loose[j]!),
    );
    if (found.kind === "none") {
      const split = found.loosest === null ? null : relaxed[(loose[found.loosest]! - forms) >> 1]!;
      return { options: [], split };
    }
    ceiling = Math.min(ceiling, found.room);
    for (const { first, second, weight } of found.products)
      products.push({ first: loose[first]!, second: loose[second]!, weight });
  }
  if (ceiling < LEAST_ROOM) return none;
  for (const { first, second, weight } of products) addProduct(base, inUnits[first]!, inUnits[second]!, -weight);

  const options: Option<E>[] = [];
  for (const part of [15 / 16, 7 / 8, 3 / 4, 1 / 2, 1 / 4, 1 / 8]) {
    const kappa = roundDown(ceiling * part);
    const rho = leastRho(base, J, isMoving, kappa);
    if (rho === null) continue;
    options.push({
      leaf: () =>
        leafOf(
          K,
          relaxed,
          exact(),
          K.mul(K.fromRational(roundTo(rho.value, 64n)), powerOfTwoNear(K, rho.unit)),
          K.fromRational(roundTo(kappa, 1n << 20n)),
          products.map(
            ({ first, second, weight }): Product<E> => ({
              first,
              second,
              weight: K.mul(K.fromRational(roundTo(weight, FINEST)), powerOfTwoNear(K, units[first]! * units[second]!)),
            }),
          ),
        ),
      omega: w,
      rho: rho.value * rho.unit,
      kappa,
      products: products.map(({ first, second, weight }) => ({
        first,
        second,
        weight: weight * units[first]! * units[second]!,
      })),
    });
  }
  return { options, split: null };
}

/** The values that neither curvature nor a constraint with a multiplier has, nor the form of one that they have. */
function unneededValues<E>(
  constraints: readonly MultivariatePolynomial<E>[],
  omega: readonly number[],
  values: readonly number[],
): Set<number> {
  const forms = constraints.length - 2 * values.length;
  const isIn = (h: MultivariatePolynomial<E>, v: number) =>
    [...h.values()].some(({ variables }) => variables.length <= 2 && variables.includes(v));
  const used = constraints.flatMap((h, j) => (omega[j] === 0 ? [] : [h]));
  const left = new Set(values);
  // A list is walked together with what is added on the way.
  for (const h of used)
    for (const [k, v] of values.entries()) {
      if (!left.has(v) || !isIn(h, v)) continue;
      left.delete(v);
      used.push(constraints[forms + 2 * k]!, constraints[forms + 2 * k + 1]!);
    }
  return left;
}

/** The positions of the variables that occur in the constraints to first or second order. */
function touchedCoordinates<E>(constraints: readonly MultivariatePolynomial<E>[], all: readonly number[]): number[] {
  const touched = new Set<number>();
  for (const h of constraints) {
    for (const { variables } of h.values()) if (variables.length <= 2) for (const v of variables) touched.add(v);
  }
  return all.flatMap((k, j) => (touched.has(k) ? [j] : []));
}

/** The coordinates that hang together by the matrix or by a vector. */
function components(base: readonly (readonly number[])[], vectors: readonly (readonly number[])[]): number[][] {
  const parent = base.map((_, k) => k);
  const root = (k: number): number => {
    while (parent[k] !== k) k = parent[k]!;
    return k;
  };
  const join = (members: readonly number[]) => {
    for (const k of members) parent[root(k)] = root(members[0]!);
  };
  const supportOf = (v: readonly number[]) => v.flatMap((c, k) => (c === 0 ? [] : [k]));
  for (const [u, row] of base.entries()) join([u, ...supportOf(row)]);
  for (const v of vectors) if (supportOf(v).length > 0) join(supportOf(v));
  const parts = new Map<number, number[]>();
  for (const k of base.keys()) parts.set(root(k), [...(parts.get(root(k)) ?? []), k]);
  return [...parts.values()];
}

/** A fraction with a small power of two below x. */
function roundDown(x: number): number {
  const unit = 2 ** Math.min(20, Math.max(3, Math.ceil(-Math.log2(x)) + 3));
  return Math.floor(x * unit) / unit;
}

const RHOS = [0, 1 / 4, 1 / 2, 3 / 4, 1, 3 / 2, 2, 3, 4, 6, 8, 12, 16, 32, 64, 128, 256, 1024, 4096];

/**
 * The least ρ, as a plain value times a power of two, that makes the matrix positive semidefinite; more is tried for gradients that are uneven
 * or nearly agree.
 */
function leastRho(
  base: readonly (readonly number[])[],
  J: readonly (readonly number[])[],
  isMoving: readonly boolean[],
  kappa: number,
): { value: number; unit: number } | null {
  const sizes = J.map((g) => Math.max(...g.map(Math.abs))).filter((size) => size > 0);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const ordinary = sizes.length === 0 || (least >= 1 / 16 && most <= 16);
  const unit = ordinary ? 1 : 2 ** (-2 * Math.round(Math.log2(most)));
  const isEnough = (value: number) => {
    const M = base.map((row, u) => row.map((c, v) => (u === v && isMoving[u] ? c - kappa : c)));
    for (const g of J) addProduct(M, g, g, value * unit);
    const D = balanced(M);
    for (const [k, row] of D.entries()) row[k]! += TOLERANCE;
    return cholesky(D) !== null;
  };
  const found = RHOS.find(isEnough);
  if (found !== undefined) return { value: found, unit };
  if (sizes.length === 0) return null;
  const spread = most / Math.min(ordinary ? most : least, leastAcross(J));
  const steps = Math.min(60, Math.ceil(Math.log2(spread) / 2));
  const further = Array.from({ length: steps }, (_, k) => 4096 * 16 ** (k + 1)).find(isEnough);
  return further === undefined ? null : { value: further, unit };
}

/** About the least length of a combination of gradients with weights of length 1, but for those that vanish: long gradients may nearly agree. */
function leastAcross(J: readonly (readonly number[])[]): number {
  const basis: number[][] = [];
  let least = Infinity;
  for (const g of J) {
    let rest = [...g];
    for (const b of [...basis, ...basis]) {
      const along = dotNumbers(rest, b);
      rest = rest.map((c, k) => c - along * b[k]!);
    }
    const length = normOf(rest);
    if (length <= 1e-9 * normOf(g)) continue;
    basis.push(rest.map((c) => c / length));
    least = Math.min(least, length);
  }
  return least;
}

/** D M D with the large entries of the diagonal brought to 1: positive semidefinite when M is, and fit for floating point. */
function balanced(M: readonly (readonly number[])[]): number[][] {
  const D = M.map((row, u) => 1 / Math.sqrt(Math.max(1, row[u]!)));
  return M.map((row, u) => row.map((c, v) => c * D[u]! * D[v]!));
}

/** A + weight · ½(f sᵀ + s fᵀ), in place. */
function addProduct(A: number[][], f: readonly number[], s: readonly number[], weight: number): void {
  for (const [u, row] of A.entries()) {
    if (f[u] === 0 && s[u] === 0) continue;
    for (let v = 0; v < f.length; v++) row[v]! += (weight * (f[u]! * s[v]! + s[u]! * f[v]!)) / 2;
  }
}

function complement(vectors: readonly (readonly number[])[], n: number): number[][] {
  const axes = Array.from({ length: n }, (_, k) => Array.from({ length: n }, (_, j) => (j === k ? 1 : 0)));
  const span = orthonormalBasis(vectors);
  return orthonormalBasis([...span, ...axes]).slice(span.length);
}

/** Less is left to rounding. */
const LEAST_ROOM = 1e-6;
const FINEST = 1n << 20n;
/** Least eigenvalues to aim at, in turn. */
const ROOMS = [1 / 8, 1 / 512];

type ProductsOutcome =
  | { readonly kind: "found"; readonly products: readonly WeighedPair[]; readonly room: number }
  /** The number of a form of the relaxed unit that is the loosest, if there is one. */
  | { readonly kind: "none"; readonly loosest: number | null };

/**
 * Weights of products of constraints, ≥ 0 or free, that make the least eigenvalue on the flat directions positive; none where no help is
 * needed.
 */
function productsFor(
  base: readonly (readonly number[])[],
  flat: readonly (readonly number[])[],
  vectors: readonly (readonly number[])[],
  isFree: (i: number, j: number) => boolean,
): ProductsOutcome {
  const Q = restrict(base, flat);
  const room = symmetricEigen(Q).values[0]!;
  if (room > LEAST_ROOM) return { kind: "found", products: [], room };
  const inFlat = vectors.map((v) => flat.map((b) => dotNumbers(b, v)));
  const lengths = inFlat.map(normOf);
  const forms = inFlat.map((v, k) => v.map((c) => (lengths[k]! < 1e-9 ? 0 : c / lengths[k]!)));
  const pairs = forms.flatMap((f, first) =>
    forms.flatMap((g, second): Column[] =>
      first < second && normOf(f) > 0 && normOf(g) > 0 ? [{ first, second, isFree: isFree(first, second) }] : [],
    ),
  );
  const equations = pairs.filter((one) => one.isFree);
  const others = pairs.filter((one) => !one.isFree);
  let moment: readonly (readonly number[])[] | null = null;
  for (const aim of ROOMS) {
    const shifted = Q.map((row, u) => row.map((c, v) => (u === v ? c - aim : c)));
    const outcome = followPath(shifted, forms, equations, others, ({ columns, x, epsilon }) => {
      const promised = aim - epsilon;
      if (promised < aim / 2) return null;
      for (const denominator of [64n, 1024n, FINEST]) {
        const products = columns.map(({ first, second }, k) => ({
          first,
          second,
          weight: rationals.toNumber(roundTo(x[k]! / (lengths[first]! * lengths[second]!), denominator)),
        }));
        const M = base.map((row) => [...row]);
        for (const { first, second, weight } of products) addProduct(M, vectors[first]!, vectors[second]!, -weight);
        const left = symmetricEigen(restrict(M, flat)).values[0]!;
        if (left > promised / 2) return { products, room: left };
      }
      return null;
    });
    if (outcome.kind === "found") return { kind: "found", ...outcome.result };
    moment = outcome.moment;
  }
  if (moment === null || equations.length === 0) return { kind: "none", loosest: null };
  const found = moment;
  const of = (form: readonly number[]) => dotNumbers(form, applyMatrix(found, form));
  const looseness = equations.map(({ first, second }) => Math.min(of(forms[first]!), of(forms[second]!)));
  return { kind: "none", loosest: equations[looseness.indexOf(Math.max(...looseness))]!.first };
}

/** Condition 2 of the theorem, in floating point. */
function fits<E>({ sizesAt }: Candidates<E>, { omega, rho, kappa, products }: Option<E>, r: number): boolean {
  const sizes = sizesAt(r);
  let remainder = 0;
  for (const [j, w] of omega.entries()) {
    if (w <= 0) continue;
    const { L, C, D } = sizes[j]!;
    if (2 * w < rho * L * r) return false;
    remainder += rho * L * C + 2 * w * D;
  }
  for (const { first, second, weight } of products) {
    const [f, g] = [sizes[first]!, sizes[second]!];
    remainder += Math.abs(weight) * Math.max(f.C * g.L, g.C * f.L);
  }
  return kappa > r * remainder;
}
