/**
 * Limits up to what changes neither the network's function nor its norm: the order of the units of a layer, and how units of one direction share
 * what they do. With w the incoming weights of a unit and v its outgoing ones, (a_j w, a_j v) for all a with Σ a_j² = 1 have the same
 * outputs and the same norm, and are KKT points all or none (where incoming and outgoing weights are as long): merged they are (w, v). Units that are zero are dropped; signs of units of
 * linear layers are turned. Where weights are frozen only the order is free; where weights are shared, a point is its own form.
 *
 * Local optimality is *not* a property of the form: of the points of one form those with a unit that is zero have it to wake, those where
 * units share a direction can split it. So points come with their arrangement.
 */
import type { Problem } from "../network/instance.js";
import { isLinearLayer, isUnshared, type Network } from "../network/network.js";
import { distance, dot, joined, norm, scaled } from "../numeric/matrix.js";
import type { Symmetry } from "./data-symmetry.js";

/** A network of merged units: of each hidden layer the weights that come in, by the units below, and at last those of the outputs. */
export interface CanonicalForm {
  readonly layers: readonly (readonly CanonicalUnit[])[];
  /** The outputs' rows over the top hidden layer. */
  readonly outputs: readonly Float64Array[];
}

export interface CanonicalUnit {
  /** Which inputs or units below it may read, which units above may read it: units that differ here are not exchanged. */
  readonly place: string;
  readonly incoming: Float64Array;
  readonly outgoing: Float64Array;
  /** The units of the network that are merged in it. */
  readonly members: readonly number[];
}

/** How the units of the network realise a form. */
export interface Arrangement {
  /** Per hidden layer, of each merged unit in the form's order, the units that share it. */
  readonly groups: readonly (readonly (readonly number[])[])[];
  /** Per hidden layer the units that are zero. */
  readonly dead: readonly (readonly number[])[];
}

/** Of the length of a point: what counts as zero, and as one direction. Points come from Newton's method, which leaves far less. */
const SAME = 1e-6;

/** The form of a point, in floating point and up to order. */
export function canonicalForm(
  problem: Problem<unknown>,
  theta: ArrayLike<number>,
): { readonly form: CanonicalForm; readonly arrangement: Arrangement } {
  const { network, frozen } = problem;
  const isOrdered = isUnshared(network);
  const isFree = isOrdered && frozen.length === 0;
  const { layers } = network;
  const size = norm(Float64Array.from(theta));
  const matrices = layers.map((layer, l) => {
    const below = l === 0 ? network.inputs : layers[l - 1]!.length;
    return layer.map((row) => {
      const dense = new Float64Array(below);
      for (const { from, weight } of row)
        dense[from] =
          weight < network.parameters.length
            ? theta[weight]!
            : Number(problem.field.toNumber(frozen[weight - network.parameters.length]));
      return dense;
    });
  });
  const groups: number[][][] = [];
  const dead: number[][] = [];
  const merged: CanonicalUnit[][] = [];
  /** Of each merged unit below, or input: its members, of which the first stands for all. */
  let sources = Array.from({ length: network.inputs }, (_, k) => ({ factor: 1, sign: 1, head: k }));
  for (let l = 0; l < layers.length - 1; l++) {
    const own = matrices[l]!;
    const above = matrices[l + 1]!;
    const units = own.map((row, unit) => {
      const incoming = Float64Array.from(sources, ({ factor, sign, head }) => factor * sign * row[head]!);
      const outgoing = Float64Array.from(above, (upper) => upper[unit]!);
      return { unit, incoming, outgoing, place: placeOf(network, l, unit), sign: 1 };
    });
    const isLive = (one: (typeof units)[0]) =>
      !isFree || (norm(one.incoming) > SAME * size && norm(one.outgoing) > SAME * size);
    const live = units.filter(isLive).map((one) => {
      const sign = isFree && isLinearLayer(network, l) && leadingSign(one.incoming) < 0 ? -1 : 1;
      return { ...one, sign, incoming: scaled(sign, one.incoming), outgoing: scaled(sign, one.outgoing) };
    });
    dead.push(units.filter((one) => !isLive(one)).map(({ unit }) => unit));
    const together: (typeof live)[] = [];
    for (const one of live) {
      const group = isFree
        ? together.find(
            ([first]) =>
              first!.place === one.place &&
              areParallel(joined(first!.incoming, first!.outgoing), joined(one.incoming, one.outgoing)),
          )
        : undefined;
      if (group === undefined) together.push([one]);
      else group.push(one);
    }
    const ordered = together.map((members) => {
      const [first] = members as [(typeof live)[0]];
      const stretch = (part: "incoming" | "outgoing") =>
        Math.hypot(...members.map((one) => norm(one[part]))) / norm(first[part]);
      const [incoming, outgoing] = [
        members.length === 1 ? first.incoming : scaled(stretch("incoming"), first.incoming),
        members.length === 1 ? first.outgoing : scaled(stretch("outgoing"), first.outgoing),
      ];
      return { first, members, incoming, outgoing };
    });
    if (isOrdered) ordered.sort((a, b) => compare(a.incoming, b.incoming) || compare(a.outgoing, b.outgoing));
    sources = ordered.map(({ first, members, outgoing }) => ({
      factor: members.length === 1 ? 1 : norm(outgoing) / norm(first.outgoing),
      sign: first.sign,
      head: first.unit,
    }));
    groups.push(ordered.map(({ members }) => members.map(({ unit }) => unit)));
    merged.push(
      ordered.map(({ first, members, incoming, outgoing }) => ({
        place: first.place,
        incoming,
        outgoing,
        members: members.map(({ unit }) => unit),
      })),
    );
  }
  const outputs = matrices
    .at(-1)!
    .map((row) => Float64Array.from(sources, ({ factor, sign, head }) => factor * sign * row[head]!));
  return { form: { layers: merged, outputs }, arrangement: { groups, dead } };
}

