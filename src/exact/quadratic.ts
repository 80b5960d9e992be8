/** Quadratic forms in many variables that are given by squares and few products of linear forms. */
import { dot, type Field } from "./field.js";
import { isPositiveSemidefinite } from "./linear.js";

/** The coefficients of a linear form, or a vector, by variable. */
export type Sparse<E> = ReadonlyMap<number, E>;

/** Σ_k diagonal_k x_k² + Σ weight (first·x)(second·x) */
export interface QuadraticForm<E> {
  readonly diagonal: readonly E[];
  readonly products: readonly { readonly first: Sparse<E>; readonly second: Sparse<E>; readonly weight: E }[];
}

/** The symmetric matrix of the form. */
export function matrixOf<E>(K: Field<E>, { diagonal, products }: QuadraticForm<E>): E[][] {
  const matrix = diagonal.map((c, u) => diagonal.map((_, v) => (u === v ? c : K.zero)));
  const half = K.inv(K.add(K.one, K.one));
  const add = (u: number, v: number, c: E) => {
    matrix[u]![v] = K.add(matrix[u]![v]!, c);
  };
  for (const { first, second, weight } of products) {
    if (K.isZero(weight)) continue;
    const halfWeight = K.mul(half, weight);
    for (const [u, a] of first) {
      const factor = K.mul(halfWeight, a);
      for (const [v, b] of second) {
        const share = K.mul(factor, b);
        add(u, v, share);
        add(v, u, share);
      }
    }
  }
  return matrix;
}

/**
 * Whether the form is positive semidefinite. `room` is told the rows of the matrix that this takes, before it is made, and `spend` charged what intervals
 * cost.
 *
 * Of the variables x those that most have in common a diagonal c, and the others y: with V the span of the linear forms' parts in x,
 * the form at (x, y) is c ‖x − x_V‖² plus the form at (x_V, y), x_V being the projection of x to V. So with more variables x than vectors that
 * span V, it is positive semidefinite if and only if c ≥ 0 and it is so in coordinates (t, y) of V, x = Σ_i t_i v_i. (`proofs/theory.md`, §1.3.)
 */
export function isSemidefiniteForm<E>(
  K: Field<E>,
  form: QuadraticForm<E>,
  room: (rows: number) => void,
  spend: (words: number) => void = () => {},
): boolean {
  const { common, many } = commonDiagonal(K, form);
  const products = form.products.filter(({ weight }) => !K.isZero(weight));
  const parts = new Map<Sparse<E>, Sparse<E>>();
  for (const one of products.flatMap(({ first, second }) => [first, second])) parts.set(one, restricted(one, many));
  const span = [...parts.values()].filter((part) => part.size > 0);
  if (span.length >= many.size) {
    room(form.diagonal.length);
    return isPositiveSemidefinite(K, matrixOf(K, form), spend);
  }
  const others = form.diagonal.flatMap((_, k) => (many.has(k) ? [] : [k]));
  room(span.length + others.length);
  const position = new Map(others.map((k, at) => [k, span.length + at]));
  const inSpan = (part: Sparse<E>) => span.map((v) => product(K, part, v));
  const turned = new Map(
    [...parts].map(([one, part]): [Sparse<E>, Sparse<E>] => [
      one,
      new Map(
        [
          ...inSpan(part).entries(),
          ...[...one].flatMap(([k, c]) => (many.has(k) ? [] : [[position.get(k)!, c] as const])),
        ].filter(([, c]) => !K.isZero(c)),
      ),
    ]),
  );
  const small = matrixOf(K, {
    diagonal: [...span.map(() => K.zero), ...others.map((k) => form.diagonal[k]!)],
    products: products.map(({ first, second, weight }) => ({
      first: turned.get(first)!,
      second: turned.get(second)!,
      weight,
    })),
  });
  for (const [i, v] of span.entries())
    for (const [j, c] of inSpan(v).entries()) small[i]![j] = K.add(small[i]![j]!, K.mul(common, c));
  return K.sign(common) >= 0 && isPositiveSemidefinite(K, small, spend);
}

/** The variables with the diagonal that most have. */
function commonDiagonal<E>(K: Field<E>, { diagonal }: QuadraticForm<E>): { common: E; many: ReadonlySet<number> } {
  const groups = new Map<string, number[]>();
  for (const [k, c] of diagonal.entries()) {
    const key = K.key(c);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [k]);
    else group.push(k);
  }
  const most = [...groups.values()].reduce<number[]>((best, own) => (own.length > best.length ? own : best), []);
  return { common: diagonal[most[0]!] ?? K.zero, many: new Set(most) };
}

function restricted<E>(form: Sparse<E>, variables: ReadonlySet<number>): Sparse<E> {
  return new Map([...form].filter(([k]) => variables.has(k)));
}

function product<E>(K: Field<E>, f: Sparse<E>, g: Sparse<E>): E {
  const [short, long] = f.size <= g.size ? [f, g] : [g, f];
  const common = [...short.keys()].filter((k) => long.has(k));
  return dot(
    K,
    common.map((k) => short.get(k)!),
    common.map((k) => long.get(k)!),
  );
}
