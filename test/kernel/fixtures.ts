/** The certificates under `test/certificates`, where the folder tells the expected verdict, and those of the paper's claims. */
import { readdirSync, readFileSync } from "node:fs";
import { readCertificate } from "../../src/kernel/certificate.js";
import { type Refusal, verifyCertificate } from "../../src/kernel/verify.js";
import { parseJson } from "../../src/network/decode.js";
import type { Instance } from "../../src/network/instance.js";

// biome-ignore lint/suspicious/noExplicitAny: tampering is done on plain JSON
export type Json = any;

export interface Fixture {
  readonly name: string;
  readonly text: string;
}

export interface Rejected {
  readonly clause: string;
  /** The falsehood that it would have proved, or what is malformed. */
  readonly why: string;
  /** A certificate with one statement. */
  readonly certificate: Json;
}

function read(folder: string): Fixture[] {
  const place = new URL(`../../${folder}/`, import.meta.url);
  return readdirSync(place)
    .filter((file) => file.endsWith(".json") && !file.endsWith(".flow.json"))
    .sort()
    .map((file) => ({ name: file.slice(0, -".json".length), text: readFileSync(new URL(file, place), "utf8") }));
}

export const paper = (): Fixture[] => read("certificates");
/** What the prover wrote. */
export const written = (): Fixture[] => read("test/certificates/accept");
/** That, and evidence that the prover does not find, or finds otherwise. */
export const accepted = (): Fixture[] => [...written(), ...read("test/certificates/byhand")];
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

/** A certificate of format 2 about one sample x = 1 of label 1 and the network Φ = w x at w = 1, with parts replaced. */
export function smallCertificate(statements: Json, problem: object = {}): Json {
  const network = { kind: "fully-connected", widths: [1, 1], activation: "linear" };
  const data = [{ x: ["1"], y: 1 }];
  return {
    format: "margincert/certificate/2",
    problem: { name: "small", field: null, network, data, point: ["1"], ...problem },
    statements,
  };
}

/** The instance of a certificate whose point is given by numbers. */
export function instanceOf(certificate: unknown): Instance<unknown> {
  const read = readCertificate(certificate);
  if (read.sort !== "exact") throw new RangeError("the point is an enclosed one");
  return read.instance;
}
