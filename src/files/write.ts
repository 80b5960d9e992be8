/** Writing files. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { InputError } from "../network/decode.js";

/**
 * Writes the whole file or nothing: to a temporary file beside it, onto the disk, then renamed. Throws InputError when that fails, with the
 * remedy, if there is one, behind the cause.
 */
export function writeAtomically(path: string, text: string, remedy?: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, text, { flush: true });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw cannotWrite(path, error, remedy);
  }
}

/** The error of a write that failed, in words. */
export function cannotWrite(path: string, error: unknown, remedy?: string): InputError {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === "ENOSPC" ? "the disk is full" : (code ?? "unknown error");
  return new InputError(path, `cannot be written (${why})${remedy === undefined ? "" : `; ${remedy}`}`);
}
