/** Multipliers α of `bound` that are common to all cells: those of KKT certificates, cut by cells on which they fail. */
import { type Field, squaredNorm, sum } from "../../exact/field.js";
import type { Frame } from "../../kernel/explore.js";
import type { Facts } from "../../kernel/facts.js";
import { forward, gradient, type Pattern } from "../../kernel/forward.js";
import type { Shape } from "../../kernel/shape.js";
import type { Of } from "../../kernel/statements/index.js";
import { type Instance, marginOf } from "../../network/instance.js";
import { type Network, parametersOf, type Scope } from "../../network/network.js";
import { growTree, leavesOf } from "../cells.js";
import type { Search } from "../effort.js";
import { areIndependent, onlyWeights } from "../search/combine.js";
import { hasMoreCells } from "../search/local.js";
import { solveLp } from "../search/lp.js";
import { combinationRows, fraction, roundTo, toNumbers } from "../search/vectors.js";
import { openUnits } from "./signs.js";

const MAX_COLUMNS = 256;

/** α by margin, from the multipliers of a KKT certificate. */
export function multipliersOf<E>({ instance: { field: K }, margins }: Facts<E>, kkt: Of<"kkt", E>): E[] {
  return margins.map((_, j) =>
    sum(
      K,
      kkt.terms.flatMap((t) => (t.margin === j ? [t.multiplier] : [])),
    ),
  );
}

/** Multipliers of θ in the midst of all that there are, with kinks off: the mean of extreme ones; null where there is one choice at most. */
export function centralMultipliers<E>({ instance, margins, active, passes }: Facts<E>): E[] | null {
  const { field: K, point } = instance;
  const gradients = active.map((j) => {
    const { preactivations } = passes[margins[j]!.sample]!;
    return gradient(
      instance,
      margins[j]!,
      preactivations.map((units) => units.map((z) => K.sign(z) > 0)),
    );
  });
  if (areIndependent(gradients.map((g) => toNumbers(K, g)))) return null;
  const rows = combinationRows(K, gradients, point);
  const extremes = active.flatMap((_, j) => {
    const objective = active.map((__, k) => (k === j ? K.neg(K.one) : K.zero));
    const result = solveLp(K, { objective, rows, free: false });
    return result.kind === "optimal" ? [result.x] : [];
  });
  if (extremes.length === 0) return null;
  const share = fraction(K, 1n, BigInt(extremes.length));
  const mean = active.map((_, k) =>
    K.mul(
      share,
      sum(
        K,
        extremes.map((x) => x[k]!),
      ),
    ),
  );
  return spread(K, margins.length, active, mean);
}

/** A violated cell as a condition on α: Σ α_j gains_j ≤ limit, from a point of the cell. */
export interface Cut<E> {
  readonly limit: E;
  readonly gains: readonly E[];
}

/** Σ α_j gains_j ≤ C (‖p‖²/m)^{m/2} at a point p of the block, with the scale of α that makes C a number: Σα = ‖θ‖²/m. */
export function cutAt<E>(
  facts: Facts<E>,
  shape: Shape<E>,
  block: Network["layers"],
  size: E,
  point: ReadonlyMap<number, number>,
): Cut<E> {
  const { instance, margins } = facts;
  const { field: K, data, frozen } = instance;
  const moving = new Set(parametersOf(instance.network, shape.scope));
  const own = instance.point.map((_, k) => K.fromRational(roundTo(point.get(k) ?? 0, 1n << 16n)));
  const p = own.map((c, k) => (moving.has(k) ? c : instance.point[k]!));
  const part: Instance<E> = { ...instance, network: { ...instance.network, layers: block } };
  const passes = data.map(({ x }) =>
    forward(
      K,
      part,
      (c) => c,
      [...p, ...frozen],
      x,
      (z) => K.sign(z) > 0,
    ),
  );
  const m = shape.layers.length;
  const norm =
    K.toNumber(
      squaredNorm(
        K,
        [...moving].map((k) => instance.point[k]!),
      ),
    ) / m;
  const squared = squaredNorm(K, own);
  // C = Σα/√scale = (‖θ‖²/m)^{1 − m/2}; where one layer moves, the block's own is the size of its weights.
  const bound = m === 1 ? Math.sqrt(K.toNumber(size)) : norm ** (1 - m / 2);
  const limit = bound * (K.toNumber(squared) / m) ** (m / 2);
  return {
    limit: m === 2 ? K.div(squared, fraction(K, 2n)) : K.fromRational(roundTo(limit, 1n << 40n)),
    gains: margins.map((margin) => marginOf(K, margin, passes[margin.sample]!.outputs)),
  };
}

