/** Problem files (interface): a network, data, a point and a flow request, parsed into one plain value over one exact field. */
import type { Field } from "../exact/field.js";
import { type Decoder, InputError, list, literal, object, readJson, text } from "./decode.js";
import { byParameter, type Network, network } from "./network.js";
import { evaluator, type NumberText, number, radicalsIn } from "./numbers.js";
import { DegreeError, type Radical, type RadicalField, radicalField } from "./radicals.js";

export interface Sample<E> {
  readonly x: readonly E[];
  readonly y: 1 | -1;
}

export type Loss = "exponential" | "logistic";

export interface FlowRequest {
  readonly loss: Loss;
  /** In parameter order, or null. Floating point: the flow never enters a verdict. */
  readonly start: readonly number[] | null;
}

/** Network, data and point over the field K = `field`. The point is in parameter order. */
export interface Problem<E> {
  readonly name: string;
  readonly network: Network;
  readonly field: Field<E>;
  readonly data: readonly Sample<E>[];
  readonly point: readonly E[] | null;
}

export interface ProblemFile<E> {
  readonly problem: Problem<E>;
  readonly flow: FlowRequest | null;
}

export const PROBLEM_FORMAT = "margincert/problem/1";
const MAX_RADICALS = 500;
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,99}$/u;

/** A name that can also serve as a file name. */
export const problemName: Decoder<string> = (value, where) => {
  const name = text(value, where);
  if (!NAME.test(name)) {
    throw new InputError(
      where,
      "a name has 1 to 100 letters, digits, spaces, '.', '_' or '-', and begins with a letter or digit",
    );
  }
  return name;
};

export const label = literal(1, -1);

/** Reads the text of a problem file; throws InputError with the place and the remedy. */
export function parseProblem(source: string): ProblemFile<unknown> {
  return decodeProblem(readJson(source), "");
}

function decodeProblem(value: unknown, where: string): ProblemFile<unknown> {
  const anything: Decoder<unknown> = (v) => v;
  const outer = object(
    { format: literal(PROBLEM_FORMAT), name: problemName, network, data: anything },
    { point: anything, flow: anything },
  )(value, where);
  const net = outer.network;
  const data = list(object({ x: list(number, net.inputs, net.inputs), y: label }), 1)(outer.data, "data");
  const point = outer.point === null ? null : byParameter(net, number)(outer.point, "point");
  const { field, read } = commonField([...data.flatMap(({ x }) => x), ...(point ?? [])]);
  return {
    problem: {
      name: outer.name,
      network: net,
      field,
      data: data.map(({ x, y }) => ({ x: x.map(read), y })),
      point: point?.map(read) ?? null,
    },
    flow: outer.flow === null ? null : decodeFlow(net)(outer.flow, "flow"),
  };
}

function decodeFlow(net: Network): Decoder<FlowRequest> {
  return (value, where) => {
    const flow = object({}, { loss: literal("exponential", "logistic"), start: byParameter(net, number) })(
      value,
      where,
    );
    const { field, read } = commonField(flow.start ?? []);
    const start = flow.start?.map((one) => {
      const approximation = field.toNumber(read(one));
      if (!Number.isFinite(approximation)) throw new InputError(one.where, "too large for a floating-point start");
      return approximation;
    });
    return { loss: flow.loss ?? "exponential", start: start ?? null };
  };
}

interface PlacedRadical {
  readonly radical: Radical;
  readonly where: string;
}

/** The smallest field that holds all the numbers, and the reader into it. */
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
  const { field, value } = commonRadicalField([...known.values()]);
  const values = new Map([...known].map(([key, { radical }]) => [key, value(radical)]));
  return { field, read: evaluator(field, (radical) => values.get(radicalKey(radical))) };
}

function commonRadicalField(placed: readonly PlacedRadical[]): RadicalField {
  try {
    return radicalField(placed.map(({ radical }) => radical));
  } catch (error) {
    if (!(error instanceof DegreeError)) throw error;
    throw new InputError(placed.find(({ radical }) => radical === error.radical)!.where, error.message);
  }
}

function radicalKey({ radicand, degree }: Radical): string {
  return `${radicand.toFraction()} ${degree}`;
}
