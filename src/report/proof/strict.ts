/** `strict-local`: in full where curvature decides, and in two lines where the margins are linear. */
import type { Instance, Of, Piece } from "../../certificate/format.js";
import { abs, type Field, sum } from "../../exact/field.js";
import {
  gradientAtOrigin,
  type MultivariatePolynomial,
  multivariateRing,
  tailBound,
} from "../../exact/multivariate.js";
import { type Pass, slackSigns } from "../../kernel/forward.js";
import { type PieceFrame, pieceConstraints, pieceFrame } from "../../kernel/strict-local.js";
import { parametersOf } from "../../problem/network.js";
import { type Block, claim, counted, display, enumeration, items, table, text } from "./document.js";
import { excludedText } from "./exclusions.js";
import { parameterTuple, pointLatex, preactivationLatex, problemLatex } from "./notation.js";
import {
  brokenSum,
  formLatex,
  isSum,
  multivariateLatex,
  numberLatex,
  squaresLatex,
  squaresOf,
  sumLatex,
} from "./typeset.js";

type StrictLocal<E> = Of<"strict-local", E>;

/** The displacement's coordinates. */
const coordinate = (k: number) => `d_{${k + 1}}`;

function frameOf<E>(instance: Instance<E>, { scope }: StrictLocal<E>): PieceFrame<E> {
  const active = slackSigns(instance, instance.point).flatMap((sign, i) => (sign === 0 ? [i] : []));
  return pieceFrame(instance, scope, active);
}

/** Whether, on the one piece that there is, every constraint with a multiplier is linear. */
export function isLinear<E>(instance: Instance<E>, statement: StrictLocal<E>): boolean {
  const [piece, ...others] = statement.pieces;
  if (piece === undefined || others.length > 0) return false;
  const { constraints } = pieceConstraints(instance, frameOf(instance, statement), piece.orientations);
  return constraints.every(
    (h, j) => instance.field.isZero(piece.multipliers[j]!) || [...h.values()].every((t) => t.variables.length < 2),
  );
}

export function strictLocalClaim<E>(instance: Instance<E>, statement: StrictLocal<E>): Block {
  const { network, field: K } = instance;
  const { scope, radius, pieces, excluded } = statement;
  const r = numberLatex(K, radius);
  const name = pointLatex(scope);
  const frame = frameOf(instance, statement);
  const linear = isLinear(instance, statement);
  const several = pieces.length > 1;
  const body = pieces.flatMap((piece) => {
    const { constraints, passes } = pieceConstraints(instance, frame, piece.orientations);
    const names = constraintNames(instance, frame, piece);
    const kept = keptSigns(instance, frame, passes, radius);
    return [
      ...(several ? [text(`*Piece ${pieceText(instance, frame, piece)}.*`)] : []),
      ...kept,
      text(several || frame.kinks.length > 0 ? "There, the constraints are" : "There, the active constraints are"),
      display(...constraints.map((h, j) => `${names[j]} &= ${multivariateLatex(K, h, coordinate)} \\ge 0`)),
      ...(linear
        ? linearProof(instance, statement, piece, names)
        : curvedProof(instance, statement, piece, constraints, names)),
    ];
  });
  return claim(
    `The point $${name}$ is a strict local optimum of $${problemLatex(scope)}$: every other feasible point within distance $${r}$ has larger norm.`,
    [
      text(
        `Let $d$ be a displacement of the coordinates $${parameterTuple(network, scope)}$ with $0 < \\|d\\| \\le ${r}$ and $\\theta + d$ feasible; write $h_i = y_i\\Phi(\\theta + d; x_i) - 1$ for the active samples.${
          frame.kinks.length === 0
            ? ""
            : ` The signs of the ${counted(frame.kinks.length, "kink")} are arbitrary; every choice is treated.`
        }`,
      ),
      ...excludedText(instance, excluded),
      ...body,
    ],
  );
}

