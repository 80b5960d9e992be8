/** Eigenvalues with unit eigenvectors of a symmetric matrix, by cyclic Jacobi rotations; ascending. */
export function eigen(matrix: readonly ArrayLike<number>[]): { value: number; vector: Float64Array }[] {
  const n = matrix.length;
  const a = matrix.map((row) => Float64Array.from(row));
  const v = a.map((_, i) => Float64Array.from(a, (_, j) => (i === j ? 1 : 0)));
  for (let sweep = 0; sweep < 60; sweep++) {
    let rotated = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const off = a[p]![q]!;
        if (Math.abs(off) <= 1e-16 * (Math.abs(a[p]![p]!) + Math.abs(a[q]![q]!)) || Math.abs(off) < 1e-300) continue;
        rotated = true;
        const tau = (a[q]![q]! - a[p]![p]!) / (2 * off);
        const t = (tau < 0 ? -1 : 1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
        const c = 1 / Math.sqrt(1 + t * t);
        const s = t * c;
        for (let k = 0; k < n; k++) {
          [a[k]![p], a[k]![q]] = [c * a[k]![p]! - s * a[k]![q]!, s * a[k]![p]! + c * a[k]![q]!];
        }
        for (let k = 0; k < n; k++) {
          [a[p]![k], a[q]![k]] = [c * a[p]![k]! - s * a[q]![k]!, s * a[p]![k]! + c * a[q]![k]!];
          // Eigenvectors are kept as rows.
          [v[p]![k], v[q]![k]] = [c * v[p]![k]! - s * v[q]![k]!, s * v[p]![k]! + c * v[q]![k]!];
        }
      }
    }
    if (!rotated) break;
  }
  return a.map((row, k) => ({ value: row[k]!, vector: v[k]! })).sort((x, y) => x.value - y.value);
}
