/** From an instance to an accepted certificate. */
import { type Acceptance, verifyCertificate, writeCertificate } from "../kernel/verify.js";
import { formatJson } from "../network/codec.js";
import { parseJson } from "../network/decode.js";
import type { Instance } from "../network/instance.js";
import { type Open, type Options, ProverBug, prove } from "./prove.js";

export interface Certified<E> {
  /** The canonical text of the certificate. */
  readonly text: string;
  /** What the kernel accepted, from that text. */
  readonly accepted: readonly Acceptance<E>[];
  readonly open: readonly Open[];
}

/**
 * Proves what can be proved about the point, writes the certificate down and has the kernel read it back. Throws ProverBug if it
 * does not accept every statement of that very text.
 */
export function certify(instance: Instance<unknown>, options: Options = {}): Certified<unknown> {
  const { statements, open } = prove(instance, options);
  const text = formatJson(writeCertificate(instance, statements));
  const verdict = verifyCertificate(parseJson(text));
  if (!verdict.readable)
    throw new ProverBug(`the certificate was refused by ${verdict.refusal.clause}: ${verdict.refusal.found}`);
  if (verdict.sort !== "exact") throw new ProverBug("the certificate is not about the point that was given");
  const accepted = verdict.statements.map((one) => {
    if (one.accepted) return one;
    throw new ProverBug(`a statement was refused by ${one.clause}: ${one.found}`);
  });
  return { text, accepted, open };
}
