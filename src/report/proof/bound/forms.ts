/** What a leaf of a `bound` proves, in formulas: the forms, the products that are added or subtracted, and the sums of squares. */
import type { Field } from "../../../exact/field.js";
import type { Matrix } from "../../../exact/linear.js";
import { type MultivariatePolynomial, multivariateRing, scaled, shiftedVariable } from "../../../exact/multivariate.js";
import { matrixOf } from "../../../exact/quadratic.js";
import { keyOf, type Signed } from "../../../kernel/explore.js";
import type { UnitAtSample } from "../../../kernel/forward.js";
import type { Form, LeafProof, Strand } from "../../../kernel/statements/bound.js";
import { type Instance, weightsOf } from "../../../network/instance.js";
import { parameterLatex, signedLatex, unitIndex } from "../notation.js";
import {
  addLatex,
  isSum,
  LARGE_FORM,
  MAX_TERMS,
  monomialLatex,
  multivariateLatex,
  numberLatex,
  powerLatex,
  printedWidth,
  squaresLatex,
  squaresOf,
  sumLatex,
} from "../typeset.js";

/** A leaf, with what its things are called. */
export interface NamedLeaf<E> {
  readonly instance: Instance<E>;
  readonly leaf: LeafProof<E>;
  /** A weight, or the output of a relaxed unit, by the number of its variable. */
  readonly variable: (variable: number) => string;
  readonly signed: (at: Signed) => string;
  /** The variables of relaxed units. */
  readonly relaxed: ReadonlyMap<string, number>;
}

/** A leaf with the usual names, or others for weights and for what has a sign. */
export function named<E>(
  instance: Instance<E>,
  leaf: LeafProof<E>,
  weight = (k: number) => parameterLatex(instance.network, k),
  signed = (at: Signed) => signedLatex(instance.network, at),
): NamedLeaf<E> {
  const count = weightsOf(instance, instance.point).length;
  const units = leaf.evidence.relaxed ?? [];
  return {
    instance,
    leaf,
    variable: (v) => (v < count ? weight(v) : relaxedLatex(instance, units[v - count]!.at)),
    signed,
    relaxed: new Map(units.map(({ at }, k) => [keyOf(at), count + k])),
  };
}

/** The variable of a relaxed unit, a = σ(z). */
export function relaxedLatex<E>({ network }: Instance<E>, { sample, layer, unit }: UnitAtSample): string {
  return `a_{${unitIndex(network.layers.length, layer, unit)}}(x_{${sample + 1}})`;
}

interface NamedForm<E> {
  readonly polynomial: MultivariatePolynomial<E>;
  readonly symbol: string;
  readonly isNegated: boolean;
  readonly isPath: boolean;
  /** Whether it is the output of a relaxed unit less a multiple of its pre-activation. */
  readonly isRelaxed: boolean;
}

/**
 * A product of two forms that are not negative on the cell: of two low ones, of two paths, or mixed, of one of each, which counts as
 * part of the form that is bounded.
 */
export interface NamedProduct<E> {
  readonly kind: "low" | "path" | "mixed";
  readonly weight: E;
  readonly first: NamedForm<E>;
  readonly second: NamedForm<E>;
}

/** The products of a leaf that are not zero; the path of a mixed one comes second. */
export function productsOf<E>(one: NamedLeaf<E>): NamedProduct<E>[] {
  const K = one.instance.field;
  return (one.leaf.evidence.products ?? []).flatMap(({ first: f, second: g, weight }) => {
    const [first, second] = [formOf(one, f), formOf(one, g)].sort((a, b) => Number(a.isPath) - Number(b.isPath)) as [
      NamedForm<E>,
      NamedForm<E>,
    ];
    if (K.isZero(weight) || first.polynomial.size === 0 || second.polynomial.size === 0) return [];
    return [{ kind: first.isPath ? "path" : second.isPath ? "mixed" : "low", weight, first, second }];
  });
}

