/**
 * Coq instances: an accepted certificate as a self-contained file of data and theorems, each proved by the soundness theorem of a
 * checker in `proofs/coq/theory` and computation. The theorems are stated in the words of `theory/Definitions.v`.
 *
 * Nothing here is trusted: whatever is wrong, Coq refuses.
 */
import type { Certificate, Instance, Scope, SparseVector, Statement } from "../certificate/format.js";
import type { Field, FieldDescription, Sign } from "../exact/field.js";
import { Q, type Rational, rational } from "../exact/rational.js";
import { passAt, slackSigns } from "../kernel/forward.js";
import { kinks } from "../kernel/pieces.js";
import { offSlope } from "../problem/network.js";
import {
  lagrangian,
  layerCells,
  layerGlobal,
  list,
  NotCovered,
  normBound,
  type Print,
  strictLocal,
  tieDirection,
} from "./coq-cells.js";

/** The Coq checker of `not-kkt` tries all sign choices of the kinks of one sample. */
const MAX_KINKS = 10;
/** Bits of the interval that isolates the generator of the number field. */
const PRECISION = 64n;

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
  const theorems: Theorem[] = [theorem(`${slug}_class_N`, `class_N net ${network.inputs}`, "class_N_sound net _")];
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

function rationalText(q: Rational): string {
  const integer = `${q.s < 0n ? "-" : ""}${q.n}`;
  return q.d === 1n ? (q.s < 0n ? `(${integer})` : integer) : `(${integer} # ${q.d})`;
}

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
  return kind === "linear"
    ? "Linear"
    : kind === "relu"
      ? "ReLU"
      : `LeakyReLU ${rationalText(offSlope(network.activation))}`;
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
        statement.kind === "layer-global"
          ? layerGlobal(instance, statement, print)
          : layerCells(instance, statement, print);
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
    case "norm-bound": {
      const { bound, evidence } = normBound(instance, statement, print);
      return prove(
        "global_optimum",
        "global_optimum net data Whole theta",
        "check_norm_bound",
        `${network.inputs} ${print(bound)}\n  ${about}\n  ${evidence}`,
      );
    }
    case "not-kkt": {
      const active = slackSigns(instance, point).flatMap((sign, i) => (sign === 0 ? [i] : []));
      const most = Math.max(...active.map((i) => kinks(instance, i, passAt(instance, i, point)).length), 0);
      if (most > MAX_KINKS) throw new NotCovered(`2^${most} sign choices at one sample`);
      const direction = list(point.map((_, k) => print(statement.direction.get(k) ?? K.zero)));
      const exclusions = list(
        instance.data.map((_, sample) =>
          list(
            statement.excluded
              .filter((exclusion) => exclusion.every((one) => one.sample === sample))
              .map((exclusion) =>
                list(exclusion.map((one) => `(${one.unit}%nat, ${one.orientation > 0}, ${print(one.weight)})`)),
              ),
          ),
        ),
      );
      return prove(
        "not_kkt",
        "~ kkt net data theta",
        "check_not_kkt",
        `${about}\n  ${direction} ${list(tieDirection(instance).map(print))}\n  ${exclusions}`,
      );
    }
    default:
      throw new NotCovered("no Coq checker");
  }
}
