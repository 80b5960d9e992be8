/** Every clause of the format refuses some certificate: an accepted one with one thing changed, which would prove a falsehood. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CLAUSES, type Clause } from "../../src/kernel/ensure.js";
import { verifyCertificate } from "../../src/kernel/verify.js";
import { parseProblem } from "../../src/problem/problem.js";
import { certify } from "../../src/prover/certify.js";

// biome-ignore lint/suspicious/noExplicitAny: tampering is done on plain JSON
type Json = any;

const instance = (name: string) =>
  readFileSync(new URL(`../../src/paper/instances/${name}.json`, import.meta.url), "utf8");
const problem = (network: object, data: [string[], number][], point: string[]) =>
  JSON.stringify({
    format: "margincert/problem/1",
    name: "case",
    network,
    data: data.map(([x, y]) => ({ x, y })),
    point,
  });
const full = (widths: number[], activation: string) => ({ kind: "fully-connected", widths, activation });
const diagonal = (width: number, depth: number, activation: string) => ({ kind: "diagonal", width, depth, activation });

const SOURCES = {
  "fc-relu": instance("fc-relu"),
  linear: instance("fc-linear-depth2"),
  radical: instance("convolutional-linear"),
  nonzero: instance("relu-nonzero-inputs"),
  deep: problem(full([2, 2, 2, 1], "relu"), [[["1", "0"], 1]], ["1", "0", "0", "0", "1", "0", "0", "0", "1", "0"]),
  tower: problem(diagonal(1, 8, "linear"), [[["1"], 1]], Array(8).fill("1")),
  edge: problem(full([2, 2, 1], "relu"), [[["1", "0"], 1]], ["1", "0", "0", "0", "1", "0"]),
  infeasible: problem(full([2, 2, 1], "relu"), [[["1", "0"], 1]], ["1/2", "0", "0", "0", "1", "0"]),
  stray: problem(full([2, 2, 1], "relu"), [[["1", "0"], 1]], ["1", "1", "0", "0", "1", "0"]),
  zero: problem(diagonal(2, 2, "relu"), [[["1", "0"], 1]], ["2", "0", "1", "0"]),
  branches: problem(
    diagonal(2, 3, "relu"),
    [
      [["1", "-3"], 1],
      [["9/25", "54/25"], 1],
    ],
    ["1", "2/3", "1", "2/3", "1", "2/3"],
  ),
  chain: problem(
    { kind: "fully-connected", widths: [2, 1, 1], activation: { "leaky-relu": "1/2" } },
    [
      [["-3/10", "2/5"], 1],
      [["5/44", "-5/22"], -1],
    ],
    ["6/5", "-8/5", "-2"],
  ),
  kinked: problem(
    full([2, 2, 1], "relu"),
    [
      [["3", "4"], 1],
      [["5", "0"], -1],
    ],
    ["0", "1/2", "2/5", "-3/10", "1/2", "-1/2"],
  ),
} as const;

const certificates = new Map<string, string>();
function certificate(name: keyof typeof SOURCES): Json {
  if (!certificates.has(name)) {
    const { problem: parsed } = parseProblem(SOURCES[name]);
    certificates.set(name, certify({ ...parsed, point: parsed.point! }).text);
  }
  return JSON.parse(certificates.get(name)!);
}

/** Shrinks the point by a factor below 1, so that it is no longer feasible. */
const shrink = (c: Json) => {
  c.problem.point = c.problem.point.map((x: Json) => (typeof x === "string" && /^-?\d+$/.test(x) ? `${x}/2` : x));
};
const exclude = (unit: object) => (s: Json) => {
  s.excluded = [[{ sample: 1, layer: 1, unit: 2, orientation: 1, weight: "1", ...unit }]];
};

