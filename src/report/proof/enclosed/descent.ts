/** That an enclosed point is not a local, or not a global optimum. (`proofs/theory.md`, §8.) */
import { squaredNorm } from "../../../exact/field.js";
import { gramOf, type Interval } from "../../../exact/interval.js";
import { derivative } from "../../../exact/multivariate.js";
import { Q, type Rational, rational } from "../../../exact/rational.js";
import type { EnclosedNotGlobal } from "../../../kernel/enclosed/not-global.js";
import type { EnclosedNotLocal } from "../../../kernel/enclosed/not-local.js";
import { passAt } from "../../../kernel/forward.js";
import { marginOf } from "../../../network/instance.js";
import { type Block, claim, display, enumeration, text } from "../document.js";
import { activated, marginLatex, parameterLatex, unitName } from "../notation.js";
import { numberLatex, packed, printedWidth, tupleLatex } from "../typeset.js";
import { atLeastLatex } from "./decimals.js";
import { bending } from "./second-order.js";
import type { View } from "./view.js";

export function notLocalClaim(view: View, { by }: EnclosedNotLocal): Block {
  const words = "The point $\\theta$ is not a local optimum of $(\\mathrm{P})$.";
  if ("bend" in by) return claim(words, bending(view, by.bend));
  return claim(words, [...independenceBlocks(view), ...("kink" in by ? crossing(view, by.kink) : waking(view, by))]);
}

/** That the gradients of active margins and of zero pre-activations are independent, so that curves exist. */
function independenceBlocks(view: View): Block[] {
  const { facts, active, hidden, zeros } = view;
  const { problem } = facts;
  const live = zeros.filter(({ at }) => !hidden!.dead.includes(at.unit));
  const names = [
    ...new Set(live.map(({ at }) => `${unitName(problem.network, 0, at.unit)} at $x_{${at.sample + 1}}$`)),
  ];
  const count = active.length + names.length;
  const dead = hidden!.dead.length > 0 ? ", in the weights of the neurons that are not dead," : "";
  const what = `the gradients $\\nabla (y_i\\Phi^{\\tau})(\\theta; x_i)$ of the ${active.length} active margins${
    names.length === 0 ? "" : ` and $\\nabla z$ of the pre-activations that are $0$ there (${enumeration(names)})`
  }`;
  return [
    text(
      `Consider${dead} ${what}. ${count === 1 ? "It is not $0$" : "They are linearly independent"}: the pivots of $LDL^{\\top}$ of their Gram matrix, in the arithmetic of intervals, are all at least $${leastPivot(view)}$.`,
    ),
  ];
}

/** A lower bound on the pivots of the Gram matrix. */
function leastPivot({ facts, active, enclose, hidden, zeros }: View): string {
  const { problem, point, ring, residual } = facts;
  const { network, data } = problem;
  const live = zeros.filter(({ at }) => !hidden!.dead.includes(at.unit));
  // The derivative of r by a multiplier is the gradient of its margin, negated.
  const rows: Map<number, Interval>[] = [
    ...active.map(
      (_, k) =>
        new Map(
          residual.flatMap((p, parameter) => {
            const slope = enclose(derivative(problem.field, p, point.range.length + k));
            return ring.isZero(slope) ? [] : [[parameter, slope] as const];
          }),
        ),
    ),
    ...live.map(
      ({ at }) =>
        new Map(
          network.layers[0]![at.unit]!.map(
            ({ from, weight }) => [weight, ring.neg(ring.enclose(data[at.sample]!.x[from]!))] as const,
          ),
        ),
    ),
  ];
  const S = gramOf(ring, rows);
  let least: bigint | null = null;
  for (const [k, row] of S.entries()) {
    const pivot = row[k]!;
    if (least === null || pivot.low < least) least = pivot.low;
    const inverse = ring.inv(pivot);
    for (let i = k + 1; i < S.length; i++) {
      const factor = ring.mul(S[i]![k]!, inverse);
      for (let j = k; j < S.length; j++) S[i]![j] = ring.sub(S[i]![j]!, ring.mul(factor, row[j]!));
    }
  }
  return firstDigits(rational(least!, 1n << BigInt(ring.precision)));
}

