/** `margincert export --to coq|latex|markdown CERT…`: proof artifacts from accepted certificates. */
import { join } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { writeAtomically } from "../files/write.js";
import { InputError, readJson } from "../network/decode.js";
import type { Claim } from "../paper/claims.js";
import { type Accepted, acceptedIn } from "../report/accepted.js";
import { coqSeconds, identifier, toCoq } from "../report/coq.js";
import { canonicalOf, problemOf } from "../report/hash.js";
import { articleLatex, type FragmentNames, fragmentLatex, proofLatex } from "../report/proof/latex.js";
import { proofMarkdown } from "../report/proof/markdown.js";
import { paperText } from "../report/proof/paper.js";
import { documentOf } from "../report/proof.js";
import { refusalText } from "../report/text.js";
import { kktSystem } from "../symbolic/margins.js";
import { readAccepted } from "./certificates.js";
import { badInput, complain, EXIT, say, worst } from "./common.js";
import { hashOf } from "./hash.js";

interface Target {
  readonly file: (name: string) => string;
  /** Throws InputError for what cannot be written in this form. */
  readonly text: (accepted: Accepted) => string;
  /** What is said of a file on stderr. */
  readonly remark?: (text: string) => string;
}

const TARGETS: Readonly<Record<string, Target>> = {
  coq: {
    file: (name) => `${identifier(name)}.v`,
    text: coqText,
    remark: (text) => `about ${coqSeconds(text)} s of Coq, by \`node proofs/coq/run.mjs\` in a clone`,
  },
  latex: { file: (name) => `${name}.tex`, text: (accepted) => proofLatex(documentOf(accepted, kktSystem)) },
  markdown: { file: (name) => `${name}.md`, text: (accepted) => proofMarkdown(documentOf(accepted, kktSystem)) },
};

interface Options {
  readonly to: string;
  readonly out: string;
  readonly claims?: readonly string[];
  readonly fragment?: true;
  readonly env: string;
  readonly label?: string;
}

export function register(command: Command): void {
  command
    .addOption(new Option("--to <form>", "the form of the proof").choices(Object.keys(TARGETS)).makeOptionMandatory())
    .option("--out <dir>", "where to write", "proofs")
    .option(
      "--claims <names>",
      "only these, such as not-local,kkt; a name of what is claimed or of a statement's kind",
      listed,
    )
    .option("--fragment", "LaTeX to be put into an article: no preamble, no section")
    .option("--env <name>", "the environment of a fragment's claims", named(/^[A-Za-z]+\*?$/), "claim")
    .option(
      "--label <prefix>",
      "of the labels of a fragment's claims; the problem's name if not given",
      named(/^[\w:.-]+$/),
    )
    .action((files: string[], options: Options) => {
      const written = new Map<string, string>();
      process.exitCode = worst(files.map((file) => exportFile(file, targetOf(options), options, written)));
    });
}

function coqText(accepted: Accepted): string {
  if (accepted.sort === "exact") return toCoq(accepted);
  const gap = "the Coq theory has no definition of enclosed points yet, so nothing is exported";
  throw new InputError("problem.point", gap);
}

function listed(names: string): string[] {
  return names.split(",").map((name) => name.trim());
}

/** What LaTeX is to take for a name must not be anything else. */
function named(pattern: RegExp): (name: string) => string {
  return (name) => {
    if (!pattern.test(name)) throw new InvalidArgumentError("letters, digits and hyphens only");
    return name;
  };
}

/** A fragment is LaTeX of another kind; throws InputError where it is asked for in another form. */
function targetOf({ to, fragment, env, label }: Options): Target {
  if (!fragment) return TARGETS[to]!;
  return {
    file: (name) => `${name}.fragment.tex`,
    text: (accepted) => {
      if (to !== "latex") throw new InputError("--fragment", "is for --to latex");
      const { name } = problemOf(accepted);
      const names: FragmentNames = { environment: env, label: label ?? identifier(name) };
      const source = `${name}, sha256 ${hashOf(canonicalOf(accepted))}`;
      return fragmentLatex(documentOf(accepted, kktSystem), source, names);
    },
  };
}

/** The accepted statements that are named: by kind, or by what they claim, `local` or `not-local`. Throws InputError for other names. */
function chosen(accepted: Accepted, names: readonly string[] | undefined): Accepted {
  if (names === undefined) return accepted;
  const there = new Set(accepted.statements.flatMap(namesOf));
  const absent = names.find((name) => !there.has(name));
  if (absent !== undefined)
    throw new InputError("--claims", `nothing accepted is called ${absent}; there are ${[...there].join(", ")}`);
  const isChosen = (one: Accepted["statements"][number]) => namesOf(one).some((name) => names.includes(name));
  return accepted.sort === "exact"
    ? { ...accepted, statements: accepted.statements.filter(isChosen) }
    : { ...accepted, statements: accepted.statements.filter(isChosen) };
}

function namesOf({ statement: { kind }, meaning: { about, answer } }: Accepted["statements"][number]): string[] {
  return [kind, answer === "no" ? `not-${about}` : about];
}

/** `written` has the files that were written before, with what they were made of: names that differ may give one file. */
function exportFile(file: string, target: Target, { out, claims }: Options, written: Map<string, string>): number {
  const accepted = readAccepted(file);
  if (typeof accepted === "number") return accepted;
  const path = join(out, target.file(problemOf(accepted).name));
  try {
    const other = written.get(path.toLowerCase());
    if (other !== undefined) throw new InputError("problem.name", `${path} has been written from ${other} already`);
    written.set(path.toLowerCase(), file);
    const text = target.text(chosen(accepted, claims));
    writeAtomically(path, text);
    say(`${path}\n`);
    if (target.remark !== undefined) complain(`${path}: ${target.remark(text)}`);
  } catch (error) {
    return badInput(file, error);
  }
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

/** The written proofs of a family's pieces, in Markdown. Throws InputError for a certificate that the kernel does not accept. */
export function writeFamilyProofs(folder: string, certificates: readonly (string | null)[]): void {
  for (const text of certificates) {
    if (text === null) continue;
    const accepted = acceptedIn(readJson(text));
    if ("clause" in accepted) throw new InputError("", `rejected ${refusalText(accepted)}`);
    writeAtomically(join(folder, `${problemOf(accepted).name}.md`), proofMarkdown(documentOf(accepted, kktSystem)));
  }
}
