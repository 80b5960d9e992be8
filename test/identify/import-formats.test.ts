/** The readers of weight files: each format against files of its own tool or assembled byte by byte, and every number exactly. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Rational } from "../../src/exact/rational.js";
import { rational } from "../../src/exact/rational.js";
import { importData } from "../../src/identify/import/data.js";
import { entriesOf, type Tensor } from "../../src/identify/import/tensor.js";
import { importWeights, readTensors } from "../../src/identify/import/weights.js";
import {
  file,
  float32s,
  float64s,
  json,
  npy,
  npz,
  onnx,
  onnxNode,
  onnxTensor,
  pickle,
  safetensors,
  torchLegacy,
  torchZip,
} from "./import-files.js";

const fixture = (name: string) => file(name, readFileSync(new URL(`fixtures/${name}`, import.meta.url)));

/** The rational number that a float is: doubling is exact until it is an integer. */
function exact(value: number): Rational {
  let denominator = 1n;
  let numerator = value;
  while (!Number.isInteger(numerator)) {
    numerator *= 2;
    denominator *= 2n;
  }
  return rational(BigInt(numerator), denominator);
}

const texts = (values: readonly Rational[]) => values.map((q) => q.toFraction());
const contents = (tensors: readonly Tensor[]) =>
  Object.fromEntries(tensors.map((t) => [t.name, { shape: t.shape, entries: texts(entriesOf(t)) }]));
const expected = (shape: readonly number[], values: readonly number[]) => ({
  shape,
  entries: texts(values.map(exact)),
});

const FIRST = Array.from({ length: 12 }, (_, k) => (k - 5) / 10);
const SECOND = Array.from({ length: 6 }, (_, k) => (k + 1) / 7);

describe("files that numpy wrote", () => {
  it.each(["sequential.npz", "compressed.npz"])("%s", (name) => {
    expect(contents(readTensors([fixture(name)]))).toEqual({
      "0.weight": expected([6, 2], FIRST),
      "2.weight": expected([1, 6], SECOND),
    });
  });

  it("single arrays, named after their files", () => {
    expect(contents(readTensors([fixture("W1.npy"), fixture("W2.npy")]))).toEqual({
      W1: expected([6, 2], FIRST),
      W2: expected([1, 6], SECOND),
    });
  });

  it("every number type, both byte orders and both orders of the axes", () => {
    const half = [...new Float32Array([-0.5, -0.39990234375, -0.300048828125, -0.199951171875])];
    const read = contents(readTensors([fixture("types.npz")]));
    const counted = Array.from({ length: 12 }, (_, k) => k - 6);
    expect(read.half!.entries.slice(0, 4)).toEqual(texts(half.map(exact)));
    expect(read.single_big).toEqual(expected([6, 2], FIRST.map(Math.fround)));
    expect(read.fortran).toEqual(expected([6, 2], FIRST));
    expect(read.big_fortran).toEqual(expected([6, 2], FIRST));
    expect(read.long_big).toEqual(expected([6, 2], counted));
    expect(read.byte).toEqual(expected([6, 2], counted));
    expect(read.truth).toEqual(expected([1, 2], [1, 0]));
    expect(read.tiny).toEqual(expected([1, 3], [5e-324, -(2 ** -1030), Number.MAX_VALUE]));
  });

  it("data, labels and rows with a single 1", async () => {
    const data = await importData([fixture("data.npz")]);
    expect(data.x.map(texts)).toEqual(
      [
        [1.3, 0.4],
        [-0.7, 1.1],
        [-1.2, -0.3],
      ].map((row) => texts(row.map(exact))),
    );
    expect(texts(data.labels)).toEqual(["1", "0", "1"]);
    const rows = await importData([fixture("onehot.npz")]);
    expect([texts(rows.labels), rows.classes]).toEqual([["2", "0", "1"], 3]);
  });

  it("text of savetxt: decimals as they are written", async () => {
    const data = await importData([fixture("data.csv")]);
    expect(data.x.map(texts)).toEqual([
      ["13/10", "2/5"],
      ["-7/10", "11/10"],
      ["-6/5", "-3/10"],
    ]);
    expect(texts(data.labels)).toEqual(["1", "-1", "1"]);
  });

  it("what is no finite real number is refused by its name", () => {
    const [complex, text, nan] = readTensors([fixture("refused.npz")]);
    expect(() => complex!.at(0)).toThrow("complex128 numbers are not read");
    expect(() => text!.at(0)).toThrow('numpy "<U1" numbers are not read');
    expect(() => nan!.at(0)).toThrow("entry 1 is infinite or not a number");
    expect(() => readTensors([fixture("objects.npy")])).toThrow("holds Python objects");
  });
});

