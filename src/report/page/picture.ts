/// <reference lib="dom" />
/** The problem in the plane: data, the incoming weights of the first hidden layer, and where each neuron is on. */
import * as Plot from "@observablehq/plot";
import type { Instance } from "../../certificate/format.js";
import type { Network } from "../../problem/network.js";
import { element } from "./dom.js";
import { numeric } from "./numeric.js";

type Vector2 = readonly [number, number];

export const COLOURS = ["var(--first)", "var(--second)", "var(--third)", "var(--fourth)"];

/** What is drawn: points with a name, and neurons as vectors read off the parameters. */
interface Scene {
  readonly points: readonly { readonly at: Vector2; readonly name: string; readonly positive: boolean }[];
  readonly neurons: readonly { readonly name: string; readonly vector: (point: readonly number[]) => Vector2 }[];
  readonly axes: string;
}

/** A picture that follows the parameters, or null where the inputs are not planar. */
export function picture<E>(
  instance: Instance<E>,
): { element: HTMLElement; show: (point: readonly number[]) => void } | null {
  const scene = sceneOf(instance);
  if (scene === null) return null;
  const { point } = numeric(instance);
  const holder = element("div", { class: "plot" });
  const show = (at: readonly number[]) => holder.replaceChildren(draw(scene, at, instance.network));
  show(point);
  const caption = element(
    "figcaption",
    {},
    `${scene.axes}; arrows: incoming weights of each neuron${
      instance.network.activation.kind === "linear" ? "" : ", shaded: where it is on"
    }.`,
  );
  return { element: element("figure", { class: "picture" }, holder, caption), show };
}

function sceneOf<E>(instance: Instance<E>): Scene | null {
  const { network, data } = instance;
  const { inputs } = numeric(instance);
  const { source, layers } = network;
  if (layers.length < 2) return null;
  const label = (k: number) => (data[k]!.y > 0 ? "+" : "−");
  if (source.kind === "convolutional" && source.filter === 2) {
    return {
      points: inputs.flatMap((x, i) =>
        layers[0]!.map((row, k) => ({
          at: [x[row[0]!.from]!, x[row[1]!.from]!] as const,
          name: `x${i + 1}, patch ${k + 1} (${label(i)})`,
          positive: data[i]!.y > 0,
        })),
      ),
      neurons: [{ name: "filter f", vector: (p) => [p[0]!, p[1]!] }],
      axes: "The patches of each input",
    };
  }
  if (network.inputs !== 2 || layers[0]!.length > COLOURS.length) return null;
  return {
    points: inputs.map((x, i) => ({
      at: [x[0]!, x[1]!] as const,
      name: `x${i + 1} (${label(i)})`,
      positive: data[i]!.y > 0,
    })),
    neurons: layers[0]!.map((row, unit) => ({
      name: `neuron ${unit + 1}`,
      vector: (p) => {
        const weight = (from: number) => row.reduce((sum, c) => sum + (c.from === from ? p[c.parameter]! : 0), 0);
        return [weight(0), weight(1)];
      },
    })),
    axes: "The inputs in the plane",
  };
}

function draw({ points, neurons }: Scene, at: readonly number[], { activation }: Network): Element {
  const vectors = neurons.map(({ name, vector }, k) => ({ name, at: vector(at), colour: COLOURS[k]! }));
  const reach = 1.25 * Math.max(1e-9, ...points.map((p) => norm(p.at)), ...vectors.map((v) => norm(v.at)));
  const arrows = vectors.filter((v) => norm(v.at) > 1e-9 * reach);
  const dead = vectors.filter((v) => norm(v.at) <= 1e-9 * reach);
  const halves = activation.kind === "linear" ? [] : arrows;
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
        fill: (p) => (p.positive ? "currentColor" : "var(--paper)"),
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
  const neuronText = vectors.map(({ name, at: [x, y] }) => `${name} (${x.toFixed(2)}, ${y.toFixed(2)})`).join(", ");
  const pointText = points.map(({ name, at: [x, y] }) => `${name} at (${x.toFixed(2)}, ${y.toFixed(2)})`).join(", ");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${pointText}; ${neuronText}`);
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
