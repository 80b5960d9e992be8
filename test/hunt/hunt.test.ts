/** Campaigns as they are run: known answers, and the same bytes whatever happens on the way. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parseCampaign } from "../../src/hunt/campaign.js";
import { hunt, merge } from "../../src/hunt/hunt.js";
import { pageText } from "../../src/hunt/page.js";
import { compareSizes, type Shrunk, shrink, sizeOf } from "../../src/hunt/shrink.js";
import { doUnit, type UnitTask } from "../../src/hunt/unit.js";
import { performer, runTask } from "../../src/hunt/worker.js";
import { verifyCertificate } from "../../src/kernel/verify.js";
import { parseProblem } from "../../src/problem/problem.js";

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const RELU = { kind: "fully-connected", widths: [2, 2, 1], activation: "relu" };
const campaign = (change: object = {}) =>
  JSON.stringify({
    format: "margincert/campaign/1",
    name: "small",
    seed: 5,
    networks: [RELU],
    data: { samples: [2], values: { integers: 2 }, draws: 5 },
    starts: { draws: 10 },
    shrink: 1,
    ...change,
  });
const SOURCE = campaign();
const folder = () => mkdtempSync(join(tmpdir(), "hunt-"));
const request = (source: string, path: string) => ({ source, folder: path, shard: null, resume: false, workers: 1 });

/** Does a unit in this thread. */
const done = (source: string, task: UnitTask) =>
  doUnit(
    parseCampaign(source),
    task,
    performer(source, async (one) => runTask(one)),
  );

/** All files but locks and shards, by their path. */
function filesOf(path: string): Record<string, string> {
  const files = readdirSync(path, { recursive: true, encoding: "utf8" }).filter(
    (file) => statSync(join(path, file)).isFile() && !file.startsWith("shards") && !file.endsWith(".lock"),
  );
  return Object.fromEntries(
    files.sort().map((file) => [relative(path, join(path, file)), readFileSync(join(path, file), "utf8")]),
  );
}

