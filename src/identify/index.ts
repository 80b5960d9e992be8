/**
 * From approximate or trained weights to the KKT point they approach: its structure from a flow that runs on only as far as needed, its numbers
 * exactly where radicals hold them and in an enclosure where not, and what the kernel accepts about it.
 */
import { equals } from "../exact/field.js";
import { endsOf } from "../exact/interval.js";
import { formatRational, Q, type Rational } from "../exact/rational.js";
import { type ApproximateKkt, approximateKkt } from "../flow/approximate-kkt.js";
import type { KktPoint } from "../flow/kkt-point.js";
import { modelOf } from "../flow/model.js";
import { settler } from "../flow/settle.js";
import type { EnclosedKind } from "../kernel/enclosed/kkt.js";
import type { EnclosedPoint } from "../kernel/enclosed/point.js";
import { type EnclosedStatement, enclosedKinds } from "../kernel/enclosed/statements.js";
import { type EnclosedFacts, enclosedFacts } from "../kernel/enclosed/system.js";
import { Rejection } from "../kernel/ensure.js";
import { factsOf } from "../kernel/facts.js";
import { passAt } from "../kernel/forward.js";
import { LimitError } from "../kernel/metered.js";
import type { Statement } from "../kernel/statements/index.js";
import { writeEnclosedCertificate } from "../kernel/verify.js";
import { formatJson, type Json } from "../network/codec.js";
import { InputError } from "../network/decode.js";
import { type Instance, marginOf, marginText, type Problem } from "../network/instance.js";
import { isLinear } from "../network/network.js";
import { parseProblem } from "../problem/problem.js";
import { certify, readBack, TOO_MUCH } from "../prover/certify.js";
import type { Progress } from "../prover/effort.js";
import type { AttractsRequest, Open } from "../prover/prove.js";
import { middleOf } from "../prover/search/vectors.js";
import { type Answer, questionKey, type Verdict, verdictOf } from "../report/verdict.js";
import { betterPoints } from "./better.js";
import { boundedField, TooMuchWork } from "./bounded.js";
import { guessGeneral, recogniseRoots, sharedPlainly } from "./general.js";
import { type Limit, limitAt, limitNear, limitOfFlow, sameStructure } from "./limit.js";
import { exactLinear, guessLinear, isLinearChain, linearLimit } from "./linear.js";
import { proveEnclosed } from "./prove.js";
import { type Recognised, recognise } from "./recognise.js";
import { enclosed, equationsOf, systemFor, zeroNear } from "./solve.js";
import { type Assumption, assumptionsOf, outsideOfDepthTwo, type Structure } from "./structure.js";
import { type Description, describe, NO_POINT, sizesOf } from "./table.js";

export interface IdentifyOptions {
  /** The radius of the box is 10^−digits; default 20. */
  readonly digits?: number;
  /** Whether to prove also that training on, by gradient flow with either loss, converges from the weights to the point. */
  readonly attracts?: boolean;
  readonly progress?: Progress;
  /** Points that are nearly feasible, and may be shorter than the one that is found. */
  readonly hints?: readonly (readonly number[])[];
  /** Of a proof in exact numbers, in products of rational numbers: at most so much; by default a minute's, where there is nothing else. */
  readonly work?: number;
}

/** What the weights are found to approach. Samples and units count from 0 here. */
export interface Identification extends Description {
  readonly name: string;
  readonly kind: "exact" | "enclosed" | "none";
  /** The text of a problem file: with the exact point, or without a point. */
  readonly problem: string;
  readonly certificate: string | null;
  /** Of the given weights, scaled to least margin 1; null where they do not separate the data. */
  readonly given: ApproximateKkt | null;
  readonly verdict: Verdict;
  /** Each parameter in radicals, or with its decimals that are certain. */
  readonly parameters: readonly { readonly name: string; readonly value: string }[];
  readonly assumptions: readonly Assumption[];
  readonly notes: readonly string[];
  /** Why there is no point, or questions about it stay open. */
  readonly reasons: readonly string[];
}

const DIGITS = 20;
/** Weights with residuals below this are taken for a rounded KKT point, and looked at as they are before the flow runs. */
const ROUNDED = 1e-2;
/** Exact numbers are sought in fields of degree up to this. */
const MAX_EXACT_DEGREE = 16;
/** In products of rational numbers: some seconds, and a minute. */
const EXACT_WORK = 5e7;
const MOST_EXACT_WORK = 6e8;
const NOT_FOR_ENCLOSED = "that training on converges to the point is only proved for exact points";
const TOO_LONG = "no exact numbers: their proof would take too long";

