/// <reference lib="dom" />
/** The phase diagram of a family: what its point is over the parameter, from the certificates that the kernel accepts here, and a slider. */
import * as Plot from "@observablehq/plot";
import type { RationalFunction } from "../../exact/function-field.js";
import type { RealRoot } from "../../exact/integer-polynomial.js";
import { rational } from "../../exact/rational.js";
import type { Instance } from "../../network/instance.js";
import { atValue } from "../../problem/family.js";
import type { Accepted } from "../accepted.js";
import { type Diagram, type Piece, standingWord, summaryText } from "../pieces.js";
import { isPlace, placeNumber, rangeText } from "../places.js";
import { verdictIn } from "../verdict.js";
import { type PageInstance, sectionId } from "./content.js";
import { element } from "./dom.js";
import { numeric, shown, squaredNorm } from "./numeric.js";
import { picture } from "./picture.js";
import { verification } from "./verification.js";

/** The certificates of one family: NAME.1, NAME.2, … */
interface Group {
  readonly name: string;
  readonly members: readonly PageInstance[];
}

/** A piece with the problem that its certificate is about. */
interface Known extends Piece {
  readonly instance: Instance<unknown>;
  readonly accepted: Accepted;
  readonly section: string;
}

const COLOURS: Readonly<Record<string, string>> = {
  global: "var(--yes)",
  "local, not global": "var(--first)",
  local: "var(--first)",
  "not global": "var(--open)",
  "not local": "var(--no)",
  "not KKT": "var(--soft)",
  infeasible: "var(--ink)",
  undecided: "var(--rule)",
};

/** A section for each family among the instances; it is filled when it is first opened, as the kernel has to check its certificates. */
export function familySections(instances: readonly PageInstance[]): HTMLElement[] {
  return groupsOf(instances).map((group, k) => {
    const inside = element("div", { class: "inside" });
    const section = element(
      "details",
      { class: "family" },
      element("summary", {}, element("h3", {}, group.name)),
      inside,
    );
    const fill = () => {
      if (section.open && inside.childElementCount === 0) inside.append(...diagramOf(group));
    };
    section.addEventListener("toggle", fill);
    section.open = k === 0;
    fill();
    return section;
  });
}

/** The instances NAME.k, where the certificate of one of them has a parameter. */
function groupsOf(instances: readonly PageInstance[]): Group[] {
  const groups = new Map<string, PageInstance[]>();
  for (const instance of instances) {
    const name = /^(.*)\.\d+$/.exec(instance.name)?.[1];
    if (name !== undefined) groups.set(name, [...(groups.get(name) ?? []), instance]);
  }
  const number = ({ name }: PageInstance) => Number(/\d+$/.exec(name)![0]);
  return [...groups]
    .filter(([, members]) => members.some(({ certificate }) => certificate.includes('"parameter"')))
    .map(([name, members]) => ({ name, members: members.sort((a, b) => number(a) - number(b)) }));
}

