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

/** A quadratic form Σ ± θ_jθ_k that the flow conserves. */
export interface Conserved {
  readonly plus: readonly (readonly [number, number])[];
  readonly minus: readonly (readonly [number, number])[];
}

/**
 * The conserved quantities that the architecture gives: ‖layer l‖² − ‖layer l+1‖²; the same of one hidden neuron's incoming and
 * outgoing weights, where it shares none of them; and all of W_lW_lᵀ − W_{l+1}ᵀW_{l+1} in fully connected linear networks.
 */
export function conservedQuantities(model: Model, dense: boolean): Conserved[] {
  const squares = (parameters: Iterable<number>) => [...new Set(parameters)].map((j) => [j, j] as const);
  const uses = new Map<number, number>();
  for (const { parameter } of model.layers.flat(2)) uses.set(parameter, (uses.get(parameter) ?? 0) + 1);
  return model.layers.slice(0, -1).flatMap((layer, l) => {
    const above = model.layers[l + 1]!;
    const outgoing = (unit: number) => above.flat().filter(({ from }) => from === unit);
    const all = {
      plus: squares(layer.flat().map((c) => c.parameter)),
      minus: squares(above.flat().map((c) => c.parameter)),
    };
    const single = layer.flatMap((row, unit) => {
      const [plus, minus] = [row, outgoing(unit)].map((list) => list.map((c) => c.parameter));
      return [...plus!, ...minus!].every((j) => uses.get(j) === 1)
        ? [{ plus: squares(plus!), minus: squares(minus!) }]
        : [];
    });
    const pairs =
      !dense || model.off !== 1
        ? []
        : layer.flatMap((row, i) =>
            layer.slice(0, i).map((other, j) => ({
              plus: row.map((c, k) => [c.parameter, other[k]!.parameter] as const),
              minus: outgoing(i).map((c, k) => [c.parameter, outgoing(j)[k]!.parameter] as const),
            })),
          );
    return [all, ...single, ...pairs];
  });
}

/** The value of the form at a vector, and the sum of the sizes of its terms. */
export function evaluateForm({ plus, minus }: Conserved, y: Float64Array): { value: number; size: number } {
  const total = (pairs: Conserved["plus"], term: (x: number) => number) =>
    pairs.reduce((sum, [j, k]) => sum + term(y[j]! * y[k]!), 0);
  return {
    value: total(plus, (x) => x) - total(minus, (x) => x),
    size: total(plus, Math.abs) + total(minus, Math.abs),
  };
}
