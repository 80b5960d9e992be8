/** Chains: one bound for all paths of a network at once. */
import { dot, sum } from "../../exact/field.js";
import type { Tree } from "../../kernel/explore.js";
import type { Facts } from "../../kernel/facts.js";
import { combination, forward } from "../../kernel/forward.js";
import { chainGroups, chainOf, isChainable, type Shape } from "../../kernel/shape.js";
import { apartOf, type BoundLeaf, type Chained } from "../../kernel/statements/bound.js";
import type { Of } from "../../kernel/statements/index.js";
import { verifyStatement } from "../../kernel/verify.js";
import { type Instance, weightsOf } from "../../network/instance.js";
import { isLinear } from "../../network/network.js";
import { growTree } from "../cells.js";
import type { Search } from "../effort.js";
import { combine } from "../search/combine.js";
import { leafFor } from "./leaf.js";
import { centralMultipliers, multipliersOf, spread } from "./multipliers.js";
import type { LowPoint } from "./relaxed.js";
import { openUnits } from "./signs.js";
import { cellsOf, FEW_CELLS, MAX_CELLS, relaxedTree } from "./tree.js";

type Bound<E> = Of<"bound", E>;

/** The labels that may be apart in a chain with these multipliers, the one with fewer samples first. */
export function chainWays<E>(
  { instance }: Facts<E>,
  shape: Shape<E>,
  multipliers: readonly E[],
): Chained<E>["apart"][] {
  const { field: K, data } = instance;
  const count = (label: number) => multipliers.filter((c, i) => data[i]?.y === label && !K.isZero(c)).length;
  const labels = count(1) < count(-1) ? (["positive", "negative"] as const) : (["negative", "positive"] as const);
  return [null, ...labels].filter((apart) => isChainable(instance, shape, multipliers, apartOf({ apart })));
}

/** The bound for all paths at once: with the multipliers of the linear predictor, of θ (any, then central ones), or a single one. */
export function findChain<E>(facts: Facts<E>, shape: Shape<E>, kkt: Of<"kkt", E>, search: Search): Bound<E> | null {
  const { instance, margins, active } = facts;
  const { field: K } = instance;
  const single = active.map((j) => margins.map((_, k) => (k === j ? K.one : K.zero)));
  if (!single.some((alpha) => chainWays(facts, shape, alpha).length > 0)) return null;
  const linear = isLinear(instance.network) ? predictorMultipliers(facts) : null;
  const choices = [
    ...(linear === null ? [] : [() => linear]),
    () => multipliersOf(facts, kkt),
    () => centralMultipliers(facts),
    ...single.map((alpha) => () => alpha),
  ];
  for (const choice of choices) {
    const multipliers = choice();
    if (multipliers === null) continue;
    for (const apart of chainWays(facts, shape, multipliers)) {
      const chain = chainTree(facts, multipliers, apart, shape.scale, search);
      if (chain === null) continue;
      const statement: Bound<E> = { kind: "bound", scope: null, reach: "global", by: { multipliers, apart, chain } };
      if (verifyStatement(instance, statement).accepted) return statement;
    }
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
  apart: Chained<E>["apart"],
  scale: E,
  search: Search,
): Tree<E, BoundLeaf<E>> | null {
  const { field: K, network, point } = facts.instance;
  const groups = chainGroups(facts.instance, multipliers, apartOf({ apart }));
  const { frame, place, shares } = chainOf(facts.instance, facts.spend, groups);
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
  const tight = [
    ...network.layers[0]!.map((row): LowPoint<E> => new Map(row.map(({ from, weight }) => [from, point[weight]!]))),
    ...independentSums(facts.instance, multipliers, apartOf({ apart })),
  ];
  return relaxedTree({ frame, place, shares }, multipliers, squaredBound, tight, search);
}

/** Σ α_j x_j over each set of samples of the label apart that is orthogonal to the others: the bound may be attained at each of these. */
function independentSums<E>(
  { field: K, data }: Instance<E>,
  multipliers: readonly E[],
  apart: number | null,
): LowPoint<E>[] {
  let rest = data.flatMap(({ x, y }, i) =>
    y === apart && !K.isZero(multipliers[i]!) ? [{ x, c: multipliers[i]! }] : [],
  );
  const sums: LowPoint<E>[] = [];
  while (rest.length > 0) {
    const own = [rest[0]!];
    rest = rest.slice(1);
    for (const one of own) {
      const isJoined = ({ x }: { x: readonly E[] }) => !K.isZero(dot(K, x, one.x));
      own.push(...rest.filter(isJoined));
      rest = rest.filter((other) => !isJoined(other));
    }
    const total = combination(
      K,
      own[0]!.x.length,
      own.map(({ x, c }) => [c, x] as const),
    );
    sums.push(new Map(total.map((value, k) => [k, value])));
  }
  return sums;
}
