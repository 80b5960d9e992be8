/** Attempts to break the verdicts; `bench/adversary.ts` runs many more. */
import { describe, expect, it } from "vitest";
import { examine } from "./examine.js";
import { generate } from "./generate.js";
import { decide, judge } from "./judge.js";
import type { ProblemJson } from "./problem.js";

const EFFORT = { everywhere: 20, ball: 240 };
const SEED = 4;
const GROUPS = 18;
const GROUP_SIZE = 10;

describe("random small problems, most of them at KKT points", () => {
  for (let group = 0; group < GROUPS; group++) {
    it(`group ${group + 1} of ${GROUPS}: nothing contradicts the opponent, nothing crashes`, {
      timeout: 120_000,
    }, () => {
      for (let k = group * GROUP_SIZE; k < (group + 1) * GROUP_SIZE; k++) {
        const { family, problem } = generate(SEED, k);
        const judgement = judge(problem, EFFORT, k, k % 5 === 0);
        const shown = `${family} ${JSON.stringify(problem)}`;
        expect(judgement.kind === "crash" ? judgement.error : "", shown).toBe("");
        if (judgement.kind === "verdict") expect(judgement.contradictions, shown).toEqual([]);
      }
    });
  }
});

describe("radii", () => {
  const points: [string, ProblemJson][] = [
    [
      "smooth around the point",
      problem(
        [
          ["1", "0"],
          ["-5/13", "12/13"],
        ],
        [1, 1],
        ["1", "0", "-5/13", "12/13", "1", "1"],
      ),
    ],
    [
      "between kinks",
      problem(
        [
          ["3", "4"],
          ["5", "0"],
        ],
        [1, -1],
        ["0", "1/2", "2/5", "-3/10", "1/2", "-1/2"],
      ),
    ],
  ];
  for (const [what, one] of points) {
    it(`thousands of starts in the ball find nothing better: ${what}`, { timeout: 60_000 }, () => {
      const { verdict, certificate } = decide(one);
      expect(verdict.radius).not.toBeNull();
      expect(examine(one, verdict, certificate, { everywhere: 100, ball: 4000 }, 5).contradictions).toEqual([]);
    });
  }
});

describe("the opponent is worth its name: it refutes falsehoods", () => {
  const local = problem(
    [
      ["1", "0"],
      ["-5/13", "12/13"],
    ],
    [1, 1],
    ["1", "0", "-5/13", "12/13", "1", "1"],
  );
  const saddle = problem(
    [
      ["1", "0"],
      ["0", "1"],
    ],
    [1, 1],
    ["1", "0", "0", "1", "1", "1"],
  );
  const best = problem([["1", "0"]], [1], ["1", "0", "0", "0", "1", "0"]);
  const lie = (one: ProblemJson, change: object, edit: (certificate: string) => string = (c) => c) => {
    const { verdict, certificate } = decide(one);
    return examine(one, { ...verdict, undecided: [], ...change }, edit(certificate), EFFORT, 3).contradictions.join(
      "; ",
    );
  };
  it("a local optimum said to be global", () => {
    expect(lie(local, { global: "yes" })).toContain("whole: global yes, but a feasible point");
  });
  it("a radius that is too large", () => {
    const wide = (certificate: string) => certificate.replace(/"radius": *"1\/\d+"/, '"radius": "2"');
    expect(lie(local, { radius: "2" }, wide)).toContain("in the ball of radius 2, a feasible point");
  });
  it("a descent said to be a local optimum", () => {
    expect(lie(saddle, { local: "yes" })).toContain("whole: local yes, but a feasible point");
  });
  it("KKT points said not to be, and the other way round", () => {
    expect(lie(local, { kkt: "no", local: "no", global: "no" })).toContain("kkt no, but the distance");
    const moved = { ...best, point: ["1", "1/1000", "0", "0", "1", "0"] };
    expect(lie(moved, { kkt: "yes" })).toContain("kkt yes, but the distance");
  });
  it("a curve that leaves the feasible set", () => {
    const backwards = (certificate: string) =>
      certificate.replace(/("kind": *"not-local"[\s\S]*?"end": *)"[^"]*"/, '$1"-1/8"');
    expect(lie(saddle, {}, backwards)).toContain("the curve");
  });
});

/** Two ReLU neurons in the plane. */
function problem(inputs: string[][], labels: (1 | -1)[], point: string[]): ProblemJson {
  return {
    format: "margincert/problem/1",
    name: "two neurons",
    network: { kind: "fully-connected", widths: [2, 2, 1], activation: "relu" },
    data: inputs.map((x, i) => ({ x, y: labels[i]! })),
    point,
  };
}
