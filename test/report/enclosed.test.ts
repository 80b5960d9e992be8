import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Q } from "../../src/exact/rational.js";
import { enclosedKinds } from "../../src/kernel/enclosed/statements.js";
import { type Accepted, acceptedIn } from "../../src/report/accepted.js";
import { canonicalOf, problemOf } from "../../src/report/hash.js";
import { pageHtml } from "../../src/report/page.js";
import { krawczykFigures } from "../../src/report/proof/enclosed/system.js";
import { viewOf } from "../../src/report/proof/enclosed/view.js";
import { proofLatex } from "../../src/report/proof/latex.js";
import { proofMarkdown } from "../../src/report/proof/markdown.js";
import { documentOf, type ProofDocument } from "../../src/report/proof.js";
import { statementText, verdictText } from "../../src/report/text.js";
import { verdictIn, verdictOf } from "../../src/report/verdict.js";
import { describeWith, onPath } from "../tools.js";
import { claimsOf, enclosedFiles } from "./documents.js";
import { expectSound } from "./sound.js";

type Enclosed = Extract<Accepted, { readonly sort: "enclosed" }>;

interface Certificate {
  problem: Record<string, unknown>;
  statements: Record<string, unknown>[];
}

function read(file: string): Certificate {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8"));
}

function enclosed(certificate: unknown): Enclosed {
  const found = acceptedIn(certificate);
  if ("clause" in found) throw new Error(`${found.clause}: ${found.found}`);
  if (found.sort === "exact") throw new Error("the point is given by numbers");
  return found;
}

const accepted = (name: string) => enclosed(read(`../certificates/enclosed/accept/${name}.json`));
const byHand = (name: string) => enclosed(read(`../certificates/byhand/${name}.json`));
const written = (found: Accepted) => proofMarkdown(documentOf(found));

describe("an enclosed certificate", () => {
  it("is taken as a whole, or refused", () => {
    const certificate = read("../certificates/byhand/enclosed-kink.json");
    expect(enclosed(certificate).statements).toHaveLength(3);
    certificate.statements.push({ kind: "bound", reach: "local", by: { live: "yes" } });
    expect(acceptedIn(certificate)).toMatchObject({ accepted: false, where: "statements[3]" });
  });

  it("is about its problem with its system and box", () => {
    const [one, other] = [byHand("enclosed-kink"), byHand("enclosed-two-units")];
    expect(problemOf(one)).toMatchObject({ name: "enclosed-kink", point: null });
    expect(canonicalOf(one)).toContain('"radius"');
    expect(canonicalOf(one)).not.toBe(canonicalOf(other));
  });
});

describe("the verdict on an enclosed point", () => {
  it("gives the layers what follows from the whole", () => {
    const global = verdictIn(accepted("xor"));
    expect(global).toMatchObject({
      feasible: true,
      kkt: "yes",
      local: "yes",
      strict: null,
      global: "yes",
      undecided: [],
    });
    expect(global.layers.map(({ layer, local, global: whole }) => [layer, local, whole])).toEqual([
      [1, "yes", "yes"],
      [2, "yes", "yes"],
    ]);
    const local = verdictIn(accepted("local-not-global"));
    expect(local).toMatchObject({ local: "yes", global: "no" });
    expect(local.layers.map((one) => [one.local, one.global])).toEqual([
      ["yes", "undecided"],
      ["yes", "undecided"],
    ]);
  });

  it("says of what there is no statement, and why something is open", () => {
    const { enclosed: facts, statements } = byHand("enclosed-kink");
    const verdict = verdictOf(
      facts.problem,
      statements.slice(0, 2),
      new Map([["global whole", "too many cells"]]),
      "c.json",
    );
    expect(verdict).toMatchObject({ kkt: "yes", local: "undecided", certificate: "c.json" });
    expect(verdict.undecided).toContain("global optimum: too many cells");
    expect(verdict.undecided).toContain("local optimum of layer 2: no statement");
    expect(verdictText(verdict)).toContain("undecided       global optimum of layer 1: no statement");
    expect(verdictIn(byHand("enclosed-kink"))).toMatchObject({ local: "no", global: "no" });
  });

  it("is said of the only zero", () => {
    const found = byHand("enclosed-two-units");
    const sentences = found.statements.map((one) => statementText(problemOf(found), one));
    expect(sentences[0]).toBe(
      "The point, the only zero of its system in its box, is feasible: every margin is at least 1.",
    );
    expect(sentences[2]).toMatch(
      /^The point, the only zero of its system in its box, is a local optimum of the whole problem: /,
    );
  });
});

