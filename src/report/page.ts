/** The reviewer's page as text: everything that can be read without its script, and the content that the script works on. */
import type { Accepted } from "./accepted.js";
import { problemOf } from "./hash.js";
import {
  CONTENT_ID,
  type FlowSeries,
  type PageContent,
  type PageInstance,
  type PageLink,
  sectionId,
} from "./page/content.js";
import { statementText } from "./text.js";
import { type Answer, type Verdict, verdictIn } from "./verdict.js";

/** One accepted certificate with what belongs to it. */
export type PageEntry = Accepted & {
  /** The certificate's own text. */
  readonly text: string;
  readonly flows: readonly FlowSeries[];
  readonly links: readonly PageLink[];
};

export interface PageClaim {
  readonly claim: string;
  readonly instances: readonly string[];
}

/** `index.html`, with a heading of one's own or the usual one; it expects `page.js` and `page.css` beside it. */
export function pageHtml(title: string | null, claims: readonly PageClaim[], entries: readonly PageEntry[]): string {
  const inOrder = byClaim(claims, entries);
  const instances = inOrder.map(pageInstance);
  const byName = new Map(instances.map((instance) => [instance.name, instance]));
  const named = claims.map(({ claim, instances: names }) => ({
    claim,
    rows: names.flatMap((name) => byName.get(name) ?? []),
  }));
  const claimed = new Set(claims.flatMap((claim) => claim.instances));
  const others = inOrder
    .map(problemOf)
    .filter(({ name }) => !claimed.has(name))
    .map(({ name, claim }) => ({ claim: claim ?? "–", rows: [byName.get(name)!] }));
  const count = entries.reduce((sum, { statements }) => sum + statements.length, 0);
  const isPaper = claims.every(({ instances: names }) => names.some((name) => byName.has(name)));
  const content: PageContent = { instances };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title ?? "margincert: max-margin points, certified")}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
</head>
<body>
<header>
${introduction(title, isPaper)}
<p>That kernel is part of this page. It runs here, on your machine, on these ${instances.length} certificates with their ${count} statements, or on a file of yours. The pictures are floating point; the verdicts are not.</p>
<div class="actions"><button type="button" id="verify-all">Verify all in this browser</button><a href="#own">Check a file of yours</a></div>
<p id="verify-all-outcome" role="status"></p>
</header>
<main>
<h2 id="results">Results</h2>
${tableHtml([...named, ...others].filter(({ rows }) => rows.length > 0))}
<h2>The instances</h2>
${instances.map((instance, k) => instanceHtml(instance, inOrder[k]!, k === featured(instances))).join("\n")}
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

/** What the page is about: the paper, where all its instances are there. */
function introduction(title: string | null, isPaper: boolean): string {
  const [heading, lead] = isPaper
    ? [
        "Margin maximization: every claim, certified",
        `Vardi, Shamir and Srebro, <a href="https://arxiv.org/abs/2110.02732"><i>On Margin Maximization in Linear and ReLU Networks</i></a>, ask of the KKT point to which gradient flow converges whether it is a local or a global optimum of the max-margin problem. Below is an exact instance of each of their claims, with a certificate that a small kernel checks in exact arithmetic.`,
      ]
    : [
        "Max-margin points, certified",
        "Is a point of a neural network’s max-margin problem a KKT point, a local or a global optimum? Below are answers, each with a certificate that a small kernel checks in exact arithmetic.",
      ];
  return `<h1>${escapeHtml(title ?? heading)}</h1>\n<p class="lead">${lead}</p>`;
}

/** The entries in the order in which the claims name them, then the others. */
function byClaim(claims: readonly PageClaim[], entries: readonly PageEntry[]): PageEntry[] {
  const names = claims.flatMap(({ instances }) => instances);
  const rank = (entry: PageEntry) => {
    const at = names.indexOf(problemOf(entry).name);
    return at === -1 ? names.length : at;
  };
  return [...entries].sort((a, b) => rank(a) - rank(b));
}

