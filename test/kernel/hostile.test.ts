/**
 * Certificates that nobody means: the kernel neither throws, nor hangs, nor accepts, and what it says is a clause of the format, never
 * `internal`, which would be a bug.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLAUSES, verifyCertificate } from "../../src/kernel/verify.js";
import { parseJson } from "../../src/network/decode.js";
import { accepted, type Json, refusalOf, smallCertificate } from "./fixtures.js";

/** The clauses that refused, in order; none where all is accepted. */
function clausesOf(certificate: unknown): string[] {
  const verdict = verifyCertificate(certificate);
  if (!verdict.readable) return [verdict.refusal.clause];
  return verdict.statements.flatMap((one) => (one.accepted ? [] : [one.clause]));
}

const FORMAT = ["format"];
const nested = (depth: number, wrap: (inner: unknown) => unknown): unknown => {
  let value: unknown = "1";
  for (let k = 0; k < depth; k++) value = wrap(value);
  return value;
};

describe("a value of another type, in every place of accepted certificates", () => {
  /** What a place is replaced by; JSON that a parser can give, and a little more. */
  const STRANGE: readonly unknown[] = [
    null,
    true,
    0,
    -1,
    1.5,
    1e300,
    Number.NaN,
    "",
    "x",
    "1/0",
    "\u00000.5",
    "9".repeat(6000),
    [],
    [[]],
    ["1", "2", "3", "4", "5", "6", "7"],
    {},
    JSON.parse('{ "__proto__": "1" }'),
    JSON.parse('{ "constructor": { "prototype": {} } }'),
    undefined,
  ];
  /** A problem that is another one may have the same proof, and a witness may stay where it is. */
  const FREE = /^problem\.|\.witness\.steps$|\.end\.[01]$/;

  const changed = (value: Json, path: readonly (string | number)[], by: unknown): Json => {
    if (path.length === 0) return by;
    const copy = Array.isArray(value) ? [...value] : { ...value };
    copy[path[0]!] = changed(value[path[0]!], path.slice(1), by);
    return copy;
  };
  const placesOf = (value: Json, path: readonly (string | number)[] = []): (readonly (string | number)[])[] => {
    if (typeof value !== "object" || value === null) return [path];
    const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
    return [path, ...keys.flatMap((key) => placesOf(value[key], [...path, key]))];
  };

  const small = accepted().filter(({ text }) => text.length < 1500);
  it.each(small)("$name", ({ text }) => {
    const certificate = parseJson(text) as Json;
    for (const [k, statement] of certificate.statements.entries()) {
      const one = { ...certificate, statements: [statement] };
      const places = placesOf(one).filter((path) => k === 0 || path[0] === "statements");
      for (const path of places) {
        const place = path.join(".");
        const present = JSON.stringify(path.reduce((value, key) => value[key], one));
        for (const strange of STRANGE) {
          if (JSON.stringify(strange) === present) continue;
          const clauses = clausesOf(changed(one, path, strange));
          for (const clause of clauses) expect(CLAUSES, `${place} = ${String(strange)}`).toContain(clause);
          if (clauses.length === 0) expect.soft(place, `${JSON.stringify(strange)} is accepted`).toMatch(FREE);
        }
      }
    }
  });

  it("and a key more, of any name", () => {
    for (const { text } of small.slice(0, 8)) {
      const certificate = parseJson(text) as Json;
      const objects = placesOf(certificate).filter((path) => {
        const found = path.reduce((value, key) => value[key], certificate);
        return typeof found === "object" && found !== null && !Array.isArray(found);
      });
      for (const path of objects)
        for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty", "length", ""]) {
          const found = path.reduce((value, step) => value[step], certificate);
          const more = Object.fromEntries([...Object.entries(found), [key, "1"]]);
          expect(clausesOf(changed(certificate, path, more)).length, `${path.join(".")} + ${key}`).toBeGreaterThan(0);
        }
    }
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});

describe("anything at all", () => {
  it("is refused", () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withSparseArray: true }), (value) => {
        expect(clausesOf(value)).toEqual(FORMAT);
        expect(clausesOf(smallCertificate([value]))).toEqual(FORMAT);
        expect(clausesOf({ ...smallCertificate([{ kind: "feasible" }]), problem: value })).toEqual(FORMAT);
      }),
      { numRuns: 500 },
    );
  });

  it("in a statement of any kind is refused", () => {
    const keys = [
      "scope",
      "reach",
      "by",
      "tree",
      "trees",
      "curve",
      "terms",
      "radius",
      "roots",
      "better",
      "direction",
      "margin",
    ];
    const kinds = ["kkt", "not-kkt", "not-local", "not-global", "strict-local", "bound", "vertices", "infeasible"];
    const statement = fc
      .tuple(fc.constantFrom(...kinds), fc.dictionary(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 5 })))
      .map(([kind, rest]) => ({ kind, ...rest }));
    fc.assert(
      fc.property(statement, (value) => {
        expect(clausesOf(smallCertificate([value]))).not.toEqual([]);
        for (const clause of clausesOf(smallCertificate([value]))) expect(CLAUSES).toContain(clause);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("deep nesting", () => {
  const lists = nested(100_000, (inner) => [inner]);
  const objects = nested(100_000, (inner) => ({ kind: "bound", tree: inner, by: inner }));
  it.each([
    ["the certificate", lists],
    ["the certificate, in objects", objects],
    ["a statement", smallCertificate([lists])],
    ["a statement, in objects", smallCertificate([objects])],
    ["a number", smallCertificate([{ kind: "feasible" }], { point: [lists] })],
    ["the network", smallCertificate([{ kind: "feasible" }], { network: objects })],
    [
      "the layers",
      smallCertificate([{ kind: "feasible" }], { network: { kind: "layers", activation: "relu", layers: lists } }),
    ],
    ["a title", smallCertificate([{ kind: "feasible" }], { title: lists })],
    ["a tree", smallCertificate([{ kind: "bound", scope: "whole", reach: "global", by: { tree: lists } }])],
    [
      "a path",
      smallCertificate([
        { kind: "bound", scope: "whole", reach: "global", by: { tree: [{ leaf: { products: lists } }] } },
      ]),
    ],
  ])("of %s", (_, certificate) => expect(clausesOf(certificate)).toEqual(FORMAT));
});

describe("long lists", () => {
  const unit = { sample: 1, layer: 1, unit: 1 };
  const relu = { network: { kind: "fully-connected", widths: [1, 1, 1], activation: "relu" }, point: ["1", "1"] };
  const bound = (tree: unknown) => [{ kind: "bound", scope: "whole", reach: "global", by: { tree } }];
  it.each([
    ["1,001 statements", smallCertificate(new Array(1001).fill({ kind: "feasible" }))],
    [
      "200,001 samples",
      smallCertificate([{ kind: "feasible" }], { data: new Array(200_001).fill({ x: ["1"], y: 1 }) }),
    ],
    ["nothing, a thousand million times", smallCertificate(new Array(1_000_000_000))],
    ["a list of 10⁹ by its length only", smallCertificate({ length: 1_000_000_000 })],
    ["200,001 nodes", smallCertificate(bound(new Array(200_001).fill({ split: unit })), relu)],
    ["200,000 nodes one below the other", smallCertificate(bound(new Array(200_000).fill({ split: unit })), relu)],
    ["200,001 products", smallCertificate(bound([{ leaf: { products: new Array(200_001).fill({}) } }]), relu)],
    ["a point too long", smallCertificate([{ kind: "feasible" }], { point: new Array(100_000).fill("1") })],
    [
      "a curve of degree 17",
      smallCertificate([{ kind: "not-local", scope: "whole", curve: { end: "1", steps: new Array(17).fill({}) } }]),
    ],
  ])("%s", (_, certificate) => expect(clausesOf(certificate)).toEqual(FORMAT));
});

describe("large numbers", () => {
  const digits = "7".repeat(4900);
  it("are read and compared", () => {
    expect(clausesOf(smallCertificate([{ kind: "feasible" }], { point: [digits] }))).toEqual([]);
    expect(clausesOf(smallCertificate([{ kind: "feasible" }], { point: [`1/${digits}`] }))).toEqual([
      "feasible.margin",
    ]);
  });
  it("and refused beyond 5,000 digits", () => {
    expect(clausesOf(smallCertificate([{ kind: "feasible" }], { point: ["7".repeat(5001)] }))).toEqual(FORMAT);
    expect(clausesOf(smallCertificate([{ kind: "feasible" }], { point: [`1/${"7".repeat(5000)}`] }))).toEqual(FORMAT);
  });
  it("are no numbers where they count", () => {
    for (const sample of [2, 0, -1, 2 ** 31, 2 ** 53, 1e300, Number.POSITIVE_INFINITY])
      expect(clausesOf(smallCertificate([{ kind: "infeasible", margin: { sample } }]))).toEqual(FORMAT);
  });
});

describe("work is bounded", () => {
  const long = `1/${"7".repeat(300)}`;
  const ones = (n: number) => new Array<string>(n).fill("1");
  const network = { kind: "diagonal", width: 1, depth: 4, activation: "linear" };
  const steps = [...new Array(15).fill({}), Object.fromEntries([1, 2, 3, 4].map((l) => [`w${l}[1]`, "-1/3"]))];
  const dear = { kind: "not-local", scope: "whole", curve: { end: long, steps } };

  it("by one budget for all statements: after the first `limit` there is nothing left", () => {
    const clauses = clausesOf(smallCertificate(new Array(1000).fill(dear), { network, point: ones(4) }));
    expect(clauses).toHaveLength(1000);
    const first = clauses.indexOf("limit");
    expect(first, "some statements are still looked at").toBeGreaterThan(0);
    expect(new Set(clauses.slice(0, first))).toEqual(new Set(["not-local.margin"]));
    expect(new Set(clauses.slice(first))).toEqual(new Set(["limit"]));
  });

  it("and spent by one statement as well", () => {
    const deep = { ...network, depth: 10 };
    const all = Object.fromEntries(Array.from({ length: 10 }, (_, l) => [`w${l + 1}[1]`, "-1/3"]));
    const statement = { ...dear, curve: { end: `1/${"7".repeat(1000)}`, steps: [...new Array(15).fill({}), all] } };
    expect(clausesOf(smallCertificate([statement, { kind: "feasible" }], { network: deep, point: ones(10) }))[0]).toBe(
      "limit",
    );
  });

  it("and by the size of a matrix", () => {
    // Every branch curves the margin by itself, so that no few vectors span the curvature.
    const width = 1600;
    const problem = {
      network: { kind: "diagonal", width, depth: 2, activation: "linear" },
      point: new Array<string>(2 * width).fill("1/40"),
      data: [{ x: new Array<string>(width).fill("1"), y: 1 }],
    };
    const leaf = { multipliers: ["1"], rho: "1", kappa: "1/2", products: [] };
    const statement = { kind: "strict-local", scope: "whole", radius: "1/1024", tree: [{ leaf }] };
    expect(clausesOf(smallCertificate([statement], problem))).toEqual(["limit"]);
  });

  it("but not by the number of variables", () => {
    const n = 4000;
    const point = ["1", ...new Array<string>(n - 1).fill("0")];
    const clauses = (kappa: string) => {
      const leaf = { multipliers: ["1"], rho: "0", kappa, products: [] };
      const statement = { kind: "strict-local", scope: "whole", radius: "1", tree: [{ leaf }] };
      const problem = { network: { kind: "fully-connected", widths: [n, 1], activation: "linear" }, point };
      return clausesOf(smallCertificate([statement], { ...problem, data: [{ x: point, y: 1 }] }));
    };
    expect(clauses("1")).toEqual([]);
    // Nothing but the diagonal 1 − κ is left, and it is negative.
    expect(clauses("2")).toEqual(["strict-local.curvature"]);
  });

  it("also where a sum of many fractions has no common denominators", () => {
    const n = 20_000;
    const x = Array.from({ length: n }, (_, k) => `1/${10n ** 50n + BigInt(2 * k + 1)}`);
    const problem = { network: { kind: "fully-connected", widths: [n, 1], activation: "linear" }, data: [{ x, y: 1 }] };
    const point = new Array<string>(n).fill("1/3");
    expect(clausesOf(smallCertificate([{ kind: "feasible" }], { ...problem, point }))).toEqual(["limit"]);
  });

  it("also where a field is defined by large numbers", () => {
    const zeros = (k: number) => "0".repeat(k);
    const minimalPolynomial = ["-2", ...new Array<string>(15).fill("0"), "1"];
    const interval = [`1${zeros(1000)}/1${zeros(999)}7`, `2${zeros(1000)}/1${zeros(999)}3`];
    expect(clausesOf(smallCertificate([{ kind: "feasible" }], { field: { minimalPolynomial, interval } }))).toEqual([]);
  });

  it("also where the zeros of a function are close, and where it is large", () => {
    // s^256 − 2(1000s − 1)² has two zeros near 1/1000, at a distance of about 10^−384.
    const close = Array.from({ length: 257 }, (_, k) => ["-2", "4000", "-2000000"][k] ?? (k === 256 ? "1" : "0"));
    const field = { parameter: "s", interval: ["0", "1"] };
    const feasible = [{ kind: "feasible" }];
    expect(clausesOf(smallCertificate(feasible, { field, point: [[["1"], close]] }))).toEqual(["family.sign"]);
    const large = Array.from({ length: 257 }, (_, k) => `${((k * k * 7919) % 1009) - 300}`);
    const deep = { ...network, depth: 8 };
    const point = new Array(8).fill([large, ["1"]]);
    expect(clausesOf(smallCertificate(feasible, { field, network: deep, point }))).toEqual(["limit"]);
  });

  it("and no one else's: the next certificate has its own", () => {
    expect(refusalOf(smallCertificate([{ kind: "feasible" }]))).toBeNull();
  });
});
