/**
 * Where a local optimum must be a KKT point. If the margins are homogeneous in θ for some weights of the parameters, the direction along
 * which Euler's identity differentiates raises every active margin, and so serves as a constraint qualification. Without it an optimum
 * may fail to be a KKT point: the margin 2w − w² is at least 1 only at w = 1, where its gradient is 0. (`proofs/theory.md`, consequences.)
 */
import { solve } from "../exact/linear.js";
import { Q, type Rational, rational } from "../exact/rational.js";
import type { Problem } from "../network/instance.js";

const INPUT = 0;
const OUTPUT = 1;

/**
 * Whether there are numbers c_k, one per parameter, that sum to 1 along every path: then Σ c_k θ_k ∂_k f = f for every margin f under
 * every pattern, and f = 1 where it is active. Sought as c_k = p(v) − p(u) for a parameter between the units u and v, with a potential p
 * that is 0 at the inputs, 1 at the outputs, and the same on both sides of a frozen weight.
 */
export function isHomogeneous<E>({ network: { layers, parameters }, frozen, field: K }: Problem<E>): boolean {
  if (frozen.length === 0) return true; // a path has as many parameters as there are layers
  const parent = [INPUT, OUTPUT];
  const hidden = layers.slice(0, -1).map((layer) => layer.map(() => parent.push(parent.length) - 1));
  const node = (layer: number, unit: number) => (layer < 0 ? INPUT : (hidden[layer]?.[unit] ?? OUTPUT));
  const root = (a: number): number => {
    let found = a;
    while (parent[found] !== found) found = parent[found] = parent[parent[found]!]!;
    return found;
  };
  const places = parameters.map((): (readonly [below: number, above: number])[] => []);
  for (const [l, layer] of layers.entries()) {
    for (const [unit, row] of layer.entries()) {
      for (const { from, weight } of row) {
        const [below, above] = [node(l - 1, from), node(l, unit)];
        if (weight < parameters.length) places[weight]!.push([below, above]);
        else if (!K.isZero(frozen[weight - parameters.length]!)) parent[root(below)] = root(above);
      }
    }
  }
  if (root(INPUT) === root(OUTPUT)) return false;
  // In all places of a shared parameter the potential rises alike.
  const unknowns = parent.flatMap((_, a) => (root(a) === a && a !== root(INPUT) && a !== root(OUTPUT) ? [a] : []));
  const equations = new Map<string, readonly number[]>();
  for (const [first, ...others] of places) {
    for (const other of others) {
      const signs = [
        [first![1], 1],
        [first![0], -1],
        [other[1], -1],
        [other[0], 1],
      ] as const;
      const coefficient = (a: number) => signs.reduce((sum, [b, sign]) => (root(b) === a ? sum + sign : sum), 0);
      const row = [...unknowns, root(OUTPUT)].map(coefficient);
      equations.set(row.join(), row);
    }
  }
  const rows = [...equations.values()].map((row) => row.map((c): Rational => rational(BigInt(c))));
  return (
    solve(
      Q,
      rows.map((row) => row.slice(0, -1)),
      rows.map((row) => Q.neg(row.at(-1)!)),
    ) !== null
  );
}
