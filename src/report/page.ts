/** The reviewer's page as text: everything that can be read without its script, and the content that the script works on. */
import type { Certificate } from "../certificate/format.js";
import {
  CONTENT_ID,
  type FlowSeries,
  type PageContent,
  type PageInstance,
  type PageLink,
  sectionId,
} from "./page/content.js";
import { statementText } from "./text.js";
import { type Answer, type Verdict, verdictOf } from "./verdict.js";

/** One accepted certificate with what belongs to it. */
export interface PageEntry {
  readonly certificate: Certificate<unknown>;
  /** The certificate's own text. */
  readonly text: string;
  readonly flows: readonly FlowSeries[];
  readonly links: readonly PageLink[];
}

export interface PageClaim {
  readonly claim: string;
  readonly instances: readonly string[];
}

/** `index.html`; it expects `page.js` and `page.css` beside it. */
export function pageHtml(claims: readonly PageClaim[], entries: readonly PageEntry[]): string {
  const instances = entries.map(pageInstance);
  const byName = new Map(instances.map((instance) => [instance.name, instance]));
  const claimed = new Set(claims.flatMap((claim) => claim.instances));
  const others = instances.flatMap(({ name }) => (claimed.has(name) ? [] : [name]));
  const groups = [...claims, { claim: "other points", instances: others }].flatMap(({ claim, instances: names }) => {
    const rows = names.flatMap((name) => byName.get(name) ?? []);
    return rows.length === 0 ? [] : [groupHtml(claim, rows)];
  });
  const content: PageContent = { instances };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>margincert: the claims on margin maximization, certified</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
</head>
<body>
<header>
<h1>Margin maximization: every claim, certified</h1>
<p class="lead">Vardi, Shamir and Srebro, <a href="https://arxiv.org/abs/2110.02732"><i>On Margin Maximization in Linear and ReLU Networks</i></a>, ask of the KKT point to which gradient flow converges whether it is a local or a global optimum of the max-margin problem. Below is an exact instance of each of their claims, with a certificate that a small kernel checks in exact arithmetic.</p>
<p>That kernel is part of this page. It runs here, on your machine, on these certificates or on a file of yours; the pictures are floating point, the verdicts are not.</p>
<div class="actions"><button type="button" id="verify-all">Verify all in this browser</button><a href="#own">Check a file of yours</a></div>
<p id="verify-all-outcome" role="status"></p>
</header>
<main>
<h2 id="claims">The claims</h2>
${tableHtml(groups)}
<h2>The instances</h2>
${instances.map((instance, k) => instanceHtml(instance, entries[k]!, k === featured(instances))).join("\n")}
<h2 id="own">A certificate of your own</h2>
<div class="drop"><label for="chooser">Choose a certificate file, or drop one anywhere on this page:</label> <input type="file" id="chooser" accept=".json,application/json"></div>
<div id="dropped" role="status"></div>
<noscript><p>The pictures, the written proofs and the kernel need the script of this page.</p></noscript>
</main>
<footer><p>Written by margincert. The kernel in <code>page.js</code> is the one of <code>margincert verify</code>; nothing on this page is loaded from elsewhere or sent anywhere.</p></footer>
<script type="application/json" id="${CONTENT_ID}">${JSON.stringify(content).replaceAll("<", "\\u003c")}</script>
<script src="page.js"></script>
</body>
</html>
`;
}

function pageInstance({ certificate, text, flows, links }: PageEntry): PageInstance {
  const { instance, statements } = certificate;
  const verdict = verdictOf(instance, statements, new Map(), null);
  return { name: instance.name, verdict, certificate: text, flows, links };
}

/** The instance that is open at first: one with a descent to play with. */
function featured(instances: readonly PageInstance[]): number {
  return Math.max(
    0,
    instances.findIndex(({ name }) => name === "fc-relu"),
  );
}

const HEADS = ["Instance", "KKT", "Local optimum", "Global optimum", "By layer: local / global", "Flow", "Kernel here"];

function tableHtml(groups: readonly string[]): string {
  return `<table class="results" aria-labelledby="claims">
<thead><tr>${HEADS.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead>
${groups.join("\n")}
</table>`;
}

/** A claim over the rows of its instances. */
function groupHtml(claim: string, instances: readonly PageInstance[]): string {
  const text = claim.charAt(0).toUpperCase() + claim.slice(1);
  return `<tbody>
<tr class="claim-row"><th scope="rowgroup" colspan="${HEADS.length}">${escapeHtml(text)}</th></tr>
${instances.map(rowHtml).join("\n")}
</tbody>`;
}

function rowHtml({ name, verdict, flows }: PageInstance): string {
  const { kkt, local, strict, radius, global, layers } = verdict;
  const localText = strict === true ? `strict, radius ${radius}` : local;
  const layerText = layers.map((l) => `${answer(l.local)} / ${answer(l.global)}`).join("; ");
  const confirmed = flows.every((f) => f.verdict === "confirmed");
  const flow = flows.length === 0 ? "–" : confirmed ? answer("yes", "confirmed") : answer("no", "not confirmed");
  return `<tr><th scope="row" class="name"><a href="#${encodeURIComponent(sectionId(name))}">${escapeHtml(name)}</a></th><td data-label="KKT">${answer(kkt)}</td><td data-label="Local">${answer(local, localText)}</td><td data-label="Global">${answer(global)}</td><td data-label="Layers">${layerText}</td><td data-label="Flow">${flow}</td><td data-label="Kernel"><span data-kernel="${escapeHtml(name)}">–</span></td></tr>`;
}

function answer(value: Answer, text: string = value): string {
  return `<span class="${value}">${escapeHtml(text)}</span>`;
}

function instanceHtml({ name, verdict, links }: PageInstance, { certificate }: PageEntry, open: boolean): string {
  const { instance, statements } = certificate;
  const anchors = links.map(({ label, href }) => `<a href="${escapeHtml(href)}">${escapeHtml(label)}</a>`);
  return `<details class="instance" id="${escapeHtml(sectionId(name))}"${open ? " open" : ""}>
<summary><h3>${escapeHtml(name)}</h3><span>${escapeHtml(verdictLine(verdict))}</span></summary>
<div class="inside">
<div class="actions"><button type="button">Verify in this browser</button>${anchors.join("")}</div>
<div class="checked" role="status"><ul class="statements">${statements
    .map((statement) => `<li>${escapeHtml(statementText(instance, statement))}</li>`)
    .join("")}</ul></div>
<div class="extras"></div>
</div>
</details>`;
}

function verdictLine({ kkt, local, strict, global }: Verdict): string {
  const optimum =
    global === "yes"
      ? "global optimum"
      : strict === true
        ? "strict local optimum"
        : local === "yes"
          ? "local optimum"
          : null;
  const not = local === "no" ? "not a local optimum" : global === "no" ? "not a global optimum" : null;
  const parts = [kkt === "yes" ? "KKT point" : kkt === "no" ? "not a KKT point" : null, optimum, not];
  return parts.filter((part) => part !== null).join(", ");
}

function escapeHtml(text: string): string {
  return text.replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
