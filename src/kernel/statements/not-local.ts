/** `not-local`: a curve of feasible points of smaller norm that ends in θ. (`proofs/theory.md`, §4.) */
import { squaredNorm } from "../../exact/field.js";
import { type Polynomial, polynomialRing, signOnInterval } from "../../exact/polynomial.js";
import { objectOf, word } from "../../network/codec.js";
import { marginOf, marginText } from "../../network/instance.js";
import type { Scope } from "../../network/network.js";
import { ensure } from "../ensure.js";
import { type Curve, curvePoint, ensureCurve, type Pattern, passAlong } from "../forward.js";
import type { Kind } from "../statement.js";

export interface NotLocal<E> {
  readonly kind: "not-local";
  readonly scope: Scope;
  readonly curve: Curve<E>;
}

export interface NotLocalProof<E> {
  /** Per sample, on the curve. */
  readonly patterns: readonly Pattern[];
  /** Per margin, less 1, along the curve. */
  readonly slacks: readonly Polynomial<E>[];
  /** ‖θ‖² − ‖θ(t)‖² */
  readonly saved: Polynomial<E>;
}

export const notLocal = <E>(): Kind<E, NotLocal<E>, NotLocalProof<E>> => ({
  clauses: ["not-local.margin", "not-local.norm"],
  codec: ({ scope, curve }) => objectOf<NotLocal<E>>({ kind: word("not-local"), scope, curve }),
  check: ({ instance, margins }, { scope, curve }) => {
    const { field: K, point, data } = instance;
    const ring = polynomialRing(K);
    ensureCurve(instance, curve, scope);
    const passes = data.map((_, sample) => passAlong(instance, curve, sample));
    const slacks = margins.map((margin) => {
      const slack = ring.sub(marginOf(ring, margin, passes[margin.sample]!.outputs), ring.one);
      const sign = signOnInterval(K, slack, curve.end);
      const found = () => `the margin of ${marginText(margin)} is not shown to stay at least 1 on the curve`;
      ensure(sign !== null && sign >= 0, "not-local.margin", found);
      return slack;
    });
    const saved = ring.sub(ring.add([squaredNorm(K, point)], []), squaredNorm(ring, curvePoint(instance, curve)));
    const shorter = signOnInterval(K, saved, curve.end) === 1;
    ensure(shorter, "not-local.norm", "the norm is not shown to stay below that of the point");
    return { patterns: passes.map(({ pattern }) => pattern), slacks, saved };
  },
  meaning: ({ scope }) => ({
    about: "local",
    scope,
    answer: "no",
    radius: null,
    because: "a curve of feasible points with smaller norm ends there",
  }),
});
