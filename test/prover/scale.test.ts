/** Many signs at once: relaxed leaves instead of cells, and the semidefinite programmes behind them. */
import { describe, expect, it } from "vitest";
import { verifyCertificate } from "../../src/kernel/verify.js";
import { parseJson } from "../../src/network/decode.js";
import { uniform } from "../../src/numeric/random.js";
import { symmetricEigen } from "../../src/prover/search/numeric.js";
import { type Column, followPath, matrixAt } from "../../src/prover/search/semidefinite.js";
import { decide } from "../adversary/judge.js";
import {
  deepObtuse,
  deepOrthogonal,
  diagonalBranches,
  leakyOrthogonal,
  nearlyOrthogonal,
  orthogonal,
} from "../instances/many-samples.js";
import { wide } from "../instances/wide.js";

/** The leaves of the trees of all bounds of a certificate. */
function leaves(certificate: string): number {
  return [...certificate.matchAll(/"leaf"/g)].length;
}

/** The leaves of the tree of the whole network's strict local optimum. */
function strictLeaves(certificate: string): number {
  const { statements } = JSON.parse(certificate) as {
    statements: { kind: string; scope?: unknown; tree: unknown[] }[];
  };
  const strict = statements.filter(({ kind, scope }) => kind === "strict-local" && scope === "whole");
  return strict.reduce((total, { tree }) => total + tree.length, 0);
}

describe("networks with many samples", () => {
  const cases = [
    orthogonal({ samples: 9, width: 2, labels: 1 }),
    orthogonal({ samples: 16, width: 5, labels: 1 }),
    orthogonal({ samples: 8, width: 3, labels: 2 }),
    nearlyOrthogonal({ samples: 10, width: 2 }),
    leakyOrthogonal({ samples: 8, width: 2, slope: "1/2" }),
    deepOrthogonal({ samples: 4, width: 3, depth: 3 }),
    deepOrthogonal({ samples: 6, width: 2, depth: 4 }),
    deepOrthogonal({ samples: 4, width: 3, depth: 5 }),
    deepOrthogonal({ samples: 4, width: 4, depth: 6 }),
    deepObtuse({ samples: 16, width: 3, depth: 3 }),
    deepObtuse({ samples: 16, width: 3, depth: 4 }),
  ];
  it.each(cases.map((problem) => [problem.name, problem] as const))("decides %s with few leaves", (_, problem) => {
    const { verdict, certificate } = decide(problem);
    expect([verdict.kkt, verdict.local, verdict.global]).toEqual(["yes", "yes", "yes"]);
    expect(verdict.layers.every(({ global }) => global === "yes")).toBe(true);
    const read = verifyCertificate(parseJson(certificate));
    const bounds = read.readable && read.sort === "exact" ? read.statements : [];
    const whole = bounds.flatMap((one) =>
      one.accepted && one.statement.kind === "bound" && one.statement.scope === null ? [one.statement] : [],
    );
    expect(whole).toHaveLength(1);
    expect(leaves(JSON.stringify(whole, (__, value) => (typeof value === "bigint" ? `${value}` : value)))).toBeLessThan(
      8,
    );
  });
});

