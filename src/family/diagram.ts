/**
 * Decides a family: on which intervals of the parameter, and at which values between them, a point is what.
 *
 * The prover works just above a sample value, where the functions of the parameter are totally ordered (`germ.ts`). Each statement that it
 * finds is given to the kernel on larger intervals: where the kernel refuses it names the places at which a sign changes, and the interval
 * ends there. So a piece is an interval on which the kernel accepted the statements themselves; the places between pieces are problems
 * with one point, over the field of the place. (`proofs/theory.md`, §12.)
 */
import type { Field } from "../exact/field.js";
import { functionField, type RationalFunction } from "../exact/function-field.js";
import { compareRoots, halved, type RealRoot, rationalRoot } from "../exact/integer-polynomial.js";
import { FieldError } from "../exact/number-field.js";
import { Q, type Rational, rational } from "../exact/rational.js";
import type { Statement } from "../kernel/statements/index.js";
import {
  type Acceptance,
  type StatementVerdict,
  verifyCertificate,
  verifyStatement,
  writeCertificate,
} from "../kernel/verify.js";
import { formatJson } from "../network/codec.js";
import { InputError, parseJson } from "../network/decode.js";
import type { Instance, Problem } from "../network/instance.js";
import { atRoot, atValue, plainPlace } from "../problem/family.js";
import type { Family } from "../problem/problem.js";
import { certify } from "../prover/certify.js";
import type { Progress } from "../prover/effort.js";
import { type Open, ProverBug, prove } from "../prover/prove.js";
import type { Piece } from "../report/pieces.js";
import { placeWords } from "../report/places.js";
import { questionKey, type Verdict, verdictOf } from "../report/verdict.js";
import { germAt } from "./germ.js";
import { plainVariants, variantsOf } from "./variants.js";

type Range = readonly [RealRoot, RealRoot];

/** A piece with the text of its certificate; null where nothing was proved. */
export interface CertifiedPiece extends Piece {
  readonly certificate: string | null;
}

export interface FamilyOptions {
  readonly progress?: Progress;
  readonly effort?: number;
}

/** Intervals that are tried, one inside the rest of another. */
const MAX_DEPTH = 8;

/** The pieces of a family with a point, in order; their union is the interval. */
export function decideFamily(
  problem: Problem<RationalFunction>,
  { poles, at }: Family,
  { progress = () => {}, effort = 1 }: FamilyOptions = {},
): readonly CertifiedPiece[] {
  const K = problem.field;
  const { interval } = K.functions!.family;
  const point = problem.point!;
  const search: Search = {
    name: problem.name,
    instance: { ...problem, point },
    fields: new Map(),
    at,
    progress,
    effort,
  };
  const marks = [interval[0], ...poles, interval[1]];
  const ranges = marks.slice(0, -1).flatMap((from, k): (RealRoot | Part)[] => {
    const parts = merged(search, decideRange(search, [from, marks[k + 1]!], 0));
    return [...(k === 0 ? [] : [from]), ...parts.flatMap((part, j) => (j === 0 ? [part] : [part.from, part]))];
  });
  return ranges.map((one, k) => {
    const named = { ...search, name: `${problem.name}.${k + 1}` };
    if ("statements" in one) return certified(named, one);
    const isPole = poles.some((pole) => compareRoots(pole, one) === 0);
    return isPole ? { from: one, to: one, verdict: null, certificate: null } : decideAt(named, one);
  });
}

/** A part of the interval, with the statements that hold there, what they answer, and why the rest is open. */
interface Part {
  readonly from: RealRoot;
  readonly to: RealRoot;
  readonly statements: readonly Statement<RationalFunction>[];
  readonly answers: string;
  readonly reasons: ReadonlyMap<string, string>;
}

