/**
 * Enclosed points: what is accepted under `test/certificates/enclosed`, with what it means, and what looks like it and is refused; boxes
 * about whose zeros the truth is known; changes of single numbers; and the accepted points once more in floating point, by other code.
 */
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { endsOf, type Interval } from "../../src/exact/interval.js";
import { Q, rational } from "../../src/exact/rational.js";
import type { EnclosedFacts } from "../../src/kernel/enclosed/system.js";
import { verifyCertificate } from "../../src/kernel/verify.js";
import { formatJson } from "../../src/network/codec.js";
import { parseJson } from "../../src/network/decode.js";
import { type Json, type Rejected, refusalOf } from "./fixtures.js";

const place = new URL("../certificates/enclosed/", import.meta.url);

function read(folder: string): { readonly name: string; readonly text: string }[] {
  return readdirSync(new URL(folder, place))
    .sort()
    .map((file) => ({
      name: file.slice(0, -".json".length),
      text: readFileSync(new URL(folder + file, place), "utf8"),
    }));
}

const accepted = read("accept/");
const rejected = read("reject/").map(({ name, text }) => ({ name, text, ...(parseJson(text) as Rejected) }));

/** What each accepted certificate proves, besides that the point is a feasible KKT point. */
const PROVED = new Map<string, readonly string[]>([
  ["bend", ["local no", "global yes", "global yes"]],
  ["crossing", ["local no"]],
  ["deep-two-paths", ["local yes", "local yes", "local yes", "global yes"]],
  ["fc-relu", ["local no"]],
  ["frozen-output", []],
  ["generic-three-directions", ["global yes"]],
  ["leaky", []],
  ["linear-depth3", ["global yes"]],
  ["local-not-global", ["local yes", "global no"]],
  ["shared-idle", []],
  ["three-classes", []],
  ["tiny", ["global yes"]],
  ["xor", ["global yes"]],
]);

function factsOf(text: string): EnclosedFacts {
  const verdict = verifyCertificate(parseJson(text));
  if (!verdict.readable || verdict.sort !== "enclosed") throw new RangeError("not accepted");
  return verdict.enclosed;
}

describe("accepted, statement by statement", () => {
  it.each(accepted)("$name", ({ name, text }) => {
    const verdict = verifyCertificate(parseJson(text));
    if (!verdict.readable) throw new RangeError(verdict.refusal.found);
    const meanings = verdict.statements.map((one) =>
      one.accepted ? `${one.meaning.about} ${one.meaning.answer}` : one.found,
    );
    expect(meanings).toEqual(["feasible yes", "kkt yes", ...(PROVED.get(name) ?? ["not listed"])]);
  });
});

describe("rejected, by its own clause", () => {
  it.each(rejected)("$name: $why", ({ name, certificate, clause, text }) => {
    expect(certificate.statements.length).toBe(1);
    expect(refusalOf(certificate)).toMatchObject({ accepted: false, clause });
    expect(name.split(".")[0]).toBe(clause.replace(".", "-"));
    const { why } = parseJson(text) as Rejected;
    expect(formatJson({ clause, why, certificate })).toBe(text);
  });
});

/** The middle of an interval. */
function toNumber({ ring }: EnclosedFacts, interval: Interval): number {
  const [low, high] = endsOf(interval, ring.precision);
  return Q.toNumber(Q.div(Q.add(low, high), rational(2n)));
}

describe("the accepted points, in floating point", () => {
  it.each(accepted)("$name", ({ text }) => {
    const facts = factsOf(text);
    const { problem, point, margins } = facts;
    const { network, data } = problem;
    const [theta, lambda, tau] = [facts.theta, facts.lambda, facts.tau].map((list) =>
      list.map((one) => toNumber(facts, one)),
    ) as [number[], number[], number[]];
    const slopes = network.slopes.map(Q.toNumber);
    const kinkOf = new Map(point.kinks.flatMap((units, k) => units.map((at) => [JSON.stringify(at), k])));
    /** A margin at any parameters, with σ or with the slopes τ at kinks. */
    const margin = (j: number, at: readonly number[], isFixed: boolean) => {
      const { sample, plus, minus } = margins[j]!;
      const weights = [...at, ...problem.frozen.map(Q.toNumber)];
      const states = point.patterns.find((one) => one.sample === sample)?.layers;
      let values = data[sample]!.x.map(Q.toNumber);
      for (const [layer, rows] of network.layers.entries()) {
        const sums = rows.map((row) => row.reduce((t, { from, weight }) => t + weights[weight]! * values[from]!, 0));
        values = sums.map((z, unit) => {
          const slope = slopes[layer];
          if (slope === undefined || slope === 1) return z;
          if (!isFixed) return z > 0 ? z : slope * z;
          const state = states![layer]![unit]!;
          if (state !== "?") return state === "+" ? z : slope * z;
          return (slope + (1 - slope) * tau[kinkOf.get(JSON.stringify({ sample, layer, unit }))!]!) * z;
        });
      }
      return (plus === null ? 0 : values[plus]!) - (minus === null ? 0 : values[minus]!);
    };
    for (const j of margins.keys()) {
      const value = margin(j, theta, false);
      if (point.active.includes(j)) {
        expect(value).toBeCloseTo(1, 8);
        expect(margin(j, theta, true)).toBeCloseTo(1, 8);
      } else expect(value).toBeGreaterThan(1);
    }
    const step = 1e-6;
    for (const [k, value] of theta.entries()) {
      const moved = (by: number) => theta.map((c, m) => (m === k ? c + by : c));
      const pull = point.active.reduce(
        (total, j, n) =>
          total + (lambda[n]! * (margin(j, moved(step), true) - margin(j, moved(-step), true))) / (2 * step),
        0,
      );
      expect(pull).toBeCloseTo(value, 5);
    }
    expect(Math.min(...lambda)).toBeGreaterThan(0);
    for (const slope of tau) expect(slope > 0 && slope < 1).toBe(true);
  });
});

