/**
 * Evidence for the Coq checkers that distinguish cells: the forward passes are replayed over polynomials as `Explore.v` does, and
 * what a certificate says about each cell becomes a leaf of the tree of sign choices.
 */
import type { Exclusion, Instance, Of, Orientation, Scope, SparseVector } from "../certificate/format.js";
import { type Field, squaredNorm, sum } from "../exact/field.js";
import {
  constant,
  multivariateRing,
  type MultivariatePolynomial as Polynomial,
  shiftedVariable,
  tailBound,
} from "../exact/multivariate.js";
import { rational } from "../exact/rational.js";
import { forward, slackSigns } from "../kernel/forward.js";
import { depthTwo } from "../kernel/lagrangian.js";
import { cellUnits } from "../kernel/layer-cells.js";
import { combination, influentialUnits } from "../kernel/pieces.js";
import { pieceFrame } from "../kernel/strict-local.js";
import { offSlope } from "../problem/network.js";

/** Larger trees of sign choices are not written out; the statement is then listed as not covered. */
const MAX_LEAVES = 512;
const MAX_TEXT = 250_000;
const MAX_WEIGHTS = 8;

/** Why a statement has no Coq proof in the file. */
export class NotCovered extends Error {}

/** Prints a number as a Coq term. */
export type Print<E> = (value: E) => string;

/** A Coq list. */
export function list(items: readonly string[], indent = 0): string {
  return indent > 0 && items.length > 1 ? `[${items.join(`;\n${" ".repeat(indent + 1)}`)}]` : `[${items.join("; ")}]`;
}

interface Condition<E> {
  readonly key: string;
  readonly orientation: Orientation;
  /** Non-negative on the cell. */
  readonly polynomial: Polynomial<E>;
}

/** What a path through the forward passes of the used samples has met. */
interface Cell<E> {
  /** y_iΦ, per used sample. */
  readonly margins: readonly Polynomial<E>[];
  readonly conditions: readonly Condition<E>[];
  /** Every hidden unit's pre-activation, by key. */
  readonly units: ReadonlyMap<string, Polynomial<E>>;
}

interface Exploration<E> {
  readonly scope: Scope;
  /** Displacements are counted from θ in a ball, and from 0 in the whole space. */
  readonly ball: E | null;
  readonly samples: readonly number[];
  readonly excluded: readonly Exclusion<E>[];
  readonly leaf: (cell: Cell<E>, algebra: Algebra<E>) => string;
}

const unitKey = (sample: number, layer: number, unit: number) => `${sample} ${layer} ${unit}`;

