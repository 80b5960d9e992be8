import fc from "fast-check";
import { expect, test } from "vitest";
import { formatRational, gcd, parseRational, Q, ratioToNumber } from "../../src/exact/rational.js";
import { rationalNumber } from "./fields.js";

test("text is canonical and reads back", () => {
  fc.assert(fc.property(rationalNumber, (q) => Q.isZero(Q.sub(parseRational(formatRational(q))!, q))));
  expect(formatRational(parseRational("-6/4")!)).toBe("-3/2");
  expect(formatRational(parseRational("-0")!)).toBe("0");
});

test.each(["", "+1", "1.5", "1/0", "1/-2", "1e3", " 1", "1\n", "0x10", "--1", "1/2/3", "٣"])(
  "%j is no rational",
  (text) => {
    expect(parseRational(text)).toBeNull();
  },
);

test("the greatest common divisor is not negative", () => {
  expect([gcd(-12n, 18n), gcd(0n, -5n), gcd(0n, 0n)]).toEqual([6n, 5n, 0n]);
});

test("floating-point values of huge quotients are as near as those of small ones", () => {
  fc.assert(
    fc.property(fc.bigInt(-(10n ** 12n), 10n ** 12n), fc.bigInt(1n, 10n ** 12n), fc.nat(3000), (n, d, shift) => {
      const expected = Number(n) / Number(d);
      const found = ratioToNumber(n << BigInt(shift), d << BigInt(shift));
      return Math.abs(found - expected) <= 1e-15 * Math.abs(expected);
    }),
  );
  expect(ratioToNumber(10n ** 420n, 10n ** 120n + 1n)).toBeCloseTo(1e300, -286);
  expect(ratioToNumber(2n ** 1500n, 2n ** 490n)).toBe(2 ** 1010);
  expect(ratioToNumber(-(2n ** 5000n), 1n)).toBe(-Infinity);
  expect(ratioToNumber(1n, 2n ** 5000n)).toBe(0);
});
