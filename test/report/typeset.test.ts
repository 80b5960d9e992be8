import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Orientation } from "../../src/certificate/format.js";
import { parseProblem } from "../../src/problem/problem.js";
import { cubesLatex, signCubes } from "../../src/report/proof/cubes.js";
import { brokenSum, decimalLatex, isSum, numberLatex } from "../../src/report/proof/typeset.js";
import { latexValue } from "./latex-value.js";

/** A number as a problem file writes it, typeset in the field of that file, with its value. */
function typeset(source: string): { latex: string; decimal: string; value: number } {
  const { problem } = parseProblem(
    JSON.stringify({
      format: "margincert/problem/1",
      name: "number",
      network: { kind: "fully-connected", widths: [1, 1], activation: "linear" },
      data: [{ x: [source], y: 1 }],
    }),
  );
  const K = problem.field;
  const value = problem.data[0]!.x[0]!;
  return { latex: numberLatex(K, value), decimal: decimalLatex(K, value), value: K.toNumber(value) };
}

describe("exact numbers", () => {
  it.each([
    ["-3/4", "-\\tfrac{3}{4}"],
    ["sqrt(2)", "\\sqrt{2}"],
    ["sqrt(2)/2", "\\tfrac{1}{\\sqrt{2}}"],
    ["sqrt(8)/2", "\\sqrt{2}"],
    ["sqrt(12)", "2 \\sqrt{3}"],
    ["root(8,4)", "2^{3/4}"],
    ["root(2,3)*root(2,3)/2", "2^{-1/3}"],
    ["3*root(2,3)", "3 \\cdot 2^{1/3}"],
    ["1 - sqrt(3)", "1 - \\sqrt{3}"],
  ])("%s is written %s", (source, latex) => {
    expect(typeset(source).latex).toBe(latex);
  });

  it("have the value that they are written with, whatever the root", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 400 }),
        fc.constantFrom(2, 3, 4, 6),
        fc.integer({ min: -9, max: 9 }),
        (r, n, p) => {
          const { latex, value } = typeset(`${p}/7 + root(${r},${n})/${r} - root(${r},${n})*root(${r},${n})`);
          expect(Math.abs(latexValue(latex, {}) - value)).toBeLessThan(1e-9 * (1 + Math.abs(value)));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("have a decimal beside them only where they are irrational", () => {
    expect(typeset("1/3").decimal).toBe("");
    expect(typeset("6 - 9*root(2,3)*root(2,3)/4").decimal).toBe(" \\approx 2.428");
  });
});

describe("sign choices", () => {
  const orientation = fc.constantFrom<Orientation>(1, -1);

  it("are each in exactly one cube, with what is said of them", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(orientation, orientation, orientation, orientation), {
          selector: String,
          minLength: 1,
        }),
        fc.array(fc.constantFrom("a", "b"), { minLength: 16, maxLength: 16 }),
        (choices, keys) => {
          const leaves = choices.map((chosen, k) => ({ chosen, key: keys[k]! }));
          const cubes = signCubes(leaves);
          for (const { chosen, key } of leaves) {
            const containing = cubes.filter(({ signs }) =>
              [...signs].every((sign, k) => sign === "*" || sign === (chosen[k]! > 0 ? "+" : "-")),
            );
            expect(containing.map((cube) => cube.key)).toEqual([key]);
          }
        },
      ),
    );
  });

  it("are written with stars only where both signs occur", () => {
    const leaves = [
      { chosen: [1, 1], key: "a" },
      { chosen: [1, -1], key: "a" },
    ] as const;
    expect(cubesLatex(signCubes(leaves), "a")).toBe(`$${"{+}{*}"}$`);
  });
});

describe("sums", () => {
  it("want parentheses as factors", () => {
    expect(["a + b", "-a", "2 (a + b)", "\\tfrac{1}{2} x"].map(isSum)).toEqual([true, true, true, false]);
  });

  it("are broken outside of parentheses only, without loss", () => {
    const sum = Array.from({ length: 30 }, (_, k) => `${k} \\left(x_{${k}} - y_{${k}}\\right)`).join(" + ");
    const lines = brokenSum(sum);
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.join("")).toBe(sum);
    for (const line of lines) expect(line.split("(").length).toBe(line.split(")").length);
  });
});
