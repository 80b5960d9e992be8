/**
 * The losses, as functions of the margins q: exponential Σ e^{−q}; logistic and cross-entropy Σ_i log(1 + Σ e^{−q}), where the inner sum
 * is over the margins of sample i (one with labels ±1, one per other class else).
 *
 * Both have −∂L/∂q = e^{−q + c} with c = 0 or −log(1 + Σ e^{−q}), and L = Σ_i ℓ(q̃_i) with e^{−q̃_i} = Σ e^{−q} and ℓ that of a single
 * margin. Nothing below over- or underflows at a huge margin of either sign.
 */
import { InputError } from "../network/decode.js";
import type { Margin } from "../network/instance.js";
import type { Loss } from "../problem/problem.js";

/** Throws InputError where the loss is not one of a network with so many outputs. */
export function ensureLoss(loss: Loss, outputs: number): void {
  const other = outputs === 1 ? "logistic" : "cross-entropy";
  if (loss === "exponential" || loss === other) return;
  const network = outputs === 1 ? "one output" : `${outputs} outputs`;
  throw new InputError(
    "flow.loss",
    `a network with ${network} has the loss "exponential" or "${other}", not "${loss}"`,
  );
}

/** The numbers of the margins of each sample that has some. */
export function bySample(margins: readonly Margin[]): number[][] {
  const groups = new Map<number, number[]>();
  margins.forEach(({ sample }, k) => {
    const group = groups.get(sample);
    if (group === undefined) groups.set(sample, [k]);
    else group.push(k);
  });
  return [...groups.values()];
}

/** log(−∂L/∂q) + q of each margin. */
export function logSlopes(loss: Loss, margins: readonly Margin[], q: Float64Array): Float64Array {
  const slopes = new Float64Array(q.length);
  if (loss === "exponential") return slopes;
  for (const group of bySample(margins)) {
    const slope = -softplus(group.map((k) => q[k]!));
    for (const k of group) slopes[k] = slope;
  }
  return slopes;
}

/** Of the losses with logarithms: 1/s for s = −∂L/∂q of each margin; `logSlopes` of its sample's margins all have the derivative s in q. */
export function reciprocalSlopes(margins: readonly Margin[], q: Float64Array): Float64Array {
  const result = new Float64Array(q.length);
  for (const group of bySample(margins)) {
    for (const k of group) {
      const others = group.reduce((sum, j) => sum + (j === k ? 0 : Math.exp(q[k]! - q[j]!)), 0);
      result[k] = 1 + others + Math.exp(q[k]!);
    }
  }
  return result;
}

/**
 * log(1/L) and ℓ^{−1}(L), at the margins q + lead: the least of them may be known only up to far more than the differences.
 */
export function totalLoss(
  loss: Loss,
  margins: readonly Margin[],
  q: number,
  leads: readonly number[],
): { readonly logInverse: number; readonly inverse: number } {
  const least = Math.min(...leads);
  const tail = Math.log(leads.reduce((sum, lead) => sum + Math.exp(least - lead), 0));
  const logInverse = q + least - tail;
  // Beyond, the losses are the same in floating point.
  if (loss === "exponential" || logInverse > 40) return { logInverse, inverse: logInverse };
  const total = bySample(margins).reduce((sum, group) => sum + softplus(group.map((k) => q + leads[k]!)), 0);
  return { logInverse: -Math.log(total), inverse: -Math.log(Math.expm1(total)) };
}

/** log(1 + Σ e^{−q}) of at least one margin. */
function softplus(q: readonly number[]): number {
  const least = Math.min(...q);
  if (least > 0) return Math.log1p(q.reduce((sum, one) => sum + Math.exp(-one), 0));
  // The least counts 1 in units of e^{−least}.
  const rest = q.reduce((sum, one) => sum + Math.exp(least - one), 0) - 1;
  return Math.log1p(Math.exp(least) + rest) - least;
}
