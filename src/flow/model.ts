/**
 * A problem in floating point: the forward pass of every sample under a fixed activation pattern, with first and second
 * derivatives by the chain rule. Under a fixed pattern each margin is a polynomial in θ, homogeneous of degree m (the depth).
 */
import { type Layer, offSlope } from "../problem/network.js";
import type { Problem } from "../problem/problem.js";

export interface Model {
  /** The number p of parameters. */
  readonly size: number;
  /** The depth m, which is the degree of homogeneity. */
  readonly degree: number;
  readonly layers: readonly Layer[];
  /** σ' of a neuron that is off; 1 in a linear network. */
  readonly off: number;
  readonly inputs: readonly Float64Array[];
  readonly labels: readonly (1 | -1)[];
  /** Hidden neurons over all layers, in order; each with its layer and its place there, both counted from 0. */
  readonly neurons: readonly Neuron[];
}

export interface Neuron {
  readonly layer: number;
  readonly unit: number;
}

/** σ' of every hidden neuron (columns) on every sample (rows): 1 where it is on, `model.off` where it is off. */
export type Pattern = readonly Float64Array[];

/** One sample at one point, under one pattern. */
export interface Pass {
  /** y Φ(θ; x) */
  readonly margin: number;
  /** y ∇Φ */
  readonly gradient: Float64Array;
  /** The pre-activation of every hidden neuron. */
  readonly pre: Float64Array;
  /** Σ |weight · input| of every hidden neuron: the scale against which a pre-activation counts as zero. */
  readonly scale: Float64Array;
  /** y ∂Φ/∂(output of the neuron) of every hidden neuron. */
  readonly influence: Float64Array;
}

export function modelOf({ network, field, data }: Problem<unknown>): Model {
  const neurons = network.layers.slice(0, -1).flatMap((rows, layer) => rows.map((_, unit) => ({ layer, unit })));
  return {
    size: network.parameters.length,
    degree: network.layers.length,
    layers: network.layers,
    off: field.toNumber(field.fromRational(offSlope(network.activation))),
    inputs: data.map(({ x }) => Float64Array.from(x, (value) => field.toNumber(value))),
    labels: data.map(({ y }) => y),
    neurons,
  };
}

/** The pattern of the signs of the pre-activations at θ; a neuron at its kink counts as off. */
export function patternAt(model: Model, theta: Float64Array): Float64Array[] {
  return model.inputs.map((input) => {
    const slopes = new Float64Array(model.neurons.length);
    let below = input;
    let index = 0;
    for (const layer of model.layers.slice(0, -1)) {
      below = Float64Array.from(layer, (row) => {
        const pre = row.reduce((sum, { from, parameter }) => sum + theta[parameter]! * below[from]!, 0);
        const slope = pre > 0 ? 1 : model.off;
        slopes[index++] = slope;
        return slope * pre;
      });
    }
    return slopes;
  });
}

export function pass(model: Model, sample: number, slopes: Float64Array, theta: Float64Array): Pass {
  const { layers, size, neurons } = model;
  const y = model.labels[sample]!;
  const pre = new Float64Array(neurons.length);
  const scale = new Float64Array(neurons.length);
  const influence = new Float64Array(neurons.length);
  const values: Float64Array[] = [model.inputs[sample]!];
  let index = 0;
  for (const layer of layers) {
    const below = values.at(-1)!;
    const hidden = layer !== layers.at(-1);
    const here = new Float64Array(layer.length);
    for (let unit = 0; unit < layer.length; unit++) {
      let sum = 0;
      let total = 0;
      for (const { from, parameter } of layer[unit]!) {
        const term = theta[parameter]! * below[from]!;
        sum += term;
        total += Math.abs(term);
      }
      if (hidden) {
        pre[index] = sum;
        scale[index] = total;
        here[unit] = slopes[index]! * sum;
        index++;
      } else here[unit] = sum;
    }
    values.push(here);
  }
  const gradient = new Float64Array(size);
  let above: Float64Array = Float64Array.of(y);
  for (let l = layers.length - 1; l >= 0; l--) {
    const layer = layers[l]!;
    const below = values[l]!;
    const back = new Float64Array(below.length);
    for (let unit = 0; unit < layer.length; unit++) {
      for (const { from, parameter } of layer[unit]!) {
        gradient[parameter]! += above[unit]! * below[from]!;
        back[from]! += above[unit]! * theta[parameter]!;
      }
    }
    if (l > 0) {
      index -= below.length;
      for (let unit = 0; unit < below.length; unit++) {
        influence[index + unit] = back[unit]!;
        back[unit]! *= slopes[index + unit]!;
      }
    }
    above = back;
  }
  return { margin: y * values.at(-1)![0]!, gradient, pre, scale, influence };
}

