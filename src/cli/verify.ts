/** `margincert verify CERT…`: the kernel alone. */
import type { Command } from "commander";
import { EVIDENCE_FORMAT } from "../flow/index.js";
import { verifyCertificate } from "../kernel/verify.js";
import { InputError, readJson } from "../problem/decode.js";
import { parseProblem } from "../problem/problem.js";
import { statementText } from "../report/text.js";
import { canonicalText, EXIT, problemHash, readText, reportError, worst } from "./common.js";

export function registerVerify(program: Command): void {
  program
    .command("verify")
    .description("let the kernel alone re-check each certificate, statement by statement")
    .argument("<cert...>", "certificate files")
    .option("--problem <file>", "insist that the certificates are about the problem of this file")
    .action((files: string[], options: { problem?: string }) => {
      let wanted: string | null = null;
      if (options.problem !== undefined) {
        try {
          wanted = canonicalProblem(options.problem);
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
          reportError(options.problem, error);
          process.exitCode = EXIT.badInput;
          return;
        }
      }
      process.exitCode = worst(files.map((file) => verifyFile(file, wanted)));
    });
}

function canonicalProblem(file: string): string {
  const { problem } = parseProblem(readText(file));
  if (problem.point === null) throw new InputError("point", "missing; a certificate is about a point");
  return canonicalText({ ...problem, point: problem.point });
}

/** Flow evidence lies beside the certificates; it is floating point and proves nothing. */
function isFlowEvidence(content: unknown): boolean {
  return typeof content === "object" && content !== null && "format" in content && content.format === EVIDENCE_FORMAT;
}

function verifyFile(file: string, wanted: string | null): number {
  try {
    const content = readJson(readText(file));
    if (isFlowEvidence(content)) {
      process.stdout.write(`${file}: flow evidence, not a certificate; nothing to verify\n`);
      return EXIT.done;
    }
    const verdict = verifyCertificate(content);
    if (!verdict.readable) {
      const { clause, where, found } = verdict.refusal;
      process.stdout.write(`${file}: REJECTED by ${clause}: ${where === "" ? "" : `${where}: `}${found}\n`);
      return EXIT.rejected;
    }
    const { instance, statements } = verdict;
    const lines = [`${file}: problem ${instance.name}, sha256 ${problemHash(instance)}`];
    const other = wanted !== null && wanted !== canonicalText(instance);
    if (other) lines.push("  REJECTED  it is about another problem than the one asked for");
    for (const one of statements) {
      if (one.accepted) lines.push(`  accepted  ${statementText(instance, one.statement)}`);
      else lines.push(`  REJECTED  by ${one.clause}: ${one.where}: ${one.found}`);
    }
    process.stdout.write(`${lines.join("\n")}\n`);
    return other || statements.some((one) => !one.accepted) ? EXIT.rejected : EXIT.done;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    reportError(file, error);
    return EXIT.badInput;
  }
}
