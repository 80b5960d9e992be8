/**
 * Points near θ where a dead unit wakes in the direction in which it gains most under the multipliers of θ: where that is more than it costs,
 * shorter feasible points are near. In floating point, as starts for a search.
 */

import { squaredNorm, sum } from "../../exact/field.js";
import { cellOf, type Frame } from "../../kernel/explore.js";
import type { Facts } from "../../kernel/facts.js";
import { type Block, blocksOf, hasStrands, placing, rowsOf, shapeOf, signatures } from "../../kernel/shape.js";
import type { Of } from "../../kernel/statements/index.js";
import { normOf } from "../search/numeric.js";
import { toNumbers } from "../search/vectors.js";
import { multipliersOf } from "./multipliers.js";
import { peaksOf } from "./peaks.js";
import { weightsAbove } from "./signs.js";

/** Sizes of what wakes, beside ‖θ‖. */
const SIZES = [0.3, 0.1];

/** The starts, for two moving layers and the first dead block of each kind. */
export function wakingPoints<E>(facts: Facts<E>, kkt: Of<"kkt", E>): number[][] {
  const { instance } = facts;
  const { field: K, point } = instance;
  const shape = shapeOf(instance, null);
  if (shape === null || shape.layers.length !== 2) return [];
  const multipliers = multipliersOf(facts, kkt);
  const total = sum(K, multipliers);
  if (K.sign(total) <= 0) return [];
  const squaredBound = K.div(K.mul(total, total), shape.scale);
  const theta = toNumbers(K, point);
  const norm = normOf(theta);
  const signature = signatures(facts, shape, "local");
  const dead = new Map<string, Block>();
  for (const block of blocksOf(instance, shape)) {
    const layers = rowsOf(instance, shape, block);
    const own = layers.flat(2).flatMap(({ weight }) => (weight < point.length ? [point[weight]!] : []));
    if (K.isZero(squaredNorm(K, own)) && !dead.has(signature(block))) dead.set(signature(block), block);
  }
  return [...dead.values()].flatMap((block) => {
    const layers = rowsOf(instance, shape, block);
    const [above, ...others] = weightsAbove(instance, shape, layers);
    if (above === undefined || others.length > 0) return [];
    const frame: Frame<E> = { facts, layers, scope: null, reach: "everywhere", from: "origin" };
    const place = placing(instance, shape, [block], hasStrands(instance, shape));
    const peaks = peaksOf({ frame, cell: cellOf(frame, []), place }, multipliers, squaredBound);
    return SIZES.flatMap((size) =>
      peaks().map(({ direction, sign }) => {
        const start = [...theta];
        for (const [v, c] of direction) start[v] = size * norm * c;
        start[above] = size * norm * sign;
        return start;
      }),
    );
  });
}
