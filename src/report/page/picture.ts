/// <reference lib="dom" />
/** The problem in the plane: data, the incoming weights of the first hidden layer, and where each of its units is on. */
import * as Plot from "@observablehq/plot";
import type { Instance } from "../../network/instance.js";
import { isLinearLayer } from "../../network/network.js";
import { element } from "./dom.js";
import { numeric } from "./numeric.js";

type Vector2 = readonly [number, number];

export const COLOURS = ["var(--first)", "var(--second)", "var(--third)", "var(--fourth)"];

/** More arrows are not told apart. */
const MAX_ARROWS = 8;

interface DataPoint {
  readonly at: Vector2;
  readonly name: string;
  /** Filled for the label 1, hollow for −1; a symbol of its own for each class. */
  readonly filled: boolean;
  readonly symbol: string;
}

/** What is drawn: points with a name, and units as vectors read off all the weights. */
interface Scene {
  readonly points: readonly DataPoint[];
  readonly units: readonly { readonly name: string; readonly vector: (weights: readonly number[]) => Vector2 }[];
  readonly axes: string;
  /** Whether a unit is on or off. */
  readonly kinks: boolean;
}

const SYMBOLS = ["circle", "square", "triangle", "diamond", "star", "cross", "wye"];

/**
 * A picture that follows the parameters, or null where the inputs are not planar. Units may be given in groups: each then has one arrow,
 * that of its first unit. A remark ends the caption.
 */
export function picture<E>(
  instance: Instance<E>,
  groups: readonly (readonly number[])[] | null = null,
  remark = "",
): { element: HTMLElement; show: (point: readonly number[]) => void } | null {
  const scene = sceneOf(instance, groups);
  if (scene === null) return null;
  const { point, weights } = numeric(instance);
  const holder = element("div", { class: "plot" });
  const show = (at: readonly number[]) => holder.replaceChildren(draw(scene, weights(at)));
  show(point);
  const caption = element(
    "figcaption",
    {},
    `${scene.axes}; arrows: incoming weights of each unit${scene.kinks ? ", shaded: where it is on" : ""}.${remark === "" ? "" : ` ${remark}`}`,
  );
  return { element: element("figure", { class: "picture" }, holder, caption), show };
}

function sceneOf<E>(instance: Instance<E>, groups: readonly (readonly number[])[] | null): Scene | null {
  const { network, data } = instance;
  const { inputs } = numeric(instance);
  const { source, layers, outputs } = network;
  if (layers.length < 2) return null;
  const [first] = layers as [(typeof layers)[0]];
  const kinks = !isLinearLayer(network, 0);
  const point = (at: Vector2, sample: number, part: string): DataPoint => {
    const { y } = data[sample]!;
    const label = outputs > 1 ? `class ${y + 1}` : y > 0 ? "+" : "−";
    const symbol = outputs > 1 ? SYMBOLS[y % SYMBOLS.length]! : SYMBOLS[0]!;
    return { at, name: `x${sample + 1}${part} (${label})`, filled: outputs > 1 || y > 0, symbol };
  };
  if (source.kind === "convolutional" && source.filter === 2) {
    const patch = first[0]!.map(({ weight }) => weight);
    return {
      points: inputs.flatMap((x, i) =>
        first.map((row, k) => point([x[row[0]!.from]!, x[row[1]!.from]!], i, `, patch ${k + 1}`)),
      ),
      units: [{ name: "filter f", vector: (w) => [w[patch[0]!]!, w[patch[1]!]!] }],
      axes: "The patches of each input",
      kinks,
    };
  }
  const drawn = groups ?? first.map((_, unit) => [unit]);
  if (network.inputs !== 2 || drawn.length > MAX_ARROWS) return null;
  return {
    points: inputs.map((x, i) => point([x[0]!, x[1]!], i, "")),
    units: drawn.map(([unit, ...others]) => ({
      name: `unit${others.length === 0 ? "" : "s"} ${[unit!, ...others]
        .map((k) => k + 1)
        .sort((a, b) => a - b)
        .join(", ")}`,
      vector: (w) => {
        const weight = (from: number) =>
          first[unit!]!.reduce((sum, c) => sum + (c.from === from ? w[c.weight]! : 0), 0);
        return [weight(0), weight(1)];
      },
    })),
    axes: "The inputs in the plane",
    kinks,
  };
}

