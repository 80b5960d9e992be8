/** How a verdict stands to what somebody claims. */
import type { Answer, LayerVerdict, Verdict } from "./verdict.js";

/** What the verdict on each instance of a claim must say. */
export interface Expectation {
  readonly kkt?: Answer;
  readonly local?: Answer;
  readonly strict?: true;
  readonly global?: Answer;
  readonly layers?: readonly Partial<LayerVerdict>[];
  readonly everyLayer?: Partial<LayerVerdict>;
}

export type Standing = "verified" | "undecided" | "contradicted";

/** How a verdict stands to what the claim says of it. */
export function standing(verdict: Verdict, expects: Expectation): Standing {
  const layers = [
    ...(expects.layers ?? []),
    ...(expects.everyLayer === undefined ? [] : verdict.layers.map(({ layer }) => ({ layer, ...expects.everyLayer }))),
  ];
  const pairs: [unknown, unknown][] = [
    ...(["kkt", "local", "strict", "global"] as const).map((key): [unknown, unknown] => [expects[key], verdict[key]]),
    ...layers.flatMap((wanted) => {
      const found = verdict.layers.find(({ layer }) => layer === wanted.layer);
      return (["local", "strict", "global"] as const).map((key): [unknown, unknown] => [wanted[key], found?.[key]]);
    }),
  ];
  const asked = pairs.filter(([wanted]) => wanted !== undefined);
  if (asked.every(([wanted, found]) => wanted === found)) return "verified";
  return asked.some(([wanted, found]) => wanted !== found && (found === "yes" || found === "no"))
    ? "contradicted"
    : "undecided";
}

/** What a claim expects, in a few words: `KKT yes, local no`. */
export function expectationText({ kkt, local, strict, global, layers = [], everyLayer }: Expectation): string {
  const parts = (one: Partial<LayerVerdict>) => [
    ...(one.local === undefined ? [] : [`local ${one.local}${one.strict === true ? " (strict)" : ""}`]),
    ...(one.local === undefined && one.strict === true ? ["strict"] : []),
    ...(one.global === undefined ? [] : [`global ${one.global}`]),
  ];
  const whole = { ...(local && { local }), ...(strict && { strict }), ...(global && { global }) };
  return [
    ...(kkt === undefined ? [] : [`KKT ${kkt}`]),
    ...parts(whole),
    ...layers.map((one) => `layer ${one.layer} ${parts(one).join(", ")}`),
    ...(everyLayer === undefined ? [] : [`every layer ${parts(everyLayer).join(", ")}`]),
  ].join(", ");
}
