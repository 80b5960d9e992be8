/**
 * `bound` for Coq where any number of layers moves: linear networks (`SvmDual.v`), and for others what branches can do with weights of
 * size 1, or a chain of one label (`NormBound.v`). Nothing is shared; the multipliers are common to all cells.
 */
import { dot, type Field, squaredNorm } from "../exact/field.js";
import { Q } from "../exact/rational.js";
import type { Orientation, Signed, Tree } from "../kernel/explore.js";
import { combination, type UnitAtSample } from "../kernel/forward.js";
import { chainGroups } from "../kernel/shape.js";
import type { BoundLeaf, BoundPart } from "../kernel/statements/bound.js";
import type { Instance } from "../network/instance.js";
import { isLinear, isUnshared, type Network } from "../network/network.js";
import { leavesOf, list, MAX_LEAVES, NotCovered, type Print } from "./coq-cells.js";

/** The checker of `theory/`, and its evidence after the data, the scope and the point. */
export type CoqBound =
  | { readonly checker: "check_global" | "check_local"; readonly evidence: string }
  | { readonly checker: "check_svm_dual"; readonly evidence: string }
  | { readonly checker: "check_norm_bound"; readonly squaredBound: string; readonly evidence: string };

/** Units from the first hidden layer to the last, and the weights above them. */
interface Line {
  readonly units: readonly number[];
  readonly weights: readonly number[];
}

/** The one unit of the kernel's chain. */
const CHAIN: Line = { units: [0], weights: [] };

/** A chain: in a linear network there is nothing to choose, else one sign per sample. */
export function chained<E>(
  instance: Instance<E>,
  multipliers: readonly E[],
  chain: Tree<E, BoundLeaf<E>>,
  print: Print<E>,
): CoqBound {
  if (chainGroups(instance, multipliers, null).length > 0)
    throw new NotCovered("the theory covers chains of one label, or of linear networks");
  return isLinear(instance.network)
    ? svmDual(multipliers, print)
    : alongLine(instance, multipliers, CHAIN, chain, print);
}

/** Parts with a block and the tree of the first of them. */
export function deepParts<E>(
  instance: Instance<E>,
  { multipliers, parts }: { readonly multipliers: readonly E[]; readonly parts: readonly BoundPart<E>[] },
  block: Network["layers"],
  tree: Tree<E, BoundLeaf<E>>,
  print: Print<E>,
): CoqBound {
  const { network, data } = instance;
  const isPlain = parts.every((part) =>
    leavesOf(part.tree).every(({ relaxed, products }) => relaxed === null && products === null),
  );
  const labels = new Set(positive(instance.field, multipliers).map((i) => data[i]!.y));
  const line = lineIn(network, block);
  if (isUnshared(network)) {
    if (isPlain && network.layers.slice(0, -1).every((layer) => layer.every((row) => row.length <= 1)))
      return branches(instance, multipliers, print);
    if (isPlain && isLinear(network) && line !== null) return svmDual(multipliers, print);
    if (!isLinear(network) && labels.size === 1 && line !== null)
      return alongLine(instance, multipliers, line, tree, print);
  }
  throw new NotCovered(
    "with three and more moving layers the theory covers linear networks, units of one input each, and multipliers of one label",
  );
}

/** From a unit that reads all inputs up to the output, through a block; null where there is none. */
function lineIn({ inputs }: Network, block: Network["layers"]): Line | null {
  const first = block[0]!.findIndex((row) => row.length === inputs);
  if (first === -1) return null;
  const units = [first];
  const weights: number[] = [];
  for (const layer of block.slice(1)) {
    const below = units.at(-1)!;
    const unit = layer.findIndex((row) => row.some(({ from }) => from === below));
    if (unit === -1) return null;
    units.push(unit);
    weights.push(layer[unit]!.find(({ from }) => from === below)!.weight);
  }
  return { units: units.slice(0, -1), weights };
}

