/**
 * A unit of work: a network, a data set and all its starts. Each start's flow is settled; limits are grouped in canonical form; what a limit is
 * is decided once, at the first start that led to it. A unit's tasks, which workers share among them, are stretches of its starts, and then its
 * limits. Nothing here depends on when, where or in which order they are done.
 */
import type { Rational } from "../exact/rational.js";
import { type ComparedLimit, comparedLimit, isSameLimit } from "../flow/canonical.js";
import { dataSymmetries } from "../flow/data-symmetry.js";
import { freedomOf, type KktPoint } from "../flow/kkt-point.js";
import { modelOf } from "../flow/model.js";
import { settler } from "../flow/settle.js";
import { grouping, limitPoint } from "../flow/starts.js";
import { contradictionIn, identifyPoint } from "../identify/index.js";
import type { Problem } from "../network/instance.js";
import { norm } from "../numeric/matrix.js";
import { gaussian, uniform } from "../numeric/random.js";
import { parseProblem } from "../problem/problem.js";
import type { Verdict } from "../report/verdict.js";
import { type Campaign, type CampaignNetwork, type Kind, problemText } from "./campaign.js";
import { type DataSet, seedOf } from "./data.js";

export interface UnitTask {
  readonly unit: number;
  readonly network: number;
  readonly data: number;
  readonly set: DataSet;
}

/** A limit of a data set, in one arrangement of units. */
export interface UnitLimit {
  readonly count: number;
  /** Limits with the same number have the same canonical form. */
  readonly form: number;
  /** Which units share a direction (s) or do not (1), and whether one is zero (0), layer by layer. */
  readonly arrangement: string;
  readonly halfNorm: number;
  /** Whether it stands for a continuum of KKT points of one norm; then the rest is of one of them. */
  readonly continuum: boolean;
  readonly kind: Kind;
  readonly sort: "exact" | "enclosed" | "none";
  readonly kkt: Verdict["kkt"];
  readonly local: Verdict["local"];
  readonly global: Verdict["global"];
  /** Why something is open; empty where nothing is. */
  readonly open: readonly string[];
  /** The number of the first start that led to it. */
  readonly start: number;
  /** The name of its files, where it was kept. */
  readonly name: string | null;
  /**
   * Null where it was decided itself. Else the place, among the unit's limits, of one that is the same but for the arrangement, or a symmetry of
   * the data, and is a global optimum: then so is this one.
   */
  readonly like: number | null;
}

export interface UnitResult {
  readonly unit: number;
  readonly network: number;
  readonly data: number;
  readonly samples: DataSet;
  readonly starts: number;
  readonly limits: readonly UnitLimit[];
  /** Starts without a limit, by the reason. */
  readonly others: readonly { readonly count: number; readonly reason: string }[];
}

/** A kept find, as its files have it. */
export interface Find {
  readonly name: string;
  /** The problem file: with the exact point, or without a point. */
  readonly problem: string;
  readonly certificate: string | null;
}

export interface DoneUnit {
  readonly result: UnitResult;
  readonly finds: readonly Find[];
}

/** Limits are told apart to this many digits where they are written down. */
const DIGITS = 12;

/** Starts of one task. */
const STRETCH = 10;

/** A stretch of a unit's starts. */
export interface FlowTask {
  readonly unit: UnitTask;
  readonly from: number;
  readonly to: number;
}

/** A KKT point without its model, as threads tell each other of it. */
type BarePoint = Omit<KktPoint, "model">;

export type FlowEnd =
  | { readonly point: BarePoint; readonly freedom: number; readonly reason: null }
  | { readonly point: null; readonly reason: string };

/** A limit that is to be decided. */
export interface LimitTask {
  readonly unit: UnitTask;
  readonly name: string;
  readonly form: number;
  readonly arrangement: string;
  readonly count: number;
  readonly halfNorm: number;
  readonly continuum: boolean;
  /** Of the first start that led to it, and of a continuum of some more. */
  readonly members: readonly { readonly start: number; readonly point: BarePoint }[];
  /** A limit of the same data that is shorter, least margin 1; null where there is none. */
  readonly shorter: readonly number[] | null;
  /** The place of the first limit that is this one but for the arrangement or a symmetry of the data. */
  readonly like: number | null;
}

export interface DoneLimit {
  readonly limit: UnitLimit;
  readonly find: Find | null;
}

/** How a unit's tasks are performed: here, or by workers. */
export interface Performer {
  readonly flows: (task: FlowTask) => Promise<FlowEnd[]>;
  readonly limit: (task: LimitTask) => Promise<DoneLimit>;
}

