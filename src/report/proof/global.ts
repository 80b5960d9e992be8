/** `lagrangian`, `svm-dual`, `norm-bound`: the whole problem, by a bound from below. */
import type { Instance, LagrangianBlock, LagrangianCell, Of } from "../../certificate/format.js";
import { squaredNorm, sum } from "../../exact/field.js";
import { rational } from "../../exact/rational.js";
import { blockCell, blockOf, cellFrame, depthTwo } from "../../kernel/lagrangian.js";
import { combination } from "../../kernel/pieces.js";
import { type Block, claim, display, enumeration, items, text } from "./document.js";
import { excludedText } from "./exclusions.js";
import { parameterLatex, preactivationLatex } from "./notation.js";
import { numberLatex, squaresLatex, squaresOf, sumLatex, tupleLatex } from "./typeset.js";

export function lagrangianClaim<E>(instance: Instance<E>, statement: Of<"lagrangian", E>): Block {
  const { field: K, point, network } = instance;
  const { reach, multipliers, blocks } = statement;
  const lambda = multipliers.map((c, i) => `\\lambda_{${i + 1}} = ${numberLatex(K, c)}`);
  const entries = blocks.flatMap((block) => block.cells.map((cell) => cellText(instance, statement, block, cell)));
  const where = reach === "local" ? ", for $\\theta'$ near $\\theta$" : "";
  const linear = network.activation.kind === "linear";
  return claim(`The point $\\theta$ is a ${reach} optimum of $(\\mathrm{P})$.`, [
    text(
      `Let $${lambda.join(",\\; ")}$, with the sum $\\tfrac12\\|\\theta\\|^{2} = ${numberLatex(K, K.div(squaredNorm(K, point), K.add(K.one, K.one)))}$. For every feasible $\\theta'$,`,
    ),
    display(
      "\\tfrac12\\|\\theta'\\|^{2} \\ge \\tfrac12\\|\\theta'\\|^{2} - \\sum_i \\lambda_i \\left(y_i\\Phi(\\theta'; x_i) - 1\\right) = \\tfrac12\\|\\theta\\|^{2} + \\sum_{B} Q_B(\\theta'),",
    ),
    text(
      `where the sum is over groups $B$ of hidden neurons that share no parameter, and $Q_B$ collects the quadratic terms in the parameters of $B$. Each is non-negative${linear ? "" : `, whatever the signs of its pre-activations${where}`}:`,
    ),
    ...blocks.flatMap(({ excluded }) => excludedText(instance, excluded)),
    items(entries),
    text("So $\\|\\theta'\\| \\ge \\|\\theta\\|$."),
  ]);
}

/** Q_B on one cell as a sum of squares and of products of forms that are non-negative there. */
function cellText<E>(
  instance: Instance<E>,
  { reach, multipliers }: Of<"lagrangian", E>,
  { members, split }: LagrangianBlock<E>,
  { orientations, products }: LagrangianCell<E>,
): string {
  const { network, field: K } = instance;
  const block = blockOf(instance, depthTwo(instance), members[0]!, reach, multipliers);
  const { Q, constraints } = blockCell(instance, block, orientations);
  const half = K.inv(K.add(K.one, K.one));
  const name = (k: number) => parameterLatex(network, block.parameters[k]!);
  const S = Q.map((row) => row.map((c) => K.mul(c, half)));
  for (const { first, second, weight } of products) {
    const scaled = K.mul(weight, K.mul(half, half));
    for (const [u, a] of constraints[first]!) {
      for (const [v, b] of constraints[second]!) {
        const entry = K.mul(scaled, K.mul(a, b));
        S[u]![v] = K.sub(S[u]![v]!, entry);
        S[v]![u] = K.sub(S[v]![u]!, entry);
      }
    }
  }
  const form = (k: number) => {
    const latex = sumLatex(
      K,
      [...constraints[k]!].map(([v, coefficient]) => ({ coefficient, factor: name(v) })),
    );
    return `\\left(${latex}\\right)`;
  };
  const parts = products.map(({ first, second, weight }) => ({
    coefficient: K.mul(half, weight),
    factor: first === second ? `${form(first)}^{2}` : `${form(first)}${form(second)}`,
  }));
  const squares = squaresLatex(K, squaresOf(K, S), name);
  const total =
    parts.length === 0 ? squares : squares === "0" ? sumLatex(K, parts) : `${squares} + ${sumLatex(K, parts)}`;
  const { units } = cellFrame(instance, block, split);
  const signs = units.map(({ sample, layer, unit }, k) => {
    const z = layer === 0 ? preactivationLatex(network, sample, layer, unit) : name(unit);
    return `${z} ${orientations[k]! > 0 ? "\\ge" : "\\le"} 0`;
  });
  const where = signs.length === 0 ? "" : ` where $${signs.join(",\\; ")}$`;
  const who = members.map((group) => enumeration(group.map((unit) => `${unit + 1}`)));
  const alike = members.length > 1 ? ` (and alike for ${enumeration(who.slice(1))})` : "";
  const neurons = members[0]!.length === 1 ? "Neuron" : "Neurons";
  return `${neurons} ${who[0]}${alike}${where}: $Q_B = ${total} \\ge 0$.`;
}

