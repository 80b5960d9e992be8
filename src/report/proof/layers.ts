/** `layer-global` and `layer-cells`: a layer's own problem. */
import type { Instance, Of, Orientation, Scope, UnitAtSample } from "../../certificate/format.js";
import { squaredNorm, sum } from "../../exact/field.js";
import { gradient, passAt } from "../../kernel/forward.js";
import { cellGradients, cellUnits } from "../../kernel/layer-cells.js";
import { combination, orientations, withOrientations } from "../../kernel/pieces.js";
import { parametersOf } from "../../problem/network.js";
import { cubeLegend, cubesLatex, signCubes } from "./cubes.js";
import { type Block, claim, display, items, table, text } from "./document.js";
import { excludedText } from "./exclusions.js";
import { isSmooth, parameterLatex, pointLatex, preactivationLatex, problemLatex } from "./notation.js";
import { decimalLatex, formLatex, numberLatex, sumLatex, tupleLatex } from "./typeset.js";
import { idleText } from "./units.js";

/** All layers whose problem is convex in one claim. */
export function layerGlobalClaim<E>(instance: Instance<E>, statements: readonly Of<"layer-global", E>[]): Block {
  const { network, field: K, data, point } = instance;
  // The only layer is the whole.
  const alone = network.layers.length === 1;
  const scopeOf = (layer: number): Scope => (alone ? null : layer);
  const entries = statements.map(({ layer, multipliers }) => {
    const name = pointLatex(scopeOf(layer));
    const moving = parametersOf(network, layer);
    const used = multipliers.flatMap((lambda, i) => (K.isZero(lambda) ? [] : [i]));
    const margins = used.map((i) => {
      const pattern = withOrientations(instance, passAt(instance, i, point), [], []);
      const g = gradient(instance, i, pattern);
      const signed = moving.map((k) => (data[i]!.y === 1 ? g[k]! : K.neg(g[k]!)));
      return `$m_{${i + 1}}(w) = ${formLatex(K, signed, (v) => parameterLatex(network, moving[v]!))}$`;
    });
    const combined = sumLatex(
      K,
      used.map((i) => ({ coefficient: multipliers[i]!, factor: `m_{${i + 1}}(w)` })),
    );
    const total = numberLatex(K, sum(K, multipliers));
    return `${alone ? "" : `Layer ${layer + 1}: `}${margins.join(", ")}; $\\langle ${name}, w\\rangle = ${combined} \\ge ${total} = \\|${name}\\|^{2}$.`;
  });
  const problems = statements.map(({ layer }) => `$${problemLatex(scopeOf(layer))}$`);
  const stay = isSmooth(network) ? "stay" : "stay, and with them every pattern,";
  const moving = alone ? "The margins" : `While the other layers ${stay} the margins`;
  const name = statements.length === 1 ? pointLatex(scopeOf(statements[0]!.layer)) : "\\theta_{l}";
  return claim(
    statements.length === 1
      ? `The point $${name}$ is the unique global optimum of ${problems[0]}.`
      : `For each of the problems ${problems.join(", ")}, the point $${name}$ is the unique global optimum.`,
    [
      text(
        `${moving} are linear in the weights $w$${alone ? "" : " of the layer"}. For every feasible $w$, with $m_i(w) = y_i\\Phi \\ge 1$:`,
      ),
      items(entries),
      text(
        `By the Cauchy–Schwarz inequality $\\|${name}\\|\\,\\|w\\| \\ge \\|${name}\\|^{2}$, so $\\|w\\| \\ge \\|${name}\\|$, with equality for $w = ${name}$ only.`,
      ),
    ],
  );
}

/** All hidden layers in one claim, with a table of cells for each. */
export function layerCellsClaim<E>(instance: Instance<E>, statements: readonly Of<"layer-cells", E>[]): Block {
  const problems = statements.map(({ layer }) => `$${problemLatex(layer)}$`);
  return claim(
    statements.length === 1
      ? `The point $${pointLatex(statements[0]!.layer)}$ is a global optimum of ${problems[0]}.`
      : `For each of the problems ${problems.join(", ")}, the point $\\theta_{l}$ is a global optimum.`,
    [
      text(
        "The signs of the pre-activations cut the space of the layer's weights $w$ into closed cells, on each of which every margin is linear, $y_i\\Phi = \\langle m_i, w\\rangle$. Take $\\lambda_i \\ge 0$ with the sum $\\Lambda$, and let $v$ be $\\sum_i \\lambda_i m_i$, plus perhaps non-negative multiples of the gradients $\\pm\\nabla z$ in $w$ of pre-activations, with the sign that makes $\\pm z$ non-negative on the cell. For every feasible $w$ in the cell $\\langle v, w\\rangle \\ge \\Lambda$, and so",
      ),
      display("\\|w\\|^{2} \\ge 2\\langle v, w\\rangle - \\|v\\|^{2} \\ge 2\\Lambda - \\|v\\|^{2}."),
      text("It remains to find this bound at least $\\|\\theta_{l}\\|^{2}$ on each cell that has feasible points."),
      ...statements.flatMap((statement) => cellsTable(instance, statement)),
    ],
  );
}

