/** The verdict of `check`, read off the meanings of accepted statements only. (Interface: verdict.) */
import type { Field } from "../exact/field.js";
import type { IntegerPolynomial } from "../exact/integer-polynomial.js";
import { numberField } from "../exact/number-field.js";
import { formatRational, Q, rational } from "../exact/rational.js";
import type { Loss } from "../kernel/path.js";
import type { Meaning } from "../kernel/statement.js";
import type { Problem } from "../network/instance.js";
import { layersAsked, parametersOf, type Scope } from "../network/network.js";
import type { Accepted } from "./accepted.js";
import { isHomogeneous } from "./homogeneity.js";
import { radicalText } from "./proof/radicals.js";
import { radicalBasis } from "./radical-basis.js";

export type Answer = "yes" | "no" | "undecided";

/** A verdict as \`--json\` has it. (Interface: verdict.) */
export function interfaceOf<V extends Pick<Verdict, "isContinuum">>(verdict: V): Omit<V, "isContinuum"> {
  const { isContinuum: _, ...rest } = verdict;
  return rest;
}

/** What may stay open. */
export type Question =
  | { readonly about: "kkt" }
  | { readonly about: "attracts"; readonly loss?: Loss }
  | { readonly about: "local" | "global"; readonly scope: Scope };

export interface LayerVerdict {
  readonly layer: number;
  readonly local: Answer;
  readonly strict: true | null;
  readonly global: Answer;
}

const LOSSES: readonly Loss[] = ["exponential", "logistic"];

export type Attraction = "open set" | "subspace";

export interface FromStart {
  readonly loss: Loss;
  /** That of the starts around the given one; null where it is not proved. */
  readonly radius: string | null;
  /** Why it is not proved. */
  readonly reason: string | null;
}

export interface Verdict {
  readonly name: string;
  /** null where no statement says or implies it. */
  readonly feasible: boolean | null;
  readonly kkt: Answer;
  readonly local: Answer;
  readonly strict: true | null;
  /** Whether it is shown not to be strict: there are other feasible points, no longer, arbitrarily near. Not part of the interface. */
  readonly isContinuum: boolean;
  /** The certified radius of strict local optimality, as an exact number. */
  readonly radius: string | null;
  readonly global: Answer;
  readonly layers: readonly LayerVerdict[];
  /** Whether gradient flow is proved to converge to the point: from an open set of starts, from one in a subspace, or null. */
  readonly attracts: Attraction | null;
  /** Where the flow from a given start was asked for, that is not trapped itself: whether it is proved to converge, loss by loss. */
  readonly fromStart: readonly FromStart[];
  readonly undecided: readonly string[];
  readonly certificate: string | null;
}

/**
 * Closes the accepted statements under what follows at once: a global optimum is a local one; an optimum of the whole is one of
 * every layer's problem; a layer's descent or better point is one of the whole; a point that is not KKT is not a local optimum, where
 * the network is homogeneous. `reasons` says why a question is open, by its key. Throws if accepted statements contradict each other.
 */
export function verdictOf<E>(
  problem: Problem<E>,
  accepted: readonly { readonly meaning: Meaning<E> }[],
  reasons: ReadonlyMap<string, string> = new Map(),
  certificate: string | null = null,
): Verdict {
  const { name, network, field } = problem;
  // A scope that moves all parameters is the whole.
  const isWhole = (scope: Scope) => parametersOf(network, scope).length === network.parameters.length;
  const meanings = accepted.map(({ meaning }) => ({
    ...meaning,
    scope: isWhole(meaning.scope) ? null : meaning.scope,
  }));
  const said = (about: Meaning<E>["about"], answer: "yes" | "no") =>
    meanings.filter((one) => one.about === about && one.answer === answer);
  if (said("feasible", "no").length > 0) {
    const no = { kkt: "no", local: "no", strict: null, isContinuum: false, radius: null, global: "no" } as const;
    return { name, feasible: false, ...no, layers: [], attracts: null, fromStart: [], undecided: [], certificate };
  }

  const undecided: string[] = [];
  const answer = (question: Question, yes: boolean, no: boolean): Answer => {
    if (yes && no) throw new Error(`accepted statements contradict each other: ${questionText(question)}`);
    if (!yes && !no) {
      const reason = reasons.get(questionKey(question)) ?? NO_REASON;
      undecided.push(`${questionText(question)}: ${reason}`);
    }
    return yes ? "yes" : no ? "no" : "undecided";
  };
  const globals = said("global", "yes");
  const locals = [...said("local", "yes"), ...globals];
  const feasible = [...said("feasible", "yes"), ...said("kkt", "yes"), ...locals].length > 0 ? true : null;
  if (feasible === null) undecided.push(`feasible: ${NO_REASON}`);
  const kkt = answer({ about: "kkt" }, said("kkt", "yes").length > 0, said("kkt", "no").length > 0);
  const decide = (scope: Scope) => {
    const proves = (one: Meaning<E>) => one.scope === null || one.scope === scope;
    const refutes = (one: Meaning<E>) => scope === null || one.scope === scope;
    const descends = said("local", "no").some(refutes) || (scope === null && kkt === "no" && isHomogeneous(problem));
    const local = answer({ about: "local", scope }, locals.some(proves), descends);
    const isBeaten = local === "no" || said("global", "no").some(refutes);
    const global = answer({ about: "global", scope }, globals.some(proves), isBeaten);
    const ball = locals.find((one) => one.radius !== null && proves(one));
    const isStrict = ball !== undefined || locals.some((one) => one.isStrict === true && proves(one));
    const strict = isStrict ? (true as const) : null;
    const radius = ball === undefined ? null : exactText(field, ball.radius!);
    const isContinuum = local === "yes" && said("strict", "no").some(refutes);
    if (strict && isContinuum) throw new Error("accepted statements contradict each other: strict or not");
    return { local, strict, isContinuum, radius, global };
  };
  const whole = decide(null);
  const layers = layersAsked(network).map((layer): LayerVerdict => {
    const { local, strict, global } = isWhole(layer) ? whole : decide(layer);
    return { layer: layer + 1, local, strict, global };
  });
  const flows = said("attracts", "yes");
  // A path is about one loss only, and may start in a single point.
  const trapped = flows.filter(({ loss }) => (loss ?? null) === null);
  const isOpen = trapped.some(({ dimension }) => (dimension ?? null) === null);
  const attracts = trapped.length === 0 ? null : isOpen ? "open set" : "subspace";
  const unproved = reasons.get(questionKey({ about: "attracts" }));
  if (attracts === null && unproved !== undefined)
    undecided.push(`${questionText({ about: "attracts" })}: ${unproved}`);
  const fromStart = LOSSES.flatMap((loss): FromStart[] => {
    const [own] = flows.filter((one) => one.loss === loss);
    const reason = reasons.get(questionKey({ about: "attracts", loss })) ?? null;
    if (own !== undefined) return [{ loss, radius: exactText(problem.field, own.radius!), reason: null }];
    return reason === null ? [] : [{ loss, radius: null, reason }];
  });
  return { name, feasible, kkt, ...whole, layers, attracts, fromStart, undecided, certificate };
}

