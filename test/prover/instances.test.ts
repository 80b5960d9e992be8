/** Networks as people have them, with the truth as it was worked out by hand: `check` says it, or says that it does not know. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseProblem } from "../../src/problem/problem.js";
import { certify } from "../../src/prover/certify.js";
import { type Answer, verdictOf } from "../../src/report/verdict.js";

interface Truth {
  readonly kkt?: Answer;
  readonly local?: Answer;
  /** Strictness is claimed only where it is certified, so null asks for nothing. */
  readonly strict?: true | null;
  readonly global?: Answer;
  /** True, and outside what the statements can say: anything but the contrary is right. */
  readonly localTruth?: Answer;
  readonly globalTruth?: Answer;
  readonly layers?: readonly { readonly layer: number; readonly local?: Answer; readonly global?: Answer }[];
}

const folder = new URL("../instances/", import.meta.url);
const read = (name: string) => readFileSync(new URL(`${name}.json`, folder), "utf8");
const truths: Record<string, Truth> = JSON.parse(read("expected"));

/** Known to be true, and not found: an honest `undecided`. */
const OPEN = new Map([["leaky-then-relu", "both labels at depth 3, by one leaky unit"]]);

describe("networks as people have them", () => {
  it.each(Object.entries(truths))("%s", (name, truth) => {
    const { problem } = parseProblem(read(name));
    const instance = { ...problem, point: problem.point! };
    const verdict = verdictOf(instance, certify(instance).accepted, new Map(), null);
    for (const question of ["kkt", "local", "global"] as const) {
      const expected = question === "global" && OPEN.has(name) ? "undecided" : truth[question];
      if (expected !== undefined) expect(verdict[question], question).toBe(expected);
    }
    if (truth.strict === true) expect(verdict.strict).toBe(true);
    for (const [question, answer] of [
      ["local", truth.localTruth],
      ["global", truth.globalTruth],
    ] as const)
      if (answer !== undefined) expect([answer, "undecided"]).toContain(verdict[question]);
    for (const { layer, local, global } of truth.layers ?? []) {
      const found = verdict.layers.find((one) => one.layer === layer);
      if (local !== undefined) expect(found?.local, `layer ${layer}`).toBe(local);
      if (global !== undefined) expect(found?.global, `layer ${layer}`).toBe(global);
    }
  });
});
