/** Families on the command line: what is printed, written, and refused. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const FAMILIES = new URL("../../src/paper/families/", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "margincert-family-"));

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { cwd: folder, encoding: "utf8" });
  return { status, stdout, stderr };
}

const DIAGONAL = {
  format: "margincert/problem/1",
  name: "diagonal",
  family: { parameter: "t", interval: ["0", "3"] },
  network: { kind: "diagonal", width: 2, depth: 2, activation: "linear" },
  data: [{ x: ["1", "t"], y: 1 }],
  point: ["1", "0", "1", "0"],
};

function file(name: string, changes: object = {}): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify({ ...DIAGONAL, ...changes }));
  return path;
}

describe("check", () => {
  it("prints the pieces, and writes a certificate for each, which verify accepts", () => {
    const { status, stdout, stderr } = run("check", file("d.json"), "--out", "certs");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^diagonal: global for 0 < t <= 1, not local for 1 < t < 3\n/);
    expect(readdirSync(join(folder, "certs")).sort()).toEqual([1, 2, 3].map((k) => `diagonal.${k}.json`));
    const verified = run("verify", "certs/diagonal.1.json", "certs/diagonal.3.json", "--problem", "d.json");
    expect(verified.status).toBe(0);
    expect(verified.stdout).toContain("For every t with 0 < t < 1 the point is a global optimum of the whole problem");
    expect(run("verify", "certs/diagonal.2.json", "--problem", "d.json", "--at", "t=1").status).toBe(0);
    expect(run("verify", "certs/diagonal.2.json", "--problem", "d.json", "--at", "t=2").status).toBe(1);
    file("other.json", { data: [{ x: ["1", "2*t"], y: 1 }] });
    expect(run("verify", "certs/diagonal.1.json", "--problem", "other.json").status).toBe(1);
    file("narrower.json", { family: { parameter: "t", interval: ["0", "1/2"] } });
    expect(run("verify", "certs/diagonal.1.json", "--problem", "narrower.json").status).toBe(1);
  });

  it("leaves no piece of an earlier run beside its own", () => {
    run("check", file("whole.json"), "--out", "again");
    const { stderr } = run(
      "check",
      file("part.json", { family: { parameter: "t", interval: ["0", "1"] } }),
      "--out",
      "again",
    );
    expect(readdirSync(join(folder, "again")).sort()).toEqual(["diagonal.1.json", "replaced"]);
    expect(readdirSync(join(folder, "again/replaced")).length).toBe(2);
    expect(stderr).toMatch(/diagonal\.3\.json: an earlier run had more pieces; its certificate is now again\/replaced/);
  });

  it("has the pieces in JSON, in order, a single value with equal ends", () => {
    const { status, stdout } = run("check", join(FAMILIES, "fc-relu-family.json"), "--json", "--out", "json");
    expect(status).toBe(0);
    const [{ name, family }] = JSON.parse(stdout);
    expect(name).toBe("fc-relu-family");
    const ends = family.map(({ from, to }: { from: string; to: string }) => [from, to]);
    expect(ends).toEqual([
      ["0", "3^(-1/4)"],
      ["3^(-1/4)", "3^(-1/4)"],
      ["3^(-1/4)", "2"],
    ]);
    expect(family[0]).toMatchObject({
      fromNumber: 0,
      toNumber: 3 ** -0.25,
      verdict: { kkt: "yes", local: "no", global: "no", undecided: [] },
      certificate: "json/fc-relu-family.1.json",
    });
    expect(family[1].verdict).toMatchObject({ local: "yes", global: "yes" });
  });

  it("says where a number is not defined", () => {
    const { status, stdout } = run("check", file("pole.json", { data: [{ x: ["1", "1/(t-2)"], y: 1 }] }), "--json");
    expect(status).toBe(0);
    const [{ family }] = JSON.parse(stdout);
    expect(family.find(({ from, to }: { from: string; to: string }) => from === "2" && to === "2").verdict).toBe(
      "undefined",
    );
  });
});

describe("what is refused, in one line with exit code 2", () => {
  it.each([
    [
      "a root of the parameter",
      { data: [{ x: ["1", "sqrt(t)"], y: 1 }] },
      /data\[0\]\.x\[1\]: a root of the parameter/,
    ],
    ["an unknown letter", { data: [{ x: ["1", "s"], y: 1 }] }, /data\[0\]\.x\[1\]: "s" is not a number/],
    ["division by zero", { data: [{ x: ["1", "1/(t-t)"], y: 1 }] }, /data\[0\]\.x\[1\]: division by zero/],
    [
      "a large power",
      { data: [{ x: ["1", "t^1000"], y: 1 }] },
      /data\[0\]\.x\[1\]: a power of the parameter is at most 64/,
    ],
    [
      "an empty interval",
      { family: { parameter: "t", interval: ["1", "1"] } },
      /family\.interval: the interval is empty/,
    ],
    [
      "a backward interval",
      { family: { parameter: "t", interval: ["2", "1"] } },
      /family\.interval: the interval is empty/,
    ],
    [
      "an irrational end",
      { family: { parameter: "t", interval: ["0", "sqrt(2)"] } },
      /family\.interval\[1\]: .* rational/,
    ],
    ["a word", { family: { parameter: "time", interval: ["0", "1"] } }, /family\.parameter: a parameter is one letter/],
    [
      "the letter e",
      { family: { parameter: "e", interval: ["0", "1"] } },
      /family\.parameter: a parameter is one letter/,
    ],
    ["no interval", { family: { parameter: "t" } }, /family\.interval: missing/],
    ["no point", { point: undefined }, /point: missing/],
  ])("%s", (_, changes, message) => {
    const { status, stdout, stderr } = run("check", file("bad.json", changes), "--out", "nothing");
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(existsSync(join(folder, "nothing"))).toBe(false);
  });
});

describe("one value", () => {
  it("is what flow runs at", () => {
    const path = file("flow.json", { flow: { start: ["1", "1/10", "1", "1/10"] } });
    const { status, stdout } = run("flow", path, "--at", "t = 1/2");
    expect(status).toBe(0);
    expect(stdout).toContain("confirmed");
  });

  it.each([
    ["none", [], /family: give the parameter a value: --at t=1\/2/],
    ["outside", ["--at", "t=3"], /outside the interval/],
    ["of another letter", ["--at", "s=1"], /the parameter of this family is t/],
    ["no number", ["--at", "t=x"], /is not a number/],
  ])("is refused where it is %s", (_, options, message) => {
    const { status, stderr } = run("flow", file("flow.json", { flow: { start: ["1", "1", "1", "1"] } }), ...options);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });

  it("may be a root, of which the numbers then lie in a field", () => {
    const { status, stdout } = run(
      "verify",
      "json/fc-relu-family.2.json",
      "--problem",
      join(FAMILIES, "fc-relu-family.json"),
      "--at",
      "s=3^(-1/4)",
    );
    expect(stdout).toContain("accepted  The point is a global optimum of the whole problem");
    expect(status).toBe(0);
  });

  it("gives identify its samples", () => {
    writeFileSync(
      join(folder, "w.json"),
      JSON.stringify([
        [
          [0.01, 2],
          [0, 0],
        ],
        [[2, 0]],
      ]),
    );
    const { status, stdout } = run(
      "identify",
      "w.json",
      "--data",
      join(FAMILIES, "fc-relu-family.json"),
      "--at",
      "s=1/2",
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(/local optimum {3}no/);
    expect(stdout).toContain("W1[1,2] = 2");
    expect(run("identify", "w.json", "--data", join(FAMILIES, "fc-relu-family.json"), "--at", "s=2^(1/4)").status).toBe(
      2,
    );
  });

  it("is not asked of a file without a parameter", () => {
    const { family: _, ...plain } = DIAGONAL;
    writeFileSync(
      join(folder, "plain.json"),
      JSON.stringify({ ...plain, data: [{ x: ["1", "1"], y: 1 }], flow: { start: ["1", "1", "1", "1"] } }),
    );
    const { status, stderr } = run("flow", "plain.json", "--at", "t=1");
    expect(status).toBe(2);
    expect(stderr).toMatch(/has no parameter/);
  });
});

describe("export", () => {
  it("writes a proof for every value, and refuses Coq", () => {
    run("check", file("d.json"), "--out", "certs");
    expect(run("export", "--to", "latex", "--out", "proofs", "certs/diagonal.3.json").status).toBe(0);
    const coq = run("export", "--to", "coq", "--out", "proofs", "certs/diagonal.3.json");
    expect(coq.status).toBe(2);
    expect(coq.stderr).toMatch(/no families yet/);
  });
});
