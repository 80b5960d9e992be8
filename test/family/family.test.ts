import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { functionArithmetic, type RationalFunction } from "../../src/exact/function-field.js";
import { compareRoots } from "../../src/exact/integer-polynomial.js";
import { type CertifiedPiece, decideFamily } from "../../src/family/diagram.js";
import { verifyCertificate, verifyStatement } from "../../src/kernel/verify.js";
import { parseJson } from "../../src/network/decode.js";
import type { Instance, Problem } from "../../src/network/instance.js";
import { parseProblem } from "../../src/problem/problem.js";
import { type Diagram, diagramJson, summaryText } from "../../src/report/pieces.js";
import { isPlace } from "../../src/report/places.js";

function decide(source: string): Diagram & { readonly pieces: readonly CertifiedPiece[] } {
  const { problem, family } = parseProblem(source);
  const own = problem as Problem<RationalFunction>;
  return { name: own.name, parameter: own.field.functions!.family.parameter, pieces: decideFamily(own, family!) };
}

const shipped = (name: string) =>
  readFileSync(new URL(`../../src/paper/families/${name}-family.json`, import.meta.url), "utf8");

const diagonal = (changes: object) =>
  JSON.stringify({
    format: "margincert/problem/1",
    name: "small",
    family: { parameter: "t", interval: ["0", "3"] },
    network: { kind: "diagonal", width: 2, depth: 2, activation: "linear" },
    data: [{ x: ["1", "t"], y: 1 }],
    point: ["1", "0", "1", "0"],
    ...changes,
  });

/** The pieces follow each other without a gap, and every certificate is accepted. */
function expectWhole({ pieces }: { readonly pieces: readonly CertifiedPiece[] }): void {
  for (const [k, piece] of pieces.entries()) {
    if (k > 0) {
      expect(compareRoots(piece.from, pieces[k - 1]!.to)).toBe(0);
      expect(isPlace(piece)).not.toBe(isPlace(pieces[k - 1]!));
    }
    if (piece.certificate === null) continue;
    const verdict = verifyCertificate(parseJson(piece.certificate));
    expect(verdict.readable && verdict.statements.every((one) => one.accepted)).toBe(true);
  }
}

describe("the paper's families, with their thresholds", () => {
  it.each([
    ["fc-linear-depth2", "global for 0 < s < 2"],
    ["fc-linear-depth3", "global for 0 < s < 2"],
    ["fc-relu", "not local for 0 < s < 3^(-1/4), global for 3^(-1/4) <= s < 2"],
    ["diagonal-depth2-linear", "global for 0 < t <= 1, not local for 1 < t < 3"],
    ["diagonal-depth2-relu", "global for 0 < t <= 1, not local for 1 < t < 3"],
    ["diagonal-depth2-nonzero", "global for 0 < s < 4"],
    ["relu-nonzero-weights", "not local for 0 < s < 2"],
    [
      "relu-angle",
      "not KKT for 0 < t < 1, not local at t = 1, local, not global for 1 < t < sqrt(3), global for sqrt(3) <= t < 3",
    ],
    ["convolutional-linear", "global for 0 < s <= 2^(-1/2), not local for 2^(-1/2) < s < 4"],
    ["convolutional-relu", "global for 0 < s <= 2^(-1/2), not local for 2^(-1/2) < s < 4"],
    ["diagonal-deep-linear", "not local for 0 < s < 2"],
    ["diagonal-deep-relu", "not local for 0 < s < 2"],
    ["diagonal-deep-depth4-linear", "not local for 0 < s < 2"],
    ["diagonal-deep-depth4-relu", "not local for 0 < s < 2"],
  ])("%s: %s", (name, expected) => {
    const diagram = decide(shipped(name));
    expect(summaryText(diagram)).toBe(expected);
    expect(diagram.pieces.flatMap(({ verdict }) => verdict?.undecided ?? [])).toEqual([]);
    expectWhole(diagram);
  });
});

