/** An enclosed point is no global optimum: a shorter feasible point is given. (`proofs/theory.md`, §8.6.) */
import { compare, squaredNorm } from "../../exact/field.js";
import type { Rational } from "../../exact/rational.js";
import { objectOf, word } from "../../network/codec.js";
import { type Instance, marginOf, marginText } from "../../network/instance.js";
import { ensure } from "../ensure.js";
import { passAt } from "../forward.js";
import { squared } from "./depth-two.js";
import type { EnclosedKind } from "./kkt.js";
import { passCost } from "./system.js";

export interface EnclosedNotGlobal {
  readonly kind: "not-global";
  readonly better: readonly Rational[];
}

export const enclosedNotGlobal: EnclosedKind<EnclosedNotGlobal> = {
  clauses: ["enclosed-not-global.feasible", "enclosed-not-global.norm"],
  codec: ({ point }) => objectOf<EnclosedNotGlobal>({ kind: word("not-global"), better: point }),
  check: ({ problem, ring, theta, margins, spend }, { better }) => {
    const { field: K, data, network } = problem;
    const instance: Instance<Rational> = { ...problem, point: better };
    const passes = data.map((_, sample) => {
      spend(passCost(network));
      return passAt(instance, sample, better);
    });
    for (const margin of margins) {
      const value = marginOf(K, margin, passes[margin.sample]!.outputs);
      const holds = compare(K, value, K.one) >= 0;
      ensure(
        holds,
        "enclosed-not-global.feasible",
        () => `the margin of ${marginText(margin)} is below 1 at the better point`,
      );
    }
    const shorter = ring.sign(ring.sub(squared(ring, theta), ring.enclose(squaredNorm(K, better)))) === 1;
    ensure(shorter, "enclosed-not-global.norm", "the other point is not shown to be of smaller norm");
  },
  meaning: () => ({
    about: "global",
    scope: null,
    answer: "no",
    radius: null,
    because: "a feasible point of smaller norm is given",
  }),
};
