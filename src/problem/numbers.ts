/**
 * The number syntax of problem files: integers, fractions, exact decimals, and expressions with + − * /, parentheses, powers,
 * sqrt(x) and root(x,k); exponents are rational. Roots and fractional powers are of positive numbers, and may be nested. All
 * bounds here keep a hostile number from costing time or memory.
 */
import { power } from "../exact/field.js";
import { Q, type Rational, rational } from "../exact/rational.js";
import { type Decoder, describe, InputError, isInexactNumber } from "../network/decode.js";
import {
  bitLength,
  isRational,
  type Plain,
  plainInverse,
  plainPower,
  plainProduct,
  plainRational,
  plainRoot,
  powerWithin,
} from "./plain.js";
import type { Radical } from "./radicals.js";
import { type Tower, type TowerElement, TowerError } from "./tower.js";

/** What a number says, and its value where that is seen to be plain. */
export type Expression = { readonly plain: Plain | null } & (
  | { readonly op: "number" }
  | { readonly op: "parameter" }
  | { readonly op: "add" | "sub" | "mul" | "div"; readonly left: Expression; readonly right: Expression }
  | { readonly op: "neg"; readonly of: Expression }
  | { readonly op: "pow"; readonly of: Expression; readonly exponent: bigint }
  | { readonly op: "root"; readonly of: Expression; readonly degree: number }
);

/** A number of the file, not yet in a field, with its place for error messages. */
export interface NumberText {
  readonly expression: Expression;
  readonly where: string;
}

const MAX_LENGTH = 4000;
const MAX_DEPTH = 64;
const MAX_BITS = 16_384;
const MAX_RADICAND_BITS = 512;
/** For all the inversions of a file together: they are the one operation that is dear in a field of high degree. */
const MAX_INVERSION_WORK = 1e11;
const MAX_EXPONENT = 4096n;
const MAX_DECIMAL_EXPONENT = 1000;
const MAX_ROOT = 1024n;
const NOT_POSITIVE = "roots are of positive numbers only: write 0 for a root of 0, and -root(8,3) for one of -8";

/** A JSON integer or a string in the number syntax. */
export const number: Decoder<NumberText> = (value, where) => numberIn(null)(value, where);

/** A letter in numbers: a parameter, in which they are rational functions, or the number that it stands for. */
export interface Parameter {
  readonly name: string;
  readonly value: Expression;
}

/** What stands for a parameter without a value. */
export const PARAMETER: Expression = { op: "parameter", plain: null };

/** The same with a parameter. */
export const numberIn =
  (parameter: Parameter | null): Decoder<NumberText> =>
  (value, where) => {
    if (typeof value === "number" && Number.isSafeInteger(value)) {
      return { expression: { op: "number", plain: plainRational(rational(BigInt(value))) }, where };
    }
    if (isInexactNumber(value)) {
      const literal = describe(value).replace("the number ", "");
      throw new InputError(
        where,
        `the JSON number ${literal} would be a float: write it as a string, such as "1/4" or "0.25"`,
      );
    }
    if (typeof value !== "string") throw new InputError(where, `expected a number, found ${describe(value)}`);
    if (value.length > MAX_LENGTH)
      throw new InputError(where, `a number of ${value.length} characters; at most ${MAX_LENGTH}`);
    return { expression: parse(value, where, parameter), where };
  };

