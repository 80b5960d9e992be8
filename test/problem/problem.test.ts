import { describe, expect, test } from "vitest";
import { formatRational } from "../../src/exact/rational.js";
import type { InputError } from "../../src/network/decode.js";
import { parseProblem } from "../../src/problem/problem.js";
import { fault, fileText, parsed, VALID } from "./files.js";

test("a problem file is read into one plain value", () => {
  const { problem, flow } = parsed({ flow: { loss: "logistic", start: [0, "1/2", "sqrt(2)", 0, 0, "-1"] } });
  const texts = (v: readonly unknown[]) => v.map((c) => formatRational(problem.field.coordinates(c)[0]!));
  expect(problem.name).toBe("two samples");
  expect(problem.field.description).toBeNull(); // the flow's numbers are floating point and stay outside the field
  expect(problem.data.map(({ x, y }) => [texts(x), y])).toEqual([
    [["1", "1/4"], 1],
    [["-1", "1/4"], -1],
  ]);
  expect(texts(problem.point!)).toEqual(["0", "2", "0", "0", "2", "0"]);
  expect(flow).toEqual({ loss: "logistic", start: [0, 0.5, Math.SQRT2, 0, 0, -1] });
});

test("point and flow may be absent, and so may the parts of flow", () => {
  expect(parsed({ point: undefined }).problem.point).toBeNull();
  expect(parsed({}).flow).toBeNull();
  expect(parsed({ flow: {} }).flow).toEqual({ loss: "exponential", start: null });
});

const BY_NAME = { "W2[1,1]": 2, "W2[1,2]": "0", "W1[1,2]": "2", "W1[1,1]": 0, "W1[2,1]": 0, "W1[2,2]": "0" };

test("a point by name is the point by position", () => {
  expect(parsed({ point: BY_NAME }).problem.point).toEqual(parsed({}).problem.point);
});

describe("a point layer by layer is the point by position", () => {
  const { point } = parsed({}).problem;
  test.each([
    [
      "in rows",
      [
        [
          ["0", "2"],
          [0, "0"],
        ],
        [["2", "0"]],
      ],
    ],
    [
      "in layers",
      [
        ["0", "2", 0, "0"],
        ["2", "0"],
      ],
    ],
    [
      "in layers and rows",
      [
        [
          ["0", "2"],
          [0, "0"],
        ],
        ["2", "0"],
      ],
    ],
  ])("%s", (_, nested) => expect(parsed({ point: nested }).problem.point).toEqual(point));

  test("of shared weights: each once", () => {
    const network = { kind: "convolutional", input: 4, filter: 2, stride: 2, activation: "relu" };
    const data = [{ x: [1, 1, 1, 1], y: 1 }];
    const nested = parsed({ network, data, point: [[1, 2], [[3, 4]]] }).problem.point;
    expect(nested).toEqual(parsed({ network, data, point: [1, 2, 3, 4] }).problem.point);
  });

  test("of a weight in two layers: where it stands first; of frozen weights: nowhere", () => {
    const layers = [
      [
        ["u", "c"],
        ["d", "w"],
      ],
      [["u", "v"]],
    ];
    const network = { kind: "layers", activation: "relu", layers, frozen: { c: 5, d: 6 } };
    const data = [{ x: [1, 1], y: 1 }];
    const { problem } = parsed({ network, data, point: [[[1], [2]], [[3]]] });
    expect(problem.network.parameters.map(({ name }) => name)).toEqual(["u", "w", "v"]);
    expect(problem.point).toEqual(parsed({ network, data, point: { v: 3, w: 2, u: 1 } }).problem.point);
  });
});

test("classes count from 1 in the file, from 0 within", () => {
  const network = { kind: "fully-connected", widths: [1, 2, 3], activation: "relu" };
  const data = [1, 2, 3].map((y) => ({ x: [1], y }));
  expect(parsed({ network, data, point: undefined }).problem.data.map(({ y }) => y)).toEqual([0, 1, 2]);
});

