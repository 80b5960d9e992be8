/** The unknowns of an enclosed point, their system, and the proof that it has one zero in its box. */

import { compare } from "../../../exact/field.js";
import { type Entry, type Interval, intervalRing } from "../../../exact/interval.js";
import { derivative, evaluate, type MultivariatePolynomial } from "../../../exact/multivariate.js";
import { Q, type Rational, rational } from "../../../exact/rational.js";
import { type EnclosedFacts, systemOf, type UnitState } from "../../../kernel/enclosed/system.js";
import { type Block, claim, display, enumeration, table, text } from "../document.js";
import { activated, anyMarginLatex, marginIndex, parameterLatex, preactivationLatex, unitIndex } from "../notation.js";
import { fraction } from "../radicals.js";
import {
  brokenSum,
  monomialLatex,
  multivariateLatex,
  numberLatex,
  packed,
  printedWidth,
  sumLatex,
} from "../typeset.js";
import { atMostLatex } from "./decimals.js";
import { kinkedUnits, rangeRow, type View } from "./view.js";

type Polynomial = MultivariatePolynomial<Rational>;

/** More columns than this do not fit a table. */
export const MAX_COLUMNS = 8;
/** A system of more letters helps nobody. */
const MAX_SYSTEM = 6000;
/** Longer coefficients are rounded where they are printed. */
const MAX_COEFFICIENT = 20;
/** Digits behind the point of what is listed in full. */
const MOST_DIGITS = 40;

/** θ = Bφ, the slopes, the system. */
export function systemBlocks(view: View): Block[] {
  const { active } = view;
  const { problem, point } = view.facts;
  const { network } = problem;
  const several = network.outputs > 1;
  const [index, A] = [several ? "i,k" : "i", several ? "(i,k) \\in A" : "i \\in A"];
  const margin = (at: string) => anyMarginLatex(network, at).replaceAll("\\Phi", "\\Phi^{\\tau}");
  const listed = active.map((one) => `${several ? `(${marginIndex(network, one)})` : marginIndex(network, one)}`);
  const kinks = point.kinks.map(([at]) => `${preactivationLatex(network, at!.sample, at!.layer, at!.unit)} = 0`);
  const slopes =
    kinks.length === 1
      ? "a slope $\\tau_1$"
      : `slopes $\\tau_1, ${kinks.length > 2 ? "\\dots, " : ""}\\tau_{${kinks.length}}$`;
  const unknowns = [
    `$\\varphi \\in \\mathbb{R}^{${point.range.length}}$`,
    `a multiplier $\\lambda_{${index}}$ for each ${several ? "pair $(i,k)$" : "sample $i$"} in $A = \\{${listed.join(", ")}\\}$`,
    ...(kinks.length === 0 ? [] : [slopes]),
  ];
  return [
    text(
      `The point in question is $\\theta = B\\varphi$, where $\\varphi$ is a part of the only zero of a system of equations in a box. The unknowns are ${enumeration(unknowns)}, ${point.centre.length} in all. With them`,
    ),
    ...rangeBlocks(view),
    ...slopeBlocks(view),
    text(
      `Let $r = B\\varphi - \\sum_{${A}} \\lambda_{${index}}\\, \\nabla_{\\theta}\\big(${margin("\\cdot\\,")}\\big)(B\\varphi)$. The system is`,
    ),
    display(
      "(\\mathrm{S})\\quad & B^{\\top} r = 0",
      `(\\mathrm{M})\\quad & ${margin("B\\varphi")} = 1 \\quad\\text{for } ${A}`,
      ...(kinks.length === 0 ? [] : [`(\\mathrm{Z})\\quad & ${kinks.join(",\\quad ")}`]),
    ),
    ...writtenOut(view),
  ];
}

