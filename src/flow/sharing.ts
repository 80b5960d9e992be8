/** In what a limit differs from the point of its problem where it has the same canonical form: in the order and the sharing of neurons. */
import type { Problem } from "../network/instance.js";
import { isUnshared } from "../network/network.js";
import { distance, norm, scaled } from "../numeric/matrix.js";
import { type CanonicalForm, canonicalForm, formDistance } from "./canonical.js";

/** In which two points differ; neurons count from 1. Not both lists are empty. */
export interface Difference {
  /** Neurons that stand in each other's place. */
  readonly order: readonly number[];
  /** Neurons that share otherwise, those of one direction in one list. */
  readonly sharing: readonly (readonly number[])[];
}

/** Of the length of a point: directions and sizes are the same below this. */
const SAME = 1e-6;

/**
 * How a limit differs from the point of its problem, as directions, where it does so in the order and the sharing of neurons only; null where
 * it differs otherwise or not at all, and for networks that are not of depth 2 with each weight a parameter of its own.
 */
export function differenceFromPoint(problem: Problem<unknown>, limit: readonly number[]): Difference | null {
  const { network, field, point } = problem;
  if (point === null || network.layers.length !== 2 || network.frozen.length > 0 || !isUnshared(network)) return null;
  const [mine, given] = [limit, point.map((value) => field.toNumber(value))].map((values) => {
    const theta = Float64Array.from(values);
    const unit = scaled(1 / norm(theta), theta);
    return { theta: unit, ...canonicalForm(problem, unit) };
  }) as [Placed, Placed];
  if (formDistance(given.form, mine.form) > SAME) return null;
  const [wanted, found] = [given.arrangement.groups[0]!, mine.arrangement.groups[0]!];
  const units = [...network.layers[0]!.keys()];
  const placeIn = (groups: readonly (readonly number[])[], unit: number) =>
    groups.findIndex((members) => members.includes(unit));
  const number = (neurons: Iterable<number>) => [...new Set(neurons)].sort((a, b) => a - b).map((unit) => unit + 1);
  const size = ({ theta }: Placed, unit: number) => {
    const own = network.layers[0]![unit]!.map(({ weight }) => theta[weight]!);
    const up = network.layers[1]!.flatMap((row) =>
      row.flatMap(({ from, weight }) => (from === unit ? [theta[weight]!] : [])),
    );
    return Math.hypot(...own, ...up);
  };
  const sizes = (placed: Placed, members: readonly number[]) =>
    Float64Array.from(members, (unit) => size(placed, unit)).sort();
  const shared = [...wanted.keys()].filter((k) => {
    const [a, b] = [sizes(given, wanted[k]!), sizes(mine, found[k]!)];
    return a.length !== b.length || distance(a, b) > SAME;
  });
  const moved = units.filter((unit) => placeIn(wanted, unit) !== placeIn(found, unit));
  if (shared.length === 0) {
    const resized = units.filter((unit) => Math.abs(size(given, unit) - size(mine, unit)) > SAME);
    const order = number([...moved, ...resized]);
    return order.length === 0 ? null : { order, sharing: [] };
  }
  // A neuron that is dead in one of them has a share of zero there.
  const swapped = moved.filter((unit) => placeIn(wanted, unit) !== -1 && placeIn(found, unit) !== -1);
  return { order: number(swapped), sharing: shared.map((k) => number([...wanted[k]!, ...found[k]!])) };
}

interface Placed extends ReturnType<typeof canonicalForm> {
  readonly theta: Float64Array;
  readonly form: CanonicalForm;
}
