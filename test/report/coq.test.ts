import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { acceptedIn } from "../../src/report/accepted.js";
import { coqGap, identifier, toCoq } from "../../src/report/coq.js";

const folder = new URL("../../certificates/", import.meta.url);
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".json") && !file.includes(".flow."))
  .map((file) => file.slice(0, -".json".length));
const cases = new URL("../../proofs/coq/cases/", import.meta.url);

interface Certificate {
  problem: Record<string, unknown>;
  statements: Record<string, unknown>[];
}

function read(name: string, from = folder): Certificate {
  return JSON.parse(readFileSync(new URL(`${name}.json`, from), "utf8"));
}

function accepted(certificate: unknown) {
  const found = acceptedIn(certificate);
  if ("clause" in found) throw new Error(`${found.clause}: ${found.found}`);
  if (found.sort === "enclosed") throw new Error("the point is enclosed");
  return found;
}

/** The file of a certificate with the statements that `change` leaves or puts there. */
function exported(name: string, change: (certificate: Certificate) => void = () => {}, from = folder): string {
  const certificate = read(name, from);
  change(certificate);
  return toCoq(accepted(certificate));
}

describe("Coq instances", () => {
  it.each(names)("of %s are those that are committed", (name) => {
    const committed = new URL(`../../proofs/coq/instances/${identifier(name)}.v`, import.meta.url);
    expect(exported(name)).toBe(readFileSync(committed, "utf8"));
  });

  it.each(names)("of %s have a theorem for every statement, and only the flow is left out", (name) => {
    const text = exported(name);
    expect(text).toContain("NOT proved here:\n    - attracts: the theory has no gradient flow");
    expect(text.match(/^ {4}- /gm)).toHaveLength(1);
    expect(text.match(/^Theorem .*_class_N :/gm)).toHaveLength(1);
    const theorems = text.match(/^Theorem (?!generator_exists)/gm) ?? [];
    expect(theorems).toHaveLength(read(name).statements.length);
    expect(text).not.toMatch(/\b(Admitted|Axiom|admit)\b/);
  });

  it.each(readdirSync(cases))("of the case %s, which the kernel accepts, leave nothing out", (file) => {
    expect(exported(file.slice(0, -".json".length), () => {}, cases)).not.toContain("NOT proved here");
  });

  describe("of three moving layers", () => {
    const multipliers = ["17/104", "9/104"];
    const split = (sample: number, layer: number) => ({ split: { sample, layer, unit: 1 } });
    const tree = (leaf: object) => {
      const both = [split(1, 2), split(2, 2), leaf, leaf, split(2, 2), leaf, leaf];
      return [split(1, 1), split(2, 1), ...both, split(1, 2), leaf, leaf, split(2, 1), split(2, 2), leaf, leaf, leaf];
    };
    const bound = (by: object) => (certificate: Certificate) => {
      certificate.statements = [{ kind: "bound", scope: "whole", reach: "global", by }];
    };

    it("read the tree of a block along a line of its units", () => {
      const by = { multipliers, parts: [{ blocks: [1], tree: tree({ leaf: {} }) }] };
      expect(exported("one-label", bound(by), cases)).toContain("refine (check_norm_bound_sound");
    });

    it("name what the theory does not cover", () => {
      const text = exported("one-label", bound({ tree: tree({ leaf: { multipliers } }) }), cases);
      expect(text).toContain("NOT proved here:\n    - bound: with three and more moving layers the theory covers");
      expect(text).not.toContain("global_optimum");
    });
  });

  it("are refused, with a reason, where the definitions have no words for the network", () => {
    const problem = {
      name: "other",
      field: null,
      data: [{ x: ["1"], y: 1 }],
    };
    const layers = (activation: unknown, matrices: unknown, more: object = {}) => ({
      network: { kind: "layers", activation, layers: matrices, ...more },
    });
    const others: [string, object][] = [
      ["frozen weights", { ...layers("relu", [[["w"]], [["v"]]], { frozen: { v: "1" } }), point: ["1"] }],
      ["several outputs", { ...layers("relu", [[["w"]], [["v"], ["u"]]]), point: ["1", "1", "0"] }],
      [
        "activations that differ",
        { ...layers(["relu", "linear"], [[["w"]], [["v"]], [["u"]]]), point: ["1", "1", "1"] },
      ],
      ["a parameter in several layers", { ...layers("relu", [[["w"]], [["w"]]]), point: ["1"] }],
    ];
    for (const [words, more] of others) {
      const found = accepted({
        format: "margincert/certificate/2",
        problem: { ...problem, ...more },
        statements: [{ kind: "feasible" }],
      });
      expect(coqGap(found.instance)).toContain(words);
      expect(() => toCoq(found)).toThrow(words);
    }
    expect(coqGap(accepted(read("kinked", cases)).instance)).toBeNull();
  });

  it("read parts, joint trees and chains, near the point and everywhere", () => {
    const theorems = (name: string) =>
      [
        ...exported(name, () => {}, cases).matchAll(
          /^ {2}(\w+ net data \S+ \S+)\.\nProof. refine \((check_\w+)_sound/gm,
        ),
      ].map(([, claim, checker]) => `${claim}: ${checker}`);
    expect(theorems("linear-chain")).toContain("global_optimum net data Whole theta: check_svm_dual");
    expect(theorems("one-label")).toContain("global_optimum net data Whole theta: check_norm_bound");
    expect(theorems("opposite-samples")).toContain("global_optimum net data Whole theta: check_norm_bound");
    expect(theorems("dead-branch")).toContain("global_optimum net data Whole theta: check_norm_bound");
    expect(theorems("joint")).toContain("global_optimum net data Whole theta: check_global");
    expect(theorems("local")).toContain("local_optimum net data Whole theta: check_local");
  });

  it("say of a chain that it reaches everywhere, whatever the certificate asks", () => {
    const near = exported(
      "linear-chain",
      (c) => void Object.assign(c.statements.find((s) => s.scope === "whole" && s.by)!, { reach: "local" }),
      cases,
    );
    expect(near).toBe(exported("linear-chain", () => {}, cases));
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
    // (Of `attracts`, the inverse has pairs of rational numbers.)
    const withoutFlow = (certificate: Certificate) => {
      certificate.statements = certificate.statements.filter(({ kind }) => kind !== "attracts");
    };
    const text = exported("convolutional-linear", (certificate) => {
      withoutFlow(certificate);
      const opposite = (value: unknown): unknown =>
        Array.isArray(value) && value.length === 2 && value.every((c) => typeof c === "string")
          ? [value[0], String(value[1]).startsWith("-") ? String(value[1]).slice(1) : `-${value[1]}`.replace("-0", "0")]
          : Array.isArray(value)
            ? value.map(opposite)
            : typeof value === "object" && value !== null
              ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, opposite(one)]))
              : value;
      const changed = opposite(certificate) as Certificate;
      Object.assign(changed.problem.field as object, { interval: ["-2", "-1"] });
      Object.assign(certificate, changed);
    });
    const body = (one: string) => one.slice(one.indexOf("Section Instance."));
    expect(body(text)).toBe(body(exported("convolutional-linear", withoutFlow)));
  });

  it("make a file name and theorem names of any problem name", () => {
    expect(identifier("fc-relu")).toBe("fc_relu");
    expect(identifier("3 neurons: é")).toBe("problem_3_neurons");
    expect(identifier("é")).toBe("problem_");
  });
});
