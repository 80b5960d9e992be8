/** What is said about an enclosed point: the kinds of statements. (`proofs/theory.md`, §8.) */
import { type EnclosedBound, enclosedBound } from "./bound.js";
import { type EnclosedConcave, enclosedConcave } from "./concave.js";
import { type EnclosedStrictLocal, enclosedStrictLocal } from "./curvature.js";
import { type EnclosedFeasible, type EnclosedKkt, enclosedFeasible, enclosedKkt } from "./kkt.js";
import { type EnclosedNotGlobal, enclosedNotGlobal } from "./not-global.js";
import { type EnclosedNotLocal, enclosedNotLocal } from "./not-local.js";

export type EnclosedStatement =
  | EnclosedFeasible
  | EnclosedKkt
  | EnclosedBound
  | EnclosedConcave
  | EnclosedStrictLocal
  | EnclosedNotLocal
  | EnclosedNotGlobal;

export const enclosedKinds = {
  feasible: enclosedFeasible,
  kkt: enclosedKkt,
  bound: enclosedBound,
  concave: enclosedConcave,
  "strict-local": enclosedStrictLocal,
  "not-local": enclosedNotLocal,
  "not-global": enclosedNotGlobal,
} as const;
