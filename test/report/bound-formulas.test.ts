import { expect, it } from "vitest";
import type { Ring } from "../../src/exact/field.js";
import { forward } from "../../src/kernel/forward.js";
import { blocksOf, chainGroups, shapeOf } from "../../src/kernel/shape.js";
import { apartOf } from "../../src/kernel/statements/bound.js";
import type { Acceptance } from "../../src/kernel/verify.js";
import { type Instance, marginsOf } from "../../src/network/instance.js";
import { parametersOf } from "../../src/network/network.js";
import { numeric, squaredNorm } from "../../src/report/page/numeric.js";
import { marginIndex, parameterLatex, preactivationLatex } from "../../src/report/proof/notation.js";
import { type Block, proofDocument } from "../../src/report/proof.js";
import { seeded } from "../adversary/numeric.js";
import { acceptedFile, claimsOf, displaysOf, files, textsOf } from "./documents.js";
import { joined, latexValue } from "./latex-value.js";

type Values = Record<string, number>;
type BoundStatement = Extract<Acceptance<unknown>["statement"], { readonly kind: "bound" }>;

const doubles: Ring<number> = {
  zero: 0,
  one: 1,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  neg: (a) => -a,
  isZero: (a) => a === 0,
};

/** The values of everything that a proof of a bound names, at a point. */
function valuesAt(instance: Instance<unknown>, point: readonly number[]): Values {
  const { network, field: K } = instance;
  const { inputs, weights, margins } = numeric(instance);
  const values: Values = Object.fromEntries(point.map((c, k) => [parameterLatex(network, k), c]));
  for (const [sample, x] of inputs.entries()) {
    const { preactivations } = forward(doubles, instance, K.toNumber, weights(point), x, (z) => z > 0);
    for (const [l, layer] of preactivations.entries()) {
      const slope = network.slopes[l]!.valueOf();
      for (const [unit, z] of layer.entries()) {
        const name = joined(preactivationLatex(network, sample, l, unit));
        values[name] = z;
        values[name.replace("z", "a")] = Math.max(z, slope * z);
      }
    }
  }
  const value = margins(point);
  for (const [j, margin] of marginsOf(instance).entries()) values[`m_{${marginIndex(network, margin)}}`] = value[j]!;
  return values;
}

/** Whether a point is in one of the cells of a label, given what the signs are of. */
function isIn(label: string, signs: string, values: Values): boolean {
  if (label === "") return true;
  const parts = [...label.matchAll(/\$([^$]*)\$/g)].map((match) => match[1]!);
  const names = joined(signs).split(", ");
  return parts.some((part) => {
    if (/^(?:\{[-+*]\})+$/.test(part)) {
      return [...part.matchAll(/\{([-+*])\}/g)].every(([, sign], k) => {
        const value = latexValue(names[k]!, values);
        return sign === "*" || (sign === "+" ? value >= 0 : value <= 0);
      });
    }
    return joined(part)
      .split(",\\; ")
      .every((one) => {
        const [, form, relation] = /^(.*) \\(ge|le) 0$/.exec(one)!;
        const value = latexValue(form!, values);
        return relation === "ge" ? value >= 0 : value <= 0;
      });
  });
}

/** What is said on cells: the items of a list with the head that names the signs, or a text without cells. */
function casesIn(
  blocks: readonly Block[],
  isSaid: RegExp,
): { signs: string; cases: { where: string; what: string }[] }[] {
  return blocks.flatMap((block, k) => {
    if (block.kind !== "text" && block.kind !== "items") return [];
    if (block.kind === "text") {
      const what = block.text.replace(/^[^$]*: (?=\$)/, "");
      return isSaid.test(what) && what.startsWith("$") ? [{ signs: "", cases: [{ where: "", what }] }] : [];
    }
    if (!block.items.every((item) => isSaid.test(item))) return [];
    const before = blocks[k - 1];
    const signs = before?.kind === "text" ? (/by the signs? of \$([^$]*)\$/i.exec(before.text)?.[1] ?? "") : "";
    return [
      {
        signs,
        cases: block.items.map((item) => {
          const [, where, what] = /^((?:\$[^$]*\$(?:, | or )?)+): (.*)$/.exec(item) ?? [null, "", item];
          return { where: where!, what: what! };
        }),
      },
    ];
  });
}