/** Several layers with linear margins in one claim. */
export function linearStrictClaim<E>(instance: Instance<E>, statements: readonly StrictLocal<E>[]): Block {
  const { network, field: K } = instance;
  const entries = statements.map((statement) => {
    const { scope, radius, pieces } = statement;
    const frame = frameOf(instance, statement);
    const { constraints, passes } = pieceConstraints(instance, frame, pieces[0]!.orientations);
    const names = constraintNames(instance, frame, pieces[0]!);
    const signs = keptSignsText(instance, frame, passes, radius);
    const margins = constraints.map((h, j) => `$${names[j]} = ${multivariateLatex(K, h, coordinate)}$`);
    const combined = combination(K, pieces[0]!, names);
    return `Layer ${scope! + 1}, $${parameterTuple(network, scope)}$, radius $${numberLatex(K, radius)}$: ${signs === "" ? "" : `${signs} `}${margins.join(", ")}, and $\\langle ${pointLatex(scope)}, d\\rangle = ${combined} \\ge 0$.`;
  });
  return claim(
    `Each of the following layers is a strict local optimum of its own problem: every other feasible point within the radius has larger norm.`,
    [
      text(
        "For a displacement $d \\ne 0$ of the layer's weights within the radius no active sample's pre-activation changes its sign, so the margins of the active samples are affine. With $h_i = y_i\\Phi(\\theta + d; x_i) - 1 \\ge 0$ on the active samples:",
      ),
      items(entries),
      text(
        "In each case $\\|\\theta_l + d\\|^{2} - \\|\\theta_l\\|^{2} = \\|d\\|^{2} + 2\\langle\\theta_l, d\\rangle \\ge \\|d\\|^{2} > 0$.",
      ),
    ],
  );
}

/** Σ ω_j h_j */
function combination<E>(K: Field<E>, { multipliers }: Piece<E>, names: readonly string[]): string {
  return sumLatex(
    K,
    multipliers.map((coefficient, j) => ({ coefficient, factor: names[j]! })),
  );
}

function constraintNames<E>(
  { network }: Instance<E>,
  { active, kinks }: PieceFrame<E>,
  { orientations }: Piece<E>,
): string[] {
  return [
    ...active.map((i) => `h_{${i + 1}}`),
    ...kinks.map(({ sample, layer, unit }, k) => {
      const name = preactivationLatex(network, sample, layer, unit);
      return orientations[k]! > 0 ? name : `(-${name})`;
    }),
  ];
}

function pieceText<E>({ network }: Instance<E>, { kinks }: PieceFrame<E>, { orientations }: Piece<E>): string {
  const conditions = kinks.map(
    ({ sample, layer, unit }, k) =>
      `${preactivationLatex(network, sample, layer, unit)} ${orientations[k]! > 0 ? "\\ge" : "\\le"} 0`,
  );
  return `$${conditions.join(",\\; ")}$`;
}

function keptSigns<E>(
  instance: Instance<E>,
  frame: PieceFrame<E>,
  passes: readonly Pass<MultivariatePolynomial<E>>[],
  radius: E,
): Block[] {
  const signs = keptSignsText(instance, frame, passes, radius);
  const where =
    frame.kinks.length === 0
      ? "The pre-activations keep their signs."
      : "The pre-activations that are not kinks keep their signs.";
  return signs === "" ? [] : [text(`${where} ${signs}`)];
}

/** Why the pre-activations that are not zero at θ keep their signs in the ball, as a sentence; empty where there is none. */
function keptSignsText<E>(
  instance: Instance<E>,
  { active, passes: here, influential, firstLayer }: PieceFrame<E>,
  passes: readonly Pass<MultivariatePolynomial<E>>[],
  radius: E,
): string {
  const { network, field: K } = instance;
  if (network.activation.kind === "linear") return "";
  const signed: { negative: boolean; latex: string }[] = active.flatMap((_, k) =>
    passes[k]!.preactivations.flatMap((layer, l) =>
      layer.flatMap((z, unit) => {
        const value = here[k]!.preactivations[l]![unit]!;
        const moves = [...z.values()].some(({ variables }) => variables.length > 0);
        if (l < firstLayer || !influential[l]![unit] || K.sign(value) === 0 || !moves) return [];
        return [{ negative: K.sign(value) < 0, latex: multivariateLatex(K, z, coordinate) }];
      }),
    ),
  );
  const ofSign = (negative: boolean) => {
    const formulas = [...new Set(signed.filter((one) => one.negative === negative).map(({ latex }) => latex))];
    return formulas.length === 0
      ? []
      : [
          `${enumeration(formulas.map((f) => `$${f}$`))} ${formulas.length === 1 ? "stays" : "stay"} ${negative ? "negative" : "positive"}`,
        ];
  };
  if (signed.length === 0) return "";
  return `As $|d_k| \\le ${numberLatex(K, radius)}$, ${enumeration([...ofSign(false), ...ofSign(true)])}.`;
}

