/** The pieces of a family: where the parameter lies, and what the point is there, in words. */
import type { RealRoot } from "../exact/integer-polynomial.js";
import { placeCodec } from "../kernel/certificate.js";
import type { Json } from "../network/codec.js";
import { isPlace, placeNumber, placeText, placeWords, type Range, rangeText } from "./places.js";
import { tableText } from "./text.js";
import { type Answer, interfaceOf, type Verdict } from "./verdict.js";

/** A part of the family's interval, an open interval, or one place where both ends are the same. */
export interface Piece extends Range {
  /** Null where a number of the problem is not defined. */
  readonly verdict: Verdict | null;
}

/** A family, its parameter, and all its pieces in order. */
export interface Diagram {
  readonly name: string;
  readonly parameter: string;
  readonly pieces: readonly Piece[];
}

/** The diagram for terminals: one sentence, then a row per piece; `certificates` are their files, null where there is none. */
export function diagramText({ name, parameter, pieces }: Diagram, certificates: readonly (string | null)[]): string {
  const layers = pieces.find(({ verdict }) => verdict !== null && verdict.layers.length > 0)?.verdict?.layers ?? [];
  const heads = [
    parameter,
    "KKT",
    "local",
    "global",
    ...layers.map(({ layer }) => `layer ${layer} (local/global)`),
    "certificate",
  ];
  const rows = pieces.map((piece, k) => {
    const { verdict } = piece;
    const range = rangeText(piece, parameter);
    const file = certificates[k] ?? "";
    if (verdict === null) return [range, "undefined", "", "", ...layers.map(() => ""), file];
    const local = verdict.strict === true ? "strict" : verdict.local;
    const own = layers.map(({ layer }) => {
      const found = verdict.layers.find((one) => one.layer === layer);
      return found === undefined ? "" : `${found.local}/${found.global}`;
    });
    if (verdict.feasible === false) return [range, "infeasible", "no", "no", ...own, file];
    return [range, verdict.kkt, local, verdict.global, ...own, file];
  });
  const exact = [
    ...new Map(pieces.flatMap(({ from, to }) => [from, to]).map((place) => [placeText(place, parameter), place])),
  ]
    .filter(([, place]) => place.low !== place.high)
    .map(
      ([text, place]) =>
        `  ${placeWords(place) ?? `${placeNumber(place).toPrecision(6)}…`} is ${text.replace(/^.*? \(/, "").replace(/\)$/, "")}`,
    );
  const reasons = [
    ...new Set(
      pieces.flatMap((piece) =>
        (piece.verdict?.undecided ?? []).map((reason) => `  undecided for ${rangeText(piece, parameter)}: ${reason}`),
      ),
    ),
  ];
  return [
    `${name}: ${summaryText({ name, parameter, pieces })}`,
    tableText(heads, rows)
      .split("\n")
      .map((line) => `  ${line}`)
      .join("\n"),
    ...exact,
    ...reasons,
  ].join("\n");
}

/** What the point is, in one word. */
export function standingWord(verdict: Verdict | null): string {
  if (verdict === null) return "undefined";
  const { feasible, kkt, local, global } = verdict;
  if (feasible === false) return "infeasible";
  if (kkt === "no") return "not KKT";
  const said = (answer: Answer, yes: string, no: string) => (answer === "yes" ? yes : answer === "no" ? no : null);
  if (global === "yes") return "global";
  const parts = [said(local, "local", "not local"), local === "no" ? null : said(global, "global", "not global")];
  const known = parts.filter((part) => part !== null);
  return known.length === 2 ? "local, not global" : (known[0] ?? "undecided");
}

/** `not local for 0 < s < 3^(-1/4), global for 3^(-1/4) <= s < 2`: neighbours of one standing together. */
export function summaryText({ parameter, pieces }: Diagram): string {
  return groupsOf(pieces, ({ verdict }) => standingWord(verdict))
    .map(
      ({ key, first, last }) =>
        `${key} ${first === last && isPlace(first) ? "at" : "for"} ${groupText(first, last, parameter)}`,
    )
    .join(", ");
}

/** For which values something holds of the pieces: `0 < t < 1, 2 <= t < 3`; empty where for none. */
export function extentText({ parameter, pieces }: Diagram, holds: (piece: Piece) => boolean): string {
  return groupsOf(pieces, holds)
    .filter(({ key }) => key)
    .map(({ first, last }) => groupText(first, last, parameter))
    .join(", ");
}

/** Runs of neighbouring pieces with the same key. */
function groupsOf<K>(pieces: readonly Piece[], keyOf: (piece: Piece) => K) {
  const groups: { key: K; first: Piece; last: Piece }[] = [];
  for (const piece of pieces) {
    const key = keyOf(piece);
    const group = groups.at(-1);
    if (group !== undefined && group.key === key) group.last = piece;
    else groups.push({ key, first: piece, last: piece });
  }
  return groups;
}

function groupText(first: Piece, last: Piece, parameter: string): string {
  const short = (place: RealRoot) => placeWords(place) ?? `${placeNumber(place).toPrecision(6)}…`;
  if (first === last && isPlace(first)) return rangeText(first, parameter);
  const [left, right] = [isPlace(first) ? "<=" : "<", isPlace(last) ? "<=" : "<"];
  return `${short(first.from)} ${left} ${parameter} ${right} ${short(last.to)}`;
}

/** The diagram as `--json` has it. */
export function diagramJson({ name, pieces }: Diagram, certificates: readonly (string | null)[]): Json {
  const end = (place: RealRoot): Json => placeWords(place) ?? placeCodec.write(place);
  return {
    name,
    family: pieces.map(({ from, to, verdict }, k) => ({
      from: end(from),
      to: end(to),
      fromNumber: placeNumber(from),
      toNumber: placeNumber(to),
      verdict:
        verdict === null
          ? "undefined"
          : ({ ...interfaceOf(verdict), certificate: certificates[k] ?? null } as unknown as Json),
      certificate: certificates[k] ?? null,
    })),
  };
}
