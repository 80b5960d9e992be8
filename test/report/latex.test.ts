import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseInstance } from "../../src/problem/problem.js";
import { certify } from "../../src/prover/certify.js";
import { fragmentLatex, proofLatex } from "../../src/report/proof/latex.js";
import { WORDS } from "../hostile.js";
import { describeWith, onPath } from "../tools.js";
import { accepted, acceptedFile, files } from "./documents.js";

const needs = "pdflatex (apt-get install texlive-latex-base texlive-latex-recommended)";
describeWith(onPath("pdflatex"), needs, "the proofs as LaTeX", (pdflatex) => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "margincert-latex-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** The log of a run that must succeed. */
  function compiled(name: string, text: string): string {
    writeFileSync(join(folder, `${name}.tex`), text);
    // In draft mode all is typeset, and no PDF is written.
    const options = ["-draftmode", "-interaction=nonstopmode", "-halt-on-error"];
    const { status, stdout } = spawnSync(pdflatex, [...options, `${name}.tex`], { cwd: folder, encoding: "latin1" });
    expect(status, stdout.slice(-2000)).toBe(0);
    return stdout;
  }

  it("compile as one article, with no line too long", () => {
    const log = compiled("paper", readFileSync(new URL("../../proofs/paper.tex", import.meta.url), "utf8"));
    expect(log).not.toMatch(/Overfull/);
    expect(log.match(/LaTeX Warning: .*/g) ?? []).toEqual([]);
  });

  /** How far lines stick out, in points. */
  const overfull = (log: string) =>
    [...log.matchAll(/Overfull \\hbox \((\d+\.?\d*)pt/g)].map((match) => Number(match[1]));

  // In few runs, since most of one is its start: the log says before each proof whose it is.
  const SHARES = 4;
  it.each(Array.from({ length: SHARES }, (_, k) => k))("have no line over 10 pt too long, share %d", (share) => {
    const own = files.filter((_, k) => k % SHARES === share);
    const [first, ...others] = own.map((file) => proofLatex(acceptedFile(file).document));
    const [preamble] = first!.split("\\begin{document}");
    const bodies = [first!, ...others].map((text, k) => {
      const [before, rest] = text.split("\\begin{document}");
      expect(before).toBe(preamble);
      return `\\typeout{}\\typeout{PROOF ${k}}${rest!.replace("\\end{document}", "")}`;
    });
    const log = compiled("all", [preamble, "\\begin{document}", ...bodies, "\\end{document}\n"].join("\n"));
    const parts = log.split(/^PROOF (?=\d+$)/m).slice(1);
    expect(parts).toHaveLength(own.length);
    const tooLong = own.filter((_, k) => overfull(parts[k]!).some((points) => points >= 10));
    expect(tooLong).toEqual([]);
  });

  it("compile one by one", () => {
    for (const file of files.slice(0, 3)) compiled("one", proofLatex(acceptedFile(file).document));
  });

  describe("as fragments", () => {
    const wanted = ["convolutional-relu", "fc-relu", "relu-nonzero-inputs", "diagonal-deep-relu"];
    const shown = wanted.map((name) => `../../certificates/${name}.json`);
    const written = () => {
      for (const [k, file] of shown.entries()) {
        const names = { environment: k % 2 === 0 ? "lemma" : "theorem", label: `own:${k}` };
        writeFileSync(join(folder, `f${k}.tex`), fragmentLatex(acceptedFile(file).document, "source", names));
      }
      return shown.map((_, k) => `\\section{Appendix ${k}}\\input{f${k}.tex} See \\ref{own:${k}-1}.`).join("\n");
    };
    const needs = "\\usepackage{amsmath,amssymb,amsthm,array}";

    it.each([
      ["an article", `\\documentclass{article}${needs}\\newtheorem{lemma}{Lemma}\\newtheorem{theorem}{Theorem}`],
      [
        "a conference's style with two styles of theorem",
        `\\documentclass{article}\\usepackage[textwidth=5.5in,textheight=9in]{geometry}${needs}
\\theoremstyle{plain}\\newtheorem{theorem}{Theorem}[section]\\theoremstyle{remark}\\newtheorem{lemma}[theorem]{Lemma}`,
      ],
    ])("compile inside %s", (_, preamble) => {
      const text = `${preamble}\n\\begin{document}\n${written()}\n\\end{document}\n`;
      compiled("host", text);
      const log = compiled("host", text);
      for (const points of overfull(log)) expect(points).toBeLessThan(10);
      expect(log.match(/LaTeX Warning: .*/g) ?? []).toEqual([]);
    });
  });

  it.each([
    [
      "convolution",
      { kind: "convolutional", input: 4, filter: 2, stride: 2, activation: "relu" },
      [["2", "1/sqrt(3)", "-2", "1/sqrt(3)"]],
      ["0", "sqrt(2)*root(3/8,4)", "root(3/8,4)", "root(3/8,4)"],
    ],
    [
      "diagonal",
      { kind: "diagonal", width: 2, depth: 2, activation: "relu" },
      [
        ["2", "1"],
        ["1", "3"],
      ],
      ["sqrt(2/5)", "sqrt(1/5)", "sqrt(2/5)", "sqrt(1/5)"],
    ],
  ])("of several radicals have no line over 10 pt too long: %s", (name, network, inputs, point) => {
    const data = inputs.map((x) => ({ x, y: 1 }));
    const problem = { format: "margincert/problem/1", name, network, data, point };
    const { text } = certify(parseInstance(JSON.stringify(problem)));
    const { document } = accepted(JSON.parse(text));
    const latex = proofLatex(document);
    expect(latex).not.toContain("is the root of");
    for (const points of overfull(compiled("radicals", latex))) expect(points).toBeLessThan(10);
  });

  it("compile whatever title and claim are, and do nothing that these ask for", () => {
    writeFileSync(join(folder, "secret.tex"), "\\immediate\\write18{touch pwned}");
    for (const words of WORDS) {
      const certificate = JSON.parse(readFileSync(new URL("../../certificates/fc-relu.json", import.meta.url), "utf8"));
      Object.assign(certificate.problem, { title: words, claim: words });
      const log = compiled("hostile", proofLatex(accepted(certificate).document));
      expect(log.replaceAll("\n", "")).not.toMatch(/\.\/secret|runsystem/);
    }
    expect(readdirSync(folder)).not.toContain("pwned");
  });

  it("compile whatever the problem is called", () => {
    const { document } = acceptedFile("../../certificates/fc-relu.json");
    compiled("named", proofLatex({ ...document, title: "50 % of x_1 & {Ü, ł, ß} ~ #^\\ 二 ħ ð ½ ° `a_b^c` ~^" }));
  });
});
