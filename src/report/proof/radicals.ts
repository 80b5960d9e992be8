/** Multiples of roots of integers in LaTeX. */
import type { Field } from "../../exact/field.js";
import { formatRational, Q, type Rational, rational } from "../../exact/rational.js";

/** |q| */
export function fraction(q: Rational): string {
  return q.d === 1n ? `${q.n}` : `\\tfrac{${q.n}}{${q.d}}`;
}

/** |q| times a factor. */
export function scaled(q: Rational, factor: string): string {
  if (q.n === 1n && q.d === 1n) return factor;
  return `${fraction(q)} ${/^\d/.test(factor) ? "\\cdot " : ""}${factor}`;
}

export interface Root {
  readonly radicand: bigint;
  readonly degree: number;
}

/** The generator, if it is the positive n-th root of an integer. */
export function rootOfInteger<E>(K: Field<E>): Root | null {
  const { minimalPolynomial, interval } = K.description!;
  const [constant, ...others] = minimalPolynomial;
  const pure = others.slice(0, -1).every(Q.isZero) && Q.sign(interval[0]) >= 0;
  return pure ? { radicand: -constant!.s * constant!.n, degree: others.length } : null;
}

/** |q| · c^{k/n}, with integers taken out of the root: √2, ½√2 as 1/√2, ½·2^{2/3} as 2^{−1/3}, ½√8 as √2. */
export function radical(q: Rational, { radicand, degree }: Root, k: number): string {
  let outside = rational(1n);
  const inside: { readonly prime: bigint; readonly exponent: number }[] = [];
  for (const { prime, exponent } of factorsOf(radicand)) {
    outside = outside.mul(rational(prime ** BigInt(Math.floor((exponent * k) / degree))));
    if ((exponent * k) % degree > 0) inside.push({ prime, exponent: (exponent * k) % degree });
  }
  const common = inside.reduce((g, { exponent }) => gcd(g, exponent), degree);
  const same = inside.every(({ exponent }) => exponent === inside[0]!.exponent);
  // base^power, all under one exponent where the primes' exponents agree
  const power = same
    ? rational(BigInt(inside[0]?.exponent ?? 0), BigInt(degree))
    : rational(BigInt(common), BigInt(degree));
  const base = inside.reduce(
    (product, { prime, exponent }) => product * (same ? prime : prime ** BigInt(exponent / common)),
    1n,
  );
  const scale = Q.mul(q, outside);
  if (base === 1n) return fraction(scale);
  const square = power.n === 1n && power.d === 2n;
  if (scale.n === 1n && scale.d === base) {
    return square ? `\\tfrac{1}{\\sqrt{${base}}}` : `${base}^{${formatRational(power.sub(1n))}}`;
  }
  return scaled(scale, square ? `\\sqrt{${base}}` : `${base}^{${formatRational(power)}}`);
}

const LARGEST_TRIAL = 1000n;

/** Prime factors by trial division; a large rest counts as one. */
function factorsOf(integer: bigint): { prime: bigint; exponent: number }[] {
  const factors: { prime: bigint; exponent: number }[] = [];
  let rest = integer;
  for (let prime = 2n; prime <= LARGEST_TRIAL && rest > 1n; prime++) {
    let exponent = 0;
    for (; rest % prime === 0n; rest /= prime) exponent++;
    if (exponent > 0) factors.push({ prime, exponent });
  }
  return rest > 1n ? [...factors, { prime: rest, exponent: 1 }] : factors;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
