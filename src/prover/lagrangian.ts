/** Finds what `kernel/lagrangian.ts` checks: multipliers λ, and on each cell of each block a decomposition. (Semantics §4.) */
import type {
  Instance,
  LagrangianBlock,
  LagrangianCell,
  Of,
  Orientation,
  Product,
  SparseVector,
} from "../certificate/format.js";
import { dot, type Field, squaredNorm, sum } from "../exact/field.js";
import { isPositiveSemidefinite, solve } from "../exact/linear.js";
import { gradient, type Pattern, passAt, sparseDot } from "../kernel/forward.js";
import {
  type Block,
  blockCell,
  blockOf,
  blockSignature,
  blocksOf,
  cellFrame,
  type DepthTwo,
  depthTwo,
} from "../kernel/lagrangian.js";
import { influentialUnits, kinks, withOrientations } from "../kernel/pieces.js";
import { verifyStatement } from "../kernel/verify.js";
import { offSlope } from "../problem/network.js";
import { solveLp } from "./lp.js";
import { applyMatrix, dotNumbers, normOf, symmetricEigen } from "./numeric.js";
import { activeSamples, realizableChoices } from "./pieces.js";
import { groupBy } from "./realize.js";
import { combinationRows, fraction, plus, roundTo, scaleBy, toNumbers } from "./vectors.js";

const MAX_CELLS = 4096;
const MAX_ROUNDS = 12;
const MAX_COLUMNS = 256;

/**
 * A certificate that the KKT point θ is a local or global optimum, or null. Starts from the multipliers of the KKT certificate;
 * where others exist, each failing cell cuts off the multipliers that fail there, and the search goes on with what is left.
 */
export function findLagrangian<E>(
  instance: Instance<E>,
  kkt: Of<"kkt", E>,
  reach: "local" | "global",
): Of<"lagrangian", E> | null {
  const { field: K, network, data } = instance;
  if (network.layers.length !== 2) return null;
  let multipliers = data.map((_, i) =>
    sum(
      K,
      kkt.terms.flatMap((t) => (t.sample === i ? [t.multiplier] : [])),
    ),
  );
  const shared = depthTwo(instance);
  const cuts: Cut<E>[] = [];
  let columns: ReturnType<typeof subgradients<E>> | undefined;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const outcome = decompose(instance, shared, reach, multipliers);
    if (outcome.kind === "found") {
      const statement: Of<"lagrangian", E> = { kind: "lagrangian", reach, multipliers, blocks: outcome.blocks };
      return verifyStatement(instance, statement).accepted ? statement : null;
    }
    if (outcome.kind === "too-large") return null;
    cuts.push(...outcome.cuts);
    columns ??= subgradients(instance);
    const next = columns === null ? null : recut(instance, columns, cuts);
    if (next === null) return null;
    multipliers = next;
  }
  return null;
}

/** A violated cell as a condition on λ: squaredSize ≥ 2 Σ_i λ_i gains_i, from a point of the cell. */
interface Cut<E> {
  readonly squaredSize: E;
  readonly gains: readonly E[];
}

type Decomposition<E> =
  | { readonly kind: "found"; readonly blocks: LagrangianBlock<E>[] }
  | { readonly kind: "failed"; readonly cuts: readonly Cut<E>[] }
  | { readonly kind: "too-large" };

function decompose<E>(
  instance: Instance<E>,
  shared: DepthTwo<E>,
  reach: "local" | "global",
  multipliers: readonly E[],
): Decomposition<E> {
  const blocks = blocksOf(instance.network, shared).map((units) => ({
    units,
    block: blockOf(instance, shared, units, reach, multipliers),
  }));
  const found: LagrangianBlock<E>[] = [];
  const cuts: Cut<E>[] = [];
  for (const alike of groupBy(blocks, ({ block }) => blockSignature(instance, block))) {
    const { block } = alike[0]!;
    const members = alike.map(({ units }) => units);
    const evidence = blockEvidence(instance, block, shared);
    if (evidence === null) return { kind: "too-large" };
    if (evidence.kind === "failed") cuts.push(...evidence.cuts);
    else found.push({ members, split: evidence.split, excluded: evidence.excluded, cells: evidence.cells });
  }
  return cuts.length > 0 ? { kind: "failed", cuts } : { kind: "found", blocks: found };
}

