/** `margincert report`: the reviewer's page from a folder of certificates. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { InputError } from "../network/decode.js";
import { readClaims, readInstance } from "../paper/claims.js";
import type { Accepted } from "../report/accepted.js";
import { coqGap, identifier, toCoq } from "../report/coq.js";
import { canonicalOf, canonicalText, problemOf } from "../report/hash.js";
import type { FlowSeries } from "../report/page/content.js";
import { type PageClaim, type PageEntry, pageHtml } from "../report/page.js";
import { proofLatex } from "../report/proof/latex.js";
import { proofMarkdown } from "../report/proof/markdown.js";
import { documentOf } from "../report/proof.js";
import { kktSystem } from "../symbolic/margins.js";
import { readAccepted } from "./certificates.js";
import { badInput, EXIT, progressLine, readText, reportError, worst, writeAtomically } from "./common.js";

/** What `npm run build` makes of `src/report/page`, from `dist/cli` as from `src/cli`. */
const BUNDLE = new URL("../../dist/page/", import.meta.url);
const BUNDLE_FILES = ["page.js", "page.css"];

export function register(command: Command): void {
  command
    .option("--certificates <dir>", "the folder of certificates", "certificates")
    .option("--out <dir>", "where to write the page", "report")
    .option("--title <words>", "the page's heading")
    .action(({ certificates, out, title }: { certificates: string; out: string; title?: string }) => {
      try {
        process.exitCode = writeReport(certificates, out, title ?? null);
      } catch (error) {
        process.exitCode = badInput(out, error);
      }
    });
}

/** Writes the page of a folder of certificates and returns the exit code; nothing is written unless all are accepted. */
export function writeReport(folder: string, out: string, title: string | null): number {
  const bundle = BUNDLE_FILES.map((file) => ({ file, text: bundled(file) }));
  const codes: number[] = [];
  const entries: PageEntry[] = [];
  const artifacts: { readonly href: string; readonly text: string }[] = [];
  const progress = progressLine("report");
  for (const file of certificateFiles(folder)) {
    progress.show(file);
    const accepted = readAccepted(join(folder, file));
    if (typeof accepted === "number") codes.push(accepted);
    else if (entries.some((entry) => problemOf(entry).name === problemOf(accepted).name)) {
      const { name } = problemOf(accepted);
      reportError(join(folder, file), new InputError("problem.name", `another certificate is about ${name} too`));
      codes.push(EXIT.badInput);
    } else {
      const made = artifactsOf(accepted);
      artifacts.push(...made);
      entries.push({
        ...accepted,
        flows: flowsOf(folder, problemOf(accepted).name),
        links: made.map(({ label, href }) => ({ label, href: encodeURI(href) })),
      });
    }
  }
  progress.done();
  if (codes.length > 0) return worst(codes);
  for (const { href, text } of artifacts) writeAtomically(join(out, href), text);
  for (const { file, text } of bundle) writeAtomically(join(out, file), text);
  writeAtomically(join(out, "index.html"), pageHtml(title, claimsOf(entries), entries));
  process.stdout.write(`${join(out, "index.html")}: ${entries.length} certificates\n`);
  return EXIT.done;
}

/** The files that an instance's section links to. */
function artifactsOf({ text, ...accepted }: Accepted & { readonly text: string }) {
  const { name } = problemOf(accepted);
  const document = documentOf(accepted, kktSystem);
  const coq = accepted.sort === "exact" && coqGap(accepted.instance) === null ? [toCoq(accepted)] : [];
  return [
    { label: "Certificate", href: `certificates/${name}.json`, text },
    { label: "Proof (Markdown)", href: `proofs/${name}.md`, text: proofMarkdown(document) },
    { label: "Proof (LaTeX)", href: `proofs/${name}.tex`, text: proofLatex(document) },
    ...coq.map((content) => ({ label: "Coq instance", href: `coq/${identifier(name)}.v`, text: content })),
  ];
}

/** The paper's claims, with those of their instances that are among the entries: by problem and point, not only by name. */
function claimsOf(entries: readonly PageEntry[]): PageClaim[] {
  const given = new Set(entries.map(canonicalOf));
  return readClaims().map(({ claim, instances }) => ({
    claim,
    instances: instances.filter((name) => given.has(canonicalText(readInstance(name).problem))),
  }));
}

/** The certificates of a folder; throws InputError where there is none. */
function certificateFiles(folder: string): string[] {
  if (!existsSync(folder)) throw new InputError("", `there is no folder ${folder}`);
  const files = readdirSync(folder).filter((file) => file.endsWith(".json") && !file.endsWith(".flow.json"));
  if (files.length === 0) throw new InputError("", `there is no certificate in ${folder}`);
  return files.sort();
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
