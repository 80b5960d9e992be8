import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const INSTANCES = new URL("../../src/paper/instances/", import.meta.url).pathname;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "margincert-"));
});

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { cwd: folder, encoding: "utf8" });
  return { status, stdout, stderr };
}

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const FC_RELU = {
  format: "margincert/problem/1",
  name: "example",
  network: { kind: "fully-connected", widths: [2, 2, 1], activation: "relu" },
  data: [
    { x: ["1", "1/4"], y: 1 },
    { x: ["-1", "1/4"], y: 1 },
  ],
  point: ["0", "2", "0", "0", "2", "0"],
};
const problem = (changes: object = {}) => JSON.stringify({ ...FC_RELU, ...changes });

describe("check", () => {
  it("prints the verdict of the interface as JSON, and nothing else", () => {
    const { status, stdout, stderr } = run(
      "check",
      file("p.json", problem()),
      "--json",
      "--out",
      join(folder, "certs"),
    );
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual([
      {
        name: "example",
        feasible: true,
        kkt: "yes",
        local: "no",
        strict: null,
        radius: null,
        global: "no",
        layers: [
          { layer: 1, local: "yes", strict: true, global: "yes" },
          { layer: 2, local: "yes", strict: true, global: "yes" },
        ],
        undecided: [],
        certificate: join(folder, "certs/example.json"),
      },
    ]);
  });

  it("says no to everything at an infeasible point, with a certificate", () => {
    const path = file("infeasible.json", problem({ name: "infeasible", point: ["0", "1", "0", "0", "1", "0"] }));
    const [verdict] = JSON.parse(run("check", path, "--json", "--out", join(folder, "certs")).stdout);
    expect(verdict).toMatchObject({ feasible: false, kkt: "no", local: "no", global: "no", layers: [], undecided: [] });
    expect(run("verify", verdict.certificate)).toMatchObject({ status: 0 });
  });

  it("goes on after a bad file, and says so in its exit code", () => {
    const good = file("good.json", problem({ name: "good" }));
    const { status, stdout, stderr } = run(
      "check",
      join(folder, "absent.json"),
      good,
      "--json",
      "--out",
      join(folder, "certs"),
    );
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toHaveLength(1);
    expect(stderr).toBe(`${join(folder, "absent.json")}: no such file\n`);
  });

  it("refuses two problems of one name", () => {
    const [a, b] = [file("a.json", problem({ name: "same" })), file("b.json", problem({ name: "same" }))];
    expect(run("check", a, b, "--out", join(folder, "certs"))).toMatchObject({ status: 2 });
  });
});

describe("bad input ends with exit code 2 and one line that names the place", () => {
  const cases: [string, string, RegExp][] = [
    ["not JSON", "{", /not JSON/],
    ["an empty file", "", /is empty/],
    ["an unknown key", problem({ extra: 1 }), /: extra: unknown key/],
    ["a wrong length", problem({ point: ["0"] }), /: point: expected 6 entries, found 1/],
    [
      "a sample of the wrong length",
      problem({ data: [{ x: ["1"], y: 1 }] }),
      /: data\[0\]\.x: expected 2 entries, found 1/,
    ],
    [
      "a label that is not ±1",
      problem({ data: [{ x: ["1", "1"], y: 0 }] }),
      /: data\[0\]\.y: expected 1 or -1, found 0/,
    ],
    ["a float", problem().replace('"2"', "0.5"), /: point\[1\]: the JSON number 0\.5 would be a float/],
    ["1/0", problem({ point: ["1/0", "2", "0", "0", "2", "0"] }), /: point\[0\]: division by zero/],
    [
      "sqrt(-1)",
      problem({ point: ["sqrt(-1)", "2", "0", "0", "2", "0"] }),
      /: point\[0\]: roots are of positive rationals/,
    ],
    ["2^(10^9)", problem({ point: ["2^(10^9)", "2", "0", "0", "2", "0"] }), /: point\[0\]: an exponent is at most/],
    ["1e999999999", problem({ point: ["1e999999999", "2", "0", "0", "2", "0"] }), /: point\[0\]: .* is not a number/],
    [
      "20000 parentheses",
      problem({ point: ["(".repeat(20000), "2", "0", "0", "2", "0"] }),
      /: point\[0\]: a number of 20000 characters/,
    ],
    [
      "nested parentheses",
      problem({ point: ["(".repeat(1900) + ")".repeat(1900), "2", "0", "0", "2", "0"] }),
      /nested more than/,
    ],
    [
      "code in a number",
      problem({ point: ["process.exit(0)", "2", "0", "0", "2", "0"] }),
      /: point\[0\]: .* is not a number/,
    ],
    ["deep JSON", "[".repeat(100_000), /nested more than 64/],
    ["__proto__", '{"__proto__": {"format": "margincert/problem/1"}}', /: __proto__: unknown key/],
    ["no point", problem({ point: undefined }), /: point: missing/],
    [
      "a field of high degree",
      problem({ point: ["root(2,33)", "2", "0", "0", "2", "0"] }),
      /: point\[0\]: .*degree over 32/,
    ],
  ];
  it.each(cases)("%s", (_, content, message) => {
    const path = file("bad.json", content);
    const { status, stdout, stderr } = run("check", path, "--out", join(folder, "nothing"));
    expect(stderr).toMatch(message);
    expect(stderr.startsWith(`${path}: `)).toBe(true);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
    expect(status).toBe(2);
    expect(existsSync(join(folder, "nothing"))).toBe(false);
  });

  it("a directory", () => {
    expect(run("check", folder)).toMatchObject({ status: 2, stderr: `${folder}: is a directory, not a file\n` });
  });

  it("wrong usage", () => {
    expect(run("check")).toMatchObject({ status: 2 });
    expect(run("chekc")).toMatchObject({ status: 2 });
  });
});

