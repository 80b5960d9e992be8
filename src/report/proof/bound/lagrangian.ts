/** A bound in which at most two layers move: what is left of the Lagrangian is a quadratic form. */
import { sum } from "../../../exact/field.js";
import { isLinear } from "../../../network/network.js";
import { casesOf, goneBlocks } from "../cases.js";
import { type Block, display, enumeration, items, text } from "../document.js";
import { anyMarginLatex, pointLatex, unitName } from "../notation.js";
import { numberLatex } from "../typeset.js";
import { type Bounds, multipliersLatex, type Part, relaxedText, whichText } from "./bounds.js";
import { named, productsOf, remainderLatex } from "./forms.js";

/**
 * With λ a multiple of α that sums to ‖θ‖²/m, the Lagrangian less ½‖θ‖² is the sum of the strands' quadratic forms, up to a scaling of
 * w and φ; for m = 1 the form is in w and the constant 1.
 */
export function lagrangianProof<E>(bounds: Bounds<E>): Block[] {
  const { facts, scope, shape, norm, parts, blocks, isJoint, moving } = bounds;
  const { field: K, network } = facts.instance;
  const m = shape.layers.length;
  const half = K.inv(K.add(K.one, K.one));
  const total = m === 1 ? norm : K.mul(half, norm);
  const lambdas = (part: Part<E>) =>
    part.alpha.map((alpha) => {
      const scale = K.div(total, sum(K, alpha));
      return multipliersLatex(
        facts,
        "\\lambda",
        alpha.map((c) => K.mul(c, scale)),
      );
    });
  const given = new Set(parts.flatMap(lambdas));
  const isSingle = isJoint || blocks.length === 1;
  const symbol = isSingle ? "Q" : "Q_B";
  const placed = new Set(blocks.flatMap((block) => block.flat(2).map(({ weight }) => weight)));
  const isWhole = (m === 1 && isSingle) || (!isJoint && moving.every((k) => placed.has(k)));
  const index = network.outputs === 1 ? "i" : "i,k";
  const point = pointLatex(scope);
  const other = scope === null ? "\\theta'" : `${point}'`;

  const bodies = parts.flatMap((part) => {
    const block = new Set(blocks[part.blocks[0]!]!.flat(2).map(({ weight }) => weight));
    const own = isJoint && m > 1 ? [] : isSingle && m === 1 ? moving : moving.filter((k) => block.has(k));
    const formulas = part.leaves.map((leaf, k) => {
      const one = named(facts.instance, leaf);
      const scale = K.div(total, sum(K, part.alpha[k]!));
      const scaling = {
        low: K.isZero(leaf.squaredBound) ? K.zero : K.mul(half, K.inv(leaf.squaredBound)),
        mixed: K.mul(half, scale),
        path: m === 1 ? K.mul(half, K.mul(leaf.squaredBound, K.mul(scale, scale))) : half,
      };
      const rows = new Set(
        leaf.strands.flatMap((strand) => strand.rows.flatMap((row) => row.replace("/", "").split(","))),
      );
      const missing = own.filter((v) => !rows.has(`${v}`));
      const isBare = m === 1 && leaf.strands.length === 0;
      const constant = isBare && !K.isZero(scaling.path) ? [scaling.path] : [];
      const { formula, remark } = remainderLatex(one, leaf.strands, productsOf(one), scaling, missing, true, constant);
      return `${given.size === 1 ? "" : `$${lambdas(part)[k]}$, `}$${symbol} = ${formula} \\ge 0$${remark}`;
    });
    const { keys, signs, where, gone } = casesOf(facts.instance, part.tree, formulas);
    const who = isSingle ? "" : blocksText(bounds, part.blocks);
    // Alike on all cells that there are.
    if (keys.length === 1) return [...goneBlocks([{ gone }]), text(`${who === "" ? "" : `${who}: `}${keys[0]}.`)];
    const head = who === "" ? `By${signs.slice(2)}` : `${who}, ${signs}`;
    return [...goneBlocks([{ gone }]), text(`${head}:`), items(keys.map((key) => `${where(key)}: ${key}.`))];
  });
  const multipliers =
    given.size === 1 ? `Let $${[...given][0]}$,` : `Let $\\lambda_{${index}} \\ge 0$ be as given below,`;
  const where = isSingle
    ? `where $Q$ collects ${m === 1 ? "what is left" : "the quadratic terms"}, here written without primes${isWhole ? "" : "; parameters that are not in it add half their squares"}. It is non-negative`
    : `where the sum is over groups $B$ of hidden neurons that share no parameter, and $Q_B$ collects ${m === 1 ? "what belongs to the weights of $B$, with a share of the constant" : "the quadratic terms in the parameters of $B$"}, here written without primes${isWhole ? "" : "; other parameters add half their squares"}. Each is non-negative`;
  const relaxed = relaxedText(bounds);
  const signs = isLinear(network)
    ? ""
    : `, whatever signs the pre-activations take${bounds.reach === "local" ? " near $\\theta$" : ""}`;
  return [
    text(
      `${multipliers} with the sum $${m === 1 ? `\\|${point}\\|^{2}` : "\\tfrac12\\|\\theta\\|^{2}"} = ${numberLatex(K, total)}$. For every feasible $\\theta'$${whichText(bounds)},`,
    ),
    display(
      `\\tfrac12\\|${other}\\|^{2} \\ge \\tfrac12\\|${other}\\|^{2} - \\sum \\lambda_{${index}} \\left(${anyMarginLatex(network, "\\theta'")} - 1\\right) ${isWhole ? "=" : "\\ge"} \\tfrac12\\|${point}\\|^{2} + ${isSingle ? "Q" : "\\sum_{B} Q_B"}(\\theta'),`,
    ),
    text(`${where}${signs}${relaxed === "" ? ":" : `.${relaxed}`}`),
    ...bodies,
    text(
      `So $\\|${other}\\| \\ge \\|${point}\\|$${bounds.reach === "local" ? " for every feasible $\\theta'$ near $\\theta$" : ""}.`,
    ),
  ];
}

/** "Neuron 1 (and alike for 2)" */
export function blocksText<E>({ facts, blocks, shape }: Bounds<E>, members: readonly number[]): string {
  const { network } = facts.instance;
  const { kind } = network.source;
  const isDeep = network.layers.length > 2 && kind !== "diagonal";
  const unitsOf = (b: number) =>
    blocks[b]!.slice(0, -1).flatMap((layer, l) =>
      layer.flatMap((row, unit) =>
        row.length === 0 || l < shape.layers[0]
          ? []
          : [{ unit, name: isDeep ? unitName(network, l, unit) : `${unit + 1}` }],
      ),
    );
  const [who, ...others] = members.map((b) => enumeration([...new Set(unitsOf(b).map(({ name }) => name))]));
  const alike = others.length > 0 ? ` (and alike for ${enumeration(others)})` : "";
  if (isDeep) return `${who![0]!.toUpperCase()}${who!.slice(1)}${alike}`;
  const noun = kind === "diagonal" ? "Branch" : kind === "convolutional" ? "Patch" : "Neuron";
  const isOne = new Set(unitsOf(members[0]!).map(({ unit }) => unit)).size === 1;
  return `${isOne ? noun : `${noun}${noun === "Neuron" ? "s" : "es"}`} ${who}${alike}`;
}
