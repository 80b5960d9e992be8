/** The ends of a family's interval in LaTeX. */
import type { RealRoot } from "../../exact/integer-polynomial.js";
import { Q, rational } from "../../exact/rational.js";
import { placeNumber, placeWords, powerParts } from "../places.js";
import { fraction } from "./radicals.js";
import { polynomialIn } from "./typeset.js";

/** A place as a number, where it is rational or a root of one; else in decimals. */
export function placeLatex(place: RealRoot): string {
  if (place.low === place.high) {
    const q = rational(place.low, place.d);
    return `${q.s < 0n ? "-" : ""}${fraction(q)}`;
  }
  const parts = powerParts(place);
  if (parts === null) return `${placeNumber(place).toPrecision(6)}\\ldots`;
  const { negative, radicand, degree } = parts;
  const sign = negative ? "-" : "";
  if (degree === 2) return `${sign}\\sqrt{${fraction(radicand)}}`;
  if (radicand.n === 1n) return `${sign}${radicand.d}^{-1/${degree}}`;
  return `${sign}${radicand.d === 1n ? radicand.n : `\\left(${fraction(radicand)}\\right)`}^{1/${degree}}`;
}

/** What a place is that is written in decimals; null for others. */
export function placeNote(place: RealRoot, parameter: string): string | null {
  if (place.low === place.high || powerParts(place) !== null) return null;
  const words = placeWords(place);
  const polynomial = polynomialIn(
    Q,
    place.polynomial.map((c) => rational(c)),
    parameter,
  );
  return `$${placeLatex(place)}$ is ${words === null ? "the" : "that"} root of $${polynomial}$`;
}
