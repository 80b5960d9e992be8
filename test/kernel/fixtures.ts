/** The certificates under `test/certificates`, where the folder is the expected verdict, and those of the paper's claims. */
import { readdirSync, readFileSync } from "node:fs";
import type { Clause } from "../../src/kernel/ensure.js";
import { type Refusal, verifyCertificate } from "../../src/kernel/verify.js";
import { parseJson } from "../../src/problem/decode.js";

// biome-ignore lint/suspicious/noExplicitAny: tampering is done on plain JSON
export type Json = any;

export interface Fixture {
  readonly name: string;
  readonly text: string;
}

export interface Rejected {
  readonly clause: Clause;
  /** The falsehood that it would have proved, or what is malformed. */
  readonly why: string;
  /** A certificate with one statement. */
  readonly certificate: Json;
}

function read(folder: string): Fixture[] {
  const place = new URL(`../../${folder}/`, import.meta.url);
  return readdirSync(place)
    .filter((file) => file.endsWith(".json") && !file.endsWith(".flow.json") && !file.endsWith(".logistic.flow.json"))
    .sort()
    .map((file) => ({ name: file.slice(0, -".json".length), text: readFileSync(new URL(file, place), "utf8") }));
}

export const paper = (): Fixture[] => read("certificates");
export const accepted = (): Fixture[] => read("test/certificates/accept");
export const rejected = (): (Rejected & { readonly name: string })[] =>
  read("test/certificates/reject").map(({ name, text }) => ({ name, ...(parseJson(text) as Rejected) }));
export const malformed = (): Fixture[] => read("test/certificates/nocrash");

/** The first refusal, or null where the kernel accepts every statement. */
export function refusalOf(certificate: unknown): Refusal | null {
  const verdict = verifyCertificate(certificate);
  if (!verdict.readable) return verdict.refusal;
  for (const statement of verdict.statements) if (!statement.accepted) return statement;
  return null;
}
