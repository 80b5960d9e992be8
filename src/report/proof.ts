/**
 * Written proofs from accepted statements: each as a careful author would prove it in an appendix, with exact numbers and every
 * polynomial that has to be non-negative. They are written from what the kernel's checks have returned.
 */
import { squaredNorm } from "../exact/field.js";
import { type Facts, factsOf } from "../kernel/facts.js";
import type { Proved, StatementKind } from "../kernel/statements/index.js";
import type { Acceptance } from "../kernel/verify.js";
import type { Instance } from "../network/instance.js";
import type { Accepted } from "./accepted.js";
import { attractsClaim } from "./proof/attracts.js";
import { boundClaims, isUniqueBound } from "./proof/bound.js";
import { type NotLocalProved, notGlobalClaim, notLocalClaim, notStrictClaim } from "./proof/descent.js";
import { type Block, claim, display, literal, type ProofDocument, text } from "./proof/document.js";
import { enclosedDocument } from "./proof/enclosed.js";
import { pointLatex, pointLines, problemLatex, properScope } from "./proof/notation.js";
import { problemBlocks, titleText } from "./proof/problem.js";
import { type Derivation, infeasibleClaim, kktClaim, marginTable, notKktClaim } from "./proof/stationarity.js";
import { isLinearStrict, linearStrictClaim, strictLocalClaim } from "./proof/strict.js";
import { decimalLatex, numberLatex } from "./proof/typeset.js";
import { verticesClaim } from "./proof/vertices.js";
import { verdictOf } from "./verdict.js";

export type { Block, ProofDocument } from "./proof/document.js";

/** The document for what is accepted of a point, given by numbers or enclosed. */
export function documentOf(accepted: Accepted, derive: Derivation | null = null): ProofDocument {
  if (accepted.sort === "enclosed") return enclosedDocument(accepted.enclosed, accepted.statements);
  const { instance, statements } = accepted;
  // The derivation is by a program that knows numbers, not functions.
  return proofDocument(instance, statements, instance.field.functions === null ? derive : null);
}

/**
 * The document for accepted statements about an instance. With a derivation (`symbolic/margins.ts`), which is a large program, it also
 * has the KKT system written out.
 */
export function proofDocument<E>(
  instance: Instance<E>,
  accepted: readonly Acceptance<E>[],
  derive: Derivation | null = null,
): ProofDocument {
  const facts = factsOf(instance);
  return {
    title: titleText(verdictOf(instance, accepted), accepted),
    blocks: [...problemBlocks(instance), ...pointBlocks(facts), ...claimBlocks(facts, accepted, derive)],
  };
}

/** The point in numbers, and the margins there. */
function pointBlocks<E>(facts: Facts<E>): Block[] {
  const { field: K, point } = facts.instance;
  const lines = pointLines(facts.instance);
  return [
    text("The point in question is"),
    display(
      ...lines.slice(0, -1),
      `${lines.at(-1)}, \\qquad \\|\\theta\\|^{2} = ${numberLatex(K, squaredNorm(K, point))}.`,
    ),
    ...decimalBlocks(facts),
    ...marginTable(facts),
  ];
}

/** The point in decimals, where it has irrational coordinates. */
function decimalBlocks<E>({ instance: { field: K, point } }: Facts<E>): Block[] {
  if (point.every((value) => decimalLatex(K, value) === "") || point.length > MAX_DECIMALS) return [];
  const norm = squaredNorm(K, point);
  const decimals = point.map((value) => `${Number(K.toNumber(value).toPrecision(4))}`);
  return [
    text(
      `In decimals, $\\theta \\approx (${decimals.join(", ")})$ and $\\|\\theta\\|^{2} \\approx ${Number(K.toNumber(norm).toPrecision(6))}$.`,
    ),
  ];
}

/** More coordinates than this are no help in decimals. */
const MAX_DECIMALS = 24;

