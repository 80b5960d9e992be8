/**
 * Choosing a piece, where too many meet at the point to try them all: directions of descent in floating point. Near the point the margins are
 * smooth functions of the displacement d and of the values a = σ(z) of units at their kinks, and of order 1 in all of these; so along d their
 * change is piecewise linear, then piecewise quadratic, and the signs of z' choose the piece. What comes out is made exact elsewhere.
 */
import type { Sign } from "../../exact/field.js";
import { gradientAtOrigin, hessianEntries, type MultivariatePolynomial } from "../../exact/multivariate.js";
import { cellOf, type Frame, keyOf } from "../../kernel/explore.js";
import type { Facts } from "../../kernel/facts.js";
import type { UnitAtSample } from "../../kernel/forward.js";
import { localOn } from "../../kernel/statements/strict-local.js";
import { isLinearLayer, parametersOf } from "../../network/network.js";
import { gaussian, uniform } from "../../numeric/random.js";
import { approximate } from "./approximate.js";
import { quadraticAscent } from "./conic.js";
import { dotNumbers, normOf, orthonormalBasis, symmetricEigen } from "./numeric.js";
import { loudest, type Sleeper } from "./sleepers.js";
import { binaryScale, sizeOf, toNumbers } from "./vectors.js";

/** The margins and pre-activations near the point, in the moving parameters d and then the values of kinks. */
export interface KinkModel {
  /** θ, where it moves. */
  readonly theta: readonly number[];
  readonly units: readonly UnitAtSample[];
  readonly slopes: readonly number[];
  /** z of each unit, from the lowest layer up, and the active margins less 1. */
  readonly forms: readonly Form[];
  readonly margins: readonly Form[];
  /** How the value of a unit moves margins to first order. */
  readonly effects: readonly Effect[];
}

/** A polynomial to second order, scaled: sparse gradient and Hessian. */
interface Form {
  readonly slope: readonly { readonly k: number; readonly c: number }[];
  /** Entries u ≤ v. */
  readonly curvature: readonly { readonly u: number; readonly v: number; readonly c: number }[];
}

/**
 * Raising ones are what has to be chosen: either linear piece is a lower bound of σ, so that with any choice the margins are at least what it
 * says. Of a lowering one the worse piece counts, which is convex. A mixed one is chosen with its sign.
 */
type Effect = "none" | "raising" | "lowering" | "mixed";

/** The sign of each unit's pre-activation, 0 where it is open. */
export type Signs = readonly (1 | 0 | -1)[];

/** The model with the given kinks as variables; all others are to make no difference. */
export function kinkModel<E>(frame: Frame<E>, kinks: readonly UnitAtSample[]): KinkModel {
  const { instance, active } = frame.facts;
  const { field: K, network, point } = instance;
  const moving = parametersOf(network, frame.scope);
  const units = [...kinks].sort((a, b) => a.layer - b.layer);
  const still = unitsWithoutInfluence(frame, units);
  const cell = cellOf(
    frame,
    still.map((at) => ({ at, orientation: -1 as const })),
  );
  const { constraints, grades } = localOn(frame, cell, units);
  const own = [...grades.keys()].sort((a, b) => a - b);
  const variables = [...moving, ...own];
  const position = new Map(variables.map((v, k) => [v, k]));
  const formOf = (p: MultivariatePolynomial<E>, scale: number): Form => ({
    slope: gradientAtOrigin(K, p, variables).flatMap((c, k) => (K.isZero(c) ? [] : [{ k, c: scale * K.toNumber(c) }])),
    curvature: hessianEntries(K, p).map(({ u, v, entry }) => {
      const [a, b] = [position.get(u)!, position.get(v)!];
      return { u: Math.min(a, b), v: Math.max(a, b), c: scale * K.toNumber(entry) };
    }),
  });
  const first = constraints.length - 2 * units.length;
  const margins = active.map((_, j) => {
    const size = sizeOf(K, gradientAtOrigin(K, constraints[j]!, variables));
    return formOf(constraints[j]!, K.toNumber(binaryScale(K, size)));
  });
  // The form of a unit is a − z.
  const forms = units.map((_, k): Form => {
    const { slope, curvature } = formOf(constraints[first + 2 * k]!, -1);
    return { slope: slope.filter((one) => one.k !== moving.length + k), curvature };
  });
  const theta = toNumbers(
    K,
    moving.map((k) => point[k]!),
  );
  return {
    theta,
    units,
    slopes: units.map(({ layer }) => K.toNumber(K.fromRational(network.slopes[layer]!))),
    forms,
    margins,
    effects: effectsOf(theta.length, forms, margins),
  };
}