/** Each parameter by the unknowns; of a group of hidden units only one unit's. */
function rangeBlocks(view: View): Block[] {
  const { facts, hidden, unknown } = view;
  const { network, field: K } = facts.problem;
  // Only there do w_j and v_j name the weights of a neuron.
  const groups = network.source.kind === "fully-connected" ? (hidden?.groups ?? []) : [];
  const multiples = groups.flatMap(({ first, units }) =>
    units.flatMap(({ unit, share }) => (unit === first ? [] : [{ unit, first, share }])),
  );
  const skipped = new Set(multiples.flatMap(({ unit }) => weightsOf(view, unit)));
  const rows = network.parameters.flatMap((_, k) =>
    skipped.has(k) ? [] : [{ name: parameterLatex(network, k), row: rangeRow(facts, k) }],
  );
  const lines = rows.flatMap(({ name, row }) => {
    const terms = [...row].map(([v, coefficient]) => ({ coefficient, factor: unknown(v) }));
    return row.size === 0 ? [] : [`${name} = ${sumLatex(K, terms)}`];
  });
  const pair = (unit: number) => `(w_{${unit + 1}}, v_{${unit + 1}})`;
  const copies = multiples.map(
    ({ unit, first, share }) => `${pair(unit)} = ${sumLatex(K, [{ coefficient: share, factor: pair(first) }])}`,
  );
  const zeros = rows.flatMap(({ name, row }) => (row.size === 0 ? [`$${name}$`] : []));
  const [parameters, are] = zeros.length === 1 ? ["parameter", "is"] : ["parameters", "are"];
  return [
    display(...packed([...lines, ...copies])),
    ...(zeros.length === 0 ? [] : [text(`and the other ${parameters}, ${enumeration(zeros)}, ${are} $0$.`)]),
  ];
}

/** The parameters of a hidden unit, in and out. */
function weightsOf({ facts: { problem }, hidden }: View, unit: number): number[] {
  const out = hidden!.outgoing.get(unit);
  return [...problem.network.layers[0]![unit]!.map(({ weight }) => weight), ...(out === undefined ? [] : [out])];
}

/** Which slope each unit has at the samples of A: what Φ^τ is. */
function slopeBlocks(view: View): Block[] {
  const { facts, active, unitsAt } = view;
  const { network } = facts.problem;
  const units = kinkedUnits(facts);
  if (units.length === 0) return [text("The network is linear, and $\\Phi^{\\tau} = \\Phi$.")];
  const samples = [...new Set(active.map(({ sample }) => sample))];
  const name = ({ layer, unit }: (typeof units)[number]) => `$s_{${unitIndex(network.layers.length, layer, unit)}}$`;
  const cells = (sample: number) => unitsAt(sample).map((state) => slopeText(view, state));
  const rows =
    units.length <= MAX_COLUMNS
      ? table(
          ["sample", ...units.map(name)],
          samples.map((sample) => [`${sample + 1}`, ...cells(sample)]),
        )
      : table(
          ["sample", "slopes of the hidden neurons, in their order"],
          samples.map((sample) => [`${sample + 1}`, cells(sample).join(", ")]),
        );
  const isKinked = facts.point.kinks.length > 0;
  const idle = view.zeros.filter(({ state }) => state !== "?");
  const isDead = ({ at }: UnitState) => view.hidden?.dead.includes(at.unit) === true;
  return [
    text(
      `Let $\\Phi^{\\tau}$ be the network whose hidden neurons have at these samples the following slopes $s$, so that $${activated(network, 0, "z")}$ is replaced by $s z$.${
        isKinked ? " Where a pre-activation is to vanish, the slope is unknown." : ""
      }${idle.some(isDead) ? " A dash stands for a neuron all of whose weights are $0$." : ""}${
        idle.every(isDead)
          ? ""
          : " An asterisk marks a slope that is a choice, since the pre-activation is $0$ for all $\\varphi$."
      }`,
    ),
    rows,
  ];
}

/** The slope of a unit at a sample in a table. */
function slopeText({ facts: { problem, point }, hidden, unknown }: View, { at, z, state, kink }: UnitState): string {
  const { network } = problem;
  const off = network.slopes[at.layer]!;
  if (kink !== null) {
    const tau = unknown(point.range.length + point.active.length + kink);
    return `$${sumLatex(Q, [
      { coefficient: off, factor: "" },
      { coefficient: Q.sub(Q.one, off), factor: tau },
    ])}$`;
  }
  const slope = state === "+" ? "1" : numberLatex(Q, off);
  if (z.size > 0) return `$${slope}$`;
  return hidden?.dead.includes(at.unit) === true ? "–" : `$${slope}^{*}$`;
}

