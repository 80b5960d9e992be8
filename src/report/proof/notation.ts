/** How a network, its units and its parameters are named in a proof, and its formulas. */
import { Q } from "../../exact/rational.js";
import type { Signed } from "../../kernel/explore.js";
import type { Instance, Margin, Problem } from "../../network/instance.js";
import { isLinear, isLinearLayer, layersAsked, type Network, parametersOf, type Scope } from "../../network/network.js";
import { enumeration } from "./document.js";
import { fraction } from "./radicals.js";
import { MAX_TERMS, numberLatex, packed, printedWidth, sumLatex } from "./typeset.js";

const known = new WeakMap<Network, readonly string[]>();

/**
 * A weight, trained or frozen: w_{j,k} and v_j in depth 2, w_{l,j} on a branch, f_k and u_k in a convolution; otherwise by its own name.
 * Different weights have different names.
 */
export function parameterLatex(network: Network, weight: number): string {
  const names = known.get(network) ?? namesOf(network);
  known.set(network, names);
  return names[weight]!;
}

function namesOf(network: Network): string[] {
  const given = [...network.parameters.map(({ name }) => name), ...network.frozen];
  const places = given.map(() => 0);
  for (const [l, layer] of network.layers.entries()) for (const { weight } of layer.flat()) places[weight] = l;
  const short = given.map((name, weight) => shortName(network, name, places[weight]!));
  const count = new Map<string, number>();
  for (const name of short) count.set(name, (count.get(name) ?? 0) + 1);
  return short.map((name, weight) => (count.get(name) === 1 ? name : literalName(given[weight]!)));
}

function shortName({ source, layers, outputs }: Network, name: string, layer: number): string {
  const index = /\[(\d+(?:,\d+)*)\]$/.exec(name)?.[1];
  const isLast = layer === layers.length - 1;
  switch (source.kind) {
    case "fully-connected":
      if (isLast) return `v_{${outputs === 1 ? index!.replace(/^1,/, "") : index}}`;
      return `w_{${index}}${layers.length > 2 ? `^{(${layer + 1})}` : ""}`;
    case "diagonal":
      return `w_{${layer + 1},${index}}`;
    case "convolutional":
      return `${isLast ? "u" : "f"}_{${index}}`;
    case "layers": {
      const match = /^([A-Za-z])(\d*)$/.exec(index === undefined ? name : name.slice(0, -index.length - 2));
      if (match === null) return literalName(name);
      const [, letter, number] = match;
      const subscript = [number!, index ?? ""].filter((part) => part !== "").join(";");
      return subscript === "" ? letter! : `${letter}_{${subscript}}`;
    }
  }
}

function literalName(name: string): string {
  return `\\mathit{${name.replaceAll("_", "\\_")}}`;
}

/** The parameters of a scope in order, as a tuple. */
export function parameterTuple(network: Network, scope: Scope): string {
  const names = parametersOf(network, scope).map((k) => parameterLatex(network, k));
  const shown = names.length > 12 ? [...names.slice(0, 4), "\\dots", names.at(-1)!] : names;
  return `(${shown.join(", ")})`;
}

/** A hidden unit in words. */
export function unitName({ source, layers }: Network, layer: number, unit: number): string {
  if (source.kind === "convolutional") return `patch ${unit + 1}`;
  return layers.length === 2 ? `neuron ${unit + 1}` : `neuron ${unit + 1} of layer ${layer + 1}`;
}

/** The symbol of a pre-activation at a sample. */
export function preactivationLatex({ layers }: Network, sample: number, layer: number, unit: number): string {
  return `z_{${unitIndex(layers.length, layer, unit)}}(x_{${sample + 1}})`;
}

/** The index of a hidden unit: the layer is named where there are several. */
export function unitIndex(depth: number, layer: number, unit: number): string {
  return depth === 2 ? `${unit + 1}` : `${layer + 1},${unit + 1}`;
}

