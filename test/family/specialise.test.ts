/** Theorem 12.1 put to the test: what is accepted over an interval is accepted with the values at each place in it, also where evidence was changed. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { halved, homogenisedValue, type RealRoot } from "../../src/exact/integer-polynomial.js";
import { formatRational, type Rational, rational } from "../../src/exact/rational.js";
import { placeCodec } from "../../src/kernel/certificate.js";
import { parseJson } from "../../src/network/decode.js";
import { seeded } from "../adversary/numeric.js";
import { type Json, refusalOf } from "../kernel/fixtures.js";

const FOLDER = new URL("../../certificates/families/", import.meta.url);
const families = readdirSync(FOLDER)
  .map((name) => ({ name, certificate: parseJson(readFileSync(new URL(name, FOLDER), "utf8")) as Json }))
  .filter(({ certificate }) => certificate.problem.field?.parameter !== undefined);

const isPolynomial = (value: Json): boolean =>
  Array.isArray(value) &&
  value.every((c) => typeof c === "string" || (Array.isArray(c) && c.every((d) => typeof d === "string")));
/** `[numerator, denominator]`, and not a constant's coordinates. */
const isFraction = (value: Json): boolean =>
  Array.isArray(value) &&
  value.length === 2 &&
  value.some(Array.isArray) &&
  value.every(isPolynomial) &&
  value[1].every((c: Json) => typeof c === "string");

/** The certificate with its numbers at s; what is no function stays. */
function at(value: Json, s: Rational): Json {
  if (isFraction(value)) {
    const [above, below] = value as [Json[], string[]];
    const power = (p: readonly bigint[]) =>
      rational(homogenisedValue(p, s.s * s.n, s.d), s.d ** BigInt(Math.max(0, p.length - 1)));
    const d = power(below.map(BigInt));
    const degree = Math.max(1, ...above.map((c) => (Array.isArray(c) ? c.length : 1)));
    const coordinates = Array.from({ length: degree }, (_, k) =>
      formatRational(power(above.map((c) => BigInt(Array.isArray(c) ? c[k]! : k === 0 ? c : "0"))).div(d)),
    );
    return degree === 1 ? coordinates[0] : coordinates;
  }
  if (Array.isArray(value)) return value.map((one) => at(one, s));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, at(one, s)]));
}

function specialised({ format, problem, statements }: Json, s: Rational): Json {
  const field = problem.field.constants ?? null;
  return at({ format, problem: { ...problem, field }, statements }, s);
}

/** Random rational numbers in the interval of a certificate, some of them near its ends. */
function placesIn({ problem }: Json, random: () => number, count: number): Rational[] {
  let [from, to] = problem.field.interval.map((end: Json) => placeCodec.read(end, "")) as [RealRoot, RealRoot];
  for (let k = 0; k < 40; k++) [from, to] = [halved(from), halved(to)];
  const [low, high] = [rational(from.high, from.d), rational(to.low, to.d)];
  return Array.from({ length: count }, (_, k) => {
    const part =
      k % 3 === 0
        ? rational(1n, 1000n)
        : k % 3 === 1
          ? rational(999n, 1000n)
          : rational(BigInt(1 + Math.floor(random() * 998)), 999n);
    return low.add(high.sub(low).mul(part));
  });
}

/** The paths of all numbers of the statements. */
function numbersIn(value: Json, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (isFraction(value) || (typeof value === "string" && /^-?\d+(\/\d+)?$/.test(value))) return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) =>
    numbersIn(one, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

const changed = (value: Json, [key, ...rest]: readonly (string | number)[], to: (old: Json) => Json): Json => {
  if (key === undefined) return to(value);
  if (Array.isArray(value)) return value.map((one, k) => (k === key ? changed(one, rest, to) : one));
  return { ...value, [key]: changed(value[key], rest, to) };
};

/** Another number near by: with a zero inside, a bend, a smaller size, or a pole. */
function other(random: () => number): (old: Json) => Json {
  const pick = Math.floor(random() * 5);
  const c = String(Math.floor(random() * 9) - 4);
  return (old) => {
    const [above, below] = isFraction(old) ? old : [[String(old).split("/")[0]!], [String(old).split("/")[1] ?? "1"]];
    if (pick === 0) return [[...above, c === "0" ? "1" : c], below];
    if (pick === 1) return [above, [...below, "1"]];
    if (pick === 2) return [["0", ...above], below];
    if (pick === 3) return [above, below.map((d: string) => String(4n * BigInt(d)))];
    return [[c, ...above.slice(1)], below].map((p, k) => (k === 0 && p.length === 0 ? ["0"] : p));
  };
}

describe.each(families)("$name", ({ name, certificate }) => {
  it("is accepted at the values in its interval", () => {
    for (const s of placesIn(certificate, seeded(1), 6))
      expect(refusalOf(specialised(certificate, s)), `${name} at ${s.toFraction()}`).toBeNull();
  });

  it("and so is what is accepted of it with one number changed", () => {
    const random = seeded(name.length);
    for (const [k, statement] of certificate.statements.entries()) {
      const paths = numbersIn(statement);
      for (let round = 0; round < 5 && paths.length > 0; round++) {
        const path = paths[Math.floor(random() * paths.length)]!;
        const one = { ...certificate, statements: [changed(statement, path, other(random))] };
        if (refusalOf(one) !== null) continue;
        for (const s of placesIn(one, random, 4))
          expect(
            refusalOf(specialised(one, s)),
            `statement ${k + 1}, ${path.join(".")} at ${s.toFraction()}: ${JSON.stringify(one.statements[0])}`,
          ).toBeNull();
      }
    }
  });
});

it("changed evidence is accepted often enough for that to mean something", () => {
  const random = seeded(5);
  let kept = 0;
  for (const { certificate } of families)
    for (const statement of certificate.statements) {
      const paths = numbersIn(statement);
      for (let round = 0; round < 4 && paths.length > 0; round++) {
        const path = paths[Math.floor(random() * paths.length)]!;
        if (refusalOf({ ...certificate, statements: [changed(statement, path, other(random))] }) === null) kept++;
      }
    }
  expect(kept).toBeGreaterThan(20);
});
