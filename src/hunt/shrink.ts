/**
 * Makes a find smaller as property testers do: fewer samples, fewer units, plainer numbers, as long as the flow from the same start, or from what
 * is left of it, still leads to a limit of the same kind. Greedy, first the changes that save most.
 */
import { Q, type Rational, rational } from "../exact/rational.js";
import { settler } from "../flow/settle.js";
import { InputError } from "../network/decode.js";
import { type Network, networkDecoder } from "../network/network.js";
import { norm } from "../numeric/matrix.js";
import { number } from "../problem/numbers.js";
import type { Campaign, CampaignNetwork, Kind, SampleText } from "./campaign.js";
import type { DataSet } from "./data.js";
import { decide, problemFrom, startOf, withStart } from "./unit.js";

export interface ShrinkTask {
  readonly name: string;
  readonly network: number;
  readonly data: number;
  readonly start: number;
  readonly set: DataSet;
  readonly kind: Kind;
}

/** A smaller find; its name is the first one's, with an ending. */
export interface Shrunk {
  readonly of: string;
  readonly name: string;
  readonly problem: string;
  readonly certificate: string | null;
  readonly network: string;
  readonly size: Size;
  readonly samples: DataSet;
  readonly halfNorm: number;
}

/** How small a find is: by parameters, then samples, then digits of the data, then what these add up to. */
export interface Size {
  readonly parameters: number;
  readonly samples: number;
  readonly digits: number;
  readonly sum: number;
}

interface State {
  readonly network: CampaignNetwork;
  readonly set: DataSet;
  readonly start: readonly number[];
}

/** Flows that are followed, and limits that are decided, on the way, at most. */
const MAX_FLOWS = 200;
const MAX_DECISIONS = 40;

export function sizeOf(network: Network, set: DataSet): Size {
  const plain = set.flatMap(({ x }) => x.map(plainness));
  const total = (part: "digits" | "sum") => plain.reduce((sum, one) => sum + one[part], 0);
  return {
    parameters: network.parameters.length,
    samples: set.length,
    digits: total("digits"),
    sum: total("sum"),
  };
}

/** Of a number as it is written: how many digits, and the sum of the whole numbers in it, half more for each minus; nothing for zero. */
function plainness(text: string): Pick<Size, "digits" | "sum"> {
  if (text === "0") return { digits: 0, sum: 0 };
  const numbers = text.match(/\d+/g) ?? [];
  const sum = numbers.reduce((total, one) => total + Number(one), 0) + (text.match(/-/g) ?? []).length / 2;
  return { digits: numbers.join("").length, sum };
}

export function compareSizes(a: Size, b: Size): number {
  return a.parameters - b.parameters || a.samples - b.samples || a.digits - b.digits || a.sum - b.sum;
}

/** The smallest find to which the task's leads; null where that is itself. */
export function shrink(campaign: Campaign, { name, network, data, start, set, kind }: ShrinkTask): Shrunk | null {
  const first = campaign.networks[network]!;
  const small = `${name}-small`;
  let flows = 0;
  let decisions = 0;
  const attempt = (state: State) => {
    if (flows >= MAX_FLOWS || decisions >= MAX_DECISIONS) return null;
    flows++;
    const problem = problemFrom(small, state.network, state.set);
    const { point } = settler(problem, campaign.loss)(state.start);
    if (point === null) return null;
    decisions++;
    const decided = decide(problem, point);
    return decided.kind === kind && decided.certificate !== null
      ? { decided, halfNorm: norm(point.theta) ** 2 / 2 }
      : null;
  };
  let state: State = {
    network: first,
    set,
    start: startOf(campaign, { network, data }, start),
  };
  let best: ReturnType<typeof attempt> = null;
  for (let changed = true; changed; ) {
    changed = false;
    for (const next of [...fewerSamples(state), ...fewerUnits(state), ...plainerNumbers(state)]) {
      if (compareSizes(sizeOf(next.network.network, next.set), sizeOf(state.network.network, state.set)) >= 0) continue;
      const found = attempt(next);
      if (found === null) continue;
      [state, best, changed] = [next, found, true];
      break;
    }
  }
  if (best === null) return null;
  for (const next of plainerStarts(state)) {
    const found = attempt(next);
    if (found === null) continue;
    [state, best] = [next, found];
    break;
  }
  return {
    of: name,
    name: small,
    problem: withStart(best.decided.problem, campaign.loss, state.start),
    certificate: best.decided.certificate,
    network: state.network.title,
    size: sizeOf(state.network.network, state.set),
    samples: state.set,
    halfNorm: Number(best.halfNorm.toPrecision(12)),
  };
}

