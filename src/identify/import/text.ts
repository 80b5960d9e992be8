/** Numbers and tensors that stand as text: JSON and CSV. A decimal is taken as it is written: 0.1 is 1/10. */
import { type Rational, rational } from "../../exact/rational.js";
import { describe, InputError, isInexactNumber, readJson, record } from "../../network/decode.js";
import { number } from "../../problem/numbers.js";
import { isRational } from "../../problem/plain.js";
import { ensureFew, type SourceFile, sizeOf, type Tensor, tensorFrom } from "./tensor.js";

const MAX_DIGITS = 1000;
const MAX_EXPONENT = 400;
const MAX_DEPTH = 8;
const MAX_TEXT_BYTES = 24 * 1024 * 1024;

/** The rational number of a decimal such as `-1.5e-3`, or null. */
export function parseDecimal(text: string): Rational | null {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?$/.exec(text);
  if (match === null || text.length > MAX_DIGITS) return null;
  const [, sign, before = "", after = "", exponent = "0"] = match;
  const power = Number(exponent) - after.length;
  if (before + after === "" || Math.abs(Number(exponent)) > MAX_EXPONENT) return null;
  const digits = BigInt(sign + before + after);
  return power < 0 ? rational(digits, 10n ** BigInt(-power)) : rational(digits * 10n ** BigInt(power));
}

/** A JSON number, or a string in the number syntax of problem files that is rational. Throws InputError. */
export function jsonNumber(value: unknown, where: string): Rational {
  if (isInexactNumber(value)) {
    const decimal = parseDecimal((value as string).slice(1));
    if (decimal === null) throw new InputError(where, `${describe(value)} is too long or too large`);
    return decimal;
  }
  const { plain } = number(value, where).expression;
  if (!isRational(plain))
    throw new InputError(where, `${describe(value)} is not rational: only rational numbers are read here`);
  return plain.value;
}

/** The tensors of JSON: nested lists of numbers, in objects by name or in a list by position; throws InputError. */
export function readJsonTensors(file: SourceFile): Tensor[] {
  return tensorsOf(file.name, jsonOf(file));
}

/** The text of a file of at most 24 MiB, enough for a million numbers. Throws InputError. */
export function textOf({ name, bytes }: SourceFile): string {
  if (bytes.length > MAX_TEXT_BYTES) throw new InputError(name, `is text of more than ${MAX_TEXT_BYTES / 2 ** 20} MiB`);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .toString("utf8")
    .replace(/^\uFEFF/, "");
}

/** JSON without a loss (`parseJson`); throws InputError. */
export function jsonOf(file: SourceFile): unknown {
  try {
    return readJson(textOf(file));
  } catch (error) {
    throw error instanceof InputError ? new InputError(file.name, error.message) : error;
  }
}

/** A list of at least two levels of numbers is one matrix; any other list at the top is one of tensors, named by position. */
export function tensorsOf(file: string, value: unknown): Tensor[] {
  const tensors: Tensor[] = [];
  const visit = (one: unknown, name: string, depth: number): void => {
    const place = name === "" ? file : `${file}: ${name}`;
    if (depth > MAX_DEPTH) throw new InputError(place, `nested more than ${MAX_DEPTH} deep`);
    const below = (key: string | number) => (name === "" ? String(key) : `${name}.${key}`);
    if (!Array.isArray(one)) {
      for (const [key, entry] of record(one, place)) visit(entry, below(key), depth + 1);
      return;
    }
    const shape = shapeOf(one);
    const isTensor = shape !== null && (name !== "" || shape.length === 2);
    if (isTensor) {
      ensureFew(sizeOf(shape), place);
      tensors.push(tensorFrom(file, name === "" ? "0" : name, shape, numbersOf(one, place)));
    } else if (name === "" && one.every(Array.isArray)) {
      for (const [k, entry] of one.entries()) visit(entry, below(k), depth + 1);
    } else throw new InputError(place, "expected a matrix with rows of one length, or at the top a list of matrices");
  };
  visit(value, "", 0);
  return tensors;
}

/** The shape of nested lists of one length per level, or null. */
function shapeOf(value: unknown): number[] | null {
  if (!Array.isArray(value)) return [];
  if (value.length === 0) return null;
  const shapes = value.map(shapeOf);
  const first = shapes[0]!;
  return first !== null && shapes.every((shape) => String(shape) === String(first) && shape !== null)
    ? [value.length, ...first]
    : null;
}

function numbersOf(value: unknown, where: string): Rational[] {
  return Array.isArray(value)
    ? value.flatMap((one, k) => numbersOf(one, `${where}[${k}]`))
    : [jsonNumber(value, where)];
}

/** The rows of a JSON matrix with rows of one length; throws InputError. */
export function jsonRow(value: unknown, where: string): Rational[] {
  if (!Array.isArray(value)) throw new InputError(where, `expected a list of numbers, found ${describe(value)}`);
  return value.map((one, k) => jsonNumber(one, `${where}[${k}]`));
}
