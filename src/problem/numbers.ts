/**
 * The number syntax of problem files: integers, fractions, exact decimals, and expressions with + − * /, parentheses, integer
 * powers, sqrt(r) and root(r,k) of positive rationals. All bounds here keep a hostile number from costing time or memory.
 */
import type { Field } from "../exact/field.js";
import { Q, type Rational, rational } from "../exact/rational.js";
import { type Decoder, describe, InputError, isInexactNumber } from "./decode.js";
import { exactRoot, type Radical } from "./radicals.js";

export type Expression =
  | { readonly op: "number"; readonly value: Rational }
  | { readonly op: "add" | "sub" | "mul" | "div"; readonly left: Expression; readonly right: Expression }
  | { readonly op: "neg"; readonly of: Expression }
  | { readonly op: "pow"; readonly of: Expression; readonly exponent: Expression }
  | { readonly op: "root"; readonly of: Expression; readonly degree: Expression };

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
const MAX_ROOT = 1024n;

/** A JSON integer or a string in the number syntax. */
export const number: Decoder<NumberText> = (value, where) => {
  if (typeof value === "number" && Number.isSafeInteger(value)) {
    return { expression: { op: "number", value: rational(BigInt(value)) }, where };
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
  return { expression: parse(value, where), where };
};

function parse(source: string, where: string): Expression {
  const tokens = [...source.matchAll(/\s*(\d+(?:\.\d+)?|sqrt|root|[-+*/^(),]|\S)/g)].map((match) => match[1]!);
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
      if (accept("+")) left = { op: "add", left, right: term() };
      else if (accept("-")) left = { op: "sub", left, right: term() };
      else break;
    }
    depth--;
    return left;
  };
  const term = (): Expression => {
    let left = factor();
    for (;;) {
      if (accept("*")) left = { op: "mul", left, right: factor() };
      else if (accept("/")) left = { op: "div", left, right: factor() };
      else return left;
    }
  };
  const factor = (): Expression => {
    let negative = false;
    while (accept("-")) negative = !negative;
    const base = atom();
    const powered: Expression = accept("^") ? { op: "pow", of: base, exponent: exponent() } : base;
    return negative ? { op: "neg", of: powered } : powered;
  };
  const exponent = (): Expression => (accept("-") ? { op: "neg", of: atom() } : atom());
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
      return { op: "root", of, degree: { op: "number", value: rational(2n) } };
    }
    if (accept("root")) {
      expect("(");
      const of = expression();
      expect(",");
      const degree = expression();
      expect(")");
      return { op: "root", of, degree };
    }
    const literal = /^(\d+)(?:\.(\d+))?$/.exec(tokens[next] ?? "");
    if (literal === null) return fail();
    next++;
    const decimals = literal[2] ?? "";
    return { op: "number", value: rational(BigInt(literal[1]! + decimals), 10n ** BigInt(decimals.length)) };
  };

  const whole = expression();
  return next === tokens.length ? whole : fail();
}

/** The radicals that a number contains, perfect powers left out. */
export function radicalsIn({ expression, where }: NumberText): Radical[] {
  const found: Radical[] = [];
  const visit = (e: Expression): void => {
    if (e.op === "root") {
      const radical = readRadical(e, where);
      if (exactRoot(radical.radicand, radical.degree) === null) found.push(radical);
    } else if (e.op === "neg" || e.op === "pow") visit(e.of);
    else if (e.op !== "number") {
      visit(e.left);
      visit(e.right);
    }
  };
  visit(expression);
  return found;
}

/** Reads numbers into K, where `root` gives the radicals that are not rational. The reader throws InputError. */
export function evaluator<E>(K: Field<E>, root: (radical: Radical) => E): (number: NumberText) => E {
  let work = 0;
  const bits = (value: E) => K.coordinates(value).reduce((total, q) => total + bitLength(q), 0);
  return ({ expression, where }) => {
    const guard = (value: E): E => {
      if (bits(value) > MAX_BITS) throw new InputError(where, `a number of more than ${MAX_BITS} bits`);
      return value;
    };
    const invert = (value: E): E => {
      if (K.isZero(value)) throw new InputError(where, "division by zero");
      const inverse = guard(K.inv(value));
      if (K.degree > 1) work += K.degree * bits(inverse) ** 2;
      if (work > MAX_INVERSION_WORK) throw new InputError(where, "too many divisions by large irrational numbers");
      return inverse;
    };
    const visit = (e: Expression): E => {
      switch (e.op) {
        case "number":
          return guard(K.fromRational(e.value));
        case "neg":
          return K.neg(visit(e.of));
        case "add":
        case "sub":
        case "mul":
          return guard(K[e.op](visit(e.left), visit(e.right)));
        case "div":
          return guard(K.mul(visit(e.left), invert(visit(e.right))));
        case "pow": {
          const exponent = integerOf(e.exponent, where, MAX_EXPONENT, "an exponent");
          const base = visit(e.of);
          return exponent < 0n ? power(invert(base), -exponent) : power(base, exponent);
        }
        case "root": {
          const radical = readRadical(e, where);
          const exact = exactRoot(radical.radicand, radical.degree);
          return exact === null ? root(radical) : K.fromRational(exact);
        }
      }
    };
    const power = (base: E, exponent: bigint): E => {
      let result = K.one;
      let square = base;
      for (let rest = exponent; rest > 0n; rest >>= 1n) {
        if (rest & 1n) result = guard(K.mul(result, square));
        if (rest > 1n) square = guard(K.mul(square, square));
      }
      return result;
    };
    return visit(expression);
  };
}

function readRadical(e: Expression & { op: "root" }, where: string): Radical {
  const radicand = rationalOf(e.of, where);
  if (Q.sign(radicand) <= 0) throw new InputError(where, "roots are of positive rationals only");
  if (bitLength(radicand) > MAX_RADICAND_BITS) {
    throw new InputError(where, `the root of a number of more than ${MAX_RADICAND_BITS} bits`);
  }
  const degree = integerOf(e.degree, where, MAX_ROOT, "the degree of a root");
  if (degree < 1n) throw new InputError(where, "the degree of a root is a positive integer");
  return { radicand, degree: Number(degree) };
}

function rationalOf(expression: Expression, where: string): Rational {
  const read = evaluator(Q, () => {
    throw new InputError(where, "a root, an exponent or a degree may hold rational numbers only");
  });
  return read({ expression, where });
}

function integerOf(expression: Expression, where: string, bound: bigint, what: string): bigint {
  const q = rationalOf(expression, where);
  if (q.d !== 1n) throw new InputError(where, `${what} is an integer`);
  if (q.n > bound) throw new InputError(where, `${what} is at most ${bound} in size`);
  return q.s * q.n;
}

function bitLength(q: Rational): number {
  return 4 * Math.max(q.n.toString(16).length, q.d.toString(16).length);
}
