/**
 * What one would use instead, on the paper's instances, in one run with ours: z3 and cvc5 on 'is there a feasible point of smaller norm
 * within 1/16', QSopt_ex on the multipliers of a KKT point, the Hessian of the Lagrangian in floating point, and random search.
 *
 * Run with `npm run build && npx tsx bench/alternatives.ts [SECONDS [INSTANCE …]]`, the time that each solver may take (default 60); Debian's packages z3,
 * cvc5 and qsopt-ex. Times are of the processor, with the start of the program.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { squaredNorm } from "../src/exact/field.js";
import { formatRational, type Rational } from "../src/exact/rational.js";
import { factsOf } from "../src/kernel/facts.js";
import { gradient, type Pattern, passAt } from "../src/kernel/forward.js";
import { type Instance, marginOf, marginsOf } from "../src/network/instance.js";
import { isLinearLayer } from "../src/network/network.js";
import { gaussian, uniform } from "../src/numeric/random.js";
import { parseInstance } from "../src/problem/problem.js";
import { approximate } from "../src/prover/search/approximate.js";
import { orthonormalBasis, restrict, symmetricEigen } from "../src/prover/search/numeric.js";
import { tableText } from "../src/report/text.js";

type Any = Instance<unknown>;

const LIMIT = Number(process.argv[2] ?? 60);
const RADIUS = 1 / 16;
const RANDOM_POINTS = 100_000;
const ROOT = new URL("../", import.meta.url).pathname;
const INSTANCES = join(ROOT, "src/paper/instances");
const folder = mkdtempSync(join(tmpdir(), "margincert-alternatives-"));

interface Timed {
  readonly out: string;
  readonly complaints: string;
  /** Of the processor; null where the time was up, or the program is not there. */
  readonly seconds: number | null;
}

function timed(program: string, ...args: string[]): Timed {
  const script = 'TIMEFORMAT="processor %U %S"; time "$@"';
  const options = { encoding: "utf8", timeout: 1000 * 100 * LIMIT } as const;
  const run = spawnSync("bash", ["-c", `ulimit -t ${LIMIT}; ${script}`, "bash", program, ...args], options);
  const [, user, system] = /processor ([\d.]+) ([\d.]+)/.exec(run.stderr) ?? [];
  const isDone = user !== undefined && (run.status === 0 || run.status === 3 || /\b(?:un)?sat\b/.test(run.stdout));
  return { out: run.stdout, complaints: run.stderr, seconds: isDone ? Number(user) + Number(system) : null };
}

const shown = (seconds: number | null) => (seconds === null ? `> ${LIMIT} s` : `${seconds.toFixed(1)} s`);

// ------------------------------------------------------------------------------------------------ z3, cvc5

const smtRational = ({ s, n, d }: Rational) => (s < 0n ? `(- (/ ${n}.0 ${d}.0))` : `(/ ${n}.0 ${d}.0)`);

/** Is there a feasible point of smaller norm within the radius? `unsat`: the point is a local optimum. */
function smtLib(instance: Any): string {
  const { field: K, network, data, point } = instance;
  const element = (value: unknown) =>
    K.coordinates(value).reduceRight(
      (tail, c) => (tail === "" ? smtRational(c) : `(+ ${smtRational(c)} (* a ${tail}))`),
      "",
    );
  const names = point.map((_, k) => `p${k}`);
  const weights = [...names, ...instance.frozen.map(element)];
  const sum = (terms: readonly string[]) => (terms.length === 0 ? "0.0" : `(+ 0.0 ${terms.join(" ")})`);
  const lines = ["(set-logic QF_NRA)"];
  const { description } = K;
  if (description !== null) {
    const [low, high] = description.interval.map(smtRational);
    const polynomial = description.minimalPolynomial.reduceRight(
      (tail, c) => (tail === "" ? smtRational(c) : `(+ ${smtRational(c)} (* a ${tail}))`),
      "",
    );
    lines.push("(declare-const a Real)", `(assert (= 0.0 ${polynomial}))`, `(assert (<= ${low} a ${high}))`);
  }
  lines.push(...names.map((name) => `(declare-const ${name} Real)`));
  data.forEach(({ x, y }, i) => {
    let values = x.map(element);
    network.layers.forEach((layer, l) => {
      values = layer.map((row, unit) => {
        const z = `z${i}_${l}_${unit}`;
        lines.push(`(declare-const ${z} Real)`);
        lines.push(`(assert (= ${z} ${sum(row.map(({ from, weight }) => `(* ${weights[weight]} ${values[from]})`))}))`);
        if (l === network.layers.length - 1 || isLinearLayer(network, l)) return z;
        return `(ite (> ${z} 0.0) ${z} (* ${smtRational(network.slopes[l]!)} ${z}))`;
      });
    });
    lines.push(`(assert (>= (* ${y}.0 ${values[0]}) 1.0))`.replace("-1.0", "(- 1.0)"));
  });
  const norm = sum(names.map((name) => `(* ${name} ${name})`));
  const distance = sum(names.map((name, k) => `(* (- ${name} ${element(point[k])}) (- ${name} ${element(point[k])}))`));
  lines.push(`(assert (< ${norm} ${element(squaredNorm(K, point))}))`);
  lines.push(`(assert (<= ${distance} (/ 1.0 256.0)))`, "(check-sat)");
  return `${lines.join("\n")}\n`;
}

