/** Finds what `kernel/svm-dual.ts` and `kernel/layer-global.ts` check: the convex cases, each one linear programme. */
import type { BoundCell, Instance, Of, Orientation } from "../certificate/format.js";
import { squaredNorm, sum } from "../exact/field.js";
import { forward, gradient, passAt } from "../kernel/forward.js";
import { combination, withOrientations } from "../kernel/pieces.js";
import { verifyStatement } from "../kernel/verify.js";
import { isUnshared, offSlope, parametersOf } from "../problem/network.js";
import { intoBall } from "./cone.js";
import { combine } from "./kkt.js";
import { solveLp } from "./lp.js";
import { activeSamples } from "./pieces.js";
import { fraction } from "./vectors.js";

/** A certificate by the linear predictor, or null. */
export function findSvmDual<E>(instance: Instance<E>): Of<"svm-dual", E> | null {
  const { network, field: K, data, point } = instance;
  if (network.activation.kind !== "linear" || !isUnshared(network)) return null;
  const axes = Array.from({ length: network.inputs }, (_, k) => k);
  const unit = (k: number) => axes.map((j) => (j === k ? K.one : K.zero));
  const predictor = axes.map((k) => forward(K, network, K.one, point, unit(k), () => true).output);
  const active = activeSamples(instance);
  const combination = combine(
    { field: K, point: predictor },
    active.map((i) => (data[i]!.y === 1 ? data[i]!.x : data[i]!.x.map(K.neg))),
  );
  if (combination.kind === "separated") return null;
  const statement: Of<"svm-dual", E> = { kind: "svm-dual", multipliers: spread(instance, active, combination.weights) };
  return verifyStatement(instance, statement).accepted ? statement : null;
}

/** A certificate by the norms of the layers, with the KKT multipliers, the best of a diagonal network, or a single sample, or null. */
export function findNormBound<E>(instance: Instance<E>, kkt: Of<"kkt", E>): Of<"norm-bound", E> | null {
  const { field: K, data } = instance;
  const own = data.map((_, i) =>
    sum(
      K,
      kkt.terms.flatMap((t) => (t.sample === i ? [t.multiplier] : [])),
    ),
  );
  const single = activeSamples(instance).map((i) => data.map((_, k) => (k === i ? K.one : K.zero)));
  const best = diagonalMultipliers(instance);
  for (const multipliers of [own, ...(best === null ? [] : [best]), ...single]) {
    const cells = boundCells(instance, multipliers);
    if (cells === null) continue;
    const statement: Of<"norm-bound", E> = { kind: "norm-bound", multipliers, cells };
    if (verifyStatement(instance, statement).accepted) return statement;
  }
  return null;
}

const MAX_BOUND_SAMPLES = 10;

/** The cells of the bound over unit input vectors, or null where one of them exceeds what θ attains. */
function boundCells<E>(instance: Instance<E>, multipliers: readonly E[]): BoundCell<E>[] | null {
  const { network, field: K, data, point } = instance;
  if (network.source.kind === "diagonal" && network.layers.length > 1) return [];
  const support = data.flatMap((_, i) => (K.isZero(multipliers[i]!) ? [] : [i]));
  if (support.length === 0 || support.length > MAX_BOUND_SAMPLES) return null;
  const depth = network.layers.length;
  const total = sum(K, multipliers);
  const mean = K.div(squaredNorm(K, point), fraction(K, BigInt(depth)));
  let room = K.mul(total, total);
  for (let l = 0; l < depth; l++) room = K.div(room, mean);
  let slope = K.one;
  for (let l = 1; l < depth; l++) slope = K.mul(slope, K.fromRational(offSlope(network.activation)));
  const cells: BoundCell<E>[] = [];
  for (let signs = 0; signs < 1 << support.length; signs++) {
    const orientations = support.map((_, k): Orientation => ((signs >> k) & 1 ? -1 : 1));
    const target = combination(
      K,
      network.inputs,
      support.map(
        (i, k) => [orientations[k]! > 0 ? multipliers[i]! : K.mul(slope, multipliers[i]!), data[i]!.x] as const,
      ),
    );
    const oriented = support.map((i, k) => (orientations[k]! > 0 ? data[i]!.x : data[i]!.x.map(K.neg)));
    const { weights } = intoBall(K, target, oriented, room);
    if (weights === null) return null;
    cells.push({ orientations, signMultipliers: weights });
  }
  return cells;
}

const MAX_SIGN_PATTERNS = 256;

/** In a diagonal network: the α ≥ 0 with Σα = 1 whose largest |Σ α_i y_i g(x_ij)|, the C of `norm-bound`, is least. */
function diagonalMultipliers<E>({ network, field: K, data }: Instance<E>): E[] | null {
  const hidden = network.layers.length - 1;
  if (network.source.kind !== "diagonal" || network.inputs << hidden > MAX_SIGN_PATTERNS) return null;
  const slope = K.fromRational(offSlope(network.activation));
  const activate = (z: E) => (K.sign(z) < 0 ? K.mul(slope, z) : z);
  const rows = Array.from({ length: network.inputs << (hidden + 1) }, (_, k) => {
    const [branch, signs] = [k >> (hidden + 1), k % (2 << hidden)];
    const outputs = data.map(({ x, y }) => {
      let h: E = x[branch]!;
      for (let l = 0; l < hidden; l++) h = activate((signs >> l) & 1 ? K.neg(h) : h);
      return y * ((signs >> hidden) & 1 ? -1 : 1) > 0 ? K.neg(h) : h;
    });
    return { coefficients: [...outputs, K.one], sense: ">=" as const, bound: K.zero };
  });
  const total = { coefficients: [...data.map(() => K.one), K.zero], sense: "=" as const, bound: K.one };
  const result = solveLp(K, { objective: [...data.map(() => K.zero), K.one], rows: [...rows, total], free: false });
  return result.kind === "optimal" ? result.x.slice(0, -1) : null;
}

/** A certificate that θ solves the convex problem of the layer; null where it does not, or where the problem is not convex. */
export function findLayerGlobal<E>(instance: Instance<E>, layer: number): Of<"layer-global", E> | null {
  const { network, field: K, data, point } = instance;
  if (network.activation.kind !== "linear" && layer < network.layers.length - 1) return null;
  const moving = parametersOf(network, layer);
  const active = activeSamples(instance);
  const gradients = active.map((i) => {
    const pattern = withOrientations(instance, passAt(instance, i, point), [], []);
    const g = gradient(instance, i, pattern);
    return moving.map((k) => (data[i]!.y === 1 ? g[k]! : K.neg(g[k]!)));
  });
  const combination = combine({ field: K, point: moving.map((k) => point[k]!) }, gradients);
  if (combination.kind === "separated") return null;
  return { kind: "layer-global", layer, multipliers: spread(instance, active, combination.weights) };
}

/** Multipliers of the active samples as a list over all samples. */
function spread<E>({ field: K, data }: Instance<E>, active: readonly number[], weights: readonly E[]): E[] {
  const multipliers = data.map(() => K.zero);
  for (const [k, i] of active.entries()) multipliers[i] = weights[k]!;
  return multipliers;
}
