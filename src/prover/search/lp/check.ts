/** Whether the result of a linear programme is what it claims to be. */
import { dot, type Field, type Sign } from "../../../exact/field.js";
import type { LpResult } from "../lp.js";
import {
  clearDenominators,
  type Integers,
  leastCommonMultiple,
  type Ratios,
  type ScaledProgram,
  times,
  violation,
} from "./program.js";

/** Checks every inequality in the definition of `LpResult`, in the ring, since sums of large fractions are slow. */
export function isProved<E, R>(
  K: Field<E>,
  ring: Integers<E, R>,
  { program, rowScales, costScale }: ScaledProgram<R>,
  result: LpResult<E>,
): boolean {
  const { columns, costs, kinds, bounds } = program;
  const integer = (n: bigint) => ring.scaled(K.one, n);
  const clear = (vector: readonly E[]) => clearDenominators(K, ring, vector);
  /** The multipliers of the scaled rows, for the scaled costs. */
  const clearMultipliers = (multipliers: readonly E[]): Ratios<R> => {
    const common = rowScales.reduce(leastCommonMultiple, 1n);
    const { numerators, denominator } = clear(multipliers);
    return {
      numerators: numerators.map((y, i) => ring.mul(y, integer((costScale * common) / rowScales[i]!))),
      denominator: ring.mul(denominator, integer(common)),
    };
  };
  /** Whether x, with logical variables to reach the right-hand side, has every variable of its kind. */
  const reaches = (x: Ratios<R>, right: readonly R[]) => {
    const rest = right.map((bound) => ring.mul(bound, x.denominator));
    for (const [j, x_j] of x.numerators.entries()) {
      if (ring.isZero(x_j)) continue;
      for (const { row, value } of columns[j]!) rest[row] = ring.sub(rest[row]!, ring.mul(value, x_j));
    }
    const logical = columns.slice(columns.length - rest.length).map((column) => times(ring, column, rest));
    return [...x.numerators, ...logical].every((z, j) => violation(kinds[j]!, ring.sign(z)) === 0);
  };
  /** Whether the reduced costs, those of the logical variables included, are ≥ 0, and 0 for free variables. */
  const supports = (y: Ratios<R>, prices: readonly R[]) =>
    columns.every((column, j) => {
      if (kinds[j] === "fixed") return true;
      const reduced = ring.sub(ring.mul(y.denominator, prices[j]!), times(ring, column, y.numerators));
      return kinds[j] === "free" ? ring.isZero(reduced) : ring.sign(reduced) >= 0;
    });
  /** The sign of form · v − value, for a form of the scaled programme. */
  const compared = (form: readonly R[], v: Ratios<R>, value: E): Sign => {
    const { numerators, denominator } = clear([value]);
    const total = dot(ring, v.numerators, form);
    const scale = ring.mul(integer(costScale), v.denominator);
    return ring.sign(ring.sub(ring.mul(total, denominator), ring.mul(numerators[0]!, scale)));
  };
  const nothing = <T>(list: readonly T[]) => list.map(() => ring.zero);

  switch (result.kind) {
    case "optimal": {
      const [x, y] = [clear(result.x), clearMultipliers(result.dual)];
      return (
        reaches(x, bounds) &&
        supports(y, costs) &&
        compared(costs, x, result.value) === 0 &&
        compared(bounds, y, result.value) === 0
      );
    }
    case "infeasible": {
      const y = clearMultipliers(result.farkas);
      return supports(y, nothing(costs)) && compared(bounds, y, K.zero) > 0;
    }
    case "unbounded": {
      const [x, ray] = [clear(result.x), clear(result.ray)];
      return reaches(x, bounds) && reaches(ray, nothing(bounds)) && compared(costs, ray, K.zero) < 0;
    }
  }
}
