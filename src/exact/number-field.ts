/**
 * The field ℚ(a), for a real algebraic integer a given by its monic minimal polynomial and an isolating interval.
 *
 * Soundness does not rest on the polynomial being irreducible. Evaluation at a is a ring homomorphism ℚ[x]/(m) → ℝ whatever
 * m is, a sign is only ever returned when an interval proves it, and an element that shares a factor with m is found out
 * (by `inv`, or by `sign` before it could search without end) and refused with a `FieldError`.
 */
import type { Field, FieldDescription, Sign } from "./field.js";
import { formatRational, gcd, Q, type Rational, rational, ratioToNumber } from "./rational.js";

/** The description does not define a real number field; the message says why. */
export class FieldError extends Error {}

/** (Σ_k numerators[k] a^k) / denominator, in lowest terms, denominator > 0. */
export interface AlgebraicNumber {
  readonly numerators: readonly bigint[];
  readonly denominator: bigint;
}

export const MAX_DEGREE = 32;

/** Bits of the first enclosure of the generator; each further one doubles them. */
const FIRST_PRECISION = 64;
/** An element not separated from zero at this precision is tested for a common factor with the minimal polynomial. */
const SUSPICIOUS_PRECISION = 2048;
/** Bounds the work on numbers of absurd size. */
const LAST_PRECISION = 65536;

/**
 * Builds ℚ(a). Throws FieldError unless the polynomial is monic with integer coefficients and degree 2..32, and Descartes'
 * rule of signs shows that exactly one of its roots lies in the open interval.
 */
export function numberField(description: FieldDescription): Field<AlgebraicNumber> {
  const { interval } = description;
  const modulus = integerCoefficients(description.minimalPolynomial);
  const degree = modulus.length - 1;
  if (!(interval[0].compare(interval[1]) < 0)) throw new FieldError("the isolating interval is empty");
  if (rootVariations(description) !== 1) {
    throw new FieldError("the interval is not shown to contain exactly one root of the minimal polynomial");
  }
  const enclosures = generatorEnclosures(modulus, interval);

  const reduce = (numerators: bigint[], denominator: bigint): AlgebraicNumber => {
    let common = denominator;
    for (const n of numerators) {
      if (common === 1n) break;
      common = gcd(common, n);
    }
    if (common === 1n) return { numerators, denominator };
    return { numerators: numerators.map((n) => n / common), denominator: denominator / common };
  };
  const constant = (q: Rational): AlgebraicNumber => ({
    numerators: Array.from({ length: degree }, (_, k) => (k === 0 ? q.s * q.n : 0n)),
    denominator: q.d,
  });
  const combine = (a: AlgebraicNumber, b: AlgebraicNumber, side: 1n | -1n): AlgebraicNumber => {
    if (a.denominator === b.denominator) {
      return reduce(
        a.numerators.map((n, k) => n + side * b.numerators[k]!),
        a.denominator,
      );
    }
    return reduce(
      a.numerators.map((n, k) => n * b.denominator + side * b.numerators[k]! * a.denominator),
      a.denominator * b.denominator,
    );
  };
  const isZero = (a: AlgebraicNumber) => a.numerators.every((n) => n === 0n);

  const multiply = (a: AlgebraicNumber, b: AlgebraicNumber): AlgebraicNumber => {
    const product = new Array<bigint>(2 * degree - 1).fill(0n);
    for (let i = 0; i < degree; i++) {
      const left = a.numerators[i]!;
      if (left === 0n) continue;
      for (let j = 0; j < degree; j++) product[i + j]! += left * b.numerators[j]!;
    }
    for (let k = product.length - 1; k >= degree; k--) {
      const excess = product[k]!;
      if (excess === 0n) continue;
      for (let j = 0; j < degree; j++) product[k - degree + j]! -= excess * modulus[j]!;
    }
    return reduce(product.slice(0, degree), a.denominator * b.denominator);
  };

  const fromCoordinates = (coordinates: readonly Rational[]): AlgebraicNumber => {
    const denominator = coordinates.reduce((d, q) => (d / gcd(d, q.d)) * q.d, 1n);
    const numerators = Array.from({ length: degree }, (_, k) => {
      const q = coordinates[k];
      return q === undefined ? 0n : q.s * q.n * (denominator / q.d);
    });
    return reduce(numerators, denominator);
  };

  const inverse = (a: AlgebraicNumber): AlgebraicNumber => {
    if (isZero(a)) throw new RangeError("division by zero");
    const [rationalPart, ...others] = coordinates(a);
    if (others.every(Q.isZero)) return constant(Q.inv(rationalPart!));
    const { numerators, denominator } = inverseModulo(a.numerators, modulus);
    const scale = denominator < 0n ? -a.denominator : a.denominator;
    return reduce(
      numerators.map((n) => n * scale),
      denominator < 0n ? -denominator : denominator,
    );
  };
  const coordinates = (a: AlgebraicNumber) => a.numerators.map((n) => rational(n, a.denominator));

  const sign = (a: AlgebraicNumber): Sign => {
    if (isZero(a)) return 0;
    for (let precision = FIRST_PRECISION; ; precision *= 2) {
      const [low, high] = evaluate(a.numerators, enclosures(precision));
      if (low > 0n) return 1;
      if (high < 0n) return -1;
      if (precision === SUSPICIOUS_PRECISION) inverse(a); // throws when `a` is a zero divisor, whose sign would never be found
      if (precision >= LAST_PRECISION) throw new FieldError("an element is too close to zero for its sign to be found");
    }
  };

  return {
    degree,
    description,
    zero: constant(Q.zero),
    one: constant(Q.one),
    add: (a, b) => combine(a, b, 1n),
    sub: (a, b) => combine(a, b, -1n),
    mul: multiply,
    neg: (a) => ({ numerators: a.numerators.map((n) => -n), denominator: a.denominator }),
    inv: inverse,
    div: (a, b) => multiply(a, inverse(b)),
    isZero,
    sign,
    fromRational: constant,
    coordinates,
    fromCoordinates,
    toNumber: (a) => {
      // Enough bits that cancellation between the terms does not show in a double.
      for (let precision = 2 * FIRST_PRECISION; ; precision *= 2) {
        const [low, high] = evaluate(a.numerators, enclosures(precision));
        const width = high - low;
        const size = low < 0n ? -low : low;
        if (width << 60n <= size || precision >= SUSPICIOUS_PRECISION) {
          return ratioToNumber(low + high, a.denominator << BigInt(precision + 1));
        }
      }
    },
  };
}

