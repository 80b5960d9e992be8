/**
 * What `identify` makes of random trainings: networks of depth 2 trained crudely, by gradient descent on the exponential loss from small
 * starts, on Gaussian, small-integer and orthogonal data. How many are identified, exactly or in an enclosure, and why the others are not;
 * which questions stay open; and whether an optimiser that shares no code contradicts a verdict.
 *   npx tsx bench/identify.ts [COUNT] [FIRST SEED] [ACTIVATION], ACTIVATION as in problem files
 */
import { parseRational, Q } from "../src/exact/rational.js";
import { identify } from "../src/identify/index.js";
import { tableText } from "../src/report/text.js";
import { bestHalfNorm, instanceOf, KINDS, randomTraining } from "../test/identify/training.js";

const RESTARTS = 12;

const [count = 200, first = 1] = process.argv.slice(2, 4).map(Number);
const activation = JSON.parse(process.argv[4] ?? '"relu"') as "relu" | "linear" | { readonly "leaky-relu": string };
const slope =
  typeof activation === "object" ? Q.toNumber(parseRational(activation["leaky-relu"])!) : activation === "relu" ? 0 : 1;

const tally = new Map<string, number>();
const add = (key: string, by = 1) => tally.set(key, (tally.get(key) ?? 0) + by);
let contradictions = 0;
let slowest = 0;
for (let done = 0, seed = first; done < count; seed++) {
  const kind = KINDS[seed % KINDS.length]!;
  const training = randomTraining(kind, seed, slope);
  if (training === null) {
    add(`${kind}: not separated`);
    continue;
  }
  done++;
  const { net, task } = training;
  const before = process.cpuUsage();
  const found = identify(instanceOf(net, task, activation));
  const seconds = process.cpuUsage(before).user / 1e6;
  slowest = Math.max(slowest, seconds);
  const { verdict, halfNorm, distance, kind: sort } = found;
  add(`${kind}: seconds`, seconds);
  add(`${kind}: ${sort}`);
  add(`all: ${sort}`);
  const sizes = `(${net[0]![0]!.length},${net[0]!.length}; ${task.X.length})`;
  const answers = `${sort} ${verdict.kkt} ${verdict.local} ${verdict.global} ${halfNorm?.toPrecision(9) ?? ""} d=${distance?.toPrecision(2) ?? ""}`;
  const reasons = found.reasons.length === 0 ? "" : `: ${found.reasons.join("; ")}`;
  console.log(`${task.name} ${sizes} ${answers} ${seconds.toFixed(1)} s${reasons}`);
  if (halfNorm === null) continue;
  if (verdict.local === "undecided" || verdict.global === "undecided") add("all: open");
  else if (verdict.undecided.length > 0) add("all: open for a layer only");
  const best = bestHalfNorm(net, task, RESTARTS, seed);
  const isBeaten = best < halfNorm * (1 - 1e-6);
  if (verdict.global === "yes" && isBeaten) {
    contradictions++;
    console.log(`CONTRADICTION: ${best} < ${halfNorm}`);
  }
  if (verdict.global === "no" && !isBeaten) add("all: not global, and the optimiser found nothing better");
}
const rows = [...tally].sort().map(([key, value]) => [key, `${Math.round(value * 100) / 100}`]);
console.log(tableText(["figure", "value"], rows));
console.log(`contradictions ${contradictions}; slowest ${slowest.toFixed(1)} s`);
