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
import {
  type Entry,
  fieldIntegers,
  type Integers,
  type Program,
  type Ratios,
  rationalIntegers,
  type ScaledProgram,
  scaledProgram,
} from "./lp/program.js";
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

/** Solves the programme; any number of rows and columns, none included. */
export function solveLp<E>(K: Field<E>, lp: LinearProgram<E>): LpResult<E> {
  return K.degree === 1 ? solveIn(K, rationalIntegers(K), lp) : solveIn(K, fieldIntegers(K), lp);
}

function solveIn<E, R>(K: Field<E>, ring: Integers<E, R>, lp: LinearProgram<E>): LpResult<E> {
  const scaled = scaledProgram(K, ring, equalityForm(K, lp));
  const result = unscaled(K, ring, scaled, simplex(ring, scaled.program, []));
  if (!isProved(K, ring, scaled, result)) throw new Error(`the proof of "${result.kind}" is wrong: this is a bug`);
  return result;
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

/** The variables, then for each row the logical variable that takes up the difference to the bound. */
function equalityForm<E>(K: Field<E>, { objective, rows, free }: LinearProgram<E>): Program<E> {
  const columns = objective.map((_, j) =>
    rows.flatMap(({ coefficients }, row): Entry<E>[] => {
      const value = coefficients[j]!;
      return K.isZero(value) ? [] : [{ row, value }];
    }),
  );
  const logical = rows.map(({ sense }, row): Entry<E>[] => [{ row, value: sense === ">=" ? K.neg(K.one) : K.one }]);
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
