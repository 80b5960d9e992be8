/** Networks of depth 2 at an enclosed point: live and dead units, and how they balance. (`proofs/theory.md`, §8.4.) */
import type { Interval, IntervalRing } from "../../exact/interval.js";
import { Q } from "../../exact/rational.js";
import { isUnshared } from "../../network/network.js";
import { ensure } from "../ensure.js";
import type { EnclosedFacts } from "./system.js";

export interface LiveUnit {
  readonly unit: number;
  /** The sign of its outgoing weight; null where the unit is dead: all its weights are zero on the range of B. */
  readonly sign: 1 | -1 | null;
}

const CLASS = "the network is not of depth 2 with one output, without shared or frozen weights, and linear above";

/** The hidden units of a network of depth 2, live or dead. */
export function hiddenUnits(facts: EnclosedFacts, clause: string): LiveUnit[] {
  const { problem, ring, named, theta } = facts;
  const { network } = problem;
  const fits =
    network.layers.length === 2 && network.outputs === 1 && network.frozen.length === 0 && isUnshared(network);
  ensure(fits, clause, CLASS);
  const outgoing = new Map(network.layers[1]![0]!.map(({ from, weight }) => [from, weight]));
  return network.layers[0]!.flatMap((row, unit): LiveUnit[] => {
    const own = outgoing.get(unit);
    if (own === undefined) return []; // nothing reads it
    if (![own, ...row.map(({ weight }) => weight)].some((k) => named.has(k))) return [{ unit, sign: null }];
    const sign = ring.sign(theta[own]!);
    ensure(
      sign === 1 || sign === -1,
      clause,
      () => `the outgoing weight of unit ${unit + 1} is not shown to be of one sign, nor zero`,
    );
    return [{ unit, sign }];
  });
}

/** Σ over the active samples of λ y (slope) x, as an enclosed vector. */
export function weighted(facts: EnclosedFacts, slopeAt: (sample: number) => Interval | null): Interval[] | null {
  const { problem, point, ring, lambda, margins } = facts;
  const total = new Array<Interval>(problem.network.inputs).fill(ring.zero);
  for (const [k, j] of point.active.entries()) {
    const { sample } = margins[j]!;
    const { x, y } = problem.data[sample]!;
    const slope = slopeAt(sample);
    if (slope === null) return null;
    const factor = ring.mul(y === 1 ? lambda[k]! : ring.neg(lambda[k]!), slope);
    for (const [i, c] of x.entries())
      if (!Q.isZero(c)) total[i] = ring.add(total[i]!, ring.mul(factor, ring.enclose(c)));
  }
  return total;
}

export function squared(ring: IntervalRing, v: readonly Interval[]): Interval {
  return v.reduce((total, c) => ring.add(total, ring.mul(c, c)), ring.zero);
}