function diagramOf({ name, members }: Group): HTMLElement[] {
  const pieces = knownPieces(members);
  const open = pieces.filter((piece) => !isPlace(piece));
  const [first] = open;
  if (first === undefined)
    return [element("p", { class: "no" }, "The kernel accepts none of the certificates over an interval.")];
  const { parameter } = (first.instance.field.functions ?? raise()).family;
  const diagram: Diagram = { name, parameter, pieces };
  const missing = members.length - pieces.length;
  const words = `${summaryText(diagram)}. The kernel has accepted ${pieces.length} certificates in this browser just now${missing === 0 ? "" : `; ${missing} are rejected, or not about this family, and are not shown`}.`;

  const [from, to] = [placeNumber(open[0]!.from), placeNumber(open.at(-1)!.to)];
  const slider = element("input", {
    type: "range",
    min: "1",
    max: "999",
    value: "300",
    "aria-label": `the parameter ${parameter}`,
  });
  const chart = element("div", { class: "plot" });
  const moving = element("div", { class: "plot" });
  const output = element("output", {});
  const curves = curvesOf(open);
  const update = () => {
    const part = rational(BigInt(slider.value), 1000n);
    const s = from + (to - from) * (Number(slider.value) / 1000);
    const here = open.find((piece) => placeNumber(piece.from) < s && s < placeNumber(piece.to));
    chart.replaceChildren(chartOf(diagram, curves, s));
    const problem = problemAt(open, part);
    const at = problem === null ? null : picture(problem);
    moving.replaceChildren(...(at === null ? [] : [at.element]));
    const point = problem === null ? "" : numeric(problem).point.map(shown).join(", ");
    output.replaceChildren(
      `${parameter} = ${shown(s)}: ${here === undefined ? "between the intervals" : standingWord(here.verdict)}; θ = (${point})`,
    );
  };
  slider.addEventListener("input", update);
  update();
  const links = pieces.flatMap((piece) => [
    " ",
    element("a", { href: `#${encodeURIComponent(piece.section)}` }, rangeText(piece, parameter)),
  ]);
  return [
    element("p", {}, words),
    element(
      "div",
      { class: "figures" },
      element(
        "figure",
        {},
        chart,
        element("label", { class: "slider" }, `${parameter} `, slider),
        output,
        element(
          "figcaption",
          {},
          `Colours: what the point is, over ${parameter}; dots: single values. The line is ‖θ‖²${curves.some(({ kind }) => kind === "better") ? ", the dashed one the squared norm of a feasible point that is shorter" : ""}${curves.some(({ kind }) => kind === "bound") ? "; where it is thick, no feasible point has a smaller norm" : ""}.`,
        ),
      ),
      element("figure", {}, moving),
    ),
    element("p", {}, "The pieces:", ...links),
  ];
}

function raise(): never {
  throw new Error("a piece over an interval has a parameter");
}

/** The pieces that the kernel accepts: the intervals, and between two of them the certificate of the value there, if it is about that value. */
function knownPieces(members: readonly PageInstance[]): Known[] {
  const all = members.map(({ name, certificate }) => ({ name, accepted: verification(certificate).accepted }));
  const pieces: Known[] = [];
  for (const [k, { name, accepted }] of all.entries()) {
    if (accepted === null || accepted.sort !== "exact") continue;
    const { instance } = accepted;
    const known = { verdict: verdictIn(accepted), instance, accepted, section: sectionId(name) };
    const { functions } = instance.field;
    if (functions !== null) {
      const [from, to] = functions.family.interval;
      pieces.push({ ...known, from, to });
      continue;
    }
    const before = all[k - 1]?.accepted;
    const family = before?.sort === "exact" ? before.instance : null;
    const place = family?.field.functions?.family.interval[1];
    if (place !== undefined && isAt(family!, place, instance)) pieces.push({ ...known, from: place, to: place });
  }
  return pieces;
}

/** Whether an instance is, as far as floating point shows, what the family becomes at a place. */
function isAt(family: Instance<unknown>, place: RealRoot, instance: Instance<unknown>): boolean {
  const s = placeNumber(place);
  const pairs = [
    ...family.point.map((value, k) => [value, instance.point[k]] as const),
    ...family.data.flatMap(({ x }, i) => x.map((value, k) => [value, instance.data[i]?.x[k]] as const)),
  ];
  return pairs.every(([value, own]) => {
    if (own === undefined) return false;
    const [a, b] = [evaluate(family, value, s), instance.field.toNumber(own)];
    return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
  });
}

/** A function in floating point. */
function evaluate({ field: K }: Instance<unknown>, value: unknown, s: number): number {
  const { numerators, denominator } = K.functions!.parts(value);
  const at = (p: readonly bigint[]) => p.reduceRight((total, c) => total * s + Number(c), 0);
  const generator = numerators.length === 1 ? 1 : K.toNumber(K.fromCoordinates([rational(0n), rational(1n)]));
  return numerators.reduce((total, p, k) => total + at(p) * generator ** k, 0) / at(denominator);
}

interface Curve {
  readonly kind: "norm" | "better" | "bound";
  readonly points: readonly { readonly s: number; readonly value: number }[];
}

const STEPS = 120;

