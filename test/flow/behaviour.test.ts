import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { evidenceText, roundedResult } from "../../src/flow/evidence.js";
import { modelOf } from "../../src/flow/model.js";
import { type FlowOptions, runFlow } from "../../src/flow/run.js";
import { tiesOf } from "../../src/flow/symmetry.js";
import { InputError } from "../../src/network/decode.js";
import { parseProblem } from "../../src/problem/problem.js";

const instance = (name: string) =>
  parseProblem(readFileSync(new URL(`../../src/paper/instances/${name}.json`, import.meta.url), "utf8"));

const relu = (widths: readonly number[]) => ({ kind: "fully-connected", widths, activation: "relu" });
const problem = (network: unknown, data: unknown, more: object = {}) =>
  parseProblem(JSON.stringify({ format: "margincert/problem/1", name: "behaviour", network, data, ...more }));

describe("events", { timeout: 60_000 }, () => {
  it("a neuron that goes off on its last sample is dead, and its weights stay to the last bit", () => {
    const run = runFlow(instance("fc-relu"));
    const [event] = run.result.events;
    expect(run.result.events).toHaveLength(1);
    expect(event).toMatchObject({ sample: 1, neuron: 2, kind: "switched-off" });
    expect(run.remarks.join()).toMatch(/neuron 2 is off on every sample from s = 1\.786 on: it is dead/);
    const after = run.observations.filter(({ s }) => s > event!.s);
    const ratios = new Set(after.map(({ direction }) => direction[2]! / direction[3]!));
    for (const ratio of ratios) expect(ratio).toBeCloseTo([...ratios][0]!, 14);
  });

  it("follows a kink on which both sides push towards each other", () => {
    // Sample 1 switches the first neuron off, sample 2 on again; the second neuron serves sample 1.
    const data = [
      { x: ["1", "0"], y: -1 },
      { x: ["1/2", "1"], y: 1 },
    ];
    const run = runFlow(problem(relu([2, 2, 1]), data), { start: [1, 2, 1, -1, 2, -2] });
    expect(run.reasons).toEqual([]);
    expect(run.result.events.map(({ kind, neuron, sample }) => `${kind} ${neuron} ${sample}`)).toContain("slides 1 1");
    const { direction } = run.observations.at(-1)!;
    expect(direction[0]! / direction[1]!).toBeCloseTo(0, 12);
  });

  it("counts neurons through all hidden layers", () => {
    const data = [{ x: ["1"], y: 1 }];
    const run = runFlow(problem(relu([1, 1, 2, 1]), data), { start: [1, 1, -1, 1, 1] });
    expect(run.reasons).toEqual([]);
    expect(run.remarks.join()).toMatch(/neuron 3 is off on every sample from the start/);
  });
});

describe("thin sets of starts", { timeout: 60_000 }, () => {
  it("keeps zeros and equalities exactly", () => {
    const { observations } = runFlow(instance("convolutional-relu"));
    for (const { direction } of observations) {
      expect(direction[0]).toBe(0);
      expect(direction[2]).toBe(direction[3]);
    }
  });

  it("finds the ties that the flow keeps, and no others", () => {
    const ties = (name: string, start: readonly number[]) =>
      tiesOf(modelOf(instance(name).problem), "exponential", Float64Array.from(start)).map((tied) =>
        tied.map(({ parameter, sign }) => sign * (parameter + 1)).sort(),
      );
    expect(ties("convolutional-relu", [0, 0.5, 1, 1])).toEqual([[2], [3, 4]]);
    expect(ties("convolutional-relu", [0, 0.5, 1, 1.5])).toHaveLength(4);
    expect(ties("diagonal-deep-linear", [1, 1, 0.5, 0.5, -2, 2])).toHaveLength(6);
    expect(ties("diagonal-deep-linear", [1, 1, 0.5, 0.5, 2, 2])).toHaveLength(3);
  });

  it("says that a start lies on the ray of the point", () => {
    const data = [{ x: ["3", "4"], y: 1 }];
    const network = { kind: "layers", activation: "linear", layers: [[["a", "b"]]] };
    const run = runFlow(problem(network, data, { point: ["3/25", "4/25"] }), { start: [6, 8] });
    expect(run.reasons).toEqual([]);
    expect(run.remarks.join()).toMatch(/the start lies on the ray of the point/);
  });
});