describe("number types", () => {
  const types: Readonly<
    Record<string, readonly [number, (view: DataView, offset: number, little: boolean) => number]>
  > = {
    f2: [
      2,
      (view, at, little) => {
        const bits = view.getUint16(at, little);
        const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
        if (exponent === 31) return Number.NaN;
        return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
      },
    ],
    f4: [4, (view, at, little) => view.getFloat32(at, little)],
    f8: [8, (view, at, little) => view.getFloat64(at, little)],
    i1: [1, (view, at) => view.getInt8(at)],
    i2: [2, (view, at, little) => view.getInt16(at, little)],
    i4: [4, (view, at, little) => view.getInt32(at, little)],
    u1: [1, (view, at) => view.getUint8(at)],
    u2: [2, (view, at, little) => view.getUint16(at, little)],
    u4: [4, (view, at, little) => view.getUint32(at, little)],
  };

  it("any npy array of any bytes is read as its numbers, or refused where one is not finite", () => {
    const anArray = fc.record({
      kind: fc.constantFrom(...Object.keys(types)),
      little: fc.boolean(),
      fortran: fc.boolean(),
      shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
      noise: fc.uint8Array({ minLength: 512, maxLength: 512 }),
    });
    fc.assert(
      fc.property(anArray, ({ kind, little, fortran, shape, noise }) => {
        const [size, read] = types[kind]!;
        const count = shape.reduce((product, n) => product * n, 1);
        const bytes = noise.slice(0, size * count);
        const [tensor] = readTensors([file("a.npy", npy(`${little ? "<" : ">"}${kind}`, shape, bytes, fortran))]);
        expect(tensor!.shape).toEqual(shape);
        for (let k = 0; k < count; k++) {
          // The k-th entry in row-major order, in the order of the file.
          const index = shape.map((n, axis) => Math.floor(k / shape.slice(axis + 1).reduce((p, m) => p * m, 1)) % n);
          const place = fortran ? index.reduceRight((sum, i, axis) => i + shape[axis]! * sum, 0) : k;
          const value = read(new DataView(bytes.buffer, bytes.byteOffset), place * size, little);
          if (Number.isFinite(value)) expect(tensor!.at(k).equals(exact(value))).toBe(true);
          else expect(() => tensor!.at(k)).toThrow("infinite or not a number");
        }
      }),
      { numRuns: 300 },
    );
  });

  it("bfloat16 is the upper half of float32", () => {
    const values = [0.15625, -3.0, 2 ** -130, 1e30].map((value) => {
      const bytes = Buffer.from(float32s([value]));
      bytes.writeUInt16LE(0, 0);
      return bytes;
    });
    const bytes = Buffer.concat(values.map((value) => value.subarray(2)));
    const [tensor] = readTensors([file("a.safetensors", safetensors({ W: { dtype: "BF16", shape: [1, 4], bytes } }))]);
    expect(texts(entriesOf(tensor!))).toEqual(texts(values.map((value) => exact(value.readFloatLE(0)))));
  });

  it("integers of 64 bits", () => {
    const bytes = Buffer.alloc(16);
    bytes.writeBigInt64LE(-(2n ** 63n), 0);
    bytes.writeBigInt64LE(2n ** 62n + 1n, 8);
    const [tensor] = readTensors([file("a.npy", npy("<i8", [2], bytes))]);
    expect(texts(entriesOf(tensor!))).toEqual([String(-(2n ** 63n)), String(2n ** 62n + 1n)]);
  });
});

