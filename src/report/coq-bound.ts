/**
 * `bound` for Coq. With one or two moving layers the matrices of a cell are one identity of `Convex.v`,
 *
 *     ½(‖θ'‖² − ‖θ‖²) = Σ λ_i (y_iΦ − 1) + Σ ν_k c_k + Σ w c_j c_k + Σ D_r q_r²,   c_k ≥ 0 the conditions of the cell:
 *
 * λ_i = α_i n/Σα with n = ‖θ_scope‖² for one layer, and λ_i = α_i/C with C = 2Σα/n for two. More layers are in `coq-deep.ts`.
 */
import { squaredNorm, sum } from "../exact/field.js";
import {
  accumulate,
  constant,
  type MultivariatePolynomial as Polynomial,
  scaled,
  type Term,
} from "../exact/multivariate.js";
import { keyOf, type Signed } from "../kernel/explore.js";
import type { Facts } from "../kernel/facts.js";
import { type Block, blocksOf, hasStrands, placing, rowsOf, type Shape, shapeOf, wholeOf } from "../kernel/shape.js";
import type { Bound, BoundLeaf, BoundPart, Form } from "../kernel/statements/bound.js";
import type { Instance } from "../network/instance.js";
import { type Network, parametersOf } from "../network/network.js";
import {
  type Algebra,
  type Found,
  leavesOf,
  list,
  NotCovered,
  type Print,
  type Reading,
  type WalkedCell,
  walked,
  walkedNear,
} from "./coq-cells.js";
import { type CoqBound, chained, deepParts } from "./coq-deep.js";

/** The evidence of a bound. Throws NotCovered where the theory has no theorem for it. */
export function coqBound<E>(facts: Facts<E>, { scope, reach, by }: Bound<E>, print: Print<E>): CoqBound {
  const shape = shapeOf(facts.instance, scope);
  if (shape === null) throw new NotCovered("no theorem for these layers");
  if ("chain" in by) return chained(facts.instance, by.multipliers, by.chain, print);
  if (shape.layers.length <= 2) return convex(facts, shape, { kind: "bound", scope, reach, by }, print);
  if ("tree" in by || reach === "local")
    throw new NotCovered(
      "with three and more moving layers the theory covers bounds by common multipliers, everywhere",
    );
  const [{ blocks, tree }] = by.parts as [BoundPart<E>];
  return deepParts(
    facts.instance,
    by,
    rowsOf(facts.instance, shape, blocksOf(facts.instance, shape)[blocks[0]!]!),
    tree,
    print,
  );
}

/** A tree of a block or of all of them, with the multipliers that its leaves do not have, and the share of C² where there is one. */
interface Part<E> extends Reading<E, BoundLeaf<E>> {
  readonly multipliers: readonly E[] | null;
  readonly share: E | null;
}

function convex<E>(facts: Facts<E>, shape: Shape<E>, { scope, reach, by }: Bound<E>, print: Print<E>): CoqBound {
  const { instance } = facts;
  const { field: K } = instance;
  const blocks = blocksOf(instance, shape);
  const layers = (b: number) => rowsOf(instance, shape, blocks[b]!);
  const parts: Part<E>[] =
    "tree" in by
      ? [{ tree: by.tree, rename: (at) => at, multipliers: null, share: null }]
      : "parts" in by
        ? by.parts.flatMap(({ blocks: members, share, tree }) =>
            members.map((b) => {
              const rename = renaming(layers(members[0]!), layers(b), shape.layers[0]);
              return { tree, rename, multipliers: by.multipliers, share };
            }),
          )
        : [];
  const given = parts.flatMap(({ tree, multipliers }) => [
    ...(multipliers === null ? [] : [multipliers]),
    ...leavesOf(tree).map((one) => one.multipliers ?? []),
  ]);
  const samples = facts.margins.flatMap((_, i) =>
    given.some((alpha) => alpha[i] !== undefined && K.sign(alpha[i]!) > 0) ? [i] : [],
  );
  const homes = homing(instance, shape, blocks);
  const walk = {
    facts,
    scope,
    samples,
    readings: parts,
    forms: (found: readonly Found<BoundLeaf<E>>[]) =>
      found.flatMap(({ leaf }, k) =>
        (leaf.products ?? []).flatMap(({ first, second }) =>
          [first, second].flatMap((form) => signedIn(form, parts[k]!.rename)),
        ),
      ),
    leaf: (cell: WalkedCell<E>, found: readonly Found<BoundLeaf<E>>[], algebra: Algebra<E>) =>
      convexLeaf({ shape, samples, parts, homes }, cell, found, algebra),
  };
  return reach === "local"
    ? { checker: "check_local", evidence: walkedNear(walk, print) }
    : { checker: "check_global", evidence: walked({ ...walk, ball: null }, print) };
}

/** What a form has the sign of; of an empty path there is nothing to know. */
function signedIn(form: Form, rename: (at: Signed) => Signed): Signed[] {
  if ("relaxed" in form) throw new NotCovered("no theorem for relaxed units");
  return "unit" in form ? [rename(form.unit)] : form.path.map((weight) => rename({ weight }));
}