function positive<E>(K: Field<E>, multipliers: readonly E[]): number[] {
  return multipliers.flatMap((c, i) => (K.sign(c) > 0 ? [i] : []));
}

function termsText<E>(samples: readonly number[], multipliers: readonly E[], print: Print<E>): string {
  return list(samples.map((i) => `(${i}%nat, ${print(multipliers[i]!)})`));
}

function svmDual<E>(multipliers: readonly E[], print: Print<E>): CoqBound {
  return { checker: "check_svm_dual", evidence: list(multipliers.map(print)) };
}

/** Units of one input each: the largest square of what a branch can do with weights of size 1, over all their signs. */
function branches<E>({ network, field: K, data }: Instance<E>, multipliers: readonly E[], print: Print<E>): CoqBound {
  const samples = positive(K, multipliers);
  const slopes = network.slopes.map(K.fromRational);
  const bounds: E[] = [];
  // As the Coq function `turns_ok` goes through the signs of the weights on a branch.
  const turn = (l: number, values: readonly E[]): void => {
    if (l === slopes.length) {
      const value = dot(
        K,
        values,
        samples.map((i) => (data[i]!.y === 1 ? multipliers[i]! : K.neg(multipliers[i]!))),
      );
      bounds.push(K.mul(value, value));
      return;
    }
    const activate = (z: E) => (K.sign(z) < 0 ? K.mul(slopes[l]!, z) : z);
    turn(l + 1, values.map(activate));
    turn(
      l + 1,
      values.map((z) => activate(K.neg(z))),
    );
  };
  for (let branch = 0; branch < network.inputs; branch++)
    turn(
      0,
      samples.map((i) => data[i]!.x[branch]!),
    );
  return {
    checker: "check_norm_bound",
    squaredBound: print(largest(K, bounds)),
    evidence: `${termsText(samples, multipliers, print)} None`,
  };
}

function largest<E>(K: Field<E>, values: readonly E[]): E {
  return values.reduce((most, c) => (K.sign(K.sub(c, most)) > 0 ? c : most));
}

/**
 * One sign per sample, with multipliers of the signs. A tree of a whole block is read along a line on which the weights above the first
 * layer have the signs that make the label's margin positive, and beside which they are 0: so all units of the line have one sign.
 */
function alongLine<E>(
  instance: Instance<E>,
  multipliers: readonly E[],
  line: Line,
  tree: Tree<E, BoundLeaf<E>>,
  print: Print<E>,
): CoqBound {
  const { network, field: K, data } = instance;
  const samples = positive(K, multipliers);
  if (2 ** samples.length > MAX_LEAVES) throw new NotCovered(`more than ${MAX_LEAVES} cells to write out`);
  const label = data[samples[0]!]!.y === 1;
  const off = K.fromRational(network.slopes.reduce((product, slope) => Q.mul(product, slope), Q.one));
  const own = (i: number, sign: Orientation) => (sign > 0 ? multipliers[i]! : K.mul(off, multipliers[i]!));
  const signed = (sign: Orientation, c: E) => (sign > 0 ? c : K.neg(c));
  const bounds: E[] = [];
  const descend = (signs: Signs): string => {
    const next = samples[signs.size];
    if (next !== undefined)
      return `Signs K (${descend(new Map(signs).set(next, 1))}) (${descend(new Map(signs).set(next, -1))})`;
    const nus = multipliersOf(signs);
    const rows = samples.map(
      (i) => [K.add(own(i, signs.get(i)!), signed(signs.get(i)!, nus.get(i)!)), data[i]!.x] as const,
    );
    bounds.push(squaredNorm(K, combination(K, network.inputs, rows)));
    return `Cell K ${list([...samples].reverse().map((i) => print(nus.get(i)!)))}`;
  };
  /** ν per sample. `NormBound.v` has no gone cells: there all forms of the members vanish, so a neighbour's vector serves. */
  const multipliersOf = (signs: Signs): ReadonlyMap<number, E> => {
    const node = nodeOn(network, line, label, tree, signs);
    if ("leaf" in node) return unitMultipliers(K, line, node.leaf, samples);
    const members = new Map(
      node.gone.map(({ at, weight }) => {
        if ("weight" in at || !isStart(line, at)) throw new NotCovered("a gone cell of units above the first layer");
        return [at.sample, weight] as const;
      }),
    );
    for (const flipped of members.keys()) {
      const neighbour = new Map(signs).set(flipped, -signs.get(flipped)! as Orientation);
      const there = nodeOn(network, line, label, tree, neighbour);
      if (!("leaf" in there)) continue;
      const nus = unitMultipliers(K, line, there.leaf, samples);
      const wanted = (i: number) => {
        const vector = K.add(own(i, neighbour.get(i)!), signed(neighbour.get(i)!, nus.get(i)!));
        return signed(signs.get(i)!, K.sub(vector, own(i, signs.get(i)!)));
      };
      // Σ weight · sign · x = 0 over the members, so that any multiple of the weights may be added.
      const lift = largest(K, [K.zero, ...[...members].map(([i, weight]) => K.neg(K.div(wanted(i), weight)))]);
      return new Map(
        samples.map((i) => [i, members.has(i) ? K.add(wanted(i), K.mul(lift, members.get(i)!)) : nus.get(i)!]),
      );
    }
    throw new NotCovered("a gone cell without a neighbour that is there");
  };
  const cells = descend(new Map());
  return {
    checker: "check_norm_bound",
    squaredBound: print(largest(K, bounds)),
    evidence: `${termsText(samples, multipliers, print)}\n  (Some (${label}, ${cells}))`,
  };
}

