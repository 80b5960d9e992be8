/** Imported networks: matrices and convolutions in order, made of named tensors by the names that torch and numpy users write. */
import type { Rational } from "../../exact/rational.js";
import { InputError } from "../../network/decode.js";
import type { NetworkSource } from "../../network/network.js";
import { allZero, entriesOf, NUMBER_TYPES, placeOf, rowsOf, shapeText, sizeOf, type Tensor } from "./tensor.js";
import { parseDecimal } from "./text.js";

export type Activation = Exclude<NetworkSource["activation"], readonly unknown[]>;

export interface Dense {
  readonly kind: "dense";
  readonly name: string;
  /** Layers with the same key share their weights. */
  readonly key: string;
  /** Whether the rows are the columns of what the key names. */
  readonly transposed: boolean;
  /** One row per unit. */
  readonly rows: readonly (readonly Rational[])[];
}

export interface Convolution {
  readonly kind: "convolution";
  readonly name: string;
  readonly key: string;
  readonly filters: number;
  readonly channels: number;
  /** One size per axis of space; so are strides, dilations and, at both ends, the zeros around the input. */
  readonly kernel: readonly number[];
  /** By filter, channel and place, row-major. */
  readonly values: readonly Rational[];
  /** Null where the file does not say. */
  readonly strides: readonly number[] | null;
  readonly dilations: readonly number[];
  readonly padding: readonly (readonly [number, number])[];
}

export type ImportedLayer = Dense | Convolution;

/** A network read from files. Its numbers are those of the files, exactly. */
export interface Imported {
  /** The file or files, for messages. */
  readonly file: string;
  readonly layers: readonly ImportedLayer[];
  /** One per hidden layer. */
  readonly activations: readonly Activation[];
  /** The bias of the first layer, one entry per unit, which becomes the weight of a constant input 1; null for none. */
  readonly bias: readonly Rational[] | null;
  /** The shape of an input without the batch, where the file says it. */
  readonly input: readonly number[] | null;
  /** What was taken how, in plain sentences. */
  readonly notes: readonly string[];
}

export interface WeightOptions {
  /** The layers' tensors by name, from the input to the output. */
  readonly layers?: readonly string[];
  /** `relu`, `linear` or `leaky-relu:SLOPE`, or one per hidden layer, separated by commas. Default: relu. */
  readonly activation?: string;
  /** Whether matrices are in × out (x @ W) instead of torch's out × in. */
  readonly transpose?: boolean;
}

/** A layer with its bias. */
export interface Draft {
  readonly layer: ImportedLayer;
  readonly bias: { readonly name: string; readonly values: readonly Rational[] } | null;
}

/**
 * The network of drafts in order: biases that are zero are dropped, one of the first layer is kept, any other is refused by name; and so
 * are layers whose sizes do not chain.
 */
export function assemble(
  file: string,
  drafts: readonly Draft[],
  activations: readonly Activation[],
  input: readonly number[] | null,
  said: readonly string[],
): Imported {
  const notes = [...said];
  let kept: readonly Rational[] | null = null;
  drafts.forEach(({ layer, bias }, l) => {
    if (bias === null) return;
    if (allZero(bias.values)) notes.push(`The bias ${bias.name} is zero and was dropped.`);
    else if (l === 0 && layer.kind === "dense") {
      kept = bias.values;
      notes.push(
        `The bias ${bias.name} of the first layer is the weight of a constant input 1, appended to every sample; ½‖θ‖² counts it.`,
      );
    } else {
      throw new InputError(
        `${file}: ${bias.name}`,
        `is a bias that is not zero${l === 0 ? " of a convolution" : ", after the first layer"}: train without it (bias=False), or write a problem file with a constant unit that carries it`,
      );
    }
  });
  const layers = drafts.map(({ layer }) => layer);
  const clash = firstClash(layers);
  if (clash !== null) throw new InputError(file, clash);
  return { file, layers, activations, bias: kept, input, notes };
}

/** The first pair of neighbours whose sizes differ, in words; what follows a convolution is known only with the data. */
function firstClash(layers: readonly ImportedLayer[]): string | null {
  for (const [l, layer] of layers.entries()) {
    const below = layers[l - 1];
    if (below === undefined) continue;
    const [out, into] =
      below.kind === "dense" && layer.kind === "dense"
        ? [below.rows.length, layer.rows[0]!.length]
        : below.kind === "convolution" && layer.kind === "convolution"
          ? [below.filters, layer.channels]
          : [0, 0];
    if (out !== into) return `${below.name} has ${out} outputs, ${layer.name} after it takes ${into} inputs`;
    if (below.kind === "dense" && layer.kind === "convolution") {
      return `${layer.name} is a convolution after the matrix ${below.name}: only convolutions first, then matrices, are read`;
    }
  }
  return null;
}

