/**
 * `lagrangian`: θ is a local or global optimum of a depth-2 network's problem, because the Lagrangian is bounded below by
 * ½‖θ‖² block by block. (`proofs/theory.md`.)
 */
import type { Instance, LagrangianBlock, Of, Orientation, SparseVector, UnitAtSample } from "../certificate/format.js";
import { equals, squaredNorm, sum } from "../exact/field.js";
import { isPositiveSemidefinite } from "../exact/linear.js";
import { formatRational } from "../exact/rational.js";
import { type Network, offSlope } from "../problem/network.js";
import { ensure } from "./ensure.js";
import { ensureFeasible } from "./feasible.js";
import { linearForm, sparseDot } from "./forward.js";
import { ensureExclusions, orientations } from "./pieces.js";

/** Hidden units that share parameters, with the quadratic data of the Lagrangian in the block's own coordinates. */
export interface Block<E> {
  /** The block's parameters, in order: its coordinates. */
  readonly parameters: readonly number[];
  /** λ_i y_i · (outgoing weight) · σ(z): one per unit and sample with λ_i > 0. */
  readonly terms: readonly {
    readonly at: UnitAtSample;
    readonly weight: E;
    readonly outgoing: number;
    readonly form: SparseVector<E>;
  }[];
  /** The signs that every cell of the reach has, where they are fixed: of the terms' pre-activations, then of the outgoing weights. */
  readonly fixed: readonly (Orientation | null)[];
  /** The coordinates of the outgoing weights. */
  readonly outgoing: readonly number[];
}

/** What all blocks are read from: each unit's outgoing parameter, and its pre-activation at a sample as a linear form. */
export interface DepthTwo<E> {
  readonly outgoing: ReadonlyMap<number, number>;
  readonly form: (sample: number, unit: number) => SparseVector<E>;
}

export function depthTwo<E>({ network, field, data }: Instance<E>): DepthTwo<E> {
  const [hidden, [output]] = network.layers as [Network["layers"][0], Network["layers"][0]];
  return {
    outgoing: new Map(output!.map(({ from, parameter }) => [from, parameter])),
    form: (sample, unit) => linearForm(field, hidden[unit]!, data[sample]!.x),
  };
}

/** The hidden units that reach the output, grouped by shared parameters. */
export function blocksOf({ layers }: Network, { outgoing }: DepthTwo<unknown>): number[][] {
  const groupOf = new Map<number, number[]>();
  const ownerOf = new Map<number, number>();
  for (const [unit, row] of layers[0]!.entries()) {
    if (!outgoing.has(unit)) continue;
    groupOf.set(unit, [unit]);
    for (const parameter of [...row.map((c) => c.parameter), outgoing.get(unit)!]) {
      const owner = ownerOf.get(parameter);
      if (owner === undefined) ownerOf.set(parameter, unit);
      else if (groupOf.get(owner) !== groupOf.get(unit)) {
        const merged = [...groupOf.get(owner)!, ...groupOf.get(unit)!].sort((a, b) => a - b);
        for (const member of merged) groupOf.set(member, merged);
      }
    }
  }
  return [...new Set(groupOf.values())];
}

/** The data of one block. */
export function blockOf<E>(
  { network, field: K, data, point }: Instance<E>,
  { outgoing: outgoingOf, form: formOf }: DepthTwo<E>,
  units: readonly number[],
  reach: "local" | "global",
  multipliers: readonly E[],
): Block<E> {
  const parameters = units.flatMap((unit) => [
    ...network.layers[0]![unit]!.map((c) => c.parameter),
    outgoingOf.get(unit)!,
  ]);
  const local = new Map([...new Set(parameters)].sort((a, b) => a - b).map((parameter, k) => [parameter, k]));
  const fix = (value: E) => (reach === "global" || K.sign(value) === 0 ? null : (K.sign(value) as Orientation));
  const terms: Block<E>["terms"][number][] = [];
  const fixed: (Orientation | null)[] = [];
  for (const [sample, { y }] of data.entries()) {
    if (K.sign(multipliers[sample]!) === 0) continue;
    for (const unit of units) {
      const form = formOf(sample, unit);
      if (form.size === 0) continue;
      terms.push({
        at: { sample, layer: 0, unit },
        weight: y === 1 ? multipliers[sample]! : K.neg(multipliers[sample]!),
        outgoing: local.get(outgoingOf.get(unit)!)!,
        form: new Map([...form].map(([k, c]) => [local.get(k)!, c])),
      });
      fixed.push(fix(sparseDot(K, form, (k) => point[k]!)));
    }
  }
  const outgoing = [...new Set(units.map((unit) => outgoingOf.get(unit)!))];
  return {
    parameters: [...local.keys()],
    terms,
    fixed: [...fixed, ...outgoing.map((k) => fix(point[k]!))],
    outgoing: outgoing.map((k) => local.get(k)!),
  };
}

/**
 * The matrix of I − Σ λ_i y_i (…) on a cell, so that the block's Lagrangian is ½ pᵀQp, and the linear forms whose signs make
 * the cell.
 */
