/** `not-global`: a feasible point of smaller norm. (`proofs/theory.md`, §4.) */
import { compare, equals, squaredNorm } from "../../exact/field.js";
import { objectOf, word } from "../../network/codec.js";
import { marginText } from "../../network/instance.js";
import type { Scope } from "../../network/network.js";
import { ensure } from "../ensure.js";
import { slackSigns } from "../facts.js";
import { passAt } from "../forward.js";
import type { Kind } from "../statement.js";

export interface NotGlobal<E> {
  readonly kind: "not-global";
  readonly scope: Scope;
  readonly better: readonly E[];
}

export const notGlobal = <E>(): Kind<E, NotGlobal<E>, null> => ({
  clauses: ["not-global.scope", "not-global.feasible", "not-global.norm"],
  codec: ({ scope, point }) => objectOf<NotGlobal<E>>({ kind: word("not-global"), scope, better: point }),
  check: ({ instance, margins }, { scope, better }) => {
    const { field: K, point, network, data } = instance;
    for (const [k, { layers, name }] of network.parameters.entries()) {
      const still = scope === null || layers.includes(scope) || equals(K, better[k]!, point[k]!);
      ensure(still, "not-global.scope", `the better point differs at ${name}, which is outside the scope`);
    }
    const passes = data.map((_, sample) => passAt(instance, sample, better));
    const violated = slackSigns(instance, margins, passes).findIndex((sign) => sign < 0);
    const found = () => `the margin of ${marginText(margins[violated]!)} is below 1 at the better point`;
    ensure(violated === -1, "not-global.feasible", found);
    const shorter = compare(K, squaredNorm(K, better), squaredNorm(K, point)) < 0;
    ensure(shorter, "not-global.norm", "the other point is not of smaller norm");
    return null;
  },
  meaning: ({ scope }) => ({
    about: "global",
    scope,
    answer: "no",
    radius: null,
    because: "a feasible point of smaller norm is given",
  }),
});
