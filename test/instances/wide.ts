/**
 * Problems of many inputs and few samples, as of small pictures, whose answer is known. The inputs are a square of `side`² pixels; y x = u + r
 * for a predictor u, ± one size on some pixels, with r orthogonal to all predictors and of sum 0 over the samples of u. So Σ y x is a multiple of
 * u, all margins of u are alike, and the points here are global optima: of linear networks any sharing of the predictor is, and of ReLU networks
 * this one, since no two samples of a label have a negative product.
 */
import { uniform } from "../../src/numeric/random.js";
import type { ProblemJson } from "../adversary/problem.js";

export interface Wide {
  readonly activation: "linear" | "relu";
  /** Both labels have one predictor; of ReLU networks each label has its own. */
  readonly labels: 1 | 2;
  /** Fractions everywhere; or pictures, of whole multiples of 1/255 with a border of 0, in which predictors have pixels of their own. */
  readonly data: "dense" | "pictures";
  /** A predictor is one unit's, and the other units are zero; or ten units share the one predictor. */
  readonly units: "one" | "ten";
  readonly side?: number;
  readonly samples?: number;
}

/** The units' weights over the predictor's, where ten share it: of norm 10. */
const SHARES = [4, 4, 4, 4, 3, 3, 3, 2, 2, 1];

export function wide({ activation, labels, data, units, side = 28, samples = 20 }: Wide): ProblemJson {
  const share = samples / labels;
  const labelOf = (i: number) => (i < share ? 1 : -1);
  const isSeparate = activation === "relu" && labels === 2;
  const plan: Plan = {
    side,
    labels: Array.from({ length: samples }, (_, i) => labelOf(i)),
    predictorOf: (i) => (isSeparate && labelOf(i) < 0 ? 1 : 0),
    predictors: isSeparate ? 2 : 1,
  };
  const { xs, signs, length, root } = data === "dense" ? dense(plan) : pictures(plan);
  const live = units === "ten" ? SHARES.map((c) => ({ k: 0, c, of: 10 })) : signs.map((_, k) => ({ k, c: 1, of: 1 }));
  // The predictor u is a unit's weights ‖u‖^½ (u/‖u‖) times its output weight ‖u‖^½.
  const rows = live.map(({ k, c, of }) =>
    signs[k]!.map((sign) => (sign === 0 ? "0" : `${sign * c}/${root * length * of}`)),
  );
  const tops = live.map(({ k, c, of }) => `${k === 0 ? c : -c}/${root * of}`);
  const dead = Array.from({ length: SHARES.length - live.length }, () => new Array<string>(side * side).fill("0"));
  return {
    format: "margincert/problem/1",
    name: `${data}-${activation}-${labels}-labels-${units}-of-10-units-${side * side}-inputs`,
    network: { kind: "fully-connected", widths: [side * side, SHARES.length, 1], activation },
    data: xs.map((x, i) => ({ x, y: labelOf(i) })),
    point: [...rows, ...dead].flat().concat(
      tops,
      dead.map(() => "0"),
    ),
  };
}

interface Plan {
  readonly side: number;
  readonly labels: readonly (1 | -1)[];
  /** How many there are, and which one is a sample's. */
  readonly predictors: number;
  readonly predictorOf: (sample: number) => number;
}

interface Data {
  readonly xs: string[][];
  /** Per predictor its sign, or 0, at each pixel; it has length² pixels. */
  readonly signs: readonly (readonly number[])[];
  readonly length: number;
  /** ‖u‖^{−½} */
  readonly root: number;
}

/** u = ±1/side everywhere; two of them have a negative product. */
function dense({ side, labels, predictors, predictorOf }: Plan): Data {
  const random = uniform(7);
  const pixels = Array.from({ length: side * side }, (_, k) => k);
  const one = pixels.map(() => (random() < 0.5 ? -1 : 1));
  const signs = [one, one.map((c) => (random() < 0.4 ? c : -c))].slice(0, predictors);
  const raw = labels.map(() => orthogonalNoise(pixels, signs, () => Math.floor(5 * random()) - 2));
  const xs = raw.map((own, i) => {
    const group = raw.filter((_, j) => predictorOf(j) === predictorOf(i));
    const y = predictors === 1 ? labels[i]! : 1;
    const u = signs[predictorOf(i)]!;
    return pixels.map((k) => {
      const centred = group.length * own[k]! - group.reduce((total, row) => total + row[k]!, 0);
      return `${y * (4 * group.length * u[k]! + centred)}/${4 * group.length * side}`;
    });
  });
  return { xs, signs, length: side, root: 1 };
}

const BORDER = 3;
const GREY = 120;
const NOISE = 12;
/** Four times what is white; a predictor's pixels have this brightness over its length, which makes ‖u‖ = 1/4. */
const BRIGHT = 4 * 255;
const LENGTHS = [20, 15, 12, 10, 6, 5];

/** 255 x = brightness + noise on the predictor's pixels; where there are two labels, grey ± brightness. */
function pictures({ side, labels, predictors, predictorOf }: Plan): Data {
  const random = uniform(11);
  const pixels = Array.from({ length: side * side }, (_, k) => k);
  const isInside = (c: number) => c >= BORDER && c < side - BORDER;
  const inside = pixels.filter((k) => isInside(Math.floor(k / side)) && isInside(k % side));
  const length = LENGTHS.find((one) => predictors * one ** 2 <= inside.length)!;
  const isGrey = predictors === 1 && labels.includes(-1);
  const regions = Array.from(
    { length: predictors },
    (_, k) => new Set(inside.slice(k * length ** 2, (k + 1) * length ** 2)),
  );
  // Where there is grey, the signs balance, so that it counts for nothing.
  const signs = regions.map((own) => pixels.map((k) => (!own.has(k) ? 0 : isGrey && k % 2 === 0 ? -1 : 1)));
  const raw = labels.map((_, i) =>
    orthogonalNoise([...regions[predictorOf(i)]!], signs, () => Math.floor((NOISE + 1) * random())),
  );
  const xs = labels.map((y, i) => {
    const alike = labels.flatMap((label, j) => (label === y ? [j] : []));
    const after = raw[alike[(alike.indexOf(i) + 1) % alike.length]!]!;
    const u = signs[predictorOf(i)]!;
    return pixels.map((k) => {
      const bright = (isGrey ? y : 1) * u[k]! * (BRIGHT / length);
      return u[k] === 0 ? "0" : `${(isGrey ? GREY : 0) + bright + raw[i]![k]! - after[k]!}/255`;
    });
  });
  return { xs, signs, length, root: 2 };
}

/** ± the same on pairs of pixels at which all predictors have the same signs. */
function orthogonalNoise(
  pixels: readonly number[],
  signs: readonly (readonly number[])[],
  value: () => number,
): number[] {
  const noise = signs[0]!.map(() => 0);
  const single = new Map<string, number>();
  for (const k of pixels) {
    const alike = signs.map((u) => u[k]!).join();
    const other = single.get(alike);
    if (other === undefined) single.set(alike, k);
    else {
      single.delete(alike);
      noise[k] = value();
      noise[other] = -noise[k];
    }
  }
  return noise;
}
