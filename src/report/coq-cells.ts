/**
 * Evidence for the Coq checkers that distinguish cells. `Explore.v` reads a tree as the kernel does, but in the order of its own walk:
 * sample by sample, layer by layer. So the walk is made here over the kernel's cells, and where every sign is known the certificate's
 * trees are read for what they say of that cell. Weights that the certificate splits are cut there.
 */
import { compare, type Field, squaredNorm } from "../exact/field.js";
import {
  accumulate,
  constant,
  constantTerm,
  multivariateRing,
  type MultivariatePolynomial as Polynomial,
  scaled,
  shiftedVariable,
  sumOfProducts,
  type Term,
  tailBound,
} from "../exact/multivariate.js";
import { rational } from "../exact/rational.js";
import {
  type Cell,
  cellOf,
  type Frame,
  keyOf,
  type Member,
  memoryOf,
  type Orientation,
  type Signed,
  type Tree,
} from "../kernel/explore.js";
import type { Facts } from "../kernel/facts.js";
import type { Instance } from "../network/instance.js";
import { isLinearLayer, parametersOf, type Scope } from "../network/network.js";

/** Larger trees are not written out; the statement is then listed as not covered. */
export const MAX_LEAVES = 512;
const MAX_TEXT = 250_000;

/** Why a statement has no Coq proof in the file. */
export class NotCovered extends Error {}

/** Thrown on the way where a ball is too large for a sign that holds near θ. */
class BallTooLarge extends Error {}

/** Prints a number as a Coq term. */
export type Print<E> = (value: E) => string;

/** A Coq list. */
export function list(items: readonly string[], indent = 0): string {
  return indent > 0 && items.length > 1 ? `[${items.join(`;\n${" ".repeat(indent + 1)}`)}]` : `[${items.join("; ")}]`;
}

/** The polynomials of a region, printed, and what `Region.v` computes with them. */
export class Algebra<E> {
  readonly ring;
  readonly K: Field<E>;
  constructor(
    readonly frame: Frame<E>,
    readonly print: Print<E>,
  ) {
    this.K = frame.facts.instance.field;
    this.ring = multivariateRing(this.K);
  }
  /** The sign in the whole region, as the Coq function `decided` finds it. */
  decided(p: Polynomial<E>): boolean | null {
    const { K, frame } = this;
    const c = constantTerm(K, p);
    if (p.size === 0 || (p.size === 1 && p.has(""))) return K.sign(c) > 0;
    if (typeof frame.reach === "string") return null;
    const { radius } = frame.reach;
    const absolute = K.sign(c) < 0 ? K.neg(c) : c;
    return compare(K, absolute, K.mul(radius, tailBound(K, p, 1, radius))) > 0 ? K.sign(c) > 0 : null;
  }
  part(p: Polynomial<E>, degree: number): Polynomial<E> {
    return new Map([...p].filter(([, { variables }]) => variables.length === degree));
  }
  /** ‖θ'‖² − ‖θ‖² */
  growth(): Polynomial<E> {
    const { K, frame } = this;
    const { network, point } = frame.facts.instance;
    const moving = parametersOf(network, frame.scope);
    const squares = moving.map((k) => shiftedVariable(K, frame.from === "point" ? point[k]! : K.zero, k));
    const norm = squaredNorm(
      K,
      moving.map((k) => point[k]!),
    );
    return this.ring.sub(
      sumOfProducts(
        K,
        squares.map((p) => [p, p]),
      ),
      constant(K, norm),
    );
  }
  text(p: Polynomial<E>): string {
    const terms = [...p.values()].map(
      ({ variables, coefficient }) => `(${list(variables.map(String))}%nat, ${this.print(coefficient)})`,
    );
    return list(terms);
  }
  /** A quadratic polynomial as Σ D q², by elimination; the constant is eliminated last. Where this does not succeed, Coq refuses. */
  squares(quadratic: Polynomial<E>): string {
    const { K, ring } = this;
    const half = K.inv(K.add(K.one, K.one));
    const found: string[] = [];
    let rest = quadratic;
    for (;;) {
      const variables = [...new Set([...rest.values()].flatMap((t) => t.variables))].sort((a, b) => a - b);
      const pivot = variables.find((k) => rest.has(`${k},${k}`));
      if (pivot === undefined) break;
      const D = rest.get(`${pivot},${pivot}`)!.coefficient;
      const form = new Map<string, Term<E>>();
      for (const { variables, coefficient } of rest.values()) {
        const at = variables.indexOf(pivot);
        if (at < 0) continue;
        const others = variables.filter((_, k) => k !== at);
        const own = others.length === 1 && others[0] === pivot;
        form.set(others.join(), {
          variables: others,
          coefficient: K.div(own ? coefficient : K.mul(half, coefficient), D),
        });
      }
      found.push(`(${this.print(D)}, ${this.text(form)})`);
      rest = ring.sub(rest, scaled(K, ring.mul(form, form), D));
    }
    const left = rest.get("");
    if (left !== undefined) found.push(`(${this.print(left.coefficient)}, ${this.text(constant(K, K.one))})`);
    return list(found);
  }
}

