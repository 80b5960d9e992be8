/** Reduction of integer lattices. It proposes; whoever asks proves. */

/**
 * An LLL-reduced basis (δ = 3/4) of the lattice that the rows, which are independent, span. (A. K. Lenstra, H. W. Lenstra,
 * L. Lovász, Factoring polynomials with rational coefficients, Math. Ann. 261, 1982; in integers as in H. Cohen, A Course in
 * Computational Algebraic Number Theory, Algorithm 2.6.7.)
 */
export function reduceLattice(rows: readonly (readonly bigint[])[]): bigint[][] {
  const b = rows.map((row) => [...row]);
  // Gram–Schmidt without fractions: d[k] is the determinant of the first k rows' Gram matrix, λ[k][j] = d[j+1] μ[k][j].
  const d: bigint[] = [1n];
  const lambda = b.map(() => new Array<bigint>(b.length).fill(0n));
  const reduceBy = (k: number, j: number) => {
    const quotient = rounded(lambda[k]![j]!, d[j + 1]!);
    if (quotient === 0n) return;
    b[k] = b[k]!.map((c, i) => c - quotient * b[j]![i]!);
    lambda[k]![j]! -= quotient * d[j + 1]!;
    for (let i = 0; i < j; i++) lambda[k]![i]! -= quotient * lambda[j]![i]!;
  };
  const swap = (k: number) => {
    [b[k], b[k - 1]] = [b[k - 1]!, b[k]!];
    for (let j = 0; j < k - 1; j++) {
      [lambda[k]![j], lambda[k - 1]![j]] = [lambda[k - 1]![j]!, lambda[k]![j]!];
    }
    const mu = lambda[k]![k - 1]!;
    const changed = (d[k - 1]! * d[k + 1]! + mu * mu) / d[k]!;
    for (let i = k + 1; i < d.length - 1; i++) {
      const row = lambda[i]!;
      const old = row[k]!;
      row[k] = (d[k + 1]! * row[k - 1]! - mu * old) / d[k]!;
      row[k - 1] = (changed * old + mu * row[k]!) / d[k + 1]!;
    }
    d[k] = changed;
  };
  for (let k = 0; k < b.length; ) {
    if (d.length === k + 1) {
      for (let j = 0; j <= k; j++) {
        let entry = b[k]!.reduce((sum, c, i) => sum + c * b[j]![i]!, 0n);
        for (let i = 0; i < j; i++) entry = (d[i + 1]! * entry - lambda[k]![i]! * lambda[j]![i]!) / d[i]!;
        if (j < k) lambda[k]![j] = entry;
        else d.push(entry);
      }
    }
    if (k === 0) {
      k++;
      continue;
    }
    reduceBy(k, k - 1);
    const mu = lambda[k]![k - 1]!;
    if (4n * d[k + 1]! * d[k - 1]! < 3n * d[k]! * d[k]! - 4n * mu * mu) {
      swap(k);
      k = Math.max(1, k - 1);
    } else {
      for (let j = k - 2; j >= 0; j--) reduceBy(k, j);
      k++;
    }
  }
  return b;
}

/** The integer nearest to n/d, d > 0. */
function rounded(n: bigint, d: bigint): bigint {
  const twice = 2n * n + d;
  const quotient = twice / (2n * d);
  return twice < 0n && quotient * 2n * d !== twice ? quotient - 1n : quotient;
}
