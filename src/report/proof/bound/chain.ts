/** A bound for all paths at once: of a linear predictor, or by σ(a + b) ≤ σ(a) + σ(b). */
import { equals, squaredNorm, sum } from "../../../exact/field.js";
import { Q, rational } from "../../../exact/rational.js";
import { combination } from "../../../kernel/forward.js";
import { type ChainGroup, chainGroups, chainOf, isChainable } from "../../../kernel/shape.js";
import { apartOf, type Chained } from "../../../kernel/statements/bound.js";
import type { Instance } from "../../../network/instance.js";
import { isLinear } from "../../../network/network.js";
import { casesOf, goneBlocks } from "../cases.js";
import { type Block, display, items, table, text } from "../document.js";
import { activated } from "../notation.js";
import { fraction } from "../radicals.js";
import { isSum, numberLatex, sumLatex, tupleLatex } from "../typeset.js";
import { type Bounds, halfPower, multipliersLatex, relaxedText } from "./bounds.js";
import { isPlain, type NamedLeaf, named, productsOf, remainderLatex } from "./forms.js";

export function chainProof<E>(bounds: Bounds<E>, by: Chained<E>): Block[] {
  const { facts, parts } = bounds;
  const { multipliers: alpha } = by;
  const [part] = parts as [Bounds<E>["parts"][number]];
  const { inputs } = facts.instance.network;
  const apart = apartOf(by);
  const groups = chainGroups(facts.instance, alpha, apart);
  const symbols = groups.map(({ label, samples }) =>
    label === apart ? `p_{${samples[0]! + 1}}` : `p_{${sideOf(label)}}`,
  );
  const chain = chainOf(facts.instance, facts.spend, groups).frame.facts.instance;
  const leaves = part.leaves.map((leaf) =>
    named(
      chain,
      leaf,
      (k) => (k < inputs ? `w_{${k + 1}}` : symbols[k - inputs]!),
      (at) => ("weight" in at ? `w_{${at.weight + 1}}` : `\\langle w, x_{${at.sample + 1}}\\rangle`),
    ),
  );
  if (groups.length > 0) return labelsProof(bounds, alpha, groups, apart, leaves);
  return isPredictor(bounds) ? predictorProof(bounds, alpha) : pathsProof(bounds, alpha, leaves);
}

const sideOf = (label: number) => (label > 0 ? "+" : "-");

/** Whether the multipliers make up a linear predictor u with Σα = ‖u‖ (‖θ‖²/m)^{m/2}, which proves everything. */
export function isPredictor<E>({ facts, shape, parts }: Bounds<E>): boolean {
  const { instance } = facts;
  const { field: K, network } = instance;
  const [alpha, ...others] = parts.flatMap((part) => part.alpha) as [readonly E[], ...(readonly E[])[]];
  if (!isLinear(network) || !isChainable(instance, shape, alpha, null)) return false;
  if (others.some((one) => one.some((c, i) => !equals(K, c, alpha[i]!)))) return false;
  const total = sum(K, alpha);
  const norm = squaredNorm(K, predictorOf(instance, alpha));
  return equals(K, K.mul(norm, shape.scale), K.mul(total, total));
}

/** Σ α_i y_i x_i */
function predictorOf<E>({ field: K, network, data }: Instance<E>, alpha: readonly E[]): E[] {
  return combination(
    K,
    network.inputs,
    data.map(({ x, y }, i) => [y === 1 ? alpha[i]! : K.neg(alpha[i]!), x] as const),
  );
}

