/**
 * Polynomials of a problem in the parameters, derived symbolically: the margins of a pattern with gradient and Hessian, and the KKT
 * system, for the formulas of written proofs. The kernel derives its own and never sees these.
 *
 * To nerdamer the parameters are p0, p1, …, the multipliers go on from there, and the generator of ℚ(a) is a; frozen weights are
 * their numbers. Its cost grows with the square of a sum, so it is given one product, or the terms of one variable, at a time. The
 * whole then takes some milliseconds per monomial.
 */
import { type Field, sum } from "../exact/field.js";
import {
  type MultivariatePolynomial,
  multivariateRing,
  scaled,
  shiftedVariable,
  type Term,
} from "../exact/multivariate.js";
import { formatRational, parseRational, Q, type Rational, rational } from "../exact/rational.js";
import type { Pattern } from "../kernel/forward.js";
import type { Margin, Problem } from "../network/instance.js";
import { isLinearLayer, type Network } from "../network/network.js";
import { differentiate, expand } from "./nerdamer.js";

/** A margin under a pattern and its derivatives, in parameter order; variable k is parameter k. */
export interface SymbolicMargin<E> {
  readonly margin: MultivariatePolynomial<E>;
  readonly gradient: readonly MultivariatePolynomial<E>[];
  readonly hessian: readonly (readonly MultivariatePolynomial<E>[])[];
}

type Symbols<E> = Pick<Problem<E>, "network" | "frozen" | "field" | "data">;

/** A margin where the hidden units that the pattern of its sample names are on. What it says of linear layers is ignored. */
export function symbolicMargin<E>(problem: Symbols<E>, margin: Margin, pattern: Pattern): SymbolicMargin<E> {
  const polynomial = marginPolynomial(problem, margin, pattern);
  const { network, field: K } = problem;
  const variables = network.parameters.map((_, k) => k);
  const gradient = variables.map((k) => derivative(K, polynomial, k));
  const upper = gradient.map((p, j) => variables.slice(j).map((k) => derivative(K, p, k)));
  const hessian = variables.map((j) => variables.map((k) => upper[Math.min(j, k)]![Math.abs(j - k)]!));
  return { margin: polynomial, gradient, hessian };
}

/** A margin with a pattern of its sample: a term of the stationarity condition, with a multiplier of its own. */
export interface KktTerm {
  readonly margin: Margin;
  readonly pattern: Pattern;
}

/** Polynomials that are all zero at a KKT point. With p parameters, variable k < p is parameter k, and variable p + j is λ_j. */
export interface KktSystem<E> {
  /** θ_k − Σ_j λ_j ∂_k margin_j, per parameter. */
  readonly stationarity: readonly MultivariatePolynomial<E>[];
  /** margin_j − 1, per term. */
  readonly margins: readonly MultivariatePolynomial<E>[];
}

/** The derivatives of the Lagrangian ½‖θ‖² − Σ_j λ_j (margin_j − 1), where each active margin has one term per pattern. */
export function kktSystem<E>(problem: Symbols<E>, terms: readonly KktTerm[]): KktSystem<E> {
  const { network, field: K } = problem;
  const ring = multivariateRing(K);
  const p = network.parameters.length;
  const slacks = terms.map(({ margin, pattern }) => ring.sub(marginPolynomial(problem, margin, pattern), ring.one));
  const variable = (k: number) => shiftedVariable(K, K.zero, k);
  const half = K.fromRational(rational(1n, 2n));
  const squares = network.parameters.map((_, k) => scaled(K, ring.mul(variable(k), variable(k)), half));
  const penalties = slacks.map((slack, j) => ring.mul(variable(p + j), ring.neg(slack)));
  const lagrangian = sum(ring, [...squares, ...penalties]);
  return {
    stationarity: network.parameters.map((_, k) => derivative(K, lagrangian, k)),
    margins: terms.map((_, j) => ring.neg(derivative(K, lagrangian, p + j))),
  };
}

