import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { readCertificate } from "../../src/kernel/certificate.js";
import type { Metered } from "../../src/kernel/metered.js";
import { enclosedCodec, statementCodec, writeEnclosedCertificate } from "../../src/kernel/verify.js";
import { parseJson } from "../../src/network/decode.js";
import { certify, readBack } from "../../src/prover/certify.js";
import { ProverBug } from "../../src/prover/prove.js";
import { smallCertificate } from "../kernel/fixtures.js";

/** What the prover is taken to have found. */
const found = vi.hoisted(() => ({ statements: [] as unknown[] }));
vi.mock("../../src/prover/prove.js", async (original) => ({
  ...(await original<typeof import("../../src/prover/prove.js")>()),
  prove: () => ({ statements: found.statements, open: [] }),
}));

/** So many times what it costs is charged for work, in place of a problem that is so much larger. */
const charged = vi.hoisted(() => ({ times: 1 }));
vi.mock("../../src/kernel/metered.js", async (original) => {
  const real = await original<typeof import("../../src/kernel/metered.js")>();
  const metered = (K: Metered<unknown>): Metered<unknown> => {
    const own = real.metered(K);
    return { ...own, spend: (words) => own.spend(charged.times * words) };
  };
  return { ...real, metered };
});

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

describe("an enclosed point", () => {
  const raw = readCertificate(
    parseJson(readFileSync(new URL("../certificates/enclosed/accept/deep-two-paths.json", import.meta.url), "utf8")),
  );
  if (raw.sort !== "enclosed") throw new RangeError("the point is not an enclosed one");
  const { problem, point } = raw;
  const statements = raw.statements.map((one) => enclosedCodec(problem).read(one, ""));
  const readBackAt = (times: number) => {
    charged.times = times;
    try {
      return readBack("enclosed", statements, (own) => writeEnclosedCertificate(problem, point, own));
    } finally {
      charged.times = 1;
    }
  };

  it("keeps all statements where they fit", () => {
    const read = readBackAt(1);
    if ("refused" in read) throw new RangeError(read.refused);
    expect(read.verdict.statements).toHaveLength(statements.length);
    expect(read.left).toEqual([]);
  });

  it("keeps those that fit together, and says which questions the others may have answered", () => {
    const read = readBackAt(20_000);
    if ("refused" in read) throw new RangeError(read.refused);
    expect(read.verdict.statements.length).toBeLessThan(statements.length);
    expect(read.verdict.statements.every((one) => one.accepted)).toBe(true);
    expect(read.text).toContain('"kind": "kkt"');
    expect(read.left).toContainEqual({
      question: { about: "global", scope: 0 },
      reason: "what was found is too much work for one certificate",
    });
  });

  it("says why where nothing fits", () => {
    expect(readBackAt(1_000_000)).toEqual({ refused: "the check needs more work than the kernel allows" });
  });
});
