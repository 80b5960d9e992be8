/// <reference lib="dom" />
/** The descent curve by hand: a slider for t, the norm and the margins against t, and the picture that moves along. */
import * as Plot from "@observablehq/plot";
import { curvePoint } from "../../kernel/forward.js";
import type { Proved } from "../../kernel/statements/index.js";
import { type Instance, marginsOf, marginText } from "../../network/instance.js";
import { element, plotWidth } from "./dom.js";
import { coefficients, shown, valueAt } from "./numeric.js";
import { COLOURS } from "./picture.js";

const STEPS = 200;
let sliders = 0;

export function descentPlot<E>(
  instance: Instance<E>,
  { statement: { curve }, proof: { slacks, saved } }: Extract<Proved<E>, { kind: "not-local" }>,
  show: (point: readonly number[]) => void,
): HTMLElement {
  const end = instance.field.toNumber(curve.end);
  const margins = marginsOf(instance);
  const path = curvePoint(instance, curve).map((p) => coefficients(instance, p));
  const series = [
    { name: "change of ‖θ‖²", values: coefficients(instance, saved).map((c) => -c), colour: COLOURS[1]! },
    ...slacks.map((slack, i) => ({
      name: `margin of ${marginText(margins[i]!)}, less 1`,
      values: coefficients(instance, slack),
      colour: [COLOURS[0], COLOURS[2], COLOURS[3]][i % 3]!,
    })),
  ];
  const id = `t-${sliders++}`;
  const slider = element("input", { type: "range", id, min: "0", max: `${STEPS}`, value: `${STEPS / 2}` });
  const output = element("output", { for: id });
  const holder = element("div", { class: "plot" });
  const lines = series.map(({ values, colour }, k) =>
    Plot.line(
      Array.from({ length: STEPS + 1 }, (_, j) => (end * j) / STEPS),
      {
        x: (t: number) => t,
        y: (t: number) => valueAt(values, t),
        stroke: colour,
        strokeWidth: 2.5,
        ...(k % 2 === 1 && k > 1 ? { strokeDasharray: "6 3" } : {}),
      },
    ),
  );
  const update = () => {
    const t = (end * Number(slider.value)) / STEPS;
    const svg = Plot.plot({
      width: plotWidth(),
      height: 280,
      marginLeft: 56,
      marginBottom: 36,
      x: { domain: [0, end], label: "t", ticks: 5 },
      y: { label: null, grid: true, ticks: 6 },
      marks: [
        Plot.ruleY([0], { strokeOpacity: 0.5 }),
        ...lines,
        Plot.ruleX([t], { stroke: "currentColor", strokeDasharray: "3 3" }),
        ...series.map(({ values, colour }) => Plot.dot([[t, valueAt(values, t)]], { fill: colour, r: 4.5 })),
      ],
    });
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `From t = 0 to ${shown(end)}: the squared norm falls, no margin goes below 1`);
    holder.replaceChildren(svg);
    output.replaceChildren(
      ...series.map(({ name, values, colour }) =>
        element("span", { class: "reading", style: `--colour: ${colour}` }, `${name} = ${shown(valueAt(values, t))}`),
      ),
    );
    slider.setAttribute("aria-valuetext", `t = ${shown(t)}`);
    label.textContent = `t = ${shown(t)}`;
    show(path.map((p) => valueAt(p, t)));
  };
  const label = element("label", { for: id });
  slider.addEventListener("input", update);
  update();
  return element(
    "figure",
    { class: "descent" },
    holder,
    output,
    element("div", { class: "slider" }, label, slider),
    element(
      "figcaption",
      {},
      `A curve of feasible points from θ (t = 0) along which the norm falls: margins stay at least 1, up to t = ${shown(end)}. Move t; the units in the picture move along.`,
    ),
  );
}
