/** Written proofs as LaTeX that compiles with pdflatex and the packages amsmath, amssymb and amsthm. */
import { type Block, type ProofDocument, spansOf } from "./document.js";

const PREAMBLE = String.raw`\documentclass[10pt]{article}
\usepackage[utf8]{inputenc}
\usepackage[margin=2cm]{geometry}
\usepackage{amsmath,amssymb,amsthm}
\newtheorem{claim}{Claim}[section]
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.35em plus 0.2em}
\AtBeginDocument{\setlength{\abovedisplayskip}{4pt plus 2pt}\setlength{\belowdisplayskip}{4pt plus 2pt}}
\allowdisplaybreaks
\sloppy
`;

/** A whole article: its own text first, then one section per proof. */
export function articleLatex({ title, blocks }: ProofDocument, proofs: readonly ProofDocument[]): string {
  return [
    PREAMBLE,
    `\\title{${inline(title)}}`,
    "\\date{}",
    "\\begin{document}",
    "\\maketitle",
    renderAll(blocks),
    ...proofs.map(sectionLatex),
    "\\end{document}",
    "",
  ].join("\n\n");
}

/** One proof as an article of its own. */
export function proofLatex(document: ProofDocument): string {
  return [PREAMBLE, "\\begin{document}", sectionLatex(document), "\\end{document}", ""].join("\n\n");
}

/** One proof as a section, to be pasted. */
function sectionLatex({ title, blocks }: ProofDocument): string {
  return `\\section{${inline(title)}}\n\n${renderAll(blocks)}`;
}

/** A display belongs to the paragraph before it. */
function renderAll(blocks: readonly Block[]): string {
  return blocks.map((block, k) => (k === 0 ? "" : block.kind === "display" ? "\n" : "\n\n") + render(block)).join("");
}

function render(block: Block): string {
  switch (block.kind) {
    case "text":
      return inline(block.text);
    case "display":
      return block.lines.length === 1
        ? `\\[${block.lines[0]!.replaceAll("&", "")}\\]`
        : `\\begin{align*}\n${block.lines.join(" \\\\\n")}\n\\end{align*}`;
    case "items":
      return `\\begin{itemize}\\setlength{\\itemsep}{0pt}\n${block.items.map((item) => `\\item ${inline(item)}`).join("\n")}\n\\end{itemize}`;
    case "table":
      return [
        "\\begin{center}\\renewcommand{\\arraystretch}{1.25}",
        `\\begin{tabular}{${columns(block.rows)}}`,
        `${block.heads.map(inline).join(" & ")} \\\\ \\hline`,
        ...block.rows.map((row) => `${row.map(inline).join(" & ")} \\\\`),
        "\\end{tabular}\\end{center}",
      ].join("\n");
    case "claim":
      return [
        `\\begin{claim}\n${inline(block.statement)}\n\\end{claim}`,
        `\\begin{proof}\n${renderAll(block.proof)}\n\\end{proof}`,
      ].join("\n\n");
  }
}

/** Left-aligned columns; words that are too many for a line are set in a paragraph. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, k) =>
    Math.max(...rows.map((row) => row[k]!.replace(/\$[^$]*\$/g, "").length)),
  );
  return widths.map((width) => (width > 60 ? "p{11cm}" : "l")).join("");
}

/** What LaTeX would take for a command, and letters beyond Latin ones, which its fonts do not have. */
function escapeLatex(plain: string): string {
  return plain
    .replace(/[&%#_{}$~^\\]/g, (c) => (c === "\\" ? "\\textbackslash{}" : `\\${c}`))
    .replace(/[^\x20-\x7e\u00a0-\u017f–—“”’]/gu, "?");
}

function inline(content: string): string {
  return spansOf(content)
    .map(({ kind, content: inner }) => {
      if (kind === "math") return `$${inner}$`;
      return kind === "code" ? `\\texttt{${escapeLatex(inner)}}` : escapeLatex(inner).replaceAll(" $", "~$");
    })
    .join("");
}
