/** `margincert paper`: every claim of the paper's table, from problem file to accepted certificate. */
import { join } from "node:path";
import type { Command } from "commander";
import type { Instance } from "../certificate/format.js";
import { type Claim, readClaims, readInstance, type Standing, standing } from "../paper/claims.js";
import { InputError } from "../problem/decode.js";
import { certify } from "../prover/certify.js";
import { ProverBug } from "../prover/prove.js";
import { tableText } from "../report/text.js";
import type { Verdict } from "../report/verdict.js";
import { verdictFrom } from "./check.js";
import { EXIT, progressLine, reportError, worst, writeAtomically } from "./common.js";

export function registerPaper(program: Command): void {
  program
    .command("paper")
    .description("verify every claim of the paper's results table, and print one table")
    .option("--out <dir>", "write below this folder instead of into certificates/ and proofs/")
    .action((options: { out?: string }) => {
      const base = options.out ?? ".";
      const progress = progressLine("paper");
      try {
        const claims = readClaims();
        const verdicts = new Map<string, Verdict>();
        for (const name of new Set(claims.flatMap((claim) => claim.instances))) {
          progress.show(name);
          verdicts.set(name, certifyInstance(name, join(base, "certificates")));
        }
        progress.done();
        const rows = claims.flatMap((claim) => claimRows(claim, verdicts));
        process.stdout.write(
          `${tableText(
            ["claim", "instance", "KKT", "local", "global", "by layer (local/global)", "standing"],
            rows.map((r) => r.cells),
          )}\n`,
        );
        process.stdout.write(`${summary(claims, verdicts)}\n`);
        process.exitCode = worst(
          rows.map(({ standing }) =>
            standing === "verified" ? EXIT.done : standing === "undecided" ? EXIT.undecided : EXIT.rejected,
          ),
        );
      } catch (error) {
        progress.done();
        if (error instanceof InputError) {
          reportError(base, error);
          process.exitCode = EXIT.badInput;
        } else if (error instanceof ProverBug) {
          reportError("margincert paper", new InputError("", `a bug: ${error.message}; please report it`));
          process.exitCode = EXIT.rejected;
        } else throw error;
      }
    });
}

function certifyInstance(name: string, folder: string): Verdict {
  const { problem } = readInstance(name);
  const instance: Instance<unknown> = { ...problem, point: problem.point! };
  const certified = certify(instance);
  const path = join(folder, `${name}.json`);
  writeAtomically(path, certified.text);
  return verdictFrom(instance, certified, path);
}

function claimRows(
  { slug, instances, expects }: Claim,
  verdicts: ReadonlyMap<string, Verdict>,
): { cells: string[]; standing: Standing }[] {
  return instances.map((name, k) => {
    const verdict = verdicts.get(name)!;
    const result = standing(verdict, expects);
    const local = verdict.strict === true ? `strict, r = ${verdict.radius}` : verdict.local;
    const layers = verdict.layers.map((l) => `${l.local}/${l.global}`).join("  ");
    return { cells: [k === 0 ? slug : "", name, verdict.kkt, local, verdict.global, layers, result], standing: result };
  });
}

function summary(claims: readonly Claim[], verdicts: ReadonlyMap<string, Verdict>): string {
  const count = (wanted: Standing) =>
    claims.filter(({ instances, expects }) => {
      const standings = instances.map((name) => standing(verdicts.get(name)!, expects));
      return wanted === "verified" ? standings.every((s) => s === wanted) : standings.includes(wanted);
    }).length;
  const certificates = new Set([...verdicts.values()].map((v) => v.certificate)).size;
  return `\n${count("verified")} of ${claims.length} claims verified, ${count("undecided")} undecided, ${count("contradicted")} contradicted; ${certificates} certificates accepted by the kernel`;
}
