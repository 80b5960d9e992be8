/**
 * Which weights into a unit that is asleep make the most of it, in floating point: max |f(w)| over |w| = 1, where f_k(w) = Σ_i c_ik σ(w·x_i). For
 * one k and c ≥ 0 that is the longest of the vectors Σ_i s_i c_i x_i, each s_i being 1 or the slope: the longest vertex of a zonotope, which
 * is hard in general, and sought by exchanging one or two signs at a time.
 */
import { uniform } from "../../numeric/random.js";
import { dotNumbers, normOf } from "./numeric.js";

/** Weights w into units that are asleep, weights e from them, whose gains Σ_k e_k Σ_i c_ik σ(w·x_i) are all that they add to the Lagrangian. */
export interface Sleeper {
  /** The numbers of its kinks. */
  readonly kinks: readonly number[];
  /** The parameters w and e. */
  readonly incoming: readonly number[];
  readonly outgoing: readonly number[];
  readonly slopes: readonly number[];
  /** Per kink, its form in w. */
  readonly inputs: readonly (readonly number[])[];
  /** Per weight of `outgoing`, and per kink. */
  readonly gains: readonly (readonly number[])[];
}

const STARTS = 12;
const SWEEPS = 60;
const MOST_ROUNDS = 200;

/** The best w that was found, with f(w). */
export function loudest(sleeper: Sleeper): { readonly w: readonly number[]; readonly gains: readonly number[] } {
  const { inputs, gains, slopes } = sleeper;
  const value = (w: readonly number[]) => {
    const values = inputs.map((x, i) => {
      const z = dotNumbers(x, w);
      return z > 0 ? z : slopes[i]! * z;
    });
    return gains.map((row) => dotNumbers(row, values));
  };
  let best = { w: inputs[0]!, gains: value(inputs[0]!), ratio: 0 };
  const consider = (w: readonly number[]) => {
    const size = normOf(w);
    if (size === 0) return;
    const f = value(w);
    const ratio = normOf(f) / size;
    if (ratio > best.ratio) best = { w, gains: f, ratio };
  };
  const random = uniform(11);
  for (let start = 0; start < STARTS; start++) {
    // Of several outputs a mixture is listened to, then the one that the best w makes.
    let mixture = gains.map((_, k) =>
      start < 2 * gains.length ? (k === start >> 1 ? 1 : 0) * (start % 2 ? -1 : 1) : random() - 1 / 2,
    );
    for (let round = 0; round < (gains.length > 1 ? 4 : 1); round++) {
      const size = normOf(mixture) || 1;
      const c = inputs.map((_, i) => mixture.reduce((t, u, k) => t + (u / size) * gains[k]![i]!, 0));
      const w = longest(sleeper, c, random, start);
      consider(w);
      mixture = value(w);
    }
  }
  return best;
}

/** max Σ_i c_i σ(w·x_i) over |w| ≤ 1, as w times that: raising kinks choose a side, of lowering ones the worse side counts. */
function longest({ inputs, slopes }: Sleeper, c: readonly number[], random: () => number, start: number): number[] {
  const vectors = inputs.map((x, i) => x.map((one) => c[i]! * one));
  const raising = c.flatMap((one, i) => (one > 0 ? [i] : []));
  const lowering = c.flatMap((one, i) => (one < 0 ? [i] : []));
  const sides = new Map(raising.map((i) => [i, start < 4 || random() < 1 / 2 ? 1 : slopes[i]!]));
  /** The lowering sides between slope and 1 that shorten g most, one by one. */
  const shortened = (g: readonly number[]): number[] => {
    let w = [...g];
    const shares = lowering.map((i) => slopes[i]!);
    for (const [at, i] of lowering.entries()) w = w.map((one, k) => one + shares[at]! * vectors[i]![k]!);
    for (let sweep = 0; sweep < (lowering.length > 0 ? SWEEPS : 0); sweep++) {
      let change = 0;
      for (const [at, i] of lowering.entries()) {
        const v = vectors[i]!;
        const square = dotNumbers(v, v);
        if (square === 0) continue;
        const share = Math.min(1, Math.max(slopes[i]!, shares[at]! - dotNumbers(v, w) / square));
        const move = share - shares[at]!;
        if (move === 0) continue;
        shares[at] = share;
        change += Math.abs(move);
        for (let k = 0; k < w.length; k++) w[k]! += move * v[k]!;
      }
      if (change < 1e-9) break;
    }
    return w;
  };
  const sumOf = () => {
    const g = new Array<number>(inputs[0]!.length).fill(0);
    for (const [i, side] of sides) for (const [k, one] of vectors[i]!.entries()) g[k]! += side * one;
    return g;
  };
  let w = shortened(sumOf());
  for (let round = 0; round < MOST_ROUNDS; round++) {
    // The sides on which w is: never worse.
    let moved = false;
    for (const i of raising) {
      const side = dotNumbers(inputs[i]!, w) > 0 ? 1 : slopes[i]!;
      moved ||= side !== sides.get(i);
      sides.set(i, side);
    }
    if (!moved) {
      const exchange = bestExchange(sumOf(), w, vectors, sides, slopes, lowering.length === 0);
      if (exchange === null) break;
      const before = new Map(sides);
      for (const i of exchange) sides.set(i, sides.get(i) === 1 ? slopes[i]! : 1);
      const next = shortened(sumOf());
      if (normOf(next) <= normOf(w) * (1 + 1e-12)) {
        for (const [i, side] of before) sides.set(i, side);
        break;
      }
      w = next;
    } else w = shortened(sumOf());
  }
  return w;
}

/** One or two sides to exchange that make the sum longer; where something shortens it, its first-order change counts, as far as it goes. */
function bestExchange(
  g: readonly number[],
  w: readonly number[],
  vectors: readonly (readonly number[])[],
  sides: ReadonlyMap<number, number>,
  slopes: readonly number[],
  isAlone: boolean,
): number[] | null {
  const own = [...sides.keys()];
  const moves = own.map((i) => vectors[i]!.map((one) => (sides.get(i) === 1 ? slopes[i]! - 1 : 1 - slopes[i]!) * one));
  const base = isAlone ? g : w;
  const along = moves.map((move) => 2 * dotNumbers(move, base) + dotNumbers(move, move));
  let best = { gain: 1e-12 * (1 + dotNumbers(base, base)), members: null as number[] | null };
  for (const [a, first] of moves.entries()) {
    if (along[a]! > best.gain) best = { gain: along[a]!, members: [own[a]!] };
    for (let b = 0; b < a; b++) {
      const gain = along[a]! + along[b]! + 2 * dotNumbers(first, moves[b]!);
      if (gain > best.gain) best = { gain, members: [own[a]!, own[b]!] };
    }
  }
  return best.members;
}
