/**
 * Coq instances: an accepted certificate as a self-contained file of data and theorems, each proved by the soundness theorem of a
 * checker in `proofs/coq/theory` and computation. The theorems are stated in the words of `theory/Definitions.v`.
 *
 * Nothing here is trusted: whatever is wrong, Coq refuses. What the theory does not cover is left out and named in the file.
 */
import { type Field, type FieldDescription, type Sign, sum } from "../exact/field.js";
import { accumulate, type MultivariatePolynomial as Polynomial, shiftedVariable } from "../exact/multivariate.js";
import { Q, type Rational, rational } from "../exact/rational.js";
import { type Condition, cellOf, keyOf, type Orientation, type Signed, type Tree } from "../kernel/explore.js";
import { type Facts, factsOf } from "../kernel/facts.js";
import { forward, gradient } from "../kernel/forward.js";
import { LimitError } from "../kernel/metered.js";
import type { Of, Statement } from "../kernel/statements/index.js";
import { kinksAt } from "../kernel/statements/not-kkt.js";
import type { StrictLeaf } from "../kernel/statements/strict-local.js";
import type { SparseVector } from "../network/codec.js";
import { InputError } from "../network/decode.js";
import type { Instance } from "../network/instance.js";
import { isLinear, parametersOf, type Scope } from "../network/network.js";
import { coqBound } from "./coq-bound.js";
import {
  type Algebra,
  type Found,
  list,
  NotCovered,
  type Print,
  tieDirection,
  type WalkedCell,
  walked,
} from "./coq-cells.js";

/** The Coq checker of `not-kkt` tries all sign choices of the kinks of one sample. */
const MAX_KINKS = 10;
/** Bits of the interval that isolates the generator of the number field. */
const PRECISION = 64n;

interface Theorem {
  readonly name: string;
  readonly text: string;
}

/** What a Coq file is made from: an instance, and statements that the kernel accepts. */
export interface Exported<E> {
  readonly instance: Instance<E>;
  readonly statements: readonly { readonly statement: Statement<E> }[];
}

/** Why the definitions of `theory/` have no words for the instance, or null where they do. */
export function coqGap<E>({ field, network: { outputs, frozen, slopes, parameters } }: Instance<E>): string | null {
  if (field.functions !== null) return "the Coq theory has no families yet, so nothing is exported";
  const gap =
    outputs > 1
      ? "several outputs"
      : frozen.length > 0
        ? "frozen weights"
        : slopes.some((slope) => !Q.isZero(Q.sub(slope, slopes[0]!)))
          ? "activations that differ from layer to layer"
          : parameters.some(({ layers }) => layers.length > 1)
            ? "a parameter in several layers"
            : null;
  return gap && `the Coq theory has no definition of networks with ${gap} yet, so nothing is exported`;
}

/** Characters of an instance that Coq 8.16 takes a second for: measured over ℚ and in fields of degree up to 32, to a factor of about two. */
const CHARACTERS_PER_SECOND = 3000;

/** With more parameters that move, bounds on cells are not written out: the theory has polynomials as lists. */
const MAX_PARAMETERS = 2000;

/** About how many seconds Coq needs for an instance, less those for the theory. */
export function coqSeconds(text: string): number {
  return Math.ceil(1 + text.length / CHARACTERS_PER_SECOND);
}

