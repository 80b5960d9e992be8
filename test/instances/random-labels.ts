/**
 * KKT points of two-layer networks at generic samples with random labels, exact: samples are drawn, a KKT point is found in floating point and
 * rounded, and the samples are moved by what was rounded away. The units' directions have integer entries over one denominator, and so have all
 * samples but as many as there are live units.
 */
import { dot } from "../../src/exact/field.js";
import { solve } from "../../src/exact/linear.js";
import { formatRational, gcd, Q, type Rational, rational } from "../../src/exact/rational.js";
import { gaussian, uniform } from "../../src/numeric/random.js";
import { quadraticAscent } from "../../src/prover/search/conic.js";
import { dotNumbers, normOf, pivotColumns } from "../../src/prover/search/numeric.js";
import { highestPeak } from "../../src/prover/search/steepest.js";
import type { ProblemJson } from "../adversary/problem.js";

export interface RandomLabels {
  readonly samples: number;
  readonly inputs: number;
  /** So many units are live; or as many as the point of least norm over all widths has. */
  readonly live: number | "all";
  readonly dead?: number;
  readonly seed: number;
  /** Of a leaky ReLU, a power of two; 0 for ReLU. */
  readonly slope?: number;
}

/** A unit of direction p/|p| with |p| = |w||v| and the sign of v. */
interface Unit {
  readonly p: number[];
  readonly sign: number;
}

interface Sampled {
  readonly x: readonly (readonly number[])[];
  readonly y: readonly number[];
  readonly slope: number;
}

interface Stationary {
  readonly units: readonly Unit[];
  readonly multipliers: readonly number[];
  /** By unit and sample; at kinks between the two. */
  readonly gains: readonly (readonly number[])[];
}

const gain = (slope: number, z: number) => (z > 0 ? 1 : slope);

/** Ascent of the smoothed least margin over balanced networks of one norm, from a start. */
function ascend({ x, y, slope }: Sampled, start: readonly Unit[], steps: number): Unit[] {
  let w = start.map(({ p }) => p.map((c) => c / Math.sqrt(normOf(p))));
  const signs = start.map(({ sign }) => sign);
  let sharpness = 3;
  let rate = 0.1;
  let value = -Infinity;
  for (let step = 0; step < steps; step++) {
    const total = Math.sqrt(w.reduce((t, row) => t + dotNumbers(row, row), 0));
    w = w.map((row) => row.map((c) => c / total));
    const sizes = w.map(normOf);
    const z = w.map((row) => x.map((one) => dotNumbers(row, one)));
    const margins = y.map((label, i) =>
      w.reduce((t, _, j) => t + label * signs[j]! * sizes[j]! * gain(slope, z[j]![i]!) * z[j]![i]!, 0),
    );
    const least = Math.min(...margins);
    if (least < value) rate = Math.max(rate * 0.8, 1e-5);
    value = least;
    const weights = margins.map((m) => Math.exp((-sharpness * (m - least)) / Math.max(Math.abs(least), 1e-2)));
    const slopes = w.map((row, j) => {
      const g = row.map(() => 0);
      for (const [i, one] of x.entries()) {
        const c = weights[i]! * y[i]! * signs[j]! * sizes[j]! * gain(slope, z[j]![i]!);
        for (const k of g.keys()) g[k]! += c * one[k]!;
      }
      return g;
    });
    const length = Math.sqrt(slopes.reduce((t, g) => t + dotNumbers(g, g), 0)) || 1;
    w = w.map((row, j) => row.map((c, k) => c + (rate * slopes[j]![k]!) / length));
    if (step % 50 === 49) sharpness *= 1.3;
    rate = Math.min(rate * 1.005, 0.1);
  }
  return w.map((row, j) => ({ p: row.map((c) => c * normOf(row)), sign: signs[j]! }));
}

/**
 * From near a local minimum of Σ |p_j| over the margins to that minimum: reweighted least squares on fixed gains, with the units kept where these
 * hold; a unit that is kept from going to where Σ |p_j| would fall on goes there. Null where this leads nowhere.
 */
