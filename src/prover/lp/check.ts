/** Whether the result of a linear programme is what it claims to be. */
import { dot, equals, type Field } from "../../exact/field.js";
import { rational } from "../../exact/rational.js";
import type { LpResult } from "../lp.js";
import { clearDenominators, type Integers, type ScaledProgram, times, violation } from "./program.js";

/** Checks every inequality in the definition of `LpResult`, in the ring, since sums of large fractions are slow. */
export function isProved<E, R>(
  K: Field<E>,
  ring: Integers<E, R>,
  { program, rowScales, costScale }: ScaledProgram<R>,
  result: LpResult<E>,
): boolean {
  const { columns, costs, kinds, bounds } = program;
  const variables = columns.length - bounds.length;

  /** Whether x, with logical variables to reach the right-hand side, has every variable of its kind. */
  const reaches = (x: readonly E[], right: readonly R[]) => {
    const { numerators, denominator } = clearDenominators(K, ring, x);
    const rest = right.map((bound) => ring.mul(bound, denominator));
    for (const [j, x_j] of numerators.entries()) {
      if (ring.isZero(x_j)) continue;
      for (const { row, value } of columns[j]!) rest[row] = ring.sub(rest[row]!, ring.mul(value, x_j));
    }
    const logical = rest.map((r, i) => ring.mul(columns[variables + i]![0]!.value, r));
    return [...numerators, ...logical].every((z, j) => violation(kinds[j]!, ring.sign(z)) === 0);
  };
  const inUnitsOfTheScaledRows = (multipliers: readonly E[]) =>
    clearDenominators(
      K,
      ring,
      multipliers.map((y, i) => K.mul(y, K.fromRational(rational(costScale, rowScales[i]!)))),
    );
  /** Whether the reduced costs, those of the logical variables included, are ≥ 0, and 0 for free variables. */
  const supports = (multipliers: readonly E[], prices: readonly R[]) => {
    const { numerators, denominator } = inUnitsOfTheScaledRows(multipliers);
    return columns.every((column, j) => {
      if (kinds[j] === "fixed") return true;
      const reduced = ring.sub(ring.mul(denominator, prices[j]!), times(ring, column, numerators));
      return kinds[j] === "free" ? ring.isZero(reduced) : ring.sign(reduced) >= 0;
    });
  };
  /** A linear form of the scaled programme, in its original units. */
  const total = (form: readonly R[], { numerators, denominator }: ReturnType<typeof inUnitsOfTheScaledRows>) =>
    K.mul(
      ring.over(denominator)(dot(ring, form.slice(0, numerators.length), numerators)),
      K.fromRational(rational(1n, costScale)),
    );
  const cost = (x: readonly E[]) => total(costs, clearDenominators(K, ring, x));
  const bound = (multipliers: readonly E[]) => total(bounds, inUnitsOfTheScaledRows(multipliers));
  const noBounds = bounds.map(() => ring.zero);
  const noCosts = costs.map(() => ring.zero);

  switch (result.kind) {
    case "optimal":
      return (
        reaches(result.x, bounds) &&
        supports(result.dual, costs) &&
        equals(K, cost(result.x), result.value) &&
        equals(K, bound(result.dual), result.value)
      );
    case "infeasible":
      return supports(result.farkas, noCosts) && K.sign(bound(result.farkas)) > 0;
    case "unbounded":
      return reaches(result.x, bounds) && reaches(result.ray, noBounds) && K.sign(cost(result.ray)) < 0;
  }
}
