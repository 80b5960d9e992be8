/** What `check` and `flow` say beyond their verdict. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, describe, expect, it, vi } from "vitest";
import { register as registerCheck } from "../../src/cli/check.js";
import { register as registerFlow } from "../../src/cli/flow.js";

const folder = mkdtempSync(join(tmpdir(), "help-"));
afterAll(() => rmSync(folder, { recursive: true }));

const relu = (...widths: readonly number[]) => ({ kind: "fully-connected", widths, activation: "relu" });
const TWO = [
  { x: ["1", "1/4"], y: 1 },
  { x: ["-1", "1/4"], y: 1 },
];

let count = 0;

async function run(command: "check" | "flow", content: object, ...args: string[]) {
  const path = join(folder, `${count}.json`);
  const name = `help ${count++}`;
  const base = { format: "margincert/problem/1", name, network: relu(2, 2, 1), data: TWO };
  writeFileSync(path, JSON.stringify({ ...base, ...content }));
  let text = "";
  const out = vi.spyOn(process.stdout, "write").mockImplementation((part) => {
    text += part;
    return true;
  });
  const err = vi.spyOn(process.stderr, "write").mockImplementation(() => true);
  const before = process.exitCode;
  try {
    const program = new Command().exitOverride();
    if (command === "check") registerCheck(program.command("check <file...>"));
    else registerFlow(program.command("flow <file...>"));
    const more = command === "check" ? ["--out", folder] : [];
    await program.parseAsync([command, path, ...more, ...args], { from: "user" });
    return text;
  } finally {
    process.exitCode = before;
    out.mockRestore();
    err.mockRestore();
  }
}

/** The lines below the certificate's, with single spaces. */
async function helpOf(content: object): Promise<string[]> {
  const lines = (await run("check", content)).trimEnd().split("\n");
  const last = lines.findIndex((line) => line.startsWith("  certificate "));
  return lines.slice(last + 1).map((line) => line.trim().replace(/\s+/g, " "));
}

const ROUNDED = "hint looks like a rounded KKT point, try `margincert identify`";

describe("check", () => {
  it("adds nothing to a KKT point of which everything is decided", async () => {
    expect(await helpOf({ point: ["0", "2", "0", "0", "2", "0"] })).toEqual([]);
  });

  it("recognises a point in three digits, with kinks or without", async () => {
    const help = await helpOf({ point: ["0.0004", "2.0003", "0", "0", "1.9998", "0"] });
    expect(help).toEqual([
      "margins 1 + 0.00085, 1 - 0.00075",
      "scaling times (200000000/199850013)^(1/2) = 1.000375178532827 the point is feasible",
      "KKT residual ε = 0.000707, δ = 0.0032 (scaled to least margin 1)",
      ROUNDED,
    ]);
    // At the exact point each unit is on a kink at one of the samples.
    const kinks = {
      data: [
        { x: ["1", "0"], y: 1 },
        { x: ["0", "1"], y: 1 },
      ],
      point: ["1.0003", "0.0004", "-0.0003", "1.0001", "1", "0.9998"],
    };
    const onKinks = await helpOf(kinks);
    expect(onKinks).toContain(ROUNDED);
    expect(onKinks.join()).toMatch(/KKT residual ε = 0\.\d+, δ = \S+ \(scaled to least margin 1\)/);
  });

  it("recognises a point in sixteen digits, whose residual is zero in floating point", async () => {
    expect(await helpOf({ point: ["0", "1.9999999999999998", "0", "0", "2.0000000000000004", "0"] })).toEqual([
      "margins 1 + 1e-16, 1 + 1e-16",
      "KKT residual ε = 0, δ = 0 (scaled to least margin 1)",
      ROUNDED,
    ]);
  });

  it("does not take every point for a rounded one", async () => {
    expect(await helpOf({ point: ["1/2", "4", "0", "0", "4", "0"] })).not.toContain(ROUNDED);
    // A multiple of a KKT point only has to be scaled.
    expect(await helpOf({ point: ["0", "6", "0", "0", "6", "0"] })).toEqual([
      "margins 9, 9",
      "scaling times (1/9)^(1/2) = 0.3333333333333333 the least margin is 1",
      "KKT residual ε = 0, δ = 0 (scaled to least margin 1)",
    ]);
  });

  it("points weights from training to identify", async () => {
    const help = await helpOf({ point: ["1/10", "8", "1/2", "-3", "17/2", "-1/3"] });
    expect(help.at(-1)).toBe("hint no margin is 1; if these are weights from training, try `margincert identify`");
  });

  it("gives the factor that makes an infeasible point feasible, exactly", async () => {
    expect(await helpOf({ point: ["0", "1", "0", "0", "1", "0"] })).toContain(
      "scaling times 4^(1/2) = 2 the point is feasible",
    );
    const deep = { network: relu(1, 1, 1, 1), data: [{ x: ["1"], y: 1 }], point: ["1", "1/2", "1"] };
    expect(await helpOf(deep)).toContain("scaling times 2^(1/3) = 1.259921049894873 the point is feasible");
  });

  it("says that no factor does where a margin is not positive", async () => {
    expect(await helpOf({ point: ["2", "0", "0", "0", "2", "0"] })).toEqual([
      "margins 4, 0",
      "scaling none makes the point feasible: the margin of sample 2 is not positive",
    ]);
  });

  it("names samples that no point can satisfy", async () => {
    const point = ["0", "2", "0", "0", "2", "0"];
    const data = [
      { x: ["1", "1/4"], y: 1 },
      { x: ["2", "1/2"], y: -1 },
      { x: ["1", "1/4"], y: -1 },
      { x: ["0", "0"], y: 1 },
    ];
    expect(await helpOf({ data, point })).toEqual([
      "margins 1, -2, -1, 0",
      "data no point is feasible: samples 1 and 2 have the same direction and different labels, and outputs scale with the input",
      "data no point is feasible: samples 1 and 3 have the same input and different labels",
      "data no point is feasible: the input of sample 4 is zero, and so is every output there",
    ]);
  });

  it("names those of classes, and opposite ones where the network is linear", async () => {
    const classes = { network: relu(1, 3), point: ["0", "1", "0"] };
    const same = [
      { x: ["1"], y: 2 },
      { x: ["1"], y: 3 },
    ];
    expect((await helpOf({ ...classes, data: same })).join()).toContain("samples 1 and 2 have the same input");
    const opposite = [
      { x: ["1", "1"], y: 1 },
      { x: ["-2", "-2"], y: 1 },
    ];
    const linear = { network: { kind: "fully-connected", widths: [2, 1], activation: "linear" }, point: ["1", "1"] };
    expect((await helpOf({ ...linear, data: opposite })).join()).toContain("samples 1 and 2 have opposite directions");
    // With ReLU a unit for each sample serves both.
    expect((await helpOf({ data: opposite, point: ["1", "0", "0", "0", "1", "0"] })).join()).not.toContain("no point");
  });

  it("gives the extremes of more than twelve margins", async () => {
    const data = Array.from({ length: 13 }, (_, k) => ({ x: ["1", `${k + 1}`], y: 1 }));
    const [margins] = await helpOf({ data, point: ["0", "1/2", "0", "0", "1", "0"] });
    expect(margins).toBe("margins least 0.5 at sample 1, most 6.5 at sample 13; 1 of 13 are 1");
  });

  it("knows no factor where the network is not homogeneous", async () => {
    const layers = [
      [
        ["a", 0],
        [0, "one"],
      ],
      [["b", "c"]],
    ];
    const network = { kind: "layers", activation: ["linear"], layers, frozen: { one: "1" } };
    const data = [{ x: ["1", "1"], y: 1 }];
    expect(await helpOf({ network, data, point: ["1/2", "1/2", "1/2"] })).toEqual(["margins 0.75"]);
  });

  it("keeps to the interface in JSON", async () => {
    const text = await run("check", { point: ["0", "1", "0", "0", "1", "0"] }, "--json");
    const keys = [
      "name",
      "feasible",
      "kkt",
      "local",
      "strict",
      "radius",
      "global",
      "layers",
      "attracts",
      "fromStart",
      "undecided",
      "certificate",
    ];
    expect(Object.keys(JSON.parse(text)[0])).toEqual(keys);
  });
});

