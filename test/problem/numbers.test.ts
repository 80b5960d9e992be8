import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { equals, power } from "../../src/exact/field.js";
import { formatRational } from "../../src/exact/rational.js";
import { fault, fileText, problemOn } from "./files.js";

const ONE_INPUT = { kind: "fully-connected", widths: [1, 1], activation: "linear" };

/** The field of these numbers, and they in it. */
function readAll(numbers: readonly string[]) {
  const { field, data } = problemOn({ ...ONE_INPUT, widths: [numbers.length, 1] }, numbers);
  return { K: field, values: data[0]!.x };
}

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
  ["1e3", "1000"],
  ["2.5e-1", "1/4"],
  ["-1.25E+2", "-125"],
  ["1e-1000*1e1000", "1"],
  ["2^(1/3)", "0 1 0"],
  ["2^(-2/3)", "0 1/2 0"],
  ["(3/2)^(1/2)", "0 1/2"],
  ["2^0.5*2^-0.5", "1 0"],
  ["8^(2/3)", "4"],
  ["2^1/2", "1"],
  ["sqrt(sqrt(16))", "2"],
  ["sqrt(sqrt(2)^2+2)", "2"],
  ["root(sqrt(2),3)^6", "2 0 0 0 0 0"],
  ["sqrt(sqrt(3)*sqrt(12))", "0 1"],
  ["sqrt(2+sqrt(2))^2", "0 0 1 0"],
  ["sqrt(3+2*sqrt(2))", "1 1"],
  ["sqrt(3-2*sqrt(2))", "-1 1"],
  ["sqrt(4+2*sqrt(3))", "1 1"],
  ["(1+sqrt(2))^(1/1)", "1 1"],
  ["(3+2*sqrt(2))^(3/2)", "7 5"],
  ["(3+2*sqrt(2))^(-1/2)", "-1 1"],
  ["root(7+5*sqrt(2),3)", "1 1"],
  ["root(2+sqrt(5),3)", "1/2 1/2"],
  ["root(161+72*sqrt(5),12)", "1/2 1/2"],
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

const NOT_POSITIVE = "roots are of positive numbers only: write 0 for a root of 0, and -root(8,3) for one of -8";

