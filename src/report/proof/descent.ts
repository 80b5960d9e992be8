/** `not-local` and `not-strict` by a curve, `not-global` by a better point. */
import { squaredNorm } from "../../exact/field.js";
import type { Facts } from "../../kernel/facts.js";
import { curvePoint, type PassOnCurve, passAlong, passAt } from "../../kernel/forward.js";
import type { Of, Proved } from "../../kernel/statements/index.js";
import { curveNumerators } from "../../kernel/statements/not-strict.js";
import { type Instance, marginOf } from "../../network/instance.js";
import { isLinear, isLinearLayer, parametersOf } from "../../network/network.js";
import { type Block, claim, display, items, text } from "./document.js";
import {
  marginLatex,
  parameterLatex,
  parameterTuple,
  pointLatex,
  preactivationLatex,
  problemLatex,
  properScope,
} from "./notation.js";
import {
  curveParameter,
  decimalLatex,
  numberLatex,
  packed,
  polynomialLatex,
  signProof,
  tupleLatex,
} from "./typeset.js";

export type NotLocalProved<E> = Extract<Proved<E>, { readonly kind: "not-local" }>;

/** The claim for one or several scopes with the same curve. */
export function notLocalClaim<E>({ instance, margins }: Facts<E>, group: readonly NotLocalProved<E>[]): Block {
  const { network, field: K, data } = instance;
  const [{ statement, proof }] = group as [NotLocalProved<E>];
  const { curve } = statement;
  const end = numberLatex(K, curve.end);
  const t = curveParameter(K);
  const moving = curvePoint(instance, curve)
    .map((p, k) => ({ p, k }))
    .filter(({ k }) => curve.steps.some((step) => step.has(k)));
  const slacks = margins.map((one, j) => {
    const margin = `$${marginLatex(network, one, `\\theta(${t})`)} - 1`;
    const slack = proof.slacks[j]!;
    if (slack.length === 0) return `${margin} = 0$ identically.`;
    const { formula, reason } = signProof(K, slack, curve.end);
    return `${margin} = ${formula} > 0$${reason === "" ? "" : `, ${reason}`}.`;
  });
  const saved = signProof(K, proof.saved, curve.end);
  const scopes = group.map((one) => properScope(network, one.statement.scope)).sort((a, b) => (a ?? -1) - (b ?? -1));
  const whole = scopes.includes(null);
  const layers = scopes.filter((scope) => scope !== null);
  const problems = [...new Set(scopes.map(problemLatex))].map((p) => `$${p}$`);
  const point = whole ? "\\theta" : pointLatex(layers[0]!);
  const only = layers.length === 0 ? "" : ` Only parameters of layer ${layers[0]! + 1} move.`;
  const smooth = isLinear(network);
  return claim(`The point $${point}$ is not a local optimum of ${problems.join(", nor of ")}.`, [
    text(`For $0 \\le ${t} \\le ${end}$ let $\\theta(${t})$ be $\\theta$ with`),
    display(...packed(moving.map(({ p, k }) => `${parameterLatex(network, k)}(${t}) = ${polynomialLatex(K, p)}`))),
    text(
      `so that $\\theta(0) = \\theta$.${only}${smooth ? "" : ` The signs of the pre-activations for $0 < ${t} \\le ${end}$:`}`,
    ),
    ...(smooth ? [] : [items(data.map((_, i) => signItem(instance, curve.end, passAlong(instance, curve, i), i)))]),
    text(`Hence the margins, for $0 < ${t} \\le ${end}$:`),
    items(slacks),
    text("and the norm decreases:"),
    display(`\\|\\theta\\|^{2} - \\|\\theta(${t})\\|^{2} = ${saved.formula} > 0`),
    text(
      `${saved.reason === "" ? "" : `${saved.reason}. `}So there are feasible points of smaller norm arbitrarily near $\\theta$.`,
    ),
  ]);
}

/** The units with kinks, with the sign of their pre-activation at a sample on the curve. */
function signItem<E>(
  { network, field: K }: Instance<E>,
  end: E,
  { preactivations }: PassOnCurve<E>,
  sample: number,
  scaled: (formula: string, layer: number) => string = (formula) => formula,
): string {
  const parts = preactivations.flatMap((layer, l) =>
    layer.flatMap((p, unit) => {
      if (isLinearLayer(network, l)) return [];
      const name = scaled(preactivationLatex(network, sample, l, unit), l);
      if (p.length === 0) return [`$${name} = 0$`];
      const { sign, formula, reason } = signProof(K, p, end);
      return [`$${name} = ${formula} ${sign > 0 ? ">" : "<"} 0$${reason === "" ? "" : ` ${reason}`}`];
    }),
  );
  return `on $x_{${sample + 1}}$: ${parts.join("; ")}.`;
}

