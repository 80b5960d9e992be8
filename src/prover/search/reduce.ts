/**
 * Smaller instances with the same question: hidden units whose incoming and outgoing weights are all zero contribute nothing,
 * so that a descent among the other units is a descent of the whole.
 */
import type { SparseVector } from "../../network/codec.js";
import { type Instance, weightsOf } from "../../network/instance.js";
import type { Connection, Network } from "../../network/network.js";

export interface Reduction<E> {
  readonly instance: Instance<E>;
  /** The parameter of the whole network for each parameter of the smaller one. */
  readonly parameters: readonly number[];
}

/** A hidden unit, as its layer and its number. */
export type HiddenUnit = readonly [number, number];

/**
 * The hidden units all of whose incoming and outgoing weights are zero at θ, and of which the one or the other stay zero without
 * them: no weight of these is also that of a connection among the other units.
 */
export function deadUnits<E>(instance: Instance<E>): HiddenUnit[] {
  const { network, field: K, point } = instance;
  const { layers } = network;
  const isZero = weightsOf(instance, point).map(K.isZero);
  let dead: { unit: HiddenUnit; sides: number[][] }[] = layers.slice(0, -1).flatMap((layer, l) =>
    layer.flatMap((row, unit) => {
      const incoming = row.map(({ weight }) => weight);
      const above = layers[l + 1]!.flat().filter(({ from }) => from === unit);
      const sides = [incoming, above.map(({ weight }) => weight)];
      return sides.flat().every((weight) => isZero[weight]) ? [{ unit: [l, unit] as const, sides }] : [];
    }),
  );
  for (let before = -1; before !== dead.length; ) {
    before = dead.length;
    const gone = new Set(dead.map(({ unit }) => String(unit)));
    const kept = layers.flatMap((layer, l) =>
      layer.flatMap((row, unit) =>
        gone.has(`${l},${unit}`)
          ? []
          : row.filter(({ from }) => !gone.has(`${l - 1},${from}`)).map(({ weight }) => weight),
      ),
    );
    const moving = new Set(kept.filter((weight) => weight < point.length));
    dead = dead.filter(({ sides }) => sides.some((weights) => weights.every((weight) => !moving.has(weight))));
  }
  return dead.map(({ unit }) => unit);
}

/**
 * Whether a dead unit stands beside a live one of a fully connected network: the live one's weights can be shared out between them at the same
 * norm, so that the point is no strict optimum.
 */
export function hasTwins<E>(instance: Instance<E>): boolean {
  if (instance.network.source.kind !== "fully-connected") return false;
  const dead = deadUnits(instance);
  return dead.some(([layer]) => dead.filter((one) => one[0] === layer).length < instance.network.layers[layer]!.length);
}

/** The instance without some dead units. */
export function withoutUnits<E>(instance: Instance<E>, removed: readonly HiddenUnit[]): Reduction<E> {
  const { network, point } = instance;
  const gone = new Set(removed.map(String));
  const stays = network.layers.map((layer, l) => layer.flatMap((_, unit) => (gone.has(`${l},${unit}`) ? [] : [unit])));
  const layers = network.layers.map((layer, l) => {
    const position = l === 0 ? null : new Map(stays[l - 1]!.map((unit, k) => [unit, k]));
    return stays[l]!.map((unit) =>
      layer[unit]!.flatMap(({ from, weight }): Connection[] => {
        const at = position === null ? from : position.get(from);
        return at === undefined ? [] : [{ from: at, weight }];
      }),
    );
  });
  // The weights that are left, in order of first appearance; the constants, all of them, come after.
  const used = new Set(layers.flat(2).map(({ weight }) => weight));
  const parameters = [...used].filter((weight) => weight < point.length);
  const indexOf = new Map(parameters.map((weight, k) => [weight, k]));
  const renumbered = (weight: number) => indexOf.get(weight) ?? weight - point.length + parameters.length;
  const smaller: Network = {
    ...network,
    layers: layers.map((layer) =>
      layer.map((row) => row.map(({ from, weight }) => ({ from, weight: renumbered(weight) }))),
    ),
    parameters: parameters.map((k) => network.parameters[k]!),
  };
  return { instance: { ...instance, network: smaller, point: parameters.map((k) => point[k]!) }, parameters };
}

/** A vector of the smaller instance's parameters, in the whole. */
export function liftVector<E>({ parameters }: Reduction<E>, vector: SparseVector<E>): SparseVector<E> {
  return new Map([...vector].map(([k, c]) => [parameters[k]!, c]));
}
