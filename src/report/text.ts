/** Verdicts and statements in words, for terminals. */
import type { Field } from "../exact/field.js";
import { FieldError } from "../exact/number-field.js";
import type { Meaning } from "../kernel/statement.js";
import type { Refusal } from "../kernel/verify.js";
import type { Problem } from "../network/instance.js";
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

/** What an accepted statement says of the problem's point, in one sentence; a problem without numbers for its point has an enclosed one. */
export function statementText<E>(
  { field, point }: Pick<Problem<E>, "field" | "point">,
  { meaning }: { readonly meaning: Meaning<E> },
): string {
  const { answer, radius, because } = meaning;
  const within = radius === null ? "" : `, within radius ${numberText(field, radius)}`;
  const subject = point === null ? "The point, the only zero of its system in its box, is" : "The point is";
  return `${subject} ${answer === "no" ? "not " : ""}${predicateText(meaning)}${within}: ${because}.`;
}

/** What an answer is about: `a strict local optimum of the whole problem`. */
export function predicateText<E>({ about, scope, radius }: Meaning<E>): string {
  if (about === "feasible") return "feasible";
  if (about === "kkt") return "a KKT point (Clarke)";
  const problem = scope === null ? "the whole problem" : `the problem of layer ${scope + 1}`;
  return `a ${radius === null ? "" : "strict "}${about} optimum of ${problem}`;
}

/** Which clause refused, where, and what was found. */
export function refusalText({ clause, where, found }: Refusal): string {
  return `by ${clause}: ${where === "" ? "" : `${where}: `}${found}`;
}

/** An exact number, with a decimal where it is not an integer. */
function numberText<E>(K: Field<E>, value: E): string {
  const exact = exactText(K, value);
  if (/^-?\d+$/.test(exact)) return exact;
  try {
    return `${exact} (${Number(K.toNumber(value).toPrecision(6))})`;
  } catch (error) {
    // A polynomial may turn out reducible only here, with more digits than the kernel asked for.
    if (!(error instanceof FieldError)) throw error;
    return exact;
  }
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
