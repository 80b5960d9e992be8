/**
 * The structure of a limit of training at depth 2: which samples are active, which hidden units share a direction, which are dead, and at
 * which samples a direction lies on a kink. Guessed from floats, then solved; what the solution contradicts is guessed anew.
 */
import { rank } from "../exact/linear.js";
import { Q, type Rational, rational } from "../exact/rational.js";
import type { SamplePattern } from "../kernel/enclosed/point.js";
import type { UnitAtSample } from "../kernel/forward.js";
import type { SparseVector } from "../network/codec.js";
import type { Problem } from "../network/instance.js";
import { isLinearLayer, isUnshared } from "../network/network.js";
import { dotNumbers, normOf } from "../prover/search/numeric.js";
import { type Equations, type Guess, inverseOf, type Zero, zeroNear } from "./solve.js";

/** Hidden units that share a direction, with each one's share of the group's weights; the largest is 1. */
export interface Group {
  readonly units: readonly number[];
  readonly shares: readonly Rational[];
}

/** A unit's side at a sample. */
export type Side = "+" | "-" | "?";

export interface Structure {
  /** The active samples with positive multipliers, ascending. */
  readonly active: readonly number[];
  readonly groups: readonly Group[];
  readonly dead: readonly number[];
  /** Per group and sample; `?` on a kink. */
  readonly sides: readonly (readonly Side[])[];
  /** Samples whose margin is 1 and whose multiplier is zero, as it seems. */
  readonly idle: readonly number[];
}

/** A plain description of what was assumed, and on which figures. */
export interface Assumption {
  readonly what: string;
  readonly figure: number;
}

/** A structure with a zero of its system that bears it out. */
export interface Candidate {
  readonly structure: Structure;
  readonly guess: Guess;
  readonly zero: Zero;
  /** θ in floating point. */
  readonly theta: readonly number[];
  /** From the θ that it was sought near. */
  readonly distance: number;
  /** What keeps the kernel's system from enclosing the point, in words. */
  readonly degenerate: readonly string[];
}

/** The weights of the hidden units and the outgoing ones. */
export interface Layers {
  readonly incoming: readonly (readonly { readonly from: number; readonly weight: number }[])[];
  readonly outgoing: ReadonlyMap<number, number>;
}

/** Figures of a candidate that count as zero, and those that only just are not. */
const ZERO = 1e-8;
const ROUNDING = 1e-10;

/** What keeps a problem from this sort of structure, in words, or null. */
export function outsideOfDepthTwo({ network }: Problem<Rational>): string | null {
  if (network.layers.length !== 2) return `the network has ${network.layers.length} layers, not 2`;
  if (network.outputs !== 1) return `the network has ${network.outputs} outputs, not 1`;
  if (network.frozen.length > 0 || !isUnshared(network)) return "weights are shared or frozen";
  return null;
}

export function layersOf({ network }: Problem<Rational>): Layers {
  return {
    incoming: network.layers[0]!,
    outgoing: new Map(network.layers[1]![0]!.map(({ from, weight }) => [from, weight])),
  };
}

/** A problem in floating point, with the units of a θ. */
export interface View {
  readonly problem: Problem<Rational>;
  readonly layers: Layers;
  readonly xs: readonly (readonly number[])[];
  readonly ys: readonly number[];
  readonly slope: number;
  readonly kinked: boolean;
}

export function viewOf(problem: Problem<Rational>): View {
  return {
    problem,
    layers: layersOf(problem),
    xs: problem.data.map(({ x }) => x.map(Q.toNumber)),
    ys: problem.data.map(({ y }) => y),
    slope: Q.toNumber(problem.network.slopes[0]!),
    kinked: !isLinearLayer(problem.network, 0),
  };
}

/** The weights of a unit over the inputs. */
export function incomingOf({ problem, layers }: View, theta: readonly number[], unit: number): number[] {
  const w = new Array<number>(problem.network.inputs).fill(0);
  for (const { from, weight } of layers.incoming[unit]!) w[from] = theta[weight]!;
  return w;
}

export function outgoingOf({ layers }: View, theta: readonly number[], unit: number): number {
  return theta[layers.outgoing.get(unit) ?? -1] ?? 0;
}

