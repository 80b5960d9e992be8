/** `margincert identify WEIGHTS… --data DATA…`: the KKT points that trained weights approach, with their verdicts. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { Q, rational } from "../exact/rational.js";
import { writeAtomically } from "../files/write.js";
import { type ImportedData, importData } from "../identify/import/data.js";
import { importProblem } from "../identify/import/problem.js";
import type { SourceFile } from "../identify/import/tensor.js";
import { importWeights, isJson } from "../identify/import/weights.js";
import { type Identification, identify } from "../identify/index.js";
import { elementOf, identificationText } from "../identify/table.js";
import { InputError } from "../network/decode.js";
import type { Instance, Problem } from "../network/instance.js";
import { writeCertificate } from "./certificates.js";
import { failed } from "./check.js";
import { complain, EXIT, progressLine, say, sayJson, worst } from "./common.js";
import { readProblem } from "./problems.js";
import { ensureSort, type Sort } from "./sorts.js";

interface Options {
  readonly data: readonly string[];
  readonly activation?: string;
  readonly layers?: string;
  readonly transpose?: true;
  readonly stride?: string;
  readonly x?: string;
  readonly y?: string;
  readonly classesFrom?: string;
  readonly at?: string;
  readonly digits: string;
  readonly out: string;
  readonly attracts?: true;
  readonly json?: true;
}

const MAX_FILE_BYTES = 256 * 1024 * 1024;
const MAX_DIGITS = 1000;

export function register(command: Command): void {
  command
    .requiredOption("--data <file...>", "the samples: .npz, CSV, JSON, …; or two .npy, X and y")
    .option("--activation <name>", "relu, linear or leaky-relu:SLOPE, or one per hidden layer, separated by commas")
    .option("--layers <names>", "the layers' tensors from the input to the output, separated by commas")
    .option("--transpose", "matrices are in × out, as in x @ W, instead of torch's out × in")
    .option("--stride <n>", "of a convolution whose file does not say it")
    .option("--x <name>", "the array of inputs (default: X or x)")
    .option("--y <name>", "the column or array of labels (default: y, label, target or class)")
    .option("--classes-from <n>", "the number of the first class, 0 or 1, where the labels do not show it")
    .option("--digits <n>", "an enclosed point is known to this many decimals at least", "20")
    .option(
      "--at <value>",
      "the data are those of a family, a problem file, at this value of its parameter, such as s=1/2",
    )
    .option("--attracts", "also prove that training on, by gradient flow, converges from these weights to the point")
    .option("--out <dir>", "where to write problem files and certificates", "identified")
    .option("--json", "print one JSON array on stdout, with an element per network, nothing else")
    .action(async (files: string[], options: Options) => {
      const codes: number[] = [];
      const elements: unknown[] = [];
      const names = new Map<string, string>();
      for (const weights of networksIn(files)) {
        try {
          const { element, text, code } = await identifyFiles(weights, options, names);
          elements.push(element);
          codes.push(code);
          if (!options.json) say(`${text}\n`);
        } catch (error) {
          codes.push(failedFiles(weights, options.data, error));
        }
      }
      if (options.json) sayJson(elements);
      process.exitCode = worst(codes);
    });
}

/** Each file is a network of its own, but arrays alone, `.npy`, are the layers of one. */
function networksIn(files: readonly string[]): (readonly string[])[] {
  return files.every((file) => /\.npy$/i.test(file)) ? [files] : files.map((file) => [file]);
}

/** Names the file in which the fault is, of weights or data. */
function failedFiles(weights: readonly string[], data: readonly string[], error: unknown): number {
  const all = weights.join(", ");
  if (!(error instanceof InputError)) return failed(all, error);
  const { where, message } = error;
  const file = [all, ...weights, ...data].find((one) => where === one || where.startsWith(`${one}: `));
  if (file === undefined) return failed(all, error);
  return failed(file, new InputError(where.slice(file.length).replace(/^: /, ""), message, error.others));
}

