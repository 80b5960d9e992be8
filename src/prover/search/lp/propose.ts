/** glpk's guess, in floating point, at the basis of an optimal vertex. Nothing that it says is relied upon. */
import createGlpk from "glpk.js/node";
import type { Program } from "./program.js";

const glpk = await createGlpk();

const TIME_LIMIT_SECONDS = 20;
/** How far, in the scaled programme, a variable at zero may seem to have a price before it is left out of the basis. */
const TOLERANCE = 1e-7;

export interface Proposal {
  readonly infeasible: boolean;
  /** The variables that may be basic, the likeliest first: more than a basis has where the vertex is degenerate. */
  readonly candidates: readonly number[];
}

/** Null where glpk fails, or is not to be asked: it crashes on numbers that are not finite. */
export function propose(program: Program<number>): Proposal | null {
  const { columns, costs, kinds, bounds } = equilibrated(program);
  const numbers = [...columns.flatMap((column) => column.map(({ value }) => value)), ...costs, ...bounds];
  if (!numbers.every(Number.isFinite)) return null;
  const allowed = columns.flatMap((_, j) => (kinds[j] === "fixed" ? [] : [j]));
  const rows = bounds.map((): { name: string; coef: number }[] => []);
  for (const j of allowed) for (const { row, value } of columns[j]!) rows[row]!.push({ name: `z${j}`, coef: value });
  const request = {
    name: "",
    objective: { direction: glpk.GLP_MIN, name: "", vars: allowed.map((j) => ({ name: `z${j}`, coef: costs[j]! })) },
    subjectTo: rows.map((vars, i) => ({
      name: `r${i}`,
      vars,
      bnds: { type: glpk.GLP_FX, lb: bounds[i]!, ub: bounds[i]! },
    })),
    bounds: allowed.flatMap((j) => (kinds[j] === "free" ? [{ name: `z${j}`, type: glpk.GLP_FR, lb: 0, ub: 0 }] : [])),
  };
  try {
    const options = { msglev: glpk.GLP_MSG_OFF, presol: false, tmlim: TIME_LIMIT_SECONDS };
    const { status, vars, dual = {} } = glpk.solve(request, options).result;
    // A basic variable has no reduced cost and a non-basic one is zero. (glpk.js does not tell the basis itself.)
    const likelihood = allowed.map((j) => {
      const price = columns[j]!.reduce((rest, { row, value }) => rest - value * dual[`r${row}`]!, costs[j]!);
      return Math.abs(vars[`z${j}`]!) - Math.abs(price);
    });
    const candidates = allowed
      .map((j, k) => ({ j, likelihood: likelihood[k]! }))
      .filter(({ likelihood }) => likelihood > -TOLERANCE)
      .sort((a, b) => b.likelihood - a.likelihood)
      .map(({ j }) => j);
    return { infeasible: status === glpk.GLP_NOFEAS, candidates };
  } catch {
    return null; // the WebAssembly module aborts on internal errors
  }
}

/** Rows, columns, costs and bounds times powers of two, which is exact, so that their largest entries are near 1. */
function equilibrated({ columns, costs, kinds, bounds }: Program<number>): Program<number> {
  const rowScales = bounds.map(() => 0);
  for (const column of columns) {
    if (column.length === 1) continue; // fits a row of any scale
    for (const { row, value } of column) rowScales[row] = Math.max(rowScales[row]!, Math.abs(value));
  }
  for (const [i, size] of rowScales.entries()) rowScales[i] = powerNear(size);
  const columnScales = columns.map((column) =>
    powerNear(largest(column.map(({ row, value }) => value * rowScales[row]!))),
  );
  const scaledCosts = costs.map((c, j) => c * columnScales[j]!);
  const scaledBounds = bounds.map((b, i) => b * rowScales[i]!);
  const costScale = powerNear(largest(scaledCosts));
  const boundScale = powerNear(largest(scaledBounds));
  return {
    columns: columns.map((column, j) =>
      column.map(({ row, value }) => ({ row, value: value * rowScales[row]! * columnScales[j]! })),
    ),
    costs: scaledCosts.map((c) => c * costScale),
    kinds,
    bounds: scaledBounds.map((b) => b * boundScale),
  };
}

function largest(numbers: readonly number[]): number {
  return numbers.reduce((size, a) => Math.max(size, Math.abs(a)), 0);
}

/** The power of two nearest to 1/size; 1 for 0. */
function powerNear(size: number): number {
  return size === 0 ? 1 : 2 ** -Math.round(Math.log2(size));
}