test("frozen values, inputs and the point share one field", () => {
  const network = { ...VALID.network, frozen: { "W2[1,2]": "sqrt(2)" } };
  const { problem } = parsed({ network, point: ["0", "sqrt(3)", 0, "0", "2"] });
  expect(problem.field.degree).toBe(4);
  expect([...problem.frozen, problem.point![1]].map(problem.field.toNumber)).toEqual([Math.SQRT2, Math.sqrt(3)]);
});

test("title and claim are kept, a comment is not, and none of them need be there", () => {
  const { problem } = parsed({ title: "Two samples", claim: "optimal, for ε > 0", comment: "a note\nof two lines" });
  expect([problem.title, problem.claim]).toEqual(["Two samples", "optimal, for ε > 0"]);
  expect(Object.keys(problem)).not.toContain("comment");
  expect([parsed({}).problem.title, parsed({}).problem.claim]).toEqual([null, null]);
});

test("the flow's loss fits the outputs", () => {
  const network = { kind: "fully-connected", widths: [2, 2], activation: "relu" };
  const data = [{ x: [1, 1], y: 2 }];
  const lossOf = (loss: string) => parsed({ network, data, point: undefined, flow: { loss } }).flow?.loss;
  expect([lossOf("exponential"), lossOf("cross-entropy")]).toEqual(["exponential", "cross-entropy"]);
  expect(() => lossOf("logistic")).toThrow('expected "exponential" or "cross-entropy", found "logistic"');
});