export function marginsNear(view: View, theta: readonly number[]): number[] {
  const units = view.layers.incoming.map((_, unit) => ({
    w: incomingOf(view, theta, unit),
    v: outgoingOf(view, theta, unit),
  }));
  return view.xs.map((x, i) => {
    const output = units.reduce((total, { w, v }) => {
      const z = dotNumbers(w, x);
      return total + v * (z > 0 ? z : view.slope * z);
    }, 0);
    return view.ys[i]! * output;
  });
}

/**
 * The structures near θ, whose least margin is 1, with solutions that bear them out: the nearest one, or the reason why there is none.
 * `blur` is how far θ may be from its limit, relative to its size; `effort` is the number of systems to try.
 */
export function structureNear(
  problem: Problem<Rational>,
  theta: readonly number[],
  blur: number,
  effort: number,
): Candidate | { readonly reason: string } {
  const view = viewOf(problem);
  const tried = new Set<string>();
  const queue = guesses(view, theta, blur);
  const enough = Math.max(10 * blur, 1e-6) * normOf(theta);
  let best: Candidate | null = null;
  let reason = "no structure was found near the weights";
  for (let round = 0; round < effort && queue.length > 0; ) {
    const structure = queue.shift()!;
    const key = JSON.stringify([
      structure.active,
      structure.groups.map(({ units }) => units),
      structure.sides,
      structure.idle,
    ]);
    if (tried.has(key)) continue;
    tried.add(key);
    const shape = guessOf(view, structure, theta);
    if (shape === null) continue;
    round++;
    const { guess } = shape;
    const zero = zeroNear(equationsOf(view, structure, shape), guess.start);
    if (zero === null) {
      reason = "Newton's method finds no KKT point with the structure of the weights";
      queue.push(...simpler(structure));
      continue;
    }
    const { alternatives, degenerate } = contradictions(view, structure, guess, zero.values);
    if (alternatives.length > 0) {
      queue.unshift(...alternatives);
      reason = "the structures that were tried contradict their solutions";
      continue;
    }
    const solved = thetaOf(problem, guess, zero.values);
    const distance = normOf(solved.map((c, k) => c - theta[k]!));
    const isContinuum = zero.inverse === null;
    const said = isContinuum ? [...degenerate, "the system is singular: the point is one of a continuum"] : degenerate;
    const candidate: Candidate = { structure, guess, zero, theta: solved, distance, degenerate: said };
    if (
      best === null ||
      distance < best.distance * (best.degenerate.length > 0 && said.length === 0 ? 1 + 1e-6 : 1 - 1e-6)
    )
      best = candidate;
    if (best.distance <= enough && best.degenerate.length === 0) break;
  }
  return best ?? { reason };
}

function thetaOf({ network }: Problem<Rational>, guess: Guess, values: readonly number[]): number[] {
  const theta = new Array<number>(network.parameters.length).fill(0);
  for (const [j, column] of guess.range.entries()) for (const [k, c] of column) theta[k]! += Q.toNumber(c) * values[j]!;
  return theta;
}

// ---------------------------------------------------------------- guessing

/** Below which each sort of figure is taken for zero. */
interface Thresholds {
  readonly margin: number;
  readonly kink: number;
  readonly angle: number;
  readonly dead: number;
}

