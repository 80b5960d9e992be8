/**
 * Solves a proposed basis exactly over ℚ: its inverse modulo a prime is lifted to p-adic solutions, which determine the
 * rational ones. (J. D. Dixon, Exact solution of linear equations using p-adic expansions, Numer. Math. 40, 1982.)
 *
 * All but the bookkeeping runs on doubles that hold integers: with at most 2^11 rows no sum of products exceeds 2^53.
 */
import { reconstruct } from "../../../exact/residues.js";
import type { Program, Ratios } from "./program.js";

/** The largest prime below 2^21. */
const PRIME = 2 ** 21 - 9;
const MAX_ROWS = 2 ** 11;
/** Matrices are split into digits of so many bits. */
const DIGIT_BITS = 21;

interface Basis {
  /** The basic variable of each row. */
  readonly variables: readonly number[];
  /** B⁻¹ modulo the prime. */
  readonly inverse: readonly Float64Array[];
}

/**
 * The basic solution and its dual, each computed when it is called for. The basis is made of the candidates, the
 * first ones first, as far as they are independent, and filled up with the last columns, which are ± the unit
 * vectors. Null when there are too many rows. The caller checks what the solutions are worth.
 */
export function solveBasis(
  program: Program<bigint>,
  candidates: readonly number[],
): { x: () => Ratios<bigint>; dual: () => Ratios<bigint> } | null {
  const { columns, costs, bounds } = program;
  if (bounds.length > MAX_ROWS) return null;
  const { variables, inverse } = independentBasis(program, candidates);
  const vectors = variables.map((j) => {
    const vector = bounds.map(() => 0n);
    for (const { row, value } of columns[j]!) vector[row] = value;
    return vector;
  });
  const x = () => {
    const basic = lift(transpose(vectors), inverse, bounds);
    const numerators = columns.map(() => 0n);
    for (const [i, j] of variables.entries()) numerators[j] = basic.numerators[i]!;
    return { numerators, denominator: basic.denominator };
  };
  const dual = () => {
    const transposedInverse = inverse.map((_, k) => Float64Array.from(inverse, (row) => row[k]!));
    const prices = variables.map((j) => costs[j]!);
    return lift(vectors, transposedInverse, prices);
  };
  return { x, dual };
}

/** Gauss–Jordan elimination modulo the prime, from the logical basis. */
function independentBasis({ columns, bounds }: Program<bigint>, candidates: readonly number[]): Basis {
  const m = bounds.length;
  const residues = (j: number) =>
    columns[j]!.map(({ row, value }) => ({ row, value: modulo(Number(value % BigInt(PRIME))) }));
  const variables = bounds.map((_, i) => columns.length - m + i);
  const inverse = variables.map((j, i) => new Float64Array(m).fill(residues(j)[0]!.value, i, i + 1));
  const settled = new Set<number>();
  for (const j of candidates) {
    if (settled.size === m) break;
    const position = variables.indexOf(j);
    if (position >= 0) {
      settled.add(position);
      continue;
    }
    const entries = residues(j);
    const column = inverse.map((row) => modulo(entries.reduce((total, e) => total + e.value * row[e.row]!, 0)));
    const top = column.findIndex((a, i) => a !== 0 && !settled.has(i));
    if (top === -1) continue;
    const scale = inverseModulo(column[top]!);
    const pivotRow = inverse[top]!.map((a) => modulo(a * scale));
    for (const [i, row] of inverse.entries()) {
      const factor = PRIME - column[i]!;
      if (i === top || factor === PRIME) continue;
      for (let k = 0; k < m; k++) row[k] = modulo(row[k]! + factor * pivotRow[k]!);
    }
    inverse[top] = pivotRow;
    variables[top] = j;
    settled.add(top);
  }
  return { variables, inverse };
}

/** The solution of a non-singular system, from the inverse of its matrix modulo the prime. */
function lift(
  matrix: readonly (readonly bigint[])[],
  inverse: readonly Float64Array[],
  right: readonly bigint[],
): Ratios<bigint> {
  const prime = BigInt(PRIME);
  const digits = digitMatrices(matrix);
  const approximation = right.map(() => 0n);
  let residual = right;
  let modulus = 1n;
  let next = 8;
  for (let steps = 1; ; steps++) {
    const residues = Float64Array.from(residual, (r) => modulo(Number(r % prime)));
    const step = Float64Array.from(inverse, (row) => modulo(product(row, residues)));
    for (const [i, s] of step.entries()) approximation[i]! += BigInt(s) * modulus;
    modulus *= prime;
    residual = residual.map((r, i) => {
      let image = 0n;
      for (const digit of digits) image = (image << BigInt(DIGIT_BITS)) + BigInt(product(digit[i]!, step));
      return (r - image) / prime;
    });
    if (steps < next) continue;
    const solution = reconstruct(approximation, modulus);
    if (solution !== null) return solution;
    next = Math.ceil(1.4 * steps);
  }
}

/** The matrix in the base 2^DIGIT_BITS with digits of either sign, the most significant first. */
function digitMatrices(matrix: readonly (readonly bigint[])[]): Float64Array[][] {
  const digits: Float64Array[][] = [];
  for (let rest = matrix; rest.some((row) => row.some((a) => a !== 0n)); ) {
    digits.unshift(rest.map((row) => Float64Array.from(row, (a) => Number(BigInt.asIntN(DIGIT_BITS, a)))));
    rest = rest.map((row) => row.map((a) => (a - BigInt.asIntN(DIGIT_BITS, a)) >> BigInt(DIGIT_BITS)));
  }
  return digits;
}

function product(u: Float64Array, v: Float64Array): number {
  let total = 0;
  for (let k = 0; k < u.length; k++) total += u[k]! * v[k]!;
  return total;
}

/** The residue in [0, PRIME) of an integer up to 2^53 in size; `%` on doubles is several times slower. */
function modulo(a: number): number {
  const r = a - PRIME * Math.floor(a / PRIME);
  return r < 0 ? r + PRIME : r >= PRIME ? r - PRIME : r;
}

function inverseModulo(a: number): number {
  let [r, s, t, u] = [PRIME, a, 0, 1];
  while (s !== 0) {
    const q = Math.floor(r / s);
    [r, s, t, u] = [s, r - q * s, u, t - q * u];
  }
  return modulo(t);
}

function transpose(matrix: readonly (readonly bigint[])[]): bigint[][] {
  return matrix.map((_, k) => matrix.map((row) => row[k]!));
}
