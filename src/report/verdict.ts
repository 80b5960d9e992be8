/** The verdict of `check`, read off accepted statements only. (Interface: verdict.) */
import type { Instance, Of, Scope, Statement } from "../certificate/format.js";
import type { Field } from "../exact/field.js";
import { formatRational, Q } from "../exact/rational.js";

export type Answer = "yes" | "no" | "undecided";

export interface LayerVerdict {
  readonly layer: number;
  readonly local: Answer;
  readonly strict: true | null;
  readonly global: Answer;
}

export interface Verdict {
  readonly name: string;
  readonly feasible: boolean;
  readonly kkt: Answer;
  readonly local: Answer;
  readonly strict: true | null;
  /** The certified radius of strict local optimality, as an exact number. */
  readonly radius: string | null;
  readonly global: Answer;
  readonly layers: readonly LayerVerdict[];
  readonly undecided: readonly string[];
  readonly certificate: string | null;
}

/**
 * Closes the accepted statements under what follows at once: a global optimum is a local one; an optimum of the whole is one of
 * every layer's problem; a layer's descent or better point is one of the whole; a point that is not KKT is not a local optimum.
 * `reasons` says why a question is open, by its text. Throws if two accepted statements contradict each other.
 */
export function verdictOf<E>(
  instance: Instance<E>,
  accepted: readonly Statement<E>[],
  reasons: ReadonlyMap<string, string>,
  certificate: string | null,
): Verdict {
  const { name, network, field } = instance;
  const depth = network.layers.length;
  const of = <K extends Statement<E>["kind"]>(kind: K) => accepted.filter((s): s is Of<K, E> => s.kind === kind);
  const sameScope = (a: Scope, b: Scope) => a === b || (depth === 1 && (a === null || b === null));
  const about = <K extends "not-local" | "not-global" | "strict-local">(kind: K, scope: Scope) =>
    of(kind).filter((s) => sameScope((s as { scope: Scope }).scope, scope));

  const infeasible = of("infeasible").length > 0;
  if (infeasible) {
    const base = { name, feasible: false, kkt: "no", local: "no", strict: null, radius: null, global: "no" } as const;
    return { ...base, layers: [], undecided: [], certificate };
  }
  const strictWhole = about("strict-local", null)[0];
  const alone = depth === 1 && of("layer-global").length > 0; // the only layer is the whole
  const globalWhole =
    alone ||
    of("svm-dual").length > 0 ||
    of("norm-bound").length > 0 ||
    of("branch-vertices").length > 0 ||
    [...of("lagrangian"), ...of("path-bound")].some((s) => s.reach === "global");
  const localWhole = globalWhole || strictWhole !== undefined || of("lagrangian").length + of("path-bound").length > 0;
  const undecided: string[] = [];
  const answer = (question: string, yes: boolean, no: boolean): Answer => {
    if (yes && no) throw new Error(`accepted statements contradict each other: ${question}`);
    if (!yes && !no) undecided.push(`${question}: ${reasons.get(question) ?? "no certificate was found"}`);
    return yes ? "yes" : no ? "no" : "undecided";
  };

  const notKkt = of("not-kkt").length > 0;
  const kkt = answer(questionText("kkt", null), of("kkt").length > 0, notKkt);
  const local = answer(questionText("local", null), localWhole, notKkt || of("not-local").length > 0);
  const global = answer(questionText("global", null), globalWhole, local === "no" || of("not-global").length > 0);
  const layers = Array.from({ length: depth }, (_, layer): LayerVerdict => {
    const optimal =
      globalWhole ||
      of("layer-global").some((s) => s.layer === layer) ||
      of("layer-cells").some((s) => s.layer === layer);
    const strict = strictWhole !== undefined || about("strict-local", layer).length > 0;
    const descends = about("not-local", layer).length > 0;
    const localHere = answer(questionText("local", layer), localWhole || strict || optimal, descends);
    const globalHere = answer(
      questionText("global", layer),
      optimal,
      localHere === "no" || about("not-global", layer).length > 0,
    );
    return { layer: layer + 1, local: localHere, strict: strict ? true : null, global: globalHere };
  });
  return {
    name,
    feasible: of("feasible").length > 0,
    kkt,
    local,
    strict: strictWhole === undefined ? null : true,
    radius: strictWhole === undefined ? null : exactText(field, strictWhole.radius),
    global,
    layers,
    undecided,
    certificate,
  };
}

export function questionText(about: "kkt" | "local" | "global", scope: Scope): string {
  if (about === "kkt") return "KKT point";
  return `${about} optimum${scope === null ? "" : ` of layer ${scope + 1}`}`;
}

/** An element of K in full: a rational, or a polynomial in the generator a. */
export function exactText<E>(K: Field<E>, value: E): string {
  const terms = K.coordinates(value).flatMap((q, k) => {
    if (Q.isZero(q)) return [];
    const power = k === 0 ? "" : k === 1 ? "a" : `a^${k}`;
    const text = formatRational(q);
    if (power === "") return [text];
    return [text === "1" ? power : text === "-1" ? `-${power}` : `${text}*${power}`];
  });
  return terms.length === 0 ? "0" : terms.join(" + ").replaceAll("+ -", "- ");
}