/** ‖θ‖² over each interval, and over it what is known of smaller norms. */
function curvesOf(pieces: readonly Known[]): Curve[] {
  return pieces.flatMap(({ from, to, instance, accepted, verdict }): Curve[] => {
    const [low, high] = [placeNumber(from), placeNumber(to)];
    const along = (vector: readonly unknown[]) =>
      Array.from({ length: STEPS + 1 }, (_, k) => low + ((high - low) * (k + 0.02)) / (STEPS + 0.04))
        .map((s) => ({ s, value: squaredNorm(vector.map((c) => evaluate(instance, c, s))) }))
        .filter(({ value }) => Number.isFinite(value));
    const better =
      accepted.sort === "exact"
        ? accepted.statements.flatMap(({ statement }) => (statement.kind === "not-global" ? [statement.better] : []))
        : [];
    const norm = along(instance.point);
    return [
      { kind: "norm", points: norm },
      ...(verdict?.global === "yes" ? [{ kind: "bound" as const, points: norm }] : []),
      ...better.slice(0, 1).map((point) => ({ kind: "better" as const, points: along(point) })),
    ];
  });
}

function chartOf({ pieces, parameter }: Diagram, curves: readonly Curve[], s: number): Element {
  const values = curves.flatMap(({ points }) => points.map(({ value }) => value)).sort((a, b) => a - b);
  // A norm may grow without bound at an end.
  const top = 1.1 * Math.min(values.at(-1) ?? 1, 3 * (values[Math.floor(values.length * 0.8)] ?? 1));
  const intervals = pieces.filter((piece) => !isPlace(piece));
  const places = pieces.filter(isPlace);
  const colour = ({ verdict }: Piece) => COLOURS[standingWord(verdict)] ?? "var(--rule)";
  const clipped = (points: Curve["points"]) => points.filter(({ value }) => value <= top);
  const svg = Plot.plot({
    width: 460,
    height: 300,
    marginLeft: 44,
    marginBottom: 36,
    x: { domain: [placeNumber(intervals[0]!.from), placeNumber(intervals.at(-1)!.to)], label: parameter, ticks: 6 },
    y: { domain: [0, top], label: "‖θ‖²", ticks: 5 },
    marks: [
      ...intervals.flatMap((piece) => [
        Plot.rect([piece], {
          x1: () => placeNumber(piece.from),
          x2: () => placeNumber(piece.to),
          y1: 0,
          y2: top,
          fill: colour(piece),
          fillOpacity: 0.2,
        }),
        Plot.rect([piece], {
          x1: () => placeNumber(piece.from),
          x2: () => placeNumber(piece.to),
          y1: 0,
          y2: top / 40,
          fill: colour(piece),
        }),
        Plot.text([piece], {
          x: () => (placeNumber(piece.from) + placeNumber(piece.to)) / 2,
          y: top,
          dy: 10,
          text: () => standingWord(piece.verdict).replace(", ", ",\n"),
          lineAnchor: "top",
          fill: "currentColor",
          fontWeight: 600,
          stroke: "var(--paper)",
          strokeWidth: 4,
          paintOrder: "stroke",
        }),
      ]),
      ...curves.map(({ kind, points }) =>
        Plot.line(clipped(points), {
          x: "s",
          y: "value",
          stroke: "currentColor",
          strokeWidth: kind === "bound" ? 4 : 1.5,
          strokeDasharray: kind === "better" ? "5 4" : "none",
        }),
      ),
      Plot.dot(places, {
        x: ({ from }) => placeNumber(from),
        y: top / 80,
        r: 6,
        fill: colour,
        stroke: "var(--paper)",
        strokeWidth: 2,
      }),
      Plot.ruleX([s], { stroke: "var(--accent)", strokeWidth: 2 }),
    ],
  });
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", summaryText({ name: "", parameter, pieces }));
  return svg;
}

/** The problem at a part of the way through the family's interval; null where it is not defined there. */
function problemAt(pieces: readonly Known[], part: ReturnType<typeof rational>): Instance<unknown> | null {
  const near = ({ low, high, d }: RealRoot) => rational(low + high, 2n * d);
  const [from, to] = [near(pieces[0]!.from), near(pieces.at(-1)!.to)];
  const s = from.add(to.sub(from).mul(part));
  const at = atValue(pieces[0]!.instance as Instance<RationalFunction>, s);
  return at === null ? null : { ...at, point: at.point! };
}
