/** Sparse polynomials in the variables 0, 1, 2, … over a field. */
import { abs, type Field, type Ring } from "./field.js";

export interface Term<E> {
  /** The variables of the monomial in ascending order, each as often as its exponent says; empty for the constant. */
  readonly variables: readonly number[];
  readonly coefficient: E;
}

/** The terms by monomial; no coefficient is zero. */
export type MultivariatePolynomial<E> = ReadonlyMap<string, Term<E>>;

export function multivariateRing<E>(K: Field<E>): Ring<MultivariatePolynomial<E>> {
  const accumulate = (target: Map<string, Term<E>>, { variables, coefficient }: Term<E>) => {
    const key = variables.join(",");
    const total = K.add(target.get(key)?.coefficient ?? K.zero, coefficient);
    if (K.isZero(total)) target.delete(key);
    else target.set(key, { variables, coefficient: total });
  };
  const neg = (p: MultivariatePolynomial<E>) =>
    new Map([...p].map(([key, t]) => [key, { variables: t.variables, coefficient: K.neg(t.coefficient) }]));
  const add = (p: MultivariatePolynomial<E>, q: MultivariatePolynomial<E>) => {
    const total = new Map(p);
    for (const term of q.values()) accumulate(total, term);
    return total;
  };
  return {
    zero: new Map(),
    one: constant(K, K.one),
    add,
    sub: (p, q) => add(p, neg(q)),
    neg,
    mul: (p, q) => {
      const product = new Map<string, Term<E>>();
      for (const s of p.values()) {
        for (const t of q.values()) {
          const variables = [...s.variables, ...t.variables].sort((a, b) => a - b);
          accumulate(product, { variables, coefficient: K.mul(s.coefficient, t.coefficient) });
        }
      }
      return product;
    },
    isZero: (p) => p.size === 0,
  };
}

export function constant<E>(K: Field<E>, value: E): MultivariatePolynomial<E> {
  return K.isZero(value) ? new Map() : new Map([["", { variables: [], coefficient: value }]]);
}

/** value + x_variable */
export function shiftedVariable<E>(K: Field<E>, value: E, variable: number): MultivariatePolynomial<E> {
  const terms = new Map(constant(K, value));
  terms.set(String(variable), { variables: [variable], coefficient: K.one });
  return terms;
}

/** The gradient at the origin, in `dimension` variables. */
export function gradientAtOrigin<E>(K: Field<E>, p: MultivariatePolynomial<E>, dimension: number): E[] {
  return Array.from({ length: dimension }, (_, v) => p.get(String(v))?.coefficient ?? K.zero);
}

/** The non-zero entries u ≤ v of the Hessian at the origin. */
export function hessianEntries<E>(K: Field<E>, p: MultivariatePolynomial<E>): { u: number; v: number; entry: E }[] {
  return [...p.values()].flatMap(({ variables, coefficient }) => {
    if (variables.length !== 2) return [];
    const [u, v] = variables as [number, number];
    return [{ u, v, entry: u === v ? K.add(coefficient, coefficient) : coefficient }];
  });
}

/** Σ |c_a| r^{deg a − lowest} over the terms of degree ≥ lowest. */
export function tailBound<E>(K: Field<E>, p: MultivariatePolynomial<E>, lowest: number, r: E): E {
  let bound = K.zero;
  for (const { variables, coefficient } of p.values()) {
    if (variables.length < lowest) continue;
    let term = abs(K, coefficient);
    for (let k = lowest; k < variables.length; k++) term = K.mul(term, r);
    bound = K.add(bound, term);
  }
  return bound;
}
