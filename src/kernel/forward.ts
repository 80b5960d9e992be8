/**
 * The forward pass: one, over any ring. Over K it gives outputs, over K[t] the outputs along a curve, over K[θ] the polynomials of a
 * pattern. (`proofs/theory.md`, §0.)
 */
import { dot, type Field, type Ring } from "../exact/field.js";
import { constant, type MultivariatePolynomial, multivariateRing, shiftedVariable } from "../exact/multivariate.js";
import { type Polynomial, polynomialRing, signOnInterval } from "../exact/polynomial.js";
import type { SparseVector } from "../network/codec.js";
import { type Instance, type Margin, type Problem, weightsOf } from "../network/instance.js";
import { isLinearLayer, type Network, type Scope } from "../network/network.js";
import { ensure } from "./ensure.js";

/** Per hidden layer and unit: whether σ' = 1 there. Of no meaning where the layer is linear. */
export type Pattern = readonly (readonly boolean[])[];

/** What a forward pass saw: the pre-activation of every hidden unit, and the outputs. */
export interface Pass<R> {
  readonly preactivations: readonly (readonly R[])[];
  readonly outputs: readonly R[];
}

/** A hidden unit at a sample. */
export interface UnitAtSample {
  readonly sample: number;
  readonly layer: number;
  readonly unit: number;
}

/** A hidden unit in words, counted from 1. */
export function unitText({ sample, layer, unit }: UnitAtSample): string {
  return `unit ${unit + 1} of layer ${layer + 1} at sample ${sample + 1}`;
}

/** The outputs over the ring R, with weights and inputs in R; `activate` is σ in the layers that are not linear. */
export function propagate<R>(
  ring: Ring<R>,
  network: Network,
  weights: readonly R[],
  inputs: readonly R[],
  activate: (z: R, layer: number, unit: number) => R,
): Pass<R> {
  const preactivations: R[][] = [];
  let values = inputs;
  for (const [l, layer] of network.layers.entries()) {
    const z = layer.map((row) => {
      const terms = row.filter(({ from, weight }) => !ring.isZero(values[from]!) && !ring.isZero(weights[weight]!));
      return dot(
        ring,
        terms.map(({ weight }) => weights[weight]!),
        terms.map(({ from }) => values[from]!),
      );
    });
    if (l === network.layers.length - 1) return { preactivations, outputs: z };
    preactivations.push(z);
    values = isLinearLayer(network, l) ? z : z.map((one, unit) => activate(one, l, unit));
  }
  throw new RangeError("a network has at least one layer");
}

/**
 * The outputs where every unit is on or off. `lift` puts a slope into R. `isOn` decides, from a pre-activation in a layer that is not
 * linear, whether the unit is on; where it is off, its output is the slope times the pre-activation.
 */
export function forward<E, R>(
  ring: Ring<R>,
  { network, field }: Pick<Instance<E>, "network" | "field">,
  lift: (c: E) => R,
  weights: readonly R[],
  inputs: readonly R[],
  isOn: (z: R, layer: number, unit: number) => boolean,
): Pass<R> {
  const slopes = network.slopes.map((slope) => lift(field.fromRational(slope)));
  const activate = (z: R, l: number, unit: number) => (isOn(z, l, unit) ? z : ring.mul(slopes[l]!, z));
  return propagate(ring, network, weights, inputs, activate);
}

/** The pass of a sample at a point, over K. A kink counts as off: σ(0) = 0 on both sides. */
export function passAt<E>(instance: Instance<E>, sample: number, point: readonly E[]): Pass<E> {
  const { field: K, data } = instance;
  const isOn = (z: E) => K.sign(z) > 0;
  return forward(K, instance, (c) => c, weightsOf(instance, point), data[sample]!.x, isOn);
}

