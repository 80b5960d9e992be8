/** Numbers that are rational functions of a parameter, and what they are at one value of it. */
import { FamilyError } from "../exact/family.js";
import { type Field, power } from "../exact/field.js";
import { functionField, type RationalFunction, valueAt } from "../exact/function-field.js";
import {
  compareRoots,
  halved,
  type IntegerPolynomial,
  type RealRoot,
  rationalRoot,
} from "../exact/integer-polynomial.js";
import { FieldError, numberField } from "../exact/number-field.js";
import { formatRational, gcd, Q, type Rational, rational } from "../exact/rational.js";
import { type Decoder, InputError, list, object } from "../network/decode.js";
import type { Problem } from "../network/instance.js";
import { reduceLattice } from "./lattice.js";
import { type Expression, hasParameter, type NumberText, number } from "./numbers.js";

/** What a problem file says of its parameter. */
export interface FamilyRequest {
  readonly parameter: string;
  readonly interval: readonly [Rational, Rational];
}

const RESERVED = ["e", "E"];
/** The degree of a number in the parameter. */
const MAX_FUNCTION_DEGREE = 64;

const rationalEnd: Decoder<Rational> = (value, where) => {
  const { plain } = number(value, where).expression;
  if (plain === null || plain.degree !== 1) throw new InputError(where, "an end of the interval is a rational number");
  return plain.value;
};

/** The value that a text such as `s=1/2` gives to the parameter; it has to lie in the interval. Throws InputError. */
export function givenValue({ parameter, interval }: FamilyRequest, text: string): NumberText {
  const [name, value, ...more] = text.split("=").map((part) => part.trim());
  if (name !== parameter || value === undefined || more.length > 0)
    throw new InputError("", `the parameter of this family is ${parameter}: give its value as in ${parameter}=1/2`);
  const [from, to] = interval.map(formatRational);
  const given = number(value, parameter);
  return { ...given, where: `${parameter} in (${from}, ${to})` };
}

export const familyRequest: Decoder<FamilyRequest> = (value, where) => {
  const { parameter, interval } = object({
    parameter: (one, place) => {
      if (typeof one !== "string" || !/^[A-Za-z]$/.test(one) || RESERVED.includes(one))
        throw new InputError(place, 'a parameter is one letter other than "e", such as "s"');
      return one;
    },
    interval: list(rationalEnd, 2, 2),
  })(value, where);
  const [from, to] = interval as readonly [Rational, Rational];
  if (Q.sign(Q.sub(to, from)) <= 0)
    throw new InputError(`${where}.interval`, "the interval is empty: its first end is less than its second");
  return { parameter, interval: [from, to] };
};

/** The largest parts of a number in which the parameter does not occur, as numbers. */
export function constantsIn({ expression, where }: NumberText): readonly NumberText[] {
  if (!hasParameter(expression)) return [{ expression, where }];
  const parts = expression.op === "parameter" ? [] : "of" in expression ? [expression.of] : partsOf(expression);
  return parts.flatMap((part) => constantsIn({ expression: part, where }));
}

const partsOf = (e: Expression): readonly Expression[] => ("left" in e ? [e.left, e.right] : []);

/**
 * The field of functions over the constants, and the reader of numbers into it, which notes the places where a divisor vanishes. Throws
 * InputError.
 */
