/** A cell of a tree of `bound`, as its finders see it: the bound's terms by strand and path, and the forms of known sign. */
import type { MultivariatePolynomial } from "../../exact/multivariate.js";
import type { Cell, Frame } from "../../kernel/explore.js";
import type { UnitAtSample } from "../../kernel/forward.js";
import type { Placing } from "../../kernel/shape.js";
import type { BoundLeaf } from "../../kernel/statements/bound.js";
import { isLinearLayer } from "../../network/network.js";

export interface LeafFrame<E> {
  readonly frame: Frame<E>;
  readonly cell: Cell<E>;
  readonly place: Placing;
  /** Of a chain: the shares of Σα by the variables of paths. */
  readonly shares?: ReadonlyMap<number, E>;
}

export type LeafOutcome<E> =
  | { readonly kind: "leaf"; readonly leaf: BoundLeaf<E> }
  /** No evidence was found; a point of the cell where the bound fails (numerically), by parameter, if one is known. */
  | { readonly kind: "failed"; readonly point: ReadonlyMap<number, number> | null };

/** The evidence of a leaf that needs none. */
export const NOTHING = { multipliers: null, relaxed: null, products: null };

/** Per path, the form in the low variables. */
export type PathForms<E> = Map<string, { readonly path: readonly number[]; readonly form: Map<number, E> }>;

/** The terms of a polynomial by strand and path; `low` tells the variables of the first moving layer and of relaxed units from paths. */
export function byStrand<E>(
  place: Placing,
  p: MultivariatePolynomial<E>,
  low: (variable: number) => boolean = (v) => place.low(v) !== null,
): Map<string, { home: string; paths: PathForms<E> }> {
  const strands = new Map<string, { home: string; paths: PathForms<E> }>();
  for (const { variables, coefficient } of p.values()) {
    const own = variables.find(low)!;
    const path = variables.filter((v) => v !== own);
    const placed = place.path(path);
    if (placed === null) throw new RangeError("a margin has a term that is not along a path");
    if (!strands.has(placed.strand)) strands.set(placed.strand, { home: placed.home, paths: new Map() });
    const { paths } = strands.get(placed.strand)!;
    const key = path.join();
    if (!paths.has(key)) paths.set(key, { path, form: new Map() });
    paths.get(key)!.form.set(own, coefficient);
  }
  return strands;
}

export interface UnitForm<E> {
  readonly unit: UnitAtSample;
  readonly home: string;
  readonly form: ReadonlyMap<number, E>;
}

/** The forms of units on a cell that are linear in low variables, with a known sign, as `form` · sign. */
export function unitForms<E>({ frame, cell, place }: LeafFrame<E>): UnitForm<E>[] {
  const { instance } = frame.facts;
  const K = instance.field;
  return instance.data.flatMap((_, sample) =>
    cell.sample(sample).layers.flatMap((units, layer) =>
      isLinearLayer(instance.network, layer)
        ? []
        : units.flatMap(({ z, sign }, unit) => {
            if (z === null || sign === null || sign === 0) return [];
            const linear = linearForm(place, z);
            if (linear === null) return [];
            const form = sign > 0 ? linear.form : new Map([...linear.form].map(([v, c]) => [v, K.neg(c)]));
            return [{ unit: { sample, layer, unit }, home: linear.home, form }];
          }),
    ),
  );
}

/** A polynomial as a linear form in low variables of one home, or null where it is none. */
export function linearForm<E>(
  place: Placing,
  z: MultivariatePolynomial<E>,
): { readonly home: string; readonly form: Map<number, E> } | null {
  const terms = [...z.values()];
  const homes = new Set(terms.map(({ variables }) => (variables.length === 1 ? place.low(variables[0]!) : null)));
  const [home] = homes;
  if (homes.size !== 1 || home === null || home === undefined) return null;
  return { home, form: new Map(terms.map(({ variables: [v], coefficient }) => [v!, coefficient])) };
}

export function pathSign<E>(cell: Cell<E>, path: readonly number[]): number {
  return path.reduce<number>((product, k) => product * (cell.weightSign(k) ?? 0), 1);
}
