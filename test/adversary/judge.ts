/** Runs one case through the project, as `check` does, and cross-examines what it says. */

import type { Instance } from "../../src/certificate/format.js";
import { verdictFrom } from "../../src/cli/check.js";
import { parseProblem } from "../../src/problem/problem.js";
import { certify } from "../../src/prover/certify.js";
import type { Verdict } from "../../src/report/verdict.js";
import { type Effort, type Examination, examine } from "./examine.js";
import type { ProblemJson } from "./problem.js";

export type Judgement =
  | { readonly kind: "crash"; readonly error: string }
  | ({ readonly kind: "verdict"; readonly verdict: Verdict; readonly certificate: string } & Examination);

export function judge(problem: ProblemJson, effort: Effort, seed: number): Judgement {
  try {
    const { problem: parsed } = parseProblem(JSON.stringify(problem));
    const instance: Instance<unknown> = { ...parsed, point: parsed.point! };
    const certified = certify(instance);
    const verdict = verdictFrom(instance, certified, "");
    return {
      kind: "verdict",
      verdict,
      certificate: certified.text,
      ...examine(problem, verdict, certified.text, effort, seed),
    };
  } catch (error) {
    return {
      kind: "crash",
      error: error instanceof Error ? `${error.name}: ${error.message}\n${error.stack}` : String(error),
    };
  }
}
