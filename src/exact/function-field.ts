/**
 * The field ℚ(s), or ℚ(a)(s), on an open interval of the parameter s: rational functions without a pole there, ordered by their sign.
 *
 * That order is partial. A sign is only given where it is the same, and not 0, at every s in the interval, or where the function is
 * identically 0; and only a function without a zero there is inverted. All else throws `FamilyError` with the places at fault, so that
 * whatever is computed specialises at each s in the interval. (`proofs/theory.md`, §12.)
 */
import { type FamilyDescription, FamilyError } from "./family.js";
import type { Field, FieldDescription, Sign } from "./field.js";
import {
  commonDivisor,
  compareRoots,
  contentOf,
  halved,
  homogenisedValue,
  type IntegerPolynomial,
  overInterval,
  quotient,
  type RealRoot,
  rationalRoot,
  rootsBetween,
  squareFree,
  timesPolynomial,
  trimmed,
  vanishesAt,
  variations,
  wordsOf,
  workOfOver,
} from "./integer-polynomial.js";
import { solveDomain } from "./linear.js";
import { FieldError, numberField } from "./number-field.js";
import { gcd, Q, type Rational, rational } from "./rational.js";

/** (Σ_k numerators[k] a^k) / denominator, polynomials in s without a common factor; the denominator's leading coefficient is positive. */
export interface RationalFunction {
  readonly numerators: readonly IntegerPolynomial[];
  readonly denominator: IntegerPolynomial;
}

/** Operations on words after which a question is given up. */
const MAX_WORK = 2.5e8;
/** Halvings after which two numbers count as too close to be told apart. */
const MAX_HALVINGS = 1024;

/** The arithmetic of rational functions, whatever the interval. */
export interface FunctionArithmetic extends Omit<Field<RationalFunction>, "sign" | "toNumber" | "functions"> {
  /** (Σ_k numerators[k] a^k) / denominator, in lowest terms. Throws FamilyError where the denominator is zero. */
  readonly fraction: (numerators: readonly IntegerPolynomial[], denominator: IntegerPolynomial) => RationalFunction;
}

