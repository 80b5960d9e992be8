/** From an instance to an accepted certificate. */
import type { Statement } from "../kernel/statements/index.js";
import { type Acceptance, type Refusal, verifyCertificate, writeCertificate } from "../kernel/verify.js";
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
 * Proves what can be proved about the point, writes the certificate down and has the kernel read it back. What is too much work for one
 * certificate, besides the rest, is left out. Throws ProverBug if the kernel does not accept every other statement of that very text.
 */
export function certify(instance: Instance<unknown>, options: Options = {}): Certified<unknown> {
  const { statements, open } = prove(instance, options);
  const left: Open[] = [];
  for (let own = statements; ; ) {
    const text = formatJson(writeCertificate(instance, own));
    const verdict = verifyCertificate(parseJson(text));
    if (!verdict.readable)
      throw new ProverBug(`the certificate was refused by ${verdict.refusal.clause}: ${verdict.refusal.found}`);
    if (verdict.sort !== "exact") throw new ProverBug("the certificate is not about the point that was given");
    const accepted = verdict.statements.filter((one) => one.accepted);
    if (accepted.length === own.length) return { text, accepted, open: [...open, ...left] };
    const at = verdict.statements.findIndex((one) => !one.accepted);
    const refused = verdict.statements[at] as Refusal;
    // Each statement was accepted with a budget of its own; together they have one.
    if (refused.clause !== "limit" || own.length === 1)
      throw new ProverBug(`a statement was refused by ${refused.clause}: ${refused.found}`);
    left.push(...openWithout(own[at]!));
    own = own.toSpliced(at, 1);
  }
}

const TOO_MUCH = "what was found is too much work for one certificate";

/** The questions that a statement may have answered. */
function openWithout(statement: Statement<unknown>): Open[] {
  const scope = "scope" in statement ? statement.scope : null;
  const questions = [
    { about: "kkt", scope: null },
    { about: "local", scope },
    { about: "global", scope },
  ] as const;
  return questions.map((question) => ({ question, reason: TOO_MUCH }));
}
