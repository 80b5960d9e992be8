/**
 * `vertices`: θ is a global optimum in a diagonal network of depth m ≥ 2. With u_j the product of the sizes of branch j's
 * weights the margins are linear in u ≥ 0 for given signs, and ½‖θ'‖² ≥ ½m Σ u_j^{2/m}, which is concave: it is least at a vertex, and the
 * vertices are enumerated; the evidence are numbers q_j ≤ u_j^{2/m}. (`proofs/theory.md`, §7.)
 */
import { compare, dot, equals, type Field, squaredNorm, sum } from "../../exact/field.js";
import { rowReduce } from "../../exact/linear.js";
import { rational } from "../../exact/rational.js";
import { listOf, objectOf, word } from "../../network/codec.js";
import type { Instance } from "../../network/instance.js";
import { ensure } from "../ensure.js";
import { ensureFeasible } from "../facts.js";
import type { Kind } from "../statement.js";

/** A branch of a deeper diagonal network has too many sign patterns to try. */
const MAX_BRANCH_DEPTH = 12;
/** More systems than this are refused. */
const MAX_SYSTEMS = 20_000;

export interface Vertices<E> {
  readonly kind: "vertices";
  /** Per vertex, and per branch of it, some q ≤ u^{2/m}. */
  readonly roots: readonly (readonly E[])[];
}

export interface Vertex<E> {
  readonly effects: readonly Effect<E>[];
  readonly products: readonly E[];
}

export const vertices = <E>(): Kind<E, Vertices<E>, readonly Vertex<E>[]> => ({
  clauses: ["vertices.class", "vertices.feasible", "vertices.shape", "vertices.root", "vertices.value"],
  codec: ({ numbers }) => objectOf<Vertices<E>>({ kind: word("vertices"), roots: listOf(numbers) }),
  check: (facts, { roots }) => {
    const { network, field: K, point } = facts.instance;
    ensure(
      isDiagonal(facts.instance),
      "vertices.class",
      "the network is not diagonal of depth 2 to 12, all of it trained",
    );
    ensureFeasible(facts, "vertices.feasible");
    const m = network.layers.length;
    const least = K.div(squaredNorm(K, point), K.fromRational(rational(BigInt(m))));
    const found: Vertex<E>[] = [];
    for (const vertex of verticesOf(facts.instance)) {
      const lower = roots[found.push(vertex) - 1] ?? [];
      const { products } = vertex;
      const place = `vertex ${found.length}`;
      ensure(lower.length === products.length, "vertices.shape", () => `${place} has ${products.length} branches`);
      const small = lower.every((q, j) => compare(K, power(K, q, m), K.mul(products[j]!, products[j]!)) <= 0);
      ensure(small, "vertices.root", () => `a root of ${place} is too large`);
      ensure(compare(K, sum(K, lower), least) >= 0, "vertices.value", () => `${place} is not shown to cost as much`);
    }
    ensure(found.length === roots.length, "vertices.shape", () => `there are ${found.length} vertices`);
    return found;
  },
  meaning: () => ({
    about: "global",
    scope: null,
    answer: "yes",
    radius: null,
    because: "no vertex of the margins, linear in the products of the branches, costs less",
  }),
});

/** Whether the vertices of the instance's problem can be enumerated. */
export function isDiagonal<E>({ network }: Instance<E>): boolean {
  const m = network.layers.length;
  return network.source.kind === "diagonal" && network.frozen.length === 0 && m >= 2 && m <= MAX_BRANCH_DEPTH;
}

/** qᵐ. */
export function power<E>(K: Field<E>, q: E, m: number): E {
  let result = K.one;
  for (let l = 0; l < m; l++) result = K.mul(result, q);
  return result;
}

/** A branch, signs of its weights (a set bit is a negative one), and the margins that it then has per unit of u_j, over the samples. */
export interface Effect<E> {
  readonly branch: number;
  readonly signs: number;
  readonly gains: readonly E[];
}

/** The vertices of all polyhedra {u ≥ 0, every margin ≥ 1}: the branches with u_j > 0, in effect, and these u_j. */
export function* verticesOf<E>(instance: Instance<E>): Generator<Vertex<E>> {
  const { field: K, data } = instance;
  for (const { effects, samples } of systems(instance)) {
    const rows = samples.map((i) => [...effects.map(({ gains }) => gains[i]!), K.one]);
    const reduced = rowReduce(K, rows, effects.length);
    if (reduced.pivots.length < effects.length) continue;
    const products = reduced.rows.map((row) => row.at(-1)!);
    const margin = (i: number) =>
      dot(
        K,
        products,
        effects.map(({ gains }) => gains[i]!),
      );
    const isVertex = products.every((u) => K.sign(u) > 0) && data.every((_, i) => compare(K, margin(i), K.one) >= 0);
    if (isVertex) yield { effects, products };
  }
}

/** The different effects that a branch can have. */
function effectsOf<E>({ network, field: K, data }: Instance<E>, branch: number): Effect<E>[] {
  const m = network.layers.length;
  const slopes = network.slopes.map(K.fromRational);
  const activate = (z: E, l: number) => (K.sign(z) < 0 ? K.mul(slopes[l]!, z) : z);
  const distinct: Effect<E>[] = [];
  for (let signs = 0; signs < 1 << m; signs++) {
    const signed = (l: number, h: E) => ((signs >> l) & 1 ? K.neg(h) : h);
    const gains = data.map(({ x, y }) => {
      let h: E = x[branch]!;
      for (let l = 0; l < m - 1; l++) h = activate(signed(l, h), l);
      const output = signed(m - 1, h);
      return y === 1 ? output : K.neg(output);
    });
    const known = distinct.some((other) => other.gains.every((c, i) => equals(K, c, gains[i]!)));
    if (!known) distinct.push({ branch, signs, gains });
  }
  return distinct;
}

/** Every set of branches with one effect each, and as many samples: where these have margin 1 there may be a vertex. */
function* systems<E>(instance: Instance<E>): Generator<{ effects: readonly Effect<E>[]; samples: readonly number[] }> {
  const n = instance.data.length;
  const choices = Array.from({ length: instance.network.inputs }, (_, branch) => effectsOf(instance, branch));
  let count = 0;
  function* subsets(size: number, from: number): Generator<number[]> {
    if (size === 0) yield [];
    else for (let i = from; i <= n - size; i++) for (const rest of subsets(size - 1, i + 1)) yield [i, ...rest];
  }
  function* extend(branch: number, effects: readonly Effect<E>[]): ReturnType<typeof systems<E>> {
    if (branch === choices.length) {
      for (const samples of subsets(effects.length, 0)) {
        ensure(++count <= MAX_SYSTEMS, "limit", "too many systems");
        yield { effects, samples };
      }
      return;
    }
    yield* extend(branch + 1, effects);
    if (effects.length === n) return;
    for (const effect of choices[branch]!) yield* extend(branch + 1, [...effects, effect]);
  }
  yield* extend(0, []);
}
