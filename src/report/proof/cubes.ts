/** Sign choices in few words: + and − for a sign, * for either. */
import type { Orientation } from "../../certificate/format.js";

/** A sign choice, and what is said of it. */
export interface Leaf {
  readonly chosen: readonly Orientation[];
  readonly key: string;
}

/** All sign choices that begin with the signs before a star and end with any, of which the same is said. */
export interface Cube {
  readonly signs: string;
  readonly key: string;
}

/** The choices as cubes that do not overlap, by deciding one sign after the other; a cube may contain choices that are not there. */
export function signCubes(leaves: readonly Leaf[], from = 0): Cube[] {
  const [first] = leaves;
  if (first === undefined) return [];
  if (leaves.every(({ key }) => key === first.key)) {
    const signs = first.chosen.slice(from).map((sign, k) => {
      const fixed = leaves.every(({ chosen }) => chosen[from + k] === sign);
      return fixed ? (sign > 0 ? "+" : "-") : "*";
    });
    return [{ signs: signs.join(""), key: first.key }];
  }
  const branch = (sign: Orientation) =>
    signCubes(
      leaves.filter(({ chosen }) => chosen[from] === sign),
      from + 1,
    );
  const prefixed = (sign: string, cubes: readonly Cube[]) =>
    cubes.map(({ signs, key }) => ({ signs: sign + signs, key }));
  const [plus, minus] = [branch(1), branch(-1)];
  if (JSON.stringify(plus) === JSON.stringify(minus)) return prefixed("*", plus);
  return [...prefixed("+", plus), ...prefixed("-", minus)];
}

/** The cubes of which one thing is said. */
export function cubesLatex(cubes: readonly Cube[], key: string): string {
  return cubes
    .filter((cube) => cube.key === key)
    .map(({ signs }) => `$${signs.replace(/[+*-]/g, "{$&}")}$`)
    .join(", ");
}

/** What a star stands for, where there is one. */
export function cubeLegend(cubes: readonly Cube[]): string {
  return cubes.some(({ signs }) => signs.includes("*")) ? " ($*$ is either)" : "";
}
