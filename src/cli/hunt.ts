/** `margincert hunt CAMPAIGN`: many networks, data sets and starts; `hunt merge DIR` puts shards together. */
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, InvalidArgumentError } from "commander";
import { writeAtomically } from "../files/write.js";
import { coreCount } from "../flow/pool.js";
import { parseCampaign } from "../hunt/campaign.js";
import { type HuntRequest, hunt, merge, type Shard } from "../hunt/hunt.js";
import { KIND_TEXT, pageText } from "../hunt/page.js";
import type { Summary } from "../hunt/results.js";
import { slurmScript } from "../hunt/slurm.js";
import { InputError } from "../network/decode.js";
import { tableText } from "../report/text.js";
import { badInput, complain, EXIT, harmless, readText, reportError, say, sayJson } from "./common.js";
import { ensureSort } from "./sorts.js";

interface Options {
  readonly out?: string;
  readonly shard?: Shard;
  readonly resume?: true;
  readonly slurm?: number;
  readonly workers: number;
  readonly json?: true;
}

export function register(command: Command): void {
  command
    .argument("[folder]", "of `merge`")
    .option("--out <dir>", "the folder of the results (default: the campaign's name)")
    .option("--shard <k/n>", "only the k-th of n parts of the campaign", shardOption)
    .option("--resume", "go on with what is in the folder already")
    .option("--slurm <n>", "write the Slurm batch script of n shards, and run nothing", countOption)
    .option("--workers <n>", "threads (default: one per core)", countOption, coreCount())
    .option("--json", "print the summary as JSON on stdout, nothing else")
    .action(async (campaign: string, folder: string | undefined, options: Options) => {
      const where = campaign === "merge" ? (folder ?? "merge") : campaign;
      try {
        if (campaign === "merge") process.exitCode = await mergeFolder(folder, options);
        else if (folder !== undefined) throw new InputError("", `one campaign at a time; there is ${folder} too`);
        else if (options.slurm !== undefined) process.exitCode = writeScript(campaign, options.slurm, options);
        else process.exitCode = await huntFile(campaign, options);
      } catch (error) {
        process.exitCode = badInput(where, error);
      }
    });
}

async function huntFile(file: string, { out, shard, resume, workers, json }: Options): Promise<number> {
  const { source, name } = readCampaign(file);
  const folder = out ?? name;
  const signals = stopSignals();
  const progress = progressOf(name);
  try {
    const { done, all, summary } = await hunt({
      source,
      folder,
      shard: shard ?? null,
      resume: resume === true,
      workers,
      progress: progress.show,
      stopped: signals.stopped,
      warn: complain,
    });
    progress.done();
    if (summary !== null) return conclude(folder, summary, json === true);
    if (done < all) {
      complain(`${file}: stopped after ${done} of ${all} units; --resume goes on with them`);
      return EXIT.undecided;
    }
    if (!json)
      say(
        `${folder}: shard ${shard!.number} of ${shard!.of}, ${all} units done; \`margincert hunt merge ${folder}\` when all are\n`,
      );
    return EXIT.done;
  } finally {
    progress.done();
    signals.restore();
  }
}

/** A campaign file; throws InputError, and where it is of another sort says who takes it. */
function readCampaign(file: string): { readonly source: string; readonly name: string } {
  const source = readText(file);
  try {
    return { source, name: parseCampaign(source).name };
  } catch (error) {
    if (error instanceof InputError) ensureSort(file, source, "campaign");
    throw error;
  }
}

async function mergeFolder(folder: string | undefined, { workers, json }: Options): Promise<number> {
  if (folder === undefined) throw new InputError("", "hunt merge needs the folder of the shards");
  const progress = progressOf("merge");
  try {
    const { summary, missing } = await merge({ folder, workers, progress: progress.show, warn: complain });
    progress.done();
    const code = await conclude(folder, summary, json === true);
    if (missing.length === 0) return code;
    for (const { shard, units } of missing)
      reportError(
        folder,
        new InputError(`shard ${shard}`, `${units} units are missing: run it, with --resume, and merge again`),
      );
    return EXIT.undecided;
  } finally {
    progress.done();
  }
}

