/** Tensors of weight and data files: named views of bytes whose entries are exact rationals. */
import { Q, type Rational, rational } from "../../exact/rational.js";
import { InputError } from "../../network/decode.js";

export interface SourceFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Tensor {
  /** The file, for messages. */
  readonly file: string;
  /** The path inside the file, its steps joined by dots. */
  readonly name: string;
  readonly shape: readonly number[];
  /** The number type as numpy and torch name it. */
  readonly type: string;
  /** Two tensors with the same key are one: the same numbers of the same memory. */
  readonly key: string;
  /** The entry at a position of the row-major order. Throws InputError where it is no finite number. */
  readonly at: (position: number) => Rational;
}

/** The place of a tensor in messages. */
export const placeOf = ({ file, name }: { readonly file: string; readonly name: string }): string =>
  name === "" ? file : `${file}: ${name}`;

/** `6×2`, or `()` for a single number. */
export const shapeText = (shape: readonly number[]): string => (shape.length === 0 ? "()" : shape.join("×"));

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** How a number lies in bytes; `read` gives null for infinities and NaN. */
export interface NumberType {
  readonly bytes: number;
  readonly read: (view: DataView, offset: number, little: boolean) => Rational | null;
}

/** An unsigned integer of 1, 2, 4 or 8 bytes. */
function bitsAt(view: DataView, offset: number, bytes: number, little: boolean): bigint {
  if (bytes === 8) return view.getBigUint64(offset, little);
  if (bytes === 4) return BigInt(view.getUint32(offset, little));
  return BigInt(bytes === 2 ? view.getUint16(offset, little) : view.getUint8(offset));
}

/** A binary float is ± significand · 2^k: a dyadic rational, read off its bits. */
function float(bytes: number, exponentBits: number): NumberType {
  const fractionBits = 8 * bytes - 1 - exponentBits;
  const hidden = 1n << BigInt(fractionBits);
  const special = 2 ** exponentBits - 1;
  const lowest = 2 - 2 ** (exponentBits - 1) - fractionBits;
  return {
    bytes,
    read: (view, offset, little) => {
      const bits = bitsAt(view, offset, bytes, little);
      const exponent = Number(bits >> BigInt(fractionBits)) & special;
      if (exponent === special) return null;
      const fraction = bits & (hidden - 1n);
      const significand = exponent === 0 ? fraction : fraction | hidden;
      const signed = bits >> BigInt(8 * bytes - 1) === 0n ? significand : -significand;
      const power = lowest + Math.max(0, exponent - 1);
      return power < 0 ? rational(signed, 1n << BigInt(-power)) : rational(signed << BigInt(power));
    },
  };
}

function whole(bytes: number, signed: boolean): NumberType {
  return {
    bytes,
    read: (view, offset, little) => {
      const bits = bitsAt(view, offset, bytes, little);
      return rational(signed ? BigInt.asIntN(8 * bytes, bits) : bits);
    },
  };
}

/** The types that are read; all others (complex, strings, quantised, …) are refused by their name. */
export const NUMBER_TYPES: ReadonlyMap<string, NumberType> = new Map([
  ["float16", float(2, 5)],
  ["bfloat16", float(2, 8)],
  ["float32", float(4, 8)],
  ["float64", float(8, 11)],
  ["int8", whole(1, true)],
  ["int16", whole(2, true)],
  ["int32", whole(4, true)],
  ["int64", whole(8, true)],
  ["uint8", whole(1, false)],
  ["uint16", whole(2, false)],
  ["uint32", whole(4, false)],
  ["uint64", whole(8, false)],
  ["bool", whole(1, false)],
]);

/** The largest count of entries of one tensor: networks here have at most a million weights. */
const MAX_ENTRIES = 100_000_000;
const MAX_RANK = 8;

/** Where a tensor lies in bytes. Strides and offset count entries, not bytes; row-major without strides. */
export interface Layout {
  readonly file: string;
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly strides?: readonly number[];
  readonly offset?: number;
  readonly bytes: Uint8Array;
  readonly little: boolean;
  readonly key?: string;
}

/**
 * The tensor at a layout, its entries read when asked for. A type that is not read is refused at the first entry, so that a file may
 * hold such a tensor beside those that are wanted. Throws InputError where the layout leaves the bytes.
 */
export function tensorOf(layout: Layout): Tensor {
  const { file, name, type, shape, offset = 0, bytes, little } = layout;
  const where = placeOf(layout);
  const strides = layout.strides ?? rowMajor(shape);
  if (![...shape, ...strides, offset].every((n) => Number.isSafeInteger(n) && n >= 0)) {
    throw new InputError(
      where,
      `shape ${shapeText(shape)}, strides ${shapeText(strides)} and offset ${offset} are no layout`,
    );
  }
  const entries = sizeOf(shape);
  if (shape.length > MAX_RANK || strides.length !== shape.length || entries > MAX_ENTRIES) {
    throw new InputError(where, `a tensor of shape ${shapeText(shape)}: at most ${MAX_ENTRIES} entries are read`);
  }
  const number = NUMBER_TYPES.get(type);
  const last = shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis]!, offset);
  if (number !== undefined && entries > 0 && (last + 1) * number.bytes > bytes.length) {
    throw new InputError(
      where,
      `${type} of shape ${shapeText(shape)} needs ${(last + 1) * number.bytes} bytes, there are ${bytes.length}: the file is damaged`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = (position: number): Rational => {
    if (number === undefined) throw new InputError(where, `${type} numbers are not read: save it as float64`);
    let rest = position;
    let entry = offset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      entry += (rest % shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    const value = number.read(view, entry * number.bytes, little);
    if (value === null) throw new InputError(where, `entry ${position + 1} is infinite or not a number (NaN)`);
    return value;
  };
  return { file, name, shape, type, key: `${file}: ${layout.key ?? name}`, at };
}

/** A tensor of numbers that are there already. */
export function tensorFrom(file: string, name: string, shape: readonly number[], values: readonly Rational[]): Tensor {
  return { file, name, shape, type: "text", key: `${file}: ${name}`, at: (position) => values[position]! };
}

export function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/** Throws InputError for more than a million numbers. */
export function ensureFew(count: number, where: string): void {
  if (count > 1_000_000) throw new InputError(where, `${count} numbers; at most a million are supported`);
}

/** All entries, row-major. Throws InputError for more than a million. */
export function entriesOf(tensor: Tensor): Rational[] {
  const entries = sizeOf(tensor.shape);
  ensureFew(entries, placeOf(tensor));
  return Array.from({ length: entries }, (_, position) => tensor.at(position));
}

/** The rows of a matrix of this many columns, from its entries. */
export function rowsOf(entries: readonly Rational[], columns: number): Rational[][] {
  const rows = columns === 0 ? 0 : entries.length / columns;
  return Array.from({ length: rows }, (_, i) => entries.slice(i * columns, (i + 1) * columns));
}

export const allZero = (entries: readonly Rational[]): boolean => entries.every(Q.isZero);
