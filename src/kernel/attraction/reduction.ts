/**
 * What the flow cannot leave: a space W = V ⊕ E on which, under a pattern, the margins are polynomials q(φ) in the coordinates of V alone and
 * all their gradients lie in V. There the flow is the gradient flow of the q in V, and E stands still. (`proofs/theory.md`, §13.1.)
 */
import { dot, equals, squaredNorm } from "../../exact/field.js";
import type { Interval, IntervalRing } from "../../exact/interval.js";
import {
  accumulate,
  constant,
  type MultivariatePolynomial,
  multivariateRing,
  shiftedVariable,
  type Term,
} from "../../exact/multivariate.js";
import type { SparseVector } from "../../network/codec.js";
import { marginOf, marginsOf, marginText, type Problem } from "../../network/instance.js";
import { isLinearLayer, type Network } from "../../network/network.js";
import { ensure } from "../ensure.js";
import { forward, gradientOver, type Pattern, type UnitAtSample } from "../forward.js";

/** Orthogonal bases: of V, in which the flow runs, and of the idle directions E, orthogonal to V. */
export interface Reduction<E> {
  readonly range: readonly SparseVector<E>[];
  readonly idle: readonly SparseVector<E>[];
}

/** A pre-activation that has to keep a strict sign. */
export interface KeptSign<E> {
  readonly at: UnitAtSample;
  readonly on: boolean;
  /** In the coordinates φ, then η. */
  readonly z: MultivariatePolynomial<E>;
}

/** What holds on W = {Bφ + Cη} while the kept signs are kept. */
export interface Reduced<E> {
  readonly problem: Problem<E>;
  readonly reduction: Reduction<E>;
  /** Per sample. */
  readonly patterns: readonly Pattern[];
  /** The squared lengths of the basis vectors of V, and of E. */
  readonly squares: readonly E[];
  readonly idleSquares: readonly E[];
  /** The margins in φ: homogeneous, of this degree. */
  readonly margins: readonly MultivariatePolynomial<E>[];
  readonly degree: number;
  readonly signs: readonly KeptSign<E>[];
  readonly spend: (operations: number) => void;
}

export const reductionClauses = ["attracts.basis", "attracts.reduction", "attracts.degree"] as const;

/** Ensures that W is such a space under the patterns, one per sample. */
export function reduce<E>(
  problem: Problem<E>,
  reduction: Reduction<E>,
  patterns: readonly Pattern[],
  spend: (operations: number) => void,
): Reduced<E> {
  const { network, field: K, data, frozen } = problem;
  const { range, idle } = reduction;
  const all = [...range, ...idle].map((vector) => denseOf(problem, vector));
  const squares = all.map((b) => squaredNorm(K, b));
  ensure(range.length > 0, "attracts.basis", "no direction is given in which the flow runs");
  spend(all.length ** 2 * network.parameters.length);
  for (const [k, b] of all.entries()) {
    ensure(K.sign(squares[k]!) > 0, "attracts.basis", () => `basis vector ${k + 1} is zero`);
    const orthogonal = all.slice(0, k).every((c) => K.isZero(dot(K, b, c)));
    ensure(orthogonal, "attracts.basis", () => `basis vector ${k + 1} is not orthogonal to those before it`);
  }

  const ring = multivariateRing(K);
  const lift = (c: E) => constant(K, c);
  const images = network.parameters.map((_, w) => {
    const image = new Map<string, Term<E>>();
    for (const [k, b] of all.entries()) accumulate(K, image, shiftedVariable(K, K.zero, k), b[w]!);
    return image;
  });
  const weights = [...images, ...frozen.map(lift)];
  const signs: KeptSign<E>[] = [];
  const outputs = data.map(({ x }, sample) => {
    spend(passCost(network));
    const pattern = patterns[sample]!;
    const isOn = (_: unknown, l: number, unit: number) => pattern[l]![unit]!;
    const pass = forward(ring, problem, lift, weights, x.map(lift), isOn);
    const isSilent = silentUnits(problem, sample, pattern, weights);
    for (const [layer, row] of pass.preactivations.entries()) {
      if (isLinearLayer(network, layer)) continue;
      for (const [unit, z] of row.entries())
        if (!isSilent(layer, unit)) signs.push({ at: { sample, layer, unit }, on: pattern[layer]![unit]!, z });
    }
    return pass.outputs;
  });

  const places = marginsOf(problem);
  const margins = places.map((margin) => marginOf(ring, margin, outputs[margin.sample]!));
  for (const margin of places) {
    const g = gradientOver(ring, problem, lift, weights, margin, patterns[margin.sample]!);
    spend(g.reduce((n, p) => n + 20 * p.size, 0) * range.length);
    const rest = g.map((p) => new Map(p));
    for (const [k, b] of all.slice(0, range.length).entries()) {
      const component = new Map<string, Term<E>>();
      for (const [w, c] of b.entries()) accumulate(K, component, g[w]!, K.div(c, squares[k]!));
      for (const [w, c] of b.entries()) accumulate(K, rest[w]!, component, K.neg(c));
    }
    const inside = rest.every((p) => p.size === 0);
    ensure(inside, "attracts.reduction", () => `the gradient of the margin of ${marginText(margin)} leaves the range`);
  }
  const degrees = new Set(margins.flatMap((q) => [...q.values()].map(({ variables }) => variables.length)));
  const [degree] = degrees;
  const isHomogeneous = degrees.size === 1 && degree! > 0 && margins.every((q) => q.size > 0);
  ensure(isHomogeneous, "attracts.degree", "the margins are not homogeneous of one positive degree on the range");
  return {
    problem,
    reduction,
    patterns,
    squares: squares.slice(0, range.length),
    idleSquares: squares.slice(range.length),
    margins,
    degree: degree!,
    signs,
    spend,
  };
}

