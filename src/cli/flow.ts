/** `margincert flow FILE…`: runs the gradient flow from `flow.start`, or from many random starts. */
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { ACCURACY, evidenceText, type FlowResult, type FlowRun, print, roundedResult, runFlow } from "../flow/index.js";
import { InputError } from "../problem/decode.js";
import { type Loss, parseProblem } from "../problem/problem.js";
import { EXIT, problemHash, progressLine, readText, reportError, worst, writeAtomically } from "./common.js";

interface Options {
  readonly json?: true;
  readonly loss?: Loss;
  readonly accuracy: number;
  readonly out?: string;
}

export function registerFlow(program: Command): void {
  program
    .command("flow")
    .description("run the gradient flow of each problem file, and see whether it reaches the direction of the point")
    .argument("<file...>", "problem files")
    .option("--json", "print one JSON array of results on stdout, nothing else")
    .option("--loss <loss>", "exponential or logistic, instead of the file's", lossOption)
    .option("--accuracy <number>", "what direction error and KKT residual are to reach", accuracyOption, ACCURACY)
    .option("--out <dir>", "write the evidence NAME.flow.json here")
    .action((files: string[], options: Options) => {
      const codes: number[] = [];
      const results: FlowResult[] = [];
      for (const file of files) {
        try {
          const run = flowFile(file, options);
          results.push(roundedResult(run.result));
          if (!options.json) process.stdout.write(runText(run));
          for (const reason of run.reasons) reportError(file, new InputError("flow", reason));
          codes.push(run.reasons.length === 0 ? EXIT.done : EXIT.undecided);
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
          reportError(file, error);
          codes.push(EXIT.badInput);
        }
      }
      if (options.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
      process.exitCode = worst(codes);
    });
}

function flowFile(file: string, { accuracy, loss, out }: Options): FlowRun {
  const parsed = parseProblem(readText(file));
  const progress = progressLine(parsed.problem.name);
  progress.show("gradient flow");
  try {
    const run = runFlow(parsed, { accuracy, ...(loss === undefined ? {} : { loss }) });
    if (out !== undefined) {
      writeAtomically(
        join(out, `${parsed.problem.name}.flow.json`),
        evidenceText(run, problemHash({ ...parsed.problem, point: parsed.problem.point ?? [] })),
      );
    }
    return run;
  } finally {
    progress.done();
  }
}

/** A run in a few lines. */
export function runText({ result, exponents, remarks }: FlowRun): string {
  const number = (value: number | null) => (value === null ? "none" : print(value));
  const rate = ({ predicted, observed }: FlowRun["exponents"]["directionError"]) =>
    predicted === null || observed === null ? "" : `  ~ log(1/L)^${print(observed)}, predicted ${print(predicted)}`;
  const lines = [
    `${result.name}, ${result.loss} loss: ${result.verdict}`,
    `  direction error    ${number(result.directionError)}${rate(exponents.directionError)}`,
    `  KKT residual       ${number(result.kktResidual)}${rate(exponents.kktResidual)}`,
    `  log(1/L)           ${print(result.logInverseLoss)}`,
    `  normalised margin  ${print(result.normalizedMargin)}`,
    ...result.events.map(
      ({ s, sample, neuron, kind }) => `  s = ${print(s)}: neuron ${neuron} ${kind} on sample ${sample}`,
    ),
    ...remarks.map((remark) => `  ${remark}`),
  ];
  return `${lines.join("\n")}\n`;
}

function lossOption(value: string): Loss {
  if (value !== "exponential" && value !== "logistic") throw new InvalidArgumentError("exponential or logistic.");
  return value;
}

function accuracyOption(value: string): number {
  const accuracy = Number(value);
  if (!(accuracy >= 1e-12 && accuracy < 1))
    throw new InvalidArgumentError("a number from 1e-12 up to 1, such as 1e-8.");
  return accuracy;
}
