/**
 * The only place where signs become cells. Evidence over signs is a tree; the kernel walks it and derives on each cell what every
 * pre-activation is: a polynomial in the parameters that move, known, or open. (`proofs/theory.md`, §2.)
 *
 * A sign s of a form z means s z ≥ 0: cells are closed, and those of a tree cover the reach by construction, except for cells that
 * are gone, which lie in the zero set of a polynomial that is not zero.
 */
import { abs, compare, type Field, type Sign } from "../exact/field.js";
import {
  accumulate,
  constant,
  constantTerm,
  type Grade,
  type Grades,
  gradeOf,
  type MultivariatePolynomial,
  multivariateRing,
  scaled,
  shiftedVariable,
  sumOfProducts,
  type Term,
  tailBound,
} from "../exact/multivariate.js";
import { type Margin, marginOf, weightsOf } from "../network/instance.js";
import { isLinearLayer, type Network, type Scope } from "../network/network.js";
import { ensure } from "./ensure.js";
import type { Facts } from "./facts.js";
import { type UnitAtSample, unitText } from "./forward.js";

export type Orientation = 1 | -1;

/** What has a sign: the pre-activation of a unit at a sample, or a weight. */
export type Signed = UnitAtSample | { readonly weight: number };

/** A form of a gone cell, taken `weight` times. */
export interface Member<E> {
  readonly at: Signed;
  readonly weight: E;
}

/** Evidence over signs, with L at its leaves. */
export type Tree<E, L> =
  | { readonly split: Signed; readonly on: Tree<E, L>; readonly off: Tree<E, L> }
  | { readonly gone: readonly Member<E>[] }
  | { readonly leaf: L };

/** Where signs may be read off θ: in some neighbourhood of it, in a ball around it, or nowhere. */
export type Reach<E> = "near" | "everywhere" | { readonly radius: E };

/** What the cells of a tree are cells of. */
export interface Frame<E> {
  readonly facts: Facts<E>;
  /** The network's layers, or a part of their rows. */
  readonly layers: Network["layers"];
  readonly scope: Scope;
  readonly reach: Reach<E>;
  /** Whether polynomials are in the displacement from θ, or in the moving parameters themselves. */
  readonly from: "point" | "origin";
}

/** A unit on a cell: its pre-activation (null: it depends on an open unit), the sign (null: open), and its output. */
export interface UnitOnCell<E> {
  readonly z: MultivariatePolynomial<E> | null;
  readonly sign: Sign | null;
  readonly output: MultivariatePolynomial<E> | null;
}

export interface SampleOnCell<E> {
  readonly layers: readonly (readonly UnitOnCell<E>[])[];
  readonly outputs: readonly (MultivariatePolynomial<E> | null)[];
}

export interface Condition {
  readonly at: Signed;
  readonly orientation: Orientation;
}

/** A closed cell: the signs chosen on the way to it, and what follows. */
export interface Cell<E> {
  readonly conditions: readonly Condition[];
  /** The pass of a sample on the cell; `relaxed` units have a variable of their own as output, by its number. */
  readonly sample: (sample: number, relaxed?: ReadonlyMap<string, number>) => SampleOnCell<E>;
  readonly weightSign: (weight: number) => Sign | null;
  /** The polynomial and the sign of a form, where they are known. */
  readonly form: (
    at: Signed,
    relaxed?: ReadonlyMap<string, number>,
  ) => { z: MultivariatePolynomial<E> | null; sign: Sign | null };
  /** A margin's polynomial, or null where it is not determined. */
  readonly margin: (margin: Margin, relaxed?: ReadonlyMap<string, number>) => MultivariatePolynomial<E> | null;
}

export const treeClauses = ["tree.split", "tree.form", "tree.weight", "tree.sum"] as const;

