/** The verdict: what follows from accepted statements, and what does not. */
import { describe, expect, it } from "vitest";
import { Q, type Rational, rational } from "../../src/exact/rational.js";
import type { Meaning } from "../../src/kernel/statement.js";
import type { Statement } from "../../src/kernel/statements/index.js";
import { verifyStatement } from "../../src/kernel/verify.js";
import type { Instance } from "../../src/network/instance.js";
import { parseProblem } from "../../src/problem/problem.js";
import { isHomogeneous } from "../../src/report/homogeneity.js";
import { statementText, verdictText } from "../../src/report/text.js";
import { interfaceOf, questionKey, type Verdict, verdictOf } from "../../src/report/verdict.js";

interface Given {
  readonly network: object;
  readonly data?: readonly { readonly x: readonly string[]; readonly y: number }[];
  readonly point: readonly string[];
}

function instanceOf({ network, data = [{ x: ["1"], y: 1 }], point }: Given): Instance<unknown> {
  const { problem } = parseProblem(JSON.stringify({ format: "margincert/problem/1", name: "p", network, data, point }));
  return { ...problem, point: problem.point! };
}

const layers = (
  matrices: readonly (readonly (readonly (string | number)[])[])[],
  frozen = {},
  activation = "relu",
) => ({
  kind: "layers",
  activation,
  layers: matrices,
  ...(Object.keys(frozen).length === 0 ? {} : { frozen }),
});

const DEPTH_2 = instanceOf({ network: layers([[["w"]], [["v"]]]), point: ["1", "1"] });
const FEASIBLE: Meaning<unknown> = { about: "feasible", scope: null, answer: "yes", radius: null, because: "" };
const says = (
  about: Meaning<unknown>["about"],
  answer: "yes" | "no",
  scope: number | null = null,
  radius: Rational | null = null,
) => ({
  meaning: { ...FEASIBLE, about, answer, scope, radius },
});
/** `whole | layer 1 | layer 2`: kkt, local, global of the whole; local, global of each layer; `*` is strict. */
function row({ kkt, local, strict, global, layers: own }: Verdict): string {
  const star = (is: true | null) => (is === true ? "*" : "");
  return [
    `${kkt} ${local}${star(strict)} ${global}`,
    ...own.map((one) => `${one.local}${star(one.strict)} ${one.global}`),
  ]
    .join(" | ")
    .replaceAll("undecided", "?");
}

