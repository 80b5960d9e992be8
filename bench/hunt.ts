/**
 * How many starts a second and core `settler` takes, flow and structure together, beside the accurate flow in the same run; and what a second worker
 * adds to a whole campaign. `npx tsx bench/hunt.ts [starts]`, after `npm run build`; a minute on a quiet machine, which the last line asks for.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runFlow } from "../src/flow/run.js";
import { settler } from "../src/flow/settle.js";
import { startAt } from "../src/flow/starts.js";
import { parseProblem } from "../src/problem/problem.js";

const starts = Number(process.argv[2] ?? 200);
const CASES = {
  "relu 2,4,1, 4 samples": [2, 4, 1, 4],
  "relu 2,6,1, 5 samples": [2, 6, 1, 5],
  "relu 2,2,2,1, 3 samples": [2, 2, 2, 1, 3],
} as const;
const DATA = [
  { x: ["1", "1/4"], y: 1 },
  { x: ["-1", "1/2"], y: 1 },
  { x: ["1/3", "-1"], y: -1 },
  { x: ["-1/2", "-3/4"], y: 1 },
  { x: ["9/10", "6/5"], y: 1 },
];

/** Seconds of processor time of this process. */
function timed<T>(work: () => T): { readonly value: T; readonly seconds: number } {
  const before = process.cpuUsage();
  const value = work();
  const { user, system } = process.cpuUsage(before);
  return { value, seconds: (user + system) / 1e6 };
}

const problemOf = (widths: readonly number[], samples: number) =>
  JSON.stringify({
    format: "margincert/problem/1",
    name: "bench",
    network: { kind: "fully-connected", widths, activation: "relu" },
    data: DATA.slice(0, samples),
  });

for (const [name, numbers] of Object.entries(CASES)) {
  const source = problemOf(numbers.slice(0, -1), numbers.at(-1)!);
  const { problem } = parseProblem(source);
  const size = problem.network.parameters.length;
  const startOf = (k: number) => startAt({ seed: 1, around: null }, k, size, null);
  const settle = settler(problem, "exponential");
  const reasons = new Map<string, number>();
  const coarse = timed(() => {
    for (let k = 0; k < starts; k++) {
      const reason = settle(startOf(k)).reason ?? "settled";
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
  });
  const few = Math.max(2, Math.floor(starts / 60));
  const accurate = timed(() => {
    for (let k = 0; k < few; k++) runFlow({ problem, flow: null }, { start: startOf(k) });
  });
  const rate = starts / coarse.seconds;
  console.log(
    `${name}: ${rate.toFixed(0)} starts a second and core, ${(rate / (few / accurate.seconds)).toFixed(0)} times the accurate flow's; ` +
      [...reasons].map(([reason, count]) => `${count} ${reason}`).join(", "),
  );
}

/** Data sets that are hard and easy, as they come: some take hundred times as long as others. */
const campaignOf = (draws: number) =>
  JSON.stringify({
    format: "margincert/campaign/1",
    name: "bench",
    seed: 7,
    networks: [{ kind: "fully-connected", widths: [2, 4, 1], activation: "relu" }],
    data: { samples: [4], values: { gaussian: "1/8" }, draws },
    starts: { draws: 40 },
    shrink: 0,
  });
const SETS = 5;
const compiled: typeof import("../src/hunt/hunt.js") = await import("../dist/hunt/hunt.js" as string);

interface Run {
  readonly wall: number;
  /** Of the busiest thread that does tasks. */
  readonly busiest: number;
}

/** Seconds of processor time of each thread, where the system tells. */
function threadSeconds(): Map<string, number> {
  const folder = "/proc/self/task";
  if (!existsSync(folder)) return new Map();
  return new Map(
    readdirSync(folder).map((thread) => {
      const [nanoseconds] = readFileSync(join(folder, thread, "schedstat"), "utf8").split(" ");
      return [thread, Number(nanoseconds) / 1e9];
    }),
  );
}

/** A campaign on so many workers. */
async function campaign(workers: number, draws = SETS): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "bench-hunt-"));
  const before = threadSeconds();
  const began = performance.now();
  let threads = before;
  const progress = () => {
    threads = new Map([...threads, ...threadSeconds()]);
  };
  await compiled.hunt({ source: campaignOf(draws), folder, shard: null, resume: false, workers, progress });
  const wall = (performance.now() - began) / 1000;
  rmSync(folder, { recursive: true });
  return { wall, busiest: Math.max(0, ...[...threads].map(([thread, now]) => now - (before.get(thread) ?? 0))) };
}

await campaign(1, 2); // for the compiler
const [one, two] = [await campaign(1), await campaign(2)];
const ratio = (part: keyof Run) => (one[part] / two[part]).toFixed(2);
console.log(
  `a campaign of ${SETS} data sets, ${40 * SETS} starts: ${one.wall.toFixed(1)} s on one worker, ${two.wall.toFixed(1)} s on two: ${ratio("wall")} times as fast`,
);
if (two.busiest > 0)
  console.log(
    `of processor time, which other programs do not change, ${one.busiest.toFixed(1)} s and, on the busier of the two, ${two.busiest.toFixed(1)} s: ${ratio("busiest")} times less`,
  );
