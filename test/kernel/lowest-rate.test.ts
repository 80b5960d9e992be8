/** The least rate of a margin, against all patterns one by one; and what that decides: kinks below others, many of them. */
import { describe, expect, it } from "vitest";
import { Q, rational } from "../../src/exact/rational.js";
import { cellOf } from "../../src/kernel/explore.js";
import { factsOf } from "../../src/kernel/facts.js";
import { gradient, type Pattern, passAt } from "../../src/kernel/forward.js";
import { kinksAt, lowestRate } from "../../src/kernel/statements/not-kkt.js";
import type { Instance } from "../../src/network/instance.js";
import { uniform } from "../../src/numeric/random.js";
import { parseProblem } from "../../src/problem/problem.js";
import { decide } from "../adversary/judge.js";
import type { ActivationJson } from "../adversary/problem.js";

describe("lowestRate", () => {
  it("is at most the rate of any pattern near by, wherever no open kink is above another", () => {
    const random = uniform(31);
    const small = () => [-1, 0, 0, 1, 2][Math.floor(random() * 5)]!;
    const seen = { rate: 0, equal: 0, "below the last": 0, open: 0 };
    for (let round = 0; round < 600; round++) {
      const widths = [2, 2 + Math.floor(random() * 2), 2, ...(random() < 0.3 ? [2] : []), 1];
      const activation: ActivationJson = random() < 0.5 ? "relu" : { "leaky-relu": "1/3" };
      const size = widths.slice(1).reduce((total, width, l) => total + width * widths[l]!, 0);
      const { problem } = parseProblem(
        JSON.stringify({
          format: "margincert/problem/1",
          name: "case",
          network: { kind: "fully-connected", widths, activation },
          data: [{ x: [`${small()}`, `${small()}`], y: 1 }],
          point: Array.from({ length: size }, () => `${small()}`),
        }),
      );
      const instance = { ...problem, point: problem.point! } as unknown as Instance<ReturnType<typeof rational>>;
      const facts = factsOf(instance);
      const direction = new Map(instance.point.map((_, k) => [k, rational(BigInt(small()))] as const));
      const margin = facts.margins[0]!;
      const found = lowestRate(kinksAt(facts), cellOf(kinksAt(facts), []), margin, direction);
      if (found.kind === "open") {
        seen.open++;
        continue;
      }
      const { preactivations } = facts.passes[0]!;
      const kinks = preactivations.flatMap((units, layer) =>
        units.flatMap((z, unit) => (Q.isZero(z) ? [{ layer, unit }] : [])),
      );
      const rateUnder = (pattern: Pattern) =>
        Q.toNumber(
          gradient(instance, margin, pattern).reduce((t, c, k) => Q.add(t, Q.mul(c, direction.get(k)!)), Q.zero),
        );
      const least = Math.min(
        ...Array.from({ length: 1 << kinks.length }, (_, signs) => {
          const pattern = preactivations.map((units) => units.map((z) => Q.sign(z) > 0));
          for (const [k, { layer, unit }] of kinks.entries()) pattern[layer]![unit] = ((signs >> k) & 1) === 1;
          return rateUnder(pattern);
        }),
      );
      // It may be higher, where a sign follows from others; but no pattern that occurs near the point is below it.
      const rate = Q.toNumber(found.rate);
      expect(rate).toBeGreaterThanOrEqual(least - 1e-9);
      if (rate < least + 1e-9) seen.equal++;
      for (let k = 0; k < 20; k++) {
        const near = instance.point.map((c) =>
          Q.add(c, rational(BigInt(Math.floor(random() * 2001) - 1000), 10n ** 9n)),
        );
        const pattern = passAt(instance, 0, near).preactivations.map((units) => units.map((z) => Q.sign(z) > 0));
        expect(rateUnder(pattern)).toBeGreaterThanOrEqual(rate - 1e-9);
      }
      seen.rate++;
      if (found.sides.slice(0, -1).some(({ size: count }) => count > 0)) seen["below the last"]++;
    }
    expect(seen.rate).toBeGreaterThan(100);
    expect(seen.equal).toBeGreaterThan(100);
    expect(seen.open).toBeGreaterThan(20);
    expect(seen["below the last"]).toBeGreaterThan(10);
  });
});

describe("many kinks below a unit that is on", () => {
  it.each([
    ["dead", "0"],
    ["of a first-order effect", "1/2"],
  ])("are no obstacle to what is not KKT: 20 units that are %s", (_, weight) => {
    const dead = 20;
    const { verdict, certificate } = decide({
      format: "margincert/problem/1",
      name: "many-kinks-below",
      network: { kind: "fully-connected", widths: [2, 1 + dead, 1, 1], activation: "relu" },
      data: [{ x: ["1", "0"], y: 1 }],
      point: ["1", "1", ...new Array<string>(2 * dead).fill("0"), "1", ...new Array<string>(dead).fill(weight), "1"],
    });
    expect([verdict.kkt, verdict.local]).toEqual(["no", "no"]);
    expect(certificate.length).toBeLessThan(20_000);
  });
});