/** A sign met on the way, and the polynomial that is therefore not negative. */
export interface Condition<E> {
  readonly at: Signed;
  readonly orientation: Orientation;
  readonly polynomial: Polynomial<E>;
}

/** A leaf of the walk. */
export interface WalkedCell<E> {
  readonly cell: Cell<E>;
  /** The margins of the used samples. */
  readonly margins: readonly Polynomial<E>[];
  readonly conditions: readonly Condition<E>[];
}

/** A tree of the certificate, and by what name the walk knows the units and weights of which it speaks. */
export interface Reading<E, L> {
  readonly tree: Tree<E, L>;
  readonly rename: (at: Signed) => Signed;
}

/** What a tree says of a cell: a leaf, and the signs split on the way to it. */
export interface Found<L> {
  readonly leaf: L;
  readonly path: readonly Signed[];
}

interface Walk<E, L> {
  readonly facts: Facts<E>;
  readonly scope: Scope;
  /** The ball around θ that displacements are from; null for the whole space and coordinates from 0. */
  readonly ball: E | null;
  /** The samples whose margins are used. */
  readonly samples: readonly number[];
  readonly readings: readonly Reading<E, L>[];
  /** The signed forms that the leaf multiplies, besides the conditions. */
  readonly forms: (found: readonly Found<L>[]) => readonly Signed[];
  /** The evidence on a cell, as a Coq term. */
  readonly leaf: (walked: WalkedCell<E>, found: readonly Found<L>[], algebra: Algebra<E>) => string;
}

/** A direction in which, one trusts, no linear form of a gone cell vanishes: what Coq settles ties by. */
export function tieDirection<E>({ point, field: K }: Instance<E>): E[] {
  return point.map((_, k) => K.fromRational(rational(BigInt((((k + 1) * 7919) % 101) + 1))));
}

/** The units that a weight which is not identically zero leads on from, as the Coq function `needs` finds them. */
function neededUnits<E>({ network, field: K, point }: Instance<E>, scope: Scope): boolean[][] {
  const moving = new Set(parametersOf(network, scope));
  const needed = network.layers.map((layer) => layer.map(() => false));
  needed[needed.length - 1]!.fill(true);
  for (let l = network.layers.length - 1; l > 0; l--)
    for (const [unit, row] of network.layers[l]!.entries())
      if (needed[l]![unit])
        for (const { from, weight } of row)
          if (moving.has(weight) || !K.isZero(point[weight]!)) needed[l - 1]![from] = true;
  return needed;
}

