/**
 * What a written proof is made of, before it is Markdown, LaTeX or a page. Text is plain, with mathematics between dollar signs in
 * LaTeX and names of things between back-quotes; nothing in it depends on the backend.
 */

export type Block =
  | { readonly kind: "text"; readonly text: string }
  /** Displayed formulas, one per line, aligned at `&`. */
  | { readonly kind: "display"; readonly lines: readonly string[] }
  | { readonly kind: "items"; readonly items: readonly string[] }
  | { readonly kind: "table"; readonly heads: readonly string[]; readonly rows: readonly (readonly string[])[] }
  /** A statement with its proof, numbered by the backend. */
  | { readonly kind: "claim"; readonly statement: string; readonly proof: readonly Block[] };

export interface ProofDocument {
  readonly title: string;
  readonly blocks: readonly Block[];
}

export function text(content: string): Block {
  return { kind: "text", text: content };
}

export function display(...lines: readonly string[]): Block {
  return { kind: "display", lines };
}

export function items(list: readonly string[]): Block {
  return { kind: "items", items: list };
}

export function table(heads: readonly string[], rows: readonly (readonly string[])[]): Block {
  return { kind: "table", heads, rows };
}

export function claim(statement: string, proof: readonly Block[]): Block {
  return { kind: "claim", statement, proof };
}

const DOLLAR = "\ue000";
const QUOTE = "\ue001";

/** Somebody else's words as plain text, whatever is in them. */
export function literal(words: string): string {
  return words.replaceAll("$", DOLLAR).replaceAll("`", QUOTE);
}

export interface Span {
  readonly kind: "plain" | "math" | "code";
  readonly content: string;
}

/** The plain, mathematical and quoted parts of a text, in order. */
export function spansOf(content: string): readonly Span[] {
  return content
    .split(/(\$[^$]*\$|`[^`]*`)/)
    .filter((part) => part !== "")
    .map((part) => {
      const kind = part.startsWith("$") ? "math" : part.startsWith("`") ? "code" : "plain";
      if (kind !== "plain") return { kind, content: part.slice(1, -1) };
      return { kind, content: part.replaceAll(DOLLAR, "$").replaceAll(QUOTE, "`") };
    });
}

/** A formula within a text, which may be broken after the commas of a tuple. */
export function breakable(latex: string): string {
  return latex.replaceAll(", ", ", \\allowbreak ");
}

/** "a", "a and b", "a, b and c" */
export function enumeration(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** "1 sample", "2 samples" */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
