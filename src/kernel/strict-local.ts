/**
 * `strict-local`: every feasible θ' of the scope with 0 < ‖θ'−θ‖ ≤ r has ‖θ'‖ > ‖θ‖. (`proofs/theory.md`.)
 */
import type { Instance, Of, Orientation, Piece, Scope, UnitAtSample } from "../certificate/format.js";
import { abs, dot, equals, sum } from "../exact/field.js";
import { isPositiveSemidefinite } from "../exact/linear.js";
import {
  gradientAtOrigin,
  hessianEntries,
  type MultivariatePolynomial,
  multivariateRing,
  tailBound,
} from "../exact/multivariate.js";
import { parametersOf } from "../problem/network.js";
import { ensure } from "./ensure.js";
import { ensureFeasible } from "./feasible.js";
import { linearForms, type Pass, passAt, passOnPiece, unitText } from "./forward.js";
import {
  combination,
  ensureExclusions,
  firstMovingLayer,
  influentialUnits,
  kinks,
  orientations,
  withOrientations,
} from "./pieces.js";

/** What a piece is made of: fixed by the instance and the scope alone. */
export interface PieceFrame<E> {
  readonly scopeParameters: readonly number[];
  readonly active: readonly number[];
  readonly passes: readonly Pass<E>[];
  /** The units whose signs the pieces choose, by sample, layer, unit. */
  readonly kinks: readonly UnitAtSample[];
  readonly influential: readonly (readonly boolean[])[];
  readonly firstLayer: number;
}

/** The active samples and the kinks that matter: those that move with the scope and can influence the output. */
export function pieceFrame<E>(instance: Instance<E>, scope: Scope, active: readonly number[]): PieceFrame<E> {
  const passes = active.map((sample) => passAt(instance, sample, instance.point));
  const firstLayer = firstMovingLayer(scope);
  const influential = influentialUnits(instance, scope);
  const isConstant = (sample: number) => {
    const forms = firstLayer < influential.length ? linearForms(instance, sample, firstLayer) : [];
    return ({ layer, unit }: UnitAtSample) => layer === firstLayer && forms[unit]!.size === 0;
  };
  return {
    scopeParameters: parametersOf(instance.network, scope),
    active,
    passes,
    kinks: active.flatMap((sample, k) => {
      const constant = isConstant(sample);
      return kinks(instance, sample, passes[k]!, firstLayer).filter(
        (kink) => influential[kink.layer]![kink.unit]! && !constant(kink),
      );
    }),
    influential,
    firstLayer,
  };
}

/** The constraints of a piece as polynomials h_j in the displacement: the active margins less 1, then the oriented kinks. */
export function pieceConstraints<E>(
  instance: Instance<E>,
  frame: PieceFrame<E>,
  chosen: readonly Orientation[],
): { constraints: MultivariatePolynomial<E>[]; passes: Pass<MultivariatePolynomial<E>>[] } {
  const ring = multivariateRing(instance.field);
  const passes = frame.active.map((sample, k) => {
    const own = frame.kinks.map((kink, j) => [kink, chosen[j]!] as const).filter(([kink]) => kink.sample === sample);
    const units = own.map(([kink]) => kink);
    const signs = own.map(([, sign]) => sign);
    const pattern = withOrientations(instance, frame.passes[k]!, units, signs);
    return passOnPiece(instance, sample, pattern, frame.scopeParameters, instance.point);
  });
  const margins = passes.map(({ output }, k) =>
    ring.sub(instance.data[frame.active[k]!]!.y === 1 ? output : ring.neg(output), ring.one),
  );
  const signs = frame.kinks.map(({ sample, layer, unit }, j) => {
    const z = passes[frame.active.indexOf(sample)]!.preactivations[layer]![unit]!;
    return chosen[j]! > 0 ? z : ring.neg(z);
  });
  return { constraints: [...margins, ...signs], passes };
}

export function checkStrictLocal<E>(instance: Instance<E>, statement: Of<"strict-local", E>): void {
  const { field: K, point } = instance;
  const { scope, radius, excluded } = statement;
  const slack = ensureFeasible(instance, point, "strict-local.feasible");
  ensure(K.sign(radius) > 0, "strict-local.radius", "the radius is not positive");
  const active = slack.flatMap((sign, i) => (sign === 0 ? [i] : []));
  const frame = pieceFrame(instance, scope, active);
  ensureExclusions(instance, excluded, scope);
  const pieces = new Map(statement.pieces.map((piece) => [piece.orientations.join(), piece]));
  let covered = 0;
  for (const chosen of orientations(frame.kinks, [], excluded)) {
    const piece = pieces.get(chosen.join());
    ensure(
      piece !== undefined,
      "strict-local.pieces",
      () => `no evidence for the piece ${chosen.map((s) => (s > 0 ? "+" : "-")).join("")}`,
    );
    const { constraints, passes } = pieceConstraints(instance, frame, chosen);
    checkPiece(instance, frame, constraints, piece, radius);
    ensureSignsKept(instance, frame, passes, radius);
    covered++;
  }
  ensure(
    covered === statement.pieces.length,
    "strict-local.pieces",
    "there is evidence for a piece that is not there, or twice",
  );
}

