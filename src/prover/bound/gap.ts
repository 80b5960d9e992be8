/** How much shorter than θ a feasible point could be, as far as relaxations without splits of units tell: in floating point, for reports. */
import { sum } from "../../exact/field.js";
import { type Condition, cellOf, type Frame } from "../../kernel/explore.js";
import type { Facts } from "../../kernel/facts.js";
import { blocksOf, hasStrands, placing, rowsOf, shapeOf, signatures } from "../../kernel/shape.js";
import type { Of } from "../../kernel/statements/index.js";
import { multipliersOf } from "./multipliers.js";
import { relaxedRatio } from "./relaxed.js";
import { weightsAbove } from "./signs.js";

/** So many signs of weights above the first moving layer are told apart in a block. */
const MAX_SIGNS = 3;

/**
 * A share of ‖θ‖ below which the norm of no feasible point lies, from the multipliers of the KKT certificate: if Σ α margin is at most ρ C
 * times the product of the layers' norms, ρ^{−1/m}. Null where no relaxation tells.
 */
export function normShare<E>(facts: Facts<E>, kkt: Of<"kkt", E>): number | null {
  const { instance } = facts;
  const { field: K } = instance;
  const shape = shapeOf(instance, null);
  if (shape === null || shape.layers.length < 2) return null;
  const multipliers = multipliersOf(facts, kkt);
  const total = sum(K, multipliers);
  if (K.sign(total) <= 0) return null;
  const squaredBound = K.div(K.mul(total, total), shape.scale);
  const signature = signatures(facts, shape, "global");
  const blocks = new Map(blocksOf(instance, shape).map((block) => [signature(block), block]));
  let most = 1;
  for (const block of blocks.values()) {
    const layers = rowsOf(instance, shape, block);
    const frame: Frame<E> = { facts, layers, scope: null, reach: "everywhere", from: "origin" };
    const place = placing(instance, shape, [block], hasStrands(instance, shape));
    const weights = weightsAbove(instance, shape, layers);
    if (weights.length > MAX_SIGNS) return null;
    for (let signs = 0; signs < 2 ** weights.length; signs++) {
      const conditions = weights.map(
        (weight, k): Condition => ({ at: { weight }, orientation: (signs >> k) & 1 ? -1 : 1 }),
      );
      const ratio = relaxedRatio({ frame, cell: cellOf(frame, conditions), place }, multipliers, squaredBound);
      if (ratio === null) return null;
      most = Math.max(most, ratio);
    }
  }
  return most ** (-1 / shape.layers.length);
}
