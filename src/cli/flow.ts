/** `margincert flow FILE…`: runs the gradient flow from `flow.start`, or from many random starts. */
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { writeAtomically } from "../files/write.js";
import {
  ACCURACY,
  type Difference,
  differenceFromPoint,
  evidenceText,
  type FlowLimit,
  type FlowRun,
  flowFromStarts,
  type LimitArrangement,
  limitOf,
  pictureOf,
  print,
  roundedResult,
  runFlow,
  type StartsResult,
} from "../flow/index.js";
import { InputError } from "../network/decode.js";
import type { Loss } from "../problem/problem.js";
import { badInput, EXIT, progressLine, reportError, say, sayJson, worst } from "./common.js";
import { problemHash } from "./hash.js";
import { readOneProblem } from "./problems.js";

interface Options {
  readonly json?: true;
  readonly loss?: Loss;
  readonly accuracy: number;
  readonly out?: string;
  readonly starts?: number;
  readonly seed: number;
  readonly around?: number | true;
  readonly at?: string;
  readonly symmetries?: true;
}

const LOSSES: readonly Loss[] = ["exponential", "logistic", "cross-entropy"];

/** Of the starts around `flow.start`, where `--around` gives none. */
const DEVIATION = 0.1;

export function register(command: Command): void {
  command
    .option("--json", "print one JSON array of results on stdout, nothing else")
    .option("--loss <loss>", `${LOSSES.join(", ")}, instead of the file's`, lossOption)
    .option(
      "--accuracy <number>",
      "what direction error and KKT residual of a run are to reach",
      accuracyOption,
      ACCURACY,
    )
    .option("--at <value>", "of a family, the problem at this value of its parameter, such as s=1/2")
    .option("--out <dir>", "write the evidence NAME.flow.json and the picture NAME.flow.svg here")
    .option(
      "--starts <n>",
      "run from this many Gaussian starts instead, and count the limits",
      numberOption(1, 1e6, true),
    )
    .option("--seed <n>", "of the random starts", numberOption(0, 2 ** 31, true), 1)
    .option(
      "--around [deviation]",
      `take the starts around flow.start (default: ${DEVIATION})`,
      numberOption(0, 1e6, false),
    )
    .option("--symmetries", "of random starts: count limits as one that symmetries of the data take to each other")
    .action(async (files: string[], options: Options) => {
      const codes: number[] = [];
      const results: unknown[] = [];
      for (const file of files) {
        try {
          const { result, text, reasons } =
            options.starts === undefined ? flowFile(file, options) : await startsFile(file, options.starts, options);
          results.push(result);
          if (!options.json) say(text);
          for (const reason of reasons) reportError(file, new InputError("flow", reason));
          codes.push(reasons.length === 0 ? EXIT.done : EXIT.undecided);
        } catch (error) {
          codes.push(badInput(file, error));
        }
      }
      if (options.json) sayJson(results);
      process.exitCode = worst(codes);
    });
}

interface Report {
  /** For `--json`. */
  readonly result: unknown;
  readonly text: string;
  /** Why the accuracy was not reached. */
  readonly reasons: readonly string[];
}

function flowFile(file: string, { accuracy, loss, out, at }: Options): Report {
  const parsed = readOneProblem(file, at ?? null);
  const { name } = parsed.problem;
  const progress = progressLine(name);
  progress.show("gradient flow");
  try {
    const run = runFlow(parsed, { accuracy, ...(loss === undefined ? {} : { loss }) });
    if (out !== undefined) {
      writeAtomically(join(out, `${name}.flow.json`), evidenceText(run, problemHash(parsed.problem)));
      writeAtomically(join(out, `${name}.flow.svg`), pictureOf(run, parsed.problem));
    }
    const limit = limitOf(run);
    const difference = limit === null ? null : differenceFromPoint(parsed.problem, limit.point);
    const result = { ...roundedResult(run.result), limit };
    return { result, text: runText(run, limit, difference), reasons: run.reasons };
  } finally {
    progress.done();
  }
}

async function startsFile(file: string, starts: number, options: Options): Promise<Report> {
  const { source, problem } = readOneProblem(file, options.at ?? null);
  const { name } = problem;
  const around = options.around === undefined ? null : options.around === true ? DEVIATION : options.around;
  const progress = progressLine(name);
  progress.show(`${starts} starts`);
  try {
    const result = await flowFromStarts({
      source,
      at: options.at ?? null,
      count: starts,
      seed: options.seed,
      around,
      symmetries: options.symmetries === true,
      ...(options.loss === undefined ? {} : { loss: options.loss }),
    });
    const reasons = result.limits.length === 0 ? ["no start reached a limit"] : [];
    return { result, text: startsText(result), reasons };
  } finally {
    progress.done();
  }
}

