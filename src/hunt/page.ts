/** The page of a campaign: how often the flow ends where, norms against the best known, and the finds, smallest first. Plain HTML, no script. */
import type { Kind, SampleText } from "./campaign.js";
import type { FoundSummary, NetworkSummary, SmallestSummary, Summary } from "./results.js";

/** A kind as it is called in tables. */
export const KIND_TEXT: Readonly<Record<Kind, string>> = {
  global: "global optimum",
  "local-not-global": "local, not global",
  "not-local": "not local",
  "not-global": "not global",
  undecided: "undecided",
};

const KIND_MEANS: Readonly<Record<Kind, string>> = {
  global: "a KKT point that is certified to be a global optimum",
  "local-not-global": "certified to be a local optimum, and that another feasible point is shorter",
  "not-local": "a KKT point with shorter feasible points arbitrarily near, certified",
  "not-global": "another feasible point is shorter; whether it is a local optimum is open",
  undecided: "something is open; each find says what",
};

const KINDS = Object.keys(KIND_TEXT) as Kind[];
/** Finds that are listed. */
const LISTED = 200;
/** Points of the picture. */
const DRAWN = 4000;

export function pageText(summary: Summary): string {
  const { name, title, networks, smallest, found, done, units, starts } = summary;
  const heading = html(title ?? name);
  const kept = found.length === 1 ? "1 find" : `${found.length} finds`;
  const incomplete =
    done === units ? "" : `<p class="open">${done} of ${units} data sets are done: the campaign is not complete.</p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${heading}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${heading}</h1>
<p class="lead">Gradient flow from ${count(starts, "random start")} on ${count(done, "data set")}: at which KKT points of the max-margin problem does it end, and what is the smallest counterexample? ${kept} kept.</p>
${incomplete}
<h2>Where gradient flow ends</h2>
<div class="wide" tabindex="0" role="group" aria-label="table">${networkTable(networks)}</div>
<dl class="kinds">${KINDS.filter((kind) => networks.some((one) => one.kinds[kind].limits > 0))
    .map((kind) => `<div><dt class="${kind}">${KIND_TEXT[kind]}</dt><dd>${KIND_MEANS[kind]}</dd></div>`)
    .join("")}</dl>
${othersText(networks)}
${found.length === 0 ? "" : `<h2>How much longer than the best</h2>\n${scatter(found)}`}
${smallest.length === 0 ? "" : `<h2>The smallest of each kind</h2>\n<ul class="smallest">${smallest.map(smallestText).join("")}</ul>`}
<h2>The finds, smallest first</h2>
${found.length === 0 ? "<p>None of the kinds that are kept.</p>" : foundList(found)}
</main>
<footer><p>Written by <code>margincert hunt</code>, seed ${summary.seed}. How often the flow ends where is counted in floating point; what a limit is, is certified, and the certificates are checked by <code>margincert verify</code>.</p></footer>
</body>
</html>
`;
}

