/** Joint trees: multipliers of their own on each cell of the whole network. */
import { dot, squaredNorm, sum } from "../../exact/field.js";
import type { MultivariatePolynomial } from "../../exact/multivariate.js";
import type { Cell, Frame } from "../../kernel/explore.js";
import type { Facts } from "../../kernel/facts.js";
import { blocksOf, hasStrands, placing, type Shape, shapeOf } from "../../kernel/shape.js";
import type { BoundLeaf } from "../../kernel/statements/bound.js";
import type { Of } from "../../kernel/statements/index.js";
import { verifyStatement } from "../../kernel/verify.js";
import { isLinear, parametersOf } from "../../network/network.js";
import { growTree, leavesOf, mapLeaves } from "../cells.js";
import type { Search } from "../effort.js";
import { hasMoreCells } from "../search/local.js";
import { type LinearRow, solveLp } from "../search/lp.js";
import { dotNumbers, normOf, symmetricEigen } from "../search/numeric.js";
import { fraction, roundTo, toNumbers } from "../search/vectors.js";
import { leafFor } from "./leaf.js";
import { multipliersOf } from "./multipliers.js";
import { firstOf, openUnits, openWeight, weightsAbove } from "./signs.js";
import { byStrand, type LeafFrame, pathSign, unitForms } from "./strands.js";

type Bound<E> = Of<"bound", E>;
type Reach = "local" | "global";

const MAX_JOINT_CELLS = 600;
const MAX_CUTTING_ROUNDS = 40;
const MAX_POOL = 8;

/** A certificate with multipliers of their own on each cell of a joint tree, or null. */
export function findJointBound<E>(
  facts: Facts<E>,
  kkt: Of<"kkt", E>,
  reach: Reach,
  { effort, reached }: Search,
): Bound<E> | null {
  const { instance, margins } = facts;
  const { field: K, network } = instance;
  const shape = shapeOf(instance, null);
  if (shape === null || shape.layers.length < 2) return null;
  const frame: Frame<E> = {
    facts,
    layers: network.layers,
    scope: null,
    reach: reach === "local" ? "near" : "everywhere",
    from: "origin",
  };
  const blocks = blocksOf(instance, shape);
  const place = placing(instance, shape, blocks, hasStrands(instance, shape));
  const every = margins.map((_, j) => j);
  const above = weightsAbove(instance, shape, network.layers);
  const next = isLinear(network)
    ? () => null
    : firstOf(openUnits(frame, every, true), openWeight(above), openUnits(frame, every));
  const most = MAX_JOINT_CELLS * effort;
  const tree = hasMoreCells(frame, every, most)
    ? null
    : growTree<E, { readonly cell: Cell<E> }>(frame, next, (cell) => ({ cell }), most);
  if (tree === null) {
    reached(`${most} cells of the whole network`);
    return null;
  }
  const own = multipliersOf(facts, kkt);
  const single = every.map((j) => every.map((k) => (k === j ? K.one : K.zero)));
  const pool: (readonly E[])[] = [own, ...single];
  const cells = leavesOf(tree).map(({ cell }) => ({ cell, touching: touches(facts, cell) }));
  const found = new Map<Cell<E>, BoundLeaf<E>>();
  for (const { cell, touching } of [...cells].sort((a, b) => Number(b.touching) - Number(a.touching))) {
    const leaf = jointLeaf({ frame, cell, place }, shape, pool, touching);
    if (leaf === null) return null;
    if (pool.length < MAX_POOL + margins.length && !pool.includes(leaf.multipliers!)) pool.push(leaf.multipliers!);
    found.set(cell, leaf);
  }
  const statement: Bound<E> = {
    kind: "bound",
    scope: null,
    reach,
    by: { tree: mapLeaves(tree, ({ cell }) => found.get(cell)!) },
  };
  return verifyStatement(instance, statement).accepted ? statement : null;
}