/** The symbol of what has a sign. */
export function signedLatex(network: Network, at: Signed): string {
  return "weight" in at
    ? parameterLatex(network, at.weight)
    : preactivationLatex(network, at.sample, at.layer, at.unit);
}

/** What a scope moves: null where that is everything. */
export function properScope(network: Network, scope: Scope): Scope {
  return parametersOf(network, scope).length === network.parameters.length ? null : scope;
}

/** The problem of a scope: (P), or (P_l). */
export function problemLatex(scope: Scope): string {
  return scope === null ? "(\\mathrm{P})" : `(\\mathrm{P}_{${scope + 1}})`;
}

/** The parameters that a scope moves: θ, or θ_l. */
export function pointLatex(scope: Scope): string {
  return scope === null ? "\\theta" : `\\theta_{${scope + 1}}`;
}

/** Whether some layers have problems of their own, other than the whole. */
export function hasLayerProblems(network: Network): boolean {
  return layersAsked(network).some((layer) => properScope(network, layer) !== null);
}

/** A margin at a point: y_iΦ(θ; x_i), or the difference of two outputs. */
export function marginLatex({ outputs }: Network, { sample, plus, minus }: Margin, point = "\\theta"): string {
  const at = `(${point}; x_{${sample + 1}})`;
  if (outputs === 1) return `y_{${sample + 1}}\\Phi${at}`;
  return `\\Phi_{${plus! + 1}}${at} - \\Phi_{${minus! + 1}}${at}`;
}

/** The index of what belongs to a margin: i, or i,k for the other class k. */
export function marginIndex({ outputs }: Network, { sample, minus }: Margin): string {
  return outputs === 1 ? `${sample + 1}` : `${sample + 1},${minus! + 1}`;
}

/** The general margin, as it stands in a sentence about all of them. */
export function anyMarginLatex({ outputs }: Network, point = "\\theta"): string {
  return outputs === 1 ? `y_i\\Phi(${point}; x_i)` : `\\Phi_{y_i}(${point}; x_i) - \\Phi_k(${point}; x_i)`;
}

/** The network in words, without an article. */
export function networkText({ source, slopes, layers }: Network): string {
  const kind = {
    "fully-connected": "fully connected",
    diagonal: "diagonal",
    convolutional: "convolutional",
    layers: "",
  }[source.kind];
  const activations = slopes.map((slope) => (Q.isZero(slope) ? "ReLU" : slope.n === slope.d ? "linear" : "leaky ReLU"));
  const distinct = [...new Set(activations)];
  const sigma = distinct.length === 0 ? "linear" : distinct.length === 1 ? distinct[0]! : "";
  const what = [kind, sigma, "network"].filter((word) => word !== "").join(" ");
  return `${what} of depth ${layers.length}${distinct.length > 1 ? ` with the activations ${enumeration(activations)} in its hidden layers` : ""}`;
}

/** How σ is written: one letter for all layers where they agree. */
function activationSymbol({ slopes, layers }: Network, layer: number): string {
  const kinked = slopes.filter((slope) => slope.n !== slope.d);
  const agree = kinked.every((slope) => Q.isZero(Q.sub(slope, kinked[0]!)));
  return agree || layers.length === 2 ? "\\sigma" : `\\sigma_{${layer + 1}}`;
}

/** σ(z) in a layer, as it is written in formulas; the identity leaves its argument. */
export function activated(network: Network, layer: number, z: string): string {
  if (isLinearLayer(network, layer)) return z;
  return Q.isZero(network.slopes[layer]!) ? `[${z}]_{+}` : `${activationSymbol(network, layer)}\\!\\left(${z}\\right)`;
}

