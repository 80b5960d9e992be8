/** Fields of high degree: searched in floating point and in residues, proved in the field. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dot, equals } from "../../src/exact/field.js";
import { rank, rowReduce, solve } from "../../src/exact/linear.js";
import { rational } from "../../src/exact/rational.js";
import { verifyCertificate } from "../../src/kernel/verify.js";
import { parseJson } from "../../src/network/decode.js";
import { independentRows, solveSystem } from "../../src/prover/search/solve.js";
import { decide } from "../adversary/judge.js";
import { element, FIELDS, field, smallRational } from "../exact/fields.js";
import { fiveOnALine, parity, primeAxes, sevenOnALine } from "../instances/fields.js";

describe("problems in fields of high degree", () => {
  it.each(
    [fiveOnALine(), sevenOnALine(), primeAxes([2, 3, 5, 7, 11]), parity({ noise: 1, root: 2 })].map(
      (problem) => [problem.name, problem] as const,
    ),
  )("decides %s", (_, problem) => {
    const { verdict, certificate } = decide(problem);
    expect([verdict.kkt, verdict.local, verdict.global]).toEqual(["yes", "yes", "yes"]);
    expect(verdict.strict).not.toBeNull();
    expect(verdict.layers.every((layer) => layer.local === "yes" && layer.global === "yes")).toBe(true);
    const read = verifyCertificate(parseJson(certificate));
    expect(read.readable && read.statements.every(({ accepted }) => accepted)).toBe(true);
  });
});

describe.each([
  ...FIELDS,
  { name: "ℚ(√2 + 3^{1/3})", field: field(["1", "-36", "12", "-6", "-6", "0", "1"], "2", "3") },
])("linear systems over $name", ({ field: K }) => {
  const entry = fc.oneof(fc.constant(K.zero), fc.constant(K.one), element(K, smallRational));
  const matrix = (m: number, n: number) =>
    fc.array(fc.array(entry, { minLength: n, maxLength: n }), { minLength: m, maxLength: m });
  /** m × n, of any rank. */
  const any = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })).chain(([m, n]) =>
    fc.integer({ min: 0, max: Math.min(m, n) }).chain((r) =>
      fc.tuple(matrix(m, r), matrix(r, n)).map(([L, R]) =>
        L.map((row) =>
          Array.from({ length: n }, (_, j) =>
            dot(
              K,
              row,
              R.map((other) => other[j]!),
            ),
          ),
        ),
      ),
    ),
  );
  const RUNS = { numRuns: 40 };

  it("have the solution that elimination in the field finds, or none", () => {
    fc.assert(
      fc.property(
        any.chain((A) => fc.tuple(fc.constant(A), matrix(1, A.length), matrix(1, A[0]!.length))),
        ([A, [b], [x]]) => {
          const image = A.map((row) => dot(K, row, x!));
          for (const right of [b!, image]) {
            const [found, expected] = [solveSystem(K, A, right), solve(K, A, right)];
            expect(found === null).toBe(expected === null);
            expect(found?.every((c, k) => equals(K, c, expected![k]!)) ?? true).toBe(true);
          }
          expect(solveSystem(K, A, image)).not.toBeNull();
        },
      ),
      RUNS,
    );
  });

  it("have as many independent rows as their rank, the earliest ones", () => {
    fc.assert(
      fc.property(any, (A) => {
        const chosen = independentRows(K, A);
        expect(chosen).toHaveLength(rank(K, A));
        const columns = A[0]!.map((_, j) => A.map((row) => row[j]!));
        expect(chosen).toEqual(rowReduce(K, columns).pivots);
      }),
      RUNS,
    );
  });
});

it("systems in what is no field are solved as far as they can be, in it", () => {
  // (x² − 2)(x² − 3), at √2: x² − 3 is no unit, though it is −1.
  const K = field(["6", "0", "-5", "0", "1"], "1", "3/2");
  const minusOne = K.fromCoordinates([-3n, 0n, 1n].map((n) => rational(n)));
  expect(() => solveSystem(K, [[minusOne]], [K.one])).toThrow(/reducible/);
  expect(solveSystem(K, [[K.one, minusOne]], [K.one])).toEqual([K.one, K.zero]);
});
