/**
 * The conic problem behind `bound`: weights x ≥ 0 that make matrices, affine in x, positive semidefinite. For one row against a vector this
 * is a projection onto a cone; else cutting planes, whose test points are eigenvectors of what is still negative. All is found in
 * floating point and made exact; the caller checks.
 */
import { dot, type Field, squaredNorm } from "../../exact/field.js";
import { isPositiveSemidefinite } from "../../exact/linear.js";
import { solveLp } from "./lp.js";
import { dotNumbers, normOf, symmetricEigen } from "./numeric.js";
import { solveSystem } from "./solve.js";
import { binaryScale, fraction, plus, roundTo, scaleBy, sizeOf, toNumbers } from "./vectors.js";

const MAX_ROUNDS = 16;

/** max Σ x_k gain_k − ½‖Σ x_k v_k‖² over x ≥ 0, in floating point: Lawson and Hanson's active set. */
export function quadraticAscent(vectors: readonly (readonly number[])[], gains: readonly number[]): number[] {
  const x = vectors.map(() => 0);
  const passive = new Set<number>();
  const norms = vectors.map((v) => normOf(v) || 1);
  const products = vectors.map(() => new Map<number, number>());
  const product = (i: number, j: number): number => {
    const known = products[i]!.get(j);
    if (known !== undefined) return known;
    const value = dotNumbers(vectors[i]!, vectors[j]!);
    products[i]!.set(j, value);
    products[j]!.set(i, value);
    return value;
  };
  for (let round = 0; round < 3 * vectors.length + 10; round++) {
    const total = combined(vectors, x);
    const slopes = vectors.map((v, k) => (passive.has(k) ? -Infinity : (gains[k]! - dotNumbers(v, total)) / norms[k]!));
    const best = slopes.indexOf(Math.max(...slopes, 1e-10));
    if (best === -1) break;
    passive.add(best);
    for (;;) {
      const list = [...passive];
      const solution = onSupport(
        list,
        product,
        list.map((k) => gains[k]!),
      );
      if (solution.every((c) => c > 1e-12)) {
        for (const k of x.keys()) x[k] = passive.has(k) ? solution[list.indexOf(k)]! : 0;
        break;
      }
      let step = 1;
      for (const [j, k] of list.entries())
        if (solution[j]! <= 1e-12) step = Math.min(step, x[k]! / (x[k]! - solution[j]! || 1));
      for (const [j, k] of list.entries()) {
        x[k] = x[k]! + step * (solution[j]! - x[k]!);
        if (x[k]! <= 1e-12) {
          x[k] = 0;
          passive.delete(k);
        }
      }
      if (passive.size === 0) break;
    }
  }
  return x;
}

export function combined(vectors: readonly (readonly number[])[], x: readonly number[]): number[] {
  const total = new Array<number>(vectors[0]?.length ?? 0).fill(0);
  for (const [k, v] of vectors.entries()) if (x[k] !== 0) for (const j of total.keys()) total[j]! += x[k]! * v[j]!;
  return total;
}

/** Gram x = gains on these vectors, slightly regularised, by elimination. */
function onSupport(
  list: readonly number[],
  product: (i: number, j: number) => number,
  gains: readonly number[],
): number[] {
  const n = list.length;
  const A = list.map((k, i) => {
    const row = new Float64Array(n + 1);
    for (const [j, l] of list.entries()) row[j] = product(k, l) + (i === j ? 1e-14 : 0);
    row[n] = gains[i]!;
    return row;
  });
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(A[i]![k]!) > Math.abs(A[pivot]![k]!)) pivot = i;
    [A[k], A[pivot]] = [A[pivot]!, A[k]!];
    const own = A[k]!;
    for (const [i, row] of A.entries()) {
      if (i === k || own[k] === 0) continue;
      const factor = row[k]! / own[k]!;
      for (let j = k; j <= n; j++) row[j]! -= factor * own[j]!;
    }
  }
  return A.map((row, k) => (row[k] === 0 ? 0 : row[n]! / row[k]!));
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
  const none = vectors.map(() => K.zero);
  if (enough(none)) return { weights: none, approximate: vectors.map(() => 0) };
  const floats = scaled.map((v) => toNumbers(K, v));
  const start = toNumbers(K, scaledTarget);
  const solution = quadraticAscent(
    floats,
    floats.map((v) => -dotNumbers(v, start)),
  );
  const approximate = solution.map((x, k) => (x * K.toNumber(scales[k]!)) / K.toNumber(unit));
  for (const denominator of [1n, 2n, 4n, 8n, 64n, 1024n]) {
    const rounded = solution.map((x) => K.fromRational(roundTo(Math.max(0, x), denominator)));
    if (enough(rounded)) return { weights: unscaled(rounded), approximate };
  }
  const support = solution.flatMap((x, k) => (x > 1e-9 ? [k] : []));
  const exact = solveSystem(
    K,
    support.map((i) => support.map((j) => dot(K, scaled[i]!, scaled[j]!))),
    support.map((i) => K.neg(dot(K, scaled[i]!, scaledTarget))),
  );
  const weights = vectors.map((_, k) => (support.includes(k) ? (exact?.[support.indexOf(k)] ?? K.zero) : K.zero));
  const proved = exact?.every((c) => K.sign(c) >= 0) && enough(weights);
  return { weights: proved ? unscaled(weights) : null, approximate };
}