describe("the written proof of an enclosed point", () => {
  it.each(enclosedFiles)("of %s says every statement, without noise", (file) => {
    const found = enclosed(read(file));
    expectSound({ document: documentOf(found) });
    // Both sides of Krawczyk's inclusion, as they are printed.
    const { step, contraction } = krawczykFigures(found.enclosed);
    expect(Q.sign(Q.sub(Q.one, Q.add(step, contraction)))).toBe(1);
  });

  it("has a claim for each single statement of every kind", () => {
    const seen = new Set<string>();
    for (const file of enclosedFiles) {
      const found = enclosed(read(file));
      for (const statement of found.statements) {
        const { kind } = statement.statement;
        seen.add(kind);
        const claims = claimsOf(documentOf({ ...found, statements: [statement] }));
        // The zero; the KKT point, on which bounds and descents rest; the statement.
        const expected = {
          feasible: 1,
          kkt: 2,
          "not-global": 2,
          bound: 3,
          concave: 3,
          "strict-local": 3,
          "not-local": 3,
        }[kind];
        expect(claims.length, `${file}: ${kind}`).toBe(expected);
      }
    }
    expect([...seen].sort()).toEqual(Object.keys(enclosedKinds).sort());
  });

  it("names the verdict in its title", () => {
    expect(documentOf(accepted("xor")).title).toBe("xor: a KKT point that is a global optimum");
    expect(documentOf(accepted("local-not-global")).title).toMatch(/a local optimum, and not a global one$/);
    expect(documentOf(byHand("enclosed-kink")).title).toMatch(/a KKT point that is not a local optimum$/);
  });

  it("writes out the system, with kinks, and what is certain of its zero", () => {
    const markdown = written(byHand("enclosed-kink"));
    expect(markdown).toContain("| 2 | $\\tau_{1}$ | $1$ |");
    expect(markdown).toContain(
      "\\varphi_{2} &= -\\tfrac{1}{2} \\lambda_{1} \\varphi_{3} + \\lambda_{2} \\tau_{1} \\varphi_{3}",
    );
    expect(markdown).toContain("0 &= \\varphi_{2}");
    expect(markdown).toContain("\\tau_{1} = 0.5 \\pm 10^{-2}");
    expect(markdown).toContain("(s_{2,1} - 1)\\thinspace a < 0");
    expect(markdown).toContain("| neuron 1 | $x_{2}$ |");
    expect(written(accepted("xor"))).toMatch(/0\.70710678118654752440\d*\\ldots/);
  });

  it("rounds coefficients only where it says so", () => {
    const certificate = read("../certificates/byhand/enclosed-cells.json");
    expect(written(enclosed(certificate))).not.toContain("rounded to six digits");
    const x = "9007199254740993/9007199254740992";
    const near = written(enclosed({ ...certificate, problem: { ...certificate.problem, data: [{ x: [x], y: 1 }] } }));
    expect(near).toContain("with coefficients rounded to six digits");
    expect(near).toContain("$(9007199254740993 \\cdot 2^{-53})$ | $(1)$");
  });

  it("says of a dead neuron that it is one, and wakes it", () => {
    const markdown = written(byHand("enclosed-dead-unit"));
    expect(markdown).toContain("Neuron 3 is dead: all weights in and out are $0$.");
    expect(markdown).toContain("and the other parameters, $w_{1,2}$, $w_{3,1}$, $w_{3,2}$ and $v_{3}$, are $0$.");
    expect(markdown).toMatch(/Let \$u = \(3, 4\)\$ on its inputs, with \$\\Vert u\\Vert \^\{2\} = 25\$/);
    expect(markdown).toContain("A dash stands for a neuron");
  });

  it("groups the neurons of one direction", () => {
    const { hidden } = viewOf(accepted("xor").enclosed);
    const units = hidden!.groups.flatMap((group) => group.units.map(({ unit }) => unit));
    expect(units.sort((a, b) => a - b)).toEqual(units.map((_, k) => k));
    for (const { first, units: own } of hidden!.groups) {
      expect(own.find(({ unit }) => unit === first)!.share.toFraction()).toBe("1");
      for (const { share } of own) expect(Q.sign(share) > 0 && Q.sign(Q.sub(Q.one, share)) >= 0).toBe(true);
    }
    expect(hidden!.dead).toEqual([]);
  });

  it("prints norms that its numbers have", () => {
    let count = 0;
    for (const file of enclosedFiles) {
      const found = enclosed(read(file));
      if (!found.statements.some(({ statement }) => statement.kind === "bound" && "tree" in statement.by)) continue;
      for (const { norm, printed } of printedNorms(found)) {
        expect(norm).toBeLessThan(printed + 1e-9);
        expect(printed).toBeLessThan(1);
        count++;
      }
    }
    expect(count).toBeGreaterThan(3);
  });
});

