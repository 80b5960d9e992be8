/** The second-order conditions at an enclosed point, and layers in whose weights margins are concave. (`proofs/theory.md`, §8.7, §8.8.) */
import { Q } from "../../../exact/rational.js";
import type { EnclosedConcave } from "../../../kernel/enclosed/concave.js";
import type { Bend, EnclosedStrictLocal } from "../../../kernel/enclosed/curvature.js";
import { isIdle } from "../../../kernel/enclosed/kkt.js";
import { type Block, breakable, claim, display, text } from "../document.js";
import { pointLatex, problemLatex } from "../notation.js";
import { numberLatex, tupleLatex } from "../typeset.js";
import type { View } from "./view.js";

/** More numbers than this are left to the certificate. */
const MAX_NUMBERS = 40;

/** The margins near the point; `at` says what is known at the pre-activations that are zero. */
function near({ facts, zeros }: View, at: string): Block {
  const open = zeros.filter((one) => !isIdle(facts, one.at));
  const what =
    open.length === 0
      ? `${facts.units.length === 0 ? "The" : "No pre-activation is zero at a sample in $A$ that depends on the weights, so near $\\theta$ the"} margins $f_j$, $j \\in A$, are polynomials in the weights.`
      : `Let $f_j$, $j \\in A$, be the margins of $\\Phi^{\\tau}$, polynomials in all weights, with the slopes of the table fixed. ${at}`;
  return text(
    `${what} Let $g_j = \\nabla f_j(\\theta)$ and $H = I - \\sum_{j \\in A} \\lambda_j \\nabla^{2} f_j(\\theta)$, the Hessian of the Lagrangian $\\tfrac12\\|\\theta'\\|^{2} - \\sum_{j \\in A} \\lambda_j (f_j(\\theta') - 1)$, whose gradient vanishes at $\\theta$. Their entries are enclosed in intervals.`,
  );
}

const LOSES =
  "Near $\\theta$ the margins in $A$ are at most these: where a pre-activation $z$ is $0$ at $\\theta$, the derivative of $f_j$ by the neuron's output, a polynomial in the weights above it, is identically $0$, or negative at $\\theta$ (by its interval), and $\\sigma(z) \\ge s z$ for its slope $s$; from the highest layer down, putting $s z$ for $\\sigma(z)$ raises the margins.";
const STILL =
  "Hold the weights which read neurons that nothing else reads at $0$, in all that follows. Then near $\\theta$ these are the margins: the derivative of $f_j$ by the output of a neuron whose pre-activation is $0$ at $\\theta$ is identically $0$.";

export function strictClaim(view: View, { penalty }: EnclosedStrictLocal): Block {
  return claim("The point $\\theta$ is a strict local optimum of $(\\mathrm{P})$.", [
    near(view, LOSES),
    text(
      `With $\\rho = ${numberLatex(Q, penalty)}$ the matrix $M = H + \\rho \\sum_{j \\in A} g_j g_j^{\\top}$ is positive definite: the pivots of $LDL^{\\top}$, in the arithmetic of intervals, are positive. Let $\\mu > 0$ be its least eigenvalue, $\\theta' = \\theta + d$ feasible and near $\\theta$, and $s_j = f_j(\\theta') - 1$, which is at least $0$ as the margin is at least $1$. Then $s_j = \\langle g_j, d\\rangle + O(\\|d\\|^{2})$, and as $\\theta = \\sum_{j \\in A} \\lambda_j g_j$,`,
    ),
    display(
      "\\tfrac12\\|\\theta'\\|^{2} - \\tfrac12\\|\\theta\\|^{2} = \\sum_{j \\in A} \\lambda_j s_j + \\tfrac12 d^{\\top} H d + O(\\|d\\|^{3}) \\ge \\sum_{j \\in A} (\\lambda_j s_j - \\rho s_j^{2}) + \\tfrac{\\mu}{2} \\|d\\|^{2} - O(\\|d\\|^{3}).",
    ),
    text("All $\\lambda_j$ are positive, so this is positive for small $d \\ne 0$."),
  ]);
}