function marginPolynomial<E>(
  { network, frozen, field: K, data }: Symbols<E>,
  { sample, plus, minus }: Margin,
  pattern: Pattern,
): MultivariatePolynomial<E> {
  const constantText = (c: E) => `(${monomialTexts(K, { variables: [], coefficient: c }).join("+") || "0"})`;
  const p = network.parameters.length;
  const weightText = (weight: number) => (weight < p ? `p${weight}` : constantText(frozen[weight - p]!));
  // Per unit, the summands of its output, each expanded.
  let values = data[sample]!.x.map((coefficient) => monomialTexts(K, { variables: [], coefficient }));
  for (const [l, layer] of network.layers.entries()) {
    const isOutput = l === network.layers.length - 1;
    values = layer.map((row, unit) => {
      const isOff = !isOutput && !isLinearLayer(network, l) && !pattern[l]![unit]!;
      const factor = isOutput
        ? unit === plus
          ? "1"
          : unit === minus
            ? "-1"
            : "0"
        : isOff
          ? formatRational(network.slopes[l]!)
          : "1";
      if (factor === "0") return [];
      return row.flatMap(({ from, weight }) => {
        const input = values[from]!;
        const product = input.length === 0 ? "0" : expand(`(${factor})*${weightText(weight)}*(${input.join("+")})`);
        return product === "0" ? [] : [product];
      });
    });
  }
  return sum(
    multivariateRing(K),
    values.flat().map((summand) => readPolynomial(K, summand)),
  );
}

function derivative<E>(K: Field<E>, p: MultivariatePolynomial<E>, variable: number): MultivariatePolynomial<E> {
  const summands = [...p.values()].filter(({ variables }) => variables.includes(variable));
  if (summands.length === 0) return multivariateRing(K).zero;
  const text = summands.flatMap((term) => monomialTexts(K, term)).join("+");
  return readPolynomial(K, differentiate(text, `p${variable}`));
}

/** A term as a sum of rational monomials, one per power of the generator in its coefficient. */
function monomialTexts<E>(K: Field<E>, { variables, coefficient }: Term<E>): string[] {
  const powers = variables.map((k) => `*p${k}`).join("");
  return K.coordinates(coefficient).flatMap((q, k) =>
    Q.isZero(q) ? [] : [`(${formatRational(q)})${k === 0 ? "" : `*a^${k}`}${powers}`],
  );
}

/** Reads an expanded sum as nerdamer prints it, such as `-(1/3)*a*p0^2*p1+p2`. Anything else is a bug and throws. */
function readPolynomial<E>(K: Field<E>, text: string): MultivariatePolynomial<E> {
  const terms = text.match(/[+-]?(?:\([^()]*\)|[^-+()])+/g) ?? [];
  if (terms.join("") !== text) throw new Error(`not an expanded polynomial: ${text}`);
  return sum(
    multivariateRing(K),
    terms.map((term) => {
      const { variables, coefficient } = readTerm(K, term);
      const sorted = variables.toSorted((j, k) => j - k);
      return K.isZero(coefficient) ? new Map() : new Map([[sorted.join(","), { variables: sorted, coefficient }]]);
    }),
  );
}

function readTerm<E>(K: Field<E>, text: string): Term<E> {
  const variables: number[] = [];
  let coefficient = text.startsWith("-") ? K.neg(K.one) : K.one;
  for (const factor of text.replace(/^[+-]/, "").split("*")) {
    const power = /^(?:a|p(\d+))(?:\^(\d+))?$/.exec(factor);
    const constant = power === null ? parseRational(factor.replace(/^\((.*)\)$/, "$1")) : null;
    const exponent = Number(power?.[2] ?? 1);
    if (power?.[1] !== undefined) variables.push(...new Array<number>(exponent).fill(Number(power[1])));
    else if (power !== null) for (let k = 0; k < exponent; k++) coefficient = K.mul(coefficient, generator(K));
    else if (constant !== null) coefficient = K.mul(coefficient, K.fromRational(constant));
    else throw new Error(`not a factor of a monomial: ${factor}`);
  }
  return { variables, coefficient };
}

