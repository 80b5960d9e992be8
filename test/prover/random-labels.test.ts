/** Generic samples with random labels: multipliers that prove an optimum, and multipliers that fail where a unit gains too much. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Rational } from "../../src/exact/rational.js";
import { type Facts, factsOf } from "../../src/kernel/facts.js";
import type { Of } from "../../src/kernel/statements/index.js";
import { verifyStatement } from "../../src/kernel/verify.js";
import { gaussian, uniform } from "../../src/numeric/random.js";
import { parseProblem } from "../../src/problem/problem.js";
import { findCommonBound } from "../../src/prover/bound/common.js";
import { normShare } from "../../src/prover/bound/gap.js";
import { wakingPoints } from "../../src/prover/bound/waking.js";
import { ORDINARY } from "../../src/prover/effort.js";
import { decideKkt } from "../../src/prover/kkt.js";
import { findBetter } from "../../src/prover/not-global.js";
import { dotNumbers, normOf } from "../../src/prover/search/numeric.js";
import { highestPeak, peakFrom, type UnitGain } from "../../src/prover/search/steepest.js";
import type { ProblemJson } from "../adversary/problem.js";
import { randomLabels } from "../instances/random-labels.js";

/** What holds at the point, which is a KKT point. */
function kktOf(problem: ProblemJson): { facts: Facts<Rational>; kkt: Of<"kkt", Rational> } {
  const { problem: parsed } = parseProblem(JSON.stringify(problem));
  const facts = factsOf({ ...parsed, point: parsed.point! }) as unknown as Facts<Rational>;
  const kkt = decideKkt(facts, ORDINARY);
  if (kkt.kind !== "kkt") throw new Error("not shown to be a KKT point");
  expect(verifyStatement(facts.instance, kkt.statement).accepted).toBe(true);
  return { facts, kkt: kkt.statement };
}

const valueAt = ({ linear, kinks }: UnitGain, w: readonly number[]) =>
  kinks.reduce(
    (t, { form, factor, slope }) => {
      const z = dotNumbers(form, w);
      return t + factor * (z > 0 ? z : slope * z);
    },
    dotNumbers(linear, w),
  );

describe("the peaks of a unit's gain", () => {
  // In general position: where more kinks meet than there are dimensions, a peak may be one of its cones alone.
  const drawn = fc.integer({ min: 1, max: 1e6 }).map((seed) => {
    const random = uniform(seed);
    const normal = gaussian(random);
    const vector = () => [normal(), normal(), normal()];
    const kinks = Array.from({ length: 1 + Math.floor(6 * random()) }, () => ({
      form: vector(),
      factor: normal(),
      slope: random() < 0.5 ? 0 : 0.25,
    }));
    const gain: UnitGain = { linear: random() < 0.5 ? [0, 0, 0] : vector(), kinks };
    return { gain, others: Array.from({ length: 20 }, vector) };
  });

  it("have the value that is said, and nothing near is higher", () => {
    fc.assert(
      fc.property(drawn, ({ gain: one, others: [start, other] }) => {
        const peak = peakFrom(one, start!);
        if (peak === null) return;
        expect(normOf(peak.direction)).toBeCloseTo(1, 9);
        expect(valueAt(one, peak.direction)).toBeCloseTo(peak.value, 6);
        // Across a kink that is near, another cone may have more.
        const isOff = ({ form }: UnitGain["kinks"][number]) => Math.abs(dotNumbers(form, peak.direction)) > 1e-8;
        if (one.kinks.some((kink) => isOff(kink) && Math.abs(dotNumbers(kink.form, peak.direction)) < 1e-2)) return;
        const near = peak.direction.map((c, k) => c + 1e-4 * other![k]!);
        expect(valueAt(one, near)).toBeLessThan(peak.value * normOf(near) + 1e-7);
      }),
      { numRuns: 300 },
    );
  });

  it("are not missed where there are few", () => {
    fc.assert(
      fc.property(drawn, ({ gain: one, others }) => {
        const value = highestPeak(one, 40)?.value ?? 0;
        for (const w of others) expect(valueAt(one, w)).toBeLessThan(value * normOf(w) + 1e-6);
      }),
      { numRuns: 100 },
    );
  });
});

describe("20 generic samples in dimension 10 with random labels", () => {
  const request = { samples: 20, inputs: 10, live: 2 } as const;

  it("have a bound where the multipliers allow it, with few leaves, and a local one with a dead unit", () => {
    for (const [dead, reach] of [
      [0, "global"],
      [1, "local"],
    ] as const) {
      const { facts, kkt } = kktOf(randomLabels({ ...request, dead, seed: 13 }));
      const bound = findCommonBound(facts, kkt, reach, ORDINARY);
      expect(bound).not.toBe(null);
      expect(verifyStatement(facts.instance, bound!).accepted).toBe(true);
    }
  });

  it("show at once where multipliers fail, and a dead unit's waking leads to a shorter point; the gap is right of it", () => {
    const { facts, kkt } = kktOf(randomLabels({ ...request, dead: 1, seed: 9 }));
    for (const reach of ["global", "local"] as const) expect(findCommonBound(facts, kkt, reach, ORDINARY)).toBe(null);
    const starts = wakingPoints(facts, kkt);
    expect(starts.length).toBeGreaterThan(0);
    const better = findBetter(facts, null, ORDINARY, [], starts);
    expect(better).not.toBe(null);
    expect(verifyStatement(facts.instance, better!).accepted).toBe(true);
    const share = normShare(facts, kkt)!;
    const norm = (point: readonly Rational[]) => normOf(point.map(facts.instance.field.toNumber));
    expect(norm(better!.better) / norm(facts.instance.point)).toBeGreaterThan(share - 1e-3);
  });

  it("leave nothing to wake where the multipliers hold", () => {
    const { facts, kkt } = kktOf(randomLabels({ ...request, dead: 1, seed: 13 }));
    expect(wakingPoints(facts, kkt)).toEqual([]);
  });
});
