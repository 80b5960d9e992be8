/**
 * The cost of `bound` against the width: one live and k dead neurons on 6 samples in the plane, k = 10, 100, 1000, found and
 * verified. The aim is linear growth: at most 12 times the time per tenfold k. Run with `npx tsx bench/bound.ts`.
 */
import { type Facts, factsOf } from "../src/kernel/facts.js";
import { verifyStatement } from "../src/kernel/verify.js";
import { parseProblem } from "../src/problem/problem.js";
import { findCommonBound } from "../src/prover/bound/common.js";
import { ORDINARY } from "../src/prover/effort.js";
import { decideKkt } from "../src/prover/kkt.js";

const ROUNDS = 20;

/** w_1 = (1, 0), v_1 = 1 serves (1, 0), which is active; the other samples have larger margins, or are of the other side. */
function instance(dead: number): Facts<unknown> {
  const zeros = (n: number) => Array.from({ length: n }, () => "0");
  const x = [
    ["1", "0"],
    ["2", "1"],
    ["2", "-1"],
    ["3", "2"],
    ["3", "-2"],
    ["4", "1"],
  ];
  const { problem } = parseProblem(
    JSON.stringify({
      format: "margincert/problem/1",
      name: `dead-${dead}`,
      network: { kind: "fully-connected", widths: [2, dead + 1, 1], activation: "relu" },
      data: x.map((one) => ({ x: one, y: 1 })),
      point: ["1", "0", ...zeros(2 * dead), "1", ...zeros(dead)],
    }),
  );
  return factsOf({ ...problem, point: problem.point! });
}

function seconds(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

const WIDTHS = [10, 100, 1000];

console.log("dead neurons   reach   find and verify   ratio to the row above");
for (const reach of ["local", "global"] as const) {
  const cases = WIDTHS.map((dead) => {
    const one = instance(dead);
    const kkt = decideKkt(one, ORDINARY);
    if (kkt.kind !== "kkt") throw new Error("the point is a KKT point");
    const { statement } = kkt;
    const work = () => {
      const found = findCommonBound(one, statement, reach, ORDINARY);
      if (found === null || !verifyStatement(one.instance, found).accepted) throw new Error("the point is an optimum");
    };
    return { dead, work, best: Number.POSITIVE_INFINITY };
  });
  // Round after round over all widths, so that none has a warmer machine than another.
  for (let round = 0; round < ROUNDS; round++)
    for (const one of cases) one.best = Math.min(one.best, seconds(one.work));
  for (const [k, { dead, best }] of cases.entries()) {
    const ratio = k === 0 ? "" : (best / cases[k - 1]!.best).toFixed(1);
    console.log(
      `${String(dead).padStart(12)}   ${reach.padEnd(6)}   ${`${(1000 * best).toFixed(1)} ms`.padEnd(15)}   ${ratio}`,
    );
  }
}
