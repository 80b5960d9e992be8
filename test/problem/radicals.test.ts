import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { equals } from "../../src/exact/field.js";
import { parseRational, Q, rational } from "../../src/exact/rational.js";
import { towerField } from "../../src/problem/primitive.js";
import { type Radical, RadicalDegreeError, radicalTower } from "../../src/problem/radicals.js";
import { exactRoot, integerRoot } from "../../src/problem/roots.js";

const radical = (text: string, degree: number): Radical => ({ radicand: parseRational(text)!, degree });

function radicalField(radicals: readonly Radical[]) {
  const { tower, value } = radicalTower(radicals);
  const { field, embed } = towerField(tower);
  return { field, value: (one: Radical) => embed(value(one)) };
}

describe("the field of several radicals", () => {
  // Degrees by Kneser's theorem: the order of the group of the radicals modulo the rationals.
  test.each<[number, ...[string, number][]]>([
    [2, ["2", 2]],
    [2, ["2", 2], ["8", 2], ["1/2", 2], ["9/2", 2]],
    [4, ["2", 2], ["3", 2]],
    [4, ["2", 2], ["3", 2], ["6", 2], ["2/3", 2]],
    [4, ["2", 4], ["2", 2]],
    [4, ["12", 4], ["3/4", 2]],
    [2, ["4", 4]],
    [3, ["2", 3], ["4", 3], ["1/2", 3]],
    [6, ["2", 3], ["2", 2]],
    [6, ["2", 3], ["3", 2]],
    [9, ["2", 3], ["3", 3], ["12", 3]],
    [8, ["6", 2], ["10", 2], ["15", 4]],
    [12, ["2", 12], ["8", 4], ["4", 3]],
    [16, ["2", 2], ["3", 2], ["5", 2], ["7", 2]],
    [32, ["2", 32]],
    [32, ["2", 2], ["3", 2], ["5", 2], ["7", 2], ["11", 2]],
  ])("degree %i", (degree, ...radicals) => {
    const given = radicals.map(([text, k]) => radical(text, k));
    const { field: K, value } = radicalField(given);
    expect(K.degree).toBe(degree);
    for (const one of given) {
      const root = value(one);
      let power = K.one;
      for (let k = 0; k < one.degree; k++) power = K.mul(power, root);
      expect(equals(K, power, K.fromRational(one.radicand))).toBe(true);
      expect(K.sign(root)).toBe(1);
      expect(K.toNumber(root)).toBeCloseTo(Q.toNumber(one.radicand) ** (1 / one.degree), 12);
    }
  });

  test("the plainest generator is taken", () => {
    const polynomial = (...radicals: Radical[]) =>
      radicalField(radicals).field.description?.minimalPolynomial.map(String).join(" ");
    expect(polynomial(radical("2", 2))).toBe("-2 0 1");
    expect(polynomial(radical("8", 2))).toBe("-2 0 1");
    expect(polynomial(radical("1/2", 3))).toBe("-4 0 0 1");
    expect(polynomial(radical("2", 2), radical("2", 4))).toBe("-2 0 0 0 1");
    expect(polynomial(radical("2", 2), radical("3", 2))).toBe("1 0 -10 0 1");
  });

  test("no radical, or exact roots only, leave ℚ", () => {
    expect(radicalField([]).field).toBe(Q);
    const { field, value } = radicalField([radical("4/9", 2), radical("8", 3)]);
    expect(field).toBe(Q);
    expect(String(value(radical("4/9", 2)))).toBe("0.(6)");
  });

  test.each<[number, ...[string, number][]]>([
    [0, ["2", 33]],
    [0, ["2", 1024]],
    [5, ["2", 2], ["3", 2], ["5", 2], ["7", 2], ["11", 2], ["13", 2]],
    [2, ["2", 8], ["2", 4], ["3", 5], ["2", 2]],
  ])("a degree over 32 is refused, at radical %i", (culprit, ...radicals) => {
    const given = radicals.map(([text, k]) => radical(text, k));
    let found: unknown;
    try {
      radicalField(given);
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(RadicalDegreeError);
    expect((found as RadicalDegreeError).radical).toBe(given[culprit]);
    expect((found as RadicalDegreeError).message).toBe("the numbers need a field of degree over 32");
  });
});

test("integer roots are floors", () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 60n), fc.integer({ min: 1, max: 70 }), (n, k) => {
      const root = integerRoot(n, k);
      return root ** BigInt(k) <= n && n < (root + 1n) ** BigInt(k);
    }),
  );
});

test("exact roots are found, and only they", () => {
  const positive = fc.tuple(fc.bigInt(1n, 10n ** 9n), fc.bigInt(1n, 10n ** 9n)).map(([n, d]) => rational(n, d));
  fc.assert(
    fc.property(positive, fc.integer({ min: 2, max: 9 }), (q, k) => {
      const power = rational(q.n ** BigInt(k), q.d ** BigInt(k));
      expect(exactRoot(power, k)?.equals(q)).toBe(true);
      expect(exactRoot(power.add(rational(1n, power.d)), k)).toBeNull(); // two k-th powers are never neighbours
    }),
  );
});