/** Each norm of the table of cells with signs, and what it is in floating point, by the definition that stands above the table. */
function printedNorms({ enclosed: facts, statements }: Enclosed): { norm: number; printed: number }[] {
  const { problem, point, margins, lambda, ring } = facts;
  const data = problem.data.map(({ x, y }) => ({ x: x.map(Q.toNumber), y }));
  const multipliers = point.active.map((j, k) => ({
    sample: margins[j]!.sample,
    lambda: Number(lambda[k]!.low >> BigInt(ring.precision - 50)) / 2 ** 50,
  }));
  const off = Q.toNumber(problem.network.slopes[0]!);
  const tables = documentTables(documentOf({ sort: "enclosed", enclosed: facts, statements }));
  return tables
    .filter(({ heads }) => heads[0] === "cells")
    .flatMap(({ before, rows }) => {
      const order = [...before.matchAll(/x_\{(\d+)\}/g)].map(([, i]) => Number(i) - 1);
      return rows.flatMap(([cells, ...ways]) =>
        cells!.split(", ").flatMap((cell) => {
          const signs = [...cell.matchAll(/\{([+*-])\}/g)].map(([, sign]) => sign);
          if (signs.length !== order.length || signs.includes("*")) return [];
          const rho = (sample: number) => (signs[order.indexOf(sample)] === "+" ? 1 : -1);
          return ways.flatMap((way, k) => {
            const printed = /^\$([\d.]+)\$/.exec(way)?.[1];
            if (printed === undefined) return [];
            const total = new Array<number>(problem.network.inputs).fill(0);
            const add = (factor: number, sample: number) => {
              for (const [i, c] of data[sample]!.x.entries()) total[i]! += factor * c;
            };
            for (const { sample, lambda: own } of multipliers)
              add((k === 0 ? 1 : -1) * own * data[sample]!.y * (rho(sample) > 0 ? 1 : off), sample);
            for (const [, i, nu] of way.matchAll(/\\nu_\{(\d+)\} = ([\d.]+)/g))
              add(Number(nu) * rho(Number(i) - 1), Number(i) - 1);
            return [{ norm: Math.hypot(...total), printed: Number(printed) }];
          });
        }),
      );
    });
}

function documentTables(document: ProofDocument) {
  return claimsOf(document).flatMap(({ proof }) =>
    proof.flatMap((block, k) => {
      if (block.kind !== "table") return [];
      const before = proof[k - 1]!;
      return [{ heads: block.heads, rows: block.rows, before: before.kind === "text" ? before.text : "" }];
    }),
  );
}

describe("what an author writes about an enclosed point", () => {
  const words = "</script><script>alert(1)</script> $\\input{x}$ \\end{document} `a` | **b** [c](http://evil.example)";

  it("stays in its place", () => {
    const certificate = read("../certificates/byhand/enclosed-two-units.json");
    const found = enclosed({ ...certificate, problem: { ...certificate.problem, title: words, claim: words } });
    expectSound({ document: documentOf(found) });
    expect(proofLatex(documentOf(found)).match(/\\end\{document\}/g)).toHaveLength(1);
    expect(written(found)).not.toMatch(/(?<!\\)<script|(?<!\\)\[c\]/);
    const entry = { ...found, text: JSON.stringify(certificate), flows: [], links: [] };
    const html = pageHtml(null, [], [entry], { version: "0", source: "" });
    expect(html).not.toContain("<script>alert");
    expect(html).toContain("The point, the only zero of its system in its box, is a KKT point (Clarke)");
    expect(html).toContain("KKT point, local optimum");
  });
});

const needs = "pdflatex (apt-get install texlive-latex-base texlive-latex-recommended)";
describeWith(onPath("pdflatex"), needs, "the proofs about enclosed points as LaTeX", (pdflatex) => {
  it.each(enclosedFiles)("compile with no line too long: %s", (file) => {
    const folder = mkdtempSync(join(tmpdir(), "margincert-latex-"));
    try {
      writeFileSync(join(folder, "one.tex"), proofLatex(documentOf(enclosed(read(file)))));
      const { status, stdout } = spawnSync(pdflatex, ["-interaction=nonstopmode", "-halt-on-error", "one.tex"], {
        cwd: folder,
        encoding: "latin1",
      });
      expect(status, stdout.slice(-2000)).toBe(0);
      expect(stdout).not.toMatch(/Overfull/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
