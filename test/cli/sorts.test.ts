import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ensureSort, sortOf } from "../../src/cli/sorts.js";

const committed = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");

describe("the sort of a file", () => {
  it.each([
    ["problem", committed("src/paper/instances/fc-relu.json")],
    ["problem", '{"network": {}, "data": []}'],
    ["certificate", committed("certificates/fc-relu.json")],
    ["certificate", '{"problem": {}, "statements": []}'],
    ["flow", committed("certificates/fc-relu.flow.json")],
    ["campaign", '{"format": "margincert/campaign/1"}'],
    ["weights", "[[[1, 2]], [[3]]]"],
    ["weights", '{"fc1": [[1, 2]], "fc2": [[3]]}'],
    ["data", '[{"x": ["1"], "y": 1}]'],
    ["data", '{"X": [[1]], "y": [1]}'],
    ["data", "x1,x2,y\n1,2,1\n"],
    ["arrays", "PK\u0003\u0004"],
    ["arrays", "\ufffdNUMPY\u0001"],
    ["arrays", "\ufffd\u0002}"],
    ["arrays", "\u0008\u0006"],
    [null, "{}"],
    [null, '{"format": "margincert/constructor/1"}'],
    [null, "[]"],
    [null, "12"],
    [null, "some words"],
    [null, ""],
  ])("%s", (sort, text) => expect(sortOf("-", text)).toBe(sort));

  it("shows in a name where it does not in the contents", () =>
    expect(sortOf("w.safetensors", "\u0040")).toBe("arrays"));

  it("is refused where another is wanted, with the command that takes it", () => {
    const refused = (text: string) => () => ensureSort("-", text, "problem");
    expect(refused('[{"x": []}]')).toThrow("`margincert identify WEIGHTS --data DATA` takes them");
    expect(refused('{"statements": []}')).toThrow("`margincert verify` takes it");
    expect(refused('{"format": "margincert/campaign/1"}')).toThrow("`margincert hunt` takes it");
    expect(refused("some words")).not.toThrow();
    expect(refused('{"network": {}}')).not.toThrow();
  });
});
