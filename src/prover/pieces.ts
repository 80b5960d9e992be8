/** The pieces around θ, as the search uses them: realizable sign choices, exclusions, and constraints with their derivatives. */
import type { Exclusion, Instance, Orientation, Scope, UnitAtSample } from "../certificate/format.js";
import { sum } from "../exact/field.js";
import { gradientAtOrigin, hessianEntries, type MultivariatePolynomial } from "../exact/multivariate.js";
import { slackSigns } from "../kernel/forward.js";
import { orientations } from "../kernel/pieces.js";
import { type PieceFrame, pieceConstraints, pieceFrame } from "../kernel/strict-local.js";
import { openCell } from "./realize.js";

/** The constraints of one closed cell around θ, in the displacement of the scope's parameters. */
export interface LocalPiece<E> {
  readonly orientations: readonly Orientation[];
  readonly constraints: readonly MultivariatePolynomial<E>[];
  readonly gradients: readonly (readonly E[])[];
  /** dᵀH_j d, for the Hessian H_j of a constraint. */
  readonly curvature: (constraint: number, d: readonly E[]) => E;
}

export function activeSamples<E>(instance: Instance<E>): number[] {
  return slackSigns(instance, instance.point).flatMap((sign, i) => (sign === 0 ? [i] : []));
}

export function frameOf<E>(instance: Instance<E>, scope: Scope): PieceFrame<E> {
  return pieceFrame(instance, scope, activeSamples(instance));
}

/**
 * The sign choices at the units that are not empty, with the exclusions of the others; null when there are more than `limit`.
 * Choices are extended unit by unit, and an empty partial one is excluded at once.
 */
export function realizableChoices<E>(
  instance: Instance<E>,
  units: readonly UnitAtSample[],
  fixed: readonly (Orientation | null)[],
  scope: Scope,
  limit: number,
  decided: (before: readonly Orientation[]) => Orientation | null = () => null,
): { choices: (readonly Orientation[])[]; excluded: Exclusion<E>[] } | null {
  const linear = scope ?? 0;
  const excluded: Exclusion<E>[] = [];
  let partial: (readonly Orientation[])[] = [[]];
  for (const [k, unit] of units.entries()) {
    const next: (readonly Orientation[])[] = [];
    const upTo = units.slice(0, k + 1);
    for (const choice of partial) {
      const choiceFixed: (Orientation | null)[] = [...choice, fixed[k] ?? decided(choice)];
      for (const extended of orientations(upTo, choiceFixed, excluded)) {
        if (unit.layer !== linear) next.push(extended);
        else {
          const oriented = upTo.flatMap((one, j) =>
            one.layer === linear ? [{ ...one, orientation: extended[j]! }] : [],
          );
          const cell = openCell(instance, oriented, scope);
          if (cell.kind === "open") next.push(extended);
          else excluded.push(cell.exclusion);
        }
      }
    }
    if (next.length > limit) return null;
    partial = next;
  }
  return { choices: partial, excluded };
}

export function localPiece<E>(
  instance: Instance<E>,
  frame: PieceFrame<E>,
  choice: readonly Orientation[],
): LocalPiece<E> {
  const { field: K } = instance;
  const { constraints } = pieceConstraints(instance, frame, choice);
  const n = frame.scopeParameters.length;
  return {
    orientations: choice,
    constraints,
    gradients: constraints.map((h) => gradientAtOrigin(K, h, n)),
    curvature: (j, d) =>
      sum(
        K,
        hessianEntries(K, constraints[j]!).map(({ u, v, entry }) => {
          const once = K.mul(entry, K.mul(d[u]!, d[v]!));
          return u === v ? once : K.add(once, once);
        }),
      ),
  };
}
