/**
 * The flow's integrator beside a straightforward one, in one run: adaptive Runge–Kutta of order (4)5 (Dormand and Prince) on the
 * same equations, with the weights recomputed from θ at every stage. (With one sample nothing is stiff.) Both stop at the accuracy 1e-9 of direction and KKT
 * residual; the plain one also when its time is up.
 *
 * Usage: npx tsx bench/flow.ts [seconds for each plain run, default 10] [name of an instance …]
 */
import { readdirSync, readFileSync } from "node:fs";
import { logSlopes } from "../src/flow/loss.js";
import { type Model, modelOf, passesAt, patternAt } from "../src/flow/model.js";
import { directionOf, runFlow } from "../src/flow/run.js";
import { addTo, combination, distance, dot, norm, scaled } from "../src/numeric/matrix.js";
import { type Loss, parseProblem } from "../src/problem/problem.js";

const C = [
  [],
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
const ERROR = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40];

/** The margins at θ, their weights p computed from them, and g = Σp_i∇q_i. */
function gradientAt(model: Model, loss: Loss, theta: Float64Array) {
  const passes = passesAt(model, patternAt(model, theta), [...model.margins.keys()], theta);
  const margins = Float64Array.from(passes, ({ margin }) => margin);
  const least = Math.min(...margins);
  const heights = logSlopes(loss, model.margins, margins).map((slope, k) => Math.exp(least - margins[k]! + slope));
  const total = heights.reduce((sum, height) => sum + height, 0);
  const gradients = passes.map(({ gradient }) => gradient);
  const weights = heights.map((height) => height / total);
  const logInverseLoss = least - Math.log(margins.reduce((sum, q) => sum + Math.exp(least - q), 0));
  return { least, logInverseLoss, gradient: combination(model.size, weights, gradients) };
}

/** Runs dθ/dτ = g/‖g‖ by Dormand–Prince over a length of the path, or until `done`; the state is θ itself. */
export function dormandPrince(
  model: Model,
  loss: Loss,
  start: readonly number[],
  tolerance: number,
  reach: number,
  done: (theta: Float64Array, steps: number) => boolean = () => false,
): Float64Array {
  const rate = (theta: Float64Array) => {
    const { gradient } = gradientAt(model, loss, theta);
    return scaled(1 / norm(gradient), gradient);
  };
  let theta: Float64Array = Float64Array.from(start);
  let h = 1e-3 * norm(theta);
  let rest = reach;
  for (let steps = 0; rest > 0 && !done(theta, steps); steps++) {
    h = Math.min(h, rest);
    const stages = [rate(theta)];
    let next = theta;
    for (const row of C.slice(1)) {
      next = Float64Array.from(theta);
      addTo(next, h, combination(model.size, row, stages));
      stages.push(rate(next));
    }
    const error = (h * norm(combination(model.size, ERROR, stages))) / (tolerance * norm(theta));
    if (error <= 1) {
      theta = next;
      rest -= h;
    }
    h *= Math.min(5, Math.max(0.2, 0.9 * (error + 1e-12) ** -0.2));
  }
  return theta;
}

function main(seconds: number, names: readonly string[]): void {
  const folder = new URL("../src/paper/instances/", import.meta.url);
  process.stdout.write(`${"instance".padEnd(32)}${"plain: log(1/L)  direction  time".padStart(36)}`);
  process.stdout.write(`${"ours: log(1/L)  direction  time".padStart(36)}\n`);
  for (const file of readdirSync(folder)) {
    const parsed = parseProblem(readFileSync(new URL(file, folder), "utf8"));
    const { problem, flow } = parsed;
    if (names.length > 0 && !names.includes(problem.name)) continue;
    const model = modelOf(problem);
    const target = directionOf(problem)!;
    const direction = (theta: Float64Array) => distance(scaled(1 / norm(theta), theta), target);
    const begin = performance.now();
    const end = dormandPrince(model, flow!.loss, flow!.start!, 1e-10, Number.POSITIVE_INFINITY, (theta, steps) => {
      if (steps % 16 !== 0) return false;
      const { gradient } = gradientAt(model, flow!.loss, theta);
      const turn = 1 - dot(theta, gradient) / norm(theta) / norm(gradient);
      return performance.now() - begin > 1000 * seconds || (direction(theta) < 1e-9 && turn < 1e-18);
    });
    const plain = row(gradientAt(model, flow!.loss, end).logInverseLoss, direction(end), performance.now() - begin);
    const again = performance.now();
    const { result } = runFlow(parsed);
    const ours = row(result.logInverseLoss, result.directionError!, performance.now() - again);
    process.stdout.write(`${problem.name.padEnd(32)}${plain}${ours}\n`);
  }
}

function row(logInverseLoss: number, error: number, time: number): string {
  const numbers = `${logInverseLoss.toExponential(1)}  ${error.toExponential(1).padStart(9)}`;
  return `${numbers}  ${(time / 1000).toFixed(2).padStart(6)} s`.padStart(36);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const [seconds = "10", ...names] = process.argv.slice(2);
  main(Number(seconds), names);
}