/** λ_1 = …, by the names of the margins. */
function multipliersIn(text: string, symbol: string): Values {
  const found = [...text.matchAll(new RegExp(`\\\\${symbol}_\\{([\\d,]+)\\} = ([^,$]*(?:\\{[^}]*\\}[^,$]*)*)`, "g"))];
  return Object.fromEntries(found.map((match) => [`m_{${match[1]}}`, latexValue(match[2]!, {})]));
}

interface Part {
  readonly blocks: readonly number[];
}

/** The bounds of a file, each with the proof that is written of it alone. */
function boundsOf(file: string) {
  const { instance, statements } = acceptedFile(file);
  return statements.flatMap((one) => {
    if (one.statement.kind !== "bound") return [];
    const { statement } = one as Acceptance<unknown> & { statement: BoundStatement };
    const [claim] = claimsOf(proofDocument(instance, [one]));
    const { proof } = claim!;
    const shape = shapeOf(instance, statement.scope)!;
    const moving = parametersOf(instance.network, statement.scope);
    const { point } = numeric(instance);
    const step = statement.reach === "global" ? 4 : 1e-3;
    const random = seeded(3);
    const parts: readonly Part[] = "parts" in statement.by ? statement.by.parts : [{ blocks: [0] }];
    const blocks = blocksOf(instance, shape).map((block) => [
      ...new Set(block.rows.flatMap(({ row }) => row.map(({ weight }) => weight))),
    ]);
    /** Random points of the reach. */
    const points = Array.from({ length: 12 }, () => {
      const there = [...point];
      for (const k of moving) there[k] = there[k]! + step * (random() - 0.5);
      return there;
    });
    /** The point with the weights of a block put in for those of the first block of its part. */
    const renamed = (there: readonly number[], { blocks: [first] }: Part, b: number) => {
      const at = [...there];
      for (const [k, weight] of blocks[first!]!.entries()) if (weight < at.length) at[weight] = there[blocks[b]![k]!]!;
      return at;
    };
    return [{ instance, statement, proof, shape, moving, point, points, parts, renamed }];
  });
}

it("is seen in every form that a proof of a bound can have", () => {
  const openings = files.flatMap((file) =>
    boundsOf(file).map(({ proof }) => `${textsOf(proof)[0]} ${displaysOf(proof)[0] ?? ""}`),
  );
  for (const form of [
    /sum \\lambda/,
    / A \\le T/,
    /w\\rangle|For every feasible \$w\$, with/,
    /cut the space/,
    /sum_\{B\} C_B/,
    /linear map/,
    /W_l'/,
  ])
    expect(
      openings.some((opening) => form.test(opening)),
      `${form}`,
    ).toBe(true);
});

const close = (a: number, b: number) => Math.abs(a - b) < 1e-9 * (1 + Math.abs(b));

it.each(files)("what is left of the Lagrangian is what is printed, of %s", (file) => {
  for (const { instance, proof, moving, point, points, parts, renamed } of boundsOf(file)) {
    const shown = displaysOf(proof)[0]?.[0] ?? "";
    if (!shown.includes("\\sum \\lambda")) continue;
    // A sum of squares that is too long is not printed.
    if (textsOf(proof).some((text) => text.includes("where $S$ is a sum"))) continue;
    const isExact = shown.includes("\\right) = ");
    const printed = casesIn(proof, /Q(?:_B)? = .* \\ge 0\$\.$/);
    expect(printed).toHaveLength(parts.length);
    const norm = (at: readonly number[]) => squaredNorm(moving.map((k) => at[k]!)) / 2;
    const common = multipliersIn(textsOf(proof)[0]!, "lambda");
    for (const there of points) {
      let total = 0;
      let lambda = common;
      for (const [p, part] of parts.entries()) {
        for (const b of part.blocks) {
          const values = valuesAt(instance, renamed(there, part, b));
          const { signs, cases } = printed[p]!;
          const found = cases.find(({ where }) => isIn(where, signs, values));
          if (Object.keys(common).length === 0) lambda = multipliersIn(found!.what, "lambda");
          const Q = latexValue(joined(/Q(?:_B)? = (.*) \\ge 0\$\.$/.exec(found!.what)![1]!), values);
          expect(Q, found!.what).toBeGreaterThan(-1e-9);
          total += Q;
        }
      }
      const values = valuesAt(instance, there);
      const slack = Object.entries(lambda).reduce((sum, [name, c]) => sum + c * (values[name]! - 1), 0);
      const left = norm(there) - slack - norm(point);
      if (isExact) expect(close(total, left), `${total} ${left}`).toBe(true);
      else expect(left - total).toBeGreaterThan(-1e-9);
    }
  }
});

