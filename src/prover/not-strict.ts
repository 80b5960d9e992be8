/**
 * Finds what `kernel/statements/not-strict.ts` checks: two units of a hidden layer whose weights, incoming and outgoing, turn into each
 * other. Where the sum of what they give stays the same, as for units on one side of every kink, nobody sees the turn but them.
 */
import type { Field } from "../exact/field.js";
import type { Facts } from "../kernel/facts.js";
import { passAt } from "../kernel/forward.js";
import type { Of } from "../kernel/statements/index.js";
import { verifyStatement } from "../kernel/verify.js";
import type { SparseVector } from "../network/codec.js";
import { type Instance, marginOf } from "../network/instance.js";
import type { Network } from "../network/network.js";
import type { Search } from "./effort.js";
import { approximate } from "./search/approximate.js";
import { fraction } from "./search/vectors.js";

type NotStrict<E> = Of<"not-strict", E>;

/** Turns that are tried in floating point, and then exactly. */
const MAX_TURNS = 4000;
const MAX_EXACT = 8;
const ENDS = [1n, 4n, 64n, 4096n];

/** A curve of points that are no longer than the given one, or null. */
export function findContinuum<E>(facts: Facts<E>, { effort, reached }: Search): NotStrict<E> | null {
  const { instance } = facts;
  const { field: K, network } = instance;
  let [tried, exact] = [0, 0];
  for (const pairs of turnsIn(network)) {
    if (++tried > MAX_TURNS * effort) {
      reached(`${MAX_TURNS * effort} turns of pairs of units`);
      return null;
    }
    if (exact >= MAX_EXACT * effort) {
      reached(`${MAX_EXACT * effort} turns that the kernel refused`);
      return null;
    }
    const steps = turn(instance, pairs);
    if (steps.every((step) => step.size === 0) || !seemsFeasible(facts, pairs)) continue;
    exact++;
    for (const end of ENDS) {
      const curve = { end: fraction(K, 1n, end), steps };
      const statement: NotStrict<E> = { kind: "not-strict", scope: null, curve };
      if (verifyStatement(instance, statement).accepted) return statement;
    }
  }
  return null;
}

/** Parameters that turn into each other: the first one loses where t grows. */
type Pairs = readonly (readonly [number, number])[];

function* turnsIn(network: Network): Iterable<Pairs> {
  const { layers, parameters } = network;
  const places = new Map<number, number>();
  for (const { weight } of layers.flat(2)) places.set(weight, (places.get(weight) ?? 0) + 1);
  const turns = (weight: number) => weight < parameters.length && places.get(weight) === 1;
  for (let l = 0; l + 1 < layers.length; l++) {
    const rows = layers[l]!.map((row) => row.map(({ weight }) => weight));
    const columns = rows.map((_, unit) =>
      layers[l + 1]!.flatMap((row) => row.flatMap(({ from, weight }) => (from === unit ? [weight] : []))),
    );
    for (let a = 0; a < rows.length; a++) {
      for (let b = 0; b < rows.length; b++) {
        if (a === b || rows[a]!.length !== rows[b]!.length || columns[a]!.length !== columns[b]!.length) continue;
        const pairs = [
          ...rows[a]!.map((one, k) => [one, rows[b]![k]!] as const),
          ...columns[a]!.map((one, k) => [one, columns[b]![k]!] as const),
        ];
        if (pairs.every(([one, other]) => one !== other && turns(one) && turns(other))) yield pairs;
      }
    }
  }
}

/** (1 + t²)(θ(t) − θ) for the turn by the angle 2 arctan t: cos − 1 = −2t²/(1 + t²), sin = 2t/(1 + t²). */
function turn<E>({ field: K, point }: Instance<E>, pairs: Pairs): SparseVector<E>[] {
  const two = fraction(K, 2n);
  const [first, second] = [new Map<number, E>(), new Map<number, E>()];
  const put = (step: Map<number, E>, weight: number, value: E) => {
    if (!K.isZero(value)) step.set(weight, K.mul(two, value));
  };
  for (const [a, b] of pairs) {
    put(first, a, K.neg(point[b]!));
    put(first, b, point[a]!);
    put(second, a, K.neg(point[a]!));
    put(second, b, K.neg(point[b]!));
  }
  return [first, second];
}

/** Whether a small turn, in floating point, keeps all margins up to rounding. */
function seemsFeasible<E>({ instance, margins, active }: Facts<E>, pairs: Pairs): boolean {
  const rough = approximate(instance);
  const K: Field<number> = rough.field;
  const [sin, cos] = [0.01, Math.sqrt(1 - 1e-4)];
  const point = [...rough.point];
  for (const [a, b] of pairs) {
    point[a] = cos * rough.point[a]! - sin * rough.point[b]!;
    point[b] = sin * rough.point[a]! + cos * rough.point[b]!;
  }
  return active.every((j) => {
    const margin = margins[j]!;
    return marginOf(K, margin, passAt(rough, margin.sample, point).outputs) >= 1 - 1e-9;
  });
}
