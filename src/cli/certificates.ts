/** Reading certificates, of which only accepted ones are shown, and writing them. */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { InputError, readJson } from "../network/decode.js";
import { type Accepted, acceptedIn } from "../report/accepted.js";
import { refusalText } from "../report/text.js";
import { badInput, complain, EXIT, readText, writeAtomically } from "./common.js";
import { sha256 } from "./hash.js";
import { ensureSort, sortOf } from "./sorts.js";

/** A certificate's text and what the kernel accepts of it, or the exit code after saying on stderr why there is none. */
export function readAccepted(path: string): (Accepted & { readonly text: string }) | number {
  try {
    const text = readText(path);
    ensureSort(path, text, "certificate");
    const accepted = acceptedIn(readJson(text));
    if (!("clause" in accepted)) return { ...accepted, text };
    complain(`${path}: REJECTED ${refusalText(accepted)}`);
    return EXIT.rejected;
  } catch (error) {
    return badInput(path, error);
  }
}

/** Throws InputError where a certificate would be written over a file that is none. */
export function ensureReplaceable(path: string): void {
  if (existsSync(path) && sortOf(path, readText(path)) !== "certificate")
    throw new InputError("", `its certificate would be written over ${path}, which is none; choose another --out`);
}

/**
 * Writes a certificate. One of the same name, but of another problem or point, is not lost: it goes into a folder beside, and the path
 * where it is now is returned. Throws InputError.
 */
export function writeCertificate(path: string, text: string): string | null {
  ensureReplaceable(path);
  const earlier = existsSync(path) ? readText(path) : null;
  const kept = earlier === null || problemIn(earlier) === problemIn(text) ? null : earlier;
  if (kept === null) {
    writeAtomically(path, text);
    return null;
  }
  const name = `${basename(path, ".json")}-${sha256(kept).slice(0, 8)}.json`;
  const away = join(dirname(path), "replaced", name);
  writeAtomically(away, kept);
  writeAtomically(path, text);
  return away;
}

/** What a certificate is about, less the author's words. */
function problemIn(text: string): string {
  const { problem } = readJson(text) as { readonly problem?: object };
  const { title, claim, ...rest } = { title: null, claim: null, ...problem };
  return JSON.stringify(rest);
}
