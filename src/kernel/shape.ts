/**
 * What `bound` asks of a network: which layers move, how it falls into blocks, and where the terms of a bound belong.
 * (`proofs/theory.md`, §6.1–6.3.)
 */
import { power, squaredNorm, sum } from "../exact/field.js";
import { Q, rational } from "../exact/rational.js";
import { type Instance, type Margin, marginsOf, type Problem, weightsOf } from "../network/instance.js";
import { isLinear, isUnshared, type Network, parametersOf, type Scope } from "../network/network.js";
import type { Frame } from "./explore.js";
import type { Facts } from "./facts.js";
import type { UnitAtSample } from "./forward.js";

/** The layers that move with the scope, ascending, where every path has exactly one moving weight in each of them. */
export interface Shape<E> {
  readonly scope: Scope;
  readonly layers: readonly [number, ...number[]];
  /** (‖θ_scope‖²/m)^m */
  readonly scale: E;
}

/** Whether a weight moves with the scope. */
function movingIn<E>({ network: { parameters } }: Instance<E>, scope: Scope): (weight: number) => boolean {
  return (weight) => weight < parameters.length && (scope === null || parameters[weight]!.layers.includes(scope));
}

/** Whether a weight moves, or is not zero: entries that do neither are not there. */
function thereIn<E>(instance: Instance<E>, scope: Scope): (weight: number) => boolean {
  const isMoving = movingIn(instance, scope);
  const weights = weightsOf(instance, instance.point);
  return (weight) => isMoving(weight) || instance.field.sign(weights[weight]!) !== 0;
}

/** The scope's shape, or null where the network is not of the class (`proofs/theory.md`, §6.1). */
export function shapeOf<E>(instance: Instance<E>, scope: Scope): Shape<E> | null {
  const { network, field: K, point } = instance;
  if (network.parameters.some(({ layers }) => layers.length > 1)) return null;
  const isMoving = movingIn(instance, scope);
  const isThere = thereIn(instance, scope);
  // Forwards and backwards over the entries that are there: which units lie on a path.
  const fed: boolean[][] = [new Array<boolean>(network.inputs).fill(true)];
  for (const [l, layer] of network.layers.entries())
    fed.push(layer.map((row) => row.some(({ from, weight }) => isThere(weight) && fed[l]![from]!)));
  const leading = network.layers.map((layer) => layer.map(() => false));
  leading[leading.length - 1]!.fill(true);
  for (let l = network.layers.length - 1; l > 0; l--)
    for (const [unit, row] of network.layers[l]!.entries())
      if (leading[l]![unit]) for (const { from, weight } of row) if (isThere(weight)) leading[l - 1]![from] = true;
  const layers: number[] = [];
  for (const [l, layer] of network.layers.entries()) {
    const kinds = new Set<boolean>();
    for (const [unit, row] of layer.entries()) {
      if (!leading[l]![unit]) continue;
      for (const { from, weight } of row) if (isThere(weight) && fed[l]![from]!) kinds.add(isMoving(weight));
    }
    if (kinds.size > 1) return null;
    if (kinds.has(true)) layers.push(l);
  }
  const [first, ...others] = layers;
  if (first === undefined) return null;
  const norm = squaredNorm(
    K,
    parametersOf(network, scope).map((k) => point[k]!),
  );
  const mean = K.div(norm, K.fromRational(rational(BigInt(layers.length))));
  const scale = layers.reduce((product) => K.mul(product, mean), K.one);
  return K.sign(scale) > 0 ? { scope, layers: [first, ...others], scale } : null;
}
/** A row of a block: of a hidden unit, or of an output restricted to the block's units. */
interface BlockRow {
  readonly layer: number;
  readonly unit: number;
  readonly row: Network["layers"][number][number];
}

/** Hidden units that hang together, as the rows from the first moving layer on that are theirs. */
export interface Block {
  readonly rows: readonly BlockRow[];
}

/**
 * The blocks: hidden units from the first moving layer on that reach an output, joined where one reads another or two share an incoming or
 * outgoing parameter. Where only the last layer moves, all is one block. In order of their first units, layer by layer.
 */
