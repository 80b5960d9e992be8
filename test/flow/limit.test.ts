import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { approximateKkt } from "../../src/flow/approximate-kkt.js";
import { limitOf } from "../../src/flow/limit.js";
import { modelOf } from "../../src/flow/model.js";
import { runFlow } from "../../src/flow/run.js";
import { differenceFromPoint } from "../../src/flow/sharing.js";
import { parseProblem } from "../../src/problem/problem.js";

const INSTANCES = new URL("../../src/paper/instances/", import.meta.url);
const instance = (name: string) => parseProblem(readFileSync(new URL(name, INSTANCES), "utf8"));

const relu = (...widths: readonly number[]) => ({ kind: "fully-connected", widths, activation: "relu" });
const problem = (network: unknown, data: unknown, more: object = {}) =>
  parseProblem(JSON.stringify({ format: "margincert/problem/1", name: "limit", network, data, ...more }));

const TWO = [
  { x: ["1", "1/4"], y: 1 },
  { x: ["-1", "1/4"], y: 1 },
];

describe("limitOf", { timeout: 60_000 }, () => {
  it.each(readdirSync(INSTANCES))("is the point of %s, to rounding", (name) => {
    const parsed = instance(name);
    const { field, point } = parsed.problem;
    const limit = limitOf(runFlow(parsed))!;
    limit.point.forEach((x, j) => {
      expect(Math.abs(x - field.toNumber(point![j]))).toBeLessThan(1e-14);
    });
    expect(differenceFromPoint(parsed.problem, limit.point)).toBeNull();
  });

  it("names active samples, and the kinks of live units at them", () => {
    expect(limitOf(runFlow(instance("fc-relu.json")))).toEqual({
      point: [0, 2, 0, 0, 2, 0],
      active: [1, 2],
      kinks: [],
    });
    expect(limitOf(runFlow(instance("relu-nonzero-weights.json")))!.kinks).toEqual([
      { sample: 1, unit: 2 },
      { sample: 2, unit: 1 },
    ]);
  });

  it("leaves out samples with larger margins", () => {
    const data = [...TWO, { x: ["0", "1"], y: 1 }];
    expect(limitOf(runFlow(problem(relu(2, 2, 1), data), { start: [0, 3, 1, -2, 3, -1] }))!.active).toEqual([1, 2]);
  });

  it("lies on the kinks that the flow follows, with subgradients between their sides", () => {
    // The flow slides along the kink of neuron 1 on sample 1.
    const data = [
      { x: ["1", "0"], y: -1 },
      { x: ["1/2", "1"], y: 1 },
    ];
    const { problem: given } = problem(relu(2, 2, 1), data);
    const limit = limitOf(runFlow({ problem: given, flow: null }, { start: [1, 2, 1, -1, 2, -2] }))!;
    expect(limit.kinks).toContainEqual({ sample: 1, unit: 1 });
    expect(limit.point[0]).toBe(0);
    const { epsilon, delta } = approximateKkt(modelOf(given), Float64Array.from(limit.point))!;
    expect(epsilon).toBeLessThan(1e-14);
    expect(delta).toBeLessThan(1e-14);
  });

  it("is a KKT point to rounding where neurons share a direction and the limit is one of many", () => {
    const given = problem(relu(2, 3, 1), TWO);
    const { point } = limitOf(runFlow(given, { start: [0.2, 2, -0.1, 1, 1, -2, 2, 1, -1] }))!;
    const { epsilon, delta } = approximateKkt(modelOf(given.problem), Float64Array.from(point))!;
    expect(Math.max(epsilon, delta)).toBeLessThan(1e-14);
    expect(point[1]! > 0 && point[3]! > 0).toBe(true);
  });

  it("is of any depth and any number of classes", () => {
    const network = { kind: "fully-connected", widths: [1, 2, 3], activation: "relu" };
    const given = problem(network, [
      { x: ["1"], y: 2 },
      { x: ["-1"], y: 3 },
    ]);
    const limit = limitOf(runFlow(given, { start: [1, -1, -0.5, 1, -0.5, -0.5, -0.4, 1], loss: "cross-entropy" }));
    expect(limit!.active).toEqual([1, 2]);
    const { epsilon, delta } = approximateKkt(modelOf(given.problem), Float64Array.from(limit!.point))!;
    expect(Math.max(epsilon, delta)).toBeLessThan(1e-14);
  });

  it("is none where the loss does not go to zero", () => {
    const contradictory = problem({ kind: "layers", activation: "linear", layers: [[["a"]]] }, [
      { x: ["1"], y: 1 },
      { x: ["1"], y: -1 },
    ]);
    expect(limitOf(runFlow(contradictory, { start: [1] }))).toBeNull();
  });
});

