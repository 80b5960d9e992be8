/**
 * Networks: layers of matrices whose entries are 0, a parameter (part of θ), or a frozen weight (a constant). (`proofs/theory.md`, §0.1.)
 * The four forms of the problem file are expanded here, once, into one sparse description.
 */
import { formatRational, parseRational, Q, type Rational } from "../exact/rational.js";
import {
  at,
  type Decoder,
  describe,
  Faults,
  InputError,
  integer,
  list,
  literal,
  object,
  record,
  tagged,
  text,
} from "./decode.js";
import { suggestion } from "./suggestion.js";

/** A non-zero entry of a weight matrix: the unit that it reads, and the number of its weight (see `Network.parameters`). */
export interface Connection {
  readonly from: number;
  readonly weight: number;
}

/** One row of connections per unit of the layer. */
export type Layer = readonly (readonly Connection[])[];

export interface Parameter {
  readonly name: string;
  /** The layers that it stands in, counted from 0, ascending; more than one where layers share it. */
  readonly layers: readonly number[];
}

export interface Network {
  readonly inputs: number;
  /** The number of outputs K: 1, or one per class. */
  readonly outputs: number;
  /** Per hidden layer σ' where a unit is off: 0 for ReLU, the slope for leaky ReLU, 1 where the layer is linear. */
  readonly slopes: readonly Rational[];
  /** The last layer has a row per output; the others are hidden. */
  readonly layers: readonly Layer[];
  /** θ: the weights 0, 1, …, in order of first appearance, row by row, layer by layer. */
  readonly parameters: readonly Parameter[];
  /** The names of the weights after the parameters: constants, in the same order. */
  readonly frozen: readonly string[];
  /** The network as the problem file gives it, in canonical form, without the frozen values. */
  readonly source: NetworkSource;
}

/** A network with the values of its frozen weights. */
export interface FrozenNetwork<T> {
  readonly network: Network;
  readonly frozen: readonly T[];
}

type ActivationName = "linear" | "relu" | { readonly "leaky-relu": string };
/** One for all hidden layers, or one per hidden layer. */
type ActivationSource = ActivationName | readonly ActivationName[];

export type NetworkSource =
  | { readonly kind: "fully-connected"; readonly widths: readonly number[]; readonly activation: ActivationSource }
  | { readonly kind: "diagonal"; readonly width: number; readonly depth: number; readonly activation: ActivationSource }
  | {
      readonly kind: "convolutional";
      readonly input: number;
      readonly filter: number;
      readonly stride: number;
      readonly activation: ActivationSource;
    }
  | {
      readonly kind: "layers";
      readonly activation: ActivationSource;
      readonly layers: readonly (readonly (readonly (string | 0)[])[])[];
    };

