/** `margincert paper`: every claim of the paper's table, from problem file to accepted certificate. */
import { join } from "node:path";
import type { Command } from "commander";
import { writeAtomically } from "../files/write.js";
import { evidenceText, type FlowRun, pictureOf, runFlow } from "../flow/index.js";
import { factsOf } from "../kernel/facts.js";
import { writeCertificate } from "../kernel/verify.js";
import { formatJson } from "../network/codec.js";
import { type Claim, readClaims, readFamily, readInstance } from "../paper/claims.js";
import { startOf } from "../prover/attracts.js";
import { certify } from "../prover/certify.js";
import { ORDINARY } from "../prover/effort.js";
import { attractionFrom } from "../prover/from-start.js";
import { extentText, summaryText } from "../report/pieces.js";
import { rangeText } from "../report/places.js";
import { type Expectation, type Standing, standing } from "../report/standing.js";
import { tableText } from "../report/text.js";
import type { Verdict } from "../report/verdict.js";
import { certifyFamily, failed, verdictFrom } from "./check.js";
import { EXIT, progressLine, say, worst } from "./common.js";
import { writeFamilyProofs, writeProofs } from "./export.js";
import { problemHash } from "./hash.js";

const LOSSES = ["exponential", "logistic"] as const;

export function register(command: Command): void {
  command
    .option("--out <dir>", "write below this folder instead of into certificates/ and proofs/")
    .option("--from-start", "also prove that the flow converges from each file's start, with either loss: some minutes")
    .action((options: { out?: string; fromStart?: true }) => {
      const base = options.out ?? ".";
      const progress = progressLine("paper");
      try {
        const claims = readClaims();
        const verdicts = new Map<string, Verdict>();
        const flows = new Map<string, readonly FlowRun[]>();
        const certificates = new Map<string, string>();
        const open: string[] = [];
        for (const name of new Set(claims.flatMap((claim) => claim.instances))) {
          progress.show(name);
          const { verdict, text } = certifyInstance(name, join(base, "certificates"));
          verdicts.set(name, verdict);
          certificates.set(name, text);
          flows.set(name, runFlows(name, join(base, "certificates")));
          if (options.fromStart) certifyFromStart(name, join(base, "certificates", "from-start"), open);
        }
        const families = new Map<string, ReturnType<typeof certifyFamily>>();
        for (const name of new Set(claims.flatMap((claim) => Object.keys(claim.families)))) {
          progress.show(name);
          families.set(name, runFamily(name, join(base, "certificates", "families")));
        }
        progress.show("written proofs");
        writeProofs(join(base, "proofs"), claims, certificates);
        for (const { texts } of families.values()) writeFamilyProofs(join(base, "proofs", "families"), texts);
        progress.done();
        const rows = claims.flatMap((claim) => claimRows(claim, verdicts, flows));
        say(
          `${tableText(
            [
              "claim",
              "instance",
              "KKT",
              "local",
              "global",
              "by layer (local/global)",
              "flow converges",
              "flow, exponential",
              "flow, logistic",
              "standing",
            ],
            rows.map((r) => r.cells),
          )}\n`,
        );
        say(`${[summary(claims, verdicts), ...open].join("\n")}\n`);
        const reach = claims.flatMap((claim) => familyRows(claim, families));
        say(
          "\nHow far the claims reach: families around the instances, and the values of their parameter for which a claim holds\n\n",
        );
        say(
          `${tableText(
            ["claim", "family", "interval", "holds for", "in all", "pieces", "standing"],
            reach.map(({ cells }) => cells),
          )}\n`,
        );
        const fromStart = open.length > 0 ? EXIT.undecided : EXIT.done;
        process.exitCode = worst([fromStart, ...[...rows, ...reach].map(({ code }) => code)]);
      } catch (error) {
        progress.done();
        process.exitCode = failed(base, error);
      }
    });
}

function certifyInstance(name: string, folder: string): { verdict: Verdict; text: string } {
  const { problem, flow } = readInstance(name);
  const instance = { ...problem, point: problem.point! };
  const certified = certify(instance, { attracts: { start: flow?.start ?? null, losses: [] } });
  const path = join(folder, `${name}.json`);
  writeAtomically(path, certified.text);
  return { verdict: verdictFrom(instance, certified, path), text: certified.text };
}

