/** KKT points of any network that are known in floating point: the kernel's system for them, and their numbers where these are roots. */
import { formatRational, Q, type Rational, rational } from "../exact/rational.js";
import { canonicalForm } from "../flow/canonical.js";
import type { KktPoint } from "../flow/kkt-point.js";
import type { SamplePattern } from "../kernel/enclosed/point.js";
import type { UnitAtSample } from "../kernel/forward.js";
import type { Problem } from "../network/instance.js";
import { isUnshared } from "../network/network.js";
import { type Radical, radicalTower } from "../problem/radicals.js";
import { exactRoot } from "../problem/roots.js";
import { onSphere, type Recognised } from "./recognise.js";
import type { Guess } from "./solve.js";

/** Parameters that are one unknown times a number each: those of units that share a direction, in plain shares; or one alone. */
interface Class {
  readonly value: number;
  readonly members: readonly { readonly weight: number; readonly share: Rational }[];
}

/** A KKT point with its units' shares made plain: as good a point as any of its form, but easier to write down. */
export interface Shared {
  readonly point: KktPoint;
  readonly classes: readonly Class[];
  /** θ with these shares. */
  readonly theta: readonly number[];
  /** Of each hidden unit, layer by layer, the group that it is in; null for one that is zero. */
  readonly groupOf: readonly (readonly (number | null)[])[];
  readonly notes: readonly string[];
}

export function sharedPlainly(problem: Problem<Rational>, point: KktPoint): Shared {
  const { network } = problem;
  const { theta } = point;
  const { arrangement } = canonicalForm(problem, theta);
  const groupOf = network.layers.slice(0, -1).map((layer, l) =>
    layer.map((_, unit) => {
      const group = arrangement.groups[l]!.findIndex((members) => members.includes(unit));
      return group === -1 ? null : group;
    }),
  );
  const sizeOf = (l: number, unit: number) =>
    Math.hypot(...network.layers[l]![unit]!.map(({ weight }) => theta[weight]!));
  const shares = network.layers.slice(0, -1).map((layer) => layer.map(() => Q.one));
  const isFree = network.frozen.length === 0 && isUnshared(network);
  let count = 0;
  if (isFree)
    for (const [l, groups] of arrangement.groups.entries())
      for (const members of groups) {
        if (members.length === 1) continue;
        count++;
        const plain = onSphere(members.map((unit) => sizeOf(l, unit)));
        for (const [k, unit] of members.entries()) shares[l]![unit] = plain[k]!;
      }
  const shareOf = (l: number, unit: number) => shares[l]?.[unit] ?? Q.one;
  // In a class: weights from one group or input to one group or output.
  const classes = new Map<string, { weight: number; share: Rational }[]>();
  for (const [l, layer] of network.layers.entries())
    for (const [unit, row] of layer.entries())
      for (const { from, weight } of row) {
        if (weight >= theta.length || theta[weight] === 0) continue;
        const above = groupOf[l]?.[unit] ?? unit;
        const below = l === 0 ? from : (groupOf[l - 1]![from] ?? from);
        const key = isFree ? `${l} ${above} ${below}` : `${weight}`;
        const share = isFree ? Q.mul(shareOf(l, unit), l === 0 ? Q.one : shareOf(l - 1, from)) : Q.one;
        const members = classes.get(key) ?? [];
        // A shared weight stands in several places, and is one unknown.
        if (members.every((one) => one.weight !== weight)) members.push({ weight, share });
        classes.set(key, members);
      }
  const plain = [...theta];
  const found = [...classes.values()].map((members): Class => {
    const [first] = members as [(typeof members)[0]];
    const value = Math.sign(theta[first.weight]!) * Math.hypot(...members.map(({ weight }) => theta[weight]!));
    for (const { weight, share } of members)
      plain[weight] = Math.sign(theta[weight]!) * Math.abs(value) * Q.toNumber(share);
    // Units of linear layers may share a direction with opposite signs.
    return {
      value,
      members: members.map(({ weight, share }) => ({
        weight,
        share: theta[weight]! * value < 0 ? Q.neg(share) : share,
      })),
    };
  });
  const notes =
    count === 0 ? [] : ["the sharing among units of one direction is free; the nearest in plain numbers was taken"];
  return { point, classes: found, theta: plain, groupOf, notes };
}

