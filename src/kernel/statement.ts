/** What every kind of statement is made of. A kind is one file of `statements/`, listed in `statements/index.ts`. */
import type { Codec } from "../network/codec.js";
import type { Scope } from "../network/network.js";
import type { Context } from "./certificate.js";
import type { Facts } from "./facts.js";

/** What an accepted statement answers: verdicts, texts and pages are read off this. */
export interface Meaning<E> {
  readonly about: "feasible" | "kkt" | "local" | "strict" | "global" | "attracts";
  readonly scope: Scope;
  readonly answer: "yes" | "no";
  /** Of a strict local optimum: every other feasible point of the scope within this distance is longer. Of `attracts`: the starts'. */
  readonly radius: E | null;
  /** Of an optimum: whether it is shown to be strict, though within no radius that is known. */
  readonly isStrict?: true;
  /** Of `attracts`: of the space of the starts, where that is not the whole space. */
  readonly dimension?: number | null;
  /** Of `attracts`: the loss that it is about, where it is one only. */
  readonly loss?: "exponential" | "logistic" | null;
  /** Why, in a clause that follows a colon. */
  readonly because: string;
}

/** A kind of statement S, whose check returns what it proved, P. */
export interface Kind<E, S, P> {
  readonly clauses: readonly string[];
  readonly codec: (context: Context<E>) => Codec<S>;
  /** Throws a Rejection by one of the clauses, or returns what was computed on the way for whoever writes the proof out. */
  readonly check: (facts: Facts<E>, statement: S) => P;
  readonly meaning: (statement: S, facts: Facts<E>) => Meaning<E>;
}
