/**
 * A problem in floating point: the forward pass of every sample under a fixed activation pattern, and its margins with first and second
 * derivatives by the chain rule. Under a fixed pattern each margin is a polynomial in θ, homogeneous of the model's degree.
 */
import { type Margin, marginsOf, type Problem } from "../network/instance.js";
import { isLinearLayer, type Layer } from "../network/network.js";
import { joined, norm, vector } from "../numeric/matrix.js";
import { homogeneityOf } from "./homogeneity.js";

export interface Model {
  /** The number p of parameters. */
  readonly size: number;
  /** The degree of homogeneity: the number of parameters on each path. */
  readonly degree: number;
  /** The connections on paths from inputs to outputs. A weight from p on is frozen. */
  readonly layers: readonly Layer[];
  readonly frozen: Float64Array;
  /** ‖∇Φ‖ is at most of this size at ‖θ‖ = 1. */
  readonly steepness: number;
  readonly inputs: readonly Float64Array[];
  readonly margins: readonly Margin[];
  /** Hidden neurons over all layers, in order. */
  readonly neurons: readonly Neuron[];
}

export interface Neuron {
  /** Its layer and its place there, both counted from 0. */
  readonly layer: number;
  readonly unit: number;
  /** The degree of homogeneity of its pre-activation; 0 where it is fixed, or on no path. */
  readonly degree: number;
  /** σ' where it is off; 1 in a linear layer, which has no kinks. */
  readonly off: number;
}

/** Whether its output bends where its pre-activation, which moves with θ, is zero. */
export function hasKink({ degree, off }: Neuron): boolean {
  return degree > 0 && off !== 1;
}

/** σ' of every hidden neuron (columns) on every sample (rows): 1 where it is on, `off` where it is off. */
export type Pattern = readonly Float64Array[];

/** A sample at one point, under one pattern. */
export interface Forward {
  /** All weights: θ, then the frozen ones. */
  readonly weights: Float64Array;
  /** The inputs, then the outputs of every layer. */
  readonly values: readonly Float64Array[];
  /** The pre-activation of every hidden neuron. */
  readonly pre: Float64Array;
  /** Σ |weight · input| of every hidden neuron: the scale against which a pre-activation counts as zero. */
  readonly scale: Float64Array;
}

/** A margin at one point, under one pattern. */
export interface Pass {
  /** y Φ(θ; x), or Φ_y − Φ_k */
  readonly margin: number;
  readonly gradient: Float64Array;
  /** ∂(margin)/∂(output of the neuron) of every hidden neuron. */
  readonly influence: Float64Array;
}

/** Throws InputError where the network is not homogeneous. */
export function modelOf(problem: Problem<unknown>): Model {
  const { network, field, data, frozen } = problem;
  const { degree, degrees, layers } = homogeneityOf(problem);
  const size = network.parameters.length;
  const inputs = data.map(({ x }) => Float64Array.from(x, (value) => field.toNumber(value)));
  const constants = Float64Array.from(frozen, (value) => field.toNumber(value));
  const sizes = layers.map((layer) =>
    norm(Float64Array.from(layer.flat(), ({ weight }) => (weight < size ? 0 : constants[weight - size]!))),
  );
  return {
    size,
    degree,
    layers,
    frozen: constants,
    steepness: Math.max(...inputs.map(norm)) * elementarySymmetric(sizes, layers.length - degree),
    inputs,
    margins: marginsOf(problem),
    neurons: layers.slice(0, -1).flatMap((rows, layer) => {
      const off = isLinearLayer(network, layer) ? 1 : field.toNumber(field.fromRational(network.slopes[layer]!));
      return rows.map((_, unit) => ({ layer, unit, degree: degrees[layer]![unit]!, off }));
    }),
  };
}

/** Σ over the choices of k of the values, of their product: here the frozen factors on paths that leave k layers to them. */
function elementarySymmetric(values: readonly number[], k: number): number {
  const sums = new Float64Array(values.length + 1).with(0, 1);
  for (const value of values) for (let j = values.length; j > 0; j--) sums[j]! += value * sums[j - 1]!;
  return sums[k]!;
}

function weightsOf({ frozen }: Model, theta: Float64Array): Float64Array {
  return frozen.length === 0 ? theta : joined(theta, frozen);
}

/** The pattern of the signs of the pre-activations at θ; a neuron at its kink counts as off. */
export function patternAt(model: Model, theta: Float64Array): Float64Array[] {
  const weights = weightsOf(model, theta);
  return model.inputs.map((input) => {
    const slopes = new Float64Array(model.neurons.length);
    let below = input;
    let index = 0;
    for (const layer of model.layers.slice(0, -1)) {
      below = Float64Array.from(layer, (row) => {
        const pre = row.reduce((sum, { from, weight }) => sum + weights[weight]! * below[from]!, 0);
        const slope = pre > 0 ? 1 : model.neurons[index]!.off;
        slopes[index++] = slope;
        return slope * pre;
      });
    }
    return slopes;
  });
}

