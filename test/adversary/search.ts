/**
 * The opponent: looks for a feasible point of smaller norm, anywhere or in a ball, with all parameters or one layer's. Local
 * steps solve the problem linearised at the present pattern; Φ is homogeneous in what moves, so every point is rescaled to be
 * feasible with least margin 1.
 */
import { combine, dot, leastNormPoint, norm2, normal, solveLinear } from "./numeric.js";
import { gradient, margin, margins, patternAt, preactivations, type Shadow } from "./shadow.js";

export type Scope = number | null;

export interface Rival {
  readonly theta: number[];
  /** ½‖·‖² is what (P) minimises; this is ‖·‖² of the moving parameters. */
  readonly size: number;
  readonly distance: number;
}

interface Setting {
  readonly shadow: Shadow;
  readonly moving: readonly number[];
  readonly degree: number;
  /** The ball around the point to stay in. */
  readonly radius: number;
}

function setting(shadow: Shadow, scope: Scope, radius: number): Setting {
  const moving = shadow.point.flatMap((_, k) => (scope === null || shadow.layerOf[k] === scope ? [k] : []));
  return { shadow, moving, degree: scope === null ? shadow.layers.length : 1, radius };
}

function sizeOf(moving: readonly number[], theta: readonly number[]): number {
  return moving.reduce((s, k) => s + theta[k]! ** 2, 0);
}

function distanceTo({ shadow, moving }: Setting, theta: readonly number[]): number {
  return Math.sqrt(moving.reduce((s, k) => s + (theta[k]! - shadow.point[k]!) ** 2, 0));
}

/** The multiple with least margin 1, or null where the margins are not positive or it leaves the ball. */
function feasible(s: Setting, theta: readonly number[]): Rival | null {
  const least = Math.min(...margins(s.shadow, theta));
  if (!(least > 1e-9)) return null;
  const factor = least ** (-1 / s.degree);
  const scaled = [...theta];
  for (const k of s.moving) scaled[k]! *= factor;
  const distance = distanceTo(s, scaled);
  return distance > s.radius ? null : { theta: scaled, size: sizeOf(s.moving, scaled), distance };
}

/** Linearised steps from a feasible start to a local minimum of the norm, nearly. */
function descend(s: Setting, start: Rival, steps: number, random: () => number): Rival {
  const { shadow, moving, degree } = s;
  let best = start;
  let stalled = 0;
  for (let step = 0; step < steps && stalled < 3; step++) {
    const rows: number[][] = [];
    const bounds: number[] = [];
    for (const i of shadow.data.keys()) {
      const value = margin(shadow, best.theta, i);
      const patterns = [patternAt(shadow, best.theta, i)];
      // Once stalled, pieces nearby have a say as well.
      for (let k = 0; k < 4 * stalled; k++) {
        const near = best.theta.map((c, j) => (moving.includes(j) ? c + 1e-5 * 10 ** -stalled * normal(random) : c));
        patterns.push(patternAt(shadow, near, i));
      }
      for (const pattern of new Map(patterns.map((p) => [JSON.stringify(p), p])).values()) {
        const g = gradient(shadow, best.theta, i, pattern);
        rows.push(moving.map((k) => g[k]!));
        bounds.push(1 + (degree - 1) * value);
      }
    }
    const target = leastNormPoint(rows, bounds, moving.length);
    let better: Rival | null = null;
    for (let t = 1; t > 1e-4 && better === null; t /= 3) {
      const trial = [...best.theta];
      for (const [j, k] of moving.entries()) trial[k]! += t * (target[j]! - trial[k]!);
      const rival = feasible(s, trial);
      if (rival !== null && rival.size < best.size * (1 - 1e-13)) better = rival;
    }
    if (better === null) stalled++;
    else {
      if (better.size > best.size * (1 - 1e-9)) stalled++;
      best = better;
    }
  }
  return best;
}

