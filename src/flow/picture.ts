/** A run in one SVG picture, for print and for dark mode: convergence, normalised margin, and the neurons' paths. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Problem } from "../network/instance.js";
import { round, roundCoordinate, roundSmall } from "./evidence.js";
import { print } from "./judge.js";
import { kktResidual } from "./measure.js";
import type { FlowRun } from "./run.js";

const WIDTH = 680;
const MARGINS = { marginLeft: 76, marginRight: 24, marginTop: 44, marginBottom: 42 };
const STYLE = `
  .picture { background: #ffffff; color: #22252a; font-family: system-ui, sans-serif;
    --first: #0b62b8; --second: #b8480b; --third: #12805c; --fourth: #7a3fb0; --faint: #7c828a; }
  @media (prefers-color-scheme: dark) {
    .picture { background: #15181d; color: #e4e7eb;
      --first: #6fb3ff; --second: #ffab70; --third: #5fd3a8; --fourth: #c9a0f5; --faint: #8b929c; }
  }
  .picture text { font-size: 12px; }
  .picture .title { font-size: 14px; font-weight: 600; }`;
const COLOURS = ["var(--first)", "var(--second)", "var(--third)", "var(--fourth)"];

interface Panel {
  readonly height: number;
  readonly options: Plot.PlotOptions;
  /** What the colours mean, in a line above the panel. */
  readonly legend: readonly { readonly text: string; readonly colour: string }[];
}

