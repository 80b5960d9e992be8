/** That an enclosed point is a global or a local optimum. (`proofs/theory.md`, §8.) */
import type { Interval } from "../../../exact/interval.js";
import { Q, type Rational, rational } from "../../../exact/rational.js";
import type { EnclosedBound, EnclosedLeaf, Side } from "../../../kernel/enclosed/bound.js";
import { type Cell, explore, type Signed, type Tree } from "../../../kernel/explore.js";
import { chainOf } from "../../../kernel/shape.js";
import { isLinearLayer } from "../../../network/network.js";
import { casesOf, goneBlocks } from "../cases.js";
import { type Block, claim, display, enumeration, items, table, text } from "../document.js";
import { activated, unitName } from "../notation.js";
import { fraction } from "../radicals.js";
import { numberLatex } from "../typeset.js";
import { rootAtMostLatex } from "./decimals.js";
import type { View } from "./view.js";

/** A table of more cells than this counts them instead. */
const MAX_ROWS = 64;

/** The global ones first; a local one follows from them. */
export function boundClaims(view: View, bounds: readonly EnclosedBound[]): Block[] {
  const globals = bounds.filter(({ reach }) => reach === "global");
  const locals = bounds.filter(({ reach }) => reach === "local");
  return [...globals, ...locals].map(({ by, reach }) =>
    claim(
      `The point $\\theta$ is a ${reach} optimum of $(\\mathrm{P})$.`,
      reach === "local" && globals.length > 0
        ? [text("It is a global one.")]
        : "linear" in by
          ? linearProof(view)
          : "live" in by
            ? liveProof(view)
            : cellsProof(view, by.tree),
    ),
  );
}

const ATTAINED =
  "As $\\Phi^{\\tau}$ is homogeneous of degree $2$ and the margins in $A$ are $1$, the equation $\\theta = \\sum_{i \\in A} \\lambda_i g_i$ gives $\\|\\theta\\|^{2} = \\sum_{i \\in A} \\lambda_i \\langle \\theta, g_i\\rangle = 2 \\sum_{i \\in A} \\lambda_i$.";

/** What stationarity says of each live unit. */
function unitVectors({ facts: { problem } }: View): string {
  const { network } = problem;
  const isComplete = network.layers[0]!.every((row) => row.length === network.inputs);
  const read = isComplete ? "" : ", on the inputs that the neuron reads";
  return `In the coordinates of a neuron $j$ that is not dead the equation $\\theta = \\sum_{i \\in A} \\lambda_i g_i$ reads $w_j = v_j e_j$ and $v_j = h(w_j)$, where $e_j = \\sum_{i \\in A} \\lambda_i y_i s_{ij} x_i$ with the slopes $s_{ij}$ of the table${read}. So $\\langle e_j, w_j\\rangle = h(w_j)$, hence $\\|w_j\\|^{2} = v_j h(w_j) = v_j^{2}$ and $\\|e_j\\| = 1$.`;
}

const TWO_LAYERS =
  "\\tfrac12\\|\\theta'\\|^{2} \\ge \\tfrac12\\|\\theta'\\|^{2} - \\sum_{i \\in A} \\lambda_i \\big(y_i \\Phi(\\theta'; x_i) - 1\\big) \\ge \\sum_{i \\in A} \\lambda_i + \\sum_j \\Big(\\tfrac12\\|w'_j\\|^{2} + \\tfrac12 v_j'^{2} - v'_j h(w'_j)\\Big),";

function lowerBound({ facts }: View): Block[] {
  const { network } = facts.problem;
  return [
    text(
      `${ATTAINED} Let $h(u) = \\sum_{i \\in A} \\lambda_i y_i\\, ${activated(network, 0, "\\langle u, x_i\\rangle")}$. For every feasible $\\theta'$, with the weights $w'_j$ into and $v'_j$ out of its hidden neurons,`,
    ),
    display(TWO_LAYERS),
  ];
}

