/** Files that lie or are broken: each ends in an InputError, soon, and in little memory. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { importData } from "../../src/identify/import/data.js";
import { importProblem } from "../../src/identify/import/problem.js";
import { entriesOf, type SourceFile } from "../../src/identify/import/tensor.js";
import { importWeights, readTensors } from "../../src/identify/import/weights.js";
import { InputError } from "../../src/network/decode.js";
import {
  file,
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
  zip,
} from "./import-files.js";

const BIG = 2 ** 40;

/** The InputError of an import, that must come within two seconds of processor time. */
async function refusal(source: SourceFile): Promise<string> {
  const start = process.cpuUsage();
  const error = await importWeights([source]).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(InputError);
  expect(process.cpuUsage(start).user).toBeLessThan(2e6);
  return `${error.where}: ${error.message}`;
}

const array = npy("<f8", [1, 2], float64s([1, 2]));

describe("archives", () => {
  it.each<[string, Uint8Array, string]>([
    [
      "a bomb that tells its size",
      zip([{ name: "W.npy", bytes: array, deflated: true, claimed: 300 * 2 ** 20 }]),
      "unpacks to more than",
    ],
    [
      "a bomb that hides its size",
      zip([{ name: "W.npy", bytes: new Uint8Array(4 * 2 ** 20), deflated: true, claimed: 100 }]),
      "damaged",
    ],
    ["a size that is too large", zip([{ name: "W.npy", bytes: array, deflated: true, claimed: 10_000 }]), "10000"],
    [
      "an entry twice",
      zip([
        { name: "W.npy", bytes: array },
        { name: "W.npy", bytes: array },
      ]),
      "twice",
    ],
    ["what is no array", zip([{ name: "W.txt", bytes: array }]), "no numpy array"],
    ["an empty archive", zip([]), "no tensors"],
  ])("%s", async (_, bytes, message) => {
    expect(await refusal(file("a.npz", bytes))).toContain(message);
  });

  it("a count of entries beyond the directory, and one beyond bounds", async () => {
    const bytes = Buffer.from(npz({ W: array }));
    bytes.writeUInt16LE(9, bytes.length - 12);
    expect(await refusal(file("a.npz", bytes))).toContain("damaged");
    bytes.writeUInt16LE(65_000, bytes.length - 12);
    expect(await refusal(file("a.npz", bytes))).toContain("at most");
  });

  it("a wrong checksum", async () => {
    const bytes = Buffer.from(npz({ W: array }));
    bytes.writeUInt8(0xff, bytes.indexOf("NUMPY") + 130);
    expect(await refusal(file("a.npz", bytes))).toMatch(/checksum|damaged/);
  });
});

describe("arrays", () => {
  it.each<[string, Uint8Array, string]>([
    ["a huge shape", npy("<f8", [2 ** 30, 2 ** 30], float64s([1])), "at most"],
    ["more entries than bytes", npy("<f8", [4, 4], float64s([1])), "needs 128 bytes, there are 8"],
    ["an endless number of axes", npy("<f8", new Array(40).fill(1), float64s([1])), "at most"],
    ["an unknown type", npy("<f3", [1, 1], float64s([1])), "float24 numbers are not read"],
    [
      "records",
      Buffer.from(
        Buffer.from(npy("<f8", [1, 1], float64s([1])))
          .toString("latin1")
          .replace("'<f8'", "[1,2]"),
        "latin1",
      ),
      "records",
    ],
  ])("%s", async (_, bytes, message) => {
    expect(await refusal(file("a.npy", bytes))).toContain(message);
  });

  it("safetensors whose header lies", async () => {
    const tensor = (shape: number[], bytes = float64s([1, 2])) => safetensors({ W: { dtype: "F64", shape, bytes } });
    expect(await refusal(file("a.safetensors", tensor([BIG, BIG])))).toContain("at most");
    expect(await refusal(file("a.safetensors", tensor([3, 1])))).toContain("needs 24 bytes");
    const long = Buffer.from(tensor([1, 2]));
    long.writeBigUInt64LE(10n ** 9n);
    expect(await refusal(file("a.safetensors", long))).toContain("truncated or damaged");
    const text = Buffer.from(long).toString("latin1").replace("[0,16]", "[8,99]");
    const shifted = Buffer.from(text, "latin1");
    shifted.writeBigUInt64LE(BigInt(shifted.lastIndexOf("}") - 7));
    expect(await refusal(file("a.safetensors", shifted))).toContain("lies at bytes 8 to 99");
  });
});