/** Does a unit. */
export async function doUnit(campaign: Campaign, task: UnitTask, perform: Performer): Promise<DoneUnit> {
  const { draws } = campaign.starts;
  const { unit, network, data, set } = task;
  const head = { unit, network, data, samples: set, starts: draws };
  if (contradictionIn(problemOf(campaign, task)) !== null) {
    const others = [{ count: draws, reason: "no point is feasible: two samples contradict each other" }];
    return { result: { ...head, limits: [], others }, finds: [] };
  }
  const stretches = Array.from({ length: Math.ceil(draws / STRETCH) }, (_, k): FlowTask => {
    return { unit: task, from: k * STRETCH, to: Math.min((k + 1) * STRETCH, draws) };
  });
  const ends = (await Promise.all(stretches.map(perform.flows))).flat();
  const limits = limitsOf(campaign, task, ends);
  const first = await Promise.all(limits.map((one) => (one.like === null ? perform.limit(one) : null)));
  const done = await Promise.all(
    limits.map(async (one, k) => {
      const own = first[k];
      if (own != null) return own;
      const { limit } = first[one.like!]!;
      // Kept ones each have a certificate of their own.
      return limit.kind === "global" && limit.name === null ? alike(one, limit) : perform.limit(one);
    }),
  );
  const others = new Map<string, number>();
  for (const { reason } of ends) if (reason !== null) others.set(reason, (others.get(reason) ?? 0) + 1);
  return {
    result: {
      ...head,
      limits: done.map(({ limit }) => limit),
      others: [...others]
        .map(([reason, count]) => ({ count, reason }))
        .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
    },
    finds: done.flatMap(({ find }) => (find === null ? [] : [find])),
  };
}

/** Where starts lead. */
export function performFlows(campaign: Campaign, { unit, from, to }: FlowTask): FlowEnd[] {
  const problem = problemOf(campaign, unit);
  const settle = settler(problem, campaign.loss);
  return Array.from({ length: to - from }, (_, k): FlowEnd => {
    const { point, reason } = settle(startOf(campaign, unit, from + k));
    if (point === null) return { point, reason };
    const { model: _model, ...bare } = point;
    return { point: bare, freedom: freedomOf(point), reason: null };
  });
}

/** The limits to be decided, the shortest first: it bounds what can be globally optimal. */
function limitsOf(campaign: Campaign, unit: UnitTask, ends: readonly FlowEnd[]): LimitTask[] {
  const problem = problemOf(campaign, unit);
  const symmetries = dataSymmetries(problem);
  const groups = grouping(problem, campaign.symmetries ? symmetries : []);
  const members = new Map<Float64Array, LimitTask["members"][0]>();
  for (const [start, { point, ...end }] of ends.entries()) {
    if (point === null || end.reason !== null) continue;
    members.set(point.theta, { start, point });
    groups.add({ theta: point.theta, radius: point.radius, freedom: end.freedom, active: point.margins });
  }
  const limits = groups
    .limits()
    .flatMap(({ arrangements, compared }, form) =>
      arrangements.map((one) => ({ form, compared, one, halfNorm: norm(one.points[0]!.theta) ** 2 / 2 })),
    )
    .sort((a, b) => a.halfNorm - b.halfNorm || a.form - b.form);
  const theta = limits.map(({ one }) => one.points[0]!.theta);
  const leaders: { readonly place: number; readonly images: ComparedLimit }[] = [];
  return limits.map(({ form, compared, one, halfNorm }, k): LimitTask => {
    const isAlone = compared.continuum !== null;
    const leader = isAlone ? undefined : leaders.find(({ images }) => isSameLimit(images, compared));
    if (!isAlone && leader === undefined)
      leaders.push({ place: k, images: comparedLimit(problem, one.points[0]!, symmetries) });
    return {
      unit,
      name: `${nameOf(campaign, unit.unit)}-${k + 1}`,
      form,
      arrangement: one.key,
      count: one.count,
      halfNorm: Number(halfNorm.toPrecision(DIGITS)),
      continuum: compared.continuum !== null,
      members: one.points.map(({ theta }) => members.get(theta)!),
      shorter: norm(theta[0]!) < norm(theta[k]!) * (1 - 1e-9) ? [...theta[0]!] : null,
      like: leader?.place ?? null,
    };
  });
}

