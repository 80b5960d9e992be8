/**
 * `bound`: θ is a local or global optimum of the scope's problem, by one dual bound on the cells of a tree: with multipliers α ≥ 0,
 * Σα ≤ Σ α_j margin_j(θ') ≤ C (‖θ'‖²/m)^{m/2} for every feasible θ' of the reach, with C² = (Σα)² / (‖θ‖²/m)^m, so ‖θ'‖ ≥ ‖θ‖.
 * m is the number of layers that move with the scope. (`proofs/theory.md`, §6.)
 */
import { type Field, sum } from "../../exact/field.js";
import {
  accumulate,
  constant,
  type MultivariatePolynomial,
  scaled,
  shiftedVariable,
  sumOfProducts,
  type Term,
} from "../../exact/multivariate.js";
import { isSemidefiniteForm, type QuadraticForm, type Sparse } from "../../exact/quadratic.js";
import { rational } from "../../exact/rational.js";
import { byKey, type Codec, index, listOf, MAX_ENTRIES, objectOf, word } from "../../network/codec.js";
import { weightsOf } from "../../network/instance.js";
import type { Network, Scope } from "../../network/network.js";
import { ensure } from "../ensure.js";
import { type Cell, explore, type Frame, keyOf, type Tree } from "../explore.js";
import { ensureFeasible, ensureRoom, type Facts } from "../facts.js";
import { type UnitAtSample, unitText } from "../forward.js";
import {
  type Block,
  blocksOf,
  chainGroups,
  chainOf,
  hasStrands,
  isChainable,
  type Placing,
  placing,
  rowsOf,
  type Shape,
  shapeOf,
  signatures,
  wholeOf,
} from "../shape.js";
import type { Kind } from "../statement.js";

/** More relaxed units on a leaf are refused. */
const MAX_RELAXED = 1000;

/** An open unit that enters as a variable a = σ(z) of its own, and the multiplier of (a − z)(a − slope z) = 0. */
export interface Relaxed<E> {
  readonly at: UnitAtSample;
  readonly multiplier: E;
}

/**
 * A form that is not negative on the cell: z of a unit of known sign, times the sign; of a relaxed unit a − z or a − slope z, the one
 * that vanishes where the unit is `on` or `off`; or a product of weights of known signs, times its sign.
 */
export type Form =
  | { readonly unit: UnitAtSample }
  | { readonly relaxed: UnitAtSample; readonly zero: "on" | "off" }
  | { readonly path: readonly number[] };

/** The product of two forms, with a weight ≥ 0. */
export interface FormProduct<E> {
  readonly first: Form;
  readonly second: Form;
  readonly weight: E;
}

export interface BoundLeaf<E> {
  /** α on this cell; null where they are common to all. */
  readonly multipliers: readonly E[] | null;
  readonly relaxed: readonly Relaxed<E>[] | null;
  readonly products: readonly FormProduct<E>[] | null;
}

/** Blocks, by number, that are alike, and the tree of the first one. */
export interface BoundPart<E> {
  readonly blocks: readonly number[];
  /** Where one layer moves, each block has its own C², and they add up to at most C²; else null. */
  readonly share: E | null;
  readonly tree: Tree<E, BoundLeaf<E>>;
}

/** Multipliers common to all blocks, and a tree for each; or one tree, with multipliers at its leaves; or a chain for every path. */
export type BoundBy<E> =
  | { readonly multipliers: readonly E[]; readonly parts: readonly BoundPart<E>[] }
  | { readonly tree: Tree<E, BoundLeaf<E>> }
  | Chained<E>;

/** A bound for all paths at once; the samples of the label `apart`, if any, count one by one. */
export interface Chained<E> {
  readonly multipliers: readonly E[];
  readonly apart: "positive" | "negative" | null;
  readonly chain: Tree<E, BoundLeaf<E>>;
}

/** The label that is apart in a chain. */
export const apartOf = ({ apart }: { readonly apart: Chained<unknown>["apart"] }): number | null =>
  apart === null ? null : apart === "positive" ? 1 : -1;