function integerCoefficients(polynomial: readonly Rational[]): readonly bigint[] {
  const degree = polynomial.length - 1;
  if (degree < 2 || degree > MAX_DEGREE) {
    throw new FieldError(`the minimal polynomial has degree ${degree}, not 2 to ${MAX_DEGREE}`);
  }
  const integers = polynomial.map((c) => {
    if (c.d !== 1n)
      throw new FieldError(`the minimal polynomial has the coefficient ${formatRational(c)}, not an integer`);
    return c.s * c.n;
  });
  if (integers[degree] !== 1n) throw new FieldError("the minimal polynomial is not monic");
  return integers;
}

/**
 * Descartes' bound on the number of roots in the open interval (low, high): the sign variations of
 * (1+x)^n m((low + high·x)/(1+x)). 0 and 1 are exact counts.
 */
function rootVariations({ minimalPolynomial, interval }: FieldDescription): number {
  const [low, high] = interval;
  const degree = minimalPolynomial.length - 1;
  const times = (p: readonly Rational[], c0: Rational, c1: Rational): Rational[] =>
    Array.from({ length: p.length + 1 }, (_, k) => (p[k] ?? Q.zero).mul(c0).add((p[k - 1] ?? Q.zero).mul(c1)));
  // Horner's rule: after the step for c_k, `value` is (1+x)^(n−k) times the truncated polynomial.
  let value: Rational[] = [minimalPolynomial[degree]!];
  let power: Rational[] = [Q.one];
  for (let k = degree - 1; k >= 0; k--) {
    power = times(power, Q.one, Q.one);
    value = times(value, low, high).map((c, j) => c.add(minimalPolynomial[k]!.mul(power[j]!)));
  }
  const signs = value.map((c) => Q.sign(c)).filter((s) => s !== 0);
  return signs.filter((s, k) => k > 0 && s !== signs[k - 1]).length;
}

type Interval = readonly [bigint, bigint];