it.each(files)("the terms and norms of a bound by the layers' norms are what is printed, of %s", (file) => {
  for (const { instance, proof, shape, moving, point, points, parts, renamed } of boundsOf(file)) {
    if (!displaysOf(proof)[0]?.[0]?.startsWith("A \\le ")) continue;
    const printed = casesIn(proof, /T(?:_B)? = /);
    expect(printed).toHaveLength(parts.length);
    const [intro] = textsOf(proof) as [string];
    const m = shape.layers.length;
    const common = multipliersIn(intro.slice(intro.indexOf("Take")), "alpha");
    for (const there of points) {
      let total = 0;
      let wanted = 0;
      for (const [p, part] of parts.entries()) {
        for (const b of part.blocks) {
          const values = valuesAt(instance, renamed(there, part, b));
          const { signs, cases } = printed[p]!;
          const { what } = cases.find(({ where }) => isIn(where, signs, values))!;
          const alpha = Object.keys(common).length === 0 ? multipliersIn(what, "alpha") : common;
          const A = Object.values(alpha).reduce((sum, c) => sum + c, 0);
          const C2 = A ** 2 / (squaredNorm(moving.map((k) => point[k]!)) / m) ** m;
          const [, formula] = /T(?:_B)? = ([^$]*)\$/.exec(what)!;
          const sides = joined(formula!)
            .split(" = ")
            .map((side) => latexValue(side, values));
          const T = sides.at(-1)!;
          if (sides.length === 2) expect(close(sides[0]!, T), what).toBe(true);
          const added = /where \$([^$]*)\$ has been added/.exec(what);
          const squares = [
            ...what.matchAll(/with \$w = ([^$]*)\$ and \$\\varphi = ([^$]*)\$ what remains is \$([^$]*) \\ge 0\$/g),
          ];
          total += T - (added === null ? 0 : latexValue(joined(added[1]!), values));
          wanted = Object.entries(alpha).reduce((sum, [name, c]) => sum + c * valuesAt(instance, there)[name]!, 0);
          for (const [, norms] of what.matchAll(/\\\|f\\\|\^\{2\} = (.*)\./g))
            for (const norm of norms!.replace(/\$$/, "").split("$ or $"))
              expect(latexValue(norm, {})).toBeLessThan(C2 * (1 + 1e-12));
          if (squares.length > 0) {
            const tuple = (names: string) =>
              names
                .replace(/^\((.*)\)$/, "$1")
                .split(", ")
                .map((one) => latexValue(one, values));
            const left = squares.reduce(
              (sum, [, w, phi]) => sum + C2 * squaredNorm(tuple(w!)) + squaredNorm(tuple(phi!)),
              -2 * T,
            );
            const right = squares.reduce((sum, [, , , rest]) => sum + latexValue(joined(rest!), values), 0);
            expect(close(left, right), `${what}: ${left} ${right}`).toBe(true);
          }
        }
      }
      const isAlone = parts.length === 1 && parts[0]!.blocks.length === 1;
      if (!isAlone) expect(close(total, wanted), `${total} ${wanted}`).toBe(true);
    }
  }
});

