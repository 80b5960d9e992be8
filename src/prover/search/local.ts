/** The cells around θ, as the search uses them: the units whose signs matter, and the constraints with their derivatives. */
import { sum } from "../../exact/field.js";
import { gradientAtOrigin, hessianEntries, type MultivariatePolynomial } from "../../exact/multivariate.js";
import { type Cell, cellOf, type Frame, type SampleOnCell } from "../../kernel/explore.js";
import type { Facts } from "../../kernel/facts.js";
import type { UnitAtSample } from "../../kernel/forward.js";
import { localOn } from "../../kernel/statements/strict-local.js";
import { type Margin, weightsOf } from "../../network/instance.js";
import { isLinearLayer, parametersOf, type Scope } from "../../network/network.js";
import { normalized, orthonormalBasis } from "./numeric.js";

/** The cells of a neighbourhood of θ. */
export function nearPoint<E>(facts: Facts<E>, scope: Scope): Frame<E> {
  return { facts, layers: facts.instance.network.layers, scope, reach: "near", from: "point" };
}

/** Whether what a connection of a layer with this weight brings up makes a difference. */
export type Counts = (weight: number, layer: number) => boolean;

/** Every weight counts that may move or is not zero. */
export function mayCount<E>(frame: Frame<E>): Counts {
  const moving = new Set(parametersOf(frame.facts.instance.network, frame.scope));
  const now = countsNow(frame);
  return (weight, layer) => moving.has(weight) || now(weight, layer);
}

/** Every weight counts that is not zero at θ: all that matters to first order. */
export function countsNow<E>({ facts: { instance } }: Frame<E>): Counts {
  const isZero = weightsOf(instance, instance.point).map(instance.field.isZero);
  return (weight) => !isZero[weight];
}

/** The units without a sign on a cell that the margins, all of one sample, depend on there, from the lowest layer up. */
function openUnits<E>(
  { facts, layers }: Frame<E>,
  pass: SampleOnCell<E>,
  margins: readonly Margin[],
  counts: Counts,
): UnitAtSample[] {
  const { sample } = margins[0]!;
  const open: UnitAtSample[] = [];
  let needed = [...new Set(margins.flatMap(({ plus, minus }) => [plus, minus].filter((unit) => unit !== null)))];
  for (let layer = layers.length - 2; layer >= 0; layer--) {
    const units = pass.layers[layer]!;
    const connections = needed.flatMap((unit) => layers[layer + 1]![unit]!);
    const below = connections.filter(({ from, weight }) => units[from]!.output === null && counts(weight, layer + 1));
    needed = [...new Set(below.map(({ from }) => from))].sort((a, b) => a - b);
    if (isLinearLayer(facts.instance.network, layer)) continue;
    open.unshift(...needed.flatMap((unit) => (units[unit]!.sign === null ? [{ sample, layer, unit }] : [])));
  }
  return open;
}

/** The units without a sign that active margins depend on, at all samples. */
export function openKinks<E>(frame: Frame<E>, cell: Cell<E>, counts: Counts): UnitAtSample[] {
  const active = frame.facts.active.map((j) => frame.facts.margins[j]!);
  return [...new Set(active.map(({ sample }) => sample))].flatMap((sample) => {
    const own = active.filter((margin) => margin.sample === sample);
    return openUnits(frame, cell.sample(sample), own, counts);
  });
}

/** For growing a tree: the first unit without a sign on the cell that one of the margins depends on and that is asked for. */
export function nextOpen<E>(
  frame: Frame<E>,
  margins: readonly Margin[],
  counts: Counts,
  isAskedFor: (unit: UnitAtSample) => boolean = () => true,
): (cell: Cell<E>) => UnitAtSample | null {
  // The pass of a sample is the same object on all cells that agree on it.
  const known = margins.map(() => new WeakMap<SampleOnCell<E>, UnitAtSample | null>());
  return (cell) => {
    for (const [k, margin] of margins.entries()) {
      const pass = cell.sample(margin.sample);
      let next = known[k]!.get(pass);
      if (next === undefined) {
        next = openUnits(frame, pass, [margin], counts).find(isAskedFor) ?? null;
        known[k]!.set(pass, next);
      }
      if (next !== null) return next;
    }
    return null;
  };
}

