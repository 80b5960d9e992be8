/** `not-local` by a curve, `not-global` by a better point. */
import type { Curve, Instance, Of } from "../../certificate/format.js";
import { squaredNorm } from "../../exact/field.js";
import { type Polynomial, polynomialRing } from "../../exact/polynomial.js";
import { curvePoint, marginAt, passAlong } from "../../kernel/forward.js";
import { parametersOf } from "../../problem/network.js";
import { type Block, claim, display, items, text } from "./document.js";
import { isSmooth, parameterLatex, parameterTuple, pointLatex, preactivationLatex, problemLatex } from "./notation.js";
import { decimalLatex, numberLatex, packed, polynomialLatex, signProof, tupleLatex } from "./typeset.js";

/** Margins less 1 and the gain in squared norm along a curve. */
export function along<E>(instance: Instance<E>, curve: Curve<E>): { slacks: Polynomial<E>[]; gain: Polynomial<E> } {
  const { field: K, data, point } = instance;
  const ring = polynomialRing(K);
  return {
    slacks: data.map(({ y }, i) => {
      const { output } = passAlong(instance, curve, i);
      return ring.sub(y === 1 ? output : ring.neg(output), ring.one);
    }),
    gain: ring.sub([squaredNorm(K, point)], squaredNorm(ring, curvePoint(instance, curve))),
  };
}

/** The claim for one or several scopes with the same curve. */
export function notLocalClaim<E>(instance: Instance<E>, statements: readonly Of<"not-local", E>[]): Block {
  const { network, field: K, data } = instance;
  const { curve } = statements[0]!;
  const end = numberLatex(K, curve.end);
  const moving = curvePoint(instance, curve)
    .map((p, k) => ({ p, k }))
    .filter(({ k }) => curve.steps.some((step) => step.has(k)));
  const { slacks, gain } = along(instance, curve);
  const margins = slacks.map((slack, i) => {
    const margin = `$y_{${i + 1}}\\Phi(\\theta(t); x_{${i + 1}}) - 1`;
    if (slack.length === 0) return `${margin} = 0$ identically.`;
    const { formula, reason } = signProof(K, slack, curve.end);
    return `${margin} = ${formula} > 0$${reason === "" ? "" : `, ${reason}`}.`;
  });
  const saved = signProof(K, gain, curve.end);
  const layers = statements.flatMap(({ scope }) => (scope === null ? [] : [scope]));
  const whole = statements.some(({ scope }) => scope === null);
  const scopes = [...(whole ? [problemLatex(null)] : []), ...layers.map(problemLatex)].map((p) => `$${p}$`);
  const points = layers.length > 0 && !whole ? pointLatex(layers[0]!) : "\\theta";
  const only = layers.length === 0 ? "" : ` Only parameters of layer ${layers[0]! + 1} move.`;
  return claim(`The point $${points}$ is not a local optimum of ${scopes.join(", nor of ")}.`, [
    text(`For $0 \\le t \\le ${end}$ let $\\theta(t)$ be $\\theta$ with`),
    display(...packed(moving.map(({ p, k }) => `${parameterLatex(network, k)}(t) = ${polynomialLatex(K, p)}`))),
    text(
      `so that $\\theta(0) = \\theta$.${only}${isSmooth(network) ? "" : ` The signs of the pre-activations for $0 < t \\le ${end}$:`}`,
    ),
    ...(isSmooth(network) ? [] : [items(data.flatMap((_, i) => signItems(instance, curve, i)))]),
    text(`Hence the margins, for $0 < t \\le ${end}$:`),
    items(margins),
    text("and the norm decreases:"),
    display(`\\|\\theta\\|^{2} - \\|\\theta(t)\\|^{2} = ${saved.formula} > 0`),
    text(
      `${saved.reason === "" ? "" : `${saved.reason}. `}So there are feasible points of smaller norm arbitrarily near $\\theta$.`,
    ),
  ]);
}

/** One item per sample: the hidden units with the sign of their pre-activation on the curve. */
function signItems<E>(instance: Instance<E>, curve: Curve<E>, sample: number): string[] {
  const { network, field: K } = instance;
  const { preactivations } = passAlong(instance, curve, sample);
  const parts = preactivations.flatMap((layer, l) =>
    layer.map((p, unit) => {
      const name = preactivationLatex(network, sample, l, unit);
      if (p.length === 0) return `$${name} = 0$`;
      const { sign, formula, reason } = signProof(K, p, curve.end);
      return `$${name} = ${formula} ${sign > 0 ? ">" : "<"} 0$${reason === "" ? "" : ` ${reason}`}`;
    }),
  );
  return [`on $x_{${sample + 1}}$: ${parts.join("; ")}.`];
}

export function notGlobalClaim<E>(instance: Instance<E>, { scope, better }: Of<"not-global", E>): Block {
  const { network, field: K, data, point } = instance;
  const indices = parametersOf(network, scope);
  const values = indices.map((k) => better[k]!);
  const norm = (v: readonly E[]) =>
    numberLatex(
      K,
      squaredNorm(
        K,
        indices.map((k) => v[k]!),
      ),
    );
  const margins = data.map((_, i) => {
    const margin = marginAt(instance, i, better);
    return `y_{${i + 1}}\\Phi(\\theta'; x_{${i + 1}}) = ${numberLatex(K, margin)}${decimalLatex(K, margin)}`;
  });
  const name = pointLatex(scope);
  return claim(`The point $${name}$ is not a global optimum of $${problemLatex(scope)}$.`, [
    text(
      `The point $\\theta'$ with $${parameterTuple(network, scope)} = ${tupleLatex(K, values)}$${scope === null ? "" : " and all else as in $\\theta$"} is feasible, with the ${data.length === 1 ? "margin" : "margins"} $${margins.join("$, $")}$, and $\\|${name}'\\|^{2} = ${norm(better)} < ${norm(point)} = \\|${name}\\|^{2}$.`,
    ),
  ]);
}