/** A symmetric form f sᵀ + s fᵀ, halved, of two vectors. */
export interface Pair<E> {
  readonly first: readonly E[];
  readonly second: readonly E[];
}

export type PairOutcome<E> =
  | { readonly kind: "weights"; readonly weights: readonly E[] }
  /** A point of the cone on which Q is negative (numerically). */
  | { readonly kind: "negative"; readonly direction: readonly number[] };

/** Weights N ≥ 0 with Q − Σ N_k · ½(f_k s_kᵀ + s_k f_kᵀ) positive semidefinite, where each f and s is not negative on the cone of `forms`. */
export function pairWeights<E>(
  K: Field<E>,
  Q: readonly (readonly E[])[],
  forms: readonly (readonly E[])[],
  pairs: readonly Pair<E>[],
): PairOutcome<E> {
  const n = Q.length;
  const scales = pairs.map(({ first, second }) =>
    K.mul(binaryScale(K, sizeOf(K, first)), binaryScale(K, sizeOf(K, second))),
  );
  const floatQ = Q.map((row) => toNumbers(K, row));
  const floats = pairs.map(({ first, second }, k) =>
    [scaleBy(K, first, scales[k]!), second].map((v) => toNumbers(K, v)),
  );
  const matrixFor = (weights: readonly number[]) => {
    const A = floatQ.map((row) => [...row]);
    for (const [k, [f, s]] of floats.entries()) {
      if (weights[k] === 0) continue;
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) A[i]![j]! -= (weights[k]! * (f![i]! * s![j]! + s![i]! * f![j]!)) / 2;
    }
    return A;
  };
  const lowest = negativeInCone(
    floatQ,
    forms.map((v) => toNumbers(K, v)),
  );
  if (lowest.value < -1e-6) return { kind: "negative", direction: lowest.p };
  const tests: (readonly E[])[] = Q.map((_, k) => Q.map((__, j) => (j === k ? K.one : K.zero)));
  let weights = pairs.map(() => K.zero);
  const half = fraction(K, 1n, 2n);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { values, vectors } = symmetricEigen(matrixFor(toNumbers(K, weights)));
    if (values[0]! > -1e-9) {
      const unscaled = weights.map((w, k) => K.mul(w, scales[k]!));
      const M = Q.map((row) => [...row]);
      for (const [k, { first, second }] of pairs.entries()) {
        if (K.isZero(unscaled[k]!)) continue;
        for (let i = 0; i < n; i++)
          for (let j = 0; j < n; j++) {
            const cross = K.add(K.mul(first[i]!, second[j]!), K.mul(second[i]!, first[j]!));
            if (!K.isZero(cross)) M[i]![j] = K.sub(M[i]![j]!, K.mul(K.mul(half, unscaled[k]!), cross));
          }
      }
      if (isPositiveSemidefinite(K, M)) return { kind: "weights", weights: unscaled };
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
            ...pairs.map(({ first, second }, k) =>
              K.neg(K.mul(scales[k]!, K.mul(dot(K, first, p), dot(K, second, p)))),
            ),
            K.neg(squaredNorm(K, p)),
          ],
          sense: ">=" as const,
          bound: K.neg(
            dot(
              K,
              p,
              Q.map((row) => dot(K, row, p)),
            ),
          ),
        })),
        { coefficients: [...pairs.map(() => K.zero), K.one], sense: "<=" as const, bound: K.one },
      ],
      free: [...pairs.map(() => false), true],
    });
    if (result.kind !== "optimal" || K.toNumber(result.value) > 1e-9) break; // no weights work at the test points
    weights = result.x
      .slice(0, -1)
      .map((w) => (K.degree === 1 && round < MAX_ROUNDS - 3 ? K.fromRational(roundTo(K.toNumber(w), 1n << 20n)) : w));
  }
  return { kind: "negative", direction: lowest.p };
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
      const slope = Q.map((row) => dotNumbers(row, p));
      for (const g of G) {
        const s = dotNumbers(g, p);
        if (s < 0) for (const k of p.keys()) slope[k]! += 30 * s * g[k]!;
      }
      const moved = p.map((x, k) => x - 0.02 * slope[k]!);
      const norm = normOf(moved) || 1;
      p = moved.map((x) => x / norm);
    }
    const violation = Math.min(0, ...G.map((g) => dotNumbers(g, p)));
    const value =
      dotNumbers(
        p,
        Q.map((row) => dotNumbers(row, p)),
      ) -
      10 * violation;
    if (value < best.value) best = { value, p };
  }
  return best;
}