class Algebra<E> {
  readonly ring;
  readonly moving: readonly boolean[];
  readonly parameters: readonly Polynomial<E>[];
  constructor(
    readonly instance: Instance<E>,
    scope: Scope,
    readonly ball: E | null,
    readonly print: Print<E>,
  ) {
    const { field: K, network, point } = instance;
    this.ring = multivariateRing(K);
    this.moving = network.parameters.map(({ layer }) => scope === null || layer === scope);
    this.parameters = point.map((value, k) =>
      this.moving[k]! ? shiftedVariable(K, ball === null ? K.zero : value, k) : constant(K, value),
    );
  }
  scale(c: E, p: Polynomial<E>): Polynomial<E> {
    const { field: K } = this.instance;
    return K.isZero(c) ? this.ring.zero : this.ring.mul(constant(K, c), p);
  }
  part(p: Polynomial<E>, degree: number): Polynomial<E> {
    return new Map([...p].filter(([, { variables }]) => variables.length === degree));
  }
  /** The sign in the region, as the Coq function `decided` finds it. */
  decided(p: Polynomial<E>): boolean | null {
    const { field: K } = this.instance;
    const c = p.get("")?.coefficient ?? K.zero;
    if (p.size === 0 || (p.size === 1 && p.has(""))) return K.sign(c) > 0;
    if (this.ball === null) return null;
    const absolute = K.sign(c) < 0 ? K.neg(c) : c;
    const room = K.sub(absolute, K.mul(this.ball, tailBound(K, p, 1, this.ball)));
    return K.sign(room) > 0 ? K.sign(c) > 0 : null;
  }
  /** ‖θ'‖² − ‖θ‖² */
  growth(): Polynomial<E> {
    const { field: K, point } = this.instance;
    return this.parameters.reduce(
      (sum, p, k) => this.ring.sub(this.ring.add(sum, this.ring.mul(p, p)), constant(K, K.mul(point[k]!, point[k]!))),
      this.ring.zero,
    );
  }
  text(p: Polynomial<E>): string {
    return list(
      [...p.values()].map(
        ({ variables, coefficient }) => `(${list(variables.map(String))}%nat, ${this.print(coefficient)})`,
      ),
    );
  }
  /** A quadratic polynomial as Σ D q², by elimination; the constant is eliminated last. Where this does not succeed, Coq refuses. */
  squares(quadratic: Polynomial<E>): string {
    const { field: K } = this.instance;
    const half = K.inv(K.add(K.one, K.one));
    const found: string[] = [];
    let rest = quadratic;
    for (;;) {
      const variables = [...new Set([...rest.values()].flatMap((t) => t.variables))].sort((a, b) => a - b);
      const pivot = variables.find((k) => rest.has(`${k},${k}`));
      if (pivot === undefined) break;
      const D = rest.get(`${pivot},${pivot}`)!.coefficient;
      const form = new Map<string, { variables: number[]; coefficient: E }>();
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
      rest = this.ring.sub(rest, this.scale(D, this.ring.mul(form, form)));
    }
    const left = rest.get("");
    if (left !== undefined) found.push(`(${this.print(left.coefficient)}, ${this.text(constant(K, K.one))})`);
    return list(found);
  }
}

/** A direction in which, one trusts, no linear form of an exclusion vanishes: what Coq settles ties by. */
export function tieDirection<E>({ point, field: K }: Instance<E>): E[] {
  return point.map((_, k) => K.fromRational(rational(BigInt((((k + 1) * 7919) % 101) + 1))));
}

/** The evidence tree of `Explore.v`, the mask of used samples and the direction that settles ties. */
function explored<E>(instance: Instance<E>, plan: Exploration<E>, print: Print<E>): string {
  const { network, field: K, data } = instance;
  const algebra = new Algebra(instance, plan.scope, plan.ball, print);
  const { ring } = algebra;
  const slope = constant(K, K.fromRational(offSlope(network.activation)));
  const exclusions = plan.excluded.map(
    (one) => new Map(one.map((u) => [unitKey(u.sample, u.layer, u.unit), u] as const)),
  );
  const tie = tieDirection(instance);
  const influential = influentialUnits(instance, plan.scope);
  let leaves = 0;
  let written = 0;

  const gone = (conditions: readonly Condition<E>[]): string | null => {
    for (const exclusion of exclusions) {
      const members = conditions.filter(({ key, orientation }) => exclusion.get(key)?.orientation === orientation);
      if (members.length < exclusion.size) continue;
      return `@Gone K _ ${list(conditions.map(({ key }) => print(exclusion.get(key)?.weight ?? K.zero)).reverse())}`;
    }
    return null;
  };
  /** Replays the passes with the decisions so far; stops at the first undecided unit. */
  const descend = (choices: readonly boolean[]): string => {
    let taken = 0;
    const conditions: Condition<E>[] = [];
    const units = new Map<string, Polynomial<E>>();
    class Undecided extends Error {}
    const margins: Polynomial<E>[] = [];
    try {
      for (const sample of plan.samples) {
        const isOn = (z: Polynomial<E>, layer: number, unit: number) => {
          const key = unitKey(sample, layer, unit);
          units.set(key, z);
          if (!influential[layer]![unit]) return false;
          const known = algebra.decided(z);
          if (known !== null) return known;
          if (taken === choices.length) throw new Undecided();
          const on = choices[taken++]!;
          conditions.push({ key, orientation: on ? 1 : -1, polynomial: on ? z : ring.neg(z) });
          return on;
        };
        const inputs = data[sample]!.x.map((c) => constant(K, c));
        const { output } = forward(ring, network, slope, algebra.parameters, inputs, isOn);
        margins.push(data[sample]!.y === 1 ? output : ring.neg(output));
      }
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
      const left = gone(conditions);
      return left ?? `Split (${descend([...choices, true])}) (${descend([...choices, false])})`;
    }
    if (++leaves > MAX_LEAVES) throw new NotCovered(`more than ${MAX_LEAVES} sign choices to write out`);
    const text = gone(conditions) ?? plan.leaf({ margins, conditions, units }, algebra);
    written += text.length;
    if (written > MAX_TEXT) throw new NotCovered("the evidence is too long to write out");
    return text;
  };
  const mask = list(data.map((_, i) => String(plan.samples.includes(i))));
  return `${list(tie.map(print))} ${mask}\n  (${descend([])})`;
}