/** θ(t) = θ + Σ_k steps[k−1] t^k on 0 < t ≤ end. */
export interface Curve<E> {
  readonly end: E;
  readonly steps: readonly SparseVector<E>[];
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
export function passAlong<E>(instance: Instance<E>, curve: Curve<E>, sample: number): PassOnCurve<E> {
  const weights = [...curvePoint(instance, curve), ...instance.frozen.map((c) => liftToCurve(instance.field, c))];
  return passWith(instance, weights, curve.end, sample);
}

export type PassOnCurve<E> = Pass<Polynomial<E>> & { readonly pattern: Pattern };

export function liftToCurve<E>(K: Field<E>, c: E): Polynomial<E> {
  return K.isZero(c) ? [] : [c];
}

/** The same with any weights in K[t]. */
export function passWith<E>(
  instance: Instance<E>,
  weights: readonly Polynomial<E>[],
  end: E,
  sample: number,
): PassOnCurve<E> {
  const { network, field: K, data } = instance;
  const lift = (c: E) => liftToCurve(K, c);
  const pattern = network.layers.slice(0, -1).map((layer) => layer.map(() => false));
  const isOn = (z: Polynomial<E>, layer: number, unit: number) => {
    const sign = signOnInterval(K, z, end);
    ensure(
      sign !== null,
      "curve.sign",
      () => `${unitText({ sample, layer, unit })} is not shown to keep one sign on the curve`,
    );
    pattern[layer]![unit] = sign > 0;
    return sign > 0;
  };
  const pass = forward(polynomialRing(K), instance, lift, weights, data[sample]!.x.map(lift), isOn);
  return { ...pass, pattern };
}

/** The end is positive, and only the scope's parameters move. */
export function ensureCurve<E>({ network, field: K }: Instance<E>, { end, steps }: Curve<E>, scope: Scope): void {
  ensure(K.sign(end) > 0, "curve.end", "the end of the curve is not positive");
  for (const step of steps) {
    for (const k of step.keys()) {
      const { name, layers } = network.parameters[k]!;
      const moves = scope === null || layers.includes(scope);
      ensure(moves, "curve.scope", () => `the curve moves ${name}, which is outside the scope`);
    }
  }
}

/** The pass of a sample under a pattern: polynomials in the displacement of all parameters from θ. */
export function passUnder<E>(instance: Instance<E>, sample: number, pattern: Pattern): Pass<MultivariatePolynomial<E>> {
  const { field: K, data, point, frozen } = instance;
  const lift = (c: E) => constant(K, c);
  const weights = [...point.map((value, k) => shiftedVariable(K, value, k)), ...frozen.map(lift)];
  const inputs = data[sample]!.x.map(lift);
  return forward(multivariateRing(K), instance, lift, weights, inputs, (_, layer, unit) => pattern[layer]![unit]!);
}

/**
 * The derivatives by the parameters of a sum of pre-activations, or outputs, of layer `top` with these factors, by the chain rule downwards.
 * `activate` is the factor σ' in the layers that are not linear, as it was in the pass.
 */
export function backpropagate<R>(
  ring: Ring<R>,
  network: Network,
  weights: readonly R[],
  inputs: readonly R[],
  { preactivations }: Pick<Pass<R>, "preactivations">,
  activate: (z: R, layer: number, unit: number) => R,
  factors: readonly R[],
  top = network.layers.length - 1,
): R[] {
  const through = (values: readonly R[], l: number) =>
    isLinearLayer(network, l) ? values : values.map((z, unit) => activate(z, l, unit));
  const result = network.parameters.map(() => ring.zero);
  let adjoints = factors;
  for (let l = top; l >= 0; l--) {
    const below = l === 0 ? inputs : through(preactivations[l - 1]!, l - 1);
    const next = below.map(() => ring.zero);
    for (const [unit, row] of network.layers[l]!.entries()) {
      const adjoint = adjoints[unit]!;
      if (ring.isZero(adjoint)) continue;
      for (const { from, weight } of row) {
        if (weight < result.length && !ring.isZero(below[from]!))
          result[weight] = ring.add(result[weight]!, ring.mul(adjoint, below[from]!));
        if (l > 0) next[from] = ring.add(next[from]!, ring.mul(adjoint, weights[weight]!));
      }
    }
    adjoints = l === 0 ? next : through(next, l - 1);
  }
  return result;
}

/** ∇_θ of a margin at θ under a pattern of its sample. */
export function gradient<E>(instance: Instance<E>, margin: Margin, pattern: Pattern): E[] {
  const weights = weightsOf(instance, instance.point);
  return gradientOver(instance.field, instance, (c) => c, weights, margin, pattern);
}

/** The same over any ring, with weights in it. `lift` puts slopes and inputs into the ring. */
export function gradientOver<E, R>(
  ring: Ring<R>,
  { network, field, data }: Problem<E>,
  lift: (c: E) => R,
  weights: readonly R[],
  { sample, plus, minus }: Margin,
  pattern: Pattern,
): R[] {
  const slopes = network.slopes.map((slope) => lift(field.fromRational(slope)));
  const activate = (z: R, l: number, unit: number) => (pattern[l]![unit]! ? z : ring.mul(slopes[l]!, z));
  const inputs = data[sample]!.x.map(lift);
  const pass = propagate(ring, network, weights, inputs, activate);
  const factors = pass.outputs.map((_, k) => (k === plus ? ring.one : k === minus ? ring.neg(ring.one) : ring.zero));
  return backpropagate(ring, network, weights, inputs, pass, activate, factors);
}

/** Σ_k weight_k · vector_k, dense. */
export function combination<E>(K: Field<E>, dimension: number, terms: Iterable<readonly [E, readonly E[]]>): E[] {
  const total = new Array<E>(dimension).fill(K.zero);
  for (const [weight, vector] of terms) {
    if (K.isZero(weight)) continue;
    for (let k = 0; k < dimension; k++) {
      if (!K.isZero(vector[k]!)) total[k] = K.add(total[k]!, K.mul(weight, vector[k]!));
    }
  }
  return total;
}