/** Units without a sign at the samples of active margins that are not among these: they make no difference, and count as off. */
function unitsWithoutInfluence<E>({ facts, layers }: Frame<E>, units: readonly UnitAtSample[]): UnitAtSample[] {
  const { instance, margins, active, passes } = facts;
  const known = new Set(units.map(keyOf));
  const samples = [...new Set(active.map((j) => margins[j]!.sample))];
  return samples.flatMap((sample) =>
    layers.slice(0, -1).flatMap((rows, layer) =>
      rows.flatMap((row, unit) => {
        const at = { sample, layer, unit };
        const isKink = instance.field.sign(passes[sample]!.preactivations[layer]![unit]!) === 0;
        return isKink && row.length > 0 && !isLinearLayer(instance.network, layer) && !known.has(keyOf(at)) ? [at] : [];
      }),
    ),
  );
}

function effectsOf(moving: number, forms: readonly Form[], margins: readonly Form[]): Effect[] {
  const effects: Effect[] = forms.map(() => "none");
  for (let k = forms.length - 1; k >= 0; k--) {
    const ways = new Set<Effect>();
    const through = (form: Form, effect: Effect) => {
      const c = form.slope.find((one) => one.k === moving + k)?.c ?? 0;
      if (c === 0 || effect === "none") return;
      ways.add(effect === "mixed" || c > 0 ? effect : effect === "raising" ? "lowering" : "raising");
    };
    for (const margin of margins) through(margin, "raising");
    for (let above = k + 1; above < forms.length; above++) through(forms[above]!, effects[above]!);
    const [only] = ways;
    effects[k] = ways.size > 1 ? "mixed" : (only ?? "none");
  }
  return effects;
}

/** What is known on some pieces together, those that have the signs that are chosen. */
export interface Pieces {
  readonly signs: Signs;
  /** The distance of θ from the cone of the rows, relative to |θ|: nearly 0 where no direction descends to first order. */
  readonly distance: number;
  /** The steepest direction that no row lowers, with the values that kinks have in it. */
  readonly direction: readonly number[];
  readonly rows: readonly Row[];
  /** In x, where the values of chosen units are replaced by theirs. */
  readonly vectors: readonly (readonly number[])[];
  readonly goal: readonly number[];
  /** The multiplier of each row. */
  readonly weights: readonly number[];
}

type Row =
  | { readonly kind: "margin"; readonly margin: number }
  /** Of an open unit, a ≥ z or a ≥ slope z; or of a chosen one, its sign. */
  | { readonly kind: "on" | "off" | "sign"; readonly unit: number };

/** θ against the cone of the rows, where the values of open units that raise are bounded from below alone. */
function project(model: KinkModel, signs: Signs): Pieces {
  const { theta, forms, margins, slopes, effects } = model;
  const p = theta.length;
  const size = p + forms.length;
  const values: Float64Array[] = [];
  const of = (form: Form): Float64Array => {
    const total = new Float64Array(size);
    for (const { k, c } of form.slope) {
      if (k < p) total[k]! += c;
      else for (const [i, a] of values[k - p]!.entries()) total[i]! += c * a;
    }
    return total;
  };
  const rows: Row[] = [];
  const vectors: Float64Array[] = [];
  const put = (row: Row, vector: Float64Array) => {
    rows.push(row);
    vectors.push(vector);
  };
  for (const [k, form] of forms.entries()) {
    if (effects[k] === "none") {
      values.push(new Float64Array(size));
      continue;
    }
    const z = of(form);
    const sign = signs[k]!;
    if (sign === 0) {
      const a = new Float64Array(size);
      a[p + k] = 1;
      values.push(a);
      put(
        { kind: "on", unit: k },
        a.map((c, i) => c - z[i]!),
      );
      put(
        { kind: "off", unit: k },
        a.map((c, i) => c - slopes[k]! * z[i]!),
      );
    } else {
      values.push(sign > 0 ? z : z.map((c) => slopes[k]! * c));
      if (effects[k] === "mixed")
        put(
          { kind: "sign", unit: k },
          z.map((c) => sign * c),
        );
    }
  }
  for (const [j, form] of margins.entries()) put({ kind: "margin", margin: j }, of(form));
  const goal = [...theta, ...forms.map(() => 0)];
  const dense = vectors.map((v) => [...v]);
  const weights = quadraticAscent(
    dense,
    dense.map((v) => dotNumbers(v, goal)),
  );
  const direction = goal.map((c) => -c);
  for (const [k, w] of weights.entries()) if (w !== 0) for (const [i, c] of dense[k]!.entries()) direction[i]! += w * c;
  const distance = normOf(direction) / (normOf(theta) || 1);
  return { signs, rows, vectors: dense, goal, weights, direction, distance };
}