describe("a number that is none is refused in one line", () => {
  test.each([
    [0.5, 'the JSON number 0.5 would be a float: write it as a string, such as "1/4" or "0.25"'],
    ["1/0", "division by zero"],
    ["1/(sqrt(2)-sqrt(2))", "division by zero"],
    ["0^-1", "division by zero"],
    ["sqrt(-1)", NOT_POSITIVE],
    ["sqrt(0)", NOT_POSITIVE],
    ["0^(1/2)", NOT_POSITIVE],
    ["(-8)^(1/3)", NOT_POSITIVE],
    ["sqrt(-sqrt(2))", NOT_POSITIVE],
    ["sqrt(1-sqrt(2))", NOT_POSITIVE],
    ["root(sqrt(2)-sqrt(2),3)", NOT_POSITIVE],
    ["sqrt(1+sqrt(2)-sqrt(3+2*sqrt(2)))", NOT_POSITIVE],
    ["(sqrt(2)-sqrt(3))^(1/1000)", NOT_POSITIVE],
    ["root(2,sqrt(2))", "the degree of a root is a positive integer"],
    ["root(2,0)", "the degree of a root is a positive integer"],
    ["root(2,-2)", "the degree of a root is a positive integer"],
    ["root(2,1/2)", "the degree of a root is a positive integer"],
    ["root(1+sqrt(2),1025)", "the degree of a root is at most 1024 in size"],
    ["root(root(2,40),40)", "the degree of a root is at most 1024 in size"],
    ["2^(1/1025)", "the degree of a root is at most 1024 in size"],
    ["1e1001", "the exponent of a decimal is at most 1000 in size"],
    [`1e-${"9".repeat(60)}`, "the exponent of a decimal is at most 1000 in size"],
    ["sqrt(2)^sqrt(2)", "an exponent is a rational number"],
    ["root(2,10^9)", "the degree of a root is at most 1024 in size"],
    ["root(2,33)", "the numbers need a field of degree over 32"],
    ["root(1+sqrt(2),17)", "the numbers need a field of degree over 32"],
    ["sqrt(1+sqrt(1+sqrt(1+sqrt(1+sqrt(1+sqrt(2))))))", "the numbers need a field of degree over 32"],
    [`${"sqrt(1+".repeat(60)}sqrt(2)${")".repeat(60)}`, "the numbers need a field of degree over 32"],
    [`${"sqrt(".repeat(60)}2${")".repeat(60)}`, "the degree of a root is at most 1024 in size"],
    [`${"sqrt(".repeat(70)}2${")".repeat(70)}`, "a number nested more than 64 deep"],
    ["sqrt(1e160+sqrt(2))", "the root of a number of more than 512 bits"],
    ["sqrt(1e60+sqrt(2))+root(3,4)+sqrt(5/7)", "the numbers need a field that is too large to compute in"],
    ["2^(10^9)", "an exponent is at most 4096 in size"],
    ["(10^4096)^4096", "a number of more than 16384 bits"],
    ["sqrt(10^4096+1)", "the root of a number of more than 512 bits"],
    ["(sqrt(2)+sqrt(3)+sqrt(5)+sqrt(7)+sqrt(11))^-1000", "a number of more than 16384 bits"],
    [`${"(".repeat(1500)}1${")".repeat(1500)}`, "a number nested more than 64 deep"],
    [`${"(".repeat(20_000)}1${")".repeat(20_000)}`, "a number of 40001 characters; at most 4000"],
    ["1e", '"1e" is not a number such as "-3/4", "0.25" or "sqrt(2)/2": found "e"'],
    ["1e1.5", '"1e1.5" is not a number such as "-3/4", "0.25" or "sqrt(2)/2": found "."'],
    ["sqrt(2+sqrt(2)", '"sqrt(2+sqrt(2)" is not a number such as "-3/4", "0.25" or "sqrt(2)/2": it ends too early'],
    ["sqrt(2))", '"sqrt(2))" is not a number such as "-3/4", "0.25" or "sqrt(2)/2": found ")"'],
    ["root(2)", '"root(2)" is not a number such as "-3/4", "0.25" or "sqrt(2)/2": found ")"'],
    ["2^^2", '"2^^2" is not a number such as "-3/4", "0.25" or "sqrt(2)/2": found "^"'],
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

  test("many nested roots", () => {
    const squares = Array.from({ length: 101 }, (_, k) => `sqrt((${k}+sqrt(2))^2)`);
    expect(numberFault(squares.join("+"))).toBe("data[0].x[0]: more than 100 different nested roots in a file");
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

describe("nested roots", () => {
  test.each<[number, ...string[]]>([
    [4, "sqrt(2+sqrt(2))"],
    [4, "sqrt(2+sqrt(2))", "sqrt(2-sqrt(2))", "sqrt(sqrt(2)+2)"],
    [2, "sqrt(3+2*sqrt(2))"],
    [4, "sqrt(5+2*sqrt(6))"],
    [4, "sqrt(5+2*sqrt(6))", "sqrt(2)", "sqrt(3)"],
    [8, "2*sqrt(2*sqrt(5))", "1/sqrt(2)"],
    [4, "sqrt(1+sqrt(3))"],
    [8, "sqrt(1+sqrt(3))", "(1+sqrt(2))"],
    [16, "sqrt(1+sqrt(3))", "sqrt(1+sqrt(2))"],
    [6, "root(1+sqrt(3),3)", "root(8+8*sqrt(3),3)", "root(1/27+sqrt(1/243),3)"],
    [8, "root(3+2*sqrt(2),8)"],
    [9, "root(root(2,3)-1,3)", "root(1/9,3)"],
    [32, "sqrt(1+sqrt(1+sqrt(1+sqrt(1+sqrt(2)))))"],
    [32, "sqrt(2)", "sqrt(3)", "sqrt(5)", "sqrt(7)", "sqrt(2+sqrt(2))"],
    [32, "sqrt(2)", "sqrt(3)", "sqrt(5)", "sqrt(7)", "sqrt(11)", "sqrt(16+2*sqrt(55))", "sqrt(3+2*sqrt(2))"],
  ])("degree %i: %s %s %s", (degree, ...numbers) => {
    const { K, values } = readAll(numbers);
    expect(K.degree).toBe(degree);
    values.forEach((value, k) => {
      expect(K.toNumber(value)).toBeCloseTo(float(numbers[k]!), 10);
    });
  });

  test("that are equal to simpler numbers are recognised", () => {
    const equal = (a: string, b: string) => {
      const { K, values } = readAll([a, b]);
      expect(equals(K, values[0], values[1]), `${a} = ${b}`).toBe(true);
    };
    equal("sqrt(2+sqrt(2))^2-2", "sqrt(2)");
    equal("sqrt(2+sqrt(3))", "(sqrt(6)+sqrt(2))/2");
    equal("sqrt(2+sqrt(2))*sqrt(2-sqrt(2))", "sqrt(2)");
    equal("root(root(2,3)-1,3)", "root(1/9,3)-root(2/9,3)+root(4/9,3)");
    equal("sqrt(root(5,3)-root(4,3))", "(root(2,3)+root(20,3)-root(25,3))/3");
    equal("sqrt(16-2*sqrt(29)+2*sqrt(55-10*sqrt(29)))", "sqrt(22+2*sqrt(5))-sqrt(11+2*sqrt(29))+sqrt(5)");
    equal("root((1+sqrt(2))^37,37)", "1+sqrt(2)");
  });

  test("the number whose root makes the field too large is named", () => {
    const two = { ...ONE_INPUT, widths: [2, 1] };
    const source = fileText({ network: two, data: [{ x: ["root(1+sqrt(2),5)", "root(3,4)"], y: 1 }], point: [1, 1] });
    expect(fault(source)).toBe("data[0].x[0]: the numbers need a field of degree over 32"); // the plain roots come first
    expect(fault(source.replace("root(3,4)", "root(1+sqrt(2),4)"))).toBe(
      "data[0].x[1]: the numbers need a field of degree over 32",
    );
  });

  /** An expression with its value as a float. */
  interface Sample {
    readonly text: string;
    readonly value: number;
  }
  const integer = fc.integer({ min: 1, max: 9 }).map((n): Sample => ({ text: `${n}`, value: n }));
  const plain = fc
    .tuple(fc.constantFrom(2, 3, 5, 6, 12), fc.constantFrom(2, 2, 3))
    .map(([n, k]): Sample => ({ text: `root(${n},${k})`, value: n ** (1 / k) }));
  const sums = fc
    .tuple(integer, fc.oneof(integer, plain), plain)
    .map(([a, b, c]): Sample => ({ text: `(${a.text}+${b.text}*${c.text})`, value: a.value + b.value * c.value }));
  const nested = fc
    .tuple(sums, fc.constantFrom(2, 2, 3))
    .map(([{ text, value }, k]): Sample & { readonly radicand: string; readonly k: number } => ({
      text: k === 2 ? `sqrt${text}` : `${text}^(1/${k})`,
      value: value ** (1 / k),
      radicand: text,
      k,
    }));

  test("are the positive roots, as exact numbers and as floats", () => {
    fc.assert(
      fc.property(nested, ({ text, value, radicand, k }) => {
        const { K, values } = readAll([text, radicand]);
        expect(equals(K, power(K, values[0], BigInt(k)), values[1]!)).toBe(true);
        expect(K.sign(values[0]!)).toBe(1);
        expect(K.toNumber(values[0]!)).toBeCloseTo(value, 10);
      }),
      { numRuns: 60 },
    );
  });

  test("of powers are found again", () => {
    fc.assert(
      fc.property(sums, integer, fc.constantFrom(2, 3, 4, 5), (a, b, k) => {
        const base = `(${a.text}/${b.text}+1)`;
        const { K, values } = readAll([`root(${base}^${k},${k})`, base]);
        expect(equals(K, values[0], values[1]!)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

/** The value in floating point, by JavaScript itself. */
function float(number: string): number {
  const evaluate = new Function("sqrt", "root", `return ${number}`);
  return evaluate(Math.sqrt, (x: number, k: number) => x ** (1 / k));
}
