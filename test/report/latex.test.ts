import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { proofLatex } from "../../src/report/proof/latex.js";
import { describeWith, onPath } from "../tools.js";
import { acceptedFile, files } from "./documents.js";

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
    const { status, stdout } = spawnSync(pdflatex, ["-interaction=nonstopmode", "-halt-on-error", `${name}.tex`], {
      cwd: folder,
      encoding: "latin1",
    });
    expect(status, stdout.slice(-2000)).toBe(0);
    return stdout;
  }

  it("compile as one article, with no line too long", () => {
    const log = compiled("paper", readFileSync(new URL("../../proofs/paper.tex", import.meta.url), "utf8"));
    expect(log).not.toMatch(/Overfull/);
    expect(log.match(/LaTeX Warning: .*/g) ?? []).toEqual([]);
  });

  it.each(files)("compile one by one: %s", (file) => {
    compiled("one", proofLatex(acceptedFile(file).document));
  });

  it("compile whatever the problem is called", () => {
    const { document } = acceptedFile("../../certificates/fc-relu.json");
    compiled("named", proofLatex({ ...document, title: "50 % of x_1 & {Ü, ł, ß} ~ #^\\ 二 ħ ð ½ ° `a_b^c` ~^" }));
  });
});
