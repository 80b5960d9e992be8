/** What is written is read back as the same value, for every kind of statement, over ℚ and over ℚ(√2), and for whole certificates. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Field } from "../../src/exact/field.js";
import { Q, type Rational } from "../../src/exact/rational.js";
import { readCertificate } from "../../src/kernel/certificate.js";
import type { Side } from "../../src/kernel/enclosed/bound.js";
import { type EnclosedStatement, enclosedKinds } from "../../src/kernel/enclosed/statements.js";
import type { Member, Signed, Tree } from "../../src/kernel/explore.js";
import type { Curve, UnitAtSample } from "../../src/kernel/forward.js";
import type { Path, Step } from "../../src/kernel/path.js";
import type { BoundLeaf, Form } from "../../src/kernel/statements/bound.js";
import { kinds, type Statement } from "../../src/kernel/statements/index.js";
import { enclosedCodec, statementCodec, writeCertificate, writeEnclosedCertificate } from "../../src/kernel/verify.js";
import { formatJson } from "../../src/network/codec.js";
import { parseJson } from "../../src/network/decode.js";
import { type Instance, marginsOf } from "../../src/network/instance.js";
import { layersAsked, type Scope } from "../../src/network/network.js";
import { element } from "../exact/fields.js";
import { accepted, instanceOf, type Json, smallCertificate } from "./fixtures.js";

const SQRT2 = { minimalPolynomial: ["-2", "0", "1"], interval: ["1", "2"] };
const text = (name: string) => accepted().find((one) => one.name === name)!.text;

const RUNS = { numRuns: 150 };

const given = (problem: Json) => instanceOf(smallCertificate([{ kind: "feasible" }], problem));

/** Networks that differ in all that the codecs look at: labels or classes, frozen weights, layers without a problem of their own. */
const INSTANCES: readonly { readonly name: string; readonly instance: Instance<unknown> }[] = [
  {
    name: "labels, over ℚ",
    instance: given({
      network: { kind: "fully-connected", widths: [2, 2, 1], activation: "relu" },
      data: [
        { x: ["1", "0"], y: 1 },
        { x: ["0", "1"], y: -1 },
      ],
      point: ["1", "0", "0", "1", "1", "-1"],
    }),
  },
  {
    name: "classes and frozen weights, over ℚ(√2)",
    instance: given({
      field: SQRT2,
      network: {
        kind: "fully-connected",
        widths: [1, 2, 3],
        activation: { "leaky-relu": "1/10" },
        frozen: { "W1[2,1]": ["0", "1"], "W2[3,2]": "2" },
      },
      data: [
        { x: ["1"], y: 3 },
        { x: [["1", "1"]], y: 1 },
      ],
      point: ["1", "1", "0", "0", ["1", "-1"], "0"],
    }),
  },
  {
    name: "a parameter in two layers, over ℚ(√2)",
    instance: given({
      field: SQRT2,
      network: { kind: "layers", activation: ["relu", "linear"], layers: [[["p"], ["q"]], [["p", "r[1]"]], [["s"]]] },
      point: ["1", "0", "0", ["0", "1/2"]],
    }),
  },
  { name: "no hidden layer", instance: given({}) },
];

