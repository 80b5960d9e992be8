/**
 * The kernel: decides, in exact arithmetic, whether each statement of a certificate is proved by its evidence.
 *
 * This folder, with `exact`, `problem` and `certificate`, is all that has to be trusted. It imports no package but fraction.js,
 * reads no clock, draws no random number and does no input or output.
 */
import { decodeCertificate, statementDecoder } from "../certificate/decode.js";
import type { Instance, Of, Statement, StatementKind } from "../certificate/format.js";
import { FieldError } from "../exact/number-field.js";
import { InputError } from "../problem/decode.js";
import { checkBranchVertices } from "./branch-vertices.js";
import { type Clause, Rejection } from "./ensure.js";
import { checkFeasible, checkInfeasible } from "./feasible.js";
import { checkKkt } from "./kkt.js";
import { checkLagrangian } from "./lagrangian.js";
import { checkLayerCells } from "./layer-cells.js";
import { checkLayerGlobal } from "./layer-global.js";
import { LimitError, metered } from "./metered.js";
import { checkNormBound } from "./norm-bound.js";
import { checkNotGlobal } from "./not-global.js";
import { checkNotKkt } from "./not-kkt.js";
import { checkNotLocal } from "./not-local.js";
import { checkPathBound } from "./path-bound.js";
import { checkStrictLocal } from "./strict-local.js";
import { checkSvmDual } from "./svm-dual.js";

export interface Refusal {
  readonly accepted: false;
  /** The clause of the format that refused it. */
  readonly clause: Clause;
  /** A JSON path in the certificate. */
  readonly where: string;
  readonly found: string;
}

export type StatementVerdict<E> = { readonly accepted: true; readonly statement: Statement<E> } | Refusal;

export type CertificateVerdict =
  | {
      readonly readable: true;
      readonly instance: Instance<unknown>;
      readonly statements: readonly StatementVerdict<unknown>[];
    }
  | { readonly readable: false; readonly refusal: Refusal };

type Checks = { readonly [K in StatementKind]: <E>(instance: Instance<E>, statement: Of<K, E>) => void };

const CHECKS: Checks = {
  feasible: checkFeasible,
  infeasible: checkInfeasible,
  kkt: checkKkt,
  "not-kkt": checkNotKkt,
  "not-local": checkNotLocal,
  "not-global": checkNotGlobal,
  "strict-local": checkStrictLocal,
  lagrangian: checkLagrangian,
  "svm-dual": checkSvmDual,
  "norm-bound": checkNormBound,
  "branch-vertices": checkBranchVertices,
  "path-bound": checkPathBound,
  "layer-global": checkLayerGlobal,
  "layer-cells": checkLayerCells,
};

/** Re-checks a parsed certificate. Never throws: whatever is not proved, or not understood, is refused with a reason. */
export function verifyCertificate(certificate: unknown): CertificateVerdict {
  try {
    const { instance, statements } = decodeCertificate(certificate);
    const decode = statementDecoder(instance);
    return {
      readable: true,
      instance,
      statements: statements.map((raw, k) =>
        verifyOne(instance, () => decode(raw, `statements[${k}]`), `statements[${k}]`),
      ),
    };
  } catch (error) {
    return { readable: false, refusal: refusal(error, "") };
  }
}

/** Checks one decoded statement about the instance. Never throws. */
export function verifyStatement<E>(instance: Instance<E>, statement: Statement<E>): StatementVerdict<E> {
  return verifyOne(instance, () => statement, "");
}

function verifyOne<E>(instance: Instance<E>, read: () => Statement<E>, where: string): StatementVerdict<E> {
  try {
    const statement = read();
    const check = CHECKS[statement.kind] as (instance: Instance<E>, statement: Statement<E>) => void;
    check({ ...instance, field: metered(instance.field) }, statement);
    return { accepted: true, statement };
  } catch (error) {
    return refusal(error, where);
  }
}

function refusal(error: unknown, where: string): Refusal {
  const refuse = (clause: Clause, found: string, place = where): Refusal => ({
    accepted: false,
    clause,
    where: place,
    found,
  });
  if (error instanceof Rejection) return refuse(error.clause, error.message);
  if (error instanceof InputError) return refuse("format", error.message, error.where);
  if (error instanceof FieldError) return refuse("field", error.message, where || "problem.field");
  if (error instanceof LimitError) return refuse("limit", error.message);
  // Anything else is a bug here or an engine limit; refusing is always sound.
  return refuse("limit", `the check could not be carried out: ${error instanceof Error ? error.message : "unknown"}`);
}
