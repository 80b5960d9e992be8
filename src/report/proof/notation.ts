/** How a network, its neurons and its parameters are named in a proof, and its formulas. */
import type { Instance, Scope } from "../../certificate/format.js";
import type { Field } from "../../exact/field.js";
import { type Network, parametersOf } from "../../problem/network.js";
import { numberLatex, printedWidth, sumLatex } from "./typeset.js";

/** A parameter: w_{j,k} and v_j in depth 2, w_{l,j} on a branch, f_k and u_k in a convolution; otherwise by its own name. */
export function parameterLatex({ source, layers, parameters }: Network, parameter: number): string {
  const { name, layer } = parameters[parameter]!;
  const index = /\[([\d,]+)\]$/.exec(name)?.[1];
  const isLast = layer === layers.length - 1;
  switch (source.kind) {
    case "fully-connected":
      if (isLast) return `v_{${index!.replace(/^1,/, "")}}`;
      return `w_{${index}}${layers.length > 2 ? `^{(${layer + 1})}` : ""}`;
    case "diagonal":
      return `w_{${layer + 1},${index}}`;
    case "convolutional":
      return `${isLast ? "u" : "f"}_{${index}}`;
    case "layers": {
      const match = /^([A-Za-z])(\d*)$/.exec(index === undefined ? name : name.slice(0, -index.length - 2));
      if (match === null) return `\\mathit{${name.replaceAll("_", "\\_")}}`;
      const [, letter, number] = match;
      const subscript = [number!, index ?? ""].filter((part) => part !== "").join(";");
      return subscript === "" ? letter! : `${letter}_{${subscript}}`;
    }
  }
}

/** The parameters of a scope in order, as a tuple. */
export function parameterTuple(network: Network, scope: Scope): string {
  const names = parametersOf(network, scope).map((k) => parameterLatex(network, k));
  const shown = names.length > 12 ? [...names.slice(0, 4), "\\dots", names.at(-1)!] : names;
  return `(${shown.join(", ")})`;
}

/** A hidden unit in words, with a capital letter on demand. */
export function unitName({ source, layers }: Network, layer: number, unit: number): string {
  if (source.kind === "convolutional") return `patch ${unit + 1}`;
  return layers.length === 2 ? `neuron ${unit + 1}` : `neuron ${unit + 1} of layer ${layer + 1}`;
}

/** The symbol of a pre-activation at a sample. */
export function preactivationLatex({ layers }: Network, sample: number, layer: number, unit: number): string {
  const index = layers.length === 2 ? `${unit + 1}` : `${layer + 1},${unit + 1}`;
  return `z_{${index}}(x_{${sample + 1}})`;
}

/** The problem of a scope: (P), or (P_l). */
export function problemLatex(scope: Scope): string {
  return scope === null ? "(\\mathrm{P})" : `(\\mathrm{P}_{${scope + 1}})`;
}

/** The parameters that a scope moves: θ, or θ_l. */
export function pointLatex(scope: Scope): string {
  return scope === null ? "\\theta" : `\\theta_{${scope + 1}}`;
}

/** Whether the network is linear in each layer's weights, having no activation or no hidden layer. */
export function isSmooth({ activation, layers }: Network): boolean {
  return activation.kind === "linear" || layers.length === 1;
}

/** The network in words, without an article. */
export function networkText({ source, activation, layers }: Network): string {
  const kind = {
    "fully-connected": "fully connected",
    diagonal: "diagonal",
    convolutional: "convolutional",
    layers: "",
  }[source.kind];
  const sigma = { linear: "linear", relu: "ReLU", "leaky-relu": "leaky ReLU" }[activation.kind];
  return `${kind === "" ? "" : `${kind} `}${sigma} network of depth ${layers.length}`;
}

/** σ(z), as it is written in formulas; the identity leaves its argument. */
function activated({ activation }: Network, z: string): string {
  if (activation.kind === "linear") return z;
  return activation.kind === "relu" ? `[${z}]_{+}` : `\\sigma\\!\\left(${z}\\right)`;
}

/** Φ by its definition. */
export function networkFormula(network: Network): string {
  const { source, layers } = network;
  const depth = layers.length;
  switch (source.kind) {
    case "fully-connected":
      if (depth === 1) return "\\Phi(\\theta; x) = \\langle v, x\\rangle";
      if (depth === 2) {
        const inner = "\\langle w_{j}, x\\rangle";
        return `\\Phi(\\theta; x) = \\sum_{j=1}^{${source.widths[1]}} v_{j}\\, ${activated(network, inner)}`;
      }
      return composition(depth, (l) => (l === depth ? "v^{\\top}" : `W^{(${l})}`), network);
    case "diagonal": {
      let inner = "w_{1,j}\\, x_{j}";
      for (let l = 2; l <= depth; l++) inner = `w_{${l},j}\\, ${activated(network, inner)}`;
      return `\\Phi(\\theta; x) = \\sum_{j=1}^{${source.width}} ${inner}`;
    }
    case "convolutional":
      return `\\Phi(\\theta; x) = \\sum_{k=1}^{${layers[0]!.length}} u_{k}\\, ${activated(network, "\\langle f, x^{(k)}\\rangle")}`;
    case "layers":
      return composition(depth, (l) => `W_{${l}}`, network);
  }
}

