import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { approximateKkt } from "../../src/flow/approximate-kkt.js";
import { arrangementKey, canonicalForm, comparedLimit, formDistance, isSameLimit } from "../../src/flow/canonical.js";
import { dataSymmetries } from "../../src/flow/data-symmetry.js";
import { modelOf } from "../../src/flow/model.js";
import { settler } from "../../src/flow/settle.js";
import { grouping, limitPoint, startAt } from "../../src/flow/starts.js";
import { parseProblem } from "../../src/problem/problem.js";

const problemOf = (network: object, data: readonly object[]) =>
  parseProblem(JSON.stringify({ format: "margincert/problem/1", name: "c", network, data })).problem;
const relu = (...widths: readonly number[]) => ({ kind: "fully-connected", widths, activation: "relu" });
const DATA = [
  { x: ["1", "1/4"], y: 1 },
  { x: ["-1", "1/4"], y: 1 },
];
const XOR = [
  [1, 1, 1],
  [-1, -1, 1],
  [1, -1, -1],
  [-1, 1, -1],
].map(([a, b, y]) => ({ x: [a, b], y }));

const unit = fc.double({ min: -2, max: 2, noNaN: true }).filter((c) => Math.abs(c) > 0.05);
/** Units of depth 2 with their incoming weights as long as their outgoing one, in different directions. */
const units = fc
  .array(fc.tuple(unit, unit, fc.boolean()), { minLength: 1, maxLength: 3 })
  .filter((list) =>
    list.every(([a, b], k) =>
      list.slice(0, k).every(([c, d]) => Math.abs(a * d - b * c) > 1e-2 * Math.hypot(a, b) * Math.hypot(c, d)),
    ),
  )
  .map((list) => list.map(([a, b, up]) => ({ w: [a, b] as const, v: (up ? 1 : -1) * Math.hypot(a, b) })));

interface Unit {
  readonly w: readonly [number, number];
  readonly v: number;
}
const thetaOf = (list: readonly Unit[]) =>
  Float64Array.from([...list.flatMap(({ w }) => w), ...list.map(({ v }) => v)]);
const scaled = ({ w, v }: Unit, c: number): Unit => ({ w: [c * w[0], c * w[1]], v: c * v });

describe("the canonical form", () => {
  it("does not see the order of units, their sharing, and units that are zero", () => {
    fc.assert(
      fc.property(units, fc.double({ min: 0.2, max: 1.3, noNaN: true }), fc.nat(), (list, angle, turn) => {
        const [first, ...rest] = list as [Unit, ...Unit[]];
        const split = [
          scaled(first, Math.cos(angle)),
          ...rest,
          scaled(first, Math.sin(angle)),
          { w: [0, 0], v: 0 } as const,
        ];
        const k = turn % split.length;
        const moved = [...split.slice(k), ...split.slice(0, k)];
        const small = problemOf(relu(2, list.length, 1), DATA);
        const large = problemOf(relu(2, moved.length, 1), DATA);
        const [a, b] = [canonicalForm(small, thetaOf(list)), canonicalForm(large, thetaOf(moved))];
        expect(formDistance(a.form, b.form)).toBeLessThan(1e-12);
        expect(arrangementKey(a.arrangement)).toBe("1".repeat(list.length));
        expect([...arrangementKey(b.arrangement)].sort().join("")).toBe(
          [..."0", ..."1".repeat(list.length - 1), "s"].sort().join(""),
        );
      }),
      { numRuns: 200 },
    );
  });

  it("sees everything else", () => {
    fc.assert(
      fc.property(units, fc.nat(), fc.double({ min: 0.01, max: 0.5, noNaN: true }), (list, at, by) => {
        const problem = problemOf(relu(2, list.length, 1), DATA);
        const theta = thetaOf(list);
        const changed = theta.map((c, k) => (k === at % theta.length ? c + by : c));
        expect(formDistance(canonicalForm(problem, theta).form, canonicalForm(problem, changed).form)).toBeGreaterThan(
          1e-4,
        );
      }),
      { numRuns: 200 },
    );
  });

  it("does not merge units whose products agree and whose norms do not", () => {
    const problem = problemOf(relu(2, 2, 1), DATA);
    const merged = canonicalForm(problem, Float64Array.of(0, 2, 0, 0, 2, 0)).form;
    const other = canonicalForm(problem, Float64Array.of(0, 1, 0, 3 ** 0.5, 3 ** 0.5, 1)).form;
    expect(formDistance(merged, other)).toBe(Number.POSITIVE_INFINITY);
  });

  it("is that of the inputs' own units on diagonal networks, and turns signs where the network is linear", () => {
    const linear = problemOf({ kind: "diagonal", width: 2, depth: 2, activation: "linear" }, DATA);
    const sharp = problemOf({ kind: "diagonal", width: 2, depth: 2, activation: "relu" }, DATA);
    const [a, b, c] = [
      [1, 2, 1, 2],
      [-1, 2, -1, 2],
      [2, 1, 2, 1],
    ].map((list) => Float64Array.from(list));
    const apart = (problem: typeof linear, u: Float64Array, v: Float64Array) =>
      formDistance(canonicalForm(problem, u).form, canonicalForm(problem, v).form);
    expect(apart(linear, a!, b!)).toBe(0);
    expect(apart(sharp, a!, b!)).toBeGreaterThan(1);
    expect(apart(linear, a!, c!)).toBeGreaterThan(1);
  });

  it("of depth 3 does not see the order of both hidden layers, nor sharing below", () => {
    const problem = problemOf(relu(2, 3, 2, 1), DATA);
    // W1, W2, W3; units 1 and 3 of the first layer share a direction, with shares 3/5 and 4/5.
    const shared = Float64Array.of(0.6, 1.2, 1, -1, 0.8, 1.6, 0.3, 1, 0.4, -0.6, 0.7, -0.8, 2, 1);
    const alone = Float64Array.of(1, -1, 1, 2, 0, 0, 0.7, -1, 0, 1, 0.5, 0, 1, 2);
    const [one, two] = [canonicalForm(problem, shared), canonicalForm(problem, alone)];
    expect(formDistance(one.form, two.form)).toBeLessThan(1e-12);
    expect([arrangementKey(one.arrangement), arrangementKey(two.arrangement)].sort()).toEqual(["110/11", "s1/11"]);
    const other = alone.with(6, 0.8);
    expect(formDistance(one.form, canonicalForm(problem, other).form)).toBeCloseTo(0.1, 12);
  });
});

