/** `margincert init KIND`: a problem file to start from, one for each kind of network and for what kinds have in common. */
import type { Command } from "commander";
import { InputError } from "../network/decode.js";
import { suggestion } from "../network/suggestion.js";
import { badInput, say } from "./common.js";

const FORMAT = "margincert/problem/1";

/** A file by its kind; the comment says in which order its parameters come. */
export const TEMPLATES: Readonly<Record<string, object>> = {
  "fully-connected": {
    format: FORMAT,
    name: "my-fully-connected",
    comment:
      'widths: inputs, hidden units of each layer, outputs. Parameters row by row, layer by layer: W1[1,1], W1[1,2] are the weights of the first hidden unit, then W1[2,1], W1[2,2]; last W2[1,1], W2[1,2] into the output. activation: linear, relu, or {"leaky-relu": "1/10"}.',
    network: { kind: "fully-connected", widths: [2, 2, 1], activation: "relu" },
    data: [
      { x: ["1", "1/4"], y: 1 },
      { x: ["-1", "1/4"], y: 1 },
    ],
    point: ["0", "2", "0", "0", "2", "0"],
    flow: { loss: "exponential", start: ["0", "3", "1", "-2", "3", "-1"] },
  },
  diagonal: {
    format: FORMAT,
    name: "my-diagonal",
    comment:
      "width branches of depth layers each; branch j multiplies input j by w1[j], w2[j], and so on. Parameters layer by layer: w1[1], w1[2], then w2[1], w2[2]. Numbers are exact: 3/4, 0.25, sqrt(2)/2, root(2,3).",
    network: { kind: "diagonal", width: 2, depth: 2, activation: "linear" },
    data: [{ x: ["1", "2"], y: 1 }],
    point: ["0", "sqrt(2)/2", "0", "sqrt(2)/2"],
  },
  convolutional: {
    format: FORMAT,
    name: "my-convolutional",
    comment:
      "One filter f[1], f[2] over the patches of the input, stride apart, then a weight for each patch: u[1], u[2]. Parameters in this order.",
    network: { kind: "convolutional", input: 4, filter: 2, stride: 2, activation: "relu" },
    data: [{ x: ["1", "1", "1", "1"], y: 1 }],
    point: ["1/2", "1/2", "1/2", "1/2"],
  },
  layers: {
    format: FORMAT,
    name: "my-layers",
    comment:
      "A matrix for each layer; an entry is 0 or the name of a weight, and a name that stands in several places is one shared weight. Parameters in the order in which they first appear: a, b, c.",
    network: {
      kind: "layers",
      activation: "relu",
      layers: [
        [
          ["a", 0],
          ["b", "a"],
        ],
        [["c", "c"]],
      ],
    },
    data: [{ x: ["1", "0"], y: 1 }],
    point: { a: "sqrt(2)/2", b: "0", c: "sqrt(2)" },
  },
  classes: {
    format: FORMAT,
    name: "my-classes",
    comment:
      "Several outputs, here three: y is a class from 1 to 3, and the margins are the class's output less each other one. The point may be nested as the layers are.",
    network: { kind: "fully-connected", widths: [2, 3], activation: "linear" },
    data: [
      { x: ["1", "0"], y: 1 },
      { x: ["0", "1"], y: 2 },
    ],
    point: [
      [
        ["2/3", "-1/3"],
        ["-1/3", "2/3"],
        ["-1/3", "-1/3"],
      ],
    ],
  },
  frozen: {
    format: FORMAT,
    name: "my-frozen",
    comment:
      "frozen gives weights that are constants, neither trained nor counted in the norm; the point leaves them out. Here the output weights W2 are fixed.",
    network: {
      kind: "fully-connected",
      widths: [2, 2, 1],
      activation: { "leaky-relu": "1/10" },
      frozen: { "W2[1,1]": "1", "W2[1,2]": "-1" },
    },
    data: [
      { x: ["1", "0"], y: 1 },
      { x: ["0", "1"], y: -1 },
    ],
    point: { "W1[1,1]": "100/101", "W1[1,2]": "-10/101", "W1[2,1]": "-10/101", "W1[2,2]": "100/101" },
  },
};

export function register(command: Command): void {
  command.option("--list", "print the kinds").action((kind: string | undefined, { list }: { list?: true }) => {
    const kinds = Object.keys(TEMPLATES);
    if (list) say(`${kinds.join("\n")}\n`);
    else if (kind === undefined || !kinds.includes(kind)) {
      const found = kind === undefined ? "no kind is given" : `there is no kind ${JSON.stringify(kind)}`;
      const near = suggestion(kind, kinds);
      process.exitCode = badInput("init", new InputError("", `${found}; the kinds are ${kinds.join(", ")}${near}`));
    } else say(`${JSON.stringify(TEMPLATES[kind], null, 2)}\n`);
  });
}
