/**
 * The certificate: a problem, its point, and statements about the point, each with its own evidence.
 * `certificates/FORMAT.md` specifies the JSON; these are the decoded values. Indices here count from 0, in the JSON from 1.
 */
import type { Problem } from "../problem/problem.js";

export const CERTIFICATE_FORMAT = "margincert/certificate/1";

/** A problem whose point is given: what a certificate is about. */
export interface Instance<E> extends Problem<E> {
  readonly point: readonly E[];
}

export interface Certificate<E> {
  readonly instance: Instance<E>;
  readonly statements: readonly Statement<E>[];
}

/** Which parameters may move: those of one layer, or all for null. */
export type Scope = number | null;

/** The non-zero entries of a vector, by parameter. */
export type SparseVector<E> = ReadonlyMap<number, E>;

/** θ(t) = θ + Σ_k steps[k−1] t^k on 0 < t ≤ end. */
export interface Curve<E> {
  readonly end: E;
  readonly steps: readonly SparseVector<E>[];
}

export type Orientation = 1 | -1;

/** Whether a bound holds everywhere, or near θ. */
export type Reach = "local" | "global";

/** A hidden unit at a sample. */
export interface UnitAtSample {
  readonly sample: number;
  readonly layer: number;
  readonly unit: number;
}

/** One pre-activation of a Gordan certificate: orientation · ∇z, taken `weight` times. */
export interface OrientedUnit<E> extends UnitAtSample {
  readonly orientation: Orientation;
  readonly weight: E;
}

/** Pre-activations that never have all these signs strictly at once, by Gordan's theorem. */
export type Exclusion<E> = readonly OrientedUnit<E>[];

/** The product of two constraints, by their numbers, with a weight ≥ 0. */
export interface Product<E> {
  readonly first: number;
  readonly second: number;
  readonly weight: E;
}

/** One closed cell of the scope: orientations of its kinks, and the evidence there. */
export interface Piece<E> {
  readonly orientations: readonly Orientation[];
  readonly multipliers: readonly E[];
  readonly rho: E;
  readonly kappa: E;
  readonly products: readonly Product<E>[];
}

export interface LagrangianCell<E> {
  readonly orientations: readonly Orientation[];
  readonly products: readonly Product<E>[];
}

/** The evidence that blocks of hidden units with equal forms share. */
export interface LagrangianBlock<E> {
  /** The blocks, each the list of its hidden units. */
  readonly members: readonly (readonly number[])[];
  /** Whether the signs of the outgoing weights are part of a cell. */
  readonly split: boolean;
  readonly excluded: readonly Exclusion<E>[];
  readonly cells: readonly LagrangianCell<E>[];
}

/** A cell of the input space: the signs of w·x_i at the samples with multipliers, and ν ≥ 0 for them. */
export interface BoundCell<E> {
  readonly orientations: readonly Orientation[];
  readonly signMultipliers: readonly E[];
}

/** A sign choice, with multipliers of the margins and of what is non-negative there. */
export interface DualCell<E> {
  readonly orientations: readonly Orientation[];
  readonly multipliers: readonly E[];
  readonly signMultipliers: readonly E[];
}

export type Statement<E> =
  | { readonly kind: "feasible" }
  | { readonly kind: "infeasible"; readonly sample: number }
  | {
      readonly kind: "kkt";
      readonly terms: readonly { readonly sample: number; readonly multiplier: E; readonly witness: Curve<E> }[];
    }
  | { readonly kind: "not-kkt"; readonly direction: SparseVector<E>; readonly excluded: readonly Exclusion<E>[] }
  | { readonly kind: "not-local"; readonly scope: Scope; readonly curve: Curve<E> }
  | { readonly kind: "not-global"; readonly scope: Scope; readonly better: readonly E[] }
  | {
      readonly kind: "strict-local";
      readonly scope: Scope;
      readonly radius: E;
      readonly excluded: readonly Exclusion<E>[];
      readonly pieces: readonly Piece<E>[];
    }
  | {
      readonly kind: "lagrangian";
      readonly reach: Reach;
      readonly multipliers: readonly E[];
      readonly blocks: readonly LagrangianBlock<E>[];
    }
  | { readonly kind: "svm-dual"; readonly multipliers: readonly E[] }
  | { readonly kind: "norm-bound"; readonly multipliers: readonly E[]; readonly cells: readonly BoundCell<E>[] }
  | { readonly kind: "branch-vertices"; readonly roots: readonly (readonly E[])[] }
  | {
      readonly kind: "path-bound";
      readonly reach: Reach;
      readonly excluded: readonly Exclusion<E>[];
      readonly cells: readonly DualCell<E>[];
    }
  | { readonly kind: "layer-global"; readonly layer: number; readonly multipliers: readonly E[] }
  | {
      readonly kind: "layer-cells";
      readonly layer: number;
      readonly excluded: readonly Exclusion<E>[];
      readonly cells: readonly DualCell<E>[];
    };

export type StatementKind = Statement<unknown>["kind"];
/** The statement of one kind. */
export type Of<K extends StatementKind, E> = Extract<Statement<E>, { readonly kind: K }>;