/** Walks the tree and calls `leaf` on each cell with its evidence; returns what it returned, from the first leaf to the last. */
export function explore<E, L, P>(frame: Frame<E>, tree: Tree<E, L>, leaf: (cell: Cell<E>, evidence: L) => P): P[] {
  const results: P[] = [];
  const memory = memoryOf(frame);
  const walk = (node: Tree<E, L>, conditions: readonly Condition[]): void => {
    if ("split" in node) {
      const { split: at } = node;
      const isNew = isSplittable(frame, at) && conditions.every((one) => keyOf(one.at) !== keyOf(at));
      ensure(isNew, "tree.split", () => `${signedText(frame, at)} has no sign to split, or was split before`);
      walk(node.on, [...conditions, { at, orientation: 1 }]);
      walk(node.off, [...conditions, { at, orientation: -1 }]);
    } else if ("gone" in node) ensureGone(frame, cellOf(frame, conditions, memory), node.gone);
    else results.push(leaf(cellOf(frame, conditions, memory), node.leaf));
  };
  walk(tree, []);
  return results;
}

/** Units of layers with kinks, and weights that move. */
function isSplittable<E>(
  {
    facts: {
      instance: { network },
    },
    layers,
    scope,
  }: Frame<E>,
  at: Signed,
): boolean {
  if ("weight" in at) {
    const parameter = network.parameters[at.weight];
    return parameter !== undefined && (scope === null || parameter.layers.includes(scope));
  }
  const isHidden = at.layer < layers.length - 1 && !isLinearLayer(network, at.layer);
  return isHidden && (layers[at.layer]![at.unit]?.length ?? 0) > 0;
}

/**
 * Gordan: Σ weight · sign · z is the zero polynomial, with weights > 0, each form of a sign chosen on the way and not the zero polynomial
 * on the cell. So all of them vanish on the cell, which lies in the zero set of a polynomial.
 */
function ensureGone<E>(frame: Frame<E>, cell: Cell<E>, members: readonly Member<E>[]): void {
  const K = frame.facts.instance.field;
  const total = new Map<string, Term<E>>();
  for (const { at, weight } of members) {
    const condition = cell.conditions.find((one) => keyOf(one.at) === keyOf(at));
    const z = condition === undefined ? null : cell.form(at).z;
    // By sign: only that is about the real number, and it throws for a zero divisor of a field that is none.
    const isNonZero = z !== null && [...z.values()].some(({ coefficient }) => K.sign(coefficient) !== 0);
    ensure(
      condition !== undefined && z !== null && isNonZero,
      "tree.form",
      () => `${signedText(frame, at)} was not split on the way, is not determined, or is identically zero`,
    );
    ensure(K.sign(weight) > 0, "tree.weight", () => `the weight of ${signedText(frame, at)} is not positive`);
    accumulate(K, total, z, condition.orientation > 0 ? weight : K.neg(weight));
  }
  ensure(total.size === 0, "tree.sum", "the weighted forms of a gone cell do not sum to zero");
}

/** What a connection of a pass costs, in the words of the budget. */
const STEP = 100;

/** What neighbouring cells share: the weights before any sign is chosen, and the last pass of each sample. */
export interface Memory<E> {
  readonly weights: readonly Value<E>[];
  readonly passes: Map<number, { readonly key: string; readonly pass: SampleOnCell<E> }>;
}

const memories = new WeakMap<Frame<never>, Memory<never>>();

/** That of all cells of a frame. */
export function memoryOf<E>(frame: Frame<E>): Memory<E> {
  const known = memories as unknown as WeakMap<Frame<E>, Memory<E>>;
  const memory = known.get(frame) ?? { weights: weightsOn(frame), passes: new Map() };
  known.set(frame, memory);
  return memory;
}

