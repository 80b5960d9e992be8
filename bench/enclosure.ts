/**
 * The kernel's check of an enclosed point, by the number of its unknowns. Run with `npx tsx bench/enclosure.ts [digits]`, the radius of the
 * box being 10^-digits (20 if not given).
 *
 * The problems are those of wide leaky ReLU networks, whose units share two directions, one for each label: with d inputs and m active
 * samples, 2(d + 1) + m unknowns. The inputs are Gaussian but for the first, which tells the labels apart, so that every equation holds most of the unknowns. The
 * point is solved with the signs of its units fixed, which are corrected until they are the solution's own. Time is that of reading and
 * checking the certificate, with the statements `feasible` and `kkt`, in seconds of processor time; growth is the exponent of the power law
 * between neighbouring rows.
 */
import { rational } from "../src/exact/rational.js";
import { enclosed, equationsOf, type Guess, systemFor, zeroNear } from "../src/identify/solve.js";
import { verifyCertificate, writeEnclosedCertificate } from "../src/kernel/verify.js";
import { formatJson } from "../src/network/codec.js";
import { parseJson } from "../src/network/decode.js";
import { gaussian, uniform } from "../src/numeric/random.js";
import { parseProblem } from "../src/problem/problem.js";

const UNKNOWNS = [25, 50, 100, 200, 300];
const SEED = 1;
/** The first input of samples of label 1. */
const MEAN = 8;
const ROUNDS = 5;
const DIGITS = Number(process.argv[2] ?? 20);

const labelOf = (sample: number) => (sample % 2 === 0 ? 1 : -1);

/** A certificate about a point with nearly so many unknowns, as text; how many there are. */
function certificate(unknowns: number, seed: number): { readonly text: string; readonly size: number } | null {
  const normal = gaussian(uniform(seed));
  const samples = Math.max(2, Math.round(unknowns / 8));
  const inputs = Math.max(2, Math.round((unknowns - samples) / 2) - 1);
  const width = Math.round(unknowns / 10);
  const xs = Array.from({ length: samples }, (_, i) =>
    Array.from({ length: inputs }, (_, j) => (j === 0 ? MEAN * labelOf(i) : Math.round(normal() * 2 ** 12) / 2 ** 12)),
  );
  const data = xs.map((x, i) => ({
    x: x.map((c) => rational(BigInt(c * 2 ** 12), 2n ** 12n).toFraction()),
    y: labelOf(i),
  }));
  const network = { kind: "fully-connected", widths: [inputs, 2 * width, 1], activation: { "leaky-relu": "1/10" } };
  const { problem } = parseProblem(
    JSON.stringify({ format: "margincert/problem/1", name: `wide-${unknowns}`, network, data }),
  );
  const labels = [1, -1];
  const range = labels.flatMap((_, g) =>
    Array.from(
      { length: inputs + 1 },
      (_, j) =>
        new Map(
          Array.from({ length: width }, (_, k) => {
            const unit = g * width + k;
            const weight = j < inputs ? unit * inputs + j : 2 * width * inputs + unit;
            return [weight, rational(BigInt(k + 1), BigInt(width))];
          }),
        ),
    ),
  );
  const shares = Array.from({ length: width }, (_, k) => ((k + 1) / width) ** 2).reduce((a, b) => a + b);
  let start = labels.flatMap((label) => {
    const mean = xs.reduce(
      (t, x, i) => (data[i]!.y === label ? t.map((c, j) => c + x[j]!) : t),
      new Array<number>(inputs).fill(0),
    );
    const size = Math.hypot(...mean) * Math.sqrt((Math.sqrt(inputs) * shares) / 2);
    return [...mean.map((c) => c / size), label / Math.sqrt(shares)];
  });
  start = [...start, ...xs.map(() => 1 / inputs)];
  const isOn = (values: readonly number[], x: readonly number[], g: number) =>
    x.reduce((t, c, j) => t + c * values[g * (inputs + 1) + j]!, 0) > 0;
  for (let round = 0; round < ROUNDS; round++) {
    const sides = xs.map((x) => labels.map((_, g) => isOn(start, x, g)));
    const patterns = sides.map((own, sample) => ({
      sample,
      layers: [own.map((on) => (on ? "+" : "-").repeat(width)).join("")],
    }));
    const guess: Guess = { range, active: xs.map((_, i) => i), patterns, kinks: [], start };
    const system = systemFor(problem as never, guess);
    const zero = zeroNear(equationsOf(system), start);
    if (zero === null || zero.inverse === null) return null;
    start = [...zero.values];
    const settled = sides.every((own, i) => own.every((on, g) => on === isOn(start, xs[i]!, g)));
    if (!settled) continue;
    if (start.slice(-samples).some((lambda) => lambda <= 0)) return null;
    const point = enclosed(system, start, zero.inverse, DIGITS);
    const statements = [{ kind: "feasible" }, { kind: "kkt" }] as const;
    return { text: formatJson(writeEnclosedCertificate(problem as never, point, statements)), size: start.length };
  }
  return null;
}

console.log(`radius 1e-${DIGITS}\n unknowns   kilobytes   seconds   growth   verdict`);
let last: { readonly size: number; readonly seconds: number } | null = null;
for (const unknowns of UNKNOWNS) {
  let made: ReturnType<typeof certificate> = null;
  for (let seed = SEED; made === null; seed++) made = certificate(unknowns, seed);
  const begin = process.cpuUsage();
  const verdict = verifyCertificate(parseJson(made.text));
  const { user, system } = process.cpuUsage(begin);
  const seconds = (user + system) / 1e6;
  const growth = last === null ? "" : (Math.log(seconds / last.seconds) / Math.log(made.size / last.size)).toFixed(1);
  const words = verdict.readable
    ? verdict.statements.map((one) => (one.accepted ? "accepted" : one.clause)).join(", ")
    : verdict.refusal.clause;
  const columns = [`${made.size}`.padStart(9), (made.text.length / 1000).toFixed(0).padStart(11)];
  console.log(`${columns.join(" ")} ${seconds.toFixed(2).padStart(9)} ${growth.padStart(8)}   ${words}`);
  last = { size: made.size, seconds };
}
