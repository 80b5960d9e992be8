/**
 * The system of an enclosed point, built by the kernel itself, and the proof that it has exactly one zero in the box. With Φ^τ the network
 * whose kinks have the slopes τ, and r = Bφ − Σ λ_j ∇margin_j^τ(Bφ):
 *   (S) Bᵀr = 0,   (M) margin_j^τ(Bφ) = 1 for the active j,   (Z) z_c(Bφ) = 0 for each class of kinks.
 */
import type { Field, Ring } from "../../exact/field.js";
import { type Entry, type Interval, type IntervalRing, intervalRing } from "../../exact/interval.js";
import { rowReduce } from "../../exact/linear.js";
import {
  accumulate,
  constant,
  derivative,
  evaluate,
  type MultivariatePolynomial,
  multivariateRing,
  scaled,
  shiftedVariable,
  type Term,
} from "../../exact/multivariate.js";
import { Q, type Rational } from "../../exact/rational.js";
import { type Margin, marginOf, marginsOf, type Problem } from "../../network/instance.js";
import { isLinearLayer, type Network } from "../../network/network.js";
import { ensure } from "../ensure.js";
import { keyOf } from "../explore.js";
import { propagate, type UnitAtSample, unitText } from "../forward.js";
import type { EnclosedPoint } from "./point.js";

type Polynomial = MultivariatePolynomial<Rational>;

/** A unit at a sample with active margins: its pre-activation on the range of B, and its slope there. */
export interface UnitState {
  readonly at: UnitAtSample;
  readonly z: Polynomial;
  readonly state: "+" | "-" | "?";
  /** The class of a kink. */
  readonly kink: number | null;
}

/** What is known of an enclosed point once its zero is proved. */
export interface EnclosedFacts {
  readonly problem: Problem<Rational>;
  readonly point: EnclosedPoint;
  readonly ring: IntervalRing;
  readonly margins: readonly Margin[];
  /** The units of layers with kinks at samples with active margins. */
  readonly units: readonly UnitState[];
  readonly unitAt: (at: UnitAtSample) => UnitState | undefined;
  /** The parameters that a column of B names; all others are zero on its range. */
  readonly named: ReadonlySet<number>;
  /** r as polynomials in the unknowns, by parameter. */
  readonly residual: readonly Polynomial[];
  /** Enclosures of the zero. */
  readonly phi: readonly Interval[];
  readonly lambda: readonly Interval[];
  readonly tau: readonly Interval[];
  readonly theta: readonly Interval[];
  /** Charges work to the certificate's budget. */
  readonly spend: (words: number) => void;
}

export const systemClauses = ["enclosed.shape", "enclosed.kinks", "enclosed.zero", "enclosed.pattern"] as const;

/** Proves the zero; throws a Rejection by one of the clauses. */
export function enclosedFacts(
  problem: Problem<Rational>,
  point: EnclosedPoint,
  spend: (words: number) => void,
): EnclosedFacts {
  const margins = marginsOf(problem);
  const [q, a, c] = [point.range.length, point.active.length, point.kinks.length];
  const n = q + a + c;
  const isSquare =
    point.centre.length === n &&
    point.radius.length === n &&
    point.radius.every((r) => Q.sign(r) > 0) &&
    point.inverse.length === n &&
    point.inverse.every((row) => row.length === n) &&
    point.active.every((j, k) => k === 0 || point.active[k - 1]! < j);
  ensure(
    isSquare,
    "enclosed.shape",
    () => `the box, its radii and the inverse are not of the ${n} unknowns, or the active margins not in order`,
  );

  const system = systemOf(problem, point, margins, spend);
  const ring = intervalRing(point.precision, spend);
  const centre = point.centre.map(ring.enclose);
  const box = point.centre.map((value, k) =>
    hull(ring, Q.sub(value, point.radius[k]!), Q.add(value, point.radius[k]!)),
  );
  const zero = krawczyk(ring, problem.field, system.equations, point, centre, box);
  const enclose = (p: Polynomial) => evaluate(ring, ring.enclose, p, (v) => zero[v]!);
  for (const { at: unit, z, state } of system.units) {
    if (state === "?" || z.size === 0) continue;
    const sign = ring.sign(enclose(z));
    const fits = sign === (state === "+" ? 1 : -1);
    ensure(fits, "enclosed.pattern", () => `${unitText(unit)} is not shown to be ${state === "+" ? "on" : "off"}`);
  }
  return {
    problem,
    point,
    ring,
    margins,
    units: system.units,
    unitAt: (at) => system.known.get(keyOf(at)),
    named: new Set(point.range.flatMap((column) => [...column.keys()])),
    residual: system.residual,
    phi: zero.slice(0, q),
    lambda: zero.slice(q, q + a),
    tau: zero.slice(q + a),
    theta: system.images.map(enclose),
    spend,
  };
}