/** The linear predictor of least norm. */
export function predictorProof<E>({ facts, norm, shape }: Bounds<E>, alpha: readonly E[]): Block[] {
  const { field: K, data } = facts.instance;
  const m = shape.layers.length;
  const signed = data.map(({ y }, i) => (y === 1 ? alpha[i]! : K.neg(alpha[i]!)));
  const unscaled = predictorOf(facts.instance, alpha);
  // Scaled so that it is the predictor of θ, Cauchy–Schwarz being tight there.
  const scale = K.div(sum(K, alpha), squaredNorm(K, unscaled));
  const u = unscaled.map((c) => K.mul(scale, c));
  const combined = sumLatex(
    K,
    signed.map((c, i) => ({ coefficient: K.mul(scale, c), factor: `x_{${i + 1}}` })),
  );
  const matrices =
    m === 1
      ? "the weight matrix $W_1'$"
      : m === 2
        ? "the weight matrices $W_1', W_2'$"
        : `the weight matrices $W_1', \\dots, W_{${m}}'$`;
  return [
    text(
      `Every parameter vector $\\theta'$ computes a linear map $\\Phi(\\theta'; x) = \\langle u', x\\rangle$. By Cauchy–Schwarz, layer by layer, $\\|u'\\|$ is at most the product of the Frobenius norms of ${matrices}, and by the inequality of the means`,
    ),
    display(
      `\\|u'\\|^{2} \\le \\prod_{l=1}^{${m}} \\|W_l'\\|_F^{2} \\le \\left(\\|\\theta'\\|^{2} / ${m}\\right)^{${m}}.`,
    ),
    text(
      `At $\\theta$ the map is $u = ${tupleLatex(K, u)} = ${combined}$, with non-negative multiples of active $y_i x_i$ only. If $\\theta'$ is feasible, then $y_i\\langle u', x_i\\rangle \\ge 1 = y_i\\langle u, x_i\\rangle$ for these samples, so`,
    ),
    display("\\langle u, u'\\rangle \\ge \\langle u, u\\rangle, \\qquad \\|u'\\| \\ge \\|u\\|."),
    text("Both bounds meet at $\\theta$:"),
    display(
      `\\left(\\|\\theta\\|^{2} / ${m}\\right)^{${m}} = \\left(${numberLatex(K, norm)} / ${m}\\right)^{${m}} = ${numberLatex(K, squaredNorm(K, u))} = \\|u\\|^{2} \\le \\|u'\\|^{2} \\le \\left(\\|\\theta'\\|^{2} / ${m}\\right)^{${m}}.`,
    ),
    text("So $\\|\\theta'\\| \\ge \\|\\theta\\|$."),
  ];
}

