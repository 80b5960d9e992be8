/** Floating point, for pictures only: no verdict comes from here. */
import type { Ring } from "../../exact/field.js";
import type { Polynomial } from "../../exact/polynomial.js";
import { forward } from "../../kernel/forward.js";
import { type Instance, marginOf, marginsOf, weightsOf } from "../../network/instance.js";

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
  /** All weights at a point: its parameters, then the constants. */
  readonly weights: (point: readonly number[]) => readonly number[];
  readonly margins: (point: readonly number[]) => readonly number[];
}

export function numeric<E>(instance: Instance<E>): NumericInstance {
  const { field: K, data, point } = instance;
  const inputs = data.map(({ x }) => x.map(K.toNumber));
  const constants = weightsOf(instance, []).map(K.toNumber);
  const weights = (at: readonly number[]) => [...at, ...constants];
  const constraints = marginsOf(instance);
  return {
    point: point.map(K.toNumber),
    inputs,
    weights,
    margins: (at) => {
      const passes = inputs.map((x) => forward(doubles, instance, K.toNumber, weights(at), x, (z) => z > 0));
      return constraints.map((margin) => marginOf(doubles, margin, passes[margin.sample]!.outputs));
    },
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

/** Uniform in [0, 1): a 32-bit mixing generator, enough for a picture. (mulberry32) */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}
