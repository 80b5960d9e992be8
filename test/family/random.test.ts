/** Random families against `check` at values of their parameter; `bench/families.ts` tries many more. */
import { expect, it } from "vitest";
import { examine, randomFamily } from "./random.js";

it.each(Array.from({ length: 24 }, (_, k) => k))("family %i is at its values what its pieces say", (index) => {
  const { contradictions, compared, pieces } = examine(randomFamily(11, index), 3, index + 1);
  expect(contradictions).toEqual([]);
  expect(pieces.length).toBeGreaterThan(0);
  expect(compared).toBeGreaterThan(0);
});
