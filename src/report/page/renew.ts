/// <reference lib="dom" />
/**
 * What the page's file says is only compared, never believed: each place is made anew from what the kernel accepts, and where the file
 * had said something else, that stays visible in red.
 */
import { element } from "./dom.js";

/** The elements of HTML that this program has written. */
export function fragment(html: string): DocumentFragment {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

const SAID = "data-said";

/** What an element says: its text, without what was marked in it before, and where it leads. */
function said(one: Element): string {
  const copy = one.cloneNode(true) as Element;
  for (const mark of copy.querySelectorAll(".was")) mark.remove();
  const links = [...copy.querySelectorAll("a")].map((link) => ` → ${link.getAttribute("href")}`);
  return `${copy.textContent}${links.join("")}`.replace(/\s+/g, " ").trim();
}

/** What is said in a place, by its key; words without a key have the empty one. */
function allSaid(place: ParentNode): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const add = (key: string, words: string) => found.set(key, [...(found.get(key) ?? []), words]);
  for (const one of place.querySelectorAll(`[${SAID}]`)) add(one.getAttribute(SAID)!, said(one));
  const texts = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
    const words = (text.textContent ?? "").trim();
    if (words !== "" && text.parentElement?.closest(`[${SAID}], .kernel, .was, .differs`) == null) add("", words);
  }
  return found;
}

/** Notes of what a place says that its new content does not, apart from places that both have. */
export function withdrawn(place: ParentNode, fresh: ParentNode): HTMLElement[] {
  const kept = [...place.querySelectorAll<HTMLElement>(".withdrawn")];
  const now = allSaid(fresh);
  const gone = [...allSaid(place)].flatMap(([key, words]) => {
    const still = new Set(now.get(key) ?? []);
    return words.filter((one) => !still.has(one));
  });
  return [...kept, ...gone.map((words) => note("p", words))];
}

/** Puts new content in a place, marks what it says differently from what stood there, and returns how many such places there are. */
export function renew(place: Element, html: string): number {
  const fresh = fragment(html);
  const before = allSaid(place);
  const known = new Set<string>();
  for (const one of fresh.querySelectorAll(`[${SAID}]`)) {
    const key = one.getAttribute(SAID)!;
    known.add(key);
    const [first, ...others] = before.get(key) ?? [];
    const marks = [...place.querySelectorAll(`[${SAID}="${CSS.escape(key)}"] .was`)];
    const different = first === undefined ? ["nothing"] : [first, ...others].filter((words) => words !== said(one));
    if (others.length > 0 && different.length === 0) different.push(...others);
    const notes = [...marks, ...different.map((words) => note("span", words))];
    if (notes.length === 0) continue;
    one.classList.add("differs");
    one.append(...notes);
  }
  const kept = [...place.querySelectorAll(".withdrawn")];
  const gone = [...before].flatMap(([key, words]) => (known.has(key) ? [] : words.map((one) => note("p", one))));
  place.replaceChildren(fresh, ...kept, ...gone);
  return place.querySelectorAll(".differs").length + kept.length + gone.length;
}

function note(tag: "p" | "span", words: string): HTMLElement {
  return element(tag, { class: tag === "p" ? "withdrawn" : "was" }, ` this page said: “${words}”`);
}
