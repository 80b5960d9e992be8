/** Feasible points shorter than an enclosed one. */
import type { Rational } from "../exact/rational.js";
import { factsOf } from "../kernel/facts.js";
import type { Problem } from "../network/instance.js";
import { ORDINARY } from "../prover/effort.js";
import { findBetter } from "../prover/not-global.js";
import { normOf } from "../prover/search/numeric.js";
import { roundTo } from "../prover/search/vectors.js";
import { flowEnd } from "./limit.js";

const DENOMINATORS = [1n << 8n, 1n << 14n, 1n << 24n, 1n << 40n];

/** Proposals: the hints; where the flow leads from the starts, stretched halfway to the length of θ, which is feasible; then whatever is found from anywhere. */
export function* betterPoints(
  problem: Problem<Rational>,
  theta: readonly number[],
  hints: readonly (readonly number[])[],
  starts: readonly (readonly number[])[],
): Generator<readonly Rational[]> {
  const length = normOf(theta);
  const ends = function* () {
    yield* hints;
    for (const start of starts) yield flowEnd(problem, start);
  };
  for (const end of ends()) {
    if (end === null || normOf(end) > length * (1 - 1e-9)) continue;
    const stretch = Math.sqrt(length / normOf(end));
    for (const denominator of DENOMINATORS) yield end.map((c) => roundTo(c * stretch, denominator));
  }
  // Shorter than a point that is slightly shorter than θ.
  const shrunk = theta.map((c) => roundTo(c * (1 - 1e-9), 1n << 50n));
  const found = findBetter(factsOf({ ...problem, point: shrunk }), null, ORDINARY);
  if (found !== null) yield found.better;
}
