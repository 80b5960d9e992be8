/** The reviewer's page as text: everything that can be read without its script, and the content that the script works on. */
import { problemOf } from "./hash.js";
import { CONTENT_ID, type PageClaim, type PageContent, sectionId } from "./page/content.js";
import { escapeHtml, type PageEntry, resultsHtml, statementsHtml, summaryHtml, wordsHtml } from "./page/results.js";

/** An entry with the certificate's own text. */
export type WrittenEntry = PageEntry & { readonly text: string };

/** What a reader who does not trust the page can go by. */
export interface Provenance {
  readonly version: string;
  /** SHA-256 of the trusted source, as the command below prints it. */
  readonly source: string;
}

/** `index.html`, with a heading of one's own or the usual one; it expects `page.js` and `page.css` beside it. */
export function pageHtml(
  title: string | null,
  claims: readonly PageClaim[],
  entries: readonly WrittenEntry[],
  provenance: Provenance,
): string {
  const inOrder = byClaim(claims, entries);
  const here = claims.filter(({ instances }) => instances.length > 0);
  const count = entries.reduce((sum, { statements }) => sum + statements.length, 0);
  const isPaper = claims.length > 0 && here.length === claims.length;
  const content: PageContent = {
    claims: here,
    instances: inOrder.map((entry) => {
      const { text, flows, links } = entry;
      return { name: problemOf(entry).name, certificate: text, flows, links };
    }),
  };
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
<p>That kernel is part of this page. It runs here, on your machine, on these ${inOrder.length} certificates with their ${count} statements, or on a file of yours. What stands below is then made anew from the statements that it accepts, and where this page had said something else, that is shown in red. The pictures are floating point; the verdicts are not.</p>
<div class="actions"><button type="button" id="verify-all">Verify all in this browser</button><a href="#own">Check a file of yours</a><a href="#distrust">Do not trust this page?</a></div>
<p id="verify-all-outcome" role="status"></p>
</header>
<main>
<h2 id="results-heading">Results</h2>
<div id="controls" class="controls"></div>
<div id="results">
${resultsHtml(here, inOrder)}
</div>
<div id="families"></div>
<h2>The instances</h2>
${inOrder.map((entry, k) => instanceHtml(entry, k === featured(inOrder))).join("\n")}
<h2 id="own">A certificate of your own</h2>
<div class="drop"><label for="chooser">Choose a certificate file, or drop one anywhere on this page:</label> <input type="file" id="chooser" accept=".json,application/json"></div>
<div id="dropped" role="status"></div>
${distrustHtml(provenance)}
<noscript><p>The pictures, the written proofs and the kernel need the script of this page.</p></noscript>
</main>
<footer><p>Written by margincert ${escapeHtml(provenance.version)}. The kernel in <code>page.js</code> is the one of <code>margincert verify</code>; nothing on this page is loaded from elsewhere or sent anywhere.</p></footer>
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
function byClaim(claims: readonly PageClaim[], entries: readonly WrittenEntry[]): WrittenEntry[] {
  const names = claims.flatMap(({ instances }) => instances);
  const rank = (entry: WrittenEntry) => {
    const at = names.indexOf(problemOf(entry).name);
    return at === -1 ? names.length : at;
  };
  return [...entries].sort((a, b) => rank(a) - rank(b));
}

/** The instance that is open at first: one with a descent to play with. */
function featured(entries: readonly WrittenEntry[]): number {
  return Math.max(
    0,
    entries.findIndex((entry) => problemOf(entry).name === "fc-relu"),
  );
}

function instanceHtml(entry: WrittenEntry, open: boolean): string {
  const anchors = entry.links.map(({ label, href }) => `<a href="${escapeHtml(href)}">${escapeHtml(label)}</a>`);
  return `<details class="instance" id="${escapeHtml(sectionId(problemOf(entry).name))}"${open ? " open" : ""}>
<summary>${summaryHtml(entry)}</summary>
<div class="inside">
<div class="words">${wordsHtml(entry)}</div>
<div class="actions"><button type="button">Verify in this browser</button>${anchors.join("")}</div>
<div class="checked" role="status">${statementsHtml(entry)}</div>
<div class="extras"></div>
</div>
</details>`;
}

/** The trusted folders, one text; the command in the page says the same. */
export const SOURCE_FOLDERS = ["src/exact", "src/kernel", "src/network"] as const;

function distrustHtml({ version, source }: Provenance): string {
  const commands = [
    [
      "The certificates of this page, by the kernel alone, outside of any browser:",
      "npx margincert verify /this/folder/certificates/*.json",
    ],
    [
      "Whether the script of this page is the one that is built from the source that you have:",
      "npm ci && cmp dist/page/page.js /this/folder/page.js",
    ],
    [
      `Whether that source is the one by which this page was written; for its kernel this prints <code class="hash">${escapeHtml(source)}</code>:`,
      `find ${SOURCE_FOLDERS.join(" ")} -name '*.ts' | LC_ALL=C sort | xargs cat | sha256sum`,
    ],
  ];
  return `<section class="distrust" id="distrust" aria-labelledby="distrust-heading">
<h2 id="distrust-heading">Do not trust this page?</h2>
<p>A page can show what it likes, and so can its script. In a clone of margincert, here version ${escapeHtml(version)}, three commands do without it:</p>
<ol>${commands.map(([why, command]) => `<li><p>${why}</p><pre tabindex="0" role="group" aria-label="command"><code>${escapeHtml(command!)}</code></pre></li>`).join("")}</ol>
<p>What is to be trusted then is read in one sitting: <code>src/kernel</code>, beginning with <code>verify.ts</code>, <code>src/network</code> and <code>src/exact</code>. <code>certificates/FORMAT.md</code> says what each check is, and <code>proofs/theory.md</code> proves that the checks prove the statements. A Coq instance, where one is linked above, proves the statements once more, without that kernel.</p>
</section>`;
}
