/** Realizability of patterns: a curve on which a pattern is strict, or a Gordan certificate that there is none. */
import type { Curve, Exclusion, Instance, OrientedUnit, Scope, UnitAtSample } from "../certificate/format.js";
import { dot, equals } from "../exact/field.js";
import { gradientAtOrigin } from "../exact/multivariate.js";
import { Rejection } from "../kernel/ensure.js";
import { gradient, linearForms, type Pattern, passAt, passOnPiece } from "../kernel/forward.js";
import { realizedPattern } from "../kernel/kkt.js";
import { kinks } from "../kernel/pieces.js";
import { isUnshared } from "../problem/network.js";
import { solveLp } from "./lp.js";
import { generator } from "./random.js";
import { fraction, longestCurve, sparse } from "./vectors.js";

export type Realization<E> =
  | { readonly kind: "realizable"; readonly witness: Curve<E> }
  | { readonly kind: "excluded"; readonly exclusion: Exclusion<E> }
  | { readonly kind: "unknown" };

const RANDOM_CURVES = 60;

/** Decides whether a consistent pattern of a sample is realizable at θ; `unknown` only with kinks in deeper layers. */
export function realize<E>(instance: Instance<E>, sample: number, pattern: Pattern): Realization<E> {
  const { field: K, point } = instance;
  const here = passAt(instance, sample, point);
  const atKinks = kinks(instance, sample, here);
  const wanted = gradient(instance, sample, pattern);
  const accepts = (curve: Curve<E>) => {
    try {
      const found = gradient(instance, sample, realizedPattern(instance, curve, sample));
      return found.every((c, k) => equals(K, c, wanted[k]!));
    } catch (error) {
      if (error instanceof Rejection) return false;
      throw error;
    }
  };
  if (atKinks.length === 0) return { kind: "realizable", witness: { end: K.one, steps: [] } };

  const first = atKinks.filter(({ layer }) => layer === 0);
  const signed = first.map((kink) => ({ ...kink, orientation: pattern[0]![kink.unit]! ? 1 : -1 }) as const);
  const opening = openCell(instance, signed, null);
  if (opening.kind === "empty") return { kind: "excluded", exclusion: opening.exclusion };
  const straight = longestCurve(instance, [sparse(K, opening.direction)], accepts);
  if (straight !== null) return { kind: "realizable", witness: straight };

  // Deeper kinks: first a direction with all the wanted signs at first order, then random bends of it.
  const direction = firstOrderDirection(instance, sample, pattern, atKinks) ?? opening.direction;
  const random = generator(1);
  for (let attempt = 0; attempt < RANDOM_CURVES; attempt++) {
    const weight = fraction(K, attempt < RANDOM_CURVES / 2 ? 1n : 0n);
    const bend = point.map((_, k) =>
      K.add(K.mul(weight, direction[k]!), fraction(K, BigInt(Math.floor(random() * 5) - 2), 4n)),
    );
    const steps = attempt % 2 === 0 ? [bend] : [direction, bend];
    const curve = longestCurve(
      instance,
      steps.map((step) => sparse(K, step)),
      accepts,
    );
    if (curve !== null) return { kind: "realizable", witness: curve };
  }
  return { kind: "unknown" };
}

/**
 * For oriented pre-activations that are linear forms in the scope: a direction in which they all strictly have their signs, or
 * the Gordan certificate that there is none. Identically zero forms are passed over: they count as off.
 */
export function openCell<E>(
  instance: Instance<E>,
  units: readonly Omit<OrientedUnit<E>, "weight">[],
  scope: Scope,
): { kind: "open"; direction: E[] } | { kind: "empty"; exclusion: Exclusion<E> } {
  const { field: K, network, point } = instance;
  const bySample = new Map<number, ReturnType<typeof linearForms<E>>>();
  const rows = units.flatMap((unit) => {
    if (!bySample.has(unit.sample)) bySample.set(unit.sample, linearForms(instance, unit.sample, scope ?? 0));
    const form = bySample.get(unit.sample)!.at(unit.unit)!;
    return form.size === 0 ? [] : [{ unit, form }];
  });
  const direction = point.map(() => K.zero);
  // Units without common parameters are independent; each such group is a small programme of its own.
  for (const group of isUnshared(network) ? groupBy(rows, ({ unit }) => unit.unit) : [rows]) {
    const parameters = [...new Set(group.flatMap(({ form }) => [...form.keys()]))].sort((a, b) => a - b);
    const matrix = group.map(({ unit, form }) =>
      parameters.map((k) => {
        const c = form.get(k) ?? K.zero;
        return unit.orientation > 0 ? c : K.neg(c);
      }),
    );
    if (matrix.length === 1) {
      for (const [j, k] of parameters.entries()) direction[k] = matrix[0]![j]!;
      continue;
    }
    const result = solveLp(K, {
      objective: parameters.map(() => K.zero),
      rows: matrix.map((coefficients) => ({ coefficients, sense: ">=" as const, bound: K.one })),
      free: true,
    });
    if (result.kind === "optimal") {
      for (const [j, k] of parameters.entries()) direction[k] = result.x[j]!;
    } else if (result.kind === "infeasible") {
      const weights = result.farkas;
      const exclusion = group.flatMap(({ unit }, k) =>
        K.isZero(weights[k]!) ? [] : [{ ...unit, weight: weights[k]! }],
      );
      return { kind: "empty", exclusion };
    }
  }
  return { kind: "open", direction };
}

function firstOrderDirection<E>(
  instance: Instance<E>,
  sample: number,
  pattern: Pattern,
  atKinks: readonly UnitAtSample[],
): E[] | null {
  const { field: K, point } = instance;
  const all = point.map((_, k) => k);
  const { preactivations } = passOnPiece(instance, sample, pattern, all, point);
  const rows = atKinks.flatMap(({ layer, unit }) => {
    const g = gradientAtOrigin(K, preactivations[layer]![unit]!, point.length);
    if (g.every(K.isZero)) return [];
    return [{ coefficients: pattern[layer]![unit]! ? g : g.map(K.neg), sense: ">=" as const, bound: K.one }];
  });
  if (rows.length === 0) return null;
  const result = solveLp(K, { objective: point.map(() => K.zero), rows, free: true });
  return result.kind === "optimal" && !K.isZero(dot(K, result.x, result.x)) ? result.x : null;
}

export function groupBy<T>(items: readonly T[], key: (item: T) => unknown): T[][] {
  const groups = new Map<unknown, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}
