/** Writers of the formats that the readers of `identify` read, for their tests: byte by byte, independent of the readers. */
import { deflateRawSync } from "node:zlib";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { SourceFile } from "../../src/identify/import/tensor.js";

export const file = (name: string, bytes: Uint8Array | string): SourceFile => ({
  name,
  bytes: typeof bytes === "string" ? new Uint8Array(Buffer.from(bytes)) : new Uint8Array(bytes),
});

export const json = (name: string, value: unknown): SourceFile => file(name, JSON.stringify(value));

export function float64s(values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(8 * values.length);
  for (const [k, value] of values.entries()) bytes.writeDoubleLE(value, 8 * k);
  return bytes;
}

export function float32s(values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [k, value] of values.entries()) bytes.writeFloatLE(value, 4 * k);
  return bytes;
}

export function npy(descr: string, shape: readonly number[], bytes: Uint8Array, fortran = false): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': ${tuple}, }\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  return Buffer.concat([Buffer.from("\x93NUMPY\x01\x00", "latin1"), length, Buffer.from(header), bytes]);
}

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly deflated?: boolean;
  /** What the directory says instead of the truth. */
  readonly claimed?: number;
}

export function zip(entries: readonly ZipEntry[]): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, deflated = false, claimed = bytes.length } of entries) {
    const raw = deflated ? deflateRawSync(bytes) : Buffer.from(bytes);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(deflated ? 8 : 0, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(raw.length, 14);
    common.writeUInt32LE(claimed, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), common, Buffer.from(name), raw]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x00", "latin1"), common, tail, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

/** The checksum of zip, bit by bit. */
function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

export const npz = (arrays: Readonly<Record<string, Uint8Array>>, deflated = false): Uint8Array =>
  zip(Object.entries(arrays).map(([name, bytes]) => ({ name: `${name}.npy`, bytes, deflated })));

export function safetensors(
  tensors: Readonly<Record<string, { dtype: string; shape: readonly number[]; bytes: Uint8Array }>>,
): Uint8Array {
  let end = 0;
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...Object.values(tensors).map(({ bytes }) => bytes)]);
}

/** Pickles of protocol 2, in pieces. */
export const pickle = {
  whole: (...parts: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from([0x80, 2]), ...parts, Buffer.from(".")]),
  integer: (n: number): Buffer => {
    const bytes = Buffer.alloc(5);
    bytes.write("J");
    bytes.writeInt32LE(n, 1);
    return bytes;
  },
  text: (value: string): Buffer => {
    const length = Buffer.alloc(5);
    length.write("X");
    length.writeUInt32LE(Buffer.byteLength(value), 1);
    return Buffer.concat([length, Buffer.from(value)]);
  },
  none: Buffer.from("N"),
  tuple: (...parts: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from("("), ...parts, Buffer.from("t")]),
  list: (...parts: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from("]("), ...parts, Buffer.from("e")]),
  dictionary: (entries: Readonly<Record<string, Buffer>>): Buffer =>
    Buffer.concat([
      Buffer.from("}("),
      ...Object.entries(entries).flatMap(([key, value]) => [pickle.text(key), value]),
      Buffer.from("u"),
    ]),
  global: (module: string, name: string): Buffer => Buffer.from(`c${module}\n${name}\n`),
  call: (callable: Buffer, ...args: readonly Buffer[]): Buffer =>
    Buffer.concat([callable, pickle.tuple(...args), Buffer.from("R")]),
  /** An OrderedDict, with the `_metadata` that state dicts carry set on it. */
  ordered: (entries: Readonly<Record<string, Buffer>>): Buffer =>
    Buffer.concat([
      pickle.call(pickle.global("collections", "OrderedDict")),
      Buffer.from("("),
      ...Object.entries(entries).flatMap(([key, value]) => [pickle.text(key), value]),
      Buffer.from("u"),
      pickle.dictionary({ _metadata: pickle.dictionary({}) }),
      Buffer.from("b"),
    ]),
  tensor: (
    { storage = "DoubleStorage", key, count }: { storage?: string; key: string; count: number },
    shape: readonly number[],
    {
      offset = 0,
      strides = rowMajor(shape),
      view,
    }: { offset?: number; strides?: readonly number[]; view?: Buffer } = {},
  ): Buffer => {
    const id = [
      pickle.text("storage"),
      pickle.global("torch", storage),
      pickle.text(key),
      pickle.text("cpu"),
      pickle.integer(count),
    ];
    return pickle.call(
      pickle.global("torch._utils", "_rebuild_tensor_v2"),
      Buffer.concat([pickle.tuple(...id, ...(view === undefined ? [] : [view])), Buffer.from("Q")]),
      pickle.integer(offset),
      pickle.tuple(...shape.map(pickle.integer)),
      pickle.tuple(...strides.map(pickle.integer)),
      Buffer.from([0x89]),
      pickle.call(pickle.global("collections", "OrderedDict")),
    );
  },
};