describe("what follows from what", () => {
  const HALF = rational(1n, 2n);
  const cases: [string, ReturnType<typeof says>[], string][] = [
    ["nothing", [], "? ? ? | ? ? | ? ?"],
    ["a global optimum is a local one, of every layer", [says("global", "yes")], "? yes yes | yes yes | yes yes"],
    ["a local optimum is one of every layer", [says("local", "yes")], "? yes ? | yes ? | yes ?"],
    ["so is a strict one", [says("local", "yes", null, HALF)], "? yes* ? | yes* ? | yes* ?"],
    ["a layer's optimum is its own", [says("global", "yes", 0)], "? ? ? | yes yes | ? ?"],
    ["a layer's strictness is its own", [says("local", "yes", 1, HALF)], "? ? ? | ? ? | yes* ?"],
    ["a layer's descent is one of the whole", [says("local", "no", 1)], "? no no | ? ? | no no"],
    ["a descent of the whole says nothing of layers", [says("local", "no")], "? no no | ? ? | ? ?"],
    ["a layer's better point is one of the whole", [says("global", "no", 0)], "? ? no | ? no | ? ?"],
    ["what is no KKT point is no local optimum", [says("kkt", "no")], "no no no | ? ? | ? ?"],
  ];
  it.each(cases)("%s", (_, statements, expected) => {
    expect(row(verdictOf(DEPTH_2, [{ meaning: FEASIBLE }, ...statements]))).toBe(expected);
  });

  it("an infeasible point is nothing else, and no layer is asked", () => {
    expect(interfaceOf(verdictOf(DEPTH_2, [says("feasible", "no")]))).toEqual({
      name: "p",
      feasible: false,
      kkt: "no",
      local: "no",
      strict: null,
      radius: null,
      global: "no",
      layers: [],
      attracts: null,
      fromStart: [],
      undecided: [],
      certificate: null,
    });
  });

  it.each([
    ["kkt", [says("kkt", "yes"), says("kkt", "no")]],
    ["local", [says("local", "yes"), says("local", "no", 1)]],
    ["global", [says("global", "yes"), says("global", "no")]],
    ["not KKT, yet local", [says("kkt", "no"), says("local", "yes")]],
    ["strict, and not strict", [says("local", "yes", null, HALF), says("strict", "no")]],
  ])("contradictions are errors: %s", (_, statements) => {
    expect(() => verdictOf(DEPTH_2, statements)).toThrow(/contradict/);
  });

  it("keeps the order of the keys, the radius and the reasons", () => {
    const reasons = new Map([[questionKey({ about: "global", scope: 1 }), "so it is"]]);
    const verdict = verdictOf(DEPTH_2, [{ meaning: FEASIBLE }, says("local", "yes", null, HALF)], reasons, "c.json");
    const keys = [
      "name",
      "feasible",
      "kkt",
      "local",
      "strict",
      "radius",
      "global",
      "layers",
      "attracts",
      "fromStart",
      "undecided",
      "certificate",
    ];
    expect(Object.keys(interfaceOf(verdict))).toEqual(keys);
    expect(verdict.radius).toBe("1/2");
    expect(verdict.undecided).toContain("global optimum of layer 2: so it is");
    expect(verdict.undecided).toContain("KKT point: no statement");
  });

  it("says in words whether a local optimum is strict: yes, no, or not decided", () => {
    const local = [{ meaning: FEASIBLE }, says("local", "yes")];
    const words = (...more: ReturnType<typeof says>[]) => {
      const verdict = verdictOf(DEPTH_2, [...local, ...more]);
      return [/local optimum {3}(.*)/.exec(verdictText(verdict))![1], verdict.strict, verdict.isContinuum];
    };
    expect(words()).toEqual(["yes (strict or not: not decided)", null, false]);
    expect(words(says("local", "yes", null, HALF))).toEqual(["yes, strict within radius 1/2", true, false]);
    const continuum = ["yes, not strict: on a curve of feasible points of its norm", null, true];
    expect(words(says("strict", "no"))).toEqual(continuum);
    expect(words(says("strict", "no", 0))).toEqual(continuum);
    expect(verdictOf(DEPTH_2, [says("local", "no"), says("strict", "no")]).isContinuum).toBe(false);
  });

  it("finds the reasons for questions that have no scope, also where the prover gives them one", () => {
    const key = (about: "kkt" | "attracts") => questionKey({ about, scope: null } as { about: "kkt" });
    const reasons = new Map([
      [key("kkt"), "too many kinks"],
      [key("attracts"), "no ball"],
    ]);
    const { undecided } = verdictOf(DEPTH_2, [{ meaning: FEASIBLE }], reasons);
    expect(undecided).toContain("KKT point: too many kinks");
    expect(undecided).toContain("convergence of the flow: no ball");
  });

  it("a scope that moves all parameters is the whole, and is not left open twice", () => {
    const pooled = instanceOf({
      network: layers([[["w"], ["v"]], [["half", "half"]]], { half: "1/2" }),
      point: ["1", "1"],
    });
    expect(row(verdictOf(pooled, [says("global", "yes", 0)]))).toBe("? yes yes | yes yes");
    expect(row(verdictOf(pooled, [says("local", "no")]))).toBe("? no no | no no");
    expect(verdictOf(pooled, []).undecided).toEqual([
      "feasible: no statement",
      "KKT point: no statement",
      "local optimum: no statement",
      "global optimum: no statement",
    ]);
    expect(row(verdictOf(instanceOf({ network: layers([[["w"]]]), point: ["1"] }), [says("kkt", "no")]))).toBe(
      "no no no | no no",
    );
  });

  it("no layer is asked where layers share a parameter", () => {
    const tied = instanceOf({ network: layers([[["w"]], [["w"]]]), point: ["1"] });
    expect(verdictOf(tied, [says("global", "yes")]).layers).toEqual([]);
  });
});

