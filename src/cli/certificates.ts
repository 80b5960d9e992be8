/** Reading certificates, of which only accepted ones are shown, and writing them. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { writeAtomically } from "../files/write.js";
import { InputError, readJson } from "../network/decode.js";
import { type Accepted, acceptedIn } from "../report/accepted.js";
import { refusalText } from "../report/text.js";
import { badInput, complain, EXIT, readText } from "./common.js";
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
  const isOther = earlier !== null && problemIn(earlier) !== problemIn(text);
  const away = isOther ? keep(path, earlier) : null;
  writeAtomically(path, text);
  return away;
}

/** Takes certificates of an earlier run, NAME.k.json for k > count, out of the way: a reader of NAME.*.json would take them for this run's. */
export function setAside(folder: string, name: string, count: number): readonly { path: string; now: string }[] {
  const pieceOf = (file: string) =>
    file.startsWith(`${name}.`) && file.endsWith(".json") ? file.slice(name.length + 1, -".json".length) : "";
  const files = existsSync(folder) ? readdirSync(folder).sort() : [];
  const stale = files.filter((file) => /^[1-9]\d*$/.test(pieceOf(file)) && Number(pieceOf(file)) > count);
  return stale.flatMap((file) => {
    const path = join(folder, file);
    const text = readText(path);
    if (sortOf(path, text) !== "certificate") return [];
    const now = keep(path, text);
    rmSync(path);
    return [{ path, now }];
  });
}

/** Keeps what is in a file in a folder beside it, under a name of its own. */
function keep(path: string, text: string): string {
  const away = join(dirname(path), "replaced", `${basename(path, ".json")}-${sha256(text).slice(0, 8)}.json`);
  writeAtomically(away, text);
  return away;
}

/** What a certificate is about, less the author's words. */
function problemIn(text: string): string {
  const { problem } = readJson(text) as { readonly problem?: object };
  const { title, claim, ...rest } = { title: null, claim: null, ...problem };
  return JSON.stringify(rest);
}
