/** Random families: numbers of the adversary's problems made linear in a parameter, and their pieces compared with `check` at values. */
import type { RationalFunction } from "../../src/exact/function-field.js";
import { halved, type RealRoot } from "../../src/exact/integer-polynomial.js";
import { type Rational, rational } from "../../src/exact/rational.js";
import { type CertifiedPiece, decideFamily } from "../../src/family/diagram.js";
import type { Problem } from "../../src/network/instance.js";
import { parseProblem } from "../../src/problem/problem.js";
import { certify } from "../../src/prover/certify.js";
import { isPlace, rangeText } from "../../src/report/places.js";
import { type Verdict, verdictOf } from "../../src/report/verdict.js";
import { generate } from "../adversary/generate.js";
import { seeded } from "../adversary/numeric.js";

export interface RandomFamily {
  readonly name: string;
  readonly source: string;
}

type Random = () => number;
const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

const INTERVALS = [
  ["-1/2", "1/2"],
  ["0", "1"],
  ["-1", "1"],
  ["-1/10", "1/5"],
] as const;
const SLOPES = ["1", "-1", "1/2", "-2", "1/3"];

/** A problem of the adversary with one to three numbers c + k s; half of them inputs at weights that are 0, where the point may stay one of the same kind. */
export function randomFamily(seed: number, index: number): RandomFamily {
  const random = seeded(seed * 7919 + index);
  const { problem } = generate(seed, index);
  const linear = (c: string) => `(${c}) + (${pick(random, SLOPES)})*s`;
  const data = problem.data.map(({ x, y }) => ({ x: [...x], y }));
  const point = [...problem.point];
  const changes = pick(random, [1, 1, 2, 3]);
  for (let k = 0; k < changes; k++) {
    if (random() < 0.75) {
      const { x } = pick(random, data);
      const zeros = x.flatMap((c, j) => (c === "0" ? [j] : []));
      const j = zeros.length > 0 && random() < 0.6 ? pick(random, zeros) : Math.floor(random() * x.length);
      if (!x[j]!.includes("s")) x[j] = linear(x[j]!);
    } else {
      const j = Math.floor(random() * point.length);
      if (!point[j]!.includes("s")) point[j] = linear(point[j]!);
    }
  }
  const name = `family ${seed} ${index}`;
  const family = { parameter: "s", interval: pick(random, INTERVALS) };
  return { name, source: JSON.stringify({ ...problem, name, family, data, point }) };
}

export interface Examined {
  readonly pieces: readonly CertifiedPiece[];
  /** What contradicts what, in words. */
  readonly contradictions: readonly string[];
  readonly compared: number;
  /** Milliseconds: the family, and the median of its problems at single values. */
  readonly cost: number;
  readonly single: number;
}

/** Decides a family and compares each piece with `check` at so many random values in it, and at its place. */
export function examine({ name, source }: RandomFamily, values: number, seed: number): Examined {
  const random = seeded(seed);
  const { problem, family } = parseProblem(source);
  const began = performance.now();
  const pieces = decideFamily(problem as Problem<RationalFunction>, family!);
  const cost = performance.now() - began;
  const contradictions: string[] = [];
  const times: number[] = [];
  let compared = 0;
  for (const piece of pieces) {
    if (piece.verdict === null) continue;
    const { from, to, verdict } = piece;
    const at = isPlace(piece)
      ? from.low === from.high
        ? [rational(from.low, from.d)]
        : []
      : Array.from({ length: values }, () => between(random, from, to));
    for (const s of at) {
      const one = family!.at(s.toFraction());
      const start = performance.now();
      const instance = { ...one, point: one.point! };
      const own = verdictOf(instance, certify(instance).accepted);
      times.push(performance.now() - start);
      compared++;
      for (const clash of clashes(verdict, own))
        contradictions.push(`${name}, ${rangeText(piece, "s")}, s = ${s.toFraction()}: ${clash}`);
    }
  }
  times.sort((a, b) => a - b);
  return { pieces, contradictions, compared, cost, single: times[Math.floor(times.length / 2)] ?? 0 };
}

/** A random rational strictly between two places. */
function between(random: Random, from: RealRoot, to: RealRoot): Rational {
  let [a, b] = [from, to];
  while (
    64n * (a.high - a.low) * b.d > b.low * a.d - a.high * b.d ||
    64n * (b.high - b.low) * a.d > b.low * a.d - a.high * b.d
  )
    [a, b] = [halved(a), halved(b)];
  const parts = BigInt(1 + Math.floor(random() * 997));
  const [low, high] = [rational(a.high, a.d), rational(b.low, b.d)];
  return low.add(high.sub(low).mul(rational(parts, 998n)));
}

/** Questions that one answers with yes and the other with no. */
function clashes(a: Verdict, b: Verdict): string[] {
  const found: string[] = [];
  const compare = (what: string, x: unknown, y: unknown) => {
    const definite = (one: unknown) => one !== "undecided" && one !== null;
    if (definite(x) && definite(y) && x !== y) found.push(`${what} is ${String(x)} and ${String(y)}`);
  };
  compare("feasible", a.feasible, b.feasible);
  if (a.feasible === false && b.feasible === false) return found;
  for (const key of ["kkt", "local", "global"] as const) compare(key, a[key], b[key]);
  for (const layer of a.layers) {
    const other = b.layers.find((one) => one.layer === layer.layer);
    if (other === undefined) continue;
    for (const key of ["local", "global"] as const) compare(`${key} of layer ${layer.layer}`, layer[key], other[key]);
  }
  return found;
}