describe("symmetries of the data", () => {
  it("of XOR are the eight of the square", () => {
    const problem = problemOf(relu(2, 4, 1), XOR);
    // Four keep the labels as they are, four need them turned; one is the identity.
    expect(dataSymmetries(problem)).toHaveLength(7);
    expect(dataSymmetries(problemOf({ kind: "diagonal", width: 2, depth: 2, activation: "relu" }, XOR))).toEqual([]);
  });

  it("take KKT points to KKT points, and make one limit of them", { timeout: 60_000 }, () => {
    const data = [
      { x: ["2", "1"], y: 1 },
      { x: ["1", "2"], y: 1 },
      { x: ["-2", "-1"], y: -1 },
      { x: ["-1", "-2"], y: -1 },
    ];
    const problem = problemOf(relu(2, 2, 1), data);
    const symmetries = dataSymmetries(problem);
    const settle = settler(problem, "exponential");
    const [plain, up] = [grouping(problem, []), grouping(problem, symmetries)];
    for (let k = 0; k < 60; k++) {
      const { point } = settle(startAt({ seed: 4, around: null }, k, 6, null));
      if (point === null) continue;
      for (const symmetry of symmetries)
        expect(approximateKkt(modelOf(problem), symmetry(point.theta))!.epsilon).toBeLessThan(1e-9);
      plain.add(limitPoint(point));
      up.add(limitPoint(point));
    }
    expect(plain.limits().length).toBeGreaterThanOrEqual(up.limits().length);
    expect(up.limits().length).toBeGreaterThan(0);
  });
});

describe("a continuum", () => {
  it("beyond sharing is one limit, and sharing alone is none", () => {
    // β_1 + 2β_2 ≥ 1 and β_2 − β_1 ≥ 1 with |β_1| + |β_2| least: all of β_1 from −1/3 to 0… to where the first is 1.
    const linear = problemOf({ kind: "diagonal", width: 2, depth: 2, activation: "linear" }, [
      { x: ["1", "2"], y: 1 },
      { x: ["-1", "1"], y: 1 },
    ]);
    const settle = settler(linear, "exponential");
    const points = Array.from({ length: 12 }, (_, k) => settle(startAt({ seed: 5, around: null }, k, 4, null)).point!);
    const [first, ...others] = points.map((point) => comparedLimit(linear, limitPoint(point)));
    expect(first!.continuum).not.toBeNull();
    for (const other of others) expect(isSameLimit(first!, other)).toBe(true);
    const wide = problemOf(relu(2, 4, 1), DATA);
    const ends = Array.from({ length: 12 }, (_, k) =>
      settler(wide, "exponential")(startAt({ seed: 5, around: null }, k, 12, null)),
    );
    const settled = ends.flatMap(({ point }) => (point === null ? [] : [comparedLimit(wide, limitPoint(point))]));
    expect(settled.length).toBeGreaterThan(2);
    for (const one of settled) expect(one.continuum).toBeNull();
  });
});
