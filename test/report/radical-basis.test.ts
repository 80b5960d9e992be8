/** Numbers come back in the radicals that were typed, from the minimal polynomial alone. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { numberField } from "../../src/exact/number-field.js";
import { Q, rational } from "../../src/exact/rational.js";
import type { Instance } from "../../src/network/instance.js";
import { parseInstance } from "../../src/problem/problem.js";
import { numberLatex } from "../../src/report/proof/typeset.js";
import { radicalBasis } from "../../src/report/radical-basis.js";
import { exactText } from "../../src/report/verdict.js";

/** An instance whose point has these numbers. */
function typed(...numbers: readonly string[]): Instance<unknown> {
  const network = { kind: "diagonal", width: numbers.length, depth: 1, activation: "linear" };
  const data = [{ x: numbers.map(() => "1"), y: 1 }];
  return parseInstance(JSON.stringify({ format: "margincert/problem/1", name: "p", network, data, point: numbers }));
}

describe("in LaTeX, and as one types them", () => {
  it.each([
    [
      ["sqrt(2/5)", "sqrt(1/5)"],
      ["\\tfrac{1}{5} \\sqrt{10}", "\\tfrac{1}{\\sqrt{5}}"],
      ["sqrt(10)/5", "sqrt(5)/5"],
    ],
    [
      ["sqrt(2)+sqrt(3)", "sqrt(6)"],
      ["\\sqrt{2} + \\sqrt{3}", "\\sqrt{6}"],
      ["sqrt(2) + sqrt(3)", "sqrt(6)"],
    ],
    [
      ["sqrt(2)", "root(3,3)"],
      ["\\sqrt{2}", "3^{1/3}"],
      ["sqrt(2)", "root(3,3)"],
    ],
    [
      ["1/sqrt(3)", "root(3/8,4)"],
      ["\\tfrac{1}{\\sqrt{3}}", "\\tfrac{1}{2} \\cdot 6^{1/4}"],
      ["sqrt(3)/3", "root(6,4)/2"],
    ],
    [
      ["sqrt(2)*root(3,4)", "root(3,4)-sqrt(2)"],
      ["12^{1/4}", "3^{1/4} - \\sqrt{2}"],
      ["root(12,4)", "root(3,4) - sqrt(2)"],
    ],
    [
      ["sqrt(5)/2+1/2", "sqrt(7)"],
      ["\\tfrac{1}{2} + \\tfrac{1}{2} \\sqrt{5}", "\\sqrt{7}"],
      ["1/2 + sqrt(5)/2", "sqrt(7)"],
    ],
    [
      ["2*root(5,3)^2/3", "0"],
      ["\\tfrac{2}{3} \\cdot 5^{2/3}", "0"],
      ["2*root(25,3)/3", "0"],
    ],
  ])("%s", (numbers, latex, plain) => {
    const { field: K, point } = typed(...numbers);
    expect(point.map((value) => numberLatex(K, value))).toEqual(latex);
    expect(point.map((value) => exactText(K, value))).toEqual(plain);
    // What is printed can be typed again, and means the same.
    const again = typed(...plain);
    expect(again.point.map((value) => again.field.toNumber(value))).toEqual(point.map((value) => K.toNumber(value)));
  });
});

it("the coordinates have the value of the number", () => {
  const radicals = fc.uniqueArray(
    fc.tuple(fc.integer({ min: 2, max: 60 }), fc.constantFrom(2, 2, 3, 4)).map(([c, k]) => `root(${c},${k})`),
    { minLength: 1, maxLength: 3 },
  );
  fc.assert(
    fc.property(radicals, fc.integer({ min: 1, max: 9 }), (typedRadicals, d) => {
      const last = typedRadicals.map((one, k) => `${one}*${k + 1}/${d}`).join("-");
      let instance: Instance<unknown>;
      try {
        instance = typed(...typedRadicals, last);
      } catch {
        return; // a degree over 32
      }
      const { field: K, point } = instance;
      if (K.degree > 16) return;
      const basis = radicalBasis(K);
      if (K.degree > 1) expect(basis, `${typedRadicals}`).not.toBeNull();
      for (const value of point) {
        const values = basis?.coordinates(K.coordinates(value)) ?? K.coordinates(value);
        const sum = values.reduce((total, q, k) => {
          const { radicand, degree, power } = basis?.roots[k] ?? { radicand: 1n, degree: 1, power: 0 };
          return total + Q.toNumber(q) * Number(radicand) ** (power / degree);
        }, 0);
        expect(sum).toBeCloseTo(K.toNumber(value), 9);
      }
    }),
    { numRuns: 40 },
  );
});

it.each([
  ["root(2,3)", "root(35,3)"],
  ["root(2,4)", "root(3,4)"],
  ["root(7,5)", "sqrt(3)"],
  ["root(2,3)", "sqrt(5)", "sqrt(7)"],
])("%s, %s", (...radicals) => {
  const { field: K } = typed(...radicals);
  expect(radicalBasis(K)?.roots).toHaveLength(K.degree);
});

it("five square roots, of degree 32", () => {
  const { field: K, point } = typed(...[2, 3, 5, 7, 11].map((p) => `1/sqrt(${p})`), "sqrt(2310)");
  expect(K.degree).toBe(32);
  expect(exactText(K, point[5])).toBe("sqrt(2310)");
});

describe("where there is no basis of radicals", () => {
  it("of a nested radical, numbers are polynomials in the generator", () => {
    const { field: K, point } = typed("sqrt(2+sqrt(2))");
    expect(radicalBasis(K)).toBeNull();
    expect(exactText(K, point[0])).toMatch(/a/);
  });

  it.each([
    ["x³ − 3x + 1", [1, -3, 0, 1], [0, 1]],
    ["x⁴ − 4x² + 2, nested", [2, 0, -4, 0, 1], [1, 3]],
    ["x⁴ − 10x² + 1 at a negative root", [1, 0, -10, 0, 1], [-4, -3]],
  ])("%s", (name, coefficients, [low, high]) => {
    const K = numberField({
      minimalPolynomial: coefficients.map((c) => rational(BigInt(c))),
      interval: [rational(BigInt(low!)), rational(BigInt(high!))],
    });
    const basis = radicalBasis(K);
    if (name.includes("negative")) expect(exactText(K, K.fromCoordinates([Q.zero, Q.one]))).toBe("-sqrt(2) - sqrt(3)");
    else expect(basis).toBeNull();
  });
});