function settle(data: Sampled, start: readonly Unit[]): Stationary | null {
  const { x, y, slope } = data;
  let units = start;
  let gains = units.map(({ p }) => x.map((row) => gain(slope, dotNumbers(p, row))));
  /** Per unit, the samples whose gain it is kept to. */
  let held = units.map(() => new Set<number>());
  for (let flips = 0, round = 0, left = 25; round < 1500; round++) {
    const sizes = units.map(({ p }) => normOf(p));
    const columns = x.map((row, i) =>
      units.flatMap(({ sign }, j) => row.map((e) => Math.sqrt(sizes[j]!) * sign * y[i]! * gains[j]![i]! * e)),
    );
    const kinks = held.flatMap((own, j) => [...own].map((i) => ({ i, j })));
    for (const { i, j } of kinks) {
      const c = (gains[j]![i] === 1 ? 1 : -1) * Math.sqrt(sizes[j]!);
      columns.push(units.flatMap((_, k) => x[i]!.map((e) => (k === j ? c * e : 0))));
    }
    // With a ridge: columns of kinks may depend on each other.
    const weights = quadraticAscent(
      columns.map((column, k) => [...column, ...columns.map((_, l) => (l === k ? 1e-5 * normOf(column) : 0))]),
      columns.map((_, k) => (k < x.length ? 1 : 0)),
    );
    const multipliers = weights.slice(0, x.length);
    if (multipliers.some((c) => c > 1e3)) return null;
    const own = gains.map((row) => [...row]);
    for (const [k, { i, j }] of kinks.entries()) {
      const mu = weights[x.length + k]!;
      if (mu > 1e-9) own[j]![i]! += ((gains[j]![i] === 1 ? 1 : -1) * mu) / (units[j]!.sign * y[i]! * multipliers[i]!);
    }
    const d = x[0]!.length;
    const sum = columns[0]!.map((_, k) => columns.reduce((t, column, c) => t + weights[c]! * column[k]!, 0));
    let moved = 0;
    units = units.map(({ p, sign }, j) => {
      const grown = sum.slice(j * d, (j + 1) * d);
      // Small units that shrink would die slowly.
      const factor =
        sizes[j]! < 0.05 && normOf(grown) < Math.sqrt(sizes[j]!) ? (normOf(grown) ** 2 / sizes[j]!) ** 4 : 1;
      const next = grown.map((c) => Math.sqrt(sizes[j]!) * c * factor);
      moved = Math.max(moved, normOf(next.map((c, k) => c - p[k]!)));
      return { sign, p: next };
    });
    let crossed = false;
    for (const [j, { p }] of units.entries())
      for (const [i, row] of x.entries()) {
        const z = dotNumbers(p, row) * (gains[j]![i] === 1 ? 1 : -1);
        if (z < -1e-7 * normOf(p) * normOf(row) && !held[j]!.has(i)) {
          held[j]!.add(i);
          crossed = true;
        }
      }
    if (crossed || (--left > 0 && moved > 1e-7)) continue;
    // Across where it helps.
    let flipped = false;
    for (const [j, row] of own.entries())
      for (const [i, g] of row.entries())
        if (!(g >= slope - 1e-6 && g <= 1 + 1e-6)) {
          gains[j]![i] = gains[j]![i] === 1 ? slope : 1;
          flipped = true;
        }
    const stays = units.map(({ p }) => normOf(p) > 1e-5);
    units = units.filter((_, j) => stays[j]);
    gains = gains.filter((_, j) => stays[j]);
    held = held
      .filter((_, j) => stays[j])
      .map((own, j) => new Set([...own].filter((i) => Math.abs(dotNumbers(units[j]!.p, x[i]!)) < 1e-6)));
    const alive = own.filter((_, j) => stays[j]);
    // Units of one sign and one direction are one.
    for (let b = units.length - 1; b > 0; b--)
      for (let a = 0; a < b; a++) {
        const [one, other] = [units[a]!, units[b]!];
        if (one.sign !== other.sign || dotNumbers(one.p, other.p) < 0.99999 * normOf(one.p) * normOf(other.p)) continue;
        units = units.flatMap((unit, k) =>
          k === b ? [] : [k === a ? { sign: one.sign, p: one.p.map((c, e) => c + other.p[e]!) } : unit],
        );
        gains.splice(b, 1);
        held.splice(b, 1);
        alive.splice(b, 1);
        break;
      }
    if (units.length === 0) return null;
    if (flipped && ++flips > 60) return null;
    left = 25;
    if (!flipped && moved < 1e-6) return { units, multipliers, gains: alive };
  }
  return null;
}