/** The parts, where neighbours with the same answers are one if the kernel accepts statements of some of them on all of it. */
function merged(search: Search, parts: readonly Part[]): readonly Part[] {
  const runs: Part[][] = [];
  for (const part of parts) {
    const run = runs.at(-1);
    if (run?.at(-1)?.answers === part.answers) run.push(part);
    else runs.push([part]);
  }
  return runs.flatMap((run) => {
    const whole = run.length > 2 ? together(search, run) : null;
    return whole === null ? pairwise(search, run) : [whole];
  });
}

function pairwise(search: Search, parts: readonly Part[]): readonly Part[] {
  const result: Part[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    const both = last === undefined ? null : together(search, [last, part]);
    if (both === null) result.push(part);
    else result[result.length - 1] = both;
  }
  return result.length < parts.length ? pairwise(search, result) : result;
}

/** Neighbours as one part, by the statements of one of them or of all. */
function together(search: Search, parts: readonly Part[]): Part | null {
  const [{ from, answers, reasons }, { to }] = [parts[0]!, parts.at(-1)!];
  if (parts.some((part) => part.statements.length === 0 || part.answers !== answers)) return null;
  const range: Range = [from, to];
  const instance = { ...search.instance, field: fieldOn(search, range) };
  const held = parts.map(({ statements }) =>
    statements.flatMap((statement) => {
      const own = verifyOn(search, range, statement);
      if (own.accepted) return [own];
      const other = verifyOn(search, range, withPlainLength(search, statement, range));
      return other.accepted ? [other] : [];
    }),
  );
  const all = [...held, held.flat()].find((some) => answersOf(verdictOf(instance, some)) === answers);
  return all === undefined ? null : { from, to, statements: all.map(({ statement }) => statement), answers, reasons };
}

interface Search {
  /** Of the piece's certificate. */
  readonly name: string;
  readonly instance: Instance<RationalFunction>;
  readonly fields: Map<string, Field<RationalFunction>>;
  readonly at: Family["at"];
  readonly progress: Progress;
  readonly effort: number;
}

/** A statement and the largest interval around the sample on which it was accepted. */
interface Reaching {
  readonly statement: Statement<RationalFunction>;
  readonly range: Range;
  readonly accepted: Acceptance<RationalFunction>;
  /** Whether it is as the prover wrote it. */
  readonly written: boolean;
}

/** Whether the first range is within the second. */
function isWithin([a, b]: Range, [c, d]: Range): boolean {
  return compareRoots(c, a) <= 0 && compareRoots(b, d) <= 0;
}

function decideRange(search: Search, range: Range, depth: number): readonly Part[] {
  const { instance, progress, effort } = search;
  const s = sampleIn(range);
  progress(`${instance.field.functions!.family.parameter} = ${s.toFraction()}`);
  const near = { ...instance, field: germAt(instance.field, s) };
  const { statements, open } = prove(near, { effort });
  const reaching = statements.flatMap((statement): Reaching[] => {
    const found = variantsOf(near, statement).flatMap((variant): Reaching[] => {
      const reach = reachOf(search, variant, range, s);
      return reach === null ? [] : [{ statement: variant, ...reach, written: variant === statement }];
    });
    const widest = found.reduce<Reaching | null>(
      (best, one) => (best !== null && isWithin(one.range, best.range) ? best : one),
      null,
    );
    return widest === null ? [] : [widest];
  });
  const piece = choose(search, reaching, range, open);
  const { from, to } = piece;
  const rest = (part: Range) =>
    depth < MAX_DEPTH ? decideRange(search, part, depth + 1) : [undecidedOn(search, part)];
  const before = compareRoots(range[0], from) < 0 ? rest([range[0], from]) : [];
  const after = compareRoots(to, range[1]) < 0 ? rest([to, range[1]]) : [];
  return [...before, piece, ...after];
}

