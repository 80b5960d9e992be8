/** The quadratic forms in the weights that the flow conserves (Du, Hu, Lee 2018). */
import type { Layer } from "../network/network.js";
import type { Model } from "./model.js";

/** A quadratic form Σ ± θ_jθ_k that the flow conserves. */
export interface Conserved {
  readonly plus: readonly (readonly [number, number])[];
  readonly minus: readonly (readonly [number, number])[];
}

/**
 * The conserved quantities that the architecture gives, between each two neighbouring layers l and l + 1: ‖incoming‖² − ‖outgoing‖² of
 * each hidden neuron whose weights are parameters that stand nowhere else; where there are others, ‖layer l‖² − ‖layer l+1‖² if all
 * weights of both are parameters of one layer; and all of W_lW_lᵀ − W_{l+1}ᵀW_{l+1} if both are full and the activation is linear.
 */
export function conservedQuantities({ layers, neurons, size, inputs }: Model): Conserved[] {
  const squares = (parameters: Iterable<number>) => [...new Set(parameters)].map((j) => [j, j] as const);
  const entries = layers.flatMap((layer, l) => layer.flat().map(({ weight }) => ({ weight, layer: l })));
  const isSingle = (weight: number) => weight < size && entries.filter((one) => one.weight === weight).length === 1;
  const isOfOneLayer = (weight: number) =>
    weight < size && new Set(entries.flatMap((one) => (one.weight === weight ? [one.layer] : []))).size === 1;
  const isFull = (layer: Layer, below: number) =>
    layer.every((row) => row.length === below && row.every(({ weight }) => isSingle(weight)));
  return layers.slice(0, -1).flatMap((layer, l) => {
    const above = layers[l + 1]!;
    const outgoing = (unit: number) => above.flat().filter(({ from }) => from === unit);
    const [own, next] = [layer, above].map((one) => one.flat().map(({ weight }) => weight));
    const all = [...own!, ...next!].every(isOfOneLayer) ? [{ plus: squares(own!), minus: squares(next!) }] : [];
    const single = layer.flatMap((row, unit) => {
      const [plus, minus] = [row, outgoing(unit)].map((list) => list.map(({ weight }) => weight));
      return [...plus!, ...minus!].every(isSingle) ? [{ plus: squares(plus!), minus: squares(minus!) }] : [];
    });
    const isLinear = neurons.every((neuron) => neuron.layer !== l || neuron.off === 1);
    const below = l === 0 ? inputs[0]!.length : layers[l - 1]!.length;
    const pairs =
      isLinear && isFull(layer, below) && isFull(above, layer.length)
        ? layer.flatMap((row, i) =>
            layer.slice(0, i).map((other, j) => ({
              plus: row.map((c, k) => [c.weight, other[k]!.weight] as const),
              minus: outgoing(i).map((c, k) => [c.weight, outgoing(j)[k]!.weight] as const),
            })),
          )
        : [];
    return [...(single.length < layer.length ? all : []), ...single, ...pairs];
  });
}

/** The value of the form at a vector, and the sum of the sizes of its terms. */
export function evaluateForm({ plus, minus }: Conserved, y: Float64Array): { value: number; size: number } {
  const total = (pairs: Conserved["plus"], term: (x: number) => number) =>
    pairs.reduce((sum, [j, k]) => sum + term(y[j]! * y[k]!), 0);
  return {
    value: total(plus, (x) => x) - total(minus, (x) => x),
    size: total(plus, Math.abs) + total(minus, Math.abs),
  };
}

/** The gradient of the form. */
export function formGradient({ plus, minus }: Conserved, y: Float64Array): Float64Array {
  const gradient = new Float64Array(y.length);
  for (const [pairs, sign] of [
    [plus, 1],
    [minus, -1],
  ] as const) {
    for (const [j, k] of pairs) {
      gradient[j]! += sign * y[k]!;
      gradient[k]! += sign * y[j]!;
    }
  }
  return gradient;
}