/** Structures by thresholds in the gaps of the figures: the likeliest first, then those that differ in one threshold. */
function guesses(view: View, theta: readonly number[], blur: number): Structure[] {
  const units = view.layers.incoming.map((_, unit) => {
    const w = incomingOf(view, theta, unit);
    const v = outgoingOf(view, theta, unit);
    return { unit, w, v, size: normOf(w), strength: normOf(w) * Math.abs(v) };
  });
  const most = Math.max(...units.map(({ strength }) => strength));
  const margins = marginsNear(view, theta);
  const angles = units.flatMap((a, k) =>
    units.slice(0, k).flatMap((b) => (Math.sign(a.v) === Math.sign(b.v) ? [angleOf(a.w, b.w)] : [])),
  );
  const zs = units.flatMap(({ w, size, strength }) =>
    strength < 1e-4 * most ? [] : view.xs.map((x) => Math.abs(dotNumbers(w, x)) / (size * (normOf(x) || 1))),
  );
  const middle = Math.min(0.03, Math.max(1e-7, 10 * blur));
  const choices = {
    margin: gaps(
      margins.map((q) => q - 1),
      middle,
      0.3,
    ),
    kink: view.kinked ? gaps(zs, middle, 0.1) : [0],
    angle: gaps(angles, middle, 0.2),
    dead: gaps(
      units.map(({ strength }) => strength / most),
      middle,
      0.1,
    ),
  };
  const [first, ...rest] = variations(choices);
  return [first!, ...rest].map((limits): Structure => {
    const dead = units.filter(({ strength }) => strength <= limits.dead * most).map(({ unit }) => unit);
    const groups: (typeof units)[] = [];
    for (const one of units.filter(({ unit }) => !dead.includes(unit)).sort((a, b) => b.strength - a.strength)) {
      const group = groups.find(
        ([head]) =>
          Math.sign(head!.v) === Math.sign(one.v) &&
          angleOf(head!.w, one.w) <= limits.angle &&
          sameInputs(view, head!.unit, one.unit),
      );
      if (group === undefined) groups.push([one]);
      else group.push(one);
    }
    groups.sort((a, b) => a[0]!.unit - b[0]!.unit);
    return {
      active: margins.flatMap((q, i) => (q - 1 <= limits.margin ? [i] : [])),
      dead,
      groups: groups.map((group) =>
        groupOf(
          view,
          theta,
          group.map(({ unit }) => unit),
        ),
      ),
      sides: groups.map(([head]) => view.xs.map((x) => sideOf(view, head!.w, x, limits.kink))),
      idle: [],
    };
  });
}

function variations(choices: Readonly<Record<keyof Thresholds, readonly number[]>>): Thresholds[] {
  const base: Thresholds = {
    margin: choices.margin[0]!,
    kink: choices.kink[0]!,
    angle: choices.angle[0]!,
    dead: choices.dead[0]!,
  };
  const kinds = Object.keys(choices) as (keyof Thresholds)[];
  const single = kinds.flatMap((kind) =>
    choices[kind].slice(1).map((value): Thresholds => ({ ...base, [kind]: value })),
  );
  const kinkAndMargin = choices.kink
    .slice(1)
    .flatMap((kink) => choices.margin.slice(1).map((margin): Thresholds => ({ ...base, kink, margin })));
  return [base, ...single, ...kinkAndMargin];
}

/** Thresholds in the widest gaps of the figures, on a logarithmic scale, near the middle first; at most four. */
function gaps(figures: readonly number[], middle: number, most: number): number[] {
  const floor = 1e-12;
  const sorted = [floor, ...figures.map((x) => Math.max(x, floor)).filter((x) => x < most), most].sort((a, b) => a - b);
  const found = sorted.slice(1).map((high, k) => {
    const low = sorted[k]!;
    const at = Math.sqrt(low * high);
    const inside = Math.min(high / 1.01, Math.max(low * 1.01, middle));
    return {
      at: inside > low && inside < high ? (inside + at) / 2 : at,
      score: Math.log(high / low) - 0.5 * Math.abs(Math.log(inside / middle)),
    };
  });
  return found
    .filter(({ score }) => score > -3)
    .sort((a, b) => b.score - a.score)
    .slice(0, 4)
    .map(({ at }) => at);
}

function angleOf(u: readonly number[], v: readonly number[]): number {
  const [a, b] = [normOf(u) || 1, normOf(v) || 1];
  return normOf(u.map((c, k) => c / a - v[k]! / b));
}

/** Whether two units read the same inputs: else they cannot share a direction. */
function sameInputs({ layers }: View, a: number, b: number): boolean {
  const [rowA, rowB] = [layers.incoming[a]!, layers.incoming[b]!];
  return rowA.length === rowB.length && rowA.every(({ from }, k) => from === rowB[k]!.from);
}

function sideOf({ kinked }: View, w: readonly number[], x: readonly number[], limit: number): Side {
  if (!kinked) return "+";
  const z = dotNumbers(w, x) / ((normOf(w) || 1) * (normOf(x) || 1));
  return Math.abs(z) <= limit ? "?" : z > 0 ? "+" : "-";
}

/** Units as one group: plain numbers nearly in the ratio of their outgoing weights. */
function groupOf(view: View, theta: readonly number[], units: readonly number[]): Group {
  const ordered = [...units].sort((a, b) => a - b);
  const sizes = ordered.map((unit) => Math.abs(outgoingOf(view, theta, unit)));
  const most = Math.max(...sizes);
  return { units: ordered, shares: sizes.map((size) => plainRatio(size / most)) };
}