/** Φ by its definition. */
export function networkFormula(network: Network): string {
  const { source, layers, outputs } = network;
  const depth = layers.length;
  const several = outputs > 1;
  const phi =
    several && depth <= 2 && source.kind === "fully-connected" ? "\\Phi_{k}(\\theta; x)" : "\\Phi(\\theta; x)";
  switch (source.kind) {
    case "fully-connected":
      if (depth === 1) return `${phi} = \\langle v${several ? "_{k}" : ""}, x\\rangle`;
      if (depth === 2) {
        const inner = "\\langle w_{j}, x\\rangle";
        return `${phi} = \\sum_{j=1}^{${source.widths[1]}} v_{${several ? "k," : ""}j}\\, ${activated(network, 0, inner)}`;
      }
      return composition(network, (l) => (l < depth ? `W^{(${l})}` : several ? "V" : "v^{\\top}"));
    case "diagonal": {
      let inner = "w_{1,j}\\, x_{j}";
      for (let l = 2; l <= depth; l++) inner = `w_{${l},j}\\, ${activated(network, l - 2, inner)}`;
      return `${phi} = \\sum_{j=1}^{${source.width}} ${inner}`;
    }
    case "convolutional":
      return `${phi} = \\sum_{k=1}^{${layers[0]!.length}} u_{k}\\, ${activated(network, 0, "\\langle f, x^{(k)}\\rangle")}`;
    case "layers":
      return composition(network, (l) => `W_{${l}}`);
  }
}

function composition(network: Network, matrix: (layer: number) => string): string {
  const depth = network.layers.length;
  let inner = "x";
  for (let l = 1; l <= depth; l++) {
    inner = `${matrix(l)} ${inner}`;
    if (l < depth && !isLinearLayer(network, l - 1))
      inner = `${activationSymbol(network, l - 1)}\\!\\left(${inner}\\right)`;
  }
  return `\\Phi(\\theta; x) = ${inner}`;
}

/** What the formula leaves to say: the parts of x, the matrices, what is fixed, σ. */
export function networkRemark<E>(problem: Problem<E>): string {
  const { network, frozen, field: K } = problem;
  const { source, layers, outputs } = network;
  const parts: string[] = [];
  if (source.kind === "convolutional") {
    const shift = source.stride === 1 ? "" : `${source.stride}`;
    const first = shift === "" ? "x_{k}" : `x_{${shift}(k-1)+1}`;
    const end = shift === "" ? `x_{k+${source.filter - 1}}` : `x_{${shift}(k-1)+${source.filter}}`;
    const patch =
      source.filter === 1 ? `(${first})` : source.filter === 2 ? `(${first}, ${end})` : `(${first}, \\dots, ${end})`;
    parts.push(`with the patches $x^{(k)} = ${patch}$ of the input`);
  }
  if (source.kind === "layers") parts.push(`with ${matrices(problem)}`);
  if (source.kind === "fully-connected" && layers.length > 2) {
    const last = outputs === 1 ? "" : " and $V$ the entries $v_{k,j}$";
    parts.push(`where $W^{(l)}$ has the entries $w_{j,k}^{(l)}$${last}`);
  }
  if (source.kind !== "layers" && frozen.length > 0) {
    const values = frozen.map(
      (c, k) => `${parameterLatex(network, network.parameters.length + k)} = ${numberLatex(K, c)}`,
    );
    parts.push(`with the fixed ${frozen.length === 1 ? "weight" : "weights"} $${values.join(", ")}$`);
  }
  if (!isLinear(network)) parts.push(`with ${activationRemark(network)}`);
  return parts.join(", and ");
}

/** What σ is, in each way that it is written. */
function activationRemark(network: Network): string {
  const { slopes, source, layers } = network;
  const composed = source.kind === "layers" || (source.kind === "fully-connected" && layers.length > 2);
  const remarks = new Set<string>();
  for (const [l, slope] of slopes.entries()) {
    if (isLinearLayer(network, l)) continue;
    const symbol = composed || !Q.isZero(slope) ? `${activationSymbol(network, l)}(z)` : "[z]_{+}";
    remarks.add(`$${symbol} = \\max(z, ${Q.isZero(slope) ? "0" : `${fraction(slope)} z`})$`);
  }
  return enumeration([...remarks]);
}

