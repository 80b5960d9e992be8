/** `margincert report`: the reviewer's page from a folder of certificates. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { encodeInstance } from "../certificate/encode.js";
import type { Instance } from "../certificate/format.js";
import { readClaims, readInstance } from "../paper/claims.js";
import { InputError } from "../problem/decode.js";
import { identifier, toCoq } from "../report/coq.js";
import type { FlowSeries } from "../report/page/content.js";
import { type PageClaim, type PageEntry, pageHtml } from "../report/page.js";
import { proofLatex } from "../report/proof/latex.js";
import { proofMarkdown } from "../report/proof/markdown.js";
import { proofDocument } from "../report/proof.js";
import { EXIT, progressLine, readAccepted, readText, reportError, worst, writeAtomically } from "./common.js";

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

/** Writes the page of a folder of certificates and returns the exit code; nothing is written unless all are accepted. */
export function writeReport(folder: string, out: string): number {
  const bundle = BUNDLE_FILES.map((file) => ({ file, text: bundled(file) }));
  const codes: number[] = [];
  const entries: PageEntry[] = [];
  const artifacts: { readonly href: string; readonly text: string }[] = [];
  const progress = progressLine("report");
  for (const file of certificateFiles(folder)) {
    progress.show(file);
    const accepted = readAccepted(join(folder, file));
    if (typeof accepted === "number") codes.push(accepted);
    else if (entries.some(({ certificate }) => certificate.instance.name === accepted.certificate.instance.name)) {
      const { name } = accepted.certificate.instance;
      reportError(join(folder, file), new InputError("problem.name", `another certificate is about ${name} too`));
      codes.push(EXIT.badInput);
    } else {
      const made = artifactsOf(accepted);
      artifacts.push(...made);
      entries.push({
        ...accepted,
        flows: flowsOf(folder, accepted.certificate.instance.name),
        links: made.map(({ label, href }) => ({ label, href: encodeURI(href) })),
      });
    }
  }
  progress.done();
  if (codes.length > 0) return worst(codes);
  for (const { href, text } of artifacts) writeAtomically(join(out, href), text);
  for (const { file, text } of bundle) writeAtomically(join(out, file), text);
  writeAtomically(join(out, "index.html"), pageHtml(claimsOf(entries), entries));
  process.stdout.write(`${join(out, "index.html")}: ${entries.length} certificates\n`);
  return EXIT.done;
}

/** The files that an instance's section links to. */
function artifactsOf({ text, certificate }: Pick<PageEntry, "text" | "certificate">) {
  const { instance, statements } = certificate;
  const { name } = instance;
  const document = proofDocument(instance, statements);
  return [
    { label: "Certificate", href: `certificates/${name}.json`, text },
    { label: "Proof (Markdown)", href: `proofs/${name}.md`, text: proofMarkdown(document) },
    { label: "Proof (LaTeX)", href: `proofs/${name}.tex`, text: proofLatex(document) },
    { label: "Coq instance", href: `coq/${identifier(name)}.v`, text: toCoq(certificate) },
  ];
}

/** The certificates of a folder; throws InputError where there is none. */
/** The paper's claims, with those of their instances that are among the entries: by problem and point, not only by name. */
function claimsOf(entries: readonly PageEntry[]): PageClaim[] {
  const textOf = (instance: Instance<unknown>) => JSON.stringify(encodeInstance(instance));
  const given = new Set(entries.map(({ certificate }) => textOf(certificate.instance)));
  return readClaims().map(({ claim, instances }) => ({
    claim,
    instances: instances.filter((name) => {
      const { problem } = readInstance(name);
      return given.has(textOf({ ...problem, point: problem.point! }));
    }),
  }));
}

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
