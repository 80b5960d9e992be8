/**
 * No clause is there in vain: a kernel without it accepts one of the certificates that it is there to refuse. Its check is taken
 * out of `ensure`, and the rejected certificates are read again.
 */
import { describe, expect, it, vi } from "vitest";
import { CLAUSES, type Clause, Rejection } from "../../src/kernel/ensure.js";
import { refusalOf, rejected } from "./fixtures.js";

const lacking = vi.hoisted(() => ({ clause: "" }));
vi.mock("../../src/kernel/ensure.js", async (original) => ({
  ...(await original<object>()),
  ensure: (condition: boolean, clause: Clause, found: string | (() => string)) => {
    if (!condition && clause !== lacking.clause)
      throw new Rejection(clause, typeof found === "string" ? found : found());
  },
}));

/** The clauses that cannot be taken out in this way. */
const ELSEWHERE = new Map<Clause, string>([
  ["format", "the decoders refuse"],
  ["field", "the number field refuses"],
  ["limit", "the meter refuses, and only so much work"],
  ["branch-vertices.shape", "a vertex without roots costs nothing, which its value refuses"],
  ["lagrangian.shape", "a product of signs that are not there has no value to go on with"],
]);

describe("a kernel without one clause accepts what that clause refuses", () => {
  const fixtures = rejected();
  it.each(CLAUSES.filter((clause) => !ELSEWHERE.has(clause)))("%s", (clause) => {
    lacking.clause = clause;
    const own = fixtures.filter((fixture) => fixture.clause === clause);
    expect(own.filter(({ certificate }) => refusalOf(certificate) === null).map(({ name }) => name)).not.toEqual([]);
  });
});