describe("verify", () => {
  const certified = () => {
    const path = file("v.json", problem({ name: "v" }));
    run("check", path, "--out", folder);
    return { problem: path, certificate: join(folder, "v.json") };
  };

  it("accepts what check wrote, says what was verified, and of which problem", () => {
    const source = file("source.json", problem({ name: "w" }));
    run("check", source, "--out", join(folder, "out"));
    const certificate = join(folder, "out/w.json");
    const { status, stdout } = run("verify", certificate, "--problem", source);
    expect(status).toBe(0);
    expect(stdout).toMatch(/problem w, sha256 [0-9a-f]{16}/);
    expect(stdout).toMatch(/accepted {2}The point is not a local optimum of the whole problem/);
    expect(stdout).not.toMatch(/REJECTED/);
  });

  it("rejects a certificate about another problem than the one asked for", () => {
    const source = file("source.json", problem({ name: "w" }));
    run("check", source, "--out", join(folder, "out"));
    const other = file("other.json", problem({ name: "w", data: [FC_RELU.data[0], { x: ["-1", "1/2"], y: 1 }] }));
    const { status, stdout } = run("verify", join(folder, "out/w.json"), "--problem", other);
    expect(status).toBe(1);
    expect(stdout).toMatch(/REJECTED {2}it is about another problem/);
  });

  it("names the clause that a tampered certificate fails", () => {
    const { certificate } = certified();
    const text = readFileSync(certificate, "utf8").replace('"multiplier": "2"', '"multiplier": "3"');
    const { status, stdout } = run("verify", file("tampered.json", text));
    expect(status).toBe(1);
    expect(stdout).toMatch(/REJECTED {2}by kkt\.stationarity: statements\[1\]/);
  });

  it("cannot read what is not a file or not JSON", () => {
    expect(run("verify", join(folder, "absent.json"))).toMatchObject({ status: 2 });
    expect(run("verify", file("x.json", "nonsense"))).toMatchObject({ status: 2 });
  });
});