/** Below this θ counts as a combination of the rows. */
const STATIONARY = 1e-7;
const TINY = 1e-9;
const MOST_CLIMBS = 10;
/** Choices to begin with: all on, all off, and random ones. */
const STARTS = 8;

/** The values of z at kinks along d, by layers; where a sign is chosen, that piece goes on. */
function valuesAlong({ theta, forms, slopes }: KinkModel, d: readonly number[], signs: Signs | null = null) {
  const p = theta.length;
  const x = [...d.slice(0, p), ...forms.map(() => 0)];
  const factors: number[] = [];
  const z = forms.map((form, k) => {
    let total = 0;
    for (const one of form.slope) total += one.c * x[one.k]!;
    const factor = (signs?.[k] || total) > 0 ? 1 : slopes[k]!;
    factors.push(factor);
    x[p + k] = factor * total;
    return total;
  });
  return { x, z, factors };
}

/** Directions of descent to first order, by branch and bound over the units whose signs have to be chosen. */
export function* steepDirections(
  model: KinkModel,
  most: number,
  progress: (splits: number) => void,
): Generator<readonly number[], { readonly flat: readonly Pieces[]; readonly isComplete: boolean }> {
  const { effects, slopes, theta } = model;
  const isChosen = effects.map((effect) => effect === "raising" || effect === "mixed");
  const signsAlong = (d: readonly number[]): Signs =>
    valuesAlong(model, d).z.map((z, k) => (isChosen[k] ? (z > 0 ? 1 : -1) : 0));
  const climb = (start: Signs): Pieces | null => {
    let best: Pieces | null = null;
    for (let signs = start, round = 0; round < MOST_CLIMBS; round++) {
      const here = project(model, signs);
      if (here.distance <= STATIONARY + (best?.distance ?? 0)) break;
      best = here;
      const next = signsAlong(here.direction);
      if (next.every((sign, k) => sign === signs[k])) break;
      signs = next;
    }
    return best;
  };
  const root = project(
    model,
    effects.map(() => 0),
  );
  const flat: Pieces[] = [];
  const open: Pieces[] = [];
  const put = (one: Pieces) => (one.distance > STATIONARY ? open : flat).push(one);
  put(root);
  const random = uniform(3);
  if (open.length > 0)
    for (let k = 0; k < STARTS; k++) {
      const found = climb(effects.map((_, at) => (!isChosen[at] ? 0 : k === 0 || (k > 1 && random() < 0.5) ? 1 : -1)));
      if (found !== null) yield found.direction.slice(0, theta.length);
    }
  for (let tried = 0; open.length > 0; ) {
    open.sort((a, b) => a.distance - b.distance);
    const pieces = open.pop()!;
    const { z } = valuesAlong(model, pieces.direction);
    const gap = (k: number) =>
      isChosen[k] && pieces.signs[k] === 0
        ? pieces.direction[theta.length + k]! - Math.max(z[k]!, slopes[k]! * z[k]!)
        : -Infinity;
    const found = climb(pieces.signs.map((sign, k) => sign || (isChosen[k] ? (z[k]! > 0 ? 1 : -1) : 0)));
    if (found !== null) yield found.direction.slice(0, theta.length);
    const loosest = effects.reduce((best, _, k) => (gap(k) > (best < 0 ? -Infinity : gap(best)) ? k : best), -1);
    if (loosest < 0) continue; // all is chosen, and what it gave was refused
    if (++tried > most) return { flat, isComplete: false };
    progress(tried);
    for (const sign of [1, -1] as const)
      put(
        project(
          model,
          pieces.signs.map((other, k) => (k === loosest ? sign : other)),
        ),
      );
  }
  return { flat, isComplete: true };
}