/** Arbitrary statements about an instance: whatever the types allow, proved or not. */
function statementsOf(instance: Instance<unknown>): { readonly [kind: string]: fc.Arbitrary<Statement<unknown>> } {
  const { network, field: K, data } = instance;
  const margins = marginsOf(instance);
  const hidden = network.layers.slice(0, -1);
  const below = (count: number) => fc.nat(Math.max(1, count) - 1);
  const number = element(K);
  const rational = element(Q as unknown as Field<unknown>) as fc.Arbitrary<Rational>;
  const vectorOf = (n: number) => fc.array(number, { minLength: n, maxLength: n });
  const few = <T>(item: fc.Arbitrary<T>, minLength = 0) => fc.array(item, { minLength, maxLength: 3 });
  const orNull = <T>(item: fc.Arbitrary<T>) => fc.option(item, { nil: null });
  const weight = below(network.parameters.length);
  const sample = below(data.length);
  const unit: fc.Arbitrary<UnitAtSample> = fc.record({
    sample,
    layer: below(hidden.length),
    unit: below(Math.max(0, ...hidden.map((layer) => layer.length))),
  });
  const signed: fc.Arbitrary<Signed> = fc.oneof(unit, fc.record({ weight }));
  const scope: fc.Arbitrary<Scope> = fc.constantFrom(null, ...layersAsked(network));
  const sparse = fc
    .uniqueArray(weight)
    .chain((keys) => fc.tuple(...keys.sort((a, b) => a - b).map((k) => fc.tuple(fc.constant(k), number))))
    .map((entries) => new Map(entries.filter(([, c]) => !K.isZero(c))));
  const curve: fc.Arbitrary<Curve<unknown>> = fc.record({ end: number, steps: few(sparse) });
  const treeOf = <L>(leaf: fc.Arbitrary<L>): fc.Arbitrary<Tree<unknown, L>> => {
    const member: fc.Arbitrary<Member<unknown>> = fc.record({ at: signed, weight: number });
    const end: fc.Arbitrary<Tree<unknown, L>> = fc.oneof(fc.record({ leaf }), fc.record({ gone: few(member, 1) }));
    const grow = fc.memo((depth): fc.Arbitrary<Tree<unknown, L>> => {
      if (depth <= 1) return end;
      return fc.oneof(end, fc.record({ split: signed, on: grow(depth - 1), off: grow(depth - 1) }));
    });
    return grow(4);
  };
  const form: fc.Arbitrary<Form> = fc.oneof(
    fc.record({ unit }),
    fc.record({ relaxed: unit, zero: fc.constantFrom("on" as const, "off" as const) }),
    fc.record({ path: few(weight) }),
  );
  const boundLeaf: fc.Arbitrary<BoundLeaf<unknown>> = fc.record({
    multipliers: orNull(vectorOf(margins.length)),
    relaxed: orNull(few(fc.record({ at: unit, multiplier: number }))),
    products: orNull(few(fc.record({ first: form, second: form, weight: number }))),
  });
  const boundTree = treeOf(boundLeaf);
  const part = fc.record({ blocks: few(fc.nat(9), 1), share: orNull(number), tree: boundTree });
  const strictLeaf = fc.record({
    relaxed: orNull(few(unit)),
    multipliers: few(number),
    rho: number,
    kappa: number,
    products: few(fc.record({ first: fc.nat(9), second: fc.nat(9), weight: number })),
  });
  const kind = <K extends string>(name: K) => fc.constant(name);
  const reach = fc.constantFrom("local" as const, "global" as const);
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ duration: rational, curve: few(few(fc.bigInt({ min: -(2n ** 90n), max: 2n ** 90n }), 1), 1) }),
    fc.record({ duration: rational, crossing: few(unit, 1) }),
  );
  const path: fc.Arbitrary<Path> = fc.record({
    loss: fc.constantFrom("exponential" as const, "logistic" as const),
    precision: fc.integer({ min: 32, max: 1024 }),
    degree: fc.integer({ min: 1, max: 64 }),
    steps: few(step),
  });
  return {
    feasible: fc.record({ kind: kind("feasible") }),
    infeasible: fc.record({ kind: kind("infeasible"), margin: below(margins.length) }),
    kkt: fc.record({
      kind: kind("kkt"),
      terms: few(fc.record({ margin: below(margins.length), multiplier: number, witness: curve })),
    }),
    "not-kkt": fc.record({
      kind: kind("not-kkt"),
      direction: sparse,
      trees: few(fc.record({ sample, tree: treeOf(fc.constant({})) })),
    }),
    "not-local": fc.record({ kind: kind("not-local"), scope, curve }),
    "not-strict": fc.record({ kind: kind("not-strict"), scope, curve }),
    "not-global": fc.record({ kind: kind("not-global"), scope, better: vectorOf(network.parameters.length) }),
    "strict-local": fc.record({ kind: kind("strict-local"), scope, radius: number, tree: treeOf(strictLeaf) }),
    bound: fc.record({
      kind: kind("bound"),
      scope,
      reach,
      by: fc.oneof(
        fc.record({ multipliers: vectorOf(margins.length), parts: few(part, 1) }),
        fc.record({ tree: boundTree }),
        fc.record({
          multipliers: vectorOf(margins.length),
          apart: fc.constantFrom("positive" as const, "negative" as const, null),
          chain: boundTree,
        }),
      ),
    }),
    vertices: fc.record({ kind: kind("vertices"), roots: few(few(number)) }),
    attracts: fc.record({
      kind: kind("attracts"),
      range: few(sparse),
      idle: few(sparse),
      multipliers: few(number),
      ball: fc.record({
        precision: fc.integer({ min: 16, max: 8192 }),
        radius: rational,
        growth: rational,
        penalties: fc.tuple(rational, rational),
        inverse: few(few(rational)),
      }),
      start: fc.record({ point: vectorOf(network.parameters.length), radius: rational, level: rational }),
      path: fc.option(path, { nil: null }),
    }),
  };
}

