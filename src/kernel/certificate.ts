/**
 * The certificate: a problem, its point, and statements about the point, each with its own evidence. What every codec of it is made
 * of; `certificates/FORMAT.md` specifies the JSON. Indices here count from 0, in the JSON from 1.
 */
import type { FamilyDescription } from "../exact/family.js";
import type { Field, FieldDescription } from "../exact/field.js";
import { functionField } from "../exact/function-field.js";
import { type IntegerPolynomial, type RealRoot, rationalRoot } from "../exact/integer-polynomial.js";
import { MAX_DEGREE, numberField } from "../exact/number-field.js";
import { formatRational, Q, type Rational, rational } from "../exact/rational.js";
import {
  byKey,
  type Codec,
  index,
  integerPolynomial,
  type Json,
  listOf,
  MAX_ENTRIES,
  nameOf,
  numberOf,
  objectOf,
  rationalNumber,
  type SparseVector,
  sparseVectorOf,
} from "../network/codec.js";
import {
  authorsText,
  type Decoder,
  describe,
  InputError,
  integer,
  list,
  literal,
  nullable,
  object,
  problemName,
  text,
} from "../network/decode.js";
import type { Instance, Margin, Problem, Sample } from "../network/instance.js";
import { marginsOf } from "../network/instance.js";
import { labelOf, layersAsked, networkDecoder, type Scope } from "../network/network.js";
import { type EnclosedPoint, enclosedPointCodec } from "./enclosed/point.js";
import type { Member, Signed, Tree } from "./explore.js";
import type { Curve, UnitAtSample } from "./forward.js";
import { metered } from "./metered.js";

export const CERTIFICATE_FORMAT = "margincert/certificate/2";

const MAX_STATEMENTS = 1000;
const MAX_CURVE_DEGREE = 16;
const MAX_TREE_DEPTH = 2000;

/** The parts of a certificate, with the statements still to be decoded, one by one. */
export type RawCertificate = { readonly statements: readonly unknown[] } & (
  | { readonly sort: "exact"; readonly instance: Instance<unknown> }
  | { readonly sort: "enclosed"; readonly problem: Problem<Rational>; readonly point: EnclosedPoint }
);

const anything: Decoder<unknown> = (value) => value;

/** Reads the envelope and the problem; all arithmetic in the instance's field draws on one budget. */
export function readCertificate(value: unknown): RawCertificate {
  const outer = object({
    format: certificateFormat,
    problem: anything,
    statements: list(anything, 1, MAX_STATEMENTS),
  })(value, "");
  return { ...readInstance(outer.problem, "problem"), statements: outer.statements };
}

const certificateFormat: Decoder<string> = (value, where) => {
  if (value === "margincert/certificate/1")
    throw new InputError(
      where,
      "certificates of format 1 are no longer read; run `margincert check` on the problem again",
    );
  return literal(CERTIFICATE_FORMAT)(value, where);
};

type Sorted<T> = T extends unknown ? Omit<T, "statements"> : never;

/** The point is a list of numbers, or the description of an enclosed one, which stands over ℚ. */
function readInstance(value: unknown, where: string): Sorted<RawCertificate> {
  const outer = object(
    { name: problemName, field: nullable(fieldDescription.read), network: anything, data: anything, point: anything },
    { title: authorsText, claim: authorsText },
  )(value, where);
  const field: Field<unknown> = metered(fieldOf(outer.field));
  const number = numberOf(field).read;
  const { network, frozen } = networkDecoder(number)(outer.network, `${where}.network`);
  const sample: Decoder<Sample<unknown>> = object({
    x: list(number, network.inputs, network.inputs),
    y: labelOf(network.outputs),
  });
  const data = list(sample, 1, MAX_ENTRIES)(outer.data, `${where}.data`);
  const { name, title, claim } = outer;
  const problem = { name, title, claim, field, network, frozen, data, point: null };
  if (Array.isArray(outer.point)) {
    const point = list(number, network.parameters.length, network.parameters.length)(outer.point, `${where}.point`);
    return { sort: "exact", instance: { ...problem, point } };
  }
  if (field.degree > 1) throw new InputError(`${where}.point`, "an enclosed point stands over the rational numbers");
  const rational = problem as unknown as Problem<Rational>;
  return {
    sort: "enclosed",
    problem: rational,
    point: enclosedPointCodec(contextOf(rational)).read(outer.point, `${where}.point`),
  };
}

