/** Finds what `kernel/branch-vertices.ts` checks, which needs no evidence; and where it fails, the vertex that costs least. */
import type { Instance, Of } from "../certificate/format.js";
import { branchVertices } from "../kernel/branch-vertices.js";
import { Rejection } from "../kernel/ensure.js";
import { verifyStatement } from "../kernel/verify.js";

const MAX_DEPTH = 12;
const MAX_WIDTH = 64;

/** A certificate by the vertices of a diagonal network's problem, or null. */
export function findBranchVertices<E>(instance: Instance<E>): Of<"branch-vertices", E> | null {
  if (instance.network.source.kind !== "diagonal" || instance.network.inputs > MAX_WIDTH) return null;
  const statement: Of<"branch-vertices", E> = { kind: "branch-vertices" };
  return verifyStatement(instance, statement).accepted ? statement : null;
}

/** The global optimum of a diagonal network's problem, in floating point, where the vertices are not too many. */
export function cheapestVertex<E>(instance: Instance<E>): number[] | null {
  const { network, field: K, point } = instance;
  const m = network.layers.length;
  if (network.source.kind !== "diagonal" || m < 2 || m > MAX_DEPTH || network.inputs > MAX_WIDTH) return null;
  let best = { cost: Infinity, theta: point.map(() => 0) };
  try {
    for (const { effects, products } of branchVertices(instance)) {
      const sizes = products.map((u) => K.toNumber(u) ** (1 / m));
      const cost = sizes.reduce((total, size) => total + size * size, 0);
      if (cost >= best.cost) continue;
      const theta = point.map(() => 0);
      for (const [j, { branch, signs }] of effects.entries()) {
        for (const [l, layer] of network.layers.entries()) {
          const { parameter } = l < m - 1 ? layer[branch]![0]! : layer[0]![branch]!;
          theta[parameter] = (signs >> l) & 1 ? -sizes[j]! : sizes[j]!;
        }
      }
      best = { cost, theta };
    }
  } catch (error) {
    if (!(error instanceof Rejection)) throw error; // too many systems: the best so far
  }
  return best.cost === Infinity ? null : best.theta;
}
