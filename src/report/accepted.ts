/** The gate between certificates and whatever is shown of them: accepted as a whole, or refused. */
import type { EnclosedFacts } from "../kernel/enclosed/system.js";
import {
  type Acceptance,
  type CertificateVerdict,
  type EnclosedVerdict,
  type Refusal,
  verifyCertificate,
} from "../kernel/verify.js";
import type { Instance } from "../network/instance.js";

export type EnclosedAcceptance = Extract<EnclosedVerdict, { readonly accepted: true }>;

/** A problem with its point, given by numbers or enclosed, and all that the kernel accepted about it. */
export type Accepted =
  | {
      readonly sort: "exact";
      readonly instance: Instance<unknown>;
      readonly statements: readonly Acceptance<unknown>[];
    }
  | {
      readonly sort: "enclosed";
      readonly enclosed: EnclosedFacts;
      readonly statements: readonly EnclosedAcceptance[];
    };

/** A parsed certificate, if the kernel accepts all its statements, or else the first refusal. */
export function acceptedIn(certificate: unknown): Accepted | Refusal {
  return acceptedOf(verifyCertificate(certificate));
}

/** The same for a certificate that was verified already. */
export function acceptedOf(verdict: CertificateVerdict): Accepted | Refusal {
  if (!verdict.readable) return verdict.refusal;
  const refusal = verdict.statements.find((one): one is Refusal => !one.accepted);
  if (refusal !== undefined) return refusal;
  if (verdict.sort === "enclosed") {
    const { enclosed, statements } = verdict;
    return { sort: "enclosed", enclosed, statements: statements.filter((one) => one.accepted) };
  }
  const { instance, statements } = verdict;
  return { sort: "exact", instance, statements: statements.filter((one) => one.accepted) };
}
