/** Values of a parameter, and the intervals between them, in words. */
import type { FamilyDescription } from "../exact/family.js";
import {
  compareRoots,
  halved,
  type IntegerPolynomial,
  type RealRoot,
  rationalRoot,
} from "../exact/integer-polynomial.js";
import { formatRational, gcd, type Rational, rational, ratioToNumber } from "../exact/rational.js";

/** An open interval, or one place where both ends are the same. */
export interface Range {
  readonly from: RealRoot;
  readonly to: RealRoot;
}

/** A place in floating point. */
export function placeNumber(place: RealRoot): number {
  let near = place;
  while (near.low !== near.high && (near.high - near.low) << 60n > near.d) near = halved(near);
  return ratioToNumber(near.low + near.high, 2n * near.d);
}

/** A place as it is typed, where it is rational, a root of a rational number, or a root of a quadratic polynomial; else null. */
export function placeWords(place: RealRoot): string | null {
  const { polynomial, low, high, d } = place;
  if (low === high) return formatRational(rational(low, d));
  const parts = powerParts(place);
  if (parts !== null) {
    const { negative, radicand, degree } = parts;
    return `${negative ? "-" : ""}${radicalWords(radicand.n, radicand.d, degree)}`;
  }
  if (polynomial.length !== 3) return null;
  const [c, b, a] = polynomial as [bigint, bigint, bigint];
  const [square, free] = squareFactor(b * b - 4n * a * c);
  const [top, root, below] = [-b, square, 2n * a];
  const common = gcd(gcd(top, root), below) * (below < 0n ? -1n : 1n);
  const [p, q, r] = [top / common, root / common, below / common];
  // Of the two roots the larger one has the plus sign, r being positive.
  const plus = compareRoots(place, rationalRoot(p, r)) * (q < 0n ? -1 : 1) > 0;
  const size = q < 0n ? -q : q;
  const term = `${size === 1n ? "" : `${size}*`}sqrt(${free})`;
  const sum = `${p} ${plus === q > 0n ? "+" : "-"} ${term}`;
  return r === 1n ? sum : `(${sum})/${r}`;
}

/** ±radicand^(1/degree), where an irrational place is that; else null. */
export function powerParts(
  place: RealRoot,
): { readonly negative: boolean; readonly radicand: Rational; readonly degree: number } | null {
  const { polynomial } = place;
  if (polynomial.slice(1, -1).some((c) => c !== 0n)) return null;
  const [n, m] = [polynomial[0]!, polynomial.at(-1)!].map((c) => (c < 0n ? -c : c)) as [bigint, bigint];
  return {
    negative: compareRoots(place, rationalRoot(0n, 1n)) < 0,
    radicand: rational(n, m),
    degree: polynomial.length - 1,
  };
}

/** n^(1/k) m^(−1/k) */
function radicalWords(n: bigint, m: bigint, k: number): string {
  if (k === 2 && m === 1n) return `sqrt(${n})`;
  if (m === 1n) return `${n}^(1/${k})`;
  if (n === 1n) return `${m}^(-1/${k})`;
  return `(${n}/${m})^(1/${k})`;
}

/** D = square² · free, as far as small factors go. */
function squareFactor(D: bigint): [bigint, bigint] {
  let [square, free] = [1n, D];
  for (let f = 2n; f < 1000n; f++) for (; free % (f * f) === 0n; free /= f * f) square *= f;
  return [square, free];
}

/** A polynomial in the parameter. */
export function polynomialWords(p: IntegerPolynomial, parameter: string): string {
  const terms = p.flatMap((c, k) => {
    if (c === 0n) return [];
    const power = k === 0 ? "" : k === 1 ? parameter : `${parameter}^${k}`;
    return [power === "" ? `${c}` : c === 1n ? power : c === -1n ? `-${power}` : `${c}*${power}`];
  });
  return terms.reverse().join(" + ").replaceAll("+ -", "- ");
}

/** A place in words, with decimals where it is not rational. */
export function placeText(place: RealRoot, parameter: string): string {
  const words = placeWords(place);
  if (place.low === place.high) return words!;
  const decimal = `${placeNumber(place).toPrecision(6)}…`;
  return words === null
    ? `${decimal} (a root of ${polynomialWords(place.polynomial, parameter)})`
    : `${words} (${decimal})`;
}

/** `0 < s < 3^(-1/4)`, or `s = 1`. */
export function rangeText({ from, to }: Range, parameter: string): string {
  const short = (place: RealRoot) => placeWords(place) ?? `${placeNumber(place).toPrecision(6)}…`;
  return isPlace({ from, to }) ? `${parameter} = ${short(from)}` : `${short(from)} < ${parameter} < ${short(to)}`;
}

/** Whether the piece is one place. */
export function isPlace({ from, to }: Range): boolean {
  return from === to;
}

/** `s with 0 < s < 1` */
export function familyText({ parameter, interval: [from, to] }: FamilyDescription): string {
  return `${parameter} with ${rangeText({ from, to }, parameter)}`;
}
