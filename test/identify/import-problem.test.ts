/** From named tensors and data to a problem: the order of layers, biases, convolutions, shared weights, and labels. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Rational, rational } from "../../src/exact/rational.js";
import { type DataOptions, importData } from "../../src/identify/import/data.js";
import type { WeightOptions } from "../../src/identify/import/layers.js";
import { importProblem, type ProblemOptions } from "../../src/identify/import/problem.js";
import { importWeights } from "../../src/identify/import/weights.js";
import { parseProblem } from "../../src/problem/problem.js";
import { file, float64s, json, npy, npz, pickle, torchZip } from "./import-files.js";

const texts = (values: readonly Rational[]) => values.map((q) => q.toFraction());
const ones = (rows: number, columns: number) => Array.from({ length: rows }, () => new Array(columns).fill(1));
const names = (tensors: object, options?: WeightOptions) =>
  importWeights([json("w.json", tensors)], options).then(({ layers }) => layers.map(({ name }) => name));
const refusal = async (tensors: object, options?: WeightOptions) => {
  const error = await importWeights([json("w.json", tensors)], options).catch((thrown) => thrown);
  return `${error.where}: ${error.message}`;
};

async function problem(weights: object, data: object, options: WeightOptions & DataOptions & ProblemOptions = {}) {
  return importProblem(
    await importWeights([json("w.json", weights)], options),
    await importData([json("d.json", data)], options),
    options,
  );
}

describe("the order of layers", () => {
  it("goes by the numbers in the names", async () => {
    expect(await names({ "10.weight": ones(1, 3), "2.weight": ones(3, 4), "0.weight": ones(4, 2) })).toEqual([
      "0.weight",
      "2.weight",
      "10.weight",
    ]);
    expect(await names({ W2: ones(1, 3), W1: ones(3, 2) })).toEqual(["W1", "W2"]);
    expect(await names({ "layers.1.weight": ones(2, 2), "layers.0.weight": ones(2, 2) })).toEqual([
      "layers.0.weight",
      "layers.1.weight",
    ]);
  });

  it("goes by what chains where the names differ otherwise", async () => {
    expect(await names({ encoder: ones(3, 2), decoder: ones(1, 3) })).toEqual(["encoder", "decoder"]);
    expect(await names({ W: ones(3, 2), a: new Array(3).fill(1) })).toEqual(["W", "a"]);
    expect(await refusal({ encoder: ones(3, 2), decoder: ones(2, 3) })).toContain("fit in two orders");
  });

  it("is overridden by --layers, by full or short names", async () => {
    const two = { encoder: { weight: ones(2, 2) }, decoder: { weight: ones(2, 2) }, X: ones(5, 2) };
    expect(await names(two, { layers: ["decoder", "encoder.weight"] })).toEqual(["decoder.weight", "encoder.weight"]);
    expect(await refusal(two, { layers: ["coder"] })).toContain('"coder" is no weight of w.json; its weights are');
  });

  it("sizes that do not chain are refused with names, shapes and the remedy", async () => {
    const flipped = { W1: ones(2, 3), W2: ones(3, 1) };
    expect(await refusal(flipped)).toBe(
      "w.json: W1 (2×3) does not chain with W2 (3×1) as out × in: they do with --transpose (in × out), or in the order --layers W2,W1",
    );
    const { layers } = await importWeights([json("w.json", flipped)], { transpose: true });
    expect(layers.map((layer) => layer.kind === "dense" && [layer.rows.length, layer.rows[0]!.length])).toEqual([
      [3, 2],
      [1, 3],
    ]);
    expect(await refusal({ W1: ones(1, 3), W2: ones(3, 2) })).toContain("in the order --layers W2,W1");
    expect(await refusal({ W1: ones(4, 2), W2: ones(1, 3) })).toContain(
      "give their order with --layers, or transpose them",
    );
  });
});

describe("biases and other layers", () => {
  const data = [{ x: [1, 2], y: 1 }];

  it("zero biases are dropped, and said so", async () => {
    const { network, notes } = await problem(
      { fc1: { weight: ones(2, 2), bias: [0, 0] }, fc2: { weight: ones(1, 2), bias: [0] } },
      data,
    );
    expect(network.source).toEqual({ kind: "fully-connected", widths: [2, 2, 1], activation: "relu" });
    expect(notes).toContain("The bias fc2.bias is zero and was dropped.");
  });

  it("a bias of the first layer is the weight of a constant input", async () => {
    for (const named of [
      {
        W1: [
          [1, 2],
          [3, 4],
        ],
        b1: [5, 6],
        W2: [[7, 8]],
      },
      {
        "0": [
          [1, 2],
          [3, 4],
        ],
        "1": [5, 6],
        "2": [[7, 8]],
        "3": [0],
      },
    ]) {
      const { network, point, data: samples, notes } = await problem(named, data);
      expect(network.source).toMatchObject({ kind: "fully-connected", widths: [3, 2, 1] });
      expect(texts(point)).toEqual(["1", "2", "5", "3", "4", "6", "7", "8"]);
      expect(texts(samples[0]!.x)).toEqual(["1", "2", "1"]);
      expect(notes.join(" ")).toContain("constant input 1");
    }
  });

  it.each([
    ["fc2.bias", { "fc1.weight": ones(2, 2), "fc2.weight": ones(1, 2), "fc2.bias": [1] }, "train without it"],
    ["bn.running_mean", { "fc.weight": ones(1, 2), "bn.running_mean": [0] }, "batch normalisation"],
    ["fc.weight_g", { "fc.weight_g": ones(2, 1), "fc.weight_v": ones(2, 2) }, "remove_parametrizations"],
    ["rnn.weight_ih_l0", { "rnn.weight_ih_l0": ones(2, 2) }, "recurrent"],
    ["embedding.weight", { "embedding.weight": ones(9, 2) }, "--layers"],
    ["norm.weight", { "fc.weight": ones(2, 2), "norm.weight": [1, 1], "out.weight": ones(1, 2) }, "normalisation"],
    ["b7", { W1: ones(2, 2), b7: [1, 1] }, "no weight has the same name"],
    ["deep.weight", { "deep.weight": [[[[[1]]]]] }, "has 5 axes"],
    ["conv.bias", { "conv.weight": [[[1, 2]]], "conv.bias": [1], "fc.weight": ones(1, 2) }, "of a convolution"],
  ])("%s is refused by name", async (name, tensors, remedy) => {
    const message = await refusal(tensors);
    expect(message).toContain(name);
    expect(message).toContain(remedy);
  });

  it("what a checkpoint holds beside the model is left out, and said so", async () => {
    const { layers, notes } = await importWeights([
      json("w.json", { model: { W1: ones(1, 2) }, optimizer: { state: { momentum: ones(1, 2) } } }),
    ]);
    expect(layers).toHaveLength(1);
    expect(notes).toContain("1 tensors of the optimizer were left out.");
  });

  it("activations are read from the option", async () => {
    const three = { W1: ones(2, 2), W2: ones(2, 2), W3: ones(1, 2) };
    const { activations } = await importWeights([json("w.json", three)], { activation: "relu,leaky-relu:0.25" });
    expect(activations).toEqual(["relu", { "leaky-relu": "0.25" }]);
    expect(await refusal(three, { activation: "tanh" })).toContain("--activation: expected relu");
    expect(await refusal(three, { activation: "relu,relu,relu" })).toContain("3 activations for 2 hidden layers");
  });
});

describe("convolutions and shared weights", () => {
  const weights = { "conv.weight": [[[1, 2]]], "fc.weight": [[3, 4, 5]] };

  it("one filter at depth 2 is the convolutional form, its stride the one that fits", async () => {
    const { network, point, notes } = await problem(weights, [{ x: [1, 2, 3, 4], y: 1 }]);
    expect(network.source).toEqual({ kind: "convolutional", input: 4, filter: 2, stride: 1, activation: "relu" });
    expect(texts(point)).toEqual(["1", "2", "3", "4", "5"]);
    expect(notes).toContain("The stride of conv.weight was taken to be 1, with which the next layer fits.");
    const wide = await problem(weights, [{ x: [1, 2, 3, 4, 5, 6], y: 1 }]);
    expect(wide.network.source).toMatchObject({ input: 6, stride: 2 });
  });

  it("a stride that is open or fits nowhere is refused", async () => {
    await expect(problem({ ...weights, "fc.weight": [[3, 4]] }, [{ x: [1, 2, 3, 4, 5], y: 1 }])).rejects.toThrow(
      "--stride",
    );
    await expect(problem(weights, [{ x: [1, 2, 3], y: 1 }])).rejects.toThrow("no stride makes 3 places");
  });

  it("channels, filters and axes are a layer of shared names", async () => {
    const tensors = {
      "conv.weight": [
        [
          [1, 2],
          [3, 4],
        ],
        [
          [5, 6],
          [7, 8],
        ],
      ],
      "fc.weight": [[1, 2, 3, 4]],
    };
    const { network, point } = await problem(tensors, [{ x: [1, 2, 3, 4, 5, 6], y: -1 }]);
    const [first] = (network.source as unknown as { layers: unknown[][] }).layers;
    expect(first![1]).toEqual([0, "W1[1,1,1]", "W1[1,1,2]", 0, "W1[1,2,1]", "W1[1,2,2]"]);
    expect(first![2]).toEqual(["W1[2,1,1]", "W1[2,1,2]", 0, "W1[2,2,1]", "W1[2,2,2]", 0]);
    expect(texts(point)).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "1", "2", "3", "4"]);
  });

  it("a convolution over images, by the shape of X", async () => {
    const images = file(
      "d.npz",
      npz({
        X: npy("<f8", [1, 1, 2, 3], float64s([1, 2, 3, 4, 5, 6])),
        y: npy("<f8", [1], float64s([1])),
      }),
    );
    const imported = await importWeights([
      json("w.json", {
        "conv.weight": [
          [
            [
              [1, 2],
              [3, 4],
            ],
          ],
        ],
        "fc.weight": [[1, 1]],
      }),
    ]);
    const { network } = importProblem(imported, await importData([images]), {});
    const [first] = (network.source as unknown as { layers: unknown[][] }).layers;
    expect(first).toEqual([
      ["W1[1,1,1,1]", "W1[1,1,1,2]", 0, "W1[1,1,2,1]", "W1[1,1,2,2]", 0],
      [0, "W1[1,1,1,1]", "W1[1,1,1,2]", 0, "W1[1,1,2,1]", "W1[1,1,2,2]"],
    ]);
  });

  it("one tensor in two layers is shared", async () => {
    const square = pickle.tensor({ key: "0", count: 4 }, [2, 2]);
    const last = pickle.tensor({ key: "0", count: 4 }, [1, 2]);
    const model = torchZip(pickle.ordered({ "0.weight": square, "2.weight": square, "4.weight": last }), {
      "0": float64s([1, 2, 3, 4]),
    });
    const weights = await importWeights([file("m.pt", model)], { activation: "linear" });
    const { network, point } = importProblem(weights, await importData([json("d.json", [{ x: [1, 1], y: 1 }])]));
    expect(network.parameters.slice(0, 4).map(({ layers }) => layers)).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
    expect(texts(point)).toEqual(["1", "2", "3", "4", "1", "2"]);
  });
});

describe("data", () => {
  const one = { W1: ones(2, 2), W2: ones(1, 2) };
  const three = { W1: ones(2, 2), W2: ones(3, 2) };
  const labelled = (...labels: unknown[]) => ({ X: labels.map(() => [1, 2]), y: labels });

  it("labels of one output", async () => {
    expect((await problem(one, labelled(1, -1))).data.map(({ y }) => y)).toEqual([1, -1]);
    const coded = await problem(one, labelled(0, 1));
    expect(coded.data.map(({ y }) => y)).toEqual([-1, 1]);
    expect(coded.notes).toContain("The label 0 was taken as −1.");
    await expect(problem(one, labelled(1, 2))).rejects.toThrow(
      "the labels are 1, 2; the network w.json has one output",
    );
    await expect(problem(one, labelled(0.5))).rejects.toThrow("is no class");
  });

  it("classes of several outputs, from 0 or 1", async () => {
    expect((await problem(three, labelled(0, 2, 1))).data.map(({ y }) => y)).toEqual([0, 2, 1]);
    const counted = await problem(three, labelled(1, 3));
    expect(counted.data.map(({ y }) => y)).toEqual([0, 2]);
    expect(counted.notes).toContain("The labels are the 3 classes from 1 to 3, by the order of the outputs.");
    await expect(problem(three, labelled(1, 2))).rejects.toThrow("--classes-from 0 or 1");
    expect((await problem(three, labelled(1, 2), { classesFrom: 1 })).data.map(({ y }) => y)).toEqual([0, 1]);
    await expect(problem(three, labelled(0, 3))).rejects.toThrow("has 3 outputs");
    expect((await problem(three, { X: [[1, 2]], y: [[0, 1, 0]] })).data.map(({ y }) => y)).toEqual([1]);
    await expect(problem(three, { X: [[1, 2]], y: [[1, 1, 0]] })).rejects.toThrow("expected one 1 and zeros");
  });

  it("problem files and their numbers", async () => {
    const { data } = await problem(one, { format: "any", data: [{ x: ["1/3", "0.25"], y: -1 }] });
    expect(texts(data[0]!.x)).toEqual(["1/3", "1/4"]);
    await expect(problem(one, [{ x: ["sqrt(2)", 1], y: 1 }])).rejects.toThrow("not rational");
    await expect(
      problem(one, [
        { x: [1, 2], y: 1 },
        { x: [1], y: 1 },
      ]),
    ).rejects.toThrow("1 entries, the first sample has 2");
  });

  it("sizes that do not fit are refused with the remedy", async () => {
    await expect(problem(one, [{ x: [1, 2, 3], y: 1 }])).rejects.toThrow(
      "takes 2 inputs, the samples of d.json have 3",
    );
    await expect(problem(one, [{ x: [1], y: 1 }])).rejects.toThrow("append a column of ones");
  });

  it("CSV: header, named label, quotes, separators", async () => {
    const csv = (text: string, options: DataOptions = {}) => importData([file("d.csv", text)], options);
    const plain = await csv("1,2.5e-1,-1\n3,4,1\n");
    expect(plain.x.map(texts)).toEqual([
      ["1", "1/4"],
      ["3", "4"],
    ]);
    expect(texts(plain.labels)).toEqual(["-1", "1"]);
    const named = await csv('"label","a, b",c\r\n1,"2",3\r\n');
    expect([named.x.map(texts), texts(named.labels)]).toEqual([[["2", "3"]], ["1"]]);
    expect(texts((await csv("a;b;c\n1;2;3\n", { y: "b" })).labels)).toEqual(["2"]);
    expect(texts((await csv("\uFEFFa\tb\n1\t2\n")).labels)).toEqual(["2"]);
    await expect(csv("a,b\n1,x\n")).rejects.toMatchObject({ where: "d.csv: sample 1, column b" });
    await expect(csv("a,b\n1\n")).rejects.toThrow("is not CSV");
    await expect(csv('a,b\n1,"2\n')).rejects.toThrow("is not CSV");
    await expect(csv(",a,y\n0,1,1\n")).rejects.toThrow("index=False");
    await expect(csv("a,b\n1,2\n", { y: "z" })).rejects.toThrow("its columns are a, b");
    await expect(csv("a,b\n")).rejects.toThrow("holds no samples");
  });

  it("two arrays in files of their own", async () => {
    const X = file("inputs.npy", npy("<f8", [2, 1], float64s([1, 2])));
    const y = file("labels.npy", npy("<f8", [2, 1], float64s([1, -1])));
    await expect(importData([X, y])).rejects.toThrow("name it with --x");
    const data = await importData([X, y], { x: "inputs", y: "labels" });
    expect(texts(data.labels)).toEqual(["1", "-1"]);
  });
});

it("the result is a problem file that reads back as itself", async () => {
  const fixture = (name: string) => file(name, readFileSync(new URL(`fixtures/${name}`, import.meta.url)));
  const { network, point, data } = importProblem(
    await importWeights([fixture("sequential.npz")]),
    await importData([fixture("data.npz")]),
  );
  const text = JSON.stringify({
    format: "margincert/problem/1",
    name: "imported",
    network: network.source,
    data: data.map(({ x, y }) => ({ x: x.map((q) => q.toFraction()), y })),
    point: point.map((q) => q.toFraction()),
  });
  const { problem: read } = parseProblem(text);
  expect(read.network).toEqual(network);
  expect((read.point as Rational[]).every((q, k) => q.equals(point[k]!))).toBe(true);
  expect((read.data[0]!.x[0] as Rational).equals(rational(5854679515581645n, 2n ** 52n))).toBe(true);
});