describe("export", () => {
  const committed = (name: string) => new URL(`../../certificates/${name}.json`, import.meta.url).pathname;
  const tampered = () =>
    file("tampered.json", readFileSync(committed("fc-relu"), "utf8").replace('"multiplier": "2"', '"multiplier": "3"'));

  it.each([
    ["markdown", "fc-relu.md", /^# fc-relu: a KKT point that is not a local optimum\n/],
    ["latex", "fc-relu.tex", /\\documentclass.*\\begin\{claim\}.*\\end\{document\}\n$/s],
    ["coq", "fc_relu.v", /Theorem fc_relu_not_local_optimum/],
  ])("writes %s, and prints where", (form, name, content) => {
    const out = join(folder, "exported");
    const result = run("export", "--to", form, committed("fc-relu"), "--out", out);
    expect(result).toEqual({ status: 0, stdout: `${join(out, name)}\n`, stderr: "" });
    expect(readFileSync(join(out, name), "utf8")).toMatch(content);
  });

  it("writes nothing for a certificate that the kernel rejects, and goes on with the others", () => {
    const out = join(folder, "exported-others");
    const result = run("export", "--to", "markdown", tampered(), committed("fc-linear-depth2"), "--out", out);
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(/tampered\.json: REJECTED by kkt\.stationarity: statements\[1\]/);
    expect(readdirSync(out)).toEqual(["fc-linear-depth2.md"]);
  });

  it("refuses bad input and unknown forms with exit code 2, and writes nothing", () => {
    const out = join(folder, "exported-nothing");
    expect(run("export", "--to", "latex", file("x.json", "nonsense"), "--out", out)).toMatchObject({ status: 2 });
    expect(run("export", "--to", "latex", join(folder, "absent.json"), "--out", out)).toMatchObject({ status: 2 });
    expect(run("export", "--to", "word", committed("fc-relu"), "--out", out)).toMatchObject({ status: 2 });
    expect(run("export", committed("fc-relu"), "--out", out)).toMatchObject({ status: 2 });
    expect(existsSync(out)).toBe(false);
  });
});

describe("report", () => {
  const certificates = new URL("../../certificates/", import.meta.url).pathname;
  const folderOf = (name: string, files: Record<string, string>) => {
    const path = join(folder, name);
    mkdirSync(path);
    for (const [one, content] of Object.entries(files)) writeFileSync(join(path, one), content);
    return path;
  };
  const fcRelu = () => readFileSync(join(certificates, "fc-relu.json"), "utf8");

  it("writes the page of the committed certificates with all that it links to", () => {
    const out = join(folder, "report");
    const { status, stdout, stderr } = run("report", "--certificates", certificates, "--out", out);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toBe(`${join(out, "index.html")}: ${readdirSync(INSTANCES).length} certificates\n`);
    const html = readFileSync(join(out, "index.html"), "utf8");
    expect(html).toContain("Vardi, Shamir and Srebro");
    const links = [...html.matchAll(/(?:href|src)="([^"#:]+)"/g)].map((match) => decodeURI(match[1]!));
    expect(links.length).toBeGreaterThan(4 * readdirSync(INSTANCES).length);
    expect(links.filter((link) => !existsSync(join(out, link)))).toEqual([]);
  });

  it("shows certificates of problems of one's own, whatever their names", () => {
    const own = JSON.parse(fcRelu());
    own.problem.name = "Übung 3. fc_relu";
    const path = folderOf("own", { "own.json": JSON.stringify(own) });
    expect(run("report", "--certificates", path, "--out", join(folder, "own-page"))).toMatchObject({ status: 0 });
    const html = readFileSync(join(folder, "own-page/index.html"), "utf8");
    expect(html).not.toContain("Vardi");
    const links = [...html.matchAll(/(?:href|src)="([^"#:]+)"/g)].map((match) => decodeURI(match[1]!));
    expect(links.filter((link) => !existsSync(join(folder, "own-page", link)))).toEqual([]);
  });

  it("writes nothing where a certificate is rejected or cannot be read, and says which", () => {
    const out = join(folder, "no-report");
    const tampered = fcRelu().replace('"multiplier": "2"', '"multiplier": "3"');
    const rejected = run(
      "report",
      "--certificates",
      folderOf("bad", { "a.json": fcRelu(), "b.json": tampered }),
      "--out",
      out,
    );
    expect(rejected.status).toBe(1);
    expect(rejected.stderr).toMatch(/b\.json: REJECTED by kkt\.stationarity/);
    expect(run("report", "--certificates", folderOf("worse", { "a.json": "{" }), "--out", out)).toMatchObject({
      status: 2,
    });
    const twice = folderOf("twice", { "a.json": fcRelu(), "b.json": fcRelu() });
    expect(run("report", "--certificates", twice, "--out", out)).toMatchObject({
      status: 2,
      stderr: `${join(twice, "b.json")}: problem.name: another certificate is about fc-relu too\n`,
    });
    expect(run("report", "--certificates", folderOf("none", {}), "--out", out)).toMatchObject({ status: 2 });
    expect(run("report", "--certificates", join(folder, "absent"), "--out", out)).toMatchObject({ status: 2 });
    expect(existsSync(out)).toBe(false);
  });
});

describe("paper", () => {
  it("verifies every claim, and writes the committed certificates and proofs byte for byte", () => {
    const out = join(folder, "paper");
    const { status, stdout } = run("paper", "--out", out);
    expect(status).toBe(0);
    expect(stdout).toMatch(/11 of 11 claims verified, 0 undecided, 0 contradicted/);
    const committed = new URL("../../certificates/", import.meta.url).pathname;
    for (const source of readdirSync(INSTANCES)) {
      expect(readFileSync(join(out, "certificates", source), "utf8")).toBe(
        readFileSync(join(committed, source), "utf8"),
      );
    }
    const proofs = new URL("../../proofs/", import.meta.url).pathname;
    const written = readdirSync(join(out, "proofs"), { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) => relative(join(out, "proofs"), join(one.parentPath, one.name)));
    expect(written).toHaveLength(2 * readdirSync(INSTANCES).length + 1);
    for (const path of written) {
      expect(readFileSync(join(out, "proofs", path), "utf8"), path).toBe(readFileSync(join(proofs, path), "utf8"));
    }
  }, 180_000);
});
