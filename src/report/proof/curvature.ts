/** The theorem on `strict-local` (`proofs/theory.md`, §5) with its numbers put in, for a cell on which curvature decides. */
import { largerBound, sizeBound, sum } from "../../exact/field.js";
import { type MultivariatePolynomial, multivariateRing, orderOf } from "../../exact/multivariate.js";
import { matrixOf } from "../../exact/quadratic.js";
import type { StrictLeaf, StrictProof } from "../../kernel/statements/strict-local.js";
import type { Instance } from "../../network/instance.js";
import { type Block, display, table, text } from "./document.js";
import {
  brokenSum,
  formLatex,
  isSum,
  LARGE_FORM,
  MAX_TERMS,
  multivariateLatex,
  numberLatex,
  squaresLatex,
  squaresOf,
  sumLatex,
} from "./typeset.js";

/** What a cell's proof is made of: evidence, what the check returned, and names of the constraints in the displacement. */
export interface NamedLeaf<E> {
  readonly leaf: StrictLeaf<E>;
  readonly proof: StrictProof<E>;
  readonly names: readonly string[];
  /** θ, or θ_l. */
  readonly point: string;
  /** The parameters that move. */
  readonly moving: readonly number[];
  /** The values of relaxed units, by their variables. */
  readonly values: ReadonlyMap<number, string>;
  readonly radius: E;
}

/** The displacement's coordinate that belongs to a parameter, or a relaxed unit's value. */
export function coordinate({
  moving,
  values,
}: Pick<NamedLeaf<unknown>, "moving" | "values">): (variable: number) => string {
  const position = new Map(moving.map((k, v) => [k, v]));
  return (variable) => values.get(variable) ?? `d_{${position.get(variable)! + 1}}`;
}

/** Whether the proof needs a constraint. */
export function isUsed<E>({ field: K }: Instance<E>, { leaf }: NamedLeaf<E>, j: number): boolean {
  return (
    !K.isZero(leaf.multipliers[j]!) ||
    leaf.products.some(({ first, second, weight }) => !K.isZero(weight) && (first === j || second === j))
  );
}

/** Σ ω_j h_j */
export function combinationLatex<E>({ field: K }: Instance<E>, { leaf, names }: NamedLeaf<E>): string {
  return sumLatex(
    K,
    leaf.multipliers.map((coefficient, j) => ({ coefficient, factor: names[j]! })),
  );
}

