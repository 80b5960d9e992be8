/** Running a campaign: units on all cores, a journal that survives everything, and results that depend on the campaign alone. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeAtomically } from "../files/write.js";
import { AHEAD, asDone, inOrder, openPool, type Pool } from "../flow/pool.js";
import { InputError } from "../network/decode.js";
import { type Campaign, parseCampaign } from "./campaign.js";
import { dataSets } from "./data.js";
import { type JournalHead, openJournal, RESUMABLE, readJournal, writeJournal } from "./journal.js";
import { takeLock } from "./lock.js";
import { type Kept, keptOf, type Summary, summaryOf, toShrink } from "./results.js";
import type { Shrunk } from "./shrink.js";
import { doUnit, type Find, type UnitResult, type UnitTask } from "./unit.js";
import { type HuntAnswer, type HuntTask, performer, runTask } from "./worker.js";

export interface Shard {
  /** Counted from 1. */
  readonly number: number;
  readonly of: number;
}

export interface HuntRequest {
  /** The text of the campaign file. */
  readonly source: string;
  readonly folder: string;
  readonly shard: Shard | null;
  readonly resume: boolean;
  readonly workers: number;
  readonly progress?: (done: number, all: number, stage: string) => void;
  /** Whether to stop after the unit at hand. */
  readonly stopped?: () => boolean;
  readonly warn?: (message: string) => void;
}

export interface HuntOutcome {
  /** Of the campaign or the shard. */
  readonly done: number;
  readonly all: number;
  /** Where the whole campaign is done. */
  readonly summary: Summary | null;
}

const WHOLE: Shard = { number: 1, of: 1 };
const CAMPAIGN_FILE = "campaign.json";
const WORK = { run: runTask, module: new URL("./worker.js", import.meta.url) };

/** All units of a campaign, in order: network by network, data set by data set. */
export function unitsOf(campaign: Campaign): UnitTask[] {
  const units: UnitTask[] = [];
  for (const [network, { network: net }] of campaign.networks.entries())
    for (const [data, set] of dataSets(campaign, net).entries()) units.push({ unit: units.length, network, data, set });
  if (units.length === 0) throw new InputError("data", "there is no data set without a zero sample");
  return units;
}

/** Does what is left to do of a campaign or of a shard. Throws InputError, and then leaves a folder that can be gone on with. */
export async function hunt(request: HuntRequest): Promise<HuntOutcome> {
  const { source, folder, shard, resume, progress = () => {}, stopped = () => false, warn = () => {} } = request;
  const campaign = parseCampaign(source);
  const units = unitsOf(campaign);
  const part = shard ?? WHOLE;
  const own = units.filter(({ unit }) => unit % part.of === part.number - 1);
  const path = journalPath(folder, shard);
  makeFolder(dirname(path));
  const lock = takeLock(`${path}.lock`);
  const pool = openPool(WORK, request.workers);
  try {
    keepCampaign(folder, source);
    const head = headOf(source, units.length, part);
    const known = readJournal(path, head);
    if (known !== null && !resume && known.results.length > 0)
      throw new InputError(
        path,
        `has ${known.results.length} of ${own.length} units already: --resume goes on with them`,
      );
    if (known !== null && known.damaged > 0)
      warn(
        `${path}: ${known.damaged === 1 ? "a line was" : `${known.damaged} lines were`} cut short or damaged; those units are done again`,
      );
    const results = [...(known?.results ?? [])];
    if (known === null || !known.isClean) writeJournal(path, head, results);
    const journal = openJournal(path);
    const have = new Set(results.map(({ unit }) => unit));
    const left = own.filter(({ unit }) => !have.has(unit));
    const perform = performer(source, pool.perform);
    // Units are finished in any order: one that takes long does not hold back the others.
    const atOnce = request.workers === 1 ? 1 : AHEAD * request.workers;
    try {
      progress(results.length, own.length, "flows");
      for await (const { result, finds } of asDone(left, (task) => doUnit(campaign, task, perform), atOnce)) {
        lock.ensureHeld();
        for (const find of finds) writeFind(folder, find);
        journal.append(result);
        results.push(result);
        progress(results.length, own.length, "flows");
        if (stopped()) break;
      }
    } finally {
      journal.close();
    }
    const ordered = [...results].sort((a, b) => a.unit - b.unit);
    if (ordered.some((one, k) => one !== results[k])) writeJournal(path, head, ordered);
    const isDone = ordered.length === units.length && shard === null;
    const summary = isDone ? await conclude(campaign, source, folder, units.length, ordered, pool, request) : null;
    return { done: results.length, all: own.length, summary };
  } finally {
    await pool.close();
    lock.release();
  }
}

export interface MergeOutcome {
  readonly summary: Summary;
  /** Shards of which there is no journal, and those that have units left; with how many are missing. */
  readonly missing: readonly { readonly shard: number; readonly units: number }[];
}

