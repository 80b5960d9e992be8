/** What an identified point looks like, in floating point, for reading; and in words. Samples and units count from 0 inside, from 1 in texts. */
import { Q, type Rational } from "../exact/rational.js";
import type { Problem } from "../network/instance.js";
import { dotNumbers, normOf } from "../prover/search/numeric.js";
import { tableText, verdictText } from "../report/text.js";
import { interfaceOf } from "../report/verdict.js";
import type { Identification } from "./index.js";
import { type Candidate, incomingOf, outgoingOf, type Structure, type View, viewOf } from "./structure.js";

export interface Description {
  /** Of the point from the given weights, scaled to least margin 1; null where there is no point. */
  readonly distance: number | null;
  readonly halfNorm: number | null;
  readonly active: readonly { readonly sample: number; readonly multiplier: number }[];
  /** Units with one direction, of length 1, and each one's share of what they add to the output: the shares add up to 1. */
  readonly groups: readonly {
    readonly units: readonly number[];
    readonly shares: readonly number[];
    readonly direction: readonly number[];
  }[];
  /** At active samples, of live units. */
  readonly kinks: readonly { readonly sample: number; readonly unit: number; readonly subgradient: number }[];
  readonly dead: readonly number[];
}

export const NO_POINT: Description = { distance: null, halfNorm: null, active: [], groups: [], kinks: [], dead: [] };

/** Distance and size of a point. */
export function sizesOf(
  theta: readonly number[],
  given: readonly number[],
): Pick<Description, "distance" | "halfNorm"> {
  return { distance: normOf(theta.map((c, k) => c - given[k]!)), halfNorm: normOf(theta) ** 2 / 2 };
}

/** The structure of a point of depth 2 near the candidate, with its multipliers and subgradients. */
export function describe(
  problem: Problem<Rational>,
  candidate: Candidate,
  theta: readonly number[],
): Omit<Description, "distance" | "halfNorm"> {
  const { structure, guess, zero } = candidate;
  const view = viewOf(problem);
  const { range, kinks } = guess;
  const lambda = zero.values.slice(range.length);
  const slopes = new Map(
    kinks.flatMap((members, k) =>
      members.map(({ sample, unit }) => [`${sample} ${unit}`, lambda[structure.active.length + k]!] as const),
    ),
  );
  return {
    active: structure.active.map((sample, k) => ({ sample, multiplier: lambda[k]! })),
    groups: structure.groups.map(({ units }) => {
      const w = incomingOf(view, theta, units[0]!);
      const length = normOf(w) || 1;
      const parts = units.map((unit) => outgoingOf(view, theta, unit) ** 2);
      const total = parts.reduce((sum, c) => sum + c, 0) || 1;
      return { units, shares: parts.map((c) => c / total), direction: w.map((c) => c / length) };
    }),
    kinks: kinksOf(view, structure, theta).map(({ sample, unit, side }) => ({
      sample,
      unit,
      subgradient: slopes.get(`${sample} ${unit}`) ?? (side === "+" ? 1 : 0),
    })),
    dead: structure.dead,
  };
}

/** Cosines below this are of zero pre-activations. */
const ON_KINK = 1e-9;

/** The zero pre-activations of live units at active samples, those included that are zero identically. */
function kinksOf(
  view: View,
  structure: Structure,
  theta: readonly number[],
): { sample: number; unit: number; side: string }[] {
  const { problem, kinked, xs } = view;
  if (!kinked) return [];
  return structure.active.flatMap((sample) =>
    structure.groups.flatMap(({ units }, g) => {
      const w = incomingOf(view, theta, units[0]!);
      const z = dotNumbers(w, xs[sample]!);
      const isKink =
        Math.abs(z) <= ON_KINK * normOf(w) * normOf(xs[sample]!) && !problem.data[sample]!.x.every(Q.isZero);
      return isKink ? units.map((unit) => ({ sample, unit, side: structure.sides[g]![sample]! })) : [];
    }),
  );
}