/** What looking at the whole network once costs. */
function passCost({ layers }: Network): number {
  return 100 * layers.reduce((total, layer) => layer.reduce((n, row) => n + 1 + row.length, total), 0);
}

/**
 * The units whose sign at a sample is of no account: those that read nothing but zeros near W, and *zero branches*, all of whose weights,
 * in the row and wherever the unit is read, vanish on W.
 */
function silentUnits<E>(
  { network, field: K, data }: Problem<E>,
  sample: number,
  pattern: Pattern,
  weights: readonly MultivariatePolynomial<E>[],
): (layer: number, unit: number) => boolean {
  const parameters = network.parameters.length;
  const vanishes = ({ weight }: { readonly weight: number }) => weight < parameters && weights[weight]!.size === 0;
  const silent = network.layers.slice(0, -1).map((layer) => layer.map(() => false));
  let mute = data[sample]!.x.map((value) => K.isZero(value)); // values that are 0 near W
  for (const [l, layer] of network.layers.slice(0, -1).entries()) {
    const readers = network.layers[l + 1]!.flat();
    const isOff = network.slopes[l]!.n === 0n;
    mute = layer.map((row, unit) => {
      const deaf = row.every(({ from }) => mute[from]!);
      const branch = row.every(vanishes) && readers.filter(({ from }) => from === unit).every(vanishes);
      silent[l]![unit] = deaf || branch;
      return deaf || (isOff && !branch && !pattern[l]![unit]!);
    });
  }
  return (layer, unit) => silent[layer]![unit]!;
}

function denseOf<E>({ network, field: K }: Problem<E>, vector: SparseVector<E>): E[] {
  return network.parameters.map((_, w) => vector.get(w) ?? K.zero);
}

/** The coordinates in a basis of orthogonal vectors of what may be a point of their span. */
export function coordinates<E>(
  { problem: { field: K } }: Reduced<E>,
  basis: readonly SparseVector<E>[],
  squares: readonly E[],
  point: readonly E[],
): E[] {
  return basis.map((b, k) => {
    let total = K.zero;
    for (const [w, c] of b) total = K.add(total, K.mul(c, point[w]!));
    return K.div(total, squares[k]!);
  });
}

/** Whether the point is the combination of the basis vectors with these coordinates. */
export function isCombination<E>(
  { problem }: Reduced<E>,
  basis: readonly SparseVector<E>[],
  values: readonly E[],
  point: readonly E[],
): boolean {
  const K = problem.field;
  return point.every((value, w) => {
    const terms = basis.map((b) => b.get(w) ?? K.zero);
    return equals(K, value, dot(K, terms, values));
  });
}

/** Encloses the coordinates of every point of the span whose parameters lie in a box. */
export function encloseCoordinates<E>(
  { problem: { field: K } }: Reduced<E>,
  ring: IntervalRing,
  basis: readonly SparseVector<E>[],
  squares: readonly E[],
  box: readonly Interval[],
): Interval[] {
  return basis.map((b, k) => {
    let total = ring.zero;
    for (const [w, c] of b) total = ring.add(total, ring.mul(K.bounds(K.div(c, squares[k]!), ring.precision), box[w]!));
    return total;
  });
}
