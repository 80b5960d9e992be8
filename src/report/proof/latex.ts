/** Written proofs as LaTeX that compiles with pdflatex and the packages amsmath, amssymb and amsthm. */
import { type Block, breakable, type ProofDocument, spansOf } from "./document.js";
import { brokenFormula, printedWidth } from "./typeset.js";

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

/** How wide lines are. */
interface Measure {
  readonly centimetres: number;
}

/** The article above, and the narrowest that a fragment may come into: the standard `article`. */
const OWN: Measure = { centimetres: 17 };
const STANDARD: Measure = { centimetres: 12.1 };

/** A whole article: its own text first, then one section per proof. */
export function articleLatex({ title, blocks }: ProofDocument, proofs: readonly ProofDocument[]): string {
  return [
    PREAMBLE,
    `\\title{${inline(title)}}`,
    "\\author{}\\date{}",
    "\\begin{document}",
    "\\maketitle",
    renderAll(blocks, page(OWN)),
    ...proofs.map(sectionLatex),
    "\\end{document}\n",
  ].join("\n\n");
}

/** One proof as an article of its own. */
export function proofLatex(document: ProofDocument): string {
  return [PREAMBLE, "\\begin{document}", sectionLatex(document), "\\end{document}\n"].join("\n\n");
}

/** What an author wants to call the claims of a fragment. */
export interface FragmentNames {
  /** The environment of the claims. */
  readonly environment: string;
  /** The claims are labelled by this and their number. */
  readonly label: string;
}

/** One proof to be put into an article of one's own by \input: no preamble, no section. A comment says what it needs. */
export function fragmentLatex(
  { blocks }: ProofDocument,
  source: string,
  { environment, label }: FragmentNames,
): string {
  const body = renderAll(blocks, { measure: STANDARD, environment, label: (number) => `${label}-${number}` });
  const claims = blocks.filter(({ kind }) => kind === "claim").length;
  const packages = ["amsmath", "amssymb", "amsthm"];
  if (body.includes(">{\\raggedright")) packages.push("array");
  if (body.includes("{longtable}")) packages.push("longtable");
  const head = [
    `${source}. Written by margincert export --to latex --fragment.`,
    `Needs \\usepackage{${packages.join(",")}} and an environment "${environment}", such as by \\newtheorem{${environment}}{${environment[0]!.toUpperCase()}${environment.slice(1)}}.`,
    ...(claims === 0 ? [] : [`Labels: ${Array.from({ length: claims }, (_, k) => `${label}-${k + 1}`).join(", ")}`]),
  ];
  return `${head.map((line) => `% ${line}\n`).join("")}\\begingroup\\sloppy\\allowdisplaybreaks\n${body}\n\\par\\endgroup\n`;
}

/** One proof as a section, to be pasted. */
function sectionLatex({ title, blocks }: ProofDocument): string {
  return `\\section{${inline(title)}}\n\n${renderAll(blocks, page(OWN))}`;
}

interface Layout {
  readonly measure: Measure;
  readonly environment: string;
  /** The label of a claim by its number. */
  readonly label: ((number: number) => string) | null;
}

function page(measure: Measure): Layout {
  return { measure, environment: "claim", label: null };
}

/** A display belongs to the paragraph before it, and a text that goes on in lower case to the display before. */
function renderAll(blocks: readonly Block[], layout: Layout): string {
  let claims = 0;
  return blocks
    .map((block, k) => {
      if (block.kind === "claim") claims++;
      const goesOn = block.kind === "text" && /^\p{Ll}/u.test(block.text) && blocks[k - 1]?.kind === "display";
      return (k === 0 ? "" : block.kind === "display" || goesOn ? "\n" : "\n\n") + render(block, layout, claims);
    })
    .join("");
}

function render(block: Block, layout: Layout, number: number): string {
  switch (block.kind) {
    case "text":
      return inline(block.text);
    case "display": {
      const lines = fitted(block.lines, layout.measure);
      return lines.length === 1
        ? `\\[${lines[0]!.replaceAll("&", "")}\\]`
        : `\\begin{align*}\n${lines.join(" \\\\\n")}\n\\end{align*}`;
    }
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
      const { small, specification } = columns(block.heads, block.rows, layout.measure);
      return [
        `{\\renewcommand{\\arraystretch}{1.2}${small ? "\\footnotesize\\setlength{\\tabcolsep}{2pt}" : ""}`,
        `${opening.join("\n")}{${specification}}`,
        `${block.heads.map(inline).join(" & ")} \\\\ \\hline`,
        ...block.rows.map((row) => `${row.map(inline).join(" & ")} \\\\`),
        `${closing.join("\n")}}`,
      ].join("\n");
    }
    case "claim": {
      const { environment, label } = layout;
      const labelled = label === null ? "" : `\\label{${label(number)}}`;
      // In the standard layout a penalty here would keep the spaces of the two environments apart.
      const together = label === null ? "\\nopagebreak" : "";
      return [
        `\\begin{${environment}}${labelled}\n${inline(block.statement)}\n\\end{${environment}}${together}`,
        `\\begin{proof}\n${renderAll(block.proof, layout)}\n\\end{proof}`,
      ].join("\n");
    }
  }
}