/** (1 + t²)^n times a formula. */
function multiplied(formula: string, n: number, t: string): string {
  return `(1 + ${t}^{2})${n === 1 ? "" : `^{${n}}`} ${formula}`;
}

/** A curve with the denominator 1 + t²; what is written out is multiplied by powers of it. */
export function notStrictClaim<E>(
  { instance, margins }: Facts<E>,
  { statement: { scope: given, curve }, proof }: Extract<Proved<E>, { kind: "not-strict" }>,
): Block {
  const { network, field: K, data } = instance;
  const scope = properScope(network, given);
  const end = numberLatex(K, curve.end);
  const moving = curveNumerators(instance, curve)
    .map((p, k) => ({ p, k }))
    .filter(({ k }) => curve.steps.some((step) => step.has(k)));
  const depth = network.layers.length;
  const t = curveParameter(K);
  const slacks = margins.map((one, j) => {
    const margin = `$${multiplied(`(${marginLatex(network, one, `\\theta(${t})`)} - 1)`, depth, t)}`;
    const slack = proof.slacks[j]!;
    if (slack.length === 0) return `${margin} = 0$ identically.`;
    const { formula, reason } = signProof(K, slack, curve.end);
    return `${margin} = ${formula} > 0$${reason === "" ? "" : `, ${reason}`}.`;
  });
  const saved = signProof(K, proof.saved, curve.end);
  const because = saved.reason === "" ? "" : `, ${saved.reason}`;
  const smooth = isLinear(network);
  return claim(`The point $${pointLatex(scope)}$ is not a strict local optimum of $${problemLatex(scope)}$.`, [
    text(`For $0 \\le ${t} \\le ${end}$ let $\\theta(${t})$ be $\\theta$ with`),
    display(
      ...packed(
        moving.map(({ p, k }) => `(1 + ${t}^{2})\\,${parameterLatex(network, k)}(${t}) = ${polynomialLatex(K, p)}`),
      ),
    ),
    text(
      `so that $\\theta(0) = \\theta$, and $\\theta(${t}) \\ne \\theta$ for all small $${t} > 0$.${smooth ? "" : ` The signs of the pre-activations for $0 < ${t} \\le ${end}$:`}`,
    ),
    ...(smooth
      ? []
      : [
          items(
            data.map((_, i) =>
              signItem(instance, curve.end, proof.passes[i]!, i, (name, l) => multiplied(name, l + 1, t)),
            ),
          ),
        ]),
    text(`Hence the margins, for $0 < ${t} \\le ${end}$:`),
    items(slacks),
    text("and the norm does not grow:"),
    display(
      `${multiplied(`(\\|\\theta\\|^{2} - \\|\\theta(${t})\\|^{2})`, 2, t)} = ${saved.formula}${saved.sign === 0 ? "" : " > 0"}`,
    ),
    text(
      `${saved.sign === 0 ? "identically" : `for $0 < ${t} \\le ${end}$`}${because}. So there are other feasible points, no longer than $\\theta$, arbitrarily near to it.`,
    ),
  ]);
}

export function notGlobalClaim<E>(
  { instance, margins }: Facts<E>,
  { scope: given, better }: Of<"not-global", E>,
): Block {
  const { network, field: K, data, point } = instance;
  const scope = properScope(network, given);
  const indices = parametersOf(network, scope);
  const norm = (v: readonly E[]) =>
    numberLatex(
      K,
      squaredNorm(
        K,
        indices.map((k) => v[k]!),
      ),
    );
  const passes = data.map((_, i) => passAt(instance, i, better));
  const values = margins.map((margin) => {
    const value = marginOf(K, margin, passes[margin.sample]!.outputs);
    return `${marginLatex(network, margin, "\\theta'")} = ${numberLatex(K, value)}${decimalLatex(K, value)}`;
  });
  const name = pointLatex(scope);
  return claim(`The point $${name}$ is not a global optimum of $${problemLatex(scope)}$.`, [
    text(
      `The point $\\theta'$ with $${parameterTuple(network, scope)} = ${tupleLatex(
        K,
        indices.map((k) => better[k]!),
      )}$${scope === null ? "" : " and all else as in $\\theta$"} is feasible, with the ${margins.length === 1 ? "margin" : "margins"} $${values.join("$, $")}$, and $\\|${name}'\\|^{2} = ${norm(better)} < ${norm(point)} = \\|${name}\\|^{2}$.`,
    ),
  ]);
}
