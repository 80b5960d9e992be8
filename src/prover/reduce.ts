/**
 * Smaller instances with the same question: hidden units whose incoming and outgoing weights are all zero contribute nothing,
 * so that a descent among the other units is a descent of the whole.
 */
import type { Curve, Instance } from "../certificate/format.js";
import type { Connection, Network } from "../problem/network.js";

export interface Reduction<E> {
  readonly instance: Instance<E>;
  /** The parameter of the whole network for each parameter of the smaller one. */
  readonly parameters: readonly number[];
}

/** The hidden units, as [layer, unit], all of whose incoming and outgoing weights are zero at θ. */
export function deadUnits<E>({ network, field: K, point }: Instance<E>): [number, number][] {
  return network.layers.slice(0, -1).flatMap((layer, l) =>
    layer.flatMap((row, unit): [number, number][] => {
      const incoming = row.every(({ parameter }) => K.isZero(point[parameter]!));
      const outgoing = network.layers[l + 1]!.every((above) =>
        above.every(({ from, parameter }) => from !== unit || K.isZero(point[parameter]!)),
      );
      return incoming && outgoing ? [[l, unit]] : [];
    }),
  );
}

/** The instance without some dead units. */
export function withoutUnits<E>(instance: Instance<E>, removed: readonly (readonly [number, number])[]): Reduction<E> {
  const { network, point } = instance;
  const gone = new Set(removed.map(String));
  const kept: number[] = [];
  const indexOf = new Map<number, number>();
  let positions = new Map(Array.from({ length: network.inputs }, (_, k) => [k, k] as const));
  const layers = network.layers.map((layer, l) => {
    const stays = layer.flatMap((_, unit) => (gone.has(`${l},${unit}`) ? [] : [unit]));
    const rows = stays.map((unit) =>
      layer[unit]!.flatMap(({ from, parameter }): Connection[] => {
        const position = positions.get(from);
        if (position === undefined) return [];
        if (!indexOf.has(parameter)) {
          indexOf.set(parameter, kept.length);
          kept.push(parameter);
        }
        return [{ from: position, parameter: indexOf.get(parameter)! }];
      }),
    );
    positions = new Map(stays.map((unit, k) => [unit, k]));
    return rows;
  });
  const smaller: Network = { ...network, layers, parameters: kept.map((k) => network.parameters[k]!) };
  return { instance: { ...instance, network: smaller, point: kept.map((k) => point[k]!) }, parameters: kept };
}

/** A curve of the smaller instance, in the whole. */
export function liftCurve<E>({ parameters }: Reduction<E>, { end, steps }: Curve<E>): Curve<E> {
  return { end, steps: steps.map((step) => new Map([...step].map(([k, c]) => [parameters[k]!, c]))) };
}