/** Decides a limit: of a continuum, at the first point about which something is decided. */
export function performLimit(campaign: Campaign, task: LimitTask): DoneLimit {
  const problem = problemOf(campaign, task.unit);
  const model = modelOf(problem);
  let [{ start, point }] = task.members as [LimitTask["members"][0]];
  let decided = decide({ ...problem, name: task.name }, { ...point, model }, task.shorter);
  for (const member of task.members.slice(1)) {
    if (decided.kind !== "undecided") break;
    ({ start, point } = member);
    decided = decide({ ...problem, name: task.name }, { ...point, model }, task.shorter);
  }
  const { problem: file, certificate, ...verdict } = decided;
  const name = campaign.keep.includes(verdict.kind) ? task.name : null;
  const limit: UnitLimit = { ...describedBy(task), ...verdict, start, name, like: null };
  if (name === null) return { limit, find: null };
  const settle = settler(problem, campaign.loss);
  const own = comparedLimit(
    problem,
    limitPoint({ ...point, model }),
    campaign.symmetries ? dataSymmetries(problem) : [],
  );
  const from = plainStart(startOf(campaign, task.unit, start), (given) => {
    const end = settle(given).point;
    return end !== null && isSameLimit(own, comparedLimit(problem, limitPoint(end)));
  });
  return { limit, find: { name, problem: withStart(file, campaign.loss, from), certificate } };
}

function describedBy({ count, form, arrangement, halfNorm, continuum }: LimitTask) {
  return { count, form, arrangement, halfNorm, continuum };
}

/** A limit that is a global optimum as another one is. */
function alike(task: LimitTask, { kind, sort, kkt, local, global, open }: UnitLimit): DoneLimit {
  const { start } = task.members[0]!;
  const limit = { ...describedBy(task), kind, sort, kkt, local, global, open, start, name: null, like: task.like };
  return { limit, find: null };
}

function problemOf(campaign: Campaign, { unit, network, set }: UnitTask): Problem<Rational> {
  return problemFrom(nameOf(campaign, unit), campaign.networks[network]!, set);
}

/** The problem of a network and a data set, without a point, over ℚ. */
export function problemFrom(name: string, network: CampaignNetwork, set: DataSet): Problem<Rational> {
  return parseProblem(problemText(name, network, set)).problem as Problem<Rational>;
}

/** The name of a unit's finds, before their number. */
export function nameOf({ name }: Campaign, unit: number): string {
  return `${name}-${unit + 1}`;
}

/** A start: it depends on the seed, the network's, the data's and its own number only. */
export function startOf(
  { seed, starts, networks }: Campaign,
  { network, data }: Pick<UnitTask, "network" | "data">,
  start: number,
): number[] {
  const normal = gaussian(uniform(seedOf(seed, 2, network, data, start)));
  const { length } = networks[network]!.network.parameters;
  return Array.from({ length }, () => starts.deviation * normal());
}

/** The start to as few decimals as still lead to the same limit. */
function plainStart(start: readonly number[], leads: (start: readonly number[]) => boolean): readonly number[] {
  const rounded = [0, 1, 2, 3].map((digits) => start.map((c) => Number(c.toFixed(digits))));
  return rounded.find((one) => one.some((c) => c !== 0) && leads(one)) ?? start;
}

export interface Decided extends Pick<UnitLimit, "kind" | "sort" | "kkt" | "local" | "global" | "open"> {
  readonly problem: string;
  readonly certificate: string | null;
}

/** Products of rational numbers that go into the proof of one point: some seconds. */
const WORK = 5e7;

/** Decides what a point is; a shorter one, where one is known, may show that it is not a global optimum. */
export function decide(problem: Problem<Rational>, point: KktPoint, shorter: readonly number[] | null = null): Decided {
  const found = identifyPoint(problem, point, { hints: shorter === null ? [] : [shorter], work: WORK });
  const { kkt, local, global } = found.verdict;
  return {
    kind: kindOf(found.verdict),
    sort: found.kind,
    kkt,
    local,
    global,
    // A kind is of the whole problem.
    open: found.reasons.filter((reason) => !/ of layer \d+:/.test(reason)),
    problem: found.problem,
    certificate: found.certificate,
  };
}

/** What a limit is. */
export function kindOf({ kkt, local, global }: Pick<Verdict, "kkt" | "local" | "global">): Kind {
  if (kkt !== "yes") return "undecided";
  if (global === "yes") return "global";
  if (local === "no") return "not-local";
  if (global === "no") return local === "yes" ? "local-not-global" : "not-global";
  return "undecided";
}

/** The problem file with a flow request. */
export function withStart(problem: string, loss: Campaign["loss"], start: readonly number[]): string {
  return problem.replace(/\n\}\s*$/, `,\n  "flow": ${JSON.stringify({ loss, start: start.map(String) })}\n}\n`);
}
