/**
 * Coq instances: an accepted certificate as a self-contained file of data and theorems, each proved by the soundness theorem of a
 * checker in `proofs/coq/theory` and computation. The theorems are stated in the words of `theory/Definitions.v`.
 *
 * Nothing here is trusted: whatever is wrong, Coq refuses.
 */
import type {
  Certificate,
  Exclusion,
  Instance,
  Of,
  Orientation,
  Scope,
  SparseVector,
  Statement,
} from "../certificate/format.js";
import type { Field, FieldDescription, Sign } from "../exact/field.js";
import {
  constant,
  type MultivariatePolynomial as Polynomial,
  multivariateRing,
  shiftedVariable,
  tailBound,
} from "../exact/multivariate.js";
import { Q, type Rational, rational } from "../exact/rational.js";
import { forward, slackSigns } from "../kernel/forward.js";
import { cellUnits } from "../kernel/layer-cells.js";
import { pieceFrame } from "../kernel/strict-local.js";
import { offSlope } from "../problem/network.js";

/** Larger trees of sign choices are not written out; the statement is then listed as not covered. */
const MAX_LEAVES = 512;
/** Bits of the interval that isolates the generator of the number field. */
const PRECISION = 64n;

/** Why a statement has no Coq proof in the file. */
class NotCovered extends Error {}

interface Theorem {
  readonly name: string;
  readonly text: string;
}

/** The text of the Coq file for an accepted certificate. */
export function toCoq<E>({ instance, statements }: Certificate<E>): string {
  const { name, network, field: K, data, point } = instance;
  const print = printer(K);
  const slug = identifier(name);
  const used = new Set<string>();
  const theorems: Theorem[] = [
    theorem(`${slug}_class_N`, `class_N net ${network.inputs}`, "class_N_sound net _"),
  ];
  const open: string[] = [];
  for (const statement of statements) {
    try {
      theorems.push(theoremOf(instance, slug, statement, print, used));
    } catch (error) {
      if (!(error instanceof NotCovered)) throw error;
      open.push(`${statement.kind}${scopeText(statement)}: ${error.message}`);
    }
  }
  const lines = [
    `(** ${name}: theorems about one network, its data and a point, each proved by computation`,
    "    with a checker that `theory/` proves sound. The definitions are in",
    "    `theory/Definitions.v`. Written by `margincert export --to coq`.",
    ...(open.length === 0
      ? []
      : ["", "    Accepted by the TypeScript kernel, and NOT proved here:", ...open.map((o) => `    - ${o}`)]),
    "*)",
    "From Coq Require Import Reals QArith List.",
    "From MarginCert Require Import All.",
    "Import ListNotations.",
    "Open Scope Q_scope.",
    "",
    `(** Parameters, from 0: ${network.parameters.map((p) => p.name).join(", ")}. *)`,
    "Definition net : network := {|",
    `  parameters := ${network.parameters.length};`,
    `  layers := ${list(
      networkRows(instance).map((rows) => list(rows.map((row) => list(row)))),
      2,
    )};`,
    `  act := ${activation(instance)} |}.`,
    "",
    ...fieldLines(K),
    "Definition exact_data : list (exact_sample K) :=",
    `  ${list(
      data.map(({ x, y }) => `(${list(x.map(print))}, ${y === 1})`),
      2,
    )}.`,
    `Definition exact_point : list K := ${list(point.map(print))}.`,
    "Definition data : list sample := samples_of value exact_data.",
    "Definition theta : point := point_of value exact_point.",
    "",
    ...theorems.flatMap(({ text }) => [text, ""]),
    ...(K.description === null ? [] : ["End Instance.", ""]),
    `Definition ${slug}_theorems :=\n  (${theorems.map(({ name }) => name).join(",\n   ")}).`,
    `Print Assumptions ${slug}_theorems.`,
  ];
  return `${lines.join("\n")}\n`;
}

// ---------------------------------------------------------------------------------------------------- data

