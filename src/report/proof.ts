/**
 * Written proofs from accepted certificates: each statement as a careful author would prove it in an appendix, with exact numbers
 * and every polynomial that has to be non-negative. To be called with what the kernel has accepted (`accepted.ts`).
 */
import type { Instance, Of, Scope, Statement, StatementKind } from "../certificate/format.js";
import { squaredNorm } from "../exact/field.js";
import { notGlobalClaim, notLocalClaim } from "./proof/descent.js";
import { type Block, display, type ProofDocument, text } from "./proof/document.js";
import { lagrangianClaim, svmDualClaim } from "./proof/global.js";
import { layerCellsClaim, layerGlobalClaim } from "./proof/layers.js";
import { normBoundClaim } from "./proof/norm-bound.js";
import { marginFormula, networkFormula, networkRemark, networkText, pointAssignments } from "./proof/notation.js";
import { branchVerticesClaim, pathBoundClaim } from "./proof/paths.js";
import { infeasibleClaim, kktClaim, marginTable, notKktClaim } from "./proof/stationarity.js";
import { isLinear, linearStrictClaim, strictLocalClaim } from "./proof/strict.js";
import { generatorText, numberLatex, tupleLatex } from "./proof/typeset.js";
import { verdictOf } from "./verdict.js";

export type { Block, ProofDocument } from "./proof/document.js";

/** The document for accepted statements about an instance. */
export function proofDocument<E>(instance: Instance<E>, accepted: readonly Statement<E>[]): ProofDocument {
  return {
    title: `${instance.name}: ${titleText(instance, accepted)}`,
    blocks: [...problemBlocks(instance), ...claimBlocks(instance, accepted)],
  };
}

/** The verdict on the whole problem in a few words. */
function titleText<E>(instance: Instance<E>, accepted: readonly Statement<E>[]): string {
  if (accepted.some(({ kind }) => kind === "infeasible")) return "a point that is not feasible";
  const { kkt, local, strict, global } = verdictOf(instance, accepted, new Map(), null);
  const point =
    kkt === "yes" ? "a KKT point" : kkt === "no" ? "a feasible point that is not a KKT point" : "a feasible point";
  const optimum = strict === true ? "a strict local optimum" : "a local optimum";
  if (global === "yes") return `${point} that is a global optimum`;
  if (local === "yes") return `${point} that is ${optimum}${global === "no" ? ", and not a global one" : ""}`;
  return local === "no" && kkt !== "no" ? `${point} that is not a local optimum` : point;
}

/** The problem with its formulas, the data and the point. */
function problemBlocks<E>(instance: Instance<E>): Block[] {
  const { network, field: K, data, point } = instance;
  const samples = data.map(({ x, y }, i) => `x_{${i + 1}} = ${tupleLatex(K, x)},\\; y_{${i + 1}} = ${y}`);
  const generator = generatorText(K);
  const remark = networkRemark(network);
  const formulas = data.flatMap((_, i) => {
    const formula = marginFormula(instance, i);
    return formula === null ? [] : [`y_{${i + 1}}\\Phi(\\theta; x_{${i + 1}}) &= ${formula}`];
  });
  return [
    text(`The ${networkText(network)} with parameters $\\theta$ computes`),
    display(`${networkFormula(network)}${remark === "" ? "." : ","}`),
    text(
      `${remark === "" ? "" : `${remark}. `}The data are $${samples.join("$; $")}$.${generator === null ? "" : ` ${generator}`} The problem is`,
    ),
    display(
      "(\\mathrm{P})\\qquad \\min_{\\theta}\\ \\tfrac12\\|\\theta\\|^{2} \\quad\\text{subject to}\\quad y_i\\Phi(\\theta; x_i) \\ge 1 \\text{ for all } i,",
    ),
    text("and $(\\mathrm{P}_{l})$ is the same problem with only the weights $\\theta_{l}$ of layer $l$ free to move."),
    ...(formulas.length === 0 ? [] : [text("With the data put in,"), display(...formulas)]),
    text("The point in question is"),
    display(
      `${pointAssignments(network, K, point, null)}, \\qquad \\|\\theta\\|^{2} = ${numberLatex(K, squaredNorm(K, point))}.`,
    ),
    ...marginTable(instance),
  ];
}

/** The claims in the order of a reader's interest; layers that are proved alike share one. */
function claimBlocks<E>(instance: Instance<E>, accepted: readonly Statement<E>[]): Block[] {
  const of = <K extends StatementKind>(kind: K) => accepted.filter((s): s is Of<K, E> => s.kind === kind);
  const convex = of("layer-global");
  const cells = of("layer-cells");
  const only = instance.network.layers.length === 1 ? 0 : null;
  const isConvex = (scope: Scope) => convex.some(({ layer }) => layer === (scope ?? only));
  // A unique global optimum is a strict local one, whatever the radius.
  const strict = of("strict-local").filter(({ scope }) => !isConvex(scope));
  const linear = strict.filter((s) => s.scope !== null && isLinear(instance, s));
  const alike = linear.length > 1 ? linear : [];
  const others = strict.filter((s) => !alike.includes(s));
  return [
    ...of("infeasible").map((s) => infeasibleClaim(instance, s)),
    ...of("kkt").map((s) => kktClaim(instance, s)),
    ...of("not-kkt").map((s) => notKktClaim(instance, s)),
    ...sameCurves(instance, of("not-local")).map((group) => notLocalClaim(instance, group)),
    ...of("svm-dual").map((s) => svmDualClaim(instance, s)),
    ...of("norm-bound").map((s) => normBoundClaim(instance, s)),
    ...of("branch-vertices").map((s) => branchVerticesClaim(instance, s)),
    ...of("path-bound").map((s) => pathBoundClaim(instance, s)),
    ...of("lagrangian").map((s) => lagrangianClaim(instance, s)),
    ...others.map((s) => strictLocalClaim(instance, s)),
    ...of("not-global").map((s) => notGlobalClaim(instance, s)),
    ...(convex.length === 0 ? [] : [layerGlobalClaim(instance, convex)]),
    ...(alike.length === 0 ? [] : [linearStrictClaim(instance, alike)]),
    ...(cells.length === 0 ? [] : [layerCellsClaim(instance, cells)]),
  ];
}

/** Statements with one and the same curve, together. */
function sameCurves<E>({ field: K }: Instance<E>, statements: readonly Of<"not-local", E>[]): Of<"not-local", E>[][] {
  const groups = new Map<string, Of<"not-local", E>[]>();
  for (const statement of statements) {
    const { end, steps } = statement.curve;
    const key = [end, ...steps.flatMap((step) => [...step].flat())].map((c) =>
      typeof c === "number" ? c : numberLatex(K, c),
    );
    groups.set(key.join(), [...(groups.get(key.join()) ?? []), statement]);
  }
  return [...groups.values()];
}
