/** What is observed at a position of the flow: loss, direction, margin, KKT residual, conserved quantities. */
import { type Field, fieldAt, logDifference, marginScale } from "./field.js";
import { addTo, dot, norm, scaled } from "./matrix.js";
import { type Model, pass } from "./model.js";
import { logNorm, type Position } from "./trajectory.js";

export interface Observation {
  /** log‖θ‖ */
  readonly s: number;
  readonly logInverseLoss: number;
  /** θ/‖θ‖ */
  readonly direction: Float64Array;
  /** min_i q_i/‖θ‖^m */
  readonly normalizedMargin: number;
  /** ℓ^{−1}(L)/‖θ‖^m, which the flow never decreases where L < ℓ(0) (Lyu and Li 2019); null before. */
  readonly smoothedMargin: number | null;
  /** Of the point rescaled to least margin 1; null while some margin is not positive. */
  readonly kkt: KktResidual | null;
}

export interface KktResidual {
  /** θ − Σ λ_i∇q_i at its least norm over λ = c·p, c ≥ 0. */
  readonly stationarity: Float64Array;
  /** Σ λ_i (q_i − 1) */
  readonly slackness: number;
}

/** The residual in one number. */
export function kktResidual({ stationarity, slackness }: KktResidual): number {
  return Math.max(norm(stationarity), slackness);
}

export function observe({ regime, state }: Position): Observation {
  const { model, pattern, carried, loss } = regime;
  const field = fieldAt(regime, state);
  const y = state.slice(0, model.size);
  const radius = norm(y);
  const power = radius ** model.degree;
  const scale = marginScale(regime);
  const reference = field.passes[0]!.margin;
  // q_i − q_r in true units: from the log weights where they are carried, as their difference in θ is lost to rounding.
  const leads = pattern.map((slopes, sample) => {
    const place = carried.indexOf(sample);
    return place >= 0
      ? -logDifference(regime, state, place)
      : scale * (pass(model, sample, slopes, y).margin - reference);
  });
  const least = reference + Math.min(...leads) / scale;
  const { logInverse, inverse } = totalLoss(loss, scale * reference, leads);
  return {
    s: logNorm({ regime, state }),
    logInverseLoss: logInverse,
    direction: scaled(1 / radius, y),
    normalizedMargin: least / power,
    smoothedMargin: inverse > 0 ? inverse / scale / power : null,
    kkt: least > 0 ? residual(model, field, y, least, leads, carried, scale) : null,
  };
}

/** log(1/L) and ℓ^{−1}(L), at the margins q + lead. */
function totalLoss(loss: Position["regime"]["loss"], q: number, leads: readonly number[]) {
  const least = Math.min(...leads);
  const tail = Math.log(leads.reduce((sum, lead) => sum + Math.exp(least - lead), 0));
  const logInverse = q + least - tail;
  if (loss === "exponential" || logInverse > 40) return { logInverse, inverse: logInverse };
  const total = leads.reduce((sum, lead) => {
    const margin = q + lead;
    return sum + (margin > 0 ? Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin)) - margin);
  }, 0);
  return { logInverse: -Math.log(total), inverse: -Math.log(Math.expm1(total)) };
}

function residual(
  model: Model,
  field: Field,
  y: Float64Array,
  least: number,
  leads: readonly number[],
  carried: readonly number[],
  scale: number,
): KktResidual {
  const shrink = least ** (-1 / model.degree);
  const unit = scaled(1 / norm(field.gradient), field.gradient);
  const along = Math.max(0, dot(y, unit));
  const stationarity = Float64Array.from(y);
  addTo(stationarity, -along, unit);
  // θ = y·shrink = Σ λ_i∇q_i(θ), where ∇q_i(θ) = ∇q_i(y)·shrink^{m−1}.
  const multiplier = (along / norm(field.gradient)) * shrink ** (2 - model.degree);
  const floor = Math.min(...leads);
  const slackness = carried.reduce(
    (sum, sample, k) => sum + (multiplier * field.weights[k]! * (leads[sample]! - floor)) / (scale * least),
    0,
  );
  return { stationarity: scaled(shrink, stationarity), slackness };
}