/** A plain number in the middle of a range. */
export function sampleIn([from, to]: Range): Rational {
  let [a, b] = [from, to];
  while (
    4n * (a.high - a.low) * b.d > b.low * a.d - a.high * b.d ||
    4n * (b.high - b.low) * a.d > b.low * a.d - a.high * b.d
  )
    [a, b] = [halved(a), halved(b)];
  const [low, high] = [rational(a.high, a.d), rational(b.low, b.d)];
  // Not in the middle itself: families are often special at the plainest values.
  const width = Q.sub(high, low);
  return plainest(Q.add(low, Q.mul(width, rational(2n, 5n))), Q.add(low, Q.mul(width, rational(9n, 20n))));
}

/** The fraction with the least denominator in the closed interval. */
function plainest(low: Rational, high: Rational): Rational {
  const floor = rational(low.s * low.n >= 0n ? low.n / low.d : -((low.n + low.d - 1n) / low.d));
  if (Q.isZero(Q.sub(floor, low))) return low;
  if (Q.sign(Q.sub(high, Q.add(floor, Q.one))) >= 0) return Q.add(floor, Q.one);
  const inner = plainest(Q.inv(Q.sub(high, floor)), Q.inv(Q.sub(low, floor)));
  return Q.add(floor, Q.inv(inner));
}

/** The field on a range; one and the same for the same range, as it remembers signs. */
function fieldOn({ instance: { field }, fields }: Search, interval: Range): Field<RationalFunction> {
  const key = interval.map(({ polynomial, low, high, d }) => `${polynomial} ${low} ${high} ${d}`).join(" ");
  const known =
    fields.get(key) ?? functionField({ parameter: field.functions!.family.parameter, interval }, field.description);
  fields.set(key, known);
  return known;
}

/** What the kernel says of a statement on a range. */
function verifyOn(
  search: Search,
  range: Range,
  statement: Statement<RationalFunction>,
): StatementVerdict<RationalFunction> {
  return verifyStatement({ ...search.instance, field: fieldOn(search, range) }, statement);
}

/** The largest part of the range around s (from s on, if s is a place itself) on which the kernel accepts the statement; null if it accepts it nowhere. */
function reachOf(
  search: Search,
  statement: Statement<RationalFunction>,
  range: Range,
  s: Rational,
): { range: Range; accepted: Acceptance<RationalFunction> } | null {
  let [from, to] = range;
  const here = rationalRoot(s.s * s.n, s.d);
  for (;;) {
    const verdict = verifyOn(search, [from, to], statement);
    if (verdict.accepted) return { range: [from, to], accepted: verdict };
    const places = verdict.places ?? [];
    if (places.length === 0) return null;
    const below = places.filter((place) => compareRoots(place, here) <= 0).at(-1);
    const above = places.find((place) => compareRoots(place, here) > 0);
    from = below ?? from;
    to = above ?? to;
  }
}

/** What is answered, without how far around the point. */
export function answersOf({ feasible, kkt, local, global, layers }: Verdict): string {
  return JSON.stringify([feasible, kkt, local, global, layers.map((one) => [one.local, one.global])]);
}

/** The statements that hold on the largest interval, of those sets that give all the answers. */
function choose(search: Search, reaching: readonly Reaching[], range: Range, open: readonly Open[]): Part {
  const within = (all: readonly Reaching[]): Range =>
    all.reduce<Range>(
      ([from, to], { range: [a, b] }) => [compareRoots(a, from) > 0 ? a : from, compareRoots(b, to) < 0 ? b : to],
      range,
    );
  // What is accepted on a range is so on each part of it.
  const answers = (some: readonly Reaching[]) =>
    answersOf(
      verdictOf(
        search.instance,
        some.map(({ accepted }) => accepted),
      ),
    );
  const all = answers(reaching);
  let kept = reaching;
  // Statements that others imply may reach less far.
  for (const one of reaching) {
    const others = kept.filter((other) => other !== one);
    const [[a, b], [c, d]] = [within(kept), within(others)];
    const wider = compareRoots(c, a) < 0 || compareRoots(d, b) > 0;
    if (wider && others.length > 0 && answers(others) === all) kept = others;
  }
  const own = within(kept).map(plainPlace) as unknown as Range;
  const covers = ({ range: [a, b] }: Reaching) => compareRoots(a, own[0]) <= 0 && compareRoots(b, own[1]) >= 0;
  // Where lengths were constant already they stay.
  const statements = reaching
    .filter(covers)
    .map(({ statement, written }) => (written ? statement : withPlainLength(search, statement, own)));
  const reasons = new Map(open.map(({ question, reason }) => [questionKey(question), reason]));
  return { from: own[0], to: own[1], statements, answers: all, reasons };
}