export function functionReader<B>(
  { parameter, interval }: FamilyRequest,
  constants: Field<B>,
  read: (constant: Expression) => B,
): { field: Field<RationalFunction>; read: (one: NumberText) => RationalFunction; poles: () => readonly RealRoot[] } {
  const [from, to] = interval.map(({ s, n, d }) => rationalRoot(s * n, d)) as [RealRoot, RealRoot];
  const K = functionField({ parameter, interval: [from, to] }, constants.description);
  const poles: RealRoot[] = [];
  const parameterItself = K.functions!.fromParts([[0n, 1n]], [1n]);
  const inverse = (a: RationalFunction): RationalFunction => {
    try {
      return K.inv(a);
    } catch (error) {
      if (!(error instanceof FamilyError)) throw error;
      for (const place of error.places) if (poles.every((p) => compareRoots(p, place) !== 0)) poles.push(place);
      // The inverse, by arithmetic that does not look at the interval.
      const { numerators, denominator } = a;
      if (numerators.slice(1).some((p) => p.length > 0))
        throw new InputError("", "a divisor with irrational coefficients vanishes in the interval: shorten it");
      return unchecked(denominator, numerators[0]!, numerators.length);
    }
  };
  const visit = (e: Expression, where: string): RationalFunction => {
    if (!hasParameter(e)) return K.fromCoordinates(constants.coordinates(read(e)));
    switch (e.op) {
      case "parameter":
        return parameterItself;
      case "neg":
        return K.neg(visit(e.of, where));
      case "add":
      case "sub":
      case "mul":
        return K[e.op](visit(e.left, where), visit(e.right, where));
      case "div":
        return K.mul(visit(e.left, where), nonZero(visit(e.right, where), where));
      case "pow": {
        const base = visit(e.of, where);
        const size = e.exponent < 0n ? -e.exponent : e.exponent;
        if (size > BigInt(MAX_FUNCTION_DEGREE))
          throw new InputError(where, `a power of the parameter is at most ${MAX_FUNCTION_DEGREE} in size`);
        return power(K, e.exponent < 0n ? nonZero(base, where) : base, size);
      }
      default:
        throw new Error("unreachable: a number and a root have no parameter");
    }
  };
  const nonZero = (a: RationalFunction, where: string): RationalFunction => {
    if (K.isZero(a)) throw new InputError(where, "division by zero");
    return inverse(a);
  };
  return {
    field: K,
    read: ({ expression, where }) => {
      const value = visit(expression, where);
      if (Math.max(value.denominator.length, ...value.numerators.map((p) => p.length)) > MAX_FUNCTION_DEGREE + 1)
        throw new InputError(where, `a function of degree over ${MAX_FUNCTION_DEGREE}`);
      return value;
    },
    poles: () => [...poles].sort(compareRoots),
  };
}

/** numerator / denominator in lowest terms, whose leading coefficient is made positive. */
function unchecked(numerator: IntegerPolynomial, denominator: IntegerPolynomial, degree: number): RationalFunction {
  const side = denominator.at(-1)! < 0n ? -1n : 1n;
  return {
    numerators: Array.from({ length: degree }, (_, k) => (k === 0 ? numerator.map((c) => side * c) : [])),
    denominator: denominator.map((c) => side * c),
  };
}

/** The problem with other numbers in another field. */
function mapped<E, F>(problem: Problem<E>, field: Field<F>, f: (value: E) => F): Problem<F> {
  return {
    ...problem,
    field,
    frozen: problem.frozen.map(f),
    data: problem.data.map(({ x, y }) => ({ x: x.map(f), y })),
    point: problem.point?.map(f) ?? null,
  };
}

/** The field of the constants of a problem over functions. */
function constantsOf({ field }: Problem<RationalFunction>): Field<unknown> {
  return (field.description === null ? Q : numberField(field.description)) as Field<unknown>;
}

/** The problem at a rational value of the parameter; null at a pole. */
export function atValue(problem: Problem<RationalFunction>, s: Rational): Problem<unknown> | null {
  const constants = constantsOf(problem);
  let isDefined = true;
  const at = mapped(problem, constants, (value) => {
    const own = valueAt(constants, value, s);
    if (own === null) isDefined = false;
    return own ?? constants.zero;
  });
  return isDefined ? at : null;
}

/**
 * The problem at an irrational place, over the field of it; null where the numbers have irrational constants as well, or the place has too
 * high a degree.
 */
export function atRoot(problem: Problem<RationalFunction>, place: RealRoot): Problem<unknown> | null {
  const found = problem.field.description === null ? rootField(place) : null;
  if (found === null) return null;
  const { field: L, root } = found;
  const at = (p: IntegerPolynomial) =>
    p.reduceRight((total, c) => L.add(L.mul(total, root), L.fromRational(rational(c))), L.zero);
  return mapped(problem, L, ({ numerators, denominator }) => L.div(at(numerators[0]!), at(denominator)));
}

