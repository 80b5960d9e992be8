/** What can be said of an enclosed point: statements, each accepted by the kernel, and a reason for each question that stays open. */
import type { Interval } from "../exact/interval.js";
import { Q, type Rational, rational } from "../exact/rational.js";
import type { EnclosedLeaf, Side } from "../kernel/enclosed/bound.js";
import type { EnclosedStatement } from "../kernel/enclosed/statements.js";
import type { EnclosedFacts } from "../kernel/enclosed/system.js";
import type { Cell } from "../kernel/explore.js";
import { chainOf } from "../kernel/shape.js";
import { isLinear, isLinearLayer, layersAsked, type Scope } from "../network/network.js";
import { growTree } from "../prover/cells.js";
import type { Open } from "../prover/prove.js";
import { combined, quadraticAscent } from "../prover/search/conic.js";
import { middleOf } from "../prover/search/vectors.js";
import { bySecondOrder } from "./curvature.js";
import { layersOf, type Structure } from "./structure.js";

/** Asks the kernel whether it accepts a statement about the point. */
export type Accepts = (statement: EnclosedStatement) => boolean;

export interface EnclosedFindings {
  readonly statements: readonly EnclosedStatement[];
  readonly open: readonly Open[];
}

const MAX_CELLS = 4096;
const NOT_STRICT = "no strict conditions of second order hold, as where units are dead or share a direction";

export function proveEnclosed(
  facts: EnclosedFacts,
  structure: Structure | null,
  accepts: Accepts,
  betterPoints: (starts: readonly (readonly number[])[]) => Iterable<readonly Rational[]>,
): EnclosedFindings {
  const statements: EnclosedStatement[] = [];
  const open: Open[] = [];
  const keep = (statement: EnclosedStatement | null) => {
    if (statement === null || !accepts(statement)) return false;
    statements.push(statement);
    return true;
  };
  const leave: Leave = (about, reason, scope = null) => {
    open.push({ question: { about, scope } as Open["question"], reason });
  };
  keep({ kind: "feasible" });
  if (!keep({ kind: "kkt" })) {
    leave("kkt", "the zero of the system is not shown to be a KKT point");
    leave("local", "the point is not shown to be a KKT point");
    leave("global", "the point is not shown to be a KKT point");
    return { statements, open };
  }
  const isGlobal = decideWhole(facts, structure, keep, leave, betterPoints);
  if (!isGlobal) for (const layer of layersAsked(facts.problem.network)) decideLayer(layer, keep, leave);
  return { statements, open };
}

type Keep = (statement: EnclosedStatement | null) => boolean;
type Leave = (about: Open["question"]["about"], reason: string, scope?: Scope) => void;

/** Whether the point is shown to be a global optimum. */
function decideWhole(
  facts: EnclosedFacts,
  structure: Structure | null,
  keep: Keep,
  leave: Leave,
  betterPoints: (starts: readonly (readonly number[])[]) => Iterable<readonly Rational[]>,
): boolean {
  if (isLinear(facts.problem.network) && keep({ kind: "bound", reach: "global", by: { linear: "yes" } })) return true;
  const cells = structure === null ? null : globalTree(facts, structure);
  if (cells?.kind === "found" && keep({ kind: "bound", reach: "global", by: { tree: cells.tree } })) return true;
  const gains = cells?.kind === "failed" ? cells.gains : [];
  if (structure !== null) for (const statement of descents(facts, structure, gains)) if (keep(statement)) return false;
  const second = bySecondOrder(facts);
  if (second?.kind === "not-local" && keep(second)) return false;
  const isLocal = structure?.dead.length === 0 && keep({ kind: "bound", reach: "local", by: { live: "yes" } });
  const isStrict = second?.kind === "strict-local" && keep(second);
  if (!isLocal && !isStrict)
    leave(
      "local",
      `no descent was found${structure === null ? ", and" : ", the bound does not hold on all cells, and"} ${NOT_STRICT}`,
    );
  const starts = structure === null ? [] : wakings(facts, structure, gains);
  for (const better of betterPoints(starts)) if (keep({ kind: "not-global", better })) return false;
  leave("global", "neither a better point nor a bound was found");
  return false;
}

/** Where the whole point is not shown to be an optimum, a layer may be. */
function decideLayer(scope: number, keep: Keep, leave: Leave): void {
  if (keep({ kind: "concave", scope, reach: "global" })) return;
  if (!keep({ kind: "concave", scope, reach: "local" }))
    leave("local", "a margin gains across a pre-activation that is zero", scope);
  leave("global", "only layers without kinks above them are decided at an enclosed point", scope);
}

/** A direction in which a new unit would gain more than it costs, with the sign of its outgoing weight. */
interface Gain {
  readonly direction: readonly number[];
  readonly side: 1 | -1;
}

/** Middles of the enclosures. */
function middles(facts: EnclosedFacts): { lambda: number[]; theta: number[] } {
  const middle = (x: Interval) => middleOf(x, facts.ring.precision);
  return { lambda: facts.lambda.map(middle), theta: facts.theta.map(middle) };
}