function composition(depth: number, matrix: (layer: number) => string, { activation }: Network): string {
  let inner = "x";
  for (let l = 1; l <= depth; l++) {
    inner = `${matrix(l)} ${inner}`;
    if (l < depth && activation.kind !== "linear") inner = `\\sigma\\!\\left(${inner}\\right)`;
  }
  return `\\Phi(\\theta; x) = ${inner}`;
}

/** What the formula leaves to say: the parts of x, the matrices, σ. */
export function networkRemark(network: Network): string {
  const { source, layers, activation } = network;
  const parts: string[] = [];
  if (source.kind === "convolutional") {
    const shift = source.stride === 1 ? "" : `${source.stride}`;
    const first = shift === "" ? "x_{k}" : `x_{${shift}(k-1)+1}`;
    const end = shift === "" ? `x_{k+${source.filter - 1}}` : `x_{${shift}(k-1)+${source.filter}}`;
    const patch =
      source.filter === 1 ? `(${first})` : source.filter === 2 ? `(${first}, ${end})` : `(${first}, \\dots, ${end})`;
    parts.push(`with the patches $x^{(k)} = ${patch}$ of the input`);
  }
  if (source.kind === "layers") parts.push(`with ${matrices(network)}`);
  if (source.kind === "fully-connected" && layers.length > 2) {
    parts.push("where $W^{(l)}$ has the entries $w_{j,k}^{(l)}$");
  }
  if (isSmooth(network)) return parts.join(", and ");
  const several = layers.length > 2 && source.kind !== "diagonal";
  if (activation.kind === "relu") {
    const symbol = several || source.kind === "layers" ? "\\sigma(z)" : "[z]_{+}";
    parts.push(`with $${symbol} = \\max(z, 0)$`);
  }
  if (activation.kind === "leaky-relu") {
    const { n, d } = activation.slope;
    parts.push(`with $\\sigma(z) = \\max(z, \\tfrac{${n}}{${d}} z)$`);
  }
  return parts.join(", and ");
}

function matrices(network: Network): string {
  return network.layers
    .map((layer, l) => {
      const columns = l === 0 ? network.inputs : network.layers[l - 1]!.length;
      const rows = layer.map((row) =>
        Array.from({ length: columns }, (_, from) => {
          const here = row.find((connection) => connection.from === from);
          return here === undefined ? "0" : parameterLatex(network, here.parameter);
        }).join(" & "),
      );
      return `$W_{${l + 1}} = \\begin{pmatrix} ${rows.join(" \\\\ ")} \\end{pmatrix}$`;
    })
    .join(", ");
}

/** Longer formulas than this help nobody. */
const MAX_FORMULA = 110;

/** The margin y_iΦ(θ; x_i) of a sample with its numbers put in, or null where that gets too long. */
export function marginFormula<E>({ network, field: K, data }: Instance<E>, sample: number): string | null {
  const { x, y } = data[sample]!;
  // What each unit puts out, as a factor: null is zero.
  let values: ({ readonly coefficient: E; readonly factor: string } | null)[] = x.map((coefficient) =>
    K.isZero(coefficient) ? null : { coefficient, factor: "" },
  );
  for (const [l, layer] of network.layers.entries()) {
    const isOutput = l === network.layers.length - 1;
    values = layer.map((row) => {
      const terms = row.flatMap(({ from, parameter }) => {
        const input = values[from];
        if (input === null || input === undefined) return [];
        const name = parameterLatex(network, parameter);
        const factor = input.factor === "" ? name : `${name}\\, ${input.factor}`;
        return [{ coefficient: isOutput && y < 0 ? K.neg(input.coefficient) : input.coefficient, factor }];
      });
      if (terms.length === 0) return null;
      if (isOutput) return { coefficient: K.one, factor: sumLatex(K, terms) };
      const { activation } = network;
      if (activation.kind === "linear") {
        return terms.length === 1 ? terms[0]! : { coefficient: K.one, factor: `\\left(${sumLatex(K, terms)}\\right)` };
      }
      return { coefficient: K.one, factor: activated(network, sumLatex(K, terms)) };
    });
  }
  const formula = values[0]?.factor ?? "0";
  return printedWidth(formula) > MAX_FORMULA ? null : formula;
}

/** θ, one group of equal values at a time where there are many: w_{1,1} = … */
export function pointAssignments<E>(network: Network, K: Field<E>, point: readonly E[], scope: Scope): string {
  const indices = parametersOf(network, scope);
  const values = indices.map((k) => numberLatex(K, point[k]!));
  const distinct = [...new Set(values)];
  if (distinct.length === 1 && values.length > 2)
    return `${parameterTuple(network, scope)} = (${distinct[0]}, \\dots, ${distinct[0]})`;
  return `${parameterTuple(network, scope)} = (${values.join(", ")})`;
}
