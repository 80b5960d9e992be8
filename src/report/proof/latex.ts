/** Written proofs as LaTeX that compiles with pdflatex and the packages amsmath, amssymb and amsthm. */
import { type Block, breakable, type ProofDocument, spansOf } from "./document.js";
import { printedWidth } from "./typeset.js";

const PREAMBLE = String.raw`% To paste the text below into an article, load the packages of its fourth line there, and have an environment "claim".
\documentclass[10pt]{article}
\usepackage[utf8]{inputenc}
\usepackage[margin=2cm]{geometry}
\usepackage{amsmath,amssymb,amsthm,array,longtable}
\newtheoremstyle{tight}{4pt}{0pt}{\itshape}{}{\bfseries}{.}{ }{}
\theoremstyle{tight}
\newtheorem{claim}{Claim}[section]
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.3em plus 0.2em}
\makeatletter
\def\@listI{\leftmargin\leftmargini \topsep 0pt \partopsep 0pt \parsep 0pt \itemsep 1pt}
\let\@listi\@listI
\makeatother
\AtBeginDocument{%
  \setlength{\abovedisplayskip}{4pt plus 2pt}\setlength{\abovedisplayshortskip}{2pt plus 2pt}%
  \setlength{\belowdisplayskip}{4pt plus 2pt}\setlength{\belowdisplayshortskip}{2pt plus 2pt}}
\allowdisplaybreaks
\sloppy
`;

/** A whole article: its own text first, then one section per proof. */
export function articleLatex({ title, blocks }: ProofDocument, proofs: readonly ProofDocument[]): string {
  return [
    PREAMBLE,
    `\\title{${inline(title)}}`,
    "\\author{}\\date{}",
    "\\begin{document}",
    "\\maketitle",
    renderAll(blocks),
    ...proofs.map(sectionLatex),
    "\\end{document}\n",
  ].join("\n\n");
}

/** One proof as an article of its own. */
export function proofLatex(document: ProofDocument): string {
  return [PREAMBLE, "\\begin{document}", sectionLatex(document), "\\end{document}\n"].join("\n\n");
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
      return `\\begin{itemize}\n${block.items.map((item) => `\\item ${inline(item)}`).join("\n")}\n\\end{itemize}`;
    case "table": {
      // A longtable breaks over pages, but not in two columns.
      const [opening, closing] =
        block.rows.length > MAX_UNBROKEN_ROWS
          ? [["\\begin{longtable}"], ["\\end{longtable}"]]
          : [
              ["\\begin{center}", "\\begin{tabular}"],
              ["\\end{tabular}", "\\end{center}"],
            ];
      return [
        `{\\renewcommand{\\arraystretch}{1.2}`,
        `${opening.join("\n")}{${columns(block.heads, block.rows)}}`,
        `${block.heads.map(inline).join(" & ")} \\\\ \\hline`,
        ...block.rows.map((row) => `${row.map(inline).join(" & ")} \\\\`),
        `${closing.join("\n")}}`,
      ].join("\n");
    }
    case "claim":
      return [
        `\\begin{claim}\n${inline(block.statement)}\n\\end{claim}\\nopagebreak`,
        `\\begin{proof}\n${renderAll(block.proof)}\n\\end{proof}`,
      ].join("\n");
  }
}

/** More rows than this are broken over pages. */
const MAX_UNBROKEN_ROWS = 20;

/** Letters that fit a line of 17 cm, the gap between columns, and how many letters make a column wide. */
const LINE_LETTERS = 82;
const LETTER_CENTIMETRES = 17 / LINE_LETTERS;
const GAP_CENTIMETRES = 0.43;
const LEAST_CENTIMETRES = 1.8;
const WIDE_LETTERS = 18;

/** A formula in a text that is longer than this may have to be broken. */
const LONG_LETTERS = 30;

/** Left-aligned columns; where a row is too long for a line, the wide columns are set in paragraphs. */
function columns(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((_, k) => Math.max(...[heads, ...rows].map((row) => printedWidth(row[k]!))) + 3);
  const sum = (numbers: readonly number[]) => numbers.reduce((total, width) => total + width, 0);
  const total = sum(widths);
  if (total <= LINE_LETTERS) return "l".repeat(widths.length);
  const wide = sum(widths.filter((width) => width > WIDE_LETTERS));
  const share = (width: number) => ((LINE_LETTERS - (total - wide)) * width) / wide;
  return widths
    .map((width) =>
      width > WIDE_LETTERS
        ? `>{\\raggedright\\arraybackslash}p{${Math.max(share(width) * LETTER_CENTIMETRES - GAP_CENTIMETRES, LEAST_CENTIMETRES).toFixed(1)}cm}`
        : "l",
    )
    .join("");
}

const IN_TEXT: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  "<": "\\textless{}",
  ">": "\\textgreater{}",
  "|": "\\textbar{}",
};

/** Without what LaTeX would take for a command, and without letters that its standard fonts do not have. */
function escapeLatex(plain: string): string {
  return plain
    .replace(/[^\x20-\x7e\u00a1-\u00ff–—“”’]|[«»ÐðÞþ]/gu, "?")
    .replace(/[&%#_{}$~^\\<>|]/g, (c) => IN_TEXT[c] ?? `\\${c}`);
}

function inline(content: string): string {
  return spansOf(content)
    .map(({ kind, content: inner }) => {
      if (kind === "math") return `$${printedWidth(inner) > LONG_LETTERS ? breakable(inner) : inner}$`;
      return kind === "code" ? `\\texttt{${escapeLatex(inner)}}` : escapeLatex(inner).replaceAll(" $", "~$");
    })
    .join("");
}