const MAX_UNITS = 100_000;
const MAX_CONNECTIONS = 1_000_000;
const MAX_DEPTH = 64;
const MAX_SLOPE_LENGTH = 210;
const MAX_SLOPE_DENOMINATOR = 10n ** 100n;
const WEIGHT_NAME = /^[A-Za-z_][\w[\],.']{0,63}$/;

const activationName: Decoder<ActivationName> = (value, where) => {
  if (typeof value === "string") {
    if (/^leaky[\s_-]?relu$/i.test(value))
      throw new InputError(where, `leaky ReLU has a slope: {"leaky-relu": "1/10"}, found ${describe(value)}`);
    const name = ["linear", "relu"].find((one) => one === value) as "linear" | "relu" | undefined;
    if (name !== undefined) return name;
    const near = /^(?:linear|relu)$/i.test(value) ? suggestion(value, ["linear", "relu"]) : "";
    const expected = 'expected "linear", "relu" or {"leaky-relu": "1/10"}';
    throw new InputError(where, `${expected}, found ${describe(value)}${near}`);
  }
  const decoded = object({ "leaky-relu": text })(value, where);
  return { "leaky-relu": formatRational(slope(decoded["leaky-relu"], `${where}.leaky-relu`)) };
};

const activation: Decoder<ActivationSource> = (value, where) =>
  Array.isArray(value) ? list(activationName, 0, MAX_DEPTH)(value, where) : activationName(value, where);

function slope(value: string, where: string): Rational {
  const decimal = /^0\.(\d+)$/.exec(value);
  const fraction = decimal === null ? value : `${decimal[1]}/1${"0".repeat(decimal[1]!.length)}`;
  const alpha = value.length > MAX_SLOPE_LENGTH ? null : parseRational(fraction);
  if (alpha === null || alpha.d > MAX_SLOPE_DENOMINATOR || Q.sign(alpha) <= 0 || Q.sign(Q.sub(Q.one, alpha)) <= 0) {
    throw new InputError(
      where,
      `the slope is a rational between 0 and 1 such as "1/10", of at most 100 digits, found ${describe(value)}`,
    );
  }
  return alpha;
}

const size = integer(1, MAX_UNITS);

const entry: Decoder<string | 0> = (value, where) => {
  if (value === 0 || value === "0") return 0;
  const name = text(value, where);
  if (!WEIGHT_NAME.test(name)) {
    throw new InputError(where, `an entry is 0 or a weight's name such as "w" or "f[1]", found ${describe(name)}`);
  }
  return name;
};

/** Decodes any of the four forms, with `frozen` where it is there; throws InputError with the place and the remedy. */
export function networkDecoder<T>(number: Decoder<T>): Decoder<FrozenNetwork<T>> {
  return (value, where) => {
    const { frozen: given, ...form } = Object.fromEntries(record(value, where));
    const frozenAt = at(where, "frozen");
    const frozen = given === undefined ? new Map<string, unknown>() : record(given, frozenAt);
    const faults = new Faults();
    const values = new Map([...frozen].map(([name, one]) => [name, faults.try(() => number(one, at(frozenAt, name)))]));
    const network = faults.try(() => {
      const { source, layers } = expanded(form, where);
      return build(source, where, layers, new Set(frozen.keys()));
    });
    if (network !== null) {
      const names = [...network.parameters.map((p) => p.name), ...network.frozen];
      for (const name of frozen.keys())
        if (!network.frozen.includes(name))
          faults.add(frozenAt, `the network has no weight ${describe(name)}${suggestion(name, names)}`);
    }
    faults.throw();
    return { network: network!, frozen: network!.frozen.map((name) => values.get(name)!) };
  };
}

interface Expanded {
  readonly source: NetworkSource;
  readonly layers: readonly NamedLayer[];
}

const expanded: Decoder<Expanded> = tagged<Expanded>(
  new Map<string, Decoder<Expanded>>([
    [
      "fully-connected",
      (value, where) => {
        const source = object({ kind: literal("fully-connected"), widths: list(size, 2, MAX_DEPTH + 1), activation })(
          value,
          where,
        );
        const { widths } = source;
        limit(
          widths.slice(1).reduce((total, rows, l) => total + rows * widths[l]!, 0),
          `${where}.widths`,
        );
        return {
          source,
          layers: widths.slice(1).map((rows, l) => ({
            columns: widths[l]!,
            rows: Array.from({ length: rows }, (_, i) =>
              Array.from({ length: widths[l]! }, (_, from) => ({ from, name: `W${l + 1}[${i + 1},${from + 1}]` })),
            ),
          })),
        };
      },
    ],
    [
      "diagonal",
      (value, where) => {
        const source = object({ kind: literal("diagonal"), width: size, depth: integer(1, MAX_DEPTH), activation })(
          value,
          where,
        );
        const { width, depth } = source;
        limit(width * depth, where);
        return {
          source,
          layers: Array.from({ length: depth }, (_, l) => {
            const connection = (j: number) => ({ from: j, name: `w${l + 1}[${j + 1}]` });
            const units = Array.from({ length: width }, (_, j) => connection(j));
            return { columns: width, rows: l === depth - 1 ? [units] : units.map((unit) => [unit]) };
          }),
        };
      },
    ],
    [
      "convolutional",
      (value, where) => {
        const source = object({ kind: literal("convolutional"), input: size, filter: size, stride: size, activation })(
          value,
          where,
        );
        const { input, filter, stride } = source;
        if (filter > input)
          throw new InputError(`${where}.filter`, `the filter (${filter}) is longer than the input (${input})`);
        const patches = Math.floor((input - filter) / stride) + 1;
        limit(patches * filter, where);
        const layers = [
          {
            columns: input,
            rows: Array.from({ length: patches }, (_, k) =>
              Array.from({ length: filter }, (_, j) => ({ from: k * stride + j, name: `f[${j + 1}]` })),
            ),
          },
          { columns: patches, rows: [Array.from({ length: patches }, (_, k) => ({ from: k, name: `u[${k + 1}]` }))] },
        ];
        return { source, layers };
      },
    ],
    [
      "layers",
      (value, where) => {
        const matrix = list(list(entry, 1, MAX_UNITS), 1, MAX_UNITS);
        const source = object({ kind: literal("layers"), activation, layers: list(matrix, 1, MAX_DEPTH) })(
          value,
          where,
        );
        const faults = new Faults();
        source.layers.forEach((rows, l) => {
          rows.forEach((row, i) => {
            const expected = l === 0 ? rows[0]!.length : source.layers[l - 1]!.length;
            if (row.length === expected) return;
            const reason = l === 0 ? "the first row has" : "the layer below has";
            faults.add(
              `${where}.layers[${l}][${i}]`,
              `${reason} ${expected} ${l === 0 ? "entries" : "units"}, this row ${row.length} entries`,
            );
          });
        });
        faults.throw();
        return {
          source,
          layers: source.layers.map((rows) => ({
            columns: rows[0]!.length,
            rows: rows.map((row) => row.flatMap((name, from) => (name === 0 ? [] : [{ from, name }]))),
          })),
        };
      },
    ],
  ]),
);

interface NamedLayer {
  readonly columns: number;
  readonly rows: readonly (readonly { readonly from: number; readonly name: string }[])[];
}

function limit(connections: number, where: string): void {
  if (connections > MAX_CONNECTIONS) {
    throw new InputError(where, `${connections} connections; at most ${MAX_CONNECTIONS} are supported`);
  }
}

function build(
  source: NetworkSource,
  where: string,
  named: readonly NamedLayer[],
  constants: ReadonlySet<string>,
): Network {
  const places = new Map<string, Set<number>>();
  for (const [l, { rows }] of named.entries())
    for (const { name } of rows.flat()) places.set(name, (places.get(name) ?? new Set()).add(l));
  const names = [...places.keys()];
  const parameters = names.flatMap((name) => (constants.has(name) ? [] : [{ name, layers: [...places.get(name)!] }]));
  if (parameters.length === 0) throw new InputError(where, "the network has no parameters");
  const frozen = names.filter((name) => constants.has(name));
  const index = new Map([...parameters.map(({ name }) => name), ...frozen].map((name, k) => [name, k]));
  const layers = named.map(({ rows }) =>
    rows.map((row) => row.map(({ from, name }) => ({ from, weight: index.get(name)! }))),
  );
  return {
    inputs: named[0]!.columns,
    outputs: layers.at(-1)!.length,
    slopes: slopesOf(source.activation, layers.length - 1, at(where, "activation")),
    layers,
    parameters,
    frozen,
    source,
  };
}

function slopesOf(source: ActivationSource, hidden: number, where: string): readonly Rational[] {
  const names = Array.isArray(source)
    ? (source as readonly ActivationName[])
    : new Array<ActivationName>(hidden).fill(source as ActivationName);
  if (names.length !== hidden)
    throw new InputError(where, `${names.length} activations for ${hidden} hidden layers; give one per hidden layer`);
  return names.map((name) =>
    typeof name === "string" ? (name === "relu" ? Q.zero : Q.one) : slope(name["leaky-relu"], where),
  );
}

/** Whether the outputs of a hidden layer are its pre-activations. */
export function isLinearLayer({ slopes }: Network, layer: number): boolean {
  return Q.isZero(Q.sub(slopes[layer]!, Q.one));
}

/** Whether the network is linear: no hidden layer has kinks. */
export function isLinear(network: Network): boolean {
  return network.slopes.every((_, l) => isLinearLayer(network, l));
}

/** Which parameters may move: those of one layer, or all for null. */
export type Scope = number | null;

/** The parameters that move with the scope. */
export function parametersOf({ parameters }: Network, scope: Scope): number[] {
  return parameters.flatMap(({ layers }, k) => (scope === null || layers.includes(scope) ? [k] : []));
}

/** The layers with a problem of their own: all that have parameters, unless some parameter stands in several layers. */
export function layersAsked({ layers, parameters }: Network): number[] {
  if (parameters.some((p) => p.layers.length > 1)) return [];
  return [...layers.keys()].filter((l) => parameters.some((p) => p.layers[0] === l));
}

/** Whether no parameter stands in two places: the paper's no-share class. */
export function isUnshared({ layers, parameters }: Network): boolean {
  const entries = layers.flat(2).filter(({ weight }) => weight < parameters.length);
  return entries.length === parameters.length;
}

/** 1 or −1; with K outputs a class 1, …, K, which is counted from 0 here. */
export function labelOf(outputs: number): Decoder<number> {
  if (outputs === 1) return literal(1, -1);
  const counted = integer(1, outputs);
  return (value, where) => counted(value, where) - 1;
}
