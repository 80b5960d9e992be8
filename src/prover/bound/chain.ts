/** Chains: one bound for all paths of a network at once. */
import { sum } from "../../exact/field.js";
import type { Tree } from "../../kernel/explore.js";
import type { Facts } from "../../kernel/facts.js";
import { forward } from "../../kernel/forward.js";
import { chainOf, chainShares, isChainable, type Shape } from "../../kernel/shape.js";
import type { BoundLeaf } from "../../kernel/statements/bound.js";
import type { Of } from "../../kernel/statements/index.js";
import { verifyStatement } from "../../kernel/verify.js";
import { weightsOf } from "../../network/instance.js";
import { isLinear } from "../../network/network.js";
import { growTree } from "../cells.js";
import type { Search } from "../effort.js";
import { combine } from "../search/combine.js";
import { leafFor } from "./leaf.js";
import { multipliersOf, spread } from "./multipliers.js";
import type { LowPoint } from "./relaxed.js";
import { openUnits } from "./signs.js";
import { cellsOf, FEW_CELLS, MAX_CELLS, relaxedTree } from "./tree.js";

type Bound<E> = Of<"bound", E>;

/** The bound for all paths at once: with the multipliers of the linear predictor, of θ, or a single one. */
export function findChain<E>(facts: Facts<E>, shape: Shape<E>, kkt: Of<"kkt", E>, search: Search): Bound<E> | null {
  const { instance, margins, active } = facts;
  const { field: K } = instance;
  const single = active.map((j) => margins.map((_, k) => (k === j ? K.one : K.zero)));
  if (!single.some((alpha) => isChainable(instance, shape, alpha))) return null;
  const linear = isLinear(instance.network) ? predictorMultipliers(facts) : null;
  for (const multipliers of [...(linear === null ? [] : [linear]), multipliersOf(facts, kkt), ...single]) {
    const chain = isChainable(instance, shape, multipliers) ? chainTree(facts, multipliers, shape.scale, search) : null;
    if (chain === null) continue;
    const statement: Bound<E> = { kind: "bound", scope: null, reach: "global", by: { multipliers, chain } };
    if (verifyStatement(instance, statement).accepted) return statement;
  }
  return null;
}

/** α ≥ 0 on the active samples with u = Σ α_i y_i x_i, u being the linear predictor, or null. */
function predictorMultipliers<E>({ instance, margins, active }: Facts<E>): E[] | null {
  const { field: K, network, data, point } = instance;
  const weights = weightsOf(instance, point);
  const axes = Array.from({ length: network.inputs }, (_, k) => k);
  const unit = (k: number) => axes.map((j) => (j === k ? K.one : K.zero));
  const predictor = axes.map(
    (k) =>
      forward(
        K,
        instance,
        (c) => c,
        weights,
        unit(k),
        () => true,
      ).outputs[0]!,
  );
  const vectors = active.map((j) => data[margins[j]!.sample]!).map(({ x, y }) => (y === 1 ? x : x.map(K.neg)));
  const found = combine(K, vectors, predictor);
  return found.kind === "found" ? spread(K, margins.length, active, found.weights) : null;
}

/** With the signs of all samples, where the paths are of one kind and the signs make few cells; else with open units relaxed. */
function chainTree<E>(
  facts: Facts<E>,
  multipliers: readonly E[],
  scale: E,
  search: Search,
): Tree<E, BoundLeaf<E>> | null {
  const { field: K, network, point } = facts.instance;
  const { frame, place, shares } = chainOf(facts.instance, facts.spend, chainShares(facts.instance, multipliers));
  const support = multipliers.flatMap((c, j) => (K.isZero(c) ? [] : [j]));
  const total = sum(K, multipliers);
  const squaredBound = K.div(K.mul(total, total), scale);
  const cells = cellsOf(frame, place, multipliers);
  if (shares.size === 0 && cells <= MAX_CELLS * search.effort) {
    const split = growTree(
      frame,
      openUnits(frame, support),
      (cell) => {
        const outcome = leafFor({ frame, cell, place }, multipliers, squaredBound);
        return outcome.kind === "leaf" ? outcome.leaf : null;
      },
      MAX_CELLS * search.effort,
    );
    if (split !== null || cells <= FEW_CELLS) return split;
  }
  const tight = network.layers[0]!.map(
    (row): LowPoint<E> => new Map(row.map(({ from, weight }) => [from, point[weight]!])),
  );
  return relaxedTree({ frame, place, shares }, multipliers, squaredBound, tight, search);
}