describe("differenceFromPoint", () => {
  const differ = (network: unknown, point: readonly string[], limit: readonly number[], data: unknown = TWO) =>
    differenceFromPoint(problem(network, data, { point }).problem, limit);

  it("names the neurons that share otherwise, dead ones with a share of zero", () => {
    const point = ["0", "2", "0", "0", "0", "0", "2", "0", "0"];
    expect(differ(relu(2, 3, 1), point, [0, 1.2, 0, 1.6, 0, 0, 1.2, 1.6, 0])).toEqual({ order: [], sharing: [[1, 2]] });
  });

  it("names those that are in each other's place", () => {
    expect(differ(relu(2, 2, 1), ["0", "2", "0", "0", "2", "0"], [0, 0, 0, 2, 0, 2])).toEqual({
      order: [1, 2],
      sharing: [],
    });
  });

  it("knows both at once", () => {
    // The point: neuron 1 upwards, 2 and 3 to the right in halves. The limit: neuron 2 upwards, 1 and 3 to the right, unevenly.
    const point = ["0", "2", "1", "0", "1", "0", "2", "1", "1"];
    const long = Math.sqrt(2);
    const limit = [0.6 * long, 0, 0, 2, 0.8 * long, 0, 0.6 * long, 2, 0.8 * long];
    expect(differ(relu(2, 3, 1), point, limit)).toEqual({ order: [1, 2], sharing: [[1, 2, 3]] });
  });

  it("is of any number of outputs, and of any scale", () => {
    const data = [{ x: ["1"], y: 2 }];
    const point = ["1", "0", "-1", "0", "1", "0"];
    expect(differ(relu(1, 2, 2), point, [1.2, 1.6, -1.2, -1.6, 1.2, 1.6], data)).toEqual({
      order: [],
      sharing: [[1, 2]],
    });
  });

  it("is none for the point itself, for other points, and where products agree but norms do not", () => {
    const point = ["0", "2", "0", "0", "2", "0"];
    expect(differ(relu(2, 2, 1), point, [0, 2, 0, 0, 2, 0])).toBeNull();
    expect(differ(relu(2, 2, 1), point, [0.1, 2, 0, 0, 2, 0])).toBeNull();
    expect(differ(relu(2, 2, 1), point, [0, 4, 0, 0, 1, 0])).toBeNull();
    expect(differ(relu(2, 2, 1), point, [0, 1, 0, 3 ** 0.5, 3 ** 0.5, 1])).toBeNull();
  });

  it("is none for a shared filter, beyond depth 2, and without a point", () => {
    const filter = { kind: "convolutional", input: 2, filter: 1, stride: 1, activation: "relu" };
    expect(differ(filter, ["1", "1", "0"], [1, 0, 1])).toBeNull();
    expect(differ(relu(2, 1, 1, 1), ["0", "1", "1", "1"], [0, 1, 1, 1])).toBeNull();
    expect(differenceFromPoint(problem(relu(2, 1, 1), TWO).problem, [0, 1, 1])).toBeNull();
  });
});
