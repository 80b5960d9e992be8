/** From an instance to an accepted certificate and the verdict read off it. */
import { encodeCertificate, formatJson } from "../certificate/encode.js";
import type { Instance, Statement } from "../certificate/format.js";
import { verifyCertificate } from "../kernel/verify.js";
import { parseJson } from "../problem/decode.js";
import { type Progress, ProverBug, prove, type Question } from "./prove.js";

export interface Certified<E> {
  /** The canonical text of the certificate. */
  readonly text: string;
  /** What the kernel accepted, from that text. */
  readonly accepted: readonly Statement<E>[];
  readonly open: readonly { readonly question: Question; readonly reason: string }[];
}

/**
 * Proves what can be proved about the point, writes the certificate down and has the kernel read it back. Throws ProverBug if it
 * does not accept every statement of that very text.
 */
export function certify(instance: Instance<unknown>, progress?: Progress): Certified<unknown> {
  const { statements, open } = prove(instance, progress);
  const text = formatJson(encodeCertificate({ instance, statements }));
  const verdict = verifyCertificate(parseJson(text));
  if (!verdict.readable)
    throw new ProverBug(`the certificate was refused by ${verdict.refusal.clause}: ${verdict.refusal.found}`);
  const accepted = verdict.statements.map((one) => {
    if (one.accepted) return one.statement;
    throw new ProverBug(`a statement was refused by ${one.clause}: ${one.found}`);
  });
  return { text, accepted, open };
}
