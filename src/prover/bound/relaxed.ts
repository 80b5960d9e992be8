/**
 * Relaxed leaves of `bound`: open units enter as variables of their own, and multipliers of their equations and weights of products make the
 * strands' matrices positive semidefinite. They are found in floating point; at points where θ makes the bound tight the matrix is singular,
 * and there linear equations in the multipliers hold exactly, which are solved in the field.
 */
import { dot, type Field, squaredNorm } from "../../exact/field.js";
import { rowReduce } from "../../exact/linear.js";
import { accumulate, type Term } from "../../exact/multivariate.js";
import { rational } from "../../exact/rational.js";
import { keyOf } from "../../kernel/explore.js";
import type { UnitAtSample } from "../../kernel/forward.js";
import type { BoundLeaf, Form, FormProduct, Relaxed } from "../../kernel/statements/bound.js";
import { weightsOf } from "../../network/instance.js";
import { isLinearLayer } from "../../network/network.js";
import {
  applyMatrix,
  dotNumbers,
  normOf,
  orthonormalBasis,
  pivotColumns,
  restrict,
  symmetricEigen,
} from "../search/numeric.js";
import { type Centre, type Column, cholesky, followPath, matrixAt, solveWith } from "../search/semidefinite.js";
import type { UnitGain } from "../search/steepest.js";
import { binaryScale, roundTo } from "../search/vectors.js";
import { byStrand, type LeafFrame, linearForm, pathSign, type UnitForm, unitForms } from "./strands.js";

export type RelaxedOutcome<E> =
  | { readonly kind: "leaf"; readonly leaf: BoundLeaf<E> }
  /** The unit whose relaxation is the loosest, if any, and nearly the direction in which the relaxed bound fails most, by parameter. */
  | {
      readonly kind: "failed";
      readonly split: UnitAtSample | null;
      readonly direction: ReadonlyMap<number, number> | null;
    };

/** Values of the first moving layer's parameters in the block. */
export type LowPoint<E> = ReadonlyMap<number, E>;

/** The units that can be relaxed on the cell: open, below a margin that counts, and linear in low variables. */
function relaxable<E>({ frame, cell, place }: LeafFrame<E>, multipliers: readonly E[]): UnitForm<E>[] {
  const { instance, margins } = frame.facts;
  const { field: K, network } = instance;
  const samples = new Set(margins.flatMap(({ sample }, j) => (K.isZero(multipliers[j]!) ? [] : [sample])));
  const found: UnitForm<E>[] = [];
  for (const sample of samples) {
    const pass = cell.sample(sample);
    for (const [layer, units] of pass.layers.entries()) {
      if (isLinearLayer(network, layer)) continue;
      for (const [unit, { z, sign }] of units.entries()) {
        const linear = sign === null && z !== null ? linearForm(place, z) : null;
        if (linear !== null) found.push({ unit: { sample, layer, unit }, ...linear });
      }
    }
  }
  return found;
}

/** Their forms. */
export function relaxableForms<E>(leaf: LeafFrame<E>, multipliers: readonly E[]): ReadonlyMap<number, E>[] {
  return relaxable(leaf, multipliers).map(({ form }) => form);
}

interface StrandForm<E> {
  readonly form: Form;
  readonly vector: ReadonlyMap<number, E>;
  readonly isPath: boolean;
}

/**
 * One strand: [[C² I, −F], [−Fᵀ, I]], with 0 for relaxed rows on the diagonal, and the forms that are not negative; in a chain with shares the
 * paths' squares count 1 over their share.
 */
interface StrandProblem<E> {
  /** Low variables, then paths. */
  readonly rows: number;
  readonly lows: readonly number[];
  readonly isRelaxed: readonly boolean[];
  readonly squaredBound: E;
  /** The forms of the paths in low rows. */
  readonly columns: readonly ReadonlyMap<number, E>[];
  readonly paths: readonly (readonly number[])[];
  readonly shares: readonly E[];
  /** Of each relaxed unit the two that its equation multiplies, on and off; then those of known sign, then paths. */
  readonly forms: readonly StrandForm<E>[];
  readonly relaxed: readonly RelaxedUnit<E>[];
}

