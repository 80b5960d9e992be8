/** `kkt`, `not-kkt`, `infeasible`, `feasible`: what a proof says of first order. */
import { dot } from "../../exact/field.js";
import { type MultivariatePolynomial, multivariateRing, shiftedVariable } from "../../exact/multivariate.js";
import { type Cell, explore } from "../../kernel/explore.js";
import type { Facts } from "../../kernel/facts.js";
import { type Curve, gradient, type Pattern, passAlong } from "../../kernel/forward.js";
import type { Of, Proved } from "../../kernel/statements/index.js";
import { kinksAt, type LowestRate, lowestRate } from "../../kernel/statements/not-kkt.js";
import { type Instance, type Margin, marginOf, marginText } from "../../network/instance.js";
import { isLinear, isLinearLayer } from "../../network/network.js";
import type { KktTerm, kktSystem } from "../../symbolic/margins.js";
import { isHomogeneous } from "../homogeneity.js";
import { casesOf, goneBlocks } from "./cases.js";
import { type Block, claim, display, enumeration, items, table, text } from "./document.js";
import {
  anyMarginLatex,
  marginIndex,
  marginLatex,
  parameterLatex,
  parameterTuple,
  preactivationLatex,
  unitIndex,
  unitName,
} from "./notation.js";
import {
  curveParameter,
  multivariateLatex,
  numberLatex,
  packed,
  powerLatex,
  printedWidth,
  signProof,
  sumLatex,
  tupleLatex,
} from "./typeset.js";

type ProvedOf<K extends Proved<unknown>["kind"], E> = Extract<Proved<E>, { readonly kind: K }>;

/** More columns than this do not fit a table. */
const MAX_COLUMNS = 8;

/** The margins at θ, with the pre-activations where they fit, and which of them are active. */
export function marginTable<E>({ instance, margins, passes, slack }: Facts<E>): Block[] {
  const { network, field: K, data } = instance;
  const { layers, outputs } = network;
  const value = (margin: Margin) => numberLatex(K, marginOf(K, margin, passes[margin.sample]!.outputs));
  const units = layers
    .slice(0, -1)
    .flatMap((layer, l) => (isLinearLayer(network, l) ? [] : layer.map((_, unit) => ({ layer: l, unit }))));
  const shown = units.length <= MAX_COLUMNS ? units : [];
  const feasible = feasibleText(margins, slack);
  const classes = Array.from({ length: outputs === 1 ? 0 : outputs }, (_, k) => k);
  if (shown.length === 0 && (classes.length === 0 || classes.length > MAX_COLUMNS)) {
    const values = margins.map((margin) => `${marginLatex(network, margin)} = ${value(margin)}`);
    const verb = margins.length === 1 ? "margin at $\\theta$ is" : "margins at $\\theta$ are";
    return [text(`The ${verb} $${values.join("$, $")}$. ${feasible}`.trimEnd())];
  }
  const heads = [
    "sample",
    ...shown.map(({ layer, unit }) => `$z_{${unitIndex(layers.length, layer, unit)}}$`),
    ...classes.map((k) => `$\\Phi_{${k + 1}}$`),
    classes.length === 0 ? "margin $y_i\\Phi(\\theta; x_i)$" : "margins",
  ];
  const rows = passes.map(({ preactivations, outputs: values }, i) => [
    `${i + 1}${classes.length === 0 ? "" : `, of class ${data[i]!.y + 1}`}`,
    ...shown.map(({ layer, unit }) => `$${numberLatex(K, preactivations[layer]![unit]!)}$`),
    ...classes.map((k) => `$${numberLatex(K, values[k]!)}$`),
    margins
      .filter(({ sample }) => sample === i)
      .map(
        (margin) =>
          `$${value(margin)}$${margin.minus === null || classes.length === 0 ? "" : ` against ${margin.minus + 1}`}`,
      )
      .join(", "),
  ]);
  const what = [
    ...(shown.length === 0 ? [] : ["the pre-activations $z$ of the hidden neurons"]),
    ...(classes.length === 0 ? [] : ["the outputs $\\Phi_k(\\theta; x_i)$"]),
    "the margins",
  ];
  return [
    text(`At $\\theta$ ${enumeration(what)} are:`),
    table(heads, rows),
    ...(feasible === "" ? [] : [text(feasible)]),
  ];
}

