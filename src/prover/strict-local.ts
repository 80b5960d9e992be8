/** Finds what `kernel/statements/strict-local.ts` checks: multipliers, ρ, κ, products per cell, and the largest radius r = 2^{−k}. */
import type { Field } from "../exact/field.js";
import { hessianEntries, type MultivariatePolynomial } from "../exact/multivariate.js";
import { type Cell, cellOf, type Frame } from "../kernel/explore.js";
import type { Facts } from "../kernel/facts.js";
import type { Of } from "../kernel/statements/index.js";
import type { Product, StrictLeaf } from "../kernel/statements/strict-local.js";
import { verifyStatement } from "../kernel/verify.js";
import { isLinearLayer, parametersOf, type Scope } from "../network/network.js";
import { growTree, mapLeaves } from "./cells.js";
import { areIndependent, combine } from "./search/combine.js";
import { type LocalCell, localCell, mayCount, nearPoint, nextOpen } from "./search/local.js";
import { solveLp } from "./search/lp.js";
import { dotNumbers, normOf, orthonormalBasis, restrict, symmetricEigen } from "./search/numeric.js";
import {
  binaryScale,
  combinationRows,
  fraction,
  powerOfTwoNear,
  roundTo,
  sizeOf,
  toNumbers,
} from "./search/vectors.js";

const MAX_CELLS = 600;
const MAX_PARAMETERS = 1000;
/** Of these, so many may have a part in gradients or Hessians; the others only add to the norm. */
const MAX_TOUCHED = 100;
const MAX_HALVINGS = 240;
const MAX_REFUSALS = 40;
const TOLERANCE = 1e-11;
/** What asks for a smaller radius: a sign that is open or a bound missed by rounding. */
const TOO_LARGE = ["strict-local.open", "strict-local.remainder", "strict-local.slack"];

/** A certificate that θ is a strict local optimum of the scope, or null when none is found. */
export function findStrictLocal<E>(facts: Facts<E>, scope: Scope): Of<"strict-local", E> | null {
  const { instance, margins, active } = facts;
  const { field: K, network, point } = instance;
  if (active.length === 0) return null;
  if (scope === null && point.length > MAX_PARAMETERS) return null;
  const frame = nearPoint(facts, scope);
  const next = nextOpen(
    frame,
    active.map((j) => margins[j]!),
    mayCount(frame),
  );
  // Forms that are linearly independent make all cells that their signs could.
  if (independentKinks(frame) > Math.log2(MAX_CELLS)) return null;
  const moving = parametersOf(network, scope);
  const candidates = new Map<Cell<E>, Candidates<E>>();
  const cells = growTree<E, Cell<E>>(
    frame,
    next,
    (cell) => {
      const found = candidatesFor(frame, moving, localCell(frame, cell));
      candidates.set(cell, found);
      return found.options.length === 0 ? null : cell;
    },
    MAX_CELLS,
  );
  if (cells === null) return null;
  // The search starts at 1, or at the size of a large point.
  const start = Math.max(0, -Math.log2(K.toNumber(binaryScale(K, sizeOf(K, point)))));
  let refusals = 0;
  for (let halvings = -start; halvings <= MAX_HALVINGS && refusals < MAX_REFUSALS; halvings++) {
    const r = 2 ** -halvings;
    const fitting = new Map(
      [...candidates].map(([cell, all]) => [cell, all.options.find((option) => fits(all, option, r))]),
    );
    if ([...fitting.values()].some((option) => option === undefined)) continue;
    const tree = mapLeaves(cells, (cell) => fitting.get(cell)!.leaf);
    const statement: Of<"strict-local", E> = { kind: "strict-local", scope, radius: powerOfTwoNear(K, r), tree };
    const verdict = verifyStatement(instance, statement);
    if (verdict.accepted) return statement;
    if (!TOO_LARGE.includes(verdict.clause)) return null;
    refusals++;
  }
  return null;
}