function cellsProof(view: View, tree: Tree<Rational, EnclosedLeaf>): Block[] {
  const { facts } = view;
  const { network } = facts.problem;
  const cells = walked(view, tree);
  const keys = cells.map(({ positive, negative }) => JSON.stringify([positive.text, negative.text]));
  const instance = { ...facts.problem, point: [] };
  const cases = casesOf(instance, tree, keys, undefined, inputLatex);
  const all = cells.flatMap(({ positive, negative }) => [positive, negative]);
  const isCounted = cases.keys.length > MAX_ROWS;
  const usesUnits = all.some(({ unit }) => unit !== null);
  const usesNorms = all.some(({ unit }) => unit === null);
  const usesWeights = all.some(({ text: words }) => words.includes("\\nu"));
  const kinked = !isLinearLayer(network, 0);
  const off = numberLatex(Q, network.slopes[0]!);
  const ways = [
    ...(usesNorms
      ? [
          `A number: ${usesWeights ? "it bounds $\\|\\varepsilon f + \\sum_i \\nu_i \\rho_i x_i\\|$, where $\\rho_i = \\pm 1$ is the sign of $\\langle u, x_i\\rangle$ on the cell and the $\\nu_i \\ge 0$ are given, others being $0$. So $\\varepsilon h(u) \\le \\varepsilon h(u) + \\sum_i \\nu_i |\\langle u, x_i\\rangle| = \\langle \\varepsilon f + \\sum_i \\nu_i \\rho_i x_i, u\\rangle \\le \\|u\\|$" : "it bounds $\\|f\\|$, so $\\varepsilon h(u) = \\langle \\varepsilon f, u\\rangle \\le \\|u\\|$"}.`,
        ]
      : []),
    ...(usesUnits
      ? [
          kinked
            ? "A neuron $j$, whose outgoing weight $v_j$ has the sign $\\varepsilon$. Here $\\varepsilon h(u) = \\langle \\varepsilon e_j, u\\rangle + \\sum_{i \\in A} \\varepsilon \\lambda_i y_i (s_i - s_{ij}) \\langle u, x_i\\rangle$. The neuron is on the cell's side at each sample in $A$, so that $s_i = s_{ij}$, but for samples at which its pre-activation is $0$; and there $s_i = s_{ij}$ or $\\varepsilon y_i < 0$, while $(s_i - s_{ij}) \\langle u, x_i\\rangle \\ge 0$, since $s_i$ is the larger slope where $\\langle u, x_i\\rangle \\ge 0$ and the smaller one elsewhere. So $\\varepsilon h(u) \\le \\langle \\varepsilon e_j, u\\rangle \\le \\|u\\|$."
            : "A neuron $j$, whose outgoing weight $v_j$ has the sign $\\varepsilon$. Here $f = e_j$, and $\\varepsilon h(u) = \\langle \\varepsilon e_j, u\\rangle \\le \\|u\\|$.",
        ]
      : []),
  ];
  const shown = (key: string) => JSON.parse(key) as string[] as [string, string];
  return [
    ...lowerBound(view),
    text(
      `where the first step holds since $\\lambda_i > 0$ and $\\theta'$ is feasible. If $|h(u)| \\le \\|u\\|$ for all $u$, each summand of the last sum is at least $\\tfrac12 (\\|w'_j\\| - |v'_j|)^{2} \\ge 0$, and so $\\tfrac12\\|\\theta'\\|^{2} \\ge \\sum_{i \\in A} \\lambda_i = \\tfrac12\\|\\theta\\|^{2}$. It remains to show $|h(u)| \\le \\|u\\|$.${usesUnits ? ` ${unitVectors(view)}` : ""}`,
    ),
    text(
      kinked
        ? `The signs of the $\\langle u, x_i\\rangle$ cut the space of the vectors $u$ into closed cells, on which $h(u) = \\langle f, u\\rangle$ is linear, with $f = \\sum_{i \\in A} \\lambda_i y_i s_i x_i$ where $s_i = 1$ if $\\langle u, x_i\\rangle \\ge 0$ on the cell and $s_i = ${off}$ otherwise. On each cell $\\varepsilon h(u) \\le \\|u\\|$ for $\\varepsilon = 1$ and for $\\varepsilon = -1$, in one of ${ways.length === 1 ? "this way" : "two ways, by what the table names"}:`.replace(
            "in one of this way",
            "in this way",
          )
        : `Here $h(u) = \\langle f, u\\rangle$ is linear, with $f = \\sum_{i \\in A} \\lambda_i y_i x_i$, and $\\varepsilon h(u) \\le \\|u\\|$ for $\\varepsilon = \\pm 1$:`,
    ),
    items(ways),
    ...goneBlocks([cases]),
    ...(isCounted
      ? [text(countText(view, cells))]
      : [
          ...(cases.signs === "" ? [] : [text(`The cells, ${cases.signs}:`)]),
          table(
            [...(cases.signs === "" ? [] : ["cells"]), "$\\varepsilon = 1$", "$\\varepsilon = -1$"],
            cases.keys.map((key) => [...(cases.signs === "" ? [] : [cases.where(key)]), ...shown(key)]),
          ),
        ]),
  ];
}

