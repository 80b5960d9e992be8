/**
 * Points that are the same up to what a network of depth 2 leaves open: the order of its hidden neurons, and how neurons of one direction
 * share what they do. With w the incoming weights of a neuron and v its outgoing ones, (a_j w, a_j v) for all a with Σ a_j² = 1 have the
 * same outputs, the same norm, and are KKT points all or none.
 */
import type { Problem } from "../network/instance.js";
import { isUnshared } from "../network/network.js";
import { distance, norm, scaled } from "./matrix.js";

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
    return neuronsOf(problem, scaled(1 / norm(theta), theta));
  }) as [Neuron[], Neuron[]];
  const [found, wanted] = [groupsOf(mine), groupsOf(given)];
  if (found.length !== wanted.length) return null;
  const pairs = wanted.map((group) => ({ group, others: found.filter((other) => isSame(group, other)) }));
  if (pairs.some(({ others }) => others.length !== 1)) return null;
  if (new Set(pairs.map(({ others }) => others[0])).size < pairs.length) return null;

  const number = (neurons: Iterable<number>) => [...new Set(neurons)].sort((a, b) => a - b).map((unit) => unit + 1);
  const places = (list: readonly Group[]) =>
    mine.map((_, unit) => list.findIndex(({ members }) => members.some((one) => one.unit === unit)));
  const before = places(wanted);
  const after = places(pairs.map(({ others }) => others[0]!));
  const sizes = ({ members }: Group) => Float64Array.from(members, ({ size }) => size).sort();
  const shared = pairs.filter(({ group, others: [other] }) => {
    const [a, b] = [sizes(group), sizes(other!)];
    return a.length !== b.length || distance(a, b) > SAME;
  });
  const moved = mine.flatMap(({ unit }) => (before[unit] === after[unit] ? [] : [unit]));
  const resized = mine.flatMap(({ unit, size }) => (Math.abs(size - given[unit]!.size) > SAME ? [unit] : []));
  if (shared.length === 0) {
    const order = number([...moved, ...resized]);
    return order.length === 0 ? null : { order, sharing: [] };
  }
  // A neuron that is dead in one of them has a share of zero there.
  const swapped = moved.filter((unit) => before[unit] !== -1 && after[unit] !== -1);
  const sharing = shared.map(({ group, others: [other] }) =>
    number([...group.members, ...other!.members].map(({ unit }) => unit)),
  );
  return { order: number(swapped), sharing };
}

interface Neuron {
  readonly unit: number;
  readonly incoming: Float64Array;
  readonly outgoing: Float64Array;
  /** The length of both together. */
  readonly size: number;
}

function neuronsOf({ network }: Problem<unknown>, theta: Float64Array): Neuron[] {
  const [hidden, top] = network.layers as [(typeof network.layers)[0], (typeof network.layers)[0]];
  return hidden.map((row, unit) => {
    const incoming = new Float64Array(network.inputs);
    for (const { from, weight } of row) incoming[from] = theta[weight]!;
    const outgoing = Float64Array.from(top, (output) => {
      const connection = output.find(({ from }) => from === unit);
      return connection === undefined ? 0 : theta[connection.weight]!;
    });
    return { unit, incoming, outgoing, size: Math.hypot(norm(incoming), norm(outgoing)) };
  });
}

/** The neurons of one direction, as the one neuron that does what they do together. */
interface Group {
  readonly members: readonly Neuron[];
  readonly incoming: Float64Array;
  readonly outgoing: Float64Array;
  /** Σ ‖w_j‖ ‖v_j‖ */
  readonly mass: number;
}

function groupsOf(neurons: readonly Neuron[]): Group[] {
  const groups: Neuron[][] = [];
  const unit = (u: Float64Array) => scaled(1 / (norm(u) || 1), u);
  for (const one of neurons) {
    if (one.size <= SAME) continue;
    const group = groups.find(
      ([first]) =>
        distance(unit(first!.incoming), unit(one.incoming)) <= SAME &&
        distance(unit(first!.outgoing), unit(one.outgoing)) <= SAME,
    );
    if (group === undefined) groups.push([one]);
    else group.push(one);
  }
  return groups.map((members) => {
    const merged = (part: (neuron: Neuron) => Float64Array) =>
      scaled(Math.hypot(...members.map((one) => norm(part(one)))), unit(part(members[0]!)));
    return {
      members,
      incoming: merged(({ incoming }) => incoming),
      outgoing: merged(({ outgoing }) => outgoing),
      mass: members.reduce((sum, { incoming, outgoing }) => sum + norm(incoming) * norm(outgoing), 0),
    };
  });
}

function isSame(a: Group, b: Group): boolean {
  return (
    distance(a.incoming, b.incoming) <= SAME &&
    distance(a.outgoing, b.outgoing) <= SAME &&
    Math.abs(a.mass - b.mass) <= SAME
  );
}
