/** What is made of a proposed basis, good or bad: its exact solution, the simplex method from there, the last check. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dot } from "../../src/exact/field.js";
import { rank } from "../../src/exact/linear.js";
import { Q, type Rational, rational } from "../../src/exact/rational.js";
import { isProved } from "../../src/prover/search/lp/check.js";
import { solveBasis } from "../../src/prover/search/lp/lifting.js";
import { mapProgram, type Program, type Ratios, rationalIntegers } from "../../src/prover/search/lp/program.js";
import { propose } from "../../src/prover/search/lp/propose.js";
import { simplex } from "../../src/prover/search/lp/simplex.js";
import type { LpResult } from "../../src/prover/search/lp.js";

const Z = rationalIntegers(Q);

/** minimise costs · z, A z = bounds, z ≥ 0 */
function equations(
  A: readonly (readonly bigint[])[],
  costs: readonly bigint[],
  bounds: readonly bigint[],
): Program<bigint> {
  const columns = costs.map((_, j) => A.map((row, i) => ({ row: i, value: row[j]! })));
  return {
    columns: [...columns, ...bounds.map((_, row) => [{ row, value: 1n }])],
    costs: [...costs, ...bounds.map(() => 0n)],
    kinds: [...costs.map(() => "nonnegative" as const), ...bounds.map(() => "fixed" as const)],
    bounds,
  };
}

function entries<T>(entry: fc.Arbitrary<T>, length: number): fc.Arbitrary<T[]> {
  return fc.array(entry, { minLength: length, maxLength: length });
}

describe("propose", () => {
  it("proposes the basis of the optimum", () => {
    const columns = Array.from({ length: 30 }, (_, j) => j);
    const A = Array.from({ length: 10 }, (_, i) => columns.map((j) => BigInt(((7 * i + 3) * (j + 2) ** 3) % 19) - 9n));
    const costs = columns.map((j) => BigInt(1 + (j % 7)));
    const program = equations(
      A,
      costs,
      A.map((row) => row[0]! + 2n * row[5]! + row[20]!),
    );
    const proposal = propose(mapProgram(program, Number))!;
    expect(proposal.infeasible).toBe(false);
    const x = solveBasis(program, proposal.candidates)!.x();
    const expected = simplex(Z, program, []);
    const value = (point: Ratios<bigint>) => rational(dot(Z, program.costs, point.numerators), point.denominator);
    expect(expected.kind === "optimal" && value(expected.x)).toEqual(value(x));
  });

  it("notices an infeasible programme, and declines numbers that no double can hold", () => {
    const program = equations([[1n, 1n]], [1n, 1n], [-1n]);
    expect(propose(mapProgram(program, Number))?.infeasible).toBe(true);
    expect(propose(mapProgram(equations([[10n ** 400n]], [1n], [1n]), Number))).toBeNull();
  });
});

describe("solveBasis", () => {
  const size = 5;
  const entry = fc.oneof(fc.bigInt(-9n, 9n), fc.bigInt(-(10n ** 60n), 10n ** 60n));
  const vector = entries(entry, size);

  it("solves B x = b and Bᵀ y = c exactly, whatever the size of the entries", () => {
    fc.assert(
      fc.property(entries(vector, size), vector, vector, (A, costs, bounds) => {
        fc.pre(
          rank(
            Q,
            A.map((row) => row.map((a) => rational(a))),
          ) === size,
        );
        const basis = solveBasis(equations(A, costs, bounds), [...costs.keys()])!;
        const [x, dual] = [basis.x(), basis.dual()];
        const image = A.map((row) => dot(Z, row, x.numerators.slice(0, size)));
        expect(image).toEqual(bounds.map((b) => b * x.denominator));
        const prices = costs.map((_, j) =>
          dot(
            Z,
            A.map((row) => row[j]!),
            dual.numerators,
          ),
        );
        expect(prices).toEqual(costs.map((c) => c * dual.denominator));
      }),
    );
  });

  it("passes over dependent columns and fills up with unit vectors", () => {
    const program = equations(
      [
        [1n, 2n, 0n],
        [3n, 6n, 0n],
      ],
      [5n, 7n, 1n],
      [4n, 9n],
    );
    const basis = solveBasis(program, [0, 1, 2])!;
    expect(basis.x()).toEqual({ numerators: [4n, 0n, 0n, 0n, -3n], denominator: 1n });
    expect(basis.dual()).toEqual({ numerators: [5n, 0n], denominator: 1n });
  });
});