export function functionArithmetic(base: FieldDescription | null): FunctionArithmetic {
  const constants = base === null ? null : numberField(base);
  const degree = constants?.degree ?? 1;
  const modulus = base === null ? [] : base.minimalPolynomial.map((c) => c.s * c.n);
  const blank = (): IntegerPolynomial[] => Array.from({ length: degree }, () => []);

  const constant = (numerators: readonly bigint[], denominator: bigint): RationalFunction => ({
    numerators: Array.from({ length: degree }, (_, k) => trimmed([numerators[k] ?? 0n])),
    denominator: [denominator],
  });
  const [zero, one] = [constant([], 1n), constant([1n], 1n)];
  const isZero = ({ numerators }: RationalFunction) =>
    numerators[0]!.length === 0 && (degree === 1 || numerators.every((p) => p.length === 0));

  const reduced = (numerators: readonly IntegerPolynomial[], denominator: IntegerPolynomial): RationalFunction => {
    let common: IntegerPolynomial = denominator;
    for (const p of numerators) {
      if (common.length === 1 && (common[0] === 1n || common[0] === -1n)) break;
      if (p.length > 0) common = commonDivisor(common, p);
    }
    if (numerators.every((p) => p.length === 0)) return zero;
    const divisor = common.at(-1)! > 0n === denominator.at(-1)! > 0n ? common : common.map((c) => -c);
    if (divisor.length === 1 && divisor[0] === 1n) return { numerators, denominator };
    return { numerators: numerators.map((p) => quotient(p, divisor)!), denominator: quotient(denominator, divisor)! };
  };

  const isOne = (p: IntegerPolynomial) => p.length === 1 && p[0] === 1n;
  const over = (p: IntegerPolynomial, q: IntegerPolynomial) => (isOne(q) ? p : quotient(p, q)!);
  const positive = (p: IntegerPolynomial) => (p.at(-1)! < 0n ? p.map((c) => -c) : p);

  /** Whether both are rational numbers, which are quicker by themselves. */
  const areRational = (a: RationalFunction, b: RationalFunction) =>
    degree === 1 &&
    a.denominator.length === 1 &&
    b.denominator.length === 1 &&
    a.numerators[0]!.length === 1 &&
    b.numerators[0]!.length === 1;
  const ratio = (n: bigint, d: bigint): RationalFunction => {
    if (n === 0n) return zero;
    if (d === 1n) return { numerators: [[n]], denominator: [1n] };
    const common = gcd(n, d);
    return { numerators: [[n / common]], denominator: [d / common] };
  };

  /** With the common factor of the denominators taken out first, and then what of it cancels. (P. Henrici, J. ACM 3, 1956.) */
  const combine = (a: RationalFunction, b: RationalFunction, side: 1n | -1n): RationalFunction => {
    if (isZero(b)) return a;
    if (areRational(a, b)) {
      const [[n], [m]] = [a.numerators[0]!, b.numerators[0]!];
      const [d, e] = [a.denominator[0]!, b.denominator[0]!];
      return d === e ? ratio(n! + side * m!, d) : ratio(n! * e + side * m! * d, d * e);
    }
    const common = positive(commonDivisor(a.denominator, b.denominator));
    const [left, right] = [over(b.denominator, common), over(a.denominator, common)];
    const sum = a.numerators.map((own, k) => {
      const [p, q] = [timesPolynomial(own, left), timesPolynomial(b.numerators[k]!, right)];
      return trimmed(
        Array.from({ length: Math.max(p.length, q.length) }, (_, j) => (p[j] ?? 0n) + side * (q[j] ?? 0n)),
      );
    });
    const { numerators, denominator } = reduced(sum, common);
    return numerators.every((p) => p.length === 0)
      ? zero
      : { numerators, denominator: timesPolynomial(denominator, timesPolynomial(left, right)) };
  };

  /** Numerators of a product, modulo the minimal polynomial of a. */
  const product = (a: readonly IntegerPolynomial[], b: readonly IntegerPolynomial[]): readonly IntegerPolynomial[] => {
    if (degree === 1) return [timesPolynomial(a[0]!, b[0]!)];
    const all: bigint[][] = Array.from({ length: 2 * degree - 1 }, () => []);
    const add = (k: number, p: IntegerPolynomial, factor: bigint) => {
      for (const [j, c] of p.entries()) all[k]![j] = (all[k]![j] ?? 0n) + factor * c;
    };
    for (const [i, p] of a.entries()) for (const [j, q] of b.entries()) add(i + j, timesPolynomial(p, q), 1n);
    for (let k = all.length - 1; k >= degree; k--)
      for (let j = 0; j < degree; j++) add(k - degree + j, all[k]!, -modulus[j]!);
    return all.slice(0, degree).map(trimmed);
  };

  const inverse = (a: RationalFunction): RationalFunction => {
    if (isZero(a)) throw new RangeError("division by zero");
    if (a.numerators.slice(1).every((p) => p.length === 0))
      return reduced([a.denominator, ...blank().slice(1)], a.numerators[0]!);
    const { numerators, denominator } = inverseOf(a.numerators, product);
    return reduced(
      numerators.map((p) => timesPolynomial(p, a.denominator)),
      denominator,
    );
  };

  const times = (a: RationalFunction, b: RationalFunction): RationalFunction => {
    if (isZero(a) || isZero(b)) return zero;
    if (areRational(a, b))
      return ratio(a.numerators[0]![0]! * b.numerators[0]![0]!, a.denominator[0]! * b.denominator[0]!);
    const [left, right] = [reduced(a.numerators, b.denominator), reduced(b.numerators, a.denominator)];
    const numerators = product(left.numerators, right.numerators);
    const denominator = timesPolynomial(left.denominator, right.denominator);
    return degree === 1 ? { numerators, denominator } : reduced(numerators, denominator);
  };

  const div = (a: RationalFunction, b: RationalFunction) => times(a, inverse(b));

  const integers = (a: RationalFunction) => {
    if (!isConstant(a)) throw new RangeError("a function has no coordinates over ℚ");
    return { numerators: a.numerators.map((p) => p[0] ?? 0n), denominator: a.denominator[0]! };
  };

  return {
    degree: Number.POSITIVE_INFINITY,
    description: base,
    zero,
    one,
    add: (a, b) => combine(a, b, 1n),
    sub: (a, b) => combine(a, b, -1n),
    mul: times,
    neg: (a) => ({ numerators: a.numerators.map((p) => p.map((c) => -c)), denominator: a.denominator }),
    inv: inverse,
    div,
    fraction: (numerators, denominator) => {
      if (denominator.length === 0) throw new FamilyError("pole", "a denominator is zero");
      const whole = (parts: readonly IntegerPolynomial[]): RationalFunction => ({
        numerators: blank().map((none, k) => parts[k] ?? none),
        denominator: [1n],
      });
      return div(whole(numerators), whole([denominator]));
    },
    isZero,
    fromRational: (q) => constant([q.s * q.n], q.d),
    coordinates: (a) => {
      const { numerators, denominator } = integers(a);
      return numerators.map((n) => rational(n, denominator));
    },
    integers,
    fromCoordinates: (coordinates) => {
      const d = coordinates.reduce((all, q) => (all / gcd(all, q.d)) * q.d, 1n);
      return reduced(
        Array.from({ length: degree }, (_, k) => {
          const q = coordinates[k];
          return q === undefined ? [] : trimmed([q.s * q.n * (d / q.d)]);
        }),
        [d],
      );
    },
    bounds: () => {
      throw new RangeError("a function of a parameter has no enclosure");
    },
    size: ({ numerators, denominator }) =>
      [...numerators, denominator].reduce((n, p) => p.reduce((m, c) => m + c.toString(16).length / 16, n), 0),
    key: keyOf,
  };
}

