/**
 * PyTorch files (`.pt`, `.pth`): archives of a pickle and one file per storage, or the older sequence of pickles and storages. Only
 * data are read: tensors in nested dictionaries and lists, and numpy arrays among them. A tensor is a view of its storage by
 * offset and strides.
 */
import { InputError } from "../../network/decode.js";
import { columnMajor, numpyType } from "./npy.js";
import { type Allowed, Global, Opaque, REMEDY, unpickle, type Value } from "./pickle.js";
import { NUMBER_TYPES, type SourceFile, type Tensor, tensorOf } from "./tensor.js";
import type { Archive } from "./zip.js";

const STORAGES: Readonly<Record<string, string>> = {
  DoubleStorage: "float64",
  FloatStorage: "float32",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
  ComplexFloatStorage: "complex64",
  ComplexDoubleStorage: "complex128",
};
/** What stands for storages that are only bytes: the tensor says how to read them. */
const UNTYPED = "bytes";
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001n;
const MAX_DEPTH = 64;
const MAX_VISITS = 5_000_000;

class Storage extends Opaque {
  readonly type: string;
  readonly key: string;
  /** The first byte of it, if it is a view into a storage. */
  readonly from: number;
  readonly count: number;
  constructor(type: string, key: string, from: number, count: number) {
    super();
    this.count = count;
    this.type = type;
    this.key = key;
    this.from = from;
  }
}

