/** Realizability of patterns: a curve on which a pattern is strict, or a Gordan certificate that there is none. */
import { equals, type Field, squaredNorm } from "../../exact/field.js";
import { gradientAtOrigin, type MultivariatePolynomial } from "../../exact/multivariate.js";
import { Rejection } from "../../kernel/ensure.js";
import { cellOf } from "../../kernel/explore.js";
import type { Facts } from "../../kernel/facts.js";
import { type Curve, gradient, type Pattern, passUnder, type UnitAtSample } from "../../kernel/forward.js";
import { realizedPattern } from "../../kernel/statements/kkt.js";
import { kinksAt } from "../../kernel/statements/not-kkt.js";
import type { Instance, Margin } from "../../network/instance.js";
import { isLinearLayer } from "../../network/network.js";
import { uniform } from "../../numeric/random.js";
import { solveLp } from "./lp.js";
import { fraction, longestCurve, sparse } from "./vectors.js";

export type Realization<E> =
  | { readonly kind: "realizable"; readonly witness: Curve<E> }
  /** Kinks that cannot have the signs of the pattern strictly, all at once. */
  | { readonly kind: "excluded"; readonly kinks: readonly UnitAtSample[] }
  | { readonly kind: "unknown" };

const RANDOM_CURVES = 60;

/**
 * Decides whether the gradient of a margin under a consistent pattern of its sample is that of a realizable one; `unknown` only with
 * kinks whose pre-activations are not linear forms.
 */
export function realize<E>(facts: Facts<E>, margin: Margin, pattern: Pattern): Realization<E> {
  const { instance } = facts;
  const { field: K, point } = instance;
  const atKinks = kinksOf(facts, margin.sample);
  if (atKinks.length === 0) return { kind: "realizable", witness: { end: K.one, steps: [] } };
  const wanted = gradient(instance, margin, pattern);
  const accepts = (curve: Curve<E>) => {
    try {
      const found = gradient(instance, margin, realizedPattern(instance, curve, margin.sample));
      return found.every((c, k) => equals(K, c, wanted[k]!));
    } catch (error) {
      if (error instanceof Rejection) return false;
      throw error;
    }
  };

  const around = cellOf(kinksAt(facts), []);
  const linear = atKinks.flatMap((kink) => {
    const form = linearForm(around.form(kink).z);
    return form === null ? [] : [{ kink, form: pattern[kink.layer]![kink.unit]! ? form : negated(K, form) }];
  });
  const opening = strictDirection(
    K,
    point.length,
    linear.map(({ form }) => form),
  );
  if (opening.kind === "none") return { kind: "excluded", kinks: opening.members.map((k) => linear[k]!.kink) };
  const straight = longestCurve(K, [sparse(K, opening.direction)], accepts);
  if (straight !== null) return { kind: "realizable", witness: straight };

  // Other kinks: first a direction with all the wanted signs at first order, then random bends of it.
  const direction = firstOrderDirection(instance, pattern, atKinks) ?? opening.direction;
  const random = uniform(1);
  for (let attempt = 0; attempt < RANDOM_CURVES; attempt++) {
    const weight = fraction(K, attempt < RANDOM_CURVES / 2 ? 1n : 0n);
    const bend = point.map((_, k) =>
      K.add(K.mul(weight, direction[k]!), fraction(K, BigInt(Math.floor(random() * 5) - 2), 4n)),
    );
    const steps = (attempt % 2 === 0 ? [bend] : [direction, bend]).map((step) => sparse(K, step));
    const curve = longestCurve(K, steps, accepts);
    if (curve !== null) return { kind: "realizable", witness: curve };
  }
  return { kind: "unknown" };
}

/** The units of a sample that are at their kinks at θ. */
function kinksOf<E>({ instance: { network, field: K }, passes }: Facts<E>, sample: number): UnitAtSample[] {
  return passes[sample]!.preactivations.flatMap((units, layer) =>
    isLinearLayer(network, layer) ? [] : units.flatMap((z, unit) => (K.sign(z) === 0 ? [{ sample, layer, unit }] : [])),
  );
}

