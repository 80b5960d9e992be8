/**
 * Exact numbers for a point of depth 2 whose groups' directions are rational up to a root: a group of one sample x/|x|, one whose kinks leave a
 * single line, one along a sum of samples with plain multipliers. Along u = d/|d| a group adds ρ max(0, d·x) to the output, so that the
 * margins are linear equations over ℚ for the ρ, and its weights are fourth roots: w = (ρ²/n)^¼ d, v = ±(ρ²n)^¼, where n = |d|².
 * What is found is a proposal: `certify` proves it.
 */
import { rowReduce } from "../exact/linear.js";
import { formatRational, gcd, Q, type Rational, rational } from "../exact/rational.js";
import type { Problem } from "../network/instance.js";
import { type Radical, radicalTower } from "../problem/radicals.js";
import { exactRoot } from "../problem/roots.js";
import { dotNumbers, normOf } from "../prover/search/numeric.js";
import { type Candidate, incomingOf, outgoingOf, viewOf } from "./structure.js";

export interface Recognised {
  /** θ in the number syntax of problem files. */
  readonly point: readonly string[];
  readonly theta: readonly number[];
  readonly degree: number;
  /** What was chosen where the point is one of a continuum. */
  readonly notes: readonly string[];
}

/** Directions are plain where their ratios have denominators up to this, and agree with the digits this well. */
const MAX_DENOMINATOR = 60;
const PLAIN = 1e-10;
const MAX_CHOICES = 80;
const NEAR = 0.2;

export function recognise(
  problem: Problem<Rational>,
  { structure, theta }: Candidate,
  near: readonly number[],
): Recognised | null {
  const view = viewOf(problem);
  const { data } = problem;
  const notes: string[] = [];
  const groups = structure.groups.map(({ units }, g) => {
    const w = incomingOf(view, theta, units[0]!);
    const v = outgoingOf(view, theta, units[0]!);
    // Kinks count whatever their subgradients are.
    const isKink = (i: number) => Math.abs(dotNumbers(w, view.xs[i]!)) <= PLAIN * normOf(w) * normOf(view.xs[i]!);
    const kinks = view.kinked ? structure.active.filter(isKink).map((i) => data[i]!.x) : [];
    const pulling = structure.active.filter(
      (i) => structure.sides[g]![i] === "+" || !Q.isZero(problem.network.slopes[0]!),
    );
    const d = lineOf(
      w,
      kinks,
      pulling.map((i) => data[i]!.x),
    );
    const strength = units.reduce((total, unit) => total + outgoingOf(view, theta, unit) ** 2, 0);
    return d === null ? null : { units, d, sign: Math.sign(v), square: dotExact(d, d), strength };
  });
  if (!groups.every((one) => one !== null)) return null;

  const tight = [...structure.active, ...structure.idle];
  const rows = tight.map((i) => {
    const { x, y } = data[i]!;
    return [
      ...groups.map(({ d, sign }) => {
        const z = dotExact(d, x);
        const output = Q.sign(z) > 0 ? z : Q.mul(problem.network.slopes[0]!, z);
        return sign * y > 0 ? output : Q.neg(output);
      }),
      Q.one,
    ];
  });
  const { rows: reduced, pivots } = rowReduce(Q, rows, groups.length + 1);
  if (pivots.includes(groups.length)) return null;
  const free = groups.map((_, g) => g).filter((g) => !pivots.includes(g));
  const wanted = groups.map(({ strength, square }) => strength / Math.sqrt(Q.toNumber(square)));
  let best: { readonly rho: readonly Rational[]; readonly degree: number; readonly off: number } | null = null;
  for (const values of choices(free.map((g) => wanted[g]!))) {
    const rho = groups.map((_, g) => values[free.indexOf(g)] ?? Q.zero);
    for (const [k, pivot] of pivots.entries()) {
      rho[pivot] = free.reduce(
        (total, g, j) => Q.sub(total, Q.mul(reduced[k]![g]!, values[j]!)),
        reduced[k]![groups.length]!,
      );
    }
    if (rho.some((c) => Q.sign(c) <= 0)) continue;
    const off = Math.max(...rho.map((c, g) => Math.abs(Q.toNumber(c) / wanted[g]! - 1)));
    if (off > (free.length === 0 ? 1e-6 : NEAR)) continue;
    const degree = degreeOf(rho.map((c, g) => Q.mul(Q.mul(c, c), groups[g]!.square)));
    if (degree !== null && (best === null || degree < best.degree || (degree === best.degree && off < best.off)))
      best = { rho, degree, off };
  }
  if (best === null) return null;
  if (free.length > 0) {
    const which = groups.map(({ units }) => units.map((unit) => unit + 1).join(" and ")).join("; ");
    notes.push(
      `the sharing among the directions of units ${which} is free; the nearest one in plain numbers was taken, within ${(100 * best.off).toPrecision(2)} % of the weights'`,
    );
  }

  const point = problem.network.parameters.map(() => "0");
  const values = problem.network.parameters.map(() => 0);
  for (const [g, { units, d, sign, square }] of groups.entries()) {
    const rho = best.rho[g]!;
    const sizes = units.map((unit) => Math.abs(outgoingOf(view, near, unit)));
    const shares = onSphere(sizes);
    if (units.length > 1)
      notes.push(
        `the sharing among units ${units.map((unit) => unit + 1).join(", ")} is free; ${shares.map(formatRational).join(" : ")} was taken, the nearest in plain numbers`,
      );
    const up = Q.mul(Q.mul(rho, rho), square);
    const down = Q.div(Q.mul(rho, rho), square);
    const set = (k: number, factor: Rational, radicand: Rational) => {
      point[k] = multiple(factor, radicand);
      values[k] = Q.toNumber(factor) * Q.toNumber(radicand) ** 0.25;
    };
    for (const [k, unit] of units.entries()) {
      for (const { from, weight } of view.layers.incoming[unit]!) set(weight, Q.mul(shares[k]!, d[from]!), down);
      set(view.layers.outgoing.get(unit)!, sign > 0 ? shares[k]! : Q.neg(shares[k]!), up);
    }
  }
  return { point, theta: values, degree: best.degree, notes };
}

