/**
 * `branch-vertices`: global optimality in a diagonal network of depth m ≥ 2. With u_j the product of the sizes of branch j's
 * weights the margins are linear in u ≥ 0 for given signs, and ½‖θ'‖² ≥ ½m Σ u_j^{2/m}, which is concave: it is least at a vertex, and the
 * vertices are enumerated; the evidence are numbers q_j ≤ u_j^{2/m}. (`proofs/theory.md`.)
 */
import type { Instance, Of } from "../certificate/format.js";
import { compare, dot, equals, type Field, squaredNorm, sum } from "../exact/field.js";
import { rowReduce } from "../exact/linear.js";
import { rational } from "../exact/rational.js";
import { offSlope } from "../problem/network.js";
import { ensure } from "./ensure.js";
import { ensureFeasible } from "./feasible.js";

/** A branch of a deeper diagonal network has too many sign patterns to try. */
const MAX_BRANCH_DEPTH = 12;
/** More systems than this are refused. */
const MAX_SYSTEMS = 20_000;

export function checkBranchVertices<E>(instance: Instance<E>, { roots }: Of<"branch-vertices", E>): void {
  const { network, field: K, point } = instance;
  const m = network.layers.length;
  ensure(
    network.source.kind === "diagonal" && m >= 2 && m <= MAX_BRANCH_DEPTH,
    "branch-vertices.class",
    "the network is not diagonal of depth 2 to 12",
  );
  ensureFeasible(instance, point, "branch-vertices.feasible");
  const least = K.div(squaredNorm(K, point), K.fromRational(rational(BigInt(m))));
  let count = 0;
  for (const { products } of branchVertices(instance)) {
    const lower = roots[count++] ?? [];
    ensure(
      lower.length === products.length,
      "branch-vertices.shape",
      () => `vertex ${count} has ${products.length} branches`,
    );
    ensure(
      lower.every((q, j) => compare(K, power(K, q, m), K.mul(products[j]!, products[j]!)) <= 0),
      "branch-vertices.root",
      () => `a root of vertex ${count} is too large`,
    );
    ensure(
      compare(K, sum(K, lower), least) >= 0,
      "branch-vertices.value",
      () => `vertex ${count} is not shown to cost as much`,
    );
  }
  ensure(count === roots.length, "branch-vertices.shape", () => `there are ${count} vertices`);
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
export function* branchVertices<E>(
  instance: Instance<E>,
): Generator<{ readonly effects: readonly Effect<E>[]; readonly products: readonly E[] }> {
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
  const slope = K.fromRational(offSlope(network.activation));
  const activate = (z: E) => (K.sign(z) < 0 ? K.mul(slope, z) : z);
  const distinct: Effect<E>[] = [];
  for (let signs = 0; signs < 1 << m; signs++) {
    const signed = (l: number, h: E) => ((signs >> l) & 1 ? K.neg(h) : h);
    const gains = data.map(({ x, y }) => {
      let h: E = x[branch]!;
      for (let l = 0; l < m - 1; l++) h = activate(signed(l, h));
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