function solved(program: string, ...args: string[]): { local: boolean | null; seconds: number | null } {
  const { out, seconds } = timed(program, ...args);
  const answer = /^(unsat|sat)$/m.exec(out)?.[1];
  return { local: answer === undefined ? null : answer === "unsat", seconds: answer === undefined ? null : seconds };
}

// --------------------------------------------------------------------------------------------- QSopt_ex

/** Every choice of the kinks of a sample, as patterns. */
function patternsOf(instance: Any, sample: number): Pattern[] {
  const { network, field: K, point } = instance;
  const { preactivations } = passAt(instance, sample, point);
  let patterns: boolean[][][] = [[]];
  preactivations.forEach((layer, l) => {
    const choices = layer.reduce<boolean[][]>(
      (rows, z) => {
        const sign = K.sign(z);
        const options = sign === 0 && !isLinearLayer(network, l) ? [true, false] : [sign >= 0];
        return rows.flatMap((row) => options.map((on) => [...row, on]));
      },
      [[]],
    );
    patterns = patterns.flatMap((one) => choices.map((choice) => [...one, choice]));
  });
  return patterns;
}

/** θ = Σ λ_k g_k, λ ≥ 0, over the gradients of active margins under all patterns; null where the point is not rational. */
function multiplierLp(instance: Any): string | null {
  const { field: K, point } = instance;
  if (K.degree > 1) return null;
  const { active, margins } = factsOf(instance);
  const columns = active.flatMap((j) =>
    patternsOf(instance, margins[j]!.sample).map((pattern) => gradient(instance, margins[j]!, pattern)),
  );
  const number = (value: unknown) => formatRational(K.coordinates(value)[0]!);
  const rows = point.map((value, k) => {
    const terms = columns.flatMap((g, c) =>
      K.isZero(g[k]) ? [] : [`${K.sign(g[k]) < 0 ? "-" : "+"} ${number(K.sign(g[k]) < 0 ? K.neg(g[k]) : g[k])} l${c}`],
    );
    return { terms, value: number(value), isZero: K.isZero(value) };
  });
  if (rows.some(({ terms, isZero }) => terms.length === 0 && !isZero)) return "none";
  const equations = rows.flatMap(({ terms, value }, k) =>
    terms.length === 0 ? [] : [` c${k}: ${terms.join(" ").replace(/^\+ /, "")} = ${value}`],
  );
  return `Problem\n multipliers\nMinimize\n obj: ${columns.map((_, c) => `l${c}`).join(" + ")}\nSubject To\n${equations.join("\n")}\nEnd\n`;
}

function qsopt(name: string, instance: Any): string {
  const lp = multiplierLp(instance);
  if (lp === null) return "irrational";
  if (lp === "none") return "no multipliers";
  const path = join(folder, `${name}.lp`);
  writeFileSync(path, lp);
  const { complaints, seconds } = timed("esolver", "-L", path);
  const answer = /Problem Solved Exactly/.test(complaints)
    ? "KKT"
    : /Problem Is Infeasible/.test(complaints)
      ? "not KKT"
      : null;
  return answer === null ? "not run" : `${answer}, ${shown(seconds)}`;
}

// ----------------------------------------------------------------------------- floating point: Hessian, random search

function rough(instance: Any) {
  const near = approximate(instance);
  const margins = marginsOf(near);
  const at = (theta: readonly number[]) =>
    margins.map((margin) => marginOf(near.field, margin, passAt(near, margin.sample, theta).outputs));
  return { near, at, depth: near.network.layers.length };
}

