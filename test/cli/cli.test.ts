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
  return runWith({}, ...args);
}

function runWith(options: { input?: string; env?: NodeJS.ProcessEnv }, ...args: string[]) {
  const all = { cwd: folder, encoding: "utf8", ...options } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], all);
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
        attracts: null,
        fromStart: [],
        undecided: [],
        certificate: join(folder, "certs/example.json"),
      },
    ]);
  });

  describe("--attracts", () => {
    const out = () => join(folder, "certs");

    it("proves where the flow goes, if that is asked for", () => {
      const path = file("attracts.json", problem());
      expect(run("check", "--attracts", path, "--out", out()).stdout).toContain(
        "\n  flow converges  proved, from an open set\n",
      );
      expect(run("check", path, "--out", out()).stdout).not.toContain("flow converges");
    });

    it("says which hypothesis fails where it does not, and that this is undecided", () => {
      const twice = problem({
        name: "twice",
        network: { kind: "fully-connected", widths: [1, 1], activation: "linear" },
        data: [
          { x: ["1"], y: 1 },
          { x: ["1"], y: 1 },
        ],
        point: ["1"],
      });
      const { status, stdout } = run("check", "--attracts", file("twice.json", twice), "--out", out());
      expect(stdout).toMatch(/\n {2}undecided {7}convergence of the flow: .*(dependent|positive multipliers)/);
      expect(status).toBe(3);
    });

    it("is not for families", () => {
      const families = new URL("../../src/paper/families/", import.meta.url).pathname;
      const { status, stderr } = run("check", "--attracts", join(families, "fc-relu-family.json"), "--out", out());
      expect(stderr).toMatch(/family: --attracts proves the flow of one problem/);
      expect(status).toBe(2);
    });
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

describe("check, of networks as people have them", () => {
  const checked = (changes: object) => {
    const { name } = { name: "p", ...changes };
    const path = file(`${name}.json`, problem(changes));
    const { stdout } = run("check", path, "--json", "--out", join(folder, "certs"));
    return JSON.parse(stdout)[0];
  };

  it("decides for classes, and names the margins by both classes", () => {
    const network = { kind: "fully-connected", widths: [1, 2], activation: "relu" };
    const data = [{ x: ["1"], y: 2 }];
    const optimum = checked({ name: "classes", network, data, point: ["-1/2", "1/2"] });
    expect(optimum).toMatchObject({ kkt: "yes", local: "yes", global: "yes", undecided: [] });
    const { certificate } = checked({ name: "classes too", network, data, point: ["0", "1/2"] });
    expect(run("verify", certificate).stdout).toContain(
      "The point is not feasible: the margin of sample 1 against class 1 is below 1.",
    );
  });

  it("lists only layers that have a problem of their own", () => {
    const layers = [[["a"], ["b"]], [["one", "minus"]]];
    const network = { kind: "layers", activation: "relu", layers, frozen: { one: "1", minus: "-1" } };
    const pooled = checked({ name: "pooled", network, data: [{ x: ["1"], y: 1 }], point: ["1", "0"] });
    expect(pooled.layers.map(({ layer }: { layer: number }) => layer)).toEqual([1]);
    const tied = { kind: "layers", activation: "relu", layers: [[["a"]], [["a"]]] };
    expect(checked({ name: "tied", network: tied, data: [{ x: ["1"], y: 1 }], point: ["1"] }).layers).toEqual([]);
  });

  it("says of a network without a bound why it has none", () => {
    const layers = [[["a"], ["one"]], [["v", "one"]]];
    const network = { kind: "layers", activation: "relu", layers, frozen: { one: "1" } };
    const data = [
      { x: ["1"], y: 1 },
      { x: ["-2"], y: 1 },
    ];
    const { undecided } = checked({ name: "skip", network, data, point: ["-1", "1/2"] });
    expect(undecided).toContainEqual(expect.stringMatching(/^global optimum of layer 1: the bound asks /));
  });
});

describe("files and streams", () => {
  it("reads a problem from standard input", () => {
    const { status, stdout, stderr } = runWith({ input: problem({ name: "piped" }) }, "check", "-", "--json");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject([{ name: "piped", certificate: "certificates/piped.json" }]);
    expect(runWith({ input: "" }, "check", "-")).toMatchObject({ status: 2, stderr: "-: is empty\n" });
  });

  it("says which command takes a file of another sort", () => {
    const source = file("sort.json", problem({ name: "sort" }));
    run("check", source, "--out", join(folder, "sorts"));
    const certificate = join(folder, "sorts/sort.json");
    const isCertificate = `${certificate}: this is a certificate; \`margincert verify\` takes it\n`;
    const isProblem = `${source}: this is a problem file; \`margincert check\` takes it\n`;
    for (const command of ["check", "flow"])
      expect(run(command, certificate)).toMatchObject({ status: 2, stderr: isCertificate });
    expect(run("verify", source)).toMatchObject({ status: 2, stdout: "", stderr: isProblem });
    expect(run("verify", certificate, "--problem", certificate)).toMatchObject({ status: 2, stderr: isCertificate });
    expect(run("export", "--to", "latex", source)).toMatchObject({ status: 2, stderr: isProblem });
  });

  it("says of each faulty place what is wrong with it", () => {
    const path = file("faulty.json", problem({ nmae: 1, point: ["0", 0.5, "0", "0", "2", "x"] }));
    const { status, stderr } = run("check", path);
    expect(status).toBe(2);
    expect(stderr.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/faulty\.json: nmae: unknown key; .* did you mean "name"\?$/),
      expect.stringMatching(/faulty\.json: point\[1\]: the JSON number 0\.5 would be a float/),
      expect.stringMatching(/faulty\.json: point\[5\]: "x" is not a number/),
    ]);
  });

  it("keeps a certificate of the same name that is about another problem, and says where", () => {
    const out = join(folder, "named");
    const check = (changes: object) =>
      run("check", file("named.json", problem({ name: "named", ...changes })), "--out", out);
    expect(check({}).stderr).toBe("");
    const first = readFileSync(join(out, "named.json"), "utf8");
    expect(check({ title: "in other words" }).stderr).toBe("");
    expect(existsSync(join(out, "replaced"))).toBe(false);
    const titled = readFileSync(join(out, "named.json"), "utf8");
    const [, away] = /its certificate is now (\S+)\n$/.exec(check({ point: ["0", "3", "0", "0", "3", "0"] }).stderr)!;
    expect(readFileSync(away!, "utf8")).toBe(titled);
    expect(titled).not.toBe(first);
    expect(run("verify", away!, join(out, "named.json"))).toMatchObject({ status: 0 });
  });

  it("writes no certificate over another file", () => {
    const path = file("over.json", problem({ name: "over" }));
    const { status, stderr } = run("check", path, "--out", folder);
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/would be written over .*--out/),
    });
    expect(readFileSync(path, "utf8")).toBe(problem({ name: "over" }));
  });

  it("reads UTF-16 with its mark, as PowerShell writes it", () => {
    const input = Buffer.from(`\ufeff${problem({ name: "wide" })}`, "utf16le");
    const { status, stdout } = spawnSync(process.execPath, [MAIN, "check", "-", "--json"], { cwd: folder, input });
    expect({ status, name: JSON.parse(stdout.toString())[0].name }).toEqual({ status: 0, name: "wide" });
  });

  it("loads what it needs", () => {
    const source = file("load.json", problem({ name: "load" }));
    run("check", source, "--out", join(folder, "load"));
    const packagesOf = (...args: string[]) => {
      const coverage = mkdtempSync(join(folder, "coverage-"));
      expect(runWith({ env: { ...process.env, NODE_V8_COVERAGE: coverage } }, ...args)).toMatchObject({ status: 0 });
      const loaded = readdirSync(coverage).flatMap(
        (one) => JSON.parse(readFileSync(join(coverage, one), "utf8")).result,
      );
      const packages = loaded.flatMap(({ url }: { url: string }) => /.*\/node_modules\/([^/]+)/.exec(url)?.[1] ?? []);
      return [...new Set(packages)].sort();
    };
    expect(packagesOf("--help")).toEqual(["commander"]);
    expect(packagesOf("verify", join(folder, "load/load.json"))).toEqual(["commander", "fraction.js"]);
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
      /: point\[0\]: roots are of positive numbers/,
    ],
    ["2^(10^9)", problem({ point: ["2^(10^9)", "2", "0", "0", "2", "0"] }), /: point\[0\]: an exponent is at most/],
    [
      "1e999999999",
      problem({ point: ["1e999999999", "2", "0", "0", "2", "0"] }),
      /: point\[0\]: the exponent of a decimal is at most 1000/,
    ],
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
    for (const line of stderr.trimEnd().split("\n")) expect(line.startsWith(`${path}: `)).toBe(true);
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
    run("check", path, "--out", join(folder, "v"));
    return { problem: path, certificate: join(folder, "v/v.json") };
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

  it("rejects a certificate that reaches over a value at which the problem asked for is not defined", () => {
    const family = { parameter: "s", interval: ["0", "1"] };
    const network = { kind: "fully-connected", widths: [1, 1], activation: "linear" };
    const own = (x: string) =>
      problem({ name: "r", family, network, data: [{ x: [x], y: 1 }], point: ["1"], flow: undefined });
    run("check", file("one.json", own("1")), "--out", join(folder, "out"));
    const source = file("cancels.json", own("(s - 1/2)/(s - 1/2)"));
    const { status, stdout } = run("verify", join(folder, "out/r.1.json"), "--problem", source);
    expect(status).toBe(1);
    expect(stdout).toMatch(/REJECTED {2}it is about another problem/);
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

  it("prints the same as JSON", () => {
    const { certificate } = certified();
    const { status, stdout } = run("verify", "--json", certificate);
    expect(status).toBe(0);
    const [outcome] = JSON.parse(stdout);
    expect(outcome).toMatchObject({ file: certificate, accepted: true, problem: "v", refused: null });
    expect(outcome.statements[0]).toEqual({
      accepted: true,
      about: "feasible",
      scope: "whole",
      answer: "yes",
      radius: null,
      text: "The point is feasible: every margin is at least 1.",
    });
    const text = readFileSync(certificate, "utf8").replace('"multiplier": "2"', '"multiplier": "3"');
    const [tampered] = JSON.parse(run("verify", "--json", file("tampered.json", text)).stdout);
    expect(tampered).toMatchObject({ accepted: false });
    expect(tampered.statements[1]).toMatchObject({ accepted: false, clause: "kkt.stationarity" });
  });

  describe("of a certificate from which statements are missing", () => {
    const without = (...kinds: readonly string[]) => {
      const content = JSON.parse(readFileSync(certified().certificate, "utf8"));
      const keeps = ({ kind, scope }: { kind: string; scope?: unknown }) =>
        !kinds.includes(kind) && (scope === undefined || scope === "whole");
      return file("fewer.json", JSON.stringify({ ...content, statements: content.statements.filter(keeps) }));
    };

    it("says what is not claimed", () => {
      const { status, stdout } = run("verify", without("not-local", "strict-local", "bound"));
      expect(status).toBe(0);
      expect(stdout).toMatch(/^ {2}KKT point {7}yes\n {2}local optimum {3}no statement\n/m);
      expect(stdout).toMatch(/^ {2}not claimed {5}global optimum: no statement$/m);
      expect(stdout).toMatch(/^ {2}not claimed {5}local optimum of layer 2: no statement$/m);
    });

    it("does not take a point for feasible, or for infeasible, of which nothing says so", () => {
      const content = JSON.parse(readFileSync(certified().certificate, "utf8"));
      const better = { kind: "not-global", scope: "whole", better: ["0", "2", "0", "0", "2", "0"] };
      const problem = { ...content.problem, point: ["0", "3", "0", "0", "3", "0"] };
      const path = file("better.json", JSON.stringify({ ...content, problem, statements: [better] }));
      const [outcome] = JSON.parse(run("verify", "--json", path).stdout);
      expect(outcome.verdict).toMatchObject({ feasible: null, kkt: "undecided", global: "no" });
      expect(outcome.verdict.undecided).toContain("feasible: no statement");
      expect(run("verify", path).stdout).toMatch(/^ {2}feasible {8}no statement$/m);
    });

    it("says so in JSON, and gives no verdict where something is rejected", () => {
      const [outcome] = JSON.parse(run("verify", "--json", without("not-local")).stdout);
      expect(outcome.verdict).toMatchObject({ name: "v", kkt: "yes", local: "undecided", global: "undecided" });
      const text = readFileSync(certified().certificate, "utf8").replace('"multiplier": "2"', '"multiplier": "3"');
      const tampered = file("tampered.json", text);
      expect(JSON.parse(run("verify", "--json", tampered).stdout)[0].verdict).toBeNull();
      expect(run("verify", tampered).stdout).toMatch(/no verdict, as not all is accepted/);
    });
  });

  it("refuses certificates of the first format, and says what to do", () => {
    const old = file("old.json", JSON.stringify({ format: "margincert/certificate/1", problem: {}, statements: [] }));
    const { status, stdout } = run("verify", old);
    expect(status).toBe(1);
    expect(stdout).toMatch(/REJECTED by format: .*run `margincert check` on the problem again/);
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
    const estimate = form === "coq" ? expect.stringMatching(/^\S+fc_relu\.v: about \d s of Coq, by .*\n$/) : "";
    expect(result).toEqual({ status: 0, stdout: `${join(out, name)}\n`, stderr: estimate });
    expect(readFileSync(join(out, name), "utf8")).toMatch(content);
  });

  it("writes fragments of LaTeX with names of one's own, of the claims that are asked for", () => {
    const out = join(folder, "fragments");
    const options = ["--fragment", "--env", "lemma", "--label", "lem:ours", "--claims", "not-local,kkt", "--out", out];
    const result = run("export", "--to", "latex", committed("fc-relu"), ...options);
    expect(result).toEqual({ status: 0, stdout: `${join(out, "fc-relu.fragment.tex")}\n`, stderr: "" });
    const text = readFileSync(join(out, "fc-relu.fragment.tex"), "utf8");
    expect(text).toMatch(
      /^% fc-relu, sha256 [0-9a-f]{16}\..*\n% Needs \\usepackage\{amsmath,amssymb,amsthm\}.*"lemma"/,
    );
    expect(text.match(/\\begin\{lemma\}\\label\{lem:ours-[12]\}/g)).toHaveLength(2);
    expect(text).not.toMatch(/\\documentclass|\\section|\\begin\{document\}/);
  });

  it.each([
    [["--claims", "strict"], /--claims: nothing accepted is called strict; there are feasible, kkt/],
    [["--fragment", "--env", "lemma}\\input{x}"], /letters, digits and hyphens only/],
    [["--fragment", "--label", "x}\\input{x"], /letters, digits and hyphens only/],
  ])("refuses %j", (options, message) => {
    const out = join(folder, "refused");
    const { status, stderr } = run("export", "--to", "latex", committed("fc-relu"), "--out", out, ...options);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(existsSync(out)).toBe(false);
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

  it("shows title and claim in the author's words, and nothing of them as HTML", () => {
    const own = JSON.parse(fcRelu());
    own.problem.title = `A <b>"title"</b> & 'more'`;
    own.problem.claim = "</script><script>alert(1)</script>";
    const path = folderOf("titled", { "own.json": JSON.stringify(own) });
    const page = join(folder, "titled-page");
    const heading = "Mine <i>& yours</i>";
    expect(run("report", "--certificates", path, "--out", page, "--title", heading)).toMatchObject({ status: 0 });
    const html = readFileSync(join(page, "index.html"), "utf8");
    expect(html).toContain("<h1>Mine &#60;i&#62;&#38; yours&#60;/i&#62;</h1>");
    expect(html).toContain(`A &#60;b&#62;&#34;title&#34;&#60;/b&#62; &#38; &#39;more&#39;`);
    expect(html).toContain("The author’s claim: &#60;/script&#62;");
    expect(html).not.toMatch(/<b>|<i>|<script>alert/);
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
    const pieces = readdirSync(join(committed, "families"));
    for (const piece of pieces)
      expect(readFileSync(join(out, "certificates/families", piece), "utf8"), piece).toBe(
        readFileSync(join(committed, "families", piece), "utf8"),
      );
    expect(readdirSync(join(out, "certificates/families"))).toEqual(pieces);
    expect(stdout).toMatch(/fc-relu-family +0 < s < 2 +0 < s < 3\^\(-1\/4\) /);
    expect(written).toHaveLength(2 * readdirSync(INSTANCES).length + 1 + pieces.length);
    for (const path of written) {
      expect(readFileSync(join(out, "proofs", path), "utf8"), path).toBe(readFileSync(join(proofs, path), "utf8"));
    }
  }, 180_000);
});