/** A lower bound of three digits on a positive number. */
function firstDigits(q: Rational): string {
  let places = 3;
  while (q.n * 10n ** BigInt(places) < 100n * q.d) places++;
  return atLeastLatex(q, places);
}

function crossing({ facts, zeros }: View, kink: { readonly sample: number; readonly unit: number }): Block[] {
  const { network, data } = facts.problem;
  const [i, j] = [kink.sample + 1, kink.unit + 1];
  const { state } = zeros.find(({ at }) => at.sample === kink.sample && at.unit === kink.unit)!;
  const side = state === "+" ? -1 : 1;
  const off = numberLatex(Q, network.slopes[0]!);
  const slope = state === "?" ? `s_{${i},${j}}` : state === "+" ? "1" : off;
  const there = side === 1 ? "1" : off;
  return [
    text(
      `At the sample $x_{${i}}$ the pre-activation $z = \\langle w_{${j}}, x_{${i}}\\rangle$ of neuron ${j} is $0$, and $y_{${i}} = ${data[kink.sample]!.y}$ and $v_{${j}}$ have the same sign, so $a = \\lambda_{${i}} y_{${i}} v_{${j}} > 0$. By the independence and the implicit function theorem there is a smooth curve $\\theta(t)$ with $\\theta(0) = \\theta$ for small $t \\ge 0$, in the weights of neurons that are not dead, along which $z = ${side === 1 ? "t" : "-t"}$, the other pre-activations that are $0$ at samples in $A$ stay $0$, and the margins in $A$ stay $1$: for all these conditions are equations between polynomials where neuron ${j} has at $x_{${i}}$ the slope $${there}$. The other margins stay above $1$ while $t$ is small, so $\\theta(t)$ is feasible.`,
    ),
    text(
      `The gradients of the margins of this piece are those of $\\Phi^{\\tau}$ up to multiples of the $\\nabla z$ of pre-activations that are $0$, and of these only that of neuron ${j} at $x_{${i}}$ changes along the curve. As $\\theta = \\sum_{i \\in A} \\lambda_i \\nabla(y_i\\Phi^{\\tau})(\\theta; x_i)$ and the margins do not change,`,
    ),
    display(
      `\\frac{d}{dt}\\Big|_{t=0} \\tfrac12 \\|\\theta(t)\\|^{2} = \\sum_{i \\in A} \\lambda_i \\big\\langle \\nabla(y_i\\Phi^{\\tau})(\\theta; x_i), \\theta'(0)\\big\\rangle = ${side === 1 ? `(${slope} - 1)\\, a` : `-(1 - ${off})\\, a`} < 0${state === "?" ? `,` : "."}`,
    ),
    ...(state === "?" ? [text(`where $s_{${i},${j}} < 1$ is the slope of the neuron there in the table.`)] : []),
    text("So there are feasible points of smaller norm arbitrarily near $\\theta$."),
  ];
}

