/**
 * An enclosed point solves the problem of a layer: in the layer's weights its active margins are concave, everywhere or near the point, so
 * that the KKT conditions suffice. (`proofs/theory.md`, §8.7.)
 */
import { objectOf, word } from "../../network/codec.js";
import { isLinearLayer, type Scope } from "../../network/network.js";
import { ensure } from "../ensure.js";
import { unitText } from "../forward.js";
import { type EnclosedKind, ensureKkt } from "./kkt.js";
import { marginNear, valueAt } from "./near.js";
import type { EnclosedFacts } from "./system.js";

export interface EnclosedConcave {
  readonly kind: "concave";
  readonly scope: Scope;
  readonly reach: "global" | "local";
}

export const enclosedConcave: EnclosedKind<EnclosedConcave> = {
  clauses: ["enclosed-concave.scope", "enclosed-concave.linear", "enclosed-concave.zero"],
  codec: ({ scope }) => objectOf<EnclosedConcave>({ kind: word("concave"), scope, reach: word("global", "local") }),
  check: (facts, { scope, reach }) => {
    ensureKkt(facts);
    const { network } = facts.problem;
    ensure(scope !== null, "enclosed-concave.scope", "the scope is not a layer"); // which has parameters of its own
    const kinked = network.slopes.findIndex((_, l) => l >= scope && !isLinearLayer(network, l));
    if (reach === "global")
      ensure(
        kinked === -1,
        "enclosed-concave.linear",
        () => `layer ${kinked + 1} has kinks above the weights that move`,
      );
    else for (const place of facts.point.active.keys()) ensureConcave(facts, scope, place);
  },
  meaning: ({ scope, reach }) => ({
    about: reach,
    scope,
    answer: "yes",
    radius: null,
    isStrict: true,
    because: "in the weights that move the active margins are concave, and the point is a KKT point",
  }),
};

/** No zero at or above the layer raises the margin, whose derivative by its output is a number while the layers above stay. */
function ensureConcave(facts: EnclosedFacts, layer: number, place: number): void {
  for (const { unit, adjoint } of marginNear(facts, place, new Set()).zeros) {
    if (unit.at.layer < layer) continue;
    const sign = facts.ring.sign(valueAt(facts, adjoint));
    const loses = sign === -1 || sign === 0;
    ensure(loses, "enclosed-concave.zero", () => `${unitText(unit.at)} is zero, and a margin may gain across it`);
  }
}
