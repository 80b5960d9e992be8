/** `kkt`: θ is a KKT point in the sense of Clarke: θ = Σ μ ∇(margin)^s, μ ≥ 0, active margins, s realizable. (`proofs/theory.md`, §3.) */
import { equals } from "../../exact/field.js";
import { listOf, objectOf, word } from "../../network/codec.js";
import { type Instance, marginText } from "../../network/instance.js";
import { isLinearLayer } from "../../network/network.js";
import { ensure } from "../ensure.js";
import { ensureFeasible } from "../facts.js";
import {
  type Curve,
  combination,
  ensureCurve,
  gradient,
  type Pattern,
  passAlong,
  passUnder,
  unitText,
} from "../forward.js";
import type { Kind } from "../statement.js";

export interface KktTerm<E> {
  /** The number of an active margin. */
  readonly margin: number;
  readonly multiplier: E;
  /** A curve from θ along which the term's pattern is strict. */
  readonly witness: Curve<E>;
}

export interface Kkt<E> {
  readonly kind: "kkt";
  readonly terms: readonly KktTerm<E>[];
}

/** Per term: the realized pattern, and the gradient of the margin under it. */
export type KktProof<E> = readonly { readonly pattern: Pattern; readonly gradient: readonly E[] }[];

export const kkt = <E>(): Kind<E, Kkt<E>, KktProof<E>> => ({
  clauses: ["kkt.feasible", "kkt.multiplier", "kkt.active", "kkt.witness", "kkt.stationarity"],
  codec: ({ margin, number, curve }) =>
    objectOf<Kkt<E>>({
      kind: word("kkt"),
      terms: listOf(objectOf<KktTerm<E>>({ margin, multiplier: number, witness: curve })),
    }),
  check: (facts, { terms }) => {
    const { instance, margins, slack } = facts;
    const { field: K, point, network } = instance;
    ensureFeasible(facts, "kkt.feasible");
    const proof = terms.map(({ margin, multiplier, witness }) => {
      const own = margins[margin]!;
      ensure(K.sign(multiplier) >= 0, "kkt.multiplier", `a multiplier of ${marginText(own)} is negative`);
      ensure(slack[margin] === 0, "kkt.active", `${marginText(own)} has a multiplier and is not active`);
      const pattern = realizedPattern(instance, witness, own.sample);
      return { pattern, gradient: gradient(instance, own, pattern) };
    });
    const vectors = proof.map((one, k) => [terms[k]!.multiplier, one.gradient] as const);
    const total = combination(K, point.length, vectors);
    const off = point.findIndex((c, k) => !equals(K, c, total[k]!));
    const found = () => `the combination of gradients differs from the point at ${network.parameters[off]!.name}`;
    ensure(off === -1, "kkt.stationarity", found);
    return proof;
  },
  meaning: () => ({
    about: "kkt",
    scope: null,
    answer: "yes",
    radius: null,
    because: "it is a combination of Clarke subgradients of active margins, with multipliers that are not negative",
  }),
});

/**
 * The pattern of a sample on the curve, which is realizable at θ: on (0, end] every pre-activation is of one strict sign, or is
 * identically zero around each point of the curve, not only along it.
 */
export function realizedPattern<E>(instance: Instance<E>, witness: Curve<E>, sample: number): Pattern {
  ensureCurve(instance, witness, null);
  const { pattern, preactivations } = passAlong(instance, witness, sample);
  const still = preactivations.flatMap((units, layer) =>
    isLinearLayer(instance.network, layer) ? [] : units.flatMap((z, unit) => (z.length === 0 ? [{ layer, unit }] : [])),
  );
  if (still.length === 0) return pattern;
  const around = passUnder(instance, sample, pattern).preactivations;
  for (const { layer, unit } of still) {
    const isZero = around[layer]![unit]!.size === 0;
    ensure(isZero, "kkt.witness", () => `${unitText({ sample, layer, unit })} stays at its kink along the witness`);
  }
  return pattern;
}
