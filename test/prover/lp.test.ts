/** Every result is proved again here, by its definition, and compared with the enumeration of all basic solutions. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { membershipProgram } from "../../bench/membership.js";
import { dot, type Field } from "../../src/exact/field.js";
import { solve } from "../../src/exact/linear.js";
import { parseRational, Q, type Rational, rational } from "../../src/exact/rational.js";
import { type LinearProgram, type LinearRow, type LpResult, solveLp } from "../../src/prover/search/lp.js";
import { element, FIELDS, smallRational } from "../exact/fields.js";

const SENSES = [">=", "=", "<="] as const;

function isFree<E>({ free }: LinearProgram<E>, j: number): boolean {
  return typeof free === "boolean" ? free : free[j]!;
}

/** Which part of the definition of `LpResult` fails, or null. */
function defect<E>(K: Field<E>, lp: LinearProgram<E>, result: LpResult<E>): string | null {
  const { objective, rows } = lp;
  const isPoint = (x: readonly E[], bound: (row: LinearRow<E>) => E) =>
    x.length === objective.length &&
    x.every((v, j) => isFree(lp, j) || K.sign(v) >= 0) &&
    rows.every((row) => {
      const excess = K.sign(K.sub(dot(K, row.coefficients, x), bound(row)));
      return row.sense === "=" ? excess === 0 : row.sense === ">=" ? excess >= 0 : excess <= 0;
    });
  const isDual = (y: readonly E[], price: (j: number) => E) =>
    y.length === rows.length &&
    rows.every(({ sense }, i) => sense === "=" || (sense === ">=" ? K.sign(y[i]!) >= 0 : K.sign(y[i]!) <= 0)) &&
    objective.every((_, j) => {
      const column = rows.map(({ coefficients }) => coefficients[j]!);
      const reduced = K.sign(K.sub(price(j), dot(K, column, y)));
      return isFree(lp, j) ? reduced === 0 : reduced >= 0;
    });
  const bounds = rows.map(({ bound }) => bound);
  const zero = () => K.zero;
  const same = (a: E, b: E) => K.isZero(K.sub(a, b));
  switch (result.kind) {
    case "optimal":
      if (!isPoint(result.x, ({ bound }) => bound)) return "x is not feasible";
      if (!isDual(result.dual, (j) => objective[j]!)) return "the dual is not feasible";
      if (!same(dot(K, objective, result.x), result.value)) return "the value is not that of x";
      return same(dot(K, bounds, result.dual), result.value) ? null : "there is a gap to the dual";
    case "infeasible":
      if (!isDual(result.farkas, zero)) return "the Farkas ray has a wrong sign";
      return K.sign(dot(K, bounds, result.farkas)) > 0 ? null : "the Farkas ray separates nothing";
    case "unbounded":
      if (!isPoint(result.x, ({ bound }) => bound)) return "x is not feasible";
      if (!isPoint(result.ray, zero)) return "the ray leaves the feasible set";
      return K.sign(dot(K, objective, result.ray)) < 0 ? null : "the ray does not descend";
  }
}

/** The same programme with columns that change nothing, so many that it is not solved as a small one. */
function padded<E>(K: Field<E>, { objective, rows, free }: LinearProgram<E>): LinearProgram<E> {
  const more = Array.from({ length: 240 }, () => K.zero);
  return {
    objective: [...objective, ...more.map(() => K.one)],
    rows: rows.map((row) => ({ ...row, coefficients: [...row.coefficients, ...more] })),
    free: [...objective.map((_, j) => (typeof free === "boolean" ? free : free[j]!)), ...more.map(() => false)],
  };
}

/** The proved results of the programme as it is, and padded; they agree in kind and value. */
function proved<E>(K: Field<E>, lp: LinearProgram<E>): LpResult<E> {
  const [result, other] = [lp, padded(K, lp)].map((one) => {
    const solved = solveLp(K, one);
    expect(defect(K, one, solved)).toBeNull();
    return solved;
  }) as [LpResult<E>, LpResult<E>];
  expect(other.kind).toBe(result.kind);
  if (result.kind === "optimal" && other.kind === "optimal") {
    expect(K.isZero(K.sub(result.value, other.value))).toBe(true);
  }
  return result;
}

/**
 * What the result has to be: free variables as differences, slacks, all solutions on at most as many columns as rows.
 */
