/** An enclosed point is an optimum, as its multipliers bound the norm of every feasible point. (`proofs/theory.md`, §8.5.) */
import { Q, type Rational } from "../../exact/rational.js";
import { byKey, index, listOf, objectOf, word } from "../../network/codec.js";
import { at, InputError } from "../../network/decode.js";
import { isLinear, isLinearLayer } from "../../network/network.js";
import { ensure } from "../ensure.js";
import { type Cell, explore, type Frame, type Tree } from "../explore.js";
import { type UnitAtSample, unitText } from "../forward.js";
import { chainOf } from "../shape.js";
import { hiddenUnits, type LiveUnit, squared, weighted } from "./depth-two.js";
import { type EnclosedKind, ensureKkt, isZero } from "./kkt.js";
import type { EnclosedFacts } from "./system.js";

/** What a leaf says of one sign of the outgoing weight: which live unit's stationarity proves it, or multipliers of the signs. */
export type Side =
  | { readonly live: number }
  | { readonly weights: readonly { readonly at: UnitAtSample; readonly weight: Rational }[] };
export interface EnclosedLeaf {
  /** For outgoing weights that are positive, and for negative ones. */
  readonly positive: Side;
  readonly negative: Side;
}
/** Global by the cells of a tree, or because the network is linear; local because no unit is dead and no margin gains across a zero. */
export interface EnclosedBound {
  readonly kind: "bound";
  readonly reach: "global" | "local";
  readonly by: { readonly tree: Tree<Rational, EnclosedLeaf> } | { readonly linear: "yes" } | { readonly live: "yes" };
}

export const enclosedBound: EnclosedKind<EnclosedBound> = {
  clauses: [
    "enclosed-bound.class",
    "enclosed-bound.open",
    "enclosed-bound.live",
    "enclosed-bound.form",
    "enclosed-bound.weight",
    "enclosed-bound.value",
  ],
  codec: ({ tree, unit, number }) => {
    const side = byKey<Side>({
      live: objectOf<{ live: number }>({ live: index(100_000) }),
      weights: objectOf<{ weights: readonly { at: UnitAtSample; weight: Rational }[] }>({
        weights: listOf(objectOf<{ at: UnitAtSample; weight: Rational }>({ at: unit, weight: number })),
      }),
    });
    const leaf = objectOf<EnclosedLeaf>({ positive: side, negative: side });
    const by = byKey<EnclosedBound["by"]>({
      tree: objectOf<{ tree: Tree<Rational, EnclosedLeaf> }>({ tree: tree(leaf) }),
      linear: objectOf<{ linear: "yes" }>({ linear: word("yes") }),
      live: objectOf<{ live: "yes" }>({ live: word("yes") }),
    });
    const { read, write } = objectOf<EnclosedBound>({ kind: word("bound"), reach: word("global", "local"), by });
    return {
      read: (value, where) => {
        const statement = read(value, where);
        const expected = "live" in statement.by ? "local" : "global";
        if (statement.reach !== expected)
          throw new InputError(at(where, "reach"), `expected "${expected}" with this evidence`);
        return statement;
      },
      write,
    };
  },
  check: (facts, { by }) => {
    ensureKkt(facts);
    if ("linear" in by) ensureLinear(facts);
    else if ("tree" in by) ensureCells(facts, by.tree);
    else ensureLive(facts);
  },
  meaning: ({ reach }) => ({
    about: reach,
    scope: null,
    answer: "yes",
    radius: null,
    because: "its multipliers bound the norm of every feasible point from below, and the point attains the bound",
  }),
};

/** A KKT point of a fully connected linear network with one output is a global optimum. */
function ensureLinear({ problem: { network } }: EnclosedFacts): void {
  const fits =
    network.source.kind === "fully-connected" &&
    isLinear(network) &&
    network.outputs === 1 &&
    network.frozen.length === 0;
  ensure(
    fits,
    "enclosed-bound.class",
    "the network is not fully connected and linear, with one output and all of it trained",
  );
}

/** Locally, where no unit is dead: no margin gains across a zero pre-activation. */
function ensureLive(facts: EnclosedFacts): void {
  const { problem, units } = facts;
  const hidden = hiddenUnits(facts, "enclosed-bound.class");
  for (const { unit, sign } of hidden) {
    ensure(sign !== null, "enclosed-bound.live", () => `unit ${unit + 1} is dead, so the bound is asked on all cells`);
    for (const state of units) {
      if (state.at.unit !== unit || !isZero(state)) continue;
      const loses = problem.data[state.at.sample]!.y * sign < 0;
      ensure(loses, "enclosed-bound.live", () => `${unitText(state.at)} gains across its zero`);
    }
  }
}

