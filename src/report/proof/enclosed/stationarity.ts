/** That an enclosed point is a KKT point. (`proofs/theory.md`, §8.) */
import { rank } from "../../../exact/linear.js";
import { Q } from "../../../exact/rational.js";
import { isIdle, isUnread } from "../../../kernel/enclosed/kkt.js";
import { type Block, claim, enumeration, text } from "../document.js";
import { anyMarginLatex, unitName } from "../notation.js";
import type { View } from "./view.js";

export function kktClaim(view: View): Block {
  const { facts, active } = view;
  const { problem, margins } = facts;
  const { network } = problem;
  const several = network.outputs > 1;
  const [index, A] = [several ? "i,k" : "i", several ? "(i,k) \\in A" : "i \\in A"];
  const margin = anyMarginLatex(network, "\\cdot\\,");
  const onPiece = margin.replaceAll("\\Phi", "\\Phi^{\\tau}");
  return claim(
    `The point $\\theta$ is a KKT point of $(\\mathrm{P})$ (in the sense of Clarke): $\\theta$ is feasible, and $\\theta = \\sum_{${A}} \\lambda_{${index}} g_{${index}}$ with $\\lambda_{${index}} > 0$ and $g_{${index}} \\in \\partial^{\\circ}\\big(${margin}\\big)(\\theta)$, where the margins in $A$ are $1$.`,
    [
      text(
        `Feasible: ${
          facts.units.length === 0
            ? "by"
            : "at the samples in $A$ every hidden neuron has the slope that it has in $\\Phi^{\\tau}$, or its pre-activation is $0$, where the slope does not matter. So there $\\Phi(\\theta; x_i) = \\Phi^{\\tau}(\\theta; x_i)$, and by"
        } $(\\mathrm{M})$ the margins in $A$ are $1$. ${active.length === margins.length ? "There are no others." : "The others exceed $1$, as seen above."}`,
      ),
      text(
        `Stationary: ${invarianceText(view)} So $r = B\\eta$ for some $\\eta$, and $\\|r\\|^{2} = \\eta^{\\top} B^{\\top} r = 0$ by $(\\mathrm{S})$. Thus $\\theta = \\sum_{${A}} \\lambda_{${index}} g_{${index}}$ with $g_{${index}} = \\nabla_{\\theta}\\big(${onPiece}\\big)(\\theta)$, and the multipliers are positive, by their digits.`,
      ),
      ...subgradientBlocks(view),
    ],
  );
}

/** Why the residual lies in the range of B. */
function invarianceText(view: View): string {
  const { facts, hidden } = view;
  const p = facts.problem.network.parameters.length;
  const columns = facts.point.range.map((column) => Array.from({ length: p }, (_, k) => column.get(k) ?? Q.zero));
  const codimension = p - rank(Q, columns);
  if (codimension === 0) return "the matrix $B$ is of full row rank, so every vector, and $r$ too, is in its range.";
  const why = [
    ...(hidden?.groups.some(({ units }) => units.length > 1) === true
      ? ["neurons of one group have gradients in the proportion of their weights"]
      : []),
    ...(hidden?.isConfined === true
      ? ["where fewer unknowns than weights make up a neuron, the samples in its gradient are of the same subspace"]
      : []),
    ...((hidden?.dead.length ?? 0) > 0 ? ["the gradient in the weights of a dead neuron is $0$"] : []),
  ];
  const named =
    codimension === 1
      ? "a vector $u$ that spans the orthogonal complement of the range of $B$,"
      : `each of the ${codimension} vectors $u$ of a basis of the orthogonal complement of the range of $B$`;
  return `as a vector of polynomials in the unknowns, $r$ lies in the range of $B$: for ${named} all terms of $\\langle u, r\\rangle$ cancel${why.length === 0 ? "" : ` (${enumeration(why)})`}.`;
}

/** Why the gradient of Φ^τ is a Clarke subgradient. */
function subgradientBlocks(view: View): Block[] {
  const { facts, zeros } = view;
  const { network } = facts.problem;
  const names = (list: typeof zeros) =>
    enumeration([
      ...new Set(list.map(({ at }) => `${unitName(network, at.layer, at.unit)} at $x_{${at.sample + 1}}$`)),
    ]);
  const idle = zeros.filter(({ at }) => isIdle(facts, at));
  const unread = zeros.filter((one) => !isIdle(facts, one.at) && isUnread(facts, one));
  const moving = zeros.filter((one) => !idle.includes(one) && !unread.includes(one));
  const constant = [...idle, ...unread];
  const without = [
    ...(idle.length === 0
      ? []
      : [`The pre-activation of ${names(idle)} is $0$ whatever the weights are, near $\\theta$, and has no effect.`]),
    ...(unread.length === 0
      ? []
      : [`What reads ${names(unread)} has the weight $0$, so its slope is in no gradient at $\\theta$.`]),
  ]
    .map((one) => ` (${one})`)
    .join("");
  if (moving.length === 0)
    return [
      text(
        `No ${constant.length === 0 ? "" : "other "}pre-activation is $0$ at a sample in $A$, so ${unread.length === 0 ? "the margins in $A$ are differentiable at $\\theta$, with these gradients" : "these are limits of gradients near $\\theta$, and Clarke subgradients"}.${without}`,
      ),
    ];
  const isFirst = moving.every(({ at }) => at.layer === 0);
  const reached = isFirst
    ? "the pre-activations that are $0$ at a sample in $A$ are of the first layer, which shares no weights: $\\langle w_j, x_i\\rangle$, where the neuron $j$ reads an entry of $x_i$ that is not $0$. Let $s$ be any choice of their signs at one $x_i$. Adding to these $w_j$ the vectors $\\pm t x_i$, on the inputs that are read, gives them these signs for $t > 0$, and nothing that is not $0$ changes its sign while $t$ is small. Arbitrarily near such points"
    : `the pre-activations that are $0$ at a sample in $A$, of ${names(moving)}, are of layers which share no weights, and each of these neurons reads something that is not $0$. Let $s$ be any choice of their signs at one $x_i$. In the $k$-th of the $r$ layers that have such neurons add to the row of each the vector $\\pm t^{r + 1 - k} h$, where $h \\ne 0$ is what it reads at $\\theta$. What it reads then differs from $h$ by $O(t^{r + 2 - k})$, so for small $t > 0$ its pre-activation has the sign that is wanted, and nothing that is not $0$ changes its sign. Arbitrarily near such points`;
  return [
    text(
      `Subgradients: ${reached} the margin is differentiable, and for $t \\to 0$ its gradient tends to the gradient $g^{s}$ of the polynomial that the margin is where the signs are $s$. So $g^{s}$ is a Clarke subgradient. ${
        facts.point.kinks.length === 0
          ? "And $g_i$ is one of them, that of the signs that belong to the slopes of $\\Phi^{\\tau}$."
          : "A path of the network meets one neuron of each layer, so $\\nabla_{\\theta}\\Phi^{\\tau}(\\theta; x_i)$ is affine in each slope. So $g_i$ is the convex combination of the $g^{s}$ in which each neuron at a kink is on with weight $\\tau \\in (0, 1)$ and off with weight $1 - \\tau$, and every other one is on or off as its slope says; and it lies in the subdifferential, which is convex."
      }${without}`,
    ),
  ];
}
