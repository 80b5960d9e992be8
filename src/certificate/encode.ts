/** Writing certificates: one canonical JSON value, and one canonical text, per certificate. */
import type { Field } from "../exact/field.js";
import { formatRational, Q } from "../exact/rational.js";
import {
  CERTIFICATE_FORMAT,
  type Certificate,
  type Curve,
  type DualCell,
  type Exclusion,
  type Instance,
  type Orientation,
  type Product,
  type Scope,
  type SparseVector,
  type Statement,
} from "./format.js";

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** A rational as text; another element of K as the list of its coordinates. */
export function encodeNumber<E>(K: Field<E>, value: E): string | string[] {
  const coordinates = K.coordinates(value);
  const irrational = coordinates.some((q, k) => k > 0 && !Q.isZero(q));
  return irrational ? coordinates.map(formatRational) : formatRational(coordinates[0]!);
}

/** The problem part of a certificate: equal texts mean equal problems. */
export function encodeInstance<E>({ name, network, field: K, data, point }: Instance<E>): Json {
  return {
    name,
    field:
      K.description === null
        ? null
        : {
            minimalPolynomial: K.description.minimalPolynomial.map(formatRational),
            interval: K.description.interval.map(formatRational),
          },
    network: network.source as unknown as Json,
    data: data.map(({ x, y }) => ({ x: x.map((c) => encodeNumber(K, c)), y })),
    point: point.map((c) => encodeNumber(K, c)),
  };
}

export function encodeCertificate<E>({ instance, statements }: Certificate<E>): Json {
  return {
    format: CERTIFICATE_FORMAT,
    problem: encodeInstance(instance),
    statements: statements.map((statement) => encodeStatement(instance, statement)),
  };
}

export function encodeStatement<E>({ field: K, network }: Instance<E>, statement: Statement<E>): Json {
  const number = (value: E) => encodeNumber(K, value);
  const vector = (v: SparseVector<E>): Json =>
    Object.fromEntries(
      [...v]
        .filter(([, c]) => !K.isZero(c))
        .sort(([a], [b]) => a - b)
        .map(([k, c]) => [network.parameters[k]!.name, number(c)]),
    );
  const curve = ({ end, steps }: Curve<E>): Json => ({ end: number(end), steps: steps.map(vector) });
  const excluded = (exclusions: readonly Exclusion<E>[]): Json =>
    exclusions.map((exclusion) =>
      exclusion.map(({ sample, layer, unit, orientation, weight }) => ({
        sample: sample + 1,
        layer: layer + 1,
        unit: unit + 1,
        orientation,
        weight: number(weight),
      })),
    );
  const products = (terms: readonly Product<E>[]): Json =>
    terms.map(({ first, second, weight }) => ({ first: first + 1, second: second + 1, weight: number(weight) }));

  const dualCells = (cells: readonly DualCell<E>[]): Json =>
    cells.map((cell) => ({
      orientations: signs(cell.orientations),
      multipliers: cell.multipliers.map(number),
      signMultipliers: cell.signMultipliers.map(number),
    }));

  switch (statement.kind) {
    case "feasible":
      return { kind: "feasible" };
    case "infeasible":
      return { kind: "infeasible", sample: statement.sample + 1 };
    case "kkt":
      return {
        kind: "kkt",
        terms: statement.terms.map(({ sample, multiplier, witness }) => ({
          sample: sample + 1,
          multiplier: number(multiplier),
          witness: curve(witness),
        })),
      };
    case "not-kkt":
      return { kind: "not-kkt", direction: vector(statement.direction), excluded: excluded(statement.excluded) };
    case "not-local":
      return { kind: "not-local", scope: encodeScope(statement.scope), curve: curve(statement.curve) };
    case "not-global":
      return { kind: "not-global", scope: encodeScope(statement.scope), better: statement.better.map(number) };
    case "strict-local":
      return {
        kind: "strict-local",
        scope: encodeScope(statement.scope),
        radius: number(statement.radius),
        excluded: excluded(statement.excluded),
        pieces: statement.pieces.map((piece) => ({
          orientations: signs(piece.orientations),
          multipliers: piece.multipliers.map(number),
          rho: number(piece.rho),
          kappa: number(piece.kappa),
          products: products(piece.products),
        })),
      };
    case "lagrangian":
      return {
        kind: "lagrangian",
        reach: statement.reach,
        multipliers: statement.multipliers.map(number),
        blocks: statement.blocks.map((block) => ({
          members: block.members.map((units) => units.map((unit) => unit + 1)),
          split: block.split,
          excluded: excluded(block.excluded),
          cells: block.cells.map((cell) => ({
            orientations: signs(cell.orientations),
            products: products(cell.products),
          })),
        })),
      };
    case "svm-dual":
      return { kind: "svm-dual", multipliers: statement.multipliers.map(number) };
    case "norm-bound":
      return {
        kind: "norm-bound",
        multipliers: statement.multipliers.map(number),
        cells: statement.cells.map((cell) => ({
          orientations: signs(cell.orientations),
          signMultipliers: cell.signMultipliers.map(number),
        })),
      };
    case "branch-vertices":
      return { kind: "branch-vertices", roots: statement.roots.map((roots) => roots.map(number)) };
    case "path-bound":
      return {
        kind: "path-bound",
        reach: statement.reach,
        excluded: excluded(statement.excluded),
        cells: dualCells(statement.cells),
      };
    case "layer-global":
      return { kind: "layer-global", layer: statement.layer + 1, multipliers: statement.multipliers.map(number) };
    case "layer-cells":
      return {
        kind: "layer-cells",
        layer: statement.layer + 1,
        excluded: excluded(statement.excluded),
        cells: dualCells(statement.cells),
      };
  }
}

function encodeScope(scope: Scope): Json {
  return scope === null ? "whole" : scope + 1;
}

function signs(orientations: readonly Orientation[]): string {
  return orientations.map((s) => (s > 0 ? "+" : "-")).join("");
}

const WIDTH = 120;

/** JSON text with short values on one line: byte for byte the same for the same value. Ends with a newline. */
export function formatJson(value: Json): string {
  return `${layOut(value, "")}\n`;
}

function layOut(value: Json, indent: string): string {
  const flat = JSON.stringify(value, null, 1).replace(/\n\s*/g, " ");
  if (typeof value !== "object" || value === null || flat.length + indent.length <= WIDTH) return flat;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    return `[\n${value.map((one) => inner + layOut(one, inner)).join(",\n")}\n${indent}]`;
  }
  const entries = Object.entries(value as { readonly [key: string]: Json });
  return `{\n${entries.map(([key, one]) => `${inner}${JSON.stringify(key)}: ${layOut(one, inner)}`).join(",\n")}\n${indent}}`;
}
