/**
 * A tower of real radicals over ℚ.
 *
 * Each level adjoins a positive b with b^k = r, r > 0 in the field F below, such that x^k − r is irreducible over F. Of the first
 * levels the caller knows that. For a further one it is proved: over a real field, x^k − r with r > 0 is irreducible if r is no
 * p-th power for any prime p that divides k. (Vahlen and Capelli; S. Lang, Algebra, VI, Theorem 9.1. Its exception, r = −4c⁴, is
 * negative.) A root that lies in F already is found there, and multiplied out to prove it.
 */
import { power, type Ring, type Sign } from "../exact/field.js";
import { solveIntegers } from "../exact/linear.js";
import { MAX_DEGREE } from "../exact/number-field.js";
import { gcd, Q, type Rational, rational } from "../exact/rational.js";
import { isNoPower, rootGuesses } from "./powers.js";
import { integerRoot, primeFactors } from "./roots.js";

/** b^order = radicand, in the basis of the field below, which has degree `size`. */
export interface Level {
  readonly order: number;
  readonly size: number;
  readonly radicand: readonly bigint[];
}

/**
 * (Σ_k numerators[k] e_k) / denominator in lowest terms, denominator > 0, without trailing zeros. The basis e is 1, and with each
 * level e_{k + size·j} = e_k b^j for k < size: elements stay what they are when a level is added.
 */
export interface TowerElement {
  readonly numerators: readonly bigint[];
  readonly denominator: bigint;
}

/** A radical cannot be adjoined; the message says why. */
export class TowerError extends Error {}

/** The field would have a degree over 32. */
export class DegreeError extends TowerError {
  constructor() {
    super(`the numbers need a field of degree over ${MAX_DEGREE}`);
  }
}

/** It grows with `root`. */
export interface Tower extends Ring<TowerElement> {
  /** Over ℚ. */
  readonly degree: number;
  readonly levels: readonly Level[];
  /** Multiples of the basis by rationals, that are positive algebraic integers. */
  readonly units: readonly TowerElement[];
  /** Whether all levels are of plain radicals. */
  readonly isPlain: boolean;
  inv(a: TowerElement): TowerElement;
  sign(a: TowerElement): Sign;
  fromRational(q: Rational): TowerElement;
  /** In the basis, without trailing zeros. */
  coordinates(a: TowerElement): readonly Rational[];
  /** The positive k-th root of a > 0, adjoined if need be. Throws TowerError. */
  root(a: TowerElement, k: number): TowerElement;
  /** ⌊2^bits · a⌋ of an irrational a > 0 */
  floor(a: TowerElement, bits: number): bigint;
}

const MAX_ROOTS = 100;
/** Bounds the search for roots in the field below, for all of a tower together; a second's work is about 10^12. */
const MAX_ROOT_WORK = 3e12;
const MAX_PRECISION = 65_536;
/** Powers of integers below are drawn out of radicands. */
const SMALL_FACTORS = 1000n;

