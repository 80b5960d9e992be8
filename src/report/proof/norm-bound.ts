/** `norm-bound`: a global optimum, because the margins are bounded by the norms of the layers. */
import type { Instance, Of } from "../../certificate/format.js";
import { abs, compare, type Field, squaredNorm, sum } from "../../exact/field.js";
import { rational } from "../../exact/rational.js";
import { combination, orientations } from "../../kernel/pieces.js";
import { offSlope } from "../../problem/network.js";
import { type Block, claim, display, table, text } from "./document.js";
import { isSum, numberLatex, sumLatex, tupleLatex } from "./typeset.js";

type NormBound<E> = Of<"norm-bound", E>;

export function normBoundClaim<E>(instance: Instance<E>, statement: NormBound<E>): Block {
  const { network, field: K, point } = instance;
  const { multipliers } = statement;
  const m = network.layers.length;
  const total = sum(K, multipliers);
  const norm = squaredNorm(K, point);
  const squaredBound = K.div(K.mul(total, total), power(K, K.div(norm, K.fromRational(rational(BigInt(m)))), m));
  const margins = sumLatex(
    K,
    multipliers.map((coefficient, i) => ({ coefficient, factor: `y_{${i + 1}}\\Phi(\\theta'; x_{${i + 1}})` })),
  );
  const alpha = multipliers.flatMap((c, i) => (K.isZero(c) ? [] : [`\\alpha_{${i + 1}} = ${numberLatex(K, c)}`]));
  const diagonal = network.source.kind === "diagonal" && m >= 2;
  return claim("The point $\\theta$ is a global optimum of $(\\mathrm{P})$.", [
    text(
      `Let $${alpha.join(",\\; ")}$, and write $W_l'$ for the weight matrices of a feasible $\\theta'$. Then $${margins} \\ge ${numberLatex(K, total)}$, and it is shown below that`,
    ),
    display(`${margins} \\le C \\prod_{l=1}^{${m}} \\|W_l'\\|_F, \\qquad C^{2} = ${numberLatex(K, squaredBound)}.`),
    text("By the inequality of the means the right side is at most"),
    display(`C \\left(\\|\\theta'\\|^{2} / ${m}\\right)^{${m}/2}.`),
    text(
      `As $C^{2} \\left(\\|\\theta\\|^{2} / ${m}\\right)^{${m}} = ${factor(numberLatex(K, squaredBound))} \\cdot \\left(${numberLatex(K, norm)} / ${m}\\right)^{${m}} = ${numberLatex(K, K.mul(total, total))}$ is the square of $${numberLatex(K, total)}$, this gives $\\|\\theta'\\| \\ge \\|\\theta\\|$.`,
    ),
    ...(diagonal ? branches(instance, statement) : cells(instance, statement)),
  ]);
}

/** A diagonal network: every branch by itself. */
function branches<E>({ network, field: K, data }: Instance<E>, { multipliers }: NormBound<E>): Block[] {
  const m = network.layers.length;
  const largest = Array.from({ length: network.inputs }, (_, branch) => {
    let best = K.zero;
    for (let signs = 0; signs < 1 << (m - 1); signs++) {
      const value = sum(
        K,
        data.map(({ x, y }, i) => {
          let h: E = x[branch]!;
          for (let l = 0; l < m - 1; l++) {
            if ((signs >> l) & 1) h = K.neg(h);
            if (K.sign(h) < 0) h = K.mul(K.fromRational(offSlope(network.activation)), h);
          }
          return K.mul(y === 1 ? multipliers[i]! : K.neg(multipliers[i]!), h);
        }),
      );
      if (compare(K, abs(K, value), best) > 0) best = abs(K, value);
    }
    return best;
  });
  const through =
    network.activation.kind === "linear"
      ? "$g(z) = \\pm z$"
      : `$g$ is composed of ${m - 1} maps $z \\mapsto ${network.activation.kind === "relu" ? "[\\pm z]_{+}" : "\\sigma(\\pm z)"}$, with the signs of the branch's weights`;
  return [
    text(
      `To show it: by homogeneity branch $j$ contributes at most $\\prod_l |w_{l,j}'|$ times the largest $C_j$ of $\\left|\\sum_i \\alpha_i y_i\\, g(x_{i,j})\\right|$ to the left side, where ${through}. Over all signs,`,
    ),
    table(
      ["branch $j$", "$C_j$"],
      largest.map((c, j) => [`${j + 1}`, `$${numberLatex(K, c)}$`]),
    ),
    text("so $C_j \\le C$, and $\\sum_j \\prod_l |w_{l,j}'| \\le \\prod_l \\|w_l'\\|$ by Cauchy–Schwarz."),
  ];
}