type BlockEvidence<E> =
  | ({ readonly kind: "found" } & Omit<LagrangianBlock<E>, "members">)
  | { readonly kind: "failed"; readonly cuts: readonly Cut<E>[] };

/** Without a split by the signs of the outgoing weights where every Q_s is positive semidefinite as it is; else with it. */
function blockEvidence<E>(instance: Instance<E>, block: Block<E>, shared: DepthTwo<E>): BlockEvidence<E> | null {
  const { field: K } = instance;
  const plain = cellFrame(instance, block, false);
  const choices = realizableChoices(instance, plain.units, plain.fixed, null, MAX_CELLS);
  if (choices === null) return null;
  const { excluded } = choices;
  const definite = choices.choices.every((choice) => isPositiveSemidefinite(K, blockCell(instance, block, choice).Q));
  if (definite) {
    return {
      kind: "found",
      split: false,
      excluded,
      cells: choices.choices.map((orientations) => ({ orientations, products: [] })),
    };
  }
  const weightSigns = cellFrame(instance, block, true).fixed.slice(plain.fixed.length);
  const cells: LagrangianCell<E>[] = [];
  const cuts: Cut<E>[] = [];
  for (const choice of choices.choices) {
    for (const signs of signVectors(weightSigns)) {
      const orientations = [...choice, ...signs];
      const outcome = cellProducts(instance, block, orientations);
      if (outcome.kind === "products") cells.push({ orientations, products: outcome.products });
      else cuts.push(cutOf(instance, block, outcome.direction, shared));
    }
  }
  return cuts.length > 0 ? { kind: "failed", cuts } : { kind: "found", split: true, excluded, cells };
}

function signVectors(fixed: readonly (Orientation | null)[]): Orientation[][] {
  return fixed.reduce<Orientation[][]>(
    (all, sign) => all.flatMap((one) => (sign === null ? ([1, -1] as const) : [sign]).map((s) => [...one, s])),
    [[]],
  );
}

type CellOutcome<E> =
  | { readonly kind: "products"; readonly products: Product<E>[] }
  /** A point of the cell, in the block's coordinates, on which Q is negative (numerically). */
  | { readonly kind: "negative"; readonly direction: readonly number[] };

function cellProducts<E>(instance: Instance<E>, block: Block<E>, orientations: readonly Orientation[]): CellOutcome<E> {
  const { field: K } = instance;
  const { Q, constraints } = blockCell(instance, block, orientations);
  if (isPositiveSemidefinite(K, Q)) return { kind: "products", products: [] };
  if (block.outgoing.length === 1) return projected(K, block, Q, constraints, orientations.at(-1)!);
  return searched(K, Q, constraints);
}

/**
 * One outgoing weight u of sign σ: with b the vector of the cross terms, Q ≥ 0 on the cell iff ‖σb + Σ ν_k ℓ_k‖ ≤ 1 for some ν ≥ 0.
 * The least norm is a projection onto a cone, found in floating point and solved exactly on its support; where there is room, ν is
 * rounded to plainer numbers.
 */