export function blocksOf<E>(instance: Instance<E>, { scope, layers: [first] }: Shape<E>): Block[] {
  const { layers } = instance.network;
  const top = layers.length - 1;
  if (first === top) return [{ rows: layers[top]!.map((row, unit) => ({ layer: top, unit, row })) }];
  const isMoving = movingIn(instance, scope);
  const isThere = thereIn(instance, scope);
  const reached = layers.map((layer, l) => layer.map(() => l === top));
  for (let l = top; l > first; l--)
    for (const [unit, row] of layers[l]!.entries())
      if (reached[l]![unit]) for (const { from, weight } of row) if (isThere(weight)) reached[l - 1]![from] = true;

  // Union of what is joined; shared parameters join through whoever had them first.
  const node = (layer: number, unit: number) => `${layer} ${unit}`;
  const parent = new Map<string, string>();
  const root = (a: string): string => {
    let found = a;
    for (let above = parent.get(found); above !== undefined && above !== found; above = parent.get(found))
      found = above;
    for (let b = a; b !== found; ) {
      const above = parent.get(b)!;
      parent.set(b, found);
      b = above;
    }
    return found;
  };
  const owners = new Map<string, string>();
  const join = (a: string, b: string) => parent.set(root(a), root(b));
  const own = (parameter: string, a: string) => {
    const other = owners.get(parameter);
    if (other === undefined) owners.set(parameter, a);
    else join(a, other);
  };
  for (const [l, layer] of layers.entries()) {
    if (l < first) continue;
    for (const [unit, row] of layer.entries()) {
      if (!reached[l]![unit]) continue;
      for (const { from, weight } of row) {
        if (!isThere(weight)) continue;
        if (l < top && isMoving(weight)) own(`in ${weight}`, node(l, unit));
        if (l > first && isMoving(weight)) own(`out ${weight}`, node(l - 1, from));
        if (l > first && l < top) join(node(l, unit), node(l - 1, from));
      }
    }
  }

  const groups = new Map<string, BlockRow[]>();
  for (const [l, layer] of layers.entries()) {
    if (l < first || l === top) continue;
    for (const [unit, row] of layer.entries()) {
      if (!reached[l]![unit]) continue;
      const group = root(node(l, unit));
      const inside =
        l === first ? row : row.filter(({ from }) => reached[l - 1]![from] && root(node(l - 1, from)) === group);
      groups.set(group, groups.get(group) ?? []);
      groups.get(group)!.push({ layer: l, unit, row: inside });
    }
  }
  for (const [unit, row] of layers[top]!.entries()) {
    const parts = new Map<string, BlockRow["row"][number][]>();
    for (const connection of row) {
      if (!reached[top - 1]![connection.from]) continue;
      const group = root(node(top - 1, connection.from));
      parts.set(group, parts.get(group) ?? []);
      parts.get(group)!.push(connection);
    }
    for (const [group, part] of parts) groups.get(group)!.push({ layer: top, unit, row: part });
  }
  return [...groups.values()].map((rows) => ({ rows }));
}

/** All rows from the first moving layer on, as one block. */
export function wholeOf<E>({ network }: Instance<E>, { layers: [first] }: Shape<E>): Block {
  return {
    rows: network.layers.flatMap((layer, l) => (l < first ? [] : layer.map((row, unit) => ({ layer: l, unit, row })))),
  };
}

/** The network's layers with the rows of a block only, and all below the first moving layer. */
export function rowsOf<E>({ network }: Instance<E>, { layers: [first] }: Shape<E>, { rows }: Block): Network["layers"] {
  const layers = network.layers.map((layer, l) => (l < first ? layer : layer.map((): BlockRow["row"] => [])));
  for (const { layer, unit, row } of rows) (layers[layer] as BlockRow["row"][])[unit] = row;
  return layers;
}

/**
 * A text per block; equal texts mean equal blocks, up to the names of units and parameters: structure, constants, and signs at θ where they
 * count.
 */