/** Sums and signs are pulled out of the activations, and one unit with weights w remains. */
function pathsProof<E>(bounds: Bounds<E>, alpha: readonly E[], leaves: readonly NamedLeaf<E>[]): Block[] {
  const { facts, norm, shape, parts } = bounds;
  const { field: K, network, data } = facts.instance;
  const m = shape.layers.length;
  const total = sum(K, alpha);
  const [{ leaf: first }] = leaves as [NamedLeaf<E>];
  const C2 = numberLatex(K, first.squaredBound);
  const linear = isLinear(network);
  const used = alpha.flatMap((c, i) => (K.isZero(c) ? [] : [i]));
  const margins = sumLatex(
    K,
    used.map((i) => ({ coefficient: alpha[i]!, factor: `y_{${i + 1}}\\Phi(\\theta'; x_{${i + 1}})` })),
  );
  const tau = (i: number) => (linear ? `\\langle w, x_{${i + 1}}\\rangle` : `\\tau(\\langle w, x_{${i + 1}}\\rangle)`);
  const signed = (i: number) => (linear && data[i]!.y === -1 ? K.neg(alpha[i]!) : alpha[i]!);
  const g = sumLatex(
    K,
    used.map((i) => ({ coefficient: signed(i), factor: tau(i) })),
  );
  const slope = network.slopes.reduce((product, one) => Q.mul(product, one), Q.one);
  const below = Q.isZero(slope) ? "0" : `${fraction(slope)} z`;
  const isPlainly = leaves.every((one) => isPlain(one, productsOf(one)));
  const found = leaves.map((one) => (isPlainly ? normCells(one, alpha) : [squaresText(one)]));
  const rows = new Map(found.map((cells) => [cells.join(" "), cells]));
  const tree = parts[0]!.tree;
  const { keys, signs, where, gone } = casesOf(
    leaves[0]!.instance,
    tree,
    found.map((cells) => cells.join(" ")),
    undefined,
    leaves[0]!.signed,
  );
  return [
    text(
      `Let $${multipliersLatex(facts, "\\alpha", alpha)}$, and write $W_l'$ for the weight matrices of a feasible $\\theta'$. Then $${margins} \\ge ${numberLatex(K, total)}$, and it is shown below that`,
    ),
    display(`${margins} \\le C \\prod_{l=1}^{${m}} \\|W_l'\\|_F, \\qquad C^{2} = ${C2}.`),
    text("By the inequality of the means the right side is at most"),
    display(`C \\left(\\|\\theta'\\|^{2} / ${m}\\right)${halfPower(m)}.`),
    text(
      `As $C^{2} \\left(\\|\\theta\\|^{2} / ${m}\\right)^{${m}} = ${isSum(C2) ? `\\left(${C2}\\right)` : C2} \\cdot \\left(${numberLatex(K, norm)} / ${m}\\right)^{${m}} = ${numberLatex(K, K.mul(total, total))}$ is the square of $${numberLatex(K, total)}$, this gives $\\|\\theta'\\| \\ge \\|\\theta\\|$.`,
    ),
    text(
      linear
        ? `To show it: the left side is a sum over the paths from a neuron of the first layer, with incoming weights $w$, to the output, of the product of the weights on the path times $g(w) = ${g}$. If this is at most $C\\|w\\|$ for all $w$, then so is its size, and Cauchy–Schwarz over the paths gives the claim.`
        : `To show it, let $\\tau$ be the composition of the activations of all hidden layers, $\\tau(z) = z$ for $z \\ge 0$ and $\\tau(z) = ${below}$ for $z \\le 0$; the samples with $\\alpha_i > 0$ have one label. As each activation $\\sigma$ is increasing with $\\sigma(a + b) \\le \\sigma(a) + \\sigma(b)$ and $-\\sigma(z) \\le \\sigma(-z)$, sums and signs can be pulled out of it layer by layer: the left side is at most a sum over the paths from a neuron of the first layer, with incoming weights $\\pm w$, to the output, of the product of the sizes of the weights on the path times $g(w) = ${g}$. If this is at most $C\\|w\\|$ for all $w$, Cauchy–Schwarz over the paths gives the claim.`,
    ),
    ...goneBlocks([{ gone }]),
    ...(isPlainly
      ? [
          text(
            `Now${signs === "" ? "" : `, ${signs},`} $g(w) \\le \\langle u, w\\rangle \\le \\|u\\|\\|w\\|$ with $\\|u\\| \\le C$:`,
          ),
          table(
            [...(signs === "" ? [] : ["signs"]), "$u$", "$\\|u\\|^{2}$"],
            keys.map((key) => [...(signs === "" ? [] : [where(key)]), ...rows.get(key)!]),
          ),
        ]
      : [
          text(
            `It is, as $C^{2} \\|w\\|^{2} + 1 - 2 g(w)$ is not negative, also with $t w$ for $w$, $t > 0$.${relaxedText(bounds)}${signs === "" ? "" : ` Namely, ${signs}:`}`,
          ),
          items(keys.map((key) => `${where(key) === "" ? "" : `${where(key)}: `}${key}.`)),
        ]),
  ];
}

/** ReLU of depth 3 or more: what serves one label is lost for the other. */
function labelsProof<E>(
  bounds: Bounds<E>,
  alpha: readonly E[],
  groups: readonly ChainGroup<E>[],
  apart: number | null,
  leaves: readonly NamedLeaf<E>[],
): Block[] {
  const { facts, norm, parts, shape } = bounds;
  const { field: K, data, network } = facts.instance;
  const m = shape.layers.length;
  const total = sum(K, alpha);
  const mean = K.div(norm, K.fromRational(rational(BigInt(m))));
  const C2 = leaves[0]!.leaf.squaredBound;
  const unit = (i: number | string) => activated(network, 0, `\\langle w, x_{${i}}\\rangle`);
  const gains = groups
    .filter(({ label }) => label !== apart)
    .map(({ label }) => {
      const own = alpha.map((coefficient, i) => ({
        coefficient: data[i]!.y === label ? coefficient : K.zero,
        factor: unit(i + 1),
      }));
      return `g_{${sideOf(label)}}(w) = ${sumLatex(K, own)}`;
    });
  const shareText = [1, -1]
    .map((label) => {
      const own = alpha.filter((_, i) => data[i]!.y === label);
      return `s_{${sideOf(label)}} = ${numberLatex(K, K.div(sum(K, own), total))}`;
    })
    .join(",\\; ");
  const found = leaves.map((one) => {
    const unit = { low: K.one, mixed: K.one, path: K.one };
    const { formula, remark } = remainderLatex(one, one.leaf.strands, productsOf(one), unit, [], true);
    // Without the squares of what does not occur here.
    return `$Q \\ge ${formula === "0" ? "" : `${formula} \\ge `}0$${remark}`;
  });
  const { keys, signs, where, gone } = casesOf(
    leaves[0]!.instance,
    parts[0]!.tree,
    found,
    undefined,
    leaves[0]!.signed,
  );
  const { why, form } = apart !== null ? layerByLayer(m, apart, unit) : m === 3 ? twoLastLayers : threeLastLayers;
  return [
    text(
      `Let $${multipliersLatex(facts, "\\alpha", alpha)}$, with the sum $A = ${numberLatex(K, total)}$, and let $s_{\\pm}$ be the shares of the labels $\\pm1$ in it: $${shareText}$. Write $W_l'$ for the weight matrices of a feasible $\\theta'$, and`,
    ),
    display(
      `${gains.join(", \\qquad ")}, \\qquad C^{2} = A^{2} / N^{${m}} = ${numberLatex(K, C2)}, \\qquad N = \\|\\theta\\|^{2} / ${m} = ${numberLatex(K, mean)}.`,
    ),
    ...why,
    ...goneBlocks([{ gone }]),
    text(`It is so, as ${form}${relaxedText(bounds)}${signs === "" ? "" : ` Namely, ${signs}:`}`),
    items(keys.map((key) => `${where(key) === "" ? "" : `${where(key)}: `}${key}.`)),
  ];
}