describe("which networks are homogeneous", () => {
  const one = { one: "1" };
  const cases: [string, object, number, boolean][] = [
    ["nothing frozen", layers([[["a"], ["b"]], [["u", "v"]]]), 4, true],
    ["a parameter in two layers", layers([[["a"]], [["a"]]]), 1, true],
    ["frozen output weights", layers([[["a"], ["b"]], [["one", "one"]]], one), 2, true],
    [
      "a bias in the second layer",
      layers(
        [
          [
            ["a", 0],
            [0, "one"],
          ],
          [["b", "c"]],
          [["v"]],
        ],
        one,
      ),
      4,
      true,
    ],
    [
      "a bias of the output",
      layers(
        [
          [
            ["a", 0],
            [0, "one"],
          ],
          [["v", "c"]],
        ],
        one,
      ),
      3,
      true,
    ],
    ["a skip connection with a weight of its own", layers([[["a"], ["one"]], [["v", "s"]]], one), 3, true],
    [
      "a filter, averaged",
      layers(
        [
          [
            ["f", 0],
            [0, "f"],
          ],
          [["one", "one"]],
        ],
        one,
      ),
      1,
      true,
    ],
    ["a skip connection without one", layers([[["a"], ["one"]], [["v", "one"]]], one), 2, false],
    ["a constant output", layers([[["a"], ["one"]], [["one", "one"]]], one), 1, false],
    [
      "2w − w²",
      layers(
        [
          [["w"], ["two"]],
          [
            ["minus", 0],
            [0, "one"],
          ],
          [["w", "w"]],
        ],
        { ...one, two: "2", minus: "-1" },
      ),
      1,
      false,
    ],
    [
      "a parameter at two heights, f (v + 1), where v counts 0",
      layers(
        [
          [["f"], ["one"]],
          [
            ["v", 0],
            [0, "f"],
          ],
          [["one", "one"]],
        ],
        one,
      ),
      2,
      true,
    ],
    ["a frozen zero is no weight", layers([[["a"], ["one"]], [["v", "zero"]]], { ...one, zero: "0" }), 2, true],
  ];
  it.each(cases)("%s", (_, network, parameters, expected) => {
    const inputs = (network as { layers: unknown[][][] }).layers[0]![0]!.length;
    const instance = instanceOf({
      network,
      data: [{ x: new Array(inputs).fill("1"), y: 1 }],
      point: new Array(parameters).fill("1"),
    });
    expect(isHomogeneous(instance)).toBe(expected);
  });

  it("an optimum that is no KKT point is not called anything else", () => {
    // The margin 2w − w² is at least 1 only at w = 1, where its gradient is 0.
    const frozen = { one: "1", two: "2", minus: "-1" };
    const network = layers(
      [
        [["w"], ["two"]],
        [
          ["minus", 0],
          [0, "one"],
        ],
        [["w", "w"]],
      ],
      frozen,
      "linear",
    );
    const instance = instanceOf({ network, point: ["1"] }) as Instance<Rational>;
    const direction = new Map([[0, Q.neg(Q.one)]]);
    const verdict = verifyStatement(instance, { kind: "not-kkt", direction, trees: [] } as Statement<Rational>);
    expect(verdict.accepted).toBe(true);
    const { kkt, local, global } = verdictOf(instance, verdict.accepted ? [verdict] : []);
    expect([kkt, local, global]).toEqual(["no", "undecided", "undecided"]);
  });
});

describe("statements in words", () => {
  it.each([
    [says("kkt", "no"), "The point is not a KKT point (Clarke): why."],
    [says("local", "no", 1), "The point is not a local optimum of the problem of layer 2: why."],
    [
      says("local", "yes", null, rational(1n, 4n)),
      "The point is a strict local optimum of the whole problem, within radius 1/4 (0.25): why.",
    ],
  ])("%#", ({ meaning }, expected) => {
    expect(statementText(DEPTH_2, { meaning: { ...meaning, because: "why" } })).toBe(expected);
  });

  it("margins of classes have both names", () => {
    const network = { kind: "fully-connected", widths: [1, 3], activation: "relu" };
    const instance = instanceOf({ network, data: [{ x: ["1"], y: 3 }], point: ["0", "1", "1"] });
    const verdict = verifyStatement(instance, { kind: "infeasible", margin: 1 });
    expect(verdict.accepted && statementText(instance, verdict)).toBe(
      "The point is not feasible: the margin of sample 1 against class 2 is below 1.",
    );
  });
});