/** Of numbers whose field is looked for. */
const MAX_ROOT_DEGREE = 24;

/** The place by its irreducible polynomial, as far as that is found. */
export function plainPlace(place: RealRoot): RealRoot {
  if (place.low === place.high) return place;
  const polynomial = minimalPolynomial(place);
  return polynomial.length === 2 ? rationalRoot(-polynomial[0]!, polynomial[1]!) : { ...place, polynomial };
}

/** The field of an irrational place, with its irreducible polynomial, and the place in it; null where its degree is too high. */
function rootField(place: RealRoot): { field: Field<unknown>; root: unknown } | null {
  const { polynomial: minimal } = place;
  if (minimal.length - 1 > MAX_ROOT_DEGREE) return null;
  // With lead · root for a generator, the polynomial becomes monic.
  const degree = minimal.length - 1;
  const lead = minimal[degree]!;
  const monic = minimal.map((c, k) => (k === degree ? 1n : c * lead ** BigInt(degree - 1 - k)));
  let { low, high, d } = place;
  let root = place;
  for (let step = 0; step < 64; step++) {
    try {
      ({ low, high, d } = root);
      const field = numberField({
        minimalPolynomial: monic.map((c) => rational(c)),
        interval: [rational(low * lead, d), rational(high * lead, d)],
      });
      return {
        field: field as Field<unknown>,
        root: field.div(field.fromCoordinates([Q.zero, Q.one]), field.fromRational(rational(lead))),
      };
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      root = halved(root);
    }
  }
  return null;
}

/** Factors of a higher degree are not looked for. */
const MAX_FACTOR_DEGREE = 8;
/** Bits of each coefficient of a factor that is looked for. */
const FACTOR_BITS = 40;

/**
 * The irreducible polynomial of an irrational place, with a positive leading coefficient: a short relation between its powers, found by
 * lattice reduction, that divides the polynomial of the place and vanishes there; the polynomial itself where no such factor is found.
 */
function minimalPolynomial(place: RealRoot): IntegerPolynomial {
  const { polynomial } = place;
  const degree = polynomial.length - 1;
  for (let size = 1; size < Math.min(degree, MAX_FACTOR_DEGREE + 1); size++) {
    const bits = BigInt(FACTOR_BITS * (size + 1));
    let near = place;
    while (near.low !== near.high && (near.high - near.low) << (bits + 16n) > near.d) near = halved(near);
    const rows = Array.from({ length: size + 1 }, (_, k) => {
      const power = ((near.low ** BigInt(k)) << bits) / near.d ** BigInt(k);
      return [...Array.from({ length: size + 1 }, (__, j) => (j === k ? 1n : 0n)), power];
    });
    const relation = reduceLattice(rows)[0]!.slice(0, -1);
    while (relation.at(-1) === 0n) relation.pop();
    const candidate = relation.at(-1)! < 0n ? relation.map((c) => -c) : relation;
    if (candidate.length > 1 && dividesAt(candidate, place)) return candidate;
  }
  const content = polynomial.reduce(gcd, 0n);
  const side = polynomial[degree]! < 0n ? -content : content;
  return polynomial.map((c) => c / side);
}

function dividesAt(candidate: IntegerPolynomial, place: RealRoot): boolean {
  const sign = (n: bigint) =>
    candidate.reduceRight((v, c, k) => v * n + c * place.d ** BigInt(candidate.length - 1 - k), 0n) > 0n;
  if (sign(place.low) === sign(place.high)) return false;
  // By pseudo-division: the candidate's multiples reach the polynomial.
  const rest = [...place.polynomial];
  const lead = candidate.at(-1)!;
  for (let k = rest.length - candidate.length; k >= 0; k--) {
    const top = rest[k + candidate.length - 1]!;
    for (let j = 0; j < rest.length; j++) rest[j]! *= lead;
    for (const [j, c] of candidate.entries()) rest[k + j]! -= top * c;
  }
  return rest.every((c) => c === 0n);
}