export interface Bound<E> {
  readonly kind: "bound";
  readonly scope: Scope;
  readonly reach: "local" | "global";
  readonly by: BoundBy<E>;
}

/**
 * A strand on a cell: the quadratic form of [[C² I, −F], [−Fᵀ, I]] less the products. Its rows are low variables by number, then paths, as
 * the numbers of their weights behind a slash.
 */
export interface Strand<E> {
  readonly rows: readonly string[];
  readonly form: QuadraticForm<E>;
}

export interface LeafProof<E> {
  readonly cell: Cell<E>;
  readonly evidence: BoundLeaf<E>;
  readonly squaredBound: E;
  /** Σ α margin of the blocks, plus the products of a unit with the weights above it. */
  readonly form: MultivariatePolynomial<E>;
  readonly strands: readonly Strand<E>[];
}

/** Per part, the leaves of its tree. */
export type BoundProof<E> = readonly { readonly blocks: readonly number[]; readonly leaves: readonly LeafProof<E>[] }[];

const clauses = [
  "bound.class",
  "bound.feasible",
  "bound.multiplier",
  "bound.blocks",
  "bound.share",
  "bound.alike",
  "bound.chain",
  "bound.open",
  "bound.relaxed",
  "bound.form",
  "bound.product",
  "bound.weight",
  "bound.value",
] as const;

export const bound = <E>(): Kind<E, Bound<E>, BoundProof<E>> => ({
  clauses,
  codec: ({ scope, number, perMargin, unit, weight, tree }) => {
    const form = byKey<Form>({
      path: objectOf<{ path: readonly number[] }>({ path: listOf(weight) }),
      relaxed: objectOf<{ relaxed: UnitAtSample; zero: "on" | "off" }>({
        relaxed: unit,
        zero: word("on", "off"),
      }),
      unit: objectOf<{ unit: UnitAtSample }>({ unit }),
    });
    const leaf = objectOf<BoundLeaf<E>>(
      {},
      {
        multipliers: perMargin,
        relaxed: listOf(objectOf<Relaxed<E>>({ at: unit, multiplier: number }), 0, MAX_RELAXED),
        products: listOf(objectOf<FormProduct<E>>({ first: form, second: form, weight: number })),
      },
    );
    const part = objectOf<BoundPart<E>>(
      { blocks: listOf(index(MAX_ENTRIES), 1), tree: tree(leaf) },
      { share: number as Codec<NonNullable<E>> },
    );
    const by = byKey<BoundBy<E>>({
      parts: objectOf<{ multipliers: readonly E[]; parts: readonly BoundPart<E>[] }>({
        multipliers: perMargin,
        parts: listOf(part, 1),
      }),
      chain: objectOf<Chained<E>>(
        { multipliers: perMargin, chain: tree(leaf) },
        { apart: word("positive", "negative") },
      ),
      tree: objectOf<{ tree: Tree<E, BoundLeaf<E>> }>({ tree: tree(leaf) }),
    });
    return objectOf<Bound<E>>({ kind: word("bound"), scope, reach: word("local", "global"), by });
  },
  check: (facts, { scope, reach, by }) => {
    ensureFeasible(facts, "bound.feasible");
    const shape = shapeOf(facts.instance, scope);
    ensure(shape !== null, "bound.class", "not every path has one moving weight in each of the same layers");
    const near = reach === "local" ? "near" : "everywhere";
    if ("chain" in by) return [{ blocks: [], leaves: checkChain(facts, shape, by) }];
    const { instance } = facts;
    const { field: K } = instance;
    const single = shape.layers.length === 1;
    const blocks = blocksOf(instance, shape);
    const frameOf = (layers: Network["layers"]): Frame<E> => ({ facts, layers, scope, reach: near, from: "origin" });
    const strands = hasStrands(instance, shape);
    if ("tree" in by) {
      const frame = frameOf(instance.network.layers);
      const place = placing(instance, shape, single ? [wholeOf(instance, shape)] : blocks, strands);
      const leaves = explore(frame, by.tree, (cell, leaf) => {
        ensure(leaf.multipliers !== null, "bound.multiplier", "each leaf of a joint tree has its multipliers");
        const squaredBound = squaredBoundOf(K, leaf.multipliers, shape);
        return checkLeaf(frame, cell, leaf, leaf.multipliers, squaredBound, place);
      });
      return [{ blocks: [...blocks.keys()], leaves }];
    }
    const given = by.parts.flatMap((part) => part.blocks);
    const isWhole =
      given.length === blocks.length && new Set(given).size === blocks.length && given.every((b) => b < blocks.length);
    ensure(isWhole, "bound.blocks", () => `the parts do not cover each of the ${blocks.length} blocks once`);
    const squaredBound = squaredBoundOf(K, by.multipliers, shape);
    const placed = by.parts.every(({ share }) => (share === null ? !single : single && K.sign(share) >= 0));
    ensure(placed, "bound.share", "parts have shares, not negative, where one layer moves, and only there");
    const shares = by.parts.map(({ share, blocks: { length } }) =>
      K.mul(share ?? K.zero, K.fromRational(rational(BigInt(length)))),
    );
    const fits = K.sign(K.sub(squaredBound, sum(K, shares))) >= 0;
    ensure(fits, "bound.share", "the shares of the blocks exceed C²");
    const signature = signatures(facts, shape, reach);
    return by.parts.map(({ blocks: members, share, tree }) => {
      const [first, ...others] = members.map((b) => blocks[b]!) as [Block, ...Block[]];
      const own = others.length === 0 ? "" : signature(first);
      const alike = others.every((block) => signature(block) === own);
      ensure(alike, "bound.alike", "blocks that share their tree are not alike");
      const frame = frameOf(rowsOf(instance, shape, first));
      const place = placing(instance, shape, [first], strands);
      const leaves = explore(frame, tree, (cell, leaf) => {
        ensure(leaf.multipliers === null, "bound.multiplier", "the multipliers of parts are common to their leaves");
        return checkLeaf(frame, cell, leaf, by.multipliers, share ?? squaredBound, place);
      });
      return { blocks: members, leaves };
    });
  },
  meaning: ({ scope, reach }) => ({
    about: reach,
    scope,
    answer: "yes",
    radius: null,
    because: "on each cell the margins are bounded by the norms of the layers, and the point attains the bound",
  }),
});