/** Letters of a displayed formula to a centimetre: as many fit, and so many make a good line of one that has to be broken. */
const FITTING_LETTERS = 7;
const BROKEN_LETTERS = 5.6;

/** Lines of a display, those that are too long broken between their formulas, and formulas that are too long before signs and relations. */
function fitted(lines: readonly string[], { centimetres }: Measure): string[] {
  const width = BROKEN_LETTERS * centimetres;
  return lines.flatMap((line) => {
    if (spacedWidth(line.replaceAll("&", "")) <= FITTING_LETTERS * centimetres) return [line];
    const formulas = line.split(/(?<=,)\\q?quad /);
    const broken = formulas.map((formula) => {
      const [first, ...others] = brokenFormula(formula, width);
      return [first!.includes("&") ? first! : `&${first}`, ...others.map((other) => `&\\quad {}${other}`)];
    });
    const all: string[] = [];
    for (const [first, ...others] of broken) {
      const joined = `${all.at(-1)}\\quad ${first!.replace("&", "")}`;
      if (all.length > 0 && others.length === 0 && printedWidth(joined) <= width) all.splice(-1, 1, joined);
      else all.push(first!, ...others);
    }
    return all;
  });
}

/** A digit of a long decimal is wider than letters are on average; and so much is missing for dots, and around what stands between formulas. */
const EXTRA = { digit: 0.25, dots: 2, space: 1 };

/** The printed width, with what is wider than one letter in the displays that are lists of decimals. */
function spacedWidth(latex: string): number {
  const count = (pattern: RegExp) => (latex.match(pattern) ?? []).length;
  return (
    printedWidth(latex) +
    EXTRA.digit * count(/(?<=\.\d*)\d/g) +
    EXTRA.dots * count(/\\ldots/g) +
    EXTRA.space * count(/\\quad|\\pm/g)
  );
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

/** What `\footnotesize` makes of a letter. */
const SMALL = 0.8;

interface Columns {
  /** Whether the table needs small letters and gaps. */
  readonly small: boolean;
  readonly specification: string;
}

/**
 * Left-aligned columns; where a row is too long for a line, the wide columns are set in paragraphs, and in small letters where what
 * cannot be broken is too long itself.
 */
function columns(heads: readonly string[], rows: readonly (readonly string[])[], { centimetres }: Measure): Columns {
  const letters = centimetres / LETTER_CENTIMETRES;
  const widest = (width: (cell: string) => number) =>
    heads.map((_, k) => Math.max(...[heads, ...rows].map((row) => width(row[k]!))) + 3);
  const sum = (numbers: readonly number[]) => numbers.reduce((total, width) => total + width, 0);
  const widths = widest(printedWidth);
  const total = sum(widths);
  if (total <= letters) return { small: false, specification: "l".repeat(widths.length) };
  const pieces = widest((cell) => Math.max(...cell.split(" ").map(printedWidth)));
  const least = widths.map((width, k) => (width > WIDE_LETTERS ? pieces[k]! : width));
  const small = sum(least) > letters;
  const room = small ? letters / SMALL : letters;
  const letter = small ? LETTER_CENTIMETRES * SMALL : LETTER_CENTIMETRES;
  const wide = sum(widths.filter((width) => width > WIDE_LETTERS));
  const share = (width: number) => ((room - (total - wide)) * width) / wide;
  const specification = widths.map((width, k) => {
    if (width <= WIDE_LETTERS || (small && width === least[k])) return "l";
    const paragraph = small ? Math.max(share(width), least[k]!) : share(width);
    return `>{\\raggedright\\arraybackslash}p{${Math.max(paragraph * letter - GAP_CENTIMETRES, LEAST_CENTIMETRES).toFixed(1)}cm}`;
  });
  return { small, specification: specification.join("") };
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
