/// <reference lib="dom" />
/** The flow's evidence: direction error and KKT residual against log(1/L). */
import * as Plot from "@observablehq/plot";
import type { FlowSeries } from "./content.js";
import { element, plotWidth } from "./dom.js";
import { shown } from "./numeric.js";
import { COLOURS } from "./picture.js";

export function flowPlot({ loss, verdict, directionError, logInverseLoss, samples, remarks }: FlowSeries): HTMLElement {
  const late = samples.filter(([reach]) => reach !== null && reach! > 1);
  const curve = (column: number) =>
    late.flatMap((row) => {
      const y = row[column] ?? null;
      return y !== null && y > 1e-15 ? [{ x: row[0]!, y }] : [];
    });
  const series = [
    { name: "direction error", data: curve(3), colour: COLOURS[0]! },
    { name: "KKT residual", data: curve(2), colour: COLOURS[1]! },
  ].filter(({ data }) => data.length > 0);
  const svg = Plot.plot({
    width: plotWidth(),
    height: 240,
    marginLeft: 56,
    marginBottom: 36,
    x: { type: "log", label: "log(1/L)", ticks: 5, tickFormat: "~e" },
    y: { type: "log", label: null, grid: true, ticks: 5, tickFormat: "~e" },
    marks: series.map(({ data, colour }) => Plot.line(data, { x: "x", y: "y", stroke: colour, strokeWidth: 2.5 })),
  });
  const reached = `direction error ${directionError === null ? "unknown" : shown(directionError)} at log(1/L) = ${shown(logInverseLoss)}`;
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `Gradient flow, ${loss} loss: ${reached}`);
  return element(
    "figure",
    { class: "flow" },
    element("h4", {}, `${loss} loss: ${verdict}`),
    element("div", { class: "plot" }, svg),
    element(
      "div",
      { class: "readings" },
      ...series.map(({ name, colour }) => element("span", { class: "reading", style: `--colour: ${colour}` }, name)),
    ),
    element("figcaption", {}, `${reached}.${remarks.length === 0 ? "" : ` ${remarks.map((r) => `${r}.`).join(" ")}`}`),
  );
}