/** A direction in which a unit adds the most to Σ λ margin, with its sign; what θ's own units add is 1. */
export function steepest(
  { x, y, slope }: Sampled,
  multipliers: readonly number[],
  starts = 100,
): { w: readonly number[]; sign: number; value: number } {
  const support = x.flatMap((_, i) => (multipliers[i]! > 1e-9 ? [i] : []));
  let best = { w: [] as readonly number[], sign: 1, value: 0 };
  for (const sign of [1, -1]) {
    const kinks = support.map((i) => ({ form: x[i]!, factor: sign * multipliers[i]! * y[i]!, slope }));
    const peak = highestPeak({ linear: x[0]!.map(() => 0), kinks }, starts);
    if (peak !== null && peak.value > best.value) best = { w: peak.direction, sign, value: peak.value };
  }
  return best;
}

function stationaryPoint(data: Sampled, start: readonly Unit[], live: number | "all"): Stationary | null {
  let found = settle(data, ascend(data, start, 1500));
  if (live !== "all") return found?.units.length === live ? found : null;
  for (let round = 0; found !== null && round < 20; round++) {
    const { w, sign, value } = steepest(data, found.multipliers);
    if (value < 1 + 1e-6) return found;
    found = settle(data, [...found.units, { p: w.map((c) => 0.05 * c), sign }]);
  }
  return null;
}

/** Denominators: of directions, of |w| = |v|, of samples, of gains at kinks, of multipliers. */
const DENOMINATOR = { direction: 1000n, size: 100n, sample: 1000n, gain: 1000n, multiplier: 10n ** 18n };

const rounded = (c: number, denominator: bigint) => rational(BigInt(Math.round(c * Number(denominator))), denominator);

/** A vector of length 1 near one, with these denominators; null where none is found. */
function unitNear(u: readonly number[], denominator: bigint, random: () => number): Rational[] | null {
  const D = Number(denominator);
  let best: { z: number[]; far: number } | null = null;
  // Few dimensions have few such vectors.
  const spread = Math.max(1, 26 - 2.5 * u.length);
  for (let round = 0; round < 20000; round++) {
    const z = u.map((c) => Math.round(c * D + spread * (random() - 0.5)));
    if (dotNumbers(z, z) !== D * D) continue;
    const far = normOf(z.map((c, k) => c - D * u[k]!));
    if (best === null || far < best.far) best = { z, far };
  }
  return best === null ? null : best.z.map((c) => rational(BigInt(c), denominator));
}

/** The vector moved along a few axes until these products with it are as given. */
function corrected(
  x: readonly number[],
  conditions: readonly { readonly normal: readonly Rational[]; readonly value: Rational }[],
): Rational[] | null {
  const start = x.map((c) => rounded(c, DENOMINATOR.sample));
  // The axes in which elimination with the largest pivots goes.
  const floats = conditions.map(({ normal }) => normal.map(Q.toNumber));
  const axes = pivotColumns(floats);
  const shift = solve(
    Q,
    conditions.map(({ normal }) => axes.map((k) => normal[k]!)),
    conditions.map(({ normal, value }) => Q.sub(value, dot(Q, normal, start))),
  );
  if (shift === null) return null;
  return start.map((c, k) => (axes.includes(k) ? Q.add(c, shift[axes.indexOf(k)]!) : c));
}

interface Exact {
  readonly x: readonly (readonly Rational[])[];
  readonly units: readonly { readonly u: readonly Rational[]; readonly a: Rational; readonly sign: number }[];
  readonly multipliers: readonly number[];
}

