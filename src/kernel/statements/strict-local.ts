/** `strict-local`: every feasible θ' of the scope with 0 < ‖θ'−θ‖ ≤ r has ‖θ'‖ > ‖θ‖. (`proofs/theory.md`, §5.) */
import { dot, equals, type Field, largerBound, sizeBound, sum } from "../../exact/field.js";
import {
  accumulate,
  type Grade,
  type Grades,
  gradeOf,
  gradientAtOrigin,
  type MultivariatePolynomial,
  multivariateRing,
  scaled,
  shiftedVariable,
  type Term,
  tailBound,
} from "../../exact/multivariate.js";
import { isSemidefiniteForm, type QuadraticForm, type Sparse } from "../../exact/quadratic.js";
import { index, listOf, MAX_ENTRIES, objectOf, word } from "../../network/codec.js";
import { marginText, weightsOf } from "../../network/instance.js";
import { parametersOf, type Scope } from "../../network/network.js";
import { ensure } from "../ensure.js";
import { type Cell, explore, type Frame, keyOf, type Tree } from "../explore.js";
import { ensureFeasible, ensureRoom, type Facts } from "../facts.js";
import { combination, type UnitAtSample } from "../forward.js";
import type { Kind } from "../statement.js";

/** The product of two constraints, by their numbers, with a weight ≥ 0; of any sign for the two of one relaxed unit. */
export interface Product<E> {
  readonly first: number;
  readonly second: number;
  readonly weight: E;
}

/** The evidence on a cell: kinks that enter as variables, multipliers ω of its constraints, ρ, κ, and products of constraints. */
export interface StrictLeaf<E> {
  readonly relaxed: readonly UnitAtSample[] | null;
  readonly multipliers: readonly E[];
  readonly rho: E;
  readonly kappa: E;
  readonly products: readonly Product<E>[];
}

export interface StrictLocal<E> {
  readonly kind: "strict-local";
  readonly scope: Scope;
  readonly radius: E;
  readonly tree: Tree<E, StrictLeaf<E>>;
}

/**
 * Per leaf: the constraints in the displacement d and the values of relaxed units, those that are as small as d and so stand in the
 * quadratic form, after the moving parameters; that form; and the bounds L, C, D.
 */
export interface StrictProof<E> {
  readonly cell: Cell<E>;
  readonly grades: Grades<E>;
  readonly variables: readonly number[];
  readonly constraints: readonly MultivariatePolynomial<E>[];
  readonly gradients: readonly (readonly E[])[];
  readonly form: QuadraticForm<E>;
  readonly L: readonly E[];
  readonly C: readonly E[];
  readonly D: readonly E[];
}

/** More relaxed units on a leaf are refused. */
const MAX_RELAXED = 1000;

const clauses = [
  "strict-local.feasible",
  "strict-local.radius",
  "strict-local.open",
  "strict-local.kink",
  "strict-local.shape",
  "strict-local.multiplier",
  "strict-local.stationarity",
  "strict-local.curvature",
  "strict-local.slack",
  "strict-local.remainder",
] as const;

export const strictLocal = <E>(): Kind<E, StrictLocal<E>, readonly StrictProof<E>[]> => ({
  clauses,
  codec: ({ scope, number, numbers, unit, tree }) => {
    const constraint = index(MAX_ENTRIES);
    const product = objectOf<Product<E>>({ first: constraint, second: constraint, weight: number });
    const leaf = objectOf<StrictLeaf<E>>(
      { multipliers: numbers, rho: number, kappa: number, products: listOf(product) },
      { relaxed: listOf(unit, 0, MAX_RELAXED) },
    );
    return objectOf<StrictLocal<E>>({ kind: word("strict-local"), scope, radius: number, tree: tree(leaf) });
  },
  check: (facts, { scope, radius, tree }) => {
    ensureFeasible(facts, "strict-local.feasible");
    ensure(facts.instance.field.sign(radius) > 0, "strict-local.radius", "the radius is not positive");
    const frame = ballAround(facts, scope, radius);
    return explore(frame, tree, (cell, leaf) => checkLeaf(frame, cell, leaf, radius));
  },
  meaning: ({ scope, radius }) => ({
    about: "local",
    scope,
    answer: "yes",
    radius,
    because: "every other feasible point within the radius is longer, by a second-order bound on each cell",
  }),
});

/** The cells of the sign choices in a ball around θ. */
export function ballAround<E>(facts: Facts<E>, scope: Scope, radius: E): Frame<E> {
  return { facts, layers: facts.instance.network.layers, scope, reach: { radius }, from: "point" };
}