/** That θ is feasible, and which margins are active; nothing where it is not. */
function feasibleText(margins: readonly Margin[], slack: readonly number[]): string {
  if (slack.some((sign) => sign < 0)) return "";
  const active = margins.filter((_, j) => slack[j] === 0);
  if (margins.length === 1)
    return `So $\\theta$ is feasible, and the sample is ${active.length === 1 ? "active" : "not active"}.`;
  const classes = margins[0]!.plus !== null && margins[0]!.minus !== null;
  const [one, all] = classes ? ["margin", "margins"] : ["sample", "samples"];
  const name = (margin: Margin) => (classes ? `that of ${marginText(margin)}` : `${margin.sample + 1}`);
  const which =
    active.length === 0
      ? `no ${one} is active`
      : active.length === margins.length
        ? `every ${one} is active`
        : active.length === 1
          ? `only ${classes ? "" : "sample "}${name(active[0]!)} is active`
          : `the active ${all} are ${enumeration(active.map(name))}`;
  return `Every margin is at least 1, so $\\theta$ is feasible; ${which}.`;
}

export function infeasibleClaim<E>(
  { instance: { field: K }, margins, passes }: Facts<E>,
  { margin }: Of<"infeasible", E>,
): Block {
  const own = margins[margin]!;
  const value = numberLatex(K, marginOf(K, own, passes[own.sample]!.outputs));
  return claim("The point $\\theta$ is not feasible.", [text(`The margin of ${marginText(own)} is $${value} < 1$.`)]);
}

/** How the KKT system is derived, as polynomials in θ and multipliers. */
export type Derivation = typeof kktSystem;

export function kktClaim<E>(
  { instance, margins, passes }: Facts<E>,
  { statement, proof }: ProvedOf<"kkt", E>,
  derive: Derivation | null,
): Block {
  const { network, field: K } = instance;
  const used = statement.terms
    .map((term, k) => ({ ...term, own: margins[term.margin]!, ...proof[k]! }))
    .filter(({ multiplier }) => !K.isZero(multiplier));
  const label = (k: number) => {
    const { margin, own } = used[k]!;
    const name = `g_{${marginIndex(network, own)}}`;
    const same = (one: { margin: number }) => one.margin === margin;
    return used.filter(same).length === 1 ? name : `${name}^{(${used.slice(0, k + 1).filter(same).length})}`;
  };
  const moving = used.flatMap(({ own, witness }, k) =>
    isConstant(witness) ? [] : [witnessText(instance, own, witness, label(k), passes[own.sample]!.preactivations)],
  );
  const smooth = used.flatMap(({ own, witness }, k) => (isConstant(witness) ? [{ own, name: label(k) }] : []));
  const total = sumLatex(
    K,
    used.map(({ multiplier }, k) => ({ coefficient: multiplier, factor: label(k) })),
  );
  const isKinked = (sample: number) =>
    passes[sample]!.preactivations.some((units, l) => !isLinearLayer(network, l) && units.some(K.isZero));
  const index = network.outputs === 1 ? "i" : "i,k";
  const combined = [
    text(`In the coordinates $${parameterTuple(network, null)}$,`),
    display(...used.map((one, k) => `${label(k)} &= ${tupleLatex(K, one.gradient)}`)),
    text(
      `and $${total} = \\theta$, with ${used.length === 1 ? "a positive multiplier" : "positive multipliers"}${
        new Set(used.map(({ margin }) => margin)).size < used.length
          ? "; subgradients of one margin combine to one, as the subdifferential is convex"
          : ""
      }.`,
    ),
  ];
  return claim(
    `The point $\\theta$ is a KKT point of $(\\mathrm{P})$ (in the sense of Clarke): $\\theta$ is feasible, and $\\theta = \\sum \\lambda_{${index}} g_{${index}}$ with $\\lambda_{${index}} \\ge 0$ and $g_{${index}} \\in \\partial^{\\circ}\\big(${anyMarginLatex(network, "\\cdot\\,")}\\big)(\\theta)$, where $\\lambda_{${index}} > 0$ only for active margins.`,
    [
      ...(smooth.length > 0 ? [text(smoothText(instance, smooth, isKinked))] : []),
      ...(moving.length > 0
        ? [
            text(
              "At a kink, a limit of gradients at points where the margin is differentiable is a Clarke subgradient:",
            ),
            items(moving),
          ]
        : []),
      ...(used.length === 0 ? [text("As $\\theta = 0$, no multiplier is needed.")] : combined),
      ...(derive === null || used.length === 0
        ? []
        : systemBlocks(
            instance,
            derive,
            used.map(({ own, pattern }, k) => ({ margin: own, pattern, name: label(k).replace("g", "\\lambda") })),
          )),
    ],
  );
}

