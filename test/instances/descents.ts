/** Problems of any size with many kinks at the point, of which it is known whether a descent leaves it. */
import { uniform } from "../../src/numeric/random.js";
import type { ProblemJson } from "../adversary/problem.js";

/**
 * ReLU, one live unit that serves all samples by their last input, and dead ones. Waking one lowers the norm at second order in exactly one of
 * the 2ⁿ pieces of its signs, or in none (`wakes`): a direction w helps iff Σ_i σ(w·x_i) > n h |w|, h being the last input; the most that
 * the samples S add is |Σ_S x_i|, and n h is put between the two largest of these. Of depth 3 the dead units are in both hidden layers.
 */
export function waking(options: {
  readonly samples: number;
  readonly dead: number;
  readonly depth: 2 | 3;
  readonly wakes: boolean;
}): ProblemJson {
  const { samples: n, dead, depth, wakes } = options;
  // x_i = g_i e_i − Σ g e / n beside h: |Σ_S x|² = B + (k h)², k = |S|, which is linear in Σ_S g² for given k.
  const g = Array.from({ length: n }, (_, i) => n + i);
  const total = g.reduce((t, c) => t + c * c, 0);
  const ratios = Array.from({ length: n - 1 }, (_, j) => j + 1).flatMap((k) => {
    const s = k / n;
    const ratio = (own: number) => ((1 - s) ** 2 * own + s ** 2 * (total - own)) / (1 - s * s);
    const order = s > 1 / 2 ? g : [...g].reverse();
    const best = order.slice(0, k).reduce((t, c) => t + c * c, 0);
    const next = best - order[k - 1]! ** 2 + order[k]! ** 2;
    return [ratio(best), ratio(next)];
  });
  ratios.sort((a, b) => b - a);
  const [low, high] = wakes ? [ratios[1]!, ratios[0]!] : [ratios[0]!, 1.1 * ratios[0]!];
  // h = rᵈ, so that the live unit's weights are 1/r: n² h² is in the middle.
  const root = (((low + high) / 2) ** (1 / 2) / n) ** (1 / depth);
  const denominator = 2 ** 24;
  const r = BigInt(Math.round(root * denominator));
  const h = `${r ** BigInt(depth)}/${BigInt(denominator) ** BigInt(depth)}`;
  const size = `${denominator}/${r}`;
  const width = 1 + dead;
  const layer = (inputs: number, at: number) => [
    ...Array.from({ length: inputs }, (_, k) => (k === at ? size : "0")),
    ...new Array<string>(dead * inputs).fill("0"),
  ];
  return {
    format: "margincert/problem/1",
    name: `${wakes ? "waking" : "sleeping"}-depth-${depth}-${n}-samples-${dead}-dead`,
    network: {
      kind: "fully-connected",
      widths: [n + 1, ...new Array<number>(depth - 1).fill(width), 1],
      activation: "relu",
    },
    data: g.map((_, i) => ({ x: [...g.map((c, k) => `${(i === k ? n * c : 0) - c}/${n}`), h], y: 1 })),
    point: [...layer(n + 1, n), ...(depth === 3 ? layer(width, 0) : []), size, ...new Array<string>(dead).fill("0")],
  };
}

/**
 * ReLU, sparse, of depth 2: each sample has a unit of its own, and at all of them one more unit is at its kink, of input u on `dimension`
 * coordinates. To first order a descent is a u with Σ y_i σ(u·x_i) > 0. Either the samples of label 1 alone are on where u is near a hidden
 * direction, among others that outweigh them elsewhere; or each is the sum of two of label −1 (`descends` false), and there is none.
 */
export function kinked(options: {
  readonly samples: number;
  readonly dimension: number;
  readonly descends: boolean;
  readonly seed: number;
}): ProblemJson {
  const { samples: n, dimension, descends, seed } = options;
  const random = uniform(seed);
  const draw = () => Array.from({ length: dimension }, () => Math.floor(random() * 13) - 6);
  const hidden = draw();
  const along = (x: readonly number[]) => x.reduce((t, c, k) => t + c * hidden[k]!, 0);
  const samples: { x: readonly number[]; y: 1 | -1 }[] = [];
  while (samples.length < n) {
    const [a, b] = [draw(), draw()];
    if (!descends) {
      samples.push({ x: a.map((c, k) => c + b[k]!), y: 1 }, { x: a, y: -1 }, { x: b, y: -1 });
      continue;
    }
    // Of label 1 those that the hidden direction likes just a little, of label −1 those that it dislikes.
    const [s, y] = [along(a), samples.length % 3 === 0 ? (1 as const) : (-1 as const)];
    if (s === 0) continue;
    samples.push({ x: s > 0 === (y === 1) ? a : a.map((c) => -c), y });
  }
  const chosen = samples.slice(0, n);
  const inputs = 1 + dimension + n;
  const row = (from: number, to: number, name: string) =>
    Array.from({ length: inputs }, (_, k) => (k >= from && k < to ? `${name}${k}` : (0 as const)));
  const axis = (at: number) => Array.from({ length: inputs }, (_, k) => (k === at ? "1" : "0"));
  return {
    format: "margincert/problem/1",
    name: `${descends ? "kinked" : "level"}-${n}-samples-dimension-${dimension}`,
    network: {
      kind: "layers",
      activation: "relu",
      layers: [
        [row(0, 1 + dimension, "u"), ...chosen.map((_, i) => row(1 + dimension + i, 2 + dimension + i, "w"))],
        [["v", ...chosen.map((_, i) => `v${i}`)]],
      ],
    },
    data: [
      { x: axis(0), y: 1 },
      ...chosen.map(({ x, y }, i) => ({
        x: axis(1 + dimension + i).map((c, k) => (k > 0 && k <= dimension ? `${x[k - 1]!}` : c)),
        y,
      })),
    ],
    point: [
      "1",
      ...new Array<string>(dimension).fill("0"),
      ...chosen.map(() => "1"),
      "1",
      ...chosen.map(({ y }) => `${y}`),
    ],
  };
}