/** The verdict on the point of a certificate. */
export function verdictIn(accepted: Accepted): Verdict {
  if (accepted.sort === "enclosed") return verdictOf(accepted.enclosed.problem, accepted.statements);
  return verdictOf(accepted.instance, accepted.statements);
}

/** Why a question is open of which nothing is known but the accepted statements. */
const NO_REASON = "no statement";

/** Equal for equal questions. */
export function questionKey(question: Question): string {
  if (question.about === "kkt") return "kkt";
  if (question.about === "attracts") return `attracts ${question.loss ?? "anywhere"}`;
  return `${question.about} ${question.scope ?? "whole"}`;
}

/** A question as `undecided` names it. */
export function questionText(question: Question): string {
  if (question.about === "kkt") return "KKT point";
  if (question.about === "attracts") return "convergence of the flow";
  return `${question.about} optimum${question.scope === null ? "" : ` of layer ${question.scope + 1}`}`;
}

/** A function as it is typed in a problem file: `(1 + s^2)/(2*s)`. */
function functionText<E>(K: Field<E>, value: E): string {
  const { family, parts } = K.functions!;
  const { numerators, denominator } = parts(value);
  const constants = (K.description === null ? Q : numberField(K.description)) as Field<unknown>;
  const text = (polynomials: readonly IntegerPolynomial[]): string => {
    const length = Math.max(0, ...polynomials.map((p) => p.length));
    const terms = Array.from({ length }, (_, k) => {
      const own = polynomials.map((p) => rational(p[k] ?? 0n));
      if (own.every(Q.isZero)) return [];
      const c = exactText(constants, constants.fromCoordinates(own));
      if (k === 0) return [c];
      const power = k === 1 ? family.parameter : `${family.parameter}^${k}`;
      return [c === "1" ? power : c === "-1" ? `-${power}` : `${/[ ]/.test(c) ? `(${c})` : c}*${power}`];
    }).flat();
    return terms.length === 0 ? "0" : terms.join(" + ").replaceAll("+ -", "- ");
  };
  const bracketed = (one: string) => (/[ *]/.test(one) ? `(${one})` : one);
  const [above, below] = [text(numerators), text([denominator])];
  return below === "1" ? above : `${/ /.test(above) ? `(${above})` : above}/${bracketed(below)}`;
}

/**
 * An element of K in full, as it is typed in a problem file; where K has no basis of radicals, a polynomial in the generator a. A function is
 * a fraction of polynomials in the parameter.
 */
export function exactText<E>(K: Field<E>, value: E): string {
  if (K.functions !== null) return functionText(K, value);
  const inPowers = K.coordinates(value);
  const basis = inPowers.slice(1).every(Q.isZero) ? null : radicalBasis(K);
  const terms = (basis?.coordinates(inPowers) ?? inPowers).flatMap((q, k) => {
    if (Q.isZero(q)) return [];
    if (k === 0) return [formatRational(q)];
    if (basis !== null) return [`${q.s < 0n ? "-" : ""}${radicalText(q, basis.roots[k]!)}`];
    const power = k === 1 ? "a" : `a^${k}`;
    const text = formatRational(q);
    return [text === "1" ? power : text === "-1" ? `-${power}` : `${text}*${power}`];
  });
  return terms.length === 0 ? "0" : terms.join(" + ").replaceAll("+ -", "- ");
}