/** The name of an instance's file, less `.v`, and the beginning of its theorems' names. */
export function identifier(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  return /^[A-Za-z]/.test(plain) ? plain : `problem_${plain}`;
}

function list(items: readonly string[], indent = 0): string {
  return indent > 0 && items.length > 1 ? `[${items.join(`;\n${" ".repeat(indent + 1)}`)}]` : `[${items.join("; ")}]`;
}

function rationalText(q: Rational): string {
  const integer = `${q.s < 0n ? "-" : ""}${q.n}`;
  return q.d === 1n ? (q.s < 0n ? `(${integer})` : integer) : `(${integer} # ${q.d})`;
}

type Print<E> = (value: E) => string;

/** Prints an element: a rational, or its coordinates in the powers of the (positive) generator. */
function printer<E>(K: Field<E>): Print<E> {
  if (K.description === null) return (value) => rationalText(K.coordinates(value)[0]!);
  const { negative } = positiveRoot(K.description);
  return (value) => {
    const coordinates = K.coordinates(value).map((c, k) => (negative && k % 2 === 1 ? Q.neg(c) : c));
    while (coordinates.length > 0 && Q.isZero(coordinates.at(-1)!)) coordinates.pop();
    return list(coordinates.map(rationalText));
  };
}

/** A rational interval around the generator, or around its opposite where it is negative, and the polynomial of that number. */
function positiveRoot({ minimalPolynomial, interval }: FieldDescription) {
  const value = (x: Rational) => minimalPolynomial.reduceRight((sum, c) => Q.add(Q.mul(sum, x), c), Q.zero);
  let [low, high] = interval;
  const atHigh = Q.sign(value(high));
  const two = rational(2n);
  const tolerance = rational(1n, 1n << PRECISION);
  while (Q.sign(Q.sub(Q.sub(high, low), tolerance)) > 0 || Q.sign(low) * Q.sign(high) < 0) {
    const middle = Q.div(Q.add(low, high), two);
    const sign: Sign = Q.sign(value(middle));
    if (sign === 0) [low, high] = [middle, middle];
    else if (sign === atHigh) high = middle;
    else low = middle;
  }
  const negative = Q.sign(high) < 0 || (Q.sign(high) === 0 && Q.sign(low) < 0);
  const n = minimalPolynomial.length - 1;
  return negative
    ? {
        negative,
        low: Q.neg(high),
        high: Q.neg(low),
        polynomial: minimalPolynomial.map((c, k) => ((n - k) % 2 === 1 ? Q.neg(c) : c)),
      }
    : { negative, low, high, polynomial: minimalPolynomial };
}

function fieldLines<E>(K: Field<E>): string[] {
  if (K.description === null) {
    return [
      "Definition K : ops := rationals.",
      "Definition value : K -> R := Q2R.",
      "Definition exact : reading K value := rationals_reading.",
      "",
    ];
  }
  const { low, high, polynomial } = positiveRoot(K.description);
  return [
    "(** The numbers are polynomials in a, the root of the polynomial between low and high. *)",
    `Definition minimal_polynomial : list Q := ${list(polynomial.map(rationalText))}.`,
    `Definition low : Q := ${rationalText(low)}.`,
    `Definition high : Q := ${rationalText(high)}.`,
    "Theorem generator_exists : exists a, root_of minimal_polynomial low high a.",
    "Proof. apply root_exists. vm_compute. reflexivity. Qed.",
    `Definition K : ops := field_of ${list(polynomial.slice(0, -1).map((c) => rationalText(Q.neg(c))))} low high.`,
    "",
    "Section Instance.",
    "Variable a : R.",
    "Hypothesis root : root_of minimal_polynomial low high a.",
    "Definition value : K -> R := qvalue a.",
    "Lemma exact : reading K value.",
    "Proof. apply field_of_reading; [reflexivity | exact root]. Qed.",
    "",
  ];
}

/** Each weight matrix row by row, zeros written out. */
function networkRows<E>({ network: { layers, inputs } }: Instance<E>): string[][][] {
  return layers.map((layer, l) => {
    const width = l === 0 ? inputs : layers[l - 1]!.length;
    return layer.map((row) => {
      const entries = new Array<string>(width).fill("Zero");
      for (const { from, parameter } of row) entries[from] = `Param ${parameter}`;
      return entries;
    });
  });
}