/** θ = Bφ, as polynomials in φ. */
function imagesOf({ network, field: K }: Problem<Rational>, { range }: EnclosedPoint): Polynomial[] {
  const images = new Map<number, Map<string, Term<Rational>>>();
  for (const [j, column] of range.entries())
    for (const [k, c] of column) {
      if (!images.has(k)) images.set(k, new Map());
      accumulate(K, images.get(k)!, shiftedVariable(K, K.zero, j), c);
    }
  const nothing: Polynomial = new Map();
  return network.parameters.map((_, k) => images.get(k) ?? nothing);
}

interface System {
  readonly equations: readonly Polynomial[];
  readonly images: readonly Polynomial[];
  readonly units: readonly UnitState[];
  readonly known: ReadonlyMap<string, UnitState>;
  readonly residual: readonly Polynomial[];
}

/** What a term of a product of polynomials costs, which takes memory, and one of a sum, in the words of the budget. */
const TERM = 300;
const SUMMAND = 20;

/** What looking at the whole network once costs. */
export function passCost({ layers }: Network): number {
  return 100 * layers.reduce((total, layer) => layer.reduce((n, row) => n + 1 + row.length, total), 0);
}

/** Polynomials whose number of terms draws on the budget. */
export function meteredRing(K: Field<Rational>, spend: (words: number) => void): Ring<Polynomial> {
  const ring = multivariateRing(K);
  return {
    ...ring,
    add: (p, q) => {
      spend(p.size + q.size);
      return ring.add(p, q);
    },
    mul: (p, q) => {
      spend(TERM * p.size * q.size);
      return ring.mul(p, q);
    },
  };
}

