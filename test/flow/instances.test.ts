import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { evidenceText } from "../../src/flow/evidence.js";
import { pictureOf } from "../../src/flow/picture.js";
import { runFlow } from "../../src/flow/run.js";
import { parseProblem } from "../../src/problem/problem.js";

const folder = new URL("../../src/paper/instances/", import.meta.url);

describe.each(readdirSync(folder))("%s", { timeout: 60_000 }, (file) => {
  const parsed = parseProblem(readFileSync(new URL(file, folder), "utf8"));

  it.each(["exponential", "logistic"] as const)("its point is where the flow goes, %s loss", (loss) => {
    const run = runFlow(parsed, { loss });
    const { result, exponents } = run;
    expect(run.reasons).toEqual([]);
    expect(result.verdict).toBe("confirmed");
    expect(result.directionError).toBeLessThanOrEqual(1e-8);
    expect(result.kktResidual).toBeLessThanOrEqual(1e-8);
    expect(result.logInverseLoss).toBeGreaterThan(1e7);
    expect(run.decrease).toEqual({ normalizedMargin: 0, smoothedMargin: 0 });
    expect(run.conservedDrift).toBeLessThan(1e-10);
    expect(exponents.directionError.observed! / exponents.directionError.predicted!).toBeCloseTo(1, 3);

    const evidence = JSON.parse(evidenceText(run, "0123456789abcdef"));
    expect(evidence.samples.length).toBeGreaterThan(60);
    expect(evidence.samples[0]).toHaveLength(evidence.columns.length);
    expect(Object.values(evidence.checks)).not.toContain(false);
    expect(pictureOf(run, parsed.problem)).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });
});

it("reaches 1e-12 as well: only the rounding of the direction limits it", () => {
  const parsed = parseProblem(readFileSync(new URL("fc-relu.json", folder), "utf8"));
  const run = runFlow(parsed, { accuracy: 1e-12 });
  expect(run.reasons).toEqual([]);
  expect(run.result.directionError).toBeLessThan(1e-12);
  expect(run.result.logInverseLoss).toBeGreaterThan(1e24);
});
