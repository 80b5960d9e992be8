/** Problem files for the tests: a small valid one, with parts replaced. */
import { InputError } from "../../src/network/decode.js";
import type { Problem } from "../../src/network/instance.js";
import { type ProblemFile, parseProblem } from "../../src/problem/problem.js";

export const VALID = {
  format: "margincert/problem/1",
  name: "two samples",
  network: { kind: "fully-connected", widths: [2, 2, 1], activation: "relu" },
  data: [
    { x: ["1", "1/4"], y: 1 },
    { x: ["-1", "0.25"], y: -1 },
  ],
  point: ["0", "2", 0, "0", "2", "0"],
};

export function fileText(parts: object): string {
  return JSON.stringify({ ...VALID, ...parts });
}

export function parsed(parts: object): ProblemFile<unknown> {
  return parseProblem(fileText(parts));
}

/** The problem on one sample with these inputs, as many as the network takes. */
export function problemOn(network: object, x: readonly (string | number)[], y = 1): Problem<unknown> {
  return parsed({ network, data: [{ x, y }], point: undefined }).problem;
}

/** The fault of a file as the command line prints it, `where: what`. */
export function fault(source: string): string {
  try {
    parseProblem(source);
  } catch (error) {
    if (error instanceof InputError) return `${error.where}: ${error.message}`;
    throw error;
  }
  return "none";
}
