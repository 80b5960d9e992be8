/** Networks as people have them, each with a limit that is known in closed form. */
import { describe, expect, it } from "vitest";
import { canonicalForm, formDistance } from "../../src/flow/canonical.js";
import { homogeneityOf } from "../../src/flow/homogeneity.js";
import { pictureOf } from "../../src/flow/picture.js";
import { runFlow } from "../../src/flow/run.js";
import { flowFromStarts } from "../../src/flow/starts.js";
import { InputError } from "../../src/network/decode.js";
import { parseProblem } from "../../src/problem/problem.js";

interface Case {
  readonly network: object;
  readonly data: readonly { readonly x: readonly (string | number)[]; readonly y: number }[];
  readonly start: readonly (string | number)[];
  /** In the direction of the limit; its length is of no meaning. */
  readonly point: readonly (string | number)[];
  /** L */
  readonly degree: number;
}

const source = ({ network, data, start, point }: Omit<Case, "degree">, loss: string) =>
  JSON.stringify({ format: "margincert/problem/1", name: "networks", network, data, point, flow: { loss, start } });

/** Weight 1 up and down in two layers: the frozen copies of `pass-through` units. */
const one = { p: "1" };

const CASES: Readonly<Record<string, Case>> = {
  // Multipliers 1/6, 1/2, 7/12 of samples 2, 3, 4 against the classes 1, 2, 2: the multi-class support vector machine.
  "a three-class linear classifier": {
    network: {
      kind: "layers",
      activation: "linear",
      layers: [
        [
          ["a1", "a2"],
          ["b1", "b2"],
          ["c1", "c2"],
        ],
      ],
    },
    data: [
      { x: [2, 0], y: 1 },
      { x: [-1, 2], y: 2 },
      { x: [-1, -1], y: 3 },
      { x: [1, 1], y: 1 },
    ],
    start: [1, "1/2", "-1/3", 1, "1/5", "1/7"],
    point: [3, 1, -1, 1, -2, -2],
    degree: 1,
  },
  // On orthonormal data a neuron per sample: a (v_1 − v_k) = 1 at the least a² + |v|² has v = (2, −1, −1)/(3a) and a⁴ = 2/3.
  "a three-class ReLU network": {
    network: { kind: "fully-connected", widths: [3, 3, 3], activation: "relu" },
    data: [
      { x: [1, 0, 0], y: 1 },
      { x: [0, 1, 0], y: 2 },
      { x: [0, 0, 1], y: 3 },
    ],
    start: [1, "-1/10", "-1/5", "-1/7", "3/2", "-1/9", "-1/5", "-1/8", 1, 1, "-1/2", "-1/3", 0, "1/2", "1/10", 0, 0, 1],
    point: [
      ...["root(2/3,4)", 0, 0, 0, "root(2/3,4)", 0, 0, 0, "root(2/3,4)"],
      ...["2/(3*root(2/3,4))", "-1/(3*root(2/3,4))", "-1/(3*root(2/3,4))"],
      ...["-1/(3*root(2/3,4))", "2/(3*root(2/3,4))", "-1/(3*root(2/3,4))"],
      ...["-1/(3*root(2/3,4))", "-1/(3*root(2/3,4))", "2/(3*root(2/3,4))"],
    ],
    degree: 2,
  },
  // The setting of Frei, Vardi and Bartlett, at orthogonal data: a neuron is Σ ± λ_i σ'_i x_i/√m.
  "a leaky ReLU network with frozen output weights ±1/√m": {
    network: {
      kind: "fully-connected",
      widths: [2, 4, 1],
      activation: { "leaky-relu": "1/10" },
      frozen: { "W2[1,1]": "1/2", "W2[1,2]": "1/2", "W2[1,3]": "-1/2", "W2[1,4]": "-1/2" },
    },
    data: [
      { x: [1, 0], y: 1 },
      { x: [0, 1], y: -1 },
    ],
    start: [1, "1/3", "1/2", -1, -1, "1/2", "1/5", "1/4"],
    point: [10, -1, 10, -1, -1, 10, -1, 10],
    degree: 1,
  },
  // The filter learns the mean patch (3/2, 3/2).
  "average pooling of a convolution": {
    network: {
      kind: "layers",
      activation: ["relu", "linear"],
      layers: [
        [
          ["f1", "f2", 0],
          [0, "f1", "f2"],
        ],
        [["p", "p"]],
        [["u"]],
      ],
      frozen: { p: "1/2" },
    },
    data: [{ x: [1, 2, 1], y: 1 }],
    start: [1, "1/3", "1/2"],
    point: [1, 1, "sqrt(2)"],
    degree: 2,
  },
  // Input 1 goes round the hidden neuron as a pair x⁺, x⁻; both ways have two parameters.
  "a skip connection": {
    network: {
      kind: "layers",
      activation: ["relu", "linear"],
      layers: [
        [
          ["w1", "w2"],
          ["p", 0],
          ["n", 0],
        ],
        [
          ["v", 0, 0],
          [0, "s", "r"],
        ],
        [["p", "t"]],
      ],
      frozen: { ...one, n: "-1" },
    },
    data: [
      { x: [0, 1], y: 1 },
      { x: [-1, 0], y: -1 },
    ],
    start: ["1/5", 1, "1/2", "1/3", "-1/2", 1],
    point: [0, 1, 1, 0, -1, 1],
    degree: 2,
  },
  // Only the constant frequency is left, where both margins have the same gradient.
  "a circular convolution": {
    network: {
      kind: "layers",
      activation: "linear",
      layers: [
        [
          ["w0", "w1", "w2"],
          ["w2", "w0", "w1"],
          ["w1", "w2", "w0"],
        ],
        [["u0", "u1", "u2"]],
      ],
    },
    data: [
      { x: [1, 0, 0], y: 1 },
      { x: [0, "-1/2", "-1/2"], y: -1 },
    ],
    start: [1, "6/5", "9/10", 1, 1, "11/10"],
    point: [1, 1, 1, 1, 1, 1],
    degree: 2,
  },
  // Φ = (u² − v²)·x has its least norm at the vector of least sum of sizes, (2/5, 1/5, 0), where least squares is dense.
  "a difference of squares": {
    network: {
      kind: "layers",
      activation: "linear",
      layers: [
        [
          ["u1", 0, 0],
          [0, "u2", 0],
          [0, 0, "u3"],
          ["v1", 0, 0],
          [0, "v2", 0],
          [0, 0, "v3"],
        ],
        [
          ["u1", 0, 0, 0, 0, 0],
          [0, "u2", 0, 0, 0, 0],
          [0, 0, "u3", 0, 0, 0],
          [0, 0, 0, "v1", 0, 0],
          [0, 0, 0, 0, "v2", 0],
          [0, 0, 0, 0, 0, "v3"],
        ],
        [["p", "p", "p", "n", "n", "n"]],
      ],
      frozen: { ...one, n: "-1" },
    },
    data: [
      { x: [2, 1, 1], y: 1 },
      { x: [1, 3, 1], y: 1 },
    ],
    start: ["1/2", "1/2", "1/2", "1/2", "1/2", "1/2"],
    point: ["sqrt(2/5)", "sqrt(1/5)", 0, 0, 0, 0],
    degree: 2,
  },
};