export function signatures<E>(
  { instance, passes }: Facts<E>,
  { scope, layers: [first] }: Shape<E>,
  reach: "local" | "global",
): (block: Block) => string {
  const { field: K, point, network } = instance;
  const top = network.layers.length - 1;
  const isMoving = movingIn(instance, scope);
  const weights = weightsOf(instance, point);
  return ({ rows }) => {
    const names = new Map<number, number>();
    const weightText = (weight: number) => {
      if (!isMoving(weight)) return K.key(weights[weight]!);
      if (!names.has(weight)) names.set(weight, names.size);
      return `w${names.get(weight)!}${reach === "local" ? `:${K.sign(point[weight]!)}` : ""}`;
    };
    const own = rows.filter(({ row }) => row.length > 0);
    const places = new Map<string, number>();
    const count = new Map<number, number>();
    for (const { layer, unit } of own) {
      const place = count.get(layer) ?? 0;
      places.set(`${layer} ${unit}`, place);
      count.set(layer, place + 1);
    }
    const below = (layer: number, from: number) =>
      layer === first ? from : (places.get(`${layer - 1} ${from}`) ?? null);
    return JSON.stringify(
      own.map(({ layer, unit, row }) => [
        layer,
        layer === top ? unit : "",
        row.map(({ from, weight }) => [below(layer, from), weightText(weight)]),
        reach === "local" && layer < top ? passes.map((pass) => K.sign(pass.preactivations[layer]![unit]!)) : [],
      ]),
    );
  };
}

/** Whether each path may have a matrix of its own: nothing is shared, and no weight in or above the first moving layer is frozen. */
export function hasStrands<E>({ network }: Instance<E>, { layers: moving }: Shape<E>): boolean {
  if (moving.length === 1 || !isUnshared(network)) return false;
  return network.layers
    .slice(moving[0]!)
    .every((layer) => layer.every((row) => row.every(({ weight }) => weight < network.parameters.length)));
}
/**
 * Where terms belong. A term of the bound is one low variable (of the first moving layer, or of a relaxed unit) times a path, a list
 * of weights, one per moving layer above the first. A strand is a set of paths with a home, whose low variables may stand with them.
 */
export interface Placing {
  readonly low: (variable: number) => string | null;
  readonly unit: (at: UnitAtSample) => string | null;
  readonly path: (weights: readonly number[]) => { readonly strand: string; readonly home: string } | null;
}

/** One strand per block, whose home it is; or one per path up to the last hidden unit, whose home is the unit that it starts from. */
export function placing<E>(
  { network }: Instance<E>,
  { layers: moving }: Shape<E>,
  blocks: readonly Block[],
  separate: boolean,
): Placing {
  const home = new Map<number, string>(); // of a weight: its block, or the unit whose row it stands in
  const reads = new Map<number, string>();
  const units = new Map<string, number>();
  for (const [b, { rows }] of blocks.entries())
    for (const { layer, unit, row } of rows) {
      if (row.length > 0 && !units.has(`${layer} ${unit}`)) units.set(`${layer} ${unit}`, b);
      if (!moving.includes(layer)) continue;
      for (const { from, weight } of row) {
        home.set(weight, separate ? `${unit}` : `${b}`);
        reads.set(weight, separate ? `${from}` : `${b}`);
      }
    }
  const [first, ...above] = moving;
  const isIn = (layer: number) => (weight: number) => network.parameters[weight]?.layers[0] === layer;
  return {
    low: (variable) => (isIn(first)(variable) ? (home.get(variable) ?? null) : null),
    unit: ({ layer, unit }) => {
      const b = units.get(`${layer} ${unit}`);
      if (b === undefined) return null;
      return !separate ? `${b}` : layer === first ? `${unit}` : null;
    },
    path: (weights) => {
      if (weights.length !== above.length || !weights.every((weight, k) => isIn(above[k]!)(weight))) return null;
      if (weights.length === 0) return { strand: "0", home: "0" };
      const linked = weights.every((weight, k) => k === 0 || home.get(weights[k - 1]!) === reads.get(weight));
      const start = reads.get(weights[0]!);
      if (!linked || start === undefined) return null;
      return { strand: separate ? [...weights.slice(0, -1), reads.get(weights.at(-1)!)].join() : start, home: start };
    },
  };
}
/**
 * Whether a chain bounds Σ α margin: the whole network moves, nothing is shared, there is one output; and it is linear, or the multipliers
 * are of one label, or it is ReLU of depth 3 or 4, or deeper with one label `apart`.
 */
