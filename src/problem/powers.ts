/**
 * Whether an element of a tower of radicals is a p-th power there, p a prime.
 *
 * A *place* over a prime ℓ sends each generator b of the tower to a root modulo ℓ of its equation x^k = radicand, where ℓ ∤ k and
 * the radicand is not sent to 0. By Hensel's lemma it lifts to a ring homomorphism into the ℓ-adic numbers. It sends a p-th
 * power to a p-th power, and an ℓ-adic unit that is a p-th power is one modulo ℓ. So one place where an element is neither 0
 * nor a p-th power modulo ℓ proves that it is no p-th power in the tower; by Chebotarev's theorem there is such a place for each
 * element that is none. Where no place is found, a root is guessed from its ℓ-adic digits, for the caller to check.
 */
import { reduceLattice } from "./lattice.js";
import type { Level, TowerElement } from "./tower.js";

/** Products of two numbers below stay exact integers in JavaScript. */
const LARGEST_PRIME = 2 ** 26;
/** Conjugate places tell about the same. */
const PLACES_PER_PRIME = 4;
/** In bits: a random number that is no p-th power passes for one with a probability of about 2^−32. */
const DOUBT = 32;

/** Whether it is proved that `a`, not zero, is no p-th power in the field of these levels. False proves nothing. */
export function isNoPower(levels: readonly Level[], a: TowerElement, p: number): boolean {
  let left = Math.ceil(DOUBT / Math.max(1, p.toString(2).length - 1));
  for (let prime = p === 2 ? 3 : 2 * p + 1; left > 0 && prime < LARGEST_PRIME; prime += p === 2 ? 2 : 2 * p) {
    const denominator = residue(a.denominator, prime);
    if (!isPrime(prime) || denominator === 0) continue;
    let tried = 0;
    for (const images of places(levels, prime)) {
      // Up to a p-th power, division by the denominator is multiplication by its power p − 1.
      const value = (imageOf(a.numerators, images, prime) * powerModulo(denominator, p - 1, prime)) % prime;
      if (value !== 0 && powerModulo(value, (prime - 1) / p, prime) !== 1) return true;
      if (++tried === PLACES_PER_PRIME) break;
    }
    if (tried > 0) left--;
  }
  return false;
}

/**
 * Guesses of a p-th root of `a` in the field of these levels, for an `a` that is likely to have one, with more and more digits;
 * none is proved. `spend` is told the work of each beforehand, and may throw.
 */
export function* rootGuesses(
  levels: readonly Level[],
  a: TowerElement,
  p: number,
  spend: (work: number) => void,
): Generator<TowerElement> {
  const start = placeWithRoot(levels, a, p);
  if (start === null) return;
  const { prime, images, root } = start;
  const degree = images.length;
  const size = a.numerators.reduce((bits, n) => Math.max(bits, n.toString(2).length), a.denominator.toString(2).length);
  for (let bits = 8; bits <= 2 * size + 128; bits *= 2) {
    spend((degree + 1) ** 5 * bits ** 3);
    const digits = Math.ceil((bits * (degree + 1)) / (prime.toString(2).length - 1));
    const modulus = BigInt(prime) ** BigInt(digits);
    const lifted = liftPlace(levels, images, modulus);
    const value = imageModulo(a.numerators, lifted, modulus) * inverseModulo(a.denominator, modulus);
    const liftedRoot = liftRoot(BigInt(root), p, value, modulus);
    // The relations Σ u_j e_j ≡ v · root between the images e_j of the basis and the root; the true one is short.
    const relations = Array.from({ length: degree + 1 }, (_, i) =>
      Array.from({ length: degree + 1 }, (_, j) => {
        if (j > 0) return i === j ? 1n : 0n;
        return i === 0 ? modulus : i === degree ? liftedRoot : -lifted[i]!;
      }),
    );
    const [shortest] = reduceLattice(relations);
    const denominator = shortest![degree]!;
    if (denominator === 0n) continue;
    const numerators = shortest!.slice(0, degree);
    yield denominator < 0n
      ? { numerators: numerators.map((n) => -n), denominator: -denominator }
      : { numerators, denominator };
  }
}

