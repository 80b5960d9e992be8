/** `not-strict`: a curve of other feasible points, none of them longer than θ, ends in θ. (`proofs/theory.md`, §4.) */
import { squaredNorm } from "../../exact/field.js";
import { type Polynomial, polynomialRing, signOnInterval } from "../../exact/polynomial.js";
import { objectOf, word } from "../../network/codec.js";
import { type Instance, marginOf, marginText } from "../../network/instance.js";
import type { Scope } from "../../network/network.js";
import { ensure } from "../ensure.js";
import { type Curve, ensureCurve, liftToCurve, type PassOnCurve, passWith } from "../forward.js";
import type { Kind } from "../statement.js";

/** θ(t) = θ + Σ_k steps[k−1] t^k / (1 + t²) on 0 < t ≤ end: with a denominator, since no polynomial goes round on a sphere. */
export interface NotStrict<E> {
  readonly kind: "not-strict";
  readonly scope: Scope;
  readonly curve: Curve<E>;
}

export interface NotStrictProof<E> {
  readonly passes: readonly PassOnCurve<E>[];
  /** Per margin: (1 + t²)^L (margin − 1), L being the number of layers. */
  readonly slacks: readonly Polynomial<E>[];
  /** (1 + t²)² (‖θ‖² − ‖θ(t)‖²) */
  readonly saved: Polynomial<E>;
}

export const notStrict = <E>(): Kind<E, NotStrict<E>, NotStrictProof<E>> => ({
  clauses: ["not-strict.moves", "not-strict.margin", "not-strict.norm"],
  codec: ({ scope, curve }) => objectOf<NotStrict<E>>({ kind: word("not-strict"), scope, curve }),
  check: ({ instance, margins }, { scope, curve }) => {
    const { field: K, point, data, network, frozen } = instance;
    const ring = polynomialRing(K);
    ensureCurve(instance, curve, scope);
    const moves = curve.steps.some((step) => [...step.values()].some((c) => K.sign(c) !== 0));
    ensure(moves, "not-strict.moves", "the curve stays at the point");
    const denominator: Polynomial<E> = [K.one, K.zero, K.one];
    const numerators = curveNumerators(instance, curve);
    // A layer's weights, those that are frozen too, times 1 + t²: so each layer multiplies what comes out of it.
    const weights = [...numerators, ...frozen.map((c) => ring.mul(liftToCurve(K, c), denominator))];
    const passes = data.map((_, sample) => passWith(instance, weights, curve.end, sample));
    const scale = network.layers.reduce((power) => ring.mul(power, denominator), ring.one);
    const slacks = margins.map((margin) => {
      const slack = ring.sub(marginOf(ring, margin, passes[margin.sample]!.outputs), scale);
      const sign = signOnInterval(K, slack, curve.end);
      const found = () => `the margin of ${marginText(margin)} is not shown to stay at least 1 on the curve`;
      ensure(sign !== null && sign >= 0, "not-strict.margin", found);
      return slack;
    });
    const own = ring.mul(liftToCurve(K, squaredNorm(K, point)), ring.mul(denominator, denominator));
    const saved = ring.sub(own, squaredNorm(ring, numerators));
    const sign = signOnInterval(K, saved, curve.end);
    ensure(sign !== null && sign >= 0, "not-strict.norm", "the norm is not shown to stay at most that of the point");
    return { passes, slacks, saved };
  },
  meaning: ({ scope }) => ({
    about: "strict",
    scope,
    answer: "no",
    radius: null,
    because: "a curve of other feasible points, none of them longer, ends there",
  }),
});

/** (1 + t²) θ(t), as polynomials in t. */
export function curveNumerators<E>({ field: K, point }: Instance<E>, { steps }: Curve<E>): Polynomial<E>[] {
  const ring = polynomialRing(K);
  return point.map((start, k) =>
    ring.add(
      [K.zero, ...steps.map((step) => step.get(k) ?? K.zero)],
      ring.mul(liftToCurve(K, start), [K.one, K.zero, K.one]),
    ),
  );
}