const DENOMINATORS = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 64, 100, 1000];

function plainRatio(ratio: number): Rational {
  for (const denominator of DENOMINATORS) {
    const n = Math.round(ratio * denominator);
    if (n > 0 && Math.abs(n / denominator - ratio) < 1e-3) return rational(BigInt(n), BigInt(denominator));
  }
  return rational(BigInt(Math.max(1, Math.round(ratio * 1e6))), 1_000_000n);
}

// ---------------------------------------------------------------- the system of a structure

const IN_SPAN = 1e-3;

/**
 * The directions that a group's weights may take: all, or the span of the inputs that pull it where that is less. Kinks at which the slope is
 * 0 do not pull; they are declared off, and so are to be zero on all of the span.
 */
function basisOf(
  view: View,
  structure: Structure,
  group: number,
  w: readonly number[],
): readonly (readonly Rational[])[] {
  const { data, network } = view.problem;
  const inputs = view.layers.incoming[structure.groups[group]!.units[0]!]!.map(({ from }) => from);
  const axes = inputs.map((j) => Array.from({ length: network.inputs }, (_, k) => (k === j ? Q.one : Q.zero)));
  const restricted = inputs.length < network.inputs;
  if (restricted) return axes;
  const sides = structure.sides[group]!;
  const offPulls = !Q.isZero(network.slopes[0]!);
  const pulling = structure.active.filter((i) => offPulls || sides[i] !== "-").map((i) => data[i]!.x);
  const all = independent(pulling);
  const on = independent(structure.active.filter((i) => sides[i] === "+").map((i) => data[i]!.x));
  const kinks = structure.active.filter((i) => sides[i] === "?").map((i) => data[i]!.x);
  const identical = kinks.every((x) => on.every((u) => Q.isZero(exactDot(u, x))));
  if (
    !offPulls &&
    kinks.length > 0 &&
    identical &&
    on.length < all.length &&
    distanceToSpan(on, w) < IN_SPAN * normOf(w)
  )
    return on;
  return all.length < network.inputs ? all : axes;
}

/** The first linearly independent ones. */
function independent(vectors: readonly (readonly Rational[])[]): readonly (readonly Rational[])[] {
  const chosen: (readonly Rational[])[] = [];
  for (const v of vectors) if (rank(Q, [...chosen, v]) > chosen.length) chosen.push(v);
  return chosen;
}

/** The coordinates of the projection of w to the span, or null where the basis is nearly dependent. */
function coordinatesIn(basis: readonly (readonly Rational[])[], w: readonly number[]): number[] | null {
  const B = basis.map((v) => v.map(Q.toNumber));
  const image = B.map((u) => dotNumbers(u, w));
  return inverseOf(B.map((u) => B.map((v) => dotNumbers(u, v))))?.map((row) => dotNumbers(row, image)) ?? null;
}

function distanceToSpan(basis: readonly (readonly Rational[])[], w: readonly number[]): number {
  const coordinates = coordinatesIn(basis, w);
  if (coordinates === null) return normOf(w);
  return normOf(w.map((c, k) => c - basis.reduce((total, v, j) => total + coordinates[j]! * Q.toNumber(v[k]!), 0)));
}

function exactDot(u: readonly Rational[], v: readonly Rational[]): Rational {
  return u.reduce((total, c, k) => Q.add(total, Q.mul(c, v[k]!)), Q.zero);
}

/** A guess with what its system is made of. */
interface Shape {
  readonly guess: Guess;
  /** Per group the basis of its directions. */
  readonly bases: readonly (readonly (readonly number[])[])[];
  /** Per group and sample, kinks that are zero identically being declared. */
  readonly sides: readonly (readonly Side[])[];
  readonly kinks: readonly { readonly g: number; readonly i: number }[];
}

/**
 * The kernel's system in floating point, with the unknowns in its order. With N the sum of a group's squared shares, w and v what the shares
 * multiply, and s the slopes: N(w − v Σ λ_i y_i s_i x_i) on the basis, N(v − Σ λ_i y_i s_i w·x_i); y_i Σ N v s_i w·x_i = 1; w·x_i = 0 at kinks.
 */
