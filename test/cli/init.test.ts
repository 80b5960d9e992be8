/** The files that `init` prints are decided, and PROBLEM.md shows them as they are. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TEMPLATES } from "../../src/cli/init.js";

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const PROBLEM = readFileSync(new URL("../../PROBLEM.md", import.meta.url), "utf8");
const folder = mkdtempSync(join(tmpdir(), "margincert-init-"));

function run(args: readonly string[], input = "") {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: folder,
    encoding: "utf8",
    input,
  });
  return { status, stdout, stderr };
}

describe("init", () => {
  it("lists the kinds, and names them where another is asked for", () => {
    expect(run(["init", "--list"]).stdout.trim().split("\n")).toEqual(Object.keys(TEMPLATES));
    for (const kind of [["dense"], []])
      expect(run(["init", ...kind])).toMatchObject({ status: 2, stderr: expect.stringContaining("fully-connected") });
  });

  it.each(Object.keys(TEMPLATES))("%s: a file that is decided, and stands in PROBLEM.md", (kind) => {
    const { stdout } = run(["init", kind]);
    expect(PROBLEM).toContain(`\`\`\`json\n${stdout}\`\`\``);
    const checked = run(["check", "-", "--json"], `\ufeff${stdout}`);
    expect(checked.stderr).toBe("");
    expect(checked.status).toBe(0);
    expect(JSON.parse(checked.stdout)[0]).toMatchObject({ feasible: true, undecided: [] });
  });
});
