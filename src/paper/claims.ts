/** The claims of the paper's table, with exact instances and families for each: data in `claims.json`, `instances/` and `families/`. */
import { readFileSync } from "node:fs";
import { readJson } from "../network/decode.js";
import { type ProblemFile, parseProblem } from "../problem/problem.js";
import type { Expectation } from "../report/standing.js";

export interface Claim {
  readonly slug: string;
  readonly claim: string;
  readonly instances: readonly string[];
  readonly expects: Expectation;
  /** Families around the instances, and for which values of their parameter the claim holds, strictness aside. */
  readonly families: Readonly<Record<string, string>>;
}

// From `dist/paper/` as from `src/paper/`, the data lie in `src/paper/`.
const FOLDER = new URL("../../src/paper/", import.meta.url);

export function readClaims(): readonly Claim[] {
  return readJson(readFileSync(new URL("claims.json", FOLDER), "utf8")) as readonly Claim[];
}

export function readInstance(name: string): ProblemFile<unknown> {
  return parseProblem(readFileSync(new URL(`instances/${name}.json`, FOLDER), "utf8"));
}

export function readFamily(name: string): ProblemFile<unknown> {
  return parseProblem(readFileSync(new URL(`families/${name}.json`, FOLDER), "utf8"));
}
