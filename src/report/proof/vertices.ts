/** `vertices`: the whole problem of a diagonal network, by concave minimisation. */
import { squaredNorm, sum } from "../../exact/field.js";
import { rational } from "../../exact/rational.js";
import type { Facts } from "../../kernel/facts.js";
import type { Proved } from "../../kernel/statements/index.js";
import { type Block, claim, display, table, text } from "./document.js";
import { decimalLatex, numberLatex } from "./typeset.js";

/** More vertices than this are only counted. */
const MAX_SHOWN = 40;

export function verticesClaim<E>(
  { instance: { network, field: K, point } }: Facts<E>,
  { statement: { roots }, proof }: Extract<Proved<E>, { readonly kind: "vertices" }>,
): Block {
  const m = network.layers.length;
  const rows = proof.map(({ effects, products }, k) => {
    const least = K.mul(K.fromRational(rational(BigInt(m))), sum(K, roots[k]!));
    return [
      effects
        .map(({ branch, signs }) => {
          const signText = network.layers.map((_, l) => ((signs >> l) & 1 ? "-" : "+")).join("");
          return `branch ${branch + 1}: $${signText}$`;
        })
        .join("; "),
      `$${products.map((u, j) => `u_{${effects[j]!.branch + 1}} = ${numberLatex(K, u)}`).join(",\\; ")}$`,
      `$${numberLatex(K, least)}${decimalLatex(K, least)}$`,
    ];
  });
  const norm = squaredNorm(K, point);
  return claim("The point $\\theta$ is a global optimum of $(\\mathrm{P})$.", [
    text(
      "Let $\\theta'$ be feasible and $u_j$ the product of the absolute values of the weights of branch $j$. For the signs that its weights have, the margins are linear forms in $u$, so $u$ lies in the polyhedron where $u \\ge 0$ and all of them are at least $1$. By the inequality of the means,",
    ),
    display(`\\|\\theta'\\|^{2} \\ge ${m} \\sum_j u_j^{2/${m}}.`),
    text(
      `The right side is concave and grows with every $u_j$, so on the polyhedron it is least at a vertex. There ${rows.length === 1 ? "is one vertex" : `are ${rows.length} vertices`} for all signs together, and at ${rows.length === 1 ? "it the right side" : "each of them it"} is at least $\\|\\theta\\|^{2} = ${numberLatex(K, norm)}${decimalLatex(K, norm)}$${rows.length > MAX_SHOWN ? "." : ":"}`,
    ),
    ...(rows.length > MAX_SHOWN
      ? []
      : [table(["signs of the weights", "$u$, other branches $0$", `$${m} \\sum_j u_j^{2/${m}}$ is at least`], rows)]),
  ]);
}