describe("flow", { timeout: 60_000 }, () => {
  it("prints its limit at margin 1, and that it converged where there is no point", async () => {
    const lines = (await run("flow", { flow: { start: ["0", "3", "1", "-2", "3", "-1"] } })).split("\n");
    expect(lines[0]).toMatch(/: converged$/);
    expect(lines).toContain("  limit at margin 1  (0, 2, 0, 0, 2, 0)");
    expect(lines).toContain("  active samples     1, 2");
  });

  it("has the limit in JSON, where the verdict keeps its words", async () => {
    const data = [
      { x: ["1", "0"], y: -1 },
      { x: ["1/2", "1"], y: 1 },
    ];
    const [result] = JSON.parse(
      await run("flow", { data, flow: { start: ["1", "2", "1", "-1", "2", "-2"] } }, "--json"),
    );
    expect(result).toMatchObject({ verdict: "confirmed", directionError: null });
    expect(result.limit.active).toEqual([1, 2]);
    expect(result.limit.kinks).toContainEqual({ sample: 1, unit: 1 });
    expect(result.limit.point).toHaveLength(6);
  });

  it("has no limit where the loss does not go to zero", async () => {
    const data = [TWO[0], { ...TWO[0], y: -1 }];
    const [result] = JSON.parse(
      await run("flow", { data, flow: { start: ["0", "3", "1", "-2", "3", "-1"] } }, "--json"),
    );
    expect(result.limit).toBeNull();
  });

  it("compares with the point up to the order and the sharing of neurons", async () => {
    const swapped = { point: ["0", "0", "0", "2", "0", "2"], flow: { start: ["0", "3", "1", "-2", "3", "-1"] } };
    expect(await run("flow", swapped)).toContain("\n  reaches the point up to the order of neurons 1 and 2\n");
    const shared = {
      network: relu(2, 3, 1),
      point: ["0", "2", "0", "0", "0", "0", "2", "0", "0"],
      flow: { start: ["0.2", "2", "-0.1", "1", "1", "-2", "2", "1", "-1"] },
    };
    const text = await run("flow", shared);
    expect(text).toMatch(/: not-confirmed\n/);
    expect(text).toContain("\n  reaches the point up to the sharing of neurons 1 and 2\n");
  });
});