/** Per sample with a multiplier, the sign of the line's first unit. */
type Signs = ReadonlyMap<number, Orientation>;

function isStart({ units }: Line, { layer, unit }: UnitAtSample): boolean {
  return layer === 0 && unit === units[0];
}

/** Where the signs lead in the tree. */
function nodeOn<E, L>(
  { parameters }: Network,
  { units, weights }: Line,
  label: boolean,
  tree: Tree<E, L>,
  signs: Signs,
) {
  const signOf = (at: Signed): Orientation => {
    if ("weight" in at) {
      if (parameters[at.weight]!.layers[0] === 0) throw new NotCovered("a tree that splits weights of the first layer");
      return !label && at.weight === weights.at(-1) ? -1 : 1;
    }
    if (at.unit !== units[at.layer]) return 1;
    const sign = signs.get(at.sample);
    if (sign === undefined) throw new NotCovered("a tree that splits a sign without a multiplier");
    return sign;
  };
  let node = tree;
  while ("split" in node) node = signOf(node.split) > 0 ? node.on : node.off;
  return node;
}

/** The products of the line's first unit with its weights, as multipliers of the signs; products beside the line do not matter on it. */
function unitMultipliers<E>(
  K: Field<E>,
  line: Line,
  { relaxed, products }: BoundLeaf<E>,
  samples: readonly number[],
): ReadonlyMap<number, E> {
  if (relaxed !== null) throw new NotCovered("no theorem for relaxed units");
  const nus = new Map(samples.map((i) => [i, K.zero]));
  for (const { first, second, weight } of products ?? []) {
    const units = [first, second].flatMap((form) => ("unit" in form ? [form.unit] : []));
    const [unit] = units;
    if (unit === undefined) continue;
    if (units.length > 1 || unit.layer > 0)
      throw new NotCovered("a product of two signs, or of one above the first layer");
    const path = [first, second].flatMap((form) => ("path" in form ? form.path : []));
    if (!isStart(line, unit) || path.some((one) => !line.weights.includes(one))) continue;
    if (!nus.has(unit.sample)) throw new NotCovered("a product with a sign that has no multiplier");
    nus.set(unit.sample, K.add(nus.get(unit.sample)!, weight));
  }
  return nus;
}
