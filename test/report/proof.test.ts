import { describe, expect, it } from "vitest";
import { factsOf } from "../../src/kernel/facts.js";
import { kinds, type StatementKind } from "../../src/kernel/statements/index.js";
import { parseProblem } from "../../src/problem/problem.js";
import { proofLatex } from "../../src/report/proof/latex.js";
import { proofMarkdown } from "../../src/report/proof/markdown.js";
import { parameterLatex } from "../../src/report/proof/notation.js";
import { bareClaim, proofDocument } from "../../src/report/proof.js";
import { generate } from "../adversary/generate.js";
import { decide } from "../adversary/judge.js";
import { accepted, acceptedFile, acceptedStatements, claimsOf, files } from "./documents.js";
import { expectSound } from "./sound.js";

describe("the written proof", () => {
  it.each(files)("of %s says every statement, without noise", (file) => {
    expectSound(acceptedFile(file));
  });

  it("has a claim for each single statement of every kind", () => {
    const seen = new Set<StatementKind>();
    for (const file of files) {
      const { instance, statements } = acceptedFile(file);
      for (const one of statements) {
        seen.add(one.statement.kind);
        const claims = claimsOf(proofDocument(instance, [one]));
        expect(claims.length, `${file}: ${one.statement.kind}`).toBe(one.statement.kind === "feasible" ? 0 : 1);
      }
    }
    expect([...seen].sort()).toEqual(Object.keys(kinds()).sort());
  });

  it("of whatever check certifies for random problems is without noise too", () => {
    for (let k = 0; k < 24; k++) expectSound(accepted(JSON.parse(decide(generate(11, k).problem).certificate)));
  });

  it("names the verdict in its title", () => {
    const title = (file: string) => acceptedFile(file).document.title;
    expect(title("../../certificates/fc-relu.json")).toBe("fc-relu: a KKT point that is not a local optimum");
    expect(title("../certificates/accept/infeasible-leaky.json")).toMatch(/a point that is not feasible$/);
    expect(title("../certificates/accept/idle-unit.json")).toMatch(/a feasible point that is not a KKT point$/);
    // Feasible, although no statement says so.
    expect(title("../certificates/byhand/shares.json")).not.toMatch(/not feasible/);
  });

  it("says why each polynomial is positive on the curve", () => {
    const markdown = proofMarkdown(acceptedFile("../../certificates/fc-relu.json").document);
    expect(markdown).toContain("because $\\tfrac{121}{128} t^{2} \\le \\tfrac{121}{128} < \\tfrac{3}{2}$");
    expect(markdown).toContain("$2 g_{1} + 2 g_{2} = \\theta$");
  });

  it("says why a neuron does not matter, and only where one does not", () => {
    const markdown = (name: string) => proofMarkdown(acceptedFile(`../../certificates/${name}.json`).document);
    expect(markdown("fc-relu")).toContain("Neuron 2 has no part in $\\Phi$");
    expect(markdown("relu-nonzero-inputs")).not.toContain("no part");
  });

  it("puts a sum that is subtracted into parentheses", () => {
    const markdown = proofMarkdown(acceptedFile("../certificates/accept/cubic-linear.json").document);
    expect(markdown).toMatch(/\\left\(\\tfrac\{15\}\{32\} - \\left\(.* \+ .*\\right\)\\right\)/);
  });

  it("claims a unique optimum only where the bound shows it", () => {
    const statements = (file: string) => claimsOf(acceptedFile(file).document).map(({ statement }) => statement);
    expect(statements("../certificates/accept/frozen-output.json").join()).toContain("the unique global optimum");
    // Units that are alike may change places.
    expect(statements("../certificates/byhand/shares.json").join()).not.toContain("unique");
  });

  it("states a statement without a writer with its reason", () => {
    const { instance } = acceptedFile("../certificates/byhand/shares.json");
    const meaning = {
      about: "local",
      scope: 0,
      answer: "yes",
      radius: instance.field.one,
      because: "it is so",
    } as const;
    const claim = bareClaim(factsOf(instance), { meaning });
    expect(claim).toMatchObject({
      statement: "The point $\\theta_{1}$ is a strict local optimum of $(\\mathrm{P}_{1})$, within distance $1$.",
      proof: [{ kind: "text", text: "It is so." }],
    });
  });
});

