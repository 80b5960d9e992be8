/** `margincert check FILE…`: decides every question about the point of each file. */
import { join } from "node:path";
import type { Command } from "commander";
import type { Instance } from "../certificate/format.js";
import { InputError } from "../problem/decode.js";
import { parseProblem } from "../problem/problem.js";
import { type Certified, certify } from "../prover/certify.js";
import { ProverBug } from "../prover/prove.js";
import { verdictText } from "../report/text.js";
import { questionText, type Verdict, verdictOf } from "../report/verdict.js";
import { EXIT, progressLine, readText, reportError, worst, writeAtomically } from "./common.js";

export function registerCheck(program: Command): void {
  program
    .command("check")
    .description("decide every question about the point of each problem file, and write a certificate")
    .argument("<file...>", "problem files")
    .option("--out <dir>", "where to write the certificates", "certificates")
    .option("--json", "print one JSON array of verdicts on stdout, nothing else")
    .action((files: string[], options: { out: string; json?: true }) => {
      const codes: number[] = [];
      const verdicts: Verdict[] = [];
      const written = new Map<string, string>();
      for (const file of files) {
        try {
          const verdict = checkFile(file, options.out, written);
          verdicts.push(verdict);
          codes.push(verdict.undecided.length > 0 ? EXIT.undecided : EXIT.done);
          if (!options.json) process.stdout.write(`${verdictText(verdict)}\n`);
        } catch (error) {
          if (error instanceof InputError) {
            reportError(file, error);
            codes.push(EXIT.badInput);
          } else if (error instanceof ProverBug) {
            reportError(file, new InputError("", `a bug: ${error.message}; nothing was written, please report it`));
            codes.push(EXIT.rejected);
          } else throw error;
        }
      }
      if (options.json) process.stdout.write(`${JSON.stringify(verdicts, null, 2)}\n`);
      process.exitCode = worst(codes);
    });
}

function checkFile(file: string, out: string, written: Map<string, string>): Verdict {
  const { problem } = parseProblem(readText(file));
  const { point } = problem;
  if (point === null) throw new InputError("point", "missing; check needs the point to decide about");
  const earlier = written.get(problem.name);
  if (earlier !== undefined) {
    throw new InputError(
      "name",
      `${problem.name} is also the name in ${earlier}; their certificates would overwrite each other`,
    );
  }
  written.set(problem.name, file);
  const instance: Instance<unknown> = { ...problem, point };
  const path = join(out, `${problem.name}.json`);
  const progress = progressLine(problem.name);
  try {
    const certified = certify(instance, progress.show);
    writeAtomically(path, certified.text);
    return verdictFrom(instance, certified, path);
  } finally {
    progress.done();
  }
}

/** The verdict of what was certified, with the prover's reasons for what stays open. */
export function verdictFrom(
  instance: Instance<unknown>,
  { accepted, open }: Certified<unknown>,
  path: string,
): Verdict {
  const reasons = new Map(
    open.map(({ question, reason }) => [
      questionText(question.about, question.about === "kkt" ? null : question.scope),
      reason,
    ]),
  );
  return verdictOf(instance, accepted, reasons, path);
}