function linearProof<E>(
  { field: K }: Instance<E>,
  { scope }: StrictLocal<E>,
  piece: Piece<E>,
  names: readonly string[],
): Block[] {
  const name = pointLatex(scope);
  return [
    text("Hence"),
    display(
      `\\langle ${name}, d\\rangle = ${combination(K, piece, names)} \\ge 0,\\qquad \\|${name} + d\\|^{2} - \\|${name}\\|^{2} = \\|d\\|^{2} + 2\\langle ${name}, d\\rangle \\ge \\|d\\|^{2} > 0.`,
    ),
  ];
}

/** The theorem on `strict-local` with its numbers put in. */
function curvedProof<E>(
  { network, field: K }: Instance<E>,
  { scope, radius: r }: StrictLocal<E>,
  piece: Piece<E>,
  constraints: readonly MultivariatePolynomial<E>[],
  names: readonly string[],
): Block[] {
  const { multipliers, rho, kappa, products } = piece;
  const ring = multivariateRing(K);
  const two = K.add(K.one, K.one);
  const half = K.inv(two);
  const n = parametersOf(network, scope).length;
  const J = multipliers.flatMap((w, j) => (K.sign(w) > 0 ? [j] : []));
  const gradients = constraints.map((h) => gradientAtOrigin(K, h, n));
  const name = pointLatex(scope);
  const combined = combination(K, piece, names);

  // ½|d|² − Σ ω_j (h_j − g_j·d)
  const square = (k: number): MultivariatePolynomial<E> =>
    new Map([[`${k},${k}`, { variables: [k, k], coefficient: half }]]);
  const scaled = (h: MultivariatePolynomial<E>, c: E): MultivariatePolynomial<E> =>
    new Map([...h].map(([key, t]) => [key, { ...t, coefficient: K.mul(c, t.coefficient) }]));
  const curved = (h: MultivariatePolynomial<E>) => new Map([...h].filter(([, t]) => t.variables.length >= 2));
  const q = sum(ring, [
    ...Array.from({ length: n }, (_, k) => square(k)),
    ...J.map((j) => scaled(curved(constraints[j]!), K.neg(multipliers[j]!))),
  ]);
  const quadratic: MultivariatePolynomial<E> = new Map([...q].filter(([, t]) => t.variables.length === 2));
  const higher: MultivariatePolynomial<E> = new Map([...q].filter(([, t]) => t.variables.length > 2));

  // The matrix of quadratic + ½ρ Σ_J (g_j·d)² − ½κ|d|² − ½ Σ N (g_f·d)(g_s·d), positive semidefinite.
  const A = Array.from({ length: n }, () => new Array<E>(n).fill(K.zero));
  const put = (u: number, v: number, c: E) => {
    A[u]![v] = K.add(A[u]![v]!, c);
  };
  for (const { variables, coefficient } of quadratic.values()) {
    const [u, v] = variables as [number, number];
    put(u, v, K.mul(half, coefficient));
    put(v, u, K.mul(half, coefficient));
  }
  for (let k = 0; k < n; k++) put(k, k, K.neg(K.mul(half, kappa)));
  const rankOne = (c: E, f: readonly E[], g: readonly E[]) => {
    for (let u = 0; u < n; u++) for (let v = 0; v < n; v++) put(u, v, K.mul(c, K.mul(f[u]!, g[v]!)));
  };
  for (const j of J) rankOne(K.mul(half, rho), gradients[j]!, gradients[j]!);
  for (const { first, second, weight } of products) {
    rankOne(K.neg(K.div(weight, K.add(two, two))), gradients[first]!, gradients[second]!);
    rankOne(K.neg(K.div(weight, K.add(two, two))), gradients[second]!, gradients[first]!);
  }
  const squares = squaresLatex(K, squaresOf(K, A), coordinate);
  const form = (j: number) => `\\left(${formLatex(K, gradients[j]!, coordinate)}\\right)`;
  const corrections = [
    ...J.map((j) => ({ coefficient: K.neg(K.mul(half, rho)), factor: `${form(j)}^{2}` })),
    ...products.map(({ first, second, weight }) => ({
      coefficient: K.mul(half, weight),
      factor: `${form(first)}${form(second)}`,
    })),
  ];

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
  const used = [...new Set([...J, ...products.flatMap(({ first, second }) => [first, second])])].sort((a, b) => a - b);
  const number = (c: E) => numberLatex(K, c);
  const onlyFirst = K.isZero(rho) && products.length === 0;
  return [
    text(`The linear part of $${combined}$ is $\\langle ${name}, d\\rangle$, so`),
    display(
      `\\tfrac12\\|${name} + d\\|^{2} - \\tfrac12\\|${name}\\|^{2} &= ${combined} + q(d),`,
      ...lines("q(d) &= ", `${multivariateLatex(K, q, coordinate)}.`),
    ),
    text(higher.size === 0 ? "This is" : "Its quadratic part is"),
    display(
      ...lines(
        "& ",
        `${sumLatex(K, [{ coefficient: K.mul(half, kappa), factor: "\\|d\\|^{2}" }, ...corrections])} + ${squares},`,
      ),
    ),
    text(
      `the last ${isSum(squares) ? "terms" : "term"} not negative.${
        onlyFirst
          ? higher.size === 0
            ? ""
            : ` The terms of degree 3 and more are at most $${number(loss)}\\|d\\|^{2}$ in size, as $\\|d\\| \\le ${number(r)}$.`
          : ` For each constraint $h$ with linear part $g$: $|g(d)| \\le L\\|d\\|$ and $|h - g(d)| \\le C\\|d\\|^{2}$, where $L$ and $C$ are the sums of the sizes of the coefficients (those of degree $> 2$ in $C$ weighted by powers of the radius):`
      }`,
    ),
    ...(onlyFirst
      ? []
      : [
          table(
            ["constraint", "$L$", "$C$"],
            used.map((j) => [`$${names[j]}$`, `$${number(L[j]!)}$`, `$${number(C[j]!)}$`]),
          ),
          text(
            `As $h \\ge 0$, $g(d)^{2} \\le L\\|d\\|\\,(h + C\\|d\\|^{2}) \\le L r\\,h + L C r\\,\\|d\\|^{2}$ with $r = ${number(r)}$${
              products.length === 0 ? "" : ", and for a product $g(d)g'(d) \\ge -\\max(CL', C'L)\\, r\\,\\|d\\|^{2}$"
            }.${higher.size === 0 ? "" : " The terms of degree 3 and more are bounded likewise."}`,
          ),
        ]),
    text("Altogether"),
    display(
      `\\tfrac12\\|${name} + d\\|^{2} - \\tfrac12\\|${name}\\|^{2} \\ge ${sumLatex(
        K,
        J.map((j) => ({
          coefficient: K.sub(multipliers[j]!, K.mul(K.mul(half, rho), K.mul(L[j]!, r))),
          factor: names[j]!,
        })),
      )} + \\left(${number(K.mul(half, kappa))} - ${number(loss)}\\right)\\|d\\|^{2} > 0.`,
    ),
  ];
}

function lines(head: string, sum: string): string[] {
  return brokenSum(sum).map((line, k) => (k === 0 ? head + line : `&\\qquad${line}`));
}