/** The rank, in floating point, of the linear forms without a sign at θ in the last hidden layer, if it is the only one with kinks. */
function independentKinks<E>(frame: Frame<E>): number {
  const { instance, margins, active } = frame.facts;
  const { field: K, network } = instance;
  const root = cellOf(frame, []);
  const counts = mayCount(frame);
  // Below other hidden layers a unit need not be asked for.
  const layer = network.layers.length - 2;
  if (layer < 0 || network.slopes.some((_, l) => l < layer && !isLinearLayer(network, l))) return 0;
  const isSeen = (unit: number) =>
    network.layers[layer + 1]?.some((row) =>
      row.some(({ from, weight }) => from === unit && counts(weight, layer + 1)),
    );
  const samples = new Set(active.map((j) => margins[j]!.sample));
  const forms = [...samples].flatMap((sample) =>
    (root.sample(sample).layers[layer] ?? []).flatMap(({ z, sign }, unit) => {
      if (sign !== null || z === null || !isSeen(unit)) return [];
      return [...z.values()].every(({ variables }) => variables.length === 1) ? [z] : [];
    }),
  );
  const variables = [...new Set(forms.flatMap((z) => [...z.values()].map(({ variables: [v] }) => v!)))];
  const vectors = forms.map((z) => variables.map((v) => K.toNumber(z.get(String(v))?.coefficient ?? K.zero)));
  return orthonormalBasis(vectors.map((v) => v.map((c) => c / (normOf(v) || 1)))).length;
}

interface Option<E> {
  readonly leaf: StrictLeaf<E>;
  readonly omega: readonly number[];
  readonly rho: number;
  readonly kappa: number;
  readonly products: readonly { first: number; second: number; weight: number }[];
}

interface Candidates<E> {
  readonly options: readonly Option<E>[];
  readonly L: readonly number[];
  /** Per constraint, Σ|coefficients| by degree. */
  readonly sizes: readonly (readonly number[])[];
}

function candidatesFor<E>(
  { facts: { instance } }: Frame<E>,
  moving: readonly number[],
  cell: LocalCell<E>,
): Candidates<E> {
  const { field: K, point } = instance;
  const theta = moving.map((k) => point[k]!);
  const L = cell.gradients.map((g) => toNumbers(K, g).reduce((total, c) => total + Math.abs(c), 0));
  const sizes = cell.constraints.map((h) => sizesByDegree(K.toNumber, h));
  const options: Option<E>[] = [];
  if (sizes.every((size) => size.length <= 2)) {
    // Linear constraints: the problem on the cell is convex, and any multipliers with any κ ≤ 1 will do.
    const combination = combine(K, cell.gradients, theta);
    if (combination.kind === "found") {
      const multipliers = combination.weights;
      const leaf: StrictLeaf<E> = { multipliers, rho: K.zero, kappa: K.one, products: [] };
      options.push({ leaf, omega: toNumbers(K, multipliers), rho: 0, kappa: 1, products: [] });
    }
    return { options, L, sizes };
  }
  for (const omega of multiplierChoices(K, theta, cell)) {
    options.push(...curvedOptions(K, moving, cell, omega));
    if (options.length > 0) break;
  }
  return { options, L, sizes };
}

function sizesByDegree<E>(toNumber: (c: E) => number, h: MultivariatePolynomial<E>): number[] {
  const sizes: number[] = [];
  for (const { variables, coefficient } of h.values()) {
    while (sizes.length <= variables.length) sizes.push(0);
    sizes[variables.length]! += Math.abs(toNumber(coefficient));
  }
  return sizes;
}

/** Multipliers of the cell: the average of extreme ones (of largest support), then each extreme one. */
function* multiplierChoices<E>(K: Field<E>, theta: readonly E[], cell: LocalCell<E>): Generator<readonly E[]> {
  const first = combine(K, cell.gradients, theta);
  if (first.kind === "separated") return;
  const floats = cell.gradients.map((g) => toNumbers(K, g));
  if (areIndependent(floats)) {
    yield first.weights;
    return;
  }
  const rows = combinationRows(K, cell.gradients, theta);
  const extremes = cell.gradients.flatMap((_, j) => {
    const objective = cell.gradients.map((__, k) => (k === j ? K.neg(K.one) : K.zero));
    const result = solveLp(K, { objective, rows, free: false });
    return result.kind === "optimal" ? [result.x] : [];
  });
  const distinct = [...new Map([first.weights, ...extremes].map((w) => [toNumbers(K, w).join(), w])).values()];
  if (distinct.length > 1) {
    const share = fraction(K, 1n, BigInt(distinct.length));
    yield first.weights.map((_, j) => distinct.reduce((total, w) => K.add(total, K.mul(share, w[j]!)), K.zero));
  }
  yield* distinct;
}