export function bending(view: View, { direction, least }: Bend): Block[] {
  const shown =
    direction.length <= MAX_NUMBERS
      ? `$d = ${breakable(tupleLatex(Q, direction))}$`
      : "the direction $d$ of the certificate";
  return [
    near(view, STILL),
    text(
      `The matrix with the entries $\\langle g_i, g_j\\rangle$, less $\\mu = ${numberLatex(Q, least)}$ on the diagonal, is positive definite (the pivots of $LDL^{\\top}$ in intervals); so the $g_j$ are linearly independent. Let $d^{\\ast}$ be the part of ${shown} that is orthogonal to all $g_j$: it differs from $d$ by at most $\\delta = \\mu^{-1/2} \\|(\\langle g_j, d\\rangle)_j\\|$. In intervals`,
    ),
    display(
      "\\langle d^{\\ast}, H d^{\\ast}\\rangle \\le \\langle d, H d\\rangle + 2 \\delta \\|H d\\| + \\delta^{2} \\|H\\|_F < 0.",
    ),
    text(
      "By the implicit function theorem there is a smooth curve with $\\theta(0) = \\theta$, $\\theta'(0) = d^{\\ast}$, along which the margins in $A$ stay $1$; the others stay above $1$ while $t$ is small. On it the Lagrangian is $\\tfrac12\\|\\theta(t)\\|^{2}$, so",
    ),
    display(
      "\\tfrac12\\|\\theta(t)\\|^{2} = \\tfrac12\\|\\theta\\|^{2} + \\tfrac{t^{2}}2 \\langle d^{\\ast}, H d^{\\ast}\\rangle + O(t^{3}),",
    ),
    text("and there are feasible points of smaller norm arbitrarily near $\\theta$."),
  ];
}

/** All layers of one reach in one claim. */
export function concaveClaims(statements: readonly EnclosedConcave[]): Block[] {
  return (["global", "local"] as const).flatMap((reach) => {
    const own = statements.filter((one) => one.reach === reach);
    if (own.length === 0) return [];
    const problems = own.map(({ scope }) => `$${problemLatex(scope)}$`);
    const what = reach === "global" ? "the unique global optimum" : "a strict local optimum";
    const name = own.length === 1 ? pointLatex(own[0]!.scope) : "\\theta_{l}";
    const why =
      reach === "global"
        ? "While the other layers stay, the margins in $A$ are affine in the weights of the layer: above it there are no kinks."
        : "While the other layers stay, and near $\\theta$, the margins in $A$ are concave in the weights of the layer: where a pre-activation at or above it is zero at a sample in $A$, it is so whatever the weights are, or the margin does not depend on its output, or falls by it.";
    return [
      claim(
        own.length === 1
          ? `The point $${name}$ is ${what} of ${problems[0]}.`
          : `For each of the problems ${problems.join(", ")}, the point $${name}$ is ${what}.`,
        [
          text(
            `${why} So for every feasible $\\theta'$${reach === "local" ? " near $\\theta$" : ""} that differs from $\\theta$ in the weights $w'$ of the layer only, $w$ being those of $\\theta$ and $g_j$ the gradient of $f_j$ by them, with the slopes of the table,`,
          ),
          display(
            "\\sum_{j \\in A} \\lambda_j \\le \\sum_{j \\in A} \\lambda_j f_j(\\theta') \\le \\sum_{j \\in A} \\lambda_j \\big(1 + \\langle g_j, w' - w\\rangle\\big) = \\sum_{j \\in A} \\lambda_j + \\langle w, w' - w\\rangle,",
          ),
          text(
            "and $\\|w'\\|^{2} = \\|w\\|^{2} + 2\\langle w, w' - w\\rangle + \\|w' - w\\|^{2} \\ge \\|w\\|^{2} + \\|w' - w\\|^{2}$.",
          ),
        ],
      ),
    ];
  });
}
