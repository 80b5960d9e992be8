/** Finds what `kernel/kkt.ts` and `kernel/not-kkt.ts` check, by column generation over the realizable patterns. */
import type { Exclusion, Instance, Of } from "../certificate/format.js";
import { dot } from "../exact/field.js";
import { gradient, type Pattern, slackSigns } from "../kernel/forward.js";
import { lowestRate } from "../kernel/not-kkt.js";
import { solveLp } from "./lp.js";
import { type Realization, realize } from "./realize.js";
import { combinationRows, sparse } from "./vectors.js";

/** A subgradient of an active margin: the column of the linear programme. */
interface Column<E> {
  readonly sample: number;
  readonly pattern: Pattern;
  readonly vector: readonly E[];
}

export type KktOutcome<E> =
  | { readonly kind: "kkt"; readonly statement: Of<"kkt", E> }
  | { readonly kind: "not-kkt"; readonly statement: Of<"not-kkt", E> }
  | { readonly kind: "undecided"; readonly reason: string };

const MAX_ROUNDS = 2000;

/** Decides whether the feasible θ is a KKT point. Undecided only where a pattern in deeper layers is neither realized nor excluded. */
export function decideKkt<E>(instance: Instance<E>): KktOutcome<E> {
  const { field: K, data, point } = instance;
  const active = slackSigns(instance, point).flatMap((sign, i) => (sign === 0 ? [i] : []));
  const excluded: Exclusion<E>[] = [];
  const realizations = new Map<string, Realization<E>>();
  const columns = new Map<string, Column<E>>();
  let unknown = 0;

  const propose = (sample: number, pattern: Pattern): boolean => {
    const vector = signed(K.neg, data[sample]!.y, gradient(instance, sample, pattern));
    const key = `${sample} ${JSON.stringify(pattern)}`;
    if (columns.has(key) || realizations.has(key)) return false;
    columns.set(key, { sample, pattern, vector });
    return true;
  };

  for (let round = 0; round < MAX_ROUNDS; round++) {
    const list = [...columns];
    const combination = combine(
      instance,
      list.map(([, column]) => column.vector),
    );
    if (combination.kind === "found") {
      const used = list.filter((_, k) => !K.isZero(combination.weights[k]!));
      let allRealized = true;
      for (const [key, { sample, pattern }] of used) {
        const realization = realizations.get(key) ?? realize(instance, sample, pattern);
        realizations.set(key, realization);
        if (realization.kind === "realizable") continue;
        allRealized = false;
        columns.delete(key);
        if (realization.kind === "excluded") excluded.push(realization.exclusion);
        else unknown++;
      }
      if (!allRealized) continue;
      const terms = list.flatMap(([key, { sample }], k) => {
        const realization = realizations.get(key);
        if (K.isZero(combination.weights[k]!) || realization?.kind !== "realizable") return [];
        return [{ sample, multiplier: combination.weights[k]!, witness: realization.witness }];
      });
      terms.sort((a, b) => a.sample - b.sample);
      return { kind: "kkt", statement: { kind: "kkt", terms } };
    }
    const direction = sparse(K, combination.separating);
    let progress = false;
    for (const sample of active) {
      const lowest = lowestRate(instance, sample, direction, excluded);
      if (lowest !== null && K.sign(lowest.rate) < 0) progress = propose(sample, lowest.pattern) || progress;
    }
    if (progress) continue;
    if (unknown > 0) {
      return {
        kind: "undecided",
        reason: "a pattern of kinks in deeper layers could be neither realized nor excluded",
      };
    }
    return { kind: "not-kkt", statement: { kind: "not-kkt", direction, excluded } };
  }
  return { kind: "undecided", reason: `no decision after ${MAX_ROUNDS} rounds of column generation` };
}

function signed<E>(neg: (a: E) => E, y: 1 | -1, vector: readonly E[]): readonly E[] {
  return y === 1 ? vector : vector.map(neg);
}

/** Weights ≥ 0 that combine the vectors to θ, or a direction d with θ·d < 0 and vector·d ≥ 0 for each. */
export function combine<E>(
  instance: Pick<Instance<E>, "field" | "point">,
  vectors: readonly (readonly E[])[],
): { kind: "found"; weights: E[] } | { kind: "separated"; separating: E[] } {
  const { field: K, point } = instance;
  const rows = combinationRows(K, vectors, point);
  const result = solveLp(K, { objective: vectors.map(() => K.zero), rows, free: false });
  if (result.kind === "optimal") return { kind: "found", weights: result.x };
  if (result.kind === "unbounded") throw new Error("a programme without objective is not unbounded");
  const separating = point.map(() => K.zero);
  for (const [j, { index }] of rows.entries()) separating[index] = result.farkas[j]!;
  // The sign of a Farkas ray is a convention; here it has to descend.
  const descends = K.sign(dot(K, separating, point)) < 0;
  return { kind: "separated", separating: descends ? separating : separating.map(K.neg) };
}
