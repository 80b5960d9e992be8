/** The hash by which `verify`, the page and the flow's evidence name a problem. */
import { writeEnclosed, writeInstance } from "../kernel/certificate.js";
import type { EnclosedFacts } from "../kernel/enclosed/system.js";
import type { Instance, Problem } from "../network/instance.js";

/** Equal texts mean equal problems with equal points. */
export function canonicalText<E>(problem: Problem<E>): string {
  return JSON.stringify(writeInstance({ ...problem, point: problem.point ?? [] }));
}

/** What a certificate is about: a point given by numbers, or an enclosed one. */
export type About =
  | { readonly sort: "exact"; readonly instance: Instance<unknown> }
  | { readonly sort: "enclosed"; readonly enclosed: EnclosedFacts };

/** The problem, whose point is null where it is enclosed. */
export function problemOf(about: About): Problem<unknown> {
  return about.sort === "exact" ? about.instance : (about.enclosed.problem as unknown as Problem<unknown>);
}

/** The canonical text of the problem with its point. */
export function canonicalOf(about: About): string {
  if (about.sort === "exact") return canonicalText(about.instance);
  const { problem, point } = about.enclosed;
  return JSON.stringify(writeEnclosed(problem, point));
}

/** 16 hexadecimal digits of a canonical text; `sha256` gives those of a text, in Node or in a browser. */
export function hashWith(sha256: (text: string) => string, canonical: string): string {
  return sha256(canonical).slice(0, 16);
}
