/** What stands at the head of every proof: its title, and the problem with its formulas and data. */
import type { Field } from "../../exact/field.js";
import { Q } from "../../exact/rational.js";
import type { Meaning } from "../../kernel/statement.js";
import { marginsOf, type Problem } from "../../network/instance.js";
import type { Verdict } from "../verdict.js";
import { type Block, display, literal, table, text } from "./document.js";
import {
  anyMarginLatex,
  hasLayerProblems,
  isAbbreviated,
  marginFormula,
  marginLatex,
  networkFormula,
  networkRemark,
  networkText,
} from "./notation.js";
import { placeLatex, placeNote } from "./places.js";
import { generatorText, MAX_TERMS, numberLatex, printedWidth, tupleLatex } from "./typeset.js";

/** The name, and the verdict on the whole problem in a few words. */
export function titleText<E>(
  { name, kkt, local, strict, global }: Verdict,
  accepted: readonly { readonly meaning: Meaning<E> }[],
): string {
  const isInfeasible = accepted.some(({ meaning }) => meaning.about === "feasible" && meaning.answer === "no");
  const point =
    kkt === "yes" ? "a KKT point" : kkt === "no" ? "a feasible point that is not a KKT point" : "a feasible point";
  const optimum = strict === true ? "a strict local optimum" : "a local optimum";
  const what = isInfeasible
    ? "a point that is not feasible"
    : global === "yes"
      ? `${point} that is a global optimum`
      : local === "yes"
        ? `${point} that is ${optimum}${global === "no" ? ", and not a global one" : ""}`
        : local === "no" && kkt !== "no"
          ? `${point} that is not a local optimum`
          : point;
  return `${name}: ${what}`;
}

/** The problem with its formulas and the data, and the problems of the layers where they are spoken of. */
export function problemBlocks<E>(problem: Problem<E>, asksLayers = true): Block[] {
  const { network, field: K } = problem;
  const { outputs } = network;
  const generator = generatorText(K);
  const remark = networkRemark(problem);
  const formulas = marginsOf(problem).flatMap((margin) => {
    const formula = marginFormula(problem, margin);
    return formula === null ? [] : [`${marginLatex(network, margin)} &= ${formula}`];
  });
  const all = outputs === 1 ? "for all } i" : "for all } i \\text{ and all } k \\ne y_i";
  const layers =
    asksLayers && hasLayerProblems(network)
      ? ", and $(\\mathrm{P}_{l})$ is the same problem with only the weights $\\theta_{l}$ of layer $l$ free to move"
      : "";
  return [
    ...authorBlocks(problem),
    ...familyBlocks(K),
    text(
      `The ${networkText(network)} with parameters $\\theta$${outputs === 1 ? "" : ` and an output for each of ${outputs} classes`} computes`,
    ),
    display(`${networkFormula(network)}${remark === "" ? "." : ","}`),
    ...dataBlocks(
      problem,
      remark === "" ? "" : `${remark}. `,
      `${generator === null ? "" : ` ${generator}`} The problem is`,
    ),
    display(
      `(\\mathrm{P})\\qquad \\min_{\\theta}\\ \\tfrac12\\|\\theta\\|^{2} \\quad\\text{subject to}\\quad ${anyMarginLatex(network)} \\ge 1 \\text{ ${all}${layers === "" ? "." : ","}`,
    ),
    ...(layers === "" ? [] : [text(`${layers.slice(2)}.`)]),
    ...(formulas.length === 0 ? [] : [text("With the data put in,"), display(...formulas)]),
    ...(isAbbreviated(problem)
      ? [
          text(
            `Of tuples and sums of more than ${MAX_TERMS} terms, and of the point, only the ends are printed. What the dots stand for are numbers of the certificate, and what follows from them as the terms that are printed do.`,
          ),
        ]
      : []),
  ];
}

/** For which values of a parameter all of it is said. */
function familyBlocks<E>({ functions }: Field<E>): Block[] {
  if (functions === null) return [];
  const { parameter, interval } = functions.family;
  const [from, to] = interval;
  const inside = `${placeLatex(from)} < ${parameter} < ${placeLatex(to)}`;
  const roots = interval.flatMap((place) => {
    const note = placeNote(place, parameter);
    return note === null ? [] : [note];
  });
  return [
    text(
      `Numbers are functions of a parameter $${parameter}$. All that follows is said, and proved, for every real number $${parameter}$ with $${inside}$${roots.length === 0 ? "" : `, where ${roots.join(" and ")}`}. An inequality between functions of $${parameter}$ means that it holds for all of these; where one is used and not argued, it is seen from the signs of polynomials in $${parameter}$, which have no zeros in the interval.`,
    ),
  ];
}

/** Longer numbers stand in a table. */
const MAX_NUMBER = 16;

/** The data between what comes before and after: in a sentence, or in a table with decimals where the exact numbers are long. */
function dataBlocks<E>({ data, field: K, network: { outputs } }: Problem<E>, before: string, after: string): Block[] {
  const label = (y: number) => (outputs === 1 ? y : y + 1);
  const what = outputs === 1 ? "" : ", where $y$ is the class";
  if (K.functions !== null || data.every(({ x }) => x.every((c) => printedWidth(numberLatex(K, c)) <= MAX_NUMBER))) {
    const samples = data.map(({ x, y }, i) => `x_{${i + 1}} = ${tupleLatex(K, x)},\\; y_{${i + 1}} = ${label(y)}`);
    return [text(`${before}The data are $${samples.join("$; $")}$${what}.${after}`)];
  }
  const rows = data.map(({ x, y }, i) => [
    `${i + 1}`,
    `$${dyadicTuple(K, x)}$`,
    `$${decimals(K, x)}$`,
    `$${label(y)}$`,
  ]);
  return [
    text(`${before}The data are, exactly and as decimals${what}:`),
    table(["sample", "$x_i$", "$x_i$ nearly", "$y_i$"], rows),
    text(after.trimStart()),
  ];
}

/** Shorter denominators are not worth an exponent. */
const MIN_EXPONENT = 10;

/** A tuple in which a binary floating-point number is n · 2^−k. */
function dyadicTuple<E>(K: Field<E>, values: readonly E[]): string {
  const numbers = values.map((value) => {
    const [q, ...others] = K.coordinates(value);
    const exponent = q!.d.toString(2).length - 1;
    if (!others.every(Q.isZero) || exponent < MIN_EXPONENT || 1n << BigInt(exponent) !== q!.d)
      return numberLatex(K, value);
    return `${q!.s < 0n ? "-" : ""}${q!.n} \\cdot 2^{-${exponent}}`;
  });
  return `(${numbers.join(", ")})`;
}

/** Rounded, for the eye only. */
function decimals<E>(K: Field<E>, values: readonly E[]): string {
  return `(${values.map((c) => `${Number(K.toNumber(c).toPrecision(6))}`.replace(/e\+?(-?\d+)$/, " \\cdot 10^{$1}")).join(", ")})`;
}

/** What the author of the problem says of it, as it stands there. */
function authorBlocks<E>({ title, claim: words }: Problem<E>): Block[] {
  const called = title === null ? "" : `Its author calls this problem “${literal(title)}”`;
  const claimed = words === null ? "" : `“${literal(words)}”`;
  if (called === "" && claimed === "") return [];
  if (claimed === "") return [text(`${called}.`)];
  return [
    text(
      `${called === "" ? "The author of this problem claims" : `${called}, and claims`}: ${claimed} What is proved is said below.`,
    ),
  ];
}
