import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatRational } from "../../src/exact/rational.js";
import { fault, fileText, problemOn } from "./files.js";

const ONE_INPUT = { kind: "fully-connected", widths: [1, 1], activation: "linear" };

/** Coordinates of the number in the field of its own radicals. */
function read(number: string | number): string {
  const { field, data } = problemOn(ONE_INPUT, [number]);
  return field.coordinates(data[0]!.x[0]!).map(formatRational).join(" ");
}

function numberFault(number: unknown): string {
  return fault(fileText({ network: ONE_INPUT, data: [{ x: [number], y: 1 }], point: undefined }));
}

test.each([
  [-7, "-7"],
  [-0, "0"],
  [999_999_999_999_999, "999999999999999"],
  ["-3/4", "-3/4"],
  ["0.25", "1/4"],
  ["0.1", "1/10"],
  [" 1 / 3 ", "1/3"],
  ["--1", "1"],
  ["-2^2", "-4"],
  ["2^-2", "1/4"],
  ["2*3+4/(5-1)", "7"],
  ["1-2-3", "-4"],
  ["12/3/2", "2"],
  ["0^0", "1"],
  ["2^(1+2)", "8"],
  ["sqrt(4/9)", "2/3"],
  ["root(2,3)^3", "2 0 0"],
  ["sqrt(2)/2", "0 1/2"],
  ["1/sqrt(2)", "0 1/2"],
  ["sqrt(8)", "0 2"],
  ["(1+sqrt(2))^-1", "-1 1"],
  ["root(2,3)*root(4,3)", "2 0 0"],
  ["sqrt(2)*sqrt(3)-sqrt(6)", "0 0 0 0"],
  ["root(5,1)", "5"],
  ["root(2,1+2)^2", "0 0 1"],
  ["sqrt(1/2+3/2)", "0 1"],
])("%j is read exactly", (number, expected) => {
  expect(read(number)).toBe(expected);
});

test("integers, fractions and decimals of any size keep every digit", () => {
  fc.assert(
    fc.property(fc.bigInt(-(10n ** 60n), 10n ** 60n), fc.bigInt(1n, 10n ** 60n), (n, d) => {
      const [whole, part] = [n < 0n ? -n : n, d];
      expect(read(`${n}/${d}-${n}/${d}`)).toBe("0");
      expect(read(`(${n})/${d}*${d}`)).toBe(`${n}`);
      expect(read(`${whole}.${part}`)).toBe(read(`${whole}+${part}/10^${`${part}`.length}`));
    }),
    { numRuns: 30 },
  );
});

