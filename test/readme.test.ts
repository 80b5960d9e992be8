/** The README's examples are run: what it shows is what happens. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = new URL("../", import.meta.url).pathname;
const README = readFileSync(join(ROOT, "README.md"), "utf8");

describe("README", () => {
  const sessions = [...README.matchAll(/```console\n\$ npx margincert (.*)\n([\s\S]*?)```/g)].map(
    (match) => [match[1]!, match[2]!] as const,
  );

  it("has a worked example with its output", () => {
    expect(sessions.length).toBeGreaterThanOrEqual(2);
  });

  it.each(sessions)("margincert %s", (command, output) => {
    // In a folder of its own, so that nothing committed is written over.
    const folder = mkdtempSync(join(tmpdir(), "margincert-readme-"));
    symlinkSync(join(ROOT, "src"), join(folder, "src"));
    const run = (line: string) =>
      spawnSync(process.execPath, [join(ROOT, "dist/cli/main.js"), ...line.split(" ")], {
        cwd: folder,
        encoding: "utf8",
      });
    if (command.startsWith("verify")) run("check --attracts src/paper/instances/fc-relu.json");
    expect(run(command).stdout).toBe(output);
  });

  const shown = [...README.matchAll(/```json\n([\s\S]*?)```/g)].map((match) => JSON.parse(match[1]!));

  it("shows problems that are decided", () => {
    const problems = shown.filter(({ format }) => format === "margincert/problem/1");
    expect(problems.map(({ name }) => name)).toEqual(["fc-relu", "pooled", "fc-relu-family"]);
    const folder = mkdtempSync(join(tmpdir(), "margincert-readme-"));
    for (const [k, problem] of problems.entries()) writeFileSync(join(folder, `${k}.json`), JSON.stringify(problem));
    const files = problems.map((_, k) => `${k}.json`);
    const options = { cwd: folder, encoding: "utf8" } as const;
    const run = spawnSync(process.execPath, [join(ROOT, "dist/cli/main.js"), "check", "--json", ...files], options);
    expect(run.status).toBe(0);
    expect(JSON.parse(run.stdout)[1]).toMatchObject({ name: "pooled", kkt: "yes", global: "yes" });
  });

  it("shows the curve of the certificate", () => {
    const certificate = JSON.parse(readFileSync(join(ROOT, "certificates/fc-relu.json"), "utf8"));
    expect(certificate.statements).toContainEqual(shown.find(({ kind }) => kind === "not-local"));
  });

  it("shows a program that type-checks and does what it says", () => {
    const [, program] = /```ts\n([\s\S]*?)```/.exec(README)!;
    const folder = mkdtempSync(join(tmpdir(), "margincert-readme-"));
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(ROOT, join(folder, "node_modules/margincert"));
    symlinkSync(join(ROOT, "node_modules/@types"), join(folder, "node_modules/@types"));
    copyFileSync(join(ROOT, "src/paper/instances/fc-relu.json"), join(folder, "fc-relu.json"));
    writeFileSync(join(folder, "program.mts"), program!);
    const options = ["--module", "nodenext", "--target", "es2023", "--strict", "--types", "node", "--skipLibCheck"];
    const compiler = join(ROOT, "node_modules/.bin/tsc");
    const compiled = spawnSync(compiler, [...options, "program.mts"], { cwd: folder, encoding: "utf8" });
    expect(compiled.stdout).toBe("");
    const ran = spawnSync(process.execPath, ["program.mjs"], { cwd: folder, encoding: "utf8" });
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toMatch(/^no 0\n\[\n {2}'The point is feasible/);
  });

  it("links to nothing that the package lacks", () => {
    const packed = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: ROOT,
      encoding: "utf8",
    });
    const files: string[] = JSON.parse(packed.stdout)[0].files.map((one: { path: string }) => one.path);
    const links = [...README.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1]!);
    expect(links.length).toBeGreaterThan(8);
    for (const link of [...links, "CHANGELOG.md"])
      expect(
        files.some((path) => path === link || path.startsWith(`${link}/`)),
        link,
      ).toBe(true);
  });
});