function keyOf({ numerators, denominator }: RationalFunction): string {
  return `${numerators.map((p) => p.join()).join(";")}/${denominator.join()}`;
}

/** Whether it is a rational number, other than 0. */
function isRational({ numerators, denominator }: RationalFunction): boolean {
  return (
    denominator.length === 1 && numerators[0]!.length === 1 && numerators.every((p, k) => k === 0 || p.length === 0)
  );
}

/** Whether s does not occur. */
export function isConstant({ numerators, denominator }: RationalFunction): boolean {
  return denominator.length === 1 && numerators.every((p) => p.length <= 1);
}

/** The solution of (multiplication by a) x = 1. */
function inverseOf(
  a: readonly IntegerPolynomial[],
  product: (p: readonly IntegerPolynomial[], q: readonly IntegerPolynomial[]) => readonly IntegerPolynomial[],
): { numerators: readonly IntegerPolynomial[]; denominator: IntegerPolynomial } {
  const unit = (k: number) => a.map((_, j): IntegerPolynomial => (j === k ? [1n] : []));
  const columns = a.map((_, k) => product(a, unit(k)));
  const solution = solveDomain(
    POLYNOMIALS,
    a.map((_, i) => [...columns.map((column) => column[i]!), unit(0)[i]!]),
  );
  if (solution === null) throw new FieldError(REDUCIBLE);
  return { numerators: solution.numerators.map(([p]) => p!), denominator: solution.denominator };
}

/** ℤ[s], with division where it leaves no rest. */
const POLYNOMIALS = {
  one: [1n] as IntegerPolynomial,
  isZero: (p: IntegerPolynomial) => p.length === 0,
  mul: timesPolynomial,
  sub: (p: IntegerPolynomial, q: IntegerPolynomial): IntegerPolynomial =>
    trimmed(Array.from({ length: Math.max(p.length, q.length) }, (_, k) => (p[k] ?? 0n) - (q[k] ?? 0n))),
  divide: (p: IntegerPolynomial, q: IntegerPolynomial) => quotient(p, q)!,
};

/** The value in the field of the constants at a rational s; null at a pole. */
export function valueAt<B>(constants: Field<B>, { numerators, denominator }: RationalFunction, s: Rational): B | null {
  const [n, d] = [s.s * s.n, s.d];
  const at = (p: IntegerPolynomial) =>
    p.length === 0 ? Q.zero : rational(homogenisedValue(p, n, d), d ** BigInt(p.length - 1));
  const below = at(denominator);
  return Q.isZero(below) ? null : constants.fromCoordinates(numerators.map((p) => Q.div(at(p), below)));
}

/**
 * The field on an interval. Throws FamilyError where the interval is none: an end's polynomial must have exactly one root between its
 * bounds, by Descartes' rule, and the first end be less than the second.
 */
