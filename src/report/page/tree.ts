/// <reference lib="dom" />
/** The trees of signs on which statements rest: which sign is split where, which cells have evidence, which are gone. */
import * as Plot from "@observablehq/plot";
import type { Signed, Tree } from "../../kernel/explore.js";
import type { Meaning } from "../../kernel/statement.js";
import type { Acceptance } from "../../kernel/verify.js";
import type { Problem } from "../../network/instance.js";
import type { Accepted } from "../accepted.js";
import { problemOf } from "../hash.js";
import { predicateText } from "../text.js";
import { element, plotWidth } from "./dom.js";
import { COLOURS } from "./picture.js";

type AnyTree<E> = Tree<E, unknown>;

/** Trees with more cells are counted, not drawn. */
const MAX_DRAWN = 40;
const ROW = 26;

/** A figure for every tree that splits a sign. */
export function treeFigures(accepted: Accepted): HTMLElement[] {
  const problem = problemOf(accepted);
  const figures = (meaning: Meaning<unknown>, trees: ReturnType<typeof treesOf<unknown>>) =>
    trees.flatMap(({ tree, of }) =>
      "split" in tree ? [treeFigure(problem, tree, `${predicateText(meaning)}${of}`)] : [],
    );
  if (accepted.sort === "exact") return accepted.statements.flatMap((one) => figures(one.meaning, treesOf(one)));
  return accepted.statements.flatMap(({ statement, meaning }) => {
    if (statement.kind !== "bound" || !("tree" in statement.by)) return [];
    return figures(meaning, [{ tree: statement.by.tree, of: ", one unit standing for every hidden one" }]);
  });
}

function treesOf<E>({ statement }: Acceptance<E>): { readonly tree: AnyTree<E>; readonly of: string }[] {
  switch (statement.kind) {
    case "strict-local":
      return [{ tree: statement.tree, of: "" }];
    case "not-kkt":
      return statement.trees.map(({ sample, tree }) => ({ tree, of: `, sample ${sample + 1}` }));
    case "bound": {
      const { by } = statement;
      if ("chain" in by) return [{ tree: by.chain, of: ", one unit standing for the first one of every path" }];
      if ("tree" in by) return [{ tree: by.tree, of: "" }];
      return by.parts.map(({ blocks, tree }) => ({
        tree,
        of: `, block${blocks.length === 1 ? "" : "s"} ${blocks.map((b) => b + 1).join(", ")}`,
      }));
    }
    default:
      return [];
  }
}

interface Node {
  readonly kind: "split" | "leaf" | "gone";
  readonly text: string;
  readonly x: number;
  readonly y: number;
}

interface Edge {
  readonly from: Node;
  readonly to: Node;
  readonly sign: "+" | "−";
}

/** The nodes from left to right by depth, the ends of the tree one below the other. */
function layOut<E>(
  problem: Problem<E>,
  tree: AnyTree<E>,
): { readonly nodes: readonly Node[]; readonly edges: readonly Edge[] } {
  const nodes: Node[] = [];
  const edges: Edge[] = [];
  const ends = (kind: Node["kind"]) => nodes.filter((node) => node.kind === kind).length;
  const place = (node: AnyTree<E>, x: number): Node => {
    if ("split" in node) {
      const [on, off] = [place(node.on, x + 1), place(node.off, x + 1)];
      const split: Node = { kind: "split", text: signedText(problem, node.split), x, y: (on.y + off.y) / 2 };
      edges.push({ from: split, to: on, sign: "+" }, { from: split, to: off, sign: "−" });
      nodes.push(split);
      return split;
    }
    const y = ends("leaf") + ends("gone");
    const end: Node =
      "leaf" in node ? { kind: "leaf", text: `cell ${ends("leaf") + 1}`, x, y } : { kind: "gone", text: "gone", x, y };
    nodes.push(end);
    return end;
  };
  place(tree, 0);
  return { nodes, edges };
}

function signedText<E>({ network }: Problem<E>, at: Signed): string {
  if ("weight" in at) return network.parameters[at.weight]!.name;
  const layer = network.layers.length > 2 ? ` of layer ${at.layer + 1}` : "";
  return `unit ${at.unit + 1}${layer}, x${at.sample + 1}`;
}

function treeFigure<E>(problem: Problem<E>, tree: AnyTree<E>, about: string): HTMLElement {
  const { nodes, edges } = layOut(problem, tree);
  const leaves = nodes.filter(({ kind }) => kind === "leaf");
  const gone = nodes.filter(({ kind }) => kind === "gone");
  const cells = `${leaves.length} cell${leaves.length === 1 ? "" : "s"}${gone.length === 0 ? "" : `, and ${gone.length} gone, which have no interior`}`;
  const caption = `The tree of signs for ${about}: ${cells}.`;
  const figcaption = element("figcaption", {}, `${caption} +: at least 0, −: at most 0.`);
  const rows = leaves.length + gone.length;
  if (rows > MAX_DRAWN) return element("figure", { class: "tree" }, figcaption);
  const svg = Plot.plot({
    width: plotWidth(),
    height: ROW * rows + 20,
    marginLeft: 8,
    marginRight: 96,
    marginTop: 14,
    marginBottom: 6,
    x: { axis: null },
    y: { axis: null, reverse: true },
    marks: [
      Plot.link(edges, {
        x1: (edge: Edge) => edge.from.x,
        y1: (edge: Edge) => edge.from.y,
        x2: (edge: Edge) => edge.to.x,
        y2: (edge: Edge) => edge.to.y,
        strokeOpacity: 0.5,
      }),
      Plot.text(edges, {
        x: (edge: Edge) => (edge.from.x + edge.to.x) / 2,
        y: (edge: Edge) => (edge.from.y + edge.to.y) / 2,
        text: "sign",
        ...halo,
      }),
      Plot.dot(nodes, {
        x: "x",
        y: "y",
        r: 4,
        stroke: (node: Node) => (node.kind === "gone" ? "currentColor" : COLOURS[node.kind === "leaf" ? 2 : 0]!),
        fill: (node: Node) => (node.kind === "gone" ? "var(--paper)" : COLOURS[node.kind === "leaf" ? 2 : 0]!),
      }),
      Plot.text(nodes, { x: "x", y: "y", text: "text", dx: 8, dy: -9, textAnchor: "start", ...halo }),
    ],
  });
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", caption);
  return element("figure", { class: "tree" }, element("div", { class: "plot" }, svg), figcaption);
}

const halo = { fill: "currentColor", stroke: "var(--paper)", strokeWidth: 4, paintOrder: "stroke" } as const;