/** The clause, the certificate, the kind of statement (the last one of that kind is judged), and the change. */
const REJECTED: [Clause, keyof typeof SOURCES, string, (s: Json, c: Json) => void, string][] = [
  [
    "format",
    "fc-relu",
    "feasible",
    (s) => {
      s.extra = 1;
    },
    "an unknown key",
  ],
  [
    "field",
    "radical",
    "",
    (_, c) => {
      c.problem.field.minimalPolynomial = ["-2", "0", "2"];
    },
    "not monic",
  ],
  [
    "limit",
    "tower",
    "kkt",
    (s) => {
      s.terms[0].witness = {
        end: "1",
        steps: Array(16).fill(
          Object.fromEntries(Array.from({ length: 8 }, (_, l) => [`w${l + 1}[1]`, `1/${"7".repeat(4000)}`])),
        ),
      };
    },
    "numbers of thousands of digits",
  ],
  [
    "curve.end",
    "fc-relu",
    "not-local",
    (s) => {
      s.curve.end = "-1";
    },
    "an empty interval",
  ],
  [
    "curve.scope",
    "fc-relu",
    "not-local",
    (s) => {
      s.scope = 2;
    },
    "layer 2 alone would descend",
  ],
  [
    "curve.sign",
    "fc-relu",
    "not-local",
    (s) => {
      s.curve.end = "1000";
    },
    "a curve across a kink",
  ],
  ["gordan.unit", "zero", "not-kkt", exclude({}), "an identically zero pre-activation excludes everything"],
  ["gordan.weight", "stray", "not-kkt", exclude({ weight: "-1" }), "a negative weight"],
  ["gordan.sum", "stray", "not-kkt", exclude({}), "a cell that is not empty"],
  ["feasible.margin", "fc-relu", "feasible", (_, c) => shrink(c), "an infeasible point is feasible"],
  [
    "infeasible.margin",
    "infeasible",
    "infeasible",
    (_, c) => {
      c.problem.point[0] = "1";
    },
    "a feasible point is infeasible",
  ],
  ["kkt.feasible", "fc-relu", "kkt", (_, c) => shrink(c), "an infeasible point is KKT"],
  [
    "kkt.multiplier",
    "fc-relu",
    "kkt",
    (s) => {
      s.terms[0].multiplier = "-2";
    },
    "a negative multiplier",
  ],
  [
    "kkt.active",
    "fc-relu",
    "kkt",
    (_, c) => {
      c.problem.data[0].x[1] = "1/2";
    },
    "an inactive sample",
  ],
  [
    "kkt.witness",
    "fc-relu",
    "kkt",
    (s) => {
      s.terms[0].witness.steps = [];
    },
    "a pattern that stays at its kink",
  ],
  [
    "kkt.stationarity",
    "fc-relu",
    "kkt",
    (s) => {
      s.terms[0].multiplier = "3";
    },
    "multipliers that do not combine to the point",
  ],
  [
    "not-kkt.descent",
    "stray",
    "not-kkt",
    (s) => {
      s.direction = {};
    },
    "no direction at all",
  ],
  [
    "not-kkt.ascent",
    "edge",
    "not-kkt",
    (s) => {
      s.kind = "not-kkt";
      s.direction = { "W1[1,1]": "-1" };
      s.excluded = [];
      for (const key of Object.keys(s)) if (!["kind", "direction", "excluded"].includes(key)) delete s[key];
    },
    "a KKT point is not KKT",
  ],
  [
    "not-local.margin",
    "fc-relu",
    "not-local",
    (s) => {
      s.curve.steps[1]["W2[1,1]"] = "-1/2";
    },
    "a descent through infeasible points",
  ],
  [
    "not-local.norm",
    "fc-relu",
    "not-local",
    (s) => {
      s.curve.steps[1]["W2[1,1]"] = "1";
    },
    "a curve of larger norm",
  ],
  [
    "not-global.scope",
    "nonzero",
    "not-global",
    (s) => {
      s.better[5] = "9/10";
    },
    "a better point outside the scope",
  ],
  [
    "not-global.feasible",
    "nonzero",
    "not-global",
    (s) => {
      s.better = s.better.map((x: string, k: number) => (k < 4 ? "0" : x));
    },
    "an infeasible better point",
  ],
  [
    "not-global.norm",
    "nonzero",
    "not-global",
    (s, c) => {
      s.better = c.problem.point;
    },
    "the point itself",
  ],
  [
    "strict-local.feasible",
    "nonzero",
    "strict-local",
    (_, c) => {
      c.problem.point[0] = "1/2";
    },
    "an infeasible optimum",
  ],
  [
    "strict-local.radius",
    "nonzero",
    "strict-local",
    (s) => {
      s.radius = "0";
    },
    "no ball at all",
  ],
  [
    "strict-local.pieces",
    "kinked",
    "strict-local",
    (s) => {
      s.pieces.pop();
    },
    "a piece without evidence",
  ],
  [
    "strict-local.shape",
    "nonzero",
    "strict-local",
    (s) => {
      s.pieces[0].multipliers.pop();
    },
    "a constraint without a multiplier",
  ],
  [
    "strict-local.multiplier",
    "nonzero",
    "strict-local",
    (s) => {
      s.pieces[0].kappa = "0";
    },
    "κ = 0",
  ],
  [
    "strict-local.stationarity",
    "nonzero",
    "strict-local",
    (s) => {
      s.pieces[0].multipliers[0] = "1/2";
    },
    "multipliers that do not combine to the point",
  ],
  [
    "strict-local.curvature",
    "nonzero",
    "strict-local",
    (s) => {
      s.pieces[0].rho = "0";
    },
    "a curvature that is not there",
  ],
  [
    "strict-local.slack",
    "nonzero",
    "strict-local",
    (s) => {
      s.radius = "100";
    },
    "a radius beyond the multipliers",
  ],
  [
    "strict-local.remainder",
    "nonzero",
    "strict-local",
    (s) => {
      s.pieces[0].rho = "3";
    },
    "a remainder larger than κ",
  ],
  [
    "strict-local.pattern",
    "fc-relu",
    "strict-local",
    (s) => {
      s.scope = 1;
      s.radius = "100";
      s.pieces[0].multipliers = ["2", "2"];
    },
    "a ball across a kink",
  ],
  [
    "lagrangian.depth",
    "deep",
    "lagrangian",
    (s) => {
      s.multipliers = ["3/2"];
    },
    "a network of depth 3",
  ],
  ["lagrangian.feasible", "edge", "lagrangian", (_, c) => shrink(c), "an infeasible optimum"],
  [
    "lagrangian.multiplier",
    "edge",
    "lagrangian",
    (s) => {
      s.multipliers = ["-1"];
    },
    "a negative multiplier",
  ],
  [
    "lagrangian.value",
    "edge",
    "lagrangian",
    (s) => {
      s.multipliers = ["2"];
    },
    "a bound above the value",
  ],
  [
    "lagrangian.blocks",
    "edge",
    "lagrangian",
    (s) => {
      s.blocks[0].members.pop();
    },
    "a unit without evidence",
  ],
  [
    "lagrangian.cells",
    "edge",
    "lagrangian",
    (s) => {
      s.blocks[0].cells.pop();
    },
    "a cell without evidence",
  ],
  [
    "lagrangian.shape",
    "edge",
    "lagrangian",
    (s) => {
      s.blocks[0].cells[0].products = [{ first: 7, second: 7, weight: "1" }];
    },
    "a product of signs that are not there",
  ],
  [
    "lagrangian.weight",
    "edge",
    "lagrangian",
    (s) => {
      s.blocks[0].cells[0].products = [{ first: 1, second: 1, weight: "-1" }];
    },
    "a negative weight",
  ],
  [
    "lagrangian.curvature",
    "edge",
    "lagrangian",
    (s) => {
      s.blocks[0].cells[0].products = [{ first: 1, second: 1, weight: "9" }];
    },
    "a form that is negative on its cell",
  ],
  ["svm-dual.class", "edge", "svm-dual", () => {}, "a ReLU network"],
  ["svm-dual.feasible", "linear", "svm-dual", (_, c) => shrink(c), "an infeasible optimum"],
  [
    "svm-dual.multiplier",
    "linear",
    "svm-dual",
    (s) => {
      s.multipliers[0] = "-1";
    },
    "a negative multiplier",
  ],
  [
    "svm-dual.combination",
    "linear",
    "svm-dual",
    (s) => {
      s.multipliers = s.multipliers.map(() => "9");
    },
    "a predictor that is not the combination",
  ],
  [
    "svm-dual.norm",
    "linear",
    "svm-dual",
    (_, c) => {
      c.problem.point = ["0", "4", "0", "0", "1", "0"];
    },
    "layers of unequal norms",
  ],
  ["norm-bound.class", "radical", "norm-bound", () => {}, "shared weights"],
  ["norm-bound.feasible", "deep", "norm-bound", (_, c) => shrink(c), "an infeasible optimum"],
  [
    "norm-bound.multiplier",
    "deep",
    "norm-bound",
    (s) => {
      s.multipliers = ["0"];
    },
    "no bound at all",
  ],
  [
    "norm-bound.cells",
    "deep",
    "norm-bound",
    (s) => {
      s.cells.pop();
    },
    "a cell without a bound",
  ],
  [
    "norm-bound.shape",
    "deep",
    "norm-bound",
    (s) => {
      s.cells[0].signMultipliers = [];
    },
    "a sign without a multiplier",
  ],
  [
    "norm-bound.value",
    "deep",
    "norm-bound",
    (_, c) => {
      c.problem.point[0] = "2";
    },
    "a point above the bound",
  ],
  ["branch-vertices.class", "deep", "branch-vertices", () => {}, "a network that is not diagonal"],
  ["branch-vertices.feasible", "branches", "branch-vertices", (_, c) => shrink(c), "an infeasible optimum"],
  [
    "branch-vertices.value",
    "branches",
    "branch-vertices",
    (_, c) => {
      c.problem.point[0] = "2";
    },
    "a point above the bound",
  ],
  ["path-bound.feasible", "chain", "path-bound", (_, c) => shrink(c), "an infeasible optimum"],
  [
    "path-bound.cells",
    "chain",
    "path-bound",
    (s) => {
      s.cells.pop();
    },
    "a cell without a bound",
  ],
  [
    "path-bound.shape",
    "chain",
    "path-bound",
    (s) => {
      s.cells[0].signMultipliers.pop();
    },
    "a link without a multiplier",
  ],
  [
    "path-bound.multiplier",
    "chain",
    "path-bound",
    (s) => {
      s.cells[0].multipliers = ["0", "0"];
    },
    "no bound at all",
  ],
  [
    "path-bound.pattern",
    "chain",
    "path-bound",
    (s, c) => {
      c.problem.network = full([2, 2, 1, 1], "relu");
      c.problem.data = [{ x: ["1", "0"], y: 1 }];
      c.problem.point = ["1", "0", "0", "0", "1", "0", "1"];
      s.cells = Array.from({ length: 32 }, (_, k) => ({
        orientations: k.toString(2).padStart(5, "0").replaceAll("0", "+").replaceAll("1", "-"),
        multipliers: ["1"],
        signMultipliers: ["0", "0"],
      }));
      s.excluded = [];
    },
    "a sum whose sign is not known",
  ],
  [
    "path-bound.value",
    "chain",
    "path-bound",
    (_, c) => {
      c.problem.point[0] = "3";
    },
    "a point above the bound",
  ],
  [
    "layer-global.class",
    "fc-relu",
    "layer-global",
    (s) => {
      s.layer = 1;
    },
    "a problem that is not convex",
  ],
  ["layer-global.feasible", "fc-relu", "layer-global", (_, c) => shrink(c), "an infeasible optimum"],
  [
    "layer-global.multiplier",
    "fc-relu",
    "layer-global",
    (s) => {
      s.multipliers = ["-4", "8"];
    },
    "a negative multiplier",
  ],
  [
    "layer-global.stationarity",
    "fc-relu",
    "layer-global",
    (s) => {
      s.multipliers = ["3", "0"];
    },
    "multipliers that do not combine to the layer",
  ],
  [
    "layer-cells.class",
    "fc-relu",
    "layer-cells",
    (s) => {
      s.layer = 2;
    },
    "the last layer",
  ],
  ["layer-cells.feasible", "fc-relu", "layer-cells", (_, c) => shrink(c), "an infeasible optimum"],
  [
    "layer-cells.cells",
    "fc-relu",
    "layer-cells",
    (s) => {
      s.cells.pop();
    },
    "a cell without a bound",
  ],
  [
    "layer-cells.shape",
    "fc-relu",
    "layer-cells",
    (s) => {
      s.cells[0].signMultipliers.pop();
    },
    "a sign without a multiplier",
  ],
  [
    "layer-cells.multiplier",
    "fc-relu",
    "layer-cells",
    (s) => {
      s.cells[0].multipliers[0] = "-1";
    },
    "a negative multiplier",
  ],
  [
    "layer-cells.bound",
    "fc-relu",
    "layer-cells",
    (s) => {
      s.cells[0].multipliers = ["0", "0"];
    },
    "a bound below the value",
  ],
];