function draw({ points, units, kinks }: Scene, weights: readonly number[]): Element {
  const vectors = units.map(({ name, vector }, k) => ({
    name,
    at: vector(weights),
    colour: COLOURS[k % COLOURS.length]!,
  }));
  const reach = 1.25 * Math.max(1e-9, ...points.map((p) => norm(p.at)), ...vectors.map((v) => norm(v.at)));
  const arrows = vectors.filter((v) => norm(v.at) > 1e-9 * reach);
  const dead = vectors.filter((v) => norm(v.at) <= 1e-9 * reach);
  const halves = kinks ? arrows : [];
  const svg = Plot.plot({
    width: 360,
    height: 360,
    aspectRatio: 1,
    margin: 28,
    x: { domain: [-reach, reach], label: null, ticks: 5, grid: true },
    y: { domain: [-reach, reach], label: null, ticks: 5, grid: true },
    marks: [
      ...halves.flatMap(({ at: w, colour }) => [
        Plot.line(halfPlane(w, reach), { fill: colour, fillOpacity: 0.13, curve: "linear-closed" }),
        Plot.line(border(w, reach), { stroke: colour, strokeOpacity: 0.7, strokeDasharray: "4 4" }),
      ]),
      Plot.ruleX([0], { strokeOpacity: 0.3 }),
      Plot.ruleY([0], { strokeOpacity: 0.3 }),
      ...arrows.flatMap(({ at: [x, y], name, colour }) => [
        Plot.arrow([{ x, y }], { x1: 0, y1: 0, x2: "x", y2: "y", stroke: colour, strokeWidth: 2.5, headLength: 9 }),
        Plot.text([{ x, y }], {
          x: "x",
          y: "y",
          text: () => name,
          fill: colour,
          ...(x > reach / 2 ? { dy: 16, textAnchor: "end" } : { dx: 8, textAnchor: "start" }),
          fontWeight: 600,
          stroke: "var(--paper)",
          strokeWidth: 4,
          paintOrder: "stroke",
        }),
      ]),
      ...dead.map(({ colour }, k) => Plot.dot([[0, 0]], { stroke: colour, strokeWidth: 2.5, r: 6 + 4 * k })),
      ...(dead.length === 0
        ? []
        : [
            Plot.text([[0, 0]], {
              text: () => `${dead.map(({ name }) => name).join(", ")}: weights 0`,
              dy: 18,
              fill: dead[0]!.colour,
              fontWeight: 600,
              stroke: "var(--paper)",
              strokeWidth: 4,
              paintOrder: "stroke",
            }),
          ]),
      Plot.dot(points, {
        x: (p) => p.at[0],
        y: (p) => p.at[1],
        r: 5,
        symbol: "symbol",
        fill: (p) => (p.filled ? "currentColor" : "var(--paper)"),
        stroke: "currentColor",
        strokeWidth: 1.5,
      }),
      Plot.text(points, {
        x: (p) => p.at[0],
        y: (p) => p.at[1],
        text: "name",
        dy: -13,
        fill: "currentColor",
        stroke: "var(--paper)",
        strokeWidth: 4,
        paintOrder: "stroke",
      }),
    ],
  });
  const unitText = vectors.map(({ name, at: [x, y] }) => `${name} (${x.toFixed(2)}, ${y.toFixed(2)})`).join(", ");
  const pointText = points.map(({ name, at: [x, y] }) => `${name} at (${x.toFixed(2)}, ${y.toFixed(2)})`).join(", ");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${pointText}; ${unitText}`);
  return svg;
}

function norm([x, y]: Vector2): number {
  return Math.hypot(x, y);
}

/** The part of the square [−R, R]² where w·x ≥ 0. */
function halfPlane([a, b]: Vector2, R: number): Vector2[] {
  const corners: Vector2[] = [
    [-R, -R],
    [R, -R],
    [R, R],
    [-R, R],
  ];
  return corners.flatMap((from, k) => {
    const to = corners[(k + 1) % 4]!;
    const [p, q] = [a * from[0] + b * from[1], a * to[0] + b * to[1]];
    const kept = p >= 0 ? [from] : [];
    if (p >= 0 === q >= 0) return kept;
    const s = p / (p - q);
    return [...kept, [from[0] + s * (to[0] - from[0]), from[1] + s * (to[1] - from[1])] as const];
  });
}

/** Where the line w·x = 0 leaves the square. */
function border([a, b]: Vector2, R: number): Vector2[] {
  const scale = R / Math.max(Math.abs(a), Math.abs(b));
  return [
    [-b * scale, a * scale],
    [b * scale, -a * scale],
  ];
}