interface RelaxedUnit<E> {
  readonly at: UnitAtSample;
  readonly home: string;
  readonly variable: number;
  /** By parameter. */
  readonly z: ReadonlyMap<number, E>;
  readonly slope: E;
}

/** The strands on a cell whose open units are all relaxed; null where one is not determined, or corrections would be common to several. */
function relaxedStrands<E>(
  leaf: LeafFrame<E>,
  multipliers: readonly E[],
  squaredBound: E,
): { readonly units: readonly RelaxedUnit<E>[]; readonly problems: readonly StrandProblem<E>[] } | null {
  const { frame, cell, place } = leaf;
  const { instance, margins } = frame.facts;
  const K = instance.field;
  if (K.isZero(squaredBound)) return null; // a block without weights at θ where one layer moves: nothing to scale by
  const count = weightsOf(instance, instance.point).length;
  const units = relaxable(leaf, multipliers).map(
    ({ unit, home, form }, k): RelaxedUnit<E> => ({
      at: unit,
      home,
      variable: count + k,
      z: form,
      slope: K.fromRational(instance.network.slopes[unit.layer]!),
    }),
  );
  const chosen = unitForms(leaf);
  const variables = new Map(units.map(({ at, variable }) => [keyOf(at), variable]));
  const total = new Map<string, Term<E>>();
  for (const [j, c] of multipliers.entries()) {
    if (K.isZero(c)) continue;
    const value = cell.margin(margins[j]!, variables);
    if (value === null) return null;
    accumulate(K, total, value, c);
  }
  const isLow = (v: number) => v >= count || place.low(v) !== null;
  const problems: StrandProblem<E>[] = [];
  const homes = new Set<string>();
  for (const { home, paths } of byStrand(place, total, isLow).values()) {
    // Corrections are common to all strands of a home.
    if (homes.has(home)) return null;
    homes.add(home);
    const own = units.filter((one) => one.home === home);
    const forms = chosen.filter((one) => one.home === home);
    problems.push(strandProblem(leaf, [...paths.values()], own, squaredBound, forms));
  }
  return { units, problems };
}

/** Evidence on a cell for given multipliers, from relaxing all its open units; `tight` are points where the bound may be attained. */
export function relaxedLeaf<E>(
  leaf: LeafFrame<E>,
  multipliers: readonly E[],
  squaredBound: E,
  tight: readonly LowPoint<E>[],
): RelaxedOutcome<E> {
  const K = leaf.frame.facts.instance.field;
  const strands = relaxedStrands(leaf, multipliers, squaredBound);
  if (strands === null) return { kind: "failed", split: null, direction: null };
  const equations: Relaxed<E>[] = [];
  const products: FormProduct<E>[] = [];
  for (const problem of strands.problems) {
    const outcome = solveStrand(K, problem, kernelVectors(K, problem, tight));
    if (outcome.kind === "failed") return outcome;
    equations.push(...outcome.relaxed);
    products.push(...outcome.products);
  }
  const relaxed = strands.units.map(
    ({ at }) => equations.find((one) => keyOf(one.at) === keyOf(at)) ?? { at, multiplier: K.zero },
  );
  return {
    kind: "leaf",
    leaf: {
      multipliers: null,
      relaxed: relaxed.length === 0 ? null : relaxed,
      products: products.length === 0 ? null : products,
    },
  };
}

/**
 * What Σ α margin is per unit of the weights above, on a strand of a single path whose open units are all relaxed, over C|w|; its variables by
 * number. Null for other strands.
 */
export function unitGain<E>(
  leaf: LeafFrame<E>,
  multipliers: readonly E[],
  squaredBound: E,
): { readonly gain: UnitGain; readonly lows: readonly number[] } | null {
  const { field: K } = leaf.frame.facts.instance;
  const [problem, ...others] = relaxedStrands(leaf, multipliers, squaredBound)?.problems ?? [];
  if (problem === undefined || others.length > 0 || problem.paths.length !== 1) return null;
  const { lows, isRelaxed, columns, relaxed } = problem;
  const bound = Math.sqrt(K.toNumber(squaredBound) * K.toNumber(problem.shares[0]!));
  const weights = lows.flatMap((v, row) => (isRelaxed[row] ? [] : [{ v, row }]));
  const factorAt = (row: number) => K.toNumber(columns[0]!.get(row) ?? K.zero) / bound;
  const kinks = relaxed.map(({ variable, z, slope }) => ({
    form: weights.map(({ v }) => K.toNumber(z.get(v) ?? K.zero)),
    factor: factorAt(lows.indexOf(variable)),
    slope: K.toNumber(slope),
  }));
  return {
    gain: { linear: weights.map(({ row }) => factorAt(row)), kinks: kinks.filter(({ factor }) => factor !== 0) },
    lows: weights.map(({ v }) => v),
  };
}

