/** A leaf of `bound` all of whose signs are known, for given multipliers. */
import { squaredNorm } from "../../exact/field.js";
import type { Form, FormProduct } from "../../kernel/statements/bound.js";
import { intoBall, pairWeights } from "../search/conic.js";
import { normOf } from "../search/numeric.js";
import { fraction, toNumbers } from "../search/vectors.js";
import {
  byStrand,
  type LeafFrame,
  type LeafOutcome,
  NOTHING,
  type PathForms,
  pathSign,
  type UnitForm,
  unitForms,
} from "./strands.js";

/** The evidence on a cell for given multipliers. */
export function leafFor<E>(
  leaf: LeafFrame<E>,
  multipliers: readonly E[],
  squaredBound: E,
  withProducts = true,
): LeafOutcome<E> {
  const { frame, cell, place } = leaf;
  const { instance, margins } = frame.facts;
  const K = instance.field;
  const strands = new Map<string, { home: string; paths: PathForms<E> }>();
  for (const [j, c] of multipliers.entries()) {
    if (K.isZero(c)) continue;
    const p = cell.margin(margins[j]!);
    if (p === null) return { kind: "failed", point: null };
    for (const [strand, { home, paths }] of byStrand(place, p)) {
      if (!strands.has(strand)) strands.set(strand, { home, paths: new Map() });
      const all = strands.get(strand)!.paths;
      for (const [key, { path, form }] of paths) {
        if (!all.has(key)) all.set(key, { path, form: new Map() });
        const total = all.get(key)!.form;
        for (const [v, one] of form) total.set(v, K.add(total.get(v) ?? K.zero, K.mul(c, one)));
      }
    }
  }
  const products: FormProduct<E>[] = [];
  let units: UnitForm<E>[] | undefined;
  for (const { home, paths } of strands.values()) {
    const isShort = paths.size === 1 && squaredNorm(K, [...[...paths.values()][0]!.form.values()]);
    if (isShort !== false && K.sign(K.sub(isShort, squaredBound)) <= 0) continue;
    if (withProducts) units ??= unitForms(leaf);
    const own = (units ?? []).filter((one) => one.home === home);
    const found =
      paths.size === 1
        ? onPath(leaf, [...paths.values()][0]!, own, squaredBound)
        : onPaths(leaf, [...paths.values()], own, squaredBound);
    if (found.kind === "failed") return found;
    products.push(...found.products);
  }
  return { kind: "leaf", leaf: { ...NOTHING, products: products.length === 0 ? null : products } };
}

type StrandOutcome<E> =
  | { readonly kind: "products"; readonly products: readonly FormProduct<E>[] }
  | { readonly kind: "failed"; readonly point: ReadonlyMap<number, number> | null };

/** A single path: ‖f + Σ ν_k (± z_k)‖ ≤ C, the signs of units and of the path's weights together. */
function onPath<E>(
  { frame, cell }: LeafFrame<E>,
  { path, form }: { path: readonly number[]; form: ReadonlyMap<number, E> },
  units: readonly UnitForm<E>[],
  squaredBound: E,
): StrandOutcome<E> {
  const K = frame.facts.instance.field;
  const sign = pathSign(cell, path);
  const usable = sign === 0 ? [] : units;
  const rows = [...new Set([form, ...usable.map((one) => one.form)].flatMap((f) => [...f.keys()]))].sort(
    (a, b) => a - b,
  );
  const target = rows.map((v) => form.get(v) ?? K.zero);
  const vectors = usable.map((one) =>
    rows.map((v) => (sign > 0 ? (one.form.get(v) ?? K.zero) : K.neg(one.form.get(v) ?? K.zero))),
  );
  const { weights, approximate } = intoBall(K, target, vectors, squaredBound);
  if (weights !== null) {
    const products = weights.flatMap((weight, k): FormProduct<E>[] =>
      K.isZero(weight) ? [] : [{ first: { unit: usable[k]!.unit }, second: { path }, weight }],
    );
    return { kind: "products", products };
  }
  // The residual is the direction of the cell in which the path gains most; its weights are of size 1.
  const floats = vectors.map((v) => toNumbers(K, v));
  const residual = toNumbers(K, target).map((c, k) => c + floats.reduce((t, v, j) => t + approximate[j]! * v[k]!, 0));
  const norm = normOf(residual) || 1;
  // The form is that of Σ α margin with weights of the path of any sign; the gain is positive where their product has this sign.
  const point = new Map(rows.map((v, k) => [v, residual[k]! / norm]));
  const own = path.map((k) => cell.weightSign(k) ?? 1);
  for (const [k, weight] of path.entries()) point.set(weight, own[k]! || 1);
  const product = own.reduce<number>((p, s) => p * (s || 1), 1);
  if (product < 0) for (const v of rows) point.set(v, -point.get(v)!);
  return { kind: "failed", point };
}

