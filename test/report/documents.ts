/** Accepted certificates of all kinds, with their written proofs. */
import { readdirSync, readFileSync } from "node:fs";
import type { Statement } from "../../src/kernel/statements/index.js";
import { type Acceptance, verifyCertificate, verifyStatement } from "../../src/kernel/verify.js";
import type { Instance } from "../../src/network/instance.js";
import { type Block, type ProofDocument, proofDocument } from "../../src/report/proof.js";
import { kktSystem } from "../../src/symbolic/margins.js";
import { constants } from "./latex-value.js";

export interface Accepted {
  readonly instance: Instance<unknown>;
  readonly statements: readonly Acceptance<unknown>[];
  readonly document: ProofDocument;
}

const FOLDERS = [
  "../../certificates/",
  "../../certificates/families/",
  "../certificates/accept/",
  "../certificates/byhand/",
  "../certificates/enclosed/accept/",
  "../../proofs/coq/cases/",
];

/**
 * Paths of the committed certificates, of the accepted fixtures and of the Coq cases, relative to this folder; those of enclosed points, whose
 * proofs are written otherwise, apart.
 */
const all: readonly string[] = FOLDERS.flatMap((folder) =>
  readdirSync(new URL(folder, import.meta.url))
    .filter((file) => file.endsWith(".json") && !file.endsWith(".flow.json"))
    // In a family whose parameter is t, curves are followed in another letter.
    .filter((file) => !/^(?:relu-angle|diagonal-depth2-(?:linear|relu))-family/.test(file))
    .map((file) => `${folder}${file}`),
);

export const enclosedFiles = all.filter((file) => /enclosed/.test(file));
export const files = all.filter((file) => !enclosedFiles.includes(file));

/** An accepted certificate from a parsed text; throws where the kernel rejects something. */
export function accepted(certificate: unknown): Accepted {
  const verdict = verifyCertificate(certificate);
  if (!verdict.readable) throw new Error(verdict.refusal.found);
  if (verdict.sort !== "exact") throw new Error("the point is enclosed");
  return withDocument(
    verdict.instance,
    verdict.statements.map((one) => {
      if (!one.accepted) throw new Error(`${one.clause}: ${one.found}`);
      return one;
    }),
  );
}

/** Statements about an instance that the kernel accepts. */
export function acceptedStatements<E>(instance: Instance<E>, ...statements: readonly Statement<E>[]): Accepted {
  const verdicts = statements.map((statement) => {
    const verdict = verifyStatement(instance, statement);
    if (!verdict.accepted) throw new Error(`${verdict.clause}: ${verdict.found}`);
    return verdict;
  });
  return withDocument(instance as Instance<unknown>, verdicts as unknown as Acceptance<unknown>[]);
}

function withDocument(instance: Instance<unknown>, statements: readonly Acceptance<unknown>[]): Accepted {
  // Formulas of a family are looked at for one value of its parameter, that at which its field gives floating-point numbers.
  for (const letter of Object.keys(constants)) delete constants[letter];
  const { functions, toNumber } = instance.field;
  if (functions !== null) constants[functions.family.parameter] = toNumber(functions.fromParts([[0n, 1n]], [1n]));

  return { instance, statements, document: proofDocument(instance, statements, functions === null ? kktSystem : null) };
}

export function acceptedFile(file: string): Accepted {
  return accepted(JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8")));
}

export type Claim = Extract<Block, { readonly kind: "claim" }>;

export function claimsOf({ blocks }: ProofDocument): Claim[] {
  return blocks.filter((block): block is Claim => block.kind === "claim");
}

/** The texts and items of some blocks, in order. */
export function textsOf(blocks: readonly Block[]): string[] {
  return blocks.flatMap((block) => (block.kind === "text" ? [block.text] : block.kind === "items" ? block.items : []));
}

export function displaysOf(blocks: readonly Block[]): string[][] {
  return blocks.flatMap((block) => (block.kind === "display" ? [[...block.lines]] : []));
}