/** The direction that settles ties, the mask of used samples, and the tree of `Explore.v`. Throws NotCovered. */
export function walked<E, L>(walk: Walk<E, L>, print: Print<E>): string {
  const { facts, scope, ball, samples, readings } = walk;
  const { instance } = facts;
  const { network, field: K, data, point } = instance;
  const frame: Frame<E> = {
    facts,
    layers: network.layers,
    scope,
    reach: ball === null ? "everywhere" : { radius: ball },
    from: ball === null ? "origin" : "point",
  };
  const algebra = new Algebra(frame, print);
  const needed = neededUnits(instance, scope);
  const units = samples.flatMap((sample) =>
    network.layers
      .slice(0, -1)
      .flatMap((layer, l) =>
        isLinearLayer(network, l)
          ? []
          : layer.flatMap((_, unit) => (needed[l]![unit] ? [{ sample, layer: l, unit }] : [])),
      ),
  );
  const exclusions = readings.flatMap(({ tree, rename }) => exclusionsOf(tree, rename));
  const memory = memoryOf(frame);
  let leaves = 0;
  let written = 0;

  const goneText = (conditions: readonly Condition<E>[], members: readonly (readonly [string, E])[]): string => {
    const weights = new Map(members);
    const own = conditions.map(({ at }) => weights.get(keyOf(at)) ?? K.zero);
    if (own.filter((c) => !K.isZero(c)).length < weights.size)
      throw new NotCovered("a cell is gone by forms that the walk of Explore.v does not meet");
    return `@Gone K _ ${list(own.reverse().map(print))}`;
  };
  /** As soon as the forms of a gone cell have been met and sum to zero, nothing below has to be visited. */
  const gone = (conditions: readonly Condition<E>[]): string | null => {
    for (const exclusion of exclusions) {
      const members = conditions.filter(({ at, orientation }) => exclusion.get(keyOf(at))?.orientation === orientation);
      if (members.length < exclusion.size) continue;
      const total = new Map<string, Term<E>>();
      for (const { at, polynomial } of members) accumulate(K, total, polynomial, exclusion.get(keyOf(at))!.weight);
      if (total.size === 0)
        return goneText(
          conditions,
          [...exclusion].map(([key, { weight }]) => [key, weight]),
        );
    }
    return null;
  };
  const both = (conditions: readonly Condition<E>[], at: Signed, z: Polynomial<E>) =>
    ([1, -1] as const).map((orientation) => {
      const polynomial = orientation > 0 ? z : scaled(K, z, K.neg(K.one));
      return [...conditions, { at, orientation, polynomial }];
    }) as [Condition<E>[], Condition<E>[]];
  /** Something that is not 0 at θ has its sign near θ, so a smaller ball decides it. */
  const ensureKink = (at: Signed) => {
    if (ball === null) return;
    const here = "weight" in at ? point[at.weight]! : facts.passes[at.sample]!.preactivations[at.layer]![at.unit]!;
    if (!K.isZero(here)) throw new BallTooLarge();
  };
  const descend = (conditions: readonly Condition<E>[]): string => {
    const cell = cellOf(frame, conditions, memory);
    const at = units.find((unit) => cell.form(unit).sign === null);
    if (at === undefined) return atLeaf(conditions);
    const left = gone(conditions);
    if (left !== null) return left;
    ensureKink(at);
    const [on, off] = both(conditions, at, cell.form(at).z!);
    return `Split (${descend(on)}) (${descend(off)})`;
  };
  /** Every unit that matters has a sign; the trees are read, and what they ask for beyond is cut or known. */
  const atLeaf = (conditions: readonly Condition<E>[]): string => {
    const cell = cellOf(frame, conditions, memory);
    const left = gone(conditions);
    if (left !== null) return left;
    const found: Found<L>[] = [];
    for (const reading of readings) {
      const one = read(reading, cell);
      if ("leaf" in one) found.push(one);
      else if ("open" in one) return cut(conditions, one.open, cell);
      else
        return goneText(
          conditions,
          one.gone.map(({ at, weight }) => [keyOf(reading.rename(at)), weight]),
        );
    }
    const met = new Set(conditions.map(({ at }) => keyOf(at)));
    const missing = walk.forms(found).find((at) => !met.has(keyOf(at)));
    if (missing !== undefined) return know(conditions, missing, cell);
    if (++leaves > MAX_LEAVES) throw new NotCovered(`more than ${MAX_LEAVES} cells to write out`);
    const margins = samples.map((i) => cell.margin(facts.margins[i]!)!);
    const text = walk.leaf({ cell, margins, conditions }, found, algebra);
    written += text.length;
    if (written > MAX_TEXT) throw new NotCovered("the evidence is too long to write out");
    return text;
  };
  const cut = (conditions: readonly Condition<E>[], at: Signed, cell: Cell<E>): string => {
    const { z } = cell.form(at);
    if (z === null) throw new NotCovered("a sign is split of which Explore.v does not know the form");
    ensureKink(at);
    const [on, off] = both(conditions, at, z);
    return `@Cut K _ ${algebra.text(z)} (${atLeaf(on)}) (${atLeaf(off)})`;
  };
  const know = (conditions: readonly Condition<E>[], at: Signed, cell: Cell<E>): string => {
    const { z, sign } = cell.form(at);
    if (z === null || sign === null) throw new NotCovered("a product of signs that are not known on a cell");
    const orientation = sign < 0 ? -1 : 1;
    const polynomial = orientation > 0 ? z : scaled(K, z, K.neg(K.one));
    if (algebra.decided(polynomial) !== true) {
      ensureKink(at);
      throw new NotCovered("a product with a sign that follows from others");
    }
    return `@Know K _ ${algebra.text(polynomial)} (${atLeaf([...conditions, { at, orientation, polynomial }])})`;
  };
  const mask = list(data.map((_, i) => String(samples.includes(i))));
  return `${list(tieDirection(instance).map(print))} ${mask}\n  (${descend([])})`;
}

