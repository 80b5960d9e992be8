/** Exact roots of integers and rationals, and factors of exponents. */
import { type Rational, rational } from "../exact/rational.js";

/** The rational k-th root of a positive rational, or null. */
export function exactRoot(q: Rational, k: number): Rational | null {
  const n = integerRoot(q.n, k);
  const d = integerRoot(q.d, k);
  return n ** BigInt(k) === q.n && d ** BigInt(k) === q.d ? rational(n, d) : null;
}

/** ⌊n^{1/k}⌋ for n ≥ 0, by Newton's iteration from above. */
export function integerRoot(n: bigint, k: number): bigint {
  if (n < 2n || k === 1) return n;
  const bits = n.toString(2).length;
  if (k >= bits) return 1n;
  const degree = BigInt(k);
  let x = 1n << BigInt(Math.ceil(bits / k));
  for (;;) {
    const y = ((degree - 1n) * x + n / x ** (degree - 1n)) / degree;
    if (y >= x) return x;
    x = y;
  }
}

/** The primes that divide k. */
export function primeFactors(k: number): number[] {
  const primes: number[] = [];
  let rest = k;
  for (let d = 2; rest > 1; d++) {
    if (rest % d !== 0) continue;
    primes.push(d);
    while (rest % d === 0) rest /= d;
  }
  return primes;
}
