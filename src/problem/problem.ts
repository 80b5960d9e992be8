/** Problem files (interface): a network, data, a point and a flow request, parsed into one plain value over one exact field. */
import type { Field } from "../exact/field.js";
import type { RealRoot } from "../exact/integer-polynomial.js";
import {
  at,
  authorsText,
  type Decoder,
  describe,
  Faults,
  InputError,
  list,
  literal,
  object,
  problemName,
  readJson,
  record,
  text,
} from "../network/decode.js";
import type { Instance, Problem } from "../network/instance.js";
import { type FrozenNetwork, labelOf, type Network, networkDecoder } from "../network/network.js";
import { suggestion } from "../network/suggestion.js";
import { constantsIn, type FamilyRequest, familyRequest, functionReader, givenValue } from "./family.js";
import { atPlace, checkSize, evaluator, type NumberText, number, numberIn, PARAMETER, radicalsIn } from "./numbers.js";
import { towerField } from "./primitive.js";
import { type Radical, RadicalDegreeError, type RadicalTower, radicalTower } from "./radicals.js";

export type Loss = "exponential" | "logistic" | "cross-entropy";

export interface FlowRequest {
  readonly loss: Loss;
  /** In parameter order, or null. Floating point: the flow never enters a verdict. */
  readonly start: readonly number[] | null;
}

export interface ProblemFile<E> {
  readonly problem: Problem<E>;
  readonly flow: FlowRequest | null;
  /** Where the numbers are functions of a parameter; else null. */
  readonly family: Family | null;
}

export interface Family {
  /** The places in the interval at which a number is not defined, in order. */
  readonly poles: readonly RealRoot[];
  /** The problem at a value in the interval, which is typed as in problem files. Throws InputError. */
  readonly at: (value: string) => Problem<unknown>;
}

export const PROBLEM_FORMAT = "margincert/problem/1";
const MAX_RADICALS = 500;
/** Parameters that a message lists. */
const MAX_NAMED = 8;

/**
 * Reads the text of a problem file; throws InputError with the place and the remedy. A family is read at one value of its parameter where
 * that is given, as in `s=1/2`.
 */
export function parseProblem(source: string, at: string | null = null): ProblemFile<unknown> {
  return decodeProblem(readJson(source), at);
}

/** The problem of a problem file's text with its point. Throws InputError also where there is no point. */
export function parseInstance(source: string): Instance<unknown> {
  const { problem } = parseProblem(source);
  if (problem.point === null) throw new InputError("point", "missing");
  return { ...problem, point: problem.point };
}

const anything: Decoder<unknown> = (value) => value;

/**
 * All faults of a file together: the keys are read in this order, and what depends on the network is read without it where it is at fault. How
 * numbers are read depends on the family, which comes first.
 */
function decodeProblem(value: unknown, at: string | null): ProblemFile<unknown> {
  const asked = record(value, "").get("family");
  const request = asked === undefined ? null : familyRequest(asked, "family");
  if (request === null && at !== null)
    throw new InputError("", "the file has no parameter that could be given a value");
  const given = request === null || at === null ? null : givenValue(request, at);
  const own = numberIn(request && { name: request.parameter, value: given?.expression ?? PARAMETER });
  let known: Network | null = null;
  const withNetwork =
    <T>(decoder: (network: Network) => Decoder<T>, otherwise: Decoder<unknown>): Decoder<T> =>
    (value, where) =>
      known === null ? (otherwise(value, where) as never) : decoder(known)(value, where);
  const networkFirst: Decoder<FrozenNetwork<NumberText>> = (value, where) => {
    const read = networkDecoder(own)(value, where);
    known = read.network;
    return read;
  };
  const outer = object(
    {
      format: literal(PROBLEM_FORMAT),
      name: problemName,
      network: networkFirst,
      data: withNetwork(dataOf(own), anyData(own)),
    },
    {
      title: authorsText,
      claim: authorsText,
      comment: text,
      family: anything,
      point: withNetwork((network) => vectorDecoder(network, own), anything),
      flow: withNetwork(decodeFlow, anything),
    },
  )(value, "");
  const { network, frozen } = outer.network;
  const { data, point } = outer;
  const numbers = [...data.flatMap(({ x }) => x), ...frozen, ...(point ?? [])];
  const { field, read, poles } =
    request === null || given !== null ? { ...commonField(numbers), poles: null } : functionsIn(request, numbers);
  if (request !== null && given !== null) ensureInside(request, given);
  return {
    problem: {
      name: outer.name,
      title: outer.title,
      claim: outer.claim,
      network,
      frozen: frozen.map(read),
      field,
      data: data.map(({ x, y }) => ({ x: x.map(read), y })),
      point: point?.map(read) ?? null,
    },
    flow: outer.flow,
    family: poles && {
      poles: poles(),
      at: (one) => decodeProblem(value, `${request!.parameter}=${one}`).problem,
    },
  };
}

