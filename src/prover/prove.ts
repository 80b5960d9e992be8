/**
 * Decides every question about a point, as far as the finders reach: statements, which `certify` has the kernel check, and a reason for
 * each question that stays open.
 */

import type { Rational } from "../exact/rational.js";
import { type Facts, factsOf } from "../kernel/facts.js";
import type { Loss } from "../kernel/path.js";
import { shapeOf } from "../kernel/shape.js";
import type { Of, Statement } from "../kernel/statements/index.js";
import type { Instance } from "../network/instance.js";
import { layersAsked, type Scope } from "../network/network.js";
import { type AttractsOutcome, findAttraction, startOf } from "./attracts.js";
import { findCommonBound } from "./bound/common.js";
import { normShare } from "./bound/gap.js";
import { findJointBound } from "./bound/joint.js";
import { decideOneLayer } from "./bound/layer.js";
import { wakingPoints } from "./bound/waking.js";
import type { Progress, Search } from "./effort.js";
import { attractionFrom } from "./from-start.js";
import { decideKkt } from "./kkt.js";
import { findBetter } from "./not-global.js";
import { findDescent } from "./not-local.js";
import { findContinuum } from "./not-strict.js";
import { normOf } from "./search/numeric.js";
import { hasTwins } from "./search/reduce.js";
import { findStrictLocal } from "./strict-local.js";
import { cheapestVertex, findVertices } from "./vertices.js";

/** What may stay open, and about which scope. */
export interface Question {
  readonly about: "kkt" | "local" | "global" | "attracts";
  readonly scope: Scope;
  /** Of `attracts`: whether the flow of this loss from the given start is asked for, and not just from any. */
  readonly loss?: Loss;
}

export interface Open {
  readonly question: Question;
  readonly reason: string;
}

export interface Findings<E> {
  readonly statements: readonly Statement<E>[];
  readonly open: readonly Open[];
}

/** The kernel refused what a finder produced: a bug here, never the user's fault. */
export class ProverBug extends Error {}

export interface Options {
  readonly progress?: Progress;
  /** What the ordinary limits of the search are multiplied by. */
  readonly effort?: number;
  /** Whether to prove that gradient flow converges to the point. */
  readonly attracts?: AttractsRequest | null;
  /** Points that are nearly feasible, and may be shorter. */
  readonly hints?: readonly (readonly number[])[];
}

/** From this start, if it is trapped; or else from one of its own, and from this one by paths, with these losses. */
export interface AttractsRequest {
  readonly start: readonly (number | Rational)[] | null;
  readonly losses: readonly Loss[];
}

/** Keeps what is not null. */
type Keep<E> = <S extends Statement<E>>(statement: S | null) => S | null;
type Leave = (question: Question, reason: string) => void;

/** Decides the whole problem and each layer's, in the order of cost. */
export function prove<E>(
  instance: Instance<E>,
  { progress = () => {}, effort = 1, attracts = null, hints = [] }: Options = {},
): Findings<E> {
  let limits = new Set<string>();
  const search: Search = { effort, progress, reached: (limit) => limits.add(limit) };
  /** What ended the searches since this was asked for last. */
  const limitsText = () => {
    const text = limits.size === 0 ? "" : `; limits reached: ${[...limits].join(", ")}`;
    limits = new Set();
    return text;
  };
  const facts = factsOf(instance);
  const statements: Statement<E>[] = [];
  const open: Open[] = [];
  const keep: Keep<E> = (statement) => {
    if (statement === null) return null;
    statements.push(statement);
    return statement;
  };
  const leave: Leave = (question, reason) => open.push({ question, reason });

  const violated = facts.slack.findIndex((sign) => sign < 0);
  if (violated >= 0) {
    keep({ kind: "infeasible", margin: violated });
    return { statements, open };
  }
  keep({ kind: "feasible" });

  progress("KKT");
  const kkt = decideKkt(facts, search);
  if (kkt.kind === "undecided") leave({ about: "kkt", scope: null }, kkt.reason + limitsText());
  else keep(kkt.statement);

  const whole = decideWhole(facts, kkt.kind === "kkt" ? kkt.statement : null, hints, search, keep);
  if (whole.local === "yes" && !whole.strict) keep(findContinuum(facts, search));
  const outside = (shapeOf(instance, null) === null ? OUTSIDE : "") + limitsText();
  if (whole.local === "undecided") leave({ about: "local", scope: null }, whole.reason + outside);
  if (whole.global === "undecided") {
    const known = whole.local === "yes" ? "it is a local optimum; " : "";
    const share = kkt.kind === "kkt" ? normShare(facts, kkt.statement) : null;
    const gap = share === null ? "" : `; ${gapText(facts, share)}`;
    leave({ about: "global", scope: null }, `${known}neither a better point nor a bound was found${gap}${outside}`);
  }
  const layers = layersAsked(instance.network);
  if (instance.network.layers.length > 1) {
    for (const layer of layers) {
      progress(`layer ${layer + 1}`);
      decideLayer(facts, layer, whole, search, keep, (question, reason) => leave(question, reason + limitsText()));
      limitsText();
    }
  }
  if (attracts !== null) {
    progress("flow");
    const start = attracts.start === null ? null : startOf(facts, attracts.start);
    const found: AttractsOutcome<E> =
      kkt.kind === "kkt"
        ? findAttraction(facts, start, search)
        : { kind: "open", reason: "the point is not shown to be a KKT point" };
    if (found.kind === "found") keep(found.statement);
    else leave({ about: "attracts", scope: null }, found.reason + limitsText());
    const isOther = found.kind === "found" && start !== null && found.statement.start.point !== start;
    for (const loss of isOther ? attracts.losses : []) {
      progress(`flow from the start, ${loss} loss`);
      const path = attractionFrom(facts, start!, loss, search);
      if (path.kind === "found") keep(path.statement);
      else leave({ about: "attracts", scope: null, loss }, path.reason + limitsText());
    }
  }
  return { statements, open };
}