/** What is known on a cell where some kinks are relaxed. */
interface Local<E> {
  /**
   * The constraints h_j of a cell as polynomials in the displacement and the values of relaxed units: the active margins less 1, then the
   * chosen signs in order, then a − z and a − slope z for each relaxed unit.
   */
  readonly constraints: readonly MultivariatePolynomial<E>[];
  readonly grades: Grades<E>;
}

export function localOn<E>({ facts, reach }: Frame<E>, cell: Cell<E>, relaxed: readonly UnitAtSample[] = []): Local<E> {
  const { instance, margins, active } = facts;
  const { field: K, network } = instance;
  const ring = multivariateRing(K);
  const count = weightsOf(instance, instance.point).length;
  const variables = new Map(relaxed.map((at, k) => [keyOf(at), count + k]));
  ensure(variables.size === relaxed.length, "strict-local.kink", "a unit is relaxed twice");
  const slacks = active.map((j) => {
    const value = cell.margin(margins[j]!, variables);
    ensure(
      value !== null,
      "strict-local.open",
      () => `${marginText(margins[j]!)} depends on a sign that is not split and may change within the radius`,
    );
    return ring.sub(value, ring.one);
  });
  const isKink = "a sign is split or relaxed that is not a kink, or not determined";
  const signs = cell.conditions.map(({ at, orientation }) => {
    const { z } = cell.form(at, variables);
    ensure(z !== null && !z.has(""), "strict-local.kink", isKink);
    return orientation > 0 ? z : scaled(K, z, K.neg(K.one));
  });
  const radius = typeof reach === "object" ? reach.radius : K.one;
  const grades = new Map<number, Grade<E>>();
  const ofRelaxed = relaxed
    .map((at, k) => ({ at, own: count + k }))
    .sort((a, b) => a.at.layer - b.at.layer)
    .map(({ at, own }) => {
      const z = cell.sample(at.sample, variables).layers[at.layer]?.[at.unit]?.z ?? null;
      ensure(z !== null && !z.has(""), "strict-local.kink", isKink);
      grades.set(own, gradeOf(K, z, radius, grades));
      const a = shiftedVariable(K, K.zero, own);
      const slope = K.fromRational(network.slopes[at.layer]!);
      return { own, forms: [ring.sub(a, z), ring.sub(a, scaled(K, z, slope))] };
    });
  ofRelaxed.sort((a, b) => a.own - b.own);
  return { constraints: [...slacks, ...signs, ...ofRelaxed.flatMap(({ forms }) => forms)], grades };
}