it.each(files)("the margins and forms of a layer's own problem are what is printed, of %s", (file) => {
  for (const { instance, proof, moving, point, points, parts, renamed } of boundsOf(file)) {
    const theta = moving.map((k) => point[k]!);
    for (const there of points) {
      const values = valuesAt(instance, there);
      for (const item of textsOf(proof)) {
        const match = /^(?:Layer \d+: )?(\$m_.*); \$\\langle .*, w\\rangle = (.*?) \\ge (.*?) = /.exec(item);
        if (match === null) continue;
        for (const [, name, formula] of match[1]!.matchAll(/\$(m_\{[\d,]+\})\(w\) = ([^$]*)\$/g))
          expect(close(latexValue(formula!, values), values[name!]!), item).toBe(true);
        const product = theta.reduce((sum, c, k) => sum + c * there[moving[k]!]!, 0);
        expect(close(latexValue(joined(match[2]!.replaceAll("(w)", "")), values), product), item).toBe(true);
        expect(close(latexValue(match[3]!, {}), squaredNorm(theta)), item).toBe(true);
      }
      const tables = proof.flatMap((block, k) => (block.kind === "table" ? [{ block, k }] : []));
      const [table] = tables;
      if (table === undefined) continue;
      const { heads, rows } = table.block;
      const before = proof[table.k - 1]!;
      const signs = before.kind === "text" ? (/by the signs? of \$([^$]*)\$/.exec(before.text)?.[1] ?? "") : "";
      if (heads[0] === "signs" && heads.at(-1)!.includes("Lambda")) {
        const row = rows.find(([label]) => isIn(label!, signs, values))!;
        for (const [k, head] of heads.entries()) {
          if (!head.startsWith("$m_") || row[k] === "") continue;
          expect(close(latexValue(row[k]!.slice(1, -1), values), values[head.slice(1, -1)]!), row.join()).toBe(true);
        }
        const [combined, form] = joined(row.at(-2)!.slice(1, -1)).split(" = ") as [string, string | undefined];
        if (form === undefined) continue;
        expect(close(latexValue(combined, values), latexValue(form, values)), row.join()).toBe(true);
        const zero = Object.fromEntries(Object.keys(values).map((name) => [name, name.startsWith("m_") ? 1 : 0]));
        const length = moving.reduce((sum, k) => {
          const unit = { ...zero, [parameterLatex(instance.network, k)]: 1 };
          return sum + latexValue(form, unit) ** 2;
        }, 0);
        if (length === 0) expect(row.at(-1)).toBe("no feasible point");
        else {
          const bound = latexValue(
            row
              .at(-1)!
              .slice(1, -1)
              .replace(/ \\approx.*/, ""),
            {},
          );
          expect(close(bound, latexValue(combined, zero) ** 2 / length), row.join()).toBe(true);
          expect(bound).toBeGreaterThan(squaredNorm(theta) * (1 - 1e-12));
        }
      }
      if (heads.some((head) => head === "$f_B$")) {
        const [, intro] = /(\$\\lambda_.*)/.exec(textsOf(proof).at(heads[0] === "$B$" ? -1 : -1 - tables.length)!)!;
        const lambda = multipliersIn(intro!, "lambda");
        const names = [...new Set(rows.map(([name]) => name!))];
        let total = 0;
        for (const [p, part] of parts.entries()) {
          for (const b of part.blocks) {
            const here = valuesAt(instance, renamed(there, part, b));
            // All groups together, or one with its head before it.
            const isTogether = heads[0] === "$B$";
            const own = isTogether ? rows.filter(([name]) => name === names[p]) : tables[p]!.block.rows;
            const text = isTogether ? { kind: "text", text: "" } : proof[tables[p]!.k - 1]!;
            const head = text.kind === "text" ? (text as { text: string }).text : "";
            const ofSigns = /by the signs? of \$([^$]*)\$/.exec(head)?.[1] ?? "";
            const hasSigns = tables[isTogether ? 0 : p]!.block.heads.includes("signs");
            const cells = own
              .map((row) => (isTogether ? row.slice(1) : row))
              .map((row) => (hasSigns ? row : ["", ...row]));
            const [, cell, norm, last] = cells.find(([label]) => isIn(label!, ofSigns, here))!;
            const share = last ?? `$${/C_B\^\{2\} = ([^$]*)\$/.exec(head)![1]}$`;
            const [, form, added] = /^\$([^$]*)\$(?:, with \$([^$]*)\$ added)?$/.exec(cell!)!;
            const bound = latexValue(share.slice(1, -1), {});
            expect(latexValue(norm!.slice(1, -1), {})).toBeLessThan(bound * (1 + 1e-12) + 1e-300);
            total += latexValue(form!, here) - (added === undefined ? 0 : latexValue(joined(added), here));
          }
        }
        const wanted = Object.entries(lambda).reduce((sum, [name, c]) => sum + c * values[name]!, 0);
        expect(close(total, wanted), `${total} ${wanted}`).toBe(true);
      }
    }
  }
});