/** factor · radicand^¼ in the number syntax. */
function multiple(factor: Rational, radicand: Rational): string {
  const whole = exactRoot(radicand, 4);
  if (Q.isZero(factor)) return "0";
  if (whole !== null) return formatRational(Q.mul(factor, whole));
  const square = exactRoot(radicand, 2);
  const root = square === null ? `root(${formatRational(radicand)},4)` : `sqrt(${formatRational(square)})`;
  const size = formatRational(factor);
  return size === "1" ? root : size === "-1" ? `-${root}` : `${size.includes("/") ? `(${size})` : size}*${root}`;
}

/** The degree of the field of the radicands' fourth roots, or null where it is over 32. */
function degreeOf(radicands: readonly Rational[]): number | null {
  const radicals = radicands
    .map((radicand): Radical => ({ radicand, degree: 4 }))
    .filter(({ radicand }) => exactRoot(radicand, 4) === null);
  if (radicals.length === 0) return 1;
  if (radicals.some(({ radicand }) => Math.max(radicand.n.toString(16).length, radicand.d.toString(16).length) > 128))
    return null;
  try {
    return radicalTower(radicals).tower.degree;
  } catch {
    return null; // of degree over 32
  }
}

/** A vector along w with plain entries: where the kinks and the samples that pull leave a single line, on it; else with small ratios. */
function lineOf(
  w: readonly number[],
  kinks: readonly (readonly Rational[])[],
  pulling: readonly (readonly Rational[])[],
): readonly Rational[] | null {
  const size = w.length;
  const [first] = pulling;
  const lines: (readonly Rational[])[] = pulling.length === 1 && kinks.length === 0 ? [first!] : [];
  const { rows, pivots } = rowReduce(Q, kinks, size);
  const free = Array.from({ length: size }, (_, k) => k).filter((k) => !pivots.includes(k));
  if (free.length === 1) {
    const line = new Array<Rational>(size).fill(Q.zero);
    line[free[0]!] = Q.one;
    for (const [k, pivot] of pivots.entries()) line[pivot] = Q.neg(rows[k]![free[0]!]!);
    lines.push(line);
  }
  const most = Math.max(...w.map(Math.abs));
  const plain = w.map((c) => plainNear(c / most));
  if (plain.every((c) => c !== null)) lines.push(plain);
  for (const line of lines) {
    const d = primitive(line);
    const floats = d.map(Q.toNumber);
    const along = floats.reduce((total, c, k) => total + c * w[k]!, 0) / normOf(floats) / normOf(w);
    if (Math.abs(along) > 1 - 1e-12) return along > 0 ? d : d.map(Q.neg);
  }
  return null;
}

