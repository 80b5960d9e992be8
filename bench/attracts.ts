/**
 * What could refute `attracts`: random starts in the certified set of every instance of the paper, half of them on its boundary, followed
 * numerically with both losses. All have to come near the point's direction. `npx tsx bench/attracts.ts [STARTS] [INSTANCE]`.
 * And how long it takes to find a certificate and to check it.
 */
import { factsOf } from "../src/kernel/facts.js";
import { verifyStatement } from "../src/kernel/verify.js";
import { readClaims, readInstance } from "../src/paper/claims.js";
import { findAttraction } from "../src/prover/attracts.js";
import { ORDINARY } from "../src/prover/effort.js";
import { converges, startsOf } from "../test/prover/trapped.js";

const [count = "1000", only] = process.argv.slice(2);
const names = [...new Set(readClaims().flatMap(({ instances }) => instances))];
let failures = 0;
for (const name of names.filter((one) => only === undefined || one === only)) {
  const file = readInstance(name);
  const instance = { ...file.problem, point: file.problem.point! };
  const begun = performance.now();
  const found = findAttraction(factsOf(instance), null, ORDINARY);
  if (found.kind === "open") throw new Error(`${name}: ${found.reason}`);
  const middle = performance.now();
  const { accepted } = verifyStatement(instance, found.statement);
  const end = performance.now();
  const draw = startsOf(file, found.statement, 1);
  const lost = { exponential: 0, logistic: 0 };
  for (let k = 0; k < Number(count); k++) {
    const start = draw(k % 2 === 0 ? "boundary" : "inside");
    for (const loss of ["exponential", "logistic"] as const) if (!converges(file, start, loss)) lost[loss]++;
  }
  failures += lost.exponential + lost.logistic;
  const seconds = ((performance.now() - end) / 1000).toFixed(0);
  console.log(
    `${name.padEnd(30)} ${accepted ? "accepted" : "REFUSED"}, found in ${(middle - begun).toFixed(0)} ms, checked in ${(end - middle).toFixed(0)} ms; of ${count} starts ${lost.exponential} (exponential) and ${lost.logistic} (logistic) do not converge; ${seconds} s`,
  );
}
process.exitCode = failures === 0 ? 0 : 1;