/** The proof on one cell, in two parts: an identity, and the estimate of what is in it. */
export function curvedProof<E>(instance: Instance<E>, named: NamedLeaf<E>): [Block[], Block[]] {
  const { field: K } = instance;
  const { leaf, proof, names, point, radius: r } = named;
  const { multipliers, rho, kappa } = leaf;
  const { gradients, form: quadratic, L, C, D } = proof;
  const name = coordinate(named);
  const entry = (v: number) => name(proof.variables[v]!);
  const half = K.inv(K.add(K.one, K.one));
  const halfRho = K.mul(half, rho);
  const halfKappa = K.mul(half, kappa);
  const number = (c: E) => numberLatex(K, c);
  const J = multipliers.flatMap((w, j) => (K.sign(w) > 0 ? [j] : []));
  const products = leaf.products.filter(({ weight }) => !K.isZero(weight));
  const combined = combinationLatex(instance, named);
  const q = remainder(instance, named, J);
  const isBent = ({ variables }: { readonly variables: readonly number[] }) =>
    variables.length > 1 && orderOf(variables, proof.grades) > 2;
  const bent = [...q.values()].some(isBent);
  const higher = proof.constraints.some((h) => [...h.values()].some(isBent));
  const isLarge = proof.variables.length > MAX_TERMS;
  const squares = isLarge
    ? null
    : squaresLatex(
        K,
        squaresOf(
          K,
          matrixOf(K, quadratic).map((row) => row.map((c) => K.mul(half, c))),
        ),
        entry,
      );
  const form = (j: number) => `\\left(${formLatex(K, gradients[j]!, entry)}\\right)`;
  const main = sumLatex(K, [
    { coefficient: halfKappa, factor: "\\|d\\|^{2}" },
    ...J.map((j) => ({ coefficient: K.neg(halfRho), factor: `${form(j)}^{2}` })),
    ...products.map(({ first, second, weight }) => ({
      coefficient: K.mul(half, weight),
      factor: first === second ? `${form(first)}^{2}` : `${form(first)}${form(second)}`,
    })),
  ]);
  const larger = (a: E, b: E) => largerBound(K, a, b);
  const loss = K.mul(
    r,
    sum(K, [
      ...J.map((j) => K.mul(halfRho, K.mul(L[j]!, C[j]!))),
      ...J.map((j) => K.mul(multipliers[j]!, D[j]!)),
      ...products.map(({ first, second, weight }) =>
        K.mul(K.mul(half, sizeBound(K, weight)), larger(K.mul(C[first]!, L[second]!), K.mul(C[second]!, L[first]!))),
      ),
    ]),
  );
  const bounded = [
    ...new Set([...(higher || !K.isZero(rho) ? J : []), ...products.flatMap((p) => [p.first, p.second])]),
  ].sort((a, b) => a - b);
  const lost = isSum(number(loss)) ? `\\left(${number(loss)}\\right)` : number(loss);
  const growth = K.isZero(loss) ? number(halfKappa) : `\\left(${number(halfKappa)} - ${lost}\\right)`;
  const kept = J.map((j) => ({
    coefficient: K.sub(multipliers[j]!, K.mul(halfRho, K.mul(L[j]!, r))),
    factor: names[j]!,
  })).filter(({ coefficient }) => !K.isZero(coefficient));
  return [
    [
      text(
        combined === "0"
          ? `As $${point} = 0$,`
          : `The linear part of $${combined}$ is $\\langle ${point}, d\\rangle$, so`,
      ),
      display(
        `\\tfrac12\\|${point} + d\\|^{2} - \\tfrac12\\|${point}\\|^{2} &= ${combined === "0" ? "" : `${combined} + `}q(d),`,
        ...lines("q(d) &= ", `${multivariateLatex(K, q, coordinate(named))}.`),
      ),
      text(`${bent ? "The quadratic part of $q$" : "Here $q(d)$"} is`),
      display(...lines("& ", `${main}${squares === "0" ? "" : " + S(d)"},`), ...squaresLines(squares)),
      ...(isLarge ? [text(`where $S$ is positive semidefinite: ${LARGE_FORM}.`)] : []),
    ],
    [
      ...(bounded.length === 0
        ? []
        : [
            table(
              ["constraint", "$L$", "$C$", ...(higher ? ["$D$"] : [])],
              bounded.map((j) => [
                `$${names[j]}$`,
                ...[L[j]!, C[j]!, ...(higher ? [D[j]!] : [])].map((c) => `$${number(c)}$`),
              ]),
            ),
          ]),
      text(bounded.length === 0 ? "So" : "Altogether"),
      display(
        `\\tfrac12\\|${point} + d\\|^{2} - \\tfrac12\\|${point}\\|^{2} \\ge ${kept.length === 0 ? "" : `${sumLatex(K, kept)} + `}${growth}\\|d\\|^{2} > 0.`,
      ),
    ],
  ];
}

/** q(d) = ½|d|² − Σ ω_j (h_j − its linear part) */
function remainder<E>(
  { field: K }: Instance<E>,
  { leaf: { multipliers }, proof: { constraints }, moving }: NamedLeaf<E>,
  J: readonly number[],
): MultivariatePolynomial<E> {
  const half = K.inv(K.add(K.one, K.one));
  const squares = moving.map(
    (k): MultivariatePolynomial<E> => new Map([[`${k},${k}`, { variables: [k, k], coefficient: half }]]),
  );
  const curved = J.map(
    (j): MultivariatePolynomial<E> =>
      new Map(
        [...constraints[j]!]
          .filter(([, t]) => t.variables.length >= 2)
          .map(([key, t]) => [key, { ...t, coefficient: K.neg(K.mul(multipliers[j]!, t.coefficient)) }]),
      ),
  );
  return sum(multivariateRing(K), [...squares, ...curved]);
}

/** A long sum after its head, aligned at the head's `&`. */
export function lines(head: string, total: string): string[] {
  return brokenSum(total).map((line, k) => (k === 0 ? head + line : `&\\qquad${line}`));
}

function squaresLines(squares: string | null): string[] {
  return squares === null || squares === "0" ? [] : lines("S(d) = {}& ", `${squares} \\ge 0.`);
}