/** A linear form in low variables and paths; a path by its text. */
type RowForm<E> = ReadonlyMap<string, E>;

/** The product of two forms, times `factor`, in the quadratic forms of all strands of a home, or of one of them. */
interface Correction<E> {
  readonly home: string;
  readonly strand: string | null;
  readonly first: RowForm<E>;
  readonly second: RowForm<E>;
  readonly factor: E;
}

/** C² = (Σα)² / (‖θ_scope‖²/m)^m, for α ≥ 0 that are not all 0. */
function squaredBoundOf<E>(K: Field<E>, alpha: readonly E[], { scale }: Shape<E>): E {
  const total = sum(K, alpha);
  const positive = alpha.every((c) => K.sign(c) >= 0) && K.sign(total) > 0;
  ensure(positive, "bound.multiplier", "a multiplier is negative, or all are 0");
  return K.div(K.mul(total, total), scale);
}

/** The bound on one cell: Σ α margin ≤ C |w||φ| on each strand. */
function checkLeaf<E>(
  frame: Frame<E>,
  cell: Cell<E>,
  evidence: BoundLeaf<E>,
  alpha: readonly E[],
  squaredBound: E,
  place: Placing,
  shares: ReadonlyMap<number, E> = new Map(),
): LeafProof<E> {
  const { instance, margins } = frame.facts;
  const K = instance.field;
  const relaxed = evidence.relaxed ?? [];
  const count = weightsOf(instance, instance.point).length;
  const variables = new Map(relaxed.map(({ at }, k) => [keyOf(at), count + k]));
  ensure(variables.size === relaxed.length, "bound.relaxed", "a unit is relaxed twice");
  const leaf: Leaf<E> = {
    frame,
    cell,
    variables,
    low: (v) => (v < count ? place.low(v) : place.unit(relaxed[v - count]!.at)),
    place,
    shares,
  };

  const form = new Map<string, Term<E>>();
  for (const [j, c] of alpha.entries()) {
    if (K.isZero(c)) continue;
    const value = cell.margin(margins[j]!, variables);
    ensure(value !== null, "bound.open", () => `margin ${j + 1} depends on a unit that is neither split nor relaxed`);
    accumulate(K, form, value, c);
  }
  // A form stands in many products, and is to be one vector among those that span the strand's matrix.
  const forms = new Map<string, MultivariatePolynomial<E>>();
  const formed = (form: Form): MultivariatePolynomial<E> => {
    const key = JSON.stringify(form);
    const polynomial = forms.get(key) ?? formOf(leaf, form);
    forms.set(key, polynomial);
    return polynomial;
  };
  const rows = new Map<MultivariatePolynomial<E>, RowForm<E>>();
  const corrections: Correction<E>[] = relaxed.map(({ at, multiplier }) => ({
    ...lowProduct(leaf, formed({ relaxed: at, zero: "on" }), formed({ relaxed: at, zero: "off" }), rows),
    factor: multiplier,
  }));
  for (const { first, second, weight } of evidence.products ?? []) {
    ensure(K.sign(weight) >= 0, "bound.weight", "a product's weight is negative");
    const [one, other] = [formed(first), formed(second)];
    if (one.size === 0 || other.size === 0) continue;
    if (isLow(leaf, one) && isLow(leaf, other)) {
      corrections.push({ ...lowProduct(leaf, one, other, rows), factor: K.neg(weight) });
      continue;
    }
    const product = sumOfProducts(K, [[one, other]]);
    const degrees = new Set(
      [...product.values()].map((term) => term.variables.filter((v) => leaf.low(v) !== null).length),
    );
    ensure(degrees.size <= 1, "bound.product", "a product mixes terms of different kinds");
    if (degrees.has(1)) accumulate(K, form, product, weight);
    else if (degrees.has(0)) corrections.push({ ...pathSquare(leaf, first, second, product), factor: K.neg(weight) });
    else ensure(degrees.size === 0, "bound.product", "a product of two low variables is one of linear forms in them");
  }
  return { cell, evidence, squaredBound, form, strands: strandsOf(leaf, form, corrections, squaredBound) };
}

