/**
 * Written proofs from accepted certificates: each statement as a careful author would prove it in an appendix, with exact numbers
 * and every polynomial that has to be non-negative. Nothing is taken from a certificate that the kernel has not accepted.
 */
import type { Instance, Of, Statement, StatementKind } from "../certificate/format.js";
import { squaredNorm } from "../exact/field.js";
import { type Refusal, verifyCertificate } from "../kernel/verify.js";
import { parametersOf } from "../problem/network.js";
import { along, notGlobalClaim, notLocalClaim } from "./proof/descent.js";
import { type Block, display, enumeration, items, type ProofDocument, text } from "./proof/document.js";
import { lagrangianClaim, normBoundClaim, svmDualClaim } from "./proof/global.js";
import { layerCellsClaim, layerGlobalClaim } from "./proof/layers.js";
import { marginFormula, networkFormula, networkRemark, networkText, pointAssignments } from "./proof/notation.js";
import { feasibleText, infeasibleClaim, kktClaim, marginTable, notKktClaim } from "./proof/stationarity.js";
import { isLinear, linearStrictClaim, strictLocalClaim } from "./proof/strict.js";
import { generatorText, numberLatex, tupleLatex } from "./proof/typeset.js";

export type { Block, ProofDocument } from "./proof/document.js";

export type ProofResult =
  | { readonly accepted: true; readonly document: ProofDocument }
  | { readonly accepted: false; readonly refusal: Refusal };

/** The written proof of a parsed certificate, or the first refusal of the kernel. */
export function writtenProof(certificate: unknown): ProofResult {
  const verdict = verifyCertificate(certificate);
  if (!verdict.readable) return { accepted: false, refusal: verdict.refusal };
  const refusal = verdict.statements.find((one): one is Refusal => !one.accepted);
  if (refusal !== undefined) return { accepted: false, refusal };
  const statements = verdict.statements.flatMap((one) => (one.accepted ? [one.statement] : []));
  return { accepted: true, document: proofDocument(verdict.instance, statements) };
}

/** The document for accepted statements about an instance. */
export function proofDocument<E>(instance: Instance<E>, accepted: readonly Statement<E>[]): ProofDocument {
  return { title: instance.name, blocks: [...problemBlocks(instance), ...claimBlocks(instance, accepted)] };
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
  const isFeasible = text(feasibleText(instance));
  return [
    text(`The ${networkText(network)} with parameters $\\theta$ computes`),
    display(networkFormula(network)),
    ...(remark === "" ? [] : [text(`${remark}.`)]),
    text(`The data are $${samples.join("$; $")}$.${generator === null ? "" : ` ${generator}`} The problem is`),
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
    isFeasible,
  ];
}

/** The claims in the order of a reader's interest; layers that are proved alike share one. */
function claimBlocks<E>(instance: Instance<E>, accepted: readonly Statement<E>[]): Block[] {
  const of = <K extends StatementKind>(kind: K) => accepted.filter((s): s is Of<K, E> => s.kind === kind);
  const convex = of("layer-global");
  const isConvex = (scope: number | null) => scope !== null && convex.some(({ layer }) => layer === scope);
  // A unique global optimum is a strict local one, whatever the radius.
  const strict = of("strict-local").filter(({ scope }) => !isConvex(scope));
  const alike = strict.filter((s) => s.scope !== null && isLinear(instance, s));
  const others = strict.filter((s) => !alike.includes(s));
  return [
    ...of("infeasible").map((s) => infeasibleClaim(instance, s)),
    ...of("kkt").map((s) => kktClaim(instance, s)),
    ...of("not-kkt").map((s) => notKktClaim(instance, s)),
    ...sameCurves(of("not-local")).map((group) => notLocalClaim(instance, group)),
    ...of("svm-dual").map((s) => svmDualClaim(instance, s)),
    ...of("norm-bound").map((s) => normBoundClaim(instance, s)),
    ...of("lagrangian").map((s) => lagrangianClaim(instance, s)),
    ...others.map((s) => strictLocalClaim(instance, s)),
    ...of("not-global").map((s) => notGlobalClaim(instance, s)),
    ...(convex.length === 0 ? [] : [layerGlobalClaim(instance, convex)]),
    ...(alike.length === 0 ? [] : [linearStrictClaim(instance, alike)]),
    ...of("layer-cells").map((s) => layerCellsClaim(instance, s)),
  ];
}

/** Statements with one and the same curve, together. */
function sameCurves<E>(statements: readonly Of<"not-local", E>[]): Of<"not-local", E>[][] {
  const groups: Of<"not-local", E>[][] = [];
  for (const statement of statements) {
    const group = groups.find(([first]) => JSON.stringify(plain(first!)) === JSON.stringify(plain(statement)));
    if (group === undefined) groups.push([statement]);
    else group.push(statement);
  }
  return groups;
}

function plain<E>({ curve }: Of<"not-local", E>): unknown {
  return [String(curve.end), curve.steps.map((step) => [...step].map(([k, c]) => [k, String(c)]))];
}
void along;
void enumeration;
void items;
void parametersOf;