describe.each(Object.entries(CASES))("%s", { timeout: 60_000 }, (_, given) => {
  const outputs = given.data.some(({ y }) => y > 1);

  it.each(["exponential", outputs ? "cross-entropy" : "logistic"])("goes to its limit, %s loss", (loss) => {
    const parsed = parseProblem(source(given, loss));
    expect(homogeneityOf(parsed.problem).degree).toBe(given.degree);
    const run = runFlow(parsed);
    expect(run.reasons).toEqual([]);
    expect(run.result.loss).toBe(loss);
    expect(run.result.directionError).toBeLessThanOrEqual(1e-8);
    expect(run.result.kktResidual).toBeLessThanOrEqual(1e-8);
    expect(run.decrease).toEqual({ normalizedMargin: 0, smoothedMargin: 0 });
    expect(run.conservedDrift).toBeLessThan(1e-10);
    expect(run.remarks.filter((remark) => remark.includes("dead"))).toEqual([]);
    expect(pictureOf(run, parsed.problem)).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });
});

describe("the degree of homogeneity", () => {
  const degree = (network: object, data: Case["data"] = [{ x: [1, 2], y: 1 }]) => {
    const text = JSON.stringify({ format: "margincert/problem/1", name: "degree", network, data });
    try {
      return homogeneityOf(parseProblem(text).problem).degree;
    } catch (error) {
      if (error instanceof InputError) return `${error.where}: ${error.message}`;
      throw error;
    }
  };
  const layers = (matrices: object, frozen: object = {}, activation: unknown = "relu") => {
    return { kind: "layers", activation, layers: matrices, frozen };
  };

  it("is the depth where nothing is frozen, shared or not", () => {
    expect(degree({ kind: "fully-connected", widths: [2, 2, 2, 1], activation: "relu" })).toBe(3);
    const tied = [[["a", "b"]], [["a"], ["b"]], [["o", "o"]]];
    expect(degree(layers(tied))).toBe(3);
    expect(degree(layers(tied, { o: 1 }))).toBe(2);
  });

  it("does not see paths of weight zero, or that lead nowhere", () => {
    const biased = [
      [
        ["a", 0],
        [0, "c"],
      ],
      [["v", "b"]],
    ];
    expect(degree(layers(biased, { c: 1 }))).toMatch(
      /^network: flow needs a homogeneous network, .*; here those to output 1 have 2 over v, 1 over b \(a bias above/,
    );
    expect(degree(layers(biased, { c: 0 }))).toBe(2);
    expect(degree(layers(biased, { c: 1, b: 0 }))).toBe(2);
    // The second unit of layer 2 mixes paths, but reaches no output.
    const aside = [
      biased[0],
      [
        ["v", 0],
        ["w", "b"],
      ],
    ];
    expect(degree(layers([...aside, [["t", 0]]], { c: 1 }))).toBe(3);
    expect(degree(layers([...aside, [["t", "t"]]], { c: 1 }))).toMatch(
      /those to unit 2 of layer 2 have 2 over w, 1 over b/,
    );
  });

  it("is one for all outputs", () => {
    const mixed = layers(
      [
        [
          ["a", 0],
          [0, "p"],
        ],
        [
          ["v", 0],
          [0, "w"],
        ],
      ],
      { p: 1 },
    );
    expect(degree(mixed)).toMatch(/here those to output 1 have 2, those to output 2 1/);
  });

  it("is that of something to train", () => {
    expect(degree(layers([[["a", "p"]], [["z"]]], { p: 1, z: 0 }))).toMatch(/^network: no path .* has a parameter/);
    expect(degree(layers([[["a"], ["p"]].map(([name]) => [name, 0]), [[0, "p"]]], { p: 1 }))).toMatch(
      /nothing to train/,
    );
  });

  it("is asked of starts at random too", async () => {
    const network = layers(
      [
        [
          ["a", 0],
          [0, "c"],
        ],
        [["v", "b"]],
      ],
      { c: 1 },
    );
    const text = JSON.stringify({ format: "margincert/problem/1", name: "n", network, data: [{ x: [1, 1], y: 1 }] });
    await expect(flowFromStarts({ source: text, count: 2, seed: 1, around: null })).rejects.toBeInstanceOf(InputError);
  });
});

describe("losses", () => {
  it("are those of the number of outputs", () => {
    const [three, two] = [CASES["a three-class linear classifier"]!, CASES["average pooling of a convolution"]!];
    const fault = (given: Case, loss: "logistic" | "cross-entropy") => () =>
      runFlow(parseProblem(source(given, "exponential")), { loss });
    expect(fault(three, "logistic")).toThrow(/3 outputs has the loss "exponential" or "cross-entropy", not "logistic"/);
    expect(fault(two, "cross-entropy")).toThrow(/one output has the loss "exponential" or "logistic"/);
  });

  it("name the classes where data is not separated", { timeout: 60_000 }, () => {
    const { network, start, point } = CASES["a three-class linear classifier"]!;
    const data = [
      { x: [1, 0], y: 1 },
      { x: [1, 0], y: 2 },
    ];
    const run = runFlow(parseProblem(source({ network, data, start, point }, "cross-entropy")));
    expect(run.result.verdict).toBe("not-confirmed");
    expect(run.reasons.join()).toMatch(/does not go to zero, with no positive margin on sample \d against class \d/);
  });
});

const formsApart = (problem: Parameters<typeof canonicalForm>[0], u: Float64Array, v: Float64Array) =>
  formDistance(canonicalForm(problem, u).form, canonicalForm(problem, v).form);

it("directions are the same up to hidden neurons that have the same frozen outgoing weight", () => {
  const { problem } = parseProblem(source(CASES["a leaky ReLU network with frozen output weights ±1/√m"]!, "logistic"));
  const u = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  expect(formsApart(problem, u, Float64Array.of(3, 4, 1, 2, 7, 8, 5, 6))).toBe(0);
  expect(formsApart(problem, u, Float64Array.of(5, 6, 3, 4, 1, 2, 7, 8))).toBeGreaterThan(1);
});

it("directions are not the same up to classes", () => {
  const { problem } = parseProblem(source(CASES["a three-class ReLU network"]!, "cross-entropy"));
  const u = Float64Array.from({ length: 18 }, (_, k) => k);
  const swapped = Float64Array.from(u, (_, k) => (k < 9 ? k : k < 12 ? k + 3 : k < 15 ? k - 3 : k));
  expect(formsApart(problem, u, swapped)).toBeGreaterThan(1);
});
