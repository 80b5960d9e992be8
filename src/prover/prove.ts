/**
 * Decides every question about a point, as far as the provers reach: statements, each already accepted by the kernel, and a reason
 * for each question that stays open.
 */
import type { Instance, Of, Scope, Statement } from "../certificate/format.js";
import { slackSigns } from "../kernel/forward.js";
import { verifyStatement } from "../kernel/verify.js";
import { findBetter } from "./better.js";
import { cheapestVertex, findBranchVertices } from "./branch-vertices.js";
import { findDescent } from "./descent.js";
import { decideKkt } from "./kkt.js";
import { findLagrangian } from "./lagrangian.js";
import { decideLayerCells } from "./layer-cells.js";
import { findLayerGlobal, findNormBound, findSvmDual } from "./linear.js";
import { findPathBound } from "./path-bound.js";
import { findStrictLocal } from "./strict-local.js";

/** What may stay open, and about which scope. */
export type Question = { readonly about: "kkt" } | { readonly about: "local" | "global"; readonly scope: Scope };

export interface Findings<E> {
  readonly statements: readonly Statement<E>[];
  readonly open: readonly { readonly question: Question; readonly reason: string }[];
}

/** The kernel refused what a prover produced: a bug here, never the user's fault. */
export class ProverBug extends Error {}

/** Called before each stage, for progress. */
export type Progress = (stage: string) => void;

/** Decides the whole problem and each layer's, in the order of cost. */
export function prove<E>(instance: Instance<E>, progress: Progress = () => {}): Findings<E> {
  const statements: Statement<E>[] = [];
  const open: { question: Question; reason: string }[] = [];
  const record = <S extends Statement<E>>(statement: S | null): S | null => {
    if (statement === null) return null;
    const verdict = verifyStatement(instance, statement);
    if (!verdict.accepted) throw new ProverBug(`${statement.kind} was refused by ${verdict.clause}: ${verdict.found}`);
    statements.push(statement);
    return statement;
  };
  const leave = (question: Question, reason: string) => open.push({ question, reason });

  const violated = slackSigns(instance, instance.point).findIndex((sign) => sign < 0);
  if (violated >= 0) {
    record({ kind: "infeasible", sample: violated });
    return { statements, open };
  }
  record({ kind: "feasible" });

  progress("KKT");
  const kkt = decideKkt(instance);
  if (kkt.kind === "undecided") leave({ about: "kkt" }, kkt.reason);
  else record(kkt.statement);

  const whole = decideWhole(instance, kkt.kind === "kkt" ? kkt.statement : null, progress, record);
  if (whole.local === "undecided") leave({ about: "local", scope: null }, whole.reason);
  if (whole.global === "undecided" && whole.local === "undecided") {
    leave({ about: "global", scope: null }, "neither a better point nor a bound was found");
  } else if (whole.global === "undecided")
    leave({ about: "global", scope: null }, "it is a local optimum; neither a better point nor a bound was found");

  for (const layer of instance.network.layers.keys()) {
    progress(`layer ${layer + 1}`);
    decideLayer(instance, layer, whole, record, leave);
  }
  return { statements, open };
}

interface WholeOutcome {
  readonly local: "yes" | "no" | "undecided";
  readonly global: "yes" | "no" | "undecided";
  readonly strict: boolean;
  readonly reason: string;
}

type Record_<E> = <S extends Statement<E>>(statement: S | null) => S | null;

function decideWhole<E>(
  instance: Instance<E>,
  kkt: Extract<Statement<E>, { kind: "kkt" }> | null,
  progress: Progress,
  record: Record_<E>,
): WholeOutcome {
  const outcome = (
    local: WholeOutcome["local"],
    global: WholeOutcome["global"],
    strict = false,
    reason = "",
  ): WholeOutcome => ({
    local,
    global,
    strict,
    reason,
  });
  if (kkt !== null) {
    progress("global optimum");
    const single = instance.network.layers.length === 1 ? record(findLayerGlobal(instance, 0)) : null;
    const bound =
      single ??
      record(findSvmDual(instance)) ??
      record(findLagrangian(instance, kkt, "global")) ??
      record(findNormBound(instance, kkt)) ??
      record(findBranchVertices(instance));
    progress("strict local optimum");
    const strict = record(findStrictLocal(instance, null)) !== null;
    if (bound !== null) return outcome("yes", "yes", strict);
    progress("local optimum");
    const isLocal =
      strict ||
      record(findLagrangian(instance, kkt, "local")) !== null ||
      record(findPathBound(instance, kkt, "local")) !== null;
    if (isLocal) {
      progress("better point");
      if (record(findBetterPoint(instance)) !== null) return outcome("yes", "no", strict);
      const onPaths = record(findPathBound(instance, kkt, "global")) !== null;
      return outcome("yes", onPaths ? "yes" : "undecided", strict);
    }
  }
  progress("descent");
  const descent = findDescent(instance, null);
  if (descent.kind === "found") {
    record(descent.statement);
    return outcome("no", "no");
  }
  progress("better point");
  const better = record(findBetterPoint(instance));
  if (better === null && kkt !== null && record(findPathBound(instance, kkt, "global")) !== null)
    return outcome("yes", "yes");
  const gaps = descent.gaps.length === 0 ? "" : ` (${descent.gaps.join("; ")})`;
  const reason = `no certificate of optimality and no descent to second order was found${gaps}`;
  return outcome("undecided", better === null ? "undecided" : "no", false, reason);
}

/** A better point of the whole problem, or null. */
function findBetterPoint<E>(instance: Instance<E>): Of<"not-global", E> | null {
  const vertex = cheapestVertex(instance);
  return findBetter(instance, null, vertex === null ? [] : [vertex]);
}

function decideLayer<E>(
  instance: Instance<E>,
  layer: number,
  whole: WholeOutcome,
  record: Record_<E>,
  leave: (question: Question, reason: string) => void,
): void {
  if (instance.network.layers.length === 1) return; // the layer is the whole
  const convex = record(findLayerGlobal(instance, layer)) !== null;
  const strict = whole.strict || record(findStrictLocal(instance, layer)) !== null;
  if (convex || whole.global === "yes") return;
  if (!strict && whole.local !== "yes") {
    const descent = findDescent(instance, layer);
    if (descent.kind === "found") {
      record(descent.statement);
      return;
    }
    leave(
      { about: "local", scope: layer },
      descent.gaps.join("; ") || "neither a descent nor multipliers on every piece were found",
    );
  }
  const cells = decideLayerCells(instance, layer);
  if (cells.kind === "global") {
    record(cells.statement);
    return;
  }
  const better = record(findBetter(instance, layer, cells.hints) ?? cells.better);
  if (better === null) leave({ about: "global", scope: layer }, cells.reason);
  else if (whole.global === "undecided") record({ ...better, scope: null });
}