/** A polynomial that is a linear form and not zero, as its coefficients; null for any other. */
function linearForm<E>(z: MultivariatePolynomial<E> | null): ReadonlyMap<number, E> | null {
  if (z === null || z.size === 0) return null;
  const terms = [...z.values()];
  if (terms.some(({ variables }) => variables.length !== 1)) return null;
  return new Map(terms.map(({ variables: [v], coefficient }) => [v!, coefficient]));
}

function negated<E>(K: Field<E>, form: ReadonlyMap<number, E>): ReadonlyMap<number, E> {
  return new Map([...form].map(([v, c]) => [v, K.neg(c)]));
}

/** A direction in which all the linear forms are positive, or some that cannot be so together (Gordan). */
function strictDirection<E>(
  K: Field<E>,
  dimension: number,
  forms: readonly ReadonlyMap<number, E>[],
): { kind: "found"; direction: E[] } | { kind: "none"; members: number[] } {
  const direction = new Array<E>(dimension).fill(K.zero);
  for (const group of connected(forms)) {
    const variables = [...new Set(group.flatMap((k) => [...forms[k]!.keys()]))].sort((a, b) => a - b);
    const rows = group.map((k) => variables.map((v) => forms[k]!.get(v) ?? K.zero));
    const result =
      rows.length === 1
        ? { kind: "optimal" as const, x: along(K, rows[0]!) }
        : solveLp(K, {
            objective: variables.map(() => K.zero),
            rows: rows.map((coefficients) => ({ coefficients, sense: ">=" as const, bound: K.one })),
            free: true,
          });
    if (result.kind === "infeasible") {
      return { kind: "none", members: group.filter((_, k) => !K.isZero(result.farkas[k]!)) };
    }
    for (const [j, v] of variables.entries()) direction[v] = result.x[j]!;
  }
  return { kind: "found", direction };
}

/** Longer forms are followed in one coordinate only, so that witnesses stay small. */
const MAX_DENSE = 16;

/** A direction in which a form grows. */
function along<E>(K: Field<E>, form: readonly E[]): readonly E[] {
  if (form.length <= MAX_DENSE) return form;
  const sizes = form.map((c) => Math.abs(K.toNumber(c)));
  const steepest = sizes.indexOf(Math.max(...sizes));
  return form.map((c, k) => (k === steepest ? c : K.zero));
}

/** The positions of the forms, grouped so that no two groups have a variable in common. */
function connected<E>(forms: readonly ReadonlyMap<number, E>[]): number[][] {
  let groups: { variables: Set<number>; members: number[] }[] = [];
  for (const [k, form] of forms.entries()) {
    const own = [...form.keys()];
    const touching = groups.filter(({ variables }) => own.some((v) => variables.has(v)));
    const merged = {
      variables: new Set([...touching.flatMap(({ variables }) => [...variables]), ...own]),
      members: [...touching.flatMap(({ members }) => members), k],
    };
    groups = [...groups.filter((group) => !touching.includes(group)), merged];
  }
  return groups.map(({ members }) => members.sort((a, b) => a - b));
}

function firstOrderDirection<E>(instance: Instance<E>, pattern: Pattern, atKinks: readonly UnitAtSample[]): E[] | null {
  const { field: K, point } = instance;
  const all = point.map((_, k) => k);
  const { preactivations } = passUnder(instance, atKinks[0]!.sample, pattern);
  const rows = atKinks.flatMap(({ layer, unit }) => {
    const g = gradientAtOrigin(K, preactivations[layer]![unit]!, all);
    if (g.every(K.isZero)) return [];
    return [{ coefficients: pattern[layer]![unit]! ? g : g.map(K.neg), sense: ">=" as const, bound: K.one }];
  });
  if (rows.length === 0) return null;
  const result = solveLp(K, { objective: point.map(() => K.zero), rows, free: true });
  return result.kind === "optimal" && !K.isZero(squaredNorm(K, result.x)) ? result.x : null;
}