/** The cell of some conditions. */
export function cellOf<E>(frame: Frame<E>, conditions: readonly Condition[], memory = memoryOf(frame)): Cell<E> {
  const { facts, layers } = frame;
  facts.spend(STEP * (1 + conditions.length));
  const signs = new Map(conditions.map(({ at, orientation }) => [keyOf(at), orientation as Sign]));
  const chosen = new Map(
    conditions.flatMap(({ at, orientation }) => ("weight" in at ? [[at.weight, orientation as Sign]] : [])),
  );
  const weightSign = (weight: number) => chosen.get(weight) ?? memory.weights[weight]?.sign ?? null;
  const sample = (i: number, relaxed: ReadonlyMap<string, number> = new Map()) => {
    const own = conditions.filter(({ at }) => "weight" in at || at.sample === i);
    const key = JSON.stringify([own.map(({ at, orientation }) => [keyOf(at), orientation]), [...relaxed]]);
    const last = memory.passes.get(i);
    if (last?.key === key) return last.pass;
    facts.spend(STEP * layers.reduce((n, layer) => layer.reduce((m, row) => m + 1 + row.length, n), 0));
    const pass = passOn(
      frame,
      signs,
      (weight) => ({ z: memory.weights[weight]!.z, sign: weightSign(weight) }),
      i,
      relaxed,
    );
    memory.passes.set(i, { key, pass });
    return pass;
  };
  return {
    conditions,
    sample,
    weightSign,
    form: (at, relaxed) =>
      "weight" in at
        ? { z: memory.weights[at.weight]!.z, sign: weightSign(at.weight) }
        : sample(at.sample, relaxed).layers[at.layer]![at.unit]!,
    margin: (margin, relaxed) => {
      const { outputs } = sample(margin.sample, relaxed);
      const used = [margin.plus, margin.minus].filter((k) => k !== null);
      if (used.some((k) => outputs[k] === null)) return null;
      return marginOf(multivariateRing(facts.instance.field), margin, outputs as MultivariatePolynomial<E>[]);
    },
  };
}

interface Value<E> {
  readonly z: MultivariatePolynomial<E> | null;
  readonly sign: Sign | null;
}

/** With a sign that is only looked for when it is asked for: many are not, and over functions of a parameter not all have one. */
function withSign<E>(z: Value<E>["z"], signOf: () => Sign | null): Value<E> {
  let known: Sign | null | undefined;
  return {
    z,
    get sign() {
      if (known === undefined) known = signOf();
      return known;
    },
  };
}

/** Every weight as a polynomial, with its sign where it is known in all of the reach. */
function weightsOn<E>({ facts: { instance }, scope, reach, from }: Frame<E>): Value<E>[] {
  const { field: K, network, point } = instance;
  return weightsOf(instance, point).map((value, k) => {
    const moves = k < point.length && (scope === null || network.parameters[k]!.layers.includes(scope));
    if (!moves) return withSign(constant(K, value), () => K.sign(value));
    const isKept = () => reach === "near" || (typeof reach === "object" && compare(K, abs(K, value), reach.radius) > 0);
    return withSign(shiftedVariable(K, from === "point" ? value : K.zero, k), () =>
      isKept() ? K.sign(value) || null : null,
    );
  });
}