describe("simplex", () => {
  const [rows, columns] = [3, 6];
  const small = fc.bigInt(-4n, 4n);

  it("comes to the same end from every basis", () => {
    fc.assert(
      fc.property(
        entries(entries(small, columns), rows),
        entries(small, columns),
        entries(small, rows),
        fc.shuffledSubarray(Array.from({ length: columns + rows }, (_, j) => j)),
        (A, costs, bounds, start) => {
          const program = equations(A, costs, bounds);
          const [cold, warm] = [simplex(Z, program, []), simplex(Z, program, start)];
          expect(warm.kind).toBe(cold.kind);
          if (cold.kind !== "optimal" || warm.kind !== "optimal") return;
          const value = ({ x }: typeof cold) => rational(dot(Z, program.costs, x.numerators), x.denominator);
          expect(value(warm)).toEqual(value(cold));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("simplex on degenerate vertices", () => {
  it("leaves the cycle that the steepest variable alone runs into", () => {
    // V. Chvátal, Linear Programming, 1983, chapter 3; the slacks are columns here, so that the rows can be doubled.
    const A = [
      [1n, -11n, -5n, 18n, 2n, 0n, 0n],
      [1n, -3n, -1n, 2n, 0n, 2n, 0n],
      [1n, 0n, 0n, 0n, 0n, 0n, 1n],
    ];
    const program = equations(A, [-10n, 57n, 9n, 24n, 0n, 0n, 0n], [0n, 0n, 1n]);
    const outcome = simplex(Z, program, [4, 5, 6]);
    expect(outcome.kind).toBe("optimal");
    if (outcome.kind === "optimal") expect(dot(Z, program.costs, outcome.x.numerators)).toBe(-outcome.x.denominator);
  });
});

describe("isProved", () => {
  // x_0 + x_1 = 2, x_0 − x_1 = 0 in halves: the rows and the costs are scaled.
  const program = equations(
    [
      [1n, 1n],
      [1n, -1n],
    ],
    [1n, 3n],
    [2n, 0n],
  );
  const scaled = { program, rowScales: [2n, 1n], costScale: 4n };
  const judge = (result: LpResult<Rational>) => isProved(Q, Z, scaled, result);
  const list = (...numbers: [bigint, bigint][]) => numbers.map(([n, d]) => rational(n, d));
  const optimum = {
    kind: "optimal" as const,
    x: list([1n, 1n], [1n, 1n]),
    value: rational(1n),
    dual: list([1n, 1n], [-1n, 4n]),
  };

  it("accepts the optimum", () => {
    expect(judge(optimum)).toBe(true);
  });

  it.each<[string, LpResult<Rational>]>([
    ["an infeasible x", { ...optimum, x: list([2n, 1n], [0n, 1n]) }],
    ["a negative x", { ...optimum, x: list([3n, 1n], [-1n, 1n]) }],
    ["another value", { ...optimum, value: rational(2n) }],
    ["a dual with a gap", { ...optimum, dual: list([0n, 1n], [0n, 1n]) }],
    ["a dual that is too dear", { ...optimum, dual: list([1n, 1n], [1n, 1n]) }],
    ["a Farkas ray that separates nothing", { kind: "infeasible", farkas: list([-1n, 1n], [0n, 1n]) }],
    ["a Farkas ray of the wrong sign", { kind: "infeasible", farkas: list([1n, 1n], [0n, 1n]) }],
    ["a ray that leaves", { kind: "unbounded", x: optimum.x, ray: list([-1n, 1n], [0n, 1n]) }],
    ["a ray that does not descend", { kind: "unbounded", x: optimum.x, ray: list([0n, 1n], [0n, 1n]) }],
  ])("rejects %s", (_, result) => {
    expect(judge(result)).toBe(false);
  });
});