describe("what an author writes", () => {
  const words = [
    "$\\input{/etc/passwd}$ and `code` } { \\end{document}",
    "<script>alert(1)</script> <!-- & [a](http://evil.example) ![b](x) | cell",
    "**bold** _it_ ~~no~~ # head www.evil.example me@evil.example \\\\ % ^^M {",
  ];

  const document = (title: string, claim: string) => {
    const { problem } = parseProblem(
      JSON.stringify({
        format: "margincert/problem/1",
        name: "x_1 - a.b",
        title,
        claim,
        network: { kind: "layers", activation: "linear", layers: [[["a_b'", "w1"]], [["w[1]"]]] },
        data: [{ x: [1, 0], y: 1 }],
        point: [1, 0, 1],
      }),
    );
    return acceptedStatements({ ...problem, point: problem.point! }, { kind: "feasible" });
  };

  it.each(words)("stays in its place: %s", (text) => {
    const plain = document("plain", "plain");
    const hostile = document(text, text);
    expectSound(hostile);
    const [markdown, before] = [hostile, plain].map((one) => proofMarkdown(one.document));
    // Without the escapes, as a reader sees it, and nothing else is new.
    const unescaped = markdown!.replace(/\\([\\`*_{}[\]<>#|~&$@/.])/g, "$1");
    expect(unescaped).toContain(`“${text}”`);
    expect(markdown!.split("\n").length).toBe(before!.split("\n").length);
    expect(markdown).not.toMatch(/(?<!\\)<(script|!--)|(?<!\\)\[a\]|(?<!\\)\*\*bold|https?:\/\/|www\.|(?<!\\)@/);
    const latex = proofLatex(hostile.document);
    expect(latex).not.toMatch(/\\input|\\end\{document\}.*\\end\{document\}/s);
    expect(latex.match(/\\end\{document\}/g)).toHaveLength(1);
    const unsafe = latex.split("\n").find((line) => line.includes("calls this problem"))!;
    expect(unsafe.replace(/\\[&%#_{}$]|\\text[a-z]+\{\}/g, "")).not.toMatch(/[&%#_{}$\\^~<>|]/);
  });

  it("names different weights differently, whatever they are called", () => {
    const { instance } = document("t", "c");
    const names = instance.network.parameters.map((_, k) => parameterLatex(instance.network, k));
    expect(new Set(names).size).toBe(3);
    expect(names[0]).toBe("\\mathit{a\\_b'}");
    expect(proofMarkdown(document("t", "c").document)).toContain("\\mathit{a\\underline{\\hspace{0.5em}}b'}");
  });
});

describe("networks as people have them", () => {
  const written = (network: object, data: object, point: object) => {
    const source = { format: "margincert/problem/1", name: "network", network, data, point };
    const { problem } = parseProblem(JSON.stringify(source));
    const { document } = acceptedStatements({ ...problem, point: problem.point! }, { kind: "feasible" });
    return document.blocks
      .flatMap((block) => (block.kind === "display" ? block.lines : block.kind === "text" ? [block.text] : []))
      .join("\n");
  };

  it("has frozen weights as numbers", () => {
    const network = { kind: "layers", activation: "relu", layers: [[["w1", "w2"]], [["c"]]], frozen: { c: "1/2" } };
    const text = written(network, [{ x: [1, 3], y: 1 }], [2, 0]);
    expect(text).toContain("W_{2} = \\begin{pmatrix} \\tfrac{1}{2} \\end{pmatrix}");
    expect(text).toContain("&= \\tfrac{1}{2} [w_{1} + 3 w_{2}]_{+}");
    // The first layer is all that moves.
    expect(text).not.toContain("(\\mathrm{P}_{l})");
    const full = { kind: "fully-connected", widths: [1, 1, 1], activation: "relu", frozen: { "W2[1,1]": "1/2" } };
    expect(written(full, [{ x: [1], y: 1 }], [2])).toContain("with the fixed weight $v_{1} = \\tfrac{1}{2}$");
  });

  it("has a margin for each other class", () => {
    const network = { kind: "fully-connected", widths: [1, 3], activation: "linear" };
    const text = written(network, [{ x: [1], y: 2 }], [0, 1, 0]);
    expect(text).toContain("\\Phi_{k}(\\theta; x) = \\langle v_{k}, x\\rangle");
    expect(text).toContain("\\Phi_{2}(\\theta; x_{1}) - \\Phi_{3}(\\theta; x_{1}) &= v_{2,1} - v_{3,1}");
    expect(text).toContain("\\text{ for all } i \\text{ and all } k \\ne y_i");
    expect(text).toContain("y_{1} = 2$, where $y$ is the class");
  });

  it("has an activation in each layer", () => {
    const activation = ["relu", "linear", { "leaky-relu": "1/3" }];
    const network = { kind: "fully-connected", widths: [1, 1, 1, 1, 1], activation };
    const text = written(network, [{ x: [1], y: 1 }], [1, 1, 1, 1]);
    expect(text).toContain("with the activations ReLU, linear and leaky ReLU in its hidden layers");
    expect(text).toContain(
      "v^{\\top} \\sigma_{3}\\!\\left(W^{(3)} W^{(2)} \\sigma_{1}\\!\\left(W^{(1)} x\\right)\\right)",
    );
    expect(text).toContain("$\\sigma_{1}(z) = \\max(z, 0)$ and $\\sigma_{3}(z) = \\max(z, \\tfrac{1}{3} z)$");
  });
});