/** Why a condition on the first layer is enough, and the form that shows it. */
interface LabelsArgument {
  readonly why: readonly Block[];
  readonly form: string;
}

/** Depth 3: the sign of an output weight says which label its paths serve. */
const twoLastLayers: LabelsArgument = {
  why: [
    text(
      "As outputs of hidden neurons are not negative, only output weights of the sign of $y_i$ add to the margin of sample $i$. These weights and the rows of $W_2'$ that lead to them make up $W_3^{+}, W_2^{+}$ for the label $1$ and $W_3^{-}, W_2^{-}$ for the label $-1$, which have no weight in common. As $[z]_{+} \\le |z|$ and by Cauchy–Schwarz, with the rows $w_u$ of $W_1'$, for both labels",
    ),
    display(
      "s_{\\pm} A \\le \\sum_{y_i = \\pm1} \\alpha_i y_i \\Phi(\\theta'; x_i) \\le \\|W_3^{\\pm}\\| \\, \\|W_2^{\\pm}\\|_F \\, n_{\\pm} \\, C s_{\\pm}^{-1/2}, \\qquad n_{\\pm}^{2} = \\frac{s_{\\pm}}{C^{2}} \\sum_u g_{\\pm}(w_u)^{2}.",
    ),
    text(
      "By the inequality of the means, and since $C = A N^{-3/2}$, this gives $s_{\\pm} N \\le \\frac13 (\\|W_3^{\\pm}\\|^{2} + \\|W_2^{\\pm}\\|_F^{2} + n_{\\pm}^{2})$. If $s_{+} g_{+}(w)^{2} + s_{-} g_{-}(w)^{2} \\le C^{2} \\|w\\|^{2}$ for all $w$, then $n_{+}^{2} + n_{-}^{2} \\le \\|W_1'\\|_F^{2}$, and the sum over both labels is $N \\le \\frac13 \\|\\theta'\\|^{2}$, so $\\|\\theta'\\| \\ge \\|\\theta\\|$.",
    ),
  ],
  form: "the form $Q = C^{2} \\|w\\|^{2} + p_{+}^{2} / s_{+} + p_{-}^{2} / s_{-} - 2 p_{+} g_{+}(w) - 2 p_{-} g_{-}(w)$ is not negative; put $p_{\\pm} = s_{\\pm} g_{\\pm}(w)$.",
};

