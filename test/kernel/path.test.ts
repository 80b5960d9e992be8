/** Paths: what a numerical solution of high accuracy does, with a field that shares nothing with the kernel, stays in the kernel's balls. */
import { describe, expect, it } from "vitest";
import { intervalRing } from "../../src/exact/interval.js";
import { Q, type Rational, rational } from "../../src/exact/rational.js";
import { Rejection } from "../../src/kernel/ensure.js";
import { type Facts, factsOf } from "../../src/kernel/facts.js";
import {
  advance,
  boxOf,
  depart,
  flowOf,
  follow,
  type Loss,
  type Path,
  type Reached,
  restsOff,
} from "../../src/kernel/path.js";
import { type Instance, marginsOf } from "../../src/network/instance.js";
import { parseProblem } from "../../src/problem/problem.js";
import { PATH_OPTIONS, tracePath } from "../../src/prover/path.js";

const LOSSES = ["exponential", "logistic"] as const;
const all = () => true;

/** Uniform in [0, 1). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function factsFor(problem: object): Facts<Rational> {
  const parsed = parseProblem(JSON.stringify({ format: "margincert/problem/1", name: "flow", ...problem })).problem;
  const point = parsed.network.parameters.map(() => Q.zero);
  return factsOf({ ...(parsed as Instance<Rational>), point });
}

/** −∇G at θ, with the signs that the units have there, from the definition of L by differences. */
function numericField({ instance }: Facts<Rational>, loss: Loss) {
  const { network, data } = instance;
  const slopes = network.slopes.map(Number);
  const margins = marginsOf(instance);
  const marginsAt = (theta: number[], signs: boolean[][][]) =>
    margins.map(({ sample, plus, minus }) => {
      let values = data[sample]!.x.map(Number);
      for (const [l, layer] of network.layers.entries()) {
        const z = layer.map((row) => row.reduce((sum, { from, weight }) => sum + theta[weight]! * values[from]!, 0));
        values = l < slopes.length ? z.map((v, k) => (signs[sample]![l]![k] ? v : slopes[l]! * v)) : z;
      }
      return (plus === null ? 0 : values[plus]!) - (minus === null ? 0 : values[minus]!);
    });
  const G = (theta: number[], signs: boolean[][][]) => {
    const q = marginsAt(theta, signs);
    if (loss === "exponential") return Math.log(q.reduce((sum, one) => sum + Math.exp(-one), 0));
    const groups = data.map((_, i) =>
      q.reduce((sum, one, j) => sum + (margins[j]!.sample === i ? Math.exp(-one) : 0), 0),
    );
    return Math.log(Math.expm1(groups.reduce((total, sum) => total + Math.log1p(sum), 0)));
  };
  const signsAt = (theta: number[]) =>
    data.map(({ x }) => {
      let values = x.map(Number);
      return network.layers.slice(0, -1).map((layer, l) => {
        const z = layer.map((row) => row.reduce((sum, { from, weight }) => sum + theta[weight]! * values[from]!, 0));
        values = z.map((v) => (v > 0 ? v : slopes[l]! * v));
        return z.map((v) => v > 0);
      });
    });
  const rates = (theta: number[]) => {
    const signs = signsAt(theta);
    // Of fourth order.
    const h = 1e-3;
    return theta.map((x, k) => {
      const value = (step: number) => G(theta.with(k, x + step), signs);
      return -(8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h);
    });
  };
  return { rates, leastMargin: (theta: number[]) => Math.min(...marginsAt(theta, signsAt(theta))) };
}

/** Runge and Kutta's method. */
function numericFlow(
  field: (theta: number[]) => number[],
  start: readonly number[],
  time: number,
  parts: number,
): number[] {
  let theta = [...start];
  const h = time / parts;
  const along = (v: number[], c: number) => theta.map((x, k) => x + c * h * v[k]!);
  for (let n = 0; n < parts; n++) {
    const a = field(theta);
    const b = field(along(a, 1 / 2));
    const c = field(along(b, 1 / 2));
    const d = field(along(c, 1));
    theta = theta.map((x, k) => x + (h / 6) * (a[k]! + 2 * b[k]! + 2 * c[k]! + d[k]!));
  }
  return theta;
}

const toNumbers = ({ centre }: Reached) => centre.map((c) => Number(c) / 2 ** PATH_OPTIONS.precision);
const radiusOf = ({ radius }: Reached) => Number(radius) / 2 ** PATH_OPTIONS.precision;
const distance = (a: readonly number[], b: readonly number[]) => Math.hypot(...a.map((x, k) => x - b[k]!));

/** Traces so many steps; null where the flow cannot be followed. */
function traced(facts: Facts<Rational>, loss: Loss, point: readonly Rational[], radius: Rational, steps: number) {
  let count = 0;
  const found = tracePath(facts, loss, { point, radius }, () => count++ >= steps);
  return "failed" in found ? null : found;
}

const ACTIVATIONS = ["relu", "linear", { "leaky-relu": "1/4" }];