/**
 * The point made exact. Directions, sizes, gains at kinks, and most multipliers are rounded; the samples satisfy their kinks and their margin;
 * and as many samples as there are units, without kinks, are what stationarity asks them to be: λ_i y_i x_i = (B⁻¹ R)_i with the gains B of the
 * units at them and R what is left of the units' directions, where λ_i is such that the margin is 1.
 */
function exact(
  { x, y, slope }: Sampled,
  { units, multipliers, gains }: Stationary,
  random: () => number,
): Exact | null {
  const isKink = (i: number, j: number) => gains[j]![i]! > slope + 1e-4 && gains[j]![i]! < 1 - 1e-4;
  const directions = units.map(({ p }) => {
    const size = normOf(p);
    return unitNear(
      p.map((c) => c / size),
      DENOMINATOR.direction,
      random,
    );
  });
  if (directions.some((u) => u === null)) return null;
  const own = units.map(({ p, sign }, j) => ({
    u: directions[j]!,
    a: rounded(Math.sqrt(normOf(p)), DENOMINATOR.size),
    sign,
  }));
  const gainAt = own.map((_, j) => x.map((_, i) => rounded(gains[j]![i]!, DENOMINATOR.gain)));
  const signed = (c: Rational, sign: number) => (sign > 0 ? c : Q.neg(c));
  const normals = x.map((row, i) =>
    row.map((_, k) =>
      own.reduce((t, { u, a, sign }, j) => {
        const c = isKink(i, j) ? Q.zero : Q.mul(gainAt[j]![i]!, Q.mul(a, a));
        return Q.add(t, signed(Q.mul(c, u[k]!), sign));
      }, Q.zero),
    ),
  );
  const support = x.flatMap((_, i) => (multipliers[i]! > 1e-4 ? [i] : []));
  const plain = support.filter((i) => own.every((_, j) => !isKink(i, j)));
  const moved = x.map((row, i) =>
    support.includes(i)
      ? corrected(row, [
          { normal: normals[i]!, value: signed(Q.one, y[i]!) },
          ...own.flatMap(({ u }, j) => (isKink(i, j) ? [{ normal: u, value: Q.zero }] : [])),
        ])
      : row.map((c) => rounded(c, DENOMINATOR.sample)),
  );
  if (moved.some((row) => row === null)) return null;
  let best: { x: Rational[][]; multipliers: number[]; far: number } | null = null;
  for (let round = 0; round < 12; round++) {
    const order = plain.map((i) => ({ i, at: random() / multipliers[i]! })).sort((a, b) => a.at - b.at);
    const pivots = order.slice(0, own.length).map(({ i }) => i);
    if (pivots.length < own.length) return null;
    const B = own.map(({ sign }, j) => pivots.map((i) => signed(gainAt[j]![i]!, sign)));
    // λ_i y_i x_i with plain numbers: λ_i takes the denominators of x_i into its numerator.
    const rest = own.map(({ u }) => [...u]);
    for (const i of support) {
      if (pivots.includes(i)) continue;
      const scale = moved[i]!.reduce((t, { d }) => (t * d) / gcd(t, d), 1n);
      const lambda = Q.mul(rational(scale), rounded(multipliers[i]! / Number(scale), DENOMINATOR.multiplier));
      for (const [j, { sign }] of own.entries())
        for (const [k, c] of moved[i]!.entries())
          rest[j]![k] = Q.sub(rest[j]![k]!, signed(Q.mul(Q.mul(lambda, gainAt[j]![i]!), c), sign * y[i]!));
    }
    const pulled = x[0]!.map((_, k) =>
      solve(
        Q,
        B,
        rest.map((row) => row[k]!),
      ),
    );
    if (pulled.some((column) => column === null)) continue;
    const result = moved.map((row) => [...row!]);
    const weights = [...multipliers];
    let far = 0;
    for (const [place, i] of pivots.entries()) {
      const vector = pulled.map((column) => column![place]!);
      const lambda = dot(Q, normals[i]!, vector);
      if (Q.sign(lambda) <= 0) far = Infinity;
      else {
        weights[i] = Q.toNumber(lambda);
        result[i] = vector.map((c) => signed(Q.div(c, lambda), y[i]!));
        far = Math.max(far, normOf(result[i]!.map((c, k) => Q.toNumber(c) - x[i]![k]!)));
      }
    }
    if (far < (best?.far ?? 0.5)) best = { x: result, multipliers: weights, far };
  }
  return best === null ? null : { x: best.x, units: own, multipliers: best.multipliers };
}