function checkPiece<E>(
  { field: K, point }: Instance<E>,
  { scopeParameters }: PieceFrame<E>,
  constraints: readonly MultivariatePolynomial<E>[],
  { multipliers, rho, kappa, products }: Piece<E>,
  r: E,
): void {
  const n = scopeParameters.length;
  ensure(
    multipliers.length === constraints.length &&
      products.every(({ first, second }) => Math.max(first, second) < constraints.length),
    "strict-local.shape",
    `a piece has ${constraints.length} constraints, its evidence ${multipliers.length} multipliers`,
  );
  ensure(
    [...multipliers, rho, ...products.map(({ weight }) => weight)].every((c) => K.sign(c) >= 0) && K.sign(kappa) > 0,
    "strict-local.multiplier",
    "a multiplier, ρ or a product's weight is negative, or κ is not positive",
  );
  const gradients = constraints.map((h) => gradientAtOrigin(K, h, n));
  const total = combination(
    K,
    n,
    gradients.map((g, j) => [multipliers[j]!, g] as const),
  );
  const stationary = scopeParameters.every((k, v) => equals(K, point[k]!, total[v]!));
  ensure(stationary, "strict-local.stationarity", "the multipliers do not combine the gradients to the point");

  // 1. M = (1 − κ) I − Σ ω_j H_j + ρ Σ_J ∇h_j ∇h_jᵀ − Σ N_jk ∇h_j ∇h_kᵀ is positive semidefinite.
  const binding = multipliers.map((w) => K.sign(w) > 0);
  const M = Array.from({ length: n }, (_, u) =>
    Array.from({ length: n }, (_, v) => (u === v ? K.sub(K.one, kappa) : K.zero)),
  );
  const addTo = (u: number, v: number, c: E) => {
    M[u]![v] = K.add(M[u]![v]!, c);
  };
  const addSymmetric = (weight: E, g: readonly E[], h: readonly E[]) => {
    for (let u = 0; u < n; u++) {
      if (K.isZero(g[u]!)) continue;
      for (let v = 0; v < n; v++) {
        if (K.isZero(h[v]!)) continue;
        const half = K.mul(weight, K.mul(g[u]!, h[v]!));
        addTo(u, v, half);
        addTo(v, u, half);
      }
    }
  };
  const two = K.add(K.one, K.one);
  const halfRho = K.div(rho, two);
  for (const [j, h] of constraints.entries()) {
    if (!binding[j]) continue;
    for (const { u, v, entry } of hessianEntries(K, h)) {
      const weighted = K.neg(K.mul(multipliers[j]!, entry));
      addTo(u, v, weighted);
      if (u !== v) addTo(v, u, weighted);
    }
    addSymmetric(halfRho, gradients[j]!, gradients[j]!);
  }
  for (const { first, second, weight } of products)
    addSymmetric(K.neg(K.div(weight, two)), gradients[first]!, gradients[second]!);
  ensure(isPositiveSemidefinite(K, M), "strict-local.curvature", "the matrix of a piece is not positive semidefinite");

  // 2. The bounds with L, C, D.
  const L = gradients.map((g) =>
    sum(
      K,
      g.map((c) => abs(K, c)),
    ),
  );
  const C = constraints.map((h) => tailBound(K, h, 2, r));
  const D = constraints.map((h) => tailBound(K, h, 3, r));
  const J = binding.flatMap((b, j) => (b ? [j] : []));
  const kept = J.every((j) => K.sign(K.sub(K.mul(two, multipliers[j]!), K.mul(rho, K.mul(L[j]!, r)))) >= 0);
  ensure(kept, "strict-local.slack", "a multiplier is below ½ρLr");
  const larger = (a: E, b: E) => (K.sign(K.sub(a, b)) >= 0 ? a : b);
  const remainder = sum(K, [
    K.mul(
      rho,
      dot(
        K,
        J.map((j) => L[j]!),
        J.map((j) => C[j]!),
      ),
    ),
    K.mul(
      two,
      dot(
        K,
        J.map((j) => multipliers[j]!),
        J.map((j) => D[j]!),
      ),
    ),
    ...products.map(({ first, second, weight }) =>
      K.mul(weight, larger(K.mul(C[first]!, L[second]!), K.mul(C[second]!, L[first]!))),
    ),
  ]);
  ensure(
    K.sign(K.sub(kappa, K.mul(r, remainder))) > 0,
    "strict-local.remainder",
    "κ does not exceed the remainder at this radius",
  );
}

/** 3. Within the radius every pre-activation that is not zero at θ, and matters, keeps its sign. */
function ensureSignsKept<E>(
  { field: K, network }: Instance<E>,
  { active, passes: here, influential, firstLayer }: PieceFrame<E>,
  passes: readonly Pass<MultivariatePolynomial<E>>[],
  r: E,
): void {
  if (network.activation.kind === "linear") return;
  for (const [k, sample] of active.entries()) {
    for (const [layer, units] of passes[k]!.preactivations.entries()) {
      if (layer < firstLayer) continue;
      for (const [unit, z] of units.entries()) {
        const value = here[k]!.preactivations[layer]![unit]!;
        if (!influential[layer]![unit] || K.sign(value) === 0) continue;
        const room = K.sub(abs(K, value), K.mul(r, tailBound(K, z, 1, r)));
        ensure(
          K.sign(room) > 0,
          "strict-local.pattern",
          () => `${unitText({ sample, layer, unit })} may change its sign within the radius`,
        );
      }
    }
  }
}