/** The tower of these levels, of plain radicals, each of which is known to be irreducible over those before. */
export function createTower(firstLevels: readonly Level[], firstUnits: readonly TowerElement[]): Tower {
  const levels = [...firstLevels];
  const units = [...firstUnits];
  const roots = new Map<string, TowerElement>();
  const enclosed = new Map<number, readonly Interval[]>();
  let work = 0;

  const tower: Tower = {
    get degree() {
      return units.length;
    },
    get isPlain() {
      return levels.length === firstLevels.length;
    },
    levels,
    units,
    zero: element([], 1n),
    one: element([1n], 1n),
    add: (a, b) => combine(a, b, 1n),
    sub: (a, b) => combine(a, b, -1n),
    mul: (a, b) => element(multiply(a.numerators, b.numerators), a.denominator * b.denominator),
    neg: (a) =>
      element(
        a.numerators.map((n) => -n),
        a.denominator,
      ),
    isZero: (a) => a.numerators.length === 0,
    fromRational: (q) => element([q.s * q.n], q.d),
    coordinates: ({ numerators, denominator }) => numerators.map((n) => rational(n, denominator)),
    inv: (a) => {
      const columns = units.map((_, k) => multiply(a.numerators, multipleOfBasis(Q.one, k).numerators));
      const { numerators, denominator } = solveIntegers(
        columns.map((_, i) => [...columns.map((column) => column[i] ?? 0n), i === 0 ? a.denominator : 0n]),
      )!;
      return element(
        numerators.map(([n]) => n!),
        denominator,
      );
    },
    sign: (a) => {
      if (a.numerators.length === 0) return 0;
      for (let precision = 64; precision <= MAX_PRECISION; precision *= 2) {
        const [low, high] = enclose(a.numerators, enclosures(precision));
        if (low > 0n) return 1;
        if (high < 0n) return -1;
      }
      throw new TowerError("a number is too close to zero for its sign to be found");
    },
    root: (a, k) => {
      const key = `${a.numerators}/${a.denominator} ${k}`;
      const root = roots.get(key) ?? adjoined(a, k);
      roots.set(key, root);
      if (roots.size > MAX_ROOTS) throw new TowerError(`more than ${MAX_ROOTS} different nested roots in a file`);
      return root;
    },
    floor: (a, bits) => {
      for (let precision = bits + 64; precision <= MAX_PRECISION; precision *= 2) {
        const divisor = a.denominator << BigInt(precision - bits);
        const [low, high] = enclose(a.numerators, enclosures(precision));
        if (low / divisor === high / divisor) return low / divisor;
      }
      throw new TowerError("a number is too close to a simple one to be told from it");
    },
  };

  const combine = (a: TowerElement, b: TowerElement, side: 1n | -1n): TowerElement =>
    element(
      Array.from(
        { length: Math.max(a.numerators.length, b.numerators.length) },
        (_, k) => (a.numerators[k] ?? 0n) * b.denominator + side * (b.numerators[k] ?? 0n) * a.denominator,
      ),
      a.denominator * b.denominator,
    );

  const multiply = (a: readonly bigint[], b: readonly bigint[], below = levels.length): bigint[] => {
    if (a.length === 0 || b.length === 0) return [];
    let top = below - 1;
    while (top >= 0 && Math.max(a.length, b.length) <= levels[top]!.size) top--;
    if (top < 0) return [a[0]! * b[0]!];
    const { order, size, radicand } = levels[top]!;
    const blocks = (v: readonly bigint[]) =>
      Array.from({ length: Math.ceil(v.length / size) }, (_, j) => trimmed(v.slice(size * j, size * (j + 1))));
    const product = Array.from({ length: 2 * order - 1 }, (): bigint[] => []);
    const right = blocks(b);
    blocks(a).forEach((u, i) => {
      right.forEach((v, j) => {
        addTo(product[i + j]!, multiply(u, v, top));
      });
    });
    for (let j = product.length - 1; j >= order; j--) addTo(product[j - order]!, multiply(product[j]!, radicand, top));
    return trimmed(product.slice(0, order).flatMap((block) => Array.from({ length: size }, (_, k) => block[k] ?? 0n)));
  };

  /** Encloses the basis in integers over 2^precision. */
  const enclosures = (precision: number): readonly Interval[] => {
    const known = enclosed.get(precision);
    if (known?.length === units.length) return known;
    const shift = BigInt(precision);
    const basis: Interval[] = [[1n << shift, 1n << shift]];
    for (const { order, size, radicand } of levels) {
      const [low, high] = enclose(radicand, basis);
      const scale = shift * BigInt(order - 1);
      const root: Interval = [
        integerRoot((low > 0n ? low : 0n) << scale, order),
        integerRoot(high << scale, order) + 1n,
      ];
      for (let k = 0; basis.length < order * size; k++) {
        basis.push([(basis[k]![0] * root[0]) >> shift, ((basis[k]![1] * root[1]) >> shift) + 1n]);
      }
    }
    enclosed.set(precision, basis);
    return basis;
  };

  const adjoined = (a: TowerElement, k: number): TowerElement => {
    let [radicand, order] = [a, k];
    for (const p of primeFactors(k)) {
      while (order % p === 0) {
        const root = powerRoot(radicand, p);
        if (root === null) break;
        [radicand, order] = [root, order / p];
      }
    }
    if (order === 1) return radicand;
    const size = units.length;
    if (size * order > MAX_DEGREE) throw new DegreeError();
    const { factor, integral } = extractPowers(radicand, order);
    levels.push({ order, size, radicand: integral });
    const b = multipleOfBasis(Q.one, size);
    for (let j = 1; j < order; j++) units.push(...units.slice(-size).map((unit) => tower.mul(unit, b)));
    return tower.mul(tower.fromRational(factor), b);
  };

  /** The positive p-th root of a > 0 in the tower as it is, or null if it is proved that there is none. */
  const powerRoot = (a: TowerElement, p: number): TowerElement | null => {
    if (isNoPower(levels, a, p)) return null;
    // The root mostly lies as low in the tower as the number does, where it is found more easily.
    for (let height = 0; height <= levels.length; height++) {
      const size = levels[height]?.size ?? units.length;
      const part = levels.slice(0, height);
      if (a.numerators.length > size || (height < levels.length && isNoPower(part, a, p))) continue;
      const guesses = rootGuesses(part, a, p, (amount) => {
        work += amount;
        if (work > MAX_ROOT_WORK) throw new TowerError("it takes too long to find out which roots are irrational");
      });
      for (const guess of guesses) {
        const root = element(guess.numerators, guess.denominator);
        if (!tower.isZero(tower.sub(power(tower, root, BigInt(p)), a))) continue;
        return tower.sign(root) > 0 ? root : tower.neg(root);
      }
    }
    throw new TowerError("it could not be found out whether a root is in the field of the numbers under it");
  };

  return tower;
}

