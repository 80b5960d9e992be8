/**
 * A long run of the adversary: `npx tsx bench/adversary.ts --count N --seed S [--from K] [--classics] [--save DIR]`. Prints every contradiction and
 * crash with its problem, slow cases, and a tally of what stays undecided. With --save, the problems of undecided cases go there.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { classic } from "../test/adversary/classics.js";
import { generate } from "../test/adversary/generate.js";
import { judge } from "../test/adversary/judge.js";

const SLOW_SECONDS = 5;
/** Families whose numbers are out of reach of the opponent's floating point. */
const FAR = new Set(["scaled classics", "uneven"]);

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    save: { type: "string" },
    classics: { type: "boolean", default: false },
  },
});
const [count, seed, from] = [Number(values.count), Number(values.seed), Number(values.from)];
const effort = { everywhere: 60, ball: 600 };
const tally = new Map<string, { count: number; example: string }>();
const answers = new Map<string, number>();
let [wrong, crashes] = [0, 0];
if (values.save !== undefined) mkdirSync(values.save, { recursive: true });

const note = (key: string, example: string) =>
  tally.set(key, { count: (tally.get(key)?.count ?? 0) + 1, example: tally.get(key)?.example ?? example });

for (let k = from; k < from + count; k++) {
  const { family, problem } = values.classics ? classic(seed, k) : generate(seed, k);
  if (FAR.has(family)) continue;
  const began = performance.now();
  const judgement = judge(problem, effort, k, true);
  const seconds = (performance.now() - began) / 1000;
  const json = JSON.stringify(problem);
  if (seconds > SLOW_SECONDS) console.log(`SLOW ${seconds.toFixed(1)} s ${family} ${json}`);
  if (judgement.kind === "crash") {
    crashes++;
    console.log(`CRASH ${family} ${judgement.error}\n${json}`);
    continue;
  }
  const { verdict, contradictions, missed } = judgement;
  for (const text of contradictions) {
    wrong++;
    console.log(`WRONG ${family} ${text}\n${json}\n${JSON.stringify(verdict)}`);
  }
  const { feasible, kkt, local, strict, global } = verdict;
  const summary = `feasible ${feasible} kkt ${kkt} local ${local}${strict ? " (strict)" : ""} global ${global}`;
  answers.set(summary, (answers.get(summary) ?? 0) + 1);
  for (const reason of verdict.undecided) note(`undecided | ${family} | ${reason}`, problem.name);
  for (const text of missed) note(`missed | ${family} | ${text.replace(/(but|cone is).*/, "$1 …")}`, problem.name);
  if (verdict.undecided.length > 0 && values.save !== undefined)
    writeFileSync(join(values.save, `${problem.name.replace(" ", "-")}.json`), json);
}

console.log(`\n${count} cases: ${wrong} contradictions, ${crashes} crashes`);
for (const [summary, n] of [...answers].sort((a, b) => b[1] - a[1])) console.log(`${n}\t${summary}`);
for (const [key, { count: n, example }] of [...tally].sort((a, b) => b[1].count - a[1].count))
  console.log(`${n}\t${key}\t(${example})`);