/** Enclosures of 1, a, a², … as integers over 2^precision, from bisection; kept, since every sign asks for them. */
function generatorEnclosures(modulus: readonly bigint[], [from, to]: readonly [Rational, Rational]) {
  const degree = modulus.length - 1;
  const cache = new Map<number, readonly Interval[]>();
  /** The sign of the modulus at n/d: of d^degree m(n/d), by Horner, in integers. */
  const signAt = (n: bigint, d: bigint): -1 | 1 => {
    let value = 0n;
    let scale = 1n;
    for (let k = degree; k >= 0; k--) {
      value = value * n + modulus[k]! * scale;
      scale *= d;
    }
    if (value === 0n) throw new FieldError("the minimal polynomial has a rational root, so it is reducible");
    return value < 0n ? -1 : 1;
  };
  let denominator = from.d * to.d;
  let low = from.s * from.n * to.d;
  let high = to.s * to.n * from.d;
  const signLow = signAt(low, denominator);
  signAt(high, denominator); // an end may not be a root: bisection could not tell it from the root inside
  return (precision: number): readonly Interval[] => {
    const known = cache.get(precision);
    if (known !== undefined) return known;
    const shift = BigInt(precision);
    while ((high - low) << shift > denominator) {
      const middle = low + high;
      // The sign first: if it throws, the enclosure must stay what it was, for whoever asks again.
      const side = signAt(middle, 2n * denominator);
      denominator *= 2n;
      if (side === signLow) [low, high] = [middle, 2n * high];
      else [low, high] = [2n * low, middle];
    }
    const generator: Interval = [floor(low << shift, denominator), floor(high << shift, denominator) + 1n];
    const powers: Interval[] = [[1n << shift, 1n << shift]];
    for (let k = 1; k < degree; k++) powers.push(product(powers[k - 1]!, generator, shift));
    cache.set(precision, powers);
    return powers;
  };
}

/** ⌊n/d⌋, d > 0 */
function floor(n: bigint, d: bigint): bigint {
  return n % d < 0n ? n / d - 1n : n / d;
}

function product([a, b]: Interval, [c, d]: Interval, precision: bigint): Interval {
  const corners = [a * c, a * d, b * c, b * d];
  corners.sort((x, y) => (x < y ? -1 : x > y ? 1 : 0));
  return [corners[0]! >> precision, (corners[3]! >> precision) + 1n];
}

/** Encloses Σ numerators[k] · powers[k]. */
function evaluate(numerators: readonly bigint[], powers: readonly Interval[]): Interval {
  let low = 0n;
  let high = 0n;
  for (let k = 0; k < numerators.length; k++) {
    const n = numerators[k]!;
    const [a, b] = powers[k]!;
    low += n * (n >= 0n ? a : b);
    high += n * (n >= 0n ? b : a);
  }
  return [low, high];
}

/**
 * The inverse of Σ a_k x^k modulo m as numerators over one denominator: the solution of (multiplication by a) s = 1, by
 * fraction-free elimination, since fractions would swell. Throws FieldError when a shares a factor with m.
 * (E. H. Bareiss, Sylvester's identity and multistep integer-preserving Gaussian elimination, Math. Comp. 22, 1968.)
 */
function inverseModulo(a: readonly bigint[], m: readonly bigint[]): { numerators: bigint[]; denominator: bigint } {
  const n = a.length;
  const columns = [a];
  while (columns.length < n) {
    const last = columns.at(-1)!;
    columns.push(last.map((_, k) => (last[k - 1] ?? 0n) - last[n - 1]! * m[k]!));
  }
  const rows = a.map((_, i) => [...columns.map((column) => column[i]!), i === 0 ? 1n : 0n]);
  let previous = 1n;
  for (let k = 0; k < n; k++) {
    const found = rows.findIndex((row, i) => i >= k && row[k] !== 0n);
    if (found === -1) {
      throw new FieldError("an element shares a factor with the minimal polynomial, so it is reducible");
    }
    [rows[k], rows[found]] = [rows[found]!, rows[k]!];
    const top = rows[k]!;
    const pivot = top[k]!;
    rows.forEach((row, i) => {
      if (i === k) return;
      const factor = row[k]!;
      for (let j = k + 1; j <= n; j++) row[j] = (pivot * row[j]! - factor * top[j]!) / previous;
    });
    previous = pivot;
  }
  return { numerators: rows.map((row) => row[n]!), denominator: previous };
}
