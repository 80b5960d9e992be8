/** Non-negative least squares, by the active set method of Lawson and Hanson (1974). */
import { addTo, combination, dot, norm, vector } from "../numeric/matrix.js";

/** Of a column's length: what is left of it beside the columns in use counts as none below this. */
const DEPENDENT = 1e-11;
/** Of a column's length and the target's: a smaller product with the rest is no gain. */
const GAIN = 1e-15;

/**
 * The numbers c ≥ 0, one per column, for which ‖target − Σ c_k column_k‖ is least; those of columns that depend on others in use are 0.
 * `start` is the solution for the first of the columns, where that is known.
 */
export function nonNegativeLeastSquares(
  columns: readonly Float64Array[],
  target: Float64Array,
  start: ArrayLike<number> = [],
): Float64Array {
  const weights = vector(columns.length, (k) => start[k] ?? 0);
  const lengths = columns.map(norm);
  const size = norm(target);
  let used = [...weights.keys()].filter((k) => weights[k]! > 0).reduce(extendedBy(columns), EMPTY);
  // Columns that were no gain after all, by rounding: not tried again until another one has come in.
  const refused = new Set<number>();
  for (let round = 0; round < 10 * (columns.length + 1); round++) {
    const rest = combination(target.length, weights, columns);
    for (let i = 0; i < rest.length; i++) rest[i] = target[i]! - rest[i]!;
    const taken = new Set(used.numbers);
    const open = [...columns.keys()].filter((k) => lengths[k]! > 0 && !taken.has(k) && !refused.has(k));
    const gains = open.map((k) => dot(columns[k]!, rest) / lengths[k]!);
    const best = gains.indexOf(Math.max(...gains));
    if (best === -1 || gains[best]! <= GAIN * size) return weights;
    const next = open[best]!;
    const trial = extendedBy(columns)(used, next);
    if (trial === used || solution(trial, target).at(-1)! <= 0) {
      refused.add(next);
      continue;
    }
    used = descended(columns, trial, target, weights);
    if (used.numbers.includes(next)) refused.clear();
    else refused.add(next);
  }
  return weights;
}

/** Moves the weights to the solution on the columns in use, and drops those whose weights reach zero on the way. */
function descended(
  columns: readonly Float64Array[],
  trial: Factored,
  target: Float64Array,
  weights: Float64Array,
): Factored {
  for (let used = trial; ; ) {
    const goal = solution(used, target);
    const steps = used.numbers.map((k, i) => (goal[i]! > 0 ? 1 : weights[k]! / (weights[k]! - goal[i]!)));
    const step = Math.min(1, ...steps);
    used.numbers.forEach((k, i) => {
      const dropped = goal[i]! <= 0 && steps[i] === step;
      weights[k] = dropped ? 0 : step === 1 ? goal[i]! : weights[k]! + step * (goal[i]! - weights[k]!);
    });
    const { numbers, basis, upper } = used;
    const first = numbers.findIndex((k) => weights[k]! <= 0);
    if (first === -1) return used;
    const kept = { numbers: numbers.slice(0, first), basis: basis.slice(0, first), upper: upper.slice(0, first) };
    used = numbers
      .slice(first)
      .filter((k) => weights[k]! > 0)
      .reduce(extendedBy(columns), kept);
  }
}

/** A = QR for the columns of these numbers. */
interface Factored {
  readonly numbers: readonly number[];
  /** The columns of Q. */
  readonly basis: readonly Float64Array[];
  /** The columns of R, down to the diagonal. */
  readonly upper: readonly Float64Array[];
}

const EMPTY: Factored = { numbers: [], basis: [], upper: [] };

/** With one more column, by Gram–Schmidt, twice; the same where the column depends on the others. */
function extendedBy(columns: readonly Float64Array[]): (factored: Factored, number: number) => Factored {
  return (factored, number) => {
    const { numbers, basis, upper } = factored;
    const rest = columns[number]!.slice();
    const own = new Float64Array(basis.length + 1);
    for (let round = 0; round < 2; round++) {
      basis.forEach((unit, i) => {
        const c = dot(unit, rest);
        own[i]! += c;
        addTo(rest, -c, unit);
      });
    }
    const length = norm(rest);
    if (!(length > DEPENDENT * norm(columns[number]!))) return factored;
    own[basis.length] = length;
    return {
      numbers: [...numbers, number],
      basis: [...basis, rest.map((x) => x / length)],
      upper: [...upper, own],
    };
  };
}

/** The least squares solution. */
function solution({ basis, upper }: Factored, target: Float64Array): Float64Array {
  const found = Float64Array.from(basis, (unit) => dot(unit, target));
  for (let k = found.length - 1; k >= 0; k--) {
    found[k]! /= upper[k]![k]!;
    for (let i = 0; i < k; i++) found[i]! -= upper[k]![i]! * found[k]!;
  }
  return found;
}