/** A system in more unknowns, or longer, helps nobody. */
const MAX_UNKNOWNS = 14;
const MAX_EQUATION = 95;
const MAX_SYSTEM = 900;

/** The KKT system of the patterns, written out where it is short. */
function systemBlocks<E>(
  instance: Instance<E>,
  derive: Derivation,
  terms: readonly (KktTerm & { readonly name: string })[],
): Block[] {
  const { network, field: K } = instance;
  const p = network.parameters.length;
  if (p + terms.length > MAX_UNKNOWNS) return [];
  const ring = multivariateRing(K);
  const { stationarity, margins } = derive(instance, terms);
  const name = (v: number) => (v < p ? parameterLatex(network, v) : terms[v - p]!.name);
  // Multipliers come first in a monomial.
  const formula = (polynomial: MultivariatePolynomial<E>) => {
    const renamed = [...polynomial.values()].map(({ variables, coefficient }) => {
      const sorted = variables.map((v) => (v < p ? v + terms.length : v - p)).sort((a, b) => a - b);
      return [sorted.join(), { variables: sorted, coefficient }] as const;
    });
    return multivariateLatex(K, new Map(renamed), (v) => name(v < terms.length ? v + p : v - terms.length));
  };
  const equations = [
    ...stationarity.map((zero, k) => {
      const own = shiftedVariable(K, K.zero, k);
      return `${name(k)} = ${formula(ring.sub(own, zero))}`;
    }),
    ...new Set(margins.map((slack) => `${formula(ring.add(slack, ring.one))} = 1`)),
  ];
  const widths = equations.map(printedWidth);
  if (Math.max(...widths) > MAX_EQUATION || widths.reduce((total, width) => total + width, 0) > MAX_SYSTEM) return [];
  const several = terms.length > 1;
  return [
    text(
      `${isLinear(network) ? "Written out" : "Written out for the signs that belong to these gradients"}, the conditions on $\\theta$ and ${several ? "the multipliers" : "the multiplier"} $${terms.map((term) => term.name).join(", ")}$ are the system`,
    ),
    display(...packed(equations)),
    text(`which $\\theta$ solves with ${several ? "these multipliers" : "this multiplier"}.`),
  ];
}

function isConstant<E>({ steps }: Curve<E>): boolean {
  return steps.every((step) => step.size === 0);
}

/** Why some margins are differentiable at θ, and what their gradients are called. */
function smoothText<E>(
  { network }: Instance<E>,
  terms: readonly { readonly own: Margin; readonly name: string }[],
  isKinked: (sample: number) => boolean,
): string {
  const samples = [...new Set(terms.map(({ own }) => own.sample))];
  const where = enumeration(samples.map((sample) => `$x_{${sample + 1}}$`));
  const one = terms.length === 1;
  const named = `${enumeration(terms.map(({ name }) => `$${name}$`))} ${one ? "is its gradient" : "are the gradients"}`;
  if (isLinear(network))
    return `The margin${one ? " is a polynomial" : "s are polynomials"} in $\\theta$, and ${named}.`;
  const around = samples.some(isKinked) ? ", or is $0$ all around $\\theta$" : "";
  return `At $\\theta$ every pre-activation on ${where} is different from $0$${around}, so ${one ? "the margin is" : "these margins are"} differentiable there; ${named}.`;
}