/** A run in a few lines. */
function runText(
  { result, exponents, remarks }: FlowRun,
  limit: FlowLimit | null,
  difference: Difference | null,
): string {
  const number = (value: number | null) => (value === null || Number.isNaN(value) ? "none" : print(value));
  const rate = ({ predicted, observed }: FlowRun["exponents"]["directionError"]) =>
    predicted === null || observed === null ? "" : `  ~ log(1/L)^${print(observed)}, predicted ${print(predicted)}`;
  // Without a point there is nothing to confirm.
  const hasConverged = result.directionError === null && result.verdict === "confirmed";
  const lines = [
    `${result.name}, ${result.loss} loss: ${hasConverged ? "converged" : result.verdict}`,
    `  direction error    ${number(result.directionError)}${rate(exponents.directionError)}`,
    `  KKT residual       ${number(result.kktResidual)}${rate(exponents.kktResidual)}`,
    `  log(1/L)           ${print(result.logInverseLoss)}`,
    `  normalised margin  ${number(result.normalizedMargin)}`,
    ...(limit === null ? [] : limitLines(limit)),
    ...(difference === null ? [] : [`  reaches the point up to ${differenceText(difference)}`]),
    ...result.events.map(
      ({ s, sample, neuron, kind }) => `  s = ${print(s)}: unit ${neuron} ${kind} at sample ${sample}`,
    ),
    ...remarks.map((remark) => `  ${remark}`),
  ];
  return `${lines.join("\n")}\n`;
}

const WIDTH = 120;

/** The limit, in rows below each other, and what is special about it. */
function limitLines({ point, active, kinks }: FlowLimit): string[] {
  const label = "  limit at margin 1  (";
  const rows = [label];
  point.forEach((x, k) => {
    const last = k === point.length - 1;
    const entry = `${x}${last ? ")" : ", "}`;
    if (rows.at(-1)!.length + entry.trimEnd().length > WIDTH) rows.push(" ".repeat(label.length));
    rows.push(rows.pop()! + entry);
  });
  const units = [...new Set(kinks.map(({ unit }) => unit))].sort((a, b) => a - b);
  const places = units.map((unit) => {
    const samples = kinks.flatMap((kink) => (kink.unit === unit ? [kink.sample] : []));
    return `unit ${unit} at ${samples.length === 1 ? "sample" : "samples"} ${listed(samples)}`;
  });
  return [
    ...rows.map((row) => row.trimEnd()),
    `  active samples     ${active.join(", ")}`,
    ...(places.length === 0 ? [] : [`  kinks              ${places.join("; ")}`]),
  ];
}

/** `1`, `1 and 2`, `1, 2 and 3` */
function listed(numbers: readonly number[]): string {
  return numbers.length === 1 ? `${numbers[0]}` : `${numbers.slice(0, -1).join(", ")} and ${numbers.at(-1)}`;
}

/** `the order of neurons 1 and 3 and the sharing of neurons 2 and 5` */
function differenceText({ order, sharing }: Difference): string {
  return [
    ...(order.length === 0 ? [] : [`the order of neurons ${listed(order)}`]),
    ...sharing.map((neurons) => `the sharing of neurons ${listed(neurons)}`),
  ].join(" and ");
}

const SHOWN_LIMITS = 8;

/** The limits of many starts, one per line, with the ways in which units share them below. */
function startsText({ name, loss, starts, seed, limits, others }: StartsResult): string {
  const share = (count: number) => `${count} of ${starts}`.padStart(2 * `${starts}`.length + 4);
  const rest = limits.slice(SHOWN_LIMITS);
  const lines = [
    `${name}, ${loss} loss, ${starts} starts, seed ${seed}`,
    ...limits
      .slice(0, SHOWN_LIMITS)
      .flatMap(({ count, direction, normalizedMargin, halfNorm, isPoint, continuum, arrangements }) => {
        const coordinates = direction.map((x) => print(Math.abs(x) < 1e-6 ? 0 : x)).join(" ");
        const which = isPoint ? "the point: " : continuum ? "one of a continuum: " : "";
        const ways = new Map<string, number>();
        for (const one of arrangements) ways.set(wayText(one), (ways.get(wayText(one)) ?? 0) + one.count);
        const isPlain = ways.size === 1 && (ways.has("") || ways.has(AS_IT_IS));
        return [
          `  ${share(count)}  ${which}½‖θ‖² = ${print(halfNorm)}, margin ${print(normalizedMargin)} at (${coordinates})`,
          ...(isPlain
            ? []
            : [...ways].map(([way, n]) => `  ${" ".repeat(share(count).length)}  ${n} ${way || "with a unit each"}`)),
        ];
      }),
    ...(rest.length === 0
      ? []
      : [`  ${share(rest.reduce((n, { count }) => n + count, 0))}  ${rest.length} other limits`]),
    ...others.map(({ count, reason }) => `  ${share(count)}  ${reason}`),
  ];
  return `${lines.join("\n")}\n`;
}

const AS_IT_IS = "as it is";

/** How units realise a limit, in words: nothing where each direction has a unit of its own, and none is zero. */
function wayText({ shared, dead, isPoint }: LimitArrangement): string {
  if (isPoint) return AS_IT_IS;
  return [...(shared ? ["with units that share a direction"] : []), ...(dead ? ["with a unit that is zero"] : [])].join(
    " and ",
  );
}

function lossOption(value: string): Loss {
  const loss = LOSSES.find((one) => one === value);
  if (loss === undefined) throw new InvalidArgumentError(`one of ${LOSSES.join(", ")}.`);
  return loss;
}

function accuracyOption(value: string): number {
  const accuracy = Number(value);
  if (!(accuracy >= 1e-12 && accuracy < 1))
    throw new InvalidArgumentError("a number from 1e-12 up to 1, such as 1e-8.");
  return accuracy;
}

function numberOption(low: number, high: number, whole: boolean): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (value.trim() === "" || !(number >= low && number <= high) || (whole && !Number.isInteger(number))) {
      throw new InvalidArgumentError(`${whole ? "an integer" : "a number"} from ${low} to ${high}.`);
    }
    return number;
  };
}