/** The pass of a sample on the cell. Signs are of s z ≥ 0; 0 means identically zero. */
function passOn<E>(
  frame: Frame<E>,
  signs: ReadonlyMap<string, Sign>,
  weightOn: (weight: number) => Value<E>,
  sample: number,
  relaxed: ReadonlyMap<string, number>,
): SampleOnCell<E> {
  const { facts, layers } = frame;
  const { field: K, network, data } = facts.instance;
  let values: Value<E>[] = data[sample]!.x.map((c) => withSign(constant(K, c), () => K.sign(c)));
  const hidden: UnitOnCell<E>[][] = [];
  const grades = new Map<number, Grade<E>>();
  for (const [l, layer] of layers.entries()) {
    const sums = layer.map((row): Value<E> => {
      const terms = row.flatMap(({ from, weight }) => {
        const [factor, value] = [weightOn(weight), values[from]!];
        return factor.z!.size === 0 || value.z?.size === 0 ? [] : [{ factor, value }];
      });
      const isKnown = terms.every(({ value }) => value.z !== null);
      const z = isKnown
        ? sumOfProducts(
            K,
            terms.map(({ factor, value }) => [factor.z!, value.z!]),
          )
        : null;
      return withSign(z, () => signOfSum(terms));
    });
    if (l === layers.length - 1) return { layers: hidden, outputs: sums.map(({ z }) => z) };
    const slope = K.fromRational(network.slopes[l]!);
    const linear = isLinearLayer(network, l);
    const units = sums.map((sum, unit): UnitOnCell<E> => {
      const at = { sample, layer: l, unit };
      const { z } = sum;
      const signOf = () => signs.get(keyOf(at)) ?? signAtPoint(frame, at, z, grades) ?? constantSign(K, z) ?? sum.sign;
      if (linear) return Object.assign(withSign(z, signOf), { output: z });
      const sign = signOf();
      if (sign === 1) return { z, sign, output: z };
      if (sign === 0) return { z, sign, output: new Map() };
      if (sign === -1) return { z, sign, output: K.isZero(slope) ? new Map() : z && scaled(K, z, slope) };
      const own = relaxed.get(keyOf(at));
      if (own === undefined) return { z, sign, output: null };
      if (typeof frame.reach === "object" && z !== null) grades.set(own, gradeOf(K, z, frame.reach.radius, grades));
      return { z, sign, output: shiftedVariable(K, K.zero, own) };
    });
    hidden.push(units);
    // An output has the sign of z; off, a ReLU's is zero; open, it is at least not negative.
    const isNonnegative = !linear && K.isZero(slope);
    values = units.map((unit) =>
      withSign(unit.output, () =>
        !isNonnegative ? unit.sign : unit.sign === null ? 1 : unit.sign === -1 ? 0 : unit.sign,
      ),
    );
  }
  throw new RangeError("a network has at least one layer");
}

/** The sign of z at θ, where that is not 0 and holds in all of the reach; in a ball it is read off the cell's own z, in the displacement. */
function signAtPoint<E>(
  { facts, reach }: Frame<E>,
  { sample, layer, unit }: UnitAtSample,
  z: MultivariatePolynomial<E> | null,
  grades: Grades<E>,
): Sign | null {
  if (reach === "everywhere") return null;
  const K = facts.instance.field;
  if (reach === "near") return K.sign(facts.passes[sample]!.preactivations[layer]![unit]!) || null;
  if (z === null) return null;
  const here = constantTerm(K, z);
  const { radius } = reach;
  const rest = new Map(z);
  rest.delete("");
  return compare(K, abs(K, here), tailBound(K, rest, 0, radius, grades)) > 0 ? K.sign(here) : null;
}

/** The sign of a polynomial that is a constant. */
function constantSign<E>(K: Field<E>, z: MultivariatePolynomial<E> | null): Sign | null {
  if (z === null || z.size > 1 || (z.size === 1 && !z.has(""))) return null;
  return K.sign(constantTerm(K, z));
}

/** The sign of Σ factor · value, none of which is the zero polynomial; 0 for an empty sum, null where the terms leave it open. */
function signOfSum<E>(terms: readonly { readonly factor: Value<E>; readonly value: Value<E> }[]): Sign | null {
  let sign: Sign = 0;
  for (const { factor, value } of terms) {
    if (factor.sign === null || value.sign === null) return null;
    const own = (factor.sign * value.sign || 0) as Sign;
    if (sign !== 0 && own !== 0 && own !== sign) return null;
    sign = own || sign;
  }
  return sign;
}

/** Equal for what is the same. */
export function keyOf(at: Signed): string {
  return "weight" in at ? `w${at.weight}` : `${at.sample} ${at.layer} ${at.unit}`;
}

function signedText<E>(
  {
    facts: {
      instance: { network },
    },
  }: Frame<E>,
  at: Signed,
): string {
  return "weight" in at ? (network.parameters[at.weight]?.name ?? "a constant") : unitText(at);
}
