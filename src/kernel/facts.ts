/** What holds at θ, computed once: passes, margins, which of them are active. (`proofs/theory.md`, §0.) */
import type { Sign } from "../exact/field.js";
import { type Instance, type Margin, marginOf, marginsOf, marginText } from "../network/instance.js";
import { ensure } from "./ensure.js";
import { type Pass, passAt } from "./forward.js";
import type { Metered } from "./metered.js";

export interface Facts<E> {
  readonly instance: Instance<E>;
  /** Per sample. */
  readonly passes: readonly Pass<E>[];
  readonly margins: readonly Margin[];
  /** The sign of each margin less 1. */
  readonly slack: readonly Sign[];
  /** The numbers of the margins that are exactly 1. */
  readonly active: readonly number[];
  /** Charges work that is not arithmetic to the budget of the instance's field, where that has one. */
  readonly spend: (operations: number) => void;
}

export function factsOf<E>(instance: Instance<E>): Facts<E> {
  const passes = instance.data.map((_, sample) => passAt(instance, sample, instance.point));
  const margins = marginsOf(instance);
  const slack = slackSigns(instance, margins, passes);
  const { field } = instance;
  const spend = "spend" in field ? (field as Metered<E>).spend : () => {};
  return { instance, passes, margins, slack, spend, active: slack.flatMap((sign, j) => (sign === 0 ? [j] : [])) };
}

/** The sign of each margin less 1, from passes at any point. */
export function slackSigns<E>(
  { field: K }: Instance<E>,
  margins: readonly Margin[],
  passes: readonly Pass<E>[],
): Sign[] {
  return margins.map((margin) => K.sign(K.sub(marginOf(K, margin, passes[margin.sample]!.outputs), K.one)));
}

/** Every margin is at least 1 at θ. */
export function ensureFeasible<E>({ margins, slack }: Facts<E>, clause: string): void {
  const violated = slack.findIndex((sign) => sign < 0);
  ensure(violated === -1, clause, () => `the margin of ${marginText(margins[violated]!)} is below 1`);
}

const MAX_ROWS = 3000;

/** Before a square matrix is made: there is room for it, and it is paid for. */
export function ensureRoom({ spend }: Pick<Facts<unknown>, "spend">, rows: number): void {
  ensure(rows <= MAX_ROWS, "limit", () => `a matrix of ${rows} rows; at most ${MAX_ROWS} are allowed`);
  spend(rows * rows);
}

/** What looking at the whole network once costs. */
export function spendNetwork({ instance: { network }, spend }: Facts<unknown>): void {
  spend(100 * network.layers.reduce((n, layer) => layer.reduce((m, row) => m + 1 + row.length, n), 0));
}