/** The text of the Coq file for an accepted certificate. Throws InputError where `coqGap` has a reason. */
export function toCoq<E>({ instance, statements }: Exported<E>): string {
  const gap = coqGap(instance);
  if (gap !== null) throw new InputError("problem.network", gap);
  const { name, network, field: K, data, point } = instance;
  const facts = factsOf(instance);
  const print = printer(K);
  const slug = identifier(name);
  const used = new Set<string>();
  const theorems: Theorem[] = [theorem(`${slug}_class_N`, `class_N net ${network.inputs}`, "class_N_sound net _")];
  const open: string[] = [];
  for (const { statement } of statements) {
    try {
      theorems.push(theoremOf(facts, slug, statement, print, used));
    } catch (error) {
      if (!(error instanceof NotCovered || error instanceof LimitError)) throw error;
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

function rationalText(q: Rational): string {
  const integer = `${q.s < 0n ? "-" : ""}${q.n}`;
  return q.d === 1n ? (q.s < 0n ? `(${integer})` : integer) : `(${integer} # ${q.d})`;
}

/**
 * Prints an element: a rational, or integer coefficients in the powers of a generator over a common denominator. That generator is
 * positive and an algebraic integer, so that Coq computes with integers.
 */
function printer<E>(K: Field<E>): Print<E> {
  if (K.description === null) return (value) => rationalText(K.coordinates(value)[0]!);
  const { factor } = integralRoot(K.description);
  const powers = powersOf(factor, K.degree);
  return (value) => {
    const coordinates = K.coordinates(value).map((c, k) => Q.div(c, rational(powers[k]!)));
    while (coordinates.length > 0 && Q.isZero(coordinates.at(-1)!)) coordinates.pop();
    const denominator = coordinates.reduce((d, c) => lcm(d, c.d), 1n);
    return `(over ${list(coordinates.map((c) => integerText(c.s * c.n * (denominator / c.d))))}%Z ${denominator})`;
  };
}

/** ±1 times a positive integer. */
function powersOf(factor: bigint, count: number): bigint[] {
  return Array.from({ length: count }, (_, k) => factor ** BigInt(k));
}

function lcm(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return (a / x) * b;
}

/** factor · a is positive and an integer over ℤ: its monic polynomial, and an interval around it whose ends have one denominator. */
function integralRoot({ minimalPolynomial, interval }: FieldDescription) {
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
  const factor = (negative ? -1n : 1n) * minimalPolynomial.reduce((d, c) => lcm(d, c.d), 1n);
  const n = minimalPolynomial.length - 1;
  const powers = powersOf(factor, n + 1);
  const [first, last] = [low, high].map((end) => Q.mul(end, rational(factor))).sort((a, b) => Q.sign(Q.sub(a, b)));
  const scale = lcm(first!.d, last!.d);
  return {
    factor,
    ends: [first!, last!].map((end) => `(${end.s * end.n * (scale / end.d)} # ${scale})`),
    polynomial: minimalPolynomial.map((c, k) => {
      const scaled = Q.mul(c, rational(powers[n - k]!));
      return scaled.s * scaled.n;
    }),
  };
}

function integerText(n: bigint): string {
  return n < 0n ? `(${n})` : `${n}`;
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
  const {
    ends: [low, high],
    polynomial,
  } = integralRoot(K.description);
  return [
    "(** The numbers are polynomials in a, the root of the polynomial between low and high, over a denominator. *)",
    `Definition minimal_polynomial : list Q := ${list(polynomial.map(integerText))}.`,
    `Definition low : Q := ${low}.`,
    `Definition high : Q := ${high}.`,
    "Theorem generator_exists : exists a, root_of minimal_polynomial low high a.",
    "Proof. apply root_exists. vm_compute. reflexivity. Qed.",
    `Definition K : ops := field_of ${list(polynomial.slice(0, -1).map((c) => integerText(-c)))}%Z low high.`,
    "",
    "Section Instance.",
    "Variable a : R.",
    "Hypothesis root : root_of minimal_polynomial low high a.",
    "Definition value : K -> R := value_at a.",
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
      for (const { from, weight } of row) entries[from] = `Param ${weight}`;
      return entries;
    });
  });
}

/** One for all hidden layers; a network without any is linear. */
function activation<E>({ network }: Instance<E>): string {
  if (isLinear(network)) return "Linear";
  const slope = network.slopes[0]!;
  return Q.isZero(slope) ? "ReLU" : `LeakyReLU ${rationalText(slope)}`;
}

// ---------------------------------------------------------------------------------------------- statements