/** Ratios beyond this are of no interest. */
const MOST_RATIO = 64;
/** What is positive semidefinite but for this counts as such in a ratio. */
const NEARLY = 1e-5;

/** Nearly the least ρ ≥ 1 for which the relaxation proves Σ α margin ≤ ρ C |w||φ| on the cell, in floating point; null where none is found. */
export function relaxedRatio<E>(leaf: LeafFrame<E>, multipliers: readonly E[], squaredBound: E): number | null {
  const K = leaf.frame.facts.instance.field;
  const strands = relaxedStrands(leaf, multipliers, squaredBound);
  if (strands === null) return null;
  let most = 1;
  for (const problem of strands.problems) {
    const { Q, forms } = scaledStrand(K, problem, []);
    const { equations, pairs } = columnsOf(problem, () => true);
    const isProved = (ratio: number) => {
      // With ρC for C, in units in which the low weights have the diagonal 1 again.
      const M = Q.map((row, u) =>
        row.map((c, v) =>
          u === v ? c : c / (isPathRow(u, Q.length, problem) || isPathRow(v, Q.length, problem) ? ratio : 1),
        ),
      );
      const outcome = followPath(M, forms, equations, pairs, ({ epsilon }) => (epsilon < NEARLY ? true : null));
      return outcome.kind === "found";
    };
    let [low, high] = [most, most * 1.1];
    if (isProved(low)) continue;
    while (!isProved(high)) {
      [low, high] = [high, high * 1.5];
      if (high > MOST_RATIO) return null;
    }
    while (high - low > 0.002 * low) {
      const middle = (low + high) / 2;
      [low, high] = isProved(middle) ? [low, middle] : [middle, high];
    }
    most = high;
  }
  return most;
}

/** Whether a row of the scaled matrix is a path's: they come last. */
function isPathRow<E>(row: number, rows: number, { paths }: StrandProblem<E>): boolean {
  return row >= rows - paths.length;
}

/** The equations of the relaxed units, and the other pairs of forms, as columns. */
function columnsOf<E>({ forms, relaxed }: StrandProblem<E>, isAllowed: (i: number, j: number) => boolean) {
  const equations = relaxed.map((_, k): Column => ({ first: 2 * k, second: 2 * k + 1, isFree: true }));
  const pairs = forms.flatMap((_, i) =>
    forms.flatMap((__, j): Column[] => {
      const isOneUnit = i >> 1 === j >> 1 && j < 2 * relaxed.length;
      return i >= j || isOneUnit || !isAllowed(i, j) ? [] : [{ first: i, second: j, isFree: false }];
    }),
  );
  return { equations, pairs };
}

