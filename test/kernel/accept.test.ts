/**
 * The accepted certificates are what the prover writes about their problems, byte for byte, and leave no question open. After a
 * change of the prover that is meant, `npx vitest run test/kernel/accept.test.ts -u` writes them anew.
 */
import { describe, expect, it } from "vitest";
import { parseJson } from "../../src/network/decode.js";
import { certify } from "../../src/prover/certify.js";
import { instanceOf, written } from "./fixtures.js";

describe("the prover writes the accepted certificates", () => {
  it.each(written())("$name", async ({ name, text }) => {
    const certified = certify(instanceOf(parseJson(text)));
    expect(certified.open).toEqual([]);
    await expect(certified.text).toMatchFileSnapshot(`../certificates/accept/${name}.json`);
  });
});