it("safetensors", () => {
  const tensors = {
    "fc1.weight": { dtype: "F64", shape: [2, 2], bytes: float64s([0.1, 0.2, 0.3, 0.4]) },
    "fc2.weight": { dtype: "F32", shape: [1, 2], bytes: float32s([0.1, -1]) },
  };
  expect(contents(readTensors([file("m.safetensors", safetensors(tensors))]))).toEqual({
    "fc1.weight": expected([2, 2], [0.1, 0.2, 0.3, 0.4]),
    "fc2.weight": expected([1, 2], [Math.fround(0.1), -1]),
  });
});

describe("torch", () => {
  const values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
  const storages = { "0": float64s(values), "1": float32s([7, 8]) };
  const state = pickle.ordered({
    "0.weight": pickle.tensor({ key: "0", count: 6 }, [3, 2]),
    "2.weight": pickle.tensor({ storage: "FloatStorage", key: "1", count: 2 }, [1, 2]),
  });

  it("a state dict, with its metadata, in both formats", () => {
    const held = { "0.weight": expected([3, 2], values), "2.weight": expected([1, 2], [7, 8]) };
    expect(contents(readTensors([file("m.pt", torchZip(state, storages))]))).toEqual(held);
    const legacy = torchLegacy(state, {
      "0": { count: 6, bytes: storages["0"] },
      "1": { count: 2, bytes: storages["1"] },
    });
    expect(contents(readTensors([file("m.pth", legacy)]))).toEqual(held);
  });

  it("views by offset and strides, and views of storages", () => {
    const nested = pickle.dictionary({
      model: pickle.list(
        pickle.tensor({ key: "0", count: 6 }, [2, 3], { strides: [1, 2] }),
        pickle.tensor({ key: "0", count: 6 }, [2], { offset: 4 }),
      ),
      epoch: pickle.integer(7),
    });
    expect(contents(readTensors([file("m.pt", torchZip(nested, storages))]))).toEqual({
      "model.0": expected([2, 3], [0.1, 0.3, 0.5, 0.2, 0.4, 0.6]),
      "model.1": expected([2], [0.5, 0.6]),
    });
    const view = pickle.tuple(pickle.text("9"), pickle.integer(2), pickle.integer(3));
    const legacy = torchLegacy(pickle.list(pickle.tensor({ key: "0", count: 6 }, [2], { offset: 1, view })), {
      "0": { count: 6, bytes: storages["0"] },
    });
    expect(contents(readTensors([file("m.pt", legacy)]))).toEqual({ "0": expected([2], [0.4, 0.5]) });
  });

  it("big-endian archives", () => {
    const swapped = Buffer.from(storages["0"]).swap64();
    const one = pickle.tensor({ key: "0", count: 6 }, [3, 2]);
    const archive = torchZip(one, { "0": swapped }, [{ name: "model/byteorder", bytes: Buffer.from("big") }]);
    expect(contents(readTensors([file("m.pt", archive)]))).toEqual({ tensor: expected([3, 2], values) });
  });

  it("numpy arrays inside", () => {
    const encode = (bytes: Uint8Array) =>
      pickle.call(
        pickle.global("_codecs", "encode"),
        pickle.text(Buffer.from(bytes).toString("latin1")),
        pickle.text("latin1"),
      );
    const type = Buffer.concat([
      pickle.call(pickle.global("numpy", "dtype"), pickle.text("f8"), pickle.integer(0), pickle.integer(1)),
      pickle.tuple(pickle.integer(3), pickle.text("<"), pickle.none, pickle.none, pickle.none),
      Buffer.from("b"),
    ]);
    const array = Buffer.concat([
      pickle.call(
        pickle.global("numpy._core.multiarray", "_reconstruct"),
        pickle.global("numpy", "ndarray"),
        pickle.tuple(pickle.integer(0)),
        pickle.text("b"),
      ),
      pickle.tuple(
        pickle.integer(1),
        pickle.tuple(pickle.integer(3), pickle.integer(2)),
        type,
        Buffer.from([0x88]),
        encode(storages["0"]),
      ),
      Buffer.from("b"),
    ]);
    // Fortran's order, as the array says.
    expect(contents(readTensors([file("m.pt", torchZip(pickle.list(array), {}))]))).toEqual({
      "0": expected([3, 2], [0.1, 0.4, 0.2, 0.5, 0.3, 0.6]),
    });
  });

  it("two names of one tensor are one", async () => {
    const square = pickle.tensor({ key: "0", count: 6 }, [2, 2]);
    const dict = pickle.ordered({
      "0.weight": square,
      "2.weight": square,
      "4.weight": pickle.tensor({ key: "1", storage: "FloatStorage", count: 2 }, [1, 2]),
    });
    const { notes } = await importWeights([file("m.pt", torchZip(dict, storages))]);
    expect(notes).toContain("2.weight is the same tensor as 0.weight: their weights are shared.");
  });

  it.each([
    ["a model saved whole", pickle.call(pickle.global("__main__", "Net")), "__main__.Net"],
    ["a call of the system", pickle.call(pickle.global("os", "system"), pickle.text("true")), "os.system"],
    ["a call of a type", pickle.call(pickle.global("torch", "float32")), "torch.float32"],
    [
      "an object",
      Buffer.concat([pickle.global("collections", "OrderedDict"), Buffer.from(")\x81", "latin1")]),
      "NEWOBJ",
    ],
    ["an instance", Buffer.from("(i__main__\nNet\n"), "INST"],
  ])("%s is refused by name, with what to do", async (_, value, name) => {
    await expect(importWeights([file("m.pt", torchZip(value, {}))])).rejects.toThrow(name);
    await expect(importWeights([file("m.pt", torchZip(value, {}))])).rejects.toThrow(
      "torch.save(model.state_dict(), …)",
    );
  });

  it("complex tensors are refused by name", async () => {
    const dict = pickle.ordered({
      "0.weight": pickle.tensor({ storage: "ComplexDoubleStorage", key: "0", count: 3 }, [1, 3]),
    });
    await expect(importWeights([file("m.pt", torchZip(dict, storages))])).rejects.toThrow(
      "complex128 numbers are not read",
    );
  });
});

