/** Sparse polynomials in the variables 0, 1, 2, … over a field. */
import { dot, type Field, type Ring, sizeBound } from "./field.js";

export interface Term<E> {
  /** The variables of the monomial in ascending order, each as often as its exponent says; empty for the constant. */
  readonly variables: readonly number[];
  readonly coefficient: E;
}

/** The terms by monomial; no coefficient is zero. */
export type MultivariatePolynomial<E> = ReadonlyMap<string, Term<E>>;

export function multivariateRing<E>(K: Field<E>): Ring<MultivariatePolynomial<E>> {
  const sum = (p: MultivariatePolynomial<E>, q: MultivariatePolynomial<E>, side: E) => {
    const total = new Map(p);
    accumulate(K, total, q, side);
    return total;
  };
  const minusOne = K.neg(K.one);
  return {
    zero: new Map(),
    one: constant(K, K.one),
    add: (p, q) => sum(p, q, K.one),
    sub: (p, q) => sum(p, q, minusOne),
    neg: (p) => scaled(K, p, minusOne),
    mul: (p, q) => sumOfProducts(K, [[p, q]]),
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

/** factor · p */
export function scaled<E>(K: Field<E>, p: MultivariatePolynomial<E>, factor: E): MultivariatePolynomial<E> {
  const product = new Map<string, Term<E>>();
  accumulate(K, product, p, factor);
  return product;
}

/** Adds factor · p to the target, in place. */
export function accumulate<E>(
  K: Field<E>,
  target: Map<string, Term<E>>,
  p: MultivariatePolynomial<E>,
  factor: E,
): void {
  if (K.isZero(factor)) return;
  const isOne = K.isZero(K.sub(factor, K.one));
  for (const [key, { variables, coefficient }] of p)
    addTerm(K, target, key, variables, isOne ? coefficient : K.mul(coefficient, factor));
}

function addTerm<E>(K: Field<E>, target: Map<string, Term<E>>, key: string, variables: readonly number[], c: E): void {
  const known = target.get(key);
  const coefficient = known === undefined ? c : K.add(known.coefficient, c);
  if (K.isZero(coefficient)) target.delete(key);
  else target.set(key, { variables, coefficient });
}

/** Σ p q over the pairs. */
export function sumOfProducts<E>(
  K: Field<E>,
  pairs: Iterable<readonly [MultivariatePolynomial<E>, MultivariatePolynomial<E>]>,
): MultivariatePolynomial<E> {
  const total = new Map<string, Term<E>>();
  const constants: [E[], E[]] = [[], []];
  for (const [p, q] of pairs) {
    for (const [one, s] of p) {
      for (const [other, t] of q) {
        if (s.variables.length + t.variables.length === 0) {
          constants[0].push(s.coefficient);
          constants[1].push(t.coefficient);
          continue;
        }
        const coefficient = times(K, s.coefficient, t.coefficient);
        // Of many terms most have a factor that is a constant, or a coefficient that is 1: what they then are is there already.
        if (s.variables.length === 0) addTerm(K, total, other, t.variables, coefficient);
        else if (t.variables.length === 0) addTerm(K, total, one, s.variables, coefficient);
        else {
          const variables = s.variables.concat(t.variables).sort((a, b) => a - b); // a spread list would keep room for more
          addTerm(K, total, variables.join(","), variables, coefficient);
        }
      }
    }
  }
  if (constants[0].length > 0) addTerm(K, total, "", [], dot(K, ...constants));
  return total;
}

/** a b, without a new element where one of them is the field's own 1. */
function times<E>(K: Field<E>, a: E, b: E): E {
  return a === K.one ? b : b === K.one ? a : K.mul(a, b);
}

export function constantTerm<E>(K: Field<E>, p: MultivariatePolynomial<E>): E {
  return p.get("")?.coefficient ?? K.zero;
}

/** The gradient at the origin, in the given variables. */
export function gradientAtOrigin<E>(K: Field<E>, p: MultivariatePolynomial<E>, variables: readonly number[]): E[] {
  return variables.map((v) => p.get(String(v))?.coefficient ?? K.zero);
}

/** The non-zero entries u ≤ v of the Hessian at the origin. */
export function hessianEntries<E>(K: Field<E>, p: MultivariatePolynomial<E>): { u: number; v: number; entry: E }[] {
  return [...p.values()].flatMap(({ variables, coefficient }) => {
    if (variables.length !== 2) return [];
    const [u, v] = variables as [number, number];
    return [{ u, v, entry: u === v ? K.add(coefficient, coefficient) : coefficient }];
  });
}

/** |x| ≤ size · ‖d‖^order for a variable x, where d is the vector of those variables that count as they are. */
export interface Grade<E> {
  readonly order: number;
  readonly size: E;
}

/** The variables that do not count as they are, that is with order 1 and size 1. */
export type Grades<E> = ReadonlyMap<number, Grade<E>>;

/** The order of a monomial, the sum of those of its variables: its degree, where these count as they are. */
export function orderOf<E>(variables: readonly number[], grades: Grades<E>): number {
  return variables.reduce((total, v) => total + (grades.get(v)?.order ?? 1), 0);
}

/** At least Σ |c_a| r^{order a − lowest} over the terms of order ≥ lowest, with the sizes of their variables: for ‖d‖ ≤ r, Σ |terms| ≤ bound · ‖d‖^lowest. */
export function tailBound<E>(
  K: Field<E>,
  p: MultivariatePolynomial<E>,
  lowest: number,
  r: E,
  grades: Grades<E> = new Map(),
): E {
  let bound = K.zero;
  for (const { variables, coefficient } of p.values()) {
    const order = orderOf(variables, grades);
    if (order < lowest) continue;
    let term = sizeBound(K, coefficient);
    for (const v of variables) if (grades.has(v)) term = K.mul(term, grades.get(v)!.size);
    for (let k = lowest; k < order; k++) term = K.mul(term, r);
    bound = K.add(bound, term);
  }
  return bound;
}

/** Of a variable that is at most |p| in size. */
export function gradeOf<E>(K: Field<E>, p: MultivariatePolynomial<E>, r: E, grades: Grades<E>): Grade<E> {
  const order = Math.min(...[...p.values()].map(({ variables }) => orderOf(variables, grades)));
  return p.size === 0 ? { order: 1, size: K.zero } : { order, size: tailBound(K, p, order, r, grades) };
}

/** ∂p/∂x_variable */
export function derivative<E>(K: Field<E>, p: MultivariatePolynomial<E>, variable: number): MultivariatePolynomial<E> {
  const total = new Map<string, Term<E>>();
  for (const { variables, coefficient } of p.values()) {
    const first = variables.indexOf(variable);
    if (first === -1) continue;
    const rest = variables.toSpliced(first, 1);
    const times = variables.filter((v) => v === variable).length;
    let c = K.zero;
    for (let k = 0; k < times; k++) c = K.add(c, coefficient);
    addTerm(K, total, rest.join(","), rest, c);
  }
  return total;
}

/** p with its variables put in, over any ring into which `lift` takes the coefficients. */
export function evaluate<E, R>(
  ring: Ring<R>,
  lift: (c: E) => R,
  p: MultivariatePolynomial<E>,
  value: (variable: number) => R,
): R {
  let total = ring.zero;
  for (const { variables, coefficient } of p.values()) {
    let term = lift(coefficient);
    for (const v of variables) term = ring.mul(term, value(v));
    total = ring.add(total, term);
  }
  return total;
}