/** A sample; with a label, one that the start labels so: few units do not separate any samples. */
function drawn(start: readonly Unit[], label: number, slope: number, normal: () => number): number[] {
  for (;;) {
    const x = start[0]!.p.map(normal);
    const z = start.map(({ p, sign }) => ({ z: dotNumbers(p, x), sign }));
    if (label * z.reduce((t, one) => t + one.sign * gain(slope, one.z) * one.z, 0) >= (label === 0 ? 0 : 0.5)) return x;
  }
}

/** Whether signs and margins are those of the guess. */
function isAsFound(
  { x, units }: Exact,
  { multipliers, gains }: Stationary,
  y: readonly number[],
  slope: number,
): boolean {
  return x.every((row, i) => {
    let margin = 0;
    const same = units.every(({ u, a, sign }, j) => {
      const z = Q.toNumber(dot(Q, u, row));
      margin += y[i]! * sign * Q.toNumber(a) ** 2 * gain(slope, z) * z;
      const isKink = gains[j]![i]! > slope + 1e-4 && gains[j]![i]! < 1 - 1e-4;
      return isKink
        ? Math.abs(z) < 1e-9
        : multipliers[i]! <= 1e-4 || (Math.abs(z) > 1e-3 && gain(slope, z) === Math.round(gains[j]![i]! * 1000) / 1000);
    });
    return same && (multipliers[i]! > 1e-4 ? Math.abs(margin - 1) < 1e-9 : margin > 1.001);
  });
}

/** The problem; the same for the same request. */
export function randomLabels({ samples, inputs, live, dead = 0, seed, slope = 0 }: RandomLabels): ProblemJson {
  const random = uniform(seed);
  const normal = gaussian(random);
  for (let attempt = 0; attempt < 200; attempt++) {
    const start = Array.from({ length: live === "all" ? inputs : live }, (_, k) => ({
      p: Array.from({ length: inputs }, normal),
      sign: k % 2 === 0 ? 1 : -1,
    }));
    const y = Array.from({ length: samples }, () => (random() < 0.5 ? 1 : -1));
    const x = y.map((label) => drawn(start, live === "all" ? 0 : label, slope, normal));
    const data = { x, y, slope };
    const found = stationaryPoint(data, start, live);
    if (found === null || found.units.some(({ p }) => normOf(p) < 0.01)) continue;
    const point = exact(data, found, random);
    if (point === null || !isAsFound(point, found, y, slope)) continue;
    const near = { x: point.x.map((row) => row.map(Q.toNumber)), y, slope };
    if (live === "all" && steepest(near, point.multipliers).value > 1 + 1e-6) continue;
    const width = point.units.length + dead;
    const zeros = (count: number) => new Array<string>(count).fill("0");
    return {
      format: "margincert/problem/1",
      name: `random-labels-${samples}-samples-width-${width}-live-${point.units.length}-seed-${seed}`,
      network: {
        kind: "fully-connected",
        widths: [inputs, width, 1],
        activation: slope === 0 ? "relu" : { "leaky-relu": formatRational(rounded(slope, DENOMINATOR.gain)) },
      },
      data: point.x.map((row, i) => ({ x: row.map(formatRational), y: y[i]! > 0 ? 1 : -1 })),
      point: [
        ...point.units.flatMap(({ u, a }) => u.map((c) => formatRational(Q.mul(a, c)))),
        ...zeros(dead * inputs),
        ...point.units.map(({ a, sign }) => formatRational(sign > 0 ? a : Q.neg(a))),
        ...zeros(dead),
      ],
    };
  }
  throw new RangeError("no such point was found");
}
