/** `path-bound`, `branch-vertices`: the whole problem, by a bound from below on each sign cell, or at each vertex. */
import type { Instance, Of } from "../../certificate/format.js";
import { squaredNorm, sum } from "../../exact/field.js";
import { rational } from "../../exact/rational.js";
import { branchVertices } from "../../kernel/branch-vertices.js";
import { pathFrame } from "../../kernel/path-bound.js";
import { isUnshared } from "../../problem/network.js";
import { type Block, claim, display, items, table, text } from "./document.js";
import { excludedText } from "./exclusions.js";
import { parameterLatex, preactivationLatex } from "./notation.js";
import { numberLatex, sumLatex } from "./typeset.js";

export function pathBoundClaim<E>(instance: Instance<E>, { reach, excluded, cells }: Of<"path-bound", E>): Block {
  const { network, field: K, point } = instance;
  const m = network.layers.length;
  const { signs, links } = pathFrame(instance, reach);
  const form = (k: number) => {
    const { sample, layer, unit } = signs[k]!;
    return sample === -1 ? parameterLatex(network, unit) : preactivationLatex(network, sample, layer, unit);
  };
  const entries = cells.map(({ orientations, multipliers, signMultipliers }) => {
    const where = orientations.map((s, k) => `${form(k)} ${s > 0 ? "\\ge" : "\\le"} 0`);
    const margins = multipliers.map((coefficient, i) => ({
      coefficient,
      factor: `y_{${i + 1}}\\Phi(\\theta'; x_{${i + 1}})`,
    }));
    const added = signMultipliers.map((coefficient, k) => {
      const { sign, path } = links[k]!;
      return { coefficient, factor: `|${[form(sign), ...path.map((p) => parameterLatex(network, p))].join(" \\, ")}|` };
    });
    return `${where.length === 0 ? "Everywhere" : `Where $${where.join(",\\; ")}$`}: $T = ${sumLatex(K, [...margins, ...added])}$.`;
  });
  const bound = isUnshared(network)
    ? "and $T$ is a sum over paths, of products of the weights above the first layer with a linear form in the weights of one unit of the first layer. If $C$ is the largest norm of such a form, then by Cauchy–Schwarz, layer by layer,"
    : "and $T = \\theta_1'^{\\top} M \\varphi$, where $\\varphi$ lists the products of weights above the first layer, so that $\\|\\varphi\\| \\le \\prod_{l \\ge 2} \\|\\theta_l'\\|$. If $C$ is the largest singular value of $M$, then";
  return claim(`The point $\\theta$ is a ${reach} optimum of $(\\mathrm{P})$.`, [
    text(
      `Let $\\theta'$ be feasible${reach === "local" ? " and near $\\theta$, so that what is not $0$ at $\\theta$ keeps its sign" : ""}. On each closed cell of the signs below $\\Phi$ is a polynomial, linear in each layer; the $T$ given there is at least the sum $A$ of the first coefficients, ${bound} and by the inequality of the means,`,
    ),
    display(
      `A \\le T(\\theta') \\le C \\prod_{l=1}^{${m}} \\|\\theta_l'\\| \\le C \\left(\\|\\theta'\\|^{2} / ${m}\\right)^{${m}/2}.`,
    ),
    ...excludedText(instance, excluded),
    items(entries),
    text(
      `Each time $C^{2} \\left(${numberLatex(K, squaredNorm(K, point))} / ${m}\\right)^{${m}} \\le A^{2}$, so $\\|\\theta'\\| \\ge \\|\\theta\\|$.`,
    ),
  ]);
}

/** More vertices than this are only counted. */
const MAX_SHOWN = 40;

export function branchVerticesClaim<E>(instance: Instance<E>, { roots }: Of<"branch-vertices", E>): Block {
  const { network, field: K, point } = instance;
  const m = network.layers.length;
  const rows = [...branchVertices(instance)].map(({ effects, products }, k) => [
    effects
      .map(({ branch, signs }) => {
        const signText = network.layers.map((_, l) => ((signs >> l) & 1 ? "-" : "+")).join("");
        return `branch ${branch + 1}: $${signText}$`;
      })
      .join("; "),
    `$${products.map((u, j) => `u_{${effects[j]!.branch + 1}} = ${numberLatex(K, u)}`).join(",\\; ")}$`,
    `$${numberLatex(K, K.mul(K.fromRational(rational(BigInt(m))), sum(K, roots[k]!)))}$`,
  ]);
  return claim("The point $\\theta$ is a global optimum of $(\\mathrm{P})$.", [
    text(
      "Let $\\theta'$ be feasible and $u_j$ the product of the absolute values of the weights of branch $j$. For the signs that its weights have, the margins are linear forms in $u$, so $u$ lies in the polyhedron where $u \\ge 0$ and all of them are at least $1$. By the inequality of the means,",
    ),
    display(`\\|\\theta'\\|^{2} \\ge ${m} \\sum_j u_j^{2/${m}}.`),
    text(
      `The right side is concave and grows with every $u_j$, so on the polyhedron it is least at a vertex. There are ${rows.length} vertices for all signs together, and at each of them it is at least $\\|\\theta\\|^{2} = ${numberLatex(K, squaredNorm(K, point))}$${rows.length > MAX_SHOWN ? "." : ":"}`,
    ),
    ...(rows.length > MAX_SHOWN
      ? []
      : [table(["signs of the weights", "$u$, other branches $0$", `$${m} \\sum_j u_j^{2/${m}}$ is at least`], rows)]),
  ]);
}