/**
 * Whether the signs that these margins depend on make more cells than so many for certain: linear forms that are independent, in floating point,
 * make all cells that their signs could. Told where only the last hidden layer has kinks: below others a unit need not be asked for.
 */
export function hasMoreCells<E>(frame: Frame<E>, own: readonly number[], most: number): boolean {
  const { instance, margins } = frame.facts;
  const { field: K, network } = instance;
  const layer = network.layers.length - 2;
  if (layer < 0 || network.slopes.some((_, l) => l < layer && !isLinearLayer(network, l))) return false;
  const root = cellOf(frame, []);
  const counts = mayCount(frame);
  const seen = new Set(
    (network.layers[layer + 1] ?? []).flat().flatMap(({ from, weight }) => (counts(weight, layer + 1) ? [from] : [])),
  );
  const samples = new Set(own.map((j) => margins[j]!.sample));
  const forms = [...samples].flatMap((sample) =>
    (root.sample(sample).layers[layer] ?? []).flatMap(({ z, sign }, unit) => {
      if (sign !== null || z === null || !seen.has(unit)) return [];
      return [...z.values()].every(({ variables }) => variables.length === 1) ? [z] : [];
    }),
  );
  // A few at a time: rank is dear with many inputs, and as soon as it is large enough the rest does not matter.
  const basis: number[][] = [];
  const variables = [...new Set(forms.flatMap((z) => [...z.values()].map(({ variables: [v] }) => v!)))];
  const enough = Math.floor(Math.log2(most)) + 1;
  for (const z of forms) {
    const vector = normalized(variables.map((v) => K.toNumber(z.get(String(v))?.coefficient ?? K.zero)));
    basis.push(...orthonormalBasis([...basis, vector]).slice(basis.length));
    if (basis.length >= enough) return true;
  }
  return false;
}

/** The constraints h_j ≥ 0 of a closed cell around θ, as polynomials in the displacement: active margins less 1, then signs. */
export interface LocalCell<E> {
  readonly constraints: readonly MultivariatePolynomial<E>[];
  /** In the parameters that move, in their order. */
  readonly gradients: readonly (readonly E[])[];
  /** dᵀH_j d, for the Hessian H_j of a constraint, and d over all parameters. */
  readonly curvature: (constraint: number, d: readonly E[]) => E;
}

export function localCell<E>(frame: Frame<E>, cell: Cell<E>): LocalCell<E> {
  return withDerivatives(frame, localOn(frame, cell).constraints);
}

/** The same to first order only: signs that are open on the cell are to be without influence, and are taken to be off. */
export function firstOrderCell<E>(frame: Frame<E>, cell: Cell<E>): LocalCell<E> {
  const { instance, margins, active } = frame.facts;
  const samples = new Set(active.map((j) => margins[j]!.sample));
  const still = [...samples].flatMap((sample) =>
    cell
      .sample(sample)
      .layers.flatMap((units, layer) =>
        units.flatMap(({ sign }, unit) =>
          sign === null && !isLinearLayer(instance.network, layer)
            ? [{ at: { sample, layer, unit }, orientation: -1 as const }]
            : [],
        ),
      ),
  );
  const full = cellOf(frame, [...cell.conditions, ...still]);
  return withDerivatives(frame, localOn(frame, full).constraints.slice(0, active.length + cell.conditions.length));
}

function withDerivatives<E>(
  { facts: { instance }, scope }: Frame<E>,
  constraints: readonly MultivariatePolynomial<E>[],
): LocalCell<E> {
  const { field: K, network } = instance;
  const moving = parametersOf(network, scope);
  return {
    constraints,
    gradients: constraints.map((h) => gradientAtOrigin(K, h, moving)),
    curvature: (j, d) =>
      sum(
        K,
        hessianEntries(K, constraints[j]!).map(({ u, v, entry }) => {
          const once = K.mul(entry, K.mul(d[u]!, d[v]!));
          return u === v ? once : K.add(once, once);
        }),
      ),
  };
}