describe("networks with many inputs", () => {
  const cases = [
    wide({ activation: "linear", labels: 2, data: "dense", units: "one", side: 16, samples: 6 }),
    wide({ activation: "linear", labels: 2, data: "dense", units: "ten", side: 8, samples: 6 }),
    wide({ activation: "relu", labels: 1, data: "dense", units: "one", side: 16, samples: 6 }),
    wide({ activation: "relu", labels: 1, data: "pictures", units: "ten", side: 16, samples: 6 }),
    wide({ activation: "relu", labels: 2, data: "dense", units: "one", side: 16, samples: 8 }),
    wide({ activation: "relu", labels: 2, data: "pictures", units: "one", side: 16, samples: 6 }),
  ];
  it.each(cases.map((problem) => [problem.name, problem] as const))("decides %s, layers strictly", (_, problem) => {
    const { verdict } = decide(problem);
    expect([verdict.kkt, verdict.local, verdict.isContinuum, verdict.global]).toEqual(["yes", "yes", true, "yes"]);
    expect(verdict.layers.map(({ local, strict, global }) => [local, strict, global])).toEqual([
      ["yes", true, "yes"],
      ["yes", true, "yes"],
    ]);
    expect(verdict.undecided).toEqual([]);
  });

  it("says that a point of wide data which is no global optimum is none", () => {
    const problem = wide({ activation: "relu", labels: 2, data: "dense", units: "one", side: 8, samples: 8 });
    // One unit twice as long, and its output weight half as large: the same margins, and more norm.
    const point = problem.point.map((c, k) => (k < 64 ? c.replace(/^(-?)1\//, "$12/") : k === 640 ? "1/2" : c));
    const { verdict } = decide({ ...problem, point });
    expect([verdict.feasible, verdict.kkt, verdict.global]).toEqual([true, "no", "no"]);
  });
});

describe("strict local optima with many kinks", () => {
  it.each([
    [2, 4],
    [6, 0],
    [10, 0],
    [3, 7],
  ])("decides a diagonal network of depth 3 with %d live and %d dead branches in one cell", (live, dead) => {
    const { verdict, certificate } = decide(diagonalBranches(live, dead));
    expect([verdict.kkt, verdict.local]).toEqual(["yes", "yes"]);
    expect(verdict.strict).not.toBe(null);
    expect(strictLeaves(certificate)).toBe(1);
  });

  it("decides live neurons at the samples of the other label, at depth 3", () => {
    const { verdict, certificate } = decide(deepOrthogonal({ samples: 6, width: 2, depth: 3 }));
    expect([verdict.local, verdict.global]).toEqual(["yes", "yes"]);
    expect(verdict.strict).not.toBe(null);
    expect(strictLeaves(certificate)).toBe(1);
  });
});

describe("a global question that stays open", () => {
  it("says which norm relaxations leave to feasible points, and which limits were reached", () => {
    const { verdict } = decide({
      format: "margincert/problem/1",
      name: "generic-6-samples",
      network: { kind: "fully-connected", widths: [4, 2, 1], activation: "relu" },
      data: [
        { x: ["1", "5/8", "-7/6", "65/24"], y: 1 },
        { x: ["1", "3/8", "31/12", "-43/24"], y: 1 },
        { x: ["1", "-1", "-17/12", "-11/12"], y: 1 },
        { x: ["-1/5", "11/10", "-13/6", "7/24"], y: -1 },
        { x: ["-9/40", "173/160", "1/12", "-1/3"], y: -1 },
        { x: ["-11/8", "7/32", "25/12", "1/24"], y: -1 },
      ],
      point: ["1", "0", "0", "0", "-3/5", "4/5", "0", "0", "1", "-1"],
    });
    expect([verdict.local, verdict.global]).toEqual(["yes", "undecided"]);
    const [, least, share, norm] =
      /no feasible point has a norm below ([\d.]+), which is ([\d.]+)% of ([\d.]+), the point's/
        .exec(verdict.undecided[0]!)!
        .map(Number) as [number, number, number, number];
    expect(norm).toBe(2);
    expect(least).toBeGreaterThan(1);
    expect(least).toBeLessThan(norm);
    expect(share / 100).toBeCloseTo(least / norm, 3);
    expect(verdict.undecided[0]).toContain("limits reached: 600 cells of the whole network");
  });
});

describe("followPath", () => {
  const random = uniform(7);
  const normal = () => random() + random() + random() - 1.5;
  const unit = (n: number) => {
    const v = Array.from({ length: n }, normal);
    const norm = Math.hypot(...v);
    return v.map((c) => c / norm);
  };
  const size = (n: number) => 1 + Math.floor(random() * n);

  it("bounds the value of random programmes from both sides", () => {
    for (let round = 0; round < 40; round++) {
      const n = 2 + size(6);
      const forms = Array.from({ length: 2 + size(5) }, () => unit(n));
      const columns = forms.flatMap((_, first) =>
        forms.flatMap((__, second): Column[] => (first < second ? [{ first, second, isFree: random() < 0.2 }] : [])),
      );
      const P = Array.from({ length: n }, () => unit(n));
      const Q = P.map((u, i) => P.map((v, j) => u.reduce((t, c, k) => t + c * v[k]!, 0) - (i === j ? random() : 0)));
      const [start, others] = [columns.filter((c) => c.isFree), columns.filter((c) => !c.isFree)];
      let best = Infinity;
      const outcome = followPath(Q, forms, start, others, ({ columns: own, x, epsilon }) => {
        // Primal feasible: what is claimed is really positive semidefinite.
        const M = matrixAt(Q, forms, own, x, epsilon).map((row) => [...row]);
        expect(symmetricEigen(M).values[0]!).toBeGreaterThan(-1e-9);
        expect(own.every(({ isFree }, k) => isFree || x[k]! > 0)).toBe(true);
        best = epsilon;
        return epsilon < 0 ? epsilon : null;
      });
      if (outcome.kind === "found") continue;
      // Nearly dual feasible, and of at least half the value: ε is not 0 for want of columns.
      const X = outcome.moment;
      const inner = (i: number, j: number) =>
        forms[i]!.reduce((t, c, k) => t + c * forms[j]!.reduce((s, d, l) => s + X[k]![l]! * d, 0), 0);
      for (const { first, second, isFree } of columns) {
        expect(inner(first, second)).toBeGreaterThan(-1e-2);
        if (isFree) expect(Math.abs(inner(first, second))).toBeLessThan(1e-2);
      }
      const value = -Q.reduce((t, row, i) => t + row.reduce((s, c, j) => s + c * X[i]![j]!, 0), 0);
      expect(symmetricEigen(X.map((row) => [...row])).values[0]!).toBeGreaterThan(-1e-9);
      expect(Math.abs(Math.min(best, outcome.epsilon) - value)).toBeLessThan(0.6 * Math.abs(outcome.epsilon) + 1e-3);
    }
  });
});
