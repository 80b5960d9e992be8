/** What a run leaves behind: its result and its evidence file, rounded so that they are the same on every machine. */
import { kktResidual } from "./measure.js";
import type { FlowResult, FlowRun } from "./run.js";

export const EVIDENCE_FORMAT = "margincert/flow/1";
const METHOD =
  "Radau IIA of order 5 in the length of the path, with the log weights of the samples as variables; kinks located and " +
  "followed by the differential inclusion; equalities of the start that the flow keeps are imposed exactly";
const MAX_SAMPLES = 400;

/** Six significant digits. */
export function round(value: number): number {
  return Number(value.toPrecision(6));
}

/** Four significant digits, for what is itself a small difference. */
export function roundSmall(value: number): number {
  return value < 1e-15 ? 0 : Number(value.toPrecision(4));
}

/** Coordinates of a unit vector are known up to rounding. */
export function roundCoordinate(value: number): number {
  return Math.abs(value) < 1e-12 ? 0 : round(value);
}

function optional(value: number | null, rounding: (value: number) => number): number | null {
  return value === null ? null : rounding(value);
}

/** The result as `margincert flow --json` prints it. */
export function roundedResult(result: FlowResult): FlowResult {
  return {
    ...result,
    directionError: optional(result.directionError, roundSmall),
    logInverseLoss: round(result.logInverseLoss),
    normalizedMargin: round(result.normalizedMargin),
    kktResidual: optional(result.kktResidual, roundSmall),
    events: result.events.map((event) => ({ ...event, s: round(event.s) })),
  };
}

/** The text of `NAME.flow.json`: everything needed to read the run, and to run it again. */
export function evidenceText(run: FlowRun, problemHash: string): string {
  const { result, observations, exponents } = run;
  const stride = Math.ceil(observations.length / MAX_SAMPLES);
  const kept = observations.filter((_, k) => k % stride === 0 || k === observations.length - 1);
  const columns = ["s", "logInverseLoss", "normalizedMargin", "kktResidual", "directionError", "direction"];
  const samples = kept.map((one) =>
    JSON.stringify([
      round(one.s),
      round(one.logInverseLoss),
      round(one.normalizedMargin),
      one.kkt === null ? null : roundSmall(kktResidual(one.kkt)),
      optional(one.directionError, roundSmall),
      [...one.direction].map(roundCoordinate),
    ]),
  );
  const rates = ({ predicted, observed }: (typeof exponents)["directionError"]) => ({
    predicted: optional(predicted, (value) => Number(value.toPrecision(4))),
    observed: optional(observed, (value) => Number(value.toPrecision(4))),
  });
  const head = {
    format: EVIDENCE_FORMAT,
    problem: { name: result.name, sha256: problemHash },
    method: METHOD,
    accuracy: run.accuracy,
    start: run.start,
    result: roundedResult(result),
    reasons: run.reasons,
    remarks: run.remarks,
    exponentsOfLogInverseLoss: {
      directionError: rates(exponents.directionError),
      kktResidual: rates(exponents.kktResidual),
    },
    checks: {
      normalizedMarginNeverDecreases: run.decrease.normalizedMargin === 0,
      smoothedMarginNeverDecreases: run.decrease.smoothedMargin === 0,
      conservedQuantitiesDriftBelow1e10: run.conservedDrift < 1e-10,
    },
    columns,
  };
  const lines = Object.entries(head).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)},`);
  return `{\n${lines.join("\n")}\n  "samples": [\n    ${samples.join(",\n    ")}\n  ]\n}\n`;
}