/** What is known of the norms of feasible points. */
function gapText<E>({ instance: { field: K, point } }: Facts<E>, share: number): string {
  const norm = normOf(point.map(K.toNumber));
  const digits = (x: number) => `${Number(x.toPrecision(4))}`;
  return `by relaxing signs, in floating point, no feasible point has a norm below ${digits(share * norm)}, which is ${digits(100 * share)}% of ${digits(norm)}, the point's`;
}

const OUTSIDE =
  "; a bound asks that every path has one trained weight in each of the same layers, and that no parameter stands in two layers, which is not so here";

interface WholeOutcome {
  readonly local: "yes" | "no" | "undecided";
  readonly global: "yes" | "no" | "undecided";
  readonly strict: boolean;
  readonly reason: string;
}

function decideWhole<E>(
  facts: Facts<E>,
  kkt: Of<"kkt", E> | null,
  given: readonly (readonly number[])[],
  search: Search,
  keep: Keep<E>,
): WholeOutcome {
  const { progress } = search;
  const outcome = (
    local: WholeOutcome["local"],
    global: WholeOutcome["global"],
    strict = false,
    reason = "",
  ): WholeOutcome => ({ local, global, strict, reason });
  const hints: (readonly number[])[] = [...given];
  const better = () => {
    progress("better point");
    return keep(betterPoint(facts, hints, kkt === null ? [] : wakingPoints(facts, kkt), search));
  };
  if (kkt !== null) {
    progress("global optimum");
    let bound: Statement<E> | null;
    if (shapeOf(facts.instance, null)?.layers.length === 1) {
      const only = decideOneLayer(facts, null, "global", search);
      bound = only.kind === "global" ? keep(only.statement) : null;
      if (only.kind === "open") hints.push(...only.hints);
    } else bound = keep(findCommonBound(facts, kkt, "global", search)) ?? keep(findVertices(facts));
    progress("strict local optimum");
    const strict = !hasTwins(facts.instance) && keep(findStrictLocal(facts, null, search)) !== null;
    if (bound !== null) return outcome("yes", "yes", strict);
    progress("local optimum");
    if (strict || keep(localBound(facts, kkt, search)) !== null) {
      if (better() !== null) return outcome("yes", "no", strict);
      return outcome("yes", keep(findJointBound(facts, kkt, "global", search)) !== null ? "yes" : "undecided", strict);
    }
  }
  progress("descent");
  const descent = findDescent(facts, null, search);
  if (descent.kind === "found") {
    keep(descent.statement);
    return outcome("no", "no");
  }
  const shorter = better();
  if (shorter === null && kkt !== null && keep(findJointBound(facts, kkt, "global", search)) !== null)
    return outcome("yes", "yes");
  const gaps = descent.gaps.length === 0 ? "" : ` (${descent.gaps.join("; ")})`;
  const reason = `no certificate of optimality and no descent to second order was found${gaps}`;
  return outcome("undecided", shorter === null ? "undecided" : "no", false, reason);
}

function localBound<E>(facts: Facts<E>, kkt: Of<"kkt", E>, search: Search): Of<"bound", E> | null {
  if (shapeOf(facts.instance, null)?.layers.length === 1) {
    const only = decideOneLayer(facts, null, "local", search);
    return only.kind === "global" ? only.statement : null;
  }
  return findCommonBound(facts, kkt, "local", search) ?? findJointBound(facts, kkt, "local", search);
}

/** A better point of the whole problem, or null. */
function betterPoint<E>(
  facts: Facts<E>,
  hints: readonly (readonly number[])[],
  starts: readonly (readonly number[])[],
  search: Search,
): Of<"not-global", E> | null {
  const vertex = cheapestVertex(facts);
  return findBetter(facts, null, search, vertex === null ? hints : [vertex, ...hints], starts);
}

function decideLayer<E>(
  facts: Facts<E>,
  layer: number,
  whole: WholeOutcome,
  search: Search,
  keep: Keep<E>,
  leave: Leave,
): void {
  const isConvex = facts.instance.network.slopes.slice(layer).every((slope) => slope.n === slope.d);
  const first = isConvex ? decideOneLayer(facts, layer, "global", search) : null;
  const convex = first?.kind === "global" && keep(first.statement) !== null;
  const strict = whole.strict || keep(findStrictLocal(facts, layer, search)) !== null;
  if (convex || whole.global === "yes") return;
  const cells = first ?? decideOneLayer(facts, layer, "global", search);
  if (!strict && whole.local !== "yes" && cells.kind !== "global") {
    const descent = findDescent(facts, layer, search);
    if (descent.kind === "found") {
      keep(descent.statement);
      return;
    }
    const local = decideOneLayer(facts, layer, "local", search);
    if (local.kind === "global") keep(local.statement);
    else {
      const reason = descent.gaps.join("; ") || "neither a descent nor multipliers on every cell were found";
      leave({ about: "local", scope: layer }, reason);
    }
  }
  if (cells.kind === "global") {
    keep(cells.statement);
    return;
  }
  const better = keep(findBetter(facts, layer, search, cells.hints) ?? cells.better);
  if (better === null) leave({ about: "global", scope: layer }, cells.reason);
  else if (whole.global === "undecided") keep({ ...better, scope: null });
}
