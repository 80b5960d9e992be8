/** Accepted certificates of all kinds, with their written proofs. */
import { readdirSync, readFileSync } from "node:fs";
import type { Instance, Statement } from "../../src/certificate/format.js";
import { verifyCertificate } from "../../src/kernel/verify.js";
import { type Block, type ProofDocument, proofDocument } from "../../src/report/proof.js";

export interface Accepted {
  readonly instance: Instance<unknown>;
  readonly statements: readonly Statement<unknown>[];
  readonly document: ProofDocument;
}

const FOLDERS = ["../../certificates/", "../certificates/accept/", "../../proofs/coq/cases/"];

/** Paths of the committed certificates, of the accepted fixtures and of the Coq cases, relative to this folder. */
export const files: readonly string[] = FOLDERS.flatMap((folder) =>
  readdirSync(new URL(folder, import.meta.url))
    .filter((file) => file.endsWith(".json") && !file.endsWith(".flow.json"))
    .map((file) => `${folder}${file}`),
);

/** An accepted certificate from a parsed text; throws where the kernel rejects something. */
export function accepted(certificate: unknown): Accepted {
  const verdict = verifyCertificate(certificate);
  if (!verdict.readable) throw new Error(verdict.refusal.found);
  const statements = verdict.statements.map((one) => {
    if (!one.accepted) throw new Error(one.found);
    return one.statement;
  });
  return { instance: verdict.instance, statements, document: proofDocument(verdict.instance, statements) };
}

export function acceptedFile(file: string): Accepted {
  return accepted(JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8")));
}

export type Claim = Extract<Block, { readonly kind: "claim" }>;

export function claimsOf({ blocks }: ProofDocument): Claim[] {
  return blocks.filter((block): block is Claim => block.kind === "claim");
}