interface Leaf<E> {
  readonly frame: Frame<E>;
  readonly cell: Cell<E>;
  /** The variables of relaxed units, by key. */
  readonly variables: ReadonlyMap<string, number>;
  /** The home of a low variable; null for others. */
  readonly low: (variable: number) => string | null;
  readonly place: Placing;
  /** The square of such a variable of a path counts once over this; of any other path, once. */
  readonly shares: ReadonlyMap<number, E>;
}

/** A form that is not negative on the cell. */
function formOf<E>(leaf: Leaf<E>, form: Form): MultivariatePolynomial<E> {
  const { field: K, network } = leaf.frame.facts.instance;
  if ("relaxed" in form) return relaxedForm(leaf, form.relaxed, form.zero);
  if ("unit" in form) {
    const { z, sign } = unitOn(leaf, form.unit);
    ensure(
      z !== null && (sign === 1 || sign === -1),
      "bound.form",
      () => `${unitText(form.unit)} has no known sign on the cell`,
    );
    return sign > 0 ? z : scaled(K, z, K.neg(K.one));
  }
  // A chain has no parameters to name.
  const signs = form.path.map((weight) => (weight < network.parameters.length ? leaf.cell.weightSign(weight) : null));
  ensure(
    signs.every((sign) => sign === 1 || sign === -1),
    "bound.form",
    "a weight of a path has no known sign on the cell",
  );
  const sign = signs.reduce<number>((product, one) => product * one!, 1);
  return form.path.reduce(
    (product, weight) => sumOfProducts(K, [[product, shiftedVariable(K, K.zero, weight)]]),
    constant(K, sign > 0 ? K.one : K.neg(K.one)),
  );
}