/**
 * Identifies the point that the weights, the point of the problem, approach. Throws InputError where the data cannot be handled, and ProverBug
 * where the kernel refuses what was found.
 */
export function identify(problem: Instance<Rational>, options: IdentifyOptions = {}): Identification {
  const { progress = () => {}, digits = DIGITS, attracts = false, hints = [], work = MOST_EXACT_WORK } = options;
  const weights = problem.point.map(Q.toNumber);
  const none = (reason: string, given: ApproximateKkt | null, feasible: Answer = "undecided") =>
    nothing(problem, reason, given, feasible);
  const contradiction = contradictionIn(problem);
  if (contradiction !== null) return none(`no point is feasible: ${contradiction}`, null, "no");
  const given = approximateKkt(modelOf({ ...problem, point: null }), Float64Array.from(weights));
  if (given === null) {
    const behind = behindIn(problem);
    const which = behind.length === 0 ? "" : `: the margin of ${behind.slice(0, 8).join(", ")} is not positive`;
    return none(`the weights do not separate the data${which}; train them until they do`, null);
  }
  const scaled = weights.map((c) => c * given.scale);
  const finish = (found: Found) => concluded(problem, scaled, given, found, { attracts, progress, hints, work });

  if (isLinearChain(problem)) {
    progress("solving");
    const found = foundLinear(problem, scaled, digits);
    return found === null ? none("the direction of largest margin was not found", given) : finish(found);
  }
  if (outsideOfDepthTwo(problem) !== null) {
    progress("flow");
    const { point, reason } = settler(problem, "exponential")(scaled);
    return point === null
      ? none(`where the flow leads was not found: ${reason}`, given)
      : finish(foundGeneral(problem, point, digits));
  }

  const conclude = (limit: Limit) => finish(foundAt(problem, limit, digits));
  const residual = Math.max(given.epsilon / given.norm, given.delta / given.norm ** 2);
  if (residual < ROUNDED) {
    progress("structure");
    const limit = limitAt(problem, scaled, residual);
    if (limit !== null) return conclude(limit);
  }
  progress("flow");
  const limit = limitOfFlow(problem, weights, false);
  const first = "reason" in limit ? none(limit.reason, given) : conclude(limit);
  if ("reason" in limit || !limit.early || first.verdict.local === "yes") return first;
  // A flow may pass by a point that is no local optimum: it has to come close.
  progress("flow further");
  const further = limitOfFlow(problem, weights, true);
  if ("reason" in further) return none(further.reason, given);
  return sameStructure(limit.candidate.structure, further.candidate.structure) && first.kind !== "none"
    ? first
    : conclude(further);
}

/**
 * The same for a KKT point that is known in floating point, on any network: of networks that `identify` does not reach, its numbers where
 * radicals hold them, and else an enclosure.
 */
export function identifyPoint(
  given: Problem<Rational>,
  point: KktPoint,
  options: IdentifyOptions = {},
): Identification {
  const { progress = () => {}, digits = DIGITS, hints = [], work = MOST_EXACT_WORK } = options;
  const problem: Instance<Rational> = { ...given, point: [] };
  const theta = [...point.theta];
  const quality = approximateKkt(point.model, point.theta);
  if (quality === null) return nothing(problem, "the point does not separate the data", null, "undecided");
  const found = foundNear(problem, point, digits);
  return found === null
    ? nothing(problem, "the structure of the point was not found", quality, "undecided")
    : concluded(problem, theta, quality, found, { attracts: false, progress, hints, work });
}

function foundNear(problem: Problem<Rational>, point: KktPoint, digits: number): Found | null {
  const theta = [...point.theta];
  if (isLinearChain(problem)) return foundLinear(problem, theta, digits);
  if (outsideOfDepthTwo(problem) !== null) return foundGeneral(problem, point, digits);
  const limit = limitNear(problem, theta);
  return limit === null ? foundGeneral(problem, point, digits) : foundAt(problem, limit, digits);
}

