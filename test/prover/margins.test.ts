import { readFileSync } from "node:fs";
import fc from "fast-check";
import nerdamer from "nerdamer";
import { describe, expect, test } from "vitest";
import { type Field, sum } from "../../src/exact/field.js";
import { solve } from "../../src/exact/linear.js";
import type { MultivariatePolynomial } from "../../src/exact/multivariate.js";
import { rational } from "../../src/exact/rational.js";
import { factsOf } from "../../src/kernel/facts.js";
import { gradient as kernelGradient, type Pass, type Pattern } from "../../src/kernel/forward.js";
import { type Instance, type Margin, marginsOf, type Problem, weightsOf } from "../../src/network/instance.js";
import { isLinearLayer, type Network } from "../../src/network/network.js";
import { parseProblem } from "../../src/problem/problem.js";
import {
  kktSystem,
  parameterLatex,
  polynomialLatex,
  type SymbolicMargin,
  symbolicMargin,
} from "../../src/symbolic/margins.js";
import { problemOn } from "../problem/files.js";

const LARGE = "123456789012345678901234567891/987654321098765432109876543219";

/** Unshared, shared and frozen weights, all activations, also mixed, classes, depths 1 to 3, and fields of degree 1 to 4. */
const CASES: readonly (readonly [string, object, readonly (string | number)[], number])[] = [
  ["one layer", { kind: "fully-connected", widths: [3, 1], activation: "relu" }, [1, 0, "-2/3"], -1],
  ["fully connected", { kind: "fully-connected", widths: [2, 3, 1], activation: "relu" }, ["-5/13", "12/13"], 1],
  ["huge coefficients", { kind: "fully-connected", widths: [2, 2, 1], activation: "relu" }, [LARGE, "-10^40"], -1],
  ["tiny coefficients", { kind: "fully-connected", widths: [2, 2, 1], activation: "linear" }, ["10^-40", "1/3"], 1],
  ["deep", { kind: "fully-connected", widths: [2, 2, 2, 1], activation: { "leaky-relu": "1/10" } }, ["1/4", -1], -1],
  ["diagonal", { kind: "diagonal", width: 2, depth: 4, activation: "relu" }, [1, 2], 1],
  [
    "convolutional over ℚ(√2)",
    { kind: "convolutional", input: 4, filter: 2, stride: 1, activation: "relu" },
    [4, "1/sqrt(2)", -4, "1-sqrt(2)"],
    1,
  ],
  [
    "shared over ℚ(2^{1/3})",
    {
      kind: "layers",
      activation: { "leaky-relu": "2/7" },
      layers: [
        [
          ["s", "s"],
          ["t", "s"],
        ],
        [
          ["w", "w"],
          [0, "w"],
        ],
        [["v", "v"]],
      ],
    },
    ["root(2,3)", "1+root(4,3)/5"],
    -1,
  ],
  ["over ℚ(√2,√3)", { kind: "fully-connected", widths: [2, 2, 1], activation: "relu" }, ["sqrt(2)-3", "sqrt(3)/2"], 1],
  [
    "frozen over ℚ(√3), one linear layer, a weight in two layers",
    {
      kind: "layers",
      activation: ["linear", "relu"],
      layers: [
        [
          ["s", "c"],
          ["t", "s"],
        ],
        [
          ["w", "d"],
          ["z", "t"],
        ],
        [["v", "h"]],
      ],
      frozen: { c: "1-sqrt(3)", d: "-2/3", z: 0, h: "1/2" },
    },
    ["3", "1/2"],
    -1,
  ],
  [
    "three classes",
    { kind: "fully-connected", widths: [2, 3, 3], activation: { "leaky-relu": "1/5" } },
    [2, "-1/3"],
    2,
  ],
  ["cancelling", { kind: "layers", activation: "linear", layers: [[["s", "s"]], [["v"]]] }, ["1/2", "-1/2"], 1],
];

const hiddenUnits = ({ layers }: Network) => layers.slice(0, -1).map((layer) => layer.length);

/** Values with exact derivatives up to the second in direction u: f + f′ε + ½f″ε² in K[ε]/ε³. */
type Jet = readonly [unknown, unknown, unknown];

