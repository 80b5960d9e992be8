/**
 * The second-order conditions at an enclosed point, in networks of any depth, with shared weights and constants: near it the active margins are
 * polynomials, or at most these. (`proofs/theory.md`, §8.8.)
 */
import type { Interval } from "../../exact/interval.js";
import { gramOf, isPositiveDefinite } from "../../exact/interval.js";
import type { MultivariatePolynomial } from "../../exact/multivariate.js";
import { Q, type Rational } from "../../exact/rational.js";
import { objectOf, word } from "../../network/codec.js";
import { ensure } from "../ensure.js";
import { ensureRoom } from "../facts.js";
import { unitText } from "../forward.js";
import { type EnclosedKind, ensureKkt, isUnread, isZero, weightsReading } from "./kkt.js";
import { marginNear, valueAt } from "./near.js";
import { type EnclosedFacts, gradientOf } from "./system.js";

export interface EnclosedStrictLocal {
  readonly kind: "strict-local";
  /** ρ */
  readonly penalty: Rational;
}

export const enclosedStrictLocal: EnclosedKind<EnclosedStrictLocal> = {
  clauses: ["enclosed-strict-local.zero", "enclosed-strict-local.penalty", "enclosed-strict-local.definite"],
  codec: ({ number }) => objectOf<EnclosedStrictLocal>({ kind: word("strict-local"), penalty: number }),
  check: (facts, { penalty }) => {
    ensureKkt(facts);
    ensure(Q.sign(penalty) >= 0, "enclosed-strict-local.penalty", "the penalty is negative");
    const { ring } = facts;
    const { gradients, hessian } = derivatives(
      facts,
      new Set(),
      (adjoint) => isLosing(facts, adjoint),
      "enclosed-strict-local.zero",
    );
    const rho = ring.enclose(penalty);
    for (const g of gradients)
      for (const [u, c] of g) {
        const scaled = ring.mul(rho, c);
        for (const [v, d] of g) hessian[u]![v] = ring.add(hessian[u]![v]!, ring.mul(scaled, d));
      }
    const found = "the Lagrangian with that penalty is not shown to be convex at the point";
    ensure(isPositiveDefinite(ring, hessian), "enclosed-strict-local.definite", found);
  },
  meaning: () => ({
    about: "local",
    scope: null,
    answer: "yes",
    radius: null,
    isStrict: true,
    because: "the Lagrangian has positive curvature in all directions along which the active margins stay",
  }),
};

/** What is proved of a descent along the active margins: a direction, and a number below the eigenvalues of their Gram matrix. */
export interface Bend {
  readonly direction: readonly Rational[];
  readonly least: Rational;
}

/** The Lagrangian curves down along the part of the direction that is orthogonal to the gradients of the active margins, which are independent. */
export function ensureBending(facts: EnclosedFacts, { direction, least }: Bend): void {
  const { ring } = facts;
  const mu = ring.enclose(least);
  ensure(ring.sign(mu) === 1, "enclosed-not-local.least", "the bound of the eigenvalues is not shown to be positive");
  const still = unreadWeights(facts);
  const { gradients, hessian } = derivatives(facts, still, ({ size }) => size === 0, "enclosed-not-local.zero");
  const gram = gramOf(ring, gradients);
  for (const [k, row] of gram.entries()) row[k] = ring.sub(row[k]!, mu);
  const found = "the gradients of the active margins are not shown to be independent";
  ensure(isPositiveDefinite(ring, gram), "enclosed-not-local.independence", found);
  // The projection differs from d by at most δ = |Gd|/√μ.
  const d = direction.map((c, k) => (still.has(k) ? ring.zero : ring.enclose(c)));
  const along = gradients.map((g) => [...g].reduce((t, [k, c]) => ring.add(t, ring.mul(c, d[k]!)), ring.zero));
  const sizeOf = (squares: readonly Interval[]) => {
    const total = squares.reduce((t, x) => ring.add(t, ring.mul(x, x)), ring.zero);
    return ring.root({ low: 0n, high: total.high }, 2); // of squares, whatever the ends
  };
  const delta = ring.mul(sizeOf(along), ring.root(ring.inv(mu), 2));
  const image = hessian.map((row) => row.reduce((t, c, k) => ring.add(t, ring.mul(c, d[k]!)), ring.zero));
  const value = image.reduce((t, c, k) => ring.add(t, ring.mul(c, d[k]!)), ring.zero);
  const twice = ring.add(delta, delta);
  const rest = ring.add(ring.mul(twice, sizeOf(image)), ring.mul(ring.mul(delta, delta), sizeOf(hessian.flat())));
  ensure(
    ring.sign(ring.add(value, { low: 0n, high: rest.high })) === -1,
    "enclosed-not-local.curvature",
    "the Lagrangian is not shown to curve down along the direction",
  );
}

/** The weights with which the next layer reads units that are zero, where all of these are 0. */
export function unreadWeights(facts: EnclosedFacts): ReadonlySet<number> {
  const { network } = facts.problem;
  const unread = facts.units.filter((unit) => isZero(unit) && isUnread(facts, unit));
  return new Set(
    unread.flatMap((unit) =>
      network.layers[unit.at.layer + 1]!.flatMap((_, row) => weightsReading(network, unit, row)),
    ),
  );
}

/**
 * ∇f_j of the active margins by parameter, and I − Σ λ_j ∇²f_j, at θ, where some weights stay 0. `admits` says by the margin's derivative by its
 * output whether a zero unit does no harm; where one does, a Rejection by the clause.
 */
export function derivatives(
  facts: EnclosedFacts,
  still: ReadonlySet<number>,
  admits: (adjoint: MultivariatePolynomial<Rational>) => boolean,
  clause: string,
): { readonly gradients: readonly ReadonlyMap<number, Interval>[]; readonly hessian: Interval[][] } {
  const { problem, point, ring, theta, lambda } = facts;
  const count = problem.network.parameters.length;
  ensureRoom(facts, count);
  const hessian = theta.map((_, u) => theta.map((__, v) => (u === v ? ring.one : ring.zero)));
  const gradients = point.active.map((_, k) => {
    const { f, zeros } = marginNear(facts, k, still);
    for (const { unit, adjoint } of zeros)
      ensure(admits(adjoint), clause, () => `${unitText(unit.at)} is zero at the point`);
    const gradient = new Map<number, Interval>();
    for (const [u, slope] of gradientOf(problem.field, f)) {
      if (u >= count) continue;
      gradient.set(u, valueAt(facts, slope));
      for (const [v, bend] of gradientOf(problem.field, slope))
        if (v < count) hessian[u]![v] = ring.sub(hessian[u]![v]!, ring.mul(lambda[k]!, valueAt(facts, bend)));
    }
    return gradient;
  });
  return { gradients, hessian };
}

/** Whether a margin only loses by the unit's output near θ, or does not depend on it. */
export function isLosing(facts: EnclosedFacts, adjoint: MultivariatePolynomial<Rational>): boolean {
  return adjoint.size === 0 || facts.ring.sign(valueAt(facts, adjoint)) === -1;
}
