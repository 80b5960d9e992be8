/** What the parts of a proof about an enclosed point have in common: names, certain digits, and the groups of hidden units. */
import type { Interval } from "../../../exact/interval.js";
import { evaluate, type MultivariatePolynomial } from "../../../exact/multivariate.js";
import { Q, type Rational } from "../../../exact/rational.js";
import type { EnclosedFacts, UnitState } from "../../../kernel/enclosed/system.js";
import { type Pass, propagate } from "../../../kernel/forward.js";
import { type Margin, marginOf } from "../../../network/instance.js";
import { isLinearLayer, isUnshared } from "../../../network/network.js";
import { marginIndex } from "../notation.js";
import { digitsLatex } from "./decimals.js";

/** Hidden units whose weights are multiples of those of one of them, on all of the range of B. */
export interface Group {
  readonly units: readonly { readonly unit: number; readonly share: Rational }[];
  /** The unit of share 1, the largest. */
  readonly first: number;
}

/** The hidden units of a network of depth 2 with one output that shares no weights: with its groups, and those without weights. */
export interface HiddenUnits {
  readonly groups: readonly Group[];
  readonly dead: readonly number[];
  /** Whether some group has fewer unknowns than one of its units has weights. */
  readonly isConfined: boolean;
  /** The parameter of each unit's outgoing weight; none where nothing reads it. */
  readonly outgoing: ReadonlyMap<number, number>;
}

export interface View {
  readonly facts: EnclosedFacts;
  readonly active: readonly Margin[];
  /** Null where the network is of another kind. */
  readonly hidden: HiddenUnits | null;
  /** The name of an unknown, in the order φ, λ, τ. */
  readonly unknown: (v: number) => string;
  readonly digits: (x: Interval, most: number) => string;
  /** Encloses a polynomial in the unknowns at the zero. */
  readonly enclose: (p: MultivariatePolynomial<Rational>) => Interval;
  /** The units of layers with kinks at a sample with active margins. */
  readonly unitsAt: (sample: number) => readonly UnitState[];
  /** Units whose pre-activation is zero at a sample with active margins. */
  readonly zeros: readonly UnitState[];
}

export function viewOf(facts: EnclosedFacts): View {
  const { point, margins, problem, units, ring } = facts;
  const active = point.active.map((j) => margins[j]!);
  const [q, a] = [point.range.length, active.length];
  const zero = [...facts.phi, ...facts.lambda, ...facts.tau];
  return {
    facts,
    active,
    hidden: hiddenOf(facts),
    unknown: (v) => {
      if (v < q) return `\\varphi_{${v + 1}}`;
      return v < q + a ? `\\lambda_{${marginIndex(problem.network, active[v - q]!)}}` : `\\tau_{${v - q - a + 1}}`;
    },
    enclose: (p) => evaluate(ring, ring.enclose, p, (v) => zero[v]!),
    digits: (x, most) => digitsLatex(x, ring.precision, most),
    unitsAt: (sample) => units.filter(({ at }) => at.sample === sample),
    zeros: units.filter(isZero),
  };
}

export function isZero({ state, z }: UnitState): boolean {
  return state === "?" || z.size === 0;
}

/** The row of B of a parameter: its coefficients by unknown. */
export function rangeRow({ point }: EnclosedFacts, parameter: number): ReadonlyMap<number, Rational> {
  return new Map(
    point.range.flatMap((column, v) => {
      const c = column.get(parameter);
      return c === undefined ? [] : [[v, c] as const];
    }),
  );
}

function hiddenOf(facts: EnclosedFacts): HiddenUnits | null {
  const { network } = facts.problem;
  const fits =
    network.layers.length === 2 && network.outputs === 1 && network.frozen.length === 0 && isUnshared(network);
  if (!fits) return null;
  const outgoing = new Map(network.layers[1]![0]!.map(({ from, weight }) => [from, weight]));
  const live: { unit: number; rows: Rows }[] = [];
  const dead: number[] = [];
  for (const [unit, row] of network.layers[0]!.entries()) {
    const own = [...row.map(({ from, weight }) => [from, weight] as const), [-1, outgoing.get(unit) ?? -1] as const];
    const rows = new Map(own.map(([from, weight]) => [from, rangeRow(facts, weight)]));
    if ([...rows.values()].every((one) => one.size === 0)) dead.push(unit);
    else live.push({ unit, rows });
  }
  const groups: { units: { unit: number; share: Rational }[]; rows: Rows }[] = [];
  for (const { unit, rows } of live) {
    const ratios = groups.map((group) => ratioOf(rows, group.rows));
    const own = ratios.findIndex((ratio) => ratio !== null);
    if (own === -1) groups.push({ units: [{ unit, share: Q.one }], rows });
    else groups[own]!.units.push({ unit, share: ratios[own]! });
  }
  const isConfined = groups.some(({ rows }) => {
    const unknowns = new Set([...rows.values()].flatMap((row) => [...row.keys()]));
    return unknowns.size < rows.size;
  });
  return { groups: groups.map(({ units }) => scaledToLargest(units)), dead, isConfined, outgoing };
}

/** The weights of a unit, incoming by input and then the outgoing one, as forms in φ. */
type Rows = ReadonlyMap<number, ReadonlyMap<number, Rational>>;

/** c > 0 with rows = c · others, or null. */
function ratioOf(rows: Rows, others: Rows): Rational | null {
  const pairs = [...rows].map(([from, row]) => [row, others.get(from)] as const);
  const [first] = pairs.flatMap(([row, other]) => [...row].map(([v, c]) => [c, other?.get(v)] as const));
  if (rows.size !== others.size || first?.[1] === undefined) return null;
  const ratio = Q.div(first[0], first[1]);
  const agrees = pairs.every(
    ([row, other]) =>
      other?.size === row.size &&
      [...row].every(([v, c]) => other.has(v) && Q.isZero(Q.sub(c, Q.mul(ratio, other.get(v)!)))),
  );
  return agrees && Q.sign(ratio) > 0 ? ratio : null;
}

function scaledToLargest(units: readonly { readonly unit: number; readonly share: Rational }[]): Group {
  const largest = units.reduce((best, one) => (Q.sign(Q.sub(one.share, best.share)) > 0 ? one : best));
  return {
    units: units.map(({ unit, share }) => ({ unit, share: Q.div(share, largest.share) })),
    first: largest.unit,
  };
}

/** The enclosed margins of all samples. */
export function marginValues({ problem, ring, theta, margins }: EnclosedFacts): Interval[] {
  const { network, data, frozen } = problem;
  const weights = [...theta, ...frozen.map(ring.enclose)];
  const slopes = network.slopes.map(ring.enclose);
  const passes = new Map<number, Pass<Interval>>();
  return margins.map((margin) => {
    let pass = passes.get(margin.sample);
    if (pass === undefined) {
      const inputs = data[margin.sample]!.x.map(ring.enclose);
      pass = propagate(ring, network, weights, inputs, (z, layer) => ring.activate(z, slopes[layer]!));
      passes.set(margin.sample, pass);
    }
    return marginOf(ring, margin, pass.outputs);
  });
}

/** The hidden units of layers with kinks. */
export function kinkedUnits({
  problem: { network },
}: EnclosedFacts): { readonly layer: number; readonly unit: number }[] {
  return network.layers
    .slice(0, -1)
    .flatMap((layer, l) => (isLinearLayer(network, l) ? [] : layer.map((_, unit) => ({ layer: l, unit }))));
}
