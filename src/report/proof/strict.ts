/** `strict-local`: in full where curvature decides, and in two lines where the margins are linear. */
import { abs, compare } from "../../exact/field.js";
import { orderOf, tailBound } from "../../exact/multivariate.js";
import { Q } from "../../exact/rational.js";
import { keyOf } from "../../kernel/explore.js";
import type { Facts } from "../../kernel/facts.js";
import type { Proved } from "../../kernel/statements/index.js";
import type { StrictLeaf } from "../../kernel/statements/strict-local.js";
import { weightsOf } from "../../network/instance.js";
import { isLinear, isLinearLayer, parametersOf, type Scope } from "../../network/network.js";
import { relaxedLatex } from "./bound/forms.js";
import { casesOf, goneBlocks } from "./cases.js";
import { combinationLatex, coordinate, curvedProof, isUsed, lines, type NamedLeaf } from "./curvature.js";
import { type Block, claim, display, enumeration, items, text } from "./document.js";
import {
  activated,
  anyMarginLatex,
  marginIndex,
  parameterTuple,
  pointLatex,
  preactivationLatex,
  problemLatex,
  properScope,
  signedLatex,
} from "./notation.js";
import { fraction } from "./radicals.js";
import { isSum, multivariateLatex, numberLatex } from "./typeset.js";
import { firstMovingLayer, idleText, influentialUnits } from "./units.js";

export type StrictProved<E> = Extract<Proved<E>, { readonly kind: "strict-local" }>;

/** Whether, on the one cell that there is, every constraint with a multiplier is linear. */
export function isLinearStrict<E>(facts: Facts<E>, proved: StrictProved<E>): boolean {
  return "leaf" in proved.statement.tree && isLinearOn(facts, leavesOf(facts, proved)[0]!);
}

/** The leaves of the tree, in order, with their proofs and the names of their constraints. */
function leavesOf<E>(facts: Facts<E>, { statement, proof }: StrictProved<E>): NamedLeaf<E>[] {
  const { network } = facts.instance;
  const scope = properScope(network, statement.scope);
  const leaves: StrictLeaf<E>[] = [];
  const visit = (node: typeof statement.tree): void => {
    if ("leaf" in node) leaves.push(node.leaf);
    else if ("split" in node) {
      visit(node.on);
      visit(node.off);
    }
  };
  visit(statement.tree);
  const count = weightsOf(facts.instance, facts.instance.point).length;
  return leaves.map((leaf, k) => ({
    leaf,
    proof: proof[k]!,
    values: new Map((leaf.relaxed ?? []).map((at, v) => [count + v, relaxedLatex(facts.instance, at)])),
    names: [
      ...facts.active.map((j) => `h_{${marginIndex(network, facts.margins[j]!)}}`),
      ...proof[k]!.cell.conditions.map(({ at, orientation }) => {
        const name = signedLatex(network, at);
        return orientation > 0 ? name : `(-${name})`;
      }),
      ...(leaf.relaxed ?? []).flatMap((at) => {
        const [a, z] = [relaxedLatex(facts.instance, at), signedLatex(network, at)];
        const slope = network.slopes[at.layer]!;
        return [`(${a} - ${z})`, Q.isZero(slope) ? a : `(${a} - ${fraction(slope)} ${z})`];
      }),
    ],
    point: pointLatex(scope),
    moving: parametersOf(network, scope),
    radius: statement.radius,
  }));
}

