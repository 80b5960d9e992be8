/** Problems of any size whose global optimum is known, for tests and benches: the samples of a label are one unit's. */
import type { ActivationJson, ProblemJson } from "../adversary/problem.js";

interface Size {
  readonly samples: number;
  readonly width: number;
}

function fullyConnected(
  name: string,
  { samples, width }: Size,
  activation: ActivationJson,
  data: ProblemJson["data"],
  /** The live units' weights, per label. */
  live: readonly { readonly w: readonly string[]; readonly v: string }[],
): ProblemJson {
  const dead = new Array<string>(samples).fill("0");
  const units = Array.from({ length: width }, (_, k) => live[k] ?? { w: dead, v: "0" });
  return {
    format: "margincert/problem/1",
    name,
    network: { kind: "fully-connected", widths: [samples, width, 1], activation },
    data,
    point: [...units.flatMap(({ w }) => w), ...units.map(({ v }) => v)],
  };
}

/** x_i = √N e_i, N being the number of samples of its label; of one label, or half of them of each. */
export function orthogonal({ samples, width, labels }: Size & { readonly labels: 1 | 2 }): ProblemJson {
  const share = samples / labels;
  const axis = (i: number) => Array.from({ length: samples }, (_, k) => (k === i ? `sqrt(${share})` : "0"));
  const sum = (of: number) =>
    Array.from({ length: samples }, (_, k) => (Math.floor(k / share) === of ? `1/sqrt(${share})` : "0"));
  return fullyConnected(
    `orthogonal-${labels}-labels-${samples}-samples-width-${width}`,
    { samples, width },
    "relu",
    Array.from({ length: samples }, (_, i) => ({ x: axis(i), y: i < share ? 1 : -1 })),
    [
      { w: sum(0), v: "1" },
      { w: sum(1), v: "-1" },
    ].slice(0, labels),
  );
}

/** The same, half of each label, with small entries added that sum to zero over samples and coordinates of a label. */
export function nearlyOrthogonal({ samples, width }: Size): ProblemJson {
  const problem = orthogonal({ samples, width, labels: 2 });
  const share = samples / 2;
  const data = problem.data.map(({ x, y }, i) => {
    const moved = [...x];
    const [own, other, at] = [i < share ? 0 : share, i < share ? share : 0, i % share];
    const add = (start: number, step: number, c: string) => {
      moved[start + ((at + step) % share)] = c;
    };
    add(own, 1, "1/32");
    add(own, 2, "-1/32");
    add(other, 1, "1/32");
    add(other, 3, "-1/32");
    return { x: moved, y };
  });
  return { ...problem, name: `nearly-${problem.name}`, data };
}

/** Leaky ReLU: each live unit sees the samples of the other label too, with its slope s, as Σ x − s Σ x over N (1 + s²) of either label. */
export function leakyOrthogonal({ samples, width, slope }: Size & { readonly slope: string }): ProblemJson {
  const share = samples / 2;
  // ‖w‖ = 1 and a margin of 1 together: (1 + s²) c t = 1, N c² (1 + s²) = 1, where w = c on its label and −s c on the other, x = t e.
  const [n, d] = slope.split("/").map(Number) as [number, number];
  const square = `${share * (d * d + n * n)}/${d * d}`;
  const size = `1/sqrt(${square})`;
  const data = Array.from({ length: samples }, (_, i) => ({
    x: Array.from({ length: samples }, (__, k) => (k === i ? `sqrt(${square})*${d * d}/${d * d + n * n}` : "0")),
    y: i < share ? (1 as const) : (-1 as const),
  }));
  const row = (label: number) =>
    Array.from({ length: samples }, (_, k) => (Math.floor(k / share) === label ? size : `-(${slope})*${size}`));
  return fullyConnected(
    `leaky-orthogonal-${samples}-samples-width-${width}`,
    { samples, width },
    { "leaky-relu": slope },
    data,
    [
      { w: row(0), v: "1" },
      { w: row(1), v: "-1" },
    ],
  );
}

/** ReLU of depth 3 or more: the same samples, half of each label, with a path of unit weights for each label; the other units are dead. */
export function deepOrthogonal({ samples, width, depth }: Size & { readonly depth: number }): ProblemJson {
  const shallow = orthogonal({ samples, width, labels: 2 });
  const first = shallow.point.slice(0, width * samples);
  const between = Array.from({ length: width * width }, (_, k) => (k === 0 || k === width + 1 ? "1" : "0"));
  const layers = Array.from({ length: depth - 2 }, () => between);
  return {
    ...shallow,
    name: `deep-${depth}-orthogonal-${samples}-samples-width-${width}`,
    network: {
      kind: "fully-connected",
      widths: [samples, ...layers.map(() => width), width, 1],
      activation: "relu",
    },
    point: [...first, ...layers.flat(), ...shallow.point.slice(width * samples)],
  };
}

/**
 * The same network; the samples of a label are pairs with 1 in a coordinate of the label and ±2 in one of the pair. The two of a pair
 * have a negative product, so that a path follows their mean and not each of them, and multipliers are many.
 */
export function deepObtuse({ samples, width, depth }: Size & { readonly depth: number }): ProblemJson {
  const share = samples / 2;
  const inputs = 2 + samples / 2;
  const axis = (label: number, pair: number) => label * (1 + share / 2) + pair;
  const vector = (entries: ReadonlyMap<number, string>) =>
    Array.from({ length: inputs }, (_, k) => entries.get(k) ?? "0");
  const data = Array.from({ length: samples }, (_, i) => {
    const [label, pair] = [Math.floor(i / share), 1 + Math.floor((i % share) / 2)];
    const x = vector(
      new Map([
        [axis(label, 0), "1"],
        [axis(label, pair), i % 2 === 0 ? "2" : "-2"],
      ]),
    );
    return { x, y: label === 0 ? (1 as const) : (-1 as const) };
  });
  const rows = Array.from({ length: width }, (_, u) => vector(u < 2 ? new Map([[axis(u, 0), "1"]]) : new Map()));
  const deep = deepOrthogonal({ samples: 2, width, depth });
  return {
    ...deep,
    name: `deep-${depth}-obtuse-${samples}-samples-width-${width}`,
    network: {
      kind: "fully-connected",
      widths: [inputs, ...Array.from({ length: depth - 1 }, () => width), 1],
      activation: "relu",
    },
    data,
    point: [...rows.flat(), ...deep.point.slice(2 * width)],
  };
}

/**
 * Diagonal ReLU of depth 3, a strict local optimum: each of the live branches has an input of 3 at a sample of its own and 1 at the others, and
 * all of them make up the margins; the other branches are dead, of inputs 1 to 3.
 */
export function diagonalBranches(live: number, dead: number): ProblemJson {
  const size = `root(1/${live + 2},3)`;
  const layer = [...new Array<string>(live).fill(size), ...new Array<string>(dead).fill("0")];
  return {
    format: "margincert/problem/1",
    name: `diagonal-${live}-live-${dead}-dead`,
    network: { kind: "diagonal", width: live + dead, depth: 3, activation: "relu" },
    data: Array.from({ length: live }, (_, i) => ({
      x: layer.map((_, j) => (j < live ? (j === i ? "3" : "1") : `${1 + ((i + j) % 3)}`)),
      y: 1,
    })),
    point: [...layer, ...layer, ...layer],
  };
}
