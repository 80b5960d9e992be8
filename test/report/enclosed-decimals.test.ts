import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Q, type Rational, rational } from "../../src/exact/rational.js";
import { atLeastLatex, atMostLatex, digitsLatex, rootAtMostLatex } from "../../src/report/proof/enclosed/decimals.js";

/** A decimal, with a power of ten after it perhaps, as a number. */
function value(latex: string): Rational {
  const [, sign, digits, exponent] =
    /^(-?)(?:([\d.]+)(?: \\cdot )?)?(?:10\^\{(-?\d+)\})?$/.exec(latex) ?? expect.unreachable(latex);
  const [whole, places = ""] = (digits ?? "1").split(".") as [string, string?];
  const power = BigInt(exponent ?? 0) - BigInt(places.length);
  const n = BigInt(`${whole}${places}`) * (sign === "-" ? -1n : 1n);
  return power < 0n ? rational(n, 10n ** -power) : rational(n * 10n ** power);
}

const atMost = (p: Rational, q: Rational) => Q.sign(Q.sub(q, p)) >= 0;
const abs = (q: Rational) => (Q.sign(q) < 0 ? Q.neg(q) : q);
const big = (bits: number) => fc.bigInt({ min: -(1n << BigInt(bits)), max: 1n << BigInt(bits) });
const positive = fc.tuple(
  fc.bigInt({ min: 0n, max: 1n << 80n }),
  fc.oneof(
    fc.bigInt({ min: 1n, max: 1n << 80n }),
    fc.integer({ min: 0, max: 60 }).map((k) => 10n ** BigInt(k)),
  ),
);

describe("decimals of an enclosed number", () => {
  it.each([
    [{ low: 0n, high: 0n }, 8, 5, "0"],
    [{ low: 384n, high: 384n }, 8, 5, "1.5"],
    [{ low: -384n, high: -384n }, 8, 5, "-1.5"],
    [{ low: 1n, high: 1n }, 8, 3, "0.003\\ldots"],
    [{ low: 255n, high: 257n }, 8, 5, "1 \\pm 10^{-2}"],
    [{ low: -1n, high: 1n }, 8, 5, "0 \\pm 10^{-2}"],
    [{ low: -1025n, high: 1023n }, 8, 5, "0 \\pm 10^{1}"],
    [{ low: 3333333333333n, high: 3333333333334n }, 43, 20, "0.378956125738\\ldots"],
  ])("%# as one would write it", ({ low, high }, precision, most, expected) => {
    expect(digitsLatex({ low, high }, precision, most)).toBe(expected);
  });

  it("are all certain", () => {
    const width = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 100n }), fc.bigInt({ min: 0n, max: 1n << 70n }));
    fc.assert(
      fc.property(
        big(72),
        width,
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 0, max: 30 }),
        (low, w, p, most) => {
          const latex = digitsLatex({ low, high: low + w }, p, most);
          const [a, b] = [rational(low, 1n << BigInt(p)), rational(low + w, 1n << BigInt(p))];
          const [centre, radius] = latex.split(" \\pm ");
          if (radius !== undefined) {
            expect(
              atMost(Q.sub(value(centre!), value(radius)), a) && atMost(b, Q.add(value(centre!), value(radius))),
            ).toBe(true);
          } else if (latex.endsWith("\\ldots")) {
            const digits = latex.slice(0, -"\\ldots".length);
            const unit = rational(1n, 10n ** BigInt(digits.split(".")[1]?.length ?? 0));
            for (const end of [a, b]) {
              expect(Q.sign(end) < 0).toBe(digits.startsWith("-"));
              const size = abs(value(digits));
              expect(atMost(size, abs(end)) && Q.sign(Q.sub(Q.add(size, unit), abs(end))) > 0).toBe(true);
            }
          } else expect([value(latex), value(latex)]).toEqual([a, b]);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("bound from the right side", () => {
    fc.assert(
      fc.property(positive, ([n, d]) => {
        const q = rational(n, d);
        const above = value(atMostLatex(q));
        expect(atMost(q, above)).toBe(true);
        expect(atMost(above, Q.add(Q.mul(rational(2n), q), Q.zero))).toBe(true);
        const root = value(rootAtMostLatex(q, 4));
        expect(atMost(q, Q.mul(root, root))).toBe(true);
        if (n < d) expect(Q.sign(Q.sub(Q.one, root)) > 0).toBe(true);
        expect(atMost(value(atLeastLatex(q, 6)), q)).toBe(true);
      }),
      { numRuns: 1000 },
    );
    expect(atMostLatex(rational(1n, 1000n))).toBe("10^{-3}");
    expect(atMostLatex(rational(2n, 7n))).toBe("0.3");
  });
});
