/** `not-global`: a feasible point of smaller norm. (`proofs/theory.md`.) */
import type { Instance, Of } from "../certificate/format.js";
import { compare, equals, squaredNorm } from "../exact/field.js";
import { ensure } from "./ensure.js";
import { ensureFeasible } from "./feasible.js";

export function checkNotGlobal<E>(instance: Instance<E>, { scope, better }: Of<"not-global", E>): void {
  const { field: K, point, network } = instance;
  for (const [k, { layer, name }] of network.parameters.entries()) {
    const still = scope === null || layer === scope || equals(K, better[k]!, point[k]!);
    ensure(still, "not-global.scope", `the better point differs at ${name}, which is outside the scope`);
  }
  ensureFeasible(instance, better, "not-global.feasible");
  const shorter = compare(K, squaredNorm(K, better), squaredNorm(K, point)) < 0;
  ensure(shorter, "not-global.norm", "the other point is not of smaller norm");
}
