/** `kkt`, `not-kkt`, `infeasible`, `feasible`: what a proof says of first order. */
import type { Instance, Of } from "../../certificate/format.js";
import { dot } from "../../exact/field.js";
import { gradient, marginAt, passAlong, passAt, slackSigns, sparseDot } from "../../kernel/forward.js";
import { realizedPattern } from "../../kernel/kkt.js";
import { kinks, orientations, withOrientations } from "../../kernel/pieces.js";
import { type Block, claim, display, enumeration, items, table, text } from "./document.js";
import { excludedText } from "./exclusions.js";
import { parameterLatex, parameterTuple, preactivationLatex, unitName } from "./notation.js";
import { numberLatex, signProof, sumLatex, tupleLatex } from "./typeset.js";

/** More hidden units than this do not fit a table. */
const MAX_COLUMNS = 8;

/** The margins at θ, with the pre-activations where they fit, and which of them are kinks. */
export function marginTable<E>(instance: Instance<E>): Block[] {
  const { network, field: K, data, point } = instance;
  const units = network.layers.slice(0, -1).flatMap((layer, l) => layer.map((_, unit) => ({ layer: l, unit })));
  const shown = network.activation.kind !== "linear" && units.length <= MAX_COLUMNS ? units : [];
  const margins = data.map((_, i) => numberLatex(K, marginAt(instance, i, point)));
  if (shown.length === 0) {
    return [
      text(
        `The margins at $\\theta$ are $${margins.map((m, i) => `y_{${i + 1}}\\Phi(\\theta; x_{${i + 1}}) = ${m}`).join("$, $")}$. ${feasibleText(instance)}`,
      ),
    ];
  }
  const passes = data.map((_, i) => passAt(instance, i, point));
  const heads = [
    "sample",
    ...shown.map(({ layer, unit }) => `$z_{${network.layers.length === 2 ? unit + 1 : `${layer + 1},${unit + 1}`}}$`),
    "margin $y_i\\Phi(\\theta; x_i)$",
  ];
  const rows = passes.map(({ preactivations }, i) => [
    `${i + 1}`,
    ...shown.map(({ layer, unit }) => `$${numberLatex(K, preactivations[layer]![unit]!)}$`),
    `$${margins[i]}$`,
  ]);
  return [
    text("At $\\theta$ the pre-activations $z$ of the hidden neurons and the margins are:"),
    table(heads, rows),
    text(feasibleText(instance)),
  ];
}

function feasibleText<E>(instance: Instance<E>): string {
  const signs = slackSigns(instance, instance.point);
  if (signs.some((sign) => sign < 0)) return "A margin is below 1.";
  const active = signs.flatMap((sign, i) => (sign === 0 ? [`${i + 1}`] : []));
  const all = active.length === signs.length;
  const which =
    active.length === 0
      ? "no sample is active"
      : all
        ? "every sample is active"
        : `the active samples are ${enumeration(active)}`;
  return `Every margin is at least 1, so $\\theta$ is feasible; ${which}.`;
}

export function infeasibleClaim<E>(instance: Instance<E>, { sample }: Of<"infeasible", E>): Block {
  const margin = numberLatex(instance.field, marginAt(instance, sample, instance.point));
  return claim("The point $\\theta$ is not feasible.", [
    text(`The margin of sample ${sample + 1} is $${margin} < 1$.`),
  ]);
}

export function kktClaim<E>(instance: Instance<E>, { terms }: Of<"kkt", E>): Block {
  const { network, field: K, data } = instance;
  const used = terms.filter(({ multiplier }) => !K.isZero(multiplier));
  const label = (k: number) => {
    const { sample } = used[k]!;
    const several = used.filter((term) => term.sample === sample).length > 1;
    return several
      ? `g_{${sample + 1}}^{(${used.slice(0, k + 1).filter((term) => term.sample === sample).length})}`
      : `g_{${sample + 1}}`;
  };
  const vectors = used.map(({ sample, witness }) => {
    const g = gradient(instance, sample, realizedPattern(instance, witness, sample));
    return data[sample]!.y === 1 ? g : g.map(K.neg);
  });
  const witnesses = used.flatMap(({ sample, witness }, k) =>
    witness.steps.length === 0 ? [] : [witnessText(instance, sample, witness, label(k))],
  );
  const smooth = used.flatMap(({ witness }, k) => (witness.steps.length === 0 ? [k] : []));
  const smoothText = (): string => {
    const samples = enumeration([...new Set(smooth.map((k) => `$x_{${used[k]!.sample + 1}}$`))]);
    return network.activation.kind === "linear"
      ? "A linear network is differentiable everywhere."
      : `At $\\theta$ no hidden neuron with a part in $\\Phi$ is at a kink on ${samples}, so that the margin is differentiable there.`;
  };
  const sum = sumLatex(
    K,
    used.map(({ multiplier }, k) => ({ coefficient: multiplier, factor: label(k) })),
  );
  return claim(
    "The point $\\theta$ is a KKT point of $(\\mathrm{P})$ (in the sense of Clarke): $\\theta$ is feasible, and $\\theta = \\sum_i \\lambda_i g_i$ with $\\lambda_i \\ge 0$ and $g_i \\in \\partial^{\\circ}\\big(y_i\\Phi(\\cdot\\,; x_i)\\big)(\\theta)$, where $\\lambda_i > 0$ only for active samples.",
    [
      ...(smooth.length > 0 ? [text(smoothText())] : []),
      ...(witnesses.length > 0
        ? [
            text(
              "At a kink, a limit of gradients at points where the margin is differentiable is a Clarke subgradient:",
            ),
            items(witnesses),
          ]
        : []),
      text(`In the coordinates $${parameterTuple(network, null)}$,`),
      display(...vectors.map((g, k) => `${label(k)} &= ${tupleLatex(K, g)}`)),
      text(
        used.length === 0
          ? "The point is $0$, the empty sum."
          : `and $${sum} = \\theta$, with ${used.length === 1 ? "a positive multiplier" : "positive multipliers"}.`,
      ),
    ],
  );
}

