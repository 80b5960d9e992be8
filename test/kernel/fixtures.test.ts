/** `test/certificates`: what is accepted, what each clause of the format refuses, what is malformed. */
import { describe, expect, it } from "vitest";
import { CLAUSES } from "../../src/kernel/ensure.js";
import { verifyCertificate } from "../../src/kernel/verify.js";
import { parseJson, readJson } from "../../src/problem/decode.js";
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
});

describe("malformed, and refused in the format's name", () => {
  it.each(malformed())("$name", ({ text }) => {
    const verdict = verifyCertificate(readJson(text));
    if (verdict.readable) expect(verdict.statements.map((one) => !one.accepted && one.clause)).toEqual(["format"]);
    else expect(verdict.refusal.clause).toBe("format");
  });
});