/** The statement with lengths that are plainly written, if the kernel accepts one of them on the range; else as it is. */
function withPlainLength(
  search: Search,
  statement: Statement<RationalFunction>,
  range: Range,
): Statement<RationalFunction> {
  const instance = { ...search.instance, field: fieldOn(search, range) };
  const isAccepted = (one: Statement<RationalFunction>) => verifyOn(search, range, one).accepted;
  for (const ever of plainVariants(instance, statement, range)) {
    // The shorter, the sooner accepted.
    if (!isAccepted(ever.at(-1)!)) continue;
    let [low, high] = [-1, ever.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (isAccepted(ever[middle]!)) high = middle;
      else low = middle;
    }
    return ever[high]!;
  }
  return statement;
}

/** The part with its certificate, which the kernel reads back. */
function certified(search: Search, { from, to, statements, reasons }: Part): CertifiedPiece {
  const instance = { ...search.instance, name: search.name, field: fieldOn(search, [from, to]) };
  if (statements.length === 0)
    return { from, to, verdict: openVerdict(search, "the pieces become too small"), certificate: null };
  const text = formatJson(writeCertificate(instance, statements));
  return { from, to, verdict: verdictOf(instance, acceptedFrom(text), reasons), certificate: text };
}

function acceptedFrom(text: string): readonly Acceptance<RationalFunction>[] {
  const verdict = verifyCertificate(parseJson(text));
  if (!verdict.readable)
    throw new ProverBug(`a certificate was refused by ${verdict.refusal.clause}: ${verdict.refusal.found}`);
  if (verdict.sort !== "exact") throw new ProverBug("the certificate is not about the family that was given");
  return verdict.statements.map((one) => {
    if (!one.accepted) throw new ProverBug(`a statement was refused by ${one.clause}: ${one.found}`);
    return one as Acceptance<RationalFunction>;
  });
}

/** A part that was not looked into. */
function undecidedOn(search: Search, [from, to]: Range): Part {
  return { from, to, statements: [], answers: answersOf(verdictOf(search.instance, [])), reasons: new Map() };
}

/** The verdict where nothing is known, for one reason. */
function openVerdict({ instance }: Search, reason: string): Verdict {
  return { ...verdictOf(instance, []), undecided: [reason] };
}

/** The point at one place. */
function decideAt(search: Search, place: RealRoot): CertifiedPiece {
  const { progress, effort } = search;
  try {
    const at = problemAt(search, place);
    if (at === null) return undecidedAt(search, place);
    const own = { ...at, name: search.name, point: at.point! };
    const { text, accepted, open } = certify(own, { progress, effort });
    const reasons = new Map(open.map(({ question, reason }) => [questionKey(question), reason]));
    return { from: place, to: place, verdict: verdictOf(own, accepted, reasons), certificate: text };
  } catch (error) {
    // The field of the place is too large, or its polynomial not irreducible.
    if (error instanceof InputError || error instanceof FieldError) return undecidedAt(search, place);
    throw error;
  }
}

function problemAt({ instance, at }: Search, place: RealRoot): Problem<unknown> | null {
  if (place.low === place.high) return atValue(instance, rational(place.low, place.d));
  const words = placeWords(place);
  return words === null ? atRoot(instance, place) : at(words);
}

function undecidedAt(search: Search, place: RealRoot): CertifiedPiece {
  const reason = "the numbers there need a field that is too large, or that is not found";
  return { from: place, to: place, verdict: openVerdict(search, reason), certificate: null };
}