function activation<E>({ network }: Instance<E>): string {
  const { kind } = network.activation;
  return kind === "linear" ? "Linear" : kind === "relu" ? "ReLU" : `LeakyReLU ${rationalText(offSlope(network.activation))}`;
}

// ---------------------------------------------------------------------------------------------- statements

function theorem(name: string, claim: string, proof: string): Theorem {
  return {
    name,
    text: `Theorem ${name} :\n  ${claim}.\nProof. refine (${proof} _). vm_compute. reflexivity. Qed.`,
  };
}

function scopeText<E>(statement: Statement<E>): string {
  if (statement.kind === "layer-global" || statement.kind === "layer-cells") return ` of layer ${statement.layer + 1}`;
  return "scope" in statement && statement.scope !== null ? ` of layer ${statement.scope + 1}` : "";
}

const scopeTerm = (scope: Scope) => (scope === null ? "Whole" : `(Layer ${scope + 1})`);
const scopeName = (scope: Scope) => (scope === null ? "" : `layer_${scope + 1}_`);

function theoremOf<E>(
  instance: Instance<E>,
  slug: string,
  statement: Statement<E>,
  print: Print<E>,
  used: Set<string>,
): Theorem {
  const { network, field: K, point } = instance;
  const prove = (suffix: string, claim: string, checker: string, evidence: string) => {
    let name = `${slug}_${suffix}`;
    for (let k = 2; used.has(name); k++) name = `${slug}_${suffix}_${k}`;
    used.add(name);
    return theorem(name, claim, `${checker}_sound K value exact net ${evidence}`);
  };
  const about = "exact_data exact_point";
  const curve = (steps: readonly SparseVector<E>[]) =>
    list(
      point.map((start, k) => {
        const coefficients = [start, ...steps.map((step) => step.get(k) ?? K.zero)];
        while (coefficients.length > 0 && K.isZero(coefficients.at(-1)!)) coefficients.pop();
        return list(coefficients.map(print));
      }),
    );
  switch (statement.kind) {
    case "feasible":
      return prove("feasible", "feasible net data theta", "check_feasible", about);
    case "infeasible":
      return prove("infeasible", "~ feasible net data theta", "check_infeasible", about);
    case "kkt": {
      const terms = statement.terms.map(
        ({ sample, multiplier, witness }) =>
          `(${sample}%nat, ${print(multiplier)}, ${print(witness.end)}, ${curve(witness.steps)})`,
      );
      return prove("kkt", "kkt net data theta", "check_kkt", `${about}\n  ${list(terms, 2)}`);
    }
    case "not-local": {
      const { scope } = statement;
      const { end, steps } = statement.curve;
      return prove(
        `${scopeName(scope)}not_local_optimum`,
        `~ local_optimum net data ${scopeTerm(scope)} theta`,
        "check_not_local",
        `exact_data ${scopeTerm(scope)} exact_point\n  ${print(end)} ${curve(steps)}`,
      );
    }
    case "not-global": {
      const { scope, better } = statement;
      return prove(
        `${scopeName(scope)}not_global_optimum`,
        `~ global_optimum net data ${scopeTerm(scope)} theta`,
        "check_not_global",
        `exact_data ${scopeTerm(scope)} exact_point\n  ${list(better.map(print))}`,
      );
    }
    case "strict-local": {
      const { scope, radius } = statement;
      return prove(
        `${scopeName(scope)}strict_local_optimum`,
        `strict_local_within (value ${print(radius)}) net data ${scopeTerm(scope)} theta`,
        "check_strict",
        `exact_data ${scopeTerm(scope)} exact_point ${print(radius)}\n  ${strictLocal(instance, statement, print)}`,
      );
    }
    case "layer-global":
    case "layer-cells": {
      const { layer } = statement;
      const evidence =
        statement.kind === "layer-global" ? layerGlobal(instance, statement, print) : layerCells(instance, statement, print);
      return prove(
        `layer_${layer + 1}_global_optimum`,
        `global_optimum net data (Layer ${layer + 1}) theta`,
        "check_global",
        `exact_data (Layer ${layer + 1}) exact_point\n  ${evidence}`,
      );
    }
    case "lagrangian": {
      const { reach } = statement;
      return prove(
        `${reach}_optimum`,
        `${reach}_optimum net data Whole theta`,
        `check_${reach}`,
        `exact_data Whole exact_point\n  ${lagrangian(instance, statement, print)}`,
      );
    }
    case "svm-dual":
      return prove(
        "global_optimum",
        "global_optimum net data Whole theta",
        "check_svm_dual",
        `${network.inputs} ${about}\n  ${list(statement.multipliers.map(print))}`,
      );
    default:
      throw new NotCovered("no Coq checker");
  }
}

