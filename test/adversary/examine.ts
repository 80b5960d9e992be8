/** Cross-examines a verdict: every `yes` and every `no` against the opponent's own search, every curve and better point by value. */
import type { Verdict } from "../../src/report/verdict.js";
import { distanceToCone, dot, norm2, normal, seeded } from "./numeric.js";
import type { ProblemJson } from "./problem.js";
import { type Rival, type Scope, searchBall, searchEverywhere } from "./search.js";
import { gradient, margin, margins, numberOf, patternAt, type Shadow, shadowOf } from "./shadow.js";

export interface Examination {
  /** What cannot be true together with the opponent's findings. */
  readonly contradictions: string[];
  /** Questions left open that the opponent's findings suggest an answer to. */
  readonly missed: string[];
}

type Json = { readonly [key: string]: unknown };

/** How hard to look: numbers of starts. */
export interface Effort {
  readonly everywhere: number;
  readonly ball: number;
}

export function examine(problem: ProblemJson, verdict: Verdict, certificate: string, effort: Effort, seed: number) {
  const shadow = shadowOf(problem);
  const random = seeded(seed);
  const result: Examination = { contradictions: [], missed: [] };
  const statements = (JSON.parse(certificate) as { statements: Json[] }).statements;
  const read = reader(JSON.parse(certificate) as Json);
  const against = (text: string) => result.contradictions.push(text);

  const least = Math.min(...margins(shadow, shadow.point));
  if (Math.abs(least - 1) > 1e-9 && verdict.feasible !== least > 1) against(`feasible: least margin ${least}`);
  consistency(verdict, shadow.layers.length, against);
  if (!verdict.feasible) return result;

  examineKkt(shadow, verdict, random, result);
  for (const statement of statements) examineStatement(shadow, statement, read, effort, random, against);
  const scopes: Scope[] = [null, ...shadow.layers.keys()];
  for (const scope of scopes) examineScope(shadow, scope, verdict, effort, random, result);
  return result;
}

/** What the interface promises of the answers among themselves. */
function consistency(verdict: Verdict, depth: number, against: (text: string) => void): void {
  const { feasible, kkt, local, strict, radius, global, layers, undecided } = verdict;
  const open = [kkt, local, global, ...layers.flatMap((l) => [l.local, l.global])].filter((a) => a === "undecided");
  if (open.length !== undecided.length) against(`${open.length} answers are undecided, ${undecided.length} reasons`);
  if (!feasible) {
    const nothing = kkt === "no" && local === "no" && global === "no" && strict === null && layers.length === 0;
    if (!nothing) against("an infeasible point has answers other than no");
    return;
  }
  if (layers.length !== depth) against(`${layers.length} layers`);
  if (global === "yes" && local !== "yes") against("global yes, local not");
  if (local === "no" && global !== "no") against("local no, global not");
  if (kkt === "no" && local !== "no") against("kkt no, local not");
  if (local === "yes" && kkt !== "yes") against("local yes, kkt not");
  if (strict !== null && (local !== "yes" || radius === null)) against("strict without local or radius");
  for (const one of layers) {
    if (one.global === "yes" && one.local !== "yes") against(`layer ${one.layer}: global yes, local not`);
    if (one.local === "no" && one.global !== "no") against(`layer ${one.layer}: local no, global not`);
    if (local === "yes" && one.local !== "yes") against(`local yes, layer ${one.layer} not`);
    if (global === "yes" && one.global !== "yes") against(`global yes, layer ${one.layer} not`);
    if (one.local === "no" && local !== "no") against(`layer ${one.layer} local no, whole not`);
    if (one.global === "no" && global !== "no") against(`layer ${one.layer} global no, whole not`);
  }
}

function activeSamples(shadow: Shadow): number[] {
  return shadow.data.flatMap((_, i) => (Math.abs(margin(shadow, shadow.point, i) - 1) < 1e-9 ? [i] : []));
}

/** Gradients at θ under the patterns of points nearby: members of the Clarke subdifferentials of the active margins. */
export function nearbyGradients(shadow: Shadow, samples: number, random: () => number): number[][] {
  const found = new Map<string, number[]>();
  for (const i of activeSamples(shadow)) {
    for (let k = 0; k < samples; k++) {
      const size = 10 ** (-4 - (k % 4));
      const near = shadow.point.map((c) => c + size * normal(random) * (random() < 0.2 ? 0.01 : 1));
      const pattern = patternAt(shadow, near, i);
      const key = `${i} ${JSON.stringify(pattern)}`;
      if (!found.has(key)) found.set(key, gradient(shadow, shadow.point, i, pattern));
    }
  }
  return [...found.values()];
}

function examineKkt(shadow: Shadow, { kkt }: Verdict, random: () => number, result: Examination): void {
  const few = distanceToCone(nearbyGradients(shadow, 300, random), shadow.point);
  const size = Math.sqrt(norm2(shadow.point));
  if (kkt === "no" && few < 1e-9 * size) result.contradictions.push(`kkt no, but the distance to the cone is ${few}`);
  if (kkt === "yes" && few > 1e-6 * size) {
    const many = distanceToCone(nearbyGradients(shadow, 20_000, random), shadow.point);
    if (many > 1e-6 * size) result.contradictions.push(`kkt yes, but the distance to the cone is ${many}`);
  }
  if (kkt === "undecided") result.missed.push(`kkt: the distance to the cone is ${few}`);
}