export function functionField(family: FamilyDescription, base: FieldDescription | null): Field<RationalFunction> {
  const arithmetic = functionArithmetic(base);
  const constants = (base === null ? Q : numberField(base)) as Field<unknown>;
  const { parameter, interval } = family;
  let [from, to] = interval.map(checkedEnd) as [RealRoot, RealRoot];
  for (let k = 0; from.high * to.d >= to.low * from.d; k++) {
    if (from.low === from.high && to.low === to.high) throw new FamilyError("interval", "the interval is empty");
    if (k > MAX_HALVINGS || from.low * to.d >= to.high * from.d)
      throw new FamilyError("interval", "the interval is empty, or its ends are too close to be told apart");
    [from, to] = [halved(from), halved(to)];
  }
  const sample = rational(from.high * to.d + to.low * from.d, 2n * from.d * to.d);

  // What a question costs is only known on the way; one that costs too much is not answered.
  let work = 0;
  let most = 0;
  const spend = (operations: number): void => {
    work += operations;
    if (work > most) throw new RangeError("the zeros of a function are too hard to count");
  };
  /** The zeros of p, which is not zero, in the interval. */
  const zerosOf = (p: IntegerPolynomial): readonly RealRoot[] => {
    if (p.length <= 1) return [];
    // Most have none in somewhat more than the interval, and that is quickly seen.
    spend(workOfOver(p, from.d * to.d));
    if (variations(overInterval(p, from.low * to.d, to.high * from.d, from.d * to.d)) === 0) return [];
    spend((p.length * wordsOf(p) ** 2) / 64);
    const simple = squareFree(p);
    // An end is brought so near that p has no zero around it but perhaps the end itself, which is not in the interval.
    const cleared = (end: RealRoot): RealRoot => {
      if (end.low === end.high) return end;
      const own = vanishesAt(simple, end) ? 1 : 0;
      let near = end;
      for (let k = 0; near.low !== near.high; k++) {
        const { low, high, d } = near;
        spend(workOfOver(simple, d));
        const around = overInterval(simple, low, high, d);
        if (variations(around) === own && around[0] !== 0n && around.at(-1) !== 0n) break;
        if (k > MAX_HALVINGS)
          throw new FamilyError("sign", "a zero is too close to an end of the interval to be told from it");
        near = halved(near);
      }
      return near;
    };
    [from, to] = [cleared(from), cleared(to)];
    return rootsBetween(simple, from.high * to.d, to.low * from.d, from.d * to.d, spend);
  };
  /** The places in the interval where an element vanishes, or is not shown not to; it is not zero. */
  const places = (numerators: readonly IntegerPolynomial[]): readonly RealRoot[] => {
    if (numerators.slice(1).every((p) => p.length === 0)) return zerosOf(numerators[0]!);
    // They are among the zeros of the norm to ℚ(s).
    const content = numerators.reduce(commonDivisor);
    const own = zerosOf(content);
    const rest = numerators.map((p) => quotient(p, content)!);
    const [n, words] = [constants.degree, rest.reduce((total, p) => total + wordsOf(p), 0)];
    spend((n ** 3 * (n * Math.max(...rest.map((p) => p.length))) * words) / 8);
    const others = zerosOf(normOf(rest, arithmetic)).filter((place) => !isNonZeroAt(constants, rest, place));
    return [...own, ...others.filter((one) => own.every((other) => compareRoots(one, other) !== 0))].sort(compareRoots);
  };
  const known = new Map<string, readonly RealRoot[]>();
  const zeros = (numerators: readonly IntegerPolynomial[]): readonly RealRoot[] => {
    const key = numerators.map((p) => p.join()).join(";");
    let found = known.get(key);
    if (found === undefined) {
      try {
        most = work + MAX_WORK;
        found = places(numerators);
      } catch (error) {
        throw error instanceof RangeError ? new FamilyError("sign", error.message) : error;
      }
      known.set(key, found);
    }
    return found;
  };
  const sign = (a: RationalFunction): Sign => {
    if (arithmetic.isZero(a)) return 0;
    if (isRational(a)) return a.numerators[0]![0]! > 0n ? 1 : -1;
    if (a.denominator.length > 1) ensureNoPole([a.denominator]);
    const found = zeros(a.numerators);
    if (found.length > 0)
      throw new FamilyError(
        "sign",
        `an element has no constant sign: it vanishes at ${placesText(parameter, found)}`,
        found,
      );
    return constants.sign(valueAt(constants, a, sample)!);
  };
  /** Throws unless the denominator, of a fraction as it is written, has no zero. */
  const ensureNoPole = (denominators: readonly IntegerPolynomial[]): void => {
    const found = zeros(denominators);
    if (found.length > 0)
      throw new FamilyError("pole", `a denominator vanishes at ${placesText(parameter, found)}`, found);
  };
  const invertible = (a: RationalFunction): RationalFunction => {
    if (!arithmetic.isZero(a)) ensureNoPole(a.numerators);
    return a;
  };
  return {
    ...arithmetic,
    inv: (a) => arithmetic.inv(invertible(a)),
    div: (a, b) => arithmetic.div(a, invertible(b)),
    sign,
    toNumber: (a) => constants.toNumber(valueAt(constants, a, sample)!),
    functions: {
      family,
      parts: ({ numerators, denominator }) => ({ numerators, denominator }),
      work: () => work,
      fromParts: (numerators, denominator) => {
        if (denominator.length > 0) ensureNoPole([denominator]);
        return arithmetic.fraction(numerators, denominator);
      },
    },
  };
}