/** The last statement of the kind; where there is none, one with the multipliers of the KKT conditions. */
function statementOf(c: Json, kind: string): { index: number; statement: Json } {
  const index = c.statements.findLastIndex((s: Json) => s.kind === kind);
  if (index >= 0) return { index, statement: c.statements[index] };
  const empty = { kind, multipliers: c.problem.data.map(() => "1") };
  const rest = { lagrangian: { reach: "global", blocks: [] }, "norm-bound": { cells: [] } }[kind];
  if (kind === "branch-vertices") {
    c.statements.push({ kind });
    return { index: c.statements.length - 1, statement: c.statements.at(-1) };
  }
  c.statements.push({ ...empty, ...rest });
  return { index: c.statements.length - 1, statement: c.statements.at(-1) };
}

describe("a certificate is refused by", () => {
  it.each(REJECTED)("%s: %s, %s", (clause, name, kind, change) => {
    const c = certificate(name);
    const { index, statement } = kind === "" ? { index: -1, statement: null } : statementOf(c, kind);
    change(statement, c);
    const verdict = verifyCertificate(c);
    const found = verdict.readable ? verdict.statements[index] : verdict.refusal;
    expect(found).toMatchObject({ accepted: false, clause });
  });

  it("every clause that there is", () => {
    const tested = new Set(REJECTED.map(([clause]) => clause));
    expect(CLAUSES.filter((clause) => !tested.has(clause))).toEqual([]);
  });
});