/** The options for κ, with the least ρ each and, where the kinks must help, products. */
function curvedOptions<E>(
  K: Field<E>,
  moving: readonly number[],
  cell: LocalCell<E>,
  omega: readonly E[],
): Option<E>[] {
  const touched = touchedCoordinates(cell, moving);
  const position = new Map(touched.map((j, at) => [moving[j]!, at]));
  const n = touched.length;
  if (n > MAX_TOUCHED) return [];
  const w = toNumbers(K, omega);
  const G = cell.gradients.map((g) => touched.map((k) => K.toNumber(g[k]!)));
  const units = G.map((g) => K.toNumber(binaryScale(K, Math.max(0, ...g.map(Math.abs)))));
  const base = Array.from({ length: n }, (_, u) => Array.from({ length: n }, (_, v) => (u === v ? 1 : 0)));
  for (const [j, h] of cell.constraints.entries()) {
    if (w[j] === 0) continue;
    for (const { u, v, entry } of hessianEntries(K, h)) {
      const c = w[j]! * K.toNumber(entry);
      const [a, b] = [position.get(u)!, position.get(v)!];
      base[a]![b]! -= c;
      if (a !== b) base[b]![a]! -= c;
    }
  }
  const inUnits = G.map((g, j) => g.map((c) => c * units[j]!));
  const J = G.filter((_, j) => w[j]! > 0);
  const flat = complement(
    inUnits.filter((_, j) => w[j]! > 0),
    n,
  );
  const loose = G.flatMap((_, j) => (w[j]! > 0 ? [] : [j]));
  const products = flat.length === 0 ? [] : productsFor(base, flat, inUnits, loose);
  for (const { first, second, weight } of products) addProduct(base, inUnits[first]!, inUnits[second]!, -weight);
  const room = flat.length === 0 ? 1 : symmetricEigen(restrict(base, flat)).values[0]!;
  const ceiling = Math.min(room, 1);
  if (ceiling < 1e-6) return [];

  const options: Option<E>[] = [];
  for (const part of [15 / 16, 7 / 8, 3 / 4, 1 / 2, 1 / 4, 1 / 8]) {
    const kappa = roundDown(ceiling * part);
    const rho = leastRho(base, J, kappa);
    if (rho === null) continue;
    options.push({
      leaf: {
        multipliers: omega,
        rho: K.mul(K.fromRational(roundTo(rho.value, 64n)), powerOfTwoNear(K, rho.unit)),
        kappa: K.fromRational(roundTo(kappa, 1n << 20n)),
        products: products.map(
          ({ first, second, weight }): Product<E> => ({
            first,
            second,
            weight: K.mul(K.fromRational(roundTo(weight, 64n)), powerOfTwoNear(K, units[first]! * units[second]!)),
          }),
        ),
      },
      omega: w,
      rho: rho.value * rho.unit,
      kappa,
      products: products.map(({ first, second, weight }) => ({
        first,
        second,
        weight: weight * units[first]! * units[second]!,
      })),
    });
  }
  return options;
}

/** The positions, among the parameters that move, of those that occur in the constraints to first or second order. */
function touchedCoordinates<E>({ constraints }: LocalCell<E>, moving: readonly number[]): number[] {
  const touched = new Set<number>();
  for (const h of constraints) {
    for (const { variables } of h.values()) if (variables.length <= 2) for (const v of variables) touched.add(v);
  }
  return moving.flatMap((k, j) => (touched.has(k) ? [j] : []));
}

/** A fraction with a small power of two below x. */
function roundDown(x: number): number {
  const unit = 2 ** Math.min(20, Math.max(3, Math.ceil(-Math.log2(x)) + 3));
  return Math.floor(x * unit) / unit;
}

const RHOS = [0, 1 / 4, 1 / 2, 3 / 4, 1, 3 / 2, 2, 3, 4, 6, 8, 12, 16, 32, 64, 128, 256, 1024, 4096];

