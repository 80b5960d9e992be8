/**
 * Random families against `check` at values of their parameter: `npx tsx bench/families.ts --count N --seed S [--from K] [--values V]`. Prints every
 * contradiction and crash, what stays undecided, slow cases, and what a family costs in terms of its problem at one value.
 */
import { parseArgs } from "node:util";
import { rangeText } from "../src/report/places.js";
import { examine, randomFamily } from "../test/family/random.js";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    values: { type: "string", default: "20" },
  },
});
const [count, seed, from, each] = [
  Number(values.count),
  Number(values.seed),
  Number(values.from),
  Number(values.values),
];
const SLOW_SECONDS = 10;

const ratios: number[] = [];
const sizes = new Map<number, number>();
let [contradictions, crashes, compared, undecided, pieces, open] = [0, 0, 0, 0, 0, 0];
for (let k = from; k < from + count; k++) {
  const family = randomFamily(seed, k);
  try {
    const found = examine(family, each, k + 1);
    for (const one of found.contradictions) console.log(`CONTRADICTION ${one}`);
    contradictions += found.contradictions.length;
    compared += found.compared;
    pieces += found.pieces.length;
    sizes.set(found.pieces.length, (sizes.get(found.pieces.length) ?? 0) + 1);
    const left = found.pieces.filter(({ verdict }) => verdict !== null && verdict.undecided.length > 0);
    open += left.length;
    if (left.length > 0) {
      undecided++;
      console.log(
        `undecided ${family.name}: ${left
          .slice(0, 3)
          .map((piece) => `${rangeText(piece, "s")}: ${piece.verdict!.undecided[0]}`)
          .join(" | ")
          .slice(0, 300)}`,
      );
    }
    if (found.single > 0) ratios.push(found.cost / found.single);
    if (found.cost > 1000 * SLOW_SECONDS)
      console.log(`slow ${family.name}: ${(found.cost / 1000).toFixed(1)} s, ${found.pieces.length} pieces`);
  } catch (error) {
    crashes++;
    console.log(`CRASH ${family.name}: ${(error as Error).stack?.split("\n").slice(0, 4).join(" ")}`);
  }
}
ratios.sort((a, b) => a - b);
const quantile = (p: number) => ratios[Math.floor(p * (ratios.length - 1))]?.toFixed(1);
console.log(
  `${count} families, ${pieces} pieces, ${compared} values compared: ${contradictions} contradictions, ${crashes} crashes`,
);
console.log(`undecided somewhere: ${undecided} families, ${open} pieces`);
console.log(
  `pieces per family: ${[...sizes]
    .sort(([a], [b]) => a - b)
    .map(([n, times]) => `${n}: ${times}`)
    .join(", ")}`,
);
console.log(`cost of a family / of one value: median ${quantile(0.5)}, 90 % ${quantile(0.9)}, most ${quantile(1)}`);
