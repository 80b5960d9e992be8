/**
 * What stays undecided, by family and question: `npx tsx bench/undecided.ts --count N --seed S [--from K] [--only FAMILY] [--save DIR]`.
 * Half of the cases are those of the adversary, half the examiner's classics. Prints a table, and every slow case.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { classic } from "../test/adversary/classics.js";
import { generate } from "../test/adversary/generate.js";
import { decide } from "../test/adversary/judge.js";

const SLOW_SECONDS = 5;
const QUESTIONS = ["kkt", "local", "global", "layer local", "layer global"] as const;

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "400" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    only: { type: "string" },
    save: { type: "string" },
  },
});
const [count, seed, from] = [Number(values.count), Number(values.seed), Number(values.from)];
if (values.save !== undefined) mkdirSync(values.save, { recursive: true });

interface Row {
  cases: number;
  seconds: number;
  readonly open: Map<string, number>;
}
const rows = new Map<string, Row>();

for (let k = from; k < from + count; k++) {
  const { family, problem } = k % 2 === 0 ? generate(seed, k) : classic(seed, k);
  if (values.only !== undefined && !family.startsWith(values.only)) continue;
  const began = performance.now();
  const { verdict } = decide(problem);
  const seconds = (performance.now() - began) / 1000;
  if (seconds > SLOW_SECONDS) console.log(`SLOW ${seconds.toFixed(1)} s ${family} ${JSON.stringify(problem)}`);
  const open = [
    ...QUESTIONS.slice(0, 3).filter((question) => verdict[question as "kkt"] === "undecided"),
    ...(verdict.layers.some((layer) => layer.local === "undecided") ? ["layer local"] : []),
    ...(verdict.layers.some((layer) => layer.global === "undecided") ? ["layer global"] : []),
  ];
  for (const key of [family.replace(/,.*/, ""), "all"]) {
    const row = rows.get(key) ?? { cases: 0, seconds: 0, open: new Map() };
    row.cases++;
    row.seconds += seconds;
    for (const question of [...open, ...(open.length > 0 ? ["any"] : [])])
      row.open.set(question, (row.open.get(question) ?? 0) + 1);
    rows.set(key, row);
  }
  if (open.length > 0 && values.save !== undefined)
    writeFileSync(
      join(values.save, `${family.replaceAll(/\W+/g, "-")}-${seed}-${k}.json`),
      `${JSON.stringify(problem)}\n`,
    );
}

const columns = [...QUESTIONS, "any"];
console.log(["family".padEnd(24), "cases", "mean s", ...columns].join("\t"));
for (const [family, { cases, seconds, open }] of [...rows].sort(([a], [b]) => a.localeCompare(b)))
  console.log(
    [
      family.padEnd(24),
      cases,
      (seconds / cases).toFixed(2),
      ...columns.map((question) => (open.get(question) ?? "-").toString()),
    ].join("\t"),
  );
