/**
 * Taylor models: a polynomial in s with interval coefficients stands for every function f on [−1, 1] whose value at each s is one of the
 * polynomial's there. So what is beyond the degree is folded into the constant term. (K. Makino, M. Berz, Taylor models and other validated
 * functional inclusion methods, Int. J. Pure Appl. Math. 4, 2003.)
 *
 * Contract: if the arguments stand for f and g, the result stands for f ∘ g.
 */
import type { Ring } from "./field.js";
import { hull, type Interval, type IntervalRing } from "./interval.js";
import { rational } from "./rational.js";

/** Coefficients from the constant term up; none for 0. */
export type TaylorModel = readonly Interval[];

export interface TaylorModelRing extends Ring<TaylorModel> {
  readonly constant: (x: Interval) => TaylorModel;
  /** An interval that holds all values. */
  readonly range: (f: TaylorModel) => Interval;
  /** Throws RangeError where the values reach beyond 1024. */
  readonly exp: (f: TaylorModel) => TaylorModel;
  /** Throws RangeError where not all values are shown to be positive. */
  readonly inv: (f: TaylorModel) => TaylorModel;
}

const MAX_HALVINGS = 5n;

export function taylorModels(ring: IntervalRing, degree: number): TaylorModelRing {
  const constant = (x: Interval): TaylorModel => (ring.isZero(x) ? [] : [x]);
  const { one: unit } = ring;
  const one = [unit];
  /** Encloses C s^k on [−1, 1]. */
  const spread = (C: Interval, k: number): Interval => hull(C, k % 2 === 0 ? ring.zero : ring.neg(C));
  const range = ([first, ...others]: TaylorModel): Interval =>
    others.reduce((sum, C, k) => ring.add(sum, spread(C, k + 1)), first ?? ring.zero);
  const each = (f: TaylorModel, g: TaylorModel, operation: (x: Interval, y: Interval) => Interval): TaylorModel =>
    Array.from({ length: Math.max(f.length, g.length) }, (_, k) => operation(f[k] ?? ring.zero, g[k] ?? ring.zero));
  const add = (f: TaylorModel, g: TaylorModel) => each(f, g, ring.add);
  const sub = (f: TaylorModel, g: TaylorModel) => each(f, g, ring.sub);
  const mul = (f: TaylorModel, g: TaylorModel): TaylorModel => {
    if (f.length === 0 || g.length === 0) return [];
    const product = new Array<Interval>(Math.min(f.length + g.length - 1, degree + 1)).fill(ring.zero);
    for (const [i, a] of f.entries())
      for (const [j, b] of g.entries()) {
        const term = ring.mul(a, b);
        const k = i + j;
        if (k <= degree) product[k] = ring.add(product[k]!, term);
        else product[0] = ring.add(product[0]!, spread(term, k));
      }
    return product;
  };
  const scaled = (f: TaylorModel, c: Interval) => f.map((C) => ring.mul(C, c));

  const exp = (f: TaylorModel): TaylorModel => {
    if (f.length < 2) return [ring.exp(range(f))];
    const { low, high } = range(f);
    const middle = (low + high) >> 1n;
    // e^f = e^middle (e^y)^(2^k), y = (f − middle)/2^k, |y| ≤ 1/4.
    const size = high - middle > middle - low ? high - middle : middle - low;
    let halvings = 0n;
    while (size >> halvings > unit.low >> 2n) halvings++;
    if (halvings > MAX_HALVINGS) return [ring.exp({ low, high })]; // squared so often, errors are larger than values
    const y = sub(f, [{ low: middle, high: middle }]).map((C) => ({
      low: C.low >> halvings,
      high: -(-C.high >> halvings),
    }));
    let [terms, weight] = [1n, 4n];
    for (; weight >> BigInt(ring.precision) === 0n; weight *= 4n * terms) terms++;
    // Σ y^m N!/(N+m)!, N the number of terms, is within 1/2 of 1.
    let sum: TaylorModel = [{ low: unit.low >> 1n, high: unit.low + (unit.low >> 1n) }];
    for (let n = terms; n > 0n; n--) sum = add(one, scaled(mul(y, sum), ring.enclose(rational(1n, n))));
    for (let k = 0n; k < halvings; k++) sum = mul(sum, sum);
    return scaled(sum, ring.exp({ low: middle, high: middle }));
  };

  const inv = (f: TaylorModel): TaylorModel => {
    const { low, high } = range(f);
    if (low <= 0n) throw new RangeError("the reciprocal of what may be 0");
    if (f.length < 2) return [ring.inv({ low, high })];
    let guess: TaylorModel = [middleOf(ring.inv({ low: (low + high) >> 1n, high: (low + high + 1n) >> 1n }))];
    // Newton's method squares the defect, as long as the degree allows.
    for (let last = unit.low; ; ) {
      const defect = sub(one, mul(f, guess));
      const { low: least, high: most } = range(defect);
      const size = most > -least ? most : -least;
      if (size + (size >> 5n) < last) {
        last = size;
        guess = mul(guess, add(one, defect)).map(middleOf);
        continue;
      }
      // 1/f = guess/(1 − defect)
      if (2n * size > unit.low) return [ring.inv({ low, high })];
      return scaled(guess, { low: unit.low - 2n * size, high: unit.high + 2n * size });
    }
  };
  return {
    zero: [],
    one,
    add,
    sub,
    neg: (f) => f.map(ring.neg),
    mul,
    isZero: (f) => f.every(ring.isZero),
    constant,
    range,
    exp,
    inv,
  };
}

function middleOf({ low, high }: Interval): Interval {
  const middle = (low + high) >> 1n;
  return { low: middle, high: middle };
}
