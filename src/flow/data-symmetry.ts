/**
 * Symmetries of labelled data: permutations of the coordinates with signs that take the data to itself, perhaps with all labels turned. On a
 * fully connected network they take KKT points to KKT points of the same length.
 */
import type { Problem } from "../network/instance.js";

/** Takes a point to its image. */
export type Symmetry = (theta: Float64Array) => Float64Array;

/** Coordinates of data in more dimensions are not looked at. */
const MAX_INPUTS = 5;

/** A permutation of coordinates with signs: coordinate k of the image is sign_k times coordinate from_k. */
export interface SignedPermutation {
  readonly from: readonly number[];
  readonly sign: readonly number[];
}

export function signedPermutations(n: number): SignedPermutation[] {
  const orders = n === 0 ? [[]] : permutations(Array.from({ length: n }, (_, k) => k));
  const signs = Array.from({ length: 2 ** n }, (_, bits) =>
    Array.from({ length: n }, (__, k) => ((bits >> k) & 1 ? -1 : 1)),
  );
  return orders.flatMap((from) => signs.map((sign) => ({ from, sign })));
}

function permutations(list: readonly number[]): number[][] {
  if (list.length <= 1) return [[...list]];
  return list.flatMap((one, k) => permutations(list.toSpliced(k, 1)).map((rest) => [one, ...rest]));
}

/** All but the identity; none for networks that are not fully connected with all weights free. */
export function dataSymmetries({ network, data, field, frozen }: Problem<unknown>): Symmetry[] {
  const isFull = network.source.kind === "fully-connected" && frozen.length === 0;
  if (!isFull || network.inputs > MAX_INPUTS) return [];
  const text = (x: readonly unknown[], sign: readonly number[] | null = null, from: readonly number[] | null = null) =>
    x
      .map((_, k) => {
        const value = x[from === null ? k : from[k]!];
        return field.coordinates(sign !== null && sign[k]! < 0 ? field.neg(value) : value).map((q) => q.toFraction());
      })
      .join(";");
  const keys = (label: number, g: SignedPermutation | null) =>
    data
      .map(({ x, y }) => `${text(x, g?.sign ?? null, g?.from ?? null)}|${network.outputs === 1 ? label * y : y}`)
      .sort()
      .join(" ");
  const [first, last] = [network.layers[0]!, network.layers.at(-1)!];
  const own = keys(1, null);
  return signedPermutations(network.inputs).flatMap((g) =>
    (network.outputs === 1 ? [1, -1] : [1]).flatMap((label): Symmetry[] => {
      const isIdentity = label === 1 && g.from.every((from, k) => from === k && g.sign[k] === 1);
      if (isIdentity || keys(label, g) !== own) return [];
      return [
        (theta) => {
          const image = theta.slice();
          for (const row of first)
            for (const { from, weight } of row) {
              const source = row.find((one) => one.from === g.from[from])!;
              image[weight] = g.sign[from]! * theta[source.weight]!;
            }
          if (label < 0) for (const row of last) for (const { weight } of row) image[weight]! *= -1;
          return image;
        },
      ];
    }),
  );
}
