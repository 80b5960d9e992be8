/** The theorem on `strict-local` (`proofs/theory.md`) with its numbers put in, for a piece on which curvature decides. */
import type { Instance, Piece } from "../../certificate/format.js";
import { abs, sum } from "../../exact/field.js";
import {
  gradientAtOrigin,
  type MultivariatePolynomial,
  multivariateRing,
  tailBound,
} from "../../exact/multivariate.js";
import { type Block, display, table, text } from "./document.js";
import {
  brokenSum,
  formLatex,
  isSum,
  multivariateLatex,
  numberLatex,
  type Squares,
  squaresLatex,
  squaresOf,
  sumLatex,
} from "./typeset.js";

/** The displacement's coordinates. */
export const coordinate = (k: number) => `d_{${k + 1}}`;

/** Σ ω_j h_j */
export function combinationLatex<E>(
  { field: K }: Instance<E>,
  { multipliers }: Piece<E>,
  names: readonly string[],
): string {
  return sumLatex(
    K,
    multipliers.map((coefficient, j) => ({ coefficient, factor: names[j]! })),
  );
}

/** What a piece's proof is made of: its constraints h_j in the displacement, with names, on a ball around the point. */
export interface NamedPiece<E> {
  readonly piece: Piece<E>;
  readonly constraints: readonly MultivariatePolynomial<E>[];
  readonly names: readonly string[];
  /** θ, or θ_l. */
  readonly point: string;
  readonly dimension: number;
  readonly radius: E;
}

/** The proof on one piece; the first of the pieces also says how all of them estimate. */
export function curvedProof<E>(instance: Instance<E>, named: NamedPiece<E>, pieces: readonly Piece<E>[]): Block[] {
  const { field: K } = instance;
  const { piece, constraints, names, point, dimension: n, radius: r } = named;
  const { multipliers, rho, kappa, products } = piece;
  const half = K.inv(K.add(K.one, K.one));
  const number = (c: E) => numberLatex(K, c);
  const J = multipliers.flatMap((w, j) => (K.sign(w) > 0 ? [j] : []));
  const gradients = constraints.map((h) => gradientAtOrigin(K, h, n));
  const combined = combinationLatex(instance, piece, names);
  const q = remainder(instance, named, J);
  const higher = instance.network.layers.length > 2;
  const bent = [...q.values()].some(({ variables }) => variables.length > 2);
  const squares = squaresLatex(K, curvatureSquares(instance, named, J, gradients, q), coordinate);
  const form = (j: number) => `\\left(${formLatex(K, gradients[j]!, coordinate)}\\right)`;
  const main = sumLatex(K, [
    { coefficient: K.mul(half, kappa), factor: "\\|d\\|^{2}" },
    ...J.map((j) => ({ coefficient: K.neg(K.mul(half, rho)), factor: `${form(j)}^{2}` })),
    ...products.map(({ first, second, weight }) => ({
      coefficient: K.mul(half, weight),
      factor: `${form(first)}${form(second)}`,
    })),
  ]);
  const L = gradients.map((g) =>
    sum(
      K,
      g.map((c) => abs(K, c)),
    ),
  );
  const C = constraints.map((h) => tailBound(K, h, 2, r));
  const D = constraints.map((h) => tailBound(K, h, 3, r));
  const larger = (a: E, b: E) => (K.sign(K.sub(a, b)) >= 0 ? a : b);
  const loss = K.mul(
    r,
    sum(K, [
      ...J.map((j) => K.mul(K.mul(half, rho), K.mul(L[j]!, C[j]!))),
      ...J.map((j) => K.mul(multipliers[j]!, D[j]!)),
      ...products.map(({ first, second, weight }) =>
        K.mul(K.mul(half, weight), larger(K.mul(C[first]!, L[second]!), K.mul(C[second]!, L[first]!))),
      ),
    ]),
  );
  const bounded = [
    ...new Set([...(higher || !K.isZero(rho) ? J : []), ...products.flatMap((p) => [p.first, p.second])]),
  ].sort((a, b) => a - b);
  const lost = isSum(number(loss)) ? `\\left(${number(loss)}\\right)` : number(loss);
  const growth = K.isZero(loss) ? number(K.mul(half, kappa)) : `\\left(${number(K.mul(half, kappa))} - ${lost}\\right)`;
  return [
    text(`The linear part of $${combined}$ is $\\langle ${point}, d\\rangle$, so`),
    display(
      `\\tfrac12\\|${point} + d\\|^{2} - \\tfrac12\\|${point}\\|^{2} &= ${combined} + q(d),`,
      ...lines("q(d) &= ", `${multivariateLatex(K, q, coordinate)}.`),
    ),
    text(`${bent ? "The quadratic part of $q$" : "Here $q(d)$"} is`),
    display(...lines("& ", `${main}${squares === "0" ? "" : " + S(d)"},`), ...squaresLines(squares)),
    ...(piece === pieces[0] && pieces.some((one) => higher || !K.isZero(one.rho) || one.products.length > 0)
      ? [text(estimateText(instance, named, pieces, higher))]
      : []),
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
      `\\tfrac12\\|${point} + d\\|^{2} - \\tfrac12\\|${point}\\|^{2} \\ge ${sumLatex(
        K,
        J.map((j) => ({
          coefficient: K.sub(multipliers[j]!, K.mul(K.mul(half, rho), K.mul(L[j]!, r))),
          factor: names[j]!,
        })).filter(({ coefficient }) => !K.isZero(coefficient)),
      )} + ${growth}\\|d\\|^{2} > 0.`,
    ),
  ];
}