/** A margin under a pattern along θ + εu, from the definition of a network and not from any polynomial. */
function marginJet(
  problem: Problem<unknown>,
  { sample, plus, minus }: Margin,
  pattern: Pattern,
  theta: readonly unknown[],
  u: readonly unknown[],
): Jet {
  const { network, field: K } = problem;
  const times = (a: Jet, b: Jet): Jet => [
    K.mul(a[0], b[0]),
    K.add(K.mul(a[0], b[1]), K.mul(a[1], b[0])),
    sum(K, [K.mul(a[0], b[2]), K.mul(a[1], b[1]), K.mul(a[2], b[0])]),
  ];
  const add = (a: Jet, b: Jet): Jet => [K.add(a[0], b[0]), K.add(a[1], b[1]), K.add(a[2], b[2])];
  const lift = (c: unknown): Jet => [c, K.zero, K.zero];
  const weights = weightsOf(problem, theta).map((c, k): Jet => [c, u[k] ?? K.zero, K.zero]);
  let values = problem.data[sample]!.x.map(lift);
  for (const [l, layer] of network.layers.entries()) {
    values = layer.map((row, unit) => {
      const z = row.map(({ from, weight }) => times(weights[weight]!, values[from]!)).reduce(add, lift(K.zero));
      const isOn = l === network.layers.length - 1 || isLinearLayer(network, l) || pattern[l]![unit]!;
      return isOn ? z : times(lift(K.fromRational(network.slopes[l]!)), z);
    });
  }
  const sides = [plus, minus].map((k, side) =>
    k === null ? lift(K.zero) : times(lift(side === 0 ? K.one : K.neg(K.one)), values[k]!),
  );
  return sides.reduce(add);
}

function valueAt(K: Field<unknown>, p: MultivariatePolynomial<unknown>, theta: readonly unknown[]): unknown {
  const terms = [...p.values()].map((t) => t.variables.reduce<unknown>((c, v) => K.mul(c, theta[v]), t.coefficient));
  return sum(K, terms);
}

describe.each(CASES)("the derived margin, gradient and Hessian: %s", (_, network, x, y) => {
  const problem = problemOn(network, x, y);
  const { field: K } = problem;
  const margins = marginsOf(problem);
  const p = problem.network.parameters.length;
  const cache = new Map<string, SymbolicMargin<unknown>>();
  const derive = (margin: Margin, pattern: boolean[][]) => {
    const key = JSON.stringify([margin, pattern]);
    if (!cache.has(key)) cache.set(key, symbolicMargin(problem, margin, pattern));
    return cache.get(key)!;
  };
  const patterns = fc.tuple(
    ...hiddenUnits(problem.network).map((n) => fc.array(fc.boolean(), { minLength: n, maxLength: n })),
  );
  const coordinate = fc.tuple(fc.bigInt(-5n, 5n), fc.bigInt(1n, 3n)).map(([n, d]) => K.fromRational(rational(n, d)));
  const vector = fc.array(coordinate, { minLength: p, maxLength: p });

  test("equal an exact forward pass to second order at random points, in random directions", () => {
    fc.assert(
      fc.property(fc.constantFrom(...margins), patterns, vector, vector, (which, pattern, theta, u) => {
        const { margin, gradient, hessian } = derive(which, pattern);
        const [value, slope, halfCurvature] = marginJet(problem, which, pattern, theta, u);
        const along = (row: readonly MultivariatePolynomial<unknown>[]) =>
          sum(
            K,
            row.map((entry, k) => K.mul(valueAt(K, entry, theta), u[k])),
          );
        const curvature = sum(
          K,
          hessian.map((row, j) => K.mul(u[j], along(row))),
        );
        expect(K.isZero(K.sub(valueAt(K, margin, theta), value))).toBe(true);
        expect(K.isZero(K.sub(along(gradient), slope))).toBe(true);
        expect(K.isZero(K.sub(curvature, K.add(halfCurvature, halfCurvature)))).toBe(true);
      }),
      { numRuns: 12 },
    );
  });

  test("are polynomials in lowest terms, with a symmetric Hessian", () => {
    const { margin, gradient, hessian } = derive(
      margins[0]!,
      hiddenUnits(problem.network).map((n) => new Array(n).fill(true)),
    );
    for (const polynomial of [margin, ...gradient, ...hessian.flat()]) {
      for (const [key, { variables, coefficient }] of polynomial) {
        expect(variables.join(",")).toBe(key);
        expect(variables).toEqual([...variables].sort((j, k) => j - k));
        expect(K.isZero(coefficient)).toBe(false);
      }
    }
    expect(hessian.map((row, j) => row.map((_, k) => polynomialLatex(problem, hessian[k]![j]!)))).toEqual(
      hessian.map((row) => row.map((entry) => polynomialLatex(problem, entry))),
    );
  });
});

test("nothing is left behind in nerdamer's global state", () => {
  const problem = problemOn({ kind: "diagonal", width: 2, depth: 2, activation: "linear" }, [1, "sqrt(2)"]);
  symbolicMargin(problem, marginsOf(problem)[0]!, [[true, true]]);
  expect(nerdamer.expressions()).toEqual([]);
  expect(nerdamer.getVars("text")).toEqual({});
});

