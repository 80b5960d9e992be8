/** A problem (P): minimise ½‖θ‖² such that every margin is at least 1; and an instance of it, with the point in question. */
import type { Field, Ring } from "../exact/field.js";
import type { Network } from "./network.js";

export interface Sample<E> {
  readonly x: readonly E[];
  /** With one output the label, 1 or −1; with K outputs the class, counted from 0. */
  readonly y: number;
}

/** Network, data and perhaps a point over the field K = `field`. The point θ is in the order of the network's parameters. */
export interface Problem<E> {
  readonly name: string;
  /** A heading, and a sentence about the point, in the author's words; never read, only shown. */
  readonly title: string | null;
  readonly claim: string | null;
  readonly network: Network;
  /** The values of the network's frozen weights. */
  readonly frozen: readonly E[];
  readonly field: Field<E>;
  readonly data: readonly Sample<E>[];
  readonly point: readonly E[] | null;
}

/** A problem whose point is given: what a certificate is about. */
export interface Instance<E> extends Problem<E> {
  readonly point: readonly E[];
}

/** All weights: θ, then the constants. */
export function weightsOf<E>({ frozen }: Problem<E>, point: readonly E[]): E[] {
  return [...point, ...frozen];
}

/**
 * A constraint of (P): y_i Φ(θ; x_i) ≥ 1, or Φ_y − Φ_k ≥ 1 for the class y of sample i and another class k: in both cases the output
 * `plus` less the output `minus` (null: nothing) is at least 1.
 */
export interface Margin {
  readonly sample: number;
  readonly plus: number | null;
  readonly minus: number | null;
}

/** The constraints, by sample and then by the other class. */
export function marginsOf<E>({ network: { outputs }, data }: Problem<E>): Margin[] {
  return data.flatMap(({ y }, sample): Margin[] => {
    if (outputs === 1) return [y === 1 ? { sample, plus: 0, minus: null } : { sample, plus: null, minus: 0 }];
    const others = Array.from({ length: outputs }, (_, k) => k).filter((k) => k !== y);
    return others.map((minus) => ({ sample, plus: y, minus }));
  });
}

/** The value of a margin. */
export function marginOf<R>(ring: Ring<R>, { plus, minus }: Margin, outputs: readonly R[]): R {
  const gain = plus === null ? ring.zero : outputs[plus]!;
  return minus === null ? gain : ring.sub(gain, outputs[minus]!);
}

/** A margin in words, counted from 1. */
export function marginText({ sample, plus, minus }: Margin): string {
  return plus === null || minus === null ? `sample ${sample + 1}` : `sample ${sample + 1} against class ${minus + 1}`;
}