/** Puts the shards of a folder together: each unit once. What is missing is named, and the results are of what is there. */
export async function merge(request: Omit<HuntRequest, "source" | "shard" | "resume">): Promise<MergeOutcome> {
  const { folder, warn = () => {} } = request;
  const source = readCampaign(folder);
  const campaign = parseCampaign(source);
  const units = unitsOf(campaign);
  const path = journalPath(folder, null);
  const lock = takeLock(`${path}.lock`);
  const pool = openPool(WORK, request.workers);
  try {
    const shards = shardsIn(folder);
    const head = headOf(source, units.length, WHOLE);
    const results = new Map<number, UnitResult>();
    const add = (file: string, content: ReturnType<typeof readJournal>) => {
      if (content === null) return;
      if (content.damaged > 0) warn(`${file}: ${content.damaged} damaged lines do not count`);
      for (const result of content.results) results.set(result.unit, result);
    };
    add(path, readJournal(path, head));
    for (const number of shards.numbers) {
      const file = journalPath(folder, { number, of: shards.of });
      add(file, readJournal(file, headOf(source, units.length, { number, of: shards.of })));
    }
    const ordered = [...results.values()].sort((a, b) => a.unit - b.unit);
    writeJournal(path, head, ordered);
    const missing = Array.from({ length: shards.of }, (_, k) => ({
      shard: k + 1,
      units: units.filter(({ unit }) => unit % shards.of === k && !results.has(unit)).length,
    })).filter((one) => one.units > 0);
    const summary = await conclude(campaign, source, folder, units.length, ordered, pool, request);
    return { summary, missing };
  } finally {
    await pool.close();
    lock.release();
  }
}

/** Writes what a campaign has found: the smaller finds and the summary. */
async function conclude(
  campaign: Campaign,
  source: string,
  folder: string,
  units: number,
  results: readonly UnitResult[],
  pool: Pool<HuntTask, HuntAnswer>,
  { workers, progress = () => {} }: Pick<HuntRequest, "workers" | "progress">,
): Promise<Summary> {
  const kept = keptOf(campaign, results);
  const tasks = toShrink(campaign, kept).map(
    ({ result, limit }: Kept): HuntTask => ({
      sort: "shrink",
      source,
      task: {
        name: limit.name,
        network: result.network,
        data: result.data,
        start: limit.start,
        set: result.samples,
        kind: limit.kind,
      },
    }),
  );
  const shrunk: Shrunk[] = [];
  let count = 0;
  for await (const done of inOrder(tasks, pool, workers)) {
    progress(++count, tasks.length, "smaller finds");
    if (done === null) continue;
    const find = done as Shrunk;
    writeFind(folder, find);
    shrunk.push(find);
  }
  const summary = summaryOf(campaign, units, results, kept, shrunk);
  writeAtomically(join(folder, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`, RESUMABLE);
  return summary;
}

function headOf(source: string, units: number, { number, of }: Shard): JournalHead {
  const campaign = createHash("sha256")
    .update(JSON.stringify(JSON.parse(source)))
    .digest("hex");
  return { campaign, units, shard: number, shards: of };
}

function journalPath(folder: string, shard: Shard | null): string {
  return shard === null
    ? join(folder, "journal.jsonl")
    : join(folder, "shards", `${shard.number}-of-${shard.of}.jsonl`);
}

/** The shards that have journals; all are of one division. */
function shardsIn(folder: string): { readonly of: number; readonly numbers: readonly number[] } {
  const path = join(folder, "shards");
  const found = (existsSync(path) ? readdirSync(path) : []).flatMap((file) => {
    const match = /^(\d+)-of-(\d+)\.jsonl$/.exec(file);
    return match === null ? [] : [{ number: Number(match[1]), of: Number(match[2]) }];
  });
  const of = found[0]?.of ?? 1;
  if (found.some((one) => one.of !== of))
    throw new InputError(path, "has shards of several divisions: keep those of one, and merge again");
  return { of, numbers: found.map(({ number }) => number).sort((a, b) => a - b) };
}

/** A copy of the campaign stands in the folder; it is the same for all shards. */
function keepCampaign(folder: string, source: string): void {
  const path = join(folder, CAMPAIGN_FILE);
  if (!existsSync(path)) writeAtomically(path, source, RESUMABLE);
  else if (JSON.stringify(JSON.parse(readFileSync(path, "utf8"))) !== JSON.stringify(JSON.parse(source)))
    throw new InputError(path, "is another campaign than the one that was given; take another folder");
}

function readCampaign(folder: string): string {
  const path = join(folder, CAMPAIGN_FILE);
  if (!existsSync(path)) throw new InputError(path, "missing: the folder is not one of margincert hunt");
  return readFileSync(path, "utf8");
}

/** The problem file, and the certificate beside the others. */
function writeFind(folder: string, { name, problem, certificate }: Find): void {
  writeAtomically(join(folder, "found", `${name}.json`), problem, RESUMABLE);
  if (certificate !== null) writeAtomically(join(folder, "certificates", `${name}.json`), certificate, RESUMABLE);
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new InputError(path, `cannot be made (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`);
  }
}