describe("untampered certificates", () => {
  it.each(Object.keys(SOURCES))("%s", (name) => {
    const verdict = verifyCertificate(certificate(name as keyof typeof SOURCES));
    expect(verdict.readable && verdict.statements.every((s) => s.accepted)).toBe(true);
  });
});

describe("whatever it is given, the kernel answers", () => {
  const cyclic: Json = { format: "margincert/certificate/1", statements: [] };
  cyclic.problem = cyclic;
  cyclic.statements.push(cyclic);
  const huge = "9".repeat(100_000);
  const shaped = (change: (c: Json) => void) => {
    const c = certificate("fc-relu");
    change(c);
    return c;
  };
  const cases: [string, unknown][] = [
    ["undefined", undefined],
    ["null", null],
    ["a number", NaN],
    ["a list", []],
    ["an empty object", {}],
    ["a cycle", cyclic],
    [
      "no statements",
      shaped((c) => {
        c.statements = [];
      }),
    ],
    [
      "statements that are not a list",
      shaped((c) => {
        c.statements = { length: 1e9 };
      }),
    ],
    [
      "a huge number",
      shaped((c) => {
        c.problem.point[0] = huge;
      }),
    ],
    [
      "a JavaScript number",
      shaped((c) => {
        c.problem.point[0] = 0.5;
      }),
    ],
    [
      "a denominator of zero",
      shaped((c) => {
        c.problem.point[0] = "1/0";
      }),
    ],
    [
      "a network of absurd width",
      shaped((c) => {
        c.problem.network.widths = [100000, 100000, 1];
      }),
    ],
    [
      "a reducible minimal polynomial",
      shaped((c) => {
        c.problem.field = { minimalPolynomial: ["-4", "0", "1"], interval: ["1", "3"] };
        c.problem.point[0] = ["-2", "1"];
        c.problem.point[2] = ["2", "-1"];
      }),
    ],
    [
      "two roots in the interval",
      shaped((c) => {
        c.problem.field = { minimalPolynomial: ["2", "-4", "1"], interval: ["0", "4"] };
      }),
    ],
    ["a prototype", JSON.parse('{"__proto__": {"format": "margincert/certificate/1"}}')],
    [
      "thousands of pieces",
      shaped((c) => {
        c.statements = c.statements
          .filter((s: Json) => s.kind === "strict-local")
          .map((s: Json) => ({ ...s, pieces: Array(100_000).fill(s.pieces[0]) }));
      }),
    ],
  ];
  it.each(cases)("%s", (name, value) => {
    const verdict = verifyCertificate(value);
    const refused = !verdict.readable || verdict.statements.some((s) => !s.accepted);
    expect(refused).toBe(true);
    if (name === "a reducible minimal polynomial") {
      // Found out by the first statement, and no less by the others.
      expect(verdict.readable && verdict.statements.every((s) => !s.accepted && s.clause === "field")).toBe(true);
    }
  });
});
