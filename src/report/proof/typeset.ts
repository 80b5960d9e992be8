/** Exact numbers and polynomials in LaTeX, as one would write them by hand. */
import { FamilyError } from "../../exact/family.js";
import { abs, type Field, type Sign, sizeBound } from "../../exact/field.js";
import type { IntegerPolynomial } from "../../exact/integer-polynomial.js";
import type { MultivariatePolynomial } from "../../exact/multivariate.js";
import { numberField } from "../../exact/number-field.js";
import type { Polynomial } from "../../exact/polynomial.js";
import { Q, rational } from "../../exact/rational.js";
import { radicalBasis } from "../radical-basis.js";
import { fraction, radical, scaled } from "./radicals.js";

/** A sign and what follows it: summands are joined by it. */
interface Signed {
  readonly negative: boolean;
  readonly size: string;
}

/** An element of K: a rational, a sum of multiples of radicals, or where K has none such a basis, of powers of the generator. */
export function numberLatex<E>(K: Field<E>, value: E): string {
  return joined(summands(K, value));
}

/** Of longer tuples and sums only the ends are printed. */
export const MAX_TERMS = 100;

/** The list, or where it is too long its first entries and its last one with `dots` between. */
export function abbreviated<T>(list: readonly T[], dots: T): readonly T[] {
  return list.length <= MAX_TERMS ? list : [...list.slice(0, 4), dots, list.at(-1)!];
}

/** A vector as a tuple. */
export function tupleLatex<E>(K: Field<E>, values: readonly E[]): string {
  const shown = abbreviated<E | null>(values, null);
  return `(${shown.map((value) => (value === null ? "\\dots" : numberLatex(K, value))).join(", ")})`;
}

/** Σ coefficient · factor; an empty factor is the constant. */
export function sumLatex<E>(
  K: Field<E>,
  terms: Iterable<{ readonly coefficient: E; readonly factor: string }>,
): string {
  const present = [...terms].filter(({ coefficient }) => !K.isZero(coefficient));
  return joined(
    abbreviated<(typeof present)[number] | null>(present, null).flatMap((term) => {
      if (term === null) return [{ negative: false, size: "\\dots" }];
      const { coefficient, factor } = term;
      const parts = summands(K, coefficient);
      if (parts.length === 0) return [];
      if (factor === "") return parts;
      if (parts.length > 1) return [{ negative: false, size: `(${joined(parts)}) ${factor}` }];
      const [{ negative, size }] = parts as [Signed];
      return [{ negative, size: size === "1" ? factor : `${size} ${factor}` }];
    }),
  );
}

/** A polynomial in t, from the lowest power up. */
export function polynomialLatex<E>(K: Field<E>, p: Polynomial<E>): string {
  return polynomialIn(K, p, curveParameter(K));
}

/** What a curve is followed in: t, but where a family has that for its parameter, τ. */
export function curveParameter<E>({ functions }: Pick<Field<E>, "functions">): string {
  return functions?.family.parameter === "t" ? "\\tau" : "t";
}

/** A polynomial in a variable of this name. */
export function polynomialIn<E>(K: Field<E>, p: Polynomial<E>, name: string): string {
  return sumLatex(
    K,
    p.map((coefficient, k) => ({ coefficient, factor: k === 0 ? "" : powerLatex(name, k) })),
  );
}

/** A polynomial in several variables, by degree and then in the order of the variables. */
export function multivariateLatex<E>(
  K: Field<E>,
  p: MultivariatePolynomial<E>,
  name: (variable: number) => string,
): string {
  const terms = [...p.values()].sort((s, t) => compareMonomials(s.variables, t.variables));
  return sumLatex(
    K,
    terms.map(({ variables, coefficient }) => ({ coefficient, factor: monomialLatex(variables, name) })),
  );
}

/** A linear form given by its coefficients. */
export function formLatex<E>(K: Field<E>, coefficients: readonly E[], name: (variable: number) => string): string {
  return sumLatex(
    K,
    coefficients.map((coefficient, k) => ({ coefficient, factor: name(k) })),
  );
}