/** Of a fully connected linear network: near the weights, of the KKT points that make one linear function. */
function foundLinear(problem: Problem<Rational>, theta: readonly number[], digits: number): Found | null {
  const limit = linearLimit(problem, theta);
  if (limit === null) return null;
  const system = systemFor(problem, guessLinear(problem, limit));
  const zero = zeroNear(equationsOf(system), system.guess.start);
  const multipliers = zero?.values.slice(-limit.active.length) ?? [];
  return {
    structure: null,
    describe: () => ({
      ...NO_POINT,
      active: limit.active.map((sample, k) => ({ sample, multiplier: multipliers[k] ?? Number.NaN })),
    }),
    exact: () => exactLinear(problem, limit),
    box: () => (zero?.inverse == null ? "the system is singular" : enclosed(system, zero.values, zero.inverse, digits)),
    assumptions: [],
  };
}

/** Of depth 2. */
function foundAt(problem: Problem<Rational>, { candidate, near }: Limit, digits: number): Found {
  const { structure, guess, zero, degenerate } = candidate;
  return {
    structure,
    describe: (theta) => describe(problem, candidate, theta),
    exact: () => recognise(problem, candidate, near),
    box: () =>
      degenerate.length > 0 || zero.inverse === null
        ? degenerate.join("; ")
        : enclosed(systemFor(problem, guess), zero.values, zero.inverse, digits),
    assumptions: assumptionsOf(problem, structure, near),
  };
}

/** Of any network. */
function foundGeneral(problem: Problem<Rational>, point: KktPoint, digits: number): Found {
  const shared = sharedPlainly(problem, point);
  return {
    structure: null,
    describe: () => ({
      ...NO_POINT,
      active: point.margins.map((m, k) => ({ sample: point.model.margins[m]!.sample, multiplier: point.lambda[k]! })),
    }),
    exact: () => recogniseRoots(shared),
    box: () => {
      const system = systemFor(problem, guessGeneral(problem, shared));
      const zero = zeroNear(equationsOf(system), system.guess.start);
      return zero?.inverse == null
        ? "the system is singular there: the point is one of a continuum"
        : enclosed(system, zero.values, zero.inverse, digits);
    },
    assumptions: [],
  };
}

/** The samples whose margins are not positive at the weights, in words. */
function behindIn(problem: Instance<Rational>): string[] {
  const { margins, slack } = factsOf(problem);
  return margins.flatMap((margin, j) => {
    if (slack[j]! >= 0) return [];
    const { outputs } = passAt(problem, margin.sample, problem.point);
    return Q.sign(marginOf(Q, margin, outputs)) <= 0 ? [marginText(margin)] : [];
  });
}

/** A point that was found in floating point, and the ways to make it rigorous. */
interface Found {
  /** Null for linear networks of any depth. */
  readonly structure: Structure | null;
  readonly describe: (theta: readonly number[]) => Omit<Description, "distance" | "halfNorm">;
  readonly exact: () => Recognised | null;
  /** The enclosed point, or why there is none. */
  readonly box: () => EnclosedPoint | string;
  readonly assumptions: readonly Assumption[];
}

// ---------------------------------------------------------------- from floats to what is proved

function concluded(
  problem: Instance<Rational>,
  given: readonly number[],
  quality: ApproximateKkt,
  found: Found,
  { attracts, progress, hints, work }: Required<Omit<IdentifyOptions, "digits">>,
): Identification {
  const reasons: string[] = [];
  const request = attracts ? { start: problem.point, losses: ["exponential", "logistic"] as const } : null;
  const first = exactOutcome(problem, found, Math.min(work, EXACT_WORK), request, progress, reasons, hints);
  const isDecided = first !== null && first.verdict.undecided.length === 0;
  if (!isDecided) progress("enclosure");
  const box = isDecided ? null : enclosedOutcome(problem, found, reasons, hints);
  // Where there is no enclosure, exact numbers are worth more work.
  const exact =
    first ??
    (box === null && reasons.includes(TOO_LONG) && work > EXACT_WORK
      ? exactOutcome(problem, found, work, request, progress, reasons, hints)
      : null);
  const best =
    exact !== null &&
    (box === null || box.verdict.kkt !== "yes" || exact.verdict.undecided.length <= box.verdict.undecided.length)
      ? exact
      : box;
  if (best === null || best.verdict.kkt !== "yes") {
    const why = best === null ? reasons : best.verdict.undecided;
    return nothing(problem, why.join("; ") || "the point that was found could not be proved", quality, "undecided");
  }
  return {
    ...found.describe(best.theta),
    ...sizesOf(best.theta, given),
    name: problem.name,
    kind: best.kind,
    problem: best.problem,
    certificate: best.certificate,
    given: quality,
    verdict: best.verdict,
    parameters: problem.network.parameters.map(({ name }, k) => ({ name, value: best.values[k]! })),
    assumptions: found.assumptions,
    notes: [
      ...best.notes,
      ...(best.kind === "exact" ? [] : reasons),
      ...(attracts && best.kind === "enclosed" ? [NOT_FOR_ENCLOSED] : []),
    ],
    reasons: best.verdict.undecided,
  };
}

