/** Descent where more pieces meet at the point than can be tried: they are chosen, and what is chosen is proved. */
import { describe, expect, it } from "vitest";
import type { Facts } from "../../src/kernel/facts.js";
import { factsOf } from "../../src/kernel/facts.js";
import { verifyStatement } from "../../src/kernel/verify.js";
import type { Scope } from "../../src/network/network.js";
import { uniform } from "../../src/numeric/random.js";
import { parseProblem } from "../../src/problem/problem.js";
import { ORDINARY } from "../../src/prover/effort.js";
import { findDescent } from "../../src/prover/not-local.js";
import { loudest } from "../../src/prover/search/sleepers.js";
import type { ProblemJson } from "../adversary/problem.js";
import { kinked, waking } from "../instances/descents.js";

function factsAt(problem: ProblemJson): Facts<unknown> {
  const { problem: parsed } = parseProblem(JSON.stringify(problem));
  return factsOf({ ...parsed, point: parsed.point! });
}

function expectDescent(problem: ProblemJson, scope: Scope) {
  const facts = factsAt(problem);
  const found = findDescent(facts, scope, ORDINARY);
  if (found.kind === "none") throw new Error(`no descent: ${found.gaps.join()}`);
  expect(verifyStatement(facts.instance, found.statement)).toMatchObject({ accepted: true });
}

describe("a dead unit that lowers the norm in one piece of many", () => {
  it.each([
    { samples: 9, dead: 1, depth: 2 },
    { samples: 16, dead: 5, depth: 2 },
    { samples: 24, dead: 1, depth: 2 },
    { samples: 9, dead: 2, depth: 3 },
    { samples: 16, dead: 1, depth: 3 },
  ] as const)("is found: $samples samples, $dead dead, depth $depth", (size) => {
    expectDescent(waking({ ...size, wakes: true }), null);
  });

  it("is not found where there is none, and the search is not called exhaustive", () => {
    const found = findDescent(factsAt(waking({ samples: 16, dead: 2, depth: 2, wakes: false })), null, ORDINARY);
    expect(found.kind).toBe("none");
    if (found.kind === "none") expect(found.gaps.join()).toContain("need not find all");
  });
});

describe("kinks of a live unit at many samples", () => {
  it.each([
    [12, 4],
    [16, 5],
    [24, 8],
  ])("are given the signs of a descent: %d samples in dimension %d", (samples, dimension) => {
    const problem = kinked({ samples, dimension, descends: true, seed: samples });
    expectDescent(problem, null);
    expectDescent(problem, 0);
  });

  it("are all refuted where none descends, and the search says that nothing was left out", () => {
    const facts = factsAt(kinked({ samples: 15, dimension: 4, descends: false, seed: 3 }));
    for (const scope of [null, 0]) expect(findDescent(facts, scope, ORDINARY)).toEqual({ kind: "none", gaps: [] });
  });

  it("are left with the number of splits where these do not suffice", () => {
    const facts = factsAt(kinked({ samples: 24, dimension: 8, descends: false, seed: 3 }));
    const found = findDescent(facts, 0, { ...ORDINARY, effort: 1 / 10 });
    expect(found).toEqual({ kind: "none", gaps: ["not all pieces refuted to first order by 20 splits"] });
  });
});

describe("the weights that make the most of a sleeping unit", () => {
  const random = uniform(5);
  const draw = (n: number) => Array.from({ length: n }, () => random() - 1 / 2);

  /** By trying all signs: for each, the best w of that piece is at most what its linear form promises. */
  function best(inputs: readonly number[][], gains: readonly number[]): number {
    let most = 0;
    for (let signs = 0; signs < 1 << inputs.length; signs++) {
      const w = inputs[0]!.map((_, k) => inputs.reduce((t, x, i) => t + ((signs >> i) & 1 ? gains[i]! * x[k]! : 0), 0));
      most = Math.max(most, Math.hypot(...w));
    }
    return most;
  }

  it("are those of the best of all pieces, where all samples pull one way", () => {
    for (let round = 0; round < 30; round++) {
      const n = 4 + Math.floor(random() * 7);
      const inputs = Array.from({ length: n }, () => draw(2 + Math.floor(n / 2)));
      const gains = draw(n).map(Math.abs);
      const { w, gains: reached } = loudest({
        kinks: [],
        incoming: [],
        outgoing: [0],
        slopes: inputs.map(() => 0),
        inputs,
        gains: [gains],
      });
      expect(Math.abs(reached[0]!) / Math.hypot(...w)).toBeCloseTo(best(inputs, gains), 6);
    }
  });

  it("are no worse than those of random tries, where samples pull both ways", () => {
    for (let round = 0; round < 20; round++) {
      const inputs = Array.from({ length: 8 }, () => draw(4));
      const gains = [draw(8), draw(8)];
      const loudness = (w: readonly number[]) => {
        const values = inputs.map((x) =>
          Math.max(
            0,
            x.reduce((t, c, k) => t + c * w[k]!, 0),
          ),
        );
        return Math.hypot(...gains.map((row) => row.reduce((t, c, i) => t + c * values[i]!, 0))) / Math.hypot(...w);
      };
      const slopes = inputs.map(() => 0);
      const { w } = loudest({ kinks: [], incoming: [], outgoing: [0, 1], slopes, inputs, gains });
      for (let k = 0; k < 2000; k++) expect(loudness(w)).toBeGreaterThan(loudness(draw(4)) - 1e-9);
    }
  });
});
