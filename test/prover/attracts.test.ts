/** `attracts`: every instance of the paper has it, and numerical flows from the certified starts end where the certificate says. */
import { describe, expect, it } from "vitest";
import { factsOf } from "../../src/kernel/facts.js";
import { verifyStatement } from "../../src/kernel/verify.js";
import { readClaims, readInstance } from "../../src/paper/claims.js";
import { parseProblem } from "../../src/problem/problem.js";
import { findAttraction, startOf } from "../../src/prover/attracts.js";
import { ORDINARY } from "../../src/prover/effort.js";
import { converges, startsOf } from "./trapped.js";

const NAMES = [...new Set(readClaims().flatMap(({ instances }) => instances))];
const LOSSES = ["exponential", "logistic"] as const;

/** Those whose starts are an open set; the others are limits from a subspace only. */
const OPEN = [
  "diagonal-depth2-nonzero",
  "diagonal-depth2-relu",
  "fc-relu",
  "relu-nonzero-inputs",
  "relu-nonzero-weights",
];

function statementOf(file: ReturnType<typeof readInstance>, start: readonly number[] | null = null) {
  const instance = { ...file.problem, point: file.problem.point! };
  const facts = factsOf(instance);
  const found = findAttraction(facts, start && startOf(facts, start), ORDINARY);
  if (found.kind === "open") throw new Error(found.reason);
  expect(verifyStatement(instance, found.statement).accepted).toBe(true);
  return found.statement;
}

describe.each(NAMES)("%s", (name) => {
  const file = readInstance(name);
  const statement = statementOf(file);

  it("is proved, from an open set where it can be", () => {
    const dimension = statement.range.length + statement.idle.length;
    expect(dimension === file.problem.network.parameters.length).toBe(OPEN.includes(name));
  });

  it.each(LOSSES)("random starts, %s loss", (loss) => {
    const draw = startsOf(file, statement, 7);
    for (const where of ["boundary", "boundary", "inside"] as const)
      expect(converges(file, draw(where), loss)).toBe(true);
  });
});

describe("a start of one's own", () => {
  it("is taken where it is trapped", () => {
    const start = [0.01, 58, 1, -6, 58.5, 0.25];
    const { point } = statementOf(readInstance("fc-relu"), start).start;
    expect(point.map((x) => readInstance("fc-relu").problem.field.toNumber(x))).toEqual(start);
  });

  it("is replaced where it is not", () => {
    const { point } = statementOf(readInstance("fc-relu"), [0, 3, 1, -2, 3, -1]).start;
    expect(readInstance("fc-relu").problem.field.toNumber(point[1]!)).toBeGreaterThan(10);
  });
});

describe("other networks", () => {
  const parse = (problem: object) =>
    parseProblem(JSON.stringify({ format: "margincert/problem/1", name: "p", ...problem }));
  const proved: readonly [string, object][] = [
    [
      "classes, with cross-entropy",
      {
        network: { kind: "fully-connected", widths: [2, 2], activation: "linear" },
        data: [
          { x: ["1", "0"], y: 1 },
          { x: ["0", "1"], y: 2 },
        ],
        point: ["1/2", "-1/2", "-1/2", "1/2"],
      },
    ],
    [
      "leaky ReLU",
      {
        network: { kind: "fully-connected", widths: [2, 1, 1], activation: { "leaky-relu": "1/10" } },
        data: [{ x: ["1", "0"], y: 1 }],
        point: ["1", "0", "1"],
      },
    ],
    [
      "frozen output weights",
      {
        network: {
          kind: "fully-connected",
          widths: [2, 2, 1],
          activation: "relu",
          frozen: { "W2[1,1]": "1", "W2[1,2]": "-1" },
        },
        data: [
          { x: ["1", "0"], y: 1 },
          { x: ["0", "1"], y: -1 },
        ],
        point: ["1", "0", "0", "1"],
      },
    ],
  ];
  it.each(proved)("%s", (_, problem) => {
    const file = parse(problem);
    const statement = statementOf(file);
    const { outputs } = file.problem.network;
    const draw = startsOf(file, statement, 3);
    for (const loss of ["exponential", outputs === 1 ? "logistic" : "cross-entropy"] as const)
      expect(converges(file, draw("boundary"), loss)).toBe(true);
  });

  const open: readonly [string, object, RegExp][] = [
    [
      "gradients that depend on each other",
      {
        network: { kind: "fully-connected", widths: [1, 1], activation: "linear" },
        data: [
          { x: ["1"], y: 1 },
          { x: ["1"], y: 1 },
        ],
        point: ["1"],
      },
      /dependent|KKT|multipliers/,
    ],
    [
      "margins that are not homogeneous",
      {
        network: { kind: "layers", activation: [], layers: [[["w", "b"]]], frozen: { b: "1" } },
        data: [{ x: ["1", "-1/2"], y: 1 }],
        point: ["3/2"],
      },
      /homogeneous/,
    ],
  ];
  it.each(open)("says why not: %s", (_, problem, reason) => {
    const file = parse(problem);
    const found = findAttraction(factsOf({ ...file.problem, point: file.problem.point! }), null, ORDINARY);
    expect(found.kind === "open" && found.reason).toMatch(reason);
  });
});
