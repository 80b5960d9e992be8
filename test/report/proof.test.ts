import { describe, expect, it } from "vitest";
import type { StatementKind } from "../../src/certificate/format.js";
import { proofLatex } from "../../src/report/proof/latex.js";
import { proofMarkdown } from "../../src/report/proof/markdown.js";
import { proofDocument } from "../../src/report/proof.js";
import { generate } from "../adversary/generate.js";
import { decide } from "../adversary/judge.js";
import { type Accepted, accepted, acceptedFile, claimsOf, files } from "./documents.js";

const KINDS: readonly StatementKind[] = [
  "feasible",
  "infeasible",
  "kkt",
  "not-kkt",
  "not-local",
  "not-global",
  "strict-local",
  "lagrangian",
  "svm-dual",
  "norm-bound",
  "branch-vertices",
  "path-bound",
  "layer-global",
  "layer-cells",
];

/** What no written proof of any certificate may contain, in either form. */
function expectSound({ document }: Accepted): void {
  const markdown = proofMarkdown(document);
  const latex = proofLatex(document);
  for (const text of [markdown, latex]) {
    expect(text).not.toMatch(/undefined|NaN|\[object|Infinity|\bnull\b/);
    expect(text.split("$").length % 2).toBe(1);
    for (const part of text.split(/\$\$?|\n\n/)) {
      const open = part.replace(/\\[{}]/g, "").match(/\{/g)?.length ?? 0;
      const closed = part.replace(/\\[{}]/g, "").match(/\}/g)?.length ?? 0;
      if (!part.includes("\\begin{") && !part.includes("\\end{") && !part.includes("\\def"))
        expect([open, part]).toEqual([closed, part]);
    }
  }
  // The proof argues; it does not report what a program did.
  expect(markdown).not.toMatch(/\b(certificate|kernel|prover|JSON|evidence)\b/i);
  expect(markdown).not.toMatch(/\badd \.|: \.\s|,\.|\(\)| {2}(?=[a-z])|\$\$\n?\$\$/);
  const [body] = latex.split("\\end{document}");
  expect(body!.split("\\begin{document}")[1]).toMatch(/^[\x20-\x7e\n–—’“”\u00c0-\u017f]*$/);
  for (const { statement, proof } of claimsOf(document)) {
    expect(statement).toMatch(/^(The point|For each of the problems|Each of the following layers)/);
    expect(proof.length).toBeGreaterThan(0);
  }
}

describe("the written proof", () => {
  it.each(files)("of %s says every statement, without noise", (file) => {
    expectSound(acceptedFile(file));
  });

  it("has a claim for each single statement of every kind", () => {
    const seen = new Set<StatementKind>();
    for (const file of files) {
      const { instance, statements } = acceptedFile(file);
      for (const statement of statements) {
        seen.add(statement.kind);
        const claims = claimsOf(proofDocument(instance, [statement]));
        expect(claims.length, `${file}: ${statement.kind}`).toBe(statement.kind === "feasible" ? 0 : 1);
      }
    }
    expect([...seen].sort()).toEqual([...KINDS].sort());
  });

  it("of whatever check certifies for random problems is without noise too", () => {
    for (let k = 0; k < 24; k++) expectSound(accepted(JSON.parse(decide(generate(11, k).problem).certificate)));
  });

  it("names the verdict in its title", () => {
    const title = (file: string) => acceptedFile(file).document.title;
    expect(title("../../certificates/fc-relu.json")).toBe("fc-relu: a KKT point that is not a local optimum");
    expect(title("../certificates/accept/infeasible-leaky.json")).toMatch(/a point that is not feasible$/);
    expect(title("../certificates/accept/idle-unit.json")).toMatch(/a feasible point that is not a KKT point$/);
    // Feasible, although no statement says so.
    expect(title("../certificates/accept/kinks-with-products.json")).not.toMatch(/not feasible/);
  });

  it("says why each polynomial is positive on the curve", () => {
    const markdown = proofMarkdown(acceptedFile("../../certificates/fc-relu.json").document);
    expect(markdown).toContain("because $\\tfrac{121}{128} t^{2} \\le \\tfrac{121}{128} < \\tfrac{3}{2}$");
    expect(markdown).toContain("$2 g_{1} + 2 g_{2} = \\theta$");
  });

  it("says why a neuron does not matter, and only where one does not", () => {
    const markdown = (name: string) => proofMarkdown(acceptedFile(`../../certificates/${name}.json`).document);
    expect(markdown("fc-relu")).toContain("Neuron 2 has no part in $\\Phi$");
    expect(markdown("relu-nonzero-inputs")).not.toContain("no part");
  });

  it("puts a sum that is subtracted into parentheses", () => {
    const markdown = proofMarkdown(acceptedFile("../certificates/accept/cubic-linear.json").document);
    expect(markdown).toMatch(/\\left\(\\tfrac\{15\}\{32\} - \\left\(.* \+ .*\\right\)\\right\)/);
  });
});
