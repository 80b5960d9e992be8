import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forward, hessian, kinkNormal, modelOf, passesAt, patternAt } from "../../src/flow/model.js";
import { eigen } from "../../src/numeric/eigen.js";
import { dot, factor, norm } from "../../src/numeric/matrix.js";
import { parseProblem } from "../../src/problem/problem.js";

const networks = [
  { kind: "fully-connected", widths: [2, 3, 2, 1], activation: "relu" },
  { kind: "fully-connected", widths: [2, 2, 1], activation: { "leaky-relu": "1/10" } },
  { kind: "diagonal", width: 2, depth: 3, activation: "linear" },
  { kind: "convolutional", input: 2, filter: 1, stride: 1, activation: "relu" },
  { kind: "fully-connected", widths: [2, 3, 3], activation: "relu" },
  {
    kind: "fully-connected",
    widths: [2, 2, 2, 2],
    activation: ["linear", { "leaky-relu": "1/3" }],
    frozen: Object.fromEntries([1, 2].flatMap((i) => [1, 2].map((j) => [`W2[${i},${j}]`, `${i - 2 * j}/2`]))),
  },
  {
    kind: "layers",
    activation: "relu",
    layers: [
      [
        ["a", "b"],
        ["b", "c"],
      ],
      [
        ["a", "b"],
        ["c", "d"],
      ],
      [["e", "e"]],
    ],
  },
];
const models = networks.map((network, k) =>
  modelOf(
    parseProblem(
      JSON.stringify({
        format: "margincert/problem/1",
        name: "derivatives",
        network,
        data: [
          { x: ["1", "1/2"], y: 1 },
          { x: ["-3/4", "2"], y: k === 4 ? 3 : k === 5 ? 2 : -1 },
        ],
      }),
    ).problem,
  ),
);
const weights = (length: number) =>
  fc.array(fc.integer({ min: -300, max: 300 }), { minLength: length, maxLength: length });

describe.each(models.map((model, k) => ({ name: JSON.stringify(networks[k]), model })))(
  "derivatives of $name",
  ({ model }) => {
    it("obey Euler's relation and agree with differences", () => {
      fc.assert(
        fc.property(weights(model.size), weights(model.size), (a, b) => {
          const theta = Float64Array.from(a, (x) => x / 100 + 0.001);
          const direction = Float64Array.from(b, (x) => x / 100);
          const pattern = patternAt(model, theta);
          model.margins.forEach((one, k) => {
            const at = (t: number) =>
              passesAt(
                model,
                pattern,
                [k],
                theta.map((x, j) => x + t * direction[j]!),
              )[0]!;
            const { margin, gradient } = at(0);
            expect(dot(theta, gradient)).toBeCloseTo(model.degree * margin, 9);
            const h = 1e-4;
            const slope = (at(h).margin - at(-h).margin) / (2 * h);
            expect(dot(gradient, direction)).toBeCloseTo(slope, 3);
            const bend = Float64Array.from(hessian(model, one, pattern[one.sample]!, theta), (row) =>
              dot(row, direction),
            );
            const difference = at(h).gradient.map((x, j) => (x - at(-h).gradient[j]!) / (2 * h));
            expect(norm(bend.map((x, j) => x - difference[j]!))).toBeLessThan(1e-4 * (1 + norm(bend)));
          });
        }),
        { numRuns: 30 },
      );
    });

    it("have the pre-activations' gradients as the normals of kinks", () => {
      const theta = Float64Array.from({ length: model.size }, (_, j) => Math.sin(j + 1));
      const pattern = patternAt(model, theta);
      pattern.forEach((slopes, sample) => {
        const { pre } = forward(model, sample, slopes, theta);
        pre.forEach((value, neuron) => {
          const normal = kinkNormal(model, sample, neuron, slopes, theta);
          expect(dot(normal, theta)).toBeCloseTo(model.neurons[neuron]!.degree * value, 12);
        });
      });
    });
  },
);

describe("matrix", () => {
  it("solves and diagonalises", () => {
    const rows = [
      [2, 1, 0],
      [1, -3, 4],
      [0, 4, 1],
    ].map((row) => Float64Array.from(row));
    const solution = Float64Array.of(1, 2, 3);
    const b = Float64Array.from(rows, (row) => dot(row, solution));
    factor(rows.map((row) => Float64Array.from(row)))(b);
    for (let i = 0; i < 3; i++) expect(b[i]).toBeCloseTo(solution[i]!, 12);
    for (const { value, vector } of eigen(rows)) {
      expect(norm(vector)).toBeCloseTo(1, 12);
      rows.forEach((row, i) => {
        expect(dot(row, vector)).toBeCloseTo(value * vector[i]!, 12);
      });
    }
  });
});