export function strictLocalClaim<E>(facts: Facts<E>, proved: StrictProved<E>): Block {
  const { instance } = facts;
  const { network, field: K } = instance;
  const { radius, tree } = proved.statement;
  const scope = properScope(network, proved.statement.scope);
  const r = numberLatex(K, radius);
  const point = pointLatex(scope);
  const parts = leavesOf(facts, proved).map((named) => {
    const body = isLinearOn(facts, named) ? [linearProof(facts, named)] : curvedProof(instance, named);
    return { named, body, signs: keptSignsText(facts, named, scope) };
  });
  const keys = parts.map(({ named, body, signs }) => JSON.stringify([constraintLines(facts, named), body, signs]));
  const cases = casesOf(instance, tree, keys);
  const printed = cases.keys.map((key) => ({ key, ...parts[keys.indexOf(key)]! }));
  const sameSigns = printed.every(({ signs }) => signs === printed[0]!.signs);
  const estimate = estimateText(
    facts,
    printed.map(({ named }) => named),
  );
  const firstCurved = printed.findIndex(({ body }) => body.length > 1);
  const only = printed.length === 1 && cases.where(printed[0]!.key) === "";
  const body = printed.flatMap(({ key, named, body: [identity, ...rest], signs }, k) => {
    const where = cases.where(key);
    return [
      ...(signs === "" || (sameSigns && k > 0) ? [] : [text(sameSigns || only ? signs : `Now let ${where}. ${signs}`)]),
      ...neededBlocks(constraintLines(facts, named), only ? null : where),
      ...identity!,
      ...(k === firstCurved && estimate !== "" ? [text(estimate)] : []),
      ...rest.flat(),
    ];
  });
  const idle = idleText(instance, scope);
  const shifted = anyMarginLatex(network, "\\theta + d");
  const index = network.outputs === 1 ? "i" : "i,k";
  const active = network.outputs === 1 ? "active samples" : "active margins";
  return claim(
    `The point $${point}$ is a strict local optimum of $${problemLatex(scope)}$: every other feasible point within distance $${r}$ has larger norm.`,
    [
      text(
        `Let $d$ be a displacement of the coordinates $${parameterTuple(network, scope)}$ with $0 < \\|d\\| \\le ${r}$ and $\\theta + d$ feasible; write $h_{${index}} = ${shifted} - 1$ for the ${active}.${idle === "" ? "" : ` ${idle}`}${kinkText(facts, proved, only)}${valuesText(
          facts,
          parts.map(({ named }) => named),
        )}${only || cases.signs === "" ? "" : ` The cases are told apart ${cases.signs}.`}`,
      ),
      ...goneBlocks([cases]),
      ...body,
    ],
  );
}

/** Which forms have no sign at θ, as a sentence after others. */
function kinkText<E>({ instance: { network } }: Facts<E>, { proof }: StrictProved<E>, isAlike: boolean): string {
  const names = [
    ...new Set(proof.flatMap(({ cell }) => cell.conditions.map(({ at }) => `$${signedLatex(network, at)}$`))),
  ];
  if (names.length === 0) return "";
  const signs = names.length === 1 ? "both its signs are treated" : "their signs are treated as far as they matter";
  return ` At $\\theta$ ${enumeration(names)} ${names.length === 1 ? "is" : "are"} zero; ${signs}, the cells being closed${isAlike ? ", and the proof is the same for all" : ""}.`;
}

/** What the variables of relaxed units are, and how large, as sentences after others; empty where there are none. */
function valuesText<E>({ instance }: Facts<E>, leaves: readonly NamedLeaf<E>[]): string {
  const { network, field: K } = instance;
  const units = leaves.flatMap(({ leaf }) => leaf.relaxed ?? []);
  const [at] = units;
  if (at === undefined) return "";
  const bounds = leaves.flatMap(({ proof: { grades }, values }) =>
    [...values].map(([variable, name]) => {
      const { order, size } = grades.get(variable)!;
      const number = numberLatex(K, size);
      const factor = number === "1" ? "" : isSum(number) ? `\\left(${number}\\right)` : number;
      return `$${name} \\le ${factor}\\|d\\|${order === 1 ? "" : `^{${order}}`}$`;
    }),
  );
  const isLeaky = units.some(({ layer }) => !Q.isZero(network.slopes[layer]!));
  const forms = isLeaky ? "$a - z$ and $a - s z$, with the slope $s$ below $0$," : "$a - z$ and $a$";
  return ` Where the sign of a pre-activation $z$ is left open, its output $a = ${activated(network, at.layer, "z")}$ is a variable of its own: ${forms} are not negative, and their product is $0$. As $|a| \\le |z|$, in size ${enumeration([...new Set(bounds)])}; in what follows the size of a coefficient is multiplied by these factors, and the degree of such a variable is the exponent here.`;
}