/** As `walked`, in the largest ball of radius 1, ½, ¼, … in which the signs that are not 0 at θ are kept. */
export function walkedNear<E, L>(walk: Omit<Walk<E, L>, "ball">, print: Print<E>): string {
  const K = walk.facts.instance.field;
  const half = K.inv(K.add(K.one, K.one));
  for (let ball = K.one; ; ball = K.mul(ball, half)) {
    try {
      return `${print(ball)} ${walked({ ...walk, ball }, print)}`;
    } catch (error) {
      if (!(error instanceof BallTooLarge)) throw error;
    }
  }
}

/** What a tree has at its leaves, from the first to the last. */
export function leavesOf<E, L>(tree: Tree<E, L>): L[] {
  if ("split" in tree) return [...leavesOf(tree.on), ...leavesOf(tree.off)];
  return "leaf" in tree ? [tree.leaf] : [];
}

type Exclusion<E> = ReadonlyMap<string, { readonly orientation: Orientation; readonly weight: E }>;

/** The gone cells of a tree, as weights of signs. */
function exclusionsOf<E, L>(tree: Tree<E, L>, rename: (at: Signed) => Signed): Exclusion<E>[] {
  const found: Exclusion<E>[] = [];
  const visit = (node: Tree<E, L>, signs: ReadonlyMap<string, Orientation>): void => {
    if ("split" in node) {
      const key = keyOf(rename(node.split));
      visit(node.on, new Map(signs).set(key, 1));
      visit(node.off, new Map(signs).set(key, -1));
    } else if ("gone" in node) {
      const members = node.gone.map(({ at, weight }) => [keyOf(rename(at)), weight] as const);
      found.push(new Map(members.map(([key, weight]) => [key, { orientation: signs.get(key)!, weight }])));
    }
  };
  visit(tree, new Map());
  return found;
}

/** Where the signs of a cell lead in a tree: to a leaf, to a gone cell, or to a sign that the cell leaves open. */
function read<E, L>(
  { tree, rename }: Reading<E, L>,
  cell: Cell<E>,
): Found<L> | { readonly gone: readonly Member<E>[] } | { readonly open: Signed } {
  const path: Signed[] = [];
  let node = tree;
  while ("split" in node) {
    const at = rename(node.split);
    const { sign } = cell.form(at);
    if (sign === null) return { open: at };
    path.push(at);
    node = sign > 0 ? node.on : node.off;
  }
  return "leaf" in node ? { leaf: node.leaf, path } : node;
}