/** Differences of second order of ½‖θ‖² − Σ λ_i margin_i, on what is orthogonal to the active gradients: the textbook's test. */
function hessianTest(instance: Any): string {
  const { near, at } = rough(instance);
  const theta = [...near.point];
  const active = at(theta).flatMap((value, j) => (Math.abs(value - 1) < 1e-9 ? [j] : []));
  const h = 1e-4;
  const moved = (...steps: readonly (readonly [number, number])[]) => {
    const copy = [...theta];
    for (const [k, by] of steps) copy[k]! += by;
    return copy;
  };
  const gradients = active.map((j) => theta.map((_, k) => (at(moved([k, h]))[j]! - at(moved([k, -h]))[j]!) / (2 * h)));
  const multipliers = leastSquares(gradients, theta);
  const lagrangian = (p: readonly number[]) => {
    const values = at(p);
    return (
      p.reduce((sum, x) => sum + x * x, 0) / 2 - active.reduce((sum, j, k) => sum + multipliers[k]! * values[j]!, 0)
    );
  };
  const hessian = theta.map((_, i) =>
    theta.map(
      (__, j) =>
        (lagrangian(moved([i, h], [j, h])) -
          lagrangian(moved([i, h], [j, -h])) -
          lagrangian(moved([i, -h], [j, h])) +
          lagrangian(moved([i, -h], [j, -h]))) /
        (4 * h * h),
    ),
  );
  const normal = orthonormalBasis(gradients);
  const axes = theta.map((_, k) => theta.map((__, j) => (j === k ? 1 : 0)));
  const tangent = orthonormalBasis([...normal, ...axes]).slice(normal.length);
  const least = Math.min(...symmetricEigen(restrict(hessian, tangent)).values);
  return least > 1e-3 ? "local" : least < -1e-3 ? "not local" : "no answer";
}

/** argmin ‖Σ λ_k g_k − v‖, by Gauss and Seidel: few vectors. */
function leastSquares(vectors: readonly (readonly number[])[], v: readonly number[]): number[] {
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, k) => sum + x * b[k]!, 0);
  const result = vectors.map(() => 0);
  for (let round = 0; round < 10_000; round++)
    for (const [k, g] of vectors.entries()) {
      const rest = v.map(
        (x, j) => x - vectors.reduce((sum, one, m) => (m === k ? sum : sum + result[m]! * one[j]!), 0),
      );
      result[k] = dot(g, g) === 0 ? 0 : dot(g, rest) / dot(g, g);
    }
  return result;
}

/** Points in the ball, made feasible by scaling: is one of them in the ball still, and shorter? */
function randomSearch(instance: Any): string {
  const { near, at, depth } = rough(instance);
  const theta = near.point;
  const random = uniform(1);
  const normal = gaussian(random);
  const norm = (p: readonly number[]) => Math.hypot(...p);
  for (let n = 0; n < RANDOM_POINTS; n++) {
    const direction = theta.map(normal);
    const size = (RADIUS * random() ** (1 / theta.length)) / norm(direction);
    const moved = theta.map((x, k) => x + size * direction[k]!);
    const least = Math.min(...at(moved));
    if (least <= 0) continue;
    const feasible = moved.map((x) => x / least ** (1 / depth));
    const isNear = norm(feasible.map((x, k) => x - theta[k]!)) <= RADIUS;
    if (isNear && norm(feasible) < norm(theta) - 1e-12) return "not local";
  }
  return "local";
}

// ------------------------------------------------------------------------------------------------------ the table

/** One for each kind of row, where none are asked for. */
const ASKED = process.argv.slice(3);
const KINDS = [
  "fc-relu",
  "relu-nonzero-weights",
  "relu-nonzero-inputs",
  "diagonal-depth2-nonzero",
  "diagonal-deep-relu",
  "convolutional-relu",
  "fc-linear-depth2",
];
const names = ASKED.length > 0 ? ASKED : KINDS;
const heads = ["instance", "truth", "margincert", "z3", "cvc5", "QSopt_ex: KKT", "Hessian", "random"];
const rows: string[][] = [];
for (const name of names) {
  const file = join(INSTANCES, `${name}.json`);
  const instance = parseInstance(readFileSync(file, "utf8"));
  const ours = timed(process.execPath, join(ROOT, "dist/cli/main.js"), "check", file, "--json", "--out", folder);
  const truth = JSON.parse(ours.out)[0].local === "yes";
  const smt = join(folder, `${name}.smt2`);
  writeFileSync(smt, smtLib(instance));
  const judged = (answer: string) =>
    answer === "no answer" || (answer === "local") === truth ? answer : `${answer} (WRONG)`;
  const solver = ({ local, seconds }: ReturnType<typeof solved>) =>
    local === null ? shown(null) : `${judged(local ? "local" : "not local")}, ${shown(seconds)}`;
  rows.push([
    name,
    truth ? "local" : "not local",
    `all, ${shown(ours.seconds)}`,
    solver(solved("z3", smt)),
    solver(solved("cvc5", smt)),
    qsopt(name, instance),
    judged(hessianTest(instance)),
    judged(randomSearch(instance)),
  ]);
  if (rows.length === names.length) console.log(tableText(heads, rows));
  else console.error(`${rows.length} of ${names.length}: ${rows.at(-1)!.join("  ")}`);
}