/** Depth 4: both labels share the layer between, where the means of their outputs are at an angle. */
const threeLastLayers: LabelsArgument = {
  why: [
    text(
      "Let $h_i^l \\ge 0$ be the outputs of layer $l$ at $x_i$, and $E_{\\pm}$ the mean over the samples of a label, with weights $\\alpha_i / (s_{\\pm} A)$. Let $n_{\\pm} = \\|E_{\\pm} h^1\\|$, $x_{\\pm} = E_{\\pm} h^1 / n_{\\pm}$, $x_{\\pm}' = E_{\\pm} h^2 / n_{\\pm}$; none of these is $0$, as the mean margins are at least 1. Let $\\varphi \\le \\pi / 2$ be the angle between $x_{+}$ and $x_{-}$, $t = \\tan(\\varphi / 2) \\le 1$ and $\\kappa = (1 - t) / 2$. For a row $w$ of $W_2'$, with the positive part $[w]_{+}$ and the negative part $[-w]_{+}$, the entries $q_{\\pm}$ of $x_{\\pm}'$ are between $[\\langle w, x_{\\pm}\\rangle]_{+}$ and $\\langle [w]_{+}, x_{\\pm}\\rangle$, as $h^1 \\ge 0$ and $[z]_{+}$ is convex. From this follows",
    ),
    display(
      "(1 + 2 \\kappa^{2}) (q_{+}^{2} + q_{-}^{2}) - 4 \\kappa q_{+} q_{-} = \\tfrac14 (1 + t^{2}) (q_{+} + q_{-})^{2} + \\tfrac14 (1 + (2 - t)^{2}) (q_{+} - q_{-})^{2} \\le \\|w\\|^{2}.",
    ),
    text(
      "For it is convex, and so largest at a corner. If $q_{\\pm} = \\langle u, x_{\\pm}\\rangle$, it is at most $\\|u\\|^{2}$, because $x_{+} + x_{-}$ and $x_{+} - x_{-}$ are orthogonal and have the squares $4 \\cos^{2}(\\varphi / 2)$ and $4 \\sin^{2}(\\varphi / 2)$, and $(1 + t^{2}) \\cos^{2}(\\varphi / 2) = 1$, $(1 + (2 - t)^{2}) \\sin^{2}(\\varphi / 2) \\le 1$. If only $q_{+} = \\langle w, x_{+}\\rangle$ is not 0, with $\\langle w, x_{-}\\rangle \\le 0$, it is at most $(1 + 2 \\kappa^{2}) \\sin^{2}(\\varphi) \\|w\\|^{2}$, and $(1 + t^{2})^{2} (1 - (1 + 2 \\kappa^{2}) \\sin^{2} \\varphi) = (1 - t)^{2} (1 + 2 t - t^{2}) \\ge 0$. If $q_{+} = \\langle [w]_{+}, x_{+}\\rangle$ and $q_{-} = [\\langle w, x_{-}\\rangle]_{+}$, then $b = \\langle [w]_{+}, x_{-}\\rangle$ exceeds $q_{-}$ by at most $\\|[-w]_{+}\\|$, and it is at most $\\|[w]_{+}\\|^{2} + (b - q_{-})^{2}$: the difference is convex in $q_{-}$, for $q_{-} = b$ see above, and for $q_{-} = 0$ it is enough that $(1 + 2 \\kappa^{2}) (1 - \\frac12 \\cos^{2} \\varphi) \\le 1$, where the difference times $4 (1 + t^{2})^{2}$ is $(1 - t)^{3} (1 + 5 t + t^{2} + t^{3})$. The same with the labels exchanged.",
    ),
    text(
      "Let $c_{\\pm}^{2} = \\|x_{\\pm}'\\|^{2} - 2 \\kappa \\langle x_{+}', x_{-}'\\rangle + 2 \\kappa^{2} \\|x_{\\mp}'\\|^{2}$. The sum over the rows is $c_{+}^{2} + c_{-}^{2} \\le \\|W_2'\\|_F^{2}$, and $\\theta_{\\pm} = \\kappa c_{\\mp} / c_{\\pm} \\le 1$, as $c_{\\pm}^{2} - \\kappa^{2} c_{\\mp}^{2}$ is at least a form in $\\|x_{\\pm}'\\|$, $\\|x_{\\mp}'\\|$ with the coefficients $1 - 2 \\kappa^{4}$, $-2 \\kappa (1 - \\kappa^{2})$, $\\kappa^{2}$, where $(1 - \\kappa^{2})^{2} \\le 1 - 2 \\kappa^{4}$. For a row $w$ of $W_3'$ and $z = \\langle w, h^2\\rangle$, as $[z]_{+} \\ge \\theta_{\\pm} z$,",
    ),
    display(
      "\\frac{E_{\\pm} [z]_{+}}{c_{\\pm} n_{\\pm}} - \\frac{E_{\\mp} [z]_{+}}{c_{\\mp} n_{\\mp}} \\le \\frac{\\langle [w]_{+}, x_{\\pm}' - \\kappa x_{\\mp}'\\rangle + \\langle [-w]_{+}, \\kappa x_{\\mp}'\\rangle}{c_{\\pm}} \\le \\|w\\|.",
    ),
    text(
      "Summed over the neurons of layer 3, with the sizes of their output weights and for the labels of their signs, this gives $1 / (c_{+} n_{+}) + 1 / (c_{-} n_{-}) \\le \\|W_4'\\| \\|W_3'\\|_F$. By the inequality of the weighted means, $(a_{+} / s_{+})^{s_{+}} (a_{-} / s_{-})^{s_{-}} \\le a_{+} + a_{-}$, with $\\sigma^{2} = s_{+}^{s_{+}} s_{-}^{s_{-}}$,",
    ),
    display(
      "1 \\le \\sigma^{2} (c_{+} n_{+})^{s_{+}} (c_{-} n_{-})^{s_{-}} \\|W_4'\\| \\|W_3'\\|_F \\le \\sigma^{3} n_{+}^{s_{+}} n_{-}^{s_{-}} \\|W_4'\\| \\|W_3'\\|_F \\|W_2'\\|_F.",
    ),
    text(
      "If $s_{+}^{2} g_{+}(w)^{2} + s_{-}^{2} g_{-}(w)^{2} \\le C^{2} \\|w\\|^{2}$ for all $w$, then, summed over the rows $w$ of $W_1'$, $s_{+}^{4} n_{+}^{2} + s_{-}^{4} n_{-}^{2} \\le N^{-4} \\|W_1'\\|_F^{2}$, and by the same inequality $n_{+}^{s_{+}} n_{-}^{s_{-}} \\le \\sigma^{-3} \\|W_1'\\|_F / N^{2}$. So $N^{2} \\le \\prod_l \\|W_l'\\|_F \\le (\\|\\theta'\\|^{2} / 4)^{2}$, and $\\|\\theta'\\| \\ge \\|\\theta\\|$.",
    ),
  ],
  form: "the form $Q = C^{2} \\|w\\|^{2} + p_{+}^{2} / s_{+}^{2} + p_{-}^{2} / s_{-}^{2} - 2 p_{+} g_{+}(w) - 2 p_{-} g_{-}(w)$ is not negative; put $p_{\\pm} = s_{\\pm}^{2} g_{\\pm}(w)$.",
};

