/// <reference lib="dom" />
/** The reviewer's page: shows the instances on demand, and lets the kernel re-check certificates in the browser. */
import "katex/dist/katex.min.css";
import "./page.css";
import type { Proved, StatementKind } from "../../kernel/statements/index.js";
import { parametersOf, type Scope } from "../../network/network.js";
import type { Accepted } from "../accepted.js";
import { documentOf } from "../proof.js";
import { CONTENT_ID, type PageContent, type PageInstance, sectionId } from "./content.js";
import { resultControls } from "./controls.js";
import { descentPlot } from "./descent.js";
import { byId, element, find } from "./dom.js";
import { enclosedFigures } from "./enclosed.js";
import { familySections } from "./families.js";
import { flowPlot } from "./flow.js";
import { GLOBAL_CAPTION, neighboursPlot } from "./neighbours.js";
import { picture } from "./picture.js";
import { prose } from "./prose.js";
import { fragment, renew, withdrawn } from "./renew.js";
import { type PageEntry, resultsHtml, statementsHtml, summaryHtml, wordsHtml } from "./results.js";
import { trapPlot } from "./trap.js";
import { treeFigures } from "./tree.js";
import { type Outcome, verification } from "./verification.js";

const { claims, instances } = JSON.parse(byId(CONTENT_ID).textContent) as PageContent;

for (const instance of instances) {
  const section = byId(sectionId(instance.name)) as HTMLDetailsElement;
  const place = find(section, ".extras");
  const fill = () => {
    if (section.open && place.childElementCount === 0) place.append(...extras(instance));
  };
  section.addEventListener("toggle", fill);
  fill();
  find(section, "button").addEventListener("click", () => verifyInstance(instance));
}

const families = familySections(instances);
if (families.length > 0) byId("families").append(element("h2", {}, "The families"), ...families);

