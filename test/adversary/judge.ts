/** Runs one case through the project, as `check` does, and cross-examines what it says. */

import { verdictFrom } from "../../src/cli/check.js";
import type { Instance } from "../../src/network/instance.js";
import { parseProblem } from "../../src/problem/problem.js";
import { certify } from "../../src/prover/certify.js";
import type { Verdict } from "../../src/report/verdict.js";
import { type Effort, type Examination, examine } from "./examine.js";
import { seeded } from "./numeric.js";
import type { ProblemJson } from "./problem.js";
import { differences, twisted } from "./twist.js";

export type Judgement =
  | { readonly kind: "crash"; readonly error: string }
  | ({ readonly kind: "verdict"; readonly verdict: Verdict; readonly certificate: string } & Examination);

/** The verdict of `check`, with the text of the certificate. */
export function decide(problem: ProblemJson): { verdict: Verdict; certificate: string } {
  const { problem: parsed } = parseProblem(JSON.stringify(problem));
  const instance: Instance<unknown> = { ...parsed, point: parsed.point! };
  const certified = certify(instance);
  return { verdict: verdictFrom(instance, certified, ""), certificate: certified.text };
}

/** Decides and cross-examines; with `twist`, also asks the same question differently. */
export function judge(problem: ProblemJson, effort: Effort, seed: number, twist: boolean): Judgement {
  try {
    const { verdict, certificate } = decide(problem);
    const examination = examine(problem, verdict, certificate, effort, seed);
    if (twist) {
      const { opposite, lost } = differences(verdict, decide(twisted(problem, seeded(seed))).verdict);
      examination.contradictions.push(...opposite.map((text) => `asked differently, ${text}`));
      examination.missed.push(...lost.map((text) => `asked differently, ${text}`));
    }
    return { kind: "verdict", verdict, certificate, ...examination };
  } catch (error) {
    return {
      kind: "crash",
      error: error instanceof Error ? `${error.name}: ${error.message}\n${error.stack}` : String(error),
    };
  }
}