/** The evidence whose orientations agree with the conditions met; a unit whose sign is decided on the way counts as off. */
function matching<T extends { readonly orientations: readonly Orientation[] }, E>(
  cells: readonly T[],
  keys: readonly string[],
  { conditions }: Cell<E>,
): T {
  const met = new Map(conditions.map(({ key, orientation }) => [key, orientation]));
  const fits = (strict: boolean) =>
    cells.find(({ orientations }) =>
      keys.every((key, k) => orientations[k] === (met.get(key) ?? (strict ? -1 : orientations[k]))),
    );
  const found = fits(true) ?? fits(false);
  if (found === undefined) throw new NotCovered("no evidence for one of the sign choices");
  return found;
}

export function strictLocal<E>(instance: Instance<E>, statement: Of<"strict-local", E>, print: Print<E>): string {
  const { field: K } = instance;
  const { scope, radius, excluded, pieces } = statement;
  const samples = slackSigns(instance, instance.point).flatMap((sign, i) => (sign === 0 ? [i] : []));
  const keys = pieceFrame(instance, scope, samples).kinks.map((u) => unitKey(u.sample, u.layer, u.unit));
  const two = K.add(K.one, K.one);
  const leaf = (cell: Cell<E>, algebra: Algebra<E>) => {
    const { ring } = algebra;
    const { multipliers, rho, kappa, products } = matching(pieces, keys, cell);
    const h = [
      ...cell.margins.map((m) => ring.sub(m, ring.one)),
      ...cell.conditions.map(({ polynomial }) => polynomial),
    ];
    // The certificate's constraints are the margins and all relevant kinks; here, those that were met on the way.
    const place = (j: number): number | null => {
      if (j < samples.length) return j;
      const at = cell.conditions.findIndex(({ key }) => key === keys[j - samples.length]);
      return at < 0 ? null : at + samples.length;
    };
    const omega = h.map(() => K.zero);
    for (const [j, w] of multipliers.entries()) {
      const at = place(j);
      if (at !== null) omega[at] = w;
    }
    const rhos = omega.map((w) => (K.sign(w) > 0 ? rho : K.zero));
    const pairs = products.flatMap(({ first, second, weight }) => {
      const [f, s] = [place(first), place(second)];
      return f === null || s === null ? [] : [{ f, s, weight }];
    });
    let form = algebra.growth();
    for (const [j, p] of h.entries()) form = ring.sub(form, algebra.scale(K.mul(two, omega[j]!), p));
    form = algebra.part(form, 2);
    for (const [j, p] of h.entries()) {
      const g = algebra.part(p, 1);
      form = ring.add(form, algebra.scale(rhos[j]!, ring.mul(g, g)));
    }
    for (const { f, s, weight } of pairs) {
      form = ring.sub(form, algebra.scale(weight, ring.mul(algebra.part(h[f]!, 1), algebra.part(h[s]!, 1))));
    }
    for (const [k, moves] of algebra.moving.entries()) {
      if (!moves) continue;
      const x = shiftedVariable(K, K.zero, k);
      form = ring.sub(form, algebra.scale(kappa, ring.mul(x, x)));
    }
    return `Leaf (@Build_strict_proof K ${list(omega.map((w, j) => `(${print(w)}, ${print(rhos[j]!)})`))} ${print(kappa)} ${list(
      pairs.map(({ f, s, weight }) => `(${f}%nat, ${s}%nat, ${print(weight)})`),
    )}\n    ${algebra.squares(form)})`;
  };
  return explored(instance, { scope, ball: radius, samples, excluded, leaf }, print);
}