function projected<E>(
  K: Field<E>,
  { parameters, outgoing }: Block<E>,
  Q: readonly (readonly E[])[],
  constraints: readonly SparseVector<E>[],
  sigma: Orientation,
): CellOutcome<E> {
  const u = outgoing[0]!;
  const signs = constraints.slice(0, -1);
  const target = Q[u]!.map((c, k) => (k === u ? K.zero : sigma > 0 ? K.neg(c) : c));
  const vectors = signs.map((form) => parameters.map((_, k) => form.get(k) ?? K.zero));
  const length = (weights: readonly E[]) =>
    squaredNorm(
      K,
      vectors.reduce((total, v, k) => plus(K, total, scaleBy(K, v, weights[k]!)), target),
    );
  const enough = (weights: readonly E[]) => K.sign(K.sub(length(weights), K.one)) <= 0;
  const asProducts = (weights: readonly E[]): CellOutcome<E> => ({
    kind: "products",
    products: weights.flatMap((w, k) =>
      K.isZero(w) ? [] : [{ first: k, second: signs.length, weight: K.mul(w, fraction(K, 2n)) }],
    ),
  });

  const approximate = nonnegativeLeastSquares(
    vectors.map((v) => toNumbers(K, v)),
    toNumbers(K, target).map((c) => -c),
  );
  for (const denominator of [1n, 2n, 4n, 8n, 64n, 1024n]) {
    const rounded = approximate.map((x) => K.fromRational(roundTo(Math.max(0, x), denominator)));
    if (enough(rounded)) return asProducts(rounded);
  }
  const support = approximate.flatMap((x, k) => (x > 1e-9 ? [k] : []));
  const normal = support.map((i) => support.map((j) => dot(K, vectors[i]!, vectors[j]!)));
  const exact = solve(
    K,
    normal,
    support.map((i) => K.neg(dot(K, vectors[i]!, target))),
  );
  if (exact?.every((c) => K.sign(c) >= 0)) {
    const weights = vectors.map((_, k) => {
      const at = support.indexOf(k);
      return at === -1 ? K.zero : exact[at]!;
    });
    if (enough(weights)) return asProducts(weights);
  }
  // The projection itself is the direction of the most negative value.
  const residual = toNumbers(K, target).map(
    (c, k) => c + vectors.reduce((t, v, j) => t + approximate[j]! * K.toNumber(v[k]!), 0),
  );
  const norm = normOf(residual) || 1;
  return { kind: "negative", direction: residual.map((c, k) => (k === u ? sigma : c / norm)) };
}

/** min ‖A x − b‖ over x ≥ 0, where `columns` are the columns of A: Lawson and Hanson's active set. */
function nonnegativeLeastSquares(columns: readonly (readonly number[])[], b: readonly number[]): number[] {
  const x = columns.map(() => 0);
  const passive = new Set<number>();
  for (let round = 0; round < 3 * columns.length + 10; round++) {
    const residual = b.map((c, k) => c - columns.reduce((t, column, j) => t + column[k]! * x[j]!, 0));
    const slopes = columns.map((column, j) =>
      passive.has(j) ? -Infinity : dotNumbers(column, residual) / (normOf(column) || 1),
    );
    const best = slopes.indexOf(Math.max(...slopes, 1e-10));
    if (best === -1) break;
    passive.add(best);
    for (;;) {
      const list = [...passive];
      const solution = leastSquares(
        list.map((j) => columns[j]!),
        b,
      );
      if (solution.every((c) => c > 1e-12)) {
        for (const j of x.keys()) x[j] = passive.has(j) ? solution[list.indexOf(j)]! : 0;
        break;
      }
      let step = 1;
      for (const [k, j] of list.entries())
        if (solution[k]! <= 1e-12) step = Math.min(step, x[j]! / (x[j]! - solution[k]! || 1));
      for (const [k, j] of list.entries()) {
        x[j] = x[j]! + step * (solution[k]! - x[j]!);
        if (x[j]! <= 1e-12) {
          x[j] = 0;
          passive.delete(j);
        }
      }
      if (passive.size === 0) break;
    }
  }
  return x;
}

/** The least-squares solution by the normal equations, slightly regularised. */
function leastSquares(columns: readonly (readonly number[])[], b: readonly number[]): number[] {
  const n = columns.length;
  const A = columns.map((c, i) => [
    ...columns.map((d, j) => dotNumbers(c, d) + (i === j ? 1e-14 : 0)),
    dotNumbers(c, b),
  ]);
  for (let k = 0; k < n; k++) {
    const pivot = A.findIndex(
      (row, i) => i >= k && Math.abs(row[k]!) === Math.max(...A.slice(k).map((r) => Math.abs(r[k]!))),
    );
    [A[k], A[pivot]] = [A[pivot]!, A[k]!];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = A[i]![k]! / (A[k]![k]! || 1e-300);
      for (let j = k; j <= n; j++) A[i]![j]! -= factor * A[k]![j]!;
    }
  }
  return A.map((row, k) => row[n]! / (row[k]! || 1e-300));
}