/** A link to an instance opens it. */
function openTarget(): void {
  const sections = document.querySelectorAll<HTMLDetailsElement>("details.instance");
  const target = [...sections].find(({ id }) => location.hash === `#${encodeURIComponent(id)}`);
  if (target === undefined) return;
  target.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", openTarget);
openTarget();

/** What only a script can show of an instance: pictures, the written proof, the flow. */
function extras({ certificate, flows }: PageInstance): HTMLElement[] {
  const { accepted } = verification(certificate);
  return [
    ...(accepted === null ? [] : evidence(accepted)),
    ...(flows.length === 0
      ? []
      : [
          element("h4", {}, "Gradient flow"),
          element(
            "p",
            {},
            "From the start in the problem file, in floating point: evidence that the flow tends to this point, no part of the verdict.",
          ),
          element("div", { class: "figures" }, ...flows.map(flowPlot)),
        ]),
  ];
}

/** Pictures, plots and written proof of what is accepted. */
function evidence(accepted: Accepted): HTMLElement[] {
  const figures = accepted.sort === "exact" ? exactFigures(accepted) : enclosedFigures(accepted);
  const trees = treeFigures(accepted);
  const proof = unfolding("The problem and the proof, written out", () => prose(documentOf(accepted)));
  proof.open = true;
  return [
    ...(figures.length === 0 ? [] : [element("div", { class: "figures" }, ...figures)]),
    ...(trees.length === 0
      ? []
      : [
          unfolding("The trees of signs behind these statements", () => element("div", { class: "figures" }, ...trees)),
        ]),
    proof,
  ];
}

/** The picture, a descent to play with, and points around an optimum. */
function exactFigures({ instance, statements }: Extract<Accepted, { readonly sort: "exact" }>): HTMLElement[] {
  const { field: K, network } = instance;
  const isWhole = (scope: Scope) => parametersOf(network, scope).length === network.parameters.length;
  const drawn = picture(instance);
  const of = <K extends StatementKind>(kind: K) =>
    statements.flatMap((one) =>
      one.statement.kind === kind ? [one.proved as Extract<Proved<unknown>, { readonly kind: K }>] : [],
    );
  const descents = of("not-local");
  const descent = descents.find(({ statement }) => isWhole(statement.scope)) ?? descents[0];
  const answers = statements.flatMap(({ meaning }) =>
    meaning.answer === "yes" && isWhole(meaning.scope) ? [meaning] : [],
  );
  const ball = answers.find(({ about, radius }) => about === "local" && radius !== null);
  const isGlobal = answers.some(({ about }) => about === "global");
  const radius = ball === undefined ? 1 : K.toNumber(ball.radius);
  const caption =
    ball === undefined
      ? GLOBAL_CAPTION
      : `Random feasible points in the certified ball of radius ${radius} around θ: the certificate proves that all of the ball’s other feasible points have larger norm.`;
  return [
    ...(drawn === null ? [] : [drawn.element]),
    ...(descent === undefined ? [] : [descentPlot(instance, descent, (point) => drawn?.show(point))]),
    ...(ball !== undefined || isGlobal ? [neighboursPlot(instance, radius, caption)] : []),
    ...of("attracts").map((proved) => trapPlot(instance, proved)),
  ];
}

/** Something that is made when it is first opened. */
function unfolding(summary: string, content: () => HTMLElement): HTMLDetailsElement {
  const details = element("details", { class: "unfolding" }, element("summary", {}, summary));
  details.addEventListener("toggle", () => details.append(content()), { once: true });
  return details;
}

/** What the page has said that the kernel did not, so far. */
interface Checked {
  readonly outcome: Outcome;
  /** null where the kernel does not accept all of the certificate. */
  readonly entry: PageEntry | null;
  readonly differences: number;
}

/** Lets the kernel check an instance's certificate, and makes its section anew from what is accepted. */
function verifyInstance({ name, certificate, flows, links }: PageInstance): Checked {
  const outcome = verification(certificate);
  const entry = outcome.accepted === null ? null : { ...outcome.accepted, flows, links };
  const section = byId(sectionId(name));
  const checked = find(section, ".checked");
  const rejected = `<h3 data-said="name"></h3><span data-said="verdict"></span>`;
  const differences = [
    renew(find(section, "summary"), entry === null ? rejected : summaryHtml(entry)),
    renew(find(section, ".words"), entry === null ? "" : wordsHtml(entry)),
  ];
  const gone = withdrawn(checked, fragment(entry === null ? "" : statementsHtml(entry)));
  checked.replaceChildren(outcome.list, ...gone);
  if (entry === null) {
    find(section, "summary").replaceChildren(element("h3", {}, name), element("span", { class: "no" }, "rejected"));
  }
  return { outcome, entry, differences: differences.reduce((sum, n) => sum + n, gone.length) };
}

const controls = resultControls(byId("controls"), byId("results"));

/** Makes the table anew from accepted certificates; those that are rejected have a row that says so. */
function renewResults(checked: readonly Checked[]): number {
  const results = byId("results");
  const differences = renew(
    results,
    resultsHtml(
      claims,
      checked.flatMap(({ entry }) => entry ?? []),
    ),
  );
  const body = find(results, "tbody");
  const columns = find(results, "thead tr").childElementCount;
  for (const cell of results.querySelectorAll(".kernel")) {
    cell.textContent = "accepted";
    cell.classList.add("accepted");
  }
  for (const [k, { entry }] of checked.entries()) {
    if (entry !== null) continue;
    const words = "rejected by the kernel: nothing that this page says of it stands";
    const cell = element("td", { colspan: `${columns - 1}`, class: "differs" }, words);
    body.append(element("tr", {}, element("th", { scope: "row" }, instances[k]!.name), cell));
  }
  controls.apply();
  return differences;
}

/** Sections and rows for which the page has no certificate: somebody has written them in. */
function strays(): HTMLElement[] {
  const known = new Set(instances.map(({ name }) => sectionId(name)));
  const sections = [...document.querySelectorAll<HTMLDetailsElement>("details.instance")];
  return sections.filter(({ id }, k) => !known.has(id) || sections.findIndex((one) => one.id === id) !== k);
}

async function verifyAll(button: HTMLButtonElement): Promise<void> {
  const status = byId("verify-all-outcome");
  button.disabled = true;
  const checked: Checked[] = [];
  for (const instance of instances) {
    status.textContent = `${checked.length} of ${instances.length} certificates checked …`;
    await new Promise((resolve) => setTimeout(resolve));
    checked.push(verifyInstance(instance));
  }
  const unknown = strays();
  for (const one of unknown)
    one.replaceChildren(element("p", { class: "differs" }, "No certificate is behind this section."));
  const differences = checked.reduce((sum, one) => sum + one.differences, renewResults(checked) + unknown.length);
  const accepted = checked.filter(({ entry }) => entry !== null).length;
  const statements = checked.reduce((sum, { outcome: { count } }) => sum + count, 0);
  const verdict = `The kernel in this browser accepts ${accepted} of ${instances.length} certificates, ${statements} statements.`;
  const agreement =
    differences > 0
      ? element(
          "b",
          { class: "differs" },
          `In ${differences} ${differences === 1 ? "place" : "places"} this page said something else: see what is red.`,
        )
      : accepted === instances.length
        ? "What stands below has been made anew from them, and is what this page had said."
        : element("b", { class: "differs" }, "The others are rejected.");
  status.replaceChildren(`${verdict} `, agreement);
  button.disabled = false;
}

const verifyAllButton = byId("verify-all") as HTMLButtonElement;
verifyAllButton.addEventListener("click", () => void verifyAll(verifyAllButton));

/** Shows what the kernel says of a file from disk, and, when it accepts all of it, the proof. */
async function showFile(file: File): Promise<void> {
  const { list, accepted } = verification(await file.text());
  const shown = accepted === null ? [] : [fragment(wordsHtml(accepted)), ...evidence(accepted)];
  byId("dropped").replaceChildren(element("h3", {}, file.name), list, ...shown);
  byId("dropped").scrollIntoView({ block: "nearest" });
}

const chooser = byId("chooser") as HTMLInputElement;
chooser.addEventListener("change", () => {
  const [file] = chooser.files ?? [];
  if (file !== undefined) void showFile(file);
});
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dragging");
});
addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) document.body.classList.remove("dragging");
});
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  const file = event.dataTransfer?.files[0];
  if (file !== undefined) void showFile(file);
});
