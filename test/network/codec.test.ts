/** JSON as the project reads and writes it: nothing is lost, rounded, doubled or laid out in two ways. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatJson, type Json } from "../../src/network/codec.js";
import { InputError, parseJson, readJson } from "../../src/network/decode.js";

const json: fc.Arbitrary<Json> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, true, false),
    fc.integer({ min: -999, max: 999 }),
    fc.string({ maxLength: 60 }).filter((one) => !one.startsWith("\u0000")),
    fc.array(tie("value"), { maxLength: 6 }),
    fc.dictionary(
      fc.string({ maxLength: 8 }).filter((key) => key !== "__proto__"),
      tie("value"),
      { maxKeys: 6 },
    ),
  ),
})).value as fc.Arbitrary<Json>;

describe("the layout", () => {
  test("reads back, and is the same for the same value", () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = formatJson(value);
        expect(readJson(text)).toEqual(value);
        expect(formatJson(readJson(text) as Json)).toBe(text);
        expect(text.endsWith("\n")).toBe(true);
      }),
    );
  });

  test("keeps on one line what fits there", () => {
    expect(formatJson({ a: ["1", "2"], b: {} })).toBe('{ "a": [ "1", "2" ], "b": {} }\n');
    expect(formatJson(["x".repeat(80), "y".repeat(80)])).toBe(`[\n  "${"x".repeat(80)}",\n  "${"y".repeat(80)}"\n]\n`);
  });
});

describe("numbers", () => {
  test.each(["0.1", "1e3", "-0.0", "1234567890123456", "1E-2"])("%s survives as what no decoder takes", (text) => {
    expect(parseJson(`[${text}]`)).toEqual([`\u0000${text}`]);
  });
  test.each(["0", "-1", "123456789012345"])("%s is a number", (text) => expect(parseJson(text)).toBe(Number(text)));
  test.each(["1.", "01", "--1", "+1", ".5", "NaN", "Infinity", "1e"])("%s is no JSON", (text) => {
    expect(() => readJson(text)).toThrow(InputError);
  });
  test("in strings are strings", () =>
    expect(parseJson('{"a":"0.1","1e3":"\\"0.5"}')).toEqual({ a: "0.1", "1e3": '"0.5' }));
});

describe("faults", () => {
  test.each([
    ["a key twice", '{"a":1,"\\u0061":2}', /stands twice/],
    ["the same key in two objects", '[{"a":1},{"a":2}]', null],
    ["a key twice, deeper", '{"b":{"a":1,"a":1}}', /stands twice/],
    ["64 levels", "[".repeat(64) + "]".repeat(64), null],
    ["65 levels", "[".repeat(65) + "]".repeat(65), /nested more than 64 deep/],
    ["two values", "1 2", /^not JSON/],
    ["a comment", "1 // one", /^not JSON/],
    ["a bracket too many", "]", /^not JSON/],
  ])("%s", (_, text, message) => {
    if (message === null) expect(() => readJson(text)).not.toThrow();
    else expect(() => readJson(text)).toThrow(message);
  });

  test("quick, whatever the text", () => {
    for (const text of ['"\\'.repeat(300_000), '"'.repeat(300_001), "[".repeat(1_000_000), "-".repeat(500_000)])
      expect(() => readJson(text)).toThrow(InputError);
  });
});
