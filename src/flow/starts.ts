/** Many starts: where the flow goes from each, and how often it goes to the same limit. */
import { InputError } from "../network/decode.js";
import type { Problem } from "../network/instance.js";
import { norm, scaled } from "../numeric/matrix.js";
import { gaussian, uniform } from "../numeric/random.js";
import { type Loss, parseProblem } from "../problem/problem.js";
import {
  type Arrangement,
  arrangementKey,
  type ComparedLimit,
  canonicalForm,
  comparedLimit,
  isSameLimit,
  type LimitPoint,
} from "./canonical.js";
import { dataSymmetries, type Symmetry } from "./data-symmetry.js";
import { freedomOf, type KktPoint } from "./kkt-point.js";
import { ensureLoss } from "./loss.js";
import { marginsAt, modelOf, patternAt } from "./model.js";
import { coreCount, inOrder, openPool } from "./pool.js";
import { settler } from "./settle.js";

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
  /** Whether limits that symmetries of the data take to each other are one. */
  readonly symmetries?: boolean;
  /** Default: one per core. The result does not depend on it. */
  readonly workers?: number;
}

/** Where one start leads, or why nowhere. */
export type Outcome =
  | { readonly point: LimitPoint; readonly reason: null }
  | { readonly point: null; readonly reason: string };

/** Starts that end in the same point, up to the order and the sharing of units. */
export interface Limit {
  readonly count: number;
  /** Of the first of these starts, ‖θ‖ = 1. */
  readonly direction: readonly number[];
  readonly normalizedMargin: number;
  /** ½‖θ‖² at least margin 1. */
  readonly halfNorm: number;
  /** Whether it is the point, up to the order and the sharing of units; null without a point. */
  readonly isPoint: boolean | null;
  /** Whether it stands for a continuum of KKT points of one norm, beyond how units share. */
  readonly continuum: boolean;
  /** How the units realise it, the most frequent first. */
  readonly arrangements: readonly LimitArrangement[];
}

