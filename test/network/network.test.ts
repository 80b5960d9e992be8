import { describe, expect, test } from "vitest";
import { formatRational } from "../../src/exact/rational.js";
import { marginOf, marginsOf, marginText, weightsOf } from "../../src/network/instance.js";
import {
  isLinear,
  isLinearLayer,
  isUnshared,
  layersAsked,
  type Network,
  parametersOf,
} from "../../src/network/network.js";
import { parsed, problemOn } from "../problem/files.js";

/** The weight matrices, written with names; 0 where there is no connection, and constants in brackets. */
function matrices({ inputs, layers, parameters, frozen }: Network): (string | 0)[][][] {
  let columns = inputs;
  return layers.map((rows) => {
    const matrix = rows.map((row) => {
      const entries = new Array<string | 0>(columns).fill(0);
      for (const { from, weight } of row)
        entries[from] = parameters[weight]?.name ?? `(${frozen[weight - parameters.length]})`;
      return entries;
    });
    columns = rows.length;
    return matrix;
  });
}

const read = (network: object, inputs: number) => problemOn(network, new Array<number>(inputs).fill(1)).network;
const names = (network: Network) => network.parameters.map(({ name }) => name).join(" ");
const slopes = (network: Network) => network.slopes.map(formatRational);

test("fully connected", () => {
  const network = read({ kind: "fully-connected", widths: [3, 2, 1], activation: "relu" }, 3);
  expect(matrices(network)).toEqual([
    [
      ["W1[1,1]", "W1[1,2]", "W1[1,3]"],
      ["W1[2,1]", "W1[2,2]", "W1[2,3]"],
    ],
    [["W2[1,1]", "W2[1,2]"]],
  ]);
  expect(names(network)).toBe("W1[1,1] W1[1,2] W1[1,3] W1[2,1] W1[2,2] W1[2,3] W2[1,1] W2[1,2]");
  expect(isUnshared(network)).toBe(true);
  expect(parametersOf(network, 1)).toEqual([6, 7]);
  expect(parametersOf(network, null)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(layersAsked(network)).toEqual([0, 1]);
  expect(network.outputs).toBe(1);
});

test("diagonal, of depth 1 to 3", () => {
  const diagonal = (depth: number) => read({ kind: "diagonal", width: 2, depth, activation: "linear" }, 2);
  expect(matrices(diagonal(1))).toEqual([[["w1[1]", "w1[2]"]]]);
  expect(matrices(diagonal(3))).toEqual([
    [
      ["w1[1]", 0],
      [0, "w1[2]"],
    ],
    [
      ["w2[1]", 0],
      [0, "w2[2]"],
    ],
    [["w3[1]", "w3[2]"]],
  ]);
  expect(names(diagonal(2))).toBe("w1[1] w1[2] w2[1] w2[2]");
});

test("convolutional, with overlapping patches and a rest", () => {
  const network = read({ kind: "convolutional", input: 6, filter: 3, stride: 2, activation: "relu" }, 6);
  expect(matrices(network)).toEqual([
    [
      ["f[1]", "f[2]", "f[3]", 0, 0, 0],
      [0, 0, "f[1]", "f[2]", "f[3]", 0],
    ],
    [["u[1]", "u[2]"]],
  ]);
  expect(names(network)).toBe("f[1] f[2] f[3] u[1] u[2]");
  expect(isUnshared(network)).toBe(false);
});

describe("layers", () => {
  test("with shared weights, in the order of first appearance", () => {
    const layers = [
      [
        ["b", 0, "a"],
        ["a", "0", "b"],
      ],
      [["z", "z"]],
    ];
    const network = read({ kind: "layers", activation: "linear", layers }, 3);
    expect(matrices(network)).toEqual([
      [
        ["b", 0, "a"],
        ["a", 0, "b"],
      ],
      [["z", "z"]],
    ]);
    expect(names(network)).toBe("b a z");
    expect(network.parameters.map((parameter) => parameter.layers)).toEqual([[0], [0], [1]]);
    expect(layersAsked(network)).toEqual([0, 1]);
  });

  test("with one name in several layers: u² − v² and the like", () => {
    const layers = [[["u", 0, "w"]], [["v"]], [["u"]]];
    const network = read({ kind: "layers", activation: "relu", layers }, 3);
    expect(network.parameters).toEqual([
      { name: "u", layers: [0, 2] },
      { name: "w", layers: [0] },
      { name: "v", layers: [1] },
    ]);
    expect(parametersOf(network, 2)).toEqual([0]);
    expect(layersAsked(network)).toEqual([]); // no layer moves alone
    expect(isUnshared(network)).toBe(false);
  });

  test("with several outputs", () => {
    const network = read({ kind: "layers", activation: "relu", layers: [[["a"]], [["b"], ["c"], [0]]] }, 1);
    expect(network.outputs).toBe(3);
    expect(network.layers[1]![2]).toEqual([]);
  });
});

describe("frozen weights", () => {
  const frozen = { "W1[2,1]": "sqrt(2)", "W2[1,1]": "-1/2" };
  const network = { kind: "fully-connected", widths: [1, 2, 1], activation: "relu", frozen };

  test("are constants after the parameters", () => {
    const problem = problemOn(network, [1]);
    expect(matrices(problem.network)).toEqual([[["W1[1,1]"], ["(W1[2,1])"]], [["(W2[1,1])", "W2[1,2]"]]]);
    expect(names(problem.network)).toBe("W1[1,1] W2[1,2]");
    expect(problem.network.frozen).toEqual(["W1[2,1]", "W2[1,1]"]);
    expect(problem.frozen.map(problem.field.toNumber)).toEqual([Math.SQRT2, -0.5]);
    const { one } = problem.field;
    expect(weightsOf(problem, [one, one]).map(problem.field.toNumber)).toEqual([1, 1, Math.SQRT2, -0.5]);
  });

  test("are no part of a scope, and leave layers without parameters unasked", () => {
    const whole = read({ ...network, frozen: { "W2[1,1]": "1", "W2[1,2]": "0" } }, 1);
    expect(layersAsked(whole)).toEqual([0]);
    expect(parametersOf(whole, null)).toEqual([0, 1]);
    expect(isUnshared(whole)).toBe(true);
  });

  test("may be written in any order, and are kept in that of the network", () => {
    const reversed = Object.fromEntries(Object.entries(frozen).reverse());
    expect(problemOn({ ...network, frozen: reversed }, [1]).frozen).toEqual(problemOn(network, [1]).frozen);
  });
});

describe("activations", () => {
  const deep = (activation: unknown, depth = 3) => read({ kind: "diagonal", width: 1, depth, activation }, 1);

  test.each([
    ["linear", "1", "linear"],
    ["relu", "0", "relu"],
    [{ "leaky-relu": "1/10" }, "1/10", { "leaky-relu": "1/10" }],
    [{ "leaky-relu": "0.250" }, "1/4", { "leaky-relu": "1/4" }], // one spelling, so that equal problems are equal
  ])("%j in every hidden layer", (activation, slope, canonical) => {
    const network = deep(activation);
    expect(slopes(network)).toEqual([slope, slope]);
    expect(network.source.activation).toEqual(canonical);
    expect(isLinear(network)).toBe(activation === "linear");
  });

  test("one per hidden layer", () => {
    const network = deep(["relu", { "leaky-relu": "0.5" }, "linear"], 4);
    expect(slopes(network)).toEqual(["0", "1/2", "1"]);
    expect([0, 1, 2].map((layer) => isLinearLayer(network, layer))).toEqual([false, false, true]);
    expect(network.source.activation).toEqual(["relu", { "leaky-relu": "1/2" }, "linear"]);
    expect(isLinear(network)).toBe(false);
  });

  test("none, where there is no hidden layer", () => {
    expect(slopes(deep("relu", 1))).toEqual([]);
    expect(slopes(deep([], 1))).toEqual([]);
    expect(isLinear(deep("relu", 1))).toBe(true);
  });
});

describe("margins", () => {
  const numbers = { zero: 0, one: 1, add: sum, sub: (a: number, b: number) => a - b, mul: product, neg, isZero };
  function sum(a: number, b: number) {
    return a + b;
  }
  function product(a: number, b: number) {
    return a * b;
  }
  function neg(a: number) {
    return -a;
  }
  function isZero(a: number) {
    return a === 0;
  }

  test("with one output, one per sample, by its label", () => {
    const { problem } = parsed({});
    expect(marginsOf(problem)).toEqual([
      { sample: 0, plus: 0, minus: null },
      { sample: 1, plus: null, minus: 0 },
    ]);
    expect(marginsOf(problem).map((margin) => marginOf(numbers, margin, [3]))).toEqual([3, -3]);
    expect(marginsOf(problem).map(marginText)).toEqual(["sample 1", "sample 2"]);
  });

  test("with classes, one per sample and other class", () => {
    const network = { kind: "fully-connected", widths: [1, 3], activation: "linear" };
    const { problem } = parsed({
      network,
      data: [
        { x: [1], y: 2 },
        { x: [1], y: 3 },
      ],
      point: undefined,
    });
    expect(problem.data.map(({ y }) => y)).toEqual([1, 2]);
    expect(marginsOf(problem)).toEqual([
      { sample: 0, plus: 1, minus: 0 },
      { sample: 0, plus: 1, minus: 2 },
      { sample: 1, plus: 2, minus: 0 },
      { sample: 1, plus: 2, minus: 1 },
    ]);
    expect(marginsOf(problem).map((margin) => marginOf(numbers, margin, [1, 5, 7]))).toEqual([4, -2, 6, 2]);
    expect(marginsOf(problem).map(marginText)).toEqual([
      "sample 1 against class 1",
      "sample 1 against class 3",
      "sample 2 against class 1",
      "sample 2 against class 2",
    ]);
  });
});