/** Reads `--activation`; throws InputError. */
export function activationsOf(option: string | undefined, hidden: number): Activation[] {
  const given = (option ?? "relu").split(",").map((one): Activation => {
    const [, name, slope] = /^\s*(relu|linear|leaky-relu)(?:[:=]([\d./]+))?\s*$/.exec(one) ?? [];
    if (name === "leaky-relu" && slope !== undefined && (parseDecimal(slope) !== null || slope.includes("/"))) {
      return { "leaky-relu": slope };
    }
    if ((name === "relu" || name === "linear") && slope === undefined) return name;
    throw new InputError(
      "--activation",
      `expected relu, linear or leaky-relu:SLOPE, such as leaky-relu:0.01, found ${JSON.stringify(one)}`,
    );
  });
  const all = given.length === 1 ? Array.from({ length: hidden }, () => given[0]!) : given;
  if (all.length !== hidden) {
    throw new InputError(
      "--activation",
      `${given.length} activations for ${hidden} hidden layers: give one, or one per hidden layer`,
    );
  }
  return all;
}

/** Tensors that belong to layers outside of the problem: by a pattern in their names, what they are and what to do. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)(running_(mean|var)|num_batches_tracked)$/, "belongs to a batch normalisation: train without it"],
  [
    /(^|\.)weight_[guv]$|(^|\.)parametrizations\.|(^|\.)weight_orig$/,
    'belongs to a parametrised weight: make it plain first, with torch.nn.utils.parametrize.remove_parametrizations(layer, "weight")',
  ],
  [/(^|\.)(weight|bias)_(ih|hh)_?l?\d*|_reverse$/, "belongs to a recurrent layer, which is not a network of matrices"],
  [/(^|\.)in_proj_(weight|bias)$/, "belongs to an attention layer, which is not a network of matrices"],
  [
    /(^|\.)[^.]*embed[^.]*(\.weight)?$/i,
    "is an embedding: give the network the embedded inputs, or name the layers with --layers",
  ],
  [/_packed_params|(^|\.)(scale|zero_point)$/, "belongs to a quantised layer: save the model before quantising"],
];

/** What a checkpoint holds beside the model. */
const OPTIMIZER = /^(optim|(lr_?)?scheduler)[^.]*\./i;
const MAX_TENSORS = 2000;
const BIAS = /^(|.*[._/])(?:bias|b)_?(\d*)$/i;
const WEIGHT = /^(|.*[._/])(?:weight|kernel|w)_?(\d*)$/i;
const plain = (name: string): string => name.replace(/:0$/, "");

/** What a weight and its bias have in common: `fc1` of `fc1.weight`, `1` of `W1` and `b1`. */
function stemOf(name: string, pattern: RegExp): string | null {
  const match = pattern.exec(plain(name));
  return match === null ? null : match[1]!.replace(/[._/]$/, "") + match[2]!;
}

/**
 * The network of named tensors: matrices (out × in) and convolution filters, each with its bias. In the order of `--layers`; or of the
 * numbers in the names where they differ in nothing else; or else in the one order, of the file or of the names, in which the sizes
 * chain. Throws InputError.
 */