/** The claims in the order of a reader's interest; layers that are proved alike share one. */
function claimBlocks<E>(facts: Facts<E>, accepted: readonly Acceptance<E>[], derive: Derivation | null): Block[] {
  const { network } = facts.instance;
  const of = <K extends StatementKind>(kind: K) =>
    accepted.flatMap((one) =>
      one.statement.kind === kind ? [one.proved as Extract<Proved<E>, { readonly kind: K }>] : [],
    );
  const bounds = of("bound");
  const { whole, layers } = boundClaims(facts, bounds);
  const unique = new Set(
    bounds.filter((one) => isUniqueBound(facts, one)).map(({ statement }) => properScope(network, statement.scope)),
  );
  // A unique global optimum is a strict local one, whatever the radius.
  const strict = of("strict-local").filter(({ statement }) => !unique.has(properScope(network, statement.scope)));
  const linear = strict.filter(
    (one) => properScope(network, one.statement.scope) !== null && isLinearStrict(facts, one),
  );
  const alike = linear.length > 1 ? linear : [];
  const written = new Set<StatementKind>(WRITTEN);
  return [
    ...of("infeasible").map(({ statement }) => infeasibleClaim(facts, statement)),
    ...of("kkt").map((one) => kktClaim(facts, one, derive)),
    ...of("not-kkt").map((one) => notKktClaim(facts, one)),
    ...sameCurves(facts, of("not-local")).map((group) => notLocalClaim(facts, group)),
    ...whole,
    ...of("vertices").map((one) => verticesClaim(facts, one)),
    ...strict.filter((one) => !alike.includes(one)).map((one) => strictLocalClaim(facts, one)),
    ...of("not-strict").map((one) => notStrictClaim(facts, one)),
    ...of("not-global").map(({ statement }) => notGlobalClaim(facts, statement)),
    ...(alike.length === 0 ? [] : [linearStrictClaim(facts, alike)]),
    ...layers,
    ...of("attracts").map((one) => attractsClaim(facts, one)),
    ...accepted.filter(({ statement }) => !written.has(statement.kind)).map((one) => bareClaim(facts, one)),
  ];
}

/** The kinds that have a writer, or whose content is in the table of margins. */
const WRITTEN: readonly StatementKind[] = [
  "feasible",
  "infeasible",
  "kkt",
  "not-kkt",
  "not-local",
  "not-global",
  "strict-local",
  "not-strict",
  "bound",
  "vertices",
  "attracts",
];

/** What a statement of another kind says, with its reason. */
export function bareClaim<E>(
  { instance: { network, field: K } }: Facts<E>,
  { meaning }: Pick<Acceptance<E>, "meaning">,
): Block {
  const scope = properScope(network, meaning.scope);
  const what = {
    feasible: "feasible",
    kkt: `a KKT point of $${problemLatex(scope)}$`,
    local: `${meaning.radius === null ? "a" : "a strict"} local optimum of $${problemLatex(scope)}$`,
    strict: `a strict local optimum of $${problemLatex(scope)}$`,
    global: `a global optimum of $${problemLatex(scope)}$`,
    attracts: "a limit of gradient flow",
  }[meaning.about];
  const within = meaning.radius === null ? "" : `, within distance $${numberLatex(K, meaning.radius)}$`;
  const reason = `${meaning.because[0]!.toUpperCase()}${meaning.because.slice(1)}.`;
  return claim(`The point $${pointLatex(scope)}$ is ${meaning.answer === "no" ? "not " : ""}${what}${within}.`, [
    text(literal(reason)),
  ]);
}

/** Statements with one and the same curve, together. */
function sameCurves<E>({ instance: { field: K } }: Facts<E>, all: readonly NotLocalProved<E>[]): NotLocalProved<E>[][] {
  const groups = new Map<string, NotLocalProved<E>[]>();
  for (const one of all) {
    const { end, steps } = one.statement.curve;
    const key = JSON.stringify([
      numberLatex(K, end),
      steps.map((step) => [...step].map(([k, c]) => [k, numberLatex(K, c)])),
    ]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}