function plainNear(x: number): Rational | null {
  for (let denominator = 1; denominator <= MAX_DENOMINATOR; denominator++) {
    const n = Math.round(x * denominator);
    if (Math.abs(n / denominator - x) < PLAIN) return rational(BigInt(n), BigInt(denominator));
  }
  return null;
}

/** Scaled to integers without a common factor. */
function primitive(v: readonly Rational[]): Rational[] {
  const denominator = v.reduce((total, { d }) => (total * d) / gcd(total, d), 1n);
  const factor = v.reduce((total, { n, d }) => gcd(total, (n * denominator) / d), 0n);
  return v.map((c) => Q.mul(c, rational(denominator, factor === 0n ? 1n : factor)));
}

function dotExact(u: readonly Rational[], v: readonly Rational[]): Rational {
  return u.reduce((total, c, k) => Q.add(total, Q.mul(c, v[k]!)), Q.zero);
}

/** Plain values near the wanted ones, several for each, together at most so many. */
function choices(wanted: readonly number[]): Rational[][] {
  if (wanted.length === 0) return [[]];
  const each = Math.max(2, Math.floor(MAX_CHOICES ** (1 / wanted.length)));
  const options = wanted.map((value) => {
    const near = new Map<string, Rational>();
    for (let denominator = 1; denominator <= 25; denominator++) {
      for (const n of [Math.floor(value * denominator), Math.ceil(value * denominator)]) {
        const q = rational(BigInt(n), BigInt(denominator));
        if (n > 0 && Math.abs(Q.toNumber(q) / value - 1) < NEAR) near.set(formatRational(q), q);
      }
    }
    return [...near.values()].sort((a, b) => Number(a.d - b.d)).slice(0, each);
  });
  return options.reduce<Rational[][]>((all, own) => all.flatMap((one) => own.map((q) => [...one, q])), [[]]);
}

/** Plain positive rationals with squares that add up to 1, nearly in the given ratios: a point of the sphere, seen from a pole. */
export function onSphere(sizes: readonly number[]): Rational[] {
  const signed = onSphereSigned(sizes);
  return signed.some((c) => Q.sign(c) <= 0) ? onSphereSigned(sizes, 1n << 10n) : signed;
}

/** The same with signs. `denominator` is that of the projection; as small as comes near, where it is not given. */
export function onSphereSigned(vector: readonly number[], denominator?: bigint): Rational[] {
  const length = normOf(vector) || 1;
  const unit = vector.map((c) => c / length);
  const pole = unit.map(Math.abs).indexOf(Math.max(...unit.map(Math.abs)));
  const side = unit[pole]! < 0 ? -1 : 1;
  const at = (denominator: bigint) => {
    const t = unit.map((c, k) =>
      k === pole
        ? Q.zero
        : rational(BigInt(Math.round((c / (1 + side * unit[pole]!)) * Number(denominator))), denominator),
    );
    const square = dotExact(t, t);
    const scale = Q.inv(Q.add(Q.one, square));
    return t.map((c, k) =>
      k === pole
        ? Q.mul(rational(BigInt(side)), Q.mul(Q.sub(Q.one, square), scale))
        : Q.mul(rational(2n), Q.mul(c, scale)),
    );
  };
  if (denominator !== undefined) return at(denominator);
  const candidates = [1n, 2n, 3n, 4n, 5n, 6n, 8n, 10n, 12n, 16n, 24n, 32n, 64n, 128n, 256n, 1024n].map(at);
  const offBy = (one: readonly Rational[]) => normOf(one.map((c, k) => Q.toNumber(c) - unit[k]!));
  return candidates.find((one) => offBy(one) < 3e-2) ?? candidates.at(-1)!;
}
