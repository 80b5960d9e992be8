/** What is observed at a position of the flow: loss, direction, margin, KKT residual, conserved quantities. */

import { addTo, dot, norm, scaled } from "../numeric/matrix.js";
import { type Field, fieldAt, logDifference, marginScale } from "./field.js";
import { totalLoss } from "./loss.js";
import { type Model, marginsAt } from "./model.js";
import { logNorm, type Position } from "./position.js";

export interface Observation {
  /** log‖θ‖ */
  readonly s: number;
  readonly logInverseLoss: number;
  /** θ/‖θ‖ */
  readonly direction: Float64Array;
  /** min_i q_i/‖θ‖^L */
  readonly normalizedMargin: number;
  /** ℓ^{−1}(loss)/‖θ‖^L, which the flow never decreases where the loss is below ℓ(0) (Lyu and Li 2019); null before. */
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
  const leads = [...marginsAt(model, pattern, y)].map((margin, k) => {
    const place = carried.indexOf(k);
    return place >= 0 ? -logDifference(regime, state, place) : scale * (margin - reference);
  });
  const least = reference + Math.min(...leads) / scale;
  const { logInverse, inverse } = totalLoss(loss, model.margins, scale * reference, leads);
  return {
    s: logNorm({ regime, state }),
    logInverseLoss: logInverse,
    direction: scaled(1 / radius, y),
    normalizedMargin: least / power,
    smoothedMargin: inverse > 0 ? inverse / scale / power : null,
    kkt: least > 0 ? residual(model, field, y, least, leads, carried, scale) : null,
  };
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
  // θ = y·shrink = Σ λ_i∇q_i(θ), where ∇q_i(θ) = ∇q_i(y)·shrink^{L−1}.
  const multiplier = (along / norm(field.gradient)) * shrink ** (2 - model.degree);
  const floor = Math.min(...leads);
  const slackness = carried.reduce(
    (sum, margin, k) => sum + (multiplier * field.weights[k]! * (leads[margin]! - floor)) / (scale * least),
    0,
  );
  return { stationarity: scaled(shrink, stationarity), slackness };
}
