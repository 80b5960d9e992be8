/** From imported weights and data to a problem (P) with a point: the network in the problem file's forms, exact numbers, labels. */
import { Q, type Rational } from "../../exact/rational.js";
import { InputError } from "../../network/decode.js";
import type { Sample } from "../../network/instance.js";
import { type Network, type NetworkSource, networkDecoder } from "../../network/network.js";
import type { ImportedData } from "./data.js";
import type { Activation, Convolution, Dense, Imported } from "./layers.js";
import { rowMajor, shapeText, sizeOf } from "./tensor.js";

export interface ProblemOptions {
  /** Of convolutions whose file does not say it. */
  readonly stride?: number;
  /** The number of the first class where the labels do not show it. */
  readonly classesFrom?: 0 | 1;
}

export interface ImportedProblem {
  /** Its `source` is what a problem file says under `network`; nothing is frozen. */
  readonly network: Network;
  /** The weights of the files, in the order of the network's parameters. */
  readonly point: readonly Rational[];
  readonly data: readonly Sample<Rational>[];
  /** All that was taken how, in plain sentences: of the weights, the data and their fit. */
  readonly notes: readonly string[];
}

/** A layer in the form of the problem file: the rows of its entries, each 0 or the name of a weight. */
type Names = readonly (readonly (string | 0)[])[];

const MAX_CONNECTIONS = 1_000_000;

/** Fits weights and data together. Throws InputError where sizes or labels do not fit, and where a choice is left open. */
export function importProblem(weights: Imported, data: ImportedData, options: ProblemOptions = {}): ImportedProblem {
  const { layers, values, notes, source } = expand(weights, data, options);
  const activation = common(weights.activations);
  const { network } = networkDecoder(() => Q.zero)(source ?? { kind: "layers", activation, layers }, "network");
  const labelled = labelsOf(weights, data, network.outputs, options);
  const x = weights.bias === null ? data.x : data.x.map((row) => [...row, Q.one]);
  return {
    network,
    point: network.parameters.map(({ name }) => values.get(name)!),
    data: x.map((row, i) => ({ x: row, y: labelled.labels[i]! })),
    notes: [...weights.notes, ...data.notes, ...notes, ...labelled.notes],
  };
}

interface Expansion {
  readonly layers: readonly Names[];
  readonly values: ReadonlyMap<string, Rational>;
  /** One of the shorter forms of the problem file that gives the same names, or null. */
  readonly source: NetworkSource | null;
  readonly notes: readonly string[];
}

/** The layers in names of weights; what shares a key shares the names. */
function expand(weights: Imported, data: ImportedData, options: ProblemOptions): Expansion {
  const notes: string[] = [];
  const values = new Map<string, Rational>();
  const layers: Names[] = [];
  const owners = new Map<string, { readonly l: number; readonly transposed: boolean }>();
  const activation = common(weights.activations);
  let shape = sampleShape(weights, data);
  let source: NetworkSource | null = null;
  weights.layers.forEach((layer, l) => {
    const own = { l: l + 1, transposed: layer.kind === "dense" && layer.transposed };
    const owner = owners.get(layer.key) ?? own;
    owners.set(layer.key, owner);
    if (layer.kind === "dense") {
      const short = source?.kind === "convolutional";
      const flipped = own.transposed !== owner.transposed;
      const name = (i: number, j: number) =>
        short ? `u[${j + 1}]` : flipped ? `W${owner.l}[${j + 1},${i + 1}]` : `W${owner.l}[${i + 1},${j + 1}]`;
      const rows =
        l === 0 && weights.bias !== null ? layer.rows.map((row, i) => [...row, weights.bias![i]!]) : layer.rows;
      const width = sizeOf(shape) + (l === 0 && weights.bias !== null ? 1 : 0);
      if (rows[0]!.length !== width) throw misfit(weights, data, layer, l, sizeOf(shape));
      limit(weights, rows.length * width);
      rows.forEach((row, i) => {
        row.forEach((value, j) => {
          values.set(name(i, j), value);
        });
      });
      layers.push(rows.map((row, i) => row.map((_, j) => name(i, j))));
      shape = [rows.length];
      return;
    }
    const strides = layer.strides ?? stridesOf(weights, layer, shape, l, options, notes);
    const above = weights.layers[l + 1];
    const short = isShort(layer) && weights.layers.length === 2 && above?.kind === "dense" && above.rows.length === 1;
    const input = sizeOf(shape);
    const names = layer.values.map((_, k) => (short ? `f[${k + 1}]` : `W${owner.l}[${placesOf(layer, k)}]`));
    names.forEach((name, k) => {
      values.set(name, layer.values[k]!);
    });
    const unrolled = unroll(weights, layer, strides, shape, names);
    if (short) source = { kind: "convolutional", input, filter: layer.kernel[0]!, stride: strides[0]!, activation };
    layers.push(unrolled.rows);
    shape = unrolled.shape;
  });
  if (weights.layers.at(-1)!.kind === "convolution" && sizeOf(shape) > 1) {
    throw new InputError(weights.file, `ends in a convolution with ${sizeOf(shape)} outputs: a matrix is to follow it`);
  }
  if (weights.layers.every(({ kind }) => kind === "dense") && owners.size === layers.length) {
    source = {
      kind: "fully-connected",
      widths: [layers[0]![0]!.length, ...layers.map((rows) => rows.length)],
      activation,
    };
  }
  return { layers, values, source, notes };
}

