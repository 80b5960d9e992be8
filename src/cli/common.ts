/** What the commands share: reading bounded files, one-line errors, whole-file writes, and exit codes. */
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { InputError } from "../network/decode.js";

/** Exit codes (interface). */
export const EXIT = { done: 0, rejected: 1, badInput: 2, undecided: 3 } as const;

/** Standard input, by its descriptor: touching `process.stdin` would make it non-blocking. */
const STDIN = 0;
const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** The text of a file, or of standard input for `-`, without a byte order mark; throws InputError when it is not readable, bounded and non-empty. */
export function readText(path: string): string {
  try {
    return (path === "-" ? readInput() : readFile(path)).replace(/^\ufeff/, "");
  } catch (error) {
    if (error instanceof InputError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    throw new InputError("", code === "ENOENT" ? "no such file" : `cannot be read (${code ?? "unknown error"})`);
  }
}

function readFile(path: string): string {
  const stats = statSync(path);
  if (stats.isDirectory()) throw new InputError("", "is a directory, not a file");
  if (!stats.isFile()) throw new InputError("", "is not a regular file");
  ensureSize(stats.size);
  return readFileSync(path, "utf8");
}

function readInput(): string {
  const text = readFileSync(STDIN, "utf8");
  ensureSize(Buffer.byteLength(text));
  return text;
}

function ensureSize(bytes: number): void {
  if (bytes > MAX_FILE_BYTES) throw new InputError("", `is larger than ${MAX_FILE_BYTES / 2 ** 20} MiB`);
  if (bytes === 0) throw new InputError("", "is empty");
}

/** Writes the whole file or nothing: to a temporary file beside it, then renamed. Throws InputError when that fails. */
export function writeAtomically(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, text);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new InputError(path, `cannot be written (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`);
  }
}

/** What the files of margincert are, by the middle of their format, and who takes them. */
const SORTS = {
  problem: "is a problem file; `margincert check` takes it",
  certificate: "is a certificate; `margincert verify` takes it",
  flow: "is flow evidence, floating point that proves nothing",
} as const;

export type Sort = keyof typeof SORTS;

/** The sort of file that a JSON value says it is. */
export function sortOf(content: unknown): Sort | null {
  const format = typeof content === "object" && content !== null && "format" in content ? content.format : null;
  const sort = typeof format === "string" ? /^margincert\/(\w+)\/\d+$/.exec(format)?.[1] : undefined;
  return sort !== undefined && Object.hasOwn(SORTS, sort) ? (sort as Sort) : null;
}

/** Throws InputError where the JSON value says that it is of another sort, with the command that takes it. */
export function ensureSort(content: unknown, wanted: Sort): void {
  const sort = sortOf(content);
  if (sort !== null && sort !== wanted) throw new InputError("format", `this ${SORTS[sort]}`);
}

/** What steers a terminal, or turns the direction of the text around it. */
const STEERING = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** Words from files, and their names, as they may stand on a terminal: what would steer it is shown by its number. */
export function harmless(words: string): string {
  return words.replace(STEERING, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}

/** Text for people on stdout. */
export function say(words: string): void {
  process.stdout.write(harmless(words));
}

/** A JSON text on stdout, which a terminal may show as well. */
export function sayJson(value: unknown): void {
  const text = JSON.stringify(value, null, 2);
  const escaped = text.replace(STEERING, (c) =>
    c
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
  process.stdout.write(`${escaped}\n`);
}

/** One line on stderr: `FILE: where: what is wrong`. */
export function reportError(file: string, { where, message }: InputError): void {
  complain(`${file}: ${where === "" ? "" : `${where}: `}${message}`);
}

/** One line on stderr, whatever is in it. */
export function complain(line: string): void {
  process.stderr.write(`${harmless(line.replaceAll("\n", " "))}\n`);
}

/** Reports a fault in what the user gave, and returns its exit code; throws whatever else is the matter. */
export function badInput(file: string, error: unknown): number {
  if (!(error instanceof InputError)) throw error;
  reportError(file, error);
  return EXIT.badInput;
}

/** The worst of the exit codes: a bug before bad input before an open question. */
export function worst(codes: readonly number[]): number {
  return [EXIT.rejected, EXIT.badInput, EXIT.undecided].find((code) => codes.includes(code)) ?? EXIT.done;
}

/** Shows the stage of long work on stderr while it is a terminal; `done` clears the line. */
export function progressLine(label: string): { readonly show: (stage: string) => void; readonly done: () => void } {
  const terminal = process.stderr.isTTY === true;
  return {
    show: (stage) => {
      if (terminal) process.stderr.write(`\r\u001b[2K${harmless(`${label}: ${stage}`)} …`);
    },
    done: () => {
      if (terminal) process.stderr.write("\r\u001b[2K");
    },
  };
}
