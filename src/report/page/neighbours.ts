/// <reference lib="dom" />
/** Random feasible points around an optimum: none of them has a smaller norm, as the certificate says of all of them. */
import * as Plot from "@observablehq/plot";
import type { Instance } from "../../network/instance.js";
import { element, plotWidth } from "./dom.js";
import { generator, numeric, shown, squaredNorm } from "./numeric.js";

const WANTED = 400;
const MOST_TRIES = 40_000;

export const GLOBAL_CAPTION =
  "Random feasible points within distance 1 of θ: the certificate proves that no feasible point anywhere has a smaller norm.";

interface Neighbour {
  readonly distance: number;
  readonly excess: number;
}

/** A figure with a button that draws again; `radius` is that of the certified ball. */
export function neighboursPlot<E>(instance: Instance<E>, radius: number, certified: string): HTMLElement {
  const holder = element("div", { class: "plot" });
  const again = element("button", { type: "button", class: "quiet" }, "Draw other points");
  let seed = 1;
  const update = () => {
    const points = neighbours(instance, radius, seed++);
    const svg = Plot.plot({
      width: plotWidth(),
      height: 280,
      marginLeft: 56,
      marginBottom: 36,
      x: { domain: [0, radius], label: "‖θ′ − θ‖", ticks: 5 },
      y: { label: "‖θ′‖ − ‖θ‖", grid: true, ticks: 6 },
      marks: [
        Plot.ruleY([0], { stroke: "currentColor" }),
        Plot.dot(points, { x: "distance", y: "excess", r: 2.2, fill: "var(--first)", fillOpacity: 0.75 }),
      ],
    });
    svg.setAttribute("role", "img");
    svg.setAttribute(
      "aria-label",
      `${points.length} random feasible points within ${shown(radius)} of θ; the smallest excess of norm is ${shown(Math.min(...points.map((p) => p.excess)))}`,
    );
    holder.replaceChildren(svg);
  };
  again.addEventListener("click", update);
  update();
  return element("figure", { class: "neighbours" }, holder, again, element("figcaption", {}, certified));
}

/** Feasible points at distances spread evenly, by rejection; the same seed draws the same points. */
function neighbours<E>(instance: Instance<E>, radius: number, seed: number): Neighbour[] {
  const { point, margins } = numeric(instance);
  const random = generator(seed);
  const gaussian = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const found: Neighbour[] = [];
  const norm = Math.sqrt(squaredNorm(point));
  for (let tries = 0; tries < MOST_TRIES && found.length < WANTED; tries++) {
    const direction = point.map(gaussian);
    const distance = radius * random();
    const scale = distance / Math.sqrt(squaredNorm(direction));
    const there = point.map((c, k) => c + scale * direction[k]!);
    if (margins(there).every((m) => m >= 1)) found.push({ distance, excess: Math.sqrt(squaredNorm(there)) - norm });
  }
  return found;
}
