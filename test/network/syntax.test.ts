import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { positionOf, syntaxFault } from "../../src/network/syntax.js";

describe("where a text stops being JSON", () => {
  test.each([
    ['{"a": 1,}', "line 1, column 9: a comma before }"],
    ['{"a" 1}', 'line 1, column 6: expected a colon, found "1"'],
    ["[1,\n2", "line 2, column 2: the text ends, and ] is missing"],
    ["{\"a\": 'b'}", "line 1, column 7: strings stand in double quotes"],
    ["{\n // note\n}", 'line 2, column 2: JSON has no comments; "comment": "…" may hold one'],
    ['{"a": "b\nc"}', "line 1, column 7: a string that does not end in its line, or has a \\ that JSON does not know"],
    ["[1 2]", 'line 1, column 4: expected a comma or ], found "2"'],
    ["{} x", 'line 1, column 4: expected nothing more, found "x"'],
    ["{a: 1}", 'line 1, column 2: expected a key in double quotes, or }, found "a"'],
    ["[01]", 'line 1, column 2: expected a value or ], found "01"'],
    ["", "line 1, column 1: a value is missing"],
  ])("%s", (text, expected) => expect(syntaxFault(text)).toBe(expected));

  test("it has a fault exactly if it is not JSON", () => {
    const fragment = fc.constantFrom(..."{}[]\",:01 \n\\e.-/'x\u007f", "true", "null", '"a"');
    const edits = fc.array(fc.tuple(fc.nat(), fragment, fc.boolean()), { maxLength: 2 });
    fc.assert(
      fc.property(fc.json(), edits, (json, changes) => {
        const text = changes.reduce((sofar, [at, inserted, replaces]) => {
          const k = at % (sofar.length + 1);
          return sofar.slice(0, k) + inserted + sofar.slice(k + (replaces ? 1 : 0));
        }, json);
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        expect(syntaxFault(text) === null, text).toBe(isJson);
      }),
      { numRuns: 3000 },
    );
  });

  test("counts lines and columns from 1", () => {
    expect([positionOf("ab", 1), positionOf("a\nb", 2)]).toEqual([
      { line: 1, column: 2 },
      { line: 2, column: 1 },
    ]);
  });
});