/**
 * The distance of two forms up to the order of units, layer by layer from the inputs: each unit is matched with the closest one left.
 * Infinite where they have different numbers of units.
 */
export function formDistance(a: CanonicalForm, b: CanonicalForm): number {
  if (a.layers.some((layer, l) => layer.length !== b.layers[l]!.length)) return Number.POSITIVE_INFINITY;
  let total = 0;
  // Where the units of the layer below went: the place in b of each place in a; null for the inputs.
  let below: number[] | null = null;
  for (const [l, layer] of a.layers.entries()) {
    const others = b.layers[l]!;
    const free = new Set(others.keys());
    const isTop = l === a.layers.length - 1;
    const matched: number[] = [];
    for (const unit of layer) {
      let best = -1;
      let least = Number.POSITIVE_INFINITY;
      let square = 0;
      for (const place of free) {
        const other = others[place]!;
        if (other.place !== unit.place) continue;
        const own = gap(unit.incoming, other.incoming, below);
        // Of outgoing weights only the length counts where they go to units that are themselves to be matched.
        const out = isTop
          ? distance(unit.outgoing, other.outgoing) ** 2
          : (norm(unit.outgoing) - norm(other.outgoing)) ** 2;
        if (own + out < least) [best, least, square] = [place, own + out, own];
      }
      if (best === -1) return Number.POSITIVE_INFINITY;
      free.delete(best);
      matched.push(best);
      total += square;
    }
    below = matched;
  }
  for (const [k, row] of a.outputs.entries()) total += gap(row, b.outputs[k]!, below);
  return Math.sqrt(total);
}

/** The square of the distance of rows over units, those of the second in the order of the first's. */
function gap(u: Float64Array, v: Float64Array, order: readonly number[] | null): number {
  let sum = 0;
  for (let k = 0; k < u.length; k++) sum += (u[k]! - v[order === null ? k : order[k]!]!) ** 2;
  return sum;
}

/** Whether two arrangements are of one sort: which units share, and whether one is zero, decides about local optimality; not how many. */
export function arrangementKey({ groups, dead }: Arrangement): string {
  return groups
    .map(
      (layer, l) =>
        `${layer.map((members) => (members.length > 1 ? "s" : "1")).join("")}${dead[l]!.length > 0 ? "0" : ""}`,
    )
    .join("/");
}

/** A KKT point that a start led to, of least margin 1. */
export interface LimitPoint {
  readonly theta: Float64Array;
  /** Of its enclosure. */
  readonly radius: number;
  /** In how many directions its system leaves it free. */
  readonly freedom: number;
  /** The numbers of its active margins. */
  readonly active: readonly number[];
}

/** A limit as it is compared with others: the forms of its point and of what the symmetries make of it, and how far it may be off. */
export interface ComparedLimit {
  readonly forms: readonly CanonicalForm[];
  readonly radius: number;
  /** Where it is one of a continuum, beyond how units share: what all of the continuum have, and their norm. */
  readonly continuum: { readonly key: string; readonly norm: number } | null;
}

export function comparedLimit(
  problem: Problem<unknown>,
  { theta, radius, freedom, active }: LimitPoint,
  symmetries: readonly Symmetry[] = [],
): ComparedLimit {
  const { form, arrangement } = canonicalForm(problem, theta);
  const images = symmetries.map((symmetry) => canonicalForm(problem, symmetry(theta)).form);
  const sharing = arrangement.groups.flat().reduce((sum, members) => sum + members.length - 1, 0);
  const key = `${[...active].sort((a, b) => a - b).join()} ${arrangementKey(arrangement)}`;
  const continuum = freedom > sharing ? { key, norm: norm(theta) } : null;
  return { forms: [form, ...images], radius, continuum };
}

/** Whether the enclosures of two limits meet, for one of the symmetries; of a continuum, whether those of their norms do. */
export function isSameLimit(a: ComparedLimit, b: ComparedLimit): boolean {
  const [own] = b.forms as [CanonicalForm];
  const within = a.radius + b.radius;
  if (a.continuum !== null && b.continuum !== null)
    return a.continuum.key === b.continuum.key && Math.abs(a.continuum.norm - b.continuum.norm) <= within;
  return a.forms.some((form) => formDistance(form, own) <= within);
}

function placeOf({ layers, source }: Network, l: number, unit: number): string {
  if (source.kind === "fully-connected") return "";
  const above = layers[l + 1]!.flatMap((row, k) => (row.some(({ from }) => from === unit) ? [k] : []));
  return `${layers[l]![unit]!.map(({ from }) => from).join()} ${above.join()}`;
}

function areParallel(u: Float64Array, v: Float64Array): boolean {
  const [a, b] = [norm(u), norm(v)];
  return dot(u, v) > 0 && distance(scaled(1 / a, u), scaled(1 / b, v)) <= SAME;
}

/** Of the first entry that is nearly the largest. */
function leadingSign(u: Float64Array): number {
  const most = Math.max(...u.map(Math.abs));
  return u.find((x) => Math.abs(x) > most * (1 - SAME))! < 0 ? -1 : 1;
}

/** The order of vectors, largest entries first, where they differ by more than rounding. */
function compare(u: Float64Array, v: Float64Array): number {
  for (let k = 0; k < u.length; k++) if (Math.abs(u[k]! - v[k]!) > SAME) return v[k]! - u[k]!;
  return 0;
}
