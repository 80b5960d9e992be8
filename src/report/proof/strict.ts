/** `strict-local`: in full where curvature decides, and in two lines where the margins are linear. */
import type { Instance, Of, Piece } from "../../certificate/format.js";
import type { MultivariatePolynomial } from "../../exact/multivariate.js";
import { type Pass, slackSigns } from "../../kernel/forward.js";
import { type PieceFrame, pieceConstraints, pieceFrame } from "../../kernel/strict-local.js";
import { parametersOf } from "../../problem/network.js";
import { combinationLatex, coordinate, curvedProof, lines, type NamedPiece } from "./curvature.js";
import { type Block, claim, display, enumeration, items, text } from "./document.js";
import { excludedText } from "./exclusions.js";
import { parameterTuple, pointLatex, preactivationLatex, problemLatex } from "./notation.js";
import { multivariateLatex, numberLatex } from "./typeset.js";
import { idleText } from "./units.js";

type StrictLocal<E> = Of<"strict-local", E>;

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
  const point = pointLatex(scope);
  const frame = frameOf(instance, statement);
  const linear = isLinear(instance, statement);
  const dimension = parametersOf(network, scope).length;
  const parts = pieces.map((piece) => {
    const { constraints, passes } = pieceConstraints(instance, frame, piece.orientations);
    const names = constraintNames(instance, frame, piece);
    const named: NamedPiece<E> = { piece, constraints, names, point, dimension, radius };
    return { named, signs: keptSignsText(instance, frame, passes, radius) };
  });
  const sameSigns = parts.every(({ signs }) => signs === parts[0]!.signs);
  const body = parts.flatMap(({ named, signs }, k) => {
    const { piece, constraints, names } = named;
    const where = frame.kinks.length === 0 ? "" : `where $${pieceText(instance, frame, piece)}$`;
    return [
      ...(signs === "" || (sameSigns && k > 0)
        ? []
        : [text(sameSigns || where === "" ? signs : `Now ${where}. ${signs}`)]),
      text(where === "" ? "So the margins of the active samples give" : `The constraints ${where} are`),
      display(
        ...constraints.flatMap((h, j) => lines(`${names[j]} &= `, `${multivariateLatex(K, h, coordinate)} \\ge 0`)),
      ),
      ...(linear ? linearProof(instance, named) : curvedProof(instance, named, pieces)),
    ];
  });
  const idle = idleText(instance, scope);
  return claim(
    `The point $${point}$ is a strict local optimum of $${problemLatex(scope)}$: every other feasible point within distance $${r}$ has larger norm.`,
    [
      text(
        `Let $d$ be a displacement of the coordinates $${parameterTuple(network, scope)}$ with $0 < \\|d\\| \\le ${r}$ and $\\theta + d$ feasible; write $h_i = y_i\\Phi(\\theta + d; x_i) - 1$ for the active samples.${idle === "" ? "" : ` ${idle}`}${kinkText(instance, frame)}`,
      ),
      ...excludedText(instance, excluded),
      ...body,
    ],
  );
}

/** Which pre-activations have no sign at θ, as a sentence after others. */
function kinkText<E>({ network }: Instance<E>, { kinks }: PieceFrame<E>): string {
  if (kinks.length === 0) return "";
  const names = kinks.map(({ sample, layer, unit }) => `$${preactivationLatex(network, sample, layer, unit)}$`);
  return kinks.length === 1
    ? ` At $\\theta$ the pre-activation ${names[0]} is zero; both its signs are treated, the cells being closed.`
    : ` At $\\theta$ the pre-activations ${enumeration(names)} are zero; every choice of their signs is treated, the cells being closed.`;
}

/** Several layers with linear margins in one claim. */
export function linearStrictClaim<E>(instance: Instance<E>, statements: readonly StrictLocal<E>[]): Block {
  const { network, field: K } = instance;
  const entries = statements.map((statement) => {
    const { scope, radius, pieces } = statement;
    const frame = frameOf(instance, statement);
    const { constraints, passes } = pieceConstraints(instance, frame, pieces[0]!.orientations);
    const names = constraintNames(instance, frame, pieces[0]!);
    const signs = [idleText(instance, scope), keptSignsText(instance, frame, passes, radius)];
    const margins = constraints.map((h, j) => `$${names[j]} = ${multivariateLatex(K, h, coordinate)}$`);
    const combined = combinationLatex(instance, pieces[0]!, names);
    return `Layer ${scope! + 1}, $${parameterTuple(network, scope)}$, radius $${numberLatex(K, radius)}$: ${signs.map((one) => (one === "" ? "" : `${one} `)).join("")}${margins.join(", ")}, and $\\langle ${pointLatex(scope)}, d\\rangle = ${combined} \\ge 0$.`;
  });
  return claim(
    `Each of the following layers is a strict local optimum of its own problem: every other feasible point within the radius has larger norm.`,
    [
      text(
        "For a displacement $d \\ne 0$ of the layer's weights within the radius no pre-activation that matters to an active sample changes its sign, so the margins of the active samples are affine. With $h_i = y_i\\Phi(\\theta + d; x_i) - 1 \\ge 0$ on the active samples:",
      ),
      items(entries),
      text(
        "In each case $\\|\\theta_l + d\\|^{2} - \\|\\theta_l\\|^{2} = \\|d\\|^{2} + 2\\langle\\theta_l, d\\rangle \\ge \\|d\\|^{2} > 0$.",
      ),
    ],
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
  return conditions.join(",\\; ");
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
  const formulas = active.flatMap((sample, k) =>
    passes[k]!.preactivations.flatMap((layer, l) =>
      layer.flatMap((z, unit) => {
        const sign = K.sign(here[k]!.preactivations[l]![unit]!);
        const moves = [...z.values()].some(({ variables }) => variables.length > 0);
        if (l < firstLayer || !influential[l]![unit] || sign === 0 || !moves) return [];
        const name = preactivationLatex(network, sample, l, unit);
        return [`$${name} = ${multivariateLatex(K, z, coordinate)} ${sign < 0 ? "<" : ">"} 0$`];
      }),
    ),
  );
  if (formulas.length === 0) return "";
  return `As $|d_k| \\le ${numberLatex(K, radius)}$, ${formulas.length === 1 ? "the sign stays" : "the signs stay"}: ${formulas.join(", ")}.`;
}

function linearProof<E>(instance: Instance<E>, { piece, names, point }: NamedPiece<E>): Block[] {
  return [
    text("Hence"),
    display(
      `\\langle ${point}, d\\rangle = ${combinationLatex(instance, piece, names)} \\ge 0,\\qquad \\|${point} + d\\|^{2} - \\|${point}\\|^{2} = \\|d\\|^{2} + 2\\langle ${point}, d\\rangle \\ge \\|d\\|^{2} > 0.`,
    ),
  ];
}
