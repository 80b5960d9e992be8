/** `bound`: one theorem (`proofs/theory.md`, §6), written out in the words that suit what is bounded. */
import type { Facts } from "../../kernel/facts.js";
import type { LeafProof } from "../../kernel/statements/bound.js";
import { type BoundProved, type Bounds, boundsOf } from "./bound/bounds.js";
import { chainProof, isPredictor, predictorProof } from "./bound/chain.js";
import { lagrangianProof } from "./bound/lagrangian.js";
import { cellsClaim, convexClaim, isConvex, isLinearBound, isSplit, isUnique, splitClaim } from "./bound/layers.js";
import { normProof } from "./bound/norm.js";
import { type Block, claim, text } from "./document.js";
import { pointLatex, problemLatex } from "./notation.js";

/** Layers whose problems are convex share a claim, and so do those that are cut into cells; every other bound has its own. */
export function boundClaims<E>(facts: Facts<E>, all: readonly BoundProved<E>[]): { whole: Block[]; layers: Block[] } {
  const bounds = all.map((proved) => boundsOf(facts, proved));
  // A layer may be all that moves, and so the whole.
  const linear = bounds.filter(
    (one, k) =>
      isLinearBound(one) &&
      bounds.findIndex((other) => other.scope === one.scope && other.reach === one.reach && isLinearBound(other)) === k,
  );
  const convex = linear.filter((one) => isConvex(one) && one.reach === "global");
  const split = linear.filter((one) => isSplit(one) && !convex.includes(one));
  const cells = (reach: "local" | "global") =>
    linear.filter((one) => !convex.includes(one) && !split.includes(one) && one.reach === reach);
  const others = bounds.filter((one) => !isLinearBound(one));
  const own = others.map((one) =>
    claim(
      `The point $${pointLatex(one.scope)}$ is a ${one.reach} optimum of $${problemLatex(one.scope)}$.`,
      proofOf(one),
    ),
  );
  return {
    whole: own.filter((_, k) => others[k]!.scope === null),
    layers: [
      ...(convex.length === 0 ? [] : [convexClaim(convex)]),
      ...(["global", "local"] as const).flatMap((reach) =>
        cells(reach).length === 0 ? [] : [cellsClaim(cells(reach))],
      ),
      ...(["global", "local"] as const).flatMap((reach) => {
        const group = split.filter((one) => one.reach === reach);
        return group.length === 0 ? [] : [splitClaim(group)];
      }),
      ...own.filter((_, k) => others[k]!.scope !== null),
    ],
  };
}

function proofOf<E>(bounds: Bounds<E>): Block[] {
  const { isZero } = bounds.facts.instance.field;
  // A form that is not plain, with the bound 0, is 0 on its cell, but not by a formula like the others.
  const isDegenerate = ({ squaredBound, strands }: LeafProof<E>) => isZero(squaredBound) && strands.length > 0;
  if (bounds.parts.some(({ leaves }) => leaves.some(isDegenerate)))
    return [text("On each cell the margins are bounded by the norms of the layers, and the point attains the bound.")];
  if (bounds.chain !== null) return chainProof(bounds, bounds.chain);
  if (bounds.shape.layers.length > 2 && isPredictor(bounds)) return predictorProof(bounds, bounds.parts[0]!.alpha[0]!);
  return bounds.shape.layers.length <= 2 ? lagrangianProof(bounds) : normProof(bounds);
}

/** Whether the bound shows that there is no other global optimum. */
export function isUniqueBound<E>(facts: Facts<E>, proved: BoundProved<E>): boolean {
  return isUnique(boundsOf(facts, proved));
}