function theorem(name: string, claim: string, proof: string): Theorem {
  return {
    name,
    text: `Theorem ${name} :\n  ${claim}.\nProof. refine (${proof} _). vm_cast_no_check (eq_refl true). Qed.`,
  };
}

function scopeText<E>(statement: Statement<E>): string {
  return "scope" in statement && statement.scope !== null ? ` of layer ${statement.scope + 1}` : "";
}

const scopeTerm = (scope: Scope) => (scope === null ? "Whole" : `(Layer ${scope + 1})`);
const scopeName = (scope: Scope) => (scope === null ? "" : `layer_${scope + 1}_`);

function theoremOf<E>(
  facts: Facts<E>,
  slug: string,
  statement: Statement<E>,
  print: Print<E>,
  used: Set<string>,
): Theorem {
  const { instance, margins } = facts;
  const { network, field: K, point } = instance;
  const prove = (suffix: string, claim: string, checker: string, evidence: string) => {
    let name = `${slug}_${suffix}`;
    for (let k = 2; used.has(name); k++) name = `${slug}_${suffix}_${k}`;
    used.add(name);
    return theorem(name, claim, `${checker}_sound K value exact net ${evidence}`);
  };
  const about = "exact_data exact_point";
  const curve = (steps: readonly SparseVector<E>[], from: readonly E[] = point) =>
    list(
      from.map((start, k) => {
        const coefficients = [start, ...steps.map((step) => step.get(k) ?? K.zero)];
        while (coefficients.length > 0 && K.isZero(coefficients.at(-1)!)) coefficients.pop();
        return list(coefficients.map(print));
      }),
    );
  const moving = "scope" in statement ? parametersOf(network, statement.scope).length : 0;
  if ((statement.kind === "bound" || statement.kind === "strict-local") && moving > MAX_PARAMETERS)
    throw new NotCovered(
      `its polynomials have ${moving} variables, and more than ${MAX_PARAMETERS} are not written out`,
    );
  switch (statement.kind) {
    case "feasible":
      return prove("feasible", "feasible net data theta", "check_feasible", about);
    case "infeasible":
      return prove("infeasible", "~ feasible net data theta", "check_infeasible", about);
    case "kkt": {
      const terms = statement.terms.map(
        ({ margin, multiplier, witness }) =>
          `(${margins[margin]!.sample}%nat, ${print(multiplier)}, ${print(witness.end)}, ${curve(witness.steps)})`,
      );
      return prove("kkt", "kkt net data theta", "check_kkt", `${about}\n  ${list(terms, 2)}`);
    }
    case "not-kkt":
      return prove(
        "not_kkt",
        "~ kkt net data theta",
        "check_not_kkt",
        `${about}\n  ${notKkt(facts, statement, print)}`,
      );
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
        `exact_data ${scopeTerm(scope)} exact_point ${print(radius)}\n  ${strictLocal(facts, statement, print)}`,
      );
    }
    case "bound": {
      const { scope } = statement;
      const proof = coqBound(facts, statement, print);
      const { checker, evidence } = proof;
      const before =
        checker === "check_svm_dual"
          ? `${network.inputs} ${about}`
          : checker === "check_norm_bound"
            ? `${network.inputs} ${proof.squaredBound}\n  ${about}`
            : `exact_data ${scopeTerm(scope)} exact_point`;
      const optimum = checker === "check_local" ? "local_optimum" : "global_optimum"; // a chain reaches everywhere
      const claim = `${optimum} net data ${scopeTerm(scope)} theta`;
      return prove(`${scopeName(scope)}${optimum}`, claim, checker, `${before}\n  ${evidence}`);
    }
    case "not-strict": {
      const { scope } = statement;
      const { end, steps } = statement.curve;
      const nowhere = point.map(() => K.zero);
      return prove(
        `${scopeName(scope)}not_strict_local_optimum`,
        `~ strict_local_optimum net data ${scopeTerm(scope)} theta`,
        "check_not_strict",
        `exact_data ${scopeTerm(scope)} exact_point\n  ${print(end)} ${curve(steps, nowhere)}`,
      );
    }
    case "vertices":
      throw new NotCovered("the theory has no theorem about vertices");
    case "attracts":
      throw new NotCovered("the theory has no gradient flow; proofs/theory.md, section 13, has the proof");
  }
}