/** a − z, which vanishes where the unit is on, or a − slope z, which vanishes where it is off; z is linear in low variables. */
function relaxedForm<E>(leaf: Leaf<E>, at: UnitAtSample, zero: "on" | "off"): MultivariatePolynomial<E> {
  const { field: K, network } = leaf.frame.facts.instance;
  const own = leaf.variables.get(keyOf(at));
  const { z } = unitOn(leaf, at);
  const found = () => `${unitText(at)} is not relaxed, or not linear in the first moving layer`;
  ensure(own !== undefined && z !== null && isLow(leaf, z) && leaf.low(own) !== null, "bound.relaxed", found);
  const a = new Map(shiftedVariable(K, K.zero, own));
  accumulate(K, a, z, K.neg(zero === "on" ? K.one : K.fromRational(network.slopes[at.layer]!)));
  return a;
}

function unitOn<E>({ cell, variables }: Leaf<E>, { sample, layer, unit }: UnitAtSample) {
  const found = cell.sample(sample, variables).layers[layer]?.[unit];
  ensure(found !== undefined, "bound.form", () => `${unitText({ sample, layer, unit })} is not there`);
  return found;
}

/** Whether a polynomial is a linear form in low variables. */
function isLow<E>({ low }: Leaf<E>, z: MultivariatePolynomial<E>): boolean {
  return [...z.values()].every(({ variables }) => variables.length === 1 && low(variables[0]!) !== null);
}

/** The product of two linear forms in low variables of one home; `rows` has the vectors of forms that were met before. */
function lowProduct<E>(
  { low }: Leaf<E>,
  one: MultivariatePolynomial<E>,
  other: MultivariatePolynomial<E>,
  rows: Map<MultivariatePolynomial<E>, RowForm<E>>,
): Omit<Correction<E>, "factor"> {
  const homes = new Set([one, other].flatMap((form) => [...form.values()].map(({ variables: [v] }) => low(v!))));
  ensure(homes.size <= 1, "bound.product", "a product is not of two forms of one block, or of one unit");
  const [first, second] = [one, other].map((form): RowForm<E> => {
    const row = rows.get(form) ?? new Map([...form.values()].map(({ variables: [v], coefficient: c }) => [`${v!}`, c]));
    rows.set(form, row);
    return row;
  }) as [RowForm<E>, RowForm<E>];
  return { home: [...homes][0] ?? "", strand: null, first, second };
}

/** The product of two paths of one strand. */
function pathSquare<E>(
  { frame, place }: Leaf<E>,
  first: Form,
  second: Form,
  product: MultivariatePolynomial<E>,
): Omit<Correction<E>, "factor"> {
  const K = frame.facts.instance.field;
  const paths = [first, second].map((form) => ("path" in form ? [...form.path].sort((a, b) => a - b) : null));
  const [one, other] = paths.map((path) => (path === null ? null : place.path(path)));
  const fits = one != null && other != null && one.strand === other.strand && product.size === 1;
  ensure(fits, "bound.product", "a product is not of two paths of one strand");
  const [a, b] = paths.map((path) => pathText(path!)) as [string, string];
  const sign = [...product.values()][0]!.coefficient;
  return { home: one.home, strand: one.strand, first: new Map([[a, sign]]), second: new Map([[b, K.one]]) };
}

/** Told apart from a variable by its first character. */
const pathText = (path: readonly number[]) => `/${path.join()}`;

