/** Residues: a ring, and numbers that are read off them again. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gcd } from "../../src/exact/rational.js";
import { inverses, productModulo, type Residue, reconstruct, residues } from "../../src/exact/residues.js";

/** Monic, of degree 1 to 9. */
const modulus = fc
  .array(fc.bigInt(-20n, 20n), { minLength: 1, maxLength: 9 })
  .map((coefficients) => [...coefficients, 1n]);
const coefficient = fc.oneof(fc.constant(0n), fc.bigInt(-9n, 9n), fc.bigInt(-(10n ** 40n), 10n ** 40n));
const elements = (count: number) =>
  modulus.chain((m) =>
    fc.tuple(
      fc.constant(m),
      fc.integer({ min: 0, max: 3 }),
      fc.array(fc.array(coefficient, { minLength: m.length - 1, maxLength: m.length - 1 }), {
        minLength: count,
        maxLength: count,
      }),
    ),
  );

/** p modulo m, from the definition: x^k times m is subtracted from the top down. */
function remainderOf(p: readonly bigint[], m: readonly bigint[]): bigint[] {
  const rest = [...p];
  for (let k = rest.length - 1; k >= m.length - 1; k--) {
    const top = rest[k]!;
    for (const [j, c] of m.entries()) rest[k - m.length + 1 + j]! -= top * c;
  }
  return rest.slice(0, m.length - 1);
}

describe("products", () => {
  it("are those of polynomials, modulo m", () => {
    fc.assert(
      fc.property(elements(2), ([m, , [a, b]]) => {
        const plain = new Array<bigint>(2 * m.length).fill(0n);
        for (const [i, c] of a!.entries()) for (const [j, d] of b!.entries()) plain[i + j]! += c * d;
        expect(productModulo(m, a!, b!)).toEqual(remainderOf(plain, m));
      }),
    );
  });
});

describe("the ring of residues", () => {
  it("is the image of ℤ[x]/(m)", () => {
    fc.assert(
      fc.property(elements(2), ([m, doublings, [a, b]]) => {
        const ring = residues(m, doublings);
        const [u, v] = [ring.from(a!), ring.from(b!)];
        const image = (c: Residue) => c.map((k) => ((k % ring.modulus) + ring.modulus) % ring.modulus);
        expect(ring.add(u, v)).toEqual(image(a!.map((c, k) => c + b![k]!)));
        expect(ring.sub(u, v)).toEqual(image(a!.map((c, k) => c - b![k]!)));
        expect(ring.neg(u)).toEqual(image(a!.map((c) => -c)));
        expect(ring.mul(u, v)).toEqual(image(productModulo(m, a!, b!)));
        expect(ring.isZero(ring.sub(u, u))).toBe(true);
      }),
    );
  });

  it("divides by units, and by nothing else", () => {
    fc.assert(
      fc.property(elements(1), ([m, doublings, [a]]) => {
        const ring = residues(m, doublings);
        const inverse = ring.inv(ring.from(a!));
        fc.pre(inverse !== null);
        expect(ring.mul(inverse!, ring.from(a!))).toEqual(ring.one);
      }),
    );
    // (x − 2)(x + 2)
    const ring = residues([-4n, 0n, 1n], 2);
    expect(ring.inv([ring.modulus - 2n, 1n])).toBeNull();
    expect([...inverses([-4n, 0n, 1n], [-2n, 1n])]).toEqual([]);
    expect(ring.inv(ring.zero)).toBeNull();
  });
});

describe("reconstruct", () => {
  it("reads off fractions over one denominator that are small against the modulus", () => {
    const ring = residues([0n, 1n], 3);
    const small = fc.bigInt(-(2n ** 200n), 2n ** 200n);
    fc.assert(
      fc.property(fc.array(small, { minLength: 1, maxLength: 5 }), fc.bigInt(1n, 2n ** 200n), (numerators, d) => {
        const inverse = ring.inv([d % ring.modulus])![0]!;
        const common = numerators.reduce(gcd, d);
        expect(
          reconstruct(
            numerators.map((n) => ring.from([n * inverse])[0]!),
            ring.modulus,
          ),
        ).toEqual({ numerators: numerators.map((n) => n / common), denominator: d / common });
      }),
    );
  });

  it("gives up where there are none", () => {
    const { modulus: q } = residues([0n, 1n], 3);
    // Of all residues hardly one in 2^32 is a fraction of numbers below √q/2^16.
    expect(reconstruct([7n ** 150n % q], q)).toBeNull();
  });
});