/** The units and weights of a block as those of another that is alike: in the same order. */
function renaming(from: Network["layers"], to: Network["layers"], first: number): (at: Signed) => Signed {
  const names = new Map<string, Signed>();
  for (let l = first; l < from.length; l++) {
    const [rows, others] = [from, to].map((block) =>
      block[l]!.flatMap((row, unit) => (row.length > 0 ? [{ row, unit }] : [])),
    );
    for (const [k, { row, unit }] of rows!.entries()) {
      const other = others![k]!;
      names.set(`${l} ${unit}`, { sample: 0, layer: l, unit: other.unit });
      for (const [c, { weight }] of row.entries()) names.set(keyOf({ weight }), { weight: other.row[c]!.weight });
    }
  }
  return (at) => {
    if ("weight" in at) return names.get(keyOf(at)) ?? at;
    const other = names.get(`${at.layer} ${at.unit}`);
    return other === undefined ? at : { ...other, sample: at.sample };
  };
}

/** The strand's home of a variable: products count only where the home has a term of the bound. */
function homing<E>(
  instance: Instance<E>,
  shape: Shape<E>,
  blocks: readonly Block[],
): (variable: number) => string | null {
  const single = shape.layers.length === 1;
  const place = placing(instance, shape, single ? [wholeOf(instance, shape)] : blocks, hasStrands(instance, shape));
  return (variable) => place.low(variable) ?? (single ? null : (place.path([variable])?.home ?? null));
}

interface ConvexParts<E> {
  readonly shape: Shape<E>;
  readonly samples: readonly number[];
  readonly parts: readonly Part<E>[];
  readonly homes: (variable: number) => string | null;
}

/** The identity on a cell; the squares are what is left. */
function convexLeaf<E>(
  { shape, samples, parts, homes }: ConvexParts<E>,
  { margins, conditions }: WalkedCell<E>,
  found: readonly Found<BoundLeaf<E>>[],
  algebra: Algebra<E>,
): string {
  const { ring, K, print, frame } = algebra;
  const { network, point } = frame.facts.instance;
  const half = K.inv(K.add(K.one, K.one));
  const norm = squaredNorm(
    K,
    parametersOf(network, shape.scope).map((k) => point[k]!),
  );
  const alpha = parts[0]!.multipliers ?? found[0]!.leaf.multipliers!;
  const total = sum(K, alpha);
  const single = shape.layers.length === 1;
  // λ = per · α, and a product of a unit with what stands above it likewise; of two units `low`, of two weights above ½.
  const per = single ? K.div(norm, total) : K.div(K.mul(norm, half), total);
  const low = single ? K.mul(half, K.div(K.mul(per, per), norm)) : K.mul(half, K.mul(per, per));
  const lambdas = samples.map((i) => K.mul(per, alpha[i]!));
  const index = new Map(conditions.map(({ at }, k) => [keyOf(at), k]));
  const nus = conditions.map(() => K.zero);
  const pairs: { readonly f: number; readonly s: number; readonly weight: E; readonly isMixed: boolean }[] = [];
  for (const [k, { leaf }] of found.entries()) {
    if (leaf.relaxed !== null) throw new NotCovered("no theorem for relaxed units");
    const { rename, share } = parts[k]!;
    // Where blocks have shares of C², what stands above is split among them: τ = share/C².
    const tau = share === null ? K.one : K.div(K.mul(share, norm), K.mul(total, total));
    for (const { first, second, weight } of leaf.products ?? []) {
      const ats = [first, second].map((form) => signedIn(form, rename).map((at) => index.get(keyOf(at))!));
      const [f, s] = ats.map(([one]) => one) as [number | undefined, number | undefined];
      const isMixed = "unit" in first !== "unit" in second;
      if (single && isMixed) {
        const at = (f ?? s)!;
        nus[at] = K.add(nus[at]!, K.mul(per, weight));
      } else if (f !== undefined && s !== undefined) {
        if (K.isZero(tau)) throw new NotCovered("products in a block that has no share of the bound");
        pairs.push({ f, s, isMixed, weight: K.mul(weight, isMixed ? per : "unit" in first ? K.div(low, tau) : half) });
      }
    }
  }
  const form = new Map<string, Term<E>>();
  for (const [i, margin] of margins.entries()) accumulate(K, form, margin, lambdas[i]!);
  for (const [k, { polynomial }] of conditions.entries()) accumulate(K, form, polynomial, nus[k]!);
  const product = ({ f, s, weight }: { f: number; s: number; weight: E }) =>
    scaled(K, ring.mul(conditions[f]!.polynomial, conditions[s]!.polynomial), weight);
  for (const pair of pairs) if (pair.isMixed) accumulate(K, form, product(pair), K.one);
  const homesOf = (p: Polynomial<E>) => [...p.values()].flatMap(({ variables }) => variables.map(homes));
  const bounded = new Set(homesOf(form));
  const used = pairs.filter(
    (pair) => pair.isMixed || homesOf(conditions[pair.f]!.polynomial).some((home) => bounded.has(home)),
  );
  let rest = ring.sub(scaled(K, algebra.growth(), half), form);
  for (const pair of used) if (!pair.isMixed) rest = ring.sub(rest, product(pair));
  rest = ring.add(rest, constant(K, sum(K, lambdas)));
  return `Leaf (@Build_cell_proof K ${list(lambdas.map(print))} ${list(nus.map(print))} ${list(
    used.map(({ f, s, weight }) => `(${f}%nat, ${s}%nat, ${print(weight)})`),
  )}\n    ${algebra.squares(rest)})`;
}