/** The Lagrangian to second order on some pieces, with some multipliers, and the constraints of the critical cone. */
interface Lagrangian {
  readonly entries: readonly { readonly u: number; readonly v: number; readonly c: number }[];
  /** Which margins, and which sides of a unit's kink, multipliers hold fast. */
  readonly fast: ReadonlySet<string>;
}

const BINDING = 1e-7;

function lagrangian(
  { theta, forms, margins, slopes }: KinkModel,
  { rows, signs }: Pieces,
  weights: readonly number[],
): Lagrangian {
  const p = theta.length;
  const entries: { u: number; v: number; c: number }[] = theta.map((_, k) => ({ u: k, v: k, c: 1 }));
  const add = (form: Form, w: number) => {
    // ½ dᵀ(…)d is meant, so that an entry off the diagonal counts once for both.
    if (w !== 0) for (const { u, v, c } of form.curvature) entries.push({ u, v, c: u === v ? -w * c : -2 * w * c });
  };
  // How much the Lagrangian gains with the value of each unit, from the margins down.
  const gains = new Float64Array(forms.length);
  const through = (form: Form, w: number) => {
    if (w !== 0) for (const { k, c } of form.slope) if (k >= p) gains[k - p]! += w * c;
  };
  const own = forms.map(() => ({ on: 0, off: 0, sign: 0 }));
  const fast = new Set<string>();
  for (const [at, row] of rows.entries()) {
    const w = weights[at]!;
    if (row.kind === "margin") {
      add(margins[row.margin]!, w);
      through(margins[row.margin]!, w);
      if (w > BINDING) fast.add(`margin ${row.margin}`);
    } else {
      own[row.unit]![row.kind] = w;
      if (w > BINDING) fast.add(`${row.kind} ${row.unit}`);
    }
  }
  for (let k = forms.length - 1; k >= 0; k--) {
    const { on, off, sign } = own[k]!;
    const share =
      signs[k] !== 0 ? (signs[k]! > 0 ? 1 : slopes[k]!) : on + off > 0 ? (on + slopes[k]! * off) / (on + off) : 0;
    const w = gains[k]! * share + sign * signs[k]!;
    add(forms[k]!, w);
    through(forms[k]!, w);
  }
  return { entries, fast };
}

/** A linear condition on x, in d and the values of kinks. */
interface Condition {
  readonly form: Form;
  /** That the form is to have. */
  readonly sign: 1 | -1;
}

interface CriticalCone {
  readonly equations: readonly Form[];
  readonly conditions: readonly Condition[];
  /** With those of units of which multipliers hold one side fast. */
  readonly signs: Signs;
}

/** What all multipliers that are known hold fast. */
function criticalCone({ forms, margins }: KinkModel, { signs }: Pieces, all: readonly Lagrangian[]): CriticalCone {
  const isFast = (key: string) => all.some(({ fast }) => fast.has(key));
  const equations: Form[] = [];
  const conditions: Condition[] = [];
  for (const [j, form] of margins.entries()) {
    if (isFast(`margin ${j}`)) equations.push(form);
    else conditions.push({ form, sign: 1 });
  }
  const fixed = signs.map((sign, k) => {
    const [on, off] = [isFast(`on ${k}`), isFast(`off ${k}`)];
    if (sign !== 0) {
      if (isFast(`sign ${k}`)) equations.push(forms[k]!);
      return sign;
    }
    if (on && off) equations.push(forms[k]!);
    else if (on || off) conditions.push({ form: forms[k]!, sign: on ? 1 : -1 });
    return on ? 1 : off ? -1 : 0;
  });
  return { equations, conditions, signs: fixed };
}

const MOST_CUTS = 5;
/** How much margins gain over the distance, where multipliers are to refute a direction. */
const NUDGE = 1e-3;
const MOST_CANDIDATES = 6;
const NEARLY_TIGHT = 1e-5;
/** Curvature above this is not negative. */
const NEARLY_FLAT = 1e-9;

export interface Bends {
  /** Unit directions of negative curvature, the most negative first. */
  readonly directions: readonly (readonly number[])[];
  /** Whether there are no others, up to rounding: all that is left to signs has been tried. */
  readonly isComplete: boolean;
}