function fieldOf(description: Fields | null): Field<unknown> {
  if (description === null) return Q as Field<unknown>;
  return "parameter" in description
    ? (functionField(description, description.constants) as Field<unknown>)
    : (numberField(description) as Field<unknown>);
}

/** A number field, or the functions of a parameter on an interval, with the field of their constants. */
type Fields = FieldDescription | (FamilyDescription & { readonly constants: FieldDescription | null });

const pairOf = <T>(item: Codec<T>): Codec<readonly [T, T]> => ({
  read: (value, where) => list(item.read, 2, 2)(value, where) as unknown as readonly [T, T],
  write: (ends) => ends.map(item.write),
});

const numberFieldDescription = objectOf<FieldDescription>({
  minimalPolynomial: listOf(rationalNumber, 3, MAX_DEGREE + 1),
  interval: pairOf(rationalNumber),
});

/** An end of the interval: a rational number, or the only root of a polynomial between two of them. */
export const placeCodec: Codec<RealRoot> = {
  read: (value, where) => {
    if (typeof value === "string") {
      const q = rationalNumber.read(value, where);
      return rationalRoot(q.s * q.n, q.d);
    }
    const { polynomial, between } = bracketed.read(value, where);
    const [low, high] = between;
    return { polynomial, low: low.s * low.n * high.d, high: high.s * high.n * low.d, d: low.d * high.d };
  },
  write: ({ polynomial, low, high, d }) =>
    low === high
      ? formatRational(rational(low, d))
      : bracketed.write({ polynomial, between: [rational(low, d), rational(high, d)] }),
};

const bracketed = objectOf<{ polynomial: IntegerPolynomial; between: readonly [Rational, Rational] }>({
  polynomial: integerPolynomial,
  between: pairOf(rationalNumber),
});

const parameterName: Codec<string> = {
  read: (value, where) => {
    const name = text(value, where);
    if (!/^[A-Za-z]$/.test(name)) throw new InputError(where, "a parameter is one letter");
    return name;
  },
  write: (name) => name,
};

const familyDescription = objectOf<FamilyDescription & { readonly constants: FieldDescription | null }>(
  { parameter: parameterName, interval: pairOf(placeCodec) },
  { constants: numberFieldDescription },
);

const fieldDescription = byKey<Fields>({ parameter: familyDescription, minimalPolynomial: numberFieldDescription });

/** The description of a field; null for ℚ. */
function describeField<E>(K: Field<E>): Json {
  if (K.functions !== null) return familyDescription.write({ ...K.functions.family, constants: K.description });
  return K.description === null ? null : numberFieldDescription.write(K.description);
}

/** The problem part of a certificate: equal texts mean equal problems. */
export function writeInstance<E>(instance: Instance<E>): Json {
  const { write } = numberOf(instance.field);
  return writeProblem(instance, instance.point.map(write));
}

/** The problem part of a certificate of an enclosed point. */
export function writeEnclosed(problem: Problem<Rational>, point: EnclosedPoint): Json {
  return writeProblem(problem, enclosedPointCodec(contextOf(problem)).write(point));
}

function writeProblem<E>({ name, title, claim, network, frozen, field: K, data }: Problem<E>, point: Json): Json {
  const number = numberOf(K).write;
  const constants = Object.fromEntries(network.frozen.map((one, k) => [one, number(frozen[k]!)]));
  return {
    name,
    ...(title === null ? {} : { title }),
    ...(claim === null ? {} : { claim }),
    field: describeField(K),
    network: {
      ...(network.source as unknown as Record<string, Json>),
      ...(frozen.length === 0 ? {} : { frozen: constants }),
    },
    data: data.map(({ x, y }) => ({ x: x.map(number), y: network.outputs === 1 ? y : y + 1 })),
    point,
  };
}

/** What the codecs of statements about one instance are made of. */
export interface Context<E> {
  readonly number: Codec<E>;
  /** Any list of numbers. */
  readonly numbers: Codec<readonly E[]>;
  readonly point: Codec<readonly E[]>;
  /** A number per margin. */
  readonly perMargin: Codec<readonly E[]>;
  readonly vector: Codec<SparseVector<E>>;
  readonly scope: Codec<Scope>;
  /** A margin, by its number. */
  readonly margin: Codec<number>;
  readonly sample: Codec<number>;
  readonly weight: Codec<number>;
  readonly signed: Codec<Signed>;
  readonly unit: Codec<UnitAtSample>;
  readonly curve: Codec<Curve<E>>;
  readonly tree: <L>(leaf: Codec<L>) => Codec<Tree<E, L>>;
}

