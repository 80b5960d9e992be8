/** `layer-global` and `layer-cells`: a layer's own problem. */
import type { Instance, Of, Orientation } from "../../certificate/format.js";
import { squaredNorm, sum } from "../../exact/field.js";
import { gradient, passAt } from "../../kernel/forward.js";
import { cellGradients, cellUnits } from "../../kernel/layer-cells.js";
import { combination, orientations, withOrientations } from "../../kernel/pieces.js";
import { parametersOf } from "../../problem/network.js";
import { type Block, claim, display, items, table, text } from "./document.js";
import { excludedText } from "./exclusions.js";
import { parameterLatex, pointLatex, preactivationLatex, problemLatex } from "./notation.js";
import { formLatex, numberLatex, sumLatex } from "./typeset.js";

/** All layers whose problem is convex in one claim. */
export function layerGlobalClaim<E>(instance: Instance<E>, statements: readonly Of<"layer-global", E>[]): Block {
  const { network, field: K, data, point } = instance;
  const entries = statements.map(({ layer, multipliers }) => {
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
    return `Layer ${layer + 1}: ${margins.join(", ")}; $\\langle ${pointLatex(layer)}, w\\rangle = ${combined} \\ge ${total} = \\|${pointLatex(layer)}\\|^{2}$.`;
  });
  const problems = statements.map(({ layer }) => `$${problemLatex(layer)}$`);
  const linear = network.activation.kind === "linear";
  return claim(
    statements.length === 1
      ? `The point $${pointLatex(statements[0]!.layer)}$ is the unique global optimum of ${problems[0]}.`
      : `For each of the problems ${problems.join(", ")}, the point $\\theta_{l}$ is the unique global optimum.`,
    [
      text(
        `While the other ${linear ? "layers stay" : "layers stay, and with them every pattern,"} the margins are linear in the weights $w$ of the layer. For every feasible $w$, with $m_i(w) = y_i\\Phi \\ge 1$:`,
      ),
      items(entries),
      text(
        "By the Cauchy–Schwarz inequality $\\|\\theta_{l}\\|\\,\\|w\\| \\ge \\|\\theta_{l}\\|^{2}$, so $\\|w\\| \\ge \\|\\theta_{l}\\|$, with equality for $w = \\theta_{l}$ only.",
      ),
    ],
  );
}

interface CellGroup {
  readonly margins: readonly string[];
  readonly reason: string;
  readonly signs: string[];
}

/** With more cells than this, they are counted, not named. */
const MAX_NAMED_CELLS = 8;

/** All hidden layers in one claim, with a table of cells for each. */
export function layerCellsClaim<E>(instance: Instance<E>, statements: readonly Of<"layer-cells", E>[]): Block {
  const problems = statements.map(({ layer }) => `$${problemLatex(layer)}$`);
  return claim(
    statements.length === 1
      ? `The point $${pointLatex(statements[0]!.layer)}$ is a global optimum of ${problems[0]}.`
      : `For each of the problems ${problems.join(", ")}, the point $\\theta_{l}$ is a global optimum.`,
    [
      text(
        "The signs of the pre-activations that can matter cut the space of the layer's weights $w$ into closed cells, on each of which the margins are linear forms $m_i$. Take $\\lambda_i \\ge 0$ with the sum $\\Lambda$, and let $v$ be $\\sum_i \\lambda_i m_i$, plus perhaps non-negative multiples of forms that are non-negative on the cell. For every feasible $w$ in the cell $\\langle v, w\\rangle \\ge \\Lambda$, and so",
      ),
      display("\\|w\\|^{2} \\ge 2\\langle v, w\\rangle - \\|v\\|^{2} \\ge 2\\Lambda - \\|v\\|^{2}."),
      ...statements.flatMap((statement) => cellsTable(instance, statement)),
    ],
  );
}

function cellsTable<E>(instance: Instance<E>, { layer, excluded, cells }: Of<"layer-cells", E>): Block[] {
  const { network, field: K, data, point } = instance;
  const moving = parametersOf(network, layer);
  const name = (v: number) => parameterLatex(network, moving[v]!);
  const units = cellUnits(instance, layer);
  const norm = squaredNorm(
    K,
    moving.map((k) => point[k]!),
  );
  const byOrientation = new Map(cells.map((cell) => [cell.orientations.join(), cell]));
  const groups = new Map<string, CellGroup>();
  for (const chosen of orientations(units, [], excluded)) {
    const { margins, signs } = cellGradients(instance, layer, units, chosen);
    const { multipliers, signMultipliers } = byOrientation.get(chosen.join())!;
    const texts = margins.map((g) => formLatex(K, g, name));
    const vanishing = margins.findIndex((g, i) => !K.isZero(multipliers[i]!) && g.every(K.isZero));
    let reason: string;
    if (vanishing !== -1) reason = `no point is feasible: $m_{${vanishing + 1}} = 0$`;
    else {
      const v = combination(K, moving.length, [
        ...margins.map((g, i) => [multipliers[i]!, g] as const),
        ...signs.map((g, k) => [signMultipliers[k]!, g] as const),
      ]);
      const total = sum(K, multipliers);
      const bound = K.sub(K.add(total, total), squaredNorm(K, v));
      const combined = sumLatex(K, [
        ...multipliers.map((coefficient, i) => ({ coefficient, factor: `m_{${i + 1}}` })),
        ...signMultipliers.map((coefficient, k) => ({ coefficient, factor: signLatex(k, chosen[k]!) })),
      ]);
      reason = `$v = ${combined}$, $2\\Lambda - \\lVert v\\rVert^{2} = ${numberLatex(K, bound)}$`;
    }
    const signText = `$${chosen.map((sign) => (sign > 0 ? "+" : "-")).join("")}$`;
    const key = [...texts, reason].join("|");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { margins: texts, reason, signs: [signText] });
    else group.signs.push(signText);
  }
  function signLatex(k: number, sign: Orientation): string {
    const { sample, layer: l, unit } = units[k]!;
    const z = preactivationLatex(network, sample, l, unit);
    return sign > 0 ? z : `(-${z})`;
  }
  const named = cells.length <= MAX_NAMED_CELLS;
  const rows = [...groups.values()].map(({ margins, reason, signs }) => [
    named ? signs.join(", ") : `${signs.length}`,
    ...margins.map((m) => `$${m}$`),
    reason,
  ]);
  const signNames = units.map(({ sample, layer: l, unit }) => preactivationLatex(network, sample, l, unit));
  const heads = [
    named ? `signs of $${signNames.join(", ")}$` : "number of cells",
    ...data.map((_, i) => `$m_{${i + 1}}$`),
    "reason",
  ];
  return [
    ...excludedText(instance, excluded),
    text(
      `On every cell this is at least $\\|${pointLatex(layer)}\\|^{2} = ${numberLatex(K, norm)}$, or no point is feasible:`,
    ),
    table(heads, rows),
  ];
}