interface Outcome {
  readonly kind: "exact" | "enclosed";
  readonly problem: string;
  readonly certificate: string;
  readonly verdict: Verdict;
  readonly theta: readonly number[];
  /** The parameters: in radicals, or their decimals that are certain. */
  readonly values: readonly string[];
  readonly notes: readonly string[];
}

function exactOutcome(
  problem: Problem<Rational>,
  found: Found,
  work: number,
  attracts: AttractsRequest | null,
  progress: Progress,
  reasons: string[],
  hints: readonly (readonly number[])[],
): Outcome | null {
  progress("exact numbers");
  const exact = found.exact();
  if (exact === null) {
    reasons.push("no exact numbers: the point's were not recognised in radicals");
    return null;
  }
  if (exact.degree > MAX_EXACT_DEGREE) {
    reasons.push(`no exact numbers: they need a field of degree ${exact.degree}`);
    return null;
  }
  const text = problemText(problem, exact.point);
  try {
    const { problem: parsed } = parseProblem(text);
    const instance: Instance<unknown> = {
      ...parsed,
      point: parsed.point!,
      field: boundedField(parsed.field, work),
    };
    const { text: certificate, accepted, open } = certify(instance, { progress, hints, attracts });
    const verdict = verdictOf(instance, accepted, reasonsOf(open));
    // Weights that are trapped as they are need no path.
    const fromStart = accepted.some(({ statement }) => startsAt(instance, statement, attracts))
      ? attracts!.losses.map((loss) => ({ loss, radius: null, reason: null }))
      : verdict.fromStart;
    if (verdict.feasible && verdict.kkt === "yes")
      return {
        kind: "exact",
        problem: text,
        certificate,
        verdict: { ...verdict, fromStart },
        theta: exact.theta,
        values: exact.point,
        notes: exact.notes,
      };
    reasons.push("no exact numbers: those that were tried are not of a KKT point");
  } catch (error) {
    if (error instanceof TooMuchWork) reasons.push(TOO_LONG);
    else if (error instanceof InputError) reasons.push(`no exact numbers: ${error.message}`);
    else throw error;
  }
  return null;
}

/** Whether a statement says, for all losses, that the flow from the start that was asked for converges. */
function startsAt(
  { field: K }: Instance<unknown>,
  statement: Statement<unknown>,
  request: AttractsRequest | null,
): boolean {
  if (request?.start == null || statement.kind !== "attracts" || statement.path !== null) return false;
  const { point } = statement.start;
  return request.start.every((x, k) => equals(K, point[k], K.fromRational(x as Rational)));
}

function enclosedOutcome(
  problem: Problem<Rational>,
  found: Found,
  reasons: string[],
  hints: readonly (readonly number[])[],
): Outcome | null {
  const fail = (reason: string) => {
    reasons.push(`no enclosure: ${reason}`);
    return null;
  };
  let point: EnclosedPoint | string;
  let facts: EnclosedFacts;
  try {
    point = found.box();
    if (typeof point === "string") return fail(point);
    facts = enclosedFacts(problem, point, () => {});
  } catch (error) {
    return fail(refusalIn(error));
  }
  let refused = "";
  const accepts = (statement: EnclosedStatement) => {
    try {
      (enclosedKinds[statement.kind] as unknown as EnclosedKind<EnclosedStatement>).check(facts, statement);
      return true;
    } catch (error) {
      refused = refusalIn(error);
      return false;
    }
  };
  const theta = facts.theta.map((x) => middleOf(x, facts.ring.precision));
  const { statements, open } = proveEnclosed(facts, found.structure, accepts, (starts) =>
    betterPoints(problem, theta, hints, starts),
  );
  if (!statements.some(({ kind }) => kind === "kkt")) return fail(refused);
  const read = readBack("enclosed", statements, (own) => writeEnclosedCertificate(problem, point, own));
  if ("refused" in read) return fail(read.refused);
  const accepted = read.verdict.statements.filter((one) => one.accepted);
  if (!accepted.some(({ statement }) => statement.kind === "kkt")) return fail(TOO_MUCH);
  const instance: Instance<Rational> = { ...problem, point: [] };
  const verdict = verdictOf(instance, accepted, reasonsOf([...open, ...read.left]));
  const values = facts.theta.map((x) => certainDigits(x, facts.ring.precision));
  return {
    kind: "enclosed",
    problem: problemText(problem, null),
    certificate: read.text,
    verdict,
    theta,
    values,
    notes: [],
  };
}

