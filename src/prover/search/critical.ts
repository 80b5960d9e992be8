/** The search for critical directions of negative curvature: the heart of a second-order descent. */
import { dot, squaredNorm, sum } from "../../exact/field.js";
import { nullspace } from "../../exact/linear.js";
import { hessianEntries } from "../../exact/multivariate.js";
import type { Instance } from "../../network/instance.js";
import { gaussian, uniform } from "../../numeric/random.js";
import type { LocalCell } from "./local.js";
import { dotNumbers, normOf, orthonormalBasis, symmetricEigen } from "./numeric.js";
import { binaryScale, plus, roundTo, scaleBy, sizeOf, toNumbers } from "./vectors.js";

/** Curvature above this, on unit directions, is not negative; below, the exact value decides. */
const NEARLY_FLAT = 1e-9;

/**
 * Exact directions of the critical cone of a cell on which every known multiplier's Lagrangian has negative curvature: plain ones first
 * (basis vectors, their sums and differences), then rounded results of a numerical search.
 */
export function criticalDirections<E>(
  instance: Instance<E>,
  cell: LocalCell<E>,
  multipliers: readonly (readonly E[])[],
  hints: readonly (readonly number[])[] = [],
): E[][] {
  const { field: K, point } = instance;
  const n = point.length;
  const binding = cell.gradients.map((_, j) => multipliers.some((w) => K.sign(w[j]!) > 0));
  const G = cell.gradients.map((g) => toNumbers(K, scaleBy(K, g, binaryScale(K, sizeOf(K, g)))));
  const forms = multipliers.map((w) => numericHessian(instance, cell, w));
  const value = (d: readonly number[]) => Math.max(...forms.map((apply) => dotNumbers(d, apply(d))));
  const inCone = (d: readonly number[]) => G.every((g, j) => (binding[j] ? true : dotNumbers(g, d) > -1e-9));
  const exactInCone = (d: readonly E[]) =>
    cell.gradients.every((g, j) => {
      const s = K.sign(dot(K, g, d));
      return binding[j] ? s === 0 : s >= 0;
    });
  const exactlyNegative = (d: readonly E[]) =>
    multipliers.every((w) => {
      const bent = cell.gradients.map((_, j) => (K.isZero(w[j]!) ? K.zero : K.mul(w[j]!, cell.curvature(j, d))));
      return K.sign(K.sub(squaredNorm(K, d), sum(K, bent))) < 0;
    });

  const found: E[][] = [];
  const consider = (d: E[]) => {
    const approximate = toNumbers(K, d);
    const size = normOf(approximate);
    const nearly = size > 0 && inCone(approximate) && value(approximate) < NEARLY_FLAT * size * size;
    if (nearly && exactInCone(d) && exactlyNegative(d)) found.push(d);
  };

  const equalities = cell.gradients.filter((_, j) => binding[j]);
  const basis = nullspace(K, equalities, n);
  const signs = [K.one, K.neg(K.one)];
  // Of functions the exact directions come first: they stay negative as long as there are any.
  const alongPivots = (span: readonly (readonly E[])[]) => {
    for (const w of multipliers)
      for (const d of negativePivots(instance, cell, w, span)) for (const s of signs) consider(scaleBy(K, d, s));
  };
  const free = cell.gradients.flatMap((_, j) => (binding[j] ? [] : [j]));
  const alongRounded = (d: readonly number[]) => {
    const tight = free.filter((j) => Math.abs(dotNumbers(G[j]!, d)) < 1e-5 * normOf(G[j]!));
    const face = nullspace(K, [...equalities, ...tight.map((j) => cell.gradients[j]!)], n);
    const before = found.length;
    if (K.functions !== null) alongPivots(face);
    for (const denominator of [1n, 2n, 3n, 4n, 6n, 8n, 12n, 16n, 64n, 1024n, 65536n, 1n << 24n]) {
      const rounded = roundInto(K, face, d, denominator);
      if (rounded !== null) consider(rounded);
      if (found.length > before) break;
    }
  };
  for (const d of hints) alongRounded(d);
  if (found.length > 0) return found;
  if (K.functions !== null) alongPivots(basis);
  if (found.length > 0) return found;
  for (const b of basis) for (const s of signs) consider(scaleBy(K, b, s));
  for (let i = 0; i < Math.min(basis.length, 40) && found.length < 20; i++) {
    for (let j = 0; j < i && found.length < 20; j++) {
      for (const s of signs)
        for (const t of signs) consider(plus(K, scaleBy(K, basis[i]!, s), scaleBy(K, basis[j]!, t)));
    }
  }
  if (found.length > 0) return found;

  for (const d of minimizeOverCone(
    basis.map((b) => toNumbers(K, b)),
    free.map((j) => G[j]!),
    forms,
  )) {
    alongRounded(d);
    if (found.length >= 6) break;
  }
  return found;
}

/**
 * Directions of the span on which the Lagrangian's Hessian is negative, by LDLᵀ with the largest pivots first: the vector of a negative pivot,
 * whose value is the pivot. They are rational in the entries, and so, over functions, negative wherever the pivot is.
 */
