/** Finds what `kernel/statements/vertices.ts` checks; and where it fails, the vertex that costs least. */
import { compare, equals, type Field, squaredNorm, sum } from "../exact/field.js";
import { rational } from "../exact/rational.js";
import { Rejection } from "../kernel/ensure.js";
import type { Facts } from "../kernel/facts.js";
import type { Of } from "../kernel/statements/index.js";
import { isDiagonal, power, verticesOf } from "../kernel/statements/vertices.js";
import { verifyStatement } from "../kernel/verify.js";
import type { Instance } from "../network/instance.js";

const MAX_WIDTH = 64;

/** A certificate by the vertices of a diagonal network's problem, or null. */
export function findVertices<E>({ instance }: Facts<E>): Of<"vertices", E> | null {
  const { network, field: K } = instance;
  const m = network.layers.length;
  if (!isWithinReach(instance)) return null;
  const candidates = branchRoots(instance);
  try {
    const least = K.div(squaredNorm(K, instance.point), K.fromRational(rational(BigInt(m))));
    const roots = [...verticesOf(instance)].map(({ products }) => {
      const tries = BITS.map((bits) => products.map((u) => lowerRoot(K, u, m, candidates, bits)));
      return tries.find((lower) => compare(K, sum(K, lower), least) >= 0) ?? tries.at(-1)!;
    });
    const statement: Of<"vertices", E> = { kind: "vertices", roots };
    return verifyStatement(instance, statement).accepted ? statement : null;
  } catch (error) {
    if (!(error instanceof Rejection)) throw error; // too many systems
    return null;
  }
}

function isWithinReach<E>(instance: Instance<E>): boolean {
  return isDiagonal(instance) && instance.network.inputs <= MAX_WIDTH;
}

/** ‖branch j of θ‖²/m, which is u_j^{2/m} where its weights are of one size. */
function branchRoots<E>({ network, field: K, point }: Instance<E>): E[] {
  const m = network.layers.length;
  return Array.from({ length: network.inputs }, (_, branch) => {
    const weights = network.layers.map((layer, l) => {
      const { weight } = l < m - 1 ? layer[branch]![0]! : layer[0]![branch]!;
      return point[weight]!;
    });
    return K.div(squaredNorm(K, weights), K.fromRational(rational(BigInt(m))));
  });
}

/** Divisible by all small numbers: a root with such a denominator is found exactly. */
const DENOMINATOR = 720720n;
/** Bits of a root that is not found exactly: as few as do. */
const BITS = [4, 10, 20, 40];

/** Some q ≤ u^{2/m}: equal to it where one of the candidates is, else nearly. */
function lowerRoot<E>(K: Field<E>, u: E, m: number, candidates: readonly E[], bits: number): E {
  const square = K.mul(u, u);
  const root = K.toNumber(u) ** (2 / m);
  if (!(root > 0) || root > Number.MAX_SAFE_INTEGER) return K.zero;
  const plain = K.fromRational(rational(BigInt(Math.round(root * Number(DENOMINATOR))), DENOMINATOR));
  const exact = [...candidates, plain].find((q) => equals(K, power(K, q, m), square));
  if (exact !== undefined) return exact;
  const approximate = root * (1 - 2 ** -36);
  const exponent = bits - Math.floor(Math.log2(approximate));
  const mantissa = BigInt(Math.floor(approximate * 2 ** exponent));
  const q = K.fromRational(
    exponent >= 0 ? rational(mantissa, 1n << BigInt(exponent)) : rational(mantissa << BigInt(-exponent)),
  );
  return compare(K, power(K, q, m), square) <= 0 ? q : K.zero;
}

/** The global optimum of a diagonal network's problem, in floating point, where the vertices are not too many. */
export function cheapestVertex<E>({ instance }: Facts<E>): number[] | null {
  const { network, field: K, point } = instance;
  const m = network.layers.length;
  if (!isWithinReach(instance)) return null;
  let best = { cost: Infinity, theta: point.map(() => 0) };
  try {
    for (const { effects, products } of verticesOf(instance)) {
      const sizes = products.map((u) => K.toNumber(u) ** (1 / m));
      const cost = sizes.reduce((total, size) => total + size * size, 0);
      if (cost >= best.cost) continue;
      const theta = point.map(() => 0);
      for (const [j, { branch, signs }] of effects.entries()) {
        for (const [l, layer] of network.layers.entries()) {
          const { weight } = l < m - 1 ? layer[branch]![0]! : layer[0]![branch]!;
          theta[weight] = (signs >> l) & 1 ? -sizes[j]! : sizes[j]!;
        }
      }
      best = { cost, theta };
    }
  } catch (error) {
    if (!(error instanceof Rejection)) throw error; // too many systems: the best so far
  }
  return best.cost === Infinity ? null : best.theta;
}
