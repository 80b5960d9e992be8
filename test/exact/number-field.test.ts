import { describe, expect, test } from "vitest";
import { equals, type Field } from "../../src/exact/field.js";
import { FieldError } from "../../src/exact/number-field.js";
import { Q, rational } from "../../src/exact/rational.js";
import { field } from "./fields.js";

/** Σ coefficients[k] a^k */
function polynomial(K: Field<unknown>, ...coefficients: bigint[]): unknown {
  return K.fromCoordinates(coefficients.map((c) => rational(c)));
}

const x33 = ["-2", ...new Array<string>(32).fill("0"), "1"];

describe("a description that does not define a real number field is refused", () => {
  test.each([
    ["not monic", ["-1", "0", "2"], "0", "1", /not monic/],
    ["a fraction for a coefficient", ["-1/2", "0", "1"], "0", "1", /coefficient -1\/2, not an integer/],
    ["degree 33", x33, "1", "2", /degree 33, not 2 to 32/],
    ["degree 1", ["-2", "1"], "1", "3", /degree 1,/],
    ["no polynomial", [], "1", "3", /degree -1,/],
    ["no root in the interval", ["-2", "0", "1"], "2", "3", /exactly one root/],
    ["two roots in the interval", ["-2", "0", "1"], "-2", "2", /exactly one root/],
    ["a double root in the interval", ["4", "0", "-4", "0", "1"], "1", "2", /exactly one root/],
    ["an empty interval", ["-2", "0", "1"], "2", "1", /interval is empty/],
    ["an interval of one point", ["-2", "0", "1"], "1", "1", /interval is empty/],
    ["a root at the lower end", ["0", "-2", "0", "1"], "0", "2", /rational root/],
    ["a root at the upper end", ["0", "-2", "0", "1"], "-2", "0", /rational root/],
  ])("%s", (_, coefficients, low, high, message) => {
    expect(() => field(coefficients, low, high)).toThrow(FieldError);
    expect(() => field(coefficients, low, high)).toThrow(message);
  });
});

describe("a reducible polynomial never yields a wrong sign", () => {
  test.each([
    ["x² − 4, a = 2, the bisection meets the root", ["-4", "0", "1"], "1", "3"],
    ["x² − 4, a = 2, the bisection misses the root", ["-4", "0", "1"], "1", "4"],
  ])("%s", (_, coefficients, low, high) => {
    const K = field(coefficients, low, high);
    const zero = polynomial(K, -2n, 1n);
    expect(K.isZero(zero)).toBe(false);
    expect(() => K.sign(zero)).toThrow(FieldError);
    expect(() => K.inv(zero)).toThrow(FieldError);
  });

  test("(x² − 2)(x² − 3), a = √2", () => {
    const K = field(["6", "0", "-5", "0", "1"], "1", "3/2");
    const zero = polynomial(K, -2n, 0n, 1n);
    const minusOne = polynomial(K, -3n, 0n, 1n);
    expect(() => K.sign(zero)).toThrow(FieldError);
    expect(() => K.inv(zero)).toThrow(FieldError);
    expect(() => K.inv(minusOne)).toThrow(FieldError);
    expect(K.sign(minusOne)).toBe(-1);
    expect(K.sign(polynomial(K, -1n, 1n))).toBe(1);
    expect(K.isZero(K.mul(zero, minusOne))).toBe(true);
  });
});

test("a degree of 32 is supported, and its inverses are quick", () => {
  const K = field(["-2", ...new Array<string>(31).fill("0"), "1"], "1", "2");
  const dense = K.fromCoordinates(
    Array.from({ length: 32 }, (_, k) => rational(BigInt(7 * k * k + 3) ** 9n, BigInt(k + 1))),
  );
  expect(equals(K, K.mul(dense, K.inv(dense)), K.one)).toBe(true);
  expect(K.sign(dense)).toBe(1);
  const generator = K.fromCoordinates([Q.zero, Q.one]);
  expect(K.toNumber(generator)).toBeCloseTo(2 ** (1 / 32), 14);
});

test("the inverse needs a row exchange", () => {
  const K = field(["-2", "0", "1"], "1", "2");
  expect(K.coordinates(K.inv(polynomial(K, 0n, 1n))).map(String)).toEqual(["0", "0.5"]);
});