function negativePivots<E>(
  { field: K }: Instance<E>,
  cell: LocalCell<E>,
  w: readonly E[],
  span: readonly (readonly E[])[],
): E[][] {
  const apply = (d: readonly E[]): E[] => {
    const result = [...d];
    const add = (u: number, c: E) => {
      result[u] = K.sub(result[u]!, c);
    };
    for (const [j, h] of cell.constraints.entries()) {
      if (K.isZero(w[j]!)) continue;
      for (const { u, v, entry } of hessianEntries(K, h)) {
        const c = K.mul(w[j]!, entry);
        add(u, K.mul(c, d[v]!));
        if (u !== v) add(v, K.mul(c, d[u]!));
      }
    }
    return result;
  };
  const images = span.map(apply);
  const S = span.map((b) => images.map((image) => dot(K, b, image)));
  const vectors = span.map((b) => [...b]);
  const left = new Set(span.keys());
  for (;;) {
    let pivot = -1;
    for (const k of left)
      if (K.sign(S[k]![k]!) > 0 && (pivot === -1 || K.toNumber(S[k]![k]!) > K.toNumber(S[pivot]![pivot]!))) pivot = k;
    if (pivot === -1) break;
    left.delete(pivot);
    const row = S[pivot]!;
    for (const i of left) {
      if (K.isZero(row[i]!)) continue;
      const factor = K.neg(K.div(row[i]!, row[pivot]!));
      vectors[i] = plus(K, vectors[i]!, scaleBy(K, vectors[pivot]!, factor));
      for (const j of left) S[i]![j] = K.add(S[i]![j]!, K.mul(factor, row[j]!));
    }
    for (const i of left) S[i]![pivot] = K.zero;
  }
  const found: E[][] = [];
  for (const i of left) {
    if (K.sign(S[i]![i]!) < 0) found.push(vectors[i]!);
    for (const j of left) {
      const s = j < i ? K.sign(S[i]![j]!) : 0;
      if (s !== 0) found.push(plus(K, vectors[i]!, scaleBy(K, vectors[j]!, s > 0 ? K.neg(K.one) : K.one)));
    }
  }
  return found;
}

/** d ↦ (I − Σω_jH_j) d, in floating point. */
function numericHessian<E>({ field: K }: Instance<E>, cell: LocalCell<E>, multipliers: readonly E[]) {
  const entries = cell.constraints.flatMap((h, j) => {
    const w = K.toNumber(multipliers[j]!);
    return w === 0 ? [] : hessianEntries(K, h).map(({ u, v, entry }) => ({ u, v, c: w * K.toNumber(entry) }));
  });
  return (d: readonly number[]): number[] => {
    const result = [...d];
    for (const { u, v, c } of entries) {
      result[u]! -= c * d[v]!;
      if (u !== v) result[v]! -= c * d[u]!;
    }
    return result;
  };
}

/** The vector of the span whose free coordinates (each basis vector has its own, equal to 1) are those of d, rounded. */
function roundInto<E>(
  K: Instance<E>["field"],
  basis: readonly (readonly E[])[],
  d: readonly number[],
  denominator: bigint,
): E[] | null {
  if (basis.length === 0) return null;
  const scale = 1 / Math.max(...d.map(Math.abs));
  const own = basis.map((b, j) =>
    b.findIndex((c, k) => !K.isZero(c) && basis.every((other, i) => i === j || K.isZero(other[k]!))),
  );
  let total = basis[0]!.map(() => K.zero);
  for (const [j, b] of basis.entries()) {
    const k = own[j]!;
    if (k === -1) return null;
    total = plus(K, total, scaleBy(K, b, K.div(K.fromRational(roundTo(d[k]! * scale, denominator)), b[k]!)));
  }
  return total;
}

/**
 * Unit vectors d of the span with G d ≥ 0 (nearly) on which the largest of the quadratic forms is most negative: penalised
 * projected gradient descent from random starts.
 */
function minimizeOverCone(
  span: readonly (readonly number[])[],
  G: readonly (readonly number[])[],
  forms: readonly ((d: readonly number[]) => number[])[],
): number[][] {
  const basis = orthonormalBasis(span);
  if (basis.length === 0) return [];
  const random = uniform(7);
  const normal = gaussian(random);
  // A form without a negative direction on the whole span has none in the cone.
  const isDefinite = (apply: (d: readonly number[]) => number[]) => {
    const images = basis.map(apply);
    return symmetricEigen(basis.map((b) => images.map((image) => dotNumbers(b, image)))).values[0]! > -NEARLY_FLAT;
  };
  if (forms.some(isDefinite)) return [];
  const n = basis[0]!.length;
  const project = (d: readonly number[]): number[] => {
    const result = new Array<number>(n).fill(0);
    for (const b of basis) {
      const c = dotNumbers(b, d);
      for (let k = 0; k < n; k++) result[k]! += c * b[k]!;
    }
    const norm = normOf(result) || 1;
    return result.map((x) => x / norm);
  };
  const results: { d: number[]; value: number }[] = [];
  for (let start = 0; start < 30; start++) {
    let d = project(Array.from({ length: n }, normal));
    let weight = 1;
    for (let step = 0; step < 400; step++) {
      const images = forms.map((apply) => apply(d));
      const values = images.map((image) => dotNumbers(d, image));
      const worst = images[values.indexOf(Math.max(...values))]!;
      const slope = worst.map((x) => 2 * x);
      for (const g of G) {
        const s = dotNumbers(g, d);
        if (s < 0) for (let k = 0; k < n; k++) slope[k]! += 2 * weight * s * g[k]!;
      }
      const rate = 0.3 / (1 + weight);
      d = project(d.map((x, k) => x - rate * slope[k]!));
      if (step % 40 === 39) weight *= 3;
    }
    const value = Math.max(...forms.map((apply) => dotNumbers(d, apply(d))));
    if (value < -NEARLY_FLAT && G.every((g) => dotNumbers(g, d) > -1e-3 * (1 + normOf(g)))) results.push({ d, value });
  }
  return results.sort((a, b) => a.value - b.value).map(({ d }) => d);
}
