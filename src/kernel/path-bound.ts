/**
 * `path-bound`: global optimality, cell by cell, or local optimality, by the cells that meet at θ. On a cell every unit keeps its sign, so that Φ is a sum over paths from the first
 * layer to the output, linear in each layer; Σ α_i y_i Φ is then at most C (‖θ'‖²/m)^{m/2}, where C is read off the coefficients
 * of the paths, and each cell has its own α. (`proofs/theory.md`.)
 */
import type { Instance, Of, Orientation, Reach, UnitAtSample } from "../certificate/format.js";
import { compare, squaredNorm, sum } from "../exact/field.js";
import { isPositiveSemidefinite } from "../exact/linear.js";
import { rational } from "../exact/rational.js";
import { isUnshared, type Network, parametersOf } from "../problem/network.js";
import { ensure } from "./ensure.js";
import { ensureFeasible } from "./feasible.js";
import { linearForms, type Pattern, passAt, passOnPiece, unitText } from "./forward.js";
import { ensureExclusions, influentialUnits, orientations, signOfSum } from "./pieces.js";

/** More paths than this are refused. */
const MAX_PATHS = 4096;

/** What the cells choose from, and what may be added to a cell's bound. */
export interface PathFrame {
  readonly reach: Reach;
  /** The first layer's pre-activations, by sample and unit; then, as units of sample −1, the parameters above the first layer. */
  readonly signs: readonly UnitAtSample[];
  /** With reach `local`, those that are not 0 at θ. */
  readonly fixed: readonly (Orientation | null)[];
  /** A pre-activation of the first layer, by its place among the signs, times the weights of a path from its unit to the output. */
  readonly links: readonly { readonly sign: number; readonly path: readonly number[] }[];
}

/** A linear network has one cell, and nothing to add. */
export function pathFrame<E>(instance: Instance<E>, reach: Reach): PathFrame {
  const { network, field: K, data, point } = instance;
  if (network.activation.kind === "linear") return { reach, signs: [], fixed: [], links: [] };
  const [first] = influentialUnits(instance, null);
  const units = data.flatMap((_, sample) => {
    const forms = first === undefined ? [] : linearForms(instance, sample, 0);
    return forms.flatMap((form, unit) => (first![unit]! && form.size > 0 ? [{ sample, layer: 0, unit }] : []));
  });
  const weights = parametersOf(network, null).filter((k) => network.parameters[k]!.layer > 0);
  const signs = [...units, ...weights.map((k): UnitAtSample => ({ sample: -1, layer: 1, unit: k }))];
  const here = data.map((_, sample) => passAt(instance, sample, point).preactivations[0]!);
  const atPoint = signs.map(({ sample, unit }) => K.sign(sample === -1 ? point[unit]! : here[sample]![unit]!));
  return {
    reach,
    signs,
    fixed: atPoint.map((sign) => (reach === "global" || sign === 0 ? null : sign)),
    links: units.flatMap(({ unit }, sign) => pathsFrom(network, unit).map((path) => ({ sign, path }))),
  };
}

/** The distinct lists of weights, layer by layer, on the paths from a unit of the first layer to the output, in order. */
function pathsFrom({ layers }: Network, unit: number): number[][] {
  let partial: { at: number; path: number[] }[] = [{ at: unit, path: [] }];
  for (const layer of layers.slice(1)) {
    partial = partial.flatMap(({ at, path }) =>
      layer.flatMap((row, to) =>
        row.filter(({ from }) => from === at).map(({ parameter }) => ({ at: to, path: [...path, parameter] })),
      ),
    );
    ensure(partial.length <= MAX_PATHS, "limit", "too many paths");
  }
  const distinct = new Map(partial.map(({ path }) => [path.join(), path]));
  return [...distinct.values()].sort(
    (p, q) => p[p.findIndex((k, l) => k !== q[l])]! - q[p.findIndex((k, l) => k !== q[l])]!,
  );
}

/** The pattern of a sample on a cell. */
function patternOn<E>(
  instance: Instance<E>,
  { reach, signs }: PathFrame,
  chosen: readonly Orientation[],
  sample: number,
): Pattern {
  const { network, field: K, point } = instance;
  const off = network.activation.kind === "relu" ? 0 : -1;
  const weightSign = new Map<number, Orientation>();
  const unitSign = new Map<number, Orientation>();
  for (const [k, sign] of signs.entries()) {
    if (sign.sample === -1) weightSign.set(sign.unit, chosen[k]!);
    else if (sign.sample === sample) unitSign.set(sign.unit, chosen[k]!);
  }
  const influential = influentialUnits(instance, null);
  const here = passAt(instance, sample, point).preactivations;
  let below: number[] = [];
  return network.layers.slice(0, -1).map((layer, l) => {
    const z = layer.map((row, unit): number => {
      if (l === 0) return unitSign.get(unit) ?? 0;
      const sign = K.sign(here[l]![unit]!);
      if (reach === "local" && sign !== 0) return sign;
      const sum = signOfSum(row.map(({ from, parameter }) => below[from]! * (weightSign.get(parameter) ?? 0)));
      ensure(
        sum !== null || !influential[l]![unit]!,
        "path-bound.pattern",
        () => `${unitText({ sample, layer: l, unit })} has terms of both signs on a cell`,
      );
      return sum ?? 0;
    });
    below = z.map((s) => (s < 0 ? off : s));
    return z.map((s) => s > 0);
  });
}