/** Several paths: the matrix [[C² I, −F], [−Fᵀ, I]] less products of any two forms. */
function onPaths<E>(
  { frame, cell }: LeafFrame<E>,
  paths: readonly { readonly path: readonly number[]; readonly form: ReadonlyMap<number, E> }[],
  units: readonly UnitForm<E>[],
  squaredBound: E,
): StrandOutcome<E> {
  const K = frame.facts.instance.field;
  const lows = [
    ...new Set([...paths.map(({ form }) => form), ...units.map(({ form }) => form)].flatMap((f) => [...f.keys()])),
  ].sort((a, b) => a - b);
  const n = lows.length + paths.length;
  const Q = Array.from({ length: n }, (_, u) =>
    Array.from({ length: n }, (__, v) => (u !== v ? K.zero : u < lows.length ? squaredBound : K.one)),
  );
  for (const [t, { form }] of paths.entries())
    for (const [v, c] of form) {
      const [row, column] = [lows.indexOf(v), lows.length + t];
      Q[row]![column] = K.neg(c);
      Q[column]![row] = K.neg(c);
    }
  const signed = paths.flatMap(({ path }, t) =>
    pathSign(cell, path) === 0 ? [] : [{ path, t, sign: pathSign(cell, path) }],
  );
  const forms: { form: Form; vector: E[]; isPath: boolean }[] = [
    ...units.map(({ unit, form }) => ({
      form: { unit },
      vector: [...lows.map((v) => form.get(v) ?? K.zero), ...paths.map(() => K.zero)],
      isPath: false,
    })),
    ...signed.map(({ path, t, sign }) => ({
      form: { path },
      vector: Array.from({ length: n }, (_, k) => (k === lows.length + t ? fraction(K, BigInt(sign)) : K.zero)),
      isPath: true,
    })),
  ];
  const pairs = forms.flatMap((first, k) => forms.slice(k).map((second) => ({ first, second })));
  const outcome = pairWeights(
    K,
    Q,
    forms.map(({ vector }) => vector),
    pairs.map(({ first, second }) => ({ first: first.vector, second: second.vector })),
  );
  if (outcome.kind === "weights") {
    const half = fraction(K, 1n, 2n);
    const products = outcome.weights.flatMap((weight, k): FormProduct<E>[] => {
      if (K.isZero(weight)) return [];
      const { first, second } = pairs[k]!;
      // A unit with a path adds to F, which stands twice in the matrix.
      return [
        {
          first: first.form,
          second: second.form,
          weight: first.isPath === second.isPath ? weight : K.mul(half, weight),
        },
      ];
    });
    return { kind: "products", products };
  }
  const point = new Map(lows.map((v, k) => [v, outcome.direction[k]! * Math.sqrt(K.toNumber(squaredBound))]));
  for (const [t, { path }] of paths.entries())
    if (path.length === 1) point.set(path[0]!, outcome.direction[lows.length + t]!);
  return { kind: "failed", point: paths.every(({ path }) => path.length === 1) ? point : null };
}