function compareMonomials(u: readonly number[], v: readonly number[]): number {
  if (u.length !== v.length) return u.length - v.length;
  const k = u.findIndex((variable, j) => variable !== v[j]);
  return k === -1 ? 0 : u[k]! - v[k]!;
}

/** A product of variables. */
export function monomialLatex(variables: readonly number[], name: (variable: number) => string): string {
  return [...new Set(variables)].map((v) => powerLatex(name(v), variables.filter((w) => w === v).length)).join(" ");
}

export function powerLatex(base: string, exponent: number): string {
  if (exponent === 1) return base;
  return `${base.includes("^") ? `\\left(${base}\\right)` : base}^{${exponent}}`;
}

/** Whether a formula has a sum or a sign in it, and so wants parentheses as a factor. */
export function isSum(latex: string): boolean {
  return /[^({\\]\s[+-]\s/.test(latex) || latex.startsWith("-");
}

/** Sums added up, without those that are 0. */
export function addLatex(sums: readonly string[]): string {
  const [first = "0", ...others] = sums.filter((one) => one !== "0");
  return others.reduce(
    (total, one) => (one.startsWith("-") ? `${total} - ${one.slice(1)}` : `${total} + ${one}`),
    first,
  );
}

function joined(parts: readonly Signed[]): string {
  if (parts.length === 0) return "0";
  return parts
    .map(({ negative, size }, k) => (k === 0 ? `${negative ? "-" : ""}${size}` : `${negative ? "-" : "+"} ${size}`))
    .join(" ");
}

/** A function as a sum of powers of the parameter, or as one fraction. */
function functionSummands<E>(K: Field<E>, value: E): Signed[] {
  const { family, parts } = K.functions!;
  const { numerators, denominator } = parts(value);
  const constants = constantsOf(K);
  const powers = (polynomials: readonly IntegerPolynomial[], d: bigint): Signed[] =>
    Array.from({ length: Math.max(0, ...polynomials.map((p) => p.length)) }, (_, k) => {
      const coefficient = constants.fromCoordinates(polynomials.map((p) => rational(p[k] ?? 0n, d)));
      const own = summands(constants, coefficient);
      if (k === 0 || own.length === 0) return own;
      const power = powerLatex(family.parameter, k);
      if (own.length > 1) return [{ negative: false, size: `(${joined(own)}) ${power}` }];
      const [{ negative, size }] = own as [Signed];
      return [{ negative, size: size === "1" ? power : `${size} ${power}` }];
    }).flat();
  if (denominator.length === 1) return powers(numerators, denominator[0]!);
  const above = powers(numerators, 1n);
  const negative = above.length === 1 && above[0]!.negative;
  const numerator = joined(negative ? [{ ...above[0]!, negative: false }] : above);
  const below = joined(powers([denominator], 1n));
  // A fraction is not broken between lines, a product is.
  const isLong = Math.max(printedWidth(numerator), printedWidth(below)) > MAX_FRACTION;
  return [{ negative, size: isLong ? `(${numerator}) (${below})^{-1}` : `\\frac{${numerator}}{${below}}` }];
}

/** Wider ones are written as products. */
const MAX_FRACTION = 40;

/** The field of the constants. */
export function constantsOf<E>(K: Field<E>): Field<unknown> {
  if (K.functions === null) return K as Field<unknown>;
  return (K.description === null ? Q : numberField(K.description)) as Field<unknown>;
}

function summands<E>(K: Field<E>, value: E): Signed[] {
  if (K.functions !== null) return functionSummands(K, value);
  const inPowers = K.coordinates(value);
  const basis = inPowers.slice(1).every(Q.isZero) ? null : radicalBasis(K);
  return (basis?.coordinates(inPowers) ?? inPowers).flatMap((q, k) => {
    if (Q.isZero(q)) return [];
    const size = k === 0 ? fraction(q) : basis === null ? scaled(q, powerLatex("a", k)) : radical(q, basis.roots[k]!);
    return [{ negative: q.s < 0n, size }];
  });
}

/** A field's generator in words, where the numbers cannot do without it; null for ℚ and for fields that radicals span. */
export function generatorText<E>(field: Field<E>): string | null {
  const K = constantsOf(field);
  if (K.description === null || radicalBasis(K) !== null) return null;
  const { minimalPolynomial, interval } = K.description;
  const [low, high] = interval.map((end) => `${end.s < 0n ? "-" : ""}${fraction(end)}`);
  const polynomial = sumLatex(
    Q,
    minimalPolynomial
      .map((coefficient, k) => ({ coefficient, factor: k === 0 ? "" : powerLatex("X", k) }))
      .toReversed(),
  );
  return `Here $a$ is the root of $${polynomial}$ in $(${low}, ${high})$.`;
}

/** A decimal to go with an irrational number; nothing for a rational. */
export function decimalLatex<E>(K: Field<E>, value: E): string {
  if (K.functions !== null) return "";
  const irrational = K.coordinates(value)
    .slice(1)
    .some((c) => !Q.isZero(c));
  return irrational ? ` \\approx ${Number(K.toNumber(value).toPrecision(4))}` : "";
}

/** Why a polynomial that is not identically zero has one strict sign on (0, T]: the sign, the factored form, and the reason. */
export interface SignProof {
  readonly sign: Sign;
  readonly formula: string;
  /** A sentence's end such as "because …", or empty where it is plain. */
  readonly reason: string;
}

/** The sign of p on (0, T], which `signOnInterval` has found. Terms of the leading sign are not needed against the others. */
export function signProof<E>(K: Field<E>, p: Polynomial<E>, T: E): SignProof {
  const order = p.findIndex((c) => !K.isZero(c));
  if (order === -1) return { sign: 0, formula: "0", reason: "" };
  const rest = p.slice(order);
  const sign = K.sign(rest[0]!);
  const opposing = rest.map((c, j) => (j > 0 && signOrNull(K, c) !== sign ? c : K.zero));
  const factor = order === 0 ? "" : powerLatex(curveParameter(K), order);
  const bracket = polynomialLatex(K, rest);
  const formula = factor === "" || rest.length === 1 ? polynomialLatex(K, p) : `${factor} (${bracket})`;
  if (opposing.every(K.isZero)) return { sign, formula, reason: "" };
  let exact = K.zero;
  for (const c of opposing.toReversed()) exact = K.add(K.mul(exact, T), sizeBound(K, c));
  const amount = polynomialLatex(
    K,
    opposing.map((c) => sizeBound(K, c)),
  );
  const lead = abs(K, rest[0]!);
  if (K.functions !== null) {
    const reason = `because $${amount} < ${numberLatex(K, lead)}$ for these $${curveParameter(K)}$`;
    return { sign, formula, reason };
  }
  return {
    sign,
    formula,
    reason: `because $${amount} \\le ${boundLatex(K, exact, lead)} < ${numberLatex(K, lead)}$`,
  };
}

/** The sign of a coefficient; null where a function has no constant one, and is bounded by (c² + 1)/2. */
function signOrNull<E>(K: Field<E>, c: E): Sign | null {
  try {
    return K.sign(c);
  } catch (error) {
    if (!(error instanceof FamilyError)) throw error;
    return null;
  }
}

const MAX_BOUND_LENGTH = 16;
const MAX_BOUND_DENOMINATOR = 12n;

/** The bound itself, or where that is long a short fraction between it and the number that it is to stay below. */
function boundLatex<E>(K: Field<E>, bound: E, below: E): string {
  const exact = numberLatex(K, bound);
  if (exact.length <= MAX_BOUND_LENGTH || K.functions !== null) return exact;
  for (let d = 1n; d <= MAX_BOUND_DENOMINATOR; d++) {
    const nearby = BigInt(Math.floor(K.toNumber(bound) * Number(d)));
    for (const n of [nearby, nearby + 1n]) {
      const candidate = K.fromRational(rational(n, d));
      if (K.sign(K.sub(candidate, bound)) >= 0 && K.sign(K.sub(below, candidate)) > 0) return numberLatex(K, candidate);
    }
  }
  return exact;
}

const LINE_WIDTH = 95;

/** A long sum on several lines, broken before a sign outside all parentheses; each line but the first begins with one. */
export function brokenSum(latex: string): string[] {
  const lines: string[] = [];
  let line = "";
  let depth = 0;
  for (const part of latex.split(/(?= [+-] )/)) {
    if (depth === 0 && line !== "" && printedWidth(line + part) > LINE_WIDTH) {
      lines.push(line);
      line = "";
    }
    line += part;
    depth += (part.match(/[({[]/g) ?? []).length - (part.match(/[)}\]]/g) ?? []).length;
  }
  return [...lines, line];
}

/**
 * A formula on several lines of about a width, broken before signs and relations: outside of all parentheses, or where
 * that leaves a line too long, inside of those that are not sized.
 */
export function brokenFormula(latex: string, width: number): string[] {
  const parts = latex.split(/(?= (?:[+<>=-]|\\[lg]e) )/);
  for (let allowed = 0; ; allowed++) {
    const lines: string[] = [];
    let line = "";
    let [sized, plain] = [0, 0];
    for (const part of parts) {
      if (sized === 0 && plain <= allowed && line !== "" && printedWidth(line + part) > width) {
        lines.push(line);
        line = "";
      }
      line += part;
      const count = (pattern: RegExp) => (part.match(pattern) ?? []).length;
      sized += count(/\{|\\left/g) - count(/\}|\\right/g);
      plain += count(/(?<!\\left)[([]/g) - count(/(?<!\\right)[)\]]/g);
    }
    lines.push(line);
    if (allowed === 2 || lines.every((one) => printedWidth(one) <= 1.2 * width)) return lines;
  }
}

/** Short formulas side by side, as many as fit a line. */
export function packed(formulas: readonly string[]): string[] {
  const lines: string[] = [];
  for (const formula of formulas) {
    const longer = `${lines.at(-1)},\\quad ${formula}`;
    if (lines.length > 0 && printedWidth(longer) <= LINE_WIDTH) lines[lines.length - 1] = longer;
    else lines.push(`&${formula}`);
  }
  return lines.map((line, k) => (k < lines.length - 1 ? `${line},` : line));
}

/** About as many letters as it is wide. */
export function printedWidth(latex: string): number {
  return latex.replace(/\\(?:left|right|tfrac|,|;)|[{}_^]/g, "").replace(/\\[A-Za-z]+/g, "x").length;
}

/** A sum of squares: Σ coefficient · form². */
export type Squares<E> = readonly { readonly coefficient: E; readonly form: readonly E[] }[];

/** Why a quadratic form in more than MAX_TERMS variables is positive semidefinite, after a colon. */
export const LARGE_FORM =
  "on the complement of the span of the linear forms that it is made of, it is a multiple of the squared length, and in coordinates of the span elimination without square roots meets no negative pivot";

/** xᵀAx as a sum of squares with positive coefficients, by LDLᵀ; the matrix is positive semidefinite. */
export function squaresOf<E>(K: Field<E>, A: readonly (readonly E[])[]): Squares<E> {
  const S = A.map((row) => [...row]);
  return S.flatMap((row, k) => {
    const pivot = row[k]!;
    if (K.isZero(pivot)) return [];
    const form = row.map((c, j) => (j < k ? K.zero : K.div(c, pivot)));
    for (let i = k + 1; i < S.length; i++) {
      for (let j = k + 1; j < S.length; j++) {
        S[i]![j] = K.sub(S[i]![j]!, K.mul(pivot, K.mul(form[i]!, form[j]!)));
      }
    }
    return [{ coefficient: pivot, form }];
  });
}

export function squaresLatex<E>(K: Field<E>, squares: Squares<E>, name: (variable: number) => string): string {
  return sumLatex(
    K,
    squares.map(({ coefficient, form }) => {
      const latex = formLatex(K, form, name);
      if (latex === "1") return { coefficient, factor: "" };
      return { coefficient, factor: isSum(latex) ? `\\left(${latex}\\right)^{2}` : powerLatex(latex, 2) };
    }),
  );
}
