/**
 * The kernel: decides, in exact arithmetic, whether each statement of a certificate is proved by its evidence.
 *
 * This folder, with `network` and `exact`, is all that has to be trusted. It imports no package but fraction.js, reads no clock,
 * draws no random number and does no input or output. Read on in `certificate.ts` (the JSON), `facts.ts` and `forward.ts` (what holds at
 * θ), `explore.ts` (cells), and then `statements/`, one file per kind.
 */
import { FamilyError } from "../exact/family.js";
import type { RealRoot } from "../exact/integer-polynomial.js";
import { FieldError, FieldLimitError } from "../exact/number-field.js";
import type { Rational } from "../exact/rational.js";
import type { Codec, Json } from "../network/codec.js";
import { InputError, tagged } from "../network/decode.js";
import type { Instance, Problem } from "../network/instance.js";
import { CERTIFICATE_FORMAT, contextOf, readCertificate, writeEnclosed, writeInstance } from "./certificate.js";
import type { EnclosedKind } from "./enclosed/kkt.js";
import type { EnclosedPoint } from "./enclosed/point.js";
import { type EnclosedStatement, enclosedKinds } from "./enclosed/statements.js";
import { type EnclosedFacts, enclosedFacts, systemClauses } from "./enclosed/system.js";
import { Rejection } from "./ensure.js";
import { treeClauses } from "./explore.js";
import { type Facts, factsOf, spendNetwork } from "./facts.js";
import { LimitError, type Metered, metered } from "./metered.js";
import type { Kind, Meaning } from "./statement.js";
import { kinds, type Proved, type Statement } from "./statements/index.js";

export interface Refusal {
  readonly accepted: false;
  /** The clause of the format that refused it. */
  readonly clause: string;
  /** A JSON path in the certificate. */
  readonly where: string;
  readonly found: string;
  /** Where on the interval of a family it fails, for the clauses of `family`, in order. */
  readonly places?: readonly RealRoot[];
}

export interface Acceptance<E> {
  readonly accepted: true;
  readonly statement: Statement<E>;
  readonly meaning: Meaning<E>;
  /** The statement with what its check returned: checked once more when it is asked for, since that may be large and is seldom needed. */
  readonly proved: Proved<E>;
}

export type StatementVerdict<E> = Acceptance<E> | Refusal;

/** The same for a statement about an enclosed point. */
export type EnclosedVerdict =
  | { readonly accepted: true; readonly statement: EnclosedStatement; readonly meaning: Meaning<Rational> }
  | Refusal;

export type CertificateVerdict =
  | {
      readonly readable: true;
      readonly sort: "exact";
      readonly instance: Instance<unknown>;
      readonly statements: readonly StatementVerdict<unknown>[];
    }
  | {
      readonly readable: true;
      readonly sort: "enclosed";
      readonly enclosed: EnclosedFacts;
      readonly statements: readonly EnclosedVerdict[];
    }
  | { readonly readable: false; readonly refusal: Refusal };

/** The clauses of the format, each owned by exactly one check. */
export const CLAUSES: readonly string[] = [
  "format",
  "field",
  "family.interval",
  "family.pole",
  "family.sign",
  "limit",
  "curve.end",
  "curve.scope",
  "curve.sign",
  ...treeClauses,
  ...Object.values(kinds<unknown>()).flatMap(({ clauses }) => clauses),
  ...systemClauses,
  ...Object.values(enclosedKinds).flatMap(({ clauses }) => clauses),
];

/** Re-checks a parsed certificate. Never throws: whatever is not proved, or not understood, is refused with a reason. */
export function verifyCertificate(certificate: unknown): CertificateVerdict {
  try {
    const raw = readCertificate(certificate);
    const each = <T>(verify: (statement: unknown, where: string) => T) =>
      raw.statements.map((statement, k) => verify(statement, `statements[${k}]`));
    if (raw.sort === "enclosed") {
      const enclosed = enclosedFacts(raw.problem, raw.point, (raw.problem.field as Metered<Rational>).spend);
      const { read } = enclosedCodec(raw.problem);
      const statements = each((one, where) => verifyEnclosed(enclosed, () => read(one, where), where));
      return { readable: true, sort: "enclosed", enclosed, statements };
    }
    const facts = factsOf(raw.instance);
    const { read } = statementCodec(raw.instance);
    const statements = each((one, where) => verifyOne(facts, () => read(one, where), where));
    return { readable: true, sort: "exact", instance: raw.instance, statements };
  } catch (error) {
    return { readable: false, refusal: refusal(error, "") };
  }
}

/**
 * Checks one statement about the instance, within a budget of its own. Over functions of a parameter it is read from its own JSON, as
 * poles are seen where numbers are read. Never throws.
 */
