import { expect, it } from "vitest";
import type { Instance, Of } from "../../src/certificate/format.js";
import { blockOf, cellFrame, depthTwo } from "../../src/kernel/lagrangian.js";
import { numeric, squaredNorm } from "../../src/report/page/numeric.js";
import { parameterLatex } from "../../src/report/proof/notation.js";
import type { Block } from "../../src/report/proof.js";
import { seeded } from "../adversary/numeric.js";
import { acceptedFile, claimsOf, files } from "./documents.js";
import { latexValue } from "./latex-value.js";

type Lagrangian = Of<"lagrangian", unknown>;

/** Per group of neurons that share their formulas: the formula of each cube of signs. */
function formulasOf(proof: readonly Block[]): { cubes: string[]; formula: string }[][] {
  return proof.flatMap((block, k) => {
    if (block.kind !== "text" || !/^(Neurons?|Patch(es)?) [\d, and(like for)]+(:|, by the sign)/.test(block.text))
      return [];
    const one = /\$Q_B = (.*) \\ge 0\$\.$/.exec(block.text);
    if (one !== null) return [[{ cubes: [""], formula: one[1]! }]];
    const list = proof[k + 1]!;
    if (list.kind !== "items") throw new Error("no formulas");
    return [
      list.items.map((item) => {
        const [, signs, formula] = /^(.*): \$Q_B = (.*) \\ge 0\$\.$/.exec(item)!;
        return { cubes: signs!.split(", ").map((cube) => cube.replace(/[{}$]/g, "")), formula: formula! };
      }),
    ];
  });
}

/** Σ_B Q_B at a point, by the printed formulas. */
function printedSum(
  instance: Instance<unknown>,
  { reach, multipliers, blocks }: Lagrangian,
  proof: readonly Block[],
  at: readonly number[],
): number {
  const { network } = instance;
  const { inputs } = numeric(instance);
  const printed = formulasOf(proof);
  expect(printed).toHaveLength(blocks.length);
  let total = 0;
  for (const [b, { members, split }] of blocks.entries()) {
    const [first] = members.map((group) => blockOf(instance, depthTwo(instance), group, reach, multipliers));
    const { units } = cellFrame(instance, first!, split);
    for (const group of members) {
      const { parameters } = blockOf(instance, depthTwo(instance), group, reach, multipliers);
      const signs = units.map(({ sample, layer, unit }) => {
        if (layer === 1) return at[parameters[unit]!]!;
        const row = network.layers[0]![group[members[0]!.indexOf(unit)]!]!;
        return row.reduce((sum, { from, parameter }) => sum + at[parameter]! * inputs[sample]![from]!, 0);
      });
      const matches = (cube: string) =>
        [...cube].every((sign, k) => sign === "*" || sign === (signs[k]! > 0 ? "+" : "-"));
      const [matching] = printed[b]!.filter(({ cubes }) => cubes.some(matches));
      const values = first!.parameters.map((k, v) => [parameterLatex(network, k), at[parameters[v]!]!]);
      const Q = latexValue(matching!.formula, Object.fromEntries(values));
      expect(Q).toBeGreaterThan(-1e-9);
      total += Q;
    }
  }
  return total;
}

it.each(files)("the printed blocks of a Lagrangian are what is left of it, of %s", (file) => {
  const { instance, statements, document } = acceptedFile(file);
  const claims = claimsOf(document).filter(({ proof }) => formulasOf(proof).length > 0);
  const lagrangians = statements.filter((one): one is Lagrangian => one.kind === "lagrangian");
  expect(claims).toHaveLength(lagrangians.length);
  const { point, margins } = numeric(instance);
  const random = seeded(3);
  for (const [k, statement] of lagrangians.entries()) {
    const lambda = statement.multipliers.map(instance.field.toNumber);
    for (let run = 0; run < 20; run++) {
      const step = statement.reach === "global" ? 4 : 1e-3;
      const there = point.map((c) => c + step * (random() - 0.5));
      const slack = margins(there).reduce((sum, m, i) => sum + lambda[i]! * (m - 1), 0);
      const left = squaredNorm(there) / 2 - slack - squaredNorm(point) / 2;
      expect(Math.abs(printedSum(instance, statement, claims[k]!.proof, there) - left)).toBeLessThan(1e-9 * (1 + left));
    }
  }
});