/** All realizable subgradients of the active margins, or null when there are too many. */
export function subgradients<E>(
  facts: Facts<E>,
  scope: Scope,
  { effort, reached }: Search,
): { margin: number; vector: readonly E[] }[] | null {
  const { instance, margins, active } = facts;
  const frame: Frame<E> = { facts, layers: instance.network.layers, scope, reach: "near", from: "point" };
  const moving = parametersOf(instance.network, scope);
  const columns: { margin: number; vector: readonly E[] }[] = [];
  for (const j of active) {
    const margin = margins[j]!;
    const tree = hasMoreCells(frame, [j], MAX_COLUMNS * effort)
      ? null
      : growTree<E, Pattern>(
          frame,
          openUnits(frame, [j]),
          (cell) => cell.sample(margin.sample).layers.map((layer) => layer.map(({ sign }) => sign === 1)),
          MAX_COLUMNS * effort,
        );
    if (tree === null) {
      reached(`${MAX_COLUMNS * effort} subgradients of a margin`);
      return null;
    }
    for (const pattern of leavesOf(tree)) {
      const whole = gradient(instance, margin, pattern);
      columns.push({ margin: j, vector: moving.map((k) => whole[k]!) });
    }
    if (columns.length > MAX_COLUMNS * effort) {
      reached(`${MAX_COLUMNS * effort} subgradients`);
      return null;
    }
  }
  return columns;
}

/** Multipliers of the KKT conditions that satisfy all cuts, with as much room as possible, or null. */
export function recut<E>(
  { instance, margins }: Facts<E>,
  scope: Scope,
  columns: readonly { margin: number; vector: readonly E[] }[],
  cuts: readonly Cut<E>[],
): E[] | null {
  const { field: K, network } = instance;
  const point = parametersOf(network, scope).map((k) => instance.point[k]!);
  const vectors = columns.map(({ vector }) => vector);
  const byMargin = (weights: readonly E[]) =>
    margins.map((_, j) =>
      sum(
        K,
        columns.flatMap(({ margin }, k) => (margin === j ? [weights[k]!] : [])),
      ),
    );
  const only = onlyWeights(K, vectors, point);
  if (only !== null) return cuts.length === 0 ? byMargin(only) : null;
  const result = solveLp(K, {
    objective: [...columns.map(() => K.zero), K.neg(K.one)],
    rows: [
      ...combinationRows(K, vectors, point).map((row) => ({ ...row, coefficients: [...row.coefficients, K.zero] })),
      ...cuts.map(({ limit, gains }) => ({
        coefficients: [...columns.map(({ margin }) => gains[margin]!), K.one],
        sense: "<=" as const,
        bound: limit,
      })),
      { coefficients: [...columns.map(() => K.zero), K.one], sense: "<=" as const, bound: K.one },
    ],
    free: [...columns.map(() => false), true],
  });
  return result.kind !== "optimal" || K.toNumber(result.value) > 1e-6 ? null : byMargin(result.x);
}

/** Multipliers of some margins as a list over all. */
export function spread<E>(K: Field<E>, count: number, own: readonly number[], weights: readonly E[]): E[] {
  const all = new Array<E>(count).fill(K.zero);
  for (const [k, j] of own.entries()) all[j] = weights[k]!;
  return all;
}
