/**
 * `norm-bound`: global optimality in networks without shared weights, because Σ α_i y_i Φ(θ'; x_i) ≤ C (‖θ'‖²/m)^{m/2} for every θ',
 * with equality at θ. For samples of one label C is the largest Σ α_i σ^{(m−1)}(w·x_i) over unit vectors w, cell by cell, where
 * σ^{(m−1)} is σ applied m−1 times; in a diagonal network, of any labels, the largest over branches. (`proofs/theory.md`.)
 */
import type { Instance, Of } from "../certificate/format.js";
import { abs, compare, type Field, squaredNorm, sum } from "../exact/field.js";
import { rational } from "../exact/rational.js";
import { isUnshared, offSlope } from "../problem/network.js";
import { ensure } from "./ensure.js";
import { ensureFeasible } from "./feasible.js";
import { combination, orientations } from "./pieces.js";

/** A branch of a deeper diagonal network has too many sign patterns to try. */
const MAX_BRANCH_DEPTH = 12;

export function checkNormBound<E>(instance: Instance<E>, { multipliers, cells }: Of<"norm-bound", E>): void {
  const { network, field: K, data, point } = instance;
  const depth = network.layers.length;
  ensure(isUnshared(network), "norm-bound.class", "the network shares weights");
  ensureFeasible(instance, point, "norm-bound.feasible");
  const total = sum(K, multipliers);
  const valid =
    K.sign(total) > 0 &&
    [multipliers, ...cells.map((cell) => cell.signMultipliers)].flat().every((c) => K.sign(c) >= 0);
  ensure(valid, "norm-bound.multiplier", "a multiplier is negative, or all are 0");
  const support = multipliers.flatMap((alpha, i) => (K.sign(alpha) > 0 ? [i] : []));
  const diagonal = network.source.kind === "diagonal" && depth >= 2 && depth <= MAX_BRANCH_DEPTH;
  const oneLabel = support.every((i) => data[i]!.y === data[support[0]!]!.y);
  ensure(
    diagonal || oneLabel,
    "norm-bound.class",
    "multipliers of both labels, in a network that is not diagonal of depth 2 to 12",
  );
  let scale = K.one;
  const mean = K.div(squaredNorm(K, point), K.fromRational(rational(BigInt(depth))));
  for (let l = 0; l < depth; l++) scale = K.mul(scale, mean);
  // Σα ≤ C (‖θ‖²/m)^{m/2} holds at θ as everywhere; what is to be shown is that nothing is lost there.
  const attained = (squaredBound: E) =>
    ensure(
      compare(K, K.mul(squaredBound, scale), K.mul(total, total)) <= 0,
      "norm-bound.value",
      "C²(‖θ‖²/m)^m exceeds (Σα)²",
    );

  const byOrientation = new Map(cells.map((cell) => [cell.orientations.join(), cell]));
  let covered = 0;
  if (diagonal) attained(branchBound(instance, multipliers));
  else {
    const signs = support.map((sample) => ({ sample, layer: 0, unit: 0 }));
    const slope = power(K, K.fromRational(offSlope(network.activation)), depth - 1);
    for (const chosen of orientations<E>(signs, [], [])) {
      const cell = byOrientation.get(chosen.join());
      ensure(
        cell !== undefined,
        "norm-bound.cells",
        () => `no evidence for the cell ${chosen.map((s) => (s > 0 ? "+" : "-")).join("")}`,
      );
      ensure(cell.signMultipliers.length === support.length, "norm-bound.shape", `a cell has ${support.length} signs`);
      covered++;
      const weights = support.map((i, k) => {
        const own = chosen[k]! > 0 ? multipliers[i]! : K.mul(slope, multipliers[i]!);
        const sign = cell.signMultipliers[k]!;
        return [chosen[k]! > 0 ? K.add(own, sign) : K.sub(own, sign), data[i]!.x] as const;
      });
      attained(squaredNorm(K, combination(K, network.inputs, weights)));
    }
  }
  ensure(covered === cells.length, "norm-bound.cells", "there is evidence for a cell that is not there, or twice");
}

function power<E>(K: Field<E>, base: E, exponent: number): E {
  let result = K.one;
  for (let k = 0; k < exponent; k++) result = K.mul(result, base);
  return result;
}

/** max over branches j and signs τ of (Σ α_i y_i g_τ(x_ij))², where g_τ runs an input through weights of the signs τ and size 1. */
function branchBound<E>({ network, field: K, data }: Instance<E>, multipliers: readonly E[]): E {
  const slope = K.fromRational(offSlope(network.activation));
  const activate = (z: E) => (K.sign(z) < 0 ? K.mul(slope, z) : z);
  let largest = K.zero;
  for (let branch = 0; branch < network.inputs; branch++) {
    for (let signs = 0; signs < 1 << (network.layers.length - 1); signs++) {
      const value = sum(
        K,
        data.map(({ x, y }, i) => {
          let h: E = x[branch]!;
          for (let l = 0; l < network.layers.length - 1; l++) h = activate((signs >> l) & 1 ? K.neg(h) : h);
          return K.mul(y === 1 ? multipliers[i]! : K.neg(multipliers[i]!), h);
        }),
      );
      largest = maximum(K, largest, abs(K, value));
    }
  }
  return K.mul(largest, largest);
}

function maximum<E>(K: Field<E>, a: E, b: E): E {
  return compare(K, a, b) >= 0 ? a : b;
}
