import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { afterAll, expect, it, vi } from "vitest";
import { register } from "../../src/cli/flow.js";

const folder = mkdtempSync(join(tmpdir(), "flow-"));
afterAll(() => rmSync(folder, { recursive: true }));

const instance = (name: string) => fileURLToPath(new URL(`../../src/paper/instances/${name}.json`, import.meta.url));

function file(name: string, content: object): string {
  const path = join(folder, name);
  const network = { kind: "layers", activation: "linear", layers: [[["a"]]] };
  writeFileSync(path, JSON.stringify({ format: "margincert/problem/1", name: "cli", network, ...content }));
  return path;
}

async function flow(...args: string[]) {
  const output = { out: "", err: "" };
  const out = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    output.out += text;
    return true;
  });
  const err = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    output.err += text;
    return true;
  });
  const before = process.exitCode;
  try {
    const program = new Command().exitOverride();
    register(program.command("flow <file...>"));
    await program.parseAsync(["flow", ...args], { from: "user" });
    return { ...output, code: process.exitCode };
  } finally {
    process.exitCode = before;
    out.mockRestore();
    err.mockRestore();
  }
}

it("confirms a point, and leaves evidence and a picture", { timeout: 60_000 }, async () => {
  const { out, err, code } = await flow(instance("diagonal-depth2-relu"), "--json", "--out", folder);
  expect([err, code]).toEqual(["", 0]);
  expect(JSON.parse(out)).toMatchObject([{ name: "diagonal-depth2-relu", verdict: "confirmed", events: [] }]);
  expect(readdirSync(folder)).toEqual(["diagonal-depth2-relu.flow.json", "diagonal-depth2-relu.flow.svg"]);
});

it("ends with 3 and says why where the loss does not go to zero", async () => {
  const data = [
    { x: ["1"], y: 1 },
    { x: ["1"], y: -1 },
  ];
  const path = file("stuck", { data, flow: { start: ["1"] } });
  const { out, err, code } = await flow(path);
  expect(out).toMatch(/^cli, exponential loss: not-confirmed\n/);
  expect(err.startsWith(`${path}: flow: the gradient vanishes; the loss is 2 and does not go to zero, with no`)).toBe(
    true,
  );
  expect(code).toBe(3);
});

it.each([
  ["flow", { data: [{ x: ["1"], y: 1 }] }],
  ["flow.start", { data: [{ x: ["1"], y: 1 }], flow: { start: ["1", "2"] } }],
  ["data[0].x", { data: [{ x: [], y: 1 }] }],
])("ends with 2 and one line at %s", async (where, content) => {
  const path = file("bad", content);
  const { out, err, code } = await flow(path, "--json");
  expect(out).toBe("[]\n");
  expect(err.startsWith(`${path}: ${where}: `)).toBe(true);
  expect(err.trimEnd()).not.toContain("\n");
  expect(code).toBe(2);
});

it.each([["--starts=0"], ["--starts=1.5"], ["--accuracy=0"], ["--loss=hinge"], ["--seed=-1"]])(
  "refuses %s",
  async (option) => {
    await expect(flow(instance("fc-relu"), option)).rejects.toThrow(/invalid/);
  },
);