/** One activation for all hidden layers where they agree. */
function common(activations: readonly Activation[]): NetworkSource["activation"] {
  const [first = "relu"] = activations;
  return activations.every((one) => JSON.stringify(one) === JSON.stringify(first)) ? first : activations;
}

function limit({ file }: Imported, connections: number): void {
  if (connections > MAX_CONNECTIONS)
    throw new InputError(file, `a layer of ${connections} entries; at most ${MAX_CONNECTIONS} are supported`);
}

function misfit(weights: Imported, data: ImportedData, layer: Dense, l: number, width: number): InputError {
  const inputs = layer.rows[0]!.length;
  const rows = layer.rows.length;
  const found =
    l === 0 ? `the samples of ${data.file} have ${width} entries` : `the layer before it has ${width} outputs`;
  const remedy =
    rows === width
      ? "it would fit with --transpose, or in another order with --layers"
      : inputs === width + 1 && l === 0
        ? "for a weight of a constant input, append a column of ones to the data"
        : "check that they belong together, or give the order with --layers";
  return new InputError(`${weights.file}: ${layer.name}`, `takes ${inputs} inputs, ${found}: ${remedy}`);
}

/** The shape of what enters the first layer: for convolutions by channels and axes. Throws InputError where it is not known. */
function sampleShape({ file, layers, input }: Imported, data: ImportedData): readonly number[] {
  const width = sizeOf(data.shape);
  const [first] = layers;
  if (first === undefined || first.kind === "dense") return [width];
  const { channels, kernel, name } = first;
  const known = [data.shape, input].find(
    (shape) => shape !== null && shape.length === kernel.length + 1 && sizeOf(shape) === width,
  );
  const shape =
    known ??
    (channels === 1 && data.shape.length === kernel.length
      ? [1, ...data.shape]
      : data.shape.length === 1 && kernel.length === 1 && width % channels === 0
        ? [channels, width / channels]
        : null);
  if (shape === null || shape[0] !== channels) {
    throw new InputError(
      `${file}: ${name}`,
      `convolves ${channels} channels over ${kernel.length} axes, the samples of ${data.file} have the shape ${shapeText(data.shape)}: save X with the shape (samples, channels, ${kernel.length === 1 ? "length" : "height, width"})`,
    );
  }
  return shape;
}

/** Whether the problem file's `convolutional` says it: one filter over one channel on a line. */
function isShort({ filters, channels, kernel, dilations, padding }: Convolution): boolean {
  const bare = dilations.every((d) => d === 1) && padding.every(([before, after]) => before === 0 && after === 0);
  return filters === 1 && channels === 1 && kernel.length === 1 && bare;
}

/** How many places a filter takes along each axis. */
function placesAlong(
  { kernel, dilations, padding }: Convolution,
  strides: readonly number[],
  space: readonly number[],
): number[] {
  return kernel.map((size, axis) => {
    const free = space[axis]! + padding[axis]![0] + padding[axis]![1] - dilations[axis]! * (size - 1) - 1;
    return free < 0 ? 0 : Math.floor(free / strides[axis]!) + 1;
  });
}

/** The stride, of the option or the only one with which the next matrix fits. Throws InputError where there is none, or more. */
function stridesOf(
  { file, layers }: Imported,
  layer: Convolution,
  [, ...space]: readonly number[],
  l: number,
  { stride }: ProblemOptions,
  notes: string[],
): readonly number[] {
  const equal = (one: number) => layer.kernel.map(() => one);
  if (stride !== undefined) return equal(stride);
  const above = layers[l + 1];
  const inputs = above?.kind === "dense" ? above.rows[0]!.length / layer.filters : null;
  const fitting = Array.from({ length: Math.min(1000, Math.max(...space)) }, (_, k) => k + 1).filter((one) => {
    const places = placesAlong(layer, equal(one), space);
    return inputs === null ? one === 1 : sizeOf(places) === inputs;
  });
  const [only] = fitting;
  if (only === undefined) {
    throw new InputError(
      `${file}: ${layer.name}`,
      `no stride makes ${inputs} places of the ${shapeText(space)} of a sample, as ${above!.name} after it takes`,
    );
  }
  // A filter that takes one place takes it with every stride.
  if (fitting.length > 1 && inputs !== 1) {
    throw new InputError(`${file}: ${layer.name}`, `the strides ${fitting.join(", ")} all fit: give it with --stride`);
  }
  notes.push(
    `The stride of ${layer.name} was taken to be ${only}${inputs === null ? "" : ", with which the next layer fits"}.`,
  );
  return equal(only);
}