/** Along a witness: which units are on, and why, and what is concluded. */
function witnessText<E>(
  instance: Instance<E>,
  { sample }: Margin,
  witness: Curve<E>,
  label: string,
  here: readonly (readonly E[])[],
): string {
  const { network, field: K } = instance;
  const { preactivations, pattern } = passAlong(instance, witness, sample);
  const steps = witness.steps
    .flatMap((step, k) => [...step].map(([parameter, c]) => ({ parameter, c, power: k + 1 })))
    .map(
      ({ parameter, c, power }) =>
        `$${sumLatex(K, [{ coefficient: c, factor: powerLatex(curveParameter(K), power) }])}$ to $${parameterLatex(network, parameter)}$`,
    );
  const units = here.flatMap((layer, l) =>
    layer.flatMap((z, unit) => {
      if (isLinearLayer(network, l) || !K.isZero(z)) return [];
      const p = preactivations[l]![unit]!;
      const name = preactivationLatex(network, sample, l, unit);
      if (p.length === 0) return [`$${name}$ is $0$ all around the curve`];
      const { sign, formula, reason } = signProof(K, p, witness.end);
      return [
        `$${name} = ${formula} ${sign > 0 ? ">" : "<"} 0$${reason === "" ? "" : ` ${reason}`}, so ${unitName(network, l, unit)} is ${pattern[l]![unit]! ? "on" : "off"}`,
      ];
    }),
  );
  const range = `For $0 < ${curveParameter(K)} \\le ${numberLatex(K, witness.end)}$`;
  const signs = units.length === 0 ? "every pre-activation" : `${enumeration(units)}; every other pre-activation`;
  return `$${label}$: add ${enumeration(steps)}. ${range}, ${signs} keeps its sign for small $${curveParameter(K)}$, and $${label}$ is the limit of the gradients as $${curveParameter(K)} \\to 0$.`;
}

/** With more rows than this, only the values of ⟨g, d⟩ are listed. */
const MAX_ROWS = 12;

/** A margin's gradient on a cell of patterns, where its product with d is least. */
interface Least<E> {
  readonly margin: Margin;
  readonly where: string;
  readonly open: string;
  readonly g: readonly E[];
}

