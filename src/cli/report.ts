/** `margincert report`: the reviewer's page from a folder of certificates. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { readClaims } from "../paper/claims.js";
import { InputError, readJson } from "../problem/decode.js";
import { acceptedIn } from "../report/accepted.js";
import { identifier, toCoq } from "../report/coq.js";
import type { FlowSeries } from "../report/page/content.js";
import { type PageEntry, pageHtml } from "../report/page.js";
import { proofLatex } from "../report/proof/latex.js";
import { proofMarkdown } from "../report/proof/markdown.js";
import { proofDocument } from "../report/proof.js";
import { EXIT, progressLine, readText, reportError, worst, writeAtomically } from "./common.js";

/** What `npm run build` makes of `src/report/page`, from `dist/cli` as from `src/cli`. */
const BUNDLE = new URL("../../dist/page/", import.meta.url);
const BUNDLE_FILES = ["page.js", "page.css"];

export function registerReport(program: Command): void {
  program
    .command("report")
    .description("write the reviewer's page, which re-checks certificates in the browser")
    .option("--certificates <dir>", "the folder of certificates", "certificates")
    .option("--out <dir>", "where to write the page", "report")
    .action(({ certificates, out }: { certificates: string; out: string }) => {
      try {
        process.exitCode = writeReport(certificates, out);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        reportError(out, error);
        process.exitCode = EXIT.badInput;
      }
    });
}

/** Writes the page of all accepted certificates of a folder; says which are not accepted, and returns the exit code. */
export function writeReport(folder: string, out: string): number {
  const bundle = BUNDLE_FILES.map((file) => ({ file, text: bundled(file) }));
  const codes: number[] = [];
  const entries: PageEntry[] = [];
  const progress = progressLine("report");
  for (const file of certificateFiles(folder)) {
    progress.show(file);
    const path = join(folder, file);
    try {
      const text = readText(path);
      const certificate = acceptedIn(readJson(text));
      if ("clause" in certificate) {
        throw new InputError(certificate.where, `rejected by ${certificate.clause}: ${certificate.found}`);
      }
      const { instance, statements } = certificate;
      const { name } = instance;
      const document = proofDocument(instance, statements);
      const artifacts = [
        { label: "Certificate", href: `certificates/${name}.json`, text },
        { label: "Proof (Markdown)", href: `proofs/${name}.md`, text: proofMarkdown(document) },
        { label: "Proof (LaTeX)", href: `proofs/${name}.tex`, text: proofLatex(document) },
        { label: "Coq instance", href: `coq/${identifier(name)}.v`, text: toCoq(certificate) },
      ];
      for (const artifact of artifacts) writeAtomically(join(out, artifact.href), artifact.text);
      const links = artifacts.map(({ label, href }) => ({ label, href: encodeURI(href) }));
      entries.push({ certificate, text, flows: flowsOf(folder, name), links });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      progress.done();
      reportError(path, error);
      codes.push(EXIT.rejected);
    }
  }
  progress.done();
  writeAtomically(join(out, "index.html"), pageHtml(readClaims(), entries));
  for (const { file, text } of bundle) writeAtomically(join(out, file), text);
  process.stdout.write(`${join(out, "index.html")}: ${entries.length} certificates\n`);
  return worst(codes);
}

function certificateFiles(folder: string): string[] {
  if (!existsSync(folder)) throw new InputError("", `there is no folder ${folder}`);
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json") && !file.endsWith(".flow.json"))
    .sort();
}

function bundled(file: string): string {
  const path = new URL(file, BUNDLE);
  if (!existsSync(path)) throw new InputError("", "the page's script is not built; run `npm run build` first");
  return readText(path.pathname);
}

/** The columns of flow evidence that the page draws. */
const COLUMNS = ["logInverseLoss", "normalizedMargin", "kktResidual", "directionError"];

/** The flow evidence beside a certificate; none where there is no file. */
function flowsOf(folder: string, name: string): FlowSeries[] {
  return [`${name}.flow.json`, `${name}.logistic.flow.json`].flatMap((file) => {
    const path = join(folder, file);
    if (!existsSync(path)) return [];
    const { result, remarks, exponentsOfLogInverseLoss, columns, samples } = JSON.parse(readText(path));
    const positions = COLUMNS.map((column) => (columns as string[]).indexOf(column));
    return [
      {
        loss: result.loss,
        verdict: result.verdict,
        directionError: result.directionError,
        logInverseLoss: result.logInverseLoss,
        kktResidual: result.kktResidual,
        normalizedMargin: result.normalizedMargin,
        exponents: exponentsOfLogInverseLoss.directionError,
        remarks,
        samples: (samples as (number | null)[][]).map((row) => positions.map((k) => row[k] ?? null)),
      },
    ];
  });
}