function formOf<E>(
  { instance: { field: K, network }, leaf, variable, signed, relaxed }: NamedLeaf<E>,
  form: Form,
): NamedForm<E> {
  const ring = multivariateRing(K);
  const signedForm = (p: MultivariatePolynomial<E>, symbol: string, isNegated: boolean, isPath: boolean) => ({
    polynomial: isNegated ? ring.neg(p) : p,
    symbol,
    isNegated,
    isPath,
    isRelaxed: "relaxed" in form,
  });
  if ("path" in form) {
    const weights = [...form.path].sort((a, b) => a - b);
    const isNegated = weights.filter((weight) => leaf.cell.weightSign(weight)! < 0).length % 2 === 1;
    const monomial = weights.reduce((product, k) => ring.mul(product, shiftedVariable(K, K.zero, k)), ring.one);
    return signedForm(monomial, monomialLatex(weights, variable), isNegated, true);
  }
  const at = "unit" in form ? form.unit : form.relaxed;
  const { z, sign } = leaf.cell.form(at, relaxed);
  if ("unit" in form) return signedForm(z!, signed(at), sign! < 0, false);
  const own = relaxed.get(keyOf(at))!;
  const slope = form.zero === "on" ? K.one : K.fromRational(network.slopes[at.layer]!);
  const p = ring.sub(shiftedVariable(K, K.zero, own), scaled(K, z!, slope));
  const symbol = sumLatex(K, [
    { coefficient: K.one, factor: variable(own) },
    { coefficient: K.neg(slope), factor: signed(at) },
  ]);
  return signedForm(p, symbol, false, false);
}

/** Whether a linear form alone proves each strand: nothing is relaxed, no products are subtracted, and there is one path. */
export function isPlain<E>(
  { leaf: { evidence, strands } }: NamedLeaf<E>,
  products: readonly NamedProduct<E>[],
): boolean {
  return (
    (evidence.relaxed ?? []).length === 0 &&
    products.every(({ kind }) => kind === "mixed") &&
    strands.every(({ rows }) => rows.filter(isPath).length === 1)
  );
}

export const isPath = (row: string) => row.startsWith("/");

/** A row of a strand's matrix: a variable, or the product of the weights of a path. */
export function rowLatex<E>({ variable }: NamedLeaf<E>, row: string): string {
  return isPath(row)
    ? row === "/"
      ? ""
      : monomialLatex(row.slice(1).split(",").map(Number), variable)
    : variable(Number(row));
}

/** Σ α margin, and the mixed products by their symbols. */
export function boundedLatex<E>(
  { instance: { field: K } }: NamedLeaf<E>,
  alpha: readonly E[],
  margin: (j: number) => string,
  products: readonly NamedProduct<E>[],
): string {
  return sumLatex(K, [
    ...alpha.map((coefficient, j) => ({ coefficient, factor: margin(j) })),
    ...products
      .filter(({ kind }) => kind === "mixed")
      .map(({ weight, first, second }) => {
        // Where only one layer moves the path is empty, and the form stands by itself.
        if (second.symbol === "")
          return { coefficient: first.isNegated ? K.neg(weight) : weight, factor: first.symbol };
        return { coefficient: weight, factor: `\\lvert ${first.symbol}\\, ${second.symbol} \\rvert` };
      }),
  ]);
}

/** Longer sums of squares help nobody. */
const MAX_SQUARES = 800;

/** Factors of the parts of a strand's quadratic form: in low variables, mixed, and in paths. */
export interface Scaling<E> {
  readonly low: E;
  readonly mixed: E;
  readonly path: E;
}

/**
 * The quadratic forms of strands, so scaled, as a sum of squares, and of products that are not negative on the cell; a relaxed unit brings
 * a product that is zero. `others` are variables that enter by half their squares; mixed products are wanted where they are not in the form.
 */