describe("pieces", () => {
  it("end where a number is not defined, and that value is a piece", () => {
    const diagram = decide(diagonal({ data: [{ x: ["1", "1/(t - 2)^2"], y: 1 }] }));
    expect(summaryText(diagram)).toBe(
      "global for 0 < t <= 1, not local for 1 < t < 2, undefined at t = 2, not local for 2 < t < 3",
    );
    expectWhole(diagram);
  });

  it("end where a point becomes infeasible", () => {
    const diagram = decide(diagonal({ point: ["t", "0", "1", "0"] }));
    expect(summaryText(diagram)).toMatch(/^infeasible for 0 < t < 1, global at t = 1, not KKT for 1 < t < 3$/);
    expectWhole(diagram);
  });

  it("do not end where only a coefficient changes its sign", () => {
    const own = {
      family: { parameter: "s", interval: ["-2", "10"] },
      network: { kind: "diagonal", width: 3, depth: 2, activation: "linear" },
      data: [{ x: ["1", "s^2 - 1", "1 + (s + 2)/10"], y: 1 }],
      point: ["1", "0", "0", "1", "0", "0"],
    };
    const diagram = decide(diagonal(own));
    expect(diagram.pieces.length).toBe(1);
    expect(summaryText(diagram)).toBe("not local for -2 < s < 10");
    expectWhole(diagram);
  });

  it("are not claimed from evidence with a pole in them", () => {
    const { problem } = parseProblem(
      diagonal({
        family: { parameter: "s", interval: ["0", "1"] },
        network: { kind: "fully-connected", widths: [2, 1], activation: "linear" },
        data: [{ x: ["1", "(s - 1/2)^2"], y: 1 }],
        point: ["1", "0"],
      }),
    );
    const instance = { ...problem, point: problem.point! } as Instance<RationalFunction>;
    const K = instance.field;
    // d · x = 0 at every s but 1/2, where x is (1, 0).
    const direction = [K.neg(K.one), functionArithmetic(null).fraction([[4n]], [1n, -4n, 4n])];
    const statement = { kind: "not-kkt", direction: new Map(direction.entries()), trees: [] } as const;
    expect(verifyStatement(instance, statement)).toMatchObject({ accepted: false, clause: "family.pole" });
  });

  it("see a single value at which a margin is active", () => {
    const diagram = decide(
      diagonal({
        network: { kind: "fully-connected", widths: [2, 1], activation: "linear" },
        data: [
          { x: ["1", "0"], y: 1 },
          { x: ["0", "1 + (t - 1/2)^2"], y: 1 },
        ],
        point: ["1", "1"],
      }),
    );
    expect(summaryText(diagram)).toBe("not KKT for 0 < t < 1/2, global at t = 1/2, not KKT for 1/2 < t < 3");
    expectWhole(diagram);
  });

  it("tell roots apart that no floating-point number does", () => {
    const diagram = decide(
      diagonal({
        family: { parameter: "t", interval: ["0", "1"] },
        network: { kind: "fully-connected", widths: [2, 1], activation: "linear" },
        data: [
          { x: ["1", "(10^20*t - 10^19)^2 - 2"], y: 1 },
          { x: ["1 + 10^20*t - 10^19", "0"], y: 1 },
        ],
        point: ["1", "0"],
      }),
    );
    const root = `(${10n ** 19n} + sqrt(2))/${10n ** 20n}`;
    expect(summaryText(diagram)).toBe(
      `infeasible for 0 < t < 1/10, global at t = 1/10, not KKT for 1/10 < t < ${root}, global at t = ${root}, not KKT for ${root} < t < 1`,
    );
    expectWhole(diagram);
  });

  it("reach over another root of an end's polynomial", () => {
    const diagram = decide(
      diagonal({
        family: { parameter: "t", interval: ["-2", "10"] },
        network: { kind: "diagonal", width: 3, depth: 2, activation: "linear" },
        data: [{ x: ["1", "1 + (t^2 - 2)/10", "1 + (t + 2)/20"], y: 1 }],
        point: ["1", "0", "0", "1", "0", "0"],
      }),
    );
    expect(summaryText(diagram)).toBe("not local for -2 < t < 10");
    expectWhole(diagram);
  });

  it("have ends in no radicals where there are none", () => {
    // t³ + t = 1
    const diagram = decide(diagonal({ data: [{ x: ["1", "t^3 + t"], y: 1 }] }));
    const json = diagramJson(diagram, []) as { family: { from: unknown; fromNumber: number }[] };
    expect(json.family.map(({ from }) => from).slice(1)).toEqual([
      { polynomial: ["-1", "1", "0", "1"], between: expect.anything() },
      { polynomial: ["-1", "1", "0", "1"], between: expect.anything() },
    ]);
    expect(json.family[1]!.fromNumber).toBeCloseTo(0.6823278, 6);
    expect(summaryText(diagram)).toBe("global for 0 < t <= 0.682328…, not local for 0.682328… < t < 3");
    expectWhole(diagram);
  });
});
