/** Files are untrusted: nothing in them leaves its place on a terminal, in a file's name, or in what is exported. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NAMES, WEIGHTS, WORDS } from "../hostile.js";

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const FC_RELU = readFileSync(new URL("../../certificates/fc-relu.json", import.meta.url), "utf8");
const folder = mkdtempSync(join(tmpdir(), "margincert-hostile-"));

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { cwd: folder, encoding: "utf8" });
  for (const text of [stdout, stderr]) expect(text).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\u2028\u2029]/u);
  return { status, stdout, stderr };
}

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function certificate(changes: object): string {
  const content = JSON.parse(FC_RELU);
  return JSON.stringify({ ...content, problem: { ...content.problem, ...changes } });
}

describe("a terminal", () => {
  const STEERING = "\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e";

  it("is not steered by the name of a file", () => {
    for (const command of ["verify", "check", "flow"]) {
      expect(run(command, file(`${STEERING}.json`, "nonsense"))).toMatchObject({ status: 2 });
      expect(run(command, join(folder, `absent${STEERING}`))).toMatchObject({ status: 2 });
    }
    run("export", "--to", "latex", file(`${STEERING}.json`, FC_RELU.replace('"multiplier": "2"', '"multiplier": "3"')));
    run("verify", file(`${STEERING}.json`, FC_RELU));
    const [outcome] = JSON.parse(run("verify", "--json", file(`${STEERING}.json`, FC_RELU)).stdout);
    expect(outcome.file).toBe(join(folder, `${STEERING}.json`));
  });

  it.each([
    ["text that is not JSON", STEERING],
    ["a key", JSON.stringify({ [STEERING]: 1 })],
    ["a key of a certificate", certificate({ [STEERING]: 1 })],
    ["a format", JSON.stringify({ format: STEERING })],
    ["a name", certificate({ name: STEERING })],
    ["a title", certificate({ title: STEERING })],
    ["a number", certificate({ data: [{ x: [STEERING, "1"], y: 1 }] })],
    ["a kind", certificate({ network: { kind: STEERING } })],
    ["a kind of statement", JSON.stringify({ ...JSON.parse(FC_RELU), statements: [{ kind: STEERING }] })],
    ["a weight", certificate({ network: { kind: "layers", activation: "relu", layers: [[[STEERING]]] } })],
  ])("is not steered by %s", (_, content) => {
    const path = file("steering.json", content);
    for (const args of [["verify"], ["verify", "--json"], ["check"], ["export", "--to", "coq"]])
      expect(run(...args, path).status, args.join(" ")).not.toBe(0);
  });
});

it("a reader who stops reading gets no stack trace", () => {
  const path = file("long.json", FC_RELU);
  const line = `"${process.execPath}" "${MAIN}" verify ${Array(400).fill(`"${path}"`).join(" ")} | head -n 1`;
  const { stdout, stderr } = spawnSync("sh", ["-c", line], { encoding: "utf8" });
  expect(stdout).toContain("long.json: problem fc-relu");
  expect(stderr).toBe("");
});

describe("a name", () => {
  it("that could leave its place is refused, and nothing is written", () => {
    const problem = JSON.parse(
      readFileSync(new URL("../../src/paper/instances/fc-relu.json", import.meta.url), "utf8"),
    );
    const out = join(folder, "out");
    const problems = NAMES.map((name, k) => file(`p${k}.json`, JSON.stringify({ ...problem, name })));
    const refused = run("check", ...problems, "--out", out)
      .stderr.trimEnd()
      .split("\n");
    expect(refused.map((line) => /json: name: a name has/.test(line))).toEqual(NAMES.map(() => true));
    const paths = NAMES.map((name, k) => file(`named${k}.json`, certificate({ name })));
    for (const form of ["latex", "markdown", "coq"])
      expect(run("export", "--to", form, ...paths, "--out", out).stderr.match(/REJECTED by format/g)).toHaveLength(
        NAMES.length,
      );
    expect(existsSync(out)).toBe(false);
  });

  it("that gives another's file is refused", () => {
    const [a, b] = [file("a.json", certificate({ name: "a b" })), file("b.json", certificate({ name: "a_b" }))];
    const out = join(folder, "twice");
    const { status, stderr } = run("export", "--to", "coq", a, b, "--out", out);
    expect(status).toBe(2);
    expect(stderr).toMatch(/b\.json: problem\.name: .*a_b\.v has been written from .*a\.json already/);
    expect(readdirSync(out)).toEqual(["a_b.v"]);
  });
});

it("weights whose names could leave their place are refused", () => {
  const paths = WEIGHTS.map((name, k) => {
    const network = { kind: "layers", activation: "relu", layers: [[[name]]] };
    return file(`weight${k}.json`, certificate({ network }));
  });
  expect(run("verify", ...paths).stdout.match(/REJECTED by format/g)).toHaveLength(WEIGHTS.length);
});

describe("hostile words", () => {
  const paths = WORDS.map((words, k) =>
    file(`words${k}.json`, certificate({ name: `w${k}`, title: words, claim: words })),
  );
  const exported = (form: string) => {
    const out = mkdtempSync(join(folder, "words-"));
    expect(run("export", "--to", form, ...paths, "--out", out)).toMatchObject({ status: 0 });
    return readdirSync(out).map((name) => readFileSync(join(out, name), "utf8"));
  };

  it("are verified like others", () => {
    expect(run("verify", ...paths)).toMatchObject({ status: 0 });
  });

  it("are no Markdown", () => {
    const texts = exported("markdown");
    expect(texts).toHaveLength(WORDS.length);
    for (const text of texts) {
      const line = text.split("\n").find((one) => one.startsWith("Its author calls"))!;
      expect(line.replace(/\\[\\`*_{}[\]<>#|~&$@/.]/g, "·")).not.toMatch(/[`*_[\]<>|~$\\]|:\/|www\./);
    }
  });

  it("are not in Coq's text, and its comments are closed", () => {
    for (const text of exported("coq")) {
      expect(text).not.toContain("Axiom");
      expect(text.split("(*").length).toBe(text.split("*)").length);
    }
  });
});