function equationsOf(
  { xs, ys, slope }: View,
  { active, groups }: Structure,
  { bases, sides, kinks, guess }: Shape,
): Equations {
  const weights = groups.map(({ shares }) => shares.reduce((total, c) => total + Q.toNumber(c) ** 2, 0));
  const places: number[] = [];
  let q = 0;
  for (const basis of bases) {
    places.push(q);
    q += basis.length + 1;
  }
  const size = guess.start.length;
  // The kernel takes a kink's equation from the first unit of its group.
  const heads = groups.map(({ shares: [first] }) => Q.toNumber(first!));
  const kinkAt = new Map(kinks.map(({ g, i }, k) => [`${g} ${i}`, q + active.length + k]));
  const images = bases.map((basis) => xs.map((x) => basis.map((e) => dotNumbers(e, x))));
  const grams = bases.map((basis) => basis.map((e) => basis.map((f) => dotNumbers(e, f))));
  /** Visits each group with its unknowns and, per active sample, its slope and pre-activation. */
  const groupsAt = (x: readonly number[]) =>
    bases.map((basis, g) => {
      const at = places[g]!;
      const alpha = x.slice(at, at + basis.length);
      const pulls = active.map((i, a) => {
        const tau = kinkAt.get(`${g} ${i}`);
        const s = tau !== undefined ? slope + (1 - slope) * x[tau]! : sides[g]![i] === "+" ? 1 : slope;
        return { i, s, tau, lambda: q + a, z: dotNumbers(alpha, images[g]![i]!) };
      });
      return {
        at,
        alpha,
        n: basis.length,
        v: x[at + basis.length]!,
        N: weights[g]!,
        pulls,
        image: images[g]!,
        gram: grams[g]!,
      };
    });
  return {
    values: (x) => {
      const result = new Array<number>(size).fill(0);
      for (const a of active.keys()) result[q + a] = -1;
      for (const { at, alpha, n, v, N, pulls, image, gram } of groupsAt(x)) {
        for (let b = 0; b < n; b++) result[at + b] = N * dotNumbers(gram[b]!, alpha);
        result[at + n] = N * v;
        for (const { i, s, lambda, z } of pulls) {
          const pull = N * x[lambda]! * ys[i]! * s;
          for (let b = 0; b < n; b++) result[at + b]! -= pull * v * image[i]![b]!;
          result[at + n]! -= pull * z;
          result[lambda]! += N * ys[i]! * v * s * z;
        }
      }
      for (const [k, { g, i }] of kinks.entries())
        result[q + active.length + k] =
          heads[g]! * dotNumbers(x.slice(places[g]!, places[g]! + bases[g]!.length), images[g]![i]!);
      return result;
    },
    jacobian: (x) => {
      const J = Array.from({ length: size }, () => new Array<number>(size).fill(0));
      for (const { at, n, v, N, pulls, image, gram } of groupsAt(x)) {
        for (let b = 0; b < n; b++) for (let c = 0; c < n; c++) J[at + b]![at + c] = N * gram[b]![c]!;
        J[at + n]![at + n] = N;
        for (const { i, s, tau, lambda, z } of pulls) {
          const y = N * ys[i]!;
          const l = x[lambda]!;
          for (let b = 0; b < n; b++) {
            const e = image[i]![b]!;
            J[at + b]![at + n]! -= y * l * s * e;
            J[at + n]![at + b]! -= y * l * s * e;
            J[at + b]![lambda]! -= y * s * v * e;
            J[lambda]![at + b]! += y * s * v * e;
            if (tau !== undefined) J[at + b]![tau]! -= y * l * (1 - slope) * v * e;
          }
          J[at + n]![lambda]! -= y * s * z;
          J[lambda]![at + n]! += y * s * z;
          if (tau === undefined) continue;
          J[at + n]![tau]! -= y * l * (1 - slope) * z;
          J[lambda]![tau]! += y * v * (1 - slope) * z;
        }
      }
      for (const [k, { g, i }] of kinks.entries())
        for (const [b, e] of images[g]![i]!.entries()) J[q + active.length + k]![places[g]! + b] = heads[g]! * e;
      return J;
    },
  };
}

