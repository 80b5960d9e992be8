/**
 * Codecs: one description that reads a JSON value, or throws InputError with its place, and writes it back. What is written is
 * read back as the same value.
 */
import type { Field, Functions } from "../exact/field.js";
import { type IntegerPolynomial, trimmed } from "../exact/integer-polynomial.js";
import { formatRational, parseRational, Q, type Rational } from "../exact/rational.js";
import { at, type Decoder, describe, InputError, integer, list, literal, object, record, text } from "./decode.js";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export interface Codec<T> {
  readonly read: Decoder<T>;
  readonly write: (value: T) => Json;
}

const MAX_NUMBER_LENGTH = 5000;
/** No list in a certificate is longer. */
export const MAX_ENTRIES = 200_000;

const same = <T extends Json>(value: T): Json => value;

export const string: Codec<string> = { read: text, write: same };

export function word<const T extends string>(...allowed: readonly T[]): Codec<T> {
  return { read: literal(...allowed), write: same };
}

/** 1, …, `count` in JSON; from 0 here. */
export function index(count: number): Codec<number> {
  const counted = integer(1, Math.max(1, count));
  return { read: (value, where) => counted(value, where) - 1, write: (k) => k + 1 };
}

export function listOf<T>(item: Codec<T>, low = 0, high = MAX_ENTRIES): Codec<readonly T[]> {
  return { read: list(item.read, low, high), write: (values) => values.map(item.write) };
}

/** An object with exactly these keys; those of `optional` are left out where their value is null. */
export function objectOf<S extends object>(
  required: { readonly [K in keyof S]?: Codec<S[K]> },
  optional: { readonly [K in keyof S]?: Codec<NonNullable<S[K]>> } = {},
): Codec<S> {
  const decoders = (codecs: object) =>
    Object.fromEntries(Object.entries(codecs).map(([key, codec]) => [key, (codec as Codec<unknown>).read]));
  const read = object(decoders(required), decoders(optional)) as Decoder<unknown> as Decoder<S>;
  const all = Object.entries({ ...required, ...optional }) as [keyof S & string, Codec<unknown>][];
  return {
    read,
    write: (value) =>
      Object.fromEntries(
        all.flatMap(([key, codec]) =>
          value[key] === null && Object.hasOwn(optional, key) ? [] : [[key, codec.write(value[key])]],
        ),
      ),
  };
}

/** One of several objects, told apart by the first of these keys that is there. */
export function byKey<T extends object>(forms: {
  readonly [key: string]: { readonly read: Decoder<T>; readonly write: (value: never) => Json };
}): Codec<T> {
  const formOf = (has: (key: string) => boolean) => Object.entries(forms).find(([key]) => has(key))?.[1];
  return {
    read: (value, where) => {
      const given = record(value, where);
      const form = formOf((key) => given.has(key));
      if (form === undefined) throw new InputError(where, `expected one of the keys ${Object.keys(forms).join(", ")}`);
      return form.read(value, where);
    },
    write: (value) => formOf((key) => Object.hasOwn(value, key))!.write(value as never),
  };
}

export const rationalNumber: Codec<Rational> = {
  read: (value, where) => {
    const digits = text(value, where);
    const q = digits.length <= MAX_NUMBER_LENGTH ? parseRational(digits) : null;
    if (q === null)
      throw new InputError(where, `expected an integer or fraction such as "-3/4", found ${describe(value)}`);
    return q;
  },
  write: formatRational,
};

/**
 * An element of K: a rational as text; another constant as the list of its coordinates in the powers of the generator; a function as its
 * numerator and denominator.
 */
export function numberOf<E>(K: Field<E>): Codec<E> {
  const { functions } = K;
  const degree = functions === null ? K.degree : (K.description?.minimalPolynomial.length ?? 2) - 1;
  const coordinates = list(rationalNumber.read, degree, degree);
  const isFraction = (value: unknown) => functions !== null && Array.isArray(value) && value.some(Array.isArray);
  return {
    read: (value, where) => {
      if (isFraction(value)) return readFraction(functions!, degree, value, where);
      return Array.isArray(value) && degree > 1
        ? K.fromCoordinates(coordinates(value, where))
        : K.fromRational(rationalNumber.read(value, where));
    },
    write: (value) => {
      if (functions !== null) {
        const { numerators, denominator } = functions.parts(value);
        if (denominator.length > 1 || numerators.some((p) => p.length > 1))
          return writeFraction(numerators, denominator);
      }
      const own = K.coordinates(value);
      return own.some((q, k) => k > 0 && !Q.isZero(q)) ? own.map(formatRational) : formatRational(own[0]!);
    },
  };
}

