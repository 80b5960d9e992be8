/**
 * `label-split`: global optimality in a ReLU network of depth 3 with samples of both labels. Output weights of one sign serve one
 * label, so the last two layers fall into two parts; so does the first, if what its units give to the two labels, squared and weighted, is at
 * most their squared length, which is checked cell by cell. (`proofs/theory.md`.)
 */
import type { Instance, Of, SparseVector } from "../certificate/format.js";
import { compare, squaredNorm, sum } from "../exact/field.js";
import { rational } from "../exact/rational.js";
import { isUnshared } from "../problem/network.js";
import { ensure } from "./ensure.js";
import { ensureFeasible } from "./feasible.js";
import { ensureNonNegative } from "./lagrangian.js";
import { combination, orientations } from "./pieces.js";

/** The samples with α_i > 0, whose signs make the cells. */
export function splitSupport<E>({ field: K }: Instance<E>, multipliers: readonly E[]): number[] {
  return multipliers.flatMap((alpha, i) => (K.sign(alpha) > 0 ? [i] : []));
}

/**
 * On a cell of input vectors w: the matrix of ‖w‖² − Σ_± r_±³ (Σ_{y_i = ±1, on} α_i w·x_i)² / (Σ_{y_i = ±1} α_i)², and the forms that are
 * non-negative there.
 */
export function splitCell<E>(
  { network, field: K, data }: Instance<E>,
  multipliers: readonly E[],
  shares: readonly [E, E],
  support: readonly number[],
  chosen: readonly (1 | -1)[],
): { Q: E[][]; constraints: SparseVector<E>[] } {
  const size = network.inputs;
  const Q = Array.from({ length: size }, (_, u) => Array.from({ length: size }, (__, v) => (u === v ? K.one : K.zero)));
  for (const [part, label] of ([1, -1] as const).entries()) {
    const own = support.filter((i) => data[i]!.y === label);
    const on = own.filter((i) => chosen[support.indexOf(i)]! > 0);
    const form = combination(
      K,
      size,
      on.map((i) => [multipliers[i]!, data[i]!.x] as const),
    );
    const total = sum(
      K,
      own.map((i) => multipliers[i]!),
    );
    const r = shares[part]!;
    const factor = K.div(K.mul(r, K.mul(r, r)), K.mul(total, total));
    for (let u = 0; u < size; u++)
      for (let v = 0; v < size; v++) Q[u]![v] = K.sub(Q[u]![v]!, K.mul(factor, K.mul(form[u]!, form[v]!)));
  }
  const constraints = support.map(
    (i, k): SparseVector<E> => new Map(data[i]!.x.map((c, u) => [u, chosen[k]! > 0 ? c : K.neg(c)] as const)),
  );
  return { Q, constraints };
}

export function checkLabelSplit<E>(instance: Instance<E>, { multipliers, shares, cells }: Of<"label-split", E>): void {
  const { network, field: K, data, point } = instance;
  ensure(
    network.layers.length === 3 && network.activation.kind === "relu" && isUnshared(network),
    "label-split.class",
    "the network is not a ReLU network of depth 3 without shared weights",
  );
  ensureFeasible(instance, point, "label-split.feasible");
  const support = splitSupport(instance, multipliers);
  const both = [1, -1].every((label) => support.some((i) => data[i]!.y === label));
  ensure(
    both && [...multipliers, ...shares].every((c) => K.sign(c) >= 0),
    "label-split.multiplier",
    "a multiplier or a share is negative, or all multipliers of a label are 0",
  );
  const total = K.mul(K.fromRational(rational(3n)), sum(K, shares));
  ensure(compare(K, total, squaredNorm(K, point)) >= 0, "label-split.value", "three times the shares are below ‖θ‖²");
  const byOrientation = new Map(cells.map((cell) => [cell.orientations.join(), cell]));
  const signs = support.map((sample) => ({ sample, layer: 0, unit: 0 }));
  let covered = 0;
  for (const chosen of orientations<E>(signs, [], [])) {
    const cell = byOrientation.get(chosen.join());
    ensure(
      cell !== undefined,
      "label-split.cells",
      () => `no evidence for the cell ${chosen.map((s) => (s > 0 ? "+" : "-")).join("")}`,
    );
    covered++;
    const { Q, constraints } = splitCell(instance, multipliers, shares, support, chosen);
    ensureNonNegative(K, Q, constraints, cell.products, "label-split");
  }
  ensure(covered === cells.length, "label-split.cells", "there is evidence for a cell that is not there, or twice");
}
