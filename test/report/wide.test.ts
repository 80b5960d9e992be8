/** Proofs about more numbers than anybody reads. */
import { describe, expect, it } from "vitest";
import type { Instance } from "../../src/network/instance.js";
import { parseProblem } from "../../src/problem/problem.js";
import { certify } from "../../src/prover/certify.js";
import { proofMarkdown } from "../../src/report/proof/markdown.js";
import { proofDocument } from "../../src/report/proof.js";
import { wide } from "../instances/wide.js";

describe("the proof of a problem with many inputs", () => {
  const written = (side: number) => {
    const problem = wide({ activation: "relu", labels: 2, data: "dense", units: "one", side, samples: 6 });
    const { problem: parsed } = parseProblem(JSON.stringify(problem));
    const instance: Instance<unknown> = { ...parsed, point: parsed.point! };
    return proofMarkdown(proofDocument(instance, certify(instance).accepted));
  };

  it("prints the ends of long tuples, and says so", () => {
    const text = written(12);
    expect(text).toContain("only the ends are printed");
    expect(text).toMatch(/x_\{1\} = \((?:[^,()]+, ){4}\\dots, [^,()]+\)/);
    // 144 inputs, 10 units and 6 samples have more numbers than this has characters.
    expect(text.length).toBeLessThan(60_000);
    expect(text).toContain("where $S$ is positive semidefinite");
  });

  it("prints all where that is short", () => {
    expect(written(4)).not.toContain("only the ends are printed");
  });
});
