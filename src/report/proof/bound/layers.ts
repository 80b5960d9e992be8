/** A bound in which one layer moves, where a linear form proves each cell: a layer's own problem. */
import { equals, squaredNorm, sum } from "../../../exact/field.js";
import { multivariateRing } from "../../../exact/multivariate.js";
import { rational } from "../../../exact/rational.js";
import { isLinear } from "../../../network/network.js";
import { casesOf, goneBlocks } from "../cases.js";
import { type Block, claim, display, items, table, text } from "../document.js";
import { anyMarginLatex, marginIndex, parameterLatex, pointLatex, problemLatex } from "../notation.js";
import { decimalLatex, multivariateLatex, numberLatex, sumLatex } from "../typeset.js";
import { idleText } from "../units.js";
import { type Bounds, multipliersLatex, type Part } from "./bounds.js";
import { boundedLatex, isPlain, type NamedLeaf, named, productsOf } from "./forms.js";
import { blocksText } from "./lagrangian.js";

/** Whether linear forms in the weights of the only layer that moves prove it. */
export function isLinearBound<E>({ shape, chain, parts, facts }: Bounds<E>): boolean {
  const isOneLayer = shape.layers.length === 1 && chain === null;
  const leaves = parts.flatMap((part) => part.leaves.map((leaf) => named(facts.instance, leaf)));
  return isOneLayer && leaves.every((one) => isPlain(one, productsOf(one)));
}

/** Whether groups of units are bounded by themselves. */
export function isSplit<E>({ parts, blocks, isJoint }: Bounds<E>): boolean {
  return !isJoint && (parts.length > 1 || blocks.length > 1);
}

/** Whether there is but one cell, so that all margins that are used are linear. */
export function isConvex<E>(bounds: Bounds<E>): boolean {
  // Of blocks that are alike only the first one's margins are known.
  const isKnown = !isSplit(bounds) || bounds.parts.every(({ blocks }) => blocks.length === 1);
  return isKnown && bounds.parts.every(({ tree }) => "leaf" in tree);
}

/** The coefficients of f on each cell, in the order of these parameters; Σα ≤ f(w) for feasible w. */
function formsOf<E>({ facts }: Bounds<E>, { leaves }: Part<E>, moving: readonly number[]): E[][] {
  const K = facts.instance.field;
  return leaves.map(({ form }) => moving.map((v) => form.get(String(v))?.coefficient ?? K.zero));
}

/** Whether θ is the only global optimum: where the bound of a cell is attained, its form is a multiple of θ. */
export function isUnique<E>(bounds: Bounds<E>): boolean {
  const { facts, moving, norm, reach, parts, blocks } = bounds;
  const { field: K, point } = facts.instance;
  if (reach === "local" || !isLinearBound(bounds)) return false;
  return parts.every((part) => {
    const block = new Set(part.blocks.flatMap((b) => blocks[b]!.flat(2).map(({ weight }) => weight)));
    const own = isSplit(bounds) ? moving.filter((k) => block.has(k)) : moving;
    // Of blocks that are alike only the first one's form is known.
    if (isSplit(bounds) && part.blocks.length > 1) return false;
    return formsOf(bounds, part, own).every((f, k) => {
      const scale = K.div(norm, sum(K, part.alpha[k]!));
      const isTight = equals(K, squaredNorm(K, f), part.leaves[k]!.squaredBound);
      return !isTight || f.every((c, v) => equals(K, K.mul(scale, c), point[own[v]!]!));
    });
  });
}

/** What a claim for one or several scopes says, with the name of the point, and the index of a margin. */
function opening<E>(group: readonly Bounds<E>[], what: string): { claimed: string; name: string; index: string } {
  const [{ facts, scope }] = group as [Bounds<E>];
  const name = group.length === 1 ? pointLatex(scope) : "\\theta_{l}";
  const problems = group.map((one) => `$${problemLatex(one.scope)}$`);
  const claimed =
    group.length === 1
      ? `The point $${name}$ is ${what} of ${problems[0]}.`
      : `For each of the problems ${problems.join(", ")}, the point $${name}$ is ${what}.`;
  return { claimed, name, index: facts.instance.network.outputs === 1 ? "i" : "i,k" };
}

