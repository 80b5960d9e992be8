/** Finds a path of the flow from a given start, or a small ball around it, into a trap of the point. (`proofs/theory.md`, §13.6.) */
import { rescaled } from "../exact/interval.js";
import { Q, type Rational, rational } from "../exact/rational.js";
import { ensureTrapped, startsIn } from "../kernel/attraction/trap.js";
import { Rejection } from "../kernel/ensure.js";
import type { Facts } from "../kernel/facts.js";
import type { Pattern } from "../kernel/forward.js";
import { boxOf, type Loss, type Reached, restsOff } from "../kernel/path.js";
import { keptBy, patternsAt, startsAround } from "../kernel/statements/attracts.js";
import { type AttractsOutcome, attempt, basins, levelAt } from "./attracts.js";
import type { Search } from "./effort.js";
import { PATH_OPTIONS, tracePath } from "./path.js";

/** Radii of the balls of starts that are tried; the last is nearly the start alone. */
const RADII: readonly Rational[] = [rational(1n, 1n << 20n), rational(1n, 1n << 34n), rational(1n, 1n << 52n)];

type Candidate<E> = ReturnType<typeof basins<E>> extends Generator<infer T> ? T : never;

/**
 * A certificate that the flow of the loss converges to the point from the start, by a path into a trap: in the whole space; or in a proper
 * subspace that holds the start, whose flow keeps the start's pattern.
 */
export function attractionFrom<E>(
  facts: Facts<E>,
  point: readonly E[],
  loss: Loss,
  search: Search,
): AttractsOutcome<E> {
  const known = new Map<string, readonly Candidate<E>[]>();
  const basinsUnder = (patterns: readonly Pattern[]): readonly Candidate<E>[] => {
    const key = JSON.stringify(patterns);
    const own = known.get(key) ?? [...basins(facts, patterns, search)];
    known.set(key, own);
    return own;
  };
  const isWhole = ({ basin }: Candidate<E>) => {
    const { range, idle } = basin.reduced.reduction;
    return range.length + idle.length === facts.instance.network.parameters.length;
  };
  const holdsStart = ({ basin }: Candidate<E>) =>
    !(attempt(() => startsAround(basin, { point, radius: RADII.at(-1)!, level: Q.one })) instanceof Rejection);
  let reason = "no trap of the point was found";
  const from = (
    radius: Rational,
    candidates: (patterns: readonly Pattern[]) => readonly Candidate<E>[],
    kept?: Parameters<typeof tracePath>[4],
  ): AttractsOutcome<E> | null => {
    let found = null as (Candidate<E> & { readonly level: Rational }) | null;
    const arrived = (reached: Reached): boolean => {
      for (const candidate of candidates(reached.patterns)) {
        const { basin } = candidate;
        const box = boxOf(reached).map((x) => rescaled(x, PATH_OPTIONS.precision, basin.ring.precision));
        const ends = startsIn(basin, box);
        const level = levelAt(basin, ends);
        const held = restsOff(facts, basin.ring, box, reached.patterns);
        const refused = Q.isZero(level) ? null : attempt(() => ensureTrapped(basin, ends, level, held));
        if (refused === undefined) found = { ...candidate, level };
        if (refused === undefined) return true;
        if (refused !== null) reason = refused.message;
      }
      return false;
    };
    const traced = tracePath(facts, loss, { point, radius }, arrived, kept);
    if ("failed" in traced) {
      reason = `${traced.failed}; where the flow came to, ${reason}`;
      return null;
    }
    const { basin, multipliers, level } = found!;
    const { range, idle } = basin.reduced.reduction;
    const start = { point, radius, level };
    const statement = {
      kind: "attracts",
      range,
      idle,
      multipliers,
      ball: basin.ball,
      start,
      path: traced.path,
    } as const;
    return { kind: "found", statement };
  };
  const [whole, proper] = [true, false].map((wanted) =>
    basinsUnder(patternsAt(facts, point)).filter((one) => isWhole(one) === wanted && (wanted || holdsStart(one))),
  );
  const inWhole = (radius: Rational) => from(radius, (patterns) => basinsUnder(patterns).filter(isWhole));
  for (const radius of RADII) {
    // Where the first pattern has no trap in the whole space, a later one may, but it is less likely.
    const first = whole!.length > 0 ? inWhole(radius) : null;
    if (first !== null) return first;
    for (const space of proper!) {
      const found = from(radius, () => [space], keptBy(space.basin.reduced));
      if (found !== null) return found;
    }
    const last = whole!.length > 0 ? null : inWhole(radius);
    if (last !== null) return last;
  }
  return { kind: "open", reason };
}