function refusalIn(error: unknown): string {
  if (error instanceof Rejection || error instanceof LimitError || error instanceof RangeError) return error.message;
  throw error;
}

function reasonsOf(open: readonly Open[]): ReadonlyMap<string, string> {
  return new Map(open.map(({ question, reason }) => [questionKey(question), reason]));
}

/** The decimals on which both ends agree, rounded towards zero. */
function certainDigits(x: { readonly low: bigint; readonly high: bigint }, precision: number): string {
  const [low, high] = endsOf(x, precision);
  if (Q.isZero(low) && Q.isZero(high)) return "0";
  for (let digits = Math.floor(precision / 3); digits >= 0; digits--) {
    const [a, b] = [low, high].map((end) => truncated(end, digits)) as [string, string];
    if (a === b) return a;
  }
  return "?";
}

function truncated({ s, n, d }: Rational, digits: number): string {
  const whole = ((n * 10n ** BigInt(digits)) / d).toString().padStart(digits + 1, "0");
  const sign = s < 0n ? "-" : "";
  return digits === 0 ? `${sign}${whole}` : `${sign}${whole.slice(0, -digits)}.${whole.slice(-digits)}`;
}

// ---------------------------------------------------------------- texts, and what has no point

/** The text of a problem file; exact numbers of the point in the number syntax, or none. */
function problemText(
  { name, title, claim, network, frozen, data }: Problem<Rational>,
  point: readonly string[] | null,
): string {
  const constants = Object.fromEntries(network.frozen.map((weight, k) => [weight, formatRational(frozen[k]!)]));
  const json: Record<string, unknown> = {
    format: "margincert/problem/1",
    name,
    ...(title === null ? {} : { title }),
    ...(claim === null ? {} : { claim }),
    network: network.frozen.length === 0 ? network.source : { ...network.source, frozen: constants },
    data: data.map(({ x, y }) => ({ x: x.map(formatRational), y: network.outputs === 1 ? y : y + 1 })),
    ...(point === null ? {} : { point }),
  };
  return formatJson(json as Json);
}

/** Why no point at all is feasible, where one sample or two show it; null else. */
export function contradictionIn({ network, data }: Problem<Rational>): string | null {
  for (const [i, { x, y }] of data.entries()) {
    if (x.every(Q.isZero)) return `sample ${i + 1} is zero, where every network without biases is zero`;
    for (const [j, other] of data.slice(0, i).entries()) {
      const at = x.findIndex((c) => !Q.isZero(c));
      const ratio = Q.div(other.x[at]!, x[at]!);
      const isMultiple = x.every((c, k) => Q.isZero(Q.sub(Q.mul(c, ratio), other.x[k]!)));
      if (!isMultiple) continue;
      if (Q.sign(ratio) > 0 && y !== other.y)
        return `samples ${j + 1} and ${i + 1} lie on one ray, with different labels`;
      if (Q.sign(ratio) < 0 && y === other.y && isLinear(network))
        return `samples ${j + 1} and ${i + 1} are opposite, with one label, and the network is linear`;
    }
  }
  return network.layers.length === 0 ? "the network has no layers" : null;
}

function nothing(
  problem: Instance<Rational>,
  reason: string,
  given: ApproximateKkt | null,
  feasible: Answer,
): Identification {
  const answer = feasible === "no" ? "no" : "undecided";
  const verdict: Verdict = {
    name: problem.name,
    feasible: false,
    kkt: answer,
    local: answer,
    strict: null,
    isContinuum: false,
    radius: null,
    global: answer,
    layers: [],
    attracts: null,
    fromStart: [],
    undecided: feasible === "no" ? [] : [`KKT point: ${reason}`],
    certificate: null,
  };
  return {
    name: problem.name,
    kind: "none",
    problem: problemText(problem, null),
    certificate: null,
    given,
    verdict,
    assumptions: [],
    notes: [],
    reasons: [reason],
    parameters: [],
    ...NO_POINT,
  };
}
