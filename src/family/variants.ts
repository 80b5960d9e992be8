/**
 * The same evidence with other lengths: the ends of curves and the radii of balls, which the prover halves until they are small enough at its
 * sample, as functions of the parameter, which shrink where what they have to be smaller than does.
 */
import { FamilyError } from "../exact/family.js";
import { abs, type Field, power, squaredNorm } from "../exact/field.js";
import type { RationalFunction } from "../exact/function-field.js";
import type { RealRoot } from "../exact/integer-polynomial.js";
import { constantTerm, type MultivariatePolynomial } from "../exact/multivariate.js";
import type { Polynomial } from "../exact/polynomial.js";
import { polynomialRing } from "../exact/polynomial.js";
import { rational } from "../exact/rational.js";
import { Rejection } from "../kernel/ensure.js";
import { type Curve, curvePoint, passAlong } from "../kernel/forward.js";
import type { Of, Statement } from "../kernel/statements/index.js";
import { verifyStatement } from "../kernel/verify.js";
import { type Instance, marginOf, marginsOf } from "../network/instance.js";
import { parametersOf } from "../network/network.js";
import { leavesOf } from "../prover/cells.js";

/** The statement, and others that may hold on a larger interval; the instance is over a totally ordered field. */
export function variantsOf<E>(instance: Instance<E>, statement: Statement<E>): readonly Statement<E>[] {
  if (statement.kind === "not-local") {
    const end = endOf(instance, statement.curve, null);
    return end === null ? [statement] : [statement, { ...statement, curve: { ...statement.curve, end } }];
  }
  if (statement.kind === "not-strict") {
    const verdict = verifyStatement(instance, statement);
    if (!verdict.accepted || verdict.proved.kind !== "not-strict") return [statement];
    const { passes, slacks, saved } = verdict.proved.proof;
    const end = endFor(instance.field, [
      ...passes.flatMap(({ preactivations }) => preactivations.flat()),
      ...slacks,
      saved,
    ]);
    return end === null ? [statement] : [statement, { ...statement, curve: { ...statement.curve, end } }];
  }
  if (statement.kind === "kkt") {
    const margins = marginsOf(instance);
    const terms = statement.terms.map((term) => {
      const end = endOf(instance, term.witness, margins[term.margin]!.sample);
      return end === null ? term : { ...term, witness: { ...term.witness, end } };
    });
    return [statement, { ...statement, terms }];
  }
  if (statement.kind === "strict-local") {
    const radius = radiusOf(instance, statement);
    return radius === null ? [statement] : [statement, { ...statement, radius }];
  }
  return [statement];
}

/** Powers of two that lengths are tried with, and of the functions that vanish at the ends of the interval. */
const HALVINGS = [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16];
const POWERS = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
  [0, 2],
  [2, 0],
  [1, 2],
  [2, 1],
  [2, 2],
] as const;

/** The statement with lengths 2^{−k} u^i v^j, ever shorter, u and v being functions that vanish at the ends of the interval and are positive inside. */
export function* plainVariants(
  { field: K }: Instance<RationalFunction>,
  statement: Statement<RationalFunction>,
  range: readonly [RealRoot, RealRoot],
): Generator<readonly Statement<RationalFunction>[]> {
  const [u, v] = range.map(({ polynomial }) => {
    const p = K.functions!.fromParts([polynomial], [1n]);
    try {
      return abs(K, p);
    } catch (error) {
      // Another root of the end's polynomial lies in the range.
      if (!(error instanceof FamilyError)) throw error;
      return K.one;
    }
  }) as [RationalFunction, RationalFunction];
  for (const [i, j] of POWERS) {
    const base = K.mul(power(K, u, BigInt(i)), power(K, v, BigInt(j)));
    yield HALVINGS.map((k) => withLength(statement, K.mul(base, K.fromRational(rational(1n, 1n << BigInt(k))))));
  }
}

function withLength<E>(statement: Statement<E>, length: E): Statement<E> {
  if (statement.kind === "not-local" || statement.kind === "not-strict")
    return { ...statement, curve: { ...statement.curve, end: length } };
  if (statement.kind === "strict-local") return { ...statement, radius: length };
  if (statement.kind !== "kkt") return statement;
  return {
    ...statement,
    terms: statement.terms.map((term) => ({ ...term, witness: { ...term.witness, end: length } })),
  };
}