/** The Hessian of the sample's margin, p rows of p: the derivative of `pass` in every parameter direction. */
export function hessian(model: Model, sample: number, slopes: Float64Array, theta: Float64Array): Float64Array[] {
  const { layers, size } = model;
  const offsets = layers.map((_, l) => layers.slice(0, l).reduce((n, layer) => n + layer.length, 0));
  const slope = (l: number, unit: number) => (l === layers.length - 1 ? 1 : slopes[offsets[l]! + unit]!);
  const values: Float64Array[] = [model.inputs[sample]!];
  layers.forEach((layer, l) => {
    const below = values[l]!;
    values.push(
      Float64Array.from(
        layer,
        (row, unit) => slope(l, unit) * row.reduce((sum, c) => sum + theta[c.parameter]! * below[c.from]!, 0),
      ),
    );
  });
  const backs: Float64Array[] = [];
  let above: Float64Array = Float64Array.of(model.labels[sample]!);
  for (let l = layers.length - 1; l >= 0; l--) {
    backs[l] = above;
    const back = new Float64Array(values[l]!.length);
    layers[l]!.forEach((row, unit) => {
      for (const { from, parameter } of row) back[from]! += above[unit]! * theta[parameter]!;
    });
    above = l > 0 ? back.map((b, unit) => b * slope(l - 1, unit)) : back;
  }
  return Array.from({ length: size }, (_, direction) => {
    // Tangents, in the direction of one parameter: first of the values, upwards, then of the gradient, downwards.
    const rates: Float64Array[] = [new Float64Array(values[0]!.length)];
    layers.forEach((layer, l) => {
      const rate = (row: Layer[number]) =>
        row.reduce(
          (sum, { from, parameter }) =>
            sum + theta[parameter]! * rates[l]![from]! + (parameter === direction ? values[l]![from]! : 0),
          0,
        );
      rates.push(Float64Array.from(layer, (row, unit) => slope(l, unit) * rate(row)));
    });
    const column = new Float64Array(size);
    let aboveRate = new Float64Array(1);
    for (let l = layers.length - 1; l >= 0; l--) {
      const backRate = new Float64Array(values[l]!.length);
      layers[l]!.forEach((row, unit) => {
        for (const { from, parameter } of row) {
          column[parameter]! += aboveRate[unit]! * values[l]![from]! + backs[l]![unit]! * rates[l]![from]!;
          backRate[from]! += aboveRate[unit]! * theta[parameter]! + (parameter === direction ? backs[l]![unit]! : 0);
        }
      });
      aboveRate = l > 0 ? backRate.map((b, unit) => b * slope(l - 1, unit)) : backRate;
    }
    return column;
  });
}

/** ∇ of the pre-activation of a hidden neuron, whose length in the parameters is p: the normal of its kink. */
export function kinkNormal(
  model: Model,
  sample: number,
  neuron: number,
  slopes: Float64Array,
  theta: Float64Array,
): Float64Array {
  const { layer, unit } = model.neurons[neuron]!;
  // The network cut off at this neuron is a network of its own, with the neuron as its output.
  const layers = [...model.layers.slice(0, layer), [model.layers[layer]![unit]!]];
  const neurons = model.neurons.filter((one) => one.layer < layer);
  const cut: Model = { ...model, layers, neurons, labels: model.labels.map(() => 1) };
  return pass(cut, sample, slopes, theta).gradient;
}
