/// <reference lib="dom" />
/** The reviewer's page: shows the instances on demand, and lets the kernel re-check certificates in the browser. */
import "katex/dist/katex.min.css";
import "./page.css";
import { parametersOf, type Scope } from "../../network/network.js";
import type { Accepted } from "../accepted.js";
import { problemOf } from "../hash.js";
import { documentOf } from "../proof.js";
import { CONTENT_ID, type PageContent, type PageInstance, sectionId } from "./content.js";
import { descentPlot } from "./descent.js";
import { byId, element, find } from "./dom.js";
import { enclosedFigures } from "./enclosed.js";
import { flowPlot } from "./flow.js";
import { GLOBAL_CAPTION, neighboursPlot } from "./neighbours.js";
import { picture } from "./picture.js";
import { prose } from "./prose.js";
import { treeFigures } from "./tree.js";
import { type Outcome, verification } from "./verification.js";

const { instances } = JSON.parse(byId(CONTENT_ID).textContent) as PageContent;

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
  const descents = statements.flatMap(({ proved }) => (proved.kind === "not-local" ? [proved] : []));
  const descent = descents.find(({ statement }) => isWhole(statement.scope)) ?? descents[0];
  const answers = statements.flatMap(({ meaning }) =>
    meaning.answer === "yes" && isWhole(meaning.scope) ? [meaning] : [],
  );
  const ball = answers.find(({ radius }) => radius !== null);
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
  ];
}

/** Something that is made when it is first opened. */
function unfolding(summary: string, content: () => HTMLElement): HTMLDetailsElement {
  const details = element("details", { class: "unfolding" }, element("summary", {}, summary));
  details.addEventListener("toggle", () => details.append(content()), { once: true });
  return details;
}

/** Title and claim of a problem, as its author wrote them. */
function authorsWords(accepted: Accepted): HTMLElement[] {
  const { title, claim } = problemOf(accepted);
  return [
    ...(title === null ? [] : [element("p", { class: "title" }, title)]),
    ...(claim === null ? [] : [element("p", { class: "authors" }, `The author’s claim: ${claim}`)]),
  ];
}

/** Lets the kernel check an instance's certificate, and shows what it says in the instance's section and in the table. */
function verifyInstance({ name, certificate }: PageInstance): Outcome {
  const outcome = verification(certificate);
  find(byId(sectionId(name)), ".checked").replaceChildren(outcome.list);
  for (const cell of document.querySelectorAll(`[data-kernel="${CSS.escape(name)}"]`)) {
    cell.textContent = outcome.accepted === null ? "rejected" : "accepted";
    cell.className = outcome.accepted === null ? "no" : "yes";
  }
  return outcome;
}

byId("verify-all").addEventListener("click", () => {
  const outcomes = instances.map(verifyInstance);
  const accepted = outcomes.filter((outcome) => outcome.accepted !== null).length;
  const statements = outcomes.reduce((sum, { count }) => sum + count, 0);
  byId("verify-all-outcome").textContent =
    `The kernel in this browser accepts ${accepted} of ${instances.length} certificates, ${statements} statements.`;
});

/** Shows what the kernel says of a file from disk, and, when it accepts all of it, the proof. */
async function showFile(file: File): Promise<void> {
  const { list, accepted } = verification(await file.text());
  const shown = accepted === null ? [] : [...authorsWords(accepted), ...evidence(accepted)];
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