/**
 * Any block: weights ≥ 0 on products with pᵀ(Q − N)p ≥ τ‖p‖² at test points p, τ as large as possible, by an exact linear
 * programme; the eigenvectors of what is still negative are the next test points.
 */
function searched<E>(
  K: Field<E>,
  Q: readonly (readonly E[])[],
  constraints: readonly SparseVector<E>[],
): CellOutcome<E> {
  const n = Q.length;
  const dense = constraints.map((form) => Array.from({ length: n }, (_, k) => form.get(k) ?? K.zero));
  const pairs = constraints.flatMap((_, first) =>
    constraints.slice(first).map((__, k) => ({ first, second: first + k })),
  );
  const floatQ = Q.map((row) => toNumbers(K, row));
  const floats = dense.map((v) => toNumbers(K, v));
  const matrixFor = (weights: readonly number[]) => {
    const A = floatQ.map((row) => [...row]);
    for (const [k, { first, second }] of pairs.entries()) {
      if (weights[k] === 0) continue;
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          A[i]![j]! -=
            (weights[k]! * (floats[first]![i]! * floats[second]![j]! + floats[second]![i]! * floats[first]![j]!)) / 2;
        }
      }
    }
    return A;
  };
  const tests: (readonly E[])[] = Array.from({ length: n }, (_, k) => Q.map((__, j) => (j === k ? K.one : K.zero)));
  let weights = pairs.map(() => K.zero);
  for (let round = 0; round < 40; round++) {
    const { values, vectors } = symmetricEigen(matrixFor(toNumbers(K, weights)));
    const products = pairs.flatMap((pair, k) => (K.isZero(weights[k]!) ? [] : [{ ...pair, weight: weights[k]! }]));
    if (values[0]! > -1e-9) {
      const M = Q.map((row) => [...row]);
      const half = fraction(K, 1n, 2n);
      for (const { first, second, weight } of products) {
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            const cross = K.add(
              K.mul(dense[first]![i]!, dense[second]![j]!),
              K.mul(dense[second]![i]!, dense[first]![j]!),
            );
            M[i]![j] = K.sub(M[i]![j]!, K.mul(K.mul(half, weight), cross));
          }
        }
      }
      if (isPositiveSemidefinite(K, M)) return { kind: "products", products };
    }
    for (const [k, value] of values.entries()) {
      if (k > 0 && value > -1e-9) continue;
      const size = Math.max(...vectors[k]!.map(Math.abs));
      tests.push(vectors[k]!.map((x) => K.fromRational(roundTo(x / size, 256n))));
    }
    const result = solveLp(K, {
      objective: [...pairs.map(() => K.zero), K.neg(K.one)],
      rows: [
        ...tests.map((p) => ({
          coefficients: [
            ...pairs.map(({ first, second }) => K.neg(K.mul(dot(K, dense[first]!, p), dot(K, dense[second]!, p)))),
            K.neg(squaredNorm(K, p)),
          ],
          sense: ">=" as const,
          bound: K.neg(quadratic(K, Q, p)),
        })),
        { coefficients: [...pairs.map(() => K.zero), K.one], sense: "<=" as const, bound: K.one },
      ],
      free: [...pairs.map(() => false), true],
    });
    if (result.kind !== "optimal" || K.toNumber(result.value) > 1e-9) break; // τ < 0: no weights work at the test points
    weights = result.x
      .slice(0, -1)
      .map((w) => (K.degree === 1 && round < 30 ? K.fromRational(roundTo(K.toNumber(w), 1n << 20n)) : w));
  }
  return { kind: "negative", direction: negativeInCone(floatQ, floats) };
}

function quadratic<E>(K: Field<E>, Q: readonly (readonly E[])[], p: readonly E[]): E {
  return dot(
    K,
    p,
    Q.map((row) => dot(K, row, p)),
  );
}

