/** A bound in which three layers or more move: the margins are bounded by the norms of the layers. */
import { type Field, squaredNorm, sum } from "../../../exact/field.js";
import { matrixOf } from "../../../exact/quadratic.js";
import { hasStrands } from "../../../kernel/shape.js";
import type { Strand } from "../../../kernel/statements/bound.js";
import { isLinear } from "../../../network/network.js";
import { casesOf, goneBlocks } from "../cases.js";
import { type Block, display, items, text } from "../document.js";
import { marginIndex, marginLatex } from "../notation.js";
import { addLatex, MAX_TERMS, numberLatex, sumLatex } from "../typeset.js";
import { type Bounds, halfPower, multipliersLatex, relaxedText, whichText } from "./bounds.js";
import { boundedLatex, isPath, type NamedLeaf, named, productsOf, remainderLatex, rowLatex } from "./forms.js";
import { blocksText } from "./lagrangian.js";

/** A ≤ T ≤ C Π‖θ_l'‖ ≤ C (‖θ'‖²/m)^{m/2}, and on each cell why. */
export function normProof<E>(bounds: Bounds<E>): Block[] {
  const { facts, parts, shape, blocks, isJoint } = bounds;
  const { instance, margins } = facts;
  const { field: K, network } = instance;
  const m = shape.layers.length;
  const isSingle = isJoint || blocks.length === 1;
  const leaves = parts.flatMap((part) => part.leaves.map((leaf, k) => ({ leaf, alpha: part.alpha[k]! })));
  const given = new Set(leaves.map(({ alpha }) => multipliersLatex(facts, "\\alpha", alpha)));
  const isCommon = given.size === 1;
  const bodies = parts.flatMap((part) => {
    const formulas = part.leaves.map((leaf, k) => {
      const alpha = part.alpha[k]!;
      const own = isCommon
        ? ""
        : `$${multipliersLatex(facts, "\\alpha", alpha)}$, $C^{2} = ${numberLatex(K, leaf.squaredBound)}$, `;
      return own + leafText(bounds, named(instance, leaf), alpha, isSingle);
    });
    const { keys, signs, where, gone } = casesOf(instance, part.tree, formulas);
    const who = isSingle ? "" : blocksText(bounds, part.blocks);
    // Alike on all cells that there are.
    if (keys.length === 1) return [...goneBlocks([{ gone }]), text(`${who === "" ? "" : `${who}: `}${keys[0]}.`)];
    const head = who === "" ? `By${signs.slice(2)}` : `${who}, ${signs}`;
    return [...goneBlocks([{ gone }]), text(`${head}:`), items(keys.map((key) => `${where(key)}: ${key}.`))];
  });
  const used = margins.filter((_, j) => leaves.some(({ alpha }) => !K.isZero(alpha[j]!)));
  const definitions = used.map((one) => `m_{${marginIndex(network, one)}} = ${marginLatex(network, one, "\\theta'")}`);
  const isAdded = leaves.some(({ leaf }) => productsOf(named(instance, leaf)).some(({ kind }) => kind === "mixed"));
  const index = network.outputs === 1 ? "i" : "i,k";
  const [first] = leaves as [(typeof leaves)[number]];
  const numbers = isCommon
    ? `$${[...given][0]}$ with the sum $A = ${numberLatex(K, sum(K, first.alpha))}$, and $C > 0$ with $C^{2} = A^{2} / (\\|\\theta\\|^{2} / ${m})^{${m}} = ${numberLatex(K, first.leaf.squaredBound)}$`
    : `on each cell below $\\alpha_{${index}} \\ge 0$ with the sum $A$, and $C > 0$ with $C^{2} = A^{2} / (\\|\\theta\\|^{2} / ${m})^{${m}}$`;
  const layers =
    m === network.layers.length ? `_{l=1}^{${m}}` : `_{l \\in \\{${shape.layers.map((l) => l + 1).join(", ")}\\}}`;
  const groups = isSingle
    ? ""
    : " It is the sum of terms $T_B$, one for each group $B$ of hidden neurons that share no parameter.";
  const cells = isLinear(network) ? "" : ", on each closed cell of signs,";
  return [
    text(
      `Let $\\theta'$ be feasible${whichText(bounds)}, with the margins $${definitions.join("$, $")}$. Take ${numbers}. Then, for $T = \\sum \\alpha_{${index}} m_{${index}}$${isAdded ? " plus terms that are not negative" : ""},`,
    ),
    display(
      `A \\le T \\le C \\prod${layers} \\|\\theta_l'\\| \\le C \\left(\\|\\theta'\\|^{2} / ${m}\\right)${halfPower(m)},`,
    ),
    text(
      `and so $\\|\\theta'\\| \\ge \\|\\theta\\|$. The last inequality is that of the means, and the first holds as the margins are at least $1$; it remains to show the second. Written without primes, $T$ is${cells} a polynomial.${groups} ${strandsText(bounds, isSingle)}${relaxedText(bounds)}`,
    ),
    ...bodies,
  ];
}