/** The page, the reviewer's page of the certificates, and what is printed. */
async function conclude(folder: string, summary: Summary, json: boolean): Promise<number> {
  const hasCertificates =
    existsSync(join(folder, "certificates")) && readdirSync(join(folder, "certificates")).length > 0;
  if (hasCertificates) {
    const title = summary.title ?? summary.name;
    const { writeReport } = await import("./report.js");
    const code = writeReport(join(folder, "certificates"), join(folder, "report"), title, true);
    if (code !== EXIT.done) return code;
  }
  writeAtomically(join(folder, "index.html"), pageText(summary));
  if (json) sayJson(summary);
  else say(summaryText(summary, folder));
  return EXIT.done;
}

function summaryText({ name, networks, smallest, found, done, units, starts }: Summary, folder: string): string {
  const kinds = (Object.keys(KIND_TEXT) as (keyof typeof KIND_TEXT)[]).filter((kind) =>
    networks.some((one) => one.kinds[kind].starts > 0),
  );
  const table = tableText(
    ["network", "starts", ...kinds.map((kind) => KIND_TEXT[kind]), "no limit"],
    networks.map(({ network, starts, kinds: counts, others }) => [
      network,
      `${starts}`,
      ...kinds.map((kind) => `${counts[kind].starts}`),
      `${others.reduce((sum, one) => sum + one.starts, 0)}`,
    ]),
  );
  const least = smallest.map(({ name, network, kind, size, samples }) => {
    const data = samples.map(({ x, y }) => `(${x.join(", ")}) ↦ ${y === 1 ? "+1" : y}`).join(", ");
    return `  ${KIND_TEXT[kind]}: ${name}, ${network}, ${size.parameters} parameters, ${data}`;
  });
  const whole = done === units ? `${units} data sets` : `${done} of ${units} data sets`;
  return [
    `${name}: ${whole}, ${starts} starts`,
    table,
    `${found.length} kept finds${least.length === 0 ? "" : ", of each kind the smallest:"}`,
    ...least,
    `${join(folder, "index.html")}`,
    "",
  ].join("\n");
}

function writeScript(file: string, shards: number, { out }: Options): number {
  const { name } = readCampaign(file);
  const folder = resolve(out ?? name);
  const main = fileURLToPath(new URL("./main.js", import.meta.url));
  const command = [process.execPath, main].map((part) => `'${part.replaceAll("'", "'\\''")}'`).join(" ");
  const path = join(folder, "hunt.sbatch");
  writeAtomically(path, slurmScript({ name, shards, campaign: resolve(file), folder, command }));
  say(`${path}: ${shards} shards and the merge after them; sbatch ${path}\n`);
  return EXIT.done;
}

/** Ctrl-C and a batch system's warning end the campaign after the unit at hand; a second one at once. */
function stopSignals() {
  let count = 0;
  const stop = () => {
    count++;
    if (count > 1) process.exit(EXIT.undecided);
    complain("stopping after the unit at hand");
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return {
    stopped: () => count > 0,
    restore: () => {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
    },
  };
}

/** Done, rate and time left, on stderr while it is a terminal. */
function progressOf(label: string): { readonly show: NonNullable<HuntRequest["progress"]>; readonly done: () => void } {
  const terminal = process.stderr.isTTY === true;
  let began: { readonly at: number; readonly done: number; readonly stage: string } | null = null;
  return {
    show: (done, all, stage) => {
      if (!terminal) return;
      if (began?.stage !== stage) began = { at: Date.now(), done, stage };
      const seconds = (Date.now() - began.at) / 1000;
      const rate = (done - began.done) / seconds;
      const left = rate > 0 ? `, ${rate.toPrecision(2)} a second, ${timeText((all - done) / rate)} left` : "";
      process.stderr.write(`\r\u001b[2K${harmless(`${label}: ${stage}, ${done} of ${all}${left}`)} …`);
    },
    done: () => {
      if (terminal) process.stderr.write("\r\u001b[2K");
    },
  };
}

function timeText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function shardOption(value: string): Shard {
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(value);
  const shard = match === null ? null : { number: Number(match[1]), of: Number(match[2]) };
  if (shard === null || shard.number < 1 || shard.number > shard.of)
    throw new InvalidArgumentError("k/n with 1 ≤ k ≤ n, such as 3/100.");
  return shard;
}

function countOption(value: string): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1 || count > 100_000)
    throw new InvalidArgumentError("a whole number from 1 on.");
  return count;
}
