/**
 * The two operations that are asked of nerdamer, as text to text. It is given sums and products of rationals and plain symbols
 * only: its radicals, its `simplify`, and its decimals and LaTeX (which round) are not to be trusted.
 */
import nerdamer from "nerdamer";
import "nerdamer/Calculus.js";

/** The core's parser, untyped there. Unlike `nerdamer(…)` it does not keep what it has read in a global list. */
const parser: { parse(text: string): { toString(): string } } = nerdamer.getCore().PARSER;

/** The expression as a sum of monomials with rational coefficients. */
export function expand(expression: string): string {
  return parser.parse(`expand(${expression})`).toString();
}

/** The derivative of a sum of monomials by a symbol. */
export function differentiate(sum: string, symbol: string): string {
  return parser.parse(`diff(${sum}, ${symbol})`).toString();
}
