/** Exact linear programming (stop-gap: plain tableau simplex with Bland's rule). */
import { dot, type Field } from "../exact/field.js";
import type { Vector } from "../exact/linear.js";

export interface LinearProgram<E> {
  readonly objective: Vector<E>;
  readonly rows: readonly { readonly coefficients: Vector<E>; readonly sense: ">=" | "=" | "<="; readonly bound: E }[];
  readonly free: readonly boolean[] | boolean;
}
export type LpResult<E> =
  | { readonly kind: "optimal"; readonly x: E[]; readonly value: E; readonly dual: E[] }
  | { readonly kind: "infeasible"; readonly farkas: E[] }
  | { readonly kind: "unbounded"; readonly x: E[]; readonly ray: E[] };

export function solveLp<E>(K: Field<E>, lp: LinearProgram<E>): LpResult<E> {
  const n = lp.objective.length;
  const isFree = (j: number) => (typeof lp.free === "boolean" ? lp.free : lp.free[j]!);
  // columns: x+ (n), x- (free only), slack, artificial
  const cols: E[][] = [];
  const cost: E[] = [];
  const back: ((v: E, x: E[]) => void)[] = [];
  const m = lp.rows.length;
  const flip = lp.rows.map((r) => K.sign(r.bound) < 0);
  const sgn = (i: number, c: E) => (flip[i] ? K.neg(c) : c);
  for (let j = 0; j < n; j++) {
    cols.push(lp.rows.map((r, i) => sgn(i, r.coefficients[j]!)));
    cost.push(lp.objective[j]!);
    back.push((v, x) => {
      x[j] = K.add(x[j]!, v);
    });
    if (isFree(j)) {
      cols.push(lp.rows.map((r, i) => K.neg(sgn(i, r.coefficients[j]!))));
      cost.push(K.neg(lp.objective[j]!));
      back.push((v, x) => {
        x[j] = K.sub(x[j]!, v);
      });
    }
  }
  for (let i = 0; i < m; i++) {
    const s = lp.rows[i]!.sense;
    if (s === "=") continue;
    cols.push(lp.rows.map((_, k) => (k === i ? sgn(i, s === ">=" ? K.neg(K.one) : K.one) : K.zero)));
    cost.push(K.zero);
    back.push(() => {});
  }
  const real = cols.length;
  for (let i = 0; i < m; i++) cols.push(lp.rows.map((_, k) => (k === i ? K.one : K.zero)));
  const T = lp.rows.map((r, i) => [...cols.map((c) => c[i]!), sgn(i, r.bound)]);
  const N = cols.length;
  const basis = lp.rows.map((_, i) => real + i);
  const pivot = (r: number, c: number, z: E[][]) => {
    const inv = K.inv(T[r]![c]!);
    T[r] = T[r]!.map((v) => (K.isZero(v) ? v : K.mul(v, inv)));
    for (const row of [...T.filter((_, k) => k !== r), ...z]) {
      const f = row[c]!;
      if (K.isZero(f)) continue;
      for (let j = 0; j <= N; j++) if (!K.isZero(T[r]![j]!)) row[j] = K.sub(row[j]!, K.mul(f, T[r]![j]!));
    }
    basis[r] = c;
  };
  const z1 = [...cols.map((_, j) => (j >= real ? K.one : K.zero)), K.zero];
  for (let i = 0; i < m; i++) for (let j = 0; j <= N; j++) z1[j] = K.sub(z1[j]!, T[i]![j]!);
  const z2 = [...cols.map((_, j) => (j < real ? cost[j]! : K.zero)), K.zero];
  const run = (z: E[], limit: number): number => {
    for (;;) {
      let c = -1;
      for (let j = 0; j < limit; j++)
        if (K.sign(z[j]!) < 0) {
          c = j;
          break;
        }
      if (c === -1) return -1;
      let r = -1;
      let best: E | null = null;
      for (let i = 0; i < m; i++) {
        if (K.sign(T[i]![c]!) <= 0) continue;
        const q = K.div(T[i]![N]!, T[i]![c]!);
        const s = best === null ? -1 : K.sign(K.sub(q, best));
        if (s < 0 || (s === 0 && basis[i]! < basis[r]!)) {
          best = q;
          r = i;
        }
      }
      if (r === -1) return c;
      pivot(r, c, [z1, z2]);
    }
  };
  run(z1, real);
  if (K.sign(z1[N]!) < 0) {
    return { kind: "infeasible", farkas: lp.rows.map((_, i) => sgn(i, K.sub(K.one, z1[real + i]!))) };
  }
  for (let i = 0; i < m; i++) {
    if (basis[i]! < real) continue;
    const c = T[i]!.findIndex((v, j) => j < real && !K.isZero(v));
    if (c >= 0) pivot(i, c, [z1, z2]);
  }
  const stuck = run(z2, real);
  const point = (v: (i: number) => E) => {
    const x = lp.objective.map(() => K.zero);
    basis.forEach((b, i) => {
      if (b < real) back[b]!(v(i), x);
    });
    return x;
  };
  const x = point((i) => T[i]![N]!);
  if (stuck >= 0) {
    const ray = point((i) => K.neg(T[i]![stuck]!));
    back[stuck]!(K.one, ray);
    return { kind: "unbounded", x, ray };
  }
  return {
    kind: "optimal",
    x,
    value: dot(K, lp.objective, x),
    dual: lp.rows.map((_, i) => sgn(i, K.neg(z2[real + i]!))),
  };
}
