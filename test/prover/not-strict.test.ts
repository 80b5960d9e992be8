import { describe, expect, it } from "vitest";
import { factsOf } from "../../src/kernel/facts.js";
import { passAt } from "../../src/kernel/forward.js";
import { verifyStatement } from "../../src/kernel/verify.js";
import { marginOf } from "../../src/network/instance.js";
import { parseInstance } from "../../src/problem/problem.js";
import { certify } from "../../src/prover/certify.js";
import { ORDINARY } from "../../src/prover/effort.js";
import { findContinuum } from "../../src/prover/not-strict.js";

const given = (network: object, data: object, point: object) =>
  parseInstance(JSON.stringify({ format: "margincert/problem/1", name: "turn", network, data, point }));
const full = (widths: readonly number[], activation: unknown, more: object = {}) => ({
  kind: "fully-connected",
  widths,
  activation,
  ...more,
});
const ONE = [{ x: ["1", "0"], y: 1 }];
const OPPOSITE = [
  { x: ["1"], y: 1 },
  { x: ["-1"], y: 1 },
];

describe("a continuum through the point", () => {
  const cases: [string, ReturnType<typeof given>][] = [
    ["a dead unit takes a share", given(full([2, 2, 1], "relu"), ONE, ["1", "0", "0", "0", "1", "0"])],
    ["units that share", given(full([2, 2, 1], "relu"), ONE, ["3/5", "0", "4/5", "0", "3/5", "4/5"])],
    [
      "over a number field",
      given(full([2, 2, 1], "relu"), ONE, ["sqrt(2)/2", "0", "sqrt(2)/2", "0", "sqrt(2)/2", "sqrt(2)/2"]),
    ],
    ["three linear layers", given(full([1, 2, 1, 1], "linear"), [{ x: ["1"], y: 1 }], ["1", "0", "1", "0", "1"])],
    [
      "branches",
      given(
        { kind: "diagonal", width: 2, depth: 2, activation: "linear" },
        [{ x: ["1", "1"], y: 1 }],
        ["1", "0", "1", "0"],
      ),
    ],
    [
      "classes",
      given(
        full([1, 2, 2], "linear"),
        [{ x: ["1"], y: 1 }],
        ["root(2,4)/sqrt(2)", "0", "1/root(2,4)/sqrt(2)", "0", "-1/root(2,4)/sqrt(2)", "0"],
      ),
    ],
  ];
  it.each(cases)("%s", (_, instance) => {
    const statement = findContinuum(factsOf(instance), ORDINARY)!;
    const verdict = verifyStatement(instance, statement);
    expect(verdict).toMatchObject({ accepted: true, meaning: { about: "strict", answer: "no" } });
    // The points themselves, by themselves: no longer, feasible, and others.
    const { field: K, point } = instance;
    const { end, steps } = statement.curve;
    const norm = (v: readonly unknown[]) => v.reduce<number>((sum, x) => sum + K.toNumber(x) ** 2, 0);
    for (const part of [1, 0.5, 0.01]) {
      const t = K.toNumber(end) * part;
      const moved = point.map((x, k) =>
        steps.reduce(
          (sum, step, n) => sum + (K.toNumber(step.get(k) ?? K.zero) * t ** (n + 1)) / (1 + t * t),
          K.toNumber(x),
        ),
      );
      expect(moved.some((x, k) => Math.abs(x - K.toNumber(point[k]!)) > 1e-6)).toBe(true);
      expect(moved.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(norm(point), 12);
    }
  });

  it.each([
    ["one unit alone", given(full([2, 1, 1], "relu"), ONE, ["1", "0", "1"])],
    ["units on opposite sides", given(full([1, 2, 1], "relu"), OPPOSITE, ["1", "-1", "1", "1"])],
    [
      "a shared filter",
      given(
        { kind: "convolutional", input: 1, filter: 1, stride: 1, activation: "relu" },
        [{ x: ["1"], y: 1 }],
        ["1", "1"],
      ),
    ],
    [
      "a frozen partner",
      given(full([1, 2, 1], "relu", { frozen: { "W1[2,1]": "0" } }), [{ x: ["1"], y: 1 }], ["1", "1", "0"]),
    ],
  ])("none: %s", (_, instance) => expect(findContinuum(factsOf(instance), ORDINARY)).toBeNull());

  it("is looked for where an optimum is not shown to be strict, and nowhere else", () => {
    const kinds = (instance: ReturnType<typeof given>) =>
      certify(instance).accepted.map(({ statement }) => statement.kind);
    expect(kinds(cases[0]![1])).toContain("not-strict");
    expect(kinds(given(full([1, 2, 1], "relu"), OPPOSITE, ["1", "-1", "1", "1"]))).not.toContain("not-strict");
  });

  it("the kernel's polynomials are the margins on the curve", () => {
    const instance = given(
      { kind: "layers", activation: "relu", layers: [[["a"], ["b"]], [["c", "d"]], [["two"]]], frozen: { two: "2" } },
      [
        { x: ["1"], y: 1 },
        { x: ["3/2"], y: 1 },
      ],
      ["1", "0", "1", "0"],
    );
    const statement = findContinuum(factsOf(instance), ORDINARY)!;
    const verdict = verifyStatement(instance, statement);
    if (!verdict.accepted || verdict.proved.kind !== "not-strict") return expect.unreachable();
    const { field: K, point } = instance;
    const t = statement.curve.end;
    const q = K.add(K.one, K.mul(t, t));
    const at = point.map((x, k) =>
      statement.curve.steps.reduce(
        (sum, step, n) => K.add(sum, K.div(K.mul(step.get(k) ?? K.zero, n === 0 ? t : K.mul(t, t)), q)),
        x,
      ),
    );
    const { margins } = factsOf(instance);
    for (const [j, margin] of margins.entries()) {
      const value = marginOf(K, margin, passAt(instance, margin.sample, at).outputs);
      const polynomial = verdict.proved.proof.slacks[j]!.reduceRight((sum, c) => K.add(K.mul(sum, t), c), K.zero);
      expect(K.isZero(K.sub(polynomial, K.mul(K.mul(q, K.mul(q, q)), K.sub(value, K.one))))).toBe(true);
    }
  });
});