export function contextOf<E>(instance: Problem<E>): Context<E> {
  const { network, field, data } = instance;
  const number = numberOf(field);
  const names = network.parameters.map(({ name }) => name);
  const margins = marginsOf(instance);
  const sample = index(data.length);
  const hidden = network.layers.slice(0, -1);
  const unit = objectOf<UnitAtSample>({
    sample,
    layer: index(hidden.length),
    unit: index(Math.max(0, ...hidden.map((layer) => layer.length))),
  });
  const weight = nameOf(names);
  const signed = byKey<Signed>({ weight: objectOf<{ weight: number }>({ weight }), sample: unit });
  const vector = sparseVectorOf(field, names);
  return {
    number,
    numbers: listOf(number),
    point: listOf(number, names.length, names.length),
    perMargin: listOf(number, margins.length, margins.length),
    vector,
    scope: scopeOf(instance),
    margin: marginCodec(instance, margins),
    sample,
    weight,
    signed,
    unit,
    curve: objectOf<Curve<E>>({ end: number, steps: listOf(vector, 0, MAX_CURVE_DEGREE) }),
    tree: (leaf) => treeOf(number, signed, leaf),
  };
}

/** `"whole"`, or the number of a layer that has a problem of its own. */
function scopeOf<E>({ network }: Problem<E>): Codec<Scope> {
  const asked = layersAsked(network);
  return {
    read: (value, where) => {
      if (value === "whole") return null;
      const layer = integer(1, network.layers.length)(value, where) - 1;
      if (!asked.includes(layer))
        throw new InputError(where, `layer ${layer + 1} has no problem of its own: no parameters, or shared ones`);
      return layer;
    },
    write: (scope) => (scope === null ? "whole" : scope + 1),
  };
}

/** `{"sample": i}`, and with classes `{"sample": i, "against": k}`. */
function marginCodec<E>({ network: { outputs }, data }: Problem<E>, margins: readonly Margin[]): Codec<number> {
  const sample = index(data.length);
  const place = objectOf<{ sample: number; against: number | null }>(
    outputs === 1 ? { sample } : { sample, against: index(outputs) as Codec<number | null> },
  );
  return {
    read: (value, where) => {
      const { sample, against } = place.read(value, where);
      const found = margins.findIndex((one) => one.sample === sample && (outputs === 1 || one.minus === against));
      if (found === -1) throw new InputError(where, "a class has no margin against itself");
      return found;
    },
    write: (k) => {
      const { sample, minus } = margins[k]!;
      return place.write({ sample, against: minus });
    },
  };
}

/** A tree as the list of its nodes: a split, then its `on` part, then its `off` part. */
function treeOf<E, L>(number: Codec<E>, signed: Codec<Signed>, leaf: Codec<L>): Codec<Tree<E, L>> {
  type Node = { readonly split: Signed } | { readonly gone: readonly Member<E>[] } | { readonly leaf: L };
  const member = objectOf<Member<E>>({ at: signed, weight: number });
  const nodes = listOf<Node>(
    byKey<Node>({
      split: objectOf<{ split: Signed }>({ split: signed }),
      gone: objectOf<{ gone: readonly Member<E>[] }>({ gone: listOf(member, 1) }),
      leaf: objectOf<{ leaf: L }>({ leaf }),
    }),
    1,
  );
  return {
    read: (value, where) => {
      const list = nodes.read(value, where);
      let next = 0;
      const grow = (depth: number): Tree<E, L> => {
        const node = list[next++];
        if (node === undefined) throw new InputError(where, "the tree ends before its last branch");
        if (depth > MAX_TREE_DEPTH) throw new InputError(where, `the tree is deeper than ${MAX_TREE_DEPTH}`);
        return "split" in node ? { split: node.split, on: grow(depth + 1), off: grow(depth + 1) } : node;
      };
      const tree = grow(0);
      if (next < list.length)
        throw new InputError(`${where}[${next}]`, `the tree is complete before ${describe(value)}`);
      return tree;
    },
    write: (tree) => {
      const flat: Node[] = [];
      const visit = (node: Tree<E, L>): void => {
        if (!("split" in node)) flat.push(node);
        else {
          flat.push({ split: node.split });
          visit(node.on);
          visit(node.off);
        }
      };
      visit(tree);
      return nodes.write(flat);
    },
  };
}
