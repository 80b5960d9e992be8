/** From an instance to an accepted certificate. */
import {
  type Acceptance,
  type CertificateVerdict,
  type EnclosedVerdict,
  type Refusal,
  type StatementVerdict,
  verifyCertificate,
  writeCertificate,
} from "../kernel/verify.js";
import { formatJson, type Json } from "../network/codec.js";
import { parseJson } from "../network/decode.js";
import type { Instance } from "../network/instance.js";
import type { Scope } from "../network/network.js";
import { type Open, type Options, ProverBug, prove } from "./prove.js";

export interface Certified<E> {
  /** The canonical text of the certificate. */
  readonly text: string;
  /** What the kernel accepted, from that text. */
  readonly accepted: readonly Acceptance<E>[];
  readonly open: readonly Open[];
}

/**
 * Proves what can be proved about the point, writes the certificate down and has the kernel read it back. What is too much work for one
 * certificate, besides the rest, is left out. Throws ProverBug if the kernel does not accept every other statement of that very text.
 */
export function certify(instance: Instance<unknown>, options: Options = {}): Certified<unknown> {
  const { statements, open } = prove(instance, options);
  const read = readBack("exact", statements, (own) => writeCertificate(instance, own));
  if ("refused" in read) throw new ProverBug(`the certificate was refused: ${read.refused}`);
  const { text, verdict, left } = read;
  const accepted = verdict.statements.filter((one) => one.accepted);
  return { text, accepted, open: [...open, ...left] };
}

type Readable<Sort> = Extract<CertificateVerdict, { readonly readable: true; readonly sort: Sort }>;

interface ReadBack<Sort> {
  readonly text: string;
  /** With every statement accepted. */
  readonly verdict: Readable<Sort>;
  /** The questions that what was left out may have answered. */
  readonly left: readonly Open[];
}

/**
 * The certificate with the statements as the kernel reads it back, without those that are too much work for one certificate besides the rest,
 * as each was tried by itself; or why even a certificate with one of them is. Throws ProverBug where anything else is refused.
 */
export function readBack<Sort extends "exact" | "enclosed", S extends object>(
  sort: Sort,
  statements: readonly S[],
  write: (statements: readonly S[]) => Json,
): ReadBack<Sort> | { readonly refused: string } {
  const left: Open[] = [];
  for (let own = statements; ; ) {
    const text = formatJson(write(own));
    const verdict = verifyCertificate(parseJson(text));
    if (!verdict.readable) {
      const { clause, found } = verdict.refusal;
      if (clause === "limit") return { refused: found };
      throw new ProverBug(`the certificate was refused by ${clause}: ${found}`);
    }
    if (verdict.sort !== sort) throw new ProverBug("the certificate is not about the point that was given");
    const verdicts: readonly (EnclosedVerdict | StatementVerdict<unknown>)[] = verdict.statements;
    const at = verdicts.findIndex((one) => !one.accepted);
    if (at === -1) return { text, verdict: verdict as Readable<Sort>, left };
    const refused = verdicts[at] as Refusal;
    if (refused.clause !== "limit")
      throw new ProverBug(`a statement was refused by ${refused.clause}: ${refused.found}`);
    if (own.length === 1) return { refused: refused.found };
    left.push(...openWithout(own[at]!));
    own = own.toSpliced(at, 1);
  }
}

export const TOO_MUCH = "what was found is too much work for one certificate";

/** The questions that a statement may have answered. */
function openWithout(statement: object): Open[] {
  const scope = "scope" in statement ? (statement.scope as Scope) : null;
  const questions = [
    { about: "kkt", scope: null },
    { about: "local", scope },
    { about: "global", scope },
  ] as const;
  return questions.map((question) => ({ question, reason: TOO_MUCH }));
}
