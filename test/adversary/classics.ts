/**
 * Points whose degeneracy is known by name, with random data: duplicated neurons, rotations of linear networks, dead neurons inside, at and
 * beyond the edge, kinks between two pieces, XOR, dead branches of deep networks; each also at another scale, even or uneven.
 */
import Fraction from "fraction.js";
import type { Case } from "./generate.js";
import { seeded } from "./numeric.js";
import type { ActivationJson, ProblemJson } from "./problem.js";

type Random = () => number;
type Vector = readonly Fraction[];

const q = (text: string | number): Fraction => new Fraction(text);
const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
const chance = (random: Random, p: number): boolean => random() < p;
const times = (v: Vector, c: Fraction): Fraction[] => v.map((x) => x.mul(c));
const plus = (v: Vector, w: Vector): Fraction[] => v.map((x, k) => x.add(w[k]!));

/** A fully connected network: the weights of each layer by rows, and its samples. */
interface Built {
  readonly activation: ActivationJson;
  readonly layers: readonly (readonly Vector[])[];
  readonly data: readonly { readonly x: Vector; readonly y: 1 | -1 }[];
}

const PLANE = [
  ["1", "0"],
  ["3/5", "4/5"],
  ["-5/13", "12/13"],
  ["8/17", "-15/17"],
  ["-1", "0"],
].map((pair) => pair.map(q));

const across = ([a, b]: Vector): Fraction[] => [b!.neg(), a!];

function activation(random: Random): ActivationJson {
  return pick(random, ["linear", "relu", "relu", { "leaky-relu": "1/10" }, { "leaky-relu": "1/3" }] as const);
}

/** Samples whose sum with weights ½ is the unit vector b: all on the side of b, the margins of b equal 1. */
function supporting(random: Random, b: Vector): Fraction[][] {
  if (chance(random, 0.4)) return [[...b]];
  const aside = times(across(b), q(pick(random, ["1/4", "1/2", "1", "2"])));
  return [plus(b, aside), plus(b, times(aside, q(-1)))];
}

/** One direction, spread over several neurons of each hidden layer. */
function duplicated(random: Random): Built {
  const b = pick(random, PLANE);
  const depth = pick(random, [2, 2, 3]);
  const shares = Array.from({ length: depth - 1 }, () => pick(random, [["3/5", "4/5"], ["1", "0"], ["1"]]).map(q));
  const layers = [...shares, [q(1)]].map((share, l) =>
    share.map((c) => (l === 0 ? times(b, c) : times(shares[l - 1]!, c))),
  );
  return { activation: activation(random), layers, data: supporting(random, b).map((x) => ({ x, y: 1 })) };
}

/** A linear network whose layers are turned by rational rotations. */
function rotated(random: Random): Built {
  return { ...duplicated(random), activation: "linear" };
}

/** A live neuron, a dead one, and samples seen by the dead one at length 3/4, 1 or 5/4 of the edge. */
function atEdge(random: Random): Built {
  const b = pick(random, PLANE);
  const aside = times(across(b), q(pick(random, ["3/4", "1", "5/4"])).mul(pick(random, [1, 2])));
  const share = q(pick(random, ["1/2", "1/3"]));
  const data = [
    { x: plus(b, times(aside, q(1).sub(share))), y: 1 as const },
    { x: plus(b, times(aside, share.neg())), y: 1 as const },
  ];
  const zero = [q(0), q(0)];
  return { activation: activation(random), layers: [[b, zero], [[q(1), q(0)]]], data };
}

/** Two neurons, the sample of the second on the kink of the first, whose multiplier there has to be a strict convex combination. */
function kinked(random: Random): Built {
  const b = pick(random, PLANE);
  const d = times(across(b), q(pick(random, [1, -1])));
  const size = q(pick(random, ["1", "1/2", "2", "3/2"]));
  const share = q(pick(random, ["1/2", "1/4", "3/4", "0", "1", "5/4"]));
  const data = [
    { x: plus(b, times(d, share.neg())), y: 1 as const },
    { x: times(d, size.pow(-2)!), y: 1 as const },
  ];
  return { activation: "relu", layers: [[b, times(d, size)], [[q(1), size]]], data };
}