describe("JSON", () => {
  it("matrices in a list, by name, and a single one", () => {
    const held = { shape: [1, 2], entries: ["1/10", "-3"] };
    expect(contents(readTensors([file("w.json", "[[[0.1, -3]], [[1e-2]]]")]))).toEqual({
      "0": held,
      "1": { shape: [1, 1], entries: ["1/100"] },
    });
    expect(contents(readTensors([json("w.json", { fc1: { weight: [[0.1, "-6/2"]] } })]))).toEqual({
      "fc1.weight": held,
    });
    expect(contents(readTensors([json("w.json", [[0.1, -3]])]))).toEqual({ "0": held });
  });

  it("what is no tensor is refused with its place", () => {
    expect(() => readTensors([json("w.json", { W: [[1], [2, 3]] })])).toThrow("rows of one length");
    expect(() => readTensors([json("w.json", { W: [["sqrt(2)"]] })])).toThrow("not rational");
    expect(() => readTensors([file("w.json", '{"W": [[NaN]]}')])).toThrow("not JSON");
    expect(() => readTensors([file("w.json", "[[[1e999999]]]")])).toThrow("too long or too large");
  });
});

describe("ONNX", () => {
  const W1 = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
  const W2 = [1, -1, 2];
  const rowsOf = (layer: unknown) => (layer as { rows: Rational[][] }).rows.map(texts);
  const out = [
    [0.1, 0.2],
    [0.3, 0.4],
    [0.5, 0.6],
  ].map((row) => texts(row.map(exact)));

  it("Gemm, MatMul with transposed constants, activations and slopes", async () => {
    const model = onnx(
      [
        onnxNode("Flatten", ["x"], "a"),
        onnxNode("Gemm", ["a", "W1"], "b", { transB: 1 }),
        onnxNode("LeakyRelu", ["b"], "c", { alpha: { float: 0.125 } }),
        onnxNode("Transpose", ["W2"], "W2t", { perm: [1, 0] }),
        onnxNode("MatMul", ["c", "W2t"], "d"),
        onnxNode("Identity", ["d"], "y"),
      ],
      [onnxTensor("W1", [3, 2], W1), onnxTensor("W2", [1, 3], W2)],
    );
    const { layers, activations, input } = await importWeights([file("m.onnx", model)]);
    expect(rowsOf(layers[0])).toEqual(out);
    expect(rowsOf(layers[1])).toEqual([["1", "-1", "2"]]);
    expect(activations).toEqual([{ "leaky-relu": "1/8" }]);
    expect(input).toEqual([2]);
  });

  it("alpha, beta and constants of every kind of storage", async () => {
    const floats = Buffer.concat([float32s([1, 2])]);
    const { message } = await import("./import-files.js");
    const typed = message([1, 1], [1, 2], [2, 1], [4, floats], [8, "W"]);
    const halves = message([1, 2], [2, 10], [5, 0x3c00], [5, 0xc000]);
    const model = onnx(
      [
        onnxNode("Constant", [], "b", { value: { tensor: halves } }),
        onnxNode("Gemm", ["x", "W", "b"], "y", { alpha: { float: 0.5 }, beta: { float: 2 } }),
      ],
      [typed],
      [1, 1],
    );
    const { layers, bias, notes } = await importWeights([file("m.onnx", model)]);
    expect(rowsOf(layers[0])).toEqual([["1/2"], ["1"]]);
    expect(texts(bias!)).toEqual(["2", "-4"]);
    expect(notes.join(" ")).toContain("constant input 1");
  });

  it("convolutions with stride and padding", async () => {
    const model = onnx(
      [
        onnxNode("Conv", ["x", "f"], "a", { strides: [2], pads: [1, 0] }),
        onnxNode("Relu", ["a"], "b"),
        onnxNode("Flatten", ["b"], "c"),
        onnxNode("MatMul", ["c", "u"], "y"),
      ],
      [onnxTensor("f", [1, 1, 2], [3, 4]), onnxTensor("u", [2, 1], [5, 6])],
      [1, 1, 4],
    );
    const { layers, activations } = await importWeights([file("m.onnx", model)]);
    expect(layers[0]).toMatchObject({ kernel: [2], strides: [2], padding: [[1, 0]], filters: 1, channels: 1 });
    expect(activations).toEqual(["relu"]);
  });

  it.each([
    ["Sigmoid", [onnxNode("MatMul", ["x", "W"], "a"), onnxNode("Sigmoid", ["a"], "y")], "export the model without it"],
    ["BatchNormalization", [onnxNode("BatchNormalization", ["x"], "y")], "train without batch normalisation"],
    ["Frobnicate", [onnxNode("Frobnicate", ["x"], "y")], "is no layer of (P)"],
    ["Add", [onnxNode("MatMul", ["x", "W"], "a"), onnxNode("Add", ["a", "x"], "y")], "branches"],
    ["MatMul", [onnxNode("MatMul", ["W", "x"], "y")], "stands on the left"],
    ["", [onnxNode("MatMul", ["x", "W"], "a"), onnxNode("Relu", ["a"], "y")], "after its last layer"],
    ["", [onnxNode("Identity", ["x"], "y")], "no layer with weights"],
    ["", [onnxNode("MatMul", ["x", "W"], "a")], "before its output"],
    ["", [onnxNode("Identity", ["x"], "x")], "before its output|branches"],
  ])("%s is refused by name", async (name, nodes, message) => {
    const model = onnx(nodes, [onnxTensor("W", [2, 2], [1, 2, 3, 4])]);
    const error = await importWeights([file("m.onnx", model)]).catch((thrown) => thrown);
    expect(`${error.where} ${error.message}`).toMatch(new RegExp(message.replace(/[()]/g, "\\$&")));
    if (message !== "branches") expect(error.where).toContain(name);
  });
});

it("compressed and plain archives of one's own", () => {
  const arrays = { W: npy("<f8", [1, 2], float64s([1, 2])) };
  expect(contents(readTensors([file("a.npz", npz(arrays, true))]))).toEqual(
    contents(readTensors([file("a.npz", npz(arrays))])),
  );
});