function strandProblem<E>(
  { frame, cell, shares }: LeafFrame<E>,
  paths: readonly { readonly path: readonly number[]; readonly form: ReadonlyMap<number, E> }[],
  relaxed: readonly RelaxedUnit<E>[],
  squaredBound: E,
  chosen: readonly UnitForm<E>[],
): StrandProblem<E> {
  const { field: K } = frame.facts.instance;
  const relaxedForms = relaxed.flatMap(({ at, variable, z, slope }) => {
    const less = (factor: E) =>
      [...z].flatMap(([v, c]) => (K.isZero(factor) ? [] : [[v, K.neg(K.mul(factor, c))] as const]));
    return [
      { form: { relaxed: at, zero: "on" as const }, vector: new Map([[variable, K.one], ...less(K.one)]) },
      { form: { relaxed: at, zero: "off" as const }, vector: new Map([[variable, K.one], ...less(slope)]) },
    ];
  });
  const lowForms = [...relaxedForms, ...chosen.map(({ unit, form }) => ({ form: { unit }, vector: form }))];
  const lows = [
    ...new Set(
      [...paths.map(({ form }) => form), ...lowForms.map(({ vector }) => vector)].flatMap((f) => [...f.keys()]),
    ),
  ].sort((a, b) => a - b);
  const position = new Map(lows.map((v, k) => [v, k]));
  const placed = (form: ReadonlyMap<number, E>) => new Map([...form].map(([v, c]) => [position.get(v)!, c]));
  const own = new Set(relaxed.map(({ variable }) => variable));
  return {
    rows: lows.length + paths.length,
    lows,
    isRelaxed: lows.map((v) => own.has(v)),
    squaredBound,
    columns: paths.map(({ form }) => placed(form)),
    paths: paths.map(({ path }) => path),
    shares: paths.map(({ path }) => shares?.get(path[0]!) ?? K.one),
    forms: [
      ...lowForms.map(({ form, vector }) => ({ form, vector: placed(vector), isPath: false })),
      ...paths.flatMap(({ path }, t) => {
        const sign = pathSign(cell, path);
        if (sign === 0) return [];
        const vector = new Map([[lows.length + t, sign > 0 ? K.one : K.neg(K.one)]]);
        return [{ form: { path }, vector, isPath: true }];
      }),
    ],
    relaxed,
  };
}

/**
 * The points of the cell at which the bound is attained, as vectors of the strand's rows: (w, a, SFᵀ(w, a)) with Fᵀ(w, a) of the length C|w|
 * if squares are taken with the shares S.
 */
function kernelVectors<E>(
  K: Field<E>,
  { lows, isRelaxed, squaredBound, columns, shares, forms, relaxed }: StrandProblem<E>,
  tight: readonly LowPoint<E>[],
): E[][] {
  const units = new Map(relaxed.map((one) => [one.variable, one]));
  return tight.flatMap((point) => {
    const low = lows.map((v) => {
      const unit = units.get(v);
      if (unit === undefined) return point.get(v) ?? K.zero;
      const z = [...unit.z].reduce((t, [k, c]) => K.add(t, K.mul(c, point.get(k) ?? K.zero)), K.zero);
      return K.sign(z) >= 0 ? z : K.mul(unit.slope, z);
    });
    const gains = columns.map((form) => applied(K, form, low));
    const above = gains.map((c, t) => K.mul(shares[t]!, c));
    const size = squaredNorm(
      K,
      low.filter((_, k) => !isRelaxed[k]),
    );
    if (K.isZero(size) || !K.isZero(K.sub(K.mul(squaredBound, size), dot(K, gains, above)))) return [];
    const vector = [...low, ...above];
    return forms.every((one) => K.sign(applied(K, one.vector, vector)) >= 0) ? [vector] : [];
  });
}

function applied<E>(K: Field<E>, form: ReadonlyMap<number, E>, vector: readonly E[]): E {
  let total = K.zero;
  for (const [k, c] of form) if (!K.isZero(vector[k]!)) total = K.add(total, K.mul(c, vector[k]!));
  return total;
}

type StrandOutcome<E> =
  | { readonly kind: "found"; readonly relaxed: readonly Relaxed<E>[]; readonly products: readonly FormProduct<E>[] }
  | Extract<RelaxedOutcome<E>, { kind: "failed" }>;

/** Columns of less weight are left out, in turn. */
const THRESHOLDS = [1e-2, 1e-4];
const MAX_PROJECTIONS = 4;
const DENOMINATORS = [1n, 2n, 4n, 8n, 64n, 1024n, 1n << 20n, 1n << 40n];
/** What is positive definite in floating point has eigenvalues above this. */
const POSITIVE = 1e-9;

