/** `not-kkt`: a direction that separates θ from the cone of the Clarke subgradients of the active margins. (`proofs/theory.md`.) */
import type { Exclusion, Instance, Of, SparseVector } from "../certificate/format.js";
import { compare, type Ring } from "../exact/field.js";
import { offSlope } from "../problem/network.js";
import { ensure } from "./ensure.js";
import { forward, type Pattern, passAt, slackSigns, sparseDot, unitText } from "./forward.js";
import { ensureExclusions, kinks, orientations, withOrientations } from "./pieces.js";

export function checkNotKkt<E>(instance: Instance<E>, { direction, excluded }: Of<"not-kkt", E>): void {
  const { field: K, point } = instance;
  ensureExclusions(instance, excluded, null);
  const rate = sparseDot(K, direction, (k) => point[k]!);
  ensure(K.sign(rate) < 0, "not-kkt.descent", "the direction does not decrease the norm");
  for (const [sample, sign] of slackSigns(instance, point).entries()) {
    if (sign !== 0) continue;
    const lowest = lowestRate(instance, sample, direction, excluded);
    const ascends = lowest === null || K.sign(lowest.rate) >= 0;
    ensure(ascends, "not-kkt.ascent", `on a pattern of sample ${sample + 1} the direction decreases the margin`);
  }
}

/**
 * The least y_i ∇Φ^s · d over the consistent patterns s of a sample that no exclusion leaves out, with such a pattern. The kinks of
 * the last hidden layer that no exclusion names enter the derivative one by one, so there the worst sign is chosen for each
 * instead of trying all combinations.
 */
export function lowestRate<E>(
  instance: Instance<E>,
  sample: number,
  direction: SparseVector<E>,
  excluded: readonly Exclusion<E>[],
): { readonly rate: E; readonly pattern: Pattern } | null {
  const { network, field: K, point, data } = instance;
  const { x, y } = data[sample]!;
  const here = passAt(instance, sample, point);
  const top = network.layers.length - 2;
  const named = excluded.filter((exclusion) => exclusion.every((one) => one.sample === sample));
  const isNamed = new Set(named.flat().map(unitText));
  const enumerated = kinks(instance, sample, here).filter((kink) => kink.layer < top || isNamed.has(unitText(kink)));
  const outgoing = new Map(network.layers.at(-1)![0]!.map(({ from, parameter }) => [from, point[parameter]!]));

  const ring = dualNumbers(K);
  const parameters = point.map((value, k): Dual<E> => [value, direction.get(k) ?? K.zero]);
  const inputs = x.map((value): Dual<E> => [value, K.zero]);
  const slope: Dual<E> = [K.fromRational(offSlope(network.activation)), K.zero];
  let lowest: { rate: E; pattern: Pattern } | null = null;
  for (const chosen of orientations(enumerated, [], named)) {
    const pattern = withOrientations(instance, here, enumerated, chosen).map((layer) => [...layer]);
    const isEnumerated = new Set(enumerated.map(unitText));
    const { output } = forward(ring, network, slope, parameters, inputs, ([z, rate], layer, unit) => {
      if (K.sign(z) === 0 && !isEnumerated.has(unitText({ sample, layer, unit }))) {
        pattern[layer]![unit] = y * K.sign(K.mul(outgoing.get(unit) ?? K.zero, rate)) < 0;
      }
      return pattern[layer]![unit]!;
    });
    const rate = y === 1 ? output[1] : K.neg(output[1]);
    if (lowest === null || compare(K, rate, lowest.rate) < 0) lowest = { rate, pattern };
  }
  return lowest;
}

/** value + rate·ε with ε² = 0 */
type Dual<E> = readonly [E, E];

function dualNumbers<E>(K: Ring<E>): Ring<Dual<E>> {
  return {
    zero: [K.zero, K.zero],
    one: [K.one, K.zero],
    add: ([a, b], [c, d]) => [K.add(a, c), K.add(b, d)],
    sub: ([a, b], [c, d]) => [K.sub(a, c), K.sub(b, d)],
    mul: ([a, b], [c, d]) => [K.mul(a, c), K.add(K.mul(a, d), K.mul(b, c))],
    neg: ([a, b]) => [K.neg(a), K.neg(b)],
    isZero: ([a, b]) => K.isZero(a) && K.isZero(b),
  };
}
