import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Rational, rational } from "../../src/exact/rational.js";
import type { Tree } from "../../src/kernel/explore.js";
import type { Instance } from "../../src/network/instance.js";
import { parseProblem } from "../../src/problem/problem.js";
import { casesOf } from "../../src/report/proof/cases.js";
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

describe("the cells of a tree", () => {
  const split = (unit: number, on: Tree<Rational, string>, off: Tree<Rational, string>): Tree<Rational, string> => ({
    split: { sample: 0, layer: 0, unit },
    on,
    off,
  });
  const { problem } = parseProblem(
    JSON.stringify({
      format: "margincert/problem/1",
      name: "cells",
      network: { kind: "fully-connected", widths: [1, 4, 1], activation: "relu" },
      data: [{ x: [1], y: 1 }],
      point: [1, 1, 1, 1, 1, 1, 1, 1],
    }),
  );
  const instance = { ...problem, point: problem.point! } as Instance<Rational>;
  const leavesOf = (tree: Tree<Rational, string>): string[] =>
    "leaf" in tree ? [tree.leaf] : "split" in tree ? [...leavesOf(tree.on), ...leavesOf(tree.off)] : [];
  const cases = (tree: Tree<Rational, string>) => casesOf(instance, tree, leavesOf(tree));

  const treeOf = (unit: number): fc.Arbitrary<Tree<Rational, string>> => {
    const leaf = fc.constantFrom("a", "b").map((key): Tree<Rational, string> => ({ leaf: key }));
    if (unit === 4) return leaf;
    return fc.oneof(
      leaf,
      fc.tuple(treeOf(unit + 1), treeOf(unit + 1)).map(([on, off]) => split(unit, on, off)),
    );
  };

  it("are each in exactly one case, with what is said of them", () => {
    fc.assert(
      fc.property(treeOf(0), fc.array(fc.constantFrom(1, -1), { minLength: 4, maxLength: 4 }), (tree, signs) => {
        let node = tree;
        while ("split" in node) node = signs[(node.split as { unit: number }).unit]! > 0 ? node.on : node.off;
        const { keys, where, signs: names } = cases(tree);
        const order = [...names.matchAll(/z_\{(\d)\}/g)].map(([, unit]) => Number(unit) - 1);
        const containing = keys.filter((key) => {
          const label = where(key);
          if (label === "") return keys.length === 1;
          return [...label.matchAll(/\$([^$]*)\$/g)].some(([, part]) =>
            part!.includes("{") && !part!.includes("z")
              ? [...part!.matchAll(/\{([-+*])\}/g)].every(
                  ([, sign], k) => sign === "*" || (sign === "+") === signs[order[k]!]! > 0,
                )
              : [...part!.matchAll(/z_\{(\d)\}\(x_\{1\}\) \\(ge|le)/g)].every(
                  ([, unit, relation]) => (relation === "ge") === signs[Number(unit) - 1]! > 0,
                ),
          );
        });
        expect(containing).toEqual(["leaf" in node ? node.leaf : ""]);
      }),
    );
  });

  it("are written as inequalities where there are few, with stars where there are more", () => {
    const few = cases(split(0, { leaf: "a" }, { leaf: "b" }));
    expect([few.signs, few.where("a")]).toEqual(["by the sign of $z_{1}(x_{1})$", "$z_{1}(x_{1}) \\ge 0$"]);
    const more = cases(split(0, split(1, split(2, { leaf: "a" }, { leaf: "b" }), { leaf: "b" }), { leaf: "b" }));
    expect(more.where("b")).toBe(["{+}{+}{-}", "{+}{-}{*}", "{-}{*}{*}"].map((one) => `$${one}$`).join(", "));
    expect(more.signs).toContain("($*$ is either)");
  });

  it("drop a sign that makes no difference", () => {
    const same = cases(split(0, { leaf: "a" }, { leaf: "a" }));
    expect([same.signs, same.where("a"), same.count("a")]).toEqual(["", "", 2]);
  });

  it("say why some do not occur", () => {
    const member = (unit: number) => ({ at: { sample: 0, layer: 0, unit }, weight: rational(BigInt(unit + 1)) });
    const gone = split(0, split(1, { leaf: "a" }, { gone: [member(0), member(1)] }), { leaf: "a" });
    expect(cases(gone).gone).toEqual([
      "$z_{1}(x_{1}) > 0,\\; z_{2}(x_{1}) < 0$, as $z_{1}(x_{1}) - 2 z_{2}(x_{1}) = 0$",
    ]);
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