export function notKktClaim<E>(facts: Facts<E>, { statement: { direction, trees } }: ProvedOf<"not-kkt", E>): Block {
  const { instance, margins, active } = facts;
  const { network, field: K, point } = instance;
  const d = point.map((_, k) => direction.get(k) ?? K.zero);
  const frame = kinksAt(facts);
  const samples = [...new Set(active.map((j) => margins[j]!.sample))];
  const parts = samples.map((sample) => {
    const tree = trees.find((one) => one.sample === sample)?.tree ?? { leaf: {} };
    const own = active.map((j) => margins[j]!).filter((margin) => margin.sample === sample);
    const cells = explore(frame, tree, (cell) => cell);
    const rows = own.flatMap((margin) => {
      const least = cells.map((cell) => leastOn(facts, cell, margin, lowestRate(frame, cell, margin, direction)));
      const keys = least.map(({ open, g }) => JSON.stringify([open, g.map(K.key)]));
      const cases = casesOf(instance, tree, keys, Number.POSITIVE_INFINITY);
      return cases.keys.map((key): Least<E> => ({ ...least[keys.indexOf(key)]!, where: cases.where(key) }));
    });
    return {
      sample,
      rows,
      gone: casesOf(
        instance,
        tree,
        cells.map(() => ""),
      ).gone,
    };
  });
  const rows = parts.flatMap((part) => part.rows);
  const isKinked = rows.some(({ where, open }) => where !== "" || open !== "");
  const isOpen = rows.some(({ open }) => open !== "");
  const number = (c: E) => `$${numberLatex(K, c)}$`;
  const name = (margin: Margin) => `${marginText(margin).replace("sample ", "")}`;
  const consequence = isHomogeneous(instance) ? ", and hence not a local optimum" : "";
  return claim(`The point $\\theta$ is not a KKT point of $(\\mathrm{P})$${consequence}.`, [
    text(
      `In the coordinates $${parameterTuple(network, null)}$ let $d = ${tupleLatex(K, d)}$. Then $\\langle\\theta, d\\rangle = ${numberLatex(K, dot(K, d, point))} < 0$.`,
    ),
    ...goneBlocks(parts),
    ...(rows.length === 0
      ? [text("No margin is active, so that only $\\theta = 0$ could be a KKT point, and $\\theta \\ne 0$.")]
      : [
          text(
            !isKinked
              ? "The active margins are differentiable at $\\theta$, with the gradients $g$:"
              : `Every Clarke subgradient of an active margin is a convex combination of the gradients $g$ that belong to the signs which the pre-activations that vanish at $\\theta$ can take nearby${
                  isOpen
                    ? ". Signs that are open in a row enter $\\langle g, d\\rangle$ each by itself; listed are those that make it least:"
                    : ":"
                }`,
          ),
          rows.length <= MAX_ROWS
            ? table(
                ["sample", ...(isKinked ? ["signs"] : []), "$g$", "$\\langle g, d\\rangle$"],
                rows.map(({ margin, where, open, g }) => [
                  name(margin),
                  ...(isKinked ? [[where, open].filter((part) => part !== "").join(", ")] : []),
                  `$${tupleLatex(K, g)}$`,
                  number(dot(K, g, d)),
                ]),
              )
            : table(
                [
                  "sample",
                  "cases",
                  isOpen ? "least values of $\\langle g, d\\rangle$" : "values of $\\langle g, d\\rangle$",
                ],
                parts.map(({ sample, rows: own }) => [
                  `${sample + 1}`,
                  `${own.length}`,
                  [...new Set(own.map(({ g }) => number(dot(K, g, d))))].join(", "),
                ]),
              ),
          text(
            "As $\\langle g, d\\rangle \\ge 0$ for all of them, no combination of Clarke subgradients with multipliers that are not negative equals $\\theta$.",
          ),
        ]),
    ...(consequence === ""
      ? []
      : [
          text(
            `Every local optimum is a KKT point, since ${
              instance.frozen.length === 0
                ? "$\\Phi$ is homogeneous: a step along $\\theta$ raises every active margin."
                : "the margins are homogeneous in $\\theta$, for suitable weights of its coordinates: growing them at these rates raises every active margin."
            }`,
          ),
        ]),
  ]);
}

/** The gradient of a margin on a cell with the worst sides of open kinks, and these sides. */
function leastOn<E>(
  { instance, passes }: Facts<E>,
  cell: Cell<E>,
  margin: Margin,
  lowest: LowestRate<E>,
): Omit<Least<E>, "where"> {
  if (lowest.kind === "open") throw new RangeError("an accepted statement leaves no rate open");
  const { network, field: K } = instance;
  const { layers } = cell.sample(margin.sample);
  const pattern: Pattern = layers.map((units, l) =>
    units.map(({ sign }, unit) => sign === 1 || lowest.sides[l]!.get(unit) === true),
  );
  const g = gradient(instance, margin, pattern);
  // What the margin reads, from the top down.
  let read = new Set([margin.plus, margin.minus].filter((unit) => unit !== null));
  const open: string[] = [];
  for (let l = network.layers.length - 2; l >= 0; l--) {
    read = new Set([...read].flatMap((unit) => network.layers[l + 1]![unit]!.map(({ from }) => from)));
    if (isLinearLayer(network, l)) continue;
    const own = layers[l]!.flatMap(({ sign }, unit) => {
      const isKink = sign === null && K.isZero(passes[margin.sample]!.preactivations[l]![unit]!);
      if (!isKink || !read.has(unit)) return [];
      return [`$${preactivationLatex(network, margin.sample, l, unit)} ${pattern[l]![unit]! ? ">" : "<"} 0$`];
    });
    open.unshift(...own);
  }
  return { margin, open: open.join(", "), g };
}