/** Any depth: the directions of a sample's outputs, layer by layer, and what is orthogonal to them. */
function layerByLayer(m: number, apart: number, unit: (i: string) => string): LabelsArgument {
  const [a, o] = [sideOf(apart), sideOf(-apart)];
  const half = halfPower(m);
  const square = `s_{${o}}^{${m - 2}} g_{${o}}(w)^{2} + s_{${a}}^{${m - 1}} A \\sum_j \\alpha_j ${unit("j")}^{2}`;
  return {
    why: [
      text(
        `Let $h_i^l$ be the outputs of layer $l$ at $x_i$, and $j$ a sample of the label $${apart}$ with $\\alpha_j > 0$. For $l = 2, \\dots, ${m}$ let $e_l = h_j^{l-1} / \\|h_j^{l-1}\\|$, $c_l = \\|W_l' e_l\\|$ and $d_l^{2} = \\|W_l'\\|_F^{2} - c_l^{2}$, which is the squared norm of $W_l'$ on what is orthogonal to $e_l$. Then $\\|h_j^l\\| \\le c_l \\|h_j^{l-1}\\|$. As outputs of hidden neurons are not negative, the ray through $h_j^{l-1}$ comes nearest to $h_i^{l-1}$ at $\\kappa e_l$ with $\\kappa = \\langle h_i^{l-1}, e_l\\rangle \\ge 0$, and $h_i^l$ has from $[W_l' \\kappa e_l]_{+}$, on the ray through $h_j^l$, at most the distance $\\|W_l'(h_i^{l-1} - \\kappa e_l)\\|$. So distances from these rays grow by factors of at most $d_l$; in layer 2, summed over coordinates $k$ of $h_i^1 = \\sum_k h_{ik} b_k$, they are at most $\\sum_k h_{ik} \\|W_2'(b_k - \\langle b_k, e_2\\rangle e_2)\\|$. In the last layer $W_${m}' e_${m}$ has the sign of $${apart}$, so that only the part orthogonal to $e_${m}$ adds to the margins of the label $${-apart}$. With the means $H$ of $h_i^1$ over this label, with weights $\\alpha_i / (s_{${o}} A)$, and of margins, this is`,
      ),
      display(`1 \\le \\|h_j^1\\| \\prod_{l=2}^{${m}} c_l, \\qquad 1 \\le \\|H\\| \\prod_{l=2}^{${m}} d_l.`),
      text(
        `Take the first with the exponent $s_{${a}}$, the second with $s_{${o}}$, and the geometric mean over all $j$, with weights $\\alpha_j / (s_{${a}} A)$. By the inequality of the weighted means $c_l^{s_{${a}}} d_l^{s_{${o}}} \\le \\sigma \\|W_l'\\|_F$ with $\\sigma^{2} = s_{+}^{s_{+}} s_{-}^{s_{-}}$, so with $n_{${o}} = \\|H\\|$ and $n_{${a}}^{2} = \\sum_j \\alpha_j \\|h_j^1\\|^{2} / (s_{${a}} A)$`,
      ),
      display(`1 \\le n_{+}^{s_{+}} n_{-}^{s_{-}} \\sigma^{${m - 1}} \\prod_{l=2}^{${m}} \\|W_l'\\|_F.`),
      text(
        `If $${square} \\le C^{2} \\|w\\|^{2}$ for all $w$, then, summed over the rows $w$ of $W_1'$, $s_{+}^{${m}} n_{+}^{2} + s_{-}^{${m}} n_{-}^{2} \\le N^{-${m}} \\|W_1'\\|_F^{2}$, and by the same inequality $n_{+}^{s_{+}} n_{-}^{s_{-}} \\le \\sigma^{-${m - 1}} \\|W_1'\\|_F / N${half}$. So $N${half} \\le \\prod_l \\|W_l'\\|_F \\le (\\|\\theta'\\|^{2} / ${m})${half}$, and $\\|\\theta'\\| \\ge \\|\\theta\\|$.`,
      ),
    ],
    form: `the form $Q = C^{2} \\|w\\|^{2} + p_{${o}}^{2} / s_{${o}}^{${m - 2}} - 2 p_{${o}} g_{${o}}(w) + \\sum_j \\alpha_j \\bigl(p_j^{2} / (s_{${a}}^{${m - 1}} A) - 2 p_j ${unit("j")}\\bigr)$ is not negative; put $p_{${o}} = s_{${o}}^{${m - 2}} g_{${o}}(w)$ and $p_j = s_{${a}}^{${m - 1}} A ${unit("j")}$.`,
  };
}