/** Searches curvature over some pieces where no direction descends to first order. */
export function bentDirections(model: KinkModel, pieces: Pieces): Bends {
  const first = lagrangian(model, pieces, pieces.weights);
  const sleepers = sleepersIn(model, pieces, first);
  const waking = wakingDirections(model, sleepers);
  const asleep = new Set(sleepers.flatMap(({ kinks }) => kinks.map((k) => model.theta.length + k)));
  const awake = { ...first, entries: first.entries.filter(({ v }) => !asleep.has(v)) };
  let { directions, isComplete } = flattest(model, pieces, [awake], []);
  directions = [...waking, ...directions];
  isComplete &&= sleepers.length === 0;
  // Against several multipliers everything counts at once.
  const known = [first];
  const starts: (readonly number[])[] = [];
  for (let cut = 0; ; cut++) {
    const found = directions.slice(0, MOST_CANDIDATES);
    const refuted = found.map((d) => refuting(model, pieces, d));
    const left = found.filter((_, k) => refuted[k] === null);
    const next = refuted.find((one) => one !== null);
    if (left.length > 0 || next === undefined || next === null || cut >= MOST_CUTS)
      return { directions: left, isComplete: isComplete && cut < MOST_CUTS };
    starts.push(...found);
    known.push(next);
    ({ directions, isComplete } = flattest(model, pieces, known, joined(starts)));
  }
}

function joined(starts: readonly (readonly number[])[]): number[][] {
  if (starts.length === 0) return [];
  return [...starts.map((d) => [...d]), starts[0]!.map((_, k) => starts.reduce((t, d) => t + d[k]!, 0))];
}

/** The parts of the Lagrangian that hang together with nothing else and are of that form. */
function sleepersIn(model: KinkModel, { signs }: Pieces, { entries }: Lagrangian): Sleeper[] {
  const { theta, forms, margins, slopes, effects } = model;
  const p = theta.length;
  const asleep = forms.flatMap((_, k) => (effects[k] === "none" && signs[k] === 0 ? [k] : []));
  const group = new Map<number, number>();
  const root = (v: number): number => {
    let at = v;
    while ((group.get(at) ?? at) !== at) at = group.get(at)!;
    return at;
  };
  const join = (a: number, b: number) => group.set(root(a), root(b));
  for (const k of asleep) for (const one of forms[k]!.slope) join(p + k, one.k);
  for (const { u, v, c } of entries) if (c !== 0) join(u, v);
  const isTied = new Set<number>();
  const tie = (form: Form) => {
    for (const { k } of form.slope) isTied.add(root(k));
  };
  for (const form of margins) tie(form);
  for (const [k, form] of forms.entries()) if (effects[k] !== "none" || signs[k] !== 0) tie(form);
  const kinks = new Map<number, number[]>();
  for (const k of asleep) kinks.set(root(p + k), [...(kinks.get(root(p + k)) ?? []), k]);
  return [...kinks].flatMap(([at, own]): Sleeper[] => {
    if (isTied.has(at)) return [];
    const incoming = [...new Set(own.flatMap((k) => forms[k]!.slope.map((one) => one.k)))];
    const pairs = entries.filter(({ u, v }) => root(u) === at && u !== v);
    const outgoing = [...new Set(pairs.map(({ u }) => u))];
    const isBilinear =
      incoming.every((k) => k < p && !outgoing.includes(k)) &&
      pairs.every(({ u, v }) => u < p && v >= p) &&
      entries.every(({ u, v, c }) => root(u) !== at || u !== v || (u < p && c === 1));
    if (!isBilinear) return [];
    return [
      {
        kinks: own,
        incoming,
        outgoing,
        slopes: own.map((k) => slopes[k]!),
        inputs: own.map((k) => incoming.map((v) => forms[k]!.slope.find((one) => one.k === v)?.c ?? 0)),
        gains: outgoing.map((e) =>
          own.map((k) => pairs.reduce((t, { u, v, c }) => (u === e && v === p + k ? t - c / 2 : t), 0)),
        ),
      },
    ];
  });
}

