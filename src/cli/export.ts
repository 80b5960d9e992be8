/** `margincert export --to coq|latex|markdown CERT…`: proof artifacts from accepted certificates. */
import { join } from "node:path";
import { type Command, Option } from "commander";
import { InputError, readJson } from "../network/decode.js";
import type { Claim } from "../paper/claims.js";
import { type Accepted, acceptedIn } from "../report/accepted.js";
import { identifier, toCoq } from "../report/coq.js";
import { problemOf } from "../report/hash.js";
import { articleLatex, proofLatex } from "../report/proof/latex.js";
import { proofMarkdown } from "../report/proof/markdown.js";
import { paperText } from "../report/proof/paper.js";
import { documentOf } from "../report/proof.js";
import { refusalText } from "../report/text.js";
import { kktSystem } from "../symbolic/margins.js";
import { readAccepted } from "./certificates.js";
import { badInput, EXIT, worst, writeAtomically } from "./common.js";

interface Target {
  readonly file: (name: string) => string;
  /** Throws InputError for what cannot be written in this form. */
  readonly text: (accepted: Accepted) => string;
}

const TARGETS: Readonly<Record<string, Target>> = {
  coq: { file: (name) => `${identifier(name)}.v`, text: coqText },
  latex: { file: (name) => `${name}.tex`, text: (accepted) => proofLatex(documentOf(accepted, kktSystem)) },
  markdown: { file: (name) => `${name}.md`, text: (accepted) => proofMarkdown(documentOf(accepted, kktSystem)) },
};

export function register(command: Command): void {
  command
    .addOption(new Option("--to <form>", "the form of the proof").choices(Object.keys(TARGETS)).makeOptionMandatory())
    .option("--out <dir>", "where to write", "proofs")
    .action((files: string[], { to, out }: { to: string; out: string }) => {
      process.exitCode = worst(files.map((file) => exportFile(file, TARGETS[to]!, out)));
    });
}

function coqText(accepted: Accepted): string {
  if (accepted.sort === "exact") return toCoq(accepted);
  const gap = "the Coq theory has no definition of enclosed points yet, so nothing is exported";
  throw new InputError("problem.point", gap);
}

function exportFile(file: string, target: Target, out: string): number {
  const accepted = readAccepted(file);
  if (typeof accepted === "number") return accepted;
  const path = join(out, target.file(problemOf(accepted).name));
  try {
    writeAtomically(path, target.text(accepted));
  } catch (error) {
    return badInput(file, error);
  }
  process.stdout.write(`${path}\n`);
  return EXIT.done;
}

/**
 * Writes the proofs of the paper's instances into a folder: NAME.md and coq/instances/NAME.v for each, and paper.tex with the claims
 * and all proofs. The certificates are texts by name; throws InputError for one that the kernel does not accept.
 */
export function writeProofs(folder: string, claims: readonly Claim[], certificates: ReadonlyMap<string, string>): void {
  const documents = [...certificates].map(([name, text]) => {
    const accepted = acceptedIn(readJson(text));
    if ("clause" in accepted) throw new InputError(name, `rejected ${refusalText(accepted)}`);
    return { name, accepted, document: documentOf(accepted, kktSystem) };
  });
  for (const { name, accepted, document } of documents) {
    writeAtomically(join(folder, `${name}.md`), proofMarkdown(document));
    writeAtomically(join(folder, "coq", "instances", `${identifier(name)}.v`), coqText(accepted));
  }
  const article = articleLatex(
    paperText(claims, [...certificates.keys()]),
    documents.map(({ document }) => document),
  );
  writeAtomically(join(folder, "paper.tex"), article);
}