describe("what goes wrong is said", { timeout: 60_000 }, () => {
  const separable = [{ x: ["1"], y: 1 }];
  const fault = (parsed: ReturnType<typeof problem>, options: FlowOptions = {}) => {
    try {
      runFlow(parsed, options);
    } catch (error) {
      if (error instanceof InputError) return `${error.where}: ${error.message}`;
      throw error;
    }
    return "none";
  };

  it("no start, one of the wrong length, one that is zero", () => {
    const network = { kind: "layers", activation: "linear", layers: [[["a"]]] };
    expect(fault(problem(network, separable))).toMatch(/^flow: missing: give/);
    expect(fault(problem(network, separable, { flow: { loss: "logistic" } }))).toMatch(/^flow\.start: missing: give/);
    expect(fault(problem(network, separable), { start: [1, 2] })).toMatch(/^flow\.start: expected 1 numbers/);
    expect(fault(problem(network, separable), { start: [0] })).toMatch(/^flow\.start: the zero vector/);
  });

  it("a start with a negative margin is fine", () => {
    const network = { kind: "layers", activation: "linear", layers: [[["a", "b"]]] };
    const data = [{ x: ["1", "0"], y: 1 }];
    const run = runFlow(problem(network, data, { point: ["1", "0"] }), { start: [-3, 1] });
    expect(run.reasons).toEqual([]);
    expect(run.remarks.join()).toMatch(
      /margin that is not positive: not yet in the separating regime, which it reaches/,
    );
  });

  it.each(["exponential", "logistic"] as const)("data that cannot be separated, %s loss", (loss) => {
    const network = { kind: "layers", activation: "linear", layers: [[["a", "b"]]] };
    const data = [
      { x: ["1", "0"], y: 1 },
      { x: ["1", "1"], y: -1 },
      { x: ["1", "-1"], y: -1 },
    ];
    const run = runFlow(problem(network, data), { start: [1, 2], loss });
    expect(run.result.verdict).toBe("not-confirmed");
    expect(run.result.kktResidual).toBeNull();
    expect(run.reasons.join()).toMatch(
      /the gradient vanishes; the loss is .* does not go to zero, with no positive margin/,
    );
  });

  it("a network that is dead on a sample from the start", () => {
    const run = runFlow(problem(relu([1, 1, 1]), separable), { start: [-1, 1] });
    expect(run.reasons.join()).toMatch(/the loss is 1 and does not go to zero, with no positive margin on sample 1/);
  });

  it("a network that is dead on two samples from the start, where one is left to learn", () => {
    const data = [
      { x: ["1"], y: 1 },
      { x: ["-1"], y: 1 },
      { x: ["-2"], y: 1 },
    ];
    const run = runFlow(problem(relu([1, 1, 1]), data), { start: [1, 1] });
    expect(run.result.verdict).toBe("not-confirmed");
    expect(run.reasons.join()).toMatch(/does not go to zero, with no positive margin on sample 2, sample 3/);
  });

  it("another limit than the point", () => {
    const { problem: given, flow } = instance("fc-relu");
    const field = given.field;
    const point = given.point!.map((value) => field.neg(value));
    const run = runFlow({ problem: { ...given, point }, flow });
    expect(run.result.verdict).toBe("not-confirmed");
    expect(run.reasons.join()).toMatch(/the direction error is .*, not under 1e-8/);
  });
});

describe("results", { timeout: 60_000 }, () => {
  it("have exactly the shape of the interface", () => {
    const result = roundedResult(runFlow(instance("fc-relu")).result);
    expect(Object.keys(result)).toEqual([
      "name",
      "loss",
      "verdict",
      "directionError",
      "logInverseLoss",
      "normalizedMargin",
      "kktResidual",
      "events",
    ]);
    expect(Object.keys(result.events[0]!)).toEqual(["s", "sample", "neuron", "kind"]);
  });

  it("are the same at every run", () => {
    const text = () => evidenceText(runFlow(instance("relu-nonzero-weights")), "hash");
    expect(text()).toBe(text());
  });

  it("rest on the KKT residual where there is no point", () => {
    const { problem: given, flow } = instance("relu-nonzero-inputs");
    const { result } = runFlow({ problem: { ...given, point: null }, flow });
    expect(result.directionError).toBeNull();
    expect(result.verdict).toBe("confirmed");
  });
});

describe("what is not so is not said", { timeout: 60_000 }, () => {
  it("a start on a repelling kink has more than one solution, also where the weight itself is zero", () => {
    const data = [
      { x: ["1", "0"], y: 1 },
      { x: ["0", "1"], y: 1 },
    ];
    const from = (start: number[]) => runFlow(problem(relu([2, 2, 1]), data), { start }).remarks.join();
    expect(from([1, 1, 0, -1, 1, 1])).toMatch(
      "the solution is not unique: the start lies on a repelling kink, of neuron 2 on sample 1; this run stays off",
    );
    expect(from([1, 1, -1, -1, 1, 1])).not.toMatch("unique");
  });

  it("a direction that stays away from the point has no rate, and one that does not has its own", () => {
    const { problem: given, flow } = instance("fc-relu");
    const point = given.point!.map((value, k) => (k === 5 ? given.field.one : value));
    const away = runFlow({ problem: { ...given, point }, flow });
    expect(away.reasons).toEqual([expect.stringMatching(/^the direction error is 0\.3382/)]);
    expect(away.exponents.directionError.observed).toBeNull();
    expect(away.exponents.kktResidual.observed).toBeCloseTo(-0.5, 3);
  });

  it("what has come down to rounding has the rate with which it came", () => {
    const { exponents } = runFlow(instance("convolutional-relu"), { accuracy: 1e-12 });
    expect(exponents.directionError.observed).toBeCloseTo(-1, 3);
  });
});
