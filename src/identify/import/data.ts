/** Labelled samples from files: arrays X and y (npz, npy, safetensors, torch, JSON), CSV, or JSON lists of {x, y}. */
import { Q, type Rational, rational } from "../../exact/rational.js";
import { InputError, record } from "../../network/decode.js";
import { ensureFew, entriesOf, placeOf, rowsOf, type SourceFile, shapeText, sizeOf, type Tensor } from "./tensor.js";
import { jsonNumber, jsonOf, jsonRow, parseDecimal, tensorsOf, textOf } from "./text.js";
import { isJson, readTensors } from "./weights.js";

export interface ImportedData {
  readonly file: string;
  readonly x: readonly (readonly Rational[])[];
  /** The shape of a sample before it was made a vector. */
  readonly shape: readonly number[];
  /** As they stand in the file; from 0 where it had them as rows with a single 1. */
  readonly labels: readonly Rational[];
  /** The number of classes where the file had a column for each. */
  readonly classes: number | null;
  readonly notes: readonly string[];
}

export interface DataOptions {
  /** The names of the arrays, or of the label's column. Defaults: X or x; y or Y; in a CSV file y, label, target or class, or the last column. */
  readonly x?: string;
  readonly y?: string;
}

const MAX_SAMPLES = 100_000;

/** The samples of data files: one file, or the two arrays X and y. Throws InputError with the place and what to do. */
export async function importData(files: readonly SourceFile[], options: DataOptions = {}): Promise<ImportedData> {
  const file = files.map(({ name }) => name).join(", ");
  const [first] = files;
  const read = async (): Promise<ImportedData> => {
    if (first !== undefined && files.length === 1) {
      if (isJson(first.bytes)) return dataOfJson(first, options);
      if (isText(first.bytes)) return await dataOfCsv(first, options);
    }
    return dataOfTensors(file, readTensors(files), options);
  };
  const data = await read();
  if (data.x.length === 0) throw new InputError(file, "holds no samples");
  return data;
}

/** CSV has no mark: it is what has no control characters. */
const isText = (bytes: Uint8Array): boolean =>
  bytes.length > 0 && bytes.subarray(0, 1000).every((byte) => byte >= 32 || (byte >= 9 && byte <= 13));

function dataOfTensors(file: string, tensors: readonly Tensor[], options: DataOptions): ImportedData {
  const pick = (
    option: string,
    asked: string | undefined,
    names: readonly string[],
    rank: (axes: number) => boolean,
  ): Tensor => {
    const wanted = asked === undefined ? names : [asked];
    const named = tensors.filter(({ name }) => wanted.includes(name));
    const found =
      named.length > 0 || asked !== undefined || tensors.length !== 2
        ? named
        : tensors.filter(({ shape }) => rank(shape.length));
    if (found.length === 1) return found[0]!;
    const held = tensors
      .map(({ name, shape }) => `${name} (${shapeText(shape)})`)
      .slice(0, 20)
      .join(", ");
    throw new InputError(
      file,
      `expected one array ${wanted.join(" or ")}, name it with ${option}; found ${held || "no arrays"}`,
    );
  };
  const X = pick("--x", options.x, ["X", "x"], (axes) => axes > 1);
  const y = pick("--y", options.y, ["y", "Y"], (axes) => axes === 1);
  const [samples = 0, ...shape] = X.shape.length === 1 ? [X.shape[0]!, 1] : X.shape;
  if (samples > MAX_SAMPLES) throw new InputError(placeOf(X), `${samples} samples; at most ${MAX_SAMPLES} are read`);
  const classes = y.shape.length === 2 && y.shape[1]! > 1 ? y.shape[1]! : null;
  if (X.shape.length === 0 || y.shape[0] !== samples || sizeOf(y.shape) !== samples * (classes ?? 1)) {
    throw new InputError(
      file,
      `${X.name} has the shape ${shapeText(X.shape)} and ${y.name} ${shapeText(y.shape)}: expected as many labels as samples`,
    );
  }
  const entries = entriesOf(y);
  const labels =
    classes === null ? entries : rowsOf(entries, classes).map((row, i) => singleOne(row, `${placeOf(y)}[${i}]`));
  const notes = classes === null ? [] : [`${y.name} has a column for each class: class k is that of column k.`];
  return { file, x: rowsOf(entriesOf(X), sizeOf(shape)), shape, labels, classes, notes };
}