/** Directions that wake one unit: |w|² + |e|² − 2 e·f(w) is negative for some e iff |f(w)| > |w|. */
function wakingDirections(model: KinkModel, sleepers: readonly Sleeper[]): number[][] {
  const found = sleepers.flatMap((sleeper) => {
    const { w, gains } = loudest(sleeper);
    const [size, gain] = [normOf(w), normOf(gains)];
    if (!(gain > size * (1 + NEARLY_FLAT))) return [];
    const d = new Array<number>(model.theta.length).fill(0);
    for (const [at, k] of sleeper.incoming.entries()) d[k] = w[at]! / (size * Math.SQRT2);
    for (const [at, k] of sleeper.outgoing.entries()) d[k] = gains[at]! / (gain * Math.SQRT2);
    return [{ d, ratio: gain / size }];
  });
  return found.sort((a, b) => b.ratio - a.ratio).map(({ d }) => d);
}
/** Multipliers that refute a direction: of those that combine θ nearly, ones that gain most by its curvature. */
function refuting(model: KinkModel, pieces: Pieces, d: readonly number[]): Lagrangian | null {
  const { forms, margins } = model;
  const { x } = valuesAlong(model, d, pieces.signs);
  const bend = ({ curvature }: Form) =>
    curvature.reduce((t, { u, v, c }) => t + (u === v ? c / 2 : c) * x[u]! * x[v]!, 0);
  const { vectors, goal } = pieces;
  const gains = vectors.map((v, k) => {
    const row = pieces.rows[k]!;
    if (Math.abs(dotNumbers(v, x)) > NEARLY_TIGHT * normOf(v)) return -1;
    const gain =
      row.kind === "margin"
        ? bend(margins[row.margin]!)
        : row.kind === "sign"
          ? pieces.signs[row.unit]! * bend(forms[row.unit]!)
          : (row.kind === "on" ? -1 : -model.slopes[row.unit]!) * bend(forms[row.unit]!);
    return dotNumbers(v, goal) + NUDGE * gain;
  });
  const other = lagrangian(model, pieces, quadraticAscent(vectors, gains));
  return curvatureAlong(other, x) > -TINY ? other : null;
}

function curvatureAlong({ entries }: Lagrangian, x: readonly number[]): number {
  return entries.reduce((t, { u, v, c }) => t + c * x[u]! * x[v]!, 0);
}

const RANDOM_STARTS = 16;
const MOST_STEPS = 300;
const MOST_TURNS = 6;

/**
 * On the pieces of given and random directions, and on those that come next, the lowest eigenvector that multipliers leave; where its value is
 * negative it is followed downhill, across pieces and with the conditions.
 */
function flattest(
  model: KinkModel,
  pieces: Pieces,
  known: readonly Lagrangian[],
  given: readonly (readonly number[])[],
): Bends {
  const p = model.theta.length;
  const cone = criticalCone(model, pieces, known);
  const { signs, equations } = cone;
  const basisOn = equationsOn(model, equations);
  // What is negative for all multipliers is so for their mean.
  const mean = known.flatMap(({ entries }) => entries.map((one) => ({ ...one, c: one.c / known.length })));
  const used = [...mean.map(({ v }) => v), ...equations.flatMap(({ slope }) => slope.map(({ k }) => k))];
  const isSmooth = used.every((v) => v < p || signs[v - p] !== 0);
  const random = gaussian(uniform(7));
  const results = new Map<string, { d: readonly number[]; value: number }>();
  const seen = new Set<string>();
  for (let start = 0; start < (isSmooth ? 1 : given.length + RANDOM_STARTS); start++) {
    let d: readonly number[] = given[start] ?? Array.from({ length: p }, () => random());
    for (let turn = 0; turn < MOST_TURNS; turn++) {
      const { factors } = valuesAlong(model, d, signs);
      const key = factors.join();
      if (seen.has(key)) break;
      seen.add(key);
      const lowest = lowestOn(model, factors, mean, basisOn(factors), random);
      if (lowest === null || lowest.value > -NEARLY_FLAT) break;
      const ends = [lowest.d, lowest.d.map((c) => -c)].map((from) => downhill(model, cone, basisOn, known, from));
      for (const end of ends) {
        if (end === null || end.value > -NEARLY_FLAT) continue;
        const place = valuesAlong(model, end.d, signs).z.map((z) => (Math.abs(z) < NEARLY_TIGHT ? 0 : Math.sign(z)));
        const other = results.get(place.join());
        if (other === undefined || other.value > end.value) results.set(place.join(), end);
      }
      const values = ends.map((end) => end?.value ?? Infinity);
      d = ends[values[0]! <= values[1]! ? 0 : 1]?.d ?? lowest.d;
    }
  }
  const directions = [...results.values()].sort((a, b) => a.value - b.value).map(({ d }) => d);
  return { directions, isComplete: isSmooth };
}

