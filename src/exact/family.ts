/** Where the parameter of a family lies, and how a question about a function of it is refused. */
import type { RealRoot } from "./integer-polynomial.js";

/** The parameter, and the open interval in which it lies. */
export interface FamilyDescription {
  readonly parameter: string;
  readonly interval: readonly [RealRoot, RealRoot];
}

/** No answer holds on all of the interval: by which clause, and at which places in it, in order. */
export class FamilyError extends Error {
  readonly clause: "interval" | "pole" | "sign";
  readonly places: readonly RealRoot[];
  constructor(clause: FamilyError["clause"], message: string, places: readonly RealRoot[] = []) {
    super(message);
    this.clause = clause;
    this.places = places;
  }
}