function solveStrand<E>(K: Field<E>, problem: StrandProblem<E>, kernel: readonly (readonly E[])[]): StrandOutcome<E> {
  const { forms, relaxed } = problem;
  const floats = scaledStrand(K, problem, kernel);
  const values = kernel.map((vector) => forms.map((one) => applied(K, one.vector, vector)));
  const isAllowed = (i: number, j: number) => values.every((own) => K.isZero(own[i]!) || K.isZero(own[j]!));
  const { equations, pairs } = columnsOf(problem, isAllowed);
  const outcome = followPath(floats.Q, floats.forms, equations, pairs, (centre) => {
    for (const threshold of THRESHOLDS) {
      const exact = exactAt(K, problem, kernel, values, floats, centre, threshold);
      if (exact !== null) return exact;
    }
    return null;
  });
  if (outcome.kind === "found") {
    const { columns, x } = outcome.result;
    const half = K.fromRational(rational(1n, 2n));
    return {
      kind: "found",
      relaxed: columns.flatMap(({ first, isFree }, k) =>
        isFree ? [{ at: relaxed[first >> 1]!.at, multiplier: K.neg(x[k]!) }] : [],
      ),
      products: columns.flatMap(({ first: i, second: j, isFree }, k): FormProduct<E>[] => {
        if (isFree || K.isZero(x[k]!)) return [];
        const [first, second] = [forms[i]!, forms[j]!];
        // A unit with a path adds to F, which stands twice in the matrix.
        const weight = first.isPath === second.isPath ? x[k]! : K.mul(half, x[k]!);
        return [{ first: first.form, second: second.form, weight }];
      }),
    };
  }
  const moment = (form: readonly number[]) => dotNumbers(form, applyMatrix(outcome.moment, form));
  const looseness = relaxed.map((_, k) => Math.min(moment(floats.forms[2 * k]!), moment(floats.forms[2 * k + 1]!)));
  const loosest = looseness.indexOf(Math.max(...looseness));
  return {
    kind: "failed",
    split: relaxed[loosest]?.at ?? null,
    direction: floats.lowPoint(symmetricEigen(outcome.moment).vectors.at(-1)!),
  };
}

/** A strand in floating point, in units in which all is of ordinary size; w in coordinates of the span of what stands in it. */
interface ScaledStrand {
  readonly Q: readonly (readonly number[])[];
  /** Of unit length. */
  readonly forms: readonly (readonly number[])[];
  /** What a form of unit length was multiplied by. */
  readonly lengths: readonly number[];
  readonly kernel: readonly (readonly number[])[];
  /** An orthonormal basis of the complement of the kernel. */
  readonly complement: readonly (readonly number[])[];
  /** Rows of the strand that determine the others wherever w lies in the span. */
  readonly rows: readonly number[];
  readonly lowPoint: (vector: readonly number[]) => ReadonlyMap<number, number>;
}