/** The equations in d on a piece, orthonormal. */
function equationsOn(
  model: KinkModel,
  equations: readonly Form[],
): (factors: readonly number[]) => readonly number[][] {
  const size = model.theta.length + model.forms.length;
  const known = new Map<string, number[][]>();
  const used = new Set(equations.flatMap(({ slope }) => slope.map(({ k }) => k - model.theta.length)));
  // A list is walked together with what is added on the way.
  for (const k of used) for (const one of model.forms[k]?.slope ?? []) used.add(one.k - model.theta.length);
  return (factors) => {
    const key = factors.filter((_, k) => used.has(k)).join();
    const basis =
      known.get(key) ?? orthonormalBasis(equations.map((form) => backThrough(model, factors, slopeOf(form, size))));
    known.set(key, basis);
    return basis;
  };
}

const MOST_KRYLOV = 80;

/** The lowest eigenvalue of a form on a piece, orthogonal to a basis, by Lanczos with all vectors kept orthogonal. */
function lowestOn(
  model: KinkModel,
  factors: readonly number[],
  entries: Lagrangian["entries"],
  basis: readonly (readonly number[])[],
  random: () => number,
): { readonly value: number; readonly d: number[] } | null {
  const { theta, forms } = model;
  const p = theta.length;
  const away = (v: number[], from: readonly (readonly number[])[]) => {
    for (const b of from) {
      const c = dotNumbers(b, v);
      if (c !== 0) for (let k = 0; k < p; k++) v[k]! -= c * b[k]!;
    }
    return v;
  };
  const unit = (v: number[]) => {
    const size = normOf(v);
    return size < TINY ? null : v.map((c) => c / size);
  };
  const applyTo = (d: readonly number[]) => {
    const x = [...d, ...forms.map(() => 0)];
    for (const [k, form] of forms.entries()) for (const one of form.slope) x[p + k]! += factors[k]! * one.c * x[one.k]!;
    const slope = new Array<number>(x.length).fill(0);
    for (const { u, v, c } of entries) {
      slope[u]! += (c / 2) * x[v]!;
      slope[v]! += (c / 2) * x[u]!;
    }
    return backThrough(model, factors, slope);
  };
  const vectors: number[][] = [];
  const diagonal: number[] = [];
  const beside: number[] = [];
  let next = unit(
    away(
      Array.from({ length: p }, () => random()),
      basis,
    ),
  );
  while (next !== null && vectors.length < MOST_KRYLOV) {
    vectors.push(next);
    const image = applyTo(next);
    diagonal.push(dotNumbers(image, next));
    away(away(image, [...basis, ...vectors]), [...basis, ...vectors]);
    beside.push(normOf(image));
    next = unit(image);
  }
  if (vectors.length === 0) return null;
  const T = vectors.map((_, i) =>
    vectors.map((__, j) => (i === j ? diagonal[i]! : Math.abs(i - j) === 1 ? beside[Math.min(i, j)]! : 0)),
  );
  const { values, vectors: own } = symmetricEigen(T);
  const d = new Array<number>(p).fill(0);
  for (const [i, v] of vectors.entries()) for (let k = 0; k < p; k++) d[k]! += own[0]![i]! * v[k]!;
  return { value: values[0]!, d };
}

