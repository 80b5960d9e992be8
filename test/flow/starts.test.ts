import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { distanceUpToNeurons, flowFromStarts, runStarts } from "../../src/flow/starts.js";
import { parseProblem } from "../../src/problem/problem.js";

const source = readFileSync(new URL("../../src/paper/instances/fc-relu.json", import.meta.url), "utf8");
const request = { source, count: 12, seed: 3, around: null, workers: 1 };

it("a start depends on the seed and its index only", { timeout: 60_000 }, () => {
  const all = runStarts(request, [0, 1, 2, 3]);
  expect([...runStarts(request, [2, 3]), ...runStarts(request, [0, 1])]).toEqual([all[2], all[3], all[0], all[1]]);
});

it("around the start of fc-relu, the flow goes to the bad point", { timeout: 60_000 }, async () => {
  const { limits, others } = await flowFromStarts({ ...request, around: 0.1 });
  expect(others).toEqual([]);
  expect(limits.map(({ count, isPoint }) => [count, isPoint])).toEqual([[12, true]]);
});

it("from anywhere, every start is accounted for", { timeout: 60_000 }, async () => {
  const { limits, others } = await flowFromStarts(request);
  expect([...limits, ...others].reduce((sum, { count }) => sum + count, 0)).toBe(12);
});

it("directions are the same up to the order of hidden neurons", { timeout: 60_000 }, () => {
  const { problem } = parseProblem(source);
  const u = Float64Array.of(1, 2, 3, 4, 5, 6);
  expect(distanceUpToNeurons(problem, u, Float64Array.of(3, 4, 1, 2, 6, 5))).toBe(0);
  expect(distanceUpToNeurons(problem, u, Float64Array.of(3, 4, 1, 2, 5, 6))).toBeGreaterThan(1);
});

it("the result does not depend on the number of workers", { timeout: 60_000 }, async () => {
  // Worker threads run the compiled files.
  const compiled: typeof import("../../src/flow/starts.js") = await import("../../dist/flow/starts.js" as string);
  const results = await Promise.all([1, 2, 3].map((workers) => compiled.flowFromStarts({ ...request, workers })));
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});
