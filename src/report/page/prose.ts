/// <reference lib="dom" />
/** Written proofs as elements: text with KaTeX. */
import katex from "katex";
import { type Block, breakable, type ProofDocument, spansOf } from "../proof/document.js";
import { element } from "./dom.js";

export function formula(latex: string, displayMode = false): HTMLElement {
  const holder = element(displayMode ? "div" : "span", { class: displayMode ? "display" : "inline" });
  katex.render(latex, holder, { displayMode, throwOnError: false, output: "htmlAndMathml" });
  return holder;
}

export function inline(content: string): Node[] {
  return spansOf(content).map(({ kind, content: inner }) => {
    if (kind === "math") return formula(breakable(inner));
    return kind === "code" ? element("code", {}, inner) : document.createTextNode(inner);
  });
}

export function prose({ blocks }: Pick<ProofDocument, "blocks">): HTMLElement {
  let claims = 0;
  const render = (block: Block): HTMLElement => {
    switch (block.kind) {
      case "text":
        return element("p", {}, ...inline(block.text));
      case "display":
        return displayed(block.lines);
      case "items":
        return element("ul", {}, ...block.items.map((item) => element("li", {}, ...inline(item))));
      case "table":
        return tableOf(block.heads, block.rows);
      case "claim": {
        claims++;
        return element(
          "section",
          { class: "claim" },
          element("p", {}, element("strong", {}, `Claim ${claims}. `), ...inline(block.statement)),
          element("div", { class: "argument" }, ...block.proof.map(render)),
        );
      }
    }
  };
  return element("div", { class: "prose" }, ...blocks.map(render));
}

function displayed(lines: readonly string[]): HTMLElement {
  const latex =
    lines.length === 1 ? lines[0]!.replaceAll("&", "") : `\\begin{aligned}${lines.join("\\\\")}\\end{aligned}`;
  return scrollable(formula(latex, true), "formula");
}

function tableOf(heads: readonly string[], rows: readonly (readonly string[])[]): HTMLElement {
  return scrollable(
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, ...inline(head))))),
      element(
        "tbody",
        {},
        ...rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, ...inline(cell))))),
      ),
    ),
    "table",
  );
}

/** What may be wider than a phone scrolls by itself, by keyboard as well. */
function scrollable(content: HTMLElement, what: string): HTMLElement {
  return element("div", { class: "wide", tabindex: "0", role: "group", "aria-label": what }, content);
}