describe("a number that is none is refused in one line", () => {
  test.each([
    [0.5, 'the JSON number 0.5 would be a float: write it as a string, such as "1/4" or "0.25"'],
    ["1/0", "division by zero"],
    ["1/(sqrt(2)-sqrt(2))", "division by zero"],
    ["0^-1", "division by zero"],
    ["sqrt(-1)", "roots are of positive rationals only"],
    ["sqrt(0)", "roots are of positive rationals only"],
    ["sqrt(sqrt(2))", "a root, an exponent or a degree may hold rational numbers only"],
    ["root(2,sqrt(2))", "a root, an exponent or a degree may hold rational numbers only"],
    ["root(2,0)", "the degree of a root is a positive integer"],
    ["root(2,1/2)", "the degree of a root is an integer"],
    ["root(2,10^9)", "the degree of a root is at most 1024 in size"],
    ["root(2,33)", "the numbers need a field of degree over 32"],
    ["2^(1/2)", "an exponent is an integer"],
    ["2^(10^9)", "an exponent is at most 4096 in size"],
    ["(10^4096)^4096", "a number of more than 16384 bits"],
    ["sqrt(10^4096+1)", "the root of a number of more than 512 bits"],
    ["(sqrt(2)+sqrt(3)+sqrt(5)+sqrt(7)+sqrt(11))^-1000", "a number of more than 16384 bits"],
    [`${"(".repeat(1500)}1${")".repeat(1500)}`, "a number nested more than 64 deep"],
    [`${"(".repeat(20_000)}1${")".repeat(20_000)}`, "a number of 40001 characters; at most 4000"],
    ["1e5", '"1e5" is not a number such as "-3/4", "0.25" or "sqrt(2)/2": found "e"'],
    ["x", '"x" is not a number such as "-3/4", "0.25" or "sqrt(2)/2": found "x"'],
    ["process.exit(1)", '"process.exit(1)" is not a number such as "-3/4", "0.25" or "sqrt(2)/2": found "p"'],
    ["1\n;2", '"1\\n;2" is not a number such as "-3/4", "0.25" or "sqrt(2)/2": found ";"'],
    ["", '"" is not a number such as "-3/4", "0.25" or "sqrt(2)/2": it ends too early'],
    ["(1", '"(1" is not a number such as "-3/4", "0.25" or "sqrt(2)/2": it ends too early'],
    ["1 2", '"1 2" is not a number such as "-3/4", "0.25" or "sqrt(2)/2": found "2"'],
    [".5", '".5" is not a number such as "-3/4", "0.25" or "sqrt(2)/2": found "."'],
    ["٣", '"٣" is not a number such as "-3/4", "0.25" or "sqrt(2)/2": found "٣"'],
    ["NaN", '"NaN" is not a number such as "-3/4", "0.25" or "sqrt(2)/2": found "N"'],
    [true, "expected a number, found true"],
    [null, "expected a number, found null"],
    [["1"], "expected a number, found a list of 1"],
    [{}, "expected a number, found an object"],
  ])("%j", (number, message) => {
    expect(numberFault(number)).toBe(`data[0].x[0]: ${message}`);
  });

  test.each(["1e999999999", "1.0", "-1.5e-3", "12345678901234567890", "1e5"])("the JSON number %s", (literal) => {
    const source = fileText({ network: ONE_INPUT, data: [{ x: ["@"], y: 1 }], point: undefined });
    expect(fault(source.replace('"@"', literal))).toBe(
      `data[0].x[0]: the JSON number ${literal} would be a float: write it as a string, such as "1/4" or "0.25"`,
    );
  });

  test("nested inversions in a field of degree 16", () => {
    const nested = Array.from({ length: 60 }, (_, k) => k).reduce(
      (inner, k) => `1/(${k}+${inner})`,
      "(sqrt(2)+sqrt(3)+sqrt(5)+sqrt(7))",
    );
    expect(numberFault(nested)).toBe("data[0].x[0]: a number of more than 16384 bits");
  });
});

test("the numbers of a file share one field, and the first that makes it too large is named", () => {
  const four = { kind: "fully-connected", widths: [4, 1], activation: "linear" };
  const { field, data } = problemOn(four, ["sqrt(2)", "sqrt(8)", "root(2,4)", 1]);
  expect(field.degree).toBe(4);
  expect(data[0]!.x.map(field.toNumber)).toEqual([Math.SQRT2, 2 * Math.SQRT2, 2 ** 0.25, 1]);
  const tooMany = fileText({ network: four, data: [{ x: ["root(2,8)", "root(2,4)", "root(3,5)", 1], y: 1 }] });
  expect(fault(tooMany)).toMatch(/^point: /); // the point is read first
  expect(fault(tooMany.replace(/,"point":.*/, "}"))).toBe("data[0].x[2]: the numbers need a field of degree over 32");
});

test("many different roots of one field are read, and too many refused", () => {
  const roots = (n: number) => Array.from({ length: n }, (_, k) => `sqrt(2*${k + 1}^2)`);
  const network = (n: number) => ({ kind: "fully-connected", widths: [n, 1], activation: "linear" });
  const { field, data } = problemOn(network(300), roots(300));
  expect(field.coordinates(data[0]!.x[299]!).map(formatRational)).toEqual(["0", "300"]);
  const source = fileText({ network: network(501), data: [{ x: roots(501), y: 1 }], point: undefined });
  expect(fault(source)).toBe("data[0].x[500]: more than 500 different roots in a file");
});
