/** The rules of the house that a program can check: who may import whom, and what the trusted rooms do without. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

const SOURCE = new URL("../src/", import.meta.url).pathname;

/** What each room may import, besides itself; the command line may import everything. */
const ROOMS: Readonly<Record<string, { readonly rooms: readonly string[]; readonly packages: readonly string[] }>> = {
  exact: { rooms: [], packages: ["fraction.js"] },
  network: { rooms: ["exact"], packages: [] },
  kernel: { rooms: ["exact", "network"], packages: [] },
  problem: { rooms: ["exact", "network"], packages: [] },
  files: { rooms: ["network"], packages: ["node:fs", "node:path"] },
  symbolic: { rooms: ["exact", "network", "kernel"], packages: ["nerdamer"] },
  numeric: { rooms: [], packages: [] },
  prover: { rooms: ["exact", "network", "kernel", "problem", "symbolic", "numeric"], packages: ["glpk.js"] },
  // Which of two points is kept rests on their verdicts, which are read off in `report`; `report` imports neither.
  identify: {
    rooms: ["exact", "network", "kernel", "problem", "symbolic", "numeric", "prover", "flow", "report"],
    packages: ["@bufbuild", "csv-parse", "node:zlib"],
  },
  // A piece of a family is one verdict, which is read off in `report`.
  family: { rooms: ["exact", "network", "kernel", "problem", "prover", "report"], packages: [] },
  flow: {
    rooms: ["exact", "network", "problem", "numeric"],
    packages: ["@observablehq", "linkedom", "node:os", "piscina"],
  },
  hunt: {
    rooms: [
      "exact",
      "network",
      "kernel",
      "problem",
      "symbolic",
      "numeric",
      "files",
      "prover",
      "flow",
      "identify",
      "report",
    ],
    packages: ["node:crypto", "node:fs", "node:os", "node:path"],
  },
  report: {
    rooms: ["exact", "network", "kernel", "problem", "symbolic"],
    packages: ["@noble", "@observablehq", "katex", "vite", "node:fs", "node:path"],
  },
  paper: { rooms: ["exact", "network", "kernel", "problem", "prover", "flow", "report"], packages: ["node:fs"] },
};

/** The kernel and all that it is made of. */
const TRUSTED = ["exact", "network", "kernel"];

/** The files that define `toNumber`, for those who search and print; the trusted rooms call it nowhere else. */
const GIVES_FLOATS = new Set(["exact/rational.ts", "exact/number-field.ts", "exact/function-field.ts"]);

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
    ...text.matchAll(/^(?:import|export|\}).*?\bfrom "([^"]+)";$|^import "([^"]+)";$|\bimport\(\s*"([^"]+)"/gm),
  ].map(([, from, effect, dynamic]) => (from ?? effect ?? dynamic)!);
  return specifiers.map((name) => {
    if (!name.startsWith(".")) return { room: null, name };
    return { room: normalize(join(dirname(file), name)).split("/")[0]!, name };
  });
}

/** `fraction.js`, and of a scoped name the scope; `glpk.js/node` is `glpk.js`; `node:fs` is itself. */
function packageOf(name: string): string {
  return name.startsWith("node:") ? name : name.split("/")[0]!;
}

/** Without comments. */
function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
}

describe.each(Object.entries(ROOMS))("src/%s", (room, { rooms, packages }) => {
  it("imports only what it may", () => {
    for (const source of sources(room)) {
      for (const { room: other, name } of imports(source)) {
        if (other !== null) expect([room, ...rooms], `${source.file} imports ${name}`).toContain(other);
        else expect(packages, `${source.file} imports ${name}`).toContain(packageOf(name));
      }
    }
  });
});

it("knows every room", () => {
  const rooms = readdirSync(SOURCE, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(rooms.map(({ name }) => name).sort()).toEqual([...Object.keys(ROOMS), "cli"].sort());
});

it("no two rooms need each other", () => {
  for (const [room, { rooms }] of Object.entries(ROOMS))
    for (const other of rooms) expect(ROOMS[other]?.rooms, `${other}, which ${room} imports`).not.toContain(room);
});

describe.each(TRUSTED)("src/%s is trusted", (room) => {
  it("and imports nothing that is not", () => {
    for (const other of ROOMS[room]!.rooms) expect(TRUSTED).toContain(other);
    for (const source of sources(room))
      for (const { room: other, name } of imports(source))
        if (other === null) expect(name, source.file).toBe("fraction.js");
  });

  it("and knows neither chance, nor time, nor the world outside", () => {
    for (const { file, text } of sources(room)) {
      const found = codeOf(text).match(
        /Math\.random|\bDate\b|\bperformance\b|\bprocess\b|\bconsole\b|\bfetch\b|\beval\b|\bFunction\(|\bglobalThis\b/,
      );
      expect(found?.[0], file).toBeUndefined();
    }
  });

  it("and does not compute in floating point", () => {
    for (const { file, text } of sources(room)) {
      if (GIVES_FLOATS.has(file)) continue;
      const own = codeOf(text).replace(/"(?:[^"\\]|\\.)*"/g, '""');
      const found = own.match(
        /Math\.(?!max\b|min\b|floor\b)\w+|\bNumber\(|\bparseFloat\b|\.toNumber\b|\d\.\d|\b\d+e[-+]?\d/,
      );
      expect(found?.[0], file).toBeUndefined();
    }
  });
});

it("what has to be trusted can be counted", () => {
  const counts = TRUSTED.map((room) => {
    const lines = sources(room).reduce((total, { text }) => total + text.trimEnd().split("\n").length, 0);
    return { room, lines };
  });
  const total = counts.reduce((sum, { lines }) => sum + lines, 0);
  console.info(`trusted lines: ${counts.map(({ room, lines }) => `${room} ${lines}`).join(", ")}, together ${total}`);
  expect(counts.every(({ lines }) => lines > 0)).toBe(true);
});
