/**
 * A second reading of problem files, in floating point and from the definitions alone: it shares no code with `src`, so that a
 * mistake there is not repeated here.
 */
import type { ProblemJson } from "./problem.js";

export type Weights = readonly { readonly from: number; readonly parameter: number }[];

/** A problem in floating point. */
export interface Shadow {
  readonly layers: readonly (readonly Weights[])[];
  readonly names: readonly string[];
  readonly layerOf: readonly number[];
  /** σ' where a unit is off; 1 in a linear network. */
  readonly slope: number;
  readonly data: readonly { readonly x: readonly number[]; readonly y: number }[];
  readonly point: readonly number[];
}

/** Which hidden units are on, by layer and unit. */
export type Pattern = readonly (readonly boolean[])[];

export function shadowOf({ network, data, point }: ProblemJson): Shadow {
  const names: string[] = [];
  const layerOf: number[] = [];
  const layers = matricesOf(network).map((rows, layer) =>
    rows.map((row) =>
      row.flatMap((name, from) => {
        if (name === 0) return [];
        if (!names.includes(name)) {
          names.push(name);
          layerOf.push(layer);
        }
        return [{ from, parameter: names.indexOf(name) }];
      }),
    ),
  );
  const { activation } = network;
  return {
    layers,
    names,
    layerOf,
    slope: typeof activation === "object" ? numberOf(activation["leaky-relu"]) : activation === "relu" ? 0 : 1,
    data: data.map(({ x, y }) => ({ x: x.map(numberOf), y })),
    point: point.map(numberOf),
  };
}

/** The weight matrices by name, all four forms. */
function matricesOf(network: ProblemJson["network"]): (string | 0)[][][] {
  const range = (n: number) => Array.from({ length: n }, (_, k) => k);
  switch (network.kind) {
    case "layers":
      return network.layers;
    case "fully-connected": {
      const { widths } = network;
      return range(widths.length - 1).map((l) =>
        range(widths[l + 1]!).map((i) => range(widths[l]!).map((j) => `W${l + 1}[${i + 1},${j + 1}]`)),
      );
    }
    case "diagonal": {
      const { width, depth } = network;
      const name = (l: number, j: number) => `w${l + 1}[${j + 1}]`;
      return range(depth).map((l) =>
        l === depth - 1
          ? [range(width).map((j) => name(l, j))]
          : range(width).map((i) => range(width).map((j) => (i === j ? name(l, j) : 0))),
      );
    }
    case "convolutional": {
      const { input, filter, stride } = network;
      const patches = range(Math.floor((input - filter) / stride) + 1);
      const row = (p: number) =>
        range(input).map((k) => {
          const j = k - p * stride;
          return j >= 0 && j < filter ? `f[${j + 1}]` : (0 as const);
        });
      return [patches.map(row), [patches.map((p) => `u[${p + 1}]`)]];
    }
  }
}

/** The number that a text such as `-3/4*sqrt(2)` or `1/root(2,3)` means. */
export function numberOf(source: string): number {
  const tokens = source.match(/\d+(\.\d+)?|[a-z]+|[-+*/(),]/g) ?? [];
  let at = 0;
  const sum = (): number => {
    let total = product();
    while (tokens[at] === "+" || tokens[at] === "-") total += tokens[at++] === "+" ? product() : -product();
    return total;
  };
  const product = (): number => {
    let total = factor();
    while (tokens[at] === "*" || tokens[at] === "/") total = tokens[at++] === "*" ? total * factor() : total / factor();
    return total;
  };
  const factor = (): number => {
    const token = tokens[at++]!;
    if (token === "-") return -factor();
    if (/^\d/.test(token)) return Number(token);
    if (token !== "(") at++;
    const inner = sum();
    const isRoot = tokens[at++] === ",";
    const degree = isRoot ? sum() : 2;
    if (isRoot) at++;
    return token === "(" ? inner : inner ** (1 / degree);
  };
  return sum();
}

/** A forward pass; a given pattern overrules the signs of the pre-activations. */
function pass({ layers, slope, data }: Shadow, theta: readonly number[], sample: number, pattern?: Pattern) {
  const z: number[][] = [];
  const values: (readonly number[])[] = [data[sample]!.x];
  for (const [l, layer] of layers.entries()) {
    const below = values[l]!;
    const raw = layer.map((row) => row.reduce((s, { from, parameter }) => s + theta[parameter]! * below[from]!, 0));
    z.push(raw);
    const on = (v: number, u: number) => (pattern === undefined ? v > 0 : pattern[l]![u]!);
    values.push(l === layers.length - 1 ? raw : raw.map((v, u) => (on(v, u) ? v : slope * v)));
  }
  return { z, values };
}

/** y_i Φ(θ; x_i) */
export function margin(shadow: Shadow, theta: readonly number[], sample: number): number {
  return shadow.data[sample]!.y * pass(shadow, theta, sample).z.at(-1)![0]!;
}

export function margins(shadow: Shadow, theta: readonly number[]): number[] {
  return shadow.data.map((_, i) => margin(shadow, theta, i));
}

export function patternAt(shadow: Shadow, theta: readonly number[], sample: number): Pattern {
  return pass(shadow, theta, sample)
    .z.slice(0, -1)
    .map((layer) => layer.map((v) => v > 0));
}

/** The pre-activations of the hidden units. */
export function preactivations(shadow: Shadow, theta: readonly number[], sample: number): number[][] {
  return pass(shadow, theta, sample).z.slice(0, -1);
}

/** ∇_θ y_i Φ^s(θ; x_i) */
export function gradient(shadow: Shadow, theta: readonly number[], sample: number, pattern: Pattern): number[] {
  const { layers, slope, data } = shadow;
  const { values } = pass(shadow, theta, sample, pattern);
  const result = theta.map(() => 0);
  let adjoints: number[] = [data[sample]!.y];
  for (let l = layers.length - 1; l >= 0; l--) {
    const below = values[l]!;
    const next = below.map(() => 0);
    for (const [u, row] of layers[l]!.entries()) {
      for (const { from, parameter } of row) {
        result[parameter]! += adjoints[u]! * below[from]!;
        next[from]! += adjoints[u]! * theta[parameter]!;
      }
    }
    adjoints = l === 0 ? [] : next.map((a, u) => (pattern[l - 1]![u]! ? a : slope * a));
  }
  return result;
}