function run(args: readonly string[], shell = "") {
  const result =
    shell === ""
      ? spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8" })
      : spawnSync("bash", ["-c", `${shell}; exec "$0" "$@"`, process.execPath, MAIN, ...args], { encoding: "utf8" });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

describe("known answers", () => {
  it("the paper's data: a KKT point that is not a local optimum is found without being told", async () => {
    const data = [
      { x: ["1", "1/4"], y: 1 },
      { x: ["-1", "1/4"], y: 1 },
    ];
    const one = campaign({ data: { list: [data] }, starts: { draws: 60 } });
    const { result, finds } = await done(one, { unit: 0, network: 0, data: 0, set: data });
    const kinds = result.limits.map(({ kind, halfNorm, arrangement }) => [kind, halfNorm, arrangement]);
    expect(kinds).toContainEqual(["global", expect.closeTo(1.940285, 6), "11"]);
    expect(kinds).toContainEqual(["not-local", 4, "10"]);
    const bad = finds.find(({ name }) =>
      result.limits.some((limit) => limit.name === name && limit.kind === "not-local"),
    )!;
    expect(parseProblem(bad.problem).flow!.start).toHaveLength(6);
    const read = verifyCertificate(JSON.parse(bad.certificate!));
    expect(read.readable && read.statements.every(({ accepted }) => accepted)).toBe(true);
    const counted = [...result.limits, ...result.others].reduce((sum, { count }) => sum + count, 0);
    expect(counted).toBe(60);
  });

  it("one unit and two samples of one label: every limit by hand", async () => {
    // The unit serves both, Φ = |w|² σ(u·x): the shortest w with w·x ≥ 1 at both, or nothing fits.
    const network = { ...RELU, widths: [2, 1, 1] };
    const data = [
      { x: ["1", "0"], y: 1 },
      { x: ["0", "1"], y: 1 },
    ];
    const one = campaign({ networks: [network], data: { list: [data] }, starts: { draws: 60 } });
    const { result } = await done(one, { unit: 0, network: 0, data: 0, set: data });
    expect(result.limits).toHaveLength(1);
    expect(result.limits[0]).toMatchObject({ kind: "global", arrangement: "1" });
    // u = (1,1)/√2, so |w||v|/√2 = 1 and ½‖θ‖² = √2.
    expect(result.limits[0]!.halfNorm).toBeCloseTo(Math.SQRT2, 10);
    expect(result.others.map(({ reason }) => reason)).toEqual(["the loss does not go to zero"]);
    expect(result.limits[0]!.count + result.others[0]!.count).toBe(60);
  });

  it("diagonal, depth 3: one coordinate each is a local optimum, and the better of two is global", async () => {
    const network = { kind: "diagonal", width: 2, depth: 3, activation: "linear" };
    const data = [{ x: ["1", "2"], y: 1 }];
    const one = campaign({ networks: [network], data: { list: [data] }, starts: { draws: 40 } });
    const { result } = await done(one, { unit: 0, network: 0, data: 0, set: data });
    const kinds = new Set(result.limits.map(({ kind, halfNorm }) => `${kind} ${halfNorm.toFixed(6)}`));
    // (3/2)·x^{-2/3}
    expect(kinds).toContain(`global ${(1.5 * 2 ** (-2 / 3)).toFixed(6)}`);
    expect(kinds).toContain("local-not-global 1.500000");
  });
});

describe("what is decided once", () => {
  const network = { ...RELU, widths: [2, 3, 1] };
  const data = [
    { x: ["1", "0"], y: 1 },
    { x: ["0", "1"], y: -1 },
  ];
  const change = { networks: [network], data: { list: [data] }, starts: { draws: 60 } };
  const task = { unit: 0, network: 0, data: 0, set: data };

  it("a global optimum, for all its arrangements and for what symmetries of the data make of it", async () => {
    const [{ result }, all] = await Promise.all([
      done(campaign(change), task),
      done(campaign({ ...change, keep: ["global"] }), task),
    ]);
    expect(result.limits.length).toBeGreaterThan(1);
    const like = result.limits.map((limit) => limit.like);
    expect(like[0]).toBeNull();
    expect(like.some((place) => place !== null)).toBe(true);
    for (const { like: place, kind } of result.limits)
      if (place !== null) expect([kind, result.limits[place]!.kind]).toEqual(["global", "global"]);
    // Each decided for itself is the same, and has its certificate where it is kept.
    expect(all.result.limits.map(({ kind }) => kind)).toEqual(result.limits.map(({ kind }) => kind));
    expect(all.result.limits.every((limit) => limit.like === null)).toBe(true);
    expect(all.finds).toHaveLength(all.result.limits.filter(({ kind }) => kind === "global").length);
  });

  it("whatever the order in which tasks are done", async () => {
    const source = campaign(change);
    const inTurn = await done(source, task);
    const lastFirst = await doUnit(
      parseCampaign(source),
      task,
      performer(source, (one) => new Promise((resolve) => setTimeout(() => resolve(runTask(one)), 50 * Math.random()))),
    );
    expect(lastFirst).toEqual(inTurn);
  });
});

it("an enclosed point of a network with shared weights is a local optimum, and no global one where another limit is shorter", async () => {
  const network = { kind: "convolutional", input: 4, filter: 2, stride: 2, activation: "relu" };
  const data = [
    { x: ["0", "-1", "-1", "-1"], y: -1 },
    { x: ["0", "-1", "1", "1"], y: 1 },
  ];
  const source = campaign({ networks: [network], data: { list: [data] }, starts: { draws: 60 } });
  const { result, finds } = await done(source, { unit: 0, network: 0, data: 0, set: data });
  const longer = result.limits.find(({ sort, global }) => sort === "enclosed" && global === "no")!;
  expect(longer).toMatchObject({ kind: "local-not-global", kkt: "yes", local: "yes" });
  const read = verifyCertificate(JSON.parse(finds.find(({ name }) => name === longer.name)!.certificate!));
  expect(read.readable && read.statements.every(({ accepted }) => accepted)).toBe(true);
});

it("finds are made smaller: units, samples and numbers that nothing rests on are gone", () => {
  const data = [
    { x: ["2", "1/2"], y: 1 },
    { x: ["-2", "1/2"], y: 1 },
  ];
  const one = parseCampaign(campaign({ data: { list: [data] }, starts: { draws: 60 } }));
  let smaller: Shrunk | null = null;
  for (let start = 0; smaller === null && start < 60; start++)
    smaller = shrink(one, { name: "s", network: 0, data: 0, start, set: data, kind: "not-local" });
  expect(compareSizes(smaller!.size, sizeOf(one.networks[0]!.network, data))).toBeLessThan(0);
  expect(smaller!.samples).not.toEqual(data);
});

describe("what is no campaign", () => {
  const path = (name: string, text: string) => {
    const file = join(folder(), name);
    writeFileSync(file, text);
    return file;
  };

  it.each([
    [
      "hunt",
      new URL("../../src/paper/instances/fc-relu.json", import.meta.url).pathname,
      /: this is a problem file; `margincert check` takes it/,
    ],
    ["hunt", path("c.json", campaign({ starts: { draws: 0 } })), /: starts\.draws: expected an integer/],
    [
      "hunt",
      path("d.json", campaign({ data: { samples: [1], values: { grid: ["0"] }, draws: 3 } })),
      /: data: there is no data set/,
    ],
    ["hunt", "nowhere.json", /nowhere\.json: no such file/],
    ["check", path("e.json", SOURCE), /this is a campaign; `margincert hunt` takes it/],
  ])("%s %s is refused in one line", (command, file, message) => {
    const { code, err, out } = run([command, file, ...(command === "hunt" ? ["--out", folder()] : [])]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(message);
    expect(err.trim().split("\n")).toHaveLength(1);
  });
});

describe("the same bytes", { timeout: 120_000 }, () => {
  const whole = folder();
  let expected: Record<string, string>;
  const file = join(folder(), "small.json");
  writeFileSync(file, SOURCE);

  beforeAll(() => {
    const { code, err } = run(["hunt", file, "--workers", "1", "--out", whole]);
    expect([code, err]).toEqual([0, ""]);
    expected = filesOf(whole);
    expect(Object.keys(expected)).toContain("index.html");
  });

  it("with two workers", () => {
    const path = folder();
    expect(run(["hunt", file, "--workers", "2", "--out", path]).code).toBe(0);
    expect(filesOf(path)).toEqual(expected);
  });

  it("from three shards, merged", () => {
    const path = folder();
    for (const shard of ["3/3", "1/3"])
      expect(run(["hunt", file, "--workers", "1", "--shard", shard, "--out", path]).code).toBe(0);
    const early = run(["hunt", "merge", path, "--workers", "1"]);
    expect(early.code).toBe(3);
    expect(early.err).toMatch(/shard 2: 2 units are missing/);
    expect(readFileSync(join(path, "index.html"), "utf8")).toContain("the campaign is not complete");
    expect(run(["hunt", file, "--workers", "1", "--shard", "2/3", "--out", path]).code).toBe(0);
    expect(run(["hunt", "merge", path, "--workers", "1"]).code).toBe(0);
    expect(filesOf(path)).toEqual(expected);
    // Merging again changes nothing.
    expect(run(["hunt", "merge", path, "--workers", "1"]).code).toBe(0);
    expect(filesOf(path)).toEqual(expected);
  });

  it("killed at random moments and resumed, with a line cut short on top", async () => {
    const path = folder();
    for (let round = 0; round < 2; round++) {
      const child = spawn(process.execPath, [MAIN, "hunt", file, "--workers", "1", "--resume", "--out", path], {
        stdio: "ignore",
      });
      const ended = new Promise((resolve) => child.once("exit", resolve));
      await new Promise((resolve) => setTimeout(resolve, 400 + 700 * Math.random()));
      child.kill("SIGKILL");
      await ended;
    }
    const journal = join(path, "journal.jsonl");
    if (existsSync(journal)) writeFileSync(journal, readFileSync(journal).subarray(0, -7));
    const { code } = run(["hunt", file, "--workers", "1", "--resume", "--out", path]);
    expect(code).toBe(0);
    expect(filesOf(path)).toEqual(expected);
  });

  it("after a disk that was full", () => {
    const path = folder();
    const full = run(["hunt", file, "--workers", "1", "--out", path], "ulimit -f 1");
    expect(full.code).toBe(2);
    expect(full.err.trim().split("\n")).toHaveLength(1);
    expect(full.err).toMatch(/cannot be written \(EFBIG\); what is there is whole, and --resume goes on with it/);
    expect(run(["hunt", file, "--workers", "1", "--resume", "--out", path]).code).toBe(0);
    expect(filesOf(path)).toEqual(expected);
  });

  it("and of two processes on one folder one is refused", async () => {
    const path = folder();
    const child = spawn(process.execPath, [MAIN, "hunt", file, "--workers", "1", "--out", path], { stdio: "ignore" });
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    while (!existsSync(join(path, "journal.jsonl.lock"))) await new Promise((resolve) => setTimeout(resolve, 20));
    // It holds still while the other one comes.
    child.kill("SIGSTOP");
    const second = run(["hunt", file, "--workers", "1", "--resume", "--out", path]);
    expect(second.code).toBe(2);
    expect(second.err).toMatch(/journal\.jsonl\.lock: process \d+ on .* is at work here/);
    child.kill("SIGCONT");
    expect(await ended).toBe(0);
    expect(filesOf(path)).toEqual(expected);
  });

  it("a folder that is done is gone on with only when asked", async () => {
    await expect(hunt(request(SOURCE, whole))).rejects.toThrow(/has 5 of 5 units already: --resume/);
    await expect(hunt({ ...request(campaign({ seed: 6 }), whole), resume: true })).rejects.toThrow(/another campaign/);
    const again = await hunt({ ...request(SOURCE, whole), resume: true });
    expect(again).toMatchObject({ done: 5, all: 5 });
    expect(filesOf(whole)).toEqual(expected);
  });

  it("stopped after a unit, it goes on from there", async () => {
    const path = folder();
    const first = await hunt({ ...request(SOURCE, path), stopped: () => true });
    expect(first).toMatchObject({ done: 1, all: 5, summary: null });
    const rest = await hunt({ ...request(SOURCE, path), resume: true });
    expect(rest.done).toBe(5);
    for (const name of ["journal.jsonl", "summary.json"])
      expect(readFileSync(join(path, name), "utf8")).toBe(expected[name]);
  });

  it("nothing is merged where nothing is", async () => {
    await expect(merge({ folder: folder(), workers: 1 })).rejects.toThrow(/not one of margincert hunt/);
  });

  it("the page and the script of a campaign with a hostile title are harmless", () => {
    const summary = JSON.parse(expected["summary.json"]!);
    const text = pageText({ ...summary, title: "<script>alert(1)</script>" });
    expect(text).not.toContain("<script");
    const out = join(folder(), "it's $(here)");
    const written = run(["hunt", file, "--slurm", "4", "--out", out]);
    expect(written.code).toBe(0);
    const script = readFileSync(join(out, "hunt.sbatch"), "utf8");
    expect(script).toContain("--array=1-4");
    expect(spawnSync("bash", ["-n", join(out, "hunt.sbatch")]).status).toBe(0);
  });
});