/** Several layers with linear margins in one claim. */
export function linearStrictClaim<E>(facts: Facts<E>, group: readonly StrictProved<E>[]): Block {
  const { instance } = facts;
  const { network, field: K } = instance;
  const entries = group.map((proved) => {
    const { scope, radius } = proved.statement;
    const [named] = leavesOf(facts, proved) as [NamedLeaf<E>];
    const signs = [idleText(instance, scope), keptSignsText(facts, named, scope)];
    const { constraints } = named.proof;
    const margins = constraints.flatMap((h, j) =>
      isUsed(instance, named, j) ? [`$${named.names[j]} = ${multivariateLatex(K, h, coordinate(named))}$`] : [],
    );
    return `Layer ${scope! + 1}, $${parameterTuple(network, scope)}$, radius $${numberLatex(K, radius)}$: ${signs.map((one) => (one === "" ? "" : `${one} `)).join("")}${
      margins.length === 0
        ? `$${pointLatex(scope)} = 0$`
        : `${margins.join(", ")}, and $\\langle ${pointLatex(scope)}, d\\rangle = ${combinationLatex(instance, named)} \\ge 0$`
    }.`;
  });
  const index = network.outputs === 1 ? "i" : "i,k";
  return claim(
    `Each of the following layers is a strict local optimum of its own problem: every other feasible point within the radius has larger norm.`,
    [
      text(
        `For a displacement $d \\ne 0$ of the layer's weights within the radius no pre-activation that matters to an active margin changes its sign, so the active margins are affine. With $h_{${index}} = ${anyMarginLatex(network, "\\theta + d")} - 1 \\ge 0$ for these:`,
      ),
      items(entries),
      text(
        "In each case $\\|\\theta_l + d\\|^{2} - \\|\\theta_l\\|^{2} = \\|d\\|^{2} + 2\\langle\\theta_l, d\\rangle \\ge \\|d\\|^{2} > 0$.",
      ),
    ],
  );
}

function constraintLines<E>({ instance }: Facts<E>, named: NamedLeaf<E>): string[] {
  return named.proof.constraints.flatMap((h, j) =>
    isUsed(instance, named, j)
      ? lines(`${named.names[j]} &= `, `${multivariateLatex(instance.field, h, coordinate(named))} \\ge 0`)
      : [],
  );
}

function isLinearOn<E>({ instance: { field: K } }: Facts<E>, { leaf, proof }: NamedLeaf<E>): boolean {
  return proof.constraints.every(
    (h, j) => K.isZero(leaf.multipliers[j]!) || [...h.values()].every(({ variables }) => variables.length < 2),
  );
}

/** Why the pre-activations that are not zero at θ keep their signs in the ball, in a sentence or two; empty where there is none. */
function keptSignsText<E>(
  { instance, margins, active, passes }: Facts<E>,
  { leaf, proof: { cell, grades }, radius, ...named }: NamedLeaf<E>,
  scope: Scope,
): string {
  const { network, field: K } = instance;
  if (isLinear(network)) return "";
  const influential = influentialUnits(instance, scope);
  const samples = [...new Set(active.map((j) => margins[j]!.sample))];
  const first = firstMovingLayer(instance, scope);
  const count = weightsOf(instance, instance.point).length;
  const relaxed = new Map((leaf.relaxed ?? []).map((at, k) => [keyOf(at), count + k]));
  const byValue: string[] = [];
  const bySigns: string[] = [];
  for (const sample of samples) {
    for (const [l, units] of cell.sample(sample, relaxed).layers.entries()) {
      if (l < first || isLinearLayer(network, l)) continue;
      for (const [unit, { z, sign }] of units.entries()) {
        const here = passes[sample]!.preactivations[l]![unit]!;
        if (z === null || sign === null || sign === 0 || !influential[l]![unit] || K.isZero(here)) continue;
        if ([...z.values()].every(({ variables }) => variables.length === 0)) continue;
        const isKept = compare(K, abs(K, here), K.mul(radius, tailBound(K, z, 1, radius, grades))) > 0;
        const name = preactivationLatex(network, sample, l, unit);
        if (isKept) byValue.push(`$${name} = ${multivariateLatex(K, z, coordinate(named))} ${sign < 0 ? "<" : ">"} 0$`);
        else bySigns.push(`$${name} ${sign < 0 ? "\\le" : "\\ge"} 0$`);
      }
    }
  }
  const kept = byValue.length === 1 ? "the sign stays" : "the signs stay";
  return [
    ...(byValue.length === 0 ? [] : [`As $|d_k| \\le ${numberLatex(K, radius)}$, ${kept}: ${byValue.join(", ")}.`]),
    ...(bySigns.length === 0 ? [] : [`By the signs of what they are sums of, ${enumeration(bySigns)}.`]),
  ].join(" ");
}

