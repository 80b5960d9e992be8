/** `feasible`, `infeasible`: the margins at θ. (`proofs/theory.md`.) */
import type { Instance, Of } from "../certificate/format.js";
import type { Sign } from "../exact/field.js";
import { type Clause, ensure } from "./ensure.js";
import { slackSigns } from "./forward.js";

/** Every margin is at least 1; returns the sign of each slack, so 0 at the active samples. */
export function ensureFeasible<E>(instance: Instance<E>, point: readonly E[], clause: Clause): Sign[] {
  const signs = slackSigns(instance, point);
  const violated = signs.findIndex((s) => s < 0);
  ensure(violated === -1, clause, `the margin of sample ${violated + 1} is below 1`);
  return signs;
}

export function checkFeasible<E>(instance: Instance<E>, _: Of<"feasible", E>): void {
  ensureFeasible(instance, instance.point, "feasible.margin");
}

export function checkInfeasible<E>(instance: Instance<E>, { sample }: Of<"infeasible", E>): void {
  ensure(
    slackSigns(instance, instance.point)[sample]! < 0,
    "infeasible.margin",
    `the margin of sample ${sample + 1} is not below 1`,
  );
}