export function isChainable<E>(
  instance: Instance<E>,
  { scope, layers }: Shape<E>,
  multipliers: readonly E[],
  apart: number | null,
): boolean {
  const { network } = instance;
  const isWhole = scope === null && layers.length === network.layers.length && network.frozen.length === 0;
  if (!isWhole || network.outputs !== 1 || !isUnshared(network)) return false;
  if (chainGroups(instance, multipliers, apart).length === 0) return apart === null;
  return layers.length >= 3 && layers.length <= 4 === (apart === null) && network.slopes.every(Q.isZero);
}

/** Samples that gain together in a chain; the square of their gain counts with a share. */
export interface ChainGroup<E> {
  readonly label: number;
  readonly samples: readonly number[];
  readonly share: E;
}

/**
 * The groups of a chain whose multipliers are of both labels, in a network with one output that is not linear; else none. A label is one
 * group, with s^{m−2} for its share s of Σα; or each of its samples is, if the label is `apart`.
 */
export function chainGroups<E>(
  { network, field: K, data }: Instance<E>,
  multipliers: readonly E[],
  apart: number | null,
): ChainGroup<E>[] {
  if (network.outputs > 1 || isLinear(network)) return [];
  const labels = [1, -1].map((label) => ({
    label,
    samples: data.flatMap(({ y }, i) => (y === label && !K.isZero(multipliers[i]!) ? [i] : [])),
  }));
  if (labels.some(({ samples }) => samples.length === 0)) return [];
  const total = sum(K, multipliers);
  return labels.flatMap(({ label, samples }) => {
    const own = sum(
      K,
      samples.map((i) => multipliers[i]!),
    );
    const share = power(K, K.div(own, total), BigInt(network.layers.length - 2));
    return label === apart
      ? samples.map((i) => ({ label, samples: [i], share: K.mul(share, K.div(own, multipliers[i]!)) }))
      : [{ label, samples, share }];
  });
}

/** One unit that stands for the first one of every path. */
export interface Chain<E> {
  readonly frame: Frame<E>;
  readonly place: Placing;
  /** By the variables that stand for the paths of a group; none where the one path is empty. */
  readonly shares: ReadonlyMap<number, E>;
}

/**
 * The one unit of a chain, with weights w and the output 1, or an output with a variable for each group; the labels are 1 unless the
 * network is linear. It has no point.
 */
export function chainOf<E>(
  problem: Problem<E>,
  spend: Facts<E>["spend"],
  groups: readonly ChainGroup<E>[] = [],
): Chain<E> {
  const { network, field: K, data } = problem;
  const { inputs } = network;
  const row = Array.from({ length: inputs }, (_, k) => ({ from: k, weight: k }));
  const outputs = groups.length === 0 ? [inputs] : groups.map((_, g) => inputs + g);
  const chain: Instance<E> = {
    ...problem,
    network: {
      ...network,
      slopes: [network.slopes.reduce((product, slope) => Q.mul(product, slope), Q.one)],
      layers: [[row], outputs.map((weight) => [{ from: 0, weight }])],
      parameters: [],
    },
    frozen: groups.length === 0 ? [K.one] : [],
    data: isLinear(network) ? data : data.map(({ x }) => ({ x, y: 1 })),
    point: [...row, ...groups].map(() => K.zero),
  };
  const groupOf = new Map(groups.flatMap(({ samples }, g) => samples.map((i) => [i, g] as const)));
  const ofGroup = ({ sample }: Margin): Margin => ({ sample, plus: groupOf.get(sample) ?? 0, minus: null });
  const own = groups.length === 0 ? marginsOf(chain) : marginsOf(problem).map(ofGroup);
  const facts: Facts<E> = { instance: chain, passes: [], margins: own, slack: [], active: [], spend };
  const paths = groups.length === 0 ? [""] : outputs.map(String);
  return {
    frame: { facts, layers: chain.network.layers, scope: null, reach: "everywhere", from: "origin" },
    place: {
      low: (v) => (v < inputs ? "0" : null),
      unit: () => "0",
      path: (weights) => (paths.includes(weights.join()) ? { strand: "0", home: "0" } : null),
    },
    shares: new Map(groups.map(({ share }, g) => [inputs + g, share])),
  };
}
