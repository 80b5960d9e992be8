/**
 * One-field changes of every accepted certificate: a sign, a number off by one, an index, a row dropped, doubled or moved, a
 * key more or less.
 * The kernel rejects each, or the changed evidence is still a proof, for a reason that is written here.
 */
import { describe, expect, it } from "vitest";
import { accepted, type Json, paper, refusalOf } from "./fixtures.js";

/** Places in a statement (indices and names of parameters left out) where some changes leave a proof, and why. */
const STILL_PROOFS = new Map([
  ["kkt.terms", "a sum may be taken in any order"],
  ["kkt.terms.margin.sample", "two samples have one gradient"],
  ["kkt.terms.witness.end", "a witness may be followed less far, or farther as long as no sign changes"],
  ["kkt.terms.witness.steps", "another curve into the same cell is a witness too"],
  ["not-kkt.direction", "the directions of descent are an open set"],
  ["not-kkt.trees.tree.gone", "a sum may be taken in any order"],
  ["not-local.curve.end", "a curve may be followed less far, or farther as long as nothing changes sign"],
  ["not-local.curve.steps", "the margins and the norm have room, and a coefficient may be added to or left out"],
  ["not-strict.curve.end", "a curve may be followed less far, or farther as long as nothing changes sign"],
  ["not-global.better", "the better points are many"],
  ["strict-local.scope", "layers that play the same part have the same optima"],
  ["strict-local.radius", "what holds in a ball holds in a smaller one, and the prover tries few radii"],
  ["strict-local.tree.gone", "a sum may be taken in any order"],
  ["strict-local.tree.leaf.relaxed", "where no products are taken the order of the values does not matter"],
  ["strict-local.tree.leaf.multipliers", "constraints with one gradient may change places"],
  ["strict-local.tree.leaf.rho", "rho lies in an interval"],
  ["strict-local.tree.leaf.kappa", "kappa lies in an interval"],
  ["strict-local.tree.leaf.products", "products may be left out or doubled where the curvature has room"],
  ["strict-local.tree.leaf.products.first", "another product does as well"],
  ["strict-local.tree.leaf.products.second", "another product does as well"],
  ["strict-local.tree.leaf.products.weight", "the weight lies in an interval"],
  ["bound.scope", "layers that play the same part have the same optima"],
  [
    "bound.by.multipliers",
    "the bound does not depend on the scale of the multipliers, and samples may play the same part",
  ],
  ["bound.by.parts", "the parts may be given in any order"],
  ["bound.by.parts.blocks", "alike blocks may be given in any order"],
  ["bound.by.parts.tree", "two splits in a row may change places, and so may what follows where it is the same"],
  ["bound.by.parts.tree.gone", "a sum may be taken in any order"],
  ["bound.by.parts.tree.leaf.relaxed", "the relaxed units may be named in any order"],
  ["bound.by.parts.tree.leaf.products.weight", "the weight lies in an interval"],
  ["bound.by.tree", "two splits in a row may change places, and so may what follows where it is the same"],
  ["bound.by.tree.split.unit", "units that play the same part may be split one for the other"],
  ["bound.by.tree.gone", "a sum may be taken in any order"],
  ["bound.by.tree.leaf.multipliers", "the cell's bound has room, or does not depend on the scale of the multipliers"],
  ["bound.by.tree.leaf", "products may be left out where the bound has room"],
  ["bound.by.tree.leaf.products", "products may be left out or doubled where the bound has room"],
  ["bound.by.tree.leaf.products.first.unit.layer", "another unit of the same path does as well"],
  ["bound.by.tree.leaf.products.first.unit.sample", "another sample does as well"],
  ["bound.by.tree.leaf.products.second.path", "a product may be taken in any order"],
  ["bound.by.tree.leaf.products.weight", "the weight lies in an interval"],
  ["enclosed.point.precision", "more bits do no harm, nor do a few less"],
  ["enclosed.point.patterns", "the patterns may be given in any order"],
  ["enclosed.point.radius", "the box need only hold the zero"],
  ["enclosed.point.inverse", "the inverse need only be near"],
  ["enclosed.not-local.by.direction", "the directions of waking are an open set"],
  ["enclosed.bound.by.tree.leaf.negative.weights", "the cell's bound has room"],
  ["enclosed.bound.by.tree.leaf.negative.weights.weight", "the cell's bound has room"],
  ["attracts.range", "a basis may be given in another order or scale, as long as the inverse is near"],
  ["attracts.idle", "a basis may be given in another order or scale, and fewer idle directions say less"],
  ["attracts.ball.precision", "more bits do no harm, nor do a few less"],
  ["attracts.ball.radius", "the radius lies in an interval"],
  ["attracts.ball.growth", "the growth lies in an interval"],
  ["attracts.ball.penalties", "the penalties lie in intervals"],
  ["attracts.ball.inverse", "the inverse need only be near"],
  ["attracts.start.point", "the starts that are trapped are an open set"],
  ["attracts.start.radius", "what holds of a ball of starts holds of a smaller one"],
  ["attracts.path.degree", "the models have more room than is needed, or a little less"],
  ["attracts.path.steps", "next to a step that takes longer than it has to, a very short one may be left out or moved"],
  ["attracts.path.steps.duration", "a curve need only be near the flow, and a crossing may take longer"],
  ["attracts.path.steps.curve", "a curve need only be near the flow"],
  ["attracts.path.steps.crossing", "a unit that crosses may be named twice"],
  ["attracts.start.level", "the level may be lower, where the trap has room"],
  ["vertices.roots", "a root may be smaller where the vertex costs more than the point"],
]);