export function networkOfTensors(file: string, all: readonly Tensor[], options: WeightOptions): Imported {
  if (all.length > MAX_TENSORS)
    throw new InputError(file, `holds ${all.length} tensors; at most ${MAX_TENSORS} are read`);
  const notes: string[] = [];
  const trained = all.filter(({ name }) => !OPTIMIZER.test(name));
  if (trained.length < all.length) notes.push(`${all.length - trained.length} tensors of the optimizer were left out.`);
  const tensors = trained.filter((tensor) => {
    if (tensor.shape.length > 0) return true;
    if (!/int|bool/.test(tensor.type) && options.layers === undefined) {
      throw new InputError(placeOf(tensor), "is a single number, not a layer: name the layers with --layers");
    }
    if (!/num_batches_tracked$/.test(tensor.name))
      notes.push(`${tensor.name} is a single number, not a layer, and was left out.`);
    return false;
  });
  for (const tensor of trained) {
    const found = REFUSED.find(([pattern]) => pattern.test(tensor.name));
    if (found !== undefined && !(options.layers !== undefined && /embed/i.test(tensor.name))) {
      throw new InputError(placeOf(tensor), found[1]);
    }
  }
  if (tensors.length === 0)
    throw new InputError(file, "holds no tensors: save the weights, as torch.save(model.state_dict(), …) does");

  const { weights, biases } = sorted(tensors);
  const ordered =
    options.layers === undefined ? orderOf(file, weights, options) : chosen(file, weights, options.layers);
  ensureReadable(file, ordered, options);
  const paired = ordered.map((weight) => ({ weight, bias: biases.get(weight) ?? null }));
  const used = new Set(paired.flatMap(({ weight, bias }) => [weight, bias]));
  const unused = tensors.filter((tensor) => !used.has(tensor));
  if (unused.length > 0 && options.layers === undefined) {
    throw new InputError(placeOf(unused[0]!), "is a bias by its name, but no weight has the same name");
  }
  if (unused.length > 0) notes.push(`Not among --layers and left out: ${unused.map(({ name }) => name).join(", ")}.`);
  notes.push(
    `Layers in the order ${ordered.map(({ name, shape }) => `${name} (${shapeText(shape)})`).join(", ")}, ${options.transpose ? "in × out" : "out × in"}.`,
  );
  for (const [l, { name, key }] of ordered.entries()) {
    const first = ordered.findIndex((other) => other.key === key);
    if (first < l) notes.push(`${name} is the same tensor as ${ordered[first]!.name}: their weights are shared.`);
    if (ordered[l]!.shape.length === 1) notes.push(`${name} is one row: the weights of a single output.`);
  }
  const drafts = paired.map(({ weight, bias }): Draft => {
    const layer = layerOf(weight, options);
    const units = layer.kind === "dense" ? layer.rows.length : layer.filters;
    if (bias !== null && sizeOf(bias.shape) !== units) {
      throw new InputError(
        placeOf(bias),
        `a bias of shape ${shapeText(bias.shape)} for the ${units} units of ${weight.name}`,
      );
    }
    return { layer, bias: bias && { name: bias.name, values: entriesOf(bias) } };
  });
  return assemble(file, drafts, activationsOf(options.activation, drafts.length - 1), null, notes);
}

/**
 * Which tensors are weights, and the bias of each that has one. In a list, where there are no names, a vector is the bias of the matrix
 * before it; the last of all, where no layer has a bias, is the only row of the last matrix.
 */
function sorted(tensors: readonly Tensor[]): { weights: Tensor[]; biases: Map<Tensor, Tensor> } {
  const isBias = ({ name, shape }: Tensor) => stemOf(name, BIAS) !== null && sizeOf(shape) === Math.max(...shape);
  const others = tensors.filter((tensor) => !isBias(tensor));
  const biases = new Map<Tensor, Tensor>();
  for (const bias of tensors.filter(isBias)) {
    const stem = stemOf(bias.name, BIAS);
    const owner = others.find(({ name }) => (stemOf(name, WEIGHT) ?? plain(name)) === stem);
    if (owner !== undefined) biases.set(owner, bias);
  }
  const weights: Tensor[] = [];
  for (const tensor of others) {
    const { shape, name } = tensor;
    const before = weights.at(-1);
    const isRow = tensor === others.at(-1) && biases.size === 0;
    const follows = before !== undefined && before.shape.length > 1 && !biases.has(before);
    if (shape.length === 1 && /^(.*\.)?\d+$/.test(name) && follows && !isRow) biases.set(before, tensor);
    else weights.push(tensor);
  }
  return { weights, biases };
}

/** Outputs and inputs of a weight, of a convolution the filters and channels. */
function sizesOf({ shape }: Tensor, transpose: boolean): readonly [number, number] {
  if (shape.length === 1) return [1, shape[0]!];
  return transpose && shape.length === 2 ? [shape[1]!, shape[0]!] : [shape[0]!, shape[1]!];
}

/** The first neighbours that do not chain, or null. */
function clashOf(weights: readonly Tensor[], transpose: boolean): readonly [Tensor, Tensor] | null {
  for (const [l, weight] of weights.entries()) {
    const below = weights[l - 1];
    if (below === undefined) continue;
    const [out] = sizesOf(below, transpose);
    const [, into] = sizesOf(weight, transpose);
    const [a, b] = [below.shape.length > 2, weight.shape.length > 2];
    if (!(a === b ? out === into : a && into % out === 0)) return [below, weight];
  }
  return null;
}

/** The order of the numbers in the names, or the only one of the file's and the names' that chains. Throws InputError where both do. */
function orderOf(file: string, weights: readonly Tensor[], { transpose = false }: WeightOptions): readonly Tensor[] {
  const byName = [...weights].sort((a, b) => compareNames(a.name, b.name));
  const alike = new Set(weights.map(({ name }) => name.replace(/\d+/g, "0"))).size === 1;
  const differ = String(byName.map(nameOf)) !== String(weights.map(nameOf));
  const fitting = (alike || !differ ? [byName] : [weights, byName]).filter(
    (order) => clashOf(order, transpose) === null,
  );
  if (fitting.length === 2) {
    throw new InputError(
      file,
      `its layers fit in two orders: give one, --layers ${weights.map(nameOf)} or --layers ${byName.map(nameOf)}`,
    );
  }
  return fitting[0] ?? (alike ? byName : weights);
}