/**
 * The direction, the one that settles ties, and per sample the patterns that are gone, by units of the first layer. The Coq checker tries
 * all choices at kinks; it knows no signs that follow from others.
 */
function notKkt<E>(facts: Facts<E>, { direction, trees }: Of<"not-kkt", E>, print: Print<E>): string {
  const { instance, active, margins } = facts;
  const { field: K, point, data } = instance;
  const exclusions = data.map((_, sample) =>
    trees
      .flatMap((one) => (one.sample === sample ? goneCells(one.tree) : []))
      .filter((one) => one.every(({ layer }) => layer === 0)),
  );
  for (const j of active) {
    const { sample } = margins[j]!;
    for (const { pattern, follows } of patternsAt(facts, sample)) {
      if (exclusions[sample]!.some((one) => one.every(({ unit, on }) => pattern[0]![unit] === on))) continue;
      const slopes = gradient(instance, margins[j]!, pattern);
      const rate = sum(
        K,
        [...direction].map(([k, c]) => K.mul(c, slopes[k]!)),
      );
      if (follows && K.sign(rate) < 0)
        throw new NotCovered("a pattern is ruled out by a sign that follows from others");
    }
  }
  const excluded = exclusions.map((cells) =>
    list(cells.map((cell) => list(cell.map(({ unit, on, weight }) => `(${unit}%nat, ${on}, ${print(weight)})`)))),
  );
  const dense = list(point.map((_, k) => print(direction.get(k) ?? K.zero)));
  return `${dense} ${list(tieDirection(instance).map(print))}\n  ${list(excluded)}`;
}

interface GoneUnit<E> {
  readonly layer: number;
  readonly unit: number;
  readonly on: boolean;
  readonly weight: E;
}

/** The gone cells of a tree whose forms are units, with their signs. */
function goneCells<E, L>(tree: Tree<E, L>, signs: ReadonlyMap<string, boolean> = new Map()): GoneUnit<E>[][] {
  if ("split" in tree) {
    const key = keyOf(tree.split);
    return [true, false].flatMap((on) => goneCells(on ? tree.on : tree.off, new Map(signs).set(key, on)));
  }
  if ("leaf" in tree || tree.gone.some(({ at }) => "weight" in at)) return [];
  return [
    tree.gone.flatMap(({ at, weight }) =>
      "weight" in at ? [] : [{ layer: at.layer, unit: at.unit, on: signs.get(keyOf(at))!, weight }],
    ),
  ];
}

/** The patterns of a sample that the signs at θ allow, one by one; `follows` where the kernel knows that another sign follows. */
function* patternsAt<E>(
  facts: Facts<E>,
  sample: number,
): Generator<{ readonly pattern: boolean[][]; readonly follows: boolean }> {
  const { instance } = facts;
  const { network, field: K, point, data } = instance;
  const frame = kinksAt(facts);
  const hidden = network.layers
    .slice(0, -1)
    .flatMap((layer, l) => layer.map((_, unit) => ({ sample, layer: l, unit })));
  let kinks = 0;
  function* choose(
    next: number,
    pattern: boolean[][],
    conditions: readonly Condition[],
    follows: boolean,
  ): ReturnType<typeof patternsAt<E>> {
    const at = hidden[next];
    if (at === undefined || isLinear(network)) {
      yield { pattern, follows };
      return;
    }
    const pass = forward(
      K,
      instance,
      (c) => c,
      point,
      data[sample]!.x,
      (_, layer, unit) => pattern[layer]![unit]!,
    );
    const here = K.sign(pass.preactivations[at.layer]![at.unit]!);
    if (here === 0 && ++kinks > 2 ** MAX_KINKS)
      throw new NotCovered(`more than ${2 ** MAX_KINKS} sign choices at one sample`);
    const known = cellOf(frame, conditions).form(at).sign;
    for (const orientation of [1, -1] as const satisfies readonly Orientation[]) {
      if (here === -orientation) continue;
      const chosen = pattern.map((row, l) => (l === at.layer ? row.with(at.unit, orientation > 0) : row));
      const other = known !== null && known !== 0 && known !== orientation;
      yield* choose(next + 1, chosen, [...conditions, { at, orientation }], follows || other);
    }
  }
  yield* choose(
    0,
    network.layers.slice(0, -1).map((layer) => layer.map(() => false)),
    [],
    false,
  );
}