/** Whether θ lies in the closed cell. */
function touches<E>({ instance, passes }: Facts<E>, { conditions }: Cell<E>): boolean {
  const { field: K, point } = instance;
  return conditions.every(({ at, orientation }) => {
    const value = "weight" in at ? point[at.weight]! : passes[at.sample]!.preactivations[at.layer]![at.unit]!;
    return K.sign(value) * orientation >= 0;
  });
}

function jointLeaf<E>(
  leaf: LeafFrame<E>,
  shape: Shape<E>,
  pool: readonly (readonly E[])[],
  touching: boolean,
): BoundLeaf<E> | null {
  const K = leaf.frame.facts.instance.field;
  const withProducts = (multipliers: readonly E[]): BoundLeaf<E> | null => {
    const total = sum(K, multipliers);
    const outcome = leafFor(leaf, multipliers, K.div(K.mul(total, total), shape.scale));
    return outcome.kind === "leaf" ? { ...outcome.leaf, multipliers } : null;
  };
  for (const multipliers of pool) {
    const accepted = withProducts(multipliers);
    if (accepted !== null) return accepted;
  }
  const alpha = byCuts(leaf, shape, touching);
  if (alpha === null) return null;
  const exact = withProducts(alpha);
  if (exact !== null) return exact;
  // A cell as good as that of θ leaves no room, and what the cuts come close to has to be guessed.
  const total = K.toNumber(sum(K, alpha));
  for (const denominator of [1n, 2n, 3n, 4n, 5n, 6n, 8n, 12n, 24n]) {
    const guess = alpha.map((c) => K.fromRational(roundTo(K.toNumber(c) / total, denominator)));
    if (guess.every((c) => K.sign(c) === 0)) continue;
    const accepted = withProducts(guess);
    if (accepted !== null) return accepted;
  }
  return null;
}

/**
 * α with Σα = ‖θ‖²/m, and weights of the products of a unit with a path, by cutting planes pᵀFq ≤ C for unit vectors p and q, with as much
 * room as possible; where the cell touches θ, with F φ(θ) along θ, as it has to be there. Null where there are none.
 */
