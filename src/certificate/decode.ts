/** Reading certificates: full decoding and shape checks, before any arithmetic. Throws InputError, and FieldError for a bad field. */
import type { Field } from "../exact/field.js";
import { MAX_DEGREE, numberField } from "../exact/number-field.js";
import { parseRational, Q, type Rational } from "../exact/rational.js";
import {
  at,
  type Decoder,
  describe,
  InputError,
  integer,
  list,
  literal,
  nullable,
  object,
  record,
  tagged,
  text,
} from "../problem/decode.js";
import { type Network, network } from "../problem/network.js";
import { label, problemName } from "../problem/problem.js";
import {
  CERTIFICATE_FORMAT,
  type Curve,
  type Exclusion,
  type Instance,
  type Orientation,
  type Product,
  type Scope,
  type SparseVector,
  type Statement,
} from "./format.js";

/** Caps that no honest certificate meets: they bound the work that a hostile one can ask for. */
const MAX_NUMBER_LENGTH = 5000;
const MAX_CURVE_DEGREE = 16;
const MAX_ENTRIES = 200_000;

/** The parts of a certificate, with the statements still to be decoded by `statementDecoder`, one by one. */
export interface RawCertificate {
  readonly instance: Instance<unknown>;
  readonly statements: readonly unknown[];
}

export function decodeCertificate(value: unknown): RawCertificate {
  const anything: Decoder<unknown> = (v) => v;
  const outer = object({
    format: literal(CERTIFICATE_FORMAT),
    problem: anything,
    statements: list(anything, 1, 1000),
  })(value, "");
  return { instance: decodeInstance(outer.problem, "problem"), statements: outer.statements };
}

function decodeInstance(value: unknown, where: string): Instance<unknown> {
  const anything: Decoder<unknown> = (v) => v;
  const outer = object({ name: problemName, field: nullable(description), network, data: anything, point: anything })(
    value,
    where,
  );
  const field: Field<unknown> = outer.field === null ? Q : numberField(outer.field);
  const number = numberDecoder(field);
  const net = outer.network;
  return {
    name: outer.name,
    field,
    network: net,
    data: list(
      object({ x: list(number, net.inputs, net.inputs), y: label }),
      1,
      MAX_ENTRIES,
    )(outer.data, `${where}.data`),
    point: list(number, net.parameters.length, net.parameters.length)(outer.point, `${where}.point`),
  };
}

const rationalNumber: Decoder<Rational> = (value, where) => {
  const digits = text(value, where);
  const q = digits.length <= MAX_NUMBER_LENGTH ? parseRational(digits) : null;
  if (q === null)
    throw new InputError(where, `expected an integer or fraction such as "-3/4", found ${describe(value)}`);
  return q;
};

const description = object({
  minimalPolynomial: list(rationalNumber, 3, MAX_DEGREE + 1),
  interval: (value: unknown, where: string): readonly [Rational, Rational] => {
    const [low, high] = list(rationalNumber, 2, 2)(value, where);
    return [low!, high!];
  },
});

/** A rational as text, or the list of its coordinates in the powers of the generator. */
function numberDecoder<E>(K: Field<E>): Decoder<E> {
  const coordinates = list(rationalNumber, K.degree, K.degree);
  return (value, where) =>
    Array.isArray(value) && K.degree > 1
      ? K.fromCoordinates(coordinates(value, where))
      : K.fromRational(rationalNumber(value, where));
}