// ------------------------------------------------------------------------------- trees of sign choices

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
      [...p.values()].map(({ variables, coefficient }) => `(${list(variables.map(String))}%nat, ${this.print(coefficient)})`),
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
        form.set(others.join(), { variables: others, coefficient: K.div(own ? coefficient : K.mul(half, coefficient), D) });
      }
      found.push(`(${this.print(D)}, ${this.text(form)})`);
      rest = this.ring.sub(rest, this.scale(D, this.ring.mul(form, form)));
    }
    const left = rest.get("");
    if (left !== undefined) found.push(`(${this.print(left.coefficient)}, ${this.text(constant(K, K.one))})`);
    return list(found);
  }
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
  const tie = instance.point.map((_, k) => K.fromRational(rational(BigInt((((k + 1) * 7919) % 101) + 1))));
  let leaves = 0;

  const gone = (conditions: readonly Condition<E>[]): string | null => {
    for (const exclusion of exclusions) {
      const members = conditions.filter(({ key, orientation }) => exclusion.get(key)?.orientation === orientation);
      if (members.length < exclusion.size) continue;
      return `Gone ${list(conditions.map(({ key }) => print(exclusion.get(key)?.weight ?? K.zero)).reverse())}`;
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
    return gone(conditions) ?? plan.leaf({ margins, conditions, units }, algebra);
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

function strictLocal<E>(instance: Instance<E>, statement: Of<"strict-local", E>, print: Print<E>): string {
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

function positiveSamples<E>(K: Field<E>, multipliers: readonly E[]): number[] {
  return multipliers.flatMap((c, i) => (K.sign(c) > 0 ? [i] : []));
}

function layerGlobal<E>(instance: Instance<E>, { layer, multipliers }: Of<"layer-global", E>, print: Print<E>): string {
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

function layerCells<E>(instance: Instance<E>, { layer, excluded, cells }: Of<"layer-cells", E>, print: Print<E>): string {
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
  return explored(instance, { scope: layer, ball: null, samples: instance.data.map((_, i) => i), excluded, leaf }, print);
}

function lagrangian<E>(instance: Instance<E>, statement: Of<"lagrangian", E>, print: Print<E>): string {
  const { field: K } = instance;
  const { reach, multipliers, blocks } = statement;
  if (blocks.some(({ split, cells }) => split || cells.some(({ products }) => products.length > 0))) {
    throw new NotCovered("cells with products of signs");
  }
  const samples = positiveSamples(K, multipliers);
  const leaf = ({ margins, conditions }: Cell<E>, algebra: Algebra<E>) =>
    convexLeaf(
      algebra,
      margins,
      conditions.map(({ polynomial }) => polynomial),
      { lambdas: samples.map((i) => multipliers[i]!), nus: [], products: [] },
    );
  const ball = reach === "local" ? K.fromRational(rational(1n, 1024n)) : null;
  const excluded = blocks.flatMap((block) => block.excluded);
  const radius = ball === null ? "" : `${print(ball)} `;
  return `${radius}${explored(instance, { scope: null, ball, samples, excluded, leaf }, print)}`;
}
