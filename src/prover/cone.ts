/**
 * Non-negativity of a quadratic form on a cell: weights N ≥ 0 on products of the cell's constraints with Q − Σ N_jk ℓ_j ℓ_kᵀ positive
 * semidefinite, found in floating point and made exact.
 */
import type { Instance, Orientation, Product, SparseVector } from "../certificate/format.js";
import { dot, type Field, squaredNorm } from "../exact/field.js";
import { isPositiveSemidefinite, solve } from "../exact/linear.js";
import { type Block, blockCell } from "../kernel/lagrangian.js";
import { solveLp } from "./lp.js";
import { applyMatrix, dotNumbers, normOf, symmetricEigen } from "./numeric.js";
import { binaryScale, fraction, plus, roundTo, scaleBy, sizeOf, toNumbers } from "./vectors.js";

const MAX_ROUNDS = 16;

export type CellOutcome<E> =
  | { readonly kind: "products"; readonly products: Product<E>[] }
  /** A point of the cell, in the block's coordinates, on which Q is negative (numerically). */
  | { readonly kind: "negative"; readonly direction: readonly number[] };

/** Decides one cell of a block; the signs of its outgoing weights are part of the cell. */
export function cellProducts<E>(
  instance: Instance<E>,
  block: Block<E>,
  orientations: readonly Orientation[],
): CellOutcome<E> {
  const { field: K } = instance;
  const { Q, constraints } = blockCell(instance, block, orientations);
  if (isPositiveSemidefinite(K, Q)) return { kind: "products", products: [] };
  if (block.outgoing.length === 1) return projected(K, block, Q, constraints, orientations.at(-1)!);
  return searched(K, Q, constraints);
}

/**
 * Weights ν ≥ 0 with ‖target + Σ ν_k vector_k‖² ≤ squaredRadius, or null: the least norm is a projection onto a cone, found in floating
 * point and solved exactly on its support; where there is room, ν is rounded to plainer numbers.
 */
export function intoBall<E>(
  K: Field<E>,
  target: readonly E[],
  vectors: readonly (readonly E[])[],
  squaredRadius: E,
): { readonly weights: readonly E[] | null; readonly approximate: readonly number[] } {
  const unit = binaryScale(K, Math.sqrt(K.toNumber(squaredRadius)));
  const scales = vectors.map((v) => binaryScale(K, sizeOf(K, v)));
  const scaledTarget = scaleBy(K, target, unit);
  const scaled = vectors.map((v, k) => scaleBy(K, v, scales[k]!));
  const unscaled = (weights: readonly E[]) => weights.map((w, k) => K.div(K.mul(w, scales[k]!), unit));
  const room = K.mul(squaredRadius, K.mul(unit, unit));
  const enough = (weights: readonly E[]) => {
    const reached = scaled.reduce((total, v, k) => plus(K, total, scaleBy(K, v, weights[k]!)), scaledTarget);
    return K.sign(K.sub(squaredNorm(K, reached), room)) <= 0;
  };
  const solution = nonnegativeLeastSquares(
    scaled.map((v) => toNumbers(K, v)),
    toNumbers(K, scaledTarget).map((c) => -c),
  );
  const approximate = solution.map((x, k) => (x * K.toNumber(scales[k]!)) / K.toNumber(unit));
  for (const denominator of [1n, 2n, 4n, 8n, 64n, 1024n]) {
    const rounded = solution.map((x) => K.fromRational(roundTo(Math.max(0, x), denominator)));
    if (enough(rounded)) return { weights: unscaled(rounded), approximate };
  }
  const support = solution.flatMap((x, k) => (x > 1e-9 ? [k] : []));
  const exact = solve(
    K,
    support.map((i) => support.map((j) => dot(K, scaled[i]!, scaled[j]!))),
    support.map((i) => K.neg(dot(K, scaled[i]!, scaledTarget))),
  );
  const weights = vectors.map((_, k) => (support.includes(k) ? (exact?.[support.indexOf(k)] ?? K.zero) : K.zero));
  const proved = exact?.every((c) => K.sign(c) >= 0) && enough(weights);
  return { weights: proved ? unscaled(weights) : null, approximate };
}

/**
 * One outgoing weight u of sign σ: with b the vector of the cross terms, Q ≥ 0 on the cell iff ‖σb + Σ ν_k ℓ_k‖ ≤ 1 for some ν ≥ 0.
 */
