/** Paths from a given start into a trap: what is found, and that numerical flows from near the start end where the certificate says. */
import { describe, expect, it } from "vitest";
import { Q, rational } from "../../src/exact/rational.js";
import { identify } from "../../src/identify/index.js";
import { type Facts, factsOf } from "../../src/kernel/facts.js";
import { verifyStatement } from "../../src/kernel/verify.js";
import type { Instance } from "../../src/network/instance.js";
import { readInstance } from "../../src/paper/claims.js";
import { parseProblem } from "../../src/problem/problem.js";
import { findAttraction, startOf } from "../../src/prover/attracts.js";
import { ORDINARY } from "../../src/prover/effort.js";
import { attractionFrom } from "../../src/prover/from-start.js";
import { converges, startsOf } from "./trapped.js";

const LOSSES = ["exponential", "logistic"] as const;

function problemOf(parts: object): Instance<unknown> {
  const text = JSON.stringify({ format: "margincert/problem/1", name: "from a start", ...parts });
  const { problem } = parseProblem(text);
  return { ...problem, point: problem.point! };
}

function foundFrom<E>(facts: Facts<E>, start: readonly E[], loss: (typeof LOSSES)[number]) {
  const found = attractionFrom(facts, start, loss, ORDINARY);
  if (found.kind === "open") throw new Error(found.reason);
  expect(verifyStatement(facts.instance, found.statement).accepted).toBe(true);
  return found.statement;
}

const crossings = (path: { readonly steps: readonly object[] } | null) =>
  path!.steps.filter((step) => "crossing" in step).length;

describe("fc-relu, from the paper's own start, whose second unit is on at first", () => {
  const file = readInstance("fc-relu");
  const facts = factsOf({ ...file.problem, point: file.problem.point! });
  const start = startOf(facts, file.flow!.start!);

  it.each(LOSSES)("%s loss: the unit dies on the way, and a ball of starts goes to the point", (loss) => {
    const statement = foundFrom(facts, start, loss);
    expect(crossings(statement.path)).toBe(1);
    expect(Q.sign(statement.start.radius)).toBe(1);
    const draw = startsOf(file, statement, 5);
    for (const where of ["boundary", "inside"] as const) expect(converges(file, draw(where), loss)).toBe(true);
  });

  it("is not in the trap itself", () => {
    const found = findAttraction(facts, start, ORDINARY);
    expect(found.kind === "found" && found.statement.start.point).not.toBe(start);
  });
});

describe("where a subspace holds the start", () => {
  const facts = factsOf(
    problemOf({
      network: { kind: "diagonal", width: 2, depth: 2, activation: "relu" },
      data: [{ x: ["1", "2"], y: 1 }],
      point: ["1", "0", "1", "0"],
    }),
  );
  const K = facts.instance.field;
  const start = (...values: readonly bigint[]) => values.map((n) => K.fromRational(rational(n, 2n)));

  it("zero branches stay, though they are at a kink", () => {
    expect(foundFrom(facts, start(2n, 0n, 1n, 0n), "logistic").range).toHaveLength(2);
  });

  it("and a start beside it is refused: its flow goes elsewhere", () => {
    const found = attractionFrom(facts, start(2n, 1n, 1n, 1n), "exponential", ORDINARY);
    expect(found.kind).toBe("open");
  });
});

describe("identify", () => {
  it("proves that training on converges, or says for which points it does not", () => {
    const problem = problemOf({
      network: { kind: "fully-connected", widths: [2, 2, 1], activation: "relu" },
      data: [
        { x: ["1", "1/4"], y: 1 },
        { x: ["-1", "1/4"], y: 1 },
      ],
      point: ["1/64", "5", "1/4", "-2", "39/8", "-3/4"],
    }) as Instance<typeof Q.zero>;
    const { kind, verdict } = identify(problem, { attracts: true });
    expect(kind).toBe("exact");
    expect(verdict.fromStart.map(({ loss, reason }) => [loss, reason])).toEqual(LOSSES.map((loss) => [loss, null]));
    expect(identify(problem).verdict).toMatchObject({ attracts: null, fromStart: [] });
  });
});
