/** The kinds of statement. */
import { type Attracts, type AttractsProof, attracts } from "./attracts.js";
import { type Bound, type BoundProof, bound } from "./bound.js";
import { type Feasible, feasible, type Infeasible, infeasible } from "./feasible.js";
import { type Kkt, type KktProof, kkt } from "./kkt.js";
import { type NotGlobal, notGlobal } from "./not-global.js";
import { type NotKkt, notKkt } from "./not-kkt.js";
import { type NotLocal, type NotLocalProof, notLocal } from "./not-local.js";
import { type NotStrict, type NotStrictProof, notStrict } from "./not-strict.js";
import { type StrictLocal, type StrictProof, strictLocal } from "./strict-local.js";
import { type Vertex, type Vertices, vertices } from "./vertices.js";

export const kinds = <E>() => ({
  feasible: feasible<E>(),
  infeasible: infeasible<E>(),
  kkt: kkt<E>(),
  "not-kkt": notKkt<E>(),
  "not-local": notLocal<E>(),
  "not-global": notGlobal<E>(),
  "strict-local": strictLocal<E>(),
  "not-strict": notStrict<E>(),
  bound: bound<E>(),
  vertices: vertices<E>(),
  attracts: attracts<E>(),
});

export type Statement<E> =
  | Feasible
  | Infeasible
  | Kkt<E>
  | NotKkt<E>
  | NotLocal<E>
  | NotGlobal<E>
  | StrictLocal<E>
  | NotStrict<E>
  | Bound<E>
  | Vertices<E>
  | Attracts<E>;

export type StatementKind = Statement<unknown>["kind"];
/** The statement of one kind. */
export type Of<K extends StatementKind, E> = Extract<Statement<E>, { readonly kind: K }>;

/** What the check of each kind returns, where it computes something worth writing out. */
interface Proofs<E> {
  readonly kkt: KktProof<E>;
  readonly "not-local": NotLocalProof<E>;
  readonly "strict-local": readonly StrictProof<E>[];
  readonly "not-strict": NotStrictProof<E>;
  readonly bound: BoundProof<E>;
  readonly vertices: readonly Vertex<E>[];
  readonly attracts: AttractsProof<E>;
}

/** A statement with what its check proved. */
export type Proved<E> = {
  readonly [K in StatementKind]: {
    readonly kind: K;
    readonly statement: Of<K, E>;
    readonly proof: K extends keyof Proofs<E> ? Proofs<E>[K] : null;
  };
}[StatementKind];
