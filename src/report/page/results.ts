/**
 * What the page says of accepted certificates, as HTML: written into the file by `margincert report`, and made anew from the accepted
 * statements by the page's own script, which compares. What is compared has a `data-said` that names it.
 */
import type { Accepted } from "../accepted.js";
import { problemOf } from "../hash.js";
import { expectationText, type Standing, standing } from "../standing.js";
import { statementText } from "../text.js";
import { type Answer, type Verdict, verdictIn } from "../verdict.js";
import { type FlowSeries, type PageClaim, type PageLink, sectionId } from "./content.js";

/** One accepted certificate with what the page has beside it. */
export type PageEntry = Accepted & {
  readonly flows: readonly FlowSeries[];
  readonly links: readonly PageLink[];
};

interface Row {
  /** No other row of the table has it. */
  readonly key: string;
  readonly name: string;
  readonly verdict: Verdict;
  readonly flows: readonly FlowSeries[];
  readonly claim: PageClaim | null;
  /** The author's own sentence, which no program compares with the verdict. */
  readonly words: string | null;
}

/** The rows in the order in which the claims name their instances, then the instances of which none is claimed. */
function rowsOf(claims: readonly PageClaim[], entries: readonly PageEntry[]): Row[] {
  const row = (entry: PageEntry, claim: PageClaim | null): Row => {
    const { name, claim: words } = problemOf(entry);
    const key = claim === null ? name : `${name}, claim ${claims.indexOf(claim) + 1}`;
    return { key, name, verdict: verdictIn(entry), flows: entry.flows, claim, words };
  };
  const claimed = new Set(claims.flatMap((claim) => claim.instances));
  return [
    ...claims.flatMap((claim) =>
      claim.instances.flatMap((name) =>
        entries.filter((entry) => problemOf(entry).name === name).map((entry) => row(entry, claim)),
      ),
    ),
    ...entries.filter((entry) => !claimed.has(problemOf(entry).name)).map((entry) => row(entry, null)),
  ];
}

interface Column {
  readonly head: string;
  /** Whether the column says anything of a row; one that is silent in all rows is left out. */
  readonly speaks: (row: Row) => boolean;
  readonly cell: (row: Row) => string;
}

const STANDINGS: Readonly<Record<Standing, string>> = {
  verified: "holds",
  undecided: "no statement",
  contradicted: "does not hold",
};

const COLUMNS: readonly Column[] = [
  {
    head: "Claim",
    speaks: ({ claim, words }) => claim !== null || words !== null,
    cell: ({ claim, words }) =>
      claim === null
        ? escapeHtml(words ?? "–")
        : `${escapeHtml(claim.claim)} <small>(${escapeHtml(expectationText(claim.expects))})</small>`,
  },
  {
    head: "Claim holds",
    speaks: ({ claim }) => claim !== null,
    cell: ({ claim, verdict }) => {
      if (claim === null) return "–";
      const found = standing(verdict, claim.expects);
      return `<b class="${found}">${STANDINGS[found]}</b>`;
    },
  },
  {
    head: "Feasible",
    speaks: ({ verdict }) => verdict.feasible !== true,
    cell: ({ verdict: { feasible } }) => answer(feasible === null ? "undecided" : feasible ? "yes" : "no"),
  },
  { head: "KKT", speaks: () => true, cell: ({ verdict }) => answer(verdict.kkt) },
  {
    head: "Local",
    speaks: () => true,
    cell: ({ verdict: { local, strict, isContinuum, radius } }) => {
      if (local !== "yes") return answer(local);
      if (strict === true) return answer(local, radius === null ? "strict" : `strict, radius ${radius}`);
      return answer(local, isContinuum ? "yes, not strict" : "yes, strict or not: open");
    },
  },
  { head: "Global", speaks: () => true, cell: ({ verdict }) => answer(verdict.global) },
  {
    head: "Each layer: local / global",
    speaks: ({ verdict }) => verdict.layers.length > 0,
    cell: ({ verdict }) => layersHtml(verdict.layers),
  },
  {
    head: "Flow converges, proved",
    speaks: ({ verdict }) => verdict.attracts !== null,
    cell: ({ verdict: { attracts } }) =>
      attracts === null ? "no statement" : attracts === "open set" ? "from an open set" : "from a subspace",
  },
  {
    head: "Flow, numerically",
    speaks: ({ flows }) => flows.length > 0,
    cell: ({ flows }) => {
      if (flows.length === 0) return "–";
      return flows.every(({ verdict }) => verdict === "confirmed") ? "confirmed" : "not confirmed";
    },
  },
];

