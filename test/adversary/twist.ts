/** The same question asked differently: samples and hidden units in another order, output and labels negated. */
import type { Verdict } from "../../src/report/verdict.js";
import type { ProblemJson } from "./problem.js";

/** An equivalent problem: the answers must not contradict those about the original. */
export function twisted(problem: ProblemJson, random: () => number): ProblemJson {
  const { network, point } = problem;
  const data = shuffled(problem.data, random);
  if (network.kind !== "fully-connected") return { ...problem, data };
  const { widths } = network;
  const rows: string[][][] = [];
  let at = 0;
  for (let l = 0; l + 1 < widths.length; l++) {
    rows.push(
      Array.from({ length: widths[l + 1]! }, (_, j) => point.slice(at + j * widths[l]!, at + (j + 1) * widths[l]!)),
    );
    at += widths[l]! * widths[l + 1]!;
  }
  for (let l = 0; l + 1 < rows.length; l++) {
    const order = shuffled([...rows[l]!.keys()], random);
    rows[l] = order.map((j) => rows[l]![j]!);
    rows[l + 1] = rows[l + 1]!.map((row) => order.map((j) => row[j]!));
  }
  rows[rows.length - 1] = rows.at(-1)!.map((row) => row.map((c) => `-(${c})`));
  return { ...problem, data: data.map(({ x, y }) => ({ x, y: y === 1 ? -1 : 1 })), point: rows.flat(2) };
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  return list
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** Where two verdicts on equivalent problems differ: opposite answers, and answers that only one of them gives. */
export function differences(a: Verdict, b: Verdict): { opposite: string[]; lost: string[] } {
  const opposite: string[] = [];
  const lost: string[] = [];
  const compare = (what: string, one: string, other: string) => {
    if (one === other) return;
    (one === "undecided" || other === "undecided" ? lost : opposite).push(`${what}: ${one} and ${other}`);
  };
  compare("feasible", String(a.feasible), String(b.feasible));
  compare("kkt", a.kkt, b.kkt);
  compare("local", a.local, b.local);
  compare("global", a.global, b.global);
  if ((a.strict === null) !== (b.strict === null)) lost.push(`strict: ${a.strict} and ${b.strict}`);
  for (const [l, one] of a.layers.entries()) {
    compare(`local ${l + 1}`, one.local, b.layers[l]!.local);
    compare(`global ${l + 1}`, one.global, b.layers[l]!.global);
  }
  return { opposite, lost };
}