function waking(
  { facts, active, digits }: View,
  {
    dead,
    direction,
    side,
  }: { readonly dead: number; readonly direction: readonly Rational[]; readonly side: "positive" | "negative" },
): Block[] {
  const { problem, ring, lambda } = facts;
  const { network, data } = problem;
  const row = network.layers[0]![dead]!;
  const sign = side === "positive" ? "" : "-";
  let gain = ring.zero;
  for (const [k, { sample }] of active.entries()) {
    const { x, y } = data[sample]!;
    const z = row.reduce((sum, { from }, i) => Q.add(sum, Q.mul(direction[i]!, x[from]!)), Q.zero);
    const value = Q.sign(z) > 0 ? z : Q.mul(network.slopes[0]!, z);
    const term = ring.mul(lambda[k]!, ring.enclose(value));
    gain = y > 0 === (side === "positive") ? ring.add(gain, term) : ring.sub(gain, term);
  }
  const size = direction.reduce((sum, c) => Q.add(sum, Q.mul(c, c)), Q.zero);
  const squared = `\\|u\\|^{2} = ${printedWidth(numberLatex(Q, size)) <= 16 ? numberLatex(Q, size) : digits(ring.enclose(size), 10)}`;
  const j = dead + 1;
  const activation = activated(network, 0, "\\langle u, x_i\\rangle");
  return [
    text(
      `Neuron ${j} is dead. Let $u = ${tupleLatex(Q, direction)}$ on its inputs, with $${squared}$, and let $h(u) = \\sum_{i \\in A} \\lambda_i y_i\\, ${activation}$. Then $${sign}h(u) = ${digits(gain, 10)}$, and $h(u)^{2} > \\|u\\|^{2}$.`,
    ),
    text(
      `For small $t \\ge 0$ give the neuron the weights $w_{${j}} = \\sqrt{t}\\, u$ and $v_{${j}} = ${sign}\\sqrt{t}\\, \\|u\\|$. They add $${sign}t \\|u\\|\\, y_i\\, ${activation}$ to the margin of $x_i$ and $t \\|u\\|^{2}$ to $\\tfrac12\\|\\theta\\|^{2}$. By the independence and the implicit function theorem the weights of the neurons that are not dead can move along a smooth curve in $t$ on which the pre-activations that are $0$ at samples in $A$ stay $0$, and the margins in $A$, with what neuron ${j} adds, stay $1$; other dead neurons stay dead. The margins not in $A$ stay above $1$ while $t$ is small, so these points are feasible.`,
    ),
    text(
      `Along the curve the part of $y_i\\Phi(\\cdot\\,; x_i)$ that comes from the neurons that are not dead changes at the rate $${side === "positive" ? "-" : ""}\\|u\\|\\, y_i\\, ${activation}$ at $t = 0$, and this is also $\\langle \\nabla (y_i\\Phi^{\\tau})(\\theta; x_i), \\theta'(0)\\rangle$ in their weights. As $\\theta = \\sum_{i \\in A} \\lambda_i \\nabla(y_i\\Phi^{\\tau})(\\theta; x_i)$,`,
    ),
    display(
      `\\frac{d}{dt}\\Big|_{t=0} \\tfrac12 \\|\\theta(t)\\|^{2} = \\|u\\|^{2} - \\|u\\| \\cdot ${sign === "" ? "h(u)" : "(-h(u))"} < 0.`,
    ),
    text("So there are feasible points of smaller norm arbitrarily near $\\theta$."),
  ];
}

/** A longer number is given by decimals that it exceeds. */
const MAX_EXACT = 24;
const PLACES = 8;

export function notGlobalClaim({ facts, digits }: View, { better }: EnclosedNotGlobal): Block {
  const { problem, ring, theta, margins } = facts;
  const { network, data } = problem;
  const instance = { ...problem, point: better };
  const passes = data.map((_, sample) => passAt(instance, sample, better));
  const values = margins.map((margin) => {
    const value = marginOf(Q, margin, passes[margin.sample]!.outputs);
    const exact = numberLatex(Q, value);
    const name = marginLatex(network, margin, "\\theta'");
    return printedWidth(exact) <= MAX_EXACT ? `${name} = ${exact}` : `${name} \\ge ${atLeastLatex(value, PLACES)}`;
  });
  const norm = squaredNorm(Q, better);
  const exact = numberLatex(Q, norm);
  const own = theta.reduce((total, c) => ring.add(total, ring.mul(c, c)), ring.zero);
  const isShort = printedWidth(exact) <= MAX_EXACT;
  const shown = isShort ? exact : digits(ring.enclose(norm), PLACES);
  return claim("The point $\\theta$ is not a global optimum of $(\\mathrm{P})$.", [
    text("Let $\\theta'$ be the point with"),
    display(...packed(better.map((c, k) => `${parameterLatex(network, k)} = ${numberLatex(Q, c)}`))),
    text(
      `It is feasible, with the ${margins.length === 1 ? "margin" : "margins"} $${values.join("$, $")}$, and $\\|\\theta'\\|^{2} = ${shown} < ${digits(own, PLACES)} = \\|\\theta\\|^{2}$.`,
    ),
  ]);
}
