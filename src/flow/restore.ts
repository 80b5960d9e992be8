/** Structure that the flow has and a numerical step has only up to its error. */
import { addTo, combination, dot, factor, norm, scaled } from "../numeric/matrix.js";
import { type Conserved, evaluateForm, formGradient } from "./conserved.js";
import { fieldAt, likeness, logDifference, marginScale, type Regime, type State } from "./field.js";
import { forward } from "./model.js";

/** A conserved quantity with its value at θ = y·2^exponent. */
export interface Invariant {
  readonly form: Conserved;
  readonly value: number;
  readonly exponent: number;
}

/** Constraints may depend on each other: the ridge lets them share the correction. */
const RIDGE = 1e-10;

/**
 * The state without the part of a step's error that can be told: the shortest correction of y to first order that gives the
 * conserved quantities their values, margins the differences that the log weights say, and followed kinks their zero.
 */
export function restored(regime: Regime, state: State, invariants: readonly Invariant[]): State {
  const { model, pattern, slides, exponent } = regime;
  const corrected = Float64Array.from(state);
  const y = corrected.subarray(0, model.size);
  const { passes, normals } = fieldAt(regime, state);
  const constraints = [
    ...invariants.map((one) => ({
      row: formGradient(one.form, y),
      excess: evaluateForm(one.form, y).value - one.value * 4 ** (one.exponent - exponent),
    })),
    ...passes.slice(1).flatMap(({ margin, gradient }, k) => {
      // Where the margins' gradients are alike, the rounding of their difference would move θ far.
      if (likeness(gradient, passes[0]!.gradient) > 1) return [];
      const row = gradient.map((x, j) => x - passes[0]!.gradient[j]!);
      return [{ row, excess: margin - passes[0]!.margin + logDifference(regime, state, k + 1) / marginScale(regime) }];
    }),
    ...normals.map((row, k) => {
      const { sample, neuron } = slides[k]!;
      return { row, excess: forward(model, sample, pattern[sample]!, y).pre[neuron]! };
    }),
  ].flatMap(({ row, excess }) => {
    const length = norm(row);
    return length === 0 ? [] : [{ row: scaled(1 / length, row), excess: excess / length }];
  });
  const rows = constraints.map(({ row }) => row);
  const shares = Float64Array.from(constraints, ({ excess }) => excess);
  factor(rows.map((u, i) => Float64Array.from(rows, (v, j) => dot(u, v) + (i === j ? RIDGE : 0))))(shares);
  addTo(y, -1, combination(model.size, shares, rows));
  return corrected;
}