/** The best feasible point found from random starts all over the space. */
export function searchEverywhere(shadow: Shadow, scope: Scope, starts: number, random: () => number): Rival | null {
  const s = setting(shadow, scope, Infinity);
  const size = Math.sqrt(sizeOf(s.moving, shadow.point) / s.moving.length) || 1;
  let best: Rival | null = null;
  for (let k = 0; k < starts; k++) {
    const theta = [...shadow.point];
    for (const j of s.moving) {
      if (k % 4 === 0) theta[j]! += size * normal(random);
      else if (k % 4 === 1 && random() < 0.4) theta[j] = 0;
      else theta[j] = size * normal(random);
    }
    const start = feasible(s, theta);
    if (start === null) continue;
    const end = descend(s, start, 60, random);
    if (best === null || end.size < best.size) best = end;
  }
  return best;
}

/**
 * The best feasible point found in the ball around θ: random points of it, points on kinks, points on the surface of the active
 * constraints, each followed by descent within the ball. The second result is the least size at a distance over a fifth
 * of the radius.
 */
export function searchBall(
  shadow: Shadow,
  scope: Scope,
  radius: number,
  starts: number,
  random: () => number,
): { best: Rival | null; afar: Rival | null } {
  const s = setting(shadow, scope, radius);
  let best: Rival | null = null;
  let afar: Rival | null = null;
  const note = (rival: Rival | null) => {
    if (rival === null) return;
    if (best === null || rival.size < best.size) best = rival;
    if (rival.distance > radius / 5 && (afar === null || rival.size < afar.size)) afar = rival;
  };
  for (let k = 0; k < starts; k++) {
    const step = s.moving.map(() => normal(random) * (random() < 0.3 ? 0 : 1));
    const length = Math.sqrt(norm2(step)) || 1;
    const reach = radius * (k % 3 === 0 ? 0.99 : random());
    const theta = [...shadow.point];
    for (const [j, m] of s.moving.entries()) theta[m]! += (reach * step[j]!) / length;
    if (k % 2 === 0) ontoKinks(s, theta, random);
    if (k % 3 !== 1) ontoMargins(s, theta);
    const start = feasible(s, theta);
    note(start);
    if (start !== null && k % 4 === 0) note(descend(s, start, 12, random));
  }
  return { best, afar };
}

/** Moves to where a random choice of the kinks of θ are kinks again, by Newton steps. */
function ontoKinks({ shadow, moving }: Setting, theta: number[], random: () => number): void {
  const kinks = shadow.data.flatMap((_, i) =>
    preactivations(shadow, shadow.point, i).flatMap((layer, l) =>
      layer.flatMap((z, u) => (Math.abs(z) < 1e-12 && random() < 0.5 ? [{ i, l, u }] : [])),
    ),
  );
  if (kinks.length === 0) return;
  for (let round = 0; round < 3; round++) {
    const values = kinks.map(({ i, l, u }) => preactivations(shadow, theta, i)[l]![u]!);
    const rows = kinks.map(({ i, l, u }, k) =>
      moving.map((m) => {
        const moved = [...theta];
        moved[m]! += 1e-6;
        return (preactivations(shadow, moved, i)[l]![u]! - values[k]!) / 1e-6;
      }),
    );
    correct(moving, theta, rows, values);
  }
}

/** Moves to where the active margins are 1 again, by Newton steps of least length. */
function ontoMargins({ shadow, moving }: Setting, theta: number[]): void {
  const active = shadow.data.flatMap((_, i) => (Math.abs(margin(shadow, shadow.point, i) - 1) < 1e-9 ? [i] : []));
  for (let round = 0; round < 3; round++) {
    const rows = active.map((i) => {
      const g = gradient(shadow, theta, i, patternAt(shadow, theta, i));
      return moving.map((k) => g[k]!);
    });
    correct(
      moving,
      theta,
      rows,
      active.map((i) => margin(shadow, theta, i) - 1),
    );
  }
}

function correct(
  moving: readonly number[],
  theta: number[],
  rows: readonly (readonly number[])[],
  values: readonly number[],
) {
  const gram = rows.map((a, i) => rows.map((b, j) => dot(a, b) + (i === j ? 1e-10 : 0)));
  const step = combine(rows, solveLinear(gram, values), moving.length);
  if (step.some((c) => !Number.isFinite(c))) return;
  for (const [j, k] of moving.entries()) theta[k]! -= step[j]!;
}