/** A table with more rows of signs than this counts the cells instead. */
const MAX_SIGN_ROWS = 24;

interface CellRow {
  readonly margins: readonly string[];
  readonly bound: string;
}

function cellsTable<E>(instance: Instance<E>, statement: Of<"layer-cells", E>): Block[] {
  const { network, field: K, data, point } = instance;
  const { layer, excluded } = statement;
  const units = cellUnits(instance, layer);
  const norm = squaredNorm(
    K,
    parametersOf(network, layer).map((k) => point[k]!),
  );
  const rows = new Map<string, CellRow>();
  const leaves = [...orientations(units, [], excluded)].map((chosen) => {
    const row = cellRow(instance, statement, units, chosen);
    const key = [...row.margins, row.bound].join("|");
    rows.set(key, row);
    return { chosen, key };
  });
  const cubes = signCubes(leaves);
  const named = cubes.length <= MAX_SIGN_ROWS;
  const names = units.map(({ sample, layer: l, unit }) => preactivationLatex(network, sample, l, unit));
  const order = names.length === 0 ? "" : `, by the ${names.length === 1 ? "sign" : "signs"} of $${names.join(", ")}$`;
  const idle = idleText(instance, layer);
  return [
    ...excludedText(instance, excluded),
    text(
      `${idle === "" ? "" : `${idle} `}Layer ${layer + 1}, with $\\|${pointLatex(layer)}\\|^{2} = ${numberLatex(K, norm)}${decimalLatex(K, norm)}$${order}${named ? cubeLegend(cubes) : ""}:`,
    ),
    table(
      [named ? "signs" : "number of cells", ...data.map((_, i) => `$\\langle m_{${i + 1}}, w\\rangle$`), "bound"],
      [...rows].map(([key, { margins, bound }]) => [
        named ? cubesLatex(cubes, key) : `${leaves.filter((leaf) => leaf.key === key).length}`,
        ...margins.map((m) => `$${m}$`),
        bound,
      ]),
    ),
  ];
}

/** The margins on a cell, and what bounds its feasible points. */
function cellRow<E>(
  instance: Instance<E>,
  { layer, cells }: Of<"layer-cells", E>,
  units: readonly UnitAtSample[],
  chosen: readonly Orientation[],
): CellRow {
  const { network, field: K } = instance;
  const moving = parametersOf(network, layer);
  const { multipliers, signMultipliers } = cells.find((cell) => cell.orientations.join() === chosen.join())!;
  const { margins, signs } = cellGradients(instance, layer, units, chosen);
  const texts = margins.map((g) => formLatex(K, g, (v) => parameterLatex(network, moving[v]!)));
  const vanishing = margins.findIndex((g, i) => !K.isZero(multipliers[i]!) && g.every(K.isZero));
  if (vanishing !== -1) return { margins: texts, bound: `no feasible point, as $m_{${vanishing + 1}} = 0$` };
  const v = combination(K, moving.length, [
    ...margins.map((g, i) => [multipliers[i]!, g] as const),
    ...signs.map((g, k) => [signMultipliers[k]!, g] as const),
  ]);
  const total = sum(K, multipliers);
  const bound = K.sub(K.add(total, total), squaredNorm(K, v));
  const sums = sumLatex(K, [
    ...multipliers.map((coefficient, i) => ({ coefficient, factor: `m_{${i + 1}}` })),
    ...units.map(({ sample, layer: l, unit }, k) => ({
      coefficient: chosen[k]! > 0 ? signMultipliers[k]! : K.neg(signMultipliers[k]!),
      factor: `\\nabla ${preactivationLatex(network, sample, l, unit)}`,
    })),
  ]);
  return {
    margins: texts,
    bound: `$v = ${sums} = ${tupleLatex(K, v)}$, $2\\Lambda - \\lVert v\\rVert^{2} = ${numberLatex(K, bound)}${decimalLatex(K, bound)}$`,
  };
}