/** Throws InputError unless the weights are numbers of matrices and filters, and chain. */
function ensureReadable(file: string, ordered: readonly Tensor[], { transpose = false }: WeightOptions): void {
  if (ordered.length === 0) throw new InputError(file, "holds no weights of layers");
  for (const tensor of ordered) {
    const { name, shape, type } = tensor;
    const refuse = (message: string): never => {
      throw new InputError(placeOf(tensor), message);
    };
    if (type !== "text" && !NUMBER_TYPES.has(type)) refuse(`${type} numbers are not read: save it as float64`);
    if (shape.length > 4) refuse(`has ${shape.length} axes: matrices, and convolutions over one or two axes, are read`);
    if (shape.includes(0)) refuse(`is empty: its shape is ${shapeText(shape)}`);
    if (shape.length === 1 && /(^|\.)weight$/.test(name)) {
      refuse("has one axis, as the weight of a normalisation or a PReLU: train without it");
    }
  }
  const clash = clashOf(ordered, transpose);
  if (clash === null) return;
  const [below, above] = clash;
  throw new InputError(
    file,
    `${below.name} (${shapeText(below.shape)}) does not chain with ${above.name} (${shapeText(above.shape)}) as ${transpose ? "in × out" : "out × in"}: ${remedyOf(ordered, transpose)}`,
  );
}

/** What makes the layers chain: the other reading of the matrices, or another order. */
function remedyOf(weights: readonly Tensor[], transpose: boolean): string {
  const orders = weights.length <= 6 ? permutations(weights) : [];
  const fitting = orders.filter((order) => clashOf(order, transpose) === null);
  const remedies = [
    ...(clashOf(weights, !transpose) !== null
      ? []
      : transpose
        ? ["without --transpose"]
        : ["with --transpose (in × out)"]),
    ...(fitting.length === 1 ? [`in the order --layers ${fitting[0]!.map(nameOf)}`] : []),
  ];
  return remedies.length > 0
    ? `they do ${remedies.join(", or ")}`
    : "give their order with --layers, or transpose them";
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((first, k) => permutations(items.filter((_, j) => j !== k)).map((rest) => [first, ...rest]));
}

const nameOf = ({ name }: Tensor): string => name;

/** Numbers in names by their size: `layers.2` before `layers.10`. */
function compareNames(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true }) || (a < b ? -1 : 1);
}

/** The weights that `--layers` names: in full, without `.weight`, or by what their names end in. */
function chosen(file: string, weights: readonly Tensor[], names: readonly string[]): readonly Tensor[] {
  return names.map((name) => {
    const exact = weights.filter((tensor) => tensor.name === name || stemOf(tensor.name, WEIGHT) === name);
    const ending = weights.filter((tensor) => [name, `${name}.weight`].some((end) => tensor.name.endsWith(`.${end}`)));
    const found = exact.length > 0 ? exact : ending;
    if (found.length === 1) return found[0]!;
    const choices = weights.map(nameOf).slice(0, 20).join(", ");
    throw new InputError(
      "--layers",
      `${JSON.stringify(name)} is ${found.length === 0 ? "no weight" : `${found.length} weights`} of ${file}; its weights are ${choices}`,
    );
  });
}

function layerOf(tensor: Tensor, { transpose = false }: WeightOptions): ImportedLayer {
  const { name, shape, key } = tensor;
  const [out, into] = sizesOf(tensor, transpose);
  const entries = entriesOf(tensor);
  if (shape.length > 2) {
    const kernel = shape.slice(2);
    const [dilations, padding] = [kernel.map(() => 1), kernel.map(() => [0, 0] as const)];
    return {
      kind: "convolution",
      name,
      key,
      filters: out,
      channels: into,
      kernel,
      values: entries,
      strides: null,
      dilations,
      padding,
    };
  }
  const transposed = transpose && shape.length === 2;
  return {
    kind: "dense",
    name,
    key,
    transposed,
    rows: transposed ? columnsOf(rowsOf(entries, out)) : rowsOf(entries, into),
  };
}

/** The transpose. */
export function columnsOf(rows: readonly (readonly Rational[])[]): Rational[][] {
  return rows[0]!.map((_, j) => rows.map((row) => row[j]!));
}