/** The system's polynomials in the unknowns φ, λ, τ, which are its variables in this order. */
export function systemOf(
  problem: Problem<Rational>,
  point: EnclosedPoint,
  margins: readonly Margin[],
  spend: (words: number) => void = () => {},
): System {
  const { network, data, frozen, field: K } = problem;
  const ring = meteredRing(K, spend);
  const [q, a] = [point.range.length, point.active.length];
  const classOf = new Map(point.kinks.flatMap((units, k) => units.map((at) => [keyOf(at), k])));
  const count = point.kinks.reduce((total, units) => total + units.length, 0);
  ensure(classOf.size === count, "enclosed.kinks", "a kink stands in two classes");
  const samples = [...new Set(point.active.map((j) => margins[j]!.sample))];
  const patterns = new Map(point.patterns.map((one) => [one.sample, one.layers]));
  const fits =
    patterns.size === point.patterns.length &&
    patterns.size === samples.length &&
    samples.every((sample) => {
      const own = patterns.get(sample);
      return (
        own?.length === network.slopes.length && own.every((states, l) => states.length === network.layers[l]!.length)
      );
    });
  ensure(
    fits,
    "enclosed.shape",
    "the patterns are not of the samples with active margins, layer by layer and unit by unit",
  );

  const images = imagesOf(problem, point);
  const weights = [...images, ...frozen.map((value) => constant(K, value))];
  spend(passCost(network));
  const known = new Map<string, UnitState>();
  const tight = new Map<number, Polynomial>();
  const residual = images.map((image) => new Map(image));
  for (const sample of samples) {
    spend(passCost(network));
    // σ as a factor, by layer and unit; null where it is 1.
    const factors = patterns.get(sample)!.map((states, layer) => {
      if (isLinearLayer(network, layer)) return [...states].map(() => null);
      const slope = network.slopes[layer]!;
      return [...states].map((state, unit) => {
        if (state !== "?") return state === "+" ? null : constant(K, slope);
        const kink = classOf.get(keyOf({ sample, layer, unit }));
        const found = () => `${unitText({ sample, layer, unit })} is a kink of no class`;
        ensure(kink !== undefined, "enclosed.kinks", found);
        const tau = new Map(constant(K, slope));
        accumulate(K, tau, shiftedVariable(K, K.zero, q + a + kink), K.sub(K.one, slope));
        return tau;
      });
    });
    const times = (p: Polynomial, layer: number, unit: number) => {
      const factor = factors[layer]![unit]!;
      return factor === null ? p : ring.mul(factor, p);
    };
    const inputs = data[sample]!.x.map((value) => constant(K, value));
    const { preactivations, outputs } = propagate(ring, network, weights, inputs, times);
    for (const [layer, row] of preactivations.entries()) {
      if (isLinearLayer(network, layer)) continue;
      for (const [unit, z] of row.entries()) {
        const at = { sample, layer, unit };
        const state = patterns.get(sample)![layer]![unit] as UnitState["state"];
        known.set(keyOf(at), { at, z, state, kink: classOf.get(keyOf(at)) ?? null });
      }
    }
    // Backwards: the derivatives of Σ λ margin by the outputs of a layer, then by its weights and by what it reads.
    let adjoints = outputs.map(() => new Map<string, Term<Rational>>());
    for (const [k, j] of point.active.entries()) {
      const margin = margins[j]!;
      if (margin.sample !== sample) continue;
      tight.set(j, ring.sub(marginOf(ring, margin, outputs), ring.one));
      const lambda = shiftedVariable(K, K.zero, q + k);
      if (margin.plus !== null) accumulate(K, adjoints[margin.plus]!, lambda, K.one);
      if (margin.minus !== null) accumulate(K, adjoints[margin.minus]!, lambda, K.neg(K.one));
    }
    for (let l = network.layers.length - 1; l >= 0; l--) {
      const below = l === 0 ? inputs : preactivations[l - 1]!.map((z, unit) => times(z, l - 1, unit));
      const next = below.map(() => new Map<string, Term<Rational>>());
      for (const [unit, row] of network.layers[l]!.entries()) {
        const adjoint = adjoints[unit]!;
        if (adjoint.size === 0) continue;
        for (const { from, weight } of row) {
          if (weight < images.length && below[from]!.size > 0)
            accumulate(K, residual[weight]!, ring.mul(adjoint, below[from]!), K.neg(K.one));
          if (l > 0 && weights[weight]!.size > 0)
            accumulate(K, next[from]!, ring.mul(adjoint, weights[weight]!), K.one);
        }
      }
      adjoints = l === 0 ? next : next.map((p, unit) => new Map(times(p, l - 1, unit)));
    }
  }

  const kinkEquations = point.kinks.map((members) => {
    const own = members.map((at) => known.get(keyOf(at)));
    const [first, ...others] = own;
    const isClass =
      first?.state === "?" &&
      first.z.size > 0 &&
      others.every((one) => one?.state === "?" && areProportional(K, one.z, first.z));
    ensure(
      isClass,
      "enclosed.kinks",
      () => `a class of kinks holds ${unitText(members[0]!)} and something that is no kink, or not proportional to it`,
    );
    return first!.z;
  });
  const stationarity = point.range.map((column) => {
    const total = new Map<string, Term<Rational>>();
    for (const [k, c] of column) {
      spend(SUMMAND * residual[k]!.size);
      accumulate(K, total, residual[k]!, c);
    }
    return total;
  });
  const equations = [...stationarity, ...point.active.map((j) => tight.get(j)!), ...kinkEquations];
  return { equations, images, units: [...known.values()], known, residual };
}