describe("boxes of Φ = v w at x = 1, whose zeros are (1, 1, 1) and (-1, -1, 1)", () => {
  const certificate = parseJson(accepted.find(({ name }) => name === "tiny")!.text) as Json;
  const numbers = fc.tuple(fc.integer({ min: -300, max: 300 }), fc.integer({ min: 0, max: 9 }));
  const value = (sign: number) => numbers.map(([n, k]) => sign + n / 100 / 2 ** k);
  const text = (x: number) => rational(BigInt(Math.round(x * 2 ** 20)), 2n ** 20n).toFraction();

  /** The inverse of the Jacobian of v − λw, w − λv, vw − 1 by (w, v, λ), in the kernel's order w − λv, v − λw. */
  function inverseAt([w, v, l]: readonly number[]): number[][] {
    const J = [
      [1, -l!, -v!],
      [-l!, 1, -w!],
      [v!, w!, 0],
    ];
    const minor = (i: number, k: number) => {
      const [a, b] = J.filter((_, r) => r !== i).map((row) => row.filter((_, c) => c !== k)) as [number[], number[]];
      return a[0]! * b[1]! - a[1]! * b[0]!;
    };
    const det = J[0]!.reduce((t, c, k) => t + (k % 2 === 0 ? 1 : -1) * c * minor(0, k), 0);
    return J.map((_, i) => J.map((__, k) => ((i + k) % 2 === 0 ? 1 : -1) * (minor(k, i) / det)));
  }

  it("accepted only with exactly one zero inside", () => {
    let count = 0;
    const radii = fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 1, max: 2 ** 21 }).map((n) => n / 2 ** 20)));
    const some = fc.tuple(fc.constantFrom(1, -1), fc.integer({ min: 0, max: 12 })).chain(([sign, shift]) =>
      fc.record({
        centre: fc.tuple(value(sign), value(sign), value(1)),
        radius: radii.map((all) => all.map((r) => Math.max(r / 2 ** shift, 2 ** -20))),
        pull: fc.integer({ min: 0, max: 14 }).map((k) => 2 ** -k),
        sign: fc.constant(sign),
      }),
    );
    fc.assert(
      fc.property(some, ({ centre: away, radius, pull, sign }) => {
        const target = [sign, sign, 1];
        const centre = away.map((c, k) => Math.round((target[k]! + pull * (c - target[k]!)) * 2 ** 20) / 2 ** 20);
        const inverse = inverseAt(centre);
        if (inverse.flat().some((c) => !(Math.abs(c) < 1e6))) return;
        const changed = structuredClone(certificate);
        Object.assign(changed.problem.point, {
          centre: centre.map(text),
          radius: radius.map(text),
          inverse: inverse.map((row) => row.map(text)),
        });
        changed.statements = [{ kind: "feasible" }];
        const refusal = refusalOf(changed);
        if (refusal !== null) {
          expect(refusal.clause).toBe("enclosed.zero");
          return;
        }
        const zeros = [1, -1].filter((s) => [s, s, 1].every((c, k) => Math.abs(c - centre[k]!) <= radius[k]!));
        expect(zeros.length).toBe(1);
        count++;
      }),
      { numRuns: 1500 },
    );
    expect(count).toBeGreaterThan(50);
  });
});

describe("one number changed", () => {
  /** Where a change may leave a proof, and why. */
  const STILL_PROOFS = new Map([
    ["radius", "the box need only hold the zero"],
    ["centre", "the centre need only be near the zero"],
    ["inverse", "the inverse need only be near"],
    ["direction", "the directions of waking are an open set"],
    ["better", "a better point may have room"],
    ["data", "a sample without active margins may move"],
    ["range", "where an unknown is 0, so is its opposite"],
  ]);
  const small = accepted.filter(({ text }) => text.length < 3000);

  it.each(small)("$name", ({ text }) => {
    const whole = parseJson(text) as Json;
    const visit = (value: Json, path: readonly (string | number)[]): void => {
      if (typeof value === "object" && value !== null) {
        for (const key of Object.keys(value)) visit(value[key], [...path, key]);
        return;
      }
      if (typeof value !== "string" || !/^-?\d+(\/\d+)?$/.test(value)) return;
      const [n, d = "1"] = value.split("/") as [string, string?];
      for (const mutant of [`${BigInt(n) + BigInt(d)}/${d}`, ...(n === "0" ? [] : [`${-BigInt(n)}/${d}`])]) {
        const changed = structuredClone(whole);
        let inner = changed;
        for (const key of path.slice(0, -1)) inner = inner[key];
        inner[path.at(-1)!] = mutant;
        const refusal = refusalOf(changed);
        expect.soft(refusal?.clause, `${path.join(".")}: ${mutant}`).not.toBe("internal");
        if (refusal === null)
          expect
            .soft(
              path.some((key) => STILL_PROOFS.has(`${key}`)),
              `${path.join(".")}: ${mutant}`,
            )
            .toBe(true);
      }
    };
    visit(whole.problem.point, ["problem", "point"]);
    visit(whole.problem.data, ["problem", "data"]);
    visit(whole.statements, ["statements"]);
  });
});