describe("a faulty file is refused, with the place and one line", () => {
  const network = (parts: object) => fileText({ network: { ...VALID.network, ...parts } });
  const only = (source: object, parts: object = {}) => fileText({ network: source, ...parts });
  const classes = (y: unknown) =>
    only(
      { kind: "fully-connected", widths: [2, 3], activation: "relu" },
      { data: [{ x: [1, 1], y }], point: undefined },
    );
  const layers = (...matrices: unknown[]) => only({ kind: "layers", activation: "relu", layers: matrices });
  const sample = (...data: unknown[]) => fileText({ data });
  const point = (value: unknown) => fileText({ point: value });

  test.each<[string, string, RegExp]>([
    ["not JSON", "{not json}", /^: not JSON: /],
    ["an empty file", "", /^: not JSON: line 1, column 1: a value is missing$/],
    ["a string without end", `"${'\\"'.repeat(200_000)}`, /^: not JSON: /],
    ["a long string", `"${"a".repeat(5_000_000)}"`, /^: expected an object, found "aaa/],
    ["a malformed number", '{"name": 1.}', /^: not JSON: /],
    ["deep lists", "[".repeat(100_000), /^: JSON nested more than 64 deep$/],
    ["deep objects", '{"a":'.repeat(100_000), /^: JSON nested more than 64 deep$/],
    ["a list", "[]", /^: expected an object, found a list of 0$/],
    [
      "a key twice",
      '{"name": "a", "n\\u0061me": "b"}',
      /^: the key "name" stands twice in one object, again in line 1$/,
    ],
    [
      "__proto__",
      fileText({}).replace("{", '{"__proto__": {},'),
      /^__proto__: unknown key; the keys here are format, name,/,
    ],
    [
      "__proto__ deeper",
      network({}).replace('"widths"', '"__proto__": 1, "widths"'),
      /^network\.__proto__: unknown key/,
    ],
    ["constructor as a key", fileText({ constructor: 1 }), /^constructor: unknown key/],
    [
      "an unknown key",
      fileText({ points: [] }),
      /^points: unknown key; .* format, name, network, data, title, claim, comment, family, point, flow; did you mean "point"\?$/,
    ],
    ["a hostile key", fileText({ ["a\n".repeat(9999)]: 1 }), /^"a\\na\\n.*\.\.\.": unknown key/],
    [
      "another format",
      fileText({ format: "margincert/problem/2" }),
      /^format: expected "margincert\/problem\/1", found/,
    ],
    ["no name", fileText({ name: undefined }), /^name: missing$/],
    ["a path for a name", fileText({ name: "../x" }), /^name: a name has 1 to 100 letters/],
    ["a number for a name", fileText({ name: 1 }), /^name: expected a string, found 1$/],
    [
      "a float for a name",
      fileText({}).replace('"two samples"', "1.5"),
      /^name: expected a string, found the number 1\.5$/,
    ],

    ["no network kind", network({ kind: undefined }), /^network\.kind: expected one of .*, found nothing$/],
    [
      "an unknown kind",
      network({ kind: "toString" }),
      /^network\.kind: expected one of fully-connected, diagonal, conv/,
    ],
    ["a network in a list", only([]), /^network: expected an object, found a list of 0$/],
    [
      "a key of another kind",
      network({ depth: 2 }),
      /^network\.depth: unknown key; the keys here are kind, widths, activation$/,
    ],
    ["one width", network({ widths: [1] }), /^network\.widths: expected 2 to 65 entries, found 1$/],
    [
      "width 0",
      network({ widths: [2, 0, 1] }),
      /^network\.widths\[1\]: expected an integer from 1 to 100000, found 0$/,
    ],
    [
      "a float width",
      network({ widths: [2, 1.5, 1] }),
      /^network\.widths\[1\]: expected an integer .* found the number 1\.5$/,
    ],
    ["a string width", network({ widths: [2, "2", 1] }), /^network\.widths\[1\]: expected an integer .* found "2"$/],
    [
      "a label where there are classes",
      network({ widths: [2, 2] }),
      /^data\[1\]\.y: expected an integer from 1 to 2, found -1$/,
    ],
    [
      "huge widths",
      network({ widths: [100_000, 100_000, 1] }),
      /^network\.widths: 10000100000 connections; at most 1000000/,
    ],
    [
      "many large layers",
      network({ widths: [...new Array<number>(63).fill(1000), 1] }),
      /^network\.widths: 62001000 conn/,
    ],
    ["a huger width", network({ widths: [2, 1e15, 1] }), /^network\.widths\[1\]: expected an integer from 1 to 100000/],
    [
      "an unknown activation",
      network({ activation: "gelu" }),
      /^network\.activation: expected "linear", "relu" or \{"leaky-relu": "1\/10"\}, found "gelu"$/,
    ],
    [
      "slope 1",
      network({ activation: { "leaky-relu": "1" } }),
      /^network\.activation\.leaky-relu: the slope is a rational/,
    ],
    ["slope 0", network({ activation: { "leaky-relu": "0.0" } }), /^network\.activation\.leaky-relu: .* found "0\.0"$/],
    [
      "an irrational slope",
      network({ activation: { "leaky-relu": "sqrt(2)/2" } }),
      /^network\.activation\.leaky-relu: /,
    ],
    ["a long slope", network({ activation: { "leaky-relu": `1/${"3".repeat(300)}` } }), /of at most 100 digits, found/],
    [
      "a slope as a float",
      network({ activation: { "leaky-relu": 0.1 } }),
      /^network\.activation\.leaky-relu: expected a string/,
    ],
    [
      "diagonal of depth 0",
      only({ kind: "diagonal", width: 2, depth: 0, activation: "relu" }),
      /^network\.depth: expected/,
    ],
    [
      "a large diagonal",
      only({ kind: "diagonal", width: 100_000, depth: 64, activation: "relu" }),
      /^network: 6400000 conn/,
    ],
    [
      "a filter longer than the input",
      only({ kind: "convolutional", input: 2, filter: 3, stride: 1, activation: "relu" }),
      /^network\.filter: the filter \(3\) is longer than the input \(2\)$/,
    ],
    [
      "a large convolution",
      only({ kind: "convolutional", input: 100_000, filter: 50_000, stride: 1, activation: "relu" }),
      /^network: 2500050000 connections/,
    ],
    [
      "ragged rows",
      layers([["a", "b"], ["c"]], [["d", "e"]]),
      /^network\.layers\[0\]\[1\]: the first row has 2 entries, this row 1/,
    ],
    [
      "widths that do not meet",
      layers([["a"]], [["b", "c"]]),
      /^network\.layers\[1\]\[0\]: the layer below has 1 units, this row 2/,
    ],
    ["no layers", layers(), /^network\.layers: expected 1 to 64 entries, found 0$/],
    ["an empty row", layers([[]]), /^network\.layers\[0\]\[0\]: expected 1 to 100000 entries, found 0$/],
    ["a number for an entry", layers([["a", 1]]), /^network\.layers\[0\]\[0\]\[1\]: expected a string, found 1$/],
    ["a bad name", layers([["a b"]]), /^network\.layers\[0\]\[0\]\[0\]: an entry is 0 or a weight's name such as "w"/],
    ["no parameters", layers([[0]]), /^network: the network has no parameters$/],

    [
      "frozen weights in a list",
      network({ frozen: ["W1[1,1]"] }),
      /^network\.frozen: expected an object, found a list of 1$/,
    ],
    [
      "a frozen weight that is not there",
      network({ frozen: { w: 1 } }),
      /^network\.frozen: the network has no weight "w"$/,
    ],
    [
      "a frozen value that is no number",
      network({ frozen: { "W1[1,1]": "?" } }),
      /^network\.frozen\."W1\[1,1\]": "\?" is not a number/,
    ],
    [
      "a frozen float",
      network({ frozen: { "W1[1,1]": 0.5 } }),
      /^network\.frozen\."W1\[1,1\]": the JSON number 0\.5 would be a float: write it as a string/,
    ],
    [
      "all weights frozen",
      only({ kind: "fully-connected", widths: [1, 1], activation: "relu", frozen: { "W1[1,1]": 1 } }),
      /^network: the network has no parameters$/,
    ],
    [
      "a frozen weight in the point",
      network({ frozen: { "W1[1,1]": 0 } }),
      /^point: expected 5 entries, found 6; the parameters are W1\[1,2\], /,
    ],
    [
      "a frozen weight in the point by name",
      fileText({ network: { ...VALID.network, frozen: { "W1[1,1]": 0 } }, point: BY_NAME }),
      /^point: "W1\[1,1\]" is frozen, and no parameter of the point$/,
    ],
    [
      "two activations for one hidden layer",
      network({ activation: ["relu", "relu"] }),
      /^network\.activation: 2 activations for 1 hidden layers; give one per hidden layer$/,
    ],
    [
      "an unknown activation in a list",
      network({ activation: ["gelu"] }),
      /^network\.activation\[0\]: expected "linear", "relu" or \{"leaky-relu": "1\/10"\}, found "gelu"$/,
    ],
    [
      "slope 1 in a list",
      network({ activation: [{ "leaky-relu": "1" }] }),
      /^network\.activation.*: the slope is a rational between 0 and 1/,
    ],

    ["class 0", classes(0), /^data\[0\]\.y: expected an integer from 1 to 3, found 0$/],
    ["a class after the last", classes(4), /^data\[0\]\.y: expected an integer from 1 to 3, found 4$/],
    ["a class as text", classes("1"), /^data\[0\]\.y: expected an integer from 1 to 3, found "1"$/],
    ["no class", classes(undefined), /^data\[0\]\.y: missing$/],

    ["a title of two lines", fileText({ title: "a\nb" }), /^title: expected one line of at most 1000 characters$/],
    ["a title as a number", fileText({ title: 1 }), /^title: expected a string, found 1$/],
    ["a long title", fileText({ title: "x".repeat(1001) }), /^title: expected one line of at most 1000/],
    ["a claim in a list", fileText({ claim: ["a"] }), /^claim: expected a string, found a list of 1$/],
    ["a claim that turns the line round", fileText({ claim: "a\u202eb" }), /^claim: expected one line/],
    ["a comment that is no text", fileText({ comment: {} }), /^comment: expected a string, found an object$/],

    [
      "a layer too few",
      point([
        [
          [0, 2],
          [0, 0],
        ],
      ]),
      /^point: expected 2 entries, found 1$/,
    ],
    [
      "a layer too many",
      point([
        [
          [0, 2],
          [0, 0],
        ],
        [[2, 0]],
        [],
      ]),
      /^point: expected 2 entries, found 3$/,
    ],
    ["a row too few", point([[[0, 2]], [[2, 0]]]), /^point\[0\]: expected 2 entries, found 1$/],
    ["a short row", point([[[0, 2], [0]], [[2, 0]]]), /^point\[0\]\[1\]: expected 2 entries, found 1$/],
    ["a number for a row", point([[[0, 2], 1], [[2, 0]]]), /^point\[0\]\[1\]: expected a list, found 1$/],
    ["a number for a layer", point([[0, 2, 0, 0], 2]), /^point\[1\]: expected a list, found 2$/],
    [
      "a short layer",
      point([
        [0, 2, 0],
        [2, 0],
      ]),
      /^point\[0\]: expected 4 entries, found 3$/,
    ],
    [
      "a bad number in a row",
      point([
        [
          [0, 2],
          [0, "?"],
        ],
        [[2, 0]],
      ]),
      /^point\[0\]\[1\]\[1\]: "\?" is not a number/,
    ],
    [
      "rows of a layer that shares weights",
      only(
        { kind: "convolutional", input: 2, filter: 1, stride: 1, activation: "relu" },
        { data: [VALID.data[0]], point: [[[1], [1]], [[1, 2]]] },
      ),
      /^point\[0\]: this layer shares weights: list its parameters once, in order$/,
    ],

    ["no data", fileText({ data: [] }), /^data: expected at least 1 entry, found 0$/],
    ["too few inputs", sample({ x: [1], y: 1 }), /^data\[0\]\.x: expected 2 entries, found 1$/],
    ["too many inputs", sample(VALID.data[0], { x: [1, 2, 3], y: 1 }), /^data\[1\]\.x: expected 2 entries, found 3$/],
    ["label 0", sample({ x: [1, 1], y: 0 }), /^data\[0\]\.y: expected 1 or -1, found 0$/],
    ["a label as text", sample({ x: [1, 1], y: "1" }), /^data\[0\]\.y: expected 1 or -1, found "1"$/],
    ["no label", sample({ x: [1, 1] }), /^data\[0\]\.y: missing$/],
    ["a key in a sample", sample({ x: [1, 1], y: 1, z: 1 }), /^data\[0\]\.z: unknown key; the keys here are x, y$/],

    ["a short point", point([0, 0]), /^point: expected 6 entries, found 2; the parameters are W1\[1,1\], /],
    ["a point in words", point("0"), /^point: expected a list, found "0"$/],
    ["a float in a point", point([0, 0, 0, 0, 0, 0.5]), /^point\[5\]: the JSON number 0\.5 would be a float/],
    ["a parameter too few", point({ ...BY_NAME, "W1[2,2]": undefined }), /^point: the parameter W1\[2,2\] is missing$/],
    ["a parameter too many", point({ ...BY_NAME, w: 1 }), /^point: the network has no parameter "w"$/],
    [
      "a bad number by name",
      point({ ...BY_NAME, "W1[2,2]": "?" }),
      /^point\.("W1\[2,2\]"|W1\[2,2\]): "\?" is not a number/,
    ],
    [
      "__proto__ in a point",
      point([]).replace('"point":[]', '"point":{"__proto__":1}'),
      /^point: .* no parameter "__proto__"$/,
    ],
    [
      "cross-entropy without classes",
      fileText({ flow: { loss: "cross-entropy" } }),
      /^flow\.loss: expected "exponential" or "logistic", found "cross-entropy"$/,
    ],
    [
      "an unknown loss",
      fileText({ flow: { loss: "hinge" } }),
      /^flow\.loss: expected "exponential" or "logistic", found "hinge"$/,
    ],
    [
      "a short start",
      fileText({ flow: { start: [1] } }),
      /^flow\.start: expected 6 entries, found 1; the parameters are /,
    ],
    [
      "a start beyond floats",
      fileText({ flow: { start: ["10^400", 0, 0, 0, 0, 0] } }),
      /^flow\.start\[0\]: too large for a float/,
    ],
  ])("%s", (_, source, expected) => {
    const message = fault(source);
    expect(message).toMatch(expected);
    expect(message).not.toMatch(/[\r\n]/);
    expect(message.length).toBeLessThan(300);
  });
});

describe("what somebody may have meant is said", () => {
  test.each<[string, object, string]>([
    ["a key", { naem: "x" }, 'naem: unknown key; the keys here are .*; did you mean "name"\\?$'],
    ["a kind", { network: { ...VALID.network, kind: "Fully Connected" } }, 'did you mean "fully-connected"\\?$'],
    [
      "a kind by its first letters",
      { network: { ...VALID.network, kind: "Conv" } },
      'did you mean "convolutional"\\?$',
    ],
    ["an activation", { network: { ...VALID.network, activation: "ReLU" } }, 'found "ReLU"; did you mean "relu"\\?$'],
    ["a slope", { network: { ...VALID.network, activation: "leaky_relu" } }, 'has a slope: {"leaky-relu": "1/10"}'],
    [
      "a parameter",
      { point: { ...BY_NAME, "w1[1,1]": 0 } },
      'no parameter "w1\\[1,1\\]"; did you mean "W1\\[1,1\\]"\\?$',
    ],
    ["no parameter of another number", { point: { ...BY_NAME, "W1[1,3]": 0 } }, 'no parameter "W1\\[1,3\\]"$'],
    ["nothing that is far", { zzz: 0 }, "zzz: unknown key; .*, flow$"],
  ])("%s", (_, parts, expected) => expect(fault(fileText(parts))).toMatch(new RegExp(expected)));
});

describe("all faults of a file are found", () => {
  const faults = (parts: object) => {
    try {
      parseProblem(fileText(parts));
    } catch (error) {
      const { where, others } = error as InputError;
      return [where, ...others.map((one) => one.where)];
    }
    return [];
  };
  const data = [{ x: ["1", "x"], y: 2 }, { x: [1] }];

  test("with the network, and without it", () => {
    expect(faults({ data, point: [0, 2, "a", 0, 2, 0.5], nmae: 1 })).toEqual([
      "nmae",
      "data[0].x[1]",
      "data[0].y",
      "data[1].x",
      "data[1].y",
      "point[2]",
      "point[5]",
    ]);
    const network = { ...VALID.network, kind: "dense" };
    expect(faults({ name: "?", network, data })).toEqual(["name", "network.kind", "data[0].x[1]", "data[1].y"]);
  });

  test("of rows, of names and of frozen weights", () => {
    const layers = [[["a", "b"], ["a"]], [["c"]]];
    const network = { kind: "layers", activation: "relu", layers, frozen: { d: "?" } };
    expect(faults({ network })).toEqual(["network.frozen.d", "network.layers[0][1]", "network.layers[1][0]"]);
    expect(faults({ point: { "W1[1,1]": "?" } })).toEqual(['point."W1[1,1]"', ...Array(5).fill("point")]);
    expect(faults({ point: [[[0, "?"], [0]], [["?", 0]]] })).toEqual([
      "point[0][0][1]",
      "point[0][1]",
      "point[1][0][0]",
    ]);
  });

  test("and no more than twenty are told", () => {
    expect(faults({ data: Array.from({ length: 1000 }, () => ({})) })).toHaveLength(20);
  });
});

test("parsing leaves no trace on prototypes", () => {
  expect(() => parseProblem('{"__proto__": {"polluted": 1}}')).toThrow();
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});
