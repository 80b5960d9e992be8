/** Many starts: where the flow goes from each, and how often it goes to the same limit. */
import { cpus } from "node:os";
import { Worker } from "node:worker_threads";
import { InputError } from "../network/decode.js";
import type { Problem } from "../network/instance.js";
import { gaussian, uniform } from "../numeric/random.js";
import { type Loss, type ProblemFile, parseProblem } from "../problem/problem.js";
import { ensureLoss } from "./loss.js";
import { distance, norm } from "./matrix.js";
import { modelOf } from "./model.js";
import { ACCURACY, directionOf, runFlow } from "./run.js";

export interface StartsRequest {
  /** The text of the problem file: workers parse it for themselves. */
  readonly source: string;
  /** Of a family, the value of its parameter, such as `s=1/2`. */
  readonly at?: string | null;
  readonly count: number;
  readonly seed: number;
  /** Gaussian starts around `flow.start` where not null, with this standard deviation; else Gaussian around zero, of deviation 1. */
  readonly around: number | null;
  readonly loss?: Loss;
  /** What the KKT residual is to reach; default 1e-8. */
  readonly accuracy?: number;
  /** Default: one per core. The result does not depend on it. */
  readonly workers?: number;
}

/** Where one start leads: a limit direction, or why there is none. */
export type Outcome =
  | { readonly direction: readonly number[]; readonly normalizedMargin: number; readonly reason: null }
  | { readonly direction: null; readonly normalizedMargin: null; readonly reason: string };

/** Starts that end in the same direction, up to a permutation of hidden neurons. */
export interface Limit {
  readonly count: number;
  /** Of the first of these starts. */
  readonly direction: readonly number[];
  readonly normalizedMargin: number;
  /** Whether it is the direction of the point; null without a point. */
  readonly isPoint: boolean | null;
}

export interface StartsResult {
  readonly name: string;
  readonly loss: Loss;
  readonly starts: number;
  readonly seed: number;
  readonly around: number | null;
  /** The most frequent first. */
  readonly limits: readonly Limit[];
  /** Starts that reached no limit, by the reason. */
  readonly others: readonly { readonly count: number; readonly reason: string }[];
}

/** Directions closer than this are the same limit. */
const SAME = 1e-5;