/** The text of `NAME.flow.svg`. */
export function pictureOf(run: FlowRun, problem: Problem<unknown>): string {
  const { result } = run;
  const panels = [convergence(run), margin(run), ...paths(run, problem)];
  const { document } = parseHTML("<html></html>");
  let top = 30;
  const parts = panels.map(({ height, options, legend }) => {
    const plot = Plot.plot({ ...MARGINS, width: WIDTH, height, document, ...options }) as unknown as {
      readonly outerHTML: string;
    };
    const entries = legend.map(({ text, colour }) => `<tspan fill="${colour}" dx="12">${escapeXml(text)}</tspan>`);
    const line = `<text x="${MARGINS.marginLeft - 12}" y="18">${entries.join("")}</text>`;
    const part = `<g transform="translate(0 ${top})">${plot.outerHTML}${line}</g>`;
    top += height + 12;
    return part;
  });
  const title = `${result.name}: gradient flow, ${result.loss} loss, ${result.verdict}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="picture" width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}">`,
    `<style>${STYLE}</style>`,
    `<text class="title" x="${MARGINS.marginLeft}" y="24" fill="currentColor">${escapeXml(title)}</text>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

const REACH: Plot.ScaleOptions = { type: "log", label: "log(1/L)", tickFormat: power, ticks: 8, nice: false };

/** Direction error and KKT residual against log(1/L), with the predicted slopes. */
function convergence(run: FlowRun): Panel {
  const late = run.observations.filter((one) => one.logInverseLoss > 1 && one.kkt !== null);
  const points = (value: (one: (typeof late)[number]) => number | null) =>
    late.flatMap((one) => {
      const y = value(one);
      return y === null || y < 1e-15 ? [] : [{ x: round(one.logInverseLoss), y: roundSmall(y) }];
    });
  const series = [
    {
      name: "direction error",
      exponent: run.exponents.directionError.predicted,
      data: points((o) => o.directionError),
    },
    { name: "KKT residual", exponent: run.exponents.kktResidual.predicted, data: points((o) => kktResidual(o.kkt!)) },
  ].map((one, k) => ({ ...one, colour: COLOURS[k]! }));
  const slopes = series.flatMap(({ data, exponent }) => {
    const end = data.at(-1);
    if (end === undefined || exponent === null) return [];
    // Through the last point, shifted to lie beside the curve: below the lower, above the upper.
    const shift = data === series[0]!.data ? 1 / 3 : 3;
    return [data.map(({ x }) => ({ x, y: round(shift * end.y * (x / end.x) ** exponent) })).filter(({ y }) => y < 10)];
  });
  return {
    height: 320,
    options: {
      x: REACH,
      y: { type: "log", label: null, tickFormat: power, ticks: 6, grid: true },
      marks: [
        ...slopes.map((line) => Plot.line(line, { x: "x", y: "y", stroke: "var(--faint)", strokeDasharray: "4 4" })),
        ...series.map(({ data, colour }) => Plot.line(data, { x: "x", y: "y", stroke: colour, strokeWidth: 2 })),
      ],
    },
    legend: [
      ...series.filter(({ data }) => data.length > 0).map(({ name, colour }) => ({ text: name, colour })),
      ...[...new Set(series.flatMap(({ exponent }) => (exponent === null ? [] : [print(exponent)])))].map((slope) => ({
        text: `- - predicted slope ${slope}`,
        colour: "var(--faint)",
      })),
    ],
  };
}

function margin(run: FlowRun): Panel {
  const data = run.observations.flatMap((one) =>
    one.logInverseLoss > 0.01 ? [{ x: round(one.logInverseLoss), y: round(one.normalizedMargin) }] : [],
  );
  return {
    height: 200,
    options: {
      x: REACH,
      y: { label: null, grid: true, ticks: 5 },
      marks: [Plot.line(data, { x: "x", y: "y", stroke: COLOURS[2]!, strokeWidth: 2 })],
    },
    legend: [{ text: "normalised margin", colour: COLOURS[2]! }],
  };
}

/** For two inputs: the incoming weights of each neuron of the first hidden layer, where all are trained, and the data, scaled to fit. */
function paths(run: FlowRun, { network, data, field }: Problem<unknown>): Panel[] {
  const [first] = network.layers;
  const isTrained = first!.flat().every(({ weight }) => weight < network.parameters.length);
  if (network.inputs !== 2 || network.layers.length < 2 || !isTrained || first!.length > COLOURS.length) return [];
  const inputs = data.map(({ x, y }) => ({ x: field.toNumber(x[0]), y: field.toNumber(x[1]), label: y }));
  const neurons = first!.map((row) =>
    run.observations.map(({ direction }) => {
      const weight = (from: number) => row.reduce((sum, c) => sum + (c.from === from ? direction[c.weight]! : 0), 0);
      return { x: roundCoordinate(weight(0)), y: roundCoordinate(weight(1)) };
    }),
  );
  const length = ({ x, y }: { readonly x: number; readonly y: number }) => Math.hypot(x, y);
  const scale = Math.max(...neurons.flat().map(length)) / Math.max(...inputs.map(length));
  const samples = inputs.map(({ x, y, label }, k) => {
    const side = network.outputs > 1 ? `${label + 1}` : label > 0 ? "+" : "−";
    return { x: x * scale, y: y * scale, name: `x${k + 1} (${side})` };
  });
  return [
    {
      height: 420,
      options: {
        aspectRatio: 1,
        inset: 32,
        x: { label: "input 1", ticks: 6, grid: true },
        y: { label: "input 2", labelAnchor: "center", ticks: 6, grid: true },
        marks: [
          Plot.dot(samples, { x: "x", y: "y", r: 4, stroke: "currentColor", symbol: "square" }),
          Plot.text(samples, { x: "x", y: "y", text: "name", dy: -12, fill: "currentColor" }),
          ...neurons.flatMap((path, k) => [
            Plot.line(path, { x: "x", y: "y", stroke: COLOURS[k]!, strokeWidth: 2 }),
            Plot.dot(path.slice(0, 1), { x: "x", y: "y", r: 4, stroke: COLOURS[k]! }),
            Plot.dot(path.slice(-1), { x: "x", y: "y", r: 5, fill: COLOURS[k]! }),
          ]),
        ],
      },
      legend: [
        ...neurons.map((_, k) => ({ text: `neuron ${k + 1}`, colour: COLOURS[k]! })),
        { text: "weights over ‖θ‖, from ○ to ●;  □ data, scaled", colour: "currentColor" },
      ],
    },
  ];
}

/** 10ⁿ for a power of ten; nothing between. */
function power(value: number): string {
  const exponent = Math.log10(value);
  if (Math.abs(exponent - Math.round(exponent)) > 1e-6) return "";
  const digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  return `10${[...`${Math.round(exponent)}`].map((c) => (c === "-" ? "⁻" : digits[Number(c)])).join("")}`;
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