/** The least ρ, as a plain value times a power of two, that makes the matrix positive semidefinite; more is tried for uneven gradients. */
function leastRho(
  base: readonly (readonly number[])[],
  J: readonly (readonly number[])[],
  kappa: number,
): { value: number; unit: number } | null {
  const sizes = J.map((g) => Math.max(...g.map(Math.abs))).filter((size) => size > 0);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const ordinary = sizes.length === 0 || (least >= 1 / 16 && most <= 16);
  const unit = ordinary ? 1 : 2 ** (-2 * Math.round(Math.log2(most)));
  const spread = ordinary ? 0 : Math.min(60, Math.ceil(Math.log2(most / least) / 2));
  const further = Array.from({ length: spread }, (_, k) => 4096 * 16 ** (k + 1));
  for (const value of [...RHOS, ...further]) {
    const M = base.map((row, u) => row.map((c, v) => (u === v ? c - kappa : c)));
    for (const g of J) addProduct(M, g, g, value * unit);
    if (symmetricEigen(balanced(M)).values[0]! > -TOLERANCE) return { value, unit };
  }
  return null;
}

/** D M D with the large entries of the diagonal brought to 1: positive semidefinite when M is, and fit for floating point. */
function balanced(M: readonly (readonly number[])[]): number[][] {
  const D = M.map((row, u) => 1 / Math.sqrt(Math.max(1, row[u]!)));
  return M.map((row, u) => row.map((c, v) => c * D[u]! * D[v]!));
}

/** A + weight · ½(f sᵀ + s fᵀ), in place. */
function addProduct(A: number[][], f: readonly number[], s: readonly number[], weight: number): void {
  for (let u = 0; u < f.length; u++)
    for (let v = 0; v < f.length; v++) A[u]![v]! += (weight * (f[u]! * s[v]! + s[u]! * f[v]!)) / 2;
}

function complement(vectors: readonly (readonly number[])[], n: number): number[][] {
  const axes = Array.from({ length: n }, (_, k) => Array.from({ length: n }, (_, j) => (j === k ? 1 : 0)));
  const span = orthonormalBasis(vectors);
  return orthonormalBasis([...span, ...axes]).slice(span.length);
}

const MAX_PRODUCTS = 80;

/**
 * Weights ≥ 0 on products of constraints that make the least eigenvalue on the flat directions positive: supergradient ascent on
 * this concave function. Empty where no help is needed.
 */
function productsFor(
  base: readonly (readonly number[])[],
  flat: readonly (readonly number[])[],
  G: readonly (readonly number[])[],
  loose: readonly number[],
): { first: number; second: number; weight: number }[] {
  if (symmetricEigen(restrict(base, flat)).values[0]! > 1e-6) return [];
  const pairs = loose.flatMap((first, a) => loose.slice(a).map((second) => ({ first, second })));
  if (pairs.length === 0 || pairs.length > MAX_PRODUCTS) return [];
  const weights = pairs.map(() => 0);
  let best = { value: -Infinity, weights: [...weights] };
  for (let step = 0; step < 400; step++) {
    const A = base.map((row) => [...row]);
    for (const [k, { first, second }] of pairs.entries()) addProduct(A, G[first]!, G[second]!, -weights[k]!);
    const { values, vectors } = symmetricEigen(restrict(A, flat));
    if (values[0]! > best.value) best = { value: values[0]!, weights: weights.map((x) => Math.round(x * 64) / 64) };
    const u = base.map((_, k) => flat.reduce((total, b, j) => total + b[k]! * vectors[0]![j]!, 0));
    const slopes = pairs.map(({ first, second }) => -dotNumbers(G[first]!, u) * dotNumbers(G[second]!, u));
    const size = Math.hypot(...slopes) || 1;
    const rate = 1 / Math.sqrt(1 + step);
    for (const [k, slope] of slopes.entries()) weights[k] = Math.max(0, weights[k]! + (rate * slope) / size);
  }
  return pairs.flatMap((pair, k) => (best.weights[k]! > 0 ? [{ ...pair, weight: best.weights[k]! }] : []));
}

/** Condition 2 of the theorem, in floating point. */
function fits<E>({ L, sizes }: Candidates<E>, { omega, rho, kappa, products }: Option<E>, r: number): boolean {
  const tail = (j: number, lowest: number) =>
    sizes[j]!.reduce((total, c, degree) => (degree < lowest ? total : total + c * r ** (degree - lowest)), 0);
  let remainder = 0;
  for (const [j, w] of omega.entries()) {
    if (w <= 0) continue;
    if (2 * w < rho * L[j]! * r) return false;
    remainder += rho * L[j]! * tail(j, 2) + 2 * w * tail(j, 3);
  }
  for (const { first, second, weight } of products)
    remainder += weight * Math.max(tail(first, 2) * L[second]!, tail(second, 2) * L[first]!);
  return kappa > r * remainder;
}
