/**
 * Optima with many samples, decided without splitting every sign: `npm run build && npx tsx bench/scale.ts [--largest N] [--only PART]`, PART being
 * samples, descent, random, fields or wide. Processor time, ratios measured in one run: the growth in n as an exponent between two sizes, and
 * `verify` as a share of `check`; descent with many kinks, the search alone; random labels; fields of high degree, with `check`, reading the problem
 * included, in units of `verify` (bound: 10); many inputs: the commands themselves, with the most memory they held.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { factsOf } from "../src/kernel/facts.js";
import { verifyCertificate } from "../src/kernel/verify.js";
import { parseJson } from "../src/network/decode.js";
import { parseProblem } from "../src/problem/problem.js";
import { ORDINARY } from "../src/prover/effort.js";
import { findDescent } from "../src/prover/not-local.js";
import { decide } from "../test/adversary/judge.js";
import type { ProblemJson } from "../test/adversary/problem.js";
import { kinked, waking } from "../test/instances/descents.js";
import { fiveOnALine, parity, primeAxes, sevenOnALine } from "../test/instances/fields.js";
import {
  deepObtuse,
  deepOrthogonal,
  diagonalBranches,
  leakyOrthogonal,
  nearlyOrthogonal,
  orthogonal,
} from "../test/instances/many-samples.js";
import { randomLabels } from "../test/instances/random-labels.js";
import { type Wide, wide } from "../test/instances/wide.js";

const { values } = parseArgs({ options: { largest: { type: "string", default: "64" }, only: { type: "string" } } });
const largest = Number(values.largest);

function seconds<T>(work: () => T): { readonly result: T; readonly time: number } {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { result, time: (user + system) / 1e6 };
}

interface Measured {
  readonly n: number;
  readonly check: number;
}

function measure(problem: ProblemJson): Measured {
  const { result, time: check } = seconds(() => decide(problem));
  const { time: verify } = seconds(() => verifyCertificate(parseJson(result.certificate)));
  const { kkt, local, global, layers } = result.verdict;
  const answers = [kkt, local, global, ...layers.map((layer) => layer.global)];
  const n = problem.data.length;
  const width = Number(/width-(\d+)/.exec(problem.name)![1]);
  console.log(
    [
      problem.name.replace(/-\d+-samples.*/, "").padEnd(28),
      n,
      width,
      answers.every((answer) => answer === "yes") ? "decided" : `open: ${answers.join()}`,
      check.toFixed(2),
      (verify / check).toFixed(2),
      result.certificate.length,
    ].join("\t"),
  );
  return { n, check };
}

function growth(what: string, [small, ...others]: readonly Measured[]): void {
  const large = others.at(-1);
  if (small === undefined || large === undefined) return;
  const exponent = Math.log(large.check / small.check) / Math.log(large.n / small.n);
  console.log(
    `${what}: processor time grows like n^${exponent.toFixed(1)} from n = ${small.n} to ${large.n} (bound: 4)`,
  );
}

const upTo = (sizes: readonly number[]) => sizes.filter((n) => n <= largest);

function manySamples(): void {
  decide(orthogonal({ samples: 4, width: 2, labels: 1 })); // compiles what is measured
  console.log(["data".padEnd(28), "n", "width", "global optimum", "check s", "verify/check", "bytes"].join("\t"));
  for (const width of [2, 32])
    growth(
      `one label, width ${width}`,
      upTo([16, 32, 64]).map((samples) => measure(orthogonal({ samples, width, labels: 1 }))),
    );
  for (const width of [2, 4]) {
    growth(
      `two labels, width ${width}`,
      upTo([10, 20, 40]).map((samples) => measure(orthogonal({ samples, width, labels: 2 }))),
    );
    growth(
      `two labels, nearly orthogonal, width ${width}`,
      upTo([10, 20]).map((samples) => measure(nearlyOrthogonal({ samples, width }))),
    );
    growth(
      `two labels, leaky, width ${width}`,
      upTo([10, 20]).map((samples) => measure(leakyOrthogonal({ samples, width, slope: "1/2" }))),
    );
  }
  for (const depth of [3, 4])
    for (const width of [2, 4])
      growth(
        `two labels, depth ${depth}, width ${width}`,
        upTo([10, 20]).map((samples) => measure(deepOrthogonal({ samples, width, depth }))),
      );
  for (const depth of [3, 4])
    growth(
      `two labels, obtuse pairs, depth ${depth}`,
      upTo([16, 24]).map((samples) => measure(deepObtuse({ samples, width: 4, depth }))),
    );
  for (const depth of [5, 6]) measure(deepOrthogonal({ samples: 4, width: 4, depth }));
  console.log("diagonal, depth 3, strict local: branches, seconds");
  for (const [live, dead] of [
    [2, 4],
    [6, 0],
    [10, 0],
    [2, 8],
  ] as const) {
    const { result, time } = seconds(() => decide(diagonalBranches(live, dead)));
    console.log(
      [`${live} live, ${dead} dead`, result.verdict.strict === null ? "open" : "strict", time.toFixed(2)].join("\t"),
    );
  }
}

