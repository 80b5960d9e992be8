/** Multiples of roots of integers in LaTeX. */
import { formatRational, Q, type Rational, rational } from "../../exact/rational.js";
import type { Root } from "../radical-basis.js";

/** |q| */
export function fraction(q: Rational): string {
  return q.d === 1n ? `${q.n}` : `\\tfrac{${q.n}}{${q.d}}`;
}

/** |q| times a factor. */
export function scaled(q: Rational, factor: string): string {
  if (q.n === 1n && q.d === 1n) return factor;
  return `${fraction(q)} ${/^\d/.test(factor) ? "\\cdot " : ""}${factor}`;
}

/** |q| · c^{k/n}, with integers taken out of the root: √2, ½√2 as 1/√2, ½·2^{2/3} as 2^{−1/3}, ½√8 as √2. */
export function radical(q: Rational, root: Root): string {
  const { scale, base, power } = simplified(q, root);
  if (base === 1n) return fraction(scale);
  const square = power.n === 1n && power.d === 2n;
  if (scale.n === 1n && scale.d === base) {
    return square ? `\\tfrac{1}{\\sqrt{${base}}}` : `${base}^{${formatRational(power.sub(1n))}}`;
  }
  return scaled(scale, square ? `\\sqrt{${base}}` : `${base}^{${formatRational(power)}}`);
}

/** The same as it is typed in a problem file. */
export function radicalText(q: Rational, root: Root): string {
  const { scale, base, power } = simplified(q, root);
  const radicand = base ** power.n;
  const typed = power.d === 2n ? `sqrt(${radicand})` : `root(${radicand},${power.d})`;
  if (base === 1n) return formatRational(Q.mul(scale, rational(scale.s)));
  return `${scale.n === 1n ? "" : `${scale.n}*`}${typed}${scale.d === 1n ? "" : `/${scale.d}`}`;
}

/** |q| · c^{k/n} = |scale| · base^power, 0 < power < 1, or base = 1. */
function simplified(
  q: Rational,
  { radicand, degree, power: k }: Root,
): { readonly scale: Rational; readonly base: bigint; readonly power: Rational } {
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
  return { scale: Q.mul(q, outside), base, power };
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
