/** `not-local`: a curve of feasible points of smaller norm that ends in θ. (`proofs/theory.md`.) */
import type { Instance, Of } from "../certificate/format.js";
import { squaredNorm } from "../exact/field.js";
import { polynomialRing, signOnInterval } from "../exact/polynomial.js";
import { ensure } from "./ensure.js";
import { curvePoint, ensureCurve, passAlong } from "./forward.js";

export function checkNotLocal<E>(instance: Instance<E>, { scope, curve }: Of<"not-local", E>): void {
  const { field: K, point, data } = instance;
  const ring = polynomialRing(K);
  ensureCurve(instance, curve, scope);
  for (const [i, { y }] of data.entries()) {
    const { output } = passAlong(instance, curve, i);
    const slack = ring.sub(y === 1 ? output : ring.neg(output), ring.one);
    const sign = signOnInterval(K, slack, curve.end);
    ensure(
      sign !== null && sign >= 0,
      "not-local.margin",
      `the margin of sample ${i + 1} is not shown to stay at least 1 on the curve`,
    );
  }
  const saved = ring.sub([squaredNorm(K, point)], squaredNorm(ring, curvePoint(instance, curve)));
  ensure(
    signOnInterval(K, saved, curve.end) === 1,
    "not-local.norm",
    "the norm is not shown to stay below that of the point",
  );
}