interface ConvexEvidence<E> {
  readonly lambdas: readonly E[];
  /** One per condition of the cell. */
  readonly nus: readonly E[];
  readonly products: readonly { readonly f: number; readonly s: number; readonly weight: E }[];
}

/** The identity of `Convex.v`: the squares are what is left of ½(‖θ'‖² − ‖θ‖²). */
function convexLeaf<E>(
  algebra: Algebra<E>,
  margins: readonly Polynomial<E>[],
  conditions: readonly Polynomial<E>[],
  { lambdas, nus, products }: ConvexEvidence<E>,
): string {
  const { ring, instance, print } = algebra;
  const { field: K } = instance;
  let rest = algebra.scale(K.inv(K.add(K.one, K.one)), algebra.growth());
  for (const [i, m] of margins.entries()) rest = ring.sub(rest, algebra.scale(lambdas[i]!, ring.sub(m, ring.one)));
  for (const [k, c] of conditions.entries()) rest = ring.sub(rest, algebra.scale(nus[k] ?? K.zero, c));
  for (const { f, s, weight } of products) {
    rest = ring.sub(rest, algebra.scale(weight, ring.mul(conditions[f]!, conditions[s]!)));
  }
  return `Leaf (@Build_cell_proof K ${list(lambdas.map(print))} ${list(nus.map(print))} ${list(
    products.map(({ f, s, weight }) => `(${f}%nat, ${s}%nat, ${print(weight)})`),
  )}\n    ${algebra.squares(rest)})`;
}

export function positiveSamples<E>(K: Field<E>, multipliers: readonly E[]): number[] {
  return multipliers.flatMap((c, i) => (K.sign(c) > 0 ? [i] : []));
}

/**
 * The bound C² and, per sample with a multiplier, where the samples have one label a tree of sign choices; a diagonal network of
 * depth 2 to 12 needs none.
 */
export function normBound<E>(
  instance: Instance<E>,
  { multipliers, cells }: Of<"norm-bound", E>,
  print: Print<E>,
): { readonly bound: E; readonly evidence: string } {
  const { network, field: K, data } = instance;
  const depth = network.layers.length;
  const samples = positiveSamples(K, multipliers);
  const terms = list(samples.map((i) => `(${i}%nat, ${print(multipliers[i]!)})`));
  const bounds: E[] = [];
  if (network.source.kind === "diagonal" && cells.length === 0) {
    const slope = K.fromRational(offSlope(network.activation));
    const activate = (z: E) => (K.sign(z) < 0 ? K.mul(slope, z) : z);
    // As the Coq function `turns_ok` goes through the signs of the weights on a branch.
    const turn = (k: number, values: readonly E[]): void => {
      if (k > 0) {
        turn(k - 1, values.map(activate));
        turn(
          k - 1,
          values.map((z) => activate(K.neg(z))),
        );
        return;
      }
      const terms = samples.map((i, at) => K.mul(multipliers[i]!, data[i]!.y === 1 ? values[at]! : K.neg(values[at]!)));
      const value = sum(K, terms);
      bounds.push(K.mul(value, value));
    };
    for (let branch = 0; branch < network.inputs; branch++) {
      turn(
        depth - 1,
        samples.map((i) => data[i]!.x[branch]!),
      );
    }
    return { bound: largest(K, bounds), evidence: `${terms} None` };
  }
  if (cells.length > MAX_LEAVES) throw new NotCovered(`more than ${MAX_LEAVES} sign choices to write out`);
  const slope = Array.from({ length: depth - 1 }, () => K.fromRational(offSlope(network.activation)));
  const off = slope.reduce((product, c) => K.mul(product, c), K.one);
  const evidenceOf = new Map(cells.map((cell) => [cell.orientations.join(), cell]));
  const descend = (chosen: readonly Orientation[]): string => {
    if (chosen.length < samples.length) return `Signs K (${descend([...chosen, 1])}) (${descend([...chosen, -1])})`;
    const cell = evidenceOf.get(chosen.join());
    if (cell === undefined) throw new NotCovered("no evidence for one of the sign choices");
    const weights = samples.map((i, k) => {
      const own = chosen[k]! > 0 ? multipliers[i]! : K.mul(off, multipliers[i]!);
      const sign = cell.signMultipliers[k]!;
      return [chosen[k]! > 0 ? K.add(own, sign) : K.sub(own, sign), data[i]!.x] as const;
    });
    bounds.push(squaredNorm(K, combination(K, network.inputs, weights)));
    return `Cell K ${list([...cell.signMultipliers].reverse().map(print))}`;
  };
  const tree = descend([]);
  return {
    bound: largest(K, bounds),
    evidence: `${terms}\n  (Some (${data[samples[0]!]!.y === 1}, ${tree}))`,
  };
}