/** Numbers of a certificate, in floating point: coordinates in powers of the field's generator. */
function reader(certificate: Json): (value: unknown) => number {
  const field = (certificate.problem as Json).field as { minimalPolynomial: string[]; interval: string[] } | null;
  const generator = field === null ? 0 : rootOf(field.minimalPolynomial.map(numberOf), field.interval.map(numberOf));
  return (value) =>
    Array.isArray(value)
      ? value.reduce((total: number, c: string, k) => total + numberOf(c) * generator ** k, 0)
      : numberOf(value as string);
}

function rootOf(polynomial: readonly number[], interval: readonly number[]): number {
  const at = (x: number) => polynomial.reduceRight((total, c) => total * x + c, 0);
  let [low, high] = interval as [number, number];
  for (let k = 0; k < 200; k++) {
    const middle = (low + high) / 2;
    if (at(low) * at(middle) <= 0) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
}

function examineStatement(
  shadow: Shadow,
  statement: Json,
  read: (value: unknown) => number,
  effort: Effort,
  random: () => number,
  against: (text: string) => void,
): void {
  const scope: Scope = typeof statement.scope === "number" ? statement.scope - 1 : null;
  const fixed = (theta: readonly number[]) =>
    shadow.point.every((c, k) => scope === null || shadow.layerOf[k] === scope || theta[k] === c);
  const own = norm2(shadow.point);
  if (statement.kind === "not-global") {
    const better = (statement.better as unknown[]).map(read);
    const least = Math.min(...margins(shadow, better));
    if (least < 1 - 1e-9) against(`the better point has margin ${least}`);
    if (norm2(better) > own * (1 + 1e-12)) against("the better point is longer");
    if (
      !shadow.point.every((c, k) => scope === null || shadow.layerOf[k] === scope || Math.abs(better[k]! - c) < 1e-12)
    )
      against("the better point leaves the scope");
  }
  if (statement.kind === "not-local") {
    const { end, steps } = statement.curve as { end: unknown; steps: Record<string, unknown>[] };
    for (const part of [1, 0.7, 0.4, 0.1, 0.01, 0.001]) {
      const t = part * read(end);
      const theta = [...shadow.point];
      for (const [k, step] of steps.entries())
        for (const [name, c] of Object.entries(step)) theta[shadow.names.indexOf(name)]! += read(c) * t ** (k + 1);
      const least = Math.min(...margins(shadow, theta));
      if (least < 1 - 1e-11) against(`at t=${t} the curve has margin ${least}`);
      if (norm2(theta) > own * (1 + 1e-14)) against(`at t=${t} the curve is longer by ${norm2(theta) - own}`);
      if (!fixed(theta)) against("the curve leaves the scope");
    }
  }
  if (statement.kind === "not-kkt") {
    const d = shadow.names.map((name) => {
      const c = (statement.direction as Json)[name];
      return c === undefined ? 0 : read(c);
    });
    if (dot(d, shadow.point) >= 0) against("the direction of not-kkt does not descend");
    const size = Math.sqrt(norm2(d));
    for (const g of nearbyGradients(shadow, 500, random))
      if (dot(d, g) < -1e-9 * size * Math.sqrt(norm2(g))) against(`the direction of not-kkt loses margin at ${g}`);
  }
  if (statement.kind === "strict-local") {
    const radius = read(statement.radius);
    const size = sizeIn(shadow, scope);
    const { best, afar } = searchBall(shadow, scope, radius, effort.ball, random);
    if (best !== null && best.size < size - 1e-11 * size)
      against(`strict-local ${scope}: in the ball of radius ${radius}, ${describe(best, size)}`);
    if (radius > 1e-3 && afar !== null && afar.size <= size + 1e-12 * size)
      against(`strict-local ${scope}: in the ball of radius ${radius}, as good and apart: ${describe(afar, size)}`);
  }
}

function sizeIn(shadow: Shadow, scope: Scope): number {
  return shadow.point.reduce((s, c, k) => (scope === null || shadow.layerOf[k] === scope ? s + c * c : s), 0);
}

function describe(rival: Rival, size: number): string {
  return `a feasible point at distance ${rival.distance.toExponential(3)}, size ${(rival.size - size).toExponential(3)}: [${rival.theta}]`;
}

function examineScope(
  shadow: Shadow,
  scope: Scope,
  verdict: Verdict,
  effort: Effort,
  random: () => number,
  { contradictions, missed }: Examination,
): void {
  const answers = scope === null ? verdict : verdict.layers[scope]!;
  const what = scope === null ? "whole" : `layer ${scope + 1}`;
  const size = sizeIn(shadow, scope);
  if (answers.global !== "no") {
    const rival = searchEverywhere(shadow, scope, effort.everywhere, random);
    if (rival !== null && rival.size < size * (1 - 1e-6)) {
      const text = `${what}: global ${answers.global}, but ${describe(rival, size)}`;
      (answers.global === "yes" ? contradictions : missed).push(text);
    } else if (answers.global === "undecided") missed.push(`${what}: global undecided, no better point found`);
  }
  if (answers.local !== "no") {
    const found = [1e-2, 1e-3].map((radius) => ({
      radius,
      best: searchBall(shadow, scope, radius, effort.ball / 2, random).best,
    }));
    // A descent gains at every radius; a better point that is merely near does not.
    const descends = found.every(
      ({ radius, best }) => best !== null && best.size < size - 1e-4 * radius * radius * size,
    );
    if (descends) {
      const text = `${what}: local ${answers.local}, but ${found.map(({ best }) => describe(best!, size)).join(" and ")}`;
      (answers.local === "yes" ? contradictions : missed).push(text);
    } else if (answers.local === "undecided") missed.push(`${what}: local undecided, no descent found`);
  }
}