/** Into which terms T falls, what has to be shown of them, and how the bound follows. */
function strandsText<E>({ facts: { instance }, parts, shape }: Bounds<E>, isSingle: boolean): string {
  const K = instance.field;
  const isNorm = parts.every(({ leaves }) =>
    leaves.every(({ strands, squaredBound }) => strands.every((strand) => isLinearStrand(K, strand, squaredBound))),
  );
  const several = instance.network.outputs > 1;
  const lowest = shape.layers[0] === 0 ? "the first layer" : "the first layer that moves";
  const [terms, conclusion] = hasStrands(instance, shape)
    ? several
      ? [
          `It is a sum over the paths from a neuron of ${lowest} to a last hidden neuron: of terms $w^{\\top} F \\varphi$ with the weights $w$ of the first neuron, and the products $\\varphi$ of the weights of the path with one of each output`,
          "the Cauchy–Schwarz inequality, layer by layer, gives the bound",
        ]
      : [
          `It is a sum over the paths from a neuron of ${lowest} to the output: of terms $\\varphi\\, f(w)$ with a linear form $f$ in the weights $w$ of that neuron, and the product $\\varphi$ of the weights of the path`,
          "the Cauchy–Schwarz inequality, layer by layer, gives the bound",
        ]
    : [
        isNorm
          ? `${isSingle ? "It" : "Each of them"} is a product $\\varphi\\, f(w)$ of a linear form $f$ in the weights $w$ of the first layer that moves, and of one weight of each layer above, so that $|\\varphi|$ is at most the product of the norms of these layers`
          : `${isSingle ? "It" : "Each of them"} is a form $w^{\\top} F \\varphi$ in the weights $w$ of the first layer that moves, and the products $\\varphi$ of one weight of each layer above, so that $\\|\\varphi\\|$ is at most the product of the norms of these layers`,
        isSingle ? "the bound follows" : "the bound follows, by the Cauchy–Schwarz inequality over the groups",
      ];
  if (isNorm) return `${terms}. As $|f(w)| \\le \\|f\\| \\|w\\|$ and $\\|f\\| \\le C$ for each, ${conclusion}.`;
  return `${terms}. Each is at most $C \\|w\\| \\|\\varphi\\|$, as $C^{2} \\|w\\|^{2} + \\|\\varphi\\|^{2}$ less twice the term is shown not to be negative, and as for $t > 0$ the same holds for $t w$ and $\\varphi / t$, which belong to the same cell; so ${conclusion}.`;
}

/** The terms of T on a cell, each with its bound. */
function leafText<E>({ facts }: Bounds<E>, one: NamedLeaf<E>, alpha: readonly E[], isSingle: boolean): string {
  const { instance, leaf } = one;
  const { field: K, network } = instance;
  const products = productsOf(one);
  const margin = (j: number) => `m_{${marginIndex(network, facts.margins[j]!)}}`;
  const added = boundedLatex(
    one,
    alpha.map(() => K.zero),
    margin,
    products,
  );
  const T = isSingle ? `T = ${boundedLatex(one, alpha, margin, products)}` : "T_B";
  const remark = isSingle || added === "0" ? "" : `, where $${added}$ has been added`;
  if (leaf.strands.length === 0) return `$${T} = 0$${remark}`;
  if (leaf.strands.every((strand) => isLinearStrand(K, strand, leaf.squaredBound))) {
    const forms = leaf.strands.map(({ rows, form: quadratic }) => {
      const matrix = matrixOf(K, quadratic);
      const form = matrix.at(-1)!.slice(0, -1).map(K.neg);
      const factors = form.map((coefficient, k) => ({ coefficient, factor: rowLatex(one, rows[k]!) }));
      const path = rowLatex(one, rows.at(-1)!);
      const isOne = form.filter((c) => !K.isZero(c)).length === 1;
      const term = isOne
        ? sumLatex(
            K,
            factors.map(({ coefficient, factor }) => ({ coefficient, factor: `${factor} ${path}` })),
          )
        : `${path} \\left(${sumLatex(K, factors)}\\right)`;
      return { term, norm: numberLatex(K, squaredNorm(K, form)) };
    });
    const norms = [...new Set(forms.map(({ norm }) => norm))];
    const total = addLatex(forms.map(({ term }) => term));
    return `$${T} = ${total}$${remark}, with $\\|f\\|^{2} = ${norms.join("$ or $")}$`;
  }
  const unit = { low: K.one, mixed: K.one, path: K.one };
  const squares = leaf.strands.map((strand) => {
    const rows = (kind: (row: string) => boolean) => strand.rows.filter(kind).map((row) => rowLatex(one, row));
    const low = rows((row) => !isPath(row) && Number(row) < instance.point.length);
    const low2 = low.length === 1 ? low[0]! : `(${low.join(", ")})`;
    const paths = rows(isPath);
    const high = paths.length === 1 ? paths[0]! : `(${paths.join(", ")})`;
    const { formula, remark } = remainderLatex(one, [strand], products, unit, [], false);
    return `with $w = ${low2}$ and $\\varphi = ${high}$ what remains is $${formula} \\ge 0$${remark}`;
  });
  return `$${T}$${remark}: ${squares.join("; ")}`;
}

/** Whether the matrix of a strand is [[C² I, −f], [−fᵀ, 1]]. */
function isLinearStrand<E>(K: Field<E>, { rows, form }: Strand<E>, squaredBound: E): boolean {
  const last = rows.length - 1;
  // One product is that of the path with f, and there is no need to write out a matrix.
  if (form.products.filter(({ weight }) => !K.isZero(weight)).length > 1 && rows.length > MAX_TERMS) return false;
  const matrix = matrixOf(K, form);
  return rows.every(
    (row, u) =>
      isPath(row) === (u === last) &&
      matrix[u]!.every((c, v) => {
        if (u === v) return K.isZero(K.sub(c, u === last ? K.one : squaredBound));
        return u === last || v === last || K.isZero(c);
      }),
  );
}
