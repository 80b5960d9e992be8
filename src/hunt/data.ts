/** The data sets of a campaign and a network: drawn or enumerated, each once up to what does not matter. */
import { formatRational, Q, type Rational, rational } from "../exact/rational.js";
import { type SignedPermutation, signedPermutations } from "../flow/data-symmetry.js";
import { InputError } from "../network/decode.js";
import type { Network } from "../network/network.js";
import { gaussian, uniform } from "../numeric/random.js";
import type { Campaign, SampleText, Values } from "./campaign.js";

/** A data set of a network, with its number among them. */
export type DataSet = readonly SampleText[];

/** More are not enumerated. */
const MAX_SETS = 1_000_000;
/** Coordinates of more inputs are not permuted: only the order of samples is free. */
const MAX_PERMUTED = 3;
/** Draws that repeat an earlier one are drawn again, so often. */
const AGAIN = 50;

/** A seed for each list of whole numbers. */
export function seedOf(...parts: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    hash = Math.imul(hash ^ (part | 0), 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    hash ^= hash >>> 13;
  }
  return hash >>> 0;
}

/**
 * The data sets, in order; the same on every machine. Zero samples are left out, and sets that are another one in another order, or on
 * fully connected networks in other coordinates: permuted, or with signs or all labels turned.
 */
export function dataSets({ seed, data }: Campaign, network: Network): DataSet[] {
  if (data.kind === "list") return [...data.sets];
  const images = imagesOf(network);
  const seen = new Set<string>();
  const isNew = (set: DataSet) => {
    const key = keyOf(set, images);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  };
  const labels = labelsOf(network, data.labels);
  return data.samples.flatMap((count) => {
    if (data.draws === null) {
      const all = enumerated(data.values, labels, network.inputs, count);
      return all.filter(isNew);
    }
    const sets: DataSet[] = [];
    for (let draw = 0; draw < data.draws; draw++) {
      for (let attempt = 0; attempt < AGAIN; attempt++) {
        const random = uniform(seedOf(seed, 1, network.inputs, count, draw, attempt));
        const set = Array.from({ length: count }, () => drawn(data.values, labels, network.inputs, random));
        if (set.some(isZero) || !isNew(set)) continue;
        sets.push(set);
        break;
      }
    }
    return sets;
  });
}

function labelsOf({ outputs }: Network, labels: "all" | "same"): number[] {
  if (outputs === 1) return labels === "same" ? [1] : [1, -1];
  return labels === "same" ? [1] : Array.from({ length: outputs }, (_, k) => k + 1);
}

function isZero({ x }: SampleText): boolean {
  return x.every((text) => Number(text) === 0);
}

function drawn(values: Values, labels: readonly number[], inputs: number, random: () => number): SampleText {
  const x = Array.from({ length: inputs }, () => {
    if (values.kind === "list") return values.numbers[Math.floor(random() * values.numbers.length)]!;
    return formatRational(
      Q.mul(rational(BigInt(Math.round(gaussian(random)() / Q.toNumber(values.step)))), values.step as Rational),
    );
  });
  return { x, y: labels[Math.floor(random() * labels.length)]! };
}

/** All multisets of samples. */
function enumerated(values: Values, labels: readonly number[], inputs: number, count: number): DataSet[] {
  if (values.kind !== "list") throw new InputError("data.draws", "Gaussian values cannot be enumerated");
  const { numbers } = values;
  const samples: SampleText[] = [];
  const total = numbers.length ** inputs * labels.length;
  ensureCount(total);
  for (let code = 0; code < numbers.length ** inputs; code++) {
    const x = Array.from(
      { length: inputs },
      (_, j) => numbers[Math.floor(code / numbers.length ** j) % numbers.length]!,
    );
    for (const y of labels) if (!isZero({ x, y })) samples.push({ x, y });
  }
  let all = 1;
  for (let k = 0; k < count; k++) all = (all * (samples.length + k)) / (k + 1);
  ensureCount(all);
  const sets: DataSet[] = [];
  const extend = (set: SampleText[], from: number) => {
    if (set.length === count) {
      sets.push(set);
      return;
    }
    for (let k = from; k < samples.length; k++) extend([...set, samples[k]!], k);
  };
  extend([], 0);
  return sets;
}

function ensureCount(count: number): void {
  if (count <= MAX_SETS) return;
  throw new InputError(
    "data.draws",
    `"all" would be some ${Math.round(count).toExponential(0)} data sets, and at most ${MAX_SETS} are enumerated: give a number of draws`,
  );
}

/** A change of coordinates and labels that takes problems of the network to problems of it. */
interface Image {
  readonly coordinates: SignedPermutation;
  readonly label: 1 | -1;
}

function imagesOf(network: Network): Image[] {
  const n = network.inputs;
  const isFull = network.source.kind === "fully-connected" && network.frozen.length === 0 && n <= MAX_PERMUTED;
  const coordinates = isFull
    ? signedPermutations(n)
    : [{ from: Array.from({ length: n }, (_, k) => k), sign: new Array<number>(n).fill(1) }];
  const labels = isFull && network.outputs === 1 ? ([1, -1] as const) : ([1] as const);
  return coordinates.flatMap((one) => labels.map((label) => ({ coordinates: one, label })));
}

/** The least of the texts of its images: equal for sets that are one up to symmetry. */
function keyOf(set: DataSet, images: readonly Image[]): string {
  let least: string | null = null;
  for (const { coordinates, label } of images) {
    const text = set
      .map(({ x, y }) => {
        const image = coordinates.from.map((from, k) => (coordinates.sign[k]! < 0 ? turned(x[from]!) : x[from]!));
        return `${image.join(",")}:${label * y}`;
      })
      .sort()
      .join(" ");
    if (least === null || text < least) least = text;
  }
  return least!;
}

function turned(text: string): string {
  if (Number(text) === 0 || text === "0") return text;
  return text.startsWith("-") ? text.slice(1) : `-${text}`;
}
