/** `feasible`, `infeasible`: the margins at θ. (`proofs/theory.md`, §1.) */
import { objectOf, word } from "../../network/codec.js";
import { marginText } from "../../network/instance.js";
import { ensure } from "../ensure.js";
import { ensureFeasible } from "../facts.js";
import type { Kind } from "../statement.js";

export interface Feasible {
  readonly kind: "feasible";
}

export const feasible = <E>(): Kind<E, Feasible, null> => ({
  clauses: ["feasible.margin"],
  codec: () => objectOf<Feasible>({ kind: word("feasible") }),
  check: (facts) => {
    ensureFeasible(facts, "feasible.margin");
    return null;
  },
  meaning: () => ({
    about: "feasible",
    scope: null,
    answer: "yes",
    radius: null,
    because: "every margin is at least 1",
  }),
});

export interface Infeasible {
  readonly kind: "infeasible";
  /** The number of a margin that is below 1. */
  readonly margin: number;
}

export const infeasible = <E>(): Kind<E, Infeasible, null> => ({
  clauses: ["infeasible.margin"],
  codec: ({ margin }) => objectOf<Infeasible>({ kind: word("infeasible"), margin }),
  check: ({ slack, margins }, { margin }) => {
    ensure(slack[margin]! < 0, "infeasible.margin", `the margin of ${marginText(margins[margin]!)} is not below 1`);
    return null;
  },
  meaning: ({ margin }, { margins }) => ({
    about: "feasible",
    scope: null,
    answer: "no",
    radius: null,
    because: `the margin of ${marginText(margins[margin]!)} is below 1`,
  }),
});
