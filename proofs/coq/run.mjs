// Checks the proofs with Coq: compiles the theory and every instance from clean, and fails unless each of them rests on the
// axioms of axioms.txt alone. Then the instances of cases/, and instances with one number changed, each of which Coq has to refuse.
//
//   node proofs/coq/run.mjs                  all of instances/, then the changed ones, from clean
//   node proofs/coq/run.mjs INSTANCE.v …     these alone, theorem by theorem; the theory is kept from the last run, if it is the same
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, join, resolve } from "node:path";
import { assumptions, here, instances, seconds, theory } from "./project.mjs";

const build = join(here, ".build");

/** Runs coqc on a file of the build folder: exit code and output. `onSentence` is told where each sentence ends that Coq is through with. */
function compile(file, onSentence = null) {
  return new Promise((done) => {
    const timed = onSentence === null ? [] : ["-time"];
    const child = spawn("coqc", ["-q", ...timed, "-Q", "theory", "MarginCert", file], { cwd: build });
    let output = "";
    let line = "";
    child.stdout.on("data", (text) => {
      if (onSentence === null) {
        output += text;
        return;
      }
      const lines = (line + text).split("\n");
      line = lines.pop();
      for (const one of lines) {
        const sentence = /^Chars \d+ - (\d+) \[.*\] [\d.]+ secs/.exec(one);
        if (sentence === null) output += `${one}\n`;
        else onSentence(Number(sentence[1]));
      }
    });
    child.stderr.on("data", (text) => (output += text));
    child.on("close", (code) => done({ code, output }));
  });
}

/** Runs the tasks, a few at a time. */
async function pool(tasks) {
  const queue = [...tasks];
  const workers = Math.min(4, availableParallelism());
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (let task = queue.shift(); task !== undefined; task = queue.shift()) await task();
    }),
  );
}

let failures = 0;
function fail(file, reason) {
  failures++;
  console.error(`${file}: FAILED: ${reason.trim()}`);
}

/** Says of each theorem of a file when it is proved. */
function theoremsOf(file) {
  const text = readFileSync(join(build, file));
  const ends = [...text.toString("latin1").matchAll(/^Theorem (\w+)[^]*?\bQed\./gm)].map((match) => ({
    name: match[1],
    end: match.index + match[0].length,
  }));
  let [at, since] = [0, performance.now()];
  return (end) => {
    for (; at < ends.length && end >= ends[at].end; at++) {
      console.log(`  ${at + 1} of ${ends.length}: ${ends[at].name} (${seconds(since)})`);
      since = performance.now();
    }
  };
}

async function check(file, onSentence = null) {
  const since = performance.now();
  const { code, output } = await compile(file, onSentence);
  if (code !== 0) return fail(file, output);
  const { printed, extra } = assumptions(output);
  if (extra.length > 0) return fail(file, `assumes ${extra.join(", ")}`);
  const isFinal = !file.startsWith("theory/") || file.endsWith("Soundness.v");
  if (isFinal && printed === 0) return fail(file, "does not print its assumptions");
  console.log(`${file}: proved (${seconds(since)})`);
}

async function refuse({ name, text }) {
  const file = `changed/${name}.v`;
  writeFileSync(join(build, file), text);
  const { code, output } = await compile(file);
  if (code === 0) return fail(file, "Coq accepted it");
  // The checker's answer is compared with true when the proof is closed.
  if (!/The term "eq_refl" has type "true = true"\s+while it is expected to have type/.test(output)) return fail(file, `refused for another reason: ${output}`);
  console.log(`${file}: refused, as it has to be`);
}

const version = spawnSync("coqc", ["--version"], { encoding: "utf8" });
if (version.error !== undefined) {
  console.error("coqc was not found. Debian, Ubuntu: apt-get install coq. Without it: npm run proofs:js");
  process.exit(1);
}
console.log(version.stdout.split("\n")[0]);

const start = performance.now();
const asked = process.argv.slice(2).map((file) => ({ from: resolve(file), to: `instances/${basename(file)}` }));
for (const { from } of asked) {
  if (existsSync(from)) continue;
  console.error(`${from}: no such file; \`margincert export --to coq\` writes one`);
  process.exit(1);
}

const texts = theory.map((file) => readFileSync(join(here, file), "utf8"));
const stamp = createHash("sha256").update([version.stdout, ...texts].join("\0")).digest("hex");
const stampFile = join(build, "theory.sha256");
if (asked.length > 0 && existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) {
  console.log("theory: proved before, and unchanged");
} else {
  rmSync(build, { recursive: true, force: true });
  for (const folder of ["theory", "instances", "cases", "changed"]) mkdirSync(join(build, folder), { recursive: true });
  for (const file of theory) cpSync(join(here, file), join(build, file));
  for (const file of theory) {
    await check(file);
    if (failures > 0) process.exit(1);
  }
  writeFileSync(stampFile, stamp);
}

const chosen = asked.length > 0 ? asked : instances.map((file) => ({ from: join(here, file), to: file }));
await pool(
  chosen.map(({ from, to }) => async () => {
    cpSync(from, join(build, to));
    await check(to, asked.length > 0 ? theoremsOf(to) : null);
  }),
);

if (asked.length === 0) {
  if (existsSync(join(here, "../../dist/report/coq.js"))) {
    const { caseInstances, changedInstances } = await import("./changed.mjs");
    await pool(
      caseInstances().map(({ name, text }) => async () => {
        writeFileSync(join(build, `cases/${name}.v`), text);
        await check(`cases/${name}.v`);
      }),
    );
    await pool(changedInstances().map((one) => () => refuse(one)));
  } else {
    fail("changed instances", "dist/ is missing: run `npm run build` first");
  }
}
console.log(`${failures === 0 ? "All proved" : `${failures} failures`}, ${seconds(start)}`);
process.exit(failures === 0 ? 0 : 1);