describe.each(LOSSES)("random small flows, %s loss", (loss) => {
  it("stay in the balls, from random starts within the radius", () => {
    const random = generator(loss.length);
    const draw = (unit: number) => rational(BigInt(Math.floor((2 * random() - 1) * unit)), BigInt(unit / 2));
    let [followed, crossings] = [0, 0];
    for (let n = 0; n < 16; n++) {
      const widths = n % 4 === 3 ? [2, 2, 2, 1] : n % 4 === 2 ? [1, 3, 2] : [2, 2, 1];
      const outputs = widths.at(-1)!;
      const data = Array.from({ length: 1 + (n % 3) }, (_, i) => ({
        x: Array.from({ length: widths[0]! }, () => draw(16).toFraction()),
        y: outputs > 1 ? 1 + (i % outputs) : i % 2 === 0 ? 1 : -1,
      }));
      const activation = ACTIVATIONS[n % 3];
      const facts = factsFor({ network: { kind: "fully-connected", widths, activation }, data });
      const point = facts.instance.network.parameters.map(() => draw(64));
      const radius = rational(1n, n % 2 === 0 ? 1n << 16n : 1n << 30n);
      const found = traced(facts, loss, point, radius, 14);
      if (found === null) continue;
      followed++;
      const field = numericField(facts, loss);
      const offset = point.map(() => random() - 0.5);
      const scale = radius.valueOf() / Math.hypot(...offset);
      let theta = point.map((x, k) => x.valueOf() + scale * offset[k]!);
      const flow = flowOf(facts, loss, found.path.precision, found.path.degree, all);
      let reached = depart(flow, { point, radius });
      for (const [k, step] of found.path.steps.entries()) {
        if ("crossing" in step) crossings++;
        if (field.leastMargin(theta) > 5) break; // Stiff: that is what the method below cannot follow.
        theta = numericFlow(field.rates, theta, step.duration.valueOf(), 30);
        reached = advance(flow, reached, step, `step ${k + 1}`);
        expect(distance(theta, toNumbers(reached))).toBeLessThanOrEqual(radiusOf(reached) + 1e-7);
      }
      const box = boxOf(reached);
      for (const [k, c] of reached.centre.entries())
        expect(box[k]).toEqual({ low: c - reached.radius, high: c + reached.radius });
    }
    expect(followed).toBeGreaterThan(9);
    expect(crossings).toBeGreaterThan(0);
  }, 60_000);
});

describe("one linear unit, Φ = w x", () => {
  it("moves at constant speed: the ball neither grows nor strays", () => {
    const facts = factsFor({
      network: { kind: "fully-connected", widths: [1, 1], activation: "linear" },
      data: [{ x: ["3"], y: 1 }],
    });
    const unit = 2n ** 64n;
    const curve = [[unit + 15n * unit, 15n * unit]]; // from 1 to 31 in the time 10
    const path: Path = { loss: "logistic", precision: 64, degree: 2, steps: [{ duration: rational(10n), curve }] };
    const reached = follow(facts, { point: [Q.one], radius: Q.zero }, path, all);
    expect(toNumbers(reached)).toEqual([31]);
    expect(radiusOf(reached)).toBeLessThan(1e-17);
  });
});

describe("what is not covered is not proved", () => {
  const sliding = factsFor({
    network: { kind: "fully-connected", widths: [2, 1, 1], activation: "relu" },
    data: [
      { x: ["1", "0"], y: -1 },
      { x: ["1", "1"], y: 1 },
    ],
  });

  it("sliding along a kink", () => {
    // Off at sample 1 the second sample pulls the unit on there, and on the first pushes it off.
    const point = [rational(1n, 64n), rational(1n), rational(1n)];
    expect(tracePath(sliding, "exponential", { point, radius: Q.zero }, () => false)).toHaveProperty("failed");
  });

  it("a start on a kink", () => {
    const path: Path = { loss: "exponential", precision: 64, degree: 2, steps: [] };
    const start = { point: [Q.zero, Q.one, Q.one], radius: Q.zero };
    expect(() => follow(sliding, start, path, all)).toThrow(Rejection);
    expect(follow(sliding, start, path, () => false).patterns).toEqual([[[false]], [[true]]]);
  });
});

describe("a unit that rests", () => {
  const ring = intervalRing(64, () => {});
  const rests = (y: number, outgoing: bigint, patterns = [[[false]]]) => {
    const facts = factsFor({
      network: { kind: "fully-connected", widths: [1, 1, 1], activation: "relu" },
      data: [{ x: ["1"], y }],
    });
    const box = [
      { low: -1n, high: 1n },
      { low: outgoing, high: outgoing },
    ];
    return restsOff(facts, ring, box, patterns)({ sample: 0, layer: 0, unit: 0 });
  };

  it("is pushed back where it would be on", () => {
    expect(rests(1, -5n)).toBe(true);
    expect(rests(-1, 5n)).toBe(true);
  });

  it("or else may leave", () => {
    expect(rests(1, 5n)).toBe(false);
    expect(rests(1, 0n)).toBe(false);
    expect(rests(1, -5n, [[[true]]])).toBe(false);
  });
});
