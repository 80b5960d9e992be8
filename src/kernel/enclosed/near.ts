/**
 * The active margins near an enclosed point, with the factors that its states and slopes give to units in place of their activations: polynomials
 * in the parameters, and how they depend on the units that are zero. (`proofs/theory.md`, §8.7.)
 */
import type { Interval } from "../../exact/interval.js";
import { constant, evaluate, type MultivariatePolynomial, shiftedVariable } from "../../exact/multivariate.js";
import type { Rational } from "../../exact/rational.js";
import { marginOf } from "../../network/instance.js";
import { isLinearLayer } from "../../network/network.js";
import { propagate } from "../forward.js";
import { isIdle, isZero } from "./kkt.js";
import { type EnclosedFacts, meteredRing, passCost, type UnitState } from "./system.js";

type Polynomial = MultivariatePolynomial<Rational>;

/** Variables are the parameters, and after them the slopes of the kinks. */
export interface NearMargin {
  readonly f: Polynomial;
  /** The zeros of its sample that are not zero near θ anyway, with the derivative of f by the unit's output. */
  readonly zeros: readonly { readonly unit: UnitState; readonly adjoint: Polynomial }[];
}

/** An active margin, by its place among them, while the weights in `still` stay 0. */
export function marginNear(facts: EnclosedFacts, place: number, still: ReadonlySet<number>): NearMargin {
  const { problem, point, margins, unitAt, spend } = facts;
  const { network, data, frozen, field: K } = problem;
  const ring = meteredRing(K, spend);
  const margin = margins[point.active[place]!]!;
  const { sample, plus, minus } = margin;
  const count = network.parameters.length;
  const weights = [
    ...network.parameters.map((_, k) => (still.has(k) ? ring.zero : shiftedVariable(K, K.zero, k))),
    ...frozen.map((value) => constant(K, value)),
  ];
  const factorOf = (layer: number, unit: number): Polynomial => {
    const { state, kink } = unitAt({ sample, layer, unit })!;
    const slope = constant(K, network.slopes[layer]!);
    if (state === "+") return ring.one;
    if (kink === null) return slope;
    return ring.add(slope, ring.mul(shiftedVariable(K, K.zero, count + kink), ring.sub(ring.one, slope)));
  };
  const activate = (p: Polynomial, layer: number, unit: number) => ring.mul(factorOf(layer, unit), p);
  spend(passCost(network));
  const inputs = data[sample]!.x.map((c) => constant(K, c));
  const { outputs } = propagate(ring, network, weights, inputs, activate);
  const zeros: { unit: UnitState; adjoint: Polynomial }[] = [];
  let adjoints = outputs.map((_, k) => (k === plus ? ring.one : k === minus ? ring.neg(ring.one) : ring.zero));
  for (let l = network.layers.length - 1; l > 0; l--) {
    const below = network.layers[l - 1]!.map(() => ring.zero);
    for (const [unit, row] of network.layers[l]!.entries())
      for (const { from, weight } of row) {
        const adjoint = adjoints[unit]!;
        if (adjoint.size > 0 && weights[weight]!.size > 0)
          below[from] = ring.add(below[from]!, ring.mul(adjoint, weights[weight]!));
      }
    if (isLinearLayer(network, l - 1)) {
      adjoints = below;
      continue;
    }
    for (const [unit, adjoint] of below.entries()) {
      const state = unitAt({ sample, layer: l - 1, unit })!;
      if (isZero(state) && !isIdle(facts, state.at)) zeros.push({ unit: state, adjoint });
    }
    adjoints = below.map((adjoint, unit) => activate(adjoint, l - 1, unit));
  }
  return { f: marginOf(ring, margin, outputs), zeros };
}

/** The value at the point. */
export function valueAt({ problem, ring, theta, tau, spend }: EnclosedFacts, p: Polynomial): Interval {
  const count = problem.network.parameters.length;
  spend(10 * p.size);
  return evaluate(ring, ring.enclose, p, (v) => (v < count ? theta[v]! : tau[v - count]!));
}