function ensureInside({ interval: [from, to] }: FamilyRequest, value: NumberText): void {
  const { field: K, read } = commonField([value]);
  const s = read(value);
  const isInside = K.sign(K.sub(s, K.fromRational(from))) > 0 && K.sign(K.sub(K.fromRational(to), s)) > 0;
  if (!isInside) throw new InputError(value.where, "the value lies outside the interval of the family");
}

/** The field of functions with the constants that occur in the numbers, and their reader into it. Throws InputError. */
function functionsIn(family: FamilyRequest, numbers: readonly NumberText[]) {
  const constants = numbers.flatMap(constantsIn);
  const { field, read } = commonField(constants);
  const values = new Map(constants.map((one) => [one.expression, read(one)]));
  const reader = functionReader(family, field, (constant) => values.get(constant));
  const known = new Map(numbers.map((one) => [one, reader.read(one)]));
  return {
    field: reader.field as Field<unknown>,
    read: (one: NumberText): unknown => known.get(one)!,
    poles: reader.poles,
  };
}

const dataOf =
  (own: Decoder<NumberText>) =>
  (network: Network): Decoder<readonly { readonly x: readonly NumberText[]; readonly y: number }[]> =>
    list(object({ x: list(own, network.inputs, network.inputs), y: labelOf(network.outputs) }), 1);

const anyData = (own: Decoder<NumberText>) => list(object({ x: list(own), y: anything }), 1);

function decodeFlow(network: Network): Decoder<FlowRequest> {
  return (value, where) => {
    const losses =
      network.outputs === 1 ? (["exponential", "logistic"] as const) : (["exponential", "cross-entropy"] as const);
    const flow = object({}, { loss: literal<Loss>(...losses), start: vectorDecoder(network, number) })(value, where);
    const { field, read } = commonField(flow.start ?? []);
    const start = flow.start?.map((one) => {
      const approximation = field.toNumber(read(one));
      if (!Number.isFinite(approximation)) throw new InputError(one.where, "too large for a floating-point start");
      return approximation;
    });
    return { loss: flow.loss ?? "exponential", start: start ?? null };
  };
}

/**
 * The entries of a vector of the network's parameters: a list in parameter order, an object by name, or nested: a list per layer that has
 * parameters, of its parameters in order, or of its rows.
 */
export function vectorDecoder<T>(network: Network, item: Decoder<T>): Decoder<readonly T[]> {
  const { parameters } = network;
  const entries = list(item, parameters.length, parameters.length);
  const positional: Decoder<readonly T[]> = (value, where) => {
    if (!Array.isArray(value) || value.length === parameters.length) return entries(value, where);
    const names = parameters.map((p) => p.name);
    const shown = names.length <= MAX_NAMED ? names : [...names.slice(0, MAX_NAMED - 1), "…", names.at(-1)!];
    const expected = `expected ${names.length} ${names.length === 1 ? "entry" : "entries"}, found ${value.length}`;
    throw new InputError(where, `${expected}; the parameters are ${shown.join(", ")}`);
  };
  return (value, where) => {
    if (Array.isArray(value) && value.some(Array.isArray)) return nestedVector(network, item)(value, where);
    if (Array.isArray(value) || typeof value !== "object") return positional(value, where);
    const given = record(value, where);
    const names = new Set(parameters.map((p) => p.name));
    const faults = new Faults();
    for (const name of given.keys()) {
      if (names.has(name)) continue;
      if (network.frozen.includes(name))
        faults.add(where, `${describe(name)} is frozen, and no parameter of the point`);
      else faults.add(where, `the network has no parameter ${describe(name)}${suggestion(name, [...names])}`);
    }
    const values = parameters.map(({ name }) => {
      if (given.has(name)) return faults.try(() => item(given.get(name), at(where, name)));
      faults.add(where, `the parameter ${name} is missing`);
      return null;
    });
    faults.throw();
    return values as T[];
  };
}

