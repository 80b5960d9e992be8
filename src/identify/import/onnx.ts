/**
 * `.onnx` graphs that are chains of matrices, convolutions and activations (onnx.proto, by field numbers). The chain is followed from
 * the input to the output; constants on the way may be initializers, `Constant` nodes, and transposes of such.
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { formatRational, Q, type Rational, rational } from "../../exact/rational.js";
import { InputError } from "../../network/decode.js";
import {
  type Activation,
  activationsOf,
  assemble,
  columnsOf,
  type Draft,
  type Imported,
  type WeightOptions,
} from "./layers.js";
import {
  entriesOf,
  NUMBER_TYPES,
  rowsOf,
  type SourceFile,
  shapeText,
  sizeOf,
  type Tensor,
  tensorOf,
} from "./tensor.js";

/** A protobuf message as its fields by number: varints as bigint, all else as bytes. */
class Message {
  readonly #fields = new Map<number, (bigint | Uint8Array)[]>();

  constructor(bytes: Uint8Array, file: string) {
    try {
      const reader = new BinaryReader(bytes);
      while (reader.pos < reader.len) {
        const [field, wire] = reader.tag();
        const value = wire === WireType.Varint ? BigInt(reader.uint64()) : payload(reader, wire, field);
        const values = this.#fields.get(field) ?? [];
        values.push(value);
        this.#fields.set(field, values);
      }
    } catch {
      throw new InputError(file, "is not an ONNX file, or a truncated or damaged one");
    }
  }

  /** Length-delimited values, or the bytes of fixed numbers. */
  bytes(field: number): Uint8Array[] {
    return (this.#fields.get(field) ?? []).filter((value) => value instanceof Uint8Array);
  }

  messages(field: number, file: string): Message[] {
    return this.bytes(field).map((bytes) => new Message(bytes, file));
  }

  strings(field: number): string[] {
    return this.bytes(field).map((bytes) => Buffer.from(bytes).toString("utf8"));
  }

  string(field: number): string {
    return this.strings(field).at(-1) ?? "";
  }

  /** Signed integers, packed or not. */
  integers(field: number): bigint[] {
    return (this.#fields.get(field) ?? [])
      .flatMap((value) => (typeof value === "bigint" ? [value] : varints(value)))
      .map((value) => BigInt.asIntN(64, value));
  }

  integer(field: number, missing: number): number {
    const value = this.integers(field).at(-1);
    return value === undefined ? missing : Number(value);
  }
}

function payload(reader: BinaryReader, wire: WireType, field: number): Uint8Array {
  return wire === WireType.LengthDelimited ? reader.bytes() : reader.skip(wire, field);
}

function varints(bytes: Uint8Array): bigint[] {
  const reader = new BinaryReader(bytes);
  const values: bigint[] = [];
  while (reader.pos < reader.len) values.push(BigInt(reader.uint64()));
  return values;
}

/** TensorProto.DataType. */
const TYPES: readonly string[] =
  "undefined float32 uint8 int8 uint16 int16 int32 int64 string bool float16 float64 uint32 uint64 complex64 complex128 bfloat16".split(
    " ",
  );

function tensorOfProto(proto: Message, file: string, name: string): Tensor {
  const where = `${file}: ${name}`;
  const shape = proto.integers(1).map(Number);
  const type = TYPES[proto.integer(2, 0)] ?? `ONNX type ${proto.integer(2, 0)}`;
  if (proto.integer(14, 0) === 1) {
    throw new InputError(
      where,
      "lies in another file: save the model in one file, with onnx.save(model, path, save_as_external_data=False)",
    );
  }
  const layout = { file, name, type, shape, little: true };
  const [raw] = proto.bytes(9);
  if (raw !== undefined) return tensorOf({ ...layout, bytes: raw });
  if (type === "float32" || type === "float64")
    return tensorOf({ ...layout, bytes: Buffer.concat(proto.bytes(type === "float32" ? 4 : 10)) });
  const values = proto.integers(type === "int64" ? 7 : type === "uint32" || type === "uint64" ? 11 : 5);
  const width = NUMBER_TYPES.get(type)?.bytes ?? 8;
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, k) => {
    view.setBigUint64(k * width, BigInt.asUintN(64, value), true); // the next one overwrites what is beyond the width
  });
  return tensorOf({ ...layout, bytes: bytes.subarray(0, width * values.length) });
}

interface Node {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Message>;
}

