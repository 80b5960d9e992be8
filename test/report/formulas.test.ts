import { describe, expect, it } from "vitest";
import { equals, sum } from "../../src/exact/field.js";
import {
  constantTerm,
  gradientAtOrigin,
  hessianEntries,
  type MultivariatePolynomial,
  multivariateRing,
} from "../../src/exact/multivariate.js";
import { passUnder } from "../../src/kernel/forward.js";
import { type Instance, marginOf, marginsOf } from "../../src/network/instance.js";
import { parametersOf } from "../../src/network/network.js";
import { numeric, squaredNorm } from "../../src/report/page/numeric.js";
import { marginLatex, parameterLatex, preactivationLatex } from "../../src/report/proof/notation.js";
import type { Block } from "../../src/report/proof.js";
import { symbolicMargin } from "../../src/symbolic/margins.js";
import { seeded } from "../adversary/numeric.js";
import { acceptedFile, claimsOf, displaysOf, files, textsOf } from "./documents.js";
import { joined, latexValue } from "./latex-value.js";

type Values = Record<string, number>;

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

/** The number of the margin that a formula is of. */
function marginIn(instance: Instance<unknown>, latex: string, point: string): number {
  return marginsOf(instance).findIndex((margin) => latex === marginLatex(instance.network, margin, point));
}