/** q(d) = ½|d|² − Σ ω_j (h_j − its linear part) */
function remainder<E>(
  { field: K }: Instance<E>,
  { piece: { multipliers }, constraints, dimension }: NamedPiece<E>,
  J: readonly number[],
): MultivariatePolynomial<E> {
  const half = K.inv(K.add(K.one, K.one));
  const squares = Array.from(
    { length: dimension },
    (_, k): MultivariatePolynomial<E> => new Map([[`${k},${k}`, { variables: [k, k], coefficient: half }]]),
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

/** The quadratic part of q less ½κ|d|² − ½ρ Σ_J g_j² + ½ Σ N g_f g_s, which is positive semidefinite, as a sum of squares. */
function curvatureSquares<E>(
  { field: K }: Instance<E>,
  { piece: { rho, kappa, products }, dimension: n }: NamedPiece<E>,
  J: readonly number[],
  gradients: readonly (readonly E[])[],
  q: MultivariatePolynomial<E>,
): Squares<E> {
  const half = K.inv(K.add(K.one, K.one));
  const A = Array.from({ length: n }, () => new Array<E>(n).fill(K.zero));
  const put = (u: number, v: number, c: E) => {
    A[u]![v] = K.add(A[u]![v]!, c);
  };
  for (const { variables, coefficient } of q.values()) {
    const [u, v, ...others] = variables as [number, number, ...number[]];
    if (others.length > 0) continue;
    put(u, v, K.mul(half, coefficient));
    put(v, u, K.mul(half, coefficient));
  }
  for (let k = 0; k < n; k++) put(k, k, K.neg(K.mul(half, kappa)));
  const rankOne = (c: E, f: readonly E[], g: readonly E[]) => {
    for (let u = 0; u < n; u++) for (let v = 0; v < n; v++) put(u, v, K.mul(c, K.mul(f[u]!, g[v]!)));
  };
  for (const j of J) rankOne(K.mul(half, rho), gradients[j]!, gradients[j]!);
  const quarter = K.mul(half, half);
  for (const { first, second, weight } of products) {
    rankOne(K.neg(K.mul(quarter, weight)), gradients[first]!, gradients[second]!);
    rankOne(K.neg(K.mul(quarter, weight)), gradients[second]!, gradients[first]!);
  }
  return squaresOf(K, A);
}

/** How squares and products of linear parts, and terms of higher degree, are estimated on all pieces. */
function estimateText<E>(
  { field: K }: Instance<E>,
  { radius }: NamedPiece<E>,
  pieces: readonly Piece<E>[],
  higher: boolean,
): string {
  const consequences = [
    ...(pieces.every(({ rho }) => K.isZero(rho))
      ? []
      : ["$g(d)^{2} \\le L\\|d\\|\\,(h + C\\|d\\|^{2}) \\le L r\\,h + L C r\\,\\|d\\|^{2}$"]),
    ...(pieces.every(({ products }) => products.length === 0)
      ? []
      : ["for two of them $g(d)\\,g'(d) \\ge -\\max(C L', C' L)\\, r\\,\\|d\\|^{2}$"]),
  ];
  return `Let $g$ be the linear part of a constraint $h \\ge 0$. As $\\|d\\| \\le r = ${numberLatex(K, radius)}$, $|g(d)| \\le L\\|d\\|$ and $|h - g(d)| \\le C\\|d\\|^{2}$, where $L$ and $C$ are the sums of the sizes of the coefficients of $g$ and $h - g${
    higher
      ? "$, those of degree $k > 2$ times $r^{k-2}$; likewise the terms of $h$ of degree $3$ and more are at most $D r\\|d\\|^{2}$ in size, with weights $r^{k-3}$"
      : "$"
  }.${consequences.length === 0 ? "" : ` Hence ${consequences.join(", and ")}.`}`;
}

/** A long sum after its head, aligned at the head's `&`. */
export function lines(head: string, sum: string): string[] {
  return brokenSum(sum).map((line, k) => (k === 0 ? head + line : `&\\qquad${line}`));
}

function squaresLines(squares: string): string[] {
  return squares === "0" ? [] : lines("S(d) = {}& ", `${squares} \\ge 0.`);
}