function runFamily(name: string, folder: string): ReturnType<typeof certifyFamily> {
  const { problem, family } = readFamily(name);
  return certifyFamily({ ...problem, point: problem.point! }, family!, folder, () => {}, 1);
}

function familyRows(
  { slug, families, expects }: Claim,
  decided: ReadonlyMap<string, ReturnType<typeof certifyFamily>>,
): { cells: string[]; code: number }[] {
  const wanted = withoutStrictness(expects);
  return Object.entries(families).map(([name, expected], k) => {
    const { diagram } = decided.get(name)!;
    const { parameter, pieces } = diagram;
    const holds = extentText(diagram, ({ verdict }) => verdict !== null && standing(verdict, wanted) === "verified");
    const isOpen = pieces.some(({ verdict }) => verdict !== null && verdict.undecided.length > 0);
    const result: Standing = holds !== expected ? "contradicted" : isOpen ? "undecided" : "verified";
    const interval = rangeText({ from: pieces[0]!.from, to: pieces.at(-1)!.to }, parameter);
    return {
      cells: [k === 0 ? slug : "", name, interval, holds, summaryText(diagram), `${pieces.length}`, result],
      code: result === "contradicted" ? EXIT.rejected : isOpen ? EXIT.undecided : EXIT.done,
    };
  });
}

/** What a claim expects, but for strictness, of which a piece says more than its interval. */
function withoutStrictness({ strict: _, layers = [], ...rest }: Expectation): Expectation {
  return { ...rest, layers: layers.map(({ strict: __, ...layer }) => layer) };
}

/** Certificates of their own: that the flow from the file's start converges, by loss; `open` gets why it is not proved. */
function certifyFromStart(name: string, folder: string, open: string[]): void {
  const { problem, flow } = readInstance(name);
  const instance = { ...problem, point: problem.point! };
  const facts = factsOf(instance);
  const start = startOf(facts, flow!.start!);
  for (const loss of LOSSES) {
    const found = attractionFrom(facts, start, loss, ORDINARY);
    if (found.kind === "open") open.push(`${name}, ${loss} loss: not proved from the file's start: ${found.reason}`);
    else
      writeAtomically(join(folder, `${name}.${loss}.json`), formatJson(writeCertificate(instance, [found.statement])));
  }
}

/** Both losses from the file's start; evidence and picture of the file's own loss are NAME.flow, the other's name its loss. */
function runFlows(name: string, folder: string): readonly FlowRun[] {
  const file = readInstance(name);
  return LOSSES.map((loss) => {
    const run = runFlow(file, { loss });
    const path = join(folder, `${name}${loss === file.flow?.loss ? "" : `.${loss}`}.flow`);
    writeAtomically(`${path}.json`, evidenceText(run, problemHash(file.problem)));
    writeAtomically(`${path}.svg`, pictureOf(run, file.problem));
    return run;
  });
}

/** Direction error against the certified point, and how far the run went. */
function flowCell({ result }: FlowRun): string {
  const error = result.directionError === null ? "" : result.directionError.toExponential(1);
  const reached = `${error} at log(1/L) = ${result.logInverseLoss.toExponential(0)}`;
  return result.verdict === "confirmed" ? reached : `NOT CONFIRMED, ${reached}`;
}

/** Whether convergence is proved, and from what kind of starts; the flow from the file's start is numerical in any case. */
function attractionCell({ attracts }: Verdict): string {
  return attracts === null ? "numerical only" : `proved, ${attracts}`;
}

function claimRows(
  { slug, instances, expects }: Claim,
  verdicts: ReadonlyMap<string, Verdict>,
  flows: ReadonlyMap<string, readonly FlowRun[]>,
): { cells: string[]; code: number }[] {
  return instances.map((name, k) => {
    const verdict = verdicts.get(name)!;
    const runs = flows.get(name)!;
    const result = standing(verdict, expects);
    const local = verdict.strict === true ? `strict, r = ${verdict.radius}` : verdict.local;
    const layers = verdict.layers.map((l) => `${l.local}/${l.global}`).join("  ");
    const confirmed = runs.every((run) => run.result.verdict === "confirmed");
    const code =
      result === "contradicted" ? EXIT.rejected : result === "verified" && confirmed ? EXIT.done : EXIT.undecided;
    return {
      cells: [
        k === 0 ? slug : "",
        name,
        verdict.kkt,
        local,
        verdict.global,
        layers,
        attractionCell(verdict),
        ...runs.map(flowCell),
        result,
      ],
      code,
    };
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
