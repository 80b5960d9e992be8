/** Problems whose points lie in fields of high degree, or over ℚ beside them, and whose global optimum is known: for tests and benches. */
import { solve } from "../../src/exact/linear.js";
import { formatRational, parseRational, Q, type Rational } from "../../src/exact/rational.js";
import { exactRoot } from "../../src/problem/roots.js";
import type { ProblemJson } from "../adversary/problem.js";

/** A ReLU unit whose kink is at this sample, on to its right or to its left. */
interface KinkedUnit {
  readonly kink: string;
  readonly on: "right" | "left";
  readonly output: 1 | -1;
}

/**
 * Samples (t, 1) of labels that alternate, the first positive, and units with their kinks at samples: ±c relu(u·x) with ‖u‖ = 1, as the weights
 * √c u and ±√c. The c, one for each sample, make all margins 1; they are rational, since √(1 + t²) is where there is a kink, and the point lies in
 * the field of their roots.
 */
function onALine(name: string, abscissae: readonly string[], kinked: readonly KinkedUnit[]): ProblemJson {
  const samples = abscissae.map((t) => parseRational(t)!);
  const label = (i: number) => (i % 2 === 0 ? 1 : -1);
  const units = kinked.map(({ kink, on, output }) => {
    const t = parseRational(kink)!;
    const length = exactRoot(t.mul(t).add(Q.one), 2)!;
    const side = Q.fromRational(parseRational(on === "right" ? "1" : "-1")!);
    return { u: [side.div(length), side.mul(t).div(length).neg()] as const, output };
  });
  const relu = (z: Rational) => (Q.sign(z) > 0 ? z : Q.zero);
  const sizes = solve(
    Q,
    samples.map((t, i) => units.map(({ u, output }) => relu(u[0].mul(t).add(u[1])).mul(BigInt(label(i) * output)))),
    samples.map(() => Q.one),
  )!;
  const roots = sizes.map((c) => `sqrt(${formatRational(c)})`);
  return {
    format: "margincert/problem/1",
    name,
    network: { kind: "fully-connected", widths: [2, units.length, 1], activation: "relu" },
    data: abscissae.map((t, i) => ({ x: [t, "1"], y: label(i) })),
    point: [
      ...units.flatMap(({ u }, k) => u.map((c) => `(${formatRational(c)})*${roots[k]}`)),
      ...units.map(({ output }, k) => `${output}*${roots[k]}`),
    ],
  };
}

/** Degree 16. */
export const fiveOnALine = () =>
  onALine(
    "line-5-samples",
    ["-4/3", "-3/4", "0", "3/4", "4/3"],
    [
      { kink: "-3/4", on: "left", output: 1 },
      { kink: "3/4", on: "left", output: 1 },
      { kink: "3/4", on: "right", output: 1 },
      { kink: "0", on: "left", output: -1 },
      { kink: "0", on: "right", output: -1 },
    ],
  );

/** Degree 32. */
export const sevenOnALine = () =>
  onALine(
    "line-7-samples",
    ["-13/2", "-12/5", "-5/12", "5/12", "12/5", "24/7", "10"],
    [
      { kink: "-12/5", on: "left", output: 1 },
      { kink: "5/12", on: "right", output: 1 },
      { kink: "5/12", on: "left", output: 1 },
      { kink: "24/7", on: "right", output: 1 },
      { kink: "-5/12", on: "right", output: -1 },
      { kink: "-5/12", on: "left", output: -1 },
      { kink: "12/5", on: "right", output: -1 },
    ],
  );

/** Diagonal and linear, of depth 2: a sample p e_p for each of these primes, in the field of their roots. */
export function primeAxes(primes: readonly number[]): ProblemJson {
  const layer = primes.map((p) => `1/sqrt(${p})`);
  return {
    format: "margincert/problem/1",
    name: `axes-${primes.join("-")}`,
    network: { kind: "diagonal", width: primes.length, depth: 2, activation: "linear" },
    data: primes.map((p) => ({ x: primes.map((q) => (q === p ? `${p}` : "0")), y: 1 })),
    point: [...layer, ...layer],
  };
}

/**
 * ReLU, samples scale · (±1, 0, ±1, …) of the one label and scale · (0, ±1, ±1, …) of the other, with all signs: the label says which of two
 * coordinates is not zero, as parity does. A unit for each sign of either, over scale².
 */
export function parity({ noise, root }: { readonly noise: number; readonly root: number }): ProblemJson {
  const scale = root === 1 ? "1" : `root(${root},4)`;
  const d = 2 + noise;
  const signs = Array.from({ length: 2 ** (noise + 1) }, (_, k) =>
    Array.from({ length: noise + 1 }, (__, j) => ((k >> (noise - j)) & 1 ? "-" : "")),
  );
  const sample = (axis: number, [own, ...others]: readonly string[]) => [
    ...[0, 1].map((k) => (k === axis ? `${own}${scale}` : "0")),
    ...others.map((sign) => `${sign}${scale}`),
  ];
  const inverse = root === 1 ? "1" : `1/root(${root},8)`;
  const unit = (axis: number, sign: string) =>
    Array.from({ length: d }, (_, k) => (k === axis ? `${sign}${inverse}` : "0"));
  return {
    format: "margincert/problem/1",
    name: `parity-${noise}-noise-root-${root}`,
    network: { kind: "fully-connected", widths: [d, 4, 1], activation: "relu" },
    data: [0, 1].flatMap((axis) =>
      signs.map((own) => ({ x: sample(axis, own), y: axis === 0 ? (1 as const) : (-1 as const) })),
    ),
    point: [
      ...[0, 1].flatMap((axis) => ["", "-"].flatMap((sign) => unit(axis, sign))),
      ...["", "", "-", "-"].map((sign) => `${sign}${inverse}`),
    ],
  };
}