/** A sum of squares that bounds g on a cell. */
function squaresText<E>(one: NamedLeaf<E>): string {
  const K = one.instance.field;
  const products = productsOf(one);
  const unit = { low: K.one, mixed: K.one, path: K.one };
  const { formula, remark } = remainderLatex(one, one.leaf.strands, products, unit, [], true);
  return `$C^{2} \\|w\\|^{2} + 1 - 2 g(w) = ${formula} \\ge 0$${remark}`;
}

/** u with g(w) ≤ ⟨u, w⟩ on a cell, and the square of its norm. */
function normCells<E>({ instance, leaf }: NamedLeaf<E>, alpha: readonly E[]): string[] {
  const K = instance.field;
  const slope = K.fromRational(instance.network.slopes[0]!);
  const signAt = (sample: number) => leaf.cell.form({ sample, layer: 0, unit: 0 }).sign;
  const coefficients = alpha.map((c, i) => {
    const own = instance.data[i]!.y === 1 ? c : K.neg(c);
    return signAt(i) === -1 ? K.mul(slope, own) : own;
  });
  for (const { first, second, weight } of leaf.evidence.products ?? []) {
    const form = "unit" in first ? first : second;
    if (!("unit" in form)) continue;
    const { sample } = form.unit;
    coefficients[sample] = K.add(coefficients[sample]!, signAt(sample)! < 0 ? K.neg(weight) : weight);
  }
  const u = combination(
    K,
    instance.network.inputs,
    instance.data.map(({ x }, i) => [coefficients[i]!, x] as const),
  );
  const combined = sumLatex(
    K,
    coefficients.map((coefficient, i) => ({ coefficient, factor: `x_{${i + 1}}` })),
  );
  return [`$${combined === "0" ? "" : `${combined} = `}${tupleLatex(K, u)}$`, `$${numberLatex(K, squaredNorm(K, u))}$`];
}