function generator<E>(K: Field<E>): E {
  return K.fromCoordinates([Q.zero, Q.one]);
}

/**
 * A polynomial in LaTeX, the parameters under their own names and the generator of ℚ(a) as a. Terms in lexicographic order, so
 * that equal polynomials have equal texts.
 */
export function polynomialLatex<E>(
  { network, field: K }: Pick<Problem<E>, "network" | "field">,
  polynomial: MultivariatePolynomial<E>,
): string {
  const terms = [...polynomial.values()].sort((s, t) => compareVariables(s.variables, t.variables));
  if (terms.length === 0) return "0";
  return terms
    .map(({ variables, coefficient }, k) => {
      const { sign, size } = coefficientLatex(K, coefficient);
      const powers = [...new Set(variables)].map((v) =>
        powerLatex(network, v, variables.filter((w) => w === v).length),
      );
      const factors = size === "1" && powers.length > 0 ? powers : [size, ...powers];
      return `${sign < 0 ? "-" : k > 0 ? "+" : ""}${k > 0 ? " " : ""}${factors.join(" ")}`;
    })
    .join(" ");
}

function compareVariables(u: readonly number[], v: readonly number[]): number {
  for (let k = 0; k < Math.min(u.length, v.length); k++) if (u[k] !== v[k]) return u[k]! - v[k]!;
  return u.length - v.length;
}

/** A sum of several powers of the generator stands in parentheses; otherwise its sign is split off. */
function coefficientLatex<E>(K: Field<E>, value: E): { sign: number; size: string } {
  const summands = K.coordinates(value).flatMap((q, k) => (Q.isZero(q) ? [] : [{ q, k }]));
  const monomial = (q: Rational, k: number) => {
    const base = k === 0 ? "" : k === 1 ? "a" : `a^{${k}}`;
    const size = q.d === 1n ? `${q.n}` : `\\frac{${q.n}}{${q.d}}`;
    return base === "" ? size : size === "1" ? base : `${size} ${base}`;
  };
  const [first, ...others] = summands;
  if (first === undefined) return { sign: 0, size: "0" };
  if (others.length === 0) return { sign: Q.sign(first.q), size: monomial(first.q, first.k) };
  const text = summands.map(
    ({ q, k }, j) => `${q.s < 0n ? "-" : j > 0 ? "+" : ""}${j > 0 ? " " : ""}${monomial(q, k)}`,
  );
  return { sign: 1, size: `\\left(${text.join(" ")}\\right)` };
}

function powerLatex(network: Network, parameter: number, exponent: number): string {
  const name = parameterLatex(network, parameter);
  if (exponent === 1) return name;
  return `${name.includes("^") ? `\\left(${name}\\right)` : `{${name}}`}^{${exponent}}`;
}

/** `W1[1,2]` as W_{1,2}^{(1)}, `f[3]` as f_{3}, `w12` as w_{12}; any other name upright. After the parameters come λ_1, λ_2, … */
export function parameterLatex({ parameters }: Network, parameter: number): string {
  if (parameter >= parameters.length) return `\\lambda_{${parameter - parameters.length + 1}}`;
  const { name } = parameters[parameter]!;
  const match = /^([A-Za-z])(\d*)(?:\[(\d+(?:,\d+)*)\])?$/.exec(name);
  if (match === null) return `\\mathrm{${name.replaceAll("_", "\\_")}}`;
  const [, letter, number, index] = match;
  if (index === undefined) return number === "" ? letter! : `${letter}_{${number}}`;
  return `${letter}_{${index}}${number === "" ? "" : `^{(${number})}`}`;
}