/** Coefficients of a numerator or a denominator. */
const MAX_COEFFICIENTS = 257;

const integerNumber: Decoder<bigint> = (value, where) => {
  const q = rationalNumber.read(value, where);
  if (q.d !== 1n) throw new InputError(where, `expected an integer, found ${describe(value)}`);
  return q.s * q.n;
};

/** The coefficients of a polynomial that is not zero, from the constant term up. */
export const integerPolynomial: Codec<IntegerPolynomial> = {
  read: (value, where) => {
    const p = list(integerNumber, 1, MAX_COEFFICIENTS)(value, where);
    if (p.at(-1) === 0n) throw new InputError(where, "the last coefficient is 0");
    return p;
  },
  write: (p) => p.map(String),
};

/** `[numerator, denominator]`; a coefficient of the numerator is an integer or the list of its coordinates. */
function readFraction<E>(functions: Functions<E>, degree: number, value: unknown, where: string): E {
  const [above, below] = list<unknown>((one) => one, 2, 2)(value, where);
  const coefficient: Decoder<readonly bigint[]> = (one, place) =>
    Array.isArray(one) && degree > 1 ? list(integerNumber, degree, degree)(one, place) : [integerNumber(one, place)];
  const coefficients = list(coefficient, 1, MAX_COEFFICIENTS)(above, `${where}[0]`);
  const denominator = integerPolynomial.read(below, `${where}[1]`);
  const numerators = Array.from({ length: degree }, (_, k) => trimmed(coefficients.map((c) => c[k] ?? 0n)));
  return functions.fromParts(numerators, denominator);
}

function writeFraction(numerators: readonly IntegerPolynomial[], denominator: IntegerPolynomial): Json {
  const length = Math.max(...numerators.map((p) => p.length));
  const coefficients = Array.from({ length }, (_, j): Json => {
    const own = numerators.map((p) => p[j] ?? 0n);
    return own.slice(1).every((c) => c === 0n) ? String(own[0]) : own.map(String);
  });
  return [coefficients, integerPolynomial.write(denominator)];
}

/** A number of a list of names, by name. */
export function nameOf(names: readonly string[]): Codec<number> {
  const positions = new Map(names.map((name, k) => [name, k]));
  return {
    read: (value, where) => {
      const k = positions.get(text(value, where));
      if (k === undefined) throw new InputError(where, `the network has no parameter ${describe(value)}`);
      return k;
    },
    write: (k) => names[k]!,
  };
}

/** The non-zero entries of a vector, by position. */
export type SparseVector<E> = ReadonlyMap<number, E>;

/** An object from names to numbers; what is not named is 0. */
export function sparseVectorOf<E>(K: Field<E>, names: readonly string[]): Codec<SparseVector<E>> {
  const number = numberOf(K);
  const name = nameOf(names);
  return {
    read: (value, where) =>
      new Map(
        [...record(value, where)]
          .map(([key, entry]) => [name.read(key, where), number.read(entry, at(where, key))] as const)
          .filter(([, c]) => !K.isZero(c)),
      ),
    write: (vector) =>
      Object.fromEntries([...vector].sort(([a], [b]) => a - b).map(([k, c]) => [names[k]!, number.write(c)])),
  };
}

const WIDTH = 120;

/** JSON text with short values on one line: byte for byte the same for the same value. Ends with a newline. */
export function formatJson(value: Json): string {
  return `${layOut(value, "")}\n`;
}

function layOut(value: Json, indent: string): string {
  const flat = JSON.stringify(value, null, 1).replace(/\n\s*/g, " ");
  if (typeof value !== "object" || value === null || flat.length + indent.length <= WIDTH) return flat;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    return `[\n${value.map((one) => inner + layOut(one, inner)).join(",\n")}\n${indent}]`;
  }
  const entries = Object.entries(value as { readonly [key: string]: Json });
  return `{\n${entries.map(([key, one]) => `${inner}${JSON.stringify(key)}: ${layOut(one, inner)}`).join(",\n")}\n${indent}}`;
}