/** The start of the given index: it depends on the seed and the index only. */
export function startAt(
  { seed, around }: Pick<StartsRequest, "seed" | "around">,
  index: number,
  size: number,
  centre: readonly number[] | null,
): number[] {
  const random = uniform(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const normal = gaussian(random);
  return Array.from({ length: size }, (_, j) => (around === null ? normal() : (centre?.[j] ?? 0) + around * normal()));
}

/** Runs the starts of the given indices, one after the other. */
export function runStarts(request: StartsRequest, indices: readonly number[]): Outcome[] {
  const file = parseProblem(request.source, request.at ?? null);
  const accuracy = request.accuracy ?? ACCURACY;
  const size = file.problem.network.parameters.length;
  // The point takes no part in a run: it is compared with the limit afterwards.
  const free: ProblemFile<unknown> = { ...file, problem: { ...file.problem, point: null } };
  return indices.map((index) => {
    const start = startAt(request, index, size, file.flow?.start ?? null);
    const run = runFlow(free, { start, accuracy, ...(request.loss === undefined ? {} : { loss: request.loss }) });
    const { kktResidual, normalizedMargin } = run.result;
    if (kktResidual !== null && kktResidual <= accuracy) {
      return { direction: [...run.observations.at(-1)!.direction], normalizedMargin, reason: null };
    }
    const reason =
      normalizedMargin <= 0 ? "the loss does not go to zero" : "the KKT residual does not reach the accuracy";
    return { direction: null, normalizedMargin: null, reason };
  });
}

/** Runs all starts, on all cores, and groups their limits. Throws InputError on a bad problem file, and where `runFlow` would. */
export async function flowFromStarts(request: StartsRequest): Promise<StartsResult> {
  const { problem, flow } = parseProblem(request.source, request.at ?? null);
  if (request.around !== null && flow?.start == null) {
    throw new InputError(flow === null ? "flow" : "flow.start", "missing: there is no start to choose others around");
  }
  const loss = request.loss ?? flow?.loss ?? "exponential";
  ensureLoss(loss, problem.network.outputs);
  modelOf(problem);
  const workers = Math.max(1, Math.min(request.workers ?? cpus().length, request.count));
  const outcomes = new Array<Outcome>(request.count);
  await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      const indices = [...outcomes.keys()].filter((index) => index % workers === worker);
      const found = workers === 1 ? runStarts(request, indices) : await inWorker(request, indices);
      indices.forEach((index, k) => {
        outcomes[index] = found[k]!;
      });
    }),
  );
  const target = directionOf(problem);
  const limits: { count: number; direction: Float64Array; normalizedMargin: number }[] = [];
  const others = new Map<string, number>();
  for (const outcome of outcomes) {
    if (outcome.direction === null) {
      others.set(outcome.reason, (others.get(outcome.reason) ?? 0) + 1);
      continue;
    }
    const direction = Float64Array.from(outcome.direction);
    const known = limits.find((limit) => distanceUpToNeurons(problem, direction, limit.direction) < SAME);
    if (known === undefined) limits.push({ count: 1, direction, normalizedMargin: outcome.normalizedMargin });
    else known.count++;
  }
  return {
    name: problem.name,
    loss,
    starts: request.count,
    seed: request.seed,
    around: request.around,
    limits: limits
      .map(({ count, direction, normalizedMargin }) => ({
        count,
        direction: [...direction],
        normalizedMargin,
        isPoint: target === null ? null : distanceUpToNeurons(problem, direction, target) < SAME,
      }))
      .sort((a, b) => b.count - a.count),
    others: [...others].map(([reason, count]) => ({ count, reason })).sort((a, b) => b.count - a.count),
  };
}

function inWorker(request: StartsRequest, indices: readonly number[]): Promise<Outcome[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./starts-worker.js", import.meta.url), { workerData: { request, indices } });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

/**
 * The distance of two directions up to permutations of the hidden neurons of fully connected networks, layer by layer from the
 * inputs: each neuron is matched with the closest one left, by its incoming weights and its outgoing ones, of which only the length
 * counts where they go to neurons that are themselves to be matched.
 */
export function distanceUpToNeurons(problem: Problem<unknown>, u: Float64Array, v: Float64Array): number {
  const { network, field, frozen } = problem;
  if (network.source.kind !== "fully-connected") return distance(u, v);
  const { layers } = network;
  const constants = frozen.map((value) => field.toNumber(value));
  const [mine, others] = [u, v].map((w) => (weight: number) => w[weight] ?? constants[weight - w.length]!);
  let total = 0;
  // Where the neurons of the layer below went: the place in v of each place in u.
  let below = Array.from({ length: network.inputs }, (_, place) => place);
  layers.forEach((layer, l) => {
    const incoming = (weight: (k: number) => number, unit: number, order: readonly number[]) =>
      Float64Array.from(order, (from) => weight(layer[unit]![from]!.weight));
    const outgoing = (weight: (k: number) => number, unit: number) => {
      const column = Float64Array.from(layers[l + 1] ?? [], (row) => weight(row[unit]!.weight));
      return l + 2 < layers.length ? Float64Array.of(norm(column)) : column;
    };
    const straight = below.map((_, place) => place);
    const free = new Set(layer.keys());
    below = layer.map((_, unit) => {
      const gaps = [...(l + 1 < layers.length ? free : [unit])].map((place) => {
        const square = distance(incoming(mine!, unit, straight), incoming(others!, place, below)) ** 2;
        return { place, square, gap: square + distance(outgoing(mine!, unit), outgoing(others!, place)) ** 2 };
      });
      const best = gaps.reduce((least, one) => (one.gap < least.gap ? one : least));
      free.delete(best.place);
      total += best.square;
      return best.place;
    });
  });
  return Math.sqrt(total);
}