function checkLeaf<E>(
  frame: Frame<E>,
  cell: Cell<E>,
  { relaxed, multipliers, rho, kappa, products }: StrictLeaf<E>,
  r: E,
): StrictProof<E> {
  const { field: K, point, network } = frame.facts.instance;
  const { constraints, grades } = localOn(frame, cell, relaxed ?? []);
  const moving = parametersOf(network, frame.scope);
  const own = [...grades.keys()].sort((a, b) => a - b);
  ensure(
    multipliers.length === constraints.length &&
      products.every(({ first, second }) => Math.max(first, second) < constraints.length),
    "strict-local.shape",
    `a cell has ${constraints.length} constraints, its evidence ${multipliers.length} multipliers`,
  );
  const firstForm = constraints.length - 2 * own.length;
  const isEquation = ({ first, second }: Product<E>) =>
    first >= firstForm && (first - firstForm) % 2 === 0 && second === first + 1;
  const weights = [...multipliers, rho, ...products.flatMap((one) => (isEquation(one) ? [] : [one.weight]))];
  ensure(
    weights.every((c) => K.sign(c) >= 0) && K.sign(kappa) > 0,
    "strict-local.multiplier",
    "a multiplier, ρ or a product's weight is negative, or κ is not positive",
  );
  const all = [...moving, ...own];
  const total = combination(
    K,
    all.length,
    constraints.map((h, j) => [multipliers[j]!, gradientAtOrigin(K, h, all)] as const),
  );
  const stationary = all.every((k, v) => equals(K, v < moving.length ? point[k]! : K.zero, total[v]!));
  ensure(stationary, "strict-local.stationarity", "the multipliers do not combine the gradients to the point");

  // 1. (1 − κ) I − Σ ω_j H_j + ρ Σ_J ∇h_j ∇h_jᵀ − Σ N_jk ∇h_j ∇h_kᵀ is positive semidefinite, in what is of order 1; no κ for values.
  const binding = multipliers.map((w) => K.sign(w) > 0);
  const variables = [...moving, ...own.filter((v) => grades.get(v)!.order === 1)];
  const gradients = constraints.map((h) => gradientAtOrigin(K, h, variables));
  const linear = gradients.map((g): Sparse<E> => new Map([...g.entries()].filter(([, c]) => !K.isZero(c))));
  const curvature = new Map<string, Term<E>>();
  for (const [j, h] of constraints.entries())
    if (binding[j]) accumulate(K, curvature, quadraticPart(h), multipliers[j]!);
  const form: QuadraticForm<E> = {
    diagonal: variables.map((_, u) => (u < moving.length ? K.sub(K.one, kappa) : K.zero)),
    products: [
      ...starsOf(K, curvature, variables),
      ...linear.flatMap((g, j) => (binding[j] ? [{ first: g, second: g, weight: rho }] : [])),
      ...products.map(({ first, second, weight }) => ({
        first: linear[first]!,
        second: linear[second]!,
        weight: K.neg(weight),
      })),
    ],
  };
  const isSemidefinite = isSemidefiniteForm(K, form, (rows) => ensureRoom(frame.facts, rows), frame.facts.spend);
  ensure(isSemidefinite, "strict-local.curvature", "the matrix of a cell is not positive semidefinite");

  // 2. The bounds with L, C, D.
  const two = K.add(K.one, K.one);
  const sizes = variables.map((v) => grades.get(v)?.size ?? K.one);
  const L = gradients.map((g) =>
    dot(
      K,
      sizes,
      g.map((c) => sizeBound(K, c)),
    ),
  );
  const C = constraints.map((h) => tailBound(K, h, 2, r, grades));
  const D = constraints.map((h) => tailBound(K, curved(h), 3, r, grades));
  const J = binding.flatMap((b, j) => (b ? [j] : []));
  const kept = J.every((j) => K.sign(K.sub(K.mul(two, multipliers[j]!), K.mul(rho, K.mul(L[j]!, r)))) >= 0);
  ensure(kept, "strict-local.slack", "a multiplier is below ½ρLr");
  const remainder = sum(K, [
    K.mul(
      rho,
      dot(
        K,
        J.map((j) => L[j]!),
        J.map((j) => C[j]!),
      ),
    ),
    K.mul(
      two,
      dot(
        K,
        J.map((j) => multipliers[j]!),
        J.map((j) => D[j]!),
      ),
    ),
    ...products.map(({ first, second, weight }) =>
      K.mul(sizeBound(K, weight), largerBound(K, K.mul(C[first]!, L[second]!), K.mul(C[second]!, L[first]!))),
    ),
  ]);
  const found = "κ does not exceed the remainder at this radius";
  ensure(K.sign(K.sub(kappa, K.mul(r, remainder))) > 0, "strict-local.remainder", found);
  return { cell, grades, variables, constraints, gradients, form, L, C, D };
}

function quadraticPart<E>(h: MultivariatePolynomial<E>): MultivariatePolynomial<E> {
  return new Map([...h].filter(([, { variables }]) => variables.length === 2));
}

/** −2 times the terms of degree 2 in these variables, as few products x_u (f·x): what the most terms have in common comes first. */
function starsOf<E>(
  K: Field<E>,
  curvature: MultivariatePolynomial<E>,
  variables: readonly number[],
): QuadraticForm<E>["products"] {
  const position = new Map(variables.map((k, v) => [k, v]));
  const rows = new Map<number, Map<number, E>>();
  const put = (u: number, v: number, c: E) => rows.set(u, (rows.get(u) ?? new Map<number, E>()).set(v, c));
  for (const { variables: own, coefficient } of curvature.values()) {
    const [u, v] = own.map((k) => position.get(k)) as [number | undefined, number | undefined];
    if (u === undefined || v === undefined) continue; // of order 3 or more
    put(u, v, coefficient);
    put(v, u, coefficient);
  }
  const minusTwo = K.neg(K.add(K.one, K.one));
  const products: { first: Sparse<E>; second: Sparse<E>; weight: E }[] = [];
  for (const [u, row] of [...rows].sort(([, a], [, b]) => b.size - a.size)) {
    if (row.size === 0) continue;
    products.push({ first: new Map([[u, K.one]]), second: new Map(row), weight: minusTwo });
    for (const v of row.keys()) if (v !== u) rows.get(v)!.delete(u);
    row.clear();
  }
  return products;
}

/** The terms that are not linear. */
function curved<E>(h: MultivariatePolynomial<E>): MultivariatePolynomial<E> {
  return new Map([...h].filter(([, { variables }]) => variables.length > 1));
}