function parse(source: string, where: string, parameter: Parameter | null): Expression {
  const tokens = [...source.matchAll(/\s*(\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|sqrt|root|[-+*/^(),]|\S)/g)].map(
    (match) => match[1]!,
  );
  const build = builder(where);
  let next = 0;
  let depth = 0;
  const fail = (): never => {
    const found = next < tokens.length ? `found ${describe(tokens[next])}` : "it ends too early";
    throw new InputError(where, `${describe(source)} is not a number such as "-3/4", "0.25" or "sqrt(2)/2": ${found}`);
  };
  const accept = (token: string) => tokens[next] === token && ++next > 0;
  const expect = (token: string) => accept(token) || fail();

  const expression = (): Expression => {
    if (++depth > MAX_DEPTH) throw new InputError(where, `a number nested more than ${MAX_DEPTH} deep`);
    let left = term();
    for (;;) {
      if (accept("+")) left = build.binary("add", left, term());
      else if (accept("-")) left = build.binary("sub", left, term());
      else break;
    }
    depth--;
    return left;
  };
  const term = (): Expression => {
    let left = factor();
    for (;;) {
      if (accept("*")) left = build.binary("mul", left, factor());
      else if (accept("/")) left = build.binary("div", left, factor());
      else return left;
    }
  };
  const factor = (): Expression => {
    let negative = false;
    while (accept("-")) negative = !negative;
    const base = atom();
    const powered = accept("^") ? build.power(base, exponent()) : base;
    return negative ? build.negative(powered) : powered;
  };
  const exponent = (): Expression => (accept("-") ? build.negative(atom()) : atom());
  const atom = (): Expression => {
    if (accept("(")) {
      const inner = expression();
      expect(")");
      return inner;
    }
    if (accept("sqrt")) {
      expect("(");
      const of = expression();
      expect(")");
      return build.root(of, build.rational(rational(2n)));
    }
    if (accept("root")) {
      expect("(");
      const of = expression();
      expect(",");
      const degree = expression();
      expect(")");
      return build.root(of, degree);
    }
    if (parameter !== null && accept(parameter.name)) return parameter.value;
    const literal = /^(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(tokens[next] ?? "");
    if (literal === null) return fail();
    next++;
    const decimals = literal[2] ?? "";
    const tens = Number(literal[3] ?? "0");
    if (Math.abs(tens) > MAX_DECIMAL_EXPONENT) {
      throw new InputError(where, `the exponent of a decimal is at most ${MAX_DECIMAL_EXPONENT} in size`);
    }
    const digits = rational(BigInt(literal[1]! + decimals), 10n ** BigInt(decimals.length));
    const scale = 10n ** BigInt(Math.abs(tens));
    return build.rational(tens < 0 ? digits.div(rational(scale)) : digits.mul(rational(scale)));
  };

  const whole = expression();
  return next === tokens.length ? whole : fail();
}

/** Puts expressions together, with their values where these are plain. Throws InputError. */
function builder(where: string) {
  const checked = (plain: Plain | null): Plain | null => {
    if (isRational(plain)) checkSize([plain.value], where);
    return plain;
  };
  const inverse = (plain: Plain): Plain => {
    if (Q.isZero(plain.value)) throw new InputError(where, "division by zero");
    return plainInverse(plain);
  };
  const plainBinary = (op: "add" | "sub" | "mul" | "div", a: Plain | null, b: Plain | null): Plain | null => {
    if (b !== null && op === "div") return plainBinary("mul", a, inverse(b));
    if (a === null || b === null) return null;
    if (op === "mul") return plainProduct(a, b);
    return isRational(a) && isRational(b) ? plainRational(Q[op](a.value, b.value)) : null;
  };
  const integerPower = (of: Expression, exponent: bigint): Expression => {
    let plain = of.plain;
    if (plain !== null) {
      if (exponent < 0n) plain = inverse(plain);
      const size = exponent < 0n ? -exponent : exponent;
      if (!isRational(plain)) plain = plainPower(plain, size);
      else {
        const value = powerWithin(plain.value, size, MAX_BITS);
        if (value === null) throw tooLarge(where);
        plain = plainRational(value);
      }
    }
    return { op: "pow", of, exponent, plain };
  };
  const root = (of: Expression, degree: bigint): Expression => {
    if (hasParameter(of))
      throw new InputError(
        where,
        "a root of the parameter is no rational function of it: choose the parameter so that there is none",
      );
    if (BigInt(of.plain?.degree ?? 1) * degree > MAX_ROOT) {
      throw new InputError(where, `the degree of a root is at most ${MAX_ROOT} in size`);
    }
    if (of.plain !== null) {
      if (Q.sign(of.plain.value) <= 0) throw new InputError(where, NOT_POSITIVE);
      if (bitLength(of.plain.value) > MAX_RADICAND_BITS) throw radicandTooLarge(where);
    }
    return { op: "root", of, degree: Number(degree), plain: of.plain && plainRoot(of.plain, Number(degree)) };
  };
  return {
    rational: (value: Rational): Expression => ({ op: "number", plain: checked(plainRational(value)) }),
    binary: (op: "add" | "sub" | "mul" | "div", left: Expression, right: Expression): Expression => ({
      op,
      left,
      right,
      plain: checked(plainBinary(op, left.plain, right.plain)),
    }),
    negative: (of: Expression): Expression => ({
      op: "neg",
      of,
      plain: of.plain && { ...of.plain, value: of.plain.value.neg() },
    }),
    power: (of: Expression, { plain: exponent }: Expression): Expression => {
      if (!isRational(exponent)) throw new InputError(where, "an exponent is a rational number");
      const { s, n, d } = exponent.value;
      if (n > MAX_EXPONENT) throw new InputError(where, `an exponent is at most ${MAX_EXPONENT} in size`);
      return integerPower(d === 1n ? of : root(of, d), s * n);
    },
    root: (of: Expression, { plain: degree }: Expression): Expression => {
      if (!isRational(degree) || degree.value.d !== 1n || Q.sign(degree.value) <= 0) {
        throw new InputError(where, "the degree of a root is a positive integer");
      }
      return root(of, degree.value.n);
    },
  };
}

/** Whether the parameter occurs. */
export function hasParameter(e: Expression): boolean {
  if (e.op === "parameter") return true;
  if (e.op === "number") return false;
  return "of" in e ? hasParameter(e.of) : hasParameter(e.left) || hasParameter(e.right);
}

/** The plain irrational roots that a number contains, on their own or within other roots. */
export function radicalsIn({ expression }: NumberText): Radical[] {
  const found: Radical[] = [];
  const visit = (e: Expression): void => {
    if (e.op === "number" || e.op === "parameter") return;
    if (e.op === "root" && e.plain !== null) {
      if (!isRational(e.plain)) found.push({ radicand: e.plain.value, degree: e.plain.degree });
    } else if ("of" in e) visit(e.of);
    else {
      visit(e.left);
      visit(e.right);
    }
  };
  visit(expression);
  return found;
}

/**
 * Reads numbers into the tower, where `radical` gives the plain roots; the other ones are adjoined as they are met. The reader
 * throws InputError.
 */
export function evaluator(
  tower: Tower,
  radical: (radical: Radical) => TowerElement,
): (number: NumberText) => TowerElement {
  let work = 0;
  return ({ expression, where }) => {
    const guard = (value: TowerElement): TowerElement => {
      checkSize(tower.coordinates(value), where);
      return value;
    };
    const guarded = { ...tower, mul: (a: TowerElement, b: TowerElement) => guard(tower.mul(a, b)) };
    const invert = (value: TowerElement): TowerElement => {
      if (tower.isZero(value)) throw new InputError(where, "division by zero");
      const inverse = guard(tower.inv(value));
      if (tower.degree > 1) work += tower.degree * totalBits(tower.coordinates(inverse)) ** 2;
      if (work > MAX_INVERSION_WORK) throw new InputError(where, "too many divisions by large irrational numbers");
      return inverse;
    };
    const visit = (e: Expression): TowerElement => {
      if (isRational(e.plain)) return tower.fromRational(e.plain.value);
      switch (e.op) {
        case "number":
        case "parameter":
          throw new Error("unreachable: numbers are rational, and the parameter is put in elsewhere");
        case "neg":
          return tower.neg(visit(e.of));
        case "add":
        case "sub":
          return guard(tower[e.op](visit(e.left), visit(e.right)));
        case "mul":
          return guarded.mul(visit(e.left), visit(e.right));
        case "div":
          return guarded.mul(visit(e.left), invert(visit(e.right)));
        case "pow": {
          const base = visit(e.of);
          return e.exponent < 0n ? power(guarded, invert(base), -e.exponent) : power(guarded, base, e.exponent);
        }
        case "root": {
          if (e.plain !== null) return radical({ radicand: e.plain.value, degree: e.plain.degree });
          const radicand = visit(e.of);
          if (totalBits(tower.coordinates(radicand)) > MAX_RADICAND_BITS) throw radicandTooLarge(where);
          if (tower.sign(radicand) <= 0) throw new InputError(where, NOT_POSITIVE);
          return tower.root(radicand, e.degree);
        }
      }
    };
    return atPlace(where, () => visit(expression));
  };
}

/** The result; what the tower refuses is refused as an InputError at that place. */
export function atPlace<T>(where: string, compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    throw error instanceof TowerError ? new InputError(where, error.message) : error;
  }
}

/** Throws InputError for a number whose coordinates have too many bits together. */
export function checkSize(coordinates: readonly Rational[], where: string): void {
  if (totalBits(coordinates) > MAX_BITS) throw tooLarge(where);
}

function totalBits(coordinates: readonly Rational[]): number {
  return coordinates.reduce((total, q) => total + bitLength(q), 0);
}

function tooLarge(where: string): InputError {
  return new InputError(where, `a number of more than ${MAX_BITS} bits`);
}

function radicandTooLarge(where: string): InputError {
  return new InputError(where, `the root of a number of more than ${MAX_RADICAND_BITS} bits`);
}