/** The table of results, and below it what is not claimed. */
export function resultsHtml(claims: readonly PageClaim[], entries: readonly PageEntry[]): string {
  const rows = rowsOf(claims, entries);
  const columns = COLUMNS.filter(({ speaks }) => rows.some(speaks));
  const heads = ["Instance", ...columns.map(({ head }) => head), "Kernel"];
  const body = rows.map((row) => {
    const said = (head: string) => `data-said="${escapeHtml(`${row.key}: ${head}`)}"`;
    const cells = columns.map(
      ({ head, cell }) => `<td data-label="${head}" class="of-${slug(head)}" ${said(head)}>${cell(row)}</td>`,
    );
    const link = `<a href="#${encodeURIComponent(sectionId(row.name))}">${escapeHtml(row.name)}</a>`;
    return `<tr><th scope="row" ${said("Instance")}>${link}</th>${cells.join("")}<td data-label="Kernel" class="kernel">–</td></tr>`;
  });
  const silent = entries.flatMap((entry) => {
    const open = unclaimedBy(entry);
    return open.length === 0 ? [] : [`${problemOf(entry).name}: ${open.join("; ")}`];
  });
  const [most, rest] = [silent.slice(0, MAX_SILENT), silent.length - MAX_SILENT];
  const unclaimed =
    silent.length === 0
      ? "Every question about these points has a statement that answers it."
      : `Not claimed: ${most.join(". ")}${rest > 0 ? `. And of ${rest} other points, as their sections say` : ""}.`;
  return `<table class="results" aria-labelledby="results-heading">
<thead><tr>${heads.map((head) => `<th scope="col" data-said="head of ${head}">${head}</th>`).join("")}</tr></thead>
<tbody>
${body.join("\n")}
</tbody>
</table>
<p class="unclaimed" data-said="what is not claimed">${escapeHtml(unclaimed)}</p>`;
}

const MAX_SILENT = 6;

/** The questions about a point that no statement answers. */
function unclaimedBy(accepted: Accepted): string[] {
  const { undecided, local, strict, isContinuum } = verdictIn(accepted);
  const isOpen = local === "yes" && strict === null && !isContinuum;
  return [...undecided, ...(isOpen ? ["strict local optimum: no statement"] : [])];
}

function slug(head: string): string {
  return head.toLowerCase().replace(/:.*/, "").replaceAll(" ", "-");
}

/** Local and global optimality of each layer: once, where all layers are alike. */
function layersHtml(layers: Verdict["layers"]): string {
  const pairs = layers.map(({ local, global }) => `${answer(local)} / ${answer(global)}`);
  if (new Set(pairs).size < 2) return pairs[0] ?? "–";
  return pairs.map((pair, k) => `${k + 1}: ${pair}`).join("<br>");
}

/** Yes and no are answers, neither of them good or bad: only what is missing looks different. */
function answer(value: Answer, text = value === "undecided" ? "no statement" : value): string {
  return `<span class="${value}">${escapeHtml(text)}</span>`;
}

/** An instance's name, with the verdict in a line. */
export function summaryHtml(accepted: Accepted): string {
  const verdict = verdictIn(accepted);
  return `<h3 data-said="name">${escapeHtml(verdict.name)}</h3><span data-said="verdict">${escapeHtml(verdictLine(verdict))}</span>`;
}

/** The author's words, and what is not claimed. */
export function wordsHtml(accepted: Accepted): string {
  const { title, claim } = problemOf(accepted);
  const unclaimed = unclaimedBy(accepted);
  return [
    title === null ? "" : `<p class="title" data-said="title">${escapeHtml(title)}</p>`,
    claim === null ? "" : `<p class="authors" data-said="claim">The author’s claim: ${escapeHtml(claim)}</p>`,
    unclaimed.length === 0
      ? ""
      : `<p class="unclaimed" data-said="what is not claimed">Not claimed: ${escapeHtml(unclaimed.join("; "))}.</p>`,
  ].join("");
}

/** What the statements say, before the kernel has been asked here. */
export function statementsHtml(accepted: Accepted): string {
  const problem = problemOf(accepted);
  const said = accepted.statements.map(
    (one, k) => `<li data-said="statement ${k + 1}">${escapeHtml(statementText(problem, one))}</li>`,
  );
  return `<ul class="statements">${said.join("")}</ul>`;
}

function verdictLine({ feasible, kkt, local, strict, global }: Verdict): string {
  if (feasible === false) return "not feasible";
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

export function escapeHtml(text: string): string {
  return text.replace(/[<>&"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