function inputLatex(at: Signed): string {
  return "weight" in at ? "u" : `\\langle u, x_{${at.sample + 1}}\\rangle`;
}

/** What proves the bound on a cell for one sign: a live unit, or a norm below 1. */
interface Way {
  readonly unit: number | null;
  readonly text: string;
}

function walked(view: View, tree: Tree<Rational, EnclosedLeaf>): { readonly positive: Way; readonly negative: Way }[] {
  const { facts } = view;
  const { frame } = chainOf(facts.problem, () => {});
  return explore(frame, tree, (cell, leaf) => ({
    positive: wayOf(view, cell, 1, leaf.positive),
    negative: wayOf(view, cell, -1, leaf.negative),
  }));
}

function wayOf(view: View, cell: Cell<Rational>, side: 1 | -1, evidence: Side): Way {
  const { network } = view.facts.problem;
  if ("live" in evidence) return { unit: evidence.live, text: unitName(network, 0, evidence.live) };
  const signed = evidence.weights.map(({ at, weight }) => ({
    sample: at.sample,
    weight,
    sign: cell.sample(at.sample).layers[0]![0]!.sign ?? 0,
  }));
  const { weights, squared } = shortWeights(view, cell, side, signed);
  const given = weights.flatMap(({ sample, weight }) =>
    Q.isZero(weight) ? [] : [`\\nu_{${sample + 1}} = ${decimalOf(weight)}`],
  );
  return {
    unit: null,
    text: `$${rootAtMostLatex(squared, 4)}$${given.length === 0 ? "" : ` with $${given.join(",\\; ")}$`}`,
  };
}

interface SignedWeight {
  readonly sample: number;
  readonly weight: Rational;
  readonly sign: number;
}

const PLACES = [2, 3, 4, 6, 9, 12];

/** The weights with as few decimals as leave the norm below 1, and an upper bound on its square. */
function shortWeights(
  view: View,
  cell: Cell<Rational>,
  side: 1 | -1,
  given: readonly SignedWeight[],
): { readonly weights: readonly SignedWeight[]; readonly squared: Rational } {
  for (const places of PLACES) {
    const scale = 10n ** BigInt(places);
    const weights = given.map((one) => ({
      ...one,
      weight: rational(Q.mul(one.weight, rational(scale)).round().n, scale),
    }));
    const squared = squaredNorm(view, cell, side, weights);
    if (squared.n < squared.d) return { weights, squared };
  }
  return { weights: given, squared: squaredNorm(view, cell, side, given) };
}

