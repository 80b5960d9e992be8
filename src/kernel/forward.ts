/**
 * The forward pass: one, over any ring. Over K it gives margins, over K[t] the margins along a curve, over dual numbers
 * directional derivatives, over K[θ] the polynomial of a piece. (`proofs/theory.md`, §0.1, §1.4.)
 */

import type { Curve, Instance, Scope, SparseVector, UnitAtSample } from "../certificate/format.js";
import { type Field, type Ring, type Sign, sum } from "../exact/field.js";
import { constant, type MultivariatePolynomial, multivariateRing, shiftedVariable } from "../exact/multivariate.js";
import { type Polynomial, polynomialRing, signOnInterval } from "../exact/polynomial.js";
import { type Network, offSlope } from "../problem/network.js";
import { ensure } from "./ensure.js";

/** Per hidden layer and unit: whether σ' = 1 there. */
export type Pattern = readonly (readonly boolean[])[];

/** What a forward pass saw: the pre-activation of every hidden unit, and the output. */
export interface Pass<R> {
  readonly preactivations: readonly (readonly R[])[];
  readonly output: R;
}

/**
 * Φ over the ring R, with parameters and inputs in R. `isOn` decides, from a hidden unit's pre-activation, whether the unit is
 * on; where it is off, the output is `slope` times the pre-activation.
 */
export function forward<R>(
  ring: Ring<R>,
  { layers, activation }: Network,
  slope: R,
  parameters: readonly R[],
  inputs: readonly R[],
  isOn: (z: R, layer: number, unit: number) => boolean,
): Pass<R> {
  const linear = activation.kind === "linear";
  const preactivations: R[][] = [];
  let values = inputs;
  for (const [l, layer] of layers.entries()) {
    const z = layer.map((row) => {
      let total = ring.zero;
      for (const { from, parameter } of row) {
        const value = values[from]!;
        const weight = parameters[parameter]!;
        if (!ring.isZero(value) && !ring.isZero(weight)) total = ring.add(total, ring.mul(weight, value));
      }
      return total;
    });
    if (l === layers.length - 1) return { preactivations, output: z[0]! };
    preactivations.push(z);
    values = linear ? z : z.map((one, unit) => (isOn(one, l, unit) ? one : ring.mul(slope, one)));
  }
  throw new RangeError("a network has at least one layer");
}

/** The pass of a sample at a point, over K. A kink counts as off: σ(0) = 0 on both sides. */
export function passAt<E>({ network, field: K, data }: Instance<E>, sample: number, point: readonly E[]): Pass<E> {
  const slope = K.fromRational(offSlope(network.activation));
  return forward(K, network, slope, point, data[sample]!.x, (z) => K.sign(z) > 0);
}

/** y_i Φ(point; x_i) */
export function marginAt<E>(instance: Instance<E>, sample: number, point: readonly E[]): E {
  const { output } = passAt(instance, sample, point);
  return instance.data[sample]!.y === 1 ? output : instance.field.neg(output);
}

/** The sign of each y_i Φ(point; x_i) − 1: the point is feasible iff none is negative, and a sample is active iff its own is 0. */
export function slackSigns<E>(instance: Instance<E>, point: readonly E[]): Sign[] {
  const K = instance.field;
  return instance.data.map((_, i) => K.sign(K.sub(marginAt(instance, i, point), K.one)));
}

/** θ(t), as polynomials in t. */
export function curvePoint<E>({ field: K, point }: Instance<E>, { steps }: Curve<E>): Polynomial<E>[] {
  const ring = polynomialRing(K);
  return point.map((start, k) => ring.add([start, ...steps.map((step) => step.get(k) ?? K.zero)], ring.zero));
}

/**
 * The pass of a sample along a curve, over K[t], and the pattern on (0, end]. Every pre-activation must be identically zero
 * along the curve (it then counts as off) or proven of one strict sign.
 */
export function passAlong<E>(
  instance: Instance<E>,
  curve: Curve<E>,
  sample: number,
): Pass<Polynomial<E>> & { pattern: Pattern } {
  const { network, field: K, data } = instance;
  const ring = polynomialRing(K);
  const lift = (c: E): Polynomial<E> => (K.isZero(c) ? [] : [c]);
  const pattern = network.layers.slice(0, -1).map((layer) => layer.map(() => false));
  const isOn = (z: Polynomial<E>, layer: number, unit: number) => {
    const sign = signOnInterval(K, z, curve.end);
    ensure(
      sign !== null,
      "curve.sign",
      () => `${unitText({ sample, layer, unit })} is not shown to keep one sign on the curve`,
    );
    pattern[layer]![unit] = sign > 0;
    return sign > 0;
  };
  const slope = lift(K.fromRational(offSlope(network.activation)));
  const pass = forward(ring, network, slope, curvePoint(instance, curve), data[sample]!.x.map(lift), isOn);
  return { ...pass, pattern };
}