/** What to do about operators that are met often. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ["BatchNormalization", "train without batch normalisation"],
  ["Sigmoid", "at the output, export the model without it; inside, (P) is about ReLU, leaky ReLU and linear layers"],
  ["Softmax", "export the model without it: the margins are those of its inputs"],
  ["LogSoftmax", "export the model without it: the margins are those of its inputs"],
  ["MaxPool", "write such a network as a problem file without it"],
  ["AveragePool", "write it as a layer of constants (`frozen`) in a problem file"],
  ["PRelu", "its slope is trained: use LeakyReLU, or give the slope with --activation after exporting without it"],
]);

const KNOWN = "Gemm, MatMul, Add, Conv, Relu, LeakyRelu, Flatten, Reshape, Identity and Dropout";

/** A matrix of constants, with what names it. */
interface Matrix {
  readonly tensor: Tensor;
  readonly transposed: boolean;
}

/** The network of an ONNX graph; throws InputError with the name of the node that is not read. */
export function readOnnx({ name: file, bytes }: SourceFile, options: WeightOptions): Imported {
  if (options.layers !== undefined) throw new InputError("--layers", "an ONNX graph has its own order of layers");
  const [graph] = new Message(bytes, file).messages(7, file);
  if (graph === undefined) throw new InputError(file, "is not an ONNX file: it has no graph");
  const nodes = graph.messages(1, file).map(
    (node): Node => ({
      op: node.string(4),
      name: node.string(3) || node.strings(2)[0] || "",
      inputs: node.strings(1),
      outputs: node.strings(2),
      attributes: new Map(node.messages(5, file).map((attribute) => [attribute.string(1), attribute])),
    }),
  );
  const initializers = new Map(graph.messages(5, file).map((proto) => [proto.string(8), proto]));
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const readers = new Map<string, Node[]>();
  for (const node of nodes) {
    for (const input of new Set(node.inputs)) readers.set(input, [...(readers.get(input) ?? []), node]);
  }
  const inputs = graph.messages(11, file).filter((value) => !initializers.has(value.string(1)));
  const outputs = graph.messages(12, file).map((value) => value.string(1));
  if (inputs.length !== 1 || outputs.length !== 1) {
    throw new InputError(
      file,
      `the graph has ${inputs.length} inputs and ${outputs.length} outputs: networks with one of each are read`,
    );
  }

  const refusal = ({ op, name }: Node, message: string) => new InputError(`${file}: ${op} ${name}`, message);
  const refuse = (node: Node, message: string): never => {
    throw refusal(node, message);
  };
  const constant = (name: string, depth = 0): Matrix | null => {
    const proto = initializers.get(name);
    if (proto !== undefined) return { tensor: tensorOfProto(proto, file, name), transposed: false };
    const maker = makers.get(name);
    if (maker === undefined || depth > 16) return null;
    const [value] = maker.attributes.get("value")?.messages(5, file) ?? [];
    if (maker.op === "Constant" && value !== undefined)
      return { tensor: tensorOfProto(value, file, name), transposed: false };
    const inner = maker.inputs[0] === undefined ? null : constant(maker.inputs[0], depth + 1);
    if (inner === null || maker.op === "Identity") return inner;
    const turns = maker.op === "Transpose" && inner.tensor.shape.length === 2;
    return turns ? { ...inner, transposed: !inner.transposed } : null;
  };
  const number = (node: Node, attribute: string, missing: Rational): Rational => {
    const [raw] = node.attributes.get(attribute)?.bytes(2) ?? [];
    if (raw === undefined) return missing;
    return tensorOf({
      file,
      name: `${node.op} ${node.name} ${attribute}`,
      type: "float32",
      shape: [],
      bytes: raw,
      little: true,
    }).at(0);
  };
  const integers = (node: Node, attribute: string, missing: readonly number[]): number[] => {
    const found = node.attributes.get(attribute);
    return found === undefined ? [...missing] : found.integers(8).map(Number);
  };

  const drafts: Draft[] = [];
  const activations: (Activation | null)[] = []; // by layer, the last included
  const notes: string[] = [];
  const input = shapeOfInput(inputs[0]!, file);
  let current = inputs[0]!.string(1);
  let shape = input; // of the values on the way, without the batch; null where unknown

  /** A layer of the matrix `rows`, out × in. */
  const push = (node: Node, { tensor, transposed }: Matrix, scale: Rational): void => {
    if (tensor.shape.length !== 2)
      refuse(node, `its weight ${tensor.name} has the shape ${shapeText(tensor.shape)}, not that of a matrix`);
    if (shape !== null && shape.length > 1)
      refuse(node, `it takes vectors, but gets ${shapeText(shape)}: export with a Flatten before it`);
    if (tensor.shape.includes(0)) refuse(node, `its weight ${tensor.name} is empty`);
    const stored = rowsOf(entriesOf(tensor), tensor.shape[1]!);
    const rows = (transposed ? columnsOf(stored) : stored).map((row) => row.map((entry) => entry.mul(scale)));
    if (!Q.isZero(scale.sub(Q.one)))
      notes.push(`The factor alpha of ${node.op} ${node.name} was multiplied into ${tensor.name}.`);
    const key = `${formatRational(scale)} ${tensor.key}`;
    drafts.push({ layer: { kind: "dense", name: tensor.name, key, transposed, rows }, bias: null });
    activations.push(null);
    shape = [rows.length];
  };
  /** A bias of the latest layer. */
  const addBias = (node: Node, tensor: Tensor, scale: Rational): void => {
    const draft = drafts.at(-1);
    if (draft === undefined) throw refusal(node, "it adds to the input: add it to the data instead");
    if (activations.at(-1) !== null)
      refuse(node, "it adds after an activation: biases directly after a layer are read");
    const { layer, bias } = draft;
    const units = layer.kind === "dense" ? layer.rows.length : layer.filters;
    const given = entriesOf(tensor);
    const isVector =
      layer.kind === "dense" ? tensor.shape.at(-1) === given.length : tensor.shape.filter((n) => n > 1).length <= 1;
    if (given.length !== 1 && (given.length !== units || !isVector)) {
      refuse(node, `${tensor.name} has the shape ${shapeText(tensor.shape)}, which is no bias of ${units} units`);
    }
    const values = Array.from({ length: units }, (_, i) =>
      given[given.length === 1 ? 0 : i]!.mul(scale).add(bias?.values[i] ?? Q.zero),
    );
    drafts[drafts.length - 1] = { layer, bias: { name: tensor.name, values } };
  };
  const activate = (node: Node, activation: Activation): void => {
    if (drafts.length === 0) refuse(node, "an activation before the first layer: apply it to the data instead");
    if (activations.at(-1) !== null) refuse(node, "a second activation after one layer: one is read");
    activations[activations.length - 1] = activation;
  };

  const take: Readonly<Record<string, (node: Node) => void>> = {
    Identity: () => {},
    Dropout: () => {},
    Flatten: (node) => {
      const axis = node.attributes.get("axis")?.integer(3, 1) ?? 1;
      if (axis === 0) notes.push(`${node.op} ${node.name} merges the batch (axis 0): taken as with one sample.`);
      if (axis !== 0 && axis !== 1) refuse(node, `it keeps axes (axis ${axis}): the default, 1, is read`);
      shape = shape && [sizeOf(shape)];
    },
    Reshape: (node) => {
      const target = constant(node.inputs[1] ?? "");
      const sizes = target === null ? [] : entriesOf(target.tensor).map((n) => Number(n.valueOf()));
      const [, features] = sizes;
      if (sizes.length !== 2 || (features !== -1 && (shape === null || sizeOf(shape) !== features))) {
        refuse(node, `it reshapes to ${shapeText(sizes)}: only flattening, to (batch, -1), is read`);
      }
      shape = shape && [sizeOf(shape)];
    },
    MatMul: (node) => {
      const [left, right] = node.inputs;
      if (left !== current) refuse(node, "its weight stands on the left: export the layer as x @ W or as Linear");
      const weight =
        constant(right ?? "") ?? refuse(node, "it multiplies two computed values: one is to be a constant");
      push(node, { ...weight, transposed: !weight.transposed }, Q.one);
    },
    Gemm: (node) => {
      const [left, right, added] = node.inputs;
      if (left !== current || (node.attributes.get("transA")?.integer(3, 0) ?? 0) !== 0) {
        refuse(node, "its weight stands on the left: export the layer as Linear");
      }
      const weight = constant(right ?? "") ?? refuse(node, "its weight is no constant");
      const transB = (node.attributes.get("transB")?.integer(3, 0) ?? 0) !== 0;
      push(
        node,
        { ...weight, transposed: transB ? weight.transposed : !weight.transposed },
        number(node, "alpha", Q.one),
      );
      if (added === undefined || added === "") return;
      const bias = constant(added) ?? refuse(node, "its bias is no constant");
      addBias(node, bias.tensor, number(node, "beta", Q.one));
    },
    Add: (node) => {
      const other = node.inputs.filter((name) => name !== current);
      const bias = other.length === 1 ? constant(other[0]!) : null;
      if (bias === null)
        return refuse(node, "it adds two computed values (a skip connection): write such a network as a problem file");
      addBias(node, bias.tensor, Q.one);
    },
    Relu: (node) => activate(node, "relu"),
    LeakyRelu: (node) => {
      const slope = number(node, "alpha", rational(1n, 100n));
      const name = Q.isZero(slope) ? "relu" : slope.equals(1n) ? "linear" : null;
      activate(node, name ?? { "leaky-relu": formatRational(slope) });
      if (options.activation === undefined && slope.d > 1_000_000n) {
        notes.push(
          `The slope of ${node.op} ${node.name} is the float ${formatRational(slope)}; --activation leaky-relu:SLOPE sets another.`,
        );
      }
    },
    Conv: (node) => {
      const weight = constant(node.inputs[1] ?? "");
      if (node.inputs[0] !== current || weight === null) return refuse(node, "its filters are no constants");
      const { tensor } = weight;
      const axes = tensor.shape.length - 2;
      if (axes < 1 || axes > 2 || tensor.shape.includes(0))
        refuse(node, `its filters have the shape ${shapeText(tensor.shape)}: one or two axes are read`);
      const automatic = Buffer.from(node.attributes.get("auto_pad")?.bytes(4)[0] ?? []).toString("latin1");
      if (!["", "NOTSET", "VALID"].includes(automatic))
        refuse(node, `auto_pad is ${automatic}: export with numbers for the padding`);
      if ((node.attributes.get("group")?.integer(3, 1) ?? 1) !== 1)
        refuse(node, "its channels are grouped: groups of 1 are read");
      const [filters, channels, ...kernel] = tensor.shape as [number, number, ...number[]];
      const ones = kernel.map(() => 1);
      const pads = integers(
        node,
        "pads",
        [...ones, ...ones].map(() => 0),
      );
      const [strides, dilations] = [integers(node, "strides", ones), integers(node, "dilations", ones)];
      const padding = kernel.map((_, axis) => [pads[axis] ?? 0, pads[axis + axes] ?? 0] as const);
      const values = entriesOf(tensor);
      drafts.push({
        layer: {
          kind: "convolution",
          name: tensor.name,
          key: tensor.key,
          filters,
          channels,
          kernel,
          values,
          strides,
          dilations,
          padding,
        },
        bias: null,
      });
      activations.push(null);
      shape = null; // known once the input is
      const added = node.inputs[2];
      if (added === undefined || added === "") return;
      addBias(node, (constant(added) ?? refuse(node, "its bias is no constant")).tensor, Q.one);
    },
  };

  for (let steps = 0; current !== outputs[0]; steps++) {
    const next = readers.get(current) ?? [];
    if (next.length !== 1 || steps > nodes.length) {
      const ops = next.map(({ op }) => op).join(", ");
      throw new InputError(
        file,
        next.length > 1
          ? `the graph branches at ${current} (${ops}): chains are read`
          : `the graph ends at ${current}, before its output`,
      );
    }
    const node = next[0]!;
    const read = Object.hasOwn(take, node.op) ? take[node.op]! : null;
    if (read === null) refuse(node, `is no layer of (P): ${REMEDIES.get(node.op) ?? `${KNOWN} are read`}`);
    else read(node);
    if (node.outputs[0] === undefined) refuse(node, "it has no output");
    current = node.outputs[0]!;
  }
  if (drafts.length === 0) throw new InputError(file, "holds no layer with weights");
  if (activations.at(-1) !== null) {
    throw new InputError(
      file,
      `has an activation after its last layer, ${drafts.at(-1)!.layer.name}: export it without`,
    );
  }
  const hidden = activations.slice(0, -1).map((activation) => activation ?? "linear");
  return assemble(file, drafts, agreed(file, hidden, options.activation), input, notes);
}

/** The shape of the graph's input without the batch, the first of several axes; null where it is not given. */
function shapeOfInput(value: Message, file: string): number[] | null {
  const [type] = value.messages(2, file);
  const [tensor] = type?.messages(1, file) ?? [];
  const [shape] = tensor?.messages(2, file) ?? [];
  const sizes = shape?.messages(1, file).map((dimension) => dimension.integer(1, -1)) ?? [];
  const sample = sizes.length > 1 ? sizes.slice(1) : sizes;
  return sample.length > 0 && sample.every((n) => n > 0) ? sample : null;
}

/** The activations of the file, with slopes of the option where both are leaky. Throws InputError where they contradict. */
function agreed(file: string, given: readonly Activation[], option: string | undefined): readonly Activation[] {
  if (option === undefined) return given;
  const asked = activationsOf(option, given.length);
  const nameOf = (activation: Activation) => (typeof activation === "string" ? activation : "leaky-relu");
  asked.forEach((one, l) => {
    if (nameOf(one) !== nameOf(given[l]!)) {
      throw new InputError(
        "--activation",
        `${nameOf(one)} after layer ${l + 1}, where ${file} has ${nameOf(given[l]!)}`,
      );
    }
  });
  return asked;
}