/** The system's shape for a structure, with the unknowns nearly where θ has them; null where a group has no direction at all. */
function guessOf(view: View, structure: Structure, theta: readonly number[]): Shape | null {
  const { problem, layers } = view;
  const { data } = problem;
  if (structure.active.length === 0 || structure.groups.length === 0) return null;
  const range: SparseVector<Rational>[] = [];
  const start: number[] = [];
  const bases: (readonly (readonly Rational[])[])[] = [];
  const directions: number[][] = [];
  const outputs: number[] = [];
  for (const [g, { units, shares }] of structure.groups.entries()) {
    const square = shares.reduce((total, c) => total + Q.toNumber(c) ** 2, 0);
    const mean = new Array<number>(problem.network.inputs).fill(0);
    let outgoing = 0;
    for (const [k, unit] of units.entries()) {
      const c = Q.toNumber(shares[k]!) / square;
      for (const [j, value] of incomingOf(view, theta, unit).entries()) mean[j]! += c * value;
      outgoing += c * outgoingOf(view, theta, unit);
    }
    const basis = basisOf(view, structure, g, mean);
    const coordinates = coordinatesIn(basis, mean);
    if (basis.length === 0 || coordinates === null) return null;
    bases.push(basis);
    directions.push(mean);
    outputs.push(outgoing);
    for (const [b, vector] of basis.entries()) {
      const column = new Map<number, Rational>();
      for (const [k, unit] of units.entries())
        for (const { from, weight } of layers.incoming[unit]!)
          if (!Q.isZero(vector[from]!)) column.set(weight, Q.mul(shares[k]!, vector[from]!));
      range.push(column);
      start.push(coordinates[b]!);
    }
    range.push(new Map(units.map((unit, k) => [layers.outgoing.get(unit)!, shares[k]!] as const)));
    start.push(outgoing);
  }

  const kinks: { g: number; i: number }[] = [];
  const declared = structure.sides.map((row, g) =>
    row.map((side, i): Side => {
      if (side !== "?") return side;
      // A kink that is zero on all of the range is declared: off, as nothing pulls there.
      if (bases[g]!.every((v) => Q.isZero(exactDot(v, data[i]!.x)))) return "-";
      if (structure.active.includes(i)) kinks.push({ g, i });
      return side;
    }),
  );
  const { lambda, tau } = multipliersNear(view, structure, declared, kinks, directions, outputs);
  const patterns = structure.active.map((sample): SamplePattern => {
    const states = layers.incoming.map((_, unit) => {
      const g = structure.groups.findIndex(({ units }) => units.includes(unit));
      return g === -1 ? "-" : declared[g]![sample]!;
    });
    return { sample, layers: [states.join("")] };
  });
  const guess: Guess = {
    range,
    active: structure.active,
    patterns,
    kinks: kinks.map(({ g, i }) =>
      structure.groups[g]!.units.map((unit): UnitAtSample => ({ sample: i, layer: 0, unit })),
    ),
    start: [...start, ...lambda, ...tau],
  };
  return { guess, bases: bases.map((basis) => basis.map((e) => e.map(Q.toNumber))), sides: declared, kinks };
}

/** λ and τ by least squares on the groups' stationarity w_g = v_g Σ λ_i y_i σ' x_i, in which λ_i τ enters linearly. */
function multipliersNear(
  { xs, ys, slope }: View,
  { active }: Structure,
  sides: readonly (readonly Side[])[],
  kinks: readonly { readonly g: number; readonly i: number }[],
  directions: readonly (readonly number[])[],
  outputs: readonly number[],
): { lambda: number[]; tau: number[] } {
  const columns = active.length + kinks.length;
  const rows: number[][] = [];
  const right: number[] = [];
  for (const [g, w] of directions.entries()) {
    for (const [k, value] of w.entries()) {
      const row = new Array<number>(columns).fill(0);
      for (const [a, i] of active.entries()) {
        const base = outputs[g]! * ys[i]! * xs[i]![k]!;
        row[a] = base * (sides[g]![i] === "+" ? 1 : slope);
        const kink = kinks.findIndex((one) => one.g === g && one.i === i);
        if (kink !== -1) row[active.length + kink] = base * (1 - slope);
      }
      rows.push(row);
      right.push(value);
    }
  }
  const transposed = Array.from({ length: columns }, (_, a) => rows.map((row) => row[a]!));
  const normal = transposed.map((u, a) => transposed.map((v, b) => dotNumbers(u, v) + (a === b ? 1e-9 : 0)));
  const image = transposed.map((u) => dotNumbers(u, right));
  const solution = inverseOf(normal)?.map((row) => dotNumbers(row, image)) ?? new Array<number>(columns).fill(0.5);
  const lambda = solution.slice(0, active.length);
  const tau = kinks.map(({ i }, k) => {
    const ratio = solution[active.length + k]! / (lambda[active.indexOf(i)]! || 1);
    return Math.min(1.5, Math.max(-0.5, ratio));
  });
  return { lambda, tau };
}

