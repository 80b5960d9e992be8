/**
 * Certified linear programming: a result comes with its exact proof, and the proof is checked before it is returned.
 *
 * Floating point proposes and exact arithmetic disposes: glpk proposes a basis, which is solved exactly; whatever it is worth,
 * the exact simplex method goes on from there. (Semantics §6.)
 */
import { dot, type Field } from "../exact/field.js";
import type { Vector } from "../exact/linear.js";
import { rational } from "../exact/rational.js";
import { isProved } from "./lp/check.js";
import { solveBasis } from "./lp/lifting.js";
import {
  commonDenominator,
  type Entry,
  fieldIntegers,
  type Integers,
  mapProgram,
  type Program,
  type Ratios,
  rationalIntegers,
  type ScaledProgram,
  scaledProgram,
} from "./lp/program.js";
import { propose } from "./lp/propose.js";
import { type Outcome, simplex } from "./lp/simplex.js";

export interface LinearProgram<E> {
  /** Minimise objective · x; zeros ask for any feasible x. */
  readonly objective: Vector<E>;
  readonly rows: readonly LinearRow<E>[];
  /** Which variables are free, or whether all are; the others are ≥ 0. */
  readonly free: readonly boolean[] | boolean;
}

/** coefficients · x ⋚ bound */
export interface LinearRow<E> {
  readonly coefficients: Vector<E>;
  readonly sense: ">=" | "=" | "<=";
  readonly bound: E;
}

/**
 * The exact solution, always with a proof:
 * - optimal: x, and a dual with one multiplier per row (≥ 0 for `>=`, ≤ 0 for `<=`), such that objective − Σ_i dual_i
 *   coefficients_i is ≥ 0, and 0 where x is free, and Σ_i dual_i bound_i = objective · x = value;
 * - infeasible: multipliers of the same signs such that Σ_i farkas_i coefficients_i is ≤ 0, and 0 where x is free, but
 *   Σ_i farkas_i bound_i > 0;
 * - unbounded: a feasible x, and a ray that stays feasible from there and has objective · ray < 0.
 */
export type LpResult<E> =
  | { readonly kind: "optimal"; readonly x: E[]; readonly value: E; readonly dual: E[] }
  | { readonly kind: "infeasible"; readonly farkas: E[] }
  | { readonly kind: "unbounded"; readonly x: E[]; readonly ray: E[] };

/** Programmes of at most so many rows times columns go straight to the exact simplex method. */
const SMALL = 100;

type BasisSolver<R> = (
  program: Program<R>,
  candidates: readonly number[],
) => { x: () => Ratios<R>; dual: () => Ratios<R> } | null;

/** Solves the programme; any number of rows and columns, none included. */
export function solveLp<E>(K: Field<E>, lp: LinearProgram<E>): LpResult<E> {
  return K.degree === 1
    ? solveIn(K, rationalIntegers(K), solveBasis, lp)
    : solveIn(K, fieldIntegers(K), () => null, lp);
}

function solveIn<E, R>(
  K: Field<E>,
  ring: Integers<E, R>,
  solveProposedBasis: BasisSolver<R>,
  lp: LinearProgram<E>,
): LpResult<E> {
  const rowScales = lp.rows.map(({ coefficients, bound }) => commonDenominator(K, [...coefficients, bound]));
  const units = rowScales.map((scale) => K.fromRational(rational(1n, scale)));
  const program = equalityForm(K, lp, units);
  const scaled = scaledProgram(K, ring, program, rowScales);
  const proved = (outcome: Outcome<R>) => {
    const result = unscaled(K, ring, scaled, outcome);
    return isProved(K, ring, scaled, result) ? result : null;
  };
  let start: readonly number[] = [];
  if (lp.rows.length * lp.objective.length > SMALL) {
    const approximate = mapProgram(program, K.toNumber);
    const proposal = propose(approximate);
    if (proposal !== null && !proposal.infeasible) {
      start = proposal.candidates;
      const basis = solveProposedBasis(scaled.program, start);
      const result = basis && proved({ kind: "optimal", x: basis.x(), dual: basis.dual() });
      if (result !== null) return result;
    } else if (proposal !== null) {
      const artificial = units.map((unit, i) => (K.sign(program.bounds[i]!) < 0 ? K.neg(unit) : unit));
      const candidates = propose(elasticProgram(approximate, artificial.map(K.toNumber), 0, 1))?.candidates ?? [];
      const scaledArtificial = artificial.map((a, i) => ring.scaled(a, rowScales[i]!));
      const elastic = elasticProgram(scaled.program, scaledArtificial, ring.zero, ring.one);
      const basis = solveProposedBasis(elastic, candidates);
      const result = basis && proved({ kind: "infeasible", farkas: basis.dual() });
      if (result !== null) return result;
      start = candidates.filter((j) => j < program.columns.length);
    }
  }
  const result = proved(simplex(ring, scaled.program, start));
  if (result === null) throw new Error("the exact simplex method has failed: this is a bug");
  return result;
}