describe("pickles", () => {
  const torch = (value: Buffer) => file("m.pt", torchZip(value, { "0": float64s([1, 2]) }));

  it.each<[string, Buffer, string]>([
    [
      "deep nesting",
      Buffer.concat([
        Buffer.from("(".repeat(1)),
        Buffer.from(")"),
        Buffer.from("\x85".repeat(200_000), "latin1"),
        Buffer.from("t"),
      ]),
      "nested",
    ],
    ["a list that holds itself", Buffer.from("]q\x00h\x00a", "latin1"), "nested"],
    [
      "lists that double",
      Buffer.concat([
        Buffer.from("]q\x00", "latin1"),
        ...Array.from({ length: 40 }, () => Buffer.from("](h\x00h\x00eq\x00", "latin1")),
      ]),
      "nested",
    ],
    ["a storage that is not there", pickle.tensor({ key: "7", count: 2 }, [1, 2]), '"7" is not in the file'],
    ["a view beyond its storage", pickle.tensor({ key: "0", count: 2 }, [1, 3]), "there are 16"],
    ["an offset beyond its storage", pickle.tensor({ key: "0", count: 2 }, [1, 2], { offset: 1 }), "there are 16"],
    ["a negative stride", pickle.tensor({ key: "0", count: 2 }, [1, 2], { strides: [1, -1] }), "are no layout"],
    ["a negative size", pickle.tensor({ key: "0", count: 2 }, [1, -2]), "are no layout"],
    ["strides of another rank", pickle.tensor({ key: "0", count: 2 }, [1, 2], { strides: [1] }), "a tensor of shape"],
    [
      "one number, repeated without end",
      pickle.tensor({ key: "0", count: 2 }, [2 ** 30, 2 ** 30], { strides: [0, 0] }),
      "at most",
    ],
    ["a string that is longer than the file", Buffer.from("X\xff\xff\xff\x7f", "latin1"), "truncated or damaged"],
    ["an empty stack", Buffer.from("00R"), "truncated or damaged"],
    ["an unknown memory", Buffer.from("h\x05", "latin1"), "truncated or damaged"],
    ["an unknown opcode", Buffer.from("\xfe", "latin1"), "opcode 0xfe"],
    [
      "a tensor of no storage",
      pickle.call(pickle.global("torch._utils", "_rebuild_tensor_v2"), pickle.none),
      "not as torch writes it",
    ],
  ])("%s", async (_, value, message) => {
    expect(await refusal(torch(value))).toContain(message);
  });

  it("legacy storages that are broken off, and other pickles", async () => {
    const one = pickle.list(pickle.tensor({ key: "0", count: 2 }, [1, 2]));
    const huge = torchLegacy(one, { "0": { count: BIG, bytes: float64s([1, 2]) } });
    expect(await refusal(file("m.pt", huge))).toContain("truncated");
    expect(await refusal(file("m.pt", pickle.whole(pickle.none)))).toContain("not one that torch.save wrote");
    expect(await refusal(file("m.pkl", pickle.whole(pickle.global("os", "system"))))).toContain("os.system");
  });
});