// ---------------------------------------------------------------- judging a solution

interface Judged {
  /** The structures to try instead. */
  readonly alternatives: readonly Structure[];
  readonly degenerate: readonly string[];
}

function contradictions(view: View, structure: Structure, guess: Guess, values: readonly number[]): Judged {
  const { problem, xs } = view;
  const theta = thetaOf(problem, guess, values);
  const [q, a] = [guess.range.length, guess.active.length];
  const lambda = values.slice(q, q + a);
  const tau = values.slice(q + a);
  const instead = (...alternatives: Structure[]): Judged => ({ alternatives, degenerate: [] });
  const withSide = (g: number, i: number, side: Side): Structure => ({
    ...structure,
    sides: structure.sides.map((row, k) => (k === g ? row.map((one, s) => (s === i ? side : one)) : row)),
  });

  // A group that has vanished: zero is always a solution of its own equations.
  const strengths = structure.groups.map(({ units }) =>
    Math.max(...units.map((unit) => outgoingOf(view, theta, unit) ** 2)),
  );
  const gone = strengths.findIndex((c) => c <= 1e-9 * Math.max(...strengths));
  if (gone !== -1) return instead(without(structure, gone));

  const least = Math.max(...lambda.map(Math.abs)) * ZERO;
  const worst = lambda.indexOf(Math.min(...lambda));
  if (lambda[worst]! <= least) {
    const sample = structure.active[worst]!;
    const rest: Structure = { ...structure, active: structure.active.toSpliced(worst, 1) };
    return instead(lambda[worst]! < -least ? rest : { ...rest, idle: [...structure.idle, sample] });
  }
  const outside = tau.findIndex((value) => value <= ZERO || value >= 1 - ZERO);
  if (outside !== -1) {
    const [{ sample, unit }] = guess.kinks[outside] as [UnitAtSample];
    const g = structure.groups.findIndex(({ units }) => units.includes(unit));
    return instead(withSide(g, sample, tau[outside]! <= ZERO ? "-" : "+"));
  }

  const degenerate: string[] = [];
  const directions = structure.groups.map(({ units }) => incomingOf(view, theta, units[0]!));
  for (const [g, w] of directions.entries()) {
    for (const [h, other] of directions.entries()) {
      if (h <= g) continue;
      const [a, b] = [structure.groups[g]!.units[0]!, structure.groups[h]!.units[0]!];
      if (Math.sign(outgoingOf(view, theta, a)) !== Math.sign(outgoingOf(view, theta, b))) continue;
      if (angleOf(w, other) < 1e-6 && sameInputs(view, a, b)) return instead(merged(view, structure, theta, g, h));
    }
    if (!view.kinked) continue;
    for (const i of structure.active) {
      const side = structure.sides[g]![i]!;
      if (side === "?") continue;
      const z = dotNumbers(w, xs[i]!) / (normOf(w) * (normOf(xs[i]!) || 1));
      if (Math.abs(z) <= ROUNDING) {
        const column = guess.range.findIndex((one) =>
          one.has(view.layers.incoming[structure.groups[g]!.units[0]!]![0]!.weight),
        );
        if (!isIdentical(view, structure, guess, g, i) && column !== -1)
          degenerate.push(
            `unit ${structure.groups[g]!.units[0]! + 1} lies on its kink at sample ${i + 1} with the subgradient ${side === "+" ? 1 : 0}`,
          );
      } else if (z > 0 !== (side === "+"))
        return instead(withSide(g, i, "?"), withSide(g, i, side === "+" ? "-" : "+"));
    }
  }
  const margins = marginsNear(view, theta);
  const inactive = margins.map((_, i) => i).filter((i) => !structure.active.includes(i));
  const violated = inactive.filter((i) => margins[i]! < 1 - ROUNDING).sort((s, t) => margins[s]! - margins[t]!)[0];
  const add = (i: number): Structure => ({ ...structure, active: [...structure.active, i].sort((s, t) => s - t) });
  if (violated !== undefined) return instead(add(violated));
  const tight = inactive.filter((i) => margins[i]! <= 1 + ROUNDING);
  const fresh = tight.find((i) => !structure.idle.includes(i));
  if (fresh !== undefined) return instead(add(fresh));
  for (const i of tight) degenerate.push(`the margin of sample ${i + 1} is 1 and its multiplier is zero`);
  return { alternatives: [], degenerate };
}

