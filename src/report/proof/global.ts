/** `lagrangian`, `svm-dual`: the whole problem, by a bound from below. */
import type { Instance, LagrangianBlock, LagrangianCell, Of } from "../../certificate/format.js";
import { squaredNorm } from "../../exact/field.js";
import { blockCell, blockOf, cellFrame, depthTwo, type Block as LagrangianBlockData } from "../../kernel/lagrangian.js";
import { combination } from "../../kernel/pieces.js";
import { cubeLegend, cubesLatex, signCubes } from "./cubes.js";
import { type Block, claim, display, enumeration, items, text } from "./document.js";
import { excludedText } from "./exclusions.js";
import { parameterLatex, preactivationLatex } from "./notation.js";
import { isSum, numberLatex, squaresLatex, squaresOf, sumLatex, tupleLatex } from "./typeset.js";

export function lagrangianClaim<E>(instance: Instance<E>, statement: Of<"lagrangian", E>): Block {
  const { field: K, point, network } = instance;
  const { reach, multipliers, blocks } = statement;
  const lambda = multipliers.map((c, i) => `\\lambda_{${i + 1}} = ${numberLatex(K, c)}`);
  const where = reach === "local" ? " near $\\theta$" : "";
  const linear = network.activation.kind === "linear";
  return claim(`The point $\\theta$ is a ${reach} optimum of $(\\mathrm{P})$.`, [
    text(
      `Let $${lambda.join(",\\; ")}$, with the sum $\\tfrac12\\|\\theta\\|^{2} = ${numberLatex(K, K.div(squaredNorm(K, point), K.add(K.one, K.one)))}$. For every feasible $\\theta'$${where},`,
    ),
    display(
      "\\tfrac12\\|\\theta'\\|^{2} \\ge \\tfrac12\\|\\theta'\\|^{2} - \\sum_i \\lambda_i \\left(y_i\\Phi(\\theta'; x_i) - 1\\right) = \\tfrac12\\|\\theta\\|^{2} + \\sum_{B} Q_B(\\theta'),",
    ),
    text(
      `where the sum is over groups $B$ of hidden neurons that share no parameter, and $Q_B$ collects the quadratic terms in the parameters of $B$, here written without primes. Each is non-negative${linear ? "" : `, whatever signs its pre-activations take${where}`}:`,
    ),
    ...blocks.flatMap((block) => blockTexts(instance, statement, block)),
    text(
      `So $\\|\\theta'\\| \\ge \\|\\theta\\|$${reach === "local" ? " for every feasible $\\theta'$ near $\\theta$" : ""}.`,
    ),
  ]);
}

/** A block's cells, those with one and the same formula together. */
function blockTexts<E>(
  instance: Instance<E>,
  statement: Of<"lagrangian", E>,
  { members, split, excluded, cells }: LagrangianBlock<E>,
): Block[] {
  const { network } = instance;
  const { reach, multipliers } = statement;
  const block = blockOf(instance, depthTwo(instance), members[0]!, reach, multipliers);
  const [who, ...others] = members.map((group) => enumeration(group.map((unit) => `${unit + 1}`)));
  const alike = others.length > 0 ? ` (and alike for ${enumeration(others)})` : "";
  const [one, several] = network.source.kind === "convolutional" ? ["Patch", "Patches"] : ["Neuron", "Neurons"];
  const name = `${members[0]!.length === 1 ? one : several} ${who}${alike}`;
  const { units } = cellFrame(instance, block, split);
  const leaves = cells.map((cell) => ({ chosen: cell.orientations, key: cellFormula(instance, block, cell) }));
  if (units.length === 0) return [text(`${name}: $Q_B = ${leaves[0]!.key} \\ge 0$.`)];
  const signed = units.map(({ sample, layer, unit }) =>
    layer === 0 ? preactivationLatex(network, sample, layer, unit) : parameterLatex(network, block.parameters[unit]!),
  );
  const cubes = signCubes(leaves);
  return [
    ...excludedText(instance, excluded),
    text(`${name}, by the ${signed.length === 1 ? "sign" : "signs"} of $${signed.join(", ")}$${cubeLegend(cubes)}:`),
    items([...new Set(leaves.map(({ key }) => key))].map((key) => `${cubesLatex(cubes, key)}: $Q_B = ${key} \\ge 0$.`)),
  ];
}

/** Q_B on one cell as a sum of squares and of products of forms that are non-negative there. */
function cellFormula<E>(
  instance: Instance<E>,
  block: LagrangianBlockData<E>,
  { orientations, products }: LagrangianCell<E>,
): string {
  const { network, field: K } = instance;
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
    return isSum(latex) || /^[\d\\]/.test(latex) ? `\\left(${latex}\\right)` : latex;
  };
  const parts = products.map(({ first, second, weight }) => ({
    coefficient: K.mul(half, weight),
    factor: first === second ? `${form(first)}^{2}` : `${form(first)}\\, ${form(second)}`,
  }));
  const squares = squaresLatex(K, squaresOf(K, S), name);
  return parts.length === 0 ? squares : squares === "0" ? sumLatex(K, parts) : `${squares} + ${sumLatex(K, parts)}`;
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
      `Every parameter vector $\\theta'$ computes a linear map $\\Phi(\\theta'; x) = \\langle u', x\\rangle$. By Cauchy–Schwarz, layer by layer, $\\|u'\\|$ is at most the product of the Frobenius norms of ${m === 1 ? "the weight matrix $W_1'$" : m === 2 ? "the weight matrices $W_1', W_2'$" : `the weight matrices $W_1', \\dots, W_{${m}}'$`}, and by the inequality of the means`,
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