/** The positions of a filter's entry, counted from 1: `filter,channel,place,…`. */
function placesOf({ filters, channels, kernel }: Convolution, k: number): string {
  const shape = [filters, channels, ...kernel];
  return rowMajor(shape)
    .map((stride, axis) => (Math.floor(k / stride) % shape[axis]!) + 1)
    .join(",");
}

/** A convolution as a matrix of names, and the shape of its outputs. */
function unroll(
  weights: Imported,
  layer: Convolution,
  strides: readonly number[],
  shape: readonly number[],
  names: readonly string[],
): { readonly rows: (string | 0)[][]; readonly shape: readonly number[] } {
  const { filters, channels, kernel, dilations, padding } = layer;
  const counts = [...strides, ...dilations, ...padding.flat()];
  if (
    !counts.every(Number.isSafeInteger) ||
    [...strides, ...dilations].some((n) => n < 1) ||
    padding.flat().some((n) => n < 0)
  ) {
    throw new InputError(
      `${weights.file}: ${layer.name}`,
      "has a stride, dilation or padding that is not a positive integer",
    );
  }
  const space = shape.slice(1);
  const places = placesAlong(layer, strides, space);
  const outputs = sizeOf(places);
  if (outputs === 0) {
    throw new InputError(
      `${weights.file}: ${layer.name}`,
      `its filter of ${shapeText(kernel)} is larger than its input of ${shapeText(space)}`,
    );
  }
  limit(weights, filters * outputs * sizeOf(shape));
  const positions = (sizes: readonly number[], index: number) =>
    rowMajor(sizes).map((stride, axis) => Math.floor(index / stride) % sizes[axis]!);
  const inputStrides = rowMajor(space);
  const patch = sizeOf(kernel);
  const rows = Array.from({ length: filters * outputs }, (_, unit) => {
    const row = new Array<string | 0>(sizeOf(shape)).fill(0);
    const filter = Math.floor(unit / outputs);
    const origin = positions(places, unit % outputs);
    for (let k = 0; k < channels * patch; k++) {
      const at = positions(kernel, k % patch).map(
        (step, axis) => origin[axis]! * strides[axis]! + step * dilations[axis]! - padding[axis]![0],
      );
      if (at.some((p, axis) => p < 0 || p >= space[axis]!)) continue;
      const from =
        Math.floor(k / patch) * sizeOf(space) + at.reduce((sum, p, axis) => sum + p * inputStrides[axis]!, 0);
      row[from] = names[filter * channels * patch + k]!;
    }
    return row;
  });
  return { rows, shape: [filters, ...places] };
}

/** With one output the labels 1 and −1, with several the classes from 0. Throws InputError for labels of neither kind. */
function labelsOf(
  weights: Imported,
  data: ImportedData,
  outputs: number,
  { classesFrom }: ProblemOptions,
): { readonly labels: readonly number[]; readonly notes: readonly string[] } {
  const labels = data.labels.map((label, i) => {
    if (label.d !== 1n || label.n > 1_000_000n)
      throw new InputError(`${data.file}: sample ${i + 1}`, `the label ${label.toFraction()} is no class`);
    return Number(label.s * label.n);
  });
  const found = [...new Set(labels)].sort((a, b) => a - b);
  const within = (low: number, high: number) => found.every((label) => low <= label && label <= high);
  const shown = `${found.slice(0, 12).join(", ")}${found.length > 12 ? ", …" : ""}`;
  if (outputs === 1) {
    if (found.every((label) => label === 1 || label === -1)) return { labels, notes: [] };
    if (within(0, 1)) return { labels: labels.map((label) => 2 * label - 1), notes: ["The label 0 was taken as −1."] };
    throw new InputError(
      data.file,
      `the labels are ${shown}; the network ${weights.file} has one output, for labels 1 and -1 or 1 and 0`,
    );
  }
  const starts = ([0, 1] as const).filter((start) => within(start, start + outputs - 1));
  const fitting =
    classesFrom ?? (data.classes === null && starts.length === 1 ? starts[0] : data.classes === null ? undefined : 0);
  if (fitting !== undefined && starts.includes(fitting) && (data.classes ?? outputs) === outputs) {
    const notes =
      data.classes === null
        ? [
            `The labels are the ${outputs} classes from ${fitting} to ${outputs - 1 + fitting}, by the order of the outputs.`,
          ]
        : [];
    return { labels: labels.map((label) => label - fitting), notes };
  }
  throw new InputError(
    data.file,
    starts.length === 2 && fitting === undefined
      ? `the labels are ${shown} for ${outputs} outputs: say with --classes-from 0 or 1 how the outputs are counted`
      : `the labels are ${shown}; the network ${weights.file} has ${outputs} outputs, for the classes 0 to ${outputs - 1} or 1 to ${outputs}`,
  );
}
