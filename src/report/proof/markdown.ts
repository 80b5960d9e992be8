/** A written proof as Markdown, with mathematics as GitHub and most readers show it. */
import { type Block, type ProofDocument, spansOf } from "./document.js";

export function proofMarkdown({ title, blocks }: ProofDocument): string {
  let number = 0;
  const render = (block: Block): string => {
    switch (block.kind) {
      case "text":
        return inline(block.text);
      case "display":
        return displayMarkdown(block.lines);
      case "items":
        return block.items.map((item) => `- ${inline(item)}`).join("\n");
      case "table":
        return [block.heads, block.heads.map(() => "---"), ...block.rows]
          .map((row) => `| ${row.map(inline).join(" | ")} |`)
          .join("\n");
      case "claim":
        number++;
        return [`**Claim ${number}.** ${inline(block.statement)}`, proofParts(block.proof.map(render))].join("\n\n");
    }
  };
  return `# ${inline(title)}\n\n${blocks.map(render).join("\n\n")}\n`;
}

/** "Proof." runs into the first paragraph, and the end mark into the last. */
function proofParts(parts: readonly string[]): string {
  const runsOn = (part: string) => /^[^-|$]/.test(part);
  const [first = "", ...others] = parts;
  const opening = runsOn(first) ? [`*Proof.* ${first}`] : ["*Proof.*", first];
  const all = [...opening, ...others];
  const last = all.at(-1)!;
  const closing =
    last.includes("\n") || last.startsWith("$$") || last.startsWith("|")
      ? [last, "$\\square$"]
      : [`${last} $\\square$`];
  return [...all.slice(0, -1), ...closing].join("\n\n");
}

function displayMarkdown(lines: readonly string[]): string {
  if (lines.length === 1) return `$$${wordy(lines[0]!.replaceAll("&", ""))}$$`;
  return `$$\n\\begin{aligned}\n${lines.map(wordy).join(" \\\\\n")}\n\\end{aligned}\n$$`;
}

const WORDS: Readonly<Record<string, string>> = {
  "\\,": "\\thinspace ",
  "\\;": "\\thickspace ",
  "\\ ": "\\enspace ",
  "\\!": "",
  "\\|": "\\Vert ",
  "\\_": "\\underline{\\hspace{0.5em}}",
};

/** Commands that are a backslash and a punctuation mark, in letters: Markdown takes the backslash for its own. */
function wordy(math: string): string {
  return math.replace(/(?<!\\)(\\[,; !|_]) ?/g, (_, command: string) => WORDS[command]!);
}

/** What Markdown, or GitHub's dialect of it, would not leave as it stands in a paragraph. */
const MARKUP = /[\\`*_{}[\]<>#|~&$@]|(?<=:)\/|(?<=www)\./g;

function inline(content: string): string {
  return spansOf(content)
    .map(({ kind, content: inner }) => {
      if (kind === "math") return `$${wordy(inner)}$`;
      return kind === "code" ? `\`${inner}\`` : inner.replace(MARKUP, "\\$&");
    })
    .join("");
}