async function identifyFiles(weights: readonly string[], options: Options, names: Map<string, string>) {
  const name = nameFor(weights[0]!);
  const earlier = names.get(name);
  if (earlier !== undefined)
    throw new InputError("", `its name, ${name}, is also that of ${earlier}; their files would overwrite each other`);
  names.set(name, weights[0]!);
  const digits = wholeNumber("--digits", options.digits, 1, MAX_DIGITS);
  const network = await importWeights(
    weights.map((path) => readBytes(path, "arrays", "weights")),
    {
      ...(options.layers === undefined ? {} : { layers: options.layers.split(",").map((one) => one.trim()) }),
      ...(options.activation === undefined ? {} : { activation: options.activation }),
      ...(options.transpose === undefined ? {} : { transpose: true }),
    },
  );
  const data =
    options.at === undefined
      ? await importData(
          options.data.map((path) => readBytes(path, "arrays", "weights", "data")),
          {
            ...(options.x === undefined ? {} : { x: options.x }),
            ...(options.y === undefined ? {} : { y: options.y }),
          },
        )
      : familyData(options.data, options.at);
  const imported = importProblem(network, data, {
    ...(options.stride === undefined ? {} : { stride: wholeNumber("--stride", options.stride, 1, 100_000) }),
    ...(options.classesFrom === undefined
      ? {}
      : { classesFrom: wholeNumber("--classes-from", options.classesFrom, 0, 1) as 0 | 1 }),
  });
  const problem: Instance<typeof Q.zero> = {
    name,
    title: null,
    claim: null,
    network: imported.network,
    frozen: [],
    field: Q,
    data: imported.data,
    point: imported.point,
  };
  const progress = progressLine(name);
  try {
    const found = identify(problem, { digits, attracts: options.attracts === true, progress: progress.show });
    const { problemPath, certificatePath } = write(found, options.out);
    const noted = { ...found, notes: [...imported.notes, ...found.notes] };
    return {
      element: elementOf(found, problemPath, certificatePath),
      text: identificationText(noted, problemPath, certificatePath),
      code: found.kind === "none" || found.verdict.undecided.length > 0 ? EXIT.undecided : EXIT.done,
    };
  } finally {
    progress.done();
  }
}

/** The samples of a family at a value of its parameter. */
function familyData(files: readonly string[], at: string): ImportedData {
  const [file, ...others] = files;
  if (file === undefined || others.length > 0)
    throw new InputError("--data", "with --at the data are one problem file");
  const { problem } = readProblem(file, at);
  const { field, network, data } = problem as Problem<unknown>;
  if (field.degree > 1)
    throw new InputError(file, `the numbers at ${at} are not all rational: only rational numbers are read here`);
  return {
    file,
    x: data.map(({ x }) => x.map((value) => field.coordinates(value)[0]!)),
    shape: [network.inputs],
    // Classes count from 1 in problem files.
    labels: data.map(({ y }) => rational(BigInt(network.outputs === 1 ? y : y + 1))),
    classes: null,
    notes: [`The samples are those of ${file} at ${at}.`],
  };
}

/** The certificate is written last: where it stands, the problem file does. */
function write({ name, problem, certificate }: Identification, out: string) {
  const problemPath = join(out, "problems", `${name}.json`);
  writeAtomically(problemPath, problem);
  if (certificate === null) return { problemPath, certificatePath: null };
  const certificatePath = join(out, "certificates", `${name}.json`);
  const replaced = writeCertificate(certificatePath, certificate);
  if (replaced !== null)
    complain(`${certificatePath}: another point had this name; its certificate is now ${replaced}`);
  return { problemPath, certificatePath };
}

/** A legal name of a problem from the name of a file. */
function nameFor(path: string): string {
  const base = path.replace(/^.*[\\/]/, "").replace(/\.[A-Za-z0-9]+$/, "");
  const legal = base
    .replace(/[^A-Za-z0-9 ._-]/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 100);
  return legal === "" ? "weights" : legal;
}

function readBytes(path: string, ...wanted: readonly Sort[]): SourceFile {
  const cannot = (why: string) => new InputError(path, why);
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw cannot("is not a regular file");
    if (stats.size > MAX_FILE_BYTES) throw cannot(`is larger than ${MAX_FILE_BYTES / 2 ** 20} MiB`);
    const bytes = readFileSync(path);
    if (isJson(bytes)) ensureSort(path, bytes.toString("utf8"), ...wanted);
    return { name: path, bytes };
  } catch (error) {
    if (error instanceof InputError) throw error.where === "" ? cannot(error.message) : error;
    const code = (error as NodeJS.ErrnoException).code;
    throw cannot(code === "ENOENT" ? "no such file" : `cannot be read (${code ?? "unknown error"})`);
  }
}

function wholeNumber(option: string, text: string, low: number, high: number): number {
  const value = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= low && value <= high) return value;
  throw new InputError(option, `expected a whole number from ${low} to ${high}, found ${JSON.stringify(text)}`);
}
