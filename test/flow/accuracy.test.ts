import { describe, expect, it } from "vitest";
import { dormandPrince } from "../../bench/flow.js";
import { type Model, modelOf } from "../../src/flow/model.js";
import { type FlowRun, runFlow } from "../../src/flow/run.js";
import { trajectory } from "../../src/flow/trajectory.js";
import { distance, norm, scaled } from "../../src/numeric/matrix.js";
import { gaussian, uniform } from "../../src/numeric/random.js";
import { type Loss, parseProblem } from "../../src/problem/problem.js";

const problem = (network: unknown, data: unknown, start?: readonly string[], loss = "exponential") =>
  parseProblem(
    JSON.stringify({
      format: "margincert/problem/1",
      name: "accuracy",
      network,
      data,
      ...(start === undefined ? {} : { flow: { loss, start } }),
    }),
  );

/** The largest distance of an observed direction from θ/‖θ‖, where θ is the exact path through the observed norm. */
function worst({ observations }: FlowRun, exact: (length: number) => readonly number[]): number {
  return Math.max(
    ...observations.map(({ s, direction }) => {
      const theta = Float64Array.from(exact(Math.exp(s)));
      return distance(direction, scaled(1 / norm(theta), theta));
    }),
  );
}

/** The T ≥ 0 at which an increasing function takes the value. */
function solve(increasing: (t: number) => number, value: number): number {
  let [low, high] = [0, 1];
  while (increasing(high) < value) high *= 2;
  for (let k = 0; k < 200; k++) {
    const middle = (low + high) / 2;
    if (increasing(middle) < value) low = middle;
    else high = middle;
  }
  return high;
}

describe.each(["exponential", "logistic"])("closed forms, %s loss", { timeout: 60_000 }, (loss) => {
  it("a single linear neuron moves along its sample", () => {
    const network = { kind: "layers", activation: "linear", layers: [[["a", "b"]]] };
    const run = runFlow(problem(network, [{ x: ["3", "4"], y: 1 }], ["1", "1/2"], loss));
    const path = (c: number) => [1 + 3 * c, 1 / 2 + 4 * c];
    expect(run.result.logInverseLoss).toBeGreaterThan(1e8);
    expect(worst(run, (length) => path(solve((c) => Math.hypot(...path(c)), length)))).toBeLessThan(1e-13);
  });

  it("a diagonal network of depth 2 on one sample turns by hyperbolic functions of one clock", () => {
    const network = { kind: "diagonal", width: 2, depth: 2, activation: "linear" };
    const start = ["1", "1/2", "1/2", "1/3"];
    const run = runFlow(problem(network, [{ x: ["3/2", "2"], y: 1 }], start, loss));
    // d(u ± v)/dT = ±x(u ± v) for the two weights u, v on the input x.
    const path = (t: number) => {
      const pair = (u: number, v: number, x: number) => {
        const [plus, minus] = [(u + v) * Math.exp(x * t), (u - v) * Math.exp(-x * t)];
        return [(plus + minus) / 2, (plus - minus) / 2] as const;
      };
      const [[a, c], [b, d]] = [pair(1, 1 / 2, 1.5), pair(1 / 2, 1 / 3, 2)];
      return [a, b, c, d];
    };
    expect(run.result.logInverseLoss).toBeGreaterThan(1e8);
    expect(worst(run, (length) => path(solve((t) => Math.hypot(...path(t)), length)))).toBeLessThan(1e-9);
  });
});

const planar = [
  { x: ["1", "1/4"], y: 1 },
  { x: ["-1", "1/2"], y: 1 },
  { x: ["1/2", "-1"], y: -1 },
];
const classes = planar.map(({ x }, k) => ({ x, y: k + 1 }));
const leaky = { "leaky-relu": "1/2" };
const signs = { "W2[1,1]": "1/2", "W2[1,2]": "-1/2", "W2[1,3]": "sqrt(2)/2" };
const plainCases = [
  ["leaky ReLU", "exponential", { kind: "fully-connected", widths: [2, 3, 1], activation: leaky }, planar],
  [
    "frozen output weights",
    "logistic",
    { kind: "fully-connected", widths: [2, 3, 1], activation: leaky, frozen: signs },
    planar,
  ],
  ["three classes", "exponential", { kind: "fully-connected", widths: [2, 3, 3], activation: leaky }, classes],
  ["three classes", "cross-entropy", { kind: "fully-connected", widths: [2, 3, 3], activation: leaky }, classes],
] as const;

describe("agrees with a plain Runge–Kutta method across kinks, where that still gets", { timeout: 60_000 }, () => {
  it.each(plainCases)("%s, %s loss", (_, loss, network, data) => {
    const model = modelOf(problem(network, data).problem);
    let events = 0;
    for (let seed = 1; seed <= 5; seed++) {
      const normal = gaussian(uniform(seed));
      events += compare(model, loss, Array.from({ length: model.size }, normal), 8);
    }
    expect(events).toBeGreaterThan(0);
  });

  it("from margins so negative that the logarithmic losses no longer see their differences", () => {
    const network = { kind: "layers", activation: "linear", layers: [[["a", "b"]]] };
    const model = modelOf(problem(network, [planar[0], { x: ["1/3", "2"], y: 1 }]).problem);
    compare(model, "logistic", [-150, 30], 16);
    const three = { kind: "fully-connected", widths: [2, 3], activation: "linear" };
    compare(modelOf(problem(three, classes).problem), "cross-entropy", [-150, 30, 90, 60, -70, 10], 16);
  });
});

/** Moves eighths of ‖θ‖ along the path, and expects the same of the plain method; the number of kinks crossed. */
function compare(model: Model, loss: Loss, start: readonly number[], eighths: number): number {
  const path = trajectory(model, loss, start);
  const theta = () => scaled(2 ** path.position().regime.exponent, path.position().state.slice(0, model.size));
  let length = 0;
  for (let k = 0; k < eighths; k++) {
    length += norm(theta()) / 8;
    path.advance(1 / 8);
  }
  if (path.events.some(({ kind }) => kind === "slides")) return 0; // no path for a plain method
  const plain = dormandPrince(model, loss, start, 1e-10, length);
  expect(distance(theta(), plain) / norm(plain)).toBeLessThan(3e-8);
  return path.events.length;
}