/** The element of `identify --json`. */
export function elementOf(found: Identification, problem: string | null, certificate: string | null) {
  const { name, kind, distance, halfNorm, active, groups, kinks, dead, verdict, reasons } = found;
  return {
    name,
    kind,
    problem,
    certificate,
    distance,
    halfNorm,
    active: active.map(({ sample, multiplier }) => ({ sample: sample + 1, multiplier })),
    groups: groups.map(({ units, shares, direction }) => ({ units: units.map((unit) => unit + 1), shares, direction })),
    kinks: kinks.map(({ sample, unit, subgradient }) => ({ sample: sample + 1, unit: unit + 1, subgradient })),
    dead: dead.map((unit) => unit + 1),
    verdict: interfaceOf({ ...verdict, certificate }),
    open: reasons,
  };
}

/** All of it for terminals. */
export function identificationText(found: Identification, problem: string | null, certificate: string | null): string {
  const { name, kind, given, distance, halfNorm, assumptions, notes, reasons, verdict, parameters } = found;
  const measured =
    given === null
      ? []
      : [
          `  given weights   (ε, δ)-KKT with ε = ${print(given.epsilon)}, δ = ${print(given.delta)}, scaled by ${print(given.scale)} to least margin 1`,
        ];
  const remarks = [
    ...section(
      "Assumed, on these figures",
      assumptions.map(({ what, figure }) => `${what} ${print(figure)}`),
    ),
    ...section("Noted", notes),
  ];
  if (kind === "none")
    return [
      name,
      "  identified      no",
      ...measured,
      ...reasons.map((reason) => `  reason          ${reason}`),
      ...remarks,
    ].join("\n");
  const sort = kind === "exact" ? "exact numbers in radicals" : "enclosed: the only zero of its system in a box";
  return [
    verdictText({ ...verdict, certificate, fromStart: [] }),
    ...verdict.fromStart.map(({ loss, reason }) => {
      const proved = "by gradient flow from these weights provably converges to the point";
      return `  training on     with the ${loss} loss, ${reason === null ? proved : `is not proved to converge: ${reason}`}`;
    }),
    ...(problem === null ? [] : [`  problem         ${problem}`]),
    `  point           ${sort}`,
    `  ½‖θ‖²           ${print(halfNorm ?? 0, 16)}`,
    `  distance        ${print(distance ?? 0)} from the given weights`,
    ...measured,
    ...tables(found),
    ...section(
      "Parameters",
      parameters.map(({ name, value }) => `${name} = ${value}`),
    ),
    ...remarks,
    ...section("Open", reasons),
  ].join("\n");
}

function tables({ active, groups, kinks, dead }: Description): string[] {
  const number = (k: number) => `${k + 1}`;
  const table = (title: string, heads: readonly string[], rows: readonly (readonly string[])[]) =>
    rows.length === 0 ? [] : section(title, tableText(heads, rows).split("\n"));
  return [
    ...table(
      "Active samples",
      ["sample", "multiplier"],
      active.map(({ sample, multiplier }) => [number(sample), print(multiplier, 12)]),
    ),
    ...table(
      "Groups of units",
      ["units", "shares", "direction"],
      groups.map(({ units, shares, direction }) => [
        units.map(number).join(", "),
        shares.map((c) => print(c)).join(", "),
        `(${direction.map((c) => print(c, 8)).join(", ")})`,
      ]),
    ),
    ...table(
      "Kinks",
      ["sample", "unit", "subgradient"],
      kinks.map(({ sample, unit, subgradient }) => [number(sample), number(unit), print(subgradient, 12)]),
    ),
    ...section("Dead units", dead.length === 0 ? [] : [dead.map(number).join(", ")]),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`  ${title}`, ...lines.map((line) => `    ${line}`)];
}

function print(value: number, digits = 4): string {
  return `${Number(value.toPrecision(digits))}`;
}