/** All layers whose problem has one cell in one claim. */
export function convexClaim<E>(group: readonly Bounds<E>[]): Block {
  const [{ facts }] = group as [Bounds<E>];
  const { instance, margins } = facts;
  const { network, field: K } = instance;
  const isWhole = group.every(({ scope }) => scope === null);
  const ring = multivariateRing(K);
  const entries = group.map(({ scope, parts, norm }) => {
    const name = pointLatex(scope);
    const leaves = parts.map((part) => named(instance, part.leaves[0]!));
    const [one] = leaves as [NamedLeaf<E>];
    const products = leaves.flatMap(productsOf);
    const alpha = parts[0]!.alpha[0]!;
    const scale = K.div(norm, sum(K, alpha));
    const margin = (j: number) => `m_{${marginIndex(network, margins[j]!)}}(w)`;
    const used = alpha.flatMap((c, j) => {
      if (K.isZero(c)) return [];
      const value = sum(
        ring,
        leaves.map(({ leaf }) => leaf.cell.margin(margins[j]!)!),
      );
      return [`$${margin(j)} = ${multivariateLatex(K, value, one.variable)}$`];
    });
    const scaledProducts = products.map((product) => ({ ...product, weight: K.mul(scale, product.weight) }));
    const combined = boundedLatex(
      one,
      alpha.map((c) => K.mul(scale, c)),
      margin,
      scaledProducts,
    );
    const signs = products.map(({ first }) => `$${first.symbol} ${first.isNegated ? "\\le" : "\\ge"} 0$`);
    return `${scope === null ? "" : `Layer ${scope + 1}: `}${[...used, ...signs].join(", ")}; $\\langle ${name}, w\\rangle = ${combined} \\ge ${numberLatex(K, norm)} = \\|${name}\\|^{2}$.`;
  });
  const isLast = group.every(({ scope }) => scope === network.layers.length - 1);
  const stay = isLast && !isLinear(network) ? "stay, and with them every pattern," : "stay";
  const moving = isWhole
    ? "The margins that are used are linear in the weights $w$ that move"
    : `While the other layers ${stay} the margins that are used are linear in the weights $w$ of the layer`;
  const { claimed, name, index } = opening(group, "the unique global optimum");
  return claim(claimed, [
    text(
      `${moving}. For every feasible $w$, with $m_{${index}}(w) = ${network.outputs === 1 ? "y_i\\Phi" : "\\Phi_{y_i} - \\Phi_k"} \\ge 1$:`,
    ),
    items(entries),
    text(
      `By the Cauchy–Schwarz inequality $\\|${name}\\|\\,\\|w\\| \\ge \\|${name}\\|^{2}$, so $\\|w\\| \\ge \\|${name}\\|$, with equality for $w = ${name}$ only.`,
    ),
  ]);
}

/** All layers whose problem is cut into cells in one claim, with a table for each. */
export function cellsClaim<E>(group: readonly Bounds<E>[]): Block {
  const [{ reach, facts }] = group as [Bounds<E>];
  const { network } = facts.instance;
  const unique = group.every(isUnique);
  const { claimed, name, index } = opening(group, unique ? "the unique global optimum" : `a ${reach} optimum`);
  return claim(claimed, [
    text(
      `The signs of the pre-activations cut ${reach === "local" ? `a neighbourhood of $${name}$` : "the space"} ${group[0]!.scope === null ? "of the weights $w$" : "of the layer's weights $w$"} into closed cells, on which the margins $m_{${index}} = ${anyMarginLatex(network, "\\theta'")}$ that matter are linear. Let $f = \\sum \\lambda_{${index}} m_{${index}}$ with $\\lambda_{${index}} \\ge 0$ and $\\Lambda = \\sum \\lambda_{${index}} > 0$, plus perhaps multiples of pre-activations that are not negative on the cell. For every feasible $w$ in the cell`,
    ),
    display(
      "\\Lambda \\le f(w) \\le \\|f\\|\\,\\|w\\|, \\qquad\\text{so}\\qquad \\|w\\|^{2} \\ge \\Lambda^{2} / \\|f\\|^{2},",
    ),
    text(
      `and there is no feasible point in the cell if $f = 0$. It remains to find this bound at least $\\|${name}\\|^{2}$ on each cell${
        unique
          ? `; equality requires $w = \\Lambda f / \\|f\\|^{2}$, which is $${name}$ wherever the bound is equal to $\\|${name}\\|^{2}$`
          : ""
      }.`,
    ),
    ...group.flatMap(cellsTable),
  ]);
}

