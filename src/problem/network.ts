/**
 * Networks of the paper's class N (`proofs/theory.md`, §0.1): layers of matrices whose entries are 0 or a named parameter. The four forms
 * of the problem file are expanded here, once, into one sparse description.
 */
import { formatRational, parseRational, Q, type Rational } from "../exact/rational.js";
import { type Decoder, describe, InputError, integer, list, literal, object, record, tagged, text } from "./decode.js";

export type Activation =
  | { readonly kind: "linear" }
  | { readonly kind: "relu" }
  | { readonly kind: "leaky-relu"; readonly slope: Rational };

/** A non-zero entry of a weight matrix: the unit that it reads and the parameter that it holds. */
export interface Connection {
  readonly from: number;
  readonly parameter: number;
}

/** One row of connections per unit of the layer. */
export type Layer = readonly (readonly Connection[])[];

export interface Parameter {
  readonly name: string;
  /** The layer it belongs to, counted from 0. */
  readonly layer: number;
}

export interface Network {
  readonly inputs: number;
  readonly activation: Activation;
  /** The last layer has one row, the output; the others are hidden. */
  readonly layers: readonly Layer[];
  readonly parameters: readonly Parameter[];
  /** The network as the problem file gives it, in canonical form. */
  readonly source: NetworkSource;
}

type ActivationSource = "linear" | "relu" | { readonly "leaky-relu": string };

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
const MAX_SLOPE_LENGTH = 210;
const MAX_SLOPE_DENOMINATOR = 10n ** 100n;
const PARAMETER_NAME = /^[A-Za-z_][\w[\],.']{0,63}$/;

const activation: Decoder<ActivationSource> = (value, where) => {
  if (typeof value === "string") return literal("linear", "relu")(value, where);
  const decoded = object({ "leaky-relu": text })(value, where);
  return { "leaky-relu": formatRational(slope(decoded["leaky-relu"], `${where}.leaky-relu`)) };
};

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
  if (!PARAMETER_NAME.test(name)) {
    throw new InputError(where, `an entry is 0 or a parameter name such as "w" or "f[1]", found ${describe(name)}`);
  }
  return name;
};