function pageInstance({ text, flows, links, ...accepted }: PageEntry): PageInstance {
  return { name: problemOf(accepted).name, verdict: verdictIn(accepted), certificate: text, flows, links };
}

/** The instance that is open at first: one with a descent to play with. */
function featured(instances: readonly PageInstance[]): number {
  return Math.max(
    0,
    instances.findIndex(({ name }) => name === "fc-relu"),
  );
}

interface ClaimRows {
  readonly claim: string;
  readonly rows: readonly PageInstance[];
}

function tableHtml(claims: readonly ClaimRows[]): string {
  const heads = ["Claim", "Instance", "KKT", "Local", "Global", "Each layer: local / global", "Flow", "Kernel"];
  return `<table class="results" aria-labelledby="results">
<thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead>
${claims.map(claimHtml).join("\n")}
</table>`;
}

function claimHtml({ claim, rows }: ClaimRows): string {
  const head = `<th scope="rowgroup" rowspan="${rows.length}">${escapeHtml(claim)}</th>`;
  return `<tbody>\n${rows.map((row, k) => `<tr>${k === 0 ? head : ""}${cellsHtml(row)}</tr>`).join("\n")}\n</tbody>`;
}

function cellsHtml({ name, verdict, flows }: PageInstance): string {
  const { kkt, local, strict, radius, global, layers } = verdict;
  const localText = strict === true ? `strict, radius ${radius}` : local;
  const flow =
    flows.length === 0
      ? "–"
      : flows.every((f) => f.verdict === "confirmed")
        ? answer("yes", "confirmed")
        : answer("no", "not confirmed");
  return `<td class="name"><a href="#${encodeURIComponent(sectionId(name))}">${escapeHtml(name)}</a></td><td data-label="KKT">${answer(kkt)}</td><td data-label="Local">${answer(local, localText)}</td><td data-label="Global">${answer(global)}</td><td data-label="Each layer">${layersHtml(layers)}</td><td data-label="Flow">${flow}</td><td data-label="Kernel"><span data-kernel="${escapeHtml(name)}">–</span></td>`;
}

/** Local and global optimality of each layer: once, where all layers are alike. */
function layersHtml(layers: Verdict["layers"]): string {
  const pairs = layers.map(({ local, global }) => `${answer(local)} / ${answer(global)}`);
  if (new Set(pairs).size < 2) return pairs[0] ?? "–";
  return pairs.map((pair, k) => `${k + 1}: ${pair}`).join("<br>");
}

function answer(value: Answer, text: string = value): string {
  return `<span class="${value}">${escapeHtml(text)}</span>`;
}

function instanceHtml({ name, verdict, links }: PageInstance, entry: PageEntry, open: boolean): string {
  const anchors = links.map(({ label, href }) => `<a href="${escapeHtml(href)}">${escapeHtml(label)}</a>`);
  const problem = problemOf(entry);
  const { title, claim } = problem;
  const isInfeasible = entry.statements.some(
    ({ meaning: { about, answer } }) => about === "feasible" && answer === "no",
  );
  const said = entry.statements.map((one) => `<li>${escapeHtml(statementText(problem, one))}</li>`);
  return `<details class="instance" id="${escapeHtml(sectionId(name))}"${open ? " open" : ""}>
<summary><h3>${escapeHtml(name)}</h3><span>${escapeHtml(verdictLine(verdict, isInfeasible))}</span></summary>
<div class="inside">
${title === null ? "" : `<p class="title">${escapeHtml(title)}</p>\n`}${claim === null ? "" : `<p class="authors">The author’s claim: ${escapeHtml(claim)}</p>\n`}<div class="actions"><button type="button">Verify in this browser</button>${anchors.join("")}</div>
<div class="checked" role="status"><ul class="statements">${said.join("")}</ul></div>
<div class="extras"></div>
</div>
</details>`;
}

function verdictLine({ kkt, local, strict, global }: Verdict, isInfeasible: boolean): string {
  if (isInfeasible) return "not feasible";
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