/** The evidence of `Strict.v` on every cell. */
function strictLocal<E>(facts: Facts<E>, { scope, radius, tree }: Of<"strict-local", E>, print: Print<E>): string {
  const samples = facts.active.map((j) => facts.margins[j]!.sample);
  const leaf = (walk: WalkedCell<E>, [found]: readonly Found<StrictLeaf<E>>[], algebra: Algebra<E>) =>
    strictLeaf(walk, found!, samples.length, algebra);
  const readings = [{ tree, rename: (at: Signed) => at }];
  return walked({ facts, scope, ball: radius, samples, readings, forms: () => [], leaf }, print);
}

function strictLeaf<E>(
  { cell, margins, conditions }: WalkedCell<E>,
  { path, leaf: { relaxed, multipliers, rho, kappa, products } }: Found<StrictLeaf<E>>,
  active: number,
  algebra: Algebra<E>,
): string {
  const { ring, K, print, frame } = algebra;
  if (relaxed !== null) throw new NotCovered("kinks of a strict local optimum are relaxed");
  if (conditions.some(({ polynomial }) => polynomial.has("")))
    throw new NotCovered("a sign is split that is not a kink");
  const h = [...margins.map((m) => ring.sub(m, ring.one)), ...conditions.map(({ polynomial }) => polynomial)];
  // The certificate's constraints are the margins and the signs on the way to its leaf; here, all signs that were met.
  const index = new Map(conditions.map(({ at }, k) => [keyOf(at), active + k]));
  const place = (j: number): number | null => {
    if (j < active) return j;
    const at = path[j - active]!;
    const found = index.get(keyOf(at));
    if (found === undefined && cell.form(at).z?.size !== 0)
      throw new NotCovered("a sign is split that follows from others");
    return found ?? null;
  };
  const omega = h.map(() => K.zero);
  for (const [j, w] of multipliers.entries()) {
    const at = K.isZero(w) ? null : place(j);
    if (at !== null) omega[at] = w;
  }
  const rhos = omega.map((w) => (K.sign(w) > 0 ? rho : K.zero));
  const pairs = products.flatMap(({ first, second, weight }) => {
    const [f, s] = [place(first), place(second)];
    return f === null || s === null ? [] : [{ f, s, weight }];
  });
  const linear = h.map((p) => algebra.part(p, 1));
  const form = new Map(algebra.part(algebra.growth(), 2));
  const add = (p: Polynomial<E>, factor: E) => accumulate(K, form, p, factor);
  for (const [j, p] of h.entries()) {
    add(algebra.part(p, 2), K.neg(K.add(omega[j]!, omega[j]!)));
    add(ring.mul(linear[j]!, linear[j]!), rhos[j]!);
  }
  for (const { f, s, weight } of pairs) add(ring.mul(linear[f]!, linear[s]!), K.neg(weight));
  for (const k of parametersOf(frame.facts.instance.network, frame.scope)) {
    const x = shiftedVariable(K, K.zero, k);
    add(ring.mul(x, x), K.neg(kappa));
  }
  return `Leaf (@Build_strict_proof K ${list(omega.map((w, j) => `(${print(w)}, ${print(rhos[j]!)})`))} ${print(kappa)} ${list(
    pairs.map(({ f, s, weight }) => `(${f}%nat, ${s}%nat, ${print(weight)})`),
  )}\n    ${algebra.squares(form)})`;
}
