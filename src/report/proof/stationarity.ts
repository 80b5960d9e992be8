/** `kkt`, `not-kkt`, `infeasible`, `feasible`: what a proof says of first order. */
import type { Curve, Instance, Of } from "../../certificate/format.js";
import { dot } from "../../exact/field.js";
import { gradient, marginAt, passAlong, passAt, slackSigns, sparseDot } from "../../kernel/forward.js";
import { realizedPattern } from "../../kernel/kkt.js";
import { kinks, orientations, withOrientations } from "../../kernel/pieces.js";
import { type Block, claim, display, enumeration, items, table, text } from "./document.js";
import { excludedText } from "./exclusions.js";
import { isSmooth, parameterLatex, parameterTuple, preactivationLatex, unitName } from "./notation.js";
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
        `The ${data.length === 1 ? "margin at $\\theta$ is" : "margins at $\\theta$ are"} $${margins.map((m, i) => `y_{${i + 1}}\\Phi(\\theta; x_{${i + 1}}) = ${m}`).join("$, $")}$. ${feasibleText(instance)}`.trimEnd(),
      ),
    ];
  }
  const feasible = feasibleText(instance);
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
    ...(feasible === "" ? [] : [text(feasible)]),
  ];
}

/** That θ is feasible, and which samples are active; nothing where it is not. */
function feasibleText<E>(instance: Instance<E>): string {
  const signs = slackSigns(instance, instance.point);
  if (signs.some((sign) => sign < 0)) return "";
  const active = signs.flatMap((sign, i) => (sign === 0 ? [`${i + 1}`] : []));
  if (signs.length === 1)
    return `So $\\theta$ is feasible, and the sample is ${active.length === 1 ? "active" : "not active"}.`;
  const which =
    active.length === 0
      ? "no sample is active"
      : active.length === signs.length
        ? "every sample is active"
        : active.length === 1
          ? `only sample ${active[0]} is active`
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
    isConstant(witness) ? [] : [witnessText(instance, sample, witness, label(k))],
  );
  const smooth = used.flatMap(({ sample, witness }, k) => (isConstant(witness) ? [{ sample, k }] : []));
  const sum = sumLatex(
    K,
    used.map(({ multiplier }, k) => ({ coefficient: multiplier, factor: label(k) })),
  );
  return claim(
    "The point $\\theta$ is a KKT point of $(\\mathrm{P})$ (in the sense of Clarke): $\\theta$ is feasible, and $\\theta = \\sum_i \\lambda_i g_i$ with $\\lambda_i \\ge 0$ and $g_i \\in \\partial^{\\circ}\\big(y_i\\Phi(\\cdot\\,; x_i)\\big)(\\theta)$, where $\\lambda_i > 0$ only for active samples.",
    [
      ...(smooth.length > 0
        ? [
            text(
              smoothText(
                instance,
                smooth.map(({ sample }) => sample),
                smooth.map(({ k }) => label(k)),
              ),
            ),
          ]
        : []),
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
        `and $${sum} = \\theta$, with ${used.length === 1 ? "a positive multiplier" : "positive multipliers"}${
          new Set(used.map(({ sample }) => sample)).size < used.length
            ? "; subgradients of one margin combine to one, as the subdifferential is convex"
            : ""
        }.`,
      ),
    ],
  );
}

function isConstant<E>({ steps }: Curve<E>): boolean {
  return steps.every((step) => step.size === 0);
}

/** Why the margins of some samples are differentiable at θ, and what their gradients are called. */
function smoothText<E>(instance: Instance<E>, samples: readonly number[], labels: readonly string[]): string {
  const { network } = instance;
  const where = enumeration([...new Set(samples)].map((sample) => `$x_{${sample + 1}}$`));
  const named = `${enumeration(labels.map((one) => `$${one}$`))} ${labels.length === 1 ? "is its gradient" : "are the gradients"}`;
  if (isSmooth(network)) {
    return `The margin${labels.length === 1 ? " is a polynomial" : "s are polynomials"} in $\\theta$, and ${named}.`;
  }
  const noKinks = samples.every(
    (sample) => kinks(instance, sample, passAt(instance, sample, instance.point)).length === 0,
  );
  return `At $\\theta$ every pre-activation on ${where} is different from $0${noKinks ? "$" : "$, or is $0$ all around $\\theta$"}, so ${labels.length === 1 ? "the margin is" : "these margins are"} differentiable there; ${named}.`;
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
    if (p.length === 0) return `$${name}$ is $0$ all around the curve`;
    const { sign, formula, reason } = signProof(K, p, witness.end);
    return `$${name} = ${formula} ${sign > 0 ? ">" : "<"} 0$${reason === "" ? "" : ` ${reason}`}, so ${unitName(network, layer, unit)} is ${pattern[layer]![unit]! ? "on" : "off"}`;
  });
  return `$${label}$: add ${enumeration(steps)}. For $0 < t \\le ${numberLatex(K, witness.end)}$, ${enumeration(units)}; every other pre-activation keeps its sign for small $t$, and $${label}$ is the limit of the gradients as $t \\to 0$.`;
}

