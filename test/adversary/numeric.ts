/** The little numerical analysis that the adversary needs. */

/** A seeded generator (xorshift32) of numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = (seed * 2654435761 + 88675123) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((s, c, k) => s + c * b[k]!, 0);
export const norm2 = (a: readonly number[]): number => dot(a, a);

/** Σ weights_k · rows_k */
export function combine(rows: readonly (readonly number[])[], weights: readonly number[], n: number): number[] {
  const total = new Array<number>(n).fill(0);
  for (const [k, row] of rows.entries()) for (let j = 0; j < n; j++) total[j]! += weights[k]! * row[j]!;
  return total;
}

/** The distance of `target` to the cone of the rows: non-negative least squares by active sets. */
export function distanceToCone(rows: readonly (readonly number[])[], target: readonly number[]): number {
  const n = target.length;
  const passive: number[] = [];
  const x = rows.map(() => 0);
  for (let round = 0; round < 4 * rows.length + 20; round++) {
    const fitted = combine(rows, x, n);
    const residual = target.map((c, k) => c - fitted[k]!);
    let best = -1;
    let steepest = 1e-11;
    for (const [k, row] of rows.entries()) {
      const slope = dot(row, residual) / (Math.sqrt(norm2(row)) || 1);
      if (!passive.includes(k) && slope > steepest) [best, steepest] = [k, slope];
    }
    if (best < 0) break;
    passive.push(best);
    while (passive.length > 0) {
      const gram = passive.map((i) => passive.map((j) => dot(rows[i]!, rows[j]!) + (i === j ? 1e-13 : 0)));
      const solution = solveLinear(
        gram,
        passive.map((i) => dot(rows[i]!, target)),
      );
      if (solution.every((c) => c > 0)) {
        for (const k of x.keys()) x[k] = 0;
        for (const [j, k] of passive.entries()) x[k] = solution[j]!;
        break;
      }
      let step = 1;
      for (const [j, k] of passive.entries())
        if (solution[j]! <= 0) step = Math.min(step, x[k]! / (x[k]! - solution[j]! || 1));
      for (const [j, k] of passive.entries()) x[k]! += step * (solution[j]! - x[k]!);
      for (let j = passive.length - 1; j >= 0; j--) {
        if (x[passive[j]!]! > 1e-13) continue;
        x[passive[j]!] = 0;
        passive.splice(j, 1);
      }
    }
  }
  const fitted = combine(rows, x, n);
  return Math.sqrt(norm2(target.map((c, k) => c - fitted[k]!)));
}

/** Gaussian elimination with pivoting; a vanishing pivot gives a huge solution. */
export function solveLinear(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const n = right.length;
  const A = matrix.map((row, i) => [...row, right[i]!]);
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(A[i]![k]!) > Math.abs(A[pivot]![k]!)) pivot = i;
    [A[k], A[pivot]] = [A[pivot]!, A[k]!];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = A[i]![k]! / (A[k]![k]! || 1e-300);
      for (let j = k; j <= n; j++) A[i]![j]! -= factor * A[k]![j]!;
    }
  }
  return A.map((row, k) => row[n]! / (row[k]! || 1e-300));
}

/** The least p with rows · p ≥ bounds, by dual coordinate ascent. */
export function leastNormPoint(
  rows: readonly (readonly number[])[],
  bounds: readonly number[],
  n: number,
  sweeps = 60,
): number[] {
  const p = new Array<number>(n).fill(0);
  const weights = rows.map(() => 0);
  const squares = rows.map(norm2);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    let change = 0;
    for (const [k, row] of rows.entries()) {
      if (squares[k]! < 1e-18) continue;
      const next = Math.max(0, weights[k]! + (bounds[k]! - dot(row, p)) / squares[k]!);
      const step = next - weights[k]!;
      if (step === 0) continue;
      weights[k] = next;
      for (let j = 0; j < n; j++) p[j]! += step * row[j]!;
      change = Math.max(change, Math.abs(step) * Math.sqrt(squares[k]!));
    }
    if (change < 1e-13) break;
  }
  return p;
}