function largest<E>(K: Field<E>, values: readonly E[]): E {
  return values.reduce((most, c) => (K.sign(K.sub(c, most)) > 0 ? c : most));
}

export function layerGlobal<E>(
  instance: Instance<E>,
  { layer, multipliers }: Of<"layer-global", E>,
  print: Print<E>,
): string {
  const samples = positiveSamples(instance.field, multipliers);
  const leaf = ({ margins, conditions }: Cell<E>, algebra: Algebra<E>) =>
    convexLeaf(
      algebra,
      margins,
      conditions.map(({ polynomial }) => polynomial),
      { lambdas: samples.map((i) => multipliers[i]!), nus: [], products: [] },
    );
  return explored(instance, { scope: layer, ball: null, samples, excluded: [], leaf }, print);
}

export function layerCells<E>(
  instance: Instance<E>,
  { layer, excluded, cells }: Of<"layer-cells", E>,
  print: Print<E>,
): string {
  const keys = cellUnits(instance, layer).map((u) => unitKey(u.sample, u.layer, u.unit));
  const leaf = (cell: Cell<E>, algebra: Algebra<E>) => {
    const { multipliers, signMultipliers } = matching(cells, keys, cell);
    const nus = cell.conditions.map(({ key }) => signMultipliers[keys.indexOf(key)] ?? instance.field.zero);
    return convexLeaf(
      algebra,
      cell.margins,
      cell.conditions.map(({ polynomial }) => polynomial),
      { lambdas: multipliers, nus, products: [] },
    );
  };
  return explored(
    instance,
    { scope: layer, ball: null, samples: instance.data.map((_, i) => i), excluded, leaf },
    print,
  );
}

/**
 * Cells of all blocks at once. Signs that are fixed in the region and are multiplied in some cell are added as known, outgoing
 * weights of split blocks as one more choice.
 */
