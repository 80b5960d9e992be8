/** What the writers of a `bound` read. */
import { squaredNorm } from "../../../exact/field.js";
import type { Tree } from "../../../kernel/explore.js";
import type { Facts } from "../../../kernel/facts.js";
import { blocksOf, rowsOf, type Shape, shapeOf } from "../../../kernel/shape.js";
import type { BoundLeaf, Chained, LeafProof, Relaxed } from "../../../kernel/statements/bound.js";
import type { Proved } from "../../../kernel/statements/index.js";
import { type Network, parametersOf, type Scope } from "../../../network/network.js";
import { activated, marginIndex, properScope, signedLatex } from "../notation.js";
import { numberLatex } from "../typeset.js";
import { relaxedLatex } from "./forms.js";

export type BoundProved<E> = Extract<Proved<E>, { readonly kind: "bound" }>;

/** A tree with its leaves in order, about blocks that are alike. */
export interface Part<E> {
  readonly blocks: readonly number[];
  readonly tree: Tree<E, BoundLeaf<E>>;
  readonly leaves: readonly LeafProof<E>[];
  /** The multipliers of each leaf. */
  readonly alpha: readonly (readonly E[])[];
}

/** A bound that was proved, with what its proof is about. */
export interface Bounds<E> {
  readonly facts: Facts<E>;
  readonly reach: "local" | "global";
  /** Null where everything moves. */
  readonly scope: Scope;
  readonly shape: Shape<E>;
  /** The parameters that move, and the square of their norm. */
  readonly moving: readonly number[];
  readonly norm: E;
  readonly blocks: readonly Network["layers"][];
  readonly parts: readonly Part<E>[];
  /** Whether one tree is about all blocks. */
  readonly isJoint: boolean;
  /** A chain, whose tree is the only part. */
  readonly chain: Chained<E> | null;
}

export function boundsOf<E>(facts: Facts<E>, { statement, proof }: BoundProved<E>): Bounds<E> {
  const { instance } = facts;
  const { by, reach } = statement;
  const shape = shapeOf(instance, statement.scope)!;
  const trees = "parts" in by ? by.parts.map(({ tree }) => tree) : ["tree" in by ? by.tree : by.chain];
  const parts = trees.map((tree, k): Part<E> => {
    const { blocks, leaves } = proof[k]!;
    return {
      blocks,
      tree,
      leaves,
      alpha: leaves.map(({ evidence }) => ("tree" in by ? evidence.multipliers! : by.multipliers)),
    };
  });
  const moving = parametersOf(instance.network, statement.scope);
  const blocks = blocksOf(instance, shape).map((block) => rowsOf(instance, shape, block));
  return {
    facts,
    reach,
    scope: properScope(instance.network, statement.scope),
    shape,
    moving,
    norm: squaredNorm(
      instance.field,
      moving.map((k) => instance.point[k]!),
    ),
    blocks,
    parts,
    isJoint: "tree" in by && blocks.length > 1,
    chain: "chain" in by ? by : null,
  };
}

/** λ_1 = …, of those that are not zero. */
export function multipliersLatex<E>(
  { instance: { field: K, network }, margins }: Facts<E>,
  symbol: string,
  values: readonly E[],
): string {
  return values
    .flatMap((c, j) => (K.isZero(c) ? [] : [`${symbol}_{${marginIndex(network, margins[j]!)}} = ${numberLatex(K, c)}`]))
    .join(",\\; ");
}

/** Which feasible points are meant, as a clause after them. */
export function whichText({ reach, scope }: Pick<Bounds<unknown>, "reach" | "scope">): string {
  const layer = scope === null ? "" : ` that differs from $\\theta$ in layer ${scope + 1} only`;
  const near = reach === "global" ? "" : " so near $\\theta$ that whatever has a sign at $\\theta$ keeps it";
  return layer !== "" && near !== "" ? `${layer} and is${near}` : `${layer}${near}`;
}

/** What the variables of relaxed units are, as a sentence after others; empty where there are none. */
export function relaxedText<E>({ facts: { instance }, parts }: Bounds<E>): string {
  const units = parts.flatMap(({ leaves }) => leaves.flatMap(({ evidence }) => evidence.relaxed ?? []));
  if (units.length === 0) return "";
  const { field: K, network } = instance;
  const [{ at }] = units as [Relaxed<E>];
  const isLeaky = units.some((unit) => !K.isZero(K.fromRational(network.slopes[unit.at.layer]!)));
  const relations = isLeaky
    ? "$a \\ge z$ and $a \\ge s z$, with $(a - s z)\\, (a - z) = 0$, where $s$ is the slope below $0$"
    : "$a \\ge 0$ and $a \\ge z$, with $a\\, (a - z) = 0$";
  return ` Where the sign of a pre-activation $z$ is left open, its output $a = ${activated(network, at.layer, "z")}$ is a variable of its own, such as $${relaxedLatex(instance, at)}$ for $${signedLatex(network, at)}$: ${relations}, so that such products add nothing below.`;
}

/** The exponent m/2, as in (‖θ‖²/m)^{m/2}. */
export function halfPower(m: number): string {
  return m === 2 ? "" : `^{${m % 2 === 0 ? m / 2 : `${m}/2`}}`;
}