export function blockCell<E>(
  { field: K, network }: Instance<E>,
  { parameters, terms, outgoing }: Block<E>,
  chosen: readonly Orientation[],
): { Q: E[][]; constraints: SparseVector<E>[] } {
  const slope = K.fromRational(offSlope(network.activation));
  const Q = parameters.map((_, u) => parameters.map((__, v) => (u === v ? K.one : K.zero)));
  const oriented = (form: SparseVector<E>, sign: Orientation) =>
    sign > 0 ? form : new Map([...form].map(([k, c]) => [k, K.neg(c)]));
  const linear = network.activation.kind === "linear";
  for (const [t, { weight, outgoing: u, form }] of terms.entries()) {
    const factor = linear || chosen[t]! > 0 ? weight : K.mul(weight, slope);
    for (const [k, c] of form) {
      const entry = K.sub(Q[u]![k]!, K.mul(factor, c));
      Q[u]![k] = entry;
      Q[k]![u] = entry;
    }
  }
  const signs = linear ? [] : terms.map(({ form }, t) => oriented(form, chosen[t]!));
  const weights = outgoing.map((k, j) => oriented(new Map([[k, K.one]]), chosen[signs.length + j] ?? 1));
  return { Q, constraints: chosen.length > signs.length ? [...signs, ...weights] : signs };
}

/** The units and fixed signs that the cells of a block choose from. */
export function cellFrame<E>({ network }: Instance<E>, { terms, fixed, outgoing }: Block<E>, split: boolean) {
  const linear = network.activation.kind === "linear";
  const signs = linear ? [] : terms.map(({ at }) => at);
  // An outgoing weight stands in the list as a unit of the output layer, which no exclusion can name.
  const weights = split ? outgoing.map((k): UnitAtSample => ({ sample: -1, layer: 1, unit: k })) : [];
  return {
    units: [...signs, ...weights],
    fixed: [...(linear ? [] : fixed.slice(0, terms.length)), ...(split ? fixed.slice(terms.length) : [])],
  };
}

/** Equal texts mean equal blocks, up to the names of units and parameters. */
export function blockSignature<E>({ field: K }: Instance<E>, { parameters, terms, fixed, outgoing }: Block<E>): string {
  const number = (c: E) => K.coordinates(c).map(formatRational).join(" ");
  const first = new Map<number, number>();
  for (const { at } of terms) if (!first.has(at.unit)) first.set(at.unit, first.size);
  return JSON.stringify([
    parameters.length,
    terms.map(({ at, outgoing: u, form }) => [
      at.sample,
      first.get(at.unit)!,
      u,
      [...form].map(([k, c]) => [k, number(c)]),
    ]),
    fixed,
    outgoing,
  ]);
}

export function checkLagrangian<E>(instance: Instance<E>, { reach, multipliers, blocks }: Of<"lagrangian", E>): void {
  const { network, field: K, point } = instance;
  ensure(network.layers.length === 2, "lagrangian.depth", "the network is not of depth 2");
  ensureFeasible(instance, point, "lagrangian.feasible");
  ensure(
    multipliers.every((c) => K.sign(c) >= 0),
    "lagrangian.multiplier",
    "a multiplier is negative",
  );
  const total = sum(K, multipliers);
  ensure(
    equals(K, K.add(total, total), squaredNorm(K, point)),
    "lagrangian.value",
    "the multipliers do not sum to ½‖θ‖²",
  );

  const shared = depthTwo(instance);
  const expected = blocksOf(network, shared).map((units) => units.join());
  const given = blocks.flatMap(({ members }) => members.map((units) => units.join()));
  ensure(
    given.length === expected.length && [...given].sort().join(";") === [...expected].sort().join(";"),
    "lagrangian.blocks",
    "the blocks are not the network's hidden units grouped by shared parameters",
  );
  for (const evidence of blocks) {
    const [first, ...others] = evidence.members;
    const block = blockOf(instance, shared, first!, reach, multipliers);
    const signature = blockSignature(instance, block);
    const alike = others.every(
      (units) => blockSignature(instance, blockOf(instance, shared, units, reach, multipliers)) === signature,
    );
    ensure(alike, "lagrangian.blocks", "blocks that share their evidence are not alike");
    checkBlock(instance, block, evidence);
  }
}

function checkBlock<E>(instance: Instance<E>, block: Block<E>, { split, excluded, cells }: LagrangianBlock<E>): void {
  const K = instance.field;
  ensureExclusions(instance, excluded, null);
  const frame = cellFrame(instance, block, split);
  const byOrientation = new Map(cells.map((cell) => [cell.orientations.join(), cell]));
  let covered = 0;
  for (const chosen of orientations(frame.units, frame.fixed, excluded)) {
    const cell = byOrientation.get(chosen.join());
    ensure(
      cell !== undefined,
      "lagrangian.cells",
      () => `no evidence for the cell ${chosen.map((s) => (s > 0 ? "+" : "-")).join("")}`,
    );
    covered++;
    const { Q, constraints } = blockCell(instance, block, chosen);
    const half = K.inv(K.add(K.one, K.one));
    for (const { first, second, weight } of cell.products) {
      ensure(
        Math.max(first, second) < constraints.length,
        "lagrangian.shape",
        `a cell has ${constraints.length} constraints`,
      );
      ensure(K.sign(weight) >= 0, "lagrangian.weight", "a product's weight is negative");
      const scaled = K.mul(weight, half);
      for (const [u, a] of constraints[first]!) {
        for (const [v, b] of constraints[second]!) {
          const entry = K.mul(scaled, K.mul(a, b));
          Q[u]![v] = K.sub(Q[u]![v]!, entry);
          Q[v]![u] = K.sub(Q[v]![u]!, entry);
        }
      }
    }
    ensure(isPositiveSemidefinite(K, Q), "lagrangian.curvature", "the matrix of a cell is not positive semidefinite");
  }
  ensure(covered === cells.length, "lagrangian.cells", "there is evidence for a cell that is not there, or twice");
}
