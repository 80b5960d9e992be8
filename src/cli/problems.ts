/** Reading problem files. */
import { InputError } from "../network/decode.js";
import type { Instance } from "../network/instance.js";
import { type ProblemFile, parseProblem } from "../problem/problem.js";
import { readText } from "./common.js";
import { ensureSort } from "./sorts.js";

/** A problem file, or standard input for `-`; throws InputError, and where it is of another sort says who takes it. */
export function readProblem(path: string): ProblemFile<unknown> & { readonly source: string } {
  const source = readText(path);
  try {
    return { ...parseProblem(source), source };
  } catch (error) {
    if (error instanceof InputError) ensureSort(path, source, "problem");
    throw error;
  }
}

/** The problem of a file with its point, which has to be there for the reason given. */
export function readInstance(path: string, reason: string): Instance<unknown> {
  const { problem } = readProblem(path);
  if (problem.point === null) throw new InputError("point", `missing; ${reason}`);
  return { ...problem, point: problem.point };
}