/** An upper bound on ‖ε f + Σ ν ρ x‖². */
function squaredNorm(
  { facts, active }: View,
  cell: Cell<Rational>,
  side: 1 | -1,
  weights: readonly SignedWeight[],
): Rational {
  const { problem, ring, lambda } = facts;
  const { network, data } = problem;
  const off = ring.enclose(network.slopes[0]!);
  const total = new Array<Interval>(network.inputs).fill(ring.zero);
  const add = (factor: Interval, sample: number) => {
    for (const [k, c] of data[sample]!.x.entries())
      if (!Q.isZero(c)) total[k] = ring.add(total[k]!, ring.mul(factor, ring.enclose(c)));
  };
  for (const [k, { sample }] of active.entries()) {
    const sign = cell.sample(sample).layers[0]![0]!.sign;
    const slope = isLinearLayer(network, 0) || sign === 1 ? ring.one : off;
    const signed = data[sample]!.y * side > 0 ? lambda[k]! : ring.neg(lambda[k]!);
    add(ring.mul(signed, slope), sample);
  }
  for (const { sample, weight, sign } of weights) add(ring.enclose(sign > 0 ? weight : Q.neg(weight)), sample);
  const squared = total.reduce((sum, c) => ring.add(sum, ring.mul(c, c)), ring.zero);
  return rational(squared.high, 1n << BigInt(ring.precision));
}

function decimalOf(q: Rational): string {
  const text = Q.toNumber(q).toString();
  return /e/.test(text) || q.d > 10n ** 12n ? fraction(q) : text;
}

/** For more cells than a table holds. */
function countText({ facts }: View, cells: readonly { readonly positive: Way; readonly negative: Way }[]): string {
  const { network } = facts.problem;
  const all = cells.flatMap(({ positive, negative }) => [positive, negative]);
  const units = [...new Set(all.flatMap(({ unit }) => (unit === null ? [] : [unit])))].sort((a, b) => a - b);
  const byUnit = units.map(
    (unit) => `${unitName(network, 0, unit)} in ${all.filter((one) => one.unit === unit).length}`,
  );
  const norms = all.filter(({ unit }) => unit === null);
  return `There are ${cells.length} cells, which with two signs are ${all.length} cases: ${enumeration([...byUnit, `a norm below $1$ in ${norms.length}`])}. The numbers $\\nu_i$ of each come with this proof.`;
}

/** Locally: every hidden unit is live, and no margin gains across a zero. */
function liveProof(view: View): Block[] {
  const { facts, zeros } = view;
  const { network } = facts.problem;
  const list = [...new Set(zeros.map(({ at }) => `${unitName(network, at.layer, at.unit)} at $x_{${at.sample + 1}}$`))];
  const same = "is on the side of $w_j$ at each sample in $A$";
  const reason =
    list.length === 0
      ? `No pre-activation at a sample in $A$ is $0$, so $w'_j$ ${same}: $s_i = s_{ij}$, and the sum is $0$.`
      : `The slope $s_i$ of $w'_j$ at $x_i$ is $s_{ij}$, but for samples at which the pre-activation of neuron $j$ is $0$ (${enumeration(list)}); and there $\\varepsilon_j y_i < 0$, while $(s_i - s_{ij})\\langle w'_j, x_i\\rangle \\ge 0$, since $s_i$ is the larger slope where $\\langle w'_j, x_i\\rangle \\ge 0$ and the smaller one elsewhere. So the sum is not positive.`;
  return [
    ...lowerBound(view),
    text(
      `where the first step holds since $\\lambda_i > 0$ and $\\theta'$ is feasible. No hidden neuron is dead. ${unitVectors(view)} Let $\\varepsilon_j$ be the sign of $v_j$, and let $\\theta'$ be so near $\\theta$ that $v'_j$ has this sign too, and $\\langle w'_j, x_i\\rangle$ that of $\\langle w_j, x_i\\rangle$ wherever the latter is not $0$ and $i \\in A$. Then`,
    ),
    display(
      "\\varepsilon_j h(w'_j) = \\langle \\varepsilon_j e_j, w'_j\\rangle + \\sum_{i \\in A} \\varepsilon_j \\lambda_i y_i (s_i - s_{ij}) \\langle w'_j, x_i\\rangle.",
    ),
    text(
      `${reason} Hence $v'_j h(w'_j) \\le |v'_j|\\,\\|w'_j\\|$, each summand of the last sum above is at least $\\tfrac12 (\\|w'_j\\| - |v'_j|)^{2} \\ge 0$, and $\\tfrac12\\|\\theta'\\|^{2} \\ge \\sum_{i \\in A} \\lambda_i = \\tfrac12\\|\\theta\\|^{2}$ for all feasible $\\theta'$ near $\\theta$.`,
    ),
  ];
}

