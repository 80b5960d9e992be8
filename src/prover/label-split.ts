/** Finds what `kernel/label-split.ts` checks: with the multipliers of the KKT conditions, and what θ spends on each label. */
import type { Instance, LagrangianCell, Of, Orientation } from "../certificate/format.js";
import { squaredNorm, sum } from "../exact/field.js";
import { isPositiveSemidefinite } from "../exact/linear.js";
import { splitCell, splitSupport } from "../kernel/label-split.js";
import { verifyStatement } from "../kernel/verify.js";
import { isUnshared } from "../problem/network.js";
import { searched } from "./cone.js";

const MAX_SAMPLES = 8;

/** A certificate by the split of the labels, or null. */
export function findLabelSplit<E>(instance: Instance<E>, kkt: Of<"kkt", E>): Of<"label-split", E> | null {
  const { network, field: K, data, point } = instance;
  if (network.layers.length !== 3 || network.activation.kind !== "relu" || !isUnshared(network)) return null;
  const multipliers = data.map((_, i) =>
    sum(
      K,
      kkt.terms.flatMap(({ sample, multiplier }) => (sample === i ? [multiplier] : [])),
    ),
  );
  const support = splitSupport(instance, multipliers);
  const labels = new Set(support.map((i) => data[i]!.y));
  if (labels.size < 2 || support.length > MAX_SAMPLES) return null;
  const outgoing = network.layers[2]![0]!.map(({ parameter }) => point[parameter]!);
  const share = (sign: 1 | -1) =>
    squaredNorm(
      K,
      outgoing.filter((c) => K.sign(c) === sign),
    );
  const shares = [share(1), share(-1)] as const;
  const cells: LagrangianCell<E>[] = [];
  for (let signs = 0; signs < 1 << support.length; signs++) {
    const orientations = support.map((_, k): Orientation => ((signs >> k) & 1 ? -1 : 1));
    const { Q, constraints } = splitCell(instance, multipliers, shares, support, orientations);
    if (isPositiveSemidefinite(K, Q)) {
      cells.push({ orientations, products: [] });
      continue;
    }
    const outcome = searched(K, Q, constraints);
    if (outcome.kind === "negative") return null;
    cells.push({ orientations, products: outcome.products });
  }
  const statement: Of<"label-split", E> = { kind: "label-split", multipliers, shares, cells };
  return verifyStatement(instance, statement).accepted ? statement : null;
}
