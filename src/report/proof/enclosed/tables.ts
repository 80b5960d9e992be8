/** What an enclosed point looks like: its norm, its groups of hidden units, its margins and multipliers, all in certain decimals. */
import { Q } from "../../../exact/rational.js";
import type { UnitState } from "../../../kernel/enclosed/system.js";
import { marginText } from "../../../network/instance.js";
import { type Block, counted, enumeration, table, text } from "../document.js";
import { anyMarginLatex, marginLatex, unitIndex, unitName } from "../notation.js";
import { fraction } from "../radicals.js";
import { MAX_COLUMNS } from "./system.js";
import { isZero, kinkedUnits, marginValues, type View } from "./view.js";

const DIGITS = 10;
/** Fewer, where a table has many columns. */
const FEW = 3;
const MANY = 4;

export function pointBlocks(view: View): Block[] {
  const { facts, digits } = view;
  const { ring, theta } = facts;
  const size = theta.reduce((total, c) => ring.add(total, ring.mul(c, c)), ring.zero);
  return [
    text(`So $\\theta = B\\varphi$ is a point with $\\|\\theta\\|^{2} = ${digits(size, 4 * DIGITS)}$.`),
    ...groupBlocks(view),
    ...activeBlocks(view),
    ...kinkBlocks(view),
    ...otherMargins(view),
  ];
}

/** Which hidden units have weights that are multiples of each other's, and which have none. */
function groupBlocks({ facts: { problem, theta }, hidden, digits }: View): Block[] {
  if (hidden === null) return [];
  const { network } = problem;
  const { groups, dead, outgoing } = hidden;
  const name = (unit: number) => `${unit + 1}`;
  const rows = groups.map(({ units, first }) => {
    const most = network.inputs > MANY ? 2 * FEW : DIGITS;
    const w = network.layers[0]![first]!.map(({ weight }) => digits(theta[weight]!, most));
    const v = outgoing.get(first);
    return [
      units.map(({ unit }) => name(unit)).join(", "),
      units.length === 1 ? "" : `$${units.map(({ share }) => fraction(share)).join(", ")}$`,
      `$(${w.join(", ")})$`,
      v === undefined ? "none" : `$${digits(theta[v]!, most)}$`,
    ];
  });
  const shared = groups.some(({ units }) => units.length > 1);
  const heads = ["neurons", "shares", "$w$", "$v$"];
  const without = (row: readonly string[]) => row.filter((_, k) => shared || k !== 1);
  return [
    text(
      `${
        shared
          ? "The weights $w$ into and $v$ out of the neurons of one row are multiples of each other: those of the neuron with the share 1 are given, and the others' are these times their shares:"
          : "The weights $w$ into and $v$ out of the hidden neurons are:"
      }`,
    ),
    table(without(heads), rows.map(without)),
    ...(dead.length === 0
      ? []
      : [
          text(
            `${dead.length === 1 ? "Neuron" : "Neurons"} ${enumeration(dead.map(name))} ${dead.length === 1 ? "is" : "are"} dead: all weights in and out are $0$.`,
          ),
        ]),
  ];
}

/** The pre-activations at the active samples, with the multipliers. */
function activeBlocks(view: View): Block[] {
  const { facts, active, unitsAt, enclose, digits } = view;
  const { network } = facts.problem;
  const units = kinkedUnits(facts);
  const shown = units.length <= MAX_COLUMNS ? units : [];
  const value = (state: UnitState) =>
    isZero(state) ? "$0$" : `$${digits(enclose(state.z), shown.length > MANY ? FEW : 2 * FEW)}$`;
  const heads = [
    "sample",
    ...shown.map(({ layer, unit }) => `$z_{${unitIndex(network.layers.length, layer, unit)}}$`),
    `$\\lambda_{${network.outputs === 1 ? "i" : "i,k"}}$`,
  ];
  const rows = active.map((margin, k) => [
    marginText(margin).replace("sample ", ""),
    ...(shown.length === 0 ? [] : unitsAt(margin.sample).map(value)),
    `$${digits(facts.lambda[k]!, DIGITS)}$`,
  ]);
  const signs = units.length > 0 && shown.length === 0;
  return [
    text(
      `The margins in $A$ are $1$ at $\\theta$. ${shown.length === 0 ? "Their multipliers are:" : "The pre-activations $z$ of the hidden neurons at these samples, and the multipliers, are:"}`,
    ),
    table(heads, rows),
    ...(signs
      ? [
          text(
            `The pre-activations at these samples, enclosed by the arithmetic of intervals, have the signs that belong to the slopes: they are positive where the slope is $1$, negative where it is that of a neuron which is off, and $0$ at the kinks${facts.units.some(({ z }) => z.size === 0) ? " and where they are $0$ for all $\\varphi$" : ""}. The least of the others is $${leastLatex(view)}$ in absolute value.`,
          ),
        ]
      : []),
  ];
}

function leastLatex({ facts, enclose, digits }: View): string {
  const { ring } = facts;
  const sizes = facts.units
    .filter((state) => !isZero(state))
    .map((state) => enclose(state.z))
    .map((x) => (ring.sign(x) === -1 ? ring.neg(x) : x));
  const least = sizes.reduce((a, b) => (b.low < a.low ? b : a));
  return digits(least, DIGITS);
}

/** Where the slopes τ stand, and what they are: subgradients of σ at its kink. */
function kinkBlocks({ facts: { problem, point, tau }, unknown, digits }: View): Block[] {
  if (point.kinks.length === 0) return [];
  const { network } = problem;
  const offset = point.range.length + point.active.length;
  const leaky = network.slopes.some((slope) => slope.n !== slope.d && !Q.isZero(slope));
  return [
    text(
      `At ${counted(point.kinks.flat().length, "pre-activation")} that vanish${point.kinks.flat().length === 1 ? "es" : ""} at a sample in $A$, the ${leaky ? "weight of the slope $1$ in the subgradient" : "subgradient"} of $\\sigma$ is:`,
    ),
    table(
      ["kink", "at", leaky ? "weight" : "subgradient"],
      point.kinks.map((members, c) => [
        enumeration(members.map(({ layer, unit }) => unitName(network, layer, unit))),
        enumeration([...new Set(members.map(({ sample }) => `$x_{${sample + 1}}$`))]),
        `$${unknown(offset + c)} = ${digits(tau[c]!, DIGITS)}$`,
      ]),
    ),
  ];
}

/** The margins that are not active. */
function otherMargins({ facts, digits }: View): Block[] {
  const { problem, point, margins } = facts;
  const active = new Set(point.active);
  const values = marginValues(facts);
  const others = margins.flatMap((margin, j) =>
    active.has(j) ? [] : [`$${marginLatex(problem.network, margin)} = ${digits(values[j]!, DIGITS)}$`],
  );
  if (others.length === 0) return [text("There are no other margins, so every one is active.")];
  return [
    text(
      `The other ${others.length === 1 ? "margin is" : `margins $${anyMarginLatex(problem.network)}$ are`} ${enumeration(others)}.`,
    ),
  ];
}