export function verifyStatement<E>(instance: Instance<E>, statement: Statement<E>): StatementVerdict<E> {
  try {
    const own = { ...instance, field: metered(instance.field) };
    const read = () => {
      if (own.field.functions === null) return statement;
      const codec = statementCodec(own);
      return codec.read(codec.write(statement), "");
    };
    return verifyOne(factsOf(own), read, "");
  } catch (error) {
    return refusal(error, "");
  }
}

/** The JSON of a certificate. */
export function writeCertificate<E>(instance: Instance<E>, statements: readonly Statement<E>[]): Json {
  const { write } = statementCodec(instance);
  return { format: CERTIFICATE_FORMAT, problem: writeInstance(instance), statements: statements.map(write) };
}

/** Reads and writes the statements about an instance. */
export function statementCodec<E>(instance: Instance<E>): Codec<Statement<E>> {
  const context = contextOf(instance);
  const all = Object.entries(kinds<E>()) as unknown as [string, Kind<E, Statement<E>, unknown>][];
  const codecs = new Map(all.map(([name, { codec }]) => [name, codec(context)]));
  return {
    read: tagged(new Map([...codecs].map(([name, { read }]) => [name, read]))),
    write: (statement) => codecs.get(statement.kind)!.write(statement),
  };
}

/** The JSON of a certificate about an enclosed point. */
export function writeEnclosedCertificate(
  problem: Problem<Rational>,
  point: EnclosedPoint,
  statements: readonly EnclosedStatement[],
): Json {
  const { write } = enclosedCodec(problem);
  return { format: CERTIFICATE_FORMAT, problem: writeEnclosed(problem, point), statements: statements.map(write) };
}

/** Reads and writes the statements about an enclosed point. */
export function enclosedCodec(problem: Problem<Rational>): Codec<EnclosedStatement> {
  const context = contextOf(problem);
  const all = Object.entries(enclosedKinds) as unknown as [string, EnclosedKind<EnclosedStatement>][];
  const codecs = new Map(all.map(([name, { codec }]) => [name, codec(context)]));
  return {
    read: tagged(new Map([...codecs].map(([name, { read }]) => [name, read]))),
    write: (statement) => codecs.get(statement.kind)!.write(statement),
  };
}

function verifyEnclosed(facts: EnclosedFacts, read: () => EnclosedStatement, where: string): EnclosedVerdict {
  try {
    const statement = read();
    const { check, meaning } = enclosedKinds[statement.kind] as unknown as EnclosedKind<EnclosedStatement>;
    check(facts, statement);
    return { accepted: true, statement, meaning: meaning(statement) };
  } catch (error) {
    return refusal(error, where);
  }
}

function verifyOne<E>(facts: Facts<E>, read: () => Statement<E>, where: string): StatementVerdict<E> {
  try {
    const statement = read();
    const { check, meaning } = kinds<E>()[statement.kind] as unknown as Kind<E, Statement<E>, unknown>;
    spendNetwork(facts);
    check(facts, statement);
    let proved: Proved<E> | undefined;
    return {
      accepted: true,
      statement,
      meaning: meaning(statement, facts),
      get proved() {
        proved ??= { kind: statement.kind, statement, proof: check(unmetered(facts), statement) } as Proved<E>;
        return proved;
      },
    };
  } catch (error) {
    return refusal(error, where);
  }
}

/** The same without a budget, for what was accepted within one. */
function unmetered<E>(facts: Facts<E>): Facts<E> {
  const { instance } = facts;
  const field = "unmetered" in instance.field ? (instance.field as Metered<E>).unmetered : instance.field;
  return { ...facts, instance: { ...instance, field }, spend: () => {} };
}

/** The clauses by which a field of functions refuses. */
const FAMILY = { interval: "family.interval", pole: "family.pole", sign: "family.sign" } as const;

function refusal(error: unknown, where: string): Refusal {
  const refuse = (clause: string, found: string, place = where): Refusal => ({
    accepted: false,
    clause,
    where: place,
    found,
  });
  if (error instanceof Rejection) return refuse(error.clause, error.message);
  if (error instanceof InputError) return refuse("format", error.message, error.where);
  if (error instanceof FamilyError)
    return { ...refuse(FAMILY[error.clause], error.message, where || "problem.field"), places: error.places };
  if (error instanceof FieldLimitError) return refuse("limit", error.message, where || "problem.field");
  if (error instanceof FieldError) return refuse("field", error.message, where || "problem.field");
  if (error instanceof LimitError) return refuse("limit", error.message);
  // A bug here, or a limit of the engine: refusing is always sound, and every test forbids it.
  return refuse("internal", error instanceof Error ? error.message : "unknown");
}