/** A radius at which the evidence holds, where it does at a smaller one; null where it does at none. */
function radiusOf<E>(instance: Instance<E>, statement: Of<"strict-local", E>): E | null {
  const K = instance.field;
  const verdict = verifyStatement(instance, statement);
  if (!verdict.accepted || verdict.proved.kind !== "strict-local") return null;
  const inverses = new Map<string, E>();
  const atLeast = (inverse: E) => inverses.set(K.key(inverse), inverse);
  const two = K.add(K.one, K.one);
  // What keeps its sign in the ball: weights that move, and units.
  for (const k of parametersOf(instance.network, statement.scope)) {
    const value = instance.point[k]!;
    if (!K.isZero(value)) atLeast(K.inv(abs(K, value)));
  }
  const tail = (p: MultivariatePolynomial<E>, lowest: number) =>
    [...p.values()]
      .filter(({ variables }) => variables.length >= lowest)
      .map(({ coefficient }) => bound(K, coefficient))
      .reduce(K.add, K.zero);
  const leaves = verdict.proved.statement.tree;
  for (const [k, { multipliers, rho, kappa, products, relaxed }] of leavesOf(leaves).entries()) {
    // Values of relaxed units are bounded in another way.
    if (relaxed !== null && relaxed.length > 0) return null;
    const { cell, constraints, gradients } = verdict.proved.proof[k]!;
    for (const sample of instance.data.keys())
      for (const { z } of cell.sample(sample).layers.flat()) {
        const here = z === null ? K.zero : constantTerm(K, z);
        if (!K.isZero(here)) atLeast(K.div(tail(z!, 1), abs(K, here)));
      }
    const L = gradients.map((g) => g.map((c) => bound(K, c)).reduce(K.add, K.zero));
    const [C, D] = [2, 3].map((lowest) => constraints.map((h) => tail(h, lowest))) as [E[], E[]];
    let remainder = K.zero;
    for (const [j, w] of multipliers.entries()) {
      if (K.isZero(w)) continue;
      atLeast(K.div(K.mul(rho, L[j]!), w));
      remainder = K.add(remainder, K.add(K.mul(rho, K.mul(L[j]!, C[j]!)), K.mul(two, K.mul(w, D[j]!))));
    }
    for (const { first, second, weight } of products)
      remainder = K.add(
        remainder,
        K.mul(abs(K, weight), K.add(K.mul(C[first]!, L[second]!), K.mul(C[second]!, L[first]!))),
      );
    atLeast(K.div(remainder, kappa));
  }
  return K.inv([...inverses.values()].reduce(K.add, K.one));
}

/** An end of the curve at which all that has to keep its sign does so; null where it has none to keep. Of one sample only its pre-activations count. */
function endOf<E>(instance: Instance<E>, curve: Curve<E>, sample: number | null): E | null {
  const K = instance.field;
  const ring = polynomialRing(K);
  const samples = sample === null ? [...instance.data.keys()] : [sample];
  try {
    const passes = new Map(samples.map((i) => [i, passAlong(instance, curve, i)]));
    const kept = [...passes.values()].flatMap(({ preactivations }) => preactivations.flat());
    if (sample === null) {
      for (const margin of marginsOf(instance))
        kept.push(ring.sub(marginOf(ring, margin, passes.get(margin.sample)!.outputs), ring.one));
      kept.push(ring.sub([squaredNorm(K, instance.point)], squaredNorm(ring, curvePoint(instance, curve))));
    }
    return endFor(K, kept);
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    return null;
  }
}

/** Where all of these polynomials keep their signs; null where none has a sign to lose. */
function endFor<E>(K: Field<E>, kept: readonly Polynomial<E>[]): E | null {
  const shares = kept.map((p) => shareOf(K, p)).filter((share) => !K.isZero(share));
  return shares.length === 0 ? null : K.inv(shares.reduce(K.add, K.one));
}

/** Σ_{j>k} |q_j| / |q_k|, at most, for q = t^k(q_k + …): the sign is that of q_k where t ≤ 1 is less than the inverse of this. */
function shareOf<E>(K: Field<E>, p: Polynomial<E>): E {
  const order = p.findIndex((c) => !K.isZero(c));
  if (order === -1 || order === p.length - 1) return K.zero;
  const tail = p
    .slice(order + 1)
    .map((c) => bound(K, c))
    .reduce(K.add);
  return K.div(tail, abs(K, p[order]!));
}

/** At least |c|, whatever the sign of c is elsewhere. */
function bound<E>(K: Field<E>, c: E): E {
  const parts = K.functions?.parts(c);
  const isConstant =
    parts === undefined || (parts.denominator.length === 1 && parts.numerators.every((p) => p.length <= 1));
  return isConstant ? abs(K, c) : K.div(K.add(K.mul(c, c), K.one), K.add(K.one, K.one));
}