function networkTable(networks: readonly NetworkSummary[]): string {
  const kinds = KINDS.filter((kind) => networks.some((one) => one.kinds[kind].limits > 0));
  const share = (part: number, whole: number) => {
    if (part === 0) return "0";
    const percent = (100 * part) / whole;
    return `${percent < 1 ? percent.toPrecision(1) : Math.round(percent)} %`;
  };
  const rows = networks.map(({ network, dataSets, starts, kinds: counts, others }) => {
    const none = others.reduce((sum, one) => sum + one.starts, 0);
    const cells = kinds.map((kind) => {
      const { starts: own, limits } = counts[kind];
      return `<td class="number">${share(own, starts)}<small>${count(own, "start")}<br>${count(limits, "limit")}</small></td>`;
    });
    return `<tr><th scope="row">${html(network)}<small>${count(dataSets, "data set")}, ${count(starts, "start")}</small></th>${cells.join("")}<td class="number">${share(none, starts)}<small>${count(none, "start")}</small></td></tr>`;
  });
  return `<table><thead><tr><th scope="col">network</th>${kinds.map((kind) => `<th scope="col" class="number ${kind}">${KIND_TEXT[kind]}</th>`).join("")}<th scope="col" class="number">no limit</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

/** Why starts have no limit. */
function othersText(networks: readonly NetworkSummary[]): string {
  const reasons = new Map<string, number>();
  for (const { reason, starts } of networks.flatMap((one) => one.others))
    reasons.set(reason, (reasons.get(reason) ?? 0) + starts);
  if (reasons.size === 0) return "";
  const parts = [...reasons].map(([reason, starts]) => `${html(reason)} (${count(starts, "start")})`);
  return `<p class="soft">No limit: ${parts.join("; ")}.</p>`;
}

const PICTURE = { width: 680, height: 300, left: 62, right: 16, top: 14, bottom: 44 };

/** ½‖θ‖² of each find against the least of a limit of the same data. */
function scatter(found: readonly FoundSummary[]): string {
  const { width, height, left, right, top, bottom } = PICTURE;
  const drawn = found.slice(0, DRAWN);
  const ratio = (one: FoundSummary) => one.halfNorm / one.best;
  const most = Math.max(1.1, ...drawn.map(ratio));
  const [low, high] = [Math.min(...drawn.map((one) => one.best)), Math.max(...drawn.map((one) => one.best))];
  const [from, to] = [low / 1.2, high * 1.2];
  const x = (value: number) => left + ((width - left - right) * Math.log(value / from)) / Math.log(to / from);
  const y = (value: number) => height - bottom - ((height - top - bottom) * (value - 1)) / (most - 1);
  const xTicks = ticks(from, to);
  const step = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100].find((one) => (most - 1) / one <= 6) ?? most;
  const yTicks = Array.from({ length: Math.floor((most - 1) / step) + 1 }, (_, k) => 1 + k * step);
  const lines = [
    ...xTicks.map(
      (t) =>
        `<line x1="${fixed(x(t))}" x2="${fixed(x(t))}" y1="${top}" y2="${height - bottom}"/><text x="${fixed(x(t))}" y="${height - bottom + 18}" text-anchor="middle">${print(t)}</text>`,
    ),
    ...yTicks.map(
      (t) =>
        `<line x1="${left}" x2="${width - right}" y1="${fixed(y(t))}" y2="${fixed(y(t))}"/><text x="${left - 8}" y="${fixed(y(t) + 4)}" text-anchor="end">${print(t)}</text>`,
    ),
  ];
  const dots = drawn.map((one) => {
    const label = `${one.name}: ${KIND_TEXT[one.kind]}, ½‖θ‖² = ${print(one.halfNorm)}, best ${print(one.best)}`;
    return `<a href="#${html(one.name)}"><circle class="${one.kind}" cx="${fixed(x(one.best))}" cy="${fixed(y(ratio(one)))}" r="4.5"><title>${html(label)}</title></circle></a>`;
  });
  const kinds = KINDS.filter((kind) => drawn.some((one) => one.kind === kind));
  const legend = kinds.map(
    (kind) =>
      `<span><svg width="12" height="12" aria-hidden="true"><circle class="${kind}" cx="6" cy="6" r="4.5"/></svg> ${KIND_TEXT[kind]}</span>`,
  );
  return `<figure><div class="legend">${legend.join("")}</div>
<svg class="scatter" viewBox="0 0 ${width} ${height}" role="img" aria-label="Norms of the finds against the best known limits of the same data">
<g class="grid">${lines.join("")}</g>
<text class="axis" x="${(left + width - right) / 2}" y="${height - 6}" text-anchor="middle">½‖θ‖² of the shortest limit of the same data</text>
<text class="axis" transform="translate(14 ${(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle">times as long</text>
${dots.join("\n")}
</svg><figcaption>Each dot is a find, and leads to it: how many times the ½‖θ‖² of the shortest limit that a start reached on the same data. At 1 it is that limit itself.</figcaption></figure>`;
}

function ticks(from: number, to: number): number[] {
  const all = [-3, -2, -1, 0, 1, 2, 3, 4].flatMap((power) => [1, 2, 5].map((c) => c * 10 ** power));
  return all.filter((t) => t >= from && t <= to);
}

function smallestText({ name, network, kind, size, samples, halfNorm, certified }: SmallestSummary): string {
  return `<li><span class="mark ${kind}">${KIND_TEXT[kind]}</span> <b>${html(network)}</b>, ${count(size.parameters, "parameter")}: ${samples.map(sampleText).join(", ")}, ½‖θ‖² = ${print(halfNorm)}. ${links(name, certified)}</li>`;
}

function foundList(found: readonly FoundSummary[]): string {
  const shown = found.slice(0, LISTED);
  const rest = found.length - shown.length;
  const more =
    rest === 0
      ? ""
      : `<p class="soft">And ${rest} more: all are in <code>summary.json</code> and in the folder <code>found</code>.</p>`;
  return `${shown.map(foundText).join("\n")}\n${more}`;
}

function foundText(one: FoundSummary): string {
  const { name, network, kind, size, samples, halfNorm, best, starts, of, certified, open, smaller } = one;
  const comparison = halfNorm > best * (1 + 1e-9) ? `, where ${print(best)} is reached too` : "";
  const less =
    smaller === null
      ? ""
      : `<p>A smaller one it leads to: <b>${html(smaller.network)}</b>, ${count(smaller.size.parameters, "parameter")}: ${smaller.samples.map(sampleText).join(", ")}, ½‖θ‖² = ${print(smaller.halfNorm)}. ${links(smaller.name, smaller.certificate !== null)}</p>`;
  const why = open.length === 0 ? "" : `<p class="soft">Open: ${html(open.join("; "))}.</p>`;
  return `<section class="find" id="${html(name)}">
<h3><span class="mark ${kind}">${KIND_TEXT[kind]}</span> ${html(name)}</h3>
<p><b>${html(network)}</b>, ${count(size.parameters, "parameter")}, ${count(size.samples, "sample")}: ${samples.map(sampleText).join(", ")}</p>
<p>½‖θ‖² = ${print(halfNorm)}${comparison}; ${starts} of ${count(of, "start")} end here. ${links(name, certified)}</p>
${why}${less}
</section>`;
}

function sampleText({ x, y }: SampleText): string {
  return `<span class="sample">(${x.map(html).join(", ")}) ↦ ${y === 1 ? "+1" : y === -1 ? "−1" : y}</span>`;
}

function links(name: string, certified: boolean): string {
  const file = encodeURIComponent(name);
  const own = [`<a href="found/${file}.json">problem file</a>`];
  if (certified)
    own.push(
      `<a href="certificates/${file}.json">certificate</a>`,
      `<a href="report/proofs/${file}.md">proof</a>`,
      `<a href="report/index.html#${encodeURIComponent(`instance-${name}`)}">its page</a>`,
    );
  return `<span class="links">${own.join(" ")}</span>`;
}

function count(n: number, noun: string): string {
  return `${n.toLocaleString("en-GB")} ${noun}${n === 1 ? "" : "s"}`;
}

function print(value: number): string {
  return `${Number(value.toPrecision(4))}`;
}

function fixed(value: number): string {
  return `${Number(value.toFixed(1))}`;
}

function html(text: string): string {
  return text.replace(/[<>&"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

const STYLE = `
:root { color-scheme: light dark; --paper: #fdfcfa; --raised: #fff; --ink: #1f2328; --soft: #59626d; --rule: #ddd9d2; --accent: #0b5cab;
  --global: #11694b; --local: #0b62b8; --not-local: #a8320a; --not-global: #7a3fb0; --undecided: #6b5900; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --raised: #1c2026; --ink: #e6e9ed; --soft: #a2abb6; --rule: #343a43; --accent: #7ab8ff;
  --global: #63d7ab; --local: #6fb3ff; --not-local: #ff9d78; --not-global: #c9a0f5; --undecided: #e3cc6b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem / 1.55 system-ui, sans-serif; }
main, footer { max-width: 60rem; margin: 0 auto; padding: 0 1.25rem; }
h1 { margin: 2.5rem 0 .5rem; font-size: 2rem; line-height: 1.15; letter-spacing: -.02em; overflow-wrap: anywhere; }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.35rem; }
h3 { margin: 0 0 .25rem; font-size: 1.05rem; overflow-wrap: anywhere; }
p { margin: .35rem 0; max-width: 46rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.lead { font-size: 1.1rem; color: var(--soft); }
.soft, figcaption, footer, small, dd { color: var(--soft); }
.open { color: var(--undecided); font-weight: 600; }
footer { margin-top: 3rem; padding-bottom: 2rem; border-top: 1px solid var(--rule); font-size: .9rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .5rem 1.5rem .5rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); }
thead th { font-size: .9rem; border-bottom: 2px solid var(--rule); }
th small, td small { display: block; font-weight: 400; font-size: .8rem; line-height: 1.35; white-space: nowrap; }
.number { text-align: right; }
.kinds { display: grid; gap: .15rem; margin: 1rem 0; font-size: .92rem; }
.kinds div { display: grid; grid-template-columns: 10rem 1fr; gap: .75rem; }
.kinds dt { font-weight: 600; } .kinds dd { margin: 0; }
figure { margin: 0; } figcaption { max-width: 46rem; font-size: .9rem; }
.scatter { display: block; width: 100%; max-width: 48rem; height: auto; margin: .5rem 0; }
.scatter .grid line { stroke: var(--rule); } .scatter text { fill: var(--soft); font-size: 12px; }
.scatter circle, .legend circle { fill-opacity: .55; stroke-width: 1.2; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .92rem; }
.smallest { padding: 0; list-style: none; } .smallest li { margin: .5rem 0; }
.find { margin: 1rem 0; padding: .9rem 1.1rem; background: var(--raised); border: 1px solid var(--rule); border-radius: .6rem; }
.find:target { outline: 3px solid var(--accent); }
.sample { white-space: nowrap; }
.links a { margin-right: .6rem; white-space: nowrap; }
.mark { margin-right: .35rem; padding: .05rem .5rem; border: 1px solid currentColor; border-radius: 1rem; font-size: .85rem; white-space: nowrap; }
.global { color: var(--global); fill: var(--global); stroke: var(--global); }
.local-not-global { color: var(--local); fill: var(--local); stroke: var(--local); }
.not-local { color: var(--not-local); fill: var(--not-local); stroke: var(--not-local); }
.not-global { color: var(--not-global); fill: var(--not-global); stroke: var(--not-global); }
.undecided { color: var(--undecided); fill: var(--undecided); stroke: var(--undecided); }
@media (max-width: 34rem) { .scatter text { font-size: 19px; } .scatter circle { r: 7px; } .kinds div { grid-template-columns: 1fr; gap: 0; margin-bottom: .35rem; } th, td { padding-right: 1rem; } h1 { font-size: 1.6rem; } }
`;