/** Decodes one statement about the instance. */
export function statementDecoder<E>({ network, field, data }: Instance<E>): Decoder<Statement<E>> {
  const number = numberDecoder(field);
  const hidden = network.layers.slice(0, -1);
  const widest = Math.max(1, ...hidden.map((layer) => layer.length));

  const counted = (high: number): Decoder<number> => {
    const decoder = integer(1, Math.max(1, high));
    return (value, where) => decoder(value, where) - 1;
  };
  const sample = counted(data.length);
  const layer = counted(network.layers.length);
  const unit = counted(widest);
  const scope: Decoder<Scope> = (value, where) => (value === "whole" ? null : layer(value, where));
  const vector = sparseVector(network, number);
  const perSample = list(number, data.length, data.length);
  const numbers = list(number, 0, MAX_ENTRIES);
  const curve: Decoder<Curve<E>> = object({ end: number, steps: list(vector, 0, MAX_CURVE_DEGREE) });
  const exclusion: Decoder<Exclusion<E>> = list(
    object({ sample, layer: counted(hidden.length), unit, orientation: literal(1, -1), weight: number }),
    1,
    1000,
  );
  const excluded = list(exclusion, 0, MAX_ENTRIES);
  const constraint = counted(MAX_ENTRIES);
  const products: Decoder<readonly Product<E>[]> = list(
    object({ first: constraint, second: constraint, weight: number }),
    0,
    MAX_ENTRIES,
  );

  const dualCells = list(object({ orientations, multipliers: perSample, signMultipliers: numbers }), 1, MAX_ENTRIES);

  return tagged<Statement<E>>(
    new Map<string, Decoder<Statement<E>>>([
      ["feasible", object({ kind: literal("feasible") })],
      ["infeasible", object({ kind: literal("infeasible"), sample })],
      [
        "kkt",
        object({
          kind: literal("kkt"),
          terms: list(object({ sample, multiplier: number, witness: curve }), 0, MAX_ENTRIES),
        }),
      ],
      ["not-kkt", object({ kind: literal("not-kkt"), direction: vector, excluded })],
      ["not-local", object({ kind: literal("not-local"), scope, curve })],
      [
        "not-global",
        object({
          kind: literal("not-global"),
          scope,
          better: list(number, network.parameters.length, network.parameters.length),
        }),
      ],
      [
        "strict-local",
        object({
          kind: literal("strict-local"),
          scope,
          radius: number,
          excluded,
          pieces: list(
            object({ orientations, multipliers: numbers, rho: number, kappa: number, products }),
            1,
            MAX_ENTRIES,
          ),
        }),
      ],
      [
        "lagrangian",
        object({
          kind: literal("lagrangian"),
          reach: literal("local", "global"),
          multipliers: perSample,
          blocks: list(
            object({
              members: list(list(unit, 1, widest), 1, widest),
              split: literalBoolean,
              excluded,
              cells: list(object({ orientations, products }), 1, MAX_ENTRIES),
            }),
            0,
            widest,
          ),
        }),
      ],
      ["svm-dual", object({ kind: literal("svm-dual"), multipliers: perSample })],
      [
        "norm-bound",
        object({
          kind: literal("norm-bound"),
          multipliers: perSample,
          cells: list(object({ orientations, signMultipliers: numbers }), 0, MAX_ENTRIES),
        }),
      ],
      ["branch-vertices", object({ kind: literal("branch-vertices"), roots: list(numbers, 0, MAX_ENTRIES) })],
      [
        "path-bound",
        object({ kind: literal("path-bound"), reach: literal("local", "global"), excluded, cells: dualCells }),
      ],
      ["layer-global", object({ kind: literal("layer-global"), layer, multipliers: perSample })],
      [
        "layer-cells",
        object({
          kind: literal("layer-cells"),
          layer,
          excluded,
          cells: dualCells,
        }),
      ],
    ]),
  );
}

/** A string of `+` and `-`. */
const orientations: Decoder<readonly Orientation[]> = (value, where) => {
  const signs = text(value, where);
  if (!/^[+-]{0,10000}$/.test(signs))
    throw new InputError(where, `expected a string of + and -, found ${describe(signs)}`);
  return Array.from(signs, (c) => (c === "+" ? 1 : -1));
};

const literalBoolean: Decoder<boolean> = (value, where) => {
  if (typeof value !== "boolean") throw new InputError(where, `expected true or false, found ${describe(value)}`);
  return value;
};

/** An object from parameter names to numbers; what is not named is 0. */
function sparseVector<E>({ parameters }: Network, number: Decoder<E>): Decoder<SparseVector<E>> {
  const index = new Map(parameters.map((p, k) => [p.name, k]));
  return (value, where) =>
    new Map(
      [...record(value, where)].map(([name, entry]) => {
        const k = index.get(name);
        if (k === undefined) throw new InputError(where, `the network has no parameter ${describe(name)}`);
        return [k, number(entry, at(where, name))] as const;
      }),
    );
}
