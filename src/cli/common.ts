/** What the commands share: reading bounded files, one-line errors, and exit codes. */
import { readFileSync, statSync } from "node:fs";
import { InputError } from "../network/decode.js";

/** Exit codes (interface). */
export const EXIT = { done: 0, rejected: 1, badInput: 2, undecided: 3 } as const;

/** Standard input, by its descriptor: touching `process.stdin` would make it non-blocking. */
const STDIN = 0;
const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** The text of a file, or of standard input for `-`, without a byte order mark; throws InputError when it is not readable, bounded and non-empty. */
export function readText(path: string): string {
  try {
    const bytes = path === "-" ? readFileSync(STDIN) : readFile(path);
    ensureSize(bytes.length);
    return textOf(bytes);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    throw new InputError("", code === "ENOENT" ? "no such file" : `cannot be read (${code ?? "unknown error"})`);
  }
}

function readFile(path: string): Buffer {
  const stats = statSync(path);
  if (stats.isDirectory()) throw new InputError("", "is a directory, not a file");
  if (!stats.isFile()) throw new InputError("", "is not a regular file");
  ensureSize(stats.size);
  return readFileSync(path);
}

/** UTF-8, or as its byte order mark says: what PowerShell writes is UTF-16. */
function textOf(bytes: Buffer): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}

function ensureSize(bytes: number): void {
  if (bytes > MAX_FILE_BYTES) throw new InputError("", `is larger than ${MAX_FILE_BYTES / 2 ** 20} MiB`);
  if (bytes === 0) throw new InputError("", "is empty");
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

/** On stderr, a line for each fault: `FILE: where: what is wrong`. */
export function reportError(file: string, error: InputError): void {
  for (const { where, message } of [error, ...error.others])
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

/**
 * Shows the stage of long work on stderr while it is a terminal, and where its end is known the time that is left at most; `done` clears the
 * line.
 */
export function progressLine(label: string): {
  readonly show: (stage: string, done?: number, most?: number) => void;
  readonly done: () => void;
} {
  const terminal = process.stderr.isTTY === true;
  let [current, since] = ["", 0];
  return {
    show: (stage, done, most) => {
      if (stage !== current) [current, since] = [stage, performance.now()];
      if (!terminal) return;
      const part =
        done === undefined || most === undefined ? "" : `, ${partText(done, most, performance.now() - since)}`;
      process.stderr.write(`\r\u001b[2K${harmless(`${label}: ${stage}${part}`)} …`);
    },
    done: () => {
      if (terminal) process.stderr.write("\r\u001b[2K");
    },
  };
}

/** How much is done of what is to be done at most, and how long that takes at this pace. */
export function partText(done: number, most: number, milliseconds: number): string {
  const left = done === 0 ? null : (milliseconds / 1000 / done) * (most - done);
  const time =
    left === null
      ? ""
      : left < 90
        ? `, at most ${Math.ceil(left)} s left`
        : `, at most ${Math.ceil(left / 60)} min left`;
  return `${done} of at most ${most}${time}`;
}
