/** How a check says no. */

/** A certificate is refused: by which clause of `certificates/FORMAT.md`, and what was found. Caught by `verify`, never beyond. */
export class Rejection extends Error {
  readonly clause: Clause;
  constructor(clause: Clause, found: string) {
    super(found);
    this.clause = clause;
  }
}

/** The clauses of the format, each owned by exactly one check of the kernel. */
export const CLAUSES = [
  "format",
  "field",
  "limit",
  "curve.end",
  "curve.scope",
  "curve.sign",
  "gordan.unit",
  "gordan.weight",
  "gordan.sum",
  "feasible.margin",
  "infeasible.margin",
  "kkt.feasible",
  "kkt.multiplier",
  "kkt.active",
  "kkt.witness",
  "kkt.stationarity",
  "not-kkt.descent",
  "not-kkt.ascent",
  "not-local.margin",
  "not-local.norm",
  "not-global.scope",
  "not-global.feasible",
  "not-global.norm",
  "strict-local.feasible",
  "strict-local.radius",
  "strict-local.pieces",
  "strict-local.shape",
  "strict-local.multiplier",
  "strict-local.stationarity",
  "strict-local.curvature",
  "strict-local.slack",
  "strict-local.remainder",
  "strict-local.pattern",
  "lagrangian.depth",
  "lagrangian.feasible",
  "lagrangian.multiplier",
  "lagrangian.value",
  "lagrangian.blocks",
  "lagrangian.cells",
  "lagrangian.shape",
  "lagrangian.weight",
  "lagrangian.curvature",
  "svm-dual.class",
  "svm-dual.feasible",
  "svm-dual.multiplier",
  "svm-dual.combination",
  "svm-dual.norm",
  "norm-bound.class",
  "norm-bound.feasible",
  "norm-bound.multiplier",
  "norm-bound.cells",
  "norm-bound.shape",
  "norm-bound.value",
  "branch-vertices.class",
  "branch-vertices.feasible",
  "branch-vertices.shape",
  "branch-vertices.root",
  "branch-vertices.value",
  "path-bound.feasible",
  "path-bound.cells",
  "path-bound.shape",
  "path-bound.multiplier",
  "path-bound.pattern",
  "path-bound.value",
  "layer-global.class",
  "layer-global.feasible",
  "layer-global.multiplier",
  "layer-global.stationarity",
  "layer-cells.class",
  "layer-cells.feasible",
  "layer-cells.cells",
  "layer-cells.shape",
  "layer-cells.multiplier",
  "layer-cells.bound",
] as const;

export type Clause = (typeof CLAUSES)[number];

/** Goes on only if the condition holds; otherwise the clause rejects, with what was found. */
export function ensure(condition: boolean, clause: Clause, found: string | (() => string)): asserts condition {
  if (!condition) throw new Rejection(clause, typeof found === "string" ? found : found());
}