function globalTree(facts: EnclosedFacts, structure: Structure) {
  const { problem, point, margins } = facts;
  const { network, data } = problem;
  const { frame } = chainOf(problem, () => {});
  const samples = point.active.map((j) => margins[j]!.sample);
  const { lambda, theta } = middles(facts);
  const layers = layersOf(problem);
  const slope = Q.toNumber(network.slopes[0]!);
  const linear = isLinearLayer(network, 0);
  const xs = data.map(({ x }) => x.map(Q.toNumber));
  const gains: Gain[] = [];
  const next = (cell: Cell<Rational>) => {
    if (linear) return null;
    const sample = samples.find((i) => cell.sample(i).layers[0]![0]!.sign === null);
    return sample === undefined ? null : { sample, layer: 0, unit: 0 };
  };
  const signOf = (cell: Cell<Rational>, i: number) => cell.sample(i).layers[0]![0]!.sign;
  const sideOf = (cell: Cell<Rational>, side: 1 | -1): Side | null => {
    const live = structure.groups.find(({ units }, g) => {
      const [unit] = units as [number];
      if (Math.sign(theta[layers.outgoing.get(unit)!]!) !== side) return false;
      return samples.every((i) => {
        const sign = linear ? 0 : signOf(cell, i);
        if (sign === 0) return true;
        const own = facts.units.find(({ at }) => at.sample === i && at.unit === unit)!;
        const here = sign === 1 ? "+" : "-";
        const zero = own.state === "?" || own.z.size === 0;
        return own.state === here || (zero && data[i]!.y * side < 0) || (structure.sides[g]![i] === here && !zero);
      });
    });
    if (live !== undefined) return { live: live.units[0]! };
    const target = new Array<number>(network.inputs).fill(0);
    for (const [k, i] of samples.entries()) {
      const sign = linear ? 1 : signOf(cell, i);
      const factor = lambda[k]! * data[i]!.y * side * (sign === 1 ? 1 : sign === 0 ? 0 : slope);
      for (const [j, c] of xs[i]!.entries()) target[j]! += factor * c;
    }
    const signed = linear ? [] : samples.flatMap((i) => (signOf(cell, i) === 1 || signOf(cell, i) === -1 ? [i] : []));
    const vectors = signed.map((i) => xs[i]!.map((c) => c * signOf(cell, i)!));
    const weights = quadraticAscent(
      vectors,
      vectors.map((v) => -v.reduce((t, c, k) => t + c * target[k]!, 0)),
    );
    const total = combined(vectors, weights).map((c, k) => c + target[k]!);
    const rest = vectors.length === 0 ? target : total;
    if (Math.hypot(...rest) >= 1 - 1e-9) {
      gains.push({ direction: rest, side });
      return null;
    }
    return {
      weights: signed.flatMap((i, k) => {
        const weight = rational(BigInt(Math.round(weights[k]! * 2 ** 40)), 1n << 40n);
        return Q.isZero(weight) ? [] : [{ at: { sample: i, layer: 0, unit: 0 }, weight }];
      }),
    };
  };
  const tree = growTree<Rational, EnclosedLeaf>(
    frame,
    next,
    (cell) => {
      const [positive, negative] = [sideOf(cell, 1), sideOf(cell, -1)];
      return positive === null || negative === null ? null : { positive, negative };
    },
    MAX_CELLS,
  );
  return tree === null ? ({ kind: "failed", gains } as const) : ({ kind: "found", tree } as const);
}

/** Waking a dead unit where there is one, and crossing each zero of a live unit at which the sample's margin gains. */
function* descents(facts: EnclosedFacts, structure: Structure, gains: readonly Gain[]): Generator<EnclosedStatement> {
  const { problem, units } = facts;
  const layers = layersOf(problem);
  const { theta } = middles(facts);
  for (const { at, z, state } of units) {
    const v = layers.outgoing.get(at.unit);
    if (v === undefined || structure.dead.includes(at.unit) || !(state === "?" || z.size === 0)) continue;
    if (problem.data[at.sample]!.y * theta[v]! > 0) yield { kind: "not-local", by: { kink: at } };
  }
  const [dead] = structure.dead;
  if (dead === undefined) return;
  for (const { direction, side } of gains) {
    const own = layers.incoming[dead]!.map(({ from }) =>
      rational(BigInt(Math.round(direction[from]! * 2 ** 20)), 1n << 20n),
    );
    yield { kind: "not-local", by: { dead, direction: own, side: side === 1 ? "positive" : "negative" } };
  }
}

/**
 * Points near θ that are about as long, with a unit woken in a direction of gain: a dead one, or one that another of its group serves for; or
 * else the weakest unit, turned. From there better points are not far.
 */
function wakings(facts: EnclosedFacts, structure: Structure, gains: readonly Gain[]): number[][] {
  const { theta } = middles(facts);
  const layers = layersOf(facts.problem);
  const sizeOf = (unit: number) => Math.abs(theta[layers.outgoing.get(unit)!]!);
  const merged = [...theta];
  const [dead] = structure.dead;
  const group = structure.groups.find(({ units }) => units.length > 1);
  let spare = dead;
  if (spare === undefined && group !== undefined) {
    const [first, ...others] = group.units as [number, ...number[]];
    const factor = Math.hypot(...group.units.map(sizeOf)) / sizeOf(first);
    const weightsOf = (unit: number) => [
      layers.outgoing.get(unit)!,
      ...layers.incoming[unit]!.map(({ weight }) => weight),
    ];
    for (const k of weightsOf(first)) merged[k]! *= factor;
    for (const unit of others) for (const k of weightsOf(unit)) merged[k] = 0;
    spare = others[0];
  }
  const weakest = structure.groups.flatMap(({ units }) => units).sort((a, b) => sizeOf(a) - sizeOf(b))[0]!;
  const unit = spare ?? weakest;
  return gains.slice(0, MAX_WAKINGS).map(({ direction, side }) => {
    const start = [...merged];
    const size = WOKEN / Math.hypot(...direction);
    for (const { from, weight } of layers.incoming[unit]!) start[weight] = direction[from]! * size;
    start[layers.outgoing.get(unit)!] = side * WOKEN;
    return start;
  });
}

const MAX_WAKINGS = 6;
/** The size of the weights of a unit that was woken, relative to nothing: least margins are 1. */
const WOKEN = 0.1;
