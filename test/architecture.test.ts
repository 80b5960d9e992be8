/** The rules of the house that a program can check: who may import whom, and what the trusted rooms do without. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

const SOURCE = new URL("../src/", import.meta.url).pathname;

/** What each room may import, besides itself. */
const ROOMS: Readonly<Record<string, { readonly rooms: readonly string[]; readonly packages: readonly string[] }>> = {
  exact: { rooms: [], packages: ["fraction.js"] },
  problem: { rooms: ["exact"], packages: [] },
  certificate: { rooms: ["exact", "problem"], packages: [] },
  kernel: { rooms: ["exact", "problem", "certificate"], packages: [] },
  prover: { rooms: ["exact", "problem", "certificate", "kernel"], packages: ["glpk.js", "nerdamer"] },
  flow: { rooms: ["problem"], packages: ["@observablehq", "linkedom", "node:os", "node:worker_threads"] },
  paper: { rooms: ["exact", "problem", "certificate", "kernel", "prover", "flow", "report"], packages: ["node:fs"] },
  report: {
    rooms: ["exact", "problem", "certificate", "kernel"],
    packages: ["@noble", "@observablehq", "katex", "vite"],
  },
};

/** The kernel and all that it is made of. */
const TRUSTED = ["exact", "problem", "certificate", "kernel"];

interface Source {
  readonly file: string;
  readonly text: string;
}

function sources(room: string): Source[] {
  return readdirSync(join(SOURCE, room), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.m?ts$|\.mjs$/.test(file))
    .map((file) => ({ file: join(room, file), text: readFileSync(join(SOURCE, room, file), "utf8") }));
}

/** The modules that a source imports: rooms of `src/`, and packages by the first part of their name. */
function imports({ file, text }: Source): { room: string | null; name: string }[] {
  const specifiers = [
    ...text.matchAll(/^(?:import|export|\}).*?\bfrom "([^"]+)";$|^import "([^"]+)";$|\bimport\("([^"]+)"\)/gm),
  ].map(([, from, effect, dynamic]) => (from ?? effect ?? dynamic)!);
  return specifiers.map((name) => {
    if (!name.startsWith(".")) return { room: null, name };
    return { room: normalize(join(dirname(file), name)).split("/")[0]!, name };
  });
}

describe.each(Object.entries(ROOMS))("src/%s", (room, { rooms, packages }) => {
  it("imports only what it may", () => {
    for (const source of sources(room)) {
      for (const { room: other, name } of imports(source)) {
        if (other !== null) expect([room, ...rooms], `${source.file} imports ${name}`).toContain(other);
        else
          expect(packages, `${source.file} imports ${name}`).toContain(
            name.startsWith("node:") ? name : packageOf(name),
          );
      }
    }
  });
});

/** `fraction.js`, and of a scoped name the scope; `glpk.js/node` is `glpk.js`. */
function packageOf(name: string): string {
  return name.split("/")[0]!;
}

it("knows every room", () => {
  const rooms = readdirSync(SOURCE, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(rooms.map(({ name }) => name).sort()).toEqual([...Object.keys(ROOMS), "cli"].sort());
});

describe.each(TRUSTED)("src/%s is trusted", (room) => {
  it("and knows neither chance, nor time, nor the world outside", () => {
    for (const { file, text } of sources(room)) {
      const found = text.match(/Math\.random|\bDate\b|\bperformance\b|\bprocess\.|\bconsole\b|\bfetch\b|\beval\b/);
      expect(found?.[0], file).toBeUndefined();
    }
  });
});

it("the kernel does not compute in floating point", () => {
  for (const { file, text } of sources("kernel")) {
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    const found = code.match(/Math\.(?!max\b|min\b)\w+|\bNumber\(|parseFloat|parseInt|toNumber|\d\.\d|\d[eE][-+]?\d/);
    expect(found?.[0], file).toBeUndefined();
  }
});