/** A place where `a` has one p-th root, up to its sign, and that is not 0. */
function placeWithRoot(levels: readonly Level[], a: TowerElement, p: number) {
  for (let prime = 3; prime < LARGEST_PRIME; prime += 2) {
    const denominator = residue(a.denominator, prime);
    if (!isPrime(prime) || prime === p || (p > 2 && prime % p === 1) || denominator === 0) continue;
    for (const images of places(levels, prime)) {
      const value = (imageOf(a.numerators, images, prime) * powerModulo(denominator, prime - 2, prime)) % prime;
      if (value === 0) continue;
      for (const root of rootsModulo(value, p, prime)) return { prime, images, root };
    }
  }
  return null;
}

/** The images of the basis at the places over the prime, one place after the other. */
function* places(levels: readonly Level[], prime: number): Generator<readonly number[]> {
  // Choices further down the tower mostly lead to the same equations.
  const solved = new Map<string, readonly number[]>();
  const solutions = (a: number, k: number): readonly number[] => {
    const key = `${a} ${k}`;
    const found = solved.get(key) ?? rootsModulo(a, k, prime);
    solved.set(key, found);
    return found;
  };
  const extend = function* (images: readonly number[]): Generator<readonly number[]> {
    const level = levels.find(({ size }) => size === images.length);
    if (level === undefined) {
      yield images;
      return;
    }
    const radicand = imageOf(level.radicand, images, prime);
    if (radicand === 0 || level.order % prime === 0) return;
    for (const root of solutions(radicand, level.order)) {
      const further = [...images];
      for (let k = 0; further.length < level.order * level.size; k++) further.push((further[k]! * root) % prime);
      yield* extend(further);
    }
  };
  yield* extend([1]);
}

/** The solutions of x^k = a modulo a prime, a not 0. */
function rootsModulo(a: number, k: number, prime: number): readonly number[] {
  let common = k;
  for (let rest = prime - 1; rest !== 0; ) [common, rest] = [rest, common % rest];
  const roots: number[] = [];
  if (powerModulo(a, (prime - 1) / common, prime) !== 1) return roots;
  for (let x = 1; roots.length < common; x++) if (powerModulo(x, k, prime) === a) roots.push(x);
  return roots;
}

/** The place modulo a power of its prime, by Newton's method. */
function liftPlace(levels: readonly Level[], place: readonly number[], modulus: bigint): readonly bigint[] {
  const images = [1n];
  for (const { order, size, radicand } of levels) {
    const root = liftRoot(BigInt(place[size]!), order, imageModulo(radicand, images, modulus), modulus);
    for (let k = 0; images.length < order * size; k++) images.push((images[k]! * root) % modulus);
  }
  return images;
}

/** The root of x^k = a modulo a power of a prime that is x modulo the prime. */
function liftRoot(x: bigint, k: number, a: bigint, modulus: bigint): bigint {
  for (let root = x; ; ) {
    let power = 1n;
    for (let j = 1; j < k; j++) power = (power * root) % modulus;
    const error = (power * root - a) % modulus;
    if (error === 0n) return root;
    root = (root - error * inverseModulo(BigInt(k) * power, modulus)) % modulus;
  }
}

function imageOf(numerators: readonly bigint[], images: readonly number[], prime: number): number {
  return numerators.reduce((sum, n, k) => (n === 0n ? sum : (sum + residue(n, prime) * images[k]!) % prime), 0);
}

function imageModulo(numerators: readonly bigint[], images: readonly bigint[], modulus: bigint): bigint {
  return numerators.reduce((sum, n, k) => sum + n * images[k]!, 0n) % modulus;
}

/** In 0 … prime − 1. */
function residue(n: bigint, prime: number): number {
  return (Number(n % BigInt(prime)) + prime) % prime;
}

function powerModulo(base: number, exponent: number, prime: number): number {
  let result = 1;
  let square = base;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = (result * square) % prime;
    square = (square * square) % prime;
  }
  return result;
}

/** The inverse of a unit, by Euclid's algorithm. */
function inverseModulo(unit: bigint, modulus: bigint): bigint {
  let [r, s] = [modulus, ((unit % modulus) + modulus) % modulus];
  let [u, v] = [0n, 1n];
  while (s !== 0n) {
    const quotient = r / s;
    [r, s] = [s, r - quotient * s];
    [u, v] = [v, u - quotient * v];
  }
  return u;
}

function isPrime(n: number): boolean {
  if (n < 4) return n > 1;
  if (n % 2 === 0) return false;
  for (let d = 3; d * d <= n; d += 2) if (n % d === 0) return false;
  return true;
}
