// What the scripts in this folder share: the files, in order, and what a run may assume.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const here = dirname(fileURLToPath(import.meta.url));

/** The theory's files, in the order of their dependencies. */
export const theory = readFileSync(join(here, "_CoqProject"), "utf8")
  .split("\n")
  .filter((line) => line.endsWith(".v"));

export const instances = readdirSync(join(here, "instances"))
  .filter((file) => file.endsWith(".v"))
  .sort()
  .map((file) => `instances/${file}`);

const allowed = new Set(readFileSync(join(here, "axioms.txt"), "utf8").split("\n").filter(Boolean));

/**
 * What `Print Assumptions` printed: how often, and the axioms that are not on the list. Each axiom begins a line with its name;
 * jscoq indents the first one.
 */
export function assumptions(output) {
  const printed = [...output.matchAll(/^(?:\[Notice\] )?(?:Axioms:|Closed under the global context)/gm)].length;
  const names = output.split("\n").flatMap((line) => /^(?: {9})?([A-Za-z_][\w.']*)\s*(?::|$)/.exec(line)?.[1] ?? []);
  const extra = names.filter((name) => name !== "Axioms" && !allowed.has(name));
  return { printed, extra: [...new Set(extra)] };
}

export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
