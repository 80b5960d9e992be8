/// <reference lib="dom" />
/** Filtering and sorting of the table of results. */
import { element } from "./dom.js";

/** Controls in their place; `apply` has them work on the table again, after it has been made anew. */
export function resultControls(place: HTMLElement, results: HTMLElement): { readonly apply: () => void } {
  const filter = element("input", { type: "search", placeholder: "a name, or “local no”" });
  const standing = element("select");
  const order = element("select");
  const count = element("output");
  const rows = () => [...results.querySelectorAll<HTMLTableRowElement>("tbody tr")];
  const heads = () => [...results.querySelectorAll("thead th")].map((head) => said(head));
  const choices = (select: HTMLSelectElement, names: readonly string[]) => {
    const { value } = select;
    select.replaceChildren(...names.map((name) => element("option", {}, name)));
    if (names.includes(value)) select.value = value;
  };

  const apply = () => {
    choices(order, [AS_WRITTEN, ...heads()]);
    const standings = rows().flatMap((row) => said(row.querySelector(".of-claim-holds")) || []);
    choices(standing, [ALL, ...new Set(standings)]);
    standing.closest("label")!.hidden = standings.length === 0;
    const wanted = filter.value.trim().toLowerCase();
    const all = rows();
    for (const [k, row] of all.entries()) {
      row.dataset.order ??= `${k}`;
      const cells = [...row.children].map((cell) => `${cell.getAttribute("data-label") ?? ""} ${said(cell)}`);
      const fits = standing.value === ALL || said(row.querySelector(".of-claim-holds")) === standing.value;
      row.hidden = !fits || !cells.join(" | ").toLowerCase().includes(wanted);
    }
    const column = order.selectedIndex - 1;
    const key = (row: HTMLTableRowElement) => (column < 0 ? "" : said(row.children[column]));
    all.sort(
      (a, b) =>
        key(a).localeCompare(key(b), "en", { numeric: true }) || Number(a.dataset.order) - Number(b.dataset.order),
    );
    results.querySelector("tbody")?.append(...all);
    const shown = all.filter((row) => !row.hidden).length;
    count.textContent = shown === all.length ? "" : `${shown} of ${all.length} rows`;
  };

  for (const control of [filter, standing, order]) control.addEventListener("input", apply);
  place.replaceChildren(
    element("label", {}, "Filter ", filter),
    element("label", {}, "Show ", standing),
    element("label", {}, "Sort by ", order),
    count,
  );
  apply();
  return { apply };
}

const ALL = "all";
const AS_WRITTEN = "nothing: as written";

function said(cell: Element | null | undefined): string {
  return (cell?.textContent ?? "").trim();
}
