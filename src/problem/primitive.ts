/** A tower of radicals as one number field ℚ(g), for an algebraic integer g with its minimal polynomial. */
import { type Field, power } from "../exact/field.js";
import { solveIntegers } from "../exact/linear.js";
import { FieldError, numberField } from "../exact/number-field.js";
import { Q, type Rational, rational } from "../exact/rational.js";
import { type Level, multipleOfBasis, type Tower, type TowerElement, TowerError } from "./tower.js";

/** A field and the isomorphism of the tower to it, as real numbers. */
export interface TowerField {
  readonly field: Field<unknown>;
  readonly embed: (a: TowerElement) => unknown;
}

/** A multiple of a unit of the tower. */
type Term = readonly [TowerElement, bigint];

/** The bits of a minimal polynomial, about. With a larger one the numbers themselves mostly become too large. */
const MAX_POLYNOMIAL_BITS = 65_536;

/**
 * The field of the tower as it is. The minimal polynomial is irreducible since the tower is a field. Throws TowerError when the
 * numbers in it become too large.
 */
export function towerField(tower: Tower): TowerField {
  if (tower.degree > 1) return primitiveField(tower);
  return { field: Q, embed: (a) => tower.coordinates(a)[0] ?? Q.zero };
}

/**
 * Sums of units, the plainest first, some of which are primitive elements. All of them reach into the last level, since the
 * others are not primitive.
 */
function* candidates({ levels, units, isPlain }: Tower): Generator<readonly Term[]> {
  const [last, ...others] = levels.map(({ size }): Term => [units[size]!, 1n]).reverse();
  const size = levels.at(-1)!.size;
  for (const unit of [last![0], ...units.slice(size)]) yield [[unit, 1n]];
  // The fewer summands, the smaller the numbers become. Of plain radicals the sum of all is primitive: a conjugation turns its
  // summands, which are positive, by roots of unity, and moves the sum unless it fixes them all.
  for (const subset of isPlain ? [others] : subsetsOf(others)) yield [...subset, last!];
  // All but finitely many of such sums are primitive.
  for (let c = 2n; c < 10n; c++) yield [last!, ...others.map(([unit], k): Term => [unit, c ** BigInt(k + 1)])];
}

/** The tower as a field, of degree over 1, and its embedding. Throws TowerError. */
function primitiveField(tower: Tower): TowerField {
  const { levels, units, degree } = tower;
  for (const terms of candidates(tower)) {
    const generator = terms.map(([unit, c]) => tower.mul(unit, tower.fromRational(rational(c)))).reduce(tower.add);
    const powers: TowerElement[] = [tower.one];
    while (powers.length <= degree) powers.push(tower.mul(powers.at(-1)!, generator));
    // The powers of a plain unit are large at times, but simple.
    const large = powers.at(-1)!.numerators.some((n) => 4 * degree * n.toString(16).length > MAX_POLYNOMIAL_BITS);
    if (large && !(tower.isPlain && terms.length === 1)) continue;
    // One elimination writes the last power, and the b of each level, in the lower powers.
    const targets = [powers[degree]!, ...levels.map(({ size }) => multipleOfBasis(Q.one, size))];
    const solution = solveIntegers(
      units.map((_, i) => [...powers.slice(0, degree), ...targets].map(({ numerators }) => numerators[i] ?? 0n)),
    );
    if (solution === null) continue;
    const written = targets.map((target, column) =>
      solution.numerators.map((row, k) =>
        rational(row[column]! * powers[k]!.denominator, solution.denominator * target.denominator),
      ),
    );
    const [last, ...roots] = written;
    const field = isolate([...last!.map((c) => c.neg()), Q.one], (bits) => interval(tower, terms, bits));
    return {
      field,
      embed: embedding(
        levels,
        field,
        roots.map((root) => field.fromCoordinates(root)),
      ),
    };
  }
  throw new TowerError("the numbers need a field that is too large to compute in");
}

/** Sends each level's b to its root. That these satisfy the equations and are positive makes it the identity of ℝ. */
function embedding(levels: readonly Level[], K: Field<unknown>, roots: readonly unknown[]) {
  const basis: unknown[] = [K.one];
  const embedIntegers = (numerators: readonly bigint[]) =>
    numerators.reduce<unknown>(
      (sum, n, k) => (n === 0n ? sum : K.add(sum, K.mul(K.fromRational(rational(n)), basis[k]!))),
      K.zero,
    );
  levels.forEach(({ order, size, radicand }, index) => {
    const root = roots[index]!;
    const error = K.sub(power(K, root, BigInt(order)), embedIntegers(radicand));
    if (!K.isZero(error) || K.sign(root) !== 1) throw new Error("a root is not what it should be");
    for (let k = 0; basis.length < order * size; k++) basis.push(K.mul(basis[k]!, root));
  });
  return ({ numerators, denominator }: TowerElement) =>
    K.mul(embedIntegers(numerators), K.fromRational(rational(1n, denominator)));
}

/** An open interval with ends over 2^bits around Σ c · unit, an irrational number, c > 0: from the floor of each unit. */
function interval(tower: Tower, terms: readonly Term[], bits: number): [Rational, Rational] {
  let [low, high] = [0n, 0n];
  for (const [unit, c] of terms) {
    const floor = tower.floor(unit, bits);
    low += c * floor;
    high += c * (floor + 1n);
  }
  return [rational(low, 1n << BigInt(bits)), rational(high, 1n << BigInt(bits))];
}

/** All subsets but the empty one, small ones first. */
function subsetsOf<T>(items: readonly T[]): T[][] {
  const subsets: T[][] = [[]];
  for (const item of items) subsets.push(...subsets.map((subset) => [...subset, item]));
  return subsets.slice(1).sort((a, b) => a.length - b.length);
}

/** Narrows the interval around a root until Descartes' rule isolates it there. */
function isolate(
  minimalPolynomial: readonly Rational[],
  interval: (bits: number) => [Rational, Rational],
): Field<unknown> {
  for (let bits = 0; bits <= 4096; bits = 2 * bits + 1) {
    try {
      return numberField({ minimalPolynomial, interval: interval(bits) });
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
    }
  }
  throw new TowerError("the numbers are too close to others for their field to be described");
}
