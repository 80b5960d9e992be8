/**
 * Certified linear programming beside the exact solvers QSopt_ex (`esolver`) and glpk (`glpsol --exact`), in one run,
 * on programmes that ask whether a point is a KKT point. Run with `npx tsx bench/lp.ts [seconds]`, the time limit for
 * each run of another solver.
 *
 * Here, the time is that of `solveLp`, from fractions to the checked proof: the first call, and the best of several.
 * There, it is the best run of the program, start and reading included (the rows 1 × 4 show what these cost). In
 * brackets stands the ratio to the best time here. Infeasible programmes get a Farkas ray here, from the other two
 * only a word.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatRational, Q } from "../src/exact/rational.js";
import { solveLp } from "../src/prover/search/lp.js";
import { lpText, membershipProgram, objectiveScale } from "./membership.js";

const SIZES = [
  [1, 4],
  [30, 120],
  [60, 240],
  [120, 480],
] as const;
const SEED = 1;
/** Each best time is over so many rounds, or as many as fit in the time. */
const ROUNDS = 20;
const ROUNDS_SECONDS = 5;
const LIMIT_SECONDS = Number(process.argv[2] ?? 60);

interface Run {
  /** Null when the solver is missing or has run out of time. */
  readonly seconds: number | null;
  readonly answer: string;
}

function timed<T>(work: () => T): { seconds: number; result: T } {
  const start = performance.now();
  const result = work();
  return { seconds: (performance.now() - start) / 1000, result };
}

/** The results of one round after the other. */
function* rounds<T>(work: () => T): Generator<{ seconds: number; result: T }> {
  let total = 0;
  for (let round = 0; round < ROUNDS && total < ROUNDS_SECONDS; round++) {
    const run = timed(work);
    total += run.seconds;
    yield run;
  }
}

function external(command: string, parameters: readonly string[], answerOf: (output: string) => string): Run {
  let best: Run | null = null;
  const work = () => spawnSync(command, parameters, { encoding: "utf8", timeout: 1000 * LIMIT_SECONDS });
  for (const { seconds, result } of rounds(work)) {
    if (result.error !== undefined) {
      const missing = (result.error as NodeJS.ErrnoException).code === "ENOENT";
      return { seconds: null, answer: missing ? "not installed" : `over ${LIMIT_SECONDS} s` };
    }
    if (best === null || seconds < best.seconds!) best = { seconds, answer: answerOf(result.stdout) };
  }
  return best!;
}

const folder = mkdtempSync(join(tmpdir(), "margincert-lp-"));

function qsopt(file: string): Run {
  const solution = join(folder, "solution");
  return external("esolver", ["-O", solution, "-L", file], () => {
    const text = readFileSync(solution, "utf8");
    return /Value = (\S+)/.exec(text)?.[1] ?? (text.includes("INFEASIBLE") ? "infeasible" : "no answer");
  });
}

function glpsol(file: string): Run {
  return external("glpsol", ["--exact", "--lp", file], (output) => {
    if (output.includes("OPTIMAL SOLUTION FOUND")) return "optimal";
    return /NO (PRIMAL )?FEASIBLE SOLUTION/.test(output) ? "infeasible" : "no answer";
  });
}

function cell({ seconds, answer }: Run, here: number): string {
  return seconds === null ? answer : `${seconds.toFixed(3)} s (${(seconds / here).toFixed(1)} ×)`;
}

console.log("rows × columns  result      first call     best      QSopt_ex            glpsol --exact");
try {
  for (const [rows, columns] of SIZES) {
    for (const feasible of [true, false]) {
      const programme = membershipProgram(rows, columns, feasible, SEED);
      const runs = [...rounds(() => solveLp(Q, programme))];
      const best = Math.min(...runs.map(({ seconds }) => seconds));
      const { seconds: first, result } = runs[0]!;
      if ((result.kind === "optimal") !== feasible)
        throw new Error(`${rows} × ${columns}: the result is ${result.kind}`);

      const file = join(folder, "programme.lp");
      writeFileSync(file, lpText(programme));
      const [other, another] = [qsopt(file), glpsol(file)];
      const scale = objectiveScale(programme.objective);
      const expected = result.kind === "optimal" ? formatRational(result.value.mul(scale)) : "infeasible";
      if (other.seconds !== null && other.answer !== expected) throw new Error(`QSopt_ex says ${other.answer}`);
      if (another.seconds !== null && another.answer !== result.kind) throw new Error(`glpsol says ${another.answer}`);

      const cells = [
        `${rows} × ${columns}`.padStart(14),
        result.kind.padEnd(10),
        `${first.toFixed(3)} s`.padStart(10),
        `${best.toFixed(4)} s`.padStart(9),
        cell(other, best).padEnd(18),
        cell(another, best),
      ];
      console.log(cells.join("  "));
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
