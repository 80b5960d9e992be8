/** Finds what `kernel/lagrangian.ts` checks: multipliers λ, and on each cell of each block a decomposition. */
import type { Instance, LagrangianBlock, LagrangianCell, Of, Orientation } from "../certificate/format.js";
import { squaredNorm, sum } from "../exact/field.js";
import { isPositiveSemidefinite } from "../exact/linear.js";
import { gradient, type Pattern, passAt, sparseDot } from "../kernel/forward.js";
import {
  type Block,
  blockCell,
  blockOf,
  blockSignature,
  blocksOf,
  cellFrame,
  type DepthTwo,
  depthTwo,
} from "../kernel/lagrangian.js";
import { influentialUnits, kinks, withOrientations } from "../kernel/pieces.js";
import { verifyStatement } from "../kernel/verify.js";
import { offSlope } from "../problem/network.js";
import { cellProducts } from "./cone.js";
import { solveLp } from "./lp.js";
import { activeSamples, realizableChoices } from "./pieces.js";
import { combinationRows, fraction, roundTo } from "./vectors.js";

const MAX_CELLS = 4096;
const MAX_ROUNDS = 12;
const MAX_CUTS = 3;
const MAX_COLUMNS = 256;

/**
 * A certificate that the KKT point θ is a local or global optimum, or null. Starts from the multipliers of the KKT certificate;
 * where others exist, each failing cell cuts off the multipliers that fail there, and the search goes on with what is left.
 */
export function findLagrangian<E>(
  instance: Instance<E>,
  kkt: Of<"kkt", E>,
  reach: "local" | "global",
): Of<"lagrangian", E> | null {
  const { field: K, network, data } = instance;
  if (network.layers.length !== 2) return null;
  let multipliers = data.map((_, i) =>
    sum(
      K,
      kkt.terms.flatMap((t) => (t.sample === i ? [t.multiplier] : [])),
    ),
  );
  const shared = depthTwo(instance);
  const cuts: Cut<E>[] = [];
  let columns: ReturnType<typeof subgradients<E>> | undefined;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const outcome = decompose(instance, shared, reach, multipliers);
    if (outcome.kind === "found") {
      const statement: Of<"lagrangian", E> = { kind: "lagrangian", reach, multipliers, blocks: outcome.blocks };
      return verifyStatement(instance, statement).accepted ? statement : null;
    }
    if (outcome.kind === "too-large") return null;
    cuts.push(...outcome.cuts);
    columns ??= subgradients(instance);
    const next = columns === null ? null : recut(instance, columns, cuts);
    if (next === null) return null;
    multipliers = next;
  }
  return null;
}

/** A violated cell as a condition on λ: squaredSize ≥ 2 Σ_i λ_i gains_i, from a point of the cell. */
interface Cut<E> {
  readonly squaredSize: E;
  readonly gains: readonly E[];
}

type Decomposition<E> =
  | { readonly kind: "found"; readonly blocks: LagrangianBlock<E>[] }
  | { readonly kind: "failed"; readonly cuts: readonly Cut<E>[] }
  | { readonly kind: "too-large" };

function decompose<E>(
  instance: Instance<E>,
  shared: DepthTwo<E>,
  reach: "local" | "global",
  multipliers: readonly E[],
): Decomposition<E> {
  // Of blocks that are alike, only the first one is kept: dead neurons may be many.
  const alike = new Map<string, { block: Block<E>; members: number[][] }>();
  for (const units of blocksOf(instance.network, shared)) {
    const block = blockOf(instance, shared, units, reach, multipliers);
    const signature = blockSignature(instance, block);
    const group = alike.get(signature);
    if (group === undefined) alike.set(signature, { block, members: [units] });
    else group.members.push(units);
  }
  const found: LagrangianBlock<E>[] = [];
  const cuts: Cut<E>[] = [];
  for (const { block, members } of alike.values()) {
    const evidence = blockEvidence(instance, block, shared);
    if (evidence === null) return { kind: "too-large" };
    if (evidence.kind === "failed") cuts.push(...evidence.cuts);
    else found.push({ members, split: evidence.split, excluded: evidence.excluded, cells: evidence.cells });
  }
  return cuts.length > 0 ? { kind: "failed", cuts } : { kind: "found", blocks: found };
}

type BlockEvidence<E> =
  | ({ readonly kind: "found" } & Omit<LagrangianBlock<E>, "members">)
  | { readonly kind: "failed"; readonly cuts: readonly Cut<E>[] };

