import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCampaign } from "../../src/hunt/campaign.js";
import { dataSets, seedOf } from "../../src/hunt/data.js";
import { unitsOf } from "../../src/hunt/hunt.js";
import { InputError } from "../../src/network/decode.js";

const SHIPPED = new URL("../../src/hunt/campaigns/", import.meta.url);
const RELU = { kind: "fully-connected", widths: [2, 2, 1], activation: "relu" };
const GOOD = {
  format: "margincert/campaign/1",
  name: "c",
  networks: [RELU],
  data: { samples: [2], values: { integers: 1 }, draws: 5 },
  starts: { draws: 3 },
};
const campaign = (change: object = {}) => parseCampaign(JSON.stringify({ ...GOOD, ...change }));
const faultOf = (change: object): string => {
  try {
    campaign(change);
  } catch (error) {
    if (error instanceof InputError) return `${error.where}: ${error.message}`;
    throw error;
  }
  return "none";
};

describe("a campaign file", () => {
  it("has defaults", () => {
    expect(campaign()).toMatchObject({
      seed: 1,
      loss: "exponential",
      symmetries: false,
      starts: { draws: 3, deviation: 1 },
      keep: ["not-local", "local-not-global", "not-global", "undecided"],
      shrink: 3,
    });
  });

  it.each([
    [{ networks: [] }, /^networks: expected 1 to 1000 entries, found 0/],
    [{ networks: [{ ...RELU, activation: "sigmoid" }] }, /^networks\[0\]\.activation: /],
    [{ networks: [RELU, { ...RELU, widths: [2, 2, 3] }] }, /^networks\[1\]: has 3 outputs, the first has 1/],
    [{ data: { samples: [2], values: { integers: 1 } } }, /^data\.draws: missing/],
    [{ data: { samples: [0], values: { integers: 1 }, draws: 1 } }, /^data\.samples\[0\]: /],
    [{ data: { samples: [2], values: { gaussian: "1/8" }, draws: "all" } }, /^data\.draws: Gaussian values cannot/],
    [{ data: { samples: [2], values: { gaussian: "-1/8" }, draws: 2 } }, /^data\.values\.gaussian: .* positive/],
    [{ data: { samples: [2], values: { grid: ["1", "x"] }, draws: 1 } }, /^data\.values\.grid\[1\]: /],
    [{ data: { samples: [2], values: { grid: ["1", "sqrt(2)"] }, draws: 1 } }, /^data\.values: .* rational/],
    [{ data: { samples: [2], values: {}, draws: 1 } }, /^data\.values\.gaussian: missing/],
    [{ data: { list: [[{ x: ["1"], y: 1 }]] } }, /^data\.list\[0\]\[0\]\.x: expected 2 entries/],
    [{ data: { list: [[{ x: ["1", "2"], y: 3 }]] } }, /^data\.list\[0\]\[0\]\.y: /],
    [{ starts: { draws: 0 } }, /^starts\.draws: /],
    [{ starts: { draws: 1, deviation: -1 } }, /^starts\.deviation: expected a positive number/],
    [{ shrink: "some" }, /^shrink: expected a number or "all"/],
    [{ keep: ["good"] }, /^keep\[0\]: expected "global" or /],
    [{ loss: "cross-entropy" }, /^loss: with 1 outputs it is/],
    [{ seed: 1.5 }, /^seed: /],
    [{ sead: 1 }, /^sead: unknown key/],
    [{ name: "../c" }, /^name: /],
    [{ format: "margincert/problem/1" }, /^format: /],
  ])("with a fault in %j is refused at its place", (change, message) => {
    expect(faultOf(change)).toMatch(message);
  });

  it.each(readdirSync(SHIPPED))("%s, which ships, is one", (file) => {
    const shipped = parseCampaign(readFileSync(new URL(file, SHIPPED), "utf8"));
    expect(`${shipped.name}.json`).toBe(file);
    expect(unitsOf(shipped).length).toBeGreaterThan(0);
  });
});

describe("data sets", () => {
  it("are all there is, up to order, coordinates, signs and labels", () => {
    // One sample with coordinates from −1 to 1: (1,0) and (1,1).
    const { networks, ...rest } = campaign({ data: { samples: [1], values: { integers: 1 }, draws: "all" } });
    expect(dataSets({ networks, ...rest }, networks[0]!.network)).toHaveLength(2);
    // On a diagonal network coordinates are not permuted: 8 samples, two labels.
    const other = campaign({
      networks: [{ kind: "diagonal", width: 2, depth: 2, activation: "linear" }],
      data: { samples: [1], values: { integers: 1 }, draws: "all" },
    });
    expect(dataSets(other, other.networks[0]!.network)).toHaveLength(16);
  });

  it("too many to enumerate are refused", () => {
    const huge = campaign({ data: { samples: [8], values: { integers: 20 }, draws: "all" } });
    expect(() => dataSets(huge, huge.networks[0]!.network)).toThrow(/give a number of draws/);
  });

  it("that are drawn are each drawn once, have no zero sample, and depend on the seed and their number only", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), (seed) => {
        const [few, many] = [3, 9].map((draws) =>
          campaign({ seed, data: { samples: [2], values: { integers: 1 }, draws } }),
        );
        const [a, b] = [few!, many!].map((one) => dataSets(one, one.networks[0]!.network));
        expect(b!.slice(0, a!.length)).toEqual(a);
        for (const set of b!) for (const { x } of set) expect(x.some((c) => c !== "0")).toBe(true);
        expect(new Set(b!.map((set) => JSON.stringify(set))).size).toBe(b!.length);
      }),
      { numRuns: 30 },
    );
  });

  it("Gaussian ones lie on their grid", () => {
    const one = campaign({ data: { samples: [3], values: { gaussian: "1/4" }, draws: 10 } });
    const numbers = dataSets(one, one.networks[0]!.network).flatMap((set) => set.flatMap(({ x }) => x));
    expect(numbers.every((text) => /^-?\d+(\/[24])?$/.test(text))).toBe(true);
    expect(numbers.some((text) => text.includes("/4"))).toBe(true);
  });

  it("seeds of different lists differ", () => {
    const seeds = Array.from({ length: 20_000 }, (_, k) => seedOf(1, 2, Math.floor(k / 200), k % 200));
    expect(new Set(seeds).size).toBeGreaterThan(19_990);
  });
});