type Path = readonly (string | number)[];
interface Mutant {
  readonly path: Path;
  readonly change: string;
  readonly statement: Json;
}

/** Words in place of others that would say more, or something else. */
const STRONGER = new Map([
  ["local", "global"],
  ["on", "off"],
  ["off", "on"],
]);

const NUMBER = /^-?\d+(\/\d+)?$/;

/** Every one-field change of a statement. */
function* mutants(statement: Json, path: Path = [], whole: Json = statement): Generator<Mutant> {
  const changed = (change: string, value: Json): Mutant => ({ path, change, statement: replaced(whole, path, value) });
  if (Array.isArray(statement)) {
    for (const k of statement.keys()) {
      yield changed(`row ${k + 1} dropped`, statement.toSpliced(k, 1));
      yield changed(`row ${k + 1} doubled`, statement.toSpliced(k, 0, statement[k]));
      const next = statement[k + 1];
      if (next === undefined || JSON.stringify(next) === JSON.stringify(statement[k])) continue;
      yield changed(`rows ${k + 1} and ${k + 2} changed round`, statement.toSpliced(k, 2, next, statement[k]));
    }
  } else if (typeof statement === "object" && statement !== null) {
    yield changed("an extra key", { ...statement, extra: "1" });
    for (const key of Object.keys(statement)) {
      const { [key]: _, ...rest } = statement;
      yield changed(`no ${key}`, rest);
    }
  } else if (typeof statement === "number") {
    for (const step of [-1, 1]) yield changed(`${step}`, statement + step);
    yield changed("negated", -statement);
  } else if (typeof statement === "string" && NUMBER.test(statement)) {
    const [numerator, denominator = "1"] = statement.split("/") as [string, string?];
    if (numerator !== "0") yield changed("negated", ratio(-BigInt(numerator), denominator));
    yield changed("numerator + 1", ratio(BigInt(numerator) + 1n, denominator));
    if (numerator !== "0") yield changed("denominator + 1", ratio(numerator, BigInt(denominator) + 1n));
  } else if (typeof statement === "string") {
    yield changed("another word", `${statement}-`);
    const stronger = STRONGER.get(statement);
    if (stronger !== undefined) yield changed(stronger, stronger);
  }
  if (typeof statement !== "object" || statement === null) return;
  for (const key of Array.isArray(statement) ? statement.keys() : Object.keys(statement)) {
    yield* mutants(statement[key], [...path, key], whole);
  }
}

const ratio = (numerator: bigint | string, denominator: bigint | string) =>
  `${denominator}` === "1" ? `${numerator}` : `${numerator}/${denominator}`;

function replaced(value: Json, path: Path, by: Json): Json {
  if (path.length === 0) return by;
  const [key, ...rest] = path;
  const copy = Array.isArray(value) ? [...value] : { ...value };
  copy[key!] = replaced(value[key!], rest, by);
  return copy;
}

/** A place with its indices and parameter names left out: `not-local.curve.steps`. */
function place(kind: string, path: Path): string {
  return [kind, ...path.filter((key) => typeof key === "string" && /^[a-z]+$/i.test(key))].join(".");
}

describe("one field changed", () => {
  const needed = new Set<string>();

  it.each([...accepted(), ...paper()])(
    "$name",
    ({ text }) => {
      const certificate = JSON.parse(text);
      const isEnclosed = !Array.isArray(certificate.problem.point);
      const look = (kind: string, part: Json, withPart: (mutant: Json) => Json) => {
        for (const { path, change, statement: mutant } of mutants(part)) {
          const refusal = refusalOf(withPart(mutant));
          expect.soft(refusal?.clause, `${kind} at ${path.join(".")}: ${change}`).not.toBe("internal");
          if (refusal !== null) continue;
          const where = place(isEnclosed ? `enclosed.${kind}` : kind, path);
          needed.add(where);
          expect.soft(STILL_PROOFS.has(where), `${kind} at ${path.join(".")}: ${change}`).toBe(true);
        }
      };
      for (const statement of certificate.statements)
        look(statement.kind, statement, (mutant) => ({ ...certificate, statements: [mutant] }));
      if (isEnclosed)
        look("point", certificate.problem.point, (point) => ({
          ...certificate,
          problem: { ...certificate.problem, point },
        }));
    },
    60_000,
  );

  it("no reason is given in vain", () => {
    expect([...STILL_PROOFS.keys()].filter((where) => !needed.has(where))).toEqual([]);
  });
});
