/** margincert as a library: read a problem, certify what can be proved about its point, verify certificates, read verdicts off. */

export type { Field } from "./exact/field.js";
export type { Meaning } from "./kernel/statement.js";
export type { Statement } from "./kernel/statements/index.js";
export {
  type Acceptance,
  type CertificateVerdict,
  type Refusal,
  type StatementVerdict,
  verifyCertificate,
  writeCertificate,
} from "./kernel/verify.js";
export { formatJson } from "./network/codec.js";
export { InputError, readJson } from "./network/decode.js";
export type { Instance, Problem } from "./network/instance.js";
export type { Scope } from "./network/network.js";
export { type ProblemFile, parseInstance, parseProblem } from "./problem/problem.js";
export { type Certified, certify } from "./prover/certify.js";
export { statementText } from "./report/text.js";
export { type Verdict, verdictOf } from "./report/verdict.js";