/** With more patterns than this, only the values of ⟨g, d⟩ are listed. */
const MAX_PATTERNS = 12;

export function notKktClaim<E>(instance: Instance<E>, { direction, excluded }: Of<"not-kkt", E>): Block {
  const { network, field: K, point } = instance;
  const d = point.map((_, k) => direction.get(k) ?? K.zero);
  const rate = sparseDot(K, direction, (k) => point[k]!);
  const rows = slackSigns(instance, point).flatMap((sign, sample) =>
    sign === 0 ? [patternsAt(instance, sample, excluded, d)] : [],
  );
  const patterns = rows.flat();
  const kinked = patterns.some(({ signs }) => signs !== "");
  const listed = patterns.length <= MAX_PATTERNS;
  const number = (c: E) => `$${numberLatex(K, c)}$`;
  return claim("The point $\\theta$ is not a KKT point of $(\\mathrm{P})$, and hence not a local optimum.", [
    text(
      `In the coordinates $${parameterTuple(network, null)}$ let $d = ${tupleLatex(K, d)}$. Then $\\langle\\theta, d\\rangle = ${numberLatex(K, rate)} < 0$.`,
    ),
    ...excludedText(instance, excluded),
    ...(patterns.length === 0
      ? [text("No sample is active, so that only $\\theta = 0$ could be a KKT point, and $\\theta \\ne 0$.")]
      : [
          text(
            kinked
              ? "For each active sample, every Clarke subgradient of its margin is a convex combination of the gradients $g$ that belong to the signs which the pre-activations that vanish at $\\theta$ can take nearby:"
              : "The margins of the active samples are differentiable at $\\theta$, with the gradients $g$:",
          ),
          listed
            ? table(
                ["sample", ...(kinked ? ["signs"] : []), "$g$", "$\\langle g, d\\rangle$"],
                patterns.map(({ sample, signs, g, slope }) => [
                  `${sample + 1}`,
                  ...(kinked ? [signs === "" ? "" : `$${signs}$`] : []),
                  `$${tupleLatex(K, g)}$`,
                  number(slope),
                ]),
              )
            : table(
                ["sample", "choices of signs", "values of $\\langle g, d\\rangle$"],
                rows.map((of) => [
                  `${of[0]!.sample + 1}`,
                  `${of.length}`,
                  [...new Set(of.map(({ slope }) => number(slope)))].join(", "),
                ]),
              ),
          text(
            "As $\\langle g, d\\rangle \\ge 0$ for all of them, no combination of Clarke subgradients with multipliers $\\lambda_i \\ge 0$ equals $\\theta$.",
          ),
        ]),
    text(
      "Every local optimum is a KKT point, since $\\Phi$ is homogeneous: a step along $\\theta$ raises every active margin.",
    ),
  ]);
}

/** The patterns that a sample's kinks can take, with the margin's gradient on each. */
function patternsAt<E>(
  instance: Instance<E>,
  sample: number,
  excluded: Of<"not-kkt", E>["excluded"],
  d: readonly E[],
): { readonly sample: number; readonly signs: string; readonly g: readonly E[]; readonly slope: E }[] {
  const { network, field: K, point, data } = instance;
  const here = passAt(instance, sample, point);
  const units = kinks(instance, sample, here);
  return [...orientations(units, [], excluded)].map((chosen) => {
    const raw = gradient(instance, sample, withOrientations(instance, here, units, chosen));
    const g = data[sample]!.y === 1 ? raw : raw.map(K.neg);
    const signs = units.map(
      ({ layer, unit }, k) => `${preactivationLatex(network, sample, layer, unit)} ${chosen[k]! > 0 ? ">" : "<"} 0`,
    );
    return { sample, signs: signs.join(",\\; "), g, slope: dot(K, g, d) };
  });
}
