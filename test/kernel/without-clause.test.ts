/**
 * No clause is there in vain: a kernel without it accepts one of the certificates that it is there to refuse. Its check is taken
 * out of `ensure`, and the rejected certificates are read again.
 */
import { describe, expect, it, vi } from "vitest";
import { Rejection } from "../../src/kernel/ensure.js";
import { CLAUSES } from "../../src/kernel/verify.js";
import { refusalOf, rejected } from "./fixtures.js";

const lacking = vi.hoisted(() => ({ clause: "" }));
vi.mock("../../src/kernel/ensure.js", async (original) => ({
  ...(await original<object>()),
  ensure: (condition: boolean, clause: string, found: string | (() => string)) => {
    if (!condition && clause !== lacking.clause)
      throw new Rejection(clause, typeof found === "string" ? found : found());
  },
}));

/** The clauses that cannot be taken out in this way. */
const ELSEWHERE = new Map<string, string>([
  ["format", "the decoders refuse"],
  ["field", "the number field refuses"],
  ["family.interval", "the field of functions refuses"],
  ["family.pole", "the field of functions refuses"],
  ["family.sign", "the field of functions refuses"],
  ["limit", "the meter refuses, and only so much work"],
  ["not-kkt.open", "a rate that is not determined has no sign to go on with"],
  ["strict-local.open", "a margin that is not determined is no polynomial to go on with"],
  ["enclosed-bound.open", "a sum over samples without signs has no value to go on with"],
  ["enclosed-not-local.least", "a negative number has no square root to go on with"],
  ["enclosed-not-local.zero", "no example is known that bends down where a kink is read"],
  ["attracts.numbers", "a function of a parameter has no enclosure to go on with"],
  ["bound.class", "without the layers that move there is no bound to go on with"],
  ["bound.open", "a margin that is not determined is no polynomial to go on with"],
  ["path.box", "where no box is found, enclosures explode, and no trap takes what comes out"],
  ["path.sign", "a unit above an open one is not shown to be pushed anywhere"],
]);

describe("a kernel without one clause accepts what that clause refuses", () => {
  const fixtures = rejected();
  it.each(CLAUSES.filter((clause) => !ELSEWHERE.has(clause)))("%s", (clause) => {
    lacking.clause = clause;
    const own = fixtures.filter((fixture) => fixture.clause === clause);
    expect(own.filter(({ certificate }) => refusalOf(certificate) === null).map(({ name }) => name)).not.toEqual([]);
  });

  it("and no exception is made in vain", () => {
    const accepts = [...ELSEWHERE.keys()].filter((clause) => {
      lacking.clause = clause;
      return fixtures.some((fixture) => fixture.clause === clause && refusalOf(fixture.certificate) === null);
    });
    expect(accepts).toEqual([]);
  });
});
