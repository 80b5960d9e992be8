/**
 * One number field for several real radicals.
 *
 * Positive radicals of rationals, up to rational factors, form a finite abelian group G; by Kneser's theorem the field that they
 * generate has degree |G| over ℚ, with one monomial of radicals per element of G as a basis. There a primitive element and its
 * minimal polynomial are found by linear algebra. (M. Kneser, Lineare Abhängigkeit von Wurzeln, Acta Arith. 26, 1975.)
 */
import type { Field, FieldDescription } from "../exact/field.js";
import { rowReduce } from "../exact/linear.js";
import { FieldError, MAX_DEGREE, numberField } from "../exact/number-field.js";
import { gcd, Q, type Rational, rational } from "../exact/rational.js";

/** The positive real number radicand^(1/degree), radicand > 0. */
export interface Radical {
  readonly radicand: Rational;
  readonly degree: number;
}

/** A field that contains the radicals, and the value there of each of them. */
export interface RadicalField {
  readonly field: Field<unknown>;
  readonly value: (radical: Radical) => unknown;
}

/** The field has a degree over 32, and `radical` is the first with which it has. */
export class DegreeError extends Error {
  readonly radical: Radical;
  constructor(radical: Radical) {
    super(`the numbers need a field of degree over ${MAX_DEGREE}`);
    this.radical = radical;
  }
}

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

/** Exponents over the base, modulo the integers, with the rational factor that the integer parts make. */
interface Monomial {
  readonly exponents: readonly Rational[];
  readonly factor: Rational;
}

/** Throws DegreeError when the radicals generate a field of degree over 32. */
export function radicalField(radicals: readonly Radical[]): RadicalField {
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
  const basis: Monomial[] = [one];
  const generators: Monomial[] = [];
  for (const radical of radicals) {
    const generator: Monomial = { ...monomial(radical), factor: Q.one };
    if (index.has(key(generator))) continue;
    generators.push(generator);
    // The cosets of the subgroup so far, until a power of the generator falls into it.
    const subgroup = [...basis];
    for (let power = generator; !index.has(key(power)); power = times(power, generator)) {
      if (basis.length + subgroup.length > MAX_DEGREE) throw new DegreeError(radical);
      for (const element of subgroup) {
        const { exponents } = times(element, power);
        index.set(key({ exponents, factor: Q.one }), basis.length);
        basis.push({ exponents, factor: Q.one });
      }
    }
  }
  const n = basis.length;
  if (n === 1) return { field: Q, value: ({ radicand, degree }) => exactRoot(radicand, degree) };

  type Coordinates = readonly Rational[];
  const multiply = (u: Coordinates, v: Coordinates): Coordinates => {
    const product = new Array<Rational>(n).fill(Q.zero);
    u.forEach((a, i) => {
      v.forEach((b, j) => {
        if (Q.isZero(a) || Q.isZero(b)) return;
        const m = times(basis[i]!, basis[j]!);
        const k = index.get(key(m))!;
        product[k] = product[k]!.add(a.mul(b).mul(m.factor));
      });
    });
    return product;
  };
  const unit = (m: Monomial): Coordinates => basis.map((_, k) => (k === index.get(key(m)) ? Q.one : Q.zero));

  // A single radical makes the plainest generator. The sum always is one: a conjugation turns its summands, positive numbers,
  // by roots of unity, and moves the sum unless it fixes them all.
  const sum = generators.map(unit).reduce((u, v) => u.map((c, k) => c.add(v[k]!)));
  for (const candidate of [...generators.map(unit), ...basis.slice(1).map(unit), sum]) {
    const powers: Coordinates[] = [unit(one)];
    while (powers.length <= n) powers.push(multiply(powers.at(-1)!, candidate));
    // One elimination writes the n-th power and every basis monomial in the lower powers.
    const { rows, pivots } = rowReduce(
      Q,
      basis.map((m, k) => [...powers.map((p) => p[k]!), ...unit(m)]),
      n,
    );
    if (pivots.length < n) continue;
    const minimalPolynomial = [...rows.map((row) => row[n]!.neg()), Q.one];
    const field = isolate(minimalPolynomial, (bits) => enclose(candidate, basis, base, bits));
    const value = (radical: Radical) => {
      const m = monomial(radical);
      const column = n + 1 + index.get(key(m))!;
      return field.fromCoordinates(rows.map((row) => row[column]!.mul(m.factor)));
    };
    return { field, value };
  }
  throw new Error("no primitive element found"); // unreachable, as the sum is one
}

/** Narrows the interval until Descartes' rule isolates the root there. */
function isolate(
  minimalPolynomial: readonly Rational[],
  enclosure: (bits: number) => [Rational, Rational],
): Field<unknown> {
  for (let bits = 0; bits <= 4096; bits = 2 * bits + 1) {
    const description: FieldDescription = { minimalPolynomial, interval: enclosure(bits) };
    try {
      return numberField(description);
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
    }
  }
  throw new Error("the generator could not be isolated"); // unreachable: distinct roots separate
}

/** An open interval of width at most n·2^{−bits} around Σ coordinates · monomials; the coordinates are 0 or 1, 0 for monomial 1. */
function enclose(
  coordinates: readonly Rational[],
  basis: readonly Monomial[],
  base: readonly bigint[],
  bits: number,
): [Rational, Rational] {
  const scale = 1n << BigInt(bits);
  let low = Q.zero;
  let high = Q.zero;
  coordinates.forEach((c, k) => {
    if (Q.isZero(c)) return;
    const { exponents } = basis[k]!;
    const degree = exponents.reduce((d, e) => (d * e.d) / gcd(d, e.d), 1n);
    const power = exponents.reduce((p, e, j) => p * base[j]! ** ((e.n * degree) / e.d), 1n);
    const root = integerRoot(power * scale ** degree, Number(degree));
    low = low.add(c.mul(rational(root, scale)));
    high = high.add(c.mul(rational(root + 1n, scale)));
  });
  return [low, high]; // the roots are irrational, so neither end is hit
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