/** Whether the group's pre-activation at the sample is zero on all of the range. */
function isIdentical(
  { problem, layers }: View,
  { groups }: Structure,
  { range }: Guess,
  g: number,
  i: number,
): boolean {
  const unit = groups[g]!.units[0]!;
  const { x } = problem.data[i]!;
  return range.every((column) =>
    Q.isZero(
      layers.incoming[unit]!.reduce((total, { from, weight }) => {
        const c = column.get(weight);
        return c === undefined ? total : Q.add(total, Q.mul(c, x[from]!));
      }, Q.zero),
    ),
  );
}

function without(structure: Structure, g: number): Structure {
  return {
    ...structure,
    groups: structure.groups.toSpliced(g, 1),
    sides: structure.sides.toSpliced(g, 1),
    dead: [...structure.dead, ...structure.groups[g]!.units].sort((a, b) => a - b),
  };
}

function merged(view: View, structure: Structure, theta: readonly number[], g: number, h: number): Structure {
  const group = groupOf(view, theta, [...structure.groups[g]!.units, ...structure.groups[h]!.units]);
  return {
    ...structure,
    groups: structure.groups.toSpliced(h, 1).map((one, k) => (k === g ? group : one)),
    sides: structure.sides.toSpliced(h, 1),
  };
}

/** Neighbours of a structure whose system has no zero nearby: one kink less, or one active sample less. */
function simpler(structure: Structure): Structure[] {
  const withoutKinks = structure.sides.flatMap((row, g) =>
    row.flatMap((side, i): Structure[] =>
      side !== "?" || !structure.active.includes(i)
        ? []
        : (["-", "+"] as const).map((other) => ({
            ...structure,
            sides: structure.sides.map((one, k) => (k === g ? one.map((s, j) => (j === i ? other : s)) : one)),
          })),
    ),
  );
  const withoutSamples =
    structure.active.length < 2
      ? []
      : structure.active.map((_, k) => ({ ...structure, active: structure.active.toSpliced(k, 1) }));
  return [...withoutKinks, ...withoutSamples];
}

// ---------------------------------------------------------------- what was assumed

/** What was taken for a zero, a kink, a dead unit or one direction, with the figure that suggested it. */
export function assumptionsOf(
  problem: Problem<Rational>,
  structure: Structure,
  theta: readonly number[],
): Assumption[] {
  const view = viewOf(problem);
  const found: Assumption[] = [];
  const margins = marginsNear(view, theta);
  for (const i of structure.active)
    found.push({ what: `sample ${i + 1} is taken to be active; its margin, less 1, is`, figure: margins[i]! - 1 });
  for (const unit of structure.dead)
    found.push({
      what: `unit ${unit + 1} is taken to be dead; the product of the sizes of its weights is`,
      figure: normOf(incomingOf(view, theta, unit)) * Math.abs(outgoingOf(view, theta, unit)),
    });
  for (const { units } of structure.groups)
    for (const unit of units.slice(1))
      found.push({
        what: `units ${units[0]! + 1} and ${unit + 1} are taken to share a direction; the angle between them is`,
        figure: angleOf(incomingOf(view, theta, units[0]!), incomingOf(view, theta, unit)),
      });
  for (const [g, row] of structure.sides.entries())
    for (const [i, side] of row.entries()) {
      if (side !== "?" || !structure.active.includes(i)) continue;
      const unit = structure.groups[g]!.units[0]!;
      const w = incomingOf(view, theta, unit);
      found.push({
        what: `unit ${unit + 1} is taken to lie on its kink at sample ${i + 1}; the cosine of its weights with the sample is`,
        figure: dotNumbers(w, view.xs[i]!) / (normOf(w) * (normOf(view.xs[i]!) || 1)),
      });
    }
  return found;
}
