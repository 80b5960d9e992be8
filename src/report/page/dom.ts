/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Building elements in one expression. */

type Child = Node | string | null;

/** An element with attributes and children; text is never read as HTML. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** The element of an id; the page has it. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element ${id}`);
  return found;
}

/** The first descendant that a selector picks; the page has it. */
export function find(within: ParentNode, selector: string): Element {
  const found = within.querySelector(selector);
  if (found === null) throw new Error(`the page has no ${selector} there`);
  return found;
}

/** The width of a plot in pixels: on a phone, its text is then as large as elsewhere. */
export function plotWidth(): number {
  return Math.min(460, document.documentElement.clientWidth - 76);
}
