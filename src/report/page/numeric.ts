/** Floating point, for pictures only: no verdict comes from here. */
import type { Instance } from "../../certificate/format.js";
import type { Ring } from "../../exact/field.js";
import type { Polynomial } from "../../exact/polynomial.js";
import { Q } from "../../exact/rational.js";
import { forward } from "../../kernel/forward.js";
import { offSlope } from "../../problem/network.js";

const doubles: Ring<number> = {
  zero: 0,
  one: 1,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  neg: (a) => -a,
  isZero: (a) => a === 0,
};

export interface NumericInstance {
  readonly point: readonly number[];
  readonly inputs: readonly (readonly number[])[];
  readonly margins: (point: readonly number[]) => readonly number[];
}

export function numeric<E>({ network, field: K, data, point }: Instance<E>): NumericInstance {
  const slope = Q.toNumber(offSlope(network.activation));
  const inputs = data.map(({ x }) => x.map(K.toNumber));
  return {
    point: point.map(K.toNumber),
    inputs,
    margins: (at) => inputs.map((x, i) => data[i]!.y * forward(doubles, network, slope, at, x, (z) => z > 0).output),
  };
}

export function coefficients<E>({ field: K }: Instance<E>, p: Polynomial<E>): number[] {
  return p.map(K.toNumber);
}

export function valueAt(p: readonly number[], t: number): number {
  return p.reduceRight((value, c) => value * t + c, 0);
}

export function squaredNorm(v: readonly number[]): number {
  return v.reduce((sum, c) => sum + c * c, 0);
}

/** A number for a reader: four digits, and powers of ten where it is very large or small. */
export function shown(value: number): string {
  const [digits, exponent] = value.toExponential(3).split("e") as [string, string];
  if (value === 0 || Math.abs(Number(exponent)) < 5) return Number(value.toPrecision(4)).toString().replace("-", "−");
  return `${Number(digits)} × ${powerOfTen(Number(exponent))}`.replace("-", "−");
}

/** 10ⁿ. */
export function powerOfTen(exponent: number): string {
  return `10${[...`${exponent}`].map((c) => SUPERSCRIPTS[c]).join("")}`;
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  "-": "⁻",
  0: "⁰",
  1: "¹",
  2: "²",
  3: "³",
  4: "⁴",
  5: "⁵",
  6: "⁶",
  7: "⁷",
  8: "⁸",
  9: "⁹",
};
