/** Pieces: the sign choices at hidden units that a statement must cover, and the ones that Gordan's theorem leaves out. */

import type { Exclusion, Instance, Orientation, Scope, SparseVector, UnitAtSample } from "../certificate/format.js";
import type { Ring } from "../exact/field.js";
import { ensure } from "./ensure.js";
import { linearForms, type Pass, type Pattern, unitText } from "./forward.js";

/** More pieces than this are refused: an honest certificate for so many could not be written down. */
const MAX_PIECES = 1 << 16;

/** The first layer whose pre-activations move with the scope; they are linear forms in its parameters. */
export function firstMovingLayer(scope: Scope): number {
  return scope ?? 0;
}

/** The kinks of a sample at θ, among hidden layers `from` and above; a linear network has none. */
export function kinks<E>(
  { network, field: K }: Instance<E>,
  sample: number,
  { preactivations }: Pass<E>,
  from = 0,
): UnitAtSample[] {
  if (network.activation.kind === "linear") return [];
  return preactivations.flatMap((layer, l) =>
    layer.flatMap((z, unit) => (l >= from && K.sign(z) === 0 ? [{ sample, layer: l, unit }] : [])),
  );
}

/**
 * Checks each exclusion by Gordan's theorem: Σ weight · orientation · ∇z = 0 with positive weights and non-zero gradients, over
 * pre-activations that are linear forms in the scope, so that no point gives all of them the signs strictly. A form that is
 * identically zero is refused: it never takes a strict sign, so it would exclude what is there.
 */
export function ensureExclusions<E>(instance: Instance<E>, exclusions: readonly Exclusion<E>[], scope: Scope): void {
  const { field: K, network } = instance;
  const layer = firstMovingLayer(scope);
  const forms = new Map<number, SparseVector<E>[]>();
  for (const exclusion of exclusions) {
    const total = new Map<number, E>();
    for (const member of exclusion) {
      const { sample, unit, orientation, weight } = member;
      ensure(
        member.layer === layer && layer < network.layers.length - 1 && unit < network.layers[layer]!.length,
        "gordan.unit",
        () => `${unitText(member)} is not a hidden unit whose pre-activation is linear in the scope`,
      );
      if (!forms.has(sample)) forms.set(sample, linearForms(instance, sample, layer));
      const form = forms.get(sample)![unit]!;
      ensure(form.size > 0, "gordan.unit", () => `the pre-activation of ${unitText(member)} is identically zero`);
      ensure(K.sign(weight) > 0, "gordan.weight", () => `the weight of ${unitText(member)} is not positive`);
      const factor = orientation > 0 ? weight : K.neg(weight);
      for (const [k, c] of form) total.set(k, K.add(total.get(k) ?? K.zero, K.mul(factor, c)));
    }
    ensure([...total.values()].every(K.isZero), "gordan.sum", "an exclusion's weighted gradients do not sum to zero");
  }
}

/** The sign of a sum, 0 for an empty one, from the signs of its terms; null where they leave it open. */
export function signOfSum(terms: readonly number[]): number | null {
  const signs = terms.filter((sign) => sign !== 0);
  return signs.every((sign) => sign === signs[0]) ? (signs[0] ?? 0) : null;
}

/**
 * All orientations of the units, some of them fixed or decided by the ones before, except those that contain an exclusion. The
 * rejection `limit` is raised beyond 65536.
 */
export function* orientations<E>(
  units: readonly UnitAtSample[],
  fixed: readonly (Orientation | null)[],
  exclusions: readonly Exclusion<E>[],
  decided: (before: readonly Orientation[]) => Orientation | null = () => null,
): Generator<readonly Orientation[]> {
  const position = new Map(units.map((unit, k) => [unitText(unit), k]));
  // An exclusion is tested once its last unit is set; one with a unit that is not among these never applies.
  const ending = units.map((): { at: number; orientation: Orientation }[][] => []);
  for (const exclusion of exclusions) {
    const members = exclusion.map((one) => ({ at: position.get(unitText(one)) ?? -1, orientation: one.orientation }));
    if (members.every(({ at }) => at >= 0)) ending[Math.max(...members.map(({ at }) => at))]!.push(members);
  }
  const chosen: Orientation[] = [];
  let count = 0;
  function* descend(): Generator<readonly Orientation[]> {
    const k = chosen.length;
    ensure(++count <= 64 * MAX_PIECES, "limit", "too many pieces");
    if (k === units.length) {
      yield [...chosen];
      return;
    }
    const choice = fixed[k] ?? decided(chosen);
    for (const orientation of choice === null ? ([1, -1] as const) : [choice]) {
      chosen.push(orientation);
      const excluded = ending[k]!.some((members) => members.every((m) => chosen[m.at] === m.orientation));
      if (!excluded) yield* descend();
      chosen.pop();
    }
  }
  yield* descend();
}

/** The pattern at θ with the orientations of some kinks put in. */
export function withOrientations<E>(
  { field: K }: Instance<E>,
  { preactivations }: Pass<E>,
  units: readonly UnitAtSample[],
  chosen: readonly Orientation[],
): Pattern {
  const pattern = preactivations.map((layer) => layer.map((z) => K.sign(z) > 0));
  for (const [k, { layer, unit }] of units.entries()) pattern[layer]![unit] = chosen[k]! > 0;
  return pattern;
}

/**
 * Which hidden units can influence the output when the scope moves: those from which a path leads to the output over entries
 * that move or are not zero.
 */
export function influentialUnits<E>({ network, field: K, point }: Instance<E>, scope: Scope): boolean[][] {
  const influential: boolean[][] = network.layers.map((layer) => layer.map(() => false));
  influential[network.layers.length - 1]![0] = true;
  for (let l = network.layers.length - 1; l > 0; l--) {
    for (const [unit, row] of network.layers[l]!.entries()) {
      if (!influential[l]![unit]) continue;
      for (const { from, parameter } of row) {
        if (scope === null || scope === l || K.sign(point[parameter]!) !== 0) influential[l - 1]![from] = true;
      }
    }
  }
  return influential.slice(0, -1);
}

/** Σ_k weight_k · vector_k, dense. */
export function combination<E>(K: Ring<E>, dimension: number, terms: Iterable<readonly [E, readonly E[]]>): E[] {
  const total = new Array<E>(dimension).fill(K.zero);
  for (const [weight, vector] of terms) {
    if (K.isZero(weight)) continue;
    for (let k = 0; k < dimension; k++) {
      if (!K.isZero(vector[k]!)) total[k] = K.add(total[k]!, K.mul(weight, vector[k]!));
    }
  }
  return total;
}