/**
 * The coefficients of Σ α_i y_i Φ + Σ ν_k |link k| on a cell, a form in the first layer's parameters for each list of weights above:
 * per α and then per ν, from the list to the form.
 */
export function pathForms<E>(
  instance: Instance<E>,
  frame: PathFrame,
  chosen: readonly Orientation[],
): ReadonlyMap<string, ReadonlyMap<number, E>>[] {
  const { network, field: K, data, point } = instance;
  const everything = point.map((_, k) => k);
  const origin = point.map(() => K.zero);
  const margins = data.map(({ y }, i) => {
    const pattern = network.activation.kind === "linear" ? [] : patternOn(instance, frame, chosen, i);
    const forms = new Map<string, Map<number, E>>();
    for (const { variables, coefficient } of passOnPiece(instance, i, pattern, everything, origin).output.values()) {
      const [first, ...path] = variables;
      const form = forms.get(path.join()) ?? new Map<number, E>();
      forms.set(path.join(), form.set(first!, y === 1 ? coefficient : K.neg(coefficient)));
    }
    return forms;
  });
  const weightSign = new Map(frame.signs.map(({ sample, unit }, k) => [sample === -1 ? unit : null, chosen[k]!]));
  const links = frame.links.map(({ sign, path }) => {
    const { sample, unit } = frame.signs[sign]!;
    const orientation = path.reduce<number>((s, k) => s * weightSign.get(k)!, chosen[sign]!);
    const form = [...linearForms(instance, sample, 0)[unit]!].map(
      ([k, c]) => [k, orientation > 0 ? c : K.neg(c)] as const,
    );
    return new Map([[path.join(), new Map(form)]]);
  });
  return [...margins, ...links];
}

/** Whether C² (‖θ‖²/m)^m ≤ (Σα)², where C bounds the weighted sum of forms by the product of the layers' norms. */
export function isBound<E>(
  { network, field: K, point }: Instance<E>,
  forms: readonly ReadonlyMap<string, ReadonlyMap<number, E>>[],
  weights: readonly E[],
  total: E,
): boolean {
  const combined = new Map<string, Map<number, E>>();
  for (const [j, weight] of weights.entries()) {
    if (K.isZero(weight)) continue;
    for (const [path, form] of forms[j]!) {
      const own = combined.get(path) ?? new Map<number, E>();
      for (const [k, c] of form) own.set(k, K.add(own.get(k) ?? K.zero, K.mul(weight, c)));
      combined.set(path, own);
    }
  }
  const mean = K.div(squaredNorm(K, point), K.fromRational(rational(BigInt(network.layers.length))));
  const scale = network.layers.reduce((product) => K.mul(product, mean), K.one);
  const room = K.mul(total, total);
  if (isUnshared(network)) {
    const sizes = [...combined.values()].map((form) => squaredNorm(K, [...form.values()]));
    return sizes.every((size) => compare(K, K.mul(scale, size), room) <= 0);
  }
  // (Σα)² I − (‖θ‖²/m)^m M Mᵀ, with the forms as the columns of M.
  const rows = parametersOf(network, 0);
  const gram = rows.map((u) =>
    rows.map((v) => {
      const products = [...combined.values()].map((form) => K.mul(form.get(u) ?? K.zero, form.get(v) ?? K.zero));
      return K.sub(u === v ? room : K.zero, K.mul(scale, sum(K, products)));
    }),
  );
  return isPositiveSemidefinite(K, gram);
}

export function checkPathBound<E>(instance: Instance<E>, { reach, excluded, cells }: Of<"path-bound", E>): void {
  const { field: K, point } = instance;
  ensureFeasible(instance, point, "path-bound.feasible");
  ensureExclusions(instance, excluded, null);
  const frame = pathFrame(instance, reach);
  const byOrientation = new Map(cells.map((cell) => [cell.orientations.join(), cell]));
  let covered = 0;
  for (const chosen of orientations(frame.signs, frame.fixed, excluded)) {
    const cell = byOrientation.get(chosen.join());
    ensure(
      cell !== undefined,
      "path-bound.cells",
      () => `no evidence for the cell ${chosen.map((s) => (s > 0 ? "+" : "-")).join("")}`,
    );
    covered++;
    const { multipliers, signMultipliers } = cell;
    ensure(signMultipliers.length === frame.links.length, "path-bound.shape", `a cell has ${frame.links.length} links`);
    const weights = [...multipliers, ...signMultipliers];
    const total = sum(K, multipliers);
    ensure(
      weights.every((c) => K.sign(c) >= 0) && K.sign(total) > 0,
      "path-bound.multiplier",
      "a multiplier is negative, or all are 0",
    );
    const forms = pathForms(instance, frame, chosen);
    ensure(isBound(instance, forms, weights, total), "path-bound.value", "C²(‖θ‖²/m)^m exceeds (Σα)² on a cell");
  }
  ensure(covered === cells.length, "path-bound.cells", "there is evidence for a cell that is not there, or twice");
}
