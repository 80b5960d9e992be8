/// <reference lib="dom" />
/** The trap: no feasible direction on the ball's boundary has a normalised margin as large as the start's smoothed margin, which never falls. */
import * as Plot from "@observablehq/plot";
import type { Interval } from "../../exact/interval.js";
import { ratioToNumber } from "../../exact/rational.js";
import type { Proved } from "../../kernel/statements/index.js";
import type { Instance } from "../../network/instance.js";
import { element, plotWidth } from "./dom.js";
import { generator, shown } from "./numeric.js";

const POINTS = 600;

export function trapPlot<E>(
  { field: K }: Instance<E>,
  { statement, proof }: Extract<Proved<E>, { readonly kind: "attracts" }>,
): HTMLElement {
  const { basin, starts } = proof;
  const { reduced, target, ball, ring } = basin;
  const number = ({ low, high }: Interval) => ratioToNumber(low + high, 1n << BigInt(ring.precision + 1));
  const centre = target.phi.map(number);
  const squares = basin.squares.map(number);
  const m = reduced.degree;
  const [radius, growth, level] = [ball.radius, ball.growth, statement.start.level].map((q) => q.valueOf()) as [
    number,
    number,
    number,
  ];
  const norm = number(basin.norm);
  const length = Math.sqrt(starts.centre.reduce((total, x, k) => total + squares[k]! * number(x) ** 2, 0));
  const farthest = length + number(starts.radius);
  // Relative to the margin of the point itself, |φ*|^{−m}.
  const relative = (square: number) => (norm / square) ** (m / 2);
  const smoothed = level * (Math.sqrt(norm) / farthest) ** m;
  const bound = Array.from({ length: 101 }, (_, k) => {
    const distance = (radius * k) / 100;
    return { distance, margin: relative(norm + growth * distance ** 2) };
  });
  const margins = reduced.margins.map((q) =>
    [...q.values()].map(({ variables, coefficient }) => ({ variables, coefficient: K.toNumber(coefficient) })),
  );
  const random = generator(1);
  const gaussian = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const found: { readonly distance: number; readonly margin: number }[] = [];
  for (let tries = 0; tries < 20 * POINTS && found.length < POINTS; tries++) {
    const direction = centre.map((_, k) => gaussian() / Math.sqrt(squares[k]!));
    const scale = (radius * 1.1 * random()) / Math.sqrt(direction.reduce((t, x, k) => t + squares[k]! * x * x, 0));
    const there = centre.map((c, k) => c + scale * direction[k]!);
    const least = Math.min(
      ...margins.map((q) =>
        q.reduce((t, { variables, coefficient }) => t + variables.reduce((p, v) => p * there[v]!, coefficient), 0),
      ),
    );
    if (least <= 0) continue;
    const scaled = there.map((x) => x / least ** (1 / m));
    const distance = Math.sqrt(scaled.reduce((t, x, k) => t + squares[k]! * (x - centre[k]!) ** 2, 0));
    if (distance > radius) continue;
    found.push({ distance, margin: relative(scaled.reduce((t, x, k) => t + squares[k]! * x * x, 0)) });
  }
  const last = bound.at(-1)!.margin;
  const lowest = 1 - 4 * (1 - last);
  const points = found.filter(({ margin }) => margin >= lowest);
  const svg = Plot.plot({
    width: plotWidth(),
    height: 280,
    marginLeft: 64,
    marginBottom: 36,
    x: { domain: [0, radius], label: "distance from θ at margin 1", ticks: 5 },
    y: { domain: [lowest, 1], label: "normalised margin, that of θ = 1", grid: true, ticks: 6 },
    marks: [
      Plot.dot(points, { x: "distance", y: "margin", r: 2, fill: "var(--first)", fillOpacity: 0.6 }),
      Plot.line(bound, { x: "distance", y: "margin", stroke: "var(--second)", strokeWidth: 2.5 }),
      Plot.ruleY([smoothed], { stroke: "var(--third)", strokeWidth: 2.5 }),
    ],
  });
  svg.setAttribute("role", "img");
  svg.setAttribute(
    "aria-label",
    `On the ball's boundary, at distance ${shown(radius)}, the normalised margin is at most ${shown(last)} of the point's; the start's smoothed margin is at least ${shown(smoothed)}`,
  );
  return element(
    "figure",
    { class: "trap" },
    element("h4", {}, "The trap"),
    element("div", { class: "plot" }, svg),
    element(
      "div",
      { class: "readings" },
      element("span", { class: "reading", style: "--colour: var(--first)" }, "random directions in the ball"),
      element("span", { class: "reading", style: "--colour: var(--second)" }, "certified bound"),
      element(
        "span",
        { class: "reading", style: "--colour: var(--third)" },
        statement.path === null ? "smoothed margin at the starts" : "smoothed margin where the path ends",
      ),
    ),
    element(
      "figcaption",
      {},
      `The smoothed margin never falls along the flow, and lies below the normalised margin. ${statement.path === null ? "At the starts" : "Where the path from the starts ends"} it is above all that the ball’s boundary has: so the flow never reaches the boundary, and ends at the only KKT point inside.`,
    ),
  );
}
