/** `.safetensors`: a length, a JSON header of names, types, shapes and byte ranges, and the bytes; little-endian and row-major. */
import { InputError, integer, list, object, record, text } from "../../network/decode.js";
import { type SourceFile, type Tensor, tensorOf } from "./tensor.js";
import { jsonOf } from "./text.js";

const MAX_HEADER = 100_000_000;
const TYPES: Readonly<Record<string, string>> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U64: "uint64",
  U32: "uint32",
  U16: "uint16",
  U8: "uint8",
  BOOL: "bool",
  C64: "complex64",
};

const natural = integer(0, Number.MAX_SAFE_INTEGER);
const entry = object({ dtype: text, shape: list(natural, 0, 8), data_offsets: list(natural, 2, 2) });

/** Whether the bytes begin as such a file does: a length below 2^32, then a JSON object. */
export function isSafetensors(bytes: Uint8Array): boolean {
  return bytes.length > 8 && bytes.subarray(4, 8).every((byte) => byte === 0) && bytes[8] === 0x7b;
}

/** Every tensor, in the order of the header; throws InputError. */
export function readSafetensors({ name: file, bytes }: SourceFile): Tensor[] {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > MAX_HEADER || 8 + length > bytes.length) {
    throw new InputError(
      file,
      `its header claims ${length} bytes of ${bytes.length}: the file is truncated or damaged`,
    );
  }
  const data = bytes.subarray(8 + length);
  const header = record(jsonOf({ name: file, bytes: bytes.subarray(8, 8 + length) }), file);
  return [...header].flatMap(([name, value]) => {
    if (name === "__metadata__") return [];
    const where = `${file}: ${name}`;
    const { dtype, shape, data_offsets } = entry(value, where);
    const [from, to] = data_offsets as readonly [number, number];
    if (from > to || to > data.length) {
      throw new InputError(where, `lies at bytes ${from} to ${to} of ${data.length}: the file is truncated or damaged`);
    }
    const type = TYPES[dtype] ?? dtype;
    return [tensorOf({ file, name, type, shape, bytes: data.subarray(from, to), little: true })];
  });
}