/** |Σ λ_i y_i σ(u·x_i)| ≤ |u| for every u, cell by cell, for outgoing weights of both signs. */
function ensureCells(facts: EnclosedFacts, tree: Tree<Rational, EnclosedLeaf>): void {
  const { problem, spend } = facts;
  const hidden = hiddenUnits(facts, "enclosed-bound.class");
  const { network } = problem;
  const complete = network.layers[0]!.every((row) => row.length === network.inputs);
  ensure(complete, "enclosed-bound.class", "a hidden unit does not read every input");
  const { frame } = chainOf(problem, spend);
  explore(frame, tree, (cell, leaf) => {
    for (const [side, evidence] of [
      [1, leaf.positive],
      [-1, leaf.negative],
    ] as const) {
      if ("live" in evidence) ensureIdentity(facts, hidden, cell, side, evidence.live);
      else ensureShort(facts, frame, cell, side, evidence.weights);
    }
  });
}

/** The sign of u·x_i on the cell. */
function signAt({ spend }: EnclosedFacts, cell: Cell<Rational>, sample: number): 1 | -1 | 0 | null {
  spend(10 + cell.conditions.length);
  return cell.sample(sample).layers[0]![0]!.sign;
}

/** ‖Σ λ y σ' x + Σ ν (±x)‖ < 1, by intervals. */
function ensureShort(
  facts: EnclosedFacts,
  frame: Frame<Rational>,
  cell: Cell<Rational>,
  side: 1 | -1,
  weights: readonly { readonly at: UnitAtSample; readonly weight: Rational }[],
): void {
  const { problem, ring } = facts;
  const { field: K } = problem;
  const off = ring.enclose(problem.network.slopes[0]!);
  const linear = isLinearLayer(problem.network, 0);
  const f = weighted(facts, (sample) => {
    const sign = signAt(facts, cell, sample);
    return linear || sign === 1 ? ring.one : sign === null ? null : sign === 0 ? ring.zero : off;
  });
  ensure(f !== null, "enclosed-bound.open", "a sample with active margins has no sign on a cell");
  const total = side === 1 ? [...f] : f.map(ring.neg);
  for (const { at, weight } of weights) {
    const sign = at.layer === 0 && at.unit === 0 ? signAt(facts, cell, at.sample) : null;
    ensure(sign === 1 || sign === -1, "enclosed-bound.form", () => `${unitText(at)} has no known sign on the cell`);
    ensure(Q.sign(weight) >= 0, "enclosed-bound.weight", "a weight of a sign is negative");
    for (const [i, c] of frame.facts.instance.data[at.sample]!.x.entries()) {
      const term = ring.enclose(K.mul(weight, c));
      total[i] = sign > 0 ? ring.add(total[i]!, term) : ring.sub(total[i]!, term);
    }
  }
  const short = ring.sign(ring.sub(ring.one, squared(ring, total))) === 1;
  ensure(short, "enclosed-bound.value", "a cell is not shown to be bounded by 1");
}

/** The cell's form differs from w/v of a live unit, of norm 1, by forms that are not negative there: by stationarity, identically. */
function ensureIdentity(
  facts: EnclosedFacts,
  hidden: readonly LiveUnit[],
  cell: Cell<Rational>,
  side: 1 | -1,
  unit: number,
): void {
  const { problem, point, margins, unitAt } = facts;
  const found = (why: string) => `unit ${unit + 1} does not prove the bound on a cell: ${why}`;
  const isSide = hidden.some((one) => one.unit === unit && one.sign === side);
  ensure(isSide, "enclosed-bound.live", () => found("its outgoing weight is not of this sign"));
  if (isLinearLayer(problem.network, 0)) return;
  for (const j of point.active) {
    const { sample } = margins[j]!;
    const own = unitAt({ sample, layer: 0, unit })!;
    const sign = signAt(facts, cell, sample);
    ensure(sign !== null, "enclosed-bound.open", "a sample with active margins has no sign on a cell");
    if (sign === 0) continue; // the sample's form is zero
    const isOn = sign === 1;
    if (!isZero(own)) {
      ensure((own.state === "+") === isOn, "enclosed-bound.live", () =>
        found(`it lies on the other side at sample ${sample + 1}`),
      );
    } else if (own.state !== (isOn ? "+" : "-")) {
      const loses = problem.data[sample]!.y * side < 0;
      ensure(loses, "enclosed-bound.live", () =>
        found(`the margin of sample ${sample + 1} gains across the unit's zero`),
      );
    }
  }
}