/** The end is positive, and only the scope's parameters move. */
export function ensureCurve<E>({ network, field: K }: Instance<E>, { end, steps }: Curve<E>, scope: Scope): void {
  ensure(K.sign(end) > 0, "curve.end", "the end of the curve is not positive");
  for (const step of steps) {
    for (const k of step.keys()) {
      const { name, layer } = network.parameters[k]!;
      ensure(
        scope === null || layer === scope,
        "curve.scope",
        () => `the curve moves ${name}, which is outside the scope`,
      );
    }
  }
}

/**
 * The pass of a sample on one piece: polynomials in the displacement d of the scope's parameters from `base`. Variables are
 * positions in `scopeParameters`.
 */
export function passOnPiece<E>(
  { network, field: K, data }: Instance<E>,
  sample: number,
  pattern: Pattern,
  scopeParameters: readonly number[],
  base: readonly E[],
): Pass<MultivariatePolynomial<E>> {
  const ring = multivariateRing(K);
  const parameters = base.map((value) => constant(K, value));
  for (const [variable, k] of scopeParameters.entries()) parameters[k] = shiftedVariable(K, base[k]!, variable);
  const slope = constant(K, K.fromRational(offSlope(network.activation)));
  const inputs = data[sample]!.x.map((c) => constant(K, c));
  return forward(ring, network, slope, parameters, inputs, (_, layer, unit) => pattern[layer]![unit]!);
}

/** ∇_θ of Φ^s(θ; x_i) for the pattern s, by the chain rule from the output backwards. */
export function gradient<E>({ network, field: K, data, point }: Instance<E>, sample: number, pattern: Pattern): E[] {
  const slope = K.fromRational(offSlope(network.activation));
  const linear = network.activation.kind === "linear";
  const isOn = (layer: number, unit: number) => linear || pattern[layer]![unit]!;
  const { preactivations } = forward(K, network, slope, point, data[sample]!.x, (_, layer, unit) => isOn(layer, unit));
  const outputs = preactivations.map((layer, l) => layer.map((z, unit) => (isOn(l, unit) ? z : K.mul(slope, z))));
  const result = new Array<E>(point.length).fill(K.zero);
  let adjoints: E[] = [K.one];
  for (let l = network.layers.length - 1; l >= 0; l--) {
    const below = l === 0 ? data[sample]!.x : outputs[l - 1]!;
    const next = below.map(() => K.zero);
    for (const [unit, row] of network.layers[l]!.entries()) {
      const adjoint = adjoints[unit]!;
      if (K.isZero(adjoint)) continue;
      for (const { from, parameter } of row) {
        result[parameter] = K.add(result[parameter]!, K.mul(adjoint, below[from]!));
        if (l > 0) next[from] = K.add(next[from]!, K.mul(adjoint, point[parameter]!));
      }
    }
    adjoints = next.map((a, unit) => (l === 0 || isOn(l - 1, unit) ? a : K.mul(slope, a)));
  }
  return result;
}

/**
 * The pre-activations of one layer at a sample as linear forms in that layer's parameters, the layers below staying at θ: per
 * unit, the coefficients by parameter.
 */
export function linearForms<E>(instance: Instance<E>, sample: number, layer: number): SparseVector<E>[] {
  const { network, field: K, data, point } = instance;
  const slope = K.fromRational(offSlope(network.activation));
  const inputs =
    layer === 0
      ? data[sample]!.x
      : passAt(instance, sample, point).preactivations[layer - 1]!.map((z) =>
          network.activation.kind === "linear" || K.sign(z) > 0 ? z : K.mul(slope, z),
        );
  return network.layers[layer]!.map((row) => linearForm(K, row, inputs));
}

/** A row of a layer at its inputs, as a linear form in the layer's parameters. */
export function linearForm<E>(
  K: Field<E>,
  row: Network["layers"][number][number],
  inputs: readonly E[],
): SparseVector<E> {
  const form = new Map<number, E>();
  for (const { from, parameter } of row) form.set(parameter, K.add(form.get(parameter) ?? K.zero, inputs[from]!));
  for (const [parameter, c] of form) if (K.sign(c) === 0) form.delete(parameter);
  return form;
}

/** Σ v_k w_k of a sparse and a dense or sparse vector. */
export function sparseDot<E>(K: Field<E>, v: SparseVector<E>, w: (parameter: number) => E): E {
  return sum(
    K,
    [...v].map(([k, c]) => K.mul(c, w(k))),
  );
}

/** A hidden unit in words, counted from 1. */
export function unitText({ sample, layer, unit }: UnitAtSample): string {
  return `unit ${unit + 1} of layer ${layer + 1} at sample ${sample + 1}`;
}