/** Samples of one label: the least number of signs to look at is that of the w·x_i. */
function cells<E>(instance: Instance<E>, { multipliers, cells: evidence }: NormBound<E>): Block[] {
  const { network, field: K, data } = instance;
  const m = network.layers.length;
  const support = multipliers.flatMap((c, i) => (K.isZero(c) ? [] : [i]));
  const linear = network.activation.kind === "linear";
  const slope = power(K, K.fromRational(offSlope(network.activation)), m - 1);
  const names = support.map((i) => `\\langle w, x_{${i + 1}}\\rangle`);
  const rows = [
    ...orientations<E>(
      support.map((sample) => ({ sample, layer: 0, unit: 0 })),
      [],
      [],
    ),
  ].map((chosen) => {
    const { signMultipliers } = evidence.find((cell) => cell.orientations.join() === chosen.join())!;
    const weights = support.map((i, k) => {
      const own = chosen[k]! > 0 ? multipliers[i]! : K.mul(slope, multipliers[i]!);
      const factor = chosen[k]! > 0 ? K.add(own, signMultipliers[k]!) : K.sub(own, signMultipliers[k]!);
      return { i, factor };
    });
    const u = combination(
      K,
      network.inputs,
      weights.map(({ i, factor }) => [factor, data[i]!.x] as const),
    );
    const combined = sumLatex(
      K,
      weights.map(({ i, factor }) => ({ coefficient: factor, factor: `x_{${i + 1}}` })),
    );
    return [
      `$${chosen.map((sign) => (sign > 0 ? "{+}" : "{-}")).join("")}$`,
      `$${combined} = ${tupleLatex(K, u)}$`,
      `$${numberLatex(K, squaredNorm(K, u))}$`,
    ];
  });
  const tau = linear ? "z" : m === 2 ? "\\sigma(z)" : `\\sigma^{(${m - 1})}(z)`;
  const sigma = network.activation.kind === "relu" && m === 2 ? ", with $\\sigma(z) = [z]_{+}$" : "";
  const repeated = linear || m === 2 ? sigma : `, $\\sigma$ being applied ${m - 1} times`;
  return [
    text(
      `To show it, let $\\tau(z) = ${tau}$${repeated}; the samples with $\\alpha_i > 0$ have one label. As $\\sigma$ is increasing with $\\sigma(a + b) \\le \\sigma(a) + \\sigma(b)$ and $-\\sigma(z) \\le \\sigma(-z)$, sums and signs can be pulled out of it layer by layer: the left side is at most a sum over the paths from a neuron of the first layer, with incoming weights $w$, to the output, of the product of the sizes of the weights on the path times $\\sum_i \\alpha_i \\tau(\\pm\\langle w, x_i\\rangle)$. If this last sum is at most $C\\|w\\|$ for all $w$, Cauchy–Schwarz over the paths gives the claim. And on the cells of the signs of $${names.join(", ")}$ it is at most $\\langle u, w\\rangle \\le \\|u\\|\\|w\\|$ with $\\|u\\| \\le C$:`,
    ),
    table(["signs", "$u$", "$\\|u\\|^{2}$"], rows),
  ];
}

function factor(latex: string): string {
  return isSum(latex) ? `\\left(${latex}\\right)` : latex;
}

function power<E>(K: Field<E>, base: E, exponent: number): E {
  let result = K.one;
  for (let k = 0; k < exponent; k++) result = K.mul(result, base);
  return result;
}
