/**
 * The field ℚ(a), for a real algebraic integer a given by its monic minimal polynomial and an isolating interval.
 *
 * Soundness does not rest on the polynomial being irreducible. Evaluation at a is a ring homomorphism ℚ[x]/(m) → ℝ whatever
 * m is, a sign is only ever returned when an interval proves it, and an element that shares a factor with m is refused with a
 * `FieldError`: by `inv`, which finds it out, and by `sign`, which gives up where no interval of 65536 bits proves anything.
 */
import type { Field, FieldDescription, Sign } from "./field.js";
import { overInterval, trimmed, variations } from "./integer-polynomial.js";
import { formatRational, gcd, Q, type Rational, rational, ratioToNumber } from "./rational.js";
import { inverses, productModulo, reconstruct } from "./residues.js";

/** The description does not define a real number field; the message says why. */
export class FieldError extends Error {}

/** The field may well be one, but to compute in it is more work than is allowed. */
export class FieldLimitError extends FieldError {}

/** (Σ_k numerators[k] a^k) / denominator, in lowest terms, denominator > 0. */
export interface AlgebraicNumber {
  readonly numerators: readonly bigint[];
  readonly denominator: bigint;
}

export const MAX_DEGREE = 32;

/** Bits of the first enclosure of the generator; each further one doubles them. */
const FIRST_PRECISION = 64;
/** Bounds the work on numbers of absurd size, and on a zero divisor, whose sign would never be found. */
const LAST_PRECISION = 65536;
/** In smaller degrees Euclid's algorithm is quick. */
const LEAST_GUESSED = 6;
/** The isolating interval lies within ± this: each bit of it is a step of bisection. */
const LARGEST_END = 1n << 4096n;

/**
 * Builds ℚ(a). Throws FieldError unless the polynomial is monic with integer coefficients and degree 2..32, and Descartes'
 * rule of signs shows that exactly one of its roots lies in the open interval; FieldLimitError when that reaches too far out.
 */
