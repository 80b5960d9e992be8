import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { verifyCertificate } from "../../src/kernel/verify.js";
import { identifier, toCoq } from "../../src/report/coq.js";

const folder = new URL("../../certificates/", import.meta.url);
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".json") && !file.includes(".flow."))
  .map((file) => file.slice(0, -".json".length));

const cases = new URL("../../proofs/coq/cases/", import.meta.url);

function exported(name: string, change: (certificate: { statements: unknown[] }) => void = () => {}): string {
  const certificate = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));
  change(certificate);
  const verdict = verifyCertificate(certificate);
  if (!verdict.readable) throw new Error(verdict.refusal.found);
  const statements = verdict.statements.flatMap((one) => (one.accepted ? [one.statement] : []));
  expect(statements).toHaveLength(certificate.statements.length);
  return toCoq({ instance: verdict.instance, statements });
}

describe("Coq instances", () => {
  it.each(names)("of %s are those that are committed", (name) => {
    const committed = new URL(`../../proofs/coq/instances/${identifier(name)}.v`, import.meta.url);
    expect(exported(name)).toBe(readFileSync(committed, "utf8"));
  });

  it.each(names)("of %s have a theorem for every statement, and none is left out", (name) => {
    const text = exported(name);
    const { statements } = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));
    expect(text).not.toContain("NOT proved here");
    expect(text.match(/^Theorem .*_class_N :/gm)).toHaveLength(1);
    const theorems = text.match(/^Theorem (?!generator_exists)/gm) ?? [];
    expect(theorems).toHaveLength(statements.length + 1);
    expect(text).not.toMatch(/\b(Admitted|Axiom|admit)\b/);
  });

  it.each(readdirSync(cases))("of the case %s, which the kernel accepts, leave nothing out", (file) => {
    const certificate = JSON.parse(readFileSync(new URL(file, cases), "utf8"));
    const verdict = verifyCertificate(certificate);
    if (!verdict.readable) throw new Error(verdict.refusal.found);
    expect(verdict.statements.filter((one) => !one.accepted)).toEqual([]);
    const statements = verdict.statements.flatMap((one) => (one.accepted ? [one.statement] : []));
    expect(toCoq({ instance: verdict.instance, statements })).not.toContain("NOT proved here");
  });

  it("name what the Coq checker does not cover", () => {
    const verdict = verifyCertificate(JSON.parse(readFileSync(new URL("fc-relu.json", folder), "utf8")));
    if (!verdict.readable) throw new Error(verdict.refusal.found);
    const { instance } = verdict;
    const one = instance.field.one;
    const text = toCoq({ instance, statements: [{ kind: "norm-bound", multipliers: [one, one], cells: [] }] });
    expect(text).toContain("NOT proved here:\n    - norm-bound: no evidence for one of the sign choices");
    expect(text).not.toContain("global_optimum");
  });

  it("say the statements in the words of Definitions.v", () => {
    const text = exported("fc-relu");
    expect(text).toContain("Theorem fc_relu_not_local_optimum :\n  ~ local_optimum net data Whole theta.");
    expect(text).toContain("Theorem fc_relu_kkt :\n  kkt net data theta.");
    expect(text).toContain("layers := [[[Param 0; Param 1]; [Param 2; Param 3]];");
    expect(text.trimEnd()).toMatch(/Print Assumptions fc_relu_theorems\.$/);
  });

  it("over a number field hold for every root in the interval, and there is one", () => {
    const text = exported("convolutional-relu");
    expect(text).toContain("Definition minimal_polynomial : list Q := [(-2); 0; 1].");
    expect(text).toContain("Theorem generator_exists : exists a, root_of minimal_polynomial low high a.");
    expect(text).toContain("Hypothesis root : root_of minimal_polynomial low high a.");
  });

  it("write a negative generator as the opposite of a positive one", () => {
    // The same point over ℚ(−√2): the second coordinate of every number changes its sign.
    const text = exported("convolutional-linear", (certificate) => {
      const opposite = (value: unknown): unknown =>
        Array.isArray(value) && value.length === 2 && value.every((c) => typeof c === "string")
          ? [value[0], String(value[1]).startsWith("-") ? String(value[1]).slice(1) : `-${value[1]}`.replace("-0", "0")]
          : Array.isArray(value)
            ? value.map(opposite)
            : typeof value === "object" && value !== null
              ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, opposite(one)]))
              : value;
      const changed = opposite(certificate) as typeof certificate & { problem: { field: { interval: string[] } } };
      changed.problem.field.interval = ["-2", "-1"];
      Object.assign(certificate, changed);
    });
    const body = (one: string) => one.slice(one.indexOf("Section Instance."));
    expect(body(text)).toBe(body(exported("convolutional-linear")));
  });

  it("make a file name and theorem names of any problem name", () => {
    expect(identifier("fc-relu")).toBe("fc_relu");
    expect(identifier("3 neurons: é")).toBe("problem_3_neurons");
    expect(identifier("é")).toBe("problem_");
  });
});