/** A KKT point of a fully connected linear network with one output is a global optimum. */
function linearProof({ facts }: View): Block[] {
  const { network } = facts.problem;
  const m = network.layers.length;
  const best =
    "a combination of the $y_i x_i$ with positive coefficients of those with $y_i\\langle \\beta, x_i\\rangle = 1$, while $y_i\\langle\\beta, x_i\\rangle \\ge 1$ for all $i$. For every $\\beta'$ with $y_i\\langle \\beta', x_i\\rangle \\ge 1$ for all $i$ therefore";
  if (m === 1)
    return [
      text(
        `Here $\\Phi(\\theta; x) = \\langle \\beta, x\\rangle$ with $\\beta = \\theta$, and $\\beta = \\sum_{i \\in A} \\lambda_i y_i x_i$ is ${best} $\\langle \\beta, \\beta'\\rangle \\ge \\sum_{i \\in A} \\lambda_i = \\langle \\beta, \\beta\\rangle$, and $\\|\\beta'\\| \\ge \\|\\beta\\|$.`,
      ),
    ];
  const matrices = m === 2 ? "W_1, W_2" : `W_1, \\dots, W_{${m}}`;
  const product = (prime = "") => (m === 2 ? `W${prime}_2 W${prime}_1` : `W${prime}_{${m}} \\cdots W${prime}_1`);
  return [
    text(
      `Write $${matrices}$ for the matrices of the layers, so that $\\Phi(\\theta; x) = \\langle \\beta, x\\rangle$ with $\\beta^{\\top} = ${product()}$, and let $g = \\sum_{i \\in A} \\lambda_i y_i x_i$. The equation $\\theta = \\sum_{i \\in A} \\lambda_i g_i$ says $W_l = p_l q_l^{\\top}$ with $p_l = (W_{${m}} \\cdots W_{l+1})^{\\top}$ and $q_l = W_{l-1} \\cdots W_1 g$. So every $W_l$ is of rank 1, and $W_{l+1}^{\\top} W_{l+1} = p_l q_{l+1}^{\\top} = W_l W_l^{\\top}$. Hence the norms $\\|W_l\\|$ (Frobenius) are all equal, to $\\|\\theta\\|/\\sqrt{${m}}$; and the left singular vector of $W_l$ is the right one of $W_{l+1}$, so that $\\|\\beta\\| = \\prod_l \\|W_l\\| = (\\|\\theta\\|^{2}/${m})^{${m}/2}$.`,
    ),
    text(
      `For $l = 1$ it says $W_1 = p_1 g^{\\top}$, so $\\beta = W_1^{\\top} p_1 = \\|p_1\\|^{2} \\sum_{i \\in A} \\lambda_i y_i x_i$ is ${best} $\\langle \\beta, \\beta'\\rangle \\ge \\|p_1\\|^{2} \\sum_{i \\in A} \\lambda_i = \\langle \\beta, \\beta\\rangle$, and $\\|\\beta'\\| \\ge \\|\\beta\\|$.`,
    ),
    text(
      `Now let $\\theta'$ be feasible, with the matrices $W'_l$ and $\\beta'^{\\top} = ${product("'")}$. By the inequality of the arithmetic and the geometric mean`,
    ),
    display(
      `\\Big(\\frac{\\|\\theta'\\|^{2}}{${m}}\\Big)^{${m}/2} \\ge \\prod_{l=1}^{${m}} \\|W'_l\\| \\ge \\|\\beta'\\| \\ge \\|\\beta\\| = \\Big(\\frac{\\|\\theta\\|^{2}}{${m}}\\Big)^{${m}/2},`,
    ),
    text("so $\\|\\theta'\\| \\ge \\|\\theta\\|$."),
  ];
}
