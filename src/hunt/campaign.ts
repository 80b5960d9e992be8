/** Campaign files: which networks, data and starts are looked at, and which finds are kept. */
import { Q, type Rational, rational } from "../exact/rational.js";
import {
  at,
  type Decoder,
  InputError,
  integer,
  list,
  literal,
  object,
  problemName,
  readJson,
  record,
  text,
} from "../network/decode.js";
import { type Network, networkDecoder } from "../network/network.js";
import { number } from "../problem/numbers.js";
import { type Loss, parseProblem } from "../problem/problem.js";

/** What a limit is, read off its verdict. */
export const KINDS = ["global", "local-not-global", "not-local", "not-global", "undecided"] as const;
export type Kind = (typeof KINDS)[number];

export interface CampaignNetwork {
  /** As it stands in the campaign file, and in the problem files of finds. */
  readonly source: unknown;
  readonly network: Network;
  /** `relu 2,4,1` */
  readonly title: string;
}

/** Numbers that coordinates of samples are drawn from. */
export type Values =
  | { readonly kind: "list"; readonly numbers: readonly string[] }
  | { readonly kind: "gaussian"; readonly step: Rational };

/** Data sets that are drawn or enumerated, or written out. */
export type DataSource =
  | {
      readonly kind: "drawn";
      readonly samples: readonly number[];
      readonly values: Values;
      /** All labels the same, or any. */
      readonly labels: "all" | "same";
      /** Null: all of them, up to symmetry. */
      readonly draws: number | null;
    }
  | { readonly kind: "list"; readonly sets: readonly (readonly SampleText[])[] };

export interface SampleText {
  readonly x: readonly string[];
  readonly y: number;
}

export interface Campaign {
  readonly name: string;
  readonly title: string | null;
  readonly seed: number;
  readonly networks: readonly CampaignNetwork[];
  readonly data: DataSource;
  readonly starts: { readonly draws: number; readonly deviation: number };
  readonly loss: Loss;
  readonly symmetries: boolean;
  readonly keep: readonly Kind[];
  /** Of each sort of finds so many of the smallest are made smaller: those of one network, number of samples, kind and arrangement. Null: all. */
  readonly shrink: number | null;
}

export const CAMPAIGN_FORMAT = "margincert/campaign/1";
const KEEP: readonly Kind[] = ["not-local", "local-not-global", "not-global", "undecided"];
const SHRINK = 3;
const MAX_DRAWS = 1e6;

/** Reads the text of a campaign file; throws InputError with the place and the remedy. */
export function parseCampaign(source: string): Campaign {
  const given = object(
    {
      format: literal(CAMPAIGN_FORMAT),
      name: problemName,
      networks: list(network, 1, 1000),
      data: dataSource,
      starts: object({ draws: integer(1, MAX_DRAWS) }, { deviation: positive }),
    },
    {
      title: text,
      comment: text,
      seed: integer(0, 2 ** 31 - 1),
      loss: literal<Loss>("exponential", "logistic", "cross-entropy"),
      symmetries: yesOrNo,
      keep: list(literal(...KINDS), 1, KINDS.length),
      shrink: countOrAll(0),
    },
  )(readJson(source), "");
  const loss = given.loss ?? "exponential";
  for (const [k, { network }] of given.networks.entries()) {
    const place = `networks[${k}]`;
    const [first] = given.networks as readonly [CampaignNetwork];
    if (network.outputs !== first.network.outputs)
      throw new InputError(
        place,
        `has ${network.outputs} outputs, the first has ${first.network.outputs}: labels are of one sort`,
      );
    if (given.data.kind === "list" && network.inputs !== first.network.inputs)
      throw new InputError(
        place,
        `has ${network.inputs} inputs, the first ${first.network.inputs}, and the data is given`,
      );
    const other = network.outputs === 1 ? "logistic" : "cross-entropy";
    if (loss !== "exponential" && loss !== other)
      throw new InputError("loss", `with ${network.outputs} outputs it is "exponential" or "${other}", not "${loss}"`);
  }
  const campaign: Campaign = {
    name: given.name,
    title: given.title,
    seed: given.seed ?? 1,
    networks: given.networks,
    data: given.data,
    starts: { draws: given.starts.draws, deviation: given.starts.deviation ?? 1 },
    loss,
    symmetries: given.symmetries ?? false,
    keep: given.keep ?? KEEP,
    shrink: given.shrink === null ? SHRINK : given.shrink.count,
  };
  ensureSamples(campaign);
  return campaign;
}

/** The text of the problem file of a network and a data set, without a point. */
export function problemText(name: string, network: CampaignNetwork, data: readonly SampleText[]): string {
  return JSON.stringify({ format: "margincert/problem/1", name, network: network.source, data });
}

