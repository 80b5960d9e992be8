/** Random starts of an accepted `attracts`, and where the flow leads from them, in floating point: what could refute the theorem. */

import { runFlow } from "../../src/flow/run.js";
import type { Of } from "../../src/kernel/statements/index.js";
import { gaussian, uniform } from "../../src/numeric/random.js";
import type { Loss, ProblemFile } from "../../src/problem/problem.js";

/** A point of the ball of starts, uniformly, or on its boundary. */
export function startsOf<E>(
  { problem: { field: K } }: ProblemFile<E>,
  { range, idle, start }: Of<"attracts", E>,
  seed: number,
): (where: "inside" | "boundary") => number[] {
  const random = uniform(seed);
  const normal = gaussian(random);
  const basis = [...range, ...idle].map((b) => {
    const entries = [...b].map(([w, c]) => [w, K.toNumber(c)] as const);
    const length = Math.hypot(...entries.map(([, c]) => c));
    return entries.map(([w, c]) => [w, c / length] as const);
  });
  const radius = start.radius.valueOf();
  const centre = start.point.map(K.toNumber);
  return (where) => {
    const direction = basis.map(normal);
    const reach = where === "boundary" ? 1 : random() ** (1 / basis.length);
    const scale = (radius * reach) / Math.hypot(...direction);
    const point = [...centre];
    for (const [k, b] of basis.entries()) for (const [w, c] of b) point[w]! += scale * direction[k]! * c;
    return point;
  };
}

/** What the direction's error is to fall below. */
const NEAR = 1e-4;

/** Whether the flow from the start comes as near to the point's direction as is asked. */
export function converges(file: ProblemFile<unknown>, start: readonly number[], loss: Loss): boolean {
  const isNear = (error: number | null) => error !== null && error < NEAR;
  const { result } = runFlow(file, { start, loss, until: ({ directionError }) => isNear(directionError) });
  return isNear(result.directionError);
}
