/** How a check says no. */

/** A certificate is refused: by which clause of `certificates/FORMAT.md`, and what was found. Caught by `verify`, never beyond. */
export class Rejection extends Error {
  readonly clause: string;
  constructor(clause: string, found: string) {
    super(found);
    this.clause = clause;
  }
}

/** Goes on only if the condition holds; otherwise the clause rejects, with what was found. */
export function ensure(condition: boolean, clause: string, found: string | (() => string)): asserts condition {
  if (!condition) throw new Rejection(clause, typeof found === "string" ? found : found());
}