describe("the printed formulas have the values of what they stand for", () => {
  it.each(files)("the margins with the data put in, of %s", (file) => {
    const { instance, document } = acceptedFile(file);
    const random = seeded(1);
    const { margins } = numeric(instance);
    for (const line of displaysOf(document.blocks).flatMap(equations)) {
      const [left, right] = line.split(" &= ") as [string, string | undefined];
      const j = marginIn(instance, left, "\\theta");
      if (right === undefined || j === -1 || right.includes("\\sigma")) continue;
      const point = instance.point.map(() => 4 * random() - 2);
      expectClose(latexValue(right, parameterValues(instance, point)), margins(point)[j]!, line);
    }
  });

  it.each(files)("the curve of descent with its margins and its norm, of %s", (file) => {
    const { instance, document, statements } = acceptedFile(file);
    const { margins, point } = numeric(instance);
    const curves = claimsOf(document).filter(({ statement }) => /is not a local optimum of/.test(statement));
    expect(curves.length > 0).toBe(statements.some(({ statement: { kind } }) => kind === "not-local"));
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
        const slacks = textsOf(proof).flatMap((item) => {
          const match = /^\$(.*) - 1 = (.*?)(?: > 0\$|\$ identically)/.exec(item);
          return match === null ? [] : [{ item, j: marginIn(instance, match[1]!, "\\theta(t)"), latex: match[2]! }];
        });
        expect(slacks.map(({ j }) => j)).toEqual(marginsOf(instance).map((_, j) => j));
        for (const { item, j, latex } of slacks) {
          const slack = latexValue(latex, { t });
          expect(slack).toBeGreaterThanOrEqual(0);
          expectClose(slack, margins(there)[j]! - 1, item);
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
      // The values of relaxed units are variables too, each of its order.
      const bounds = [
        ...textsOf(proof)
          .join(" ")
          .matchAll(/\$(a_[^$]*?) \\le [^$]*?\\\|d\\\|(?:\^\{(\d+)\})?\$/g),
      ];
      const orders = new Map(bounds.map(([, name, order]) => [joined(name!), Number(order ?? 1)]));
      for (const name of orders.keys()) values[name] = random();
      const growth = (squaredNorm(theta.map((c, k) => c + d[k]!)) - squaredNorm(theta)) / 2;
      for (const line of displaysOf(proof).flatMap(equations)) {
        const constraint = /^\(?(-?)(h_\{[\d,]+\}|z_\{[\d,;]+\}|[a-z]_\{[^}]*\})\)? &= (.*) \\ge 0$/.exec(line);
        if (constraint !== null)
          values[constraint[2]!] = (constraint[1] === "-" ? -1 : 1) * latexValue(constraint[3]!, values);
        const combined = /&= (.*) \+ q\(d\)$/.exec(line);
        if (combined !== null) values.growth = growth - latexValue(combined[1]!, values);
        const q = /^q\(d\) &= (.*)$/.exec(line);
        if (q !== null) {
          values.q = latexValue(q[1]!, values);
          expectClose(values.q, values.growth!, line);
          values.quadratic = quadraticPart(q[1]!, values, [
            ...d.map((_, k) => [`d_{${k + 1}}`, 1] as const),
            ...orders,
          ]);
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

  it.each(files)("the KKT system, solved by the point and the multipliers, of %s", (file) => {
    const { instance, document, statements } = acceptedFile(file);
    const { toNumber, isZero } = instance.field;
    const [kkt] = statements.flatMap(({ statement }) => (statement.kind === "kkt" ? [statement] : []));
    const [claim] = claimsOf(document).filter(({ statement }) => statement.includes("is a KKT point"));
    const start =
      claim?.proof.findIndex((block) => block.kind === "text" && block.text.startsWith("Written out")) ?? -1;
    if (kkt === undefined || start === -1) return;
    const [intro, system] = claim!.proof.slice(start) as [Block, Block];
    const names = /multipliers? \$([^$]*)\$/.exec((intro as { text: string }).text)![1]!.split(", ");
    const multipliers = kkt.terms.filter(({ multiplier }) => !isZero(multiplier)).map(({ multiplier }) => multiplier);
    expect(names).toHaveLength(multipliers.length);
    const values = parameterValues(instance, instance.point.map(toNumber));
    for (const [k, name] of names.entries()) values[name] = toNumber(multipliers[k]!);
    const lines = (system as { lines: readonly string[] }).lines.map((line) => line.replace(/^&|,$/g, ""));
    const all = lines.flatMap((line) => line.split(",\\quad "));
    expect(all.length).toBeGreaterThan(instance.point.length);
    for (const equation of all) {
      const [left, right] = equation.split(" = ") as [string, string];
      expectClose(latexValue(left, values), latexValue(right, values), equation);
    }
  });

  it.each(files.filter((file) => !/family/.test(file)))(
    "nerdamer derives the margins that the kernel does, of %s",
    (file) => {
      const { instance, statements } = acceptedFile(file);
      const { field: K, network, point } = instance;
      if (point.length > 12) return;
      const margins = marginsOf(instance);
      const variables = point.map((_, k) => k);
      const at = (p: MultivariatePolynomial<unknown>) =>
        sum(
          K,
          [...p.values()].map((term) => term.variables.reduce((value, v) => K.mul(value, point[v]!), term.coefficient)),
        );
      for (const { proved } of statements) {
        if (proved.kind !== "kkt") continue;
        for (const [k, { pattern, gradient }] of proved.proof.entries()) {
          const margin = margins[proved.statement.terms[k]!.margin]!;
          const derived = symbolicMargin(instance, margin, pattern);
          const own = marginOf(multivariateRing(K), margin, passUnder(instance, margin.sample, pattern).outputs);
          expect(equals(K, at(derived.margin), constantTerm(K, own))).toBe(true);
          for (const [v, c] of gradientAtOrigin(K, own, variables).entries()) {
            expect(equals(K, at(derived.gradient[v]!), c), network.parameters[v]!.name).toBe(true);
            expect(equals(K, gradient[v]!, c)).toBe(true);
          }
          const entries = new Map(hessianEntries(K, own).map(({ u, v, entry }) => [`${u},${v}`, entry]));
          for (const u of variables)
            for (const v of variables.slice(u))
              expect(equals(K, at(derived.hessian[u]![v]!), entries.get(`${u},${v}`) ?? K.zero)).toBe(true);
        }
      }
    },
  );

  it("names every pre-activation as the formulas do", () => {
    const { instance } = acceptedFile("../certificates/byhand/relaxed-both-labels.json");
    expect(joined(preactivationLatex(instance.network, 1, 0, 0))).toBe("z_{1;2}");
  });
});

/** The quadratic part of a polynomial without parts of degree 0 and 1, by scaling d. */
function quadraticPart(latex: string, values: Values, orders: Iterable<readonly [string, number]>): number {
  const all = [...orders];
  const at = (scale: number) =>
    latexValue(latex, {
      ...values,
      ...Object.fromEntries(all.map(([name, order]) => [name, values[name]! * scale ** order])),
    });
  const step = 1e-4;
  return (at(step) + at(-step)) / (2 * step * step);
}