export function svmDualClaim<E>(instance: Instance<E>, { multipliers }: Of<"svm-dual", E>): Block {
  const { network, field: K, data, point } = instance;
  const m = network.layers.length;
  const combined = combination(
    K,
    network.inputs,
    data.map(({ x, y }, i) => [y === 1 ? multipliers[i]! : K.neg(multipliers[i]!), x] as const),
  );
  const combinedLatex = sumLatex(
    K,
    multipliers.map((coefficient, i) => ({
      coefficient: data[i]!.y === 1 ? coefficient : K.neg(coefficient),
      factor: `x_{${i + 1}}`,
    })),
  );
  const norm = squaredNorm(K, point);
  return claim("The point $\\theta$ is a global optimum of $(\\mathrm{P})$.", [
    text(
      `Every parameter vector $\\theta'$ computes a linear map $\\Phi(\\theta'; x) = \\langle u', x\\rangle$. By Cauchy–Schwarz, layer by layer, $\\|u'\\|$ is at most the product of the Frobenius norms of the ${m} layers, and by the inequality of the means`,
    ),
    display(
      `\\|u'\\|^{2} \\le \\prod_{l=1}^{${m}} \\|W_l'\\|_F^{2} \\le \\left(\\|\\theta'\\|^{2} / ${m}\\right)^{${m}}.`,
    ),
    text(
      `At $\\theta$ the map is $u = ${tupleLatex(K, combined)} = ${combinedLatex}$, with non-negative multiples of active $y_i x_i$ only. If $\\theta'$ is feasible, then $y_i\\langle u', x_i\\rangle \\ge 1 = y_i\\langle u, x_i\\rangle$ for these samples, so`,
    ),
    display("\\langle u, u'\\rangle \\ge \\langle u, u\\rangle, \\qquad \\|u'\\| \\ge \\|u\\|."),
    text("Both bounds meet at $\\theta$:"),
    display(
      `\\left(\\|\\theta\\|^{2} / ${m}\\right)^{${m}} = \\left(${numberLatex(K, norm)} / ${m}\\right)^{${m}} = ${numberLatex(K, squaredNorm(K, combined))} = \\|u\\|^{2} \\le \\|u'\\|^{2} \\le \\left(\\|\\theta'\\|^{2} / ${m}\\right)^{${m}}.`,
    ),
    text("So $\\|\\theta'\\| \\ge \\|\\theta\\|$."),
  ]);
}

export function normBoundClaim<E>(instance: Instance<E>, { multipliers, cells }: Of<"norm-bound", E>): Block {
  const { network, field: K, point } = instance;
  const m = network.layers.length;
  const total = sum(K, multipliers);
  const support = multipliers.flatMap((c, i) => (K.isZero(c) ? [] : [i]));
  const diagonal = network.source.kind === "diagonal" && m >= 2;
  const norm = squaredNorm(K, point);
  const margins = sumLatex(
    K,
    support.map((i) => ({ coefficient: multipliers[i]!, factor: `y_{${i + 1}}\\Phi(\\theta'; x_{${i + 1}})` })),
  );
  const mean = K.div(norm, K.fromRational(rational(BigInt(m))));
  let power = K.one;
  for (let l = 0; l < m; l++) power = K.mul(power, mean);
  const C2 = K.div(K.mul(total, total), power);
  const why = diagonal
    ? `A branch $j$ contributes at most $\\prod_l |w_{l,j}'|$ times the largest value $C_j$ of $|\\sum_i \\alpha_i y_i g(x_{i,j})|$, where $g$ runs the input through hidden weights of size 1 with any signs; the largest $C_j$ is $C$ with $C^{2} = ${numberLatex(K, C2)}$. Since $\\sum_j \\prod_l |w_{l,j}'| \\le \\prod_l \\|w_l'\\|$,`
    : `The samples with multipliers have one label, $\\sigma$ is increasing and $\\sigma(a + b) \\le \\sigma(a) + \\sigma(b)$, $-\\sigma(z) \\le \\sigma(-z)$. Pulling sums and signs out of $\\sigma$ layer by layer, and with Cauchy–Schwarz, the left side is at most $C \\prod_l \\|W_l'\\|_F$, where $C$ is the largest $\\sum_i \\alpha_i \\sigma^{(${m - 1})}(w \\cdot x_i)$ over unit vectors $w$, $\\sigma$ being applied ${m - 1} times. On each of the ${cells.length} sign cells of the $w \\cdot x_i$ the certificate's $\\nu \\ge 0$ bound it by $\\|\\sum_i \\alpha_i s_i x_i \\pm \\sum_i \\nu_i x_i\\| \\le C$ with $C^{2} = ${numberLatex(K, C2)}$;`;
  return claim("The point $\\theta$ is a global optimum of $(\\mathrm{P})$.", [
    text(
      `Let $\\theta'$ be feasible. Then $${margins} \\ge ${numberLatex(K, total)}$. ${why} and by the inequality of the means,`,
    ),
    display(
      `${numberLatex(K, total)} \\le C \\prod_{l=1}^{${m}} \\|W_l'\\|_F \\le C \\left(\\|\\theta'\\|^{2} / ${m}\\right)^{${m}/2}.`,
    ),
    text(
      `At $\\theta$ there is equality, $C^{2} \\left(${numberLatex(K, norm)} / ${m}\\right)^{${m}} = ${numberLatex(K, K.mul(total, total))}$, so $\\|\\theta'\\| \\ge \\|\\theta\\|$.`,
    ),
  ]);
}
