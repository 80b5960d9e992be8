import { describe, expect, it } from "vitest";
import type { Instance } from "../../src/certificate/format.js";
import { parametersOf } from "../../src/problem/network.js";
import { numeric, squaredNorm } from "../../src/report/page/numeric.js";
import { parameterLatex, preactivationLatex } from "../../src/report/proof/notation.js";
import type { Block } from "../../src/report/proof.js";
import { seeded } from "../adversary/numeric.js";
import { acceptedFile, claimsOf, files } from "./documents.js";
import { latexValue } from "./latex-value.js";

type Values = Record<string, number>;

const textsOf = (blocks: readonly Block[]): string[] =>
  blocks.flatMap((block) => (block.kind === "text" ? [block.text] : block.kind === "items" ? block.items : []));
const displaysOf = (blocks: readonly Block[]): string[][] =>
  blocks.flatMap((block) => (block.kind === "display" ? [[...block.lines]] : []));

/** z_j(x_i) is one variable. */
const joined = (latex: string) => latex.replace(/z_\{([\d,]+)\}\(x_\{(\d+)\}\)/g, "z_{$1;$2}");

/** The equations of a display, with the lines of one sum together. */
function equations(lines: readonly string[]): string[] {
  const found: string[] = [];
  for (const line of lines) {
    if (line.startsWith("&\\qquad")) found.push(`${found.pop()} ${line.slice("&\\qquad".length)}`);
    else found.push(line);
  }
  return found.map((one) => joined(one.replace(/[.,]$/, "")));
}

function expectClose(found: number, wanted: number, what: string): void {
  expect(Math.abs(found - wanted), `${what}: ${found}, not ${wanted}`).toBeLessThan(1e-9 * (1 + Math.abs(wanted)));
}

const parameterValues = ({ network }: Instance<unknown>, point: readonly number[]): Values =>
  Object.fromEntries(point.map((value, k) => [parameterLatex(network, k), value]));

describe("the printed formulas have the values of what they stand for", () => {
  it.each(files)("the margins with the data put in, of %s", (file) => {
    const { instance, document } = acceptedFile(file);
    const random = seeded(1);
    const { margins } = numeric(instance);
    for (const line of displaysOf(document.blocks).flatMap(equations)) {
      const match = /^y_\{(\d+)\}\\Phi\(\\theta; x_\{\d+\}\) &= (.*)$/.exec(line);
      if (match === null || match[2]!.includes("\\sigma")) continue;
      const point = instance.point.map(() => 4 * random() - 2);
      const value = latexValue(match[2]!, parameterValues(instance, point));
      expectClose(value, margins(point)[Number(match[1]) - 1]!, line);
    }
  });

  it.each(files)("the curve of descent with its margins and its norm, of %s", (file) => {
    const { instance, document, statements } = acceptedFile(file);
    const { margins, point } = numeric(instance);
    const curves = claimsOf(document).filter(({ statement }) => /is not a local optimum of/.test(statement));
    expect(curves.length > 0).toBe(statements.some(({ kind }) => kind === "not-local"));
    for (const { proof } of curves) {
      const [assignments] = displaysOf(proof) as [string[]];
      const norm = displaysOf(proof).at(-1)![0]!;
      const end = latexValue(/For \$0 \\le t \\le (.*?)\$/.exec(textsOf(proof)[0]!)![1]!, {});
      for (const t of [end / 7, end / 2, end]) {
        const moved = new Map(
          assignments
            .flatMap((line) => line.split(/,\\quad /))
            .map((one) => /^&?(.*)\(t\) = (.*?),?$/.exec(one)!)
            .map((match) => [match[1]!, latexValue(match[2]!, { t })]),
        );
        const there = point.map((value, k) => moved.get(parameterLatex(instance.network, k)) ?? value);
        for (const item of textsOf(proof)) {
          const match = /^\$y_\{(\d+)\}.* - 1 = (.*?)(?: > 0\$|\$ identically)/.exec(item);
          if (match === null) continue;
          const slack = latexValue(match[2]!, { t });
          expect(slack).toBeGreaterThanOrEqual(0);
          expectClose(slack, margins(there)[Number(match[1]) - 1]! - 1, item);
        }
        const gain = latexValue(/= (.*) > 0$/.exec(norm)![1]!, { t });
        expect(gain).toBeGreaterThan(0);
        expectClose(gain, squaredNorm(point) - squaredNorm(there), norm);
      }
    }
  });

  it.each(files)("the identities of strict local optimality, of %s", (file) => {
    const { instance, document } = acceptedFile(file);
    const random = seeded(2);
    for (const { statement, proof } of claimsOf(document)) {
      const match = /^The point \$\\theta(?:_\{(\d+)\})?\$ is a strict local optimum/.exec(statement);
      if (match === null) continue;
      const moving = parametersOf(instance.network, match[1] === undefined ? null : Number(match[1]) - 1);
      const theta = moving.map((k) => instance.field.toNumber(instance.point[k]!));
      const d = moving.map(() => random() - 0.5);
      const values: Values = Object.fromEntries(d.map((c, k) => [`d_{${k + 1}}`, c]));
      values["\\|d\\|"] = Math.sqrt(squaredNorm(d));
      const growth = (squaredNorm(theta.map((c, k) => c + d[k]!)) - squaredNorm(theta)) / 2;
      for (const line of displaysOf(proof).flatMap(equations)) {
        const constraint = /^\(?(-?)(h_\{\d+\}|z_\{[\d,;]+\})\)? &= (.*) \\ge 0$/.exec(line);
        if (constraint !== null)
          values[constraint[2]!] = (constraint[1] === "-" ? -1 : 1) * latexValue(constraint[3]!, values);
        const combined = /&= (.*) \+ q\(d\)$/.exec(line);
        if (combined !== null) values.growth = growth - latexValue(combined[1]!, values);
        const q = /^q\(d\) &= (.*)$/.exec(line);
        if (q !== null) {
          values.q = latexValue(q[1]!, values);
          expectClose(values.q, values.growth!, line);
          values.quadratic = quadraticPart(q[1]!, values, d);
        }
        const main = /^& (.*?)( \+ S\(d\))?$/.exec(line);
        if (main !== null) values.quadratic! -= latexValue(main[1]!, values);
        const S = /^S\(d\) = \{\}& (.*) \\ge 0$/.exec(line);
        if (S !== null) expectClose(latexValue(S[1]!, values), values.quadratic!, line);
        const linear = /^\\langle .*, d\\rangle = (.*?) \\ge 0,/.exec(line);
        if (linear !== null) {
          const product = theta.reduce((sum, c, k) => sum + c * d[k]!, 0);
          expectClose(latexValue(linear[1]!, values), product, line);
        }
      }
    }
  });

  it("names every pre-activation as the formulas do", () => {
    const { instance } = acceptedFile("../../certificates/fc-relu.json");
    expect(joined(preactivationLatex(instance.network, 1, 0, 0))).toBe("z_{1;2}");
  });
});

/** The quadratic part of a polynomial without parts of degree 0 and 1, by scaling d. */
function quadraticPart(latex: string, values: Values, d: readonly number[]): number {
  const at = (scale: number) =>
    latexValue(latex, { ...values, ...Object.fromEntries(d.map((c, k) => [`d_{${k + 1}}`, c * scale])) });
  const step = 1e-4;
  return (at(step) + at(-step)) / (2 * step * step);
}