function projected<E>(
  K: Field<E>,
  { parameters, outgoing }: Block<E>,
  Q: readonly (readonly E[])[],
  constraints: readonly SparseVector<E>[],
  sigma: Orientation,
): CellOutcome<E> {
  const u = outgoing[0]!;
  const signs = constraints.slice(0, -1);
  const target = Q[u]!.map((c, k) => (k === u ? K.zero : sigma > 0 ? K.neg(c) : c));
  const vectors = signs.map((form) => parameters.map((_, k) => form.get(k) ?? K.zero));
  const asProducts = (weights: readonly E[]): CellOutcome<E> => ({
    kind: "products",
    products: weights.flatMap((w, k) =>
      K.isZero(w) ? [] : [{ first: k, second: signs.length, weight: K.mul(w, fraction(K, 2n)) }],
    ),
  });

  const { weights, approximate } = intoBall(K, target, vectors, K.one);
  if (weights !== null) return asProducts(weights);
  // The projection itself is the direction of the most negative value.
  const residual = toNumbers(K, target).map(
    (c, k) => c + vectors.reduce((t, v, j) => t + approximate[j]! * K.toNumber(v[k]!), 0),
  );
  const norm = normOf(residual) || 1;
  return { kind: "negative", direction: residual.map((c, k) => (k === u ? sigma : c / norm)) };
}

/** min ‖A x − b‖ over x ≥ 0, where `columns` are the columns of A: Lawson and Hanson's active set. */
function nonnegativeLeastSquares(columns: readonly (readonly number[])[], b: readonly number[]): number[] {
  const x = columns.map(() => 0);
  const passive = new Set<number>();
  for (let round = 0; round < 3 * columns.length + 10; round++) {
    const residual = b.map((c, k) => c - columns.reduce((t, column, j) => t + column[k]! * x[j]!, 0));
    const slopes = columns.map((column, j) =>
      passive.has(j) ? -Infinity : dotNumbers(column, residual) / (normOf(column) || 1),
    );
    const best = slopes.indexOf(Math.max(...slopes, 1e-10));
    if (best === -1) break;
    passive.add(best);
    for (;;) {
      const list = [...passive];
      const solution = leastSquares(
        list.map((j) => columns[j]!),
        b,
      );
      if (solution.every((c) => c > 1e-12)) {
        for (const j of x.keys()) x[j] = passive.has(j) ? solution[list.indexOf(j)]! : 0;
        break;
      }
      let step = 1;
      for (const [k, j] of list.entries())
        if (solution[k]! <= 1e-12) step = Math.min(step, x[j]! / (x[j]! - solution[k]! || 1));
      for (const [k, j] of list.entries()) {
        x[j] = x[j]! + step * (solution[k]! - x[j]!);
        if (x[j]! <= 1e-12) {
          x[j] = 0;
          passive.delete(j);
        }
      }
      if (passive.size === 0) break;
    }
  }
  return x;
}

/** The least-squares solution by the normal equations, slightly regularised. */
function leastSquares(columns: readonly (readonly number[])[], b: readonly number[]): number[] {
  const n = columns.length;
  const A = columns.map((c, i) => [
    ...columns.map((d, j) => dotNumbers(c, d) + (i === j ? 1e-14 : 0)),
    dotNumbers(c, b),
  ]);
  for (let k = 0; k < n; k++) {
    const pivot = A.findIndex(
      (row, i) => i >= k && Math.abs(row[k]!) === Math.max(...A.slice(k).map((r) => Math.abs(r[k]!))),
    );
    [A[k], A[pivot]] = [A[pivot]!, A[k]!];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = A[i]![k]! / (A[k]![k]! || 1e-300);
      for (let j = k; j <= n; j++) A[i]![j]! -= factor * A[k]![j]!;
    }
  }
  return A.map((row, k) => row[n]! / (row[k]! || 1e-300));
}

/**
 * Any block: weights ≥ 0 on products with pᵀ(Q − N)p ≥ τ‖p‖² at test points p, τ as large as possible, by an exact linear
 * programme; the eigenvectors of what is still negative are the next test points.
 */
