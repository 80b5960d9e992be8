/** Univariate polynomials over a field: coefficients from the constant term up, without trailing zeros. */
import { abs, dot, type Field, type Ring, type Sign, sizeBound } from "./field.js";

export type Polynomial<E> = readonly E[];

export function polynomialRing<E>(K: Field<E>): Ring<Polynomial<E>> {
  const trim = (coefficients: E[]): Polynomial<E> => {
    while (coefficients.length > 0 && K.isZero(coefficients[coefficients.length - 1]!)) coefficients.pop();
    return coefficients;
  };
  const combine = (p: Polynomial<E>, q: Polynomial<E>, step: (a: E, b: E) => E) =>
    trim(Array.from({ length: Math.max(p.length, q.length) }, (_, k) => step(p[k] ?? K.zero, q[k] ?? K.zero)));
  return {
    zero: [],
    one: [K.one],
    add: (p, q) => combine(p, q, K.add),
    sub: (p, q) => combine(p, q, K.sub),
    neg: (p) => p.map(K.neg),
    mul: (p, q) => {
      if (p.length === 0 || q.length === 0) return [];
      const product = new Array<E>(p.length + q.length - 1).fill(K.zero);
      for (let i = 0; i < p.length; i++) {
        if (K.isZero(p[i]!)) continue;
        for (let j = 0; j < q.length; j++) product[i + j] = K.add(product[i + j]!, K.mul(p[i]!, q[j]!));
      }
      return trim(product);
    },
    isZero: (p) => p.length === 0,
    dot: (u, v) => {
      const pairs: [E[], E[]][] = [];
      for (const [k, p] of u.entries())
        for (const [i, a] of p.entries())
          for (const [j, b] of v[k]!.entries()) {
            const own = pairs[i + j] ?? [[], []];
            pairs[i + j] = own;
            own[0].push(a);
            own[1].push(b);
          }
      return trim(Array.from(pairs, (own) => (own === undefined ? K.zero : dot(K, ...own))));
    },
  };
}

/**
 * The sign of p on all of (0, T], T > 0: 0 when p is identically zero, and null when this test does not settle it.
 *
 * With p = t^k (q_0 + q_1 t + …), q_0 ≠ 0, the sign is that of q_0 if |q_0| > Σ_{j≥1} |q_j| T^j. (`proofs/theory.md`, §1.2.)
 */
export function signOnInterval<E>(K: Field<E>, p: Polynomial<E>, T: E): Sign | null {
  const order = p.findIndex((c) => !K.isZero(c));
  if (order === -1) return 0;
  let tail = K.zero;
  for (let j = p.length - 1; j > order; j--) tail = K.mul(K.add(tail, sizeBound(K, p[j]!)), T);
  const lead = p[order]!;
  return K.sign(K.sub(abs(K, lead), tail)) > 0 ? K.sign(lead) : null;
}