class TorchTensor extends Opaque {
  readonly storage: Storage;
  readonly type: string;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  constructor(storage: Storage, type: string, offset: number, shape: readonly number[], strides: readonly number[]) {
    super();
    this.storage = storage;
    this.type = type;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

class NumpyType extends Opaque {
  descriptor: string;
  constructor(descriptor: string) {
    super();
    this.descriptor = descriptor;
  }
  override restore(state: Value): boolean {
    const order = Array.isArray(state) ? state[1] : undefined;
    if (typeof order !== "string") return false;
    this.descriptor = order + this.descriptor;
    return true;
  }
}

class NumpyArray extends Opaque {
  contents: { shape: readonly number[]; descriptor: string; fortran: boolean; bytes: Uint8Array } | null = null;
  override restore(state: Value): boolean {
    if (!Array.isArray(state)) return false;
    const [, shape, type, fortran, bytes] = state;
    if (!(type instanceof NumpyType) || !(bytes instanceof Uint8Array)) return false;
    this.contents = { shape: sizes(shape), descriptor: type.descriptor, fortran: fortran === true, bytes };
    return true;
  }
}

/** An integer of a pickle; −1, which no layout takes, for anything else. */
const size = (value: Value | undefined): number =>
  typeof value === "number" || typeof value === "bigint" ? Number(value) : -1;
const sizes = (value: Value | undefined): number[] => (Array.isArray(value) ? value.map(size) : [-1]);

export function isTorchArchive(archive: Archive): boolean {
  return [...archive.keys()].some((name) => /(^|\/)data\.pkl$/.test(name));
}

/** The tensors of an archive by their paths, in its order; throws InputError. */
export function readTorchArchive(file: SourceFile, archive: Archive): Tensor[] {
  const name = [...archive.keys()].find((one) => /(^|\/)data\.pkl$/.test(one))!;
  const prefix = name.slice(0, -"data.pkl".length);
  const order = archive.get(`${prefix}byteorder`)?.();
  const little = order === undefined || Buffer.from(order).toString("latin1").trim() !== "big";
  const storages = new Map<string, Uint8Array>();
  const bytesOf = (key: string, where: string): Uint8Array => {
    const bytes = storages.get(key) ?? archive.get(`${prefix}data/${key}`)?.();
    if (bytes === undefined)
      throw new InputError(where, `its storage ${JSON.stringify(key)} is not in the file: the file is damaged`);
    storages.set(key, bytes);
    return bytes;
  };
  const { value } = unpickle(archive.get(name)!(), 0, file.name, allowed(file.name, new Map()));
  return collect(file.name, value, bytesOf, little);
}

/** The tensors of a file of the older format by their paths, in its order; throws InputError. */
export function readTorchLegacy({ name: file, bytes }: SourceFile): Tensor[] {
  // A storage's element size is not in its own header: it is that of the type by which the pickle names it.
  const types = new Map<string, string>();
  const read = allowed(file, types);
  let end = 0;
  const next = (): Value => {
    const { value, end: after } = unpickle(bytes, end, file, read);
    end = after;
    return value;
  };
  const [magic, protocol] = [next(), end < bytes.length ? next() : null];
  if (magic !== MAGIC || BigInt(size(protocol)) !== PROTOCOL) {
    throw new InputError(file, `is a pickle, but not one that torch.save wrote; ${REMEDY}`);
  }
  next(); // the system that wrote the file: its storages are little-endian on all
  const value = next();
  const keys = next();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const storages = new Map<string, Uint8Array>();
  for (const key of Array.isArray(keys) ? keys : []) {
    const type = types.get(String(key));
    if (type === undefined || end + 8 > bytes.length)
      throw new InputError(file, "its storages are truncated or damaged");
    const length = Number(view.getBigUint64(end, true)) * elementBytes(type);
    if (end + 8 + length > bytes.length) throw new InputError(file, `its storage ${String(key)} is truncated`);
    storages.set(String(key), bytes.subarray(end + 8, end + 8 + length));
    end += 8 + length;
  }
  const bytesOf = (key: string, where: string): Uint8Array => {
    const storage = storages.get(key);
    if (storage === undefined)
      throw new InputError(where, `its storage ${JSON.stringify(key)} is not in the file: the file is damaged`);
    return storage;
  };
  return collect(file, value, bytesOf, true);
}

const elementBytes = (type: string): number =>
  NUMBER_TYPES.get(type)?.bytes ?? (type === "complex64" ? 8 : type === "complex128" ? 16 : 1);

/** What a pickle of torch may name: what makes tensors, arrays and dictionaries. Fills in the types of the storages by their keys. */
function allowed(file: string, types: Map<string, string>): Allowed {
  const fail = (): never => {
    throw new InputError(file, `a tensor of the pickle is not as torch writes it: the file is damaged, or ${REMEDY}`);
  };
  const tensor =
    (type: string | null) =>
    (args: readonly Value[]): Value => {
      const [storage, offset, shape, strides] = args;
      if (!(storage instanceof Storage)) return fail();
      return new TorchTensor(storage, type ?? storage.type, size(offset), sizes(shape), sizes(strides));
    };
  const functions: Readonly<Record<string, (args: readonly Value[]) => Value>> = {
    "torch._utils._rebuild_tensor": tensor(null),
    "torch._utils._rebuild_tensor_v2": tensor(null),
    "torch._utils._rebuild_tensor_v3": (args) => {
      const type = args[6];
      return type instanceof Global ? tensor(type.name.replace(/^torch\./, ""))(args) : fail();
    },
    "torch._utils._rebuild_parameter": ([data]) => data ?? fail(),
    "torch._utils._rebuild_parameter_with_state": ([data]) => data ?? fail(),
    "torch.Size": ([values]) => values ?? [],
    "torch.device": () => null,
    "collections.OrderedDict": ([pairs]) =>
      new Map(Array.isArray(pairs) ? pairs.map((pair) => (Array.isArray(pair) ? [pair[0]!, pair[1]!] : fail())) : []),
    "collections.defaultdict": () => new Map(),
    "_codecs.encode": ([text, coding]) =>
      typeof text === "string" && coding === "latin1" ? new Uint8Array(Buffer.from(text, "latin1")) : fail(),
    "numpy.core.multiarray._reconstruct": () => new NumpyArray(),
    "numpy._core.multiarray._reconstruct": () => new NumpyArray(),
    "numpy.core.multiarray.scalar": () => null,
    "numpy._core.multiarray.scalar": () => null,
    "numpy.dtype": ([descriptor]) => (typeof descriptor === "string" ? new NumpyType(descriptor) : fail()),
  };
  const names = new Set(["numpy.ndarray", "torch.storage.UntypedStorage"]);
  return {
    global: (name) => {
      const call = Object.hasOwn(functions, name) ? functions[name]! : null;
      const storage = /^torch\.(\w+Storage)$/.exec(name)?.[1];
      const known = call !== null || names.has(name) || storage !== undefined || isTorchType(name);
      return known ? new Global(name, call) : null;
    },
    persistent: (id) => {
      if (!Array.isArray(id) || id[0] !== "storage") return fail();
      const [, type, key, , numel, view] = id;
      if (!(type instanceof Global) || typeof key !== "string") return fail();
      const stored = type.name.split(".").at(-1)!;
      const name = stored === "UntypedStorage" ? UNTYPED : (STORAGES[stored] ?? stored);
      types.set(key, name);
      const offset = Array.isArray(view) ? size(view[1]) : 0;
      return new Storage(name, key, offset * elementBytes(name), size(Array.isArray(view) ? view[2] : numel));
    },
  };
}

const isTorchType = (name: string): boolean =>
  /^torch\.(b?float|u?int|complex|bool|q?u?int|double|half|long|short)\w*$/.test(name);

interface Leaf {
  readonly path: string;
  readonly value: TorchTensor | NumpyArray;
}

/** The tensors, arrays and bare storages in nested containers. A pickle may share and loop: depth and visits are bounded. */
function leavesOf(value: Value, file: string): Leaf[] {
  const leaves: Leaf[] = [];
  let visits = 0;
  const visit = (one: Value, path: string, depth: number): void => {
    if (depth > MAX_DEPTH || ++visits > MAX_VISITS) {
      throw new InputError(
        file,
        `its containers are nested in a loop, more than ${MAX_DEPTH} deep or ${MAX_VISITS} large`,
      );
    }
    if (typeof one !== "object" || one === null) return;
    if (one instanceof TorchTensor || one instanceof NumpyArray) leaves.push({ path, value: one });
    else if (one instanceof Storage) leaves.push({ path, value: new TorchTensor(one, one.type, 0, [one.count], [1]) });
    else if (Array.isArray(one) || one instanceof Map) {
      for (const [key, entry] of one.entries()) {
        const step = typeof key === "object" ? "?" : String(key);
        visit(entry, path === "" ? step : `${path}.${step}`, depth + 1);
      }
    }
  };
  visit(value, "", 0);
  return leaves;
}

function collect(
  file: string,
  value: Value,
  bytesOf: (key: string, where: string) => Uint8Array,
  little: boolean,
): Tensor[] {
  return leavesOf(value, file).map(({ path, value: leaf }) => {
    const name = path === "" ? "tensor" : path;
    const where = `${file}: ${name}`;
    if (leaf instanceof TorchTensor) {
      const { storage, type, shape, strides, offset } = leaf;
      const bytes = bytesOf(storage.key, where).subarray(storage.from);
      const key = `${storage.key}+${storage.from} ${type} ${offset} ${shape} ${strides}`;
      return tensorOf({ file, name, type, shape, strides, offset, bytes, little, key });
    }
    if (leaf.contents === null) throw new InputError(where, "a numpy array without contents: the file is damaged");
    const { shape, descriptor, fortran, bytes } = leaf.contents;
    const layout = numpyType(descriptor);
    return tensorOf({ file, name, shape, bytes, ...layout, ...(fortran && { strides: columnMajor(shape) }) });
  });
}
