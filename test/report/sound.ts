/** What holds of every written proof, whatever it is about. */
import katex from "katex";
import { expect } from "vitest";
import { type Block, type ProofDocument, spansOf } from "../../src/report/proof/document.js";
import { proofLatex } from "../../src/report/proof/latex.js";
import { proofMarkdown } from "../../src/report/proof/markdown.js";
import { claimsOf } from "./documents.js";

/** All formulas of a document, as a reader's program gets them. */
function formulasOf(blocks: readonly Block[]): string[] {
  const inText = (text: string) => spansOf(text).flatMap(({ kind, content }) => (kind === "math" ? [content] : []));
  return blocks.flatMap((block): string[] => {
    if (block.kind === "text") return inText(block.text);
    if (block.kind === "items") return block.items.flatMap(inText);
    if (block.kind === "display") return [`\\begin{aligned}${block.lines.join("\\\\")}\\end{aligned}`];
    if (block.kind === "table") return [...block.heads, ...block.rows.flat()].flatMap(inText);
    return [...inText(block.statement), ...formulasOf(block.proof)];
  });
}

/** What no written proof of any certificate may contain, in either form. */
export function expectSound({ document }: { readonly document: ProofDocument }): void {
  const markdown = proofMarkdown(document);
  const latex = proofLatex(document);
  for (const text of [markdown, latex]) {
    expect(text).not.toMatch(/undefined|NaN|\[object|Infinity|\bnull\b/);
    expect(text.replaceAll("\\$", "").split("$").length % 2).toBe(1);
    for (const part of text.split(/\$\$?|\n\n/)) {
      const open = part.replace(/\\[{}]/g, "").match(/\{/g)?.length ?? 0;
      const closed = part.replace(/\\[{}]/g, "").match(/\}/g)?.length ?? 0;
      if (!part.includes("\\begin{") && !part.includes("\\end{") && !part.includes("\\def"))
        expect([open, part]).toEqual([closed, part]);
    }
  }
  expect(latex).not.toMatch(/\\begin\{align\*\}\n\s*\n/);
  for (const formula of formulasOf(document.blocks))
    katex.renderToString(formula, { throwOnError: true, strict: "error" });
  // The proof argues; it does not report what a program did.
  expect(markdown).not.toMatch(/\b(certificate|kernel|prover|JSON|evidence)\b/i);
  expect(markdown).not.toMatch(/\badd \.|: \.\s|,\.|\(\)| {2}(?=[a-z])|\$\$\n?\$\$|: ,|, ,/);
  // A bar would end a cell.
  for (const block of claimsOf(document).flatMap(({ proof }) => proof))
    if (block.kind === "table") expect(block.rows.flat().join()).not.toMatch(/(?<!\\)\|/);
  const [body] = latex.split("\\end{document}");
  expect(body!.split("\\begin{document}")[1]).toMatch(/^[\x20-\x7e\n–—’“”\u00c0-\u017f]*$/);
  for (const { statement, proof } of claimsOf(document)) {
    expect(statement).toMatch(/^(The point|From every start|For each of the problems|Each of the following layers)/);
    expect(proof.length).toBeGreaterThan(0);
  }
}