/** One unknown per class of parameters that are not zero; the patterns and kinks are the point's. */
export function guessGeneral({ network, data }: Problem<Rational>, { point, classes, groupOf }: Shared): Guess {
  const { model, lambda, slopes } = point;
  const named = new Set(classes.flatMap(({ members }) => members.map(({ weight }) => weight)));
  const numberOf = new Map(model.neurons.map(({ layer, unit }, neuron) => [`${layer} ${unit}`, neuron]));
  const isKink = new Set(point.kinks.map(({ sample, neuron }) => `${sample} ${neuron}`));
  // Identically zero in the unknowns, as nothing that is not zero comes in: no kink of the system's, but off.
  const isVoid = (sample: number, layer: number, unit: number): boolean =>
    network.layers[layer]![unit]!.every(({ from, weight }) => {
      if (weight < network.parameters.length && !named.has(weight)) return true;
      if (layer === 0) return Q.isZero(data[sample]!.x[from]!);
      const below = numberOf.get(`${layer - 1} ${from}`);
      const isOff = below !== undefined && !isKink.has(`${sample} ${below}`) && point.pattern[sample]![below] === 0;
      return isOff || isVoid(sample, layer - 1, from);
    });
  const order = [...point.margins.keys()].sort((a, b) => point.margins[a]! - point.margins[b]!);
  const active = order.map((k) => point.margins[k]!);
  const samples = [...new Set(active.map((m) => model.margins[m]!.sample))];
  // Kinks of one group at one sample are one class, with one slope.
  const kinks = new Map<string, { units: UnitAtSample[]; slope: number }>();
  const keyOf = (sample: number, layer: number, unit: number) =>
    `${sample} ${layer} ${groupOf[layer]![unit] ?? `dead ${unit}`}`;
  for (const [k, { sample, neuron }] of point.kinks.entries()) {
    const { layer, unit, off } = model.neurons[neuron]!;
    if (!samples.includes(sample) || groupOf[layer]![unit] === null || isVoid(sample, layer, unit)) continue;
    const known = kinks.get(keyOf(sample, layer, unit));
    if (known !== undefined) known.units.push({ sample, layer, unit });
    else
      kinks.set(keyOf(sample, layer, unit), {
        units: [{ sample, layer, unit }],
        slope: (slopes[k]! - off) / (1 - off),
      });
  }
  const patterns = samples.map((sample): SamplePattern => {
    let index = 0;
    const layers = network.layers.slice(0, -1).map((layer, l) =>
      layer
        .map((_, unit) => {
          const neuron = index++;
          if (kinks.get(keyOf(sample, l, unit))?.units.some((one) => one.unit === unit)) return "?";
          return point.pattern[sample]![neuron] === 1 && !isVoid(sample, l, unit) ? "+" : "-";
        })
        .join(""),
    );
    return { sample, layers };
  });
  return {
    range: classes.map(({ members }) => new Map(members.map(({ weight, share }) => [weight, share] as const))),
    active,
    patterns,
    kinks: [...kinks.values()].map(({ units }) => units),
    start: [
      ...classes.map(({ value }) => value),
      ...order.map((k) => lambda[k]!),
      ...[...kinks.values()].map(({ slope }) => slope),
    ],
  };
}

/** Powers whose values are looked for among plain rationals. */
const DEGREES = [1, 2, 3, 4, 6, 8, 12];
const MAX_DENOMINATOR = 100_000;
const PLAIN = 3e-13;

/** Each unknown as a root of a plain rational; null where one is none. What is found is a proposal. */
export function recogniseRoots({ classes, theta, notes }: Shared): Recognised | null {
  const numbers = classes.map(({ value }) => rootNear(value));
  if (!numbers.every((one) => one !== null)) return null;
  const radicals = numbers
    .filter(({ degree }) => degree > 1)
    .map(({ radicand, degree }): Radical => ({ radicand, degree }));
  let degree: number;
  try {
    degree = radicals.length === 0 ? 1 : radicalTower(radicals).tower.degree;
  } catch {
    return null; // of degree over 32
  }
  const point = theta.map(() => "0");
  for (const [k, { members }] of classes.entries()) {
    const { radicand, degree, sign } = numbers[k]!;
    const root =
      degree === 1
        ? null
        : degree === 2
          ? `sqrt(${formatRational(radicand)})`
          : `root(${formatRational(radicand)},${degree})`;
    for (const { weight, share } of members) {
      const factor = sign < 0 ? Q.neg(share) : share;
      if (root === null) point[weight] = formatRational(Q.mul(factor, radicand));
      else if (Q.isZero(Q.sub(share, Q.one))) point[weight] = `${sign < 0 ? "-" : ""}${root}`;
      else point[weight] = `${formatRational(factor)}*${root}`;
    }
  }
  return { point, theta, degree, notes };
}

function rootNear(x: number): { radicand: Rational; degree: number; sign: number } | null {
  for (const degree of DEGREES) {
    const power = Math.abs(x) ** degree;
    const radicand = plainNear(power, degree * PLAIN);
    if (radicand === null) continue;
    const root = exactRoot(radicand, degree);
    return root === null ? { radicand, degree, sign: Math.sign(x) } : { radicand: root, degree: 1, sign: Math.sign(x) };
  }
  return null;
}

/** The rational of least denominator that agrees with the digits, by continued fractions. */
function plainNear(x: number, tolerance: number): Rational | null {
  let [p, q, before, below] = [1n, 0n, 0n, 1n];
  let rest = x;
  for (let round = 0; round < 20; round++) {
    const whole = Math.floor(rest);
    const a = BigInt(whole);
    [p, before] = [a * p + before, p];
    [q, below] = [a * q + below, q];
    if (q > BigInt(MAX_DENOMINATOR)) return null;
    if (Math.abs(Number(p) / Number(q) / x - 1) < tolerance) return p === 0n ? null : rational(p, q);
    rest = 1 / (rest - whole);
    if (!Number.isFinite(rest)) return null;
  }
  return null;
}