function scaledStrand<E>(
  K: Field<E>,
  { rows, lows, isRelaxed, squaredBound, columns, shares, forms, relaxed }: StrandProblem<E>,
  kernel: readonly (readonly E[])[],
): ScaledStrand {
  const bound = Math.sqrt(K.toNumber(squaredBound));
  const sizes = new Map(
    relaxed.map(({ variable, z }) => [variable, Math.hypot(...[...z.values()].map(K.toNumber)) / bound || 1]),
  );
  // Row k of the strand is `scale` times its new coordinate.
  const scale = Array.from({ length: rows }, (_, k) =>
    k >= lows.length
      ? Math.sqrt(K.toNumber(shares[k - lows.length]!))
      : isRelaxed[k]
        ? sizes.get(lows[k]!)!
        : 1 / bound,
  );
  const dense = (form: ReadonlyMap<number, E>) => {
    const vector = new Array<number>(rows).fill(0);
    for (const [k, c] of form) vector[k] = K.toNumber(c) * scale[k]!;
    return vector;
  };
  const isWeight = (k: number) => k < lows.length && !isRelaxed[k];
  const rawForms = forms.map(({ vector }) => dense(vector));
  const rawColumns = columns.map(dense);
  const rawKernel = kernel.map((vector) => vector.map((c, k) => K.toNumber(c) / scale[k]!));
  const weights = Array.from({ length: rows }, (_, k) => k).filter(isWeight);
  const others = Array.from({ length: rows }, (_, k) => k).filter((k) => !isWeight(k));
  const spanning = orthonormalBasis([...rawForms, ...rawColumns, ...rawKernel].map((v) => weights.map((k) => v[k]!)));
  const basis =
    spanning.length < weights.length ? spanning : weights.map((_, k) => weights.map((__, j) => (j === k ? 1 : 0)));
  const turned = (vector: readonly number[]) => {
    const own = weights.map((k) => vector[k]!);
    return [...basis.map((b) => dotNumbers(b, own)), ...others.map((k) => vector[k]!)];
  };
  const n = basis.length + others.length;
  const Q: number[][] = Array.from({ length: n }, (_, u) =>
    Array.from({ length: n }, (__, v) => (u === v && u < basis.length ? 1 : 0)),
  );
  for (const [t, column] of rawColumns.entries()) {
    const row = n - columns.length + t;
    for (const [k, c] of turned(column).entries()) {
      Q[row]![k] = -c * scale[lows.length + t]!;
      Q[k]![row] = Q[row]![k]!;
    }
    Q[row]![row] = 1;
  }
  const turnedForms = rawForms.map(turned);
  const lengths = turnedForms.map((v) => 1 / (normOf(v) || 1));
  const floatKernel = kernel.length === 0 ? [] : rawKernel.map(turned);
  const kernelBasis = orthonormalBasis(floatKernel);
  const axes = Q.map((_, k) => Q.map((__, j) => (j === k ? 1 : 0)));
  return {
    Q,
    forms: turnedForms.map((v, k) => v.map((c) => c * lengths[k]!)),
    lengths,
    kernel: floatKernel,
    complement: kernelBasis.length === 0 ? axes : orthonormalBasis([...kernelBasis, ...axes]).slice(kernelBasis.length),
    rows: [...pivotColumns(basis).map((k) => weights[k]!), ...others],
    lowPoint: (vector) =>
      new Map(
        weights.map((k, j) => [lows[k]!, basis.reduce((t, b, i) => t + vector[i]! * b[j]!, 0) * scale[k]!] as const),
      ),
  };
}

/**
 * The centre made exact: the matrix annihilates the kernel, which is a linear system in x; what it leaves free is rounded. The weights are
 * not negative exactly, and the matrix is positive definite on the complement in floating point; null where that fails.
 */
function exactAt<E>(
  K: Field<E>,
  problem: StrandProblem<E>,
  kernel: readonly (readonly E[])[],
  values: readonly (readonly E[])[],
  { Q, forms, lengths, kernel: floatKernel, complement, rows }: ScaledStrand,
  centre: Centre,
  threshold: number,
): { readonly columns: readonly Column[]; readonly x: readonly E[] } | null {
  let kept = centre.columns.flatMap((column, k) =>
    column.isFree || centre.x[k]! > threshold ? [{ column, x: centre.x[k]! }] : [],
  );
  let projected: number[] | null = null;
  // What the projection makes negative is to be 0.
  for (let round = 0; round < MAX_PROJECTIONS; round++) {
    projected = ontoKernel(
      Q,
      forms,
      floatKernel,
      kept.map(({ column }) => column),
      kept.map(({ x }) => x),
    );
    const isThere = kept.map(({ column }, k) => column.isFree || (projected?.[k] ?? 0) > 0);
    if (projected === null || isThere.every(Boolean)) break;
    kept = kept.filter((_, k) => isThere[k]);
    projected = null;
  }
  const columns = kept.map(({ column }) => column);
  const isPositive = (x: readonly number[]) => {
    const M = restrict(
      matrixAt(Q, forms, columns, x, 0).map((row) => [...row]),
      complement,
    );
    for (const [k, row] of M.entries()) row[k]! -= POSITIVE;
    return cholesky(M) !== null;
  };
  if (projected === null || !isPositive(projected)) return null;
  const start = projected;
  // What x is in the strand's own units.
  const unit = columns.map(({ first, second }) => lengths[first]! * lengths[second]!);
  const order = [...columns.keys()].sort(
    (a, b) => Number(columns[b]!.isFree) - Number(columns[a]!.isFree) || start[b]! - start[a]!,
  );
  const system = kernel.flatMap((vector, r) => {
    const touching = order.map((k) => {
      const { first, second } = columns[k]!;
      return {
        first: problem.forms[first]!.vector,
        second: problem.forms[second]!.vector,
        one: values[r]![first]!,
        two: values[r]![second]!,
      };
    });
    const bound = strandTimes(K, problem, vector);
    return rows.map((row) => [
      ...touching.map(({ first, second, one, two }) => {
        const half = K.add(
          K.isZero(two) || !first.has(row) ? K.zero : K.mul(first.get(row)!, two),
          K.isZero(one) || !second.has(row) ? K.zero : K.mul(second.get(row)!, one),
        );
        return half;
      }),
      K.add(bound(row), bound(row)),
    ]);
  });
  const { rows: reduced, pivots } = rowReduce(
    K,
    system.filter((row) => row.some((c) => !K.isZero(c))),
  );
  if (pivots.at(-1) === columns.length) return null;
  const isPivot = new Set(pivots);
  for (const denominator of DENOMINATORS) {
    const x: E[] = order.map((k, place) => {
      if (isPivot.has(place)) return K.zero;
      const size = start[k]! * unit[k]!;
      const power = binaryScale(K, unit[k]!);
      return K.div(K.fromRational(roundTo(size * K.toNumber(power), denominator)), power);
    });
    for (const [r, place] of pivots.entries()) {
      let value: E = reduced[r]![columns.length]!;
      for (const [other, c] of x.entries())
        if (!isPivot.has(other) && !K.isZero(c) && !K.isZero(reduced[r]![other]!))
          value = K.sub(value, K.mul(reduced[r]![other]!, c));
      x[place] = value;
    }
    const exact = columns.map((_, k): E => x[order.indexOf(k)]!);
    const isThere = exact.every((c, k) => columns[k]!.isFree || K.sign(c) >= 0);
    if (isThere && isPositive(exact.map((c, k) => K.toNumber(c) / unit[k]!))) return { columns, x: exact };
  }
  return null;
}

