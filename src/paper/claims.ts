/** The claims of the paper's table, and an exact instance or more for each: data in `claims.json` and `instances/`. */
import { readFileSync } from "node:fs";
import { readJson } from "../network/decode.js";
import { type ProblemFile, parseProblem } from "../problem/problem.js";
import type { Answer, LayerVerdict, Verdict } from "../report/verdict.js";

/** What the verdict on each instance of a claim must say. */
export interface Expectation {
  readonly kkt?: Answer;
  readonly local?: Answer;
  readonly strict?: true;
  readonly global?: Answer;
  readonly layers?: readonly Partial<LayerVerdict>[];
  readonly everyLayer?: Partial<LayerVerdict>;
}

export interface Claim {
  readonly slug: string;
  readonly claim: string;
  readonly instances: readonly string[];
  readonly expects: Expectation;
}

// From `dist/paper/` as from `src/paper/`, the data lie in `src/paper/`.
const FOLDER = new URL("../../src/paper/", import.meta.url);

export function readClaims(): readonly Claim[] {
  return readJson(readFileSync(new URL("claims.json", FOLDER), "utf8")) as readonly Claim[];
}

export function readInstance(name: string): ProblemFile<unknown> {
  return parseProblem(readFileSync(new URL(`instances/${name}.json`, FOLDER), "utf8"));
}

export type Standing = "verified" | "undecided" | "contradicted";

/** How a verdict stands to what the claim says of it. */
export function standing(verdict: Verdict, expects: Expectation): Standing {
  const layers = [
    ...(expects.layers ?? []),
    ...(expects.everyLayer === undefined ? [] : verdict.layers.map(({ layer }) => ({ layer, ...expects.everyLayer }))),
  ];
  const pairs: [unknown, unknown][] = [
    ...(["kkt", "local", "strict", "global"] as const).map((key): [unknown, unknown] => [expects[key], verdict[key]]),
    ...layers.flatMap((wanted) => {
      const found = verdict.layers.find(({ layer }) => layer === wanted.layer);
      return (["local", "strict", "global"] as const).map((key): [unknown, unknown] => [wanted[key], found?.[key]]);
    }),
  ];
  const asked = pairs.filter(([wanted]) => wanted !== undefined);
  if (asked.every(([wanted, found]) => wanted === found)) return "verified";
  return asked.some(([wanted, found]) => wanted !== found && (found === "yes" || found === "no"))
    ? "contradicted"
    : "undecided";
}
