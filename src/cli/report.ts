/** `margincert report`: the reviewer's page from a folder of certificates. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { writeAtomically } from "../files/write.js";
import { InputError } from "../network/decode.js";
import { readClaims, readInstance } from "../paper/claims.js";
import type { Accepted } from "../report/accepted.js";
import { coqGap, identifier, toCoq } from "../report/coq.js";
import { canonicalOf, canonicalText, problemOf } from "../report/hash.js";
import type { FlowSeries, PageClaim } from "../report/page/content.js";
import { type Provenance, pageHtml, SOURCE_FOLDERS, type WrittenEntry } from "../report/page.js";
import { proofLatex } from "../report/proof/latex.js";
import { proofMarkdown } from "../report/proof/markdown.js";
import { documentOf } from "../report/proof.js";
import { kktSystem } from "../symbolic/margins.js";
import { readAccepted } from "./certificates.js";
import { badInput, EXIT, progressLine, readText, reportError, say, worst } from "./common.js";
import { hashOf, sha256 } from "./hash.js";

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

/**
 * Writes the page of a folder of certificates and returns the exit code; nothing is written unless all are accepted. `quiet` leaves the line on
 * stdout to whoever asked.
 */
export function writeReport(folder: string, out: string, title: string | null, quiet = false): number {
  const bundle = BUNDLE_FILES.map((file) => ({ file, text: bundled(file) }));
  const codes: number[] = [];
  const entries: WrittenEntry[] = [];
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
      for (const { href } of made) ensureNew(href, artifacts);
      artifacts.push(...made);
      entries.push({
        ...accepted,
        flows: flowsOf(folder, accepted),
        links: made.map(({ label, href }) => ({ label, href: encodeURI(href) })),
      });
    }
  }
  progress.done();
  if (codes.length > 0) return worst(codes);
  for (const { href, text } of artifacts) writeAtomically(join(out, href), text);
  for (const { file, text } of bundle) writeAtomically(join(out, file), text);
  writeAtomically(join(out, "index.html"), pageHtml(title, claimsOf(entries), entries, provenance()));
  if (!quiet) say(`${join(out, "index.html")}: ${entries.length} certificates\n`);
  return EXIT.done;
}

/** Names that differ may give one file: `a b` and `a_b` in Coq, and `A` and `a` on some disks. */
function ensureNew(href: string, artifacts: readonly { readonly href: string }[]): void {
  const other = artifacts.find((one) => one.href.toLowerCase() === href.toLowerCase());
  if (other !== undefined) throw new InputError("problem.name", `${href} would be written over ${other.href}`);
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
function claimsOf(entries: readonly WrittenEntry[]): PageClaim[] {
  const given = new Set(entries.map(canonicalOf));
  return readClaims().map(({ claim, expects, instances }) => ({
    claim,
    expects,
    instances: instances.filter((name) => given.has(canonicalText(readInstance(name).problem))),
  }));
}

/** This version, and the hash of the source that has to be trusted. */
function provenance(): Provenance {
  const root = new URL("../../", import.meta.url).pathname;
  const sources = SOURCE_FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => `${folder}/${file}`),
  );
  const text = sources
    .filter((file) => file.endsWith(".ts"))
    .sort()
    .map((file) => readText(join(root, file)));
  const { version } = JSON.parse(readText(join(root, "package.json")));
  return { version, source: sha256(text.join("")) };
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

/** The flow evidence beside a certificate, if it is about that very problem; none where there is no file. */
function flowsOf(folder: string, accepted: Accepted): FlowSeries[] {
  const { name } = problemOf(accepted);
  return [`${name}.flow.json`, `${name}.logistic.flow.json`].flatMap((file) => {
    const path = join(folder, file);
    if (!existsSync(path)) return [];
    const evidence = readFlow(readText(path));
    if (evidence === null) throw new InputError(file, "is not flow evidence as `margincert flow` writes it");
    if (evidence.sha256 === hashOf(canonicalOf(accepted))) return [evidence.series];
    reportError(path, new InputError("", "is flow evidence about another problem or point; the page leaves it out"));
    return [];
  });
}

/** Flow evidence, which is untrusted like everything else, or null. */
function readFlow(text: string): { readonly sha256: string; readonly series: FlowSeries } | null {
  const words = (value: unknown): string => {
    if (typeof value !== "string") throw new TypeError();
    return value;
  };
  const number = (value: unknown): number => {
    if (typeof value !== "number") throw new TypeError();
    return value;
  };
  const optional = (value: unknown) => (value === null ? null : number(value));
  try {
    const { problem, result, remarks, exponentsOfLogInverseLoss, columns, samples } = JSON.parse(text);
    const positions = COLUMNS.map((column) => columns.indexOf(column));
    const { predicted, observed } = exponentsOfLogInverseLoss.directionError;
    const series = {
      loss: words(result.loss),
      verdict: words(result.verdict),
      directionError: optional(result.directionError),
      logInverseLoss: number(result.logInverseLoss),
      kktResidual: optional(result.kktResidual),
      normalizedMargin: optional(result.normalizedMargin),
      exponents: { predicted: optional(predicted), observed: optional(observed) },
      remarks: remarks.map(words),
      samples: samples.map((row: readonly unknown[]) => positions.map((k) => optional(row[k] ?? null))),
    };
    return { sha256: words(problem.sha256), series };
  } catch {
    return null;
  }
}
