/** Random linear programmes of the kind that asks whether a point is a KKT point, and their text for other solvers. */
import { dot } from "../src/exact/field.js";
import { Q, type Rational, rational } from "../src/exact/rational.js";
import { uniform } from "../src/numeric/random.js";
import { commonDenominator } from "../src/prover/search/lp/program.js";
import type { LinearProgram } from "../src/prover/search/lp.js";

/** Minimise c · μ, c ≥ 1, subject to A μ = b, μ ≥ 0, small rational data: feasible, or with a Farkas ray built in. */
export function membershipProgram(
  rows: number,
  columns: number,
  feasible: boolean,
  seed: number,
): LinearProgram<Rational> {
  const random = uniform(seed);
  const integer = (low: number, high: number) => BigInt(low + Math.floor(random() * (high - low + 1)));
  const entry = () => rational(integer(-9, 9), integer(1, 4));
  const list = <T>(length: number, one: () => T): T[] => Array.from({ length }, one);

  const vectors = list(columns, () => list(rows, entry));
  const objective = list(columns, () => entry().abs().add(1n));
  const programme = (A: Rational[][], b: Rational[]) => ({
    objective,
    rows: b.map((bound, i) => ({ coefficients: A.map((vector) => vector[i]!), sense: "=" as const, bound })),
    free: false,
  });
  if (feasible) {
    const share = (0.75 * rows) / columns;
    const multipliers = list(columns, () => (random() < share ? rational(integer(1, 9), integer(1, 4)) : Q.zero));
    const bound = list(rows, () => Q.zero).map((_, i) =>
      dot(
        Q,
        vectors.map((vector) => vector[i]!),
        multipliers,
      ),
    );
    return programme(vectors, bound);
  }
  // Every vector has d · v ≥ 0, and b has d · b < 0.
  const direction = list(rows, () => rational(integer(1, 3) * (random() < 0.5 ? -1n : 1n)));
  const turned = vectors.map((vector) => (Q.sign(dot(Q, direction, vector)) < 0 ? vector.map(Q.neg) : vector));
  const bound = direction.map((d) => entry().abs().add(1n).mul(d).neg());
  return programme(turned, bound);
}

/** The text in the CPLEX LP format, in integers: each row and the objective times the least integer that allows it. */
export function lpText({ objective, rows }: LinearProgram<Rational>): string {
  const line = (numbers: readonly Rational[], scale: bigint) =>
    numbers
      .map((q) => q.mul(scale))
      .flatMap((q, j) => (Q.isZero(q) ? [] : [`${q.s < 0n ? "-" : "+"} ${q.n} x${j}`]))
      .join(" ");
  const constraints = rows.map(({ coefficients, bound }, i) => {
    const scale = commonDenominator(Q, [...coefficients, bound]);
    return ` r${i}: ${line(coefficients, scale)} = ${bound.mul(scale).toFraction()}`;
  });
  const cost = line(objective, objectiveScale(objective));
  return `Minimize\n obj: ${cost}\nSubject To\n${constraints.join("\n")}\nEnd\n`;
}

/** What `lpText` multiplies the objective by. */
export function objectiveScale(objective: readonly Rational[]): bigint {
  return commonDenominator(Q, objective);
}
