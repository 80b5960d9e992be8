/**
 * The tower of several real radicals of rationals.
 *
 * Positive radicals of rationals, up to rational factors, form a finite abelian group G; by Kneser's theorem the field that they
 * generate has degree |G| over ℚ, with one monomial of radicals per element of G as a basis. So each radical in turn has over
 * those before it the degree that it has in G. (M. Kneser, Lineare Abhängigkeit von Wurzeln, Acta Arith. 26, 1975.)
 */
import { equals, power } from "../exact/field.js";
import { MAX_DEGREE } from "../exact/number-field.js";
import { gcd, Q, type Rational, rational } from "../exact/rational.js";
import { integerRoot } from "./roots.js";
import { createTower, DegreeError, type Level, multipleOfBasis, type Tower, type TowerElement } from "./tower.js";

/** The positive real number radicand^(1/degree), radicand > 0. */
export interface Radical {
  readonly radicand: Rational;
  readonly degree: number;
}

/** A tower that contains the radicals, and the value there of each of them. */
export interface RadicalTower {
  readonly tower: Tower;
  readonly value: (radical: Radical) => TowerElement;
}

/** Exponents over the base, modulo the integers, with the rational factor that the integer parts make. */
interface Monomial {
  readonly exponents: readonly Rational[];
  readonly factor: Rational;
}

/** The radicals generate a field of degree over 32, and `radical` is the first with which they do. */
export class RadicalDegreeError extends DegreeError {
  readonly radical: Radical;
  constructor(radical: Radical) {
    super();
    this.radical = radical;
  }
}

/** Throws RadicalDegreeError when the radicals generate a field of degree over 32. */
export function radicalTower(radicals: readonly Radical[]): RadicalTower {
  const base = coprimeBase(
    radicals.flatMap(({ radicand }) => [radicand.n, radicand.d]),
    [...new Set(radicals.map(({ degree }) => degree))],
  );
  const normalize = (exponents: readonly Rational[]): Monomial => ({
    exponents: exponents.map((e) => e.sub(e.floor())),
    factor: exponents.reduce((f, e, k) => f.mul(rational(base[k]!).pow(e.floor()) as Rational), Q.one),
  });
  const monomial = ({ radicand, degree }: Radical): Monomial =>
    normalize(base.map((b) => rational(valuation(radicand.n, b) - valuation(radicand.d, b), BigInt(degree))));
  const times = (a: Monomial, b: Monomial): Monomial => {
    const { exponents, factor } = normalize(a.exponents.map((e, k) => e.add(b.exponents[k]!)));
    return { exponents, factor: factor.mul(a.factor).mul(b.factor) };
  };
  const key = ({ exponents }: Monomial) => exponents.map((e) => e.toFraction()).join(" ");

  const one = normalize(base.map(() => Q.zero));
  const index = new Map([[key(one), 0]]);
  const monomials: Monomial[] = [one];
  // The tower's basis consists of products of powers of its generators, each of which is that multiple of its monomial.
  const multiples: Rational[] = [Q.one];
  const levels: Level[] = [];
  for (const radical of radicals) {
    const generator: Monomial = { ...monomial(radical), factor: Q.one };
    if (index.has(key(generator))) continue;
    const size = monomials.length;
    const powers = [generator];
    while (!index.has(key(powers.at(-1)!))) {
      if (size * (powers.length + 1) > MAX_DEGREE) throw new RadicalDegreeError(radical);
      powers.push(times(powers.at(-1)!, generator));
    }
    const order = powers.length;
    const last = index.get(key(powers[order - 1]!))!;
    const ratio = powers[order - 1]!.factor.div(multiples[last]!);
    const scale = ratio.d; // times this, the generator has an integral radicand
    levels.push({
      order,
      size,
      radicand: multipleOfBasis(rational(scale ** BigInt(order)).mul(ratio), last).numerators,
    });
    powers.slice(0, -1).forEach((generatorPower, j) => {
      for (let k = 0; k < size; k++) {
        const { exponents, factor } = times(monomials[k]!, generatorPower);
        index.set(key({ exponents, factor }), monomials.length);
        monomials.push({ exponents, factor: Q.one });
        multiples.push(multiples[k]!.mul(factor).mul(rational(scale ** BigInt(j + 1))));
      }
    });
  }
  const units = multiples.map((multiple, k) => multipleOfBasis(multiple.inverse(), k));
  const tower = createTower(levels, units);
  const value = (radical: Radical): TowerElement => {
    const { exponents, factor } = monomial(radical);
    const k = index.get(key({ exponents, factor }))!;
    const root = multipleOfBasis(factor.div(multiples[k]!), k);
    const radicand = power(tower, root, BigInt(radical.degree));
    if (!equals(tower, radicand, tower.fromRational(radical.radicand)) || tower.sign(root) !== 1) {
      throw new Error("a root is not what it should be");
    }
    return root;
  };
  return { tower, value };
}

/** Pairwise coprime integers > 1, none with an exact root of a given degree > 1, that generate all the given ones. */
function coprimeBase(numbers: readonly bigint[], degrees: readonly number[]): bigint[] {
  // Beyond 64 an exponent matters only if it divides a degree; below, taking the root makes for smaller numbers.
  const exponents = Array.from({ length: Math.max(64, ...degrees) - 1 }, (_, k) => k + 2).filter(
    (e) => e <= 64 || degrees.some((degree) => degree % e === 0),
  );
  const pending = [...numbers];
  let base: bigint[] = [];
  while (pending.length > 0) {
    const n = withoutPowers(pending.pop()!, exponents);
    if (n === 1n || base.includes(n)) continue;
    const clash = base.find((b) => gcd(b, n) > 1n);
    if (clash === undefined) base.push(n);
    else {
      const common = gcd(clash, n);
      base = base.filter((b) => b !== clash);
      pending.push(common, clash / common, n / common);
    }
  }
  return base.sort((a, b) => (a < b ? -1 : 1));
}

/** The smallest b with n = b^e, e a product of the exponents. */
function withoutPowers(n: bigint, exponents: readonly number[]): bigint {
  let b = n;
  for (const e of exponents) {
    for (let root = integerRoot(b, e); root > 1n && root ** BigInt(e) === b; root = integerRoot(b, e)) b = root;
  }
  return b;
}

function valuation(n: bigint, b: bigint): bigint {
  let exponent = 0n;
  for (let rest = n; rest % b === 0n; rest /= b) exponent++;
  return exponent;
}