function enumerated<E>(K: Field<E>, lp: LinearProgram<E>): { kind: LpResult<E>["kind"]; value?: E } {
  const { objective, rows } = lp;
  const columns: { cost: E; entries: E[] }[] = [];
  for (const [j, cost] of objective.entries()) {
    const entries = rows.map(({ coefficients }) => coefficients[j]!);
    columns.push({ cost, entries });
    if (isFree(lp, j)) columns.push({ cost: K.neg(cost), entries: entries.map(K.neg) });
  }
  for (const [i, { sense }] of rows.entries()) {
    const one = sense === "<=" ? K.one : K.neg(K.one);
    if (sense !== "=") columns.push({ cost: K.zero, entries: rows.map((_, k) => (k === i ? one : K.zero)) });
  }
  const least = (extra: readonly E[][], right: readonly E[]): E | null => {
    let best: E | null = null;
    const visit = (chosen: readonly number[]) => {
      const matrix = right.map((_, i) =>
        chosen.map((j) => (i < rows.length ? columns[j]!.entries[i]! : extra[i - rows.length]![j]!)),
      );
      const x = chosen.length === 0 ? (right.every(K.isZero) ? [] : null) : solve(K, matrix, right);
      if (x?.every((v) => K.sign(v) >= 0)) {
        const value = dot(
          K,
          chosen.map((j) => columns[j]!.cost),
          x,
        );
        if (best === null || K.sign(K.sub(value, best)) < 0) best = value;
      }
      if (chosen.length === right.length) return;
      for (let j = (chosen.at(-1) ?? -1) + 1; j < columns.length; j++) visit([...chosen, j]);
    };
    visit([]);
    return best;
  };
  const value = least(
    [],
    rows.map(({ bound }) => bound),
  );
  if (value === null) return { kind: "infeasible" };
  const descent = least([columns.map(() => K.one)], [...rows.map(() => K.zero), K.one]);
  return descent !== null && K.sign(descent) < 0 ? { kind: "unbounded" } : { kind: "optimal", value };
}

function programme(K: Field<unknown>, size: { rows: number; columns: number }): fc.Arbitrary<LinearProgram<unknown>> {
  const entry = fc.oneof(fc.constant(K.zero), element(K, smallRational));
  const row = (columns: number) =>
    fc.record({
      coefficients: fc.array(entry, { minLength: columns, maxLength: columns }),
      sense: fc.constantFrom(...SENSES),
      bound: entry,
    });
  return fc.integer({ min: 0, max: size.columns }).chain((columns) =>
    fc.record({
      objective: fc.array(entry, { minLength: columns, maxLength: columns }),
      rows: fc.array(row(columns), { maxLength: size.rows }),
      free: fc.oneof(fc.boolean(), fc.array(fc.boolean(), { minLength: columns, maxLength: columns })),
    }),
  );
}

function q(text: string): Rational {
  return parseRational(text)!;
}

/** `"1 -2 >= 3"` */
function row(text: string): LinearRow<Rational> {
  const words = text.split(" ");
  return {
    coefficients: words.slice(0, -2).map(q),
    sense: words.at(-2) as LinearRow<Rational>["sense"],
    bound: q(words.at(-1)!),
  };
}

function minimise(objective: string, rows: string[], free: LinearProgram<Rational>["free"] = false) {
  return { objective: objective === "" ? [] : objective.split(" ").map(q), rows: rows.map(row), free };
}

const POWER = 10n ** 30n;