export function remainderLatex<E>(
  one: NamedLeaf<E>,
  given: readonly Strand<E>[],
  products: readonly NamedProduct<E>[],
  scaling: Scaling<E>,
  others: readonly number[],
  withMixed: boolean,
  constants: readonly E[] = [],
): { readonly formula: string; readonly remark: string } {
  const { instance, leaf, variable } = one;
  const K = instance.field;
  const half = K.inv(K.add(K.one, K.one));
  const isLarge = given.some(({ rows }) => rows.length > MAX_TERMS);
  const strands = isLarge ? [] : given.map((strand) => inOrder(K, strand));
  const squares = strands.map((strand) => squaresOf(K, scaledMatrix(K, strand, scaling)));
  const printed = strands.map(({ rows }, k) => squaresLatex(K, squares[k]!, (u) => rowLatex(one, rows[u]!)));
  const isLong = isLarge || printed.reduce((width, latex) => width + printedWidth(latex), 0) > MAX_SQUARES;
  const free = others.map((v) => ({ coefficient: half, factor: powerLatex(variable(v), 2) }));
  const rows = new Set(given.flatMap((strand) => strand.rows));
  const isHere = ({ polynomial, isPath: path }: NamedForm<E>) =>
    [...polynomial.values()].every(({ variables }) => rows.has(path ? `/${variables.join()}` : `${variables[0]!}`));
  const added = products.flatMap(({ kind, weight, first, second }) => {
    const wanted = kind === "mixed" ? withMixed : isHere(first) && isHere(second);
    const scale = kind === "mixed" ? K.add(scaling.mixed, scaling.mixed) : scaling[kind];
    return wanted ? [{ coefficient: K.mul(weight, scale), factor: productLatex(one, first, second) }] : [];
  });
  const equations = (leaf.evidence.relaxed ?? []).flatMap(({ at, multiplier }) => {
    const [off, on] = [formOf(one, { relaxed: at, zero: "off" }), formOf(one, { relaxed: at, zero: "on" })];
    if (!isHere(on)) return [];
    return [{ coefficient: K.neg(K.mul(multiplier, scaling.low)), factor: productLatex(one, off, on) }];
  });
  const formula = addLatex([
    ...(isLong ? ["S"] : printed),
    sumLatex(K, free),
    sumLatex(K, [...added, ...equations]),
    ...constants.map((c) => numberLatex(K, c)),
  ]);
  if (!isLong) return { formula, remark: "" };
  if (isLarge) {
    return { formula, remark: `, where $S$ is positive semidefinite: ${LARGE_FORM}` };
  }
  const pivots = squares.flat().map(({ coefficient }) => coefficient);
  const what = `, where $S$ is a sum of ${pivots.length} squares of linear forms, with`;
  // A function of the parameter is no number.
  if (K.functions !== null) return { formula, remark: `${what} positive factors` };
  const rounded = pivots.map((c) => `$${Number(K.toNumber(c).toPrecision(3))}$`);
  return { formula, remark: `${what} the factors ${rounded.join(", ")}, rounded` };
}

/** The matrix of a strand, scaled, with its rows in the order of the weights. */
function scaledMatrix<E>(K: Field<E>, { rows, matrix }: StrandMatrix<E>, scaling: Scaling<E>): E[][] {
  const factor = (u: number, v: number) => {
    const paths = Number(isPath(rows[u]!)) + Number(isPath(rows[v]!));
    return paths === 0 ? scaling.low : paths === 1 ? scaling.mixed : scaling.path;
  };
  return matrix.map((row, u) => row.map((c, v) => K.mul(c, factor(u, v))));
}

interface StrandMatrix<E> {
  readonly rows: readonly string[];
  readonly matrix: Matrix<E>;
}

/** A strand's matrix with its rows in the order of the weights. */
function inOrder<E>(K: Field<E>, { rows, form }: Strand<E>): StrandMatrix<E> {
  const matrix = matrixOf(K, form);
  const numbers = rows.map((row) => row.replace("/", "").split(",").map(Number));
  const order = rows
    .map((_, k) => k)
    .sort((a, b) => {
      if (isPath(rows[a]!) !== isPath(rows[b]!)) return Number(isPath(rows[a]!)) - Number(isPath(rows[b]!));
      const k = numbers[a]!.findIndex((c, j) => c !== numbers[b]![j]);
      return k === -1 ? 0 : numbers[a]![k]! - numbers[b]![k]!;
    });
  return { rows: order.map((u) => rows[u]!), matrix: order.map((u) => order.map((v) => matrix[u]![v]!)) };
}

function productLatex<E>(
  { instance: { field: K }, variable }: NamedLeaf<E>,
  first: NamedForm<E>,
  second: NamedForm<E>,
): string {
  const [f, g] = [first, second].map(({ polynomial, symbol, isRelaxed }) => {
    const latex = isRelaxed ? symbol : multivariateLatex(K, polynomial, variable);
    return isSum(latex) || /^[\d\\]/.test(latex) ? `\\left(${latex}\\right)` : latex;
  }) as [string, string];
  return f === g ? powerLatex(f, 2) : second.symbol === "" ? f : `${f}\\, ${g}`;
}