/**
 * Minimises the sum of artificial variables that make the programme feasible, one per row with the coefficient given. The dual of
 * its optimum is a Farkas ray, if there is one.
 */
function elasticProgram<T>(
  { columns, kinds, bounds }: Program<T>,
  artificial: readonly T[],
  zero: T,
  one: T,
): Program<T> {
  return {
    columns: [...columns, ...artificial.map((value, row) => [{ row, value }])],
    costs: [...columns.map(() => zero), ...artificial.map(() => one)],
    kinds: [...kinds, ...artificial.map(() => "nonnegative" as const)],
    bounds,
  };
}

/** The outcome in the terms of the original programme. */
function unscaled<E, R>(
  K: Field<E>,
  ring: Integers<E, R>,
  { program, rowScales, costScale }: ScaledProgram<R>,
  outcome: Outcome<R>,
): LpResult<E> {
  const variables = program.columns.length - rowScales.length;
  const point = ({ numerators, denominator }: Ratios<R>) => numerators.slice(0, variables).map(ring.over(denominator));
  const multipliers = ({ numerators, denominator }: Ratios<R>) =>
    numerators.map(ring.over(denominator)).map((y, i) => K.mul(y, K.fromRational(rational(rowScales[i]!, costScale))));
  if (outcome.kind === "infeasible") return { kind: "infeasible", farkas: multipliers(outcome.farkas) };
  const x = point(outcome.x);
  if (outcome.kind === "unbounded") return { kind: "unbounded", x, ray: point(outcome.ray) };
  const { numerators, denominator } = outcome.x;
  const cost = ring.over(denominator)(dot(ring, program.costs, numerators));
  const value = K.mul(cost, K.fromRational(rational(1n, costScale)));
  return { kind: "optimal", x, value, dual: multipliers(outcome.dual) };
}

/**
 * The variables, then for each row the logical variable that takes up the difference to the bound, in a unit that makes its
 * coefficient ±1 when the row is scaled to integers.
 */
function equalityForm<E>(K: Field<E>, { objective, rows, free }: LinearProgram<E>, units: readonly E[]): Program<E> {
  const columns = objective.map((): Entry<E>[] => []);
  for (const [row, { coefficients }] of rows.entries()) {
    for (const [j, value] of coefficients.entries()) if (!K.isZero(value)) columns[j]!.push({ row, value });
  }
  const logical = rows.map(({ sense }, row): Entry<E>[] => [
    { row, value: sense === ">=" ? K.neg(units[row]!) : units[row]! },
  ]);
  const isFree = (j: number) => (typeof free === "boolean" ? free : free[j]!);
  return {
    columns: [...columns, ...logical],
    costs: [...objective, ...rows.map(() => K.zero)],
    kinds: [
      ...objective.map((_, j) => (isFree(j) ? "free" : "nonnegative")),
      ...rows.map(({ sense }) => (sense === "=" ? "fixed" : "nonnegative")),
    ],
    bounds: rows.map(({ bound }) => bound),
  };
}
