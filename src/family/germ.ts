/**
 * The field of functions with the order just above a value of the parameter: f > g where f(s) > g(s) for all s a little larger. That order is
 * total, so the prover can work in it as in a number field; where else its findings hold the kernel says.
 */
import type { Field, Sign } from "../exact/field.js";
import { functionArithmetic, type RationalFunction, valueAt } from "../exact/function-field.js";
import { homogenisedValue, quotient, signAt } from "../exact/integer-polynomial.js";
import { numberField } from "../exact/number-field.js";
import { Q, type Rational, ratioToNumber } from "../exact/rational.js";

/** The functions of K, ordered just above s. */
export function germAt(K: Field<RationalFunction>, s: Rational): Field<RationalFunction> {
  const constants = (K.description === null ? Q : numberField(K.description)) as Field<unknown>;
  const { inv, div, fraction } = functionArithmetic(K.description);
  const factor = [-s.s * s.n, s.d];
  /** The value at s of the element without its zeros and poles there, which are of positive sign above s. */
  const leading = ({ numerators, denominator }: RationalFunction): unknown => {
    const without = (parts: RationalFunction["numerators"]): RationalFunction["numerators"] => {
      let rest = parts;
      for (;;) {
        const next = rest.map((p) => (p.length === 0 ? p : quotient(p, factor)));
        if (next.some((p) => p === null)) return rest;
        rest = next as RationalFunction["numerators"];
      }
    };
    const [below] = without([denominator]);
    return valueAt(constants, { numerators: without(numerators), denominator: below! }, s)!;
  };
  const [n, d] = [s.s * s.n, s.d];
  return {
    ...K,
    inv,
    div,
    // Just above s nothing has a pole.
    functions: K.functions && { ...K.functions, fromParts: fraction },
    sign: (a): Sign => {
      if (K.isZero(a)) return 0;
      if (a.numerators.length === 1) {
        const sign = signAt(a.numerators[0]!, n, d) * signAt(a.denominator, n, d);
        if (sign !== 0) return sign as Sign;
      }
      const value = valueAt(constants, a, s);
      return constants.sign(value === null || constants.isZero(value) ? leading(a) : value);
    },
    toNumber: (a) => {
      if (a.numerators.length === 1) {
        const [above, below] = [a.numerators[0]!, a.denominator];
        // Both values in units of the same power of d.
        const [p, q] = [homogenisedValue(above, n, d), homogenisedValue(below, n, d)];
        const shift = above.length - below.length;
        const [x, y] = shift > 0 ? [p, q * d ** BigInt(shift)] : [p * d ** BigInt(above.length === 0 ? 0 : -shift), q];
        return y === 0n ? Number.POSITIVE_INFINITY : y < 0n ? ratioToNumber(-x, -y) : ratioToNumber(x, y);
      }
      const value = valueAt(constants, a, s);
      return value === null ? Number.POSITIVE_INFINITY : constants.toNumber(value);
    },
  };
}