const USAGE = /^\{"userCPUTime.*\}$/m;

/** A command in a process of its own: what it said, its processor time in seconds, and the most memory that it held, in MB. */
function run(command: string, ...args: readonly string[]) {
  const report = `process.on("exit", () => process.stderr.write("\\n" + JSON.stringify(process.resourceUsage()) + "\\n"))`;
  const preload = `data:text/javascript,${encodeURIComponent(report)}`;
  const main = new URL("../dist/cli/main.js", import.meta.url).pathname;
  const { stdout, stderr } = spawnSync(process.execPath, ["--import", preload, main, command, ...args], {
    encoding: "utf8",
    maxBuffer: 2 ** 30,
  });
  const usage = USAGE.exec(stderr)?.[0];
  if (usage === undefined) throw new Error(`${command} ended without a report: ${stderr}`);
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(usage) as NodeJS.ResourceUsage;
  return { stdout, time: (userCPUTime + systemCPUTime) / 1e6, memory: maxRSS / 1024 };
}

const WIDE: readonly Wide[] = [
  { activation: "linear", labels: 2, data: "dense", units: "one" },
  { activation: "linear", labels: 2, data: "dense", units: "ten" },
  { activation: "linear", labels: 2, data: "pictures", units: "one" },
  { activation: "linear", labels: 2, data: "pictures", units: "ten" },
  { activation: "relu", labels: 1, data: "dense", units: "one" },
  { activation: "relu", labels: 1, data: "dense", units: "ten" },
  { activation: "relu", labels: 1, data: "pictures", units: "one" },
  { activation: "relu", labels: 1, data: "pictures", units: "ten" },
  { activation: "relu", labels: 2, data: "dense", units: "one" },
  { activation: "relu", labels: 2, data: "pictures", units: "one" },
];

/** 784 inputs, 10 units and 20 samples; bounds: 10 s and 300 MB. */
function manyInputs(): void {
  console.log(
    "784-10-1, 20 samples: answers; seconds and MB of check; seconds and MB of verify; kB of the certificate",
  );
  const folder = mkdtempSync(join(tmpdir(), "wide-"));
  try {
    for (const kind of WIDE) {
      const problem = wide(kind);
      const file = join(folder, "problem.json");
      writeFileSync(file, JSON.stringify(problem));
      const check = run("check", "--json", "--out", folder, file);
      const [{ undecided }] = JSON.parse(check.stdout) as [{ undecided: readonly string[] }];
      const certificate = join(folder, `${problem.name}.json`);
      const verify = run("verify", certificate);
      console.log(
        [
          problem.name.replace(/-784-inputs$/, "").padEnd(42),
          undecided.length === 0 ? "all decided" : `open: ${undecided.join("; ")}`,
          check.time.toFixed(1),
          check.memory.toFixed(0),
          verify.time.toFixed(1),
          verify.memory.toFixed(0),
          (statSync(certificate).size / 1000).toFixed(0),
        ].join("\t"),
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The search for a descent alone: whether it is found, or what was left out. */
function measureDescent(problem: ProblemJson): Measured {
  const { problem: parsed } = parseProblem(JSON.stringify(problem));
  const facts = factsOf<unknown>({ ...parsed, point: parsed.point! });
  const { field } = facts.instance;
  const kinks = facts.passes.flatMap(({ preactivations }) => preactivations.flat()).filter(field.isZero).length;
  const { result, time } = seconds(() => findDescent(facts, null, ORDINARY));
  const answer = result.kind === "found" ? "found" : `none${result.gaps.map((gap) => `; ${gap}`).join("")}`;
  const n = problem.data.length;
  console.log(
    [problem.name.replace(/-\d+-(samples|dead).*/, "").padEnd(28), n, kinks, answer, time.toFixed(2)].join("\t"),
  );
  return { n, check: time };
}

/** Descent with many kinks. */
function manyKinks(): void {
  console.log(["descent".padEnd(28), "n", "kinks", "found", "s"].join("\t"));
  for (const dead of [1, 8])
    growth(
      `a dead unit of ${dead} that wakes`,
      upTo([8, 16, 32]).map((samples) => measureDescent(waking({ samples, dead, depth: 2, wakes: true }))),
    );
  growth(
    "the same at depth 3",
    upTo([8, 16, 32]).map((samples) => measureDescent(waking({ samples, dead: 1, depth: 3, wakes: true }))),
  );
  growth(
    "dead units that stay asleep",
    upTo([8, 16, 32]).map((samples) => measureDescent(waking({ samples, dead: 1, depth: 2, wakes: false }))),
  );
  for (const descends of [true, false])
    growth(
      `kinks of a live unit, ${descends ? "a descent" : "none"}`,
      upTo([12, 24, 48]).map((samples) =>
        measureDescent(kinked({ samples, dimension: Math.floor(samples / 3), descends, seed: 1 })),
      ),
    );
}

/** Generic samples with random labels: at points where θ's multipliers hold or fail, with a dead unit or without. */
function randomData(): void {
  console.log(
    [
      "random labels".padEnd(14),
      "n",
      "d",
      "width",
      "seed",
      "KKT",
      "local",
      "global",
      "layers",
      "check s",
      "verify/check",
      "bytes",
      "open",
    ].join("\t"),
  );
  const sizes = upTo([12, 16, 20]);
  const requests = sizes.flatMap((samples) =>
    [13, 9, 8, 16].flatMap((seed) => [0, 1].map((dead) => ({ samples, inputs: samples / 2, live: 2, dead, seed }))),
  );
  for (const request of requests) {
    const problem = randomLabels(request);
    const { result, time: check } = seconds(() => decide(problem));
    const { time: verify } = seconds(() => verifyCertificate(parseJson(result.certificate)));
    const { kkt, local, global, layers, undecided } = result.verdict;
    const { samples, inputs, live, dead, seed } = request;
    const gap = /a norm below ([\d.]+), which is ([\d.]+)% of ([\d.]+)/.exec(undecided.join());
    console.log(
      [
        (dead > 0 ? "a dead unit" : "all live").padEnd(14),
        samples,
        inputs,
        live + dead,
        seed,
        kkt,
        local,
        global,
        layers.map((layer) => layer.global).join(),
        check.toFixed(2),
        (verify / check).toFixed(2),
        result.certificate.length,
        gap === null ? "" : `norms between ${gap[1]} and ${gap[3]}`,
      ].join("\t"),
    );
  }
}

/** Twice each, since the first time compiles what is measured. */
function highDegrees(): void {
  console.log(["fields: problem".padEnd(28), "degree", "answers", "check s", "verify s", "ratio", "bytes"].join("\t"));
  for (const problem of [
    fiveOnALine(),
    sevenOnALine(),
    primeAxes([2, 3, 5, 7, 11]),
    primeAxes([101, 103, 107, 109, 113]),
    parity({ noise: 2, root: 1 }),
    parity({ noise: 2, root: 2 }),
  ]) {
    decide(problem);
    const { result, time: check } = seconds(() => decide(problem));
    const { time: verify } = seconds(() => verifyCertificate(parseJson(result.certificate)));
    const { kkt, local, global, undecided } = result.verdict;
    const isDecided = [kkt, local, global].every((answer) => answer === "yes") && undecided.length === 0;
    console.log(
      [
        problem.name.padEnd(28),
        parseProblem(JSON.stringify(problem)).problem.field.degree,
        isDecided ? "decided" : `open: ${undecided.length}`,
        check.toFixed(2),
        verify.toFixed(3),
        (check / verify).toFixed(1),
        result.certificate.length,
      ].join("\t"),
    );
  }
}

const PARTS = { samples: manySamples, descent: manyKinks, random: randomData, fields: highDegrees, wide: manyInputs };
for (const [part, run] of Object.entries(PARTS)) if ((values.only ?? part) === part) run();
