import { expect, it, vi } from "vitest";
import { readCertificate } from "../../src/kernel/certificate.js";
import { statementCodec } from "../../src/kernel/verify.js";
import { certify } from "../../src/prover/certify.js";
import { ProverBug } from "../../src/prover/prove.js";
import { smallCertificate } from "../kernel/fixtures.js";

/** What the prover is taken to have found. */
const found = vi.hoisted(() => ({ statements: [] as unknown[] }));
vi.mock("../../src/prover/prove.js", async (original) => ({
  ...(await original<typeof import("../../src/prover/prove.js")>()),
  prove: () => ({ statements: found.statements, open: [] }),
}));

function certified(statements: readonly object[], problem: object) {
  const read = readCertificate(smallCertificate(statements as never, problem));
  if (read.sort !== "exact") throw new RangeError("the point is given by numbers");
  const codec = statementCodec(read.instance);
  found.statements = statements.map((one) => codec.read(one, ""));
  return certify(read.instance);
}

it("leaves out what is too much work for one certificate, and says so", () => {
  const depth = 10;
  const network = { kind: "diagonal", width: 1, depth, activation: "linear" };
  const all = Object.fromEntries(Array.from({ length: depth }, (_, l) => [`w${l + 1}[1]`, "-1/3"]));
  const curve = { end: `1/${"7".repeat(1000)}`, steps: [...new Array<object>(15).fill({}), all] };
  const dear = { kind: "not-local", scope: "whole", curve };
  const problem = { network, point: new Array<string>(depth).fill("1") };
  const { accepted, open } = certified([{ kind: "feasible" }, dear], problem);
  expect(accepted.map(({ statement }) => statement.kind)).toEqual(["feasible"]);
  expect(open).toContainEqual({
    question: { about: "local", scope: null },
    reason: "what was found is too much work for one certificate",
  });
});

it("takes anything else that is refused for a bug", () => {
  expect(() => certified([{ kind: "feasible" }], { point: ["1/2"] })).toThrow(ProverBug);
});
