/** The claims of the paper's table, and an exact instance or more for each: data in `claims.json` and `instances/`. */
import { readFileSync } from "node:fs";
import { readJson } from "../network/decode.js";
import { type ProblemFile, parseProblem } from "../problem/problem.js";
import type { Expectation } from "../report/standing.js";

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
