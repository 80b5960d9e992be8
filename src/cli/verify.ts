/** `margincert verify CERT…`: the kernel alone. */
import type { Command } from "commander";
import { compareRoots } from "../exact/integer-polynomial.js";
import type { Meaning } from "../kernel/statement.js";
import { type Refusal, verifyCertificate } from "../kernel/verify.js";
import { readJson } from "../network/decode.js";
import type { Problem } from "../network/instance.js";
import { canonicalOf, canonicalText, problemOf } from "../report/hash.js";
import { claimedText, refusalText, statementText } from "../report/text.js";
import { exactText, interfaceOf, type Verdict, verdictOf } from "../report/verdict.js";
import { badInput, EXIT, readText, say, sayJson, worst } from "./common.js";
import { hashOf } from "./hash.js";
import { ensureSort, sortOf } from "./sorts.js";

export function register(command: Command): void {
  command
    .option("--problem <file>", "insist that the certificates are about the problem of this file")
    .option("--at <value>", "of a family in --problem, its problem at one value, such as s=1/2")
    .option("--json", "print one JSON array of outcomes on stdout, nothing else")
    .action(async (files: string[], { problem, at, json }: { problem?: string; at?: string; json?: true }) => {
      try {
        const wanted = problem === undefined ? null : await wantedProblem(problem, at ?? null);
        const outcomes: Outcome[] = [];
        const codes = files.map((file) => {
          try {
            const source = readText(file);
            if (sortOf(file, source) === "flow") {
              if (!json) say(`${file}: flow evidence, not a certificate; nothing to verify\n`);
              return EXIT.done;
            }
            ensureSort(file, source, "certificate");
            const outcome = verifyContent(file, readJson(source), wanted);
            outcomes.push(outcome);
            if (!json) say(outcomeText(outcome));
            return outcome.accepted ? EXIT.done : EXIT.rejected;
          } catch (error) {
            return badInput(file, error);
          }
        });
        if (json)
          sayJson(outcomes.map((one) => ({ ...one, verdict: one.verdict === null ? null : interfaceOf(one.verdict) })));
        process.exitCode = worst(codes);
      } catch (error) {
        process.exitCode = badInput(problem!, error);
      }
    });
}

/**
 * The canonical text that a certificate about the same has: of a family, on the interval that the certificate says, if that is part of it; null
 * where the file's problem is not defined throughout that.
 */
type Wanted = (about: Problem<unknown>) => string | null;

/** Problem files are read by what the kernel does without, so only where one is asked for. */
async function wantedProblem(file: string, at: string | null): Promise<Wanted> {
  const { readProblem, withPoint } = await import("./problems.js");
  const { problem, family } = readProblem(file, at);
  const instance = withPoint(problem, "a certificate is about a point");
  const poles = family?.poles ?? [];
  const { functions } = instance.field;
  // The pieces of a family are numbered.
  const nameOf = ({ name }: Problem<unknown>) =>
    /^\.\d+$/.test(name.slice(instance.name.length)) && name.startsWith(instance.name) ? name : instance.name;
  if (functions === null)
    return (about) => canonicalText({ ...instance, name: at === null ? instance.name : nameOf(about) });
  const { parameter, interval } = functions.family;
  return (about) => {
    const { field } = about;
    const own = field.functions?.family.interval;
    const isPart =
      own !== undefined && compareRoots(interval[0], own[0]) <= 0 && compareRoots(own[1], interval[1]) <= 0;
    const [from, to] = isPart ? own : interval;
    // Where a number of the file is not defined there is no problem, even if what is not defined cancels.
    if (poles.some((pole) => compareRoots(from, pole) < 0 && compareRoots(pole, to) < 0)) return null;
    return canonicalText({
      ...instance,
      name: nameOf(about),
      field: { ...instance.field, functions: { ...functions, family: { parameter, interval: [from, to] } } },
    });
  };
}

/** What the kernel says of a certificate: for `--json` as it is. */
interface Outcome {
  readonly file: string;
  /** Whether all of it is accepted. */
  readonly accepted: boolean;
  readonly problem: string | null;
  readonly sha256: string | null;
  /** Why the certificate as a whole is refused. */
  readonly refused: Refusal | null;
  readonly statements: readonly (Said | Refusal)[];
  /** What the statements say together, and in `undecided` what they do not; null where not all is accepted. */
  readonly verdict: Omit<Verdict, "certificate"> | null;
}

interface Said {
  readonly accepted: true;
  readonly about: string;
  readonly scope: "whole" | number;
  readonly answer: "yes" | "no";
  readonly radius: string | null;
  readonly text: string;
}

const ANOTHER: Refusal = {
  accepted: false,
  clause: "problem",
  where: "problem",
  found: "it is about another problem than the one asked for",
};

function verifyContent(file: string, content: unknown, wanted: Wanted | null): Outcome {
  const verdict = verifyCertificate(content);
  if (!verdict.readable) {
    return {
      file,
      accepted: false,
      problem: null,
      sha256: null,
      refused: verdict.refusal,
      statements: [],
      verdict: null,
    };
  }
  const [problem, canonical] = [problemOf(verdict), canonicalOf(verdict)];
  const refused = wanted === null || wanted(problem) === canonical ? null : ANOTHER;
  const statements = verdict.statements.map((one) => (one.accepted ? said(problem, one.meaning) : one));
  const accepted = refused === null && statements.every((one) => one.accepted);
  const meanings = verdict.statements.flatMap((one) =>
    one.accepted ? [{ meaning: one.meaning as Meaning<unknown> }] : [],
  );
  const { certificate: _, ...together } = verdictOf(problem, meanings);
  const sha256 = hashOf(canonical);
  return { file, accepted, problem: problem.name, sha256, refused, statements, verdict: accepted ? together : null };
}

function said(problem: Problem<unknown>, meaning: Meaning<unknown>): Said {
  const { about, scope, answer, radius } = meaning;
  return {
    accepted: true,
    about,
    scope: scope === null ? "whole" : scope + 1,
    answer,
    radius: radius === null ? null : exactText(problem.field, radius),
    text: statementText(problem, { meaning }),
  };
}

function outcomeText({ file, problem, sha256, refused, statements, verdict }: Outcome): string {
  if (problem === null) return `${file}: REJECTED ${refusalText(refused!)}\n`;
  const lines = [
    `${file}: problem ${problem}, sha256 ${sha256}`,
    ...(refused === null ? [] : [`  REJECTED  ${refused.found}`]),
    ...statements.map((one) => (one.accepted ? `  accepted  ${one.text}` : `  REJECTED  ${refusalText(one)}`)),
    verdict === null
      ? "  no verdict, as not all is accepted"
      : `  in all\n${claimedText({ ...verdict, certificate: null })}`,
  ];
  return `${lines.join("\n")}\n`;
}
