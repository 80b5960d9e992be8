/**
 * The limits of training fully connected linear networks with one output: matrices of rank one along the direction β of largest margin of the
 * data, with inner directions that are free. (Z. Ji, M. Telgarsky, Gradient descent aligns the layers of deep linear networks, 2018.) β is the
 * solution of a quadratic programme over ℚ, so it is rational.
 */
import { solve } from "../exact/linear.js";
import { formatRational, Q, type Rational } from "../exact/rational.js";
import type { SparseVector } from "../network/codec.js";
import type { Problem } from "../network/instance.js";
import { isLinear } from "../network/network.js";
import { combined, quadraticAscent } from "../prover/search/conic.js";
import { dotNumbers, normOf } from "../prover/search/numeric.js";
import { onSphereSigned, type Recognised } from "./recognise.js";
import type { Guess } from "./solve.js";

export function isLinearChain({ network }: Problem<Rational>): boolean {
  return (
    network.source.kind === "fully-connected" &&
    network.layers.length >= 2 &&
    isLinear(network) &&
    network.outputs === 1 &&
    network.frozen.length === 0
  );
}

export interface LinearLimit {
  /** Samples with positive multipliers, ascending. */
  readonly active: readonly number[];
  readonly beta: readonly Rational[];
  /** Rational unit vectors, near the weights', after each layer but the last. */
  readonly inner: readonly (readonly Rational[])[];
  readonly theta: readonly number[];
}

/** The limit near weights that separate the data, or null where the multipliers are not found. */
export function linearLimit(problem: Problem<Rational>, theta: readonly number[]): LinearLimit | null {
  const { network, data } = problem;
  const signed = data.map(({ x, y }) => (y === 1 ? x : x.map(Q.neg)));
  const floats = signed.map((v) => v.map(Q.toNumber));
  const weights = quadraticAscent(
    floats,
    floats.map(() => 1),
  );
  const most = Math.max(...weights);
  let active = weights.flatMap((c, i) => (c > 1e-9 * most ? [i] : []));
  let lambda: readonly Rational[] | null = null;
  for (;;) {
    if (active.length === 0) return null;
    const gram = active.map((i) => active.map((j) => exactDot(signed[i]!, signed[j]!)));
    lambda = solve(
      Q,
      gram,
      active.map(() => Q.one),
    );
    if (lambda === null) return null;
    const wrong = lambda.findIndex((c) => Q.sign(c) <= 0);
    if (wrong === -1) break;
    active = active.toSpliced(wrong, 1);
  }
  const beta = Array.from({ length: network.inputs }, (_, j) =>
    active.reduce((total, i, k) => Q.add(total, Q.mul(lambda![k]!, signed[i]![j]!)), Q.zero),
  );
  if (signed.some((x) => Q.sign(Q.sub(exactDot(beta, x), Q.one)) < 0)) return null;

  let below: readonly number[] = beta.map(Q.toNumber);
  const scale = normOf(below) ** (1 / network.layers.length);
  below = below.map((c) => c / normOf(below));
  const inner: Rational[][] = [];
  const values = [...theta];
  for (const [l, layer] of network.layers.entries()) {
    const image = layer.map((row) => row.reduce((total, { from, weight }) => total + theta[weight]! * below[from]!, 0));
    const isLast = l === network.layers.length - 1;
    const unit = isLast ? [Q.one] : onSphereSigned(image);
    if (!isLast) inner.push(unit);
    const above = unit.map(Q.toNumber);
    for (const [i, row] of layer.entries())
      for (const { from, weight } of row) values[weight] = scale * above[i]! * below[from]!;
    below = above;
  }
  return { active, beta, inner, theta: values };
}

/** With t = |β|^{1/L}: W₁ = t u₁βᵀ/|β|, W_l = t u_l u_{l−1}ᵀ. */
export function exactLinear({ network }: Problem<Rational>, { beta, inner, theta }: LinearLimit): Recognised | null {
  const depth = network.layers.length;
  const square = exactDot(beta, beta);
  if (Math.max(square.n.toString(16).length, square.d.toString(16).length) > 128) return null;
  const root = `root(${formatRational(square)},${2 * depth})`;
  const point = network.parameters.map(() => "0");
  for (const [l, layer] of network.layers.entries())
    for (const [i, row] of layer.entries())
      for (const { from, weight } of row) {
        const factor = Q.mul(inner[l]?.[i] ?? Q.one, l === 0 ? Q.div(beta[from]!, square) : inner[l - 1]![from]!);
        if (!Q.isZero(factor)) point[weight] = `(${formatRational(factor)})*${root}${l === 0 ? `^${depth + 1}` : ""}`;
      }
  return { point, theta, degree: 2 * depth, notes: [FREE] };
}

const FREE = "the inner directions of a linear network are free; plain ones near the weights' were taken";

/** The same as an enclosed point: one unknown per coordinate of β in the active samples, and per layer above. */
export function guessLinear({ network, data }: Problem<Rational>, { active, beta, inner }: LinearLimit): Guess {
  const floats = active.map((i) => data[i]!.x.map(Q.toNumber));
  const target = beta.map(Q.toNumber);
  const length = normOf(target);
  const scale = length ** (1 / network.layers.length);
  const range: SparseVector<Rational>[] = [];
  const start: number[] = [];
  const gram = floats.map((u) => floats.map((v) => dotNumbers(u, v)));
  const coordinates = quadraticAscent(
    floats.map((v, k) => v.map((c) => c * data[active[k]!]!.y)),
    gram.map(() => 1),
  );
  for (const [k, i] of active.entries()) {
    const column = new Map<number, Rational>();
    for (const [unit, row] of network.layers[0]!.entries())
      for (const { from, weight } of row) {
        const c = Q.mul(inner[0]![unit]!, data[i]!.x[from]!);
        if (!Q.isZero(c)) column.set(weight, c);
      }
    range.push(column);
    start.push((coordinates[k]! * data[i]!.y * scale) / length);
  }
  for (const [l, layer] of network.layers.entries()) {
    if (l === 0) continue;
    const column = new Map<number, Rational>();
    for (const [unit, row] of layer.entries())
      for (const { from, weight } of row) {
        const c = Q.mul(inner[l]?.[unit] ?? Q.one, inner[l - 1]![from]!);
        if (!Q.isZero(c)) column.set(weight, c);
      }
    range.push(column);
    start.push(scale);
  }
  const total =
    normOf(
      combined(
        floats.map((v, k) => v.map((c) => c * data[active[k]!]!.y)),
        coordinates,
      ),
    ) || 1;
  const lambda = coordinates.map((c) => (c * scale ** 2) / total ** 2);
  const patterns = active.map((sample) => ({
    sample,
    layers: network.layers.slice(0, -1).map((layer) => "+".repeat(layer.length)),
  }));
  return { range, active, patterns, kinks: [], start: [...start, ...lambda] };
}

function exactDot(u: readonly Rational[], v: readonly Rational[]): Rational {
  return u.reduce((total, c, k) => Q.add(total, Q.mul(c, v[k]!)), Q.zero);
}
