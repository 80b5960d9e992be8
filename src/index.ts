/** margincert as a library: read a problem, certify what can be proved about its point, verify certificates, read verdicts off. */

export { encodeCertificate, formatJson } from "./certificate/encode.js";
export type { Certificate, Instance, Scope, Statement } from "./certificate/format.js";
export type { Field } from "./exact/field.js";
export { type CertificateVerdict, type Refusal, type StatementVerdict, verifyCertificate } from "./kernel/verify.js";
export { InputError, readJson } from "./problem/decode.js";
export { type Problem, type ProblemFile, parseProblem } from "./problem/problem.js";
export { type Certified, certify } from "./prover/certify.js";
export { statementText } from "./report/text.js";
export { type Verdict, verdictOf } from "./report/verdict.js";
