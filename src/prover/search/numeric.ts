/** Floating-point linear algebra for the search: small, dense, symmetric. */

export function dotNumbers(u: readonly number[], v: readonly number[]): number {
  let total = 0;
  for (let k = 0; k < u.length; k++) total += u[k]! * v[k]!;
  return total;
}

export function normOf(v: readonly number[]): number {
  return Math.sqrt(dotNumbers(v, v));
}

/** The vector over its norm; 0 stays 0. */
export function normalized(v: readonly number[]): number[] {
  const norm = normOf(v) || 1;
  return v.map((c) => c / norm);
}

export function applyMatrix(A: readonly (readonly number[])[], x: readonly number[]): number[] {
  return A.map((row) => dotNumbers(row, x));
}

/** Eigenvalues, ascending, with orthonormal eigenvectors, of a symmetric matrix, by Jacobi's rotations. */
export function symmetricEigen(matrix: readonly (readonly number[])[]): { values: number[]; vectors: number[][] } {
  const n = matrix.length;
  const A = matrix.map((row) => [...row]);
  const V: number[][] = A.map((_, i) => A.map((__, j) => (i === j ? 1 : 0)));
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) off += A[i]![j]! ** 2;
    if (off < 1e-24) break;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (Math.abs(A[p]![q]!) < 1e-300) continue;
        const tau = (A[q]![q]! - A[p]![p]!) / (2 * A[p]![q]!);
        const t = Math.sign(tau || 1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
        const c = 1 / Math.sqrt(1 + t * t);
        const s = t * c;
        for (let k = 0; k < n; k++) {
          const a = A[k]![p]!;
          const b = A[k]![q]!;
          A[k]![p] = c * a - s * b;
          A[k]![q] = s * a + c * b;
        }
        for (let k = 0; k < n; k++) {
          const a = A[p]![k]!;
          const b = A[q]![k]!;
          A[p]![k] = c * a - s * b;
          A[q]![k] = s * a + c * b;
          const v = V[k]![p]!;
          const w = V[k]![q]!;
          V[k]![p] = c * v - s * w;
          V[k]![q] = s * v + c * w;
        }
      }
    }
  }
  const order = A.map((_, k) => k).sort((i, j) => A[i]![i]! - A[j]![j]!);
  return { values: order.map((k) => A[k]![k]!), vectors: order.map((k) => V.map((row) => row[k]!)) };
}

/** An orthonormal basis of the span of the vectors, by Gram–Schmidt. */
export function orthonormalBasis(vectors: readonly (readonly number[])[]): number[][] {
  const basis: number[][] = [];
  for (const vector of vectors) {
    let rest = [...vector];
    for (let pass = 0; pass < 2; pass++) {
      for (const b of basis) {
        const c = dotNumbers(b, rest);
        rest = rest.map((x, k) => x - c * b[k]!);
      }
    }
    const norm = normOf(rest);
    if (norm > 1e-9 * (1 + normOf(vector))) basis.push(rest.map((x) => x / norm));
  }
  return basis;
}

/** Bᵀ A B for the basis vectors b_k as columns of B. */
export function restrict(A: readonly (readonly number[])[], basis: readonly (readonly number[])[]): number[][] {
  const images = basis.map((b) => applyMatrix(A, b));
  return basis.map((b) => images.map((image) => dotNumbers(b, image)));
}

/** Columns of a matrix with independent rows that are independent, as many as it has rows. */
export function pivotColumns(matrix: readonly (readonly number[])[]): number[] {
  const rows = matrix.map((row) => [...row]);
  return rows.map((row, k) => {
    const pivot = row.reduce((best, c, j) => (Math.abs(c) > Math.abs(row[best]!) + 1e-9 ? j : best), 0);
    for (const other of rows.slice(k + 1)) {
      const factor = other[pivot]! / row[pivot]!;
      for (const j of other.keys()) other[j]! -= factor * row[j]!;
    }
    return pivot;
  });
}
