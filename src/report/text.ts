/** Verdicts and statements in words, for terminals. */
import type { Field } from "../exact/field.js";
import { FieldError } from "../exact/number-field.js";
import type { Meaning } from "../kernel/statement.js";
import type { Refusal } from "../kernel/verify.js";
import type { Problem } from "../network/instance.js";
import { familyText } from "./places.js";
import { type Answer, exactText, type Verdict } from "./verdict.js";

/** The verdict of `check` as a few aligned lines. */
export function verdictText(verdict: Verdict): string {
  const { name, undecided, certificate } = verdict;
  return [
    name,
    ...answerLines(verdict, "undecided"),
    ...undecided.map((reason) => `  undecided       ${reason}`),
    ...(certificate === null ? [] : [`  certificate     ${certificate}`]),
  ].join("\n");
}

/** The verdict on a certificate that somebody else made, whose statements may be few: what they say, and what they do not. */
export function claimedText(verdict: Verdict): string {
  const silent = verdict.undecided.map((question) => `  not claimed     ${question}`);
  return [...answerLines(verdict, "no statement"), ...silent].join("\n");
}

/** `open` is the answer to a question that is not decided. */
function answerLines(verdict: Verdict, open: string): string[] {
  const { feasible, kkt, local, strict, isContinuum, radius, global, layers, attracts, fromStart } = verdict;
  if (feasible === false) return ["  feasible        no"];
  const word = (answer: Answer) => (answer === "undecided" ? open : answer);
  const strictly =
    strict === true
      ? `, strict${radius === null ? "" : ` within radius ${radius}`}`
      : isContinuum
        ? ", not strict: on a curve of feasible points of its norm"
        : local === "yes"
          ? ` (strict or not: ${open === "undecided" ? "not decided" : open})`
          : "";
  return [
    `  feasible        ${feasible === null ? open : "yes"}`,
    `  KKT point       ${word(kkt)}`,
    `  local optimum   ${word(local)}${strictly}`,
    `  global optimum  ${word(global)}`,
    ...layers.map((l) => {
      const own = `local ${word(l.local)}${l.strict === true ? " (strict)" : ""}, global ${word(l.global)}`;
      return `  ${`layer ${l.layer}`.padEnd(14)}  ${own}`;
    }),
    ...(attracts === null
      ? []
      : [`  flow converges  proved, from ${attracts === "open set" ? "an open set" : "a subspace"}`]),
    ...fromStart.map(({ loss, radius, reason }) => {
      const around = radius === "0" ? "" : `, and from all starts within ${radius}`;
      return `  from the start  ${loss} loss: ${reason === null ? `proved${around}` : `not proved: ${reason}`}`;
    }),
  ];
}

/** What an accepted statement says of the problem's point, in one sentence; a problem without numbers for its point has an enclosed one. */
export function statementText<E>(
  { field, point }: Pick<Problem<E>, "field" | "point">,
  { meaning }: { readonly meaning: Meaning<E> },
): string {
  const { answer, radius, because } = meaning;
  if (meaning.about === "attracts") {
    const dimension = meaning.dimension ?? null;
    const where = dimension === null ? "" : ` in a space of dimension ${dimension}`;
    const loss = meaning.loss ?? "exponential and with the logistic";
    return `From every start within ${numberText(field, radius!)} of the statement's${where}, gradient flow with the ${loss} loss converges in direction to the point, and the loss to 0: ${because}.`;
  }
  const within = radius === null ? "" : `, within radius ${numberText(field, radius)}`;
  const subject =
    field.functions !== null
      ? `For every ${familyText(field.functions.family)} the point is`
      : point === null
        ? "The point, the only zero of its system in its box, is"
        : "The point is";
  return `${subject} ${answer === "no" ? "not " : ""}${predicateText(meaning)}${within}: ${because}.`;
}

/** What an answer is about: `a strict local optimum of the whole problem`. */
export function predicateText<E>({ about, scope, radius, isStrict }: Meaning<E>): string {
  if (about === "feasible") return "feasible";
  if (about === "kkt") return "a KKT point (Clarke)";
  if (about === "attracts") return "the limit of gradient flow";
  const problem = scope === null ? "the whole problem" : `the problem of layer ${scope + 1}`;
  if (about === "strict") return `a strict local optimum of ${problem}`;
  return `a ${radius === null && isStrict !== true ? "" : "strict "}${about} optimum of ${problem}`;
}

/** Which clause refused, where, and what was found. */
export function refusalText({ clause, where, found }: Refusal): string {
  return `by ${clause}: ${where === "" ? "" : `${where}: `}${found}`;
}

/** An exact number, with a decimal where it is not an integer. */
function numberText<E>(K: Field<E>, value: E): string {
  const exact = exactText(K, value);
  if (/^-?\d+$/.test(exact) || K.functions !== null) return exact;
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