/** The rows of the strand's matrix, without corrections, times a vector. */
function strandTimes<E>(
  K: Field<E>,
  { lows, isRelaxed, squaredBound, columns, shares }: StrandProblem<E>,
  vector: readonly E[],
): (row: number) => E {
  return (row) => {
    const t = row - lows.length;
    if (t >= 0) return K.sub(K.div(vector[row]!, shares[t]!), applied(K, columns[t]!, vector));
    const own = isRelaxed[row] ? K.zero : K.mul(squaredBound, vector[row]!);
    return columns.reduce((t, form, k) => {
      const c = form.get(row);
      return c === undefined ? t : K.sub(t, K.mul(c, vector[lows.length + k]!));
    }, own);
  };
}

/** The nearest x, by relative size, for which the matrix annihilates the kernel; null where there is none nearby. */
function ontoKernel(
  Q: readonly (readonly number[])[],
  forms: readonly (readonly number[])[],
  kernel: readonly (readonly number[])[],
  columns: readonly Column[],
  start: readonly number[],
): number[] | null {
  if (kernel.length === 0) return [...start];
  const E = kernel.flatMap((vector) => {
    const values = forms.map((g) => dotNumbers(g, vector));
    return Q.map((_, row) =>
      columns.map(
        ({ first, second }) => (forms[first]![row]! * values[second]! + forms[second]![row]! * values[first]!) / 2,
      ),
    );
  });
  const e = kernel.flatMap((vector) => applyMatrix(Q, vector));
  const D = start.map((c, k) => (columns[k]!.isFree ? 1 + c * c : c * c));
  const G = E.map((row) => E.map((other) => row.reduce((t, c, k) => t + c * D[k]! * other[k]!, 0)));
  const size = Math.max(...G.map((row, k) => row[k]!), 1e-300);
  const factor = cholesky(G.map((row, k) => row.map((c, j) => (j === k ? c + 1e-12 * size : c))));
  if (factor === null) return null;
  let x = [...start];
  for (let round = 0; round < 4; round++) {
    const lambda = solveWith(
      factor,
      E.map((row, k) => dotNumbers(row, x) - e[k]!),
    );
    x = x.map((c, k) => c - D[k]! * E.reduce((t, row, r) => t + row[k]! * lambda[r]!, 0));
  }
  const residual = Math.max(...E.map((row, k) => Math.abs(dotNumbers(row, x) - e[k]!)));
  return residual < 1e-7 * (1 + normOf(e)) ? x : null;
}