/** Along a witness: which units are on, and why, and what is concluded. */
function witnessText<E>(
  instance: Instance<E>,
  sample: number,
  witness: Of<"kkt", E>["terms"][number]["witness"],
  label: string,
): string {
  const { network, field: K, point } = instance;
  const { preactivations, pattern } = passAlong(instance, witness, sample);
  const here = passAt(instance, sample, point);
  const steps = witness.steps
    .flatMap((step, k) => [...step].map(([parameter, c]) => ({ parameter, c, power: k + 1 })))
    .map(
      ({ parameter, c, power }) =>
        `$${sumLatex(K, [{ coefficient: c, factor: power === 1 ? "t" : `t^{${power}}` }])}$ to $${parameterLatex(network, parameter)}$`,
    );
  const units = kinks(instance, sample, here).map(({ layer, unit }) => {
    const p = preactivations[layer]![unit]!;
    const name = preactivationLatex(network, sample, layer, unit);
    if (p.length === 0) return `$${name}$ stays $0$ around the curve`;
    const { sign, formula, reason } = signProof(K, p, witness.end);
    return `$${name} = ${formula} ${sign > 0 ? ">" : "<"} 0$${reason === "" ? "" : ` ${reason}`}, so ${unitName(network, layer, unit)} is ${pattern[layer]![unit]! ? "on" : "off"}`;
  });
  return `$${label}$: add ${enumeration(steps)}. For $0 < t \\le ${numberLatex(K, witness.end)}$, ${enumeration(units)}; every other neuron keeps its sign, and $${label}$ is the limit of the gradients as $t \\to 0$.`;
}

export function notKktClaim<E>(instance: Instance<E>, { direction, excluded }: Of<"not-kkt", E>): Block {
  const { network, field: K, point, data } = instance;
  const d = point.map((_, k) => direction.get(k) ?? K.zero);
  const rate = sparseDot(K, direction, (k) => point[k]!);
  const rows = slackSigns(instance, point).flatMap((sign, sample) => {
    if (sign !== 0) return [];
    const here = passAt(instance, sample, point);
    const units = kinks(instance, sample, here);
    const rates = new Map<string, number>();
    for (const chosen of orientations(units, [], excluded)) {
      const g = gradient(instance, sample, withOrientations(instance, here, units, chosen));
      const slope = dot(K, data[sample]!.y === 1 ? g : g.map(K.neg), d);
      const value = numberLatex(K, slope);
      rates.set(value, (rates.get(value) ?? 0) + 1);
    }
    return [[`${sample + 1}`, `${units.length}`, [...rates.keys()].map((value) => `$${value}$`).join(", ")]];
  });
  return claim("The point $\\theta$ is not a KKT point of $(\\mathrm{P})$, and hence not a local optimum.", [
    text(
      `Let $d = ${tupleLatex(K, d)}$ in the coordinates $${parameterTuple(network, null)}$. Then $\\langle\\theta, d\\rangle = ${numberLatex(K, rate)} < 0$.`,
    ),
    ...excludedText(instance, excluded),
    text(
      "For each active sample, $\\langle y_i \\nabla\\Phi^{s}(\\theta; x_i), d\\rangle$ over all patterns $s$ at its kinks that can occur takes the values",
    ),
    table(["sample", "kinks", "values"], rows),
    text(
      "none of them negative. So every Clarke subgradient $g$ of an active margin has $\\langle g, d\\rangle \\ge 0$, and no combination with multipliers $\\lambda_i \\ge 0$ can equal $\\theta$, as $\\langle\\theta, d\\rangle < 0$. Since $\\Phi$ is homogeneous, a KKT point is what every local optimum is.",
    ),
  ]);
}