/** The polynomials of the system, multipliers first in a monomial. */
function writtenOut({ facts: { problem, point, margins }, unknown }: View): Block[] {
  const { equations } = systemOf(problem, point, margins);
  const [q, n] = [point.range.length, equations.length];
  const isLong = equations.some((p) =>
    [...p.values()].some(({ coefficient }) => printedWidth(fraction(coefficient)) > MAX_COEFFICIENT),
  );
  const name = (v: number) => unknown(v < n - q ? v + q : v - (n - q));
  const formula = (p: Polynomial): string => {
    const renamed = [...p.values()].map(({ variables, coefficient }) => {
      const sorted = variables.map((v) => (v < q ? v + n - q : v - q)).sort((a, b) => a - b);
      return [sorted.join(), { variables: sorted, coefficient }] as const;
    });
    return isLong ? roundedLatex(new Map(renamed), name) : multivariateLatex(Q, new Map(renamed), name);
  };
  // The shorter side is on the left: what is linear in φ alone and comes from Bφ, the 1 of a margin, the 0 of a kink.
  const lines = equations.map((p, k) => {
    const isMargin = k >= q && k < q + point.active.length;
    const isLeft = ({ variables }: { readonly variables: readonly number[] }) =>
      isMargin ? variables.length === 0 : k < q && variables.length === 1 && variables[0]! < q;
    const [left, right] = [true, false].map((side) => new Map([...p].filter(([, term]) => isLeft(term) === side)));
    return k < q ? [formula(left!), formula(negated(right!))] : [formula(negated(left!)), formula(right!)];
  }) as [string, string][];
  const total = lines.flat().reduce((sum, side) => sum + printedWidth(side), 0);
  if (total > MAX_SYSTEM) return [text(`These are ${n} equations in ${n} unknowns; written out, they fill pages.`)];
  const printed = lines.flatMap(([left, right]) => {
    const [first, ...rest] = brokenSum(right);
    return [`${left} &= ${first}`, ...rest.map((line) => `&\\qquad${line}`)];
  });
  return [
    text(
      `Written out${isLong ? ", with coefficients rounded to six digits (the exact ones are those of the formulas above, from the exact data)," : ","} these are`,
    ),
    display(...printed),
  ];
}

function negated(p: Polynomial): Polynomial {
  return new Map([...p].map(([key, term]) => [key, { ...term, coefficient: Q.neg(term.coefficient) }]));
}

/** A polynomial with coefficients of six digits. */
function roundedLatex(p: Polynomial, name: (variable: number) => string): string {
  const terms = [...p.values()].sort((s, t) => s.variables.length - t.variables.length);
  const parts = terms.map(({ variables, coefficient }, k) => {
    const monomial = monomialLatex(variables, name);
    const digits = `${Number(Math.abs(Q.toNumber(coefficient)).toPrecision(6))}`.replace(/e(.*)$/, " \\cdot 10^{$1}");
    const size = monomial === "" ? digits : digits === "1" ? monomial : `${digits}\\, ${monomial}`;
    const minus = Q.sign(coefficient) < 0;
    return k === 0 ? `${minus ? "-" : ""}${size}` : ` ${minus ? "-" : "+"} ${size}`;
  });
  return parts.length === 0 ? "0" : parts.join("");
}

/** That the box holds exactly one zero. */
export function zeroClaim(view: View): Block[] {
  const { facts } = view;
  const { point } = facts;
  const n = point.centre.length;
  const radii = point.radius;
  const largest = radii.reduce((a, b) => (compare(Q, a, b) >= 0 ? a : b));
  const alike = radii.every((r) => Q.isZero(Q.sub(r, largest)));
  const { step, contraction } = krawczykFigures(facts);
  const values = [...facts.phi, ...facts.lambda, ...facts.tau].map(
    (x, v) => `${view.unknown(v)} = ${view.digits(x, MOST_DIGITS)}`,
  );
  const radius = `${alike ? "" : "at most "}$${powerLatex(largest)}$`;
  return [
    claim(
      `The point $\\theta$ is well defined: the system has exactly one zero in the box $Z$ of the points $z = (\\varphi, \\lambda${point.kinks.length === 0 ? "" : ", \\tau"})$ with $|z_k - \\tilde z_k| \\le r_k$, whose radii $r_k$ are ${radius} and whose centre $\\tilde z$ has the decimals below for an approximation.`,
      [
        text(
          `This is Krawczyk's criterion. Let $G : \\mathbb{R}^{${n}} \\to \\mathbb{R}^{${n}}$ be the map whose components are the left sides less the right sides of the system, $G'(Z)$ a matrix of intervals that contain its partial derivatives on $Z$, and $Y$ any real matrix. If`,
        ),
        display("K(Z) = \\tilde z - Y G(\\tilde z) + (I - Y G'(Z))(Z - \\tilde z) \\subset \\operatorname{int} Z,"),
        text(
          "then $G$ has exactly one zero in $Z$, and it lies in $K(Z)$. Indeed, by the mean value theorem $N(z) = z - Y G(z)$ maps $Z$ into $K(Z)$, so that it has a fixed point by Brouwer's theorem; and for any $z, z' \\in Z$ there is $M \\in G'(Z)$ with $G(z) - G(z') = M(z - z')$, where by the inclusion $\\sum_l |I - YM|_{kl}\\, r_l < r_k$ for all $k$. Hence $I - YM$ has norm less than 1 in $\\max_k |z_k|/r_k$, so $YM$ and with it $Y$ is regular, the fixed points of $N$ are the zeros of $G$, and there is no second one.",
        ),
        text(
          `Here $Y$ is $G'(\\tilde z)^{-1}$, rounded, and the arithmetic is that of intervals with ends in $2^{-${point.precision}}\\mathbb{Z}$, rounded outwards. It gives`,
        ),
        display(
          `\\max_k \\frac{|Y G(\\tilde z)|_k}{r_k} ${boundLatex(step)}, \\qquad \\max_k \\frac{1}{r_k} \\sum_l |I - Y G'(Z)|_{kl}\\, r_l ${boundLatex(contraction)},`,
        ),
        text(
          "and the sum of both is less than 1, which is the inclusion. ($Y$ and $\\tilde z$ come with this proof as exact numbers; any others as near will do.)",
        ),
      ],
    ),
    text(
      "The zero is, with decimals that are all certain (dots stand for those that follow; $a \\pm b$ is a number within $b$ of $a$),",
    ),
    display(...packed(values)),
  ];
}