/** The weight matrices, frozen weights by their values. */
function matrices<E>({ network, frozen, field: K }: Problem<E>): string {
  const entry = (weight: number) =>
    weight < network.parameters.length
      ? parameterLatex(network, weight)
      : numberLatex(K, frozen[weight - network.parameters.length]!);
  return network.layers
    .map((layer, l) => {
      const columns = l === 0 ? network.inputs : network.layers[l - 1]!.length;
      const rows = layer.map((row) =>
        Array.from({ length: columns }, (_, from) => {
          const here = row.find((connection) => connection.from === from);
          return here === undefined ? "0" : entry(here.weight);
        }).join(" & "),
      );
      return `$W_{${l + 1}} = \\begin{pmatrix} ${rows.join(" \\\\ ")} \\end{pmatrix}$`;
    })
    .join(", ");
}

/** Longer formulas than this help nobody. */
const MAX_FORMULA = 110;

/** A margin with its numbers put in, or null where that gets too long. */
export function marginFormula<E>({ network, field: K, data, frozen }: Problem<E>, margin: Margin): string | null {
  const last = network.layers.length - 1;
  // What each unit puts out, as a coefficient and a factor: null is zero.
  let values: ({ readonly coefficient: E; readonly factor: string } | null)[] = data[margin.sample]!.x.map(
    (coefficient) => (K.isZero(coefficient) ? null : { coefficient, factor: "" }),
  );
  const termsOf = (row: Network["layers"][number][number], side: E) =>
    row.flatMap(({ from, weight }) => {
      const input = values[from];
      if (input === null || input === undefined) return [];
      const constant = frozen[weight - network.parameters.length];
      const scale = K.mul(side, input.coefficient);
      if (constant !== undefined) {
        const coefficient = K.mul(scale, constant);
        return K.isZero(coefficient) ? [] : [{ coefficient, factor: input.factor }];
      }
      const name = parameterLatex(network, weight);
      return [{ coefficient: scale, factor: input.factor === "" ? name : `${name}\\, ${input.factor}` }];
    });
  for (let l = 0; l < last; l++) {
    values = network.layers[l]!.map((row) => {
      const terms = termsOf(row, K.one);
      if (terms.length === 0) return null;
      if (!isLinearLayer(network, l)) return { coefficient: K.one, factor: activated(network, l, sumLatex(K, terms)) };
      return terms.length === 1 ? terms[0]! : { coefficient: K.one, factor: `\\left(${sumLatex(K, terms)}\\right)` };
    });
  }
  const { plus, minus } = margin;
  const formula = sumLatex(K, [
    ...(plus === null ? [] : termsOf(network.layers[last]![plus]!, K.one)),
    ...(minus === null ? [] : termsOf(network.layers[last]![minus]!, K.neg(K.one))),
  ]);
  return printedWidth(formula) > MAX_FORMULA ? null : formula;
}

/** A longer line is not readable. */
const MAX_LINE = 110;

/** Of points with more only the ends are printed. */
const MAX_PARAMETERS = 400;

/** Whether some of the problem's own numbers are not printed. */
export function isAbbreviated<E>({ network, data }: Problem<E>): boolean {
  return network.parameters.length > MAX_PARAMETERS || data.some(({ x }) => x.length > MAX_TERMS);
}

/** θ as the lines of a display: (w_{1,1}, …) = (…), or one parameter after the other where that is too long. */
export function pointLines<E>({ network, field: K, point }: Instance<E>): string[] {
  const values = point.map((value) => numberLatex(K, value));
  const distinct = [...new Set(values)];
  if (distinct.length === 1 && values.length > 2)
    return [`${parameterTuple(network, null)} = (${distinct[0]}, \\dots, ${distinct[0]})`];
  const line = `${parameterTuple(network, null)} = (${values.join(", ")})`;
  if (printedWidth(line) <= MAX_LINE) return [line];
  const own = values.map((value, k) => `${parameterLatex(network, k)} = ${value}`);
  return packed(values.length <= MAX_PARAMETERS ? own : [...own.slice(0, 4), "\\dots", own.at(-1)!]);
}