/** Orthogonal branches through all layers, each its own sample; some dead. */
function branches(random: Random): Built {
  const depth = pick(random, [2, 3, 3]);
  const b = pick(random, PLANE);
  const directions = chance(random, 0.5) ? [b] : [b, across(b)];
  const width = directions.length + pick(random, [0, 1]);
  const row = (k: number) => Array.from({ length: width }, (_, j) => q(j === k ? 1 : 0));
  const dead = (n: number) => Array.from({ length: n }, () => q(0));
  const labels = directions.map(() => pick(random, [1, 1, -1] as const));
  const layers: Vector[][] = [Array.from({ length: width }, (_, j) => directions[j] ?? dead(2))];
  for (let l = 1; l < depth - 1; l++)
    layers.push(Array.from({ length: width }, (_, j) => (j < directions.length ? row(j) : dead(width))));
  layers.push([Array.from({ length: width }, (_, j) => q(labels[j] ?? 0))]);
  const data = directions.flatMap((d, j) =>
    (directions.length === 1 ? supporting(random, d) : [[...d]]).map((x) => ({ x, y: labels[j]! })),
  );
  return { activation: activation(random), layers, data };
}

/** Sizes of the branches far apart: neuron j of size s, its sample of size s^(−depth). */
function uneven(random: Random): Built {
  const depth = pick(random, [2, 2, 3]);
  const b = pick(random, PLANE);
  const sizes = [q(pick(random, ["1", "1000", "1/1024"])), q(pick(random, ["1/64", "256", "1/1000000"]))];
  const directions = [b, pick(random, [across(b), times(across(b), q(-1))])];
  const diagonal = sizes.map((s, k) => sizes.map((_, j) => (j === k ? s : q(0))));
  const layers: Vector[][] = [directions.map((d, j) => times(d, sizes[j]!))];
  for (let l = 1; l < depth - 1; l++) layers.push(diagonal);
  layers.push([sizes]);
  const data = directions.map((d, j) => ({ x: times(d, sizes[j]!.pow(-depth)!), y: 1 as const }));
  return { activation: activation(random), layers, data };
}

const FAMILIES: Record<string, (random: Random) => Built> = {
  duplicated,
  rotated,
  "at the edge": atEdge,
  kinked,
  branches,
  uneven,
};
const SCALES = ["1", "1", "1", "1024", "1/1024", "10000000", "1/10000000", "3"];

/** The k-th classic of a seed. */
export function classic(seed: number, k: number): Case {
  const random = seeded(seed * 1_000_003 + k);
  for (let warm = 0; warm < 10; warm++) random();
  const name = `classic ${seed}-${k}`;
  if (chance(random, 0.06)) return { family: "xor", problem: xor(random, name) };
  const family = pick(random, Object.keys(FAMILIES));
  const { activation: act, layers, data } = FAMILIES[family]!(random);
  const scale = q(pick(random, SCALES));
  const label = scale.equals(1) ? family : "scaled classics";
  const problem: ProblemJson = {
    format: "margincert/problem/1",
    name,
    network: {
      kind: "fully-connected",
      widths: [layers[0]![0]!.length, ...layers.map((layer) => layer.length)],
      activation: act,
    },
    data: data.map(({ x, y }) => ({ x: times(x, scale.pow(layers.length)!).map((c) => c.toFraction()), y })),
    point: layers.flat(2).map((c) => c.div(scale).toFraction()),
  };
  return { family: label, problem };
}

/** XOR with its four neurons of norm 1/2^¼ each way, or of all sizes alike over ℚ(√2), with neurons duplicated or dead. */
function xor(random: Random, name: string): ProblemJson {
  const [c, s] = pick(random, [
    ["1", "1"],
    ["sqrt(2)", "0"],
    ["1/2+1/2*sqrt(3)", "1/2-1/2*sqrt(3)"],
  ] as const);
  const corners = [
    [`${c}`, `${s}`],
    [`-(${c})`, `-(${s})`],
    [`-(${s})`, `${c}`],
    [`${s}`, `-(${c})`],
  ];
  const size = "1/root(2,4)";
  const dead = chance(random, 0.5) ? 1 : 0;
  const rows = corners.map((x) => x.map((one) => `(${one})/sqrt(2)*${size}`));
  return {
    format: "margincert/problem/1",
    name,
    network: {
      kind: "fully-connected",
      widths: [2, 4 + dead, 1],
      activation: "relu",
    },
    data: corners.map((x, k) => ({ x, y: k < 2 ? 1 : -1 })),
    point: [
      ...rows.flat(),
      ...(dead === 1 ? ["0", "0"] : []),
      size,
      size,
      `-${size}`,
      `-${size}`,
      ...(dead === 1 ? ["0"] : []),
    ],
  };
}