/** A table with more rows of signs than this counts the cells instead. */
const MAX_ROWS = 24;
/** With more margins than this only their combination is shown. */
const MAX_MARGINS = 3;

function cellsTable<E>(bounds: Bounds<E>): Block[] {
  const { facts, scope, parts, moving, norm } = bounds;
  const { instance, margins } = facts;
  const { network, field: K } = instance;
  const [part] = parts as [(typeof parts)[number]];
  const shown = margins.flatMap((_, j) => (part.alpha.some((alpha) => !K.isZero(alpha[j]!)) ? [j] : []));
  const margin = (j: number) => `m_{${marginIndex(network, margins[j]!)}}`;
  const forms = formsOf(bounds, part, moving);
  const rows = part.leaves.map((leaf, k) => {
    const one = named(instance, leaf);
    const alpha = part.alpha[k]!;
    const f = forms[k]!;
    const total = sum(K, alpha);
    const used = shown.map((j) =>
      K.isZero(alpha[j]!) ? "" : `$${multivariateLatex(K, leaf.cell.margin(margins[j]!)!, one.variable)}$`,
    );
    const combined = boundedLatex(one, alpha, margin, productsOf(one));
    const form = sumLatex(
      K,
      f.map((coefficient, v) => ({ coefficient, factor: parameterLatex(network, moving[v]!) })),
    );
    const length = squaredNorm(K, f);
    const bound = K.isZero(length) ? null : K.div(K.mul(total, total), length);
    return [
      ...(shown.length > MAX_MARGINS ? [] : used),
      `$${combined === form ? form : `${combined} = ${form}`}$`,
      bound === null ? "no feasible point" : `$${numberLatex(K, bound)}${decimalLatex(K, bound)}$`,
    ];
  });
  const keys = rows.map((row) => row.join("|"));
  const cases = casesOf(instance, part.tree, keys);
  const byKey = new Map(keys.map((key, k) => [key, rows[k]!]));
  const isNamed = cases.keys.length <= MAX_ROWS;
  const name = pointLatex(scope);
  const idle = idleText(instance, scope);
  const order = cases.signs === "" ? "" : `, ${cases.signs}`;
  return [
    ...goneBlocks([cases]),
    text(
      `${idle === "" ? "" : `${idle} `}${scope === null ? "Here" : `Layer ${scope + 1}, with`} $\\|${name}\\|^{2} = ${numberLatex(K, norm)}${decimalLatex(K, norm)}$${order}:`,
    ),
    table(
      [
        isNamed ? "signs" : "number of cells",
        ...(shown.length > MAX_MARGINS ? [] : shown.map((j) => `$${margin(j)}$`)),
        "$f$",
        "$\\Lambda^{2} / \\|f\\|^{2}$",
      ],
      cases.keys.map((key) => [isNamed ? cases.where(key) : `${cases.count(key)}`, ...byKey.get(key)!]),
    ),
  ];
}

