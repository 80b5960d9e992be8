/**
 * One-field changes of every accepted certificate: a sign, a number off by one, an index, a row dropped or doubled, a key more or less.
 * The kernel rejects each, or the changed evidence is still a proof, for a reason that is written here.
 */
import { describe, expect, it } from "vitest";
import { accepted, type Json, paper, refusalOf } from "./fixtures.js";

/** Places in a statement (indices and names of parameters left out) where some changes leave a proof, and why. */
const STILL_PROOFS = new Map([
  ["kkt.terms.sample", "two samples have one gradient"],
  ["kkt.terms.witness.end", "a witness may be followed less far, or farther as long as no sign changes"],
  ["kkt.terms.witness.steps", "another curve into the same cell is a witness too"],
  ["not-kkt.direction", "the directions of descent are an open set"],
  ["not-kkt.excluded", "an exclusion may be named twice"],
  ["not-local.curve.end", "a curve may be followed less far, or farther as long as nothing changes sign"],
  ["not-local.curve.steps", "the margins and the norm have room, and a coefficient may be added to or left out"],
  ["not-global.better", "the better points are many"],
  ["strict-local.scope", "layers that play the same part have the same optima"],
  ["strict-local.radius", "what holds in a ball holds in a smaller one, and the prover tries few radii"],
  ["strict-local.excluded", "an exclusion may be named twice"],
  ["strict-local.pieces.multipliers", "constraints with gradient zero take any multiplier"],
  ["strict-local.pieces.rho", "rho lies in an interval"],
  ["strict-local.pieces.kappa", "kappa lies in an interval"],
  ["strict-local.pieces.products", "products may be left out or doubled where the curvature has room"],
  ["strict-local.pieces.products.first", "another product does as well"],
  ["strict-local.pieces.products.second", "another product does as well"],
  ["strict-local.pieces.products.weight", "the weight lies in an interval"],
  ["lagrangian.blocks.excluded", "an exclusion may be named twice"],
  ["lagrangian.blocks.cells.products.weight", "the weight lies in an interval"],
  ["norm-bound.multipliers", "the bound does not depend on the scale of the multipliers"],
  ["norm-bound.cells.signMultipliers", "the cell's bound has room"],
  ["branch-vertices.roots", "a root may be smaller where the vertex costs more than the point"],
  ["path-bound.cells.multipliers", "the cell's bound has room, or does not depend on the scale of the multipliers"],
  ["path-bound.cells.signMultipliers", "the cell's bound has room"],
  ["layer-global.layer", "layers that play the same part have the same optima"],
  ["layer-cells.cells", "cells whose signs contradict those below may be left out"],
  ["layer-cells.cells.orientations", "cells whose signs contradict those below may be left out"],
  ["layer-cells.excluded", "an exclusion may be named twice"],
  ["layer-cells.cells.multipliers", "the cell's bound has room, or the cell has no feasible point"],
  ["layer-cells.cells.signMultipliers", "the cell's bound has room, or the cell has no feasible point"],
]);

type Path = readonly (string | number)[];
interface Mutant {
  readonly path: Path;
  readonly change: string;
  readonly statement: Json;
}

const NUMBER = /^-?\d+(\/\d+)?$/;

/** Every one-field change of a statement. */
function* mutants(statement: Json, path: Path = [], whole: Json = statement): Generator<Mutant> {
  const changed = (change: string, value: Json): Mutant => ({ path, change, statement: replaced(whole, path, value) });
  if (Array.isArray(statement)) {
    for (const k of statement.keys()) {
      yield changed(`row ${k + 1} dropped`, statement.toSpliced(k, 1));
      yield changed(`row ${k + 1} doubled`, statement.toSpliced(k, 0, statement[k]));
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
  } else if (typeof statement === "string" && /^[+-]+$/.test(statement)) {
    for (let k = 0; k < statement.length; k++) {
      const flipped = statement[k] === "+" ? "-" : "+";
      yield changed(`sign ${k + 1} flipped`, statement.slice(0, k) + flipped + statement.slice(k + 1));
    }
    yield changed("a sign more", `${statement}+`);
    yield changed("a sign less", statement.slice(1));
  } else if (typeof statement === "string") yield changed("another word", `${statement}-`);
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
      for (const statement of certificate.statements) {
        for (const { path, change, statement: mutant } of mutants(statement)) {
          if (refusalOf({ ...certificate, statements: [mutant] }) !== null) continue;
          const where = place(statement.kind, path);
          needed.add(where);
          expect.soft(STILL_PROOFS.has(where), `${statement.kind} at ${path.join(".")}: ${change}`).toBe(true);
        }
      }
    },
    60_000,
  );

  it("no reason is given in vain", () => {
    expect([...STILL_PROOFS.keys()].filter((where) => !needed.has(where))).toEqual([]);
  });
});