export function forward(model: Model, sample: number, slopes: Float64Array, theta: Float64Array): Forward {
  const { layers, neurons } = model;
  const weights = weightsOf(model, theta);
  const pre = new Float64Array(neurons.length);
  const scale = new Float64Array(neurons.length);
  const values: Float64Array[] = [model.inputs[sample]!];
  let index = 0;
  for (const layer of layers) {
    const below = values.at(-1)!;
    const hidden = layer !== layers.at(-1);
    const here = new Float64Array(layer.length);
    for (let unit = 0; unit < layer.length; unit++) {
      let sum = 0;
      let total = 0;
      for (const { from, weight } of layer[unit]!) {
        const term = weights[weight]! * below[from]!;
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
  return { weights, values, pre, scale };
}

/** The value of a margin after a forward pass of its sample. */
export function marginAt({ plus, minus }: Margin, { values }: Forward): number {
  const outputs = values.at(-1)!;
  return (plus === null ? 0 : outputs[plus]!) - (minus === null ? 0 : outputs[minus]!);
}

/** The values of all margins. */
export function marginsAt(model: Model, pattern: Pattern, theta: Float64Array): Float64Array {
  const passes = pattern.map((slopes, sample) => forward(model, sample, slopes, theta));
  return vector(model.margins.length, (k) => marginAt(model.margins[k]!, passes[model.margins[k]!.sample]!));
}

/** The margins of the given numbers, with their gradients. */
export function passesAt(model: Model, pattern: Pattern, numbers: readonly number[], theta: Float64Array): Pass[] {
  const forwards: Forward[] = [];
  return numbers.map((k) => {
    const margin = model.margins[k]!;
    const { sample } = margin;
    forwards[sample] ??= forward(model, sample, pattern[sample]!, theta);
    const through = forwards[sample];
    const top = model.layers.length - 1;
    return {
      margin: marginAt(margin, through),
      ...backward(model, through, pattern[sample]!, top, outputAdjoint(model, margin)),
    };
  });
}

/** ∂(margin)/∂Φ, which is 1, −1 or 0 for each output. */
function outputAdjoint({ layers }: Model, { plus, minus }: Margin): Float64Array {
  return vector(layers.at(-1)!.length, (unit) => (unit === plus ? 1 : unit === minus ? -1 : 0));
}

/** From a layer downwards: the gradient of Σ adjoint · (pre-activations of the layer), and its derivative in the neurons' outputs. */
function backward(
  { layers, size, neurons, frozen }: Model,
  { weights, values }: Forward,
  slopes: Float64Array,
  top: number,
  adjoint: Float64Array,
): Pick<Pass, "gradient" | "influence"> {
  const gradient = new Float64Array(size + frozen.length);
  const influence = new Float64Array(neurons.length);
  let index = layers.slice(0, top).reduce((n, layer) => n + layer.length, 0);
  let above = adjoint;
  for (let l = top; l >= 0; l--) {
    const layer = layers[l]!;
    const below = values[l]!;
    const back = new Float64Array(below.length);
    for (let unit = 0; unit < layer.length; unit++) {
      if (above[unit] === 0) continue;
      for (const { from, weight } of layer[unit]!) {
        gradient[weight]! += above[unit]! * below[from]!;
        back[from]! += above[unit]! * weights[weight]!;
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
  return { gradient: frozen.length === 0 ? gradient : gradient.subarray(0, size), influence };
}

/** The Hessian of a margin, p rows of p: the derivative of its gradient in every parameter direction. */
export function hessian(model: Model, margin: Margin, slopes: Float64Array, theta: Float64Array): Float64Array[] {
  const { layers, size, frozen } = model;
  const { weights, values } = forward(model, margin.sample, slopes, theta);
  const offsets = layers.map((_, l) => layers.slice(0, l).reduce((n, layer) => n + layer.length, 0));
  const slope = (l: number, unit: number) => (l === layers.length - 1 ? 1 : slopes[offsets[l]! + unit]!);
  const backs: Float64Array[] = [];
  let above = outputAdjoint(model, margin);
  for (let l = layers.length - 1; l >= 0; l--) {
    backs[l] = above;
    const back = new Float64Array(values[l]!.length);
    layers[l]!.forEach((row, unit) => {
      for (const { from, weight } of row) back[from]! += above[unit]! * weights[weight]!;
    });
    above = l > 0 ? back.map((b, unit) => b * slope(l - 1, unit)) : back;
  }
  return Array.from({ length: size }, (_, direction) => {
    // Tangents, in the direction of one parameter: first of the values, upwards, then of the gradient, downwards.
    const rates: Float64Array[] = [new Float64Array(values[0]!.length)];
    layers.forEach((layer, l) => {
      const rate = (row: Layer[number]) =>
        row.reduce(
          (sum, { from, weight }) =>
            sum + weights[weight]! * rates[l]![from]! + (weight === direction ? values[l]![from]! : 0),
          0,
        );
      rates.push(vector(layer.length, (unit) => slope(l, unit) * rate(layer[unit]!)));
    });
    const column = new Float64Array(size + frozen.length);
    let aboveRate = new Float64Array(layers.at(-1)!.length);
    for (let l = layers.length - 1; l >= 0; l--) {
      const backRate = new Float64Array(values[l]!.length);
      layers[l]!.forEach((row, unit) => {
        for (const { from, weight } of row) {
          column[weight]! += aboveRate[unit]! * values[l]![from]! + backs[l]![unit]! * rates[l]![from]!;
          backRate[from]! += aboveRate[unit]! * weights[weight]! + (weight === direction ? backs[l]![unit]! : 0);
        }
      });
      aboveRate = l > 0 ? backRate.map((b, unit) => b * slope(l - 1, unit)) : backRate;
    }
    return frozen.length === 0 ? column : column.subarray(0, size);
  });
}

/** ∇ of the pre-activation of a hidden neuron: the normal of its kink. */
export function kinkNormal(
  model: Model,
  sample: number,
  neuron: number,
  slopes: Float64Array,
  theta: Float64Array,
): Float64Array {
  const { layer, unit } = model.neurons[neuron]!;
  const adjoint = new Float64Array(model.layers[layer]!.length).with(unit, 1);
  return backward(model, forward(model, sample, slopes, theta), slopes, layer, adjoint).gradient;
}