function nestedVector<T>({ layers, parameters }: Network, item: Decoder<T>): Decoder<readonly T[]> {
  const isFirst = (l: number) => (weight: number) => parameters[weight]?.layers[0] === l;
  const own = layers.flatMap((layer, l) => {
    const rows = layer.map((row) => row.map(({ weight }) => weight).filter(isFirst(l)));
    return rows.some((row) => row.length > 0) ? [rows] : [];
  });
  return (value, where) => {
    const given = list((one) => one, own.length, own.length)(value, where);
    const faults = new Faults();
    const valuesOf = (layer: unknown, k: number): readonly T[] => {
      const rows = own[k]!;
      const place = `${where}[${k}]`;
      if (!Array.isArray(layer) || !layer.some(Array.isArray)) {
        const count = new Set(rows.flat()).size;
        return list(item, count, count)(layer, place);
      }
      const repeated = new Set(rows.flat()).size < rows.flat().length;
      if (repeated) throw new InputError(place, "this layer shares weights: list its parameters once, in order");
      const matrix = list((one) => one, rows.length, rows.length)(layer, place);
      const read = matrix.map((row, i) =>
        faults.try(() => list(item, rows[i]!.length, rows[i]!.length)(row, `${place}[${i}]`)),
      );
      return read.flatMap((values) => values ?? []);
    };
    const values = given.map((layer, k) => faults.try(() => valuesOf(layer, k)));
    faults.throw();
    return values.flatMap((one) => one ?? []);
  };
}

interface PlacedRadical {
  readonly radical: Radical;
  readonly where: string;
}

/**
 * The field of the roots that occur in the numbers, and the reader of these numbers into it. Throws InputError.
 *
 * The plain roots come first, all together, for the sake of a simple generator; the others as they are met in the numbers.
 */
function commonField(numbers: readonly NumberText[]): { field: Field<unknown>; read: (one: NumberText) => unknown } {
  const known = new Map<string, PlacedRadical>();
  for (const one of numbers) {
    for (const radical of radicalsIn(one)) {
      const key = radicalKey(radical);
      if (!known.has(key)) known.set(key, { radical, where: one.where });
      if (known.size > MAX_RADICALS)
        throw new InputError(one.where, `more than ${MAX_RADICALS} different roots in a file`);
    }
  }
  const { tower, value } = commonTower([...known.values()]);
  const roots = new Map([...known].map(([key, { radical }]) => [key, value(radical)]));
  const evaluate = evaluator(tower, (radical) => roots.get(radicalKey(radical))!);
  const elements = new Map(numbers.map((one) => [one, evaluate(one)]));
  const last = numbers.findLast((one) => elements.get(one)!.numerators.length > 1);
  const { field, embed } = atPlace(last?.where ?? "", () => towerField(tower));
  const read = (one: NumberText) => {
    const value = embed(elements.get(one)!);
    checkSize(field.coordinates(value), one.where);
    return value;
  };
  return { field, read };
}

function commonTower(placed: readonly PlacedRadical[]): RadicalTower {
  try {
    return radicalTower(placed.map(({ radical }) => radical));
  } catch (error) {
    if (!(error instanceof RadicalDegreeError)) throw error;
    throw new InputError(placed.find(({ radical }) => radical === error.radical)!.where, error.message);
  }
}

function radicalKey({ radicand, degree }: Radical): string {
  return `${radicand.toFraction()} ${degree}`;
}