function searched<E>(
  K: Field<E>,
  Q: readonly (readonly E[])[],
  constraints: readonly SparseVector<E>[],
): CellOutcome<E> {
  const n = Q.length;
  const scales = constraints.map((form) => binaryScale(K, sizeOf(K, form.values())));
  const dense = constraints.map((form, j) =>
    Array.from({ length: n }, (_, k) => K.mul(form.get(k) ?? K.zero, scales[j]!)),
  );
  const pairs = constraints.flatMap((_, first) =>
    constraints.slice(first).map((__, k) => ({ first, second: first + k })),
  );
  const floatQ = Q.map((row) => toNumbers(K, row));
  const floats = dense.map((v) => toNumbers(K, v));
  const unscaled = ({ first, second, weight }: Product<E>): Product<E> => ({
    first,
    second,
    weight: K.mul(weight, K.mul(scales[first]!, scales[second]!)),
  });
  const matrixFor = (weights: readonly number[]) => {
    const A = floatQ.map((row) => [...row]);
    for (const [k, { first, second }] of pairs.entries()) {
      if (weights[k] === 0) continue;
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          A[i]![j]! -=
            (weights[k]! * (floats[first]![i]! * floats[second]![j]! + floats[second]![i]! * floats[first]![j]!)) / 2;
        }
      }
    }
    return A;
  };
  const tests: (readonly E[])[] = Array.from({ length: n }, (_, k) => Q.map((__, j) => (j === k ? K.one : K.zero)));
  let weights = pairs.map(() => K.zero);
  const lowest = negativeInCone(floatQ, floats);
  if (lowest.value < -1e-6) return { kind: "negative", direction: lowest.p };
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { values, vectors } = symmetricEigen(matrixFor(toNumbers(K, weights)));
    const products = pairs.flatMap((pair, k) => (K.isZero(weights[k]!) ? [] : [{ ...pair, weight: weights[k]! }]));
    if (values[0]! > -1e-9) {
      const M = Q.map((row) => [...row]);
      const half = fraction(K, 1n, 2n);
      for (const { first, second, weight } of products) {
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            const cross = K.add(
              K.mul(dense[first]![i]!, dense[second]![j]!),
              K.mul(dense[second]![i]!, dense[first]![j]!),
            );
            M[i]![j] = K.sub(M[i]![j]!, K.mul(K.mul(half, weight), cross));
          }
        }
      }
      if (isPositiveSemidefinite(K, M)) return { kind: "products", products: products.map(unscaled) };
    }
    for (const [k, value] of values.entries()) {
      if (k > 0 && value > -1e-9) continue;
      const size = Math.max(...vectors[k]!.map(Math.abs));
      tests.push(vectors[k]!.map((x) => K.fromRational(roundTo(x / size, 256n))));
    }
    const result = solveLp(K, {
      objective: [...pairs.map(() => K.zero), K.neg(K.one)],
      rows: [
        ...tests.map((p) => ({
          coefficients: [
            ...pairs.map(({ first, second }) => K.neg(K.mul(dot(K, dense[first]!, p), dot(K, dense[second]!, p)))),
            K.neg(squaredNorm(K, p)),
          ],
          sense: ">=" as const,
          bound: K.neg(quadratic(K, Q, p)),
        })),
        { coefficients: [...pairs.map(() => K.zero), K.one], sense: "<=" as const, bound: K.one },
      ],
      free: [...pairs.map(() => false), true],
    });
    if (result.kind !== "optimal" || K.toNumber(result.value) > 1e-9) break; // τ < 0: no weights work at the test points
    weights = result.x
      .slice(0, -1)
      .map((w) => (K.degree === 1 && round < MAX_ROUNDS - 3 ? K.fromRational(roundTo(K.toNumber(w), 1n << 20n)) : w));
  }
  return { kind: "negative", direction: lowest.p };
}

function quadratic<E>(K: Field<E>, Q: readonly (readonly E[])[], p: readonly E[]): E {
  return dot(
    K,
    p,
    Q.map((row) => dot(K, row, p)),
  );
}

/** A point of the cone with a low value of the form: penalised descent from a few starts. */
function negativeInCone(
  Q: readonly (readonly number[])[],
  G: readonly (readonly number[])[],
): { readonly value: number; readonly p: readonly number[] } {
  const { vectors } = symmetricEigen(Q);
  let best = { value: Infinity, p: vectors[0]! };
  for (const start of [...vectors, ...vectors.map((v) => v.map((x) => -x))]) {
    let p = start;
    for (let step = 0; step < 300; step++) {
      const slope = applyMatrix(Q, p);
      for (const g of G) {
        const s = dotNumbers(g, p);
        if (s < 0) for (const k of p.keys()) slope[k]! += 30 * s * g[k]!;
      }
      const moved = p.map((x, k) => x - 0.02 * slope[k]!);
      const norm = normOf(moved) || 1;
      p = moved.map((x) => x / norm);
    }
    const violation = Math.min(0, ...G.map((g) => dotNumbers(g, p)));
    const value = dotNumbers(p, applyMatrix(Q, p)) - 10 * violation;
    if (value < best.value) best = { value, p };
  }
  return best;
}
