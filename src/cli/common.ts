/** What the commands share: reading bounded files, one-line errors, whole-file writes, and exit codes. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { encodeInstance } from "../certificate/encode.js";
import type { Certificate, Instance } from "../certificate/format.js";
import { InputError, readJson } from "../problem/decode.js";
import { acceptedIn } from "../report/accepted.js";

/** Exit codes (interface). */
export const EXIT = { done: 0, rejected: 1, badInput: 2, undecided: 3 } as const;

const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** The text of a file; throws InputError when it is not a readable, bounded, non-empty regular file. */
export function readText(path: string): string {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) throw new InputError("", "is a directory, not a file");
    if (!stats.isFile()) throw new InputError("", "is not a regular file");
    if (stats.size > MAX_FILE_BYTES) throw new InputError("", `is larger than ${MAX_FILE_BYTES / 2 ** 20} MiB`);
    if (stats.size === 0) throw new InputError("", "is empty");
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof InputError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    throw new InputError("", code === "ENOENT" ? "no such file" : `cannot be read (${code ?? "unknown error"})`);
  }
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
    throw new InputError("", `cannot be written (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`);
  }
}

/** The hash by which `verify` and flow evidence name a problem: of its canonical text. */
export function problemHash(instance: Instance<unknown>): string {
  return createHash("sha256").update(canonicalText(instance)).digest("hex").slice(0, 16);
}

/** Equal texts mean equal problems with equal points. */
export function canonicalText(instance: Instance<unknown>): string {
  return JSON.stringify(encodeInstance(instance));
}

/** One line on stderr: `FILE: where: what is wrong`. */
export function reportError(file: string, { where, message }: InputError): void {
  process.stderr.write(`${file}: ${where === "" ? "" : `${where}: `}${message}\n`);
}

/** A certificate's text and what the kernel accepts of it, or the exit code after saying on stderr why there is none. */
export function readAccepted(
  path: string,
): { readonly text: string; readonly certificate: Certificate<unknown> } | number {
  try {
    const text = readText(path);
    const certificate = acceptedIn(readJson(text));
    if (!("clause" in certificate)) return { text, certificate };
    const { clause, where, found } = certificate;
    process.stderr.write(`${path}: REJECTED by ${clause}: ${where === "" ? "" : `${where}: `}${found}\n`);
    return EXIT.rejected;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    reportError(path, error);
    return EXIT.badInput;
  }
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
      if (terminal) process.stderr.write(`\r\u001b[2K${label}: ${stage} …`);
    },
    done: () => {
      if (terminal) process.stderr.write("\r\u001b[2K");
    },
  };
}