describe("graphs and text", () => {
  it("an ONNX tensor that lies about its shape or lies elsewhere", async () => {
    const model = (tensor: Uint8Array) => file("m.onnx", onnx([onnxNode("MatMul", ["x", "W"], "y")], [tensor]));
    expect(await refusal(model(onnxTensor("W", [2, BIG], [1])))).toContain("at most");
    expect(await refusal(model(onnxTensor("W", [2, 2], [1])))).toContain("needs 32 bytes");
    expect(await refusal(model(onnxTensor("W", [2, -2], [1])))).toContain("no layout");
    const { message } = await import("./import-files.js");
    expect(await refusal(model(message([1, 2], [2, 1], [8, "W"], [14, 1])))).toContain("lies in another file");
  });

  it("constants in a circle, and convolutions of any size", async () => {
    const circle = [
      onnxNode("Identity", ["b"], "a"),
      onnxNode("Identity", ["a"], "b"),
      onnxNode("MatMul", ["x", "a"], "y"),
    ];
    expect(await refusal(file("m.onnx", onnx(circle, [])))).toContain("MatMul");
    const conv = onnx(
      [
        onnxNode("Conv", ["x", "f"], "a", { pads: [BIG, BIG] }),
        onnxNode("Flatten", ["a"], "b"),
        onnxNode("MatMul", ["b", "u"], "y"),
      ],
      [onnxTensor("f", [1, 1, 1], [1]), onnxTensor("u", [1, 1], [1])],
      [1, 1, 4],
    );
    const weights = await importWeights([file("m.onnx", conv)]);
    const data = await importData([json("d.json", [{ x: [1, 2, 3, 4], y: 1 }])]);
    expect(() => importProblem(weights, data)).toThrow(InputError);
  });

  it("JSON that is deep, doubled or of no kind", async () => {
    expect(await refusal(file("w.json", "[".repeat(100_000)))).toContain("nested more than");
    expect(await refusal(file("w.json", '{"W": [[1]], "W": [[2]]}'))).toContain("twice");
    expect(await refusal(file("w.json", '{"W": "text"}'))).toContain("expected an object");
    expect(await refusal(file("w.txt", "what"))).toContain("is none of");
    expect(await refusal(file("w.npz", ""))).toContain("is empty");
  });
});

it("whatever is cut off or changed in a file, an import gives a network or an InputError", async () => {
  const fixture = (name: string) => new Uint8Array(readFileSync(new URL(`fixtures/${name}`, import.meta.url)));
  const state = pickle.ordered({
    "0.weight": pickle.tensor({ key: "0", count: 2 }, [1, 2]),
    "2.weight": pickle.tensor({ key: "0", count: 2 }, [1, 1]),
  });
  const files: SourceFile[] = [
    file("a.npz", fixture("sequential.npz")),
    file("a.npz", fixture("compressed.npz")),
    file("a.npy", fixture("W1.npy")),
    file("m.pt", torchZip(state, { "0": float64s([1, 2]) })),
    file("m.pt", torchLegacy(state, { "0": { count: 2, bytes: float64s([1, 2]) } })),
    file("m.safetensors", safetensors({ W: { dtype: "F64", shape: [1, 2], bytes: float64s([1, 2]) } })),
    file(
      "m.onnx",
      onnx(
        [
          onnxNode("Gemm", ["x", "W"], "a", { transB: 1 }),
          onnxNode("Relu", ["a"], "b"),
          onnxNode("MatMul", ["b", "V"], "y"),
        ],
        [onnxTensor("W", [2, 2], [1, 2, 3, 4]), onnxTensor("V", [2, 1], [1, 2])],
      ),
    ),
    json("w.json", { W1: [[1.5, 2]], W2: [[3]] }),
    file("d.csv", "a,b,y\n1,2,1\n3,4,-1\n"),
  ];
  const damage = fc.record({
    source: fc.constantFrom(...files),
    cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    changes: fc.array(fc.tuple(fc.double({ min: 0, max: 0.9999, noNaN: true }), fc.integer({ min: 0, max: 255 })), {
      maxLength: 4,
    }),
  });
  await fc.assert(
    fc.asyncProperty(damage, async ({ source, cut, changes }) => {
      const bytes = source.bytes.slice(0, cut === null ? undefined : Math.floor(cut * source.bytes.length));
      for (const [place, byte] of changes) if (bytes.length > 0) bytes[Math.floor(place * bytes.length)] = byte;
      const damaged = file(source.name, bytes);
      for (const read of [() => importWeights([damaged]), () => importData([damaged])]) {
        await read().catch((error) => {
          if (!(error instanceof InputError)) throw error;
        });
      }
    }),
    { numRuns: 3000 },
  );
});

it("entries are bounded when they are asked for", () => {
  const [tensor] = readTensors([
    file(
      "m.pt",
      torchZip(pickle.tensor({ key: "0", count: 1 }, [2000, 2000], { strides: [0, 0] }), { "0": float64s([1]) }),
    ),
  ]);
  expect(() => entriesOf(tensor!)).toThrow("at most a million");
});