/** The quadratic forms of the strands; each is positive semidefinite. */
function strandsOf<E>(
  leaf: Leaf<E>,
  form: MultivariatePolynomial<E>,
  corrections: readonly Correction<E>[],
  squaredBound: E,
): Strand<E>[] {
  const { frame, place } = leaf;
  const K = frame.facts.instance.field;
  const relaxed = new Set([...leaf.variables.values()].map(String));
  const shares = new Map([...leaf.shares].map(([v, share]) => [pathText([v]), share]));
  const entries = new Map<string, { readonly home: string; readonly paths: Map<string, Map<string, E>> }>();
  for (const { variables, coefficient } of form.values()) {
    const lows = variables.filter((v) => leaf.low(v) !== null);
    const path = variables.filter((v) => leaf.low(v) === null);
    const own = place.path(path);
    const fits = lows.length === 1 && own !== null && leaf.low(lows[0]!) === own.home;
    ensure(fits, "bound.product", "a term is not one weight of each moving layer, along one path or in one block");
    if (!entries.has(own.strand)) entries.set(own.strand, { home: own.home, paths: new Map() });
    const { paths } = entries.get(own.strand)!;
    const text = pathText(path);
    if (!paths.has(text)) paths.set(text, new Map());
    paths.get(text)!.set(`${lows[0]!}`, coefficient);
  }
  const minusTwo = K.neg(K.add(K.one, K.one));
  return [...entries].map(([strand, { home, paths }]) => {
    const own = corrections.filter((one) => one.home === home && (one.strand === null || one.strand === strand));
    const products = [
      ...[...paths].map(([path, lows]) => ({ first: new Map([[path, K.one]]), second: lows, factor: minusTwo })),
      ...own,
    ];
    const names = [...new Set(products.flatMap(({ first, second }) => [...first.keys(), ...second.keys()]))];
    const lows = names.filter((name) => name[0] !== "/").sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
    const rows = [...lows, ...names.filter((name) => name[0] === "/").sort()];
    const position = new Map(rows.map((name, k) => [name, k]));
    const vectors = new Map<RowForm<E>, Sparse<E>>();
    const placed = (one: RowForm<E>): Sparse<E> => {
      const vector = vectors.get(one) ?? new Map([...one].map(([name, c]) => [position.get(name)!, c]));
      vectors.set(one, vector);
      return vector;
    };
    const quadratic: QuadraticForm<E> = {
      diagonal: rows.map((name) =>
        name[0] === "/" ? K.inv(shares.get(name) ?? K.one) : relaxed.has(name) ? K.zero : squaredBound,
      ),
      products: products.map(({ first, second, factor }) => ({
        first: placed(first),
        second: placed(second),
        weight: factor,
      })),
    };
    ensure(
      isSemidefiniteForm(K, quadratic, (count) => ensureRoom(frame.facts, count), frame.facts.spend),
      "bound.value",
      "the matrix of a strand is not positive semidefinite on a cell",
    );
    return { rows, form: quadratic };
  });
}

/**
 * The bound for all paths at once, for a whole network in which nothing is shared or frozen: since |σ(z)| ≤ |z| and σ(a + b) ≤ σ(a) + σ(b),
 * with equality where σ is linear, Σ α margin ≤ Σ_paths |weights above| · Σ α_j σ̄(±w·x_j), w being the weights that a path starts with and
 * σ̄ the composition of the layers' σ. So the multipliers are of one label, or the network is linear, and one unit with weights w remains;
 * or the network is ReLU of depth 3 or more, where no path serves both labels, each label has its own C, and w is shared by both.
 */
function checkChain<E>(facts: Facts<E>, shape: Shape<E>, by: Chained<E>): LeafProof<E>[] {
  const { instance } = facts;
  const { multipliers, chain } = by;
  const squaredBound = squaredBoundOf(instance.field, multipliers, shape);
  const apart = apartOf(by);
  ensure(
    isChainable(instance, shape, multipliers, apart),
    "bound.chain",
    "a chain needs a network of one output without shared or frozen weights, which is linear, or whose multipliers are of one label, or which is ReLU of depth 3 or 4, or deeper with one label apart",
  );
  const { frame, place, shares } = chainOf(instance, facts.spend, chainGroups(instance, multipliers, apart));
  return explore(frame, chain, (cell, leaf) => {
    ensure(leaf.multipliers === null, "bound.multiplier", "the multipliers of a chain are common to its leaves");
    return checkLeaf(frame, cell, leaf, multipliers, squaredBound, place, shares);
  });
}
