/** Finds `bound` with multipliers that are common to all paths of a network (a chain) or to all of its blocks (parts). */
import type { Facts } from "../../kernel/facts.js";
import { chainGroups, shapeOf } from "../../kernel/shape.js";
import type { Of } from "../../kernel/statements/index.js";
import type { Search } from "../effort.js";
import { chainWays, findChain } from "./chain.js";
import { multipliersOf } from "./multipliers.js";
import { findParts } from "./parts.js";

type Bound<E> = Of<"bound", E>;
type Reach = "local" | "global";

/** A certificate with multipliers that are common to all paths or blocks that the KKT point θ is a local or global optimum, or null. */
export function findCommonBound<E>(facts: Facts<E>, kkt: Of<"kkt", E>, reach: Reach, search: Search): Bound<E> | null {
  const shape = shapeOf(facts.instance, null);
  if (shape === null || shape.layers.length < 2) return null;
  const multipliers = multipliersOf(facts, kkt);
  const parts = () => findParts(facts, shape, multipliers, reach, search);
  if (reach === "local") return parts();
  const chain = () => findChain(facts, shape, kkt, search);
  // Labels with paths of their own have bounds of their own, which parts do not.
  const isSeparate =
    chainGroups(facts.instance, multipliers, null).length > 0 && chainWays(facts, shape, multipliers).length > 0;
  return isSeparate ? (chain() ?? parts()) : (parts() ?? chain());
}
