import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { equals, power } from "../../src/exact/field.js";
import { rational } from "../../src/exact/rational.js";
import { isNoPower } from "../../src/problem/powers.js";
import { towerField } from "../../src/problem/primitive.js";
import { type Radical, radicalTower } from "../../src/problem/radicals.js";
import { DegreeError, element, type Tower, type TowerElement } from "../../src/problem/tower.js";

const radical = (n: bigint, degree: number): Radical => ({ radicand: rational(n), degree });
const integer = (tower: Tower, n: bigint) => tower.fromRational(rational(n));

/** ℚ(√2, √3, √(1+√2)) */
function nested(): Tower {
  const { tower, value } = radicalTower([radical(2n, 2), radical(3n, 2)]);
  tower.root(tower.add(tower.one, value(radical(2n, 2))), 2);
  return tower;
}

/** ℚ(2^{1/3}, (2^{1/3} + 5)^{1/3}) */
function cubic(): Tower {
  const { tower, value } = radicalTower([radical(2n, 3)]);
  tower.root(tower.add(value(radical(2n, 3)), integer(tower, 5n)), 3);
  return tower;
}

const TOWERS: readonly (readonly [string, () => Tower])[] = [
  ["ℚ", () => radicalTower([]).tower],
  ["ℚ(2^{2/3}, 2^{1/9})", () => radicalTower([radical(4n, 3), radical(2n, 9)]).tower],
  ["ℚ(√6, √10)", () => radicalTower([radical(6n, 2), radical(10n, 2)]).tower],
  ["ℚ(√2, √3, √(1+√2))", nested],
  ["ℚ(2^{1/3}, (2^{1/3} + 5)^{1/3})", cubic],
];

function elements(tower: Tower): fc.Arbitrary<TowerElement> {
  const numerators = fc.array(fc.bigInt(-9n, 9n), { minLength: tower.degree, maxLength: tower.degree });
  return fc.tuple(numerators, fc.bigInt(1n, 6n)).map(([n, d]) => element(n, d));
}

describe.each(TOWERS)("the tower %s", (_, build) => {
  const tower = build();
  const any = elements(tower);

  test("is the field that it is embedded in", () => {
    const { field: K, embed } = towerField(tower);
    expect(K.degree).toBe(tower.degree);
    fc.assert(
      fc.property(any, any, (a, b) => {
        const same = (one: TowerElement, other: unknown) => equals(K, embed(one), other);
        expect(same(tower.add(a, b), K.add(embed(a), embed(b)))).toBe(true);
        expect(same(tower.sub(a, b), K.sub(embed(a), embed(b)))).toBe(true);
        expect(same(tower.mul(a, b), K.mul(embed(a), embed(b)))).toBe(true);
        expect(same(tower.neg(a), K.neg(embed(a)))).toBe(true);
        expect(tower.sign(a)).toBe(K.sign(embed(a)));
        if (!tower.isZero(a)) expect(same(tower.inv(a), K.inv(embed(a)))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test("finds the roots of powers, and adjoins nothing for them", () => {
    const degree = tower.degree;
    fc.assert(
      fc.property(any, fc.constantFrom(2, 3, 4, 6), (a, k) => {
        fc.pre(!tower.isZero(a));
        const positive = tower.sign(a) > 0 ? a : tower.neg(a);
        const root = tower.root(power(tower, a, BigInt(2 * k)), 2 * k);
        expect(equals(tower, root, positive)).toBe(true);
        expect(tower.degree).toBe(degree);
      }),
      { numRuns: 15 },
    );
  });

  test("no power is taken for none", () => {
    fc.assert(
      fc.property(any, fc.constantFrom(2, 3, 5, 31), (a, p) => {
        fc.pre(!tower.isZero(a));
        expect(isNoPower(tower.levels, power(tower, a, BigInt(p)), p)).toBe(false);
      }),
      { numRuns: 15 },
    );
  });

  test("numbers that are no powers are proved to be none", () => {
    for (const p of [2, 3, 5, 31]) {
      expect(isNoPower(tower.levels, integer(tower, 7n), p)).toBe(true);
      expect(isNoPower(tower.levels, tower.fromRational(rational(7n, 8n)), p)).toBe(true);
    }
  });

  test("floors", () => {
    const { field: K, embed } = towerField(tower);
    for (const unit of tower.units.slice(1)) {
      const floor = tower.floor(unit, 100);
      const scaled = K.mul(embed(unit), K.fromRational(rational(1n << 100n)));
      expect(K.sign(K.sub(scaled, K.fromRational(rational(floor))))).toBe(1);
      expect(K.sign(K.sub(K.fromRational(rational(floor + 1n)), scaled))).toBe(1);
    }
  });
});

test("elements stay what they are when a level is added", () => {
  const { tower, value } = radicalTower([radical(2n, 2)]);
  const a = tower.add(value(radical(2n, 2)), tower.one);
  const b = tower.root(a, 3);
  const c = tower.root(tower.add(b, a), 2);
  expect(tower.degree).toBe(12);
  expect(equals(tower, power(tower, b, 3n), a)).toBe(true);
  expect(equals(tower, power(tower, c, 2n), tower.add(b, a))).toBe(true);
  expect(tower.root(a, 3)).toBe(b);
  expect(() => tower.root(c, 3)).toThrow(DegreeError);
  expect(tower.degree).toBe(12);
});

test("radicands are freed of powers and denominators, which makes for a small minimal polynomial", () => {
  const { tower, value } = radicalTower([radical(2n, 2)]);
  // √(36 (2 + √2) / 25) = 6/5 · √(2 + √2)
  const a = tower.mul(tower.add(value(radical(2n, 2)), integer(tower, 2n)), tower.fromRational(rational(36n, 25n)));
  const b = tower.root(a, 2);
  const { field: K, embed } = towerField(tower);
  expect(K.description?.minimalPolynomial.map(String).join(" ")).toBe("2 0 -4 0 1");
  expect(K.coordinates(embed(b)).map(String)).toEqual(["0", "1.2", "0", "0"]);
});
