/**
 * A unit of work: a network, a data set and all its starts. Each start's flow is settled; limits are grouped in canonical form; what a limit is
 * is decided once, at the first start that led to it. Nothing here depends on when, where or in which order units are done.
 */
import type { Rational } from "../exact/rational.js";
import { comparedLimit, isSameLimit } from "../flow/canonical.js";
import { dataSymmetries } from "../flow/data-symmetry.js";
import type { KktPoint } from "../flow/kkt-point.js";
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

/** What a worker is asked for. */
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

/** Does a unit. */
export function doUnit(campaign: Campaign, { unit, network: number, data, set }: UnitTask): DoneUnit {
  const network = campaign.networks[number]!;
  const problem = problemFrom(nameOf(campaign, unit), network, set);
  const contradiction = contradictionIn(problem);
  if (contradiction !== null) {
    const others = [
      { count: campaign.starts.draws, reason: "no point is feasible: two samples contradict each other" },
    ];
    const result = { unit, network: number, data, samples: set, starts: campaign.starts.draws, limits: [], others };
    return { result, finds: [] };
  }
  const settle = settler(problem, campaign.loss);
  const groups = grouping(problem, campaign.symmetries ? dataSymmetries(problem) : []);
  const points = new Map<Float64Array, { readonly point: KktPoint; readonly start: number }>();
  const others = new Map<string, number>();
  for (let start = 0; start < campaign.starts.draws; start++) {
    const { point, reason } = settle(startOf(campaign, number, data, start, network.network.parameters.length));
    if (point === null) others.set(reason, (others.get(reason) ?? 0) + 1);
    else {
      points.set(point.theta, { point, start });
      groups.add(limitPoint(point));
    }
  }
  // The shortest first: it bounds what can be globally optimal.
  const limits = groups
    .limits()
    .flatMap(({ arrangements, compared }, form) =>
      arrangements.map((one) => ({ form, compared, one, halfNorm: norm(one.points[0]!.theta) ** 2 / 2 })),
    )
    .sort((a, b) => a.halfNorm - b.halfNorm || a.form - b.form);
  const decide = decider(problem);
  const found = limits.map(({ form, compared, one, halfNorm }, k) => {
    const own = `${nameOf(campaign, unit)}-${k + 1}`;
    // Of a continuum, the first point about which something is decided.
    const members = one.points.map(({ theta }) => points.get(theta)!);
    let { point, start } = members[0]!;
    let { problem: file, certificate, ...decided } = decide(own, point);
    for (const member of members.slice(1)) {
      if (decided.kind !== "undecided") break;
      ({ point, start } = member);
      ({ problem: file, certificate, ...decided } = decide(own, point));
    }
    const name = campaign.keep.includes(decided.kind) ? own : null;
    const limit: UnitLimit = {
      count: one.count,
      form,
      arrangement: one.key,
      halfNorm: Number(halfNorm.toPrecision(DIGITS)),
      continuum: compared.continuum !== null,
      ...decided,
      start,
      name,
    };
    if (name === null) return { limit, finds: [] };
    const from = plainStart(startOf(campaign, number, data, start, network.network.parameters.length), (given) => {
      const end = settle(given).point;
      return end !== null && isSameLimit(compared, comparedLimit(problem, limitPoint(end)));
    });
    return { limit, finds: [{ name, problem: withStart(file, campaign.loss, from), certificate }] };
  });
  return {
    result: {
      unit,
      network: number,
      data,
      samples: set,
      starts: campaign.starts.draws,
      limits: found.map(({ limit }) => limit),
      others: [...others]
        .map(([reason, count]) => ({ count, reason }))
        .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
    },
    finds: found.flatMap(({ finds }) => finds),
  };
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
  { seed, starts }: Campaign,
  network: number,
  data: number,
  start: number,
  size: number,
): number[] {
  const normal = gaussian(uniform(seedOf(seed, 2, network, data, start)));
  return Array.from({ length: size }, () => starts.deviation * normal());
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

/** Decides limits of one data set in the order of their norms: a shorter one is a point that may be better. */
export function decider(problem: Problem<Rational>): (name: string, point: KktPoint) => Decided {
  let shortest: { readonly size: number; readonly theta: readonly number[] } | null = null;
  return (name, point) => {
    const size = norm(point.theta);
    const hints = shortest !== null && shortest.size < size * (1 - 1e-9) ? [shortest.theta] : [];
    const found = identifyPoint({ ...problem, name }, point, { hints });
    shortest ??= { size, theta: [...point.theta] };
    const { kkt, local, global } = found.verdict;
    const { certificate } = found;
    // A kind is of the whole problem.
    const open = found.reasons.filter((reason) => !/ of layer \d+:/.test(reason));
    return {
      kind: kindOf(found.verdict),
      sort: found.kind,
      kkt,
      local,
      global,
      open,
      problem: found.problem,
      certificate,
    };
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
