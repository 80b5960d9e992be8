/// <reference lib="dom" />
/** The flow's evidence: direction error and KKT residual against log(1/L). */
import * as Plot from "@observablehq/plot";
import type { FlowSeries } from "./content.js";
import { element, plotWidth } from "./dom.js";
import { powerOfTen, shown } from "./numeric.js";
import { COLOURS } from "./picture.js";

/** Powers of ten have a label, what is between them none. */
const tickFormat = (value: number) => {
  const exponent = Math.log10(value);
  return Math.abs(exponent - Math.round(exponent)) < 1e-9 ? powerOfTen(Math.round(exponent)) : "";
};

export function flowPlot(series: FlowSeries): HTMLElement {
  const { loss, verdict, directionError, logInverseLoss, exponents, samples, remarks } = series;
  const late = samples.filter(([reach]) => reach !== null && reach! > 1);
  const curve = (column: number) =>
    late.flatMap((row) => {
      const y = row[column] ?? null;
      return y !== null && y > 1e-15 ? [{ x: row[0]!, y }] : [];
    });
  const lines = [
    { name: "direction error", data: curve(3), colour: COLOURS[0]! },
    { name: "KKT residual", data: curve(2), colour: COLOURS[1]! },
  ].filter(({ data }) => data.length > 0);
  const svg = Plot.plot({
    width: plotWidth(),
    height: 240,
    marginLeft: 56,
    marginBottom: 36,
    x: { type: "log", label: "log(1/L)", ticks: 5, tickFormat },
    y: { type: "log", label: null, grid: true, ticks: 5, tickFormat },
    marks: lines.map(({ data, colour }) => Plot.line(data, { x: "x", y: "y", stroke: colour, strokeWidth: 2.5 })),
  });
  const reached = `direction error ${directionError === null ? "unknown" : shown(directionError)} at log(1/L) = ${shown(logInverseLoss)}`;
  const { predicted, observed } = exponents;
  const slope =
    predicted === null || observed === null
      ? ""
      : ` It falls like log(1/L) to the power ${shown(observed)}; predicted: ${shown(predicted)}.`;
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
      ...lines.map(({ name, colour }) => element("span", { class: "reading", style: `--colour: ${colour}` }, name)),
    ),
    element(
      "figcaption",
      {},
      [`${capital(reached)}.${slope}`, ...remarks.map((remark) => `${capital(remark)}.`)].join(" "),
    ),
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