describe.each(INSTANCES)("$name", ({ instance }) => {
  const { read, write } = statementCodec(instance);
  const statements = statementsOf(instance);

  it("has an arbitrary statement of every kind", () => {
    expect(Object.keys(statements).sort()).toEqual(Object.keys(kinds()).sort());
  });

  it.each(Object.keys(statements))("%s", (kind) => {
    fc.assert(
      fc.property(statements[kind]!, (statement) => {
        const text = formatJson(write(statement));
        const back = read(parseJson(text), "");
        expect(back).toEqual(statement);
        expect(formatJson(write(back))).toBe(text);
      }),
      RUNS,
    );
  });

  it("a certificate of any statements, any numbers and any words", () => {
    const number = element(instance.field);
    const like = (values: readonly unknown[]) =>
      fc.array(number, { minLength: values.length, maxLength: values.length });
    const words = fc.option(
      fc.string({ maxLength: 30 }).filter((one) => !/\p{Cc}/u.test(one)),
      { nil: null },
    );
    const problem = fc.record({
      name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,20}$/),
      title: words,
      claim: words,
      point: like(instance.point),
      frozen: like(instance.frozen),
      data: fc.tuple(...instance.data.map(({ x, y }) => fc.record({ x: like(x), y: fc.constant(y) }))),
    });
    const all = fc.array(fc.oneof(...Object.values(statements)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(problem, all, (parts, statements) => {
        const changed = { ...instance, ...parts };
        const text = formatJson(writeCertificate(changed, statements));
        const { statements: raw } = readCertificate(parseJson(text));
        const back = instanceOf(parseJson(text));
        const { field: _, ...values } = changed;
        const { field, ...found } = back;
        expect(found).toEqual(values);
        expect(field.description).toEqual(changed.field.description);
        const again = raw.map((one, k) => statementCodec(back).read(one, `statements[${k}]`));
        expect(again).toEqual(statements);
        expect(formatJson(writeCertificate(back, again))).toBe(text);
      }),
      RUNS,
    );
  });
});

describe("an enclosed point", () => {
  const raw = readCertificate(parseJson(text("enclosed-kink")));
  if (raw.sort !== "enclosed") throw new RangeError("the point is given by numbers");
  const { problem, point } = raw;
  const { network, data, field: K } = problem;
  const below = (count: number) => fc.nat(count - 1);
  const number = element(K as unknown as Field<unknown>) as fc.Arbitrary<Rational>;
  const few = <T>(item: fc.Arbitrary<T>, minLength = 0) => fc.array(item, { minLength, maxLength: 3 });
  const unit = fc.record({ sample: below(data.length), layer: fc.constant(0), unit: below(2) });
  const side: fc.Arbitrary<Side> = fc.oneof(
    fc.record({ live: fc.nat(9) }),
    fc.record({ weights: few(fc.record({ at: unit, weight: number })) }),
  );
  const leaf = fc.record({ leaf: fc.record({ positive: side, negative: side }) });
  const gone = fc.record({ gone: few(fc.record({ at: unit, weight: number }), 1) });
  const end = fc.oneof(leaf, gone);
  const tree = fc.oneof(end, fc.record({ split: unit, on: end, off: end }));
  const count = network.parameters.length;
  const perParameter = fc.array(number, { minLength: count, maxLength: count });
  const kind = <K extends string>(name: K) => fc.constant(name);
  const statements: { readonly [kind: string]: fc.Arbitrary<EnclosedStatement> } = {
    feasible: fc.record({ kind: kind("feasible") }),
    kkt: fc.record({ kind: kind("kkt") }),
    bound: fc.oneof(
      fc.record({ kind: kind("bound"), reach: kind("global"), by: fc.record({ tree }) }),
      fc.record({ kind: kind("bound"), reach: kind("global"), by: fc.record({ linear: kind("yes") }) }),
      fc.record({ kind: kind("bound"), reach: kind("local"), by: fc.record({ live: kind("yes") }) }),
    ),
    "not-local": fc.record({
      kind: kind("not-local"),
      by: fc.oneof(
        fc.record({ kink: unit }),
        fc.record({
          dead: fc.nat(9),
          direction: few(number),
          side: fc.constantFrom("positive" as const, "negative" as const),
        }),
        fc.record({ bend: fc.record({ direction: perParameter, least: number }) }),
      ),
    }),
    concave: fc.record({
      kind: kind("concave"),
      scope: fc.constantFrom(null, 0, 1),
      reach: fc.constantFrom("global" as const, "local" as const),
    }),
    "strict-local": fc.record({ kind: kind("strict-local"), penalty: number }),
    "not-global": fc.record({
      kind: kind("not-global"),
      better: perParameter,
    }),
  };

  it("has an arbitrary statement of every kind", () => {
    expect(Object.keys(statements).sort()).toEqual(Object.keys(enclosedKinds).sort());
  });

  it.each(Object.keys(statements))("%s", (name) => {
    const { read, write } = enclosedCodec(problem);
    fc.assert(
      fc.property(statements[name]!, (statement) => {
        const written = formatJson(write(statement));
        const back = read(parseJson(written), "");
        expect(back).toEqual(statement);
        expect(formatJson(write(back))).toBe(written);
      }),
      RUNS,
    );
  });

  it("and itself, with any statements", () => {
    const all = fc.array(fc.oneof(...Object.values(statements)), { minLength: 1, maxLength: 3 });
    const box = fc.record({ centre: few(number, 1), radius: few(number, 1), inverse: few(few(number, 1), 1) });
    fc.assert(
      fc.property(box, all, (parts, given) => {
        const written = formatJson(writeEnclosedCertificate(problem, { ...point, ...parts }, given));
        const again = readCertificate(parseJson(written));
        expect(again.sort === "enclosed" && again.point).toEqual({ ...point, ...parts });
        expect(again.statements.map((one) => enclosedCodec(problem).read(one, ""))).toEqual(given);
      }),
      RUNS,
    );
  });
});
