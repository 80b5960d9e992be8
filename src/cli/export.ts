/** `margincert export --to coq|latex|markdown CERT…`: proof artifacts from accepted certificates. */
import { join } from "node:path";
import { type Command, Option } from "commander";
import type { Certificate } from "../certificate/format.js";
import type { Claim } from "../paper/claims.js";
import { InputError, readJson } from "../problem/decode.js";
import { acceptedIn } from "../report/accepted.js";
import { identifier, toCoq } from "../report/coq.js";
import { articleLatex, proofLatex } from "../report/proof/latex.js";
import { proofMarkdown } from "../report/proof/markdown.js";
import { paperText } from "../report/proof/paper.js";
import { proofDocument } from "../report/proof.js";
import { EXIT, readAccepted, reportError, worst, writeAtomically } from "./common.js";

interface Target {
  readonly file: (name: string) => string;
  readonly text: (accepted: Certificate<unknown>) => string;
}

const TARGETS: Readonly<Record<string, Target>> = {
  coq: { file: (name) => `${identifier(name)}.v`, text: toCoq },
  latex: {
    file: (name) => `${name}.tex`,
    text: ({ instance, statements }) => proofLatex(proofDocument(instance, statements)),
  },
  markdown: {
    file: (name) => `${name}.md`,
    text: ({ instance, statements }) => proofMarkdown(proofDocument(instance, statements)),
  },
};

export function registerExport(program: Command): void {
  program
    .command("export")
    .description("write a proof of what each accepted certificate says")
    .argument("<cert...>", "certificate files")
    .addOption(new Option("--to <form>", "the form of the proof").choices(Object.keys(TARGETS)).makeOptionMandatory())
    .option("--out <dir>", "where to write", "proofs")
    .action((files: string[], { to, out }: { to: string; out: string }) => {
      process.exitCode = worst(files.map((file) => exportFile(file, TARGETS[to]!, out)));
    });
}

function exportFile(file: string, target: Target, out: string): number {
  const accepted = readAccepted(file);
  if (typeof accepted === "number") return accepted;
  const { certificate } = accepted;
  const path = join(out, target.file(certificate.instance.name));
  try {
    writeAtomically(path, target.text(certificate));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    reportError(path, error);
    return EXIT.badInput;
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
    if ("clause" in accepted) throw new InputError(name, `rejected by ${accepted.clause}: ${accepted.found}`);
    return { name, accepted, document: proofDocument(accepted.instance, accepted.statements) };
  });
  for (const { name, accepted, document } of documents) {
    writeAtomically(join(folder, `${name}.md`), proofMarkdown(document));
    writeAtomically(join(folder, "coq", "instances", `${identifier(name)}.v`), toCoq(accepted));
  }
  const article = articleLatex(
    paperText(claims, [...certificates.keys()]),
    documents.map(({ document }) => document),
  );
  writeAtomically(join(folder, "paper.tex"), article);
}
