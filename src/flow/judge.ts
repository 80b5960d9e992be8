/** Whether a run confirms its point: what it reached, and at which rate. */
import { norm } from "../numeric/matrix.js";
import { kktResidual, type Observation } from "./measure.js";
import type { Position } from "./position.js";
import { fittedExponent, predictedExponents } from "./rates.js";

/** An observation with its distance from the direction of the point, or null without a point. */
export type Observed = Observation & { readonly directionError: number | null };

/** Of log(1/L), where there is one: of the linearised flow at the limit, and fitted to the last third of the run. */
export interface Exponents {
  readonly predicted: number | null;
  readonly observed: number | null;
}

export interface RunExponents {
  readonly directionError: Exponents;
  readonly kktResidual: Exponents;
}

/** Directions are known up to this. */
export const ROUNDING = 1e-13;
/** An exponent below this is that of a value which does not move. */
const STANDSTILL = 1e-6;
/** Relative agreement of the observed exponent with the predicted one. */
const AGREEMENT = 0.05;

/** Whether the first observation is in the direction of the point already. */
export function startsOnRay([first]: readonly Observed[]): boolean {
  return first!.directionError !== null && first!.directionError <= ROUNDING;
}

/** Why the last observation does not confirm the point, in words; none where it does. */
export function shortfalls(
  observations: readonly Observed[],
  exponents: RunExponents,
  accuracy: number,
): readonly string[] {
  const { directionError, kkt } = observations.at(-1)!;
  const reasons: string[] = [];
  const judge = (what: string, value: number | null, { predicted, observed }: Exponents) => {
    if (value === null) return;
    if (value > accuracy) reasons.push(`the ${what} is ${print(value)}, not under ${print(accuracy)}`);
    // What is zero has no rate.
    else if (value <= ROUNDING || startsOnRay(observations)) return;
    else if (predicted === null || observed === null) reasons.push(`the ${what} has no rate: the run is too short`);
    else if (observed >= 0 || predicted >= 0 || Math.abs(observed / predicted - 1) > AGREEMENT) {
      const rates = `as log(1/L)^${print(observed)}, predicted ${print(predicted)}`;
      reasons.push(`the ${what} does not decrease at the predicted rate: ${rates}`);
    }
  };
  judge("direction error", directionError, exponents.directionError);
  judge("KKT residual", kkt === null ? null : kktResidual(kkt), exponents.kktResidual);
  return reasons;
}

/** The exponents at a position, of which the observations are the past. */
export function exponentsOf(
  position: Position,
  observations: readonly Observed[],
  target: Float64Array | null,
): RunExponents {
  const usable = observations.filter((one) => one.kkt !== null && one.logInverseLoss > 0);
  const end = usable.at(-1);
  if (end === undefined) {
    const none = { predicted: null, observed: null };
    return { directionError: none, kktResidual: none };
  }
  const late = usable.filter(
    ({ logInverseLoss }) => Math.log(logInverseLoss) >= (2 / 3) * Math.log(end.logInverseLoss),
  );
  const clear = (value: number | null) => value !== null && value > 10 * ROUNDING;
  // After a value has reached rounding, whatever it then is has no rate; nor has one that stays where it is, at another limit.
  const slope = (value: (one: (typeof usable)[number]) => number | null) => {
    const rounded = late.findIndex((one) => !clear(value(one)));
    const falling = late.slice(0, rounded === -1 ? late.length : rounded);
    const exponent = fittedExponent(falling.map((one) => ({ logInverseLoss: one.logInverseLoss, value: value(one)! })));
    return exponent !== null && Math.abs(exponent) < STANDSTILL ? null : exponent;
  };
  const away = usable.findLast((one) => clear(one.directionError));
  const moving = usable.findLast((one) => clear(norm(one.kkt!.stationarity)));
  const none = new Float64Array(position.regime.model.size);
  const [direction, stationarity] = predictedExponents(position, [
    away === undefined || target === null ? none : away.direction.map((x, j) => x - target[j]!),
    moving?.kkt?.stationarity ?? none,
  ]);
  return {
    directionError: { predicted: direction!, observed: slope((one) => one.directionError) },
    kktResidual: {
      // Slackness is the log weights over log(1/L): its exponent is −1.
      predicted: norm(end.kkt!.stationarity) >= end.kkt!.slackness ? stationarity! : -1,
      observed: slope(({ kkt }) => kktResidual(kkt!)),
    },
  };
}

/** Four significant digits. */
export function print(value: number): string {
  return Math.abs(value) >= 1e6 ? value.toExponential(3) : `${Number(value.toPrecision(4))}`;
}
