/** What a campaign has found, in one value: how often the flow ends at which kind of KKT point, and the finds, smallest first. */
import { type Campaign, KINDS, type Kind } from "./campaign.js";
import type { DataSet } from "./data.js";
import { compareSizes, type Shrunk, type Size, sizeOf } from "./shrink.js";
import type { UnitLimit, UnitResult } from "./unit.js";

export const SUMMARY_FORMAT = "margincert/campaign-summary/1";

export interface Counts {
  /** Starts that ended there, and different limits of data sets. */
  readonly starts: number;
  readonly limits: number;
}

export interface NetworkSummary {
  readonly network: string;
  readonly dataSets: number;
  readonly starts: number;
  readonly kinds: Readonly<Record<Kind, Counts>>;
  readonly others: readonly { readonly starts: number; readonly reason: string }[];
}

export interface FoundSummary {
  readonly name: string;
  readonly network: string;
  readonly kind: Kind;
  readonly size: Size;
  readonly samples: DataSet;
  readonly halfNorm: number;
  /** The least of a limit of the same data. */
  readonly best: number;
  /** Of the data set's starts, those that ended there. */
  readonly starts: number;
  readonly of: number;
  readonly certified: boolean;
  readonly arrangement: string;
  /** Why something is open. */
  readonly open: readonly string[];
  /** A smaller find that it led to. */
  readonly smaller: Shrunk | null;
}

/** The smallest find of a decided kind, to which finds of one network led. */
export interface SmallestSummary extends Pick<Shrunk, "name" | "network" | "size" | "samples" | "halfNorm"> {
  readonly kind: Kind;
  readonly certified: boolean;
}

export interface Summary {
  readonly format: typeof SUMMARY_FORMAT;
  readonly name: string;
  readonly title: string | null;
  readonly seed: number;
  readonly units: number;
  readonly done: number;
  readonly starts: number;
  readonly networks: readonly NetworkSummary[];
  /** By network and kind. */
  readonly smallest: readonly SmallestSummary[];
  readonly found: readonly FoundSummary[];
}

/** A kept limit of a data set. */
export interface Kept {
  readonly result: UnitResult;
  readonly limit: UnitLimit & { readonly name: string };
  readonly size: Size;
}

/** Kept limits, smallest first. */
export function keptOf(campaign: Campaign, results: readonly UnitResult[]): Kept[] {
  return results
    .flatMap((result) => {
      const size = sizeOf(campaign.networks[result.network]!.network, result.samples);
      return result.limits.flatMap((limit): Kept[] =>
        limit.name === null ? [] : [{ result, limit: { ...limit, name: limit.name }, size }],
      );
    })
    .sort(
      (a, b) => compareSizes(a.size, b.size) || a.result.unit - b.result.unit || (a.limit.name < b.limit.name ? -1 : 1),
    );
}

/** The finds that are made smaller: of each decided sort the smallest, or all. */
export function toShrink({ shrink }: Campaign, kept: readonly Kept[]): Kept[] {
  const counts = new Map<string, number>();
  return kept.filter(({ result, limit }) => {
    if (limit.kind === "undecided" || limit.sort === "none") return false;
    // The order of the units within a layer says nothing.
    const arrangement = limit.arrangement.split("/").map((layer) => [...layer].sort().join(""));
    const key = `${result.network} ${result.samples.length} ${limit.kind} ${arrangement.join("/")}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return shrink === null || counts.get(key)! <= shrink;
  });
}

export function summaryOf(
  campaign: Campaign,
  units: number,
  results: readonly UnitResult[],
  kept: readonly Kept[],
  shrunk: readonly Shrunk[],
): Summary {
  const found = kept.map(({ result, limit, size }): FoundSummary => {
    return {
      name: limit.name,
      network: campaign.networks[result.network]!.title,
      kind: limit.kind,
      size,
      samples: result.samples,
      halfNorm: limit.halfNorm,
      best: Math.min(...result.limits.map(({ halfNorm }) => halfNorm)),
      starts: limit.count,
      of: result.starts,
      certified: limit.sort !== "none",
      arrangement: limit.arrangement,
      open: limit.open,
      smaller: shrunk.find((one) => one.of === limit.name) ?? null,
    };
  });
  return {
    format: SUMMARY_FORMAT,
    name: campaign.name,
    title: campaign.title,
    seed: campaign.seed,
    units,
    done: results.length,
    starts: results.reduce((sum, { starts }) => sum + starts, 0),
    networks: campaign.networks.map(({ title }, network) =>
      networkSummary(
        title,
        results.filter((one) => one.network === network),
      ),
    ),
    smallest: smallestOf(found),
    found,
  };
}

function smallestOf(found: readonly FoundSummary[]): SmallestSummary[] {
  const smallest = new Map<string, SmallestSummary>();
  for (const one of found) {
    if (one.kind === "undecided") continue;
    const key = `${one.network} ${one.kind}`;
    const { name, network, size, samples, halfNorm } = one.smaller ?? one;
    const known = smallest.get(key);
    if (known !== undefined && compareSizes(known.size, size) <= 0) continue;
    const certified = one.smaller === null ? one.certified : one.smaller.certificate !== null;
    smallest.set(key, { name, network, kind: one.kind, size, samples, halfNorm, certified });
  }
  return [...smallest.values()];
}

function networkSummary(network: string, results: readonly UnitResult[]): NetworkSummary {
  const limits = results.flatMap((one) => one.limits);
  const others = new Map<string, number>();
  for (const { reason, count } of results.flatMap((one) => one.others))
    others.set(reason, (others.get(reason) ?? 0) + count);
  const counts = (kind: Kind): Counts => {
    const own = limits.filter((one) => one.kind === kind);
    return { starts: own.reduce((sum, { count }) => sum + count, 0), limits: own.length };
  };
  return {
    network,
    dataSets: results.length,
    starts: results.reduce((sum, { starts }) => sum + starts, 0),
    kinds: Object.fromEntries(KINDS.map((kind) => [kind, counts(kind)])) as Record<Kind, Counts>,
    others: [...others]
      .map(([reason, starts]) => ({ starts, reason }))
      .sort((a, b) => b.starts - a.starts || (a.reason < b.reason ? -1 : 1)),
  };
}
