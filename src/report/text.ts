/** Verdicts and statements in words, for terminals. */
import type { Curve, Instance, Scope, Statement } from "../certificate/format.js";
import { exactText, type Verdict } from "./verdict.js";

/** A verdict as a few aligned lines. */
export function verdictText(verdict: Verdict): string {
  const { name, feasible, kkt, local, strict, radius, global, layers, undecided, certificate } = verdict;
  if (!feasible) return [name, "  feasible        no", ...path(certificate)].join("\n");
  const strictly = strict === true ? `, strict within radius ${radius}` : "";
  return [
    name,
    "  feasible        yes",
    `  KKT point       ${kkt}`,
    `  local optimum   ${local}${strictly}`,
    `  global optimum  ${global}`,
    ...layers.map(
      (l) => `  layer ${l.layer}         local ${l.local}${l.strict === true ? " (strict)" : ""}, global ${l.global}`,
    ),
    ...undecided.map((reason) => `  undecided       ${reason}`),
    ...path(certificate),
  ].join("\n");
}

function path(certificate: string | null): string[] {
  return certificate === null ? [] : [`  certificate     ${certificate}`];
}

/** What an accepted statement says, in one sentence. */
export function statementText<E>({ field: K, network }: Instance<E>, statement: Statement<E>): string {
  const number = (value: E) => {
    const exact = exactText(K, value);
    return /^-?\d+$/.test(exact) ? exact : `${exact} (${Number(K.toNumber(value).toPrecision(6))})`;
  };
  const curve = ({ end, steps }: Curve<E>) => `a curve of degree ${steps.length} in t, 0 < t ≤ ${number(end)}`;
  switch (statement.kind) {
    case "feasible":
      return "The point is feasible: every margin is at least 1.";
    case "infeasible":
      return `The point is not feasible: the margin of sample ${statement.sample + 1} is below 1.`;
    case "kkt": {
      const samples = [...new Set(statement.terms.map((t) => t.sample + 1))];
      return `The point is a KKT point (Clarke), with multipliers on sample${samples.length === 1 ? "" : "s"} ${samples.join(", ")}.`;
    }
    case "not-kkt":
      return "The point is not a KKT point: a direction decreases the norm and no active margin, on any pattern.";
    case "not-local":
      return `The point is not a local optimum of ${scopeText(statement.scope)}: ${curve(statement.curve)}, of feasible points with smaller norm, ends there.`;
    case "not-global":
      return `The point is not a global optimum of ${scopeText(statement.scope)}: a feasible point of smaller norm is given.`;
    case "strict-local":
      return `The point is a strict local optimum of ${scopeText(statement.scope)}: every other feasible point within distance ${number(statement.radius)} has larger norm.`;
    case "lagrangian":
      return `The point is a ${statement.reach} optimum of the whole problem: the Lagrangian is bounded below, block by block.`;
    case "svm-dual":
      return `The point is a global optimum of the whole problem: its linear predictor has least norm, and depth ${network.layers.length} attains the bound.`;
    case "norm-bound":
      return "The point is a global optimum of the whole problem: it attains the bound of the margins by the norms of the layers.";
    case "branch-vertices":
      return "The point is a global optimum of the whole problem: no vertex of the margins, linear in the products of the branches, costs less.";
    case "path-bound":
      return `The point is a ${statement.reach} optimum of the whole problem: on each of ${statement.cells.length} cells it attains a bound of the margins by the norms of the layers.`;
    case "layer-global":
      return `The point is a global optimum of the problem of layer ${statement.layer + 1}, which is convex.`;
    case "layer-cells":
      return `The point is a global optimum of the problem of layer ${statement.layer + 1}: each of its ${statement.cells.length} cells is bounded below.`;
  }
}

function scopeText(scope: Scope): string {
  return scope === null ? "the whole problem" : `the problem of layer ${scope + 1}`;
}

/** Aligned columns under their heads. */
export function tableText(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, k) => Math.max(head.length, ...rows.map((row) => row[k]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, k) => cell.padEnd(widths[k]!))
      .join("  ")
      .trimEnd();
  return [line(heads), line(widths.map((width) => "─".repeat(width))), ...rows.map(line)].join("\n");
}