/** The constraints that a proof needs; θ_l = 0 needs none. */
function neededBlocks(needed: readonly string[], where: string | null): Block[] {
  if (needed.length === 0) return where === null ? [] : [text(`No constraint is needed where ${where}.`)];
  return [
    text(where === null ? "So the active margins give" : `The constraints that are needed where ${where} are`),
    display(...needed),
  ];
}

function linearProof<E>({ instance }: Facts<E>, named: NamedLeaf<E>): Block[] {
  const { point } = named;
  const combined = combinationLatex(instance, named);
  const growth = `\\|${point} + d\\|^{2} - \\|${point}\\|^{2} = \\|d\\|^{2}`;
  if (combined === "0") return [text(`As $${point} = 0$,`), display(`${growth} > 0.`)];
  return [
    text("Hence"),
    display(
      `\\langle ${point}, d\\rangle = ${combined} \\ge 0,\\qquad ${growth} + 2\\langle ${point}, d\\rangle \\ge \\|d\\|^{2} > 0.`,
    ),
  ];
}

/** How squares and products of linear parts, and terms of higher degree, are estimated on all cells; empty where nothing is. */
function estimateText<E>({ instance: { field: K } }: Facts<E>, leaves: readonly NamedLeaf<E>[]): string {
  const higher = isHigher(leaves);
  const squares = leaves.some(({ leaf }) => !K.isZero(leaf.rho));
  const products = leaves.some(({ leaf }) => leaf.products.length > 0);
  if (!higher && !squares && !products) return "";
  const consequences = [
    ...(squares ? ["$g(d)^{2} \\le L\\|d\\|\\,(h + C\\|d\\|^{2}) \\le L r\\,h + L C r\\,\\|d\\|^{2}$"] : []),
    ...(products ? ["for two of them $g(d)\\,g'(d) \\ge -\\max(C L', C' L)\\, r\\,\\|d\\|^{2}$"] : []),
  ];
  return `Let $g$ be the linear part of a constraint $h \\ge 0$. As $\\|d\\| \\le r = ${numberLatex(K, leaves[0]!.radius)}$, $|g(d)| \\le L\\|d\\|$ and $|h - g(d)| \\le C\\|d\\|^{2}$, where $L$ and $C$ are the sums of the sizes of the coefficients of $g$ and $h - g${
    higher
      ? "$, those of degree $k > 2$ times $r^{k-2}$; likewise the terms of $h$ of degree $3$ and more are at most $D r\\|d\\|^{2}$ in size, with weights $r^{k-3}$"
      : "$"
  }.${consequences.length === 0 ? "" : ` Hence ${consequences.join(", and ")}.`}`;
}

/** Whether some constraint that is used has terms of degree 3. */
function isHigher<E>(leaves: readonly NamedLeaf<E>[]): boolean {
  return leaves.some(({ proof }) =>
    proof.constraints.some((h) =>
      [...h.values()].some(({ variables }) => variables.length > 1 && orderOf(variables, proof.grades) > 2),
    ),
  );
}