/** Data that is written out has to fit the networks, and all numbers are to be rational: points are looked for over ℚ. */
function ensureSamples({ networks, data }: Campaign): void {
  const ensure = (network: CampaignNetwork, set: readonly SampleText[], place: string) => {
    try {
      const { problem } = parseProblem(problemText("data", network, set));
      if (problem.field.degree > 1)
        throw new InputError("data", "a campaign's numbers are rational: there is a root in one");
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const isData = error.where.startsWith("data");
      throw new InputError(
        isData ? error.where.replace(/^data/, place) : `networks[${networks.indexOf(network)}]`,
        error.message,
      );
    }
  };
  if (data.kind === "list") {
    for (const [k, set] of data.sets.entries()) ensure(networks[0]!, set, `data.list[${k}]`);
    return;
  }
  const numbers = data.values.kind === "list" ? data.values.numbers : ["1"];
  for (const network of networks) {
    const { inputs } = network.network;
    const sets = Array.from({ length: Math.ceil(numbers.length / inputs) }, (_, k) => ({
      x: Array.from({ length: inputs }, (__, j) => numbers[(k * inputs + j) % numbers.length]!),
      y: 1,
    }));
    ensure(network, sets, "data.values");
  }
}

function network(value: unknown, where: string): CampaignNetwork {
  const { network } = networkDecoder(number)(value, where);
  // The decoder has refused what `readJson` marks as inexact: the value is plain JSON.
  return { source: value, network, title: titleOf(network) };
}

function titleOf({ source, outputs }: Network): string {
  const activation = (a: unknown): string => {
    if (typeof a === "string") return a;
    if (Array.isArray(a)) return a.map(activation).join("/");
    const [[name, slope]] = Object.entries(a as Record<string, unknown>) as [[string, unknown]];
    const text = typeof slope === "object" && slope !== null && "s" in slope ? Q.toNumber(slope as Rational) : slope;
    return `${name} ${text}`;
  };
  const own = source as unknown as Record<string, unknown> & { kind: string };
  const kind = activation(own.activation);
  if (own.kind === "fully-connected") return `${kind} ${(own.widths as number[]).join(",")}`;
  if (own.kind === "diagonal") return `diagonal ${kind}, width ${own.width}, depth ${own.depth}`;
  if (own.kind === "convolutional")
    return `convolutional ${kind}, ${own.input} inputs, filter ${own.filter}, stride ${own.stride}`;
  return `layers, ${kind}${outputs > 1 ? `, ${outputs} outputs` : ""}`;
}

function dataSource(value: unknown, where: string): DataSource {
  if (record(value, where).has("list")) {
    const { list: sets } = object({ list: list(list(sampleText, 1), 1, MAX_DRAWS) })(value, where);
    return { kind: "list", sets };
  }
  const given = object(
    { samples: list(integer(1, 1000), 1, 100), values: valuesOf, draws: countOrAll(1) },
    { labels: literal("all", "same") },
  )(value, where);
  const { count: draws } = given.draws;
  if (draws === null && given.values.kind === "gaussian")
    throw new InputError(at(where, "draws"), 'Gaussian values cannot be enumerated: give a number instead of "all"');
  return { kind: "drawn", ...given, draws, labels: given.labels ?? "all" };
}

const sampleText: Decoder<SampleText> = (value, where) => {
  const { x, y } = object({ x: list(numberText, 1), y: integer(-1, 1000) })(value, where);
  return { x, y };
};

/** A number of a problem file as it stands there. */
const numberText: Decoder<string> = (value, where) => {
  number(value, where);
  return String(value);
};

const rationalText = (value: unknown, where: string): Rational => {
  const words = numberText(value, where);
  const match = /^(-?\d{1,15})(?:\/(\d{1,15}))?$/.exec(words);
  if (match === null) throw new InputError(where, 'expected a fraction such as "1/8"');
  return rational(BigInt(match[1]!), BigInt(match[2] ?? "1"));
};

function valuesOf(value: unknown, where: string): Values {
  const keys = record(value, where);
  if (keys.has("integers")) {
    const { integers: r } = object({ integers: integer(1, 1000) })(value, where);
    return { kind: "list", numbers: Array.from({ length: 2 * r + 1 }, (_, k) => String(k - r)) };
  }
  if (keys.has("grid")) {
    const { grid } = object({ grid: list(numberText, 1, 1000) })(value, where);
    return { kind: "list", numbers: grid };
  }
  const { gaussian } = object({ gaussian: rationalText })(value, where);
  if (Q.sign(gaussian) <= 0) throw new InputError(at(where, "gaussian"), "the grid's step has to be positive");
  return { kind: "gaussian", step: gaussian };
}

/** A number, at least so large, or null for "all". */
function countOrAll(least: number): Decoder<{ readonly count: number | null }> {
  return (value, where) => {
    if (value === "all") return { count: null };
    if (typeof value === "string") throw new InputError(where, `expected a number or "all"`);
    return { count: integer(least, MAX_DRAWS)(value, where) };
  };
}

/** A deviation: a positive number, which no verdict rests on. */
function positive(value: unknown, where: string): number {
  const number = typeof value === "number" ? value : Number(numberText(value, where));
  if (!(number > 0 && number <= 1e6)) throw new InputError(where, 'expected a positive number, such as 1 or "0.1"');
  return number;
}

function yesOrNo(value: unknown, where: string): boolean {
  if (typeof value !== "boolean") throw new InputError(where, "expected true or false");
  return value;
}