describe("the KKT system", () => {
  const at = (theta: readonly unknown[], lambda: readonly unknown[]) => [...theta, ...lambda];

  test("vanishes at a KKT point with its multipliers", () => {
    const { problem } = parseProblem(readFileSync("src/paper/instances/fc-relu.json", "utf8"));
    const instance = problem as Instance<unknown>;
    const { margins, active, passes } = factsOf(instance);
    const { field: K, point } = instance;
    const terms = active.map((j) => ({ margin: margins[j]!, pattern: patternAt(K, passes[margins[j]!.sample]!) }));
    const gradients = terms.map(({ margin, pattern }) => kernelGradient(instance, margin, pattern));
    const columns = point.map((_, k) => gradients.map((g) => g[k]!));
    const lambda = solve(K, columns, point);
    expect(lambda).not.toBeNull();
    const { stationarity, margins: equations } = kktSystem(instance, terms);
    for (const p of [...stationarity, ...equations]) expect(K.isZero(valueAt(K, p, at(point, lambda!)))).toBe(true);
  });

  test("of a frozen output weight, as it is printed", () => {
    const layers = [[["w1", "w2"]], [["h"]]];
    const problem = problemOn({ kind: "layers", activation: "relu", layers, frozen: { h: "1/2" } }, [3, -4]);
    const { stationarity, margins } = kktSystem(problem, [{ margin: marginsOf(problem)[0]!, pattern: [[true]] }]);
    expect(stationarity.map((p) => polynomialLatex(problem, p))).toEqual([
      String.raw`w_{1} - \frac{3}{2} \lambda_{1}`,
      String.raw`w_{2} + 2 \lambda_{1}`,
    ]);
    expect(margins.map((p) => polynomialLatex(problem, p))).toEqual([String.raw`-1 + \frac{3}{2} w_{1} - 2 w_{2}`]);
  });
});

function patternAt(K: Field<unknown>, { preactivations }: Pass<unknown>): Pattern {
  return preactivations.map((units) => units.map((z) => K.sign(z) > 0));
}

describe("LaTeX", () => {
  test("of the paper's two-neuron example, under a pattern", () => {
    const problem = problemOn({ kind: "fully-connected", widths: [2, 2, 1], activation: "relu" }, ["-1", "1/4"]);
    const latex = (pattern: boolean[]) =>
      polynomialLatex(problem, symbolicMargin(problem, marginsOf(problem)[0]!, [pattern]).margin);
    expect(latex([true, false])).toBe(
      String.raw`-W_{1,1}^{(1)} W_{1,1}^{(2)} + \frac{1}{4} W_{1,2}^{(1)} W_{1,1}^{(2)}`,
    );
    expect(latex([false, false])).toBe("0");
  });

  test("of powers, field elements and constants", () => {
    const layers = [
      [
        ["s", "t"],
        ["s", 0],
      ],
      [["v'", "v'"]],
    ];
    const problem = problemOn({ kind: "layers", activation: "linear", layers }, ["1-sqrt(2)", "sqrt(2)/2"]);
    const { margin, gradient, hessian } = symbolicMargin(problem, marginsOf(problem)[0]!, [[]]);
    expect(polynomialLatex(problem, margin)).toBe(
      String.raw`\left(2 - 2 a\right) s \mathrm{v'} + \frac{1}{2} a t \mathrm{v'}`,
    );
    expect(polynomialLatex(problem, gradient[1]!)).toBe(String.raw`\frac{1}{2} a \mathrm{v'}`);
    expect(polynomialLatex(problem, hessian[0]![2]!)).toBe(String.raw`\left(2 - 2 a\right)`);
    const square = new Map([["0,0,2", { variables: [0, 0, 2], coefficient: problem.field.one }]]);
    expect(polynomialLatex(problem, square)).toBe(String.raw`{s}^{2} \mathrm{v'}`);
    expect(polynomialLatex(problem, new Map([["", { variables: [], coefficient: problem.field.one }]]))).toBe("1");
  });

  test.each([
    ["W1[1,2]", "W_{1,2}^{(1)}"],
    ["w2[10]", "w_{10}^{(2)}"],
    ["f[3]", "f_{3}"],
    ["w12", "w_{12}"],
    ["v", "v"],
    ["my_weight", String.raw`\mathrm{my\_weight}`],
    ["bias[1]", String.raw`\mathrm{bias[1]}`],
  ])("of the name %s", (name, expected) => {
    const { network } = problemOn({ kind: "layers", activation: "linear", layers: [[[name]]] }, [1]);
    expect(parameterLatex(network, 0)).toBe(expected);
  });
});