function byCuts<E>({ frame, cell, place }: LeafFrame<E>, shape: Shape<E>, touching: boolean): E[] | null {
  const { instance, margins } = frame.facts;
  const { field: K, network, point } = instance;
  const depth = shape.layers.length;
  const first = shape.layers[0]!;
  const rows = parametersOf(network, first);
  type Column = Map<string, { path: readonly number[]; strand: string; form: Map<number, E> }>;
  const columnOf = (p: MultivariatePolynomial<E>): Column =>
    new Map(
      [...byStrand(place, p)].flatMap(([strand, { paths }]) =>
        [...paths].map(([key, { path, form }]) => [key, { path, strand, form }] as const),
      ),
    );
  const columns: Column[] = [];
  for (const margin of margins) {
    const p = cell.margin(margin);
    if (p === null) return null;
    columns.push(columnOf(p));
  }
  const paths = new Map(
    columns.flatMap((column) => [...column].map(([key, { path, strand }]) => [key, { path, strand }] as const)),
  );
  for (const { home, form } of unitForms({ frame, cell, place })) {
    for (const [key, { path, strand }] of paths) {
      const sign = pathSign(cell, path);
      if (sign === 0 || place.path(path)?.home !== home) continue;
      const signed = sign > 0 ? form : new Map([...form].map(([v, c]) => [v, K.neg(c)]));
      columns.push(new Map([[key, { path, strand, form: new Map(signed) }]]));
    }
  }
  const keys = [...paths.keys()];
  const sumOfAlpha = K.div(squaredNorm(K, point), fraction(K, BigInt(depth)));
  const bound = K.toNumber(sumOfAlpha) ** (1 - depth / 2);
  const values = keys.map((key) => paths.get(key)!.path.reduce((product, k) => K.mul(product, point[k]!), K.one));
  const live = values.map((value) => touching && !K.isZero(value));
  const A = columns.map((column) => keys.map((key) => rows.map((v) => column.get(key)?.form.get(v) ?? K.zero)));
  const floats = A.map((column) => column.map((c) => toNumbers(K, c)));
  const isAlpha = columns.map((_, k) => k < margins.length);
  const programRows: LinearRow<E>[] = [
    { coefficients: [...isAlpha.map((own) => (own ? K.one : K.zero)), K.zero], sense: "=", bound: sumOfAlpha },
    {
      coefficients: [...columns.map(() => K.zero), K.one],
      sense: "<=",
      bound: K.fromRational(roundTo(bound / 8, 1n << 40n)),
    },
  ];
  const separate = hasStrands(instance, shape) && network.outputs === 1;
  const theta = rows.map((k) => point[k]!);
  if (touching) {
    const along = K.div(sumOfAlpha, squaredNorm(K, theta));
    for (const [r, c] of theta.entries())
      programRows.push({
        coefficients: [
          ...A.map((column) =>
            dot(
              K,
              values,
              column.map((v) => v[r]!),
            ),
          ),
          K.zero,
        ],
        sense: "=",
        bound: K.mul(along, c),
      });
    if (!separate) {
      const back = K.div(sumOfAlpha, squaredNorm(K, values));
      for (const [t, value] of values.entries())
        programRows.push({
          coefficients: [...A.map((column) => dot(K, theta, column[t]!)), K.zero],
          sense: "=",
          bound: K.mul(back, value),
        });
    }
  }
  const limit = K.fromRational(roundTo(bound * (1 + 2 ** -24), 1n << 40n));
  const strands = [...new Set(keys.map((key) => paths.get(key)!.strand))].map((strand) =>
    keys.flatMap((key, t) => (paths.get(key)!.strand === strand ? [t] : [])),
  );
  const floatTheta = toNumbers(K, theta);
  for (let round = 0; round < MAX_CUTTING_ROUNDS; round++) {
    const result = solveLp(K, {
      objective: [...columns.map(() => K.zero), K.neg(K.one)],
      rows: programRows,
      free: [...columns.map(() => false), true],
    });
    if (result.kind !== "optimal" || K.toNumber(result.value) > 1e-9 * bound) return null;
    const weights = result.x.slice(0, columns.length);
    const w = toNumbers(K, weights);
    const M = keys.map((_, t) => rows.map((__, r) => w.reduce((total, c, j) => total + c * floats[j]![t]![r]!, 0)));
    const cuts = strands.flatMap((own) => violated(M, own, live, bound, touching ? floatTheta : null));
    if (cuts.length === 0) return weights.slice(0, margins.length);
    for (const { p, q } of cuts)
      programRows.push({
        coefficients: [
          ...floats.map((column) =>
            K.fromRational(
              roundTo(
                column.reduce((total, c, t) => total + q[t]! * dotNumbers(p, c), 0),
                1n << 30n,
              ),
            ),
          ),
          K.one,
        ],
        sense: "<=",
        bound: limit,
      });
  }
  return null;
}

/** Unit vectors p, q with pᵀMq above the bound, M given by its columns, of which a strand has `own`; the part at θ is left out. */
export function violated(
  M: readonly (readonly number[])[],
  own: readonly number[],
  live: readonly boolean[],
  most: number,
  theta: readonly number[] | null,
): { p: number[]; q: number[] }[] {
  if (own.length === 1) {
    const [t] = own as [number];
    const norm = normOf(M[t]!);
    return live[t]! || norm <= most ? [] : [{ p: M[t]!.map((c) => c / norm), q: M.map((_, s) => (s === t ? 1 : 0)) }];
  }
  const n = M[0]!.length;
  const gram = Array.from({ length: n }, (_, u) =>
    Array.from({ length: n }, (__, v) => own.reduce((total, t) => total + M[t]![u]! * M[t]![v]!, 0)),
  );
  const { values, vectors } = symmetricEigen(gram);
  return values.flatMap((value, k) => {
    const sigma = Math.sqrt(Math.max(0, value));
    const p = vectors[k]!;
    const atTheta = theta !== null && Math.abs(dotNumbers(p, theta)) > 0.999 * normOf(theta);
    return sigma <= most || atTheta
      ? []
      : [{ p, q: M.map((column, t) => (own.includes(t) ? dotNumbers(column, p) / sigma : 0)) }];
  });
}
