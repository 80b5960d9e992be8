/** What the second-order conditions at an enclosed point say, in floating point, as statements for the kernel. */
import type { Interval } from "../exact/interval.js";
import { type Rational, rational } from "../exact/rational.js";
import { derivatives, isLosing, unreadWeights } from "../kernel/enclosed/curvature.js";
import type { EnclosedStatement } from "../kernel/enclosed/statements.js";
import type { EnclosedFacts } from "../kernel/enclosed/system.js";
import { Rejection } from "../kernel/ensure.js";
import { eigen } from "../numeric/eigen.js";
import { dotNumbers, orthonormalBasis } from "../prover/search/numeric.js";
import { middleOf, roundTo } from "../prover/search/vectors.js";

const UNIT = 1n << 40n;

/**
 * A strict local optimum, or a descent along the active margins while units that nothing reads stay so, by the sign of the Lagrangian's curvature
 * on the space orthogonal to their gradients; null where neither is shown, or zero pre-activations are in the way.
 */
export function bySecondOrder(facts: EnclosedFacts): EnclosedStatement | null {
  const all = curvature(facts, new Set(), (adjoint) => isLosing(facts, adjoint));
  if (all !== null && all.lowest.value > 0)
    return {
      kind: "strict-local",
      penalty: powerBelow((4 * (all.size + all.size ** 2 / all.lowest.value)) / all.least),
    };
  const bent = curvature(facts, unreadWeights(facts), ({ size }) => size === 0);
  if (bent === null || bent.lowest.value >= 0) return null;
  const direction = bent.project([...bent.lowest.vector]).map((c) => roundTo(c, UNIT));
  return { kind: "not-local", by: { bend: { direction, least: powerBelow(bent.least * 0.9) } } };
}

/** The least curvature on that space, with its direction; a bound of the Hessian, and the least eigenvalue of the gradients' Gram matrix. */
function curvature(facts: EnclosedFacts, ...given: [ReadonlySet<number>, Parameters<typeof derivatives>[2]]) {
  const found = derivativesOf(facts, ...given);
  if (found === null) return null;
  const { gradients: G, hessian: H } = found;
  const normal = orthonormalBasis(G);
  const project = (d: readonly number[]): number[] =>
    normal.reduce(
      (rest, b) => {
        const c = dotNumbers(b, rest);
        return rest.map((x, k) => x - c * b[k]!);
      },
      [...d],
    );
  const size = Math.max(...H.map((row) => row.reduce((total, c) => total + Math.abs(c), 0)));
  const half = H.map(project);
  const columns = H.map((_, v) => project(half.map((row) => row[v]!)));
  // On the gradients' own space the curvature is made larger than anywhere.
  const tangent = columns.map((column, u) =>
    column.map((c, v) => (c + columns[v]![u]!) / 2 + 2 * size * normal.reduce((total, b) => total + b[u]! * b[v]!, 0)),
  );
  const [lowest] = eigen(tangent) as [ReturnType<typeof eigen>[number]];
  const least = eigen(G.map((f) => G.map((g) => dotNumbers(f, g))))[0]!.value;
  return least > 0 ? { lowest, least, size, project } : null;
}

function derivativesOf(
  facts: EnclosedFacts,
  ...given: [ReadonlySet<number>, Parameters<typeof derivatives>[2]]
): { gradients: number[][]; hessian: number[][] } | null {
  const middle = (x: Interval) => middleOf(x, facts.ring.precision);
  try {
    const { gradients, hessian } = derivatives(facts, ...given, "enclosed-strict-local.zero");
    return {
      gradients: gradients.map((g) => hessian.map((_, k) => (g.has(k) ? middle(g.get(k)!) : 0))),
      hessian: hessian.map((row) => row.map(middle)),
    };
  } catch (error) {
    if (error instanceof Rejection) return null;
    throw error;
  }
}

/** A power of two, which is plainly written, between x/2 and x. */
function powerBelow(x: number): Rational {
  const k = Math.floor(Math.log2(x));
  return k >= 0 ? rational(1n << BigInt(k)) : rational(1n, 1n << BigInt(-k));
}
