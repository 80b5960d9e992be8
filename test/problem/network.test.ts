import { describe, expect, test } from "vitest";
import { isUnshared, type Network, offSlope, parametersOf } from "../../src/problem/network.js";
import { problemOn } from "./files.js";

/** The weight matrices, written with parameter names; 0 where there is no connection. */
function matrices({ inputs, layers, parameters }: Network): (string | 0)[][][] {
  let columns = inputs;
  return layers.map((rows) => {
    const matrix = rows.map((row) => {
      const entries = new Array<string | 0>(columns).fill(0);
      for (const { from, parameter } of row) entries[from] = parameters[parameter]!.name;
      return entries;
    });
    columns = rows.length;
    return matrix;
  });
}

const read = (network: object, inputs: number) => problemOn(network, new Array<number>(inputs).fill(1)).network;
const names = (network: Network) => network.parameters.map(({ name }) => name).join(" ");

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

test("layers, with shared weights, in the order of first appearance", () => {
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
  expect(network.parameters.map(({ layer }) => layer)).toEqual([0, 0, 1]);
});

describe("activations", () => {
  test.each([
    ["linear", "linear", "1", "linear"],
    ["relu", "relu", "0", "relu"],
    [{ "leaky-relu": "1/10" }, "leaky-relu", "0.1", { "leaky-relu": "1/10" }],
    [{ "leaky-relu": "0.250" }, "leaky-relu", "0.25", { "leaky-relu": "1/4" }], // one spelling, so that equal problems are equal
  ])("%j", (activation, kind, slope, canonical) => {
    const network = read({ kind: "diagonal", width: 1, depth: 2, activation }, 1);
    expect(network.activation.kind).toBe(kind);
    expect(offSlope(network.activation).toString()).toBe(slope);
    expect(network.source.activation).toEqual(canonical);
  });
});