/** A point of the cone with a low value of the form: penalised descent from a few starts. */
function negativeInCone(Q: readonly (readonly number[])[], G: readonly (readonly number[])[]): number[] {
  const { vectors } = symmetricEigen(Q);
  let best = { value: Infinity, p: vectors[0]! };
  for (const start of [...vectors, ...vectors.map((v) => v.map((x) => -x))]) {
    let p = start;
    for (let step = 0; step < 300; step++) {
      const slope = applyMatrix(Q, p);
      for (const g of G) {
        const s = dotNumbers(g, p);
        if (s < 0) for (const k of p.keys()) slope[k]! += 30 * s * g[k]!;
      }
      const moved = p.map((x, k) => x - 0.02 * slope[k]!);
      const norm = normOf(moved) || 1;
      p = moved.map((x) => x / norm);
    }
    const violation = Math.min(0, ...G.map((g) => dotNumbers(g, p)));
    const value = dotNumbers(p, applyMatrix(Q, p)) - 10 * violation;
    if (value < best.value) best = { value, p };
  }
  return best.p;
}

/** The condition that a point of a cell, in the block's coordinates, puts on λ. */
function cutOf<E>(
  { field: K, network, data }: Instance<E>,
  block: Block<E>,
  direction: readonly number[],
  { forms }: DepthTwo<E>,
): Cut<E> {
  const p = direction.map((x) => K.fromRational(roundTo(x, 1n << 16n)));
  const slope = K.fromRational(offSlope(network.activation));
  // A sample without weight now may get some, so every sample counts.
  const outgoingOf = new Map(block.terms.map(({ at, outgoing }) => [at.unit, outgoing]));
  const gains = data.map(() => K.zero);
  for (const [unit, outgoing] of outgoingOf) {
    for (const [i, { y }] of data.entries()) {
      const z = sparseDot(K, forms[i]![unit]!, (k) => p[block.parameters.indexOf(k)]!);
      const output = K.sign(z) > 0 ? z : K.mul(slope, z);
      const gain = K.mul(p[outgoing]!, output);
      gains[i] = y === 1 ? K.add(gains[i]!, gain) : K.sub(gains[i]!, gain);
    }
  }
  return { squaredSize: squaredNorm(K, p), gains };
}

/** All realizable subgradients of the active margins, or null when there are too many. */
function subgradients<E>(instance: Instance<E>): { sample: number; vector: E[] }[] | null {
  const { field: K, data, point } = instance;
  const moves = influentialUnits(instance, -1);
  const columns: { sample: number; vector: E[] }[] = [];
  for (const sample of activeSamples(instance)) {
    const here = passAt(instance, sample, point);
    const units = kinks(instance, sample, here).filter(({ layer, unit }) => moves[layer]![unit]!);
    const choices = realizableChoices(instance, units, [], null, MAX_COLUMNS);
    if (choices === null) return null;
    for (const choice of choices.choices) {
      const pattern: Pattern = withOrientations(instance, here, units, choice);
      const g = gradient(instance, sample, pattern);
      columns.push({ sample, vector: data[sample]!.y === 1 ? g : g.map(K.neg) });
    }
    if (columns.length > MAX_COLUMNS) return null;
  }
  return columns;
}

/** Multipliers of the KKT conditions that satisfy all cuts, with as much room as possible, or null. */
function recut<E>(
  instance: Instance<E>,
  columns: readonly { sample: number; vector: E[] }[],
  cuts: readonly Cut<E>[],
): E[] | null {
  const { field: K, data, point } = instance;
  const two = fraction(K, 2n);
  const result = solveLp(K, {
    objective: [...columns.map(() => K.zero), K.neg(K.one)],
    rows: [
      ...combinationRows(
        K,
        columns.map(({ vector }) => vector),
        point,
      ).map((row) => ({ ...row, coefficients: [...row.coefficients, K.zero] })),
      ...cuts.map(({ squaredSize, gains }) => ({
        coefficients: [...columns.map(({ sample }) => K.mul(two, gains[sample]!)), K.one],
        sense: "<=" as const,
        bound: squaredSize,
      })),
      { coefficients: [...columns.map(() => K.zero), K.one], sense: "<=" as const, bound: K.one },
    ],
    free: [...columns.map(() => false), true],
  });
  if (result.kind !== "optimal" || K.toNumber(result.value) > 1e-6) return null;
  return data.map((_, i) =>
    sum(
      K,
      columns.flatMap(({ sample }, k) => (sample === i ? [result.x[k]!] : [])),
    ),
  );
}