it.each(files)("the one unit of a chain is bounded as printed, of %s", (file) => {
  for (const { instance, statement, proof } of boundsOf(file)) {
    if (!("chain" in statement.by) || !textsOf(proof)[0]!.startsWith("Let $\\alpha")) continue;
    const { field: K, network, data } = instance;
    const alpha = statement.by.multipliers.map(K.toNumber);
    const slope = network.slopes.reduce((product, one) => product * one.valueOf(), 1);
    const tau = (z: number) => (slope === 1 ? z : Math.max(z, slope * z));
    const apart = apartOf(statement.by);
    const groups = chainGroups(instance, statement.by.multipliers, apart).map(
      ({ label, samples, share }) =>
        [
          samples,
          label === apart ? `p_{${samples[0]! + 1}}` : label > 0 ? "p_{+}" : "p_{-}",
          K.toNumber(share),
        ] as const,
    );
    const C2 = latexValue(
      /C\^\{2\} = (?:A\^\{2\} \/ N\^\{\d+\} = )?(.*?)(?:, \\qquad N = .*)?\.$/.exec(displaysOf(proof)[0]![0]!)![1]!,
      {},
    );
    const signs = /by the signs of \$([^$]*)\$/.exec(textsOf(proof).join())?.[1] ?? "";
    const random = seeded(5);
    for (let run = 0; run < 20; run++) {
      const w = Array.from({ length: network.inputs }, () => random() - 0.5);
      const values: Values = Object.fromEntries(w.map((c, k) => [`w_{${k + 1}}`, c]));
      const products = data.map(({ x }) => x.reduce<number>((sum, c, k) => sum + K.toNumber(c) * w[k]!, 0));
      for (const [i, z] of products.entries()) {
        values[`s_{${i + 1}}`] = z;
        values[`a_{1;${i + 1}}`] = tau(z);
      }
      const named = (latex: string) => joined(latex.replace(/\\langle w, x_\{(\d+)\}\\rangle/g, "s_{$1}"));
      const g = products.reduce((sum, z, i) => sum + alpha[i]! * (slope === 1 ? data[i]!.y : 1) * tau(z), 0);
      for (const block of proof) {
        if (block.kind === "table") {
          const row = block.rows.find(([label]) => block.heads[0] !== "signs" || isIn(named(label!), "", values))!;
          const [tuple, norm] = row.slice(-2).map((cell) => cell.slice(1, -1)) as [string, string];
          const u = /\(([^()]*)\)$/
            .exec(tuple)![1]!
            .split(", ")
            .map((one) => latexValue(one, {}));
          expect(u.reduce((sum, c, k) => sum + c * w[k]!, 0)).toBeGreaterThan(g - 1e-9);
          expect(close(squaredNorm(u), latexValue(norm, {}))).toBe(true);
          expect(squaredNorm(u)).toBeLessThan(C2 * (1 + 1e-12));
        }
        for (const item of block.kind === "items" && groups.length > 0 ? block.items : []) {
          const [where, formula] = /^(.*?)(?:: )?\$Q \\ge (.*?)(?: \\ge 0)?\$\.$/.exec(item)!.slice(1) as [
            string,
            string,
          ];
          if (where !== "" && !isIn(named(where), named(signs), values)) continue;
          let wanted = C2 * squaredNorm(w);
          for (const [samples, name, share] of groups) {
            values[name] = random();
            const own = samples.reduce((sum, i) => sum + alpha[i]! * tau(products[i]!), 0);
            wanted += values[name] ** 2 / share - 2 * values[name] * own;
          }
          const found = latexValue(named(formula), values);
          expect(found, item).toBeGreaterThan(-1e-9);
          expect(wanted - found, item).toBeGreaterThan(-1e-9);
          const missing = [
            ...w.map((c, k) => [`w_{${k + 1}}`, C2 * c * c] as const),
            ...groups.map(([, name, share]) => [name, values[name]! ** 2 / share] as const),
          ];
          const left = missing.reduce((sum, [name, square]) => (formula.includes(name) ? sum : sum + square), 0);
          expect(close(found + left, wanted), item).toBe(true);
        }
        for (const item of block.kind === "items" && groups.length === 0 ? block.items : []) {
          const formula = /- 2 g\(w\) = (.*) \\ge 0\$\.$/.exec(item)?.[1];
          if (formula === undefined && item.startsWith("not ")) continue;
          expect(close(latexValue(named(formula!), values), C2 * squaredNorm(w) + 1 - 2 * g), item).toBe(true);
        }
      }
    }
  }
});

it.each(files)("the linear predictor is that of the point, of %s", (file) => {
  for (const { instance, proof, point } of boundsOf(file)) {
    const [, latex] = /At \$\\theta\$ the map is \$u = \(([^()]*)\) = /.exec(textsOf(proof).join(" ")) ?? [null, null];
    if (latex == null) continue;
    const u = latex.split(", ").map((one) => latexValue(one, {}));
    const { inputs, margins } = numeric(instance);
    for (const [i, x] of inputs.entries()) {
      const output = x.reduce((sum, c, k) => sum + c * u[k]!, 0);
      expect(close(instance.data[i]!.y * output, margins(point)[i]!)).toBe(true);
    }
    const [, ...sides] = displaysOf(proof).at(-1)![0]!.split(" = ");
    expect(close(latexValue(sides[0]!, {}), latexValue(sides[1]!, {}))).toBe(true);
  }
});
