/**
 * The degree of homogeneity. Activations are positively homogeneous, so Φ(cθ) = c^L Φ(θ) for c > 0 where every path from an input to
 * an output has the same number L of parameters, and frozen weights else. (With depth m and nothing frozen, L = m.)
 *
 * The flow's theory stands on it: the path does not depend on the clock, margins grow like ‖θ‖^L, and a limit direction is a KKT point.
 */
import { InputError } from "../network/decode.js";
import type { Problem } from "../network/instance.js";
import type { Layer, Network } from "../network/network.js";

export interface Homogeneity {
  /** L */
  readonly degree: number;
  /** Per layer and unit: the number of parameters on the paths to it; 0 for one that stands on no path. */
  readonly degrees: readonly (readonly number[])[];
  /** The layers without the connections that no path from an input to an output takes. */
  readonly layers: readonly Layer[];
}

/** Throws InputError where the network is not homogeneous, with two paths that differ, or where no parameter stands on a path. */
export function homogeneityOf(problem: Problem<unknown>): Homogeneity {
  const { network } = problem;
  const layers = pathsOnly(problem);
  const degrees: number[][] = [];
  layers.forEach((layer, l) => {
    degrees.push(layer.map((row, unit) => degreeOf(network, row, degrees[l - 1] ?? [], place(network, l, unit))));
  });
  const outputs = layers.at(-1)!.flatMap((row, unit) => (row.length === 0 ? [] : [unit]));
  const [first, ...others] = outputs.map((unit) => ({ unit, degree: degrees.at(-1)![unit]! }));
  if (first === undefined || first.degree === 0) {
    throw new InputError("network", "no path from an input to an output has a parameter: there is nothing to train");
  }
  const other = others.find(({ degree }) => degree !== first.degree);
  if (other !== undefined) {
    fail(`those to output ${first.unit + 1} have ${first.degree}, those to output ${other.unit + 1} ${other.degree}`);
  }
  return { degree: first.degree, degrees, layers };
}

/** Of a row of connections that all lie on paths. */
function degreeOf(network: Network, row: Layer[number], below: readonly number[], where: string): number {
  const { parameters, frozen } = network;
  const names = [...parameters.map(({ name }) => name), ...frozen];
  const [first, ...others] = row.map(({ from, weight }) => ({
    name: names[weight]!,
    degree: (below[from] ?? 0) + (weight < parameters.length ? 1 : 0),
  }));
  if (first === undefined) return 0;
  const other = others.find(({ degree }) => degree !== first.degree);
  if (other !== undefined) {
    fail(`those to ${where} have ${first.degree} over ${first.name}, ${other.degree} over ${other.name}`);
  }
  return first.degree;
}

function fail(difference: string): never {
  throw new InputError(
    "network",
    "flow needs a homogeneous network, where all paths from the inputs to the outputs have the same number of parameters; " +
      `here ${difference} (a bias above the first layer, or a skip connection?)`,
  );
}

function place({ layers }: Network, layer: number, unit: number): string {
  return layer === layers.length - 1 ? `output ${unit + 1}` : `unit ${unit + 1} of layer ${layer + 1}`;
}

/** Drops connections of weight zero, then those to units that nothing reaches, then those of units that reach no output. */
function pathsOnly({ network, field, frozen }: Problem<unknown>): Layer[] {
  const { parameters, layers } = network;
  const reached: Layer[] = [];
  layers.forEach((layer, l) => {
    const below = reached[l - 1];
    const carries = ({ from, weight }: Layer[number][number]) =>
      !(weight >= parameters.length && field.isZero(frozen[weight - parameters.length])) &&
      (below === undefined || below[from]!.length > 0);
    reached.push(layer.map((row) => row.filter(carries)));
  });
  for (let l = reached.length - 2; l >= 0; l--) {
    const read = new Set(reached[l + 1]!.flat().map(({ from }) => from));
    reached[l] = reached[l]!.map((row, unit) => (read.has(unit) ? row : []));
  }
  return reached;
}
