/// <reference lib="dom" />
/** The reviewer's page: shows the instances on demand, and lets the kernel re-check certificates in the browser. */
import "katex/dist/katex.min.css";
import "./page.css";
import type { Certificate, Of, StatementKind } from "../../certificate/format.js";
import { proofDocument } from "../proof.js";
import { CONTENT_ID, type PageContent, type PageInstance, sectionId } from "./content.js";
import { descentPlot } from "./descent.js";
import { byId, element, find } from "./dom.js";
import { flowPlot } from "./flow.js";
import { neighboursPlot } from "./neighbours.js";
import { picture } from "./picture.js";
import { prose } from "./prose.js";
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

/** Picture, plot and written proof of an accepted certificate. */
function evidence(certificate: Certificate<unknown>): HTMLElement[] {
  const { instance, statements } = certificate;
  const of = <K extends StatementKind>(kind: K) => statements.filter((s): s is Of<K, unknown> => s.kind === kind);
  const drawn = picture(instance);
  const descent = of("not-local").find(({ scope }) => scope === null) ?? of("not-local")[0];
  const ball = of("strict-local").find(({ scope }) => scope === null);
  const isGlobal =
    of("svm-dual").length > 0 ||
    of("norm-bound").length > 0 ||
    of("branch-vertices").length > 0 ||
    [...of("lagrangian"), ...of("path-bound")].some((s) => s.reach === "global");
  const figures = [
    ...(drawn === null ? [] : [drawn.element]),
    ...(descent === undefined ? [] : [descentPlot(instance, descent, (point) => drawn?.show(point))]),
    ...(ball === undefined
      ? []
      : [
          neighboursPlot(
            instance,
            instance.field.toNumber(ball.radius),
            `Random feasible points in the certified ball of radius ${instance.field.toNumber(ball.radius)} around θ: the certificate proves that all of the ball's other feasible points have larger norm.`,
          ),
        ]),
    ...(isGlobal && ball === undefined
      ? [
          neighboursPlot(
            instance,
            1,
            "Random feasible points within distance 1 of θ: the certificate proves that no feasible point anywhere has a smaller norm.",
          ),
        ]
      : []),
  ];
  const proof = element(
    "details",
    { class: "proof" },
    element("summary", {}, "The problem and the proof, written out"),
  );
  proof.addEventListener("toggle", () => proof.append(prose(proofDocument(instance, statements))), { once: true });
  proof.open = true;
  return [...(figures.length === 0 ? [] : [element("div", { class: "figures" }, ...figures)]), proof];
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
  byId("dropped").replaceChildren(element("h3", {}, file.name), list, ...(accepted === null ? [] : evidence(accepted)));
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