/** Decodes any of the four forms; throws InputError with the place and the remedy. */
export const network: Decoder<Network> = tagged<Network>(
  new Map<string, Decoder<Network>>([
    [
      "fully-connected",
      (value, where) => {
        const source = object({ kind: literal("fully-connected"), widths: list(size, 2, 64), activation })(
          value,
          where,
        );
        if (source.widths.at(-1) !== 1) {
          throw new InputError(
            `${where}.widths[${source.widths.length - 1}]`,
            "the last width must be 1: the output is a scalar",
          );
        }
        const { widths } = source;
        limit(
          widths.slice(1).reduce((total, rows, l) => total + rows * widths[l]!, 0),
          `${where}.widths`,
        );
        return build(
          source,
          where,
          widths.slice(1).map((rows, l) => ({
            columns: widths[l]!,
            rows: Array.from({ length: rows }, (_, i) =>
              Array.from({ length: widths[l]! }, (_, from) => ({ from, name: `W${l + 1}[${i + 1},${from + 1}]` })),
            ),
          })),
        );
      },
    ],
    [
      "diagonal",
      (value, where) => {
        const source = object({ kind: literal("diagonal"), width: size, depth: integer(1, 64), activation })(
          value,
          where,
        );
        const { width, depth } = source;
        limit(width * depth, where);
        return build(
          source,
          where,
          Array.from({ length: depth }, (_, l) => {
            const connection = (j: number) => ({ from: j, name: `w${l + 1}[${j + 1}]` });
            const units = Array.from({ length: width }, (_, j) => connection(j));
            return { columns: width, rows: l === depth - 1 ? [units] : units.map((unit) => [unit]) };
          }),
        );
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
        return build(source, where, [
          {
            columns: input,
            rows: Array.from({ length: patches }, (_, k) =>
              Array.from({ length: filter }, (_, j) => ({ from: k * stride + j, name: `f[${j + 1}]` })),
            ),
          },
          { columns: patches, rows: [Array.from({ length: patches }, (_, k) => ({ from: k, name: `u[${k + 1}]` }))] },
        ]);
      },
    ],
    [
      "layers",
      (value, where) => {
        const matrix = list(list(entry, 1, MAX_UNITS), 1, MAX_UNITS);
        const source = object({ kind: literal("layers"), activation, layers: list(matrix, 1, 64) })(value, where);
        source.layers.forEach((rows, l) => {
          rows.forEach((row, i) => {
            const expected = l === 0 ? rows[0]!.length : source.layers[l - 1]!.length;
            if (row.length === expected) return;
            const reason = l === 0 ? "the first row has" : "the layer below has";
            throw new InputError(
              `${where}.layers[${l}][${i}]`,
              `${reason} ${expected} ${l === 0 ? "entries" : "units"}, this row ${row.length} entries`,
            );
          });
        });
        if (source.layers.at(-1)!.length !== 1) {
          throw new InputError(
            `${where}.layers[${source.layers.length - 1}]`,
            "the last layer must have one row: the output is a scalar",
          );
        }
        return build(
          source,
          where,
          source.layers.map((rows) => ({
            columns: rows[0]!.length,
            rows: rows.map((row) => row.flatMap((name, from) => (name === 0 ? [] : [{ from, name }]))),
          })),
        );
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

function build(source: NetworkSource, where: string, named: readonly NamedLayer[]): Network {
  const index = new Map<string, number>();
  const parameters: Parameter[] = [];
  const layers = named.map((layer, l) =>
    layer.rows.map((row, i) =>
      row.map(({ from, name }) => {
        const known = index.get(name);
        if (known === undefined) {
          index.set(name, parameters.length);
          parameters.push({ name, layer: l });
        } else if (parameters[known]!.layer !== l) {
          throw new InputError(
            `${where}.layers[${l}][${i}][${from}]`,
            `the parameter ${name} already belongs to layer ${parameters[known]!.layer + 1}; a parameter belongs to one layer`,
          );
        }
        return { from, parameter: index.get(name)! };
      }),
    ),
  );
  if (parameters.length === 0) throw new InputError(where, "the network has no parameters");
  const { activation } = source;
  return {
    inputs: named[0]!.columns,
    activation:
      typeof activation === "string"
        ? { kind: activation }
        : { kind: "leaky-relu", slope: slope(activation["leaky-relu"], `${where}.activation`) },
    layers,
    parameters,
    source,
  };
}

/** σ' where a neuron is off: 0, or the slope. A linear network has no off. */
export function offSlope(activation: Activation): Rational {
  return activation.kind === "leaky-relu" ? activation.slope : activation.kind === "relu" ? Q.zero : Q.one;
}

/** The indices of the parameters of one layer (counted from 0), or of all for `null`. */
export function parametersOf({ parameters }: Network, layer: number | null): number[] {
  return parameters.flatMap((p, k) => (layer === null || p.layer === layer ? [k] : []));
}

/** Whether no parameter stands in two places: the paper's no-share class. */
export function isUnshared({ layers, parameters }: Network): boolean {
  return layers.reduce((n, layer) => n + layer.reduce((m, row) => m + row.length, 0), 0) === parameters.length;
}

/** The entries of a vector given by position or by parameter name. */
export function byParameter<T>({ parameters }: Network, item: Decoder<T>): Decoder<readonly T[]> {
  const positional = list(item, parameters.length, parameters.length);
  return (value, where) => {
    if (Array.isArray(value) || typeof value !== "object") return positional(value, where);
    const given = record(value, where);
    const names = new Set(parameters.map((p) => p.name));
    for (const name of given.keys()) {
      if (!names.has(name)) throw new InputError(where, `the network has no parameter ${describe(name)}`);
    }
    return parameters.map(({ name }) => {
      if (!given.has(name)) throw new InputError(where, `the parameter ${name} is missing`);
      return item(given.get(name), `${where}.${name}`);
    });
  };
}