describe("solveLp", () => {
  it.each([true, false])("solves programmes of the size that the bench measures (feasible: %s)", (feasible) => {
    const lp = membershipProgram(20, 60, feasible, 1);
    const result = solveLp(Q, lp);
    expect(result.kind).toBe(feasible ? "optimal" : "infeasible");
    expect(defect(Q, lp, result)).toBeNull();
  });

  it.each(FIELDS.filter(({ name }) => ["ℚ", "ℚ(√2)", "ℚ(2^{1/3})"].includes(name)))(
    "agrees with the enumeration of all basic solutions over $name",
    ({ field: K }) => {
      const size = K.degree === 1 ? { rows: 3, columns: 4 } : { rows: 2, columns: 3 };
      fc.assert(
        fc.property(programme(K, size), (lp) => {
          const expected = enumerated(K, lp);
          const result = proved(K, lp);
          expect(result.kind).toBe(expected.kind);
          if (result.kind === "optimal") expect(K.isZero(K.sub(result.value, expected.value))).toBe(true);
        }),
        { numRuns: K.degree === 1 ? 150 : 40 },
      );
    },
  );

  it.each<[string, LinearProgram<Rational>, string]>([
    [
      "Beale's cycle",
      minimise("-3/4 150 -1/50 6", ["1/4 -60 -1/25 9 <= 0", "1/2 -90 -1/50 3 <= 0", "0 0 1 0 <= 1"]),
      "-1/20",
    ],
    ["Kuhn's cycle", minimise("-2 -3 1 12", ["-2 -9 1 9 <= 0", "1/3 1 -1/3 -2 <= 0", "2 3 -1 -12 <= 2"]), "-2"],
    ["a vertex on many planes", minimise("-1 -1", ["1 0 <= 1", "0 1 <= 1", "1 1 <= 2", "2 1 <= 3", "1 2 <= 3"]), "-2"],
    ["equations that repeat each other", minimise("1 2 3", ["1 1 1 = 1", "2 2 2 = 2", "1 -1 0 = 0"]), "3/2"],
    ["free variables alone", minimise("1 1", ["1 2 >= 3", "2 1 >= 3"], true), "2"],
    ["a free variable without a row", minimise("0 1", ["0 1 >= 2"], [true, false]), "2"],
    ["no rows", minimise("1 0", []), "0"],
    [
      "no columns",
      minimise(
        "",
        [" >= -1", " = 0", " <= 0"].map((text) => text.trim()),
      ),
      "0",
    ],
    ["neither rows nor columns", minimise("", []), "0"],
    ["a Klee–Minty cube", minimise("-100 -10 -1", ["1 0 0 <= 1", "20 1 0 <= 100", "200 20 1 <= 10000"]), "-10000"],
    [
      "scales from 10^-30 to 10^30",
      minimise("1 1", [`1/${POWER} ${POWER} >= 1`, `${POWER} 1/${POWER} >= 1/${POWER}`]),
      // Both rows are tight: y = (P³ − 1)/(P⁴ − 1), x = (1 − y)/P².
      `${POWER ** 3n + POWER ** 2n - POWER - 1n}/${POWER ** 4n - 1n}`,
    ],
    ["prices that differ by 10^-30", minimise(`1 ${POWER - 1n}/${POWER}`, ["1 1 = 1"]), `${POWER - 1n}/${POWER}`],
    ["a number that overflows a double", minimise("1", [`1 >= ${10n ** 400n}`]), `${10n ** 400n}`],
    ["a number that underflows a double", minimise("1", [`1 >= 1/${10n ** 400n}`]), `1/${10n ** 400n}`],
  ])("finds the optimum: %s", (_, lp, value) => {
    const result = proved(Q, lp);
    expect(result.kind === "optimal" && result.value.equals(q(value))).toBe(true);
  });

  it.each<[string, LinearProgram<Rational>]>([
    ["a sum of what is not negative", minimise("1 1", ["1 1 <= -1"])],
    ["equations that contradict each other", minimise("0 0", ["1 1 = 1", "2 2 = 3"], true)],
    ["a gap of 10^-30", minimise("0", [`1 >= ${POWER + 1n}/${POWER}`, "1 <= 1"], true)],
    ["a row of zeros", minimise("0", ["0 >= 1"])],
    ["no columns", minimise("", ["= 1"])],
  ])("proves that there is no solution: %s", (_, lp) => {
    expect(proved(Q, lp).kind).toBe("infeasible");
  });

  it.each<[string, LinearProgram<Rational>]>([
    ["along an axis", minimise("-1 0", ["0 1 <= 1"])],
    ["along a line of free variables", minimise("1 -1", ["1 1 = 1"], true)],
    ["by a slope of 10^-30", minimise(`1 -${POWER + 1n}/${POWER}`, ["1 -1 = 0"])],
    ["no rows", minimise("0 -1", [])],
    ["no rows, a free variable of positive price", minimise("1", [], true)],
  ])("finds a ray: %s", (_, lp) => {
    expect(proved(Q, lp).kind).toBe("unbounded");
  });

  it.each(FIELDS)("decides what no double can tell, over $name", ({ field: K }) => {
    // x ≥ 1 + a·10^-30 and x ≤ 1, where a is the generator, which may be negative.
    const generator = K.degree === 1 ? K.one : K.fromCoordinates([rational(0n), rational(1n)]);
    const shift = K.mul(generator, K.fromRational(rational(1n, POWER)));
    const rows = [
      { coefficients: [K.one], sense: ">=" as const, bound: K.add(K.one, shift) },
      { coefficients: [K.one], sense: "<=" as const, bound: K.one },
    ];
    const result = proved(K, { objective: [K.one], rows, free: true });
    expect(result.kind).toBe(K.sign(generator) > 0 ? "infeasible" : "optimal");
  });
});