/** All layers in whose problems groups of units are bounded by themselves, with a table for each. */
export function splitClaim<E>(group: readonly Bounds<E>[]): Block {
  const [{ facts, reach }] = group as [Bounds<E>];
  const { network } = facts.instance;
  const unique = group.every(isUnique);
  const { claimed, name, index } = opening(group, unique ? "the unique global optimum" : `a ${reach} optimum`);
  return claim(claimed, [
    text(
      `Let $m_{${index}} = ${anyMarginLatex(network, "\\theta'")}$, and take $\\lambda_{${index}} \\ge 0$ with the sum $\\Lambda > 0$. On each closed cell of signs${reach === "local" ? ` near $${name}$` : ""} the combination $\\sum \\lambda_{${index}} m_{${index}}$ is a linear form in the weights $w$ ${group[0]!.scope === null ? "that move" : "of the layer"}, a sum of forms $f_B$ in the weights $w_B$ of groups $B$ of hidden neurons; multiples of pre-activations may be added to $f_B$ that are not negative on the cell. If $\\|f_B\\| \\le C_B$ on each cell and $\\sum_{B} C_B^{2} = \\Lambda^{2} / \\|${name}\\|^{2}$, then for every feasible $w$`,
    ),
    display(
      `\\Lambda \\le \\sum_{B} f_B(w_B) \\le \\sum_{B} C_B \\|w_B\\| \\le \\Big(\\sum_{B} C_B^{2}\\Big)^{1/2} \\|w\\| = \\frac{\\Lambda}{\\|${name}\\|} \\|w\\|,`,
    ),
    text(
      `so $\\|w\\| \\ge \\|${name}\\|$${unique ? `; and equality requires that each $w_B$ is $\\|${name}\\|^{2} f_B / \\Lambda$ with $\\|f_B\\| = C_B$, which is the part of $${name}$ in $B$` : ""}.`,
    ),
    ...group.flatMap(splitTable),
  ]);
}

/** With more cells than this a group has a table of its own. */
const MAX_TOGETHER = 4;

function splitTable<E>(bounds: Bounds<E>): Block[] {
  const { facts, scope, parts, moving, norm, blocks } = bounds;
  const { instance, margins } = facts;
  const { network, field: K } = instance;
  const alpha = parts[0]!.alpha[0]!;
  const margin = (j: number) => `m_{${marginIndex(network, margins[j]!)}}`;
  const isCut = parts.some(({ tree }) => !("leaf" in tree));
  const found = parts.map((part) => {
    const block = new Set(blocks[part.blocks[0]!]!.flat(2).map(({ weight }) => weight));
    const own = moving.filter((k) => block.has(k));
    const cells = formsOf(bounds, part, own).map((f, k) => {
      const one = named(instance, part.leaves[k]!);
      const added = boundedLatex(
        one,
        alpha.map(() => K.zero),
        margin,
        productsOf(one),
      );
      const form = sumLatex(
        K,
        f.map((coefficient, v) => ({ coefficient, factor: parameterLatex(network, own[v]!) })),
      );
      return [`$${form}$${added === "0" ? "" : `, with $${added}$ added`}`, `$${numberLatex(K, squaredNorm(K, f))}$`];
    });
    const keys = cells.map((row) => row.join("|"));
    const cases = casesOf(instance, part.tree, keys);
    const share = part.leaves[0]!.squaredBound;
    return {
      cases,
      who: blocksText(bounds, part.blocks),
      rows: cases.keys.map((key) => [...(isCut ? [cases.where(key)] : []), ...cells[keys.indexOf(key)]!]),
      bound: `$${numberLatex(K, share)}$`,
      share: K.mul(share, K.fromRational(rational(BigInt(part.blocks.length)))),
    };
  });
  const idle = idleText(instance, scope);
  const total = sum(
    K,
    found.map(({ share }) => share),
  );
  const heads = [...(isCut ? ["signs"] : []), "$f_B$", "$\\|f_B\\|^{2}$"];
  const isTogether = found.every(({ cases, rows }) => rows.length <= MAX_TOGETHER && !cases.signs.includes("*"));
  return [
    ...goneBlocks(found.map(({ cases }) => cases)),
    text(
      `${idle === "" ? "" : `${idle} `}${scope === null ? "Take" : `Layer ${scope + 1}:`} $${multipliersLatex(facts, "\\lambda", alpha)}$, $\\Lambda = ${numberLatex(K, sum(K, alpha))}$, $\\sum_{B} C_B^{2} = ${numberLatex(K, total)}$, $\\|${pointLatex(scope)}\\|^{2} = ${numberLatex(K, norm)}$.`,
    ),
    ...(isTogether
      ? [
          table(
            ["$B$", ...heads, "$C_B^{2}$"],
            found.flatMap(({ who, rows, bound }) => rows.map((row) => [who, ...row, bound])),
          ),
        ]
      : found.flatMap(({ who, rows, bound, cases }) => [
          text(`${who}, with $C_B^{2} = ${bound.slice(1, -1)}$${cases.signs === "" ? "" : `, ${cases.signs}`}:`),
          table(heads, rows),
        ])),
  ];
}
