/** `test/certificates`: what is accepted, what each clause of the format refuses, what is malformed. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CLAUSES, verifyCertificate } from "../../src/kernel/verify.js";
import { formatJson } from "../../src/network/codec.js";
import { parseJson, readJson } from "../../src/network/decode.js";
import { accepted, malformed, paper, refusalOf, rejected } from "./fixtures.js";

describe("accepted, statement by statement", () => {
  it.each([...accepted(), ...paper()])("$name", ({ text }) => {
    expect(refusalOf(parseJson(text))).toBeNull();
  });
});

describe("rejected, by its own clause", () => {
  it.each(rejected())("$name: $why", ({ certificate, clause }) => {
    expect(certificate.statements?.length ?? 0, "so that no other statement can be the one refused").toBeLessThan(2);
    expect(refusalOf(certificate)).toMatchObject({ accepted: false, clause });
  });

  it("every clause refuses something", () => {
    const refused = new Set(rejected().map(({ clause }) => clause));
    expect(CLAUSES.filter((clause) => !refused.has(clause))).toEqual([]);
  });

  it("and its file is named after it", () => {
    for (const { name, clause } of rejected()) expect(name.split(".")[0]).toBe(clause.replace(".", "-"));
  });

  it("and is laid out as the project lays out JSON", () => {
    for (const { name, ...fixture } of rejected()) {
      const text = readFileSync(new URL(`../certificates/reject/${name}.json`, import.meta.url), "utf8");
      expect(formatJson(fixture as never), name).toBe(text);
    }
  });
});

describe("malformed, and refused in the format's name", () => {
  it.each(malformed())("$name", ({ text }) => {
    const verdict = verifyCertificate(readJson(text));
    if (verdict.readable) expect(verdict.statements.map((one) => !one.accepted && one.clause)).toEqual(["format"]);
    else expect(verdict.refusal.clause).toBe("format");
  });
});

describe("the list of clauses", () => {
  /** The kernel's code, without comments and without the lists that declare clauses. */
  const place = new URL("../../src/kernel/", import.meta.url);
  const code = readdirSync(place, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(new URL(file, place), "utf8"))
    .join("\n")
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")
    .replace(/\b(?:clauses|\w+Clauses)(?::| =) \[[^\]]*\]/g, "")
    .replace(/\bCLAUSES[^;]*;|\brefuse\(.*/g, "");
  const used = new Set([...code.matchAll(/"([a-z-]+\.[a-z-]+)"/g)].map(([, clause]) => clause!));

  it("names what the code refuses by, and nothing else", () => {
    const owned = CLAUSES.filter((clause) => clause.includes("."));
    expect([...used].sort()).toEqual([...owned].sort());
    expect(CLAUSES.filter((clause) => !clause.includes("."))).toEqual(["format", "field", "limit"]);
  });

  it("names each once, and not `internal`, which is no clause but a bug", () => {
    expect(new Set(CLAUSES).size).toBe(CLAUSES.length);
    expect(CLAUSES).not.toContain("internal");
  });
});
