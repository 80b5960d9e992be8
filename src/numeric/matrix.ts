/** Small dense linear algebra in floating point: vectors, LU, orthonormal bases. */

/** The vector of that length with these entries: much faster than `Float64Array.from` of a list. */
export function vector(length: number, entry: (i: number) => number): Float64Array {
  const result = new Float64Array(length);
  for (let i = 0; i < length; i++) result[i] = entry(i);
  return result;
}

/** Two vectors, one after the other. */
export function joined(u: Float64Array, v: Float64Array): Float64Array {
  const result = new Float64Array(u.length + v.length);
  result.set(u);
  result.set(v, u.length);
  return result;
}

export function dot(u: Float64Array, v: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < u.length; i++) sum += u[i]! * v[i]!;
  return sum;
}

export function norm(u: Float64Array): number {
  return Math.sqrt(dot(u, u));
}

/** u += c v */
export function addTo(u: Float64Array, c: number, v: Float64Array): void {
  for (let i = 0; i < u.length; i++) u[i]! += c * v[i]!;
}

/** Σ c_k v_k, where the vectors have the given length. */
export function combination(length: number, c: ArrayLike<number>, vectors: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(length);
  for (let k = 0; k < vectors.length; k++) addTo(sum, c[k]!, vectors[k]!);
  return sum;
}

export function scaled(c: number, u: Float64Array): Float64Array {
  return u.map((x) => c * x);
}

export function distance(u: Float64Array, v: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < u.length; i++) sum += (u[i]! - v[i]!) ** 2;
  return Math.sqrt(sum);
}

/**
 * Factors the square matrix in place (rows are overwritten) by Gaussian elimination with partial pivoting; the returned
 * function solves for a right-hand side in place. A pivot that vanishes gives non-finite solutions, never an exception.
 */
export function factor(rows: Float64Array[]): (b: Float64Array) => void {
  const n = rows.length;
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(rows[i]![k]!) > Math.abs(rows[best]![k]!)) best = i;
    [rows[k], rows[best]] = [rows[best]!, rows[k]!];
    [order[k], order[best]] = [order[best]!, order[k]!];
    const pivot = rows[k]!;
    for (let i = k + 1; i < n; i++) {
      const row = rows[i]!;
      if (row[k] === 0) continue;
      const multiple = row[k]! / pivot[k]!;
      row[k] = multiple;
      for (let j = k + 1; j < n; j++) row[j]! -= multiple * pivot[j]!;
    }
  }
  return (b) => {
    const permuted = vector(n, (i) => b[order[i]!]!);
    for (let i = 0; i < n; i++) {
      const row = rows[i]!;
      let sum = permuted[i]!;
      for (let j = 0; j < i; j++) sum -= row[j]! * b[j]!;
      b[i] = sum;
    }
    for (let i = n - 1; i >= 0; i--) {
      const row = rows[i]!;
      let sum = b[i]!;
      for (let j = i + 1; j < n; j++) sum -= row[j]! * b[j]!;
      b[i] = sum / row[i]!;
    }
  };
}

/**
 * An orthonormal basis of the part of the span that is orthogonal to `against`, which is orthonormal (modified Gram–Schmidt, twice).
 * What is left below 1e-10 of a vector is dropped, and what is below 1e-14 of the longest.
 */
export function orthonormal(vectors: readonly Float64Array[], against: readonly Float64Array[] = []): Float64Array[] {
  const basis: Float64Array[] = [];
  const negligible = 1e-14 * Math.max(0, ...vectors.map(norm));
  for (const one of vectors) {
    const rest = one.slice();
    for (let round = 0; round < 2; round++) {
      for (const unit of [...against, ...basis]) addTo(rest, -dot(unit, rest), unit);
    }
    const length = norm(rest);
    if (length > Math.max(1e-10 * norm(one), negligible)) basis.push(scaled(1 / length, rest));
  }
  return basis;
}
