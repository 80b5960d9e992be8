/**
 * Small problems whose points are built to be KKT points, degenerate ones on purpose: a candidate is put together from rational
 * data, its samples are scaled so that the margins are 1, and it is kept when θ lies in the cone of the gradients nearby (in
 * floating point; what it is, is for `check` to say). Some are then perturbed, made infeasible, or moved to another field.
 */
import Fraction from "fraction.js";
import { nearbyGradients } from "./examine.js";
import { distanceToCone, seeded } from "./numeric.js";
import type { ActivationJson, NetworkJson, ProblemJson } from "./problem.js";
import { shadowOf } from "./shadow.js";

export interface Case {
  readonly family: string;
  readonly problem: ProblemJson;
}

interface Candidate {
  readonly network: NetworkJson;
  readonly point: Fraction[];
  readonly inputs: Fraction[][];
}

type Random = () => number;

const q = (n: number | string, d = 1): Fraction => new Fraction(`${n}`).div(new Fraction(`${d}`));
const ZERO = q(0);
const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
const whole = (random: Random, low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
const chance = (random: Random, p: number): boolean => random() < p;

/** Rational unit vectors, up to signs and order of the coordinates. */
const UNITS: Record<number, string[][]> = {
  1: [["1"]],
  2: [
    ["1", "0"],
    ["3/5", "4/5"],
    ["5/13", "12/13"],
    ["8/17", "15/17"],
  ],
  3: [
    ["1", "0", "0"],
    ["3/5", "4/5", "0"],
    ["1/3", "2/3", "2/3"],
    ["2/7", "3/7", "6/7"],
  ],
};

function unitVector(random: Random, n: number, signs: boolean): Fraction[] {
  const base = pick(random, UNITS[n]!).map((c) => q(c));
  const order = base.map((c) => ({ c, at: random() })).sort((a, b) => a.at - b.at);
  return order.map(({ c }) => (signs && chance(random, 0.5) ? c.neg() : c));
}

const smallVector = (random: Random, n: number): Fraction[] => Array.from({ length: n }, () => q(whole(random, -3, 3)));
const scaled = (v: readonly Fraction[], c: Fraction): Fraction[] => v.map((x) => x.mul(c));
const added = (v: readonly Fraction[], w: readonly Fraction[]): Fraction[] => v.map((x, k) => x.add(w[k]!));
const SIZES = ["1", "1/2", "2", "3/2", "2/3"];

export function activation(random: Random): ActivationJson {
  const r = random();
  return r < 0.3 ? "linear" : r < 0.75 ? "relu" : { "leaky-relu": pick(random, ["1/10", "1/2", "1/3"]) };
}

/** Samples that combine to each direction, group by group, and some that take no part. */
function samplesFor(random: Random, directions: readonly Fraction[][], limit: number): Fraction[][] {
  const n = directions[0]!.length;
  const inputs: Fraction[][] = [];
  for (const b of directions) {
    let rest = scaled(b, q(pick(random, ["1", "1", "-1"])));
    const spare = limit - inputs.length - directions.length;
    for (let k = whole(random, 0, Math.max(0, Math.min(2, spare))); k > 0; k--) {
      const x = chance(random, 0.3) ? pick(random, [across(b), b]) : smallVector(random, n);
      inputs.push(x);
      rest = added(rest, scaled(x, q(pick(random, ["1/2", "-1/2", "1/4", "-1", "-1/5", "1/5"]))));
    }
    inputs.push(rest);
  }
  while (inputs.length < limit && chance(random, 0.35))
    inputs.push(chance(random, 0.3) ? pick(random, inputs) : smallVector(random, n));
  return inputs;
}

/** A vector orthogonal to b: a kink of every unit of that direction. */
function across(b: readonly Fraction[]): Fraction[] {
  if (b.length === 1) return [ZERO];
  return b.map((_, k) => (k === 0 ? b[1]!.neg() : k === 1 ? b[0]! : ZERO));
}

/** Directions in n dimensions, sometimes in fewer (features that are 0 everywhere). */
function directionsIn(random: Random, n: number, count: number): Fraction[][] {
  const used = n > 1 && chance(random, 0.15) ? n - 1 : n;
  return Array.from({ length: count }, () => [
    ...unitVector(random, used, true),
    ...Array.from({ length: n - used }, () => ZERO),
  ]);
}

function shallow(random: Random): Candidate {
  const n = pick(random, [1, 2, 2, 2, 3]);
  const width = whole(random, 1, 3);
  const act = activation(random);
  const directions = directionsIn(random, n, whole(random, 1, Math.min(2, width)));
  const W: Fraction[][] = [];
  const v: Fraction[] = [];
  for (let j = 0; j < width; j++) {
    if (j >= directions.length && chance(random, 0.5)) {
      W.push(directions[0]!.map(() => ZERO));
      v.push(ZERO);
      continue;
    }
    const size = q(j < directions.length ? pick(random, SIZES) : pick(random, ["3/4", "4/3", "1"]));
    const b = directions[j < directions.length ? j : whole(random, 0, directions.length - 1)]!;
    W.push(scaled(b, size));
    v.push(chance(random, j < directions.length ? 0.25 : 0) ? size.neg() : size);
  }
  const inputs = samplesFor(random, directions, whole(random, 1, 4));
  return {
    network: { kind: "fully-connected", widths: [n, width, 1], activation: act },
    point: [...W.flat(), ...v],
    inputs,
  };
}

/** Depth 2 with samples that serve several units, at kinks too: one sample per unit is solved for, so that all combine. */
function entangled(random: Random): Candidate {
  const n = pick(random, [2, 2, 3]);
  const count = whole(random, 2, 3);
  const act = pick(random, ["relu", "relu", { "leaky-relu": "1/3" }] as const);
  const off = act === "relu" ? ZERO : q(1, 3);
  const directions = directionsIn(random, n, count);
  const shared = Array.from({ length: whole(random, 0, 4 - count) }, () =>
    chance(random, 0.6)
      ? scaled(across(pick(random, directions)), q(pick(random, ["1", "-1", "1/2"])))
      : smallVector(random, n),
  );
  const shares = ["1/4", "1/2", "3/4"].map((one) => q(one).mul(q(1).sub(off)).add(off));
  const targets = directions.map((b) =>
    shared.reduce(
      (rest, x) => {
        const z = x.reduce((total, c, k) => total.add(c.mul(b[k]!)), ZERO).compare(0);
        return added(rest, scaled(x, (z > 0 ? q(1) : z < 0 ? off : pick(random, shares)).neg()));
      },
      scaled(b, q(pick(random, ["1", "1", "-1"]))),
    ),
  );
  // Unit j is on at its own sample, and here and there at another's.
  const pattern = directions.map((_, j) =>
    directions.map((__, i) => (i === j ? q(1) : chance(random, 0.3) ? q(1) : off)),
  );
  const own = solveExactly(pattern, targets) ?? targets;
  const sizes = directions.map(() => q(pick(random, SIZES)));
  const v = sizes.map((size) => (chance(random, 0.4) ? size.neg() : size));
  return {
    network: { kind: "fully-connected", widths: [n, count, 1], activation: act },
    point: [...directions.flatMap((b, j) => scaled(b, sizes[j]!)), ...v],
    inputs: [...own, ...shared],
  };
}

/** X with A X = B, or null. */
function solveExactly(A: readonly Fraction[][], B: readonly Fraction[][]): Fraction[][] | null {
  const rows = A.map((row, i) => [...row, ...B[i]!]);
  for (const k of A.keys()) {
    const pivot = rows.findIndex((row, i) => i >= k && row[k]!.compare(0) !== 0);
    if (pivot < 0) return null;
    [rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!];
    rows[k] = scaled(rows[k]!, rows[k]![k]!.inverse());
    for (const i of A.keys()) if (i !== k) rows[i] = added(rows[i]!, scaled(rows[k]!, rows[i]![k]!.neg()));
  }
  return rows.map((row) => row.slice(A.length));
}

function single(random: Random): Candidate {
  const n = whole(random, 1, 3);
  const directions = directionsIn(random, n, 1);
  return {
    network: { kind: "fully-connected", widths: [n, 1], activation: activation(random) },
    point: scaled(directions[0]!, q(pick(random, SIZES))),
    inputs: samplesFor(random, directions, whole(random, 1, 4)),
  };
}

/** Depth 3: one direction spread over both hidden layers, or a branch per direction, the others dead. */
function deep(random: Random): Candidate {
  const n = pick(random, [1, 2, 2]);
  const act = activation(random);
  const [h1, h2] = [whole(random, 1, 2), whole(random, 1, 2)];
  const spread = chance(random, 0.4);
  const directions = directionsIn(random, n, spread ? 1 : whole(random, 1, Math.min(h1, h2)));
  const W1 = Array.from({ length: h1 }, () => directions[0]!.map(() => ZERO));
  const W2 = Array.from({ length: h2 }, () => Array.from({ length: h1 }, () => ZERO));
  const W3 = Array.from({ length: h2 }, () => ZERO);
  if (spread) {
    const size = q(pick(random, SIZES));
    const a = unitVector(random, h1, act === "linear");
    const c = unitVector(random, h2, act === "linear");
    for (let i = 0; i < h1; i++) W1[i] = scaled(directions[0]!, a[i]!.mul(size));
    for (let k = 0; k < h2; k++) {
      W2[k] = scaled(a, c[k]!.mul(size));
      W3[k] = c[k]!.mul(size);
    }
  } else {
    for (const [j, b] of directions.entries()) {
      const size = q(pick(random, SIZES));
      W1[j] = scaled(b, size);
      W2[j]![j] = size;
      W3[j] = chance(random, 0.3) ? size.neg() : size;
    }
  }
  return {
    network: { kind: "fully-connected", widths: [n, h1, h2, 1], activation: act },
    point: [...W1.flat(), ...W2.flat(), ...W3],
    inputs: samplesFor(random, directions, whole(random, 1, 3)),
  };
}

function diagonal(random: Random): Candidate {
  const width = whole(random, 1, 3);
  const depth = whole(random, 2, 4);
  const act = activation(random);
  const sizes = Array.from({ length: width }, () => q(pick(random, ["0", "1", "1", "1/2", "2", "2/3"])));
  const signs = Array.from({ length: depth }, () =>
    sizes.map(() => q(chance(random, act === "linear" ? 0.3 : 0.12) ? -1 : 1)),
  );
  const point = signs.flatMap((row) => row.map((s, j) => s.mul(sizes[j]!)));
  const count = whole(random, 1, 3);
  const inputs = Array.from({ length: count - 1 }, () => smallVector(random, width));
  const last = sizes.map((t, j) => {
    const sign = signs.reduce((s, row) => s.mul(row[j]!), q(1));
    const wanted =
      t.compare(0) === 0
        ? q(pick(random, ["0", "1", "1/2", "-1", "2"]))
        : sign.mul(depth === 2 ? q(1) : t.pow(2 - depth)!);
    return inputs.reduce((rest, x) => rest.sub(x[j]!.div(2)), wanted);
  });
  return { network: { kind: "diagonal", width, depth, activation: act }, point, inputs: [...inputs, last] };
}

function convolutional(random: Random): Candidate {
  const filter = whole(random, 1, 2);
  const stride = whole(random, 1, filter);
  const patches = whole(random, 1, 3);
  const input = filter + stride * (patches - 1);
  const act = activation(random);
  const f = scaled(unitVector(random, filter, true), q(pick(random, ["1", "1", "1/2", "3/2"])));
  const count = pick(random, [1, 1, 2]);
  const inputs = Array.from({ length: count }, () => Array.from({ length: input }, () => q(whole(random, -2, 2))));
  if (stride === filter && filter === 2 && chance(random, 0.5)) {
    // Patches whose parts along and across the filter are uncorrelated.
    const along = unitVector(random, Math.max(2, Math.min(3, patches)), true).slice(0, patches);
    const apart = along.map((_, p) => (p < 2 && patches > 1 ? along[1 - p]!.mul(p === 0 ? 2 : -2) : ZERO));
    inputs[0] = along.flatMap((a, p) => added(scaled(f, a), scaled(across(f), apart[p]!)));
  }
  const slope = act === "linear" ? q(1) : act === "relu" ? ZERO : q(act["leaky-relu"]);
  const u = Array.from({ length: patches }, (_, p) =>
    inputs.reduce((total, x, i) => {
      const z = f.reduce((s, c, j) => s.add(c.mul(x[p * stride + j]!)), ZERO);
      return total.add((z.compare(0) > 0 ? z : z.mul(slope)).mul(i === 0 ? 1 : pick(random, [1, -1, 2])));
    }, ZERO),
  );
  const ratio = Math.sqrt(u.reduce((s, c) => s + c.valueOf() ** 2, 0) / f.reduce((s, c) => s + c.valueOf() ** 2, 0));
  const denominator = [1, 2, 3, 4, 5, 6, 8, 10, 12, 13, 15, 20, 25, 26, 30, 65].find(
    (d) => Math.abs(ratio * d - Math.round(ratio * d)) < 1e-9,
  );
  const size = denominator === undefined || ratio === 0 ? q(1) : q(Math.round(ratio * denominator), denominator);
  return {
    network: { kind: "convolutional", input, filter, stride, activation: act },
    point: [...f, ...u.map((c) => c.div(size))],
    inputs,
  };
}

/** Sparse layers with shared weights, and weights from a small grid. */
function layered(random: Random): Candidate {
  const inputs = whole(random, 1, 3);
  const depth = pick(random, [2, 2, 2, 3]);
  const heights = [...Array.from({ length: depth - 1 }, () => whole(random, 1, 3)), 1];
  const layers = heights.map((height, l) => {
    const names = ["a", "b", "c"].map((name) => `${name}${l + 1}`).slice(0, whole(random, 1, 3));
    const below = l === 0 ? inputs : heights[l - 1]!;
    return Array.from({ length: height }, () =>
      Array.from({ length: below }, (): string | 0 => (chance(random, 0.3) ? 0 : pick(random, names))),
    );
  });
  const names = [...new Set(layers.flat(2).filter((name) => name !== 0))];
  const size = pick(random, [["1", "-1"], ["1"], ["1", "1/2"], ["1", "2", "1/2"]]);
  return {
    network: { kind: "layers", activation: activation(random), layers },
    point: names.map(() => (chance(random, 0.2) ? ZERO : q(pick(random, size)).mul(chance(random, 0.2) ? -1 : 1))),
    inputs: Array.from({ length: whole(random, 1, 2) }, () => smallVector(random, inputs)),
  };
}

const FAMILIES: Record<string, (random: Random) => Candidate> = {
  shallow,
  entangled,
  "entangled again": entangled,
  single,
  deep,
  diagonal,
  convolutional,
  layered,
};

/** The same candidate with every sample scaled to margin 1 (its label the sign), some inactive; null where an output is 0. */
function finish(random: Random, { network, point, inputs }: Candidate, name: string): ProblemJson | null {
  const base: ProblemJson = {
    format: "margincert/problem/1",
    name,
    network,
    data: inputs.map((x) => ({ x: x.map(text), y: 1 })),
    point: point.map(text),
  };
  if (point.length === 0 || point.every((c) => c.compare(0) === 0)) return null;
  const outputs = inputs.map((x) => outputOf(base, point, x));
  if (outputs.some((output) => output.compare(0) === 0)) return null;
  const data = inputs.map((x, i) => {
    const reach = i > 0 && chance(random, 0.12) ? q(pick(random, ["2", "3/2", "1001/1000"])) : q(1);
    return {
      x: scaled(x, reach.div(outputs[i]!.abs())).map(text),
      y: (outputs[i]!.compare(0) > 0 ? 1 : -1) as 1 | -1,
    };
  });
  return { ...base, data };
}

const text = (c: Fraction): string => c.toFraction();

/** Φ, exactly. */
function outputOf(problem: ProblemJson, point: readonly Fraction[], x: readonly Fraction[]): Fraction {
  const { layers, slope } = shadowOf(problem);
  const off = typeof problem.network.activation === "object" ? q(problem.network.activation["leaky-relu"]) : q(slope);
  let values = x;
  for (const [l, layer] of layers.entries()) {
    const z = layer.map((row) =>
      row.reduce((s, { from, parameter }) => s.add(point[parameter]!.mul(values[from]!)), ZERO),
    );
    if (l === layers.length - 1) return z[0]!;
    values = z.map((c) => (c.compare(0) > 0 ? c : c.mul(off)));
  }
  return ZERO;
}

export function isStationary(problem: ProblemJson, random: Random): boolean {
  const shadow = shadowOf(problem);
  const size = Math.hypot(...shadow.point);
  return distanceToCone(nearbyGradients(shadow, 60, random), shadow.point) < 1e-9 * size;
}

/** The k-th case of a seed. */
export function generate(seed: number, k: number): Case {
  const random = seeded(seed * 1_000_003 + k);
  for (let warm = 0; warm < 10; warm++) random();
  const name = `adversary ${seed}-${k}`;
  const family = pick(random, Object.keys(FAMILIES));
  const stationary = chance(random, 0.88);
  let candidate: Candidate | null = null;
  let problem: ProblemJson | null = null;
  for (let attempt = 0; attempt < 400; attempt++) {
    const next = FAMILIES[family]!(random);
    const finished = finish(random, next, name);
    if (finished === null) continue;
    [candidate, problem] = [next, finished];
    if (!stationary || isStationary(finished, random)) break;
  }
  if (problem === null || candidate === null) return generate(seed + 7919, k);
  const r = random();
  const label = family.split(" ")[0]!;
  if (r < 0.08) {
    const at = whole(random, 0, candidate.point.length - 1);
    const moved = candidate.point.map((c, j) => (j === at ? c.add(q(pick(random, ["1", "-1"]), 1000)) : c));
    const near = finish(random, { ...candidate, point: moved }, name);
    if (near !== null) return { family: `${label}, near miss`, problem: near };
  }
  if (r < 0.11) {
    const data = problem.data.map(({ x, y }, i): ProblemJson["data"][number] =>
      i > 0 ? { x, y } : chance(random, 0.5) ? { x: x.map(() => "0"), y } : { x: x.map((c) => `(${c})/2`), y },
    );
    return { family: `${label}, infeasible`, problem: { ...problem, data } };
  }
  if (r < 0.25) return { family: `${label}, irrational`, problem: irrational(random, problem) };
  return { family: label, problem };
}

/** The problem over another field: inputs times c and weights by root(c, m), or the plane of the inputs turned. */
function irrational(random: Random, problem: ProblemJson): ProblemJson {
  const { network, data, point } = problem;
  const depth = shadowOf(problem).layers.length;
  if (network.kind === "fully-connected" && network.widths[0] === 2 && chance(random, 0.5)) {
    const [c, s] = pick(random, [
      ["sqrt(2)/2", "sqrt(2)/2"],
      ["1/2", "sqrt(3)/2"],
    ] as const);
    const turn = ([a, b]: readonly string[]) => [`(${a})*${c}-(${b})*${s}`, `(${a})*${s}+(${b})*${c}`];
    const rows = network.widths[1]!;
    const turned = Array.from({ length: rows }, (_, j) => turn(point.slice(2 * j, 2 * j + 2))).flat();
    return {
      ...problem,
      data: data.map(({ x, y }) => ({ x: turn(x), y })),
      point: [...turned, ...point.slice(2 * rows)],
    };
  }
  if (depth === 1) return problem;
  const c = pick(random, [2, 3]);
  return {
    ...problem,
    data: data.map(({ x, y }) => ({ x: x.map((one) => `(${one})*${c}`), y })),
    point: point.map((one) => `(${one})/root(${c},${depth})`),
  };
}