function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
}

export function torchZip(
  value: Buffer,
  storages: Readonly<Record<string, Uint8Array>>,
  extra: readonly ZipEntry[] = [],
): Uint8Array {
  return zip([
    { name: "model/data.pkl", bytes: pickle.whole(value) },
    { name: "model/version", bytes: Buffer.from("3\n") },
    ...Object.entries(storages).map(([key, bytes]) => ({ name: `model/data/${key}`, bytes })),
    ...extra,
  ]);
}

/** The older format: magic number, protocol, system, value, keys, and the storages with their counts of elements. */
export function torchLegacy(
  value: Buffer,
  storages: Readonly<Record<string, { count: number; bytes: Uint8Array }>>,
): Uint8Array {
  const magic = Buffer.from([0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]);
  const blocks = Object.values(storages).flatMap(({ count, bytes }) => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(count));
    return [length, bytes];
  });
  return Buffer.concat([
    pickle.whole(magic),
    pickle.whole(pickle.integer(1001)),
    pickle.whole(pickle.dictionary({})),
    pickle.whole(value),
    pickle.whole(pickle.list(...Object.keys(storages).map(pickle.text))),
    ...blocks,
  ]);
}

/** A protobuf message: field numbers with text, bytes (messages too) and integers; floats are given as bytes of 4. */
export function message(...fields: readonly (readonly [number, string | number | Uint8Array])[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [field, value] of fields) {
    if (typeof value === "string") writer.tag(field, WireType.LengthDelimited).string(value);
    else if (typeof value === "number") writer.tag(field, WireType.Varint).int64(value);
    else writer.tag(field, WireType.LengthDelimited).bytes(value);
  }
  return writer.finish();
}

export const onnxTensor = (
  name: string,
  shape: readonly number[],
  values: readonly number[],
  doubles = true,
): Uint8Array =>
  message(
    ...shape.map((n) => [1, n] as const),
    [2, doubles ? 11 : 1],
    [8, name],
    [9, doubles ? float64s(values) : float32s(values)],
  );

type Attribute = number | readonly number[] | { readonly float: number } | { readonly tensor: Uint8Array };

export function onnxNode(
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, Attribute>> = {},
): Uint8Array {
  const encoded = Object.entries(attributes).map(([name, value]) => {
    if (typeof value === "number") return message([1, name], [3, value], [20, 2]);
    if ("float" in value) {
      const writer = new BinaryWriter();
      writer.tag(1, WireType.LengthDelimited).string(name).tag(2, WireType.Bit32).float(value.float);
      return writer.finish();
    }
    if ("tensor" in value) return message([1, name], [5, value.tensor]);
    return message([1, name], ...(value as readonly number[]).map((n) => [8, n] as const));
  });
  return message(
    ...inputs.map((input) => [1, input] as const),
    [2, output],
    [3, `${op}_node`],
    [4, op],
    ...encoded.map((attribute) => [5, attribute] as const),
  );
}

export function onnx(
  nodes: readonly Uint8Array[],
  initializers: readonly Uint8Array[],
  input: readonly number[] = [1, 2],
): Uint8Array {
  const shape = message(...input.map((n) => [1, message([1, n])] as const));
  const graph = message(
    ...nodes.map((node) => [1, node] as const),
    ...initializers.map((tensor) => [5, tensor] as const),
    [11, message([1, "x"], [2, message([1, message([1, 1], [2, shape])])])],
    [12, message([1, "y"])],
  );
  return message([1, 8], [7, graph]);
}