function boundLatex(q: Rational): string {
  return Q.isZero(q) ? "= 0" : `\\le ${atMostLatex(q)}`;
}

function powerLatex(q: Rational): string {
  const text = `${q.d}`;
  return q.n === 1n && /^10+$/.test(text) ? `10^{-${text.length - 1}}` : numberLatex(Q, q);
}

/** Upper bounds, relative to the radii, on Newton's step from the centre and on the rest of Krawczyk's operator. */
export function krawczykFigures({ problem, point, margins }: EnclosedFacts): {
  readonly step: Rational;
  readonly contraction: Rational;
} {
  const { equations } = systemOf(problem, point, margins);
  const ring = intervalRing(point.precision, () => {});
  const unit = 1n << BigInt(point.precision);
  const size = ({ low, high }: Interval) => rational(-low > high ? -low : high, unit);
  const known = new Map(point.radius.map((radius) => [radius.toFraction(), radius]));
  const radii = point.radius.map((radius) => known.get(radius.toFraction())!);
  const centre = point.centre.map(ring.enclose);
  const box = point.centre.map((c, k) => ({
    low: ring.enclose(Q.sub(c, point.radius[k]!)).low,
    high: ring.enclose(Q.add(c, point.radius[k]!)).high,
  }));
  const value = (p: Polynomial, at: readonly Interval[]) => evaluate(ring, ring.enclose, p, (v) => at[v]!);
  const G = equations.map((p, row): Entry => ({ row, value: value(p, centre) }));
  const J = centre.map((): Entry[] => []);
  for (const [row, p] of equations.entries())
    for (const v of new Set([...p.values()].flatMap((term) => term.variables)))
      J[v]!.push({ row, value: value(derivative(problem.field, p, v), box) });
  let [step, contraction] = [Q.zero, Q.zero];
  for (const [i, numbers] of point.inverse.entries()) {
    const Y = numbers.map((number) => ring.enclose(number).low);
    const own = Q.inv(point.radius[i]!);
    step = larger(step, Q.mul(own, size(ring.combine(Y, G))));
    // By radius, of which there are few: the sizes of I − Y G'(Z) in this row.
    const sizes = new Map<Rational, bigint>();
    for (const [v, column] of J.entries()) {
      const { low, high } = ring.sub(v === i ? ring.one : ring.zero, ring.combine(Y, column));
      const radius = radii[v]!;
      sizes.set(radius, (sizes.get(radius) ?? 0n) + (-low > high ? -low : high));
    }
    const total = [...sizes].reduce((sum, [radius, n]) => Q.add(sum, Q.mul(radius, rational(n, unit))), Q.zero);
    contraction = larger(contraction, Q.mul(own, total));
  }
  return { step, contraction };
}

function larger(p: Rational, q: Rational): Rational {
  return compare(Q, p, q) >= 0 ? p : q;
}
