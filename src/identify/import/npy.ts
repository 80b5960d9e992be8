/** numpy's `.npy` arrays and `.npz` archives of them (numpy.lib.format, versions 1 to 3). */
import { InputError } from "../../network/decode.js";
import { type SourceFile, type Tensor, tensorOf } from "./tensor.js";
import type { Archive } from "./zip.js";

const MAGIC = "\x93NUMPY";
const MAX_HEADER = 65_536;

export function isNpy(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, MAGIC.length)).toString("latin1") === MAGIC;
}

/** Every array of the archive, in its order; throws InputError. */
export function readNpz(file: SourceFile, archive: Archive): Tensor[] {
  return [...archive].map(([name, data]) => {
    if (!name.endsWith(".npy")) throw new InputError(`${file.name}: ${name}`, "is no numpy array");
    return readNpy({ name: file.name, bytes: data() }, name.slice(0, -".npy".length));
  });
}

/** The array of an `.npy` file, under the given name; throws InputError. */
export function readNpy({ name: file, bytes }: SourceFile, name: string): Tensor {
  const where = `${file}: ${name}`;
  const damaged = () => new InputError(where, "the header of the numpy array is truncated or damaged");
  if (!isNpy(bytes) || bytes.length < 12) throw damaged();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [length, start] = bytes[6] === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
  if (length > MAX_HEADER || start + length > bytes.length) throw damaged();
  const header = Buffer.from(bytes.subarray(start, start + length)).toString("latin1");
  const descriptor = /'descr':\s*('([^']*)'|\[)/.exec(header);
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const dimensions = /'shape':\s*\(([\d, L]*)\)/.exec(header)?.[1];
  if (descriptor === null || order === undefined || dimensions === undefined) throw damaged();
  if (descriptor[2] === undefined)
    throw new InputError(where, "is an array of records: save its columns as arrays of numbers");
  const shape = (dimensions.match(/\d+/g) ?? []).map(Number);
  const { type, little } = numpyType(descriptor[2]);
  if (type === "object") throw new InputError(where, "holds Python objects: save an array of numbers (dtype float64)");
  const data = bytes.subarray(start + length);
  return tensorOf({
    file,
    name,
    type,
    shape,
    ...(order === "True" && { strides: columnMajor(shape) }),
    bytes: data,
    little,
  });
}

/** The strides of Fortran's order, in entries. */
export function columnMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(0, axis).reduce((product, n) => product * n, 1));
}

const KINDS: Readonly<Record<string, string>> = { f: "float", i: "int", u: "uint", c: "complex" };

/** The number type and byte order of a descriptor such as `<f8`; for what is no number a name to refuse it by. */
export function numpyType(descriptor: string): { readonly type: string; readonly little: boolean } {
  const [, order, kind, size] = /^([<>|=]?)([a-zA-Z?])(\d*)$/.exec(descriptor) ?? [];
  const little = order !== ">";
  if (kind === "b" || kind === "?") return { type: "bool", little };
  if (kind === "O") return { type: "object", little };
  if (kind !== undefined && KINDS[kind] !== undefined) return { type: `${KINDS[kind]}${8 * Number(size)}`, little };
  return { type: `numpy ${JSON.stringify(descriptor)}`, little };
}