/** Without a split by the signs of the outgoing weights where every Q_s is positive semidefinite as it is; else with it. */
function blockEvidence<E>(instance: Instance<E>, block: Block<E>, shared: DepthTwo<E>): BlockEvidence<E> | null {
  const { field: K } = instance;
  const plain = cellFrame(instance, block, false);
  const choices = realizableChoices(instance, plain.units, plain.fixed, null, MAX_CELLS);
  if (choices === null) return null;
  const { excluded } = choices;
  const definite = choices.choices.every((choice) => isPositiveSemidefinite(K, blockCell(instance, block, choice).Q));
  if (definite) {
    return {
      kind: "found",
      split: false,
      excluded,
      cells: choices.choices.map((orientations) => ({ orientations, products: [] })),
    };
  }
  const weightSigns = cellFrame(instance, block, true).fixed.slice(plain.fixed.length);
  const cells: LagrangianCell<E>[] = [];
  const cuts: Cut<E>[] = [];
  for (const choice of choices.choices) {
    for (const signs of signVectors(weightSigns)) {
      const orientations = [...choice, ...signs];
      const outcome = cellProducts(instance, block, orientations);
      if (outcome.kind === "products") cells.push({ orientations, products: outcome.products });
      else cuts.push(cutOf(instance, block, outcome.direction, shared));
      // These multipliers have failed; a few cuts are enough to choose the next.
      if (cuts.length >= MAX_CUTS) return { kind: "failed", cuts };
    }
  }
  return cuts.length > 0 ? { kind: "failed", cuts } : { kind: "found", split: true, excluded, cells };
}

function signVectors(fixed: readonly (Orientation | null)[]): Orientation[][] {
  return fixed.reduce<Orientation[][]>(
    (all, sign) => all.flatMap((one) => (sign === null ? ([1, -1] as const) : [sign]).map((s) => [...one, s])),
    [[]],
  );
}

/** The condition that a point of a cell, in the block's coordinates, puts on λ. */
function cutOf<E>(
  { field: K, network, data }: Instance<E>,
  block: Block<E>,
  direction: readonly number[],
  { form }: DepthTwo<E>,
): Cut<E> {
  const p = direction.map((x) => K.fromRational(roundTo(x, 1n << 16n)));
  const slope = K.fromRational(offSlope(network.activation));
  // A sample without weight now may get some, so every sample counts.
  const outgoingOf = new Map(block.terms.map(({ at, outgoing }) => [at.unit, outgoing]));
  const gains = data.map(() => K.zero);
  for (const [unit, outgoing] of outgoingOf) {
    for (const [i, { y }] of data.entries()) {
      const z = sparseDot(K, form(i, unit), (k) => p[block.parameters.indexOf(k)]!);
      const output = K.sign(z) > 0 ? z : K.mul(slope, z);
      const gain = K.mul(p[outgoing]!, output);
      gains[i] = y === 1 ? K.add(gains[i]!, gain) : K.sub(gains[i]!, gain);
    }
  }
  return { squaredSize: squaredNorm(K, p), gains };
}

/** All realizable subgradients of the active margins, or null when there are too many. */
function subgradients<E>(instance: Instance<E>): { sample: number; vector: E[] }[] | null {
  const { field: K, data, point } = instance;
  const moves = influentialUnits(instance, -1);
  const columns: { sample: number; vector: E[] }[] = [];
  for (const sample of activeSamples(instance)) {
    const here = passAt(instance, sample, point);
    const units = kinks(instance, sample, here).filter(({ layer, unit }) => moves[layer]![unit]!);
    const choices = realizableChoices(instance, units, [], null, MAX_COLUMNS);
    if (choices === null) return null;
    for (const choice of choices.choices) {
      const pattern: Pattern = withOrientations(instance, here, units, choice);
      const g = gradient(instance, sample, pattern);
      columns.push({ sample, vector: data[sample]!.y === 1 ? g : g.map(K.neg) });
    }
    if (columns.length > MAX_COLUMNS) return null;
  }
  return columns;
}

/** Multipliers of the KKT conditions that satisfy all cuts, with as much room as possible, or null. */
function recut<E>(
  instance: Instance<E>,
  columns: readonly { sample: number; vector: E[] }[],
  cuts: readonly Cut<E>[],
): E[] | null {
  const { field: K, data, point } = instance;
  const two = fraction(K, 2n);
  const result = solveLp(K, {
    objective: [...columns.map(() => K.zero), K.neg(K.one)],
    rows: [
      ...combinationRows(
        K,
        columns.map(({ vector }) => vector),
        point,
      ).map((row) => ({ ...row, coefficients: [...row.coefficients, K.zero] })),
      ...cuts.map(({ squaredSize, gains }) => ({
        coefficients: [...columns.map(({ sample }) => K.mul(two, gains[sample]!)), K.one],
        sense: "<=" as const,
        bound: squaredSize,
      })),
      { coefficients: [...columns.map(() => K.zero), K.one], sense: "<=" as const, bound: K.one },
    ],
    free: [...columns.map(() => false), true],
  });
  if (result.kind !== "optimal" || K.toNumber(result.value) > 1e-6) return null;
  return data.map((_, i) =>
    sum(
      K,
      columns.flatMap(({ sample }, k) => (sample === i ? [result.x[k]!] : [])),
    ),
  );
}
