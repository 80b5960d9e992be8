/** The coarse flow and Newton's method against the accurate flow, which shares nothing with them but the model. */
import { describe, expect, it } from "vitest";
import { approximateKkt } from "../../src/flow/approximate-kkt.js";
import { canonicalForm, formDistance } from "../../src/flow/canonical.js";
import { coarseFlow } from "../../src/flow/coarse.js";
import { conservedQuantities, evaluateForm } from "../../src/flow/conserved.js";
import { limitOf } from "../../src/flow/limit.js";
import { modelOf } from "../../src/flow/model.js";
import { runFlow } from "../../src/flow/run.js";
import { settler } from "../../src/flow/settle.js";
import { startAt } from "../../src/flow/starts.js";
import { Halt, trajectory } from "../../src/flow/trajectory.js";
import { type Loss, parseProblem } from "../../src/problem/problem.js";

const PLANE = [
  { x: ["1", "1/4"], y: 1 },
  { x: ["-1", "1/2"], y: 1 },
  { x: ["1/3", "-1"], y: -1 },
];
const SPACE = [
  { x: ["1", "2", "1/2"], y: 1 },
  { x: ["-1", "1", "2"], y: 1 },
];
const CASES: Readonly<Record<string, { network: object; data: readonly object[]; loss?: Loss }>> = {
  "ReLU, depth 2": { network: { kind: "fully-connected", widths: [2, 3, 1], activation: "relu" }, data: PLANE },
  "ReLU, depth 2, logistic": {
    network: { kind: "fully-connected", widths: [2, 2, 1], activation: "relu" },
    data: PLANE.slice(0, 2),
    loss: "logistic",
  },
  "ReLU, depth 3": {
    network: { kind: "fully-connected", widths: [2, 2, 2, 1], activation: "relu" },
    data: PLANE.slice(0, 2),
  },
  "leaky ReLU": {
    network: { kind: "fully-connected", widths: [2, 2, 1], activation: { "leaky-relu": "1/4" } },
    data: PLANE,
  },
  "diagonal, depth 3": { network: { kind: "diagonal", width: 3, depth: 3, activation: "linear" }, data: SPACE },
  convolutional: {
    network: { kind: "convolutional", input: 4, filter: 2, stride: 2, activation: "relu" },
    data: [
      { x: ["1", "2", "0", "1"], y: 1 },
      { x: ["-1", "1", "2", "1"], y: 1 },
    ],
  },
  "three classes": {
    network: { kind: "fully-connected", widths: [2, 2, 3], activation: "relu" },
    data: PLANE.map(({ x }, k) => ({ x, y: k + 1 })),
    loss: "cross-entropy",
  },
};

describe.each(Object.entries(CASES))("%s", (_, { network, data, loss = "exponential" }) => {
  const file = parseProblem(JSON.stringify({ format: "margincert/problem/1", name: "settle", network, data }));
  const model = modelOf(file.problem);
  const startOf = (k: number) => startAt({ seed: 9, around: null }, k, model.size, null);

  it("ends where the accurate flow ends", { timeout: 60_000 }, () => {
    const settle = settler(file.problem, loss);
    for (let k = 0; k < 2; k++) {
      const { point, reason } = settle(startOf(k));
      const run = runFlow(file, { start: startOf(k), loss });
      if (point === null) {
        expect(reason).toBe("the loss does not go to zero");
        expect(run.result.normalizedMargin).toBeLessThanOrEqual(0);
        continue;
      }
      const { epsilon, delta } = approximateKkt(model, point.theta)!;
      expect(Math.max(epsilon, delta)).toBeLessThan(1e-10);
      const limit = limitOf(run);
      expect(limit).not.toBeNull();
      const [own, other] = [point.theta, Float64Array.from(limit!.point)].map(
        (theta) => canonicalForm(file.problem, theta).form,
      );
      expect(formDistance(own!, other!)).toBeLessThan(1e-4);
    }
  });

  it("keeps what the flow conserves", () => {
    const flow = coarseFlow(model, loss);
    const start = Float64Array.from(startOf(1));
    const forms = conservedQuantities(model);
    const before = forms.map((form) => evaluateForm(form, start).value);
    const check = (theta: Float64Array) =>
      forms.forEach((form, k) => {
        const { value, size } = evaluateForm(form, theta);
        expect(Math.abs(value - before[k]!)).toBeLessThan(2e-3 * (1 + size));
      });
    flow.run(start, 5, (view) => {
      check(view.theta);
      return view.least > 100 ? null : 4 * view.least;
    });
    check(flow.theta);
  });
});

it("a flow that follows a kink stays on it", () => {
  const { problem } = parseProblem(
    JSON.stringify({
      format: "margincert/problem/1",
      name: "slide",
      network: { kind: "fully-connected", widths: [2, 2, 1], activation: "relu" },
      data: [
        { x: ["1", "0"], y: -1 },
        { x: ["1/2", "1"], y: 1 },
      ],
    }),
  );
  const flow = coarseFlow(modelOf(problem), "exponential");
  let seen = 0;
  flow.run([1, 2, 1, -1, 2, -2], 20, ({ theta, followed, parts, least }) => {
    expect(followed[0]).toBe(1);
    expect(Math.abs(theta[0]!)).toBeLessThan(1e-9);
    expect(parts[0]! > 0 && parts[0]! < 1).toBe(true);
    seen++;
    return least > 1000 ? null : 10 * least;
  });
  expect(seen).toBe(3);
});

it("units that vanish too slowly for any flow do not hide where it ends", () => {
  // Two of four units vanish, no faster than 1/log‖θ‖: the KKT residual of the accurate flow is still 0.002 where log(1/L) is e^200.
  const data = [
    { x: ["-1/4", "1/4"], y: 1 },
    { x: ["-11/8", "-1/2"], y: 1 },
    { x: ["1/8", "3/8"], y: 1 },
    { x: ["1", "-3/8"], y: 1 },
  ];
  const network = { kind: "fully-connected", widths: [2, 4, 1], activation: "relu" };
  const { problem } = parseProblem(JSON.stringify({ format: "margincert/problem/1", name: "slow", network, data }));
  const start = [-0.1, -0.49, 0.95, 1.55, -0.62, -0.81, 2.53, 0.78, 1.11, -0.71, -0.54, 1.5];
  const { point } = settler(problem, "exponential")(start);
  expect(point!.theta.reduce((sum, c) => sum + c * c, 0) / 2).toBeCloseTo(4.112195056229, 9);
});

it("a flow is followed for so many steps", () => {
  const { problem } = parseProblem(
    JSON.stringify({
      format: "margincert/problem/1",
      name: "short",
      network: { kind: "fully-connected", widths: [2, 2, 1], activation: "relu" },
      data: PLANE.slice(0, 2),
    }),
  );
  const model = modelOf(problem);
  const path = trajectory(model, "exponential", startAt({ seed: 9, around: null }, 0, 6, null), [], {
    coarser: 1,
    trials: 20,
  });
  const run = () => {
    for (;;) path.advance(1);
  };
  expect(run).toThrow(new Halt("more than 20 steps", true));
});

it("a flow that chatters at kinks above each other is given up soon, by name", () => {
  const network = { kind: "fully-connected", widths: [2, 2, 2, 1], activation: "relu" };
  const { problem } = parseProblem(JSON.stringify({ format: "margincert/problem/1", name: "c", network, data: PLANE }));
  const settled = settler(problem, "exponential")(startAt({ seed: 1, around: null }, 17, 10, null));
  expect(settled).toEqual({ point: null, reason: "the flow chatters at kinks above each other" });
});