function singleOne(row: readonly Rational[], where: string): Rational {
  const ones = [...row.keys()].filter((k) => !Q.isZero(row[k]!));
  if (ones.length !== 1 || !row[ones[0]!]!.equals(1n))
    throw new InputError(where, "expected one 1 and zeros, or one label per sample");
  return rational(BigInt(ones[0]!));
}

function dataOfJson(file: SourceFile, options: DataOptions): ImportedData {
  const json = jsonOf(file);
  const list = Array.isArray(json) ? json : record(json, file.name).get("data");
  if (!Array.isArray(list)) {
    const [x, y] = [options.x ?? ["X", "x"], options.y ?? ["y", "Y"]];
    const wanted = [...record(json, file.name)].filter(([key]) => x.includes(key) || y.includes(key));
    return dataOfTensors(file.name, tensorsOf(file.name, Object.fromEntries(wanted)), options);
  }
  if (list.length > MAX_SAMPLES)
    throw new InputError(file.name, `${list.length} samples; at most ${MAX_SAMPLES} are read`);
  const samples = list.map((value, i) => {
    const where = `${file.name}: [${i}]`;
    const sample = record(value, where);
    return { x: jsonRow(sample.get("x"), `${where}.x`), y: jsonNumber(sample.get("y"), `${where}.y`) };
  });
  const width = samples[0]?.x.length ?? 0;
  const uneven = samples.findIndex(({ x }) => x.length !== width);
  if (uneven >= 0)
    throw new InputError(
      `${file.name}: [${uneven}].x`,
      `${samples[uneven]!.x.length} entries, the first sample has ${width}`,
    );
  return {
    file: file.name,
    x: samples.map(({ x }) => x),
    shape: [width],
    labels: samples.map(({ y }) => y),
    classes: null,
    notes: [],
  };
}

/** Characters of a row. */
const MAX_ROW = 1_000_000;
const LABELS = /^(y|labels?|targets?|class|classes)$/i;

/** A header is a first row with a cell that is no number. */
async function dataOfCsv(source: SourceFile, options: DataOptions): Promise<ImportedData> {
  const { parse } = await import("csv-parse/sync");
  const file = source.name;
  const text = textOf(source);
  const start = text.split("\n").find((line) => line.trim() !== "" && !line.startsWith("#")) ?? "";
  const delimiter = ["\t", ";", ",", " "].find((one) => start.includes(one)) ?? ",";
  const records = ((): string[][] => {
    try {
      return parse(text, {
        delimiter,
        comment: "#",
        comment_no_infix: true,
        skip_empty_lines: true,
        trim: true,
        max_record_size: MAX_ROW,
      });
    } catch (error) {
      throw new InputError(file, `is not CSV: ${(error as Error).message}`);
    }
  })();
  const header = records[0]?.some((cell) => parseDecimal(cell) === null) ? records[0] : null;
  const rows = header === null ? records : records.slice(1);
  const columns = records[0]?.length ?? 0;
  if (columns < 2)
    throw new InputError(file, "expected at least two columns, the last of them or the one named by --y the label");
  if (rows.length > MAX_SAMPLES) throw new InputError(file, `${rows.length} samples; at most ${MAX_SAMPLES} are read`);
  ensureFew(rows.length * columns, file);
  if (header?.[0] === "") {
    throw new InputError(
      file,
      "its first column has no name, as an index that pandas wrote: save with to_csv(…, index=False)",
    );
  }
  const named = (header ?? []).flatMap((cell, j) =>
    (options.y === undefined ? LABELS.test(cell) : cell === options.y) ? [j] : [],
  );
  if (options.y !== undefined && named.length !== 1) {
    throw new InputError(
      file,
      `has no single column ${JSON.stringify(options.y)}${header === null ? ": it has no header" : `; its columns are ${header.join(", ")}`}`,
    );
  }
  const label = named.length === 1 ? named[0]! : columns - 1;
  const numbers = rows.map((row, i) =>
    row.map((cell, j) => {
      const value = parseDecimal(cell);
      if (value !== null) return value;
      throw new InputError(
        `${file}: sample ${i + 1}, column ${header?.[j] ?? j + 1}`,
        `expected a number, found ${JSON.stringify(cell.slice(0, 40))}`,
      );
    }),
  );
  const note = `The label is the column ${header?.[label] ?? label + 1}; the decimals were taken as they are written.`;
  return {
    file,
    x: numbers.map((row) => row.filter((_, j) => j !== label)),
    shape: [columns - 1],
    labels: numbers.map((row) => row[label]!),
    classes: null,
    notes: [note],
  };
}
