/** The quadratic forms in the weights that the flow conserves (Du, Hu, Lee 2018). */
import type { Model } from "./model.js";

/** A quadratic form Σ ± θ_jθ_k that the flow conserves. */
export interface Conserved {
  readonly plus: readonly (readonly [number, number])[];
  readonly minus: readonly (readonly [number, number])[];
}

/**
 * The conserved quantities that the architecture gives: ‖incoming‖² − ‖outgoing‖² of each hidden neuron that shares no weight; of
 * layers with other neurons, ‖layer l‖² − ‖layer l+1‖²; and all of W_lW_lᵀ − W_{l+1}ᵀW_{l+1} in fully connected linear networks.
 */
export function conservedQuantities(model: Model, dense: boolean): Conserved[] {
  const squares = (parameters: Iterable<number>) => [...new Set(parameters)].map((j) => [j, j] as const);
  const uses = new Map<number, number>();
  for (const { parameter } of model.layers.flat(2)) uses.set(parameter, (uses.get(parameter) ?? 0) + 1);
  return model.layers.slice(0, -1).flatMap((layer, l) => {
    const above = model.layers[l + 1]!;
    const outgoing = (unit: number) => above.flat().filter(({ from }) => from === unit);
    const all = {
      plus: squares(layer.flat().map((c) => c.parameter)),
      minus: squares(above.flat().map((c) => c.parameter)),
    };
    const single = layer.flatMap((row, unit) => {
      const [plus, minus] = [row, outgoing(unit)].map((list) => list.map((c) => c.parameter));
      return [...plus!, ...minus!].every((j) => uses.get(j) === 1)
        ? [{ plus: squares(plus!), minus: squares(minus!) }]
        : [];
    });
    const pairs =
      !dense || model.off !== 1
        ? []
        : layer.flatMap((row, i) =>
            layer.slice(0, i).map((other, j) => ({
              plus: row.map((c, k) => [c.parameter, other[k]!.parameter] as const),
              minus: outgoing(i).map((c, k) => [c.parameter, outgoing(j)[k]!.parameter] as const),
            })),
          );
    return [...(single.length < layer.length ? [all] : []), ...single, ...pairs];
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
