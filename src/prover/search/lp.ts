/**
 * Certified linear programming: a result comes with its exact proof, and the proof is checked before it is returned.
 *
 * Floating point proposes and exact arithmetic disposes: glpk proposes a basis, which is solved exactly; if its
 * solution is not proved optimal, the exact simplex method goes on from there.
 */
import { dot, type Field, type Ring, type Sign } from "../../exact/field.js";
import type { Vector } from "../../exact/linear.js";
import { rational } from "../../exact/rational.js";
import { FLOATS } from "./approximate.js";
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
import { solveBasisIn } from "./lp/residue-basis.js";
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

/** Programmes of at most so many rows times columns, times the square of the field's degree, go straight to the exact simplex method. */
const SMALL = 200;

/** What a list of candidates for the basis comes to, exactly; null where there is no quick way to tell. */
type BasisSolver<R> = (
  program: Program<R>,
  candidates: readonly number[],
) => { x: () => Ratios<R>; dual: () => Ratios<R> } | null;

/** Solves the programme; any number of rows and columns, none included. */
export function solveLp<E>(K: Field<E>, lp: LinearProgram<E>): LpResult<E> {
  if (K.degree === 1) return solveIn(K, rationalIntegers(K), solveBasis, lp);
  return solveIn(K, fieldIntegers(K), K.functions === null ? solveBasisIn(K) : () => null, lp);
}

function solveIn<E, R>(
  K: Field<E>,
  ring: Integers<E, R>,
  solveExactly: BasisSolver<R>,
  lp: LinearProgram<E>,
): LpResult<E> {
  const rowScales = lp.rows.map(({ coefficients, bound }) => commonDenominator(K, [...coefficients, bound]));
  const units = rowScales.map((scale) => K.fromRational(rational(1n, scale)));
  const program = equalityForm(K, lp, units);
  const scaled = scaledProgram(K, ring, program, rowScales);
  for (const outcome of outcomes(K, ring, solveExactly, program, scaled.program)) {
    const result = unscaled(K, ring, scaled, outcome);
    if (isProved(K, ring, scaled, result)) return result;
  }
  throw new Error("the exact simplex method has failed: this is a bug");
}

/**
 * First, unless the programme is small, what glpk proposes, right or wrong; then what the simplex method makes of it.
 */
function* outcomes<E, R>(
  K: Field<E>,
  ring: Integers<E, R>,
  solveExactly: BasisSolver<R>,
  program: Program<E>,
  scaled: Program<R>,
): Generator<Outcome<R>> {
  let start: readonly number[] = [];
  const variables = scaled.columns.length - scaled.bounds.length;
  const dear = K.functions === null ? K.degree ** 2 : 1;
  if (variables * scaled.bounds.length * dear > SMALL) {
    const floats = mapProgram(program, K.toNumber);
    let proposal = propose(floats);
    if (proposal?.infeasible) {
      proposal = propose(elasticProgram(FLOATS, floats));
      const basis = proposal && solveExactly(elasticProgram(ring, scaled), proposal.candidates);
      if (basis) yield { kind: "infeasible", farkas: basis.dual() };
    } else if (proposal) {
      const basis = solveExactly(scaled, proposal.candidates);
      if (basis) yield { kind: "optimal", x: basis.x(), dual: basis.dual() };
    }
    start = (proposal?.candidates ?? []).filter((j) => j < scaled.columns.length);
  }
  yield simplex(ring, scaled, start);
}

/**
 * Minimises the sum of artificial variables, one per row, that make the programme feasible, each in the unit of its
 * logical variable. The dual of the optimum is a Farkas ray, if there is one.
 */
function elasticProgram<T>(ring: Ring<T> & { sign(a: T): Sign }, { columns, kinds, bounds }: Program<T>): Program<T> {
  const artificial = columns.slice(columns.length - bounds.length).map((column): Entry<T>[] =>
    column.map(({ row, value }) => {
      const agree = ring.sign(value) < 0 === ring.sign(bounds[row]!) < 0;
      return { row, value: agree ? value : ring.neg(value) };
    }),
  );
  return {
    columns: [...columns, ...artificial],
    costs: [...columns.map(() => ring.zero), ...artificial.map(() => ring.one)],
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
  const integer = (n: bigint) => ring.scaled(K.one, n);
  const inCostUnits = ({ denominator }: Ratios<R>) => ring.over(ring.mul(denominator, integer(costScale)));
  const multipliers = (y: Ratios<R>) =>
    y.numerators.map((n, i) => ring.mul(n, integer(rowScales[i]!))).map(inCostUnits(y));
  if (outcome.kind === "infeasible") return { kind: "infeasible", farkas: multipliers(outcome.farkas) };
  const x = point(outcome.x);
  if (outcome.kind === "unbounded") return { kind: "unbounded", x, ray: point(outcome.ray) };
  const value = inCostUnits(outcome.x)(dot(ring, program.costs, outcome.x.numerators));
  return { kind: "optimal", x, value, dual: multipliers(outcome.dual) };
}

/**
 * The variables, then for each row the logical variable that takes up the difference to the bound, in a unit that
 * makes its coefficient ±1 when the row is scaled to integers.
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