export function numberField(description: FieldDescription): Field<AlgebraicNumber> {
  const modulus = integerCoefficients(description.minimalPolynomial);
  const degree = modulus.length - 1;
  const enclosures = generatorEnclosures(modulus, description.interval);

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

  const multiply = (a: AlgebraicNumber, b: AlgebraicNumber): AlgebraicNumber =>
    reduce(productModulo(modulus, a.numerators, b.numerators), a.denominator * b.denominator);

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
    const [rationalPart, ...others] = a.numerators;
    if (others.every((n) => n === 0n)) return constant(rational(a.denominator, rationalPart));
    const { numerators, denominator } = smallInverse(a.numerators, modulus) ?? inverseModulo(a.numerators, modulus);
    const scale = denominator < 0n ? -a.denominator : a.denominator;
    return reduce(
      numerators.map((n) => n * scale),
      denominator < 0n ? -denominator : denominator,
    );
  };

  const sign = (a: AlgebraicNumber): Sign => {
    if (isZero(a)) return 0;
    for (let precision = FIRST_PRECISION; ; precision *= 2) {
      const [low, high] = evaluate(a.numerators, enclosures(precision));
      if (low > 0n) return 1;
      if (high < 0n) return -1;
      if (precision >= LAST_PRECISION) {
        throw new FieldError("an element is too close to zero for its sign to be found, or it is a zero divisor");
      }
    }
  };

  return {
    degree,
    description,
    functions: null,
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
    coordinates: (a) => a.numerators.map((n) => rational(n, a.denominator)),
    integers: (a) => a,
    fromCoordinates,
    size: ({ numerators, denominator }) =>
      numerators.reduce((n, c) => n + (c.toString(16).length + denominator.toString(16).length) / 16, 0),
    key: ({ numerators, denominator }) => `${numerators}/${denominator}`,
    bounds: (a, precision) => {
      // The numerators multiply the width of the generator's powers; so many bits more, in steps, as each precision is kept.
      const digits = a.numerators.reduce((most, n) => Math.max(most, n.toString(16).length), 0);
      const guard = 64 * Math.floor((4 * digits + 72) / 64);
      const [low, high] = evaluate(a.numerators, enclosures(precision + guard));
      const unit = a.denominator << BigInt(guard);
      return { low: floor(low, unit), high: -floor(-high, unit) };
    },
    toNumber: (a) => {
      // Enough bits that cancellation between the terms does not show in a double.
      for (let precision = 2 * FIRST_PRECISION; ; precision *= 2) {
        const [low, high] = evaluate(a.numerators, enclosures(precision));
        const width = high - low;
        const size = low < 0n ? -low : low;
        if (width << 60n <= size || precision >= LAST_PRECISION) {
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

type Interval = readonly [bigint, bigint];

/**
 * Enclosures of 1, a, a², … as integers over 2^precision, kept, since every sign asks for them. Throws FieldError unless a is
 * shown to be the only root between `from` and `to`, and neither of them a root.
 *
 * However many digits these ends have, a is enclosed between the points of a dyadic grid, outside of them or not. Where a
 * grid point stands is seen by comparison with the ends, or between them by the sign of the modulus: that has one root there,
 * which is simple, so its sign on the left of a is that at `from`, and on the right the opposite.
 */
function generatorEnclosures(modulus: readonly bigint[], [from, to]: readonly [Rational, Rational]) {
  const degree = modulus.length - 1;
  const denominator = (from.d / gcd(from.d, to.d)) * to.d;
  const first = from.s * from.n * (denominator / from.d);
  const last = to.s * to.n * (denominator / to.d);
  if (first >= last) throw new FieldError("the isolating interval is empty");
  // a lies between low/2^bits and high/2^bits.
  let low = floor(first, denominator);
  let high = floor(last, denominator) + 1n;
  let bits = 0n;
  if (low < -LARGEST_END || high > LARGEST_END) throw new FieldLimitError("the isolating interval reaches too far out");

  const over = overInterval(modulus, first, last, denominator);
  if (variations(over) !== 1) {
    throw new FieldError("the interval is not shown to contain exactly one root of the minimal polynomial");
  }
  const rootFound = () => new FieldError("the minimal polynomial has a rational root, so it is reducible");
  if (over[0] === 0n || over[degree] === 0n) throw rootFound();

  const isBelow = (n: bigint, scale: bigint): boolean => {
    const place = n * denominator;
    if (place <= first << scale) return true;
    if (place >= last << scale) return false;
    const value = homogenised(modulus, n, scale);
    if (value === 0n) throw rootFound();
    return value < 0n === over[0]! < 0n;
  };
  const derivative = modulus.map((c, k) => c * BigInt(k)).slice(1);
  const isNarrow = (precision: number) => (high - low) << BigInt(precision) <= 1n << bits;
  const narrow = (precision: number): void => {
    if (isNarrow(precision)) return;
    if (precision > FIRST_PRECISION) {
      narrow(precision - (precision >> 2));
      // A step of Newton's method guesses a up to 2^−precision/2. Nothing rests on the guess but time: it has to prove itself.
      const scale = BigInt(precision + 1);
      const middle = ((low + high) << scale) >> (bits + 1n);
      const slope = homogenised(derivative, middle, scale);
      const guess = slope === 0n ? middle : middle - homogenised(modulus, middle, scale) / slope;
      if (isBelow(guess - 1n, scale) && !isBelow(guess + 1n, scale)) {
        [low, high, bits] = [guess - 1n, guess + 1n, scale];
      }
    }
    while (!isNarrow(precision)) {
      const middle = low + high;
      // First this: if it throws, the enclosure must stay what it was, for whoever asks again.
      const right = isBelow(middle, bits + 1n);
      [low, high, bits] = right ? [middle, 2n * high, bits + 1n] : [2n * low, middle, bits + 1n];
    }
  };

  const cache = new Map<number, readonly Interval[]>();
  return (precision: number): readonly Interval[] => {
    const known = cache.get(precision);
    if (known !== undefined) return known;
    narrow(precision);
    const shift = BigInt(precision);
    const generator: Interval = [(low << shift) >> bits, ((high << shift) >> bits) + 1n];
    const powers: Interval[] = [[1n << shift, 1n << shift]];
    for (let k = 1; k < degree; k++) powers.push(product(powers[k - 1]!, generator, shift));
    cache.set(precision, powers);
    return powers;
  };
}

/** 2^{scale·deg p} p(n/2^scale), by Horner's rule. */
function homogenised(p: readonly bigint[], n: bigint, scale: bigint): bigint {
  return p.reduceRight((value, c, k) => value * n + (c << (scale * BigInt(p.length - 1 - k))), 0n);
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
 * The inverse as `inverseModulo` has it, where it is about as small as a, as for a root or an element of a small subfield; else null. It is
 * guessed from residues and proved by the product.
 */
function smallInverse(a: readonly bigint[], m: readonly bigint[]): ReturnType<typeof inverseModulo> | null {
  if (m.length - 1 < LEAST_GUESSED) return null;
  const bits = a.reduce((most, c) => Math.max(most, 4 * c.toString(16).length), 0);
  const largest = 1n << BigInt(4 * bits + 512);
  for (const { inverse, modulus } of inverses(m, a)) {
    const guess = reconstruct(inverse, modulus);
    if (guess !== null) {
      const product = productModulo(m, a, guess.numerators);
      if (product.every((c, k) => c === (k === 0 ? guess.denominator : 0n))) return guess;
    }
    if (modulus > largest) break;
  }
  return null;
}

/**
 * The inverse of Σ a_k x^k modulo m as numerators over one denominator, by Euclid's algorithm in ℤ[x], whose remainders are divided by
 * what is known to divide them. Throws FieldError when a shares a factor with m. (Subresultants: H. Cohen, A Course in Computational
 * Algebraic Number Theory, Algorithm 3.3.1; the cofactors are determinants too, and so are divided as the remainders are.)
 */
function inverseModulo(a: readonly bigint[], m: readonly bigint[]): { numerators: bigint[]; denominator: bigint } {
  // s a ≡ p and t a ≡ q modulo m.
  let [p, q]: (readonly bigint[])[] = [m, trimmed([...a])];
  let [s, t]: (readonly bigint[])[] = [[], [1n]];
  let [g, h] = [1n, 1n];
  while (q!.length > 1) {
    const lead = q!.at(-1)!;
    const gap = p!.length - q!.length;
    let [rest, cofactor] = [p!, s!];
    for (let k = gap; k >= 0; k--) {
      const top = rest.at(-1)!;
      rest = crossed(rest, lead, q!, top, k).slice(0, -1);
      cofactor = crossed(cofactor, lead, t!, top, k);
    }
    const divisor = g * h ** BigInt(gap);
    [p, q, s, t] = [q, trimmed(rest.map((c) => c / divisor)), t, cofactor.map((c) => c / divisor)];
    g = lead;
    h = g ** BigInt(gap) / h ** BigInt(gap - 1);
  }
  if (q!.length === 0)
    throw new FieldError("an element shares a factor with the minimal polynomial, so it is reducible");
  return { numerators: Array.from(m.slice(1), (_, k) => t![k] ?? 0n), denominator: q![0]! };
}

/** factor p − other x^shift q */
function crossed(p: readonly bigint[], factor: bigint, q: readonly bigint[], other: bigint, shift: number): bigint[] {
  return Array.from({ length: Math.max(p.length, q.length + shift) }, (_, k) => {
    const [left, right] = [p[k] ?? 0n, q[k - shift] ?? 0n];
    return (left === 0n ? 0n : factor * left) - (right === 0n ? 0n : other * right);
  });
}