function fewerSamples(state: State): State[] {
  if (state.set.length === 1) return [];
  return state.set.map((_, k) => ({ ...state, set: state.set.toSpliced(k, 1) }));
}

/** Without a hidden unit of a fully connected network, or a coordinate of a diagonal one. */
function fewerUnits({ network, set, start }: State): State[] {
  const { source, layers } = network.network;
  const weightsOf = (l: number, unit: number) => {
    const own = layers[l]![unit]!.map(({ weight }) => weight);
    const above = (layers[l + 1] ?? []).flatMap((row) =>
      row.flatMap(({ from, weight }) => (from === unit ? [weight] : [])),
    );
    return [...own, ...above];
  };
  const without = (gone: readonly number[]) => start.filter((_, k) => !gone.includes(k));
  if (source.kind === "fully-connected") {
    return source.widths.slice(1, -1).flatMap((width, l) => {
      if (width === 1) return [];
      const smaller = withSource(network, { widths: source.widths.with(l + 1, width - 1) });
      return smaller === null
        ? []
        : Array.from({ length: width }, (_, unit) => ({ network: smaller, set, start: without(weightsOf(l, unit)) }));
    });
  }
  if (source.kind === "diagonal" && source.width > 1) {
    const smaller = withSource(network, { width: source.width - 1 });
    if (smaller === null) return [];
    return Array.from({ length: source.width }, (_, j) => {
      const gone = Array.from({ length: source.depth }, (__, l) => l * source.width + j);
      return { network: smaller, set: set.map(({ x, y }) => ({ x: x.toSpliced(j, 1), y })), start: without(gone) };
    }).filter((state) => state.set.every(({ x }) => x.some((text) => text !== "0")));
  }
  return [];
}

function withSource(given: CampaignNetwork, change: object): CampaignNetwork | null {
  const source = { ...(given.source as object), ...change };
  try {
    const { network } = networkDecoder(number)(source, "network");
    const { widths } = source as { widths?: readonly number[] };
    const title = widths === undefined ? given.title : given.title.replace(/\d+(,\d+)+/, widths.join());
    return { source, network, title };
  } catch (error) {
    if (error instanceof InputError) return null; // frozen weights of units that are gone
    throw error;
  }
}

/** One coordinate plainer, or not: zero, one, a whole number, a half, a quarter. */
function plainerNumbers(state: State): State[] {
  return state.set.flatMap(({ x }, i) =>
    x.flatMap((text, j) => {
      const exact = rationalOf(text);
      if (exact === null) return [];
      const value = Q.toNumber(exact);
      const plainer = [0, 1, Math.sign(value), Math.round(value), Math.round(2 * value) / 2, Math.round(4 * value) / 4];
      // Of these the smaller ones are tried.
      return [...new Set(plainer.map(quarterText))].flatMap((one): State[] => {
        const sample: SampleText = { ...state.set[i]!, x: x.with(j, one) };
        return sample.x.every((c) => c === "0") ? [] : [{ ...state, set: state.set.with(i, sample) }];
      });
    }),
  );
}

/** The start to fewer digits, fewest first. */
function plainerStarts(state: State): State[] {
  return [0, 1, 2, 3].map((digits) => ({ ...state, start: state.start.map((c) => Number(c.toFixed(digits))) }));
}

function rationalOf(text: string): Rational | null {
  const match = /^(-?\d+)(?:\/(\d+))?$/.exec(text);
  return match === null ? null : rational(BigInt(match[1]!), BigInt(match[2] ?? "1"));
}

function quarterText(value: number): string {
  const quarters = Math.round(4 * value);
  if (quarters % 4 === 0) return String(quarters / 4);
  return quarters % 2 === 0 ? `${quarters / 2}/2` : `${quarters}/4`;
}