/** Whether f = c g for a number c ≠ 0. */
function areProportional(K: Field<Rational>, f: Polynomial, g: Polynomial): boolean {
  if (f.size !== g.size || f.size === 0) return false;
  const [key, term] = [...g][0]!;
  const own = f.get(key);
  if (own === undefined) return false;
  const ratio = K.div(own.coefficient, term.coefficient);
  return multivariateRing(K).sub(f, scaled(K, g, ratio)).size === 0;
}

/**
 * Krawczyk's operator z̃ − Y G(z̃) + (I − Y G'(Z))(Z − z̃) maps the box Z into its interior: so G has exactly one zero in Z, and it lies in the
 * image, which is returned. (R. Krawczyk, Newton-Algorithmen zur Bestimmung von Nullstellen mit Fehlerschranken, Computing 4, 1969.)
 */
function krawczyk(
  ring: IntervalRing,
  K: Field<Rational>,
  equations: readonly Polynomial[],
  { inverse }: EnclosedPoint,
  centre: readonly Interval[],
  box: readonly Interval[],
): Interval[] {
  const value = (p: Polynomial, at: readonly Interval[]) => evaluate(ring, ring.enclose, p, (v) => at[v]!);
  const Y = inverse.map((row) => row.map((entry) => ring.enclose(entry).low)); // any matrix will do
  const G = equations.map((p, row) => ({ row, value: value(p, centre) }));
  const J = centre.map((): Entry[] => []);
  for (const [row, p] of equations.entries())
    for (const [v, slope] of gradientOf(K, p)) J[v]!.push({ row, value: value(slope, box) });
  return centre.map((middle, i) => {
    let image = ring.sub(middle, ring.combine(Y[i]!, G));
    for (const [v, column] of J.entries()) {
      const factor = ring.sub(v === i ? ring.one : ring.zero, ring.combine(Y[i]!, column));
      image = ring.add(image, ring.mul(factor, ring.sub(box[v]!, centre[v]!)));
    }
    const inside = box[i]!.low < image.low && image.high < box[i]!.high;
    ensure(inside, "enclosed.zero", `the box is not shown to hold exactly one zero: unknown ${i + 1} leaves it`);
    return image;
  });
}

/** The derivatives that are not identically zero, by variable. */
export function gradientOf(K: Field<Rational>, p: Polynomial): Map<number, Polynomial> {
  const parts = new Map<number, Map<string, Term<Rational>>>();
  for (const [key, term] of p)
    for (const v of new Set(term.variables)) {
      if (!parts.has(v)) parts.set(v, new Map());
      parts.get(v)!.set(key, term);
    }
  return new Map([...parts].map(([v, part]) => [v, derivative(K, part, v)]));
}

function hull(ring: IntervalRing, low: Rational, high: Rational): Interval {
  return { low: ring.enclose(low).low, high: ring.enclose(high).high };
}

/** Whether the residual lies in the range of B, identically in the unknowns. */
export function isResidualInRange({
  problem: { field: K },
  point: { range },
  named: names,
  residual,
  spend,
}: EnclosedFacts): boolean {
  const named = [...names];
  spend(range.length * named.length * (10 + range.length / 50)); // room for the matrix, and looking at its zeros
  spend(residual.reduce((total, p) => total + p.size, 0));
  const rows = range.map((column) => named.map((k) => column.get(k) ?? K.zero));
  const { rows: basis, pivots } = rowReduce(K, rows, named.length);
  const rest = residual.map((p) => new Map(p));
  for (const [i, pivot] of pivots.entries()) {
    const own = residual[named[pivot]!]!;
    for (const [position, k] of named.entries()) {
      const c = basis[i]![position]!;
      if (K.isZero(c)) continue;
      spend(SUMMAND * own.size);
      accumulate(K, rest[k]!, own, K.neg(c));
    }
  }
  return rest.every((p) => p.size === 0);
}
