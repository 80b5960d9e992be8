/** Written proofs about an enclosed point: the only zero of an explicit system in an explicit box. (`proofs/theory.md`, §8.) */
import type { EnclosedFacts } from "../../kernel/enclosed/system.js";
import type { EnclosedAcceptance } from "../accepted.js";
import { verdictOf } from "../verdict.js";
import type { Block, ProofDocument } from "./document.js";
import { boundClaims } from "./enclosed/bound.js";
import { notGlobalClaim, notLocalClaim } from "./enclosed/descent.js";
import { concaveClaims, strictClaim } from "./enclosed/second-order.js";
import { kktClaim } from "./enclosed/stationarity.js";
import { systemBlocks, zeroClaim } from "./enclosed/system.js";
import { pointBlocks } from "./enclosed/tables.js";
import { type View, viewOf } from "./enclosed/view.js";
import { problemBlocks, titleText } from "./problem.js";

/** The document for what is accepted of an enclosed point. */
export function enclosedDocument(facts: EnclosedFacts, accepted: readonly EnclosedAcceptance[]): ProofDocument {
  const view = viewOf(facts);
  return {
    title: titleText(verdictOf(facts.problem, accepted), accepted),
    blocks: [
      ...problemBlocks(facts.problem, false),
      ...systemBlocks(view),
      ...zeroClaim(view),
      ...pointBlocks(view),
      ...claimBlocks(view, accepted),
    ],
  };
}

/** In the order of a reader's interest. That the point is KKT is a part of what every bound and every descent proves. */
function claimBlocks(view: View, accepted: readonly EnclosedAcceptance[]): Block[] {
  const statements = accepted.map(({ statement }) => statement);
  const isKkt = statements.some(({ kind }) => kind !== "feasible" && kind !== "not-global");
  return [
    ...(isKkt ? [kktClaim(view)] : []),
    ...statements.flatMap((one) => (one.kind === "not-local" ? [notLocalClaim(view, one)] : [])),
    ...boundClaims(
      view,
      statements.flatMap((one) => (one.kind === "bound" ? [one] : [])),
    ),
    ...statements.flatMap((one) => (one.kind === "strict-local" ? [strictClaim(view, one)] : [])),
    ...concaveClaims(statements.flatMap((one) => (one.kind === "concave" ? [one] : []))),
    ...statements.flatMap((one) => (one.kind === "not-global" ? [notGlobalClaim(view, one)] : [])),
  ];
}