/** Numerators over a denominator, which is not 0, as an element. */
export function element(numerators: readonly bigint[], denominator: bigint): TowerElement {
  let common = gcd(denominator, 0n);
  for (const n of numerators) {
    if (common === 1n) break;
    common = gcd(common, n);
  }
  const divisor = denominator < 0n ? -common : common;
  return { numerators: trimmed(numerators.map((n) => n / divisor)), denominator: denominator / divisor };
}

function trimmed(numerators: bigint[]): bigint[] {
  while (numerators.at(-1) === 0n) numerators.pop();
  return numerators;
}

/** q e_k */
export function multipleOfBasis(q: Rational, k: number): TowerElement {
  return element([...new Array<bigint>(k).fill(0n), q.s * q.n], q.d);
}

function addTo(target: bigint[], summand: readonly bigint[]): void {
  summand.forEach((n, k) => {
    target[k] = (target[k] ?? 0n) + n;
  });
}

type Interval = readonly [bigint, bigint];

/** Encloses Σ numerators[k] · basis[k]. */
function enclose(numerators: readonly bigint[], basis: readonly Interval[]): Interval {
  let [low, high] = [0n, 0n];
  numerators.forEach((n, k) => {
    const [a, b] = basis[k]!;
    low += n * (n > 0n ? a : b);
    high += n * (n > 0n ? b : a);
  });
  return [low, high];
}

/** a = factorᵏ · integral, with integral coordinates that are small, as far as that is easily seen. */
function extractPowers({ numerators, denominator }: TowerElement, k: number) {
  const content = numerators.reduce(gcd, 0n);
  let rest = content * denominator ** BigInt(k - 1);
  let root = 1n;
  for (let d = 2n; d < SMALL_FACTORS; d++) {
    for (const power = d ** BigInt(k); rest % power === 0n; rest /= power) root *= d;
  }
  return { factor: rational(root, denominator), integral: numerators.map((n) => (n / content) * rest) };
}
