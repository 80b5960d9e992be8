import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { flowFromStarts, runStarts } from "../../src/flow/starts.js";

const source = readFileSync(new URL("../../src/paper/instances/fc-relu.json", import.meta.url), "utf8");
const request = { source, count: 12, seed: 3, around: null, workers: 1 };

it("a start depends on the seed and its index only", () => {
  const all = runStarts({ request, from: 0, to: 4 });
  const [late, early] = [runStarts({ request, from: 2, to: 4 }), runStarts({ request, from: 0, to: 2 })];
  expect([...early, ...late]).toEqual(all);
});

it("around the start of fc-relu, the flow goes to the bad point", async () => {
  const { limits, others } = await flowFromStarts({ ...request, count: 100, seed: 1, around: 0.1 });
  expect(others).toEqual([]);
  expect(limits.map(({ count, isPoint }) => [count, isPoint])).toEqual([[100, true]]);
});

it("from anywhere, every one of 400 starts has a name", async () => {
  const { limits, others } = await flowFromStarts({ ...request, count: 400, seed: 1 });
  expect(others).toEqual([{ count: 249, reason: "the loss does not go to zero" }]);
  expect(limits.map(({ count, isPoint }) => [count, isPoint])).toEqual([
    [134, false],
    [17, true],
  ]);
  expect(limits[1]!.halfNorm).toBeCloseTo(4, 12);
  // As the point has it, with a unit that is zero; and with both units in its direction.
  expect(limits[1]!.arrangements.map(({ count, isPoint, shared, dead }) => [count, isPoint, shared, dead])).toEqual([
    [12, true, false, true],
    [5, false, true, false],
  ]);
});

it("the result does not depend on the number of workers", { timeout: 60_000 }, async () => {
  // Worker threads run the compiled files.
  const compiled: typeof import("../../src/flow/starts.js") = await import("../../dist/flow/starts.js" as string);
  const results = await Promise.all(
    [1, 2, 3].map((workers) => compiled.flowFromStarts({ ...request, count: 90, workers })),
  );
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});