function withoutContent(p: IntegerPolynomial): IntegerPolynomial {
  const content = contentOf(p);
  return content === 1n ? p : p.map((c) => c / content);
}

function checkedEnd({ polynomial, low, high, d }: RealRoot): RealRoot {
  const bounds = overInterval(polynomial, low, high, d);
  const isRoot = low === high || (low < high && variations(bounds) === 1 && bounds[0] !== 0n && bounds.at(-1) !== 0n);
  if (d <= 0n || !isRoot)
    throw new FamilyError("interval", "an end's polynomial is not shown to have exactly one root between its bounds");
  return low === high ? rationalRoot(low, d) : { polynomial: withoutContent(polynomial), low, high, d };
}

/** The norm of Σ numerators[k] a^k over ℚ(s), up to a constant: the determinant of the multiplication by it. */
function normOf(numerators: readonly IntegerPolynomial[], { mul }: FunctionArithmetic): IntegerPolynomial {
  const unit = (k: number): RationalFunction => ({
    numerators: numerators.map((_, j): IntegerPolynomial => (j === k ? [1n] : [])),
    denominator: [1n],
  });
  const columns = numerators.map((_, k) => mul({ numerators, denominator: [1n] }, unit(k)).numerators);
  const solution = solveDomain(
    POLYNOMIALS,
    numerators.map((_, i) => columns.map((column) => column[i]!)),
  );
  // An element that is not zero and has the norm 0 is a zero divisor.
  if (solution === null) throw new FieldError(REDUCIBLE);
  return solution.denominator;
}

const REDUCIBLE = "an element shares a factor with the minimal polynomial, so it is reducible";

/** Bisections after which an element counts as one that vanishes. */
const MAX_BISECTIONS = 128;

/**
 * Whether f = Σ numerators[k] a^k is shown not to vanish at a place around which its norm has no other zero: f has one sign at the ends of
 * the interval, and is larger at one of them than it can vary in between.
 */
function isNonZeroAt(constants: Field<unknown>, numerators: readonly IntegerPolynomial[], place: RealRoot): boolean {
  const degree = Math.max(...numerators.map((p) => p.length)) - 1;
  const coefficients = Array.from({ length: degree + 1 }, (_, k) =>
    constants.fromCoordinates(numerators.map((p) => rational(p[k] ?? 0n))),
  );
  const at = (n: bigint, d: bigint) =>
    coefficients.reduceRight(
      (total, c) => constants.add(constants.mul(total, constants.fromRational(rational(n, d))), c),
      constants.zero,
    );
  const size = (c: unknown) => (constants.sign(c) < 0 ? constants.neg(c) : c);
  let { low, high, d } = place;
  if (low === high) return constants.sign(at(low, d)) !== 0;
  const largest =
    (low < 0n ? -low : low) > (high < 0n ? -high : high) ? (low < 0n ? -low : low) : high < 0n ? -high : high;
  const reach = constants.fromRational(rational(largest, d));
  // Σ k |c_k| |s|^{k−1}
  const slope = coefficients.reduceRight((total, c, k) => {
    if (k === 0) return total;
    return constants.add(
      constants.mul(total, reach),
      constants.mul(size(c), constants.fromRational(rational(BigInt(k)))),
    );
  }, constants.zero);
  let root: RealRoot = place;
  for (let step = 0; step < MAX_BISECTIONS; step++) {
    ({ low, high, d } = root);
    const [left, right] = [at(low, d), at(high, d)];
    if (low === high) return constants.sign(left) !== 0;
    if (constants.sign(left) !== constants.sign(right)) return false;
    const width = constants.fromRational(rational(high - low, d));
    if (constants.sign(constants.sub(size(left), constants.mul(slope, width))) > 0) return true;
    root = halved(root);
  }
  return false;
}

/** Places of the parameter, for messages. */
function placesText(parameter: string, places: readonly RealRoot[]): string {
  const texts = places.slice(0, 3).map(({ polynomial, low, high, d }) => {
    const [a, b] = [rational(low, d), rational(high, d)].map((q) => q.toFraction());
    return low === high ? `${parameter} = ${a}` : `a root of [${polynomial.join(", ")}] between ${a} and ${b}`;
  });
  return texts.join(" and ");
}
