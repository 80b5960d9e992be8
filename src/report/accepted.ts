/** The gate between certificates and whatever is shown of them: accepted as a whole, or refused. */
import type { Certificate } from "../certificate/format.js";
import { type Refusal, verifyCertificate } from "../kernel/verify.js";

/** A parsed certificate, if the kernel accepts all its statements, or else the first refusal. */
export function acceptedIn(certificate: unknown): Certificate<unknown> | Refusal {
  const verdict = verifyCertificate(certificate);
  if (!verdict.readable) return verdict.refusal;
  const refusal = verdict.statements.find((one): one is Refusal => !one.accepted);
  if (refusal !== undefined) return refusal;
  return {
    instance: verdict.instance,
    statements: verdict.statements.flatMap((one) => (one.accepted ? [one.statement] : [])),
  };
}