export interface LimitArrangement {
  readonly count: number;
  /** Whether some direction is shared by several units, and whether some unit is zero. */
  readonly shared: boolean;
  readonly dead: boolean;
  /** Whether it is how the point has it, up to the order of units; null without a point. */
  readonly isPoint: boolean | null;
  /** Of the first of these starts, of least margin 1. */
  readonly theta: readonly number[];
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

export interface StartsTask {
  readonly request: StartsRequest;
  readonly from: number;
  readonly to: number;
}

/** Starts per task of a worker. */
const CHUNK = 20;

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

/** Runs the starts with the numbers from `from` up to `to`, one after the other. */
export function runStarts({ request, from, to }: StartsTask): Outcome[] {
  const { problem, flow } = parseProblem(request.source, request.at ?? null);
  const settle = settler(problem, request.loss ?? flow?.loss ?? "exponential");
  const size = problem.network.parameters.length;
  return Array.from({ length: to - from }, (_, k): Outcome => {
    const { point, reason } = settle(startAt(request, from + k, size, flow?.start ?? null));
    return point === null ? { point, reason } : { point: limitPoint(point), reason };
  });
}

/** What of a KKT point is compared. */
export function limitPoint(point: KktPoint): LimitPoint {
  const { theta, radius, margins } = point;
  return { theta, radius, freedom: freedomOf(point), active: margins };
}

/** Runs all starts, on all cores, and groups their limits. Throws InputError on a bad problem file, and where `runFlow` would. */
export async function flowFromStarts(request: StartsRequest): Promise<StartsResult> {
  const { problem, flow } = parseProblem(request.source, request.at ?? null);
  if (request.around !== null && flow?.start == null) {
    throw new InputError(flow === null ? "flow" : "flow.start", "missing: there is no start to choose others around");
  }
  const loss = request.loss ?? flow?.loss ?? "exponential";
  ensureLoss(loss, problem.network.outputs);
  const { degree } = modelOf(problem);
  const tasks: StartsTask[] = [];
  for (let from = 0; from < request.count; from += CHUNK)
    tasks.push({ request, from, to: Math.min(from + CHUNK, request.count) });
  const groups = grouping(problem, request.symmetries === true ? dataSymmetries(problem) : []);
  const others = new Map<string, number>();
  const work = { run: runStarts, module: new URL("./starts-worker.js", import.meta.url) };
  const workers = Math.min(request.workers ?? coreCount(), tasks.length);
  const pool = openPool(work, workers);
  try {
    for await (const outcomes of inOrder(tasks, pool, workers)) {
      for (const outcome of outcomes) {
        if (outcome.reason === null) groups.add(outcome.point);
        else others.set(outcome.reason, (others.get(outcome.reason) ?? 0) + 1);
      }
    }
  } finally {
    await pool.close();
  }
  const target = targetOf(problem);
  return {
    name: problem.name,
    loss,
    starts: request.count,
    seed: request.seed,
    around: request.around,
    limits: groups
      .limits()
      .map((limit) => limitOf(limit, degree, target))
      .sort((a, b) => b.count - a.count),
    others: [...others].map(([reason, count]) => ({ count, reason })).sort((a, b) => b.count - a.count),
  };
}

/** Starts that ended in one canonical limit, by the sort of their arrangement. */
export interface GroupedLimit {
  readonly compared: ComparedLimit;
  readonly arrangements: readonly GroupedArrangement[];
}

export interface GroupedArrangement {
  readonly key: string;
  readonly arrangement: Arrangement;
  /** Of the first start, and of a continuum of some more. */
  readonly points: readonly LimitPoint[];
  count: number;
}

/** Points of a continuum that are kept: some have plainer numbers than others. */
const MEMBERS = 8;

/** Groups limits as they come: two are the same where their enclosures meet. In the order of their first starts. */
export function grouping(problem: Problem<unknown>, symmetries: readonly Symmetry[]) {
  const limits: { compared: ComparedLimit; arrangements: (GroupedArrangement & { points: LimitPoint[] })[] }[] = [];
  return {
    add(point: LimitPoint): void {
      const own = comparedLimit(problem, point);
      const { arrangement } = canonicalForm(problem, point.theta);
      let limit = limits.find(({ compared }) => isSameLimit(compared, own));
      if (limit === undefined) {
        const compared = symmetries.length === 0 ? own : comparedLimit(problem, point, symmetries);
        limit = { compared, arrangements: [] };
        limits.push(limit);
      }
      const key = arrangementKey(arrangement);
      const known = limit.arrangements.find((one) => one.key === key);
      if (known === undefined) limit.arrangements.push({ key, arrangement, points: [point], count: 1 });
      else {
        known.count++;
        if (own.continuum !== null && known.points.length < MEMBERS) known.points.push(point);
      }
    },
    limits: (): readonly GroupedLimit[] => limits,
  };
}

/** The point of the problem scaled to least margin 1, with its form and arrangement; null without a point, or with one of no positive margin. */
function targetOf(problem: Problem<unknown>) {
  const { point, field } = problem;
  if (point === null) return null;
  const theta = Float64Array.from(point, (value) => field.toNumber(value));
  const model = modelOf(problem);
  const least = Math.min(...marginsAt(model, patternAt(model, theta), theta));
  if (!(least > 0)) return null;
  const unit = scaled(least ** (-1 / model.degree), theta);
  const { form, arrangement } = canonicalForm(problem, unit);
  const compared: ComparedLimit = { forms: [form], radius: ROUNDING * norm(unit), continuum: null };
  return { compared, key: arrangementKey(arrangement) };
}

/** Of a point that is given in full: what rounding leaves of it. */
const ROUNDING = 1e-12;

function limitOf({ compared, arrangements }: GroupedLimit, degree: number, target: ReturnType<typeof targetOf>): Limit {
  const { theta } = arrangements[0]!.points[0]!;
  const length = norm(theta);
  const isPoint = target === null ? null : isSameLimit(compared, target.compared);
  const count = arrangements.reduce((sum, one) => sum + one.count, 0);
  return {
    count,
    direction: [...scaled(1 / length, theta)],
    normalizedMargin: length ** -degree,
    halfNorm: length ** 2 / 2,
    isPoint,
    continuum: compared.continuum !== null,
    arrangements: arrangements
      .map(({ arrangement, key, points, count }) => ({
        count,
        shared: arrangement.groups.some((layer) => layer.some((members) => members.length > 1)),
        dead: arrangement.dead.some((layer) => layer.length > 0),
        isPoint: isPoint === null ? null : isPoint && key === target!.key,
        theta: [...points[0]!.theta],
      }))
      .sort((a, b) => b.count - a.count),
  };
}