export function lagrangian<E>(instance: Instance<E>, statement: Of<"lagrangian", E>, print: Print<E>): string {
  const { field: K, network } = instance;
  const { reach, multipliers, blocks } = statement;
  const half = K.inv(K.add(K.one, K.one));
  const samples = positiveSamples(K, multipliers);
  const { outgoing, form } = depthTwo(instance);
  const outgoingKey = (k: number) => `outgoing ${k}`;
  const unitsOf = (units: readonly number[]) =>
    network.activation.kind === "linear"
      ? []
      : samples.flatMap((i) => units.filter((unit) => form(i, unit).size > 0).map((unit) => unitKey(i, 0, unit)));
  const members = blocks.flatMap(({ members, split, cells, excluded }) =>
    members.map((units) => ({
      cells,
      weights: split ? [...new Set(units.map((unit) => outgoing.get(unit)!))] : [],
      signs: unitsOf(units),
      excluded: excluded.map((one) => one.map((u) => ({ ...u, unit: units[members[0]!.indexOf(u.unit)]! }))),
    })),
  );
  if (members.flatMap(({ weights }) => weights).length > MAX_WEIGHTS)
    throw new NotCovered("too many outgoing weights to distinguish");
  const multiplied = members.some(({ cells }) => cells.some(({ products }) => products.length > 0));

  const leaf = (cell: Cell<E>, algebra: Algebra<E>): string => {
    const { ring } = algebra;
    const build = (
      conditions: readonly Condition<E>[],
      pending: readonly (readonly [string, Polynomial<E>])[],
    ): string => {
      const [next, ...others] = pending;
      if (next !== undefined) {
        const [key, p] = next;
        const on: Condition<E> = { key, orientation: 1, polynomial: p };
        const off: Condition<E> = { key, orientation: -1, polynomial: ring.neg(p) };
        for (const one of [on, off]) {
          if (algebra.decided(one.polynomial) === true)
            return `@Know K _ ${algebra.text(one.polynomial)} (${build([...conditions, one], others)})`;
        }
        if (!key.startsWith("outgoing")) return build(conditions, others);
        return `@Cut K _ ${algebra.text(p)} (${build([...conditions, on], others)}) (${build([...conditions, off], others)})`;
      }
      const products = members.flatMap(({ cells, signs, weights }) => {
        const keys = [...signs, ...weights.map(outgoingKey)];
        const place = (sign: number) => conditions.findIndex(({ key }) => key === keys[sign]);
        return matching(cells, keys, { ...cell, conditions }).products.map(({ first, second, weight }) => {
          const [f, s] = [place(first), place(second)];
          if (f < 0 || s < 0) throw new NotCovered("a product of signs that are not known on a cell");
          return { f, s, weight: K.mul(half, weight) };
        });
      });
      return convexLeaf(
        algebra,
        cell.margins,
        conditions.map(({ polynomial }) => polynomial),
        { lambdas: samples.map((i) => multipliers[i]!), nus: [], products },
      );
    };
    const met = new Set(cell.conditions.map(({ key }) => key));
    const fixed = members.flatMap(({ signs }) => signs.filter((key) => !met.has(key)));
    const split = members.flatMap(({ weights }) => weights);
    return build(cell.conditions, [
      ...(multiplied ? fixed.map((key) => [key, cell.units.get(key) ?? ring.zero] as const) : []),
      ...split.map((k) => [outgoingKey(k), algebra.parameters[k]!] as const),
    ]);
  };
  const ball =
    reach === "local"
      ? smallBall(
          instance,
          samples.flatMap((i) => network.layers[0]!.map((_, unit) => form(i, unit))),
        )
      : null;
  const radius = ball === null ? "" : `${print(ball)} `;
  const excluded = members.flatMap((member) => member.excluded);
  return `${radius}${explored(instance, { scope: null, ball, samples, excluded, leaf }, print)}`;
}

/** A radius in which the signs of first-layer pre-activations and of parameters that are not 0 at θ are kept. */
function smallBall<E>({ field: K, point }: Instance<E>, forms: readonly SparseVector<E>[]): E {
  const absolute = (c: E) => (K.sign(c) < 0 ? K.neg(c) : c);
  const needed: (readonly [E, E])[] = point.map((c) => [absolute(c), K.one]);
  for (const form of forms) {
    let [value, size] = [K.zero, K.zero];
    for (const [k, c] of form) {
      value = K.add(value, K.mul(c, point[k]!));
      size = K.add(size, absolute(c));
    }
    needed.push([absolute(value), size]);
  }
  let r = K.one;
  const half = K.inv(K.add(K.one, K.one));
  while (needed.some(([value, size]) => K.sign(value) > 0 && K.sign(K.sub(value, K.mul(r, size))) <= 0))
    r = K.mul(r, half);
  return r;
}
