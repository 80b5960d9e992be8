/**
 * One number field for several real radicals.
 *
 * Positive radicals of rationals, up to rational factors, form a finite abelian group G; by Kneser's theorem the field that they
 * generate has degree |G| over ℚ, with one monomial of radicals per element of G as a basis. There a primitive element and its
 * minimal polynomial are found by linear algebra. (M. Kneser, Lineare Abhängigkeit von Wurzeln, Acta Arith. 26, 1975.)
 */
import { compare, type Field, type FieldDescription } from "../exact/field.js";
import { rowReduce, solve } from "../exact/linear.js";
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

/** The field has a degree over 32. */
export class DegreeError extends Error {}

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
  const base = coprimeBase(radicals.flatMap(({ radicand }) => [radicand.n, radicand.d]));
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

  const generators = radicals.map(monomial).map(({ exponents }) => ({ exponents, factor: Q.one }));
  const elements = new Map<string, { monomial: Monomial; index: number }>();
  const queue: Monomial[] = [normalize(base.map(() => Q.zero))];
  for (const element of queue) {
    if (elements.has(key(element))) continue;
    elements.set(key(element), { monomial: { exponents: element.exponents, factor: Q.one }, index: elements.size });
    if (elements.size > MAX_DEGREE) throw new DegreeError(`the numbers need a field of degree over ${MAX_DEGREE}`);
    for (const g of generators) queue.push(times(element, g));
  }
  const n = elements.size;
  if (n === 1) return { field: Q, value: (radical) => exactRoot(radical.radicand, radical.degree) };

  const basis = [...elements.values()].map(({ monomial }) => monomial);
  type Coordinates = readonly Rational[];
  const multiply = (u: Coordinates, v: Coordinates): Coordinates => {
    const product = new Array<Rational>(n).fill(Q.zero);
    u.forEach((a, i) => {
      v.forEach((b, j) => {
        if (Q.isZero(a) || Q.isZero(b)) return;
        const m = times(basis[i]!, basis[j]!);
        const k = elements.get(key(m))!.index;
        product[k] = product[k]!.add(a.mul(b).mul(m.factor));
      });
    });
    return product;
  };
  const unit = (m: Monomial): Coordinates =>
    basis.map((_, k) => (k === elements.get(key(m))!.index ? m.factor : Q.zero));

  for (const candidate of primitiveCandidates(generators.map(unit), basis.map(unit))) {
    const powers: Coordinates[] = [unit(basis[0]!)];
    while (powers.length <= n) powers.push(multiply(powers.at(-1)!, candidate));
    const columns = basis.map((_, k) => powers.slice(0, n).map((p) => p[k]!));
    if (rowReduce(Q, columns).pivots.length < n) continue;
    const relation = solve(Q, columns, powers[n]!)!;
    const approximate = (bits: number) => enclose(candidate, basis, base, bits);
    const field = isolate([...relation.map((c) => c.neg()), Q.one], approximate);
    return { field, value: (radical) => field.fromCoordinates(solve(Q, columns, unit(monomial(radical)))!) };
  }
  throw new Error("no primitive element found"); // unreachable: almost every combination is primitive
}

/** Single radicals first, for the plainest generator; then sums with growing coefficients. */
function* primitiveCandidates(generators: readonly (readonly Rational[])[], basis: readonly (readonly Rational[])[]) {
  yield* generators;
  yield* basis.slice(1);
  for (let size = 1n; size < 100n; size++) {
    const sum = new Array<Rational>(basis.length).fill(Q.zero);
    generators.forEach((g, k) => {
      const coefficient = rational(1n + ((BigInt(k) * (size - 1n)) % (size + 1n)));
      g.forEach((c, j) => {
        sum[j] = sum[j]!.add(c.mul(coefficient));
      });
    });
    yield sum;
  }
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

/** An open interval of width at most n·2^{−bits} around Σ coordinates · monomials; the coordinates are not negative. */
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
  // The generator is irrational, so neither end is hit.
  return compare(Q, low, high) < 0 ? [low, high] : [low, low.add(1n)];
}

/** Pairwise coprime integers > 1, none a perfect power, that all the given ones are products of powers of. */
function coprimeBase(numbers: readonly bigint[]): bigint[] {
  const pending = [...numbers];
  let base: bigint[] = [];
  while (pending.length > 0) {
    const n = primitiveRoot(pending.pop()!);
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

/** The b of n = b^e with e as large as possible. */
function primitiveRoot(n: bigint): bigint {
  for (let e = n.toString(2).length; e > 1; e--) {
    const root = integerRoot(n, e);
    if (root > 1n && root ** BigInt(e) === n) return root;
  }
  return n;
}

function valuation(n: bigint, b: bigint): bigint {
  let exponent = 0n;
  for (let rest = n; rest % b === 0n; rest /= b) exponent++;
  return exponent;
}
