/** Reading problem files. */
import { InputError } from "../network/decode.js";
import type { Instance, Problem } from "../network/instance.js";
import { type FlowRequest, type ProblemFile, parseProblem } from "../problem/problem.js";
import type { AttractsRequest } from "../prover/prove.js";
import { readText } from "./common.js";
import { ensureSort } from "./sorts.js";

/** A problem file, a family at one value where that is given (`s=1/2`), or standard input for `-`; throws InputError, and where it is of another sort says who takes it. */
export function readProblem(
  path: string,
  at: string | null = null,
): ProblemFile<unknown> & { readonly source: string } {
  const source = readText(path);
  try {
    return { ...parseProblem(source, at), source };
  } catch (error) {
    if (error instanceof InputError) ensureSort(path, source, "problem");
    throw error;
  }
}

/** The same of what is one problem and not a family. */
export function readOneProblem(path: string, at: string | null): ProblemFile<unknown> & { readonly source: string } {
  const file = readProblem(path, at);
  const { functions } = file.problem.field;
  if (functions === null) return file;
  const { parameter } = functions.family;
  throw new InputError("family", `give the parameter a value: --at ${parameter}=1/2, or whichever you mean`);
}

/** The problem with its point, which has to be there for the reason given. */
export function withPoint<E>(problem: Problem<E>, reason: string): Instance<E> {
  if (problem.point === null) throw new InputError("point", `missing; ${reason}`);
  return { ...problem, point: problem.point };
}

/** What `--attracts` asks for: the flow from the file's start, with the file's loss. */
export function requestOf(flow: FlowRequest | null): AttractsRequest {
  const losses = flow === null ? [] : ([flow.loss === "exponential" ? "exponential" : "logistic"] as const);
  return { start: flow?.start ?? null, losses };
}
