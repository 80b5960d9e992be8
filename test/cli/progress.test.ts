/** What the terminal shows of work whose end is known. */
import { expect, it } from "vitest";
import { partText } from "../../src/cli/common.js";

it("tells how much is done, and the time that is left at this pace", () => {
  expect(partText(0, 2000, 5000)).toBe("0 of at most 2000");
  expect(partText(100, 200, 5000)).toBe("100 of at most 200, at most 5 s left");
  expect(partText(1, 2000, 5000)).toBe("1 of at most 2000, at most 167 min left");
});