/** From a direction to one where the largest of the forms is as negative as near by, with penalties for the conditions. */
function downhill(
  model: KinkModel,
  { signs, conditions }: CriticalCone,
  basisOn: (factors: readonly number[]) => readonly number[][],
  known: readonly Lagrangian[],
  start: readonly number[],
): { readonly d: readonly number[]; readonly value: number } | null {
  const { theta, forms } = model;
  const p = theta.length;
  const at = (wanted: readonly number[]) => {
    let d = wanted;
    for (const b of basisOn(valuesAlong(model, d, signs).factors)) {
      const c = dotNumbers(b, d);
      if (c !== 0) d = d.map((one, k) => one - c * b[k]!);
    }
    const size = normOf(d);
    if (size < TINY) return null;
    d = d.map((c) => c / size);
    return { d, ...valuesAlong(model, d, signs) };
  };
  type Place = NonNullable<ReturnType<typeof at>>;
  const judge = ({ x }: Place, penalty: number) => {
    const values = known.map((one) => curvatureAlong(one, x));
    const value = Math.max(...values);
    let violation = 0;
    for (const { form, sign } of conditions) {
      const s = form.slope.reduce((t, { k, c }) => t + c * x[k]!, 0);
      if (sign * s < 0) violation += s * s;
    }
    return { value, worst: values.indexOf(value), violation, total: value + penalty * violation };
  };
  let penalty = 1;
  let rate = 0.1;
  const first = at(start);
  if (first === null) return null;
  let here: Place = first;
  let now = judge(here, penalty);
  for (let step = 0; step < MOST_STEPS; step++) {
    const { x, factors, d } = here;
    const slope = new Array<number>(p + forms.length).fill(0);
    for (const { u, v, c } of known[now.worst]!.entries) {
      slope[u]! += c * x[v]!;
      slope[v]! += c * x[u]!;
    }
    for (const { form, sign } of conditions) {
      const s = form.slope.reduce((t, { k, c }) => t + c * x[k]!, 0);
      if (sign * s < 0) for (const { k, c } of form.slope) slope[k]! += 2 * penalty * s * c;
    }
    const back = backThrough(model, factors, slope);
    let moved = false;
    for (; rate > 1e-7; rate /= 2) {
      const next = at(d.map((c, k) => c - rate * back[k]!));
      if (next === null) continue;
      const then = judge(next, penalty);
      if (then.total > now.total - 1e-12) continue;
      moved = now.total - then.total > 1e-9 * (1 + Math.abs(now.total));
      [here, now] = [next, then];
      rate *= 1.5;
      break;
    }
    if (!moved) {
      if (now.violation < TINY || penalty > 1e6) break;
      penalty *= 10;
      rate = 0.1 / penalty;
      now = judge(here, penalty);
    }
  }
  return now.violation > 1e-6 ? null : { d: here.d, value: now.value };
}

function slopeOf({ slope }: Form, size: number): number[] {
  const dense = new Array<number>(size).fill(0);
  for (const { k, c } of slope) dense[k]! += c;
  return dense;
}

/** The derivative by d of what has this derivative by x, on a piece. */
function backThrough({ theta, forms }: KinkModel, factors: readonly number[], slope: readonly number[]): number[] {
  const p = theta.length;
  const total = [...slope];
  for (let k = forms.length - 1; k >= 0; k--) {
    const c = total[p + k]! * factors[k]!;
    if (c !== 0) for (const one of forms[k]!.slope) total[one.k]! += c * one.c;
  }
  return total.slice(0, p);
}

/** The signs that pre-activations of a sample have on the way from θ along d, to second order; 1 where they stay 0. */
export function signsAlong<E>({ instance, passes }: Facts<E>, moving: readonly number[], d: readonly number[]) {
  const { field: K, network, data } = instance;
  const { point, frozen } = approximate(instance);
  const change = new Map(moving.map((k, at) => [k, d[at]!]));
  const weights = [...point, ...frozen];
  const known = new Map<number, Sign[][]>();
  const of = (sample: number): Sign[][] => {
    let values: readonly Jet[] = data[sample]!.x.map((c) => [K.toNumber(c), 0, 0]);
    return network.layers.slice(0, -1).map((rows, layer) => {
      const slope = K.toNumber(K.fromRational(network.slopes[layer]!));
      const jets = rows.map((row): Jet => {
        const total: [number, number, number] = [0, 0, 0];
        for (const { from, weight } of row) {
          const [w, e, value] = [weights[weight]!, change.get(weight) ?? 0, values[from]!];
          total[0] += w * value[0];
          total[1] += w * value[1] + e * value[0];
          total[2] += w * value[2] + e * value[1];
        }
        return total;
      });
      const signs = jets.map(([, first, second], unit): Sign => {
        const here = K.sign(passes[sample]!.preactivations[layer]![unit]!);
        if (here !== 0) return here;
        const counts = [first, second].find((c) => Math.abs(c) > TINY) ?? 1;
        return counts > 0 ? 1 : -1;
      });
      values = isLinearLayer(network, layer)
        ? jets
        : jets.map(([a, b, c], unit): Jet => (signs[unit]! > 0 ? [a, b, c] : [slope * a, slope * b, slope * c]));
      return signs;
    });
  };
  return ({ sample, layer, unit }: UnitAtSample): 1 | -1 => {
    const signs = known.get(sample) ?? of(sample);
    known.set(sample, signs);
    return signs[layer]![unit]! > 0 ? 1 : -1;
  };
}

/** The value, and the first and second change, along a line. */
type Jet = readonly [number, number, number];
